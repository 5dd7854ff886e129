/** The budgets of time: when each fires, when it must not, and what it says. B19 is the list of cases of an idle watchdog elsewhere. */
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../src/json.ts'
import type { AssistantMessage, CompleteToolCall } from '../src/message.ts'
import type { AssembleOptions } from '../src/shell-options.ts'
import { assemble, type Turn } from '../src/turn.ts'
import type { TurnEvent } from '../src/turn-event.ts'
import { FakeClock, settled } from './support/fake-clock.ts'
import { opener, SHORT_STREAMS, sse, streamOf } from './support/streams.ts'

const START = {
  type: 'message_start',
  message: { id: 'a', type: 'message', role: 'assistant', model: 'm', content: [], usage: { input_tokens: 5 } },
}
const OPEN = { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }
const word = (text: string): JsonObject => ({
  type: 'content_block_delta',
  index: 0,
  delta: { type: 'text_delta', text },
})
const STOP = { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 3 } }
const END = { type: 'message_stop' }
const PING = { type: 'ping' }

const call = (index: number, type = 'tool_use'): JsonObject[] => [
  { type: 'content_block_start', index, content_block: { type, id: `toolu_${index}`, name: 'run', input: {} } },
  { type: 'content_block_delta', index, delta: { type: 'input_json_delta', partial_json: `{"n":${index}}` } },
  { type: 'content_block_stop', index },
]

/** A turn over a body that a test writes to, on a clock that it moves. */
function live(options: AssembleOptions) {
  const clock = new FakeClock()
  const seen = { cancelled: false }
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  const body = new ReadableStream<Uint8Array>({
    start: (own) => {
      controller = own
    },
    cancel: () => {
      seen.cancelled = true
    },
  })
  const turn = assemble(body, { clock, ...options })
  const events: TurnEvent[] = []
  const read = async (): Promise<void> => {
    for await (const event of turn) events.push(event)
  }
  return {
    clock,
    turn,
    events,
    seen,
    read,
    text: async (text: string): Promise<void> => {
      controller?.enqueue(new TextEncoder().encode(text))
      await settled()
    },
    send: async (...sent: readonly JsonObject[]): Promise<void> => {
      controller?.enqueue(new TextEncoder().encode(sent.map((event) => sse(event)).join('')))
      await settled()
    },
  }
}

/** The outcome, if there is one by now. */
async function outcomeOf(turn: Turn): Promise<AssistantMessage['outcome'] | 'running'> {
  return Promise.race([turn.message().then(({ outcome }) => outcome), settled().then(() => 'running' as const)])
}

function callsOf(events: readonly TurnEvent[]): CompleteToolCall[] {
  return events.flatMap((event) => (event.type === 'tool_call' ? [event.call] : []))
}

function textOf({ content }: Pick<AssistantMessage, 'content'>): string {
  return content.map((block) => ('text' in block ? block.text : '')).join('|')
}

describe('the budget `idle`', () => {
  it('B19: fires if the stream is silent from its start, exactly then', async () => {
    const { clock, turn } = live({ idle: 1000 })
    const message = turn.message()
    await clock.advance(999)
    expect(await outcomeOf(turn)).toBe('running')
    await clock.advance(1)
    expect((await message).outcome).toEqual({ kind: 'timed_out', budget: 'idle', silenceMs: 1000, quietMs: 1000 })
  })

  it('B19: fires if the source is not even opened', async () => {
    const clock = new FakeClock()
    const turn = assemble(() => new Promise<never>(() => undefined), { idle: 1000, clock })
    const message = turn.message()
    await clock.advance(1000)
    expect((await message).outcome).toMatchObject({ kind: 'timed_out', budget: 'idle' })
  })

  it('B19: fires after the last progress, keeps what came and its usage, and cancels the body at once', async () => {
    const { clock, turn, send, seen } = live({ idle: 1000 })
    const message = turn.message()
    await send(START, OPEN, word('Good '))
    await clock.advance(900)
    await send(word('morning'))
    await clock.advance(999)
    expect(await outcomeOf(turn)).toBe('running')
    expect(seen.cancelled).toBe(false)
    await clock.advance(1)
    expect(seen.cancelled).toBe(true)
    const { outcome, usage, id } = await message
    expect(outcome).toEqual({ kind: 'timed_out', budget: 'idle', silenceMs: 1000, quietMs: 1000 })
    expect(textOf(await message)).toBe('Good morning')
    expect(usage).toEqual({ inputTokens: 5 })
    expect(id).toBe('a')
  })

  it('B19: off by default, never fires', async () => {
    const { clock, turn, send } = live({})
    const message = turn.message()
    await send(START)
    await clock.advance(1e9)
    expect(await outcomeOf(turn)).toBe('running')
    expect(clock.next).toBeUndefined()
    turn.abort()
    expect((await message).outcome.kind).toBe('aborted')
  })

  it('B19: does not fire on a stream that gets on, however long it takes', async () => {
    const { clock, turn, send } = live({ idle: 1000 })
    const message = turn.message()
    await send(START, OPEN)
    for (let n = 0; n < 50; n += 1) {
      await clock.advance(990)
      await send(word('x'))
    }
    await send(STOP, END)
    expect((await message).outcome).toEqual({ kind: 'complete' })
    expect(clock.next).toBeUndefined()
  })

  it.each([
    ['pings', sse(PING)],
    ['comments', ': keep-alive\n\n'],
    ['empty deltas', sse(word(''))],
  ])(
    'R31, quirk 1.16: %s are life, not progress: it fires, and says how long ago the last byte came',
    async (_, sign) => {
      const { clock, turn, send, text } = live({ idle: 1000 })
      const message = turn.message()
      await send(START, OPEN)
      for (let n = 0; n < 9; n += 1) {
        await clock.advance(100)
        await text(sign)
      }
      await clock.advance(100)
      expect((await message).outcome).toEqual({ kind: 'timed_out', budget: 'idle', silenceMs: 1000, quietMs: 100 })
    },
  )

  it('R31: a ping that arrives in two pieces is none', async () => {
    const { clock, turn, text } = live({ idle: 1000 })
    const message = turn.message()
    await text(sse(START))
    for (let at = 0; at < 4; at += 1) {
      await clock.advance(200)
      await text('event: ping\n')
      await text('data: {"type":"ping"}\n\n')
    }
    await clock.advance(200)
    expect((await message).outcome).toMatchObject({ kind: 'timed_out', budget: 'idle' })
  })

  it('R31: a long event that arrives piece by piece is progress', async () => {
    const { clock, turn, text } = live({ idle: 1000 })
    const message = turn.message()
    await text(sse(START))
    const long = sse({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: 'x'.repeat(5000) } })
    for (let at = 0; at < long.length; at += 600) {
      await clock.advance(at === 0 ? 0 : 400)
      await text(long.slice(at, at + 600))
    }
    expect(await outcomeOf(turn)).toBe('running')
    await clock.advance(1000)
    expect((await message).outcome).toMatchObject({ budget: 'idle' })
    expect(textOf(await message)).toBe('x'.repeat(5000))
  })

  it('R33: rests while nobody reads, and counts anew when somebody does', async () => {
    const { clock, turn, send, events } = live({ idle: 1000 })
    const reader = turn[Symbol.asyncIterator]()
    await send(START, OPEN, word('a'))
    const first = await reader.next()
    if (!first.done) events.push(first.value)
    await clock.advance(100_000)
    // What had arrived before the pause is still to be had, and then the stream is waited for again.
    for (let n = 0; n < 3; n += 1) await reader.next()
    const next = reader.next()
    await clock.advance(999)
    await send(word('b'))
    expect(await next).toMatchObject({ value: { type: 'text', text: 'b' } })
    const last = reader.next()
    await clock.advance(1000)
    expect(await last).toMatchObject({ value: { type: 'block_stop' } })
    expect((await turn.message()).outcome).toMatchObject({ kind: 'timed_out', silenceMs: 1000 })
  })

  it('R33: a process that was busy reads what arrived meanwhile before it is judged', async () => {
    const { clock, turn, send } = live({ idle: 1000 })
    const message = turn.message()
    await send(START, OPEN)
    clock.block(5000)
    const late = clock.advance(0)
    await send(word('a'))
    await late
    expect(await outcomeOf(turn)).toBe('running')
    await clock.advance(1000)
    expect((await message).outcome).toMatchObject({ kind: 'timed_out' })
    expect(textOf(await message)).toBe('a')
  })

  it('R32: fires and is aborted in the same tick: the first cause counts, once', async () => {
    const first = live({ idle: 1000 })
    first.clock.setTimeout(() => first.turn.abort('late'), 1001)
    const fired = first.read()
    await first.clock.advance(1001)
    await fired
    expect((await first.turn.message()).outcome).toMatchObject({ kind: 'timed_out', budget: 'idle' })

    const second = live({ idle: 1000 })
    second.clock.setTimeout(() => second.turn.abort('early'), 1000)
    const aborted = second.read()
    await second.clock.advance(1000)
    await aborted
    expect((await second.turn.message()).outcome).toMatchObject({ kind: 'aborted', reason: 'early' })
    for (const { events } of [first, second]) {
      expect(events.filter(({ type }) => type === 'message')).toHaveLength(1)
      expect(events.at(-1)?.type).toBe('message')
    }
  })

  it('R32: a stream that has said why it stops is not complete without its last event; one that has its last event is', async () => {
    const { clock, turn, send } = live({ idle: 1000 })
    const message = turn.message()
    await send(
      START,
      OPEN,
      word('a'),
      { type: 'content_block_stop', index: 0 },
      { ...STOP, delta: { stop_reason: 'end_turn' } },
    )
    await clock.advance(1000)
    expect(await message).toMatchObject({ outcome: { kind: 'timed_out' }, stop: { reason: 'end_turn' } })

    const other = live({ idle: 1000 })
    const whole = other.turn.message()
    await other.send(START, OPEN, word('a'), STOP, END)
    expect((await whole).outcome).toEqual({ kind: 'complete' })
  })

  it('R31: a stream that stands still is tried again where the turn may be', async () => {
    const stream = SHORT_STREAMS[0] ?? expect.fail('there is none')
    const clock = new FakeClock()
    const first = streamOf(
      stream
        .events('a', ['never '])
        .slice(0, 3)
        .map((event) => sse(event)),
      'stall',
    )
    const { open, attempts } = opener(
      () => first.body,
      () => streamOf(stream.events('b', ['said']).map((event) => sse(event))).body,
    )
    const turn = assemble(open, { attempts: 2, idle: 1000, clock, random: () => 0 })
    const events: TurnEvent[] = []
    const reading = (async () => {
      for await (const event of turn) events.push(event)
    })()
    await clock.advance(1000)
    expect(first.seen.cancelled).toBe(true)
    expect(events.at(-1)).toMatchObject({ type: 'retry', delayMs: 500, error: { class: 'network', retryable: true } })
    await clock.advance(500)
    await reading
    expect(attempts).toHaveLength(2)
    expect(await turn.message()).toMatchObject({ id: 'b', content: [{ text: 'said' }], outcome: { kind: 'complete' } })
  })
})

describe('the budget `tool`', () => {
  const running = async (options: AssembleOptions) => {
    const own = live({ toolCalls: 'early', ...options })
    const reading = own.read()
    await own.send(START, ...call(1), ...call(2))
    const [first, second] = callsOf(own.events)
    if (first === undefined || second === undefined) expect.fail('two calls run')
    return { ...own, reading, first, second }
  }

  it('B19: while a tool runs the stream may be silent', async () => {
    const { clock, turn } = await running({ idle: 1000 })
    await clock.advance(1e6)
    expect(await outcomeOf(turn)).toBe('running')
    turn.abort()
  })

  it('B19: a stuck tool fires at its own budget, and the outcome names it', async () => {
    const { clock, turn, first } = await running({ idle: 1000, tool: 5000 })
    await clock.advance(4999)
    expect(await outcomeOf(turn)).toBe('running')
    await clock.advance(1)
    expect((await turn.message()).outcome).toEqual({
      kind: 'timed_out',
      budget: 'tool',
      call: first.key,
      silenceMs: 5000,
      quietMs: 5000,
    })
  })

  it('B19: silence after the last result counts against `idle` again, from the result on', async () => {
    const { clock, turn, first, second } = await running({ idle: 1000, tool: 5000 })
    await clock.advance(3000)
    turn.settle(first)
    await clock.advance(1500)
    expect(await outcomeOf(turn)).toBe('running')
    turn.settle(second.key)
    await clock.advance(999)
    expect(await outcomeOf(turn)).toBe('running')
    await clock.advance(1)
    expect((await turn.message()).outcome).toMatchObject({ budget: 'idle', silenceMs: 1000 })
  })

  it('R31: one hung tool fires while another chatters', async () => {
    const { clock, turn, send, first, second } = await running({ tool: 5000 })
    for (let n = 0; n < 4; n += 1) {
      await clock.advance(1000)
      turn.progress(second)
      await send(word('still here '))
    }
    await clock.advance(1000)
    expect((await turn.message()).outcome).toMatchObject({ budget: 'tool', call: first.key, silenceMs: 5000 })
  })

  it('R31: its own progress begins it anew', async () => {
    const { clock, turn, first, second } = await running({ tool: 5000 })
    turn.settle(second)
    await clock.advance(4000)
    turn.progress(first)
    await clock.advance(4999)
    expect(await outcomeOf(turn)).toBe('running')
    await clock.advance(1)
    expect((await turn.message()).outcome).toMatchObject({ call: first.key, silenceMs: 5000 })
  })

  it('R31: a result that came twice, of a stranger, or before its call changes nothing', async () => {
    const { clock, turn, first, second } = await running({ idle: 1000, tool: 5000 })
    turn.settle('turn/0#99')
    turn.settle(first)
    turn.settle(first)
    await clock.advance(4000)
    expect(await outcomeOf(turn)).toBe('running')
    turn.settle(second)
    turn.progress(first)
    await clock.advance(1000)
    expect((await turn.message()).outcome).toMatchObject({ budget: 'idle' })
  })

  it('R31: a call that is sent again does not run twice, and its budget goes by its first start', async () => {
    const { clock, turn, send, events, first, second } = await running({ tool: 5000 })
    await clock.advance(3000)
    await send(
      ...call(3).map((event) =>
        JSON.parse(JSON.stringify(event).replaceAll('toolu_3', 'toolu_1').replace('n\\":3', 'n\\":1')),
      ),
    )
    await send(START, ...call(1), ...call(2))
    expect(callsOf(events)).toHaveLength(2)
    turn.settle(second)
    await clock.advance(1999)
    expect(await outcomeOf(turn)).toBe('running')
    await clock.advance(1)
    expect((await turn.message()).outcome).toMatchObject({ call: first.key, silenceMs: 5000 })
  })

  it('R31: a tool that the reader runs in its loop is not protected by the pause', async () => {
    const own = live({ toolCalls: 'early', idle: 1000, tool: 5000 })
    const reader = own.turn[Symbol.asyncIterator]()
    await own.send(START, ...call(1))
    for (let next = await reader.next(); !next.done && next.value.type !== 'tool_call';) next = await reader.next()
    await own.clock.advance(4999)
    expect(own.seen.cancelled).toBe(false)
    await own.clock.advance(1)
    expect(own.seen.cancelled).toBe(true)
    expect((await own.turn.message()).outcome).toMatchObject({ budget: 'tool' })
  })

  it('R31: a tool that the provider runs is a running tool until its result comes', async () => {
    const own = live({ idle: 1000, tool: 5000 })
    const reading = own.read()
    await own.send(START, ...call(1, 'server_tool_use'))
    await own.clock.advance(4000)
    expect(await outcomeOf(own.turn)).toBe('running')
    const result = { type: 'web_search_tool_result', tool_use_id: 'toolu_1', content: [] }
    await own.send({ type: 'content_block_start', index: 2, content_block: result })
    await own.clock.advance(1000)
    await reading
    expect((await own.turn.message()).outcome).toMatchObject({ budget: 'idle', silenceMs: 1000 })
  })

  it('R31: in a dialect whose calls hold their own result, a tool of the provider runs until its item is done', async () => {
    const item = { id: 'ws_1', type: 'web_search_call', status: 'in_progress' }
    const own = live({ idle: 1000, tool: 5000 })
    const reading = own.read()
    await own.send(
      { type: 'response.created', response: { id: 'r', object: 'response', output: [] } },
      { type: 'response.output_item.added', output_index: 0, item },
    )
    await own.clock.advance(4000)
    expect(await outcomeOf(own.turn)).toBe('running')
    await own.send({ type: 'response.output_item.done', output_index: 0, item: { ...item, status: 'completed' } })
    await own.clock.advance(1000)
    await reading
    expect((await own.turn.message()).outcome).toMatchObject({ budget: 'idle', silenceMs: 1000 })
  })
})

describe('the budget `total`', () => {
  it('R31: caps the turn, whatever happens in it', async () => {
    const { clock, turn, send } = live({ idle: 1000, total: 3000 })
    const message = turn.message()
    await send(START, OPEN)
    for (let n = 0; n < 5; n += 1) {
      await clock.advance(500)
      await send(word('x'))
    }
    await clock.advance(499)
    expect(await outcomeOf(turn)).toBe('running')
    await clock.advance(1)
    expect((await message).outcome).toEqual({ kind: 'timed_out', budget: 'total', silenceMs: 500, quietMs: 500 })
    expect(textOf(await message)).toBe('xxxxx')
  })

  it('R31: runs on while nobody reads and while the next attempt is waited for', async () => {
    const paused = live({ total: 3000 })
    const reader = paused.turn[Symbol.asyncIterator]()
    await paused.send(START, OPEN)
    await reader.next()
    await paused.clock.advance(3000)
    expect(paused.seen.cancelled).toBe(true)

    const clock = new FakeClock()
    const { open, attempts } = opener(
      () => new Response('{}', { status: 503, headers: { 'retry-after': '2' } }),
      () => new ReadableStream<string>(),
    )
    const message = assemble(open, { attempts: 2, total: 3000, clock }).message()
    await clock.advance(2999)
    expect(attempts).toHaveLength(2)
    expect(attempts[1]?.signal.aborted).toBe(false)
    await clock.advance(1)
    expect((await message).outcome).toMatchObject({ kind: 'timed_out', budget: 'total' })
  })

  it('R31: may be longer than a timer can wait', async () => {
    const { clock, turn, send } = live({ total: 2 ** 32 })
    const message = turn.message()
    await send(START)
    await clock.advance(2 ** 32 - 1)
    expect(await outcomeOf(turn)).toBe('running')
    await clock.advance(1)
    expect((await message).outcome).toMatchObject({ budget: 'total' })
  })
})

it('R31: budgets run on the real clock unless another is handed in', async () => {
  const { body } = streamOf([sse(START)], 'stall')
  const { outcome } = await assemble(body, { idle: 5 }).message()
  expect(outcome).toMatchObject({ kind: 'timed_out', budget: 'idle' })
})
