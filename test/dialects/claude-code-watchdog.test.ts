/** The budgets of time in a stream of Claude Code, which runs its tools by itself: each result is a record, outside of its call's message. */
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import type { AssembleOptions } from '../../src/shell-options.ts'
import { assemble } from '../../src/turn.ts'
import { FakeClock, settled } from '../support/fake-clock.ts'
import { assistant, call, INIT, message, SESSION, text, toolResult } from './claude-code-records.ts'

/** A turn whose records a test writes, on a clock that it moves. */
function live(options: AssembleOptions) {
  const clock = new FakeClock()
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  const body = new ReadableStream<Uint8Array>({
    start: (own) => {
      controller = own
    },
  })
  const turn = assemble(body, { clock, ...options })
  const messages = turn.messages()
  return {
    clock,
    messages,
    send: async (...records: readonly JsonObject[]): Promise<void> => {
      controller?.enqueue(new TextEncoder().encode(records.map((record) => `${JSON.stringify(record)}\n`).join('')))
      await settled()
    },
    isRunning: async (): Promise<boolean> => Promise.race([messages.then(() => false), settled().then(() => true)]),
  }
}

const WITH_EVENTS = [INIT, ...message('msg_1', [call('toolu_1')], 'tool_use', 5)]
const WITHOUT = [INIT, assistant('msg_1', [call('toolu_1')])]

describe.each([
  { name: 'with stream events', records: WITH_EVENTS },
  { name: 'without', records: WITHOUT },
])('a tool of Claude Code, $name', ({ records }) => {
  it('is over with its result: the budget `tool` lets go of it', async () => {
    const { clock, send, isRunning } = live({ tool: 1000 })
    await send(...records)
    await clock.advance(999)
    await send(toolResult('toolu_1'))
    await clock.advance(100_000)
    expect(await isRunning()).toBe(true)
  })

  it('is over with its result, also if both come at once', async () => {
    const { clock, send, isRunning } = live({ tool: 1000 })
    await send(...records, toolResult('toolu_1'))
    await clock.advance(100_000)
    expect(await isRunning()).toBe(true)
  })

  it('takes too long without it, and with that of another call', async () => {
    const { clock, send, isRunning } = live({ tool: 1000 })
    await send(...records, toolResult('toolu_2'))
    await clock.advance(999)
    expect(await isRunning()).toBe(true)
    await clock.advance(1)
    expect(await isRunning()).toBe(false)
  })

  it('lets the budget `idle` rest until its result', async () => {
    const { clock, send, isRunning } = live({ idle: 1000 })
    await send(...records)
    await clock.advance(60_000)
    await send(toolResult('toolu_1'))
    await clock.advance(999)
    expect(await isRunning()).toBe(true)
    await clock.advance(1)
    expect(await isRunning()).toBe(false)
  })

  it.each([
    { sign: 'its progress', record: { type: 'tool_progress', tool_use_id: 'toolu_1', ...SESSION } },
    {
      sign: 'a record of the agent that it is',
      record: assistant('msg_a', [text('Hi')], { parent_tool_use_id: 'toolu_1' }),
    },
  ])('has time again with $sign', async ({ record }) => {
    const { clock, send, isRunning } = live({ tool: 1000 })
    await send(...records)
    await clock.advance(900)
    await send(record)
    await clock.advance(999)
    expect(await isRunning()).toBe(true)
    await clock.advance(1)
    expect(await isRunning()).toBe(false)
  })
})

it('the call that took too long is named by the message that is still open', async () => {
  const { clock, send, messages } = live({ tool: 1000 })
  await send(...WITHOUT)
  await clock.advance(1000)
  expect((await messages).map(({ outcome }) => outcome)).toEqual([
    { kind: 'timed_out', budget: 'tool', call: 'turn/0#0', silenceMs: 1000, quietMs: 1000 },
  ])
})
