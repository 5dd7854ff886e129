/**
 * What is new in a text of which each event carries all so far: the option `deltas: 'cumulative'`.
 *
 * A text that goes on from the last one gives its rest; one that is the beginning of the last one was overtaken and gives nothing. What is
 * neither begins anew, and is a piece of its own. Only the last text is kept, and nothing is joined: the time is linear in the bytes.
 */
export class Cumulative {
  #known = ''

  /** `fits` is false for a text that neither goes on from the last one nor is its beginning. */
  take(text: string): { readonly added: string; readonly fits: boolean } {
    const known = this.#known
    if (text.startsWith(known)) {
      this.#known = text
      return { added: text.slice(known.length), fits: true }
    }
    if (known.startsWith(text)) return { added: '', fits: true }
    this.#known = text
    return { added: text, fits: false }
  }
}
