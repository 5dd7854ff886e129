/** The shapes in which servers that follow the chat API send a chunk, other than those of tool calls. */
import { isObject, type JsonObject } from '../../json.ts'
import { choicesOf, envelopeOf, mapChoices, mapChunk } from './chat-shape.ts'
import { does, isDelta } from './meaning.ts'
import { range, WHOLE, type Effect, type FaultPlan } from './plan.ts'
import { withPayload, type SseEvent } from './sse-event.ts'
import type { FaultStream } from './stream.ts'
import { eventBehind } from './transport.ts'

interface Shape extends Pick<FaultPlan, 'name' | 'about'> {
  readonly alters?: NonNullable<FaultPlan['alters']>
  readonly effect?: Effect
  readonly fits?: (stream: FaultStream) => boolean
  readonly shape: (event: SseEvent, index: number, stream: FaultStream) => SseEvent
}

/** A plan that writes every chunk otherwise. */
function shaping({ name, about, alters, effect = 'same', fits = () => true, shape }: Shape): FaultPlan {
  return {
    name,
    about,
    at: 'stream',
    effects: { 'openai-chat': effect },
    ...(alters === undefined ? {} : { alters }),
    places: (stream) => (fits(stream) && stream.events.some((event) => choicesOf(event).length > 0) ? WHOLE : []),
    apply: (stream) => stream.with({ events: stream.events.map((event, index) => shape(event, index, stream)) }),
  }
}

function inserting(name: string, about: string, chunkOf: (stream: FaultStream) => JsonObject): FaultPlan {
  return {
    name,
    about,
    at: 'event',
    effects: { 'openai-chat': 'same' },
    places: (stream) =>
      range(1, Math.min(stream.landmarks.stopped, stream.events.length)).filter((place) => stream.canGoOnBehind(place)),
    apply: (stream, place) =>
      stream.with({ events: stream.events.toSpliced(place, 0, eventBehind(stream, place, chunkOf(stream))) }),
  }
}

const promptFilter: FaultPlan = {
  name: 'prompt-filter-first',
  about: 'the first chunk has no choices and tells how the prompt was filtered, as at Azure',
  at: 'stream',
  effects: { 'openai-chat': 'same' },
  alters: ['wire'],
  places: () => WHOLE,
  apply: (stream) => {
    const chunk = {
      choices: [],
      created: 0,
      id: '',
      model: '',
      object: '',
      prompt_filter_results: [{ prompt_index: 0, content_filter_results: { hate: { filtered: false } } }],
    }
    return stream.with({ events: [eventBehind(stream, 0, chunk), ...stream.events] })
  },
}

/** Where the usage of the whole answer is told: in the last event that does nothing else. */
function usageAt({ meanings, events }: FaultStream): number {
  return meanings.findLastIndex(
    (meaning, index) =>
      does(meaning, 'usage') && !does(meaning, 'stop') && !isDelta(meaning) && choicesIn(events[index]) === 0,
  )
}

function choicesIn(event: SseEvent | undefined): number {
  return event === undefined ? 0 : choicesOf(event).length
}

function usageIn({ payload }: SseEvent): JsonObject | undefined {
  return isObject(payload) && isObject(payload.usage) ? payload.usage : undefined
}

function isToldOnce(stream: FaultStream): boolean {
  return stream.meanings.filter((meaning) => does(meaning, 'usage')).length === 1 && usageAt(stream) !== -1
}

const usageWithFinish: FaultPlan = {
  name: 'usage-with-finish',
  about: 'the usage stands in the chunk with the stop reason and no chunk of its own follows',
  at: 'stream',
  effects: { 'openai-chat': 'same' },
  // Padding is new with every chunk, and the last of it is kept.
  alters: ['wire'],
  places: (stream) => {
    const { stopped, over } = stream.landmarks
    return isToldOnce(stream) && usageAt(stream) > stopped && stream.isQuietUntil(over) ? WHOLE : []
  },
  apply: (stream) => {
    const at = usageAt(stream)
    const counted = stream.events[at]?.payload
    const { choices: _choices, ...said }: JsonObject = isObject(counted) ? counted : {}
    const last = stream.events.findLastIndex((event, index) => index < at && choicesOf(event).length > 0)
    const events = stream.events.map((event, index) =>
      index === last ? mapChunk(event, (chunk) => ({ ...chunk, ...said })) : event,
    )
    return stream.with({ events: events.toSpliced(at, 1) })
  },
}

const usageEverywhere: FaultPlan = {
  name: 'usage-on-every-chunk',
  about: 'every chunk tells the usage so far',
  at: 'stream',
  effects: { 'openai-chat': 'same' },
  alters: ['wire'],
  places: (stream) => (isToldOnce(stream) ? WHOLE : []),
  apply: (stream) => {
    const counted = stream.events[usageAt(stream)]
    const { prompt_tokens: prompt = 0, completion_tokens: completion = 0 } =
      counted === undefined ? {} : (usageIn(counted) ?? {})
    return stream.with({
      events: stream.events.map((event, index) => {
        if (choicesOf(event).length === 0) return event
        const soFar = Math.min(index, Number(completion))
        const usage = { prompt_tokens: prompt, completion_tokens: soFar, total_tokens: Number(prompt) + soFar }
        return mapChunk(event, (chunk) => ({ ...chunk, usage }))
      }),
    })
  },
}

/** Whether the chunks with a stop reason say nothing else, so that their delta can be left out. */
function finishesPlainly({ events, meanings }: FaultStream): boolean {
  const finishing = events.filter((_, index) => meanings[index]?.operations.some(({ op }) => op === 'stop'))
  return finishing.length > 0 && finishing.every((event) => choicesOf(event).every(isPlainFinish))
}

function isPlainFinish({ delta, logprobs, message }: JsonObject): boolean {
  const said = isObject(delta)
    ? Object.entries(delta).filter(([key, value]) => key !== 'role' && value !== null && value !== '')
    : []
  return said.length === 0 && logprobs === undefined && message === undefined
}

function atFinish(change: (choice: JsonObject) => JsonObject): Shape['shape'] {
  return (event, index, { meanings }) =>
    meanings[index]?.operations.some(({ op }) => op === 'stop') === true ? mapChoices(event, change) : event
}

const hasId = ({ events }: FaultStream): boolean =>
  events.some(({ payload }) => isObject(payload) && typeof payload.id === 'string' && payload.id !== '')

/** Of several choices each has its own first chunk, and so its own id. */
const isOfOneChoice = ({ events }: FaultStream): boolean =>
  new Set(events.flatMap((event) => choicesOf(event).map(({ index }) => index ?? 0))).size === 1

export const CHAT: readonly FaultPlan[] = [
  usageEverywhere,
  usageWithFinish,
  shaping({
    name: 'role-on-every-chunk',
    about: 'every chunk says again who speaks',
    shape: (event) =>
      mapChoices(event, (choice) =>
        isObject(choice.delta) ? { ...choice, delta: { role: 'assistant', ...choice.delta } } : choice,
      ),
  }),
  shaping({
    name: 'empty-finish-reason',
    about: 'the stop reason is "" where it should be null',
    shape: (event) =>
      mapChoices(event, (choice) => (choice.finish_reason === null ? { ...choice, finish_reason: '' } : choice)),
  }),
  shaping({
    name: 'done-without-finish',
    about: 'the stream ends with its mark, and no chunk has a stop reason',
    effect: 'lossy',
    fits: (stream) => {
      const { stopped, over } = stream.landmarks
      return stopped < over && over < stream.events.length && stream.isQuietUntil(over)
    },
    shape: (event) => mapChoices(event, (choice) => ({ ...choice, finish_reason: null })),
  }),
  shaping({
    name: 'finish-without-delta',
    about: 'the chunk with the stop reason has no delta',
    fits: finishesPlainly,
    shape: atFinish(({ delta: _delta, ...choice }) => choice),
  }),
  shaping({
    name: 'finish-with-null-delta',
    about: 'the delta of the chunk with the stop reason is null',
    fits: finishesPlainly,
    shape: atFinish((choice) => ({ ...choice, delta: null })),
  }),
  inserting('empty-choices', 'a chunk with an empty list of choices comes in mid-stream', (stream) => ({
    ...envelopeOf(stream),
    choices: [],
  })),
  inserting('no-choices', 'a chunk without choices comes in mid-stream', (stream) => ({
    ...envelopeOf(stream),
    object: 'chat.completion.chunk',
  })),
  promptFilter,
  shaping({
    name: 'id-changes',
    about: 'every chunk has another id',
    alters: ['wire'],
    fits: (stream) => hasId(stream) && isOfOneChoice(stream),
    shape: (event, index, { events }) => {
      const first = events.findIndex(
        ({ payload }) => isObject(payload) && typeof payload.id === 'string' && payload.id !== '',
      )
      return index > first ? mapChunk(event, (chunk) => ({ ...chunk, id: `chunk-${index}` })) : event
    },
  }),
  shaping({
    name: 'id-null',
    about: 'the id of every chunk is null',
    alters: ['id', 'wire'],
    fits: hasId,
    shape: (event) => mapChunk(event, (chunk) => ({ ...chunk, id: null })),
  }),
]

const idAbsent: FaultPlan = {
  name: 'id-absent',
  about: 'no event has the id of the message',
  at: 'stream',
  effects: { 'anthropic-messages': 'same', 'openai-chat': 'same', 'openai-responses': 'same' },
  alters: ['id', 'wire'],
  places: ({ events }) => (events.some((event) => withoutId(event) !== event) ? WHOLE : []),
  apply: (stream) => stream.with({ events: stream.events.map(withoutId) }),
}

/** The event without the id of the message, wherever its dialect has it. */
function withoutId(event: SseEvent): SseEvent {
  const { payload } = event
  if (!isObject(payload)) return event
  if ('choices' in payload && 'id' in payload) {
    const { id: _id, ...rest } = payload
    return withPayload(event, rest)
  }
  for (const key of ['message', 'response']) {
    const inner = payload[key]
    if (!isObject(inner) || !('id' in inner)) continue
    const { id: _id, ...rest } = inner
    return withPayload(event, { ...payload, [key]: rest })
  }
  return event
}

export const IDS: readonly FaultPlan[] = [idAbsent]
