/** What the rules of a provider find in a history that a test writes down. */
import { deepFreeze, type JsonObject } from '../../src/json.ts'
import type { Rule } from '../../src/transcript/rule.ts'
import type { RequestFacts } from '../../src/transcript/target.ts'
import { expectRepairable } from './repairable.ts'

/** One finding: the rule, the index of the message, and that of the block, where it names one. */
export type Found = readonly [rule: string, message: number, block?: number]

/** The findings of all rules of a profile, in order of the rules. A history that is null or a number where a message should be is fine. */
export function findingsOf(rules: readonly Rule[], history: readonly unknown[], facts: RequestFacts = {}) {
  // A rule that would change what it judges throws.
  deepFreeze(history)
  expectRepairable(rules, history, facts)
  return rules
    .filter(({ profile }) => profile === 'lax' || facts.profile === 'strict')
    .flatMap((rule) =>
      rule
        .check(history as readonly JsonObject[], facts)
        .map((breach) => ({ ...breach, rule: rule.id, provider: breach.provider ?? rule.says })),
    )
}

/** The same, as rows to compare with. */
export function foundIn(
  rules: readonly Rule[],
  history: readonly unknown[],
  facts: RequestFacts = {},
): readonly Found[] {
  return findingsOf(rules, history, facts).map(({ rule, message, block }): Found =>
    block === undefined ? [rule, message] : [rule, message, block],
  )
}

/** Values that are nothing a rule expects anywhere. */
export const ODD_HISTORY: readonly unknown[] = [
  null,
  7,
  '',
  true,
  [],
  {},
  [null],
  JSON.parse('{"__proto__": {"role": "user"}}'),
]

/** Every history that has an odd value in the place of one value of this one, at any depth. */
export function oddVersions(history: readonly unknown[]): readonly (readonly unknown[])[] {
  return history.flatMap((message, at) => oddValues(message).map((odd) => history.with(at, odd)))
}

function oddValues(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) {
    return [...ODD_HISTORY, ...value.flatMap((item: unknown, at) => oddValues(item).map((odd) => value.with(at, odd)))]
  }
  if (typeof value !== 'object' || value === null) return ODD_HISTORY
  const inside = Object.entries(value).flatMap(([key, item]) =>
    oddValues(item).map((odd) => ({ ...value, [key]: odd })),
  )
  return [...ODD_HISTORY, ...inside]
}
