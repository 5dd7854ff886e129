/** The chat completion that the official SDK builds from a stream. */
import { isObject, type JsonValue } from '../../src/json.ts'
import { viaJson } from './differences.ts'
import type { Accumulated } from './fidelity.ts'
import { clientOf, type OpenAIVersion } from './openai-sdk.ts'

export const REQUEST = { model: 'any', messages: [] }

export async function accumulate(body: Uint8Array, version: OpenAIVersion): Promise<Accumulated> {
  try {
    const completion = await clientOf(body, version).chat.completions.stream(REQUEST).finalChatCompletion()
    return { message: withoutAdditions(viaJson(completion)) }
  } catch (error) {
    return { throws: error instanceof Error ? error.message : String(error) }
  }
}

/** Without `parsed` of a message and `parsed_arguments` of a call; a tool's arguments are text here and cannot hold such a field. */
function withoutAdditions(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutAdditions)
  if (!isObject(value)) return value
  const own = Object.entries(value).filter(([name]) => name !== 'parsed' && name !== 'parsed_arguments')
  return Object.fromEntries(own.map(([name, inner]) => [name, withoutAdditions(inner)]))
}
