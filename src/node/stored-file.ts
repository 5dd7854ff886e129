/**
 * A recording as a file that is read while it is played: its size does not matter.
 *
 * The rule: what is served comes from the file or the folder that was named. A link in a folder that leads out of it is refused, when it is
 * opened and each time when it is played.
 */
import { createReadStream } from 'node:fs'
import { open, realpath, stat } from 'node:fs/promises'
import { relative, sep } from 'node:path'
import { MisuseError } from '../errors.ts'
import { looksLikeRecording, RECORDING_EXTENSION, recordingOfBody } from '../recording/format.ts'
import { badRecording, emptyRecording, LineReader, readHeader, type DamagedLine } from '../recording/lines.ts'
import type { RecordedPart, StoredRecording } from '../recording/stored.ts'
import { fileLines, LONGEST_LINE } from './file-lines.ts'
import { findRecordings, unreadable } from './recording-files.ts'

/** Pieces in which a plain body is served. */
const PIECE = 64 * 1024

/**
 * Opens a recording, or a plain `.sse`, `.ndjson` or JSON body. Only its header is read now; each play reads the file anew. `folder` is the
 * one that it must be in, if any.
 *
 * Throws `MisuseError` with the code `file_not_found`, or `bad_recording` for an empty file, a damaged header or a newer version. Damage
 * behind the header is found where it is: all before it is played, then the end is a `reset` that says so.
 */
export async function openRecordingFile(file: string, folder?: string): Promise<StoredRecording> {
  await checkInside(file, folder)
  const start = await beginningOf(file)
  if (start === '') throw emptyRecording(file)
  if (!file.endsWith(RECORDING_EXTENSION) && !looksLikeRecording(start)) {
    const { header } = recordingOfBody(new Uint8Array(), { name: file })
    return { name: file, header, parts: () => bodyParts(file, folder) }
  }
  for await (const line of fileLines(file)) {
    if (line.kind === 'too_long') throw badRecording(file, { line: line.number, reason: TOO_LONG }, 'Write it anew')
    const header = readHeader(line.number, line.text, file)
    return { name: file, header, parts: () => recordingParts(file, folder, line.number) }
  }
  throw emptyRecording(file)
}

/**
 * All recordings that files and folders hold, each folder in the order of its names (numbers in them as numbers). What is empty or has a
 * damaged header is refused where it was named itself, and left out where only its folder was: `warn` is told, by default as a warning of the
 * process. Throws as `openRecordingFile` does, and `MisuseError('file_not_found')` for a folder without a recording.
 */
export async function openRecordings(
  paths: readonly string[],
  warn: (message: string) => void = (message) => process.emitWarning(message),
): Promise<readonly StoredRecording[]> {
  if (!Array.isArray(paths))
    throw new MisuseError('bad_argument', "openRecordings takes a list of paths: ['recordings']")
  const opened: StoredRecording[] = []
  for (const path of paths) {
    const files = await findRecordings(path)
    if (files.length === 0) {
      throw new MisuseError('file_not_found', `${path}: there is no recording in it (*.recording, *.sse or *.ndjson)`)
    }
    const folder = files[0] === path ? undefined : path
    const refused: MisuseError[] = []
    const before = opened.length
    for (const file of files) {
      const recording = await openRecordingFile(file, folder).catch((error: unknown) => {
        if (folder === undefined || !(error instanceof MisuseError) || error.code !== 'bad_recording') throw error
        refused.push(error)
        return undefined
      })
      if (recording === undefined) continue
      // Of one folder the names below it say enough.
      const name = folder === undefined || paths.length > 1 ? file : relative(folder, file)
      opened.push({ ...recording, name })
    }
    const [first] = refused
    if (first !== undefined && opened.length === before) throw first
    for (const { message } of refused) warn(`left out: ${message}`)
  }
  return opened
}

const TOO_LONG = `the line is longer than ${LONGEST_LINE / 1024 / 1024} MiB`

async function* recordingParts(
  file: string,
  folder: string | undefined,
  headerLine: number,
): AsyncGenerator<RecordedPart, void, undefined> {
  await checkInside(file, folder)
  const reader = new LineReader(headerLine, () => undefined)
  for await (const line of fileLines(file)) {
    if (line.number === headerLine) continue
    const tooLong: DamagedLine = { kind: 'damage', line: line.number, reason: TOO_LONG }
    const read = line.kind === 'too_long' ? tooLong : reader.read(line.number, line.text)
    if (read.kind === 'chunk') yield read
    else if (read.kind === 'damage') {
      yield damaged(read)
      return
    }
  }
  const end = reader.end()
  if (end.kind === 'damage') yield damaged(end)
  else yield { kind: 'end', ending: end.ending, ...(end.ms === undefined ? {} : { ms: end.ms }) }
}

function damaged({ line, reason }: DamagedLine): RecordedPart {
  return { kind: 'end', ending: 'reset', damage: { line, reason } }
}

async function* bodyParts(file: string, folder: string | undefined): AsyncGenerator<RecordedPart, void, undefined> {
  await checkInside(file, folder)
  for await (const bytes of createReadStream(file, { highWaterMark: PIECE })) {
    if (Buffer.isBuffer(bytes)) yield { kind: 'chunk', chunk: { ms: 0, bytes } }
  }
  yield { kind: 'end', ending: 'eof' }
}

async function checkInside(file: string, folder: string | undefined): Promise<void> {
  let way: string
  try {
    if ((await stat(file)).isDirectory()) throw new MisuseError('file_not_found', `${file}: it is a folder`)
    if (folder === undefined) return
    way = relative(await realpath(folder), await realpath(file))
  } catch (error) {
    throw error instanceof MisuseError ? error : unreadable(file, error)
  }
  if (way !== '..' && !way.startsWith(`..${sep}`) && !way.startsWith(sep)) return
  const what = 'it is a link that leads out of its folder, and nothing outside is served; name the file itself'
  throw new MisuseError('file_not_found', `${file}: ${what}`)
}

/** So much of the file as shows what it is; empty for an empty file. */
async function beginningOf(file: string): Promise<string> {
  const handle = await open(file).catch((error: unknown) => {
    throw unreadable(file, error)
  })
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(PIECE), 0, PIECE, 0)
    return buffer.toString('utf8', 0, bytesRead).trimStart()
  } finally {
    await handle.close()
  }
}
