/** The official SDK of AWS against a server on loopback: what it makes of a stream is what onefold makes of its bytes. */
import { createServer } from 'node:http'
import { constants, createServer as createServer2 } from 'node:http2'
import type { Server } from 'node:net'
import { readFileSync } from 'node:fs'
import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assemble, fold, readRecording, toNative, type AssistantMessage } from '../../src/index.ts'
import type { Clock } from '../../src/system.ts'
import { chunkFrame, exceptionFrame, joined } from '../support/aws-frames.ts'

interface Answer {
  readonly bytes: Uint8Array
  readonly type: string
  readonly status?: number
  /** The connection breaks instead of ending. */
  readonly breaks?: boolean
}

const FRAMES = 'application/vnd.amazon.eventstream'

function recorded(name: string): Answer {
  const file = `recordings/bedrock-converse/${name}.recording`
  const { header, chunks, ending } = readRecording(readFileSync(file), { name: file })
  const bytes = joined(chunks.map((chunk) => chunk.bytes))
  return { bytes, type: header.response?.contentType ?? FRAMES, breaks: ending === 'reset' }
}

/** By the name of the model that is asked. */
const ANSWERS = new Map<string, Answer>()
/** Breaks the connection that waits for it: once its reader has what was sent, which is lost otherwise. */
let breakNow = (): void => undefined

function answerTo(path = ''): Required<Answer> {
  const [, , model = ''] = path.split('/')
  const missing = { bytes: new TextEncoder().encode('{}'), type: 'application/json', status: 404 }
  return { status: 200, breaks: false, ...(ANSWERS.get(decodeURIComponent(model)) ?? missing) }
}

/** What `fetch` asks. */
const server = createServer((request, response) => {
  request.resume()
  const { status, type, bytes, breaks } = answerTo(request.url)
  response.writeHead(status, { 'content-type': type })
  breakNow = () => void response.destroy()
  response.write(bytes, () => void (breaks || response.end()))
})

/** What the SDK asks, which speaks HTTP/2 with Bedrock. */
const server2 = createServer2()
server2.on('session', (session) => sessions.add(session))
server2.on('stream', (stream, headers) => {
  stream.resume()
  stream.on('error', () => undefined)
  const { status, type, bytes, breaks } = answerTo(headers[':path'])
  stream.respond({ ':status': status, 'content-type': type })
  breakNow = () => stream.close(constants.NGHTTP2_INTERNAL_ERROR)
  stream.write(bytes, () => void (breaks || stream.end()))
})
const sessions = new Set<{ destroy(): void }>()

async function listen(on: Server): Promise<string> {
  await new Promise<void>((resolve) => on.listen(0, '127.0.0.1', resolve))
  const address = on.address()
  return typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : expect.fail('no port')
}

let url = ''
let client: BedrockRuntimeClient

beforeAll(async () => {
  url = await listen(server)
  client = new BedrockRuntimeClient({
    endpoint: await listen(server2),
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  })
})

afterAll(async () => {
  client.destroy()
  for (const session of sessions) session.destroy()
  server.closeAllConnections()
  for (const one of [server, server2]) await new Promise((resolve) => one.close(resolve))
})

function serve(model: string, answer: Answer): string {
  ANSWERS.set(model, answer)
  return model
}

/** Waits for nothing between two attempts. */
const HASTY: Clock = {
  now: () => performance.now(),
  setTimeout: (callback) => setTimeout(callback, 0),
  clearTimeout: (timer: NodeJS.Timeout) => clearTimeout(timer),
}

const MESSAGES = [{ role: 'user' as const, content: [{ text: 'Hi' }] }]

async function sdkStream(modelId: string): Promise<AsyncIterable<object>> {
  const { stream } = await client.send(new ConverseStreamCommand({ modelId, messages: MESSAGES }))
  return stream ?? expect.fail('the SDK gives no stream')
}

const raw = (model: string): Promise<Response> => fetch(`${url}/model/${model}/converse-stream`, { method: 'POST' })

/** Without what only a response has, and the words of an error. */
function bare({ timing: _timing, response: _response, ...message }: AssistantMessage): unknown {
  return message
}

const NAMES = [
  'text-and-two-calls',
  'thinking-and-text',
  'text-and-call-with-cache',
  'repeated-begin-stop-and-metadata',
  'reasoning-citations-and-a-provider-tool',
  'call-cut-by-max-tokens',
  'guardrail',
]

describe('ConverseStream', () => {
  it.each(NAMES)('%s: the events of the SDK, its bytes and the recording give the same message', async (name) => {
    const model = serve(name, recorded(name))
    const expected: unknown = JSON.parse(readFileSync(`recordings/bedrock-converse/${name}.json`, 'utf8'))
    const viaSdk = await assemble(sdkStream(model), { turn: name }).message()
    const named = await assemble(sdkStream(model), { turn: name, dialect: 'bedrock-converse' }).message()
    const viaBytes = await assemble(raw(model), { turn: name }).message()
    expect(bare(viaSdk)).toEqual(expected)
    expect(bare(named)).toEqual(expected)
    expect(bare(viaBytes)).toEqual(expected)
    expect(viaBytes.response).toMatchObject({ status: 200, headers: { 'content-type': FRAMES } })
  })

  it.each(NAMES.filter((name) => !name.startsWith('repeated')))(
    '%s: says what the SDK says: text, calls, stop reason and usage',
    async (name) => {
      const model = serve(name, recorded(name))
      const said = { text: '', thinking: '', calls: new Map<number, { id: string; name: string; input: string }>() }
      let stop: string | undefined
      let usage: unknown
      const { stream } = await client.send(new ConverseStreamCommand({ modelId: model, messages: MESSAGES }))
      for await (const event of stream ?? []) {
        const { contentBlockIndex = -1, start } = event.contentBlockStart ?? {}
        const { toolUse } = start ?? {}
        if (toolUse !== undefined)
          said.calls.set(contentBlockIndex, { id: toolUse.toolUseId ?? '', name: toolUse.name ?? '', input: '' })
        const { contentBlockIndex: index = -1, delta } = event.contentBlockDelta ?? {}
        said.text += delta?.text ?? ''
        said.thinking += delta?.reasoningContent?.text ?? ''
        const call = said.calls.get(index)
        if (call !== undefined) call.input += delta?.toolUse?.input ?? ''
        stop = event.messageStop?.stopReason ?? stop
        usage = event.metadata?.usage ?? usage
      }
      const { content, stop: stopped, rawUsage } = await fold(raw(model))
      const blocksOf = (type: 'text' | 'thinking'): string =>
        content.map((block) => (block.type === type ? block.text : '')).join('')
      expect({ text: blocksOf('text'), thinking: blocksOf('thinking') }).toEqual({
        text: said.text,
        thinking: said.thinking,
      })
      expect(
        content.flatMap((block) =>
          block.type === 'tool_call' ? [{ id: block.id, name: block.name, input: block.arguments }] : [],
        ),
      ).toEqual([...said.calls.values()])
      expect(stopped.raw).toBe(stop)
      expect(rawUsage).toEqual(usage)
    },
  )

  it('quirk 6.16: an exception in mid-stream, which the SDK throws, is the same failure with what came before', async () => {
    const model = serve('exception', recorded('exception-in-mid-stream'))
    const viaSdk = await assemble(sdkStream(model)).message()
    const viaBytes = await assemble(raw(model)).message()
    for (const { outcome, content } of [viaSdk, viaBytes]) {
      const message = 'Too many tokens, please wait before trying again.'
      expect(outcome).toMatchObject({ kind: 'failed', error: { class: 'rate_limit', retryable: true, message } })
      expect(content).toMatchObject([{ text: 'The weather in Zürich is' }])
    }
  })

  it('a refusal by its status, which the SDK throws too, is a failure of its class', async () => {
    const body = new TextEncoder().encode('{"message":"Too many tokens, please wait before trying again."}')
    const model = serve('throttled', { bytes: body, type: 'application/json', status: 429 })
    for (const open of [sdkStream, raw]) {
      expect((await fold(open(model))).outcome).toMatchObject({
        kind: 'failed',
        error: { class: 'rate_limit', status: 429, retryable: true },
      })
    }
  })

  it('a connection that breaks within a frame is a message that was cut', async () => {
    const model = serve('cut', recorded('cut-connection'))
    for (const open of [sdkStream, raw]) {
      const turn = assemble(open(model))
      turn.on('text', () => breakNow())
      const { outcome, content } = await turn.message()
      expect(outcome).toMatchObject({ kind: 'truncated', by: 'reset', error: { class: 'network', retryable: true } })
      expect(content).toMatchObject([{ text: 'The weather in' }])
    }
  })

  it('a source that is opened again after a throttling gives the second answer', async () => {
    const model = serve('again', recorded('exception-in-mid-stream'))
    const open = ({ number }: { readonly number: number }): Promise<AsyncIterable<object>> => {
      if (number > 1) serve('again', recorded('text-and-call-with-cache'))
      return sdkStream(model)
    }
    const message = await assemble(open, { attempts: 2, clock: HASTY }).message()
    expect(message).toMatchObject({ attempt: 2, outcome: { kind: 'complete' }, stop: { reason: 'tool_calls' } })
    expect(message.content).toMatchObject([{ text: 'Ich schaue in Zürich nach. ☔' }, { id: 'tooluse_a1' }])
  })
})

it('Converse: the whole answer of the SDK gives itself back, and so does its body', async () => {
  const model = serve('whole', recorded('whole-json-answer'))
  const { $metadata: _metadata, ...answer } = await client.send(
    new ConverseCommand({ modelId: model, messages: MESSAGES }),
  )
  expect(toNative(await fold(answer))).toEqual(JSON.parse(JSON.stringify(answer)))
  expect(toNative(await fold(raw(model)))).toEqual(
    JSON.parse(new TextDecoder().decode(recorded('whole-json-answer').bytes)),
  )
})

describe('InvokeModelWithResponseStream', () => {
  const EVENTS = [
    {
      type: 'message_start',
      message: { id: 'msg_bdrk_1', type: 'message', role: 'assistant', content: [], model: 'm' },
    },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Grüße 🙂' } },
    { type: 'content_block_stop', index: 0 },
    { type: 'content_block_start', index: 1, content_block: { type: 'tool_use', id: 'toolu_1', name: 'f', input: {} } },
    { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '{"a":1}' } },
    { type: 'content_block_stop', index: 1 },
    { type: 'message_delta', delta: { stop_reason: 'tool_use', stop_sequence: null }, usage: { output_tokens: 9 } },
    { type: 'message_stop', 'amazon-bedrock-invocationMetrics': { inputTokenCount: 1, outputTokenCount: 9 } },
  ]

  async function invoke(modelId: string): Promise<AsyncIterable<object>> {
    const { body } = await client.send(new InvokeModelWithResponseStreamCommand({ modelId, body: '{}' }))
    return body ?? expect.fail('the SDK gives no stream')
  }

  it('Anthropic: the chunks of the SDK and its bytes give the message that Anthropic itself gives', async () => {
    const model = serve('claude', { bytes: joined(EVENTS.map(chunkFrame)), type: FRAMES })
    const plain = bare(await fold(EVENTS))
    expect(plain).toMatchObject({ dialect: 'anthropic-messages', outcome: { kind: 'complete' }, anomalies: [] })
    expect(bare(await fold(invoke(model)))).toEqual(plain)
    expect(bare(await fold(invoke(model), { dialect: 'anthropic-messages' }))).toEqual(plain)
    expect(bare(await fold(raw(model)))).toEqual(plain)
  })

  it('Nova: the chunks of the SDK are the events of Converse', async () => {
    const model = serve('nova', recorded('nova-on-invoke-model'))
    expect(bare(await fold(invoke(model)))).toEqual(bare(await fold(raw(model))))
    expect(await fold(invoke(model))).toMatchObject({ dialect: 'bedrock-converse', outcome: { kind: 'complete' } })
  })

  it('quirk 6.16: an exception that the SDK throws is a failure of its class', async () => {
    const timeout = exceptionFrame('modelTimeoutException', { message: 'Too slow' })
    const model = serve('slow', { bytes: joined([...EVENTS.slice(0, 3).map(chunkFrame), timeout]), type: FRAMES })
    for (const open of [invoke, raw]) {
      const { outcome, content } = await fold(open(model))
      expect(outcome).toMatchObject({
        kind: 'failed',
        error: { class: 'overloaded', retryable: true, message: 'Too slow' },
      })
      expect(content).toMatchObject([{ text: 'Grüße 🙂' }])
    }
  })
})
