/** Cohere's wire, version 2 and version 1, as rows: what it sends and what the message says. */
import { describe, expect, it } from 'vitest'
import { Fold } from '../../src/fold.ts'
import { fold, toNative } from '../../src/index.ts'
import type { JsonObject, JsonValue } from '../../src/json.ts'
import type { AssistantMessage, StopReason } from '../../src/message.ts'
import { expectLiveEqualsFinal } from '../support/naive-reader.ts'
import { allOf } from './all-messages.ts'
import { kindsOf, textOf } from './run.ts'

const START = { id: 'm-1', type: 'message-start', delta: { message: { role: 'assistant', content: [] } } }
const open = (index: number, content: JsonObject): JsonObject => ({
  type: 'content-start',
  index,
  delta: { message: { content } },
})
const delta = (index: number, content: JsonObject): JsonObject => ({
  type: 'content-delta',
  index,
  delta: { message: { content } },
})
const close = (index: number): JsonObject => ({ type: 'content-end', index })
const plan = (tool_plan: string): JsonObject => ({ type: 'tool-plan-delta', delta: { message: { tool_plan } } })
const callStart = (index: number, id: string, name: string, args: JsonValue = ''): JsonObject => ({
  type: 'tool-call-start',
  index,
  delta: { message: { tool_calls: { id, type: 'function', function: { name, arguments: args } } } },
})
const callDelta = (index: number, args: string): JsonObject => ({
  type: 'tool-call-delta',
  index,
  delta: { message: { tool_calls: { function: { arguments: args } } } },
})
const callEnd = (index: number): JsonObject => ({ type: 'tool-call-end', index })
const end = (finish_reason: string, more: JsonObject = {}): JsonObject => ({
  type: 'message-end',
  delta: { finish_reason, ...more },
})
const TEXT = [open(0, { type: 'text', text: '' }), delta(0, { text: 'Hi' }), close(0)]
const v1 = (event_type: string, more: JsonObject = {}): JsonObject => ({ is_finished: false, event_type, ...more })

async function of(...events: readonly JsonValue[]): Promise<AssistantMessage<'cohere'>> {
  return fold(events, { dialect: 'cohere' })
}

const brief = ({ content }: AssistantMessage): readonly string[] =>
  content.map((block) => {
    const text =
      block.type === 'tool_call' ? `${block.name} ${block.state} ${block.arguments}` : 'text' in block && block.text
    return `${block.type}: ${String(text)}`
  })

describe('Cohere is found', () => {
  const rows: readonly { readonly name: string; readonly events: readonly JsonValue[] }[] = [
    { name: 'by the event that begins a message', events: [START] },
    { name: 'by a delta, if the beginning is lost', events: [delta(0, { text: 'Hi' })] },
    { name: 'by the plan', events: [plan('Hm')] },
    { name: 'by its last event', events: [end('COMPLETE')] },
    { name: 'by the first event of version 1', events: [v1('stream-start', { generation_id: 'g' })] },
    { name: 'by a text of version 1', events: [v1('text-generation', { text: 'Hi' })] },
    { name: 'by the camel case of its SDK', events: [{ eventType: 'stream-start', generationId: 'g' }] },
  ]
  it.each(rows)('$name', async ({ events }) => {
    expect((await fold(events)).dialect).toBe('cohere')
  })

  it('by the name of an event whose data has no type', async () => {
    const message = await fold('event: message-start\ndata: {"id":"m-1"}\n\n')
    expect(message.dialect).toBe('cohere')
  })

  it('in no answer of another dialect, and in no error', async () => {
    const others: readonly JsonObject[] = [
      { type: 'message_start', message: { id: 'a', role: 'assistant', content: [] } },
      { choices: [{ delta: { content: 'Hi' } }] },
      { model: 'm', created_at: 't', message: { role: 'assistant', content: 'Hi' }, done: false },
      { is_finished: false, text: 'Hi' },
      { message: 'too many tokens' },
      { type: 'error', error: { message: 'no' } },
      { text: 'Hi' },
    ]
    for (const event of others) expect((await fold([event])).dialect).not.toBe('cohere')
  })
})

describe('a stop of Cohere', () => {
  const rows: readonly (readonly [string, StopReason, AssistantMessage['outcome']['kind']])[] = [
    ['COMPLETE', 'end_turn', 'complete'],
    ['STOP_SEQUENCE', 'stop_sequence', 'complete'],
    ['MAX_TOKENS', 'max_tokens', 'complete'],
    ['TOOL_CALL', 'tool_calls', 'complete'],
    ['ERROR', 'error', 'failed'],
    ['TIMEOUT', 'error', 'failed'],
    ['ERROR_LIMIT', 'context_window', 'complete'],
    ['ERROR_TOXIC', 'content_filter', 'complete'],
    ['USER_CANCEL', 'error', 'failed'],
    ['NOVEL', 'unknown', 'complete'],
  ]
  it.each(rows)('I5: %s is %s, and the answer %s', async (raw, reason, kind) => {
    const message = await of(START, ...TEXT, end(raw))
    expect(message.stop).toEqual({ raw, reason, sequence: null })
    expect(message.outcome.kind).toBe(kind)
    expect(textOf(message)).toBe('Hi')
  })

  it('I5: an error keeps what it says, and may pass if it is the server’s own', async () => {
    const message = await of(START, ...TEXT, end('ERROR', { error: 'out of luck' }))
    expect(message.outcome).toMatchObject({ error: { message: 'out of luck', retryable: true, class: 'unknown' } })
    const timeout = await of(START, ...TEXT, end('TIMEOUT'))
    expect(timeout.outcome).toMatchObject({ error: { class: 'overloaded', retryable: true } })
  })

  it('I5: an error that is nothing but a message ends the answer', async () => {
    const message = await of(START, ...TEXT, { message: 'trial token rate limit exceeded' })
    expect(message.outcome).toMatchObject({ kind: 'failed', error: { message: 'trial token rate limit exceeded' } })
    expect(textOf(message)).toBe('Hi')
  })

  it('I5: [DONE] alone completes nothing, and says nothing behind the last event', async () => {
    const sse = (...events: readonly JsonObject[]): string =>
      [...events.map((event) => JSON.stringify(event)), '[DONE]'].map((data) => `data: ${data}\n\n`).join('')
    const cut = await fold(sse(START, ...TEXT))
    expect([cut.outcome.kind, kindsOf(cut)]).toEqual(['truncated', ['unknown_event']])
    const whole = await fold(sse(START, ...TEXT, end('COMPLETE')))
    expect([whole.outcome.kind, kindsOf(whole)]).toEqual(['complete', []])
    // Whoever goes on reading behind the last event finds nothing late.
    const reading = new Fold()
    reading.push(sse(START, ...TEXT, end('COMPLETE')))
    reading.end({ kind: 'complete' })
    expect(reading.anomalies).toEqual([])
  })
})

describe('what Cohere writes', () => {
  it('quirk 6.19: the tool plan is thinking, and the arguments of calls come in events of their own', async () => {
    const message = await of(
      START,
      plan('I will '),
      plan('ask.'),
      callStart(0, 'a_1', 'a'),
      callDelta(0, '{"x"'),
      callDelta(0, ':1}'),
      callEnd(0),
      callStart(1, 'b_2', 'b'),
      callEnd(1),
      end('TOOL_CALL'),
    )
    expect(brief(message)).toEqual(['thinking: I will ask.', 'tool_call: a complete {"x":1}', 'tool_call: b complete '])
    expect(kindsOf(message)).toEqual([])
    expect(toNative(message)).toMatchObject({ message: { tool_plan: 'I will ask.' } })
  })

  it('I6: arguments that come with the start of a call are the beginning of those in the deltas', async () => {
    const message = await of(START, callStart(0, 'a_1', 'a', '{"x"'), callDelta(0, ':1}'), callEnd(0), end('TOOL_CALL'))
    expect(brief(message)).toEqual(['tool_call: a complete {"x":1}'])
  })

  it('I6: arguments that are an object are its JSON, and calls in a list are read', async () => {
    const event = {
      type: 'tool-call-start',
      index: 0,
      delta: { message: { tool_calls: [{ id: 'a_1', function: {} }] } },
    }
    const listed = await of(START, event, callEnd(0), end('TOOL_CALL'))
    expect(listed.content).toMatchObject([{ id: 'a_1', state: 'invalid' }])
    const whole = await of(START, callStart(0, 'a_1', 'a', { x: 1 }), callEnd(0), end('TOOL_CALL'))
    expect(brief(whole)).toEqual(['tool_call: a complete {"x":1}'])
  })

  it('I4: another call in the list of an event that speaks of one is a call too', async () => {
    const starts = ['a', 'b'].map((name) => ({ id: name, function: { name, arguments: '{' } }))
    const list = (type: string, tool_calls: JsonValue): JsonObject => ({
      type,
      index: 0,
      delta: { message: { tool_calls } },
    })
    const rest = starts.map(() => ({ function: { arguments: '}' } }))
    const events = [START, list('tool-call-start', starts), list('tool-call-delta', rest), callEnd(0), end('TOOL_CALL')]
    const message = await of(...events)
    expect([brief(message), kindsOf(message)]).toEqual([['tool_call: a complete {}', 'tool_call: b complete {}'], []])
    const again = await of(...events.slice(0, 3), ...events)
    expect(brief(again)).toEqual(brief(message))
  })

  it('I3: a plan that is sent again with its message is one plan', async () => {
    const message = await of(START, plan('I '), START, plan('I '), plan('will.'), end('COMPLETE'))
    expect(brief(message)).toEqual(['thinking: I will.'])
    expect(kindsOf(message)).toEqual(['repeated_begin'])
  })

  it('I3: two equal deltas, of text or of the plan, are two', async () => {
    const message = await of(
      START,
      plan('ha'),
      plan('ha'),
      open(0, { type: 'text' }),
      delta(0, { text: 'ho' }),
      delta(0, { text: 'ho' }),
      close(0),
      end('COMPLETE'),
    )
    expect(brief(message)).toEqual(['thinking: haha', 'text: hoho'])
  })

  it('I4: a block, a delta and an event that nobody knows are kept and noted', async () => {
    const drawing = open(1, { type: 'drawing', shape: 'round' })
    const message = await of(
      START,
      ...TEXT,
      drawing,
      delta(1, { color: 'red' }),
      close(1),
      { type: 'mood' },
      end('COMPLETE'),
    )
    expect(kindsOf(message)).toEqual(['unknown_block', 'unknown_delta', 'unknown_event'])
    expect(toNative(message)).toMatchObject({
      message: {
        content: [
          { type: 'text', text: 'Hi' },
          { type: 'drawing', shape: 'round' },
        ],
      },
    })
  })

  it('I4: fields that nobody knows are kept and given back', async () => {
    const start = { ...START, region: 'eu', delta: { message: { role: 'assistant', mood: 'good' } } }
    const message = await of(
      start,
      open(0, { type: 'text', lang: 'en' }),
      delta(0, { text: 'Hi' }),
      close(0),
      end('COMPLETE', { seed: 1 }),
    )
    expect(toNative(message)).toEqual({
      id: 'm-1',
      region: 'eu',
      seed: 1,
      finish_reason: 'COMPLETE',
      message: { role: 'assistant', mood: 'good', content: [{ type: 'text', text: 'Hi', lang: 'en' }] },
    })
  })

  const citation = (index: number, text: string, more: JsonObject = {}): JsonObject => ({
    type: 'citation-start',
    index,
    delta: { message: { citations: { start: 0, end: 2, text, sources: [], ...more } } },
  })

  it('I4: a citation is its text’s, also if it comes twice or after the end of the text', async () => {
    const message = await of(
      START,
      open(0, { type: 'text' }),
      delta(0, { text: 'Hi' }),
      citation(0, 'Hi'),
      citation(0, 'Hi'),
      close(0),
      end('COMPLETE'),
    )
    expect(message.content).toMatchObject([{ citations: [{ text: 'Hi' }] }])
    expect(kindsOf(message)).toEqual(['repeated_item'])
  })

  it('I4: a citation of another text by its index, or of what is no text, is kept where it belongs', async () => {
    const message = await of(
      START,
      plan('Hi'),
      open(0, { type: 'text' }),
      delta(0, { text: 'Hi' }),
      citation(0, 'a', { type: 'PLAN' }),
      citation(1, 'b', { content_index: 9 }),
      citation(2, 'c', { content_index: 0 }),
      close(0),
      end('COMPLETE'),
    )
    expect(message.content[1]).toMatchObject({ citations: [{ text: 'c' }] })
    expect(message.wire).toMatchObject({ citations: { 0: { text: 'a' }, 1: { text: 'b' } } })
    expect(toNative(message)).toMatchObject({ message: { citations: [{ text: 'c' }, { text: 'a' }, { text: 'b' }] } })
  })

  it('I4: usage counts what was cached, and of what was billed only if there is nothing else', async () => {
    const tokens = { input_tokens: 100, output_tokens: 9, reasoning_tokens: 4 }
    const usage = { billed_units: { input_tokens: 3, output_tokens: 2 }, tokens, cached_tokens: 60 }
    const counted = await of(START, ...TEXT, end('COMPLETE', { usage }))
    expect(counted.usage).toEqual({ inputTokens: 100, outputTokens: 9, cacheReadTokens: 60, reasoningTokens: 4 })
    expect(counted.rawUsage).toEqual(usage)
    const billed = await of(START, ...TEXT, end('COMPLETE', { usage: { billed_units: usage.billed_units } }))
    expect(billed.usage).toEqual({ inputTokens: 3, outputTokens: 2 })
  })

  it('I7: the names of the SDK become those of the wire, and those of the caller stay', async () => {
    const sources = [{ type: 'tool', id: 't', toolOutput: { myKey: { innerKey: 1 } } }]
    const cited = {
      type: 'citation-start',
      index: 0,
      delta: { message: { citations: { start: 0, end: 2, text: 'Hi', contentIndex: 0, sources } } },
    }
    const last = {
      type: 'message-end',
      delta: { finishReason: 'COMPLETE', usage: { billedUnits: { inputTokens: 1 }, cachedTokens: 2 } },
    }
    const message = await of(START, open(0, { type: 'text' }), delta(0, { text: 'Hi' }), cited, close(0), last)
    expect(toNative(message)).toMatchObject({
      finish_reason: 'COMPLETE',
      usage: { billed_units: { input_tokens: 1 }, cached_tokens: 2 },
      message: { citations: [{ content_index: 0, sources: [{ tool_output: { myKey: { innerKey: 1 } } }] }] },
    })
    expect(message.usage).toEqual({ inputTokens: 1, cacheReadTokens: 2 })
  })
})

describe("Cohere's version 1", () => {
  const GEN = 'g-1'
  const done = (response: JsonObject, finish_reason = 'COMPLETE'): JsonObject => ({
    is_finished: true,
    event_type: 'stream-end',
    finish_reason,
    response: { generation_id: GEN, ...response },
  })

  it('I6: calls come in pieces, then whole, then whole again: each once, with the text that was streamed', async () => {
    const calls = [{ name: 'a', parameters: { cityName: 'Oslo' } }]
    const chunk = (more: JsonObject): JsonObject => v1('tool-calls-chunk', more)
    const message = await of(
      v1('stream-start', { generation_id: GEN }),
      chunk({ text: 'I will.' }),
      chunk({ tool_call_delta: { index: 0, name: 'a' } }),
      chunk({ tool_call_delta: { index: 0, parameters: '{\n "cityName": "Oslo"}' } }),
      v1('tool-calls-generation', { text: 'I will.', tool_calls: calls }),
      done({ text: 'I will.', tool_calls: calls }),
    )
    expect(brief(message)).toEqual(['thinking: I will.', 'tool_call: a complete {\n "cityName": "Oslo"}'])
    expect([message.id, kindsOf(message)]).toEqual([GEN, []])
    expect(toNative(message)).toEqual({
      generation_id: GEN,
      text: 'I will.',
      tool_calls: calls,
      finish_reason: 'COMPLETE',
    })
  })

  it('I6: a call keeps the name that a reader was told, and gets one that comes late', async () => {
    const chunk = (tool_call_delta: JsonObject): JsonObject => v1('tool-calls-chunk', { tool_call_delta })
    const events = [
      v1('stream-start', { generation_id: GEN }),
      chunk({ index: 0, name: 'a', parameters: '{' }),
      chunk({ index: 0, name: 'b', parameters: '}' }),
      chunk({ index: 1, parameters: '{' }),
      chunk({ index: 1, name: 'c', parameters: '}' }),
      done({ text: '' }),
    ]
    const machine = new Fold({ dialect: 'cohere' })
    const live = [...events.flatMap((event) => [...machine.receive(event)]), ...machine.end({ kind: 'complete' })]
    const [message = expect.fail('there is no message')] = machine.messages
    expect(brief(message)).toEqual(['tool_call: a complete {}', 'tool_call: c complete {}'])
    expectLiveEqualsFinal(live, message)
  })

  it('I6: calls that come only whole are whole', async () => {
    const tool_calls = [{ name: 'a', parameters: {} }]
    const message = await of(v1('stream-start'), v1('tool-calls-generation', { tool_calls }), done({ text: '' }))
    expect(brief(message)).toEqual(['tool_call: a complete {}'])
  })

  it('I2: two generations are two messages, and their whole form is one', async () => {
    const generations = [
      { id: 'x', index: 0, text: 'A', finish_reason: 'COMPLETE' },
      { id: 'y', index: 1, text: 'B', finish_reason: 'MAX_TOKENS' },
    ]
    const { messages } = await allOf('cohere', [
      v1('text-generation', { index: 1, text: 'B' }),
      v1('text-generation', { index: 0, text: 'A' }),
      done({ id: 'r', prompt: 'p', generations }),
    ])
    expect(messages.map(textOf)).toEqual(['A', 'B'])
    expect(messages.map(({ stop }) => stop.reason)).toEqual(['end_turn', 'max_tokens'])
    expect(toNative(messages)).toEqual({ id: 'r', prompt: 'p', generations })
  })

  it('I5: an error in a stream of generations fails it', async () => {
    const message = await of(
      v1('text-generation', { text: 'Half' }),
      v1('stream-error', { err: 'no luck', finish_reason: 'ERROR' }),
    )
    expect(message.outcome).toMatchObject({ kind: 'failed', error: { message: 'no luck' } })
    expect(textOf(message)).toBe('Half')
  })

  it('I4: an event type that nobody knows is noted', async () => {
    const message = await of(
      v1('stream-start', { generation_id: GEN }),
      v1('mood', { mood: 'good' }),
      done({ text: 'Hi' }),
    )
    expect([textOf(message), kindsOf(message)]).toEqual(['Hi', ['unknown_event']])
  })

  it('I7: a whole answer is read, and given back', async () => {
    const whole = {
      text: 'Hi',
      generation_id: GEN,
      finish_reason: 'COMPLETE',
      chat_history: [{ role: 'USER', message: 'Hello' }],
      meta: { api_version: { version: '1' }, billed_units: { input_tokens: 1, output_tokens: 1 } },
    }
    const message = await fold(JSON.stringify(whole))
    expect([message.dialect, message.outcome.kind, textOf(message)]).toEqual(['cohere', 'complete', 'Hi'])
    expect(toNative(message)).toEqual(whole)
  })
})
