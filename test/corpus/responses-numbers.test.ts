import { describe, expect, it } from 'vitest'
import { assemble, fold, type AssistantMessage, type TurnEvent } from '../../src/index.ts'
import type { AnomalyKind } from '../../src/anomaly.ts'
import type { JsonObject } from '../../src/json.ts'
import { corpusStreams, describeShared, type CorpusStream } from '../support/corpus.ts'
import { expectLiveEqualsFinal } from '../support/naive-reader.ts'
import { payloadsOf, textOf, wireResponsesOf } from './responses-wire.ts'

/** At most so many places of a stream are broken, spread over all of it. */
const PLACES = 24

type Breaking = (events: readonly JsonObject[], at: number) => readonly JsonObject[]

/** The event comes so many events late, but not after the last one, which ends the message. */
const late =
  (most: number): Breaking =>
  (events, at) => {
    const by = Math.min(most, events.length - 2 - at)
    return events.toSpliced(at, 1).toSpliced(at + by, 0, ...events.slice(at, at + 1))
  }
/** The event comes a second time, so many events later. */
const again =
  (later: number): Breaking =>
  (events, at) =>
    events.toSpliced(at + later, 0, ...events.slice(at, at + 1))
/** The numbers of a run are only known from its first event on, so that one stays. */
const reversed: Breaking = (events, at) => {
  const start = Math.max(at, 1)
  const end = Math.min(start + 8, events.length - 1)
  return [...events.slice(0, start), ...events.slice(start, end).toReversed(), ...events.slice(end)]
}

/** What comes before `response.created` has begun the message. */
const LATE_BEGIN: readonly AnomalyKind[] = ['missing_begin']
const REPEATED: readonly AnomalyKind[] = ['duplicate_event', 'repeated_begin']

/** How the events are broken, and all that is odd then. */
const BREAKINGS: readonly [string, Breaking, readonly AnomalyKind[]][] = [
  ['with two neighbouring events swapped', late(1), LATE_BEGIN],
  ['with an event that comes eight events late', late(8), LATE_BEGIN],
  ['with eight events in reverse', reversed, []],
  ['with an event that comes twice in a row', again(1), REPEATED],
  ['with an event that comes again three events later', again(4), REPEATED],
]

describeShared('corpus', 'a stream of numbered events from the corpus', () => {
  const streams = corpusStreams(({ dialect, framing }) => dialect === 'openai-responses' && framing === 'sse').filter(
    (stream, ordinal) => ordinal % 4 === 0 && isNumbered(stream) && hasOneId(stream),
  )

  it('is one of 50, of every fourth that numbers its events and names one response in all of them', () => {
    expect(streams).toHaveLength(50)
  })

  describe.each(BREAKINGS)('%s', (_name, breaking, kinds) => {
    it('I3: gives the same message, live events that are its blocks, and each call once', async () => {
      const seen = new Set<string>()
      let broken = 0
      for (const stream of streams) {
        const events = payloadsOf(stream)
        const clean = await read(events)
        for (const at of placesOf(events)) {
          const { message, turnEvents } = await read(breaking(events, at))
          expect(bare(message), `${stream.file} at event ${at}`).toEqual(bare(clean.message))
          expect(callsOf(turnEvents), `${stream.file} at event ${at}`).toEqual(callsOf(clean.turnEvents))
          expectLiveEqualsFinal(turnEvents, message)
          for (const { kind } of message.anomalies)
            if (!clean.message.anomalies.some((one) => one.kind === kind)) seen.add(kind)
          broken += 1
        }
      }
      expect(broken).toBe(781)
      expect([...seen].toSorted()).toEqual(kinds)
    })
  })

  it('I3: gives the same message without one of its deltas, which the done events make good, and tells of the gap', async () => {
    let broken = 0
    for (const stream of streams) {
      const events = payloadsOf(stream)
      const clean = await fold(events)
      for (const at of placesOf(events)) {
        if (!textOf(events[at]?.['type']).endsWith('.delta')) continue
        const message = await fold(events.toSpliced(at, 1))
        expect(bare(message), `${stream.file} without event ${at}`).toEqual(bare(clean))
        expect(message.anomalies.map(({ kind }) => kind)).toContain('sequence_gap')
        broken += 1
      }
    }
    expect(broken).toBe(529)
  })
})

async function read(
  events: readonly JsonObject[],
): Promise<{ message: AssistantMessage; turnEvents: readonly TurnEvent[] }> {
  const turn = assemble(events)
  const turnEvents: TurnEvent[] = []
  for await (const event of turn) turnEvents.push(event)
  return { message: await turn.message(), turnEvents }
}

function isNumbered(stream: CorpusStream): boolean {
  return payloadsOf(stream).every(({ sequence_number: number }) => typeof number === 'number')
}

/** Where each event names another id, a late `response.created` cannot be told from another response. */
function hasOneId(stream: CorpusStream): boolean {
  return wireResponsesOf(payloadsOf(stream)).every(({ ids }) => ids.length === 1)
}

/** All places of a short stream, so many of a long one. The last event ends the message, whatever comes then. */
function placesOf(events: readonly JsonObject[]): number[] {
  const step = Math.max(1, Math.ceil((events.length - 2) / PLACES))
  return Array.from({ length: events.length - 2 }, (_, at) => at).filter((at) => at % step === 0)
}

/** All that equality is about: neither the times nor what was odd. */
function bare({ timing: _timing, anomalies: _anomalies, ...message }: AssistantMessage): object {
  return message
}

function callsOf(events: readonly TurnEvent[]): unknown[] {
  return events.flatMap((event) => (event.type === 'tool_call' ? [event.call] : []))
}
