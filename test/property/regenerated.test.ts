/** Messages that are generated anew in mid-stream: under their own id, or under another; one that may run on, or must not. */
import { array, assert, constantFrom, nat, property, tuple, type Arbitrary } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Fold } from '../../src/fold.ts'
import {
  bare,
  bothWays,
  callsIn,
  countOf,
  EOF,
  expectAsMeant,
  expectMeaning,
  expectSame,
  transport,
  viaEvents,
} from '../support/folded.ts'
import { runs } from '../support/operations.ts'
import { expectedOf } from '../support/oracle.ts'
import { isCall, manner, plainly, type BlockSpec, type Script } from '../support/script.ts'
import { payloads, saysStop, type Sent, type Wire } from '../support/wire.ts'
import { WIRES_WITH_BEGIN } from '../support/wires.ts'

const RUNS = 60

/** A message that begins like another and differs from one of its blocks on. */
interface Regeneration {
  readonly before: Script
  readonly after: Script
  /** The first block that differs. */
  readonly at: number
}

function regenerationOf(wire: Wire): Arbitrary<Regeneration> {
  const ways = constantFrom('text', 'kind', 'shorter', 'longer')
  return tuple(wire.script, wire.script, nat(), ways).map(([first, other, place, way]) => {
    const words: BlockSpec = { kind: 'text', text: 'It is sunny' }
    const at = place % (first.blocks.length + 1)
    const others: Readonly<Record<string, BlockSpec>> = {
      text: { kind: 'text', text: 'It is rainy' },
      kind: { kind: 'thinking', parts: ['It is sunny'], seal: 'c2ln' },
      shorter: { kind: 'text', text: 'It is' },
      longer: { kind: 'text', text: 'It is sunny today' },
    }
    const blocks = first.blocks.map(tellable)
    const head = blocks.slice(0, at)
    // The first has one more block, so that there is something to forget.
    const before = [...head, words, ...blocks.slice(at)].map((block, index) => renamed(block, index))
    const after = [...head, others[way] ?? words, ...other.blocks.map(tellable)].map((block, index) =>
      renamed(block, index, head.length),
    )
    const counts = { first: first.counts.first, last: { ...first.counts.last, ...other.counts.last } }
    return {
      before: uncut({ ...first, blocks: before, together: false }),
      after: uncut({ ...other, id: first.id, model: first.model, counts, blocks: after, together: false }),
      at,
    }
  })
}

/**
 * What is compared when it is sent again is the text: a citation in the place of another is not told from it. Thinking that was withheld
 * in the place of thinking that was not has tests of its own in `test/assembler`.
 */
function tellable(block: BlockSpec): BlockSpec {
  if (block.kind === 'withheld') return { kind: 'opaque', data: block.data }
  return block.kind === 'text' ? { kind: 'text', text: block.text } : block
}

/** Ids stay unique in a message that is made of two; calls from `from` on are other calls. */
function renamed(block: BlockSpec, index: number, from = Infinity): BlockSpec {
  return isCall(block) ? { ...block, id: index < from ? `call_${index}` : `call_new_${index}` } : block
}

function uncut(script: Script): Script {
  const blocks = script.blocks.map((block) => {
    if (!isCall(block)) return block
    const { cutAt: _, ...whole } = block
    return whole
  })
  return { ...script, blocks }
}

/** The events up to a place after the block that will differ, before the stop reason. */
function cutAfter(sent: readonly Sent[], block: number, place: number): Sent[] {
  const from = sent.findLastIndex((one) => one.block === block) + 1
  return sent.slice(0, from + (place % (sent.findIndex(saysStop) - from + 1)))
}

describe.each(WIRES_WITH_BEGIN)('a message of $dialect that is generated anew', (wire) => {
  const regeneration = regenerationOf(wire)

  it('I3: under its own id is the new message alone, with one reset, however its blocks overlap', () => {
    assert(
      property(regeneration, manner, manner, transport, nat(), (own, streamed, otherwise, by, place) => {
        const kept = cutAfter(wire.write(own.before, streamed), own.at, place)
        const folded = bothWays(wire, [...kept, ...wire.write(own.after, otherwise)], by)
        expectAsMeant(wire, own.after, folded)
        expect(countOf(folded.events, 'reset')).toBe(1)
      }),
      runs(RUNS),
    )
  })

  it('I4: under its own id leaves the old content in the anomaly, as it stood', () => {
    assert(
      property(regeneration, manner, manner, transport, nat(), (own, streamed, otherwise, by, place) => {
        const kept = cutAfter(wire.write(own.before, { ...streamed, schedule: [] }), own.at, place)
        const old = new Fold({ dialect: wire.dialect })
        for (const event of payloads(kept)) old.receive(event)
        const folded = bothWays(wire, [...kept, ...wire.write(own.after, { ...otherwise, schedule: [] })], by)
        const regenerated = folded.message.anomalies.filter(({ kind }) => kind === 'regenerated')
        expect(regenerated.map(({ content }) => content)).toEqual([old.snapshot().content])
      }),
      runs(RUNS),
    )
  })

  it('I2: after a call of it was handed out, keeps what it has and fails', () => {
    assert(
      property(regeneration, manner, manner, transport, ({ before, after }, streamed, otherwise, by) => {
        const call = { kind: 'call', by: 'client', id: 'call_x', name: 'f', input: { a: 1 }, sent: 'deltas' } as const
        const calling: Script = { ...before, stop: wire.callsStop, blocks: [...before.blocks, call] }
        const sent = wire.write(calling, plainly(streamed))
        const kept = sent.slice(0, sent.findIndex(saysStop))
        const again = wire.write(after, plainly(otherwise))
        const folded = bothWays(wire, [...kept, ...again], by, EOF, { toolCalls: 'early' })
        expect(folded.message.outcome).toMatchObject({
          kind: 'failed',
          error: { class: 'regenerated_after_tool_call' },
        })
        expect(bare(folded.message.content)).toEqual(expectedOf(wire, calling).content)
        expect(countOf(folded.events, 'reset')).toBe(0)
        expect(callsIn(folded.events)).toEqual(
          callsIn(viaEvents(wire, payloads(kept), EOF, { toolCalls: 'early' }).events),
        )
        expect(callsIn(folded.events).map(({ id }) => id)).toContain('call_x')
      }),
      runs(RUNS),
    )
  })

  it('I3: is whole also if its first event comes once more while it is sent', () => {
    assert(
      property(regeneration, manner, transport, nat(), ({ before, after, at }, streamed, by, place) => {
        const kept = cutAfter(wire.write(before, plainly(streamed)), at, 0)
        const [first, ...rest] = wire.write(after, plainly(streamed))
        if (first === undefined) return
        rest.splice(place % rest.length, 0, first)
        expectAsMeant(wire, after, bothWays(wire, [...kept, first, ...rest], by))
      }),
      runs(RUNS),
    )
  })

  it('I2: under another id before the terminal is the new message alone, with one reset; of many both come out', () => {
    assert(
      property(wire.script, wire.script, manner, transport, nat(), (first, second, streamed, by, place) => {
        const sent = wire.write(first, { ...streamed, fillers: [] })
        const kept = sent.slice(0, 1 + (place % sent.findIndex(saysStop)))
        const next = { ...second, id: 'msg_2' }
        const sentAll = [...kept, ...wire.write(next, { ...streamed, fillers: [] })]
        const both = bothWays(wire, sentAll, by, EOF, { many: true })
        expect(both.messages.map(({ id, outcome }) => [id, outcome.kind])).toEqual([
          [first.id, 'truncated'],
          [next.id, 'complete'],
        ])
        expect(countOf(both.events, 'reset')).toBe(0)
        const folded = bothWays(wire, sentAll, by, EOF)
        expect(folded.messages).toHaveLength(1)
        expectAsMeant(wire, next, folded)
        expect(countOf(folded.events, 'reset')).toBe(1)
        expect(folded.message.attempt).toBe(2)
      }),
      runs(RUNS),
    )
  })

  it('I2: under another id after the terminal does not touch the first; a source of many gives both', () => {
    assert(
      property(
        wire.script,
        array(wire.script, { minLength: 1, maxLength: 3 }),
        manner,
        transport,
        (one, more, how, by) => {
          const scripts = [one, ...more].map((script, at) => ({ ...script, id: `msg_${at + 1}` }))
          const sent = scripts.flatMap((script) => wire.write(script, how))
          const single = bothWays(wire, sent, by)
          expectSame(wire, one, viaEvents(wire, payloads(wire.write(one, how))), single)
          expect(single.anomalies.map(({ kind }) => kind)).toContain('second_message')
          const all = bothWays(wire, sent, by, EOF, { many: true })
          expect(all.messages.map(({ id }) => id)).toEqual(scripts.map(({ id }) => id))
          for (const [at, script] of scripts.entries()) {
            const message = all.messages[at] ?? expect.fail(`there is no message ${at}`)
            expectMeaning(wire, script, { message, events: all.events }, `turn/${at}`)
          }
        },
      ),
      runs(RUNS),
    )
  })
})
