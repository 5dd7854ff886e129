import { describe, expect, it } from 'vitest'
import { compare, observe, observeRecording, type StreamTimes } from '../../src/compare.ts'
import { percentile } from '../../src/compare/times.ts'
import type { JsonObject } from '../../src/json.ts'
import type { AssistantMessage } from '../../src/message.ts'
import { assembleRecording } from '../../src/recording/fold-recording.ts'
import { recordingOfBody, type Recording } from '../../src/recording/format.ts'
import { assemble } from '../../src/turn.ts'
import { BUNDLED, bundled, messageWith, plain, recordingOf, textBlock, timed } from '../support/compared.ts'
import { corpusStreams, describeShared } from '../support/corpus.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { SHORT_STREAMS, sse } from '../support/streams.ts'

function withoutTiming(messages: readonly AssistantMessage[]): unknown {
  return messages.map(({ timing: _timing, ...message }) => message)
}

async function expectAsAssembled(name: string, recording: Recording): Promise<void> {
  const { messages, bytes } = observeRecording(recording)
  const [own, assembled] = [messages, await assembleRecording(recording).messages()].map(withoutTiming)
  // Of two thousand streams the texts are sooner compared than the objects.
  if (JSON.stringify(own) !== JSON.stringify(assembled)) expect(own, name).toEqual(assembled)
  expect(bytes).toBe(recording.chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0))
}

function timesOf(recording: Recording): StreamTimes {
  return compare([recording, recording]).sides[0]?.times ?? expect.fail('there is a side')
}

describe('an observed recording', () => {
  it('has the messages that a turn gives, of every bundled recording', async () => {
    const statuses = new Set<number>()
    for (const name of BUNDLED) {
      const recording = bundled(name)
      statuses.add(recording.header.response?.status ?? 200)
      await expectAsAssembled(name, recording)
    }
    expect([...statuses]).toEqual(expect.arrayContaining([200, 429, 529]))
  })

  it('has a call when its name comes, also where its arguments begin later, as in chat', () => {
    const chunk = (delta: JsonObject, finish: string | null = null): string =>
      sse({
        id: 'c',
        object: 'chat.completion.chunk',
        model: 'm',
        choices: [{ index: 0, delta, finish_reason: finish }],
      })
    const call = (index: number, fields: JsonObject): string => chunk({ tool_calls: [{ index, ...fields }] })
    const named = (index: number, name: string): string =>
      call(index, { id: `call_${index}`, type: 'function', function: { name, arguments: '' } })
    const written = (index: number, text: string): string => call(index, { function: { arguments: text } })
    const recording = timed(
      [
        [1000, chunk({ role: 'assistant' })],
        [2000, named(0, 'f')],
        [3000, written(0, '{"a":1')],
        [3500, written(0, '}') + named(1, 'g')],
        [5000, written(1, '{}')],
        [5500, named(2, 'h')],
        [6000, chunk({}, 'tool_calls') + sse('[DONE]')],
      ],
      { endMs: 6000 },
    )
    const { arrivals } = observeRecording(recording)
    expect(arrivals?.map(({ ms, block, characters }) => [ms, block, characters])).toEqual([
      [2000, 0, 0],
      [3000, 0, 6],
      [3500, 0, 1],
      [3500, 1, 0],
      [5000, 1, 2],
      [5500, 2, 0],
    ])
    expect(timesOf(recording)).toMatchObject({
      firstTokenMs: 2000,
      firstToolCallMs: 2000,
      lastTokenMs: 5500,
      gaps: { longestMs: 1500 },
    })
  })

  it('tells an error by the status and the headers of its response, as a turn does', async () => {
    const headers = { 'retry-after': '7', 'x-request-id': 'req_1', 'set-cookie': 'no' }
    const { header, ...body } = timed([
      [30, '{"error":{"message":"slow '],
      [40, 'down"}}'],
    ])
    const failed: Recording = { ...body, header: { ...header, response: { status: 429, headers } } }
    await expectAsAssembled('429', failed)
    const [message] = observeRecording(failed).messages
    expect(message?.outcome).toMatchObject({
      kind: 'failed',
      error: { class: 'rate_limit', status: 429, retryAfterMs: 7000, requestId: 'req_1' },
    })
    expect(timesOf(failed)).toMatchObject({ firstByteMs: 30, endMs: 40, deltas: 0 })
    await expectAsAssembled('no body', { ...failed, chunks: [] })
  })
})

describeShared('corpus', 'an observed stream of the corpus', () => {
  it('has the messages that a turn gives', async () => {
    const streams = corpusStreams(() => true)
    expect(streams.length).toBeGreaterThan(1000)
    for (const { file, read } of streams) await expectAsAssembled(file, recordingOfBody(read()))
  })
})

const chat = (delta: object, more: object = {}): string =>
  sse({
    id: 'c',
    object: 'chat.completion.chunk',
    model: 'm',
    choices: [{ index: 0, delta: plain(delta) as {}, finish_reason: null }],
    ...more,
  })
const called = (index: number, fields: object): string => chat({ tool_calls: [{ index, ...fields }] })
const END = sse({
  id: 'c',
  object: 'chat.completion.chunk',
  model: 'm',
  choices: [{ index: 0, delta: {}, finish_reason: 'stop' }],
})
const usage = (completion: number, reasoning = 0): string =>
  sse({
    id: 'c',
    object: 'chat.completion.chunk',
    choices: [],
    usage: {
      prompt_tokens: 5,
      completion_tokens: completion,
      completion_tokens_details: { reasoning_tokens: reasoning },
    },
  })

describe('the times of a stream', () => {
  it('are those of its content, by what it is', () => {
    const recording = timed(
      [
        [90, ': hello\n\n'],
        [100, chat({ role: 'assistant', content: '' })],
        [200, chat({ reasoning_content: 'Hm' })],
        [300, chat({ reasoning_content: '.' })],
        [500, chat({ content: 'Yes' }) + chat({ content: '.' })],
        [1500, called(0, { id: 'x', function: { name: 'f', arguments: '{' } })],
        [1700, called(0, { function: { arguments: '}' } })],
        [1800, END + usage(30, 10)],
        [1900, sse('[DONE]')],
      ],
      { endMs: 2000 },
    )
    expect(timesOf(recording)).toEqual({
      firstByteMs: 90,
      firstTokenMs: 200,
      firstThinkingMs: 200,
      firstTextMs: 500,
      firstToolCallMs: 1500,
      lastTokenMs: 1700,
      endMs: 2000,
      // 30 tokens from 200 to 1700 ms.
      tokensPerSecond: 20,
      // 100, 200, 1000, 200.
      gaps: { p50Ms: 200, p95Ms: 1000, longestMs: 1000, longestAtMs: 500 },
      deltas: 6,
      bytes: recording.chunks.reduce((sum, { bytes }) => sum + bytes.length, 0),
    })
  })

  it('have what came at one time as one moment', () => {
    const recording = timed([
      [100, chat({ content: 'a' })],
      [100, chat({ content: 'bc' })],
      [300, chat({ content: 'd' }) + END],
    ])
    expect(timesOf(recording).gaps).toEqual({ p50Ms: 200, p95Ms: 200, longestMs: 200, longestAtMs: 100 })
    const [side] = compare([recording, recording]).sides
    expect(side?.arrivals).toEqual([
      { ms: 100, message: 0, block: 0, kind: 'text', characters: 3, deltas: 2 },
      { ms: 300, message: 0, block: 0, kind: 'text', characters: 1, deltas: 1 },
    ])
  })

  it('leave out the tokens of thinking that was not streamed', () => {
    const answered = (...first: readonly string[]): Recording =>
      timed([
        [0, first.join('')],
        [1000, chat({ content: 'a' })],
        [2000, chat({ content: 'b' })],
        [2000, END + usage(30, 20)],
      ])
    expect(timesOf(answered()).tokensPerSecond).toBe(10)
    expect(timesOf(answered(chat({ reasoning_content: 'Hm' }))).tokensPerSecond).toBe(15)
  })

  it('have no rate and no gaps where all came at once, or nothing did, and no rate without a count', () => {
    const once = timesOf(timed([[50, chat({ content: 'a' }) + END + usage(3)]]))
    expect(once).toEqual({
      firstByteMs: 50,
      firstTokenMs: 50,
      firstTextMs: 50,
      lastTokenMs: 50,
      endMs: 50,
      deltas: 1,
      bytes: once.bytes,
    })
    const nothing = timesOf(timed([[50, END + usage(3)]], { endMs: 60 }))
    expect(nothing).toEqual({ firstByteMs: 50, endMs: 60, deltas: 0, bytes: nothing.bytes })
    expect(
      timesOf(
        timed([
          [1, chat({ content: 'a' })],
          [2, chat({ content: 'b' })],
        ]),
      ),
    ).not.toHaveProperty('tokensPerSecond')
    expect(timesOf(timed([]))).toEqual({ deltas: 0, bytes: 0 })
  })

  it('are absent of a body that has none', () => {
    const body = recordingOfBody(new TextEncoder().encode(chat({ content: 'a' }) + END))
    const [side] = compare([body, body]).sides
    expect(side?.times).toEqual({ deltas: 1, bytes: side?.times.bytes })
    expect(side?.arrivals).toEqual([])
    expect(observeRecording(body)).not.toHaveProperty('arrivals')
  })

  it('may run backwards', () => {
    const recording = timed([
      [100, chat({ content: 'a' })],
      [300, chat({ content: 'b' })],
      [200, chat({ content: 'c' })],
      [450, chat({ content: 'd' })],
      [400, END + usage(7)],
    ])
    expect(timesOf(recording)).toMatchObject({
      firstTokenMs: 100,
      lastTokenMs: 450,
      endMs: 450,
      tokensPerSecond: 20,
      gaps: { p50Ms: 150, longestMs: 200, longestAtMs: 100 },
    })
  })

  it('count a refusal as text', () => {
    expect(timesOf(timed([[10, chat({ refusal: 'No.' }) + END]]))).toMatchObject({ firstTextMs: 10 })
  })

  it('are of all choices together', () => {
    const of = (index: number, content: string): string =>
      sse({
        id: 'c',
        object: 'chat.completion.chunk',
        model: 'm',
        choices: [{ index, delta: { content }, finish_reason: null }],
      })
    const recording = timed([
      [10, of(0, 'a')],
      [20, of(1, 'b')],
      [30, of(0, 'c')],
    ])
    expect(timesOf(recording)).toMatchObject({ firstTokenMs: 10, lastTokenMs: 30, gaps: { longestMs: 10 } })
    expect(observeRecording(recording).arrivals?.map(({ ms, message }) => [ms, message])).toEqual([
      [10, 0],
      [20, 1],
      [30, 0],
    ])
  })

  it('forget what was sent before the message was generated anew', () => {
    const anthropic = SHORT_STREAMS[0] ?? expect.fail('there is one')
    const [first, second] = [
      anthropic.events('msg_1', ['void', ' void']).slice(0, 4),
      anthropic.events('msg_2', ['Yes.']),
    ]
    const { arrivals = [], deltas } = observeRecording(recordingOf([...first, ...second]))
    expect(deltas).toBe(1)
    expect(arrivals.map(({ ms, characters }) => [ms, characters])).toEqual([
      [100 + 20 * 5, 0],
      [100 + 20 * 6, 4],
    ])
  })

  it('are those of its own folding, of a message', () => {
    const message = messageWith([textBlock('a')], { timing: { firstByteMs: 3, firstContentMs: 5, endMs: 9 } })
    expect(compare([message, message]).sides[0]?.times).toEqual({ firstByteMs: 3, firstTokenMs: 5, endMs: 9 })
    const later = { ...message, key: 'turn/1', timing: { firstByteMs: 3, firstContentMs: 5, endMs: 20 } }
    expect(compare([[message, later], message]).sides[0]?.times).toEqual({ firstByteMs: 3, firstTokenMs: 5, endMs: 20 })
    expect(compare([messageWith([]), messageWith([])]).sides[0]?.times).toEqual({})
  })

  it.each([
    [0.5, [1, 2, 3, 4], 2],
    [0.95, [1, 2, 3, 4], 4],
    [0.95, Array.from({ length: 100 }, (_, at) => at + 1), 95],
    [0.5, [7], 7],
    [0.5, [], 0],
  ])('have percentiles by nearest rank: %d of %j', (part, sorted, expected) => {
    expect(percentile(sorted, part)).toBe(expected)
  })
})

/** The chunks, each when the clock has got so far. */
async function* onTime(recording: Recording, clock: FakeClock): AsyncGenerator<Uint8Array> {
  for (const { ms, bytes } of recording.chunks) {
    await new Promise<void>((resolve) => {
      clock.setTimeout(resolve, ms - clock.now())
    })
    yield bytes
  }
}

async function timePasses(clock: FakeClock): Promise<void> {
  await clock.advance(0)
  for (let next = clock.next; next !== undefined; next = clock.next) await clock.advance(next)
  await clock.advance(0)
}

describe('an observed live turn', () => {
  it.each(SHORT_STREAMS)('has what the recording of the stream has, in $dialect', async ({ events }) => {
    const recording = recordingOf(events('id_1', ['It', ' is', ' sunny']))
    const clock = new FakeClock()
    const live = observe(assemble(onTime(recording, clock), { clock }), { clock })
    await timePasses(clock)
    const { messages, ...observed } = await live
    const { messages: recorded, bytes: _bytes, ...rest } = observeRecording(recording)
    expect(withoutTiming(messages)).toEqual(withoutTiming(recorded))
    // A turn ends with the last event, and waits for no end of the connection.
    expect(observed).toEqual({ ...rest, endMs: recording.chunks.at(-1)?.ms })
    expect(compare([await live, recording]).differences).toEqual([])
  })

  it('has times since it began, also if it was observed from later on', async () => {
    const recording = recordingOf((SHORT_STREAMS[0] ?? expect.fail('there is one')).events('id_1', ['It', ' is']))
    const clock = new FakeClock()
    const turn = assemble(onTime(recording, clock), { clock })
    const whole = turn.messages()
    await clock.advance(50)
    const early = observe(turn, { clock })
    await clock.advance(110)
    // Some of it has come by now; when, nobody knows.
    const late = observe(turn, { clock })
    await timePasses(clock)
    await whole
    expect((await early).arrivals).toEqual(observeRecording(recording).arrivals)
    expect(await late).not.toHaveProperty('arrivals')
    expect(await late).not.toHaveProperty('deltas')
    // The turn itself takes the time at which its first block began.
    expect(compare([await late, await early]).sides.map(({ times }) => times.firstTokenMs)).toEqual([120, 140])
    expect(await late).toMatchObject({ firstByteMs: 100, endMs: recording.chunks.at(-1)?.ms })
  })

  it('forgets what was void before another attempt', async () => {
    const { events } = SHORT_STREAMS[0] ?? expect.fail('there is one')
    const clock = new FakeClock()
    const streams = [events('msg_1', ['void', ' void']).slice(0, 4), events('msg_2', ['Yes.'])].map(recordingOf)
    const source = ({ number }: { readonly number: number }) => {
      const { chunks } = streams[number - 1] ?? expect.fail('nobody expected this attempt')
      const from = clock.now()
      const later = { ...timed([]), chunks: chunks.map((chunk) => ({ ...chunk, ms: chunk.ms + from })) }
      return onTime(later, clock)
    }
    const live = observe(assemble(source, { attempts: 2, clock, random: () => 0.5 }), { clock })
    await timePasses(clock)
    const { messages, arrivals = [], deltas } = await live
    expect(messages).toMatchObject([{ id: 'msg_2', attempt: 2, content: [{ text: 'Yes.' }] }])
    expect(deltas).toBe(1)
    expect(arrivals.map(({ characters }) => characters)).toEqual([0, 4])
  })

  it('is not disturbed by other readers, nor they by it', async () => {
    const recording = recordingOf((SHORT_STREAMS[1] ?? expect.fail('there is one')).events('id_1', ['It', ' is']))
    const turn = assemble(recording.chunks.map(({ bytes }) => bytes))
    const texts: string[] = []
    turn.on('text', ({ text }) => texts.push(text))
    const [one, other] = await Promise.all([observe(turn), observe(turn)])
    expect(texts).toEqual(['It', ' is'])
    expect(one.messages).toBe(other.messages)
    expect(one.deltas).toBe(2)
  })
})
