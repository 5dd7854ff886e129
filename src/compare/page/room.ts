/** How much foreign text a page holds. It stays small enough to open, whatever a model wrote; what is left out is said in its place. */
import { headOf, tailOf } from '../ends.ts'
import { grouped } from '../units.ts'
import { foreign, markup, type Markup } from './markup.ts'

/** Characters of one cell. */
const OF_A_CELL = 100_000
/** Characters of a page. */
const OF_A_PAGE = 2_000_000
/** What each cell gets, however full the page is. */
const AT_LEAST = 200

/** Room for characters, which is used up. */
export class Room {
  #left: number
  readonly #page: Room | undefined

  private constructor(characters: number, page?: Room) {
    this.#left = characters
    this.#page = page
  }

  static ofPage(): Room {
    return new Room(OF_A_PAGE)
  }

  /** The room of one cell in the room of its page. */
  cell(): Room {
    return new Room(Math.max(AT_LEAST, Math.min(OF_A_CELL, this.#left)), this)
  }

  /** How many of so many characters there is room for. They are taken. */
  take(characters: number): number {
    const taken = Math.min(characters, this.#left)
    this.#left -= taken
    if (this.#page !== undefined) this.#page.#left = Math.max(0, this.#page.#left - taken)
    return taken
  }

  /** What the characters that were taken need beyond their number. */
  charge(characters: number): void {
    this.#left = Math.max(0, this.#left - characters)
    this.#page?.charge(characters)
  }

  get left(): number {
    return this.#left
  }

  get isFull(): boolean {
    return this.#left <= 0
  }
}

/** The note where text was left out. */
export function leftOut(characters: number): Markup {
  return markup`<span class="cut">… ${grouped(characters)} more characters are left out here; --json has all</span>`
}

/** Labels, models, ids, keys, names of tools: whoever writes more than this there has something else in mind. */
export const LONGEST_SHORT = 500
/** A label beside what it names. */
export const LONGEST_LABEL = 60
/** Of what is longer so much of its end: it is told apart there as often as at the beginning. */
const END = 20

/** A short foreign text among other words. Of one that is not short both ends, and how much is left out. */
export function brief(text: string, most: number = LONGEST_SHORT): Markup {
  if (text.length <= most) return foreign(text)
  const tail = tailOf(text, Math.min(END, Math.floor(most / 4)))
  const head = headOf(text, most - tail.length)
  const between = grouped(text.length - head.length - tail.length)
  return markup`${foreign(head)}<span class="cut">… ${between} characters …</span>${foreign(tail)}`
}

/** A label that stands in many places. */
export function cutLabel(label: string): string {
  if (label.length <= LONGEST_LABEL) return label
  return `${headOf(label, LONGEST_LABEL - END - 1)}…${tailOf(label, END)}`
}
