/**
 * A `fetch` for one test: it plays what was recorded under a name, or records it where there is nothing yet and recording was asked for.
 * The rule: without `ONEFOLD_RECORD=1` nothing asks a provider, and under CI nothing ever does.
 */
import { join } from 'node:path'
import { MisuseError } from '../errors.ts'
import type { RecordedChunk, RecordedEnding, Recording, RecordingHeader } from '../recording/format.ts'
import type { RecordOptions } from '../recording/recorder.ts'
import type { Fetch } from '../recording/fetch.ts'
import { recordingFetch } from '../recording/recording-fetch.ts'
import { replayFetch, type ReplayFetchOptions } from '../recording/replay-fetch.ts'
import type { RecordingSink } from '../recording/sink.ts'
import { storedOf } from '../recording/stored.ts'
import { findNamed, writeNamed } from './named-recordings.ts'
import { readRecordingFile } from './recording-files.ts'

/** The variable of the environment that switches recording on. */
export const RECORD_VARIABLE = 'ONEFOLD_RECORD'

export interface RecordedOptions {
  /** Where the recordings are. */
  readonly folder: string
  /** What asks the provider while recording; the global `fetch` without it. */
  readonly fetch?: Fetch
  /** For the recorder: what else is to be taken out, and the like. */
  readonly record?: Omit<RecordOptions, 'onError'>
  /** For the replay: how requests are matched, how fast it is. */
  readonly replay?: ReplayFetchOptions
  /** Where `ONEFOLD_RECORD` and `CI` are looked up; the environment of the process without it. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** The command that records, for the message that nothing is recorded. */
  readonly command?: string
}

export interface Recorded {
  /** Hand it to an SDK as its `fetch`. */
  readonly fetch: Fetch
  readonly mode: 'replay' | 'record'
  /** The files that are played; none while recording. */
  readonly files: readonly string[]
  /**
   * The end of the test. `keep` (while recording): writes what was recorded; without it nothing is kept, so that half a test is never played.
   * Gives the files.
   */
  close(end: { readonly keep: boolean }): Promise<readonly string[]>
}

/**
 * Opens what is recorded under `name`. Throws `MisuseError`: `bad_argument` for a name or a folder that is none,
 * `no_recording` where there is none and none may be made, `bad_option` for
 * `ONEFOLD_RECORD=1` under CI or another value of it, and as reading the files does.
 */
export async function openRecorded(name: string, options: RecordedOptions): Promise<Recorded> {
  if (typeof name !== 'string' || typeof options?.folder !== 'string') {
    throw new MisuseError('bad_argument', 'openRecorded takes the name of a recording and { folder }, both texts')
  }
  const { folder, env = process.env } = options
  const isRecording = asksToRecord(env)
  const files = await findNamed(folder, name)
  if (files.length > 0) {
    const recordings = await Promise.all(files.map(async (file) => storedOf(await readRecordingFile(file), file)))
    return { fetch: replayFetch(recordings, options.replay), mode: 'replay', files, close: async () => files }
  }
  if (!isRecording) throw missing(name, options, isCi(env))
  const kept = new Kept()
  return {
    fetch: kept.counted(
      recordingFetch(options.fetch ?? fetch, kept, { ...options.record, onError: (error) => kept.lose(error) }),
    ),
    mode: 'record',
    files,
    async close({ keep }) {
      if (!keep) return []
      const recordings = await kept.whole()
      if (recordings.length > 0) return writeNamed(folder, name, recordings)
      throw new MisuseError('no_recording', `${name}: nothing was recorded, since nothing used the fetch that it gives`)
    },
  }
}

function asksToRecord(env: Readonly<Record<string, string | undefined>>): boolean {
  const asked = env[RECORD_VARIABLE] ?? ''
  if (asked === '' || asked === '0') return false
  if (asked !== '1') {
    throw new MisuseError('bad_option', `${RECORD_VARIABLE}=${asked}: it is 1 to record what is missing, or not set`)
  }
  if (!isCi(env)) return true
  throw new MisuseError(
    'bad_option',
    `${RECORD_VARIABLE}=1 under CI: a build never asks a provider. Record on your machine and commit the files`,
  )
}

function isCi({ CI = '' }: Readonly<Record<string, string | undefined>>): boolean {
  return CI !== '' && CI !== 'false' && CI !== '0'
}

function missing(name: string, { folder, command }: RecordedOptions, isInCi: boolean): MisuseError {
  const file = join(folder, `${name}.recording`)
  const run = `${RECORD_VARIABLE}=1 ${command ?? 'with the command that runs this test'}`
  const where = isInCi ? 'Record it on your machine and commit it' : 'Record it'
  return new MisuseError('no_recording', `${file}: there is no such recording. ${where}: ${run}`)
}

/** How long the end of a test waits for answers that nobody reads to their end. */
const PATIENCE_MS = 1000

interface OpenRecording {
  readonly header: RecordingHeader
  readonly chunks: RecordedChunk[]
  over?: { readonly ending: RecordedEnding; readonly ms?: number }
}

/** The recordings of a test while it runs. */
class Kept implements RecordingSink {
  readonly #open: OpenRecording[] = []
  #answered = 0
  #lost: { readonly error: unknown } | undefined
  #changed: () => void = () => undefined

  /** The same `fetch`; its answers are counted, since what is known of one comes a little later. */
  counted(recording: Fetch): Fetch {
    return async (input, init) => {
      const response = await recording(input, init)
      this.#answered += 1
      return response
    }
  }

  open(header: RecordingHeader): ReturnType<RecordingSink['open']> {
    const one: OpenRecording = { header, chunks: [] }
    this.#open.push(one)
    return {
      chunk: (chunk) => void one.chunks.push(chunk),
      end: (ending, ms) => {
        one.over = { ending, ...(ms === undefined ? {} : { ms }) }
        this.#changed()
      },
    }
  }

  lose(error: unknown): void {
    this.#lost ??= { error }
    this.#changed()
  }

  /**
   * All of them, in the order of the requests; one that is still open when patience ends was given up by the client. Throws what kept one
   * from being recorded.
   */
  async whole(): Promise<readonly Recording[]> {
    if (!this.#isOver) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, PATIENCE_MS)
        this.#changed = () => {
          if (!this.#isOver) return
          clearTimeout(timer)
          resolve()
        }
      })
    }
    if (this.#lost !== undefined) throw this.#lost.error
    const inOrder = this.#open.toSorted((a, b) => (a.header.order ?? 0) - (b.header.order ?? 0))
    return inOrder.map(({ header, chunks, over = { ending: 'abort' } }) => ({
      header,
      chunks,
      ending: over.ending,
      ...(over.ms === undefined ? {} : { endMs: over.ms }),
      problems: [],
    }))
  }

  get #isOver(): boolean {
    if (this.#lost !== undefined) return true
    return this.#open.length >= this.#answered && this.#open.every(({ over }) => over !== undefined)
  }
}
