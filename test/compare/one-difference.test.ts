/** Two recordings that differ in one known way differ in that way and in no other. */
import { describe, expect, it } from 'vitest'
import { compare, type Difference } from '../../src/compare.ts'
import type { JsonObject } from '../../src/json.ts'
import type { ContentBlock } from '../../src/message.ts'
import type { Recording } from '../../src/recording/format.ts'
import {
  bundled,
  callBlock,
  edited,
  expectSymmetric,
  messageWith,
  recordingOf,
  scripted,
  textBlock,
  thinkingBlock,
  timed,
} from '../support/compared.ts'
import { PLAIN, scriptWith, type BlockSpec, type CallSpec } from '../support/script.ts'
import { sse } from '../support/streams.ts'
import type { Wire } from '../support/wire.ts'
import { anthropicWire, chatWire, responsesWire, WIRES } from '../support/wires.ts'

function differencesOf(one: Recording, other: Recording): readonly Difference[] {
  expect(compare([one, one]).differences).toEqual([])
  return compare([one, other]).differences
}

function call(input: JsonObject | string, more: Partial<CallSpec> = {}): CallSpec {
  return { kind: 'call', by: 'client', id: 'call_1', name: 'get_weather', input, sent: 'whole', ...more }
}

const text = (own: string): BlockSpec => ({ kind: 'text', text: own })
const thinking = (own: string): BlockSpec => ({ kind: 'thinking', parts: [own], seal: 'EqQB' })

describe.each(WIRES)('two streams of $dialect', (wire: Wire) => {
  const end = [...wire.stops].find(([, reason]) => reason === 'end_turn')?.[0] ?? wire.callsStop
  const said = (...blocks: readonly BlockSpec[]): Recording => scripted(wire, scriptWith(blocks, end))
  const called = (...blocks: readonly BlockSpec[]): Recording => scripted(wire, scriptWith(blocks, wire.callsStop))

  it.each([
    ['a word', 'It is sunny today.', 'It is rainy today.', ['It is ', 'sunny', 'rainy', ' today.']],
    ['white space', 'One.\n\nTwo.', 'One.\nTwo.', ['One.\n', '\n', '', 'Two.']],
    ['a character of Chinese', '今天天气很好。', '今天天气不好。', ['今天天气', '很', '不', '好。']],
  ])('differ in %s', (_, reference, side, [before, removed, added, after]) => {
    const words = [
      { kind: 'same', text: before },
      { kind: 'removed', text: removed },
      { kind: 'added', text: added },
      { kind: 'same', text: after },
    ].filter((piece) => piece.text !== '')
    expect(differencesOf(said(text(reference)), said(text(side)))).toEqual([
      { aspect: 'text', kind: 'words', side: 1, row: 0, words },
    ])
    expect(differencesOf(said(thinking(reference), text('Yes.')), said(thinking(side), text('Yes.')))).toEqual([
      { aspect: 'thinking', kind: 'words', side: 1, row: 0, words },
    ])
  })

  const input = { city: 'Oslo', days: [1, 2, 3], where: { lat: 59.9, lon: 10.7 }, 'a.b': 1 }
  it.each<readonly [string, JsonObject, object]>([
    ['a value', { ...input, city: 'Bergen' }, { path: ['city'], reference: 'Oslo', side: 'Bergen' }],
    [
      'a value deep in it',
      { ...input, where: { lat: 59.9, lon: 5.3 } },
      { path: ['where', 'lon'], reference: 10.7, side: 5.3 },
    ],
    ['an item of a list', { ...input, days: [1, 5, 3] }, { path: ['days', 1], reference: 2, side: 5 }],
    ['an item more', { ...input, days: [1, 2, 2.5, 3] }, { path: ['days', 2], side: 2.5 }],
    ['an item less', { ...input, days: [2, 3] }, { path: ['days', 0], reference: 1 }],
    ['a key more', { ...input, unit: null }, { path: ['unit'], side: null }],
    ['a key less', { city: 'Oslo', days: [1, 2, 3], where: { lat: 59.9, lon: 10.7 } }, { path: ['a.b'], reference: 1 }],
    ['a type', { ...input, city: 7 }, { path: ['city'], reference: 'Oslo', side: 7 }],
    ['an object for a list', { ...input, days: { 0: 1 } }, { path: ['days'], reference: [1, 2, 3], side: { 0: 1 } }],
    ['a key with a dot', { ...input, 'a.b': 2 }, { path: ['a.b'], reference: 1, side: 2 }],
    ['an odd key', JSON.parse(JSON.stringify(input).replace('{', '{"__proto__":1,')), { path: ['__proto__'], side: 1 }],
  ])('differ in %s of the input of a call', (_, other, change) => {
    expect(differencesOf(called(call(input)), called(call(other)))).toEqual([
      { aspect: 'calls', kind: 'input', side: 1, row: 0, changes: [change] },
    ])
  })

  it('do not differ where the same input is written in another way', () => {
    const reversed = Object.fromEntries(Object.entries(input).toReversed())
    expect(differencesOf(called(call(input)), called(call(reversed)))).toEqual([])
    expect(differencesOf(called(call(input)), called(call(input, { sent: 'deltas' })))).toEqual([])
  })

  const paris = call({ city: 'Paris' }, { id: 'call_1' })
  const oslo = call({ city: 'Oslo' }, { id: 'call_2' })
  const time = call({ city: 'Oslo' }, { id: 'call_2', name: 'get_time' })

  it('differ in the order of two calls of one name', () => {
    expect(differencesOf(called(paris, oslo), called(oslo, paris))).toEqual([
      { aspect: 'calls', kind: 'order', side: 1, message: 0, reference: [0, 1], order: [1, 0] },
    ])
  })

  it('differ in the order of two calls of other names', () => {
    expect(differencesOf(called(paris, time), called(time, paris))).toEqual([
      { aspect: 'calls', kind: 'order', side: 1, message: 0, reference: [0, 1], order: [1, 0] },
    ])
  })

  it('differ in a call', () => {
    const [two, one] = [atOnce(called(text('Hm.'), paris, time)), atOnce(called(text('Hm.'), paris))]
    expect(differencesOf(two, one)).toEqual([{ aspect: 'calls', kind: 'absent', side: 1, row: 2, only: 'reference' }])
    expect(differencesOf(one, two)).toEqual([{ aspect: 'calls', kind: 'absent', side: 1, row: 2, only: 'side' }])
  })

  it('differ in the name of a call', () => {
    expect(differencesOf(called(paris), called({ ...paris, name: 'get_time' }))).toEqual([
      { aspect: 'calls', kind: 'absent', side: 1, row: 0, only: 'reference' },
      { aspect: 'calls', kind: 'absent', side: 1, row: 1, only: 'side' },
    ])
  })

  it('differ in the id of a call', () => {
    expect(differencesOf(called(paris), called({ ...paris, id: 'call_9' }))).toEqual([
      {
        aspect: 'ids',
        kind: 'ids',
        side: 1,
        changes: [{ of: 'call', message: 0, row: 0, reference: 'call_1', side: 'call_9' }],
      },
    ])
  })

  it('differ in the id of the message', () => {
    const script = scriptWith([text('Yes.')], end)
    expect(differencesOf(scripted(wire, script), scripted(wire, { ...script, id: 'msg_2' }))).toEqual([
      {
        aspect: 'ids',
        kind: 'ids',
        side: 1,
        changes: [{ of: 'message', message: 0, reference: 'msg_1', side: 'msg_2' }],
      },
    ])
  })

  it('differ in one number of the usage', () => {
    const script = scriptWith([text('Yes.')], end)
    const more = { ...script, counts: { first: {}, last: { input: 1, output: 2 } } }
    expect(differencesOf(scripted(wire, script), scripted(wire, more))).toEqual([
      { aspect: 'usage', kind: 'usage', side: 1, changes: [{ path: ['outputTokens'], reference: 1, side: 2 }] },
    ])
  })

  it('differ in a gap of two seconds', () => {
    const one = said(text('Yes.'), text('No.'))
    const { ms: from } = one.chunks.at(-2) ?? expect.fail('it has chunks')
    const late = (ms: number): number => (ms >= from ? ms + 2000 : ms)
    const chunks = one.chunks.map((chunk) => ({ ...chunk, ms: late(chunk.ms) }))
    const endMs = late(one.endMs ?? 0)
    expect(differencesOf(one, { ...one, chunks, endMs })).toEqual([
      {
        aspect: 'times',
        kind: 'times',
        side: 1,
        changes: [{ time: 'endMs', referenceMs: one.endMs, sideMs: endMs }],
      },
    ])
  })

  it('differ in the stop reason', () => {
    const cut = [...wire.stops].find(([, reason]) => reason === 'max_tokens')?.[0] ?? expect.fail('it has such a word')
    expect(differencesOf(said(text('Yes.')), scripted(wire, scriptWith([text('Yes.')], cut)))).toEqual([
      {
        aspect: 'stop',
        kind: 'stop',
        side: 1,
        message: 0,
        changes: [{ path: ['reason'], reference: 'end_turn', side: 'max_tokens' }],
      },
    ])
  })

  it('differ in a call that was cut', () => {
    const cut = [...wire.stops].find(([, reason]) => reason === 'max_tokens')?.[0] ?? expect.fail('it has such a word')
    const whole = call({ city: 'Oslo' }, { sent: 'deltas' })
    const [one, other] = [whole, { ...whole, cutAt: 9 }].map((own) => atOnce(scripted(wire, scriptWith([own], cut))))
    expect(differencesOf(one ?? expect.fail(), other ?? expect.fail())).toEqual([
      {
        aspect: 'calls',
        kind: 'call',
        side: 1,
        row: 0,
        changes: [
          { path: ['state'], reference: 'complete', side: 'partial' },
          { path: ['arguments'], reference: '{"city":"Oslo"}', side: '{"city":"' },
        ],
      },
    ])
  })

  it('differ in who ended a stream that was cut', () => {
    const one = said(text('Yes.'))
    const said_ = one.chunks.findIndex(({ bytes }) => new TextDecoder().decode(bytes).includes('Yes.'))
    const cut: Recording = { ...one, chunks: one.chunks.slice(0, said_ + 1) }
    expect(differencesOf(cut, { ...cut, ending: 'reset' })).toEqual([
      {
        aspect: 'outcome',
        kind: 'outcome',
        side: 1,
        message: 0,
        changes: [{ path: ['by'], reference: 'eof', side: 'reset' }],
      },
    ])
    expect(differencesOf({ ...cut, ending: 'reset' }, { ...cut, ending: 'abort' })).toEqual([
      {
        aspect: 'outcome',
        kind: 'outcome',
        side: 1,
        message: 0,
        changes: [
          { path: ['kind'], reference: 'truncated', side: 'aborted' },
          { path: ['by'], reference: 'reset', side: 'caller' },
          { path: ['class'], reference: 'network' },
        ],
      },
    ])
  })

  it('differ in an error at the end', () => {
    const events = wire.write(scriptWith([text('Yes.')], end), PLAIN).map(({ event }) => event)
    const at = events.findIndex((event) => JSON.stringify(event).includes('Yes.')) + 1
    const [failed, cut] = [[wire.error], []].map((more) => atOnce(recordingOf([...events.slice(0, at), ...more])))
    expect(
      differencesOf(cut ?? expect.fail(), failed ?? expect.fail()).filter(({ aspect }) => aspect !== 'anomalies'),
    ).toEqual([
      {
        aspect: 'outcome',
        kind: 'outcome',
        side: 1,
        message: 0,
        changes: [
          { path: ['kind'], reference: 'truncated', side: 'failed' },
          { path: ['by'], reference: 'eof' },
          { path: ['class'], reference: 'network', side: 'overloaded' },
        ],
      },
    ])
  })
})

/** So that an event more or less is no difference of times. */
function atOnce(recording: Recording): Recording {
  return { ...recording, chunks: recording.chunks.map((chunk) => ({ ...chunk, ms: 5 })), endMs: 5 }
}

describe('two recordings', () => {
  const tides = atOnce(bundled('anthropic-messages/server-tool-with-citations'))

  it('differ in a citation', () => {
    expect(differencesOf(tides, edited(tides, 'Low water at Brest: 11:58', 'Low water at Brest: 12:01'))).toEqual([
      {
        aspect: 'blocks',
        kind: 'block',
        side: 1,
        row: 3,
        changes: [
          {
            path: ['citations', 1, 'cited_text'],
            reference: 'Low water at Brest: 11:58, 1.4 m.',
            side: 'Low water at Brest: 12:01, 1.4 m.',
          },
        ],
      },
    ])
  })

  it('differ in what a tool of the provider gave', () => {
    expect(differencesOf(tides, edited(tides, '2 days ago', '3 days ago'))).toEqual([
      {
        aspect: 'blocks',
        kind: 'block',
        side: 1,
        row: 2,
        changes: [{ path: ['content', 0, 'page_age'], reference: '2 days ago', side: '3 days ago' }],
      },
    ])
  })

  it('differ in the id of a call, and not in that of its result', () => {
    expect(differencesOf(tides, edited(tides, 'srvtoolu_01SearchTides', 'srvtoolu_02'))).toEqual([
      {
        aspect: 'ids',
        kind: 'ids',
        side: 1,
        changes: [{ of: 'call', message: 0, row: 1, reference: 'srvtoolu_01SearchTides', side: 'srvtoolu_02' }],
      },
    ])
  })

  it('differ in a stop sequence', () => {
    const script = { ...scriptWith([text('Yes.')], 'stop_sequence'), sequence: 'END' }
    const [one, other] = [script, { ...script, sequence: 'FIN' }].map((own) => scripted(anthropicWire, own))
    expect(differencesOf(one ?? expect.fail(), other ?? expect.fail())).toEqual([
      {
        aspect: 'stop',
        kind: 'stop',
        side: 1,
        message: 0,
        changes: [{ path: ['sequence'], reference: 'END', side: 'FIN' }],
      },
    ])
  })

  it.each([chatWire, responsesWire])('differ in a refusal that stands for a text, in $dialect', (wire) => {
    const [one, other] = [text('No.'), { kind: 'refusal', text: 'No.' } as const].map((block) =>
      atOnce(scripted(wire, scriptWith([block], wire === chatWire ? 'stop' : 'completed'))),
    )
    const found = differencesOf(one ?? expect.fail(), other ?? expect.fail())
    expect(found.filter(({ aspect }) => aspect === 'text')).toEqual([
      { aspect: 'text', kind: 'absent', side: 1, row: 0, only: 'reference' },
      { aspect: 'text', kind: 'absent', side: 1, row: 1, only: 'side' },
    ])
    expect(found.filter(({ aspect }) => aspect !== 'text' && aspect !== 'stop')).toEqual([])
  })

  it.each([
    ['chat', 'openai-chat/note-and-sum', ',"usage":{', ',"unused":{'],
    ['Responses', 'openai-responses/note-and-sum', '"usage":{', '"unused":{'],
    ['Gemini', 'gemini/parallel-tools', '"usageMetadata":{', '"unused":{'],
  ])('differ in a usage that is missing, in %s', (_, name, from, to) => {
    const one = bundled(name)
    const found = differencesOf(one, edited(one, from, to))
    const usage = compare([one, one]).sides[0]?.usage ?? {}
    expect(Object.keys(usage).length).toBeGreaterThan(1)
    expect(found.filter(({ aspect }) => aspect !== 'anomalies')).toEqual([
      {
        aspect: 'usage',
        kind: 'usage',
        side: 1,
        changes: Object.entries(usage).map(([name_, reference]) => ({ path: [name_], reference })),
      },
    ])
  })

  it('differ in an anomaly', () => {
    const one = atOnce(bundled('anthropic-messages/text'))
    const stop = one.chunks.findIndex(({ bytes }) => new TextDecoder().decode(bytes).includes('content_block_stop'))
    const twice = { ...one, chunks: one.chunks.toSpliced(stop, 0, one.chunks[stop] ?? expect.fail()) }
    expect(differencesOf(one, twice)).toEqual([
      {
        aspect: 'anomalies',
        kind: 'anomalies',
        side: 1,
        removed: [],
        added: [expect.objectContaining({ kind: 'repeated_close' })],
      },
    ])
  })

  it('differ in one more choice', () => {
    const chunk = (index: number, content: string, finish: string | null): string =>
      sse({
        id: 'c',
        object: 'chat.completion.chunk',
        model: 'm',
        choices: [{ index, delta: { content }, finish_reason: finish }],
      })
    const one = timed([[5, chunk(0, 'Yes.', 'stop') + sse('[DONE]')]])
    const two = timed([
      [5, chunk(0, 'Yes.', null) + chunk(1, 'No.', null) + chunk(0, '', 'stop') + chunk(1, '', 'stop') + sse('[DONE]')],
    ])
    const comparison = compare([one, two])
    expect(comparison.rows[1]).toMatchObject({ kind: 'text', message: 1, cells: [null, { text: 'No.' }] })
    expect(comparison.differences).toEqual([
      { aspect: 'text', kind: 'absent', side: 1, row: 1, only: 'side' },
      { aspect: 'blocks', kind: 'messages', side: 1, reference: 1, count: 2 },
    ])
  })

  it.each([
    ['gemini/parallel-tools', '"Paris"', '"Rome"', { path: ['city'], reference: 'Paris', side: 'Rome' }],
    [
      'ollama/thinking-text-and-tool-in-the-last-line',
      '"days":2',
      '"days":3',
      { path: ['days'], reference: 2, side: 3 },
    ],
  ])('of %s differ in the input of a call', (name, from, to, change) => {
    const one = bundled(name)
    const found = differencesOf(one, edited(one, from, to))
    expect(found).toEqual([{ aspect: 'calls', kind: 'input', side: 1, row: expect.any(Number), changes: [change] }])
  })

  it.each([
    ['gemini/thinking-and-signatures', 'blue light', 'red light', 'text', 'blue', 'red'],
    ['gemini/thinking-and-signatures', 'small molecules', 'large molecules', 'thinking', 'small', 'large'],
    ['cohere/thinking-text-and-citations', '— are the tallest', '— are the oldest', 'text', 'tallest', 'oldest'],
    ['cohere/thinking-text-and-citations', 'The document says', 'The paper says', 'thinking', 'document', 'paper'],
  ])('of %s differ in a word: %s', (name, from, to, aspect, removed, added) => {
    const one = bundled(name)
    const found = differencesOf(one, edited(one, from, to))
    expect(found).toMatchObject([{ kind: 'words', aspect }])
    const words = found.flatMap((difference) => (difference.kind === 'words' ? difference.words : []))
    expect(words.filter(({ kind }) => kind !== 'same')).toEqual([
      { kind: 'removed', text: removed },
      { kind: 'added', text: added },
    ])
  })
})

describe('two messages', () => {
  const [a, b, c] = ['alpha', 'beta', 'gamma'].map((own) => thinkingBlock(own))
  const all = [a, b, c].flatMap((block) => block ?? [])

  it('differ in a block in the middle', () => {
    const less = all.toSpliced(1, 1)
    expect(compare([messageWith(all), messageWith(less)]).differences).toEqual([
      { aspect: 'thinking', kind: 'absent', side: 1, row: 1, only: 'reference' },
    ])
    expect(compare([messageWith(less), messageWith(all)]).differences).toEqual([
      { aspect: 'thinking', kind: 'absent', side: 1, row: 1, only: 'side' },
    ])
  })

  const written = (own: string) => {
    const input: JsonObject = JSON.parse(own)
    return messageWith([{ ...callBlock('f', input), arguments: own } as ContentBlock])
  }

  it.each([
    ['large numbers', '{"channel":1234567890123456788}', '{"channel":1234567890123456789}'],
    ['numbers beyond all', '{"a":[1e400]}', '{"a":[2e400]}'],
    ['numbers below all', '{"a":1e-400}', '{"a":2e-400}'],
    ['long fractions', '{"a":0.1234567890123456788}', '{"a":0.1234567890123456789}'],
    ['a key that came twice', '{"a":1,"a":2}', '{"a":2}'],
    ['what a key had before', '{"b":{"a":1,"a":2}}', '{"b":{"a":3,"\\u0061":2}}'],
  ])('differ in %s of a call, which no input holds', (_, reference, side) => {
    expect(compare([written(reference), written(side)]).differences).toEqual([
      { aspect: 'calls', kind: 'call', side: 1, row: 0, changes: [{ path: ['arguments'], reference, side }] },
    ])
    expectSymmetric(written(reference), written(side))
  })

  it.each([
    ['spaces and order', '{"a":1234567890123456788,"b":[1,{}]}', '{ "b" : [ 1 , { } ] , "a" : 1234567890123456788 }'],
    ['the spelling of numbers', '{"a":[1,0,100,1.5,1e400]}', '{"a":[1.0,-0.0e5,1E+2,15e-1,10e399]}'],
    ['a fraction written out', '{"a":0.1}', '{"a":0.10000000000000001}'],
    ['a number that was rounded before', '{"a":1234567890123456788}', '{"a":1234567890123456800}'],
    ['escapes', '{"a":"\\u0041\\"1234567890123456788,","b\\"":1}', '{"a":"A\\"1234567890123456788,","b\\u0022":1.0}'],
    ['equal keys of other objects', '{"a":{"a":1},"b":[{"a":1},{"a":2}]}', '{ "a":{"a":1},"b":[{"a":1},{"a":2}]}'],
  ])('do not differ in %s of a call', (_, reference, side) => {
    expect(compare([written(reference), written(side)]).differences).toEqual([])
  })

  it('do not differ in where their calls stand beside the text, which some providers do not say', () => {
    const calls = [callBlock('f', {}, 'call_1'), callBlock('g', {}, 'call_2'), callBlock('h', {}, 'call_3')]
    const [before, after] = [
      [textBlock('So.'), ...calls],
      [...calls, textBlock('So.')],
    ]
    const chat = messageWith(after, { dialect: 'openai-chat' })
    expect(compare([messageWith(before), chat]).differences).toEqual([])
    expect(compare([chat, messageWith(before)]).differences).toEqual([])
  })

  it.each([
    ['anthropic-messages', 'anthropic-messages'],
    ['anthropic-messages', 'openai-responses'],
    ['openai-chat', 'openai-chat'],
  ] as const)('differ in where a call stands beside other content, of %s and %s', (dialect, there) => {
    const [f, g] = [callBlock('f', {}, 'call_1'), callBlock('g', {}, 'call_2')]
    const reference = messageWith([textBlock('So.'), f, thinkingBlock('Hm.'), g], { dialect })
    const side = messageWith([f, textBlock('So.'), thinkingBlock('Hm.'), g], { dialect: there })
    expect(compare([reference, side]).differences).toEqual([
      { aspect: 'calls', kind: 'order', side: 1, message: 0, reference: [0, 1, 2, 3], order: [1, 0, 2, 3] },
    ])
    expect(compare([reference, side]).sides[1]?.agrees.calls).toBe(false)
    expectSymmetric(reference, side)
    // Calls that changed places with calls only are told by themselves.
    const swapped = messageWith([textBlock('So.'), g, thinkingBlock('Hm.'), f], { dialect: there })
    expect(compare([messageWith([textBlock('So.'), f, g]), messageWith([textBlock('So.'), g, f])]).differences).toEqual(
      [{ aspect: 'calls', kind: 'order', side: 1, message: 0, reference: [1, 2], order: [2, 1] }],
    )
    expect(compare([reference, swapped]).differences).toHaveLength(1)
  })

  it('differ in what media are, if they are of one dialect', () => {
    const media = (own: JsonObject, more = {}) =>
      messageWith([{ type: 'media', wire: own }], { dialect: 'gemini', ...more })
    const [cat, dog] = ['cat.png', 'dog.png'].map((fileUri) => ({ fileData: { fileUri } }))
    expect(compare([media(cat ?? {}), media(dog ?? {})]).differences).toEqual([
      {
        aspect: 'blocks',
        kind: 'block',
        side: 1,
        row: 0,
        changes: [{ path: ['wire', 'fileData', 'fileUri'], reference: 'cat.png', side: 'dog.png' }],
      },
    ])
    expect(compare([media(cat ?? {}), media(dog ?? {}, { dialect: 'ollama' })]).differences).toEqual([])
    expect(
      compare([media({ id: 'audio_1', expires_at: 1 }), media({ id: 'audio_2', expires_at: 2 })]).differences,
    ).toEqual([])
  })

  it('differ in which call a result answers, and not in the order of equal results', () => {
    const [f, g] = [callBlock('f', {}, 'call_1'), callBlock('g', {}, 'call_2')]
    const result = (content: string, callId: string) => ({ type: 'tool_result', content, callId, wire: {} }) as const
    const reference = messageWith([f, g, result('x', 'call_1'), result('y', 'call_2')])
    const side = messageWith([f, g, result('x', 'call_2'), result('y', 'call_1')])
    expect(compare([reference, side]).differences).toEqual(
      [2, 3].map((row) => ({
        aspect: 'blocks',
        kind: 'block',
        side: 1,
        row,
        changes: [{ path: ['callId'], reference: `call_${row - 1}`, side: `call_${4 - row}` }],
      })),
    )
    expectSymmetric(reference, side)
    const [same, turned] = [
      [result('ok', 'call_1'), result('ok', 'call_2')],
      [result('ok', 'call_2'), result('ok', 'call_1')],
    ].map((results) => messageWith([f, g, ...results]))
    expect(compare([same ?? reference, turned ?? side]).differences).toEqual([])
  })

  it('do not differ in whether anomalies are counted or told one by one', () => {
    const noted = (...counts: readonly number[]) =>
      messageWith([], { anomalies: counts.map((count) => ({ kind: 'late_event', ...(count === 1 ? {} : { count }) })) })
    expect(compare([noted(2), noted(1, 1)]).differences).toEqual([])
    expect(compare([noted(1, 1), noted(3)]).differences).toEqual([
      { aspect: 'anomalies', kind: 'anomalies', side: 1, removed: [], added: [{ kind: 'late_event', count: 3 }] },
    ])
  })

  it('do not differ in where a text is cut into blocks, nor in blocks without a character', () => {
    const pieces = [textBlock('It is '), textBlock(''), textBlock('sunny')]
    expect(compare([messageWith(pieces), messageWith([textBlock('It is sunny')])]).differences).toEqual([])
  })

  it('are aligned by what is equal, then by what is most alike', () => {
    const said = (...own: readonly string[]) => messageWith(own.map((one) => thinkingBlock(one)))
    const cellsOf = (one: readonly string[], other: readonly string[]) =>
      compare([said(...one), said(...other)]).rows.map(({ cells }) =>
        cells.map((cell) => (cell !== null && 'text' in cell ? cell.text : null)),
      )
    expect(cellsOf(['one', 'two', 'three'], ['two', 'three', 'four'])).toEqual([
      ['one', null],
      ['two', 'two'],
      ['three', 'three'],
      [null, 'four'],
    ])
    expect(cellsOf(['A long thought about rain.', 'Short.'], ['A long thought about snow.'])).toEqual([
      ['A long thought about rain.', 'A long thought about snow.'],
      ['Short.', null],
    ])
  })

  it('are told apart by what an unknown block holds, and not by the id that a result answers', () => {
    const other = (held: number) => messageWith([{ type: 'other', wire: { type: 'novel', held } }])
    expect(compare([other(1), other(2)]).differences).toEqual([
      {
        aspect: 'blocks',
        kind: 'block',
        side: 1,
        row: 0,
        changes: [{ path: ['wire', 'held'], reference: 1, side: 2 }],
      },
    ])
    const result = (content: string, callId: string) => ({ type: 'tool_result', content, callId, wire: {} }) as const
    const [one, two] = [
      messageWith([result('first', 'x'), result('second', 'y')]),
      messageWith([result('second', 'z')]),
    ]
    expect(compare([one, two]).differences).toEqual([
      { aspect: 'blocks', kind: 'absent', side: 1, row: 0, only: 'reference' },
    ])
  })
})
