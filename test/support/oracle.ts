/** What a clean Anthropic stream must give, told from the message that was streamed and not from its events. */
import type { JsonObject } from '../../src/json.ts'
import type { StopReason } from '../../src/message.ts'
import { argumentsText, isCall, type BlockSpec, type MessageSpec } from './anthropic-events.ts'

const REASONS: ReadonlyMap<string, StopReason> = new Map([
  ['end_turn', 'end_turn'],
  ['stop_sequence', 'stop_sequence'],
  ['tool_use', 'tool_calls'],
  ['max_tokens', 'max_tokens'],
  ['refusal', 'refusal'],
  ['pause_turn', 'pause'],
  ['model_context_window_exceeded', 'context_window'],
])
const CUTTING: ReadonlySet<string> = new Set(['max_tokens', 'context_window', 'refusal'])
const NEUTRAL: ReadonlySet<string> = new Set(['end_turn', 'stop_sequence', 'unknown'])

/** The blocks without their `wire`, and the keys of the calls that are handed out. */
export function expectedOf(spec: MessageSpec) {
  const { stopReason: raw, stopSequence: sequence, startUsage, deltaUsage } = spec
  const reason = REASONS.get(raw) ?? 'unknown'
  const isCut = CUTTING.has(reason)
  const content = spec.blocks.map((block, at) =>
    contentOf(block, `turn/0#${at}`, isCut && at === spec.blocks.length - 1),
  )
  const calls = content.filter((block) => block['origin'] === 'client' && block['state'] === 'complete')
  return {
    content,
    handedOut: isCut ? [] : calls.map((call) => call['key']),
    stop: { reason: calls.length > 0 && NEUTRAL.has(reason) ? 'tool_calls' : reason, raw, sequence },
    usage: usageOf({ ...startUsage, ...deltaUsage }, (name) => deltaUsage[name] || startUsage[name] || 0),
  }
}

/** A zero never takes the place of a positive count. */
function usageOf(given: object, count: (name: string) => number) {
  const [read, write] = ['cache_read_input_tokens', 'cache_creation_input_tokens'] as const
  return {
    inputTokens: count('input_tokens') + count(read) + count(write),
    outputTokens: count('output_tokens'),
    ...(read in given ? { cacheReadTokens: count(read) } : {}),
    ...(write in given ? { cacheWriteTokens: count(write) } : {}),
  }
}

function contentOf(block: BlockSpec, key: string, isCutHere: boolean): JsonObject {
  if (isCall(block)) {
    const text = argumentsText(block)
    const origin = block.type === 'tool_use' ? 'client' : 'provider'
    const call = { type: 'tool_call', key, id: block.id, idSource: 'wire', name: block.name, arguments: text, origin }
    const isWhole = block.cutAt === undefined && !(isCutHere && text === '')
    return { ...call, ...(isWhole ? { state: 'complete', input: block.input } : { state: 'partial' }) }
  }
  const citations = 'citations' in block ? { citations: block.citations?.map(({ citation }) => citation) ?? [] } : {}
  if (block.type === 'text') return { type: 'text', text: block.text, ...citations }
  if (block.type === 'thinking') return { type: 'thinking', text: block.thinking, signature: block.signature }
  if (block.type === 'redacted_thinking') return { type: 'thinking', text: '', encrypted: block.data, redacted: true }
  if (block.type === 'container_upload') return { type: 'other' }
  return { type: 'tool_result', callId: block.tool_use_id, content: block.content }
}
