/** The rules of blocks, and of what becomes of them in a replay, that no other test would miss: each was switched off alone. */
import { describe, expect, it } from 'vitest'
import { Assembler } from '../../src/assembler/assembler.ts'
import type { AssistantMessage } from '../../src/message.ts'
import type { BlockOperation, Operation } from '../../src/operation.ts'
import { expectLiveEqualsFinal } from '../support/naive-reader.ts'
import {
  append,
  begin,
  call,
  close,
  drive,
  hard,
  list,
  open,
  optionsOf,
  partsWhole,
  patch,
  singly,
  snapshot,
  soft,
  stop,
  summary,
} from '../support/operations.ts'
import { kindsOf, run, types, type Run } from '../support/run.ts'

const M = begin('m')
const END = [stop('end_turn'), hard]
const DONE = [stop('tool_calls'), hard]
const text = (key: string, said: string): BlockOperation[] => [open(key, 'text'), append(key, 'text', said), close(key)]
const say = (said: string, key = '0'): BlockOperation => append(key, 'text', said)
const write = (said: string, key = '0'): BlockOperation => append(key, 'tool_call', said)
const think = (said: string, part = 0): BlockOperation => append('0', 'thinking', said, summary(part))

/** The blocks in short: what they say, and of a call its name, its state and its id. */
function told({ content }: Pick<AssistantMessage, 'content'>): string[] {
  return content.map((block) => {
    if (block.type === 'tool_call') return `${block.name}(${block.arguments}) ${block.state} ${block.id}`
    const cited = block.type === 'text' ? (block.citations ?? []).map((item) => JSON.stringify(item)).join('') : ''
    return `${block.type} ${'text' in block ? (block.text ?? '') : ''}${cited}`
  })
}

const count = ({ events }: Run, type: string): number => types(events).filter((one) => one === type).length

/** The same stream, with nothing generated anew on the way. */
function expectSame(made: Run, ...blocks: string[]): void {
  expect(told(made.message)).toEqual(blocks)
  expect(count(made, 'reset')).toBe(0)
  expect(count(made, 'block_stop')).toBe(blocks.length)
  expectLiveEqualsFinal(made.events, made.message)
}

/** Generated anew: the message is what was sent since, with one reset. */
function expectAnew(made: Run, ...blocks: string[]): void {
  expect(told(made.message)).toEqual(blocks)
  expect(count(made, 'reset')).toBe(1)
  expect(made.message.attempt).toBe(2)
  expectLiveEqualsFinal(made.events, made.message)
}

describe('a block', () => {
  it('I4: of a type that nobody knows takes deltas of any', () => {
    const made = run([M, open('0', 'other'), say('a'), append('0', 'thinking', 'b'), close('0'), ...END])
    expectSame(made, 'other ab')
  })

  it('I4: takes all deltas of another kind into one block beside it', () => {
    const made = run([
      M,
      open('0', 'text'),
      say('a'),
      append('0', 'thinking', 'b'),
      append('0', 'thinking', 'c'),
      ...END,
    ])
    expectSame(made, 'text a', 'thinking bc')
    const both = ['0', '1'].flatMap((key) => [open(key, 'text'), append(key, 'thinking', key), close(key)])
    expect(told(run([M, ...both, ...END]).message)).toEqual(['text ', 'thinking 0', 'text ', 'thinking 1'])
  })

  it('I4: that a patch began has what grows once', () => {
    const grown: Operation = { op: 'patch', choice: 0, key: '0', kind: 'text', append: { log: ['a'] } }
    expect(run([M, grown, close('0'), ...END]).message.content).toMatchObject([{ wire: { log: ['a'] } }])
  })

  it('I4: that is opened after the stop reason is content that came late, also if it stays empty', () => {
    expect(kindsOf(run([M, stop('end_turn'), open('0', 'text'), close('0'), hard]))).toContain('content_after_stop')
  })

  it('I4: has an item once that comes twice in its place, which is noted', () => {
    const item = (value: string, at: number): Operation => ({
      op: 'list',
      choice: 0,
      key: '0',
      kind: 'text',
      item: value,
      at,
    })
    const made = run([M, open('0', 'text'), item('i', 0), item('i', 0), item('j', 0), close('0'), ...END])
    expectSame(made, 'text "i""j"')
    expect(kindsOf(made)).toEqual(['repeated_item'])
  })

  it('I7: has the items that its opening held', () => {
    const opening: Operation = { op: 'open', choice: 0, key: '0', kind: 'text', seed: 'a', items: ['i', 'j'] }
    const made = run([M, opening, close('0'), ...END])
    expectSame(made, 'text a"i""j"')
  })

  it('I10: counts to the limit of blocks also if its key has become another one, or if it is not shown yet', () => {
    const limits = { blocks: 2 }
    const reused = run([M, ...text('0', 'a'), ...text('0', 'b'), ...text('0', 'c')], { limits })
    const message = expect.stringContaining('more than 2 blocks')
    expect(reused.message).toMatchObject({ outcome: { error: { class: 'limit', message } } })
    expect(reused.message.content).toHaveLength(2)
    const held = run([M, write('{}', 'a'), write('{}', 'b'), write('{}', 'c')], { limits })
    expect(held.message).toMatchObject({ outcome: { error: { class: 'limit' } } })
    expect(held.message.content).toHaveLength(2)
  })

  it('I6: that ends because its key becomes another one was not closed by the wire', () => {
    const cut = [M, open('0', 'tool_call', { id: 'x', name: 'f' }), write('{}'), ...call('0', 'y', 'g', '{}')]
    expect(told(run(cut).message)).toEqual(['f({}) partial x', 'g({}) complete y'])
    const twice = [
      M,
      ...call('0', 'x', 'f', '{}'),
      open('1', 'tool_call', { id: 'x', name: 'f' }),
      write('{"a":1}', '1'),
    ]
    expect(told(run([...twice, ...call('1', 'y', 'g', '{}')]).message)).toEqual([
      'f({}) complete x',
      'f({"a":1}) partial t/0#1',
      'g({}) complete y',
    ])
  })
})

describe('a block that is opened twice', () => {
  it('I3: takes the seed of the second opening if it is empty so far', () => {
    expectSame(run([M, open('0', 'text'), open('0', 'text', {}, 'a'), say('b'), close('0'), ...END]), 'text ab')
  })

  it('I3: is the same when both openings are sent again, and only the second has the seed', () => {
    const sent = [open('0', 'text'), open('0', 'text', {}, 'ab'), close('0')]
    expectSame(run([M, ...sent, M, ...sent, ...END]), 'text ab')
  })

  it('I3: has no second seed once something was sent again of it, be it an item', () => {
    const cited: Operation = { op: 'open', choice: 0, key: '0', kind: 'text', items: ['i'] }
    const first = [cited, say('ab'), close('0')]
    const said = [cited, say('a'), open('0', 'text', {}, 'a'), say('b'), close('0')]
    const items = [cited, cited, say('ab'), close('0')]
    for (const again of [said, items]) expectSame(run([M, ...first, M, ...again, ...END]), 'text ab"i"')
    const bare = [open('0', 'text'), say('a'), open('0', 'text', {}, 'a'), say('b'), close('0')]
    expectSame(run([M, ...text('0', 'ab'), M, ...bare, ...END]), 'text ab')
  })

  it('I2: takes what the second opening tells', () => {
    const opened = [open('0', 'tool_call', { name: 'f' }), open('0', 'tool_call', { id: 'x', name: 'f' })]
    expectSame(run([M, ...opened, write('{}'), close('0'), ...DONE]), 'f({}) complete x')
  })

  it('I6: has a preview of the arguments that the second opening brought', () => {
    const opening = (seed: string): Operation => open('0', 'tool_call', { id: 'x', name: 'f' }, seed)
    const previews: unknown[] = []
    drive(optionsOf(), singly([M, opening('{"a":1}'), opening('{"b":2}')]), { kind: 'complete' }, (assembler) =>
      previews.push(assembler.partialInput(0)?.value),
    )
    expect(previews).toEqual([undefined, { a: 1 }, { b: 2 }])
  })

  it('I3: takes the seed of the second opening if nothing of it was sent again so far, and only then', () => {
    const [plain, seeded] = [open('0', 'text'), open('0', 'text', {}, 'ab')]
    expectSame(run([M, ...text('0', 'ab'), M, plain, seeded, close('0'), ...END]), 'text ab')
    expectSame(run([M, ...text('0', 'ab'), M, seeded, seeded, close('0'), ...END]), 'text ab')
    expectAnew(run([M, plain, close('0'), M, plain, seeded, close('0'), ...END]), 'text ab')
    const cited: Operation = { op: 'open', choice: 0, key: '0', kind: 'text', items: ['i'] }
    expectSame(run([M, cited, close('0'), M, cited, cited, close('0'), ...END]), 'text "i"')
  })

  it('I3: belongs to what is sent again, also if nothing of it had come', () => {
    const made = run([M, open('0', 'text'), ...text('1', 'old'), M, open('0', 'text'), ...text('1', 'new'), ...END])
    expectAnew(made, 'text ', 'text new')
  })
})

describe('a call without a name', () => {
  it('is shown with the event that names it', () => {
    const { steps } = run([M, write('{}'), patch('0', 'tool_call', { name: 'f' }), close('0')])
    expect(steps.map((step) => types(step))).toMatchObject([
      ['start'],
      ['anomaly'],
      ['block_start', 'tool_input'],
      ['block_stop'],
      ['anomaly', 'message'].slice(-1),
    ])
  })

  it('is not shown because something else begins', () => {
    const options = { opensBlocks: false, recognisesReplay: 'after_stop' } as const
    const made = run([M, write('{}'), say('a', '1'), patch('0', 'tool_call', { name: 'f' }), ...DONE], options)
    expect(told(made.message)).toEqual(['text a', 'f({}) complete t/0#1'])
  })

  it('is shown when another block begins after it got one, though that is not the next', () => {
    const options = { opensBlocks: false, recognisesReplay: 'after_stop' } as const
    const [untold, named] = [patch('0', 'tool_call', { id: 'x' }), patch('0', 'tool_call', { name: 'f' })]
    const made = run([M, untold, say('a', '1'), named, append('2', 'refusal', 'b'), write('{}'), ...DONE], options)
    expect(told(made.message)).toEqual(['text a', 'f({}) complete x', 'refusal b'])
  })

  it('that was void when another block begins is not shown at all', () => {
    const untold = patch('1', 'tool_call', { name: 'f' })
    const made = run([M, ...text('0', 'old'), untold, M, open('0', 'thinking'), ...text('2', 'new'), ...END], {
      opensBlocks: false,
    })
    expectAnew(made, 'thinking ', 'text new')
  })
})

describe('what is sent again of a block', () => {
  const bare = (kind: 'tool_call' | 'thinking'): BlockOperation => ({ op: 'open', choice: 0, key: '0', kind })

  it('I3: leaves it as it was if the end cuts it', () => {
    expectSame(run([M, open('0', 'text'), say('ab'), M, open('0', 'text'), say('a')]), 'text ab')
    expectSame(run([M, ...text('0', 'ab'), M, open('0', 'text'), say('a')]), 'text ab')
    const again = [M, open('0', 'text'), say('a')]
    expectSame(run([M, open('0', 'text'), say('ab'), ...again, ...again]), 'text ab')
  })

  it('I3: may come in other pieces', () => {
    expectSame(run([M, ...text('0', 'abc'), M, open('0', 'text'), say('a'), say('bc'), close('0'), ...END]), 'text abc')
  })

  it('I6: closes a call as the wire does, with the last of it or before that', () => {
    const X = open('0', 'tool_call', { id: 'x', name: 'f' })
    const form = { op: 'snapshot', choice: 0, key: '0', kind: 'tool_call', rank: 1 } as const
    const whole: Operation = { ...form, text: '{}', closes: true }
    expectSame(run([M, X, write('{}'), M, X, write('{}'), close('0')]), 'f({}) complete x')
    expectSame(run([M, X, write('{}'), M, X, whole]), 'f({}) complete x')
    expectAnew(run([M, ...call('0', 'x', 'f', '{"a":1}'), M, X, close('0')]), 'f() complete x')
  })

  it('I3: is void if the message begins once more, and closes nothing then', () => {
    const first = [...text('0', 'ab'), ...text('1', 'x')]
    const again = [M, ...text('1', 'x'), open('0', 'text'), say('a'), M, ...text('1', 'x')]
    const made = run([M, ...first, ...again, close('0'), ...END])
    expectAnew(made, 'text x')
    expect(kindsOf(made)).toContain('stray_close')
  })

  it('I2: of arguments that came with the opening may be another opening while nothing closed it', () => {
    const opening = (seed: string): Operation => open('0', 'tool_call', { id: 'x', name: 'f' }, seed)
    expectSame(run([M, opening('{"a"'), M, opening('{"a":1}'), close('0'), ...DONE]), 'f({"a":1}) complete x')
  })

  it.each<[string, BlockOperation[], BlockOperation[], string]>([
    ['without a field', call('0', 'x', 'f', '{}'), [bare('tool_call'), write('{}')], 'f({}) complete x'],
    ['without a field of thinking', [open('0', 'thinking'), think('a')], [bare('thinking'), think('a')], 'thinking a'],
    [
      'under other words that are no id of it',
      [open('0', 'text', { id: 'a' }), say('ab')],
      [open('0', 'text', { id: 'b' }), say('ab')],
      'text ab',
    ],
  ])('I3: may be opened %s', (_, first, again, said) => {
    expectSame(run([M, ...first, M, ...again]), said)
  })

  it('I3: leaves a closed one closed: what comes then is late, and there is no second block_stop', () => {
    const made = run([M, ...text('0', 'ab'), M, ...text('0', 'ab'), say('c'), ...END])
    expectSame(made, 'text abc')
    expect(kindsOf(made)).toEqual(['repeated_begin', 'late_append'])
  })

  it('I3: and goes on makes the message a new one if it had been closed, and not if it was open', () => {
    expectAnew(run([M, ...text('0', 'ab'), M, ...text('0', 'abc'), ...END]), 'text abc')
    expectSame(run([M, open('0', 'text'), say('ab'), M, ...text('0', 'abc'), ...END]), 'text abc')
  })

  it('I3: and goes on makes the message a new one if a final form had replaced its text', () => {
    const replaced = [open('0', 'text'), say('ab'), snapshot('0', 'text', 'x')]
    expectAnew(run([M, ...replaced, M, ...text('0', 'abc'), ...END]), 'text abc')
  })

  it('I2: after it was handed out must be the same, and closes nothing if it is not', () => {
    const made = run([
      M,
      ...call('0', 'x', 'f', '{"a":1}'),
      ...DONE.slice(0, 1),
      M,
      ...call('0', 'x', 'f', '{"a"'),
      hard,
    ])
    const message = expect.stringContaining('generated the message anew')
    expect(made.message.outcome).toMatchObject({
      kind: 'failed',
      error: { class: 'regenerated_after_tool_call', retryable: false, message },
    })
    expect(told(made.message)).toEqual(['f({"a":1}) complete x'])
    expect(count(made, 'block_stop')).toBe(1)
    const seeded = (seed: string): Operation[] => [open('0', 'tool_call', { id: 'x', name: 'f' }, seed), close('0')]
    const other = run([M, ...seeded('{"a":1}'), ...DONE.slice(0, 1), M, ...seeded('{"b":2}'), hard])
    expect(other.message.outcome).toMatchObject({ error: { class: 'regenerated_after_tool_call' } })
    expect(told(other.message)).toEqual(['f({"a":1}) complete x'])
  })

  it('I2: after it was handed out must be of its kind: nothing comes in its place', () => {
    const made = run([M, ...call('0', 'x', 'f', '{}'), ...DONE.slice(0, 1), M, ...text('0', 'a'), hard])
    expect(made.message.outcome).toMatchObject({ error: { class: 'regenerated_after_tool_call' } })
    expect(told(made.message)).toEqual(['f({}) complete x'])
  })

  it('I4: after it was handed out and patched is kept in an anomaly', () => {
    const again = [M, open('0', 'tool_call', { id: 'x', name: 'f' }), patch('0', 'tool_call', { name: 'g' })]
    const made = run([M, ...call('0', 'x', 'f', '{}'), ...DONE.slice(0, 1), ...again, hard])
    expect(kindsOf(made)).toContain('append_after_hand_out')
  })

  it('I4: if it was handed out is kept in an anomaly as it came', () => {
    const late = [write('more'), patch('0', 'tool_call', { name: 'g' })]
    const made = run([M, ...call('0', 'x', 'f', '{}'), ...DONE.slice(0, 1), ...late, hard])
    expect(made.message.anomalies.filter(({ kind }) => kind === 'append_after_hand_out')).toMatchObject([
      { value: 'more', block: 0 },
      { value: { op: 'patch', fields: { name: 'g' } }, block: 0 },
    ])
  })

  it('I3: of a call that deltas wrote may hold its arguments in its opening', () => {
    const seeded = [open('0', 'tool_call', { id: 'x', name: 'f' }, '{"a":1}'), write('{"a":1}'), close('0')]
    expectSame(run([M, ...call('0', 'x', 'f', '{"a":1}'), M, ...seeded, ...DONE]), 'f({"a":1}) complete x')
  })

  it('I3: of thinking may have pieces without text, which open no part', () => {
    const sent = [open('0', 'thinking'), think('a'), think('b', 1), close('0')]
    const again = [open('0', 'thinking'), think(''), think('a'), think('', 1), think('b', 1), think('', 2), close('0')]
    expectSame(run([M, ...sent, M, ...again, ...END]), 'thinking a\n\nb')
  })

  it('I3: of thinking may begin without a part, and have parts of one number and two kinds', () => {
    const full: Operation = append('0', 'thinking', 'c', { kind: 'full', index: 0 })
    const sent = [open('0', 'thinking'), append('0', 'thinking', 'a'), think('b'), full, close('0')]
    expectSame(run([M, ...sent, M, ...sent, ...END]), 'thinking a\n\nb\n\nc')
  })

  it('I3: of thinking may have a final form of no part', () => {
    const sent = [open('0', 'thinking'), think('a'), partsWhole('0', []), close('0')]
    expectSame(run([M, ...sent, M, ...sent, ...END]), 'thinking a')
  })

  it('I3: of thinking may go on with a part that is new', () => {
    const made = run([
      M,
      open('0', 'thinking'),
      think('a'),
      M,
      open('0', 'thinking'),
      think('a'),
      think('b', 1),
      ...END,
    ])
    expectSame(made, 'thinking a\n\nb')
    expect(made.message.content).toMatchObject([{ parts: [{ text: 'a' }, { text: 'b' }] }])
  })

  it('I3: of thinking is compared part by part, in whatever order the pieces of the parts come', () => {
    const pieces = [open('0', 'thinking'), think('a'), think('b', 1), think('x')]
    expectSame(run([M, ...pieces, M, ...pieces, close('0'), ...END]), 'thinking ax\n\nb')
    expectSame(run([M, ...pieces, close('0'), M, ...pieces, close('0'), ...END]), 'thinking ax\n\nb')
    expectSame(run([M, ...pieces, M, ...pieces, think('y', 1), close('0'), ...END]), 'thinking ax\n\nby')
    expectAnew(run([M, ...pieces, M, ...pieces, think('y', 1), M, ...pieces, close('0'), ...END]), 'thinking ax\n\nb')
  })

  it('I3: of thinking may repeat final forms of parts that had replaced them', () => {
    const form = (part: number, said: string): Operation => partsWhole('0', [[summary(part), said]])
    const pieces = [open('0', 'thinking'), think('a'), form(0, 'xyz'), think('b', 1), form(1, 'b'), close('0')]
    const made = run([M, ...pieces, M, ...pieces, ...END])
    expectSame(made, 'thinking xyz\n\nb')
    expect(made.message.content).toMatchObject([{ parts: [{ text: 'xyz' }, { text: 'b' }] }])
  })

  it('I3: of thinking is all there if a final form says no more of its parts', () => {
    const parts = [open('0', 'thinking'), think('a'), think('b', 1), close('0')]
    const form: Operation = { op: 'snapshot', choice: 0, key: '0', kind: 'thinking', rank: 2 }
    expectSame(run([M, ...parts, M, open('0', 'thinking'), form, close('0'), ...END]), 'thinking a\n\nb')
  })

  it('I3: of thinking and opens another part before all of one makes the message a new one', () => {
    const again = [open('0', 'thinking'), think('a'), think('z', 1), close('0')]
    expectAnew(run([M, open('0', 'thinking'), think('abc'), M, ...again, ...END]), 'thinking a\n\nz')
  })

  it('I3: of thinking is cut part by part if the message is a new one', () => {
    const pieces = [open('0', 'thinking'), think('a'), think('b', 1), think('xy')]
    const again = [open('0', 'thinking'), think('a'), think('b', 1), think('x'), think('z', 2), close('0')]
    const made = run([M, ...pieces, close('0'), M, ...again, ...END])
    expectAnew(made, 'thinking ax\n\nb\n\nz')
    expect(made.message.content).toMatchObject([{ parts: [{ text: 'ax' }, { text: 'b' }, { text: 'z' }] }])
  })

  it('I4: and is closed when it was left out of a newer version is noted, and closes nothing', () => {
    const [first, second] = [text('0', 'ab'), text('1', 'cd')]
    const again = [M, open('0', 'text'), ...second, M, open('1', 'text'), say('c', '1')]
    const made = run([M, ...first, ...second, ...again, close('0'), say('d', '1'), close('1'), ...END])
    expectAnew(made, 'text cd')
    expect(made.message.anomalies).toContainEqual({ kind: 'stray_close', detail: '0' })
    expect(types(made.steps.at(-6) ?? [])).toEqual(['anomaly', 'reset', 'block_start', 'text', 'anomaly'])
  })

  it('I3: may have an item more if it was open', () => {
    const cited = (...items: string[]): Operation[] => [
      open('0', 'text'),
      ...items.map((item) => list('0', 'text', item)),
    ]
    expectSame(run([M, ...cited('i'), M, ...cited('i', 'j'), close('0'), ...END]), 'text "i""j"')
  })

  it('shows what changed in thinking before its close', () => {
    const made = run([M, open('0', 'thinking'), think('a'), think('b', 1), think('x'), close('0'), ...END])
    expectSame(made, 'thinking ax\n\nb')
    expect(types(made.steps[5] ?? [])).toEqual(['replace', 'block_stop'])
  })

  it('shows at the end what a late piece of thinking changed', () => {
    const made = run([M, open('0', 'thinking'), think('a'), think('b', 1), close('0'), think('x'), ...END])
    expectSame(made, 'thinking ax\n\nb')
  })
})

describe('a message that is generated anew', () => {
  it('I3: is what was sent since it began again, and says what that voids', () => {
    const made = run([M, ...text('0', 'old'), stop('max_tokens'), soft, M, ...text('0', 'new'), ...text('1', 'more')])
    expectAnew(made, 'text new', 'text more')
    expect(made.message).toMatchObject({ outcome: { kind: 'truncated' }, stop: { reason: 'unknown', raw: null } })
    expect(made.message.anomalies.find(({ kind }) => kind === 'regenerated')?.content).toMatchObject([{ text: 'old' }])
    // What is new is not late; the piece that showed that it is new was.
    expect(made.message.anomalies.at(-1)).toEqual({ kind: 'content_after_stop' })
  })

  it('I3: keeps what was sent again before its first event came once more', () => {
    const first = [...text('0', 'one'), ...text('1', 'two')]
    const other = [open('1', 'thinking'), append('1', 'thinking', 'new'), close('1')]
    expectAnew(run([M, ...first, M, ...text('0', 'one'), M, ...other, ...END]), 'text one', 'thinking new')
  })

  it('I3: keeps nothing of a whole that was sent again before it', () => {
    const first = [...text('0', 'one'), ...text('1', 'two')]
    const other = [open('0', 'thinking'), append('0', 'thinking', 'new'), close('0')]
    expectAnew(run([M, ...first, M, ...first, M, ...other, ...END]), 'thinking new')
  })

  it('I4: takes a delta for a block that it does not have as one of its own', () => {
    const made = run([M, ...text('1', 'x'), open('0', 'text'), say('a'), M, open('1', 'thinking'), say('b'), ...END])
    expectAnew(made, 'thinking ', 'text b')
  })

  it('I2: has the ids of its calls free again', () => {
    const old = [...text('0', 'old'), ...call('1', 'x', 'f', '{"a":1}')]
    const anew = [...text('0', 'new'), ...call('2', 'x', 'g', '{"b":2}')]
    expectAnew(run([M, ...old, M, ...anew, ...DONE]), 'text new', 'g({"b":2}) complete x')
    const kept = [...call('2', 'y', 'f', '{}'), ...text('0', 'new'), ...call('3', 'y', 'f', '{}')]
    const made = run([M, ...old, M, ...kept, ...DONE])
    expect(told(made.message).toSorted()).toEqual(['f({}) complete y', 'text new'])
  })

  it('I10: counts what it keeps once more, since it is held twice', () => {
    const long = 'x'.repeat(40)
    const sent = [...text('0', long), ...text('1', 'a')]
    const other = [...text('0', long), open('1', 'thinking'), close('1')]
    const outcomeAt = (messageLength: number): string =>
      run([M, ...sent, M, ...other, ...END], { limits: { messageLength } }).message.outcome.kind
    expect([outcomeAt(60), outcomeAt(100)]).toEqual(['failed', 'complete'])
  })
})

describe('what is kept of a block when the message is generated anew', () => {
  const old = text('1', 'old')
  const other = [open('1', 'thinking'), close('1')]
  const X = open('0', 'tool_call', { id: 'x', name: 'f' })

  it('I3: is what its parts say, shown once', () => {
    const thought = [open('0', 'thinking'), think('a'), think('b', 1), think('x')]
    const made = run([M, ...old, M, ...thought, ...other, close('0'), ...END])
    expectAnew(made, 'thinking ax\n\nb', 'thinking ')
    expect(types(made.events)).not.toContain('replace')
  })

  it('I3: is half a character too, which waits for its other half', () => {
    const made = run([M, ...old, M, open('0', 'text'), say('a\ud83d'), ...other, say('\ude00'), close('0'), ...END])
    expectAnew(made, 'text a\ud83d\ude00', 'thinking ')
  })

  it('I3: has no final form yet, so that any counts, of the whole and of a part', () => {
    const whole = [M, open('0', 'text'), say('ab'), snapshot('0', 'text', 'ab', 3), close('0')]
    expectAnew(
      run([...whole, M, open('0', 'text'), say('ax'), snapshot('0', 'text', 'y', 1), close('0'), ...END]),
      'text y',
    )
    const final = (said: string, rank: 1 | 3): Operation => partsWhole('0', [[summary(0), said]], rank)
    const part = [M, open('0', 'thinking'), think('ab'), final('ab', 3), close('0')]
    const again = [M, open('0', 'thinking'), think('a'), think('x'), final('y', 1), close('0')]
    expectAnew(run([...part, ...again, ...END]), 'thinking y')
  })

  it('I3: is compared with itself if it is sent once more, not with what streamed before', () => {
    const first = [open('0', 'text'), say('ab'), snapshot('0', 'text', 'x'), close('0')]
    expectAnew(run([M, ...first, M, ...text('0', 'abc'), M, ...text('0', 'abc'), ...END]), 'text abc')
    const thought = [open('0', 'thinking'), think('ab'), partsWhole('0', [[summary(0), 'x']]), close('0')]
    const again = [M, open('0', 'thinking'), think('ab'), think('c'), close('0')]
    expectAnew(run([M, ...thought, ...again, ...again, ...END]), 'thinking abc')
  })

  it('I7: has the fields that it was sent with again, and no others', () => {
    const first: Operation = { op: 'open', choice: 0, key: '0', kind: 'text', wire: { note: 1, by: 'old' } }
    const again: Operation = { op: 'open', choice: 0, key: '0', kind: 'text', wire: { by: 'new' } }
    const made = run([M, first, say('ab'), close('0'), M, again, say('x'), close('0'), ...END])
    expect(made.message.content).toMatchObject([{ text: 'x', wire: { by: 'new' } }])
    expect(made.message.content[0]?.wire).toEqual({ by: 'new' })
  })

  it('I2: has its own id, if the call that had it before is not sent again', () => {
    const first = [...call('0', 'x', 'f', '{}'), ...call('1', 'x', 'g', '{"a":1}')]
    expectAnew(run([M, ...first, M, ...call('1', 'x', 'g', '{"b":2}'), ...DONE]), 'g({"b":2}) complete x')
  })

  it('I2: has its id as before, and an earlier call of that id is known when it comes again', () => {
    const calls = [...call('0', 'x', 'f', '{}'), ...call('2', 'x', 'g', '{}')]
    const late = [open('1', 'text', {}, 'new'), ...call('3', 'x', 'f', '{}')]
    const made = run([M, ...old, M, ...calls, ...late, ...DONE])
    expectAnew(made, 'text new', 'f({}) complete x', 'g({}) complete t/0#2')
    const cut = run([M, ...calls, ...old, M, ...calls.slice(0, -1), ...late, ...DONE])
    expectAnew(cut, 'f({}) complete x', 'g({}) complete t/0#1', 'text new')
    const freed = [...call('2', 'x', 'g', '{}'), open('0', 'text'), ...call('3', 'x', 'g', '{}')]
    expectAnew(run([M, ...call('0', 'x', 'f', '{}'), M, ...freed, ...DONE]), 'g({}) complete x', 'text ')
  })

  it('I6: has the arguments of its opening only if they came again', () => {
    const seeded = [open('0', 'tool_call', { id: 'x', name: 'f' }, '{"a":1}'), close('0')]
    expectAnew(run([M, ...seeded, ...old, M, X, ...other, close('0'), ...DONE]), 'f() complete x', 'thinking ')
  })

  it('I6: is what a preview is of', () => {
    const previews: unknown[] = []
    const operations = [M, ...call('0', 'x', 'f', '{"a":1}'), ...old, M, X, write('{"a"'), ...other]
    drive(optionsOf(), singly(operations), { kind: 'complete' }, (assembler) =>
      previews.push(JSON.stringify(assembler.partialInput(0)?.value)),
    )
    expect(previews.slice(-3)).toEqual(['{"a":1}', '{}', '{}'])
  })
})

describe('the final form of a block', () => {
  const again = [M, open('0', 'text')]

  it('I3: in a replay stands for all of its text, and for no more of its parts than it names', () => {
    expectSame(run([M, ...text('0', 'ab'), ...again, snapshot('0', 'text', 'ab'), close('0'), ...END]), 'text ab')
    const parts = [open('0', 'thinking'), think('a'), think('b', 1), close('0')]
    const first = [M, open('0', 'thinking'), partsWhole('0', [[summary(0), 'a']])]
    expectSame(run([M, ...parts, ...first, think('b', 1), close('0'), ...END]), 'thinking a\n\nb')
    const both = [M, open('0', 'thinking'), think('a'), think('b', 1), partsWhole('0', [[summary(0), 'a']]), close('0')]
    expectSame(run([M, ...parts, ...both, ...END]), 'thinking a\n\nb')
  })

  it('I7: has its own items and fields, which one of lower rank does not take back', () => {
    const items = (rank: 1 | 2 | 3, ...own: string[]): Operation => ({
      op: 'snapshot',
      choice: 0,
      key: '0',
      kind: 'text',
      rank,
      items: own,
      wire: { by: rank },
    })
    const made = run([M, ...text('0', 'a'), list('0', 'text', 'i'), items(3, 'j', 'k'), items(1, 'l'), ...END])
    expect(told(made.message)).toEqual(['text a"j""k"'])
    expect(made.message.content).toMatchObject([{ wire: { by: 3 } }])
    const empty = run([M, ...text('0', 'a'), list('0', 'text', 'i'), items(3), ...END])
    expect(told(empty.message)).toEqual(['text a"i"'])
  })

  it('I3: in a replay ends that, and closes what was open', () => {
    const whole: Operation = { op: 'snapshot', choice: 0, key: '0', kind: 'text', rank: 2, text: 'ab', closes: true }
    const late = run([M, ...text('0', 'ab'), ...again, whole, say('c'), ...END])
    expectSame(late, 'text abc')
    expect(kindsOf(late)).toContain('late_append')
    const { steps } = run([M, open('0', 'text'), say('ab'), ...again, whole])
    expect(types(steps[5] ?? [])).toEqual(['block_stop'])
  })

  it('I3: of some parts in a replay leaves out the others if it turns out that the message is a new one', () => {
    const parts = [open('0', 'thinking'), think('a'), think('b', 1), close('0'), ...text('1', 'old')]
    const other = [open('1', 'thinking'), close('1')]
    const form = { op: 'snapshot', choice: 0, key: '0', kind: 'thinking', rank: 1 } as const
    const first: Operation = { ...form, parts: [{ part: summary(0), text: 'a' }], closes: true }
    expectAnew(run([M, ...parts, M, open('0', 'thinking'), first, ...other, ...END]), 'thinking a', 'thinking ')
    const second: Operation = { ...form, parts: [{ part: summary(1), text: 'b' }] }
    const made = run([M, ...parts, M, open('0', 'thinking'), think('a'), second, ...other, ...END])
    expectAnew(made, 'thinking a\n\nb', 'thinking ')
    expect(made.message.content).toMatchObject([{ parts: [{ text: 'a' }, { text: 'b' }] }, {}])
  })

  it('I3: of a part in a replay is what a piece of it goes on from', () => {
    const parts = [open('0', 'thinking'), think('a'), think('b', 1), close('0')]
    const more = [open('0', 'thinking'), think('a'), partsWhole('0', [[summary(1), 'b']]), think('c', 1), close('0')]
    expectAnew(run([M, ...parts, M, ...more, ...END]), 'thinking a\n\nbc')
  })

  it('I7: is the last of its rank, with its fields, also of the first that there is', () => {
    const form = (signature: string, rank: 0 | 1 = 1): Operation => snapshot('0', 'thinking', 'a', rank, { signature })
    expect(run([M, form('s'), form('S'), ...END]).message.content).toMatchObject([{ signature: 'S' }])
    expect(run([M, open('0', 'thinking'), form('s', 0), ...END]).message.content).toMatchObject([{ signature: 's' }])
  })

  it('I7: that began a call stands against one of lower rank', () => {
    const form = (said: string, rank: 1 | 3): Operation =>
      snapshot('0', 'tool_call', said, rank, { id: 'x', name: 'f' })
    const made = run([M, form('{"a":1}', 3), form('{"b":2}', 1), close('0'), ...DONE])
    expectSame(made, 'f({"a":1}) complete x')
  })

  it('I2: shares nothing with the caller', () => {
    const item = { url: 'a' }
    const assembler = new Assembler(optionsOf())
    assembler.receive({ operations: [M, open('0', 'text')] })
    assembler.receive({ operations: [{ op: 'snapshot', choice: 0, key: '0', kind: 'text', rank: 1, items: [item] }] })
    item.url = 'b'
    assembler.end({ kind: 'complete' })
    expect(assembler.messages[0]?.content).toMatchObject([{ citations: [{ url: 'a' }] }])
    expect(Object.isFrozen(item)).toBe(false)
  })

  it('I2: closes a call that is held, which is another one then, or the same', () => {
    const whole = { op: 'snapshot', choice: 0, key: '1', kind: 'tool_call', rank: 1, closes: true } as const
    const form = (said: string): Operation => ({ ...whole, text: said })
    const held = [M, ...call('0', 'x', 'f', '{}'), open('1', 'tool_call', { id: 'x', name: 'f' })]
    const other = run([...held, form('{"a":1}')])
    expect(told(other.message)).toEqual(['f({}) complete x', 'f({"a":1}) complete t/0#1'])
    expect(types(other.steps[5] ?? [])).toContain('block_stop')
    expect(types(run([...held, form('{}')]).steps[5] ?? [])).toEqual(['anomaly'])
    expect(told(run([...held, write('{"a":1}', '1'), whole]).message).at(-1)).toBe('f({"a":1}) complete t/0#1')
  })

  it('I2: names a call that had no name', () => {
    const made = run([M, write('{}'), snapshot('0', 'tool_call', '{}', 1, { id: 'x', name: 'f' }), close('0'), ...DONE])
    expect(told(made.message)).toEqual(['f({}) complete x'])
  })
})

describe('a call that is held', () => {
  const held = [M, ...call('0', 'x', 'f', '{}'), stop('tool_calls'), open('1', 'tool_call', { id: 'x', name: 'f' })]

  it('I4: is content that came late, if it came after the stop reason', () => {
    const { message } = run([...held, write('{"a":1}', '1')])
    expect(message.anomalies).toContainEqual({ kind: 'content_after_stop', count: 2 })
    const little = [write('', '1'), patch('1', 'tool_call', { origin: 'client' })]
    expect(run([...held, ...little]).message.anomalies).toContainEqual({ kind: 'content_after_stop' })
  })

  it('is not shown, so that no anomaly names its place', () => {
    const { message } = run([...held, open('1', 'tool_call', { id: 'x', name: 'f' })])
    expect(message.anomalies).toContainEqual({ kind: 'repeated_open' })
  })

  it('I10: counts its items to the limit of a message, as one that is shown does', () => {
    const items = Array.from({ length: 10 }, () => list('1', 'tool_call', 'x'.repeat(20)))
    expect(run([...held, ...items], { limits: { messageLength: 100 } }).message.outcome).toMatchObject({
      error: { class: 'limit' },
    })
  })

  it('I2: is a call of its own as soon as its name or id turns out to be another one', () => {
    const named = run([...held, patch('1', 'tool_call', { name: 'g' }), write('{}', '1'), close('1'), hard])
    expect(told(named.message)).toEqual(['f({}) complete x', 'g({}) complete t/0#1'])
    expect(types(named.steps[held.length] ?? [])).toContain('block_start')
    const other = run([...held, patch('1', 'tool_call', { id: 'y' }), write('{}', '1'), close('1'), hard])
    expect(told(other.message)).toEqual(['f({}) complete x', 'f({}) complete y'])
  })

  it('I10: counts to the limit of a message', () => {
    const pieces = Array.from({ length: 10 }, () => write('x'.repeat(20), '1'))
    expect(run([...held, ...pieces], { limits: { messageLength: 100 } }).message.outcome).toMatchObject({
      error: { class: 'limit' },
    })
  })
})

describe('a piece of thinking that says nothing', () => {
  it('I4: is no content that came late, nor is a final form of what is there', () => {
    const pieces = [open('0', 'thinking'), think('a'), think('b', 1), think('x')]
    const made = run([M, ...pieces, stop('end_turn'), think(''), partsWhole('0', [[summary(1), 'b']]), hard])
    expect(told(made.message)).toEqual(['thinking ax\n\nb'])
    expect(kindsOf(made)).toEqual([])
  })
})

describe('an id', () => {
  it('I2: is taken by calls alone', () => {
    const result = open('0', 'tool_result', { id: 'x' })
    expect(told(run([M, result, close('0'), ...call('1', 'x', 'f', '{}'), ...DONE]).message)).toEqual([
      'tool_result ',
      'f({}) complete x',
    ])
    const anew = [open('0', 'tool_result', { id: 'x' }), close('0'), ...call('1', 'x', 'f', '{}')]
    expectAnew(run([M, ...text('1', 'old'), M, ...anew, ...DONE]), 'tool_result ', 'f({}) complete x')
  })
})
