import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import { CHAT_RULES } from '../../src/transcript/rules/chat.ts'
import { DEEPSEEK_RULES } from '../../src/transcript/rules/deepseek.ts'
import { KIMI_RULES } from '../../src/transcript/rules/kimi.ts'
import type { RequestFacts } from '../../src/transcript/target.ts'
import { findingsOf, namesOf, ODD_MESSAGES } from './findings.ts'

const user: JsonObject = { role: 'user', content: 'hello' }
const answer: JsonObject = { role: 'assistant', content: 'hello' }
const asking = (...ids: readonly string[]): JsonObject => ({
  role: 'assistant',
  content: '',
  tool_calls: ids.map((id) => ({ id, type: 'function', function: { name: 'look', arguments: '{}' } })),
})
const thinking = (message: JsonObject, text = 'hm'): JsonObject => ({ ...message, reasoning_content: text })
const result = (id: string): JsonObject => ({ role: 'tool', tool_call_id: id, content: 'seen' })

const ON: RequestFacts = { thinking: true }
const OFF: RequestFacts = { thinking: false }

describe('the rules of DeepSeek', () => {
  const flagged = (messages: readonly JsonObject[], facts?: RequestFacts): readonly string[] =>
    namesOf(DEEPSEEK_RULES, messages, facts)

  it('D1: an assistant message with calls and without reasoning is flagged when thinking is on', () => {
    const history = [user, asking('a'), result('a')]
    expect(flagged(history, ON)).toEqual(['D1@1'])
    expect(findingsOf(DEEPSEEK_RULES, history, ON)[0]?.provider).toBe(
      'The `reasoning_content` in the thinking mode must be passed back to the API.',
    )
    expect(flagged([user, thinking(asking('a')), result('a')], ON)).toEqual([])
    expect(flagged([user, thinking(asking('a'), ''), result('a')], ON)).toEqual([])
    expect(flagged([user, { ...asking('a'), reasoning_content: null }, result('a')], ON)).toEqual(['D1@1'])
  })

  it('quirk 5.04: the final message without calls is flagged too, and only between user messages that have a call', () => {
    const exchange = [user, thinking(asking('a')), result('a'), answer]
    expect(flagged([...exchange, user], ON)).toEqual(['D1@3'])
    expect(flagged([user, answer, ...exchange, user, answer, user], ON)).toEqual(['D1@5'])
    expect(flagged([user, answer, user], ON)).toEqual([])
  })

  it('D1: where nothing is known of thinking, reasoning anywhere in the history says that it is on', () => {
    const exchange = [user, asking('a'), result('a')]
    expect(flagged(exchange)).toEqual([])
    expect(flagged([...exchange, thinking(answer), user])).toEqual(['D1@1'])
    expect(flagged([...exchange, thinking(answer), user], OFF)).toEqual([])
    expect(flagged([thinking(user), asking('a'), result('a')])).toEqual([])
  })

  it('D2: a message with open calls is flagged for each of them, in the words of DeepSeek', () => {
    const history = [user, asking('a', 'b'), user]
    expect(flagged(history)).toEqual(['D2@1.0 a', 'D2@1.1 b'])
    const [finding] = findingsOf(DEEPSEEK_RULES, history)
    expect(finding?.provider).toContain('insufficient tool messages following tool_calls message')
    expect(flagged([user, asking('a', 'b'), result('b'), result('a')])).toEqual([])
  })
})

describe('the rules of Kimi', () => {
  const flagged = (messages: readonly JsonObject[], facts?: RequestFacts): readonly string[] =>
    namesOf(KIMI_RULES, messages, facts)
  const words = (messages: readonly JsonObject[], facts?: RequestFacts): readonly string[] =>
    findingsOf(KIMI_RULES, messages, facts).map(({ provider }) => provider)

  it('K1: an assistant message with calls and without reasoning_content is flagged when thinking is on', () => {
    expect(words([user, thinking(asking('a')), result('a'), asking('b'), result('b')], ON)).toEqual([
      'thinking is enabled but reasoning_content is missing in assistant tool call message at index 3',
    ])
    expect(flagged([user, thinking(asking('a'), ''), result('a'), answer, user], ON)).toEqual([])
  })

  it('quirk 5.02: where nothing is known of thinking, reasoning anywhere in the history says that it is on', () => {
    const exchange = [user, asking('a'), result('a')]
    expect(flagged(exchange)).toEqual([])
    expect(flagged([...exchange, thinking(answer), user])).toEqual(['K1@1'])
    expect(flagged([...exchange, thinking(answer), user], OFF)).toEqual([])
  })

  it('K2: an assistant message without calls that says nothing is flagged by its position', () => {
    for (const content of ['', null, [], [{ type: 'text', text: '' }]]) {
      expect(words([user, { role: 'assistant', content }])).toEqual([
        "the message at position 1 with role 'assistant' must not be empty",
      ])
    }
    expect(flagged([user, thinking({ role: 'assistant', content: '' })])).toEqual(['K2@1'])
    expect(words([{ role: 'system', content: '' }, user])).toEqual([
      "the message at position 0 with role 'system' must not be empty",
    ])
  })

  it('K2: calls, a text of one blank and a user who says nothing pass', () => {
    expect(flagged([user, asking('a'), result('a'), { role: 'assistant', content: ' ' }])).toEqual([])
    expect(
      flagged([
        { role: 'user', content: '' },
        { role: 'assistant', content: [{ type: 'image_url' }] },
      ]),
    ).toEqual([])
  })

  it('K4: strict, an empty text beside calls is flagged, and content that is left out is not', () => {
    const strict: RequestFacts = { profile: 'strict' }
    expect(flagged([user, asking('a'), result('a')], strict)).toEqual(['K4@1'])
    for (const content of [null, ' ', [{ type: 'text', text: 'I look.' }]]) {
      expect(flagged([user, { ...asking('a'), content }, result('a')], strict)).toEqual([])
    }
  })

  it('K3: a tool message whose call is not there is flagged in the words of Moonshot, two blanks included', () => {
    const history = [user, asking('a'), result('a'), result('b'), result('')]
    expect(flagged(history)).toEqual(['K3@3 b', 'K3@4'])
    expect(words(history.slice(0, 4))).toEqual(['Invalid request: tool_call_id  is not found'])
  })

  it('quirk 5.03: ids that are unique in one message only are Kimi’s own, and pass', () => {
    const history = [
      user,
      asking('look:0'),
      result('look:0'),
      asking('look:0', 'look:1'),
      result('look:0'),
      result('look:1'),
    ]
    expect(namesOf([...CHAT_RULES, ...KIMI_RULES], history)).toEqual([])
  })
})

describe('the rules of both', () => {
  it('D1: odd values never give an error', () => {
    for (const rules of [DEEPSEEK_RULES, KIMI_RULES]) {
      expect(Array.isArray(namesOf(rules, ODD_MESSAGES, ON))).toBe(true)
      expect(
        namesOf(rules, [...ODD_MESSAGES, asking('a')], ON).some(
          (name) => name.startsWith('D2') || name.startsWith('K1'),
        ),
      ).toBe(true)
    }
  })

  it('D1: a long exchange is judged in time', () => {
    const ids = Array.from({ length: 50_000 }, (_, at) => `call_${at}`)
    const history = [user, ...ids.flatMap((id) => [asking(id), result(id)])]
    expect(namesOf(DEEPSEEK_RULES, history, ON).length).toBe(ids.length)
    expect(namesOf(KIMI_RULES, history, ON).length).toBe(ids.length)
  })
})
