/** What rules say of a history, as a test writes it down. */
import type { JsonObject } from '../../src/json.ts'
import type { Finding, Rule } from '../../src/transcript/rule.ts'
import type { RequestFacts } from '../../src/transcript/target.ts'
import { expectRepairable } from './repairable.ts'

/** Every finding of the rules that the profile has, in the order of the rules. */
export function findingsOf(
  rules: readonly Rule[],
  messages: readonly JsonObject[],
  facts: RequestFacts = {},
): readonly Finding[] {
  expectRepairable(rules, messages, facts)
  return rules
    .filter(({ profile }) => profile === 'lax' || facts.profile === 'strict')
    .flatMap(({ id, says, check }) =>
      check(messages, facts).map((breach) => ({ ...breach, rule: id, provider: breach.provider ?? says })),
    )
}

/** Each finding as `rule@message`, with `.block` and ` call` where it names them. */
export function namesOf(
  rules: readonly Rule[],
  messages: readonly JsonObject[],
  facts?: RequestFacts,
): readonly string[] {
  return findingsOf(rules, messages, facts).map(
    ({ rule, message, block, call }) =>
      `${rule}@${message}${block === undefined ? '' : `.${block}`}${call === undefined ? '' : ` ${call}`}`,
  )
}

/** Values that no history should have where a message stands. */
export const ODD_MESSAGES: readonly JsonObject[] = JSON.parse(`[
  null, 7, "text", [], {}, { "role": null }, { "role": 5, "content": 5 }, { "type": 5 }, { "type": null, "role": [] },
  { "role": "assistant", "content": 5, "tool_calls": 5 }, { "role": "assistant", "tool_calls": [null, 5, [], {}] },
  { "role": "assistant", "content": [null, 5, {}, { "type": 5 }], "tool_calls": [{ "id": 5, "type": 5, "function": 5 }] },
  { "role": "assistant", "tool_calls": [{ "id": {}, "type": "custom", "custom": { "name": [], "input": {} } }] },
  { "role": "tool", "tool_call_id": {}, "content": {} }, { "role": "user", "content": [[], null] },
  { "role": "__proto__", "__proto__": 1 }, { "type": "constructor" }, { "type": "reasoning", "id": {}, "summary": {} },
  { "type": "function_call", "id": 5, "call_id": 5, "name": {}, "arguments": {} },
  { "type": "function_call_output", "call_id": [], "output": 5 }, { "type": "local_shell_call_output", "id": {} },
  { "type": "message", "role": "assistant", "content": [null, { "type": {} }, { "type": "text", "text": {} }] }
]`) as readonly JsonObject[]
