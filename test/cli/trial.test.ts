/** `onefold trial` on programs of every kind: the example agent, the bad example, and clients with one vice each. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { trialCommand } from '../../src/cli/trial.ts'
import { keptConsole } from '../support/console.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const EXAMPLES = join(ROOT, 'examples/build/trial')
const NAIVE = `node ${EXAMPLES}/naive.js`
const CLIENT = `node ${join(ROOT, 'test/support/trial-client.mjs')}`
const folder = mkdtempSync(join(tmpdir(), 'onefold-trials-'))

beforeAll(async () => {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  await promisify(execFile)(process.execPath, [tsc, '-p', 'tsconfig.example.json', '--outDir', EXAMPLES], { cwd: ROOT })
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Tried {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function trial(...args: string[]): Promise<Tried> {
  const { console, kept } = keptConsole()
  return { code: await trialCommand.run(args, console), ...kept }
}

interface Cell {
  readonly case: string
  readonly fault: string
  readonly held: boolean
  readonly how?: string
  readonly findings?: readonly { readonly rule: string; readonly why: string }[]
  readonly runs: readonly number[]
  readonly replay: string
}

interface Document {
  readonly dialect: string
  readonly tool: string
  readonly held: number
  readonly of: number
  readonly cells: readonly Cell[]
}

async function tried(...args: string[]): Promise<Document & { readonly code: number }> {
  const { code, out, err } = await trial(...args, '--json')
  expect(err).toBe('')
  return { code, ...(JSON.parse(out) as Document) }
}

/** Each cell in a line: how it held, or the rules that it broke. */
function linesOf({ cells }: Document): readonly string[] {
  return cells.map(({ case: name, fault, how, findings }) => {
    const verdict = how ?? [...new Set(findings?.map(({ rule }) => rule))].join()
    return `${name}/${fault}: ${verdict}`
  })
}

describe('the bad example', () => {
  it('is red where a plain loop goes wrong, and only there; the line under a red cell fails again', async () => {
    const how = {
      'note-and-sum/bom': 'finished',
      'note-and-sum/cr': 'tools,text',
      'note-and-sum/cut-eof': 'honest',
      'answer-after-tools/cut-eof': 'text',
      'note-and-sum/abort': 'honest',
      'note-and-sum/replay-after-end': 'text',
      'note-and-sum/call-index-gaps': 'end',
      'note-and-sum/all-calls-at-index-0': 'tools',
    }
    const only = Object.keys(how).flatMap((cell) => ['--only', cell])
    const document = await tried('--cmd', NAIVE, ...only, '--seed', '7', '--prompt', "it's")
    expect(linesOf(document)).toEqual(Object.entries(how).map(([cell, verdict]) => `${cell}: ${verdict}`))
    expect(document).toMatchObject({ code: 1, dialect: 'openai-chat', tool: 'count', held: 3, of: 8 })

    const red = document.cells.find(({ fault }) => fault === 'replay-after-end')
    const line = red?.replay.replace(/^onefold/, `node ${join(ROOT, 'dist/cli/main.js')}`) ?? ''
    const again = await promisify(execFile)('sh', ['-c', `${line} --json`], { cwd: folder }).catch((error) => error)
    expect(again).toMatchObject({ code: 1 })
    expect(JSON.parse(again.stdout).cells).toEqual([red])
  })
})

describe.each([
  ['anthropic', ['note-and-sum/malformed-in-call']],
  ['responses', ['answer-after-tools/cut-eof']],
])('the example agent with %s', (api, only) => {
  it('is green', async () => {
    const cells = only.flatMap((cell) => ['--only', cell])
    const cmd = `NOTE_MS=0 node ${EXAMPLES}/agent.js --api ${api} --session s.jsonl`
    const document = await tried('--cmd', cmd, '--api', api, ...cells)
    expect(linesOf(document)).toEqual(only.map((cell) => `${cell}: finished`))
    expect(document).toMatchObject({ code: 0, tool: 'write_note' })
    expect(document.cells.map(({ runs }) => runs)).toEqual(only.map(() => [1, 1]))
  })
})

describe('a client', () => {
  it('that asks for titles, models, tokens and probes besides gets them, unbroken, and passes', async () => {
    const only = ['--only', 'note-and-sum/no-space', '--only', 'note-and-sum/cut-eof@0']
    const { code, out } = await trial('--cmd', `${CLIENT} besides`, ...only)
    expect(out).toContain('1 of 2 held')
    expect(out).toContain('[true,"list",200,404,true]')
    expect(code).toBe(1)
  })

  it.each([
    ['runs-before-the-end', 'note-and-sum/cut-eof@13', 'tools: the tool of the first call ran twice'],
    ['runs-cut-calls', 'note-and-sum/cut-eof@8', 'tools: a tool ran with an input that nobody sent: “one”'],
    ['hangs-on-cut', 'answer-after-tools/cut-eof@0', 'end: it did not end within 2 s'],
  ])('that %s is told so', async (vice, cell, why) => {
    const isOwn = vice === 'runs-cut-calls'
    const own = isOwn ? ['--tool', 'note'] : []
    const timeout = vice === 'hangs-on-cut' ? ['--timeout', '2'] : []
    const cmd = `${CLIENT} ${vice} ${isOwn ? 'own-tool' : ''}`
    const { cells } = await tried('--cmd', cmd, '--only', cell, ...own, ...timeout)
    expect(cells[0]?.findings?.map((finding) => `${finding.rule}: ${finding.why}`).join() ?? '').toBe(why)
  })

  it('of which every answer is broken cannot succeed', async () => {
    const cell = ['--only', 'answer-after-tools/cut-eof@0']
    const document = await tried('--cmd', `${CLIENT} gives-up`, ...cell, '--times', 'all')
    expect(document.cells[0]).toMatchObject({ how: 'honest', replay: expect.stringContaining(' --times all ') })
  })

  it('has the tool called that is named, with the input that is given', async () => {
    const tool = ['--tool', 'note', '--tool-input', '{"line":"$RUN"}']
    const document = await tried('--cmd', `${CLIENT} own-tool`, ...tool, '--only', 'note-and-sum/no-space')
    expect(document).toMatchObject({ tool: 'note', cells: [{ held: false }] })
    expect(document.cells[0]?.replay).toContain(`--tool note --tool-input '{"line":"$RUN"}'`)
  })

  it.each([
    [
      'does not exist',
      'no-such-command-anywhere',
      /without any fault, it exited with 127 and never asked the provider/,
    ],
    [
      'never asks',
      'true',
      /exited with 0 and never asked the provider; its base URL must come from ANTHROPIC_BASE_URL/,
    ],
    ['does not end', `${CLIENT} hang-first`, /it did not end within 1 s and never asked the provider/],
    [
      'has no tool that counts',
      `${CLIENT} no-counter`,
      /none of the tools .* is known to count: look; name one with --tool/,
    ],
    ['wants no stream', `${CLIENT} whole`, /it asks for whole answers/],
    ['forgets a result', `${CLIENT} forgets-a-result`, /a provider refuses what it asks: .*tool_use/],
    ['fails', `${CLIENT} wild`, /it exited with 3/],
    ['does not print the answer', `${CLIENT} {prompt} > /dev/null`, /does not print the answer/],
  ])('that %s cannot be tried, and is told why', async (_, command, why) => {
    const { code, out, err } = await trial('--cmd', command, '--timeout', command.includes('hang') ? '1' : '60')
    expect(err).toMatch(why)
    expect(code).toBe(2)
    // What it printed is shown, and cannot change the terminal.
    if (command.includes('wild')) expect(out).toContain('\\u001b]0;owned\\u0007')
    expect(out).not.toContain('\u001b')
  })

  it('speaks the API that was named', async () => {
    expect(await trial('--cmd', CLIENT, '--api', 'chat')).toMatchObject({
      code: 2,
      err: expect.stringContaining('it speaks anthropic-messages, not openai-chat'),
    })
  })

  it('runs in a new home and folder, without a key of the user, and its files are found from here', async () => {
    const script = join(folder, 'env.mjs')
    writeFileSync(
      script,
      'console.error(process.env.HOME, process.cwd(), process.env.MY_API_KEY, process.env.SOME_TOKEN)',
    )
    process.env.MY_API_KEY = 'a-real-key'
    const { out } = await trial('--cmd', `node ${script}; node test/support/trial-client.mjs whole`)
    delete process.env.MY_API_KEY
    expect(out).toContain('| ~/home ~/work undefined undefined')
    const own = await trial('--cmd', `node ${script};`, '--keep-home', '--keep-cwd')
    expect(own.out).toContain(`| ${process.env.HOME} ${process.cwd()} undefined undefined`)
  })
})

test.each([
  [['--plans', 'crlf'], /--cmd is missing/],
  [['--cmd', 'x', '--only', 'what/cr@1'], /--only what\/cr@1: it is CASE\/PLAN/],
  [['--cmd', 'x', '--only', 'note-and-sum/nothing'], /"nothing" is no fault/],
  [['--cmd', 'x', '--plans', 'nothing'], /"nothing" is no fault/],
  [['--cmd', 'x', '--api', 'gemini'], /--api gemini: there are anthropic, chat, responses/],
  [['--cmd', 'x', '--places', '0'], /--places 0: it must be a whole number/],
  [['--cmd', 'x', '--jobs', 'many'], /--jobs many: it must be a whole number/],
  [['--cmd', 'x', '--tool-input', '{}'], /--tool-input needs --tool/],
  [['--cmd', 'x', '--tool', 'a', '--tool-input', '7'], /--tool-input 7: it must be a JSON object/],
])('%j is refused', async (args, why) => {
  await expect(trial(...args)).rejects.toThrow(why)
})
