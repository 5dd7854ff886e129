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
import { isObject, parseJson, wordOf } from '../json.ts'
import type { JsonObject } from '../json.ts'
import { encodeBase64 } from '../base64.ts'
import {
  badRecording,
  checkHeader,
  emptyRecording,
  isTime,
  LineReader,
  readHeader,
  RECORDING_VERSION,
  type DamagedLine,
} from './lines.ts'

export { RECORDING_VERSION } from './lines.ts'

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
  /** `headers`: those that say something about the response and nothing about who asked, by their names in lower case. */
  readonly response?: { readonly status: number; readonly contentType?: string; readonly headers?: JsonObject }
  /** The place of the request among those of one recorder; the first is 1. */
  readonly order?: number
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

function parse(text: string, options: ReadRecordingOptions, illFormedLine: number | undefined): Recording {
  const { name = 'the recording', damaged = 'refuse' } = options
  const textOfLine = ({ number, text: read }: NumberedLine): string | undefined =>
    number === illFormedLine ? undefined : read
  const [first, ...others] = numberedLines(text)
  if (first === undefined) throw emptyRecording(name)
  const header = readHeader(first.number, textOfLine(first), name)
  const chunks: RecordedChunk[] = []
  const problems: RecordingProblem[] = []
  const reader = new LineReader(first.number, (problem) => problems.push(problem))
  let damage: DamagedLine | undefined
  for (const line of others) {
    const read = reader.read(line.number, textOfLine(line))
    if (read.kind === 'chunk') chunks.push(read.chunk)
    if (read.kind !== 'damage') continue
    damage = read
    break
  }
  const end = damage ?? reader.end()
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

function numberedLines(text: string): NumberedLine[] {
  return text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((content, index) => ({ number: index + 1, text: content }))
    .filter((numbered) => numbered.text.trim() !== '')
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
