/** Recordings over real HTTP: the bytes and their boundaries, what is refused, and many clients at once. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { request as send, type IncomingHttpHeaders } from 'node:http'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { isObject, parseJson, type JsonObject, type JsonValue } from '../../src/json.ts'
import { findRecordings, readRecordingFile } from '../../src/node/recording-files.ts'
import {
  startReplay,
  type ReplayedRequest,
  type ReplayServer,
  type ReplayServerOptions,
} from '../../src/node/replay-server.ts'
import { openRecordings } from '../../src/node/stored-file.ts'
import { breakRecording, placesOf } from '../../src/recording/faults/break.ts'
import { faultPlan } from '../../src/recording/faults/plans.ts'
import type { Recording, RecordedChunk } from '../../src/recording/format.ts'
import { storedOf } from '../../src/recording/stored.ts'

const bundled = fileURLToPath(new URL('../../recordings', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'onefold-replay-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const servers: ReplayServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function replaying(
  recordings: ReplayServerOptions['recordings'],
  options: Omit<ReplayServerOptions, 'recordings' | 'onRequest'> = {},
): Promise<ReplayServer & { readonly log: readonly ReplayedRequest[] }> {
  const log: ReplayedRequest[] = []
  const server = await startReplay({ recordings, ...options, onRequest: (request) => log.push(request) })
  servers.push(server)
  return { ...server, log }
}

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** The frames of the body, each with its length. */
  readonly frames: readonly Buffer[]
  readonly text: string
  readonly isWhole: boolean
}

interface Ask {
  readonly method?: string
  readonly path?: string
  readonly body?: JsonValue
  readonly host?: string
}

/** Asks with a bare socket: what comes is shown frame by frame, as it stands on the wire. */
function ask(
  { port }: ReplayServer,
  { method = 'POST', path = '/v1/messages', body, host }: Ask = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    const received: Buffer[] = []
    const text = body === undefined ? '' : JSON.stringify(body)
    socket.write(
      `${method} ${path} HTTP/1.1\r\nhost: ${host ?? `127.0.0.1:${port}`}\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
    )
    socket.on('data', (data) => received.push(data))
    socket.on('error', reject)
    socket.on('close', () => resolve(answerOf(Buffer.concat(received))))
  })
}

function answerOf(bytes: Buffer): Answer {
  const end = bytes.indexOf('\r\n\r\n')
  const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => [line.split(':', 1)[0]?.toLowerCase(), line.replace(/^[^:]*: ?/, '')]),
  )
  let rest = bytes.subarray(end + 4)
  const frames: Buffer[] = []
  let isWhole = headers['transfer-encoding'] !== 'chunked'
  while (headers['transfer-encoding'] === 'chunked' && rest.length > 0) {
    const at = rest.indexOf('\r\n')
    const size = Number.parseInt(rest.toString('latin1', 0, at), 16)
    if (size === 0) {
      isWhole = true
      break
    }
    frames.push(rest.subarray(at + 2, at + 2 + size))
    rest = rest.subarray(at + 4 + size)
  }
  if (headers['transfer-encoding'] !== 'chunked') frames.push(rest)
  return { status: Number(first.split(' ')[1]), headers, frames, text: Buffer.concat(frames).toString(), isWhole }
}

const isJsonText = ({ chunks, header }: Recording): boolean =>
  (header.dialect !== 'ollama' || chunks.length === 1) &&
  parseJson(Buffer.concat(chunks.map(({ bytes }) => bytes)).toString()) !== undefined

const json = (answer: Answer): JsonObject => {
  const value = parseJson(answer.text)
  if (!isObject(value)) throw new Error(`no object: ${answer.text}`)
  return value
}

const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const chunk = (text: string, ms = 0): RecordedChunk => ({ ms, bytes: new TextEncoder().encode(text) })

const sse = (...events: readonly { readonly type: string; readonly [key: string]: JsonValue }[]): string =>
  events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('')

function anthropic(text: string, id = 'msg_1'): string {
  return sse(
    {
      type: 'message_start',
      message: {
        id,
        type: 'message',
        role: 'assistant',
        model: 'm',
        content: [],
        usage: { input_tokens: 1, output_tokens: 1 },
      },
    },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } },
    { type: 'message_stop' },
  )
}

function recorded(
  body: string | readonly RecordedChunk[],
  header: JsonObject = {},
  ending: Recording['ending'] = 'eof',
): Recording {
  return {
    header: {
      onefold: 1,
      response: { status: 200, contentType: 'text/event-stream' },
      provenance: { kind: 'handwritten' },
      ...header,
    },
    chunks: typeof body === 'string' ? [chunk(body)] : body,
    ending,
    problems: [],
  }
}

const question = (text: string, more: JsonObject = {}): JsonObject => ({
  model: 'm',
  messages: [{ role: 'user', content: text }],
  stream: true,
  ...more,
})

const asked = (body: JsonObject, path = '/v1/messages'): JsonObject => ({ request: { method: 'POST', path, body } })

const PATHS: Readonly<Record<string, string>> = {
  'anthropic-messages': '/v1/messages',
  'openai-chat': '/proxy/v1/chat/completions',
  'openai-responses': '/v1/responses',
  gemini: '/v1beta/models/g:streamGenerateContent?alt=sse',
  'gemini-interactions': '/v1beta/interactions',
  'bedrock-converse': '/model/b/converse-stream',
  cohere: '/v2/chat',
  ollama: '/api/chat',
  'mistral-conversations': '/v1/conversations',
}

describe('a recording over HTTP', () => {
  it('comes byte for byte, with its boundaries, its status, its content type and its end: all that are bundled', async () => {
    const files = await findRecordings(bundled)
    const server = await replaying([bundled], { match: 'order' })
    let served = 0
    for (const name of files) {
      const recording = await readRecordingFile(name)
      const path = PATHS[recording.header.dialect ?? '']
      if (path === undefined) continue
      const isJson =
        (recording.header.response?.contentType ?? 'application/json').startsWith('application/json') &&
        isJsonText(recording)
      const isGeminiArray = isJson && recording.header.dialect === 'gemini' && recording.chunks[0]?.bytes[0] === 0x5b
      const way =
        isJson && !isGeminiArray
          ? path.replace('converse-stream', 'converse').replace('streamGenerateContent', 'generateContent')
          : path
      const answer = await ask(server, { path: way, body: { stream: !isJson } })
      expect(answer.frames, name).toEqual(
        recording.chunks.filter(({ bytes }) => bytes.length > 0).map(({ bytes }) => Buffer.from(bytes)),
      )
      expect([answer.status, answer.isWhole, answer.headers['content-type']], name).toEqual([
        // An error without a status has the one that its kind has.
        recording.header.response?.status ??
          (isJson && isObject(json(answer).error) ? Math.max(400, answer.status) : 200),
        recording.ending === 'eof',
        recording.header.response?.contentType ?? answer.headers['content-type'],
      ])
      expect(answer.headers['content-type'], name).toBeDefined()
      expect(server.log.at(-1)).toMatchObject({ recording: relative(bundled, name), ended: recording.ending })
      served += 1
    }
    expect(served).toBeGreaterThan(200)
  })

  it('is the same in pieces of 64 KiB where it is a plain body', async () => {
    const body = anthropic('long '.repeat(40_000))
    const server = await replaying([file('plain.sse', body)])
    const answer = await ask(server, { body: question('x') })
    expect(answer.text).toBe(body)
    expect(answer.frames.map(({ length }) => length)).toEqual([65_536, 65_536, 65_536, body.length - 3 * 65_536])
  })

  it('gives the headers that were kept, and none that another stood in for', async () => {
    const headers = { 'retry-after': '3', 'x-request-id': 'r', 'set-cookie': 'no', 'anthropic-ratelimit-x': 'a\nb' }
    const response = { status: 429, contentType: 'application/json', headers }
    const server = await replaying([storedOf(recorded('{"type":"error"}', { response }), 'é\n1')])
    const answer = await ask(server, { body: question('x') })
    expect(answer).toMatchObject({ status: 429, text: '{"type":"error"}' })
    expect(answer.headers).toMatchObject({ 'retry-after': '3', 'x-request-id': 'r', 'x-onefold-recording': '??1' })
    expect(Object.keys(answer.headers)).not.toContain('set-cookie')
    expect(Object.keys(answer.headers)).not.toContain('anthropic-ratelimit-x')
  })

  it('leaves out a kept header whose name is none', async () => {
    const headers = { 'x-ratelimit-a b': '1', 'x-ratelimit-é': '2', 'x-ratelimit-left': '3' }
    const response = { status: 429, contentType: 'application/json', headers }
    const server = await replaying([storedOf(recorded('{"type":"error"}', { response }), 'odd')])
    const answer = await ask(server, { body: question('x') })
    expect([answer.status, answer.headers['x-ratelimit-left']]).toEqual([429, '3'])
  })

  it.each(['text/event-stream\r\nx-evil: 1', 'text/event-stream; é'])(
    'has the content type that its bytes show, where none can be sent: %j',
    async (contentType) => {
      const server = await replaying([
        storedOf(recorded(anthropic('x'), { response: { status: 200, contentType } }), 'a'),
      ])
      const answer = await ask(server, { body: question('x') })
      expect([answer.headers['content-type'], answer.headers['x-evil']]).toEqual(['text/event-stream', undefined])
    },
  )

  it.each(['openai-chat/context-overflow', 'openai-responses/error-as-json'])(
    'that is an error and has no recorded status comes with the status of an error, streamed and whole: %s',
    async (name) => {
      const path = PATHS[name.split('/', 1)[0] ?? '']
      const server = await replaying([join(bundled, `${name}.recording`)], { loop: true })
      for (const stream of [true, false]) {
        const answer = await ask(server, { ...(path === undefined ? {} : { path }), body: { stream } })
        expect(answer.status).toBeGreaterThanOrEqual(400)
        expect(json(answer).error).toBeDefined()
      }
    },
  )
})

describe('what is refused', () => {
  it.each([
    ['the path of a file', '/../../../../../../etc/passwd'],
    ['the same in percent', '/%2e%2e/%2e%2e/%2e%2e/etc/passwd'],
    ['the name of a recording', '/secret.sse'],
    ['a model that is a path', '/v1beta/models/..%2f..%2fetc%2fpasswd:other'],
    ['a path of no API', '/'],
  ])('%s: nothing is served', async (_, path) => {
    const server = await replaying([file('secret.sse', anthropic('secret'))])
    for (const method of ['GET', 'POST', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']) {
      const answer = await ask(server, { method, path })
      expect(answer.status).toBe(404)
      expect(answer.text).not.toContain('msg_1')
      expect(answer.text).not.toContain('root:')
    }
    expect(server.log.every(({ ended, recording }) => ended === 'refused' && recording === undefined)).toBe(true)
  })

  it.each(['evil.example', 'evil.example:80', '127.0.0.1.evil.example', '10.0.0.1', 'localhost.evil.example:1'])(
    'the Host header %s, with which a page in a browser would come',
    async (host) => {
      const server = await replaying([file('secret.sse', anthropic('secret'))])
      const answer = await ask(server, { host, body: question('x') })
      expect(answer.status).toBe(403)
      expect(answer.text).not.toContain('secret')
      expect(server.log).toEqual([])
    },
  )

  it('a link that leads out of its folder, when the server begins and when it is played', async () => {
    const inside = join(folder, 'inside')
    mkdirSync(inside)
    symlinkSync(file('outside.sse', anthropic('secret')), join(inside, 'link.sse'))
    await expect(startReplay({ recordings: [inside] })).rejects.toMatchObject({
      code: 'file_not_found',
      message: expect.stringMatching(/link\.sse: it is a link that leads out of its folder/),
    })
    rmSync(join(inside, 'link.sse'))
    writeFileSync(join(inside, 'link.sse'), anthropic('sound'))
    const server = await replaying([inside])
    rmSync(join(inside, 'link.sse'))
    symlinkSync(join(folder, 'outside.sse'), join(inside, 'link.sse'))
    const answer = await ask(server, { body: question('x') })
    expect(answer.text).not.toContain('secret')
    expect(server.log[0]?.why).toMatch(/leads out of its folder/)
  })

  it('a port that another program listens on', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    await expect(startReplay({ recordings: [file('x.sse', 'x')], port })).rejects.toMatchObject({
      code: 'port_in_use',
      message: expect.stringContaining(String(port)),
    })
    await new Promise((resolve) => other.close(resolve))
  })

  it('what no recording answers: 404, which no SDK sends again, naming what was asked and what there is', async () => {
    const server = await replaying([file('only.sse', anthropic('x'))])
    const answer = await ask(server, { path: '/v1/chat/completions', body: { model: 'gpt-9', messages: [] } })
    expect(answer.status).toBe(404)
    expect(answer.headers['x-should-retry']).toBe('false')
    const { error } = json(answer) as { error: JsonObject }
    expect(error.type).toBe('not_found_error')
    for (const word of ['POST /v1/chat/completions', 'gpt-9', 'only.sse', 'anthropic-messages'])
      expect(error.message).toContain(word)
  })
})

describe('a request', () => {
  it('that is cut is answered with 400, and no recording is used up', async () => {
    const server = await replaying([storedOf(recorded(anthropic('x')), 'a')])
    const half = await fetch(`${server.url}/v1/messages`, { method: 'POST', body: '{"mod' })
    expect([half.status, await half.text()]).toEqual([400, expect.stringContaining('is not JSON')])
    expect(await ask(server, { body: question('x') })).toMatchObject({ status: 200, text: anthropic('x') })
  })

  const deep = `{"model":"m","stream":true,"messages":${'['.repeat(50_000)}${']'.repeat(50_000)}}`

  it('that is nested too deep for a hash is answered by what is alike', async () => {
    const server = await replaying([storedOf(recorded(anthropic('x'), asked(question('x'))), 'a')])
    const answer = await fetch(`${server.url}/v1/messages`, { method: 'POST', body: deep })
    expect([answer.status, await answer.text()]).toEqual([200, anthropic('x')])
  })

  it('that was recorded so, without a hash, is no obstacle', async () => {
    const body = parseJson(deep) as JsonObject
    const server = await replaying([storedOf(recorded(anthropic('x'), asked(body)), 'a')])
    expect(await ask(server, { body: question('x') })).toMatchObject({ status: 200, text: anthropic('x') })
  })
})

describe('what a program hands in', () => {
  const sound = recorded(anthropic('x'))

  it.each<[string, ReplayServerOptions['recordings']]>([
    ['a recording that was read', sound],
    ['a list of them', [sound]],
    ['one that is open', storedOf(sound, 'open')],
    ['a folder by itself', join(bundled, 'anthropic-messages')],
  ])('%s is served, and clients are told where', async (_, recordings) => {
    const server = await replaying(recordings)
    expect((await ask(server, { body: question('x') })).status).toBe(200)
    expect(server.env).toMatchObject({ ANTHROPIC_BASE_URL: server.url, OPENAI_BASE_URL: `${server.url}/v1` })
  })

  it.each<[string, unknown, string, RegExp]>([
    ['no recordings', {}, 'bad_argument', /startReplay takes recordings.*undefined/],
    ['a number as one', { recordings: [5] }, 'bad_argument', /startReplay takes recordings.*5/],
    ['no options', undefined, 'bad_option', /the options are undefined/],
    ['an option that there is not', { recordings: [], speed: 1 }, 'bad_option', /no option speed; there are .*pace/],
    ['a match that there is not', { recordings: [], match: 'foo' }, 'bad_option', /match: foo is none of auto/],
    ['a fault that is none', { recordings: [], fault: 'cut-reset' }, 'bad_option', /faultPlan\('cut-reset'\)/],
    ['a plan that is none', { recordings: [], fault: { plan: 'cut-reset' } }, 'bad_option', /faultPlan\('cut-reset'\)/],
    ['a port out of range', { recordings: [], port: 70_000 }, 'bad_option', /port: 70000/],
    ['a port below 0', { recordings: [], port: -1 }, 'bad_option', /port: -1/],
    ['a port that is a text', { recordings: [], port: 'abc' }, 'bad_option', /port: abc/],
    [
      'a status that there is not',
      { recordings: [{ ...sound, header: { ...sound.header, response: { status: 700 } } }] },
      'bad_argument',
      /response\.status/,
    ],
  ])('%s is refused when the server begins', async (_, options, code, message) => {
    await expect(startReplay(options as ReplayServerOptions)).rejects.toMatchObject({
      name: 'MisuseError',
      code,
      message: expect.stringMatching(message),
    })
  })
})

describe('a folder', () => {
  const inside = join(folder, 'mixed')
  const warned: string[] = []

  it('leaves out what is empty or damaged with a warning, looks into folders, and takes numbers as numbers', async () => {
    mkdirSync(join(inside, 'x.sse'), { recursive: true })
    for (const name of ['10000-a.sse', '9999-a.sse', 'x.sse/b.sse']) writeFileSync(join(inside, name), anthropic(name))
    writeFileSync(join(inside, '0-empty.recording'), '')
    writeFileSync(join(inside, '1-bad.recording'), '{"onefold":1,"prov')
    const opened = await openRecordings([inside], (message) => warned.push(message))
    expect(opened.map(({ name }) => name)).toEqual(['9999-a.sse', '10000-a.sse', 'x.sse/b.sse'])
    expect(warned).toEqual([
      expect.stringMatching(/left out: .*0-empty\.recording, line 1: the file is empty/),
      expect.stringMatching(/left out: .*1-bad\.recording, line 1: the header is not JSON/),
    ])
    await expect(openRecordings([join(inside, '0-empty.recording')])).rejects.toMatchObject({ code: 'bad_recording' })
  })

  it('with nothing sound in it is refused', async () => {
    const bad = join(folder, 'only-bad')
    mkdirSync(bad)
    writeFileSync(join(bad, 'a.recording'), '')
    await expect(startReplay({ recordings: [bad] })).rejects.toThrow(/a\.recording, line 1: the file is empty/)
  })
})

describe('a damaged file', () => {
  const HEAD = '{"onefold":1,"dialect":"anthropic-messages","provenance":{"kind":"handwritten"}}\n'
  const FIRST = `[0,${JSON.stringify(anthropic('x').slice(0, 100))}]\n`

  it.each([
    ['is cut in the middle of a line', `${HEAD}${FIRST}[5,"event: con`, 3, /not JSON/],
    ['is cut behind a line', `${HEAD}${FIRST}`, 3, /was cut/],
    ['has base64 that is none', `${HEAD}${FIRST}[5,null,"???"]\n{"end":"eof"}\n`, 3, /base64/],
    ['has a line that is not UTF-8', Buffer.from(`${HEAD}${FIRST}[5,"\xff"]\n{"end":"eof"}\n`, 'latin1'), 3, /UTF-8/],
    ['goes on behind its end', `${HEAD}${FIRST}{"end":"eof"}\n[9,"x"]\n`, 4, /after the end/],
  ])(
    'that %s is served up to there, then the connection breaks, and the log says where',
    async (_, content, line, reason) => {
      const path = file('damaged.recording', content)
      const server = await replaying([path])
      const answer = await ask(server, { body: question('x') })
      expect([answer.text, answer.isWhole]).toEqual([anthropic('x').slice(0, 100), false])
      expect(server.log).toMatchObject([{ ended: 'reset', recording: path, damage: { line } }])
      expect(server.log[0]?.why).toContain(`${path}, line ${line}`)
      expect(server.log[0]?.damage?.reason).toMatch(reason)
      expect((await ask(server, { path: '/v1/other' })).status, 'the server goes on').toBe(404)
    },
  )

  it('whose times run backwards is served whole', async () => {
    const path = file('backwards.recording', `${HEAD}[50,"a"]\n[20,"b"]\n[60,"c"]\n{"end":"eof","ms":10}\n`)
    const server = await replaying([path], { pace: 0.1 })
    expect(await ask(server, { body: question('x') })).toMatchObject({ text: 'abc', isWhole: true })
  })

  it.each([
    ['is empty', '', /line 1: the file is empty/],
    ['is blank', '\n \n', /line 1: the file is empty/],
    [
      'is of a newer version',
      '{"onefold":2,"provenance":{"kind":"captured"}}\n{"end":"eof"}\n',
      /line 1: .*version 2.*Update onefold/,
    ],
    ['has a bad header', '{"onefold":1}\n{"end":"eof"}\n', /line 1: "provenance".*Repair the header/],
    ['has a header that is cut', '{"onefold":1,"prov', /line 1: the header is not JSON.*Repair/],
  ])('that %s is refused when the server begins', async (_, content, message) => {
    const path = file('bad.recording', content)
    await expect(startReplay({ recordings: [path] })).rejects.toMatchObject({
      code: 'bad_recording',
      message: expect.stringMatching(message),
    })
    await expect(startReplay({ recordings: [path] })).rejects.toThrow(path)
  })

  it.each([
    ['a file that there is not', 'none.recording', /no such file/],
    ['a folder without a recording', 'empty', /no recording in it/],
  ])('%s is refused when the server begins', async (_, name, message) => {
    mkdirSync(join(folder, 'empty'), { recursive: true })
    await expect(startReplay({ recordings: [join(folder, name)] })).rejects.toMatchObject({
      code: 'file_not_found',
      message: expect.stringMatching(message),
    })
  })
})

describe('clients', () => {
  it('one that leaves in mid-stream disturbs no other', async () => {
    const slow = recorded([chunk('data: 1\n\n'), chunk('data: 2\n\n', 600_000)], asked(question('slow')))
    const quick = recorded(anthropic('quick'), asked(question('quick')))
    const server = await replaying([storedOf(slow, 'slow'), storedOf(quick, 'quick')], { pace: 1 })
    await new Promise<void>((resolve, reject) => {
      const request = send(
        { port: server.port, host: '127.0.0.1', method: 'POST', path: '/v1/messages' },
        (response) => {
          response.once('data', () => {
            response.destroy()
            resolve()
          })
        },
      )
      request.on('error', reject).end(JSON.stringify(question('slow')))
    })
    expect(await ask(server, { body: question('quick') })).toMatchObject({ text: anthropic('quick'), isWhole: true })
    await expect
      .poll(() => server.log.map(({ ended, recording }) => [recording, ended]))
      .toContainEqual(['slow', 'client_left'])
  })

  it('one that leaves while a recording waits longer than any timer does was not told the rest', async () => {
    const warnings: string[] = []
    const warn = ({ name }: Error): void => void warnings.push(name)
    process.on('warning', warn)
    const server = await replaying([storedOf(recorded([chunk('a'), chunk('b', 1e308)]), 'far')], { pace: 1 })
    const received: string[] = []
    await new Promise<void>((resolve) => {
      const socket = connect(server.port, '127.0.0.1')
      socket.write('POST /v1/messages HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 15\r\n\r\n{"stream":true}')
      socket.on('data', (data) => {
        received.push(data.toString())
        if (received.join('').endsWith('a\r\n')) setTimeout(() => socket.destroy(), 20)
      })
      socket.on('close', () => resolve())
    })
    process.off('warning', warn)
    await expect.poll(() => server.log).toMatchObject([{ ended: 'client_left' }])
    expect([received.join('').includes('b\r\n'), warnings]).toEqual([false, []])
  })

  it('a hundred at once get each their own, and nothing is lost', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `client number ${index} of them`)
    const recordings = names.map((name) => {
      const bytes = Buffer.from(anthropic(name))
      const chunks = Array.from({ length: 20 }, (_, at) => ({
        ms: at,
        bytes: bytes.subarray((at * bytes.length) / 20, ((at + 1) * bytes.length) / 20),
      }))
      return storedOf(recorded(chunks, asked(question(name))), name)
    })
    const server = await replaying(recordings, { pace: 1 })
    const answers = await Promise.all(names.map((name) => ask(server, { body: question(name) })))
    expect(answers.map(({ text, isWhole }) => [text, isWhole])).toEqual(names.map((name) => [anthropic(name), true]))
    expect(new Set(server.log.map(({ recording }) => recording)).size).toBe(100)
  })

  it('a hundred at once that ask the same get each another recording', async () => {
    const recordings = Array.from({ length: 100 }, (_, index) =>
      storedOf(recorded(anthropic(`n ${index}`), asked(question('same'))), `${index}`),
    )
    const server = await replaying(recordings)
    const answers = await Promise.all(recordings.map(() => ask(server, { body: question('same') })))
    expect(new Set(answers.map(({ text }) => text)).size).toBe(100)
  })

  it('whose request is larger than the limit are told so', async () => {
    const server = await replaying([file('only.sse', anthropic('x'))])
    const mebibyte = Buffer.alloc(1024 * 1024, ' ')
    const large = Readable.from(Array.from({ length: 65 }, () => mebibyte))
    const status = await new Promise((resolve) => {
      const request = send(
        { port: server.port, host: '127.0.0.1', method: 'POST', path: '/v1/messages' },
        (response) => {
          resolve(response.statusCode)
          response.destroy()
        },
      )
      request.on('error', () => undefined)
      large.pipe(request)
    })
    expect(status).toBe(413)
  })
})

describe('faults', () => {
  it('break every streamed answer that the plan fits, so many times, and no whole one', async () => {
    const path = join(bundled, 'anthropic-messages/answer-after-tools.recording')
    const server = await replaying([path], { loop: true, fault: { plan: faultPlan('cut-reset'), seed: 3, times: 2 } })
    const clean = (await readRecordingFile(path)).chunks.map(({ bytes }) => Buffer.from(bytes).toString()).join('')
    const whole = await ask(server, { body: question('x', { stream: false }) })
    const answers = [
      await ask(server, { body: question('x') }),
      await ask(server, { body: question('x') }),
      await ask(server, { body: question('x') }),
    ]
    expect(whole.isWhole).toBe(true)
    expect(answers.map(({ isWhole }) => isWhole)).toEqual([false, false, true])
    expect(clean.startsWith(answers[0]?.text ?? 'none')).toBe(true)
    expect(answers[0]?.text).toBe(answers[1]?.text)
    expect(answers[2]?.text).toBe(clean)
    expect(server.log[1]?.why).toMatch(/broken by cut-reset@\d+/)
  })

  it('strike where they are told to', async () => {
    const path = join(bundled, 'anthropic-messages/answer-after-tools.recording')
    const recording = await readRecordingFile(path)
    const plan = faultPlan('cut-reset')
    const place = placesOf(recording, plan)[5] ?? 0
    const broken = breakRecording(recording, plan, { place })
    const server = await replaying([path], { fault: { plan, place } })
    const answer = await ask(server, { body: question('x') })
    expect(answer.frames).toEqual(broken.chunks.map(({ bytes }) => Buffer.from(bytes)))
    expect(server.log[0]?.why).toContain(`broken by cut-reset@${place}`)
  })
})
