/** `onefold compare --live`: the whole way from the endpoints to the report. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { compareCommand } from '../../src/cli/compare.ts'
import { toSse } from '../../src/to-sse.ts'
import { foldRecording } from '../../src/recording/fold-recording.ts'
import { readRecordingFile } from '../../src/node/recording-files.ts'
import { startReplay } from '../../src/node/replay-server.ts'
import { answering } from '../support/answering.ts'
import { keptConsole, type Kept } from '../support/console.ts'

const folder = mkdtempSync(join(tmpdir(), 'onefold-compare-asked-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const open: { close(): Promise<void> }[] = []
// The progress goes to the standard error output of the process.
beforeEach(() => void vi.spyOn(process.stderr, 'write').mockReturnValue(true))
afterEach(async () => {
  vi.restoreAllMocks()
  await Promise.all(open.splice(0).map((own) => own.close()))
})

const bundled = (name: string): string => fileURLToPath(new URL(`../../recordings/${name}.recording`, import.meta.url))

function endpointsFile(endpoints: readonly object[]): string {
  const file = join(mkdtempSync(join(folder, 'asked-')), 'endpoints.json')
  writeFileSync(file, JSON.stringify(endpoints))
  return file
}

async function compared(
  args: readonly string[],
  input: readonly string[] = [],
): Promise<Kept & { readonly code: number }> {
  const { console, kept } = keptConsole()
  const given = (async function* () {
    for (const text of input) yield new TextEncoder().encode(text)
  })()
  const code = await compareCommand.run(args, { ...console, input: given })
  return { ...kept, code }
}

/** An endpoint of each of two dialects that give the same answer. */
async function twins(): Promise<readonly object[]> {
  const file = bundled('anthropic-messages/text')
  const message = await foldRecording(await readRecordingFile(file))
  const [claude, chat] = await Promise.all([
    startReplay({ recordings: file }),
    answering((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end([...toSse(message, 'openai-chat')].join(''))
    }),
  ])
  open.push(claude, chat)
  return [
    { name: 'claude', api: 'anthropic-messages', baseUrl: claude.url, model: 'claude-sonnet-4-5' },
    { name: 'chat', api: 'openai-chat', baseUrl: `${chat.url}/v1`, model: 'tiny' },
  ]
}

it('two endpoints that give the same answer in two dialects agree, and every stream is recorded', async () => {
  const out = join(folder, 'agreeing')
  const html = join(folder, 'agreeing.html')
  const file = endpointsFile(await twins())
  const ignore = 'ids,times,usage'
  const { code, out: printed } = await compared([
    '--live',
    file,
    '--out',
    out,
    '--html',
    html,
    '--ignore',
    ignore,
    'Say "hi" & <go>',
  ])
  expect(printed).toContain('no difference')
  expect(printed).toContain(`recorded in ${out}`)
  expect(code).toBe(0)
  expect(readdirSync(out).toSorted()).toEqual(['0001-claude.recording', '0002-chat.recording'])
  expect(readFileSync(html, 'utf8')).toContain('Say &quot;hi&quot; &amp; &lt;go&gt;')
  const again = await compared([
    join(out, '0001-claude.recording'),
    join(out, '0002-chat.recording'),
    '--ignore',
    ignore,
  ])
  expect(again.code, again.out).toBe(0)
})

it('I5: an endpoint that is down is a side that failed, and the exit code is 1 even if all are', async () => {
  const down = { api: 'ollama', baseUrl: 'http://127.0.0.1:1', model: 'tiny' }
  const file = endpointsFile(['one', 'other'].map((name) => ({ ...down, name })))
  const { code, out } = await compared(['--live', file, '--out', join(folder, 'down'), '--ignore', 'ids,times', 'Hi'])
  expect(out).toMatch(/outcome +failed: network +failed: network/)
  expect(code).toBe(1)
})

it('with --json the standard output is one document', async () => {
  const file = endpointsFile(await twins())
  const args = ['--live', file, '--out', join(folder, 'json'), '--json', '--reference', 'chat', 'Hi']
  const { code, out, err } = await compared(args)
  expect(JSON.parse(out)).toMatchObject({ reference: 1, sides: [{ label: 'claude' }, { label: 'chat' }] })
  expect(err).toContain('recorded in')
  // Not even ids and times differ: the second server writes the message of the first.
  expect(code).toBe(0)
})

it.each([
  [['Hi', 'there'], /there: --live takes one question; write it in quotes/],
  [[], /the prompt is empty/],
  [['--label', 'x', 'Hi'], /--label and --dialect/],
  [['--dialect', 'gemini', 'Hi'], /--label and --dialect/],
  [['--reference', 'nobody', 'Hi'], /--reference nobody: it must be a number from 1 to 2, or one of claude, chat/],
  [['--timeout', '0', 'Hi'], /--timeout 0: it must be a whole number of at least 1/],
  [['--max-tokens', '1e3', 'Hi'], /--max-tokens 1e3: it must be a whole number/],
])('%j is refused before anything is sent', async (args, why) => {
  const file = endpointsFile(await twins())
  const out = join(folder, 'refused')
  await expect(compared(['--live', file, '--out', out, ...args])).rejects.toThrow(why)
  expect(existsSync(out)).toBe(false)
})

describe('the page is tried before anything is sent', () => {
  it.each<readonly [what: string, html: (own: string) => string, why: RegExp]>([
    [
      'a folder that is not there',
      (own) => join(own, 'no', 'page.html'),
      /page\.html: the page cannot be written \(ENOENT/,
    ],
    ['a folder', (own) => own, /the page cannot be written \(EISDIR/],
    ['the file of the endpoints', (own) => join(own, 'endpoints.json'), /one of the files that are read/],
    ['the file of the prices', (own) => join(own, 'prices.json'), /one of the files that are read/],
  ])('%s', async (_, html, why) => {
    const own = mkdtempSync(join(folder, 'page-'))
    const untouched = await answering((__, response) => response.end())
    open.push(untouched)
    const given = ['a', 'b'].map((name) => ({ name, api: 'openai-chat', baseUrl: untouched.url, model: 'm' }))
    const [file, prices, out] = ['endpoints.json', 'prices.json', 'out'].map((name) => join(own, name))
    if (file === undefined || prices === undefined || out === undefined) throw new Error('there are three')
    writeFileSync(file, JSON.stringify(given))
    writeFileSync(prices, '{}')
    const asked = compared(['--live', file, '--prices', prices, '--out', out, '--html', html(own), 'Hi'])
    await expect(asked).rejects.toThrow(why)
    expect(untouched.seen).toEqual([])
    expect(readdirSync(own).toSorted()).toEqual(['endpoints.json', 'prices.json'])
  })

  it('of files as well, and before folders are compared', async () => {
    const html = join(folder, 'nowhere', 'page.html')
    const { console, kept } = keptConsole()
    const text = bundled('anthropic-messages/text')
    await expect(compareCommand.run([text, text, '--html', html], console)).rejects.toThrow(/ENOENT/)
    const recordings = dirname(text)
    await expect(compareCommand.run([recordings, recordings, '--html', html], console)).rejects.toThrow(/ENOENT/)
    expect(kept.out).toBe('')
  })

  it('and a page that is there outlives a run that fails, and none is left that was not', async () => {
    const html = join(folder, 'kept.html')
    writeFileSync(html, '<!doctype html>before')
    const gone = join(folder, 'gone.recording')
    writeFileSync(gone, 'none\n')
    const text = bundled('anthropic-messages/text')
    const other = join(folder, 'not-made.html')
    for (const page of [html, other])
      await expect(compared([text, gone, '--html', page])).rejects.toThrow(/gone\.recording/)
    expect(readFileSync(html, 'utf8')).toBe('<!doctype html>before')
    expect(existsSync(other)).toBe(false)
  })

  it('may be beside the recordings, in a folder that is still to be made', async () => {
    const out = join(folder, 'with-page')
    await compared(['--live', endpointsFile(await twins()), '--out', out, '--html', join(out, 'page.html'), 'Hi'])
    expect(readdirSync(out).toSorted()).toEqual(['0001-claude.recording', '0002-chat.recording', 'page.html'])
  })
})

it('the first endpoint that answered to the end is the reference, unless another is named', async () => {
  const down = { name: 'down', api: 'ollama', baseUrl: 'http://127.0.0.1:1', model: 'tiny' }
  const args = async (...more: readonly string[]): Promise<readonly string[]> => [
    '--live',
    endpointsFile([down, ...(await twins())]),
    '--out',
    mkdtempSync(join(folder, 'reference-')),
    '--json',
    ...more,
    'Hi',
  ]
  const { code, out } = await compared(await args())
  const { reference, differences } = JSON.parse(out)
  expect(reference).toBe(1)
  expect(new Set(differences.map(({ side }: { readonly side: number }) => side))).toEqual(new Set([0]))
  expect(code).toBe(1)
  expect(JSON.parse((await compared(await args('--reference', 'down'))).out).reference).toBe(0)
})

it('- as the question reads it from the standard input', async () => {
  const asked = await answering((_, response) => response.end())
  open.push(asked)
  const given = ['a', 'b'].map((name) => ({ name, api: 'openai-chat', baseUrl: asked.url, model: 'm' }))
  const args = ['--live', endpointsFile(given), '--out', mkdtempSync(join(folder, 'input-')), '-']
  await compared(args, ['What is\n', 'it?\r\n'])
  expect(asked.seen.map(({ body }) => body)).toEqual(
    Array(2).fill(expect.objectContaining({ messages: [{ role: 'user', content: 'What is\nit?' }] })),
  )
  await expect(compared(args, [' \n'])).rejects.toThrow(/the prompt is empty/)
  expect(asked.seen).toHaveLength(2)
})

it('a model that has no price is told once, and one that the wire does not name is known by what was asked', async () => {
  const prices = join(folder, 'prices.json')
  writeFileSync(prices, '{ "tiny": { "input": 3, "output": 15 } }')
  const [claude, chat] = await twins()
  const down = { name: 'down', api: 'ollama', baseUrl: 'http://127.0.0.1:1', model: 'tiny' }
  const file = endpointsFile([{ ...claude, model: 'asked-for' }, { ...chat }, down])
  const out = join(folder, 'priced')
  const live = await compared(['--live', file, '--out', out, '--prices', prices, '--json', 'Hi'])
  const { sides } = JSON.parse(live.out)
  expect(sides).toMatchObject([{ askedModel: 'asked-for' }, { askedModel: 'tiny' }, { askedModel: 'tiny' }])
  expect(sides.map(({ cost }: { readonly cost?: number }) => cost !== undefined)).toEqual([false, true, false])
  const told = `${prices}: no price for ${sides[0].model}, which was asked for as asked-for (claude)`
  expect(live.err.split('\n').filter((line) => line.includes('no price'))).toEqual([told])
  const files = await compared([
    ...['0001-claude', '0002-chat'].map((name) => join(out, `${name}.recording`)),
    '--prices',
    prices,
  ])
  expect(files.err).toMatch(/no price for \S+, which was asked for as asked-for \(.*0001-claude/)
})
