/** Events whose data is no JSON, calls that are sent twice, and faults on one of several choices. */
import { isObject, type JsonObject } from '../../src/json.ts'
import { callsOf, choicesOf, mapChoices } from '../../src/recording/faults/chat-shape.ts'
import type { Folding } from '../../src/recording/faults/folding.ts'
import { does, isDelta } from '../../src/recording/faults/meaning.ts'
import { isInOrder } from '../../src/recording/faults/numbering.ts'
import { renumbered } from '../../src/recording/faults/numbers.ts'
import { range } from '../../src/recording/faults/plan.ts'
import { withPayload, withText, type SseEvent } from '../../src/recording/faults/sse-event.ts'
import type { FaultStream } from '../../src/recording/faults/stream.ts'
import { foldStream } from '../../src/recording/faults/try.ts'
import { callsIn as streamedCalls, payloadAt, type StreamedCall } from './answers.ts'
import { havingStream, type Case } from './cases.ts'
import { areSame, callsIn, expects, firstOf, judged, textOf, type Wrong } from './expectations.ts'
import { byPlan, type Trial } from './trials.ts'

/** Of a message with data that is no JSON: calls that were open are invalid, all others are as they were. */
function callsAreInvalid({ clean }: Case, broken: Folding): Wrong {
  const before = clean.messages.flatMap(({ content }) => content)
  const after = broken.messages.flatMap(({ content }) => content)
  const spoiled = after.filter((block) => block.type === 'tool_call' && block.state === 'invalid')
  return firstOf(
    expects(areSame(after.map(textOf), before.map(textOf)), 'the text of a block has changed'),
    expects(spoiled.length > 0, 'no call is invalid'),
    expects(
      !callsIn(broken.events).some(({ key }) => spoiled.some((block) => 'key' in block && block.key === key)),
      'an invalid call was handed out',
    ),
    isNoted(broken),
  )
}

function isNoted({ messages }: Folding): Wrong {
  const isThere = messages.some(({ anomalies }) => anomalies.some(({ kind }) => kind === 'malformed_event'))
  return expects(isThere, 'no anomaly tells of it')
}

export const strangeData: Trial = byPlan('malformed-event', { also: (_, broken) => isNoted(broken) })
export const strangeDataInCall: Trial = byPlan('malformed-in-call', { also: callsAreInvalid })

/** The data of an event of content is cut: the message is as without that event, and calls that were open are invalid. */
export const cutData: Trial = (one) => {
  const { events, meanings, landmarks } = one.stream
  return {
    unit: 'event',
    places: range(1, Math.min(landmarks.stopped, events.length)).filter((place) => {
      const meaning = meanings[place - 1]
      return meaning !== undefined && isDelta(meaning) && !does(meaning, 'begin') && !does(meaning, 'open')
    }),
    at(place) {
      const without = foldStream(one.stream.with({ events: events.toSpliced(place - 1, 1) }))
      const cut = withText(events[place - 1] ?? EMPTY, (text) => text.replace(/^(data:.*)$/m, halved))
      const broken = foldStream(one.stream.with({ events: events.with(place - 1, cut) }))
      const ofCall = meanings[place - 1]?.operations.some(
        (operation) => 'kind' in operation && operation.kind === 'tool_call',
      )
      const isSpoiled = broken.messages.some(({ content }) =>
        content.some((block) => block.type === 'tool_call' && block.state === 'invalid'),
      )
      return firstOf(
        judged(one.clean, broken, { effect: 'undecidable' }),
        expects(
          areSame(broken.messages.map(textsOf), without.messages.map(textsOf)),
          'other content than of that event has changed',
        ),
        expects(ofCall !== true || isSpoiled, 'the call is not invalid'),
        isNoted(broken),
      )
    },
  }
}

const EMPTY: SseEvent = {
  ms: 0,
  bytes: new Uint8Array(),
  isClosed: true,
  name: undefined,
  data: undefined,
  payload: undefined,
}

function halved(line: string): string {
  return line.slice(0, Math.max(8, Math.floor(line.length / 2)))
}

function textsOf({ content }: Folding['messages'][number]): readonly string[] {
  return content.map((block) => `${block.type} ${textOf(block)}`)
}

/** The same call once more, under another index or item id, directly behind the first. */
export const callTwice: Trial = (one) => {
  if (!isInOrder(one.stream)) return undefined
  const handedOut = callsIn(one.clean.events)
  // What is sent twice is told whole by its pieces.
  const calls = streamedCalls(one.stream).filter(({ id, text }) =>
    handedOut.some((call) => call.id === id && call.arguments === text),
  )
  return {
    unit: 'call',
    places: range(1, calls.length),
    at(place) {
      const call = calls[place - 1]
      if (call === undefined) return `there is no call ${place}`
      const broken = foldStream(sentTwice(one.stream, call))
      const isTold = broken.messages.some(({ anomalies }) => anomalies.some(({ kind }) => kind === 'duplicate_call'))
      return firstOf(
        judged(one.clean, broken, { effect: 'same', alters: ['wire'] }),
        expects(isTold, 'no anomaly tells of the second one'),
      )
    },
  }
}

function sentTwice(stream: FaultStream, call: StreamedCall): FaultStream {
  const { index, output_index: output } = payloadAt(stream, call.opening)
  const isOfCall = (at: number): boolean => {
    if (stream.dialect === 'openai-chat') return call.pieces.includes(at)
    const payload = payloadAt(stream, at)
    return stream.dialect === 'anthropic-messages' ? payload.index === index : payload.output_index === output
  }
  const own = [...stream.events.keys()].filter(isOfCall)
  const copies = own.flatMap((at) => {
    const event = stream.events[at]
    return event === undefined ? [] : [copyOf(event)]
  })
  const end = (own.at(-1) ?? stream.events.length - 1) + 1
  return renumbered(stream.with({ events: stream.events.toSpliced(end, 0, ...copies) }))
}

/** The event as if it were about another block, far behind all others. */
function copyOf(event: SseEvent): SseEvent {
  const { payload } = event
  if (!isObject(payload)) return event
  if ('choices' in payload) {
    return mapChoices(event, (choice) => ({
      ...choice,
      delta: { tool_calls: callsOf(choice).map((call) => ({ ...call, index: FAR })) },
      finish_reason: null,
    }))
  }
  const item = isObject(payload.item) ? { item: { ...payload.item, id: 'another-item' } } : {}
  return withPayload(event, {
    ...payload,
    ...('index' in payload ? { index: FAR } : {}),
    ...('output_index' in payload ? { output_index: FAR } : {}),
    ...('item_id' in payload ? { item_id: 'another-item' } : {}),
    ...item,
  })
}

const FAR = 50

/** The stream with its one choice once more as a second one. */
function doubled(stream: FaultStream): FaultStream {
  return stream.with({
    events: stream.events.flatMap((event) => {
      if (choicesOf(event).length === 0) return [event]
      const other = mapChoices(event, (choice) => ({ ...choice, index: 1 }))
      return [event, isObject(other.payload) ? withPayload(other, withoutUsage(other.payload)) : other]
    }),
  })
}

function withoutUsage({ usage: _usage, ...chunk }: JsonObject): JsonObject {
  return chunk
}

/** Whether a chunk says more about the whole answer than every chunk does. */
function isAboutAll(event: SseEvent | undefined): boolean {
  const { payload } = event ?? {}
  return isObject(payload) && Object.keys(payload).some((key) => !ENVELOPE.has(key) && payload[key] !== null)
}

const ENVELOPE: ReadonlySet<string> = new Set([
  'id',
  'object',
  'created',
  'model',
  'choices',
  'system_fingerprint',
  'service_tier',
  'obfuscation',
])

type OnOneEvent = (stream: FaultStream, at: number, choice: number) => FaultStream

const ON_ONE_CHOICE: Readonly<Record<string, OnOneEvent>> = {
  'an event comes twice': (stream, at) => {
    const event = stream.events[at]
    return event === undefined ? stream : stream.with({ events: stream.events.toSpliced(at, 0, event) })
  },
  'an event is missing': (stream, at) => stream.with({ events: stream.events.toSpliced(at, 1) }),
  'an error stands in an event': (stream, at, choice) => {
    const event = stream.events[at]
    if (event === undefined) return stream
    const error = { message: 'it broke', code: 500 }
    const failed = mapChoices(event, () => ({ index: choice, delta: {}, finish_reason: 'error', error }))
    return stream.with({ events: stream.events.with(at, failed) })
  },
}

/** A fault on an event of one choice: the messages of the others are as they were. */
export function onOneChoice(fault: string): Trial {
  const strike = ON_ONE_CHOICE[fault]
  return (given) => {
    if (given.stream.dialect !== 'openai-chat' || strike === undefined) return undefined
    const isDoubled = given.clean.messages.length === 1
    const one = isDoubled ? havingStream(given, doubled(given.stream)) : given
    const choiceAt = (at: number): number | undefined => {
      const event = one.stream.events[at]
      const [choice, ...others] = event === undefined ? [] : choicesOf(event)
      return others.length === 0 && !isAboutAll(event) && typeof choice?.index === 'number' ? choice.index : undefined
    }
    const places = [...one.stream.events.keys()].filter((at) => {
      const choice = choiceAt(at)
      // What is not about the choice alone stands in the first chunk.
      return choice !== undefined && (!isDoubled || choice === 1) && at > 1
    })
    return {
      unit: 'event',
      places: places.map((at) => at + 1),
      at(place) {
        const choice = choiceAt(place - 1) ?? 0
        const broken = foldStream(strike(one.stream, place - 1, choice))
        const key = `turn/${choice}`
        const others = ({ messages }: Folding): Folding['messages'] => messages.filter((message) => message.key !== key)
        return firstOf(
          judged(one.clean, broken, { effect: 'undecidable' }),
          judged({ messages: others(one.clean) }, { messages: others(broken) }, { effect: 'same' }),
        )
      },
    }
  }
}

export const FAULTS_ON_ONE_CHOICE: readonly string[] = Object.keys(ON_ONE_CHOICE)
