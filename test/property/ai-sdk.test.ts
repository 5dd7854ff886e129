/** The AI SDK's streams made by rule: what the SDK's own reader makes of them, cut anywhere, sent again from the start, with anything in any field. */
import {
  array,
  assert,
  asyncProperty,
  boolean,
  constantFrom,
  integer,
  jsonValue,
  nat,
  option,
  property,
  record,
} from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Fold } from '../../src/fold.ts'
import type { JsonObject, JsonValue } from '../../src/json.ts'
import type { Dialect } from '../../src/message.ts'
import { toNative } from '../../src/to-native.ts'
import { accumulated, play } from '../support/ai-sdk-player.mjs'
import { all, asJson, PLAYS } from '../support/ai-sdk.ts'
import { asBytes, asEvents, meaning, sse } from '../support/ai-sdk-streams.ts'
import { callsIn, EOF } from '../support/folded.ts'
import { foldNaively } from '../support/naive-reader.ts'
import { runs } from '../support/operations.ts'

const PARTS = ['text', 'reasoning', 'call', 'data', 'source', 'file'] as const
const ANSWERS = ['none', 'output', 'error', 'denied', 'approval', 'refused'] as const

/** Without keys that mean something to JavaScript: the SDK's reader drops them. */
const value = jsonValue({ maxDepth: 2 })
  .filter((one) => !JSON.stringify(one).includes('__'))
  .map(asJson)

const part = record({
  kind: constantFrom(...PARTS),
  /** Of texts and reasoning; data parts have one of few. */
  id: nat(3),
  deltas: array(constantFrom('a', 'Ha', 'Ha', '🙂', ' "x"\n'), { maxLength: 4 }),
  meta: option(record({ p: record({ signature: constantFrom('s1', 's2') }) }), { nil: undefined }),
  isEnded: boolean(),
  value,
  streams: boolean(),
  isDynamic: boolean(),
  isPreliminary: boolean(),
  answer: constantFrom(...ANSWERS),
})
type Part = typeof part extends { generate(...args: never): { value: infer T } } ? T : never

const message = record({
  hasId: boolean(),
  metadata: array(
    record({ a: integer({ min: 1 }), deep: record({ b: integer({ min: 1 }), c: constantFrom('x', 'y') }) }),
    {
      maxLength: 3,
    },
  ),
  steps: array(array(part, { maxLength: 5 }), { minLength: 1, maxLength: 3 }),
  finishReason: constantFrom('stop', 'tool-calls', 'length', undefined),
})

function chunksOf({ kind, id, deltas, meta, isEnded, value: given, ...call }: Part, name: string): JsonObject[] {
  const metadata = meta === undefined ? {} : { providerMetadata: meta }
  switch (kind) {
    case 'text':
    case 'reasoning': {
      const named = `${kind}-${id}`
      return [
        { type: `${kind}-start`, id: named, ...metadata },
        ...deltas.map((delta) => ({ type: `${kind}-delta`, id: named, delta })),
        // One that does not end is left open to the end of its step, and none other has its name.
        ...(isEnded ? [{ type: `${kind}-end`, id: named, ...metadata }] : []),
      ]
    }
    case 'data':
      return [{ type: `data-${id}`, ...(id === 0 ? {} : { id: String(id) }), data: given }]
    case 'source':
      return [{ type: 'source-url', sourceId: name, url: 'https://example.org', ...metadata }]
    case 'file':
      return [
        {
          type: 'file',
          url: isEnded ? 'data:image/png;base64,AQI=' : 'https://example.org/a.png',
          mediaType: 'image/png',
        },
      ]
    case 'call':
      return callOf({ ...call, given, metadata, deltas }, name)
    default: {
      const never: never = kind
      return never
    }
  }
}

function callOf(
  {
    given,
    metadata,
    streams,
    isDynamic,
    isPreliminary,
    answer,
  }: Pick<Part, 'streams' | 'isDynamic' | 'isPreliminary' | 'answer' | 'deltas'> & {
    given: JsonValue
    metadata: JsonObject
  },
  toolCallId: string,
): JsonObject[] {
  const input: JsonObject = { given }
  const named: JsonObject = { toolCallId, toolName: 'ask', ...(isDynamic ? { dynamic: true } : {}) }
  const written = answer === 'refused' ? '{"a":' : JSON.stringify(input, undefined, 1)
  const half = Math.floor(written.length / 2)
  const streamed: JsonObject[] = streams
    ? [
        { type: 'tool-input-start', ...named },
        { type: 'tool-input-delta', toolCallId, inputTextDelta: written.slice(0, half) },
        { type: 'tool-input-delta', toolCallId, inputTextDelta: written.slice(half) },
      ]
    : []
  const errorText = 'no'
  if (answer === 'refused') {
    return [...streamed, { type: 'tool-input-error', ...named, input: written, errorText, ...metadata }]
  }
  const whole: JsonObject = { type: 'tool-input-available', ...named, input, ...metadata }
  const preliminary: JsonObject[] = isPreliminary
    ? [{ type: 'tool-output-available', toolCallId, output: 'half', preliminary: true }]
    : []
  const rows: Readonly<Record<Exclude<typeof answer, 'refused'>, JsonObject[]>> = {
    none: [],
    output: [...preliminary, { type: 'tool-output-available', toolCallId, output: given, ...metadata }],
    error: [...preliminary, { type: 'tool-output-error', toolCallId, errorText }],
    denied: [{ type: 'tool-output-denied', toolCallId }],
    approval: [{ type: 'tool-approval-request', approvalId: `a${toolCallId}`, toolCallId }],
  }
  return [...streamed, whole, ...rows[answer]]
}

type Message = typeof message extends { generate(...args: never): { value: infer T } } ? T : never

function streamOf({ hasId, metadata, steps, finishReason }: Message): JsonObject[] {
  const [first, ...later] = metadata
  return [
    {
      type: 'start',
      ...(hasId ? { messageId: 'msg_1' } : {}),
      ...(first === undefined ? {} : { messageMetadata: first }),
    },
    ...steps.flatMap((parts, step) => [
      { type: 'start-step' },
      ...parts.flatMap((one, at) => chunksOf(one, `${step}-${at}`)),
      { type: 'finish-step' },
    ]),
    ...later.map((messageMetadata) => ({ type: 'message-metadata', messageMetadata })),
    { type: 'finish', ...(finishReason === undefined ? {} : { finishReason }) },
  ]
}

/** Two of a name that are open at once are one for us and two for the SDK. */
function hasTwoOpen(chunks: readonly JsonObject[]): boolean {
  const open = new Set<unknown>()
  return chunks.some(({ type, id }) => {
    if (type === 'finish-step') open.clear()
    if (type === 'text-end' || type === 'reasoning-end') open.delete(id)
    if (type !== 'text-start' && type !== 'reasoning-start') return false
    const isSecond = open.has(id)
    open.add(id)
    return isSecond
  })
}

const stream = message.map(streamOf).filter((chunks) => !hasTwoOpen(chunks))

describe('UI message streams made by rule', () => {
  it('I7: are what the SDK’s own reader has, wherever they are cut, apart from input that was cut', async () => {
    await assert(
      asyncProperty(stream, nat(), async (chunks, at) => {
        const sent = chunks.slice(0, 1 + (at % chunks.length))
        // Its reader shows a step only with what follows it; the same start once more makes it show what it has.
        const { messageId = '' } = sent[0] ?? {}
        const expected = await accumulated([...structuredClone(sent), { type: 'start', messageId }])
        expect(expected.errors).toEqual([])
        const { message: read } = asEvents('ai-sdk-ui', sent)
        const isCut = read.content.some((block) => block.type === 'tool_call' && block.state === 'partial')
        if (isCut) return
        expect(asJson(toNative(read))).toEqual(expected.message)
      }),
      runs(300),
    )
  })

  it('I1: are the same however their bytes are cut', () => {
    const sizes = integer({ min: 1, max: 40 })
    assert(
      property(stream, sizes, (chunks, size) => {
        const body = sse([...chunks, '[DONE]'])
        expect(asBytes('ai-sdk-ui', body, size)).toEqual(asBytes('ai-sdk-ui', body, body.length * 4))
      }),
      runs(100),
    )
  })

  it('I3: are the same when any beginning of them is sent again from the start', () => {
    assert(
      property(stream, nat(), (chunks, at) => {
        const named = [{ ...chunks[0], messageId: 'msg_1' }, ...chunks.slice(1)]
        const clean = asEvents('ai-sdk-ui', named)
        const again = asEvents('ai-sdk-ui', [...named.slice(0, at % (named.length + 1)), ...named])
        expect(again.messages.map(meaning)).toEqual(clean.messages.map(meaning))
        expect(again.calls).toEqual(clean.calls)
      }),
      runs(300),
    )
  })

  it('I5: are complete only with their finish, and hand no call out before it', () => {
    assert(
      property(stream, nat(), (chunks, at) => {
        const sent = chunks.slice(0, at % chunks.length)
        const { message: read, calls } = asEvents('ai-sdk-ui', sent)
        expect(read.outcome.kind).not.toBe('complete')
        expect(calls).toEqual([])
      }),
      runs(100),
    )
  })
})

const VALUES: readonly unknown[] = [
  undefined,
  null,
  '',
  'x',
  0,
  -1,
  1e21,
  Number.NaN,
  true,
  [],
  [[]],
  ['x', null],
  {},
  { type: 'text' },
  JSON.parse('{"__proto__":{"a":1}}'),
  nested(600),
]

/** Fields that an earlier stream had too. */
const TRIED = new Set<string>()

function nested(depth: number): unknown {
  let made: unknown = 1
  for (let at = 0; at < depth; at += 1) made = [made]
  return made
}

function asObject(given: unknown): object {
  return typeof given === 'object' && given !== null ? given : expect.fail('it is no object')
}

/** Whatever comes: honest messages, which are plain JSON also in the SDK's form, and no call twice. */
function expectHonest(dialect: Dialect, events: readonly object[]): void {
  const fold = new Fold({ dialect })
  const live = events.flatMap((event) => fold.receive(event))
  live.push(...fold.end(EOF))
  for (const one of fold.messages) {
    expect(foldNaively(live.filter(({ message: key }) => key === one.key))).toHaveLength(one.content.length)
    const native = toNative(one)
    expect(toNative(JSON.parse(JSON.stringify(one)))).toEqual(native)
    expect(JSON.parse(JSON.stringify(native))).toEqual(native)
  }
  const calls = callsIn(live).map(({ key }) => key)
  expect(new Set(calls).size).toBe(calls.length)
}

describe('anything in any field of a stream of the AI SDK', () => {
  it.each(PLAYS)('I4: is survived: $name', async (row) => {
    const streams: readonly (readonly [Dialect, readonly object[]])[] = [
      ['ai-sdk', await all(play(row).fullStream)],
      ['ai-sdk-ui', await all(play(row).toUIMessageStream({ sendSources: true }))],
    ]
    for (const [dialect, events] of streams) {
      for (const [at, event] of events.entries()) {
        for (const name of [...Object.keys(event), 'type', 'providerMetadata']) {
          const field = `${dialect} ${'type' in event ? String(event.type) : ''} ${name}`
          for (const other of TRIED.has(field) ? [] : VALUES) {
            expectHonest(dialect, [...events.slice(0, at), { ...event, [name]: other }, ...events.slice(at + 1)])
          }
          TRIED.add(field)
        }
      }
    }
  })

  it('I4: is survived in the place of whole events', () => {
    const values = array(
      jsonValue().filter((one) => typeof one === 'object' && one !== null),
      { maxLength: 5 },
    )
    assert(
      property(values, (events) => {
        for (const dialect of ['ai-sdk', 'ai-sdk-ui'] as const) {
          expectHonest(dialect, events.map(asObject))
        }
      }),
      runs(100),
    )
  })
})
