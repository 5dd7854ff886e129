/**
 * The file format of a recording, version 1: types, reader, writer. `docs/recordings.md` shows it,
 * `recordings/recording.schema.json` describes each line.
 *
 *   {"onefold":1,"dialect":…,"provenance":{…}}      the header
 *   [12,"text"]   [12,null,"base64"]                one line per chunk, as it arrived
 *   {"end":"eof"}                                   how it ended
 *
 * The rule: bytes, boundaries and times survive writing and reading unchanged, and what cannot be read is either
 * refused or reported with its line, never skipped. So a new kind of line, or a new key outside the header, is a new
 * version of the format.
 */
import { MisuseError } from '../errors.ts'
import { isObject, wordOf } from '../json.ts'
import type { JsonObject } from '../json.ts'
import { decodeBase64, encodeBase64 } from '../base64.ts'

/** The version of the format that is written here, and the newest that can be read. */
export const RECORDING_VERSION = 1

/** How the name of a recording file ends. */
export const RECORDING_EXTENSION = '.recording'

/**
 * Where the bytes come from. `captured`: from a live provider; `handwritten`: by a person; `derived`: from other bytes.
 */
export interface Provenance {
  readonly kind: 'captured' | 'handwritten' | 'derived'
  /** The program and version that captured it, or the recording or file it was derived from. */
  readonly from?: string
  readonly note?: string
}

/** The first line of a recording. Keys that are not named here are kept. */
export interface RecordingHeader {
  /** The version of the format. */
  readonly onefold: 1
  /** The wire format, for example `anthropic-messages`. Absent where it is not known. */
  readonly dialect?: string
  /** What was asked, with every secret taken out. */
  readonly request?: JsonObject
  readonly response?: { readonly status: number; readonly contentType?: string }
  /** An ISO 8601 date and time with its offset. */
  readonly recordedAt?: string
  readonly recordedBy?: string
  readonly provenance: Provenance
  readonly [key: string]: unknown
}

/** A piece of the body as it arrived. */
export interface RecordedChunk {
  /** Milliseconds since the request was sent, or since the first byte where only that is known. */
  readonly ms: number
  readonly bytes: Uint8Array
  /** A secret in these bytes was replaced by `*` of equal length. */
  readonly redacted?: true
}

/** How the body ended: the whole body came, the connection broke, or the client that was recorded gave up. */
export type RecordedEnding = 'eof' | 'reset' | 'abort'

/** What is wrong at one line of a recording; the first line is 1. */
export interface RecordingProblem {
  readonly line: number
  readonly reason: string
}

/** The bytes of one stream as received, with boundaries, times and the way it ended. */
export interface Recording {
  readonly header: RecordingHeader
  readonly chunks: readonly RecordedChunk[]
  readonly ending: RecordedEnding
  /** When it ended, on the same clock as the chunks. */
  readonly endMs?: number
  /**
   * What the reader found: times that run backwards and, with `damaged: 'keep'`, the damage. Empty for a sound file;
   * never written.
   */
  readonly problems: readonly RecordingProblem[]
}

export interface ReadRecordingOptions {
  /** The name of the file, for the messages of errors. */
  readonly name?: string
  /**
   * What a damaged line does. `refuse` (the default): throw. `keep`: give everything before it, with the ending `reset`
   * and the damage in `problems`. A header that cannot be read is refused in either case, since nothing comes before
   * it.
   */
  readonly damaged?: 'refuse' | 'keep'
}

/**
 * Reads the text of a recording file. LF and CRLF line ends, a byte order mark and blank lines are accepted.
 *
 * Throws a `MisuseError` with the code `bad_recording` that names the file, the line, the reason and what to do. Times
 * that run backwards are no damage: they are kept as they are, and reported in `problems`.
 */
export function parseRecording(text: string, options: ReadRecordingOptions = {}): Recording {
  return parse(text, options, undefined)
}

/**
 * Reads the bytes of any file that holds a stream: a recording, told by its name or its first line, or a plain `.sse`,
 * `.ndjson` or JSON body (see `recordingOfBody`; `dialect` is used for a body only). Throws as `parseRecording` does.
 */
export function readRecording(
  file: Uint8Array | string,
  options: ReadRecordingOptions & { dialect?: string } = {},
): Recording {
  if (typeof file !== 'string' && !(file instanceof Uint8Array)) {
    throw new MisuseError('bad_argument', `readRecording takes the bytes or the text of a file and got ${wordOf(file)}`)
  }
  const bytes = typeof file === 'string' ? new TextEncoder().encode(file) : file
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  if (options.name?.endsWith(RECORDING_EXTENSION) !== true && !looksLikeRecording(text)) {
    return recordingOfBody(bytes, options)
  }
  return parse(text, options, firstIllFormedLine(bytes, text))
}

/** True if the first line is a JSON object with the key `onefold`, of whatever version. */
export function looksLikeRecording(text: string): boolean {
  const header = parseJson(/\S[^\n]*/.exec(text)?.[0] ?? '')
  return isObject(header) && Object.hasOwn(header, 'onefold')
}

/**
 * A plain body as a recording: one chunk at 0 ms (none for an empty body), the ending `eof`. Its provenance names the
 * file and says that boundaries, times and ending are not recorded.
 */
export function recordingOfBody(bytes: Uint8Array, options: { name?: string; dialect?: string } = {}): Recording {
  const { name, dialect } = options
  return {
    header: {
      onefold: RECORDING_VERSION,
      ...(dialect !== undefined && { dialect }),
      provenance: {
        kind: 'derived',
        ...(name !== undefined && { from: name }),
        note: 'a plain body: boundaries, times and ending were not recorded',
      },
    },
    chunks: bytes.length === 0 ? [] : [{ ms: 0, bytes: bytes.slice() }],
    ending: 'eof',
    problems: [],
  }
}

/**
 * The text of a recording file; reading it gives the same header, bytes, boundaries, times and ending.
 *
 * Throws a `MisuseError` with the code `bad_argument` for a header or a time that no reader would accept.
 */
export function formatRecording(recording: Recording): string {
  const { header, chunks, ending, endMs } = recording
  return formatHeader(header) + chunks.map(formatChunk).join('') + formatEnding(ending, endMs)
}

/**
 * The header line with its line end, for a writer that writes while the stream is still coming. Throws as
 * `formatRecording` does.
 */
export function formatHeader(header: RecordingHeader): string {
  checkHeader(header, (reason) => {
    throw new MisuseError('bad_argument', `the header of the recording cannot be written: ${reason}`)
  })
  return jsonLine(header)
}

/** The line of one chunk with its line end. Throws as `formatRecording` does. */
export function formatChunk(chunk: RecordedChunk): string {
  const ms = writableTime(chunk.ms)
  const text = textOf(chunk.bytes)
  const mark = chunk.redacted === true ? [{ redacted: true }] : []
  return jsonLine(text === undefined ? [ms, null, encodeBase64(chunk.bytes), ...mark] : [ms, text, ...mark])
}

/** The last line with its line end. Throws as `formatRecording` does. */
export function formatEnding(ending: RecordedEnding, endMs?: number): string {
  return jsonLine({ end: ending, ...(endMs !== undefined && { ms: writableTime(endMs) }) })
}

interface NumberedLine {
  readonly number: number
  readonly text: string
}

interface Ending {
  readonly kind: 'ending'
  readonly ending: RecordedEnding
  readonly ms?: number
}

interface Damage {
  readonly kind: 'damage'
  readonly reason: string
}

type Line = { readonly kind: 'chunk'; readonly chunk: RecordedChunk } | Ending | Damage

interface Body {
  readonly chunks: readonly RecordedChunk[]
  readonly problems: readonly RecordingProblem[]
  readonly end: Ending | (Damage & RecordingProblem)
}

function parse(text: string, options: ReadRecordingOptions, illFormedLine: number | undefined): Recording {
  const { name = 'the recording', damaged = 'refuse' } = options
  const [first, ...others] = numberedLines(text)
  if (first === undefined) {
    const nothing = { line: 1, reason: 'the file is empty' }
    throw badRecording(name, nothing, 'A recording begins with a header: see docs/recordings.md')
  }
  const header = readHeader(first, name, illFormedLine)
  const { chunks, problems, end } = readBody(others, first.number, illFormedLine)

  if (end.kind === 'ending') {
    return { header, chunks, ending: end.ending, ...(end.ms !== undefined && { endMs: end.ms }), problems }
  }
  if (damaged === 'refuse') {
    throw badRecording(name, end, "Repair the line, or read it with damaged: 'keep' to have what comes before it")
  }
  const leftOut = others.filter(({ number }) => number > end.line).length
  const reason = leftOut === 0 ? end.reason : `${end.reason}; lines after it that are left out: ${leftOut}`
  return { header, chunks, ending: 'reset', problems: [...problems, { line: end.line, reason }] }
}

function readBody(lines: readonly NumberedLine[], headerLine: number, illFormedLine: number | undefined): Body {
  const chunks: RecordedChunk[] = []
  const problems: RecordingProblem[] = []
  let end: Ending | undefined
  let lastMs = 0
  for (const { number, text } of lines) {
    const read = readLine(text, { isIllFormed: number === illFormedLine, isAfterEnd: end !== undefined })
    if (read.kind === 'damage') return { chunks, problems, end: { ...read, line: number } }
    if (read.kind === 'chunk') chunks.push(read.chunk)
    else end = read

    const ms = read.kind === 'chunk' ? read.chunk.ms : (read.ms ?? lastMs)
    if (ms < lastMs) problems.push({ line: number, reason: `the time runs backwards: ${ms} ms after ${lastMs} ms` })
    lastMs = ms
  }
  const line = (lines.at(-1)?.number ?? headerLine) + 1
  return {
    chunks,
    problems,
    end: end ?? { kind: 'damage', line, reason: 'the last line, {"end":…}, is missing: the file was cut' },
  }
}

function readHeader(first: NumberedLine, name: string, illFormedLine: number | undefined): RecordingHeader {
  const line = first.number
  if (line === illFormedLine) throw badRecording(name, { line, reason: NOT_UTF8 }, 'Save the file as UTF-8')
  const value = parseJson(first.text)
  if (value === undefined) throw badRecording(name, { line, reason: `the header ${NOT_JSON}` }, 'Repair the line')
  if (isObject(value) && typeof value.onefold === 'number' && value.onefold > RECORDING_VERSION) {
    const reason = `its format has version ${value.onefold}, and this onefold reads versions up to ${RECORDING_VERSION}`
    throw badRecording(name, { line, reason }, 'Update onefold')
  }
  checkHeader(value, (reason) => {
    throw badRecording(name, { line, reason }, 'Repair the header: see docs/recordings.md')
  })
  return value
}

function readLine(text: string, where: { isIllFormed: boolean; isAfterEnd: boolean }): Line {
  if (where.isAfterEnd) return damageOf('a line after the end of the recording')
  if (where.isIllFormed) return damageOf(NOT_UTF8)
  const value = parseJson(text)
  if (value === undefined) return damageOf(`the line ${NOT_JSON}`)
  if (Array.isArray(value)) return readChunk(value)
  if (isObject(value) && Object.hasOwn(value, 'end')) return readEnding(value)
  return damageOf('the line is neither a chunk, [ms, …], nor the end, {"end":…}')
}

function readChunk(value: readonly unknown[]): Line {
  const [ms, text, base64] = value
  if (!isTime(ms)) return damageOf('the time of the chunk is not a number of milliseconds, 0 or more')
  const mark = value.slice(text === null ? 3 : 2)
  if (mark.length > 1 || !mark.every(isRedactedMark)) return damageOf(CHUNK_SHAPE)
  const redacted = mark.length === 1 ? { redacted: true as const } : {}

  if (typeof text === 'string') {
    if (LONE_SURROGATE.test(text))
      return damageOf('the text holds half a surrogate pair, which no bytes give: write it as base64')
    return { kind: 'chunk', chunk: { ms, bytes: new TextEncoder().encode(text), ...redacted } }
  }
  if (text !== null || typeof base64 !== 'string') return damageOf(CHUNK_SHAPE)
  const bytes = decodeBase64(base64)
  if (bytes === undefined) return damageOf('the base64 of the chunk is not valid')
  return { kind: 'chunk', chunk: { ms, bytes, ...redacted } }
}

function readEnding(value: JsonObject): Line {
  const { end, ms, ...others } = value
  if (end !== 'eof' && end !== 'reset' && end !== 'abort') return damageOf('the end is none of "eof", "reset", "abort"')
  if (ms !== undefined && !isTime(ms)) return damageOf('the time of the end is not a number of milliseconds, 0 or more')
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) return damageOf(`the end has an unknown key, ${JSON.stringify(unknown)}`)
  return { kind: 'ending', ending: end, ...(ms !== undefined && { ms }) }
}

const NOT_JSON = 'is not JSON (cut in the middle?)'
const NOT_UTF8 = 'the line is not UTF-8 (cut in the middle?)'
const CHUNK_SHAPE = 'a chunk is [ms, "text"] or [ms, null, "base64"], each with {"redacted":true} behind it or nothing'
// With the flag `u` a pair is one code point, so only a lone half matches.
const LONE_SURROGATE = /[\uD800-\uDFFF]/u
const ISO_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/

function checkHeader(value: unknown, refuse: (reason: string) => never): asserts value is RecordingHeader {
  const reason = headerFault(value)
  if (reason !== undefined) refuse(reason)
}

/** Why a value is no header of version 1, or undefined if it is one. */
function headerFault(value: unknown): string | undefined {
  if (!isObject(value)) return 'the header is not an object'
  const { onefold, dialect, request, response, recordedAt, recordedBy, provenance } = value
  if (onefold !== RECORDING_VERSION) return 'the header has no format version ("onefold":1)'
  if (!isTextOrAbsent(dialect)) return '"dialect" is not a string'
  if (request !== undefined && !isObject(request)) return '"request" is not an object'
  if (response !== undefined) {
    if (!isObject(response)) return '"response" is not an object'
    if (!isStatus(response.status)) return '"response.status" is not an HTTP status'
    if (!isTextOrAbsent(response.contentType)) return '"response.contentType" is not a string'
  }
  if (recordedAt !== undefined && !(typeof recordedAt === 'string' && ISO_TIME.test(recordedAt))) {
    return '"recordedAt" is not an ISO 8601 date and time with its offset'
  }
  if (!isTextOrAbsent(recordedBy)) return '"recordedBy" is not a string'
  if (!isObject(provenance)) return '"provenance" is not an object; it says truthfully where the bytes come from'
  const { kind, from, note } = provenance
  if (kind !== 'captured' && kind !== 'handwritten' && kind !== 'derived') {
    return '"provenance.kind" is none of "captured", "handwritten", "derived"'
  }
  if (!isTextOrAbsent(from)) return '"provenance.from" is not a string'
  if (!isTextOrAbsent(note)) return '"provenance.note" is not a string'
  return undefined
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === 'string'
}

function isStatus(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 100 && value <= 599
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function isRedactedMark(value: unknown): boolean {
  return isObject(value) && value.redacted === true && Object.keys(value).length === 1
}

function damageOf(reason: string): Damage {
  return { kind: 'damage', reason }
}

function badRecording(name: string, { line, reason }: RecordingProblem, remedy: string): MisuseError {
  return new MisuseError('bad_recording', `${name}, line ${line}: ${reason}. ${remedy}.`)
}

function numberedLines(text: string): NumberedLine[] {
  return text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((content, index) => ({ number: index + 1, text: content }))
    .filter((numbered) => numbered.text.trim() !== '')
}

/** The value of a JSON text, or undefined where it is none. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The line of the first byte that loose decoding replaced, or undefined if the bytes are UTF-8. */
function firstIllFormedLine(bytes: Uint8Array, text: string): number | undefined {
  const again = new TextEncoder().encode(text)
  const length = Math.max(bytes.length, again.length)
  let line = 1
  for (let index = 0; index < length; index += 1) {
    if (bytes[index] !== again[index]) return line
    if (bytes[index] === LINE_FEED) line += 1
  }
  return undefined
}

const LINE_FEED = 0x0a

// Written as \u escapes: editors and diffs hide these characters, and some break a line at them.
const INVISIBLE = /[\u007F-\u009F\u2028\u2029\uFEFF]/g

function jsonLine(value: unknown): string {
  const json = JSON.stringify(value)
  return `${json.replace(INVISIBLE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`
}

function writableTime(ms: number): number {
  if (isTime(ms)) return ms
  throw new MisuseError('bad_argument', `the time of the recording, ${String(ms)}, is not milliseconds, 0 or more`)
}

/** The text that encodes to exactly these bytes, or undefined if there is none. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
