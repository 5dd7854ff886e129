/** Reads the many shapes in which providers and proxies report an error, and says whether trying again may help. */
import { excerpt } from '../anomaly.ts'
import { copyJson, isObject, type JsonObject, type JsonValue } from '../json.ts'
import type { ErrorClass, OutcomeError } from '../message.ts'
import type { ProviderEvent } from './dialect.ts'

/** The words that providers use in `type`, `code` and `status`. Sources: their API references on errors. */
const CLASS_OF_WORD: ReadonlyMap<string, ErrorClass> = new Map<string, ErrorClass>(
  Object.entries({
    rate_limit_error: 'rate_limit',
    rate_limit_exceeded: 'rate_limit',
    resource_exhausted: 'rate_limit',
    overloaded_error: 'overloaded',
    overloaded: 'overloaded',
    server_overloaded: 'overloaded',
    server_is_overloaded: 'overloaded',
    slow_down: 'overloaded',
    insufficient_system_resource: 'overloaded',
    unavailable: 'overloaded',
    timeout_error: 'overloaded',
    timeout: 'overloaded',
    network_error: 'network',
    context_length_exceeded: 'context_overflow',
    exceed_context_size_error: 'context_overflow',
    request_too_large: 'context_overflow',
    authentication_error: 'auth',
    permission_error: 'auth',
    billing_error: 'auth',
    insufficient_quota: 'auth',
    invalid_api_key: 'auth',
    unauthenticated: 'auth',
    permission_denied: 'auth',
    invalid_request_error: 'invalid_request',
    not_found_error: 'invalid_request',
    invalid_argument: 'invalid_request',
    content_policy_violation: 'content_policy',
    content_filter: 'content_policy',
    throttlingexception: 'rate_limit',
    servicequotaexceededexception: 'rate_limit',
    serviceunavailableexception: 'overloaded',
    modelnotreadyexception: 'overloaded',
    modeltimeoutexception: 'overloaded',
    accessdeniedexception: 'auth',
    expiredtokenexception: 'auth',
    unrecognizedclientexception: 'auth',
    validationexception: 'invalid_request',
    resourcenotfoundexception: 'invalid_request',
  } satisfies Record<string, ErrorClass>),
)

// Bedrock throttles with "Too many tokens, please wait before trying again.", which is no word about the context.
const CONTEXT_OVERFLOW =
  /prompt is too long|context (length|window|size)|maximum context|exceeds? .{0,20}context|input is too long|too many tokens(?!, please wait)/i
const RATE_LIMIT = /\btoo many requests\b|\brate[ _-]?limit/i
const OVERLOADED = /\boverloaded\b/i
const RETRYABLE: ReadonlySet<ErrorClass> = new Set(['rate_limit', 'overloaded', 'network'])
const RETRYABLE_WORDS: ReadonlySet<string> = new Set([
  'api_error',
  'server_error',
  'internal_error',
  'internal',
  'internalserverexception',
  'modelstreamerrorexception',
])

/** Whether an event reports an error, by any of the signs that providers and proxies give. */
export function reportsError({ payload, name }: ProviderEvent): boolean {
  if (!isObject(payload)) return false
  return (
    Boolean(payload.error) ||
    exceptionIn(payload) !== undefined ||
    isErrorWord(payload.type) ||
    isErrorWord(payload.object) ||
    isErrorWord(name)
  )
}

/** The exception that an event of AWS holds, under its name: `{ throttlingException: { message } }`. */
function exceptionIn(payload: JsonObject): JsonObject | undefined {
  // Nearly no event is one: the first name tells that without a list of all.
  for (const name in payload) {
    const exception = payload[name]
    if (!name.endsWith('Exception') || !isObject(exception) || Object.keys(payload).length > 1) return undefined
    return { ...exception, type: name }
  }
  return undefined
}

function isErrorWord(word: unknown): boolean {
  return word === 'error' || word === 'response.error'
}

/** Gemini's endpoint puts an error into a list. */
export function unlisted(event: ProviderEvent): ProviderEvent {
  const [first, ...others]: unknown[] = Array.isArray(event.payload) ? event.payload : []
  return others.length === 0 && isObject(first) && first.error ? { ...event, payload: first } : event
}

/** The error that an event or a body reports. `status` is that of the HTTP response, where it was an error itself. */
export function readError(body: unknown, status?: number): OutcomeError {
  const whole = isObject(body) ? (exceptionIn(body) ?? body) : {}
  // A proxy may put what it got into an error of its own.
  const outer = isObject(whole.error) && isObject(whole.error.error) ? whole.error : whole
  const inner = isObject(outer.error) ? outer.error : outer
  const words = [inner.type, inner.code, inner.status, outer.code].filter((word) => typeof word === 'string')
  const said =
    firstText(inner.message, inner.detail, outer.message, typeof outer.error === 'string' ? outer.error : undefined) ??
    (typeof body === 'string' && !/^\s*(<|$)/.test(body) ? body : undefined)
  const message = excerpt(
    said ?? (words.join(' ') || `the provider reported an error${status === undefined ? '' : ` (HTTP ${status})`}`),
  )
  const code = status ?? firstStatus(inner.code, inner.status, outer.status, outer.code)
  const errorClass = classOf(words, message, code)
  const requestId = firstText(outer.request_id, inner.request_id)
  return {
    class: errorClass,
    retryable:
      RETRYABLE.has(errorClass) || words.some((word) => RETRYABLE_WORDS.has(word.toLowerCase())) || (code ?? 0) >= 500,
    message,
    ...(code === undefined ? {} : { status: code }),
    ...(requestId === undefined ? {} : { requestId }),
    ...bodyOf(body),
  }
}

function classOf(words: readonly string[], message: string, status: number | undefined): ErrorClass {
  if (CONTEXT_OVERFLOW.test(message)) return 'context_overflow'
  for (const word of words) {
    const known = CLASS_OF_WORD.get(word.toLowerCase())
    if (known !== undefined) return known
  }
  switch (status) {
    case undefined:
      // Where nothing else tells what it is, as in the streams of the AI SDK for a browser, its words do.
      if (RATE_LIMIT.test(message)) return 'rate_limit'
      return OVERLOADED.test(message) ? 'overloaded' : 'unknown'
    case 401:
    case 402:
    case 403:
      return 'auth'
    case 413:
      return 'context_overflow'
    case 429:
      return 'rate_limit'
    // A timeout and a lock that was not got, which the official SDKs try again too; too early.
    case 408:
    case 409:
    case 425:
    case 503:
    case 529:
      return 'overloaded'
    default:
      return status >= 400 && status < 500 ? 'invalid_request' : 'unknown'
  }
}

function firstText(...candidates: readonly unknown[]): string | undefined {
  return candidates.find((candidate): candidate is string => typeof candidate === 'string' && candidate !== '')
}

function firstStatus(...candidates: readonly unknown[]): number | undefined {
  return candidates.find(
    (candidate): candidate is number =>
      typeof candidate === 'number' && Number.isInteger(candidate) && candidate >= 400 && candidate < 600,
  )
}

function bodyOf(body: unknown): { body?: JsonValue } {
  if (body === undefined) return {}
  if (typeof body === 'string') return { body: excerpt(body) }
  try {
    const copy = copyJson(body)
    return copy === undefined ? {} : { body: copy }
  } catch {
    // Nested too deep to be kept; what it said was read above.
    return {}
  }
}
