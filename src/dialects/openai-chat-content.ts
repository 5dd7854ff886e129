/**
 * The `content` of a chat message, put together from its blocks and from what `folded.layout` remembers: where a `<think>` tag stood in the
 * text, or which parts Mistral's list had (docs.mistral.ai/api, `ContentChunk`).
 */
import { copyFields, isObject, type JsonObject, type JsonValue } from '../json.ts'
import { TAGS } from './think-tags.ts'

interface Said {
  readonly text: string | undefined
  readonly thinking: string | undefined
  readonly signature: string | undefined
}

/** `inContent`: how much of the thinking stands in it; undefined if the content is no more than the text. */
interface Content {
  readonly content: JsonValue | undefined
  readonly inContent?: number
}

export function contentOf(layout: JsonValue | undefined, said: Said): Content {
  if (!Array.isArray(layout)) return { content: said.text }
  const { text = '', thinking = '', signature } = said
  const list = new Parts()
  let at = { text: 0, thinking: 0 }
  let tag: JsonValue | undefined
  const upTo = (to: { readonly text: number; readonly thinking: number }): void => {
    list.text(text.slice(at.text, to.text))
    const thought = thinking.slice(at.thinking, to.thinking)
    if (tag === undefined) list.thinking(thought)
    else list.text(thought)
    at = to
  }
  let inContent: number | undefined
  for (const entry of layout.filter(isObject)) {
    const to = { text: lengthAt(entry, 0, at.text), thinking: lengthAt(entry, 1, at.thinking) }
    upTo(inContent === undefined ? to : { ...to, thinking: at.thinking })
    if (entry.tag === 'off') inContent = at.thinking
    else if (entry.tag === 'open' || entry.tag === 'close') list.text(TAGS[entry.tag])
    if (entry.tag !== undefined) tag = entry.tag
    if (entry.part !== undefined) list.part(entry.part, entry.in === 'thinking')
  }
  inContent ??= thinking.length
  upTo({ text: text.length, thinking: inContent })
  return { content: list.whole(signature), inContent }
}

/** Whether a citation stands in a part of the content. */
export function isCitation(item: JsonValue): boolean {
  return isObject(item) && (item.type === 'reference' || item.type === 'tool_reference')
}

function lengthAt({ at }: JsonObject, which: 0 | 1, least: number): number {
  const length = Array.isArray(at) ? at[which] : undefined
  return typeof length === 'number' ? Math.max(least, length) : least
}

/** The parts of a list; neighbours of one type are one. */
class Parts {
  readonly #parts: JsonObject[] = []
  #isList = false

  text(text: string): void {
    if (text === '') return
    const last = this.#parts.at(-1)
    if (last?.type === 'text' && typeof last.text === 'string') last.text += text
    else this.#parts.push({ type: 'text', text })
  }

  thinking(text: string): void {
    if (text === '') return
    const pieces = this.#pieces()
    const last = pieces.at(-1)
    if (isObject(last) && last.type === 'text' && typeof last.text === 'string') last.text += text
    else pieces.push({ type: 'text', text })
  }

  /** A part of its own, or the mark that what follows is one: then the content is a list. */
  part(part: JsonValue, isInThinking: boolean): void {
    this.#isList = true
    if (!isObject(part)) return
    if (isInThinking) this.#pieces().push(copyFields(part))
    else this.#parts.push(copyFields(part))
  }

  whole(signature: string | undefined): JsonValue {
    if (!this.#isList) return this.#parts.map(({ text }) => (typeof text === 'string' ? text : '')).join('')
    const thinking = this.#parts.find(({ type }) => type === 'thinking')
    if (thinking !== undefined && signature !== undefined) thinking.signature = signature
    return this.#parts
  }

  #pieces(): JsonValue[] {
    const last = this.#parts.at(-1)
    if (last?.type === 'thinking' && Array.isArray(last.thinking)) return last.thinking
    const pieces: JsonValue[] = []
    this.#parts.push({ type: 'thinking', thinking: pieces })
    return pieces
  }
}
