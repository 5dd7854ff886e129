/** Whatever a provider sends is data: nothing of it is thrown, and every message still comes once. */
import {
  array,
  assert,
  constantFrom,
  jsonValue,
  nat,
  oneof,
  option,
  property,
  record,
  type Arbitrary,
} from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Fold } from '../../src/fold.ts'
import { toNative } from '../../src/to-native.ts'
import { isObject, type JsonObject, type JsonValue } from '../../src/json.ts'
import type { AssistantMessage, ContentBlock } from '../../src/message.ts'
import type { FoldOptions } from '../../src/options.ts'
import type { TurnEvent } from '../../src/turn-event.ts'
import { callsIn } from '../support/folded.ts'
import { foldNaively } from '../support/naive-reader.ts'
import { runs } from '../support/operations.ts'
import { manner, PLAIN, scriptWith, type BlockSpec } from '../support/script.ts'
import { payloads, type Wire } from '../support/wire.ts'
import { WIRES } from '../support/wires.ts'

function deep(levels: number): JsonValue {
  let value: JsonValue = 1
  for (let level = 0; level < levels; level++) value = [value]
  return value
}

/** What no provider should send, and what one might. */
const WRONG: readonly JsonValue[] = [
  null,
  '',
  0,
  -1,
  1.5,
  7,
  1e9,
  2 ** 53,
  1e300,
  true,
  [],
  {},
  [null],
  '__proto__',
  'tool_use',
  '[DONE]',
  { ['__proto__']: 1 },
  deep(520),
  deep(600),
]
const odd: Arbitrary<JsonValue> = oneof(
  constantFrom(...WRONG),
  jsonValue({ maxDepth: 2 }).map((value): JsonValue => {
    const copy: JsonValue = JSON.parse(JSON.stringify(value))
    return copy
  }),
)

/** A value with one of its parts, chosen by a path of numbers, replaced, or left out if `by` is undefined. */
function damaged(value: JsonValue, path: readonly number[], by: JsonValue | undefined): JsonValue | undefined {
  const [at, ...rest] = path
  if (at === undefined) return by
  if (Array.isArray(value)) {
    if (value.length === 0) return by
    const own = damaged(value[at % value.length] ?? null, rest, by)
    return value.flatMap((item, index) => (index === at % value.length ? (own === undefined ? [] : [own]) : [item]))
  }
  if (!isObject(value)) return by
  const keys = Object.keys(value)
  const key = keys[at % Math.max(1, keys.length)]
  if (key === undefined) return by
  const part = damaged(value[key] ?? null, rest, by)
  const others = Object.entries(value).filter(([name]) => name !== key)
  return Object.fromEntries(part === undefined ? others : [...others, [key, part]])
}

const damage = array(
  record({ event: nat(), path: array(nat(9), { maxLength: 7 }), by: option(odd, { nil: undefined }) }),
  { minLength: 1, maxLength: 4 },
)

function foldOf(options: FoldOptions, feed: (fold: Fold) => readonly TurnEvent[]): { fold: Fold; live: TurnEvent[] } {
  const fold = new Fold(options)
  return { fold, live: [...feed(fold), ...fold.end({ kind: 'complete' })] }
}

function foldPushed(body: string, options: FoldOptions): AssistantMessage {
  const { fold } = foldOf(options, (own) => own.push(body))
  return fold.messages[0] ?? expect.fail('there is no message')
}

function textOf(block: ContentBlock): string {
  if (block.type === 'tool_call') return block.arguments
  return 'text' in block ? (block.text ?? '') : ''
}

function sse(...values: readonly unknown[]): string {
  return values.map((value) => `data: ${JSON.stringify(value)}\n\n`).join('')
}

/** What holds whatever was sent. */
function expectConsistent(fold: Fold, live: readonly TurnEvent[]): void {
  expect(live.filter(({ type }) => type === 'message')).toHaveLength(fold.messages.length)
  const calls = callsIn(live).map(({ key }) => key)
  expect(new Set(calls).size, 'calls handed out twice').toBe(calls.length)
  for (const message of fold.messages) {
    // The signature is left out: one that comes after its block was closed is in the message alone.
    const seen = foldNaively(live.filter((event) => event.message === message.key))
    expect(seen.map(({ kind, text }) => [kind, text])).toEqual(
      message.content.map((block) => [block.type, textOf(block)]),
    )
    expect(JSON.parse(JSON.stringify(message))).toStrictEqual(message)
    for (const count of Object.values(message.usage)) expect(count).toBeTypeOf('number')
    if (message.dialect !== 'unknown') expect(() => toNative(message)).not.toThrow()
  }
}

describe.each(WIRES)('a provider that sends anything in $dialect', (wire) => {
  const NAMED = { dialect: wire.dialect } as const

  it('never makes the fold throw, and every message comes once, plain and consistent', () => {
    assert(
      property(wire.script, manner, damage, (script, streamed, wounds) => {
        const events: (JsonValue | undefined)[] = payloads(wire.write(script, streamed))
        for (const { event, path, by } of wounds)
          events[event % events.length] = damaged(events[event % events.length] ?? null, path, by)
        for (const options of [NAMED, {}, { ...NAMED, many: true, raw: true }] satisfies FoldOptions[]) {
          const { fold, live } = foldOf(options, (own) => events.flatMap((event) => own.receive(event)))
          expectConsistent(fold, live)
        }
      }),
      runs(200),
    )
  })

  it('never makes the fold throw by values that are no events at all', () => {
    assert(
      property(array(odd, { maxLength: 12 }), (values) => {
        for (const options of [NAMED, {}] satisfies FoldOptions[]) {
          const { fold, live } = foldOf(options, (own) => values.flatMap((value) => own.receive(value)))
          expectConsistent(fold, live)
          expect(fold.messages).toHaveLength(1)
          expect(foldPushed(sse(...values), options).outcome.kind).toBe(fold.messages[0]?.outcome.kind)
        }
      }),
      runs(100),
    )
  })

  it('never makes the fold throw by a body that is cut and glued together', () => {
    const edits = array(
      record({ at: nat(), length: nat(40), by: constantFrom('', '\n', '\r', '}', '"', 'data:', '�') }),
      {
        minLength: 1,
        maxLength: 4,
      },
    )
    assert(
      property(wire.script, manner, edits, (script, streamed, all) => {
        let body = payloads(wire.write(script, streamed))
          .map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`)
          .join('')
        for (const { at, length, by } of all) {
          const from = at % (body.length + 1)
          body = body.slice(0, from) + by + body.slice(from + length)
        }
        const { fold, live } = foldOf(NAMED, (own) => own.push(body))
        expectConsistent(fold, live)
      }),
      runs(100),
    )
  })

  it.each<[string, (error: JsonObject) => string]>([
    ['an error event', (error) => sse(...start(wire), withDeep(wire.error, error))],
    ['an error line', (error) => `error: ${JSON.stringify({ error })}\n\n`],
    ['a body', (error) => JSON.stringify({ error })],
  ])('I5: is failed by an error that is nested too deep, in %s', (_, body) => {
    const text = body({ message: 'Overloaded', more: deep(600) })
    for (const options of [NAMED, {}]) {
      expect(foldPushed(text, options).outcome).toMatchObject({ kind: 'failed', error: { message: 'Overloaded' } })
    }
  })

  it('gives plain JSON also where a number of the arguments is larger than a number can be', () => {
    const message = foldPushed(
      bodyOf(wire, { kind: 'call', by: 'client', id: 'c', name: 'f', input: { a: 'BIG' }, sent: 'deltas' }).replaceAll(
        '\\"BIG\\"',
        '-1e999',
      ),
      NAMED,
    )
    expect(message.content).toMatchObject([{ type: 'tool_call', state: 'invalid' }])
    expect(JSON.parse(JSON.stringify(message))).toStrictEqual(message)
  })

  it('keeps names that every object has as plain data, in arguments and elsewhere', () => {
    const input: JsonObject = JSON.parse('{"__proto__":{"polluted":true},"constructor":1}')
    const message = foldPushed(
      bodyOf(wire, { kind: 'call', by: 'client', id: '__proto__', name: 'constructor', input, sent: 'deltas' }),
      NAMED,
    )
    expect(message.content).toMatchObject([{ id: '__proto__', name: 'constructor', state: 'complete' }])
    expect(JSON.stringify(message.content)).toContain('"input":{"__proto__":{"polluted":true},"constructor":1}')
    expect(JSON.stringify(toNative(message))).toContain('__proto__')
    expect('polluted' in {}).toBe(false)
  })

  it('I4: loses no citation silently that is nested too deep', () => {
    const cited = { kind: 'text', text: 'a', citations: [{ at: 1, citation: { BIG: 1 } }] } as const
    const message = foldPushed(bodyOf(wire, cited).replaceAll('"BIG":1', `"BIG":${JSON.stringify(deep(600))}`), NAMED)
    expect(message.anomalies.map(({ kind }) => kind)).toContain('malformed_event')
  })

  it('I10: holds no more than 8 events until one shows the dialect', () => {
    const message = foldPushed(`${'data: {no\n\n'.repeat(20)}${sse(...start(wire))}`, {})
    expect(message).toMatchObject({ dialect: 'unknown', outcome: { kind: 'failed' } })
  })
})

/** The first event of a stream. */
function start(wire: Wire): JsonValue[] {
  return payloads(wire.write(scriptWith([]), PLAIN)).slice(0, 1)
}

/** An error event of the dialect with another error in it. */
function withDeep(event: JsonObject, error: JsonObject): JsonObject {
  return isObject(event['error']) ? { ...event, error } : { ...event, ...error }
}

function bodyOf(wire: Wire, block: BlockSpec): string {
  return payloads(wire.write({ ...scriptWith([block]), stop: wire.callsStop }, PLAIN))
    .map((event) => (typeof event === 'string' ? `data: ${event}\n\n` : sse(event)))
    .join('')
}
