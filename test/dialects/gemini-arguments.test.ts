/** Arguments of Gemini that stream: pieces that name a place and a value, and the one JSON text that they come to. */
import { assert, constantFrom, dictionary, jsonValue, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Fold } from '../../src/fold.ts'
import { parseJson, type JsonObject, type JsonValue } from '../../src/json.ts'
import { PartialArguments } from '../../src/dialects/gemini-arguments.ts'
import { runs } from '../support/operations.ts'
import { call, chunk, fold, handedOut, kindsOf, STOP, told } from './gemini-chunks.ts'

const START = { functionCall: { name: 'f', willContinue: true } }
const END = { functionCall: {} }

const text = (jsonPath: string, stringValue: string, willContinue?: true): JsonObject => ({
  jsonPath,
  stringValue,
  ...(willContinue ? { willContinue } : {}),
})
const piece = (...partialArgs: JsonObject[]): JsonObject => ({ functionCall: { partialArgs, willContinue: true } })
const last = (...partialArgs: JsonObject[]): JsonObject => ({ functionCall: { partialArgs } })

/** One part a chunk, then the finish reason. */
function foldParts(parts: readonly JsonObject[], finish: JsonObject = STOP) {
  return fold([...parts.map((part) => chunk([part])), chunk([], finish)])
}

const ROWS: readonly (readonly [name: string, parts: readonly JsonObject[], calls: readonly JsonValue[]])[] = [
  [
    'a text in pieces, which an empty one ends',
    [START, piece(text('$.a', 'Bos', true)), piece(text('$.a', 'ton', true)), piece(text('$.a', '')), END],
    [{ call: 'f', input: { a: 'Boston' } }],
  ],
  [
    'objects in lists, and values of all kinds',
    [
      START,
      piece(text('$.list[0].a', 'x')),
      piece({ jsonPath: '$.list[0].b', numberValue: 0.5 }, { jsonPath: '$.list[1].a', boolValue: false }),
      piece({ jsonPath: '$.list[1].c', nullValue: 'NULL_VALUE' }),
      piece(text("$.more['a b']", 'y'), text('$.more["\\"q"]', 'z')),
      piece(text('$.deep[0][0]', '1'), text('$.deep[0][1]', '2'), text('$.deep[1][0]', '3')),
      END,
    ],
    [
      {
        call: 'f',
        input: {
          list: [
            { a: 'x', b: 0.5 },
            { a: false, c: null },
          ],
          more: { 'a b': 'y', '"q': 'z' },
          deep: [['1', '2'], ['3']],
        },
      },
    ],
  ],
  ['a last piece with its value', [START, last({ jsonPath: '$.a', numberValue: 1 })], [{ call: 'f', input: { a: 1 } }]],
  ['no arguments at all', [START, END], [{ call: 'f', input: {} }]],
  [
    'several calls, one after the other, and a sign of life between pieces',
    [START, piece(text('$.a', '1')), piece(), END, START, piece(text('$.a', '2')), END, call('g', { b: 3 })],
    [
      { call: 'f', input: { a: '1' } },
      { call: 'f', input: { a: '2' } },
      { call: 'g', input: { b: 3 } },
    ],
  ],
  [
    'a name that comes with each piece, under the same id',
    [
      { functionCall: { name: 'f', id: 'x', willContinue: true } },
      { functionCall: { name: 'f', id: 'x', partialArgs: [text('$.a', '1')], willContinue: true } },
      { functionCall: { name: 'f', id: 'x' } },
    ],
    [{ call: 'f', id: 'x', input: { a: '1' } }],
  ],
  [
    'a name that comes with each piece, without an id',
    [
      START,
      { functionCall: { name: 'f', partialArgs: [text('$.a', '1')], willContinue: true } },
      { functionCall: { name: 'f', args: {} } },
    ],
    [{ call: 'f', input: { a: '1' } }],
  ],
  [
    'values that came whole, and go on',
    [
      { functionCall: { name: 'f', args: { a: { b: 1 } }, willContinue: true } },
      last({ jsonPath: '$.c', numberValue: 2 }),
      { functionCall: { name: 'g', args: { a: 1 }, partialArgs: [{ jsonPath: '$.b', numberValue: 2 }] } },
    ],
    [
      { call: 'f', input: { a: { b: 1 }, c: 2 } },
      { call: 'g', input: { a: 1, b: 2 } },
    ],
  ],
  [
    'a name that is dangerous',
    [START, last(text('$.__proto__', 'x'))],
    [{ call: 'f', input: JSON.parse('{"__proto__":"x"}') }],
  ],
  [
    'half a character at the end of a piece',
    [START, piece(text('$.a', '\ud83d', true)), last(text('$.a', '\ude00'))],
    [{ call: 'f', input: { a: '😀' } }],
  ],
]

describe('arguments that stream', () => {
  it.each(ROWS)('I6: are one strict JSON object: %s', (_name, parts, calls) => {
    const folded = foldParts(parts)
    expect(told(folded.message)).toEqual(calls)
    expect(folded.message.anomalies).toEqual([])
    expect(handedOut(folded)).toHaveLength(calls.length)
  })

  it('are live: each piece is a piece of the text', () => {
    const one = new Fold()
    const deltas = [START, piece(text('$.a', 'x', true)), piece(text('$.a', 'y')), END]
      .flatMap((part) => one.receive(chunk([part])))
      .flatMap((event) => (event.type === 'tool_input' ? [event.delta] : []))
    expect(deltas).toEqual(['{"a":"x', 'y"', '}'])
  })

  it('quirk 6.03: keep the signature of the part that began them', () => {
    const { message } = foldParts([{ ...START, thoughtSignature: 'S' }, piece(text('$.a', '1')), END])
    expect(message.content[0]?.wire).toEqual({ thoughtSignature: 'S' })
  })

  it.each([
    ['no end of the call', [START, piece(text('$.a', '1'))]],
    ['no end of the text', [START, piece(text('$.a', '1', true))]],
    ['nothing at all', [START]],
    ['a sign of life', [START, piece()]],
    ['values that were to go on', [{ functionCall: { name: 'f', args: { a: 1 }, willContinue: true } }]],
    ['a call that ends within its text', [START, last(text('$.a', '1', true))]],
  ])('quirk 10.01, I6: with %s are never repaired, and the call is not handed out', (_name, parts) => {
    for (const finish of [STOP, { finishReason: 'MAX_TOKENS' }]) {
      const folded = foldParts(parts, finish)
      expect(folded.message.content).toMatchObject([{ type: 'tool_call' }])
      expect(folded.message.content[0]).not.toHaveProperty('input')
      expect(handedOut(folded)).toEqual([])
    }
  })

  it('I6: an unfinished call before another one is not handed out, and the other is', () => {
    for (const begun of [[START, piece(text('$.a', '1'))], [START]]) {
      const folded = foldParts([...begun, call('g', {})])
      expect(told(folded.message)).toEqual([
        { call: 'f', input: 'invalid' },
        { call: 'g', input: {} },
      ])
      expect(handedOut(folded)).toHaveLength(1)
      expect(kindsOf(folded.message)).toContain('malformed_event')
    }
    expect(handedOut(foldParts([START, { text: 'so' }]))).toEqual([])
  })

  it('I6: a call that was to go on, and a stream or a stop that cuts it, is partial, and nothing is malformed', () => {
    for (const events of [[chunk([START])], [chunk([START]), chunk([], { finishReason: 'MAX_TOKENS' })]]) {
      const { message } = fold(events)
      expect(told(message)).toEqual([{ call: 'f', input: 'partial' }])
      expect(kindsOf(message)).not.toContain('malformed_event')
    }
  })

  it.each([
    ['back to a value', [text('$.a', '1'), text('$.b', '2'), text('$.a', '3')]],
    ['back into an object', [text('$.a.x', '1'), text('$.b', '2'), text('$.a.y', '3')]],
    ['over a place of a list', [text('$.a[0]', '1'), text('$.a[2]', '2')]],
    ['to a huge place', [text('$.a[999999999]', '1')]],
    ['into a list by a name', [text('$.a[0]', '1'), text('$.a.b', '2')]],
    ['nowhere', [text('a', '1')]],
    ['along no path', [text('$.a..b', '1')]],
    ['to the root', [text('$', '1')]],
    ['too deep', [text(`$.a${'[0]'.repeat(600)}`, '1')]],
    ['with a number that is none', [{ jsonPath: '$.a', numberValue: 'NaN' }]],
    ['without a path', [{ stringValue: '1' }]],
    ['into a text that goes on', [text('$.a', 'x', true), { jsonPath: '$.a', numberValue: 5 }, text('$.a', '')]],
    ['without a value', [{ jsonPath: '$.a' }]],
    ['with two values', [{ jsonPath: '$.a', stringValue: 'x', boolValue: true }]],
  ])('I6: a piece that goes %s is told, and the call is not handed out', (_name, pieces) => {
    const folded = foldParts([START, ...pieces.map((one) => piece(one)), END])
    expect(told(folded.message)).toEqual([{ call: 'f', input: 'invalid' }])
    expect(kindsOf(folded.message)).toContain('malformed_event')
    expect(handedOut(folded)).toEqual([])
  })

  it('give any arguments that there are', () => {
    const leaves = constantFrom('', 'a"\\\n', '😀', 1, -0.5, true, false, null)
    const names = string({ minLength: 1, maxLength: 3 })
    assert(
      property(dictionary(names, jsonValue({ maxDepth: 3 }), { minKeys: 1, maxKeys: 4 }), leaves, (given, leaf) => {
        const input = { ...withoutHollow(JSON.parse(JSON.stringify(given))), leaf }
        const pieces = new PartialArguments()
        const written = leavesOf(input, '$').map(([jsonPath, value]) => pieces.write({ jsonPath, ...valueOf(value) }))
        expect(parseJson(`${written.join('')}${pieces.end()}`)).toEqual(input)
      }),
      runs(500),
    )
  })
})

/** Without empty objects and lists, which no piece can say, and without names that JSON would lose. */
function withoutHollow(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key, item]) => key !== '__proto__' && !hasHollow(item)))
}

function hasHollow(value: JsonValue): boolean {
  if (typeof value !== 'object' || value === null) return false
  const items = Object.entries(value)
  return items.length === 0 || items.some(([key, item]) => key === '__proto__' || hasHollow(item))
}

function leavesOf(value: JsonValue, path: string): [string, JsonValue][] {
  if (typeof value !== 'object' || value === null) return [[path, value]]
  if (Array.isArray(value)) return value.flatMap((item, at) => leavesOf(item, `${path}[${at}]`))
  return Object.entries(value).flatMap(([key, item]) =>
    leavesOf(item, `${path}['${key.replaceAll(/[\\']/g, '\\$&')}']`),
  )
}

function valueOf(value: JsonValue): JsonObject {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'number') return { numberValue: value }
  return typeof value === 'boolean' ? { boolValue: value } : { nullValue: 'NULL_VALUE' }
}
