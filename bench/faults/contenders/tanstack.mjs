/** TanStack AI: `chat` with tools that run on the server, and its StreamProcessor. */
import { chat, maxIterations, StreamProcessor, toolDefinition } from '@tanstack/ai'
import { createAnthropicChat } from '@tanstack/ai-anthropic'
import { createOpenaiChat, createOpenaiChatCompletions } from '@tanstack/ai-openai'
import { callOf, callOfText, failed, neutral } from '../neutral.mjs'
import { PROMPT, zodOf } from './shared.mjs'

const ADAPTERS = {
  'anthropic-messages': (fetch) => createAnthropicChat('claude-sonnet-4-5', 'none', { fetch, maxRetries: 0 }),
  'openai-chat': (fetch) => createOpenaiChatCompletions('gpt-4o-mini', 'none', { fetch, maxRetries: 0 }),
  'openai-responses': (fetch) => createOpenaiChat('gpt-4o', 'none', { fetch, maxRetries: 0 }),
}

export const tanstack = {
  key: 'tanstack',
  name: 'TanStack AI',
  packages: ['@tanstack/ai', '@tanstack/ai-anthropic', '@tanstack/ai-openai'],
  dialects: ['anthropic-messages', 'openai-chat', 'openai-responses'],
  how: '`chat` for one turn of the model and `StreamProcessor.process`: a call is handed out when its server tool runs, a message is finished by `onStreamEnd`',
  async run({ dialect, fetch, signal, tools }) {
    const ran = []
    const state = { finished: 0 }
    const abortController = new AbortController()
    signal.addEventListener('abort', () => abortController.abort(signal.reason))
    const runner = ({ name, fields }) =>
      toolDefinition({ name, description: name, inputSchema: zodOf({ fields }) }).server(async (input) => {
        ran.push(callOf(name, input))
        return { done: true }
      })
    const processor = new StreamProcessor({
      events: {
        onStreamEnd: () => (state.finished += 1),
        onError: (error) => (state.error ??= error.message),
      },
    })
    try {
      const stream = chat({
        adapter: ADAPTERS[dialect](fetch),
        messages: [{ role: 'user', content: PROMPT }],
        tools: tools.map(runner),
        agentLoopStrategy: maxIterations(1),
        abortController,
        debug: false,
      })
      const { content, thinking, toolCalls = [], finishReason } = await processor.process(stream)
      const calls = toolCalls.map(({ function: { name, arguments: json } }) => callOfText(name, json))
      return neutral({ text: content, thinking, calls, ran, stop: finishReason, ...state })
    } catch (error) {
      return failed(error, { ran })
    }
  },
}
