/** JSON values as a caller without types may give them, made safe for every recursion that follows. */
import { setOwn, type JsonObject, type JsonValue } from '../json.ts'
import { pathText, textOfJson } from './json-changes.ts'

/** What is nested deeper stands as its JSON text: less deep than any recursion or `copyJson` can go. */
const DEEPEST = 500
/** So many steps of the path to a fault are told. */
const TOLD_STEPS = 8

type Step =
  | { readonly value: unknown; readonly key: string | number | undefined }
  /** All that is in it was looked at. */
  | { readonly left: object }

/** Where a value holds what is no JSON, and what: for a person. Undefined if it is JSON; what is undefined counts as absent. */
export function faultOfJson(value: unknown): string | undefined {
  /** Those that the one that is looked at stands in, by their keys. */
  const around = new Map<object, string | number | undefined>()
  const sound = new WeakSet<object>()
  const rest: Step[] = [{ value, key: undefined }]
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    if ('left' in next) {
      around.delete(next.left)
      sound.add(next.left)
      continue
    }
    const { value: own, key } = next
    if (isLeaf(own)) continue
    const isKnown = typeof own === 'object' && own !== null && sound.has(own)
    if (isKnown) continue
    const fault = faultOf(own, around)
    if (fault !== undefined) return `${placeOf([...around.values(), key])} ${fault}`
    if (typeof own !== 'object' || own === null) continue
    around.set(own, key)
    rest.push({ left: own })
    const isList = Array.isArray(own)
    for (const [name, inner] of Object.entries(own)) rest.push({ value: inner, key: isList ? Number(name) : name })
  }
  return undefined
}

function isLeaf(value: unknown): boolean {
  return value === null || ['string', 'number', 'boolean', 'undefined'].includes(typeof value)
}

function faultOf(value: unknown, around: ReadonlyMap<object, unknown>): string | undefined {
  if (typeof value !== 'object' || value === null) return `is a ${typeof value}, which is no JSON`
  if (around.has(value)) return 'is something that it stands in'
  return Array.isArray(value) || isPlain(value)
    ? undefined
    : `is an object of the kind ${kindOf(value)}, which is no JSON`
}

function placeOf(keys: readonly (string | number | undefined)[]): string {
  const path = keys.flatMap((key) => key ?? [])
  return `${pathText(path.slice(0, TOLD_STEPS))}${path.length > TOLD_STEPS ? '…' : ''}`
}

/** Made by `{}` or `JSON.parse`, also in another realm. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function kindOf(value: object): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1)
}

/**
 * A sound value without what is undefined, with null for numbers that JSON does not know, and with what is nested too deep as its text;
 * itself if there is nothing of these.
 */
export function boundJson(value: JsonValue, depth: number = 0): JsonValue {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value !== 'object' || value === null) return value
  if (depth >= DEEPEST) return textOfJson(value)
  if (Array.isArray(value)) {
    const items = Array.from(value, (item: JsonValue | undefined) => boundJson(item ?? null, depth + 1))
    return items.every((item, at) => item === value[at]) ? value : items
  }
  const bound: JsonObject = {}
  let isItself = true
  for (const [key, item] of Object.entries<JsonValue | undefined>(value)) {
    const own = item === undefined ? undefined : boundJson(item, depth + 1)
    if (own !== undefined) setOwn(bound, key, own)
    if (own === undefined || own !== item) isItself = false
  }
  return isItself ? value : bound
}
