/** What Moonshot's API for Kimi asks besides what every chat provider does. */
import { isObject, wordOf, type JsonObject } from '../../json.ts'
import type { Breach, Rule } from '../rule.ts'
import type { RequestFacts } from '../target.ts'
import { callsOf, carriesReasoning, hasReasoning, INSTRUCTION_ROLES, isFilled, pairingOf } from './chat-messages.ts'

/** Own rules of Kimi, to be checked after `CHAT_RULES`. */
export const KIMI_RULES: readonly Rule[] = [
  {
    id: 'K1',
    title: 'With thinking on, every assistant message with calls carries reasoning_content, be it empty.',
    says: 'thinking is enabled but reasoning_content is missing in assistant tool call message at index …',
    source: 'https://github.com/continuedev/continue/issues/11600',
    profile: 'lax',
    check: missingReasoning,
  },
  {
    id: 'K2',
    title: 'An assistant message without calls, and an instruction, are not empty.',
    says: "the message at position … with role 'assistant' must not be empty",
    source: 'https://github.com/MoonshotAI/kimi-code/issues/1985',
    profile: 'lax',
    check: emptyMessages,
  },
  {
    id: 'K3',
    title: 'As O2, in the words of Moonshot: the call that a tool message names is one of the message before it.',
    says: 'Invalid request: tool_call_id  is not found',
    source: 'https://github.com/langbot-app/LangBot/issues/1040',
    profile: 'lax',
    check: unknownCalls,
  },
  {
    id: 'K4',
    title: 'An assistant message with calls and nothing to say leaves its content out.',
    says: "the message at position … with role 'assistant' must not be empty",
    source: 'https://github.com/anomalyco/opencode/issues/39451',
    profile: 'strict',
    check: emptyTextsBesideCalls,
  },
]

function missingReasoning(messages: readonly JsonObject[], facts: RequestFacts): readonly Breach[] {
  if (!(facts.thinking ?? hasReasoning(messages))) return []
  return messages.flatMap((message, at) =>
    callsOf(message).length === 0 || carriesReasoning(message)
      ? []
      : [
          {
            message: at,
            text: 'the assistant message has calls and no reasoning_content',
            provider: `thinking is enabled but reasoning_content is missing in assistant tool call message at index ${at}`,
          },
        ],
  )
}

/** Moonshot refuses the empty text that OpenAI takes; reasoning alone does not fill a message. */
function emptyMessages(messages: readonly JsonObject[]): readonly Breach[] {
  return messages.flatMap((message, at) => {
    if (!isObject(message) || isFilled(message.content)) return []
    const { role } = message
    if (!INSTRUCTION_ROLES.has(role) && (role !== 'assistant' || hasCalls(message))) return []
    return [{ message: at, text: `the message of role ${wordOf(role)} is empty`, provider: isEmptyAt(at, role) }]
  })
}

/** Not lax: it is reported of Kimi K3 only, and hosts of Kimi have accepted calls beside a text of one blank, and without content. */
function emptyTextsBesideCalls(messages: readonly JsonObject[]): readonly Breach[] {
  return messages.flatMap((message, at) => {
    if (callsOf(message).length === 0) return []
    const { content } = message
    if (content === undefined || content === null || isFilled(content)) return []
    return [{ message: at, text: 'there is an empty text beside the calls', provider: isEmptyAt(at, message.role) }]
  })
}

function isEmptyAt(at: number, role: unknown): string {
  return `the message at position ${at} with role '${wordOf(role)}' must not be empty`
}

function hasCalls(message: JsonObject): boolean {
  return callsOf(message).length > 0 || isObject(message.function_call)
}

/** The text has two blanks in a row wherever it was seen: the id that it would name is lost to Moonshot. */
function unknownCalls(messages: readonly JsonObject[]): readonly Breach[] {
  return pairingOf(messages).stray.map(({ message, id }) => ({
    message,
    ...(id === undefined ? {} : { call: id }),
    text: id === undefined ? 'the tool message names no call' : `no call ${id} is open here`,
  }))
}
