/** Answers that nobody recorded: what agents ask besides, and what no recording answers. In the form of the API that was asked. */
import { isObject, sizeOfJson, type JsonObject, type JsonValue } from '../json.ts'
import { RECORDING_VERSION } from './lines.ts'
import type { StoredRecording } from './stored.ts'
import type { Asked, Candidate } from './candidate.ts'

/** A whole JSON answer as a recording that is played like any other. */
export function madeRecording(name: string, status: number, body: JsonValue, ms = 0): StoredRecording {
  return {
    name,
    header: {
      onefold: RECORDING_VERSION,
      response: { status, contentType: 'application/json' },
      provenance: { kind: 'derived', note: 'made by the replay' },
    },
    async *parts() {
      yield { kind: 'chunk', chunk: { ms, bytes: new TextEncoder().encode(JSON.stringify(body)) } }
      yield { kind: 'end', ending: 'eof' }
    },
  }
}

/**
 * The body of an error as each API writes it, all in one: the official SDKs of all of them find the message. `type` is Anthropic's word,
 * `code` and `status` Gemini's.
 */
export function errorBody(status: number, message: string): JsonObject {
  const type = ERROR_TYPES.get(status) ?? (status < 500 ? 'invalid_request_error' : 'api_error')
  return { type: 'error', error: { type, message, param: null, code: status, status: type.toUpperCase() }, message }
}

const ERROR_TYPES: ReadonlyMap<number, string> = new Map([
  [400, 'invalid_request_error'],
  [401, 'authentication_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [413, 'request_too_large'],
  [429, 'rate_limit_error'],
  [529, 'overloaded_error'],
])

/** Says what was asked and what there is. */
export function missingMessage(asked: Asked, candidates: readonly Candidate[], why: string): string {
  const model = asked.call?.model === undefined ? '' : ` for ${asked.call.model}`
  const all = candidates.map((candidate) => {
    const { recording, dialect, model: recorded } = candidate
    return [recording.name, [dialect, recorded].filter(Boolean).join(' ')].filter(Boolean).join(': ')
  })
  const more = all.length > LISTED ? `, and ${all.length - LISTED} more` : ''
  const there = all.length === 0 ? 'there are no recordings' : `there are ${all.slice(0, LISTED).join(', ')}${more}`
  return `no recording answers ${asked.method} ${asked.path}${model} (hash ${asked.hash ?? 'none'}): ${why}; ${there}`
}

const LISTED = 10

/**
 * The answer to what is asked beside answers, where nothing of it was recorded: the models of the recordings, and a count of tokens that is
 * estimated from the length of the request. Undefined for all else.
 */
export function besideAnswer(
  asked: Asked,
  body: JsonValue | undefined,
  candidates: readonly Candidate[],
): { readonly recording: StoredRecording; readonly why: string } | undefined {
  switch (asked.call?.operation) {
    case 'models':
      return modelsAnswer(asked.path, candidates)
    case 'count_tokens':
      return { recording: madeRecording('count of tokens', 200, tokenCount(body)), why: 'estimated' }
    default:
      return undefined
  }
}

function modelsAnswer(
  path: string,
  candidates: readonly Candidate[],
): { readonly recording: StoredRecording; readonly why: string } | undefined {
  const [bare = ''] = path.split('?', 1)
  const names = [...new Set(candidates.flatMap(({ model }) => model ?? []))]
  const why = 'the models of the recordings'
  if (bare.endsWith('/models')) {
    const models = names.map(modelEntry)
    const ends = { first_id: names[0] ?? null, last_id: names.at(-1) ?? null }
    const list = { object: 'list', data: models, models, has_more: false, ...ends }
    return { recording: madeRecording('models', 200, list), why }
  }
  const one = names.find((id) => bare.endsWith(`/models/${id}`) || bare.endsWith(`/models/${encodeURIComponent(id)}`))
  return one === undefined ? undefined : { recording: madeRecording('models', 200, modelEntry(one)), why }
}

/** A model as Anthropic, OpenAI and Gemini list it, all in one. */
function modelEntry(id: string): JsonObject {
  const openai = { object: 'model', created: 0, owned_by: 'onefold' }
  const anthropic = { type: 'model', display_name: id, created_at: '1970-01-01T00:00:00Z' }
  return { id, name: `models/${id}`, ...openai, ...anthropic }
}

/** Four characters of the request a token, as is usual for English text: Anthropic's field and Gemini's. */
function tokenCount(body: JsonValue | undefined): JsonObject {
  const size = isObject(body) ? sizeOfJson({ ...body, model: '' }) : 0
  const tokens = Math.max(1, Math.round(size / 4))
  return { input_tokens: tokens, totalTokens: tokens }
}
