/** llm-stream-assemble: `collectStream` over `assembleStream`. */
import {
  anthropicAdapter,
  assembleStream,
  collectStream,
  openaiChatAdapter,
  openaiResponsesAdapter,
  tapEvents,
} from 'llm-stream-assemble'
import { callOf, callOfText, failed, neutral } from '../neutral.mjs'

const ADAPTERS = {
  'anthropic-messages': anthropicAdapter,
  'openai-chat': openaiChatAdapter,
  'openai-responses': openaiResponsesAdapter,
}
/** Its types: a finish that is none of the model's own. */
const ABNORMAL = new Set(['error', 'incomplete', 'aborted'])

export const llmStreamAssemble = {
  key: 'llm-stream-assemble',
  name: 'llm-stream-assemble',
  packages: ['llm-stream-assemble'],
  dialects: ['anthropic-messages', 'openai-chat', 'openai-responses'],
  how: '`collectStream(assembleStream(body, adapter))`: calls are its `toolCalls`',
  async run({ dialect, response, signal }) {
    let echoes = 0
    try {
      const events = tapEvents(assembleStream(response().body, ADAPTERS[dialect](), { signal }), ({ type }) => {
        if (type === 'tool_call.done' || type === 'finish') echoes += 1
      })
      const { text, reasoning, toolCalls, finishReason, usage } = await collectStream(events)
      const stop = finishReason?.reason
      return neutral({
        text,
        thinking: reasoning,
        calls: toolCalls.map(({ name, args }) =>
          typeof args === 'string' ? callOfText(name, args) : callOf(name, args),
        ),
        stop,
        isAbnormal: ABNORMAL.has(stop),
        usage,
        echoes,
      })
    } catch (error) {
      return failed(error, { echoes })
    }
  },
}
