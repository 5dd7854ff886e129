/** pi-ai: the API modules' `stream`, whose partial message holds the parsed arguments at each delta. */
import { stream as anthropicMessages } from '@earendil-works/pi-ai/api/anthropic-messages'
import { stream as openaiCompletions } from '@earendil-works/pi-ai/api/openai-completions'
import { stream as openaiResponses } from '@earendil-works/pi-ai/api/openai-responses'
import { touch } from '../../contenders/onefold.mjs'
import { ANY_OBJECT, answerWith, PROMPT, TOOL } from './shared.mjs'

const STREAMS = {
  'anthropic-messages': [anthropicMessages, 'anthropic-messages', 'anthropic', 'https://api.anthropic.com'],
  'openai-chat': [openaiCompletions, 'openai-completions', 'openai', 'https://api.openai.com/v1'],
  'openai-responses': [openaiResponses, 'openai-responses', 'openai', 'https://api.openai.com/v1'],
}
const FREE = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }

export function piAiContenders(dialect) {
  const [stream, api, provider, baseUrl] = STREAMS[dialect]
  const limits = { contextWindow: 200_000, maxTokens: 1000 }
  const model = {
    id: 'bench',
    name: 'bench',
    api,
    provider,
    baseUrl,
    reasoning: false,
    input: ['text'],
    cost: FREE,
    ...limits,
  }
  const context = {
    messages: [{ role: 'user', content: PROMPT, timestamp: 0 }],
    tools: [{ name: TOOL, description: 'writes', parameters: ANY_OBJECT }],
  }
  const start = (workload) => stream(model, context, { apiKey: 'none', fetch: answerWith(workload), maxRetries: 0 })
  return {
    final: [
      {
        name: 'pi-ai: stream, result()',
        key: 'pi-ai',
        peer: 'pi-ai',
        run: async (workload) => ({ final: await start(workload).result() }),
        read,
      },
    ],
    live: [
      {
        name: 'pi-ai: arguments of the partial message',
        key: 'pi-ai live',
        peer: 'pi-ai',
        async run(workload) {
          const events = start(workload)
          let reads = 0
          let last
          for await (const event of events) {
            if (event.type === 'toolcall_delta')
              reads += touch((last = event.partial.content[event.contentIndex]?.arguments))
          }
          return { final: await events.result(), reads, last }
        },
        read: (all) => ({ ...read(all), reads: all.reads, last: JSON.stringify(all.last) }),
      },
    ],
  }
}

function read({ final }) {
  if (final.stopReason === 'error') throw new Error(final.errorMessage)
  return {
    text: final.content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join(''),
    inputs: final.content.flatMap((block) => (block.type === 'toolCall' ? [JSON.stringify(block.arguments)] : [])),
  }
}
