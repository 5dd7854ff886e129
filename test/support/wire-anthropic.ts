/** A script as Anthropic streams it. */
import { constantFrom, record } from 'fast-check'
import type { JsonObject } from '../../src/json.ts'
import type { StopReason, Usage } from '../../src/message.ts'
import {
  argumentsText,
  interleave,
  pieces,
  scriptOf,
  textAndCitations,
  type BlockSpec,
  type CallSpec,
  type Manner,
  type Script,
  type Tokens,
} from './script.ts'
import { withFillers, type Sent, type Wire } from './wire.ts'

const STOPS: ReadonlyMap<string, StopReason> = new Map([
  ['end_turn', 'end_turn'],
  ['stop_sequence', 'stop_sequence'],
  ['tool_use', 'tool_calls'],
  ['max_tokens', 'max_tokens'],
  ['refusal', 'refusal'],
  ['pause_turn', 'pause'],
  ['model_context_window_exceeded', 'context_window'],
])

const tokens = constantFrom(0, 1, 7, 4096)

export const anthropicWire: Wire = {
  dialect: 'anthropic-messages',
  hasBegin: true,
  hasMark: false,
  stops: STOPS,
  callsStop: 'tool_use',
  script: scriptOf({
    kinds: { text: 2, thinking: 1, withheld: 1, call: 2, own_call: 1, result: 1, opaque: 1 },
    stops: [...STOPS.keys(), 'end_turn', 'tool_use', 'novel'],
    sequences: [null, null, 'END'],
    counts: record({
      first: record({ input: tokens, cacheRead: tokens, cacheWrite: tokens }, { requiredKeys: ['input'] }),
      last: record({ output: constantFrom(3, 250), input: tokens, cacheRead: tokens }, { requiredKeys: ['output'] }),
    }),
    parts: 1,
    hasEmptyTexts: true,
    isMerged: false,
    cutting: 'max_tokens',
  }),
  write,
  inWholeOrder: (script) => script,
  native,
  usage: usageOf,
  thinking: ({ parts, seal }) => ({ type: 'thinking', text: parts.join(''), signature: seal }),
  error: { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
}

function write(script: Script, manner: Manner): Sent[] {
  const { id, model, counts, stop, sequence } = script
  const message = { id, type: 'message', role: 'assistant', model, content: [], stop_reason: null, stop_sequence: null }
  const start = {
    type: 'message_start',
    message: { ...message, usage: { ...countsOf(counts.first), output_tokens: 1 } },
  }
  const lanes = script.blocks.map((block, index) => lane(block, index, manner.cuts))
  const sent: Sent[] = [{ event: start, does: 'begin' }, ...interleave(lanes, manner.schedule)]
  if (manner.countsAt !== undefined) {
    const delta = { stop_reason: null, stop_sequence: null }
    const event = { type: 'message_delta', delta, usage: { output_tokens: 2 } }
    sent.splice(1 + (manner.countsAt % sent.length), 0, { event, does: 'counts' })
  }
  const delta = { stop_reason: stop, stop_sequence: sequence }
  sent.push(
    { event: { type: 'message_delta', delta, usage: countsOf(counts.last) }, does: 'stop' },
    { event: { type: 'message_stop' }, does: 'terminal' },
  )
  return withFillers(sent, [{ type: 'ping' }], manner, { type: 'ping' })
}

function countsOf({ input, output, cacheRead, cacheWrite }: Tokens): JsonObject {
  return {
    ...(input === undefined ? {} : { input_tokens: input }),
    ...(output === undefined ? {} : { output_tokens: output }),
    ...(cacheRead === undefined ? {} : { cache_read_input_tokens: cacheRead }),
    ...(cacheWrite === undefined ? {} : { cache_creation_input_tokens: cacheWrite }),
  }
}

/** A zero never takes the place of a positive count. */
function usageOf({ counts: { first, last } }: Script): Usage {
  const count = (name: keyof Tokens): number => last[name] || first[name] || 0
  const isKnown = (name: keyof Tokens): boolean => first[name] !== undefined || last[name] !== undefined
  return {
    inputTokens: count('input') + count('cacheRead') + count('cacheWrite'),
    outputTokens: count('output'),
    ...(isKnown('cacheRead') ? { cacheReadTokens: count('cacheRead') } : {}),
    ...(isKnown('cacheWrite') ? { cacheWriteTokens: count('cacheWrite') } : {}),
  }
}

function lane(block: BlockSpec, index: number, cuts: readonly number[]): Sent[] {
  const start = (content_block: JsonObject): Sent => ({
    event: { type: 'content_block_start', index, content_block },
    does: 'opening',
    block: index,
  })
  const deltas = (all: readonly JsonObject[]): Sent[] =>
    all.map((delta) => ({ event: { type: 'content_block_delta', index, delta }, does: 'delta', block: index }))
  const last: Sent = { event: { type: 'content_block_stop', index }, does: 'closing', block: index }
  switch (block.kind) {
    case 'text': {
      const all = textAndCitations(block, cuts).map((one) =>
        'piece' in one ? { type: 'text_delta', text: one.piece } : { type: 'citations_delta', citation: one.citation },
      )
      const open = start({ type: 'text', text: '', ...(block.citations === undefined ? {} : { citations: [] }) })
      return [open, ...deltas(all), last]
    }
    case 'thinking': {
      const all = pieces(block.parts.join(''), cuts).map((thinking) => ({ type: 'thinking_delta', thinking }))
      const signature = { type: 'signature_delta', signature: block.seal }
      return [start({ type: 'thinking', thinking: '', signature: '' }), ...deltas([...all, signature]), last]
    }
    case 'call': {
      if (block.sent === 'whole') return [start(nativeBlock(block)), last]
      const all = pieces(argumentsText(block), cuts).map((partial_json) => ({ type: 'input_json_delta', partial_json }))
      const nothing = { type: 'input_json_delta', partial_json: '' }
      return [start({ ...nativeBlock(block), input: {} }), ...deltas([nothing, ...all]), last]
    }
    case 'withheld':
    case 'result':
    case 'opaque':
    case 'refusal':
      return [start(nativeBlock(block)), last]
    default: {
      const never: never = block
      return never
    }
  }
}

function native(script: Script): JsonObject {
  const { id, model, stop, sequence, counts } = script
  return {
    id,
    type: 'message',
    role: 'assistant',
    model,
    content: script.blocks.map(nativeBlock),
    stop_reason: stop,
    stop_sequence: sequence,
    usage: { ...countsOf(counts.first), ...countsOf(counts.last) },
  }
}

function nativeBlock(block: BlockSpec): JsonObject {
  switch (block.kind) {
    case 'text': {
      const { text, citations } = block
      return {
        type: 'text',
        text,
        ...(citations === undefined ? {} : { citations: citations.map((one) => one.citation) }),
      }
    }
    case 'thinking':
      return { type: 'thinking', thinking: block.parts.join(''), signature: block.seal }
    case 'withheld':
      return { type: 'redacted_thinking', data: block.data }
    case 'call':
      return { type: block.by === 'client' ? 'tool_use' : 'server_tool_use', ...callOf(block) }
    case 'result':
      return { type: 'web_search_tool_result', tool_use_id: block.callId, content: block.content }
    case 'opaque':
      return { type: 'container_upload', file_id: block.data }
    case 'refusal':
      return { type: 'text', text: block.text }
    default: {
      const never: never = block
      return never
    }
  }
}

function callOf({ id, name, input, cutAt }: CallSpec): JsonObject {
  return { id, name, input: cutAt === undefined ? input : {} }
}
