/**
 * Somebody's array as items and back: requests of the corpus that the API has accepted, piece by piece. Where one message ends and the next
 * of the same role begins is the engine's business; everything else comes back as it was, but for what is named here.
 */
import { describe, expect, it } from 'vitest'
import { isObject, type JsonObject, type JsonValue } from '../../src/json.ts'
import { anthropicEncoder } from '../../src/transcript/encode/anthropic.ts'
import { geminiEncoder } from '../../src/transcript/encode/gemini.ts'
import type { Item } from '../../src/transcript/items.ts'
import { fromAnthropic } from '../../src/transcript/import/anthropic-history.ts'
import { fromGemini } from '../../src/transcript/import/gemini-history.ts'
import { corpusStreams, describeShared } from '../support/corpus.ts'
import { encodedAll } from './encoding.ts'

const objects = (value: unknown): readonly JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : [])

type Piece = readonly [role: JsonValue, piece: JsonValue]

/** The blocks or parts of all messages, each with its role; a text that is no list is one piece. */
function piecesOf(messages: readonly JsonObject[], list: 'content' | 'parts'): readonly Piece[] {
  return messages.flatMap(({ role = null, [list]: content }) =>
    Array.isArray(content) ? content.map((piece): Piece => [role, piece]) : [[role, content ?? null]],
  )
}

/** A body, what its pieces must be again, and why that is not what they were; no reason if it is. */
interface Case {
  readonly file: string
  readonly messages: readonly JsonObject[]
  readonly expected: readonly Piece[]
  readonly reason: string
}

const NONE = 'as it was'

/** How many bodies come back otherwise, for which reason. */
function countReasons(cases: readonly Case[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { reason } of cases) counts[reason] = (counts[reason] ?? 0) + 1
  return counts
}

function expectSame(of: Case, { messages, left }: ReturnType<typeof encodedAll>, list: 'content' | 'parts'): void {
  const again = piecesOf(messages, list)
  expect(again, of.file).toEqual(of.expected)
  expect(left, of.file).toEqual([])
  if (of.reason !== NONE) expect(again, `${of.file} needs no reason`).not.toEqual(piecesOf(of.messages, list))
}

function unknownCalls(file: string, items: readonly Item[]): readonly string[] {
  return items.flatMap((item) => (item.role === 'tool' && item.call.startsWith('unknown:') ? [file] : []))
}

const countResults = (items: readonly Item[]): number => items.filter(({ role }) => role === 'tool').length

/** Somebody put these two together by hand: the result names a call of another answer. */
const MIXED_UP = /completion-tools-call-with-tool-result-stream/

describeShared('corpus', 'fromAnthropic, of accepted requests', () => {
  const cases = corpusStreams(
    ({ dialect }) => dialect === 'anthropic-messages' || dialect === 'other/bedrock-invoke-anthropic',
  ).flatMap(({ file, request }): Case[] => {
    const messages = objects(request?.['messages'])
    if (messages.length === 0) return []
    const isSystem = (message: JsonObject) => message['role'] === 'system'
    const expected = piecesOf(
      messages.filter((message) => !isSystem(message)),
      'content',
    )
    if (messages.some(isSystem)) return [{ file, messages, expected, reason: 'instructions stand apart' }]
    if (!MIXED_UP.test(file)) return [{ file, messages, expected, reason: NONE }]
    const mixed = expected.map(([role, piece]): Piece => [role, isObject(piece) ? withUnknownCall(piece) : piece])
    return [{ file, messages, expected: mixed, reason: 'a result of another call' }]
  })

  it('12.01: gives back the blocks of 309 bodies as they were', () => {
    for (const one of cases)
      expectSame(one, encodedAll(anthropicEncoder, 'anthropic', fromAnthropic(one.messages)), 'content')
    expect(countReasons(cases)).toEqual({ [NONE]: 306, 'instructions stand apart': 1, 'a result of another call': 2 })
  })

  it('12.01: gives 90 of 92 results the call that they answer', () => {
    const read = cases.map(({ file, messages }) => ({ file, items: fromAnthropic(messages) }))
    expect(read.reduce((sum, { items }) => sum + countResults(items), 0)).toBe(92)
    const unknown = read.flatMap(({ file, items }) => unknownCalls(file, items))
    expect(unknown).toEqual(cases.map(({ file }) => file).filter((file) => MIXED_UP.test(file)))
    expect(unknown).toHaveLength(2)
  })
})

function withUnknownCall(block: JsonObject): JsonObject {
  const { tool_use_id: id } = block
  return typeof id === 'string' ? { ...block, tool_use_id: `unknown:${id}` } : block
}

describeShared('corpus', 'fromGemini, of accepted requests', () => {
  const cases = corpusStreams(({ dialect }) => dialect === 'gemini').flatMap(({ file, request }): Case[] => {
    const messages = objects(request?.['contents'])
    if (messages.length === 0) return []
    const pieces = piecesOf(messages, 'parts')
    const said = pieces.filter(([, part]) => part !== null)
    if (said.length < pieces.length) return [{ file, messages, expected: said, reason: 'a content without parts' }]
    const text = JSON.stringify(pieces)
    const expected: Piece[] = JSON.parse(
      text.replaceAll('"function_call":', '"functionCall":').replaceAll('"function_response":', '"functionResponse":'),
    )
    const isSnake = text.includes('"function_call":') || text.includes('"function_response":')
    if (isSnake) return [{ file, messages, expected, reason: 'names in the other writing' }]
    const isShort = SHORT.test(file)
    return [
      {
        file,
        messages,
        expected: isShort ? withIds(expected) : expected,
        reason: isShort ? 'an id for the response' : NONE,
      },
    ]
  })

  it('12.07: gives back the parts of 199 bodies as they were', () => {
    for (const one of cases) expectSame(one, encodedAll(geminiEncoder, 'gemini', fromGemini(one.messages)), 'parts')
    expect(countReasons(cases)).toEqual({
      [NONE]: 192,
      'a content without parts': 1,
      'names in the other writing': 4,
      'an id for the response': 2,
    })
  })

  it('12.07: gives 96 responses the call that they answer', () => {
    const read = cases.map(({ file, messages }) => ({ file, items: fromGemini(messages) }))
    expect(read.reduce((sum, { items }) => sum + countResults(items), 0)).toBe(96)
    expect(read.flatMap(({ file, items }) => unknownCalls(file, items))).toEqual([])
  })
})

/** A call with an id and a response without one, which Gemini 3 takes: here both have it. */
const SHORT = /braintrustdata-lingua__tool(CallRequest|ChoiceRequiredWithReasoningParam)-google-followup-response/

function withIds(pieces: readonly Piece[]): readonly Piece[] {
  const parts = pieces.map(([, part]) => (isObject(part) ? part : {}))
  const ids = parts.flatMap(({ functionCall }) => (isObject(functionCall) ? [functionCall['id'] ?? ''] : []))
  return pieces.map(([role, part]): Piece => {
    const response = isObject(part) ? part['functionResponse'] : undefined
    if (!isObject(part) || !isObject(response)) return [role, part]
    return [role, { ...part, functionResponse: { ...response, id: ids.shift() ?? '' } }]
  })
}

const call = (id: string, name = 'look') => ({ type: 'tool_use', id, name, input: {} })
const result = (id: string, content: string) => ({ type: 'tool_result', tool_use_id: id, content })

/** Of each result its text and the call that it was given. */
function answers(items: readonly Item[]): readonly (readonly [string, string])[] {
  return items.flatMap((item) =>
    item.role === 'tool' && typeof item.content === 'string' ? [[item.content, item.call] as const] : [],
  )
}

describe('fromAnthropic', () => {
  it('A4: gives a result to the latest open call of an id that comes again', () => {
    const items = fromAnthropic([
      { role: 'assistant', content: [call('a')] },
      { role: 'user', content: [result('a', 'first')] },
      { role: 'assistant', content: [{ type: 'text', text: 'again' }, call('a')] },
      { role: 'user', content: [result('a', 'second')] },
    ])
    expect(answers(items)).toEqual([
      ['first', 'm0#0'],
      ['second', 'm2#1'],
    ])
  })

  it('A4: gives a result to the later of two open calls of one id', () => {
    const items = fromAnthropic([
      { role: 'assistant', content: [call('a')] },
      { role: 'user', content: 'stop' },
      { role: 'assistant', content: [call('a')] },
      { role: 'user', content: [result('a', 'later'), result('a', 'earlier')] },
    ])
    expect(answers(items)).toEqual([
      ['later', 'm2#0'],
      ['earlier', 'm0#0'],
    ])
  })

  it('A4: gives a second result of one call to that call too', () => {
    const items = fromAnthropic([
      { role: 'assistant', content: [call('a')] },
      { role: 'user', content: [result('a', 'one'), result('a', 'two')] },
    ])
    expect(answers(items)).toEqual([
      ['one', 'm0#0'],
      ['two', 'm0#0'],
    ])
  })

  it('A4: gives two calls of one id in one message a key each, and their results in order', () => {
    const items = fromAnthropic([
      { role: 'assistant', content: [call('a'), call('a')] },
      { role: 'user', content: [result('a', 'one'), result('a', 'two')] },
    ])
    expect(answers(items)).toEqual([
      ['one', 'm0#0'],
      ['two', 'm0#1'],
    ])
    const [first] = items
    const blocks = first?.role === 'assistant' ? first.message.content : []
    expect(blocks.map((block) => block.type === 'tool_call' && [block.id, block.idSource])).toEqual([
      ['a', 'wire'],
      ['m0#1', 'minted'],
    ])
  })

  it('A3: names the call of a result that has none', () => {
    expect(answers(fromAnthropic([{ role: 'user', content: [result('ghost', 'boo')] }]))).toEqual([
      ['boo', 'unknown:ghost'],
    ])
  })

  it('A2: keeps the order of results and of what stands between them', () => {
    const text = (said: string) => ({ type: 'text', text: said })
    const content = [text('x'), result('a', 'one'), text('y'), text('z'), result('b', 'two')]
    const items = fromAnthropic([
      { role: 'assistant', content: [call('a'), call('b')] },
      { role: 'user', content },
    ])
    expect(items.map(({ role }) => role)).toEqual(['assistant', 'user', 'tool', 'user', 'tool'])
    expect(items[3]).toEqual({ role: 'user', content: [text('y'), text('z')] })
  })

  it('A14: reads texts with a cache mark as texts, and images as media', () => {
    const mark = { type: 'ephemeral' }
    const source = { type: 'base64', media_type: 'image/png', data: 'AAAA' }
    const content = [
      { type: 'text', text: 'see', cache_control: mark },
      { type: 'image', source },
      { type: 'document', source: { type: 'file', file_id: 'f' } },
    ]
    expect(fromAnthropic([{ role: 'user', content }])).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'see', own: { format: 'anthropic', fields: { cache_control: mark } } },
          { type: 'media', mediaType: 'image/png', data: 'AAAA' },
          { type: 'native', format: 'anthropic', value: content[2] },
        ],
      },
    ])
  })

  it('A6: keeps thinking, its signature and redacted thinking byte for byte', () => {
    const content = [
      { type: 'thinking', thinking: ' Hm. ', signature: 'c2ln' },
      { type: 'redacted_thinking', data: 'ZGF0YQ==' },
      { type: 'text', text: 'So.' },
    ]
    const { messages } = encodedAll(anthropicEncoder, 'anthropic', fromAnthropic([{ role: 'assistant', content }]))
    expect(messages).toEqual([{ role: 'assistant', content }])
  })
})

const fc = (name: string, id?: string) => ({ functionCall: { ...(id === undefined ? {} : { id }), name, args: {} } })
const fr = (name: string, output: string, id?: string) => ({
  functionResponse: { ...(id === undefined ? {} : { id }), name, response: { output } },
})

describe('fromGemini', () => {
  it('12.07: pairs by name and order where there are no ids', () => {
    const items = fromGemini([
      { role: 'model', parts: [fc('look'), fc('ask'), fc('look')] },
      { role: 'user', parts: [fr('ask', 'x'), fr('look', 'y'), fr('look', 'z')] },
    ])
    expect(answers(items)).toEqual([
      ['x', 'm0#1'],
      ['y', 'm0#0'],
      ['z', 'm0#2'],
    ])
  })

  it('12.07: pairs by id before name and order, and by name where only one of both has an id', () => {
    const items = fromGemini([
      { role: 'model', parts: [fc('look', 'a'), fc('look', 'b'), fc('look')] },
      { role: 'user', parts: [fr('look', 'of b', 'b'), fr('look', 'of a'), fr('look', 'of the last', 'c')] },
    ])
    expect(answers(items)).toEqual([
      ['of b', 'm0#1'],
      ['of a', 'm0#0'],
      ['of the last', 'm0#2'],
    ])
  })

  it('12.07: does not give a response to an old call of the same name that was never answered', () => {
    const items = fromGemini([
      { role: 'model', parts: [fc('look')] },
      { role: 'user', parts: [{ text: 'stop' }] },
      { role: 'model', parts: [fc('look')] },
      { role: 'user', parts: [fr('look', 'new'), fr('look', 'too many')] },
    ])
    expect(answers(items)).toEqual([
      ['new', 'm2#0'],
      ['too many', 'unknown:look'],
    ])
  })

  it('12.07: reads and writes what a response says: texts, objects, errors', () => {
    const responses = [{ output: '13' }, { output: '{"a":1}' }, { result: 42 }, { error: 'no' }, { error: { code: 5 } }]
    const parts = responses.map((response) => ({ functionResponse: { name: 'look', response } }))
    const calls = { role: 'model', parts: responses.map(() => fc('look')) }
    const items = fromGemini([calls, { role: 'user', parts }])
    expect(items.flatMap((item) => (item.role === 'tool' ? [[item.content, item.isError]] : []))).toEqual([
      ['13', undefined],
      ['{"output":"{\\"a\\":1}"}', undefined],
      ['{"result":42}', undefined],
      ['no', true],
      ['{"code":5}', true],
    ])
    const { messages } = encodedAll(geminiEncoder, 'gemini', items)
    expect(messages.slice(1).flatMap((message) => message['parts'])).toEqual(parts)
  })

  it('12.07: reads texts that say they are no thought as texts', () => {
    expect(fromGemini([{ role: 'user', parts: [{ text: 'hi', thought: false }] }])).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'hi', own: { format: 'gemini', fields: { thought: false } } }] },
    ])
  })
})

/** What no API would take. */
const ODD: readonly unknown[] = [
  null,
  7,
  'x',
  [],
  {},
  { role: 'assistant' },
  { role: 'model', parts: 7 },
  { role: 'assistant', content: 7 },
  {
    role: 'user',
    content: [null, 7, [], {}, { type: 7 }, { type: 'tool_result' }, { type: 'tool_result', content: 7 }],
  },
  {
    role: 'assistant',
    content: [null, {}, { type: 'tool_use' }, { type: 'tool_use', id: 7, input: 'x' }, { type: 'text' }],
  },
  {
    role: 'user',
    parts: [null, 7, {}, { functionResponse: 7 }, { functionResponse: {} }, { text: 7 }, { inlineData: {} }],
  },
  {
    role: 'model',
    parts: [null, {}, { functionCall: 7 }, { functionCall: { args: [1] } }, { inlineData: { data: 7 } }],
  },
  { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'deep', input: nested(5000) }] },
  { role: 'model', parts: [{ functionCall: { name: 'deep', args: nested(5000) } }, { text: 'x', odd: nested(5000) }] },
]

function nested(depth: number): unknown {
  let value: unknown = {}
  for (let at = 0; at < depth; at += 1) value = { a: value }
  return value
}

describe('odd arrays', () => {
  const read = (from: (messages: readonly JsonObject[]) => readonly Item[], value: unknown) =>
    from([value as JsonObject])

  it('A17: does not make fromAnthropic or its encoder throw', () => {
    const items = ODD.flatMap((value) => read(fromAnthropic, value))
    expect(items.length).toBeGreaterThan(ODD.length - 3)
    expect(encodedAll(anthropicEncoder, 'anthropic', items).messages.length).toBeGreaterThan(3)
  })

  it('A17: does not make fromGemini or its encoder throw', () => {
    const items = ODD.flatMap((value) => read(fromGemini, value))
    expect(items.length).toBeGreaterThan(ODD.length - 3)
    expect(encodedAll(geminiEncoder, 'gemini', items).messages.length).toBeGreaterThan(3)
  })

  it('A17: keeps __proto__ a plain key of an input', () => {
    const input: JsonObject = JSON.parse('{"__proto__":{"polluted":true}}')
    const content = [{ type: 'tool_use', id: 'a', name: 'n', input }]
    const { messages } = encodedAll(anthropicEncoder, 'anthropic', fromAnthropic([{ role: 'assistant', content }]))
    expect(JSON.stringify(messages)).toBe(
      '[{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"n","input":{"__proto__":{"polluted":true}}}]}]',
    )
  })
})
