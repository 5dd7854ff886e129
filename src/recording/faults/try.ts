/** A plan tried on a stream, at one place or at all of them. */
import type { FoldOptions } from '../../options.ts'
import { foldAtOnce, type Folding } from './folding.ts'
import { judge, type Verdict } from './judge.ts'
import { expectationOf, placesIn, type FaultPlan } from './plan.ts'
import type { FaultStream } from './stream.ts'

/** A plan that was tried: where, and what failed. */
export interface Tried {
  readonly plan: FaultPlan
  readonly tried: readonly number[]
  readonly failures: readonly { readonly place: number; readonly reason: string }[]
}

/** Folds a stream as its chunks come. */
export function foldStream(stream: FaultStream, options: FoldOptions = {}): Folding {
  return foldAtOnce({ chunks: stream.chunks(), ending: stream.ending }, options)
}

/** Breaks the stream there and judges what comes of it. The plan must fit. */
export function tryAt(
  stream: FaultStream,
  clean: Folding,
  plan: FaultPlan,
  { place, seed = 0, ...options }: FoldOptions & { readonly place: number; readonly seed?: number },
): Verdict {
  const expectation = expectationOf(plan, stream.dialect)
  if (expectation === undefined) return { kind: 'failed', reason: `${plan.name} is no fault of ${stream.dialect}` }
  return judge(clean, foldStream(plan.apply(stream, place, seed), options), expectation)
}

/** Tries the plan at every place, or at `atMost` of them, evenly spread. */
export function tryEverywhere(
  stream: FaultStream,
  clean: Folding,
  plan: FaultPlan,
  { atMost, ...options }: FoldOptions & { readonly seed?: number; readonly atMost?: number } = {},
): Tried {
  const tried = spread(placesIn(stream, plan), atMost ?? Infinity)
  const failures = tried.flatMap((place) => {
    const verdict = tryAt(stream, clean, plan, { ...options, place })
    return verdict.kind === 'held' ? [] : [{ place, reason: verdict.reason }]
  })
  return { plan, tried, failures }
}

/** So many of them, the first and the last among them. */
export function spread(places: readonly number[], atMost: number): readonly number[] {
  if (places.length <= atMost) return places
  const step = (places.length - 1) / Math.max(1, atMost - 1)
  const chosen = new Set(Array.from({ length: atMost }, (_, index) => Math.round(index * step)))
  return places.filter((_, index) => chosen.has(index))
}
