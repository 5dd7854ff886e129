/** I8 over histories by chance: whatever is wrong with one, its repair is valid, final, and loses nothing that anybody said. */
import { assert, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { repair } from '../../src/transcript/repair.ts'
import { validate } from '../../src/transcript/rules.ts'
import { TARGETS, type RequestFacts } from '../../src/transcript/target.ts'
import { historyOf, wrongSteps } from '../support/histories.ts'
import { runs } from '../support/operations.ts'

/** Of each target `npm run fuzz` tries a hundred thousand histories, over all facts. */
const SHARE = 3.4

const FACTS: readonly RequestFacts[] = [{}, { profile: 'strict' }, { thinking: true, tools: true }]

describe.each(TARGETS)('I8: generated histories for %s', (target) => {
  it.each(FACTS)(
    'are valid after the repair, which is final and keeps every user text and every result: %o',
    (facts) => {
      assert(
        property(wrongSteps, (steps) => {
          const { messages, expected } = historyOf(steps, target)
          const before = structuredClone(messages)
          const once = repair(messages, target, facts)
          expect(messages, 'what was given is not touched').toEqual(before)
          expect(validate(once.messages, target, facts), 'after the repair').toEqual([])
          const lastResorts = once.repairs.filter(({ text }) => text.includes('(rule '))
          expect(lastResorts, 'nothing is taken out for want of a repair').toEqual([])
          const twice = repair(once.messages, target, facts)
          expect(twice).toEqual({ messages: once.messages, repairs: [] })
          const text = JSON.stringify(once.messages)
          let from = 0
          for (const said of expected.userTexts) {
            const at = text.indexOf(said, from)
            expect(at, `${said} is there, after what was said before it`).toBeGreaterThanOrEqual(0)
            from = at
          }
          for (const result of expected.results) expect(text).toContain(result)
          if (once.repairs.length === 0) expect(once.messages).toEqual(messages)
        }),
        runs(700, SHARE),
      )
    },
  )
})
