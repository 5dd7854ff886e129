/**
 * Whether a response that begins once more is sent again or goes on. Its id does not tell: proxies repeat the first event in mid-stream.
 * Where events are numbered the next number does.
 */
import type { JsonValue } from '../json.ts'

/** What a begin event begins: nothing before it, another response, or the same, sent again or not known yet. */
export type Run = 'first' | 'other' | 'again' | 'open'

export class ResponseRuns {
  #id: JsonValue | undefined
  #last: number | undefined
  /** The last number before the response began once more, until it is known what that was. */
  #openSince: number | undefined

  begin(id: JsonValue | undefined, number: number | undefined): Run {
    const known = this.#id
    this.#id = id
    if (id !== known) return known === undefined ? 'first' : 'other'
    if (number === undefined || this.#last === undefined || number > this.#last) return 'again'
    this.#openSince = this.#last
    return 'open'
  }

  /** The number of the next event. Gives whether the response is now known to be sent again. */
  next(number: number | undefined, isBegin: boolean): boolean {
    // Of a beginning the number is taken when it is known what it begins. What has none, such as a ping, tells nothing.
    if (isBegin || number === undefined) return false
    const since = this.#openSince
    this.#openSince = undefined
    this.#last = number
    return since !== undefined && number <= since
  }
}
