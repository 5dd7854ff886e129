/**
 * What `@mistralai/mistralai` gives for an event: the payload under `data`, its names in camelCase, and defaults that never were on the wire
 * (github.com/mistralai/client-ts, `src/models/components`). Here it becomes what the wire had.
 */
import { copyJson, isObject, type JsonObject, type JsonValue } from '../json.ts'

/** Whose names are not the protocol's but somebody's own. */
const FREE: ReadonlySet<string> = new Set(['arguments', 'info', 'metadata', 'connectors'])

export function wireNames(value: unknown): JsonValue {
  return renamed(copyJson(value) ?? null)
}

function renamed(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(renamed)
  if (!isObject(value)) return value
  // A name such as `__proto__` stays a plain own key.
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      FREE.has(name) ? item : renamed(item),
    ]),
  )
}

/** The chunk in an event of `chat.stream`; undefined for what is none. */
export function chunkOf(payload: JsonObject): JsonObject | undefined {
  if ('choices' in payload || !isObject(payload.data) || !Array.isArray(payload.data.choices)) return undefined
  const chunk = wireNames(payload.data)
  return isObject(chunk) ? chunk : undefined
}
