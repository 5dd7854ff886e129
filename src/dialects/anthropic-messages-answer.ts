/**
 * A message of any provider as one of the dialect `anthropic-messages`. A tool that the provider ran is told as one of an MCP server, the
 * only form here that takes any name and any result; a refusal is text.
 */
import type { JsonObject } from '../json.ts'
import type { AssistantMessage, ContentBlock, StopReason, ThinkingBlock, Usage } from '../message.ts'
import { hasBegun } from './begun.ts'
import { argumentsOf, foreignIdOf, foreignOutcomeOf, resultText, stopReasonOf } from './foreign.ts'

const STOP_WORDS: Readonly<Record<StopReason, string | null>> = {
  end_turn: 'end_turn',
  stop_sequence: 'stop_sequence',
  tool_calls: 'tool_use',
  max_tokens: 'max_tokens',
  context_window: 'model_context_window_exceeded',
  pause: 'pause_turn',
  refusal: 'refusal',
  content_filter: 'refusal',
  // Not all of it is there; no word here says just that.
  error: 'max_tokens',
  unknown: null,
}

/** One message in the terms of this dialect; the same key, outcome and anomalies. */
export function asAnthropic(message: AssistantMessage): AssistantMessage {
  // Claude Code hands on what the API said.
  if (message.dialect === 'claude-code')
    return { ...message, dialect: 'anthropic-messages', stop: handedOnStop(message) }
  const outcome = foreignOutcomeOf(message)
  if (!hasBegun(message)) return { ...message, dialect: 'anthropic-messages', outcome }
  const reason = stopReasonOf(message)
  return {
    ...message,
    dialect: 'anthropic-messages',
    outcome,
    id: foreignIdOf(message, 'msg_'),
    idSource: 'wire',
    content: message.content.flatMap((block) => blockOf(block, message)),
    stop: { reason, raw: STOP_WORDS[reason], sequence: message.stop.sequence },
    rawUsage: usageOf(message.usage),
    wire: {},
  }
}

/** Of a message within its turn Claude Code does not hand on why it stopped. */
function handedOnStop({ stop, outcome, content }: AssistantMessage): AssistantMessage['stop'] {
  if (stop.raw !== null || outcome.kind !== 'complete') return stop
  const reason = content.some(({ wire }) => wire.type === 'tool_use') ? 'tool_calls' : 'end_turn'
  return { ...stop, reason, raw: STOP_WORDS[reason] }
}

function blockOf(block: ContentBlock, { dialect }: AssistantMessage): readonly ContentBlock[] {
  switch (block.type) {
    case 'text':
    case 'refusal':
      return block.text === '' ? [] : [{ type: 'text', text: block.text, wire: {} }]
    case 'thinking':
      return thinkingOf(block)
    case 'tool_call': {
      const id = foreignIdOf(block, 'toolu_')
      const text = argumentsOf(block)
      const wire = {
        ...(block.origin === 'client' ? { type: 'tool_use' } : { type: 'mcp_tool_use', server_name: dialect }),
        // Arguments that are no object stay what they are: an empty object would be one that nobody gave.
        ...(block.state === 'complete' ? {} : { input: text }),
      }
      return [{ ...block, id, idSource: 'wire', arguments: text, wire }]
    }
    case 'tool_result': {
      const content = [{ type: 'text', text: resultText(block.content) }]
      return [{ ...block, content, wire: { type: 'mcp_tool_result', is_error: block.isError ?? false } }]
    }
    case 'media':
    case 'other':
      return []
    default: {
      const never: never = block
      return never
    }
  }
}

/** A signature of another provider means nothing to this one; that there is none stays to be seen. */
function thinkingOf({ text }: ThinkingBlock): readonly ContentBlock[] {
  return text === '' ? [] : [{ type: 'thinking', text, wire: { signature: '' } }]
}

/** Input counts here leave out what came from a cache or went into one. */
function usageOf(usage: Usage): JsonObject {
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens } = usage
  return {
    ...(inputTokens === undefined
      ? {}
      : { input_tokens: Math.max(0, inputTokens - (cacheReadTokens ?? 0) - (cacheWriteTokens ?? 0)) }),
    ...(cacheWriteTokens === undefined ? {} : { cache_creation_input_tokens: cacheWriteTokens }),
    ...(cacheReadTokens === undefined ? {} : { cache_read_input_tokens: cacheReadTokens }),
    ...(outputTokens === undefined ? {} : { output_tokens: outputTokens }),
    ...(reasoningTokens === undefined ? {} : { output_tokens_details: { thinking_tokens: reasoningTokens } }),
  }
}
