/**
 * What comes after the stop reason in a protocol without an event by which a message begins again: held back, and dropped if it repeats
 * what is there, else applied.
 */
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import type { Operation } from '../../src/operation.ts'
import {
  append,
  begin,
  close,
  fail,
  hard,
  list,
  open,
  patch,
  snapshot,
  soft,
  stop,
  usage,
} from '../support/operations.ts'
import { kindsOf, run, shown, types, type Run } from '../support/run.ts'

const say = (text: string): Operation => append('t', 'text', text)
const OPENS_AGAIN: Operation = { op: 'meta', choice: 0, opensAgain: true }
const grow = (more: JsonObject): Operation => ({ op: 'meta', choice: 0, append: more })
const UNNAMED = [open('c', 'tool_call', { name: 'f' }), append('c', 'tool_call', '{}')]
const STOP = [stop('end_turn'), soft]
const START = [begin('m'), say('It is '), say('sunny'), ...STOP]

const after = (...operations: Operation[]): Run =>
  run([...START, ...operations], { opensBlocks: false, recognisesReplay: 'after_stop' })

describe('content after the stop reason', () => {
  it.each<[string, Operation[]]>([
    ['a tail before the next stop', [say('sunny'), ...STOP]],
    ['the whole before the next stop', [say('It is sunny'), ...STOP]],
    ['the whole in other pieces', [say('It'), say(' is su'), say('nny'), ...STOP]],
    ['a tail before the end', [say('sunny')]],
    ['a tail before a hard terminal', [say('sunny'), hard]],
    ['a head, opened again, before the end', [OPENS_AGAIN, say('It is')]],
    ['a head, opened again, before a hard terminal', [OPENS_AGAIN, say('It is'), hard]],
    ['the whole, again and again', [say('It is sunny'), ...STOP, OPENS_AGAIN, say('It is sunny'), ...STOP]],
    ['a tail with a count in between', [say('sun'), usage(5), say('ny'), ...STOP]],
    ['a tail and its close', [say('sunny'), close('t')]],
    ['a tail with what is patched', [patch('t', 'text', {}), say('sunny'), ...STOP]],
  ])('I3: that is %s is dropped, and noted', (_, operations) => {
    const made = after(...operations)
    expect(made.message.content).toMatchObject([{ text: 'It is sunny' }])
    expect(shown(made.events)).toEqual(['It is ', 'sunny'])
    expect(kindsOf(made)).toContain('repeated_content')
    expect(kindsOf(made)).not.toContain('content_after_stop')
    expect(made.message.outcome.kind).toBe('complete')
  })

  it.each<[string, Operation[], string]>([
    ['goes on', [say(' and warm'), ...STOP], 'It is sunny and warm'],
    ['goes on before the end', [say(' and warm')], 'It is sunny and warm'],
    ['is a head that does not open again', [say('It is')], 'It is sunnyIt is'],
    ['is a head before a stop', [OPENS_AGAIN, say('It is'), ...STOP], 'It is sunnyIt is'],
    ['opens again only after it began', [say('It'), OPENS_AGAIN, say(' is')], 'It is sunnyIt is'],
    ['is neither tail nor head', [say('is sun'), ...STOP], 'It is sunnyis sun'],
    [
      'is a head beside a call, opened again, before the end',
      [OPENS_AGAIN, say('It is'), ...UNNAMED],
      'It is sunnyIt is',
    ],
    [
      'is a head beside a block that is new',
      [OPENS_AGAIN, say('It is'), append('new', 'refusal', 'no')],
      'It is sunnyIt is',
    ],
    ['is a tail beside an item of another kind', [say('sunny'), list('t', 'refusal', 'i')], 'It is sunnysunny'],
    ['is longer than what is there', [say('!It is sunny'), ...STOP], 'It is sunny!It is sunny'],
  ])('I4: that %s is added, in order', (_, operations, text) => {
    const made = after(...operations)
    expect(made.message.content[0]).toMatchObject({ text })
    expect(kindsOf(made)).toContain('content_after_stop')
    expect(kindsOf(made)).not.toContain('repeated_content')
  })

  it('I3: is judged block by block: each must be a tail of its own', () => {
    const two = (late: Operation[]): Run =>
      run([begin('m'), append('r', 'thinking', 'hm'), say('hello'), ...STOP, ...late, ...STOP], {
        opensBlocks: false,
        recognisesReplay: 'after_stop',
      })
    const repeated = two([append('r', 'thinking', 'hm'), say('lo')])
    expect(repeated.message.content).toMatchObject([{ text: 'hm' }, { text: 'hello' }])
    const mixed = two([append('r', 'thinking', 'hm'), say(' you')])
    expect(mixed.message.content).toMatchObject([{ text: 'hmhm' }, { text: 'hello you' }])
  })

  it('I4: that opens a block which was not there is no repeat', () => {
    const made = after(append('new', 'refusal', 'no'), say('sunny'), ...STOP)
    expect(made.message.content).toMatchObject([{ text: 'It is sunnysunny' }, { type: 'refusal', text: 'no' }])
  })

  const CALL = [open('c', 'tool_call', { id: 'x', name: 'f' }), append('c', 'tool_call', '{"a":1}')]
  const called = (...late: Operation[]): Run =>
    run([begin('m'), ...CALL, stop('tool_calls'), soft, ...late], {
      opensBlocks: false,
      recognisesReplay: 'after_stop',
    })

  it('I3: that is the same call again is one call, handed out once', () => {
    for (const late of [[...CALL, stop('tool_calls'), hard], [...CALL], [...CALL, hard]]) {
      const made = called(...late)
      expect(made.message.content).toMatchObject([{ id: 'x', arguments: '{"a":1}', state: 'complete' }])
      expect(types(made.events).filter((type) => type === 'tool_call')).toHaveLength(1)
      expect(kindsOf(made)).toContain('repeated_content')
    }
  })

  it('I4: that tells another id of a call, or a first field of the message, is no repeat', () => {
    expect(kindsOf(called(patch('c', 'tool_call', { id: 'y' }), CALL[1] ?? hard))).not.toContain('repeated_content')
    expect(after(OPENS_AGAIN, grow({ log: ['b'] })).message.wire).toEqual({ log: ['b'] })
  })

  it('reads another begin event, and what is odd, at once', () => {
    const other = after(begin('n'), say('new'), ...STOP)
    expect(other.message).toMatchObject({ id: 'n', content: [{ text: 'new' }] })
    const odd: Operation = { op: 'anomaly', choice: 0, kind: 'unknown_event' }
    expect(kindsOf(after(say('sunny'), odd)).slice(0, 1)).toEqual(['unknown_event'])
  })

  it('I4: that has another id, another name or another key is another call', () => {
    const other = [open('d', 'tool_call', { id: 'y', name: 'f' }), append('d', 'tool_call', '{"a":1}')]
    expect(called(...other, stop('tool_calls'), hard).message.content).toMatchObject([
      { id: 'x', state: 'complete' },
      { id: 'y', state: 'complete' },
    ])
    const renamed = [open('c', 'tool_call', { id: 'y', name: 'f' }), append('c', 'tool_call', '{"a":1}')]
    expect(called(...renamed, stop('tool_calls'), hard).message.content).toHaveLength(2)
  })

  const bare = (key: string, name: string, text: string): Operation[] => [
    open(key, 'tool_call', { name }),
    append(key, 'tool_call', text),
  ]
  const calls = [...bare('a', 'f', '{"a":1}'), ...bare('b', 'g', '{"b":2}')]
  const afterCalls = (...operations: Operation[]): Run =>
    run([begin('m'), say('hi'), ...calls, stop('tool_calls'), soft, ...operations, stop('tool_calls'), soft], {
      opensBlocks: false,
      recognisesReplay: 'after_stop',
    })

  it.each<[string, Operation[]]>([
    ['both', [...bare('c', 'f', '{"a":1}'), ...bare('d', 'g', '{"b":2}')]],
    ['the last', bare('c', 'g', '{"b":2}')],
    ['the last with the text before it', [append('t', 'text', 'i'), ...bare('c', 'g', '{"b":2}')]],
    ['the last in pieces', [...bare('c', 'g', '{"b"'), append('c', 'tool_call', ':2}')]],
    ['the last in its opening', [open('c', 'tool_call', { id: '', name: 'g' }, '{"b":2}'), close('c')]],
    ['the last as a final form', [snapshot('c', 'tool_call', '{"b":2}', 1, { id: null, name: 'g' })]],
    ['the last, named late', [append('c', 'tool_call', '{"b":2}'), patch('c', 'tool_call', { name: 'g' })]],
    ['the last, with a final form that says no more', [...bare('c', 'g', '{"b":2}'), patch('c', 'tool_call', {})]],
  ])('I3: that is %s of two calls without an id again is dropped', (_, operations) => {
    const made = afterCalls(...operations)
    expect(made.message.content).toMatchObject([{ text: 'hi' }, { name: 'f' }, { name: 'g' }])
    expect(types(made.events).filter((type) => type === 'tool_call')).toHaveLength(2)
    expect(kindsOf(made)).toContain('repeated_content')
    expect(kindsOf(made)).not.toContain('content_after_stop')
  })

  it.each<[string, Operation[]]>([
    ['the first alone', bare('c', 'f', '{"a":1}')],
    ['the last under another name', bare('c', 'f', '{"b":2}')],
    ['the last with other arguments', bare('c', 'g', '{"b":3}')],
    ['the last with an id', [open('c', 'tool_call', { id: 'x', name: 'g' }), append('c', 'tool_call', '{"b":2}')]],
    ['the last with other text', [append('t', 'text', 'x'), ...bare('c', 'g', '{"b":2}')]],
  ])('I4: that is %s of two calls without an id is another call', (_, operations) => {
    const made = afterCalls(...operations)
    expect(made.message.content).toHaveLength(4)
    expect(types(made.events).filter((type) => type === 'tool_call')).toHaveLength(3)
    expect(kindsOf(made)).toContain('content_after_stop')
  })

  it.each<[string, Operation[], number]>([
    ['in another order', [...bare('c', 'g', '{"b":2}'), ...bare('d', 'f', '{"a":1}')], 2],
    ['of which the first is another', [...bare('c', 'f', '{"a":2}'), ...bare('d', 'g', '{"b":2}')], 2],
    [
      'with one more before them',
      [...bare('c', 'f', '{}'), ...bare('d', 'f', '{"a":1}'), ...bare('e', 'g', '{"b":2}')],
      3,
    ],
  ])('I4: that is two calls without an id %s is as many calls more', (_, operations, more) => {
    expect(afterCalls(...operations).message.content).toHaveLength(3 + more)
  })

  it('I3: that is a call without an id again is dropped whatever came after that call', () => {
    const first = [...bare('a', 'f', '{"a":1}'), open('b', 'tool_call', { id: 'x', name: 'g' }), say('hi')]
    const made = run([begin('m'), ...first, stop('tool_calls'), soft, ...bare('c', 'f', '{"a":1}')], {
      opensBlocks: false,
      recognisesReplay: 'after_stop',
    })
    expect(made.message.content).toHaveLength(3)
    expect(kindsOf(made)).toContain('repeated_content')
  })

  it('I6: hands nothing out while it is not known whether the stop reason is the last', () => {
    const made = called(...CALL, stop('error'))
    expect(types(made.events)).not.toContain('tool_call')
  })

  it('takes over what a repeat tells of a block besides its text, which may be new', () => {
    const late: Operation = {
      op: 'patch',
      choice: 0,
      key: 't',
      kind: 'text',
      wire: { seen: 2 },
      append: { log: 'again' },
    }
    const made = after(late, say('sunny'), ...STOP)
    expect(made.message.content).toMatchObject([{ text: 'It is sunny', wire: { seen: 2 } }])
    expect(made.message.content[0]).not.toHaveProperty('wire.log')
  })

  it('I3: does not grow the message by lists that are sent again, and does by those that go on', () => {
    const first = [begin('m'), grow({ log: ['a'] }), say('hi'), ...STOP]
    const options = { opensBlocks: false, recognisesReplay: 'after_stop' } as const
    const repeated = run([...first, grow({ log: ['a'] }), say('hi'), ...STOP], options)
    expect(repeated.message.wire).toEqual({ log: ['a'] })
    const further = run([...first, grow({ log: ['b'] }), say(' you'), ...STOP], options)
    expect(further.message.wire).toEqual({ log: ['a', 'b'] })
  })

  it.each<[string, JsonObject, JsonObject, boolean]>([
    ['the end of a list', { log: ['a', 'b'] }, { log: ['b'] }, true],
    ['the end of a text', { log: 'ab' }, { log: 'b' }, true],
    ['the end of a list within an object', { deep: { log: ['a', 'b'], more: 'x' } }, { deep: { log: ['b'] } }, true],
    ['the ends of two', { log: ['a'], text: 'b' }, { log: ['a'], text: 'b' }, true],
    ['the beginning of a list', { log: ['a', 'b'] }, { log: ['a'] }, false],
    ['the beginning of a text', { log: 'ab' }, { log: 'a' }, false],
    ['the end of one of two', { log: ['a'], text: 'b' }, { log: ['a'], text: 'c' }, false],
    ['a list in the place of a text', { log: 'ab' }, { log: ['b'] }, false],
    ['a text in the place of a list', { log: ['a', 'b'] }, { log: 'b' }, false],
    ['an object that was not there', { log: ['a'] }, { deep: { log: ['a'] } }, false],
    ['a list in the place of an object', { deep: { log: ['a'] } }, { deep: ['a'] }, false],
    ['a list that was not there', { log: ['a'] }, { other: ['a'] }, false],
    ['a list with a name that every object has', { log: ['a'] }, { toString: ['a'] }, false],
  ])('I3: that is nothing but %s is dropped only if it is an end', (_, there, late, isRepeat) => {
    const options = { opensBlocks: false, recognisesReplay: 'after_stop' } as const
    const made = run([begin('m'), grow(there), say('hi'), ...STOP, grow(late), ...STOP], options)
    expect(kindsOf(made).includes('repeated_content')).toBe(isRepeat)
    const grown = run([begin('m'), grow(there), grow(late)]).message.wire
    expect(made.message.wire).toEqual(isRepeat ? there : grown)
  })

  it('I3: compares citations too, from the end or from the beginning', () => {
    const options = { opensBlocks: false, recognisesReplay: 'after_stop' } as const
    const cited = (item: string): Operation => list('t', 'text', item)
    const first = [begin('m'), say('hi'), cited('a'), cited('b'), ...STOP]
    const citations = (...late: Operation[]): unknown =>
      run([...first, ...late, ...STOP], options).message.content.map((block) =>
        block.type === 'text' ? block.citations : [],
      )
    expect(citations(say('hi'), cited('a'), cited('b'))).toEqual([['a', 'b']])
    expect(citations(cited('b'))).toEqual([['a', 'b']])
    expect(citations(say('hi'), cited('c'))).toEqual([['a', 'b', 'c']])
    expect(citations(cited('a'))).toEqual([['a', 'b', 'a']])
    expect(kindsOf(run([...first, list('t', 'refusal', 'b'), ...STOP], options))).not.toContain('repeated_content')
  })

  it('reads counts and errors at once', () => {
    const counted = run([...START, say('x'), usage(7)], { opensBlocks: false, recognisesReplay: 'after_stop' })
    expect(counted.steps[START.length + 1]).toMatchObject([{ type: 'usage' }])
    const failed = after(say(' and warm'), fail)
    expect(failed.message).toMatchObject({ outcome: { kind: 'failed' }, content: [{ text: 'It is sunny and warm' }] })
  })

  it('I10: counts what is held', () => {
    const made = run([...START, ...Array.from({ length: 100 }, () => say('x'.repeat(100)))], {
      opensBlocks: false,
      recognisesReplay: 'after_stop',
      limits: { messageLength: 1000 },
    })
    expect(made.message.outcome).toMatchObject({ kind: 'failed', error: { class: 'limit' } })
    expect(JSON.stringify(made.message).length).toBeLessThan(3000)
  })

  it('I10: is counted once, also if it was held before it is added', () => {
    const options = { opensBlocks: false, recognisesReplay: 'after_stop', limits: { messageLength: 60 } } as const
    const { message } = run([...START, say('x'.repeat(40)), ...STOP, say('y'), ...STOP], options)
    expect(message.outcome.kind).toBe('complete')
  })

  it('is added at once where a message that begins again has an event for that', () => {
    const made = run([...START, say('sunny'), ...STOP], { opensBlocks: false })
    expect(made.message.content).toMatchObject([{ text: 'It is sunnysunny' }])
    expect(kindsOf(made)).toContain('content_after_stop')
  })
})
