/** The values that JSON knows, and what this project does with them: copy, compare, freeze. Depth is bounded: input is hostile. */
import { encodeBase64 } from './base64.ts'

export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject
export interface JsonObject {
  [key: string]: JsonValue
}

/** Deeper than any real payload, shallow enough for every recursion here. */
const MAX_DEPTH = 512

/** Thrown by `copyJson` for a value that is nested too deep, or refers to itself. */
export class TooDeepError extends Error {
  override readonly name = 'TooDeepError'
}

/** True for a JSON object: not null, not an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value of a JSON text; undefined if it is not one. */
export function parseJson(text: string): JsonValue | undefined {
  try {
    const value: JsonValue = JSON.parse(text)
    return value
  } catch {
    return undefined
  }
}

/** The line at which a text stops being JSON, the first is 1; undefined if it is JSON, or the parser does not say: at the end, mostly. */
export function brokenLine(text: string): number | undefined {
  try {
    JSON.parse(text)
    return undefined
  } catch (error) {
    const at = /at position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1]
    return at === undefined ? undefined : text.slice(0, Number(at)).split('\n').length
  }
}

/** The text, if it says something; undefined for an empty one and for what is no text. */
export function nonEmpty(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A value as JSON text, by the rules of `copyJson`; a text is taken to be that already. */
export function jsonText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : JSON.stringify(copyJson(value))
}

/** A value as a word for a message: texts as they are, objects and arrays by what they are. */
export function wordOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  return String(value)
}

/**
 * A deep copy that shares nothing with `value`. What JSON cannot hold is left out (functions, undefined, symbols) or null (NaN), as
 * `JSON.stringify` has it; `toJSON` is honoured. Bytes, which official SDKs give, are base64, as on the wire. Own keys such as `__proto__`
 * stay plain own keys.
 */
export function copyJson(value: unknown, depth = 0): JsonValue | undefined {
  if (depth > MAX_DEPTH) throw new TooDeepError(`nested deeper than ${MAX_DEPTH} levels`)
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) ? value : null
    case 'object':
      break
    default:
      return undefined
  }
  if (value === null) return null
  if (ArrayBuffer.isView(value)) return encodeBase64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))
  if ('toJSON' in value && typeof value.toJSON === 'function') return copyJson(value.toJSON(), depth + 1)
  if (Array.isArray(value)) return value.map((item) => copyJson(item, depth + 1) ?? null)
  const copy: JsonObject = {}
  for (const [key, item] of Object.entries(value)) {
    const copied = copyJson(item, depth + 1)
    if (copied !== undefined) setOwn(copy, key, copied)
  }
  return copy
}

/** Whether `copyJson` can copy it: it is not too deep, and does not throw when it is looked at. */
export function isReadable(payload: unknown): boolean {
  try {
    copyJson(payload)
    return true
  } catch {
    return false
  }
}

const NONE: ReadonlySet<string> = new Set()

/** Like `copyJson` for an object, some of whose own keys may be of no interest. */
export function copyFields(value: object, except: ReadonlySet<string> = NONE): JsonObject {
  const copy: JsonObject = {}
  for (const [key, item] of Object.entries(value)) {
    if (except.has(key)) continue
    const copied = copyJson(item)
    if (copied !== undefined) setOwn(copy, key, copied)
  }
  return copy
}

/** Adds the fields of `later` to `base`; what is empty (null, "", []) never overwrites. Gives by how much `base` has grown. */
export function mergeFields(base: JsonObject, later: JsonObject): number {
  let growth = 0
  for (const [key, value] of Object.entries(later)) {
    const known = Object.hasOwn(base, key) ? base[key] : undefined
    if (known !== undefined && isEmpty(value)) continue
    growth += sizeOfJson(value) - (known === undefined ? -key.length - 3 : sizeOfJson(known))
    setOwn(base, key, value)
  }
  return growth
}

function isEmpty(value: JsonValue): boolean {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0)
}

/**
 * Adds `later` to `base` as what grows: texts are joined, lists are joined, objects are grown field by field, anything else replaces;
 * null changes nothing that is there. Gives by how much `base` has grown. `later` is not kept.
 */
export function growFields(base: JsonObject, later: JsonObject): number {
  let growth = 0
  for (const [key, value] of Object.entries(later)) {
    const known = Object.hasOwn(base, key) ? base[key] : undefined
    if (value === null && known !== undefined) continue
    if (Array.isArray(known) && Array.isArray(value)) for (const item of value) known.push(copyJson(item) ?? null)
    else if (isObject(known) && isObject(value)) {
      growth += growFields(known, value)
      continue
    } else
      setOwn(
        base,
        key,
        typeof known === 'string' && typeof value === 'string' ? known + value : (copyJson(value) ?? null),
      )
    growth += sizeOfJson(value) + (known === undefined ? key.length + 3 : 0)
  }
  return growth
}

/** Also of a key such as `__proto__`. */
export function setOwn(object: JsonObject, key: string, value: JsonValue): void {
  if (key !== '__proto__') object[key] = value
  else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
}

/** Equality of two JSON values; the order of keys does not matter. */
export function equalJson(a: JsonValue, b: JsonValue): boolean {
  if (a === b) return true
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => equalJson(item, b[i] ?? null))
  }
  if (!isObject(a) || !isObject(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && equalJson(a[key] ?? null, b[key] ?? null))
  )
}

/** How many characters of text a value holds, roughly: what a limit on memory counts. */
export function sizeOfJson(value: JsonValue): number {
  if (typeof value === 'string') return value.length + 2
  if (typeof value !== 'object' || value === null) return 4
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + sizeOfJson(item), 2)
  return Object.entries(value).reduce((sum, [key, item]) => sum + key.length + 3 + sizeOfJson(item), 2)
}

/** Freezes a value and everything in it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const item of Object.values(value)) deepFreeze(item)
  }
  return value
}

/** A number that tells one text from another nearly always (FNV-1a, 32 bits). */
export function markOf(text: string): number {
  let mark = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) mark = Math.imul(mark ^ text.charCodeAt(at), 0x01000193)
  return mark
}
