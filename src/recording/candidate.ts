/** What a recording can answer: by the request in its header, or, where none was written down, by what its bytes are. */
import { isObject, type JsonObject, type JsonValue } from '../json.ts'
import type { Dialect } from '../message.ts'
import { assemble } from '../turn.ts'
import { apiCallOf, type ApiCall } from './api-call.ts'
import { requestHash } from './request-hash.ts'
import { shapeOf, type Shape } from './shape.ts'
import type { StoredRecording } from './stored.ts'

/** A request that is to be answered, and what is known of it. */
export interface Asked {
  readonly method: string
  readonly path: string
  /** Undefined for a path of no API that is known. */
  readonly call: ApiCall | undefined
  /** Undefined for a body that is nested too deep. */
  readonly hash?: string
  readonly shape: Shape | undefined
}

/** A recording and the request that it answered, as far as it is known. */
export interface Candidate {
  readonly recording: StoredRecording
  readonly method?: string
  readonly path?: string
  readonly operation: ApiCall['operation'] | 'other'
  /** Undefined where nothing shows it: an error page, an empty body. */
  readonly dialect?: Dialect
  readonly model?: string
  readonly hash?: string
  readonly shape?: Shape
}

/** What is known of a request. */
export async function askedOf(method: string, path: string, body: JsonValue | undefined): Promise<Asked> {
  const call = apiCallOf(method, path, body)
  try {
    return { method, path, call, hash: await requestHash({ method, path, body }), shape: shapeOf(body) }
  } catch (error) {
    // The stack is at its end: what is asked is not known then, but whom it is asked.
    if (error instanceof RangeError) return { method, path, call, shape: undefined }
    throw error
  }
}

/** What a recording can answer. A recording that names neither request nor dialect is read until its events show the dialect. */
export async function candidateOf(recording: StoredRecording): Promise<Candidate> {
  const { request } = recording.header
  if (isObject(request) && typeof request.method === 'string' && typeof request.path === 'string') {
    return recordedCandidate(recording, request, request.method, request.path)
  }
  const dialect = dialectNamed(recording.header.dialect) ?? (await dialectOf(recording))
  const path = dialect === undefined ? undefined : pathOf(dialect, request)
  if (!isObject(request) || path === undefined) {
    return { recording, operation: 'answer', ...(dialect === undefined ? {} : { dialect }) }
  }
  // A header by hand may have the body alone.
  const { method: _method, path: _path, ...known } = await recordedCandidate(recording, { body: request }, 'POST', path)
  return known
}

async function recordedCandidate(
  recording: StoredRecording,
  request: JsonObject,
  method: string,
  path: string,
): Promise<Candidate> {
  const asked = await askedOf(method, path, request.body)
  const written = typeof request.hash === 'string' ? request.hash : undefined
  // A body that was too large to be kept has no hash but the one that the recorder took.
  const hash = written ?? (request.body === undefined && method !== 'GET' ? undefined : asked.hash)
  const dialect = asked.call?.dialect ?? dialectNamed(recording.header.dialect)
  return {
    recording,
    method,
    path,
    operation: asked.call?.operation ?? 'other',
    ...(dialect === undefined ? {} : { dialect }),
    ...(asked.call?.model === undefined ? {} : { model: asked.call.model }),
    ...(hash === undefined ? {} : { hash }),
    ...(asked.shape === undefined ? {} : { shape: asked.shape }),
  }
}

/** Where each dialect is asked for; the model of Gemini stands in the path. */
const PATHS: Readonly<Partial<Record<Dialect, string>>> = {
  'anthropic-messages': '/v1/messages',
  'openai-chat': '/v1/chat/completions',
  'openai-responses': '/v1/responses',
  'gemini-interactions': '/v1beta/interactions',
  'mistral-conversations': '/v1/conversations',
  'bedrock-converse': '/model/MODEL/converse-stream',
  gemini: '/v1beta/models/MODEL:streamGenerateContent',
  cohere: '/v2/chat',
  ollama: '/api/chat',
}

function pathOf(dialect: Dialect, request: JsonObject | undefined): string | undefined {
  const model = request?.model ?? request?.modelId
  return PATHS[dialect]?.replace('MODEL', typeof model === 'string' ? encodeURIComponent(model) : 'unknown')
}

const DIALECTS: Readonly<Record<Dialect, true>> = {
  'anthropic-messages': true,
  'openai-chat': true,
  'openai-responses': true,
  gemini: true,
  'gemini-interactions': true,
  'bedrock-converse': true,
  cohere: true,
  ollama: true,
  'mistral-conversations': true,
  'text-generation': true,
  'openai-assistants': true,
  acp: true,
  'claude-code': true,
  'ai-sdk': true,
  'ai-sdk-ui': true,
}

function dialectNamed(name: string | undefined): Dialect | undefined {
  return name !== undefined && isDialect(name) ? name : undefined
}

function isDialect(name: string): name is Dialect {
  return Object.hasOwn(DIALECTS, name)
}

/** So much of a body is read to find out its dialect. */
const ENOUGH = 64 * 1024

async function dialectOf(recording: StoredRecording): Promise<Dialect | undefined> {
  if ((recording.header.response?.status ?? 200) >= 400) return undefined
  const { dialect } = await assemble(beginningOf(recording)).message()
  return dialect === 'unknown' ? undefined : dialect
}

async function* beginningOf(recording: StoredRecording): AsyncGenerator<Uint8Array, void, undefined> {
  let size = 0
  for await (const part of recording.parts()) {
    if (part.kind !== 'chunk') return
    yield part.chunk.bytes.slice(0, ENOUGH - size)
    size += part.chunk.bytes.length
    if (size >= ENOUGH) return
  }
}
