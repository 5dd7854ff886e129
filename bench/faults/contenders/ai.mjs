/** The AI SDK: `streamText` with tools that run. */
import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAI } from '@ai-sdk/openai'
import { streamText, tool } from 'ai'
import { callOf, failed, neutral } from '../neutral.mjs'
import { PROMPT, zodOf } from './shared.mjs'

const MODELS = {
  'anthropic-messages': (fetch) => createAnthropic({ apiKey: 'none', fetch })('claude-sonnet-4-5'),
  'openai-chat': (fetch) => createOpenAI({ apiKey: 'none', fetch }).chat('gpt-4o-mini'),
  'openai-responses': (fetch) => createOpenAI({ apiKey: 'none', fetch }).responses('gpt-4o'),
}
/** Its documentation: the model stopped because of an error; the stream ended without a completion signal; for other reasons. */
const ABNORMAL = new Set(['error', 'interrupted', 'other', 'unknown'])

export const ai = {
  key: 'ai',
  name: 'ai',
  packages: ['ai', '@ai-sdk/anthropic', '@ai-sdk/openai'],
  dialects: ['anthropic-messages', 'openai-chat', 'openai-responses'],
  how: '`streamText`, its `stream` read to the end, then `text`, `reasoningText`, `toolCalls`, `finishReason`: a call is handed out when its tool is executed',
  async run({ dialect, fetch, signal, tools }) {
    const ran = []
    const state = { error: undefined, finished: 0, isTold: false }
    const runner = ({ name, fields }) => [
      name,
      tool({
        inputSchema: zodOf({ fields }),
        execute: async (input) => {
          ran.push(callOf(name, input))
          return 'done'
        },
      }),
    ]
    const result = streamText({
      model: MODELS[dialect](fetch),
      prompt: PROMPT,
      tools: Object.fromEntries(tools.map(runner)),
      maxRetries: 0,
      abortSignal: signal,
      // By default it prints errors; they also come as parts.
      onError() {},
    })
    try {
      for await (const part of result.stream) {
        if (part.type === 'error') state.error ??= messageOf(part.error)
        if (part.type === 'abort') state.error ??= 'aborted'
        if (part.type === 'tool-error') state.isTold = true
        if (part.type === 'finish') state.finished += 1
      }
      const calls = (await result.toolCalls).filter((call) => !call.invalid)
      const stop = await result.finishReason
      return neutral({
        text: await result.text,
        thinking: (await result.reasoningText) ?? '',
        calls: calls.map((call) => callOf(call.toolName, call.input)),
        ran,
        stop,
        isAbnormal: ABNORMAL.has(stop),
        usage: await result.usage,
        ...state,
      })
    } catch (error) {
      return failed(state.error ?? error, { ran })
    }
  },
}

function messageOf(error) {
  return error instanceof Error ? error.message : JSON.stringify(error)
}
