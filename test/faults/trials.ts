/** A row as something that can be tried on a recording, and the tests that try it. */
import { expect, it } from 'vitest'
import { Fold } from '../../src/fold.ts'
import type { MessageSnapshot } from '../../src/message.ts'
import type { FaultDialect } from '../../src/recording/faults/fault-dialect.ts'
import { rangesOf } from '../../src/recording/faults/break.ts'
import type { Folding } from '../../src/recording/faults/folding.ts'
import type { Judged } from '../../src/recording/faults/judge.ts'
import { expectationOf, placesIn, type FaultPlan } from '../../src/recording/faults/plan.ts'
import { faultPlan } from '../../src/recording/faults/plans.ts'
import type { FaultStream } from '../../src/recording/faults/stream.ts'
import { foldStream } from '../../src/recording/faults/try.ts'
import { cleanCases, type Case } from './cases.ts'
import { firstOf, judged, keeps, meets, type Wrong } from './expectations.ts'
import { describeRows, rowsOf } from './table.ts'

/** A row on one recording: where it strikes, and what is wrong there, if anything is. */
export interface Tried {
  /** What the places count. */
  readonly unit: string
  readonly places: readonly number[]
  readonly at: (place: number) => Wrong | Promise<Wrong>
}

/** A row: nothing for a recording that it does not fit. */
export type Trial = (one: Case, expected: string) => Tried | undefined

export type Rows = Readonly<Record<string, Trial>>

/** In place of a word of the table: what the plan declares is all that is expected. */
export const AS_PLANNED = 'as planned'

interface PlanTrial {
  /** The places that this row means, if they are not all, or not the usual ones. */
  readonly choose?: (one: Case, places: readonly number[]) => readonly number[]
  /** Which places of the plan are this row's. */
  readonly where?: (one: Case, place: number) => boolean
  /** What else must hold. */
  readonly also?: (one: Case, broken: Folding, place: number) => Wrong
}

/** A row that is a plan, at every place where that can strike. */
export function byPlan(name: string, { choose, where = () => true, also }: PlanTrial = {}): Trial {
  const plan = faultPlan(name)
  return (one, expected) => {
    const expectation = expectationOf(plan, one.stream.dialect)
    const all = choose === undefined ? placesTried(one.stream, plan) : choose(one, placesIn(one.stream, plan))
    const places = all.filter((place) => where(one, place))
    if (expectation === undefined || places.length === 0) return undefined
    return {
      unit: plan.at,
      places,
      at(place) {
        const broken = foldStream(plan.apply(one.stream, place, 0))
        const isSaidTwice = expected === AS_PLANNED || (expectation.effect === 'same' && expected === 'same')
        return firstOf(
          judged(one.clean, broken, expectation),
          isSaidTwice ? undefined : meets(expected, one.clean, broken, expectation),
          also?.(one, broken, place),
        )
      },
    }
  }
}

/** Several trials as one row. The places of each have their own numbers, so only one may have several. */
export function each(...trials: readonly Trial[]): Trial {
  return (one, expected) => {
    const all = trials.flatMap((trial) => trial(one, expected) ?? [])
    const [first] = all
    if (first === undefined) return undefined
    const places = [...new Set(all.flatMap((tried) => tried.places))].toSorted((a, b) => a - b)
    return {
      unit: first.unit,
      places,
      at: async (place) => {
        for (const tried of all) {
          const wrong = tried.places.includes(place) ? await tried.at(place) : undefined
          if (wrong !== undefined) return wrong
        }
        return undefined
      },
    }
  }
}

/** A row that is about the stream as a whole. */
export function wholly(
  fits: (one: Case) => boolean,
  check: (one: Case, expected: string) => Wrong | Promise<Wrong>,
): Trial {
  return (one, expected) => (fits(one) ? { unit: 'stream', places: [0], at: () => check(one, expected) } : undefined)
}

/** For a plan that counts bytes, which are too many to try all: those where something is cut, and some between. */
function placesTried(stream: FaultStream, plan: FaultPlan): readonly number[] {
  const places = placesIn(stream, plan)
  if (plan.at !== 'byte') return places
  const bytes = stream.bytes()
  const ends = new Set<number>()
  let end = 0
  for (const { bytes: own } of stream.events.slice(0, NEAR_EVENTS)) {
    end += own.length
    for (let near = end - 2; near <= end + 1; near += 1) ends.add(near)
  }
  const isInCharacter = (place: number): boolean => ((bytes[place] ?? 0) & 0xc0) === 0x80
  return places.filter((place) => place % STRIDE === 0 || (place % 7 === 0 && isInCharacter(place)) || ends.has(place))
}

const NEAR_EVENTS = 6
const STRIDE = 199

/** What was shown of each message after each number of events. */
export function shownAfter(one: Case): readonly (readonly MessageSnapshot[])[] {
  const known = SHOWN.get(one)
  if (known !== undefined) return known
  const fold = new Fold()
  const shown = [fold.snapshots()]
  for (const { bytes } of one.stream.chunks()) {
    fold.push(bytes)
    shown.push(fold.snapshots())
  }
  SHOWN.set(one, shown)
  return shown
}

const SHOWN = new WeakMap<Case, readonly (readonly MessageSnapshot[])[]>()

/** All that had come by then is in the message. */
export function keepsWhatCame(one: Case, broken: Judged, events: number): Wrong {
  return firstOf(
    ...(shownAfter(one)[events] ?? []).map(({ key, content }) =>
      keeps(
        content,
        broken.messages.find((message) => message.key === key),
      ),
    ),
  )
}

/** Declares the tests of one section: one for each row and recording that it fits. */
export function declareRows(section: string, word: string, dialect: FaultDialect, rows: Rows): void {
  describeRows(section, () => {
    const cases = cleanCases(dialect)
    const used = new Set<string>()
    const names = rowsOf(section).map(({ name }) => name)

    it(`${word}: every row of the table has its trial, and every trial its row`, () => {
      expect(Object.keys(rows).toSorted()).toEqual(names.toSorted())
    })
    for (const { name, expected } of rowsOf(section)) {
      const trial = rows[name]
      if (trial === undefined) continue
      const fitting = cases.flatMap((one) => {
        const tried = trial(one, expected)
        return tried === undefined || tried.places.length === 0 ? [] : [{ one, tried }]
      })
      it(`${word} row "${name}" fits a recording`, () => {
        expect(fitting.length).toBeGreaterThan(0)
      })
      for (const { one, tried } of fitting) {
        used.add(one.name)
        declare(`${word} row "${name}" → ${expected}`, one, tried)
      }
    }
    it(`${word}: every clean recording is used`, () => {
      expect(cases.map((one) => one.name).filter((name) => !used.has(name))).toEqual([])
    })
  })
}

export function declare(title: string, one: Case, { unit, places, at }: Tried): void {
  const where = unit === 'stream' ? '' : `, at ${unit}s ${placesText(places)}`
  it(`${title}${where}: ${one.name}`, async () => {
    const wrongs: string[] = []
    for (const place of places) {
      const wrong = await at(place)
      if (wrong !== undefined) wrongs.push(unit === 'stream' ? wrong : `${unit} ${place}: ${wrong}`)
    }
    expect(wrongs).toEqual([])
  })
}

/** All of a few places; of many how many there are. */
function placesText(places: readonly number[]): string {
  const text = rangesOf(places)
  return text.length <= 60 ? text : `${places.at(0)} to ${places.at(-1)} (${places.length} of them)`
}
