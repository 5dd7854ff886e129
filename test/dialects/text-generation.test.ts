/** The formats of plain text, as rows: what they send and what the message says. */
import { describe, expect, it } from 'vitest'
import { fold, toNative } from '../../src/index.ts'
import type { JsonObject } from '../../src/json.ts'
import type { AssistantMessage, StopReason } from '../../src/message.ts'
import { allOf } from './all-messages.ts'
import { kindsOf, textOf } from './run.ts'

const METRICS = { 'amazon-bedrock-invocationMetrics': { inputTokenCount: 9, outputTokenCount: 2 } }

interface Format {
  readonly name: string
  piece(text: string): JsonObject
  end(reason: string): JsonObject
  readonly stops: readonly (readonly [string, StopReason, 'complete' | 'failed'])[]
}

const FORMATS: readonly Format[] = [
  {
    name: 'Titan',
    piece: (outputText) => ({ outputText, index: 0, completionReason: null, totalOutputTextTokenCount: null }),
    end: (completionReason) => ({
      outputText: '',
      index: 0,
      completionReason,
      totalOutputTextTokenCount: 2,
      ...METRICS,
    }),
    stops: [
      ['FINISH', 'end_turn', 'complete'],
      ['FINISHED', 'end_turn', 'complete'],
      ['LENGTH', 'max_tokens', 'complete'],
      ['STOP_CRITERIA_MET', 'stop_sequence', 'complete'],
      ['CONTENT_FILTERED', 'content_filter', 'complete'],
      ['RAG_QUERY_WHEN_RAG_DISABLED', 'error', 'failed'],
      ['NOVEL', 'unknown', 'complete'],
    ],
  },
  {
    name: 'Llama',
    piece: (generation) => ({ generation, prompt_token_count: null, generation_token_count: 1, stop_reason: null }),
    end: (stop_reason) => ({ generation: '', prompt_token_count: 9, generation_token_count: 2, stop_reason }),
    stops: [
      ['stop', 'end_turn', 'complete'],
      ['length', 'max_tokens', 'complete'],
      ['novel', 'unknown', 'complete'],
    ],
  },
  {
    name: 'Mistral',
    piece: (text) => ({ outputs: [{ text, stop_reason: null }] }),
    end: (stop_reason) => ({ outputs: [{ text: '', stop_reason }], ...METRICS }),
    stops: [
      ['stop', 'end_turn', 'complete'],
      ['length', 'max_tokens', 'complete'],
      ['novel', 'unknown', 'complete'],
    ],
  },
  {
    name: 'Command',
    piece: (text) => ({ is_finished: false, text }),
    end: (finish_reason) => ({ is_finished: true, finish_reason, ...METRICS }),
    stops: [
      ['COMPLETE', 'end_turn', 'complete'],
      ['MAX_TOKENS', 'max_tokens', 'complete'],
      ['STOP_SEQUENCE', 'stop_sequence', 'complete'],
      ['ERROR_LIMIT', 'context_window', 'complete'],
      ['ERROR_TOXIC', 'content_filter', 'complete'],
      ['ERROR', 'error', 'failed'],
      ['USER_CANCEL', 'error', 'failed'],
    ],
  },
  {
    name: 'TGI',
    piece: (text) => ({
      index: 1,
      token: { id: 1, text, logprob: -1, special: false },
      generated_text: null,
      details: null,
    }),
    end: (finish_reason) => ({
      token: { id: 2, text: '</s>', logprob: -1, special: true },
      generated_text: 'HelloHello',
      details: { finish_reason, generated_tokens: 2, input_length: 9 },
    }),
    stops: [
      ['eos_token', 'end_turn', 'complete'],
      ['length', 'max_tokens', 'complete'],
      ['stop_sequence', 'stop_sequence', 'complete'],
    ],
  },
  {
    name: 'llama.cpp',
    piece: (content) => ({ index: 0, content, stop: false, tokens_predicted: 1, tokens_evaluated: 9 }),
    end: (stop_type) => ({ index: 0, content: '', stop: true, stop_type, tokens_predicted: 2, tokens_evaluated: 9 }),
    stops: [
      ['eos', 'end_turn', 'complete'],
      ['limit', 'max_tokens', 'complete'],
      ['word', 'stop_sequence', 'complete'],
      ['none', 'unknown', 'complete'],
    ],
  },
]

describe.each(FORMATS)('$name', ({ piece, end, stops }) => {
  it.each(stops)('I5: %s is %s, and the answer %s', async (raw, reason, kind) => {
    const message = await fold([piece('Hello'), piece('Hello'), end(raw)])
    expect(message.dialect).toBe('text-generation')
    expect(message.stop).toMatchObject({ raw, reason })
    expect(message.outcome.kind).toBe(kind)
    expect([textOf(message), kindsOf(message)]).toEqual(['HelloHello', []])
    expect(message.usage).toEqual({ inputTokens: 9, outputTokens: 2 })
  })

  it('I5: is cut without its last event, and failed by an error', async () => {
    const cut = await fold([piece('Hel')])
    expect([cut.outcome.kind, textOf(cut)]).toEqual(['truncated', 'Hel'])
    const failed = await fold([piece('Hel'), { error: 'out of memory', error_type: 'generation' }])
    expect([failed.outcome.kind, textOf(failed)]).toEqual(['failed', 'Hel'])
  })

  it('I3: is the same message if its last event comes again', async () => {
    const [raw = ''] = stops[0] ?? []
    const { timing: _once, ...once } = await fold([piece('Hello'), end(raw)])
    const { timing: _twice, ...twice } = await fold([piece('Hello'), end(raw), end(raw)])
    expect(twice).toEqual(once)
  })

  it('I4: an event of no such format is noted', async () => {
    const message = await fold([piece('Hel'), { mood: 'good' }, piece('lo')])
    expect([textOf(message), kindsOf(message)]).toEqual(['Hello', ['unknown_event']])
  })
})

describe('a format of plain text is not found', () => {
  const others: readonly JsonObject[] = [
    { outputText: 'Hi' },
    { generation: 'Hi' },
    { generation: 'Hi', stop_reason: null },
    { text: 'Hi', finish_reason: 'stop' },
    { is_finished: false, event_type: 'text-generation', text: 'Hi' },
    { is_finished: true },
    { token: 'Hi', generated_text: null },
    { token: { text: 'Hi' } },
    { generated_text: 'Hi', model: 'm', prompt: 'p' },
    { content: 'Hi', stop: false },
    { content: 'Hi', stop: ['a'], tokens_predicted: 1 },
    { type: 'content', content: 'Hi', stop: true, tokens: [1] },
    { object: 'text_completion', content: 'Hi', stop: true, tokens: [1] },
    { choices: [], content: 'Hi', stop: true, tokens: [1] },
    { generations: [] },
    { outputs: [] },
    { outputs: [{ text: 'Hi' }] },
    { object: 'x', outputs: [{ text: 'Hi', stop_reason: null }] },
    { results: [{ outputText: 'Hi' }] },
  ]
  it.each(others.map((event) => [JSON.stringify(event), event] as const))('in %s', async (_, event) => {
    expect((await fold([event])).dialect).not.toBe('text-generation')
  })
})

describe('a piece that leaves out what tells its format', () => {
  const details = { finish_reason: 'eos_token' }
  const rows: readonly (readonly [string, readonly JsonObject[]])[] = [
    ['TGI', [{ token: { text: 'Hel' } }, { token: { text: 'lo' }, generated_text: 'Hello', details }]],
    ['Titan', [{ outputText: 'Hel' }, { outputText: 'lo', completionReason: 'FINISH' }]],
    ['Llama', [{ generation: 'Hel' }, { generation: 'lo', stop_reason: 'stop' }]],
    ['Command', [{ is_finished: false, text: 'Hel' }, { is_finished: false, text: 'lo' }, { is_finished: true }]],
    ['Mistral', [{ outputs: [{ text: 'Hel' }] }, { outputs: [{ text: 'lo', stop_reason: 'stop' }] }]],
    ['Claude', [{ completion: 'Hel' }, { completion: 'lo', stop_reason: 'stop_sequence' }]],
    ['llama.cpp', [{ content: 'Hel', stop: false }, { content: 'lo' }, { stop: true, stop_type: 'eos' }]],
  ]
  it.each(rows)('I4: is read where the dialect is known: %s', async (_, events) => {
    const message = await fold(events, { dialect: 'text-generation' })
    expect([message.outcome.kind, textOf(message)]).toEqual(['complete', 'Hello'])
    const [first = {}] = events
    const cut = await fold([first], { dialect: 'text-generation' })
    expect([cut.outcome.kind, textOf(cut), kindsOf(cut)]).toEqual(['truncated', 'Hel', []])
  })

  it('I4: is read where it comes before the event that shows the format', async () => {
    const message = await fold([
      { token: { text: 'Hel' } },
      { token: { text: 'lo' }, generated_text: 'Hello', details },
    ])
    expect([message.outcome.kind, textOf(message), kindsOf(message)]).toEqual(['complete', 'Hello', []])
  })
})

describe('several answers', () => {
  const textsOf = (messages: readonly AssistantMessage[]) =>
    messages.map((message) => [textOf(message), message.stop.raw, message.outcome.kind])

  it('I2: of Command end with the one event that names none of them', async () => {
    const piece = (index: number, text: string): JsonObject => ({ index, is_finished: false, text })
    const end = { is_finished: true, finish_reason: 'MAX_TOKENS', ...METRICS }
    const { messages } = await allOf('text-generation', [piece(0, 'A'), piece(1, 'B'), piece(0, 'a'), end])
    expect(textsOf(messages)).toEqual([
      ['Aa', 'MAX_TOKENS', 'complete'],
      ['B', 'MAX_TOKENS', 'complete'],
    ])
    expect(toNative(messages)).toMatchObject({ generations: [{ text: 'Aa' }, { text: 'B' }] })
  })

  it('I2: of Command end each with its own', async () => {
    const end = (index: number): JsonObject => ({ index, is_finished: true, finish_reason: 'COMPLETE' })
    const pieces = [
      { index: 0, is_finished: false, text: 'A' },
      end(0),
      { index: 1, is_finished: false, text: 'B' },
      end(1),
    ]
    const { messages } = await allOf('text-generation', pieces)
    expect(textsOf(messages)).toEqual([
      ['A', 'COMPLETE', 'complete'],
      ['B', 'COMPLETE', 'complete'],
    ])
  })

  it('I2: of Titan and of Command stand in one whole answer', async () => {
    const result = (outputText: string): JsonObject => ({ tokenCount: 1, outputText, completionReason: 'FINISH' })
    const titan = { inputTextTokenCount: 3, results: [result('A'), result('B')] }
    const both = await allOf('text-generation', [titan])
    expect(textsOf(both.messages).map(([text]) => text)).toEqual(['A', 'B'])
    expect(toNative(both.messages)).toEqual(titan)
    const generation = (text: string): JsonObject => ({ id: text, text, finish_reason: 'COMPLETE' })
    const command = { id: 'r', prompt: 'p', generations: [generation('A'), generation('B')] }
    const two = await allOf('text-generation', [command])
    expect(textsOf(two.messages).map(([text]) => text)).toEqual(['A', 'B'])
    expect(toNative(two.messages)).toEqual(command)
  })

  it('I2: of Mistral stand in one whole answer', async () => {
    const whole = { outputs: ['A', 'B'].map((text) => ({ text, stop_reason: 'stop', seed: 1 })) }
    const { messages } = await allOf('text-generation', [whole])
    expect(textsOf(messages)).toEqual([
      ['A', 'stop', 'complete'],
      ['B', 'stop', 'complete'],
    ])
    expect(toNative(messages)).toEqual(whole)
  })

  it('I2: of llama.cpp end each with its own', async () => {
    const piece = (index: number, content: string, stop: boolean): JsonObject => ({
      index,
      content,
      stop,
      id_slot: index,
    })
    const { messages } = await allOf('text-generation', [
      piece(0, 'A', false),
      piece(1, 'B', false),
      piece(0, '', true),
      piece(1, '', true),
    ])
    expect(textsOf(messages).map(([text, , kind]) => [text, kind])).toEqual([
      ['A', 'complete'],
      ['B', 'complete'],
    ])
  })
})

describe('what only one of them has', () => {
  it('I4: the whole text of TGI may begin with the prompt, and is no other text', async () => {
    const token = { id: 1, text: 'Hi', logprob: -1, special: false }
    const message = await fold([{ token, generated_text: 'Say hi. Hi', details: { finish_reason: 'length' } }])
    expect([textOf(message), kindsOf(message)]).toEqual(['Hi', []])
  })

  it('I7: a whole answer of TGI is read, in a list or alone, with details or without', async () => {
    const details = { finish_reason: 'length', generated_tokens: 1, seed: null, tokens: [{ id: 1, text: 'Hi' }] }
    for (const source of [[{ generated_text: 'Hi', details }], { generated_text: 'Hi', details }]) {
      const message = await fold(JSON.stringify(source))
      expect([message.outcome.kind, textOf(message), message.stop.reason]).toEqual(['complete', 'Hi', 'max_tokens'])
      expect(toNative(message)).toEqual({ generated_text: 'Hi', details })
    }
    expect(textOf(await fold(JSON.stringify([{ generated_text: 'Hi' }])))).toBe('Hi')
  })

  it('I5: llama.cpp names the stop sequence, and said why it stops in other words before', async () => {
    const end = { content: 'Hi', stop: true, stop_type: 'word', stopping_word: 'END', id_slot: 0 }
    expect((await fold([end])).stop).toEqual({ raw: 'word', reason: 'stop_sequence', sequence: 'END' })
    const rows = [
      ['stopped_word', 'stop_sequence'],
      ['stopped_limit', 'max_tokens'],
      ['stopped_eos', 'end_turn'],
    ] as const
    for (const [field, reason] of rows) {
      const older = { content: 'Hi', stop: true, slot_id: 0, stopping_word: '', [field]: true }
      expect((await fold([older])).stop.reason).toBe(reason)
    }
  })
})
