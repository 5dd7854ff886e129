/** OpenAI Responses. */
import { deltasOf, newId, now, sse } from './pieces.mjs'

export function responsesWhole(turn, { model }) {
  return {
    id: newId('resp_', 48),
    object: 'response',
    created_at: now(),
    status: 'completed',
    error: null,
    incomplete_details: null,
    model,
    output: itemsOf(turn),
    parallel_tool_calls: true,
    usage: {
      input_tokens: 1234,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: 56,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 1290,
    },
  }
}

export function responsesSse(turn, about) {
  const whole = responsesWhole(turn, about)
  const opened = { ...whole, status: 'in_progress', output: [], usage: null }
  const events = [
    { type: 'response.created', response: opened },
    { type: 'response.in_progress', response: opened },
  ]
  for (const [output_index, item] of whole.output.entries()) {
    events.push(...(item.type === 'message' ? textEvents(item, output_index) : callEvents(item, output_index)))
  }
  events.push({ type: 'response.completed', response: whole })
  return sse(
    events.map((event, sequence_number) => ({ ...event, sequence_number })),
    { named: true },
  )
}

function textEvents(item, output_index) {
  const [part] = item.content
  const at = { item_id: item.id, output_index, content_index: 0 }
  return [
    { type: 'response.output_item.added', output_index, item: { ...item, status: 'in_progress', content: [] } },
    { type: 'response.content_part.added', ...at, part: { ...part, text: '' } },
    ...deltasOf(part.text).map((delta) => ({ type: 'response.output_text.delta', ...at, delta, logprobs: [] })),
    { type: 'response.output_text.done', ...at, text: part.text, logprobs: [] },
    { type: 'response.content_part.done', ...at, part },
    { type: 'response.output_item.done', output_index, item },
  ]
}

function callEvents(item, output_index) {
  const at = { item_id: item.id, output_index }
  return [
    { type: 'response.output_item.added', output_index, item: { ...item, status: 'in_progress', arguments: '' } },
    ...deltasOf(item.arguments).map((delta) => ({ type: 'response.function_call_arguments.delta', ...at, delta })),
    { type: 'response.function_call_arguments.done', ...at, arguments: item.arguments },
    { type: 'response.output_item.done', output_index, item },
  ]
}

function itemsOf({ text, call }) {
  const message = {
    id: newId('msg_', 48),
    type: 'message',
    status: 'completed',
    role: 'assistant',
    content: [{ type: 'output_text', annotations: [], logprobs: [], text }],
  }
  if (call === undefined) return [message]
  return [
    message,
    {
      id: newId('fc_', 48),
      type: 'function_call',
      status: 'completed',
      call_id: newId('call_'),
      name: call.name,
      arguments: JSON.stringify(call.args),
    },
  ]
}
