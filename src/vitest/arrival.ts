/** Where in a stream a place of a message came from. Asked only when a test has failed, so that it may fold the body once more. */
import { Fold } from '../fold.ts'
import { isObject } from '../json.ts'
import { printable } from '../printable.ts'
import { splitEvents } from '../recording/faults/sse-event.ts'
import type { Chunk } from '../source.ts'
import type { TurnEvent } from '../turn-event.ts'
import type { Difference } from './difference.ts'
import type { Trail } from './reading.ts'

/** A character of the block's text or arguments, the last piece of them, or where the block begins or ends. */
type Place = number | 'start' | 'last piece' | 'end'

interface Step {
  readonly event: TurnEvent
  /** What brought it, as a person counts: `event 4 (content_block_delta), in chunk 2`. */
  readonly by: string
}

/** What brought the block's character at `offset`, or its start, or its end; undefined where nothing is known. */
export function arrivalOf(
  trail: Trail,
  turn: string,
  about: { readonly message: number; readonly block: number; readonly place: Place },
): string | undefined {
  const steps = stepsOf(trail, turn)
  const keys = [...new Set(steps.map(({ event }) => event.message))]
  const own = steps.filter(({ event }) => event.message === keys[about.message])
  let start: Step | undefined
  let found: Step | undefined
  let piece: Step | undefined
  let end: Step | undefined
  let length = 0
  for (const step of own) {
    const { event } = step
    if (event.type === 'reset') {
      start = found = piece = end = undefined
      length = 0
    }
    if (!('block' in event) || event.block !== about.block || event.type === 'anomaly') continue
    end = step
    if (event.type === 'block_start') start = step
    if (event.type === 'replace') {
      length = 0
      found = undefined
    }
    const text = pieceOf(event)
    if (text !== '') piece = step
    length += text.length
    if (typeof about.place === 'number' && length > about.place) found ??= step
  }
  if (about.place === 'start') return start?.by
  if (about.place === 'end') return end?.by
  return (found ?? piece ?? end)?.by
}

/** What brought the last block, where one that is expected did not come. */
export function lastArrivalOf(trail: Trail, turn: string): string | undefined {
  return stepsOf(trail, turn).findLast(({ event, by }) => event.type !== 'message' && by !== AT_THE_END)?.by
}

/** The block of a message, and the place in it, that a difference is about. */
export function placeOf({ path, expected, actual }: Difference): { readonly block: number; readonly place: Place } {
  const [, block, field, ...deeper] = path
  const number = typeof block === 'number' ? block : 0
  if (field === undefined || field === 'type' || field === 'name' || field === 'id') {
    return { block: number, place: 'start' }
  }
  if (field === 'input') return { block: number, place: 'last piece' }
  if ((field !== 'text' && field !== 'arguments') || deeper.length > 0) return { block: number, place: 'end' }
  const isText = typeof expected === 'string' && typeof actual === 'string'
  return { block: number, place: isText ? commonLength(expected, actual) : 'last piece' }
}

/** How many characters two texts have in common at their beginning. */
export function commonLength(one: string, other: string): number {
  let length = 0
  while (length < one.length && one[length] === other[length]) length += 1
  return length
}

function pieceOf(event: TurnEvent): string {
  if (event.type === 'text' || event.type === 'thinking' || event.type === 'replace') return event.text
  return event.type === 'tool_input' ? event.delta : ''
}

function stepsOf(trail: Trail, turn: string): readonly Step[] {
  switch (trail.kind) {
    case 'none':
      return []
    case 'events':
      return trail.events.map((event, index) => ({ event, by: `turn event ${index + 1} (${event.type})` }))
    case 'body':
      return stepsOfBody(trail.chunks, turn)
    default: {
      const never: never = trail
      return never
    }
  }
}

const AT_THE_END = 'the end of the stream'

function stepsOfBody(chunks: readonly Chunk[], turn: string): readonly Step[] {
  const fold = new Fold({ turn, raw: true })
  const utf8 = new TextEncoder()
  const pieces = chunks.map((chunk) => (typeof chunk === 'string' ? utf8.encode(chunk) : chunk))
  const steps: Step[] = []
  const add = (events: readonly TurnEvent[], by: (event: TurnEvent) => string): void => {
    for (const event of events) steps.push({ event, by: by(event) })
  }
  const bytes = pieces.filter((piece) => piece instanceof Uint8Array)
  if (bytes.length < pieces.length) {
    for (const [index, piece] of pieces.entries()) {
      add(piece instanceof Uint8Array ? fold.push(piece) : fold.receive(piece), (event) => named(index + 1, event))
    }
  } else {
    // However the bytes are cut, the message is the same (I1): so they may be cut into events.
    for (const { number, part, chunk } of eventsOf(bytes)) {
      const place = bytes.length === 1 ? '' : `, in chunk ${chunk}`
      add(fold.push(part), (event) => `${named(number, event)}${place}`)
    }
  }
  add(fold.end({ kind: 'complete' }), () => AT_THE_END)
  return steps
}

function named(number: number, { raw }: TurnEvent): string {
  const type = isObject(raw) && typeof raw.type === 'string' ? ` (${printable(raw.type)})` : ''
  return `event ${number}${type}`
}

/** Events of an event stream, or lines of a body that has none; each with the number of the chunk that brought its end. */
function eventsOf(
  chunks: readonly Uint8Array[],
): readonly { readonly number: number; readonly part: Uint8Array; readonly chunk: number }[] {
  const body = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0))
  const ends: number[] = []
  let at = 0
  for (const chunk of chunks) {
    body.set(chunk, at)
    at += chunk.length
    ends.push(at)
  }
  const events = splitEvents(body, () => 0)
  const cut =
    events.length > 1 ? events.map(({ bytes, data }) => ({ bytes, isEvent: data !== undefined })) : linesOf(body)
  let [end, chunk, number] = [0, 0, 0]
  return cut.map(({ bytes: part, isEvent }) => {
    end += part.length
    while ((ends[chunk] ?? Infinity) < end) chunk += 1
    if (isEvent) number += 1
    return { number, part, chunk: chunk + 1 }
  })
}

const LINE_FEED = 0x0a
const SPACE = 0x20

function linesOf(body: Uint8Array): readonly { readonly bytes: Uint8Array; readonly isEvent: boolean }[] {
  const lines: { bytes: Uint8Array; isEvent: boolean }[] = []
  for (let from = 0; from < body.length;) {
    const end = body.indexOf(LINE_FEED, from)
    const bytes = body.subarray(from, end === -1 ? body.length : end + 1)
    lines.push({ bytes, isEvent: bytes.some((byte) => byte > SPACE) })
    from += bytes.length
  }
  return lines
}
