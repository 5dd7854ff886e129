/** openai: `chat.completions.stream(…).finalChatCompletion()` and `responses.stream(…).finalResponse()`. */
import OpenAI from 'openai'
import { callOfText, failed, joined, neutral } from '../neutral.mjs'
import { jsonSchemaOf, PROMPT } from './shared.mjs'

export const openaiSdk = {
  key: 'openai-sdk',
  name: 'openai SDK',
  packages: ['openai'],
  dialects: ['openai-chat', 'openai-responses'],
  how: '`chat.completions.stream(…).finalChatCompletion()`, `responses.stream(…).finalResponse()`: calls are those of the final result',
  async run({ dialect, fetch, signal, tools }) {
    const client = new OpenAI({ apiKey: 'none', maxRetries: 0, fetch })
    const state = { echoes: 0 }
    try {
      return await (dialect === 'openai-chat' ? chat : responses)(client, tools, signal, state)
    } catch (error) {
      return failed(error, state)
    }
  },
}

async function chat(client, tools, signal, state) {
  const stream = client.chat.completions.stream(
    {
      model: 'gpt-4o',
      messages: [{ role: 'user', content: PROMPT }],
      ...(tools.length === 0
        ? {}
        : {
            tools: tools.map((tool) => ({
              type: 'function',
              function: { name: tool.name, parameters: jsonSchemaOf(tool) },
            })),
          }),
    },
    { signal },
  )
  stream.on('tool_calls.function.arguments.done', () => (state.echoes += 1))
  stream.on('content.done', () => (state.echoes += 1))
  stream.on('chatCompletion', () => (state.echoes += 1))
  const { choices, usage } = await stream.finalChatCompletion()
  const [{ message, finish_reason: stop }] = choices
  const calls = (message.tool_calls ?? []).map((call) => callOfText(call.function.name, call.function.arguments))
  return neutral({ text: message.content ?? '', calls, stop, usage, ...state })
}

async function responses(client, tools, signal, state) {
  const stream = client.responses.stream(
    {
      model: 'gpt-4o',
      input: PROMPT,
      ...(tools.length === 0
        ? {}
        : {
            tools: tools.map((tool) => ({
              type: 'function',
              name: tool.name,
              parameters: jsonSchemaOf(tool),
              strict: false,
            })),
          }),
    },
    { signal },
  )
  const { output, status, usage } = await stream.finalResponse()
  const calls = output.flatMap((item) => (item.type === 'function_call' ? [callOfText(item.name, item.arguments)] : []))
  return neutral({
    text: output.flatMap((item) => (item.type === 'message' ? [joined(item.content, 'output_text')] : [])).join(''),
    thinking: output
      .flatMap((item) => (item.type === 'reasoning' ? [joined(item.summary, 'summary_text')] : []))
      .join(''),
    calls,
    stop: status,
    isAbnormal: status !== 'completed' && status !== 'incomplete',
    usage,
    ...state,
  })
}
