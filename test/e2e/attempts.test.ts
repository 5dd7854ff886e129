/** Attempts against a real server on loopback that drops its connections. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { AssistantMessage, CompleteToolCall } from '../../src/message.ts'
import type { Attempt } from '../../src/source.ts'
import type { Clock } from '../../src/system.ts'
import { assemble } from '../../src/turn.ts'
import type { TurnEvent } from '../../src/turn-event.ts'
import { foldNaively } from '../support/naive-reader.ts'
import { SHORT_STREAMS, sse } from '../support/streams.ts'

const WORDS = Array.from({ length: 30 }, (_, at) => `word ${at} `)
const SAID = WORDS.join('')

const cleanUps: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
})

type Serve = (request: IncomingMessage, response: ServerResponse, number: number) => void

async function serve(answer: Serve): Promise<{ readonly url: string; readonly open: () => number }> {
  let requests = 0
  let connections = 0
  const server = createServer((request, response) => {
    requests += 1
    answer(request, response, requests)
  })
  server.on('connection', (socket) => {
    connections += 1
    socket.on('close', () => (connections -= 1))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanUps.push(
    () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  )
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/v1`, open: () => connections }
}

/** Writes the events and then breaks the connection, or ends it properly if all were written. */
function send(response: ServerResponse, pieces: readonly string[], isWhole: boolean): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  let at = 0
  const next = (): void => {
    const piece = pieces[at]
    at += 1
    if (piece !== undefined) response.write(piece, () => setImmediate(next))
    else if (isWhole) response.end()
    else response.socket?.resetAndDestroy()
  }
  next()
}

/** The waits are real, and a hundredth as long. */
const HASTY: Clock = {
  now: () => performance.now(),
  setTimeout: (callback, ms) => setTimeout(callback, ms / 100),
  clearTimeout: (timer: NodeJS.Timeout) => {
    clearTimeout(timer)
  },
}

interface Told {
  readonly message: AssistantMessage
  readonly events: readonly TurnEvent[]
  readonly attempts: readonly Attempt[]
}

async function talk(
  request: (attempt: Attempt) => Promise<Response>,
  options: { readonly attempts: number; readonly toolCalls?: 'early' },
): Promise<Told> {
  const attempts: Attempt[] = []
  const open = (attempt: Attempt): Promise<Response> => {
    attempts.push(attempt)
    return request(attempt)
  }
  const turn = assemble(open, { ...options, clock: HASTY })
  const events: TurnEvent[] = []
  for await (const event of turn) events.push(event)
  return { message: await turn.message(), events, attempts }
}

function textOf({ content }: AssistantMessage): string {
  return content.map((block) => ('text' in block ? block.text : '')).join('|')
}

function countOf(events: readonly TurnEvent[], type: TurnEvent['type']): number {
  return events.filter((event) => event.type === type).length
}

describe.each(SHORT_STREAMS)('a server of $dialect that drops connections', (stream) => {
  it('I2: every request is a new answer: one message, of the one that came whole', async () => {
    const { url, open } = await serve((_, response, number) => {
      const pieces = stream.events(`msg_${number}`, WORDS).map((event) => sse(event))
      send(response, number < 3 ? pieces.slice(0, number * 12) : pieces, number === 3)
    })
    const { message, events, attempts } = await talk(({ signal }) => fetch(url, { signal }), { attempts: 4 })
    expect(message).toMatchObject({ id: 'msg_3', attempt: 3, outcome: { kind: 'complete' } })
    expect(textOf(message)).toBe(SAID)
    expect(countOf(events, 'retry')).toBe(2)
    expect(countOf(events, 'reset')).toBe(2)
    expect(countOf(events, 'message')).toBe(1)
    expect(foldNaively(events)).toMatchObject([{ text: SAID }])
    expect(attempts.map(({ cursor }) => cursor?.lastEventId)).toEqual([undefined, undefined, undefined])
    expect(open()).toBeLessThanOrEqual(1)
  })

  it('I3: goes on by Last-Event-ID where the events have ids: nothing twice, no reset', async () => {
    const all = stream.events('msg_1', WORDS)
    const { url } = await serve((request, response, number) => {
      const last = request.headers['last-event-id']
      const from = typeof last === 'string' ? Number(last) + 1 : 0
      const pieces = all.map((event, at) => sse(event, String(at))).slice(from)
      send(response, number < 4 ? pieces.slice(0, 9) : pieces, number === 4)
    })
    const { message, events } = await talk(
      ({ signal, cursor }) =>
        fetch(url, {
          signal,
          headers: cursor?.lastEventId === undefined ? {} : { 'last-event-id': cursor.lastEventId },
        }),
      { attempts: 4 },
    )
    expect(message).toMatchObject({ id: 'msg_1', attempt: 1, outcome: { kind: 'complete' } })
    expect(textOf(message)).toBe(SAID)
    expect(countOf(events, 'retry')).toBe(3)
    expect(countOf(events, 'reset')).toBe(0)
    expect(foldNaively(events)).toMatchObject([{ text: SAID }])
  })

  it('I5: that never answers whole gives what came last, truncated, after as many requests as were allowed', async () => {
    let requests = 0
    const { url } = await serve((_, response, number) => {
      requests = number
      send(
        response,
        stream
          .events(`msg_${number}`, WORDS)
          .slice(0, 10)
          .map((event) => sse(event)),
        false,
      )
    })
    const { message, events } = await talk(({ signal }) => fetch(url, { signal }), { attempts: 3 })
    expect(requests).toBe(3)
    expect(message).toMatchObject({ id: 'msg_3', outcome: { kind: 'truncated', by: 'reset' } })
    expect(SAID.startsWith(textOf(message))).toBe(true)
    expect(foldNaively(events)).toMatchObject([{ text: textOf(message) }])
  })
})

it('I3: OpenAI Responses goes on by starting_after, as its documentation says', async () => {
  const stream = SHORT_STREAMS.find(({ dialect }) => dialect === 'openai-responses') ?? expect.fail('there is none')
  const asked: string[] = []
  const { url } = await serve((request, response, number) => {
    asked.push(`${request.method} ${request.url}`)
    const after = new URL(request.url ?? '', 'http://127.0.0.1').searchParams.get('starting_after')
    const pieces = stream
      .events('resp_1', WORDS)
      .slice(after === null ? 0 : Number(after) + 1)
      .map((event) => sse(event))
    send(response, number < 3 ? pieces.slice(0, 12) : pieces, number === 3)
  })
  const { message, events, attempts } = await talk(
    ({ signal, cursor }) =>
      cursor?.sequenceNumber === undefined
        ? fetch(`${url}/responses`, { method: 'POST', body: '{"background":true,"stream":true}', signal })
        : fetch(`${url}/responses/${cursor.id}?stream=true&starting_after=${cursor.sequenceNumber}`, { signal }),
    { attempts: 3 },
  )
  const [second, third] = attempts.slice(1).map(({ cursor }) => cursor?.sequenceNumber ?? -1)
  expect(asked).toEqual([
    'POST /v1/responses',
    `GET /v1/responses/resp_1?stream=true&starting_after=${second}`,
    `GET /v1/responses/resp_1?stream=true&starting_after=${third}`,
  ])
  expect(third).toBeGreaterThan(second ?? Infinity)
  expect(message).toMatchObject({ id: 'resp_1', attempt: 1, outcome: { kind: 'complete' }, anomalies: [] })
  expect(textOf(message)).toBe(SAID)
  expect(countOf(events, 'reset')).toBe(0)
})

it('I2: a server that drops the connection after a tool call was handed out is not asked again', async () => {
  let requests = 0
  const { url } = await serve((_, response, number) => {
    requests = number
    const tool = { type: 'tool_use', id: 'toolu_1', name: 'pay', input: {} }
    const pieces = [
      { type: 'message_start', message: { id: `msg_${number}`, type: 'message', role: 'assistant', content: [] } },
      { type: 'content_block_start', index: 0, content_block: tool },
      { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '{"euros":5}' } },
      { type: 'content_block_stop', index: 0 },
    ].map((event) => sse(event))
    send(response, pieces, false)
  })
  const paid: CompleteToolCall[] = []
  const { message, events } = await talk(({ signal }) => fetch(url, { signal }), { attempts: 5, toolCalls: 'early' })
  for (const event of events) if (event.type === 'tool_call') paid.push(event.call)
  expect(requests).toBe(1)
  expect(paid.map(({ input }) => input)).toEqual([{ euros: 5 }])
  expect(message).toMatchObject({ outcome: { kind: 'truncated' }, content: [{ state: 'complete' }] })
})
