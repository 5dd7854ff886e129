/** Every fault on a sample of the recorded streams of the corpus. */
import { expect, it } from 'vitest'
import { FAULT_PLANS } from '../../src/recording/faults/plans.ts'
import { spread, tryEverywhere } from '../../src/recording/faults/try.ts'
import { corpusStreams, describeShared } from '../support/corpus.ts'
import { caseOfBody, isClean } from './cases.ts'

const DIALECTS = ['anthropic-messages', 'openai-chat', 'openai-responses'] as const

/** How many streams of a dialect, how large, and at how many places each fault strikes. */
const STREAMS = 20
const SIZE = 8_000
const PLACES = 3

describeShared('corpus', 'faults on the corpus', () => {
  for (const dialect of DIALECTS) {
    const all = corpusStreams((stream) => stream.dialect === dialect && stream.framing === 'sse' && stream.size <= SIZE)
    const clean = all.flatMap((stream) => {
      const one = caseOfBody(stream.file, stream.read())
      return one !== undefined && one.stream.dialect === dialect && isClean(one) ? [one] : []
    })
    const chosen = spread([...clean.keys()], STREAMS).flatMap((index) => clean[index] ?? [])

    it(`has ${dialect} streams to break`, () => {
      expect(chosen.length).toBe(STREAMS)
    })
    it.each(chosen.map((one) => [one.name, one] as const))(
      `corpus: every fault, at ${PLACES} places at most, leaves what it must: %s`,
      (_, { stream, clean: folding }) => {
        const trials = FAULT_PLANS.map((plan, index) =>
          tryEverywhere(stream, folding, plan, { atMost: PLACES, seed: index }),
        )
        const failures = trials.flatMap((trial) =>
          trial.failures.map(({ place, reason }) => `${trial.plan.name}@${place}: ${reason}`),
        )
        expect(failures).toEqual([])
        expect(trials.filter(({ tried }) => tried.length > 0).length).toBeGreaterThan(30)
      },
    )
  }
})
