/** One question to several endpoints at once, on loopback: what each gives, whatever happens to the others. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { createServer as createRawServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { compare } from '../../src/compare.ts'
import { deepFreeze } from '../../src/json.ts'
import { observeRecording } from '../../src/compare/observed.ts'
import { MisuseError } from '../../src/errors.ts'
import type { Endpoint, LiveApi } from '../../src/node/live/endpoints.ts'
import { starring } from '../../src/node/live/keys.ts'
import { askAll, type LiveAnswer, type LiveEvent } from '../../src/node/live/live.ts'
import { readRecordingFile } from '../../src/node/recording-files.ts'
import { recordingFolder } from '../../src/node/recording-folder.ts'
import { startReplay } from '../../src/node/replay-server.ts'
import { foldRecording } from '../../src/recording/fold-recording.ts'
import type { Recording } from '../../src/recording/format.ts'
import type { RecordingSink } from '../../src/recording/sink.ts'
import { assemble } from '../../src/turn.ts'
import { bodyOf, serve } from '../e2e/emulator.ts'
import { answering, type Answering, type Seen } from '../support/answering.ts'
import { hasSecret } from '../support/secrets.ts'

const root = mkdtempSync(join(tmpdir(), 'onefold-live-'))
const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((own) => own.close()))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

async function server(answer: (asked: Seen, response: ServerResponse) => void): Promise<Answering> {
  const own = await answering(answer)
  open.push(own)
  return own
}

const chat = (name: string, baseUrl: string, more: Partial<Endpoint> = {}): Endpoint => ({
  name,
  api: 'openai-chat',
  baseUrl,
  model: 'm',
  ...more,
})

const SSE = { 'content-type': 'text/event-stream' }
const piece = (content: string, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', model: 'm', choices: [{ index: 0, delta: { content }, finish_reason: finish }] })}\n\n`
const answerWith = (response: ServerResponse, ...pieces: readonly string[]): unknown =>
  response.writeHead(200, SSE).end(pieces.map((text) => piece(text)).join('') + piece('', 'stop') + 'data: [DONE]\n\n')

const recordingOf = (answer: LiveAnswer | undefined): Recording =>
  answer !== undefined && 'recording' in answer ? answer.recording : expect.fail('there is no recording')
const textOf = async (answer: LiveAnswer | undefined): Promise<string> => {
  const { content } = await foldRecording(recordingOf(answer))
  return content.map((block) => (block.type === 'text' ? block.text : '')).join('')
}
const bytesOf = ({ chunks }: Recording): Buffer => Buffer.concat(chunks.map(({ bytes }) => bytes))

describe('each API', () => {
  it.each<readonly [LiveApi, recording: string]>([
    ['anthropic-messages', 'parallel-tools'],
    ['openai-chat', 'text-and-two-tools'],
    ['openai-responses', 'reasoning-summary'],
    ['gemini', 'parallel-tools'],
    ['gemini-interactions', 'thinking-and-tools'],
    ['bedrock-converse', 'text-and-two-calls'],
    ['cohere', 'text-plan-and-two-tools'],
    ['ollama', 'text-and-two-tools'],
    ['mistral-conversations', 'thinking-and-text'],
    ['text-generation', 'tgi'],
  ])('%s: an emulator that sends %s is recorded byte by byte, and is complete', async (api, recorded) => {
    const body = bodyOf(api, recorded)
    const types: Partial<Record<LiveApi, string>> = {
      'bedrock-converse': 'application/vnd.amazon.eventstream',
      ollama: 'application/x-ndjson',
    }
    const emulator = await serve(body, types[api] ?? 'text/event-stream')
    open.push(emulator)
    const [answer] = await askAll([chat('it', emulator.url, { api })], { prompt: 'Hi' })
    const recording = recordingOf(answer)
    expect(answer?.outcome).toEqual({ kind: 'complete' })
    expect(bytesOf(recording)).toEqual(Buffer.from(body))
    expect(recording).toMatchObject({ header: { dialect: api, order: 1 }, ending: 'eof' })
  })

  it('of one replay server gives the bundled recording of its own', async () => {
    const apis = ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini', 'cohere'] as const
    const files = apis.map((api) => fileURLToPath(new URL(`../../recordings/${api}/text.recording`, import.meta.url)))
    const replay = await startReplay({ recordings: files })
    open.push(replay)
    const answers = await askAll(
      apis.map((api) => chat(api, replay.url, { api })),
      { prompt: 'Hi' },
    )
    expect(answers.map(({ endpoint, outcome }) => [endpoint.name, outcome.kind])).toEqual(
      apis.map((api) => [api, 'complete']),
    )
    for (const [index, file] of files.entries()) {
      const { response: _of, ...message } = await foldRecording(recordingOf(answers[index]))
      expect(message).toEqual(await foldRecording(await readRecordingFile(file)))
    }
  })
})

it('all requests are sent before any is answered', async () => {
  const waiting: ServerResponse[] = []
  const barrier = await server((_, response) => {
    waiting.push(response)
    // Whoever asks one after the other waits here for ever.
    if (waiting.length === 3) for (const [index, one] of waiting.entries()) answerWith(one, `answer ${index}`)
  })
  const answers = await askAll(
    ['a', 'b', 'c'].map((name) => chat(name, barrier.url, { model: name })),
    { prompt: 'Hi' },
  )
  expect((await Promise.all(answers.map(textOf))).toSorted()).toEqual(['answer 0', 'answer 1', 'answer 2'])
  expect(barrier.seen.map(({ body }) => body)).toEqual(
    ['a', 'b', 'c'].map((model) => expect.objectContaining({ model, messages: [{ role: 'user', content: 'Hi' }] })),
  )
})

describe('what goes wrong with one endpoint', () => {
  interface Fate {
    readonly what: string
    readonly answer: (response: ServerResponse) => unknown
    readonly outcome: object
    /** What is in the recording; undefined where there is none. */
    readonly text: string | undefined
    readonly ending?: Recording['ending']
  }
  const fates: readonly Fate[] = [
    {
      what: 'is over well',
      answer: (response) => answerWith(response, 'Hi', '!'),
      outcome: { kind: 'complete' },
      text: 'Hi!',
      ending: 'eof',
    },
    {
      what: 'never answers',
      answer: () => undefined,
      outcome: { kind: 'timed_out', budget: 'total' },
      text: undefined,
    },
    {
      what: 'stands still in the middle',
      answer: (response) => response.writeHead(200, SSE).write(piece('Half')),
      outcome: { kind: 'timed_out', budget: 'total' },
      text: 'Half',
      ending: 'abort',
    },
    {
      what: 'is cut in the middle',
      answer: (response) => response.writeHead(200, SSE).write(piece('Half'), () => response.destroy()),
      outcome: { kind: 'truncated', by: 'reset' },
      text: 'Half',
      ending: 'reset',
    },
    {
      what: 'breaks off before it answers',
      answer: (response) => response.destroy(),
      outcome: { kind: 'failed', error: { class: 'network' } },
      text: undefined,
    },
    {
      what: 'refuses the key',
      answer: (response) =>
        response
          .writeHead(401, { 'content-type': 'application/json' })
          .end('{"error":{"message":"no","type":"invalid_request_error"}}'),
      outcome: { kind: 'failed', error: { status: 401, message: 'no' } },
      text: '',
      ending: 'eof',
    },
    {
      what: 'says nothing',
      answer: (response) => response.writeHead(200, SSE).end(),
      outcome: { kind: 'failed' },
      text: '',
      ending: 'eof',
    },
    {
      what: 'never closes its stream behind the end of the message',
      answer: (response) => response.writeHead(200, SSE).write(piece('Hi') + piece('', 'stop') + 'data: [DONE]\n\n'),
      outcome: { kind: 'complete' },
      text: 'Hi',
      ending: 'abort',
    },
  ]

  it('is its own answer, and the others have theirs', async () => {
    const fate = await server(({ path }, response) => fates[Number(path.split('/')[1])]?.answer(response))
    const gone = await answering(() => undefined)
    await gone.close()
    const events: LiveEvent[] = []
    const endpoints = [...fates.map((_, index) => chat(`${index}`, `${fate.url}/${index}/v1`)), chat('down', gone.url)]
    const sink = recordingFolder(join(root, 'fates'), {
      nameOf: ({ order = 0 }) => endpoints[order - 1]?.name ?? '',
    })
    const answers = await askAll(
      endpoints,
      { prompt: 'Hi' },
      { timeoutMs: 400, sink, onEvent: (event) => events.push(event) },
    )
    await sink.close()
    for (const [index, { what, outcome, text, ending }] of fates.entries()) {
      const answer = answers[index]
      expect(answer?.outcome, what).toMatchObject(outcome)
      expect(answer !== undefined && 'recording' in answer, what).toBe(text !== undefined)
      if (text === undefined) continue
      expect(await textOf(answer), what).toBe(text)
      expect(recordingOf(answer).ending, what).toBe(ending)
    }
    expect(answers.at(-1)).toMatchObject({
      message: { content: [], outcome: { kind: 'failed', error: { class: 'network' } } },
    })
    const over = events.filter(({ kind }) => kind === 'over').map(({ endpoint }) => endpoint)
    expect(over.toSorted((a, b) => a - b)).toEqual(endpoints.map((_, index) => index))
    // What is in memory is what is in the file, by the name and the place of the endpoint.
    const recorded = fates.flatMap(({ text }, index) => (text === undefined ? [] : [index]))
    expect(readdirSync(join(root, 'fates')).toSorted()).toEqual(
      recorded.map((index) => `000${index + 1}-${index}.recording`),
    )
    for (const [at, index] of recorded.entries())
      expect(await readRecordingFile(sink.files[at]?.path ?? '')).toEqual(recordingOf(answers[index]))
  })

  it('is no redirect that is followed: the key goes nowhere else, and the address is told without its query', async () => {
    const target = await server((_, response) => answerWith(response, 'caught'))
    const redirecting = await server((_, response) =>
      response.writeHead(307, { location: `${target.url}/login?to=x` }).end(),
    )
    const env = { A_KEY: 'planted-key-1' }
    const [answer] = await askAll([chat('it', redirecting.url, { key: 'A_KEY' })], { prompt: 'Hi' }, { env })
    expect(answer).toMatchObject({
      message: {
        outcome: {
          kind: 'failed',
          error: { status: 307, message: expect.stringContaining(`redirects to ${target.url}/login, which`) },
        },
      },
    })
    expect(JSON.stringify(answer)).not.toMatch(/planted|to=x/)
    expect(target.seen).toEqual([])
  })
})

describe('an answer with a status line of its own kind', () => {
  it.each([
    ['a phrase beyond Latin-1', '400 Запрос неверен', 'invalid_request'],
    ['a control character in the phrase', '429 Slow\u0001down', 'rate_limit'],
    ['a status that there is not', '999 Go away', 'unknown'],
  ])('%s is read as fetch alone gives it', async (_, line, kind) => {
    const body = '{"error":{"message":"model not found"}}'
    const raw = createRawServer((socket) => {
      socket.once('data', () =>
        socket.end(`HTTP/1.1 ${line}\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n${body}`),
      )
    })
    await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve))
    open.push({ close: () => new Promise((resolve) => raw.close(() => resolve())) })
    const url = `http://127.0.0.1:${(raw.address() as AddressInfo).port}`
    const alone = await assemble(fetch(url)).message()
    expect(alone.outcome).toMatchObject({ error: { status: Number(line.slice(0, 3)), message: 'model not found' } })
    const folder = mkdtempSync(join(root, 'status-'))
    const sink = recordingFolder(folder)
    const failures: unknown[] = []
    const onError = (error: unknown): unknown => failures.push(error)
    const [answer] = await askAll([chat('it', url)], { prompt: 'Hi' }, { sink, onError })
    await sink.close()
    expect(answer?.outcome).toMatchObject({ kind: 'failed', error: { class: kind, message: 'model not found' } })
    expect(answer?.outcome).toEqual(alone.outcome)
    const kept = sink.files.find(({ isWhole }) => isWhole)
    // A file holds no status beyond 599, which is told.
    expect(kept === undefined).toBe(line.startsWith('999'))
    expect(failures).toHaveLength(kept === undefined ? 1 : 0)
    const recording = kept === undefined ? recordingOf(answer) : await readRecordingFile(kept.path)
    expect((await foldRecording(recording)).outcome).toEqual(alone.outcome)
  })
})

it('a signal ends all streams, and what has come is there', async () => {
  const endless = await server(({ path }, response) => {
    if (path.startsWith('/slow')) return
    response.writeHead(200, SSE).write(piece('So far'))
  })
  const stop = new AbortController()
  const onEvent = ({ kind }: LiveEvent): void => {
    if (kind === 'delta') stop.abort()
  }
  const endpoints = [chat('a', endless.url), chat('b', `${endless.url}/slow`)]
  const [a, b] = await askAll(endpoints, { prompt: 'Hi' }, { signal: stop.signal, onEvent })
  expect(a).toMatchObject({ outcome: { kind: 'aborted', by: 'signal' }, recording: { ending: 'abort' } })
  expect(await textOf(a)).toBe('So far')
  expect(b).toMatchObject({ message: { outcome: { kind: 'aborted', by: 'signal' } } })
  const [c] = await askAll(endpoints, { prompt: 'Hi' }, { signal: stop.signal })
  expect(c).toMatchObject({ message: { outcome: { kind: 'aborted' } } })
  expect(endless.seen).toHaveLength(2)
})

it('what comes behind the end of the message, and the end of the stream, is recorded', async () => {
  const late = await server((_, response) => {
    response.writeHead(200, SSE).write(piece('Hi') + piece('', 'stop') + 'data: [DONE]\n\n')
    setTimeout(() => response.end(': cost 0.1\n\n'), 50)
  })
  const [answer] = await askAll([chat('it', late.url)], { prompt: 'Hi' })
  expect(recordingOf(answer).ending).toBe('eof')
  expect(bytesOf(recordingOf(answer)).toString()).toMatch(/: cost 0\.1\n\n$/)
})

it('deltas are told as they come, each with its endpoint', async () => {
  const tool =
    'data: {"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t","function":{"name":"f","arguments":"{}"}}]}}]}\n\n'
  const talking = await server((_, response) => {
    const thought = piece('').replace('"content":""', '"reasoning_content":"Hm"')
    response.writeHead(200, SSE).end(thought + piece('Hello') + tool + piece('', 'tool_calls') + 'data: [DONE]\n\n')
  })
  const events: LiveEvent[] = []
  const asking = askAll([chat('it', talking.url)], { prompt: 'Hi' }, { onEvent: (event) => events.push(event) })
  const recording = recordingOf((await asking)[0])
  const [side] = compare([recording, recording]).sides
  expect(events.map(({ ms: _ms, endpoint: _endpoint, ...event }) => event)).toEqual([
    { kind: 'answered', status: 200 },
    { kind: 'delta', of: 'thinking', characters: 2 },
    { kind: 'delta', of: 'text', characters: 5 },
    { kind: 'delta', of: 'tool_call', characters: 0 },
    { kind: 'delta', of: 'tool_call', characters: 2 },
    {
      kind: 'over',
      outcome: { kind: 'complete' },
      // What the report will say of its recording.
      figures: {
        firstTokenMs: side?.times.firstTokenMs,
        endMs: side?.times.endMs,
        deltas: side?.times.deltas,
        characters: 9,
      },
    },
  ])
  const times = events.map(({ ms }) => ms)
  expect(times).toEqual(times.toSorted((a, b) => a - b))
})

describe('a key that is sent back', () => {
  const KEY = 'planted/Key+of=the-test-42'
  const env = { A_KEY: KEY, B_KEY: 'another-planted-key-7' }
  const echoes: readonly (readonly [where: string, answer: (response: ServerResponse) => unknown])[] = [
    ['a text', (response) => answerWith(response, `Your key is ${KEY}.`)],
    ['pieces of a text', (response) => answerWith(response, KEY.slice(0, 9), KEY.slice(9, 15), KEY.slice(15))],
    [
      'bytes that come one by one',
      async (response) => {
        response.writeHead(200, SSE)
        // Each is a chunk of its own only if it is on its way before the next one.
        for (const byte of `${piece(KEY)}: ${KEY}\n\n`) {
          response.write(byte)
          await setImmediate()
        }
        response.end(piece('', 'stop'))
      },
    ],
    [
      'a trailer',
      (response) => {
        response.writeHead(200, { ...SSE, trailer: 'x-request-id' }).write(piece('Hi', 'stop'))
        response.addTrailers({ 'x-request-id': KEY })
        response.end()
      },
    ],
    ['base64', (response) => answerWith(response, Buffer.from(`key ${KEY}`).toString('base64'))],
    [
      'an error',
      (response) =>
        response
          .writeHead(401, { 'content-type': 'application/json' })
          .end(JSON.stringify({ error: { message: `bad key ${KEY}` } })),
    ],
    [
      'a page',
      (response) => response.writeHead(500, { 'content-type': 'text/html' }).end(`<p>${encodeURIComponent(KEY)}`),
    ],
    [
      'headers',
      (response) => answerWith(response.setHeader('x-request-id', KEY).setHeader('server', `it/${KEY}`), 'Hi'),
    ],
    ['a redirect', (response) => response.writeHead(302, { location: `http://127.0.0.1:1/${KEY}?key=${KEY}` }).end()],
    ['the key of another', (response) => answerWith(response, env.B_KEY)],
  ]

  it.each(echoes)('is in no file and no answer, even if the server sends it back in %s', async (where, answer) => {
    const echo = await server((_, response) => answer(response))
    const folder = mkdtempSync(join(root, 'echo-'))
    const sink = recordingFolder(folder)
    const endpoints = [
      chat('a', echo.url, { key: 'A_KEY' }),
      chat('b', echo.url, { key: 'B_KEY', api: 'anthropic-messages' }),
    ]
    const answers = await askAll(endpoints, { prompt: 'Hi' }, { env, sink })
    await sink.close()
    expect(new Set(echo.seen.map(({ headers }) => headers.authorization ?? headers['x-api-key']))).toEqual(
      new Set([`Bearer ${KEY}`, env.B_KEY]),
    )
    const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))
    expect(files).toHaveLength(where === 'a redirect' ? 0 : 2)
    // Decoded, so that no escape and no base64 of chunks hides it.
    const bodies = answers.flatMap((one) => ('recording' in one ? [bytesOf(one.recording).toString()] : []))
    for (const text of [...files, ...bodies, JSON.stringify(answers)])
      for (const secret of [KEY, env.B_KEY]) expect(hasSecret(text, secret)).toBe(false)
  })
})

describe('a key that is no more than a word', () => {
  const claude = (text: string): string =>
    [
      { type: 'message_start', message: { id: 'm1', role: 'assistant', model: 'm', content: [], usage: {} } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 12345678 } },
      { type: 'message_stop' },
    ]
      .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
      .join('')

  it.each([
    'x',
    'data',
    'message',
    'text_delta',
    'assistant',
    'content_block_delta',
    'output_tokens',
    '12345678',
    'not-needed',
    'chat.completion.chunk',
    'finishReason',
  ])('%s is sent, and looked for in no stream: every recording is what came', async (key) => {
    const bodies = [claude('next text'), piece('message data', 'stop').replace('"index"', '"finishReason":0,"index"')]
    const own = await server(({ path }, response) =>
      response.writeHead(200, SSE).end(bodies[path.endsWith('/messages') ? 0 : 1]),
    )
    const endpoints = [
      chat('a', own.url, { key: 'A_KEY', api: 'anthropic-messages', headers: { 'x-route': 'content_block_stop' } }),
      chat('b', own.url),
    ]
    const answers = await askAll(endpoints, { prompt: 'Hi' }, { env: { A_KEY: key } })
    expect(own.seen.map(({ headers }) => [headers['x-api-key'], headers['x-route']])).toContainEqual([
      key,
      'content_block_stop',
    ])
    expect(answers.map((answer) => bytesOf(recordingOf(answer)).toString())).toEqual(bodies)
    expect(answers.map(({ outcome }) => outcome.kind)).toEqual(['complete', 'complete'])
    // Where it stood it is not written either way.
    for (const answer of answers)
      expect(Object.keys(recordingOf(answer).header.request?.headers ?? {})).not.toContain('x-api-key')
  })

  it.each(['local-key-123', 'dummy-secret', 'abcdefgh1', 'abcdefghijklmnopqrstuvwxyz', 'aXbYcZdWeV', '__secret'])(
    '%s is none, and in no recording',
    async (key) => {
      const own = await server((_, response) => answerWith(response, `It is ${key}.`))
      const [answer] = await askAll([chat('a', own.url, { key: 'A_KEY' })], { prompt: 'Hi' }, { env: { A_KEY: key } })
      expect(await textOf(answer)).toBe(`It is ${'*'.repeat(key.length)}.`)
    },
  )
})

it.each<readonly [what: string, answer: ((response: ServerResponse) => unknown) | undefined, why: RegExp]>([
  ['is not there', undefined, /^connect ECONNREFUSED (127\.0\.0\.1|::1):\d+/],
  ['hangs up', (response) => response.destroy(), /other side closed|ECONNRESET|socket hang up/],
  ['refuses without a word', (response) => response.writeHead(401).end(), /./],
  ['refuses in plain words', (response) => response.writeHead(403).end('Not from here'), /Not from here/],
  [
    'refuses by a page',
    (response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad'),
    /HTTP 502/,
  ],
])('a server that %s is an outcome that says so', async (_, answer, why) => {
  const own = await server((__, response) => answer?.(response))
  if (answer === undefined) await own.close()
  // A name of several addresses fails with several errors.
  const baseUrl = answer === undefined ? own.url.replace('127.0.0.1', 'localhost') : own.url
  const [one] = await askAll([chat('it', baseUrl)], { prompt: 'Hi' })
  const outcome = one?.outcome
  if (outcome?.kind !== 'failed') expect.fail(JSON.stringify(outcome))
  expect(outcome.error.message).toMatch(why)
  if (answer === undefined) expect(outcome.error).toMatchObject({ class: 'network' })
})

describe('the key', () => {
  const KEY = 'planted/Key+of=the-test-42'
  const env = { A_KEY: KEY, B_KEY: 'another-planted-key-7' }
  const percent = Array.from(KEY, (char) => `%${char.charCodeAt(0).toString(16)}`).join('')

  it.each([
    ['percent-encoded', `http://127.0.0.1:1/x/${percent}`],
    ['percent-encoded twice', `http://127.0.0.1:1/%zz/${percent.replaceAll('%', '%25')}`],
    [
      'in the name of a host, which is in lower case',
      `http://${KEY.replaceAll(/[^A-Za-z0-9]/g, '-')}.example/`.toLowerCase(),
    ],
    ['as a path of its own', `/${encodeURIComponent(KEY)}`],
  ])('of a redirect is not repeated: %s', async (_, location) => {
    const own = KEY.replaceAll(/[^A-Za-z0-9]/g, '-')
    const redirecting = await server((_asked, response) => response.writeHead(302, { location }).end())
    const [answer] = await askAll(
      [chat('it', redirecting.url, { key: 'A_KEY' })],
      { prompt: 'Hi' },
      { env: { A_KEY: location.includes('planted-key') ? own : KEY } },
    )
    expect(answer?.outcome).toMatchObject({ error: { status: 302, message: expect.stringContaining('redirects to') } })
    const text = JSON.stringify(answer).toLowerCase()
    expect(hasSecret(text, KEY.toLowerCase())).toBe(false)
    expect(text).not.toContain(own.toLowerCase())
  })

  it('is starred in what is handed on, even where a server numbers its pieces', async () => {
    const pieces = Array.from(KEY, (letter, index) => piece(letter).replace('{"id"', `{"piece_index":${index},"id"`))
    const echo = await server((_, response) =>
      response.writeHead(200, SSE).end(`${pieces.join('')}${piece('', 'stop')}data: [DONE]\n\n`),
    )
    const [answer] = await askAll([chat('it', echo.url, { key: 'A_KEY' })], { prompt: 'Hi' }, { env })
    const { messages } = starring([KEY])(observeRecording(recordingOf(answer)))
    expect(messages[0]?.content).toMatchObject([{ type: 'text', text: '*'.repeat(KEY.length) }])
  })

  it('is starred in an error that was put together from pieces', async () => {
    const message = Array.from(KEY, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
    const echo = await server((_, response) =>
      response
        .writeHead(401, { 'content-type': 'application/json' })
        .end(`{"error":{"message":"${message}","code":"x"}}`),
    )
    const over: unknown[] = []
    const [answer] = await askAll(
      [chat('it', echo.url, { key: 'A_KEY' })],
      { prompt: 'Hi' },
      { env, onEvent: (event) => over.push(event) },
    )
    expect(answer?.outcome).toMatchObject({ kind: 'failed', error: { status: 401 } })
    expect(hasSecret(bytesOf(recordingOf(answer)).toString(), KEY)).toBe(false)
    expect(JSON.stringify([answer, over])).not.toContain(KEY)
  })

  const asked: Endpoint = chat('a', 'http://127.0.0.1:1', { key: 'A_KEY' })
  it.each<readonly [where: string, Partial<Endpoint>, { prompt: string; system?: string }, place: string]>([
    ['the prompt', {}, { prompt: `Is ${KEY} right?` }, 'the prompt: '],
    ['the instructions', {}, { prompt: 'Hi', system: KEY }, 'the system prompt: '],
    ['the name', { name: KEY }, { prompt: 'Hi' }, 'endpoints[1].name: '],
    ['the model', { model: KEY }, { prompt: 'Hi' }, 'endpoints[1].model: '],
    ['the address', { baseUrl: `http://127.0.0.1:1/${KEY}` }, { prompt: 'Hi' }, 'endpoints[1].baseUrl: '],
    ['a header', { headers: { 'x-a': KEY } }, { prompt: 'Hi' }, 'endpoints[1].headers: '],
    ['the body', { body: { user: [KEY] } }, { prompt: 'Hi' }, 'endpoints[1].body: '],
  ])('is refused in %s before anything is sent', async (_, more, question, place) => {
    const refusal = await askAll([asked, { ...chat('b', 'http://127.0.0.1:1'), ...more }], question, { env }).catch(
      (error: unknown) => error,
    )
    expect(refusal).toBeInstanceOf(MisuseError)
    expect(String(refusal)).toContain(`${place}it holds the key of endpoints[0], the value of A_KEY`)
    expect(String(refusal)).not.toContain(KEY)
  })

  it('is starred in texts and names at any depth, and everything else stays', () => {
    const nested = (depth: number, text: string): unknown => {
      let value: unknown = text
      for (let level = 0; level < depth; level += 1) value = { a: value }
      return value
    }
    const value = deepFreeze({ z: 1, [`is ${KEY}`]: [KEY, null, 7, undefined], deep: nested(400, KEY) })
    const starred = starring([KEY, undefined, 'short'])(value)
    const stars = '*'.repeat(KEY.length)
    let deepest: unknown = starred.deep
    while (typeof deepest === 'object' && deepest !== null && 'a' in deepest) deepest = deepest.a
    expect(deepest).toBe(stars)
    expect(Object.keys(starred)).toEqual(['z', `is ${stars}`, 'deep'])
    expect(Object.values(starred).slice(0, 2)).toEqual([1, [stars, null, 7, undefined]])
    const clean = { a: ['planted'] }
    expect(starring([KEY])(clean)).toBe(clean)
  })
})

it.each([
  ['an empty prompt', ' \n', {}, 'the prompt is empty'],
  ['a key that is not set', 'Hi', {}, 'the endpoint b: the environment variable B_KEY is not set'],
])('nothing is sent for %s', async (_, prompt, env, why) => {
  const untouched = await server((__, response) => response.end())
  const endpoints = [chat('a', untouched.url), chat('b', untouched.url, { key: 'B_KEY' })]
  const asked = askAll(endpoints, { prompt }, { env })
  await expect(asked).rejects.toThrow(MisuseError)
  await expect(asked).rejects.toThrow(why)
  expect(untouched.seen).toEqual([])
})

it.each(['open', 'chunk', 'end'])('a sink that fails in %s is told once, and the answers are there', async (where) => {
  const fine = await server((_, response) => answerWith(response, 'Hi'))
  const errors: unknown[] = []
  const failing = (here: string) => (): void => {
    if (here === where) throw new Error('no room')
  }
  const sink: RecordingSink = {
    open() {
      failing('open')()
      return { chunk: failing('chunk'), end: failing('end') }
    },
  }
  const onError = (error: unknown): number => errors.push(error)
  const [answer] = await askAll([chat('it', fine.url)], { prompt: 'Hi' }, { sink, onError })
  expect(answer?.outcome.kind).toBe('complete')
  expect(await textOf(answer)).toBe('Hi')
  expect(errors).toEqual([new Error('no room')])
})
