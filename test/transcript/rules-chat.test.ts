import { describe, expect, it } from 'vitest'
import type { JsonObject, JsonValue } from '../../src/json.ts'
import { CHAT_RULES } from '../../src/transcript/rules/chat.ts'
import { findingsOf, namesOf, ODD_MESSAGES } from './findings.ts'

const user: JsonObject = { role: 'user', content: 'hello' }
const answer: JsonObject = { role: 'assistant', content: 'hello' }
const call = (id: string, text: JsonValue = '{}'): JsonObject => ({
  id,
  type: 'function',
  function: { name: 'look', arguments: text },
})
const asking = (...calls: readonly JsonObject[]): JsonObject => ({
  role: 'assistant',
  content: null,
  tool_calls: [...calls],
})
const result = (id: string): JsonObject => ({ role: 'tool', tool_call_id: id, content: 'seen' })

const flagged = (...messages: readonly JsonObject[]): readonly string[] => namesOf(CHAT_RULES, messages)
const strictly = (...messages: readonly JsonObject[]): readonly string[] =>
  namesOf(CHAT_RULES, messages, { profile: 'strict' })
const words = (...messages: readonly JsonObject[]): readonly string[] =>
  findingsOf(CHAT_RULES, messages).map(({ provider }) => provider)

describe('the rules of chat', () => {
  it('O1: a call without a tool message is flagged, each by its id, also at the end of the history', () => {
    expect(flagged(user, asking(call('a'), call('b')), user)).toEqual(['O1@1.0 a', 'O1@1.1 b'])
    expect(flagged(user, asking(call('a'), call('b')), result('a'))).toEqual(['O1@1.1 b'])
    expect(words(user, asking(call('a')))).toEqual([
      "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: a",
    ])
  })

  it('O1: a system message and a message of the assistant end an exchange as a user does', () => {
    for (const between of [answer, { role: 'system', content: 'note' }, { role: 'developer', content: 'note' }]) {
      expect(flagged(user, asking(call('a')), between, result('a'))).toEqual(['O1@1.0 a', 'O2@3 a'])
    }
  })

  it('O1: results in another order than the calls are no breach, and neither is a call of a custom tool that is answered', () => {
    expect(flagged(user, asking(call('a'), call('b')), result('b'), result('a'), answer)).toEqual([])
    const custom: JsonObject = { id: 'c', type: 'custom', custom: { name: 'write', input: 'free text' } }
    expect(flagged(user, asking(custom), result('c'))).toEqual([])
    expect(flagged(user, asking(custom))).toEqual(['O1@1.0 c'])
  })

  it('O1: two calls of one message with the same id need two results', () => {
    expect(flagged(user, asking(call('a'), call('a')), result('a'), result('a'))).toEqual([])
    expect(flagged(user, asking(call('a'), call('a')), result('a'))).toEqual(['O1@1.1 a'])
  })

  it('O1: a legacy function_call is not held to it', () => {
    const legacy: JsonObject = {
      role: 'assistant',
      content: null,
      function_call: { name: 'look', arguments: '{}' },
    }
    expect(flagged(user, legacy, { role: 'function', name: 'look', content: 'seen' })).toEqual([])
    expect(flagged(user, legacy, user)).toEqual([])
  })

  it('O2: a tool message without its call right before it is flagged', () => {
    expect(flagged(user, result('a'))).toEqual(['O2@1 a'])
    expect(flagged(result('a'), asking(call('a')), result('a'))).toEqual(['O2@0 a'])
    expect(flagged(user, asking(call('a')), result('b'), result('a'))).toEqual(['O2@2 b'])
  })

  it('O2: the second tool message for one call is flagged, and the same id in a later exchange is not', () => {
    expect(flagged(user, asking(call('a')), result('a'), result('a'))).toEqual(['O2@3 a'])
    expect(flagged(user, asking(call('a')), result('a'), asking(call('a')), result('a'))).toEqual([])
  })

  it('O3: an assistant message with neither content nor calls is flagged', () => {
    for (const content of [null, []]) expect(flagged(user, { role: 'assistant', content })).toEqual(['O3@1'])
    expect(flagged(user, { role: 'assistant' })).toEqual(['O3@1'])
    expect(flagged(user, { role: 'assistant', content: null, tool_calls: null, refusal: null })).toEqual(['O3@1'])
    expect(flagged(user, { role: 'assistant', reasoning_content: 'hm', content: null })).toEqual(['O3@1'])
  })

  it('O3: an empty text, a refusal, audio, calls and a legacy call are something', () => {
    expect(flagged(user, { role: 'assistant', content: '' })).toEqual([])
    expect(flagged(user, { role: 'assistant', content: null, refusal: 'No.' })).toEqual([])
    expect(flagged(user, { role: 'assistant', audio: { id: 'audio_1' } })).toEqual([])
    expect(flagged(user, asking(call('a')), result('a'))).toEqual([])
  })

  it('O4: arguments that are no text are flagged, and any text passes', () => {
    const without: JsonObject = { id: 'b', type: 'function', function: { name: 'look' } }
    expect(words(user, asking(call('a', {}), without), result('a'), result('b'))).toEqual([
      "Invalid type for 'messages[1].tool_calls[0].function.arguments': expected a string, but got an object instead.",
      "Missing required parameter: 'messages[1].tool_calls[1].function.arguments'.",
    ])
    for (const text of ['', '{"a":', 'null', '[]']) {
      expect(flagged(user, asking(call('a', text)), result('a'))).toEqual([])
    }
    const custom: JsonObject = { id: 'c', type: 'custom', custom: { name: 'write', input: {} } }
    expect(flagged(user, asking(custom), result('c'))).toEqual(['O4@1.0 c'])
  })

  it('O5: 41 characters are too long for the id of a call, 40 are not', () => {
    const long = 'x'.repeat(41)
    expect(words(user, asking(call('a'), call(long)), result('a'), result(long))).toEqual([
      "Invalid 'messages[1].tool_calls[1].id': string too long. Expected a string with maximum length 40, but got a string with length 41 instead.",
    ])
    const fitting = 'x'.repeat(40)
    expect(flagged(user, asking(call(fitting)), result(fitting))).toEqual([])
  })

  it('O6: an id that an earlier call has is flagged in the strict profile', () => {
    const history = [user, asking(call('a')), result('a'), asking(call('b'), call('a')), result('b'), result('a')]
    expect(strictly(...history)).toEqual(['O6@3.1 a'])
    expect(flagged(...history)).toEqual([])
  })

  it('O7: what is no message, has no role, or one that nobody has, is flagged', () => {
    const odd = JSON.parse(
      '[null, [], "text", { "content": "a" }, { "role": "model", "content": "a" }]',
    ) as JsonObject[]
    expect(findingsOf(CHAT_RULES, odd).map(({ rule, message, provider }) => `${rule}@${message} ${provider}`)).toEqual([
      "O7@0 Invalid type for 'messages[0]': expected an object, but got null instead.",
      "O7@1 Invalid type for 'messages[1]': expected an object, but got an array instead.",
      "O7@2 Invalid type for 'messages[2]': expected an object, but got a string instead.",
      "O7@3 Missing required parameter: 'messages[3].role'.",
      "O7@4 Invalid value: 'model'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and 'developer'.",
    ])
  })

  it('O7: content that is missing, no text and no list of typed parts is flagged', () => {
    expect(flagged({ role: 'user' }, { role: 'system', content: null }, { role: 'user', content: {} })).toEqual([
      'O7@0',
      'O7@1',
      'O7@2',
    ])
    const parts: JsonValue = [{ type: 'text', text: 'a' }, 'b', { text: 'c' }, { type: 'text' }, { type: 'new_one' }]
    expect(flagged({ role: 'user', content: parts })).toEqual(['O7@0.1', 'O7@0.2', 'O7@0.3'])
    expect(flagged(user, asking(call('a')), { role: 'tool', tool_call_id: 'a' })).toEqual(['O7@2'])
  })

  it('O7: a call needs its id, type and name, and the list of calls is not empty', () => {
    expect(words(user, asking({ function: { arguments: '{}' } }))).toEqual([
      "Missing required parameter: 'messages[1].tool_calls[0].id'.",
      "Missing required parameter: 'messages[1].tool_calls[0].type'.",
      "Missing required parameter: 'messages[1].tool_calls[0].function.name'.",
    ])
    expect(words(user, { ...answer, tool_calls: [] })).toEqual([
      "Invalid 'messages[1].tool_calls': empty array. Expected an array with minimum length 1, but got an empty array instead.",
    ])
    expect(flagged(user, { ...answer, tool_calls: {} })).toEqual(['O7@1'])
    expect(flagged(user, { ...answer, tool_calls: null })).toEqual([])
    const parts: JsonValue = [{ id: 'a', type: 'function' }, null]
    expect(flagged(user, { ...answer, tool_calls: parts }, result('a'))).toEqual(['O7@1.0 a', 'O7@1.1'])
  })

  it('O7: a tool message needs its call, and a function message its name', () => {
    expect(flagged(user, asking(call('a')), { role: 'tool', content: 'seen' }, result('a'))).toEqual(['O2@2', 'O7@2'])
    expect(flagged(user, { role: 'function', content: 'seen' })).toEqual(['O7@1'])
  })

  it('O8: strict, the first to speak is the user, and nobody speaks twice in a row', () => {
    const system: JsonObject = { role: 'system', content: 'be brief' }
    expect(strictly(system, answer, user)).toEqual(['O8@1'])
    expect(strictly(system, user, user, answer, answer)).toEqual(['O8@2', 'O8@4'])
    expect(strictly(user, system, user)).toEqual(['O8@2'])
    expect(flagged(system, answer, user, user)).toEqual([])
  })

  it('O8: strict, an exchange of calls and results may stand between the turns', () => {
    const system: JsonObject = { role: 'system', content: 'be brief' }
    expect(
      strictly(system, user, asking(call('a')), result('a'), asking(call('b')), result('b'), answer, user),
    ).toEqual([])
    expect(strictly(user, asking(call('a')), result('a'), user)).toEqual([])
    expect(strictly(user, asking(call('a')), answer)).toEqual(['O1@1.0 a'])
    expect(strictly(system)).toEqual([])
  })

  it('O9: strict, arguments that are not the JSON text of an object are flagged', () => {
    for (const text of ['', '{"a":', 'null', '[]', '"a"']) {
      expect(strictly(user, asking(call('a', text)), result('a'))).toEqual(['O9@1.0 a'])
    }
    expect(strictly(user, asking(call('a', ' {"a": 1} ')), result('a'))).toEqual([])
    const custom: JsonObject = { id: 'c', type: 'custom', custom: { name: 'write', input: 'no JSON' } }
    expect(strictly(user, asking(custom), result('c'))).toEqual([])
  })

  it('O7: odd values give findings, and never an error', () => {
    const reversed = ODD_MESSAGES.toReversed()
    for (const messages of [ODD_MESSAGES, reversed, ODD_MESSAGES.flatMap((message) => [user, message])]) {
      expect(strictly(...messages).some((name) => name.startsWith('O7'))).toBe(true)
    }
  })

  it('O1: a long history is judged in time, also when every id is the same', () => {
    const ids = Array.from({ length: 60_000 }, () => 'a')
    const once = [user, asking(...ids.map((id) => call(id))), ...ids.map((id) => result(id))]
    expect(flagged(...once)).toEqual([])
    expect(findingsOf(CHAT_RULES, once.slice(0, 2)).length).toBe(60_000)
  })
})
