/** onefold: `assemble(response)`, its live events and its message. */
import { callOf, joined, neutral } from '../neutral.mjs'

/** The anomalies that say that something did not come, or was not understood. */
const TELLING = new Set([
  'missing_stop',
  'missing_terminal',
  'sequence_gap',
  'malformed_event',
  'cut_event',
  'unknown_event',
  'unknown_delta',
  'snapshot_refused',
  'append_after_hand_out',
])

export function onefold({ assemble }) {
  return {
    key: 'onefold',
    name: 'onefold',
    packages: [],
    dialects: ['anthropic-messages', 'openai-chat', 'openai-responses'],
    how: '`assemble(response)`: calls as `tool_call` events hand them out, messages as `message` events give them',
    async run({ response, signal }) {
      const turn = assemble(response(), { signal })
      const ran = []
      let finished = 0
      for await (const event of turn) {
        if (event.type === 'tool_call') ran.push(callOf(event.call.name, event.call.input))
        if (event.type === 'message') finished += 1
      }
      const { content, stop, outcome, anomalies, usage } = await turn.message()
      return neutral({
        text: joined(content, 'text'),
        thinking: joined(content, 'thinking'),
        calls: content.flatMap((block) =>
          block.type === 'tool_call' && block.state === 'complete' ? [callOf(block.name, block.input)] : [],
        ),
        ran,
        stop: stop.reason,
        finished,
        ...(outcome.kind === 'complete' ? {} : { error: outcome.kind }),
        isTold: anomalies.some(({ kind }) => TELLING.has(kind)),
        usage,
      })
    },
  }
}
