/** Faults of the numbers that some protocols give to their events. */
import { isObject, type JsonObject } from '../../json.ts'
import type { Operation } from '../../operation.ts'
import { does, haveSameBlocks, isLast, type Meaning } from './meaning.ts'
import { hasMalformed } from './foreign.ts'
import { hasTrueNumbers, isInOrder } from './numbering.ts'
import { numbersWhere, WHOLE, type FaultPlan } from './plan.ts'
import { withPayload, type SseEvent } from './sse-event.ts'
import type { FaultStream } from './stream.ts'

const RESPONSES = { 'openai-responses': 'same' } as const

/** The stream with other numbers; undefined leaves one out. */
function numbered(stream: FaultStream, numberOf: (index: number) => number | undefined): FaultStream {
  let index = -1
  return stream.with({
    events: stream.events.map((event) => {
      if (!isObject(event.payload)) return event
      index += 1
      return withNumber(event, event.payload, numberOf(index))
    }),
  })
}

function withNumber(event: SseEvent, payload: JsonObject, number: number | undefined): SseEvent {
  const { sequence_number: _known, ...rest } = payload
  return withPayload(event, number === undefined ? rest : { ...rest, sequence_number: number })
}

/** The stream with its numbers from 0 on, if it has any. */
export function renumbered(stream: FaultStream): FaultStream {
  return stream.meanings.some(({ number }) => number !== undefined) ? numbered(stream, (index) => index) : stream
}

function renumbering(name: string, about: string, numberOf: (index: number) => number | undefined): FaultPlan {
  return {
    name,
    about,
    at: 'stream',
    effects: RESPONSES,
    places: (stream) => (isInOrder(stream) && stream.beginnings === 1 && !hasMalformed(stream) ? WHOLE : []),
    apply: (stream) => numbered(stream, numberOf),
  }
}

/** Events in the middle of the numbered ones: what begins and what ends is taken whatever its number. */
function middle(stream: FaultStream, index: number): boolean {
  const meaning = stream.meanings[index]
  return (
    meaning?.number !== undefined &&
    !does(meaning, 'begin') &&
    !isLast(meaning) &&
    hasTrueNumbers(stream) &&
    !hasMalformed(stream)
  )
}

const stray: FaultPlan = {
  name: 'stray-number',
  about: 'one event has a number that is far too large',
  at: 'event',
  effects: RESPONSES,
  places: (stream) => (isInOrder(stream) ? numbersWhere(stream, (index) => middle(stream, index)) : []),
  apply: (stream, place) => {
    const event = stream.events[place - 1]
    if (event === undefined || !isObject(event.payload)) return stream
    return stream.with({
      events: stream.events.with(place - 1, withNumber(event, event.payload, 1_000_000)),
    })
  },
}

/** Moves an event behind the `distance` events that follow it. */
function moved(stream: FaultStream, place: number, distance: number): FaultStream {
  const event = stream.events[place - 1]
  const other = stream.events[place - 1 + distance]
  if (event === undefined || other === undefined) return stream
  const times = stream.events.map(({ ms }) => ms)
  const order = stream.events.toSpliced(place - 1, 1).toSpliced(place - 1 + distance, 0, event)
  return stream.with({ events: order.map((one, index) => ({ ...one, ms: times[index] ?? one.ms })) })
}

function isMiddleThrough(stream: FaultStream, index: number, distance: number): boolean {
  for (let at = index; at <= index + distance; at += 1) if (!middle(stream, at)) return false
  return true
}

const swapped: FaultPlan = {
  name: 'swap-numbered',
  about: 'an event comes behind the one that should follow it',
  at: 'event',
  effects: RESPONSES,
  places: (stream) => numbersWhere(stream, (index) => isMiddleThrough(stream, index, 1)),
  apply: (stream, place) => moved(stream, place, 1),
}

/** More than are waited for. */
const FAR = 18

const late: FaultPlan = {
  name: 'late-numbered',
  about: `an event comes ${FAR} events too late`,
  at: 'event',
  effects: RESPONSES,
  mayReplace: true,
  places: (stream) =>
    numbersWhere(stream, (index) => isMiddleThrough(stream, index, FAR) && isToldAgain(stream, index, index + FAR + 1)),
  apply: (stream, place) => moved(stream, place, FAR),
}

const dropped: FaultPlan = {
  name: 'drop-numbered',
  about: 'an event is missing, and a later one says again what it said',
  at: 'event',
  effects: RESPONSES,
  mayReplace: true,
  places: (stream) => numbersWhere(stream, (index) => middle(stream, index) && isToldAgain(stream, index)),
  apply: (stream, place) => stream.with({ events: stream.events.toSpliced(place - 1, 1) }),
}

/**
 * Whether the blocks that an event speaks of are given whole from an event on, and come in the same order without it:
 * one that it would have opened must be whole before anything else comes.
 */
function isToldAgain(stream: FaultStream, index: number, from = index + 1): boolean {
  const { meanings } = stream.untilEnd
  const here = keysIn(meanings.slice(index, index + 1), CONTENT)
  const whole = new Set(keysIn(meanings.slice(from), ['snapshot']))
  if (!here.every((key) => whole.has(key)) || !haveSameBlocks(meanings, meanings.toSpliced(index, 1))) return false
  // What is sent again is compared with what was there, and must be whole.
  if (meanings.filter((meaning) => does(meaning, 'begin')).length > 1) return false
  const before = new Set(keysIn(meanings.slice(0, index), CONTENT))
  const end = meanings.findIndex(
    (meaning, at) => at > index && here.some((key) => keysIn([meaning], ['snapshot']).includes(key)),
  )
  return (
    here.every((key) => before.has(key)) ||
    keysIn(meanings.slice(index, end), CONTENT).every((key) => here.includes(key))
  )
}

const CONTENT: readonly Operation['op'][] = ['open', 'append', 'list', 'patch', 'snapshot']

function keysIn(meanings: readonly Meaning[], wanted: readonly Operation['op'][]): string[] {
  return meanings
    .flatMap(({ operations }) => operations)
    .flatMap((operation) => (wanted.includes(operation.op) && 'key' in operation ? [operation.key ?? ''] : []))
}

export const NUMBERS: readonly FaultPlan[] = [
  renumbering('no-numbers', 'no event has a number', () => undefined),
  renumbering('constant-numbers', 'all events have the same number', () => 7),
  renumbering('falling-numbers', 'the numbers fall', (index) => 100_000 - index),
  renumbering('sparse-numbers', 'the numbers grow by ten', (index) => index * 10),
  stray,
  swapped,
  late,
  dropped,
]
