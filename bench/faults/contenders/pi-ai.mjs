/** pi-ai: the API modules' `stream`, its events read to the end, and `result()`. */
import { normalizeContext, validateToolCall } from '@earendil-works/pi-ai'
import { stream as anthropicMessages } from '@earendil-works/pi-ai/api/anthropic-messages'
import { stream as openaiCompletions } from '@earendil-works/pi-ai/api/openai-completions'
import { stream as openaiResponses } from '@earendil-works/pi-ai/api/openai-responses'
import { callOf, failed, joined, neutral } from '../neutral.mjs'
import { jsonSchemaOf, PROMPT } from './shared.mjs'

const STREAMS = {
  'anthropic-messages': [anthropicMessages, 'anthropic-messages', 'anthropic', 'https://api.anthropic.com'],
  'openai-chat': [openaiCompletions, 'openai-completions', 'openai', 'https://api.openai.com/v1'],
  'openai-responses': [openaiResponses, 'openai-responses', 'openai', 'https://api.openai.com/v1'],
}

export const piAi = {
  key: 'pi-ai',
  name: 'pi-ai',
  packages: ['@earendil-works/pi-ai'],
  dialects: ['anthropic-messages', 'openai-chat', 'openai-responses'],
  how: '`stream(…)` of its API modules and `result()`: calls are those of a final message whose `stopReason` is neither `error` nor `aborted`, and are handed out if `validateToolCall` lets them pass',
  async run({ dialect, fetch, signal, tools }) {
    const [stream, api, provider, baseUrl] = STREAMS[dialect]
    const model = {
      id: 'bench',
      name: 'bench',
      api,
      provider,
      baseUrl,
      reasoning: false,
      input: ['text'],
      cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
      contextWindow: 200_000,
      maxTokens: 1000,
    }
    const declared = tools.map((tool) => ({ name: tool.name, description: tool.name, parameters: jsonSchemaOf(tool) }))
    const context = normalizeContext({
      messages: [{ role: 'user', content: PROMPT, timestamp: 0 }],
      tools: declared,
    })
    let finished = 0
    let echoes = 0
    try {
      const events = stream(model, context, { apiKey: 'none', fetch, signal, maxRetries: 0 })
      for await (const event of events) {
        if (event.type === 'done') finished += 1
        if (event.type === 'toolcall_end' || event.type === 'text_end') echoes += 1
      }
      const { content, stopReason, errorMessage, usage } = await events.result()
      const isFailed = stopReason === 'error' || stopReason === 'aborted'
      const blocks = content.filter(({ type }) => type === 'toolCall')
      return neutral({
        text: joined(content, 'text'),
        thinking: joined(content, 'thinking', 'thinking'),
        calls: blocks.map(lineOf),
        ran: isFailed ? [] : blocks.filter((call) => isValid(declared, call)).map(lineOf),
        stop: stopReason,
        finished,
        ...(isFailed ? { error: errorMessage ?? stopReason } : {}),
        usage,
        echoes,
      })
    } catch (error) {
      return failed(error)
    }
  },
}

function lineOf({ name, arguments: input }) {
  return callOf(name, input)
}

function isValid(tools, call) {
  try {
    validateToolCall(tools, call)
    return true
  } catch {
    return false
  }
}
