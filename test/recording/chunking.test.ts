import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MisuseError } from '../../src/errors.ts'
import {
  everyTwoWaySplit,
  oneByteAtATime,
  recut,
  splitAt,
  withBom,
  withLineEnds,
} from '../../src/recording/chunking.ts'
import type { RecordedChunk, Recording } from '../../src/recording/format.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
const joined = (pieces: Iterable<Uint8Array>): Uint8Array => Uint8Array.from([...pieces].flatMap((piece) => [...piece]))
const anyBytes = fc.uint8Array({ maxLength: 60 })

const recordingOf = (chunks: readonly RecordedChunk[]): Recording => ({
  header: {
    onefold: 1,
    dialect: 'openai-chat',
    model: 'm',
    provenance: { kind: 'captured', from: 'curl 8.5', note: 'by hand' },
  },
  chunks,
  ending: 'abort',
  endMs: 99,
  problems: [{ line: 2, reason: 'the time runs backwards: 0 ms after 1 ms' }],
})

describe('a cut', () => {
  it.each<[readonly number[], readonly string[]]>([
    [[], ['abcd']],
    [[2], ['ab', 'cd']],
    [
      [1, 3],
      ['a', 'bc', 'd'],
    ],
    [
      [0, 2, 2, 4],
      ['', 'ab', '', 'cd', ''],
    ],
  ])('at %j gives %j', (positions, pieces) => {
    expect(splitAt(bytesOf('abcd'), positions).map(textOf)).toEqual(pieces)
  })

  it.each<[string, readonly number[]]>([
    ['behind the end', [5]],
    ['before the start', [-1]],
    ['backwards', [3, 2]],
    ['inside a byte', [1.5]],
    ['nowhere', [Number.NaN]],
  ])('%s is refused', (_, positions) => {
    expect(() => splitAt(bytesOf('abcd'), positions)).toThrow(MisuseError)
  })

  it('I1: by any of the ways keeps every byte', () => {
    fc.assert(
      fc.property(anyBytes, fc.array(fc.nat(60)), (whole, some) => {
        const positions = some.filter((position) => position <= whole.length).toSorted((a, b) => a - b)
        expect(joined(splitAt(whole, positions))).toEqual(whole)
        expect(joined(oneByteAtATime(whole))).toEqual(whole)
        for (const halves of everyTwoWaySplit(whole)) expect(joined(halves)).toEqual(whole)
      }),
    )
  })

  it('in two is made at every place, the ends included', () => {
    const splits = [...everyTwoWaySplit(bytesOf('ab'))].map((halves) => halves.map(textOf))
    expect(splits).toEqual([
      ['', 'ab'],
      ['a', 'b'],
      ['ab', ''],
    ])
  })

  it('at every byte gives pieces of one byte', () => {
    expect(oneByteAtATime(bytesOf('é!'))).toEqual([Uint8Array.of(0xc3), Uint8Array.of(0xa9), Uint8Array.of(0x21)])
  })
})

describe('a recording that is cut again', () => {
  // Many are empty or tiny: there a piece begins and ends between chunks.
  const length = fc.oneof(fc.nat(2), fc.nat(300))
  const chunk = fc
    .record({
      ms: fc.nat(1000),
      bytes: length.chain((size) => fc.uint8Array({ minLength: size, maxLength: size })),
      isRedacted: fc.boolean(),
    })
    .map(({ ms, bytes, isRedacted }): RecordedChunk => ({ ms, bytes, ...(isRedacted && { redacted: true }) }))
  const chunks = fc.array(chunk, { maxLength: 8 }).map((unordered) => unordered.toSorted((a, b) => a.ms - b.ms))

  it('I1: has the same bytes and ending, and the same cuts for the same seed', () => {
    fc.assert(
      fc.property(chunks, fc.integer(), (recorded, seed) => {
        const cut = recut(recordingOf(recorded), seed)
        expect(joined(cut.chunks.map((piece) => piece.bytes))).toEqual(joined(recorded.map((piece) => piece.bytes)))
        expect(cut.chunks.every((piece) => piece.bytes.length > 0)).toBe(true)
        expect(cut).toMatchObject({ ending: 'abort', endMs: 99, problems: [] })
        expect(recut(recordingOf(recorded), seed)).toEqual(cut)
      }),
    )
  })

  it('gives each piece the time of its last byte, and the mark of any of its bytes', () => {
    fc.assert(
      fc.property(chunks, fc.integer(), (recorded, seed) => {
        // The oracle: time and mark of every single byte.
        const perByte = recorded.flatMap((piece) => Array.from(piece.bytes, () => piece))
        let start = 0
        for (const piece of recut(recordingOf(recorded), seed).chunks) {
          const origins = perByte.slice(start, start + piece.bytes.length)
          expect(piece.ms).toBe(origins.at(-1)?.ms)
          expect(piece.redacted === true).toBe(origins.some(({ redacted }) => redacted === true))
          start += piece.bytes.length
        }
        expect(start).toBe(perByte.length)
      }),
    )
  })

  it('differs from seed to seed, with small pieces and large ones', () => {
    const recording = recordingOf([{ ms: 0, bytes: new Uint8Array(50_000) }])
    const lengths = [1, 2, 3].map((seed) => recut(recording, seed).chunks.map((piece) => piece.bytes.length))
    expect(new Set(lengths.map((cut) => cut.join())).size).toBe(3)
    for (const cut of lengths) {
      expect(Math.min(...cut)).toBeLessThanOrEqual(4)
      expect(Math.max(...cut)).toBeGreaterThan(1000)
    }
  })

  it('says truthfully that it is derived, and from what', () => {
    expect(recut(recordingOf([]), 7).header).toEqual({
      onefold: 1,
      dialect: 'openai-chat',
      model: 'm',
      provenance: {
        kind: 'derived',
        from: 'curl 8.5',
        note: 'cut again with the seed 7; before that captured: by hand',
      },
    })
  })

  it('owns its bytes', () => {
    const own = bytesOf('abc')
    const cut = recut(recordingOf([{ ms: 0, bytes: own }]), 1)
    own.fill(0)
    expect(textOf(joined(cut.chunks.map((piece) => piece.bytes)))).toBe('abc')
  })
})

describe('line ends', () => {
  it.each<[string, 'crlf' | 'cr', string]>([
    ['a\n\nb\n', 'crlf', 'a\r\n\r\nb\r\n'],
    ['a\n\nb\n', 'cr', 'a\r\rb\r'],
    ['a\r\n\r\nb', 'crlf', 'a\r\n\r\nb'],
    ['a\r\n\rb\n', 'cr', 'a\r\rb\r'],
    ['é\n😀', 'crlf', 'é\r\n😀'],
    ['', 'cr', ''],
  ])('%j as %s is %j', (text, lineEnd, expected) => {
    expect(textOf(withLineEnds(bytesOf(text), lineEnd))).toBe(expected)
  })
})

describe('a byte order mark', () => {
  it.each([
    ['a', '\uFEFFa'],
    ['\uFEFFa', '\uFEFFa'],
    ['', '\uFEFF'],
  ])('before %j gives %j', (text, expected) => {
    expect(textOf(withBom(bytesOf(text)))).toBe(expected)
  })
})
