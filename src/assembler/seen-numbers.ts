/** Which events a run of numbers has brought, as far as that can be told without remembering all of them. */
import type { Translation } from '../operation.ts'
import { HELD_EVENTS } from './state.ts'

/** How many numbers from the beginning of a run are known, and how many from its end. */
const KNOWN_NUMBERS = 1024

/** What came under the numbers of a run. Those between the first and the last of them are taken to have come. */
export class SeenNumbers {
  #first: number | undefined
  #last = 0
  readonly #types: (string | undefined)[] = []
  /** The types of the last numbers, in a ring, and the numbers that they belong to. */
  readonly #lastTypes: string[] = []
  readonly #lastNumbers: number[] = []

  add(value: number, type: string): void {
    this.#first ??= Math.max(0, value - HELD_EVENTS)
    this.#last = Math.max(this.#last, value)
    const at = value - this.#first
    if (at >= 0 && at < KNOWN_NUMBERS) this.#types[at] = type
    else {
      this.#lastTypes[value % KNOWN_NUMBERS] = type
      this.#lastNumbers[value % KNOWN_NUMBERS] = value
    }
  }

  /** The type of the event that came under this number. */
  typeOf({ value, type }: NonNullable<Translation['number']>): string | undefined {
    if (this.#first === undefined) return undefined
    const at = value - this.#first
    if (at >= 0 && at < KNOWN_NUMBERS) return this.#types[at]
    if (this.#lastNumbers[value % KNOWN_NUMBERS] === value) return this.#lastTypes[value % KNOWN_NUMBERS]
    return at >= 0 && value <= this.#last - KNOWN_NUMBERS ? type : undefined
  }
}
