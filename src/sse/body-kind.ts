/**
 * What a body is, by how it begins: server-sent events, or JSON. Programs that speak JSON lines on their output may print something else
 * before the first of them.
 */
import { isObject, parseJson } from '../json.ts'

export type BodyKind =
  | { readonly kind: 'sse'; readonly at: number }
  | { readonly kind: 'json'; readonly at: number }
  /** More of it must come. */
  | { readonly kind: 'open' }

const FIELDS = ['event:', 'data:', 'id:', 'retry:', 'error:', ':']
const LONGEST_FIELD = 6

/** No line of a log has as much space behind a bracket. */
const LONGEST_GAP = 64

/** What stands before the first JSON line is no longer than this. */
const PREAMBLE_LENGTH = 4096

/** `text` is all that has come, `limit` the longest line; `isWhole`: nothing follows. The result does not depend on where it was cut. */
export function bodyKindOf(text: string, limit: number, isWhole = false): BodyKind {
  const first = text.search(/[^ \t\n]/)
  if (first === -1) return { kind: 'open' }
  let start = first
  while (start < text.length) {
    const isPreamble = start > first
    if (isPreamble && start - first > PREAMBLE_LENGTH) break
    const end = text.indexOf('\n', start)
    const line = text.slice(start, end === -1 ? undefined : end)
    if (isPreamble && line.length > limit) break
    const isCut = end === -1 && !isWhole
    const json = beginsJson(line, isCut)
    if (json === 'yes' && !isPreamble) return { kind: 'json', at: start }
    if (isCut && (json !== 'no' || isHeadOfField(line))) return { kind: 'open' }
    if (json === 'yes' && isObject(parseJson(line))) return { kind: 'json', at: start }
    if (FIELDS.some((field) => line.startsWith(field))) break
    if (isCut) return text.length - first > PREAMBLE_LENGTH ? { kind: 'sse', at: first } : { kind: 'open' }
    if (end === -1) break
    start = end + 1
    while (text[start] === '\n' || text[start] === ' ' || text[start] === '\t') start += 1
  }
  return start >= text.length && !isWhole ? { kind: 'open' } : { kind: 'sse', at: first }
}

/** A bracket may as well begin a line of a log: an array of events has a brace behind it, or nothing on that line. */
function beginsJson(line: string, isCut: boolean): 'yes' | 'no' | 'unknown' {
  if (line.startsWith('{')) return 'yes'
  if (!line.startsWith('[')) return 'no'
  const next = line.slice(1).trimStart()
  if (line.length - next.length > LONGEST_GAP) return 'yes'
  if (next === '') return isCut ? 'unknown' : 'yes'
  if (next.startsWith('{') || next.startsWith(']')) return 'yes'
  if (isCut) return 'unknown'
  return parseJson(line) === undefined ? 'no' : 'yes'
}

function isHeadOfField(line: string): boolean {
  return line.length < LONGEST_FIELD && FIELDS.some((field) => field.startsWith(line))
}
