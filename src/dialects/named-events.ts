/** Events that come again, in a protocol of which each event has an id. */
import { markOf } from '../json.ts'
import { Latest } from '../latest.ts'

/** As many are remembered, and up to twice as many. */
const REMEMBERED = 10_000
const LONGEST = 1024

/**
 * The ids that the events of a protocol bear in their data, within one message. Only an event that is the same throughout is a repeat: a
 * server that gives one id to several events names nothing by it.
 */
export class NamedEvents {
  #seen: Latest<number> | undefined = remember()

  /** Another message begins, or the same anew: the ids of what came before are no more. */
  restart(): void {
    this.#seen = remember()
  }

  /** Whether the event was sent already. If not it is remembered. */
  isRepeat(id: string, data: string): boolean {
    if (this.#seen === undefined || id.length > LONGEST) return false
    const mark = markOf(data)
    const known = this.#seen.get(id)
    if (known === undefined) this.#seen.set(id, mark)
    else if (known !== mark) this.#seen = undefined
    return known === mark
  }
}

function remember(): Latest<number> {
  return new Latest(REMEMBERED, () => 1)
}
