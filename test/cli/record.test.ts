/** `onefold record` as it is run. `npm test` builds it first. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { recordCommand } from '../../src/cli/record.ts'
import { MisuseError } from '../../src/errors.ts'
import { parseRecording } from '../../src/recording/format.ts'
import { keptConsole } from '../support/console.ts'
import { describeTerminal, inTerminal } from '../support/pty.ts'

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'onefold-record-'))
const STREAM = readFileSync(new URL('../../recordings/anthropic-messages/one-tool.recording', import.meta.url), 'utf8')
const chunks = parseRecording(STREAM).chunks.map(({ bytes }) => bytes)
let server: Server
let upstream = ''

beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume()
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const bytes of chunks) response.write(bytes)
    if (request.url?.startsWith('/v1/long') === true) response.write(`: ${'x'.repeat(20_000)}\n\n`)
    if (request.url !== '/v1/hang') response.end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  upstream = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
  rmSync(folder, { recursive: true, force: true })
})

function start(args: readonly string[]) {
  const child = spawn(process.execPath, [main, 'record', ...args], { cwd: folder })
  const said = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.err += text))
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, ...said })),
  )
  return { child, said, ended }
}

const client = join(folder, 'client.mjs')
writeFileSync(
  client,
  `const [path = '/v1/messages', code = '0'] = process.argv.slice(2)
const answer = await fetch(process.env.ANTHROPIC_BASE_URL + path + '?key=query-planted-1', {
  method: 'POST', headers: { 'x-api-key': 'header-planted-2' }, body: JSON.stringify({ model: 'claude/../x', stream: true }) })
console.log((await answer.text()).length)
process.exit(Number(code))\n`,
)
const contents = (out: string): string[] => readdirSync(join(folder, out)).toSorted()

describe('onefold record', () => {
  test('records a command end to end: a file only its owner reads, numbered on, without a secret', async () => {
    const args = ['--upstream', upstream, '--out', 'a/recordings', '--', process.execPath, client]
    const { code, out, err } = await start(args).ended
    expect([code, out]).toEqual([0, `${String(Buffer.concat(chunks).toString().length)}\n`])
    expect(err).toContain('1 recording in a/recordings')
    expect(err).toMatch(/0001-anthropic-messages-claude-.-x\.recording .*200 · anthropic-messages · .*complete/)
    const [name = ''] = contents('a/recordings')
    const path = join(folder, 'a/recordings', name)
    expect([statSync(path).mode & 0o777, statSync(join(folder, 'a/recordings')).mode & 0o777]).toEqual([0o600, 0o700])
    const text = readFileSync(path, 'utf8')
    expect(text).not.toContain('planted')
    const recording = parseRecording(text)
    expect(recording.header.recordedBy).toMatch(/^onefold \d.* record$/)
    expect(Buffer.concat(recording.chunks.map(({ bytes }) => bytes))).toEqual(Buffer.concat(chunks))

    const again = await start([
      '--upstream',
      upstream,
      '--out',
      'a/recordings',
      '--json',
      '--',
      process.execPath,
      client,
    ]).ended
    const told = again.out.split('\n').find((line) => line.startsWith('{'))
    expect(JSON.parse(told ?? '')).toMatchObject({
      status: 200,
      dialect: 'anthropic-messages',
      outcome: 'complete',
      ending: 'eof',
    })
    expect(contents('a/recordings').map((file) => file.slice(0, 4))).toEqual(['0001', '0002'])
  })

  test('the exit code is that of the command, and 2 if it cannot be started; what came is written', async () => {
    const failed = await start([
      '--upstream',
      upstream,
      '--out',
      'b',
      '--',
      process.execPath,
      client,
      '/v1/messages',
      '7',
    ]).ended
    expect(failed.code).toBe(7)
    expect(contents('b')).toHaveLength(1)
    const missing = await start(['--upstream', upstream, '--out', 'b2', '--', 'no-such-program-here']).ended
    expect([missing.code, missing.err]).toEqual([2, expect.stringContaining('there is no such program')])
  })

  test('an empty folder is misuse', async () => {
    const { code, err } = await start(['--upstream', upstream, '--out', '', '--', process.execPath, client]).ended
    expect([code, err]).toEqual([2, expect.stringContaining('name the folder')])
  })

  test.skipIf(process.platform === 'win32')(
    'a file that cannot be written to its end is not told as whole',
    async () => {
      const command = `ulimit -f 2; trap '' XFSZ; exec "$@"`
      const args = [main, 'record', '--upstream', upstream, '--out', 'full', '--', process.execPath, client, '/v1/long']
      const child = spawn('/bin/bash', ['-c', command, 'bash', process.execPath, ...args], { cwd: folder })
      let err = ''
      child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
      const [code] = (await once(child, 'close')) as [number]
      expect(err).toContain('not everything is recorded')
      expect(err).toMatch(/ · not written to its end · /)
      expect(code).toBe(1)
    },
  )

  test('an upstream that is down is told, with exit code 1', async () => {
    const { code, err } = await start([
      '--upstream',
      'http://127.0.0.1:1',
      '--out',
      'c',
      '--',
      process.execPath,
      client,
    ]).ended
    expect(code).toBe(1)
    expect(err).toContain('not recorded: /v1/messages?key=***************: 127.0.0.1:1 cannot be reached')
  })

  test('without a command it says how to point clients at it, and Ctrl-C ends it with everything written', async () => {
    const { child, said, ended } = start(['--upstream', upstream, '--out', 'd'])
    await expect.poll(() => said.out, { timeout: 20_000 }).toContain('export OPENAI_BASE_URL=')
    const url = /ANTHROPIC_BASE_URL=(\S+)/.exec(said.out)?.[1] ?? ''
    const response = await fetch(`${url}/v1/hang`, { method: 'POST', body: '{}' })
    await response.body!.getReader().read()
    const port = new URL(url).port
    const taken = await start(['--upstream', upstream, '--out', 'e', '--port', port]).ended
    expect([taken.code, taken.err]).toEqual([2, expect.stringContaining(`port ${port} is in use`)])
    expect(existsSync(join(folder, 'e'))).toBe(false)
    child.kill('SIGINT')
    expect((await ended).code).toBe(0)
    const [name = ''] = contents('d')
    expect(parseRecording(readFileSync(join(folder, 'd', name), 'utf8')).ending).toBe('abort')
  })

  test('a signal is passed on to the command', async () => {
    const { child, said, ended } = start([
      '--upstream',
      upstream,
      '--out',
      'f',
      '--',
      process.execPath,
      '-e',
      "process.on('SIGTERM', () => { console.log('told'); process.exit(0) }); setInterval(() => 0, 1000); console.log('up')",
    ])
    await expect.poll(() => said.out, { timeout: 20_000 }).toContain('up')
    child.kill('SIGTERM')
    expect(await ended).toMatchObject({ code: 0, out: 'up\ntold\n' })
  })

  describeTerminal('where there is a terminal', () => {
    test('it shows a line for each stream, and a pipe none', async () => {
      const args = ['--upstream', upstream, '--out', 'h', '--', process.execPath, client]
      const { bytes } = await inTerminal([process.execPath, main, 'record', ...args], { columns: 100, cwd: folder })
      expect(bytes.toString()).toContain(`200 /v1/messages?key=***************: ${chunks.length} chunks`)
      const piped = await start(['--upstream', upstream, '--out', 'i', '--', process.execPath, client]).ended
      expect(piped.out + piped.err).not.toContain('chunks')
      expect(piped.out + piped.err).not.toContain('\u001b')
    })
  })

  test.each([
    [[], 'name the API with --upstream'],
    [['--upstream', 'https://x'], 'name the folder'],
    [['--upstream', 'https://x', '--out', 'o', '--', ''], 'its name is empty'],
    [['--upstream', 'https://x', '--out', 'o', '--', process.execPath, 'a\u0000b'], 'cannot be started'],
    [['--upstream', 'nonsense', '--out', 'g'], 'it is no URL'],
    [['--upstream', 'https://x', '--out', 'client.mjs'], 'it is no folder'],
    [['--upstream', 'https://x', '--out', 'g', '--port', '0x1'], 'a port is a number'],
    [['--upstream', 'https://x', '--out', 'g', '--redact', '/(planted/'], 'not a regular expression'],
    [['--upstream', 'https://x', '--out', 'g', 'claude'], 'stands behind --'],
  ])('%j is misuse', async (args, reason) => {
    const { console, kept } = keptConsole()
    const inFolder = args.map((arg, at) => (args[at - 1] === '--out' ? join(folder, arg) : arg))
    const thrown: unknown = await recordCommand.run(inFolder, console).catch((error: unknown) => error)
    expect(thrown).toBeInstanceOf(MisuseError)
    expect(thrown).toMatchObject({ message: expect.stringContaining(reason) })
    expect(`${String(thrown)}${kept.out}${kept.err}`).not.toContain('planted')
    expect(existsSync(join(folder, 'g'))).toBe(false)
  })
})
