/** The transcript: one message however it is offered, open calls, retractions, and the same conversation from the same entries. */
import { describe, expect, it } from 'vitest'
import { MisuseError } from '../../src/errors.ts'
import type { AssistantMessage } from '../../src/message.ts'
import { project } from '../../src/project.ts'
import { Transcript } from '../../src/transcript/transcript.ts'
import { answer, call, CUT, text, thinking } from './messages.ts'

const kinds = (transcript: Transcript): readonly string[] =>
  transcript.items().map((item) => (item.role === 'assistant' ? `assistant ${item.message.content.length}` : item.role))

const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    if (error instanceof MisuseError) return error.code
    throw error
  }
  return 'nothing thrown'
}

describe('one message, once', () => {
  const whole = answer([thinking('hm', 'sealed'), text('Running it.'), call('toolu_1')], { id: 'msg_1', turn: 'a' })

  it('R5: the same message again is unchanged, also under another key', () => {
    const transcript = new Transcript()
    expect(transcript.add(whole)).toEqual({ kind: 'added', key: 'a/0' })
    expect(transcript.add(whole)).toEqual({ kind: 'unchanged', key: 'a/0' })
    expect(transcript.add({ ...whole, key: 'uuid-2/0', turn: 'uuid-2' })).toEqual({ kind: 'unchanged', key: 'a/0' })
    transcript.settle('toolu_1', 'done')
    transcript.add('and then?')
    expect(transcript.add({ ...whole, key: 'uuid-3/0', turn: 'uuid-3' })).toEqual({ kind: 'unchanged', key: 'a/0' })
    expect(kinds(transcript)).toEqual(['assistant 3', 'tool', 'user'])
  })

  it('R5: its blocks one by one, after the whole, are unchanged, with or without a word that they are fragments', () => {
    const transcript = new Transcript()
    transcript.add(whole)
    for (const [index, block] of whole.content.entries()) {
      const piece = { ...whole, content: [block] }
      expect(transcript.add(piece, index % 2 === 0 ? {} : { isFragment: true }).kind).toBe('unchanged')
    }
    expect(kinds(transcript)).toEqual(['assistant 3'])
  })

  it('R5: its blocks one by one, before the whole, make the message, and the whole changes nothing', () => {
    const transcript = new Transcript()
    const offered = whole.content.map(
      (block) => transcript.add({ ...whole, content: [block] }, { isFragment: true }).kind,
    )
    expect(offered).toEqual(['added', 'extended', 'extended'])
    expect(transcript.open().map(({ call: { id } }) => id)).toEqual(['toolu_1'])
    expect(transcript.add(whole).kind).toBe('unchanged')
    expect(kinds(transcript)).toEqual(['assistant 3'])
  })

  it('B22: a fragment that comes after the result of its message still belongs to it', () => {
    const transcript = new Transcript()
    const [first, ...rest] = [call('toolu_1'), call('toolu_2')].map((block) =>
      answer([block], { id: 'msg_1', turn: 'a' }),
    )
    transcript.add(first ?? whole, { isFragment: true })
    transcript.settle('toolu_1', 'one')
    for (const piece of rest) expect(transcript.add(piece, { isFragment: true }).kind).toBe('extended')
    transcript.settle('toolu_2', 'two')
    expect(project(transcript, 'anthropic').messages).toMatchObject([
      { role: 'assistant', content: [{ id: 'toolu_1' }, { id: 'toolu_2' }] },
      { role: 'user', content: [{ tool_use_id: 'toolu_1' }, { tool_use_id: 'toolu_2' }] },
    ])
  })

  it('I3: what was cut and then came whole is the whole', () => {
    const transcript = new Transcript()
    transcript.add(answer([thinking('hm', 'sealed'), text('Runn')], { id: 'msg_1', turn: 'a', outcome: CUT }))
    expect(transcript.add(whole)).toEqual({ kind: 'extended', key: 'a/0' })
    expect(kinds(transcript)).toEqual(['assistant 3'])
    const cut = answer([thinking('hm', 'sealed'), text('Ru')], { id: 'msg_1', turn: 'a', outcome: CUT })
    expect(transcript.add(cut).kind).toBe('unchanged')
  })

  it('R4: other content under the same id is a conflict, is told, and changes nothing', () => {
    const transcript = new Transcript()
    transcript.add(whole)
    const other = answer([text('Something else.')], { id: 'msg_1', turn: 'a' })
    expect(transcript.add(other)).toMatchObject({ kind: 'conflict', key: 'a/0' })
    expect(kinds(transcript)).toEqual(['assistant 3'])
  })

  it('R13: vendors that give every message one id lose none that says something else in another turn', () => {
    const transcript = new Transcript()
    transcript.add('one')
    transcript.add(answer([text('first')], { id: 'chatcmpl-1', turn: 'a' }))
    transcript.add('two')
    expect(transcript.add(answer([text('second')], { id: 'chatcmpl-1', turn: 'b' })).kind).toBe('added')
    transcript.add('three')
    expect(transcript.add(answer([text('second')], { id: 'chatcmpl-1', turn: 'c' })).kind, 'the same words').toBe(
      'added',
    )
    expect(kinds(transcript)).toEqual(['user', 'assistant 1', 'user', 'assistant 1', 'user', 'assistant 1'])
  })

  it('a vendor without ids and a caller who names no turns lose nothing either', () => {
    const transcript = new Transcript()
    const said = (words: string): AssistantMessage => answer([text(words), call('')], { turn: 'turn' })
    for (const question of ['one', 'two', 'three']) {
      transcript.add(question)
      const message = said('OK.')
      expect(transcript.add(message).kind, question).toBe('added')
      expect(transcript.add(message).kind, `${question}, again at once`).toBe('unchanged')
      const block = message.content.find(({ type }) => type === 'tool_call')
      expect(block?.type === 'tool_call' && transcript.settle(block, `result ${question}`).kind).toBe('added')
    }
    expect(transcript.open()).toEqual([])
    expect(JSON.stringify(project(transcript, 'openai-chat').messages)).toMatch(
      /one.*OK.*result one.*two.*OK.*result two.*three.*OK.*result three/,
    )
  })

  it('R5: neither what was given nor what is handed out is shared', () => {
    const transcript = new Transcript()
    const given = structuredClone(whole)
    const parts = [{ type: 'text' as const, text: 'hello' }]
    transcript.add({ role: 'user', content: parts })
    transcript.add(given)
    Object.assign(parts[0] ?? {}, { text: 'changed' })
    Object.assign(given, { content: [] })
    expect(transcript.items()).toMatchObject([
      { content: [{ text: 'hello' }] },
      { message: { content: whole.content } },
    ])
    const { messages } = project(transcript, 'anthropic')
    for (const message of messages) Object.assign(message, { content: 'changed' })
    expect(JSON.stringify(project(transcript, 'anthropic').messages)).not.toContain('changed')
    expect(() => Object.assign(transcript.items()[0] ?? {}, { role: 'system' })).toThrow(TypeError)
  })
})

describe('calls and their results', () => {
  const asking = answer([call('Bash_0', { n: 1 }), call('Bash_1', { n: 2 })], { id: 'msg_1', turn: 'a' })

  it('R10: open() lists the calls without a result, whatever came after them', () => {
    const transcript = new Transcript()
    transcript.add(asking)
    transcript.add('are you there?')
    expect(transcript.open().map(({ message, call: { id } }) => [message, id])).toEqual([
      ['a/0', 'Bash_0'],
      ['a/0', 'Bash_1'],
    ])
    transcript.settle('a/0#1', 'two')
    expect(transcript.open().map(({ call: { id } }) => id)).toEqual(['Bash_0'])
  })

  it('R13: ids that repeat in every turn are settled by the block, by the key, or by the id of the latest', () => {
    const transcript = new Transcript()
    const turns = ['a', 'b', 'c'].map((turn) =>
      answer([call('Bash_0', { asked: `by ${turn}` })], { id: `msg_${turn}`, turn }),
    )
    for (const message of turns) transcript.add(message)
    transcript.settle('Bash_0', 'of c')
    transcript.settle('a/0#0', 'of a')
    const [middle] = turns[1]?.content ?? []
    if (middle?.type === 'tool_call') transcript.settle(middle, 'of b')
    expect(transcript.open()).toEqual([])
    for (const target of ['anthropic', 'openai-chat', 'openai-responses', 'gemini'] as const) {
      expect(JSON.stringify(project(transcript, target).messages), target).toMatch(/by a.*of a.*by b.*of b.*by c.*of c/)
    }
  })

  it('R14: a real result beats what was said of a call that had none, and a second different one is a conflict', () => {
    const transcript = new Transcript()
    transcript.add(asking)
    transcript.giveUp('Bash_0', 'cancelled')
    expect(transcript.settle('Bash_0', 'it ran')).toEqual({ kind: 'added', key: 'a/0#0' })
    expect(transcript.settle('Bash_0', { content: 'it ran' })).toEqual({ kind: 'unchanged', key: 'a/0#0' })
    expect(transcript.settle('Bash_0', 'it ran again')).toMatchObject({ kind: 'conflict', key: 'a/0#0' })
    expect(transcript.giveUp('Bash_0', 'interrupted')).toEqual({ kind: 'unchanged', key: 'a/0#0' })
    expect(JSON.stringify(project(transcript, 'anthropic').messages)).toContain('it ran')
  })

  it('R10: what is known of an open call is what the model is told', () => {
    const transcript = new Transcript()
    transcript.add(asking)
    transcript.giveUp('Bash_0', 'cancelled')
    const told = JSON.stringify(project(transcript, 'anthropic').messages)
    expect(told).toMatch(/cancelled.*interrupted before its result/)
    const { repairs } = project(transcript, 'anthropic')
    expect(repairs.map(({ kind, call: id }) => [kind, id])).toEqual([
      ['call_closed', 'Bash_0'],
      ['call_closed', 'Bash_1'],
    ])
  })

  it('I6: calls that were never handed out are told as not run', () => {
    const transcript = new Transcript()
    transcript.add(answer([call('toolu_1')], { id: 'msg_1', stop: 'max_tokens' }))
    const cut: AssistantMessage = answer([call('toolu_2')], { id: 'msg_2', outcome: CUT, stop: 'unknown' })
    transcript.add({
      ...cut,
      content: cut.content.map((block) => {
        if (block.type !== 'tool_call' || block.state !== 'complete') return block
        const { input: _input, ...rest } = block
        return { ...rest, state: 'partial', arguments: '{"cmd": "rm' }
      }),
    })
    expect(JSON.stringify(project(transcript, 'openai-chat').messages).match(/The tool was not run/g)).toHaveLength(2)
    expect(JSON.stringify(project(transcript, 'openai-chat').messages)).not.toContain('rm')
  })

  it('a result may come before its message', () => {
    const transcript = new Transcript()
    const [first] = asking.content
    if (first?.type === 'tool_call') {
      expect(transcript.settle(first, 'early')).toEqual({ kind: 'added', key: 'a/0#0' })
      expect(transcript.settle(first, 'early')).toEqual({ kind: 'unchanged', key: 'a/0#0' })
    }
    transcript.add(asking)
    expect(transcript.open().map(({ call: { id } }) => id)).toEqual(['Bash_1'])
  })

  it('R11: a user message that comes while a tool runs stands behind the exchange, and is never lost', () => {
    const transcript = new Transcript()
    transcript.add('go')
    transcript.add(asking)
    transcript.add('wait')
    transcript.settle('Bash_1', 'two')
    transcript.add('stop')
    const chat = project(transcript, 'openai-chat').messages
    expect(chat.map(({ role, content }) => (role === 'user' ? content : role))).toEqual([
      'go',
      'assistant',
      'tool',
      'tool',
      'wait',
      'stop',
    ])
  })
})

describe('attempts', () => {
  it('R6: a later attempt of a turn takes the place of the earlier one, whose calls are gone', () => {
    const transcript = new Transcript()
    transcript.add('go')
    transcript.add(answer([text('Let me'), call('toolu_1')], { id: 'msg_1', turn: 'a', outcome: CUT }))
    const second = answer([text('Done.')], { id: 'msg_2', turn: 'a', attempt: 2 })
    expect(transcript.add(second)).toEqual({ kind: 'replaced', key: 'a/0~2', retracted: 'a/0' })
    expect(transcript.open()).toEqual([])
    expect(kinds(transcript)).toEqual(['user', 'assistant 1'])
    const first = answer([text('Let me'), call('toolu_1')], { id: 'msg_1', turn: 'a', outcome: CUT })
    expect(transcript.add(first).kind, 'the superseded one cannot come back').toBe('retracted')
    expect(project(transcript, 'anthropic').messages).toMatchObject([
      { role: 'user', content: 'go' },
      { role: 'assistant', content: [{ text: 'Done.' }] },
    ])
  })

  it('R6: an attempt whose call has a result is not taken back by another', () => {
    const transcript = new Transcript()
    transcript.add(answer([call('toolu_1')], { id: 'msg_1', turn: 'a', outcome: CUT }))
    transcript.settle('toolu_1', 'it ran')
    expect(transcript.add(answer([text('Done.')], { id: 'msg_2', turn: 'a', attempt: 2 })).kind).toBe('added')
    expect(JSON.stringify(project(transcript, 'anthropic').messages)).toContain('it ran')
  })

  it('retract takes a message back with its results, once', () => {
    const transcript = new Transcript()
    const message = answer([call('toolu_1')], { id: 'msg_1', turn: 'a' })
    transcript.add('go')
    transcript.add(message)
    transcript.settle('toolu_1', 'it ran')
    expect(transcript.retract('a/0').kind).toBe('retracted')
    expect(transcript.retract(message).kind).toBe('unchanged')
    expect(kinds(transcript)).toEqual(['user'])
    expect(project(transcript, 'anthropic')).toEqual({ messages: [{ role: 'user', content: 'go' }], repairs: [] })
  })
})

describe('entries', () => {
  const built = (): Transcript => {
    const transcript = new Transcript()
    transcript.add({ role: 'system', content: 'Be brief.' })
    transcript.add({ role: 'user', id: 'u1', content: 'go' })
    transcript.add({ role: 'note', note: { checkpoint: 1 } })
    const message = answer([thinking('hm', 's'), call('toolu_1'), call('toolu_2')], { id: 'msg_1', turn: 'a' })
    for (const block of message.content) transcript.add({ ...message, content: [block] }, { isFragment: true })
    transcript.settle('toolu_2', { content: 'two', isError: true })
    transcript.giveUp('toolu_1', 'cancelled')
    transcript.add(answer([text('x')], { id: 'msg_2', turn: 'b', outcome: CUT }))
    transcript.add(answer([text('xyz')], { id: 'msg_3', turn: 'b', attempt: 2 }))
    return transcript
  }

  it('R15: give the same conversation however often they are read back, and from any prefix a valid one', () => {
    const transcript = built()
    const entries = JSON.parse(JSON.stringify(transcript))
    let again = transcript
    for (let resume = 0; resume < 5; resume += 1) again = Transcript.from(JSON.parse(JSON.stringify(again)))
    expect(JSON.parse(JSON.stringify(again))).toEqual(entries)
    expect(again.items()).toEqual(transcript.items())
    expect(project(again, 'anthropic')).toEqual(project(transcript, 'anthropic'))
    for (let length = 0; length <= entries.length; length += 1) {
      expect(() => project(Transcript.from(entries.slice(0, length)), 'openai-responses')).not.toThrow()
    }
  })

  it('notes are kept and never sent, instructions stand apart where the provider has them apart', () => {
    const transcript = built()
    expect(kinds(transcript)).toEqual(['system', 'user', 'note', 'assistant 3', 'tool', 'assistant 1'])
    expect(project(transcript, 'anthropic').system).toBe('Be brief.')
    expect(project(transcript, 'gemini').system).toBe('Be brief.')
    expect(project(transcript, 'openai-chat').messages[0]).toEqual({ role: 'system', content: 'Be brief.' })
    expect(JSON.stringify(project(transcript, 'anthropic'))).not.toContain('checkpoint')
  })

  it('the same user message by its id is there once, and another under its id is a conflict', () => {
    const transcript = built()
    expect(transcript.add({ role: 'user', id: 'u1', content: 'go' }).kind).toBe('unchanged')
    expect(transcript.add({ role: 'user', id: 'u1', content: 'stop' }).kind).toBe('conflict')
    expect(transcript.add({ role: 'user', content: 'go' }).kind, 'without an id it is another').toBe('added')
  })
})

it.each([
  ['a number', () => new Transcript().add(Object(7)), 'bad_argument'],
  ['a role that is none', () => new Transcript().add(JSON.parse('{"role": "robot"}')), 'bad_argument'],
  ['a content that is none', () => new Transcript().add(JSON.parse('{"role": "user", "content": 7}')), 'bad_argument'],
  ['a part that is none', () => new Transcript().add(JSON.parse('{"role": "user", "content": [{}]}')), 'bad_argument'],
  ['a snapshot', () => new Transcript().add(JSON.parse('{"outcome": 7, "content": []}')), 'bad_argument'],
  ['a call that nobody made', () => new Transcript().settle('toolu_9', 'x'), 'unknown_call'],
  ['a result that is none', () => new Transcript().settle('toolu_9', JSON.parse('{"content": 7}')), 'bad_argument'],
  ['a reason that is none', () => new Transcript().giveUp('toolu_9', JSON.parse('"bored"')), 'bad_argument'],
  ['entries that are none', () => Transcript.from(JSON.parse('[{"type": "answer", "key": "a"}]')), 'bad_argument'],
  [
    'a field that is none',
    () => new Transcript().add(JSON.parse('{"role": "user", "content": "a", "key": "k"}')),
    'bad_argument',
  ],
  ['a note without a note', () => new Transcript().add(JSON.parse('{"role": "note"}')), 'bad_argument'],
  ['an option of add that is none', () => new Transcript().add('x', JSON.parse('{"isFragement": true}')), 'bad_option'],
  ['entries that are a text', () => Transcript.from(JSON.parse('"x"')), 'bad_argument'],
  ['a message that is not there', () => new Transcript().retract('a/0'), 'bad_argument'],
  ['a target that is none', () => project(new Transcript(), JSON.parse('"mistral"')), 'bad_option'],
  ['an option that is none', () => project(new Transcript(), 'kimi', JSON.parse('{"strict": true}')), 'bad_option'],
])('misuse: %s is a typed error that changes nothing', (_name, run, code) => {
  expect(codeOf(run)).toBe(code)
})
