/** The binary as it is run: its output, its exit codes, and what it says when it is used wrongly. `npm test` builds it first. */
import { spawn } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { foldCommand } from '../../src/cli/fold.ts'
import { startCommand } from '../../src/cli/start.ts'
import { verifyCommand } from '../../src/cli/verify.ts'
import { keptConsole } from '../support/console.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const built = join(root, 'dist/cli/main.js')
const bundled = join(root, 'recordings/anthropic-messages')
const folder = mkdtempSync(join(tmpdir(), 'onefold-cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Result {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function onefold(
  args: readonly string[],
  input: string | Uint8Array = '',
  { main = built, cwd = folder } = {},
): Promise<Result> {
  const child = spawn(process.execPath, [main, ...args], { cwd, env: { ...process.env, NO_COLOR: '' } })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  child.stdin.on('error', () => undefined).end(input)
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })))
}

const COMMANDS = { fold: foldCommand, verify: verifyCommand, start: startCommand }

/** A command in the process of the test, for what does not depend on the program: to start one takes ten times as long. */
async function here(
  name: keyof typeof COMMANDS,
  args: readonly string[],
  input: string | Uint8Array = '',
): Promise<Result> {
  const { console, kept } = keptConsole()
  async function* read(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(input)
  }
  return { code: await COMMANDS[name].run(args, { ...console, input: read() }), ...kept }
}

function file(name: string, content: string): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const event = (payload: unknown): string => `data: ${JSON.stringify(payload)}\n\n`
const begin = event({ type: 'message_start', message: { id: 'msg_1', model: 'm', usage: { input_tokens: 3 } } })
const text = (value: string): string =>
  event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }) +
  event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: value } }) +
  event({ type: 'content_block_stop', index: 0 })
const end =
  event({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } }) +
  event({ type: 'message_stop' })

describe('onefold fold', () => {
  test('prints a message for a person: blocks, stop, outcome, usage, anomalies', async () => {
    const { code, out } = await onefold(['fold', join(bundled, 'one-tool.recording')])
    expect(code).toBe(0)
    for (const word of ['tool call', 'edit_file', 'stop', 'outcome', 'complete', 'usage', 'anomalies'])
      expect(out).toContain(word)
  })

  test('exit code 1 for a message that is not complete, and it is printed all the same', async () => {
    const { code, out } = await here('fold', [file('cut.sse', begin + text('half'))])
    expect(code).toBe(1)
    expect(out).toContain('half')
    expect(out).toContain('truncated by eof')
  })

  test('reads the standard input', async () => {
    const { code, out } = await onefold(['fold', '-', '--json'], begin + text('hi') + end)
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      id: 'msg_1',
      content: [{ type: 'text', text: 'hi' }],
      outcome: { kind: 'complete' },
    })
  })

  test('reads a recording from the standard input', async () => {
    const { code, out } = await here('fold', ['-', '--json'], readFileSync(join(bundled, 'cut-connection.recording')))
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({ outcome: { kind: 'truncated', by: 'reset' } })
  })

  test('I2: --events gives every turn event as one line of JSON, the message last and once', async () => {
    const { out } = await here('fold', ['-', '--events'], begin + text('hi') + end)
    const types = out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { type: string }).type)
    expect(types).toEqual(['start', 'usage', 'block_start', 'text', 'block_stop', 'usage', 'message'])
  })

  test('--native gives the form of the provider', async () => {
    const { out } = await here('fold', ['-', '--native'], begin + text('hi') + end)
    expect(JSON.parse(out)).toEqual({
      type: 'message',
      role: 'assistant',
      id: 'msg_1',
      model: 'm',
      content: [{ type: 'text', text: 'hi' }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: 3, output_tokens: 2 },
    })
  })

  test('a file that does not exist is named, the others are folded, and the exit code is 2', async () => {
    const good = file('good.sse', begin + text('fine') + end)
    const { code, out, err } = await onefold(['fold', 'missing.sse', good])
    expect(code).toBe(2)
    expect(err).toContain('missing.sse: there is no such file')
    expect(out).toContain('fine')
  })

  test('a damaged recording: what came before the damage is folded, the line is named, exit code 1', async () => {
    const whole = readFileSync(join(bundled, 'one-tool.recording'), 'utf8').split('\n')
    const { code, out, err } = await here('fold', [
      file('torn.recording', [...whole.slice(0, 4), '[12,"tor'].join('\n')),
    ])
    expect(code).toBe(1)
    expect(err).toContain('torn.recording: line 5')
    expect(out).toContain('truncated by reset')
  })

  test('what a model wrote cannot control the terminal', async () => {
    const hostile = '\u001b[2J\u001b]0;title\u0007 \u202egnihtemos\r\n\u009b31m'
    const { out } = await onefold(['fold', '-'], begin + text(hostile) + end)
    // oxlint-disable-next-line no-control-regex -- these must not be there
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
    expect(out).toContain('\\u001b[2J')
  })

  test.each([
    [['fold'], 'name a file'],
    [['fold', '--json', '--events', 'x'], 'choose one'],
    [['fold', '--what', 'x'], '--what'],
    [['fold', '--dialect', 'morse', 'x'], 'morse'],
    [['unfold'], 'no command'],
  ])('misuse %j has exit code 2 and says what is wrong', async (args, reason) => {
    const { code, out, err } = await onefold(args)
    expect(code).toBe(2)
    expect(err).toContain(reason)
    expect(out).toBe('')
  })
})

describe('onefold verify', () => {
  test('the bundled recordings give the messages beside them', async () => {
    const { code, out } = await here('verify', [join(root, 'recordings')])
    expect(out).toContain('0 findings')
    expect(code).toBe(0)
  })

  test('a message that differs is a finding that names the first place', async () => {
    const own = join(folder, 'own')
    mkdirSync(own)
    copyFileSync(join(bundled, 'text.recording'), join(own, 'text.recording'))
    const missing = await here('verify', [own])
    expect([missing.code, missing.out]).toEqual([1, expect.stringContaining('no message to compare with')])

    expect((await here('verify', [own, '--update'])).code).toBe(0)
    expect((await here('verify', [own])).code).toBe(0)

    const expectation = join(own, 'text.json')
    writeFileSync(expectation, readFileSync(expectation, 'utf8').replace('"end_turn"', '"pause"'))
    const differs = await here('verify', [own, '--json'])
    expect(differs.code).toBe(1)
    expect(JSON.parse(differs.out)).toMatchObject({
      kind: 'differs',
      path: 'stop.reason',
      expected: 'pause',
      actual: 'end_turn',
    })
  })

  test('a folder that does not exist is misuse', async () => {
    const { code, err } = await onefold(['verify', 'nowhere'])
    expect(code).toBe(2)
    expect(err).toContain('nowhere: there is no such file or folder')
  })
})

describe('onefold start', () => {
  test('shows bundled recordings of each dialect, beside what a plain loop makes of them', async () => {
    const { code, out } = await onefold(['start'])
    expect(code).toBe(0)
    for (const dialect of ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini', 'ollama'])
      expect(out).toMatch(new RegExp(`^${dialect}: \\d+ recorded streams, \\d+ of which`, 'm'))
    expect(out).toMatch(/replayed-prefix +text doubled/)
    expect(out).not.toContain('right too')
  })

  test('of a dialect that has no plain loop it says nothing of one', async () => {
    const { code, out } = await here('start', [join(root, 'recordings/acp')])
    expect(code).toBe(0)
    expect(out).toMatch(/^acp: \d+ recorded streams\.$/m)
    expect(out).not.toContain('plain loop')
  })

  test('of the streams that a plain loop of Gemini or Ollama reads well it says so', async () => {
    for (const dialect of ['gemini', 'ollama']) {
      const { out } = await here('start', [join(root, 'recordings', dialect)])
      expect(out.replaceAll(/\s+/g, ' ')).toMatch(/right too: .*\btext\b/)
    }
  })

  test('shows each message of a stream in a line of its own, with its outcome before its stop reason', async () => {
    const { out } = await here('start', [join(root, 'recordings/ai-sdk')])
    expect(out).toMatch(/^ +second-request-fails +complete, tool_calls: .*\n +failed \(rate_limit\)(, \w+)?: /m)
  })

  test('of a folder that is named it shows every recording', async () => {
    const { code, out } = await here('start', [bundled])
    expect(code).toBe(0)
    const names = readdirSync(bundled).filter((name) => name.endsWith('.recording'))
    expect(names.length).toBeGreaterThan(0)
    for (const name of names) expect(out).toContain(name.replace('.recording', ''))
  })

  test('names the commands as they can be typed: in a checkout by their file, where it is installed with npx', async () => {
    const own = join(folder, 'node_modules/onefold')
    cpSync(join(root, 'dist'), join(own, 'dist'), { recursive: true })
    copyFileSync(join(root, 'package.json'), join(own, 'package.json'))
    symlinkSync(join(root, 'recordings'), join(own, 'recordings'), 'junction')
    for (const dependency of ['eventsource-parser', '@smithy']) {
      symlinkSync(join(root, 'node_modules', dependency), join(folder, 'node_modules', dependency), 'junction')
    }
    const recording = 'recordings/anthropic-messages/replayed-prefix.recording'

    const installed = await onefold(['start'], '', { main: join(own, 'dist/cli/main.js') })
    expect(installed.out).toContain(`npx onefold fold node_modules/onefold/${recording} --events`)
    expect(installed.out).not.toContain('main.js')

    const checkout = await onefold(['start'], '', { cwd: root })
    expect(checkout.out).toContain(`node dist/cli/main.js fold ${recording} --events`)
    expect(checkout.out).not.toContain('npx')
  })
})
