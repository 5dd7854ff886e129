/** A Responses stream of the corpus, folded live, beside what a simple reader takes from the same wire. */
import { assemble, type AssistantMessage, type ContentBlock, type TurnEvent } from '../../src/index.ts'
import type { Anomaly } from '../../src/anomaly.ts'
import type { JsonObject } from '../../src/json.ts'
import type { CorpusStream } from '../support/corpus.ts'
import { payloadsOf, wireResponsesOf, type WireItem, type WireResponse } from './responses-wire.ts'

export interface Folded {
  readonly stream: CorpusStream
  readonly events: readonly TurnEvent[]
  readonly messages: readonly AssistantMessage[]
  readonly wire: readonly WireResponse[]
  /** What came after the message. */
  readonly late: readonly Anomaly[]
}

export async function foldStream(stream: CorpusStream): Promise<Folded> {
  const turn = assemble(stream.read(), { many: isConcatenated(stream) })
  const events: TurnEvent[] = []
  for await (const event of turn) events.push(event)
  const messages = await turn.messages()
  return { stream, events, messages, wire: wireResponsesOf(payloadsOf(stream)), late: turn.anomalies }
}

export function isConcatenated({ features }: CorpusStream): boolean {
  return features.includes('concatenated_responses')
}

/** A block as a simple reader would have it. */
export function simply(block: ContentBlock): unknown {
  switch (block.type) {
    case 'text':
      return { kind: 'text', text: block.text, citations: block.citations ?? [] }
    case 'refusal':
      return { kind: 'refusal', text: block.text }
    case 'thinking':
      return { kind: 'thinking', text: block.text, encrypted: block.encrypted }
    case 'tool_call': {
      const { id, name, origin, arguments: text } = block
      return { kind: 'tool_call', id, name, origin, text }
    }
    case 'tool_result':
      return { kind: 'tool_result', callId: block.callId, content: block.content }
    default:
      return { kind: block.type }
  }
}

/** The blocks that an item of the wire stands for. */
export function simplyOfWire(wire: WireItem): unknown[] {
  const { type, item, parts, text } = wire
  if (type === 'message') {
    return [...parts.values()].map(({ type: part, text: own, annotations }) =>
      part === 'refusal' ? { kind: 'refusal', text: own } : { kind: 'text', text: own, citations: annotations },
    )
  }
  if (type === 'reasoning') {
    const pieces = [...parts.values()].map(({ text: own }) => own)
    return [{ kind: 'thinking', text: pieces.join('\n\n'), encrypted: item['encrypted_content'] || undefined }]
  }
  if (type === 'image_generation_call') return [{ kind: 'media' }]
  if (type.endsWith('_output')) {
    const content = item['output'] ?? item['result'] ?? item['tools']
    return [{ kind: 'tool_result', callId: item['call_id'] ?? item['id'], content }]
  }
  if (!CALLS.has(type)) return [{ kind: 'other' }]
  const id = item['call_id'] || item['id']
  const name = item['name'] ?? type.replace('_call', '')
  const whole = CALLS.get(type)
    ?.map((field) => item[field])
    .find((value) => value !== undefined)
  // A list is no object, which the arguments of a call must be.
  const input = Array.isArray(whole) ? { queries: whole } : whole
  const isText = text !== '' || typeof input === 'string'
  return [{ kind: 'tool_call', id, name, origin: originOf(wire), text: isText ? text : JSON.stringify(input) }]
}

/** The types of items that are calls, and where their input stands. */
const CALLS: ReadonlyMap<string, readonly string[]> = new Map([
  ['function_call', ['arguments']],
  ['custom_tool_call', ['input']],
  ['mcp_call', ['arguments']],
  ['code_interpreter_call', ['code']],
  ['program', ['code']],
  ['web_search_call', ['action', 'arguments']],
  ['file_search_call', ['queries']],
  ['local_shell_call', ['action']],
  ['shell_call', ['action']],
  ['apply_patch_call', ['operation']],
  ['tool_search_call', ['arguments']],
])

/** Of a custom call: xAI reports the searches that it runs so, under names of its own. */
const XAI_SEARCHES: ReadonlySet<unknown> = new Set(['x_keyword_search', 'view_x_video'])

function originOf({ type, item }: WireItem): 'client' | 'provider' {
  if (type === 'custom_tool_call') return XAI_SEARCHES.has(item['name']) ? 'provider' : 'client'
  if (type === 'tool_search_call') return item['execution'] === 'client' ? 'client' : 'provider'
  if (type === 'shell_call') return item['environment'] === undefined ? 'client' : 'provider'
  return ['function_call', 'local_shell_call', 'apply_patch_call'].includes(type) ? 'client' : 'provider'
}

/** The calls of a response that the caller has to run: whole, and of an answer that was not cut. */
export function wholeCallsOf({ items, terminal }: WireResponse): { id: unknown; name: unknown; input: unknown }[] {
  if (terminal !== 'response.completed') return []
  return items.flatMap((item) => {
    if (!CALLS.has(item.type) || originOf(item) === 'provider') return []
    const [call] = simplyOfWire(item)
    const { id, name, text } = Object(call)
    return [{ id, name, input: item.type === 'custom_tool_call' ? { input: text } : JSON.parse(text) }]
  })
}

/** The token counts of the wire. */
export function simplyUsageOf({ response }: WireResponse): Record<string, unknown> {
  const usage: JsonObject = Object(response['usage'])
  const inside = (name: string): JsonObject => Object(usage[name])
  return {
    inputTokens: usage['input_tokens'],
    outputTokens: usage['output_tokens'],
    cacheReadTokens: inside('input_tokens_details')['cached_tokens'],
    cacheWriteTokens: inside('input_tokens_details')['cache_write_tokens'],
    reasoningTokens: inside('output_tokens_details')['reasoning_tokens'],
  }
}
