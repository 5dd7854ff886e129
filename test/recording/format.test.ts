import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MisuseError } from '../../src/errors.ts'
import {
  formatRecording,
  looksLikeRecording,
  parseRecording,
  readRecording,
  recordingOfBody,
} from '../../src/recording/format.ts'
import type { RecordedChunk, Recording, RecordingHeader } from '../../src/recording/format.ts'

const header: RecordingHeader = { onefold: 1, dialect: 'openai-chat', provenance: { kind: 'handwritten' } }
const HEADER = JSON.stringify(header)
const NAME = 'openai-chat/cut.recording'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const textOf = (recording: Recording): string[] => recording.chunks.map(({ bytes }) => new TextDecoder().decode(bytes))
const recordingOf = (chunks: readonly RecordedChunk[]): Recording => ({ header, chunks, ending: 'eof', problems: [] })

function misuse(run: () => unknown): MisuseError {
  try {
    run()
  } catch (error) {
    if (error instanceof MisuseError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('a recording that is written and read', () => {
  const anyTime = fc.oneof(
    fc.nat(),
    fc.double({ min: 0, max: 1e9, noNaN: true }).map((ms) => ms + 0),
  )
  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.string({ unit: 'binary', maxLength: 20 }).map(bytesOf),
    // Cut anywhere, so that most pieces begin or end inside a character.
    fc.tuple(fc.string({ unit: 'grapheme', maxLength: 10 }), fc.nat(30)).map(([text, cut]) => bytesOf(text).slice(cut)),
  )
  const anyChunk: fc.Arbitrary<RecordedChunk> = fc
    .record({ ms: anyTime, bytes: anyBytes, isRedacted: fc.boolean() })
    .map(({ ms, bytes, isRedacted }) => ({ ms, bytes, ...(isRedacted && { redacted: true }) }))
  const anyRecording: fc.Arbitrary<Recording> = fc
    .record({
      chunks: fc.array(anyChunk, { maxLength: 12 }),
      ending: fc.constantFrom('eof', 'reset', 'abort'),
      last: fc.option(anyTime, { nil: undefined }),
      own: fc.dictionary(
        fc.string({ minLength: 1 }).map((key) => `x-${key}`),
        fc.json().map((json): unknown => JSON.parse(json)),
      ),
    })
    .map(({ chunks, ending, last, own }) => {
      const sorted = chunks.map(({ ms }) => ms).toSorted((a, b) => a - b)
      return {
        header: { ...header, ...own },
        chunks: chunks.map((chunk, index) => ({ ...chunk, ms: sorted[index] ?? 0 })),
        ending,
        ...(last !== undefined && { endMs: last + (sorted.at(-1) ?? 0) }),
        problems: [],
      }
    })

  it('I1: has the identical header, bytes, boundaries, times and ending, wherever the bytes are cut', () => {
    fc.assert(
      fc.property(anyRecording, (written) => {
        expect(parseRecording(formatRecording(written))).toEqual(written)
      }),
    )
  })

  it('I1: is the same from a file whose line ends became CRLF, and that got a byte order mark', () => {
    fc.assert(
      fc.property(anyRecording, (written) => {
        const edited = `\uFEFF${formatRecording(written).replaceAll('\n', '\r\n')}`
        expect(readRecording(bytesOf(edited), { name: NAME })).toEqual(written)
      }),
    )
  })

  it('I5: cut anywhere, keeps the whole chunks before the cut, and ends in a reset that names the line', () => {
    fc.assert(
      fc.property(anyRecording, fc.nat(), (written, seed) => {
        const file = bytesOf(formatRecording(written))
        const headerEnd = file.indexOf(0x0a) + 1
        // The last byte is a line feed, and a file without it is whole.
        const cut = file.slice(0, headerEnd + (seed % (file.length - 1 - headerEnd)))
        const kept = readRecording(cut, { name: NAME, damaged: 'keep' })
        const whole = cut.filter((byte) => byte === 0x0a).length - 1
        const isAtLineEnd = cut.at(-1) === 0x0a
        expect(kept.chunks.length - whole).toBeOneOf(isAtLineEnd ? [0] : [0, 1])
        expect(kept.chunks).toEqual(written.chunks.slice(0, kept.chunks.length))
        expect(kept.ending).toBe('reset')
        expect(kept.problems).toEqual([{ line: kept.chunks.length + 2, reason: expect.stringContaining('cut') }])
      }),
    )
  })

  it.each<[string, readonly number[], string]>([
    ['text', [0x68, 0x69], '[0,"hi"]'],
    ['a line feed', [0x0d, 0x0a], '[0,"\\r\\n"]'],
    ['nothing', [], '[0,""]'],
    ['a NUL', [0x00], '[0,"\\u0000"]'],
    ['a byte order mark', [0xef, 0xbb, 0xbf, 0x61], '[0,"\\ufeffa"]'],
    ['a line separator', [0xe2, 0x80, 0xa8], '[0,"\\u2028"]'],
    ['an emoji', [0xf0, 0x9f, 0x98, 0x80], '[0,"😀"]'],
    ['half an emoji', [0xf0, 0x9f], '[0,null,"8J8="]'],
    ['an encoded surrogate', [0xed, 0xa0, 0x80], '[0,null,"7aCA"]'],
    ['an overlong form', [0xc0, 0xaf], '[0,null,"wK8="]'],
    ['a replacement character', [0xef, 0xbf, 0xbd], '[0,"\uFFFD"]'],
  ])('a chunk of %s is written as it is best read', (_, bytes, expected) => {
    const text = formatRecording(recordingOf([{ ms: 0, bytes: Uint8Array.from(bytes) }]))
    expect(text.split('\n')[1]).toBe(expected)
    expect(parseRecording(text).chunks).toEqual([{ ms: 0, bytes: Uint8Array.from(bytes) }])
  })

  it('a large chunk that is not text survives', () => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => (index * 7) % 256)
    expect(parseRecording(formatRecording(recordingOf([{ ms: 5, bytes }]))).chunks).toEqual([{ ms: 5, bytes }])
  })
})

describe('the reader', () => {
  it.each<[string, string]>([
    ['no line end after the last line', `${HEADER}\n[0,"a"]\n[1,"b"]\n{"end":"eof"}`],
    ['CRLF line ends', `${HEADER}\r\n[0,"a"]\r\n[1,"b"]\r\n{"end":"eof"}\r\n`],
    ['blank lines', `\n${HEADER}\n\n[0,"a"]\n[1,"b"]\n\n{"end":"eof"}\n\n\n`],
    ['a byte order mark', `\uFEFF${HEADER}\n[0,"a"]\n[1,"b"]\n{"end":"eof"}\n`],
    ['spaces in the JSON', ` ${HEADER}\n[ 0, "a" ]\n[1 ,null , "Yg=="]\n{ "end": "eof" } \n`],
  ])('accepts %s', (_, text) => {
    const recording = parseRecording(text)
    expect(recording).toMatchObject({ header, ending: 'eof', problems: [] })
    expect(textOf(recording)).toEqual(['a', 'b'])
  })

  it('keeps header keys that it does not know, in place', () => {
    const text = '{"z":[1],"onefold":1,"__proto__":{"a":1},"provenance":{"kind":"captured","more":true},"a":null}'
    const { header: read } = parseRecording(`${text}\n{"end":"abort"}\n`)
    expect(JSON.stringify(read)).toBe(text)
  })

  it('keeps times that run backwards, and reports each with its line', () => {
    const recording = parseRecording(`${HEADER}\n[5,"a"]\n[3,"b"]\n[4,"c"]\n\n{"end":"eof","ms":1}\n`)
    expect(recording.chunks.map(({ ms }) => ms)).toEqual([5, 3, 4])
    expect(recording.endMs).toBe(1)
    expect(recording.problems).toEqual([
      { line: 3, reason: 'the time runs backwards: 3 ms after 5 ms' },
      { line: 6, reason: 'the time runs backwards: 1 ms after 4 ms' },
    ])
    expect(recording.ending).toBe('eof')
  })

  it.each<[string, boolean]>([
    [`${HEADER}\n`, true],
    ['{"onefold":99}', true],
    ['\uFEFF\n {"onefold":"x"}\r\n', true],
    ['', false],
    ['{"id":"chatcmpl-1"}\n{"onefold":1}', false],
    ['[{"onefold":1}]', false],
    ['data: {"onefold":1}\n\n', false],
    ['{"onefold":1,', false],
  ])('tells a recording by its first line: %j is %s', (text, expected) => {
    expect(looksLikeRecording(text)).toBe(expected)
  })
})

const END = '{"end":"eof"}'
// What stands after the header and one good chunk, the line that is damaged, what the message says of it.
const damages: readonly [name: string, rest: string, line: number, reason: string][] = [
  ['a line cut in its middle', '[4,"to b', 3, 'the line is not JSON'],
  ['a line cut inside another', `[4,"to b\n[5,"c"]\n${END}`, 3, 'the line is not JSON'],
  ['no end line', '[4,"b"]\n', 4, 'is missing'],
  ['a line after the end', `${END}\n[4,"b"]\n`, 4, 'after the end'],
  ['a second recording after the end', `${END}\n${HEADER}\n${END}\n`, 4, 'after the end'],
  ['a second header', `${HEADER}\n${END}`, 3, 'neither a chunk'],
  ['a number', `7\n${END}`, 3, 'neither a chunk'],
  ['null', `null\n${END}`, 3, 'neither a chunk'],
  ['an event stream', `data: {}\n${END}`, 3, 'the line is not JSON'],
  ['an empty chunk line', `[]\n${END}`, 3, 'the time of the chunk'],
  ['a time that is text', `["4","b"]\n${END}`, 3, 'the time of the chunk'],
  ['a time below 0', `[-1,"b"]\n${END}`, 3, 'the time of the chunk'],
  ['an endless time', `[1e999,"b"]\n${END}`, 3, 'the time of the chunk'],
  ['a chunk without content', `[4]\n${END}`, 3, 'a chunk is [ms, "text"]'],
  ['a chunk that is a number', `[4,4]\n${END}`, 3, 'a chunk is [ms, "text"]'],
  ['text and base64', `[4,"b","Yg=="]\n${END}`, 3, 'a chunk is [ms, "text"]'],
  ['null without base64', `[4,null]\n${END}`, 3, 'a chunk is [ms, "text"]'],
  ['an unknown mark', `[4,"b",{"cut":true}]\n${END}`, 3, 'a chunk is [ms, "text"]'],
  ['a mark that says no', `[4,"b",{"redacted":false}]\n${END}`, 3, 'a chunk is [ms, "text"]'],
  ['two marks', `[4,null,"Yg==",{"redacted":true},{"redacted":true}]\n${END}`, 3, 'a chunk is [ms, "text"]'],
  ['base64 of another alphabet', `[4,null,"-_8="]\n${END}`, 3, 'the base64'],
  ['base64 without its padding', `[4,null,"Yg"]\n${END}`, 3, 'the base64'],
  ['base64 with a blank', `[4,null,"Yg =="]\n${END}`, 3, 'the base64'],
  ['base64 with stray bits', `[4,null,"Yh=="]\n${END}`, 3, 'the base64'],
  ['half a surrogate pair', `[4,"\\ud83d"]\n${END}`, 3, 'half a surrogate pair'],
  ['an unknown end', `{"end":"done"}`, 3, 'the end is none of'],
  ['an end with an unknown key', `{"end":"eof","by":"me"}`, 3, 'unknown key, "by"'],
  ['an end with a time that is text', `{"end":"eof","ms":"4"}`, 3, 'the time of the end'],
]

describe('a damaged line', () => {
  it.each(damages)('%s: the error names the file, the line, the reason and what to do', (_, rest, line, reason) => {
    const error = misuse(() => parseRecording(`${HEADER}\n[1,"a"]\n${rest}`, { name: NAME }))
    expect(error.code).toBe('bad_recording')
    expect(error.message).toContain(`${NAME}, line ${line}: `)
    expect(error.message).toContain(reason)
    expect(error.message).toContain("damaged: 'keep'")
  })

  it.each(damages)(
    'I4, I5: %s: kept is everything before it, ending in a reset, with the damage as data',
    (_, rest, line, reason) => {
      const recording = parseRecording(`${HEADER}\n[1,"a"]\n${rest}`, { damaged: 'keep' })
      expect(textOf(recording)).toEqual(line === 4 && !rest.startsWith(END) ? ['a', 'b'] : ['a'])
      expect(recording.ending).toBe('reset')
      expect(recording.endMs).toBeUndefined()
      expect(recording.problems).toEqual([{ line, reason: expect.stringContaining(reason) }])
    },
  )

  it('I4: the report says how much after it is left out', () => {
    const { problems } = parseRecording(`${HEADER}\n[1,\n[2,"b"]\n[3,"c"]\n${END}\n`, { damaged: 'keep' })
    expect(problems).toEqual([{ line: 2, reason: expect.stringMatching(/lines after it that are left out: 3$/) }])
  })

  it('does not hide what was found before it', () => {
    const { problems } = parseRecording(`${HEADER}\n[5,"a"]\n[3,"b"]\n[4`, { damaged: 'keep' })
    expect(problems.map(({ line }) => line)).toEqual([3, 4])
  })

  it('that is not UTF-8 is found in the bytes of the file, though its text reads well', () => {
    const file = bytesOf(`${HEADER}\n[1,"a"]\n[2,"x"]\n[3,"c"]\n${END}\n`)
    const damaged = file.map((byte) => (byte === 0x78 ? 0xff : byte))
    expect(misuse(() => readRecording(damaged, { name: NAME })).message).toContain(
      `${NAME}, line 3: the line is not UTF-8`,
    )
    const kept = readRecording(damaged, { name: NAME, damaged: 'keep' })
    expect(textOf(kept)).toEqual(['a'])
    expect(kept.problems).toEqual([{ line: 3, reason: expect.stringContaining('UTF-8') }])
  })

  it('without a name the error still says what it is about', () => {
    expect(misuse(() => parseRecording(`${HEADER}\n[1`)).message).toMatch(/^the recording, line 2: /)
  })
})

const withHeader = (change: object): string => JSON.stringify({ ...header, ...change })

describe('a header that cannot be read', () => {
  const rows: readonly [name: string, text: string, line: number, reason: string, remedy: string][] = [
    ['an empty file', '', 1, 'the file is empty', 'docs/recordings.md'],
    ['a file of blank lines', '\n \r\n\n', 1, 'the file is empty', 'docs/recordings.md'],
    ['a cut header', HEADER.slice(0, 20), 1, 'the header is not JSON', 'Repair'],
    ['a header on a later line that is cut', `\n\n${HEADER.slice(0, 20)}`, 3, 'the header is not JSON', 'Repair'],
    ['an event stream', 'data: {}\n\n', 1, 'the header is not JSON', 'Repair'],
    ['an array', '[1,"a"]', 1, 'the header is not an object', 'docs/recordings.md'],
    ['no version', '{"provenance":{"kind":"captured"}}', 1, 'no format version', 'docs/recordings.md'],
    ['a version that is text', withHeader({ onefold: '1' }), 1, 'no format version', 'docs/recordings.md'],
    ['a version below 1', withHeader({ onefold: 0 }), 1, 'no format version', 'docs/recordings.md'],
    ['a newer version', '{"onefold":2,"shape":"new"}', 1, 'its format has version 2', 'Update onefold'],
    ['a dialect that is a number', withHeader({ dialect: 1 }), 1, '"dialect"', 'docs/recordings.md'],
    ['a request that is text', withHeader({ request: 'GET /' }), 1, '"request"', 'docs/recordings.md'],
    ['a response that is a number', withHeader({ response: 200 }), 1, '"response"', 'docs/recordings.md'],
    ['a response without a status', withHeader({ response: {} }), 1, '"response.status"', 'docs/recordings.md'],
    ['a status that is none', withHeader({ response: { status: 42 } }), 1, '"response.status"', 'docs/recordings.md'],
    [
      'a content type that is null',
      withHeader({ response: { status: 200, contentType: null } }),
      1,
      'contentType',
      'docs/recordings.md',
    ],
    [
      'a date without its offset',
      withHeader({ recordedAt: '2026-11-20T12:00:00' }),
      1,
      '"recordedAt"',
      'docs/recordings.md',
    ],
    ['a recorder that is an object', withHeader({ recordedBy: {} }), 1, '"recordedBy"', 'docs/recordings.md'],
    ['no provenance', '{"onefold":1}', 1, '"provenance"', 'docs/recordings.md'],
    [
      'an unknown provenance',
      withHeader({ provenance: { kind: 'real' } }),
      1,
      '"provenance.kind"',
      'docs/recordings.md',
    ],
    [
      'a source that is a list',
      withHeader({ provenance: { kind: 'derived', from: [] } }),
      1,
      '"provenance.from"',
      'docs/recordings.md',
    ],
    [
      'a note that is a list',
      withHeader({ provenance: { kind: 'derived', note: [] } }),
      1,
      '"provenance.note"',
      'docs/recordings.md',
    ],
  ]

  it.each(rows)('%s: refused, whether or not damage is kept', (_, text, line, reason, remedy) => {
    for (const damaged of ['refuse', 'keep'] as const) {
      const error = misuse(() => parseRecording(text, { name: NAME, damaged }))
      expect(error.code).toBe('bad_recording')
      expect(error.message).toContain(`${NAME}, line ${line}: `)
      expect(error.message).toContain(reason)
      expect(error.message).toContain(remedy)
    }
  })

  it('a header that is not UTF-8 is refused', () => {
    const file = bytesOf(`${HEADER}\n${END}\n`).map((byte) => (byte === 0x74 ? 0xff : byte))
    expect(misuse(() => readRecording(file, { name: NAME, damaged: 'keep' })).message).toContain(
      'line 1: the line is not UTF-8',
    )
  })
})

describe('the writer', () => {
  it.each<[string, Recording]>([
    ['a time below 0', recordingOf([{ ms: -1, bytes: bytesOf('a') }])],
    ['a time that is no number', recordingOf([{ ms: Number.NaN, bytes: bytesOf('a') }])],
    ['an end at no time', { ...recordingOf([]), endMs: Number.POSITIVE_INFINITY }],
    ['a date without its offset', { ...recordingOf([]), header: { ...header, recordedAt: '2026-11-20' } }],
  ])('refuses %s, since no reader would accept it', (_, recording) => {
    expect(misuse(() => formatRecording(recording)).code).toBe('bad_argument')
  })
})

describe('a plain body', () => {
  const sse = 'data: {"a":1}\n\n'

  it.each<[string, string]>([
    ['openai-chat/plain.sse', sse],
    ['plain.ndjson', '{"a":1}\n{"b":2}\n'],
    ['plain.json', '[{"a":1}]'],
  ])('%s is a recording of one chunk that says where it comes from', (name, body) => {
    const recording = readRecording(bytesOf(body), { name, dialect: 'openai-chat' })
    expect(recording.chunks).toEqual([{ ms: 0, bytes: bytesOf(body) }])
    expect(recording.ending).toBe('eof')
    expect(recording.header).toMatchObject({ dialect: 'openai-chat', provenance: { kind: 'derived', from: name } })
    expect(parseRecording(formatRecording(recording))).toEqual(recording)
  })

  it('of a file that is named as a recording is no body: its damage is reported', () => {
    expect(misuse(() => readRecording(bytesOf(sse), { name: NAME })).message).toContain(
      `${NAME}, line 1: the header is not JSON`,
    )
  })

  it('with a recording inside is read as the recording, whatever its name', () => {
    const text = formatRecording(recordingOf([{ ms: 3, bytes: bytesOf(sse) }]))
    expect(readRecording(bytesOf(text), { name: 'renamed.txt' }).chunks).toEqual([{ ms: 3, bytes: bytesOf(sse) }])
  })

  it('that is empty has no chunk', () => {
    expect(recordingOfBody(new Uint8Array()).chunks).toEqual([])
  })

  it('is copied, so that changing the bytes afterwards changes nothing', () => {
    const bytes = bytesOf(sse)
    const { chunks } = recordingOfBody(bytes)
    bytes.fill(0)
    expect(chunks[0]?.bytes).toEqual(bytesOf(sse))
  })
})

it('the recording that the documentation shows says café, cut inside its last character', () => {
  const example = /```jsonl\n(.*?)```/s.exec(readFileSync('docs/recordings.md', 'utf8'))?.[1] ?? ''
  const { chunks, problems } = parseRecording(example, { name: 'docs/recordings.md' })
  expect(problems).toEqual([])
  expect(new TextDecoder().decode(Uint8Array.from(chunks.flatMap(({ bytes }) => [...bytes])))).toContain(
    '"text":"café"}}\n\n',
  )
})
