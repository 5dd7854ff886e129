/** What two texts of arguments say and their parsed input cannot hold: numbers with more digits than it has, and keys that come twice. */
import { isObject, parseJson, type JsonValue } from '../json.ts'
import { jsonChanges } from './json-changes.ts'

/** A fraction with no more digits than this is one of several spellings of the number that JSON.parse makes of it. */
const HELD_DIGITS = 17

/**
 * Whether two texts that parse to the same differ in what was lost. A number that was rounded is not told from the rounded one: providers
 * that give the input as an object give no more than that.
 */
export function saysOther(one: string, other: string): boolean {
  if (one === other) return false
  const [reference, side] = [exact(one), exact(other)]
  if (reference === undefined || side === undefined) return false
  return jsonChanges(reference, side).some(
    (change) => !isRoundedTo(change.reference, change.side) && !isRoundedTo(change.side, change.reference),
  )
}

/** No text that a provider writes begins with it by chance. */
const LOST = '\0lost '

function isRoundedTo(one: JsonValue | undefined, other: JsonValue | undefined): boolean {
  return typeof one === 'string' && one.startsWith(LOST) && typeof other === 'number'
}

/** The input with each number that is lost as a text, and each further value of a key under a name of its own; undefined if it is none. */
function exact(text: string): JsonValue | undefined {
  if (!isObject(parseJson(text))) return undefined
  const pieces: string[] = []
  /** Of each object that is open how often its keys came; null for a list. */
  const open: (Map<string, number> | null)[] = []
  let isKey = false
  for (let at = 0; at < text.length;) {
    const char = text.charAt(at)
    const end = char === '"' ? endOfText(text, at) : /[-\d]/.test(char) ? endOfNumber(text, at) : at + 1
    const token = text.slice(at, end)
    at = end
    if (char === '"') {
      const keys = open.at(-1)
      pieces.push(isKey && keys ? ownKey(token, keys) : token)
      isKey = false
      continue
    }
    pieces.push(/[-\d]/.test(char) ? exactNumber(token) : token)
    if (char === '{') open.push(new Map())
    if (char === '[') open.push(null)
    if (char === '}' || char === ']') open.pop()
    if (char === '{' || char === ',') isKey = open.at(-1) !== null
  }
  return parseJson(pieces.join(''))
}

function ownKey(token: string, keys: Map<string, number>): string {
  const key = JSON.stringify(parseJson(token))
  const times = keys.get(key) ?? 0
  keys.set(key, times + 1)
  return times === 0 ? token : JSON.stringify(`${LOST}${times} ${key}`)
}

function endOfText(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text.charAt(at) !== '"') at += text.charAt(at) === '\\' ? 2 : 1
  return at + 1
}

function endOfNumber(text: string, start: number): number {
  let at = start
  while (at < text.length && '+-.eE0123456789'.includes(text.charAt(at))) at += 1
  return at
}

function exactNumber(token: string): string {
  const own = decimal(token)
  const isHeld = own.exponent < 0 && own.digits.length <= HELD_DIGITS && Number.isFinite(Number(token))
  if (isHeld && (own.digits === '' || Number(token) !== 0)) return token
  const told = toldOf(own)
  return told === toldOf(decimal(String(Number(token)))) ? token : JSON.stringify(LOST + told)
}

interface Decimal {
  readonly sign: string
  /** Without zeros at both ends: none of 0. */
  readonly digits: string
  /** Of ten, behind the last digit. */
  readonly exponent: number
}

function decimal(token: string): Decimal {
  const [mantissa = '', power = '0'] = token.toLowerCase().split('e')
  const [whole = '', part = ''] = mantissa.replace('-', '').split('.')
  const all = whole + part
  let [from, to] = [0, all.length]
  while (from < to && all.charAt(from) === '0') from += 1
  while (to > from && all.charAt(to - 1) === '0') to -= 1
  const exponent = Number(power) - part.length + (all.length - to)
  return { sign: mantissa.startsWith('-') ? '-' : '', digits: all.slice(from, to), exponent }
}

function toldOf({ sign, digits, exponent }: Decimal): string {
  return digits === '' ? '0' : `${sign}${digits}e${exponent}`
}
