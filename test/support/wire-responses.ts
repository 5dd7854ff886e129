/** A script as OpenAI streams it in Responses: an item for each block, or for texts that stand together. */
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
  type RefusalSpec,
  type Script,
  type TextSpec,
  type ThinkingSpec,
  type Tokens,
} from './script.ts'
import { withFillers, type Sent, type Wire } from './wire.ts'

const STOPS: ReadonlyMap<string, StopReason> = new Map([
  ['completed', 'end_turn'],
  ['max_output_tokens', 'max_tokens'],
  ['content_filter', 'content_filter'],
  // Whatever it is, it made the response incomplete.
  ['novel', 'error'],
])

export const responsesWire: Wire = {
  dialect: 'openai-responses',
  hasBegin: true,
  hasMark: false,
  stops: STOPS,
  callsStop: 'completed',
  script: scriptOf({
    kinds: { text: 2, thinking: 2, refusal: 1, call: 2, own_call: 1, free_call: 1, result: 1, opaque: 1 },
    stops: [...STOPS.keys(), 'completed', 'completed'],
    sequences: [null],
    counts: record({
      first: record({}),
      last: record(
        { input: constantFrom(1, 7), output: constantFrom(3, 250), cacheRead: constantFrom(0, 5) },
        { requiredKeys: ['input', 'output'] },
      ),
    }),
    parts: 3,
    hasEmptyTexts: true,
    isMerged: false,
    cutting: 'max_output_tokens',
  }),
  write,
  inWholeOrder: (script) => script,
  native: (script) => responseOf(script, true),
  usage: usageOf,
  thinking: ({ parts, seal }) => ({
    type: 'thinking',
    text: parts.filter((part) => part !== '').join('\n\n'),
    ...(parts.length === 0 ? {} : { parts: parts.map((text) => ({ kind: 'summary', text })) }),
    encrypted: seal,
  }),
  error: { type: 'error', code: 'overloaded', message: 'Overloaded', param: null },
}

const KEEPALIVE = { type: 'keepalive' }

type Part = TextSpec | RefusalSpec
/** A place in the output, and the blocks of the script that stand there. */
interface Item {
  readonly index: number
  readonly id: string
  readonly blocks: readonly { readonly spec: BlockSpec; readonly at: number }[]
}

function write(script: Script, manner: Manner): Sent[] {
  const items = itemsOf(script)
  // The blocks of one item would not begin in the order of the script if another item began between them.
  const schedule = items.some(({ blocks }) => blocks.length > 1) ? [] : manner.schedule
  const created = responseOf(script, false)
  const sent: Sent[] = [
    { event: { type: 'response.created', response: created }, does: 'begin' },
    { event: { type: 'response.in_progress', response: created }, does: 'filler' },
    ...interleave(
      items.map((item) => lane(item, manner.cuts)),
      schedule,
    ).flat(),
  ]
  if (manner.countsAt !== undefined) {
    const event = { type: 'response.in_progress', response: { ...created, usage: { output_tokens: 2 } } }
    sent.splice(1 + (manner.countsAt % sent.length), 0, { event, does: 'counts' })
  }
  const type = script.stop === 'completed' ? 'response.completed' : 'response.incomplete'
  sent.push({ event: { type, response: responseOf(script, true) }, does: 'end' })
  const all = withFillers(sent, [KEEPALIVE, { type: 'response.in_progress', response: created }], manner, KEEPALIVE)
  return manner.isNumbered ? numbered(all) : all
}

export function numbered(sent: readonly Sent[]): Sent[] {
  return sent.map((one, at) =>
    typeof one.event === 'string' ? one : { ...one, event: { ...one.event, sequence_number: at } },
  )
}

function responseOf(script: Script, isWhole: boolean): JsonObject {
  const { id, model, stop, counts } = script
  const isComplete = stop === 'completed'
  return {
    id,
    object: 'response',
    created_at: 1,
    model,
    status: isWhole ? (isComplete ? 'completed' : 'incomplete') : 'in_progress',
    error: null,
    incomplete_details: isWhole && !isComplete ? { reason: stop } : null,
    tools: [],
    output: isWhole ? itemsOf(script).map(nativeItem) : [],
    ...(isWhole ? { usage: countsOf(counts.last) } : { usage: null }),
  }
}

function countsOf({ input = 0, output = 0, cacheRead }: Tokens): JsonObject {
  return {
    input_tokens: input,
    output_tokens: output,
    ...(cacheRead === undefined ? {} : { input_tokens_details: { cached_tokens: cacheRead } }),
  }
}

function usageOf({ counts: { last } }: Script): Usage {
  return {
    inputTokens: last.input ?? 0,
    outputTokens: last.output ?? 0,
    ...(last.cacheRead === undefined ? {} : { cacheReadTokens: last.cacheRead }),
  }
}

export function itemsOf({ blocks, together, id }: Script): Item[] {
  const groups: { spec: BlockSpec; at: number }[][] = []
  for (const [at, spec] of blocks.entries()) {
    const last = groups.at(-1)
    const isNext = together && isPart(spec) && last?.[0] !== undefined && isPart(last[0].spec)
    if (isNext) last?.push({ spec, at })
    else groups.push([{ spec, at }])
  }
  return groups.map((own, index) => ({ index, id: `item_${id}_${index}`, blocks: own }))
}

function isPart(block: BlockSpec): block is Part {
  return block.kind === 'text' || block.kind === 'refusal'
}

/** The item as it is in the end. */
function nativeItem({ id, blocks }: Item): JsonObject {
  const [first] = blocks
  if (first === undefined) return { id, type: 'none' }
  const { spec } = first
  switch (spec.kind) {
    case 'text':
    case 'refusal': {
      const content = blocks.flatMap((block) => (isPart(block.spec) ? [nativePart(block.spec)] : []))
      return { id, type: 'message', status: 'completed', role: 'assistant', content }
    }
    case 'thinking': {
      const summary = spec.parts.map((text) => ({ type: 'summary_text', text }))
      return { id, type: 'reasoning', summary, encrypted_content: spec.seal }
    }
    case 'call':
      return { ...callOf(id, spec), [fieldOf(spec)]: argumentsText(spec) }
    case 'result':
      return { id, type: 'shell_call_output', call_id: spec.callId, status: 'completed', output: spec.content }
    case 'opaque':
      return { id, type: 'compaction', encrypted_content: spec.data }
    case 'withheld':
      return { id, type: 'reasoning', summary: [], encrypted_content: spec.data }
    default: {
      const never: never = spec
      return never
    }
  }
}

function nativePart(part: Part): JsonObject {
  if (part.kind === 'refusal') return { type: 'refusal', refusal: part.text }
  const annotations = (part.citations ?? []).map(({ citation }) => citation)
  return { type: 'output_text', text: part.text, annotations }
}

/** Which field of a call holds its arguments. */
function fieldOf({ input }: CallSpec): 'input' | 'arguments' {
  return typeof input === 'string' ? 'input' : 'arguments'
}

function callOf(itemId: string, { by, id, name, input, cutAt }: CallSpec): JsonObject {
  // A call that the provider runs has no id but that of its item.
  if (by === 'provider') return { type: 'mcp_call', id, name, server_label: 'docs', status: statusOf(cutAt) }
  const type = typeof input === 'string' ? 'custom_tool_call' : 'function_call'
  return { type, id: itemId, call_id: id, name, status: statusOf(cutAt) }
}

function statusOf(cutAt: number | undefined): string {
  return cutAt === undefined ? 'completed' : 'incomplete'
}

/** The events of an item, in steps: what opens a message opens no block, so that its first part comes along. */
function lane(item: Item, cuts: readonly number[]): Sent[][] {
  const { index: output_index, blocks } = item
  const whole = nativeItem(item)
  const first = blocks[0]?.at ?? 0
  const last = blocks.at(-1)?.at ?? 0
  const added: Sent = {
    event: { type: 'response.output_item.added', output_index, item: provisional(whole) },
    does: 'opening',
    block: first,
  }
  const done: Sent = {
    event: { type: 'response.output_item.done', output_index, item: whole },
    does: 'closing',
    block: last,
  }
  const of = { item_id: typeof whole['id'] === 'string' ? whole['id'] : item.id, output_index }
  const inner = blocks.flatMap(({ spec, at }, content_index): Sent[] => {
    if (isPart(spec)) return partEvents(spec, { ...of, content_index }, cuts).map((one) => ({ ...one, block: at }))
    if (spec.kind === 'thinking') return thinkingEvents(spec, of, cuts).map((one) => ({ ...one, block: at }))
    return spec.kind === 'call' ? callEvents(spec, of, cuts).map((one) => ({ ...one, block: at })) : []
  })
  const [opening, ...rest] = inner
  if (opening === undefined) return [[added], [done]]
  return [[added, opening], ...[...rest, done].map((one) => [one])]
}

/** The item as it is in the beginning: what its deltas bring is empty, and what only the provider can read is another. */
function provisional(whole: JsonObject): JsonObject {
  const empty: JsonObject = {}
  for (const name of ['content', 'summary', 'output']) if (name in whole) empty[name] = []
  for (const name of ['arguments', 'input']) if (name in whole) empty[name] = ''
  if ('encrypted_content' in whole) empty['encrypted_content'] = 'AAAA'
  if ('status' in whole) empty['status'] = 'in_progress'
  return { ...whole, ...empty }
}

function partEvents(part: Part, of: JsonObject, cuts: readonly number[]): Sent[] {
  const whole = nativePart(part)
  const isText = part.kind === 'text'
  const type = isText ? 'output_text' : 'refusal'
  const empty = isText ? { type, text: '', annotations: [] } : { type, refusal: '' }
  const spec: TextSpec = isText ? part : { kind: 'text', text: part.text }
  let annotations = 0
  const deltas = textAndCitations(spec, cuts).map((one): Sent => {
    const event =
      'piece' in one
        ? { type: `response.${type}.delta`, ...of, delta: one.piece }
        : {
            type: 'response.output_text.annotation.added',
            ...of,
            annotation_index: annotations++,
            annotation: one.citation,
          }
    return { event, does: 'delta' }
  })
  return [
    { event: { type: 'response.content_part.added', ...of, part: empty }, does: 'opening' },
    ...deltas,
    { event: { type: `response.${type}.done`, ...of, [isText ? 'text' : 'refusal']: part.text }, does: 'closing' },
    { event: { type: 'response.content_part.done', ...of, part: whole }, does: 'closing' },
  ]
}

function thinkingEvents({ parts }: ThinkingSpec, of: JsonObject, cuts: readonly number[]): Sent[] {
  return parts.flatMap((text, summary_index): Sent[] => {
    const own = { ...of, summary_index }
    const part = { type: 'summary_text', text }
    return [
      {
        event: { type: 'response.reasoning_summary_part.added', ...own, part: { ...part, text: '' } },
        does: 'opening',
      },
      ...pieces(text, cuts).map((delta): Sent => ({
        event: { type: 'response.reasoning_summary_text.delta', ...own, delta },
        does: 'delta',
      })),
      { event: { type: 'response.reasoning_summary_text.done', ...own, text }, does: 'closing' },
      { event: { type: 'response.reasoning_summary_part.done', ...own, part }, does: 'closing' },
    ]
  })
}

function callEvents(call: CallSpec, of: JsonObject, cuts: readonly number[]): Sent[] {
  const name =
    call.by === 'provider'
      ? 'mcp_call_arguments'
      : typeof call.input === 'string'
        ? 'custom_tool_call_input'
        : 'function_call_arguments'
  const text = argumentsText(call)
  const deltas = call.sent === 'whole' ? [] : pieces(text, cuts)
  const sent = deltas.map((delta): Sent => ({ event: { type: `response.${name}.delta`, ...of, delta }, does: 'delta' }))
  if (call.cutAt !== undefined) return sent
  return [...sent, { event: { type: `response.${name}.done`, ...of, [fieldOf(call)]: text }, does: 'closing' }]
}
