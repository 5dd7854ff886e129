/** Faults in which something stands in a stream that does not belong there. */
import { isObject, type JsonObject } from '../../json.ts'
import type { StopReason } from '../../message.ts'
import type { FaultDialect } from './fault-dialect.ts'
import { does, isTerminal, type Meaning } from './meaning.ts'
import { isInOrder } from './numbering.ts'
import { everywhere, range, WHOLE, type FaultPlan } from './plan.ts'
import { textEvent, withPayload } from './sse-event.ts'
import type { FaultStream } from './stream.ts'
import { eventBehind } from './transport.ts'

type Place = readonly [stream: FaultStream, place: number]

interface Insertion extends Pick<FaultPlan, 'name' | 'about' | 'effects'> {
  readonly payload: (...place: Place) => JsonObject
  readonly places: (stream: FaultStream) => readonly number[]
}

/** A plan that puts an event of its own behind another one. */
function inserting({ name, about, effects, payload, places }: Insertion): FaultPlan {
  return {
    name,
    about,
    at: 'event',
    effects,
    places: (stream) => places(stream).filter((place) => stream.canGoOnBehind(place)),
    apply: (stream, place) =>
      stream.with({ events: stream.events.toSpliced(place, 0, eventBehind(stream, place, payload(stream, place))) }),
  }
}

function errorOf(dialect: FaultDialect): JsonObject {
  const message = 'the server is overloaded'
  switch (dialect) {
    case 'anthropic-messages':
      return { type: 'error', error: { type: 'overloaded_error', message } }
    case 'openai-chat':
      return { error: { message, type: 'server_error', param: null, code: null } }
    case 'openai-responses':
      return { type: 'error', code: 'server_error', message, param: null }
    default: {
      const never: never = dialect
      return never
    }
  }
}

function unknownOf(dialect: FaultDialect): JsonObject {
  switch (dialect) {
    case 'anthropic-messages':
      return { type: 'novel_event', value: 1 }
    case 'openai-chat':
      return { type: 'novel_event', value: 1 }
    case 'openai-responses':
      return { type: 'response.novel_event', value: 1 }
    default: {
      const never: never = dialect
      return never
    }
  }
}

const beforeEnd = ({ landmarks, events }: FaultStream): number[] => range(0, Math.min(landmarks.over, events.length))
const anywhere = ({ events }: FaultStream): number[] => range(0, events.length)

/** What is open behind each event: the keys of the blocks, and of the calls among them. */
interface Open {
  readonly blocks: readonly string[]
  readonly hasCall: boolean
}

function nameOf({ choice, key }: { readonly choice: number; readonly key: string }): string {
  return `${choice} ${key}`
}

function openBehind({ meanings }: FaultStream): Open[] {
  const blocks = new Map<string, boolean>()
  return meanings.map(({ operations }: Meaning) => {
    for (const operation of operations) {
      const { op } = operation
      if (op === 'open' || op === 'append' || op === 'patch' || op === 'list') {
        blocks.set(nameOf(operation), operation.kind === 'tool_call')
      } else if (op === 'close' || (op === 'snapshot' && operation.closes)) blocks.delete(nameOf(operation))
      else if (op === 'terminal' && operation.strength === 'hard') blocks.clear()
    }
    return { blocks: [...blocks.keys()], hasCall: [...blocks.values()].includes(true) }
  })
}

/** Whether there is data that is no JSON: it spoils what is open where it comes. */
export function hasMalformed({ events }: FaultStream): boolean {
  return events.some(({ data, payload }) => data !== undefined && data !== '' && payload === undefined)
}

function malformed(name: string, about: string, effect: 'same' | 'lossy', inCall: boolean): FaultPlan {
  return {
    name,
    about,
    at: 'event',
    effects: everywhere(effect),
    places: (stream) => {
      const open = openBehind(stream)
      // What waits for its number is not closed yet.
      if (!isInOrder(stream)) return []
      return beforeEnd(stream).filter(
        (place) => (open[place - 1]?.hasCall ?? false) === inCall && stream.canGoOnBehind(place),
      )
    },
    apply: (stream, place) => {
      const ms = stream.events[Math.max(0, place - 1)]?.ms ?? 0
      return stream.with({ events: stream.events.toSpliced(place, 0, textEvent('data: {"type":"content_bl\n\n', ms)) })
    },
  }
}

const unknownBlock = { type: 'novel_block', value: 1 }

/** The events of a block of a type that nobody knows. */
function unknownBlockEvents(stream: FaultStream, place: number, index: number): ReturnType<typeof eventBehind>[] {
  const payloads: readonly JsonObject[] =
    stream.dialect === 'openai-responses'
      ? ['added', 'done'].map((what) => ({
          type: `response.output_item.${what}`,
          output_index: index,
          item: { ...unknownBlock, id: 'novel_1', status: what === 'done' ? 'completed' : 'in_progress' },
        }))
      : [
          { type: 'content_block_start', index, content_block: unknownBlock },
          { type: 'content_block_stop', index },
        ]
  return payloads.map((payload) => eventBehind(stream, place, payload))
}

const INDEXES: Readonly<Partial<Record<FaultDialect, string>>> = {
  'anthropic-messages': 'index',
  'openai-responses': 'output_index',
}

/** The index of a block, or of an item, that an event names. */
function indexIn(stream: FaultStream, payload: unknown): number | undefined {
  const index = isObject(payload) ? payload[INDEXES[stream.dialect] ?? ''] : undefined
  return typeof index === 'number' ? index : undefined
}

function nextIndex(stream: FaultStream): number {
  // A flood has more events than a call has room for arguments.
  return stream.events.reduce((highest, { payload }) => Math.max(highest, indexIn(stream, payload) ?? -1), -1) + 1
}

/** Whether a block more changes nothing for the others: a stop reason that cuts is about the last of them. */
const isPlain = (stream: FaultStream): boolean =>
  stream.meanings.some(({ operations }) =>
    operations.some((operation) => operation.op === 'stop' && !CUTTING.has(operation.reason)),
  ) && stream.events.some(({ payload }) => indexIn(stream, payload) !== undefined)

const CUTTING: ReadonlySet<StopReason> = new Set(['max_tokens', 'context_window', 'content_filter', 'refusal', 'error'])

const unknownBlockLast: FaultPlan = {
  name: 'unknown-block-last',
  about: 'the last block is of a type that nobody knows',
  at: 'stream',
  effects: { 'anthropic-messages': 'same', 'openai-responses': 'same' },
  addsBlock: true,
  alters: ['wire'],
  places: (stream) => (isPlain(stream) ? WHOLE : []),
  apply: (stream) => {
    const place = stream.landmarks.stopped
    return stream.with({
      events: stream.events.toSpliced(place, 0, ...unknownBlockEvents(stream, place, nextIndex(stream))),
    })
  },
}

const unknownBlockFirst: FaultPlan = {
  name: 'unknown-block-first',
  about: 'the first block is of a type that nobody knows',
  at: 'stream',
  effects: { 'anthropic-messages': 'same' },
  addsBlock: true,
  places: (stream) => (isPlain(stream) ? WHOLE : []),
  apply: (stream) => {
    const place = stream.landmarks.content
    const shifted = shiftIndexes(stream, (index) => index + 1)
    return shifted.with({ events: shifted.events.toSpliced(place, 0, ...unknownBlockEvents(stream, place, 0)) })
  },
}

/** The stream with other indexes of its blocks or items. */
export function shiftIndexes(stream: FaultStream, shift: (index: number) => number): FaultStream {
  const name = INDEXES[stream.dialect] ?? ''
  return stream.with({
    events: stream.events.map((event) => {
      const index = indexIn(stream, event.payload)
      if (index === undefined || !isObject(event.payload)) return event
      return withPayload(event, { ...event.payload, [name]: shift(index) })
    }),
  })
}

export const FOREIGN: readonly FaultPlan[] = [
  inserting({
    name: 'error-event',
    about: 'the server reports an error behind an event, before the last one of the protocol',
    effects: everywhere('lossy'),
    payload: ({ dialect }) => errorOf(dialect),
    places: (stream) => beforeEnd(stream).filter((place) => stream.isQuietUntil(place) && stream.isWholeUntil(place)),
  }),
  inserting({
    name: 'error-after-end',
    about: 'the server reports an error after the last event of the protocol',
    effects: everywhere('same'),
    payload: ({ dialect }) => errorOf(dialect),
    places: ({ meanings, events, landmarks }) =>
      meanings.some(isTerminal) ? range(landmarks.over + 1, events.length) : [],
  }),
  inserting({
    name: 'unknown-event',
    about: 'behind an event comes one of a type that nobody knows',
    effects: everywhere('same'),
    payload: ({ dialect }) => unknownOf(dialect),
    places: anywhere,
  }),
  inserting({
    name: 'unknown-item-event',
    about: 'behind an event comes one of a type that nobody knows, about an item',
    effects: { 'openai-responses': 'same' },
    payload: ({ dialect }) => ({ ...unknownOf(dialect), output_index: 0, item_id: 'novel_1' }),
    places: anywhere,
  }),
  inserting({
    name: 'unknown-delta',
    about: 'inside a block comes a delta of a type that nobody knows',
    effects: { 'anthropic-messages': 'same' },
    payload: (stream, place) => ({
      type: 'content_block_delta',
      index: indexIn(stream, stream.events[place - 1]?.payload) ?? 0,
      delta: { type: 'novel_delta', value: 1 },
    }),
    places: (stream) => {
      const open = openBehind(stream)
      const isInside = (place: number): boolean => {
        const meaning = stream.meanings[place - 1]
        return meaning !== undefined && (does(meaning, 'open') || does(meaning, 'append'))
      }
      return beforeEnd(stream).filter((place) => (open[place - 1]?.blocks.length ?? 0) > 0 && isInside(place))
    },
  }),
  malformed('malformed-event', 'behind an event comes data that is no JSON, while no call is open', 'same', false),
  malformed('malformed-in-call', 'behind an event comes data that is no JSON, while a call is open', 'lossy', true),
  unknownBlockLast,
  unknownBlockFirst,
]
