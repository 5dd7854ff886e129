/** `onefold replay` as it is run. `npm test` builds it first. */
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { replayCommand } from '../../src/cli/replay.ts'
import { MisuseError } from '../../src/errors.ts'
import { keptConsole } from '../support/console.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const built = join(root, 'dist/cli/main.js')
const bundled = join(root, 'recordings/anthropic-messages/answer-after-tools.recording')
const folder = mkdtempSync(join(tmpdir(), 'onefold-replay-cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Result {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

interface Running {
  readonly child: ChildProcess
  readonly result: Promise<Result>
  /** The first match of a pattern in the standard output. */
  seen(pattern: RegExp): Promise<RegExpExecArray>
}

function start(args: readonly string[], node: readonly string[] = []): Running {
  const child = spawn(process.execPath, [...node, built, 'replay', ...args], { env: { ...process.env, NO_COLOR: '1' } })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const result = new Promise<Result>((resolve) => child.on('close', (code) => resolve({ code, out, err })))
  const seen = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(out)
        if (match !== null) resolve(match)
      }
      child.stdout.on('data', look)
      child.on('close', () => reject(new Error(`not seen: ${pattern.source}\n${out}\n${err}`)))
      look()
    })
  return { child, result, seen }
}

const replay = (...args: readonly string[]): Promise<Result> => start(args).result

const body = JSON.stringify({ model: 'claude-x', stream: true, messages: [{ role: 'user', content: 'x' }] })

/** A client as a command: asks where its environment says, prints how many bytes came, and ends with 7. */
const client = join(folder, 'client.mjs')
writeFileSync(
  client,
  `const ask = (path) => fetch(process.env.ANTHROPIC_BASE_URL + path, { method: 'POST', body: ${JSON.stringify(body)} })
const answer = await ask('/v1/messages')
console.log(answer.status, (await answer.text()).length)
console.log((await ask('/v1/unknown')).status, process.argv[2])
process.exit(7)
`,
)

describe('onefold replay', () => {
  it('runs a command with the base URLs set, and gives its exit code; the log does not mix with what it prints', async () => {
    const { code, out, err } = await replay(
      bundled,
      '--speed',
      'max',
      '--log',
      '--',
      process.execPath,
      client,
      '--help',
    )
    expect([code, out]).toEqual([7, expect.stringMatching(/^200 \d{3,}\n404 --help\n$/)])
    expect(err).toMatch(/POST \/v1\/messages claude-x → 200 .*answer-after-tools\.recording \(lent, .*\), whole/)
    expect(err).toMatch(/POST \/v1\/unknown → 404 no recording answers .*, nothing served/)
    expect(err).toMatch(/replayed 1 of 1 recording in 2 requests; 1 that no recording answers/)
  })

  it('serves until it is stopped, and prints where', async () => {
    const { child, result, seen } = start([
      bundled,
      '--speed',
      '1000',
      '--json',
      '--fault',
      'cut-reset',
      '--seed',
      '2',
      '--times',
      '1',
    ])
    const [, url = ''] = await seen(/"url":"([^"]+)"/)
    await expect(fetch(`${url}/v1/messages`, { method: 'POST', body }).then((answer) => answer.text())).rejects.toThrow(
      'terminated',
    )
    await seen(/"ended":"reset"/)
    child.kill('SIGINT')
    const { code, out } = await result
    expect(code).toBe(0)
    const [hello, request] = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(hello).toMatchObject({ recordings: 1, env: { OPENAI_BASE_URL: `${url}/v1` } })
    expect(request).toMatchObject({
      status: 200,
      model: 'claude-x',
      hash: expect.stringMatching(/^[0-9a-f]{16}$/),
      why: expect.stringMatching(/cut-reset@/),
    })
  })

  it('writes one line of log for a request, whatever its recording is called', async () => {
    const odd = join(folder, 'a\n00:00:00.000 POST forged.sse')
    writeFileSync(odd, 'data: {"type":"message_start","message":{"id":"m","role":"assistant","content":[]}}\n\n')
    const { err } = await replay(odd, '--speed', 'max', '--log', '--', process.execPath, client, 'x')
    expect(err.split('\n').filter((line) => /^\S+ POST /.test(line))).toHaveLength(2)
    expect(err).not.toMatch(/^00:00:00\.000/m)
  })

  it.each<[string, readonly string[], RegExp]>([
    ['nothing named', [], /name the folder or the files/],
    ['a folder that there is not', ['none'], /none: there is no such file or folder/],
    [
      'a speed that is none',
      [bundled, '--speed', 'fast'],
      /--speed fast: it must be recorded, max or a number above 0/,
    ],
    ['a port that is none', [bundled, '--port', '70000'], /--port 70000/],
    [
      'a way of matching that there is not',
      [bundled, '--match', 'luck'],
      /--match luck: it must be one of auto, hash, path, order/,
    ],
    ['a fault that there is not', [bundled, '--fault', 'luck'], /luck/],
    ['a seed without a fault', [bundled, '--seed', '1'], /--seed goes with --fault/],
    ['no command behind --', [bundled, '--'], /name the command behind --/],
    [
      'a command that there is not',
      [bundled, '--', 'no-such-command'],
      /no-such-command: the command cannot be started/,
    ],
  ])('%s is misuse, and what to do is said', async (_, args, message) => {
    const thrown: unknown = await replayCommand.run(args, keptConsole().console).catch((error: unknown) => error)
    expect(thrown).toBeInstanceOf(MisuseError)
    expect(thrown).toMatchObject({ message: expect.stringMatching(message) })
  })

  it('plays 200 MB in a process with a heap of 64 MB', async () => {
    const file = join(folder, 'large.recording')
    const handle = openSync(file, 'w', 0o600)
    const text = `event: ping\ndata: {"type":"ping","filling":"${'x'.repeat(16_000)}"}\n\n`
    const lines = `[0,${JSON.stringify(text)}]\n`.repeat(100)
    writeSync(handle, '{"onefold":1,"dialect":"anthropic-messages","provenance":{"kind":"handwritten"}}\n')
    for (let written = 0; written < 125; written += 1) writeSync(handle, lines)
    writeSync(handle, '{"end":"eof"}\n')
    closeSync(handle)
    expect(statSync(file).size).toBeGreaterThan(200_000_000)

    const { child, result, seen } = start([file, '--speed', 'max', '--json'], ['--max-old-space-size=64'])
    const [, url = ''] = await seen(/"url":"([^"]+)"/)
    const answer = await fetch(`${url}/v1/messages`, { method: 'POST', body })
    let size = 0
    for await (const chunk of answer.body ?? []) size += chunk.length
    expect(size).toBe(12_500 * text.length)
    const memory = /VmHWM:\s+(\d+) kB/.exec(
      process.platform === 'linux' ? readFileSync(`/proc/${child.pid}/status`, 'utf8') : '',
    )
    expect(Number(memory?.[1] ?? 0)).toBeLessThan(250_000)
    child.kill('SIGTERM')
    expect((await result).code).toBe(0)
  })

  it('calls a line longer than 64 MiB damage', async () => {
    const file = join(folder, 'long.recording')
    const handle = openSync(file, 'w', 0o600)
    writeSync(
      handle,
      '{"onefold":1,"dialect":"anthropic-messages","provenance":{"kind":"handwritten"}}\n[0,"data: 1"]\n[1,"',
    )
    const mebibyte = Buffer.alloc(1024 * 1024, 'x')
    for (let written = 0; written < 65; written += 1) writeSync(handle, mebibyte)
    closeSync(handle)
    const { child, result, seen } = start([file, '--speed', 'max', '--log'], ['--max-old-space-size=64'])
    const [, url = ''] = await seen(/at (http:\S+);/)
    await expect(fetch(`${url}/v1/messages`, { method: 'POST', body }).then((answer) => answer.text())).rejects.toThrow(
      'terminated',
    )
    await seen(/long\.recording, line 3: the line is longer than 64 MiB\), broken off/)
    child.kill('SIGINT')
    await result
  })
})
