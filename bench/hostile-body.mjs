/** A stream of hostile-streams.mjs as it is asked for, in chunks or event by event, until enough was given. */
const CHUNK_LENGTH = 1400
/** A long text beside everything else that is in an event. */
const SHARE = 0.9
const utf8 = new TextEncoder()

export class HostileBody {
  #events
  #most
  #nextLook
  /** How much was given. */
  bytes = 0

  constructor(stream, eventLength, most) {
    this.#events = eventsOf(stream, eventLength * SHARE)
    this.#most = most
    this.#nextLook = most / 64
  }

  nextChunk() {
    if (this.bytes >= this.#most) return undefined
    const pieces = []
    for (let length = 0; length < CHUNK_LENGTH;) {
      const { done, value } = this.#events.next()
      if (done) break
      const piece = written(value)
      length += piece.length
      pieces.push(piece)
    }
    const chunk = joined(pieces)
    this.bytes += chunk.length
    return pieces.length === 0 ? undefined : chunk
  }

  nextEvent() {
    const { value } = this.bytes >= this.#most ? {} : this.#events.next()
    if (value !== undefined) this.bytes += written(value).length
    return value
  }

  /** Now and then: often at first, since most limits are near. */
  isToLookAt() {
    if (this.bytes < this.#nextLook) return false
    this.#nextLook = this.bytes * 2
    return true
  }
}

/** Frames are bytes; everything else is text. */
function joined(pieces) {
  const isText = pieces.every((piece) => typeof piece === 'string')
  return isText ? utf8.encode(pieces.join('')) : Buffer.concat(pieces.map((piece) => Buffer.from(piece)))
}

function written(event) {
  if (event instanceof Uint8Array) return event
  if (typeof event === 'string' && event !== '[DONE]') return event
  return `data: ${event === '[DONE]' ? event : JSON.stringify(event)}\n\n`
}

/** One that has last events comes to them when it is as long as one event may be. */
function* eventsOf({ start = [], each, last }, longest) {
  const long = 'x'.repeat(longest)
  const most = last === undefined ? Number.POSITIVE_INFINITY : longest
  yield* start
  for (let n = 0, length = 0; length < most; n += 1) {
    for (const event of each(n, long)) {
      length += written(event).length
      yield event
    }
  }
  yield* last ?? []
}
