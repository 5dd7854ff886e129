/** LangChain: `model.stream`, its chunks joined by `concat`, which parses the tool input of the joined chunk each time. */
import { ChatAnthropic } from '@langchain/anthropic'
import { ChatOpenAI } from '@langchain/openai'
import { touch } from '../../contenders/onefold.mjs'
import { answerWith, PROMPT } from './shared.mjs'

const openai = (fetch, useResponsesApi) =>
  new ChatOpenAI({ apiKey: 'none', model: 'gpt-4o', maxRetries: 0, useResponsesApi, configuration: { fetch } })
const MODELS = {
  'anthropic-messages': (fetch) =>
    new ChatAnthropic({ apiKey: 'none', model: 'claude-sonnet-4-5', maxRetries: 0, clientOptions: { fetch } }),
  'openai-chat': (fetch) => openai(fetch, false),
  'openai-responses': (fetch) => openai(fetch, true),
}

export function langchainContenders(dialect) {
  return {
    final: [
      {
        name: 'LangChain: model.stream and concat',
        key: 'langchain',
        peer: 'langchain',
        async run(workload) {
          let final
          for await (const chunk of await MODELS[dialect](answerWith(workload)).stream(PROMPT)) {
            final = final === undefined ? chunk : final.concat(chunk)
          }
          return { final }
        },
        read,
      },
    ],
    live: [
      {
        name: 'LangChain: tool_calls of the joined chunk',
        key: 'langchain live',
        peer: 'langchain',
        async run(workload) {
          let final
          let reads = 0
          let last
          for await (const chunk of await MODELS[dialect](answerWith(workload)).stream(PROMPT)) {
            final = final === undefined ? chunk : final.concat(chunk)
            reads += touch((last = final.tool_calls.at(-1)?.args))
          }
          return { final, reads, last }
        },
        read: (result) => ({ ...read(result), reads: result.reads, last: JSON.stringify(result.last) }),
      },
    ],
  }
}

function read({ final }) {
  return { text: final.text, inputs: final.tool_calls.map(({ args }) => JSON.stringify(args)) }
}
