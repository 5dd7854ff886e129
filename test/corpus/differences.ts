/** Where two JSON values differ, as a short list: `-` only the second has it, `+` only the first has it, `~` both have it, not equal. */
import { isObject, type JsonValue } from '../../src/json.ts'

export function differences(ours: JsonValue, theirs: JsonValue, path = ''): string[] {
  if (ours === theirs) return []
  const left = fieldsOf(ours)
  const right = fieldsOf(theirs)
  if (left === undefined || right === undefined || Array.isArray(ours) !== Array.isArray(theirs)) return [`~${path}`]
  return [...new Set([...left.keys(), ...right.keys()])].flatMap((key) => {
    const at = path === '' ? key : `${path}.${key}`
    const [a, b] = [left.get(key), right.get(key)]
    if (a === undefined) return [`-${at}`]
    return b === undefined ? [`+${at}`] : differences(a, b, at)
  })
}

/** A value after a JSON round trip. */
export function viaJson(value: unknown): JsonValue {
  const parsed: JsonValue = JSON.parse(JSON.stringify(value))
  return parsed
}

function fieldsOf(value: JsonValue): Map<string, JsonValue> | undefined {
  if (Array.isArray(value)) return new Map(value.map((item, at) => [String(at), item]))
  return isObject(value) ? new Map(Object.entries(value)) : undefined
}
