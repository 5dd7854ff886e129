/** Ids of what is over, so that it is known if it comes again. */
import { Latest } from '../latest.ts'

/** Characters in each half. */
const LENGTH = 256 * 1024
/** What an id takes besides its characters. */
const ID_SIZE = 64

export class Seen {
  readonly #ids = new Latest<true>(LENGTH, (id) => id.length + ID_SIZE)

  has(id: string): boolean {
    return this.#ids.get(id) === true
  }

  add(id: string): void {
    this.#ids.set(id, true)
  }
}
