/** Events of a Responses stream, for tables. */
import type { JsonObject } from '../../src/json.ts'

export function response(status: string, more: JsonObject = {}): JsonObject {
  return { id: 'resp_1', object: 'response', created_at: 1, model: 'model-1', status, output: [], ...more }
}

export const CREATED: JsonObject = { type: 'response.created', response: response('in_progress') }

export function completed(output: readonly JsonObject[] = [], more: JsonObject = {}): JsonObject {
  return { type: 'response.completed', response: response('completed', { output: [...output], ...more }) }
}

export function incomplete(reason: string, output: readonly JsonObject[] = [], more: JsonObject = {}): JsonObject {
  const fields = { output: [...output], incomplete_details: { reason }, ...more }
  return { type: 'response.incomplete', response: response('incomplete', fields) }
}

/** Where an item stands, and how deltas name it. */
export interface At {
  readonly output_index?: number
  readonly item_id?: string
}

export function added(item: JsonObject, { output_index }: At = { output_index: 0 }): JsonObject {
  return { type: 'response.output_item.added', ...(output_index === undefined ? {} : { output_index }), item }
}

export function done(item: JsonObject, at: At = { output_index: 0 }): JsonObject {
  return { ...added(item, at), type: 'response.output_item.done' }
}

export function textDelta(delta: string, at: At = { output_index: 0, item_id: 'msg_1' }): JsonObject {
  return { type: 'response.output_text.delta', ...at, content_index: 0, delta }
}

export function argumentsDelta(delta: string, at: At = { output_index: 0, item_id: 'fc_1' }): JsonObject {
  return { type: 'response.function_call_arguments.delta', ...at, delta }
}

export function summaryDelta(
  delta: string,
  summary_index = 0,
  at: At = { output_index: 0, item_id: 'rs_1' },
): JsonObject {
  return { type: 'response.reasoning_summary_text.delta', ...at, summary_index, delta }
}

export function messageItem(text: string | undefined, more: JsonObject = {}): JsonObject {
  const content = text === undefined ? [] : [{ type: 'output_text', text, annotations: [] }]
  const status = text === undefined ? 'in_progress' : 'completed'
  return { id: 'msg_1', type: 'message', role: 'assistant', status, content, ...more }
}

export function callItem(written: string, more: JsonObject = {}): JsonObject {
  const status = written === '' ? 'in_progress' : 'completed'
  return { id: 'fc_1', type: 'function_call', call_id: 'call_1', name: 'f', status, arguments: written, ...more }
}

export function customItem(input: string, more: JsonObject = {}): JsonObject {
  const status = input === '' ? 'in_progress' : 'completed'
  return { id: 'ctc_1', type: 'custom_tool_call', call_id: 'call_1', name: 'shell', status, input, ...more }
}

export function reasoningItem(summary: readonly string[], more: JsonObject = {}): JsonObject {
  return { id: 'rs_1', type: 'reasoning', summary: summary.map((text) => ({ type: 'summary_text', text })), ...more }
}

/** A message and its first part, without text as yet. */
export function begun(at: At = { output_index: 0, item_id: 'msg_1' }): JsonObject[] {
  const part = { type: 'output_text', text: '', annotations: [] }
  const item = messageItem(undefined, at.item_id === undefined ? { id: '' } : { id: at.item_id })
  return [added(item, at), { type: 'response.content_part.added', ...at, content_index: 0, part }]
}

/** A message as the API streams it. */
export function said(text: string, output_index = 0, item_id = 'msg_1'): JsonObject[] {
  const at = { output_index, item_id }
  const part = { type: 'output_text', text: '', annotations: [] }
  const inPart = { ...at, content_index: 0 }
  return [
    ...begun(at),
    textDelta(text, at),
    { type: 'response.output_text.done', ...inPart, text },
    { type: 'response.content_part.done', ...inPart, part: { ...part, text } },
    done(messageItem(text, { id: item_id }), at),
  ]
}

/** A call as the API streams it. */
export function called(written: string, output_index = 0, more: JsonObject = {}): JsonObject[] {
  const item_id = typeof more['id'] === 'string' ? more['id'] : 'fc_1'
  const at = { output_index, item_id }
  return [
    added(callItem('', more), at),
    argumentsDelta(written.slice(0, 3), at),
    argumentsDelta(written.slice(3), at),
    { type: 'response.function_call_arguments.done', ...at, arguments: written },
    done(callItem(written, more), at),
  ]
}

export function numbered(events: readonly JsonObject[], first = 0): JsonObject[] {
  return events.map((event, index) => ({ ...event, sequence_number: first + index }))
}
