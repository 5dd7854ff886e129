/** What holds of every comparison: a turn is as itself in whatever chunks, two turns differ from each other as the other from the one. */
import { array, assert, constantFrom, nat, oneof, property, record, tuple, type Arbitrary } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ASPECTS, compare, observeRecording, type ComparedTurn, type ObservedTurn } from '../../src/compare.ts'
import type { AssistantMessage, ContentBlock, StopReason } from '../../src/message.ts'
import { recut } from '../../src/recording/chunking.ts'
import type { Recording } from '../../src/recording/format.ts'
import {
  BUNDLED,
  bundled,
  callBlock,
  expectSound,
  expectSymmetric,
  messageWith,
  recordingOf,
} from '../support/compared.ts'
import { runs } from '../support/operations.ts'
import { manner } from '../support/script.ts'
import { WIRES } from '../support/wires.ts'

/** Each chunk in pieces of these lengths, used in turn, at the time of the whole. */
function cutAgain(recording: Recording, lengths: readonly number[]): Recording {
  let turn = 0
  const chunks = recording.chunks.flatMap((chunk) => {
    const pieces: (typeof chunk)[] = []
    for (let from = 0; from < chunk.bytes.length; turn += 1) {
      const to = from + (lengths[turn % lengths.length] ?? 1)
      pieces.push({ ...chunk, bytes: chunk.bytes.subarray(from, to) })
      from = to
    }
    return pieces
  })
  return { ...recording, chunks }
}

const lengths = array(
  nat(80).map((length) => length + 1),
  { minLength: 1, maxLength: 6 },
)

describe.each(WIRES)('a turn of $dialect', (wire) => {
  it('is as itself, also in other chunks', () => {
    assert(
      property(wire.script, manner, lengths, nat(), (script, how, sizes, seed) => {
        const recording = recordingOf(wire.write(script, how).map(({ event }) => event))
        const turn = observeRecording(recording)
        expect(compare([turn, turn, cutAgain(recording, sizes)]).differences).toEqual([])
        // Of chunks that were joined with later ones the time is another.
        expect(compare([turn, recut(recording, seed)], { ignore: ['times'] }).differences).toEqual([])
      }),
      runs(40),
    )
  })

  it('differs from another one as that one from it', () => {
    assert(
      property(wire.script, wire.script, manner, (one, other, how) => {
        const [left, right] = [one, other].map((script) =>
          observeRecording(recordingOf(wire.write(script, how).map(({ event }) => event))),
        )
        expectSymmetric(left ?? expect.fail(), right ?? expect.fail())
      }),
      runs(40),
    )
  })
})

const words = array(constantFrom('a', 'b', ' ', '.', '\ud800', '\u0301', '中', '\n'), { maxLength: 8 }).map((own) =>
  own.join(''),
)
const block: Arbitrary<ContentBlock> = oneof(
  words.map((text): ContentBlock => ({ type: 'text', text, wire: {} })),
  words.map((text): ContentBlock => ({ type: 'text', text, citations: [text], wire: {} })),
  words.map((text): ContentBlock => ({ type: 'thinking', text, wire: {} })),
  words.map((text): ContentBlock => ({ type: 'refusal', text, wire: {} })),
  words.map((content): ContentBlock => ({ type: 'tool_result', content, wire: {} })),
  nat(2).map((held): ContentBlock => ({ type: 'other', wire: { held } })),
  ...[1, 2].map(() =>
    tuple(constantFrom('f', 'g'), nat(2), nat(3)).map(([name, x, id]): ContentBlock =>
      callBlock(name, { x }, `call_${id}`),
    ),
  ),
  words.map((text): ContentBlock => ({
    type: 'tool_call',
    key: 'k',
    id: 'k',
    idSource: 'minted',
    name: 'f',
    arguments: text,
    origin: 'client',
    state: 'partial',
    wire: {},
  })),
)
const message: Arbitrary<AssistantMessage> = record({
  content: array(block, { maxLength: 8 }),
  id: constantFrom('msg_1', 'msg_2'),
  reason: constantFrom<StopReason>('end_turn', 'tool_calls'),
  outputTokens: nat(2),
  kinds: array(constantFrom('repeated_stop' as const, 'late_event' as const), { maxLength: 3 }),
}).map(({ content, id, reason, outputTokens, kinds }) =>
  messageWith(content, {
    id,
    stop: { reason, raw: null, sequence: null },
    usage: { outputTokens },
    anomalies: kinds.map((kind) => ({ kind })),
  }),
)
const turn: Arbitrary<ObservedTurn> = record({
  messages: array(message, { minLength: 1, maxLength: 2 }),
  endMs: nat(3000),
}).map(({ messages, endMs }) => ({ messages, anomalies: [], endMs }))

describe('turns of anything', () => {
  it('are as themselves, and differ both ways alike', () => {
    assert(
      property(turn, turn, (one, other) => {
        expect(compare([one, one]).differences).toEqual([])
        expectSymmetric(one, other)
      }),
      runs(200),
    )
  })

  it('differ among many as two of them do by themselves', () => {
    assert(
      property(array(turn, { minLength: 2, maxLength: 4 }), nat(3), (turns, place) => {
        const reference = place % turns.length
        const all = compare(turns, { reference })
        expectSound(all)
        for (const [side, own] of turns.entries()) {
          if (side === reference) continue
          const pair = compare([turns[reference] ?? expect.fail(), own])
          expect(all.differences.filter((one) => one.side === side).map((one) => withoutPlaces(one))).toEqual(
            pair.differences.map((one) => withoutPlaces(one)),
          )
          const both = all.rows.map(({ cells }) => [cells[reference] ?? null, cells[side] ?? null])
          expect(both.filter((cells) => cells.some((cell) => cell !== null))).toEqual(
            pair.rows.map(({ cells }) => cells),
          )
          expect(all.sides[side]?.agrees).toEqual(pair.sides[1]?.agrees)
        }
      }),
      runs(200),
    )
  })

  it('agree or not, whatever is ignored', () => {
    assert(
      property(turn, turn, array(constantFrom(...ASPECTS)), (one, other, ignore) => {
        const [all, some] = [compare([one, other]), compare([one, other], { ignore })]
        const isFree = (aspect: string): boolean => all.differences.every((difference) => difference.aspect !== aspect)
        expect(some.sides).toEqual(all.sides)
        expect(some.sides[0]?.agrees).toEqual({ text: true, calls: true, stop: true })
        expect(some.sides[1]?.agrees).toEqual({ text: isFree('text'), calls: isFree('calls'), stop: isFree('stop') })
        expect(some.differences).toEqual(all.differences.filter(({ aspect }) => !ignore.includes(aspect)))
        expect(compare([one, other], { ignore: ASPECTS }).differences).toEqual([])
      }),
      runs(200),
    )
  })
})

/** Rows are others among more sides. */
function withoutPlaces(value: object): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, own: unknown) => {
      if (key === 'side' && typeof own === 'number') return undefined
      return key === 'row' || (key === 'reference' || key === 'order' ? Array.isArray(own) : false) ? undefined : own
    }),
  )
}

describe('the bundled recordings', () => {
  it('are each as themselves, in their chunks and in others', () => {
    for (const name of BUNDLED) {
      const recording = bundled(name)
      const own = observeRecording(recording)
      const others: readonly ComparedTurn[] = [own, cutAgain(recording, [7, 1, 64]), recut(recording, 7)]
      const [reference, ...sides] = compare(others, { ignore: ['times'] }).sides
      expect(
        sides.map(({ agrees }) => agrees),
        name,
      ).toEqual([reference?.agrees, reference?.agrees])
      expect(compare(others, { ignore: ['times'] }).differences, name).toEqual([])
      expect(compare(others.slice(0, 2)).differences, name).toEqual([])
    }
  })

  it('differ from each other both ways alike', () => {
    const turns = BUNDLED.map((name) => observeRecording(bundled(name)))
    for (const [at, one] of turns.entries()) expectSymmetric(one, turns[(at * 7 + 3) % turns.length] ?? one)
    expectSound(compare(turns.slice(0, 30)))
  })
})
