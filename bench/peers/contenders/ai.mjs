/** The AI SDK: `streamText`, and its UI messages for live tool input. */
import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAI } from '@ai-sdk/openai'
import { jsonSchema, readUIMessageStream, streamText, tool } from 'ai'
import { touch } from '../../contenders/onefold.mjs'
import { ANY_OBJECT, answerWith, PROMPT, TOOL } from './shared.mjs'

const MODELS = {
  'anthropic-messages': (fetch) => createAnthropic({ apiKey: 'none', fetch })('claude-sonnet-4-5'),
  'openai-chat': (fetch) => createOpenAI({ apiKey: 'none', fetch }).chat('gpt-4o-mini'),
  'openai-responses': (fetch) => createOpenAI({ apiKey: 'none', fetch }).responses('gpt-4o'),
}

export function aiContenders(dialect) {
  const start = (workload) =>
    streamText({
      model: MODELS[dialect](answerWith(workload)),
      prompt: PROMPT,
      tools: { [TOOL]: tool({ inputSchema: jsonSchema(ANY_OBJECT) }) },
      maxRetries: 0,
      onError({ error }) {
        throw error
      },
    })
  return {
    final: [
      {
        name: 'ai: streamText, its text and toolCalls',
        key: 'ai',
        peer: 'ai',
        async run(workload) {
          const result = start(workload)
          return { text: await result.text, calls: await result.toolCalls }
        },
        read: ({ text, calls }) => ({ text, inputs: calls.map(({ input }) => JSON.stringify(input)) }),
      },
    ],
    live: [
      {
        name: 'ai: streamText and readUIMessageStream',
        key: 'ai live',
        peer: 'ai',
        async run(workload) {
          let reads = 0
          let last
          for await (const { parts } of readUIMessageStream({ stream: start(workload).toUIMessageStream() })) {
            const part = parts.at(-1)
            if (part?.type === `tool-${TOOL}`) reads += touch((last = part.input))
          }
          return { reads, last }
        },
        read: ({ reads, last }) => ({ reads, last: JSON.stringify(last) }),
      },
    ],
  }
}
