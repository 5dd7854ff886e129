/** TanStack AI: `chat` with an adapter, and its StreamProcessor, which keeps UI messages. */
import { chat, parsePartialJSON, StreamProcessor } from '@tanstack/ai'
import { createAnthropicChat } from '@tanstack/ai-anthropic'
import { createOpenaiChat, createOpenaiChatCompletions } from '@tanstack/ai-openai'
import { touch } from '../../contenders/onefold.mjs'
import { ANY_OBJECT, answerWith, PROMPT, TOOL } from './shared.mjs'

const ADAPTERS = {
  'anthropic-messages': (fetch) => createAnthropicChat('claude-sonnet-4-5', 'none', { fetch, maxRetries: 0 }),
  'openai-chat': (fetch) => createOpenaiChatCompletions('gpt-4o-mini', 'none', { fetch, maxRetries: 0 }),
  'openai-responses': (fetch) => createOpenaiChat('gpt-4o', 'none', { fetch, maxRetries: 0 }),
}

export function tanstackContenders(dialect) {
  const start = async (workload, options) => {
    const processor = new StreamProcessor(options)
    const stream = chat({
      adapter: ADAPTERS[dialect](answerWith(workload)),
      messages: [{ role: 'user', content: PROMPT }],
      tools: [{ name: TOOL, description: 'writes', inputSchema: ANY_OBJECT }],
    })
    await processor.process(stream)
    return processor.getMessages().filter(({ role }) => role === 'assistant')
  }
  return {
    final: [
      {
        name: 'TanStack AI: chat and StreamProcessor',
        key: 'tanstack',
        peer: 'tanstack',
        run: async (workload) => ({ messages: await start(workload, {}) }),
        read,
      },
    ],
    live: [
      {
        // It parses at each delta, and shows what it parsed only to a parser of one's own; so its own is put there.
        name: 'TanStack AI: StreamProcessor, its parser',
        key: 'tanstack live',
        peer: 'tanstack',
        async run(workload) {
          let reads = 0
          let last
          const parse = (text) => {
            reads += touch((last = parsePartialJSON(text)))
            return last
          }
          return { messages: await start(workload, { jsonParser: { parse } }), reads, last }
        },
        read: (all) => ({ ...read(all), reads: all.reads, last: JSON.stringify(all.last) }),
      },
    ],
  }
}

function read({ messages }) {
  const parts = messages.flatMap((message) => message.parts)
  return {
    text: parts.flatMap((part) => (part.type === 'text' ? [part.content] : [])).join(''),
    inputs: parts.flatMap((part) => (part.type === 'tool-call' ? [JSON.stringify(part.input)] : [])),
  }
}
