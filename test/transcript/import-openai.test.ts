/**
 * Requests that providers accepted, read as conversations and written again for the same format: what comes out is what went in, but for
 * the reasons that are named here.
 */
import { describe, expect, it } from 'vitest'
import { isObject, type JsonObject, type JsonValue } from '../../src/json.ts'
import { chatEncoder } from '../../src/transcript/encode/chat.ts'
import { responsesEncoder } from '../../src/transcript/encode/responses.ts'
import type { Item } from '../../src/transcript/items.ts'
import { fromChat } from '../../src/transcript/import/chat-history.ts'
import { fromResponses } from '../../src/transcript/import/responses-history.ts'
import { corpusStreams, describeShared } from '../support/corpus.ts'
import { wrongVersionsOf } from '../dialects/recorded.ts'
import { callsOf, encodeItems, encodingFor } from './encoding-openai.ts'

/** What an encoder changes on purpose: the message as it should come out. */
type Reasons = Readonly<Record<string, (message: JsonObject) => JsonObject>>

const objects = (value: unknown): readonly JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : [])

function without(object: JsonObject, isLeftOut: (value: JsonValue, key: string) => boolean): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key, value]) => !isLeftOut(value, key)))
}

function eachCall(message: JsonObject, change: (call: JsonObject) => JsonObject): JsonObject {
  const { tool_calls: calls } = message
  return Array.isArray(calls) ? { ...message, tool_calls: objects(calls).map(change) } : message
}

const CHAT_REASONS: Reasons = {
  'what only answers have: null fields, annotations': (message) =>
    without(message, (value, key) => (value === null && key !== 'content') || key === 'annotations'),
  'the place of a call in a stream, and what a library parsed of it': (message) =>
    eachCall(message, (call) => {
      const { index: _index, function: body, ...rest } = call
      return { ...rest, function: isObject(body) ? without(body, (_, key) => key === 'parsed_arguments') : null }
    }),
  'arguments that are null are none': (message) =>
    eachCall(message, (call) => {
      const body = isObject(call['function']) ? call['function'] : {}
      return body['arguments'] === 'null' ? { ...call, function: { ...body, arguments: '{}' } } : call
    }),
  'a developer is the system to others than OpenAI': (message) =>
    message['role'] === 'developer' ? { ...message, role: 'system' } : message,
}

const RESPONSES_REASONS: Reasons = {
  'the text of an answer that has a type is written as a part': (item) =>
    item['type'] === 'message' && item['role'] === 'assistant' && typeof item['content'] === 'string'
      ? { ...item, content: [{ type: 'output_text', text: item['content'] }] }
      : item,
}

interface Tally {
  requests: number
  elements: number
  readonly native: Record<string, number>
  readonly results: { paired: number; unknown: number }
  readonly changed: Record<string, number>
}

function expectSame(
  given: readonly JsonObject[],
  got: readonly JsonObject[],
  reasons: Reasons,
  tally: Tally,
  name: string,
): void {
  tally.requests += 1
  tally.elements += given.length
  const wanted = given.map((element) => {
    let wish = element
    for (const [reason, change] of Object.entries(reasons)) {
      const changed = change(wish)
      if (JSON.stringify(sorted(changed)) !== JSON.stringify(sorted(wish))) {
        tally.changed[reason] = (tally.changed[reason] ?? 0) + 1
      }
      wish = changed
    }
    return wish
  })
  expect(got, name).toEqual(wanted)
}

function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => [k, sorted(v)]),
  )
}

/** How many elements have their own form beside the neutral one, and how many results found their call. */
function seenIn(items: readonly Item[], tally: Tally): void {
  for (const item of items) {
    if (item.role === 'tool') tally.results[item.call.startsWith('unknown:') ? 'unknown' : 'paired'] += 1
    const { role } = item
    if ('native' in item && item.native !== undefined) tally.native[role] = (tally.native[role] ?? 0) + 1
  }
}

const emptyTally = (): Tally => ({
  requests: 0,
  elements: 0,
  native: {},
  results: { paired: 0, unknown: 0 },
  changed: {},
})

describeShared('corpus', 'accepted requests', () => {
  it('O1–O3, K1, D1: chat messages come back as they were, but for named reasons', () => {
    const tally = emptyTally()
    for (const { file, dialect, request } of corpusStreams(({ dialect: d }) =>
      /^(openai-chat|openai-comp|mistral)/.test(d),
    )) {
      const given = objects(request?.['messages'])
      if (given.length === 0) continue
      const { context, leftOut } = encodingFor(dialect.endsWith('/deepseek') ? 'deepseek' : 'openai-chat')
      const items = fromChat(given)
      expectSame(given, encodeItems(items, chatEncoder, context), CHAT_REASONS, tally, file)
      expect(leftOut, file).toEqual([])
      seenIn(items, tally)
    }
    expect(tally).toEqual({
      requests: 673,
      elements: 1569,
      // System messages in parts or marked for the cache, and one developer; users with a cache mark, a detail or a sound of Mistral's.
      native: { system: 108, user: 13 },
      results: { paired: 236, unknown: 0 },
      changed: {
        'what only answers have: null fields, annotations': 19,
        'the place of a call in a stream, and what a library parsed of it': 20,
        'arguments that are null are none': 1,
        'a developer is the system to others than OpenAI': 1,
      },
    })
  })

  it('P1–P4: input items come back as they were, but for one reason', () => {
    const tally = emptyTally()
    for (const { file, request } of corpusStreams(({ dialect }) => dialect === 'openai-responses')) {
      const given = objects(request?.['input'])
      if (given.length === 0) continue
      const { context, leftOut } = encodingFor('openai-responses')
      const items = fromResponses(given)
      expectSame(given, encodeItems(items, responsesEncoder, context), RESPONSES_REASONS, tally, file)
      expect(leftOut, file).toEqual([])
      seenIn(items, tally)
    }
    expect(tally).toEqual({
      requests: 237,
      elements: 628,
      // Whoever writes the type `message`, or instructs as developer or in parts; outputs with a status, a caller, or of custom tools.
      native: { system: 72, tool: 27, user: 81 },
      results: { paired: 95, unknown: 0 },
      changed: { 'the text of an answer that has a type is written as a part': 3 },
    })
  })
})

/** Everything that each format has, to be broken at every place. */
const CHAT: readonly JsonObject[] = [
  { role: 'developer', content: [{ type: 'text', text: 'Be brief.' }] },
  { role: 'user', name: 'ann', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }] },
  {
    role: 'assistant',
    content: [{ type: 'text', text: 'Hm.' }],
    reasoning_details: [{ type: 'reasoning.text', text: 'x', signature: 's' }],
    tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
    audio: { id: 'a' },
  },
  { role: 'tool', tool_call_id: 'c', content: [{ type: 'text', text: 'ok' }] },
]

const RESPONSES: readonly JsonObject[] = [
  { role: 'user', content: [{ type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,AA' }] },
  { type: 'reasoning', id: 'rs', summary: [{ type: 'summary_text', text: 'x' }], encrypted_content: 'e' },
  { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'a', annotations: [{ type: 'u' }] }] },
  { type: 'custom_tool_call', call_id: 'c', name: 'f', input: 'x' },
  { type: 'custom_tool_call_output', call_id: 'c', output: [{ type: 'input_text', text: 'ok' }] },
]

/** `wrongVersionsOf` looks at the first of a list only: each message is broken by itself and stands among the others. */
function* brokenHistories(history: readonly JsonObject[]): Generator<JsonObject[]> {
  for (const [at, message] of history.entries()) {
    for (const wrong of wrongVersionsOf(message)) {
      const broken: JsonValue[] = history.with(at, {})
      broken[at] = wrong
      // As somebody's file has it: nothing says that its entries are objects.
      yield JSON.parse(JSON.stringify(broken))
    }
    yield JSON.parse(JSON.stringify([...history.slice(0, at), null, 7, ...history.slice(at)]))
  }
}

describe('histories that are not what they should be', () => {
  it('O2: whatever a chat message is, it is read, and what was read can be written', () => {
    let histories = 0
    for (const history of brokenHistories(CHAT)) {
      histories += 1
      for (const target of ['openai-chat', 'deepseek', 'kimi'] as const) {
        const { context } = encodingFor(target)
        expect(encodeItems(fromChat(history), chatEncoder, context).every(isObject)).toBe(true)
      }
    }
    expect(histories).toBeGreaterThan(250)
  })

  it('P3: whatever an input item is, it is read, and what was read can be written', () => {
    let histories = 0
    for (const history of brokenHistories(RESPONSES)) {
      histories += 1
      const { context } = encodingFor('openai-responses')
      expect(encodeItems(fromResponses(history), responsesEncoder, context).every(isObject)).toBe(true)
    }
    expect(histories).toBeGreaterThan(250)
  })

  it('O2: a result names the latest open call of its id, and says so where there is none', () => {
    const ask = {
      role: 'assistant',
      tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
    }
    const reply = { role: 'tool', tool_call_id: 'c', content: 'ok' }
    const items = fromChat([ask, ask, reply, reply, reply, { ...reply, tool_call_id: 'ghost' }])
    expect(items.flatMap((item) => (item.role === 'tool' ? [item.call] : []))).toEqual([
      'm1#0',
      'm0#0',
      'm0#0',
      'unknown:ghost',
    ])
  })

  it('R8: two calls of one message under one id are answered in their order', () => {
    const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }
    const reply = { role: 'tool', tool_call_id: 'c', content: 'ok' }
    const items = fromChat([{ role: 'assistant', tool_calls: [call, call] }, reply, reply])
    expect(items.flatMap((item) => (item.role === 'tool' ? [item.call] : []))).toEqual(['m0#0', 'm0#1'])
    const [answer] = items
    const ids =
      answer?.role === 'assistant' ? callsOf(answer.message).map(({ block }) => [block.id, block.idSource]) : []
    expect(ids).toEqual([
      ['c', 'wire'],
      ['m0#1', 'minted'],
    ])
  })

  it('O1: the older function_call becomes a call with an id, and its result finds it by name', () => {
    const items = fromChat([
      { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{"a":1}' } },
      { role: 'function', name: 'f', content: 'ok' },
    ])
    expect(encodeItems(items, chatEncoder, encodingFor('openai-chat').context)).toEqual([
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'm0#0', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }],
      },
      { role: 'tool', tool_call_id: 'm0#0', content: 'ok' },
    ])
  })

  it('P1: items of the model between others are one message, and calls and outputs of the provider are part of it', () => {
    const items = fromResponses([
      { role: 'user', content: 'go' },
      { type: 'reasoning', id: 'rs', summary: [{ type: 'summary_text', text: 'x' }], encrypted_content: 'e' },
      {
        type: 'shell_call',
        id: 'sh',
        call_id: 'p',
        action: { commands: ['ls'] },
        environment: { type: 'container_auto' },
      },
      { type: 'shell_call_output', call_id: 'p', output: [] },
      { type: 'function_call', call_id: 'c', name: 'f', arguments: '{"a":1}' },
      { type: 'function_call_output', call_id: 'c', output: 'ok' },
      { type: 'item_reference', id: 'msg' },
    ])
    expect(items.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'user'])
    const [, answer, result, reference] = items
    const blocks = answer?.role === 'assistant' ? answer.message.content : []
    expect(blocks).toEqual([
      {
        type: 'thinking',
        text: 'x',
        parts: [{ kind: 'summary', text: 'x' }],
        encrypted: 'e',
        wire: { item: '0' },
      },
      {
        type: 'tool_call',
        key: 'm1#0',
        id: 'p',
        idSource: 'wire',
        name: 'shell',
        arguments: '{"commands":["ls"]}',
        origin: 'provider',
        wire: { item: '1' },
        state: 'complete',
        input: { commands: ['ls'] },
      },
      { type: 'tool_result', callId: 'p', content: [], wire: { item: '2' } },
      {
        type: 'tool_call',
        key: 'm1#1',
        id: 'c',
        idSource: 'wire',
        name: 'f',
        arguments: '{"a":1}',
        origin: 'client',
        wire: { item: '3' },
        state: 'complete',
        input: { a: 1 },
      },
    ])
    expect(result).toEqual({ role: 'tool', call: 'm1#1', content: 'ok' })
    expect(reference).toEqual({
      role: 'user',
      content: [{ type: 'native', format: 'responses', value: { type: 'item_reference', id: 'msg' } }],
    })
  })

  it('R5: what was read shares nothing with the array that it was read from', () => {
    const given: JsonObject[] = JSON.parse(JSON.stringify([...CHAT]))
    const items = fromChat(given)
    const before = JSON.stringify(items)
    for (const message of given) {
      for (const value of Object.values(message)) if (Array.isArray(value)) value.length = 0
      message['role'] = 'gone'
    }
    expect(JSON.stringify(items)).toBe(before)
  })
})
