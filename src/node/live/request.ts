/** A question as the request of each API: where it goes, by which headers, and its body, for a streamed answer. */
import type { JsonObject, JsonValue } from '../../json.ts'
import { isObject } from '../../json.ts'
import { project } from '../../project.ts'
import type { Target } from '../../transcript/target.ts'
import { Transcript } from '../../transcript/transcript.ts'
import { upstreamOf } from '../upstream.ts'
import type { Endpoint, LiveApi } from './endpoints.ts'

/** What every endpoint is asked. */
export interface Question {
  readonly prompt: string
  /** Instructions, in the place that each API has for them. */
  readonly system?: string
  /** How long an answer may be, in tokens, where the endpoint does not say it itself. Default: as the server has it; of Anthropic 4096. */
  readonly maxTokens?: number
}

export interface LiveRequest {
  readonly url: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: JsonObject
}

/** The request that asks `endpoint`, with this key if it has one. Throws as `upstreamOf` does. */
export function requestOf(endpoint: Endpoint, question: Question, key: string | undefined): LiveRequest {
  const { api, baseUrl, model, headers, body } = endpoint
  const form = FORMS[api]
  const upstream = upstreamOf(baseUrl)
  const [version, path] = form.path(model)
  const scheme = upstream.isSecure ? 'https' : 'http'
  const { prompt, system } = question
  const maxTokens = endpoint.maxTokens ?? question.maxTokens
  const own = form.body({ model, prompt, system, maxTokens, host: upstream.hostname })
  return {
    url: `${scheme}://${upstream.host}${upstream.apiPath(version, path, form.counts)}${form.query ?? ''}`,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'onefold',
      ...form.headers,
      ...(key === undefined ? {} : form.auth(key)),
      ...headers,
    },
    body: patched(own, body ?? {}),
  }
}

interface Asked {
  readonly model: string
  readonly prompt: string
  readonly system: string | undefined
  readonly maxTokens: number | undefined
  readonly host: string
}

interface Form {
  /** The version, which the base URL may have already, and what stands behind it. */
  readonly path: (model: string) => readonly [version: string, path: string]
  /** Which version of a base URL counts as that one. */
  readonly counts: 'same' | 'last' | 'any'
  readonly query?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly auth: (key: string) => Readonly<Record<string, string>>
  readonly body: (asked: Asked) => JsonObject
}

const bearer = (key: string): Readonly<Record<string, string>> => ({ authorization: `Bearer ${key}` })
const google = (key: string): Readonly<Record<string, string>> => ({ 'x-goog-api-key': key })

/** Anthropic takes no request without a limit; every model of it has room for so much. */
const ANTHROPIC_MAX_TOKENS = 4096

const FORMS: Readonly<Record<LiveApi, Form>> = {
  'anthropic-messages': {
    path: () => ['v1', '/messages'],
    counts: 'last',
    // The one that all models and imitators take; a header of the endpoint names another.
    headers: { 'anthropic-version': '2023-06-01' },
    auth: (key) => ({ 'x-api-key': key }),
    body({ model, maxTokens = ANTHROPIC_MAX_TOKENS, ...asked }) {
      const { messages, system } = told(asked, 'anthropic')
      return { model, max_tokens: maxTokens, ...given('system', system), messages, stream: true }
    },
  },
  'openai-chat': {
    path: () => ['v1', '/chat/completions'],
    counts: 'any',
    auth: bearer,
    body({ model, maxTokens, host, ...asked }) {
      const { messages } = told(asked, 'openai-chat')
      // OpenAI's reasoning models refuse the older name, and many others know no other.
      const limit = /(^|\.)openai\.(com|azure\.com)$/.test(host) ? 'max_completion_tokens' : 'max_tokens'
      return { model, messages, ...given(limit, maxTokens), stream: true, stream_options: { include_usage: true } }
    },
  },
  'openai-responses': {
    path: () => ['v1', '/responses'],
    counts: 'any',
    auth: bearer,
    body({ model, maxTokens, ...asked }) {
      const { messages } = told(asked, 'openai-responses')
      return { model, input: messages, ...given('max_output_tokens', maxTokens), stream: true }
    },
  },
  gemini: {
    path: (model) => [
      'v1beta',
      `/${inPath(/^(models|tunedModels)\//.test(model) ? model : `models/${model}`)}:streamGenerateContent`,
    ],
    counts: 'last',
    query: '?alt=sse',
    auth: google,
    body({ maxTokens, ...asked }) {
      const { messages, system } = told(asked, 'gemini')
      return {
        contents: messages,
        ...given('systemInstruction', system === undefined ? undefined : { parts: [{ text: system }] }),
        ...given('generationConfig', maxTokens === undefined ? undefined : { maxOutputTokens: maxTokens }),
      }
    },
  },
  'gemini-interactions': {
    path: () => ['v1beta', '/interactions'],
    counts: 'last',
    auth: google,
    body: ({ model, prompt, system, maxTokens }) => ({
      model,
      input: prompt,
      ...given('system_instruction', system),
      ...given('generation_config', maxTokens === undefined ? undefined : { max_output_tokens: maxTokens }),
      stream: true,
    }),
  },
  'bedrock-converse': {
    path: (model) => ['', `/model/${encodeURIComponent(model)}/converse-stream`],
    counts: 'same',
    auth: bearer,
    body: ({ prompt, system, maxTokens }) => ({
      messages: [{ role: 'user', content: [{ text: prompt }] }],
      ...given('system', system === undefined ? undefined : [{ text: system }]),
      ...given('inferenceConfig', maxTokens === undefined ? undefined : { maxTokens }),
    }),
  },
  cohere: {
    path: () => ['v2', '/chat'],
    counts: 'last',
    auth: bearer,
    body: ({ model, maxTokens, ...asked }) => ({
      model,
      messages: told(asked, 'openai-chat').messages,
      ...given('max_tokens', maxTokens),
      stream: true,
    }),
  },
  ollama: {
    path: () => ['api', '/chat'],
    counts: 'same',
    auth: bearer,
    body: ({ model, maxTokens, ...asked }) => ({
      model,
      messages: told(asked, 'openai-chat').messages,
      ...given('options', maxTokens === undefined ? undefined : { num_predict: maxTokens }),
      stream: true,
    }),
  },
  'mistral-conversations': {
    path: () => ['v1', '/conversations'],
    counts: 'last',
    auth: bearer,
    body: ({ model, prompt, system, maxTokens }) => ({
      model,
      inputs: prompt,
      ...given('instructions', system),
      ...given('completion_args', maxTokens === undefined ? undefined : { max_tokens: maxTokens }),
      stream: true,
    }),
  },
  // As text-generation-inference has it: a server of one model, to which nothing is a role.
  'text-generation': {
    path: () => ['', '/generate_stream'],
    counts: 'same',
    auth: bearer,
    body: ({ prompt, system, maxTokens }) => ({
      inputs: system === undefined ? prompt : `${system}\n\n${prompt}`,
      ...given('parameters', maxTokens === undefined ? undefined : { max_new_tokens: maxTokens }),
    }),
  },
}

function told(
  { prompt, system }: Pick<Asked, 'prompt' | 'system'>,
  target: Target,
): { readonly messages: JsonObject[]; readonly system?: string } {
  const transcript = new Transcript()
  if (system !== undefined) transcript.add({ role: 'system', content: system })
  transcript.add(prompt)
  return project(transcript, target)
}

function given(name: string, value: JsonValue | undefined): JsonObject {
  return value === undefined ? {} : { [name]: value }
}

function inPath(name: string): string {
  return name.split('/').map(encodeURIComponent).join('/')
}

/** `patch` merged into a body, as a JSON merge patch (RFC 7396): objects field by field, null takes a field out, all else replaces. */
function patched(body: JsonValue | undefined, patch: JsonObject): JsonObject {
  const fields = new Map(isObject(body) ? Object.entries(body) : [])
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) fields.delete(name)
    else fields.set(name, isObject(value) ? patched(fields.get(name), value) : value)
  }
  return Object.fromEntries(fields)
}
