/** The rules of fields, counts and limits that no other test would miss: each was switched off alone, and nothing else failed. */
import { describe, expect, it } from 'vitest'
import { Assembler } from '../../src/assembler/assembler.ts'
import type { JsonObject, JsonValue } from '../../src/json.ts'
import type { AssistantMessage } from '../../src/message.ts'
import type { BlockFields, MetaOperation, Operation, UsageOperation } from '../../src/operation.ts'
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
  meta,
  odd,
  open,
  optionsOf,
  partsWhole,
  patch,
  singly,
  snapshot,
  soft,
  stop,
  summary,
  vague,
} from '../support/operations.ts'
import { kindsOf, run, shown, types } from '../support/run.ts'

const M = begin('m')
const N = begin('n')
const END = [stop('end_turn'), hard]
const text = (key: string, said: string): Operation[] => [open(key, 'text'), append(key, 'text', said), close(key)]
const beginWith = (id: string, more: { model?: string; wire?: JsonObject }): Operation => ({
  op: 'begin',
  choice: 0,
  id,
  ...more,
})
const wired = (wire: JsonObject, more: Partial<MetaOperation> = {}): Operation => ({
  op: 'meta',
  choice: 0,
  wire,
  ...more,
})
const counted = (counts: UsageOperation['counts'], more: Partial<UsageOperation> = {}): Operation => ({
  op: 'usage',
  choice: 0,
  counts,
  raw: {},
  ...more,
})
const texts = ({ content }: AssistantMessage): (string | undefined)[] =>
  content.map((block) => ('text' in block ? block.text : block.type))

describe('what is empty', () => {
  const empty = (fields: BlockFields): Operation => patch('0', 'thinking', fields)

  it('I7: never erases a field of a block', () => {
    const made = run([
      M,
      open('0', 'thinking', { signature: 's', encrypted: 'e' }),
      ...[null, ''].map((none) => empty({ signature: none, encrypted: none })),
      open('1', 'tool_call', { id: 'x', name: 'f', freeText: 'input' }),
      append('1', 'tool_call', 'a'),
      ...[null, ''].map((none) => patch('1', 'tool_call', { id: none, name: none, freeText: '' })),
      close('1'),
      open('2', 'tool_result', { callId: 'x', isError: true, content: 'c' }),
      ...[null, ''].map((none) => patch('2', 'tool_result', { callId: none, isError: null })),
      ...END,
    ])
    expect(made.message.content).toMatchObject([
      { signature: 's', encrypted: 'e' },
      { id: 'x', name: 'f', input: { input: 'a' } },
      { callId: 'x', isError: true, content: 'c' },
    ])
  })

  it('I7: is all that a signature can be twice: the last that says something stands, and none is joined to another', () => {
    const made = run([M, open('0', 'thinking', { signature: 's' }), empty({ signature: 'S' }), close('0'), ...END])
    expect(made.message.content).toMatchObject([{ signature: 'S' }])
    expect(made.events.find(({ type }) => type === 'block_stop')).toMatchObject({ signature: 'S' })
  })

  it('I4: is no content, late or not, and shows nothing', () => {
    const late = run([M, open('0', 'text'), stop('end_turn'), append('0', 'text', ''), hard])
    expect(kindsOf(late)).toEqual([])
    const parts = [append('0', 'thinking', 'a', summary(0)), append('0', 'thinking', 'b', summary(1))]
    const thought = run([M, open('0', 'thinking'), ...parts, append('0', 'thinking', '', summary(0)), close('0')])
    expect(types(thought.events)).not.toContain('replace')
  })
})

describe('what comes after the stop reason', () => {
  it('I4: is content that came late also if it is an item, or a piece of thinking that is not shown yet', () => {
    const item = run([M, open('0', 'text'), stop('end_turn'), list('0', 'text', 'i'), hard])
    expect(kindsOf(item)).toEqual(['content_after_stop'])
    const parts = [append('0', 'thinking', 'a', summary(0)), append('0', 'thinking', 'b', summary(1))]
    const before = [M, open('0', 'thinking'), ...parts, append('0', 'thinking', 'x', summary(0)), stop('end_turn')]
    expect(kindsOf(run([...before, append('0', 'thinking', 'y', summary(0)), hard]))).toEqual(['content_after_stop'])
  })
})

describe('a message under another id', () => {
  const old = [
    beginWith('m', { model: 'a', wire: { note: 1 } }),
    wired({ type: 'x', note: 1 }, { path: ['items', '0'], rank: 3 }),
    ...text('0', 'old'),
    counted({ outputTokens: 7 }, { raw: { output: 7 } }),
    stop('max_tokens'),
    soft,
  ]

  it('I2: has nothing of the one that it replaces', () => {
    const { id, model, stop: stopped, usage, rawUsage, outcome, wire, content } = run([...old, N]).message
    expect({ id, model, stop: stopped, usage, rawUsage, kind: outcome.kind, wire, content }).toEqual({
      id: 'n',
      model: undefined,
      stop: { reason: 'unknown', raw: null, sequence: null },
      usage: {},
      rawUsage: undefined,
      kind: 'truncated',
      wire: {},
      content: [],
    })
  })

  it('I4: is not late if the one before had stopped, and what it replaces is kept in an anomaly', () => {
    const made = run([...old, N, ...text('0', 'new'), ...END])
    expect(kindsOf(made)).toEqual(['restarted'])
    expect(made.message.anomalies).toMatchObject([{ detail: 'm', content: [{ text: 'old' }] }])
  })

  it('I7: has its own fields, whatever their rank was in the one before', () => {
    const fields = (note: number): Operation => wired({ type: 'x', note }, { path: ['items', '0'], rank: 1 })
    const { wire } = run([...old, N, fields(2), fields(3), ...END]).message
    expect(wire).toEqual({ items: { 0: { type: 'x', note: 3 } } })
  })

  it('I3: remembers no replay of the one before', () => {
    const sent = text('0', 'a')
    const other = [open('1', 'thinking'), close('1')]
    const { message } = run([
      M,
      ...sent,
      M,
      ...sent,
      M,
      ...sent,
      N,
      ...sent,
      ...text('1', 'b'),
      N,
      ...sent,
      ...other,
      ...END,
    ])
    expect(texts(message)).toEqual(['a', ''])
  })

  it('I2: after a call of the one before was handed out fails it, and nothing of the new one comes in', () => {
    const made = run([M, ...call('0', 'x', 'f', '{}'), stop('tool_calls'), N, ...text('1', 'new'), hard])
    const message = expect.stringMatching(/^another message, n, began .* after one of its tool calls was handed out$/)
    const error = { class: 'regenerated_after_tool_call', retryable: false, message }
    expect(made.message).toMatchObject({ id: 'm', outcome: { error } })
    expect(made.message.content).toHaveLength(1)
  })
})

describe('another stream of the turn', () => {
  it('I5: that has nothing says so, whatever could not be read of the one before', () => {
    const assembler = new Assembler(optionsOf())
    for (const operation of [M, malformed]) assembler.receive({ operations: [operation] })
    assembler.reopen(2)
    assembler.restart()
    assembler.end({ kind: 'complete' })
    expect(assembler.messages[0]?.outcome).toMatchObject({
      kind: 'failed',
      error: { class: 'malformed', retryable: true },
    })
  })

  it('I2: that begins anew knows no id and no garbled event of the one before', () => {
    const assembler = new Assembler(optionsOf())
    for (const operation of [malformed, M, ...text('0', 'old')]) assembler.receive({ operations: [operation] })
    assembler.reopen(2)
    assembler.restart()
    for (const operation of text('0', 'new')) assembler.receive({ operations: [operation] })
    assembler.end({ kind: 'complete' })
    const [message = expect.fail('there is no message')] = assembler.messages
    expect(message).toMatchObject({ id: 't/0', idSource: 'minted', attempt: 2, wire: {} })
    expect(message.wire).toEqual({})
    expect(texts(message)).toEqual(['new'])
  })
})

describe('the fields of a message', () => {
  it('I2: are of the first id, and of the last; a change is noted once', () => {
    const { message } = run([M, meta({ id: 'n' }), meta({ id: 'n' }), meta({ id: 'o' }), ...END])
    expect(message).toMatchObject({ id: 'm', wire: { id: 'o' } })
    expect(message.anomalies).toEqual([
      { kind: 'id_changed', detail: 'n' },
      { kind: 'id_changed', detail: 'o' },
    ])
  })

  it('I7: name the model that went on with it, not the one of a begin event that came again', () => {
    const named = (...operations: Operation[]): string | undefined => run([...operations, ...END]).message.model
    expect(named(beginWith('m', { model: 'a' }), beginWith('m', { model: 'b' }))).toBe('a')
    expect(named(M, beginWith('m', { model: 'b' }))).toBe('b')
    expect(named(beginWith('m', { model: 'a' }), meta({ model: 'c' }))).toBe('c')
  })

  it('I7: under a path are of another thing if its type is another, and of no rank then', () => {
    const at = (type: string, note: number, rank: 1 | 3): Operation =>
      wired({ type, note }, { path: ['items', '0'], rank })
    expect(run([M, at('x', 1, 3), at('x', 2, 1), ...END]).message.wire).toEqual({
      items: { 0: { type: 'x', note: 1 } },
    })
    const other = run([M, at('x', 1, 3), at('y', 2, 1), at('y', 3, 1), ...END])
    expect(other.message.wire).toEqual({ items: { 0: { type: 'y', note: 3 } } })
  })

  it('I7: are absent where nothing told them: the message is plain JSON', () => {
    const bare: Operation = { op: 'anomaly', choice: 0, kind: 'unknown_event' }
    for (const { message } of [run([M, bare, ...END]), run([...text('0', 'a'), ...END])]) {
      expect(JSON.parse(JSON.stringify(message))).toStrictEqual(message)
    }
  })

  it('I7: hold what the shell knows of the response and of the time', () => {
    const facts = { response: { status: 200, headers: {} }, timing: { firstByteMs: 1, endMs: 3 } }
    expect(run([M, ...END], { facts: () => facts }).message).toMatchObject(facts)
  })

  it('I2: share nothing with the caller, and are frozen', () => {
    const item = { url: 'a' }
    const content = [{ type: 'text' }]
    const assembler = new Assembler(optionsOf())
    const receive = (operation: Operation): unknown => assembler.receive({ operations: [operation] })
    receive(M)
    receive({ op: 'list', choice: 0, key: '0', kind: 'text', item })
    receive(open('1', 'tool_result', { content }))
    item.url = 'b'
    content.push({ type: 'image' })
    assembler.end({ kind: 'complete' })
    const [message] = assembler.messages
    expect(message?.content).toMatchObject([{ citations: [{ url: 'a' }] }, { content: [{ type: 'text' }] }])
    expect(Object.isFrozen(message?.content[0])).toBe(true)
    expect([Object.isFrozen(item), Object.isFrozen(content)]).toEqual([false, false])
  })
})

describe('counts', () => {
  const usageOf = (...operations: Operation[]): object => run([M, ...operations, ...END]).message.usage

  it('I3: of a begin event that comes again change nothing that is known, also of the raw ones', () => {
    const initial = counted({ inputTokens: 1 }, { raw: { input: 1, tier: 'a' }, isInitial: true })
    const { usage, rawUsage } = run([
      M,
      initial,
      counted({ inputTokens: 5 }, { raw: { input: 5 } }),
      M,
      initial,
      ...END,
    ]).message
    expect([usage, rawUsage]).toEqual([{ inputTokens: 5 }, { input: 5, tier: 'a' }])
  })

  it('I7: of the input include the cache where the wire leaves it out, and only there', () => {
    const cached = { uncachedInputTokens: 1, cacheReadTokens: 10, cacheWriteTokens: 100 }
    expect(usageOf(counted(cached))).toMatchObject({ inputTokens: 111 })
    expect(usageOf(counted({ uncachedInputTokens: 1 }))).toEqual({ inputTokens: 1 })
    expect(usageOf(counted({ ...cached, inputTokens: 50 }))).toMatchObject({ inputTokens: 50 })
  })
})

describe('a message that is too long', () => {
  const long = 'x'.repeat(20)
  const many = (operation: (at: number) => Operation): Operation[] =>
    Array.from({ length: 20 }, (_, at) => operation(at))
  const held = [...call('0', 'x', 'f', '{}'), open('1', 'tool_call', { id: 'x', name: 'f' })]
  const handedOut = [...call('0', 'x', 'f', '{}'), stop('tool_calls')]
  const form = (rank: 1, said: string): Operation => snapshot('0', 'text', said, rank)

  it.each<[string, Operation[]]>([
    ['text', many(() => append('0', 'text', long))],
    ['text that is replaced', [open('0', 'text'), ...many((at) => form(1, `${at}${long}`))]],
    ['parts', [...many(() => append('0', 'thinking', long, summary(0)))]],
    ['parts without text', many((at) => append('0', 'thinking', '', summary(at)))],
    [
      'parts that are not shown yet',
      [append('0', 'thinking', 'a', summary(0)), append('0', 'thinking', 'b', summary(1))].concat(
        Array.from({ length: 20 }, () => append('0', 'thinking', long, summary(0))),
      ),
    ],
    ['parts that are replaced', many((at) => partsWhole('0', [[summary(at % 2), `${at}${long}`]]))],
    ['items', many(() => list('0', 'text', long))],
    ['fields', many((at) => patch(`${at}`, 'thinking', { signature: long }))],
    ['fields that grow', many(() => ({ op: 'patch', choice: 0, key: '0', kind: 'text', append: { log: [long] } }))],
    ['seeds', many((at) => open(`${at}`, 'tool_call', { name: 'f' }, long))],
    ['the arguments of a call that is held', [...held, ...many(() => append('1', 'tool_call', long))]],
    ['the final forms of a call that is held', [...held, ...many(() => snapshot('1', 'tool_call', long))]],
    ['what comes for a call that was handed out', [...handedOut, ...many(() => append('0', 'tool_call', long))]],
    ['the fields of the message', many((at) => wired({ [`${at}`]: long }))],
    ['fields under a path of it', many((at) => wired({ [`${at}`]: long }, { path: ['items', '0'] }))],
    ['the fields of its begin event', many((at) => beginWith('m', { wire: { [`${at}`]: long } }))],
    ['counts', many((at) => counted({}, { raw: { [`${at}`]: long } }))],
    ['the details of anomalies', many(() => ({ op: 'anomaly', choice: 0, kind: 'unknown_event', detail: long }))],
    ['the values of anomalies', many(() => ({ op: 'anomaly', choice: 0, kind: 'unknown_event', value: long }))],
  ])('I10: by its %s fails at once', (_, operations) => {
    const assembler = new Assembler(optionsOf({ limits: { messageLength: 300 } }))
    assembler.receive({ operations: [M] })
    for (const operation of operations) assembler.receive({ operations: [operation] })
    expect(assembler.isTerminal).toBe(true)
    assembler.end({ kind: 'complete' })
    expect(assembler.messages[0]?.outcome).toMatchObject({
      kind: 'failed',
      error: { class: 'limit', retryable: false, message: expect.stringContaining('longer than 300 ') },
    })
  })

  it('I10: is one by the first character beyond the limit', () => {
    const kindAt = (messageLength: number): string =>
      run([M, append('0', 'text', long), ...END], { limits: { messageLength }, opensBlocks: false }).message.outcome
        .kind
    expect([kindAt(19), kindAt(20)]).toEqual(['failed', 'complete'])
  })

  it('I10: is none for many pieces of one part, nor for the rest of an event that was cut', () => {
    const limits = { messageLength: 100 }
    const pieces = many(() => append('0', 'thinking', 'x', summary(0)))
    expect(run([M, ...pieces, ...END], { limits, opensBlocks: false }).message.outcome.kind).toBe('complete')
    const cut: Operation = { op: 'anomaly', choice: 0, kind: 'cut_event', detail: 'x'.repeat(200) }
    expect(run([M, cut, ...END], { limits }).message.outcome.kind).toBe('complete')
  })

  it('I4: keeps the error that it had before', () => {
    const { message } = run([M, vague, ...many(() => append('0', 'text', long))], { limits: { messageLength: 100 } })
    expect(message.outcome).toMatchObject({ kind: 'failed', error: { class: 'unknown' } })
  })
})

describe('anomalies', () => {
  it('I4: name their block, and beyond the limit are counted', () => {
    const about = (value: JsonValue): Operation => ({
      op: 'anomaly',
      choice: 0,
      kind: 'unknown_delta',
      key: '0',
      value,
    })
    const { message } = run([M, open('0', 'text'), about(1), about(2), about(3), ...END], { limits: { anomalies: 2 } })
    expect(message.anomalies).toEqual([
      { kind: 'unknown_delta', block: 0, value: 1 },
      { kind: 'unknown_delta', block: 0, value: 2 },
      { kind: 'more', count: 1 },
    ])
  })

  it('I10: tell at most 4 KB of what was seen', () => {
    const long: Operation = { op: 'anomaly', choice: 0, kind: 'unknown_event', detail: 'x'.repeat(5000) }
    expect(run([M, long, ...END]).message.anomalies[0]?.detail).toHaveLength(4096)
  })

  it('I5: of events that could not be read say why a message without any other failed: the first of them', () => {
    const garbled = (detail: string): Operation => ({ op: 'anomaly', choice: 0, kind: 'malformed_event', detail })
    expect(run([garbled('one'), garbled('two')]).message.outcome).toMatchObject({ error: { body: 'one' } })
    expect(run([odd]).message.outcome).toMatchObject({ error: { class: 'malformed', retryable: true } })
    expect(run([odd]).message.outcome).not.toHaveProperty('error.body')
  })
})

describe('half of a character', () => {
  const live = (...operations: Operation[]): string[] => shown(run([M, open('0', 'text'), ...operations]).events)

  it('is shown with its other half, or at the close, or at once if nothing would show it later', () => {
    expect(live(append('0', 'text', 'a\ud83d'), append('0', 'text', '\ude00b'))).toEqual(['a', '\ud83d\ude00b'])
    expect(live(append('0', 'text', '\ud83d'), close('0'))).toEqual(['\ud83d'])
    expect(live(close('0'), append('0', 'text', '\ud83d'))).toEqual(['\ud83d'])
    expect(live(append('0', 'text', 'a\ud83d'), snapshot('0', 'text', 'b'), close('0'))).toEqual(['a', '→ b'])
  })
})

describe('a preview of a call', () => {
  it('is of its final form once that has come', () => {
    const previews: unknown[] = []
    const opened = [M, open('0', 'tool_call', { id: 'x', name: 'f' }), append('0', 'tool_call', '{"a":1')]
    drive(optionsOf(), singly([...opened, snapshot('0', 'tool_call', '{"b":2}')]), { kind: 'complete' }, (assembler) =>
      previews.push(assembler.partialInput(0)?.value),
    )
    expect(previews.at(-1)).toEqual({ b: 2 })
  })

  it('of plain text says that it is whole also while it is sent again', () => {
    const opening = open('0', 'tool_call', { id: 'x', name: 'f', freeText: 'input' })
    const wholes: unknown[] = []
    const sent = [M, opening, append('0', 'tool_call', 'a'), close('0'), M, opening]
    const again = [append('0', 'tool_call', 'a'), close('0'), stop('tool_calls')]
    drive(optionsOf(), singly([...sent, ...again]), { kind: 'complete' }, (assembler) =>
      wholes.push(assembler.partialInput(0)?.isComplete),
    )
    expect(wholes).toEqual([undefined, false, false, true, true, true, true, true, true])
  })
})

describe('a preview', () => {
  it('is of the first message, or of the one that is named, and of none if there is no such', () => {
    const assembler = new Assembler(optionsOf())
    const written = [open('0', 'tool_call', { id: 'x', name: 'f' }), append('0', 'tool_call', '{"a":1}')]
    for (const operation of [begin('m', 0), begin('m', 1), ...written.map((own) => ({ ...own, choice: 1 }))]) {
      assembler.receive({ operations: [operation] })
    }
    expect(assembler.partialInput(0, 't/1')).toEqual({ value: { a: 1 }, isComplete: true })
    expect([undefined, 't/0', 't/2'].map((message) => assembler.partialInput(0, message))).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })
})

describe('a call', () => {
  const X = open('0', 'tool_call', { id: 'x', name: 'f' })

  it('I6: that is sent again is as whole as it was, to who looks at it meanwhile', () => {
    const statesOf = (...operations: Operation[]): unknown[] => {
      const states: unknown[] = []
      drive(optionsOf(), singly(operations), { kind: 'complete' }, (assembler) =>
        states.push(assembler.snapshot().content.map((block) => (block.type === 'tool_call' ? block.state : ''))[0]),
      )
      return states
    }
    const sent = call('0', 'x', 'f', '{}')
    expect(statesOf(M, ...sent, M, X)).toEqual([undefined, 'partial', 'partial', 'complete', 'complete', 'complete'])
    expect(statesOf(M, ...sent.slice(0, 2), M, X)).toEqual([undefined, 'partial', 'partial', 'partial', 'partial'])
  })

  it('I3: is the same if one of the two times its id is not told', () => {
    const again = [open('0', 'tool_call', { name: 'f' }), append('0', 'tool_call', '{}'), close('0')]
    const made = run([M, ...call('0', 'x', 'f', '{}'), M, ...again, stop('tool_calls'), hard])
    expect(types(made.events)).not.toContain('reset')
    expect(made.message.content).toMatchObject([{ id: 'x', state: 'complete' }])
  })

  it('I2: without a name is an earlier one again if it has its id and its arguments', () => {
    const again = [open('1', 'tool_call', { id: 'x' }), append('1', 'tool_call', '{}'), close('1'), close('1')]
    const made = run([M, ...call('0', 'x', 'f', '{}'), ...again, stop('tool_calls'), hard])
    expect(made.message.content).toHaveLength(1)
    expect(kindsOf(made)).toEqual(['duplicate_call', 'stray_close'])
  })

  it('I7: that gets an id of its own keeps the one of the wire', () => {
    const made = run([M, ...call('0', 'x', 'f', '{}'), ...call('1', 'x', 'g', '{}'), stop('tool_calls'), hard])
    expect(made.message.content).toMatchObject([{ id: 'x' }, { id: 't/0#1', idSource: 'minted', wire: { id: 'x' } }])
    expect(made.message.anomalies).toEqual([{ kind: 'call_id_reused', detail: 'x' }])
    const late = run([M, ...call('0', 'x', 'f', '{}'), ...call('1', 'x', 'f', '{"a":1}'), stop('tool_calls'), hard])
    expect(late.message.content).toMatchObject([{ id: 'x' }, { id: 't/0#1', wire: { id: 'x' } }])
    expect(late.message.anomalies).toEqual([{ kind: 'call_id_reused', detail: 'x' }])
  })

  it('I2: that comes twice is one, and what came the second time is noted', () => {
    const made = run([
      M,
      ...call('0', 'x', 'f', '{"a":1}'),
      ...call('1', 'x', 'f', '{ "a": 1 }'),
      stop('tool_calls'),
      hard,
    ])
    expect(made.message.content).toHaveLength(1)
    expect(made.message.anomalies).toEqual([{ kind: 'duplicate_call', detail: 'x', value: '{ "a": 1 }', block: 0 }])
    const broken = run([M, ...call('0', 'x', 'f', '{{'), ...call('1', 'x', 'f', '{{'), stop('tool_calls'), hard])
    expect(kindsOf(broken)).toEqual(['duplicate_call', 'invalid_input'])
  })

  it('I6: that was handed out may be told once more in other words for the same input', () => {
    const sent = [M, ...call('0', 'x', 'f', '{"a":1}'), stop('tool_calls')]
    expect(kindsOf(run([...sent, snapshot('0', 'tool_call', '{ "a": 1 }'), hard]))).toEqual([])
  })

  it('I4: whose arguments came with its opening takes a delta that comes late in their place', () => {
    const made = run([
      M,
      open('0', 'tool_call', { name: 'f' }, '{"a":1}'),
      close('0'),
      append('0', 'tool_call', '{}'),
      ...END,
    ])
    expect(made.message.content).toMatchObject([{ arguments: '{}' }])
    expectLiveEqualsFinal(made.events, made.message)
  })

  it('I2: whose arguments came with its opening shows the deltas that replace them as deltas, early or late', () => {
    const seeded = open('0', 'tool_call', { name: 'f' }, '{"a":1}')
    const deltas = ['{"b"', ':1}'].map((said) => append('0', 'tool_call', said))
    const made = run([M, seeded, ...deltas.slice(0, 1), close('0'), ...deltas.slice(1), ...END])
    expect(made.message.content).toMatchObject([{ arguments: '{"b":1}' }])
    expect(shown(made.events)).toEqual(['{"b"', ':1}'])
    const empty = open('0', 'tool_call', { name: 'f' }, '')
    expect(shown(run([M, empty, close('0'), ...deltas, ...END]).events)).toEqual(['{"b"', ':1}'])
  })
})

describe('a final form', () => {
  it.each([
    ['of a part that contradicts', ['x'], 'x'],
    ['of several parts of which one contradicts', ['a', 'x'], 'a\n\nx'],
  ])('I3: %s in a replay shows that the message is a new one', (_, forms, said) => {
    const parts = [append('0', 'thinking', 'a', summary(0)), append('0', 'thinking', 'b', summary(1)), close('0')]
    const made = run([
      M,
      open('0', 'thinking'),
      ...parts,
      M,
      open('0', 'thinking'),
      partsWhole(
        '0',
        forms.map((form, at) => [summary(at), form]),
      ),
      ...END,
    ])
    expect(texts(made.message)).toEqual([said])
    expect(types(made.events)).toContain('reset')
  })

  it('I3: that replaced another one leaves what streamed as what a replay repeats', () => {
    const sent = [open('0', 'text'), append('0', 'text', 'ab')]
    const forms = [snapshot('0', 'text', 'x', 1), snapshot('0', 'text', 'y', 2), close('0')]
    const made = run([M, ...sent, ...forms, M, ...sent, close('0'), ...END])
    expect(texts(made.message)).toEqual(['y'])
    expect(types(made.events)).not.toContain('reset')
  })
})
