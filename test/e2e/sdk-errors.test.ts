/**
 * What the official SDKs throw, measured against a server on loopback: a refusal by its status, also before a second attempt that succeeds,
 * and a payload that the SDK itself cannot read.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createServer2, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import type { Server } from 'node:net'
import Anthropic from '@anthropic-ai/sdk'
import { BedrockRuntimeClient, ConverseStreamCommand } from '@aws-sdk/client-bedrock-runtime'
import { GoogleGenAI } from '@google/genai'
import { CohereClientV2 } from 'cohere-ai'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assemble, fold, type Source } from '../../src/index.ts'
import type { Clock } from '../../src/system.ts'
import { exceptionFrame } from '../support/aws-frames.ts'
import { bodyOf } from './emulator.ts'

/** The SDK's own types need those of a browser. */
interface MistralClient {
  readonly chat: { stream(request: object): Promise<AsyncIterable<object>> }
}
const MISTRAL: string = '@mistralai/mistralai'
const { Mistral }: { readonly Mistral: new (options: object) => MistralClient } = await import(MISTRAL)

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string | Uint8Array
  readonly headers?: Readonly<Record<string, string>>
}

/** The answers still to be given; the last one is given again and again. */
let answers: Answer[] = []
let requests = 0

function answer(request: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse): void {
  request.resume()
  request.on('end', () => {
    requests += 1
    const { status, type, body, headers = {} } = (answers.length > 1 ? answers.shift() : answers[0]) ?? expect.fail()
    response.statusCode = status
    for (const [name, value] of Object.entries({ 'content-type': type, ...headers })) response.setHeader(name, value)
    response.end(body)
  })
}

const server = createServer(answer)
/** The SDK of AWS speaks HTTP/2. */
const server2 = createServer2(answer)
let url = ''
let bedrock: BedrockRuntimeClient

async function listen(on: Server): Promise<string> {
  await new Promise<void>((resolve) => on.listen(0, '127.0.0.1', resolve))
  const address = on.address()
  return typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : expect.fail('no port')
}

beforeAll(async () => {
  url = await listen(server)
  bedrock = new BedrockRuntimeClient({
    endpoint: await listen(server2),
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  })
})

afterAll(async () => {
  bedrock.destroy()
  server.closeAllConnections()
  for (const one of [server, server2]) await new Promise((resolve) => one.close(resolve))
})

const MESSAGES = [{ role: 'user' as const, content: 'Hi' }]

interface Sdk {
  readonly open: () => Source | Promise<Source>
  /** Its error has the headers of the response. */
  readonly hasHeaders: boolean
  /** A whole answer, by the dialect and name of its recording. */
  readonly recording: readonly [Parameters<typeof bodyOf>[0], string]
  readonly type: string
}

const SSE = 'text/event-stream'
const SDKS: Readonly<Record<string, Sdk>> = {
  '@anthropic-ai/sdk': {
    open: () =>
      new Anthropic({ apiKey: 'none', baseURL: url, maxRetries: 0 }).messages.create({
        model: 'any',
        max_tokens: 1,
        messages: MESSAGES,
        stream: true,
      }),
    hasHeaders: true,
    recording: ['anthropic-messages', 'text'],
    type: SSE,
  },
  'openai, chat completions': {
    open: () => openai().chat.completions.create({ model: 'any', messages: MESSAGES, stream: true }),
    hasHeaders: true,
    recording: ['openai-chat', 'text'],
    type: SSE,
  },
  'openai, responses': {
    open: () => openai().responses.create({ model: 'any', input: 'Hi', stream: true }),
    hasHeaders: true,
    recording: ['openai-responses', 'text'],
    type: SSE,
  },
  '@google/genai': {
    open: () =>
      new GoogleGenAI({ apiKey: 'none', httpOptions: { baseUrl: url } }).models.generateContentStream({
        model: 'any',
        contents: 'Hi',
      }),
    hasHeaders: false,
    recording: ['gemini', 'text'],
    type: SSE,
  },
  '@mistralai/mistralai': {
    open: () =>
      new Mistral({ apiKey: 'none', serverURL: url, retryConfig: { strategy: 'none' } }).chat.stream({
        model: 'any',
        messages: MESSAGES,
      }),
    hasHeaders: true,
    recording: ['openai-chat', 'text'],
    type: SSE,
  },
  'cohere-ai': {
    open: () =>
      new CohereClientV2({ token: 'none', environment: url }).chatStream(
        { model: 'any', messages: MESSAGES },
        { maxRetries: 0 },
      ),
    hasHeaders: true,
    recording: ['cohere', 'text'],
    type: SSE,
  },
  ollama: {
    open: () => new Ollama({ host: url }).chat({ model: 'any', messages: MESSAGES, stream: true }),
    hasHeaders: false,
    recording: ['ollama', 'text'],
    type: 'application/x-ndjson',
  },
  // Its whole output, with the stream as a member of it.
  '@aws-sdk/client-bedrock-runtime': {
    open: () =>
      bedrock.send(
        new ConverseStreamCommand({ modelId: 'any', messages: [{ role: 'user', content: [{ text: 'Hi' }] }] }),
      ),
    hasHeaders: true,
    recording: ['bedrock-converse', 'text-and-two-calls'],
    type: 'application/vnd.amazon.eventstream',
  },
}

function openai(): OpenAI {
  return new OpenAI({ apiKey: 'none', baseURL: url, maxRetries: 0 })
}

function refusal(status: number, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers, type: 'application/json', body: '{"message":"not now","error":"not now"}' }
}

/** Waits for nothing between two attempts. */
const HASTY: Clock = {
  now: () => performance.now(),
  setTimeout: (callback) => setTimeout(callback, 0),
  clearTimeout: (timer: NodeJS.Timeout) => clearTimeout(timer),
}

describe.each(Object.entries(SDKS))('%s', (_name, { open, hasHeaders, recording, type }) => {
  it.each([
    [401, 'auth', false],
    [429, 'rate_limit', true],
    [503, 'overloaded', true],
  ] as const)('a refusal with %i is failed, with the class %s', async (status, errorClass, retryable) => {
    answers = [refusal(status)]
    const { outcome } = await fold(open())
    expect(outcome).toMatchObject({ kind: 'failed', error: { class: errorClass, retryable, status } })
    expect(JSON.stringify(outcome)).toContain('not now')
  })

  it('how long to wait is known where the SDK keeps the headers', async () => {
    answers = [refusal(429, { 'retry-after': '7' })]
    const { outcome } = await fold(open())
    const { error } = outcome.kind === 'failed' ? outcome : expect.fail(outcome.kind)
    expect(error.retryAfterMs).toBe(hasHeaders ? 7000 : undefined)
  })

  it('a rate limit is tried again with a second request, a missing key is not', async () => {
    const whole = { status: 200, type, body: bodyOf(...recording) }
    requests = 0
    answers = [refusal(429), whole]
    const again = await assemble(open, { attempts: 2, clock: HASTY }).message()
    expect([again.outcome, again.attempt, requests]).toEqual([{ kind: 'complete' }, 2, 2])
    requests = 0
    answers = [refusal(401), whole]
    const refused = await assemble(open, { attempts: 2, clock: HASTY }).message()
    expect([refused.outcome.kind, requests]).toEqual(['failed', 1])
  })
})

describe('a payload that the SDK cannot read', () => {
  const unreadable = [
    ['@mistralai/mistralai', 'data: {"id":3,"choices":"x"}\n\n'],
    ['@mistralai/mistralai', 'data: {"id":\n\n'],
    ['cohere-ai', 'data: {"id":3,"choices":"x"}\n\n'],
    ['cohere-ai', 'data: {"id":\n\n'],
    ['@google/genai', 'data: {"id":\n\n'],
    ['openai, chat completions', 'data: {"id":\n\n'],
    ['@anthropic-ai/sdk', 'event: message_start\ndata: {"id":\n\n'],
  ] as const

  it.each(unreadable)('%s throws at %j: no fault of the network, and not tried again', async (name, body) => {
    answers = [{ status: 200, type: SSE, body }]
    requests = 0
    const { open } = SDKS[name] ?? expect.fail(name)
    const { outcome } = await assemble(open, { attempts: 3, clock: HASTY }).message()
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: { class: 'malformed', retryable: false, message: expect.stringContaining('cannot be read by the SDK') },
    })
    expect(requests).toBe(1)
  })

  it.each(Object.entries(SDKS).filter(([name]) => !name.startsWith('@aws-sdk')))(
    '%s: an answer that ends within its first event is cut still, and may be tried again',
    async (_name, { open, recording, type }) => {
      answers = [{ status: 200, type, body: bodyOf(...recording).subarray(0, 40) }]
      const { outcome } = await fold(open())
      expect(outcome).toMatchObject({ error: { retryable: true } })
    },
  )

  it('a page behind a 200, which the SDK of Mistral refuses, is malformed', async () => {
    answers = [{ status: 200, type: 'text/html', body: '<html>Sign in</html>' }]
    const { outcome } = await fold(SDKS['@mistralai/mistralai']?.open() ?? expect.fail())
    expect(outcome).toMatchObject({ kind: 'failed', error: { class: 'malformed', retryable: false } })
  })
})

it('an exception of AWS in mid-stream is read from the output of the command too', async () => {
  const { open, type } = SDKS['@aws-sdk/client-bedrock-runtime'] ?? expect.fail()
  answers = [{ status: 200, type, body: exceptionFrame('throttlingException', { message: 'Too many requests' }) }]
  const { outcome } = await fold(open())
  expect(outcome).toMatchObject({ kind: 'failed', error: { class: 'rate_limit', retryable: true } })
})
