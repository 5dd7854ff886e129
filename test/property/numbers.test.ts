/** Numbered events: whatever the numbers say, each event is applied once, and in order as far as the numbers can tell it. */
import { array, assert, constantFrom, integer, nat, property, shuffledSubarray, type Arbitrary } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HELD_EVENTS } from '../../src/assembler/state.ts'
import type { AnomalyKind } from '../../src/anomaly.ts'
import type { AssistantMessage } from '../../src/message.ts'
import type { Operation, Translation } from '../../src/operation.ts'
import {
  append,
  begin,
  close,
  drive,
  hard,
  open,
  optionsOf,
  runs,
  singly,
  stop,
  withoutAnomalies,
} from '../support/operations.ts'

const RUNS = 400
const OPTIONS = optionsOf()

type Numbered = Translation & { readonly number: { readonly value: number; readonly type: string } }

function numbered(value: number, operation: Operation, type: string = operation.op): Numbered {
  return { operations: [operation], number: { value, type } }
}

const words = (count: number): string[] => Array.from({ length: count }, (_, at) => `<${at}>`)
const delta = (word: string): Operation => append('0', 'text', word)

/** A whole stream: begin, open, a delta for each word, close, stop, terminal; numbered from 0 on. */
function streamOf(texts: readonly string[]): Numbered[] {
  const operations = [begin('m'), open('0', 'text'), ...texts.map(delta), close('0'), stop('end_turn'), hard]
  return operations.map((operation, at) => numbered(at, operation))
}

function renumber(events: readonly Numbered[], valueOf: (at: number) => number): Numbered[] {
  return events.map((event, at) => ({ ...event, number: { ...event.number, value: valueOf(at) } }))
}

function foldOf(events: readonly Translation[]): AssistantMessage {
  return drive(OPTIONS, events).messages[0] ?? expect.fail('there is no message')
}
function textOf(message: AssistantMessage): string {
  return message.content.map((block) => ('text' in block ? block.text : '')).join('')
}
function wordsOf(message: AssistantMessage): string[] {
  return textOf(message).match(/<\d+>/g) ?? []
}
function kindsOf(message: AssistantMessage): Set<AnomalyKind> {
  return new Set(message.anomalies.map(({ kind }) => kind))
}
const clean = (count: number): AssistantMessage =>
  foldOf(singly(streamOf(words(count)).flatMap(({ operations }) => operations)))

const size = integer({ min: 0, max: 40 })

/** Events in windows of at most as many as can wait, each window in any order. */
function shuffledInWindows<T>(items: readonly T[]): Arbitrary<T[]> {
  return integer({ min: 1, max: HELD_EVENTS }).chain((width) => {
    let all: Arbitrary<T[]> = constantFrom<T[]>([])
    for (let at = 0; at < items.length; at += width) {
      const part = items.slice(at, at + width)
      const shuffled = shuffledSubarray(part, { minLength: part.length, maxLength: part.length })
      all = all.chain((before) => shuffled.map((own) => [...before, ...own]))
    }
    return all
  })
}

describe('numbered events', () => {
  it('I1: in order give the message that they give without numbers, and no anomaly', () => {
    assert(
      property(size, nat(1000), (count, first) => {
        const message = foldOf(renumber(streamOf(words(count)), (at) => first + at))
        expect(message).toEqual(clean(count))
        expect(message.anomalies).toEqual([])
      }),
      runs(RUNS),
    )
  })

  it('I3: that come twice, at once or later, are applied once', () => {
    assert(
      property(size, array(nat(5000), { minLength: 1, maxLength: 20 }), (count, places) => {
        const [first, ...rest] = streamOf(words(count))
        const last = rest.pop()
        if (first === undefined || last === undefined) return
        const again = [...rest]
        for (const place of places) {
          const from = place % rest.length
          const event = rest[from]
          if (event === undefined) continue
          const after = again.indexOf(event) + 1
          again.splice(after + (Math.trunc(place / 64) % (again.length - after + 1)), 0, event)
        }
        const message = foldOf([first, ...again, last])
        expect(withoutAnomalies(message)).toEqual(withoutAnomalies(clean(count)))
        expect(kindsOf(message)).toEqual(new Set(['duplicate_event']))
        expect(message.anomalies.reduce((sum, anomaly) => sum + (anomaly.count ?? 1), 0)).toBe(places.length)
      }),
      runs(RUNS),
    )
  })

  it('I1: that overtake each other, by no more than can wait, are put in order', () => {
    const shuffled = size.chain((count) => {
      const [first, ...rest] = streamOf(words(count))
      const last = rest.pop()
      return shuffledInWindows(rest).map((middle) => ({
        count,
        events: [first, ...middle, last].filter((event) => event !== undefined),
      }))
    })
    assert(
      property(shuffled, ({ count, events }) => {
        expect(foldOf(events)).toEqual(clean(count))
      }),
      runs(RUNS),
    )
  })

  it('I4: with gaps are all applied, in order, and the gap is an anomaly', () => {
    const gappy = integer({ min: 1, max: 40 }).chain((count) =>
      array(nat(count - 1), { minLength: 1, maxLength: count }).map((lost) => ({ count, lost: new Set(lost) })),
    )
    assert(
      property(gappy, ({ count, lost }) => {
        const kept = words(count).filter((_, at) => !lost.has(at))
        const events = streamOf(words(count)).filter(({ number }) => !lost.has(number.value - 2))
        const message = foldOf(events)
        expect(wordsOf(message)).toEqual(kept)
        // One event alone between two wide gaps looks like a stray number.
        expect(kindsOf(message)).toContain('sequence_gap')
        expect([...kindsOf(message)].filter((kind) => kind !== 'sequence_gap' && kind !== 'sequence_stray')).toEqual([])
        expect(message.outcome.kind).toBe('complete')
      }),
      runs(RUNS),
    )
  })

  it('I4: that all have the same number are all applied, and the numbers are not used', () => {
    assert(
      property(integer({ min: 1, max: 40 }), nat(3), (count, value) => {
        const message = foldOf(renumber(streamOf(words(count)), () => value))
        expect(withoutAnomalies(message)).toEqual(withoutAnomalies(clean(count)))
        expect(message.anomalies.map(({ kind }) => kind)).toEqual(['sequence_unreliable'])
      }),
      runs(RUNS),
    )
  })

  it('I4: with falling numbers are all applied as they come', () => {
    assert(
      property(size, integer({ min: 1, max: 3 }), (count, by) => {
        const message = foldOf(renumber(streamOf(words(count)), (at) => 1000 - by * at))
        expect(withoutAnomalies(message)).toEqual(withoutAnomalies(clean(count)))
      }),
      runs(RUNS),
    )
  })

  it('I4: with sparse numbers are all applied in order', () => {
    assert(
      property(size, integer({ min: 2, max: 100 }), (count, by) => {
        const message = foldOf(renumber(streamOf(words(count)), (at) => by * at))
        expect(withoutAnomalies(message)).toEqual(withoutAnomalies(clean(count)))
        expect(kindsOf(message)).toEqual(new Set([by > HELD_EVENTS + 1 ? 'sequence_stray' : 'sequence_gap']))
      }),
      runs(RUNS),
    )
  })

  it('I3: of which one has a stray large number are the same message, also if each comes twice', () => {
    assert(
      property(integer({ min: 1, max: 40 }), nat(), integer({ min: 100, max: 1e9 }), (count, place, value) => {
        const [first, ...events] = streamOf(words(count))
        const stray = place % (events.length - 1)
        const sent = events.map((event, at) =>
          at === stray ? { ...event, number: { ...event.number, value } } : event,
        )
        if (first === undefined) return
        const message = foldOf([first, ...sent])
        expect(withoutAnomalies(message)).toEqual(withoutAnomalies(clean(count)))
        expect(kindsOf(message)).toContain('sequence_stray')
        const twice = foldOf([first, ...sent.flatMap((event) => [event, event])])
        expect(withoutAnomalies(twice)).toEqual(withoutAnomalies(clean(count)))
      }),
      runs(RUNS),
    )
  })

  it('I4: of which one has a stray large number are all applied, the others in order', () => {
    assert(
      property(integer({ min: 1, max: 40 }), nat(), integer({ min: 100, max: 1e9 }), (count, place, value) => {
        const stray = place % count
        const events = streamOf(words(count)).map((event, at) =>
          at === stray + 2 ? { ...event, number: { ...event.number, value } } : event,
        )
        const found = wordsOf(foldOf(events))
        expect(found.toSorted()).toEqual(words(count).toSorted())
        const others = words(count).filter((_, at) => at !== stray)
        expect(found.filter((word) => word !== `<${stray}>`)).toEqual(others)
      }),
      runs(RUNS),
    )
  })

  it('I4: with any numbers and types lose no event but true repeats', () => {
    const marks = array(
      integer({ min: -2, max: 24 }).chain((value) =>
        constantFrom('delta', 'delta', 'delta', 'other').map((type) => ({ value, type })),
      ),
      { maxLength: 40 },
    )
    assert(
      property(marks, (all) => {
        const events = all.map(({ value, type }, at) => numbered(value, delta(`<${at}>`), type))
        const found = wordsOf(foldOf([numbered(0, begin('m')), ...events]))
        expect(new Set(found).size, 'words applied twice').toBe(found.length)
        const first = all.flatMap(({ value, type }, at) =>
          all.findIndex((other) => other.value === value && other.type === type) === at ? [`<${at}>`] : [],
        )
        expect(found).toEqual(expect.arrayContaining(first))
      }),
      runs(RUNS * 2),
    )
  })

  it('I4: of two types under one number that is ahead are both applied, and the numbers are not used', () => {
    const message = foldOf([numbered(0, begin('m')), numbered(5, delta('<0>'), 'a'), numbered(5, delta('<1>'), 'b')])
    expect(wordsOf(message)).toEqual(['<0>', '<1>'])
    expect(kindsOf(message)).toContain('sequence_unreliable')
  })

  it('I3: are counted anew after every begin: a replay under its own numbers is the same message', () => {
    assert(
      property(size, nat(), nat(3), (count, place, first) => {
        const events = streamOf(words(count))
        const again = renumber(events, (at) => first + at)
        const message = foldOf([...events.slice(0, place % events.length), ...again])
        expect(withoutAnomalies(message)).toEqual(withoutAnomalies(clean(count)))
      }),
      runs(RUNS),
    )
  })

  it('I5: ends with the terminal whatever its number is, after all that waits', () => {
    assert(
      property(size, integer({ min: -5, max: 2000 }), (count, value) => {
        const events = streamOf(words(count)).filter(({ number }) => number.value !== 2)
        const message = foldOf(
          events.map((event) =>
            event.operations.includes(hard) ? { ...event, number: { value, type: 'completed' } } : event,
          ),
        )
        expect(wordsOf(message)).toEqual(words(count).slice(1))
        expect(message.outcome.kind).toBe('complete')
      }),
      runs(RUNS),
    )
  })

  it(`I10: waits for a number until ${HELD_EVENTS} events are held, then gives up only on what is missing`, () => {
    const late = numbered(2, delta('<0>'))
    const ahead = words(HELD_EVENTS + 2)
      .slice(1)
      .map((word, at) => numbered(3 + at, delta(word)))
    const start = [numbered(0, begin('m')), numbered(1, open('0', 'text'))]
    const inTime = foldOf([...start, ...ahead.slice(0, HELD_EVENTS), late])
    expect(wordsOf(inTime)).toEqual(words(HELD_EVENTS + 1))
    expect(inTime.anomalies.map(({ kind }) => kind)).toEqual([])
    const tooLate = foldOf([...start, ...ahead, late])
    expect(wordsOf(tooLate)).toEqual([...words(HELD_EVENTS + 2).slice(1), '<0>'])
    expect(tooLate.anomalies.map(({ kind }) => kind)).toEqual(['sequence_gap'])
  })
})
