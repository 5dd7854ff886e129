/** A turn that is tried again: when, after what wait, where it goes on, and what a reader sees of it. */
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { decideRetry } from '../src/attempts.ts'
import { wordOf, type JsonObject } from '../src/json.ts'
import type { AssistantMessage, OutcomeError } from '../src/message.ts'
import type { AssembleOptions } from '../src/shell-options.ts'
import type { Attempt, Source } from '../src/source.ts'
import { assemble, fold } from '../src/turn.ts'
import type { TurnEvent } from '../src/turn-event.ts'
import { FakeClock } from './support/fake-clock.ts'
import { foldNaively } from './support/naive-reader.ts'
import { opener, SHORT_STREAMS, sse, streamOf, type ShortStream, type StreamEnd } from './support/streams.ts'

const WORDS = ['Good ', 'morning', ', ', 'Vietnam']
const SAID = WORDS.join('')

interface Told {
  readonly message: AssistantMessage
  readonly events: readonly TurnEvent[]
  readonly attempts: readonly Attempt[]
}

type Answer = (attempt: Attempt) => Source | Promise<Source>

/** Plays the answers to the end; time passes by itself. */
async function play(answers: readonly Answer[], options: AssembleOptions = {}): Promise<Told> {
  const { open, attempts } = opener(...answers)
  const clock = new FakeClock()
  const turn = assemble(open, { attempts: answers.length, clock, random: () => 0.5, ...options })
  const events: TurnEvent[] = []
  const reading = (async () => {
    for await (const event of turn) events.push(event)
  })()
  await clock.advance(10 * 60_000)
  await reading
  return { message: await turn.message(), events, attempts }
}

function upTo(
  stream: ShortStream,
  id: string,
  count: number,
  end: StreamEnd = 'reset',
  ids?: (at: number) => string,
): Answer {
  const pieces = stream.events(id, WORDS).slice(0, count)
  return () =>
    streamOf(
      pieces.map((event, at) => sse(event, ids?.(at))),
      end,
    ).body
}
const whole = (stream: ShortStream, id: string): Answer => upTo(stream, id, Infinity, 'eof')

function textOf({ content }: Pick<AssistantMessage, 'content'>): string {
  return content.map((block) => ('text' in block ? block.text : '')).join('|')
}
const typesOf = (events: readonly TurnEvent[]): string[] => events.map(({ type }) => type)
const countOf = (events: readonly TurnEvent[], type: TurnEvent['type']): number =>
  events.filter((event) => event.type === type).length

describe.each(SHORT_STREAMS)('a turn of $dialect that is tried again', (stream) => {
  // Before the stop reason: after it a cut stream is complete.
  const cuts = Array.from({ length: WORDS.length + 2 }, (_, at) => at)

  it.each(cuts)(
    'I2: starts anew after a cut at event %i: one reset at most, one message, the second alone',
    async (at) => {
      for (const end of ['eof', 'reset'] as const) {
        const { message, events, attempts } = await play([upTo(stream, 'a', at, end), whole(stream, 'b')])
        expect(message).toMatchObject({
          id: 'b',
          attempt: 2,
          outcome: { kind: 'complete' },
          stop: { reason: 'end_turn' },
        })
        expect(textOf(message)).toBe(SAID)
        expect(message.usage).toMatchObject({ inputTokens: 5, outputTokens: 3 })
        expect(countOf(events, 'reset')).toBe(at === 0 ? 0 : 1)
        expect(countOf(events, 'retry')).toBe(1)
        expect(countOf(events, 'message')).toBe(1)
        expect(events.at(-1)?.type).toBe('message')
        expect(foldNaively(events)).toMatchObject([{ text: SAID }])
        expect(attempts.map(({ number }) => number)).toEqual([1, 2])
      }
    },
  )

  it('I3: under its own id again is one message, and says where it was cut', async () => {
    const { message, events } = await play([upTo(stream, 'a', 5), whole(stream, 'a')])
    expect(textOf(message)).toBe(SAID)
    expect(message).toMatchObject({ id: 'a', outcome: { kind: 'complete' } })
    expect(foldNaively(events)).toMatchObject([{ text: SAID }])
    expect(countOf(events, 'message')).toBe(1)
  })

  it.each(cuts)('I3: goes on after event %i where the server gives its events ids', async (at) => {
    const ids = (index: number): string => `event-${index}`
    const rest: Answer = ({ cursor }) => {
      const from = cursor?.lastEventId === undefined ? 0 : Number(cursor.lastEventId.slice(6)) + 1
      const events = stream.events('a', WORDS)
      return streamOf(events.slice(from).map((event, index) => sse(event, ids(from + index)))).body
    }
    const { message, events, attempts } = await play([upTo(stream, 'a', at, 'reset', ids), rest])
    expect(textOf(message)).toBe(SAID)
    expect(message.outcome).toEqual({ kind: 'complete' })
    expect(message.attempt).toBe(at === 0 ? 2 : 1)
    expect(countOf(events, 'reset')).toBe(0)
    expect(foldNaively(events)).toMatchObject([{ text: SAID }])
    if (at > 0) expect(attempts[1]?.cursor).toMatchObject({ id: 'a', lastEventId: ids(at - 1) })
  })

  it.each(cuts.slice(1))(
    'I3: goes on after event %i if the server sends some events again under their ids',
    async (at) => {
      const ids = (index: number): string => `event-${index}`
      for (const from of [0, Math.max(0, at - 2)]) {
        const again: Answer = () => {
          const events = stream.events('a', WORDS)
          return streamOf(events.slice(from).map((event, index) => sse(event, ids(from + index)))).body
        }
        const { message, events } = await play([upTo(stream, 'a', at, 'reset', ids), again])
        expect(textOf(message)).toBe(SAID)
        expect(countOf(events, 'reset')).toBe(0)
        expect(foldNaively(events)).toMatchObject([{ text: SAID }])
      }
    },
  )

  it('I2: starts anew also if the server was asked to go on and did not', async () => {
    const ids = (index: number): string => String(index)
    const anew = upTo(stream, 'b', Infinity, 'eof', ids)
    const { message, events } = await play([upTo(stream, 'a', 4, 'reset', ids), anew])
    expect(message).toMatchObject({ id: 'b', outcome: { kind: 'complete' } })
    expect(textOf(message)).toBe(SAID)
    expect(countOf(events, 'reset')).toBe(1)
  })

  it('I4: takes every event of a second stream whose ids mean nothing', async () => {
    const { message } = await play([
      upTo(stream, 'a', 4, 'reset', () => '7'),
      ({ cursor }) => {
        expect(cursor?.lastEventId).toBe('7')
        return streamOf(
          stream
            .events('a', WORDS)
            .slice(4)
            .map((event) => sse(event, '7')),
        ).body
      },
    ])
    expect(textOf(message)).toBe(SAID)
  })

  it('I2: starts anew after an error event, and nothing of the error is left', async () => {
    const failed: Answer = () => {
      const pieces = [...stream.events('a', WORDS).slice(0, 4), stream.overloaded]
      return streamOf(pieces.map((event) => sse(event))).body
    }
    const { message, events, attempts } = await play([failed, whole(stream, 'b')])
    expect(message).toMatchObject({ id: 'b', outcome: { kind: 'complete' } })
    expect(textOf(message)).toBe(SAID)
    expect(attempts[1]?.cursor).toBeUndefined()
    const retry = events.find((event) => event.type === 'retry')
    expect(retry).toMatchObject({ error: { class: 'overloaded' }, delayMs: 375 })
  })

  it('I5: keeps what the first stream gave if the others give nothing, and says how the last one ended', async () => {
    const refused: Answer = () => new Response('{"error":{"type":"overloaded_error"}}', { status: 529 })
    const kept = stream.events('a', WORDS).findIndex((event) => JSON.stringify(event).includes('"morning"')) + 1
    const { message, events } = await play([upTo(stream, 'a', kept), refused, refused])
    expect(message).toMatchObject({ id: 'a', outcome: { kind: 'failed', error: { class: 'overloaded', status: 529 } } })
    expect(textOf(message)).toBe('Good morning')
    expect(countOf(events, 'reset')).toBe(0)
    expect(countOf(events, 'retry')).toBe(2)
  })

  it('I5: that is cut every time is truncated, with what the last stream gave', async () => {
    const { message, events } = await play([upTo(stream, 'b', 5), upTo(stream, 'c', 4)])
    expect(message).toMatchObject({ id: 'c', attempt: 2, outcome: { kind: 'truncated', by: 'reset' } })
    expect(foldNaively(events)).toMatchObject([{ text: textOf(message) }])
  })

  it('I2: several choices start anew together', async () => {
    if (stream.dialect !== 'openai-chat') return
    const two = (id: string): string[] =>
      stream.events(id, WORDS).flatMap((event) => {
        if (event === '[DONE]' || !Array.isArray(event.choices) || event.choices.length === 0) return [sse(event)]
        return [0, 1].map((index) => sse(JSON.parse(JSON.stringify(event).replace('"index":0', `"index":${index}`))))
      })
    const { open } = opener(
      () => streamOf(two('a').slice(0, 5), 'reset').body,
      () => streamOf(two('b')).body,
    )
    const clock = new FakeClock()
    const turn = assemble(open, { attempts: 2, clock })
    const messages = turn.messages()
    await clock.advance(60_000)
    expect((await messages).map((message) => [message.key, message.id, textOf(message), message.outcome.kind])).toEqual(
      [
        ['turn/0', 'b', SAID, 'complete'],
        ['turn/1', 'b', SAID, 'complete'],
      ],
    )
  })
})

describe('OpenAI Responses', () => {
  const stream = SHORT_STREAMS.find(({ dialect }) => dialect === 'openai-responses') ?? expect.fail('there is none')
  const length = stream.events('a', WORDS).length

  it.each(Array.from({ length: length - 2 }, (_, at) => at + 1))(
    'I3: goes on after event %i by `starting_after`, wherever the stream was cut, with or without an overlap',
    async (at) => {
      for (const overlap of [0, 1, 3]) {
        const rest: Answer = ({ cursor }) => {
          const after = cursor?.sequenceNumber ?? expect.fail('it cannot be asked to go on')
          const events = stream.events('a', WORDS).slice(Math.max(1, after + 1 - overlap))
          return streamOf(events.map((event) => sse(event))).body
        }
        const { message, events, attempts } = await play([upTo(stream, 'a', at), rest])
        expect(attempts[1]?.cursor).toEqual({ id: 'a', sequenceNumber: at - 1 })
        expect(textOf(message)).toBe(SAID)
        expect(message).toMatchObject({ id: 'a', attempt: 1, outcome: { kind: 'complete' } })
        expect(countOf(events, 'reset')).toBe(0)
        expect(typesOf(events).filter((type) => type === 'block_stop')).toHaveLength(1)
      }
    },
  )

  it('I4: is asked to go on after the last number that is there without a gap', async () => {
    const [first, second, third, , fifth, ...rest] = stream.events('a', WORDS)
    const start = [first, second, third, fifth].flatMap((event) => (event === undefined ? [] : [sse(event)]))
    const { message, attempts } = await play([
      () => streamOf(start, 'reset').body,
      () => streamOf([...stream.events('a', WORDS).slice(3, 5), ...rest].map((event) => sse(event))).body,
    ])
    expect(attempts[1]?.cursor).toEqual({ id: 'a', sequenceNumber: 2 })
    expect(textOf(message)).toBe(SAID)
    expect(message.anomalies.map(({ kind }) => kind)).toEqual(['duplicate_event'])
  })
})

describe('a tool call that was handed out', () => {
  const call = [
    { type: 'message_start', message: { id: 'a', type: 'message', role: 'assistant', content: [] } },
    { type: 'content_block_start', index: 0, content_block: { type: 'tool_use', id: 't', name: 'run', input: {} } },
    { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '{"a":1}' } },
    { type: 'content_block_stop', index: 0 },
  ].map((event) => sse(event))

  it('I2: makes an end of all attempts', async () => {
    const { message, events, attempts } = await play(
      [() => streamOf(call, 'reset').body, () => expect.fail('it runs already')],
      { toolCalls: 'early' },
    )
    expect(attempts).toHaveLength(1)
    expect(countOf(events, 'tool_call')).toBe(1)
    expect(countOf(events, 'retry')).toBe(0)
    expect(message.outcome).toMatchObject({ kind: 'truncated' })
    expect(message.content).toMatchObject([{ type: 'tool_call', state: 'complete' }])
  })

  it('I2: is handed out once, of the stream that came to its end', async () => {
    const rest = [
      { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 1 } },
      { type: 'message_stop' },
    ].map((event) => sse(event))
    const { message, events } = await play([
      () => streamOf(call, 'reset').body,
      () => streamOf([...call, ...rest].map((piece) => piece.replace('"id":"a"', '"id":"b"'))).body,
    ])
    expect(events.flatMap((event) => (event.type === 'tool_call' ? [event.call.id] : []))).toEqual(['t'])
    expect(message.content).toHaveLength(1)
  })
})

describe('when an attempt is made', () => {
  const stream = SHORT_STREAMS[0] ?? expect.fail('there is none')
  const ok = whole(stream, 'b')

  it.each<[string, Answer]>([
    ['a connection that is refused', () => Promise.reject(Object.assign(new TypeError('fetch failed'), { cause: 1 }))],
    [
      'an opener that throws what the network did',
      () => {
        throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
      },
    ],
    ['an empty stream', () => streamOf([]).body],
    ['HTTP 408', () => new Response('{}', { status: 408 })],
    ['HTTP 409', () => new Response('{}', { status: 409 })],
    ['HTTP 425', () => new Response('{}', { status: 425 })],
    ['HTTP 429', () => new Response('{}', { status: 429 })],
    ['HTTP 500', () => new Response('oops', { status: 500 })],
    ['HTTP 529', () => new Response('{}', { status: 529 })],
    ['HTTP 400 with x-should-retry', () => new Response('{}', { status: 400, headers: { 'x-should-retry': 'true' } })],
    ['an error as JSON behind a 200', () => new Response('{"error":{"type":"overloaded_error","message":"x"}}')],
  ])('I5: after %s', async (_, first) => {
    const { message, attempts } = await play([first, ok])
    expect(attempts).toHaveLength(2)
    expect(message).toMatchObject({ id: 'b', attempt: 2, outcome: { kind: 'complete' } })
  })

  it.each<[string, Answer, string]>([
    ['a complete stream', ok, 'complete'],
    ['a stream that was cut after its stop reason', upTo(stream, 'b', WORDS.length + 4), 'complete'],
    ['HTTP 400', () => new Response('{}', { status: 400 }), 'failed'],
    ['HTTP 401', () => new Response('{}', { status: 401 }), 'failed'],
    [
      'HTTP 429 with x-should-retry: false',
      () => new Response('{}', { status: 429, headers: { 'x-should-retry': 'false' } }),
      'failed',
    ],
    [
      'a mistake of the opener',
      () => {
        throw new TypeError('undefined is not a function')
      },
      'failed',
    ],
    [
      'an error of the opener of its own',
      () => {
        throw new Error('no API key is set')
      },
      'failed',
    ],
    [
      'a text that the opener throws',
      () => {
        // oxlint-disable-next-line typescript/only-throw-error -- callers do
        throw 'no'
      },
      'failed',
    ],
    ['an address that is none', () => fetch('nonsense'), 'failed'],
    [
      'a quota that is used up',
      () => new Response('{"error":{"code":"insufficient_quota","message":"pay"}}', { status: 429 }),
      'failed',
    ],
    [
      'an abort by the opener',
      () => {
        throw new DOMException('stop', 'AbortError')
      },
      'aborted',
    ],
    ['a page of HTML', () => new Response('<html>\n<body>\nhello'), 'failed'],
    [
      'a Retry-After of an hour',
      () => new Response('{}', { status: 429, headers: { 'retry-after': '3600' } }),
      'failed',
    ],
  ])('I5: and not after %s', async (_, first, outcome) => {
    const { message, attempts } = await play([first, () => expect.fail('it must not be tried again')])
    expect(attempts).toHaveLength(1)
    expect(message.outcome.kind).toBe(outcome)
  })

  it('R6: not without being asked to', async () => {
    const { open, attempts } = opener(upTo(stream, 'a', 3))
    expect((await fold(open)).outcome.kind).toBe('truncated')
    expect(attempts).toHaveLength(1)
  })

  it.each<[string, Headers, number]>([
    ['retry-after in seconds', new Headers({ 'retry-after': '7' }), 7000],
    ['retry-after-ms', new Headers({ 'retry-after-ms': '120', 'retry-after': '7' }), 120],
    [
      'retry-after as a date, against the date of the response',
      new Headers({ date: 'Sat, 21 Nov 2026 17:00:00 GMT', 'retry-after': 'Sat, 21 Nov 2026 17:00:09 GMT' }),
      9000,
    ],
    [
      'a date that has passed',
      new Headers({ date: 'Sat, 21 Nov 2026 17:00:10 GMT', 'retry-after': 'Sat, 21 Nov 2026 17:00:09 GMT' }),
      375,
    ],
    ['nonsense', new Headers({ 'retry-after': 'soon' }), 375],
  ])('R6: waits as the server says: %s', async (_, headers, delayMs) => {
    const { events } = await play([() => new Response('{}', { status: 429, headers }), ok])
    expect(events.find((event) => event.type === 'retry')).toMatchObject({ delayMs, error: { class: 'rate_limit' } })
  })

  it('R6: opens nothing before the wait is over', async () => {
    const clock = new FakeClock()
    const { open, attempts } = opener(() => new Response('{}', { status: 503, headers: { 'retry-after': '2' } }), ok)
    const message = fold(open, { attempts: 2, clock })
    await clock.advance(1999)
    expect(attempts).toHaveLength(1)
    await clock.advance(1)
    expect(attempts).toHaveLength(2)
    expect((await message).outcome.kind).toBe('complete')
  })

  it('R6: an abort while it waits is an abort, at once, and nothing is opened any more', async () => {
    const clock = new FakeClock()
    const { open, attempts } = opener(upTo(stream, 'a', 4), () => expect.fail('it was aborted'))
    const turn = assemble(open, { attempts: 2, clock })
    const message = turn.message()
    await clock.advance(10)
    turn.abort('enough')
    expect((await message).outcome).toEqual({ kind: 'aborted', by: 'caller', reason: 'enough' })
    expect(textOf(await message)).toBe('Good morning')
    await clock.advance(60_000)
    expect(attempts).toHaveLength(1)
    expect(clock.next).toBeUndefined()
  })

  it('R6: a listener that aborts at the retry makes an end of it', async () => {
    const clock = new FakeClock()
    const { open } = opener(upTo(stream, 'a', 4), () => expect.fail('it was aborted'))
    const turn = assemble(open, { attempts: 2, clock })
    turn.on('retry', () => turn.abort())
    await clock.advance(60_000)
    expect((await turn.message()).outcome.kind).toBe('aborted')
  })

  it('R6: what is given up is told so: its signal fires, its body is cancelled', async () => {
    const clock = new FakeClock()
    const pieces = [...stream.events('a', WORDS).slice(0, 3), stream.overloaded].map((event) => sse(event))
    const { body, seen } = streamOf(pieces, 'stall')
    const { open, attempts } = opener(() => body, ok)
    const message = fold(open, { attempts: 2, clock })
    await clock.advance(10)
    expect(attempts[0]?.signal.aborted).toBe(true)
    expect(seen.cancelled).toBe(true)
    await clock.advance(60_000)
    expect(attempts[1]?.signal.aborted).toBe(true)
    expect((await message).outcome.kind).toBe('complete')
  })

  const error: OutcomeError = { class: 'network', retryable: true, message: 'gone' }
  const after = (attempt: number, random: number, retryAfterMs?: number, leftMs?: number) =>
    decideRetry({
      outcome: { kind: 'failed', error: { ...error, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) } },
      attempt,
      attempts: 20,
      handedOut: false,
      random: () => random,
      leftMs,
    })?.delayMs

  it('R6: each wait is twice the one before, up to 8 s, less a random part of up to half', () => {
    expect([1, 2, 3, 4, 5, 6, 7].map((attempt) => after(attempt, 0))).toEqual([500, 1000, 2000, 4000, 8000, 8000, 8000])
    expect([1, 2].map((attempt) => after(attempt, 0.999_999))).toEqual([250, 500])
    expect(after(1, 0.5)).toBe(375)
    expect(after(3, 0.5, 60_000)).toBe(60_000)
    expect(after(3, 0.5, 60_001)).toBeUndefined()
  })

  it('R6: no wait is begun that outlasts the budget of the turn: the error is told at once', async () => {
    expect(after(1, 0, undefined, 501)).toBe(500)
    expect(after(1, 0, undefined, 500)).toBeUndefined()
    const busy: Answer = () => new Response('{}', { status: 429, headers: { 'retry-after': '5' } })
    const { message, events } = await play([busy, ok], { total: 800 })
    expect(message.outcome).toMatchObject({ kind: 'failed', error: { class: 'rate_limit', retryAfterMs: 5000 } })
    expect(typesOf(events)).not.toContain('retry')
  })
})

describe('an official SDK as the source of each attempt', () => {
  /** Answers one request after the other, and keeps what was asked. */
  function answering(...answers: readonly (() => Response)[]) {
    const asked: string[] = []
    const fetch = (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
      const { pathname, search } = new URL(input instanceof Request ? input.url : input)
      asked.push(`${init?.method?.toUpperCase() ?? 'GET'} ${pathname}${search}`)
      const answer = answers[asked.length - 1]
      return answer === undefined ? Promise.reject(new Error('nobody expected that')) : Promise.resolve(answer())
    }
    return { asked, fetch }
  }
  const MESSAGE = { role: 'user', content: 'x' } as const
  const HEADERS = { 'content-type': 'text/event-stream' }
  const named = (event: JsonObject | '[DONE]'): string =>
    event === '[DONE]' ? sse(event) : `event: ${wordOf(event.type)}\n${sse(event)}`
  const played = (stream: ShortStream, id: string, from: number, to: number, end: StreamEnd) => (): Response =>
    new Response(streamOf(stream.events(id, WORDS).slice(from, to).map(named), end).body, { headers: HEADERS })
  const busy = (): Response =>
    new Response('{"error":{"type":"overloaded_error","message":"x"}}', {
      status: 529,
      headers: { 'retry-after': '3' },
    })

  const [anthropic, , responses] = SHORT_STREAMS
  if (anthropic === undefined || responses === undefined) throw new Error('there are three')

  it('I2: @anthropic-ai/sdk, over an overload and a cut, gives one message', async () => {
    const { asked, fetch } = answering(
      busy,
      played(anthropic, 'a', 0, 4, 'reset'),
      played(anthropic, 'b', 0, 99, 'eof'),
    )
    const client = new Anthropic({ apiKey: 'none', baseURL: 'http://127.0.0.1', fetch, maxRetries: 0 })
    const open: Answer = ({ signal }) =>
      client.messages.create({ model: 'm', max_tokens: 9, messages: [MESSAGE], stream: true }, { signal })
    const { message, events } = await play([open, open, open])
    expect(asked).toHaveLength(3)
    expect(message).toMatchObject({ id: 'b', attempt: 3, outcome: { kind: 'complete' } })
    expect(textOf(message)).toBe(SAID)
    expect(events.flatMap((event) => (event.type === 'retry' ? [event.delayMs] : []))).toEqual([3000, 750])
    expect(countOf(events, 'reset')).toBe(1)
  })

  it('I3: openai goes on with a background response', async () => {
    const { asked, fetch } = answering(
      played(responses, 'resp_1', 0, 5, 'reset'),
      played(responses, 'resp_1', 5, 7, 'reset'),
      played(responses, 'resp_1', 6, 99, 'eof'),
    )
    const client = new OpenAI({ apiKey: 'none', baseURL: 'http://127.0.0.1/v1', fetch, maxRetries: 0 })
    const open: Answer = ({ cursor, signal }) =>
      cursor?.id === undefined || cursor.sequenceNumber === undefined
        ? client.responses.create({ model: 'm', input: 'x', background: true, stream: true }, { signal })
        : client.responses.retrieve(cursor.id, { stream: true, starting_after: cursor.sequenceNumber }, { signal })
    const { message, events } = await play([open, open, open])
    expect(asked).toEqual([
      'POST /v1/responses',
      'GET /v1/responses/resp_1?stream=true&starting_after=4',
      'GET /v1/responses/resp_1?stream=true&starting_after=6',
    ])
    expect(message).toMatchObject({ id: 'resp_1', attempt: 1, outcome: { kind: 'complete' } })
    expect(textOf(message)).toBe(SAID)
    expect(countOf(events, 'reset')).toBe(0)
  })
})
