/**
 * A turn as the model means it, free of any wire format: what the writers in `wire-*.ts` stream, each in its own events. How the texts are
 * cut into deltas, how blocks overlap and where events come that say nothing is chosen apart, so that one turn can be streamed in many ways.
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
  readonly kind: 'text'
  readonly text: string
  /** Each citation, and after which part of the text it came. */
  readonly citations?: readonly { readonly at: number; readonly citation: JsonObject }[]
}
export interface ThinkingSpec {
  readonly kind: 'thinking'
  /** One, but for wires that have several summaries. */
  readonly parts: readonly string[]
  /** What only the provider can read, at the end: a signature, the reasoning encrypted. */
  readonly seal: string
}
export interface WithheldSpec {
  readonly kind: 'withheld'
  readonly data: string
}
export interface RefusalSpec {
  readonly kind: 'refusal'
  readonly text: string
}
export interface CallSpec {
  readonly kind: 'call'
  readonly by: 'client' | 'provider'
  readonly id: string
  readonly name: string
  /** A text, if the tool takes no JSON. */
  readonly input: JsonObject | string
  /** `deltas`: as text in deltas. `whole`: in one event, the way the dialect has for that. */
  readonly sent: 'deltas' | 'whole'
  /** How much of the arguments came before the stream stopped writing; all if absent. */
  readonly cutAt?: number
}
export interface ResultSpec {
  readonly kind: 'result'
  readonly callId: string
  readonly content: JsonValue
}
export interface OpaqueSpec {
  readonly kind: 'opaque'
  readonly data: string
}
export type BlockSpec = TextSpec | ThinkingSpec | WithheldSpec | RefusalSpec | CallSpec | ResultSpec | OpaqueSpec

/** Token counts: those that came first, and those that came last. */
export interface Counts {
  readonly first: Tokens
  readonly last: Tokens
}
export interface Tokens {
  readonly input?: number
  readonly output?: number
  readonly cacheRead?: number
  readonly cacheWrite?: number
}

export interface Script {
  readonly id: string
  readonly model: string
  readonly blocks: readonly BlockSpec[]
  /** The stop reason in the word of the wire. */
  readonly stop: string
  readonly sequence: string | null
  readonly counts: Counts
  /** Texts that follow each other stand in one item, where the wire has items. */
  readonly together: boolean
}

/** How a turn is streamed. Numbers are used in turn. */
export interface Manner {
  readonly cuts: readonly number[]
  /** Which of the open blocks goes on, or whether the next one opens; always the oldest if empty. */
  readonly schedule: readonly number[]
  /** Where events come that say nothing. */
  readonly fillers: readonly number[]
  /** Tokens are counted before that event too; nowhere but at the end if undefined. */
  readonly countsAt: number | undefined
  /** The events have numbers, where the wire has that. */
  readonly isNumbered: boolean
}

/** In order, without anything that says nothing. */
export function plainly(manner: Manner): Manner {
  return { ...manner, schedule: [], fillers: [], countsAt: undefined }
}

/** As an answer without streaming can say it: calls that are whole and come at once, and one count of the tokens. */
export function whole(script: Script): Script {
  const blocks = script.blocks.map((block): BlockSpec => {
    if (!isCall(block)) return block
    const { cutAt: _, ...rest } = block
    return { ...rest, sent: 'whole' }
  })
  return { ...script, blocks, counts: { first: {}, last: { ...script.counts.first, ...script.counts.last } } }
}

export function isCall(block: BlockSpec): block is CallSpec {
  return block.kind === 'call'
}

/** The text of a call's arguments as far as it was written. */
export function argumentsText(call: CallSpec): string {
  const { input, sent, cutAt } = call
  const isNothing = sent === 'whole' && typeof input === 'object' && Object.keys(input).length === 0
  const text = typeof input === 'string' ? input : isNothing ? '' : JSON.stringify(input)
  return cutAt === undefined || text === '' ? text : text.slice(0, cutAt % text.length)
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

/** The pieces of a text and each citation in its place: where the text is cut may differ, where a citation stands may not. */
export function textAndCitations(
  { text, citations = [] }: TextSpec,
  cuts: readonly number[],
): ({ readonly piece: string } | { readonly citation: JsonObject })[] {
  const all: ({ readonly piece: string } | { readonly citation: JsonObject })[] = []
  let from = 0
  for (const { at, citation } of [...citations, { at: text.length, citation: undefined }]) {
    const to = Math.max(from, Math.min(at, text.length))
    all.push(...pieces(text.slice(from, to), cuts).map((piece) => ({ piece })))
    if (citation !== undefined) all.push({ citation })
    from = to
  }
  return all
}

/** The events of several lanes, each in order; lanes begin in their order, and may overlap. */
export function interleave<T>(lanes: readonly (readonly T[])[], schedule: readonly number[]): T[] {
  if (schedule.length === 0) return lanes.flat()
  const events: T[] = []
  const waiting = lanes.map((own) => [...own])
  let opened = 0
  for (let turn = 0; waiting.some((own) => own.length > 0); turn++) {
    const open = waiting.slice(0, opened).filter((own) => own.length > 0)
    const own = open[(schedule[turn % schedule.length] ?? 0) % (open.length + 1)] ?? waiting[opened++] ?? open[0]
    const event = own?.shift()
    if (event !== undefined) events.push(event)
  }
  return events
}

// By chance.

const text = string({
  unit: oneof(
    { weight: 5, arbitrary: constantFrom('a', 'b', ' ', '"', '\\', '\n', '{') },
    { weight: 1, arbitrary: string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
  ),
  maxLength: 14,
})
const someText = text.map((own) => (own === '' ? 'ab' : own))
const json = (maxDepth: number): Arbitrary<JsonValue> =>
  jsonValue({ maxDepth }).map((own): JsonValue => {
    const copy: JsonValue = JSON.parse(JSON.stringify(own))
    return copy
  })
const citation: Arbitrary<JsonObject> = record({
  type: constant('char_location'),
  cited_text: text,
  document_index: nat(2),
})
const input: Arbitrary<JsonObject> = dictionary(text, json(2), { maxKeys: 3 }).map((own) => {
  const copy: JsonObject = JSON.parse(JSON.stringify(own))
  return copy
})
const name = constantFrom('get_weather', 'read')
const sent = constantFrom('deltas' as const, 'deltas' as const, 'whole' as const)

/** What a wire can say, and how often by chance. */
export type Kind =
  | 'text'
  | 'thinking'
  | 'withheld'
  | 'refusal'
  | 'call'
  | 'own_call'
  | 'free_call'
  | 'result'
  | 'opaque'

/** What the scripts of a wire are made of. */
export interface Words {
  readonly kinds: Readonly<Partial<Record<Kind, number>>>
  readonly stops: readonly string[]
  readonly sequences: readonly (string | null)[]
  readonly counts: Arbitrary<Counts>
  /** How many pieces thinking has at most; at least one that is not empty if 1. */
  readonly parts: number
  /** A text of nothing is a block. */
  readonly hasEmptyTexts: boolean
  /** Many texts are one block. */
  readonly isMerged: boolean
  /** The stop reasons that cut. */
  readonly cutting: string
}

const called = (at: number, by: 'client' | 'provider', own: Arbitrary<JsonObject | string>): Arbitrary<CallSpec> =>
  record({
    kind: constant('call' as const),
    by: constant(by),
    id: constant(`call_${by}_${at}`),
    name,
    input: own,
    sent,
  })

function blockSpec(kind: Kind, at: number, { parts, hasEmptyTexts }: Words): Arbitrary<BlockSpec> {
  const own = hasEmptyTexts ? text : someText
  switch (kind) {
    case 'text': {
      const citations = array(record({ at: nat(14), citation }), { minLength: 1, maxLength: 3 })
      const sorted = citations.map((all) => all.toSorted((a, b) => a.at - b.at))
      return record<TextSpec>(
        { kind: constant('text' as const), text: own, citations: sorted },
        { requiredKeys: ['kind', 'text'] },
      )
    }
    case 'thinking':
      return record<ThinkingSpec>({
        kind: constant('thinking' as const),
        parts: parts === 1 ? own.map((one) => [one]) : array(own, { maxLength: parts }),
        seal: constantFrom('EqQB', 'c2ln'),
      })
    case 'withheld':
      return record<WithheldSpec>({ kind: constant('withheld' as const), data: constantFrom('b3BhcXVl', 'eHl6') })
    case 'refusal':
      return record<RefusalSpec>({ kind: constant('refusal' as const), text: own })
    case 'call':
      return called(at, 'client', input)
    case 'own_call':
      return called(at, 'provider', input)
    case 'free_call':
      return called(at, 'client', text)
    case 'result':
      return record<ResultSpec>({
        kind: constant('result' as const),
        callId: constant(`call_provider_${at}`),
        content: json(1).map((one) => [one]),
      })
    case 'opaque':
      return record<OpaqueSpec>({ kind: constant('opaque' as const), data: constant(`file_${at}`) })
    default: {
      const never: never = kind
      return never
    }
  }
}

function blocksOf(words: Words): Arbitrary<readonly BlockSpec[]> {
  const kinds: Kind[] = ['text', 'thinking', 'withheld', 'refusal', 'call', 'own_call', 'free_call', 'result', 'opaque']
  const weighted = kinds.flatMap((kind) => Array.from({ length: words.kinds[kind] ?? 0 }, () => kind))
  return array(constantFrom(...weighted), { maxLength: 5 }).chain((chosen) => {
    const own = words.isMerged ? chosen.filter((kind, at) => isRepeatable(kind) || chosen.indexOf(kind) === at) : chosen
    let all: Arbitrary<readonly BlockSpec[]> = constant([])
    for (const [at, kind] of own.entries()) {
      all = all.chain((before) => blockSpec(kind, at, words).map((block) => [...before, block]))
    }
    return all
  })
}

function isRepeatable(kind: Kind): boolean {
  return kind === 'call' || kind === 'free_call'
}

export function scriptOf(words: Words): Arbitrary<Script> {
  return record({
    id: constant('msg_1'),
    model: constantFrom('model-a', 'model-b'),
    blocks: blocksOf(words),
    stop: constantFrom(...words.stops),
    sequence: constantFrom(...words.sequences),
    counts: words.counts,
    together: boolean(),
    cutAt: option(nat(40), { freq: 2, nil: undefined }),
  }).map(({ cutAt, ...script }) => (script.stop === words.cutting ? cutLast(script, cutAt) : script))
}

/** A message that was cut by its length may end in a call whose arguments are not whole. */
function cutLast(script: Script, cutAt: number | undefined): Script {
  const last = script.blocks.at(-1)
  if (last === undefined || !isCall(last) || last.sent === 'whole' || cutAt === undefined) return script
  return { ...script, blocks: [...script.blocks.slice(0, -1), { ...last, cutAt }] }
}

export const manner: Arbitrary<Manner> = record({
  cuts: array(nat(6), { minLength: 1, maxLength: 5 }),
  schedule: oneof(constant([]), array(nat(6), { minLength: 1, maxLength: 8 })),
  fillers: array(nat(60), { maxLength: 3 }),
  countsAt: option(nat(40), { freq: 3, nil: undefined }),
  isNumbered: boolean(),
})

/** A script of these blocks, by hand. */
export function scriptWith(blocks: readonly BlockSpec[], stop = ''): Script {
  const counts = { first: {}, last: { input: 1, output: 1 } }
  return { id: 'msg_1', model: 'model-a', blocks, stop, sequence: null, counts, together: false }
}

/** In one piece each, in order, and nothing besides. */
export const PLAIN: Manner = { cuts: [0], schedule: [], fillers: [], countsAt: undefined, isNumbered: false }
