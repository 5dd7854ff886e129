/** What providers refuse in a history that was put together from what they sent themselves: group 12 of the quirks. */
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import type { ContentBlock } from '../../src/message.ts'
import { project } from '../../src/project.ts'
import { fromChat } from '../../src/transcript/import/chat-history.ts'
import { repair } from '../../src/transcript/repair.ts'
import { validate } from '../../src/transcript/rules.ts'
import { FORMAT_OF, TARGETS, type RequestFacts, type Target } from '../../src/transcript/target.ts'
import { Transcript } from '../../src/transcript/transcript.ts'
import { transcriptOf, wordsOf } from './conversation.ts'
import { answer, call, text, thinking, type Said } from './messages.ts'

function said(content: readonly ContentBlock[], how: Said = {}): Transcript {
  const transcript = new Transcript()
  transcript.add('go')
  const message = answer(content, how)
  transcript.add(message)
  for (const block of message.content) if (block.type === 'tool_call') transcript.settle(block, 'done')
  transcript.add('next')
  return transcript
}

function told(transcript: Transcript, target: Target, facts: RequestFacts = {}) {
  const { messages, repairs } = project(transcript, target, facts)
  expect(validate(messages, target, facts)).toEqual([])
  return { messages, json: JSON.stringify(messages), kinds: repairs.map(({ kind }) => kind) }
}

function mended(messages: readonly JsonObject[], target: Target, facts: RequestFacts = {}) {
  const { messages: after, repairs } = repair(messages, target, facts)
  expect(validate(after, target, facts)).toEqual([])
  return { messages: after, json: JSON.stringify(after), kinds: repairs.map(({ kind }) => kind) }
}

const user = (content: string): JsonObject => ({ role: 'user', content })

describe('quirks of histories', () => {
  it('quirk 12.01: results come right after the calls, and nothing stands behind a call in its answer', () => {
    const { messages } = told(said([call('x'), text('Looking.'), call('y')]), 'anthropic')
    expect(messages[1]?.content).toMatchObject([{ type: 'text' }, { id: 'x' }, { id: 'y' }])
    expect(messages[2]?.content).toMatchObject([{ tool_use_id: 'x' }, { tool_use_id: 'y' }])
  })

  it('quirk 12.02: the empty text that the API itself sends beside a call does not go back', () => {
    const { messages } = told(said([text(''), call('x')]), 'anthropic')
    expect(messages[1]?.content).toMatchObject([{ type: 'tool_use', id: 'x' }])
    expect(messages[1]?.content).toHaveLength(1)
  })

  it('quirk 12.03: with thinking on, a tool loop without it is told as text, and no message ends with thinking', () => {
    const loop = new Transcript()
    loop.add('go')
    loop.add(answer([text('Looking.'), call('x')]))
    loop.settle('x', 'done')
    expect(told(loop, 'anthropic', { thinking: true }).json).toMatch(/Looking.*done/)
    const { json } = told(said([text('Well.'), thinking('So.', 'c2ln')]), 'anthropic')
    expect(json).toContain('Well.')
    expect(json).not.toContain('c2ln')
  })

  it('quirk 12.04: reasoning whose item is gone does not go alone', () => {
    const reasoning = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'c2ln' }
    const { messages, kinds } = mended([user('go'), reasoning, user('next')], 'openai-responses')
    expect(messages).toEqual([user('go'), user('next')])
    expect(kinds).not.toEqual([])
  })

  it('quirk 12.05: no item id stands twice', () => {
    const item = { type: 'function_call', id: 'fc_1', call_id: 'x', name: 'Bash', arguments: '{}' }
    const output = { type: 'function_call_output', call_id: 'x', output: 'done' }
    const { messages } = mended([user('go'), item, output, item, output, user('next')], 'openai-responses')
    expect(JSON.stringify(messages).match(/"fc_1"/g)).toHaveLength(1)
  })

  it('quirk 12.07: to Gemini, a call of another model has the value that stands for a signature, and its result the name', () => {
    const { messages } = told(said([call('x')]), 'gemini', { thinking: true })
    expect(messages[1]).toMatchObject({
      parts: [{ functionCall: { name: 'Bash' }, thoughtSignature: expect.any(String) }],
    })
    expect(messages[2]).toMatchObject({ parts: [{ functionResponse: { name: 'Bash' } }] })
  })

  it.each(['kimi', 'deepseek'] as const)(
    'quirk 12.08: with thinking on, %s gets a reasoning field beside each call',
    (target) => {
      const { messages } = told(said([call('x')]), target, { thinking: true })
      expect(messages[1]).toMatchObject({ reasoning_content: '' })
      const kept = told(said([thinking('Hm.'), call('x')]), target, { thinking: true })
      expect(kept.messages[1]).toMatchObject({ reasoning_content: 'Hm.' })
    },
  )

  it('quirk 12.09: a tool of the provider that has no result does not go back', () => {
    const server = { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} }
    const { json } = mended(
      [user('go'), { role: 'assistant', content: [server, { type: 'text', text: 'Hm.' }] }, user('next')],
      'anthropic',
    )
    expect(json).not.toContain('srvtoolu_1')
    expect(json).toContain('Hm.')
  })

  it.each(TARGETS)('quirk 12.10: ids that repeat, and results without a call, are mended for %s', (target) => {
    const transcript = new Transcript()
    for (const turn of ['a', 'b']) {
      transcript.add(turn)
      transcript.add(answer([call('x', { turn })], { turn, id: `msg_${turn}` }))
      transcript.settle(`${turn}/0#0`, `result ${turn}`)
    }
    const { messages } = told(transcript, target)
    const results = wordsOf(messages, FORMAT_OF[target]).filter(({ kind }) => kind === 'result')
    expect(results).toMatchObject([{ text: 'result a' }, { text: 'result b' }])
    if (FORMAT_OF[target] !== 'chat') return
    const orphan = { role: 'tool', tool_call_id: 'ghost', content: 'boo' }
    expect(mended([user('go'), orphan, user('next')], target).messages).toEqual([user('go'), user('next')])
  })

  it.each(TARGETS)('quirk 12.11: arguments that were cut never reach %s as they are', (target) => {
    const message = answer([call('x')])
    const cut = message.content.map((block): ContentBlock => {
      if (block.type !== 'tool_call' || block.state !== 'complete') return block
      const { input: _input, ...rest } = block
      return { ...rest, state: 'partial', arguments: '{"cmd": "rm' }
    })
    const transcript = new Transcript()
    transcript.add('go')
    transcript.add({ ...message, content: cut })
    const { json, kinds } = told(transcript, target)
    expect(json).not.toContain('rm')
    expect(kinds).toContain('arguments_emptied')
  })

  it('quirk 12.12: reasoning without a summary goes with an empty one, as the API demands', () => {
    const reasoning = { type: 'reasoning', id: 'rs_1', summary: null, encrypted_content: 'c2ln' }
    const output = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Done.' }] }
    const { messages } = mended([user('go'), reasoning, output], 'openai-responses')
    expect(messages[1]).toEqual({ ...reasoning, summary: [] })
  })

  it.each(['reasoning', 'reasoning_content'])(
    'quirk 12.14: reasoning goes back under the name %s if it came so',
    (name) => {
      const message = { role: 'assistant', content: 'Done.', [name]: 'Hm.' }
      const transcript = transcriptOf(fromChat([user('go'), message, user('next')]).map((item) => ({ item })))
      expect(told(transcript, 'openai-chat').messages[1]).toEqual(message)
      expect(told(transcript, 'kimi').messages[1]).toEqual({
        role: 'assistant',
        content: 'Done.',
        reasoning_content: 'Hm.',
      })
    },
  )

  it('quirk 12.13: an answer that was refused is left out, with a repair that says so', () => {
    const { json, kinds } = told(said([text('I cannot.')], { stop: 'refusal' }), 'anthropic')
    expect(json).not.toContain('I cannot.')
    expect(json).toMatch(/go.*next/)
    expect(kinds).toContain('left_out')
  })
})
