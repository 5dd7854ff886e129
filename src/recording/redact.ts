/**
 * Takes secrets out of what is recorded, before anything reaches a sink.
 *
 * The rules: what is held back is held from the file, never from the live stream; a secret is replaced by `*` of equal length in bytes, so
 * boundaries stay; where a secret is cut by chunks or, in the text of a model, by events, all of it is replaced.
 */
import type { RecordedChunk } from './format.ts'
import { stringsInLine, type Span } from './json-strings.ts'
import { createFinder, type Range, type SecretFinder } from './secret-finder.ts'
import { searchText } from './secrets.ts'

export interface RedactOptions {
  /**
   * What else is secret: a text, which is looked for in its escaped and encoded forms too, or a regular expression, which is matched within a
   * line (4,096 characters at most; anchors and looks around see no more than that).
   */
  readonly redact?: readonly (string | RegExp)[]
  /** Secrets by value, for those who know theirs: like a text in `redact`. */
  readonly secrets?: readonly string[]
}

export interface Redactor {
  /** A text with `*` in place of what is secret in it. */
  text(text: string): string
  /** A stream, of which each chunk is handed to `emit` in order once nothing in it can be the beginning of a secret. */
  stream(emit: (chunk: RecordedChunk) => void): RedactedStream
}

export interface RedactedStream {
  /** The bytes are copied. */
  push(ms: number, bytes: Uint8Array): void
  /** Hands out what is held back. */
  flush(): void
}

/** A redactor for the secrets of one exchange, and the caller's. Throws `MisuseError('bad_option')` for a pattern that is none. */
export function createRedactor(secrets: readonly string[], options: RedactOptions = {}): Redactor {
  const finder = createFinder(secrets, [...(options.redact ?? []), ...(options.secrets ?? [])])
  const stream = (emit: (chunk: RecordedChunk) => void): RedactedStream => new HeldStream(finder, emit)
  return {
    stream,
    text(text) {
      const pieces: Uint8Array[] = []
      const whole = stream(({ bytes }) => void pieces.push(bytes))
      whole.push(0, new TextEncoder().encode(text))
      whole.flush()
      return pieces.map((piece) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(piece)).join('')
    },
  }
}

/** A line that is longer is looked at in pieces of this length, which overlap by more than any secret is long. */
const LONGEST_LINE = 1024 * 1024

/** Of a text that may go on with a secret, no more than this is held. */
const MOST_HELD = 1024 * 1024

/** So much of a text is remembered as what stands before the next piece of it. */
const CONTEXT = 8

/** Of so many texts that are streamed at the same time. */
const MOST_TEXTS = 256
/** Of so many that may go on with a secret. */
const MOST_OPEN = 2048

/** The keys under which the formats stream text piece by piece. */
const TEXTS: ReadonlySet<string> = new Set(
  [
    'text content partial_json arguments delta thinking reasoning reasoning_content refusal input output code response completion',
    'generated_text summary parts chunk value input_transcription transcript outputText generation reasoning_text reasoningText token',
    'tool_plan signature',
  ].flatMap((line) => line.split(' ')),
)

/** By the key above: names that come in pieces there, and mean anything elsewhere. */
const TEXTS_UNDER: ReadonlyMap<string, string> = new Map([
  ['reasoning_details', 'data'],
  ['function', 'name'],
])

function isText(name: string, parent: string): boolean {
  return TEXTS.has(name) || TEXTS_UNDER.get(parent) === name
}

interface Held {
  readonly ms: number
  readonly bytes: Uint8Array
  readonly start: number
  isRedacted: boolean
}

/** The end of a text that goes on in a later line: its last characters, and where each stands in the stream. */
interface OpenText {
  readonly text: string
  readonly spans: readonly Span[]
  /** Where it may be the beginning of a secret; undefined if it is kept as what stands before only. */
  readonly opening: number | undefined
  /** How the secret goes on in which it ends, if that is too long to be held. */
  readonly goesOn: RegExp | undefined
}

const KEY_BEGINS = /^-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY/
const KEY_GOES_ON = /^(?:[A-Za-z0-9+/=:, \t-]*|(?:Version|Comment|Hash|Charset|MessageID): .*)$/

class HeldStream implements RedactedStream {
  readonly #finder: SecretFinder
  readonly #emit: (chunk: RecordedChunk) => void
  #chunks: Held[] = []
  #end = 0
  /** What has come of the line that is not over. */
  #line = ''
  #lineStart = 0
  /** By the path of each text and the numbers of its block. */
  readonly #texts = new Map<string, OpenText>()
  #isInKey = false
  /** The line was cut within a secret, which goes on. */
  #goesOn = false

  constructor(finder: SecretFinder, emit: (chunk: RecordedChunk) => void) {
    this.#finder = finder
    this.#emit = emit
  }

  push(ms: number, bytes: Uint8Array): void {
    // A Buffer's own slice would share its memory.
    this.#chunks.push({ ms, bytes: new Uint8Array(bytes), start: this.#end, isRedacted: false })
    this.#end += bytes.length
    const text = searchText(bytes)
    let from = 0
    // Each of CR, LF and CRLF ends a line of an event stream.
    for (const { index } of text.matchAll(/[\r\n]/g)) {
      this.#line += text.slice(from, index)
      from = index + 1
      this.#endLine()
    }
    this.#line += text.slice(from)
    while (this.#line.length > LONGEST_LINE) this.#cutLine()
    this.#release(Math.min(this.#lineStart, this.#firstOpening()))
  }

  flush(): void {
    if (this.#line !== '') this.#endLine()
    this.#release(Number.POSITIVE_INFINITY)
  }

  #endLine(): void {
    const line = this.#line
    this.#searchLine(line)
    this.#searchTexts(line)
    this.#searchKey(line)
    this.#lineStart += line.length + 1
    this.#line = ''
    this.#goesOn = false
  }

  #searchLine(line: string): readonly Range[] {
    const ranges = this.#finder.rangesIn(line)
    if (this.#goesOn) ranges.unshift({ start: 0, end: /^[\w.+/=~-]*/.exec(line)?.[0].length ?? 0 })
    for (const { start, end } of ranges) this.#star(this.#lineStart + start, this.#lineStart + end)
    return ranges
  }

  /** Of a line without an end, what no secret can reach any more is searched and let go. */
  #cutLine(): void {
    const ranges = this.#searchLine(this.#line.slice(0, LONGEST_LINE))
    const seam = LONGEST_LINE - Math.min(this.#finder.reach, LONGEST_LINE / 2)
    const across = ranges.find(({ start, end }) => start < seam && end > seam)
    // A secret that began before the seam is looked at again as a whole, unless it fills the piece.
    const cut = across === undefined || across.start === 0 ? seam : across.start
    this.#goesOn = across !== undefined && across.start === 0
    this.#line = this.#line.slice(cut)
    this.#lineStart += cut
  }

  /** A key as a file has it, in lines. */
  #searchKey(line: string): void {
    if (KEY_BEGINS.test(line)) this.#isInKey = true
    else if (!this.#isInKey) return
    else if (KEY_GOES_ON.test(line)) this.#star(this.#lineStart, this.#lineStart + line.length)
    else this.#isInKey = false
    if (line.includes('-----END')) this.#isInKey = false
  }

  /**
   * What a model writes comes in pieces, one event each: they are searched as the one text that they are. Which pieces belong together is told by
   * where exactly each stands, and, since a format may change that on the way, by the names of its keys as well.
   */
  #searchTexts(line: string): void {
    for (const { strings, indices } of stringsInLine(line, isText)) {
      for (const { path, keys, text, spans } of strings) {
        if (text === '') continue
        // Of text-generation the index is the number of the token.
        const block = keys === 'token.text' ? '' : indices
        this.#searchText(`${path} ${block}`, text, spans)
        this.#searchText(`: ${samePlace(keys)} ${block}`, text, spans)
      }
    }
  }

  #searchText(key: string, text: string, spans: readonly Span[]): void {
    const before = this.#texts.get(key)
    const whole = (before?.text ?? '') + text
    const all = [...(before?.spans ?? [])]
    for (const { start, end } of spans) all.push({ start: this.#lineStart + start, end: this.#lineStart + end })
    const star = (start: number, end: number): void => {
      for (const span of all.slice(start, end)) this.#star(span.start, span.end)
    }
    for (const { start, end } of this.#finder.rangesIn(whole)) star(start, end)
    const begun = whole.length - text.length
    const end = before?.goesOn === undefined ? begun : endOf(before.goesOn, whole, begun)
    star(begun, end)
    this.#remember(key, whole, all, end === begun || end < whole.length ? undefined : before?.goesOn)
  }

  #remember(key: string, text: string, spans: readonly Span[], before: RegExp | undefined): void {
    const goesOn = before ?? this.#finder.longSecretOf(text)
    const opening = goesOn === undefined ? this.#finder.openingOf(text) : undefined
    const from = Math.max(0, (opening ?? text.length) - CONTEXT)
    this.#texts.delete(key)
    this.#forget()
    const place = opening === undefined ? undefined : spans[opening]?.start
    this.#texts.set(key, { text: text.slice(from), spans: spans.slice(from), opening: place, goesOn })
  }

  /** Of the oldest texts one that holds nothing back; where all do, the oldest. */
  #forget(): void {
    if (this.#texts.size < MOST_TEXTS) return
    const [oldest] = this.#texts.keys()
    let first: string | undefined
    for (const [key, { opening, goesOn }] of this.#texts) {
      if (opening !== undefined || goesOn !== undefined) continue
      first = key
      break
    }
    const key = first ?? (this.#texts.size < MOST_OPEN ? undefined : oldest)
    if (key !== undefined) this.#texts.delete(key)
  }

  #firstOpening(): number {
    let first = Number.POSITIVE_INFINITY
    for (const { opening } of this.#texts.values()) if (opening !== undefined && opening < first) first = opening
    return Math.max(first, this.#end - MOST_HELD)
  }

  #star(start: number, end: number): void {
    for (let index = this.#chunkAt(start); index < this.#chunks.length; index += 1) {
      const chunk = this.#chunks[index]
      if (chunk === undefined || chunk.start >= end) return
      const [from, to] = [Math.max(0, start - chunk.start), Math.min(chunk.bytes.length, end - chunk.start)]
      if (from >= to) continue
      for (let at = from; at < to; at += 1) chunk.bytes[at] = STAR
      chunk.isRedacted = true
    }
  }

  /** The last chunk that begins at or before this place. */
  #chunkAt(place: number): number {
    let [low, high] = [0, this.#chunks.length - 1]
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((this.#chunks[middle]?.start ?? 0) <= place) low = middle
      else high = middle - 1
    }
    return low
  }

  /** Hands out the chunks that end at or before `safe`. */
  #release(safe: number): void {
    let count = 0
    for (const { ms, bytes, start, isRedacted } of this.#chunks) {
      if (start + bytes.length > safe) break
      this.#emit(isRedacted ? { ms, bytes, redacted: true } : { ms, bytes })
      count += 1
    }
    if (count > 0) this.#chunks = this.#chunks.slice(count)
  }
}

/** The start of a block and what follows, and a text and a list of parts, are the same place. */
function samePlace(keys: string): string {
  return keys
    .split('.')
    .filter((key) => key !== 'delta' && key !== 'content_block')
    .join('.')
    .replace(/\bcontent\.text$/, 'content')
}

/** Where what a pattern finds at `from` ends. */
function endOf(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from
  return pattern.test(text) ? pattern.lastIndex : from
}

const STAR = 0x2a
