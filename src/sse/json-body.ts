/**
 * A body that is JSON and no event stream: one value a line, one array whose elements are the events, or one document over several lines.
 * Lines and elements are given as soon as they are whole, so that such a body is live too, and what came before a cut is kept; a document
 * is whole at its end only. No line, element or document may be longer than the limit.
 */
import { isObject, parseJson, type JsonValue } from '../json.ts'
import type { Decoded } from './decode.ts'

/** How much is kept of a body that turns out to be no JSON. */
const HEAD_LENGTH = 64 * 1024

/** No ping is longer. */
const PING_LENGTH = 1024

type Mode =
  | { readonly kind: 'start' }
  | { readonly kind: 'lines'; rest: string }
  | { readonly kind: 'array'; readonly element: Element; hasElements: boolean }
  | { readonly kind: 'document'; readonly parts: string[]; length: number }
  | { readonly kind: 'closed' }

type ArrayMode = Extract<Mode, { kind: 'array' }>

/** The element of the array that is under way, and where in its text the reading stands. */
interface Element {
  text: string
  depth: number
  isInString: boolean
  isEscaped: boolean
}

export class JsonBody {
  readonly #limit: number
  readonly #give: (decoded: Decoded) => void
  #mode: Mode = { kind: 'start' }
  /** A value was read, so that what cannot be is a broken part, and not a body that is something else. */
  #hasValue = false

  constructor(limit: number, give: (decoded: Decoded) => void) {
    this.#limit = limit
    this.#give = give
  }

  get isInLongEvent(): boolean {
    const mode = this.#mode
    switch (mode.kind) {
      case 'lines':
        return mode.rest.length > PING_LENGTH
      case 'array':
        return mode.element.text.length > PING_LENGTH
      case 'document':
        return true
      case 'start':
      case 'closed':
        return false
      default: {
        const never: never = mode
        return never
      }
    }
  }

  push(text: string): void {
    if (text === '') return
    const mode = this.#mode
    switch (mode.kind) {
      case 'start':
        if (text.startsWith('[')) {
          this.#mode = { kind: 'array', element: emptyElement(), hasElements: false }
          this.push(text.slice(1))
        } else {
          this.#mode = { kind: 'lines', rest: '' }
          this.push(text)
        }
        return
      case 'lines':
        this.#lines(mode, text)
        return
      case 'array':
        this.#array(mode, text)
        return
      case 'document':
        mode.parts.push(text)
        mode.length += text.length
        if (mode.length > this.#limit) this.#close()
        return
      case 'closed':
        return
      default: {
        const never: never = mode
        return never
      }
    }
  }

  end(): void {
    const mode = this.#mode
    this.#mode = { kind: 'closed' }
    switch (mode.kind) {
      case 'lines':
        this.#line(mode.rest, true)
        break
      case 'array':
        // Only its bracket shows that an array is whole.
        if (mode.hasElements) this.#give({ kind: 'cut', text: mode.element.text.trimEnd() })
        else this.#unreadable(`[${mode.element.text}`)
        break
      case 'document':
        this.#document(mode.parts.join(''))
        break
      case 'start':
      case 'closed':
        break
      default: {
        const never: never = mode
        return never
      }
    }
  }

  #close(): void {
    if (this.#mode.kind === 'closed') return
    this.#mode = { kind: 'closed' }
    this.#give({ kind: 'too_long' })
  }

  #lines(mode: Extract<Mode, { kind: 'lines' }>, text: string): void {
    let start = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      const line = mode.rest + text.slice(start, end)
      mode.rest = ''
      start = end + 1
      this.#line(line, false)
      if (this.#mode !== mode) {
        this.push(text.slice(end))
        return
      }
    }
    mode.rest += text.slice(start)
    if (mode.rest.length > this.#limit) this.#close()
  }

  #line(line: string, isLast: boolean): void {
    if (line.trim() === '') return
    if (line.length > this.#limit) {
      this.#close()
      return
    }
    const payload = parseJson(line)
    if (payload !== undefined) this.#payloads(payload)
    else if (this.#hasValue) this.#give(isLast ? { kind: 'cut', text: line } : brokenPart(line))
    else if (isLast) this.#unreadable(line)
    else this.#mode = { kind: 'document', parts: [line], length: line.length }
  }

  /** Reads on to the end of each element: that of an object is its brace, so that it need not wait for the comma of the next. */
  #array(mode: ArrayMode, text: string): void {
    const { element } = mode
    let start = 0
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at)
      if (element.isInString) {
        if (element.isEscaped) element.isEscaped = false
        else if (code === BACKSLASH) element.isEscaped = true
        else if (code === QUOTE) element.isInString = false
        continue
      }
      if (code === QUOTE) element.isInString = true
      else if (code === OPEN_BRACE || code === OPEN_BRACKET) element.depth += 1
      else if ((code === CLOSE_BRACE || code === CLOSE_BRACKET) && element.depth > 0) {
        element.depth -= 1
        if (element.depth > 0) continue
        this.#element(mode, text.slice(start, at + 1))
        start = at + 1
        if (this.#hasLeft(mode, text, start)) return
      } else if (element.depth === 0 && (code === COMMA || code === CLOSE_BRACKET)) {
        this.#element(mode, text.slice(start, at))
        start = at + 1
        if (this.#hasLeft(mode, text, at)) return
        if (code === COMMA) continue
        this.#mode = { kind: 'lines', rest: '' }
        this.#hasValue = true
        this.push(text.slice(start))
        return
      }
    }
    this.#extend(element, text.slice(start))
    if (element.text.length > this.#limit) this.#close()
  }

  /** The array turned out to be none, or too long: the rest is read as what the body is now. */
  #hasLeft(mode: ArrayMode, text: string, start: number): boolean {
    if (this.#mode === mode) return false
    this.push(text.slice(start))
    return true
  }

  #extend(element: Element, text: string): void {
    element.text += element.text === '' ? text.trimStart() : text
  }

  /** The element ends with this text. */
  #element(mode: ArrayMode, end: string): void {
    const { element } = mode
    this.#extend(element, end)
    const { text } = element
    element.text = ''
    // Behind an object stands the comma alone.
    if (text === '') return
    if (text.length > this.#limit) {
      this.#close()
      return
    }
    const payload = parseJson(text)
    if (payload !== undefined) {
      mode.hasElements = true
      this.#give({ kind: 'payload', payload })
    } else if (mode.hasElements) this.#give(brokenPart(text))
    else this.#mode = { kind: 'document', parts: [`[${text}`], length: text.length + 1 }
  }

  #document(text: string): void {
    const payload = parseJson(text)
    if (payload !== undefined) this.#payloads(payload)
    else if (!this.#brokenLines(text)) this.#unreadable(text)
  }

  /** Lines of JSON of which the first was none. */
  #brokenLines(text: string): boolean {
    const lines = text.split('\n').filter((line) => line.trim() !== '')
    const values = lines.map((line) => (line.startsWith('{') ? parseJson(line) : undefined))
    if (lines.length < 2 || !values.some(isObject)) return false
    for (const [at, line] of lines.entries()) {
      const value = values[at]
      if (value !== undefined) this.#payloads(value)
      else this.#give(at === lines.length - 1 ? { kind: 'cut', text: line } : brokenPart(line))
    }
    return true
  }

  /** JSON that does not end as JSON ends was cut. */
  #unreadable(text: string): void {
    const isEnd = /[}\]]/.test(text.trimEnd().slice(-1))
    this.#give({ kind: isEnd ? 'body' : 'cut', text: text.slice(0, HEAD_LENGTH) })
  }

  /** An array stands for the events in it. */
  #payloads(payload: JsonValue): void {
    this.#hasValue = true
    for (const item of Array.isArray(payload) ? payload : [payload]) this.#give({ kind: 'payload', payload: item })
  }
}

const QUOTE = 34
const COMMA = 44
const OPEN_BRACKET = 91
const BACKSLASH = 92
const CLOSE_BRACKET = 93
const OPEN_BRACE = 123
const CLOSE_BRACE = 125

function emptyElement(): Element {
  return { text: '', depth: 0, isInString: false, isEscaped: false }
}

function brokenPart(data: string): Decoded {
  return { kind: 'event', data, event: undefined, id: undefined }
}
