/**
 * Ways to cut bytes and to spell their line ends, for tests and replays: whatever is done here, the message must be the
 * same (I1).
 *
 * The rule: a cut never changes a byte, and every function is pure; what looks random comes from a seed. Pieces are
 * views of the bytes that were handed in, since all the cuts of a long stream would not fit in memory as copies;
 * `recut` gives bytes of its own.
 */
import { MisuseError } from '../errors.ts'
import type { RecordedChunk, Recording } from './format.ts'

/**
 * Cuts before each of the positions: n positions give n + 1 pieces, empty ones where a position repeats or is an end.
 *
 * Throws a `MisuseError` with the code `bad_argument` if the positions are not whole numbers in ascending order from 0
 * to the length.
 */
export function splitAt(bytes: Uint8Array, positions: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = []
  let start = 0
  for (const position of positions) {
    if (!Number.isInteger(position) || position < start || position > bytes.length) {
      throw new MisuseError(
        'bad_argument',
        `cannot cut ${bytes.length} bytes at ${position} after ${start}: positions ascend, 0 to the length`,
      )
    }
    pieces.push(bytes.subarray(start, position))
    start = position
  }
  pieces.push(bytes.subarray(start))
  return pieces
}

/** Every cut in two, from (nothing, all) to (all, nothing): one more than there are bytes. */
export function* everyTwoWaySplit(bytes: Uint8Array): Generator<[Uint8Array, Uint8Array], void, undefined> {
  for (let position = 0; position <= bytes.length; position += 1) {
    yield [bytes.subarray(0, position), bytes.subarray(position)]
  }
}

/** One piece per byte. */
export function oneByteAtATime(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (_, index) => bytes.subarray(index, index + 1))
}

/**
 * The same bytes and ending with other boundaries: pieces of 1 byte to 2 KB, small ones as likely as large ones, the
 * same for the same seed (a 32-bit integer). A piece has the time of the chunk that its last byte came with, since it
 * cannot have been there before, and is marked as redacted if any of its chunks was. The provenance becomes `derived`
 * and says so.
 */
export function recut(recording: Recording, seed: number): Recording {
  const random = mulberry32(seed)
  const { header, chunks } = recording
  const bytes = concatenate(chunks)
  const pieces: RecordedChunk[] = []
  let start = 0
  let source = 0
  let sourceEnd = chunks[0]?.bytes.length ?? 0
  while (start < bytes.length) {
    const end = Math.min(bytes.length, start + Math.floor(2 ** (random() * 11)))
    let isRedacted = chunks[source]?.redacted === true && start < sourceEnd
    while (sourceEnd < end) {
      source += 1
      const next = chunks[source]
      if (next === undefined) break
      sourceEnd += next.bytes.length
      if (next.redacted === true && next.bytes.length > 0) isRedacted = true
    }
    pieces.push({
      ms: chunks[source]?.ms ?? 0,
      bytes: bytes.subarray(start, end),
      ...(isRedacted && { redacted: true }),
    })
    start = end
  }
  const { kind, note } = header.provenance
  const cut = `cut again with the seed ${seed}; before that ${kind}`
  return {
    ...recording,
    header: {
      ...header,
      provenance: { ...header.provenance, kind: 'derived', note: note === undefined ? cut : `${cut}: ${note}` },
    },
    chunks: pieces,
    // Problems name lines of a file; these boundaries are of no file.
    problems: [],
  }
}

/** The same lines with other line ends: each CRLF, CR and LF becomes a CRLF (or a CR). */
export function withLineEnds(bytes: Uint8Array, lineEnd: 'crlf' | 'cr'): Uint8Array {
  const written: number[] = []
  bytes.forEach((byte, index) => {
    const isEndOfCrlf = byte === LF && bytes[index - 1] === CR
    if (isEndOfCrlf) return
    if (byte !== CR && byte !== LF) written.push(byte)
    else if (lineEnd === 'crlf') written.push(CR, LF)
    else written.push(CR)
  })
  return Uint8Array.from(written)
}

/** The same bytes behind one UTF-8 byte order mark; bytes that have one are given back as they are. */
export function withBom(bytes: Uint8Array): Uint8Array {
  return BOM.every((byte, index) => bytes[index] === byte) ? bytes : Uint8Array.of(...BOM, ...bytes)
}

const CR = 0x0d
const LF = 0x0a
const BOM = [0xef, 0xbb, 0xbf]

function concatenate(chunks: readonly RecordedChunk[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.bytes.length, 0))
  let offset = 0
  for (const { bytes } of chunks) {
    whole.set(bytes, offset)
    offset += bytes.length
  }
  return whole
}

/** Tommy Ettinger's mulberry32 (public domain): numbers in [0, 1), the same for the same seed. */
function mulberry32(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
