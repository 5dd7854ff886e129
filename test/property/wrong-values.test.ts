/** Every field of every event of a stream, absent or of any other type: one honest message, and no call handed out twice. */
import { array, assert, boolean, constantFrom, jsonValue, nat, option, property, record } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Fold } from '../../src/fold.ts'
import { toNative } from '../../src/to-native.ts'
import type { JsonObject, JsonValue } from '../../src/json.ts'
import type { ContentBlock } from '../../src/message.ts'
import type { FoldOptions } from '../../src/options.ts'
import { callsIn, EOF } from '../support/folded.ts'
import { foldNaively } from '../support/naive-reader.ts'
import { runs } from '../support/operations.ts'
import { PLAIN, scriptWith, type BlockSpec } from '../support/script.ts'
import type { Wire } from '../support/wire.ts'
import { anthropicWire, chatWire, responsesWire } from '../support/wires.ts'

const TEXT = 'Hello'
const INPUT = { city: 'Oslo' }
const BLOCKS: readonly BlockSpec[] = [
  { kind: 'thinking', parts: ['Hm'], seal: 'c2ln' },
  { kind: 'text', text: TEXT, citations: [{ at: 5, citation: { url: 'https://example.com' } }] },
  { kind: 'call', by: 'client', id: 'call_1', name: 'get_weather', input: INPUT, sent: 'deltas' },
]
const MORE: Readonly<Partial<Record<Wire['dialect'], readonly BlockSpec[]>>> = {
  'openai-chat': [{ kind: 'refusal', text: 'No' }],
  'openai-responses': [
    { kind: 'refusal', text: 'No' },
    { kind: 'call', by: 'client', id: 'call_2', name: 'run', input: 'print(1)', sent: 'deltas' },
    { kind: 'result', callId: 'call_3', content: [1] },
  ],
}

/** What only this dialect has beside that. */
const OWN: Readonly<Partial<Record<Wire['dialect'], readonly JsonObject[]>>> = {
  'openai-chat': [
    { choices: [{ index: 0, delta: { function_call: { name: 'f', arguments: '{}' } }, logprobs: { content: [{}] } }] },
    { choices: [{ index: 0, delta: { audio: { id: 'a', data: 'AA', transcript: 'a', expires_at: 1 } } }] },
    { choices: [{ index: 1, delta: { role: 'assistant', content: [{ type: 'text', text: 'a' }] } }] },
    { choices: [{ index: 1, message: { role: 'assistant', content: 'a', tool_calls: [{ id: 'x' }] } }] },
    { choices: [{ index: 0, delta: { tool_calls: [{ id: 'y', function: { name: 'f', arguments: { a: 1 } } }] } }] },
  ],
  'openai-responses': [
    { type: 'response.web_search_call.searching', output_index: 9, item_id: 'ws_1' },
    { type: 'response.reasoning_text.delta', output_index: 10, content_index: 0, item_id: 'rs_1', delta: 'a' },
    { type: 'response.audio.delta', delta: 'AA' },
    { type: 'response.output_item.done', output_index: 11, item: { type: 'web_search_call', action: { query: 'a' } } },
    { type: 'response.image_generation_call.partial_image', partial_image_b64: 'AA', output_index: 12 },
  ],
}

function streamOf(wire: Wire): JsonValue[] {
  const blocks = [...BLOCKS, ...(MORE[wire.dialect] ?? [])]
  const sent = wire.write(scriptWith(blocks, wire.callsStop), { ...PLAIN, cuts: [3], isNumbered: true })
  const lastDelta = sent.findLastIndex(({ does }) => does === 'delta' || does === 'closing')
  const events = sent.map(({ event }) => event)
  return [...events.slice(0, lastDelta + 1), ...(OWN[wire.dialect] ?? []), ...events.slice(lastDelta + 1)]
}

/** Folds the events as objects, or as bytes, and expects what holds for any input. */
function fold(wire: Wire, events: readonly JsonValue[], asBytes = false, options: FoldOptions = {}) {
  const folding = new Fold({ ...options, dialect: wire.dialect })
  const live = asBytes
    ? [...folding.push(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''))]
    : events.flatMap((event) => folding.receive(event))
  live.push(...folding.end(EOF))
  const { messages } = folding
  expect(live.filter(({ type }) => type === 'message')).toHaveLength(messages.length)
  const calls = callsIn(live).map(({ key }) => key)
  expect(new Set(calls).size, 'calls handed out twice').toBe(calls.length)
  for (const message of messages) {
    // Names, ids and signatures that come after a reader was told have tests of their own.
    const seen = foldNaively(live.filter((event) => event.message === message.key))
    expect(seen.map(({ kind, text }) => [kind, text])).toEqual(message.content.map(toldOf))
    expect(JSON.parse(JSON.stringify(message))).toStrictEqual(message)
    expect(message.id).toMatch(/./)
    if (message.model !== undefined) expect(message.model).toMatch(/./)
    for (const count of Object.values(message.usage)) expect(count).toBeTypeOf('number')
    for (const block of message.content) if ('text' in block) expect(block.text).toBeTypeOf('string')
  }
  expect(() => toNative(messages)).not.toThrow()
  return { message: messages[0] ?? expect.fail('there is no message'), live }
}

function toldOf(block: ContentBlock): [kind: string, text: string] {
  return [block.type, block.type === 'tool_call' ? block.arguments : 'text' in block ? (block.text ?? '') : '']
}

const VALUES: readonly (JsonValue | undefined)[] = [
  undefined,
  null,
  0,
  -1,
  1.5,
  7,
  '',
  'x',
  true,
  false,
  [],
  [1],
  {},
  { a: 1 },
  [[]],
]

/** A third of them, another one in each turn: neighbours in an event are read alike. */
function someOf<T>(values: readonly T[], turn: number): readonly T[] {
  return values.filter((_, at) => (at + turn) % 3 === 0)
}

describe.each([anthropicWire, chatWire, responsesWire])(
  'a stream of $dialect with values of the wrong type',
  (wire) => {
    const valid = streamOf(wire)
    const textAt = valid.findIndex((event) => JSON.stringify(event).includes('"lo"'))

    it('is whole as it is', () => {
      const { message, live } = fold(wire, valid)
      expect(message.outcome).toEqual({ kind: 'complete' })
      expect(JSON.stringify(message.content)).toContain(`"text":"${TEXT}"`)
      expect(callsIn(live)).toContainEqual(expect.objectContaining({ id: 'call_1', input: INPUT }))
    })

    it.each(valid.map((event, at): [string, number] => [nameOf(event), at]))(
      '%s (event %i): gives one honest message',
      (_, at) => {
        for (const [turn, path] of pathsOf(valid[at] ?? null).entries()) {
          for (const value of someOf(VALUES, at + turn)) {
            const events = valid.map((event, index) => (index === at ? withValue(event, path, value) : event))
            const { message } = fold(wire, events, turn % 2 === 0)
            // What came before stays; a text in the place of another is a text, which may replace it.
            if (at > textAt && typeof value !== 'string') {
              expect(JSON.stringify(message.content), `${path.join('.')}: ${JSON.stringify(value)}`).toContain(TEXT)
            }
          }
        }
      },
    )

    it('I6: hands no call out of which it never said the name', () => {
      const nameless = valid.map((event) => withoutKey(event, 'name'))
      const { message, live } = fold(wire, nameless)
      expect(callsIn(live)).toEqual([])
      const called = message.content.filter((block) => block.type === 'tool_call' && block.id === 'call_1')
      expect(called).toMatchObject([{ name: '', arguments: JSON.stringify(INPUT) }])
    })

    it('whatever is changed in it: nothing is thrown, and there is one honest message', () => {
      const edits = array(
        record({
          at: nat({ max: valid.length - 1 }),
          path: nat(),
          value: option(jsonValue({ maxDepth: 3 }), { nil: undefined }),
          kind: constantFrom('set', 'set', 'set', 'drop', 'repeat', 'swap'),
        }),
        { minLength: 1, maxLength: 4 },
      )
      assert(
        property(edits, boolean(), boolean(), (all, asBytes, isEarly) => {
          const events = [...valid]
          for (const { at, path, value, kind } of all) {
            const place = at % events.length
            const event = events[place] ?? null
            const paths = pathsOf(event)
            if (kind === 'set') events[place] = withValue(event, paths[path % paths.length] ?? [], toJson(value))
            else if (kind === 'drop' && events.length > 1) events.splice(place, 1)
            else events.splice(kind === 'swap' ? 0 : place, 0, event)
          }
          fold(wire, events, asBytes, isEarly ? { toolCalls: 'early' } : {})
        }),
        runs(100),
      )
    })
  },
)

function nameOf(event: JsonValue): string {
  if (typeof event === 'string') return event
  if (typeof event !== 'object' || event === null || Array.isArray(event)) return 'no event'
  const { type, choices } = event
  const [choice] = Array.isArray(choices) ? choices : []
  return typeof type === 'string' ? type : JSON.stringify(choice ?? event).slice(0, 60)
}

function pathsOf(value: JsonValue): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [[]]
  return [[], ...Object.entries(value).flatMap(([key, item]) => pathsOf(item).map((path) => [key, ...path]))]
}

/** A copy with another value at a path; `undefined` takes the key away. */
function withValue(base: JsonValue, path: readonly string[], value: JsonValue | undefined): JsonValue {
  const [key, ...rest] = path
  if (key === undefined) return value ?? null
  if (typeof base !== 'object' || base === null) return base
  const entries = Object.entries(base).flatMap(([name, item]): [string, JsonValue][] => {
    if (name !== key) return [[name, item]]
    return rest.length === 0 && value === undefined ? [] : [[name, withValue(item, rest, value)]]
  })
  return Array.isArray(base) ? entries.map(([, item]) => item) : Object.fromEntries(entries)
}

/** A copy in which no object has that key. */
function withoutKey(value: JsonValue, key: string): JsonValue {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => withoutKey(item, key))
  const kept = Object.entries(value).filter(([name]) => name !== key)
  return Object.fromEntries(kept.map(([name, item]) => [name, withoutKey(item, key)]))
}

function toJson(value: unknown): JsonValue | undefined {
  const parsed: JsonValue | undefined = value === undefined ? undefined : JSON.parse(JSON.stringify(value))
  return parsed
}
