/**
 * Thinking that stands in the text between `<think>` and `</think>`: the option `thinkTags`.
 *
 * Decided here: a tag counts wherever it stands, since models open with one also after text. The first `</think>` ends the thinking, also
 * if `<think>` stood within it: of two readings that is the one that never swallows the answer. A `</think>` that ends nothing stays text:
 * what came before it was shown as text already. What is never closed is thinking to its end. White space around the tags is kept.
 *
 * Behind a stop reason an answer may be sent again from its beginning. If its thinking was never closed, a `<think>` there opens it once more.
 *
 * Held back is only what may be the beginning of the tag that can come next: seven characters at most.
 */
export type Tag = 'open' | 'close'
export type TaggedPiece = { readonly kind: 'text' | 'thinking'; readonly text: string } | { readonly tag: Tag }

export const TAGS: Readonly<Record<Tag, string>> = { open: '<think>', close: '</think>' }

export class ThinkTags {
  #isThinking = false
  #held = ''
  #mayReopen = false

  /** The pieces that the text brings, in order, and the tags between them. */
  split(text: string): readonly TaggedPiece[] {
    const pieces: TaggedPiece[] = []
    const whole = this.#held + text
    let from = 0
    if (this.#mayReopen) {
      this.#held = whole
      if (whole.length < TAGS.open.length && TAGS.open.startsWith(whole)) return pieces
      this.#mayReopen = false
      if (whole.startsWith(TAGS.open)) {
        pieces.push({ tag: 'open' })
        from = TAGS.open.length
      }
    }
    for (;;) {
      const tag = this.#isThinking ? 'close' : 'open'
      const at = whole.indexOf(TAGS[tag], from)
      if (at === -1) break
      this.#add(pieces, whole.slice(from, at))
      pieces.push({ tag })
      this.#isThinking = !this.#isThinking
      from = at + TAGS[tag].length
    }
    const end = Math.max(from, whole.length - heldLength(whole, TAGS[this.#isThinking ? 'close' : 'open']))
    this.#add(pieces, whole.slice(from, end))
    this.#held = whole.slice(end)
    return pieces
  }

  /** A stop reason came: what follows goes on, or begins again. */
  stopped(): void {
    this.#mayReopen = this.#isThinking
  }

  /** Nothing follows: what was held back was no tag. */
  rest(): readonly TaggedPiece[] {
    const pieces: TaggedPiece[] = []
    this.#add(pieces, this.#held)
    this.#held = ''
    this.#mayReopen = false
    return pieces
  }

  #add(pieces: TaggedPiece[], text: string): void {
    if (text !== '') pieces.push({ kind: this.#isThinking ? 'thinking' : 'text', text })
  }
}

/** How long the end of a text is that may be the beginning of a tag. */
function heldLength(text: string, tag: string): number {
  for (let length = Math.min(tag.length - 1, text.length); length > 0; length -= 1) {
    if (text.endsWith(tag.slice(0, length))) return length
  }
  return 0
}
