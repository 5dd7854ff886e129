/** What a clean Anthropic stream must give, told from the message that was streamed and not from its events. */
import type { JsonObject } from '../../src/json.ts'
import type { Stop, StopReason, Usage } from '../../src/message.ts'
import { argumentsText, type BlockSpec, type CallSpec, type MessageSpec } from './anthropic-events.ts'

export interface Expected {
  /** The blocks without their `wire`. */
  readonly content: readonly JsonObject[]
  readonly stop: Stop
  readonly usage: Usage
  /** The keys of the calls that are handed out. */
  readonly handedOut: readonly string[]
  readonly native: JsonObject
}

const REASONS: Readonly<Record<string, StopReason>> = { tool_use: 'tool_calls', max_tokens: 'max_tokens', end_turn: 'end_turn', stop_sequence: 'stop_sequence', refusal: 'refusal', pause_turn: 'pause', model_context_window_exceeded: 'context_window' }
const CUTTING = ['max_tokens', 'context_window', 'refusal']

export function expectedOf(spec: MessageSpec): Expected {
  const reason = REASONS[spec.stopReason] ?? 'unknown'
  const isLast = (block: BlockSpec): boolean => block === spec.blocks.at(-1)
  const isWhole = (call: CallSpec): boolean => call.cutAt === undefined && !(argumentsText(call) === '' && isLast(call) && CUTTING.includes(reason))
  const calls = spec.blocks.flatMap((block, at) => (block.type === 'tool_use' && isWhole(block) ? [`turn/0#${at}`] : []))
  const counts = { ...spec.startUsage, ...positive(spec.deltaUsage) }
  return {
    content: spec.blocks.map((block, at) => contentOf(block, at, block.type.endsWith('tool_use') && isWhole(block as CallSpec))),
    stop: { reason: calls.length > 0 && ['end_turn', 'stop_sequence', 'unknown'].includes(reason) ? 'tool_calls' : reason, raw: spec.stopReason, sequence: spec.stopSequence },
    usage: {
      inputTokens: (counts['input_tokens'] ?? 0) + (counts['cache_read_input_tokens'] ?? 0) + (counts['cache_creation_input_tokens'] ?? 0),
      outputTokens: spec.deltaUsage['output_tokens'] ?? 0,
      ...('cache_read_input_tokens' in { ...spec.startUsage, ...spec.deltaUsage } ? { cacheReadTokens: counts['cache_read_input_tokens'] ?? 0 } : {}),
      ...('cache_creation_input_tokens' in counts ? { cacheWriteTokens: counts['cache_creation_input_tokens'] ?? 0 } : {}),
    },
    handedOut: CUTTING.includes(reason) ? [] : calls,
    native: { id: spec.id, type: 'message', role: 'assistant', model: spec.model, content: spec.blocks.map(nativeOf), stop_reason: spec.stopReason, stop_sequence: spec.stopSequence, usage: { ...spec.startUsage, ...spec.deltaUsage } },
  }
}

/** A zero never takes the place of a positive count. */
const positive = (counts: Readonly<Record<string, number>>): Record<string, number> => Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))

function contentOf(block: BlockSpec, at: number, isWhole: boolean): JsonObject {
  if (block.type === 'text') return { type: 'text', text: block.text, ...(block.citations === undefined ? {} : { citations: block.citations.map(({ citation }) => citation) }) }
  if (block.type === 'thinking') return { type: 'thinking', text: block.thinking, signature: block.signature }
  if (block.type === 'redacted_thinking') return { type: 'thinking', text: '', encrypted: block.data, redacted: true }
  if (block.type === 'web_search_tool_result') return { type: 'tool_result', callId: block.tool_use_id, content: block.content }
  if (block.type === 'container_upload') return { type: 'other' }
  const call = { type: 'tool_call', key: `turn/0#${at}`, id: block.id, idSource: 'wire', name: block.name, arguments: argumentsText(block), origin: block.type === 'tool_use' ? 'client' : 'provider' }
  return isWhole ? { ...call, state: 'complete', input: block.input } : { ...call, state: 'partial' }
}

function nativeOf(block: BlockSpec): JsonObject {
  if (block.type === 'text') return { type: 'text', text: block.text, ...(block.citations === undefined ? {} : { citations: block.citations.map(({ citation }) => citation) }) }
  if (block.type === 'tool_use' || block.type === 'server_tool_use') return { type: block.type, id: block.id, name: block.name, input: block.cutAt === undefined ? block.input : {} }
  return { ...block }
}
