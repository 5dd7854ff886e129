/**
 * I3 over clean streams by chance: the same streams with events repeated, replayed from their beginning or from their middle, give the same
 * message. How a message that is sent again is known differs: by the event that begins it, or, in chat, by that it comes after the finish.
 */
import { array, assert, nat, property, tuple } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bothWays, callsIn, EOF, expectSame, transport, viaEvents, type Folded } from '../support/folded.ts'
import { runs, withoutAnomalies } from '../support/operations.ts'
import { manner, plainly, type Manner } from '../support/script.ts'
import { isLast, payloads, saysStop, type ProviderEvent, type Sent, type Wire } from '../support/wire.ts'
import { responsesWire, WIRES, WIRES_WITH_BEGIN } from '../support/wires.ts'

const RUNS = 60

/** A stream with something done to it, which must not change the message. */
function unchanged(
  wire: Wire,
  change: (sent: Sent[], again: Sent[], places: readonly number[]) => Sent[],
  how: (own: Manner) => Manner = (own) => own,
): void {
  const places = array(nat(4096), { minLength: 1, maxLength: 4 })
  assert(
    property(wire.script, manner, manner, transport, places, (script, streamed, otherwise, by, where) => {
      const sent = wire.write(script, how(streamed))
      const again = wire.write(script, how(otherwise))
      expectSame(wire, script, viaEvents(wire, payloads(sent)), bothWays(wire, change(sent, again, where), by))
    }),
    runs(RUNS),
  )
}

const upTo = (sent: readonly Sent[], place = 0): number => place % (sent.length + 1)
const unnumbered = (own: Manner): Manner => ({ ...own, isNumbered: false })

/** Each event but a delta, which would say something new, as often as is said. */
function repeatInPlace(sent: readonly Sent[], times: readonly number[]): Sent[] {
  return sent.flatMap((one, at) => {
    const count = one.does === 'delta' ? 1 : 1 + (times[at % times.length] ?? 0)
    return Array.from({ length: count }, () => one)
  })
}

/** Copies of what says that something is over, anywhere after the original. */
function repeatStopsLater(sent: readonly Sent[], places: readonly number[]): Sent[] {
  const all = [...sent]
  for (const place of places) {
    const stops = all.flatMap((one, at) => (one.does === 'closing' || saysStop(one) || isLast(one) ? [at] : []))
    const from = stops[place % stops.length]
    const one = from === undefined ? undefined : all[from]
    if (from === undefined || one === undefined) return all
    all.splice(from + 1 + (Math.trunc(place / 64) % (all.length - from)), 0, one)
  }
  return all
}

describe.each(WIRES)('a stream of $dialect that repeats itself', (wire) => {
  it('I3: is the same message if anything but a delta comes again right after itself', () => {
    unchanged(wire, (sent, _, places) =>
      repeatInPlace(
        sent,
        places.map((place) => place % 3),
      ),
    )
  })

  it('I3: is the same message if a block or the message is stopped again later', () => {
    unchanged(wire, (sent, _, places) => repeatStopsLater(sent, places))
  })

  it('I3: is the same message if the stop reason and the last event come again together', () => {
    unchanged(wire, (sent, _, places) => {
      const last = sent.findIndex(isLast)
      const pair = [sent.findLast(saysStop), sent[last]].filter((one) => one !== undefined)
      const stops = places.flatMap(() => pair.slice(0, 1))
      return [...sent.slice(0, last), ...stops, ...places.flatMap(() => pair), ...sent.slice(last)]
    })
  })

  it('I3: is the same message if the whole comes twice', () => {
    unchanged(wire, (sent) => [...sent, ...sent])
  })

  it('I3: is the same message if its tail from any event on comes again after the end', () => {
    unchanged(wire, (sent, _, [place]) => [...sent, ...sent.slice(upTo(sent, place))])
  })
})

describe.each(WIRES_WITH_BEGIN)('a stream of $dialect that begins again', (wire) => {
  it('I3: is the same message after the replay of a prefix', () => {
    unchanged(wire, (sent, _, [place]) => [...sent.slice(0, upTo(sent, place)), ...sent])
  })

  it('I3: is the same message after the replay of several prefixes', () => {
    unchanged(wire, (sent, _, places) => [...places.flatMap((place) => sent.slice(0, upTo(sent, place))), ...sent])
  })

  it('I3: is the same message after the replay of a prefix that was cut and ordered in another way', () => {
    unchanged(wire, (sent, again, [place]) => [...again.slice(0, upTo(again, place)), ...sent])
  })

  it('I3: is the same message if the whole comes twice with one last event at the end', () => {
    unchanged(wire, (sent, again) => [...sent.filter((one) => !isLast(one)), ...again])
  })

  it('I3: is the same message if its first event comes again in mid-stream and the stream goes on', () => {
    unchanged(
      wire,
      (sent, _, places) => {
        const [first, ...rest] = sent
        if (first === undefined) return sent
        for (const place of places) rest.splice(place % (rest.length + 1), 0, first)
        return [first, ...rest]
      },
      (own) => ({ ...own, fillers: [] }),
    )
  })

  it('I3: is the same message if its first event comes again in the middle of a replay', () => {
    unchanged(
      wire,
      (sent, again, [place = 0, next = 0]) => {
        const [first, ...rest] = sent
        if (first === undefined) return sent
        rest.splice(next % (rest.length + 1), 0, first)
        return [...again.slice(0, upTo(again, place)), first, ...rest]
      },
      (own) => ({ ...own, fillers: [] }),
    )
  })

  it('I3: hands out the same calls if a stream is replayed that hands out early', () => {
    assert(
      property(wire.script, manner, manner, transport, nat(), (script, streamed, otherwise, by, place) => {
        const sent = wire.write(script, streamed)
        const again = wire.write(script, otherwise)
        const early = { toolCalls: 'early' } as const
        const replayed = bothWays(wire, [...again.slice(0, upTo(again, place)), ...sent], by, EOF, early)
        const once = viaEvents(wire, payloads(sent), EOF, early)
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

  it('I3: and was cut before, wherever and however often, is the clean message', () => {
    const attempts = array(tuple(manner, nat()), { maxLength: 3 })
    assert(
      property(wire.script, attempts, manner, nat(), (script, all, streamed, place) => {
        const still = (how: Manner): ProviderEvent[] => payloads(wire.write(script, plainly(how)))
        const sent = still(streamed)
        const attempted = all.map(([otherwise, to]) => {
          const whole = wire.write(script, plainly(otherwise))
          return whole.slice(0, to % whole.length)
        })
        const before = attempted.flatMap((attempt) => payloads(attempt))
        // Once all but the last event has come, the last sending may be cut as well.
        const isWhole = attempted.some((attempt) => attempt.some(saysStop))
        const last = isWhole ? sent.slice(0, place % (sent.length + 1)) : sent
        expectSame(wire, script, viaEvents(wire, sent), viaEvents(wire, [...before, ...last]))
      }),
      runs(RUNS),
    )
  })
})

describe.each(WIRES.filter(({ hasBegin }) => !hasBegin))(
  'a stream of $dialect that goes on after its finish',
  (wire) => {
    const toFinish = (sent: readonly Sent[]): number => sent.findIndex(saysStop) + 1

    it('I3: is the same message if its tail from any event on comes again, with the finish', () => {
      unchanged(wire, (sent, _, [place = 0]) => {
        const to = toFinish(sent)
        return [...sent.slice(0, to), ...sent.slice(place % to)]
      })
    })

    it('I3: is the same message if its tail comes again and again', () => {
      unchanged(wire, (sent, _, places) => {
        const to = toFinish(sent)
        return [...sent.slice(0, to), ...places.flatMap((place) => sent.slice(place % to, to)), ...sent.slice(to)]
      })
    })

    it('I3: is the same message if the whole comes again, cut and ordered in another way', () => {
      unchanged(wire, (sent, again) => [...sent.slice(0, toFinish(sent)), ...again])
    })

    it('I3: is the same message if it comes again from its role on and is cut, with or without a last event', () => {
      unchanged(
        wire,
        (sent, again, [place = 0]) => [
          ...sent.slice(0, toFinish(sent)),
          ...again.slice(0, place % toFinish(again)),
          ...sent.slice(toFinish(sent)),
        ],
        (own) => ({ ...own, fillers: [] }),
      )
    })
  },
)

describe('a numbered stream of openai-responses', () => {
  const isNumbered = (own: Manner): Manner => ({ ...own, isNumbered: true })

  it('I3: is the same message if any event, also a delta, comes again at once or later', () => {
    unchanged(
      responsesWire,
      (sent, _, places) => {
        const all = [...sent]
        for (const place of places) {
          const from = place % sent.length
          const one = sent[from]
          // The first event begins the numbers anew, and after the last one nothing counts.
          if (one === undefined || one.does === 'begin' || isLast(one)) continue
          const after = all.indexOf(one) + 1
          all.splice(after + (Math.trunc(place / 64) % (all.length - after)), 0, one)
        }
        return all
      },
      (own) => isNumbered({ ...own, fillers: own.fillers.map((place) => 1 + place) }),
    )
  })

  it('I3: is the same message if each event comes twice', () => {
    unchanged(responsesWire, (sent) => sent.flatMap((one) => [one, one]), isNumbered)
  })

  it('I1: is the same message if its events overtake each other', () => {
    unchanged(
      responsesWire,
      (sent, _, [width = 0, ...places]) => {
        const from = sent.findIndex(({ does }) => does === 'begin') + 1
        const to = sent.findIndex(isLast)
        const all = sent.slice(0, from)
        for (let at = from; at < to; at += 2 + (width % 14)) {
          const window = sent.slice(at, Math.min(to, at + 2 + (width % 14)))
          for (const place of places) window.push(...window.splice(place % window.length, 1))
          all.push(...window)
        }
        return [...all, ...sent.slice(to)]
      },
      isNumbered,
    )
  })

  it('I4: is the same message if its numbers mean nothing', () => {
    unchanged(
      responsesWire,
      (sent, _, [first = 0, by = 1]) =>
        sent.map((one, at) =>
          typeof one.event === 'string'
            ? one
            : { ...one, event: { ...one.event, sequence_number: (by % 3) - 1 === 0 ? first : first - at * (by % 3) } },
        ),
      unnumbered,
    )
  })
})

it('I3: in chat a prefix that comes again before any finish is not told from text that goes on', () => {
  const chunk = (delta: object, finish_reason: string | null = null): ProviderEvent =>
    JSON.parse(JSON.stringify({ id: 'c', choices: [{ index: 0, delta, finish_reason }] }))
  const prefix = [chunk({ role: 'assistant', content: '' }), chunk({ content: 'ha' })]
  const chat = WIRES.find(({ dialect }) => dialect === 'openai-chat')
  if (chat === undefined) expect.fail('there is no chat')
  const { message } = viaEvents(chat, [...prefix, ...prefix, chunk({}, 'stop')])
  expect(message.content).toMatchObject([{ text: 'haha' }])
})
