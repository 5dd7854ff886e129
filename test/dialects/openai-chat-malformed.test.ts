/**
 * Chunks of a chat stream that are not what the protocol says: a message in place of a delta, values of another type, calls without a name.
 * What can be read is read, what cannot is told, and nothing of it makes an answer whole or a call fit to run.
 */
import { describe, expect, it } from 'vitest'
import type { JsonObject, JsonValue } from '../../src/json.ts'
import { expectNothingTakenBack } from '../support/folded.ts'
import type { ProviderEvent } from '../support/wire.ts'
import { chatWire } from '../support/wires.ts'
import { call, calls, chunk, DONE, envelope, finish, text } from './openai-chat-chunks.ts'
import { callRows, handedOut, kindsOf, run, textOf, type CallRow } from './run.ts'

/** A chunk that has a message where a delta should be. */
function messageChunk(message: JsonObject, choice: JsonObject = {}): JsonObject {
  return envelope({
    choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: null, ...choice }],
  })
}

/** A message that has the call so far. */
function calling(name: string, written: string): JsonObject {
  return { content: null, tool_calls: [{ id: 'a', type: 'function', function: { name, arguments: written } }] }
}

/** A chunk that does not say what it is. */
function untold({ object: _object, ...fields }: JsonObject): JsonObject {
  return fields
}

describe('a message in place of a delta', () => {
  const he = messageChunk({ content: 'He' })
  const rm = messageChunk(calling('rm', ''))
  const cut: readonly { readonly name: string; readonly events: readonly ProviderEvent[]; readonly text: string }[] = [
    { name: 'I5: is no whole answer in what calls itself a chunk', events: [he], text: 'He' },
    { name: 'I5: is no whole answer without a finish reason', events: [untold(he)], text: 'He' },
    { name: 'I6: makes no call whole in what calls itself a chunk', events: [rm], text: '' },
    { name: 'I6: makes no call whole without a finish reason', events: [untold(rm)], text: '' },
    {
      name: 'I5: is no whole answer after another one',
      events: [he, messageChunk({ content: 'Hello' })],
      text: 'Hello',
    },
  ]
  it.each(cut)('$name', ({ events, text: expected }) => {
    const folded = run(chatWire, events)
    expect(folded.message.outcome.kind).toBe('truncated')
    expect(textOf(folded.message)).toBe(expected)
    expect(handedOut(folded)).toEqual([])
    expect(callRows(folded.message).filter(({ input }) => typeof input === 'object')).toEqual([])
  })

  it('I4: is extended by the messages after it', () => {
    const last = messageChunk({ content: 'Hello world' }, { finish_reason: 'stop' })
    const folded = run(chatWire, [he, messageChunk({ content: 'Hello' }), last, DONE])
    expect(folded.message.outcome).toEqual({ kind: 'complete' })
    expect(folded.message.stop.reason).toBe('end_turn')
    expect(textOf(folded.message)).toBe('Hello world')
    expect(folded.message.content).toHaveLength(1)
    expectNothingTakenBack(folded.events)
  })

  it('I2: gives a call once that grows from message to message', () => {
    const last = messageChunk(calling('rm', '{"p":1}'), { finish_reason: 'tool_calls' })
    const folded = run(chatWire, [rm, messageChunk(calling('rm', '{"p":')), last, DONE])
    expect(folded.message.outcome).toEqual({ kind: 'complete' })
    expect(handedOut(folded)).toEqual([{ id: 'a', name: 'rm', input: { p: 1 } }])
    expect(callRows(folded.message)).toHaveLength(1)
  })

  it('I4: is of the choice that it names', () => {
    const folded = run(chatWire, [
      messageChunk({ content: 'one' }, { finish_reason: 'stop' }),
      messageChunk({ content: 'two' }, { index: 1, finish_reason: 'stop' }),
      DONE,
    ])
    expect(folded.messages.map(textOf)).toEqual(['one', 'two'])
    expect(folded.messages.map(({ outcome }) => outcome.kind)).toEqual(['complete', 'complete'])
  })

  it('I5: is the whole answer where the finish reason is beside it and nothing says chunk', () => {
    const folded = run(chatWire, [untold(messageChunk({ content: 'Hello' }, { finish_reason: 'stop' }))])
    expect(folded.message.outcome).toEqual({ kind: 'complete' })
    expect(textOf(folded.message)).toBe('Hello')
  })
})

describe('a value of another type than the protocol has', () => {
  const rows: readonly { readonly name: string; readonly odd: JsonObject }[] = [
    { name: 'I4: is told where a delta is a text', odd: chunk({}, { delta: 'stray' }) },
    { name: 'I4: is told where a delta is a list', odd: chunk({}, { delta: ['stray'] }) },
    { name: 'I4: is told where a choice is a text', odd: envelope({ choices: ['stray'] }) },
    { name: 'I4: is told where calls are a text', odd: chunk({ tool_calls: 'stray' }) },
    { name: 'I4: is told where a call is a text', odd: chunk({ tool_calls: ['stray'] }) },
    { name: 'I4: is told where a function call is a text', odd: chunk({ function_call: 'stray' }) },
    { name: 'I4: is told where audio is a text', odd: chunk({ audio: 'stray' }) },
    {
      name: 'I4: is told where annotations are an object',
      odd: chunk({ annotations: { type: 'url_citation', url: 'stray' } }),
    },
    { name: 'I4: is told where content is an object', odd: chunk({ content: { value: 'stray' } }) },
  ]
  it.each(rows)('$name', ({ odd }) => {
    const { message } = run(chatWire, [text('Hel'), odd, text('lo'), finish('stop'), DONE])
    expect(textOf(message)).toBe('Hello')
    expect(message.outcome).toEqual({ kind: 'complete' })
    const told = message.anomalies.filter(({ kind }) => kind === 'malformed_event')
    expect(told).toHaveLength(1)
    expect(JSON.stringify(told)).toContain('stray')
  })

  it('I4: is read where the choices are one choice', () => {
    const one = (delta: JsonObject, reason: string | null): JsonObject =>
      envelope({ choices: { index: 0, delta, finish_reason: reason } })
    const { message } = run(chatWire, [one({ content: 'Hello' }, null), one({}, 'stop'), DONE])
    expect(textOf(message)).toBe('Hello')
    expect(message.stop).toMatchObject({ reason: 'end_turn', raw: 'stop' })
    expect(message.outcome).toEqual({ kind: 'complete' })
  })
})

describe('a call in another form', () => {
  /** The delta of a call under a number that is written as a text. */
  const under = (index: JsonValue, more: JsonObject): JsonObject => ({ index, ...more })
  const rows: readonly {
    readonly name: string
    readonly chunks: readonly JsonObject[]
    readonly calls: readonly CallRow[]
  }[] = [
    {
      name: 'I4: is read without an object around name and arguments',
      chunks: [calls({ index: 0, id: 'a', name: 'rm', arguments: '{"p":1}' })],
      calls: [{ id: 'a', name: 'rm', input: { p: 1 } }],
    },
    {
      name: 'I4: is read without an object around name and arguments where these come in pieces',
      chunks: [
        calls({ index: 0, id: 'a', name: 'rm', arguments: '{"p"' }),
        calls({ index: 0, arguments: ':' }),
        calls({ index: 0, arguments: '1}' }),
      ],
      calls: [{ id: 'a', name: 'rm', input: { p: 1 } }],
    },
    {
      name: 'I6: is not mixed with another one where indexes are digits in a text',
      chunks: [
        calls(under('0', { id: 'a', function: { name: 'f', arguments: '' } })),
        calls(under('1', { id: 'b', function: { name: 'g', arguments: '' } })),
        calls(under('0', { function: { arguments: '{"q":' } })),
        calls(under('1', { function: { arguments: '{"q":' } })),
        calls(under('0', { function: { arguments: '1}' } })),
        calls(under('1', { function: { arguments: '2}' } })),
      ],
      calls: [
        { id: 'a', name: 'f', input: { q: 1 } },
        { id: 'b', name: 'g', input: { q: 2 } },
      ],
    },
    {
      name: 'I6: is the same one where its index is a text first and a number then',
      chunks: [
        calls(under('0', { id: 'a', function: { name: 'f', arguments: '{"q":' } })),
        calls(under('1', { id: 'b', function: { name: 'g', arguments: '{"q":' } })),
        calls(call(0, undefined, undefined, '1}')),
        calls(call(1, undefined, undefined, '2}')),
      ],
      calls: [
        { id: 'a', name: 'f', input: { q: 1 } },
        { id: 'b', name: 'g', input: { q: 2 } },
      ],
    },
  ]
  it.each(rows)('$name', ({ chunks, calls: expected }) => {
    const folded = run(chatWire, [...chunks, finish('tool_calls'), DONE])
    expect(callRows(folded.message)).toEqual(expected)
    expect(handedOut(folded)).toEqual(expected)
    expect(kindsOf(folded.message)).toEqual([])
  })
})

describe('a call without a name', () => {
  const rows: readonly { readonly name: string; readonly chunks: readonly JsonObject[] }[] = [
    { name: 'I6: is not run', chunks: [calls(call(0, 'z', undefined, '{"a":1}'))] },
    { name: 'I6: is not run where its name is empty', chunks: [calls(call(0, 'z', '', '{"a":1}'))] },
    {
      name: 'I6: is not run where its arguments come in pieces',
      chunks: [calls(call(0, 'z', undefined, '{"a"')), calls(call(0, undefined, undefined, ':1}'))],
    },
  ]
  it.each(rows)('$name', ({ chunks }) => {
    const folded = run(chatWire, [...chunks, finish('tool_calls'), DONE])
    expect(folded.message.content).toMatchObject([
      { type: 'tool_call', id: 'z', arguments: '{"a":1}', state: 'invalid' },
    ])
    expect(folded.message.anomalies).toMatchObject([{ kind: 'invalid_input', detail: 'no_name' }])
    expect(handedOut(folded)).toEqual([])
  })

  it('I6: keeps no other call from being run', () => {
    const both = [calls(call(0, 'z', undefined, '{"a":1}')), calls(call(1, 'b', 'g', '{"q":2}'))]
    const folded = run(chatWire, [...both, finish('tool_calls'), DONE])
    expect(handedOut(folded)).toEqual([{ id: 'b', name: 'g', input: { q: 2 } }])
  })
})

describe('the last mark before anything else', () => {
  it('I4: does not hide the answer after it', () => {
    const folded = run(chatWire, [DONE, text('Hel'), text('lo'), finish('stop'), DONE])
    expect(textOf(folded.message)).toBe('Hello')
    expect(folded.message.outcome).toEqual({ kind: 'complete' })
    expect(folded.message.anomalies).toEqual([{ kind: 'unknown_event', detail: '[DONE]' }])
  })

  it('I5: does not make an answer whole that is cut after it', () => {
    const folded = run(chatWire, [DONE, text('Hel'), calls(call(0, 'a', 'f', '{"q":1}'))])
    expect(folded.message.outcome.kind).toBe('truncated')
    expect(handedOut(folded)).toEqual([])
  })
})
