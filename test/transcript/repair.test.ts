/** Repairs of single histories that chance found: what is wrong, and what becomes of it. */
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import { CLOSING_TEXTS } from '../../src/transcript/closing.ts'
import { repair } from '../../src/transcript/repair.ts'
import { validate } from '../../src/transcript/rules.ts'

const user = (content: string): JsonObject => ({ role: 'user', content })
const said = (...content: JsonObject[]): JsonObject => ({ role: 'assistant', content })
const words = (text: string): JsonObject => ({ type: 'text', text })
const seal = (signature: string): JsonObject => ({ type: 'thinking', thinking: 'Hm.', signature })
describe('A9: a blank text goes with what stood beside it', () => {
  it.each<[string, JsonObject[], JsonObject[]]>([
    ['reasoning at the end', [said(words(' '), seal('s')), user('go on')], [user('go on')]],
    [
      'reasoning without a signature',
      [said({ type: 'thinking', thinking: 'Hm.' }, words(' ')), user('go on')],
      [user('go on')],
    ],
  ])('A9: beside %s', (_name, given, expected) => {
    const { messages, repairs } = repair(given, 'anthropic')
    expect(validate(messages, 'anthropic')).toEqual([])
    expect(repairs.map(({ text }) => text).filter((text) => text.includes('(rule'))).toEqual([])
    expect(messages).toEqual(expected)
  })
})

it('gemini: responses that are put into one content are reported', () => {
  const call = (id: string, name: string): JsonObject => ({
    functionCall: { ...(id === '' ? {} : { id }), name, args: {} },
  })
  const response = (id: string, name: string): JsonObject => ({
    role: 'user',
    parts: [{ functionResponse: { ...(id === '' ? {} : { id }), name, response: { output: name } } }],
  })
  const given = [
    { role: 'user', parts: [{ text: 'hi' }] },
    { role: 'model', parts: [call('a', 'f'), call('', 'g')] },
    response('a', 'f'),
    response('', 'g'),
  ]
  const { messages, repairs } = repair(given, 'gemini')
  expect(messages).toHaveLength(3)
  expect(repairs).toMatchObject([{ kind: 'messages_merged', message: 3 }])
})

describe('R13: ids that repeat in every turn', () => {
  const asked = (what: string): JsonObject => ({
    role: 'assistant',
    content: null,
    tool_calls: [{ id: 'Bash_0', type: 'function', function: { name: 'Bash', arguments: JSON.stringify({ what }) } }],
  })
  const gave = (content: string): JsonObject => ({ role: 'tool', tool_call_id: 'Bash_0', content })
  const asks = (content: string): JsonObject => ({ role: 'user', content })
  const ok: JsonObject = { role: 'assistant', content: 'ok' }
  const STOOD_IN = CLOSING_TEXTS.interrupted

  it.each([
    ['a late one goes to the call that is still open', [gave('LS'), ok, gave('RM')], 'RM', 'LS'],
    ['one that is there twice answers no other call', [gave('LS'), gave('LS'), ok], STOOD_IN, 'LS'],
    ['one that is there again later answers no other call', [gave('LS'), ok, gave('LS')], STOOD_IN, 'LS'],
    ['a second, other one right behind it is of the call that is open', [gave('LS'), gave('RM')], 'RM', 'LS'],
  ])('a result right behind its call is of that call: %s', (_name, later, first, second) => {
    const { messages } = repair([asks('1'), asked('rm'), asks('2'), asked('ls'), ...later], 'openai-chat')
    const results = messages.filter(({ role }) => role === 'tool').map(({ content }) => content)
    expect(results).toEqual([first, second])
  })

  it('a late real result takes the place of what stood in for it, and is not joined to that of a later call', () => {
    const history = [asks('1'), asked('rm'), gave(STOOD_IN), asks('2'), asked('ls'), gave('LS'), gave('RM')]
    const { messages, repairs } = repair(history, 'openai-chat')
    expect(messages.filter(({ role }) => role === 'tool').map(({ content }) => content)).toEqual(['RM', 'LS'])
    expect(repairs.map(({ kind }) => kind)).toContain('closing_replaced')
  })

  it('of two calls in one message with one id and one result the first was run', () => {
    const use = (n: number): JsonObject => ({ type: 'tool_use', id: 'a', name: 'Bash', input: { n } })
    const result: JsonObject = { type: 'tool_result', tool_use_id: 'a', content: 'one' }
    const { messages } = repair(
      [asks('1'), { role: 'assistant', content: [use(1), use(2)] }, { role: 'user', content: [result] }],
      'anthropic',
    )
    expect(messages[2]).toMatchObject({ content: [{ tool_use_id: 'a', content: 'one' }, { content: STOOD_IN }] })
  })
})

it('A2: results that stood behind a text are put first, and that is told', () => {
  const history = [
    { role: 'user', content: 'h' },
    { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'f', input: {} }] },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'T' },
        { type: 'tool_result', tool_use_id: 't', content: 'R' },
      ],
    },
  ]
  const { repairs } = repair(history, 'anthropic', { profile: 'strict' })
  expect(repairs.map(({ kind }) => kind)).toEqual(['result_moved'])
})

it('A17: a result in a message of the model goes to the user', () => {
  const use = { type: 'tool_use', id: 't', name: 'f', input: {} }
  const result = { type: 'tool_result', tool_use_id: 't', content: 'R' }
  const { messages } = repair(
    [
      { role: 'user', content: 'h' },
      { role: 'assistant', content: [use, result] },
    ],
    'anthropic',
  )
  expect(messages.slice(1)).toEqual([
    { role: 'assistant', content: [use] },
    { role: 'user', content: [result] },
  ])
})
