/** Folds a stream in the ways in which it can come, and says what every way must give. */
import { array, integer, record, type Arbitrary } from 'fast-check'
import { expect } from 'vitest'
import type { Anomaly } from '../../src/anomaly.ts'
import type { Ending } from '../../src/assembler/state.ts'
import { Fold } from '../../src/fold.ts'
import { toNative } from '../../src/to-native.ts'
import type { AssistantMessage, CompleteToolCall, ContentBlock } from '../../src/message.ts'
import type { FoldOptions } from '../../src/options.ts'
import type { TurnEvent } from '../../src/turn-event.ts'
import { expectLiveEqualsFinal } from './naive-reader.ts'
import { withoutAnomalies } from './operations.ts'
import { expectedOf } from './oracle.ts'
import type { Script } from './script.ts'
import { cutBytes, encode, payloads, writing, type ProviderEvent, type Sent, type Wire, type Writing } from './wire.ts'

export const EOF: Ending = { kind: 'complete' }

export interface Folded {
  readonly message: AssistantMessage
  readonly messages: readonly AssistantMessage[]
  readonly events: readonly TurnEvent[]
  /** Of the turn, after its message. */
  readonly anomalies: readonly Anomaly[]
}

export function viaEvents(
  { dialect }: Wire,
  events: readonly ProviderEvent[],
  ending: Ending = EOF,
  options: FoldOptions = {},
): Folded {
  const feed = (fold: Fold): TurnEvent[] => events.flatMap((event) => fold.receive(structuredClone(event)))
  return finished(new Fold({ ...options, dialect }), feed, ending)
}

export function viaBytes(
  { dialect }: Wire,
  chunks: readonly Uint8Array[],
  ending: Ending = EOF,
  options: FoldOptions = {},
): Folded {
  const push = (fold: Fold): TurnEvent[] => chunks.flatMap((chunk) => fold.push(chunk))
  return finished(new Fold({ ...options, dialect }), push, ending)
}

function finished(fold: Fold, feed: (fold: Fold) => TurnEvent[], ending: Ending): Folded {
  const events = [...feed(fold), ...fold.end(ending)]
  expect(fold.end(ending)).toEqual([])
  const { messages, anomalies } = fold
  return { message: messages[0] ?? expect.fail('there is no message'), messages, events, anomalies }
}

/** How the bytes of a stream are written and cut. */
export interface Transport {
  readonly writing: Writing
  readonly sizes: readonly number[]
}
export const sizes: Arbitrary<readonly number[]> = array(integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 5 })
export const transport: Arbitrary<Transport> = record({ writing, sizes })

/** Folds the events both ways, and expects of both the same. */
export function bothWays(
  wire: Wire,
  sent: readonly Sent[],
  by: Transport,
  ending: Ending = EOF,
  options: FoldOptions = {},
): Folded {
  const events = payloads(sent)
  const direct = viaEvents(wire, events, ending, options)
  const bytes = viaBytes(wire, cutBytes(encode(events, by.writing), by.sizes), ending, options)
  const same = wire.hasMark ? withoutMissingMark : identity
  expect(same(bytes.messages)).toEqual(same(direct.messages))
  expect(same(bytes.events)).toEqual(same(direct.events))
  for (const message of bytes.messages) expectLiveEqualsFinal(direct.events, message)
  return bytes
}

const identity = <T>(value: T): T => value

/** Messages or events without the anomaly that only bytes can have. */
function withoutMissingMark(values: readonly object[]): unknown {
  const isMissingMark = (value: unknown): boolean =>
    typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'missing_terminal'
  return values.flatMap((value) => {
    if ('anomaly' in value) return isMissingMark(value.anomaly) ? [] : [value]
    if ('final' in value && typeof value.final === 'object' && value.final !== null) {
      return [{ ...value, final: withoutMissingMark([value.final]) }]
    }
    if (!('anomalies' in value) || !Array.isArray(value.anomalies)) return [value]
    return [{ ...value, anomalies: value.anomalies.filter((anomaly) => !isMissingMark(anomaly)) }]
  })
}

export function callsIn(events: readonly TurnEvent[]): CompleteToolCall[] {
  return events.flatMap((event) => (event.type === 'tool_call' ? [event.call] : []))
}

export function countOf(events: readonly TurnEvent[], type: TurnEvent['type']): number {
  return events.filter((event) => event.type === type).length
}

/** Nothing that was shown was taken back. */
export function expectNothingTakenBack(events: readonly TurnEvent[]): void {
  expect(countOf(events, 'reset') + countOf(events, 'replace')).toBe(0)
}

export function bare(content: readonly ContentBlock[]): Omit<ContentBlock, 'wire'>[] {
  return content.map(({ wire: _wire, ...block }) => block)
}

/** The message says what the script meant, and its calls were handed out as they may be. */
export function expectMeaning(
  wire: Wire,
  script: Script,
  { message, events }: Pick<Folded, 'message' | 'events'>,
  key = 'turn/0',
): void {
  const { content, stop, usage, handedOut } = expectedOf(wire, script, key)
  expect(bare(message.content)).toEqual(content)
  expect(message).toMatchObject({ key, id: script.id, idSource: 'wire', model: script.model, dialect: wire.dialect })
  expect(message.outcome).toEqual({ kind: 'complete' })
  expect(message.stop).toEqual(stop)
  expect(message.usage).toEqual(usage)
  expect(callsIn(events.filter((event) => event.message === key)).map((call) => call.key)).toEqual(handedOut)
}

/** The same, also in the provider's own form. */
export function expectAsMeant(wire: Wire, script: Script, folded: Pick<Folded, 'message' | 'events'>): void {
  expectMeaning(wire, script, folded)
  expect(withoutUsage(toNative(folded.message))).toEqual(withoutUsage(wire.native(script)))
}

/** The raw counts of a message that began more than once are of all its beginnings. */
function withoutUsage(native: unknown): object {
  return { ...(typeof native === 'object' ? native : {}), usage: null }
}

/** The message, however it was repeated: nothing but the anomalies may differ, and a reader saw nothing taken back. */
export function expectSame(wire: Wire, script: Script, clean: Folded, again: Folded): void {
  expectAsMeant(wire, script, again)
  expect(withoutAnomalies(again.message)).toEqual(withoutAnomalies(clean.message))
  expectNothingTakenBack(again.events)
  expect(callsIn(again.events)).toEqual(callsIn(clean.events))
}
