/** A history that breaks rules, made into one that keeps them. */
import { MisuseError } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import { CLOSING_TEXTS } from './closing.ts'
import type { Form, RepairContext } from './form.ts'
import { FORMS } from './forms.ts'
import { checkTarget, copyHistory } from './history.ts'
import { withIds } from './ids.ts'
import { arrange } from './pairing.ts'
import type { Repair } from './repairs.ts'
import type { Finding } from './rule.ts'
import { findingsIn } from './rules.ts'
import { FORMAT_OF, type RequestFacts, type Target } from './target.ts'

export interface Repaired<M = JsonObject> {
  /** What the request takes: valid for the target. Nothing in it is shared with what was given. */
  readonly messages: M[]
  /** What was changed, in no order that matters; empty for a history that was valid, whose messages are as they were given. */
  readonly repairs: readonly Repair[]
}

/**
 * Makes a history valid for `target`: `validate(repair(x).messages)` finds nothing, repairing again changes nothing, and a history that
 * was valid comes back as it was. Takes what the request's `messages`, `input` or `contents` would be. Pure. Throws `MisuseError` if the
 * messages are no array, for a target or an option that does not exist, and with the code `unrepairable` for a history that cannot be made
 * valid.
 */
export function repair<M = JsonObject>(messages: readonly M[], target: Target, facts?: RequestFacts): Repaired<M>
export function repair(messages: readonly unknown[], target: Target, facts: RequestFacts = {}): Repaired {
  checkTarget(target, facts)
  return repairHistory(copyHistory(messages), target, facts)
}

/** The same for messages that are JSON objects already, and that nobody else holds. */
export function repairHistory(messages: readonly JsonObject[], target: Target, facts: RequestFacts): Repaired {
  if (findingsIn(messages, target, facts).length === 0) return { messages: [...messages], repairs: [] }
  const repairs: Repair[] = []
  const form = FORMS[FORMAT_OF[target]]
  const context: RepairContext = { target, facts, report: (made) => repairs.push(made) }
  let repaired = once(messages, form, context)
  let findings = findingsIn(repaired, target, facts)
  for (let round = 0; findings.length > 0 && round < ROUNDS; round += 1) {
    repaired = once(without(findings, repaired, context), form, context)
    findings = findingsIn(repaired, target, facts)
  }
  const [left] = findings
  if (left !== undefined) {
    throw new MisuseError(
      'unrepairable',
      `messages[${left.message}]: ${left.text} (rule ${left.rule}), and no repair is known for it; take the message out`,
    )
  }
  return { messages: [...repaired], repairs }
}

/** Taking one message out may leave another without sense; more often than that it does not. */
const ROUNDS = 4

/** What nothing else helps against is taken out: a message that is no message. */
function without(
  findings: readonly Finding[],
  messages: readonly JsonObject[],
  { report }: RepairContext,
): readonly JsonObject[] {
  const refused = new Map(findings.map((finding) => [finding.message, finding]))
  for (const { message, rule, text } of refused.values())
    report({ kind: 'message_dropped', message, text: `${text} (rule ${rule})` })
  return messages.filter((_message, index) => !refused.has(index))
}

function once(messages: readonly JsonObject[], form: Form, context: RepairContext): readonly JsonObject[] {
  const steps = arrange(form.read(messages, context), CLOSING_TEXTS.interrupted, form, context)
  return form.write(withIds(steps, form, context), context)
}
