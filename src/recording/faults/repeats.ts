/** Faults in which an event comes more than once. */
import { isObject } from '../../json.ts'
import type { FaultDialect } from './fault-dialect.ts'
import { does, isDelta, isTerminal, type Meaning } from './meaning.ts'
import { hasTrueNumbers } from './numbering.ts'
import { everywhere, numbersWhere, WHOLE, type FaultPlan } from './plan.ts'
import { atTime, newEvent, textEvent, withPayload, type SseEvent } from './sse-event.ts'
import type { FaultStream } from './stream.ts'

/** The events that a plan repeats. */
type Strikes = (meaning: Meaning, event: SseEvent, stream: FaultStream) => boolean

interface Repeat {
  readonly name: string
  readonly about: string
  readonly effects: FaultPlan['effects']
  readonly strikes: Strikes
}

/** A plan that sends an event two to five times, by the seed: twice without one. */
function repeating({ name, about, effects, strikes }: Repeat): FaultPlan {
  return {
    name,
    about: `${about} comes twice, or up to five times by the seed`,
    at: 'event',
    effects,
    places: (stream) => placesWhere(stream, strikes),
    apply: (stream, place, seed) => repeated(stream, place, 2 + (Math.abs(seed) % 4)),
  }
}

function placesWhere(stream: FaultStream, strikes: Strikes): number[] {
  return numbersWhere(stream, (index) => {
    const [meaning, event] = [stream.meanings[index], stream.events[index]]
    return meaning !== undefined && event?.isClosed === true && strikes(meaning, event, stream)
  })
}

function repeated(stream: FaultStream, place: number, times: number, between: readonly SseEvent[] = []): FaultStream {
  const event = stream.events[place - 1]
  if (event === undefined) return stream
  const again = Array.from({ length: times - 1 }, () => [...between, event]).flat()
  return stream.with({ events: stream.events.toSpliced(place, 0, ...again) })
}

const isUnnumbered: Strikes = ({ number }, _, { dialect }) => dialect !== 'openai-responses' || number === undefined

/** Whether the event only ends what it is about, or gives it whole: then coming again says nothing new. */
const closes: Strikes = (meaning) =>
  (does(meaning, 'close') || does(meaning, 'snapshot')) && !isDelta(meaning) && !isTerminal(meaning)

/** Of Responses: whether the event says which item and part it is about. Without that, one that comes again is the next one. */
const namesItsPlace: Strikes = ({ number }, { payload }, stream) => {
  if (stream.dialect !== 'openai-responses') return true
  if (number !== undefined && hasTrueNumbers(stream)) return true
  if (!isObject(payload)) return false
  const has = (key: string): boolean => payload[key] !== undefined && payload[key] !== null
  const item = isObject(payload.item) ? payload.item : undefined
  const namesItem = has('output_index') || has('item_id') || typeof item?.id === 'string'
  return namesItem && (!isObject(payload.part) || has('content_index') || has('summary_index'))
}

const opens: Strikes = (meaning) => does(meaning, 'open') && !isDelta(meaning) && !does(meaning, 'begin')

const says =
  (op: 'patch' | 'usage'): Strikes =>
  (meaning) =>
    does(meaning, op) &&
    !isDelta(meaning) &&
    !isTerminal(meaning) &&
    !meaning.operations.some((operation) => MORE.has(operation.op))

/** What an event that only adds to what is there does not do. */
const MORE: ReadonlySet<string> = new Set(['open', 'begin', 'stop', 'snapshot'])

const namesRole: Strikes = (meaning, { payload }) => {
  if (!isObject(payload) || !Array.isArray(payload.choices) || isDelta(meaning) || does(meaning, 'stop')) return false
  return payload.choices.some(
    (choice) => isObject(choice) && isObject(choice.delta) && choice.delta.role === 'assistant',
  )
}

const isFiller: Strikes = (meaning) =>
  meaning.operations.every(({ op }) => op === 'meta' || op === 'anomaly') && !isDelta(meaning)

/** What a dialect sends to keep the connection open. */
export function fillerOf(dialect: FaultDialect, ms: number): SseEvent {
  switch (dialect) {
    case 'anthropic-messages':
      return newEvent({ type: 'ping' }, ms, true)
    case 'openai-responses':
      return newEvent({ type: 'keepalive' }, ms, true)
    case 'openai-chat':
      return textEvent(': ping\n\n', ms)
    default: {
      const never: never = dialect
      return never
    }
  }
}

const terminalWithPings: FaultPlan = {
  name: 'repeat-terminal-with-pings',
  about: 'the last event of the protocol comes five times with pings between',
  at: 'event',
  effects: everywhere('same'),
  places: (stream) => placesWhere(stream, isTerminal),
  apply: (stream, place) => repeated(stream, place, 5, [fillerOf(stream.dialect, stream.events[place - 1]?.ms ?? 0)]),
}

const terminalUnderNextNumber: FaultPlan = {
  name: 'repeat-terminal-next-number',
  about: 'the last event of the protocol comes twice, the second time under the next number',
  at: 'event',
  effects: { 'openai-responses': 'same' },
  places: (stream) => placesWhere(stream, (meaning) => isTerminal(meaning) && meaning.number !== undefined),
  apply: (stream, place) => {
    const [event, number] = [stream.events[place - 1], stream.meanings[place - 1]?.number]
    if (event === undefined || number === undefined || !isObject(event.payload)) return stream
    const next = withPayload(event, { ...event.payload, sequence_number: number + 1 })
    return stream.with({ events: stream.events.toSpliced(place, 0, next) })
  },
}

const ending: FaultPlan = {
  name: 'repeat-ending',
  about: 'everything from the stop reason to the last event of the protocol comes twice',
  at: 'stream',
  effects: { 'anthropic-messages': 'same', 'openai-chat': 'same' },
  places: (stream) => {
    const { stopped, over } = stream.landmarks
    return stopped < over && over < stream.events.length && stream.canGoOnBehind(over + 1) ? WHOLE : []
  },
  apply: (stream) => {
    const { stopped, over } = stream.landmarks
    const ms = stream.events[over]?.ms ?? 0
    const again = stream.events.slice(stopped, over + 1).map((event) => atTime(event, ms))
    return stream.with({ events: stream.events.toSpliced(over + 1, 0, ...again) })
  },
}

export const REPEATS: readonly FaultPlan[] = [
  repeating({
    name: 'repeat-terminal',
    about: 'the last event of the protocol',
    effects: everywhere('same'),
    strikes: isTerminal,
  }),
  terminalWithPings,
  terminalUnderNextNumber,
  ending,
  repeating({
    name: 'repeat-stop',
    about: 'the event with the stop reason',
    effects: { 'anthropic-messages': 'same', 'openai-chat': 'same' },
    strikes: (meaning) => does(meaning, 'stop') && !isTerminal(meaning),
  }),
  repeating({
    name: 'repeat-close',
    about: 'an event that ends a block, or gives it whole,',
    effects: { 'anthropic-messages': 'same', 'openai-responses': 'same' },
    strikes: (...what) => closes(...what) && namesItsPlace(...what),
  }),
  repeating({
    name: 'repeat-open',
    about: 'an event that opens a block',
    effects: { 'anthropic-messages': 'same', 'openai-responses': 'same' },
    strikes: (...what) => opens(...what) && namesItsPlace(...what),
  }),
  repeating({
    name: 'repeat-unplaced',
    about: 'an event that opens or ends a block and does not say which',
    effects: { 'openai-responses': 'undecidable' },
    strikes: (...what) => (opens(...what) || closes(...what)) && !namesItsPlace(...what),
  }),
  repeating({
    name: 'repeat-begin',
    about: 'the event that begins the message',
    effects: { 'anthropic-messages': 'same', 'openai-responses': 'same' },
    strikes: (meaning) => does(meaning, 'begin') && !isTerminal(meaning),
  }),
  repeating({
    name: 'repeat-role',
    about: 'a chunk that only says who speaks',
    effects: { 'openai-chat': 'same' },
    strikes: namesRole,
  }),
  repeating({
    name: 'repeat-signature',
    about: 'the signature of a block',
    effects: { 'anthropic-messages': 'same' },
    strikes: says('patch'),
  }),
  repeating({
    name: 'repeat-usage',
    about: 'an event that only counts tokens',
    effects: { 'openai-chat': 'same', 'openai-responses': 'same' },
    strikes: says('usage'),
  }),
  repeating({
    name: 'repeat-filler',
    about: 'an event that says nothing about content',
    effects: everywhere('same'),
    strikes: isFiller,
  }),
  repeating({
    name: 'repeat-numbered',
    about: 'an event with a number',
    effects: { 'openai-responses': 'same' },
    strikes: ({ number }, _, stream) => number !== undefined && hasTrueNumbers(stream),
  }),
  repeating({
    name: 'repeat-delta',
    about: 'a piece of content without a number, which cannot be told from the same words said twice,',
    effects: everywhere('undecidable'),
    strikes: (meaning, event, stream) => isDelta(meaning) && isUnnumbered(meaning, event, stream),
  }),
]
