/**
 * Wrong input: what a provider, a proxy or a network does wrong gives an honest outcome that keeps everything that came before; what the
 * caller does wrong gives a `MisuseError` with its code.
 */
import { createServer } from 'node:http'
import { describe, expect, it } from 'vitest'
import { MisuseError } from '../src/errors.ts'
import { createAssembler } from '../src/message-assembler.ts'
import { toNative } from '../src/to-native.ts'
import type { JsonObject, JsonValue } from '../src/json.ts'
import type { AssistantMessage, ErrorClass } from '../src/message.ts'
import { oneByteAtATime } from '../src/recording/chunking.ts'
import type { Source } from '../src/source.ts'
import type { AssembleOptions } from '../src/shell-options.ts'
import { assemble, fold, type TurnSource } from '../src/turn.ts'
import type { TurnEvent } from '../src/turn-event.ts'
import { expectLiveEqualsFinal } from './support/naive-reader.ts'
import { PLAIN, scriptWith } from './support/script.ts'
import { payloads, saysStop, type Wire } from './support/wire.ts'
import { WIRES } from './support/wires.ts'

const START = {
  type: 'message_start',
  message: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'model-1',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 5, output_tokens: 1 },
  },
}
const open = (index: number, block: JsonObject): JsonObject => ({
  type: 'content_block_start',
  index,
  content_block: block,
})
const delta = (index: number, value: JsonObject): JsonObject => ({ type: 'content_block_delta', index, delta: value })
const text = (piece: string, index = 0): JsonObject => delta(index, { type: 'text_delta', text: piece })
const json = (piece: string, index = 1): JsonObject => delta(index, { type: 'input_json_delta', partial_json: piece })
const close = (index: number): JsonObject => ({ type: 'content_block_stop', index })
const stop = (reason: string): JsonObject => ({
  type: 'message_delta',
  delta: { stop_reason: reason, stop_sequence: null },
  usage: { output_tokens: 3 },
})
const END = { type: 'message_stop' }
const TEXT = { type: 'text', text: '' }
const TOOL = { type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: {} }

/** The head of an answer: a message with `Hel` in its open first block. */
const HEAD: readonly JsonObject[] = [START, open(0, TEXT), text('Hel')]
/** What makes `HEAD` a whole answer, `Hello`. */
const TAIL: readonly JsonObject[] = [text('lo'), close(0), stop('end_turn'), END]

/** The same answer in every dialect: its head, which ends after `Hel`, and its tail. */
const ANSWERS = WIRES.map((wire) => {
  const sent = wire.write(scriptWith([{ kind: 'text', text: 'Hello' }], stopOf(wire)), { ...PLAIN, cuts: [3, 2] })
  const cut = sent.findIndex(({ does }) => does === 'delta') + 1
  const stops = sent.findIndex(saysStop) + 1
  return {
    wire,
    dialect: wire.dialect,
    head: payloads(sent.slice(0, cut)),
    tail: payloads(sent.slice(cut)),
    untilStop: payloads(sent.slice(0, stops)),
  }
})

/** The word for that the model had no more to say. */
function stopOf({ stops }: Wire): string {
  return [...stops].find(([, reason]) => reason === 'end_turn')?.[0] ?? expect.fail('there is no such word')
}

function sse(...events: readonly JsonValue[]): string {
  return events
    .map((event) =>
      event === '[DONE]'
        ? 'data: [DONE]\n\n'
        : typeof event === 'string'
          ? event
          : `data: ${JSON.stringify(event)}\n\n`,
    )
    .join('')
}

interface Ended {
  readonly message: AssistantMessage
  readonly events: readonly TurnEvent[]
  readonly late: readonly string[]
}

/** Folds and checks what holds for any input: one message, told once, equal to its live events, frozen plain JSON. */
async function honest(source: TurnSource, options: AssembleOptions = {}): Promise<Ended> {
  const turn = assemble(source, options)
  const events: TurnEvent[] = []
  for await (const event of turn) events.push(event)
  const message = await turn.message()
  expect(events.filter(({ type }) => type === 'message')).toEqual([expect.objectContaining({ final: message })])
  expect(events.at(-1)?.type).toBe('message')
  expectLiveEqualsFinal(events, message)
  expect(JSON.parse(JSON.stringify(message))).toEqual(message)
  expect(Object.isFrozen(message)).toBe(true)
  return { message, events, late: turn.anomalies.map(({ kind }) => kind) }
}

function textsOf({ content }: AssistantMessage): readonly string[] {
  return content.map((block) => (block.type === 'tool_call' ? block.arguments : 'text' in block ? block.text : ''))
}

function anomaliesOf({ anomalies }: AssistantMessage): readonly string[] {
  return anomalies.map(({ kind }) => kind)
}

describe('a body that is no stream', () => {
  it.each<[string, Source]>([
    ['an empty text', ''],
    ['no bytes', new Uint8Array()],
    ['no chunks', []],
    ['a response without a body (1.13: status 200 and nothing else)', new Response(null)],
    ['white space', ' \r\n\n\t '],
    ['a byte order mark', '\uFEFF'],
    ['comments (1.06)', ': ping\n\n: ping\n\n'],
    ['an empty data line', 'data:\n\n'],
  ])('7.03: %s is a failed message, not an empty success', async (_name, source) => {
    const { message } = await honest(source, { turn: 'empty' })
    expect(message).toMatchObject({
      key: 'empty/0',
      id: 'empty/0',
      idSource: 'minted',
      content: [],
      outcome: { kind: 'failed', error: { class: 'malformed', retryable: true } },
    })
  })

  it('1.13: HTML behind a 200 fails, and the error shows the page', async () => {
    const page = '<!DOCTYPE html>\n<html>\n<body>Please sign in</body>\n</html>\n'
    const { message } = await honest(new Response(page, { headers: { 'content-type': 'text/html' } }))
    expect(message.outcome).toMatchObject({ kind: 'failed', error: { class: 'malformed', retryable: false } })
    expect(JSON.stringify(message.outcome)).toContain('Please sign in')
    expect(message.response?.status).toBe(200)
  })

  it('the error shows at most 4 KB of such a page', async () => {
    const { message } = await honest(`<html>\n${'x'.repeat(1_000_000)}</html>`)
    expect(JSON.stringify(message).length).toBeLessThan(6000)
  })

  it.each<[string, string, ErrorClass, boolean]>([
    ['of llama.cpp', '{"error":{"code":400,"message":"bad tool"}}', 'invalid_request', false],
    ['of LM Studio', '{"error":{"message":"Compute error."},"message":"Compute error."}', 'unknown', false],
    ['that is a text', '{"error":"the worker is gone"}', 'unknown', false],
    ['of Anthropic', '{"type":"error","error":{"type":"overloaded_error","message":"busy"}}', 'overloaded', true],
    ['over several lines', '{\n  "error": {\n    "type": "rate_limit_error"\n  }\n}\n', 'rate_limit', true],
    ['as an event', 'data: {"error":{"message":"out of memory","type":"server_error"}}\n\n', 'unknown', true],
  ])('1.13: a JSON error behind a 200, %s, fails with what it says', async (_name, body, errorClass, retryable) => {
    const { message } = await honest(new Response(body))
    expect(message.outcome).toMatchObject({ kind: 'failed', error: { class: errorClass, retryable } })
    expect(message.content).toEqual([])
    if (message.outcome.kind !== 'failed') return
    expect(message.outcome.error.body).toEqual(JSON.parse(body.replace(/^data: /, '')))
  })

  it.each<[string, string]>([
    ['an empty object', '{}'],
    ['a list of numbers', '[1,2]'],
    ['a JSON answer of something else', '{"city":"Lisbon"}'],
    ['events of something else', sse({ type: 'hello' }, { type: 'goodbye' })],
    ['[DONE] alone', 'data: [DONE]\n\n'],
  ])('%s is of an unknown dialect, and the error says how to name it', async (_name, body) => {
    const { message } = await honest(body)
    expect(message.dialect).toBe('unknown')
    expect(message.outcome).toMatchObject({
      kind: 'failed',
      error: { class: 'unknown_dialect', message: expect.stringContaining('anthropic-messages') },
    })
    expect(() => toNative(message)).toThrow(expect.objectContaining({ code: 'unknown_dialect' }))
  })
})

describe('a response with an error status', () => {
  it.each<[number, string, ErrorClass, boolean]>([
    [400, 'invalid_request_error', 'invalid_request', false],
    [401, 'authentication_error', 'auth', false],
    [403, 'permission_error', 'auth', false],
    [413, 'request_too_large', 'context_overflow', false],
    [429, 'rate_limit_error', 'rate_limit', true],
    [500, 'api_error', 'unknown', true],
    [529, 'overloaded_error', 'overloaded', true],
  ])('%i fails with its class, its status and its body', async (status, type, errorClass, retryable) => {
    const body = { type: 'error', error: { type, message: 'no luck' }, request_id: 'req_in_body' }
    const headers = { 'content-type': 'application/json', 'request-id': 'req_in_header' }
    const { message } = await honest(Response.json(body, { status, headers }))
    expect(message.outcome).toEqual({
      kind: 'failed',
      error: { class: errorClass, retryable, message: 'no luck', status, requestId: 'req_in_body', body },
    })
    expect(message.response).toEqual({ status, requestId: 'req_in_header', headers })
  })

  it('429 tells when to try again, in seconds or milliseconds', async () => {
    for (const [headers, retryAfterMs] of [
      [{ 'retry-after': '7' }, 7000],
      [{ 'retry-after': '7', 'retry-after-ms': '250' }, 250],
    ] as const) {
      const { message } = await honest(new Response('slow down', { status: 429, headers }))
      expect(message.outcome).toMatchObject({ error: { class: 'rate_limit', retryAfterMs, body: 'slow down' } })
    }
  })

  it.each<[string, string]>([
    ['HTML', '<html><body>502 Bad Gateway</body></html>'],
    ['nothing', ''],
    ['a whole, valid stream', sse(...HEAD, ...TAIL)],
  ])('502 fails whatever its body is: %s', async (_name, body) => {
    const { message } = await honest(new Response(body, { status: 502 }))
    expect(message).toMatchObject({
      content: [],
      outcome: { kind: 'failed', error: { class: 'unknown', retryable: true, status: 502 } },
    })
  })

  it('comes the same through a real server', async () => {
    const server = createServer((_request, response) => {
      response.writeHead(529, { 'content-type': 'application/json', 'retry-after': '2', 'request-id': 'req_9' })
      response.end('{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      const { message } = await honest(fetch(`http://127.0.0.1:${port}/v1/messages`))
      expect(message.outcome).toMatchObject({
        kind: 'failed',
        error: { class: 'overloaded', retryable: true, status: 529, retryAfterMs: 2000, requestId: 'req_9' },
      })
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })
})

describe('text where an event should be', () => {
  it('1.14: bare text as the only data fails, and the error quotes it', async () => {
    const { message } = await honest('data: error: engine OOM\n\n')
    expect(message.outcome).toMatchObject({ kind: 'failed', error: { class: 'malformed', body: 'error: engine OOM' } })
    expect(message.anomalies).toEqual([{ kind: 'malformed_event', detail: 'error: engine OOM' }])
  })

  it.each(ANSWERS)(
    '1.14: bare text after content is an anomaly; the content stays and the message is not complete, in $dialect',
    async ({ head }) => {
      const { message } = await honest(sse(...head, 'data: error: engine OOM\n\n'))
      expect(textsOf(message)).toEqual(['Hel'])
      expect(message.outcome).toMatchObject({ kind: 'truncated', by: 'eof' })
      expect(message.anomalies).toEqual([{ kind: 'malformed_event', detail: 'error: engine OOM' }])
    },
  )

  it.each(ANSWERS)(
    '1.07: a comment that a proxy sends as data, before or between the events, costs nothing, in $dialect',
    async ({ head, tail }) => {
      const comment = 'data: : OPENROUTER PROCESSING\n\n'
      for (const body of [sse(comment, comment, ...head, ...tail), sse(...head, comment, ...tail)]) {
        const { message } = await honest(body)
        expect(textsOf(message)).toEqual(['Hello'])
        expect(message.outcome).toEqual({ kind: 'complete' })
        expect(new Set(anomaliesOf(message))).toEqual(new Set(['comment_as_data']))
      }
    },
  )

  it.each(WIRES)(
    '7.14: a lost event makes the call that was open invalid, with its raw text, and no other, in $dialect',
    async (wire) => {
      const input = { city: 'Oslo' }
      const called = (id: string) => ({ kind: 'call', by: 'client', id, name: 'f', input, sent: 'deltas' }) as const
      const sent = wire.write(scriptWith([called('call_1'), called('call_2')], wire.callsStop), { ...PLAIN, cuts: [7] })
      const lostAt = sent.findIndex(({ does, block }) => does === 'delta' && block === 0) + 1
      const events = payloads(sent)
      // What comes whole after the loss tells the text again, but not that nothing else was lost.
      const { message, events: live } = await honest(
        sse(...events.slice(0, lostAt), 'data: {"type":"cut\n\n', ...events.slice(lostAt)),
      )
      expect(message.content).toMatchObject([
        { type: 'tool_call', state: 'invalid', arguments: JSON.stringify(input) },
        { type: 'tool_call', state: 'complete', input },
      ])
      expect(live.flatMap((event) => (event.type === 'tool_call' ? [event.call.id] : []))).toEqual(['call_2'])
    },
  )

  it.each(['\n', '\r\n', '\r'])(
    '1.02, 1.10: data over several lines that end with %j is one event, one byte at a time',
    async (end) => {
      const body = [...HEAD, ...TAIL].map(
        (event) => `${JSON.stringify(event, null, 1).replaceAll(/^/gm, 'data: ').replaceAll('\n', end)}${end}${end}`,
      )
      for (const source of [body.join(''), oneByteAtATime(new TextEncoder().encode(body.join('')))]) {
        const { message } = await honest(source)
        expect(textsOf(message)).toEqual(['Hello'])
        expect(message).toMatchObject({ outcome: { kind: 'complete' }, anomalies: [] })
      }
    },
  )

  it.each(ANSWERS)(
    '1.09: an error line fails with what it says, before and after content, in $dialect',
    async ({ head }) => {
      const line = 'error: {"code":400,"message":"the prompt exceeds the context size"}\n\n'
      const before = await honest(`${line}data: [DONE]\n\n`)
      expect(before.message.outcome).toMatchObject({
        kind: 'failed',
        error: { class: 'context_overflow', status: 400 },
      })
      const after = await honest(sse(...head, line, 'data: [DONE]\n\n'))
      expect(after.message.outcome).toMatchObject({ kind: 'failed', error: { class: 'context_overflow', status: 400 } })
      expect(textsOf(after.message)).toEqual(['Hel'])
    },
  )

  it.each(ANSWERS)(
    '2.19: an error event fails with its class and keeps what came before, in $dialect',
    async ({ wire, head, tail }) => {
      const { message } = await honest(sse(...head, wire.error, ...tail))
      expect(message.outcome).toMatchObject({
        kind: 'failed',
        error: { class: 'overloaded', retryable: true, body: wire.error },
      })
      expect(textsOf(message)).toEqual(['Hel'])
    },
  )

  it.each(ANSWERS)(
    'I5: an event that is named error is one, whatever word its data has for itself, in $dialect',
    async ({ dialect, head }) => {
      const report = 'event: error\ndata: {"type":"overloaded_error","message":"try again"}\n\n'
      const { message } = await honest(sse(...head, report), { dialect })
      const error = { class: 'overloaded', retryable: true, message: 'try again' }
      expect(message.outcome).toMatchObject({ kind: 'failed', error })
    },
  )

  it('2.19: an error event of Anthropic keeps the tokens that were counted', async () => {
    const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }
    expect((await honest(sse(...HEAD, error, ...TAIL))).message.usage).toEqual({ inputTokens: 5 })
  })
})

describe('the end of the input', () => {
  it.each(ANSWERS)('a torn last event is cut off and noted; what came before stays, in $dialect', async ({ head }) => {
    const { message } = await honest(sse(...head, 'data: {"type":"content_block_delta","index":0,"del'))
    expect(textsOf(message)).toEqual(['Hel'])
    expect(message.outcome).toMatchObject({ kind: 'truncated', by: 'eof' })
    expect(message.anomalies).toEqual([{ kind: 'cut_event', detail: '{"type":"content_block_delta","index":0,"del' }])
  })

  it.each(WIRES)('1.01: a stream of $dialect that ends inside a UTF-8 character is cut there', async (wire) => {
    const script = scriptWith([{ kind: 'text', text: 'Hel北' }], stopOf(wire))
    const sent = wire.write(script, { ...PLAIN, cuts: [3] })
    const cut = sent.findLastIndex(({ does }) => does === 'delta') + 1
    const bytes = new TextEncoder().encode(sse(...payloads(sent.slice(0, cut))))
    const { message } = await honest(bytes.slice(0, bytes.lastIndexOf(0xe5) + 2))
    expect(textsOf(message)).toEqual(['Hel'])
    expect(anomaliesOf(message)).toEqual(['cut_event'])
  })

  it.each(ANSWERS)('1.05: the last event counts without its last line ends, in $dialect', async ({ head, tail }) => {
    for (const missing of [1, 2]) {
      const { message } = await honest(sse(...head, ...tail).slice(0, -missing))
      expect(message).toMatchObject({ outcome: { kind: 'complete' }, anomalies: [] })
      expect(textsOf(message)).toEqual(['Hello'])
    }
  })

  it.each(ANSWERS.filter(({ wire }) => wire.dialect !== 'openai-responses'))(
    'I5: a stop reason without the last event is complete, and that is noted, in $dialect',
    async ({ untilStop }) => {
      const { message } = await honest(sse(...untilStop))
      expect(message).toMatchObject({ outcome: { kind: 'complete' }, stop: { reason: 'end_turn' } })
      expect(anomaliesOf(message)).toEqual(['missing_terminal'])
    },
  )

  it.each(ANSWERS.filter(({ wire }) => !wire.hasMark))(
    '3.x in 2.x and 4.x: [DONE] in a stream of $dialect is an unknown event, and ends nothing',
    async ({ head, tail }) => {
      const { message, late } = await honest(sse(...head, '[DONE]', ...tail, '[DONE]'))
      expect(textsOf(message)).toEqual(['Hello'])
      expect(message.outcome).toEqual({ kind: 'complete' })
      expect(message.anomalies).toEqual([{ kind: 'unknown_event', detail: '[DONE]' }])
      expect(late).toEqual(['late_event'])
    },
  )

  it.each(ANSWERS)(
    'I5: a last event alone is no message, or one that says nothing, in $dialect',
    async ({ dialect, tail }) => {
      const { message } = await honest(sse(...tail.slice(-1)), { dialect })
      if (dialect === 'openai-responses') {
        // It holds all of the answer.
        expect(message).toMatchObject({ outcome: { kind: 'complete' }, content: [{ text: 'Hello' }] })
      } else expect(message).toMatchObject({ content: [], outcome: { kind: 'failed', error: { class: 'malformed' } } })
    },
  )

  it('2.02: a bare message_stop is no message', async () => {
    for (const options of [{}, { dialect: 'anthropic-messages' as const }]) {
      const { message } = await honest(sse(END), options)
      expect(message).toMatchObject({ content: [], outcome: { kind: 'failed', error: { class: 'malformed' } } })
    }
  })
})

describe('limits', () => {
  const long = 'x'.repeat(5000)

  it.each(ANSWERS)(
    '1.15: an event over the limit fails, before and after content, in one chunk or many, in $dialect',
    async ({ head, tail }) => {
      const padded = head.map((event, at) => (at === 0 && event !== '[DONE]' ? { ...event, padding: long } : event))
      for (const [events, texts] of [
        [[...padded, ...tail], []],
        [[...head, { type: 'x', long }, ...tail], ['Hel']],
        [[...head, `: ${long}\n\n`, ...tail], ['Hel']],
        [[...head, `data: ${long}`], ['Hel']],
      ] as const) {
        const body = sse(...events)
        for (const source of [body, body.match(/[^]{1,100}/g) ?? []]) {
          const { message } = await honest(source, { limits: { eventLength: 2000 } })
          expect(message.outcome).toMatchObject({
            kind: 'failed',
            error: { class: 'limit', retryable: false, message: expect.stringContaining('limits.eventLength') },
          })
          expect(textsOf(message)).toEqual(texts)
        }
      }
    },
  )

  it.each(WIRES)('a message over the limit fails and keeps what came before, in $dialect', async (wire) => {
    const words = Array.from({ length: 100 }, (_, index) => `${String(index).padStart(2, '0')}${'x'.repeat(98)}`).join(
      '',
    )
    const sent = wire.write(scriptWith([{ kind: 'text', text: words }], stopOf(wire)), { ...PLAIN, cuts: [100] })
    const { message } = await honest(sse(...payloads(sent)), { limits: { messageLength: 2000 } })
    expect(message.outcome).toMatchObject({ kind: 'failed', error: { class: 'limit', retryable: false } })
    expect(textsOf(message)[0]).toMatch(/^00x{98}01x/)
    expect(textsOf(message)[0]?.length).toBeLessThan(2200)
    expect(message.stop.raw).toBeNull()
  })

  it.each(WIRES)('too many blocks fail, the allowed ones stay, in $dialect', async (wire) => {
    const calls = [0, 1, 2, 3].map(
      (at) => ({ kind: 'call', by: 'client', id: `c${at}`, name: 'f', input: { at }, sent: 'deltas' }) as const,
    )
    const sent = wire.write(scriptWith(calls, wire.callsStop), PLAIN)
    const { message, events } = await honest(sse(...payloads(sent)), { limits: { blocks: 2 } })
    expect(message.outcome).toMatchObject({ kind: 'failed', error: { class: 'limit' } })
    expect(textsOf(message)).toEqual(['{"at":0}', '{"at":1}'])
    expect(events.map(({ type }) => type)).not.toContain('tool_call')
  })

  it.each(ANSWERS)('anomalies beyond the limit are counted, in $dialect', async ({ head, tail }) => {
    const unknown = Array.from({ length: 10 }, (_, index) => ({ type: `unknown_${index}` }))
    const { message } = await honest(sse(...head, ...unknown, ...tail), { limits: { anomalies: 3 } })
    expect(message.anomalies).toEqual([
      ...unknown.slice(0, 3).map((event) => ({ kind: 'unknown_event', detail: event.type, value: event })),
      { kind: 'more', count: 7 },
    ])
    expect(textsOf(message)).toEqual(['Hello'])
  })

  const brackets = 100_000

  it.each<[string, string]>([
    ['whole', `data: {"type":"odd","value":${'['.repeat(brackets)}${']'.repeat(brackets)}}\n\n`],
    ['not closed', `data: {"type":"odd","value":${'['.repeat(brackets)}\n\n`],
    [
      'as a delta',
      `data: {"type":"content_block_delta","index":0,"delta":${'['.repeat(brackets)}${']'.repeat(brackets)}}\n\n`,
    ],
    ['of objects', `data: {"type":"odd","value":${'{"a":'.repeat(brackets)}1${'}'.repeat(brackets)}}\n\n`],
  ])('JSON nested 100,000 deep in an event, %s, is a malformed event', async (_name, event) => {
    const { message } = await honest(sse(...HEAD, event, ...TAIL))
    expect(textsOf(message)).toEqual(['Hello'])
    expect(message.outcome).toEqual({ kind: 'complete' })
    expect(anomaliesOf(message)).toEqual(['malformed_event'])
  })

  it.each<[string, string]>([
    ['whole', `{"a":${'['.repeat(brackets)}${']'.repeat(brackets)}}`],
    ['not closed', `{"a":${'['.repeat(brackets)}`],
    ['of objects', `${'{"a":'.repeat(brackets)}1${'}'.repeat(brackets)}`],
  ])('tool input nested 100,000 deep, %s, is an invalid call with its raw text', async (_name, input) => {
    const turn = assemble(sse(START, open(1, TOOL), json(input), close(1), stop('tool_use'), END))
    const message = await turn.message()
    expect(message.content).toMatchObject([{ type: 'tool_call', state: 'invalid' }])
    expect(textsOf(message)[0] === input).toBe(true)
    expect(turn.partialInput(0).isComplete).toBe(false)
    expect(message.stop.reason).toBe('tool_calls')
  })
})

describe('events of Anthropic with values of the wrong type', () => {
  it.each<[string, JsonObject, string, readonly string[]]>([
    ['a delta without its block', { type: 'content_block_delta', index: 0 }, 'Hello', ['malformed_event']],
    ['a delta that is null', { type: 'content_block_delta', index: 0, delta: null }, 'Hello', ['malformed_event']],
    ['a text that is a number', delta(0, { type: 'text_delta', text: 7 }), 'Hello', ['malformed_event']],
    ['a text that is null', delta(0, { type: 'text_delta', text: null }), 'Hello', ['malformed_event']],
    ['a delta without a type', delta(0, { text: 'lost' }), 'Hello', ['unknown_delta']],
    ['a block start without a block', { type: 'content_block_start', index: 3 }, 'Hello', ['malformed_event']],
    ['a message_start without a message', { type: 'message_start' }, 'Hello', ['malformed_event']],
    ['an event without a type', { index: 0 }, 'Hello', ['unknown_event']],
    ['an event whose type is a number', { type: 7 }, 'Hello', ['unknown_event']],
    ['usage that is a list', { type: 'message_delta', delta: {}, usage: [1] }, 'Hello', []],
    ['a message_delta without a delta', { type: 'message_delta' }, 'Hello', []],
    ['an index that is a text', { ...text('·'), index: '0' }, 'Hel·lo', []],
  ])('%s is told as an anomaly or means nothing, and the rest is whole', async (_name, event, whole, anomalies) => {
    const { message } = await honest(sse(...HEAD, event, ...TAIL))
    expect(textsOf(message)).toEqual([whole])
    expect(message.outcome).toEqual({ kind: 'complete' })
    expect(anomaliesOf(message)).toEqual(anomalies)
  })

  it('2.05: a delta before its tool call opens a block, and the live events come to name the call', async () => {
    const { message } = await honest(
      sse(START, json('{"city":'), open(1, TOOL), json('"Oslo"}'), close(1), stop('tool_use'), END),
    )
    expect(message.content).toMatchObject([
      { id: 'toolu_1', name: 'get_weather', state: 'complete', input: { city: 'Oslo' } },
    ])
    expect(anomaliesOf(message)).toEqual(['unopened_block', 'repeated_open'])
  })

  it('2.27: a delta without an index gets a block of its own and spoils none', async () => {
    const { message } = await honest(sse(...HEAD, { ...text('lost'), index: null }, ...TAIL))
    expect(textsOf(message)).toEqual(['Hello', 'lost'])
    expect(anomaliesOf(message)).toEqual(['unopened_block'])
  })

  it('2.04: a message_start with an id that is a number, or with nothing in it, gives a minted id', async () => {
    for (const message of [{ id: 5 }, {}, { id: null, model: 7, usage: 'none' }]) {
      const ended = await honest(sse({ type: 'message_start', message }, ...HEAD.slice(1), ...TAIL), { turn: 'odd' })
      expect(ended.message).toMatchObject({ id: 'odd/0', idSource: 'minted', outcome: { kind: 'complete' } })
      expect(ended.message.model).toBeUndefined()
      expect(textsOf(ended.message)).toEqual(['Hello'])
    }
  })

  it('2.08: usage that is null, absent or no number leaves the known counts alone', async () => {
    for (const usage of [null, [], 'many', { input_tokens: null, output_tokens: '9' }, {}]) {
      const events = [...HEAD, text('lo'), close(0), { ...stop('end_turn'), usage }, END]
      expect((await honest(sse(...events))).message.usage).toEqual({ inputTokens: 5 })
    }
  })
})

describe('names that every object has', () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']

  it.each(names)('%s is a type, a stop reason, an error, an index and a key like any other', async (name) => {
    const block = await honest(sse(START, open(0, { type: name, x: 1 }), close(0), ...HEAD.slice(1), ...TAIL))
    expect(block.message.content[0]).toEqual({ type: 'other', wire: { type: name, x: 1 } })
    expect(anomaliesOf(block.message)).toContain('unknown_block')

    const reason = await honest(sse(...HEAD, close(0), stop(name), END))
    expect(reason.message.stop).toEqual({ reason: 'unknown', raw: name, sequence: null })

    const error = await honest(sse(...HEAD, { type: 'error', error: { type: name, message: 'odd' } }))
    expect(error.message.outcome).toMatchObject({ kind: 'failed', error: { class: 'unknown', message: 'odd' } })

    const event = await honest(sse(...HEAD, { type: name }, delta(0, { type: name }), ...TAIL))
    expect(textsOf(event.message)).toEqual(['Hello'])
    expect(anomaliesOf(event.message)).toEqual(['unknown_event', 'unknown_delta'])

    const index = await honest(
      sse(START, { ...open(0, TEXT), index: name }, { ...text('here'), index: name }, stop('end_turn'), END),
    )
    expect(textsOf(index.message)).toEqual(['here'])
  })

  it.each(WIRES)('each of them is a stop reason, a call and a field like any other, in $dialect', async (wire) => {
    for (const name of names) {
      const call = { kind: 'call', by: 'client', id: name, name, input: { a: 1 }, sent: 'deltas' } as const
      const sent = payloads(wire.write(scriptWith([call], name), PLAIN))
      const body = sse(...sent).replaceAll('{\\"a\\":1}', `{\\"${name}\\":{\\"polluted\\":true}}`)
      const { message } = await honest(body, { dialect: wire.dialect })
      // Whatever made a response incomplete, it is not a reason to run its calls.
      const reason = wire.dialect === 'openai-responses' ? 'error' : 'tool_calls'
      expect(message.stop).toMatchObject({ reason, raw: name })
      expect(message.content).toMatchObject([{ id: name, name, state: 'complete' }])
      expect(JSON.stringify(toNative(message))).toContain(name)
      const added = sse(...sent).replaceAll('"model":', `"${name}":{"polluted":true},"model":`)
      expect(JSON.stringify(toNative((await honest(added)).message))).toContain(`"${name}":{"polluted":true}`)
    }
    expect('polluted' in {}).toBe(false)
  })

  it.each(names)('%s as the id, the name and an input key of a tool stays plain data', async (name) => {
    const tool = { ...TOOL, id: name, name }
    const input = `{"${name}":{"polluted":true}}`
    const { message } = await honest(sse(START, open(1, tool), json(input), close(1), stop('tool_use'), END))
    const [call] = message.content
    if (call?.type !== 'tool_call' || call.state !== 'complete') expect.fail('there is no complete call')
    expect(call).toMatchObject({ id: name, name, idSource: 'wire' })
    expect(Object.keys(call.input)).toEqual([name])
    expect(JSON.stringify(call.input)).toBe(input)
    expect(JSON.stringify(toNative(message))).toContain(input)
    expect('polluted' in {}).toBe(false)
  })

  it.each(names)('%s as a field of the message and of the usage is carried through', async (name) => {
    const end = `data: {"type":"message_delta","delta":{"stop_reason":"end_turn","${name}":1},"usage":{"output_tokens":3,"${name}":7}}\n\n`
    const { message } = await honest(sse(...HEAD, close(0), end, END))
    expect(JSON.stringify(toNative(message))).toContain(`"${name}":1`)
    expect(JSON.stringify(toNative(message))).toContain(`"${name}":7`)
    expect(message.usage).toEqual({ inputTokens: 5, outputTokens: 3 })
  })
})

describe('misuse', () => {
  const read = new Response('data')
  const lockedStream = new ReadableStream<Uint8Array>()
  const lockedResponse = new Response('data')

  it.each<[string, () => unknown]>([
    ['a number', () => 5],
    ['null', () => null],
    ['undefined', () => undefined],
    ['true', () => true],
    ['a symbol', () => Symbol('source')],
    ['a locked stream', () => (lockedStream.locked || lockedStream.getReader(), lockedStream)],
    ['a response that was read', async () => (read.bodyUsed || (await read.text()), read)],
    [
      'a response whose body is locked',
      () => (lockedResponse.body?.locked || lockedResponse.body?.getReader(), lockedResponse),
    ],
    ['an iterable of numbers', () => [1, 2, 3]],
    ['an iterable of null', () => [null]],
    ['a Uint8Array’s numbers', () => Uint8Array.of(1).values()],
  ])(
    '%s as source rejects message() and the iteration with bad_source, in whatever way it is handed in',
    async (_name, make) => {
      const bad = async (): Promise<unknown> => make()
      const expected = expect.objectContaining({
        name: 'MisuseError',
        code: 'bad_source',
        message: expect.stringMatching(/.{20}/),
      })
      // Anything may come from a caller who does not use TypeScript.
      const sources = [await bad(), bad(), (): unknown => make(), bad] as readonly TurnSource[]
      await expect(fold((await bad()) as TurnSource)).rejects.toThrow(expected)
      for (const source of sources) {
        const turn = assemble(source)
        await expect(drain(turn)).rejects.toThrow(expected)
        await expect(turn.message()).rejects.toThrow(expected)
        await expect(turn.messages()).rejects.toThrow(expected)
      }
    },
  )

  it.each<[string, string, unknown]>([
    ['toolCalls', 'bad_option', { toolCalls: 'late' }],
    ['identity', 'bad_option', { identity: 'loose' }],
    ['many', 'bad_option', { many: 1 }],
    ['acceptEof', 'bad_option', { acceptEof: 'yes' }],
    ['raw', 'bad_option', { raw: null }],
    ['turn', 'bad_option', { turn: '' }],
    ['turn', 'bad_option', { turn: 5 }],
    ['limits.foo', 'bad_option', { limits: { foo: 1 } }],
    ['limits.blocks', 'bad_option', { limits: { blocks: 0 } }],
    ['limits.blocks', 'bad_option', { limits: { blocks: 1.5 } }],
    ['limits.blocks', 'bad_option', { limits: { blocks: Number.NaN } }],
    ['limits.blocks', 'bad_option', { limits: { blocks: '9' } }],
    ['limits.toolDepth', 'bad_option', { limits: { toolDepth: 513 } }],
    ['klingon', 'unknown_dialect', { dialect: 'klingon' }],
    ['__proto__', 'unknown_dialect', { dialect: '__proto__' }],
    ['constructor', 'unknown_dialect', { dialect: 'constructor' }],
  ])('a wrong value of %s throws %s at once', (name, code, options) => {
    const misused = options as AssembleOptions
    const expected = expect.objectContaining({ name: 'MisuseError', code, message: expect.stringContaining(name) })
    expect(() => assemble('', misused)).toThrow(expected)
    expect(() => createAssembler({ dialect: 'anthropic-messages', ...misused })).toThrow(expected)
  })

  it.each<[string, unknown]>([
    ['limits: null', { limits: null }],
    ['limits: 5', { limits: 5 }],
    ['signal: 5', { signal: 5 }],
    ['a signal that nobody can leave', { signal: { aborted: false, addEventListener: () => undefined } }],
    ['clock: 3', { clock: 3 }],
  ])('%s throws bad_option', (_name, options) => {
    expect(() => assemble('', options as AssembleOptions)).toThrow(expect.objectContaining({ code: 'bad_option' }))
  })

  it('partialInput of a block that is not there throws unknown_block', async () => {
    const turn = assemble(sse(...HEAD, ...TAIL))
    await turn.message()
    for (const ordinal of [1, -1, 0.5, Number.NaN]) {
      expect(() => turn.partialInput(ordinal)).toThrow(expect.objectContaining({ code: 'unknown_block' }))
    }
  })

  it('message() of an assembler that did not end throws not_final, and toNative of nothing bad_argument', () => {
    const assembler = createAssembler({ dialect: 'anthropic-messages' })
    assembler.receive(START)
    expect(() => assembler.message()).toThrow(expect.objectContaining({ code: 'not_final' }))
    expect(() => toNative([])).toThrow(expect.objectContaining({ code: 'bad_argument' }))
  })

  it('toNative of a message twice, or of two that are no choices of one answer, throws bad_argument', async () => {
    for (const { head, tail } of ANSWERS) {
      const one = await fold(sse(...head, ...tail), { turn: 'one' })
      const other = await fold(sse(...head, ...tail), { turn: 'other' })
      for (const messages of [
        [one, one],
        [one, other],
      ]) {
        expect(() => toNative(messages)).toThrow(expect.objectContaining({ code: 'bad_argument' }))
      }
    }
  })
})

describe('a stream of another dialect than the option names', () => {
  for (const { dialect: named } of ANSWERS) {
    for (const { dialect, head, tail } of ANSWERS) {
      if (dialect === named) continue
      it(`${dialect} under ${named}: the outcome names both, and does not ask for a retry`, async () => {
        const { message } = await honest(sse(...head, ...tail), { dialect: named })
        expect(message.outcome).toMatchObject({
          kind: 'failed',
          error: { class: 'unknown_dialect', retryable: false, message: expect.stringContaining(named) },
        })
        expect(JSON.stringify(message.outcome)).toContain(dialect)
      })
    }
  }
})

describe('a source that cannot be opened, or breaks', () => {
  const refused = new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 127.0.0.1:9') })

  it.each<[string, () => TurnSource]>([
    [
      'an opener that throws',
      () => () => {
        throw refused
      },
    ],
    ['an opener that rejects', () => () => Promise.reject(refused)],
    ['a promise that rejects', () => Promise.reject(refused)],
  ])('%s gives a failed message of class network that says why', async (_name, make) => {
    const { message } = await honest(make())
    expect(message.outcome).toEqual({
      kind: 'failed',
      error: { class: 'network', retryable: true, message: 'fetch failed: connect ECONNREFUSED 127.0.0.1:9' },
    })
  })

  it('a refused connection gives a failed message of class network', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    await new Promise((resolve) => server.close(resolve))
    const { message } = await honest(() => fetch(`http://127.0.0.1:${port}/`))
    expect(message.outcome).toMatchObject({
      kind: 'failed',
      error: { class: 'network', retryable: true, message: expect.stringContaining('ECONNREFUSED') },
    })
  })

  it.each<[string, unknown, string]>([
    ['an error', new Error('socket hang up'), 'socket hang up'],
    ['a text', 'socket hang up', 'socket hang up'],
    [
      'an object without a prototype',
      Object.assign(Object.create(null), { message: 'socket hang up' }),
      'socket hang up',
    ],
    ['an object without a constructor', { constructor: undefined, message: 'socket hang up' }, 'socket hang up'],
    ['undefined', undefined, ''],
    ['null', null, ''],
  ])(
    'a source that throws %s in mid-stream is truncated by reset, and what came is kept',
    async (_name, thrown, said) => {
      async function* source(): AsyncGenerator<JsonObject> {
        yield* HEAD
        await Promise.resolve()
        throw thrown
      }
      const { message } = await honest(source())
      expect(textsOf(message)).toEqual(['Hel'])
      expect(message.outcome).toMatchObject({
        kind: 'truncated',
        by: 'reset',
        error: { class: 'network', retryable: true },
      })
      expect(JSON.stringify(message.outcome)).toContain(said)
    },
  )

  it('what the official SDKs throw for a status is a failed message with the provider’s error', async () => {
    const body = { type: 'error', error: { type: 'rate_limit_error', message: 'slow down' } }
    const { message } = await honest(() =>
      Promise.reject(Object.assign(new Error('429'), { status: 429, error: body })),
    )
    expect(message.outcome).toMatchObject({
      kind: 'failed',
      error: { class: 'rate_limit', retryable: true, status: 429, body },
    })
  })

  it('an error after the terminal changes nothing', async () => {
    async function* source(): AsyncGenerator<JsonObject> {
      yield* [...HEAD, ...TAIL]
      await Promise.resolve()
      throw new Error('late')
    }
    const { message } = await honest(source())
    expect(message.outcome).toEqual({ kind: 'complete' })
  })

  it('is told apart from misuse by the class of the error', async () => {
    // @ts-expect-error a number is no source
    await expect(fold(5)).rejects.toBeInstanceOf(MisuseError)
  })
})

describe('what a source throws', () => {
  const cyclic = new Error('boom')
  Object.assign(cyclic, { error: { self: cyclic } })
  const hostile = {
    get message(): string {
      throw new Error('no')
    },
  }
  it.each<[string, unknown]>([
    ['an error whose body refers to itself', cyclic],
    ['an object that throws when it is looked at', hostile],
    ['a function', () => undefined],
    ['nothing', undefined],
    ['a status that is no number', { status: Number.NaN, message: 'x' }],
  ])('I5: %s ends the turn honestly, and what came before is kept', async (_name, thrown) => {
    const source = (async function* () {
      yield* HEAD
      throw thrown
    })()
    const { message } = await honest(source)
    expect(textsOf(message)).toEqual(['Hel'])
    expect(message.outcome.kind).not.toBe('complete')
    expect(toJson(message)).toEqual(message)
  })

  it.each([
    ['the parser of HTTP', Object.assign(new Error('Parse Error: Expected HTTP/'), { code: 'HPE_INVALID_CONSTANT' })],
    ['a connection', Object.assign(new Error('read ECONNRESET'), { name: 'ParseError', code: 'ECONNRESET' })],
    [
      'a code in the cause',
      new SyntaxError('JSON', { cause: Object.assign(new Error('x'), { code: 'UND_ERR_SOCKET' }) }),
    ],
    ['an unfinished answer', new Error('Incomplete JSON segment at the end')],
    ['a status that is none', Object.assign(new Error('socket hang up'), { statusCode: undefined, body: undefined })],
  ])('an error of the network stays one, whatever it is called: %s', async (_name, thrown) => {
    const source = (async function* () {
      yield* HEAD
      throw thrown
    })()
    const { message } = await honest(source)
    expect(message.outcome).toMatchObject({ kind: 'truncated', error: { class: 'network', retryable: true } })
  })

  it('I4: an event that throws when it is read is malformed, and what follows it is read', async () => {
    const broken = {
      type: 'content_block_delta',
      index: 0,
      get delta(): JsonObject {
        throw new Error('boom')
      },
    }
    const noted = {
      get type(): string {
        throw new Error('boom')
      },
    }
    for (const events of [
      [...HEAD, broken, ...TAIL],
      [noted, ...HEAD, ...TAIL],
      [...HEAD, { chunk: noted }, ...TAIL],
    ]) {
      for (const options of [{}, { dialect: 'anthropic-messages' }] as const) {
        const { message } = await honest(events, options)
        expect(textsOf(message)).toEqual(['Hello'])
        expect(message.outcome).toEqual({ kind: 'complete' })
      }
    }
    const { message } = await honest([...HEAD, broken, ...TAIL])
    expect(anomaliesOf(message)).toEqual(['malformed_event'])
  })

  it('I5: a mistake in the program that gives the stream is no fault of the network', async () => {
    const { message } = await honest(() => {
      throw new TypeError('x is not a function')
    })
    expect(message.outcome).toMatchObject({ kind: 'failed', error: { class: 'unknown', retryable: false } })
  })
})

describe('before the dialect is known', () => {
  it('any number of pings, or one large event of an unknown type, loses nothing', async () => {
    const pings = Array.from({ length: 500 }, () => ({ type: 'ping' }))
    const large = { type: 'prelude', data: 'x'.repeat(100_000) }
    for (const before of [pings, [large]]) {
      const { message } = await honest(sse(...before, ...HEAD, ...TAIL))
      expect(textsOf(message)).toEqual(['Hello'])
      expect(message.outcome).toEqual({ kind: 'complete' })
    }
  })
})

it('an input that is nested 10,000 levels deep in the start of a block costs that event alone', async () => {
  const input = `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`
  const deep = `data: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"f","input":${input}}}\n\n`
  const { message } = await honest(sse(...HEAD, deep, ...TAIL))
  expect(textsOf(message)).toEqual(['Hello'])
  expect(message.outcome).toEqual({ kind: 'complete' })
  expect(anomaliesOf(message)).toContain('malformed_event')
})

function toJson(value: unknown): JsonValue | undefined {
  const parsed: JsonValue | undefined = value === undefined ? undefined : JSON.parse(JSON.stringify(value))
  return parsed
}

async function drain(source: AsyncIterable<unknown>): Promise<number> {
  let count = 0
  for await (const _ of source) count += 1
  return count
}
