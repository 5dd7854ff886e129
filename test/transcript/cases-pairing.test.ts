/**
 * The cases B1 to B6 and what stands behind them: which result answers which call, and what becomes of a call without one. Where Kimi Code
 * does otherwise, on purpose: a result before its call is an orphan, and an open call is closed also at the end.
 */
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import { project } from '../../src/project.ts'
import { CLOSING_TEXTS } from '../../src/transcript/closing.ts'
import { importSession } from '../../src/transcript/import/session.ts'
import { repair } from '../../src/transcript/repair.ts'
import { validate } from '../../src/transcript/rules.ts'
import { TARGETS } from '../../src/transcript/target.ts'
import { Transcript } from '../../src/transcript/transcript.ts'
import { transcriptOf, wordsOf } from './conversation.ts'
import { answer, call, text } from './messages.ts'

const CLOSED = CLOSING_TEXTS.interrupted

describe('sessions of Kimi Code that were broken off', () => {
  const event = (own: JsonObject): JsonObject => ({ type: 'context.append_loop_event', event: own })
  const begin = (uuid: string): JsonObject => event({ type: 'step.begin', uuid, turnId: '1', step: 1 })
  const end = (uuid: string): JsonObject => event({ type: 'step.end', uuid, turnId: '1', finishReason: 'end_turn' })
  const says = (stepUuid: string, words: string): JsonObject =>
    event({ type: 'content.part', uuid: `part ${words}`, stepUuid, part: { type: 'text', text: words } })
  const asks = (stepUuid: string, toolCallId: string): JsonObject =>
    event({
      type: 'tool.call',
      uuid: `asks ${toolCallId}`,
      stepUuid,
      toolCallId,
      name: 'Bash',
      args: { id: toolCallId },
    })
  const gives = (toolCallId: string, output: string, isError = false): JsonObject =>
    event({ type: 'tool.result', parentUuid: `asks ${toolCallId}`, toolCallId, result: { output, isError } })
  let time = 0
  const prompt = (words: string): JsonObject => ({
    type: 'context.append_message',
    message: { role: 'user', content: [{ type: 'text', text: words }], toolCalls: [], origin: { kind: 'user' } },
    time: (time += 1),
  })

  const resumed = (...records: readonly JsonObject[]): Transcript => {
    const all = [{ type: 'metadata', protocol_version: '1.4' }, ...records]
    const session = importSession(all.map((record) => `${JSON.stringify(record)}\n`).join(''))
    return transcriptOf(session?.items ?? expect.fail('not read'))
  }

  /** Each thing that is said in a word or two. */
  const outline = (transcript: Transcript): readonly string[] => {
    const { messages } = project(transcript, 'kimi')
    expect(validate(messages, 'kimi')).toEqual([])
    for (let resume = 0; resume < 3; resume += 1) {
      const again = Transcript.from(JSON.parse(JSON.stringify(transcript)))
      expect(project(again, 'kimi').messages, 'resumed again').toEqual(messages)
      expect(again.entries(), 'a resume adds nothing').toHaveLength(transcript.entries().length)
    }
    return wordsOf(messages, 'chat').flatMap((said): readonly string[] => {
      if (said.kind === 'result') return [`t ${said.id} ${said.text === CLOSED ? 'closed' : said.text}`]
      return [said.kind === 'call' ? `a[${said.id}]` : `${said.kind === 'user' ? 'u' : 'a'} ${said.text}`]
    })
  }

  it('B1: the trailing open call is closed, before what the user says on the resume', () => {
    const transcript = resumed(prompt('go'), begin('s1'), asks('s1', 'one'), asks('s1', 'two'), gives('one', '1'))
    expect(outline(transcript)).toEqual(['u go', 'a[one]', 'a[two]', 't one 1', 't two closed'])
    transcript.add('continue')
    expect(outline(transcript)).toEqual(['u go', 'a[one]', 'a[two]', 't one 1', 't two closed', 'u continue'])
  })

  it('B2: a call that stayed open amid the history is closed there, and later turns stay aligned', () => {
    const broken = [prompt('go'), begin('s1'), asks('s1', 'one'), prompt('again'), begin('s2'), says('s2', 'All done.')]
    expect(outline(resumed(...broken, end('s2')))).toEqual(['u go', 'a[one]', 't one closed', 'u again', 'a All done.'])
  })

  it('B3: an error result that comes at the end, for a call that a later turn has passed, is its one result', () => {
    const broken = [prompt('go'), begin('s1'), asks('s1', 'one'), prompt('again'), begin('s2'), says('s2', 'All done.')]
    const transcript = resumed(...broken, end('s2'), gives('one', 'aborted', true))
    expect(outline(transcript)).toEqual(['u go', 'a[one]', 't one aborted', 'u again', 'a All done.'])
  })

  it('B4: of several open calls each is closed, in the order of the calls', () => {
    const transcript = resumed(prompt('go'), begin('s1'), asks('s1', 'one'), asks('s1', 'two'))
    expect(outline(transcript)).toEqual(['u go', 'a[one]', 'a[two]', 't one closed', 't two closed'])
  })

  it('B4: only the unresolved call is closed, and the real result stays word for word', () => {
    const said = '  two\n'
    const transcript = resumed(prompt('go'), begin('s1'), asks('s1', 'one'), asks('s1', 'two'), gives('two', said))
    expect(outline(transcript)).toEqual(['u go', 'a[one]', 'a[two]', 't one closed', `t two ${said}`])
  })

  it('B4: two steps in a row that were broken off are each closed at their own end', () => {
    const steps = [begin('s1'), says('s1', 'First.'), asks('s1', 'one'), begin('s2'), says('s2', 'Second.')]
    const transcript = resumed(prompt('go'), ...steps, asks('s2', 'two'), prompt('and?'))
    expect(outline(transcript)).toEqual([
      'u go',
      'a First.',
      'a[one]',
      't one closed',
      'a Second.',
      'a[two]',
      't two closed',
      'u and?',
    ])
  })

  it('B4: the result of a call that was never recorded is in no request', () => {
    const steps = [begin('s1'), asks('s1', 'one'), gives('one', '1'), gives('ghost', 'boo')]
    expect(outline(resumed(prompt('go'), ...steps, prompt('next')))).toEqual(['u go', 'a[one]', 't one 1', 'u next'])
  })

  it('B4: the same of a transcript that was filled by hand', () => {
    const transcript = new Transcript()
    transcript.add('go')
    transcript.add(answer([text('First.'), call('one')]))
    transcript.add(answer([text('Second.'), call('two'), call('three')]))
    transcript.settle('three', '3')
    transcript.add('and?')
    expect(() => transcript.settle('ghost', 'boo')).toThrow('no call ghost')
    expect(outline(transcript)).toEqual([
      'u go',
      'a First.',
      'a[one]',
      't one closed',
      'a Second.',
      'a[two]',
      'a[three]',
      't two closed',
      't three 3',
      'u and?',
    ])
  })
})

/** A history in short, written for chat and for Anthropic. */
type Step = readonly ['u', string] | readonly ['a', ...ids: string[]] | readonly ['t', id: string, says: string]

const chat = (steps: readonly Step[]): JsonObject[] =>
  steps.map(([role, ...words]) => {
    const [first = '', second = ''] = words
    if (role === 'u') return { role: 'user', content: first }
    if (role === 't') return { role: 'tool', tool_call_id: first, content: second }
    const calls = words.map((id) => ({ id, type: 'function', function: { name: 'Bash', arguments: '{}' } }))
    return { role: 'assistant', content: null, tool_calls: calls }
  })

/** Results that follow each other stand in one message, as the API wants it. */
const anthropic = (steps: readonly Step[]): JsonObject[] => {
  const messages: { role: string; content: string | JsonObject[] }[] = []
  for (const [place, [role, ...words]] of steps.entries()) {
    const [first = '', second = ''] = words
    const open = steps[place - 1]?.[0] === 't' ? messages.at(-1)?.content : undefined
    const result = { type: 'tool_result', tool_use_id: first, content: second }
    if (role === 't' && Array.isArray(open)) open.push(result)
    else if (role === 't') messages.push({ role: 'user', content: [result] })
    else if (role === 'u') messages.push({ role: 'user', content: first })
    else {
      const calls = words.map((id) => ({ type: 'tool_use', id, name: 'Bash', input: {} }))
      messages.push({ role: 'assistant', content: calls })
    }
  }
  return messages
}

const FORMS = [
  ['openai-chat', chat],
  ['kimi', (steps: readonly Step[]) => chat(steps).map(withoutNull)],
  ['anthropic', anthropic],
] as const

/** Kimi wants no content where there is nothing to say. */
function withoutNull(message: JsonObject): JsonObject {
  const { content, ...others } = message
  return content === null ? others : message
}

describe.each(FORMS)('repair for %s', (target, written) => {
  const repaired = (steps: readonly Step[]) => {
    const { messages, repairs } = repair(written(steps), target)
    expect(validate(messages, target)).toEqual([])
    return { messages, kinds: repairs.map(({ kind, call: id }) => `${kind} ${id ?? ''}`.trim()) }
  }

  it('B5: a result that comes after the next word of the user moves up to its call', () => {
    const { messages, kinds } = repaired([
      ['u', 'go'],
      ['a', 'x'],
      ['u', 'wait'],
      ['t', 'x', '1'],
    ])
    expect(messages).toEqual(
      written([
        ['u', 'go'],
        ['a', 'x'],
        ['t', 'x', '1'],
        ['u', 'wait'],
      ]),
    )
    expect(kinds).toEqual(['result_moved x'])
  })

  it('B5: a result is pulled back over a later exchange', () => {
    const { messages, kinds } = repaired([
      ['u', 'go'],
      ['a', 'x'],
      ['u', 'and y'],
      ['a', 'y'],
      ['t', 'y', '2'],
      ['t', 'x', '1'],
    ])
    const expected: Step[] = [
      ['u', 'go'],
      ['a', 'x'],
      ['t', 'x', '1'],
      ['u', 'and y'],
      ['a', 'y'],
      ['t', 'y', '2'],
    ]
    expect(messages).toEqual(written(expected))
    expect(kinds).toEqual(['result_moved x'])
  })

  it('B5: results in another order than their calls are as valid as they were', () => {
    const { messages, kinds } = repaired([
      ['u', 'go'],
      ['a', 'x', 'y'],
      ['t', 'y', '2'],
      ['t', 'x', '1'],
    ])
    expect(messages).toEqual(
      written([
        ['u', 'go'],
        ['a', 'x', 'y'],
        ['t', 'y', '2'],
        ['t', 'x', '1'],
      ]),
    )
    expect(kinds).toEqual([])
  })

  it('B5: a result before its call is an orphan, and the call is closed', () => {
    const { messages, kinds } = repaired([
      ['u', 'go'],
      ['t', 'x', '1'],
      ['a', 'x'],
      ['u', 'next'],
    ])
    const content = JSON.stringify(messages)
    expect(content).not.toContain('"1"')
    expect(messages.map(({ role }) => role)).toEqual(
      written([['u', ''], ['a'], ['t', '', ''], ['u', '']]).map(({ role }) => role),
    )
    expect(kinds).toEqual(['orphan_result_dropped x', 'call_closed x'])
  })

  it.each(['lax', 'strict'] as const)(
    'B5: a trailing open call is closed, since the next request is refused: %s',
    (profile) => {
      const { messages, repairs } = repair(
        written([
          ['u', 'go'],
          ['a', 'x'],
        ]),
        target,
        { profile },
      )
      expect(JSON.stringify(messages.at(-1))).toContain(CLOSED)
      expect(repairs).toMatchObject([{ kind: 'call_closed', message: 1, call: 'x' }])
      expect(messages).toHaveLength(3)
    },
  )

  it('B6: says nothing of what is well-formed, and names message and call of everything else', () => {
    const clean: Step[] = [
      ['u', 'go'],
      ['a', 'x', 'y'],
      ['t', 'x', '1'],
      ['t', 'y', '2'],
      ['u', 'next'],
      ['a', 'z'],
      ['t', 'z', '3'],
    ]
    expect(repaired(clean)).toEqual({ messages: written(clean), kinds: [] })
    const displaced = repair(
      written([
        ['u', 'go'],
        ['a', 'x'],
        ['u', 'wait'],
        ['t', 'x', '1'],
      ]),
      target,
    )
    expect(displaced.repairs).toMatchObject([{ kind: 'result_moved', message: 3, call: 'x' }])
    const missing = repair(
      written([
        ['u', 'go'],
        ['a', 'x'],
        ['u', 'wait'],
        ['a', 'y'],
        ['t', 'y', '2'],
      ]),
      target,
    )
    expect(missing.repairs).toMatchObject([{ kind: 'call_closed', message: 1, call: 'x' }])
    const trailing = repair(
      written([
        ['u', 'go'],
        ['a', 'x'],
        ['t', 'x', '1'],
        ['a', 'y'],
      ]),
      target,
    )
    expect(trailing.repairs).toMatchObject([{ kind: 'call_closed', message: 3, call: 'y' }])
  })

  it('R10: the words for a missing result are the same each time, and repairing again adds none', () => {
    const once = repaired([
      ['u', 'go'],
      ['a', 'x', 'y'],
      ['t', 'x', '1'],
      ['u', 'next'],
      ['a', 'z'],
    ])
    expect(once.kinds).toEqual(['call_closed y', 'call_closed z'])
    expect(JSON.stringify(once.messages).split(CLOSED)).toHaveLength(3)
    expect(repair(once.messages, target)).toEqual({ messages: once.messages, repairs: [] })
  })

  it('R11: what the user said while a tool ran stands behind the exchange, in its order', () => {
    const { messages } = repaired([
      ['u', 'go'],
      ['a', 'x', 'y'],
      ['u', 'first'],
      ['t', 'x', '1'],
      ['u', 'second'],
      ['t', 'y', '2'],
      ['u', 'third'],
    ])
    expect(JSON.stringify(messages)).toMatch(/"1".*"2".*first.*second.*third/)
  })

  it('R12: of a history that is cut before any of its messages, what is left is valid and keeps what was whole', () => {
    const steps: Step[] = [
      ['u', 'go'],
      ['a', 'x', 'y'],
      ['t', 'x', '1'],
      ['t', 'y', '2'],
      ['u', 'next'],
      ['a', 'z'],
      ['t', 'z', '3'],
    ]
    const messages = written(steps)
    const outcomes = messages.map((_message, from) => {
      const cut = repair(messages.slice(from), target)
      expect(validate(cut.messages, target), `from ${from}`).toEqual([])
      expect(JSON.stringify(cut.messages).includes('"3"'), `from ${from}`).toBe(from < messages.length - 1)
      return cut.repairs.filter(({ kind }) => kind === 'orphan_result_dropped').map(({ call: id }) => id ?? '')
    })
    const isChat = target !== 'anthropic'
    const orphans = isChat ? [[], [], ['x', 'y'], ['y'], [], [], ['z']] : [[], [], ['x', 'y'], [], [], ['z']]
    expect(outcomes).toEqual(orphans)
  })

  it('R14: results of one answer that came in several messages are all found', () => {
    const { messages, kinds } = repaired([
      ['u', 'go'],
      ['a', 'x', 'y', 'z'],
      ['t', 'x', '1'],
      ['u', 'wait'],
      ['t', 'z', '3'],
      ['u', 'more'],
      ['t', 'y', '2'],
    ])
    expect(JSON.stringify(messages)).toMatch(/"1".*"2".*"3".*wait.*more/)
    expect(kinds.filter((kind) => kind.startsWith('call_closed'))).toEqual([])
  })

  it('R14: a real result takes the place of one that stood in for it, wherever it comes', () => {
    const late: Step[] = [
      ['u', 'go'],
      ['a', 'x'],
      ['t', 'x', CLOSED],
      ['u', 'wait'],
      ['t', 'x', '1'],
    ]
    const early: Step[] = [
      ['u', 'go'],
      ['a', 'x'],
      ['t', 'x', '1'],
      ['u', 'wait'],
      ['t', 'x', CLOSED],
    ]
    expect(repaired(late).messages).toEqual(
      written([
        ['u', 'go'],
        ['a', 'x'],
        ['t', 'x', '1'],
        ['u', 'wait'],
      ]),
    )
    expect(repaired(late).kinds).toContain('closing_replaced x')
    expect(repaired(early).messages).toEqual(
      written([
        ['u', 'go'],
        ['a', 'x'],
        ['t', 'x', '1'],
        ['u', 'wait'],
      ]),
    )
    expect(repaired(early).kinds).toEqual(['duplicate_result_dropped x'])
  })

  it('R14: of two real results that differ, repair loses neither', () => {
    const { messages, kinds } = repaired([
      ['u', 'go'],
      ['a', 'x'],
      ['t', 'x', 'first'],
      ['u', 'wait'],
      ['t', 'x', 'second'],
    ])
    expect(JSON.stringify(messages)).toMatch(/first.*second.*wait/)
    expect(kinds).toEqual(['results_joined x'])
  })

  it('R18: several breaches at once are mended together, and for good', () => {
    const { messages } = repaired([
      ['t', 'gone', '0'],
      ['u', 'go'],
      ['a', 'x', 'y'],
      ['u', 'wait'],
      ['t', 'y', '2'],
      ['a', 'z'],
      ['t', 'x', '1'],
      ['t', 'y', '2'],
      ['u', 'end'],
    ])
    expect(JSON.stringify(messages)).toMatch(/go.*"1".*"2".*wait.*The tool was interrupted.*end/)
    expect(repair(messages, target)).toEqual({ messages, repairs: [] })
  })

  it('R19: a history that is valid comes back byte for byte', () => {
    const clean = written([
      ['u', 'go'],
      ['a', 'x'],
      ['t', 'x', ' 1 '],
      ['u', 'next'],
    ])
    expect(JSON.stringify(repair(clean, target).messages)).toBe(JSON.stringify(clean))
  })
})

describe('transcripts', () => {
  it.each(TARGETS)(
    'R10: killed after any of its entries, the next request to %s is valid and says what is known',
    (target) => {
      const transcript = new Transcript()
      transcript.add('go')
      transcript.add(answer([text('Both.'), call('x'), call('y')], { id: 'msg_1' }))
      transcript.settle('y', 'two')
      transcript.settle('x', 'one')
      transcript.add('next')
      transcript.add(answer([call('x'), call('z')], { id: 'msg_2' }))
      transcript.giveUp('z', 'cancelled')
      const entries = transcript.entries()
      const closed = entries.map((_entry, length) => {
        const { messages, repairs } = project(Transcript.from(entries.slice(0, length + 1)), target)
        expect(validate(messages, target), `after ${length}`).toEqual([])
        return repairs.filter(({ kind }) => kind === 'call_closed').map(({ call: id }) => id)
      })
      expect(closed.map((ids) => ids.length)).toEqual([0, 2, 1, 0, 0, 2, 2])
      expect(JSON.stringify(project(transcript, target).messages)).toContain(CLOSING_TEXTS.cancelled)
    },
  )

  it('R14: a second real result that differs is a conflict, and the first stays', () => {
    const transcript = new Transcript()
    transcript.add(answer([call('x')]))
    transcript.settle('x', 'first')
    expect(transcript.settle('x', 'second')).toMatchObject({ kind: 'conflict', text: expect.stringContaining('stays') })
    expect(JSON.stringify(project(transcript, 'openai-chat').messages)).toMatch(/first/)
    expect(JSON.stringify(project(transcript, 'openai-chat').messages)).not.toMatch(/second/)
  })

  it('R15: what is stored does not grow when a conversation is resumed and offered all over again', () => {
    const asking = answer([call('x'), call('y')], { id: 'msg_1', turn: 'a' })
    let transcript = new Transcript()
    transcript.add({ role: 'user', id: 'u1', content: 'go' })
    transcript.add(asking)
    transcript.settle('x', 'one')
    const stored = JSON.stringify(transcript)
    for (let resume = 0; resume < 5; resume += 1) {
      transcript = Transcript.from(JSON.parse(JSON.stringify(transcript)))
      project(transcript, 'anthropic')
      transcript.add({ role: 'user', id: 'u1', content: 'go' })
      transcript.add(asking)
      transcript.settle('x', 'one')
    }
    expect(JSON.stringify(transcript)).toBe(stored)
  })
})
