/** Recordings as files of a folder, written line by line while they are made. */
import { closeSync, createWriteStream, mkdirSync, openSync, readdirSync, statSync, type WriteStream } from 'node:fs'
import { dirname, join } from 'node:path'
import { MisuseError } from '../errors.ts'
import { apiCallOf } from '../recording/api-call.ts'
import {
  formatChunk,
  formatEnding,
  formatHeader,
  RECORDING_EXTENSION,
  type RecordedEnding,
  type RecordingHeader,
} from '../recording/format.ts'
import type { RecordingSink, RecordingWriter } from '../recording/sink.ts'

export interface RecordingFolderOptions {
  /** Told once, with the first error, when files can no longer be written: a full disk, a folder that is gone or closed. */
  readonly onError?: (error: MisuseError) => void
  /** What the name of a file says besides its number. Default: the dialect or path, and the model. */
  readonly nameOf?: (header: RecordingHeader) => string
}

/** A file of the folder, as far as it is written. */
export interface RecordedFile {
  readonly path: string
  readonly header: RecordingHeader
  readonly chunks: number
  /** Of the recorded body. */
  readonly bytes: number
  /** Undefined while it is being written. */
  readonly ending?: RecordedEnding
  /** Whether everything is in the file so far. */
  readonly isWhole: boolean
}

export interface RecordingFolder extends RecordingSink {
  /** The files that were begun, in the order of their names. */
  readonly files: readonly RecordedFile[]
  /**
   * Waits until everything that was handed over is written; a recording that is not over ends with `abort`. What still comes for such a one is
   * lost, and one that begins later is not waited for: `onError` is told.
   */
  close(): Promise<void>
}

/**
 * Writes each recording to a file `NNNN-<dialect or path>-<model>.recording` of the folder, which is made if it is not there (0700; files
 * 0600). The numbers go on behind those that are there and follow the order of the requests. No file is overwritten. What cannot be written
 * is told to `onError` and disturbs nobody.
 *
 * Throws `MisuseError('file_not_found')` where the folder cannot be made.
 */
export function recordingFolder(folder: string, options: RecordingFolderOptions = {}): RecordingFolder {
  const first = openFolder(folder) + 1
  const files: MutableFile[] = []
  const writing: Promise<void>[] = []
  const unfinished = new Set<RecordingWriter>()
  let next = first
  let isTold = false
  let isClosed = false
  const tell = (error: MisuseError): void => {
    if (isTold) return
    isTold = true
    options.onError?.(error)
  }
  const fail = (error: unknown, path: string): void => tell(unwritable(path, error))
  return {
    get files() {
      return files.toSorted((a, b) => (a.path < b.path ? -1 : 1))
    },
    async close() {
      isClosed = true
      for (const writer of unfinished) writer.end('abort')
      await Promise.all(writing)
    },
    open(header) {
      // A header that cannot be written must not leave an empty file.
      const line = formatHeader(header)
      if (isClosed) tell(tooLate(folder))
      const { order } = header
      const wanted = typeof order === 'number' && Number.isSafeInteger(order) && order > 0 ? first + order - 1 : next
      const opened = openNew(folder, wanted, safe(options.nameOf?.(header) ?? '') || nameOf(header), fail)
      if (opened === undefined) return NOWHERE
      next = Math.max(next, opened.number + 1)
      const file: MutableFile = { path: opened.path, header, chunks: 0, bytes: 0, isWhole: true }
      files.push(file)
      const { stream } = opened
      writing.push(new Promise<void>((resolve) => stream.once('close', resolve)))
      stream.on('error', (error) => {
        file.isWhole = false
        fail(error, opened.path)
      })
      stream.write(line)
      const writer = writerOf(file, stream, {
        over: () => unfinished.delete(writer),
        late: () => tell(tooLate(opened.path)),
      })
      unfinished.add(writer)
      return writer
    },
  }
}

type MutableFile = { -readonly [key in keyof RecordedFile]: RecordedFile[key] }

const NOWHERE: RecordingWriter = { chunk: () => undefined, end: () => undefined }

interface WriterEvents {
  readonly over: () => void
  /** There is more than was written, since the folder was closed. */
  readonly late: () => void
}

function writerOf(file: MutableFile, stream: WriteStream, { over, late }: WriterEvents): RecordingWriter {
  const write = (line: string): void => {
    // After an error there is no more to write to.
    if (stream.writable) stream.write(line)
  }
  return {
    chunk(chunk) {
      if (file.ending !== undefined) {
        late()
        return
      }
      file.chunks += 1
      file.bytes += chunk.bytes.length
      write(formatChunk(chunk))
    },
    end(ending, endMs) {
      if (file.ending !== undefined) {
        if (ending !== file.ending) late()
        return
      }
      over()
      file.ending = ending
      write(formatEnding(ending, endMs))
      stream.end()
    },
  }
}

/** Makes the folder if need be; gives the highest number that is taken in it. */
function openFolder(folder: string): number {
  try {
    makeFolder(folder)
    const numbers = readdirSync(folder).map((name) => Number(/^(\d{1,9})-.*\.recording$/.exec(name)?.[1] ?? 0))
    return numbers.reduce((most, number) => Math.max(most, number), 0)
  } catch (error) {
    throw unwritable(folder, error)
  }
}

/** Node's own way, with `recursive`, never ends in a file system that makes no folders, such as /proc. */
function makeFolder(folder: string): void {
  if (isFolder(folder)) return
  const parent = dirname(folder)
  if (parent !== folder) makeFolder(parent)
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    // Another program may have made it meanwhile.
    if (!isFolder(folder)) throw error
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

interface Opened {
  readonly path: string
  readonly number: number
  readonly stream: WriteStream
}

/** Another program may write to the same folder: a number that is taken is passed over. */
function openNew(
  folder: string,
  wanted: number,
  name: string,
  fail: (error: unknown, path: string) => void,
): Opened | undefined {
  for (let number = wanted; ; number += 1) {
    const path = join(folder, `${String(number).padStart(4, '0')}-${name}${RECORDING_EXTENSION}`)
    try {
      const fd = openSync(path, 'wx', 0o600)
      return { path, number, stream: streamOf(path, fd) }
    } catch (error) {
      if (codeOf(error) === 'EEXIST') continue
      fail(error, path)
      return undefined
    }
  }
}

function streamOf(path: string, fd: number): WriteStream {
  try {
    return createWriteStream(path, { fd })
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

const LONGEST_NAME = 60

/** What names the recording for a person: the dialect, or the end of the path where it is none; and the model. */
function nameOf({ dialect, request }: RecordingHeader): string {
  const method = typeof request?.method === 'string' ? request.method : ''
  const path = typeof request?.path === 'string' ? request.path : ''
  const call = apiCallOf(method, path, request?.body)
  const what = dialect ?? safe(path.split('?', 1)[0] ?? '')
  const operation = call === undefined || call.operation === 'answer' ? undefined : call.operation
  const parts = [what, operation, call?.model].map((part) => safe(part ?? '')).filter((part) => part !== '')
  return parts.join('-') || 'stream'
}

/** Nothing in a name leads out of the folder, or means anything to a shell. */
function safe(text: string): string {
  return text
    .slice(0, 4 * LONGEST_NAME)
    .replaceAll(/[^A-Za-z0-9._]+/g, '-')
    .replaceAll(/\.{2,}/g, '.')
    .replaceAll(/^[-.]+|[-.]+$/g, '')
    .slice(0, LONGEST_NAME)
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}

function tooLate(path: string): MisuseError {
  return new MisuseError(
    'bad_argument',
    `${path}: more came after the folder was closed; close it once every response is read`,
  )
}

function unwritable(path: string, error: unknown): MisuseError {
  const code = codeOf(error)
  const reasons: Readonly<Record<string, string>> = {
    ENOSPC: 'the disk is full',
    EACCES: 'it may not be written by this user',
    EROFS: 'the file system is read-only',
    ENOTDIR: 'a part of the path is no folder',
    EEXIST: 'it is no folder',
    ENOENT: 'the folder is gone, or none can be made there',
  }
  const reason = reasons[code] ?? `it cannot be written (${code})`
  return new MisuseError('file_not_found', `${path}: ${reason}; name another folder, or make room`, { cause: error })
}
