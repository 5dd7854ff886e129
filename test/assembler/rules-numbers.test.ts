/** The rules of numbered events that no other test would miss: each was switched off alone, and nothing else failed. */
import { describe, expect, it } from 'vitest'
import { Assembler } from '../../src/assembler/assembler.ts'
import { HELD_EVENTS } from '../../src/assembler/state.ts'
import type { AnomalyKind } from '../../src/anomaly.ts'
import type { Operation, Translation } from '../../src/operation.ts'
import {
  append,
  begin,
  close,
  drive,
  fail,
  hard,
  open,
  optionsOf,
  patch,
  soft,
  stop,
  vague,
} from '../support/operations.ts'
import { shown } from '../support/run.ts'

const M = begin('m')
const OPEN = open('0', 'text')
const say = (text: string): Operation => append('0', 'text', text)
const END = [close('0'), stop('end_turn'), hard]

type Event = readonly [number: number, operation: Operation, type?: string]
const from = (first: number, ...operations: Operation[]): Event[] => operations.map((one, at) => [first + at, one])

interface Folded {
  readonly text: string
  /** What a reader saw with each event, before the end. */
  readonly live: readonly string[]
  readonly kinds: readonly AnomalyKind[]
  readonly made: ReturnType<typeof drive>
}

function fold(...events: readonly Event[]): Folded {
  const translations = events.map(([value, operation, type = operation.op]): Translation => ({
    operations: [operation],
    number: { value, type },
  }))
  const made = drive(optionsOf(), translations)
  const [message = expect.fail('there is no message')] = made.messages
  return {
    text: message.content.map((block) => ('text' in block ? block.text : '')).join('|'),
    live: made.steps.slice(0, -1).map((step) => shown(step).join('')),
    kinds: message.anomalies.map(({ kind }) => kind),
    made,
  }
}

describe('what the numbers show to be wrong', () => {
  const start = from(0, M, OPEN, say('a'))

  it.each<[string, readonly Event[], readonly object[]]>([
    ['a number that never comes', [[4, say('b')]], [{ kind: 'sequence_gap', detail: 'numbers 3 to 3 are missing' }]],
    [
      'a count that goes on far ahead',
      from(100, say('b'), say('c')),
      [{ kind: 'sequence_gap', detail: 'numbers 3 to 99 are missing' }],
    ],
    ['a number far ahead', [[100, say('b')]], [{ kind: 'sequence_stray', detail: 'number 100: append' }]],
    [
      'two events of a number far ahead',
      [
        [100, say('b')],
        [100, say('c'), 'other'],
      ],
      [
        { kind: 'sequence_stray', detail: 'number 100: append' },
        { kind: 'sequence_stray', detail: 'number 100: other' },
      ],
    ],
    [
      'the same event twice, far ahead',
      [
        [100, say('b')],
        [100, say('b')],
      ],
      [
        { kind: 'duplicate_event', detail: 'number 100: append', value: 'b' },
        { kind: 'sequence_stray', detail: 'number 100: append' },
      ],
    ],
    [
      'another event of a number that has come',
      [[2, say('b'), 'other']],
      [{ kind: 'sequence_unreliable', detail: 'number 2: other' }],
    ],
    [
      'a message that begins again before what waits',
      [[5, say('b')], ...from(0, M, OPEN, say('a'))],
      [
        { kind: 'repeated_begin' },
        {
          kind: 'sequence_gap',
          detail: 'number 5 came before its turn, and then the message began again',
        },
      ],
    ],
  ])('I4: is noted: %s', (_, events, noted) => {
    const [message] = fold(...start, ...events).made.messages
    expect(message?.anomalies).toEqual(noted)
  })

  it('I4: loses no event that was far ahead, at the end or where another one comes', () => {
    expect(fold(...start, [100, say('b')]).text).toBe('ab')
    expect(fold(...start, [100, say('b')], [200, say('c')]).text).toBe('abc')
  })
})

describe('how far a stream has come', () => {
  it.each<[string, readonly Event[], number | undefined]>([
    ['nothing came', [], undefined],
    ['each came in its turn', from(0, M, OPEN, say('a')), 2],
    ['it did not begin with the first', from(7, M, OPEN), 8],
    ['it began with content', from(7, OPEN, say('a')), 8],
    ['one waits', [...from(0, M, OPEN), [3, say('b')]], 1],
    ['one was late', [...from(0, M, OPEN), [3, say('b')], [2, say('a')]], 3],
    ['one came twice', [...from(0, M, OPEN, say('a')), [1, OPEN]], 2],
    ['the message began again', [...from(0, M, OPEN, say('a')), [0, M]], 2],
    ['the numbers lie', [...from(0, M, OPEN), [1, say('a'), 'other']], undefined],
  ])('I3: is the last number before any that is missing: %s', (_, events, last) => {
    const assembler = new Assembler(optionsOf())
    for (const [value, operation, type = operation.op] of events) {
      assembler.receive({ operations: [operation], number: { value, type } })
    }
    expect(assembler.progress.lastNumber).toBe(last)
  })
})

describe('an event of several operations', () => {
  const event = (value: number, ...operations: Operation[]): Translation => ({
    operations,
    number: { value, type: `event ${value}` },
  })
  const textOf = (...events: Translation[]): string => {
    const [message = expect.fail('there is no message')] = drive(optionsOf(), events).messages
    return message.content.map((block) => ('text' in block ? block.text : '')).join('|')
  }

  it('I3: begins the message if one of them does', () => {
    const sent = [event(0, M, OPEN), event(1, say('a')), event(2, ...END)]
    expect(textOf(sent[0] ?? event(9), event(1, say('x')), ...sent)).toBe('a')
    expect(textOf(...sent.slice(0, 2), event(2, M, OPEN), event(1, say('b')))).toBe('b')
  })

  it('I4: is noted with its text, wherever that stands', () => {
    const late = event(1, patch('0', 'text', {}), say('a'))
    const [message] = drive(optionsOf(), [event(0, M, OPEN), late, late]).messages
    expect(message?.anomalies).toEqual([{ kind: 'duplicate_event', detail: 'number 1: event 1', value: 'a' }])
  })

  it('I5: is the last of the message if one of them is', () => {
    const { steps, messages } = drive(optionsOf(), [event(0, M, OPEN), event(2, say('b')), event(9, ...END)])
    expect(steps.map((step) => shown(step).join(''))).toEqual(['', '', 'b', ''])
    expect(messages[0]?.outcome).toEqual({ kind: 'complete' })
  })
})

describe('events that come before their turn', () => {
  it('I3: are given as soon as what was missing has come', () => {
    const { text, live, kinds } = fold(...from(0, M, OPEN), [3, say('b')], [2, say('a')], ...from(4, ...END))
    expect([text, live.slice(0, 4), kinds]).toEqual(['ab', ['', '', '', 'ab'], []])
  })

  it('I3: are waited for however far the stream has come', () => {
    const long = from(0, M, OPEN, ...Array.from({ length: 30 }, () => say('.')))
    expect(fold(...long, [33, say('b')], [32, say('a')]).text).toBe(`${'.'.repeat(30)}ab`)
    expect(fold([7, OPEN], [9, say('b')], [8, say('a')]).text).toBe('ab')
  })

  it('I4: do not make another block of a key that is used again the one before', () => {
    const late: Event[] = [[6, say('b')], ...from(3, OPEN, say('a'), say('-'))]
    const { text, kinds } = fold(...from(0, M, OPEN, close('0')), ...late, ...from(7, ...END))
    expect([text, kinds]).toEqual(['|a-b', ['block_key_reused']])
  })

  /** What a reader saw with each event, and in all, of events of which no more than so many characters may wait. */
  function bounded(messageLength: number, ...events: readonly Event[]): readonly string[] {
    const sent = events.map(([value, operation]): Translation => ({
      operations: [operation],
      number: { value, type: operation.op },
    }))
    const { steps } = drive(optionsOf({ limits: { messageLength } }), sent)
    return steps.map((step) => shown(step).join(''))
  }

  it('I10: wait no longer if they are too long together, also if the message began again meanwhile', () => {
    const late = (first: number, count: number, length: number): Event[] =>
      Array.from({ length: count }, (_, at): Event => [first + at, say('x'.repeat(length))])
    const live = bounded(1000, ...from(0, M, OPEN), ...late(3, 11, 90))
    expect([live[2], live.slice(0, -1).join('')]).toEqual(['', expect.stringMatching(/^x{90,990}$/)])
    const again = bounded(3000, ...from(0, M, OPEN), ...late(3, 10, 180), [0, M], ...late(13, 6, 180))
    expect([again[11], again.slice(0, -1).join('')]).toEqual(['', expect.stringMatching(/^x+$/)])
  })

  it('I10: are counted only while they wait', () => {
    const pairs = Array.from({ length: 60 }, (_, at): Event[] => [
      [3 + 2 * at, say('b')],
      [2 + 2 * at, say('a')],
    ])
    expect(bounded(1000, ...from(0, M, OPEN), ...pairs.flat()).join('')).toBe('ab'.repeat(60))
  })

  it('I10: wait, as many as may be held, and no longer: then the numbers that are missing are passed over', () => {
    const late = Array.from({ length: HELD_EVENTS + 1 }, (_, at): Event => [3 + at, say('x')])
    expect(HELD_EVENTS).toBe(16)
    const { live, kinds } = fold(...from(0, M, OPEN), ...late)
    expect(live.slice(2)).toEqual([...Array.from({ length: HELD_EVENTS }, () => ''), 'x'.repeat(HELD_EVENTS + 1)])
    expect(kinds).toEqual(['sequence_gap'])
  })

  it('I3: wait on if others go because too many are held: only the lowest run goes', () => {
    // 2 never comes, 10 comes after all that follow it.
    const letters = 'defghijklmnopqrstu'
    const rest = [3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]
    const events = rest.map((value): Event => [value, say(letters[value - 3] ?? '')])
    const { text } = fold(...from(0, M, OPEN), ...events, [10, say('k')], ...from(21, ...END))
    expect(text).toBe('defghijklmnopqrstu')
  })

  it('I3: are not overtaken by a soft terminal, and are by an error, which is taken whatever its number', () => {
    const { text } = fold(...from(0, M, OPEN), [3, say('b')], [4, soft], [2, say('a')], ...from(5, ...END))
    expect(text).toBe('ab')
    const failed = fold(...from(0, M, OPEN), [9, fail], [2, say('a')])
    expect([failed.text, failed.live]).toEqual(['', ['', '', '', '']])
  })

  it('I4: are given in order when the numbers turn out to lie', () => {
    const { text, kinds } = fold(...from(0, M, OPEN), [4, say('b')], [3, say('a')], [1, say('c')])
    expect([text, kinds]).toEqual(['abc', ['sequence_unreliable']])
  })
})

describe('an event whose number is far ahead', () => {
  it('I3: is where the count goes on if the next one is numbered after it, and what is missing is noted', () => {
    const { text, live, kinds } = fold(...from(0, M, OPEN, say('a')), ...from(100, say('b'), say('c'), ...END))
    expect([text, live.slice(2, 5), kinds]).toEqual(['abc', ['a', '', 'bc'], ['sequence_gap']])
  })

  it('I3: comes after what waited for its turn before it', () => {
    const { text } = fold(...from(0, M, OPEN), [3, say('b')], ...from(100, say('c'), say('d'), ...END))
    expect(text).toBe('bcd')
  })

  it('I4: means nothing if the next one is numbered as if it had not come', () => {
    const { text, kinds } = fold(...from(0, M, OPEN, say('a')), [100, say('b')], ...from(3, say('c'), ...END))
    expect([text, kinds]).toEqual(['abc', ['sequence_stray']])
  })
})

describe('events that come twice under their number', () => {
  it('I3: are noted with the text that they had, if they had one', () => {
    const { made, text } = fold(...from(0, M, OPEN, say('a'), say('')), [2, say('a')], [3, say('')])
    expect(text).toBe('a')
    expect(made.messages[0]?.anomalies).toEqual([
      { kind: 'duplicate_event', detail: 'number 2: append', value: 'a' },
      { kind: 'duplicate_event', detail: 'number 3: append' },
    ])
    expect(made.messages[0]?.anomalies[1]).not.toHaveProperty('value')
  })

  it('I10: are counted with their text, as far as they are kept', () => {
    const long = say('x'.repeat(20))
    const again = Array.from({ length: 40 }, () => long)
    const events = [M, OPEN, long, ...again].map((operation, at): Translation => ({
      operations: [operation],
      number: { value: Math.min(at, 2), type: operation.op },
    }))
    const kindWith = (anomalies: number): string | undefined =>
      drive(optionsOf({ limits: { messageLength: 200, anomalies } }), events).messages[0]?.outcome.kind
    expect([kindWith(100), kindWith(3)]).toEqual(['failed', 'truncated'])
  })

  it('I4: are counted if there is no message that they could be noted of', () => {
    const ping: Translation = { operations: [], number: { value: 1, type: 'ping' } }
    const { assembler } = drive(optionsOf(), [ping, ping])
    expect(assembler.anomalies).toEqual([{ kind: 'late_event', count: 1 }])
  })

  it('I3: are dropped also if they report an error that may not be the last word', () => {
    expect(fold(...from(0, M, vague), [1, vague]).kinds).toEqual(['duplicate_event'])
  })

  it('I4: are late if the message has ended, and no part of it', () => {
    const { kinds, made } = fold(...from(0, M, OPEN, say('a'), ...END), [2, say('a')])
    expect(kinds).toEqual([])
    expect(made.assembler.anomalies).toEqual([{ kind: 'late_event', count: 1 }])
  })
})

describe('a stream that does not begin with its first number', () => {
  it('I3: is shown from its first event on, and goes on from there', () => {
    const { live, kinds } = fold([7, OPEN], [8, say('a')], [9, say('b')])
    expect([live, kinds]).toEqual([['', 'a', 'b'], ['missing_begin']])
  })

  it('I3: takes what is numbered before that once, and goes on after it', () => {
    const { text, live, kinds } = fold([5, OPEN], [6, say('a')], [4, say('b')], [4, say('b')], [7, say('c')])
    expect([text, live, kinds]).toEqual(['abc', ['', 'a', 'b', '', 'c'], ['missing_begin', 'duplicate_event']])
  })

  it.each([
    ['a number long before it', 2],
    ['the first that might have waited', 4],
    ['one of those that might have waited', 10],
    ['itself', 21],
  ])('I3: takes %s once, whatever its first number', (_, value) => {
    const again: Event[] = value === 21 ? [] : [[value, say('b')]]
    const { text, kinds } = fold([20, OPEN], [21, say('a')], ...again, [value, say(value === 21 ? 'a' : 'b')])
    expect([text, kinds]).toEqual([value === 21 ? 'a' : 'ab', ['missing_begin', 'duplicate_event']])
  })

  it('I4: takes what is numbered before that also after a thousand more', () => {
    const words = Array.from({ length: 1100 }, () => say('.'))
    expect(fold(...from(2000, OPEN, ...words), [1500, say('z')]).text).toBe(`${'.'.repeat(1100)}z`)
  })

  it('I10: keeps no place for all the numbers before that', () => {
    expect(fold([2 ** 40, OPEN], [2 ** 40 + 1, say('a')], [3, say('b')]).text).toBe('ab')
  })
})

describe('a begin event that comes again', () => {
  it('I3: does not start the count anew if the numbers go on from where they were', () => {
    const { text, live, kinds } = fold(...from(0, M, OPEN, say('a')), [0, M], ...from(3, say('b'), ...END))
    expect([text, live.slice(2, 5), kinds]).toEqual(['ab', ['a', '', 'b'], ['repeated_begin']])
  })

  it('I3: also not if it comes several times', () => {
    const { text, kinds } = fold(...from(0, M, OPEN, say('a')), [0, M], [0, M], ...from(3, say('b'), ...END))
    expect(text).toBe('ab')
    expect(new Set(kinds)).toEqual(new Set(['repeated_begin']))
  })

  it('I4: and is the last that comes loses nothing of what waits for its turn', () => {
    const { text } = fold(...from(0, M, OPEN), [3, say('b')], [0, M])
    expect(text).toBe('b')
  })

  it('I3: starts the count anew if the numbers do: the message is what they number now', () => {
    const { text } = fold(...from(0, M, OPEN, say('a')), ...from(0, M, OPEN, say('b'), ...END))
    expect(text).toBe('b')
  })

  it('I3: starts the count anew if it is numbered on: nothing is missing before it', () => {
    const once = fold(...from(0, M, OPEN, say('a')), ...from(9, M, OPEN, say('a'), ...END))
    expect([once.text, once.kinds]).toEqual(['a', ['repeated_begin']])
    expect(once.live).toEqual(['', '', 'a', '', '', '', '', '', ''])
    const lower = fold(...from(0, M, OPEN, say('a')), [3, M], ...from(1, OPEN, say('b')), ...from(4, ...END))
    expect(lower.text).toBe('b')
  })

  it('I4: voids what waited for its turn before it, which is noted and comes again after it', () => {
    const { text, kinds, made } = fold(
      ...from(0, M, OPEN),
      [3, say('b')],
      ...from(0, M, OPEN, say('a'), say('b'), ...END),
    )
    expect(text).toBe('ab')
    expect(kinds).toContain('sequence_gap')
    expect(made.assembler.anomalies).toEqual([])
  })
})

describe('a stream so long that not every number is remembered', () => {
  const words = Array.from({ length: 3000 }, (_, at) => `<${at}>`)
  const long = from(0, M, OPEN, ...words.map(say))

  it.each([
    ['its beginning', 2, 1500],
    ['its middle', 1100, 1900],
    ['what is just remembered from its beginning', 1020, 1030],
    ['its end', 2000, 3002],
    ['all of it but the begin event', 1, 3002],
  ])('I3: takes %s once, if it is sent again', (_part, start, end) => {
    const { text, made } = fold(...long, ...long.slice(start, end), ...from(3002, ...END))
    expect(text).toBe(words.join(''))
    expect(made.messages[0]?.outcome).toEqual({ kind: 'complete' })
  })

  it.each([1023, 1024, 1025])('I3: takes number %i once, if it is sent again at once', (number) => {
    const { text } = fold(...long.slice(0, number + 1), ...long.slice(number, number + 1))
    expect(text).toBe(words.slice(0, number - 1).join(''))
  })

  it('I4: loses nothing of a part that is numbered from the beginning again', () => {
    const second = from(0, open('1', 'text'), append('1', 'text', 'a'), append('1', 'text', 'b'))
    const { text, kinds } = fold(...long, ...second)
    expect(text).toBe(`${words.join('')}|ab`)
    expect(kinds).toEqual(['sequence_unreliable'])
  })

  it('I4: takes a number that was passed over, if it comes within the next thousand', () => {
    const { text, kinds } = fold(...long.filter(([number]) => number !== 2500), [2500, say('late')])
    expect(text).toBe(`${words.filter((word) => word !== '<2498>').join('')}late`)
    expect(kinds).toEqual(['sequence_gap'])
  })
})

describe('an opening that comes after what follows it', () => {
  it('I3: opens nothing, if the block was opened and closed in the meantime', () => {
    const late = Array.from({ length: HELD_EVENTS + 1 }, (_, at): Event => [3 + at, say('x')])
    const { text, kinds } = fold(
      [0, M],
      [2, OPEN],
      ...late,
      [20, close('0')],
      [1, OPEN, 'open part'],
      ...from(21, ...END.slice(1)),
    )
    expect(text).toBe('x'.repeat(HELD_EVENTS + 1))
    expect(kinds).toEqual(['sequence_gap', 'repeated_open'])
  })
})
