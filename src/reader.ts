/** The queue between a turn and whoever iterates over it. It asks for more only when it is empty and somebody waits. */
import type { MisuseError } from './errors.ts'
import type { Dialect } from './message.ts'
import type { TurnEvent } from './turn-event.ts'

/**
 * How many events wait for a reader that is slower than the turn, which others want to go on; what comes after that is made one event where
 * it can be.
 */
const SEPARATE_EVENTS = 1024

/** One iteration over a turn: a queue between the turn and whoever reads it. */
export class Reader<D extends Dialect> implements AsyncIterator<TurnEvent<D>, undefined> {
  #queue: TurnEvent<D>[] = []
  #at = 0
  #waiting: { resolve(result: IteratorResult<TurnEvent<D>, undefined>): void; reject(error: MisuseError): void }[] = []
  #firstWaiting = 0
  #closed: { readonly misuse: MisuseError | undefined } | undefined
  readonly #ask: () => void
  readonly #leave: () => void

  constructor(ask: () => void, leave: () => void) {
    this.#ask = ask
    this.#leave = leave
  }

  get isWaiting(): boolean {
    return this.#firstWaiting < this.#waiting.length
  }

  give(events: readonly TurnEvent<D>[]): void {
    if (this.#at > SEPARATE_EVENTS) {
      this.#queue = this.#queue.slice(this.#at)
      this.#at = 0
    }
    // However large a chunk is, whoever waited for it gets its events one by one.
    const isBehind = this.#queue.length - this.#at > SEPARATE_EVENTS
    for (const event of events) {
      const waiting = this.#waiting[this.#firstWaiting]
      if (waiting === undefined) this.#keep(event, isBehind)
      else {
        this.#firstWaiting += 1
        waiting.resolve({ done: false, value: event })
      }
    }
    if (!this.isWaiting) this.#clearWaiting()
  }

  #keep(event: TurnEvent<D>, isBehind: boolean): void {
    const last = isBehind ? this.#queue.at(-1) : undefined
    const joined = last === undefined ? undefined : join(last, event)
    if (joined === undefined) this.#queue.push(event)
    else this.#queue[this.#queue.length - 1] = joined
  }

  close(misuse?: MisuseError): void {
    this.#closed ??= { misuse }
    for (const waiting of this.#waiting.slice(this.#firstWaiting)) {
      if (misuse === undefined) waiting.resolve({ done: true, value: undefined })
      else waiting.reject(misuse)
    }
    this.#clearWaiting()
  }

  #clearWaiting(): void {
    this.#waiting = []
    this.#firstWaiting = 0
  }

  next(): Promise<IteratorResult<TurnEvent<D>, undefined>> {
    const event = this.#queue[this.#at]
    if (event !== undefined) {
      this.#at += 1
      if (this.#at === this.#queue.length) {
        this.#queue = []
        this.#at = 0
      }
      return Promise.resolve({ done: false, value: event })
    }
    if (this.#closed?.misuse !== undefined) return Promise.reject(this.#closed.misuse)
    if (this.#closed !== undefined) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#ask()
    })
  }

  return(): Promise<IteratorResult<TurnEvent<D>, undefined>> {
    this.#queue = []
    this.#at = 0
    this.close()
    this.#leave()
    return Promise.resolve({ done: true, value: undefined })
  }
}

/** Two events as one that says the same; undefined if there is none. Text with what the provider sent stays by itself. */
function join<D extends Dialect>(last: TurnEvent<D>, next: TurnEvent<D>): TurnEvent<D> | undefined {
  if (last.message !== next.message || last.attempt !== next.attempt) return undefined
  if (last.type === 'usage' && next.type === 'usage') return next
  if (last.raw !== undefined || next.raw !== undefined) return undefined
  if (last.type === 'tool_input') {
    if (next.type !== 'tool_input' || last.block !== next.block) return undefined
    return { ...next, delta: last.delta + next.delta }
  }
  if (last.type !== 'text' && last.type !== 'thinking') return undefined
  if (next.type !== last.type || last.block !== next.block) return undefined
  return { ...next, text: last.text + next.text }
}
