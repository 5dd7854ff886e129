/** What is wrong with a message that a caller gives: it may come from anywhere. */
import { ANOMALY_KINDS } from '../anomaly.ts'
import { isObject, type JsonObject, type JsonValue } from '../json.ts'
import { STOP_REASONS, type Outcome } from '../message.ts'

type Given = JsonValue | undefined

/** Which field is not as it must be, and what it must be, for a person; undefined if it is a message. The value is JSON. */
export function faultOfMessage(given: Given): string | undefined {
  if (!isObject(given)) return 'is no message'
  const { id, idSource, model, dialect, content, stop, usage, anomalies } = given
  if (typeof id !== 'string') return 'id must be a text'
  if (idSource !== 'wire' && idSource !== 'minted') return 'idSource must be wire or minted'
  if (!isTextOrAbsent(model)) return 'model must be a text'
  if (!isTextOrAbsent(dialect)) return 'dialect must be a text'
  if (!Array.isArray(content)) return 'content must be a list'
  return (
    faultAmong(content, 'content', faultOfBlock) ??
    faultOfOutcome(given.outcome) ??
    faultOfStop(stop) ??
    faultOfUsage(usage) ??
    faultOfAnomalies(anomalies)
  )
}

/** Of the first of a list that has one. */
export function faultAmong(
  list: readonly Given[],
  name: string,
  faultOf: (one: Given) => string | undefined,
): string | undefined {
  for (const [at, one] of list.entries()) {
    const fault = faultOf(one)
    if (fault !== undefined) return `${name}[${at}]${fault.startsWith('is ') ? ' ' : '.'}${fault}`
  }
  return undefined
}

export function faultOfAnomalies(given: Given): string | undefined {
  return Array.isArray(given) ? faultAmong(given, 'anomalies', faultOfAnomaly) : 'anomalies must be a list'
}

function faultOfAnomaly(given: Given): string | undefined {
  if (!isObject(given)) return 'is no anomaly'
  const { kind, detail, count, block, content } = given
  if (typeof kind !== 'string' || !Object.hasOwn(ANOMALY_KINDS, kind)) return 'kind must be one that there is'
  if (!isTextOrAbsent(detail)) return 'detail must be a text'
  if (![count, block].every(isNumberOrAbsent)) return 'count and block must be numbers'
  return content === undefined || Array.isArray(content) ? undefined : 'content must be a list'
}

function faultOfBlock(given: Given): string | undefined {
  if (!isObject(given)) return 'is no block'
  const { type, text, citations, wire } = given
  if (wire !== undefined && !isObject(wire)) return 'wire must be an object'
  if (citations !== undefined && !Array.isArray(citations)) return 'citations must be a list'
  switch (type) {
    case 'text':
    case 'thinking':
    case 'refusal':
      return typeof text === 'string' ? undefined : 'text must be a text'
    case 'tool_call':
      return faultOfCall(given)
    case 'tool_result':
      return isTextOrAbsent(given.callId) ? undefined : 'callId must be a text'
    case 'media':
    case 'other':
      return isTextOrAbsent(text) ? undefined : 'text must be a text'
    default:
      return 'type must be that of a block'
  }
}

const CALL_TEXTS = ['id', 'name', 'arguments']

function faultOfCall(call: JsonObject): string | undefined {
  const name = CALL_TEXTS.find((text) => typeof call[text] !== 'string')
  if (name !== undefined) return `${name} must be a text`
  const { origin, state, input } = call
  if (origin !== 'client' && origin !== 'provider') return 'origin must be client or provider'
  if (state !== 'complete')
    return state === 'partial' || state === 'invalid' ? undefined : 'state must be that of a call'
  return isObject(input) ? undefined : 'input must be an object'
}

const OUTCOMES: Readonly<Record<Outcome['kind'], true>> = {
  complete: true,
  truncated: true,
  aborted: true,
  timed_out: true,
  failed: true,
}

function faultOfOutcome(given: Given): string | undefined {
  if (!isObject(given)) return 'outcome must be an object'
  const { kind, by, budget, silenceMs, error } = given
  if (typeof kind !== 'string' || !Object.hasOwn(OUTCOMES, kind)) return 'outcome.kind must be that of an outcome'
  if ((kind === 'truncated' || kind === 'aborted') && typeof by !== 'string') return 'outcome.by must be a text'
  if (kind === 'timed_out' && typeof budget !== 'string') return 'outcome.budget must be a text'
  if (kind === 'timed_out' && typeof silenceMs !== 'number') return 'outcome.silenceMs must be a number'
  if (kind !== 'truncated' && kind !== 'failed') return undefined
  if (!isObject(error)) return 'outcome.error must be an object'
  if (typeof error.class !== 'string') return 'outcome.error.class must be a text'
  if (typeof error.message !== 'string') return 'outcome.error.message must be a text'
  return isNumberOrAbsent(error.status) ? undefined : 'outcome.error.status must be a number'
}

function faultOfStop(given: Given): string | undefined {
  if (!isObject(given)) return 'stop must be an object'
  if (!STOP_REASONS.some((reason) => reason === given.reason)) return 'stop.reason must be one that there is'
  const name = ['raw', 'sequence'].find((text) => typeof given[text] !== 'string' && given[text] !== null)
  return name === undefined ? undefined : `stop.${name} must be a text or null`
}

function faultOfUsage(given: Given): string | undefined {
  if (!isObject(given)) return 'usage must be an object'
  const name = Object.keys(given).find((count) => typeof given[count] !== 'number')
  return name === undefined ? undefined : `usage.${name} must be a number`
}

function isTextOrAbsent(value: Given): boolean {
  return value === undefined || typeof value === 'string'
}

export function isNumberOrAbsent(value: Given): boolean {
  return value === undefined || typeof value === 'number'
}
