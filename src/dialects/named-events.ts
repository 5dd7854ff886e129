/** Events that come again, in a protocol of which each event has an id. */
import { markOf } from '../json.ts'

/** As many are remembered, and up to twice as many. */
const REMEMBERED = 10_000
const LONGEST = 1024

/**
 * The ids that the events of a protocol bear in their data, within one message. Only an event that is the same throughout is a repeat: a
 * server that gives one id to several events names nothing by it.
 */
export class NamedEvents {
  #seen: Map<string, number> | undefined = new Map()
  /** The ids before those: to take the oldest out of a map one by one would take longer than to read their events. */
  #older: ReadonlyMap<string, number> = new Map()

  /** Another message begins, or the same anew: the ids of what came before are no more. */
  restart(): void {
    this.#seen = new Map()
    this.#older = new Map()
  }

  /** Whether the event was sent already. If not it is remembered. */
  isRepeat(id: string, data: string): boolean {
    if (this.#seen === undefined || id.length > LONGEST) return false
    const mark = markOf(data)
    const known = this.#seen.get(id) ?? this.#older.get(id)
    if (known === mark) return true
    if (known !== undefined) {
      this.#seen = undefined
      return false
    }
    this.#seen.set(id, mark)
    if (this.#seen.size >= REMEMBERED) {
      this.#older = this.#seen
      this.#seen = new Map()
    }
    return false
  }
}
