/**
 * I1–I6 over faults by chance: any recording, any composition of up to three plans. What each plan is expected to leave is what the plan
 * itself declares; a counter-example belongs into `recordings/` once it is understood.
 */
import { readFileSync } from 'node:fs'
import { array, assert, constantFrom, nat, property, tuple, type Arbitrary } from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FaultDialect } from '../../src/recording/faults/fault-dialect.ts'
import { findRecordings } from '../../src/node/recording-files.ts'
import { judge, type Verdict } from '../../src/recording/faults/judge.ts'
import { expectationOf, placesIn, type Effect, type Expectation } from '../../src/recording/faults/plan.ts'
import { FAULT_PLANS, faultPlan } from '../../src/recording/faults/plans.ts'
import { streamOf, type FaultStream } from '../../src/recording/faults/stream.ts'
import { foldStream } from '../../src/recording/faults/try.ts'
import type { Folding } from '../../src/recording/faults/folding.ts'
import { readRecording } from '../../src/recording/format.ts'
import { runs } from '../support/operations.ts'
import { WIRES } from '../support/wires.ts'

const RUNS = 400

/** Floods over floods are tested as rows; here they would only take time. */
const LONGEST = 300_000

interface Clean {
  readonly file: string
  readonly stream: FaultStream
  readonly folding: Folding
}

const CLEAN: ReadonlyMap<string, Clean> = new Map(
  (await findRecordings('recordings')).flatMap((file) => {
    const stream = streamOf(readRecording(readFileSync(file), { name: file }))
    if (stream === undefined) return []
    const folding = foldStream(stream)
    const isClean = folding.messages.every(
      ({ outcome, anomalies }) => outcome.kind === 'complete' && anomalies.length === 0,
    )
    return isClean ? [[file, { file, stream, folding }] as const] : []
  }),
)

/** The name of a plan, what chooses its place among those that there are, and its seed. */
type Choice = readonly [string, number, number]

function choices(dialect: FaultDialect, effect: Effect): Arbitrary<Choice> {
  const plans = FAULT_PLANS.filter((plan) => plan.effects[dialect] === effect)
  return tuple(constantFrom(...plans.map(({ name }) => name)), nat(), nat(0xffff))
}

interface Broken {
  readonly stream: FaultStream
  readonly expectation: Expectation
  /** What `onefold fold --fault` takes. */
  readonly how: readonly string[]
}

/** Applies one plan after the other, where it fits. */
function broken({ stream }: Clean, chosen: readonly Choice[]): Broken {
  let made: Broken = { stream, expectation: { effect: 'same' }, how: [] }
  for (const [name, where, seed] of chosen) {
    const plan = faultPlan(name)
    const places = placesIn(made.stream, plan)
    const own = expectationOf(plan, stream.dialect)
    const place = places[where % places.length]
    if (place === undefined || own === undefined || (own.addsBlock && made.expectation.addsBlock)) continue
    const next = plan.apply(made.stream, place, seed)
    if (next.bytes().length > LONGEST) continue
    made = {
      stream: next,
      expectation: together(made.expectation, own),
      how: [...made.how, `--fault ${plan.name}@${place} --seed ${seed}`],
    }
  }
  return made
}

function together(one: Expectation, other: Expectation): Expectation {
  return {
    effect: one.effect === 'lossy' || other.effect === 'lossy' ? 'lossy' : 'same',
    alters: [...(one.alters ?? []), ...(other.alters ?? [])],
    ...(one.mayReplace || other.mayReplace ? { mayReplace: true as const } : {}),
    ...(one.addsBlock || other.addsBlock ? { addsBlock: true as const } : {}),
  }
}

function tried(file: string, chosen: readonly Choice[]): { readonly verdict: Verdict; readonly how: string } {
  const clean = CLEAN.get(file) ?? expect.fail(`there is no ${file}`)
  const { stream, expectation, how } = broken(clean, chosen)
  return {
    verdict: judge(clean.folding, foldStream(stream), expectation),
    how: `onefold fold ${clean.file} ${how.join(' ')}`,
  }
}

describe.each(WIRES)('any recording of $dialect', ({ dialect }) => {
  const recordings = constantFrom(
    ...[...CLEAN.values()].filter(({ stream }) => stream.dialect === dialect).map(({ file }) => file),
  )

  it('I3: with up to three faults that lose nothing is the clean message', () => {
    assert(
      property(recordings, array(choices(dialect, 'same'), { minLength: 1, maxLength: 3 }), (file, chosen) => {
        const { verdict, how } = tried(file, chosen)
        expect(verdict, how).toEqual({ kind: 'held' })
      }),
      runs(RUNS),
    )
  })

  it('I5: with one that loses something among others claims no more than came, and hands out no other call', () => {
    const others = array(choices(dialect, 'same'), { maxLength: 2 })
    assert(
      property(recordings, others, choices(dialect, 'lossy'), nat(2), (file, some, lossy, at) => {
        const { verdict, how } = tried(file, some.toSpliced(at, 0, lossy))
        expect(verdict, how).toEqual({ kind: 'held' })
      }),
      runs(RUNS),
    )
  })
})
