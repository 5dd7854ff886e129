/** The parts of a chunk of a chat stream, and ways to write one with some of them changed. */
import { isObject, nonEmpty, type JsonObject, type JsonValue } from '../../json.ts'
import { withPayload, type SseEvent } from './sse-event.ts'
import type { FaultStream } from './stream.ts'

/** The choices in an event. */
export function choicesOf({ payload }: SseEvent): readonly JsonObject[] {
  return isObject(payload) && Array.isArray(payload.choices) ? payload.choices.filter(isObject) : []
}

/** The pieces of tool calls in a choice. */
export function callsOf({ delta }: JsonObject): readonly JsonObject[] {
  return isObject(delta) && Array.isArray(delta.tool_calls) ? delta.tool_calls.filter(isObject) : []
}

/** The event with its payload, if that is an object, rewritten. */
export function mapChunk(event: SseEvent, map: (chunk: JsonObject) => JsonObject): SseEvent {
  if (!isObject(event.payload)) return event
  const chunk = map(event.payload)
  return chunk === event.payload ? event : withPayload(event, chunk)
}

/** The event with each of its choices rewritten. */
export function mapChoices(event: SseEvent, map: (choice: JsonObject) => JsonObject): SseEvent {
  if (choicesOf(event).length === 0) return event
  return mapChunk(event, (chunk) => ({
    ...chunk,
    choices: Array.isArray(chunk.choices)
      ? chunk.choices.map((choice) => (isObject(choice) ? map(choice) : choice))
      : [],
  }))
}

/** The event with each piece of a call rewritten. */
export function mapCalls(event: SseEvent, map: (call: JsonObject, choice: JsonObject) => JsonObject): SseEvent {
  if (!choicesOf(event).some((choice) => callsOf(choice).length > 0)) return event
  return mapChoices(event, (choice) =>
    withCalls(
      choice,
      callsOf(choice).map((call) => map(call, choice)),
    ),
  )
}

/** The choice with other pieces of calls, where it has any. */
export function withCalls(choice: JsonObject, calls: readonly JsonObject[]): JsonObject {
  if (!isObject(choice.delta) || callsOf(choice).length === 0) return choice
  const { tool_calls: _calls, ...delta } = choice.delta
  return { ...choice, delta: calls.length === 0 ? delta : { ...delta, tool_calls: [...calls] } }
}

/** What the chunks of a stream say about the whole answer: enough to write another one. */
export function envelopeOf(stream: FaultStream): JsonObject {
  const chunk = stream.events.map(({ payload }) => payload).find((payload) => isObject(payload) && 'choices' in payload)
  const envelope: JsonObject = {}
  if (!isObject(chunk)) return envelope
  for (const key of ['id', 'object', 'created', 'model']) {
    const value: JsonValue | undefined = chunk[key]
    if (value !== undefined) envelope[key] = value
  }
  return envelope
}

/** A call as its pieces tell, where they tell it in the plainest way. */
export interface PlainCall {
  readonly choice: JsonValue
  readonly index: number
  readonly id: string
  readonly name: string
  readonly text: string
  /** The events that its pieces are in, as indexes into the events of the stream. */
  readonly events: readonly number[]
}

/**
 * The calls of a stream whose every piece is the only one in its event: each begins with its index, id and name, goes on
 * with its index alone, and is over before the next one begins. Undefined if there is a call that is told otherwise.
 */
export function plainCalls(stream: FaultStream): readonly PlainCall[] | undefined {
  const calls: (PlainCall & { text: string; events: number[] })[] = []
  const { over } = stream.landmarks
  if (!stream.isQuietUntil(over)) return undefined
  for (const [at, event] of stream.events.slice(0, over).entries()) {
    const pieces = choicesOf(event).flatMap((choice) =>
      callsOf(choice).map((call) => ({ call, choice: choice.index ?? 0 })),
    )
    if (pieces.length === 0) continue
    const [piece] = pieces
    if (pieces.length > 1 || piece === undefined || !isObject(piece.call.function)) return undefined
    const { call, choice } = piece
    const { index, function: body } = call
    const [id, name] = [nonEmpty(call.id), nonEmpty(isObject(body) ? body.name : undefined)]
    const text = isObject(body) ? (body.arguments ?? '') : ''
    if (typeof index !== 'number' || typeof text !== 'string') return undefined
    const last = calls.at(-1)
    if (last?.index === index && last.choice === choice) {
      if (id !== undefined || name !== undefined) return undefined
      last.text += text
      last.events.push(at)
    } else {
      if (
        id === undefined ||
        name === undefined ||
        calls.some((known) => known.choice === choice && (known.index === index || known.id === id))
      ) {
        return undefined
      }
      calls.push({ choice, index, id, name, text, events: [at] })
    }
  }
  return calls
}
