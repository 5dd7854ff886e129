/**
 * An answer as OpenAI Responses streams it: numbered events, and what was streamed in deltas is sent again as a whole: once when it is
 * done, once with its part (text only), once with its item, once with the response.
 */
import { chance } from './chance.mjs'

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
const OBFUSCATED_LENGTH = 16

export function openaiResponses({ text, calls }) {
  const below = chance(7)
  const events = []
  const output = []
  const send = (type, fields) => {
    const payload = { type, sequence_number: events.length, ...fields }
    events.push(`event: ${type}\ndata: ${JSON.stringify(payload)}\n\n`)
  }
  const obfuscation = (delta) => {
    const length = Math.max(1, OBFUSCATED_LENGTH - delta.length)
    return Array.from({ length }, () => LETTERS[below(LETTERS.length)]).join('')
  }
  const response = (status, usage) => ({
    id: 'resp_0bef6de8dc88461900698a6de2c47c8193aef952e98c5b68f4',
    object: 'response',
    created_at: 1_770_679_778,
    status,
    background: false,
    error: null,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: null,
    max_tool_calls: null,
    model: 'gpt-4o-2024-08-06',
    output: [...output],
    parallel_tool_calls: true,
    previous_response_id: null,
    prompt_cache_key: null,
    reasoning: { effort: null, summary: null },
    safety_identifier: null,
    service_tier: 'default',
    store: true,
    temperature: 1,
    text: { format: { type: 'text' }, verbosity: 'medium' },
    tool_choice: 'auto',
    tools: [],
    top_logprobs: 0,
    top_p: 1,
    truncation: 'disabled',
    usage,
    user: null,
    metadata: {},
  })

  send('response.created', { response: response('in_progress', null) })
  send('response.in_progress', { response: response('in_progress', null) })
  if (text.length > 0) sendText(text)
  for (const call of calls) sendCall(call)
  const details = { input_tokens_details: { cached_tokens: 0 }, output_tokens_details: { reasoning_tokens: 0 } }
  const usage = { input_tokens: 85, output_tokens: events.length, total_tokens: 85 + events.length, ...details }
  send('response.completed', { response: response('completed', usage) })
  return events

  function sendText(deltas) {
    const id = 'msg_02cbfd68e4ae57b500695cb5baff7c8195976581ed7c4d5108'
    const at = { item_id: id, output_index: output.length, content_index: 0 }
    const item = (status, content) => ({ id, type: 'message', status, content, role: 'assistant' })
    send('response.output_item.added', { output_index: output.length, item: item('in_progress', []) })
    send('response.content_part.added', { ...at, part: part('') })
    for (const delta of deltas) {
      send('response.output_text.delta', { ...at, delta, logprobs: [], obfuscation: obfuscation(delta) })
    }
    const whole = deltas.join('')
    send('response.output_text.done', { ...at, text: whole, logprobs: [] })
    send('response.content_part.done', { ...at, part: part(whole) })
    send('response.output_item.done', { output_index: output.length, item: item('completed', [part(whole)]) })
    output.push(item('completed', [part(whole)]))
  }

  function sendCall({ id, name, deltas }) {
    const at = { item_id: `fc_${id}`, output_index: output.length }
    const item = (status, whole) => ({
      id: `fc_${id}`,
      type: 'function_call',
      status,
      arguments: whole,
      call_id: `call_${id}`,
      name,
    })
    send('response.output_item.added', { output_index: output.length, item: item('in_progress', '') })
    for (const delta of deltas) {
      send('response.function_call_arguments.delta', { ...at, delta, obfuscation: obfuscation(delta) })
    }
    const whole = deltas.join('')
    send('response.function_call_arguments.done', { ...at, arguments: whole })
    send('response.output_item.done', { output_index: output.length, item: item('completed', whole) })
    output.push(item('completed', whole))
  }
}

function part(text) {
  return { type: 'output_text', annotations: [], logprobs: [], text }
}
