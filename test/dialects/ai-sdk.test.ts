/** The parts of the AI SDK's fullStream, row by row: what each means, and what is left of a stream that is broken. */
import { describe, expect, it } from 'vitest'
import { assemble } from '../../src/index.ts'
import { toNative } from '../../src/to-native.ts'
import { play } from '../support/ai-sdk-player.mjs'
import { all, PLAYS } from '../support/ai-sdk.ts'
import { asBytes, asEvents, kinds, meaning, read as readAs, sse, texts } from '../support/ai-sdk-streams.ts'

const read = (parts: readonly object[]) => readAs('ai-sdk', parts)

const START = { type: 'start' }
const STEP = { type: 'start-step', request: { body: 'secret' }, warnings: [] }
const USAGE = {
  inputTokens: 10,
  inputTokenDetails: { noCacheTokens: 6, cacheReadTokens: 4 },
  outputTokens: 5,
  outputTokenDetails: { textTokens: 3, reasoningTokens: 2 },
  totalTokens: 15,
}
const ended = (finishReason: string, id = 'r1', more: object = {}): object => ({
  type: 'finish-step',
  finishReason,
  usage: USAGE,
  response: { id, modelId: 'model-1', timestamp: new Date(0), headers: { 'set-cookie': 'secret' } },
  ...more,
})
const FINISH = { type: 'finish', finishReason: 'stop', totalUsage: USAGE }
const text = (id: string, ...deltas: readonly string[]): object[] => [
  { type: 'text-start', id },
  ...deltas.map((delta) => ({ type: 'text-delta', id, text: delta })),
  { type: 'text-end', id },
]
const call = (toolCallId: string, input: unknown, more: object = {}): object => ({
  type: 'tool-call',
  toolCallId,
  toolName: 'ask',
  input,
  ...more,
})
const result = (toolCallId: string, output: unknown, more: object = {}): object => ({
  type: 'tool-result',
  toolCallId,
  toolName: 'ask',
  input: {},
  output,
  ...more,
})

describe('fullStream', () => {
  it('quirk 8.01: gives a step once, though it finishes and then the stream does', () => {
    const { messages, message, anomalies } = read([START, STEP, ...text('t', 'Hel', 'lo'), ended('stop'), FINISH])
    expect(messages).toHaveLength(1)
    expect(message).toMatchObject({ id: 'r1', idSource: 'wire', model: 'model-1', outcome: { kind: 'complete' } })
    expect(message.stop).toEqual({ reason: 'end_turn', raw: 'stop', sequence: null })
    expect(message.usage).toEqual({ inputTokens: 10, outputTokens: 5, cacheReadTokens: 4, reasoningTokens: 2 })
    expect([...message.anomalies, ...anomalies]).toEqual([])
  })

  it('keeps what else the end of a step says', () => {
    const more = { rawFinishReason: 'end_turn', providerMetadata: { p: { tier: 1 } }, performance: { stepTimeMs: 3 } }
    const { message } = read([START, STEP, ...text('t', 'x'), ended('stop', 'r1', more), FINISH])
    expect(message.wire).toEqual({ timestamp: '1970-01-01T00:00:00.000Z', ...more })
  })

  it('keeps nothing of the request, and no header', () => {
    const { message } = read([START, STEP, ...text('t', 'x'), ended('stop'), FINISH])
    expect(JSON.stringify(message)).not.toContain('secret')
  })

  it('quirk 8.09: gives each step as a message of its own, with the id of its own answer', () => {
    const { messages } = read([
      START,
      STEP,
      ...text('a', '1'),
      ended('tool-calls', 'r1'),
      STEP,
      ...text('a', '2'),
      ended('stop', 'r2'),
      FINISH,
    ])
    expect(messages.map(({ id, key }) => [id, key])).toEqual([
      ['r1', 'turn/0'],
      ['r2', 'turn/1'],
    ])
    expect(messages.map(texts)).toEqual([['1'], ['2']])
  })

  it('quirk 8.04: has equal texts twice, in one step and in two', () => {
    const { messages } = read([
      START,
      STEP,
      ...text('a', 'Ha', 'Ha'),
      ...text('b', 'HaHa'),
      ended('stop', 'r1'),
      STEP,
      ...text('a', 'HaHa'),
      ended('stop', 'r2'),
      FINISH,
    ])
    expect(messages.map(texts)).toEqual([['HaHa', 'HaHa'], ['HaHa']])
  })

  it('quirk 8.05: is one message for all blocks of a step', () => {
    expect(
      read([START, STEP, ...text('a', '1'), ...text('b', '2'), ended('stop'), FINISH]).messages.map(texts),
    ).toEqual([['1', '2']])
  })

  it('quirk 8.03: takes a call once that streams and then comes whole, with the text as it streamed', () => {
    const { message, calls } = read([
      START,
      STEP,
      { type: 'tool-input-start', id: 'c', toolName: 'ask' },
      { type: 'tool-input-delta', id: 'c', delta: '{ "a": 1 }' },
      { type: 'tool-input-end', id: 'c' },
      call('c', { a: 1 }),
      ended('tool-calls'),
      FINISH,
    ])
    expect(message.content).toMatchObject([{ arguments: '{ "a": 1 }', input: { a: 1 }, state: 'complete' }])
    expect(calls).toHaveLength(1)
    expect(kinds({ message })).toEqual([])
  })

  it('quirk 8.06: hands a call out once that comes twice under its id', () => {
    const { message, calls } = read([
      START,
      STEP,
      call('c', { a: 1 }),
      call('c', { a: 1 }),
      ended('tool-calls'),
      FINISH,
    ])
    expect(message.content).toHaveLength(1)
    expect(calls).toHaveLength(1)
  })

  it('quirk 8.08: needs no id but that at the end of the step', () => {
    const { messages, events } = read([START, STEP, ...text('a', 'x'), ended('stop', 'r9'), FINISH])
    expect(messages.map(({ id }) => id)).toEqual(['r9'])
    expect(events.map(({ message }) => message)).toEqual(events.map(() => 'turn/0'))
  })

  it('quirk 7.05: that begins a step twice before anything came has one', () => {
    const { messages } = read([START, START, STEP, STEP, ...text('a', 'x'), ended('stop'), FINISH])
    expect(messages.map(texts)).toEqual([['x']])
  })

  it('quirk 7.07: is aborted by the part that says so', () => {
    const { message, messages } = read([START, STEP, ...text('a', 'x'), { type: 'abort', reason: 'enough' }])
    expect(message.outcome).toEqual({ kind: 'aborted', by: 'caller', reason: 'enough' })
    expect(messages.map(texts)).toEqual([['x']])
  })

  it('quirk 7.07: that is aborted between two steps has one that was aborted, and after the last has none', () => {
    const abort = { type: 'abort' }
    const outcomes = (reason: string) =>
      read([START, STEP, ...text('a', 'x'), ended(reason), abort]).messages.map(({ outcome }) => outcome.kind)
    expect(outcomes('tool-calls')).toEqual(['complete', 'aborted'])
    expect(outcomes('stop')).toEqual(['complete'])
    expect(read([START, abort]).messages.map(({ outcome }) => outcome.kind)).toEqual(['aborted'])
  })

  it('quirk 7.09: never takes the text of one step for the next', () => {
    const { messages } = read([
      START,
      STEP,
      ...text('a', 'old'),
      ended('stop', 'r1'),
      STEP,
      ended('stop', 'r2'),
      FINISH,
    ])
    expect(messages.map(texts)).toEqual([['old'], []])
  })

  it('quirk 7.10: of which a step is sent again while it is under way is what it was', () => {
    const events = [START, STEP, ...text('a', 'He', 'llo'), ...text('b', 'x'), ended('stop'), FINISH]
    const clean = read(events)
    for (let at = 1; at < events.length - 1; at += 1) {
      expect(read([...events.slice(0, at), ...events]).messages.map(meaning)).toEqual(clean.messages.map(meaning))
    }
  })

  it('quirk 7.13: takes nothing after a step has finished', () => {
    const { message, anomalies } = read([START, STEP, ...text('a', 'x'), ended('stop'), ...text('b', 'late'), FINISH])
    expect(texts(message)).toEqual(['x'])
    expect(anomalies).toEqual([{ kind: 'late_event', count: 3 }])
  })

  it('I5: has a step that failed before it began, beside those that are whole', () => {
    const { messages } = read([
      START,
      STEP,
      ...text('a', 'x'),
      ended('stop'),
      { type: 'error', error: 'no connection' },
    ])
    expect(messages.map(({ outcome }) => outcome.kind)).toEqual(['complete', 'failed'])
    expect(messages[1]?.outcome).toMatchObject({ error: { message: 'no connection' } })
  })

  it('I5: reads what the SDK throws: the status, whether to try again, what the provider said, and nothing of the request', () => {
    const thrown = Object.assign(new Error('Overloaded'), {
      statusCode: 529,
      isRetryable: true,
      requestBodyValues: { prompt: 'secret' },
      responseBody: '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
    })
    const failed = (error: unknown) => asEvents('ai-sdk', [START, { type: 'error', error }]).message
    for (const error of [thrown, { lastError: thrown, message: 'Failed after 3 attempts' }]) {
      const message = failed(error)
      expect(message.outcome).toMatchObject({
        kind: 'failed',
        error: { class: 'overloaded', retryable: true, status: 529, message: 'Overloaded' },
      })
      expect(JSON.stringify(message)).not.toContain('secret')
    }
    expect(failed(new Error('fetch failed')).outcome).toMatchObject({ error: { message: 'fetch failed' } })
    expect(failed(undefined).outcome.kind).toBe('failed')
  })

  it.each([
    ['stop', undefined, 'end_turn'],
    ['length', undefined, 'max_tokens'],
    ['content-filter', undefined, 'content_filter'],
    ['tool-calls', undefined, 'tool_calls'],
    ['other', undefined, 'unknown'],
    ['unknown', undefined, 'unknown'],
    ['stop', 'pause_turn', 'pause'],
    ['stop', 'stop_sequence', 'stop_sequence'],
    ['content-filter', 'refusal', 'refusal'],
    ['length', 'model_context_window_exceeded', 'context_window'],
  ])('maps the reason %s, of the provider %s, to %s', (raw, rawFinishReason, reason) => {
    const { message } = read([START, STEP, ended(raw, 'r1', { rawFinishReason }), FINISH])
    expect(message.stop).toEqual({ reason, raw, sequence: null })
  })

  it('I4: notes a part that it does not know, and ignores those that say nothing', () => {
    const parts = [
      START,
      STEP,
      { type: 'raw', rawValue: {} },
      { type: 'ping' },
      { type: 'surprise' },
      ended('stop'),
      FINISH,
    ]
    expect(read(parts).message.anomalies).toMatchObject([{ kind: 'unknown_event', detail: 'surprise' }])
  })

  it('has sources and files in their place', () => {
    const { message } = read([
      START,
      STEP,
      { type: 'source', sourceType: 'url', id: 's', url: 'https://example.org' },
      { type: 'file', file: { base64: 'AQI=', mediaType: 'image/png' } },
      ...text('a', 'x'),
      ended('stop'),
      FINISH,
    ])
    expect(message.content).toMatchObject([
      { type: 'other', wire: { type: 'source', url: 'https://example.org' } },
      { type: 'media', data: 'AQI=', wire: { mediaType: 'image/png' } },
      { type: 'text', text: 'x' },
    ])
  })

  it('reads the parts of version 4 under their older names', () => {
    const { message, messages } = read([
      { type: 'step-start', messageId: 'msg_1', request: {}, warnings: [] },
      { type: 'reasoning', textDelta: 'hm' },
      { type: 'reasoning-signature', signature: 'sig==' },
      { type: 'text-delta', textDelta: 'Hel' },
      { type: 'text-delta', textDelta: 'lo' },
      { type: 'tool-call-streaming-start', toolCallId: 'c', toolName: 'ask' },
      { type: 'tool-call-delta', toolCallId: 'c', toolName: 'ask', argsTextDelta: '{"a":1}' },
      { type: 'tool-call', toolCallId: 'c', toolName: 'ask', args: { a: 1 } },
      {
        type: 'step-finish',
        messageId: 'msg_1',
        finishReason: 'tool-calls',
        usage: { promptTokens: 3, completionTokens: 2, totalTokens: 5 },
        response: { id: 'r1', modelId: 'model-1' },
      },
      { type: 'finish', finishReason: 'tool-calls', usage: { promptTokens: 3, completionTokens: 2 } },
    ])
    expect(messages).toHaveLength(1)
    expect(message.content).toMatchObject([
      { type: 'thinking', text: 'hm', signature: 'sig==' },
      { type: 'text', text: 'Hello' },
      { type: 'tool_call', input: { a: 1 } },
    ])
    expect(message.usage).toEqual({ inputTokens: 3, outputTokens: 2 })
    expect(message.anomalies).toEqual([])
  })

  it('reads the result of generateText, each step of it', async () => {
    const whole = {
      steps: [
        {
          content: [{ type: 'text', text: 'Looking.' }, call('c', {}), result('c', 1)],
          finishReason: 'tool-calls',
          usage: USAGE,
          response: { id: 'r1', modelId: 'model-1' },
        },
        { content: [{ type: 'text', text: 'One.' }], finishReason: 'stop', usage: USAGE, response: { id: 'r2' } },
      ],
    }
    const messages = await assemble(whole).messages()
    expect(messages.map(({ id, dialect, outcome }) => [id, dialect, outcome.kind])).toEqual([
      ['r1', 'ai-sdk', 'complete'],
      ['r2', 'ai-sdk', 'complete'],
    ])
    expect(toNative(messages)).toEqual([
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'Looking.' },
          { type: 'tool-call', toolCallId: 'c', toolName: 'ask', input: {} },
        ],
      },
      {
        role: 'tool',
        content: [{ type: 'tool-result', toolCallId: 'c', toolName: 'ask', output: { type: 'json', value: 1 } }],
      },
      { role: 'assistant', content: [{ type: 'text', text: 'One.' }] },
    ])
  })
})

describe('calls in fullStream', () => {
  it('I6: that the SDK has run are not handed out, whenever the result comes, and the others are', () => {
    const { message, calls, events } = read([
      START,
      STEP,
      call('c1', { a: 1 }),
      result('c1', 'one'),
      call('c2', { a: 2 }),
      call('c3', { a: 3 }),
      { type: 'tool-error', toolCallId: 'c3', toolName: 'ask', input: {}, error: 'out of order' },
      call('c4', { a: 4 }, { providerExecuted: true }),
      ended('tool-calls'),
      FINISH,
    ])
    expect(calls.map(({ id }) => id)).toEqual(['c2'])
    expect(message.content.filter(({ type }) => type === 'tool_call')).toMatchObject([
      { id: 'c1', origin: 'provider' },
      { id: 'c2', origin: 'client' },
      { id: 'c3', origin: 'provider' },
      { id: 'c4', origin: 'provider' },
    ])
    expect(message.content.filter(({ type }) => type === 'tool_result')).toMatchObject([
      { callId: 'c1', content: 'one', isError: false },
      { callId: 'c3', content: 'out of order', isError: true },
    ])
    // Not before the reason is known.
    expect(events.findIndex(({ type }) => type === 'tool_call')).toBeGreaterThan(
      events.findIndex(({ type }) => type === 'usage'),
    )
  })

  it('I6: are not handed out early, since the SDK may run them', () => {
    const parts = [START, STEP, call('c1', { a: 1 }), result('c1', 1), ended('tool-calls'), FINISH]
    expect(readAs('ai-sdk', parts, { toolCalls: 'early' }).calls).toEqual([])
  })

  it('I6: that the SDK refused, or asks an approval for, are nobody else’s to run', () => {
    const toolCall = call('c2', {})
    const { message, calls } = read([
      START,
      STEP,
      call('c1', '{"a":', { invalid: true, dynamic: true }),
      toolCall,
      { type: 'tool-approval-request', approvalId: 'a1', toolCall },
      ended('tool-calls'),
      FINISH,
    ])
    expect(calls).toEqual([])
    expect(message.content).toMatchObject([
      { id: 'c1', state: 'invalid', origin: 'provider' },
      { id: 'c2', state: 'complete', origin: 'provider' },
      { type: 'other', wire: { type: 'tool-approval-request', approvalId: 'a1', toolCallId: 'c2' } },
    ])
  })

  it('I6: of an answer that was cut by length are there, and not handed out', () => {
    const { message, calls } = read([START, STEP, call('c1', { a: 1 }), ended('length'), FINISH])
    expect(calls).toEqual([])
    expect(message.content).toMatchObject([{ id: 'c1', state: 'complete', origin: 'client' }])
  })

  it('have the last of their results', () => {
    const { message } = read([
      START,
      STEP,
      call('c', {}),
      result('c', 'half', { preliminary: true }),
      result('c', 'whole'),
      ended('tool-calls'),
      FINISH,
    ])
    expect(message.content).toMatchObject([{ id: 'c' }, { type: 'tool_result', content: 'whole' }])
  })

  it('of an earlier turn have their results before what the model says to them', () => {
    const { messages } = read([
      START,
      result('c0', 1),
      { type: 'tool-output-denied', toolCallId: 'c9', toolName: 'danger' },
      STEP,
      ...text('a', 'Done.'),
      ended('stop'),
      FINISH,
    ])
    expect(messages).toHaveLength(1)
    expect(toNative(messages)).toMatchObject([
      { role: 'tool', content: [{ toolCallId: 'c0' }, { toolCallId: 'c9', output: { type: 'execution-denied' } }] },
      { role: 'assistant', content: [{ type: 'text', text: 'Done.' }] },
    ])
  })
})

describe('a fullStream that the SDK made', () => {
  it.each(PLAYS)('I5: cut after any part is complete only as far as its steps are: $name', async (row) => {
    const parts = await all(play(row).fullStream)
    for (let at = 1; at < parts.length; at += 1) {
      const sent = parts.slice(0, at)
      const { messages, calls } = asEvents('ai-sdk', sent)
      const types = sent.map((part) => ('type' in part ? part.type : ''))
      const steps = types.filter((type) => type === 'finish-step').length
      expect(messages.filter(({ outcome }) => outcome.kind === 'complete').length).toBeLessThanOrEqual(steps)
      if (steps === 0) expect(calls).toEqual([])
      const begun = types.filter((type) => type === 'start-step').length
      const isFailedOutside = types.at(-1) === 'error' && begun === steps
      expect(messages).toHaveLength(Math.max(1, begun + (isFailedOutside ? 1 : 0)))
    }
  })

  it.each(PLAYS)(
    'I3: with any part twice is the same, but for deltas and files, which have no identity: $name',
    async (row) => {
      const parts = await all(play(row).fullStream)
      const clean = asEvents('ai-sdk', parts)
      for (const [at, part] of parts.entries()) {
        const type = 'type' in part ? String(part.type) : ''
        if (type.endsWith('-delta') || type === 'file') continue
        const again = asEvents('ai-sdk', [...parts.slice(0, at + 1), ...parts.slice(at)])
        expect(again.messages.map(meaning), `${type} at ${at}`).toEqual(clean.messages.map(meaning))
        expect(again.calls).toEqual(clean.calls)
      }
    },
  )

  it.each(PLAYS)('I1: is the same as bytes, however they are cut: $name', async (row) => {
    const body = sse(await all(play(row).fullStream))
    const whole = asBytes('ai-sdk', body, body.length + 1)
    for (const size of [1, 3, 64]) expect(asBytes('ai-sdk', body, size)).toEqual(whole)
  })
})
