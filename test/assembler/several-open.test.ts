/** A source of many messages of which several are open at once, each as a choice of its own that is used again. */
import { describe, expect, it } from 'vitest'
import type { BeginOperation, Operation } from '../../src/operation.ts'
import { append, begin, open, snapshot, stop } from '../support/operations.ts'
import { kindsOf, run, shown } from '../support/run.ts'

const many = { many: true }
const next = (choice: number, id?: string): BeginOperation => ({
  op: 'begin',
  choice,
  isNext: true,
  ...(id === undefined ? {} : { id }),
})
const end = (choice: number, fields: { isInner?: true } = {}): Operation => ({
  op: 'terminal',
  choice,
  strength: 'hard',
  ...fields,
})
const text = (choice: number, said: string): Operation[] => [
  { op: 'open', choice, key: '0', kind: 'text' },
  { op: 'append', choice, key: '0', kind: 'text', text: said },
]
const said = ({ messages }: ReturnType<typeof run>): [string, string][] =>
  messages.map(({ key, content }) => [
    key,
    content.map((block) => ('text' in block ? block.text : block.type)).join(''),
  ])

describe('several messages that are open at once', () => {
  it('stand in the order in which they began, in whatever order they end', () => {
    const made = run(
      [next(0), ...text(0, 'a'), next(1), ...text(1, 'b'), next(2), end(2), end(1), ...text(0, 'A'), end(0)],
      many,
    )
    expect(said(made).map(([key]) => key)).toEqual(['t/0', 't/1', 't/2'])
    expect(made.events.flatMap((event) => (event.type === 'message' ? [event.message] : []))).toEqual([
      't/2',
      't/1',
      't/0',
    ])
  })

  it('keep their pieces apart', () => {
    const made = run(
      [next(0), ...text(0, 'a'), next(1), ...text(1, 'b'), { ...append('0', 'text', 'A'), choice: 0 }, end(1), end(0)],
      many,
    )
    expect(said(made)).toEqual([
      ['t/0', 'aA'],
      ['t/1', 'b'],
    ])
  })

  it('may be of one choice one after the other, with any id or none, where the dialect knows that it is another one', () => {
    const made = run(
      [next(0, 'm'), ...text(0, 'a'), end(0), next(0), ...text(0, 'b'), end(0), next(0, 'm'), ...text(0, 'c'), end(0)],
      many,
    )
    expect(said(made)).toEqual([
      ['t/0', 'a'],
      ['t/1', 'b'],
      ['t/2', 'c'],
    ])
    expect(made.messages.map(({ idSource }) => idSource)).toEqual(['wire', 'minted', 'wire'])
  })

  it('and are the same message where it does not know, under the same id', () => {
    expect(said(run([begin('m'), ...text(0, 'a'), end(0), begin('m'), ...text(0, 'b'), end(0)], many))).toEqual([
      ['t/0', 'a'],
    ])
    expect(said(run([begin('m'), ...text(0, 'a'), end(0), begin(), ...text(0, 'b'), end(0)], many))).toEqual([
      ['t/0', 'a'],
      ['t/1', 'b'],
    ])
  })

  it('are one too many by the same count', () => {
    const made = run([next(0), end(0), next(0), end(0), next(0), ...text(0, 'c')], { ...many, limits: { messages: 2 } })
    expect(made.messages.map(({ outcome }) => outcome.kind)).toEqual(['complete', 'complete', 'failed'])
  })

  it('a source of one gives the first alone', () => {
    const made = run([next(0), ...text(0, 'a'), end(0), next(0, 'n'), ...text(0, 'b'), end(0)])
    expect(said(made)).toEqual([['t/0', 'a']])
  })
})

describe('a message within a turn', () => {
  it('has no stop reason, and that is not odd', () => {
    expect(kindsOf(run([next(0), ...text(0, 'a'), end(0, { isInner: true })], many))).toEqual([])
    expect(kindsOf(run([next(0), ...text(0, 'a'), end(0)], many))).toEqual(['missing_stop'])
    expect(run([next(0), ...text(0, 'a'), end(0, { isInner: true })], many).message.outcome).toEqual({
      kind: 'complete',
    })
  })

  it('keeps the one that it was told', () => {
    const made = run([next(0), ...text(0, 'a'), stop('end_turn'), end(0, { isInner: true })], many)
    expect(made.message.stop.reason).toBe('end_turn')
  })
})

describe('a block that is sent whole each time', () => {
  it('is replaced without an anomaly', () => {
    const renewed = (whole: string): Operation => ({
      ...snapshot('0', 'tool_call', whole),
      op: 'snapshot',
      kind: 'tool_call',
      rank: 2,
      isRenewed: true,
    })
    const made = run([
      begin('m'),
      open('0', 'tool_call', { id: 'x', name: 'f' }),
      renewed('{"a":1}'),
      renewed('{"b":2}'),
      renewed('{"b":2}'),
      stop('end_turn'),
      end(0),
    ])
    expect(made.message.content).toMatchObject([{ input: { b: 2 } }])
    expect(shown(made.events)).toEqual(['{"a":1}', '→ {"b":2}'])
    expect(kindsOf(made)).toEqual([])
  })
})

describe('a result', () => {
  const result = { choice: 0, key: 'r', kind: 'tool_result' } as const
  it('may come item by item, and as a whole in place of its items', () => {
    const item = (value: string): Operation => ({ op: 'list', ...result, item: value })
    const whole = (...items: string[]): Operation => ({ op: 'snapshot', ...result, rank: 1, items })
    const contentOf = (...operations: Operation[]): unknown =>
      run([begin('m'), open('r', 'tool_result', { callId: 'x' }), ...operations, stop('end_turn'), end(0)]).message
        .content[0]
    expect(contentOf(item('a'), item('b'))).toMatchObject({ content: ['a', 'b'] })
    expect(contentOf(item('a'), whole('c'), item('d'))).toMatchObject({ content: ['c', 'd'] })
    expect(contentOf({ op: 'patch', ...result, fields: { content: { x: 1 } } })).toMatchObject({ content: { x: 1 } })
    expect(contentOf({ op: 'patch', ...result, fields: { content: { x: 1 } } }, item('a'))).toMatchObject({
      content: ['a'],
    })
    expect(contentOf()).not.toHaveProperty('content')
  })
})
