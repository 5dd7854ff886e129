/**
 * The JSON arguments of one tool call, which arrive as text in pieces: `ToolInputReader` shows what has arrived so far, and
 * `parseToolInput` judges the finished text.
 *
 * The rule of the reader: a character is looked at once, and everything that it teaches is kept in the state. Nothing rescans,
 * copies what was shown before, or recurses, so the cost is linear for any shape, and where the text was cut cannot matter.
 * Both measure depth on the text, as the number of brackets open at once, so that preview and verdict agree.
 */
import { isObject, type JsonObject, type JsonValue } from '../json.ts'

/**
 * A preview of a tool's input while it streams; never a call. `value` goes on growing and stays owned by its reader, so use
 * `structuredClone` to keep a moment of it. Strings show what has arrived of them; numbers, `true`, `false` and `null` appear
 * whole; a key appears with the first that is known of its value. `undefined`: there is nothing to show yet.
 * Looking into a long string that still grows costs its whole length each time: take what is new from the deltas.
 */
export interface PartialInput {
  readonly value: JsonValue | undefined
  /** The text so far is one whole JSON value, and only whitespace may follow. */
  readonly isComplete: boolean
}

/** What the arguments of a finished call turned out to be. `incomplete`: they are the beginning of a JSON object. */
export type ToolInput =
  | { readonly state: 'object'; readonly input: JsonObject }
  | { readonly state: 'incomplete' }
  | { readonly state: 'invalid'; readonly reason: 'not_json' | 'not_an_object' | 'too_deep' }

/** An open container, and the place in it that its current value takes. */
type Frame = ArrayFrame | ObjectFrame
type ArrayFrame = { readonly closer: ']'; readonly container: JsonValue[]; index: number }
type ObjectFrame = { readonly closer: '}'; readonly container: JsonObject; key: string }

type State = Gap | StringToken | NumberToken | LiteralToken | { readonly at: 'invalid' }

/** Between tokens: what may come next. */
type Gap =
  | { readonly at: 'value' | 'firstItem' | 'colon' | 'after' }
  | { readonly at: 'key' | 'firstKey'; readonly object: ObjectFrame }

interface StringToken {
  readonly at: 'string'
  /** The object that this string is a key of; `undefined` for a value. */
  readonly keyOf: ObjectFrame | undefined
  head: string
  /** The latest part, kept apart from `head` while it is short. */
  tail: string
  /** A high surrogate at the end: shown once it is known what follows it. */
  held: string
  /** The escape sequence under way, from its backslash on; else ''. */
  escape: string
}

type NumberToken = { readonly at: 'number'; part: NumberPart; text: string }
type LiteralToken = { readonly at: 'literal'; readonly value: boolean | null; seen: number }
type NumberPart = 'start' | 'minus' | 'zero' | 'whole' | 'point' | 'fraction' | 'mark' | 'sign' | 'power'

/** The number grammar of RFC 8259: where each kind of character leads. '1' stands for 1 to 9. */
const NUMBER_STEPS: Readonly<Record<NumberPart, Readonly<Partial<Record<string, NumberPart>>>>> = {
  start: { '-': 'minus', '0': 'zero', '1': 'whole' },
  minus: { '0': 'zero', '1': 'whole' },
  zero: { '.': 'point', e: 'mark', E: 'mark' },
  whole: { '0': 'whole', '1': 'whole', '.': 'point', e: 'mark', E: 'mark' },
  point: { '0': 'fraction', '1': 'fraction' },
  fraction: { '0': 'fraction', '1': 'fraction', e: 'mark', E: 'mark' },
  mark: { '+': 'sign', '-': 'sign', '0': 'power', '1': 'power' },
  sign: { '0': 'power', '1': 'power' },
  power: { '0': 'power', '1': 'power' },
}
const NUMBER_ENDS: ReadonlySet<NumberPart> = new Set<NumberPart>(['zero', 'whole', 'fraction', 'power'])

const ESCAPE_NAMES = '"\\/bfnrt'
const ESCAPE_VALUES = '"\\/\b\f\n\r\t'
const HEX_DIGITS = '0123456789abcdefABCDEF'
const FIRST_PRINTABLE = 0x20
const QUOTE = 0x22
const BACKSLASH = 0x5c

// Long enough that the ropes of a giant string stay few, short enough that a tail is still young when it is flattened.
const TAIL_LENGTH = 4096

export class ToolInputReader {
  readonly #maxDepth: number
  readonly #open: Frame[] = []
  #state: State = { at: 'value' }
  #value: JsonValue | undefined

  constructor(maxDepth: number) {
    this.#maxDepth = maxDepth
  }

  /**
   * `invalid`: no further text could make it valid, and the value stays as it was before the fault. A number at the top level is
   * `incomplete` until whitespace ends it, since another digit may follow.
   */
  get verdict(): 'incomplete' | 'complete' | 'invalid' {
    if (this.#state.at === 'invalid') return 'invalid'
    return this.#state.at === 'after' && this.#open.length === 0 ? 'complete' : 'incomplete'
  }

  feed(text: string): void {
    let at = 0
    while (at < text.length && this.#state.at !== 'invalid') at = this.#step(text, at)
    this.#show()
  }

  /** The value is the same growing object every time: see `PartialInput`. */
  read(): PartialInput {
    return { value: this.#value, isComplete: this.verdict === 'complete' }
  }

  /** Reads on from `at` and gives the position after what it read. */
  #step(text: string, at: number): number {
    const state = this.#state
    switch (state.at) {
      case 'string':
        return state.escape === '' ? this.#readString(state, text, at) : this.#readEscape(state, text, at)
      case 'number':
        return this.#readNumber(state, text, at)
      case 'literal':
        return this.#readLiteral(state, text, at)
      case 'invalid':
        return text.length
      default:
        this.#readGap(state, text.charAt(at))
        return at + 1
    }
  }

  #readGap(gap: Gap, char: string): void {
    if (isSpace(char)) return
    switch (gap.at) {
      case 'value':
        return this.#begin(char)
      case 'firstItem':
        return char === ']' ? this.#close() : this.#begin(char)
      case 'key':
        return char === '"' ? this.#beginString(gap.object) : this.#fail()
      case 'firstKey':
        if (char === '}') return this.#close()
        return char === '"' ? this.#beginString(gap.object) : this.#fail()
      case 'colon':
        return char === ':' ? this.#become({ at: 'value' }) : this.#fail()
      case 'after': {
        const frame = this.#open.at(-1)
        if (frame !== undefined && char === frame.closer) return this.#close()
        if (frame === undefined || char !== ',') return this.#fail()
        if (frame.closer === '}') return this.#become({ at: 'key', object: frame })
        frame.index++
        return this.#become({ at: 'value' })
      }
      default: {
        const never: never = gap
        return never
      }
    }
  }

  #begin(char: string): void {
    const part = numberStep('start', char)
    if (part !== undefined) this.#become({ at: 'number', part, text: char })
    else if (char === '"') this.#beginString(undefined)
    else if (char === '{') this.#enter({ closer: '}', container: {}, key: '' })
    else if (char === '[') this.#enter({ closer: ']', container: [], index: 0 })
    else if (char === 't') this.#become({ at: 'literal', value: true, seen: 1 })
    else if (char === 'f') this.#become({ at: 'literal', value: false, seen: 1 })
    else if (char === 'n') this.#become({ at: 'literal', value: null, seen: 1 })
    else this.#fail()
  }

  #beginString(keyOf: ObjectFrame | undefined): void {
    this.#become({ at: 'string', keyOf, head: '', tail: '', held: '', escape: '' })
  }

  #enter(frame: Frame): void {
    if (this.#open.length >= this.#maxDepth) return this.#fail()
    this.#put(frame.container)
    this.#open.push(frame)
    this.#become(frame.closer === ']' ? { at: 'firstItem' } : { at: 'firstKey', object: frame })
  }

  #close(): void {
    this.#open.pop()
    this.#become({ at: 'after' })
  }

  #readString(token: StringToken, text: string, at: number): number {
    let end = at
    let code = text.charCodeAt(end)
    while (code >= FIRST_PRINTABLE && code !== QUOTE && code !== BACKSLASH) code = text.charCodeAt(++end)
    if (end > at) append(token, text.slice(at, end))
    if (end === text.length) return end
    if (code === QUOTE) this.#endString(token)
    else if (code === BACKSLASH) token.escape = '\\'
    else this.#fail()
    return end + 1
  }

  #endString(token: StringToken): void {
    const whole = token.head + token.tail + token.held
    if (token.keyOf === undefined) return this.#end(whole)
    token.keyOf.key = whole
    this.#become({ at: 'colon' })
  }

  #readEscape(token: StringToken, text: string, at: number): number {
    const char = text.charAt(at)
    const isName = token.escape === '\\' && char !== 'u'
    const isUnknown = token.escape !== '\\' ? !HEX_DIGITS.includes(char) : isName && !ESCAPE_NAMES.includes(char)
    if (isUnknown) {
      this.#fail()
      return at
    }
    token.escape += char
    if (!isName && token.escape.length < '\\u0000'.length) return at + 1
    const code = Number.parseInt(token.escape.slice(2), 16)
    append(token, isName ? ESCAPE_VALUES.charAt(ESCAPE_NAMES.indexOf(char)) : String.fromCharCode(code))
    token.escape = ''
    return at + 1
  }

  #readNumber(token: NumberToken, text: string, at: number): number {
    let end = at
    for (let part; (part = numberStep(token.part, text.charAt(end))) !== undefined; end++) token.part = part
    token.text += text.slice(at, end)
    if (end === text.length) return end
    // What ends a number must be valid itself: the fault in `[1}` leaves what `[1` showed.
    if (NUMBER_ENDS.has(token.part) && this.#mayFollow(text.charAt(end))) this.#end(Number(token.text))
    else this.#fail()
    return end
  }

  #readLiteral(token: LiteralToken, text: string, at: number): number {
    const word = String(token.value)
    if (text.charAt(at) !== word.charAt(token.seen)) this.#fail()
    else if (++token.seen === word.length) this.#end(token.value)
    return at + 1
  }

  #mayFollow(char: string): boolean {
    const frame = this.#open.at(-1)
    return isSpace(char) || (frame !== undefined && (char === ',' || char === frame.closer))
  }

  #end(value: JsonValue): void {
    this.#put(value)
    this.#become({ at: 'after' })
  }

  #fail(): void {
    this.#show()
    this.#become({ at: 'invalid' })
  }

  #become(state: State): void {
    this.#state = state
  }

  /** A string under way is put in its place piece by piece; everything else is put there once, when it is known. */
  #show(): void {
    const token = this.#state
    if (token.at === 'string' && token.keyOf === undefined) this.#put(token.head + token.tail)
  }

  #put(value: JsonValue): void {
    const frame = this.#open.at(-1)
    if (frame === undefined) this.#value = value
    else if (frame.closer === ']') frame.container[frame.index] = value
    else setOwn(frame.container, frame.key, value)
  }
}

/** Judges finished arguments; no text makes it throw. Nothing at all and `null` are a call without input. */
export function parseToolInput(text: string, maxDepth: number): ToolInput {
  if (!/[^ \t\n\r]/.test(text)) return { state: 'object', input: {} }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return isCutObject(text) ? { state: 'incomplete' } : { state: 'invalid', reason: 'not_json' }
  }
  if (value === null) return { state: 'object', input: {} }
  if (!isObject(value)) return { state: 'invalid', reason: 'not_an_object' }
  if (isDeeper(text, maxDepth)) return { state: 'invalid', reason: 'too_deep' }
  return hasOverflow(value) ? { state: 'invalid', reason: 'not_json' } : { state: 'object', input: value }
}

function isCutObject(text: string): boolean {
  const reader = new ToolInputReader(Infinity)
  reader.feed(text)
  return reader.verdict === 'incomplete' && isObject(reader.read().value)
}

/** Whether a number of it is too large for JavaScript: it reads as Infinity, which no JSON can say. */
function hasOverflow(value: JsonObject): boolean {
  const open: JsonValue[] = [value]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next === 'number' && !Number.isFinite(next)) return true
    if (typeof next === 'object' && next !== null) for (const item of Object.values(next)) open.push(item)
  }
  return false
}

/** Only for valid JSON. Looks at the text, since a later key may hide an earlier one in the value. */
function isDeeper(text: string, maxDepth: number): boolean {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case '"':
        at = endOfString(text, at)
        break
      case '{':
      case '[':
        depth++
        if (depth > maxDepth) return true
        break
      case '}':
      case ']':
        depth--
        break
      default:
    }
  }
  return false
}

/** Where the string ends that begins at `start`: at the next quote with an even number of backslashes before it. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let before = end - 1
    while (text[before] === '\\') before--
    if ((end - before) % 2 === 1) return end
  }
  return text.length
}

/** An inherited name must be defined: assigning to `__proto__` would set the prototype. */
function setOwn(fields: JsonObject, key: string, value: JsonValue): void {
  if (!(key in fields) || Object.hasOwn(fields, key)) fields[key] = value
  else Object.defineProperty(fields, key, { value, writable: true, enumerable: true, configurable: true })
}

function append(token: StringToken, run: string): void {
  const last = run.charCodeAt(run.length - 1)
  const isCutPair = last >= 0xd800 && last <= 0xdbff
  token.tail += token.held + (isCutPair ? run.slice(0, -1) : run)
  token.held = isCutPair ? run.slice(-1) : ''
  if (token.tail.length < TAIL_LENGTH) return
  token.head += flatten(token.tail)
  token.tail = ''
}

/** The same string. V8 turns a rope into plain characters, and lets its pieces go, when one of them is asked for. */
function flatten(rope: string): string {
  return Number.isNaN(rope.charCodeAt(0)) ? '' : rope
}

function numberStep(part: NumberPart, char: string): NumberPart | undefined {
  return NUMBER_STEPS[part][char > '1' && char <= '9' ? '1' : char]
}

function isSpace(char: string): boolean {
  return char === ' ' || char === '\n' || char === '\r' || char === '\t'
}
