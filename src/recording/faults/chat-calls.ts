/** The shapes in which servers that follow the chat API send the pieces of a tool call. */
import { isObject, parseJson, type JsonObject } from '../../json.ts'
import { callsOf, choicesOf, mapCalls, mapChoices, plainCalls, withCalls, type PlainCall } from './chat-shape.ts'
import { WHOLE, type Alteration, type FaultPlan } from './plan.ts'
import type { SseEvent } from './sse-event.ts'
import type { FaultStream } from './stream.ts'

interface CallShape extends Pick<FaultPlan, 'name' | 'about'> {
  readonly alters?: readonly Alteration[]
  readonly fits?: (calls: readonly PlainCall[], stream: FaultStream) => boolean
  /** A piece of a call as it is to be; `isFirst` for the one that opens the call, `ordinal` counts the calls. */
  readonly shape: (
    piece: JsonObject,
    call: PlainCall,
    place: { readonly isFirst: boolean; readonly ordinal: number; readonly at: number },
  ) => JsonObject
}

/** A plan that writes every piece of a call otherwise, in streams where each is told in the plainest way. */
function calling({ name, about, alters, fits = () => true, shape }: CallShape): FaultPlan {
  return {
    name,
    about,
    at: 'stream',
    effects: { 'openai-chat': 'same' },
    ...(alters === undefined ? {} : { alters }),
    places: (stream) => {
      const calls = plainCalls(stream) ?? []
      return calls.length > 0 && fits(calls, stream) ? WHOLE : []
    },
    apply: (stream) => {
      const calls = plainCalls(stream) ?? []
      return stream.with({
        events: stream.events.map((event, index) => {
          const ordinal = calls.findIndex(({ events }) => events.includes(index))
          const call = calls[ordinal]
          if (call === undefined) return event
          const at = call.events.indexOf(index)
          return mapCalls(event, (piece) => shape(piece, call, { isFirst: at === 0, ordinal, at }))
        }),
      })
    },
  }
}

/** Whether the pieces of all calls are of one choice: without an index nothing else tells calls apart. */
const isOfOneChoice = (calls: readonly PlainCall[]): boolean => new Set(calls.map(({ choice }) => choice)).size === 1

function withName(piece: JsonObject, name: string | null): JsonObject {
  return { ...piece, function: { ...(isObject(piece.function) ? piece.function : {}), name } }
}

function withoutIndex({ index: _index, ...piece }: JsonObject): JsonObject {
  return piece
}

/** A plan that makes one chunk of all pieces of a call. */
function inOneChunk(
  name: string,
  about: string,
  argumentsOf: (call: PlainCall) => JsonObject | string | undefined,
  alters: readonly Alteration[] = [],
): FaultPlan {
  return {
    name,
    about,
    at: 'stream',
    effects: { 'openai-chat': 'same' },
    alters,
    places: (stream) => {
      const calls = plainCalls(stream) ?? []
      return calls.length > 0 && calls.every((call) => argumentsOf(call) !== undefined) ? WHOLE : []
    },
    apply: (stream) => {
      const calls = plainCalls(stream) ?? []
      return stream.with({
        events: stream.events.flatMap((event, index) => {
          const call = calls.find(({ events }) => events.includes(index))
          if (call === undefined) return [event]
          if (index === call.events[0]) {
            const text = argumentsOf(call) ?? ''
            return [mapCalls(event, (piece) => ({ ...piece, function: { name: call.name, arguments: text } }))]
          }
          const rest = mapChoices(event, (choice) => withCalls(choice, []))
          return isEmptied(rest) ? [] : [rest]
        }),
      })
    },
  }
}

/** Whether the event says nothing any more. */
function isEmptied(event: SseEvent): boolean {
  return choicesOf(event).every(({ delta, finish_reason: reason }) => {
    const said = isObject(delta) ? Object.values(delta).filter((value) => value !== null && value !== '') : []
    return said.length === 0 && (reason === null || reason === undefined)
  })
}

const finishStop: FaultPlan = {
  name: 'finish-stop',
  about: 'the stop reason is "stop" although tools are called',
  at: 'stream',
  effects: { 'openai-chat': 'same' },
  alters: ['raw stop'],
  places: ({ events }) =>
    events.some((event) => choicesOf(event).some((choice) => choice.finish_reason === 'tool_calls')) &&
    events.some((event) => choicesOf(event).some((choice) => callsOf(choice).length > 0))
      ? WHOLE
      : [],
  apply: (stream) =>
    stream.with({
      events: stream.events.map((event) =>
        choicesOf(event).some((choice) => choice.finish_reason === 'tool_calls')
          ? mapChoices(event, (choice) => ({ ...choice, finish_reason: 'stop' }))
          : event,
      ),
    }),
}

export const CHAT_CALLS: readonly FaultPlan[] = [
  calling({
    name: 'no-call-index',
    about: 'no piece of a call has an index',
    fits: isOfOneChoice,
    shape: withoutIndex,
  }),
  calling({
    name: 'call-id-repeated',
    about: 'every piece of a call has its id',
    shape: (piece, { id }) => ({ ...piece, id }),
  }),
  calling({
    name: 'call-id-and-name-repeated',
    about: 'every piece of a call has its id and its name',
    shape: (piece, { id, name }) => withName({ ...piece, id }, name),
  }),
  calling({
    name: 'no-call-index-id-repeated',
    about: 'every piece of a call has its id, and none an index',
    fits: isOfOneChoice,
    shape: (piece, { id }) => withoutIndex({ ...piece, id }),
  }),
  calling({
    name: 'later-call-ids-empty',
    about: 'the id and the name in later pieces of a call are ""',
    shape: (piece, _, { isFirst }) => (isFirst ? piece : withName({ ...piece, id: '' }, '')),
  }),
  calling({
    name: 'later-call-ids-null',
    about: 'the id, the name and the type in later pieces of a call are null',
    shape: (piece, _, { isFirst }) => (isFirst ? piece : withName({ ...piece, id: null, type: null }, null)),
  }),
  calling({
    name: 'call-id-changes',
    about: 'every later piece of a call has another id',
    shape: (piece, { id }, { isFirst, at }) => (isFirst ? piece : { ...piece, id: `${id}-${at}` }),
  }),
  calling({
    name: 'call-ids-absent',
    about: 'no call has an id',
    alters: ['call ids'],
    shape: ({ id: _id, ...piece }) => piece,
  }),
  calling({
    name: 'call-index-gaps',
    about: 'the index of the calls has gaps',
    shape: (piece, { index }) => ({ ...piece, index: index * 3 }),
  }),
  calling({
    name: 'call-index-from-1',
    about: 'the index of the calls begins at 1',
    shape: (piece, { index }) => ({ ...piece, index: index + 1 }),
  }),
  calling({
    name: 'all-calls-at-index-0',
    about: 'every call has the index 0, and an id of its own',
    fits: isOfOneChoice,
    shape: (piece) => ({ ...piece, index: 0 }),
  }),
  inOneChunk('whole-call-in-one-chunk', 'each call comes whole in one chunk', ({ text }) => text),
  inOneChunk(
    'arguments-as-object',
    'each call comes whole in one chunk, and its arguments are an object, not a text',
    ({ text }) => {
      const value = parseJson(text)
      return isObject(value) ? value : undefined
    },
    ['arguments'],
  ),
  finishStop,
]
