/** Anthropic Messages. */
import { deltasOf, newId, sse } from './pieces.mjs'

export function anthropicWhole(turn, { model }) {
  return {
    id: newId('msg_01'),
    type: 'message',
    role: 'assistant',
    model,
    content: contentOf(turn),
    stop_reason: turn.call === undefined ? 'end_turn' : 'tool_use',
    stop_sequence: null,
    usage: { input_tokens: 1234, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 56 },
  }
}

export function anthropicSse(turn, about) {
  const whole = anthropicWhole(turn, about)
  const { stop_reason, stop_sequence, usage } = whole
  const events = [
    {
      type: 'message_start',
      message: { ...whole, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } },
    },
    { type: 'ping' },
  ]
  for (const [index, block] of whole.content.entries()) {
    const isText = block.type === 'text'
    events.push({
      type: 'content_block_start',
      index,
      content_block: isText ? { type: 'text', text: '' } : { ...block, input: {} },
    })
    for (const piece of deltasOf(isText ? block.text : JSON.stringify(block.input))) {
      events.push({
        type: 'content_block_delta',
        index,
        delta: isText ? { type: 'text_delta', text: piece } : { type: 'input_json_delta', partial_json: piece },
      })
    }
    events.push({ type: 'content_block_stop', index })
  }
  events.push({ type: 'message_delta', delta: { stop_reason, stop_sequence }, usage }, { type: 'message_stop' })
  return sse(events, { named: true })
}

function contentOf({ text, call }) {
  return [
    { type: 'text', text },
    ...(call === undefined ? [] : [{ type: 'tool_use', id: newId('toolu_01'), name: call.name, input: call.args }]),
  ]
}
