/** Streams of the AI SDK that end in order though the answer does not: what its own wire shows of that, and what it must not say. */
import { describe, expect, it } from 'vitest'
import { assemble, fold } from '../../src/index.ts'
import { toNative } from '../../src/to-native.ts'
import type { ModelPart } from '../support/ai-sdk-player.mjs'
import { play } from '../support/ai-sdk-player.mjs'
import { all, answer, call, finish, streamedCall, text } from '../support/ai-sdk.ts'
import { asBytes, asEvents, kinds, read, sse, texts, type Read, type Sent } from '../support/ai-sdk-streams.ts'

const DONE = '[DONE]'
const STEP = { type: 'start-step', request: {}, warnings: [] }
const START = { type: 'start', messageId: 'msg_1' }
const ended = (finishReason: string, more: object = {}): object => ({
  type: 'finish-step',
  finishReason,
  usage: { inputTokens: 10, outputTokens: 5, totalTokens: 15 },
  response: { id: 'r1', modelId: 'model-1' },
  ...more,
})
const toolCall = (toolName: string, input: unknown, more: object = {}): object => ({
  type: 'tool-call',
  toolCallId: 'c1',
  toolName,
  input,
  ...more,
})
const parts = (...sent: readonly object[]): Read => read('ai-sdk', [{ type: 'start' }, STEP, ...sent])
const chunks = (...sent: readonly Sent[]): Read => read('ai-sdk-ui', [START, { type: 'start-step' }, ...sent])

/** Parts of a model whose stream is over where it should not be; the SDK ends its own in order. */
const CUT: readonly { name: string; said: ModelPart[] }[] = [
  { name: 'a call that has only begun', said: [{ type: 'tool-input-start', id: 'c1', toolName: 'ask' }] },
  { name: 'the input of a call', said: streamedCall('c1', 'ask', '{"city":"Paris"').slice(0, 2) },
  { name: 'a call whose input looks whole', said: streamedCall('c1', 'ask', '{"city":"Paris"}').slice(0, 3) },
  { name: 'a text', said: text('0', 'half an ans').slice(0, 2) },
  {
    name: 'a text beside a call that is whole',
    said: [call('c2', 'ask', '{}'), ...text('0', 'half an ans').slice(0, 2)],
  },
]

describe('a stream that the SDK made of a model’s that was cut', () => {
  it.each(CUT)('I5, I6: is truncated in fullStream, and hands out nothing: $name', async ({ said }) => {
    const { messages, calls } = asEvents('ai-sdk', await all(play({ steps: [[answer('r1'), ...said]] }).fullStream))
    expect(messages).toHaveLength(1)
    expect(messages[0]?.outcome).toMatchObject({ kind: 'truncated', by: 'eof', error: { retryable: true } })
    expect(messages[0]?.stop).toEqual({ reason: 'unknown', raw: null, sequence: null })
    expect(messages[0]?.wire).toMatchObject({ finishReason: 'other' })
    expect(messages[0]?.content.filter((block) => block.type === 'tool_call' && block.id === 'c1')).toMatchObject(
      said[0]?.type === 'tool-input-start' ? [{ state: 'partial' }] : [],
    )
    expect(calls).toEqual([])
  })

  it.each(CUT)('I5, I6: is truncated as UI messages, and hands out nothing: $name', async ({ said }) => {
    const sent = await all(play({ steps: [[answer('r1'), ...said]] }).toUIMessageStream())
    const { messages, calls } = read('ai-sdk-ui', [...sent, DONE])
    expect(messages).toHaveLength(1)
    expect(messages[0]?.outcome).toMatchObject({ kind: 'truncated', by: 'eof', error: { retryable: true } })
    expect(calls).toEqual([])
  })

  it('I5: is truncated in fullStream also where its blocks have ended, since nothing of the end of the model came', async () => {
    const said = [answer('r1'), ...text('0', 'half an ans')]
    const { message } = asEvents('ai-sdk', await all(play({ steps: [said] }).fullStream))
    expect(message.outcome.kind).toBe('truncated')
    expect(texts(message)).toEqual(['half an ans'])
  })

  it('I5: is complete if the model gives no reason but counts its tokens', async () => {
    const said = [answer('r1'), ...text('0', 'Whole.'), finish('other')]
    const { message } = asEvents('ai-sdk', await all(play({ steps: [said] }).fullStream))
    expect(message.outcome.kind).toBe('complete')
    expect(message.stop).toEqual({ reason: 'unknown', raw: 'other', sequence: null })
  })
})

describe('a step of fullStream', () => {
  const begun = { type: 'tool-input-start', id: 'c0', toolName: 'ask' }

  it('I6: whose call came to nothing is cut, whatever its reason, and none of its calls is handed out', () => {
    const { message, calls } = parts(begun, toolCall('ask', {}), ended('tool-calls'), { type: 'finish' })
    expect(message.outcome.kind).toBe('truncated')
    expect(message.content).toMatchObject([
      { id: 'c0', state: 'partial' },
      { id: 'c1', state: 'complete' },
    ])
    expect(message.wire).toMatchObject({ finishReason: 'tool-calls' })
    expect(calls).toEqual([])
  })

  it('I5: that was cut by length is complete, with its reason, and its call is partial', () => {
    const { message, calls } = parts(begun, ended('length'))
    expect(message.outcome.kind).toBe('complete')
    expect(message.stop.reason).toBe('max_tokens')
    expect(message.content).toMatchObject([{ state: 'partial' }])
    expect(calls).toEqual([])
  })

  it('I2: that comes after one that was cut is a message of its own', () => {
    const { messages } = parts(begun, ended('other'), STEP, ...said('Bye'), ended('stop'))
    expect(messages.map(({ outcome }) => outcome.kind)).toEqual(['truncated', 'complete'])
    expect(messages.map(texts)).toEqual([[], ['Bye']])
  })

  it('I5: has failed, and was not cut, after an error', () => {
    const { message } = parts(begun, { type: 'error', error: 'no' }, ended('other'))
    expect(message.outcome).toMatchObject({ kind: 'failed', error: { message: 'no' } })
  })

  function said(words: string): object[] {
    return [
      { type: 'text-start', id: '0' },
      { type: 'text-delta', id: '0', text: words },
      { type: 'text-end', id: '0' },
    ]
  }
})

describe('a UI message stream', () => {
  const half = [
    { type: 'text-start', id: 'a' },
    { type: 'text-delta', id: 'a', delta: 'half an ans' },
  ]
  const begun = { type: 'tool-input-start', toolCallId: 'c1', toolName: 'deleteAll' }
  const available = { type: 'tool-input-available', toolCallId: 'c1', toolName: 'deleteAll', input: {} }

  it.each([
    ['half a text', half],
    ['a text that has ended', [...half, { type: 'text-end', id: 'a' }]],
    ['a call that has begun', [begun]],
    ['a call that is whole', [available, { type: 'finish-step' }]],
  ])('I5, I6: is truncated if its mark comes without a finish: %s', (_name, sent) => {
    const { message, calls } = chunks(...sent, DONE, DONE)
    expect(message.outcome).toMatchObject({ kind: 'truncated', by: 'eof' })
    expect(calls).toEqual([])
  })

  it('I2: that was cut before its mark is no part of the one after it', () => {
    // The mark is of the transport, so that only bytes have it.
    const cut: Sent[] = [{ type: 'start' }, ...half, DONE]
    const whole: Sent[] = [...cut.slice(0, -1), { type: 'text-end', id: 'a' }, { type: 'finish' }, DONE]
    const { messages } = asBytes('ai-sdk-ui', sse([...cut, ...whole]))
    expect(messages.map(({ outcome }) => outcome.kind)).toEqual(['truncated', 'complete'])
    expect(messages.map(texts)).toEqual([['half an ans'], ['half an ans']])
  })

  it('I6: whose call came to nothing is cut though it finishes', () => {
    const { message, calls } = chunks(begun, { type: 'finish-step' }, { type: 'finish', finishReason: 'stop' }, DONE)
    expect(message.outcome.kind).toBe('truncated')
    expect(message.content).toMatchObject([{ state: 'partial' }])
    expect(calls).toEqual([])
  })

  it('I5: that finishes without a reason, as in version 5, is complete if all of it has ended', () => {
    const { message, calls } = chunks(begun, available, { type: 'finish-step' }, { type: 'finish' }, DONE)
    expect(message.outcome.kind).toBe('complete')
    expect(calls).toHaveLength(1)
    expect(chunks(...half, { type: 'finish-step' }, { type: 'finish' }, DONE).message.outcome.kind).toBe('truncated')
  })

  it('I5: has failed, and was not cut, after an error without a finish', () => {
    const { message } = chunks(...half, { type: 'error', errorText: 'no' }, DONE)
    expect(message.outcome).toMatchObject({ kind: 'failed', error: { message: 'no' } })
  })
})

describe('the input of a call', () => {
  it.each(['x', '[1]', 'null', '"{}"'])('I6: that is a text is no object, and not handed out: %s', (input) => {
    const rows = [
      parts(toolCall('ask', input), ended('tool-calls')),
      chunks(
        { ...toolCall('ask', input), type: 'tool-input-available' },
        { type: 'finish', finishReason: 'tool-calls' },
        DONE,
      ),
    ]
    for (const { message, calls } of rows) {
      expect(message.content).toMatchObject([{ state: 'invalid', arguments: JSON.stringify(input) }])
      expect(calls).toEqual([])
    }
  })

  it('I3: that streamed as a text in quotes is the same when it comes whole', () => {
    const { message } = parts(
      { type: 'tool-input-start', id: 'c1', toolName: 'ask' },
      { type: 'tool-input-delta', id: 'c1', delta: '"x"' },
      toolCall('ask', 'x'),
      ended('tool-calls'),
    )
    expect(message.content).toMatchObject([{ state: 'invalid', arguments: '"x"' }])
    expect(kinds({ message })).not.toContain('snapshot_differs')
    expect(toNative([message])).toMatchObject([{ content: [{ input: 'x' }] }])
  })

  it('is plain text where the wire says so, also in the call alone', () => {
    const { calls } = parts(toolCall('patch', '*** Begin', { inputEncoding: 'text' }), ended('tool-calls'))
    expect(calls).toMatchObject([{ input: { input: '*** Begin' } }])
  })

  it.each([
    ['a bigint', { big: 1n }],
    ['a map', { deep: [new Map([[1, 2]])] }],
    ['a function', { run: () => 1 }],
  ])('I4, I6: that JSON cannot say is noted, and the call not handed out: %s', (_name, input) => {
    const { message, calls } = asEvents('ai-sdk', [STEP, toolCall('ask', input), ended('tool-calls')])
    expect(message.content).toMatchObject([{ state: 'invalid' }])
    expect(kinds({ message })).toContain('malformed_event')
    expect(calls).toEqual([])
  })

  it('may hold what has a form in JSON, like a date', () => {
    const { calls } = asEvents('ai-sdk', [
      STEP,
      toolCall('ask', { at: new Date(0), no: undefined }),
      ended('tool-calls'),
    ])
    expect(calls).toMatchObject([{ input: { at: '1970-01-01T00:00:00.000Z' } }])
  })
})

describe('a call that comes whole under another name than it was shown', () => {
  it('I4, I6: keeps the first, and is not handed out; the other is in the native form', () => {
    const rows = [
      parts({ type: 'tool-input-start', id: 'c1', toolName: 'first' }, toolCall('other', {}), ended('tool-calls')),
      chunks(
        { type: 'tool-input-start', toolCallId: 'c1', toolName: 'first' },
        { ...toolCall('other', {}), type: 'tool-input-available' },
        { type: 'finish', finishReason: 'tool-calls' },
        DONE,
      ),
    ]
    for (const { message, calls } of rows) {
      expect(message.content).toMatchObject([{ name: 'first', state: 'invalid', wire: { toolName: 'other' } }])
      expect(kinds({ message })).toContain('malformed_event')
      expect(calls).toEqual([])
      expect(JSON.stringify(toNative([message]))).toMatch(/"toolName":"other"|"tool-other"/)
    }
  })

  it('I6: has its name if it began without one', () => {
    const { calls } = parts(
      { type: 'tool-input-start', id: 'c1', toolName: '' },
      toolCall('ask', {}),
      ended('tool-calls'),
    )
    expect(calls).toMatchObject([{ name: 'ask' }])
  })
})

describe('an error of which there are only words', () => {
  it.each([
    ['Too many requests', 'rate_limit', true],
    ['Rate limit reached for model-1', 'rate_limit', true],
    ['Overloaded', 'overloaded', true],
    ['An error occurred.', 'unknown', false],
  ])('I5: has the class that they say: %s', (errorText, errorClass, retryable) => {
    const { message } = chunks({ type: 'error', errorText }, { type: 'finish', finishReason: 'error' }, DONE)
    expect(message.outcome).toMatchObject({ kind: 'failed', error: { class: errorClass, retryable } })
  })

  it('I5: has the class of its status where it has one', () => {
    const error = { statusCode: 401, message: 'rate limit', responseBody: '' }
    const { message } = parts({ type: 'error', error }, ended('error'))
    expect(message.outcome).toMatchObject({ error: { class: 'auth' } })
  })
})

describe('what streamText gives', () => {
  const steps = [[answer('r1'), ...text('0', 'Hel', 'lo'), finish('stop')]]

  it('is read by its fullStream if it is given as a whole', async () => {
    const [message] = await assemble(play({ steps })).messages()
    expect(message).toMatchObject({ dialect: 'ai-sdk', outcome: { kind: 'complete' }, content: [{ text: 'Hello' }] })
  })

  it('cannot be read by its textStream, and the error says what can', async () => {
    const message = await fold(play({ steps }).textStream)
    expect(message.outcome).toMatchObject({ kind: 'failed', error: { class: 'malformed' } })
    expect(JSON.stringify(message.outcome)).toContain('fullStream')
  })
})
