/** The rules that agent streams need: messages whose id comes at their end, a stream that was given up, JSON that was written anew. */
import { describe, expect, it } from 'vitest'
import type { Operation } from '../../src/operation.ts'
import { append, begin, close, hard, meta, open, stop } from '../support/operations.ts'
import { kindsOf, run } from '../support/run.ts'

const END = [stop('tool_calls'), hard]

describe('a source of many', () => {
  it('I4: gives a message that says no id at its beginning, after one whose id came at its end', () => {
    const step = (id: string): Operation[] => [
      begin(),
      open('0', 'text'),
      append('0', 'text', id),
      meta({ id }),
      ...END,
    ]
    const { messages } = run([...step('a'), ...step('b')], { many: true })
    expect(messages.map(({ id }) => id)).toEqual(['a', 'b'])
    expect(messages.map(({ outcome }) => outcome.kind)).toEqual(['complete', 'complete'])
  })
})

describe('a stream that whoever runs it gave up', () => {
  const abort: Operation = {
    op: 'fail',
    choice: 'all',
    isAbort: true,
    error: { class: 'unknown', retryable: false, message: 'enough' },
  }
  it('I5: is aborted, not failed, with what came', () => {
    const { message } = run([begin('m'), open('0', 'text'), append('0', 'text', 'a'), abort])
    expect(message.outcome).toEqual({ kind: 'aborted', by: 'caller', reason: 'enough' })
    expect(message.content).toMatchObject([{ type: 'text', text: 'a' }])
  })

  it('I5: is failed if it had failed otherwise before', () => {
    const error = { class: 'overloaded', retryable: true, message: 'no' } as const
    expect(run([begin('m'), { op: 'fail', choice: 0, error }, abort]).message.outcome).toEqual({
      kind: 'failed',
      error,
    })
  })
})

describe('the final form of a call that is JSON written anew', () => {
  const final = (text: string, isRewritten?: true): Operation => ({
    op: 'snapshot',
    choice: 0,
    key: '0',
    kind: 'tool_call',
    rank: 1,
    text,
    closes: true,
    ...(isRewritten === undefined ? {} : { isRewritten }),
  })
  const streamed: Operation[] = [
    begin('m'),
    { op: 'open', choice: 0, key: '0', kind: 'tool_call', fields: { id: 'c', name: 'f' } },
    append('0', 'tool_call', '{ "a": 1 }'),
  ]

  it('I7: leaves the arguments as they came if it means the same, and replaces them if not', () => {
    const same = run([...streamed, final('{"a":1}', true), ...END])
    expect(same.message.content).toMatchObject([{ arguments: '{ "a": 1 }', input: { a: 1 } }])
    expect(kindsOf(same)).toEqual([])
    const other = run([...streamed, final('{"a":2}', true), ...END])
    expect(other.message.content).toMatchObject([{ arguments: '{"a":2}', input: { a: 2 } }])
    expect(kindsOf(other)).toEqual(['snapshot_differs'])
  })

  it('I7: replaces them where nobody says that it was written anew', () => {
    expect(run([...streamed, final('{"a":1}'), ...END]).message.content).toMatchObject([{ arguments: '{"a":1}' }])
  })

  it('I3: is no contradiction when all of it is sent again', () => {
    const again = run([...streamed, final('{"a":1}', true), ...streamed, final('{"a":1}', true), close('0'), ...END])
    expect(again.message.content).toMatchObject([{ arguments: '{ "a": 1 }', state: 'complete' }])
    expect(kindsOf(again)).toEqual(['repeated_begin', 'repeated_close'])
  })
})
