/** What the writers of event streams share: an event as text, and how a long text is cut into deltas. */
import type { JsonObject } from '../json.ts'

/** An event as server-sent events have it, with the blank line that ends it. */
export function sseEvent(name: string, payload: JsonObject): string {
  return `event: ${name}\n${sseData(payload)}`
}

/** An event without a name. */
export function sseData(payload: JsonObject): string {
  return `data: ${JSON.stringify(payload)}\n\n`
}

/** About as long as the deltas of real streams. */
const PIECE = 24
/** Of a very long text the pieces grow instead: nobody needs more deltas than these. */
const MAX_PIECES = 1024

/**
 * A text in pieces that, joined, are the text: each ends behind a blank where there is one near, and never inside a surrogate pair. None
 * for an empty text.
 */
export function piecesOf(text: string): readonly string[] {
  const size = Math.max(PIECE, Math.ceil(text.length / MAX_PIECES))
  const pieces: string[] = []
  let at = 0
  while (at < text.length) {
    const end = at + size >= text.length ? text.length : borderBefore(text, at, at + size)
    pieces.push(text.slice(at, end))
    at = end
  }
  return pieces
}

function borderBefore(text: string, start: number, end: number): number {
  for (let at = end; at > end - PIECE / 2 && at > start + 1; at -= 1) if (isBlank(text.charCodeAt(at - 1))) return at
  return isHighSurrogate(text.charCodeAt(end - 1)) ? end + 1 : end
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff
}
