/**
 * Bytes or text in, events out, whatever the chunks. The grammar of server-sent events is eventsource-parser's; around it stand what real
 * servers need beside it: one byte order mark, line ends cut in two, a last event without its blank line, an `error:` line, lines that
 * continue broken JSON, a body that is no event stream at all (JSON, which `json-body.ts` reads, or HTML), and an upper bound on all of it.
 * A body of binary frames is `aws-event-stream.ts`'s.
 *
 * An event means nothing here. The decoder never throws for what it reads.
 */
import { createParser, type EventSourceParser, type ParseError } from 'eventsource-parser'
import { parseJson } from '../json.ts'
import { bodyKindOf } from './body-kind.ts'
import { beginsFrames, FrameReader, type Framed } from './aws-event-stream.ts'
import { JsonBody } from './json-body.ts'

export type Decoded =
  | Framed
  | {
      readonly kind: 'event'
      readonly data: string
      readonly event: string | undefined
      readonly id: string | undefined
    }
  /** An `error:` line, which some servers send in place of an event. */
  | { readonly kind: 'error'; readonly data: string }
  /** One value of a body that is JSON, an array of values or JSON lines. */
  | { readonly kind: 'payload'; readonly payload: unknown }
  /** The input ended inside an event. */
  | { readonly kind: 'cut'; readonly text: string }
  /** The whole body, if there was not a single event in it. */
  | { readonly kind: 'body'; readonly text: string }
  /** One event is longer than the limit; nothing is read after it. */
  | { readonly kind: 'too_long' }

/** How much of a body is kept to tell what it was, if it turns out not to be an event stream. */
const HEAD_LENGTH = 64 * 1024

/** How many lines that are no field are taken for the rest of an event. */
const MAX_STRAY_LINES = 16

/** How much of an event is held here before the parser gets it in pieces. */
const HELD_LENGTH = 64 * 1024

/** No ping is longer. */
const PING_LENGTH = 1024

/** What a line may be longer than its value: the name of the field, a colon, a space. */
const FIELD_LENGTH = 16

type Framing =
  /** Nothing so far that shows what it is. */
  | { readonly kind: 'unknown'; text: string; lineLength: number }
  | {
      readonly kind: 'sse'
      readonly parser: EventSourceParser
      /** The beginning of an event, as far as it has come; the parser has none of it. */
      pending: string
      /** The parser has the beginning of an event: it gets the rest too. */
      isInParser: boolean
      endsLine: boolean
      head: string
      hasEvents: boolean
      hasForeignLines: boolean
    }
  | { readonly kind: 'json'; readonly body: JsonBody }
  | { readonly kind: 'closed' }

/** Longer than what may stand before the first JSON line. */
const LONG_LINE = 6 * 1024

const FIELDS = ['event:', 'data:', 'id:', 'retry:']

type SseFraming = Extract<Framing, { kind: 'sse' }>

const LF = 10

export class Decoder {
  readonly #limit: number
  readonly #utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
  #framing: Framing = { kind: 'unknown', text: '', lineLength: 0 }
  #isAtStart = true
  #endsWithCr = false
  /** How much has come of a line that has not ended. */
  #lineLength = 0
  /** Lines that are no field, seen since the last event: they may be the rest of its data. */
  #strayLines: string[] = []
  #strayLength = 0
  #isFlushing = false
  #decoded: Decoded[] = []
  /** The first bytes, as long as they may be the beginning of a binary frame. */
  #start: Uint8Array | undefined = new Uint8Array()
  #frames: FrameReader | undefined

  /** `eventLength`: the longest event that is accepted, in UTF-16 code units. */
  constructor(eventLength: number) {
    this.#limit = eventLength
  }

  /** Whether the input so far ends within an event that is longer than a ping, comments not counted. */
  get isInLongEvent(): boolean {
    if (this.#frames !== undefined) return this.#frames.heldLength > PING_LENGTH
    const framing = this.#framing
    switch (framing.kind) {
      case 'sse':
        return framing.isInParser || (framing.pending.length > PING_LENGTH && /^[^:\n]/.test(framing.pending))
      case 'json':
        return framing.body.isInLongEvent
      case 'unknown':
      case 'closed':
        return false
      default: {
        const never: never = framing
        return never
      }
    }
  }

  /** Takes the next piece of the body; gives the events that are whole with it. */
  push(chunk: Uint8Array | string): readonly Decoded[] {
    const frames = this.#frames
    if (frames !== undefined) return frames.push(typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk)
    if (typeof chunk === 'string') return this.#feed(this.#startAsText() + chunk)
    return this.#start === undefined
      ? this.#feed(this.#utf8.decode(chunk, { stream: true }))
      : this.#first(this.#start, chunk)
  }

  /** What the body is made of is known after its first bytes; until then they are held. */
  #first(start: Uint8Array, chunk: Uint8Array): readonly Decoded[] {
    const bytes = start.length === 0 ? chunk : joined(start, chunk)
    const isBinary = beginsFrames(bytes)
    this.#start = isBinary === 'maybe' ? bytes.slice() : undefined
    if (isBinary === 'yes') this.#frames = new FrameReader(this.#limit)
    return isBinary === 'maybe' ? [] : this.push(bytes)
  }

  /** Who gives text has decoded the body. */
  #startAsText(): string {
    const start = this.#start
    this.#start = undefined
    return start === undefined ? '' : this.#utf8.decode(start, { stream: true })
  }

  /** The body is over. An event that lacks only its blank line is given if its data is whole. */
  end(): readonly Decoded[] {
    if (this.#frames !== undefined) return this.#frames.end()
    const start = this.#start
    this.#start = undefined
    if (start !== undefined && start.length > 0) {
      return [{ kind: 'cut', text: `the first ${start.length} bytes of a frame` }]
    }
    const tail = this.#feed(this.#utf8.decode())
    if (this.#framing.kind === 'unknown') this.#settle(this.#framing.text, true)
    const framing = this.#framing
    this.#framing = { kind: 'closed' }
    switch (framing.kind) {
      case 'sse':
        this.#framing = framing
        this.#flush(framing)
        this.#framing = { kind: 'closed' }
        break
      case 'json':
        framing.body.end()
        break
      case 'unknown':
      case 'closed':
        break
      default: {
        const never: never = framing
        return never
      }
    }
    return [...tail, ...this.#take()]
  }

  #take(): readonly Decoded[] {
    if (this.#decoded.length === 0) return []
    const decoded = this.#decoded
    this.#decoded = []
    return decoded
  }

  #feed(chunk: string): readonly Decoded[] {
    let text = chunk
    if (this.#isAtStart && text !== '') {
      this.#isAtStart = false
      if (text.charCodeAt(0) === 0xfeff) text = text.slice(1)
    }
    // A CR is given on as a line end at once; an LF that opens the next chunk then belongs to it. The parser would wait for the next
    // chunk, and look through the whole rest of a long one at every line.
    if (this.#endsWithCr && text !== '') {
      this.#endsWithCr = false
      if (text.charCodeAt(0) === 10) text = text.slice(1)
    }
    if (text.includes('\r')) {
      this.#endsWithCr = text.endsWith('\r')
      text = text.replaceAll(/\r\n?/g, '\n')
    }
    if (text !== '') this.#route(text)
    return this.#take()
  }

  #route(text: string): void {
    const framing = this.#framing
    switch (framing.kind) {
      case 'unknown': {
        framing.text = framing.text === '' ? text.replace(/^[ \t\n]+/, '') : framing.text + text
        // A long line that may be JSON is looked at when it ends, or can be none.
        const lineEnd = text.lastIndexOf('\n') + 1
        framing.lineLength = (lineEnd === 0 ? framing.lineLength : 0) + text.length - lineEnd
        const isLong = framing.text.length > LONG_LINE && framing.lineLength <= this.#limit
        if (lineEnd > 0 || !isLong) this.#settle(framing.text, false)
        return
      }
      case 'sse':
        if (!framing.hasEvents && framing.head.length < HEAD_LENGTH) {
          framing.head += text.slice(0, HEAD_LENGTH - framing.head.length)
        }
        this.#feedLines(framing, text)
        return
      case 'json':
        framing.body.push(text)
        return
      case 'closed':
        return
      default: {
        const never: never = framing
        return never
      }
    }
  }

  /** Reads on as what the body shows to be; `isOver`: nothing follows. */
  #settle(text: string, isOver: boolean): void {
    const body = bodyKindOf(text, this.#limit, isOver)
    if (body.kind === 'open') {
      return
    }
    const before = body.kind === 'json' ? text.slice(0, body.at).trim() : ''
    if (before !== '') this.#decoded.push({ kind: 'event', data: before, event: undefined, id: undefined })
    this.#framing = body.kind === 'json' ? this.#json() : this.#sse()
    this.#route(body.at === 0 ? text : text.slice(body.at))
  }

  #json(): Framing {
    return { kind: 'json', body: new JsonBody(this.#limit, (decoded) => this.#decoded.push(decoded)) }
  }

  #sse(): SseFraming {
    const parser = createParser({
      onEvent: ({ data, event, id }) => {
        this.#event(data, event, id)
      },
      onError: (error) => this.#foreignLine(error),
      onComment: (comment) => {
        if (comment.length > this.#limit) this.#close()
      },
      // The exact limit is checked on whole events, so that chunks do not matter; this only bounds what is pending.
      maxBufferSize: 2 * this.#limit + 1024,
    })
    // The parser takes U+00EF U+00BB U+00BF at the very start for a byte order mark; here it is text.
    parser.feed('')
    return {
      kind: 'sse',
      parser,
      pending: '',
      isInParser: false,
      endsLine: false,
      head: '',
      hasEvents: false,
      hasForeignLines: false,
    }
  }

  /** No line may be longer than the limit, wherever chunks end. Where they are short that takes no look at the lines. */
  #feedLines(framing: SseFraming, text: string): void {
    const most = this.#limit + FIELD_LENGTH
    let start = 0
    if (this.#lineLength + text.length <= most) start = text.lastIndexOf('\n') + 1
    else {
      for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
        if ((start === 0 ? this.#lineLength : 0) + end - start > most) break
        start = end + 1
      }
    }
    this.#lineLength = (start === 0 ? this.#lineLength : 0) + text.length - start
    if (this.#lineLength <= most) this.#feedEvents(framing, text)
    else {
      if (start > 0) this.#feedEvents(framing, text.slice(0, start))
      this.#close()
    }
  }

  /**
   * Cuts the text at blank lines. An event of one `data` line, perhaps after an `event` line, is what nearly all are: it is read here;
   * any other is the parser's. Between events the parser is at rest, so that it does not matter which of them it gets.
   */
  #feedEvents(framing: SseFraming, text: string): void {
    let start = 0
    // The blank line may be cut in two.
    let end = framing.endsLine && text.charCodeAt(0) === LF ? -1 : text.indexOf('\n\n')
    while (end !== -1 || (start === 0 && framing.endsLine && text.charCodeAt(0) === LF)) {
      const next = end === -1 ? 1 : end + 2
      this.#eventText(framing, text, start, next)
      start = next
      framing.endsLine = false
      // The limit was reached.
      if (this.#framing !== framing) return
      end = text.indexOf('\n\n', start)
    }
    if (start === text.length) return
    framing.endsLine = text.charCodeAt(text.length - 1) === LF
    const rest = start === 0 ? text : text.slice(start)
    if (framing.isInParser) framing.parser.feed(rest)
    else framing.pending += rest
    if (framing.pending.length > HELD_LENGTH) this.#toParser(framing)
  }

  #toParser(framing: SseFraming): void {
    const { pending } = framing
    framing.pending = ''
    framing.isInParser = true
    framing.parser.feed(pending)
  }

  /** The text up to and with a blank line, of which the beginning may have come before. */
  #eventText(framing: SseFraming, text: string, start: number, end: number): void {
    if (framing.isInParser) {
      framing.isInParser = false
      framing.parser.feed(text.slice(start, end))
      return
    }
    const isInText = framing.pending === ''
    const source = isInText ? text : framing.pending + text.slice(start, end)
    framing.pending = ''
    if (!this.#plainEvent(source, isInText ? start : 0, isInText ? end : source.length)) {
      framing.parser.feed(isInText ? text.slice(start, end) : source)
    }
  }

  #plainEvent(text: string, start: number, end: number): boolean {
    let at = start
    let name: string | undefined
    if (hasAt(text, 'event: ', at)) {
      const line = text.indexOf('\n', at)
      name = text.slice(at + 7, line)
      at = line + 1
    }
    if (name === '' || !hasAt(text, 'data: ', at) || text.indexOf('\n', at) !== end - 2) return false
    this.#event(text.slice(at + 6, end - 2), name, undefined)
    return true
  }

  #close(): void {
    if (this.#framing.kind === 'closed') return
    this.#framing = { kind: 'closed' }
    this.#decoded.push({ kind: 'too_long' })
  }

  #event(data: string, event: string | undefined, id: string | undefined): void {
    const framing = this.#framing
    if (framing.kind !== 'sse') return
    framing.hasEvents = true
    framing.head = ''
    const strays = this.#strayLines
    this.#strayLines = []
    this.#strayLength = 0
    const whole = strays.length > 0 && !isWhole(data) ? `${data}\n${strays.join('\n')}` : data
    if (whole.length > this.#limit || (event?.length ?? 0) > this.#limit || (id?.length ?? 0) > this.#limit) {
      this.#close()
      return
    }
    if (this.#isFlushing && !isWhole(whole)) {
      this.#decoded.push({ kind: 'cut', text: whole })
      return
    }
    // Some proxies send blank events to keep the connection; there is nothing in them.
    if (whole === '') return
    this.#decoded.push({ kind: 'event', data: whole, event, id })
  }

  #foreignLine(error: ParseError): void {
    const framing = this.#framing
    if (framing.kind !== 'sse') return
    if (error.type === 'max-buffer-size-exceeded' || (error.line?.length ?? 0) > this.#limit) {
      this.#close()
      return
    }
    if (error.type !== 'unknown-field') return
    if (error.field === 'error') {
      framing.hasEvents = true
      this.#decoded.push({ kind: 'error', data: error.value ?? '' })
      return
    }
    framing.hasForeignLines = true
    if (this.#strayLines.length >= MAX_STRAY_LINES) return
    const line = error.line ?? ''
    this.#strayLines.push(line)
    this.#strayLength += line.length
    if (this.#strayLength > this.#limit) this.#close()
  }

  /** What is no field at the end was cut, unless it is whole: Google's servers put an error there as they put it into a JSON body. */
  #strayEnd(text: string): void {
    const isJson = text.trimStart().startsWith('{') && isWhole(text)
    this.#decoded.push(isJson ? { kind: 'event', data: text, event: undefined, id: undefined } : { kind: 'cut', text })
  }

  #flush(framing: SseFraming): void {
    if (framing.pending !== '') this.#toParser(framing)
    this.#isFlushing = true
    framing.parser.feed('\n\n')
    if (this.#decoded.some(({ kind }) => kind === 'too_long')) return
    if (!framing.hasEvents && endsInName(framing.head)) {
      this.#decoded.push({ kind: 'cut', text: framing.head })
    } else if (!framing.hasEvents && framing.hasForeignLines) this.#decoded.push({ kind: 'body', text: framing.head })
    else if (this.#strayLines.length > 0) this.#strayEnd(this.#strayLines.join('\n'))
  }
}

/** Whether lines of an event stream end within the name of a field. */
function endsInName(text: string): boolean {
  const lines = text.split('\n')
  const last = lines.pop() ?? ''
  if (last === '' || !FIELDS.some((field) => field.startsWith(last))) return false
  return lines.every((line) => line === '' || line.startsWith(':') || FIELDS.some((field) => line.startsWith(field)))
}

/** `text.startsWith(word, at)`, which is slow for a long text on Node 20. */
function hasAt(text: string, word: string, at: number): boolean {
  for (let i = 0; i < word.length; i++) if (text.charCodeAt(at + i) !== word.charCodeAt(i)) return false
  return true
}

function isWhole(data: string): boolean {
  return data.trim() === '[DONE]' || parseJson(data) !== undefined
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}
