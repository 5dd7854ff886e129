/** Claude Code's records with any field absent or of another type, and streams of them that never end. */
import { describe, expect, it } from 'vitest'
import { Fold } from '../../src/fold.ts'
import { isObject, wordOf, type JsonObject, type JsonValue } from '../../src/json.ts'
import { toNative } from '../../src/to-native.ts'
import {
  assistant,
  block,
  call,
  clean,
  foldRecords,
  INIT,
  message,
  result,
  SESSION,
  start,
  streamed,
  text,
  thinking,
  toolResult,
  user,
} from '../dialects/claude-code-records.ts'

const TASK = { parent_tool_use_id: 'toolu_1' }
const VALID: readonly JsonObject[] = [
  INIT,
  ...message('msg_1', [thinking('Hm'), text('Hello'), call('toolu_1')], 'tool_use', 4),
  assistant('msg_a', [text('Sub')], TASK),
  toolResult('toolu_x', TASK),
  { type: 'system', subtype: 'task_notification', tool_use_id: 'toolu_1', status: 'completed', ...SESSION },
  toolResult('toolu_1'),
  assistant('msg_2', [text('More'), call('toolu_2')]),
  user([text('Go on')], { isSynthetic: true }),
  streamed(start('msg_3')),
  ...block(0, text('Half'))
    .slice(0, 2)
    .map((one) => streamed(one)),
  streamed({ type: 'message_stop' }, { abandoned_blocks: { from_block_index: 0 } }),
  assistant('a-uuid', [text('API Error')], { error: 'overloaded', api_error_status: 529, request_id: 'req_1' }),
  result({ is_error: true, errors: ['no'] }),
]

const VALUES: readonly (JsonValue | undefined)[] = [undefined, null, 0, 7, '', 'x', true, [], [1], [[]], {}, { a: 1 }]

function pathsOf(value: JsonValue, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([key, item]) => pathsOf(item, [...path, key]))]
}

function withValue(base: JsonValue, [key, ...rest]: readonly string[], value: JsonValue | undefined): JsonValue {
  if (key === undefined) return value ?? null
  if (Array.isArray(base)) return base.map((item, at) => (String(at) === key ? withValue(item, rest, value) : item))
  if (!isObject(base)) return base
  if (rest.length === 0 && value === undefined) {
    return Object.fromEntries(Object.entries(base).filter(([name]) => name !== key))
  }
  return { ...base, [key]: withValue(base[key] ?? null, rest, value) }
}

describe('a stream of Claude Code with values of the wrong type', () => {
  const whole = foldRecords(VALID).messages

  it('is what it says as it is', () => {
    expect(whole.map(({ id, outcome }) => `${id} ${outcome.kind}`)).toEqual([
      'msg_1 complete',
      'msg_a complete',
      'msg_2 complete',
      'msg_3 failed',
      'a-uuid failed',
    ])
  })

  it.each(VALID.map((record, at): [string, number] => [wordOf(record['type']), at]))(
    'I4: %s (record %i): loses nothing of the messages before it, and hands out no call',
    (_, at) => {
      const before = foldRecords([...VALID.slice(0, at), result()]).messages
      const done = before.slice(
        0,
        whole.findIndex((_one, index) => before[index]?.outcome.kind !== 'complete'),
      )
      for (const [turn, path] of pathsOf(VALID[at] ?? null)
        .slice(1)
        .entries()) {
        for (const value of VALUES.filter((_value, index) => (index + turn) % 3 === 0)) {
          const records = VALID.map((record, index) => (index === at ? withValue(record, path, value) : record))
          const { messages } = foldRecords(records, {}, true)
          expect(() => toNative(messages)).not.toThrow()
          const about = `${path.join('.')}: ${JSON.stringify(value)}`
          for (const one of done.slice(0, -1)) {
            const found = messages.find(({ id }) => id === one.id)
            expect(found === undefined ? undefined : clean(found), about).toEqual(clean(one))
          }
        }
      }
    },
  )

  it('I4: __proto__ as an id, a name, a parent and a field is a name like any other', () => {
    const odd: JsonValue = JSON.parse(
      JSON.stringify([
        assistant('__proto__', [call('__proto__')], { parent_tool_use_id: '__proto__', uuid: '__proto__' }),
        toolResult('__proto__'),
        result(),
      ]).replaceAll('"timestamp"', '"__proto__"'),
    )
    const { messages } = foldRecords([INIT, ...(Array.isArray(odd) ? odd : [])])
    expect(messages.find(({ id }) => id === '__proto__')).toMatchObject({ outcome: { kind: 'complete' } })
    expect(Object.hasOwn(Object.prototype, 'onefold')).toBe(false)
  })

  it('I4: what is nested too deep is malformed, and mixes no messages', () => {
    let deep: JsonValue = []
    for (let level = 0; level < 2000; level += 1) deep = [deep]
    const odd = [
      assistant('msg_9', [text('Deep')], { deep }),
      streamed({ ...start('msg_8'), deep }, { deep }),
      { ...user('Hi'), deep },
      result({ deep }),
      assistant('msg_9', [{ ...call('toolu_9'), input: { deep } }]),
    ]
    for (const one of odd) {
      const { messages } = foldRecords([
        INIT,
        assistant('msg_1', [text('Hello')]),
        one,
        assistant('msg_2', [text('Next')]),
        result(),
      ])
      const contents = messages.map(({ id, content }) => [id, content.length])
      expect(contents).toEqual([
        ['msg_1', 1],
        ['msg_2', 1],
      ])
    }
  })
})

/** Shapes of a stream that could go on without end. */
const SHAPES: Readonly<Record<string, (long: string, at: number) => readonly JsonObject[]>> = {
  'records of one message': (long) => [assistant('msg_1', [text(long)])],
  'records without a block': (long) => [assistant('msg_1', [], { uuid: `${long}${Math.random()}` })],
  'facts around records': (long, at) => [assistant('msg_1', [], { [`field ${at}`]: long })],
  'deltas of one message': (long) => [
    streamed({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: long } }),
  ],
  'blocks with long names': (long, at) => [
    streamed({ type: 'content_block_start', index: `${at}${long}`, content_block: { type: 'text', text: '' } }),
  ],
  'lanes with long names': (long, at) => [assistant(`msg_${at}`, [text('Hi')], { parent_tool_use_id: `${at}${long}` })],
  lanes: (long, at) => [assistant(`msg_${at}`, [text(long)], { parent_tool_use_id: `toolu_${at}` })],
  'stray ends of lanes': (_, at) => [streamed({ type: 'message_stop' }, { parent_tool_use_id: `toolu_${at}` })],
  'tool results': (long, at) => [toolResult(`${at}${long}`)],
  results: (long) => [result({ result: long })],
  'records that nobody knows': (long, at) => [{ type: `telepathy ${at}`, text: long, ...SESSION }],
}

describe.each(Object.entries(SHAPES))('endless %s', (_, shape) => {
  it('I10: take linear time, and hold no more than the limits allow', () => {
    const limits = { messageLength: 200_000, messages: 50 }
    const fold = new Fold({ dialect: 'claude-code', limits }, { isLive: false })
    fold.receive(streamed(start('msg_1')))
    const long = 'x'.repeat(1000)
    for (let at = 0; at < 20_000 && !fold.isTerminal; at += 1) {
      for (const record of shape(`${at}${long}`, at)) fold.receive(record)
    }
    fold.end({ kind: 'complete' })
    const size = JSON.stringify(fold.messages).length
    expect(size).toBeLessThan(2 * (limits.messages + 1) * limits.messageLength)
  })
})
