/** What Cohere's two versions have in common: names, counts, reasons and errors. */
import { copyFields, copyJson, isObject, nonEmpty, type JsonObject, type JsonValue } from '../json.ts'
import type { StopReason } from '../message.ts'
import type { Operation, UsageCounts } from '../operation.ts'
import { readError } from './error.ts'

const STOP_REASONS: ReadonlyMap<string, StopReason> = new Map([
  ['COMPLETE', 'end_turn'],
  ['STOP_SEQUENCE', 'stop_sequence'],
  ['MAX_TOKENS', 'max_tokens'],
  ['TOOL_CALL', 'tool_calls'],
  ['ERROR', 'error'],
  ['TIMEOUT', 'error'],
  // Of v1 alone.
  ['ERROR_LIMIT', 'context_window'],
  ['ERROR_TOXIC', 'content_filter'],
  ['USER_CANCEL', 'error'],
])

/** What is in these is the caller's or a tool's: its names are no names of the protocol. */
const OPAQUE: ReadonlySet<string> = new Set(['tool_output', 'document', 'parameters', 'outputs', 'prompt', 'arguments'])

/** As the wire names it: the SDK gives the fields of the protocol in camel case. */
export function snaked(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(snaked)
  if (!isObject(value)) return value
  const entries = Object.entries(value).map(([key, item]): [string, JsonValue] => {
    const name = key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    return [name, OPAQUE.has(name) ? item : snaked(item)]
  })
  return Object.fromEntries(entries)
}

/** A copy of the fields, as the wire names them. */
export function fieldsOf(value: JsonValue | undefined, except?: ReadonlySet<string>): JsonObject {
  const copy = isObject(value) ? snaked(copyFields(value)) : {}
  return isObject(copy) ? copyFields(copy, except) : {}
}

export function stopOf(raw: JsonValue | undefined, choice: number | 'all' = 0): Operation[] {
  if (typeof raw !== 'string' || raw === '') return []
  return [{ op: 'stop', choice, reason: STOP_REASONS.get(raw.toUpperCase()) ?? 'unknown', raw }]
}

/** The last event: the answer is over, or has failed. */
export function endOf(raw: JsonValue | undefined, error: JsonValue | undefined, body: JsonObject): Operation {
  const word = typeof raw === 'string' ? raw : ''
  const said = nonEmpty(error)
  const hasFailed = said !== undefined || isObject(error) || STOP_REASONS.get(word.toUpperCase()) === 'error'
  if (!hasFailed) return { op: 'terminal', choice: 'all', strength: 'hard' }
  // Cohere's `ERROR` is an internal error, which may pass.
  const type = word.toUpperCase() === 'ERROR' ? 'internal_error' : word.toLowerCase()
  const message = said ?? (isObject(error) ? nonEmpty(error.message) : undefined)
  const told = { type, message: message ?? `the provider broke off with finish_reason ${word}` }
  return { op: 'fail', choice: 'all', error: { ...readError(told), body } }
}

/** `tokens` counts all input, what was cached too; `billed_units` only what is paid for. */
export function countsOf(usage: JsonObject): UsageCounts {
  const tokens = isObject(usage.tokens) ? usage.tokens : {}
  const billed = isObject(usage.billed_units) ? usage.billed_units : {}
  return {
    ...count('inputTokens', tokens.input_tokens ?? billed.input_tokens),
    ...count('outputTokens', tokens.output_tokens ?? billed.output_tokens),
    ...count('cacheReadTokens', usage.cached_tokens),
    ...count('reasoningTokens', tokens.reasoning_tokens),
  }
}

function count(name: keyof UsageCounts, value: JsonValue | undefined): UsageCounts {
  return typeof value === 'number' ? { [name]: value } : {}
}

export const PLAN = { choice: 0, key: 'plan', kind: 'thinking' } as const
export const PLAN_WIRE = { type: 'tool_plan' }

export function usageOf(usage: JsonValue | undefined): Operation[] {
  return isObject(usage) ? [{ op: 'usage', choice: 'all', counts: countsOf(usage), raw: copyFields(usage) }] : []
}

/** Arguments as JSON; some servers send the object itself. */
export function argumentsOf(value: JsonValue | undefined): string {
  if (typeof value === 'string') return value
  return value === undefined || value === null ? '' : JSON.stringify(copyJson(value) ?? null)
}

export function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : []
}

export function callKey(index: JsonValue | undefined): string {
  return `call ${keyOf(index)}`
}

/** An index that is missing is its own key, so that deltas still find each other. */
export function keyOf(index: JsonValue | undefined): string {
  return typeof index === 'number' || typeof index === 'string' ? String(index) : 'none'
}
