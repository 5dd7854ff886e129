/**
 * The ids of an event stream, over the streams of one turn: what the next one is asked to go on after, and which of its events the one
 * before had sent already.
 */
import { markOf } from './json.ts'
import { Latest } from './latest.ts'

/** As many are remembered, and up to twice as many: a server that goes on sends again what came last. */
const REMEMBERED = 10_000
const LONGEST = 1024

export class EventIds {
  /** What came under each id; undefined once an id came for another event, so that they name nothing. */
  #seen: Latest<number> | undefined = remember()
  /** A stream that may overlap the one before has not come to anything new yet. */
  #mayOverlap = false
  #current: { readonly id: string; readonly mark: number } | undefined
  #last: string | undefined

  /** That of the last event that was taken. */
  get last(): string | undefined {
    return this.#last
  }

  /** Another stream of the turn comes. */
  nextStream(): void {
    this.#mayOverlap = true
  }

  /** The event under way, if it has an id, begins another message: the ids of the one before are no more. */
  restart(): void {
    this.#seen = remember()
    this.#last = this.#current?.id
    this.#mayOverlap = false
    this.#remember()
  }

  /** Whether the event was sent already. If not it is under way, until it was read: `taken`. */
  isRepeat(id: string, data: string): boolean {
    const mark = markOf(data)
    const known = this.#seen?.get(id)
    if (this.#mayOverlap && known === mark) return true
    this.#mayOverlap = false
    this.#current = { id, mark }
    if (known === undefined) this.#remember()
    else this.#seen = undefined
    return false
  }

  /** The event under way was read. */
  taken(): void {
    this.#last = this.#current?.id ?? this.#last
    this.#current = undefined
  }

  #remember(): void {
    if (this.#current === undefined || this.#current.id.length > LONGEST) return
    this.#seen?.set(this.#current.id, this.#current.mark)
  }
}

function remember(): Latest<number> {
  return new Latest(REMEMBERED, () => 1)
}
