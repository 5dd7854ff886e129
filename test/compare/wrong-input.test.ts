import { describe, expect, it } from 'vitest'
import { compare, observeRecording, type Aspect } from '../../src/compare.ts'
import { MisuseError, type MisuseCode } from '../../src/errors.ts'
import type { JsonObject } from '../../src/json.ts'
import type { AssistantMessage } from '../../src/message.ts'
import { assemble } from '../../src/turn.ts'
import { bundled, callBlock, messageWith, plain, textBlock } from '../support/compared.ts'

function misuse(call: () => unknown): readonly [MisuseCode, string] {
  try {
    call()
  } catch (error) {
    if (error instanceof MisuseError) return [error.code, error.message]
    throw error
  }
  return expect.fail('it threw nothing')
}

/** As a caller without types may. */
function loosely(turns: unknown, options?: unknown): unknown {
  return Reflect.apply(compare, undefined, options === undefined ? [turns] : [turns, options])
}

const message = messageWith([textBlock('a')])
const called = (input: object): object => ({ ...message, content: [{ ...callBlock('f', {}), input }] })
const endless: { again: { again?: object } } = { again: {} }
endless.again.again = endless
const observedWith = (arrivals: unknown): object => ({ messages: [message], anomalies: [], arrivals })
const recording = bundled('anthropic-messages/text')

describe('compare throws a MisuseError', () => {
  it.each<readonly [string, unknown, RegExp]>([
    ['nothing', undefined, /two or more turns, and got undefined/],
    ['one turn', [message], /two or more turns, and got 1/],
    ['no turns', [], /two or more turns, and got 0/],
    ['a message instead of turns', message, /two or more turns, and got an object/],
    ['a live turn', [message, assemble('')], /got an object as turn 2; give it await observe\(turn\)/],
    ['a promise', [Promise.resolve(message), message], /got a promise as turn 1; await it first/],
    ['a text', [message, 'msg'], /got msg as turn 2; give it what/],
    ['null', [null, message], /got null as turn 1/],
    // oxlint-disable-next-line no-sparse-arrays -- a caller may have one
    ['a hole', [message, , message], /got undefined as turn 2/],
    ['an object', [message, {}], /got an object as turn 2/],
    ['no messages', [message, []], /got an empty list as turn 2/],
    ['something among messages', [message, [message, 7]], /got an array as turn 2/],
    ['a message without content', [message, { ...message, content: undefined }], /as turn 2/],
    ['a block that is none', [message, { ...message, content: [{ type: 'novel' }] }], /as turn 2/],
    ['a text block without text', [message, { ...message, content: [{ type: 'text' }] }], /as turn 2/],
    [
      'a call without input',
      [message, { ...message, content: [{ type: 'tool_call', name: 'f', arguments: '', state: 'complete' }] }],
      /as turn 2/,
    ],
    ['a recording read from JSON', [message, plain(recording)], /as turn 2; give it what readRecording/],
    ['a recording without a header', [message, { ...recording, header: null }], /as turn 2/],
    ['a message that lacks its id', [message, { ...message, id: 7 }], /as turn 2: id must be a text; give it what/],
    ['a model that is no text', [message, { ...message, model: {} }], /as turn 2: model must be a text/],
    [
      'a list with such a one',
      [message, [message, { ...message, model: 1 }]],
      /as turn 2: \[1\]\.model must be a text/,
    ],
    ['an unknown outcome', [message, { ...message, outcome: { kind: 'odd' } }], /as turn 2: outcome.kind must be that/],
    [
      'an outcome without its error',
      [{ ...message, outcome: { kind: 'failed' } }, message],
      /as turn 1: outcome.error must be an object/,
    ],
    ['a stop that is none', [message, { ...message, stop: { reason: 'x' } }], /as turn 2: stop.reason must be one/],
    [
      'a count that is none',
      [message, { ...message, usage: { inputTokens: '1' } }],
      /usage.inputTokens must be a number/,
    ],
    [
      'a symbol',
      [message, { ...message, anomalies: [{ kind: Symbol('odd') }] }],
      /as turn 2: anomalies\[0\]\.kind is a symbol, which is no JSON/,
    ],
    ['an unknown anomaly', [message, { ...message, anomalies: [{ kind: 'odd' }] }], /anomalies\[0\]\.kind must be one/],
    ['an anomaly that is none', [message, { ...message, anomalies: [7] }], /anomalies\[0\] is no anomaly/],
    ['a bigint', [message, called({ at: [1n] })], /as turn 2: content\[0\]\.input\.at\[0\] is a bigint/],
    ['a date', [message, called({ at: new Date(0) })], /content\[0\]\.input\.at is an object of the kind Date/],
    ['a function', [message, called({ toJSON: () => 1 })], /content\[0\]\.input\.toJSON is a function/],
    [
      'what holds itself',
      [message, called(endless)],
      /content\[0\]\.input\.again\.again is something that it stands in/,
    ],
    ['an arrival that is none', [message, observedWith([null])], /as turn 2: arrivals\[0\] is no arrival/],
    ['an arrival without its time', [message, observedWith([{}])], /as turn 2: arrivals\[0\]\.ms must be a number/],
    ['arrivals that are none', [message, observedWith({})], /as turn 2: arrivals must be a list/],
    ['an observed turn of nonsense', [message, { messages: [{}], anomalies: [] }], /as turn 2/],
  ])('for %s', (_, turns, expected) => {
    const [code, said] = misuse(() => loosely(turns))
    expect(code).toBe('bad_argument')
    expect(said).toMatch(expected)
  })

  it.each<readonly [string, unknown, RegExp]>([
    ['options that are none', null, /options are null; they must be an object/],
    ['an unknown option', { ignored: [] }, /no option ignored; there are reference, labels, ignore, prices, tolerance/],
    ['a reference that is no turn', { reference: 2 }, /reference is 2; it must be the place of a turn, 0 to 1/],
    ['half a reference', { reference: 0.5 }, /reference is 0.5/],
    ['a name as reference', { reference: 'A' }, /reference is A/],
    ['too few labels', { labels: ['A'] }, /labels must be a list of 2 texts/],
    ['labels that are no texts', { labels: ['A', 1] }, /labels must be a list of 2 texts/],
    ['an unknown aspect', { ignore: ['id'] }, /ignore names id; it is a list of text, thinking, .*ids/],
    ['no aspect', { ignore: [undefined] }, /ignore names undefined/],
    ['an aspect without a list', { ignore: 'ids' }, /ignore is ids; it is a list of/],
    ['prices that are none', { prices: [] }, /prices is an array; it must be an object/],
    ['a price that is none', { prices: { m: 3 } }, /prices has no price under m; it must be \{ input, output/],
    ['a price below 0', { prices: { m: { input: -1, output: 1 } } }, /no price under m/],
    ['a price of nothing', { prices: { m: { input: NaN, output: 1 } } }, /no price under m/],
    ['a cache price that is none', { prices: { m: { input: 1, output: 1, cacheRead: '1' } } }, /no price under m/],
    ['a tolerance that is none', { tolerance: 500 }, /tolerance is 500; it must be/],
    ['no tolerance', { tolerance: null }, /tolerance is null; it must be/],
    ['an unknown tolerance', { tolerance: { s: 1 } }, /no option s; there are ms, part/],
    ['a tolerance below 0', { tolerance: { ms: -1 } }, /tolerance has ms and part/],
  ])('for %s', (_, options, expected) => {
    const [code, said] = misuse(() => loosely([message, message], options))
    expect(code).toBe('bad_option')
    expect(said).toMatch(expected)
  })

  it('observeRecording, for an option that there is not', () => {
    expect(misuse(() => Reflect.apply(observeRecording, undefined, [recording, { idle: 1, novel: 2 }]))[0]).toBe(
      'bad_option',
    )
  })
})

describe('compare takes', () => {
  it('a message, messages of a turn, an observed turn and a recording, also from JSON', () => {
    const observed = observeRecording(recording)
    const [first = expect.fail()] = observed.messages
    const turns = [
      recording,
      observed,
      plain(observed),
      observed.messages,
      plain(observed.messages),
      first,
      plain(first),
    ]
    expect(compare(turns).differences).toEqual([])
  })

  it('several choices as one turn', () => {
    const { messages } = observeRecording(bundled('openai-chat/n-2-with-logprobs'))
    expect(messages).toHaveLength(2)
    const { sides, differences } = compare([messages, messages.slice(0, 1)])
    expect(sides.map((side) => side.messages.length)).toEqual([2, 1])
    expect(differences.map(({ kind }) => kind)).toContain('messages')
  })

  it('what is undefined as absent, and no number as null', () => {
    const some = {
      ...message,
      model: undefined,
      content: [{ ...callBlock('f', {}), input: { a: undefined, b: [1, Infinity] } }],
    }
    const { model: _model, ...less } = message
    const comparison = loosely([some, { ...less, content: [callBlock('f', { b: [1, null] })] }])
    expect(comparison).toMatchObject({ differences: [] })
    expect(plain(comparison)).toEqual(comparison)
  })

  it('what is nested 10,000 deep, and tells one place where it differs', () => {
    const deep = (end: number): JsonObject => {
      let value: JsonObject = { end }
      for (let level = 0; level < 10_000; level += 1) value = { a: value }
      return value
    }
    const places: readonly ((value: JsonObject) => AssistantMessage)[] = [
      (value) => messageWith([callBlock('f', value)]),
      (value) => messageWith([{ type: 'other', wire: value }]),
      (value) => messageWith([{ type: 'tool_result', content: value, wire: {} }]),
    ]
    for (const at of places) {
      const comparison = compare([at(deep(1)), at(deep(2)), at(deep(1))])
      expect(comparison.differences.map(({ side }) => side)).toEqual([1])
      expect(comparison.differences).toMatchObject([{ changes: [{ reference: expect.any(String) }] }])
      expect(plain(comparison)).toEqual(comparison)
    }
    const { anomalies } = messageWith([], {
      anomalies: [{ kind: 'restarted', content: places[1]?.(deep(1)).content ?? [] }],
    })
    expect(compare([messageWith([], { anomalies }), messageWith([], { anomalies })]).differences).toEqual([])
  })

  it('options that are left out or undefined', () => {
    const ignore: readonly Aspect[] = []
    const bare = compare([message, message])
    expect(loosely([message, message], { reference: undefined, labels: undefined, ignore, prices: undefined })).toEqual(
      bare,
    )
    expect(bare).toMatchObject({ reference: 0, sides: [{ label: 'A' }, { label: 'B' }] })
    expect(
      compare(Array.from({ length: 28 }, () => message))
        .sides.map(({ label }) => label)
        .slice(24),
    ).toEqual(['Y', 'Z', 'A1', 'B1'])
  })

  it('a reference, a tolerance and labels', () => {
    const [early, late] = [100, 1000].map((endMs) => ({ messages: [message], anomalies: [], endMs }))
    const turns = [early ?? expect.fail(), late ?? expect.fail()]
    const change = { time: 'endMs', referenceMs: 1000, sideMs: 100 }
    expect(compare(turns, { reference: 1, labels: ['x', 'y'] })).toMatchObject({
      reference: 1,
      sides: [{ label: 'x' }, { label: 'y' }],
      differences: [{ aspect: 'times', side: 0, changes: [change] }],
    })
    expect(compare(turns, { tolerance: { ms: 900 } }).differences).toEqual([])
    expect(compare(turns, { tolerance: { ms: 899 } }).differences).toHaveLength(1)
    expect(compare(turns, { tolerance: { ms: 0, part: 0.9 } }).differences).toEqual([])
    expect(compare(turns, { tolerance: { ms: 0, part: 0.89 } }).differences).toHaveLength(1)
  })
})
