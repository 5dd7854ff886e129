/** Many comparisons of the same sides, side by side: how often they agree, and how their figures are distributed. */
import type { AnomalyKind } from '../anomaly.ts'
import { MisuseError } from '../errors.ts'
import type { Outcome, Usage } from '../message.ts'
import { ASPECTS, type Aspect, type Difference, type Side, type StreamTimes } from './comparison.ts'
import { percentile, TIMES } from './times.ts'
import { usageSum } from './usage.ts'

/** What a summary needs of a comparison: of many, all else can be forgotten. */
export interface Summarized {
  readonly reference: number
  readonly sides: readonly Omit<Side, 'arrivals'>[]
  readonly differences: readonly Pick<Difference, 'aspect' | 'side'>[]
}

export interface Summary {
  /** The side that the others were compared with: its place in `sides`. */
  readonly reference: number
  readonly cases: number
  /** In how many of them there was no difference, apart from what was ignored. */
  readonly same: number
  readonly sides: readonly SideSummary[]
}

/** One side over all cases. */
export interface SideSummary {
  readonly label: string
  /** In how many cases it had no difference from the reference, apart from what was ignored. */
  readonly same: number
  /** In how many cases it says the same as the reference, whatever is ignored. */
  readonly agrees: { readonly text: number; readonly calls: number; readonly stop: number }
  /** In how many cases it differs in what. */
  readonly differs: Partial<Record<Aspect, number>>
  /** How its messages ended: how many of each kind. */
  readonly outcomes: Partial<Record<Outcome['kind'], number>>
  readonly anomalies: Partial<Record<AnomalyKind, number>>
  /** Added up over the cases that tell it. */
  readonly usage: Usage
  /** Added up over the cases that have a cost; absent if none has. In the currency of the price table. */
  readonly cost?: number
  readonly times: TimeDistributions
}

/** Of the cases that have it; absent if none has. Milliseconds, and tokens per second. */
export interface TimeDistributions {
  readonly firstByteMs?: Distribution
  readonly firstTokenMs?: Distribution
  readonly lastTokenMs?: Distribution
  readonly tokensPerSecond?: Distribution
  /** Of the longest gap of each case. */
  readonly longestGapMs?: Distribution
}

/** Percentiles by nearest rank. */
export interface Distribution {
  /** Of how many cases. */
  readonly of: number
  readonly smallest: number
  readonly p50: number
  readonly p95: number
  readonly largest: number
}

/**
 * A summary of comparisons that each `compare` gave for the same sides in the same order: nothing of them is changed or kept. Throws
 * `MisuseError('bad_argument')` for none, and for comparisons of another number of sides or another reference.
 */
export function summarize(comparisons: readonly Summarized[]): Summary {
  const [first, ...others] = comparisons
  if (first === undefined) throw new MisuseError('bad_argument', 'summarize takes a list of one or more comparisons')
  const { reference, sides } = first
  const odd = others.findIndex((other) => other.sides.length !== sides.length || other.reference !== reference)
  if (odd >= 0) {
    throw new MisuseError(
      'bad_argument',
      `summarize takes comparisons of the same sides; that at ${odd + 1} has others`,
    )
  }
  return {
    reference,
    cases: comparisons.length,
    same: comparisons.filter(({ differences }) => differences.length === 0).length,
    sides: sides.map(({ label }, side) => sideOf(comparisons, side, label)),
  }
}

function sideOf(comparisons: readonly Summarized[], place: number, label: string): SideSummary {
  const sides = comparisons.flatMap((comparison) => comparison.sides[place] ?? [])
  const aspects = comparisons.map(({ differences }) => {
    return new Set(differences.filter(({ side }) => side === place).map(({ aspect }) => aspect))
  })
  const agreeing = (name: keyof Side['agrees']): number => sides.filter(({ agrees }) => agrees[name]).length
  const costs = sides.flatMap(({ cost }) => cost ?? [])
  const counts = ASPECTS.map((aspect) => [aspect, aspects.filter((of) => of.has(aspect)).length] as const)
  return {
    label,
    same: aspects.filter(({ size }) => size === 0).length,
    agrees: { text: agreeing('text'), calls: agreeing('calls'), stop: agreeing('stop') },
    differs: Object.fromEntries(counts.filter(([, count]) => count > 0)),
    outcomes: tally(sides.flatMap(({ messages }) => messages.map(({ outcome }) => [outcome.kind, 1]))),
    anomalies: tally(sides.flatMap(({ anomalies }) => anomalies.map(({ kind, count = 1 }) => [kind, count]))),
    usage: usageSum(sides.map(({ usage }) => usage)),
    ...(costs.length === 0 ? {} : { cost: sumOf(costs) }),
    times: timesOf(sides.map(({ times }) => times)),
  }
}

function tally<K extends string>(counted: readonly (readonly [K, number])[]): Partial<Record<K, number>> {
  const counts: Partial<Record<K, number>> = {}
  for (const [name, count] of counted) counts[name] = (counts[name] ?? 0) + count
  return counts
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0)
}

function timesOf(times: readonly StreamTimes[]): TimeDistributions {
  const all: readonly (readonly [keyof TimeDistributions, (time: StreamTimes) => number | undefined])[] = [
    ['firstByteMs', TIMES.firstByteMs],
    ['firstTokenMs', TIMES.firstTokenMs],
    ['lastTokenMs', TIMES.lastTokenMs],
    ['tokensPerSecond', ({ tokensPerSecond }) => tokensPerSecond],
    ['longestGapMs', TIMES.longestGapMs],
  ]
  const known = all.flatMap(([name, of]) => {
    const distribution = distributionOf(times.flatMap((time) => of(time) ?? []))
    return distribution === undefined ? [] : [[name, distribution] as const]
  })
  return Object.fromEntries(known)
}

function distributionOf(numbers: readonly number[]): Distribution | undefined {
  const sorted = numbers.toSorted((a, b) => a - b)
  const [smallest, largest] = [sorted[0], sorted.at(-1)]
  if (smallest === undefined || largest === undefined) return undefined
  return { of: sorted.length, smallest, p50: percentile(sorted, 0.5), p95: percentile(sorted, 0.95), largest }
}
