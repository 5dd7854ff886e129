/** The async shell: sources, readers, back-pressure, abort, and a real HTTP server at the other end. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, it } from 'vitest'
import type { JsonObject } from '../src/json.ts'
import type { AssistantMessage } from '../src/message.ts'
import { assemble, fold, type Turn, type TurnSource } from '../src/turn.ts'
import type { TurnEvent } from '../src/turn-event.ts'
import { expectLiveEqualsFinal, foldNaively } from './support/naive-reader.ts'

const START = {
  type: 'message_start',
  message: { id: 'msg_1', type: 'message', role: 'assistant', model: 'm', content: [], usage: { input_tokens: 5 } },
}
const OPEN = { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }
const text = (piece: string): JsonObject => ({
  type: 'content_block_delta',
  index: 0,
  delta: { type: 'text_delta', text: piece },
})
const CLOSE = { type: 'content_block_stop', index: 0 }
const STOP = { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 3 } }
const END = { type: 'message_stop' }

const TOOL = { type: 'content_block_start', index: 1, content_block: { type: 'tool_use', id: 'toolu_1', name: 'find' } }
const json = (piece: string): JsonObject => ({
  type: 'content_block_delta',
  index: 1,
  delta: { type: 'input_json_delta', partial_json: piece },
})

const HEAD: readonly JsonObject[] = [START, OPEN, text('Good ')]
const TAIL: readonly JsonObject[] = [text('morning'), CLOSE, STOP, END]
const ALL = [...HEAD, ...TAIL]
const BODY = sse(...ALL)
const WHOLE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'm',
  content: [{ type: 'text', text: 'Good morning' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 5, output_tokens: 3 },
}

function sse(...events: readonly JsonObject[]): string {
  return events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')
}

function textOf({ content }: Pick<AssistantMessage, 'content'>): string {
  return content.map((block) => ('text' in block ? block.text : '')).join('|')
}

async function eventsOf(turn: Turn): Promise<readonly TurnEvent[]> {
  const events: TurnEvent[] = []
  for await (const event of turn) events.push(event)
  return events
}

function typesOf(events: readonly TurnEvent[]): readonly string[] {
  return events.map(({ type }) => type)
}

/** What a promise gives, if it settles while the event loop turns a thousand times; nothing here waits for a clock. */
async function soon<T>(promise: Promise<T>): Promise<T> {
  const turns = async (): Promise<never> => {
    for (let turn = 0; turn < 1000; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    throw new Error('it is still waiting')
  }
  return Promise.race([promise, turns()])
}

/** A source that gives one item per request and tells how it was used. */
function pulled(items: readonly (string | JsonObject)[], ends: 'ends' | 'stalls' = 'ends') {
  const seen = { pulls: 0, cancelled: false }
  let at = 0
  const source: AsyncIterable<string | JsonObject> = {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        seen.pulls += 1
        const value = items[at]
        at += 1
        if (value !== undefined) return Promise.resolve({ done: false, value })
        return ends === 'ends' ? Promise.resolve({ done: true, value: undefined }) : new Promise(() => undefined)
      },
      return: () => {
        seen.cancelled = true
        return Promise.resolve({ done: true, value: undefined })
      },
    }),
  }
  return { source, seen }
}

/** A stream that gives the chunks and then neither ends nor goes on. */
function stalled(...chunks: readonly string[]) {
  const seen: { cancelled: boolean } = { cancelled: false }
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk))
    },
    cancel() {
      seen.cancelled = true
    },
  })
  return { stream: body, seen }
}

const cleanUps: (() => void)[] = []
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp()
})

/** A server on loopback; `closed` resolves once the response is over, whoever ended it. */
async function serve(answer: (response: ServerResponse, request: IncomingMessage) => void) {
  let close: (() => void) | undefined
  const closed = new Promise<void>((resolve) => (close = resolve))
  const server = createServer((request, response) => {
    response.on('close', () => close?.())
    answer(response, request)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanUps.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the server has no address')
  return { url: `http://127.0.0.1:${address.port}/v1/messages`, closed }
}

function stream(response: ServerResponse, ...events: readonly JsonObject[]): void {
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(sse(...events))
}

/** Closes the connection without the last chunk of the body, once what was written before is out. */
function breakOff(response: ServerResponse): void {
  response.write(': ', () => setImmediate(() => response.socket?.end()))
}

describe('over HTTP', () => {
  it('I2: a fetch is read as it streams, and the live events are the message', async () => {
    const { url } = await serve((response) => {
      stream(response, ...HEAD)
      setImmediate(() => {
        stream(response, ...TAIL)
        response.end()
      })
    })
    const turn = assemble(fetch(url), { turn: 't1' })
    const events = await eventsOf(turn)
    const message = await turn.message()
    expect(message).toMatchObject({ key: 't1/0', id: 'msg_1', outcome: { kind: 'complete' } })
    expect(textOf(message)).toBe('Good morning')
    expectLiveEqualsFinal(events, message)
    expect(typesOf(events).filter((type) => type !== 'usage')).toEqual([
      'start',
      'block_start',
      'text',
      'text',
      'block_stop',
      'message',
    ])
  })

  it('the response’s facts are kept: status, request id and harmless headers, and no other', async () => {
    const { url } = await serve((response) => {
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'request-id': 'req_1',
        'anthropic-ratelimit-requests-remaining': '49',
        'x-ratelimit-limit': '50',
        'retry-after': '3',
        'set-cookie': 'session=secret',
        authorization: 'Bearer secret',
        'x-api-key': 'secret',
        'x-anything': 'secret',
      })
      response.end(BODY)
    })
    const turn = assemble(fetch(url))
    expect(turn.response).toBeUndefined()
    const message = await turn.message()
    expect(turn.response).toEqual(message.response)
    expect(message.response).toEqual({
      status: 200,
      requestId: 'req_1',
      headers: {
        'content-type': 'text/event-stream; charset=utf-8',
        'request-id': 'req_1',
        'anthropic-ratelimit-requests-remaining': '49',
        'x-ratelimit-limit': '50',
        'retry-after': '3',
        date: expect.any(String),
      },
    })
    expect(JSON.stringify(message)).not.toContain('secret')
  })

  it('1.18: a body that stays open after message_stop gives the message at once, and the server sees the connection close', async () => {
    const { url, closed } = await serve((response) => {
      stream(response, ...ALL)
    })
    const message = await fold(fetch(url))
    expect(message.outcome).toEqual({ kind: 'complete' })
    await closed
  })

  it('7.01: a connection that the server resets in mid-stream is truncated by reset, and what came is kept', async () => {
    const { url } = await serve((response) => {
      stream(response, ...HEAD)
    })
    const turn = assemble(fetch(url))
    turn.on('text', () => cleanUps.forEach((cleanUp) => cleanUp()))
    const message = await turn.message()
    expect(textOf(message)).toBe('Good ')
    expect(message).toMatchObject({
      id: 'msg_1',
      stop: { reason: 'unknown', raw: null },
      usage: { inputTokens: 5 },
      outcome: { kind: 'truncated', by: 'reset', error: { class: 'network', retryable: true } },
    })
  })

  it('I5: a chunked body that breaks off without its last chunk is truncated by reset', async () => {
    const { url } = await serve((response) => {
      stream(response, ...HEAD)
      breakOff(response)
    })
    const message = await fold(fetch(url))
    expect(textOf(message)).toBe('Good ')
    expect(message.outcome).toMatchObject({ kind: 'truncated', by: 'reset', error: { class: 'network' } })
  })

  it('1.17: a body that ends cleanly without a terminal is truncated by eof', async () => {
    const { url } = await serve((response) => {
      stream(response, ...HEAD)
      response.end()
    })
    const message = await fold(fetch(url))
    expect(textOf(message)).toBe('Good ')
    expect(message.outcome).toMatchObject({ kind: 'truncated', by: 'eof' })
  })

  it('a terminal that was seen wins over the reset that follows', async () => {
    const { url } = await serve((response) => {
      stream(response, ...ALL.slice(0, -1))
      breakOff(response)
    })
    const message = await fold(fetch(url))
    expect(message).toMatchObject({ outcome: { kind: 'complete' }, anomalies: [{ kind: 'missing_terminal' }] })
  })

  it('an error status is kept even if its body breaks off', async () => {
    const { url } = await serve((response) => {
      response.writeHead(529, { 'content-type': 'application/json' })
      response.write('{"type":"error","error":{"type":"overloaded_er')
      breakOff(response)
    })
    const message = await fold(fetch(url))
    expect(message.outcome).toMatchObject({
      kind: 'failed',
      error: { class: 'overloaded', status: 529, retryable: true },
    })
  })
})

describe('abort', () => {
  it('by a signal that has fired already opens nothing', async () => {
    let opened = 0
    const message = await fold(
      () => {
        opened += 1
        return BODY
      },
      { signal: AbortSignal.abort('not now'), turn: 't2' },
    )
    expect(opened).toBe(0)
    expect(message).toMatchObject({
      id: 't2/0',
      content: [],
      outcome: { kind: 'aborted', by: 'signal', reason: 'not now' },
    })
  })

  it('by a signal, before the connection is there, ends the turn and aborts the opener', async () => {
    const controller = new AbortController()
    let openerSignal: AbortSignal | undefined
    const turn = assemble(
      ({ signal }) => {
        openerSignal = signal
        return new Promise(() => undefined)
      },
      { signal: controller.signal },
    )
    const message = turn.message()
    controller.abort(new Error('the user left'))
    expect(await soon(message)).toMatchObject({ outcome: { kind: 'aborted', by: 'signal', reason: 'the user left' } })
    expect(openerSignal?.aborted).toBe(true)
  })

  it('by a signal, before the first event, closes the connection', async () => {
    const controller = new AbortController()
    const { url, closed } = await serve((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(': ping\n\n')
      setImmediate(() => controller.abort())
    })
    const message = await fold(({ signal }) => fetch(url, { signal }), { signal: controller.signal })
    expect(message).toMatchObject({ content: [], outcome: { kind: 'aborted', by: 'signal' } })
    await closed
  })

  it('by a signal, in mid-stream, keeps the id, the content and the usage (9.03)', async () => {
    const controller = new AbortController()
    const { url, closed } = await serve((response) => stream(response, ...HEAD, CLOSE, TOOL, json('{"q":')))
    const turn = assemble(fetch(url), { signal: controller.signal })
    const events: TurnEvent[] = []
    for await (const event of turn) {
      events.push(event)
      if (event.type === 'tool_input') controller.abort()
    }
    const message = await turn.message()
    expect(message).toMatchObject({ id: 'msg_1', idSource: 'wire', outcome: { kind: 'aborted', by: 'signal' } })
    expect(message.usage).toEqual({ inputTokens: 5 })
    expect(message.content).toMatchObject([
      { type: 'text', text: 'Good ' },
      { type: 'tool_call', state: 'partial', arguments: '{"q":' },
    ])
    expectLiveEqualsFinal(events, message)
    expect(typesOf(events)).not.toContain('tool_call')
    await closed
  })

  it('after the terminal changes nothing: the message is the same object', async () => {
    const controller = new AbortController()
    const turn = assemble(fetch((await serve((response) => void response.end(BODY))).url), {
      signal: controller.signal,
    })
    const message = await turn.message()
    controller.abort()
    turn.abort()
    await turn[Symbol.asyncDispose]()
    expect(await turn.message()).toBe(message)
    expect(message.outcome).toEqual({ kind: 'complete' })
  })

  it('by one signal ends any number of turns, and the process is not warned of a leak', async () => {
    const warnings: string[] = []
    const warned = (warning: Error): void => void warnings.push(warning.message)
    process.on('warning', warned)
    const controller = new AbortController()
    const turns = Array.from({ length: 100 }, () =>
      assemble(pulled(HEAD, 'stalls').source, { signal: controller.signal }),
    )
    // One ends by itself, one is ended by what another one's reader does.
    const done = assemble(pulled(ALL).source, { signal: controller.signal })
    expect((await done.message()).outcome).toEqual({ kind: 'complete' })
    turns[0]?.on('message', () => turns[1]?.abort('by the first'))
    const messages = turns.map((turn) => turn.message())
    await new Promise((resolve) => setImmediate(resolve))
    controller.abort('shutdown')
    const outcomes = (await Promise.all(messages.map(soon))).map(({ outcome }) => outcome)
    expect(outcomes[1]).toEqual({ kind: 'aborted', by: 'caller', reason: 'by the first' })
    expect(new Set(outcomes.toSpliced(1, 1).map((outcome) => JSON.stringify(outcome)))).toEqual(
      new Set([JSON.stringify({ kind: 'aborted', by: 'signal', reason: 'shutdown' })]),
    )
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', warned)
    expect(warnings).toEqual([])
  })

  it('leaves no listener on a signal that outlives the turn', async () => {
    const { signal } = new AbortController()
    const listeners = new Set<unknown>()
    const spied = new Proxy(signal, {
      get: (target, name) => {
        if (name === 'addEventListener') return (_type: string, listener: unknown) => listeners.add(listener)
        if (name === 'removeEventListener') return (_type: string, listener: unknown) => listeners.delete(listener)
        return Reflect.get(target, name, target)
      },
    })
    const { source } = pulled(ALL)
    const turn = assemble(source, { signal: spied })
    let most = 0
    for await (const event of turn) most = Math.max(most, event.type === 'text' ? listeners.size : 0)
    expect(most).toBe(1)
    expect(listeners.size).toBe(0)
  })

  it('after a soft terminal is aborted', async () => {
    const { stream: body } = stalled(sse(...ALL.slice(0, -1)))
    const turn = assemble(body)
    for await (const event of turn) if (event.type === 'block_stop') turn.abort('enough')
    expect(await turn.message()).toMatchObject({
      stop: { raw: 'end_turn' },
      outcome: { kind: 'aborted', by: 'caller', reason: 'enough' },
    })
  })

  it('abort() wakes a stalled body at once and cancels it', async () => {
    const { stream: body, seen } = stalled(sse(...HEAD))
    const turn = assemble(body)
    const events: TurnEvent[] = []
    const reading = (async () => {
      for await (const event of turn) events.push(event)
    })()
    await soon(new Promise((resolve) => turn.on('text', resolve)))
    turn.abort()
    turn.abort('again')
    const message = await soon(turn.message())
    await soon(reading)
    expect(message).toMatchObject({ outcome: { kind: 'aborted', by: 'caller' } })
    expect(message.outcome).not.toHaveProperty('reason')
    expect(textOf(message)).toBe('Good ')
    expect(typesOf(events).slice(-2)).toEqual(['block_stop', 'message'])
    expect(seen.cancelled).toBe(true)
  })

  it('in a listener: the message is the last event that any listener sees', async () => {
    const turn = assemble([sse(...ALL.slice(0, -1))])
    const seen: string[] = []
    turn.on('text', () => {
      seen.push('text')
      turn.abort()
    })
    turn.on('block_stop', () => seen.push('block_stop'))
    turn.on('message', () => seen.push('message'))
    const message = await soon(turn.message())
    expect(message.outcome).toMatchObject({ kind: 'aborted' })
    expect(seen.at(-1)).toBe('message')
  })

  it('of the caller’s own fetch is an abort too', async () => {
    const controller = new AbortController()
    const { url } = await serve((response) => stream(response, ...HEAD))
    const turn = assemble(fetch(url, { signal: controller.signal }))
    turn.on('text', () => controller.abort())
    const message = await turn.message()
    expect(message.outcome).toMatchObject({ kind: 'aborted', by: 'caller' })
    expect(textOf(message)).toBe('Good ')
  })

  it.each<[string, (turn: Turn) => unknown, AbortSignal | undefined]>([
    ['abort() before anybody reads', (turn) => turn.abort(), undefined],
    ['disposing of it before anybody reads', (turn) => turn[Symbol.asyncDispose](), undefined],
    ['a signal that has fired already', () => undefined, AbortSignal.abort()],
  ])('%s cancels the source, which nobody else will', async (_name, end, signal) => {
    const direct = stalled(sse(...HEAD))
    const promised = stalled(sse(...HEAD))
    const ofResponse = stalled(sse(...HEAD))
    for (const source of [direct.stream, Promise.resolve(promised.stream), new Response(ofResponse.stream)]) {
      const turn = assemble(source, signal === undefined ? {} : { signal })
      end(turn)
      expect((await soon(turn.message())).outcome.kind).toBe('aborted')
    }
    await new Promise((resolve) => setImmediate(resolve))
    expect([direct.seen.cancelled, promised.seen.cancelled, ofResponse.seen.cancelled]).toEqual([true, true, true])
  })

  it('a source that opens after the abort is cancelled', async () => {
    const { stream: body, seen } = stalled(sse(...HEAD))
    let open: ((source: ReadableStream<Uint8Array>) => void) | undefined
    const turn = assemble(new Promise<ReadableStream<Uint8Array>>((resolve) => (open = resolve)))
    const message = turn.message()
    turn.abort()
    await soon(message)
    open?.(body)
    await new Promise((resolve) => setImmediate(resolve))
    expect(seen.cancelled).toBe(true)
  })

  it('await using ends the turn at the end of the block', async () => {
    const { stream: body, seen } = stalled(sse(...HEAD))
    let turn: Turn | undefined
    {
      await using own = assemble(body)
      turn = own
      for await (const event of own) if (event.type === 'text') break
    }
    expect(seen.cancelled).toBe(true)
    expect((await turn.message()).outcome.kind).toBe('aborted')
  })
})

describe('readers', () => {
  it('each of several sees every event, in the same order', async () => {
    const turn = assemble(pulled(ALL).source)
    const [first, second] = await soon(Promise.all([eventsOf(turn), eventsOf(turn)]))
    expect(first).toEqual(second)
    expect(first.at(-1)).toMatchObject({ type: 'message', final: await turn.message() })
  })

  it('one that comes late gets one snapshot first and ends with the same blocks', async () => {
    const turn = assemble(pulled(ALL).source)
    let late: Promise<readonly TurnEvent[]> | undefined
    for await (const event of turn) if (event.type === 'text') late ??= eventsOf(turn)
    const events = (await late) ?? []
    expect(typesOf(events).filter((type) => type === 'snapshot')).toEqual(['snapshot'])
    expect(events[0]).toMatchObject({ type: 'snapshot', snapshot: { id: 'msg_1', content: [{ text: 'Good ' }] } })
    expect(foldNaively(events)).toMatchObject([{ kind: 'text', text: 'Good morning' }])
    expectLiveEqualsFinal(events, await turn.message())
  })

  it('one that comes after the end gets the snapshot and the message', async () => {
    const turn = assemble(BODY)
    const message = await turn.message()
    const events = await eventsOf(turn)
    expect(typesOf(events)).toEqual(['snapshot', 'message'])
    expect(events[1]).toMatchObject({ final: message })
    expectLiveEqualsFinal(events, message)
    const heard: TurnEvent[] = []
    turn.on('message', (event) => heard.push(event))
    await Promise.resolve()
    expect(heard).toEqual([events[1]])
  })

  it('one that comes while message() is being awaited gets what it missed and the rest live', async () => {
    let send: (() => void) | undefined
    const more = new Promise<void>((resolve) => (send = resolve))
    let isHalfway: (() => void) | undefined
    const halfway = new Promise<void>((resolve) => (isHalfway = resolve))
    async function* source(): AsyncGenerator<JsonObject> {
      yield* HEAD
      isHalfway?.()
      await more
      yield* TAIL
    }
    const turn = assemble(source())
    const message = turn.message()
    await halfway
    const events = eventsOf(turn)
    send?.()
    expectLiveEqualsFinal(await events, await message)
    expect(typesOf(await events)).toEqual(['snapshot', 'text', 'block_stop', 'usage', 'message'])
  })

  it('break detaches: the other reader goes on', async () => {
    const { source, seen } = pulled(ALL)
    const turn = assemble(source)
    const other = eventsOf(turn)
    for await (const event of turn) if (event.type === 'text') break
    const events = await soon(other)
    expect(events.at(-1)).toMatchObject({ type: 'message', final: { outcome: { kind: 'complete' } } })
    expect(seen.pulls).toBe(ALL.length)
  })

  it('the last one that leaves aborts the turn, by reader, and the source is cancelled', async () => {
    const { source, seen } = pulled(ALL, 'stalls')
    const turn = assemble(source)
    for await (const event of turn) if (event.type === 'text') break
    expect(seen.cancelled).toBe(true)
    const message = await soon(turn.message())
    expect(message.outcome).toEqual({ kind: 'aborted', by: 'reader' })
    expect(textOf(message)).toBe('Good ')
  })

  it('the last one that leaves aborts nothing if message() is being awaited', async () => {
    const turn = assemble(pulled(ALL).source)
    const message = turn.message()
    for await (const event of turn) if (event.type === 'text') break
    expect(await soon(message)).toMatchObject({ outcome: { kind: 'complete' } })
  })

  it('one that awaits message() inside its own loop gets it', async () => {
    const turn = assemble(pulled(ALL).source)
    let message: AssistantMessage | undefined
    for await (const event of turn) if (event.type === 'text') message ??= await soon(turn.message())
    expect(message?.outcome).toEqual({ kind: 'complete' })
  })

  it('an error thrown in a loop leaves the turn, and reaches the caller', async () => {
    const turn = assemble(pulled(ALL, 'stalls').source)
    const loop = async (): Promise<void> => {
      for await (const event of turn) if (event.type === 'text') throw new Error('the screen is gone')
    }
    await expect(loop()).rejects.toThrow('the screen is gone')
    expect((await soon(turn.message())).outcome).toEqual({ kind: 'aborted', by: 'reader' })
  })

  it('may ask for several events at once', async () => {
    const turn = assemble(pulled(ALL).source)
    const events = turn[Symbol.asyncIterator]()
    const asked = await soon(Promise.all(Array.from({ length: 12 }, () => events.next())))
    const types = ['start', 'usage', 'block_start', 'text', 'text', 'block_stop', 'usage', 'message']
    expect(asked.flatMap(({ value }) => (value === undefined ? [] : [value.type]))).toEqual(types)
    expect(asked.slice(types.length).every(({ done }) => done === true)).toBe(true)
  })

  it('that leaves while it waits for an event is released', async () => {
    const turn = assemble(stalled(sse(START)).stream)
    const events = turn[Symbol.asyncIterator]()
    await events.next()
    await events.next()
    const waiting = events.next()
    await events.return?.()
    expect(await soon(waiting)).toEqual({ done: true, value: undefined })
    expect((await soon(turn.message())).outcome).toEqual({ kind: 'aborted', by: 'reader' })
  })

  it('message() twice gives the same object, and messages() a list of it', async () => {
    const turn = assemble(BODY)
    const [first, second] = await Promise.all([turn.message(), turn.message()])
    expect(first).toBe(second)
    expect(await turn.messages()).toEqual([first])
    expect((await turn.messages())[0]).toBe(first)
  })
})

describe('on()', () => {
  it('hears the events of its type until it is taken away', async () => {
    const turn = assemble(pulled(ALL).source)
    const heard: string[] = []
    const stop = turn.on('text', (event) => {
      heard.push(event.text)
      stop()
    })
    const all: string[] = []
    turn.on('text', (event) => all.push(event.text))
    const message = await soon(
      new Promise<AssistantMessage>((resolve) => turn.on('message', ({ final }) => resolve(final))),
    )
    expect(heard).toEqual(['Good '])
    expect(all).toEqual(['Good ', 'morning'])
    expect(await turn.message()).toBe(message)
  })

  it('the last listener taken away aborts the turn, by reader', async () => {
    const { source, seen } = pulled(ALL, 'stalls')
    const turn = assemble(source)
    const stop = turn.on('text', () => stop())
    const message = await soon(
      new Promise<AssistantMessage>((resolve) => {
        const poll = (): void => void (seen.cancelled ? resolve(turn.message()) : setImmediate(poll))
        poll()
      }),
    )
    expect(message.outcome).toEqual({ kind: 'aborted', by: 'reader' })
  })

  it('a late listener hears what it missed before anything else, and nothing once it is taken away', async () => {
    const turn = assemble(BODY)
    const message = await turn.message()
    const heard: string[] = []
    const off = turn.on('snapshot', ({ snapshot }) => heard.push(`snapshot of ${snapshot.content.length} block`))
    turn.on('message', ({ final }) => heard.push(`message ${final === message}`))
    off()
    await new Promise((resolve) => setImmediate(resolve))
    expect(heard).toEqual(['snapshot of 1 block', 'message true'])
  })

  it('a listener that comes in mid-stream hears of each piece once: in its snapshot, or as an event', async () => {
    for (let steps = 0; steps < 40; steps += 1) {
      const turn = assemble(
        (async function* () {
          for (const event of ALL) {
            await Promise.resolve()
            yield event
          }
        })(),
      )
      turn.on('start', () => undefined)
      for (let step = 0; step < steps; step += 1) await Promise.resolve()
      let heard = ''
      turn.on('snapshot', ({ snapshot }) => (heard = textOf(snapshot)))
      turn.on('text', ({ text: piece }) => (heard += piece))
      await turn.message()
      expect(heard, `after ${steps} steps`).toBe('Good morning')
    }
  })

  it('a listener that throws ends neither the turn nor another listener, and its error is not swallowed', async () => {
    const errors: unknown[] = []
    const own = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', (error) => errors.push(error))
    try {
      const turn = assemble(pulled(ALL).source)
      const broken = new Error('a listener broke')
      const heard: string[] = []
      turn.on('text', () => {
        throw broken
      })
      turn.on('text', (event) => heard.push(event.text))
      const message = await soon(turn.message())
      await new Promise((resolve) => setImmediate(resolve))
      expect(message.outcome).toEqual({ kind: 'complete' })
      expect(heard).toEqual(['Good ', 'morning'])
      expect(errors).toEqual([broken, broken])
    } finally {
      process.removeAllListeners('uncaughtException')
      for (const listener of own) process.on('uncaughtException', listener)
    }
  })
})

describe('reading', () => {
  it('starts with the first reader: a turn that nobody reads opens and reads nothing', async () => {
    let opened = 0
    const { source, seen } = pulled(ALL)
    const turns = [
      assemble(() => {
        opened += 1
        return source
      }),
      assemble(source),
    ]
    for (const turn of turns) expect(turn.snapshot()).toMatchObject({ content: [], dialect: 'unknown' })
    await new Promise((resolve) => setImmediate(resolve))
    expect([opened, seen.pulls]).toEqual([0, 0])
  })

  it('a promise that rejects while nobody reads does not take the process down', async () => {
    const rejections: unknown[] = []
    const own = process.listeners('unhandledRejection')
    process.removeAllListeners('unhandledRejection')
    process.on('unhandledRejection', (error) => rejections.push(error))
    try {
      const turn = assemble(Promise.reject(new Error('connect ECONNREFUSED')))
      await new Promise((resolve) => setImmediate(resolve))
      await new Promise((resolve) => setImmediate(resolve))
      expect(rejections).toEqual([])
      expect((await turn.message()).outcome).toMatchObject({ kind: 'failed', error: { class: 'network' } })
    } finally {
      process.removeAllListeners('unhandledRejection')
      for (const listener of own) process.on('unhandledRejection', listener)
    }
  })

  it('goes no further than a slow reader: nothing is pulled ahead of it', async () => {
    const { source, seen } = pulled(ALL)
    const turn = assemble(source)
    const pulls: number[] = []
    for await (const event of turn) {
      for (let pause = 0; pause < 5; pause += 1) await new Promise((resolve) => setImmediate(resolve))
      if (event.type === 'text') pulls.push(seen.pulls)
    }
    expect(pulls).toEqual([3, 4])
  })

  it('goes as fast as message() wants it, whatever a slow reader does', async () => {
    const { source, seen } = pulled(ALL)
    const turn = assemble(source)
    const events = turn[Symbol.asyncIterator]()
    await events.next()
    expect(await soon(turn.message())).toMatchObject({ outcome: { kind: 'complete' } })
    expect(seen.pulls).toBe(ALL.length)
    expect((await events.next()).value?.type).toBe('usage')
  })

  it.each([true, false])(
    'I10: a reader that never reads does not make a turn grow without end: raw is %s',
    async (raw) => {
      const words = Array.from({ length: 6000 }, (_, at) => `<${at}>`)
      const usage = words.map((_, at) => ({ type: 'message_delta', delta: {}, usage: { output_tokens: at } }))
      const turn = assemble(
        pulled([START, ...usage, OPEN, ...words.map(text), CLOSE, TOOL, json('{}'), STOP, END]).source,
        {
          raw,
        },
      )
      const reader = turn[Symbol.asyncIterator]()
      const message = await turn.message()
      const events: TurnEvent[] = []
      for (let next = await reader.next(); next.done !== true; next = await reader.next()) events.push(next.value)
      expect(foldNaively(events)).toEqual(
        foldNaively(
          await eventsOf(
            assemble(JSON.stringify([START, OPEN, text(words.join('')), CLOSE, TOOL, json('{}'), STOP, END])),
          ),
        ),
      )
      expectLiveEqualsFinal(events, message)
      const ofType = (type: TurnEvent['type']): number => events.filter((event) => event.type === type).length
      expect(ofType('usage')).toBeLessThan(1100)
      if (raw) expect(ofType('text')).toBe(6000)
      else expect(ofType('text')).toBe(1)
    },
  )

  it('I2: a listener that comes in the middle of a chunk is told each thing once', async () => {
    const turn = assemble(BODY)
    const heard: string[] = []
    let finals = 0
    let isLate = false
    turn.on('text', () => {
      if (isLate) return
      isLate = true
      turn.on('snapshot', ({ snapshot }) => heard.push(textOf(snapshot)))
      turn.on('text', ({ text: piece }) => heard.push(piece))
    })
    turn.on('message', () => {
      if (finals === 0) turn.on('message', () => (finals += 1))
    })
    await turn.message()
    expect(heard).toEqual(['Good morning'])
    expect(finals).toBe(1)
  })

  it('I4: a reader that comes between the halves of a character has it once', async () => {
    let goOn: (() => void) | undefined
    const rest = new Promise<void>((resolve) => (goOn = resolve))
    const turn = assemble(
      (async function* () {
        yield sse(START, OPEN, text('a\ud83d'))
        await rest
        yield sse(text('\ude00'), CLOSE, STOP, END)
      })(),
    )
    turn.on('text', () => undefined)
    await new Promise((resolve) => setImmediate(resolve))
    const late = eventsOf(turn)
    goOn?.()
    expectLiveEqualsFinal(await late, await turn.message())
    expect(textOf(await turn.message())).toBe('a😀')
  })

  it('gives a slow reader all that came, one by one, as long as it is not much', async () => {
    const words = Array.from({ length: 1000 }, (_, at) => `<${at}>`)
    const turn = assemble(pulled([START, OPEN, ...words.map(text), CLOSE, STOP, END]).source)
    const reader = turn[Symbol.asyncIterator]()
    await turn.message()
    const texts: string[] = []
    for (let next = await reader.next(); next.done !== true; next = await reader.next()) {
      if (next.value.type === 'text') texts.push(next.value.text)
    }
    expect(texts).toEqual(words)
  })

  it('gives a reader that is not behind each event of a chunk by itself, however large it is', async () => {
    const words = Array.from({ length: 5000 }, (_, at) => `<${at}>`)
    const turn = assemble(sse(START, OPEN, ...words.map(text), CLOSE, STOP, END))
    const events = await eventsOf(turn)
    expect(events.flatMap((event) => (event.type === 'text' ? [event.text] : []))).toEqual(words)
  })

  it('stops at the terminal and cancels what is left', async () => {
    const { source, seen } = pulled([...ALL, text('lost'), ...ALL])
    const message = await fold(source)
    expect(textOf(message)).toBe('Good morning')
    expect(seen).toEqual({ pulls: ALL.length, cancelled: true })
  })

  it('snapshot() shows the message so far, and is not touched by what comes later', async () => {
    const turn = assemble(pulled(ALL).source)
    let snapshot: ReturnType<Turn['snapshot']> | undefined
    for await (const event of turn) if (event.type === 'text') snapshot ??= turn.snapshot()
    expect(snapshot).toMatchObject({
      key: 'turn/0',
      id: 'msg_1',
      content: [{ type: 'text', text: 'Good ' }],
      stop: { reason: 'unknown', raw: null },
      usage: { inputTokens: 5 },
    })
    expect(snapshot).not.toHaveProperty('outcome')
  })

  it('partialInput() gives the arguments as far as they are there', async () => {
    const stop = { ...STOP, delta: { stop_reason: 'tool_use' } }
    const turn = assemble(
      pulled([START, TOOL, json('{"city":"Os'), json('lo","days":[1'), json(',2]}'), { ...CLOSE, index: 1 }, stop, END])
        .source,
    )
    const seen: unknown[] = []
    for await (const event of turn)
      if (event.type === 'tool_input') seen.push(structuredClone(turn.partialInput(event.block)))
    expect(seen).toMatchObject([
      { value: { city: 'Os' }, isComplete: false },
      { value: { city: 'Oslo' }, isComplete: false },
      { value: { city: 'Oslo', days: [1, 2] }, isComplete: true },
    ])
    expect(turn.partialInput(0)).toMatchObject({ value: { city: 'Oslo', days: [1, 2] }, isComplete: true })
  })

  it('timing is told on the injected clock, from the moment that reading began', async () => {
    let now = 1000
    const events = ALL.map((event) => () => {
      now += 10
      return event
    })
    async function* source(): AsyncGenerator<JsonObject> {
      for (const next of events) yield await Promise.resolve(next())
    }
    const turn = assemble(source(), { clock: () => now })
    now = 5000
    expect((await turn.message()).timing).toEqual({ firstByteMs: 10, firstContentMs: 20, endMs: 70 })
  })

  it('timing of a turn that was aborted before anybody read it is 0', async () => {
    const turn = assemble(BODY, { clock: () => 1234 })
    turn.abort()
    expect((await turn.message()).timing).toEqual({ endMs: 0 })
  })
})

describe('sources', () => {
  const bytes = new TextEncoder().encode(BODY)
  const pieces = [bytes.slice(0, 100), bytes.slice(100, 101), new Uint8Array(), bytes.slice(101)]

  const foreign = (own: Uint8Array): Uint8Array => {
    const array: Uint8Array = runInNewContext('Uint8Array.from(own)', { own: [...own] })
    return array
  }

  async function* later<T>(items: readonly T[]): AsyncGenerator<T> {
    for (const item of items) yield await Promise.resolve(item)
  }

  const kinds: readonly [string, () => Exclude<TurnSource, (...args: never) => unknown>][] = [
    ['a Response', () => new Response(BODY)],
    ['a ReadableStream of bytes', () => new Response(BODY).body ?? ''],
    ['a ReadableStream of texts', () => ReadableStream.from([BODY.slice(0, 50), BODY.slice(50)])],
    ['an async iterable of bytes', () => later(pieces)],
    ['an async iterable of Buffers', () => later(pieces.map((piece) => Buffer.from(piece)))],
    ['an async iterable of texts', () => later([BODY.slice(0, 50), '', BODY.slice(50)])],
    ['an async iterable of events', () => later(ALL)],
    ['an iterable of bytes', () => pieces],
    ['an iterable of texts', () => new Set([BODY.slice(0, 50), BODY.slice(50)])],
    ['an iterable of events', () => ALL],
    ['a generator of events', () => ALL.values()],
    ['bytes of another realm, as jsdom and node:vm make them', () => [foreign(bytes)]],
    ['the text of a body', () => BODY],
    ['the bytes of a body', () => bytes],
    ['the bytes of a body as a Buffer', () => Buffer.from(bytes)],
    ['a whole answer', () => WHOLE],
    ['the text of a whole answer', () => JSON.stringify(WHOLE, null, 2)],
    ['a response that is a whole answer', () => Response.json(WHOLE)],
    ['an object with a stream, as the SDK of AWS gives it', () => ({ stream: later(ALL), $metadata: {} })],
    ['an object with a ReadableStream', () => ({ stream: new Response(BODY).body })],
    ['an object with a fullStream', () => ({ fullStream: later(ALL), stream: undefined, textStream: later(['no']) })],
  ]

  it.each(kinds)('%s gives the message: by itself, as a promise, and from an opener', async (_name, make) => {
    const openers: TurnSource[] = [make(), Promise.resolve(make()), () => make(), () => Promise.resolve(make())]
    for (const source of openers) {
      const turn = assemble(source)
      const events = await eventsOf(turn)
      const message = await turn.message()
      expect(message).toMatchObject({
        id: 'msg_1',
        dialect: 'anthropic-messages',
        outcome: { kind: 'complete' },
        anomalies: [],
      })
      expect(textOf(message)).toBe('Good morning')
      expect(message.usage).toEqual({ inputTokens: 5, outputTokens: 3 })
      expectLiveEqualsFinal(events, message)
    }
  })

  it('the stream that an object holds is looked up once, since a getter may make a new one each time', async () => {
    let lookups = 0
    const source = {
      get fullStream() {
        lookups += 1
        return later(ALL)
      },
    }
    expect((await assemble(source).message()).outcome).toEqual({ kind: 'complete' })
    expect(lookups).toBe(1)
  })

  it('the stream that an object holds is cancelled when the reader leaves', async () => {
    const { source, seen } = pulled(ALL)
    for await (const event of assemble({ stream: source })) if (event.type === 'text') break
    expect(seen.cancelled).toBe(true)
  })

  it('an event or an answer whose member is called stream is still itself', async () => {
    for (const member of [true, 'text', null, [], {}])
      expect(textOf(await assemble({ ...WHOLE, stream: member }).message())).toBe('Good morning')
  })

  it('an opener is called once, with the number of the attempt and a signal that lives as long as the turn', async () => {
    const attempts: { number: number; signal: AbortSignal }[] = []
    const turn = assemble((attempt) => {
      attempts.push(attempt)
      expect(attempt.signal.aborted).toBe(false)
      return BODY
    })
    expect(await turn.message()).toBe(await turn.message())
    await eventsOf(turn)
    expect(attempts).toEqual([{ number: 1, signal: expect.any(AbortSignal) }])
    expect(attempts[0]?.signal.aborted).toBe(true)
  })

  it('events that are changed after they were handed over change nothing', async () => {
    const events = structuredClone(ALL)
    async function* source(): AsyncGenerator<JsonObject> {
      for (const event of events) {
        yield event
        await Promise.resolve()
        for (const key of Object.keys(event)) event[key] = 'changed'
      }
    }
    const message = await fold(source())
    expect(textOf(message)).toBe('Good morning')
    expect(JSON.stringify(message)).not.toContain('changed')
  })
})
