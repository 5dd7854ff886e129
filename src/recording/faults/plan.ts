/**
 * What a fault is: a plan that says where in a stream it can strike, what it makes of the stream, and what a careful
 * reader must still have afterwards.
 *
 * The rule: a plan declares its effect for each dialect once and for all. One that is `same` only under a condition
 * finds places only in streams that meet it; what is left over is another plan with another effect.
 */
import type { FaultDialect } from './fault-dialect.ts'
import type { FaultStream } from './stream.ts'

/**
 * `same`: the message is the clean one. `lossy`: something is gone, and the message says so and claims nothing else.
 * `undecidable`: nothing on the wire tells the fault from a stream that was meant so.
 */
export type Effect = 'same' | 'lossy' | 'undecidable'

/** What may differ from the clean message because the fault writes it differently on the wire, and not because something was lost. */
export type Alteration = 'wire' | 'id' | 'call ids' | 'arguments' | 'raw stop'

/** What a reader may expect of a stream that was broken. */
export interface Expectation {
  readonly effect: Effect
  readonly alters?: readonly Alteration[]
  /** Text that came at the wrong place may be shown once more, by `replace`. */
  readonly mayReplace?: true
  /** There is one more block, of a type that nobody knows. */
  readonly addsBlock?: true
}

export interface FaultPlan extends Omit<Expectation, 'effect'> {
  /** In kebab-case; what `--fault` takes. */
  readonly name: string
  /** What it does, in one sentence. */
  readonly about: string
  /** What a place counts: events (1 is the first; 0 is before it), bytes before the place, or nothing: there is one place, 0. */
  readonly at: 'event' | 'byte' | 'stream'
  /** A dialect that is absent cannot have this fault. */
  readonly effects: Readonly<Partial<Record<FaultDialect, Effect>>>
  /** Where it can strike in this stream. */
  readonly places: (stream: FaultStream) => readonly number[]
  /** The broken stream, always the same for the same place and seed. */
  readonly apply: (stream: FaultStream, place: number, seed: number) => FaultStream
}

/** Where a plan can strike in a stream, in ascending order; none where it does not fit. */
export function placesIn(stream: FaultStream, plan: FaultPlan): readonly number[] {
  return plan.effects[stream.dialect] === undefined ? [] : plan.places(stream)
}

/** What is expected of a stream that the plan broke; undefined for a dialect that cannot have the fault. */
export function expectationOf(
  { effects, alters, mayReplace, addsBlock }: FaultPlan,
  dialect: FaultDialect,
): Expectation | undefined {
  const effect = effects[dialect]
  if (effect === undefined) return undefined
  return {
    effect,
    ...(alters === undefined ? {} : { alters }),
    ...(mayReplace === undefined ? {} : { mayReplace }),
    ...(addsBlock === undefined ? {} : { addsBlock }),
  }
}

/** The plan, for the whole stream, where it changes anything: not in a stream that is written so already. */
export function whereItChanges(plan: FaultPlan): FaultPlan {
  return {
    ...plan,
    places: (stream) => plan.places(stream).filter((place) => isOther(plan.apply(stream, place, 0), stream)),
  }
}

function isOther(broken: FaultStream, { events }: FaultStream): boolean {
  if (broken.events.length !== events.length) return true
  return broken.events.some(({ bytes }, index) => {
    const before = events[index]?.bytes
    return before === undefined || bytes.length !== before.length || bytes.some((byte, at) => byte !== before[at])
  })
}

/** The one place of a plan that is about the whole stream. */
export const WHOLE: readonly number[] = [0]

/** In every dialect. */
export function everywhere(effect: Effect): Readonly<Record<FaultDialect, Effect>> {
  return { 'anthropic-messages': effect, 'openai-chat': effect, 'openai-responses': effect }
}

/** The numbers of the events for which a claim holds: 1 is the first. */
export function numbersWhere(stream: FaultStream, claim: (index: number) => boolean): number[] {
  const numbers: number[] = []
  for (let index = 0; index < stream.events.length; index += 1) if (claim(index)) numbers.push(index + 1)
  return numbers
}

/** The whole numbers from one to another, both included. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index)
}
