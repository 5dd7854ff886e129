/** What a trial consists of: which answer is broken, by which plan, at which place. */
import { MisuseError } from '../../errors.ts'
import { placesOf } from '../faults/break.ts'
import type { FaultDialect } from '../faults/fault-dialect.ts'
import type { Effect, FaultPlan } from '../faults/plan.ts'
import { faultPlan, FAULT_PLANS } from '../faults/plans.ts'
import { spread } from '../faults/try.ts'
import type { Recording } from '../format.ts'

/** The answers of the conversation: to the question, and to the results of the tools. Named as their recordings are. */
export const TRIAL_CASES = ['note-and-sum', 'answer-after-tools'] as const
export type TrialCase = (typeof TRIAL_CASES)[number]

/** The recordings of the conversation, by the answer. */
export type TrialRecordings = Readonly<Record<TrialCase, Recording>>

/** At which of its places a plan strikes: the first, all, or so many, evenly spread (1: the middle one). */
export type TrialPlaces = 'first' | 'all' | number

/** One run of the command: one plan at one place of one answer. */
export interface TrialCell {
  readonly case: TrialCase
  readonly plan: FaultPlan
  readonly effect: Effect
  readonly place: number
}

/** Plans that need more time than anybody waits for who did not ask for them. */
const SLOW: ReadonlySet<string> = new Set(['stall'])

/** The plans that a trial runs where none is named. */
export const TRIAL_PLANS: readonly FaultPlan[] = FAULT_PLANS.filter(({ name }) => !SLOW.has(name))

/** The runs of a trial, in the order of the plans. */
export function cellsOf(
  recordings: TrialRecordings,
  dialect: FaultDialect,
  plans: readonly FaultPlan[],
  places: TrialPlaces,
): readonly TrialCell[] {
  return plans.flatMap((plan) => {
    const effect = plan.effects[dialect]
    if (effect === undefined) return []
    return TRIAL_CASES.flatMap((name) =>
      chosen(placesOf(recordings[name], plan), places).map((place) => ({ case: name, plan, effect, place })),
    )
  })
}

function chosen(all: readonly number[], places: TrialPlaces): readonly number[] {
  if (places === 'all') return all
  if (places === 'first') return all.slice(0, 1)
  const middle = all[Math.floor(all.length / 2)]
  if (places === 1) return middle === undefined ? [] : [middle]
  return spread(all, places)
}

/** How a cell is named where it is asked for again. */
export function nameOfCell({ case: name, plan, place }: Pick<TrialCell, 'case' | 'plan' | 'place'>): string {
  return `${name}/${plan.name}@${place}`
}

/** A cell as it was asked for; the place may be left to the trial. */
export interface AskedCell {
  readonly case: TrialCase
  readonly plan: FaultPlan
  readonly place: number | undefined
}

/** Reads `case/plan@place` or `case/plan`. Throws `MisuseError('bad_argument')` with what there is. */
export function readCell(text: string): AskedCell {
  const [, name, plan = '', place] = /^([^/@]+)\/([^/@]+)(?:@(\d+))?$/.exec(text) ?? []
  const known = TRIAL_CASES.find((one) => one === name)
  if (known === undefined) {
    const shape = `it is CASE/PLAN or CASE/PLAN@PLACE, where CASE is ${TRIAL_CASES.join(' or ')}`
    throw new MisuseError('bad_argument', `--only ${text}: ${shape}`)
  }
  return { case: known, plan: faultPlan(plan), place: place === undefined ? undefined : Number(place) }
}

/** The cells that were asked for by name. Throws `MisuseError('bad_argument')` for a plan or a place that does not fit. */
export function cellsNamed(
  asked: readonly AskedCell[],
  recordings: TrialRecordings,
  dialect: FaultDialect,
  places: TrialPlaces,
): readonly TrialCell[] {
  return asked.flatMap(({ case: name, plan, place }) => {
    const effect = plan.effects[dialect]
    const all = effect === undefined ? [] : placesOf(recordings[name], plan)
    const taken = place === undefined ? chosen(all, places) : all.filter((one) => one === place)
    if (effect === undefined || taken.length === 0) {
      const where = all.length === 0 ? 'nowhere' : `at ${all[0]} to ${all.at(-1)}`
      const what = `${plan.name} strikes ${where} in ${name} of ${dialect}`
      throw new MisuseError(
        'bad_argument',
        `--only ${name}/${plan.name}${place === undefined ? '' : `@${place}`}: ${what}`,
      )
    }
    return taken.map((one) => ({ case: name, plan, effect, place: one }))
  })
}
