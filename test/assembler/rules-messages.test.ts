/** The rules of messages, of several choices and of what comes after the stop reason that no other test would miss. */
import { describe, expect, it } from 'vitest'
import { Assembler } from '../../src/assembler/assembler.ts'
import type { AssistantMessage } from '../../src/message.ts'
import type { Operation, SnapshotOperation } from '../../src/operation.ts'
import {
  append,
  begin,
  call,
  close,
  fail,
  hard,
  list,
  meta,
  open,
  optionsOf,
  patch,
  soft,
  stop,
} from '../support/operations.ts'
import { kindsOf, run, shown, types, type Run } from '../support/run.ts'

const M = begin('m')
const END = [stop('end_turn'), hard]
const text = (key: string, said: string): Operation[] => [open(key, 'text'), append(key, 'text', said), close(key)]
const texts = ({ content }: AssistantMessage): (string | undefined)[] =>
  content.map((block) => ('text' in block ? block.text : block.type))

describe('a message', () => {
  it('I3: that content began is the same when its begin event comes twice, and it is sent again', () => {
    const made = run([open('0', 'text'), append('0', 'text', 'ab'), M, M, ...text('0', 'ab'), ...END])
    expect(texts(made.message)).toEqual(['ab'])
    expect(kindsOf(made)).toEqual(['missing_begin', 'repeated_begin'])
  })

  it('I3: that is sent again is compared with nothing where that was asked for', () => {
    const made = run([M, ...text('0', 'ab'), M, ...text('0', 'ab'), ...END], { identity: 'strict' })
    expect(texts(made.message)).toEqual(['ab', 'ab'])
  })

  it('is at its end only when all choices are, and never before it began, nor where many follow', () => {
    const states = (many: boolean): boolean[] => {
      const assembler = new Assembler(optionsOf({ many }))
      return [begin('a', 0), begin('b', 1), { ...soft, choice: 0 }, fail0, { ...hard, choice: 1 }].map((operation) => {
        const before = assembler.isTerminal
        assembler.receive({ operations: [operation] })
        return before || assembler.isTerminal
      })
    }
    const fail0: Operation = { ...hard, choice: 0 }
    expect(states(false)).toEqual([false, false, false, false, true])
    expect(states(true)).toEqual([false, false, false, false, false])
  })

  it('I4: counts an event that comes late once, and none of another choice that comes after it', () => {
    const assembler = new Assembler(optionsOf())
    const of = (choice: number) =>
      [append('0', 'text', 'a'), append('0', 'text', 'b')].map((one) => ({ ...one, choice }))
    for (const operation of [begin('a', 0), begin('b', 1), { ...hard, choice: 0 }]) {
      assembler.receive({ operations: [operation] })
    }
    expect(assembler.hasLateEvents).toBe(false)
    for (const operations of [of(0), of(1), of(1)]) assembler.receive({ operations })
    expect(assembler.hasLateEvents).toBe(true)
    expect(assembler.anomalies).toEqual([{ kind: 'late_event', count: 1 }])
  })

  it('is shown while it streams in the order of the choices, and not once it is final', () => {
    const keysOf = (many: boolean, ...operations: Operation[]): string[] => {
      const assembler = new Assembler(optionsOf({ many }))
      for (const operation of operations) assembler.receive({ operations: [operation] })
      return assembler.snapshots().map(({ key }) => key)
    }
    expect(keysOf(false, begin('b', 1), begin('a', 0))).toEqual(['t/0', 't/1'])
    expect(keysOf(true, begin('a', 0), hard)).toEqual([])
  })

  it('I4: that its first fields or its first block began has them once, and has none of a block', () => {
    const grown: Operation = { op: 'meta', choice: 0, append: { log: ['a'] } }
    expect(run([grown, ...END]).message.wire).toEqual({ log: ['a'] })
    const block: Operation = { op: 'open', choice: 0, key: '0', kind: 'text', wire: { note: 1 } }
    expect(run([block, close('0'), ...END]).message).toMatchObject({ wire: {}, content: [{ wire: { note: 1 } }] })
    expect(run([block, close('0'), ...END]).message.wire).toEqual({})
  })

  it('I4: that gets its id late has changed none', () => {
    const made = run([begin(), meta({ id: 'm' }), ...END])
    expect([made.message.id, kindsOf(made)]).toEqual(['m', []])
  })

  it('is shown before anything came of it under the key that it will have', () => {
    const assembler = new Assembler(optionsOf())
    const before = assembler.snapshot()
    assembler.receive({ operations: [M] })
    expect(before).toMatchObject({ key: 't/0', id: 't/0', idSource: 'minted', content: [] })
    expect(assembler.snapshot().key).toBe(before.key)
  })

  it('tells what came from the provider with the events that it caused, and not with the last', () => {
    const assembler = new Assembler(optionsOf())
    const caused = assembler.receive({ operations: [M] }, { type: 'message_start' })
    expect(caused.map(({ raw }) => raw)).toEqual([{ type: 'message_start' }])
    expect(assembler.end({ kind: 'complete' }).map(({ raw }) => raw)).toEqual([undefined])
  })
})

describe('content after the stop reason, where that may be a repeat', () => {
  const say = (said: string): Operation => append('t', 'text', said)
  const again: Operation = { op: 'meta', choice: 0, opensAgain: true }
  const STOP = [stop('end_turn'), soft]
  const START = [M, append('r', 'thinking', 'hm'), say('It is '), say('sunny'), ...STOP]
  const whole = (said: string): SnapshotOperation => ({
    op: 'snapshot',
    choice: 0,
    key: 't',
    kind: 'text',
    rank: 0,
    text: said,
  })
  const options = { opensBlocks: false, recognisesReplay: 'after_stop' } as const
  const after = (...operations: Operation[]): Run => run([...START, ...operations], options)
  const textOf = ({ message }: Run): string => texts(message).slice(1).join('|')

  it('I10: is bounded while it is held', () => {
    const assembler = new Assembler(optionsOf({ ...options, limits: { messageLength: 100 } }))
    for (const operation of START) assembler.receive({ operations: [operation] })
    for (let i = 0; i < 10; i++) assembler.receive({ operations: [say('x'.repeat(20))] })
    expect(assembler.isTerminal).toBe(true)
  })

  it('I10: is not taken any more if it was too long', () => {
    const log: Operation = { op: 'meta', choice: 0, append: { log: ['x'.repeat(200)] } }
    const { message } = run([...START, log], { ...options, limits: { messageLength: 100 } })
    expect(message).toMatchObject({ outcome: { kind: 'failed', error: { class: 'limit' } } })
    expect(message.wire).toEqual({})
  })

  it('I4: is not what is said of the message: that counts at once', () => {
    const assembler = new Assembler(optionsOf(options))
    for (const operation of [...START, meta({ model: 'late' })]) assembler.receive({ operations: [operation] })
    expect(assembler.snapshot().model).toBe('late')
  })

  it('I4: is no repeat if it says nothing', () => {
    const made = after(patch('t', 'text', {}), ...STOP)
    expect(kindsOf(made)).not.toContain('repeated_content')
  })

  it.each<[string, Operation[], string]>([
    ['opened again before another stop', [again, say('sunny'), ...STOP, say('It is')], 'It is sunnyIt is'],
    ['is the head of one block alone', [again, append('r', 'thinking', 'x'), say('It is')], 'It is sunnyIt is'],
    ['is the head of the items alone', [again, say('is'), list('t', 'text', 'i')], 'It is sunnyis'],
    ['has another final form', [whole('It is sunny and warm')], 'It is sunny and warm'],
    ['has another final form beside its tail', [say('sunny'), whole('It is sunny and warm')], 'It is sunnysunny'],
  ])('I4: that %s is added', (_, operations, said) => {
    const made = run([...START.slice(0, -2), list('t', 'text', 'i'), ...STOP, ...operations], options)
    expect(textOf(made)).toBe(said)
    expect(kindsOf(made)).toContain('content_after_stop')
  })

  it('I4: that is a head, but of other items, is added', () => {
    const cited = [...START.slice(0, -2), list('t', 'text', 'i'), list('t', 'text', 'j'), ...STOP]
    const made = run([...cited, again, say('It is'), list('t', 'text', 'j')], options)
    expect(textOf(made)).toBe('It is sunnyIt is')
  })

  it('I4: of another kind gets a block of its own, also if it says what is there', () => {
    const made = after(append('t', 'refusal', 'sunny'), ...STOP)
    expect(texts(made.message)).toEqual(['hm', 'It is sunny', 'sunny'])
    const form = after(say('sunny'), { ...whole('It is sunny'), kind: 'refusal' }, ...STOP)
    expect(texts(form.message)).toEqual(['hm', 'It is sunnysunny', 'It is sunny'])
  })

  it('I3: is a repeat also if it says so with a final form, or with an opening', () => {
    const form = after(say('sunny'), whole('It is sunny'), ...STOP)
    expect(textOf(form)).toBe('It is sunny')
    expect(kindsOf(form)).toContain('repeated_content')
    const opened = after(open('t', 'text', {}, 'sunny'), ...STOP)
    expect(textOf(opened)).toBe('It is sunny')
    expect(kindsOf(opened)).toContain('repeated_content')
  })

  it('I3: is compared with all of it, however long', () => {
    const long = Array.from({ length: 6000 }, (_, at) => at.toString(36)).join('')
    const started = [M, say(long), ...STOP]
    const textAfter = (said: string): string => texts(run([...started, say(said), ...STOP], options).message).join('|')
    expect(textAfter(long.slice(-5000))).toBe(long)
    expect(textAfter(`!${long.slice(-5000)}`)).toBe(`${long}!${long.slice(-5000)}`)
  })

  it('I3: is compared with what has come since', () => {
    const more = after(say(' x'), ...STOP, say(' x'), ...STOP)
    expect(textOf(more)).toBe('It is sunny x')
    const form = after(say('sunny'), ...STOP, whole('It is sunny x'), ...STOP, say(' x'), ...STOP)
    expect(textOf(form)).toBe('It is sunny x')
  })

  it('I6: is given up by an error, and counts before it', () => {
    const made = after(say(' and'), fail)
    expect([textOf(made), made.message.outcome.kind]).toEqual(['It is sunny and', 'failed'])
    expect(shown(made.events).at(-1)).toBe(' and')
  })

  it('I2: that is a call without an id is the last that there is without one, whatever its key', () => {
    const told = (key: string, name = 'f', id?: string): Operation[] => [
      patch(key, 'tool_call', { name, ...(id === undefined ? {} : { id }) }),
      append(key, 'tool_call', '{"a":1}'),
    ]
    const stopped = [stop('tool_calls'), soft]
    const form: Operation = {
      ...whole('{"a":1}'),
      kind: 'tool_call',
      key: 'd',
      fields: { name: 'f' },
    }
    const namesAfter = (first: Operation[], late: Operation[]): (string | undefined)[] =>
      run([M, ...first, ...stopped, ...late, ...stopped], options).message.content.map((block) =>
        block.type === 'tool_call' ? block.name : block.type,
      )
    expect(namesAfter(told('c'), told('d'))).toEqual(['f'])
    expect(namesAfter(told('c'), [form])).toEqual(['f'])
    expect(namesAfter(told('c'), told('d', 'f', 'y'))).toEqual(['f', 'f'])
    expect(namesAfter(told('c', 'f', 'x'), told('d'))).toEqual(['f', 'f'])
    expect(namesAfter([...told('c'), ...told('e', 'g')], told('d'))).toEqual(['f', 'g', 'f'])
  })

  it('I4: that is a head, but with another call, is added', () => {
    const late = [again, say('It is'), patch('d', 'tool_call', { name: 'g' }), append('d', 'tool_call', '{}')]
    const made = run([...START, ...late], options)
    expect(textOf(made)).toBe('It is sunnyIt is|tool_call')
  })

  it('I3: that is the end of a text of the message itself is a repeat of it', () => {
    const grow = (note: string): Operation => ({ op: 'meta', choice: 0, append: { note } })
    const noteAfter = (note: string): unknown =>
      run([M, grow('ab'), say('hi'), ...STOP, grow(note), ...STOP], options).message.wire['note']
    expect([noteAfter('b'), noteAfter('c')]).toEqual(['ab', 'abc'])
  })

  it('I2: that is a call is handed out once', () => {
    const made = run(
      [M, ...call('c', 'x', 'f', '{}'), stop('tool_calls'), soft, ...call('c', 'x', 'f', '{}'), ...STOP],
      options,
    )
    expect(types(made.events).filter((type) => type === 'tool_call')).toHaveLength(1)
  })
})
