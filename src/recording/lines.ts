/**
 * The lines of a recording, version 1: what each may be. One reader for a file that is read at once and for one that is read while it is
 * played.
 */
import { decodeBase64 } from '../base64.ts'
import { MisuseError } from '../errors.ts'
import { isObject, parseJson, type JsonObject } from '../json.ts'
import type { RecordedChunk, RecordedEnding, RecordingHeader, RecordingProblem } from './format.ts'

/** The version of the format that is written here, and the newest that can be read. */
export const RECORDING_VERSION = 1

interface ChunkLine {
  readonly kind: 'chunk'
  readonly chunk: RecordedChunk
}

export interface EndLine {
  readonly kind: 'ending'
  readonly ending: RecordedEnding
  readonly ms?: number
}

interface Damage {
  readonly kind: 'damage'
  readonly reason: string
}

type Line = ChunkLine | EndLine | Damage

/** Damage and the line where it is. */
export type DamagedLine = Damage & RecordingProblem

/** Reads the lines behind the header, one after the other; blank ones are left out by the caller. */
export class LineReader {
  #end: EndLine | undefined
  #lastMs = 0
  #lastLine: number
  readonly #report: (problem: RecordingProblem) => void

  /** `headerLine` is the number of the line before the first; `report` is told of times that run backwards. */
  constructor(headerLine: number, report: (problem: RecordingProblem) => void) {
    this.#lastLine = headerLine
    this.#report = report
  }

  /** What a line is; nothing more can be read behind damage. The text is undefined for a line that is not UTF-8. */
  read(number: number, text: string | undefined): ChunkLine | EndLine | DamagedLine {
    this.#lastLine = number
    const line = this.#end === undefined ? readLine(text) : damageOf('a line after the end of the recording')
    if (line.kind === 'damage') return { ...line, line: number }
    if (line.kind === 'ending') this.#end = line
    const ms = line.kind === 'chunk' ? line.chunk.ms : (line.ms ?? this.#lastMs)
    if (ms < this.#lastMs) {
      this.#report({ line: number, reason: `the time runs backwards: ${ms} ms after ${this.#lastMs} ms` })
    }
    this.#lastMs = ms
    return line
  }

  /** What the file ended with, once all lines are read. */
  end(): EndLine | DamagedLine {
    const reason = 'the last line, {"end":…}, is missing: the file was cut'
    return this.#end ?? { kind: 'damage', line: this.#lastLine + 1, reason }
  }
}

/**
 * The header of a recording. The text is undefined for a line that is not UTF-8, `name` the file. Throws `MisuseError('bad_recording')`.
 */
export function readHeader(line: number, text: string | undefined, name: string): RecordingHeader {
  if (text === undefined) throw badRecording(name, { line, reason: NOT_UTF8 }, 'Save the file as UTF-8')
  const value: unknown = parseJson(text)
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

/** The refusal of a file without a line. */
export function emptyRecording(name: string): MisuseError {
  const nothing = { line: 1, reason: 'the file is empty' }
  return badRecording(name, nothing, 'A recording begins with a header: see docs/recordings.md')
}

function readLine(text: string | undefined): Line {
  if (text === undefined) return damageOf(NOT_UTF8)
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

/** Gives the reason to `refuse` if a value is no header of this version. */
export function checkHeader(value: unknown, refuse: (reason: string) => never): asserts value is RecordingHeader {
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

/** True for milliseconds, 0 or more. */
export function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function isRedactedMark(value: unknown): boolean {
  return isObject(value) && value.redacted === true && Object.keys(value).length === 1
}

function damageOf(reason: string): Damage {
  return { kind: 'damage', reason }
}

/** The refusal of a damaged file, with what to do about it. */
export function badRecording(name: string, { line, reason }: RecordingProblem, remedy: string): MisuseError {
  return new MisuseError('bad_recording', `${name}, line ${line}: ${reason}. ${remedy}.`)
}
