/**
 * What looks like a key though no known service has keys like it. The rule: rather a key that is missed than a model, a deployment or a date
 * that is refused; dashes and underscores end a word, so that no UUID is one.
 */
import { isObject, type JsonValue } from '../../json.ts'

const WORD = /[A-Za-z0-9]{24,128}/g

/** A longer text is data, such as an image. */
const LONGEST_TEXT = 200

/** Whether a text holds a long word of hex digits, or of letters and digits as only chance mixes them. */
export function holdsKeyLike(text: string): boolean {
  return text.length <= LONGEST_TEXT && (text.match(WORD) ?? []).some(isRandom)
}

function isRandom(word: string): boolean {
  if (!/\d/.test(word) || !/[A-Za-z]/.test(word)) return false
  if (/^(?:[0-9a-f]+|[0-9A-F]+)$/.test(word)) return true
  const changesOf = (runs: RegExp): number => (word.match(runs)?.length ?? 1) - 1
  // Of a name in words, a tenth of the places changes from letters to digits or back; of one in camel case less than a half changes its kind.
  return changesOf(/\d+|\D+/g) >= word.length / 5 || changesOf(/\d+|[a-z]+|[A-Z]+/g) >= word.length / 2
}

/** The path of the first text, or name of a field, in a value that looks like a key; undefined if there is none. */
export function keyLikePlace(value: JsonValue): string | undefined {
  if (typeof value === 'string') return holdsKeyLike(value) ? '' : undefined
  if (!isObject(value) && !Array.isArray(value)) return undefined
  for (const [name, item] of Object.entries(value)) {
    if (holdsKeyLike(name)) return ''
    const place = keyLikePlace(item)
    if (place !== undefined) return `${Array.isArray(value) ? `[${name}]` : `.${name}`}${place}`
  }
  return undefined
}

/** Whether a value is nested deeper than this many levels. */
export function isDeeperThan(levels: number, value: JsonValue): boolean {
  if (levels < 0) return true
  if (!isObject(value) && !Array.isArray(value)) return false
  return Object.values(value).some((item) => isDeeperThan(levels - 1, item))
}

/** The first field that stands twice in one object of a text that is JSON, and where: `JSON.parse` takes the last one, and hides the other. */
export function doubledField(text: string): { readonly name: string; readonly at: number } | undefined {
  const levels: { readonly names: Set<string> | undefined; expectsName: boolean }[] = []
  for (const { 0: token, index } of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]/g)) {
    const level = levels.at(-1)
    if (token === '{') levels.push({ names: new Set(), expectsName: true })
    else if (token === '[') levels.push({ names: undefined, expectsName: false })
    else if (token === '}' || token === ']') levels.pop()
    else if (token === ':' && level !== undefined) level.expectsName = false
    else if (token === ',' && level !== undefined) level.expectsName = level.names !== undefined
    else if (level?.names !== undefined && level.expectsName) {
      const name: unknown = JSON.parse(token)
      if (typeof name !== 'string') continue
      if (level.names.has(name)) return { name, at: index }
      level.names.add(name)
    }
  }
  return undefined
}
