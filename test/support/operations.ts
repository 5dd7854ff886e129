/** Operations made by hand and by chance, and an assembler that is driven by them: the machine without any provider in front of it. */
import {
  array,
  boolean,
  constant,
  constantFrom,
  integer,
  nat,
  oneof,
  option,
  record,
  tuple,
  type Arbitrary,
  type Parameters,
} from 'fast-check'
import { Assembler, type AssemblerOptions } from '../../src/assembler/assembler.ts'
import type { Ending } from '../../src/assembler/state.ts'
import type { JsonObject } from '../../src/json.ts'
import { DEFAULT_LIMITS, type Limits } from '../../src/limits.ts'
import { STOP_REASONS, type AssistantMessage, type BlockKind, type StopReason } from '../../src/message.ts'
import type {
  BlockFields,
  BlockOperation,
  CloseOperation,
  Operation,
  PartName,
  SnapshotOperation,
  SnapshotRank,
  StopOperation,
  TerminalOperation,
  Translation,
} from '../../src/operation.ts'
import type { TurnEvent } from '../../src/turn-event.ts'

/** Every run of the tests tries the same examples, so that a failure comes of a change; `npm run fuzz` tries others each time. */
const SEED = 20_261_121

/**
 * How a property is run: `ONEFOLD_FUZZ_RUNS` times by chance (or from `ONEFOLD_FUZZ_SEED` on), `share` times as often if something demands
 * another number, or `usual` times; a failure prints its seed and its smallest example.
 */
export function runs<T>(usual: number, share = 1): Parameters<T> {
  const asked = Number(process.env['ONEFOLD_FUZZ_RUNS'] ?? '')
  const seed = process.env['ONEFOLD_FUZZ_SEED']
  if (Number.isInteger(asked) && asked > 0) {
    return {
      numRuns: Math.ceil(asked * share),
      ...(seed === undefined ? {} : { seed: Number(seed) }),
      // What is not done by then was not tried, and must not look as if it were.
      interruptAfterTimeLimit: 3_600_000,
      markInterruptAsFailure: true,
    }
  }
  return { numRuns: Math.ceil(usual), seed: SEED }
}

// Operations by hand: short names, choice 0.

export const begin = (id?: string, choice = 0): Operation => ({
  op: 'begin',
  choice,
  ...(id === undefined ? {} : { id }),
})
export const meta = (fields: { id?: string; model?: string } = {}): Operation => ({ op: 'meta', choice: 0, ...fields })
export const open = (key: string, kind: BlockKind, fields: BlockFields = {}, seed?: string): BlockOperation => ({
  op: 'open',
  choice: 0,
  key,
  kind,
  fields,
  ...(seed === undefined ? {} : { seed }),
})
export const append = (key: string, kind: BlockKind, text: string, part?: PartName): BlockOperation => ({
  op: 'append',
  choice: 0,
  key,
  kind,
  text,
  ...(part === undefined ? {} : { part }),
})
export const list = (key: string, kind: BlockKind, item: string): BlockOperation => ({
  op: 'list',
  choice: 0,
  key,
  kind,
  item,
})
export const patch = (key: string, kind: BlockKind, fields: BlockFields): BlockOperation => ({
  op: 'patch',
  choice: 0,
  key,
  kind,
  fields,
})
export const snapshot = (
  key: string,
  kind: BlockKind,
  text: string,
  rank: SnapshotRank = 1,
  fields: BlockFields = {},
): BlockOperation => ({ op: 'snapshot', choice: 0, key, kind, rank, text, fields })
/** The final form of some of the parts of thinking. */
export const partsWhole = (
  key: string,
  parts: readonly (readonly [PartName, string])[],
  rank: SnapshotRank = 1,
): SnapshotOperation => ({
  op: 'snapshot',
  choice: 0,
  key,
  kind: 'thinking',
  rank,
  parts: parts.map(([part, text]) => ({ part, text })),
})
export const summary = (index: number): PartName => ({ kind: 'summary', index })
export const close = (key: string): CloseOperation => ({ op: 'close', choice: 0, key })
export const stop = (reason: StopReason, raw: string = reason): StopOperation => ({
  op: 'stop',
  choice: 0,
  reason,
  raw,
})
export const usage = (outputTokens: number): Operation => ({
  op: 'usage',
  choice: 0,
  counts: { outputTokens },
  raw: { output: outputTokens },
})
export const soft: TerminalOperation = { op: 'terminal', choice: 0, strength: 'soft' }
export const hard: TerminalOperation = { op: 'terminal', choice: 'all', strength: 'hard' }
export const fail: Operation = {
  op: 'fail',
  choice: 'all',
  error: { class: 'overloaded', retryable: true, message: 'too busy' },
}
/** An error that says nothing about itself. */
export const vague: Operation = {
  op: 'fail',
  choice: 'all',
  strength: 'soft',
  error: { class: 'unknown', retryable: false, message: 'the provider reported an error' },
}
export const odd: Operation = { op: 'anomaly', choice: 0, kind: 'unknown_event', detail: 'hologram' }
export const malformed: Operation = { op: 'anomaly', choice: 0, kind: 'malformed_event', detail: '{"cut' }

/** A whole call: opened, written, closed. */
export function call(key: string, id: string, name: string, text: string): BlockOperation[] {
  return [open(key, 'tool_call', { id, name }), append(key, 'tool_call', text), close(key)]
}

// An assembler that is driven.

export type Options = Omit<AssemblerOptions<'anthropic-messages'>, 'limits'> & { readonly limits: Limits }

export function optionsOf(own: Partial<Omit<Options, 'limits'>> & { limits?: Partial<Limits> } = {}): Options {
  return {
    dialect: 'anthropic-messages',
    turn: 't',
    identity: 'replay',
    many: false,
    acceptEof: false,
    isLive: true,
    opensBlocks: true,
    recognisesReplay: 'at_begin',
    toolCalls: 'stop',
    ...own,
    limits: { ...DEFAULT_LIMITS, ...own.limits },
  }
}

export interface Outcome {
  readonly assembler: Assembler
  /** The turn events of each step; the last element holds those of `end`. */
  readonly steps: readonly (readonly TurnEvent[])[]
  readonly events: readonly TurnEvent[]
  readonly messages: readonly AssistantMessage[]
}

export function drive(
  options: Options,
  translations: readonly Translation[],
  ending: Ending = { kind: 'complete' },
  watch?: (assembler: Assembler, at: number) => void,
): Outcome {
  const assembler = new Assembler(options)
  const steps = translations.map((translation, at) => {
    const events = assembler.receive(translation)
    watch?.(assembler, at)
    return events
  })
  steps.push(assembler.end(ending))
  return { assembler, steps, events: steps.flat(), messages: assembler.messages }
}

/** Each operation in an event of its own. */
export function singly(operations: readonly Operation[]): Translation[] {
  return operations.map((operation) => ({ operations: [operation] }))
}

/** What makes two messages the same: all but what was odd on the way. */
export function withoutAnomalies(message: AssistantMessage): Omit<AssistantMessage, 'anomalies'> {
  const { anomalies: _, ...rest } = message
  return rest
}

// Operations by chance. Few keys, ids and words, so that they collide.

const KINDS = [
  'text',
  'thinking',
  'tool_call',
  'tool_result',
  'refusal',
  'media',
  'other',
] as const satisfies readonly BlockKind[]
const KIND_OF_KEY: Readonly<Record<string, BlockKind>> = { a: 'tool_call', b: 'tool_call', c: 'text', d: 'thinking' }

const named: Arbitrary<{ key: string; kind: BlockKind }> = oneof(
  { weight: 9, arbitrary: constantFrom('a', 'b', 'c', 'd').map((key) => ({ key, kind: KIND_OF_KEY[key] ?? 'other' })) },
  { weight: 1, arbitrary: record({ key: constantFrom('a', 'b', 'c', 'd', 'e'), kind: constantFrom(...KINDS) }) },
)

const words: Readonly<Record<'call' | 'other', Arbitrary<string>>> = {
  call: oneof(
    { weight: 3, arbitrary: constantFrom('{"x":1}', '{}', '{"x":1,"y":[2]}') },
    {
      weight: 2,
      arbitrary: constantFrom('{"x"', ':1}', ' ', '', 'null', '[1]', '12', '"x"', '{"__proto__":{}}', '{{'),
    },
  ),
  other: constantFrom('', 'a', 'b', 'ab', 'ba', ' ', '\ud83d', '\ude00'),
}
const textFor = (kind: BlockKind): Arbitrary<string> => (kind === 'tool_call' ? words.call : words.other)

/** The kinds whose text streams; the others come whole, in fields and wire. */
const STREAMING: ReadonlySet<BlockKind> = new Set(['text', 'thinking', 'tool_call', 'refusal', 'other'])

const present = <T>(arbitrary: Arbitrary<T>) => option(arbitrary, { nil: undefined, freq: 2 })

const fields: Arbitrary<BlockFields> = record(
  {
    id: constantFrom('x', 'x', 'y', '', null),
    name: constantFrom('f', 'f', 'g', '', null),
    origin: constantFrom('client' as const, 'client' as const, 'provider' as const),
    signature: constantFrom('s', 'S', '', null),
    encrypted: constantFrom('e', '', null),
    redacted: constant(true as const),
    callId: constantFrom('x', null),
    isError: constantFrom(true, false, null),
    content: constantFrom('result', null, [{ type: 'text' }]),
  },
  { requiredKeys: [] },
)
const wire = constantFrom<JsonObject>({}, { note: 1 }, { note: 2, id: 'w' }, { type: 'x' }, { ['__proto__']: 1 })
const grown = constantFrom<JsonObject>({ log: 'a' }, { log: ['i'] }, { deep: { log: ['i'] } }, { log: null })
const payload = record({ fields, wire, append: grown }, { requiredKeys: [] })

const partName: Arbitrary<PartName> = record({ kind: constantFrom('summary', 'summary', 'full'), index: nat(2) })
const rankOf = constantFrom<SnapshotRank>(0, 1, 2, 3)
const closes = constantFrom<{ closes?: true }>({}, {}, { closes: true })

function without<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as T
}

function blockOperation(choice: number): Arbitrary<Operation> {
  return named.chain(({ key, kind }) => {
    const block = { choice, key, kind }
    const isText = STREAMING.has(kind)
    const text = textFor(kind)
    const seedOf = isText ? present(text) : constant(undefined)
    return oneof(
      {
        weight: 5,
        arbitrary: tuple(payload, seedOf).map(
          ([own, seed]): Operation => without({ op: 'open', ...block, ...own, seed }) as Operation,
        ),
      },
      {
        weight: isText ? 8 : 0,
        arbitrary: tuple(text, kind === 'thinking' ? present(partName) : constant(undefined)).map(
          ([it, part]): Operation => without({ op: 'append', ...block, text: it, part }) as Operation,
        ),
      },
      {
        weight: kind === 'thinking' ? 2 : 0,
        arbitrary: tuple(array(tuple(partName, text), { maxLength: 3 }), rankOf, closes).map(
          ([parts, rank, closing]): Operation => ({ ...partsWhole(key, parts, rank), ...closing, choice }),
        ),
      },
      {
        weight: kind === 'text' ? 2 : 0,
        arbitrary: constantFrom('i', 'j').map((item): Operation => ({ op: 'list', ...block, item })),
      },
      { weight: 1, arbitrary: payload.map((own): Operation => ({ op: 'patch', ...block, ...own })) },
      {
        weight: 2,
        arbitrary: tuple(payload, seedOf, rankOf, present(array(constantFrom('i', 'j'), { maxLength: 2 })), closes).map(
          ([own, it, rank, items, closing]): Operation =>
            without({ op: 'snapshot', ...block, ...own, rank, text: it, items, ...closing }) as Operation,
        ),
      },
      { weight: 5, arbitrary: constant<Operation>({ op: 'close', choice, key }) },
    )
  })
}

function messageOperation(choice: number): Arbitrary<Operation> {
  const about = { choice }
  return oneof(
    {
      weight: 4,
      arbitrary: record(
        { id: constantFrom('m', 'm', 'm', 'n'), model: constant('model'), wire },
        { requiredKeys: [] },
      ).map((own): Operation => ({ op: 'begin', ...about, ...own })),
    },
    {
      weight: 1,
      arbitrary: record({ id: constantFrom('m', 'n'), model: constant('model'), wire }, { requiredKeys: [] }).map(
        (own): Operation => ({ op: 'meta', ...about, ...own }),
      ),
    },
    {
      weight: 2,
      arbitrary: record(
        {
          wire,
          path: constantFrom<[string, ...string[]]>(['items', '0'], ['items', '1'], ['__proto__']),
          rank: rankOf,
          drop: constantFrom(['note'], ['id', 'toString']),
          append: grown,
          opensAgain: constant(true as const),
        },
        { requiredKeys: [] },
      ).map((own): Operation => ({ op: 'meta', ...about, ...own })),
    },
    {
      weight: 3,
      arbitrary: oneof(constantFrom<StopReason>('tool_calls', 'end_turn'), constantFrom(...STOP_REASONS)).map(
        (reason): Operation => ({ op: 'stop', ...about, reason, raw: `raw ${reason}`, sequence: null }),
      ),
    },
    {
      weight: 1,
      arbitrary: nat(3).map((n): Operation => ({ op: 'usage', ...about, counts: { outputTokens: n }, raw: { n } })),
    },
    { weight: 1, arbitrary: constant<Operation>({ op: 'terminal', ...about, strength: 'soft' }) },
    { weight: 1, arbitrary: constantFrom<Operation>({ op: 'terminal', ...about, strength: 'hard' }, hard) },
    { weight: 1, arbitrary: constantFrom<Operation>({ ...fail, ...about } as Operation, fail, vague) },
    {
      weight: 1,
      arbitrary: constantFrom<Operation>({ ...odd, ...about } as Operation, { ...malformed, ...about } as Operation),
    },
  )
}

const choiceOf: Arbitrary<number> = constantFrom(0, 0, 0, 0, 0, 0, 1, 2)

/** Sequences that make sense now and then: a call in full, a replay of a block, an ending. */
function phrase(choice: number): Arbitrary<readonly Operation[]> {
  const own = (operation: Operation): Operation => ({ ...operation, choice })
  return oneof(
    tuple(constantFrom('a', 'b'), constantFrom('x', 'y'), constantFrom('{"x":1}', '{}', '')).map(([key, id, text]) =>
      call(key, id, 'f', text).map(own),
    ),
    constantFrom('a', 'ab').map((text) => [open('c', 'text'), append('c', 'text', text), close('c')].map(own)),
    constant([begin('m'), open('c', 'text')].map(own)),
    constant([begin('m'), open('a', 'tool_call', { id: 'x', name: 'f' })].map(own)),
    constantFrom<StopReason>('tool_calls', 'end_turn').map((reason) => [stop(reason), soft].map(own)),
  )
}

export const operations: Arbitrary<readonly Operation[]> = array(
  choiceOf.chain((choice) =>
    oneof(
      { weight: 8, arbitrary: blockOperation(choice).map((operation): readonly Operation[] => [operation]) },
      { weight: 4, arbitrary: messageOperation(choice).map((operation): readonly Operation[] => [operation]) },
      { weight: 3, arbitrary: phrase(choice) },
    ),
  ),
  { maxLength: 24, size: 'max' },
).map((phrases) => phrases.flat())

const numberOf = oneof(
  { weight: 5, arbitrary: constant('next' as const) },
  { weight: 1, arbitrary: constant('same' as const) },
  { weight: 1, arbitrary: integer({ min: -3, max: 30 }) },
)

/** Events of one operation or of some; unnumbered, or numbered well or badly. */
export const translations: Arbitrary<readonly Translation[]> = tuple(
  operations,
  array(integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 6 }),
  option(array(numberOf, { minLength: 1, maxLength: 30 }), { freq: 3 }),
).map(([all, sizes, numbers]) => grouped(all, sizes, numbers))

export function grouped(
  all: readonly Operation[],
  sizes: readonly number[],
  numbers: readonly ('next' | 'same' | number)[] | null = null,
): Translation[] {
  const events: Translation[] = []
  let last = -1
  for (let at = 0; at < all.length;) {
    const part = all.slice(at, at + (sizes[events.length % sizes.length] ?? 1))
    const [first] = part
    at += part.length
    const number = numbers?.[events.length % numbers.length]
    if (number === undefined || first === undefined) events.push({ operations: part })
    else {
      last = number === 'next' ? last + 1 : number === 'same' ? last : number
      events.push({ operations: part, number: { value: last, type: first.op } })
    }
  }
  return events
}

export const options: Arbitrary<Options> = record(
  {
    opensBlocks: boolean(),
    recognisesReplay: constantFrom('at_begin' as const, 'at_begin' as const, 'after_stop' as const),
    toolCalls: constantFrom('stop' as const, 'stop' as const, 'early' as const),
    identity: constantFrom('replay' as const, 'replay' as const, 'replay' as const, 'strict' as const),
    many: constantFrom(false, false, true),
    limits: constantFrom<Partial<Limits>>(
      {},
      {},
      {},
      { anomalies: 3 },
      { blocks: 3 },
      { messageLength: 60 },
      { toolDepth: 1 },
      { choices: 2 },
    ),
  },
  { requiredKeys: ['limits'] },
).map((own) => optionsOf(own))

const error = { class: 'network' as const, retryable: true, message: 'gone' }
export const endings: Arbitrary<Ending> = constantFrom<Ending>(
  { kind: 'complete' },
  { kind: 'complete' },
  { kind: 'truncated' },
  { kind: 'aborted', by: 'caller' },
  { kind: 'timed_out', budget: 'idle', silenceMs: 1 },
  { kind: 'failed', error },
)
