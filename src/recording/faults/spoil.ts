/** Answers broken by a plan while they are replayed. */
import { loadRecording, storedOf, type StoredRecording } from '../stored.ts'
import { breakRecording, placesOf } from './break.ts'
import type { FaultPlan } from './plan.ts'

export interface SpoilOptions {
  readonly plan: FaultPlan
  /** Where it strikes; what has no such place stays as it is. Without it, the seed decides. */
  readonly place?: number
  /** Which of the places, counted round and round, and what else the plan leaves open. A whole number. Default 0. */
  readonly seed?: number
  /** How many answers are broken, the first that the plan fits. Default: all. */
  readonly times?: number
}

/** Breaks one recording after the other and says where; undefined for what the plan does not fit, and once there were enough. */
export function spoiler({
  plan,
  place,
  seed = 0,
  times = Infinity,
}: SpoilOptions): (
  recording: StoredRecording,
) => Promise<{ readonly recording: StoredRecording; readonly how: string } | undefined> {
  let broken = 0
  return async (recording) => {
    if (broken >= times) return undefined
    const loaded = await loadRecording(recording)
    const places = placesOf(loaded, plan)
    const taken = place ?? places[((seed % places.length) + places.length) % places.length]
    // Another answer may have been broken while this one was read.
    if (taken === undefined || !places.includes(taken) || broken >= times) return undefined
    broken += 1
    const spoiled = breakRecording(loaded, plan, { place: taken, seed })
    return { recording: storedOf(spoiled, recording.name), how: `broken by ${plan.name}@${taken}` }
  }
}
