/** The live part of `onefold compare`: what a person sees of it, what is left in the folder, and Ctrl-C. `npm test` builds it first. */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { askLive, type LiveAsked, type LiveSides } from '../../src/cli/compare-live.ts'
import { liveProgress, type Screen } from '../../src/cli/live-progress.ts'
import { readEndpoints } from '../../src/node/live/endpoints.ts'
import type { Outcome } from '../../src/message.ts'
import { readRecordingFile } from '../../src/node/recording-files.ts'
import { startReplay } from '../../src/node/replay-server.ts'
import { answering, type Answering } from '../support/answering.ts'
import { keptConsole, type Kept } from '../support/console.ts'

const folder = mkdtempSync(join(tmpdir(), 'onefold-compare-live-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((own) => own.close()))
})

const bundled = (name: string): string => fileURLToPath(new URL(`../../recordings/${name}.recording`, import.meta.url))
const endpointsFile = (endpoints: unknown): string => {
  const file = join(mkdtempSync(join(folder, 'asked-')), 'endpoints.json')
  writeFileSync(file, JSON.stringify(endpoints))
  return file
}

interface Asked extends Kept {
  readonly sides: LiveSides
  readonly screen: string
}
async function asking(
  { file, ...asked }: Partial<Omit<LiveAsked, 'env'>> & { readonly file: string },
  screen: Partial<Screen> = {},
): Promise<Asked> {
  const { console, kept } = keptConsole()
  let shown = ''
  const sides = await askLive({ prompt: 'Hi', env: {}, ...asked, endpoints: await readEndpoints(file) }, console, {
    ...screen,
    write: (text) => (shown += text),
  })
  return { ...kept, sides, screen: shown }
}

/** What a terminal of unlimited height shows, by the two sequences that are used. */
function shownBy(output: string): string[] {
  const lines: string[] = ['']
  let at = 0
  // oxlint-disable-next-line no-control-regex -- they are what is read
  for (const [part] of output.matchAll(/\u001b\[(\d*)[A-Z]|[\r\n]|[^\u001b\r\n]+/g)) {
    if (part === '\n') lines[(at += 1)] ??= ''
    else if (part.endsWith('A') && part.startsWith('\u001b')) at -= Number(part.slice(2, -1))
    else if (part === '\u001b[2K') lines[at] = ''
    else if (part !== '\r') lines[at] += part
  }
  return lines
}

describe('askLive', () => {
  it('asks two replay servers, says in a pipe how each was over, and leaves the recordings by the names of the endpoints', async () => {
    const [claude, chat] = await Promise.all(
      ['anthropic-messages/text', 'openai-chat/text'].map((name) => startReplay({ recordings: bundled(name) })),
    )
    if (claude === undefined || chat === undefined) throw new Error('no server')
    open.push(claude, chat)
    const gone = await answering(() => undefined)
    await gone.close()
    const file = endpointsFile([
      { name: 'Claude, replayed', api: 'anthropic-messages', baseUrl: claude.url, model: 'claude-sonnet-4-5' },
      { name: '日本', api: 'openai-chat', baseUrl: `${chat.url}/v1`, model: 'tiny' },
      { name: 'down', api: 'ollama', baseUrl: gone.url, model: 'tiny' },
    ])
    const out = join(folder, 'recorded')
    const { sides, screen, out: printed, err } = await asking({ file, out })
    expect(sides).toMatchObject({
      folder: out,
      isStopped: false,
      isRecorded: true,
      sides: [
        { label: 'Claude, replayed', outcome: { kind: 'complete' }, file: join(out, '0001-Claude-replayed.recording') },
        { label: '日本', outcome: { kind: 'complete' }, file: join(out, '0002-openai-chat-tiny.recording') },
        { label: 'down', message: { outcome: { kind: 'failed' } } },
      ],
    })
    for (const side of sides.sides) {
      if ('message' in side) continue
      expect(await readRecordingFile(side.file ?? '')).toEqual(side.recording)
      expect(side.recording.header.recordedBy).toMatch(/^onefold \d+\.\d+\.\d+ compare$/)
    }
    const lines = screen.trimEnd().split('\n')
    expect(lines).toHaveLength(3)
    expect(lines).toContainEqual(
      expect.stringMatching(
        /^Claude, replayed  complete   \d+\.\d s · first token [\d.]+ m?s · \d+ deltas · \d+ characters$/,
      ),
    )
    expect(lines).toContainEqual(expect.stringMatching(/^down {14}failed     \d+\.\d s · connect ECONNREFUSED/))
    expect(screen).not.toContain('\u001b')
    expect(printed + err).toBe('')
    // The same again goes on behind what is there.
    await asking({ file, out })
    expect(readdirSync(out).toSorted()).toEqual([
      '0001-Claude-replayed.recording',
      '0002-openai-chat-tiny.recording',
      '0003-Claude-replayed.recording',
      '0004-openai-chat-tiny.recording',
    ])
  })

  it.each<readonly [what: string, endpoints: unknown, asked: object, why: RegExp]>([
    ['a file that is none', { no: 'list' }, {}, /no list of endpoints/],
    [
      'a key that is not set',
      [{ key: 'NO_SUCH_KEY_HERE' }, {}],
      {},
      /endpoint a: the environment variable NO_SUCH_KEY_HERE is not set/,
    ],
    ['an empty prompt', [{}, {}], { prompt: '' }, /the prompt is empty/],
  ])('for %s nothing is sent and no folder is made', async (_, given, asked, why) => {
    const untouched = await answering((__, response) => response.end())
    open.push(untouched)
    const endpoints = Array.isArray(given)
      ? given.map((more: object, index) => ({
          name: 'ab'[index],
          api: 'openai-chat',
          baseUrl: untouched.url,
          model: 'm',
          ...more,
        }))
      : given
    const out = join(folder, 'never-made')
    await expect(asking({ file: endpointsFile(endpoints), out, ...asked })).rejects.toThrow(why)
    expect(existsSync(out)).toBe(false)
    expect(untouched.seen).toEqual([])
  })

  it('a folder that cannot be made is refused before anything is sent', async () => {
    const untouched = await answering((_, response) => response.end())
    open.push(untouched)
    const file = endpointsFile(
      ['a', 'b'].map((name) => ({ name, api: 'openai-chat', baseUrl: untouched.url, model: 'm' })),
    )
    await expect(asking({ file, out: join(file, 'below-a-file') })).rejects.toMatchObject({ code: 'file_not_found' })
    expect(untouched.seen).toEqual([])
  })

  it('what cannot be written is told, and the sides are there', async () => {
    const out = join(folder, 'vanishing')
    const answers: ServerResponse[] = []
    const vanishing = await answering((_, response) => {
      answers.push(response)
      if (answers.length < 2) return
      rmSync(out, { recursive: true })
      for (const answer of answers) answer.end('{"error":{"message":"no"}}')
    })
    open.push(vanishing)
    const file = endpointsFile(
      ['a', 'b'].map((name) => ({ name, api: 'openai-chat', baseUrl: vanishing.url, model: 'm' })),
    )
    const { sides, err } = await asking({ file, out })
    expect(sides.isRecorded).toBe(false)
    expect(sides.sides.map((side) => 'recording' in side && [side.outcome.kind, side.file])).toEqual([
      ['failed', undefined],
      ['failed', undefined],
    ])
    expect(err).toMatch(/not everything is recorded: .*vanishing/)
  })
})

describe('the progress on a terminal', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }))
  afterEach(() => void vi.useRealTimers())

  const complete: Outcome = { kind: 'complete' }
  const failed = (message: string): Outcome => ({
    kind: 'failed',
    error: { class: 'unknown', retryable: false, message },
  })
  function watched(names: readonly string[], size: { readonly columns: number; readonly rows: number }) {
    let output = ''
    const screen = { ...size, isTTY: true, write: (text: string) => (output += text) }
    const progress = liveProgress(names, (_, text) => text, screen)
    return { progress, output: () => output }
  }

  it('is a line for each endpoint, rewritten in place', () => {
    const { progress, output } = watched(['a', 'bcd'], { columns: 80, rows: 24 })
    expect(shownBy(output())).toEqual(['a    waiting    0.0 s', 'bcd  waiting    0.0 s', ''])
    progress.event({ kind: 'answered', endpoint: 1, ms: 100, status: 200 })
    progress.event({ kind: 'delta', endpoint: 1, ms: 250.4, of: 'tool_call', characters: 0 })
    progress.event({ kind: 'delta', endpoint: 1, ms: 300, of: 'tool_call', characters: 1200 })
    vi.advanceTimersByTime(1000)
    expect(shownBy(output())).toEqual([
      'a    waiting    1.0 s',
      'bcd  streaming  1.0 s · first token 250 ms · 1 delta · 1,200 characters',
      '',
    ])
    progress.event({ kind: 'over', endpoint: 0, ms: 1100, outcome: failed('no such host') })
    progress.event({ kind: 'over', endpoint: 1, ms: 1500, outcome: complete })
    progress.close()
    expect(shownBy(output())).toEqual([
      'a    failed     1.1 s · no such host',
      'bcd  complete   1.5 s · first token 250 ms · 1 delta · 1,200 characters',
      '',
    ])
    const before = output()
    vi.advanceTimersByTime(1000)
    expect(output()).toBe(before)
  })

  it('has the figures of the recording in the end, and says which time ran out', () => {
    const { progress, output } = watched(['a', 'b'], { columns: 100, rows: 24 })
    progress.event({ kind: 'delta', endpoint: 0, ms: 72, of: 'text', characters: 3 })
    progress.event({
      kind: 'over',
      endpoint: 0,
      ms: 400,
      outcome: complete,
      figures: { firstTokenMs: 55, endMs: 300, deltas: 2, characters: 9 },
    })
    const outcome: Outcome = { kind: 'timed_out', budget: 'total', silenceMs: 200 }
    progress.event({ kind: 'over', endpoint: 1, ms: 2000, outcome })
    progress.close()
    expect(shownBy(output())).toEqual([
      'a  complete   0.3 s · first token 55 ms · 2 deltas · 9 characters',
      'b  timed out  2.0 s · total time over, silent for 200 ms',
      '',
    ])
  })

  it('fits the width, whatever a name or a server says, and lets nothing of it control the terminal', () => {
    const hostile = '\u001b]0;title\u0007\u001b[2J\u202e\r\n\u009b1m日本語日本語日本語日本語日本語日本語日本語日本語'
    for (const columns of [10, 20, 41]) {
      const { progress, output } = watched(['日本語日本語日本語日本語日本語', 'b'], { columns, rows: 24 })
      progress.event({ kind: 'over', endpoint: 0, ms: 1, outcome: failed(hostile) })
      progress.event({ kind: 'over', endpoint: 1, ms: 1, outcome: failed(hostile.repeat(1000)) })
      progress.close()
      const lines = shownBy(output())
      expect(lines).toHaveLength(3)
      // Each of these letters has two columns.
      for (const line of lines)
        expect(line.length + (line.match(/[\u3000-\uffff]/g)?.length ?? 0)).toBeLessThan(columns)
      // oxlint-disable-next-line no-control-regex -- they are what must not be there
      expect(output().replaceAll(/\u001b\[(2A|2K)|[\r\n]/g, '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/)
    }
  })

  it('is a line at the end where there are more endpoints than rows', () => {
    const { progress, output } = watched(['a', 'b', 'c'], { columns: 80, rows: 3 })
    vi.advanceTimersByTime(1000)
    progress.event({ kind: 'over', endpoint: 1, ms: 40, outcome: complete })
    progress.close()
    expect(output()).toBe('b  complete   0.0 s\n')
  })
})

describe('Ctrl-C', () => {
  const module = new URL('../../dist/cli/compare-live.js', import.meta.url).href
  const reader = new URL('../../dist/node/live/endpoints.js', import.meta.url).href
  /** `hangs`: it stops for ever where an endpoint is over, so that only a signal ends it. */
  const driver = (hangs: boolean): string => `
    import { writeSync } from 'node:fs'
    import { askLive } from ${JSON.stringify(module)}
    import { readEndpoints } from ${JSON.stringify(reader)}
    const write = (text) => {
      writeSync(2, text)
      if (${hangs}) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    }
    const console = { paint: (_, text) => text, complain: (text) => writeSync(2, text) }
    const endpoints = await readEndpoints('endpoints.json')
    const asked = { endpoints, prompt: 'Hi', env: process.env }
    const { sides, ...rest } = await askLive(asked, console, { write })
    const told = sides.map(({ label, outcome, message, file }) => [label, (outcome ?? message.outcome).kind, file])
    writeSync(1, JSON.stringify({ ...rest, sides: told }))`

  async function started(hangs: boolean) {
    const endless: Answering = await answering(({ path }, response) => {
      if (path.startsWith('/slow')) return
      const chunk = { id: 'c', choices: [{ index: 0, delta: { content: 'So far' } }] }
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(`data: ${JSON.stringify(chunk)}\n\n`)
    })
    open.push(endless)
    const cwd = mkdtempSync(join(folder, 'stopped-'))
    const endpoints = ['', '/slow'].map((path) => ({
      name: `n${path}`,
      api: 'openai-chat',
      baseUrl: endless.url + path,
      model: 'm',
    }))
    writeFileSync(join(cwd, 'endpoints.json'), JSON.stringify(endpoints))
    const child = spawn(process.execPath, ['--input-type=module', '-e', driver(hangs)], { cwd })
    const said = { out: '', err: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said.out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said.err += text))
    const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
      child.on('close', (code, signal) => resolve({ code, signal })),
    )
    await vi.waitFor(() => expect(recordedIn(cwd)).toContain('So far'), { timeout: 20_000, interval: 20 })
    await vi.waitFor(() => expect(endless.seen).toHaveLength(2), { timeout: 20_000, interval: 20 })
    return { child, said, ended, cwd }
  }

  const recordedIn = (cwd: string): string =>
    readdirSync(cwd, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.recording'))
      .map((name) => readFileSync(join(cwd, name), 'utf8'))
      .join('')

  it('once ends the streams; what came is given, and is in a folder with the date', async () => {
    const { child, said, ended, cwd } = await started(false)
    child.kill('SIGINT')
    expect(await ended).toEqual({ code: 0, signal: null })
    const { folder: made, ...told } = JSON.parse(said.out)
    expect(made).toMatch(/^onefold-compare-\d{4}-\d\d-\d\d-\d{6}$/)
    expect(told).toEqual({
      isStopped: true,
      isRecorded: true,
      sides: [
        ['n', 'aborted', `${made}/0001-n.recording`],
        ['n/slow', 'aborted', null],
      ],
    })
    expect(said.err.split('\n').filter((line) => /^n.*  aborted  /.test(line))).toHaveLength(2)
    expect(recordedIn(cwd)).toContain('{"end":"abort"')
  })

  it('twice ends the process', async () => {
    const { child, said, ended } = await started(true)
    child.kill('SIGINT')
    await vi.waitFor(() => expect(said.err).toContain('aborted'), { timeout: 20_000, interval: 20 })
    child.kill('SIGINT')
    expect(await ended).toEqual({ code: null, signal: 'SIGINT' })
  })
})
