/**
 * Ids of what is over, so that it is known if it comes again. Only so much is remembered, the latest: half of it is forgotten at once,
 * since taking the oldest out of a long set one by one takes longer with each.
 */

/** Characters in each half. */
const LENGTH = 256 * 1024
/** What an id takes besides its characters. */
const ID_SIZE = 64

export class Seen {
  #ids = new Set<string>()
  #older: ReadonlySet<string> = new Set()
  #length = 0

  has(id: string): boolean {
    return this.#ids.has(id) || this.#older.has(id)
  }

  add(id: string): void {
    const size = id.length + ID_SIZE
    // One so long that it would push out all the others names nothing.
    if (size > LENGTH || this.#ids.has(id)) return
    if (this.#length + size > LENGTH) {
      this.#older = this.#ids
      this.#ids = new Set()
      this.#length = 0
    }
    this.#ids.add(id)
    this.#length += size
  }
}
