/** How a stream of OpenAI's formats says that something went wrong: the words for why it stopped, and the forms of an error. */
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import type { ErrorClass, OutcomeError, StopReason } from '../../src/message.ts'
import { viaBytes, type Folded } from '../support/folded.ts'
import type { Wire } from '../support/wire.ts'
import { chatWire, responsesWire } from '../support/wires.ts'
import { call, calls, chunk, DONE, finish, text } from './openai-chat-chunks.ts'
import { called, callItem, completed, CREATED, incomplete, messageItem, response } from './openai-responses-events.ts'
import { callRows, handedOut, run, textOf } from './run.ts'

const Q1 = '{"q":1}'
const CALL = { id: 'call_1', name: 'f', input: { q: 1 } }
const STREAMED = [CREATED, ...called(Q1)]

describe('a response that is incomplete', () => {
  const untold = response('incomplete', { output: [callItem(Q1)] })
  const rows: readonly { readonly name: string; readonly events: readonly JsonObject[]; readonly raw: string }[] = [
    {
      name: 'I6: hands out no call where no details say why',
      events: [...STREAMED, { type: 'response.incomplete', response: { ...untold, incomplete_details: null } }],
      raw: 'incomplete',
    },
    {
      name: 'I6: hands out no call for a reason that is new',
      events: [...STREAMED, incomplete('other')],
      raw: 'other',
    },
    {
      name: 'I6: hands out no call where its last event has no response',
      events: [...STREAMED, { type: 'response.incomplete' }],
      raw: 'incomplete',
    },
    {
      name: 'I6: hands out no call where the event says completed and the response does not',
      events: [...STREAMED, completed([callItem(Q1)], { status: 'incomplete' })],
      raw: 'incomplete',
    },
    { name: 'I6: hands out no call where it is one answer', events: [untold], raw: 'incomplete' },
    {
      name: 'I6: hands out no call where it is one answer with a reason that is new',
      events: [{ ...untold, incomplete_details: { reason: 'other' } }],
      raw: 'other',
    },
  ]
  it.each(rows)('$name', ({ events, raw }) => {
    const folded = run(responsesWire, events)
    expect(handedOut(folded)).toEqual([])
    expect(folded.message.outcome).toEqual({ kind: 'complete' })
    expect(folded.message.stop).toMatchObject({ reason: 'error', raw })
    expect(callRows(folded.message)).toEqual([CALL])
  })

  it('I6: hands out the calls where only the tools of the provider were used up', () => {
    const folded = run(responsesWire, [...STREAMED, incomplete('max_tool_calls')])
    expect(handedOut(folded)).toEqual([CALL])
    expect(folded.message.outcome).toEqual({ kind: 'complete' })
    expect(folded.message.stop).toMatchObject({ reason: 'tool_calls', raw: 'max_tool_calls' })
  })
})

describe('a finish reason of a chat stream', () => {
  const whole = calls(call(0, 'call_1', 'f', Q1))
  const broken = [
    'insufficient_system_resource',
    'network_error',
    'abort',
    'aborted',
    'cancelled',
    'canceled',
    'timeout',
    'malformed_function_call',
    'incomplete',
  ]
  it.each(broken)('I6: hands out no call after %s, with which the answer failed', (raw) => {
    const folded = run(chatWire, [whole, finish(raw), DONE])
    expect(handedOut(folded)).toEqual([])
    expect(folded.message.stop).toMatchObject({ reason: 'error', raw })
    expect(folded.message.outcome.kind).toBe('failed')
  })

  const cutting: readonly { readonly raw: string; readonly reason: StopReason }[] = [
    { raw: 'sensitive', reason: 'content_filter' },
    { raw: 'max_output_tokens', reason: 'max_tokens' },
  ]
  it.each(cutting)('I6: hands out no call after $raw, which means $reason', ({ raw, reason }) => {
    const folded = run(chatWire, [whole, finish(raw), DONE])
    expect(handedOut(folded)).toEqual([])
    expect(folded.message.stop).toMatchObject({ reason, raw })
    expect(folded.message.outcome).toEqual({ kind: 'complete' })
  })
})

describe('a response that failed and was not streamed', () => {
  it('I4: keeps what there is of it', () => {
    const error = { code: 'server_error', message: 'It broke.' }
    const usage = { input_tokens: 3, output_tokens: 2, total_tokens: 5 }
    const folded = run(responsesWire, [response('failed', { error, usage, output: [messageItem('Hel')] })])
    const { message } = folded
    expect(message).toMatchObject({ id: 'resp_1', model: 'model-1', usage: { inputTokens: 3, outputTokens: 2 } })
    expect(textOf(message)).toBe('Hel')
    expect(message.outcome).toMatchObject({ kind: 'failed', error: { retryable: true, message: 'It broke.' } })
  })
})

describe('an error', () => {
  const CHAT = [chunk({ role: 'assistant', content: '' }), text('Hel')]
  const deep = { error: { error: { message: 'deep', type: 'overloaded_error' } } }
  const failed = (code: string): JsonObject => {
    const error = { code, message: 'Please wait.' }
    return { type: 'response.failed', response: response('failed', { error }) }
  }
  interface Row {
    readonly name: string
    readonly wire: Wire
    readonly before: readonly JsonObject[]
    /** The event as it stands in the stream. */
    readonly sent: string
    readonly error: Partial<OutcomeError> & { readonly class?: ErrorClass }
  }
  const rows: readonly Row[] = [
    {
      name: 'I5: is read from a chat stream where it is a text',
      wire: chatWire,
      before: CHAT,
      sent: 'event: error\ndata: slow down, please\n\n',
      error: { message: 'slow down, please' },
    },
    {
      name: 'I5: is read from a Responses stream where it is a text',
      wire: responsesWire,
      before: STREAMED,
      sent: 'event: error\ndata: slow down, please\n\n',
      error: { message: 'slow down, please' },
    },
    {
      name: 'I5: is read from a chat stream where it is in a list of one',
      wire: chatWire,
      before: CHAT,
      sent: data([{ error: { code: 429, message: 'slow' } }]),
      error: { class: 'rate_limit', retryable: true, message: 'slow', status: 429 },
    },
    {
      name: 'I5: is read from a Responses stream where it is known by its object',
      wire: responsesWire,
      before: STREAMED,
      sent: data({ object: 'error', message: 'x' }),
      error: { message: 'x' },
    },
    {
      name: 'I5: is read from a chat stream where it is in another one',
      wire: chatWire,
      before: CHAT,
      sent: data(deep),
      error: { class: 'overloaded', retryable: true, message: 'deep' },
    },
    {
      name: 'I5: is read from a Responses stream where it is in another one',
      wire: responsesWire,
      before: STREAMED,
      sent: data(deep),
      error: { class: 'overloaded', retryable: true, message: 'deep' },
    },
    {
      name: 'I5: may be tried again where the server is overloaded',
      wire: responsesWire,
      before: STREAMED,
      sent: data(failed('server_is_overloaded')),
      error: { class: 'overloaded', retryable: true, message: 'Please wait.' },
    },
    {
      name: 'I5: may be tried again where the server wants it slower',
      wire: responsesWire,
      before: STREAMED,
      sent: data(failed('slow_down')),
      error: { class: 'overloaded', retryable: true, message: 'Please wait.' },
    },
  ]
  it.each(rows)('$name', ({ wire, before, sent, error }) => {
    const folded = streamed(wire, [...before.map(data), sent])
    expect(folded.message.outcome).toMatchObject({ kind: 'failed', error })
    expect(handedOut(folded)).toEqual([])
    expect(folded.message.content).not.toEqual([])
  })
})

function data(value: JsonObject | readonly JsonObject[]): string {
  return `data: ${JSON.stringify(value)}\n\n`
}

function streamed(wire: Wire, sent: readonly string[]): Folded {
  return viaBytes(wire, [new TextEncoder().encode(sent.join(''))])
}
