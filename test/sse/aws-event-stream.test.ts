import { describe, expect, it } from 'vitest'
import { Decoder, type Decoded } from '../../src/sse/decode.ts'
import { Fold } from '../../src/fold.ts'
import type { FoldOptions } from '../../src/options.ts'
import type { AssistantMessage, ErrorClass } from '../../src/message.ts'
import { chunkFrame, damaged, eventFrame, exceptionFrame, frame, framesOf, joined } from '../support/aws-frames.ts'

const LIMIT = 1024 * 1024

function decode(chunks: readonly Uint8Array[], limit = LIMIT): Decoded[] {
  const decoder = new Decoder(limit)
  const decoded = chunks.flatMap((chunk) => [...decoder.push(chunk)])
  decoded.push(...decoder.end())
  expect(decoder.end(), 'a second end gives nothing').toEqual([])
  return decoded
}

const everyByte = (bytes: Uint8Array): Uint8Array[] => Array.from(bytes, (byte) => Uint8Array.of(byte))

/** However the bytes are cut. */
function gives(bytes: Uint8Array, wanted: readonly Decoded[], limit = LIMIT): void {
  expect(decode([bytes], limit), 'in one piece').toEqual(wanted)
  expect(decode(everyByte(bytes), limit), 'in single bytes').toEqual(wanted)
  expect(decode([new Uint8Array(), bytes, new Uint8Array()], limit), 'between empty chunks').toEqual(wanted)
  for (let at = 0; at <= bytes.length; at += 1) {
    expect(decode([bytes.subarray(0, at), bytes.subarray(at)], limit), `cut at ${at}`).toEqual(wanted)
  }
}

const event = (data: string, name?: string): Decoded => ({ kind: 'event', data, event: name, id: undefined })

function foldBytes(chunks: readonly Uint8Array[], options: FoldOptions = {}): AssistantMessage {
  const fold = new Fold(options)
  for (const chunk of chunks) fold.push(chunk)
  fold.end({ kind: 'complete' })
  return fold.messages[0] ?? expect.fail('there is no message')
}

const text = (value: string): object => ({ contentBlockDelta: { contentBlockIndex: 0, delta: { text: value } } })
const START = { messageStart: { role: 'assistant' } }
const CLOSE = { contentBlockStop: { contentBlockIndex: 0 } }
const STOP = { messageStop: { stopReason: 'end_turn' } }
const METADATA = { metadata: { usage: { inputTokens: 3, outputTokens: 2, totalTokens: 5 }, metrics: { latencyMs: 9 } } }
const ANSWER = [START, text('Grüße '), text('東京 🙂'), CLOSE, STOP, METADATA]

const textIn = ({ content }: AssistantMessage): string =>
  content.map((block) => (block.type === 'text' ? block.text : '')).join('')

describe('frames', () => {
  it('I1: give the same events however their bytes are cut, and no text of one is cut in a character', () => {
    gives(joined([eventFrame('a', { text: 'é🙂' }), eventFrame('b', {}), eventFrame('c', { n: [1, null] })]), [
      event('{"text":"é🙂"}', 'a'),
      event('{}', 'b'),
      event('{"n":[1,null]}', 'c'),
    ])
  })

  it('I1: give the same message however their bytes are cut', () => {
    const bytes = joined(framesOf(ANSWER))
    const whole = foldBytes([bytes])
    expect(whole).toMatchObject({ dialect: 'bedrock-converse', outcome: { kind: 'complete' }, anomalies: [] })
    expect(textIn(whole)).toBe('Grüße 東京 🙂')
    expect(foldBytes(everyByte(bytes))).toEqual(whole)
    for (let at = 1; at < bytes.length; at += 1) {
      expect(foldBytes([bytes.subarray(0, at), bytes.subarray(at)]), `cut at ${at}`).toEqual(whole)
    }
  })

  it('are copied: who gives the bytes may use the buffer again', () => {
    const bytes = joined(framesOf(ANSWER))
    const fold = new Fold()
    const buffer = new Uint8Array(7)
    for (let at = 0; at < bytes.length; at += 7) {
      const piece = bytes.subarray(at, at + buffer.length)
      buffer.set(piece)
      fold.push(buffer.subarray(0, piece.length))
      buffer.fill(255)
    }
    fold.end({ kind: 'complete' })
    expect(fold.messages).toEqual([foldBytes([bytes])])
  })

  it('without a payload are events that say all by their type', () => {
    gives(frame({ ':event-type': 'messageStop', ':message-type': 'event' }, ''), [event('{}', 'messageStop')])
  })

  it('without a single header are events without a name', () => {
    gives(frame({}, '{"a":1}'), [event('{"a":1}')])
  })

  it('I4: whose payload is no JSON are malformed events', () => {
    const bad = frame({ ':event-type': 'contentBlockDelta', ':message-type': 'event' }, '{"delta":')
    const message = foldBytes([joined([...framesOf([START]), bad, ...framesOf([text('Hi'), CLOSE, STOP, METADATA])])])
    expect(message.outcome).toEqual({ kind: 'complete' })
    expect(message.anomalies).toMatchObject([{ kind: 'malformed_event', detail: '{"delta":' }])
  })

  it('may have anything for the name of a header', () => {
    const odd = { ['__proto__']: 'x', constructor: 'y', ':event-type': 'messageStop', ':message-type': 'event' }
    gives(frame(odd, '{}'), [event('{}', 'messageStop')])
  })

  it('are not read on behind something that is no frame, in whatever form it comes', () => {
    const [first = new Uint8Array(), ...rest] = framesOf(ANSWER)
    const decoder = new Decoder(LIMIT)
    decoder.push(first)
    expect(decoder.push('x'.repeat(12))).toMatchObject([{ kind: 'unreadable' }])
    expect(rest.flatMap((one) => [...decoder.push(one)])).toEqual([])
  })
})

describe('a body of text', () => {
  const rows = [
    { name: 'of SSE', body: 'data: {"a":1}\n\n', wanted: [event('{"a":1}')] },
    { name: 'of a single character', body: '1', wanted: [{ kind: 'body', text: '1' }] },
    { name: 'of JSON', body: '{"a":1}', wanted: [{ kind: 'payload', payload: { a: 1 } }] },
    { name: 'that begins with a blank line', body: '\n\ndata: 1\n\n', wanted: [event('1')] },
    {
      name: 'that begins like the length of a frame',
      body: `\u0000\u0000\u0000v\u0000\u0000\u0000R${'?'.repeat(9)}\n\ndata: 1\n\n`,
      wanted: [event('1')],
    },
  ] as const
  it.each(rows)('$name is read as text, however it is cut', ({ body, wanted }) => {
    gives(new TextEncoder().encode(body), wanted)
  })

  it('is text where it comes as text, also half a character at a time', () => {
    const decoder = new Decoder(LIMIT)
    const [high, low] = ['🙂'.charAt(0), '🙂'.charAt(1)]
    expect([...decoder.push(`data: "${high}`), ...decoder.push(`${low}"\n\n`)]).toEqual([event('"🙂"')])
  })

  it('goes on as text behind bytes that could have begun a frame', () => {
    const decoder = new Decoder(LIMIT)
    expect(decoder.push(Uint8Array.of(0, 10))).toEqual([])
    expect(decoder.push('data: 1\n\n')).toEqual([event('1')])
  })
})

describe('damage', () => {
  const frames = framesOf([
    START,
    { contentBlockStart: { contentBlockIndex: 0, start: { toolUse: { toolUseId: 't1', name: 'f' } } } },
    { contentBlockDelta: { contentBlockIndex: 0, delta: { toolUse: { input: '{"a":' } } } },
    { contentBlockDelta: { contentBlockIndex: 0, delta: { toolUse: { input: '1}' } } } },
    CLOSE,
    { messageStop: { stopReason: 'tool_use' } },
    METADATA,
  ])
  const spoiled = (which: number, at: (frame: Uint8Array) => number): Uint8Array =>
    joined(frames.map((one, index) => (index === which ? damaged(one, at(one)) : one)))
  const last = (one: Uint8Array): number => one.length - 1

  it('I4: of one frame loses that frame alone, and is told', () => {
    const message = foldBytes([spoiled(6, last)])
    expect(message.content).toMatchObject([{ type: 'tool_call', state: 'complete', input: { a: 1 } }])
    expect(message.outcome).toEqual({ kind: 'complete' })
    expect(message.usage).toEqual({})
    expect(message.anomalies).toMatchObject([{ kind: 'malformed_event' }, { kind: 'missing_terminal' }])
    expect(message.anomalies[0]?.detail).toMatch(/^a damaged frame of \d+ bytes: \{"usage".*"latencyMs":9\}.$/)
  })

  it('I6: of a frame while a call is open makes the call invalid, also if what is left of it is whole', () => {
    const bytes = joined([...frames.slice(0, 3), damaged(eventFrame('x', {}), 20), ...frames.slice(3)])
    const fold = new Fold()
    const events = [...fold.push(bytes), ...fold.end({ kind: 'complete' })]
    expect(fold.messages[0]?.content).toMatchObject([{ state: 'invalid', arguments: '{"a":1}' }])
    expect(events.filter(({ type }) => type === 'tool_call')).toEqual([])
  })

  it('I5: of the stop makes the message one that was cut', () => {
    expect(foldBytes([spoiled(5, last)])).toMatchObject({ outcome: { kind: 'truncated' }, stop: { raw: null } })
  })

  it('I1: of any byte of a frame is told the same way however the bytes are cut', () => {
    const one = eventFrame('messageStop', { stopReason: 'end_turn' })
    const other = eventFrame('metadata', {})
    for (let at = 0; at < one.length; at += 1) {
      const bytes = joined([other, damaged(one, at), other])
      const decoded = decode([bytes])
      expect(decode(everyByte(bytes)), `byte ${at}`).toEqual(decoded)
      const kinds = at < 12 ? ['event', 'unreadable'] : ['event', 'malformed', 'event']
      expect(
        decoded.map(({ kind }) => kind),
        `byte ${at}`,
      ).toEqual(kinds)
    }
  })

  it('of a prelude ends the stream as failed, with what came before, and nothing after it is read', () => {
    for (let at = 0; at < 12; at += 1) {
      const message = foldBytes([spoiled(4, () => at)])
      expect(message.content).toMatchObject([{ type: 'tool_call', state: 'partial', arguments: '{"a":1}' }])
      expect(message.outcome).toMatchObject({ kind: 'failed', error: { class: 'malformed', retryable: true } })
    }
  })

  it('of the first prelude makes a body that is no stream', () => {
    expect(foldBytes([spoiled(0, () => 9)]).outcome).toMatchObject({ kind: 'failed', error: { class: 'malformed' } })
  })

  it('of headers under checksums that are right loses the frame', () => {
    const headers = new TextEncoder().encode('not headers at all')
    const whole = frame({ x: 'y'.repeat(headers.length - 5) }, '{}')
    const bytes = whole.slice()
    bytes.set(headers, 12)
    // The checksum of the whole, made anew.
    const table = Array.from({ length: 256 }, (_, byte) => {
      let value = byte
      for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
      return value
    })
    const crc = bytes.subarray(0, -4).reduce((sum, byte) => (sum >>> 8) ^ (table[(sum ^ byte) & 255] ?? 0), -1)
    new DataView(bytes.buffer).setUint32(bytes.length - 4, ~crc >>> 0)
    gives(joined([bytes, eventFrame('a', {})]), [expect.objectContaining({ kind: 'malformed' }), event('{}', 'a')])
  })
})

describe('limits', () => {
  it('of an event end the turn with their own error, as soon as the length is known', () => {
    const long = eventFrame('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'x'.repeat(500) } })
    const head = joined(framesOf([START, text('Hi')]))
    for (const chunks of [[head, long], [joined([head, long])], everyByte(joined([head, long.subarray(0, 12)]))]) {
      const message = foldBytes(chunks, { limits: { eventLength: 400 } })
      expect(message.outcome).toMatchObject({ kind: 'failed', error: { class: 'limit', retryable: false } })
      expect(textIn(message)).toBe('Hi')
    }
  })

  it('let a frame through that is just as long', () => {
    const one = eventFrame('a', { text: 'x'.repeat(100) })
    gives(one, [event(`{"text":"${'x'.repeat(100)}"}`, 'a')], one.length)
    gives(one, [{ kind: 'too_long' }], one.length - 1)
  })
})

describe('a cut', () => {
  it('I5: inside a frame is told, and never complete before the stop reason', () => {
    const frames = framesOf(ANSWER)
    const bytes = joined(frames)
    const ends = frames.map((_, index) => joined(frames.slice(0, index + 1)).length)
    const stopAt = ends[4] ?? 0
    for (let length = 1; length < bytes.length; length += 1) {
      const message = foldBytes([bytes.subarray(0, length)])
      const isBetween = ends.includes(length)
      expect(
        message.anomalies.some(({ kind }) => kind === 'cut_event'),
        `cut at ${length}`,
      ).toBe(!isBetween)
      const kind = length >= stopAt ? 'complete' : length >= (ends[0] ?? 0) ? 'truncated' : 'failed'
      expect(message.outcome.kind, `cut at ${length}`).toBe(kind)
      expect('Grüße 東京 🙂'.startsWith(textIn(message))).toBe(true)
    }
  })

  it('says how much of the frame came', () => {
    const one = eventFrame('a', {})
    gives(one.subarray(0, 40), [{ kind: 'cut', text: `the first 40 of ${one.length} bytes of a frame` }])
    gives(joined([one, one.subarray(0, 5)]), [event('{}', 'a'), { kind: 'cut', text: 'the first 5 bytes of a frame' }])
    gives(one.subarray(0, 5), [{ kind: 'cut', text: 'the first 5 bytes of a frame' }])
  })
})

describe('quirk 6.16: an exception', () => {
  const rows: readonly [string, ErrorClass, boolean][] = [
    ['throttlingException', 'rate_limit', true],
    ['modelStreamErrorException', 'unknown', true],
    ['internalServerException', 'unknown', true],
    ['serviceUnavailableException', 'overloaded', true],
    ['modelTimeoutException', 'overloaded', true],
    ['validationException', 'invalid_request', false],
    ['somethingNewException', 'unknown', false],
  ]
  it.each(rows)('in a frame, %s, fails the message as %s with what came before', (type, errorClass, retryable) => {
    const said = { message: 'It went wrong.', originalStatusCode: 500 }
    const message = foldBytes([joined([...framesOf([START, text('Hi')]), exceptionFrame(type, said)])])
    expect(message.outcome).toEqual({
      kind: 'failed',
      error: { class: errorClass, retryable, message: 'It went wrong.', body: { ...said, type } },
    })
    expect(textIn(message)).toBe('Hi')
    expect(message.dialect).toBe('bedrock-converse')
  })

  it.each(rows)('as an object of the name %s is %s too', (type, errorClass, retryable) => {
    const fold = new Fold()
    for (const one of [START, text('Hi'), { [type]: { message: 'It went wrong.' } }]) fold.receive(one)
    fold.end({ kind: 'complete' })
    expect(fold.messages).toMatchObject([{ outcome: { error: { class: errorClass, retryable } } }])
  })

  it('that comes first and alone is the error, not a format that nobody knows', () => {
    const bytes = exceptionFrame('throttlingException', {
      message: 'Too many tokens, please wait before trying again.',
    })
    expect(foldBytes([bytes]).outcome).toMatchObject({
      kind: 'failed',
      error: { class: 'rate_limit', retryable: true },
    })
    const fold = new Fold()
    fold.receive({ throttlingException: { message: 'Too many requests' } })
    fold.end({ kind: 'complete' })
    expect(fold.messages).toMatchObject([{ outcome: { kind: 'failed', error: { class: 'rate_limit' } } }])
  })

  it('of a request that is too long says so', () => {
    const bytes = exceptionFrame('validationException', { message: 'Input is too long for requested model.' })
    expect(foldBytes([bytes]).outcome).toMatchObject({ error: { class: 'context_overflow', retryable: false } })
  })

  it('in a frame of the type error has its code and its message in headers', () => {
    const headers = { ':message-type': 'error', ':error-code': 'InternalServerException', ':error-message': 'Oh no' }
    const message = foldBytes([joined([...framesOf([START, text('Hi')]), frame(headers, '')])])
    expect(message.outcome).toMatchObject({ kind: 'failed', error: { retryable: true, message: 'Oh no' } })
  })

  it('without JSON, or nested without end, is still an error', () => {
    const headers = { ':message-type': 'exception', ':exception-type': 'throttlingException' }
    for (const body of ['', 'slow down', '[1]', `{"message":"no","deep":${'['.repeat(20_000)}${']'.repeat(20_000)}}`]) {
      expect(foldBytes([frame(headers, body)]).outcome).toMatchObject({ error: { class: 'rate_limit' } })
    }
  })
})

describe('a chunk of InvokeModelWithResponseStream', () => {
  const MODEL_EVENTS = [
    { type: 'message_start', message: { id: 'msg_1', type: 'message', role: 'assistant', content: [], model: 'm' } },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Grüße 🙂' } },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 3 } },
    { type: 'message_stop' },
  ]
  const sse = MODEL_EVENTS.map((one) => `event: ${one.type}\ndata: ${JSON.stringify(one)}\n\n`).join('')
  const plain = foldBytes([new TextEncoder().encode(sse)])

  it('is the event of the model that it wraps: Anthropic there is Anthropic', () => {
    expect(plain).toMatchObject({ dialect: 'anthropic-messages', outcome: { kind: 'complete' }, anomalies: [] })
    expect(foldBytes([joined(MODEL_EVENTS.map(chunkFrame))])).toEqual(plain)
    expect(foldBytes(everyByte(joined(MODEL_EVENTS.map(chunkFrame))))).toEqual(plain)
  })

  it('may hold the event as it is', () => {
    expect(foldBytes(MODEL_EVENTS.map((one) => eventFrame('chunk', one)))).toEqual(plain)
  })

  it('is unwrapped as the official SDK gives it, and as JSON of that', () => {
    const asBytes = MODEL_EVENTS.map((one) => ({ chunk: { bytes: new TextEncoder().encode(JSON.stringify(one)) } }))
    const asText = MODEL_EVENTS.map((one) => ({
      chunk: { bytes: Buffer.from(JSON.stringify(one)).toString('base64') },
    }))
    for (const events of [asBytes, asText]) {
      const fold = new Fold()
      for (const one of events) fold.receive(one)
      fold.end({ kind: 'complete' })
      expect(fold.messages).toEqual([plain])
    }
  })

  it('keeps the metrics of the invocation, which stand in the last event', () => {
    const metrics = { inputTokenCount: 1, outputTokenCount: 3, invocationLatency: 5, firstByteLatency: 2 }
    const events = [...MODEL_EVENTS.slice(0, -1), { type: 'message_stop', 'amazon-bedrock-invocationMetrics': metrics }]
    const message = foldBytes([joined(events.map(chunkFrame))])
    expect(message).toEqual({ ...plain, wire: { ...plain.wire, 'amazon-bedrock-invocationMetrics': metrics } })
  })

  it('that cannot be unwrapped is an event that nobody knows or can read, and loses nothing else', () => {
    const bad = [eventFrame('chunk', { bytes: '***' }), eventFrame('chunk', { bytes: 'e3s=' }), eventFrame('chunk', [])]
    const [first, ...rest] = MODEL_EVENTS.map(chunkFrame)
    const message = foldBytes([first ?? new Uint8Array(), ...bad, ...rest])
    expect(message.content).toEqual(plain.content)
    expect(message.anomalies.map(({ kind }) => kind)).toEqual(['unknown_event', 'malformed_event', 'malformed_event'])
  })
})
