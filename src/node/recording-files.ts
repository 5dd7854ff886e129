/** Recordings as files: finding them, reading them, and the message that stands beside each as the one that it must give. */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
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

/** The bytes of a file. Throws `MisuseError('file_not_found')`, which says what it is instead. */
export async function readBytes(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file)
  } catch (error) {
    throw unreadable(file, error)
  }
}

function unreadable(file: string, error: unknown): MisuseError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const reason =
    code === 'ENOENT'
      ? 'there is no such file or folder'
      : code === 'EISDIR'
        ? 'it is a folder; name the files in it'
        : code === 'EACCES'
          ? 'it may not be read'
          : `it cannot be read (${code || String(error)})`
  return new MisuseError('file_not_found', `${file}: ${reason}`, { cause: error })
}

/** All streams in a folder and below, sorted. Throws `MisuseError('file_not_found')`. */
export async function findRecordings(folder: string): Promise<string[]> {
  try {
    if ((await stat(folder)).isFile()) return [folder]
    const names = await readdir(folder, { recursive: true })
    return names
      .filter((name) => STREAM_EXTENSIONS.has(extname(name)))
      .map((name) => join(folder, name))
      .toSorted()
  } catch (error) {
    throw unreadable(folder, error)
  }
}

/** The name of the case that a recording shows: its file name without the extension. It is the turn of the expected message. */
export function caseOf(file: string): string {
  return basename(file, extname(file))
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
