/**
 * The binary event streams of AWS (smithy.io/2.0/aws/amazon-eventstream.html): frames of a prelude, headers and a payload, with a checksum
 * over the prelude and one over the whole. Headers and checksums are read by @smithy/core; around it stand what a body in pieces needs, and
 * what damage means: a frame whose own checksum is wrong is lost alone, a prelude that is wrong takes everything after it along, since it
 * says where the next frame begins.
 *
 * Ignored on purpose: all headers but those that say what a frame is.
 */
import { Crc32 } from '@smithy/core/checksum'
import { EventStreamCodec } from '@smithy/core/event-streams'
import { isObject, parseJson } from '../json.ts'

export type Framed =
  | { readonly kind: 'event'; readonly data: string; readonly event: string | undefined; readonly id: undefined }
  /** A frame that reports an error. */
  | { readonly kind: 'failure'; readonly body: unknown }
  /** A frame that is damaged; those after it are not. */
  | { readonly kind: 'malformed'; readonly text: string }
  /** Where the next frame begins is not known; nothing is read after it. */
  | { readonly kind: 'unreadable'; readonly message: string }
  | { readonly kind: 'cut'; readonly text: string }
  | { readonly kind: 'too_long' }

const PRELUDE_LENGTH = 12
const CHECKSUM_LENGTH = 4

/** The least that a frame has: a prelude, and the checksum of the whole. */
const SHORTEST_FRAME = PRELUDE_LENGTH + CHECKSUM_LENGTH

/** How much of a damaged frame is told. */
const TOLD_LENGTH = 4096

/** No text begins with a lower byte. A frame does, unless it is longer than 150 MB. */
const FIRST_OF_TEXT = 9

const UTF8 = new TextDecoder()

/** Whether a body that begins so is made of frames: a text may look like the beginning of a prelude, but not like all of it. */
export function beginsFrames(bytes: Uint8Array): 'yes' | 'no' | 'maybe' {
  if ((bytes[0] ?? 0) >= FIRST_OF_TEXT) return 'no'
  if (bytes.length < PRELUDE_LENGTH) return 'maybe'
  return frameLength(bytes) === undefined ? 'no' : 'yes'
}

/** The length of the whole frame, as its prelude says; undefined if the prelude is damaged. */
function frameLength(bytes: Uint8Array): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, PRELUDE_LENGTH)
  const checksum = new Crc32()
  checksum.update(bytes.subarray(0, PRELUDE_LENGTH - CHECKSUM_LENGTH))
  const length = view.getUint32(0)
  const isSound = checksum.digestSync() === view.getUint32(PRELUDE_LENGTH - CHECKSUM_LENGTH)
  return isSound && length >= SHORTEST_FRAME + view.getUint32(4) ? length : undefined
}

export class FrameReader {
  readonly #limit: number
  readonly #codec = new EventStreamCodec(
    (bytes) => (typeof bytes === 'string' ? bytes : UTF8.decode(bytes)),
    (text) => new TextEncoder().encode(text),
  )
  /** The frame under way, as far as it has come. */
  #held = new Uint8Array(1024)
  #heldLength = 0
  #frameLength = PRELUDE_LENGTH
  #isClosed = false

  /** `limit`: of one frame, in bytes. */
  constructor(limit: number) {
    this.#limit = limit
  }

  get heldLength(): number {
    return this.#heldLength
  }

  push(chunk: Uint8Array): readonly Framed[] {
    const framed: Framed[] = []
    let at = 0
    while (at < chunk.length && !this.#isClosed) {
      const goal = this.#heldLength < PRELUDE_LENGTH ? PRELUDE_LENGTH : this.#frameLength
      const piece = chunk.subarray(at, at + goal - this.#heldLength)
      at += piece.length
      this.#hold(piece)
      if (this.#heldLength < goal) break
      if (goal === PRELUDE_LENGTH) framed.push(...this.#begin())
      else {
        framed.push(this.#read(this.#held.subarray(0, goal)))
        this.#heldLength = 0
      }
    }
    return framed
  }

  end(): readonly Framed[] {
    if (this.#isClosed || this.#heldLength === 0) return []
    this.#isClosed = true
    const length = this.#heldLength < PRELUDE_LENGTH ? '' : ` of ${this.#frameLength}`
    return [{ kind: 'cut', text: `the first ${this.#heldLength}${length} bytes of a frame` }]
  }

  /** Grows by doubling: what a prelude promises may never come. */
  #hold(piece: Uint8Array): void {
    const length = this.#heldLength + piece.length
    if (length > this.#held.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#held.length))
      larger.set(this.#held.subarray(0, this.#heldLength))
      this.#held = larger
    }
    this.#held.set(piece, this.#heldLength)
    this.#heldLength = length
  }

  #begin(): readonly Framed[] {
    const length = frameLength(this.#held)
    if (length !== undefined && length <= this.#limit) {
      this.#frameLength = length
      return []
    }
    this.#isClosed = true
    if (length !== undefined) return [{ kind: 'too_long' }]
    return [
      { kind: 'unreadable', message: 'the checksum of a prelude is wrong: where the next frame begins is not known' },
    ]
  }

  #read(frame: Uint8Array): Framed {
    let message: ReturnType<EventStreamCodec['decode']>
    try {
      message = this.#codec.decode(frame)
    } catch {
      const start = PRELUDE_LENGTH + new DataView(frame.buffer, frame.byteOffset).getUint32(4)
      const end = Math.min(frame.length - CHECKSUM_LENGTH, start + TOLD_LENGTH)
      const text = UTF8.decode(frame.subarray(start, end))
      return { kind: 'malformed', text: `a damaged frame of ${frame.length} bytes: ${text}` }
    }
    const header = (name: string): string | undefined => {
      const value = message.headers[name]
      return value?.type === 'string' ? value.value : undefined
    }
    const text = UTF8.decode(message.body)
    switch (header(':message-type')) {
      case 'exception':
        return { kind: 'failure', body: { ...saidIn(text), type: header(':exception-type') } }
      case 'error':
        return { kind: 'failure', body: { type: header(':error-code'), message: header(':error-message') } }
      default:
        return eventOf(header(':event-type'), text)
    }
  }
}

function saidIn(text: string): object {
  const payload = parseJson(text)
  if (!isObject(payload)) return { message: text }
  return { ...payload, message: payload.message ?? payload.Message }
}

/** An event without a payload says all that it says by its type. A chunk is an event of the model, which may stand there as it is. */
function eventOf(type: string | undefined, text: string): Framed {
  if (type !== 'chunk') return { kind: 'event', data: text === '' ? '{}' : text, event: type, id: undefined }
  const payload = parseJson(text)
  const own = isObject(payload) ? textOfBytes(payload.bytes) : undefined
  return { kind: 'event', data: own ?? text, event: undefined, id: undefined }
}

/** The model's own event in one that the official SDK gives for InvokeModelWithResponseStream, as text; undefined if it is none. */
export function chunkText(payload: unknown): string | undefined {
  return isObject(payload) && isObject(payload.chunk) ? textOfBytes(payload.chunk.bytes) : undefined
}

function textOfBytes(bytes: unknown): string | undefined {
  if (ArrayBuffer.isView(bytes)) return UTF8.decode(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  if (typeof bytes !== 'string') return undefined
  try {
    const binary = atob(bytes)
    const decoded = new Uint8Array(binary.length)
    for (let at = 0; at < binary.length; at += 1) decoded[at] = binary.charCodeAt(at)
    return UTF8.decode(decoded)
  } catch {
    return undefined
  }
}
