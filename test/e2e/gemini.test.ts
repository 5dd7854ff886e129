/**
 * The official SDK of Gemini against a server on loopback that gives the recordings: its stream, folded, is the message that the same bytes
 * give, and what the SDK itself says of text, calls and usage agrees.
 */
import { createServer, type Server } from 'node:http'
import { readFileSync } from 'node:fs'
import { GoogleGenAI, type GenerateContentResponse } from '@google/genai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assemble, parseRecording, toNative, type AssistantMessage } from '../../src/index.ts'

let server: Server
let baseUrl = ''

/** The first segment of the path says which recording is asked for. */
beforeAll(async () => {
  server = createServer((request, response) => {
    const [, dialect = '', name = ''] = (request.url ?? '').split('/')
    const { header, chunks, ending } = recordingOf(dialect, name)
    const { status = 200, contentType = 'text/event-stream' } = header.response ?? {}
    request.resume()
    response.writeHead(status, { 'content-type': contentType })
    for (const { bytes } of chunks) response.write(bytes)
    if (ending === 'reset') response.destroy()
    else response.end()
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port')
  baseUrl = `http://127.0.0.1:${address.port}`
})

afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => {
    server.close(resolve)
  })
})

function recordingOf(dialect: string, name: string) {
  const path = `recordings/${dialect}/${name}.recording`
  return parseRecording(readFileSync(path, 'utf8'), { name: path })
}

/** For Google AI the SDK reads a list of citations under its older name only; for Vertex it gives on what it gets. */
const OF_VERTEX: ReadonlySet<string> = new Set(['search-and-citations', 'streamed-arguments'])

function client(dialect: string, name: string): GoogleGenAI {
  const vertexai = OF_VERTEX.has(name)
  return new GoogleGenAI({ apiKey: 'none', vertexai, httpOptions: { baseUrl: `${baseUrl}/${dialect}/${name}` } })
}

const REQUEST = { model: 'gemini-3-pro-preview', contents: 'Hi' }

/** Without what a fetched response adds, and what each run measures anew. */
function plain({ timing: _timing, response: _response, ...message }: AssistantMessage): object {
  return message
}

async function ofBytes(dialect: string, name: string): Promise<readonly AssistantMessage[]> {
  return assemble(fetch(`${baseUrl}/${dialect}/${name}/raw`)).messages()
}

async function all<T>(stream: Promise<AsyncIterable<T>>): Promise<T[]> {
  const items: T[] = []
  for await (const item of await stream) items.push(item)
  return items
}

const RECORDINGS = [
  'text',
  'thinking-and-signatures',
  'parallel-tools',
  'code-execution',
  'search-and-citations',
  'blocked-prompt',
  'image',
  'two-candidates',
  'streamed-arguments',
]

describe('the stream of generateContentStream', () => {
  it.each(RECORDINGS)('%s gives the message of the bytes, by detection and by name', async (name) => {
    const expected = (await ofBytes('gemini', name)).map(plain)
    const open = () => client('gemini', name).models.generateContentStream(REQUEST)
    expect((await assemble(open()).messages()).map(plain)).toEqual(expected)
    expect((await assemble(open(), { dialect: 'gemini' }).messages()).map(plain)).toEqual(expected)
  })

  it.each(RECORDINGS.filter((name) => !['two-candidates', 'streamed-arguments'].includes(name)))(
    '%s says what the SDK says',
    async (name) => {
      const stream = client('gemini', name).models.generateContentStream(REQUEST)
      const chunks: GenerateContentResponse[] = await all(stream)
      const message = await assemble(chunks).message()
      const text = message.content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('')
      expect(text).toBe(chunks.map((chunk) => textOf(chunk)).join(''))
      const calls = message.content.filter((block) => block.type === 'tool_call' && block.origin === 'client')
      expect(calls.map((call) => ('input' in call ? [call.name, call.input] : call))).toEqual(
        chunks.flatMap((chunk) => (chunk.functionCalls ?? []).map((call) => [call.name, call.args])),
      )
      const { usageMetadata: usage = {} } = chunks.at(-1) ?? {}
      expect(message.usage.inputTokens).toBe((usage.promptTokenCount ?? 0) + (usage.toolUsePromptTokenCount ?? 0))
    },
  )

  it('what the SDK leaves out of a chunk is all that differs: the message of the finish', async () => {
    const [expected] = await ofBytes('gemini', 'malformed-call')
    const stream = client('gemini', 'malformed-call').models.generateContentStream(REQUEST)
    const { content, stop, outcome } = await assemble(stream).message()
    expect({ content, stop, kind: outcome.kind }).toEqual({
      content: expected?.content,
      stop: expected?.stop,
      kind: 'failed',
    })
  })

  it('an error in mid-stream, which the SDK throws in one form or another, leaves what came before', async () => {
    const [expected] = await ofBytes('gemini', 'error-in-mid-stream')
    expect(expected?.outcome).toMatchObject({ kind: 'failed', error: { class: 'overloaded', retryable: true } })
    const stream = client('gemini', 'error-in-mid-stream').models.generateContentStream(REQUEST)
    const message = await assemble(stream).message()
    expect(message.content).toEqual(expected?.content)
    expect(message.outcome.kind).not.toBe('complete')
  })

  it('an error before the stream, which the SDK throws, is the one of the body', async () => {
    const [expected] = await ofBytes('gemini', 'rate-limited-429')
    expect(expected?.outcome).toMatchObject({ kind: 'failed', error: { class: 'rate_limit', status: 429 } })
    const stream = client('gemini', 'rate-limited-429').models.generateContentStream(REQUEST)
    const { outcome } = await assemble(stream).message()
    expect(outcome).toMatchObject({ kind: 'failed', error: { class: 'rate_limit', retryable: true, status: 429 } })
  })
})

describe('a whole answer', () => {
  it('of generateContent is the message of the body, and goes back as the SDK has it', async () => {
    const answer = await client('gemini', 'whole-json-answer').models.generateContent(REQUEST)
    const message = await assemble([answer]).message()
    expect([plain(message)]).toEqual((await ofBytes('gemini', 'whole-json-answer')).map(plain))
    const { sdkHttpResponse: _response, ...own } = JSON.parse(JSON.stringify(answer))
    expect(toNative(message)).toEqual(own)
  })
})

describe('the stream of interactions', () => {
  it.each(['text', 'thinking-and-tools', 'search-image-and-annotations', 'cut-by-length'])(
    '%s gives the message of the bytes',
    async (name) => {
      const expected = (await ofBytes('gemini-interactions', name)).map(plain)
      const open = () =>
        client('gemini-interactions', name).interactions.create({
          model: 'gemini-3-flash-preview',
          input: 'Hi',
          stream: true,
        })
      expect((await assemble(open()).messages()).map(plain)).toEqual(expected)
      expect((await assemble(open(), { dialect: 'gemini-interactions' }).messages()).map(plain)).toEqual(expected)
    },
  )
})

/** The texts of a chunk, which the SDK's own getter joins with a warning where there is anything else. */
function textOf({ candidates = [] }: GenerateContentResponse): string {
  const parts = candidates.flatMap(({ content }) => content?.parts ?? [])
  return parts.map(({ text = '', thought }) => (thought ? '' : text)).join('')
}
