/** Single sequences that a property once found, or that only a reader of the code would think of. Each names the promise it is about. */
import { describe, expect, it } from 'vitest'
import { Assembler } from '../../src/assembler/assembler.ts'
import type { ContentBlock } from '../../src/message.ts'
import type { Operation } from '../../src/operation.ts'
import { expectLiveEqualsFinal } from '../support/naive-reader.ts'
import {
  append,
  begin,
  call,
  close,
  drive,
  hard,
  list,
  malformed,
  open,
  optionsOf,
  patch,
  snapshot,
  soft,
  stop,
  usage,
} from '../support/operations.ts'
import { run, types } from '../support/run.ts'

const CALL = call('0', 'x', 'f', '{"a":1}')
const HANDED_OUT = [begin('m'), ...CALL, stop('tool_calls'), soft]

describe('a call that was handed out', () => {
  it('I2: keeps its name and id if it is replayed with more of them', () => {
    const bare = [
      begin('m'),
      open('0', 'tool_call', { name: 'f' }),
      append('0', 'tool_call', '{}'),
      close('0'),
      stop('tool_calls'),
    ]
    const { message, events } = run([...bare, begin('m'), open('0', 'tool_call', { id: 'late', name: 'f' })])
    const [handedOut] = events.flatMap((event) => (event.type === 'tool_call' ? [event.call] : []))
    expect(handedOut).toMatchObject({ id: 't/0#0', idSource: 'minted' })
    expect(message.content).toMatchObject([{ id: 't/0#0', idSource: 'minted', state: 'complete' }])
  })

  it('I2: keeps its name and id if a snapshot names others', () => {
    const { message } = run([
      ...HANDED_OUT,
      snapshot('0', 'tool_call', '{"a":1}', 3, { id: 'y', name: 'g', origin: 'provider' }),
    ])
    expect(message.content).toMatchObject([{ id: 'x', name: 'f', origin: 'client' }])
  })

  it('I2: keeps its name if it is patched in the middle of a replay', () => {
    const replaying = [...HANDED_OUT, begin('m'), open('0', 'tool_call', { id: 'x', name: 'f' })]
    expect(run([...replaying, patch('0', 'tool_call', { name: 'g' })]).message.content).toMatchObject([{ name: 'f' }])
  })

  it('I2: stays complete if a cutting stop reason comes after it, also without arguments', () => {
    const empty = [
      begin('m'),
      open('0', 'tool_call', { id: 'x', name: 'f' }),
      close('0'),
      stop('tool_calls'),
      stop('max_tokens'),
    ]
    const { message, events } = run(empty)
    expect(types(events)).toContain('tool_call')
    expect(message.stop.reason).toBe('max_tokens')
    expect(message.content).toMatchObject([{ state: 'complete', input: {} }])
  })
})

describe('a call that came whole with its opening', () => {
  const seeded = [open('0', 'tool_call', { id: 'x', name: 'f' }, '{"a":1}'), close('0')]

  it('I3: is the same call when it is replayed', () => {
    const { message, events } = run([begin('m'), ...seeded, begin('m'), ...seeded, stop('tool_calls'), hard])
    expect(types(events)).not.toContain('reset')
    expect(message).toMatchObject({
      attempt: 1,
      outcome: { kind: 'complete' },
      content: [{ arguments: '{"a":1}', state: 'complete' }],
    })
  })

  it('I3: is the same call when it is replayed after it was handed out', () => {
    const { message } = run([
      begin('m'),
      ...seeded,
      stop('tool_calls'),
      begin('m'),
      ...seeded,
      stop('tool_calls'),
      hard,
    ])
    expect(message).toMatchObject({
      outcome: { kind: 'complete' },
      content: [{ arguments: '{"a":1}', state: 'complete' }],
    })
  })

  it('I3: is generated anew if it is replayed with other arguments', () => {
    const other = [open('0', 'tool_call', { id: 'x', name: 'f' }, '{"b":2}'), close('0')]
    const { message, events } = run([begin('m'), ...seeded, begin('m'), ...other, stop('tool_calls'), hard])
    expect(types(events).filter((type) => type === 'reset')).toHaveLength(1)
    expect(message.content).toMatchObject([{ arguments: '{"b":2}', input: { b: 2 } }])
  })

  it('I3: is shown again with its arguments if the message is generated anew after it', () => {
    const first = [begin('m'), ...seeded, open('1', 'text', {}, 'sunny'), close('1')]
    const second = [begin('m'), ...seeded, open('1', 'text', {}, 'rainy'), close('1')]
    const { message, events } = run([...first, ...second, stop('tool_calls'), hard])
    expectLiveEqualsFinal(events, message)
    expect(message.content).toMatchObject([{ arguments: '{"a":1}' }, { text: 'rainy' }])
  })

  it('I3: keeps its arguments if another block is generated anew while it is open again', () => {
    const first = [begin('m'), ...seeded, open('1', 'text', {}, 'sunny'), close('1')]
    const second = [begin('m'), ...seeded.slice(0, 1), open('1', 'text', {}, 'rainy'), close('1'), ...seeded.slice(1)]
    const { message, events } = run([...first, ...second, stop('tool_calls'), hard])
    expect(message.content).toMatchObject([{ arguments: '{"a":1}' }, { text: 'rainy' }])
    expect(types(events).filter((type) => type === 'reset')).toHaveLength(1)
    expectLiveEqualsFinal(events, message)
  })

  it('I3: is what a live reader saw when only its opening is replayed, with other arguments', () => {
    const again = [begin('m'), open('0', 'tool_call', { id: 'x', name: 'f' }, '{"b"')]
    const { message, events } = run([begin('m'), ...seeded, ...again])
    expectLiveEqualsFinal(events, message)
  })

  it('is shown as what it is while it streams, whether deltas follow or not', () => {
    const assembler = new Assembler(optionsOf())
    const receive = (operation: Operation): unknown => assembler.receive({ operations: [operation] })
    receive(begin('m'))
    receive(open('0', 'tool_call', { id: 'x', name: 'f' }, '{"a":1}'))
    expect(assembler.partialInput(0)).toEqual({ value: { a: 1 }, isComplete: true })
    receive(append('0', 'tool_call', '{"b":'))
    expect(assembler.partialInput(0)).toEqual({ value: {}, isComplete: false })
    receive(append('0', 'tool_call', '2}'))
    expect(assembler.partialInput(0)).toEqual({ value: { b: 2 }, isComplete: true })
    receive(open('1', 'tool_call', { id: 'y', name: 'f' }, '{"a":1}'))
    expect(assembler.partialInput(1)?.isComplete).toBe(true)
    receive(close('1'))
    expect(assembler.partialInput(1)).toEqual({ value: { a: 1 }, isComplete: true })
  })
})

describe('a message that is generated anew', () => {
  it('I4: keeps the text of the block that was being sent again, if the message begins once more in its middle', () => {
    const first = [begin('m'), open('0', 'text', {}, 'It is sunny'), close('0')]
    const second = [
      begin('m'),
      open('0', 'text'),
      append('0', 'text', 'It is '),
      begin('m'),
      append('0', 'text', 'rainy'),
      close('0'),
    ]
    const { message, events } = run([...first, ...second, stop('end_turn'), hard])
    expect(message.content).toMatchObject([{ text: 'It is rainy' }])
    expect(types(events).filter((type) => type === 'block_stop')).toHaveLength(2)
  })

  it('I4: keeps the blocks that were sent again, if the message begins once more after them', () => {
    const block = (key: string, text: string) => [open(key, 'text', {}, text), close(key)]
    const first = [begin('m'), ...block('0', 'one'), ...block('1', 'two')]
    const second = [begin('m'), ...block('0', 'one'), begin('m'), ...block('1', 'other')]
    expect(run([...first, ...second, stop('end_turn'), hard]).message.content).toMatchObject([
      { text: 'one' },
      { text: 'other' },
    ])
  })

  it('I4: has nothing of the old one, neither its signature nor what was withheld', () => {
    const signed = [
      begin('m'),
      open('0', 'thinking', {}, 'old'),
      patch('0', 'thinking', { signature: 'S' }),
      close('0'),
    ]
    const cut = [begin('m'), open('0', 'thinking'), append('0', 'thinking', 'new')]
    const { content } = run([...signed, ...cut]).message
    expect(content).toEqual([{ type: 'thinking', text: 'new', wire: {} }])
    const withheld = [begin('m'), open('0', 'thinking', { redacted: true, encrypted: 'E' }), close('0')]
    expect(run([...withheld, ...cut]).message.content).toEqual([{ type: 'thinking', text: 'new', wire: {} }])
  })

  it('I4: has nothing of what was withheld before, also if that was not yet closed', () => {
    const withheld = [begin('m'), open('0', 'thinking', { redacted: true, encrypted: 'E' })]
    const thought = [begin('m'), open('0', 'thinking'), append('0', 'thinking', 'new'), close('0')]
    expect(run([...withheld, ...thought]).message.content).toEqual([{ type: 'thinking', text: 'new', wire: {} }])
  })

  it('I6: is not tainted by what was lost of the old one', () => {
    const lost = [
      begin('m'),
      open('0', 'tool_call', { id: 'x', name: 'f' }),
      append('0', 'tool_call', '{"a"'),
      malformed,
    ]
    const { message } = run([...lost, begin('m'), ...call('0', 'x', 'f', '{"b":2}'), stop('tool_calls'), hard])
    expect(message.content).toMatchObject([{ arguments: '{"b":2}', state: 'complete' }])
  })
})

describe('what is sent again', () => {
  it('I3: is counted once if a message begins again after its last count', () => {
    const counts = (inputTokens: number, outputTokens?: number): Operation => ({
      op: 'usage',
      choice: 0,
      counts: { inputTokens, ...(outputTokens === undefined ? {} : { outputTokens }) },
      raw: { input: inputTokens },
    })
    expect(run([begin('m'), counts(10), counts(50, 5), stop('end_turn'), hard]).message).toMatchObject({
      usage: { inputTokens: 50 },
      rawUsage: { input: 50 },
    })
  })

  it('I3: does not double an item that comes with an opening which comes twice', () => {
    const { message } = run([
      begin('m'),
      open('0', 'text'),
      list('0', 'text', 'i'),
      begin('m'),
      open('0', 'text'),
      list('0', 'text', 'i'),
      append('0', 'text', 'a'),
    ])
    expect(message.content).toMatchObject([{ text: 'a', citations: ['i'] }])
  })
})

describe('a source of many messages', () => {
  const many = { many: true }
  const text = (said: string): Operation[] => [open('0', 'text'), append('0', 'text', said), close('0')]
  const textOf = (block: ContentBlock): string => (block.type === 'text' ? block.text : block.type)

  it('I2: gives the message that broke a limit, and then the next', () => {
    const { messages } = run([begin('m'), open('0', 'text', {}, 'x'.repeat(100)), hard, begin('n'), hard], {
      ...many,
      limits: { messageLength: 50 },
    })
    expect(messages.map(({ id, outcome }) => [id, outcome.kind])).toEqual([
      ['m', 'failed'],
      ['n', 'complete'],
    ])
  })

  it('I2: gives the message that another one broke off, and then that one, also if a call was handed out', () => {
    const { messages } = run([...HANDED_OUT, begin('n'), hard, begin('o'), hard], many)
    expect(messages.map(({ id, outcome }) => [id, outcome.kind])).toEqual([
      ['m', 'complete'],
      ['n', 'complete'],
      ['o', 'complete'],
    ])
  })

  it('I5: a message that another one broke off before its stop reason was cut', () => {
    const { messages, events } = run([begin('m'), ...text('ab'), begin('n'), ...text('c'), hard], many)
    expect(messages.map(({ id, outcome, content }) => [id, outcome.kind, content.map(textOf)])).toEqual([
      ['m', 'truncated', ['ab']],
      ['n', 'complete', ['c']],
    ])
    expect(events.map(({ type }) => type)).not.toContain('reset')
  })

  it('I3: a message that comes once more within another is not given again, and gets into none', () => {
    const again = [begin('m'), ...text('ab'), hard]
    const { messages } = run([...again, begin('n'), ...text('c'), ...again, begin('o'), ...text('d'), hard], many)
    expect(messages.map(({ id, content }) => [id, content.map(textOf)])).toEqual([
      ['m', ['ab']],
      ['n', ['c']],
      ['o', ['d']],
    ])
  })

  it('I2: gives the message that was generated anew too late, and then the next', () => {
    const anew = [begin('m'), open('0', 'tool_call', { id: 'other', name: 'f' })]
    const { messages } = run([...HANDED_OUT, ...anew, hard, begin('o'), hard], many)
    expect(messages.map(({ id }) => id)).toEqual(['m', 'o'])
  })

  it('I2: has a key for each message, also where there are several choices', () => {
    const { messages } = run([begin('m', 1), hard, begin('n', 1), begin('o', 0)], many)
    expect(new Set(messages.map(({ key }) => key)).size).toBe(3)
  })

  it('I10: ends with the message that is one too many, which says so', () => {
    const beginnings = ['m', 'n', 'o', 'p'].flatMap((id) => [begin(id), hard])
    const { messages, assembler } = run(beginnings, { ...many, limits: { messages: 2 } })
    expect(messages.map(({ id, outcome }) => [id, outcome.kind])).toEqual([
      ['m', 'complete'],
      ['n', 'complete'],
      ['o', 'failed'],
    ])
    const message = expect.stringContaining('raise limits.messages')
    expect(messages[2]?.outcome).toMatchObject({ error: { class: 'limit', message } })
    expect(assembler.isTerminal).toBe(true)
    expect(assembler.anomalies).toEqual([{ kind: 'late_event', count: 3 }])
    expect(run(beginnings.slice(0, 4), { ...many, limits: { messages: 2 } }).assembler.isTerminal).toBe(false)
  })

  it('counts them in their keys', () => {
    const { messages } = run([begin('m'), hard, begin('n'), hard, begin('o'), hard], many)
    expect(messages.map(({ key }) => key)).toEqual(['t/0', 't/1', 't/2'])
  })
})

describe('several choices', () => {
  it('gives choice 0 first, in whatever order they came', () => {
    expect(run([begin('b', 1), begin('a', 0), hard]).messages.map(({ key }) => key)).toEqual(['t/0', 't/1'])
  })

  it('I2: keep their pieces apart, though their blocks have the same keys', () => {
    const said = (choice: number, text: string): Operation => ({ ...append('0', 'text', text), choice })
    const mixed = [said(0, 'a'), said(1, 'x'), said(0, 'b'), said(1, 'y'), said(1, 'z'), hard]
    const { messages } = run([begin('m', 0), begin('m', 1), ...mixed], { opensBlocks: false })
    expect(messages.map(({ content }) => content)).toMatchObject([[{ text: 'ab' }], [{ text: 'xyz' }]])
  })

  it('may begin after something was said of all', () => {
    const all: Operation[] = [
      { op: 'usage', choice: 'all', counts: { outputTokens: 3 }, raw: {} },
      { op: 'terminal', choice: 'all', strength: 'soft' },
    ]
    const { messages } = run([begin('m', 0), ...all, begin('n', 1), hard])
    expect(messages.map(({ id }) => id)).toEqual(['m', 'n'])
  })

  it('has no message for a choice that nobody spoke of', () => {
    const watched = new Assembler(optionsOf())
    watched.receive({ operations: [begin('b', 1)] })
    watched.snapshot()
    watched.partialInput(0)
    watched.end({ kind: 'complete' })
    expect(watched.messages.map(({ key }) => key)).toEqual(['t/1'])
    const numbered = (value: number) => ({ operations: [begin('b', 1)], number: { value, type: 'a' } })
    const twice = drive(optionsOf(), [
      { operations: [begin('b', 1)] },
      numbered(1),
      { ...numbered(1), operations: [close('0')].map((own) => ({ ...own, choice: 1 })) },
    ])
    expect(twice.messages.map(({ key }) => key)).toEqual(['t/1'])
  })
})

describe('limits', () => {
  it('I4: counts the messages that came after the end instead of keeping them', () => {
    const others = Array.from({ length: 50 }, (_, at) => begin(`n${at}`))
    const { assembler, message } = run([begin('m'), hard, ...others], { limits: { anomalies: 10 } })
    expect(message.id).toBe('m')
    expect(assembler.anomalies).toEqual([
      ...others.slice(0, 10).map((_, at) => ({ kind: 'second_message', detail: `n${at}` })),
      { kind: 'late_event', count: 40 },
    ])
  })

  it('I4: lets no delta land in a block of another kind when there is no room for one of its own', () => {
    const { message } = run([begin('m'), open('0', 'text', {}, 'a'), append('0', 'thinking', 'b')], {
      limits: { blocks: 1 },
    })
    expect(message.content).toMatchObject([{ type: 'text', text: 'a' }])
    expect(message.outcome).toMatchObject({ kind: 'failed', error: { class: 'limit' } })
  })

  it('I10: keeps no more blocks than are allowed', () => {
    const { message } = run([begin('m'), ...['0', '1', '2', '3'].map((key) => open(key, 'text'))], {
      limits: { blocks: 2 },
    })
    expect(message.content).toHaveLength(2)
    expect(message.outcome).toMatchObject({ kind: 'failed', error: { class: 'limit' } })
  })
})

describe('usage', () => {
  it('keeps a positive number when a zero comes later', () => {
    expect(run([begin('m'), usage(5), usage(0)]).message).toMatchObject({
      usage: { outputTokens: 5 },
      rawUsage: { output: 0 },
    })
  })
})
