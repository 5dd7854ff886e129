/** Faults below the events: how lines are written, how bytes are cut, and what stands between events. */
import { isObject } from '../../json.ts'
import { withLineEnds } from '../chunking.ts'
import { everywhere, range, WHOLE, type FaultPlan } from './plan.ts'
import { fillerOf } from './repeats.ts'
import { eventOf, linesOf, newEvent, textEvent, withPayload, withText, type SseEvent } from './sse-event.ts'
import type { Chunking, FaultStream } from './stream.ts'

interface Rewrite {
  readonly name: string
  readonly about: string
  readonly rewrite: (event: SseEvent, index: number) => SseEvent | readonly SseEvent[]
}

/** A plan that writes every event otherwise and changes nothing that it says. */
function rewriting({ name, about, rewrite }: Rewrite): FaultPlan {
  return {
    name,
    about,
    at: 'stream',
    effects: everywhere('same'),
    places: ({ events }) => (events.length > 0 ? WHOLE : []),
    apply: (stream) => stream.with({ events: stream.events.flatMap((event, index) => rewrite(event, index)) }),
  }
}

/** The event and what comes behind it, if its own end is not missing. */
function followed(event: SseEvent, ...others: readonly SseEvent[]): readonly SseEvent[] {
  return event.isClosed ? [event, ...others] : [event]
}

function withEnds(event: SseEvent, lineEnd: 'crlf' | 'cr'): SseEvent {
  return eventOf(withLineEnds(event.bytes, lineEnd), event.ms, event.isClosed)
}

function chunked(name: string, about: string, chunking: Chunking): FaultPlan {
  return {
    name,
    about,
    at: 'stream',
    effects: everywhere('same'),
    places: ({ events }) => (events.length > 0 ? WHOLE : []),
    apply: (stream) => stream.with({ chunking }),
  }
}

const bom: FaultPlan = {
  name: 'bom',
  about: 'the body begins with a byte order mark',
  at: 'stream',
  effects: everywhere('same'),
  places: ({ hasBom }) => (hasBom ? [] : WHOLE),
  apply: (stream) => stream.with({ hasBom: true }),
}

const splitInTwo: FaultPlan = {
  name: 'split-in-two',
  about: 'the body comes in two chunks',
  at: 'byte',
  effects: everywhere('same'),
  places: (stream) => range(1, lengthOf(stream) - 1),
  apply: (stream, place) => stream.with({ chunking: { at: place } }),
}

function lengthOf({ events, hasBom }: FaultStream): number {
  return events.reduce((length, { bytes }) => length + bytes.length, hasBom ? 3 : 0)
}

const crlfCut: FaultPlan = {
  name: 'crlf-cut',
  about: 'lines end with CR and LF, and each pair is cut in two',
  at: 'stream',
  effects: everywhere('same'),
  places: ({ events }) => (events.length > 0 ? WHOLE : []),
  apply: (stream) =>
    stream.with({ events: stream.events.map((event) => withEnds(event, 'crlf')), chunking: 'line ends' }),
}

const dataOnly: FaultPlan = {
  name: 'data-only',
  about: 'no event has a name, and every payload says its type',
  at: 'stream',
  effects: everywhere('same'),
  places: ({ dialect, events }) =>
    dialect === 'openai-chat' || events.every(({ payload }) => !isObject(payload) || typeof payload.type === 'string')
      ? WHOLE
      : [],
  apply: (stream) => stream.with({ events: stream.events.map(withoutName) }),
}

const namesOnly: FaultPlan = {
  name: 'names-only',
  about: 'no payload says its type, which stands in the name of the event',
  at: 'stream',
  effects: { 'anthropic-messages': 'same', 'openai-responses': 'same' },
  places: ({ events }) =>
    events.every(({ payload, name }) => !isObject(payload) || (name !== undefined && payload.type === name))
      ? WHOLE
      : [],
  apply: (stream) =>
    stream.with({
      events: stream.events.map((event) => {
        if (!isObject(event.payload)) return event
        const { type: _type, ...rest } = event.payload
        return withPayload(event, rest)
      }),
    }),
}

function withoutName(event: SseEvent): SseEvent {
  if (event.name === undefined) return event
  return withText(event, (text) =>
    linesOf(text)
      .filter((line) => !line.startsWith('event:'))
      .join(''),
  )
}

const FLOOD = 200

const pingFlood: FaultPlan = {
  name: 'ping-flood',
  about: `behind each event come ${FLOOD} pings`,
  at: 'stream',
  effects: { 'anthropic-messages': 'same', 'openai-responses': 'same' },
  places: ({ events }) => (events.length > 0 ? WHOLE : []),
  apply: (stream) =>
    stream.with({
      events: stream.events.flatMap((event) =>
        followed(event, ...Array<SseEvent>(FLOOD).fill(fillerOf(stream.dialect, event.ms))),
      ),
    }),
}

export const TRANSPORT: readonly FaultPlan[] = [
  rewriting({ name: 'crlf', about: 'lines end with CR and LF', rewrite: (event) => withEnds(event, 'crlf') }),
  rewriting({ name: 'cr', about: 'lines end with CR alone', rewrite: (event) => withEnds(event, 'cr') }),
  crlfCut,
  bom,
  rewriting({
    name: 'no-space',
    about: 'no space stands behind the colon of a field',
    rewrite: (event) =>
      withText(event, (text) =>
        linesOf(text)
          .map((line) => line.replace(/^(\w+): /, '$1:'))
          .join(''),
      ),
  }),
  rewriting({
    name: 'comments-and-fields',
    about: 'a comment stands before each event, and each event has an id and a time to retry after',
    rewrite: (event, index) => [
      textEvent(': keep-alive\n\n', event.ms),
      withText(event, (text) => (event.data === undefined ? text : `id: ${index}\nretry: 3000\n${text}`)),
    ],
  }),
  rewriting({
    name: 'comment-flood',
    about: `behind each event come ${FLOOD} comments`,
    rewrite: (event) => followed(event, textEvent(`${': keep-alive\n'.repeat(FLOOD)}\n`, event.ms)),
  }),
  rewriting({
    name: 'blank-events',
    about: 'behind each event comes one without data',
    rewrite: (event) => followed(event, textEvent('data:\n\n', event.ms), textEvent('event: ping\n\n', event.ms)),
  }),
  pingFlood,
  dataOnly,
  namesOnly,
  chunked('one-byte-chunks', 'each chunk is one byte', 'bytes'),
  chunked('one-chunk', 'the body comes in one chunk', 'one'),
  splitInTwo,
]

/** A new event in the manner of a stream, at the time of the event that it comes behind (1 is the first). */
export function eventBehind(stream: FaultStream, place: number, payload: Parameters<typeof newEvent>[0]): SseEvent {
  const ms = stream.events[Math.max(0, place - 1)]?.ms ?? 0
  return newEvent(payload, ms, stream.isNamed)
}
