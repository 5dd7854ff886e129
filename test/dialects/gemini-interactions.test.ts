/** The Interactions API of Gemini: events in, the message out. Each row is read from what the wire says. */
import { describe, expect, it } from 'vitest'
import { Fold } from '../../src/fold.ts'
import type { JsonObject } from '../../src/json.ts'
import { toNative } from '../../src/to-native.ts'
import { fold, handedOut, kindsOf, told } from './gemini-chunks.ts'

const INTERACTION = { id: 'v1_a', object: 'interaction', model: 'gemini-3-flash' }
const CREATED = { event_type: 'interaction.created', interaction: { ...INTERACTION, status: 'in_progress' } }

const start = (index: number, step: JsonObject): JsonObject => ({ event_type: 'step.start', index, step })
const delta = (index: number, fields: JsonObject): JsonObject => ({ event_type: 'step.delta', index, delta: fields })
const stop = (index: number): JsonObject => ({ event_type: 'step.stop', index })
const completed = (status = 'completed', more: JsonObject = {}): JsonObject => ({
  event_type: 'interaction.completed',
  interaction: { ...INTERACTION, status, ...more },
})
const text = (words: string): JsonObject => ({ type: 'text', text: words })
const says = (index: number, ...words: readonly string[]): JsonObject[] => [
  start(index, { type: 'model_output' }),
  ...words.map((word) => delta(index, text(word))),
  stop(index),
]
const calls = (index: number, id: string, pieces: readonly string[]): JsonObject[] => [
  start(index, { type: 'function_call', id, name: 'add', arguments: {} }),
  ...pieces.map((piece) => delta(index, { type: 'arguments_delta', arguments: piece })),
  stop(index),
]

describe('steps', () => {
  it('are the blocks of the message, in order', () => {
    const folded = fold([
      CREATED,
      start(0, { type: 'thought' }),
      delta(0, { type: 'thought_summary', content: text('hm') }),
      delta(0, { type: 'thought_signature', signature: 'S' }),
      stop(0),
      ...says(1, 'a', 'b'),
      ...calls(2, 'x', ['{"a":', '1}']),
      ...calls(3, 'y', []),
      completed('requires_action'),
    ])
    expect(told(folded.message)).toEqual([
      { thinking: 'hm', signature: 'S' },
      { text: 'ab', wire: { type: 'model_output', step: 1 } },
      { call: 'add', id: 'x', input: { a: 1 } },
      { call: 'add', id: 'y', input: {} },
    ])
    expect(folded.message).toMatchObject({
      dialect: 'gemini-interactions',
      id: 'v1_a',
      model: 'gemini-3-flash',
      outcome: { kind: 'complete' },
      stop: { reason: 'tool_calls', raw: 'requires_action' },
      anomalies: [],
    })
    expect(handedOut(folded)).toEqual([
      ['x', 'add', { a: 1 }],
      ['y', 'add', {}],
    ])
    expect(toNative(folded.message)).toEqual({
      ...INTERACTION,
      status: 'requires_action',
      steps: [
        { type: 'thought', signature: 'S', summary: [text('hm')] },
        { type: 'model_output', content: [text('ab')] },
        { type: 'function_call', id: 'x', name: 'add', arguments: { a: 1 } },
        { type: 'function_call', id: 'y', name: 'add', arguments: {} },
      ],
    })
  })

  it('of what the model says have a block for each content, and sound goes on as text does', () => {
    const { message } = fold([
      CREATED,
      start(0, { type: 'model_output' }),
      delta(0, text('a')),
      delta(0, { type: 'image', data: 'QUJD', mime_type: 'image/png' }),
      delta(0, { type: 'image', data: 'REVG', mime_type: 'image/png' }),
      delta(0, text('b')),
      delta(0, { type: 'text_annotation_delta', annotations: [{ url: 'u' }] }),
      delta(0, { type: 'audio', data: 'AAAA', mime_type: 'audio/l16' }),
      delta(0, { type: 'audio', data: 'BBBB', mime_type: 'audio/l16' }),
      stop(0),
      completed(),
    ])
    const image = (data: string): JsonObject => ({ type: 'image', data, mime_type: 'image/png' })
    expect(toNative(message)).toMatchObject({
      steps: [
        {
          type: 'model_output',
          content: [
            text('a'),
            image('QUJD'),
            image('REVG'),
            { ...text('b'), annotations: [{ url: 'u' }] },
            { type: 'audio', data: 'AAAABBBB', mime_type: 'audio/l16' },
          ],
        },
      ],
    })
    expect(message.content.map(({ type }) => type)).toEqual(['text', 'media', 'media', 'text', 'media'])
  })

  it('quirk 6.12: of tools of the provider are calls and results of its own, with their signatures', () => {
    const folded = fold([
      CREATED,
      start(0, { type: 'mcp_server_tool_call', id: 'm', name: 'find', server_name: 's', arguments: { q: 1 } }),
      stop(0),
      start(1, { type: 'code_execution_call', id: 'c', signature: '' }),
      delta(1, { type: 'code_execution_call', arguments: { code: '1' }, signature: 'S1' }),
      stop(1),
      start(2, { type: 'code_execution_result', call_id: 'c', signature: '' }),
      delta(2, { type: 'code_execution_result', result: 'no', is_error: true, signature: 'S2' }),
      stop(2),
      completed(),
    ])
    expect(folded.message.content).toMatchObject([
      { type: 'tool_call', name: 'find', origin: 'provider', input: { q: 1 } },
      { type: 'tool_call', id: 'c', name: 'code_execution', origin: 'provider', input: { code: '1' } },
      { type: 'tool_result', callId: 'c', content: 'no', isError: true },
    ])
    expect(handedOut(folded)).toEqual([])
    expect(toNative(folded.message)).toMatchObject({
      steps: [
        { type: 'mcp_server_tool_call', id: 'm', name: 'find', server_name: 's', arguments: { q: 1 } },
        { type: 'code_execution_call', id: 'c', arguments: { code: '1' }, signature: 'S1' },
        { type: 'code_execution_result', call_id: 'c', result: 'no', is_error: true, signature: 'S2' },
      ],
    })
  })

  it('I4: of an unknown type are carried through, and unknown deltas and events are noted', () => {
    const { message } = fold([
      CREATED,
      start(0, { type: 'dream', x: 1 }),
      delta(0, { type: 'dream_delta', y: 2 }),
      stop(0),
      start(1, { type: 'user_input', content: [text('Hi')] }),
      stop(1),
      { event_type: 'step.paused', index: 1 },
      completed(),
    ])
    expect(kindsOf(message)).toEqual(['unknown_block', 'unknown_delta', 'unknown_event'])
    expect(toNative(message)).toMatchObject({
      steps: [
        { type: 'dream', x: 1 },
        { type: 'user_input', content: [text('Hi')] },
      ],
    })
  })
})

describe('the end', () => {
  it.each([
    ['completed', 'end_turn', 'complete'],
    ['requires_continuation', 'pause', 'complete'],
    ['incomplete', 'max_tokens', 'complete'],
    ['budget_exceeded', 'max_tokens', 'complete'],
    ['failed', 'error', 'failed'],
    ['cancelled', 'error', 'failed'],
    ['a_new_one', 'unknown', 'complete'],
  ])('%s is %s', (status, reason, outcome) => {
    const { message } = fold([CREATED, ...says(0, 'a'), completed(status)])
    expect(message.stop).toMatchObject({ reason, raw: status })
    expect(message.outcome.kind).toBe(outcome)
  })

  it('a failure says why', () => {
    const error = { code: 14, message: 'The model is overloaded.', status: 'UNAVAILABLE' }
    expect(fold([CREATED, completed('failed', { error })]).message.outcome).toMatchObject({
      kind: 'failed',
      error: { class: 'overloaded', retryable: true, message: 'The model is overloaded.' },
    })
    const event = { event_type: 'error', error: { code: 'unavailable', message: 'Later.' } }
    expect(fold([CREATED, ...says(0, 'a'), event]).message).toMatchObject({
      outcome: { kind: 'failed', error: { class: 'overloaded', message: 'Later.' } },
      content: [{ text: 'a' }],
    })
  })

  it('I6: calls of an interaction that was cut are not handed out', () => {
    expect(handedOut(fold([CREATED, ...calls(0, 'x', ['{}']), completed('incomplete')]))).toEqual([])
  })

  it('usage counts what tools and thoughts take, the last time it is told', () => {
    const { message } = fold([
      CREATED,
      { ...stop(0), usage: { total_input_tokens: 1, total_output_tokens: 1 } },
      { ...stop(1), metadata: { total_usage: { total_output_tokens: 2 } } },
      completed('completed', {
        usage: {
          total_input_tokens: 22,
          total_tool_use_tokens: 198,
          total_output_tokens: 590,
          total_thought_tokens: 1173,
          total_cached_tokens: 4,
          total_tokens: 1983,
        },
      }),
    ])
    expect(message.usage).toEqual({ inputTokens: 220, outputTokens: 1763, cacheReadTokens: 4, reasoningTokens: 1173 })
  })
})

describe('a stream that is broken', () => {
  const events = [CREATED, ...says(0, 'a', 'b'), ...calls(1, 'x', ['{"a":', '1}']), completed('requires_action')]

  it('I5: cut behind any event it is not complete, and no call is handed out', () => {
    for (let length = 1; length < events.length; length += 1) {
      const folded = fold(events.slice(0, length))
      expect(folded.message.outcome.kind, `${length}`).toBe('truncated')
      expect(handedOut(folded)).toEqual([])
    }
  })

  it('I3: sent again from the beginning, after any event, it gives the same message', () => {
    const { message } = fold(events)
    for (let length = 1; length <= events.length; length += 1) {
      const folded = fold([...events.slice(0, length), ...events])
      expect({ ...folded.message, anomalies: [] }, `${length}`).toEqual(message)
      expect(handedOut(folded)).toEqual([['x', 'add', { a: 1 }]])
    }
  })

  it('I3: a repeated start, stop or end changes nothing but the anomalies', () => {
    const { message } = fold(events)
    for (const at of [0, 1, 4, 5, 8, 9]) {
      const event = events[at] ?? expect.fail('no event')
      const folded = fold([...events.slice(0, at), event, ...events.slice(at)])
      expect({ ...folded.message, anomalies: [] }, `${at}`).toEqual(message)
      expect(handedOut(folded)).toHaveLength(1)
    }
  })

  it('tells another interaction from one that goes on', () => {
    const one = new Fold()
    for (const event of events.slice(0, 3)) one.receive(event)
    expect(one.outlook({ kind: 'truncated' }).outcome.kind).toBe('truncated')
    one.nextStream(2, false)
    for (const event of [
      { ...CREATED, interaction: { ...CREATED.interaction, id: 'v1_b' } },
      ...says(0, 'c'),
      completed(),
    ]) {
      one.receive(event)
    }
    one.end({ kind: 'complete' })
    expect(one.messages).toMatchObject([{ id: 'v1_b', attempt: 2, content: [{ text: 'c' }] }])
  })
})

describe('a whole answer', () => {
  it('is read, and goes back as it came', () => {
    const whole = {
      ...INTERACTION,
      status: 'requires_action',
      steps: [
        { type: 'user_input', content: [text('Hi')] },
        { type: 'thought', signature: 'S', summary: [text('hm'), { type: 'image', data: 'QUJD' }] },
        {
          type: 'model_output',
          content: [text('a'), { type: 'image', data: 'QUJD' }, { ...text('b'), annotations: [{}] }],
        },
        { type: 'model_output', content: [text('c')] },
        { type: 'google_search_result', call_id: 'g', result: [{ a: 1 }], is_error: false },
        { type: 'function_call', id: 'x', name: 'add', arguments: { a: 1 } },
      ],
      usage: { total_input_tokens: 3 },
    }
    const folded = fold([whole])
    expect(toNative(folded.message)).toEqual(whole)
    expect(handedOut(folded)).toEqual([['x', 'add', { a: 1 }]])
    expect(folded.message).toMatchObject({ outcome: { kind: 'complete' }, anomalies: [] })
  })
})

describe('the ids of events', () => {
  const named = (events: readonly JsonObject[]): JsonObject[] =>
    events.map((event, at) => ({ ...event, event_id: `evt_${at + 1}` }))
  const events = named([CREATED, ...says(0, 'a', 'a'), ...calls(1, 'x', ['{"a":', '1}']), completed('requires_action')])
  const clean = fold(events)

  it('I3: an event that comes again under its id, wherever, is dropped and told', () => {
    for (const [at, event] of events.entries()) {
      for (const later of [1, 2, 5].filter((offset) => at > 0 && at + offset < events.length)) {
        const again = fold([...events.slice(0, at + later), event, ...events.slice(at + later)])
        expect({ ...again.message, anomalies: [] }).toEqual(clean.message)
        expect(again.message.anomalies).toEqual([{ kind: 'duplicate_event', detail: `id evt_${at + 1}` }])
        expect(handedOut(again)).toEqual(handedOut(clean))
      }
    }
  })

  it('I3: a whole beginning that comes again gives the clean message', () => {
    for (let at = 1; at < events.length; at += 1) {
      const again = fold([...events.slice(0, at), ...events])
      expect({ ...again.message, anomalies: [] }).toEqual(clean.message)
    }
  })

  it('I3, I4: under an id that names several events nothing is dropped', () => {
    const same = [CREATED, ...says(0, 'a', 'b', 'b'), completed()].map((event) => ({ ...event, event_id: 'one' }))
    expect(told(fold(same).message)).toEqual([{ text: 'abb', wire: { type: 'model_output', step: 0 } }])
  })

  it('tell where another stream may go on, and what of it was there already', () => {
    for (let cut = 2; cut < events.length; cut += 1) {
      const one = new Fold()
      for (const event of events.slice(0, cut)) one.receive(event)
      const { cursor } = one.outlook({ kind: 'truncated' })
      expect(cursor).toEqual({ id: 'v1_a', lastEventId: `evt_${cut}` })
      one.nextStream(2, true)
      for (const event of events.slice(cut - 1)) one.receive(event)
      one.end({ kind: 'complete' })
      expect(one.messages.map((message) => ({ ...message, anomalies: [] }))).toEqual([clean.message])
    }
  })
})
