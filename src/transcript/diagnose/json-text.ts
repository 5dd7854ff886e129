/** Changes one value in a JSON text and leaves everything else as it is written. */
import { parseJson, type JsonObject } from '../../json.ts'

/**
 * The text with `messages` in place of the value that `path` leads to, indented as that was. A text on the way is taken to hold JSON itself.
 * Undefined if the path leads nowhere.
 */
export function withMessages(
  text: string,
  path: readonly string[],
  messages: readonly JsonObject[],
): string | undefined {
  return replaced(text, path, messages, /\n([ \t]+)/.exec(text)?.[1])
}

function replaced(
  text: string,
  [name, ...rest]: readonly string[],
  messages: readonly JsonObject[],
  indent: string | undefined,
): string | undefined {
  if (name === undefined) {
    const [before, after] = [/^\s*/.exec(text)?.[0] ?? '', /\s*$/.exec(text)?.[0] ?? '']
    return `${before}${written(messages, text.trim(), indent)}${after}`
  }
  const span = fieldIn(text, name)
  if (span === undefined) return undefined
  const value = text.slice(span.start, span.end)
  const held = value.startsWith('"') ? parseJson(value) : undefined
  const inner = typeof held === 'string' ? withMessages(held, rest, messages) : replaced(value, rest, messages, indent)
  if (inner === undefined) return undefined
  return `${text.slice(0, span.start)}${typeof held === 'string' ? JSON.stringify(inner) : inner}${text.slice(span.end)}`
}

/** As the value before it was written: on one line, or indented up to its closing bracket. */
function written(messages: readonly JsonObject[], before: string, indent: string | undefined): string {
  const end = /(\r?\n)([ \t]*)\]$/.exec(before)
  if (end === null || indent === undefined) return JSON.stringify(messages)
  return JSON.stringify(messages, null, indent).replaceAll('\n', `${end[1] ?? '\n'}${end[2] ?? ''}`)
}

interface Span {
  readonly start: number
  readonly end: number
}

/** Where the value of a field stands in the text of an object; of a name that is there twice the last counts, as for `JSON.parse`. */
function fieldIn(text: string, name: string): Span | undefined {
  let found: Span | undefined
  let depth = 0
  let key: string | undefined
  let start = -1
  const endValue = (end: number): void => {
    if (key === name && start !== -1) found = { start, end: start + text.slice(start, end).trimEnd().length }
    key = undefined
    start = -1
  }
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]
    if (char === '"') {
      const end = endOfString(text, at)
      if (depth === 1 && start === -1) key = keyOf(text.slice(at, end))
      at = end - 1
    } else if (char === '{' || char === '[') depth += 1
    else if (char === '}' || char === ']') {
      depth -= 1
      if (depth === 0) endValue(at)
    } else if (depth === 1 && char === ',') endValue(at)
    else if (depth === 1 && char === ':' && start === -1) start = at + 1 + blanksAt(text, at + 1)
  }
  return found
}

function endOfString(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

function keyOf(text: string): string | undefined {
  const key = parseJson(text)
  return typeof key === 'string' ? key : undefined
}

function blanksAt(text: string, start: number): number {
  let at = start
  while (at < text.length && /\s/.test(text[at] ?? '')) at += 1
  return at - start
}
