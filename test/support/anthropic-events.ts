/**
 * Clean Anthropic streams by chance: a random message in its native form, and the events in which the API would have streamed it. How the
 * texts are cut into deltas, how blocks overlap and where pings come is chosen apart, so that one message can be streamed in many ways.
 */
import {
  array,
  boolean,
  constant,
  constantFrom,
  dictionary,
  jsonValue,
  nat,
  oneof,
  option,
  record,
  string,
  type Arbitrary,
} from 'fast-check'
import type { JsonObject, JsonValue } from '../../src/json.ts'

export interface TextSpec {
  readonly type: 'text'
  readonly text: string
  /** Each citation, and after which part of the text it came. */
  readonly citations?: readonly { readonly at: number; readonly citation: JsonObject }[]
}
export interface ThinkingSpec {
  readonly type: 'thinking'
  readonly thinking: string
  readonly signature: string
}
export interface RedactedSpec {
  readonly type: 'redacted_thinking'
  readonly data: string
}
export interface CallSpec {
  readonly type: 'tool_use' | 'server_tool_use'
  readonly id: string
  readonly name: string
  readonly input: JsonObject
  /** `deltas`: as text in deltas. `start`: whole in the opening event, as converters do. */
  readonly sent: 'deltas' | 'start'
  /** How much of the arguments came before the stream stopped writing; all if absent. */
  readonly cutAt?: number
}
export interface ResultSpec {
  readonly type: 'web_search_tool_result'
  readonly tool_use_id: string
  readonly content: JsonValue
}
export interface OpaqueSpec {
  readonly type: 'container_upload'
  readonly file_id: string
}
export type BlockSpec = TextSpec | ThinkingSpec | RedactedSpec | CallSpec | ResultSpec | OpaqueSpec

export function isCall(block: BlockSpec): block is CallSpec {
  return block.type === 'tool_use' || block.type === 'server_tool_use'
}

/** A message as the API means it. */
export interface MessageSpec {
  readonly id: string
  readonly model: string
  readonly blocks: readonly BlockSpec[]
  readonly stopReason: string
  readonly stopSequence: string | null
  readonly startUsage: Readonly<Record<string, number>>
  readonly deltaUsage: Readonly<Record<string, number>>
}

/** How a message is streamed. Numbers are used in turn. */
export interface Manner {
  readonly cuts: readonly number[]
  /** Which of the open blocks goes on, or whether the next one opens; always the oldest if empty. */
  readonly schedule: readonly number[]
  readonly pings: readonly number[]
  /** A `message_delta` that only counts tokens, before that event; none if undefined. */
  readonly countsAt: number | undefined
}

export type ProviderEvent = { readonly type: string; readonly index?: number } & JsonObject

/** The text of a call's arguments as far as it was written. */
export function argumentsText(call: CallSpec): string {
  const text = Object.keys(call.input).length === 0 && call.sent === 'start' ? '' : JSON.stringify(call.input)
  return call.cutAt === undefined ? text : text.slice(0, call.cutAt % text.length)
}

/** The message as the API would have answered it without streaming. */
export function nativeOf(spec: MessageSpec): JsonObject {
  const { id, model, stopReason, stopSequence, startUsage, deltaUsage } = spec
  return {
    id,
    type: 'message',
    role: 'assistant',
    model,
    content: spec.blocks.map(nativeBlock),
    stop_reason: stopReason,
    stop_sequence: stopSequence,
    usage: { ...startUsage, ...deltaUsage },
  }
}

function nativeBlock(block: BlockSpec): JsonObject {
  if (isCall(block)) {
    const { type, id, name, input: whole } = block
    return { type, id, name, input: block.cutAt === undefined ? whole : {} }
  }
  if (block.type !== 'text' || block.citations === undefined) return { ...block } as JsonObject
  return { type: 'text', text: block.text, citations: block.citations.map(({ citation: own }) => own) }
}

export function eventsOf(spec: MessageSpec, manner: Manner): ProviderEvent[] {
  const { id, model, startUsage, deltaUsage, stopReason, stopSequence } = spec
  const message = { id, type: 'message', role: 'assistant', model, content: [], stop_reason: null, stop_sequence: null }
  const body = interleave(
    spec.blocks.map((block, index) => blockEvents(block, index, manner.cuts)),
    manner.schedule,
  )
  const events: ProviderEvent[] = [
    { type: 'message_start', message: { ...message, usage: { ...startUsage, output_tokens: 1 } } },
    ...body,
  ]
  if (manner.countsAt !== undefined) {
    const counts = {
      type: 'message_delta',
      delta: { stop_reason: null, stop_sequence: null },
      usage: { output_tokens: 2 },
    }
    events.splice(1 + (manner.countsAt % events.length), 0, counts)
  }
  events.push(
    { type: 'message_delta', delta: { stop_reason: stopReason, stop_sequence: stopSequence }, usage: deltaUsage },
    { type: 'message_stop' },
  )
  for (const at of manner.pings) events.splice(at % (events.length + 1), 0, { type: 'ping' })
  return events
}

/** The events of each block in order; blocks begin in the order of their index, and may overlap. */
function interleave(blocks: readonly (readonly ProviderEvent[])[], schedule: readonly number[]): ProviderEvent[] {
  const events: ProviderEvent[] = []
  const waiting = blocks.map((own) => [...own])
  let opened = 0
  for (let turn = 0; waiting.some((own) => own.length > 0); turn++) {
    const open = waiting.slice(0, opened).filter((own) => own.length > 0)
    const pick = schedule.length === 0 ? 0 : (schedule[turn % schedule.length] ?? 0) % (open.length + 1)
    const own = open[pick] ?? waiting[opened++] ?? open[0]
    const event = own?.shift()
    if (event !== undefined) events.push(event)
  }
  return events
}

function blockEvents(block: BlockSpec, index: number, cuts: readonly number[]): ProviderEvent[] {
  const start = (content_block: JsonObject): ProviderEvent => ({ type: 'content_block_start', index, content_block })
  const delta = (own: JsonObject): ProviderEvent => ({ type: 'content_block_delta', index, delta: own })
  const last: ProviderEvent = { type: 'content_block_stop', index }
  switch (block.type) {
    case 'text': {
      const open = start({ type: 'text', text: '', ...(block.citations === undefined ? {} : { citations: [] }) })
      return [open, ...textDeltas(block, cuts).map(delta), last]
    }
    case 'thinking': {
      const deltas = pieces(block.thinking, cuts).map((thinking) => ({ type: 'thinking_delta', thinking }))
      const signature = { type: 'signature_delta', signature: block.signature }
      return [start({ type: 'thinking', thinking: '', signature: '' }), ...[...deltas, signature].map(delta), last]
    }
    case 'tool_use':
    case 'server_tool_use': {
      const { type, id, name } = block
      if (block.sent === 'start') return [start({ type, id, name, input: block.input }), last]
      const deltas = pieces(argumentsText(block), cuts).map((partial_json) => ({
        type: 'input_json_delta',
        partial_json,
      }))
      return [
        start({ type, id, name, input: {} }),
        ...[{ type: 'input_json_delta', partial_json: '' }, ...deltas].map(delta),
        last,
      ]
    }
    case 'redacted_thinking':
    case 'web_search_tool_result':
    case 'container_upload':
      return [start({ ...block }), last]
    default: {
      const never: never = block
      return never
    }
  }
}

/** The text in deltas and each citation in its place: where the text is cut may differ, where a citation stands may not. */
function textDeltas({ text, citations = [] }: TextSpec, cuts: readonly number[]): JsonObject[] {
  const deltas: JsonObject[] = []
  let from = 0
  for (const { at, citation } of [...citations, { at: text.length, citation: undefined }]) {
    const to = Math.max(from, Math.min(at, text.length))
    deltas.push(...pieces(text.slice(from, to), cuts).map((piece) => ({ type: 'text_delta', text: piece })))
    if (citation !== undefined) deltas.push({ type: 'citations_delta', citation })
    from = to
  }
  return deltas
}

/** A text in pieces of the given lengths, which are used in turn; 0 is an empty delta. */
export function pieces(text: string, lengths: readonly number[]): string[] {
  if (lengths.every((length) => length === 0)) return text === '' ? [] : [text]
  const parts: string[] = []
  for (let at = 0, turn = 0; at < text.length; turn++) {
    const length = lengths[turn % lengths.length] ?? 1
    parts.push(text.slice(at, at + length))
    at += length
  }
  return parts
}

const text = string({
  unit: oneof(
    { weight: 5, arbitrary: constantFrom('a', 'b', ' ', '"', '\\', '\n', '{') },
    { weight: 1, arbitrary: string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
  ),
  maxLength: 14,
})
const citation: Arbitrary<JsonObject> = record({
  type: constant('char_location'),
  cited_text: text,
  document_index: nat(2),
})
const input: Arbitrary<JsonObject> = dictionary(text, jsonValue({ maxDepth: 2 }), { maxKeys: 3 }).map(
  (own) => JSON.parse(JSON.stringify(own)) as JsonObject,
)

function blockSpec(id: number): Arbitrary<BlockSpec> {
  const textSpec = record<TextSpec>(
    {
      type: constant('text' as const),
      text,
      citations: array(record({ at: nat(14), citation }), { minLength: 1, maxLength: 3 }).map((all) =>
        all.toSorted((a, b) => a.at - b.at),
      ),
    },
    { requiredKeys: ['type', 'text'] },
  )
  const name = constantFrom('get_weather', 'read')
  const sent = constantFrom('deltas' as const, 'deltas' as const, 'start' as const)
  return oneof<Arbitrary<BlockSpec>[]>(
    textSpec,
    textSpec,
    record<ThinkingSpec>({
      type: constant('thinking' as const),
      thinking: text,
      signature: constantFrom('EqQB', 'c2ln'),
    }),
    record<RedactedSpec>({ type: constant('redacted_thinking' as const), data: constantFrom('b3BhcXVl', 'eHl6') }),
    record<CallSpec>({ type: constant('tool_use' as const), id: constant(`toolu_${id}`), name, input, sent }),
    record<CallSpec>({ type: constant('tool_use' as const), id: constant(`toolu_${id}`), name, input, sent }),
    record<CallSpec>({ type: constant('server_tool_use' as const), id: constant(`srvtoolu_${id}`), name, input, sent }),
    record<ResultSpec>({
      type: constant('web_search_tool_result' as const),
      tool_use_id: constant(`srvtoolu_${id}`),
      content: jsonValue({ maxDepth: 1 }).map((own) => [JSON.parse(JSON.stringify(own)) as JsonValue]),
    }),
    record<OpaqueSpec>({ type: constant('container_upload' as const), file_id: constant(`file_${id}`) }),
  )
}

const blocks: Arbitrary<BlockSpec[]> = nat(5).chain((count) =>
  array(nat(), { minLength: count, maxLength: count }).chain(() => blocksOf(count)),
)
function blocksOf(count: number): Arbitrary<BlockSpec[]> {
  let all: Arbitrary<BlockSpec[]> = constant([])
  for (let id = 0; id < count; id++) all = all.chain((before) => blockSpec(id).map((block) => [...before, block]))
  return all
}

const tokens = constantFrom(0, 1, 7, 4096)
const usageArbitrary = record(
  { input_tokens: tokens, cache_read_input_tokens: tokens, cache_creation_input_tokens: tokens },
  { requiredKeys: ['input_tokens'] },
)

export const messageSpec: Arbitrary<MessageSpec> = record({
  id: constant('msg_1'),
  model: constantFrom('claude-a', 'claude-b'),
  blocks,
  stopReason: constantFrom(
    'end_turn',
    'end_turn',
    'tool_use',
    'tool_use',
    'max_tokens',
    'stop_sequence',
    'refusal',
    'pause_turn',
    'model_context_window_exceeded',
    'novel',
  ),
  stopSequence: constantFrom(null, null, 'END'),
  startUsage: usageArbitrary,
  deltaUsage: record(
    { output_tokens: constantFrom(3, 250), input_tokens: tokens, cache_read_input_tokens: tokens },
    { requiredKeys: ['output_tokens'] },
  ),
  cutAt: option(nat(40), { freq: 2, nil: undefined }),
}).map(({ cutAt, ...spec }) => cutLast(spec, cutAt))

/** A message that was cut by its length may end in a call whose arguments are not whole. */
function cutLast(spec: MessageSpec, cutAt: number | undefined): MessageSpec {
  const last = spec.blocks.at(-1)
  if (
    spec.stopReason !== 'max_tokens' ||
    last === undefined ||
    !isCall(last) ||
    last.sent === 'start' ||
    cutAt === undefined
  )
    return spec
  return { ...spec, blocks: [...spec.blocks.slice(0, -1), { ...last, cutAt }] }
}

const lengths = array(nat(6), { minLength: 1, maxLength: 5 })
export const manner: Arbitrary<Manner> = record({
  cuts: lengths,
  schedule: oneof(constant([]), array(nat(6), { minLength: 1, maxLength: 8 })),
  pings: array(nat(60), { maxLength: 3 }),
  countsAt: option(nat(40), { freq: 3, nil: undefined }),
})

/** How events are written as bytes. */
export interface Writing {
  readonly lineEnd: '\n' | '\r\n' | '\r'
  readonly isNamed: boolean
  readonly hasSpace: boolean
  readonly hasComments: boolean
}
export const writing: Arbitrary<Writing> = record({
  lineEnd: constantFrom('\n' as const, '\r\n' as const, '\r' as const),
  isNamed: boolean(),
  hasSpace: boolean(),
  hasComments: boolean(),
})

export function encode(
  events: readonly JsonObject[],
  { lineEnd, isNamed, hasSpace, hasComments }: Writing,
): Uint8Array {
  const space = hasSpace ? ' ' : ''
  const body = events.map((event) => {
    const lines = [`data:${space}${JSON.stringify(event)}`, '', '']
    if (isNamed) lines.unshift(`event:${space}${JSON.stringify(event['type']).slice(1, -1)}`)
    if (hasComments) lines.unshift(': keepalive', '')
    return lines.join(lineEnd)
  })
  return new TextEncoder().encode(body.join(''))
}

/** Bytes in pieces of the given lengths, used in turn. */
export function cutBytes(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1)
    chunks.push(bytes.subarray(at, at + size))
    at += size
  }
  return chunks
}
