/**
 * Items of a Responses stream that are not what the protocol says: arguments of another type, content that is no list, calls without a
 * name. What can be read is read, what cannot is told.
 */
import { describe, expect, it } from 'vitest'
import type { JsonObject, JsonValue } from '../../src/json.ts'
import { responsesWire } from '../support/wires.ts'
import {
  added,
  argumentsDelta,
  callItem,
  completed,
  CREATED,
  done,
  messageItem,
  reasoningItem,
} from './openai-responses-events.ts'
import { callRows, handedOut, kindsOf, run } from './run.ts'

/** The ways in which an item comes whole. */
const WAYS: readonly { readonly way: string; readonly send: (item: JsonObject) => JsonObject[] }[] = [
  { way: 'in its done event', send: (item) => [CREATED, done(item), completed()] },
  { way: 'in the last event', send: (item) => [CREATED, completed([item])] },
  { way: 'in both', send: (item) => [CREATED, done(item), completed([item])] },
]

describe.each(WAYS)('the arguments of a call that are no text, $way', ({ send }) => {
  const itemWith = (value: JsonValue): JsonObject => callItem('', { status: 'completed', arguments: value })

  it('I6: are the input if they are an object', () => {
    const folded = run(responsesWire, send(itemWith({ path: '/tmp' })))
    const expected = [{ id: 'call_1', name: 'f', input: { path: '/tmp' } }]
    expect(callRows(folded.message)).toEqual(expected)
    expect(handedOut(folded)).toEqual(expected)
    expect(folded.message.outcome).toEqual({ kind: 'complete' })
  })

  const invalid: readonly { readonly name: string; readonly value: JsonValue }[] = [
    { name: 'I6: are not run if they are a list', value: [{ path: '/tmp' }] },
    { name: 'I6: are not run if they are a number', value: 12 },
  ]
  it.each(invalid)('$name', ({ value }) => {
    const folded = run(responsesWire, send(itemWith(value)))
    expect(callRows(folded.message)).toEqual([{ id: 'call_1', name: 'f', input: 'invalid' }])
    expect(handedOut(folded)).toEqual([])
    expect(kindsOf(folded.message)).toContain('invalid_input')
  })
})

it('I6: arguments that are an object are the input where only their own done event has them', () => {
  const at = { output_index: 0, item_id: 'fc_1' }
  const own = { type: 'response.function_call_arguments.done', ...at, arguments: { path: '/tmp' } }
  const folded = run(responsesWire, [CREATED, added(callItem(''), at), own, completed()])
  expect(handedOut(folded)).toEqual([{ id: 'call_1', name: 'f', input: { path: '/tmp' } }])
})

describe.each(WAYS)('content of another type than the protocol has, $way', ({ send }) => {
  const rows: readonly { readonly name: string; readonly item: JsonObject }[] = [
    { name: 'I4: is told where the content of a message is a text', item: messageItem('', { content: 'stray' }) },
    { name: 'I4: is told where a part of a message is a text', item: messageItem('', { content: ['stray'] }) },
    { name: 'I4: is told where a summary is a text', item: reasoningItem([], { summary: 'stray' }) },
    { name: 'I4: is told where a part of a summary is a text', item: reasoningItem([], { summary: ['stray'] }) },
    { name: 'I4: is told where the content of reasoning is a text', item: reasoningItem([], { content: 'stray' }) },
  ]
  it.each(rows)('$name', ({ item }) => {
    const { message } = run(responsesWire, send(item))
    expect(message.outcome).toEqual({ kind: 'complete' })
    const told = message.anomalies.filter(({ kind }) => kind === 'malformed_event')
    expect(told).not.toEqual([])
    expect(JSON.stringify(told)).toContain('stray')
  })
})

describe('a call without a name', () => {
  const { name: _name, ...opened } = callItem('')
  const { name: _sameName, ...whole } = callItem('{"a":1}')
  const rows: readonly { readonly name: string; readonly events: readonly JsonObject[] }[] = [
    {
      name: 'I6: is not run',
      events: [CREATED, added(opened), argumentsDelta('{"a"'), argumentsDelta(':1}'), done(whole), completed([whole])],
    },
    {
      name: 'I6: is not run where its name is empty',
      events: [
        CREATED,
        added({ ...opened, name: '' }),
        argumentsDelta('{"a":1}'),
        done({ ...whole, name: '' }),
        completed(),
      ],
    },
    { name: 'I6: is not run where it is only in the last event', events: [CREATED, completed([whole])] },
  ]
  it.each(rows)('$name', ({ events }) => {
    const folded = run(responsesWire, events)
    expect(folded.message.content).toMatchObject([
      { type: 'tool_call', id: 'call_1', arguments: '{"a":1}', state: 'invalid' },
    ])
    expect(folded.message.anomalies).toMatchObject([{ kind: 'invalid_input', detail: 'no_name' }])
    expect(handedOut(folded)).toEqual([])
  })
})
