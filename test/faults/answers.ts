/** Answers that are other than the recorded ones: other arguments, another text, another id, cut by the length of the answer. */
import { isObject, type JsonObject, type JsonValue } from '../../src/json.ts'
import {
  callsOf,
  choicesOf,
  envelopeOf,
  mapChoices,
  plainCalls,
  withCalls,
} from '../../src/recording/faults/chat-shape.ts'
import { renumbered } from '../../src/recording/faults/numbers.ts'
import { newEvent, withPayload, type SseEvent } from '../../src/recording/faults/sse-event.ts'
import type { FaultStream } from '../../src/recording/faults/stream.ts'

/** A call for the client to run, as a stream tells it. */
export interface StreamedCall {
  readonly id: string
  readonly name: string
  /** Its arguments as they were sent. */
  readonly text: string
  /** The events of its arguments, as indexes; and the one that opens it. */
  readonly pieces: readonly number[]
  readonly opening: number
}

export function payloadAt(stream: FaultStream, index: number): JsonObject {
  const payload = stream.events[index]?.payload
  return isObject(payload) ? payload : {}
}

/** The type that an event names; empty if it names none. */
export function typeAt(stream: FaultStream, index: number): string {
  return wordIn(payloadAt(stream, index).type)
}

function objectIn(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : {}
}

function wordIn(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : ''
}

/** The stream with a rewrite of each payload that is an object; undefined takes the event out, a list puts others in its place. */
export function rewritten(
  stream: FaultStream,
  map: (payload: JsonObject, index: number) => JsonObject | readonly JsonObject[] | undefined,
): FaultStream {
  const events = stream.events.flatMap((event, index): readonly SseEvent[] => {
    if (!isObject(event.payload)) return [event]
    const made = map(event.payload, index)
    if (made === undefined) return []
    if (!isList(made)) return [made === event.payload ? event : withPayload(event, made)]
    return made.map((payload) => newEvent(payload, event.ms, stream.isNamed))
  })
  return renumbered(stream.with({ events }))
}

function isList(value: JsonObject | readonly JsonObject[]): value is readonly JsonObject[] {
  return Array.isArray(value)
}

/** The calls of a stream that are told in the plainest way; none if one is told otherwise. */
export function callsIn(stream: FaultStream): readonly StreamedCall[] {
  switch (stream.dialect) {
    case 'anthropic-messages':
      return anthropicCalls(stream)
    case 'openai-chat':
      return (plainCalls(stream) ?? []).map(({ id, name, text, events }) => ({
        id,
        name,
        text,
        pieces: events,
        opening: events[0] ?? 0,
      }))
    case 'openai-responses':
      return responsesCalls(stream)
    default: {
      const never: never = stream.dialect
      return never
    }
  }
}

function anthropicCalls(stream: FaultStream): StreamedCall[] {
  return stream.events.flatMap((_, opening) => {
    const { type, index, content_block: block } = payloadAt(stream, opening)
    const { type: kind, id, name } = objectIn(block)
    if (type !== 'content_block_start' || kind !== 'tool_use') return []
    const pieces = [...stream.events.keys()].filter((at) => {
      const { index: other, delta } = payloadAt(stream, at)
      return other === index && objectIn(delta).type === 'input_json_delta'
    })
    const text = pieces.map((at) => wordIn(objectIn(payloadAt(stream, at).delta).partial_json)).join('')
    return [{ id: wordIn(id), name: wordIn(name), text, pieces, opening }]
  })
}

function responsesCalls(stream: FaultStream): StreamedCall[] {
  return stream.events.flatMap((_, opening) => {
    const { type, item, output_index: output } = payloadAt(stream, opening)
    const { type: kind, call_id: id, name } = objectIn(item)
    if (type !== 'response.output_item.added' || kind !== 'function_call' || typeof output !== 'number') return []
    const pieces = [...stream.events.keys()].filter((at) => {
      const event = payloadAt(stream, at)
      return event.type === 'response.function_call_arguments.delta' && event.output_index === output
    })
    const text = pieces.map((at) => wordIn(payloadAt(stream, at).delta)).join('')
    const isCallOf = (at: number): boolean => {
      const event = payloadAt(stream, at)
      return event.type === 'response.output_item.added' && event.output_index === output
    }
    const isAlone = [...stream.events.keys()].filter(isCallOf).length === 1
    return isAlone && wordIn(id) !== '' ? [{ id: wordIn(id), name: wordIn(name), text, pieces, opening }] : []
  })
}

/** The stream with other arguments of one call, in these pieces. */
export function withArguments(stream: FaultStream, call: StreamedCall, pieces: readonly string[]): FaultStream {
  const gone = new Set(call.pieces)
  const opening = payloadAt(stream, call.opening)
  switch (stream.dialect) {
    case 'anthropic-messages':
      return rewritten(stream, (payload, index) => {
        if (gone.has(index)) return undefined
        if (index !== call.opening) return payload
        const deltas = pieces.map((text) => ({
          type: 'content_block_delta',
          index: payload.index ?? 0,
          delta: { type: 'input_json_delta', partial_json: text },
        }))
        return [{ ...payload, content_block: { ...objectIn(payload.content_block), input: {} } }, ...deltas]
      })
    case 'openai-chat':
      return withChatArguments(stream, call, pieces)
    case 'openai-responses': {
      const whole = pieces.join('')
      return rewritten(stream, (payload, index) => {
        if (gone.has(index)) return undefined
        if (index === call.opening) {
          const { output_index, item } = opening
          const about = { output_index: output_index ?? 0, item_id: objectIn(item).id ?? null, sequence_number: 0 }
          const type = 'response.function_call_arguments.delta'
          return [payload, ...pieces.map((delta) => ({ type, ...about, delta }))]
        }
        return withWhole(payload, call, opening.output_index, whole)
      })
    }
    default: {
      const never: never = stream.dialect
      return never
    }
  }
}

/** A Responses event that gives the arguments of a call whole, with others. */
function withWhole(
  payload: JsonObject,
  { id }: StreamedCall,
  output: JsonValue | undefined,
  whole: string,
  status = 'completed',
): JsonObject {
  const isOfCall = (item: JsonValue | undefined): boolean => objectIn(item).call_id === id
  const changed = (item: JsonValue): JsonValue =>
    isOfCall(item) ? { ...objectIn(item), arguments: whole, status } : item
  if (payload.type === 'response.function_call_arguments.done' && payload.output_index === output) {
    return { ...payload, arguments: whole }
  }
  if (payload.type === 'response.output_item.done' && payload.item !== undefined) {
    return { ...payload, item: changed(payload.item) }
  }
  const { response } = payload
  if (!isObject(response) || !Array.isArray(response.output)) return payload
  return { ...payload, response: { ...response, output: response.output.map(changed) } }
}

function withChatArguments(stream: FaultStream, call: StreamedCall, pieces: readonly string[]): FaultStream {
  const choice = choicesOf(stream.events[call.opening] ?? newEvent({}, 0, false)).find((one) => callsOf(one).length > 0)
  const index = callsOf(choice ?? {})[0]?.index ?? 0
  const more = pieces.slice(1).map((text) => ({
    ...envelopeOf(stream),
    choices: [
      {
        index: choice?.index ?? 0,
        delta: { tool_calls: [{ index, function: { arguments: text } }] },
        finish_reason: null,
      },
    ],
  }))
  const events = stream.events.flatMap((event, at) => {
    if (!call.pieces.includes(at)) return [event]
    const first = at === call.opening
    const changed = mapChoices(event, (one) => {
      const calls = callsOf(one).map((piece) => ({
        ...piece,
        function: { ...objectIn(piece.function), arguments: pieces[0] ?? '' },
      }))
      return withCalls(one, first ? calls : [])
    })
    return [changed, ...(first ? more.map((chunk) => newEvent(chunk, event.ms, false)) : [])]
  })
  return stream.with({ events })
}

/** The stream as it would be if the answer had reached its length inside the arguments of its last call. */
export function cutByLength(stream: FaultStream, call: StreamedCall, text: string): FaultStream {
  const broken = withArguments(stream, call, [text])
  const cut = callsIn(broken).find(({ id }) => id === call.id)
  if (cut === undefined) return broken
  const last = cut.pieces.at(-1) ?? cut.opening
  switch (stream.dialect) {
    case 'anthropic-messages': {
      const { index } = payloadAt(broken, cut.opening)
      return rewritten(broken, (payload, at) => {
        if (payload.type === 'message_delta') {
          return { ...payload, delta: { ...objectIn(payload.delta), stop_reason: 'max_tokens' } }
        }
        return at > last && payload.index !== undefined && payload.index !== index ? undefined : payload
      })
    }
    case 'openai-chat':
      return broken.with({
        events: broken.events.map((event) =>
          mapChoices(event, (choice) =>
            typeof choice.finish_reason === 'string' ? { ...choice, finish_reason: 'length' } : choice,
          ),
        ),
      })
    case 'openai-responses': {
      const { output_index: output } = payloadAt(broken, cut.opening)
      return rewritten(broken, (payload, at) => {
        const own = withWhole(payload, call, output, text, 'incomplete')
        const { response, type } = own
        if (type === 'response.completed' && isObject(response)) {
          const details = { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }
          return { ...own, type: 'response.incomplete', response: { ...response, ...details } }
        }
        return at > last && own.output_index !== undefined && own.output_index !== output ? undefined : own
      })
    }
    default: {
      const never: never = stream.dialect
      return never
    }
  }
}

/** A text that begins as no recorded one does. */
export const OTHER_TEXT = '≠ Quite another answer.'

/** The first text of a stream: whole, and the events of its pieces. */
export interface StreamedText {
  readonly text: string
  readonly pieces: readonly number[]
}

export function textIn(stream: FaultStream): StreamedText | undefined {
  const isAnthropic = stream.dialect === 'anthropic-messages'
  const textAt = (at: number): string | undefined => {
    const { type, delta } = payloadAt(stream, at)
    if (isAnthropic) return objectIn(delta).type === 'text_delta' ? wordIn(objectIn(delta).text) : undefined
    return type === 'response.output_text.delta' ? wordIn(delta) : undefined
  }
  const placeAt = (at: number): string => {
    const { index, output_index: output, content_index: content } = payloadAt(stream, at)
    return JSON.stringify([index ?? null, output ?? null, content ?? null])
  }
  const all = [...stream.events.keys()].filter((at) => textAt(at) !== undefined)
  const [first] = all
  if (first === undefined) return undefined
  const pieces = all.filter((at) => placeAt(at) === placeAt(first))
  const text = pieces.map((at) => textAt(at) ?? '').join('')
  return text === '' ? undefined : { text, pieces }
}

/** The stream with another text in the place of its first one. */
export function withOtherText(stream: FaultStream, { text, pieces }: StreamedText): FaultStream {
  const changed = (value: JsonValue): JsonValue => {
    if (value === text) return OTHER_TEXT
    if (Array.isArray(value)) return value.map(changed)
    if (!isObject(value)) return value
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, changed(inner)]))
  }
  return rewritten(stream, (payload, at) => {
    const place = pieces.indexOf(at)
    if (place === -1) return objectIn(changed(payload))
    const piece = place === 0 ? OTHER_TEXT : ''
    if (stream.dialect === 'openai-responses') return { ...payload, delta: piece }
    return { ...payload, delta: { ...objectIn(payload.delta), text: piece } }
  })
}

/** The stream under another message id. */
export function withOtherId(stream: FaultStream): FaultStream {
  return rewritten(stream, (payload) => {
    for (const key of ['message', 'response']) {
      const inner = payload[key]
      if (isObject(inner) && 'id' in inner) return { ...payload, [key]: { ...inner, id: 'another-id' } }
    }
    return payload
  })
}

/** The first events of one stream, and all of another behind them. */
export function begunAgain(stream: FaultStream, place: number, other: FaultStream): FaultStream {
  return stream.with({ events: [...stream.events.slice(0, place), ...other.events] })
}
