/** I5 over clean streams by chance, cut after any event and at any byte, and broken off by an error. */
import { assert, boolean, constantFrom, nat, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Ending } from '../../src/assembler/state.ts'
import type { ContentBlock } from '../../src/message.ts'
import { bare, bothWays, callsIn, transport, viaBytes, viaEvents } from '../support/folded.ts'
import { expectLiveEqualsFinal } from '../support/naive-reader.ts'
import { runs } from '../support/operations.ts'
import { expectedOf } from '../support/oracle.ts'
import { manner } from '../support/script.ts'
import { cutBytes, encode, isLast, payloads, saysStop } from '../support/wire.ts'
import { WIRES } from '../support/wires.ts'

const RUNS = 100

describe.each(WIRES)('a stream of $dialect that is cut', (wire) => {
  it('I5: after any event before its stop reason is truncated, and its content is the beginning of the clean one', () => {
    const endings = constantFrom<Ending>({ kind: 'complete' }, { kind: 'truncated' })
    assert(
      property(
        wire.script,
        manner,
        transport,
        nat(),
        endings,
        boolean(),
        (script, streamed, by, place, ending, early) => {
          const sent = wire.write(script, { ...streamed, fillers: [] })
          const stopsAt = sent.findIndex(saysStop)
          const to = place % sent.length
          const { message, events: live } = bothWays(wire, sent.slice(0, to), by, ending, {
            toolCalls: early ? 'early' : 'stop',
          })
          const by_ = ending.kind === 'complete' ? 'eof' : 'reset'
          if (to === 0) expect(message.outcome).toMatchObject({ kind: 'failed' })
          else if (to <= stopsAt) expect(message.outcome).toMatchObject({ kind: 'truncated', by: by_ })
          else expect(message.outcome).toEqual({ kind: 'complete' })
          const { content, handedOut } = expectedOf(wire, script)
          expect(message.content.length).toBeLessThanOrEqual(content.length)
          for (const [at, block] of message.content.entries()) expectBeginning(block, content[at] ?? {})
          const keys = callsIn(live).map((call) => {
            const { key, arguments: text, input } = call
            expect(content).toContainEqual(expect.objectContaining({ key, arguments: text, input }))
            return key
          })
          if (!early) expect(keys).toEqual(to <= stopsAt ? [] : handedOut)
        },
      ),
      runs(RUNS),
    )
  })

  it('I5: at any byte never claims more than came, and never hands out a call that was not whole', () => {
    assert(
      property(wire.script, manner, transport, nat(), (script, streamed, by, place) => {
        const sent = wire.write(script, { ...streamed, fillers: [], countsAt: undefined })
        const bytes = encode(payloads(sent), by.writing)
        const end = place % bytes.length
        const { message, events: live } = viaBytes(wire, cutBytes(bytes.subarray(0, end), by.sizes))
        expectLiveEqualsFinal(live, message)
        const { content, handedOut } = expectedOf(wire, script)
        for (const [at, block] of message.content.entries()) expectBeginning(block, content[at] ?? {})
        const before = encode(payloads(sent.slice(0, sent.findIndex(saysStop))), by.writing)
        const hasStop = before.length < end && message.stop.raw !== null
        expect(message.outcome.kind === 'complete').toBe(hasStop)
        expect(callsIn(live).map(({ key }) => key)).toEqual(hasStop ? handedOut : [])
      }),
      runs(RUNS),
    )
  })

  it('I5: by an error event is failed, keeps what came, and stays so whatever follows', () => {
    assert(
      property(wire.script, manner, transport, nat(), boolean(), (script, streamed, by, place, early) => {
        const sent = wire.write(script, { ...streamed, fillers: [] })
        const to = 1 + (place % sent.findIndex(saysStop))
        const error = { event: wire.error, does: 'end' } as const
        const options = { toolCalls: early ? 'early' : 'stop' } as const
        const { message, events } = bothWays(
          wire,
          [...sent.slice(0, to), error, ...sent.slice(to)],
          by,
          undefined,
          options,
        )
        expect(message.outcome).toMatchObject({ kind: 'failed', error: { class: 'overloaded', retryable: true } })
        const alone = viaEvents(wire, payloads([...sent.slice(0, to), error]), undefined, options)
        expect(bare(message.content)).toEqual(bare(alone.message.content))
        if (!early) expect(callsIn(events)).toEqual([])
      }),
      runs(RUNS),
    )
  })

  it('I5: is what the caller says of its end, unless the last event was seen', () => {
    const endings = constantFrom<Ending>(
      { kind: 'aborted', by: 'caller' },
      { kind: 'timed_out', budget: 'idle', silenceMs: 1 },
      { kind: 'failed', error: { class: 'network', retryable: true, message: 'gone' } },
    )
    assert(
      property(wire.script, manner, transport, nat(), endings, (script, streamed, by, place, ending) => {
        const sent = wire.write(script, { ...streamed, fillers: [] })
        const to = place % (sent.length + 1)
        const { message } = bothWays(wire, sent.slice(0, to), by, ending)
        expect(message.outcome.kind).toBe(sent.slice(0, to).some(isLast) ? 'complete' : ending.kind)
      }),
      runs(RUNS / 2),
    )
  })
})

/** Whether a block is the beginning of another: of its text, of its arguments, of its citations. */
function expectBeginning(block: ContentBlock, whole: object): void {
  const other = new Map<string, unknown>(Object.entries(whole))
  expect(block.type).toBe(other.get('type'))
  for (const [name, value] of Object.entries(block)) {
    const wanted = other.get(name)
    switch (name) {
      case 'wire':
      // A call is partial or complete by what came after it.
      case 'state':
      // Of its parts the text tells; what is encrypted another one takes the place of.
      case 'parts':
      case 'encrypted':
        break
      case 'text':
      case 'arguments':
        expect(String(wanted).startsWith(String(value)), `${String(wanted)} begins with ${String(value)}`).toBe(true)
        break
      case 'citations':
      // A result that has only begun is an empty list.
      case 'content':
        expect(Array.isArray(wanted) && Array.isArray(value) ? wanted.slice(0, value.length) : wanted).toEqual(value)
        break
      case 'input':
        if (other.get('state') !== 'partial') expect(value).toEqual(wanted)
        break
      default:
        expect(value, name).toEqual(wanted)
    }
  }
}
