/** A recording that is read while it is played, so that its size does not matter; one in memory is a small one. */
import { MisuseError } from '../errors.ts'
import { wordOf } from '../json.ts'
import { checkHeader } from './lines.ts'
import type { RecordedChunk, RecordedEnding, Recording, RecordingHeader, RecordingProblem } from './format.ts'

export type RecordedPart =
  | { readonly kind: 'chunk'; readonly chunk: RecordedChunk }
  /** Always the last. A damaged recording ends with `reset` where the damage is. */
  | {
      readonly kind: 'end'
      readonly ending: RecordedEnding
      readonly ms?: number
      readonly damage?: RecordingProblem
    }

export interface StoredRecording {
  /** The file, or what else names it in a message. */
  readonly name: string
  readonly header: RecordingHeader
  /** Its chunks and its end, from the beginning each time. */
  parts(): AsyncIterable<RecordedPart>
}

/** A recording in memory as one that is read. */
export function storedOf(recording: Recording, name: string): StoredRecording {
  const { header, chunks, ending, endMs } = recording
  return {
    name,
    header,
    async *parts() {
      for (const chunk of chunks) yield { kind: 'chunk', chunk }
      yield { kind: 'end', ending, ...(endMs === undefined ? {} : { ms: endMs }) }
    },
  }
}

/**
 * What a caller handed in as a recording, as one that is read. `number` names it where it does not say where it is from; `taker` is who was
 * given it. Throws `MisuseError('bad_argument')` for what is none, and for a header that no reader would accept.
 */
export function storedFrom(given: Recording | StoredRecording, number: number, taker: string): StoredRecording {
  const refuse = (reason: string): never => {
    throw new MisuseError('bad_argument', `${taker} takes recordings, as readRecording gives them, and ${reason}`)
  }
  if (typeof given !== 'object' || given === null || !('header' in given)) return refuse(`got ${wordOf(given)}`)
  checkHeader(given.header, (reason) => refuse(`recording ${number} is none: ${reason}`))
  if ('parts' in given && typeof given.parts === 'function') return given
  if ('chunks' in given && Array.isArray(given.chunks)) {
    return storedOf(given, given.header.provenance.from ?? `recording ${number}`)
  }
  return refuse(`recording ${number} has no chunks`)
}

/** The whole of a recording in memory; damage is one of its problems, and its ending is `reset` then. */
export async function loadRecording(recording: StoredRecording): Promise<Recording> {
  const { header } = recording
  const chunks: RecordedChunk[] = []
  for await (const part of recording.parts()) {
    if (part.kind === 'chunk') {
      chunks.push(part.chunk)
      continue
    }
    const { ending, ms, damage } = part
    const problems = damage === undefined ? [] : [damage]
    return { header, chunks, ending, ...(ms === undefined ? {} : { endMs: ms }), problems }
  }
  return { header, chunks, ending: 'reset', problems: [] }
}
