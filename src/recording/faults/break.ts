/** A recording broken by a plan, as a recording again: what can be written to a file, replayed and folded. */
import { MisuseError } from '../../errors.ts'
import { isObject, wordOf } from '../../json.ts'
import type { Recording } from '../format.ts'
import { FAULT_PLANS } from './plans.ts'
import { placesIn, type FaultPlan } from './plan.ts'
import { streamOf, type FaultStream } from './stream.ts'

export interface BreakOptions {
  /** Where the plan strikes; without it, the first place that there is. */
  readonly place?: number
  /** What a plan leaves open is decided by it, the same for the same seed: a 32-bit integer, 0 without one. */
  readonly seed?: number
}

/**
 * Where a plan can strike in a recording, in ascending order; none where it does not fit. Throws `MisuseError('bad_argument')` for what is
 * no recording or no plan.
 */
export function placesOf(recording: Recording, plan: FaultPlan): readonly number[] {
  checkRecording(recording, 'placesOf')
  checkPlan(plan, 'placesOf')
  const stream = streamOf(recording)
  return stream === undefined ? [] : placesIn(stream, plan)
}

/** The plans that can strike somewhere in a recording. Throws `MisuseError('bad_argument')` for what is none. */
export function plansFor(recording: Recording): readonly FaultPlan[] {
  checkRecording(recording, 'plansFor')
  const stream = streamOf(recording)
  return stream === undefined ? [] : FAULT_PLANS.filter((plan) => placesIn(stream, plan).length > 0)
}

/**
 * The recording as it would be with that fault: one chunk per event (unless the fault is about the chunks), times kept.
 * The provenance becomes `derived` and names the plan, the place and the seed. To have several faults, break it several
 * times; each plan sees what the one before it made.
 *
 * Throws `MisuseError('bad_argument')` for a plan or a place that does not fit the recording, with those that do, and for what is no
 * recording or no plan.
 */
export function breakRecording(recording: Recording, plan: FaultPlan, options: BreakOptions = {}): Recording {
  checkRecording(recording, 'breakRecording')
  checkPlan(plan, 'breakRecording')
  checkOptions(options)
  const stream = streamOf(recording)
  if (stream === undefined) {
    throw new MisuseError(
      'bad_argument',
      'the recording is no event stream of a dialect that onefold reads: no fault fits',
    )
  }
  const { place, broken } = breakStream(stream, plan, options)
  return recordingOf(recording, broken, `broken by ${plan.name} at ${place}, seed ${options.seed ?? 0}`)
}

function checkRecording(recording: unknown, who: string): void {
  if (isObject(recording) && Array.isArray(recording.chunks)) return
  throw new MisuseError(
    'bad_argument',
    `${who} takes a recording, as readRecording gives it, and got ${wordOf(recording)}`,
  )
}

function checkPlan(plan: unknown, who: string): void {
  if (typeof plan === 'object' && plan !== null && 'apply' in plan && typeof plan.apply === 'function') return
  const named = typeof plan === 'string' ? `the text "${plan}"; faultPlan("${plan}") gives a plan` : wordOf(plan)
  throw new MisuseError('bad_argument', `${who} takes a plan of FAULT_PLANS, and got ${named}`)
}

function checkOptions(options: unknown): void {
  const names = isObject(options) ? Object.keys(options) : undefined
  const wrong = names?.find((name) => name !== 'place' && name !== 'seed')
  if (names !== undefined && wrong === undefined) return
  const got = wrong === undefined ? wordOf(options) : `"${wrong}"`
  throw new MisuseError('bad_argument', `breakRecording takes the options place and seed, and got ${got}`)
}

/** The same for a stream that was read already. Throws as `breakRecording` does. */
export function breakStream(
  stream: FaultStream,
  plan: FaultPlan,
  { place, seed = 0 }: BreakOptions = {},
): { readonly place: number; readonly broken: FaultStream } {
  const places = placesIn(stream, plan)
  const [first] = places
  if (first === undefined) {
    const fitting = FAULT_PLANS.filter((other) => placesIn(stream, other).length > 0).map(({ name }) => name)
    throw new MisuseError('bad_argument', `${plan.name} does not fit this stream; these do: ${fitting.join(', ')}`)
  }
  if (!Number.isInteger(seed)) throw new MisuseError('bad_argument', `the seed ${seed} is not a whole number`)
  if (place !== undefined && !places.includes(place)) {
    const unit = plan.at === 'stream' ? '' : ` (${plan.at}s)`
    throw new MisuseError(
      'bad_argument',
      `${plan.name} cannot strike at ${place}; it can at ${rangesOf(places)}${unit}`,
    )
  }
  const taken = place ?? first
  return { place: taken, broken: plan.apply(stream, taken, seed) }
}

/** A stream as a recording with the header of the one it comes from. */
export function recordingOf({ header }: Recording, stream: FaultStream, how: string): Recording {
  const { kind, note } = header.provenance
  const before = `${how}; before that ${kind}`
  return {
    header: {
      ...header,
      provenance: { ...header.provenance, kind: 'derived', note: note === undefined ? before : `${before}: ${note}` },
    },
    chunks: stream.chunks(),
    ending: stream.ending,
    ...(stream.endMs === undefined ? {} : { endMs: stream.endMs }),
    // Problems name lines of a file; these chunks are of no file.
    problems: [],
  }
}

/** Numbers in ascending order as a person writes them: 1–4, 7. */
export function rangesOf(places: readonly number[]): string {
  const runs: [number, number][] = []
  for (const place of places) {
    const last = runs.at(-1)
    if (last !== undefined && place === last[1] + 1) last[1] = place
    else runs.push([place, place])
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(', ')
}
