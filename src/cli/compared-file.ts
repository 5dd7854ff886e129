/** One side of a comparison, read from a file. */
import { extname } from 'node:path'
import { observeRecording, type ObservedTurn } from '../compare/observed.ts'
import { DIALECT_NAMES } from '../dialects/definitions.ts'
import { MisuseError } from '../errors.ts'
import { isObject, parseJson } from '../json.ts'
import type { Dialect } from '../message.ts'
import { readBytes } from '../node/recording-files.ts'
import { looksLikeRecording, readRecording, RECORDING_EXTENSION, type Recording } from '../recording/format.ts'
import { looksLikeHar, recordingsOfHar } from '../recording/har.ts'
import { questionIn } from './asked-question.ts'
import { messagesIn } from './compared-message.ts'
import { readInput } from './input.ts'

export interface ReadSide {
  readonly turn: ObservedTurn
  /** What is damaged in the file, each a sentence that names the file and the place; what is sound is in the turn. */
  readonly problems: readonly string[]
  /** It showed no wire format, and was read in the one that was named. */
  readonly isNamed: boolean
  /** What was asked, where the file says it. */
  readonly question?: string
}

/**
 * Reads a recording, a plain body, a whole JSON answer, a HAR with one answer, or messages as JSON. `dialect` is for a body that does not
 * show its own. Throws `MisuseError` (`file_not_found`, `bad_recording`).
 */
export async function readSide(
  file: string,
  dialect: Dialect | undefined,
  input?: AsyncIterable<Uint8Array>,
): Promise<ReadSide> {
  const isInput = file === '-' && input !== undefined
  const name = isInput ? 'standard input' : file
  const bytes = isInput ? await readInput(input) : await readBytes(file)
  const start = new TextDecoder().decode(bytes.subarray(0, 4096))
  if (extname(file).toLowerCase() === '.har' || looksLikeHar(start)) return sideOfHar(bytes, name, dialect)
  if (!file.endsWith(RECORDING_EXTENSION) && JSON_START.test(start) && !/^\uFEFF?\s*\{"onefold"/.test(start)) {
    const text = new TextDecoder().decode(bytes)
    const messages = looksLikeRecording(text) ? undefined : messagesIn(text, name)
    if (messages !== undefined) return { turn: { messages, anomalies: [] }, problems: [], isNamed: false }
  }
  if (!file.endsWith(RECORDING_EXTENSION) && !looksLikeRecording(new TextDecoder().decode(bytes)))
    return sideOfBody(bytes, name, dialect)
  const recording = readRecording(bytes, { name: file, damaged: 'keep' })
  return sideOfRecording(recording, name, dialect)
}

async function sideOfHar(bytes: Uint8Array, name: string, dialect: Dialect | undefined): Promise<ReadSide> {
  const { recordings, leftOut } = await recordingsOfHar(new TextDecoder().decode(bytes), { name })
  const [first, ...others] = recordings
  if (first === undefined) throw new MisuseError('bad_recording', `${name}: there is no answer of a known API in it`)
  if (others.length > 0) {
    throw new MisuseError(
      'bad_recording',
      `${name}: it has ${recordings.length} answers, and a side is one. onefold import ${name} --out DIR makes a recording of each`,
    )
  }
  const side = sideOfRecording(first.recording, name, dialect)
  const left = leftOut.map(({ entry, reason }) => `${name}: ${entry === undefined ? '' : `entry ${entry}: `}${reason}`)
  return { ...side, problems: [...left, ...side.problems] }
}

function sideOfRecording(recording: Recording, name: string, dialect: Dialect | undefined): ReadSide {
  const { turn, isNamed } = observed(recording, dialect)
  const damage = recording.problems.map(
    ({ line, reason }) => `${name}: line ${line}: ${reason}; what came before it is compared`,
  )
  const question = questionIn(recording.header.request)
  return {
    turn,
    problems: isForeign(turn) ? [...damage, hint(name)] : damage,
    isNamed,
    ...(question === undefined ? {} : { question }),
  }
}

/** A file without a header may be anything: what is no stream either is no side. */
function sideOfBody(bytes: Uint8Array, name: string, dialect: Dialect | undefined): ReadSide {
  const recording = readRecording(bytes, { name })
  const { turn, isNamed } = observed(recording, dialect)
  if (!isForeign(turn) && !(isNamed && saysNothing(turn))) return { turn, problems: [], isNamed }
  const text = new TextDecoder().decode(bytes)
  if (couldBeStream(text, name)) return { turn, problems: isNamed ? [] : [hint(name)], isNamed }
  throw new MisuseError('bad_recording', `${name}: ${whatItIs(text)}; ${SIDES}`)
}

function whatItIs(text: string): string {
  if (text.trim() === '') return 'it is empty'
  return JSON_START.test(text) && parseJson(text) === undefined
    ? 'it is no JSON that can be read, and may be cut off'
    : 'it is no stream, no answer and no message'
}

/** How a JSON document that says anything begins. */
const JSON_START = /^\uFEFF?\s*[[{]/

const SIDES =
  'a side is a recording, an .sse or .ndjson body, a whole JSON answer, a HAR file with one answer, or a message as onefold fold --json prints it'

function hint(name: string): string {
  return `${name}: it shows no known wire format; name it with --dialect (${DIALECT_NAMES.join(', ')})`
}

/** `isNamed`: it showed no wire format, and was read in the one that was named. */
function observed(
  recording: Recording,
  dialect: Dialect | undefined,
): { readonly turn: ObservedTurn; readonly isNamed: boolean } {
  const turn = observeRecording(recording)
  if (dialect === undefined || !isUnknown(turn)) return { turn, isNamed: false }
  return { turn: observeRecording(recording, { dialect }), isNamed: true }
}

function isUnknown({ messages }: ObservedTurn): boolean {
  return messages.every((message) => message.dialect === 'unknown')
}

/** A file that is no stream at all. A response that is an error needs no dialect. */
function isForeign(turn: ObservedTurn): boolean {
  return isUnknown(turn) && saysNothing(turn)
}

function saysNothing({ messages }: ObservedTurn): boolean {
  return messages.every(
    ({ outcome }) =>
      outcome.kind === 'failed' && (outcome.error.class === 'unknown_dialect' || outcome.error.class === 'malformed'),
  )
}

/** Events, or JSON lines, of whatever form. One JSON document is neither, unless its name says so. */
function couldBeStream(text: string, name: string): boolean {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
  const [first = ''] = lines
  if (/^(?:data|event|id|retry)?:/.test(first)) return true
  const isLines = extname(name) === '.ndjson' || extname(name) === '.jsonl'
  return isLines ? first.startsWith('{') : lines.length > 1 && isObject(parseJson(first))
}
