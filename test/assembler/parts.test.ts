/** Thinking in parts: several summaries, or the full reasoning, each with deltas and a final form of its own; the text is all of them. */
import { describe, expect, it } from 'vitest'
import type { Operation, PartName } from '../../src/operation.ts'
import { expectLiveEqualsFinal } from '../support/naive-reader.ts'
import { append, begin, close, hard, open, partsWhole, snapshot, stop, summary } from '../support/operations.ts'
import { kindsOf, run, shown, types } from '../support/run.ts'

const OPEN = [begin('m'), open('0', 'thinking')]
const END = [stop('end_turn'), hard]
const full: PartName = { kind: 'full', index: 0 }
const say = (text: string, part: PartName): Operation => append('0', 'thinking', text, part)

describe('the parts of thinking', () => {
  it('stand in the text with a blank line between them', () => {
    const made = run([
      ...OPEN,
      say('one ', summary(0)),
      say('more', summary(0)),
      say('two', summary(1)),
      close('0'),
      ...END,
    ])
    expect(made.message.content).toMatchObject([
      {
        text: 'one more\n\ntwo',
        parts: [
          { kind: 'summary', text: 'one more' },
          { kind: 'summary', text: 'two' },
        ],
      },
    ])
    expect(shown(made.events)).toEqual(['one ', 'more', '\n\ntwo'])
    expectLiveEqualsFinal(made.events, made.message)
  })

  it('are told apart by their kind and their number', () => {
    const made = run([...OPEN, say('in short', summary(0)), say('at length', full), ...END])
    expect(made.message.content).toMatchObject([
      {
        text: 'in short\n\nat length',
        parts: [
          { kind: 'summary', text: 'in short' },
          { kind: 'full', text: 'at length' },
        ],
      },
    ])
  })

  it('that are empty take no line', () => {
    const parts = [say('', summary(0)), say('one', summary(1)), say('', summary(2)), say('two', summary(3))]
    const made = run([...OPEN, ...parts, close('0'), ...END])
    expect(made.message.content).toMatchObject([{ text: 'one\n\ntwo', parts: { length: 4 } }])
    expect(shown(made.events)).toEqual(['one', '\n\ntwo'])
    const late = run([...OPEN, ...parts, say(' more', summary(1)), close('0'), ...END])
    expect(late.message.content).toMatchObject([{ text: 'one more\n\ntwo' }])
  })

  it('may go on after a later one has begun: a reader is told once, at the end of the block', () => {
    const made = run([
      ...OPEN,
      say('one', summary(0)),
      say('two', summary(1)),
      say(' more', summary(0)),
      say(' and more', summary(0)),
      close('0'),
      ...END,
    ])
    expect(made.message.content).toMatchObject([{ text: 'one more and more\n\ntwo' }])
    expect(shown(made.events)).toEqual(['one', '\n\ntwo', '→ one more and more\n\ntwo'])
    expect(made.message.anomalies).toEqual([])
    expectLiveEqualsFinal(made.events, made.message)
  })

  it('may go on so also if nothing closes the block', () => {
    const made = run([...OPEN, say('one', summary(0)), say('two', summary(1)), say(' more', summary(0))])
    expect(made.message.content).toMatchObject([{ text: 'one more\n\ntwo' }])
    expectLiveEqualsFinal(made.events, made.message)
  })

  it('have a final form each, which goes on with what streamed or stands for all of it', () => {
    const made = run([
      ...OPEN,
      say('one', summary(0)),
      partsWhole('0', [[summary(0), 'one more']]),
      partsWhole('0', [[summary(1), 'two']]),
      close('0'),
      ...END,
    ])
    expect(made.message.content).toMatchObject([{ text: 'one more\n\ntwo' }])
    expect(shown(made.events)).toEqual(['one', ' more', '\n\ntwo'])
    expect(made.message.anomalies).toEqual([])
  })

  it('are replaced one by one where a final form differs', () => {
    const made = run([
      ...OPEN,
      say('one', summary(0)),
      say('two', summary(1)),
      partsWhole('0', [
        [summary(0), 'uno'],
        [summary(1), 'two'],
      ]),
      close('0'),
      ...END,
    ])
    expect(made.message.content).toMatchObject([{ text: 'uno\n\ntwo', parts: [{ text: 'uno' }, { text: 'two' }] }])
    expect(kindsOf(made)).toEqual(['snapshot_differs'])
    expect(made.message.anomalies).toMatchObject([{ value: 'one' }])
    expectLiveEqualsFinal(made.events, made.message)
  })

  it('are not taken back by a final form of lower rank, nor by one that is empty', () => {
    const made = run([
      ...OPEN,
      partsWhole('0', [[summary(0), 'high']], 3),
      partsWhole('0', [[summary(0), 'low']], 1),
      partsWhole('0', [[summary(0), 'high and low']], 1),
      partsWhole('0', [[summary(0), 'middle']], 2),
      partsWhole('0', [[summary(0), '']], 3),
      ...END,
    ])
    expect(made.message.content).toMatchObject([{ text: 'high' }])
    expect(made.message.anomalies).toEqual([])
  })

  const streamed = [say('one', summary(0)), partsWhole('0', [[summary(0), 'one']]), say('two', summary(1))]

  it('I3: are the same when the message is sent again, in other pieces and with final forms in between', () => {
    const again = [
      begin('m'),
      open('0', 'thinking'),
      say('o', summary(0)),
      say('ne', summary(0)),
      partsWhole('0', [[summary(0), 'one']]),
      say('tw', summary(1)),
      say('o and on', summary(1)),
      say('three', summary(2)),
    ]
    const made = run([...OPEN, ...streamed, ...again, close('0'), ...END])
    expect(made.message).toMatchObject({ attempt: 1, content: [{ text: 'one\n\ntwo and on\n\nthree' }] })
    expect(shown(made.events)).toEqual(['one', '\n\ntwo', ' and on', '\n\nthree'])
    expect(kindsOf(made)).toEqual(['repeated_begin'])
  })

  it('I3: are the same when all of it is sent again after its end', () => {
    const whole = [...OPEN, ...streamed, close('0')]
    const made = run([...whole, ...whole, ...END])
    expect(made.message).toMatchObject({ attempt: 1, content: [{ text: 'one\n\ntwo' }] })
    expect(types(made.events)).not.toContain('reset')
  })

  it('I3: take no line if they are empty, in what is sent again and in what is kept of it', () => {
    const sent = [open('0', 'thinking'), say('a', summary(0)), say('', summary(1)), say('b', summary(2)), close('0')]
    const forms = partsWhole('0', [
      [summary(0), 'a'],
      [summary(1), ''],
    ])
    const again = [begin('m'), open('0', 'thinking'), forms, say('b', summary(2)), close('0')]
    const same = run([begin('m'), ...sent, ...again, ...END])
    expect(same.message).toMatchObject({ attempt: 1, content: [{ text: 'a\n\nb' }] })
    const other = (text: string): Operation[] => [open('1', 'text', {}, text), close('1')]
    const first = [begin('m'), ...sent, ...other('sunny'), begin('m'), ...sent.slice(0, -1)]
    for (const rest of [
      [close('0'), ...other('rainy')],
      [...other('rainy'), close('0')],
    ]) {
      expect(run([...first, ...rest, ...END]).message).toMatchObject({
        attempt: 2,
        content: [{ text: 'a\n\nb', parts: [{ text: 'a' }, { text: '' }, { text: 'b' }] }, { text: 'rainy' }],
      })
    }
  })

  it('I3: are the new ones alone when one of them is another', () => {
    const again = [begin('m'), open('0', 'thinking'), say('one', summary(0)), say('deux', summary(1))]
    const made = run([...OPEN, ...streamed, close('0'), ...again, close('0'), ...END])
    expect(made.message.content).toMatchObject([
      {
        text: 'one\n\ndeux',
        parts: [
          { kind: 'summary', text: 'one' },
          { kind: 'summary', text: 'deux' },
        ],
      },
    ])
    expect(types(made.events).filter((type) => type === 'reset')).toHaveLength(1)
    expectLiveEqualsFinal(made.events, made.message)
  })

  it('I3: are only those that were sent again when another block is generated anew', () => {
    const other = (text: string): Operation[] => [open('1', 'text', {}, text), close('1')]
    const again = [begin('m'), open('0', 'thinking'), say('o', summary(0)), ...other('rainy'), say('ne', summary(0))]
    const made = run([...OPEN, ...streamed, close('0'), ...other('sunny'), ...again, close('0'), ...END])
    expect(made.message.content).toMatchObject([
      { text: 'one', parts: [{ kind: 'summary', text: 'one' }] },
      { text: 'rainy' },
    ])
    expect(made.message.content[0]).toHaveProperty('parts.length', 1)
    expectLiveEqualsFinal(made.events, made.message)
  })
})

describe('a final form', () => {
  it('closes its block once, if it says so, however often it comes', () => {
    const whole: Operation = { op: 'snapshot', choice: 0, key: '0', kind: 'text', rank: 2, text: 'a', closes: true }
    const made = run([begin('m'), whole, whole, close('0'), ...END])
    expect(types(made.events).filter((type) => type === 'block_stop')).toHaveLength(1)
    expect(made.message.content).toMatchObject([{ text: 'a' }])
    expect(kindsOf(made)).toEqual(['repeated_close'])
  })

  it('of rank 0 fills in what is missing, and takes nothing away', () => {
    const filled = run([begin('m'), snapshot('0', 'text', 'a', 0), snapshot('0', 'text', 'ab', 0), ...END])
    expect(filled.message.content).toMatchObject([{ text: 'ab' }])
    expect(shown(filled.events)).toEqual(['a', 'b'])
    const kept = run([...OPEN.slice(0, 1), append('0', 'text', 'ab'), snapshot('0', 'text', 'a', 0), ...END])
    expect(kept.message.content).toMatchObject([{ text: 'ab' }])
    const refused = run([begin('m'), open('0', 'text', {}, 'ab'), snapshot('0', 'text', 'other', 0), ...END])
    expect(refused.message.content).toMatchObject([{ text: 'ab' }])
    expect(refused.message.anomalies).toEqual([{ kind: 'snapshot_refused', value: 'other', block: 0 }])
  })

  it('I6: closes a call, which is handed out once', () => {
    const whole: Operation = {
      op: 'snapshot',
      choice: 0,
      key: '0',
      kind: 'tool_call',
      rank: 2,
      text: '{"a":1}',
      fields: { id: 'x', name: 'f' },
      closes: true,
    }
    const made = run([begin('m'), whole, stop('tool_calls'), whole, hard])
    expect(types(made.events).filter((type) => type === 'tool_call')).toHaveLength(1)
    expect(made.message.content).toMatchObject([{ state: 'complete', input: { a: 1 } }])
    const cut = run([begin('m'), whole])
    expect(types(cut.events)).not.toContain('tool_call')
    expect(cut.message.content).toMatchObject([{ state: 'complete' }])
  })
})
