/** What DeepSeek asks besides what every chat provider does. */
import type { JsonObject } from '../../json.ts'
import type { Breach, Rule } from '../rule.ts'
import type { RequestFacts } from '../target.ts'
import { callsOf, carriesReasoning, hasReasoning, pairingOf, roleOf } from './chat-messages.ts'

/** Own rules of DeepSeek, to be checked after `CHAT_RULES`. */
export const DEEPSEEK_RULES: readonly Rule[] = [
  {
    id: 'D1',
    title:
      'With thinking on, every assistant message between two user messages gives its reasoning back, if there is a call between them.',
    says: 'The `reasoning_content` in the thinking mode must be passed back to the API.',
    source: 'https://api-docs.deepseek.com/guides/thinking_mode',
    profile: 'lax',
    check: missingReasoning,
  },
  {
    id: 'D2',
    title: 'As O1, in the words of DeepSeek: each call is answered before any other message.',
    says: "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. (insufficient tool messages following tool_calls message)",
    source: 'https://github.com/bytedance/deer-flow/issues/2706',
    profile: 'lax',
    check: insufficientResults,
  },
]

/**
 * The final message without calls is held to it too; an empty text will do. Between user messages without a call nothing is asked: DeepSeek
 * has accepted such a history with thinking on, and documents that it ignores that reasoning.
 */
function missingReasoning(messages: readonly JsonObject[], facts: RequestFacts): readonly Breach[] {
  if (!(facts.thinking ?? hasReasoning(messages))) return []
  const breaches: Breach[] = []
  let lacking: number[] = []
  let hasCalls = false
  const close = (): void => {
    if (hasCalls) for (const message of lacking) breaches.push(breachAt(message))
    lacking = []
    hasCalls = false
  }
  for (const [at, message] of messages.entries()) {
    const role = roleOf(message)
    if (role === 'user') close()
    if (role !== 'assistant') continue
    if (callsOf(message).length > 0) hasCalls = true
    if (!carriesReasoning(message)) lacking.push(at)
  }
  close()
  return breaches
}

function breachAt(message: number): Breach {
  return { message, text: 'the assistant message has no reasoning_content, and its exchange has calls' }
}

function insufficientResults(messages: readonly JsonObject[]): readonly Breach[] {
  return pairingOf(messages).open.flatMap(({ message, calls }) =>
    calls.map(({ block, id }) => ({
      message,
      block,
      call: id,
      text: `the call ${id} has no tool message right behind its message`,
    })),
  )
}
