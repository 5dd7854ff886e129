/** Chunks of a chat stream, for tables. */
import type { JsonObject, JsonValue } from '../../src/json.ts'

export const DONE = '[DONE]'

export function envelope(fields: JsonObject): JsonObject {
  return { id: 'chatcmpl_1', object: 'chat.completion.chunk', created: 1, model: 'model-1', ...fields }
}

export function chunk(delta: JsonObject, choice: JsonObject = {}): JsonObject {
  return envelope({ choices: [{ index: 0, delta, finish_reason: null, ...choice }] })
}

export function text(content: string): JsonObject {
  return chunk({ content })
}

export function finish(reason: string, more: JsonObject = {}): JsonObject {
  return { ...chunk({}, { finish_reason: reason }), ...more }
}

/** A chunk with deltas of tool calls. */
export function calls(...deltas: readonly JsonObject[]): JsonObject {
  return chunk({ tool_calls: [...deltas] })
}

/** The delta of a call; what is undefined is not on the wire. */
export function call(
  index: number | undefined,
  id: string | null | undefined,
  name: string | null | undefined,
  written?: JsonValue,
): JsonObject {
  return {
    ...(index === undefined ? {} : { index }),
    ...(id === undefined ? {} : { id, type: 'function' }),
    function: { ...(name === undefined ? {} : { name }), ...(written === undefined ? {} : { arguments: written }) },
  }
}
