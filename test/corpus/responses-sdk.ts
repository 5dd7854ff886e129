/** The response that the official SDK builds from a stream. */
import { isObject, type JsonObject, type JsonValue } from '../../src/json.ts'
import { viaJson } from './differences.ts'
import type { Accumulated } from './fidelity.ts'
import { clientOf, type OpenAIVersion } from './openai-sdk.ts'

export const REQUEST = { model: 'any', input: 'any' }

/** The response as JSON without what the SDK adds of its own, or the text of what it throws. */
export async function accumulate(body: Uint8Array, version: OpenAIVersion): Promise<Accumulated> {
  try {
    const response = await clientOf(body, version).responses.stream(REQUEST).finalResponse()
    return { message: withoutAdditions(viaJson(response)) }
  } catch (error) {
    return { throws: withoutDetail(error instanceof Error ? error.message : String(error)) }
  }
}

/** Without what changes with the version of Node, and of an event only its type. */
function withoutDetail(message: string): string {
  return message.replace(/ in JSON at position .*/, '').replace(/\{"type":"([^"]*)".*/s, '$1')
}

const ADDITIONS: ReadonlySet<string> = new Set(['_request_id', 'output_text', 'output_parsed'])

/** On the response, its calls and its texts, and nowhere else: a tool may well have a parameter of that name. */
function withoutAdditions(response: JsonValue): JsonValue {
  if (!isObject(response)) return response
  const { output, ...fields } = without(response, (name) => ADDITIONS.has(name))
  return Array.isArray(output) ? { ...fields, output: output.map(itemWithoutAdditions) } : response
}

function itemWithoutAdditions(item: JsonValue): JsonValue {
  if (!isObject(item)) return item
  if (item['type'] === 'function_call') return without(item, (name) => name === 'parsed_arguments')
  const { content } = item
  if (item['type'] !== 'message' || !Array.isArray(content)) return item
  return {
    ...item,
    content: content.map((part) => (isObject(part) ? without(part, (name) => name === 'parsed') : part)),
  }
}

function without(object: JsonObject, isAddition: (name: string) => boolean): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !isAddition(name)))
}
