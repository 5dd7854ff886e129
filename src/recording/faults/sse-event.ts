/**
 * The events of a body as they stand there: their bytes, and what is in them. The rule: what a fault does not change
 * keeps its bytes, and nothing here knows what an event means.
 */
import { parseJson, type JsonValue } from '../../json.ts'

/** One event with the blank line that ends it; or lines between two events that are none, such as comments. */
export interface SseEvent {
  readonly ms: number
  readonly bytes: Uint8Array
  /** False for the last one of a body that was cut: its blank line is missing. */
  readonly isClosed: boolean
  readonly name: string | undefined
  /** The text of its data lines; undefined if it has none. */
  readonly data: string | undefined
  /** What the data says: JSON, or the mark `[DONE]`; undefined for anything else. */
  readonly payload: JsonValue | undefined
}

/** Cuts a body behind each blank line; `timeOf` gives the time of the byte before a position. */
export function splitEvents(body: Uint8Array, timeOf: (end: number) => number): SseEvent[] {
  const events: SseEvent[] = []
  let start = 0
  let isAtLineStart = true
  let hasLine = false
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at]
    if (byte !== CR && byte !== LF) {
      isAtLineStart = false
      hasLine = true
      continue
    }
    if (byte === CR && body[at + 1] === LF) at += 1
    if (isAtLineStart && hasLine) {
      events.push(eventOf(body.subarray(start, at + 1), timeOf(at + 1), true))
      start = at + 1
      hasLine = false
    }
    isAtLineStart = true
  }
  if (start < body.length) events.push(eventOf(body.subarray(start), timeOf(body.length), false))
  return events
}

/** Reads what stands in the bytes of one event. */
export function eventOf(bytes: Uint8Array, ms: number, isClosed: boolean): SseEvent {
  let name: string | undefined
  let data: string | undefined
  for (const line of linesOf(new TextDecoder().decode(bytes))) {
    const [field, value] = fieldOf(line)
    if (field === 'event') name = value
    else if (field === 'data') data = data === undefined ? value : `${data}\n${value}`
  }
  return { ms, bytes, isClosed, name, data, payload: data === undefined ? undefined : payloadOf(data) }
}

/** The same event at another time. */
export function atTime(event: SseEvent, ms: number): SseEvent {
  return { ...event, ms }
}

/** The event with other text in place of its own. */
export function withText(event: SseEvent, rewrite: (text: string) => string): SseEvent {
  const text = rewrite(new TextDecoder().decode(event.bytes))
  return eventOf(new TextEncoder().encode(text), event.ms, event.isClosed)
}

/** The event with another payload, and its name with it where the payload names itself. Its other lines stay. */
export function withPayload(event: SseEvent, payload: JsonValue): SseEvent {
  const type = typeNamedIn(payload)
  let isWritten = false
  return withText(event, (text) =>
    linesOf(text)
      .flatMap((line) => {
        const [field, , end] = fieldOf(line)
        if (field === 'event' && type !== undefined) return [`event: ${type}${end}`]
        if (field !== 'data') return [line]
        if (isWritten) return []
        isWritten = true
        return [`${line.startsWith('data: ') ? 'data: ' : 'data:'}${wordsOf(payload)}${end}`]
      })
      .join(''),
  )
}

/** A new event, in the manner of those around it: with an `event` line only where they have one. */
export function newEvent(payload: JsonValue, ms: number, isNamed: boolean): SseEvent {
  const type = isNamed ? typeNamedIn(payload) : undefined
  return textEvent(`${type === undefined ? '' : `event: ${type}\n`}data: ${wordsOf(payload)}\n\n`, ms)
}

/** Any text that ends with a blank line, as an event. */
export function textEvent(text: string, ms: number): SseEvent {
  return eventOf(new TextEncoder().encode(text), ms, true)
}

/** The text of an event, line by line, each with its line end. */
export function linesOf(text: string): string[] {
  return text.match(/[^\r\n]*(\r\n|\r|\n)|[^\r\n]+$/g) ?? []
}

/** How many bytes of the event come before the end of its last data line; all of them if it has none. */
export function lengthOfData({ bytes }: SseEvent): number {
  let at = bytes.length
  while (at > 0 && (bytes[at - 1] === CR || bytes[at - 1] === LF)) at -= 1
  return at
}

function fieldOf(line: string): readonly [field: string, value: string, lineEnd: string] {
  const end = /[\r\n]*$/.exec(line)?.[0] ?? ''
  const text = line.slice(0, line.length - end.length)
  const colon = text.indexOf(':')
  if (colon === -1) return [text, '', end]
  const value = text.slice(colon + 1)
  return [text.slice(0, colon), value.startsWith(' ') ? value.slice(1) : value, end]
}

function payloadOf(data: string): JsonValue | undefined {
  return data.trim() === DONE ? DONE : parseJson(data)
}

function wordsOf(payload: JsonValue): string {
  return payload === DONE ? DONE : JSON.stringify(payload)
}

function typeNamedIn(payload: JsonValue): string | undefined {
  const isNamed = typeof payload === 'object' && payload !== null && !Array.isArray(payload)
  return isNamed && typeof payload.type === 'string' ? payload.type : undefined
}

/** The mark that ends a chat stream. */
export const DONE = '[DONE]'
const CR = 0x0d
const LF = 0x0a
