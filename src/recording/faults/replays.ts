/** Faults in which a proxy, a gateway or a client that reconnects sends again what was there already. */
import { isObject, nonEmpty, type JsonObject, type JsonValue } from '../../json.ts'
import { callsOf, choicesOf } from './chat-shape.ts'
import { hasMalformed } from './foreign.ts'
import { does, isDelta } from './meaning.ts'
import { hasTrueNumbers, isInOrder } from './numbering.ts'
import { numbersWhere, range, everywhere, WHOLE, type FaultPlan } from './plan.ts'
import { atTime, withPayload, type SseEvent } from './sse-event.ts'
import type { FaultStream } from './stream.ts'

/** The stream with events of its own once more behind one of its events. */
function again(stream: FaultStream, place: number, events: readonly SseEvent[]): FaultStream {
  const ms = stream.events[place - 1]?.ms ?? 0
  return stream.with({ events: stream.events.toSpliced(place, 0, ...events.map((event) => atTime(event, ms))) })
}

/** Whether it has an end, and something can come behind that. */
function isOver(stream: FaultStream): boolean {
  return stream.landmarks.over < stream.events.length && stream.canGoOnBehind(stream.events.length)
}

/**
 * Whether the stream says the same when it is sent again: data that is no JSON would then spoil what is open by now, and
 * a block that ended before its last piece would seem to be another one.
 */
function canComeAgain(stream: FaultStream): boolean {
  const closed = new Set<string>()
  if (hasMalformed(stream)) return false
  return stream.meanings.every(({ operations }) => {
    for (const operation of operations) {
      if (operation.op === 'close') closed.add(operation.key)
      else if (operation.op === 'open') closed.delete(operation.key)
      else if (operation.op === 'append' && closed.has(operation.key)) return false
    }
    return true
  })
}

/** Whether its message has an id, by which it is known when it begins again. */
function hasId({ meanings }: FaultStream): boolean {
  const begin = meanings.flatMap(({ operations }) => operations.filter(({ op }) => op === 'begin'))
  return begin.length > 0 && begin.every((operation) => operation.op === 'begin' && operation.id !== undefined)
}

function withId(event: SseEvent, id: string): SseEvent {
  const { payload } = event
  if (!isObject(payload)) return event
  const inner = (['message', 'response'] as const).find((key) => isObject(payload[key]))
  const renamed: JsonObject = inner === undefined ? payload : { ...Object(payload[inner]) }
  if (typeof renamed.id !== 'string') return event
  return withPayload(event, inner === undefined ? { ...payload, id } : { ...payload, [inner]: { ...renamed, id } })
}

const afterEnd: FaultPlan = {
  name: 'replay-after-end',
  about: 'the whole stream comes again after its end',
  at: 'stream',
  effects: everywhere('same'),
  places: (stream) => (isOver(stream) ? WHOLE : []),
  apply: (stream) => again(stream, stream.events.length, stream.events),
}

const afterEndUnderNewId: FaultPlan = {
  name: 'replay-after-end-new-id',
  about: 'the whole stream comes again after its end, under another message id',
  at: 'stream',
  effects: everywhere('same'),
  places: (stream) => (isOver(stream) && hasId(stream) ? WHOLE : []),
  apply: (stream) =>
    again(
      stream,
      stream.events.length,
      stream.events.map((event) => withId(event, 'another-id')),
    ),
}

/** Of a chat stream: whether nothing was sent again behind the stop reason yet. */
function isQuiet(stream: FaultStream): boolean {
  return stream.dialect !== 'openai-chat' || stream.isQuietUntil(stream.landmarks.over)
}

const beforeEnd: FaultPlan = {
  name: 'replay-before-end',
  about: 'the whole stream comes again between the stop reason and the last event of the protocol',
  at: 'stream',
  effects: { 'anthropic-messages': 'same', 'openai-chat': 'same' },
  places: (stream) => {
    const { stopped, over } = stream.landmarks
    return isOver(stream) && stopped < over && isQuiet(stream) && canRepeat(stream, 0) && canComeAgain(stream)
      ? WHOLE
      : []
  },
  apply: (stream) => again(stream, stream.landmarks.over, stream.events),
}

const prefix: FaultPlan = {
  name: 'replay-prefix',
  about: 'behind an event the stream begins again, under the same id, and runs to its end',
  at: 'event',
  effects: { 'anthropic-messages': 'same', 'openai-responses': 'same' },
  places: (stream) => {
    if (!hasId(stream) || !canComeAgain(stream)) return []
    const places = range(1, stream.landmarks.over).filter(
      (place) => begins(stream, place) && stream.canGoOnBehind(place),
    )
    // An event that would come late has not come yet in a prefix: then that is another text than what follows.
    const isWhole = (place: number): boolean => isInOrder(stream.with({ events: stream.events.slice(0, place) }))
    return isInOrder(stream) ? places : places.filter(isWhole)
  },
  apply: (stream, place) => startingAgain(stream, place),
}

const chatPrefix: FaultPlan = {
  name: 'replay-prefix-unmarked',
  about: 'behind a chunk the stream begins again, and no event says that it does',
  at: 'event',
  effects: { 'openai-chat': 'undecidable' },
  places: ({ landmarks, events }) => range(1, Math.min(landmarks.stopped, events.length)),
  apply: (stream, place) => startingAgain(stream, place),
}

/** Whether the message has begun by then, so that what follows is known to be a repeat. */
function begins({ meanings }: FaultStream, place: number): boolean {
  return meanings.slice(0, place).some((meaning) => does(meaning, 'begin'))
}

function startingAgain(stream: FaultStream, place: number): FaultStream {
  const ms = stream.events[place - 1]?.ms ?? 0
  const second = stream.events.map((event) => atTime(event, event.ms + ms))
  return stream.with({
    events: [...stream.events.slice(0, place), ...second],
    endMs: stream.endMs === undefined ? undefined : stream.endMs + ms,
  })
}

const tailAfterEnd: FaultPlan = {
  name: 'replay-tail-after-end',
  about: 'everything from an event on comes again after the end',
  at: 'event',
  effects: everywhere('same'),
  places: (stream) => (isOver(stream) ? numbersWhere(stream, () => true) : []),
  apply: (stream, place) => again(stream, stream.events.length, stream.events.slice(place - 1)),
}

const tailAfterStop: FaultPlan = {
  name: 'replay-tail-after-stop',
  about: 'everything from a chunk to the stop reason comes again behind the stop reason',
  at: 'event',
  effects: { 'openai-chat': 'same' },
  places: (stream) => {
    const { stopped } = stream.landmarks
    const fits = isQuiet(stream) && canComeAgain(stream) && stream.canGoOnBehind(stopped + 1)
    if (stopped >= stream.events.length || !fits) return []
    return range(1, stopped + 1).filter((place) => canRepeat(stream, place - 1))
  },
  apply: (stream, place) =>
    again(stream, stream.landmarks.stopped + 1, stream.events.slice(place - 1, stream.landmarks.stopped + 1)),
}

/**
 * Whether a repeat that begins here is known by what it says: each piece of a call must tell which call it is about,
 * and that no other piece means another call by the same.
 */
function canRepeat({ dialect, events, landmarks }: FaultStream, from: number): boolean {
  if (dialect !== 'openai-chat') return true
  const all = events.slice(0, landmarks.over)
  if (all.slice(from, landmarks.stopped + 1).some(hasUnlistedCalls)) return false
  const pieces = all.flatMap((event) => choicesOf(event).flatMap((choice) => callsOf(choice)))
  const later = all.slice(from).flatMap((event) => choicesOf(event).flatMap((choice) => callsOf(choice)))
  if (later.every(({ id }) => nonEmpty(id) !== undefined)) return true
  const idAt = new Map<JsonValue, string | undefined>()
  const written = new Set<JsonValue>()
  return pieces.every((piece) => {
    const { index } = piece
    if (typeof index !== 'number') return false
    const [id, known] = [nonEmpty(piece.id), idAt.get(index)]
    // Without an id, only one that is whole in one piece is known again.
    const goesOn = idAt.has(index) && id === undefined
    if (goesOn && known === undefined && textOf(piece) !== '' && written.has(index)) return false
    if (textOf(piece) !== '') written.add(index)
    idAt.set(index, known ?? id)
    return known === undefined || id === undefined || id === known
  })
}

function textOf({ function: body }: JsonObject): string {
  return isObject(body) && typeof body.arguments === 'string' ? body.arguments : ''
}

/** Whether calls stand there in another way than as a list. */
function hasUnlistedCalls(event: SseEvent): boolean {
  return choicesOf(event).some(
    ({ delta }) =>
      isObject(delta) &&
      delta.tool_calls !== undefined &&
      delta.tool_calls !== null &&
      !Array.isArray(delta.tool_calls),
  )
}

/** Whether what goes on is told from what begins again: blocks have events that open them, or events have numbers. */
function goesOnByItself(stream: FaultStream): boolean {
  const opensWithContent = stream.meanings.some(
    (meaning) => does(meaning, 'open') && (does(meaning, 'append') || does(meaning, 'list')),
  )
  return !opensWithContent || hasTrueNumbers(stream)
}

/** Whether the numbers go on behind an event: one that was there already would mean that another run has begun. */
function risesBehind({ meanings }: FaultStream, place: number): boolean {
  const numbers = (some: typeof meanings): number[] => some.flatMap(({ number }) => number ?? [])
  const [next] = numbers(meanings.slice(place))
  return next === undefined || numbers(meanings.slice(0, place)).every((number) => number < next)
}

const beginAgain: FaultPlan = {
  name: 'begin-again',
  about: 'the event that begins the message comes again behind another event, and the stream goes on',
  at: 'event',
  effects: { 'anthropic-messages': 'same', 'openai-responses': 'same' },
  places: (stream) =>
    hasId(stream) && goesOnByItself(stream)
      ? range(1, stream.landmarks.over).filter(
          (place) => begins(stream, place) && stream.canGoOnBehind(place) && risesBehind(stream, place),
        )
      : [],
  apply: (stream, place) =>
    again(
      stream,
      place,
      firstWhere(stream, (index) => doesAt(stream, index, 'begin')),
    ),
}

const beginAndOpenAgain: FaultPlan = {
  name: 'begin-and-open-again',
  about: 'inside a block the message and the block begin again, and the block goes on: as a new answer would',
  at: 'event',
  effects: { 'anthropic-messages': 'undecidable' },
  places: (stream) =>
    numbersWhere(stream, (index) => {
      const meaning = stream.meanings[index]
      return meaning !== undefined && isDelta(meaning) && index < stream.landmarks.stopped
    }),
  apply: (stream, place) => {
    const begin = firstWhere(stream, (index) => doesAt(stream, index, 'begin'))
    const open = stream.events.slice(0, place).findLast((_, index) => doesAt(stream, index, 'open'))
    return again(stream, place, open === undefined ? begin : [...begin, open])
  },
}

function doesAt({ meanings }: FaultStream, index: number, op: 'begin' | 'open'): boolean {
  const meaning = meanings[index]
  return meaning !== undefined && does(meaning, op)
}

function firstWhere({ events }: FaultStream, claim: (index: number) => boolean): SseEvent[] {
  const event = events.find((_, index) => claim(index))
  return event === undefined ? [] : [event]
}

/** Whether every event that does something has a number. */
function isAllNumbered({ meanings }: FaultStream): boolean {
  return meanings.every(
    ({ operations, number }) => number !== undefined || operations.every(({ op }) => op === 'anomaly'),
  )
}

/** How many events a client that resumes is sent again. */
const OVERLAP = 3

const overlap: FaultPlan = {
  name: 'resume-with-overlap',
  about: `behind an event the connection is resumed, and the last ${OVERLAP} numbered events come again`,
  at: 'event',
  effects: { 'openai-responses': 'same' },
  places: (stream) =>
    hasTrueNumbers(stream) && canComeAgain(stream) && isAllNumbered(stream)
      ? range(1, Math.min(stream.landmarks.over, stream.events.length)).filter((place) => stream.canGoOnBehind(place))
      : [],
  apply: (stream, place) => again(stream, place, stream.events.slice(Math.max(0, place - OVERLAP), place)),
}

export const REPLAYS: readonly FaultPlan[] = [
  afterEnd,
  afterEndUnderNewId,
  beforeEnd,
  prefix,
  chatPrefix,
  tailAfterEnd,
  tailAfterStop,
  beginAgain,
  beginAndOpenAgain,
  overlap,
]
