/** What leaves the assembler: the turn events that show a block, to the letter, the block in the message, and which anomalies are one. */
import { describe, expect, it } from 'vitest'
import { Assembler } from '../../src/assembler/assembler.ts'
import type { JsonValue } from '../../src/json.ts'
import type { BlockKind } from '../../src/message.ts'
import type { BlockFields, Operation } from '../../src/operation.ts'
import type { TurnEvent } from '../../src/turn-event.ts'
import { append, begin, close, hard, malformed, open, optionsOf, patch, stop } from '../support/operations.ts'
import { run, shown } from '../support/run.ts'

const M = begin('m')
const END = [stop('end_turn'), hard]
const ABOUT = { message: 't/0', attempt: 1, block: 0 }

function eventsOf(type: TurnEvent['type'], ...operations: Operation[]): TurnEvent[] {
  return run([M, ...operations, ...END]).events.filter((event) => event.type === type)
}

describe('the start of a message', () => {
  it.each<[string, Operation, object]>([
    ['its id and its model', { op: 'begin', choice: 0, id: 'm', model: 'a' }, { id: 'm', model: 'a' }],
    ['its id alone if no model is named', M, { id: 'm' }],
    ['its key if it has no id yet', begin(), { id: 't/0' }],
  ])('I2: tells %s', (_, beginning, told) => {
    const { events } = run([beginning, ...END])
    expect(events.slice(0, 1)).toStrictEqual([{ type: 'start', message: 't/0', attempt: 1, ...told }])
  })
})

describe('the start of a block', () => {
  it.each<[string, BlockKind, BlockFields, object]>([
    ['the name and the id of a call', 'tool_call', { id: 'x', name: 'f' }, { id: 'x', name: 'f' }],
    [
      'that the provider runs a call',
      'tool_call',
      { id: 'x', name: 'f', origin: 'provider' },
      { id: 'x', name: 'f', origin: 'provider' },
    ],
    ['not that the client runs a call', 'tool_call', { name: 'f', origin: 'client' }, { id: 't/0#0', name: 'f' }],
    ['that a call has no name', 'tool_call', { id: 'x' }, { id: 'x', name: '' }],
    ['which call a result answers', 'tool_result', { callId: 'x' }, { callId: 'x' }],
    ['nothing of a result that names no call', 'tool_result', { isError: true }, {}],
    ['nothing of a text', 'text', { id: 'x', name: 'f', origin: 'provider', callId: 'x' }, {}],
  ])('I2: tells %s', (_, kind, fields, told) => {
    expect(eventsOf('block_start', open('0', kind, fields), close('0'))).toStrictEqual([
      { type: 'block_start', ...ABOUT, kind, ...told },
    ])
  })
})

describe('the end of a block', () => {
  it.each<[string, BlockFields, object]>([
    ['its signature', { signature: 's' }, { signature: 's' }],
    ['nothing if that is empty', { signature: '' }, {}],
    ['nothing if there is none', {}, {}],
  ])('I2: tells %s', (_, fields, told) => {
    expect(eventsOf('block_stop', open('0', 'thinking', fields), close('0'))).toStrictEqual([
      { type: 'block_stop', ...ABOUT, ...told },
    ])
  })
})

describe('a piece of a block', () => {
  it.each<[BlockKind, object]>([
    ['text', { type: 'text', text: 'a' }],
    ['refusal', { type: 'text', text: 'a' }],
    ['tool_result', { type: 'text', text: 'a' }],
    ['media', { type: 'text', text: 'a' }],
    ['other', { type: 'text', text: 'a' }],
    ['thinking', { type: 'thinking', text: 'a' }],
    ['tool_call', { type: 'tool_input', delta: 'a' }],
  ])('I2: of the kind %s is shown as it comes', (kind, told) => {
    const { events } = run([M, open('0', kind, { name: 'f' }), append('0', kind, 'a'), close('0'), ...END])
    expect(events.filter(({ type }) => type !== 'anomaly').slice(2, 3)).toStrictEqual([{ ...told, ...ABOUT }])
  })

  it.each<[string, string[], string[]]>([
    ['the first of those that begin a character', ['ab\ud800', '\udc00'], ['ab', '\ud800\udc00']],
    ['the last of those', ['ab\udbff', '\udfff'], ['ab', '\udbff\udfff']],
    ['none of those', ['ab\udc00', 'c'], ['ab\udc00', 'c']],
    ['a whole character behind them', ['ab\ue000', 'c'], ['ab\ue000', 'c']],
  ])('is kept back only for its last half character, if that is %s', (_, pieces, told) => {
    const deltas = pieces.map((piece) => append('0', 'text', piece))
    expect(shown(run([M, open('0', 'text'), ...deltas, close('0'), ...END]).events)).toEqual(told)
  })

  it('is shown to nobody where nobody listens', () => {
    const made = run([M, open('0', 'text', {}, 'a'), close('0'), ...END], { isLive: false })
    expect(made.events).toEqual([])
    expect(made.message.content).toMatchObject([{ text: 'a' }])
  })

  it('is shown from then on that somebody listens, and what came before is there to be asked for', () => {
    const assembler = new Assembler(optionsOf({ isLive: false }))
    expect(assembler.hasContent).toBe(false)
    assembler.receive({ operations: [M] })
    expect(assembler.hasContent).toBe(false)
    expect(assembler.receive({ operations: [open('0', 'text', {}, 'a')] })).toEqual([])
    expect(assembler.hasContent).toBe(true)
    assembler.goLive()
    expect(shown(assembler.receive({ operations: [append('0', 'text', 'b')] }))).toEqual(['b'])
    expect(assembler.snapshot().content).toMatchObject([{ text: 'ab' }])
  })
})

describe('a block in the message', () => {
  const listed = (kind: BlockKind, item: JsonValue): Operation => ({ op: 'list', choice: 0, key: '0', kind, item })

  it.each<[string, Operation[], object]>([
    [
      'media are the pieces of their data',
      ['ab', { at: 1 }, 'c'].map((item) => listed('media', item)),
      { data: 'abc' },
    ],
    ['media are their text', [append('0', 'media', 'a')], { text: 'a' }],
    ['media may be neither', [open('0', 'media')], {}],
    [
      'a result is what it says',
      [open('0', 'tool_result', { callId: 'x', content: 'c', isError: false })],
      {
        callId: 'x',
        content: 'c',
        isError: false,
      },
    ],
    ['a result may say nothing', [open('0', 'tool_result')], {}],
    [
      'thinking may be withheld',
      [open('0', 'thinking', { redacted: true, encrypted: 'e' })],
      {
        text: '',
        redacted: true,
        encrypted: 'e',
      },
    ],
    ['what nobody knows has its text', [append('0', 'other', 'a')], { text: 'a' }],
    ['what nobody knows may have none', [open('0', 'other')], {}],
    ['a text has its citations', [listed('text', { url: 'a' })], { text: '', citations: [{ url: 'a' }] }],
    [
      'a call has a key of its own',
      [open('0', 'tool_call', { id: 'x', name: 'f' }), append('0', 'tool_call', '{}')],
      {
        key: 't/0#0',
        id: 'x',
        idSource: 'wire',
        name: 'f',
        arguments: '{}',
        origin: 'client',
        state: 'complete',
        input: {},
      },
    ],
  ])('I7: %s', (_, operations, told) => {
    const { message } = run([M, ...operations, close('0'), ...END], { opensBlocks: false })
    const [type] = operations.flatMap((operation) => ('kind' in operation ? [operation.kind] : []))
    expect(message.content).toStrictEqual([{ type, ...told, wire: {} }])
  })

  it('I7: keeps what it was told if that is not told again', () => {
    const told: [BlockKind, BlockFields][] = [
      ['thinking', { redacted: true }],
      ['tool_call', { name: 'f', origin: 'provider' }],
      ['tool_result', { isError: true, content: 'c' }],
    ]
    for (const [kind, fields] of told) {
      const { content } = run([M, open('0', kind, fields), patch('0', kind, {}), close('0'), ...END]).message
      expect(content).toMatchObject([fields])
    }
  })
})

describe('an anomaly', () => {
  const odd = (more: object): Operation => ({ op: 'anomaly', choice: 0, kind: 'unknown_delta', ...more })
  const two = [open('0', 'text'), open('1', 'text')]

  it.each<[string, Operation[], object[]]>([
    ['comes again', [odd({}), odd({}), odd({})], [{ count: 3 }]],
    [
      'is of another kind',
      [malformed, odd({ detail: '{"cut' })],
      [{ kind: 'malformed_event' }, { kind: 'unknown_delta' }],
    ],
    ['is of another block', [...two, odd({ key: '0' }), odd({ key: '1' })], [{ block: 0 }, { block: 1 }]],
    ['says another detail', [odd({ detail: 'a' }), odd({ detail: 'b' })], [{ detail: 'a' }, { detail: 'b' }]],
    ['has a value', [odd({}), odd({ value: 1 })], [{ kind: 'unknown_delta' }, { value: 1 }]],
    ['has none after one that had', [odd({ value: 1 }), odd({})], [{ value: 1 }, { kind: 'unknown_delta' }]],
    ['has the same value again', [odd({ value: 1 }), odd({ value: 1 })], [{ value: 1 }, { value: 1 }]],
  ])('I4: that %s is told as what it is: one with a count only if nothing differs', (_, operations, told) => {
    const { anomalies } = run([M, ...operations, ...END]).message
    expect(anomalies).toMatchObject(told)
    expect(anomalies).toHaveLength(told.length)
    expect(anomalies.filter(({ count }) => count !== undefined)).toHaveLength(told.length === 1 ? 1 : 0)
  })
})
