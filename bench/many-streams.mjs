/**
 * Many streams at once: none gives its first chunk before each of them was asked for it; then each gives one chunk a round, so that all of
 * them are under way together until their end.
 */
import { setImmediate } from 'node:timers/promises'

/** So many chunks are given before whoever reads them gets on. */
const SLICE = 500

export class ManyStreams {
  #total
  #bodyOf
  #open
  #waiting = []

  /** `bodyOf(number)` gives the chunks of a stream. */
  constructor(total, bodyOf) {
    this.#total = total
    this.#open = total
    this.#bodyOf = bodyOf
  }

  open(number) {
    const body = this.#bodyOf(number)
    let isOpen = true
    const close = () => {
      if (isOpen) this.#open -= 1
      isOpen = false
    }
    const give = (to) => {
      if (!isOpen) return
      const { done, value } = body.next()
      if (!done) to.enqueue(value)
      else {
        close()
        to.close()
      }
    }
    const pull = (to) =>
      new Promise((resolve) => {
        this.#waiting.push(() => {
          give(to)
          resolve()
        })
      })
    return new ReadableStream({ pull, cancel: close }, { highWaterMark: 0 })
  }

  /** Gives all chunks; `look` is called now and then. */
  async serve(look) {
    while (this.#waiting.length < this.#total) await setImmediate()
    while (this.#open > 0) {
      const waiting = this.#waiting
      this.#waiting = []
      for (const [i, give] of waiting.entries()) {
        give()
        if (i % SLICE !== SLICE - 1) continue
        await setImmediate()
        look()
      }
      await setImmediate()
      look()
    }
  }
}
