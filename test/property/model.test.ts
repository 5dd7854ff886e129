/**
 * Clean Anthropic streams by chance, against an oracle that knows the message; then the same streams repeated, replayed, regenerated and
 * cut. Each runs through events (`createAssembler`) and through bytes (`Fold`), cut by chance.
 */
import { array, assert, boolean, constantFrom, integer, nat, property, record, tuple, type Arbitrary } from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Ending } from '../../src/assembler/state.ts'
import { createAssembler, Fold, toNative } from '../../src/fold.ts'
import type { FoldOptions } from '../../src/options.ts'
import type { Anomaly } from '../../src/anomaly.ts'
import type { AssistantMessage, CompleteToolCall, ContentBlock } from '../../src/message.ts'
import type { TurnEvent } from '../../src/turn-event.ts'
import {
  cutBytes,
  encode,
  eventsOf,
  manner,
  isCall,
  messageSpec,
  nativeOf,
  writing,
  type BlockSpec,
  type Manner,
  type MessageSpec,
  type ProviderEvent,
  type Writing,
} from '../support/anthropic-events.ts'
import { expectLiveEqualsFinal } from '../support/naive-reader.ts'
import { runs, withoutAnomalies } from '../support/operations.ts'
import { expectedOf } from '../support/oracle.ts'

const RUNS = 150
const NAMED = { dialect: 'anthropic-messages' } as const
const EOF: Ending = { kind: 'complete' }

interface Folded {
  readonly message: AssistantMessage
  readonly messages: readonly AssistantMessage[]
  readonly events: readonly TurnEvent[]
  /** Of the turn, after its message. */
  readonly anomalies: readonly Anomaly[]
}

function viaEvents(events: readonly ProviderEvent[], ending: Ending = EOF, options: FoldOptions = {}): Folded {
  if (options.many)
    return finished(
      new Fold({ ...NAMED, ...options }),
      (fold) => events.flatMap((event) => fold.receive(event)),
      ending,
    )
  const assembler = createAssembler({ ...NAMED, ...options })
  const live = events.flatMap((event) => assembler.receive(structuredClone(event)))
  const all = [...live, ...assembler.end(ending)]
  expect(assembler.end(ending)).toEqual([])
  return { message: assembler.message(), messages: [assembler.message()], events: all, anomalies: [] }
}

function viaBytes(chunks: readonly Uint8Array[], ending: Ending = EOF, options: FoldOptions = {}): Folded {
  return finished(new Fold({ ...NAMED, ...options }), (fold) => chunks.flatMap((chunk) => fold.push(chunk)), ending)
}

function finished(fold: Fold, feed: (fold: Fold) => TurnEvent[], ending: Ending): Folded {
  const events = [...feed(fold), ...fold.end(ending)]
  expect(fold.end(ending)).toEqual([])
  const { messages, anomalies } = fold
  return { message: messages[0] ?? expect.fail('there is no message'), messages, events, anomalies }
}

/** How the bytes of a stream are written and cut. */
const transport = record({ writing, sizes: array(integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 5 }) })
type Transport = { readonly writing: Writing; readonly sizes: readonly number[] }

/** Folds the events both ways, and expects of both the same. */
function bothWays(
  events: readonly ProviderEvent[],
  { writing: written, sizes }: Transport,
  ending: Ending = EOF,
  options: FoldOptions = {},
): Folded {
  const direct = viaEvents(events, ending, options)
  const bytes = viaBytes(cutBytes(encode(events, written), sizes), ending, options)
  expect(bytes.messages).toEqual(direct.messages)
  expect(bytes.events).toEqual(direct.events)
  for (const message of bytes.messages) expectLiveEqualsFinal(direct.events, message)
  return bytes
}

function callsIn(events: readonly TurnEvent[]): CompleteToolCall[] {
  return events.flatMap((event) => (event.type === 'tool_call' ? [event.call] : []))
}
function countOf(events: readonly TurnEvent[], type: TurnEvent['type']): number {
  return events.filter((event) => event.type === type).length
}

function bare(content: readonly ContentBlock[]): Omit<ContentBlock, 'wire'>[] {
  return content.map(({ wire: _wire, ...block }) => block)
}

function expectAsMeant(spec: MessageSpec, { message, events }: Folded): void {
  const { content, stop, usage, handedOut } = expectedOf(spec)
  expect(bare(message.content)).toEqual(content)
  expect(message).toMatchObject({
    key: 'turn/0',
    id: spec.id,
    idSource: 'wire',
    model: spec.model,
    dialect: 'anthropic-messages',
  })
  expect(message.outcome).toEqual({ kind: 'complete' })
  expect(message.stop).toEqual(stop)
  expect(message.usage).toEqual(usage)
  expect(callsIn(events).map(({ key }) => key)).toEqual(handedOut)
}

/** The message, however it was repeated: nothing but the anomalies may differ, and a reader saw nothing taken back. */
function expectSame(spec: MessageSpec, clean: Folded, again: Folded): void {
  expectAsMeant(spec, again)
  expect(withoutAnomalies(again.message)).toEqual(withoutAnomalies(clean.message))
  expect(countOf(again.events, 'reset')).toBe(0)
  expect(countOf(again.events, 'replace')).toBe(0)
  expect(callsIn(again.events)).toEqual(callsIn(clean.events))
}

describe('a clean stream', () => {
  it('I7: gives the message that was streamed, whatever way it was streamed, without an anomaly', () => {
    assert(
      property(messageSpec, manner, transport, (spec, streamed, by) => {
        const folded = bothWays(eventsOf(spec, streamed), by)
        expectAsMeant(spec, folded)
        expect(folded.message.anomalies).toEqual([])
        expect(folded.anomalies).toEqual([])
        expect(toNative(folded.message)).toEqual(nativeOf(spec))
        expect(countOf(folded.events, 'reset') + countOf(folded.events, 'replace')).toBe(0)
      }),
      runs(RUNS),
    )
  })

  it('I1: gives the same message and the same events however its bytes are cut', () => {
    assert(
      property(
        messageSpec,
        manner,
        transport,
        array(integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 }),
        nat(),
        (spec, streamed, by, sizes, cut) => {
          const bytes = encode(eventsOf(spec, streamed), by.writing)
          const end = cut % (bytes.length + 1)
          for (const part of [bytes, bytes.subarray(0, end)]) {
            const whole = viaBytes([part])
            const inPieces = viaBytes(cutBytes(part, sizes))
            expect(inPieces.messages).toEqual(whole.messages)
            expect(inPieces.events).toEqual(whole.events)
          }
        },
      ),
      runs(RUNS),
    )
  })

  it('gives the same message whether the dialect was named or found out', () => {
    assert(
      property(messageSpec, manner, transport, (spec, streamed, by) => {
        const chunks = cutBytes(
          encode(eventsOf(spec, { ...streamed, pings: streamed.pings.slice(0, 2) }), by.writing),
          by.sizes,
        )
        const fold = new Fold()
        for (const chunk of chunks) fold.push(chunk)
        fold.end(EOF)
        expect(fold.messages).toEqual(viaBytes(chunks).messages)
      }),
      runs(RUNS / 2),
    )
  })

  it('I6: hands a call out at the close of its block where that is asked for, and the message is the same', () => {
    assert(
      property(messageSpec, manner, transport, (spec, streamed, by) => {
        const events = eventsOf(spec, streamed)
        const late = bothWays(events, by)
        const early = bothWays(events, by, EOF, { toolCalls: 'early' })
        expect(early.message).toEqual(late.message)
        for (const call of callsIn(late.events)) expect(callsIn(early.events)).toContainEqual(call)
      }),
      runs(RUNS / 2),
    )
  })
})

/** Where copies of an event may stand without saying anything new. */
const REPEATED_IN_PLACE = new Set([
  'message_start',
  'message_delta',
  'message_stop',
  'content_block_start',
  'content_block_stop',
  'ping',
])

function repeatInPlace(events: readonly ProviderEvent[], times: readonly number[]): ProviderEvent[] {
  return events.flatMap((event, at) => {
    const count = REPEATED_IN_PLACE.has(event.type) ? 1 + (times[at % times.length] ?? 0) : 1
    return Array.from({ length: count }, () => event)
  })
}

/** Copies of stops anywhere after the original. */
function repeatStopsLater(events: readonly ProviderEvent[], places: readonly number[]): ProviderEvent[] {
  const repeated = [...events]
  for (const place of places) {
    const stops = repeated.flatMap(({ type }, at) =>
      type === 'content_block_stop' || type === 'message_stop' ? [at] : [],
    )
    const from = stops[place % stops.length]
    if (from === undefined) return repeated
    const event = repeated[from]
    if (event !== undefined) repeated.splice(from + 1 + (Math.trunc(place / 64) % (repeated.length - from)), 0, event)
  }
  return repeated
}

function unbroken(spec: MessageSpec, streamed: Manner): Folded {
  return viaEvents(eventsOf(spec, streamed))
}

/** A stream with something done to it, which must not change the message. */
function unchanged(
  change: (events: ProviderEvent[], again: ProviderEvent[], places: readonly number[]) => ProviderEvent[],
): void {
  const places = array(nat(4096), { minLength: 1, maxLength: 4 })
  assert(
    property(messageSpec, manner, manner, transport, places, (spec, streamed, otherwise, by, where) => {
      const events = change(eventsOf(spec, streamed), eventsOf(spec, otherwise), where)
      expectSame(spec, unbroken(spec, streamed), bothWays(events, by))
    }),
    runs(RUNS),
  )
}

const upTo = (events: readonly ProviderEvent[], place = 0): number => place % (events.length + 1)

describe('a stream that repeats itself', () => {
  it('I3: is the same message if any stop, start or terminal comes again right after itself', () => {
    unchanged((events, _, places) =>
      repeatInPlace(
        events,
        places.map((place) => place % 3),
      ),
    )
  })

  it('I3: is the same message if a block or the message is stopped again later', () => {
    unchanged((events, _, places) => repeatStopsLater(events, places))
  })

  it('I3: is the same message if the last message_delta and message_stop come again together', () => {
    unchanged((events, _, places) => {
      const pair = events
        .filter(({ type }) => type === 'message_stop')
        .flatMap((last) => [events.findLast(({ type }) => type === 'message_delta') ?? last, last])
      const beforeLast = events.findIndex(({ type }) => type === 'message_stop')
      return [
        ...events.slice(0, beforeLast),
        ...places.flatMap(() => pair.slice(0, 1)),
        ...places.flatMap(() => pair),
        ...events.slice(beforeLast),
      ]
    })
  })

  it('I3: is the same message after the replay of a prefix', () => {
    unchanged((events, _, [place]) => [...events.slice(0, upTo(events, place)), ...events])
  })

  it('I3: is the same message after the replay of several prefixes', () => {
    unchanged((events, _, places) => [...places.flatMap((place) => events.slice(0, upTo(events, place))), ...events])
  })

  it('I3: is the same message after the replay of a prefix that was cut and ordered in another way', () => {
    unchanged((events, again, [place]) => [...again.slice(0, upTo(again, place)), ...events])
  })

  it('I3: is the same message if the whole comes twice', () => {
    unchanged((events) => [...events, ...events])
  })

  it('I3: is the same message if the whole comes twice with one message_stop at the end', () => {
    unchanged((events, again) => [...events.filter(({ type }) => type !== 'message_stop'), ...again])
  })

  it('I3: is the same message if its tail from any event on comes again after message_stop', () => {
    unchanged((events, _, [place]) => [...events, ...events.slice(upTo(events, place))])
  })

  it('I3: is the same message if message_start comes again in mid-stream and the stream goes on', () => {
    unchanged((events, _, places) => {
      const [first, ...rest] = events.filter(({ type }) => type !== 'ping')
      if (first === undefined) return events
      for (const place of places) rest.splice(place % (rest.length + 1), 0, first)
      return [first, ...rest]
    })
  })

  it('I3: is the same message if message_start comes again in the middle of a replay', () => {
    unchanged((events, again, [place = 0, next = 0]) => {
      const [first, ...rest] = events.filter(({ type }) => type !== 'ping')
      if (first === undefined) return events
      rest.splice(next % (rest.length + 1), 0, first)
      return [...again.slice(0, upTo(again, place)), first, ...rest]
    })
  })

  it('I3: hands out the same calls if a stream is replayed that hands out early', () => {
    assert(
      property(messageSpec, manner, manner, transport, nat(), (spec, streamed, otherwise, by, place) => {
        const events = eventsOf(spec, streamed)
        const again = eventsOf(spec, otherwise)
        const replayed = bothWays([...again.slice(0, upTo(again, place)), ...events], by, EOF, { toolCalls: 'early' })
        const once = viaEvents(events, EOF, { toolCalls: 'early' })
        expect(withoutAnomalies(replayed.message)).toEqual(withoutAnomalies(once.message))
        const keys = (folded: Folded): string[] =>
          callsIn(folded.events)
            .map(({ key }) => key)
            .toSorted()
        expect(keys(replayed)).toEqual(keys(once))
      }),
      runs(RUNS),
    )
  })

  it('I3: keeps two deltas that are equal, since the text alone tells no repeat', () => {
    const events: ProviderEvent[] = [
      { type: 'message_start', message: { id: 'msg_1', role: 'assistant', content: [] } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'ha' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'ha' } },
      { type: 'content_block_stop', index: 0 },
    ]
    expect(viaEvents(events).message.content).toMatchObject([{ text: 'haha' }])
  })

  it('I3: counts citations that came with the start of a block once, if that start comes again', () => {
    const start = {
      type: 'content_block_start',
      index: 0,
      content_block: { type: 'text', text: '', citations: [{ cited_text: 'a' }] },
    }
    const events: ProviderEvent[] = [
      { type: 'message_start', message: { id: 'msg_1', role: 'assistant', content: [] } },
      start,
      start,
    ]
    expect(viaEvents(events).message.content).toMatchObject([{ citations: [{ cited_text: 'a' }] }])
  })
})

/** A message that begins like `spec` and differs in a block, and how many of its blocks are the same. */
interface Regeneration {
  readonly before: MessageSpec
  readonly after: MessageSpec
  /** The first block that differs. */
  readonly at: number
}

const regeneration: Arbitrary<Regeneration> = tuple(
  messageSpec,
  messageSpec,
  nat(),
  constantFrom('text', 'kind', 'shorter', 'longer'),
).map(([first, other, place, way]) => {
  const words: BlockSpec = { type: 'text', text: 'It is sunny' }
  const at = place % (first.blocks.length + 1)
  const others: Readonly<Record<string, BlockSpec>> = {
    text: { type: 'text', text: 'It is rainy' },
    kind: { type: 'thinking', thinking: 'It is sunny', signature: 'c2ln' },
    shorter: { type: 'text', text: 'It is' },
    longer: { type: 'text', text: 'It is sunny today' },
  }
  const blocks = first.blocks.map(tellable)
  const head = blocks.slice(0, at)
  // The first has one more block, so that there is something to forget.
  const before = {
    ...first,
    blocks: [...head, words, ...blocks.slice(at)].map((block, index) => renamed(block, index)),
  }
  const after = {
    ...other,
    id: first.id,
    model: first.model,
    startUsage: first.startUsage,
    blocks: [...head, others[way] ?? words, ...other.blocks.map(tellable)].map((block, index) =>
      renamed(block, index, head.length),
    ),
  }
  return {
    before: uncut(before),
    after: uncut({ ...after, deltaUsage: { ...first.deltaUsage, ...other.deltaUsage } }),
    at,
  }
})

/**
 * What is compared when it is sent again is the text: a citation in the place of another is not told from it. Thinking that was withheld
 * in the place of thinking that was not has tests of its own in `test/assembler`.
 */
function tellable(block: BlockSpec): BlockSpec {
  if (block.type === 'redacted_thinking') return { type: 'container_upload', file_id: block.data }
  return block.type === 'text' ? { type: 'text', text: block.text } : block
}

/** Ids stay unique in a message that is made of two; calls from `from` on are other calls. */
function renamed(block: BlockSpec, index: number, from = Infinity): BlockSpec {
  return isCall(block) ? { ...block, id: index < from ? `toolu_${index}` : `toolu_new_${index}` } : block
}

function uncut(spec: MessageSpec): MessageSpec {
  const blocks = spec.blocks.map((block) => {
    if (!isCall(block)) return block
    const { cutAt: _, ...whole } = block
    return whole
  })
  return { ...spec, blocks }
}

describe('a message that is generated anew', () => {
  it('I3: under its own id is the new message alone, with one reset, however its blocks overlap', () => {
    assert(
      property(
        regeneration,
        manner,
        manner,
        transport,
        nat(),
        ({ before, after, at }, streamed, otherwise, by, place) => {
          const events = eventsOf(before, streamed)
          const from = events.findIndex(({ type, index }) => type === 'content_block_stop' && index === at) + 1
          const to = events.findLastIndex(({ type }) => type === 'message_delta')
          const folded = bothWays(
            [...events.slice(0, from + (place % (to - from + 1))), ...eventsOf(after, otherwise)],
            by,
          )
          expectAsMeant(after, folded)
          expect(countOf(folded.events, 'reset')).toBe(1)
        },
      ),
      runs(RUNS),
    )
  })

  it('I4: under its own id leaves the old content in the anomaly, as it stood', () => {
    assert(
      property(
        regeneration,
        manner,
        manner,
        transport,
        nat(),
        ({ before, after, at }, streamed, otherwise, by, place) => {
          const events = eventsOf(before, { ...streamed, schedule: [] })
          // The old one was cut after the block that will differ, before its stop reason.
          const from = events.findIndex(({ type, index }) => type === 'content_block_stop' && index === at) + 1
          const to = events.findLastIndex(({ type }) => type === 'message_delta')
          const kept = events.slice(0, from + (place % (to - from + 1)))
          const old = createAssembler(NAMED)
          for (const event of kept) old.receive(event)
          const folded = bothWays([...kept, ...eventsOf(after, { ...otherwise, schedule: [] })], by)
          const regenerated = folded.message.anomalies.filter(({ kind }) => kind === 'regenerated')
          expect(regenerated.map(({ content }) => content)).toEqual([old.snapshot().content])
        },
      ),
      runs(RUNS),
    )
  })

  it('I2: after a call of it was handed out, keeps what it has and fails', () => {
    assert(
      property(regeneration, manner, manner, transport, ({ before, after }, streamed, otherwise, by) => {
        const calling = {
          ...before,
          stopReason: 'tool_use',
          blocks: [
            ...before.blocks,
            { type: 'tool_use', id: 'toolu_x', name: 'f', input: { a: 1 }, sent: 'deltas' } as const,
          ],
        }
        const events = eventsOf(calling, { ...streamed, pings: [] })
        const folded = bothWays([...events.slice(0, -1), ...eventsOf(after, { ...otherwise, schedule: [] })], by)
        expect(folded.message.outcome).toMatchObject({
          kind: 'failed',
          error: { class: 'regenerated_after_tool_call' },
        })
        expect(bare(folded.message.content)).toEqual(expectedOf(calling).content)
        expect(countOf(folded.events, 'reset')).toBe(0)
        expect(callsIn(folded.events).map(({ key }) => key)).toEqual(expectedOf(calling).handedOut)
      }),
      runs(RUNS),
    )
  })

  it('I3: is whole also if message_start comes once more while it is sent', () => {
    assert(
      property(regeneration, manner, transport, nat(), ({ before, after, at }, streamed, by, place) => {
        const kept = eventsOf(before, { ...streamed, schedule: [], pings: [] }).filter(({ index = 0 }) => index <= at)
        const [first, ...rest] = eventsOf(after, { ...streamed, schedule: [], pings: [] })
        if (first === undefined) return
        rest.splice(place % rest.length, 0, first)
        const folded = bothWays(
          [...kept.slice(0, kept.findLastIndex(({ type }) => type === 'content_block_stop') + 1), first, ...rest],
          by,
        )
        expectAsMeant(after, folded)
      }),
      runs(RUNS),
    )
  })

  it('I2: under another id before the terminal is the new message alone, with one reset', () => {
    assert(
      property(
        messageSpec,
        messageSpec,
        manner,
        transport,
        nat(),
        boolean(),
        (first, second, streamed, by, place, many) => {
          const events = eventsOf(first, { ...streamed, pings: [] })
          const kept = events.slice(0, 1 + (place % (events.length - 2)))
          const next = { ...second, id: 'msg_2' }
          const folded = bothWays([...kept, ...eventsOf(next, { ...streamed, pings: [] })], by, EOF, { many })
          expect(folded.messages).toHaveLength(1)
          expectAsMeant(next, folded)
          expect(countOf(folded.events, 'reset')).toBe(1)
          expect(folded.message.attempt).toBe(2)
        },
      ),
      runs(RUNS),
    )
  })

  it('I2: under another id after the terminal does not touch the first; a source of many gives both', () => {
    assert(
      property(messageSpec, messageSpec, manner, transport, (first, second, streamed, by) => {
        const next = { ...second, id: 'msg_2' }
        const events = [...eventsOf(first, streamed), ...eventsOf(next, streamed)]
        const one = bothWays(events, by)
        expectSame(first, unbroken(first, streamed), one)
        expect(one.anomalies.map(({ kind }) => kind)).toContain('second_message')
        const both = bothWays(events, by, EOF, { many: true })
        expect(both.messages).toHaveLength(2)
        expect(both.messages.map(({ id }) => id)).toEqual(['msg_1', 'msg_2'])
        expect(both.messages.map(({ key }) => key)).toEqual(['turn/0', 'turn/1'])
        for (const [at, spec] of [first, next].entries()) {
          expect(both.messages[at]?.outcome).toEqual({ kind: 'complete' })
          expect(bare(both.messages[at]?.content ?? [])).toEqual(rekeyed(expectedOf(spec).content, at))
        }
      }),
      runs(RUNS),
    )
  })
})

function rekeyed(content: readonly object[], ordinal: number): unknown {
  const copy: unknown = JSON.parse(JSON.stringify(content).replaceAll('"turn/0#', `"turn/${ordinal}#`))
  return copy
}

describe('a stream that is cut', () => {
  it('I5: after any event before its stop reason is truncated, and its content is the beginning of the clean one', () => {
    const endings = constantFrom<Ending>({ kind: 'complete' }, { kind: 'truncated' })
    assert(
      property(
        messageSpec,
        manner,
        transport,
        nat(),
        endings,
        boolean(),
        (spec, streamed, by, place, ending, early) => {
          const events = eventsOf(spec, { ...streamed, pings: [] })
          const stopsAt = events.length - 2
          const to = place % events.length
          const { message, events: live } = bothWays(events.slice(0, to), by, ending, {
            toolCalls: early ? 'early' : 'stop',
          })
          if (to === 0) expect(message.outcome).toMatchObject({ kind: 'failed' })
          else if (to <= stopsAt)
            expect(message.outcome).toMatchObject({
              kind: 'truncated',
              by: ending.kind === 'complete' ? 'eof' : 'reset',
            })
          else expect(message.outcome).toEqual({ kind: 'complete' })
          const { content } = expectedOf(spec)
          expect(message.content.length).toBeLessThanOrEqual(content.length)
          for (const [at, block] of message.content.entries()) expectBeginning(block, content[at] ?? {})
          const keys = callsIn(live).map((call) => {
            expect(content).toContainEqual(
              expect.objectContaining({ key: call.key, arguments: call.arguments, input: call.input }),
            )
            return call.key
          })
          if (!early) expect(keys).toEqual(to <= stopsAt ? [] : expectedOf(spec).handedOut)
        },
      ),
      runs(RUNS),
    )
  })

  it('I5: at any byte never claims more than came, and never hands out a call that was not whole', () => {
    assert(
      property(messageSpec, manner, transport, nat(), (spec, streamed, by, place) => {
        const events = eventsOf(spec, { ...streamed, pings: [], countsAt: undefined })
        const bytes = encode(events, by.writing)
        const end = place % bytes.length
        const { message, events: live } = viaBytes(cutBytes(bytes.subarray(0, end), by.sizes))
        expectLiveEqualsFinal(live, message)
        const { content, handedOut } = expectedOf(spec)
        for (const [at, block] of message.content.entries()) expectBeginning(block, content[at] ?? {})
        const hasStop = encode(events.slice(0, -2), by.writing).length < end && message.stop.raw !== null
        expect(message.outcome.kind === 'complete').toBe(hasStop)
        expect(callsIn(live).map(({ key }) => key)).toEqual(hasStop ? handedOut : [])
      }),
      runs(RUNS),
    )
  })

  it('I5: by an error event is failed, keeps what came, and stays so whatever follows', () => {
    assert(
      property(messageSpec, manner, transport, nat(), (spec, streamed, by, place) => {
        const events = eventsOf(spec, { ...streamed, pings: [] })
        const to = 1 + (place % (events.length - 2))
        const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }
        const { message } = bothWays([...events.slice(0, to), error, ...events.slice(to)], by)
        expect(message.outcome).toMatchObject({ kind: 'failed', error: { class: 'overloaded', retryable: true } })
        expect(bare(message.content)).toEqual(bare(viaEvents([...events.slice(0, to), error]).message.content))
      }),
      runs(RUNS),
    )
  })

  it('I3: and sent again from its beginning is the clean message, wherever it was cut and however often', () => {
    assert(
      property(
        messageSpec,
        array(tuple(manner, nat()), { maxLength: 3 }),
        manner,
        nat(),
        (spec, attempts, streamed, place) => {
          const still = (how: Manner): ProviderEvent[] => eventsOf(spec, { ...how, pings: [], countsAt: undefined })
          const events = still(streamed)
          const before = attempts.flatMap(([otherwise, to]) => still(otherwise).slice(0, to % events.length))
          // Once all but message_stop has come, the last sending may be cut as well.
          const isWhole = before.some(({ type }) => type === 'message_delta')
          const last = isWhole ? events.slice(0, place % (events.length + 1)) : events
          expectSame(spec, viaEvents(events), viaEvents([...before, ...last]))
        },
      ),
      runs(RUNS),
    )
  })
})

/** Whether a block is the beginning of another: of its text, of its arguments, of its citations. */
function expectBeginning(block: ContentBlock, whole: object): void {
  const other = new Map<string, unknown>(Object.entries(whole))
  expect(block.type).toBe(other.get('type'))
  for (const [name, value] of Object.entries(block)) {
    // A call is partial or complete by what came after it.
    if (name === 'wire' || name === 'state' || (name === 'input' && other.get('state') === 'partial')) continue
    const wanted = other.get(name)
    if (typeof value === 'string' && (name === 'text' || name === 'arguments'))
      expect(String(wanted).startsWith(value), `${String(wanted)} begins with ${value}`).toBe(true)
    else if (Array.isArray(value) && Array.isArray(wanted) && name === 'citations')
      expect(wanted.slice(0, value.length)).toEqual(value)
    else expect(value, name).toEqual(wanted)
  }
}
