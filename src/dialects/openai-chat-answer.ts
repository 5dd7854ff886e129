/**
 * Messages of any provider as choices of the dialect `openai-chat`. A choice has one text and one reasoning; a tool that the provider ran has
 * no place in it, nor has its result.
 */
import { MisuseError } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import type { AssistantMessage, ContentBlock, StopReason, Usage } from '../message.ts'
import { hasBegun } from './begun.ts'
import { argumentsOf, foreignIdOf, foreignOutcomeOf, stopReasonOf } from './foreign.ts'

const STOP_WORDS: Readonly<Record<StopReason, string | null>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  tool_calls: 'tool_calls',
  max_tokens: 'length',
  // The answer is not all there, for which there is one word.
  context_window: 'length',
  pause: 'length',
  error: 'length',
  refusal: 'content_filter',
  content_filter: 'content_filter',
  unknown: null,
}

/**
 * The messages in the terms of this dialect; the same keys, outcomes and anomalies. Throws `MisuseError('bad_argument')` for messages that
 * follow each other, as those of an agent do: they are no choices of one answer.
 */
export function asChat(messages: readonly AssistantMessage[]): readonly AssistantMessage[] {
  if (new Set(messages.filter(({ idSource }) => idSource === 'wire').map(({ id }) => id)).size > 1) {
    throw new MisuseError('bad_argument', 'these messages are several answers, as their ids say; give each by itself')
  }
  return messages.map((message, index) => {
    const outcome = foreignOutcomeOf(message)
    if (!hasBegun(message)) return { ...message, dialect: 'openai-chat', outcome }
    const reason = stopReasonOf(message)
    const rawUsage = usageOf(message.usage)
    const { rawUsage: _rawUsage, ...rest } = message
    return {
      ...rest,
      dialect: 'openai-chat',
      outcome,
      id: foreignIdOf(message, 'chatcmpl-'),
      idSource: 'wire',
      content: contentOf(message.content),
      stop: { reason, raw: STOP_WORDS[reason], sequence: null },
      ...(rawUsage === undefined ? {} : { rawUsage }),
      wire: { created: 0, choice: { index } },
    }
  })
}

/** In the order in which the kinds begin. */
function contentOf(content: readonly ContentBlock[]): readonly ContentBlock[] {
  const said = new Set<ContentBlock['type']>()
  return content.flatMap((block): readonly ContentBlock[] => {
    switch (block.type) {
      case 'text':
      case 'thinking':
      case 'refusal': {
        if (said.has(block.type)) return []
        said.add(block.type)
        return joined(content, block.type)
      }
      case 'tool_call':
        if (block.origin === 'provider') return []
        return [
          { ...block, id: foreignIdOf(block, 'call_'), idSource: 'wire', arguments: argumentsOf(block), wire: {} },
        ]
      case 'tool_result':
      case 'media':
      case 'other':
        return []
      default: {
        const never: never = block
        return never
      }
    }
  })
}

/** Providers cut one text into blocks to cite within it; thoughts are apart. */
function joined(content: readonly ContentBlock[], type: 'text' | 'thinking' | 'refusal'): readonly ContentBlock[] {
  const texts = content.flatMap((block) => (block.type === type && block.text !== '' ? [block.text] : []))
  if (texts.length === 0) return []
  if (type === 'thinking') return [{ type, text: texts.join('\n\n'), wire: { field: 'reasoning_content' } }]
  return [{ type, text: texts.join(''), wire: {} }]
}

function usageOf(usage: Usage): JsonObject | undefined {
  const { inputTokens: input, outputTokens: output, cacheReadTokens, cacheWriteTokens, reasoningTokens } = usage
  if (Object.values(usage).every((count) => count === undefined)) return undefined
  return {
    ...(input === undefined ? {} : { prompt_tokens: input }),
    ...(output === undefined ? {} : { completion_tokens: output }),
    ...(input === undefined || output === undefined ? {} : { total_tokens: input + output }),
    prompt_tokens_details: {
      ...(cacheReadTokens === undefined ? {} : { cached_tokens: cacheReadTokens }),
      ...(cacheWriteTokens === undefined ? {} : { cache_write_tokens: cacheWriteTokens }),
    },
    completion_tokens_details: reasoningTokens === undefined ? {} : { reasoning_tokens: reasoningTokens },
  }
}
