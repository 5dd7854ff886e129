/** Anthropic's SDK: `messages.stream(…).finalMessage()`. */
import Anthropic from '@anthropic-ai/sdk'
import { callOf, failed, joined, neutral } from '../neutral.mjs'
import { jsonSchemaOf, PROMPT } from './shared.mjs'

export const anthropicSdk = {
  key: 'anthropic-sdk',
  name: 'Anthropic SDK',
  packages: ['@anthropic-ai/sdk'],
  dialects: ['anthropic-messages'],
  how: '`messages.stream(…).finalMessage()`: calls are the `tool_use` blocks of the final message',
  async run({ fetch, signal, tools }) {
    const client = new Anthropic({ apiKey: 'none', maxRetries: 0, fetch })
    const stream = client.messages.stream(
      {
        model: 'claude-sonnet-4-5',
        max_tokens: 1024,
        messages: [{ role: 'user', content: PROMPT }],
        tools: tools.map((tool) => ({ name: tool.name, input_schema: jsonSchemaOf(tool) })),
      },
      { signal },
    )
    let echoes = 0
    stream.on('contentBlock', () => (echoes += 1))
    stream.on('message', () => (echoes += 1))
    try {
      const { content, stop_reason: stop, usage } = await stream.finalMessage()
      const calls = content.flatMap((block) => (block.type === 'tool_use' ? [callOf(block.name, block.input)] : []))
      return neutral({
        text: joined(content, 'text'),
        thinking: joined(content, 'thinking', 'thinking'),
        calls,
        stop,
        usage,
        echoes,
      })
    } catch (error) {
      return failed(error, { echoes })
    }
  },
}
