/** An answer as Anthropic Messages streams it: named events, and the blanks with which it pads each payload. */
import { chance } from './chance.mjs'

export function anthropicMessages({ text, calls }) {
  const below = chance(5)
  const events = []
  const send = (payload) => {
    const json = JSON.stringify(payload)
    events.push(`event: ${payload.type}\ndata: ${json.slice(0, -1)}${' '.repeat(below(15))}}\n\n`)
  }
  let index = 0
  const block = (opened, deltas) => {
    send({ type: 'content_block_start', index, content_block: opened })
    if (index === 0) send({ type: 'ping' })
    for (const delta of deltas) send({ type: 'content_block_delta', index, delta })
    send({ type: 'content_block_stop', index })
    index += 1
  }

  const usage = {
    input_tokens: 727,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: 1,
    service_tier: 'standard',
  }
  const about = { model: 'claude-sonnet-4-5', id: 'msg_0162isBHX3JcLbJ4NFHthYxA', type: 'message', role: 'assistant' }
  send({ type: 'message_start', message: { ...about, content: [], stop_reason: null, stop_sequence: null, usage } })
  if (text.length > 0)
    block(
      { type: 'text', text: '' },
      text.map((part) => ({ type: 'text_delta', text: part })),
    )
  for (const { id, name, deltas } of calls) {
    block(
      { type: 'tool_use', id: `toolu_${id}`, name, input: {} },
      deltas.map((part) => ({ type: 'input_json_delta', partial_json: part })),
    )
  }
  send({
    type: 'message_delta',
    delta: { stop_reason: calls.length > 0 ? 'tool_use' : 'end_turn', stop_sequence: null },
    usage: {
      input_tokens: 727,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      output_tokens: events.length,
    },
  })
  send({ type: 'message_stop' })
  return events
}
