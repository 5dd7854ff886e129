/** Drives the real `@anthropic-ai/sdk` over given bytes, without a network. */
import Anthropic from '@anthropic-ai/sdk'
import { isObject, type JsonObject, type JsonValue } from '../../src/json.ts'
import { viaJson } from './differences.ts'

export const REQUEST = { model: 'any', max_tokens: 1, messages: [] }

export function responseOf(body: Uint8Array | ReadableStream<Uint8Array>): Response {
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

/** A client whose every answer is this body. */
export function clientOf(body: Uint8Array | ReadableStream<Uint8Array>): Anthropic {
  return new Anthropic({ apiKey: 'x', maxRetries: 0, logLevel: 'off', fetch: () => Promise.resolve(responseOf(body)) })
}

export type Oracle = 'plain' | 'beta'

/** The message that the SDK builds, as JSON without what the SDK adds of its own, or the text of what it throws. */
export async function accumulate(
  bytes: Uint8Array,
  oracle: Oracle,
): Promise<{ message: JsonValue } | { throws: string }> {
  const client = clientOf(bytes)
  const stream = oracle === 'plain' ? client.messages.stream(REQUEST) : client.beta.messages.stream(REQUEST)
  try {
    return { message: withoutAdditions(viaJson(await stream.finalMessage())) }
  } catch (error) {
    return { throws: error instanceof Error ? error.message : String(error) }
  }
}

const ADDITIONS: ReadonlySet<string> = new Set(['_request_id', 'parsed_output'])

/** On the message only: a tool's input may well have a field of that name. */
function withoutAdditions(message: JsonValue): JsonValue {
  if (!isObject(message)) return message
  const own: JsonObject = Object.fromEntries(Object.entries(message).filter(([name]) => !ADDITIONS.has(name)))
  return own
}
