/** Events that come again, in a protocol of which each event has an id. */
import { markOf } from '../json.ts'

/** More of them are not remembered. */
const REMEMBERED = 10_000
const LONGEST = 1024

/**
 * The ids that the events of a protocol bear in their data, within one message. Only an event that is the same throughout is a repeat: a
 * server that gives one id to several events names nothing by it.
 */
export class NamedEvents {
  #seen: Map<string, number> | undefined = new Map()

  /** Another message begins, or the same anew: the ids of what came before are no more. */
  restart(): void {
    this.#seen = new Map()
  }

  /** Whether the event was sent already. If not it is remembered. */
  isRepeat(id: string, data: string): boolean {
    if (this.#seen === undefined || id.length > LONGEST) return false
    const mark = markOf(data)
    const known = this.#seen.get(id)
    if (known === mark) return true
    if (known !== undefined) this.#seen = undefined
    else {
      this.#seen.set(id, mark)
      const [oldest] = this.#seen.size > REMEMBERED ? this.#seen.keys() : []
      if (oldest !== undefined) this.#seen.delete(oldest)
    }
    return false
  }
}
