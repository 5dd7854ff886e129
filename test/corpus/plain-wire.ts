/** What simple readers of a wire have in common. Imports nothing of what is tested but the type of a JSON value. */
import type { JsonObject, JsonValue } from '../../src/json.ts'

/** What an answer says, as any reader would put it together. */
export interface Simple {
  text: string
  thinking: string
  readonly calls: { readonly id: string; readonly name: string; readonly input: JsonValue }[]
  citations: number
  finish: string | null
  usage: Readonly<Record<string, JsonValue | undefined>>
}

export function nothing(): Simple {
  return { text: '', thinking: '', calls: [], citations: 0, finish: null, usage: {} }
}

export function objectOf(value: JsonValue | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
}

export function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : ''
}

export function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : []
}
