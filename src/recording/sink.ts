/**
 * Where recordings go while they are made. Lines are handed over as the stream comes, so that a kill loses nothing that was received.
 *
 * The rule: whatever reaches a sink has its secrets taken out already.
 */
import { MisuseError } from '../errors.ts'
import { wordOf } from '../json.ts'
import type { RecordedChunk, RecordedEnding, Recording, RecordingHeader } from './format.ts'

/** Takes one recording, in order: chunks, then the end, once. */
export interface RecordingWriter {
  chunk(chunk: RecordedChunk): void
  end(ending: RecordedEnding, endMs?: number): void
}

/** Opens a writer for each response, as soon as its status is known. */
export interface RecordingSink {
  open(header: RecordingHeader): RecordingWriter
}

/** A sink, or a function that is given each recording when it is over. */
export type RecordingTarget = RecordingSink | ((recording: Recording) => void)

/** The target as a sink: a function gets each recording whole. Throws `MisuseError('bad_argument')` for what is no target. */
export function sinkOf(target: RecordingTarget): RecordingSink {
  if (typeof target !== 'function') {
    if (typeof target === 'object' && target !== null && typeof target.open === 'function') return target
    const what = 'a function, or a sink such as recordingFolder(dir) of onefold/node'
    throw new MisuseError('bad_argument', `the target of the recordings is ${wordOf(target)}; it must be ${what}`)
  }
  return {
    open(header) {
      const chunks: RecordedChunk[] = []
      return {
        chunk: (chunk) => void chunks.push(chunk),
        end: (ending, endMs) =>
          target({ header, chunks, ending, ...(endMs === undefined ? {} : { endMs }), problems: [] }),
      }
    },
  }
}
