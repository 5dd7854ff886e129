/** The AI SDK's UI message stream, row by row: what each part means, and what is left of it when it is broken. */
import { describe, expect, it } from 'vitest'
import { toNative } from '../../src/to-native.ts'
import { accumulated, play } from '../support/ai-sdk-player.mjs'
import { all, PLAYS } from '../support/ai-sdk.ts'
import { asBytes, asEvents, kinds, meaning, read as readAs, sse, texts, type Sent } from '../support/ai-sdk-streams.ts'

const read = (events: readonly Sent[]) => readAs('ai-sdk-ui', events)

const DONE = '[DONE]'
const START = { type: 'start', messageId: 'msg_1' }
const STEP = { type: 'start-step' }
const END_STEP = { type: 'finish-step' }
const FINISH = { type: 'finish', finishReason: 'stop' }
const ENDING: readonly Sent[] = [END_STEP, FINISH, DONE]
const text = (id: string, ...deltas: readonly string[]): object[] => [
  { type: 'text-start', id },
  ...deltas.map((delta) => ({ type: 'text-delta', id, delta })),
  { type: 'text-end', id },
]
const available = (toolCallId: string, input: unknown, more: object = {}): object => ({
  type: 'tool-input-available',
  toolCallId,
  toolName: 'ask',
  input,
  ...more,
})
const output = (toolCallId: string, value: unknown, more: object = {}): object => ({
  type: 'tool-output-available',
  toolCallId,
  output: value,
  ...more,
})
const CALLED: readonly Sent[] = [END_STEP, { type: 'finish', finishReason: 'tool-calls' }, DONE]

describe('a UI message stream', () => {
  it('quirk 8.01: is one message, though it finishes and then is over', () => {
    const { messages, anomalies } = read([START, STEP, ...text('t', 'Hel', 'lo'), ...ENDING])
    expect(messages).toHaveLength(1)
    expect(messages[0]).toMatchObject({ id: 'msg_1', idSource: 'wire', key: 'turn/0', outcome: { kind: 'complete' } })
    expect(messages[0]?.stop).toEqual({ reason: 'end_turn', raw: 'stop', sequence: null })
    expect(messages[0]?.anomalies).toEqual([])
    expect(anomalies).toEqual([])
  })

  it('quirk 8.04: has two texts that are equal twice, and equal deltas too', () => {
    const { message } = read([START, STEP, ...text('a', 'Ha', 'Ha'), ...text('b', 'HaHa'), ...ENDING])
    expect(texts(message)).toEqual(['HaHa', 'HaHa'])
  })

  it('quirk 8.05: is one message of as many blocks as it has parts', () => {
    const { messages } = read([
      START,
      STEP,
      ...text('a', '1'),
      ...text('b', '2'),
      END_STEP,
      STEP,
      ...text('c', '3'),
      ...ENDING,
    ])
    expect(messages.map(texts)).toEqual([['1', '2', '3']])
  })

  it('quirk 8.06: has one call for each id, also if it comes whole after it streamed, and then once more', () => {
    const { message, calls } = read([
      START,
      STEP,
      { type: 'tool-input-start', toolCallId: 'c', toolName: 'ask' },
      { type: 'tool-input-delta', toolCallId: 'c', inputTextDelta: '{ "a": 1 }' },
      available('c', { a: 1 }),
      available('c', { a: 1 }),
      ...CALLED,
    ])
    expect(message.content).toMatchObject([
      { type: 'tool_call', id: 'c', name: 'ask', arguments: '{ "a": 1 }', input: { a: 1 }, origin: 'client' },
    ])
    expect(calls.map(({ id }) => id)).toEqual(['c'])
    expect(kinds({ message })).toEqual([])
  })

  it('quirk 8.07: ends once, though its mark comes twice', () => {
    const { messages, anomalies } = read([START, STEP, ...text('a', 'x'), ...ENDING, DONE, DONE])
    expect(messages).toHaveLength(1)
    expect(anomalies).toEqual([])
  })

  it('quirk 8.08: is one message, though only its first event names it', () => {
    expect(read([START, STEP, ...text('a', 'x'), ...ENDING]).messages.map(({ id }) => id)).toEqual(['msg_1'])
  })

  it('quirk 8.03: takes the input that comes whole in the place of what streamed, if that is another', () => {
    const { message } = read([
      START,
      STEP,
      { type: 'tool-input-start', toolCallId: 'c', toolName: 'ask' },
      { type: 'tool-input-delta', toolCallId: 'c', inputTextDelta: '{"a":1' },
      available('c', { a: 1, b: 2 }),
      ...CALLED,
    ])
    expect(message.content).toMatchObject([{ arguments: '{"a":1,"b":2}', input: { a: 1, b: 2 } }])
  })

  it('quirk 7.09: that comes after another message is one of its own, and takes nothing of it', () => {
    const { messages } = read([
      START,
      STEP,
      ...text('a', 'old'),
      ...ENDING,
      { type: 'start', messageId: 'msg_2' },
      STEP,
      ...text('a', 'new'),
      ...ENDING,
    ])
    expect(messages.map(({ id }) => id)).toEqual(['msg_1', 'msg_2'])
    expect(messages.map(texts)).toEqual([['old'], ['new']])
  })

  it('I2: gives several messages without ids, one for each start', () => {
    const one = (said: string): Sent[] => [{ type: 'start' }, STEP, ...text('a', said), END_STEP, FINISH]
    const { messages } = read([...one('1'), ...one('2'), DONE])
    expect(messages.map(texts)).toEqual([['1'], ['2']])
    expect(messages.map(({ id, idSource }) => [id, idSource])).toEqual([
      ['turn/0', 'minted'],
      ['turn/1', 'minted'],
    ])
  })

  it('quirk 7.10: whose buffer is played again from its start is what it was', () => {
    const events = [START, STEP, ...text('a', 'He', 'llo'), END_STEP, STEP, ...text('a', 'Bye'), ...ENDING]
    const clean = read(events)
    for (let at = 1; at < events.length - 2; at += 1) {
      const again = read([...events.slice(0, at), ...events])
      expect(again.messages.map(meaning), `from event ${at} on`).toEqual(clean.messages.map(meaning))
    }
    const twice = read([...events, ...events])
    expect(twice.messages.map(meaning)).toEqual(clean.messages.map(meaning))
    expect(twice.anomalies).toMatchObject([{ kind: 'late_event' }])
  })

  it('quirk 7.13: takes what a server writes after its finish, and nothing after its end', () => {
    const { message, anomalies } = asBytes(
      'ai-sdk-ui',
      sse([
        START,
        STEP,
        ...text('a', 'x'),
        END_STEP,
        FINISH,
        { type: 'data-usage', data: { tokens: 3 } },
        DONE,
        ...text('b', 'late'),
      ]),
    )
    expect(message.content.map(({ type }) => type)).toEqual(['text', 'other'])
    expect(kinds({ message })).toEqual(['content_after_stop'])
    expect(anomalies).toMatchObject([{ kind: 'late_event' }])
  })

  it('quirk 7.05: that begins twice before anything came is one', () => {
    const { message } = read([START, START, STEP, STEP, ...text('a', 'x'), ...ENDING])
    expect(toNative(message)).toMatchObject({
      id: 'msg_1',
      parts: [{ type: 'step-start' }, { type: 'text', text: 'x' }],
    })
  })

  it('quirk 7.07: is aborted by the part that says so, not by what else may end it', () => {
    const { message, anomalies } = read([
      START,
      STEP,
      ...text('a', 'x'),
      { type: 'abort', reason: 'stopped by the user' },
      DONE,
    ])
    expect(message.outcome).toEqual({ kind: 'aborted', by: 'caller', reason: 'stopped by the user' })
    expect(texts(message)).toEqual(['x'])
    expect(anomalies).toEqual([])
  })

  it('I5: has failed after an error, with what came before and after it', () => {
    const { message } = read([
      START,
      STEP,
      { type: 'text-start', id: 'a' },
      { type: 'text-delta', id: 'a', delta: 'x' },
      { type: 'error', errorText: 'Overloaded' },
      { type: 'text-delta', id: 'a', delta: 'y' },
      END_STEP,
      { type: 'finish', finishReason: 'error' },
      DONE,
    ])
    expect(message.outcome).toMatchObject({ kind: 'failed', error: { message: 'Overloaded' } })
    expect(message.stop.reason).toBe('error')
    expect(texts(message)).toEqual(['xy'])
  })

  it('I5: has failed with what the provider said, if the text of the error is JSON', () => {
    const errorText = JSON.stringify({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } })
    expect(read([START, STEP, { type: 'error', errorText }, DONE]).message.outcome).toMatchObject({
      kind: 'failed',
      error: { class: 'overloaded', retryable: true, message: 'Overloaded', body: { type: 'error', errorText } },
    })
  })

  it('I5: has failed if only its reason says so', () => {
    const { message } = read([START, STEP, END_STEP, { type: 'finish', finishReason: 'error' }, DONE])
    expect(message.outcome.kind).toBe('failed')
  })

  it('I5: is complete without its mark, which is noted only of bytes', () => {
    const events = [START, STEP, ...text('a', 'x'), END_STEP, FINISH]
    const bytes = asBytes('ai-sdk-ui', sse(events))
    expect(bytes.message.outcome).toEqual({ kind: 'complete' })
    expect(kinds(bytes)).toEqual(['missing_terminal'])
    expect(kinds(asEvents('ai-sdk-ui', events))).toEqual([])
  })

  it.each([
    ['stop', 'end_turn'],
    ['length', 'max_tokens'],
    ['content-filter', 'content_filter'],
    ['tool-calls', 'tool_calls'],
    ['other', 'unknown'],
    ['unknown', 'unknown'],
    ['something new', 'unknown'],
  ])('maps the reason %s to %s', (raw, reason) => {
    expect(read([START, STEP, END_STEP, { type: 'finish', finishReason: raw }, DONE]).message.stop).toEqual({
      reason,
      raw,
      sequence: null,
    })
  })

  it('has reasoning with its signature, which its start, a delta or its end may bring', () => {
    const signed = { providerMetadata: { anthropic: { signature: 'sig==' } } }
    const rows = [0, 1, 2].map((at) => {
      const more = (place: number): object => (place === at ? signed : {})
      return read([
        START,
        STEP,
        { type: 'reasoning-start', id: 'r', ...more(0) },
        { type: 'reasoning-delta', id: 'r', delta: 'hm', ...more(1) },
        { type: 'reasoning-end', id: 'r', ...more(2) },
        ...ENDING,
      ]).message.content
    })
    for (const content of rows) expect(content).toMatchObject([{ type: 'thinking', text: 'hm', signature: 'sig==' }])
  })

  it('has reasoning that was withheld', () => {
    const { message } = read([
      START,
      STEP,
      { type: 'reasoning-start', id: 'r', providerMetadata: { anthropic: { redactedData: 'abc=' } } },
      { type: 'reasoning-end', id: 'r' },
      ...ENDING,
    ])
    expect(message.content).toMatchObject([{ type: 'thinking', text: '', redacted: true, encrypted: 'abc=' }])
  })

  it('merges metadata field by field', () => {
    const { message } = read([
      { ...START, messageMetadata: { model: 'm', usage: { input: 1 } } },
      STEP,
      ...text('a', 'x'),
      { type: 'message-metadata', messageMetadata: { usage: { output: 2 } } },
      END_STEP,
      { ...FINISH, messageMetadata: { done: true } },
      DONE,
    ])
    expect(toNative(message)).toMatchObject({
      metadata: { model: 'm', usage: { input: 1, output: 2 }, done: true },
    })
  })

  it('replaces data parts that have an id, and leaves out transient ones', () => {
    const data = (value: unknown, more: object = {}): object => ({ type: 'data-weather', data: value, ...more })
    const { message, anomalies } = read([
      START,
      STEP,
      data([1], { id: 'w' }),
      data('other'),
      data('gone', { transient: true }),
      data([], { id: 'w' }),
      ...ENDING,
    ])
    expect(toNative(message)).toMatchObject({
      parts: [
        { type: 'step-start' },
        { type: 'data-weather', id: 'w', data: [] },
        { type: 'data-weather', data: 'other' },
      ],
    })
    expect([...message.anomalies, ...anomalies]).toEqual([])
  })

  it('I4: notes an event that it does not know, and goes on', () => {
    const { message } = read([START, STEP, { type: 'surprise', x: 1 }, ...text('a', 'x'), ...ENDING])
    expect(message.anomalies).toEqual([
      { kind: 'unknown_event', detail: 'surprise', value: { type: 'surprise', x: 1 } },
    ])
    expect(texts(message)).toEqual(['x'])
  })

  it('is no other message where a stream that is merged into it brings a start without an id', () => {
    const { messages } = read([
      START,
      STEP,
      ...text('a', '1'),
      END_STEP,
      { type: 'start' },
      STEP,
      ...text('a', '2'),
      ...ENDING,
    ])
    expect(messages.map(texts)).toEqual([['1', '2']])
    expect(messages[0]?.anomalies).toEqual([])
  })
})

describe('calls of a UI message stream', () => {
  it('I6: that have their output there are not handed out, and the others are, once the reason is known', () => {
    const { message, calls, events } = read([
      START,
      STEP,
      available('c1', { a: 1 }),
      available('c2', { a: 2 }),
      output('c1', { ok: true }),
      ...CALLED,
    ])
    expect(calls.map(({ id, input }) => [id, input])).toEqual([['c2', { a: 2 }]])
    expect(message.stop.reason).toBe('tool_calls')
    expect(message.content).toMatchObject([
      { type: 'tool_call', id: 'c1', origin: 'provider', state: 'complete' },
      { type: 'tool_call', id: 'c2', origin: 'client', state: 'complete' },
      { type: 'tool_result', callId: 'c1', content: { ok: true }, isError: false },
    ])
    const handed = events.findIndex(({ type }) => type === 'tool_call')
    expect(events.slice(0, handed).filter(({ type }) => type === 'block_stop')).toHaveLength(3)
  })

  it('I6: are not handed out early, since their output may still come', () => {
    const events = [START, STEP, available('c1', { a: 1 }), output('c1', 1), ...CALLED]
    expect(readAs('ai-sdk-ui', events, { toolCalls: 'early' }).calls).toEqual([])
  })

  it('I6: that wait for an approval, were denied or refused are nobody else’s to run', () => {
    const { message, calls } = read([
      START,
      STEP,
      available('c1', {}),
      { type: 'tool-approval-request', approvalId: 'a1', toolCallId: 'c1' },
      available('c2', {}),
      { type: 'tool-output-denied', toolCallId: 'c2' },
      { type: 'tool-input-error', toolCallId: 'c3', toolName: 'ask', input: '{"a":', errorText: 'no JSON' },
      ...CALLED,
    ])
    expect(calls).toEqual([])
    expect(message.content).toMatchObject([
      { id: 'c1', origin: 'provider', wire: { approval: { id: 'a1' } } },
      { id: 'c2', origin: 'provider' },
      { type: 'tool_result', callId: 'c2', isError: true },
      { id: 'c3', origin: 'provider', state: 'invalid', arguments: '{"a":' },
    ])
  })

  it('quirk 10.03: whose input was cut are partial, with the text that came, and never handed out', () => {
    const { message, calls } = read([
      START,
      STEP,
      { type: 'tool-input-start', toolCallId: 'c', toolName: 'ask' },
      { type: 'tool-input-delta', toolCallId: 'c', inputTextDelta: '{"a":' },
    ])
    expect(message.outcome).toMatchObject({ kind: 'truncated' })
    expect(message.content).toMatchObject([{ state: 'partial', arguments: '{"a":' }])
    expect(calls).toEqual([])
  })

  it('have results before their last, of which the last counts', () => {
    const { message } = read([
      START,
      STEP,
      available('c', {}),
      output('c', 'half', { preliminary: true }),
      output('c', 'whole'),
      ...CALLED,
    ])
    expect(message.content).toMatchObject([
      { id: 'c' },
      { type: 'tool_result', content: 'whole', wire: { preliminary: false } },
    ])
  })

  it('have text as their input where it is no JSON', () => {
    const { message } = read([
      START,
      STEP,
      { type: 'tool-input-start', toolCallId: 'c', toolName: 'patch', inputEncoding: 'text' },
      { type: 'tool-input-delta', toolCallId: 'c', inputTextDelta: '*** Begin' },
      { type: 'tool-input-available', toolCallId: 'c', toolName: 'patch', input: '*** Begin' },
      ...CALLED,
    ])
    expect(message.content).toMatchObject([
      { state: 'complete', input: { input: '*** Begin' }, arguments: '*** Begin' },
    ])
    expect(toNative(message)).toMatchObject({ parts: [{}, { type: 'tool-patch', input: '*** Begin' }] })
  })
})

describe('a UI message stream that the SDK made', () => {
  const sent = async (row: (typeof PLAYS)[number]): Promise<Sent[]> => [
    ...(await all(
      play(row).toUIMessageStream({ sendSources: true, generateMessageId: () => 'msg_1', originalMessages: [] }),
    )),
    DONE,
  ]

  it.each(PLAYS)('I5: cut after any event says so, and hands out no call before the reason: $name', async (row) => {
    const events = await sent(row)
    const finish = events.findIndex((event) => typeof event === 'object' && 'type' in event && event.type === 'finish')
    for (let at = 1; at < events.length; at += 1) {
      const { messages, message, calls } = read(events.slice(0, at))
      expect(messages).toHaveLength(1)
      const isEnded = finish >= 0 && at > finish
      if (!isEnded) {
        expect(message.outcome.kind).not.toBe('complete')
        expect(calls).toEqual([])
      }
    }
  })

  it.each(PLAYS)(
    'I3: with any event twice is the same, but for deltas and files, which have no identity: $name',
    async (row) => {
      const events = await sent(row)
      const clean = read(events)
      for (const [at, event] of events.entries()) {
        const type = typeof event === 'object' && 'type' in event ? String(event.type) : ''
        if (type.endsWith('-delta') || type === 'file') continue
        const again = read([...events.slice(0, at + 1), ...events.slice(at)])
        expect(again.messages.map(meaning), `${type} at ${at}`).toEqual(clean.messages.map(meaning))
        expect(again.calls).toEqual(clean.calls)
      }
    },
  )

  it.each(PLAYS)('I3: of which any beginning is sent again from the start is the same: $name', async (row) => {
    const events = await sent(row)
    const clean = read(events)
    for (let at = 1; at <= events.length; at += 1) {
      const again = read([...events.slice(0, at), ...events])
      expect(again.messages.map(meaning), `after ${at}`).toEqual(clean.messages.map(meaning))
      expect(again.calls).toEqual(clean.calls)
    }
  })

  it.each(PLAYS)('I1: is the same however its bytes are cut: $name', async (row) => {
    const body = sse(await sent(row))
    const whole = asBytes('ai-sdk-ui', body, body.length + 1)
    for (const size of [1, 3, 64]) expect(asBytes('ai-sdk-ui', body, size)).toEqual(whole)
  })

  it.each(PLAYS)('I7: cut after any event is what the SDK has then, but for input that was cut: $name', async (row) => {
    const events = await sent(row)
    for (let at = 1; at < events.length; at += 1) {
      const chunks = events.slice(0, at).filter((event) => typeof event === 'object')
      // Its reader shows nothing of a step that has just begun; the same start once more makes it do so.
      const { message: expected } = await accumulated([...chunks, START])
      const { message } = asEvents('ai-sdk-ui', chunks)
      const isCut = message.content.some((block) => block.type === 'tool_call' && block.state === 'partial')
      if (!isCut) expect(toNative(message)).toEqual(expected)
    }
  })
})
