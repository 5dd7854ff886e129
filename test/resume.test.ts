/** Streams that go on where another one broke off, as servers and proxies do it: with ids of their own, with overlaps, with pieces missing. */
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../src/json.ts'
import type { AssistantMessage } from '../src/message.ts'
import type { AssembleOptions } from '../src/shell-options.ts'
import { assemble } from '../src/turn.ts'
import { FakeClock } from './support/fake-clock.ts'
import { opener, sse, streamOf, type StreamEnd } from './support/streams.ts'

interface Resumed {
  readonly message: AssistantMessage
  readonly calls: readonly unknown[]
  readonly cursors: readonly unknown[]
}

type Piece = readonly [event: JsonObject, id?: string | number]

/** Plays the streams, of which all but the last break off; time passes by itself. */
async function resumed(streams: readonly (readonly Piece[])[], options: AssembleOptions = {}): Promise<Resumed> {
  const answers = streams.map((pieces, at) => {
    const end: StreamEnd = at === streams.length - 1 ? 'eof' : 'reset'
    return () =>
      streamOf(
        pieces.map(([event, id]) => sse(event, id === undefined ? undefined : String(id))),
        end,
      ).body
  })
  const { open, attempts } = opener(...answers)
  const clock = new FakeClock()
  const calls: unknown[] = []
  const turn = assemble(open, { attempts: streams.length, clock, random: () => 0, ...options })
  turn.on('tool_call', ({ call }) => calls.push([call.name, call.input]))
  await clock.advance(60_000)
  return { message: await turn.message(), calls, cursors: attempts.map(({ cursor }) => cursor) }
}

const kindsOf = ({ anomalies }: AssistantMessage): string[] => anomalies.map(({ kind }) => kind)
const textsOf = ({ content }: AssistantMessage): unknown[] =>
  content.map((block) => (block.type === 'tool_call' ? block.arguments : 'text' in block ? block.text : undefined))

describe('by the ids of the events', () => {
  const start = (id: string): JsonObject => ({ type: 'message_start', message: { id, content: [], usage: {} } })
  const call: JsonObject = {
    type: 'content_block_start',
    index: 0,
    content_block: { type: 'tool_use', id: 't', name: 'send', input: {} },
  }
  const args = (piece: string): JsonObject => ({
    type: 'content_block_delta',
    index: 0,
    delta: { type: 'input_json_delta', partial_json: piece },
  })
  const TEXT: JsonObject = { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }
  const say = (piece: string): JsonObject => ({
    type: 'content_block_delta',
    index: 0,
    delta: { type: 'text_delta', text: piece },
  })
  const close = { type: 'content_block_stop', index: 0 }
  const stop = { type: 'message_delta', delta: { stop_reason: 'tool_use' } }
  const end = { type: 'message_stop' }

  const head: readonly Piece[] = [
    [start('a'), 1],
    [call, 2],
    [args('{"city":"'), 3],
    [args('New'), 4],
  ]
  const overlap: readonly Piece[] = [
    [args('New'), 4],
    [args(' York"}'), 5],
    [close, 6],
    [stop, 7],
    [end, 8],
  ]

  it.each<[string, readonly (readonly Piece[])[]]>([
    ['at once', [head, overlap]],
    ['behind a begin event without an id', [head, [[start('a')], ...overlap]]],
    ['behind a begin event with an id that was never seen', [head, [[start('a'), 'x'], ...overlap.slice(1)]]],
    ['behind an unknown event', [head, [[{ type: 'connected' }], ...overlap]]],
    ['after a new answer that counts from 1 again', [[[start('z'), 1]], head, overlap]],
    [
      'twice',
      [head.slice(0, 3), [head[2] ?? head[0], head[3] ?? head[0]].flatMap((one) => (one ? [one] : [])), overlap],
    ],
  ])('I2: the overlap is left out: %s', async (_, streams) => {
    const { message, calls } = await resumed(streams)
    expect(calls).toEqual([['send', { city: 'New York' }]])
    expect(message.outcome).toEqual({ kind: 'complete' })
  })

  it('I4: ids that a proxy counts anew for each connection lose nothing', async () => {
    const { message } = await resumed([
      [
        [start('a'), 1],
        [TEXT, 2],
        [say('Do '), 3],
      ],
      [
        [say('not '), 1],
        [say('press'), 2],
        [close, 3],
        [stop, 4],
        [end, 5],
      ],
    ])
    expect(textsOf(message)).toEqual(['Do not press'])
  })

  it('I4: nor do they where the events have numbers, which go on', async () => {
    const response = { id: 'r', object: 'response', output: [] }
    const item = { id: 'f', type: 'function_call', call_id: 'c', name: 'rm', arguments: '' }
    const { calls } = await resumed([
      [
        [{ type: 'response.created', response, sequence_number: 0 }, 1],
        [{ type: 'keepalive', sequence_number: 1 }, 2],
      ],
      [
        [{ type: 'response.output_item.added', output_index: 0, item, sequence_number: 2 }, 1],
        [
          {
            type: 'response.function_call_arguments.delta',
            output_index: 0,
            item_id: 'f',
            delta: '{}',
            sequence_number: 3,
          },
          2,
        ],
        [{ type: 'response.completed', response: { ...response, status: 'completed' }, sequence_number: 4 }, 3],
      ],
    ])
    expect(calls).toEqual([['rm', {}]])
  })

  it('I2: a new answer without ids is not gone on with after an id of the old one', async () => {
    const { cursors } = await resumed([
      [
        [start('a'), 1],
        [TEXT, 2],
      ],
      [[start('b')], [TEXT]],
      [[start('b')], [TEXT], [say('x')], [close], [stop], [end]],
    ])
    expect(cursors).toEqual([undefined, { id: 'a', lastEventId: '2' }, undefined])
  })

  it('I10: of a million ids no more are kept than serve an overlap', async () => {
    const pieces = Array.from({ length: 30_000 }, (_, at): Piece => [{ type: 'ping' }, `${'x'.repeat(at % 2000)}${at}`])
    const { message, cursors } = await resumed([
      [[start('a'), 'a'], ...pieces],
      [...pieces.slice(-9), ...overlap.slice(-1)],
    ])
    expect(message.outcome).toEqual({ kind: 'complete' })
    expect(cursors[1]).toMatchObject({ lastEventId: pieces.at(-1)?.[1] })
  })
})

describe('by the numbers of the events', () => {
  const response = { id: 'r', object: 'response', output: [] }
  const item = { id: 'f', type: 'function_call', call_id: 'c', name: 'rm' }
  const numbered = (events: readonly JsonObject[]): Piece[] =>
    events.map((event, at): Piece => [{ ...event, sequence_number: at }])
  const args = (delta: string): JsonObject => ({
    type: 'response.function_call_arguments.delta',
    output_index: 0,
    item_id: 'f',
    delta,
  })
  const whole = '{"dir":"/tmp/x"}'
  const opening = [
    { type: 'response.created', response },
    { type: 'response.output_item.added', output_index: 0, item: { ...item, arguments: '' } },
    args('{"dir":"/tmp'),
    args('/x'),
    args('"}'),
  ]
  const end = { type: 'response.completed', response: { ...response, status: 'completed' } }
  const streamed = numbered([...opening, end])
  const told = numbered([
    ...opening,
    { type: 'response.function_call_arguments.done', output_index: 0, item_id: 'f', arguments: whole },
    { type: 'response.output_item.done', output_index: 0, item: { ...item, arguments: whole, status: 'completed' } },
    end,
  ])
  const without = (pieces: readonly Piece[], ...numbers: number[]): Piece[] =>
    pieces.filter((_, at) => !numbers.includes(at))

  it.each<[string, readonly (readonly Piece[])[]]>([
    ['one piece', [without(streamed, 3)]],
    ['all that follows its opening', [without(streamed, 2, 3, 4)]],
    ['a piece that a server that goes on leaves out', [streamed.slice(0, 3), streamed.slice(4)]],
  ])('I6: a call is not handed out if its numbers say that it lacks %s', async (_, streams) => {
    const { message, calls } = await resumed(streams)
    expect(calls).toEqual([])
    expect(message.content).toMatchObject([{ type: 'tool_call', state: 'invalid' }])
    expect(kindsOf(message)).toEqual(['sequence_gap'])
  })

  it.each([[[3]], [[2, 3, 4]], [[5]], [[2, 6]]])(
    'I6: it is handed out if it was given whole besides: without %j',
    async (missing) => {
      const { message, calls } = await resumed([without(told, ...missing)])
      expect(calls).toEqual([['rm', { dir: '/tmp/x' }]])
      expect(kindsOf(message)).toContain('sequence_gap')
    },
  )

  it('I4: what is missing before the last event is told too', async () => {
    const say = (delta: string): JsonObject => ({
      type: 'response.output_text.delta',
      item_id: 'm',
      output_index: 0,
      content_index: 0,
      delta,
    })
    const text = numbered([
      { type: 'response.created', response },
      say('Do '),
      say('not '),
      { type: 'response.completed', response: { ...response, status: 'completed' } },
    ])
    const { message } = await resumed([without(text, 2)])
    expect(textsOf(message)).toEqual(['Do '])
    expect(message.anomalies).toContainEqual({ kind: 'sequence_gap', detail: 'numbers 2 to 2 are missing' })
    expect(kindsOf((await resumed([text])).message)).not.toContain('sequence_gap')
  })
})

describe('a stream that was cut within its first line', () => {
  const whole: readonly string[] = [
    sse({ type: 'message_start', message: { id: 'a', content: [] } }),
    sse({ type: 'message_stop' }),
  ]

  it.each<[string, StreamEnd]>([
    ['even', 'eof'],
    ['{"id":"x","cho', 'reset'],
    ['data: {"type":"message_st', 'eof'],
    ['', 'eof'],
  ])('I5: is tried again: %j, by %s', async (text, end) => {
    const { open, attempts } = opener(
      () => streamOf(text === '' ? [] : [text], end).body,
      () => streamOf(whole).body,
    )
    const clock = new FakeClock()
    const message = assemble(open, { attempts: 2, clock }).message()
    await clock.advance(10_000)
    expect((await message).outcome).toEqual({ kind: 'complete' })
    expect(attempts).toHaveLength(2)
  })
})

describe('budgets over several streams', () => {
  it('R31: each stream has its own silence, and the turn one end', async () => {
    const { open, attempts } = opener(
      () => new Promise<never>(() => undefined),
      () => new ReadableStream<string>(),
      () => new Promise<never>(() => undefined),
    )
    const clock = new FakeClock()
    const message = assemble(open, { attempts: 3, idle: 1000, total: 20_000, clock, random: () => 0 }).message()
    await clock.advance(1000 + 500 + 1000 + 1000 + 999)
    expect(attempts).toHaveLength(3)
    await clock.advance(1)
    expect((await message).outcome).toMatchObject({ kind: 'timed_out', budget: 'idle', silenceMs: 1000 })
  })

  it('R31: the whole of them ends by `total`', async () => {
    const { open } = opener(
      () => new Promise<never>(() => undefined),
      () => new Promise<never>(() => undefined),
    )
    const clock = new FakeClock()
    const message = assemble(open, { attempts: 2, idle: 1000, total: 2000, clock, random: () => 0 }).message()
    await clock.advance(2000)
    expect((await message).outcome).toMatchObject({ kind: 'timed_out', budget: 'total' })
  })

  it.each([{ idle: 1000 }, { idle: 1000, tool: 1000 }])(
    'R31: what the provider ran in a stream that is given up does not hold the next one: %j',
    async (budgets) => {
      const search = { type: 'server_tool_use', id: 's', name: 'web_search', input: {} }
      const first = [
        sse({ type: 'message_start', message: { id: 'a', content: [] } }),
        sse({ type: 'content_block_start', index: 0, content_block: search }),
        sse({ type: 'content_block_stop', index: 0 }),
      ]
      const { open } = opener(
        () => streamOf(first, 'reset').body,
        () => new Promise<never>(() => undefined),
      )
      const clock = new FakeClock()
      const message = assemble(open, { attempts: 2, ...budgets, clock, random: () => 0 }).message()
      await clock.advance(1500)
      expect((await message).outcome).toMatchObject({ kind: 'timed_out', budget: 'idle' })
    },
  )
})
