/**
 * What is known of ids, so that it is known if they come again. Only so much is remembered, the latest: half of it is forgotten at once,
 * since taking the oldest out of a long map one by one takes longer than to read what they came with.
 */
export class Latest<Value> {
  #now = new Map<string, Value>()
  #before: ReadonlyMap<string, Value> = new Map()
  #size = 0
  readonly #room: number
  readonly #sizeOf: (id: string) => number

  /** `room`: how much each half holds, by the sizes of its ids; one that is larger than that is not remembered. */
  constructor(room: number, sizeOf: (id: string) => number) {
    this.#room = room
    this.#sizeOf = sizeOf
  }

  get(id: string): Value | undefined {
    return this.#now.get(id) ?? this.#before.get(id)
  }

  set(id: string, value: Value): void {
    const size = this.#sizeOf(id)
    if (size > this.#room || this.#now.has(id)) return
    if (this.#size + size > this.#room) {
      this.#before = this.#now
      this.#now = new Map()
      this.#size = 0
    }
    this.#now.set(id, value)
    this.#size += size
  }
}
