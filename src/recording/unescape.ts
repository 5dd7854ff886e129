/**
 * What a text says once its escapes are undone, with the place of each character, so that what is found there can be struck out where it
 * stands. The work is linear in the text.
 */
import { searchText } from './secrets.ts'

export interface Unescaped {
  /** As `searchText` gives it: a character beyond ASCII that was escaped is the bytes of its UTF-8. */
  readonly text: string
  /** Where each character begins and ends in the text that was given. */
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  /** Where an escape begins that the end of the text cuts. */
  readonly cut: number | undefined
}

/** Of JSON: a pair of surrogates; a code; one that may go on behind the end; a character. */
const OF_JSON =
  /\\(?:u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})|(?:u(?:d[89ab][0-9a-f]{2}(?:\\(?:u(?:d(?:[c-f][0-9a-f]?)?)?)?)?|[0-9a-f]{0,3}))?$|u([0-9a-f]{4})|([^]))/gi

const OF_URL = /%(?:([0-9a-f]{2})|[0-9a-f]?$)/gi

/** A text in a text of JSON, which stands in a text of JSON: an argument of a call, and once more. */
const DEEPEST = 3

/**
 * What the text says without the escapes of JSON, of JSON within that, and once more, and each of them without those of a URL. None for a text
 * in which nothing but a usual escape (`\n`, `\"`) is, unless `isOpen`: what ends in the middle of an escape counts then.
 */
export function unescapings(text: string, isOpen = false): Unescaped[] {
  const found: Unescaped[] = []
  const addUrl = (of: Unescaped | undefined, own: string): void => {
    if (/%(?:[0-9a-f]{2}|[0-9a-f]?$)/i.test(own)) found.push(within(of, unescapedUrl(own)))
  }
  addUrl(undefined, text)
  let level: Unescaped | undefined
  for (let depth = 0; depth < DEEPEST; depth += 1) {
    const own: string = level?.text ?? text
    if (!/\\[u/]/.test(own) && !(isOpen && own.endsWith('\\'))) return found
    level = within(level, unescapedJson(own))
    found.push(level)
    addUrl(level, level.text)
  }
  return found
}

/** A text of JSON, between its quotes, without its escapes. */
export function unescapedJson(text: string): Unescaped {
  return unescaped(text, OF_JSON, ([, high, low, code, char]) => {
    if (high !== undefined && low !== undefined) return ofCodes(Number.parseInt(high, 16), Number.parseInt(low, 16))
    if (code !== undefined) return ofCodes(Number.parseInt(code, 16))
    return char === undefined ? undefined : (ESCAPED[char] ?? char)
  })
}

function unescapedUrl(text: string): Unescaped {
  return unescaped(text, OF_URL, ([, code]) =>
    code === undefined ? undefined : searchText(Uint8Array.of(Number.parseInt(code, 16))),
  )
}

const ESCAPED: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' }

function ofCodes(...codes: readonly number[]): string {
  const text = String.fromCharCode(...codes)
  return codes.length === 1 && (codes[0] ?? 0) < 0x80 ? text : searchText(new TextEncoder().encode(text))
}

function unescaped(
  given: string,
  escape: RegExp,
  meaningOf: (match: RegExpMatchArray) => string | undefined,
): Unescaped {
  const starts = new Uint32Array(given.length)
  const ends = new Uint32Array(given.length)
  const pieces: string[] = []
  let [count, at] = [0, 0]
  let cut: number | undefined
  const copyTo = (end: number): void => {
    pieces.push(given.slice(at, end))
    for (; at < end; at += 1) {
      starts[count] = at
      ends[count] = at + 1
      count += 1
    }
  }
  for (const match of given.matchAll(escape)) {
    copyTo(match.index)
    at += match[0].length
    const meaning = meaningOf(match)
    if (meaning === undefined) {
      cut = match.index
      continue
    }
    pieces.push(meaning)
    // No escape is shorter than the bytes that it stands for.
    starts.fill(match.index, count, count + meaning.length)
    ends.fill(at, count, count + meaning.length)
    count += meaning.length
  }
  copyTo(given.length)
  return { text: pieces.join(''), starts: starts.subarray(0, count), ends: ends.subarray(0, count), cut }
}

/** The places of a text within a text, in the outer one. */
function within(outer: Unescaped | undefined, inner: Unescaped): Unescaped {
  if (outer === undefined) return inner
  return {
    text: inner.text,
    starts: inner.starts.map((at) => outer.starts[at] ?? 0),
    ends: inner.ends.map((at) => outer.ends[at - 1] ?? 0),
    cut: inner.cut === undefined ? outer.cut : outer.starts[inner.cut],
  }
}
