/**
 * A recording as a source: its chunks again, with the boundaries of the recording and the way it ended.
 *
 * The rule: this file has no clock. Waiting is done by the `sleep` that comes in, and without one a replay is as fast
 * as its reader. What is handed out is a copy, so a replay can be read again whatever a reader does to its bytes.
 */
import { MisuseError } from '../errors.ts'
import type { Recording } from './format.ts'
import { untilOf } from './pace.ts'
import { storedOf, type RecordedPart, type StoredRecording } from './stored.ts'

export interface ReplayOptions {
  /**
   * `none` (the default): no waiting. `recorded`: the recorded gaps. A number: the recorded gaps times it (0.5 is twice
   * as fast).
   */
  readonly timing?: 'none' | 'recorded' | number
  /**
   * Waits for `ms` milliseconds, or less once the signal (of a reader that left) aborts. Needed for every timing but
   * `none`.
   */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>
}

/** What a replay throws where the recorded connection broke; `code` is what Node gives for a reset connection. */
export class RecordedResetError extends Error {
  readonly code = 'ECONNRESET' as const

  constructor() {
    super('the recorded connection was reset')
    this.name = 'RecordedResetError'
  }
}

/**
 * The chunks of a recording, then its ending: `eof` ends, `reset` throws a `RecordedResetError`, `abort` throws a
 * `DOMException` named `AbortError`. Every iteration plays it from its start.
 *
 * Throws a `MisuseError` with the code `bad_option` for a timing below 0, or one that needs a `sleep` and has none.
 */
export function replay(recording: Recording, options: ReplayOptions = {}): AsyncIterable<Uint8Array> {
  const wait = paced(options)
  return {
    [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
      const left = new AbortController()
      const chunks = play(storedOf(recording, 'the recording'), wait, left.signal, errorAtEnd)
      return {
        next: () => chunks.next(),
        // A generator's own return() would wait behind a pending sleep.
        return: () => {
          left.abort()
          return chunks.return(undefined)
        },
      }
    },
  }
}

/** The end of a recording that broke. */
export type BrokenEnd = RecordedPart & { readonly kind: 'end'; readonly ending: 'reset' | 'abort' }

/** Copies of the chunks, each when it is due, until the reader has left. `errorOf` is what the recorded break is for this reader. */
export async function* play(
  recording: StoredRecording,
  wait: (ms: number, left: AbortSignal) => Promise<void>,
  left: AbortSignal,
  errorOf: (end: BrokenEnd) => Error,
): AsyncGenerator<Uint8Array, undefined> {
  const waitUntil = untilOf(async (gap) => {
    if (left.aborted) return
    try {
      await wait(gap, left)
    } catch (error) {
      if (!left.aborted) throw error
    }
  })
  for await (const part of recording.parts()) {
    if (part.kind === 'chunk') {
      await waitUntil(part.chunk.ms)
      if (left.aborted) return undefined
      yield part.chunk.bytes.slice()
      continue
    }
    if (part.ms !== undefined) await waitUntil(part.ms)
    const { ending } = part
    if (left.aborted || ending === 'eof') return undefined
    throw errorOf({ ...part, ending })
  }
  return undefined
}

function errorAtEnd({ ending }: BrokenEnd): Error {
  switch (ending) {
    case 'reset':
      return new RecordedResetError()
    case 'abort':
      return new DOMException('the recorded client aborted the request', 'AbortError')
    default: {
      const never: never = ending
      return never
    }
  }
}

/** A wait for so many recorded milliseconds, as the options want it. Throws as `replay` does. */
export function paced({ timing = 'none', sleep }: ReplayOptions): (ms: number, signal: AbortSignal) => Promise<void> {
  const scale = timing === 'none' ? 0 : timing === 'recorded' ? 1 : timing
  if (!Number.isFinite(scale) || scale < 0) {
    throw new MisuseError('bad_option', `timing: ${timing} is neither 'none' nor 'recorded' nor a number, 0 or more`)
  }
  if (scale === 0) return () => Promise.resolve()
  if (sleep === undefined)
    throw new MisuseError('bad_option', `timing: ${timing} needs the option sleep, a function that waits`)
  return (ms, signal) => sleep(ms * scale, signal)
}
