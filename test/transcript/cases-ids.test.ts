/**
 * The cases B7 and B8: ids that repeat, and answers in which nothing is said. Where Kimi Code does otherwise, on purpose: what repeats an id
 * keeps its call and its result in both profiles; strict writes other ids instead of dropping anything.
 */
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import type { ContentBlock } from '../../src/message.ts'
import { project } from '../../src/project.ts'
import { CLOSING_TEXTS } from '../../src/transcript/closing.ts'
import { repair } from '../../src/transcript/repair.ts'
import { validate } from '../../src/transcript/rules.ts'
import { FORMAT_OF, TARGETS, type Target } from '../../src/transcript/target.ts'
import { Transcript } from '../../src/transcript/transcript.ts'
import { wordsOf } from './conversation.ts'
import { answer, call, CUT, text, thinking } from './messages.ts'

const PROFILES = ['lax', 'strict'] as const

/** Calls and results as `id:what`, in the order in which they are told. */
function pairsIn(messages: readonly JsonObject[], target: Target): readonly string[] {
  return wordsOf(messages, FORMAT_OF[target]).flatMap((said) => {
    if (said.kind === 'call') return [`${said.id}?${JSON.stringify(said.input).replace(/^\{"n":(.*)\}$/, '$1')}`]
    if (said.kind !== 'result') return []
    return [`${said.id}=${said.text === CLOSING_TEXTS.interrupted ? 'closed' : said.text}`]
  })
}

const user = (content: string): JsonObject => ({ role: 'user', content })
const asks = (...calls: readonly (readonly [id: string, n: number])[]): JsonObject => ({
  role: 'assistant',
  tool_calls: calls.map(([id, n]) => ({ id, type: 'function', function: { name: 'Bash', arguments: `{"n":${n}}` } })),
})
const gives = (id: string, content: string): JsonObject => ({ role: 'tool', tool_call_id: id, content })

const asksAnthropic = (...calls: readonly (readonly [id: string, n: number])[]): JsonObject => ({
  role: 'assistant',
  content: calls.map(([id, n]) => ({ type: 'tool_use', id, name: 'Bash', input: { n } })),
})
const givesAnthropic = (...results: readonly (readonly [id: string, content: string])[]): JsonObject => ({
  role: 'user',
  content: results.map(([id, content]) => ({ type: 'tool_result', tool_use_id: id, content })),
})

function repaired(messages: readonly JsonObject[], target: Target, profile: 'lax' | 'strict') {
  const once = repair(messages, target, { profile })
  expect(validate(once.messages, target, { profile })).toEqual([])
  expect(repair(once.messages, target, { profile })).toEqual({ messages: once.messages, repairs: [] })
  return { pairs: pairsIn(once.messages, target), kinds: once.repairs.map(({ kind }) => kind) }
}

describe('B7: ids that repeat', () => {
  const again = [
    user('go'),
    asks(['A', 1]),
    gives('A', 'one'),
    asks(['A', 2], ['B', 3]),
    gives('A', 'two'),
    gives('B', 'three'),
  ]

  it('lax leaves a history alone whose answers use an id again', () => {
    expect(repair(again, 'kimi')).toEqual({ messages: again, repairs: [] })
    expect(repair(again, 'openai-chat')).toEqual({ messages: again, repairs: [] })
  })

  it('strict keeps each call and each result of it, under ids of their own', () => {
    expect(repaired(again, 'openai-chat', 'strict')).toEqual({
      pairs: ['A?1', 'A=one', 'A_2?2', 'B?3', 'A_2=two', 'B=three'],
      kinds: ['id_rewritten'],
    })
  })

  it.each(PROFILES)('Anthropic refuses it in any profile, and is told all of it in both: %s', (profile) => {
    const messages = [
      user('go'),
      asksAnthropic(['A', 1]),
      givesAnthropic(['A', 'one']),
      asksAnthropic(['A', 2], ['B', 3]),
      givesAnthropic(['A', 'two'], ['B', 'three']),
    ]
    expect(validate(messages, 'anthropic', { profile }).map(({ rule, message }) => `${rule}@${message}`)).toContain(
      'A4@3',
    )
    expect(repaired(messages, 'anthropic', profile)).toEqual({
      pairs: ['A?1', 'A=one', 'A_2?2', 'B?3', 'A_2=two', 'B=three'],
      kinds: ['id_rewritten'],
    })
  })

  it.each(PROFILES)('a call that stands twice in one answer, with different arguments, is two calls: %s', (profile) => {
    const chat = [user('go'), asks(['A', 1], ['A', 2]), gives('A', 'one'), gives('A', 'two')]
    const expected = ['A?1', 'A_2?2', 'A=one', 'A_2=two']
    const asTheyWere = ['A?1', 'A?2', 'A=one', 'A=two']
    expect(repaired(chat, 'openai-chat', profile).pairs).toEqual(profile === 'strict' ? expected : asTheyWere)
    const blocks = [user('go'), asksAnthropic(['A', 1], ['A', 2]), givesAnthropic(['A', 'one'], ['A', 'two'])]
    expect(repaired(blocks, 'anthropic', profile).pairs).toEqual(expected)
  })

  it.each(PROFILES)('a call that stands twice in one answer, word for word, is there once: %s', (profile) => {
    const blocks = [user('go'), asksAnthropic(['A', 1], ['A', 1]), givesAnthropic(['A', 'one'])]
    expect(repaired(blocks, 'anthropic', profile)).toEqual({
      pairs: ['A?1', 'A=one'],
      kinds: ['duplicate_block_dropped'],
    })
  })

  it.each(PROFILES)('one result for two open calls of one id belongs to the later: %s', (profile) => {
    const late = [user('go'), asks(['A', 1]), user('wait'), asks(['A', 2]), gives('A', 'late')]
    const second = profile === 'strict' ? 'A_2' : 'A'
    expect(repaired(late, 'openai-chat', profile).pairs).toEqual(['A?1', 'A=closed', `${second}?2`, `${second}=late`])
  })

  it.each(PROFILES)(
    'of two results right behind the newer of two open calls of one id the first is its own: %s',
    (profile) => {
      const late = [user('go'), asks(['A', 1]), user('wait'), asks(['A', 2]), gives('A', 'one'), gives('A', 'two')]
      const blocks = [
        user('go'),
        asksAnthropic(['A', 1]),
        user('wait'),
        asksAnthropic(['A', 2]),
        givesAnthropic(['A', 'one'], ['A', 'two']),
      ]
      const second = profile === 'strict' ? 'A_2' : 'A'
      expect(repaired(late, 'openai-chat', profile).pairs).toEqual(['A?1', 'A=two', `${second}?2`, `${second}=one`])
      expect(repaired(blocks, 'anthropic', profile).pairs).toEqual(['A?1', 'A=two', 'A_2?2', 'A_2=one'])
    },
  )

  it.each(PROFILES)('an answer that has nothing but a call of a known id is not emptied: %s', (profile) => {
    const only = [user('go'), asks(['A', 1]), gives('A', 'one'), user('next'), asks(['A', 2])]
    const second = profile === 'strict' ? 'A_2' : 'A'
    expect(repaired(only, 'openai-chat', profile).pairs).toEqual(['A?1', 'A=one', `${second}?2`, `${second}=closed`])
  })
})

describe.each(TARGETS)('transcripts for %s', (target) => {
  it('R19: what is valid is told with no repair and nothing put in', () => {
    const { messages, repairs } = project(turns(3), target, { profile: 'lax' })
    expect(repairs.filter(({ kind }) => kind !== 'id_rewritten')).toEqual([])
    const said = wordsOf(messages, FORMAT_OF[target]).flatMap((word) => (word.kind === 'user' ? [word.text] : []))
    expect(said).toEqual(['ask 1', 'ask 2', 'ask 3'])
  })

  const turns = (count: number): Transcript => {
    const transcript = new Transcript()
    for (let turn = 1; turn <= count; turn += 1) {
      transcript.add(`ask ${turn}`)
      const message = answer([text('Well.'), call('Bash_0', { n: turn })], { id: `msg_${turn}`, turn: `t${turn}` })
      transcript.add(message)
      transcript.settle(`t${turn}/0#0`, `result ${turn}`)
    }
    return transcript
  }

  it.each(PROFILES)(
    'R13: one id in three turns keeps three calls and three results, and each its own: %s',
    (profile) => {
      const { messages } = project(turns(3), target, { profile })
      expect(validate(messages, target, { profile })).toEqual([])
      const pairs = pairsIn(messages, target)
      expect(pairs.map((pair) => pair.replace(/^[^?=]*/, ''))).toEqual([
        '?1',
        '=result 1',
        '?2',
        '=result 2',
        '?3',
        '=result 3',
      ])
      const ids = pairs.map((pair) => pair.replace(/[?=].*$/, ''))
      const isUnique = profile === 'strict' || target === 'anthropic' || target === 'openai-responses'
      const expected = isUnique ? ['Bash_0', 'Bash_0_2', 'Bash_0_3'] : ['Bash_0', 'Bash_0', 'Bash_0']
      expect(ids).toEqual(expected.flatMap((id) => [id, id]))
    },
  )

  it('R13: an id that was written anew is the same in each later request', () => {
    const pairs = (count: number) => pairsIn(project(turns(count), target, { profile: 'strict' }).messages, target)
    expect(pairs(2)).toHaveLength(4)
    expect(pairs(3).slice(0, 4)).toEqual(pairs(2))
    expect(pairs(9).slice(0, 6)).toEqual(pairs(3))
  })

  it('R20: strict adds repairs and takes away none of what is said', () => {
    const said = (profile: 'lax' | 'strict') =>
      wordsOf(project(turns(3), target, { profile }).messages, FORMAT_OF[target]).map((word) => ({ ...word, id: '' }))
    expect(said('strict')).toEqual(said('lax'))
    expect(said('lax')).toHaveLength(12)
  })
})

describe('B8: answers in which nothing is said', () => {
  const asked = { role: 'user', content: 'go' }
  const next = { role: 'user', content: 'next' }
  const thought = (words: string, signature?: string): JsonObject => ({
    type: 'thinking',
    thinking: words,
    ...(signature === undefined ? {} : { signature }),
  })
  const said: JsonObject = { type: 'text', text: 'Done.' }
  const use: JsonObject = { type: 'tool_use', id: 'x', name: 'Bash', input: {} }

  it.each([
    ['blank thinking', [thought('')]],
    ['thinking of one space', [thought(' ')]],
    ['thinking that nobody signed', [thought('Well.')]],
    ['nothing', []],
    ['blank text', [{ type: 'text', text: '' }]],
  ])('%s is dropped, with a repair that says so', (_name, content) => {
    const { messages, repairs } = repair([asked, { role: 'assistant', content }, next], 'anthropic')
    expect(validate(messages, 'anthropic')).toEqual([])
    expect(JSON.stringify(messages)).not.toContain('assistant')
    expect(JSON.stringify(messages)).toMatch(/go.*next/)
    expect(repairs).toContainEqual(expect.objectContaining({ kind: 'message_dropped', message: 1 }))
  })

  it('thinking that was signed is kept, however blank, beside what it led to', () => {
    const whole = [asked, { role: 'assistant', content: [thought('', 'c2ln'), said] }, next]
    expect(repair(whole, 'anthropic')).toEqual({ messages: whole, repairs: [] })
    const calls = [asked, { role: 'assistant', content: [thought('', 'c2ln'), use] }, givesAnthropic(['x', '1'])]
    expect(repair(calls, 'anthropic')).toEqual({ messages: calls, repairs: [] })
  })

  it('blank thinking that nobody signed leaves the text and the call beside it', () => {
    const { messages } = repair(
      [asked, { role: 'assistant', content: [thought(''), said, use] }, givesAnthropic(['x', '1'])],
      'anthropic',
    )
    expect(messages).toEqual([asked, { role: 'assistant', content: [said, use] }, givesAnthropic(['x', '1'])])
  })

  it.each(['openai-chat', 'kimi', 'deepseek'] as const)(
    'for %s, blank reasoning alone is dropped, beside text or calls it is not',
    (target) => {
      const alone = repair([asked, { role: 'assistant', content: null, reasoning_content: '' }, next], target)
      expect(alone.messages).toEqual([asked, next])
      expect(alone.repairs).toMatchObject([{ kind: 'message_dropped', message: 1 }])
      const beside = [asked, { role: 'assistant', content: 'Done.', reasoning_content: '' }, next]
      expect(repair(beside, target).messages).toEqual(beside)
      const call1 = { id: 'x', type: 'function', function: { name: 'Bash', arguments: '{}' } }
      const calls = [asked, { role: 'assistant', reasoning_content: '', tool_calls: [call1] }, gives('x', '1'), next]
      expect(repair(calls, target).messages).toEqual(calls)
    },
  )

  it.each(TARGETS)('R16: a turn that was killed right after it began is in no request to %s', (target) => {
    const empty: readonly (readonly ContentBlock[])[] = [[], [text('')], [thinking('')], [thinking(' '), text('')]]
    for (const content of empty) {
      const transcript = new Transcript()
      transcript.add('go')
      transcript.add(answer(content, { outcome: CUT, stop: 'unknown' }))
      transcript.add('next')
      const { messages } = project(transcript, target)
      expect(validate(messages, target)).toEqual([])
      expect(wordsOf(messages, FORMAT_OF[target]).map((word) => word.kind === 'user' && word.text)).toEqual([
        'go',
        'next',
      ])
    }
  })

  it('R16: thinking that was signed and then cut is not passed for an answer', () => {
    const transcript = new Transcript()
    transcript.add('go')
    transcript.add(answer([thinking('Hm.', 'c2ln')], { outcome: CUT, stop: 'unknown' }))
    transcript.add('next')
    const { messages } = project(transcript, 'anthropic')
    expect(validate(messages, 'anthropic')).toEqual([])
  })

  it('R17: thinking goes back byte for byte and in its place, or with all of its message not at all', () => {
    const blocks = [thinking('  One. ', 'c2ln'), text('So.'), thinking('Two.\n', 'c2lo'), call('x')]
    const transcript = new Transcript()
    transcript.add('go')
    transcript.add(answer(blocks))
    transcript.settle('x', '1')
    expect(project(transcript, 'anthropic').messages[1]).toEqual({
      role: 'assistant',
      content: [
        thought('  One. ', 'c2ln'),
        { type: 'text', text: 'So.' },
        thought('Two.\n', 'c2lo'),
        { type: 'tool_use', id: 'x', name: 'Bash', input: {} },
      ],
    })
    const half = new Transcript()
    half.add('go')
    half.add(answer([thinking('One.', 'c2ln'), text('So.'), thinking('Two.'), call('x')]))
    half.settle('x', '1')
    const { messages, repairs } = project(half, 'anthropic')
    expect(JSON.stringify(messages)).not.toContain('thinking')
    expect(repairs.map(({ kind, block }) => [kind, block])).toEqual([
      ['thinking_dropped', 0],
      ['thinking_dropped', 2],
    ])
  })
})
