/** The strings in a line of a stream that holds JSON, with the place of each character, so that a text can be read over several events. */
import { unescapedJson } from './unescape.ts'

export interface Span {
  readonly start: number
  readonly end: number
}

/** A string value with its escapes undone; characters beyond ASCII are their bytes, as the line has them. */
export interface StringInLine {
  /** The keys and indices that lead to it, as one text. */
  readonly path: string
  /** The keys alone. */
  readonly keys: string
  readonly text: string
  /** Where each character of the text begins and ends in the line. */
  readonly spans: readonly Span[]
}

/** The strings of one JSON value, which is one event. */
export interface StringsOfValue {
  readonly strings: readonly StringInLine[]
  /** The numbers whose key ends in `index`: they tell the texts of several blocks apart. */
  readonly indices: string
}

interface Level {
  readonly isObject: boolean
  key: string
  index: number
  expectsKey: boolean
}

/** Deeper values are left out. */
const DEEPEST = 64

/**
 * The string values under keys that `isWanted`, by their own name and the one above it, of each JSON value in a line (behind `data:`, for example), and of each object of a list. A line
 * that is no JSON gives what could be read of it.
 */
export function stringsInLine(line: string, isWanted: (name: string, parent: string) => boolean): StringsOfValue[] {
  const values: StringsOfValue[] = []
  let strings: StringInLine[] = []
  let indices = ''
  let at = /[{"]/.exec(line)?.index ?? line.length
  const levels: Level[] = []
  // A line of JSON that is printed over several lines; or a text by itself, behind a colon.
  if (line[at] === '"')
    levels.push({ isObject: true, key: 'text', index: 0, expectsKey: !/:\s{0,9}$/.test(line.slice(0, at)) })
  while (at < line.length) {
    const char = line[at]
    const level = levels.at(-1)
    if (char === '{' || char === '[') {
      if (levels.length >= DEEPEST) break
      levels.push({ isObject: char === '{', key: '', index: 0, expectsKey: char === '{' })
      at += 1
    } else if (char === '}' || char === ']') {
      levels.pop()
      at += 1
      if (levels.length === 0 || (levels.length === 1 && level?.isObject === true && levels[0]?.isObject === false)) {
        values.push({ strings, indices })
        strings = []
        indices = ''
      }
    } else if (char === ',') {
      if (level !== undefined) {
        level.index += 1
        level.expectsKey = level.isObject
      }
      at += 1
    } else if (char === '"') {
      const end = endOfString(line, at + 1)
      if (level?.expectsKey === true) {
        level.key = line.slice(at + 1, end)
        level.expectsKey = false
      } else {
        const [name = '', parent = ''] = innermostKeys(levels)
        if (isWanted(name, parent)) {
          const path = levels.map(({ isObject, key, index }) => (isObject ? key : index)).join('.')
          const keys = levels.flatMap(({ isObject, key }) => (isObject ? [key] : [])).join('.')
          strings.push({ path, keys, ...decoded(line, at + 1, end) })
        }
      }
      at = end + 1
    } else {
      if (level?.isObject === true && level.key.endsWith('index') && char !== undefined && char >= '0' && char <= '9') {
        indices += `${level.key}${/^\d{1,9}/.exec(line.slice(at, at + 9))?.[0] ?? ''} `
        while (at < line.length && isDigit(line[at])) at += 1
      } else at += 1
    }
  }
  return [...values, { strings, indices }]
}

/** The key of a value, and the key of the object or list around that. */
function innermostKeys(levels: readonly Level[]): string[] {
  const keys: string[] = []
  for (let at = levels.length - 1; at >= 0 && keys.length < 2; at -= 1) {
    const level = levels[at]
    if (level?.isObject === true) keys.push(level.key)
  }
  return keys
}

function isDigit(char: string | undefined): boolean {
  return char !== undefined && char >= '0' && char <= '9'
}

/** The quote that ends the string: one behind an even number of backslashes. */
function endOfString(line: string, from: number): number {
  for (let at = line.indexOf('"', from); at >= 0; at = line.indexOf('"', at + 1)) {
    let before = at
    while (before > from && line[before - 1] === '\\') before -= 1
    if ((at - before) % 2 === 0) return at
  }
  return line.length
}

function decoded(line: string, from: number, end: number): { text: string; spans: Span[] } {
  const spans: Span[] = []
  const given = line.slice(from, end)
  if (!given.includes('\\')) {
    for (let at = from; at < end; at += 1) spans.push({ start: at, end: at + 1 })
    return { text: given, spans }
  }
  const { text, starts, ends } = unescapedJson(given)
  for (let at = 0; at < text.length; at += 1)
    spans.push({ start: from + (starts[at] ?? 0), end: from + (ends[at] ?? 0) })
  return { text, spans }
}
