/** Which tool call a delta of a chat stream is about, for every way in which servers leave that unsaid: `tool_calls` in, calls out. */
import { describe, expect, it } from 'vitest'
import type { AnomalyKind } from '../../src/anomaly.ts'
import { Fold } from '../../src/fold.ts'
import { toNative } from '../../src/to-native.ts'
import type { JsonObject } from '../../src/json.ts'
import type { ToolCallBlock } from '../../src/message.ts'
import { callsIn } from '../support/folded.ts'
import { expectLiveEqualsFinal } from '../support/naive-reader.ts'

/** A delta of one call: what is left out is not on the wire. */
interface Delta {
  readonly index?: number | null
  readonly id?: string | null
  readonly name?: string | null
  readonly arguments?: string | JsonObject | null
}

function callOf({ name, arguments: text, ...own }: Delta): JsonObject {
  const body = { ...(name === undefined ? {} : { name }), ...(text === undefined ? {} : { arguments: text }) }
  return { ...own, type: 'function', function: body }
}

const chunk = (delta: JsonObject, finish: string | null = null): JsonObject => ({
  id: 'chat_1',
  choices: [{ index: 0, delta, finish_reason: finish }],
})

/** Each element is the `tool_calls` of one chunk. */
function fold(chunks: readonly (readonly Delta[])[], finish = 'tool_calls') {
  const assembler = new Fold({ dialect: 'openai-chat' })
  const events = [
    chunk({ role: 'assistant', content: null }),
    ...chunks.map((calls) => chunk({ tool_calls: calls.map(callOf) })),
    chunk({}, finish),
    '[DONE]',
  ].flatMap((event) => assembler.receive(event))
  events.push(...assembler.end({ kind: 'complete' }))
  const [message] = assembler.messages
  if (message === undefined) expect.fail('there is no message')
  expectLiveEqualsFinal(events, message)
  const calls = message.content.filter((block): block is ToolCallBlock => block.type === 'tool_call')
  expect(calls).toHaveLength(message.content.length)
  return { message, calls, handedOut: callsIn(events), kinds: message.anomalies.map(({ kind }) => kind) }
}

/** A call as it should come out: id (`-` if it was minted), name, arguments. */
type Told = readonly [id: string, name: string, text: string]

function tell({ id, idSource, name, arguments: text }: ToolCallBlock): Told {
  return [idSource === 'wire' ? id : '-', name, text]
}

type Row = [
  name: string,
  chunks: readonly (readonly Delta[])[],
  calls: readonly Told[],
  anomalies?: readonly AnomalyKind[],
]

const A: Delta = { index: 0, id: 'a', name: 'f' }
const B: Delta = { index: 1, id: 'b', name: 'g' }

const ROWS: Row[] = [
  [
    'as the protocol has it: the index says which, one call after the other',
    [
      [{ ...A, arguments: '' }],
      [{ index: 0, arguments: '{"a"' }],
      [{ index: 0, arguments: ':1}' }],
      [{ ...B, arguments: '{}' }],
    ],
    [
      ['a', 'f', '{"a":1}'],
      ['b', 'g', '{}'],
    ],
  ],
  [
    'quirk 3.10: without an index, a call with another id in each chunk',
    [[{ id: 'a', name: 'f', arguments: '{"a":1}' }], [{ id: 'b', name: 'f', arguments: '{"a":2}' }]],
    [
      ['a', 'f', '{"a":1}'],
      ['b', 'f', '{"a":2}'],
    ],
  ],
  [
    'quirk 3.10: without an index, the id says which, also to and fro',
    [
      [{ id: 'a', name: 'f', arguments: '{' }],
      [{ id: 'b', name: 'g', arguments: '{' }],
      [{ id: 'a', arguments: '"a":1}' }],
      [{ id: 'b', arguments: '}' }],
    ],
    [
      ['a', 'f', '{"a":1}'],
      ['b', 'g', '{}'],
    ],
  ],
  [
    'quirk 3.10: without an index and an id, it is the last call',
    [[{ id: 'a', name: 'f', arguments: '' }], [{ arguments: '{"a"' }], [{ arguments: ':1}' }]],
    [['a', 'f', '{"a":1}']],
  ],
  [
    'quirk 3.10: an index of null is none',
    [[{ index: null, id: 'a', name: 'f', arguments: '{}' }], [{ index: null, id: 'b', name: 'g', arguments: '{}' }]],
    [
      ['a', 'f', '{}'],
      ['b', 'g', '{}'],
    ],
  ],
  [
    'quirk 3.10: two calls in one chunk, without an index and an id, go on in the same places',
    [
      [
        { name: 'f', arguments: '' },
        { name: 'g', arguments: '' },
      ],
      [{ arguments: '{"a"' }, { arguments: '{"b"' }],
      [{ arguments: ':1}' }, { arguments: ':2}' }],
    ],
    [
      ['-', 'f', '{"a":1}'],
      ['-', 'g', '{"b":2}'],
    ],
  ],
  [
    'quirk 3.10: two calls of one tool in one chunk, without an index and an id',
    [
      [
        { name: 'f', arguments: '{"a":1}' },
        { name: 'f', arguments: '{"a":2}' },
      ],
    ],
    [
      ['-', 'f', '{"a":1}'],
      ['-', 'f', '{"a":2}'],
    ],
  ],
  [
    'quirk 3.11: all at index 0 with ids of their own',
    [
      [{ ...A, arguments: '{"a":1}' }],
      [{ ...A, id: 'b', arguments: '{"a":2}' }],
      [{ ...A, id: 'c', name: 'g', arguments: '{}' }],
    ],
    [
      ['a', 'f', '{"a":1}'],
      ['b', 'f', '{"a":2}'],
      ['c', 'g', '{}'],
    ],
    ['block_key_reused'],
  ],
  [
    'quirk 3.11: all at index 0, each with its name first and its arguments in pieces',
    [
      [{ ...A, arguments: '' }],
      [{ index: 0, arguments: '{"a"' }],
      [{ index: 0, arguments: ':1}' }],
      [{ ...A, id: 'b', arguments: '' }],
      [{ index: 0, arguments: '{"a":2}' }],
    ],
    [
      ['a', 'f', '{"a":1}'],
      ['b', 'f', '{"a":2}'],
    ],
    ['block_key_reused'],
  ],
  [
    'quirk 3.11: all at index 0, where the id then says which',
    [
      [{ ...A, arguments: '{' }],
      [{ ...A, id: 'b', name: 'g', arguments: '{' }],
      [{ index: 0, id: 'a', arguments: '}' }],
      [{ index: 0, id: 'b', arguments: '}' }],
    ],
    [
      ['a', 'f', '{}'],
      ['b', 'g', '{}'],
    ],
    ['block_key_reused'],
  ],
  [
    'quirk 3.11: all at index 0 without ids: a name after whole arguments opens a call',
    [
      [{ index: 0, name: 'f', arguments: '{"a":1}' }],
      [{ index: 0, name: 'f', arguments: '{"a":2}' }],
      [{ index: 0, name: 'g', arguments: '{}' }],
    ],
    [
      ['-', 'f', '{"a":1}'],
      ['-', 'f', '{"a":2}'],
      ['-', 'g', '{}'],
    ],
    ['block_key_reused'],
  ],
  [
    'quirk 3.12: deltas of parallel calls that come to and fro',
    [
      [{ ...A, arguments: '{"a"' }],
      [{ ...B, arguments: '{"b"' }],
      [{ index: 0, arguments: ':1}' }],
      [{ index: 1, arguments: ':2}' }],
    ],
    [
      ['a', 'f', '{"a":1}'],
      ['b', 'g', '{"b":2}'],
    ],
  ],
  [
    'quirk 3.12: deltas of parallel calls in one chunk, in any order',
    [
      [
        { ...B, arguments: '{' },
        { ...A, arguments: '{' },
      ],
      [
        { index: 0, arguments: '"a":1}' },
        { index: 1, arguments: '"b":2}' },
      ],
    ],
    [
      ['b', 'g', '{"b":2}'],
      ['a', 'f', '{"a":1}'],
    ],
  ],
  [
    'quirk 3.13: an index that does not start at 0, with gaps, and out of order',
    [
      [{ ...A, index: 7, arguments: '{}' }],
      [{ ...B, index: 2, arguments: '{}' }],
      [{ ...A, index: 1e9, id: 'c', arguments: '{"a":1}' }],
    ],
    [
      ['a', 'f', '{}'],
      ['b', 'g', '{}'],
      ['c', 'f', '{"a":1}'],
    ],
  ],
  [
    'quirk 3.14: an id that is empty on later chunks',
    [
      [{ ...A, arguments: '' }],
      [{ index: 0, id: '', arguments: '{"a"' }],
      [{ index: 0, id: '', name: '', arguments: ':1}' }],
    ],
    [['a', 'f', '{"a":1}']],
  ],
  [
    'quirk 3.14: an id and a name that are null on later chunks',
    [[{ ...A, arguments: '{"a"' }], [{ index: 0, id: null, name: null, arguments: ':1}' }]],
    [['a', 'f', '{"a":1}']],
  ],
  [
    'quirk 3.14: an id that is empty and no index',
    [[{ id: 'a', name: 'f', arguments: '' }], [{ id: '', arguments: '{}' }]],
    [['a', 'f', '{}']],
  ],
  [
    'quirk 3.15: another id on later chunks of the same call: the first stands',
    [[{ ...A, arguments: '' }], [{ index: 0, id: 'b', arguments: '{"a"' }], [{ index: 0, id: 'c', arguments: ':1}' }]],
    [['a', 'f', '{"a":1}']],
    ['call_id_changed', 'call_id_changed'],
  ],
  [
    'quirk 3.15: another id and the name again, where the arguments are not whole',
    [[{ ...A, arguments: '{"a"' }], [{ ...A, id: 'b', arguments: ':1}' }]],
    [['a', 'f', '{"a":1}']],
    ['call_id_changed'],
  ],
  [
    'quirk 3.16: no id at all, with an index',
    [[{ index: 0, name: 'f', arguments: '{}' }], [{ index: 1, name: 'f', arguments: '{"a":1}' }]],
    [
      ['-', 'f', '{}'],
      ['-', 'f', '{"a":1}'],
    ],
  ],
  [
    'quirk 3.16: an id that comes late, before anything was shown',
    [[{ index: 0, name: 'f', arguments: '' }], [{ index: 0, id: 'late', arguments: '{}' }]],
    [['late', 'f', '{}']],
  ],
  [
    'quirk 3.16: an id that comes late without an index',
    [[{ name: 'f', arguments: '' }], [{ id: 'late', arguments: '{}' }]],
    [['late', 'f', '{}']],
  ],
  [
    'quirk 3.17: the name on every chunk',
    [
      [{ index: 0, name: 'read_file', arguments: '{' }],
      [{ index: 0, name: 'read_file', arguments: '"a":' }],
      [{ index: 0, name: 'read_file', arguments: '1}' }],
    ],
    [['-', 'read_file', '{"a":1}']],
  ],
  [
    'quirk 3.17: the id and the name on every chunk',
    [
      [{ ...A, arguments: '' }],
      [{ ...A, arguments: '{"a":{' }],
      [{ ...A, arguments: '"b":1' }],
      [{ ...A, arguments: '}}' }],
    ],
    [['a', 'f', '{"a":{"b":1}}']],
  ],
  [
    'quirk 3.17: the id and the name on every chunk, without an index',
    [[{ id: 'a', name: 'f', arguments: '{' }], [{ id: 'a', name: 'f', arguments: '}' }]],
    [['a', 'f', '{}']],
  ],
  [
    'quirk 3.17: the name on every chunk, where a piece of the arguments begins like an object',
    [
      [{ index: 0, name: 'f', arguments: '{"a":' }],
      [{ index: 0, name: 'f', arguments: '{"b":1}' }],
      [{ index: 0, name: 'f', arguments: '}' }],
    ],
    [['-', 'f', '{"a":{"b":1}}']],
  ],
  [
    'quirk 3.18: a name in two pieces',
    [
      [{ index: 0, id: 'a', name: 'get_', arguments: '' }],
      [{ index: 0, name: 'weather', arguments: '' }],
      [{ index: 0, arguments: '{}' }],
    ],
    [['a', 'get_weather', '{}']],
  ],
  [
    'quirk 3.18: a name that comes again, longer',
    [[{ index: 0, id: 'a', name: 'get', arguments: '' }], [{ index: 0, name: 'get_weather', arguments: '{}' }]],
    [['a', 'get_weather', '{}']],
  ],
  [
    'quirk 3.18: a name that ends as it began, repeated',
    [[{ index: 0, name: 'pop', arguments: '' }], [{ index: 0, name: 'pop', arguments: '{}' }]],
    [['-', 'pop', '{}']],
  ],
  [
    'quirk 3.18: arguments before the name',
    [[{ index: 0, id: 'a', arguments: '{"a"' }], [{ index: 0, arguments: ':1}' }], [{ index: 0, name: 'f' }]],
    [['a', 'f', '{"a":1}']],
  ],
  [
    'quirk 3.19: arguments that are an object',
    [[{ ...A, arguments: { command: 'ls', __proto__: null } }]],
    [['a', 'f', '{"command":"ls"}']],
  ],
  ['quirk 3.20: arguments that are empty', [[{ ...A, arguments: '' }]], [['a', 'f', '']]],
  [
    'quirk 3.20: arguments that are null',
    [[{ ...A, arguments: null }], [{ index: 0, arguments: null }]],
    [['a', 'f', '']],
  ],
  [
    'quirk 3.20: arguments that are absent',
    [[A], [B]],
    [
      ['a', 'f', ''],
      ['b', 'g', ''],
    ],
  ],
  [
    'quirk 3.20: arguments that are the word null, and then are told',
    [[{ ...A, arguments: 'null' }]],
    [['a', 'f', 'null']],
  ],
  ['quirk 3.21: a whole call in one chunk', [[{ ...A, arguments: '{"a":1}' }]], [['a', 'f', '{"a":1}']]],
  [
    'quirk 3.21: all calls in one chunk',
    [
      [
        { ...A, arguments: '{"a":1}' },
        { ...B, arguments: '{"b":2}' },
      ],
    ],
    [
      ['a', 'f', '{"a":1}'],
      ['b', 'g', '{"b":2}'],
    ],
  ],
  [
    'quirk 3.22: the arguments once more as a whole in the last chunk',
    [
      [{ ...A, arguments: '{"a":' }],
      [{ index: 0, arguments: '1}' }],
      [{ index: 0, id: null, name: null, arguments: '{"a":1}' }],
    ],
    [['a', 'f', '{"a":1}']],
    ['resent_arguments'],
  ],
  [
    'quirk 3.22: the arguments once more as a whole, where the last pieces were never sent',
    [[{ ...A, arguments: '{"a":' }], [{ index: 0, arguments: '1' }], [{ index: 0, arguments: '{"a":1,"b":2}' }]],
    [['a', 'f', '{"a":1,"b":2}']],
    ['resent_arguments'],
  ],
  [
    'the same call twice under two indexes is one',
    [[{ ...A, arguments: '{"a":1}' }], [{ ...A, index: 1, arguments: '{"a": 1}' }]],
    [['a', 'f', '{"a":1}']],
    ['duplicate_call'],
  ],
  [
    'another call under the id of one that is there gets an id of its own',
    [[{ ...A, arguments: '{"a":1}' }], [{ ...A, index: 1, arguments: '{"a":2}' }]],
    [
      ['a', 'f', '{"a":1}'],
      ['-', 'f', '{"a":2}'],
    ],
    ['call_id_reused'],
  ],
]

describe('the calls of a chat stream', () => {
  it.each<Row>(ROWS)('%s', (_, chunks, expected, anomalies = []) => {
    const { message, calls, handedOut, kinds } = fold(chunks)
    expect(calls.map(tell)).toEqual(expected)
    expect(calls.map(({ state }) => state)).toEqual(expected.map(() => 'complete'))
    expect(handedOut).toEqual(calls)
    expect(new Set(kinds)).toEqual(new Set(anomalies))
    expect(message.outcome).toEqual({ kind: 'complete' })
  })

  it('quirk 3.20: empty arguments are an empty object only where the stream finished cleanly', () => {
    expect(fold([[A]]).calls).toMatchObject([{ state: 'complete', input: {} }])
    const cut = fold([[A]], 'length')
    expect(cut.calls).toMatchObject([{ state: 'partial' }])
    expect(cut.handedOut).toEqual([])
  })

  it('quirk 3.22: arguments that were cut are never made whole', () => {
    const { calls, handedOut } = fold([[{ ...A, arguments: '{"a":' }], [{ index: 0, arguments: '{"a":1}' }]])
    expect(calls).toMatchObject([{ arguments: '{"a":{"a":1}', state: 'invalid' }])
    expect(handedOut).toEqual([])
  })

  it('quirk 3.23: no call is handed out while another delta may follow, however whole it looks', () => {
    const assembler = new Fold({ dialect: 'openai-chat', toolCalls: 'early' })
    const events = [chunk({ tool_calls: [callOf({ ...A, arguments: '{"a":1}' })] }), chunk({}, 'tool_calls')].flatMap(
      (event) => assembler.receive(event),
    )
    expect(callsIn(events)).toEqual([])
    expect(callsIn(assembler.receive('[DONE]'))).toEqual([])
    expect(callsIn(assembler.end({ kind: 'complete' }))).toHaveLength(1)
  })

  it('quirk 3.24: keeps fields of a call that nobody knows, also on the way back', () => {
    const extra = { google: { thought_signature: 'c2ln' } }
    const assembler = new Fold({ dialect: 'openai-chat' })
    for (const event of [
      chunk({ tool_calls: [{ ...callOf({ ...A, arguments: '' }), extra_content: extra }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: '{}', strict: true } }] }),
      chunk({}, 'tool_calls'),
      '[DONE]',
    ]) {
      assembler.receive(event)
    }
    assembler.end({ kind: 'complete' })
    expect(toNative(assembler.messages)).toMatchObject({
      choices: [
        {
          message: {
            tool_calls: [
              {
                id: 'a',
                type: 'function',
                extra_content: extra,
                function: { name: 'f', arguments: '{}', strict: true },
              },
            ],
          },
        },
      ],
    })
  })
})

const choice = (index: number, own: JsonObject): JsonObject => ({ id: 'chat_1', choices: [{ index, ...own }] })

describe('the choices of a chat stream', () => {
  const foldAll = (...events: unknown[]) => {
    const assembler = new Fold({ dialect: 'openai-chat' })
    for (const event of [...events, '[DONE]']) assembler.receive(event)
    assembler.end({ kind: 'complete' })
    return assembler.messages
  }
  const text = (content: string): JsonObject => ({ delta: { content } })

  it('quirk 3.26: are one where every chunk has a number of its own, and the message so far beside the delta', () => {
    const words = ['He', 'llo', ' you']
    const messages = foldAll(
      ...words.map((word, at) =>
        choice(197 + at, { ...text(word), message: { role: 'assistant', content: words.slice(0, at + 1).join('') } }),
      ),
      choice(200, { delta: {}, message: { content: words.join('') }, finish_reason: 'stop' }),
    )
    expect(messages).toHaveLength(1)
    expect(messages[0]).toMatchObject({ content: [{ text: 'Hello you' }], stop: { reason: 'end_turn' } })
    expect(new Set(messages[0]?.anomalies.map(({ kind }) => kind))).toEqual(new Set(['choice_ignored']))
  })

  it('quirk 3.26: are several where they were asked for, in any order, each with its own finish', () => {
    const messages = foldAll(
      choice(1, { delta: { role: 'assistant', content: 'b' } }),
      choice(0, { delta: { role: 'assistant', content: 'a' } }),
      choice(1, { ...text('B'), finish_reason: 'length' }),
      choice(0, { ...text('A'), finish_reason: 'stop' }),
      { choices: [], usage: { prompt_tokens: 1, completion_tokens: 4 } },
    )
    expect(messages.map(({ key, content }) => [key, content])).toMatchObject([
      ['turn/0', [{ text: 'aA' }]],
      ['turn/1', [{ text: 'bB' }]],
    ])
    expect(messages.map(({ stop }) => stop.raw)).toEqual(['stop', 'length'])
    for (const { usage, anomalies, outcome } of messages) {
      expect([usage.outputTokens, anomalies, outcome]).toEqual([4, [], { kind: 'complete' }])
    }
  })

  it('quirk 3.26: are several also where no chunk says who speaks', () => {
    const messages = foldAll(choice(0, text('a')), choice(1, text('b')), choice(0, text('A')))
    expect(messages.map(({ content }) => content)).toMatchObject([[{ text: 'aA' }], [{ text: 'b' }]])
  })

  it('are the first where the number is none', () => {
    for (const index of [null, -1, 0.5, '0', 'x', {}]) {
      const [message, ...others] = foldAll({ choices: [{ index, ...text('a') }] }, choice(0, text('b')))
      expect(others).toEqual([])
      expect(message?.content).toMatchObject([{ text: 'ab' }])
    }
  })
})
