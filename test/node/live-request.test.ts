/** What each API is sent: path, headers and body as the server sees them, and as the official SDKs send them to the same base URL. */
import { BedrockRuntimeClient, ConverseStreamCommand } from '@aws-sdk/client-bedrock-runtime'
import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import { CohereClientV2 } from 'cohere-ai'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import type { Endpoint, LiveApi } from '../../src/node/live/endpoints.ts'
import { requestOf, type LiveRequest, type Question } from '../../src/node/live/request.ts'
import { answering, type Answering, type Seen } from '../support/answering.ts'

const KEY = 'the-key-of-the-test'
const QUESTION: Question = { prompt: 'Hi  there\n', system: 'Be kind.', maxTokens: 7 }

const endpoint = (api: LiveApi, more: Partial<Endpoint> = {}): Endpoint => ({
  name: 'it',
  api,
  baseUrl: 'http://127.0.0.1:1',
  model: 'm',
  ...more,
})

const BEARER = { authorization: `Bearer ${KEY}` }
const GOOGLE = { 'x-goog-api-key': KEY }
const MESSAGES = [
  { role: 'system', content: 'Be kind.' },
  { role: 'user', content: 'Hi  there\n' },
]

const rows: readonly (readonly [LiveApi, path: string, headers: object, body: JsonObject])[] = [
  [
    'anthropic-messages',
    '/v1/messages',
    { 'x-api-key': KEY, 'anthropic-version': '2023-06-01' },
    {
      model: 'm',
      max_tokens: 7,
      system: 'Be kind.',
      messages: [{ role: 'user', content: 'Hi  there\n' }],
      stream: true,
    },
  ],
  [
    'openai-chat',
    '/v1/chat/completions',
    BEARER,
    { model: 'm', messages: MESSAGES, max_tokens: 7, stream: true, stream_options: { include_usage: true } },
  ],
  ['openai-responses', '/v1/responses', BEARER, { model: 'm', input: MESSAGES, max_output_tokens: 7, stream: true }],
  [
    'gemini',
    '/v1beta/models/m:streamGenerateContent?alt=sse',
    GOOGLE,
    {
      contents: [{ role: 'user', parts: [{ text: 'Hi  there\n' }] }],
      systemInstruction: { parts: [{ text: 'Be kind.' }] },
      generationConfig: { maxOutputTokens: 7 },
    },
  ],
  [
    'gemini-interactions',
    '/v1beta/interactions',
    GOOGLE,
    {
      model: 'm',
      input: 'Hi  there\n',
      system_instruction: 'Be kind.',
      generation_config: { max_output_tokens: 7 },
      stream: true,
    },
  ],
  [
    'bedrock-converse',
    '/model/m/converse-stream',
    BEARER,
    {
      messages: [{ role: 'user', content: [{ text: 'Hi  there\n' }] }],
      system: [{ text: 'Be kind.' }],
      inferenceConfig: { maxTokens: 7 },
    },
  ],
  ['cohere', '/v2/chat', BEARER, { model: 'm', messages: MESSAGES, max_tokens: 7, stream: true }],
  ['ollama', '/api/chat', BEARER, { model: 'm', messages: MESSAGES, options: { num_predict: 7 }, stream: true }],
  [
    'mistral-conversations',
    '/v1/conversations',
    BEARER,
    { model: 'm', inputs: 'Hi  there\n', instructions: 'Be kind.', completion_args: { max_tokens: 7 }, stream: true },
  ],
  [
    'text-generation',
    '/generate_stream',
    BEARER,
    { inputs: 'Be kind.\n\nHi  there\n', parameters: { max_new_tokens: 7 } },
  ],
]

describe('the request', () => {
  it.each(rows)('of %s has its path, its headers and its body', (api, path, headers, body) => {
    const { url, ...request } = requestOf(endpoint(api), QUESTION, KEY)
    expect(url).toBe(`http://127.0.0.1:1${path}`)
    expect(request.headers).toEqual({ 'content-type': 'application/json', 'user-agent': 'onefold', ...headers })
    expect(request.body).toEqual(body)
  })

  it.each(rows)('of %s says nothing of what was not given', (api) => {
    const { headers, body } = requestOf(endpoint(api), { prompt: 'Hi' }, undefined)
    expect(JSON.stringify(headers)).not.toMatch(/key|authorization/i)
    expect(JSON.stringify(body)).not.toMatch(/system|instruct|null/i)
    // Anthropic takes none without a limit.
    expect(JSON.stringify(body).match(/"[a-z_]*max[a-z_]*":\d+/i)?.[0]).toBe(
      api === 'anthropic-messages' ? '"max_tokens":4096' : undefined,
    )
  })

  it.each<readonly [LiveApi, base: string, path: string]>([
    ['anthropic-messages', 'https://api.anthropic.com/', 'https://api.anthropic.com/v1/messages'],
    ['anthropic-messages', 'https://x.org/v1', 'https://x.org/v1/messages'],
    ['anthropic-messages', 'https://x.org/v1/team/anthropic', 'https://x.org/v1/team/anthropic/v1/messages'],
    ['anthropic-messages', 'https://x.org/anthropic/v1/messages', 'https://x.org/anthropic/v1/messages'],
    ['openai-chat', 'https://api.openai.com/v1', 'https://api.openai.com/v1/chat/completions'],
    ['openai-chat', 'https://api.openai.com', 'https://api.openai.com/v1/chat/completions'],
    ['openai-chat', 'http://127.0.0.1:11434', 'http://127.0.0.1:11434/v1/chat/completions'],
    ['openai-chat', 'https://x.org/api/paas/v4/', 'https://x.org/api/paas/v4/chat/completions'],
    ['openai-chat', 'https://x.org/v1beta/openai', 'https://x.org/v1beta/openai/chat/completions'],
    ['openai-chat', 'https://x.org/inference/chat/completions', 'https://x.org/inference/chat/completions'],
    ['openai-responses', 'https://x.openai.azure.com/openai/v1/', 'https://x.openai.azure.com/openai/v1/responses'],
    ['gemini', 'https://x.org/v1', 'https://x.org/v1/models/m:streamGenerateContent?alt=sse'],
    ['cohere', 'https://api.cohere.com/v2', 'https://api.cohere.com/v2/chat'],
    ['ollama', 'http://[::1]:11434/api', 'http://[::1]:11434/api/chat'],
    ['ollama', 'http://x.org/ollama', 'http://x.org/ollama/api/chat'],
    ['mistral-conversations', 'https://api.mistral.ai/v1', 'https://api.mistral.ai/v1/conversations'],
    ['text-generation', 'http://x.org/v1', 'http://x.org/v1/generate_stream'],
  ])('of %s to %s goes to %s', (api, baseUrl, url) => {
    expect(requestOf(endpoint(api, { baseUrl }), QUESTION, undefined).url).toBe(url)
  })

  it.each<readonly [LiveApi, model: string, path: string]>([
    ['gemini', 'models/m', '/v1beta/models/m:streamGenerateContent?alt=sse'],
    ['gemini', 'tunedModels/m', '/v1beta/tunedModels/m:streamGenerateContent?alt=sse'],
    ['gemini', 'a?b#c d', '/v1beta/models/a%3Fb%23c%20d:streamGenerateContent?alt=sse'],
    ['bedrock-converse', 'arn:aws:x/y', '/model/arn%3Aaws%3Ax%2Fy/converse-stream'],
  ])('of %s for the model %s is well-formed', (api, model, path) => {
    expect(requestOf(endpoint(api, { model }), QUESTION, undefined).url).toBe(`http://127.0.0.1:1${path}`)
  })

  it.each([
    ['https://api.openai.com/v1', 'max_completion_tokens'],
    ['https://x.openai.azure.com/openai/v1', 'max_completion_tokens'],
    ['https://notopenai.com/v1', 'max_tokens'],
  ])('to %s limits the answer as it is understood there', (baseUrl, name) => {
    expect(requestOf(endpoint('openai-chat', { baseUrl }), QUESTION, undefined).body).toMatchObject({ [name]: 7 })
  })

  it('has the body of the endpoint merged into it, field by field, and null takes a field out', () => {
    const own: JsonObject = JSON.parse(
      '{"stream_options":null,"max_tokens":9,"tools":[null],"reasoning":{"effort":"low","no":null},"__proto__":{"a":1}}',
    )
    const { body } = requestOf(endpoint('openai-chat', { body: own }), { prompt: 'Hi', maxTokens: 5 }, undefined)
    expect(JSON.stringify(body)).toBe(
      '{"model":"m","messages":[{"role":"user","content":"Hi"}],"max_tokens":9,"stream":true,"tools":[null],"reasoning":{"effort":"low"},"__proto__":{"a":1}}',
    )
    const gemini = endpoint('gemini', { body: { generationConfig: { temperature: 0 } }, maxTokens: 3 })
    expect(requestOf(gemini, QUESTION, undefined).body.generationConfig).toEqual({ maxOutputTokens: 3, temperature: 0 })
  })

  it('has the headers of the endpoint in place of its own', () => {
    const headers = { 'anthropic-version': '2026-10-21', 'anthropic-beta': 'x' }
    expect(requestOf(endpoint('anthropic-messages', { headers }), QUESTION, KEY).headers).toMatchObject(headers)
  })
})

/** What an SDK sends, whatever it makes of the answer. */
interface Oracle {
  readonly api: LiveApi
  /** Behind the address of the server. */
  readonly base: string
  readonly ask: (baseUrl: string) => Promise<unknown>
  /** Where the SDK and the documentation of the vendor go apart. */
  readonly but?: (request: LiveRequest['headers']) => LiveRequest['headers']
}

const MESSAGE = { role: 'user' as const, content: 'Hi' }
const SDK: string = '@mistralai/mistralai'
interface MistralClient {
  readonly beta: { readonly conversations: { startStream(request: object): Promise<unknown> } }
}

const oracles: readonly Oracle[] = [
  ...['', '/prefix'].map((base): Oracle => ({
    api: 'anthropic-messages',
    base,
    ask: (baseURL) =>
      new Anthropic({ apiKey: KEY, baseURL, maxRetries: 0 }).messages.create({
        model: 'm',
        max_tokens: 5,
        messages: [MESSAGE],
        stream: true,
      }),
    // The SDK sends the key as a bearer token; the documented header is the one that older imitators know.
    but: ({ 'x-api-key': key, ...headers }) => ({
      ...headers,
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      'anthropic-version': '2026-10-21',
    }),
  })),
  ...['/v1', '/api/paas/v4', '/v1beta/openai'].map((base): Oracle => ({
    api: 'openai-chat',
    base,
    ask: (baseURL) =>
      new OpenAI({ apiKey: KEY, baseURL, maxRetries: 0 }).chat.completions.create({
        model: 'm',
        messages: [MESSAGE],
        max_tokens: 5,
        stream: true,
        stream_options: { include_usage: true },
      }),
  })),
  {
    api: 'openai-responses',
    base: '/openai/v1',
    ask: (baseURL) =>
      new OpenAI({ apiKey: KEY, baseURL, maxRetries: 0 }).responses.create({
        model: 'm',
        input: [MESSAGE],
        max_output_tokens: 5,
        stream: true,
      }),
  },
  {
    api: 'gemini',
    base: '/prefix',
    ask: (baseUrl) =>
      new GoogleGenAI({ apiKey: KEY, vertexai: false, httpOptions: { baseUrl } }).models.generateContentStream({
        model: 'm',
        contents: 'Hi',
        config: { maxOutputTokens: 5 },
      }),
  },
  {
    api: 'gemini-interactions',
    base: '',
    ask: (baseUrl) =>
      new GoogleGenAI({ apiKey: KEY, vertexai: false, httpOptions: { baseUrl } }).interactions.create({
        model: 'm',
        input: 'Hi',
        stream: true,
        generation_config: { max_output_tokens: 5 },
      }),
  },
  {
    api: 'cohere',
    base: '/prefix',
    ask: (environment) =>
      new CohereClientV2({ token: KEY, environment }).chatStream({ model: 'm', messages: [MESSAGE], maxTokens: 5 }),
  },
  {
    api: 'ollama',
    base: '',
    ask: (host) =>
      new Ollama({ host, headers: { authorization: `Bearer ${KEY}` } }).chat({
        model: 'm',
        messages: [MESSAGE],
        options: { num_predict: 5 },
        stream: true,
      }),
  },
  {
    api: 'mistral-conversations',
    base: '/prefix',
    ask: async (serverURL) => {
      const { Mistral }: { readonly Mistral: new (options: object) => MistralClient } = await import(SDK)
      return new Mistral({ apiKey: KEY, serverURL, retryConfig: { strategy: 'none' } }).beta.conversations.startStream({
        model: 'm',
        inputs: 'Hi',
        completionArgs: { maxTokens: 5 },
      })
    },
  },
]

const CREDENTIALS = ['authorization', 'x-api-key', 'x-goog-api-key', 'anthropic-version', 'content-type']

describe('the official SDKs', () => {
  let server: Answering
  beforeAll(async () => {
    server = await answering((_, response) => response.writeHead(418, { 'content-type': 'application/json' }).end('{}'))
  })
  afterAll(() => server.close())

  it.each(oracles)(
    'send to $base what is sent to it here: $api',
    async ({ api, base, ask, but = (headers) => headers }) => {
      const baseUrl = server.url + base
      const before = server.seen.length
      // An SDK may wait for its reader before it sends.
      const asked = await ask(baseUrl).catch(() => undefined)
      if (server.seen.length === before && isIterable(asked))
        await asked[Symbol.asyncIterator]()
          .next()
          .catch(() => undefined)
      const theirs: Seen = server.seen[before] ?? expect.fail('the SDK sent nothing')
      const ours = requestOf(endpoint(api, { baseUrl }), { prompt: 'Hi', maxTokens: 5 }, KEY)
      const headers = but(ours.headers)
      expect([theirs.method, server.url + theirs.path]).toEqual(['POST', ours.url])
      expect(
        Object.fromEntries(CREDENTIALS.flatMap((name) => (name in headers ? [[name, headers[name]]] : []))),
      ).toEqual(
        Object.fromEntries(
          CREDENTIALS.flatMap((name) => (name in theirs.headers ? [[name, theirs.headers[name]]] : [])),
        ),
      )
      expect(ours.body).toEqual(theirs.body)
    },
  )

  it('send to Bedrock what is sent to it here, with an API key of Bedrock', async () => {
    // The SDK speaks HTTP/2, so what it would send is looked at where it hands it over.
    let theirs:
      | { readonly path: string; readonly headers: Readonly<Record<string, string>>; readonly body: Uint8Array }
      | undefined
    const client = new BedrockRuntimeClient({
      region: 'eu-west-1',
      endpoint: 'https://x.org/prefix',
      token: { token: KEY },
      authSchemePreference: ['httpBearerAuth'],
      maxAttempts: 1,
      requestHandler: {
        handle(request: typeof theirs) {
          theirs = request
          return Promise.reject(new Error('enough'))
        },
      },
    })
    const modelId = 'eu.anthropic.claude-v1:0'
    const input = {
      modelId,
      messages: [{ role: 'user' as const, content: [{ text: 'Hi' }] }],
      inferenceConfig: { maxTokens: 5 },
    }
    await client.send(new ConverseStreamCommand(input)).catch(() => undefined)
    const own = endpoint('bedrock-converse', { baseUrl: 'https://x.org/prefix', model: modelId })
    const ours = requestOf(own, { prompt: 'Hi', maxTokens: 5 }, KEY)
    expect(`https://x.org${theirs?.path}`).toBe(ours.url)
    expect(new Headers(theirs?.headers).get('authorization')).toBe(ours.headers.authorization)
    expect(JSON.parse(new TextDecoder().decode(theirs?.body))).toEqual(ours.body)
  })
})

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}
