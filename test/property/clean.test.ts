/** Clean streams by chance, against an oracle that knows the script; each runs as events and as bytes, cut by chance. */
import { array, assert, integer, nat, property, tuple } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Fold } from '../../src/fold.ts'
import { toNative } from '../../src/to-native.ts'
import {
  bothWays,
  callsIn,
  EOF,
  expectAsMeant,
  expectMeaning,
  expectNothingTakenBack,
  transport,
  viaBytes,
  viaEvents,
} from '../support/folded.ts'
import { runs } from '../support/operations.ts'
import { manner, plainly, whole } from '../support/script.ts'
import { chatWire, ending, nativeChoice, nativeEnvelope, writeChoice } from '../support/wire-chat.ts'
import { cutBytes, encode, payloads, saysStop } from '../support/wire.ts'
import { WIRES } from '../support/wires.ts'

const RUNS = 100

describe.each(WIRES)('a clean stream of $dialect', (wire) => {
  it('I7: gives the message that was streamed, whatever way it was streamed, without an anomaly', () => {
    assert(
      property(wire.script, manner, transport, (script, streamed, by) => {
        const folded = bothWays(wire, wire.write(script, streamed), by)
        expectAsMeant(wire, script, folded)
        expect(folded.message.anomalies).toEqual([])
        expect(folded.anomalies).toEqual([])
        expect(toNative(folded.message)).toEqual(wire.native(script))
        expectNothingTakenBack(folded.events)
      }),
      runs(RUNS * 2),
    )
  })

  it('I7: is the message that the API would have answered without streaming', () => {
    assert(
      property(wire.script, (any) => {
        const script = wire.inWholeOrder(whole(any))
        const { message, events } = viaEvents(wire, [wire.native(script)])
        expectAsMeant(wire, script, { message, events })
        expect(toNative(message)).toEqual(wire.native(script))
      }),
      runs(RUNS / 2),
    )
  })

  it('I1: gives the same message and the same events however its bytes are cut', () => {
    const sizes = array(integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 })
    assert(
      property(wire.script, manner, transport, sizes, nat(), (script, streamed, by, lengths, cut) => {
        const bytes = encode(payloads(wire.write(script, streamed)), by.writing)
        const end = cut % (bytes.length + 1)
        for (const part of [bytes, bytes.subarray(0, end)]) {
          const atOnce = viaBytes(wire, [part])
          const inPieces = viaBytes(wire, cutBytes(part, lengths))
          expect(inPieces.messages).toEqual(atOnce.messages)
          expect(inPieces.events).toEqual(atOnce.events)
        }
      }),
      runs(RUNS / 2),
    )
  })

  it('gives the same message whether the dialect was named or found out', () => {
    assert(
      property(wire.script, manner, transport, (script, streamed, by) => {
        const sent = wire.write(script, { ...streamed, fillers: streamed.fillers.slice(0, 2) })
        const chunks = cutBytes(encode(payloads(sent), by.writing), by.sizes)
        const fold = new Fold()
        for (const chunk of chunks) fold.push(chunk)
        fold.end(EOF)
        expect(fold.messages).toEqual(viaBytes(wire, chunks).messages)
      }),
      runs(RUNS / 2),
    )
  })

  it('I6: hands a call out at the close of its block where that is asked for, and the message is the same', () => {
    assert(
      property(wire.script, manner, transport, (script, streamed, by) => {
        const sent = wire.write(script, streamed)
        const late = bothWays(wire, sent, by)
        const early = bothWays(wire, sent, by, EOF, { toolCalls: 'early' })
        expect(early.message).toEqual(late.message)
        for (const call of callsIn(late.events)) expect(callsIn(early.events)).toContainEqual(call)
      }),
      runs(RUNS / 2),
    )
  })

  it('I6: hands no call out before its stop reason is known, in whatever event that is', () => {
    assert(
      property(wire.script, manner, (script, streamed) => {
        const sent = wire.write(script, streamed)
        const stopsAt = sent.findIndex(saysStop)
        const fold = new Fold({ dialect: wire.dialect })
        const before = payloads(sent.slice(0, stopsAt)).flatMap((event) => fold.receive(event))
        expect(callsIn(before)).toEqual([])
      }),
      runs(RUNS / 2),
    )
  })
})

describe('a clean stream of several choices', () => {
  it('I7: gives a message for each, however their chunks overlap', () => {
    const choices = array(tuple(chatWire.script, manner), { minLength: 1, maxLength: 3 })
    const picks = array(nat(5), { minLength: 1, maxLength: 8 })
    assert(
      property(choices, picks, transport, (all, order, by) => {
        const [first] = all
        if (first === undefined) return
        const [{ id, model, counts }] = first
        const scripts = all.map(([script]) => ({ ...script, id, model, counts }))
        const lanes = scripts.map((script, index) =>
          writeChoice(script, plainly(all[index]?.[1] ?? first[1]), index, false),
        )
        const sent = [...shuffle(lanes, order), ...ending(first[0])]
        const folded = bothWays(chatWire, sent, by)
        expect(folded.messages).toHaveLength(scripts.length)
        for (const [index, script] of scripts.entries()) {
          const message = folded.messages[index] ?? expect.fail(`there is no choice ${index}`)
          expectMeaning(chatWire, script, { message, events: folded.events }, `turn/${index}`)
          expect(message.anomalies).toEqual([])
        }
        expect(toNative(folded.messages)).toEqual({
          ...nativeEnvelope(first[0]),
          choices: scripts.map((script, index) => nativeChoice(script, index)),
        })
      }),
      runs(RUNS),
    )
  })
})

/** The events of several lanes, each in order, in any order among each other. */
function shuffle<T>(lanes: readonly (readonly T[])[], order: readonly number[]): T[] {
  const waiting = lanes.map((lane) => [...lane])
  const all: T[] = []
  for (let turn = 0; waiting.some((lane) => lane.length > 0); turn++) {
    const open = waiting.filter((lane) => lane.length > 0)
    const next = open[(order[turn % order.length] ?? 0) % open.length]?.shift()
    if (next !== undefined) all.push(next)
  }
  return all
}
