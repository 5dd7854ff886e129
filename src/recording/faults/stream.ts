/**
 * A recording as what a fault strikes: its events one by one, the way they are cut into chunks, the way the body ends.
 * The rule: a stream never changes; what breaks it gives another one.
 */
import type { FaultDialect } from './fault-dialect.ts'
import type { RecordedChunk, RecordedEnding, Recording } from '../format.ts'
import { dialectIn, does, landmarksOf, meaningsOf, type Landmarks, type Meaning } from './meaning.ts'
import { splitEvents, type SseEvent } from './sse-event.ts'
import { wholenessOf, type Wholeness } from './wholeness.ts'

/** How the bytes are cut into chunks: one for each event, one for each byte, one in all, between CR and LF, at one place. */
export type Chunking = 'events' | 'bytes' | 'one' | 'line ends' | { readonly at: number }

interface Parts {
  readonly dialect: FaultDialect
  readonly events: readonly SseEvent[]
  readonly hasBom: boolean
  readonly chunking: Chunking
  readonly ending: RecordedEnding
  readonly endMs: number | undefined
}

export class FaultStream {
  readonly dialect: FaultDialect
  readonly events: readonly SseEvent[]
  readonly hasBom: boolean
  readonly chunking: Chunking
  readonly ending: RecordedEnding
  readonly endMs: number | undefined
  #meanings: readonly Meaning[] | undefined
  #landmarks: Landmarks | undefined
  #wholeness: Wholeness | undefined

  constructor(parts: Parts) {
    this.dialect = parts.dialect
    this.events = parts.events
    this.hasBom = parts.hasBom
    this.chunking = parts.chunking
    this.ending = parts.ending
    this.endMs = parts.endMs
  }

  /** What each event means, in the order of `events`. */
  get meanings(): readonly Meaning[] {
    this.#meanings ??= meaningsOf(this.dialect, this.events)
    return this.#meanings
  }

  get landmarks(): Landmarks {
    this.#landmarks ??= landmarksOf(this.meanings)
    return this.#landmarks
  }

  /** Whether its events have names, so that a new one should have one. */
  get isNamed(): boolean {
    return this.events.some(({ name }) => name !== undefined)
  }

  /** The stream as far as the last event of its protocol: what comes behind that says nothing any more. */
  get untilEnd(): FaultStream {
    const { over } = this.landmarks
    return over < this.events.length - 1 ? this.with({ events: this.events.slice(0, over + 1) }) : this
  }

  /** How often the message begins. */
  get beginnings(): number {
    return this.meanings.filter((meaning) => does(meaning, 'begin')).length
  }

  /** Whether something can come behind an event (1 is the first): not if its own end is missing. */
  canGoOnBehind(place: number): boolean {
    return this.events[place - 1]?.isClosed ?? true
  }

  /** Whether what has come by then is the beginning of the whole: no piece of it is still to come, and none came too late. */
  isWholeUntil(place: number): boolean {
    const { tooLate, divided } = this.#wholenessOnce()
    return place < tooLate && !divided.has(place)
  }

  /** Whether no content has come between the stop reason and a place: then it cannot be a repeat that is cut. */
  isQuietUntil(place: number): boolean {
    return place < this.#wholenessOnce().repeating
  }

  #wholenessOnce(): Wholeness {
    this.#wholeness ??= wholenessOf(this.meanings, this.landmarks.stopped)
    return this.#wholeness
  }

  /** The stream with some of its parts replaced. Events of which one runs into the next are split anew. */
  with(parts: Partial<Parts>): FaultStream {
    const { dialect, events, hasBom, chunking, ending, endMs } = this
    const next = new FaultStream({ dialect, events, hasBom, chunking, ending, endMs, ...parts })
    const runsOn = next.events.some(({ isClosed }, index) => !isClosed && index < next.events.length - 1)
    return runsOn ? next.with({ events: splitAnew(next.events) }) : next
  }

  /** The bytes of the body. */
  bytes(): Uint8Array {
    return joined([...(this.hasBom ? [BOM] : []), ...this.events.map(({ bytes }) => bytes)])
  }

  /** The chunks in which the body comes. */
  chunks(): RecordedChunk[] {
    const [first] = this.events
    if (first === undefined) return this.hasBom ? [{ ms: 0, bytes: BOM }] : []
    const { chunking } = this
    if (chunking === 'events') {
      const chunks = this.events.map(({ ms, bytes }) => ({ ms, bytes }))
      return this.hasBom ? [{ ms: first.ms, bytes: joined([BOM, first.bytes]) }, ...chunks.slice(1)] : chunks
    }
    const body = this.bytes()
    return cutsOf(chunking, body).map((end, index, ends) => {
      const start = ends[index - 1] ?? 0
      return { ms: this.#timeAt(end), bytes: body.subarray(start, end) }
    })
  }

  /** When the byte before a position is there. */
  #timeAt(end: number): number {
    let length = this.hasBom ? BOM.length : 0
    for (const { ms, bytes } of this.events) {
      length += bytes.length
      if (length >= end) return ms
    }
    return this.events.at(-1)?.ms ?? 0
  }
}

/** The stream of a recording; undefined if its body is no event stream of a dialect that onefold reads, or an error by its status. */
export function streamOf(recording: Recording): FaultStream | undefined {
  const { header, chunks, ending, endMs } = recording
  if ((header.response?.status ?? 200) >= 400) return undefined
  const whole = joined(chunks.map(({ bytes }) => bytes))
  const hasBom = BOM.every((byte, index) => whole[index] === byte)
  const body = hasBom ? whole.subarray(BOM.length) : whole
  if (/^[\s]*[[{]/.test(new TextDecoder().decode(body.subarray(0, 64)))) return undefined
  const events = splitEvents(body, clockOf(chunks, hasBom ? BOM.length : 0))
  const dialect = dialectIn(events)
  return dialect === undefined
    ? undefined
    : new FaultStream({ dialect, events, hasBom, chunking: 'events', ending, endMs })
}

/** The time at which the byte before a position was there. Asked for with positions that ascend. */
function clockOf(chunks: readonly RecordedChunk[], skipped: number): (end: number) => number {
  let index = 0
  let length = chunks[0]?.bytes.length ?? 0
  return (end) => {
    while (length < end + skipped && index < chunks.length - 1) {
      index += 1
      length += chunks[index]?.bytes.length ?? 0
    }
    return chunks[index]?.ms ?? 0
  }
}

function splitAnew(events: readonly SseEvent[]): SseEvent[] {
  const chunks = events.map(({ ms, bytes }) => ({ ms, bytes }))
  return splitEvents(joined(chunks.map(({ bytes }) => bytes)), clockOf(chunks, 0))
}

/** Where chunks end. */
function cutsOf(chunking: Exclude<Chunking, 'events'>, body: Uint8Array): number[] {
  switch (chunking) {
    case 'one':
      return [body.length]
    case 'bytes':
      return Array.from(body, (_, index) => index + 1)
    case 'line ends': {
      const cuts = Array.from(body.keys()).filter((index) => body[index] === LF && body[index - 1] === CR)
      return [...cuts, body.length]
    }
    default:
      return chunking.at > 0 && chunking.at < body.length ? [chunking.at, body.length] : [body.length]
  }
}

export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0))
  let offset = 0
  for (const piece of pieces) {
    whole.set(piece, offset)
    offset += piece.length
  }
  return whole
}

const BOM = Uint8Array.of(0xef, 0xbb, 0xbf)
const CR = 0x0d
const LF = 0x0a
