/** LangChain: `model.bindTools(…).stream(…)`, its chunks joined by `concat`. */
import { ChatAnthropic } from '@langchain/anthropic'
import { ChatOpenAI } from '@langchain/openai'
import { callOf, failed, joined, neutral } from '../neutral.mjs'
import { jsonSchemaOf, PROMPT } from './shared.mjs'

const openai = (fetch, useResponsesApi) =>
  new ChatOpenAI({ apiKey: 'none', model: 'gpt-4o', maxRetries: 0, useResponsesApi, configuration: { fetch } })
const MODELS = {
  'anthropic-messages': (fetch) =>
    new ChatAnthropic({ apiKey: 'none', model: 'claude-sonnet-4-5', maxRetries: 0, clientOptions: { fetch } }),
  'openai-chat': (fetch) => openai(fetch, false),
  'openai-responses': (fetch) => openai(fetch, true),
}

export const langchain = {
  key: 'langchain',
  name: 'LangChain',
  packages: ['@langchain/core', '@langchain/anthropic', '@langchain/openai'],
  dialects: ['anthropic-messages', 'openai-chat', 'openai-responses'],
  how: '`model.bindTools(…).stream(…)`, all chunks joined by `concat`: calls are `tool_calls` of what that gives',
  async run({ dialect, fetch, signal, tools }) {
    const model = MODELS[dialect](fetch)
    const bound =
      tools.length === 0
        ? model
        : model.bindTools(
            tools.map((tool) => ({
              type: 'function',
              function: { name: tool.name, description: tool.name, parameters: jsonSchemaOf(tool) },
            })),
          )
    let final
    try {
      for await (const chunk of await bound.stream(PROMPT, { signal })) {
        final = final === undefined ? chunk : final.concat(chunk)
      }
    } catch (error) {
      return failed(error)
    }
    if (final === undefined) return neutral({ finished: 0 })
    const { additional_kwargs: extra, response_metadata: about, content } = final
    const blocks = Array.isArray(content) ? content : []
    return neutral({
      text: final.text,
      thinking:
        joined(blocks, 'thinking', 'thinking') +
        (extra.reasoning_content ?? '') +
        (extra.reasoning?.summary ?? []).map((part) => part.text).join(''),
      calls: final.tool_calls.map(({ name, args }) => callOf(name, args)),
      stop: about.finish_reason ?? about.stop_reason ?? extra.stop_reason ?? about.status,
      isTold: final.invalid_tool_calls.length > 0,
      usage: final.usage_metadata,
    })
  },
}
