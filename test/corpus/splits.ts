/** However a stream of the corpus is cut into chunks, it is the same message (I1), for every dialect through the same code. */
import { beforeAll, describe, expect, it } from 'vitest'
import { fold, type AssistantMessage, type Dialect } from '../../src/index.ts'
import { Fold } from '../../src/fold.ts'
import { corpusStreams, describeShared, type CorpusStream } from '../support/corpus.ts'

const SEED = 20_260_401
/** Of streams up to this size if there are any, so that many cuts are cheap. */
const SMALL = 6 * 1024
const LARGEST = 16 * 1024
/** Of three, four and two bytes. */
const CHARACTERS = [/[\u4e00-\u9fff\u3040-\u30ff]/, /\p{Extended_Pictographic}/u, /[\u0080-\u07ff]/]

/** `everyByte`: streams up to this size are cut in two at every byte; larger ones at every seventh. */
export function describeSplits(dialect: Dialect, count: number, everyByte = SMALL): void {
  describeShared('corpus', `a stream of the corpus in ${dialect}, cut into chunks`, () => {
    const sample = chooseStreams(dialect, count)
    const whole = new Map<string, string>()
    beforeAll(async () => {
      for (const { file, read } of sample) whole.set(file, textOf(await fold(read())))
    })

    it(`is one of ${count} that show every feature of the streams, characters of two to four bytes included where there are any`, () => {
      expect(sample).toHaveLength(count)
      const texts = (streams: readonly CorpusStream[]) => streams.map(({ read }) => new TextDecoder().decode(read()))
      for (const characters of CHARACTERS) {
        const areShown = texts(sample).some((text) => characters.test(text))
        expect(areShown, String(characters)).toBe(texts(candidates(dialect)).some((text) => characters.test(text)))
      }
      const shown = new Set(sample.flatMap(({ features }) => features))
      const all = new Set(candidates(dialect).flatMap(({ features }) => features))
      expect([...all].filter((feature) => !shown.has(feature))).toEqual([])
    })

    describe.each(
      sample.map(({ file, size, read }) => ({
        name: file.replace(`${dialect}/`, ''),
        size,
        bytes: read(),
        file,
      })),
    )('$name ($size bytes)', ({ file, bytes }) => {
      const same = (chunks: Iterable<Uint8Array>, how: string) => {
        const message = foldChunks(chunks)
        if (message !== whole.get(file)) expect(message, how).toBe(whole.get(file))
      }

      it('I1: is the same message for every cut in two', () => {
        expect(whole.get(file)).toContain('"outcome":{"kind":"complete"}')
        for (let at = 1; at < bytes.length; at += bytes.length <= everyByte ? 1 : 7) {
          same([bytes.subarray(0, at), bytes.subarray(at)], `cut at byte ${at}`)
        }
      })

      it('I1: is the same message byte by byte, and with every byte followed by an empty chunk', () => {
        same(
          Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)),
          'byte by byte',
        )
        same(Array.from(bytes, (_, at) => [bytes.subarray(at, at + 1), new Uint8Array()]).flat(), 'with empty chunks')
      })

      it('I1: is the same message for 20 random cuts, as bytes and as a live turn', async () => {
        const random = randomOf(SEED + bytes.length)
        for (let round = 0; round < 20; round += 1) same(cutAt(bytes, random), `random cut ${round}`)
        const chunks = cutAt(bytes, random)
        expect(textOf(await fold(new ReadableStream({ start: (to) => give(chunks, to) })))).toBe(whole.get(file))
      })

      it.each([
        ['CRLF', '\r\n', ''],
        ['CR', '\r', ''],
        ['LF after a byte order mark', '\n', '\ufeff'],
        ['CRLF after a byte order mark', '\r\n', '\ufeff'],
      ])('I1: is the same message with %s as line ends, whole and in pieces', (_name, lineEnd, mark) => {
        const other = new TextEncoder().encode(mark + new TextDecoder().decode(bytes).replaceAll('\n', lineEnd))
        expect(other).not.toEqual(bytes)
        const random = randomOf(SEED)
        same([other], 'whole')
        same(
          Array.from(other, (_, at) => other.subarray(at, at + 1)),
          'byte by byte',
        )
        for (let round = 0; round < 5; round += 1) same(cutAt(other, random), `random cut ${round}`)
        for (let at = 1; at < other.length; at += 41)
          same([other.subarray(0, at), other.subarray(at)], `cut at byte ${at}`)
      })
    })
  })
}

function candidates(dialect: Dialect): readonly CorpusStream[] {
  return corpusStreams((stream) => stream.dialect === dialect && stream.framing === 'sse' && stream.size <= LARGEST)
}

/** For each feature one stream that has it, the rest at random. */
function chooseStreams(dialect: Dialect, count: number): readonly CorpusStream[] {
  const random = randomOf(SEED)
  const pick = (from: readonly CorpusStream[]) => from[Math.floor(random() * from.length)]
  const all = candidates(dialect)
  const chosen = new Map<string, CorpusStream>()
  const choose = (from: readonly CorpusStream[]) => {
    const small = from.filter(({ size }) => size <= SMALL)
    const stream = pick(small.length > 0 ? small : from)
    if (stream !== undefined) chosen.set(stream.file, stream)
  }
  for (const characters of CHARACTERS) {
    choose(all.filter(({ read }) => characters.test(new TextDecoder().decode(read()))))
  }
  for (const feature of [...new Set(all.flatMap(({ features }) => features))].toSorted()) {
    const having = all.filter(({ features }) => features.includes(feature))
    if (!having.some(({ file }) => chosen.has(file))) choose(having)
  }
  while (chosen.size < count) choose(all)
  return [...chosen.values()]
}

function foldChunks(chunks: Iterable<Uint8Array>): string {
  const folding = new Fold({}, { isLive: false })
  for (const chunk of chunks) folding.push(chunk)
  folding.end({ kind: 'complete' })
  const [message] = folding.messages
  return message === undefined ? 'no message' : textOf(message)
}

function textOf({ timing: _timing, ...message }: AssistantMessage): string {
  return JSON.stringify(message)
}

function cutAt(bytes: Uint8Array, random: () => number): Uint8Array[] {
  const chunks: Uint8Array[] = []
  const longest = 1 + Math.floor(random() * random() * bytes.length)
  for (let at = 0; at < bytes.length;) {
    const end = at + Math.ceil(random() * longest)
    chunks.push(bytes.subarray(at, end))
    at = end
  }
  return chunks
}

function give(chunks: readonly Uint8Array[], to: ReadableStreamDefaultController<Uint8Array>): void {
  for (const chunk of chunks) to.enqueue(chunk)
  to.close()
}

/** mulberry32 */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
