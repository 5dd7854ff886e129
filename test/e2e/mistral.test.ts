/**
 * `@mistralai/mistralai` against a server on loopback that sends recorded bytes: what the SDK's streams give goes through `assemble` and
 * comes to the same as the bytes, and both say what the SDK itself says.
 */
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assemble, toNative, type AssistantMessage, type Dialect } from '../../src/index.ts'
import { parseRecording } from '../../src/recording/format.ts'

/** The SDK's own types need those of a browser. */
interface Client {
  readonly chat: { stream(request: object): Promise<AsyncIterable<unknown>> }
  readonly beta: { readonly conversations: { startStream(request: object): Promise<AsyncIterable<unknown>> } }
}
const SDK: string = '@mistralai/mistralai'
const { Mistral }: { readonly Mistral: new (options: object) => Client } = await import(SDK)

/** The body that the server sends, by the path of the recording under which it is asked for. */
function bodyOf(path: string): Uint8Array {
  const name = `recordings/${path}.recording`
  const { chunks } = parseRecording(readFileSync(name, 'utf8'), { name })
  return Uint8Array.from(chunks.flatMap(({ bytes }) => [...bytes]))
}

let server: Server | undefined
let origin = ''
beforeAll(async () => {
  const own = createServer((request, response) => {
    const [, path = ''] = /^\/(.*?)\/v1\//.exec(request.url ?? '') ?? []
    request.resume()
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end(bodyOf(decodeURIComponent(path)))
  })
  server = own
  await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve))
  const address = own.address()
  origin = typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : ''
})
afterAll(() => server?.close())

function client(recording: string): Client {
  return new Mistral({
    apiKey: 'none',
    serverURL: `${origin}/${encodeURIComponent(recording)}`,
    retryConfig: { strategy: 'none' },
  })
}

function raw(recording: string): Promise<AssistantMessage> {
  const path = `${encodeURIComponent(recording)}/v1/any`
  return assemble(fetch(`${origin}/${path}`, { method: 'POST', body: '{}' })).message()
}

/** What the SDK leaves of a message: no decoded event brings `[DONE]`, and the SDK shortens times. */
function told({ content, stop, usage, outcome, id, model }: AssistantMessage): unknown {
  return { content, stop, usage, outcome, id, model }
}

async function* tapped<T>(stream: AsyncIterable<T>, seen: T[]): AsyncIterable<T> {
  for await (const event of stream) {
    seen.push(event)
    yield event
  }
}

describe('chat.stream of the SDK', () => {
  const recordings = ['mistral-content-parts', 'mistral-calls', 'text']
  const ways: readonly (Dialect | undefined)[] = [undefined, 'openai-chat']
  it.each(recordings.flatMap((name) => ways.map((dialect) => [name, dialect] as const)))(
    'I7: %s, with the dialect %s, is the message of the bytes',
    async (name, dialect) => {
      const recording = `openai-chat/${name}`
      const seen: unknown[] = []
      const stream = await client(recording).chat.stream({ model: 'any', messages: [{ role: 'user', content: 'Hi' }] })
      const message = await assemble(tapped(stream, seen), dialect === undefined ? {} : { dialect }).message()
      const bytes = await raw(recording)
      expect(message.dialect).toBe('openai-chat')
      expect(told(message)).toEqual(told(bytes))
      const own = Object(toNative(message)).choices[0]
      const wire = Object(toNative(bytes)).choices[0]
      expect(own.message).toEqual({ ...wire.message })
      expect(own.finish_reason).toBe(wire.finish_reason)

      const deltas = seen.map((event) => Object(event).data.choices[0]?.delta ?? {})
      const texts = deltas.flatMap(({ content }) => (typeof content === 'string' ? [content] : partTexts(content)))
      const text = message.content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('')
      expect(text).toBe(texts.join(''))
      const names = deltas.flatMap(({ toolCalls = [] }) =>
        (toolCalls ?? []).map((call: unknown) => Object(call).function.name),
      )
      const calls = message.content.flatMap((block) => (block.type === 'tool_call' ? [block.name] : []))
      expect(calls).toEqual(names.filter((one) => one !== ''))
      const usage = seen.map((event) => Object(event).data.usage).findLast(Boolean)
      expect(message.usage.outputTokens).toBe(usage?.completionTokens)
    },
  )
})

function partTexts(content: unknown): string[] {
  return Array.isArray(content) ? content.flatMap((part) => (typeof part.text === 'string' ? [part.text] : [])) : []
}

describe('conversations.startStream of the SDK', () => {
  const recordings = [
    'text',
    'web-search-with-references',
    'handoff-and-two-functions',
    'thinking-and-text',
    'error-in-mid-stream',
  ]
  it.each(
    recordings.flatMap((name) =>
      [undefined, 'mistral-conversations' as const].map((dialect) => [name, dialect] as const),
    ),
  )('I7: %s, with the dialect %s, is the message of the bytes', async (name, dialect) => {
    const recording = `mistral-conversations/${name}`
    const seen: unknown[] = []
    const stream = await client(recording).beta.conversations.startStream({ model: 'any', inputs: 'Hi' })
    const message = await assemble(tapped(stream, seen), dialect === undefined ? {} : { dialect }).message()
    const bytes = await raw(recording)
    expect(message.dialect).toBe('mistral-conversations')
    expect(dateless(told(message))).toEqual(dateless(told(bytes)))
    expect(message.rawUsage).toEqual(bytes.rawUsage)
    // The type of the SDK has no `function`, which stands on the wire.
    const { outputs } = Object(dateless(toNative(bytes)))
    for (const output of outputs) delete output.function
    expect(Object(dateless(toNative(message))).outputs).toEqual(outputs)

    const said = seen.map((event) => Object(event).data).filter(({ type }) => type === 'message.output.delta')
    const texts = said.flatMap(({ content }) => (typeof content === 'string' ? [content] : partTexts([content])))
    const text = message.content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('')
    expect(text).toBe(texts.join(''))
    const usage = seen.map((event) => Object(event).data.usage).findLast(Boolean)
    expect(message.usage.inputTokens).toBe(usage?.promptTokens)
  })
})

/** The SDK makes dates of times, which are no more exact than a millisecond. */
function dateless(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (name, item) => (name === 'created_at' ? 'a time' : item))
}
