import { array, assert, constantFrom, integer, json, jsonValue, nat, oneof, property, string, tuple } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseToolInput, ToolInputReader } from '../../src/assembler/tool-input.ts'
import { isObject, type JsonValue } from '../../src/json.ts'

const RUNS = { numRuns: 500 }

/** What a reader says at one moment, free of later growth. JSON text, since it shows own `__proto__` keys and the order of keys. */
interface Moment {
  readonly verdict: 'incomplete' | 'complete' | 'invalid'
  readonly isComplete: boolean
  readonly value: string | undefined
}

function moment(reader: ToolInputReader): Moment {
  const { value, isComplete } = reader.read()
  return { verdict: reader.verdict, isComplete, value: JSON.stringify(value) }
}

function readAll(chunks: Iterable<string>, maxDepth = Infinity): ToolInputReader {
  const reader = new ToolInputReader(maxDepth)
  for (const chunk of chunks) reader.feed(chunk)
  return reader
}

function read(text: string, maxDepth = Infinity): Moment {
  return moment(readAll([text], maxDepth))
}

/** Cuts by UTF-16 code units, so also inside surrogate pairs. The sizes are used in turn. */
function* cut(text: string, sizes: readonly number[]): Generator<string> {
  for (let at = 0, turn = 0; at < text.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    yield text.slice(at, at + size)
    at += size
  }
}

function parses(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** The brackets that a text leaves open, closed in order. Strings in it must be closed. */
function closers(text: string): string {
  let open = ''
  for (const char of text.replace(/"(?:[^"\\]|\\.)*"/gs, '')) {
    if (char === '[') open = `]${open}`
    else if (char === '{') open = `}${open}`
    else if (char === ']' || char === '}') open = open.slice(1)
  }
  return open
}

const TOKEN_ENDS = ['', ...'" n" 0" 00" 000" 0000" 0 .0 rue ue e alse lse se ull ll l'.split(' ')]
const VALUE_STARTS = ['', '0', ':0', '"":0']

/** Finds a continuation that makes the text valid JSON by trying all shapes that one can have. */
function continuation(text: string): string | undefined {
  for (const end of TOKEN_ENDS) {
    for (const start of VALUE_STARTS) {
      const more = end + start
      const tail = more + closers(text + more)
      if (parses(text + tail)) return tail
    }
  }
  return undefined
}

/** The verdict by trial and error with JSON.parse. A number at the top level is open until whitespace ends it. */
function expectedVerdict(text: string): Moment['verdict'] {
  if (parses(text)) return /^\s*-?[\d.eE+-]*\d$/.test(text) ? 'incomplete' : 'complete'
  return continuation(text) === undefined ? 'invalid' : 'incomplete'
}

const ENDS_IN_HIGH_HALF = /[\ud800-\udbff]$|(?<!\\)(?:\\\\)*\\u[dD][89abAB][\da-fA-F]{2}$/
const STARTS_WITH_HIGH_HALF = /^(?:[\ud800-\udbff]|\\u[dD][89abAB][\da-fA-F]{2})/

/** The preview by definition: the longest beginning that is JSON once closed, where no number or surrogate pair is left open. */
function expectedPreview(text: string): string | undefined {
  for (let length = text.length; length > 0; length--) {
    const head = text.slice(0, length)
    const rest = text.slice(length)
    const isOpenNumber = /\d$/.test(head) && /^(?:[\d.eE+-]|$)/.test(rest)
    const isOpenPair = ENDS_IN_HIGH_HALF.test(head) && !STARTS_WITH_HIGH_HALF.test(rest)
    for (const end of [...(isOpenPair ? [] : ['"']), ...(isOpenNumber ? [] : [''])]) {
      const closed = head + end + closers(head + end)
      if (parses(closed)) return JSON.stringify(JSON.parse(closed))
    }
  }
  return undefined
}

const sizes = array(integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 })

const spaces = string({ unit: constantFrom(' ', '\n', '\r', '\t'), maxLength: 3 })

/** JSON text of any value, with whitespace at random places between its tokens. */
const spacedJson = tuple(jsonValue({ maxDepth: 4, stringUnit: 'binary' }), array(spaces, { minLength: 1 })).map(
  ([value, gaps]) => {
    let turn = 0
    const tokens = JSON.stringify(value).match(/"(?:[^"\\]|\\.)*"|[[\]{},:]|[^[\]{},:"]+/gs) ?? []
    const gap = (): string => gaps[turn++ % gaps.length] ?? ''
    return gap() + tokens.map((token) => token + gap()).join('')
  },
)

/** Small texts near the grammar, of which many are valid for a while. */
const soup = string({
  unit: constantFrom(...'{}[]",:0123.eE+-truefalsn \\ub\n'.split(''), '{"', '":', '"a"', 'true', '\\u00', 'é'),
  maxLength: 14,
})

/** A JSON text with one place changed, then cut anywhere. */
const damaged = tuple(
  json({ maxDepth: 3 }),
  nat(),
  constantFrom(...'{}[]",:0.e- \\u\u0001\ufeff'.split(''), ''),
  nat(),
).map(([text, place, char, length]) => {
  const at = place % (text.length + 1)
  const changed = text.slice(0, at) + char + text.slice(at + (place % 2))
  return changed.slice(0, length % (changed.length + 1))
})

/** Surrogates, whole and in halves, plain and escaped. */
const halves = string({
  unit: constantFrom('\ud83d', '\ude00', '\\ud83d', '\\ude00', '\\ud8', '3d', '\\\\', '","', 'x'),
  maxLength: 8,
}).map((text) => `["${text}`)

const anyText = oneof(soup, damaged, halves, json({ maxDepth: 3 }), string({ unit: 'binary', maxLength: 12 }))

const SURROGATES = [
  '["😀"]',
  '["\\ud83d\\ude00"]',
  '["\\ud83d😀\\ude00"]',
  '["\ud83d\\ude00\\uD83D\ude00"]',
  '["\ud83d","\ude00","\ud83dx","\ud83d\ud83d\ude00"]',
  '["\\ud83d\\n","\\ud83d\\ud83d\\uDe00"]',
  '{"\ud83d":1,"\\ud83d\\ude00":"\ude00\ud83d"}',
]

describe('the chunks', () => {
  it('I1: any value in any chunks reads as JSON.parse reads it', () => {
    assert(
      property(oneof(spacedJson, json({ maxDepth: 4 })), sizes, (text, widths) => {
        const end = moment(readAll(cut(`${text} `, widths)))
        expect(end).toEqual({ verdict: 'complete', isComplete: true, value: JSON.stringify(JSON.parse(text)) })
      }),
      RUNS,
    )
  })

  it('I1: at every point the reader says the same, however the text before it was cut', () => {
    assert(
      property(anyText, sizes, (text, widths) => {
        const reader = new ToolInputReader(3)
        let seen = ''
        for (const chunk of cut(text, widths)) {
          reader.feed(chunk)
          seen += chunk
          expect(moment(reader)).toEqual(read(seen, 3))
        }
      }),
      RUNS,
    )
  })

  it('I1: empty chunks change nothing', () => {
    const reader = readAll(['', '{"a', '', '":"', '', '\\', '', 'n', ''])
    expect(moment(reader)).toEqual({ verdict: 'incomplete', isComplete: false, value: '{"a":"\\n"}' })
  })

  it.each(SURROGATES)('I1: surrogates and escapes may be cut anywhere: %j', (text) => {
    for (let size = 1; size <= text.length; size++) {
      expect(moment(readAll(cut(text, [size]))).value).toBe(JSON.stringify(JSON.parse(text)))
    }
  })

  it.each(['"x\ud83d', '"x\\ud83d', '"x\ud83d\\', '"x\\ud83d\\', '"x\\ud83d\\ude0'])(
    'I1: half a pair at the end is held back: %j',
    (text) => {
      expect(readAll([text]).read().value).toBe('x')
      expect(readAll(cut(text, [1])).read().value).toBe('x')
    },
  )

  it('I1: just the first halves of pairs are held back', () => {
    const shown = ['\ud7ff', '\ud800', '\udbff', '\udc00', '\udfff'].map((half) => readAll([`"${half}`]).read().value)
    expect(shown).toEqual(['\ud7ff', '', '', '\udc00', '\udfff'])
  })

  it('I1: a half that stays alone is shown as soon as that is known', () => {
    expect(readAll(['"\ud83d', 'x']).read().value).toBe('\ud83dx')
    expect(readAll(['"\\ud83d', '"']).read().value).toBe('\ud83d')
    expect(readAll(['"\ud83d', '\ud83d']).read().value).toBe('\ud83d')
    expect(readAll(['"\ude00']).read().value).toBe('\ude00')
  })

  it('I1: a string longer than any inner limit is the same whatever the chunks', () => {
    const text = JSON.stringify({ code: 'a😀\n"é'.repeat(5000) })
    for (const size of [1, 2, 3, 4095, 4096, 4097, text.length]) {
      expect(readAll(cut(text, [size])).read().value).toEqual(JSON.parse(text))
    }
  })
})

describe('the preview', () => {
  it('I6: it is what the longest readable beginning holds, at every point, and freezes at a fault', () => {
    assert(
      property(anyText, nat({ max: 60 }), (text, length) => {
        const beginning = text.slice(0, length)
        expect(read(beginning).value).toBe(expectedPreview(longestViable(beginning)))
      }),
      { numRuns: 800 },
    )
  })

  it('I6: it only grows: strings get longer, other values and keys stay', () => {
    assert(
      property(spacedJson, (text) => {
        const reader = new ToolInputReader(Infinity)
        let before: JsonValue | undefined
        for (const char of cut(text, [1])) {
          reader.feed(char)
          const { value } = reader.read()
          if (before !== undefined && !isGrown(before, value))
            throw new Error(`${JSON.stringify(before)} became ${JSON.stringify(value)}`)
          before = structuredClone(value)
        }
      }),
      RUNS,
    )
  })

  it.each([
    ['{', '{}'],
    ['{"a', '{}'],
    ['{"a"', '{}'],
    ['{"a":', '{}'],
    ['{"a":"', '{"a":""}'],
    ['{"a":"x\\', '{"a":"x"}'],
    ['{"a":"x\\u00e', '{"a":"x"}'],
    ['{"a":"x\\u00e4', '{"a":"xä"}'],
    ['{"a":[', '{"a":[]}'],
    ['{"a":{', '{"a":{}}'],
    ['{"a":1', '{}'],
    ['{"a":1,', '{"a":1}'],
    ['{"a":-0.5e+1 ', '{"a":-5}'],
    ['{"a":tru', '{}'],
    ['{"a":true', '{"a":true}'],
    ['[null', '[null]'],
    ['[1', '[]'],
    ['[1]', '[1]'],
  ])('I6: %s shows %s', (text, shown) => {
    expect(read(text).value).toBe(shown)
    expect(moment(readAll(text)).value).toBe(shown)
  })

  it.each(['', ' ', '-', '12', 't', 'nul'])('I6: %j shows nothing yet', (text) => {
    expect(readAll([text]).read()).toEqual({ value: undefined, isComplete: false })
  })

  it('I6: the last of two equal keys wins, in the place of the first', () => {
    const reader = readAll(['{"a":{"x":1},"b":2,"a":'])
    expect(reader.read().value).toEqual({ a: { x: 1 }, b: 2 })
    reader.feed('"')
    expect(reader.read().value).toEqual({ a: '', b: 2 })
    reader.feed('y"}')
    expect(JSON.stringify(reader.read().value)).toBe('{"a":"y","b":2}')
  })

  it('I6: inherited names are plain own keys, and no prototype is touched', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '__defineGetter__']
    const members = names.map((name) => `"${name}":{"polluted":"yes"},"${name}":{"polluted":"y`)
    const before = Reflect.ownKeys(Object.prototype)
    for (const member of members) {
      const value = readAll(`{${member}`).read().value
      expect(JSON.stringify(value)).toBe(`{${member.slice(member.indexOf(',') + 1)}"}}`)
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    }
    const whole = `{${names.map((name) => `"${name}":"${name}"`).join()}}`
    expect(moment(readAll(whole)).value).toBe(whole)
    expect(Reflect.ownKeys(Object.prototype)).toEqual(before)
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
  })

  it('I6: an own __proto__ key can be written, listed and deleted, as JSON.parse makes it', () => {
    const { value } = readAll(['{"__proto__":1}']).read()
    const flags = { value: 1, writable: true, enumerable: true, configurable: true }
    expect(Object.getOwnPropertyDescriptor(value, '__proto__')).toEqual(flags)
  })
})

describe('the verdict', () => {
  it('I6: complete is what JSON.parse accepts, invalid what no continuation saves, incomplete the rest', () => {
    assert(
      property(anyText, (text) => {
        const { verdict, isComplete } = read(text)
        expect(verdict).toBe(expectedVerdict(text))
        expect(isComplete).toBe(verdict === 'complete')
      }),
      { numRuns: 2000 },
    )
  })

  it('I6: every beginning of a valid text is viable', () => {
    assert(
      property(spacedJson, nat(), (text, length) => {
        expect(read(text.slice(0, length % (text.length + 1))).verdict).not.toBe('invalid')
      }),
      RUNS,
    )
  })

  const NUMBERS = [
    '01',
    '00',
    '-00',
    '-x',
    '1.e',
    '.5',
    '+1',
    '1e+x',
    '1e++',
    '1e+-',
    '1e1.',
    '0x1',
    '--1',
    '1.2.3',
    '1ee',
  ]
  const WORDS = ['truex', 'nulL', 'True', 'NaN', 'undefined', "'"]
  const OBJECTS = ['{,', '{"a",', '{"a":,', '{"a":1,}', '{"a" 1', '{a', "{'a", '{1', '{"a":1 "b"', '{"a":1]', '{"a"}']
  const ARRAYS = ['[,', '[1,]', '[1 2', '[1}', '[:', '["a":']
  const STRINGS = ['"\n', '"\u0000', '"\u001f', '"\\x', '"\\u00g', '"\\u-', '"\\U', '"\\u 123', '"\\\n']
  const AROUND = [']', '}', ',', ':', '{}{', '{} x', '[]]', '"a""', '"a" 1', '1 2', '// a', '/**/']
  const SPACES = ['\ufeff{}', '{}\ufeff', '\u00a0{}', '{}\u2028', '\f1', '\v1']

  it.each([...NUMBERS, ...WORDS, ...OBJECTS, ...ARRAYS, ...STRINGS, ...AROUND, ...SPACES])(
    'I6: %j is beyond saving',
    (text) => {
      expect(parses(text)).toBe(false)
      expect(read(text).verdict).toBe('invalid')
    },
  )

  it.each(['{"a":"x', '{"a":"x","b":[1,2', '[[', '{"a":tr', '{"a":"\ud83d', '{"a":"\\u12', '{"a":{"b":1'])(
    'I6: after a fault the value stays what it was: %j',
    (valid) => {
      const reader = readAll([valid])
      const before = moment(reader).value
      reader.feed('\u0001')
      reader.feed('"y"]}')
      reader.feed('more'.repeat(1000))
      expect(moment(reader)).toEqual({ verdict: 'invalid', isComplete: false, value: before })
    },
  )

  it('I6: garbage after a complete value makes it invalid, and the value stays', () => {
    const reader = readAll(['{"a":1} \n'])
    expect(reader.read()).toEqual({ value: { a: 1 }, isComplete: true })
    reader.feed('{')
    expect(reader.read()).toEqual({ value: { a: 1 }, isComplete: false })
    expect(reader.verdict).toBe('invalid')
  })

  it('I6: a number at the top level is known only when whitespace ends it', () => {
    const reader = readAll(['12'])
    expect(moment(reader)).toEqual({ verdict: 'incomplete', isComplete: false, value: undefined })
    reader.feed('3\n')
    expect(moment(reader)).toEqual({ verdict: 'complete', isComplete: true, value: '123' })
  })

  it('I6: numbers keep their value exactly', () => {
    const numbers = [
      '-0',
      '0.1',
      '1e400',
      '-1e-400',
      '5e-324',
      '9007199254740993',
      '1.7976931348623157e308',
      '1E5',
      '1.5E3',
      '0E1',
      '-0e-0',
      `1${'0'.repeat(400)}`,
    ]
    const { value } = readAll(`[${numbers.join()}]`).read()
    expect(value).toStrictEqual(numbers.map(Number))
    expect(value).toStrictEqual(JSON.parse(`[${numbers.join()}]`))
  })

  it('I6: one bracket more than the depth allows is invalid, and not shown', () => {
    expect(read('[{"a":[]}]', 3).verdict).toBe('complete')
    expect(read('[{"a":[', 2)).toEqual({ verdict: 'invalid', isComplete: false, value: '[{}]' })
    expect(read('[[],[],[[]]]', 3).verdict).toBe('complete')
    expect(read('"["', 0).verdict).toBe('complete')
    expect(read('[', 0)).toEqual({ verdict: 'invalid', isComplete: false, value: undefined })
  })
})

// Linear cost takes a fraction of a second here, quadratic cost minutes.
describe('the cost', { timeout: 20_000 }, () => {
  const giant = JSON.stringify({ code: 'lorem ipsum dolor sit amet, '.repeat(150_000) })
  const SHAPES: ReadonlyArray<readonly [shape: string, text: string]> = [
    ['one giant string', giant],
    ['escapes', JSON.stringify({ code: '\n\t"\\\u0001'.repeat(80_000) })],
    ['escaped surrogate pairs', `{"code":"${'\\ud83d\\ude00'.repeat(80_000)}"}`],
    [
      'many small objects',
      JSON.stringify(Array.from({ length: 25_000 }, (_, id) => ({ id, name: 'abcdefgh', ok: true }))),
    ],
    ['many keys', JSON.stringify(Object.fromEntries(Array.from({ length: 60_000 }, (_, id) => [`key${id}`, id])))],
    ['one key again and again', `{${'"a":"x",'.repeat(120_000)}"a":1}`],
    ['one giant key', `{"${'k'.repeat(1_000_000)}":"${'v'.repeat(1_000_000)}"}`],
    ['one giant number', `{"n":0.${'0'.repeat(1_000_000)}1}`],
    ['whitespace', `{"a":${' '.repeat(1_000_000)}1}`],
  ]

  it.each(SHAPES)('I10: %s in deltas of 20 characters, read after each, is right', (_, text) => {
    const reader = preview(text, 20)
    expect(reader.verdict).toBe('complete')
    expect(JSON.stringify(reader.read().value) === JSON.stringify(JSON.parse(text))).toBe(true)
  })

  it('I10: one character at a time is right', () => {
    const head = giant.slice(0, 1_000_000)
    const { value } = preview(head, 1).read()
    expect(isObject(value) && value['code'] === head.slice('{"code":"'.length)).toBe(true)
  })

  it('I10: deep nesting needs no stack', () => {
    const depth = 100_000
    const reader = preview('{"a":['.repeat(depth) + ']}'.repeat(depth), 20)
    expect(reader.verdict).toBe('complete')
    let { value } = reader.read()
    let levels = 0
    while (isObject(value)) {
      const inner: JsonValue | undefined = value['a']
      value = Array.isArray(inner) ? inner[0] : undefined
      levels++
    }
    expect(levels).toBe(depth)
  })
})

describe('the strict parse', () => {
  it.each(['', ' ', '\n\t\r ', 'null', ' null\n'])('I6: %j is a call without input', (text) => {
    expect(parseToolInput(text, 0)).toEqual({ state: 'object', input: {} })
  })

  it.each(['[]', '12', '"x"', 'true', 'false', '[{}]', ' "{}" ', '-0.5e1'])('I6: %j is not an object', (text) => {
    expect(parseToolInput(text, 8)).toEqual({ state: 'invalid', reason: 'not_an_object' })
  })

  it.each(['{', ' {"', '{"a":', '{"a":1', '{"a":"\\u12', '{"a":"\ud83d', '{"a":[{"b":nul', '{"a":-', '{"a":1,'])(
    'I6: %j is the beginning of an object',
    (text) => {
      expect(parseToolInput(text, 8)).toEqual({ state: 'incomplete' })
    },
  )

  it.each([
    'nul',
    't',
    '-',
    '[',
    '[1',
    '"x',
    '{]',
    '{"a":1}}',
    '{"a":1,}',
    '\ufeff{}',
    '\u00a0',
    '{} {',
    "{'a':1}",
    '12 x',
    '}',
  ])('I6: %j is not JSON', (text) => {
    expect(parseToolInput(text, 8)).toEqual({ state: 'invalid', reason: 'not_json' })
  })

  it('I6: any object is handed out as JSON.parse makes it, own __proto__ keys included', () => {
    assert(
      property(spacedJson, (text) => {
        const member = `{"__proto__":${text}}`
        const result = parseToolInput(member, Infinity)
        expect(result.state === 'object' && JSON.stringify(result.input)).toBe(JSON.stringify(JSON.parse(member)))
      }),
      RUNS,
    )
  })

  it('I6: for any text there is one verdict, and it agrees with the reader', () => {
    assert(
      property(anyText, nat({ max: 4 }), (text, maxDepth) => {
        expect(summary(text, maxDepth)).toBe(expectedSummary(text, maxDepth))
      }),
      { numRuns: 2000 },
    )
  })

  it('I6: depth counts the open brackets, not those inside strings', () => {
    const text = '{"a":[{"]}\\"[[[[":"[[[[\\\\"}]}'
    expect(parseToolInput(text, 3)).toEqual({ state: 'object', input: JSON.parse(text) })
    expect(parseToolInput(text, 2)).toEqual({ state: 'invalid', reason: 'too_deep' })
    expect(parseToolInput('{"a":[],"b":[],"c":{}}', 2).state).toBe('object')
    expect(parseToolInput('{}', 0)).toEqual({ state: 'invalid', reason: 'too_deep' })
  })

  it.each([
    ['{"a":{},"b":{},"c":{"d":1}}', 'object'],
    [String.raw`{"a":"\"[[[\\\"[[["}`, 'object'],
    [String.raw`{"a":"\\","b":[[1]]}`, 'too_deep'],
    ['{"a":1e999}', 'not_json'],
    ['{"a":null,"b":[{}]}', 'too_deep'],
    ['{"a":null,"b":["x",-1e999]}', 'not_json'],
  ])('I6: %s of two brackets at most is: %s', (text, verdict) => {
    expect(summary(text, 2)).toBe(verdict)
  })

  it('I6: a deeper value hidden by a later equal key counts too, as in the preview', () => {
    const text = '{"a":{"b":{}},"a":1}'
    expect(read(text, 2).verdict).toBe('invalid')
    expect(parseToolInput(text, 2)).toEqual({ state: 'invalid', reason: 'too_deep' })
    expect(parseToolInput(text, 3)).toEqual({ state: 'object', input: { a: 1 } })
  })

  it.each([
    ['[', ']', 'not_an_object', 'not_json'],
    ['{"a":', '}', 'too_deep', 'incomplete'],
    ['{"a":[', ']}', 'too_deep', 'incomplete'],
  ])('I6: 100000 times %s does not throw', (open, close, whole, half) => {
    const middle = open.endsWith(':') ? '1' : ''
    const opened = open.repeat(100_000) + middle
    expect(summary(opened + close.repeat(100_000), 64)).toBe(whole)
    expect(summary(opened, 64)).toBe(half)
  })
})

/** The longest beginning that some continuation makes valid. */
function longestViable(text: string): string {
  let length = text.length
  while (length > 0 && !parses(text.slice(0, length)) && continuation(text.slice(0, length)) === undefined) length--
  return text.slice(0, length)
}

function isGrown(before: JsonValue, after: JsonValue | undefined): boolean {
  if (typeof before === 'string') return typeof after === 'string' && after.startsWith(before)
  if (Array.isArray(before)) return Array.isArray(after) && before.every((item, index) => isGrown(item, after[index]))
  if (!isObject(before)) return Object.is(before, after)
  if (!isObject(after)) return false
  return Object.entries(before).every(([key, value]) => Object.hasOwn(after, key) && isGrown(value, after[key]))
}

/** Reads after each delta, as a live preview does. A cost that is not linear makes these tests run out of time. */
function preview(text: string, size: number): ToolInputReader {
  const reader = new ToolInputReader(Infinity)
  const first = new Set<unknown>()
  for (let at = 0; at < text.length; at += size) {
    reader.feed(text.slice(at, at + size))
    const { value } = reader.read()
    if (isObject(value) || Array.isArray(value)) first.add(value)
  }
  expect(first.size).toBe(1)
  return reader
}

function summary(text: string, maxDepth: number): string {
  const result = parseToolInput(text, maxDepth)
  return result.state === 'invalid' ? result.reason : result.state
}

function expectedSummary(text: string, maxDepth: number): string {
  if (text.replace(/[ \t\r\n]/g, '') === '') return 'object'
  if (!parses(text)) return /^[ \t\r\n]*\{/.test(text) && continuation(text) !== undefined ? 'incomplete' : 'not_json'
  const value: unknown = JSON.parse(text)
  if (value === null) return 'object'
  if (!isObject(value)) return 'not_an_object'
  return read(text, maxDepth).verdict === 'complete' ? 'object' : 'too_deep'
}
