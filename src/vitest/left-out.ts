/** What is no part of a comparison: times always, the name of a turn, and what a test says is of no interest to it. */
import { MisuseError } from '../errors.ts'
import { isObject, wordOf, type JsonObject, type JsonValue } from '../json.ts'

/**
 * `ids`: keys and ids of messages, calls and items, which a provider makes anew each time. `times`: what tells a time beside `timing`, which is
 * never compared: when it was created, how long it was silent. `usage`: tokens. `anomalies`. `wire`: the provider's own fields.
 */
export type Ignored = 'ids' | 'times' | 'usage' | 'anomalies' | 'wire'

const KEYS: Readonly<Record<Ignored, RegExp>> = {
  ids: /^(id|idSource|key|turn|call|callId|system_fingerprint)$|(_id|Id)$/,
  times: /^(created|createTime|silenceMs|quietMs|retryAfterMs)$|(_at|_duration|_time)$/,
  usage: /usage/i,
  anomalies: /^anomalies$/,
  wire: /^wire$/,
}

/** Throws `MisuseError('bad_option')` for what cannot be ignored. */
export function checkIgnored(ignoring: readonly string[]): asserts ignoring is readonly Ignored[] {
  const known = Object.keys(KEYS)
  const wrong: unknown = ignoring.find((name) => !known.includes(name))
  if (wrong === undefined) return
  throw new MisuseError('bad_option', `ignoring: ${wordOf(wrong)} is none of ${known.join(', ')}`)
}

/** The value without the fields that are ignored. What a model or a tool wrote (`input`, the content of a tool result) stays as it is. */
export function without(value: JsonValue, ignoring: readonly Ignored[]): JsonValue {
  if (ignoring.length === 0) return value
  if (Array.isArray(value)) return value.map((item) => without(item, ignoring))
  if (!isObject(value)) return value
  const left: JsonObject = {}
  for (const [key, item] of Object.entries(value)) {
    if (ignoring.some((name) => KEYS[name].test(key))) continue
    const isForeign = key === 'input' || (key === 'content' && value.type === 'tool_result')
    left[key] = isForeign ? item : without(item, ignoring)
  }
  return left
}

/** A message under another turn's name: the name is the caller's choice, and the keys that begin with it are no content. */
export function underTurn(message: JsonObject, turn: string): JsonObject {
  const { turn: before } = message
  if (typeof before !== 'string' || before === turn) return message
  const rename = (value: JsonValue, key: string): JsonValue => {
    if (typeof value === 'string') {
      const isNamed = ['key', 'id', 'callId', 'call'].includes(key) && value.startsWith(`${before}/`)
      return isNamed ? `${turn}${value.slice(before.length)}` : value
    }
    if (Array.isArray(value)) return value.map((item) => rename(item, ''))
    return isObject(value) && !['wire', 'input', 'rawUsage', 'value'].includes(key) ? inside(value) : value
  }
  const inside = (object: JsonObject): JsonObject => {
    const renamed: JsonObject = {}
    for (const [key, item] of Object.entries(object)) {
      const isForeign = key === 'content' && object.type === 'tool_result'
      renamed[key] = isForeign ? item : rename(item, key)
    }
    return renamed
  }
  return { ...inside(message), turn }
}
