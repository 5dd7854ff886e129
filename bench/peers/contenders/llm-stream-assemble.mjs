/** llm-stream-assemble: `collectStream` over `assembleStream`; its `tool_call.args.delta` carries a partial parse. */
import {
  anthropicAdapter,
  assembleStream,
  collectStream,
  openaiChatAdapter,
  openaiResponsesAdapter,
} from 'llm-stream-assemble'
import { touch } from '../../contenders/onefold.mjs'
import { streamOf } from '../../floors.mjs'

const ADAPTERS = {
  'anthropic-messages': anthropicAdapter,
  'openai-chat': openaiChatAdapter,
  'openai-responses': openaiResponsesAdapter,
}

export function llmStreamAssembleContenders(dialect) {
  const start = ({ chunks }) => assembleStream(streamOf(chunks), ADAPTERS[dialect]())
  return {
    final: [
      {
        name: 'llm-stream-assemble: collectStream',
        key: 'llm-stream-assemble',
        peer: 'llm-stream-assemble',
        run: (workload) => collectStream(start(workload)),
        read: (result) => ({
          text: result.text ?? '',
          inputs: (result.toolCalls ?? []).map(({ args }) => JSON.stringify(args)),
        }),
      },
    ],
    live: [
      {
        name: 'llm-stream-assemble: partial arguments of its delta events',
        key: 'llm-stream-assemble live',
        peer: 'llm-stream-assemble',
        async run(workload) {
          let reads = 0
          let last
          for await (const event of start(workload)) {
            if (event.type === 'tool_call.args.delta') reads += touch((last = event.partial))
          }
          return { reads, last }
        },
        read: ({ reads, last }) => ({ reads, last: JSON.stringify(last) }),
      },
    ],
  }
}
