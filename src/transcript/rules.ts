/** All rules, by target. */
import type { JsonObject } from '../json.ts'
import { unsharedHistory } from './derived.ts'
import { checkTarget, copyHistory } from './history.ts'
import type { Finding, Rule } from './rule.ts'
import { ANTHROPIC_RULES } from './rules/anthropic.ts'
import { CHAT_RULES } from './rules/chat.ts'
import { DEEPSEEK_RULES } from './rules/deepseek.ts'
import { GEMINI_RULES } from './rules/gemini.ts'
import { KIMI_RULES } from './rules/kimi.ts'
import { RESPONSES_RULES } from './rules/responses.ts'
import type { RequestFacts, Target } from './target.ts'

/** What each provider enforces on a history, one function per rule. */
export const RULES: Readonly<Record<Target, readonly Rule[]>> = {
  anthropic: ANTHROPIC_RULES,
  'openai-chat': CHAT_RULES,
  'openai-responses': RESPONSES_RULES,
  gemini: GEMINI_RULES,
  // What these vendors say in words of their own is not said in OpenAI’s besides.
  deepseek: [...CHAT_RULES.filter(({ id }) => id !== 'O1'), ...DEEPSEEK_RULES],
  kimi: [...CHAT_RULES.filter(({ id }) => id !== 'O2'), ...KIMI_RULES],
}

/**
 * What is wrong with a history: every breach of every rule of the target, in order of the messages. Takes what the request's `messages`,
 * `input` or `contents` would be. An empty list means that the provider takes it. Never throws for what the messages are; throws
 * `MisuseError` if they are no array, or for a target or an option that does not exist.
 */
export function validate(messages: readonly unknown[], target: Target, facts: RequestFacts = {}): Finding[] {
  checkTarget(target, facts)
  return findingsIn(copyHistory(messages), target, facts)
}

/** The same for messages that are JSON objects already. */
export function findingsIn(messages: readonly JsonObject[], target: Target, facts: RequestFacts): Finding[] {
  const own = unsharedHistory(messages)
  const findings = RULES[target].flatMap((rule) => {
    if (rule.profile === 'strict' && facts.profile !== 'strict') return []
    return rule.check(own, facts).map((breach): Finding => ({ provider: rule.says, ...breach, rule: rule.id }))
  })
  return findings.toSorted((a, b) => a.message - b.message || (a.block ?? 0) - (b.block ?? 0))
}
