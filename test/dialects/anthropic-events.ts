/** Events of an Anthropic stream, for tables. */
import type { JsonObject } from '../../src/json.ts'

export function start(more: JsonObject = {}): JsonObject {
  const usage = { input_tokens: 25, output_tokens: 1 }
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'model-1', content: [], usage }
  return { type: 'message_start', message: { ...message, ...more } }
}

export const START: JsonObject = start()

export function open(index: number, content_block: JsonObject): JsonObject {
  return { type: 'content_block_start', index, content_block }
}

export function delta(index: number, own: JsonObject): JsonObject {
  return { type: 'content_block_delta', index, delta: own }
}

export function textDelta(index: number, text: string): JsonObject {
  return delta(index, { type: 'text_delta', text })
}

export function thinkingDelta(index: number, thinking: string): JsonObject {
  return delta(index, { type: 'thinking_delta', thinking })
}

export function signatureDelta(index: number, signature: string): JsonObject {
  return delta(index, { type: 'signature_delta', signature })
}

export function inputDelta(index: number, partial_json: string): JsonObject {
  return delta(index, { type: 'input_json_delta', partial_json })
}

export function close(index: number): JsonObject {
  return { type: 'content_block_stop', index }
}

export function stop(stop_reason: string, more: JsonObject = {}): JsonObject {
  return { type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 40 }, ...more }
}

export const END: JsonObject = { type: 'message_stop' }

export function said(index: number, ...pieces: readonly string[]): JsonObject[] {
  return [open(index, { type: 'text', text: '' }), ...pieces.map((piece) => textDelta(index, piece)), close(index)]
}

export function called(index: number, pieces: readonly string[], more: JsonObject = {}): JsonObject[] {
  const block = { type: 'tool_use', id: `toolu_${index}`, name: 'f', input: {}, ...more }
  return [open(index, block), ...pieces.map((piece) => inputDelta(index, piece)), close(index)]
}

export function thought(index: number, thinking: string, signature: string): JsonObject[] {
  const block = { type: 'thinking', thinking: '', signature: '' }
  return [open(index, block), thinkingDelta(index, thinking), signatureDelta(index, signature), close(index)]
}
