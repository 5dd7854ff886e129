/** Whatever a rule finds, a repair ends: the same histories that the tests of the rules use. */
import { expect } from 'vitest'
import { repair } from '../../src/transcript/repair.ts'
import { RULES, validate } from '../../src/transcript/rules.ts'
import type { Rule } from '../../src/transcript/rule.ts'
import { TARGETS, type RequestFacts } from '../../src/transcript/target.ts'

/** I8: the repair of a history is valid for every target that has these rules, and is final. */
export function expectRepairable(rules: readonly Rule[], history: readonly unknown[], facts: RequestFacts): void {
  // Long ones are for the time that the rules take.
  if (history.length > 10_000) return
  for (const target of TARGETS) {
    if (!rules.every((rule) => RULES[target].includes(rule) || isSaidOtherwise(rule))) continue
    const { messages } = repair(history, target, facts)
    expect(validate(messages, target, facts), `${target}: after the repair`).toEqual([])
    const again = repair(messages, target, facts)
    expect(again.repairs, `${target}: repaired again`).toEqual([])
    expect(JSON.stringify(again.messages) === JSON.stringify(messages), `${target}: repaired again`).toBe(true)
  }
}

/** Rules that DeepSeek and Kimi have in words of their own. */
const isSaidOtherwise = ({ id }: Rule): boolean => id === 'O1' || id === 'O2'
