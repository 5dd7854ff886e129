/** Faults in which a body stops before it is whole, or where it must not matter that it does. */
import type { RecordedEnding } from '../format.ts'
import { isIdle } from './meaning.ts'
import { everywhere, numbersWhere, range, WHOLE, type FaultPlan } from './plan.ts'
import { eventOf, lengthOfData, textEvent, type SseEvent } from './sse-event.ts'
import type { FaultStream } from './stream.ts'

type Ending = Exclude<RecordedEnding, 'abort'>

const SAYS = { eof: 'ends', reset: 'is reset' } as const

/** The stream as far as its first events; `last` stands for what came of the one after them. */
function cut(stream: FaultStream, length: number, ending: RecordedEnding, last?: SseEvent): FaultStream {
  const kept = stream.events.slice(0, length)
  const events = last === undefined ? kept : [...kept, last]
  return stream.with({ events, ending, endMs: stream.endMs === undefined ? undefined : (events.at(-1)?.ms ?? 0) })
}

/** How many events there must be so that nothing but the last event of the protocol is missing. */
function wholeLength({ meanings, landmarks: { over } }: FaultStream): number {
  let length = Math.min(over, meanings.length)
  while (length > 0) {
    const last = meanings[length - 1]
    if (last === undefined || !isIdle(last)) break
    length -= 1
  }
  return length
}

function cutAfterEvent(ending: Ending): FaultPlan {
  return {
    name: `cut-${ending}`,
    about: `the body ${SAYS[ending]} after an event, before it is known why the model stopped`,
    at: 'event',
    effects: everywhere('lossy'),
    places: (stream) => {
      const { landmarks, events } = stream
      return range(0, Math.min(landmarks.stopped, events.length - 1)).filter((place) => stream.isWholeUntil(place))
    },
    apply: (stream, place) => cut(stream, place, ending),
  }
}

function cutAfterStop(ending: Ending): FaultPlan {
  return {
    name: `cut-after-stop-${ending}`,
    about: `the body ${SAYS[ending]} after an event that comes behind the stop reason, and something was to follow`,
    at: 'event',
    effects: { 'anthropic-messages': 'lossy', 'openai-chat': 'lossy' },
    places: (stream) =>
      range(stream.landmarks.stopped + 1, wholeLength(stream) - 1).filter((place) => stream.isQuietUntil(place)),
    apply: (stream, place) => cut(stream, place, ending),
  }
}

function missingTerminal(ending: Ending): FaultPlan {
  return {
    name: `missing-terminal-${ending}`,
    about: `the body ${SAYS[ending]} where the last event of the protocol should be, and nothing else is missing`,
    at: 'stream',
    effects: { 'anthropic-messages': 'same', 'openai-chat': 'same' },
    places: (stream) => {
      const { stopped, over } = stream.landmarks
      return over < stream.events.length && wholeLength(stream) > stopped ? WHOLE : []
    },
    apply: (stream) => cut(stream, stream.landmarks.over, ending),
  }
}

/** Where the bytes of an event begin and where those of its data end. */
interface Span {
  readonly index: number
  readonly start: number
  readonly end: number
}

function spansOf({ events, hasBom }: FaultStream): Span[] {
  let start = hasBom ? 3 : 0
  return events.map((event, index) => {
    const span = { index, start, end: start + lengthOfData(event) }
    start += event.bytes.length
    return span
  })
}

function cutAtByte(ending: Ending): FaultPlan {
  return {
    name: `cut-byte-${ending}`,
    about: `the body ${SAYS[ending]} inside an event, before it is known why the model stopped`,
    at: 'byte',
    effects: everywhere('lossy'),
    places: (stream) =>
      spansOf(stream)
        .slice(0, stream.landmarks.stopped + 1)
        .filter(({ index }) => stream.isWholeUntil(index))
        .flatMap(({ start, end }) => range(start + 1, end - 1)),
    apply: (stream, place) => {
      const span = spansOf(stream).findLast(({ start }) => start < place)
      const event = span === undefined ? undefined : stream.events[span.index]
      if (span === undefined || event === undefined) return stream
      return cut(stream, span.index, ending, eventOf(event.bytes.subarray(0, place - span.start), event.ms, false))
    },
  }
}

const cutBeforeBlankLine: FaultPlan = {
  name: 'cut-before-blank-line',
  about: 'the body ends after the data of an event, so that only the blank line behind it is missing',
  at: 'event',
  effects: everywhere('lossy'),
  places: (stream) =>
    range(1, Math.min(stream.landmarks.stopped, stream.events.length)).filter(
      (place) => stream.events[place - 1]?.data !== undefined && stream.isWholeUntil(place),
    ),
  apply: (stream, place, seed) => cut(stream, place - 1, 'eof', withoutBlankLine(stream.events[place - 1], seed)),
}

const noLastBlankLine: FaultPlan = {
  name: 'no-last-blank-line',
  about: 'the blank line behind the last event is missing',
  at: 'stream',
  effects: everywhere('same'),
  places: ({ events, landmarks }) =>
    events.at(-1)?.payload !== undefined && landmarks.stopped < events.length ? WHOLE : [],
  apply: (stream, _, seed) =>
    cut(stream, stream.events.length - 1, stream.ending, withoutBlankLine(stream.events.at(-1), seed)),
}

/** The event as far as the line end behind its data; by an odd seed without that too. */
function withoutBlankLine(event: SseEvent | undefined, seed: number): SseEvent {
  if (event === undefined) return textEvent('', 0)
  const end = lengthOfData(event)
  const isCrlf = event.bytes[end] === 0x0d && event.bytes[end + 1] === 0x0a
  const kept = seed % 2 === 0 ? end + (isCrlf ? 2 : 1) : end
  return eventOf(event.bytes.subarray(0, kept), event.ms, false)
}

const abort: FaultPlan = {
  name: 'abort',
  about: 'the user gives up after an event, before the last one of the protocol',
  at: 'event',
  effects: everywhere('lossy'),
  places: (stream) =>
    range(0, Math.min(stream.landmarks.over, stream.events.length)).filter(
      (place) => stream.isQuietUntil(place) && stream.isWholeUntil(place),
    ),
  apply: (stream, place) => cut(stream, place, 'abort'),
}

const stall: FaultPlan = {
  name: 'stall',
  about: 'nothing comes for a minute after an event, then the stream goes on',
  at: 'event',
  effects: everywhere('same'),
  places: (stream) => numbersWhere(stream, (index) => index < stream.events.length - 1),
  apply: (stream, place) =>
    stream.with({
      events: stream.events.map((event, index) => (index < place ? event : { ...event, ms: event.ms + MINUTE })),
      endMs: stream.endMs === undefined ? undefined : stream.endMs + MINUTE,
    }),
}

const MINUTE = 60_000

export const CUTS: readonly FaultPlan[] = [
  cutAfterEvent('eof'),
  cutAfterEvent('reset'),
  cutAfterStop('eof'),
  cutAfterStop('reset'),
  missingTerminal('eof'),
  missingTerminal('reset'),
  cutAtByte('eof'),
  cutAtByte('reset'),
  cutBeforeBlankLine,
  noLastBlankLine,
  abort,
  stall,
]
