/** Recordings as files: finding them, reading them, and the message that stands beside each as the one that it must give. */
import { readdirSync, readFileSync, statSync, type Dirent } from 'node:fs'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { basename, extname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MisuseError } from '../errors.ts'
import { parseJson, type JsonValue } from '../json.ts'
import { assembleRecording } from '../recording/fold-recording.ts'
import { readRecording, RECORDING_EXTENSION, type Recording } from '../recording/format.ts'

/** Files that hold a stream: recordings, and plain bodies. */
const STREAM_EXTENSIONS: ReadonlySet<string> = new Set([RECORDING_EXTENSION, '.sse', '.ndjson'])

/** Reads a recording or a plain body. Throws `MisuseError` (`file_not_found`, `bad_recording`). `damaged: 'keep'` keeps what is sound. */
export async function readRecordingFile(file: string, damaged: 'refuse' | 'keep' = 'refuse'): Promise<Recording> {
  return readRecording(await readBytes(file), { name: file, damaged })
}

/** The same, at once, for who declares tests. Throws as `readRecordingFile` does. */
export function readRecordingFileNow(file: string): Recording {
  try {
    return readRecording(readFileSync(file), { name: file })
  } catch (error) {
    throw error instanceof MisuseError ? error : unreadable(file, error)
  }
}

/** A path, or that of a file URL. */
export function pathOf(path: string | URL): string {
  return path instanceof URL ? fileURLToPath(path) : path
}

/** The bytes of a file. Throws `MisuseError('file_not_found')`, which says what it is instead. */
export async function readBytes(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file)
  } catch (error) {
    throw unreadable(file, error)
  }
}

/** Why a file cannot be read, as what a caller is told. */
export function unreadable(file: string, error: unknown): MisuseError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const reason =
    code === 'ENOENT'
      ? 'there is no such file or folder'
      : code === 'EISDIR'
        ? 'it is a folder; name the files in it, or give it to openRecordings'
        : code === 'EACCES'
          ? 'it may not be read'
          : `it cannot be read (${code || String(error)})`
  return new MisuseError('file_not_found', `${file}: ${reason}`, { cause: error })
}

/** All streams in a folder and below, sorted. Throws `MisuseError('file_not_found')`. */
export async function findRecordings(folder: string): Promise<string[]> {
  try {
    if ((await stat(folder)).isFile()) return [folder]
    return streamsAmong(await readdir(folder, { recursive: true, withFileTypes: true }))
  } catch (error) {
    throw unreadable(folder, error)
  }
}

/** The same at once, for who must know before anything runs: a test runner that collects tests. */
export function findRecordingsNow(folder: string): readonly string[] {
  try {
    if (statSync(folder).isFile()) return [folder]
    return streamsAmong(readdirSync(folder, { recursive: true, withFileTypes: true }))
  } catch (error) {
    throw unreadable(folder, error)
  }
}

function streamsAmong(entries: readonly Dirent[]): string[] {
  return entries
    .filter((entry) => !entry.isDirectory() && STREAM_EXTENSIONS.has(extname(entry.name)))
    .map(({ parentPath, name }) => join(parentPath, name))
    .toSorted(byNumber)
}

/** As texts, but numbers in them as numbers: what a recorder writes as 10000 comes behind 9999. */
function byNumber(a: string, b: string): number {
  const [left, right] = [a.split(/(\d+)/), b.split(/(\d+)/)]
  const at = left.findIndex((piece, index) => piece !== right[index])
  const [one = '', other = ''] = [left[at], right[at]]
  // Every second piece is a number.
  const difference = at % 2 === 1 ? Number(one) - Number(other) : 0
  return difference === 0 || Number.isNaN(difference) ? (a < b ? -1 : a > b ? 1 : 0) : difference
}

/** The name of the case that a recording shows: its file name without the extension. It is the turn of the expected message. */
export function caseOf(file: string): string {
  return basename(file, extname(file))
}

/** The same with the folders in between, seen from `folder`; a file that is named itself has its whole path. */
export function caseIn(folder: string, file: string): string {
  return (relative(folder, file) || file).slice(0, -extname(file).length)
}

/** Where the message stands that a recording must give. */
export function expectationOf(file: string): string {
  return `${file.slice(0, -extname(file).length)}.json`
}

/** The message that the recording gives, as it stands in the file beside it: without times; a list if the answer has several choices. */
export async function messageOfFile(file: string): Promise<JsonValue> {
  const recording = await readRecordingFile(file)
  const messages = await assembleRecording(recording, { turn: caseOf(file) }).messages()
  const untimed = messages.map(({ timing: _timing, ...message }) => message)
  return parseJson(JSON.stringify(untimed.length === 1 ? untimed[0] : untimed)) ?? null
}

/** The message that the recording must give; undefined if none is written down. */
export async function readExpectation(file: string): Promise<JsonValue | undefined> {
  const path = expectationOf(file)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch {
    return undefined
  }
  const message = parseJson(text)
  if (message === undefined) throw new MisuseError('bad_recording', `${path}: not JSON; write it anew with --update`)
  return message
}

export async function writeExpectation(file: string, message: JsonValue): Promise<void> {
  const path = expectationOf(file)
  try {
    await writeFile(path, `${JSON.stringify(message, null, 2)}\n`)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new MisuseError('file_not_found', `${path}: it cannot be written (${code})`, { cause: error })
  }
}
