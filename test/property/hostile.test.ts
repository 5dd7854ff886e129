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
import { Fold, toNative } from '../../src/fold.ts'
import type { FoldOptions } from '../../src/options.ts'
import { isObject, type JsonValue } from '../../src/json.ts'
import type { AssistantMessage, ContentBlock } from '../../src/message.ts'
import { eventsOf, manner, messageSpec } from '../support/anthropic-events.ts'
import { foldNaively } from '../support/naive-reader.ts'
import { runs } from '../support/operations.ts'

const NAMED = { dialect: 'anthropic-messages' } as const
const START = { type: 'message_start', message: { id: 'msg_1', role: 'assistant', content: [] } }

function deep(levels: number): JsonValue {
  let value: JsonValue = 1
  for (let level = 0; level < levels; level++) value = [value]
  return value
}

function foldPushed(body: string, options: FoldOptions = NAMED): AssistantMessage {
  const fold = new Fold(options)
  fold.push(body)
  fold.end({ kind: 'complete' })
  return fold.messages[0] ?? expect.fail('there is no message')
}

function textOf(block: ContentBlock): string {
  if (block.type === 'tool_call') return block.arguments
  return 'text' in block ? (block.text ?? '') : ''
}

function sse(...payloads: readonly unknown[]): string {
  return payloads.map((payload) => `data: ${JSON.stringify(payload)}\n\n`).join('')
}

const odd: Arbitrary<JsonValue> = oneof(
  constantFrom<JsonValue>(null, '', 0, -1, 1e300, true, [], {}, '__proto__', 'tool_use', deep(520), deep(600), {
    ['__proto__']: 1,
  }),
  jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)) as JsonValue),
)

/** A value with one of its parts, chosen by a path of numbers, replaced, or left out if `by` is undefined. */
function damaged(value: JsonValue, path: readonly number[], by: JsonValue | undefined): JsonValue | undefined {
  const [at, ...rest] = path
  if (at === undefined || !isObject(value)) return by
  const keys = Object.keys(value)
  const key = keys[at % Math.max(1, keys.length)]
  if (key === undefined) return by
  const part = damaged(value[key] ?? null, rest, by)
  const others = Object.entries(value).filter(([name]) => name !== key)
  return Object.fromEntries(part === undefined ? others : [...others, [key, part]])
}

const damage = array(
  record({ event: nat(), path: array(nat(9), { maxLength: 4 }), by: option(odd, { nil: undefined }) }),
  { minLength: 1, maxLength: 4 },
)

describe('a provider that sends anything', () => {
  it('never makes the fold throw, and every message comes once, plain and consistent', () => {
    assert(
      property(messageSpec, manner, damage, (spec, streamed, wounds) => {
        const events: (JsonValue | undefined)[] = eventsOf(spec, streamed)
        for (const { event, path, by } of wounds)
          events[event % events.length] = damaged(events[event % events.length] ?? null, path, by)
        for (const options of [NAMED, {}, { ...NAMED, many: true, raw: true }] satisfies FoldOptions[]) {
          const fold = new Fold(options)
          const live = [...events.flatMap((event) => fold.receive(event)), ...fold.end({ kind: 'complete' })]
          expect(live.filter(({ type }) => type === 'message')).toHaveLength(fold.messages.length)
          for (const message of fold.messages) {
            // The signature is left out: one that comes after its block was closed is in the message alone.
            const seen = foldNaively(live.filter((event) => event.message === message.key))
            expect(seen.map(({ kind, text }) => [kind, text])).toEqual(
              message.content.map((block) => [block.type, textOf(block)]),
            )
            expect(JSON.parse(JSON.stringify(message))).toStrictEqual(message)
            if (message.dialect !== 'unknown') toNative(message)
          }
        }
      }),
      runs(300),
    )
  })

  it('never makes the fold throw by values that are no events at all', () => {
    assert(
      property(array(odd, { maxLength: 12 }), (payloads) => {
        for (const options of [NAMED, {}] satisfies FoldOptions[]) {
          const fold = new Fold(options)
          for (const payload of payloads) fold.receive(payload)
          fold.end({ kind: 'complete' })
          expect(fold.messages).toHaveLength(1)
          expect(foldPushed(sse(...payloads), options).outcome.kind).toBe(fold.messages[0]?.outcome.kind)
        }
      }),
      runs(300),
    )
  })

  it.each<[string, string]>([
    [
      'an error event',
      sse(START, { type: 'error', error: { type: 'overloaded_error', message: 'busy', more: deep(600) } }),
    ],
    ['an error line', `error: ${JSON.stringify({ error: { message: 'busy', more: deep(600) } })}\n\n`],
    ['a body', JSON.stringify({ error: { message: 'busy', more: deep(600) } })],
  ])('I5: is failed by an error that is nested too deep, in %s', (_, body) => {
    for (const options of [NAMED, {}]) {
      expect(foldPushed(body, options).outcome).toMatchObject({ kind: 'failed', error: { message: 'busy' } })
    }
  })

  it('gives plain JSON also where a number of the arguments is larger than a number can be', () => {
    const callStart = {
      type: 'content_block_start',
      index: 0,
      content_block: { type: 'tool_use', id: 'toolu_1', name: 'f', input: {} },
    }
    const delta = {
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'input_json_delta', partial_json: '{"a":-1e999}' },
    }
    const message = foldPushed(sse(START, callStart, delta, { type: 'content_block_stop', index: 0 }))
    expect(JSON.parse(JSON.stringify(message))).toStrictEqual(message)
  })

  it('I4: loses no citation silently that is nested too deep', () => {
    const delta = { type: 'content_block_delta', index: 0, delta: { type: 'citations_delta', citation: deep(600) } }
    const message = foldPushed(
      sse(START, { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }, delta),
    )
    expect(message.anomalies.map(({ kind }) => kind)).toContain('malformed_event')
  })

  it('I4: loses no citation silently that comes for a block of an unknown type', () => {
    const delta = {
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'citations_delta', citation: { cited_text: 'found nowhere else' } },
    }
    const message = foldPushed(
      sse(START, { type: 'content_block_start', index: 0, content_block: { type: 'hologram' } }, delta),
    )
    expect(JSON.stringify(message)).toContain('found nowhere else')
  })

  it('I10: holds no more than 8 events until one shows the dialect', () => {
    const message = foldPushed(`${'data: {no\n\n'.repeat(20)}${sse(START)}`, {})
    expect(message).toMatchObject({ dialect: 'unknown', outcome: { kind: 'failed' } })
  })
})
