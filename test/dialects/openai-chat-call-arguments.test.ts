/** When the arguments of a call in a chat stream are whole, what else a call holds, and a message that says its calls again. */
import { describe, expect, it } from 'vitest'
import type { AnomalyKind } from '../../src/anomaly.ts'
import { toNative } from '../../src/index.ts'
import type { JsonObject } from '../../src/json.ts'
import type { ProviderEvent } from '../support/wire.ts'
import { chatWire } from '../support/wires.ts'
import { call, calls, chunk, DONE, envelope, finish, text } from './openai-chat-chunks.ts'
import { callRows, handedOut, kindsOf, run, textOf, type CallRow } from './run.ts'

const A = { id: 'a', name: 'f', input: { q: 1 } }
const B = { id: 'b', name: 'g', input: { q: 2 } }

describe('the arguments of a call, where the model wants its calls run', () => {
  interface Row {
    readonly name: string
    readonly chunks: readonly JsonObject[]
    readonly calls: readonly CallRow[]
    readonly odd: readonly AnomalyKind[]
  }
  const rows: readonly Row[] = [
    {
      name: 'quirk 3.07: are not whole because the finish says so',
      chunks: [calls(call(0, 'a', 'f', '{"path":"/a/x","content":"'))],
      calls: [{ ...A, input: 'invalid' }],
      odd: ['invalid_input'],
    },
    {
      name: 'quirk 3.11: are not those of the next call under the same index',
      chunks: [calls(call(0, 'a', 'f', '{"q":')), calls(call(0, 'b', 'g', '{"q":2}'))],
      calls: [{ ...A, input: 'invalid' }, B],
      odd: ['block_key_reused', 'invalid_input'],
    },
    {
      name: 'quirk 3.19: may be an empty object, followed by an empty text',
      chunks: [calls(call(0, 'a', 'f', {})), calls(call(0, undefined, undefined, ''))],
      calls: [{ ...A, input: {} }],
      odd: [],
    },
    {
      name: 'quirk 3.22: are taken once if the whole comes after a beginning that ends in a text',
      chunks: [calls(call(0, 'a', 'f', '{"city":"Par')), calls(call(0, null, null, '{"city":"Paris"}'))],
      calls: [{ ...A, input: { city: 'Paris' } }],
      odd: ['resent_arguments'],
    },
    {
      name: 'quirk 3.22: are taken once if the whole comes after only a bracket',
      chunks: [calls(call(0, 'a', 'f', '{')), calls(call(0, null, null, '{"q":1}'))],
      calls: [A],
      odd: ['resent_arguments'],
    },
    {
      name: 'quirk 3.22: are taken once if the call comes again with its id and name',
      chunks: [calls(call(0, 'a', 'f', '{"q":1}')), calls(call(0, 'a', 'f', '{"q":1}'))],
      calls: [A],
      odd: ['resent_arguments'],
    },
    {
      name: 'quirk 3.22: are never repaired if what comes again is something else',
      chunks: [calls(call(0, 'a', 'f', '{"q":1}')), calls(call(0, null, null, '{"q":2}'))],
      calls: [{ ...A, input: 'invalid' }],
      odd: ['invalid_input'],
    },
  ]
  it.each(rows)('$name', ({ chunks, calls: expected, odd }) => {
    const folded = run(chatWire, [...chunks, finish('tool_calls'), DONE])
    expect(callRows(folded.message)).toEqual(expected)
    expect(handedOut(folded)).toEqual(expected.filter(({ input }) => typeof input === 'object'))
    expect(kindsOf(folded.message)).toEqual(odd)
  })

  it('quirk 3.18: are not lost if the call has no name, but it is not run', () => {
    const folded = run(chatWire, [calls(call(0, 'a', undefined, '{"q":7777}')), finish('tool_calls'), DONE])
    expect(handedOut(folded)).toEqual([])
    expect(JSON.stringify(folded.message)).toContain('7777')
  })

  it('quirk 3.21: go through the same events if they come whole in one chunk', () => {
    const whole = chunk({ role: 'assistant', tool_calls: [call(0, 'a', 'f', '{"q":1}')] })
    const folded = run(chatWire, [whole, finish('tool_calls'), DONE])
    const about = folded.events.flatMap((event) => ('block' in event ? [event.type] : []))
    expect(about).toEqual(['block_start', 'tool_input', 'block_stop', 'tool_call'])
    expect(handedOut(folded)).toEqual([A])
  })

  it('quirk 3.21: are whole if the finish is in the same chunk', () => {
    const last = chunk({ tool_calls: [call(0, 'a', 'f', '{"q":1}')] }, { finish_reason: 'tool_calls' })
    expect(handedOut(run(chatWire, [last, DONE]))).toEqual([A])
  })
})

describe('the arguments of a call, where the answer was cut', () => {
  const resent = [calls(call(0, 'a', 'f', '{"city":"Par')), calls(call(0, null, null, '{"city":"Paris"}'))]
  const rows: readonly { readonly name: string; readonly events: readonly ProviderEvent[]; readonly text: string }[] = [
    {
      name: 'quirk 3.20: are not known to be none by the end of the input',
      events: [calls(call(0, 'a', 'f', ''))],
      text: '',
    },
    {
      name: 'quirk 3.22: are not taken once at the end of the input',
      events: resent,
      text: '{"city":"Par{"city":"Paris"}',
    },
    {
      name: 'quirk 3.22: are not taken once by its length',
      events: [...resent, finish('length'), DONE],
      text: '{"city":"Par{"city":"Paris"}',
    },
    {
      name: 'quirk 3.22: are not repaired by its length',
      events: [calls(call(0, 'a', 'f', '{"a":{"a":1}')), finish('length'), DONE],
      text: '{"a":{"a":1}',
    },
  ]
  it.each(rows)('$name', ({ events, text: written }) => {
    const folded = run(chatWire, events)
    expect(handedOut(folded)).toEqual([])
    expect(folded.message.content).toMatchObject([{ arguments: written }])
    expect(folded.message.content).not.toMatchObject([{ state: 'complete' }])
  })
})

describe('fields of a call that nobody knows', () => {
  const signed = { extra_content: { google: { thought_signature: 'c2ln' } } }
  const strict = { index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '{"q":', strict: true } }
  const rest = { index: 0, function: { arguments: '1}' } }
  const rows = [
    {
      name: 'quirk 3.24: survive beside later arguments',
      events: [calls(call(0, 'a', 'f', '{"q":')), calls({ ...rest, ...signed })],
      native: signed,
    },
    {
      name: 'quirk 3.24: survive without an index and arguments of their own',
      events: [calls(call(undefined, 'a', 'f', '{"q":1}')), calls({ id: 'a', ...signed })],
      native: signed,
    },
    {
      name: 'quirk 3.24: survive within the function of its first delta',
      events: [calls(strict), calls(rest)],
      native: { function: { name: 'f', arguments: '{"q":1}', strict: true } },
    },
  ]
  it.each(rows)('$name', ({ events, native }) => {
    const { message } = run(chatWire, [...events, finish('tool_calls'), DONE])
    expect(callRows(message)).toEqual([A])
    expect(toNative(message)).toMatchObject({ choices: [{ message: { tool_calls: [{ id: 'a', ...native }] } }] })
  })
})

describe('a message beside or instead of a delta', () => {
  const whole = (message: JsonObject): JsonObject =>
    envelope({ object: 'chat.completion', choices: [{ index: 0, message, finish_reason: 'stop' }] })
  const both = (content: string, reason: string | null): JsonObject =>
    chunk({ content }, { message: { content }, finish_reason: reason })
  const rows: readonly { readonly name: string; readonly events: readonly ProviderEvent[] }[] = [
    {
      name: 'quirk 3.27: says again what was streamed',
      events: [text('Hel'), text('lo'), whole({ role: 'assistant', content: 'Hello' }), DONE],
    },
    {
      name: 'quirk 3.27: says again what was streamed, after the finish',
      events: [text('Hello'), finish('stop'), whole({ content: 'Hello' }), DONE],
    },
    {
      name: 'quirk 3.27: fills in what was not streamed',
      events: [chunk({ role: 'assistant', content: '' }), whole({ role: 'assistant', content: 'Hello' }), DONE],
    },
    {
      name: 'quirk 3.27: beside each delta says again what that says',
      events: [both('Hel', null), both('lo', null), both('', 'stop'), DONE],
    },
  ]
  it.each(rows)('$name', ({ events }) => {
    const { message } = run(chatWire, events)
    expect(textOf(message)).toBe('Hello')
    expect(message).toMatchObject({ outcome: { kind: 'complete' }, stop: { raw: 'stop' } })
  })

  const again = whole({ content: null, tool_calls: [call(undefined, 'a', 'f', '{"q":1}')] })
  const withCalls: readonly { readonly name: string; readonly events: readonly ProviderEvent[] }[] = [
    {
      name: 'quirk 3.27: says again the calls that were streamed',
      events: [calls(call(0, 'a', 'f', '{"q":1}')), again, DONE],
    },
    { name: 'quirk 3.27: fills in the calls that were not streamed', events: [text('Wait.'), again, DONE] },
  ]
  it.each(withCalls)('$name', ({ events }) => {
    const folded = run(chatWire, events)
    expect(callRows(folded.message)).toEqual([A])
    expect(handedOut(folded)).toEqual([A])
  })
})
