import { setTimeout as wait } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { assemble, fold, type AssistantMessage, type Source } from '../../src/index.ts'
import { corpusStreams, describeShared, type CorpusStream } from '../support/corpus.ts'
import { clientOf, REQUEST } from './anthropic-sdk.ts'

/** They end inside their last event, `message_stop`, which the SDK then does not give. */
const WITHOUT_STOP: ReadonlySet<string> = new Set(
  ['basic', 'compaction', 'fallback-credit', 'fallback', 'incomplete-partial-json', 'refusal', 'tool-use'].map(
    (name) => `anthropic-messages/anthropics-anthropic-sdk-python__lib-streaming-${name}-response.sse`,
  ),
)

type Way = (bytes: Uint8Array | ReadableStream<Uint8Array>) => Source | Promise<Source>

const WAYS: readonly [string, Way][] = [
  ['messages.create', (bytes) => clientOf(bytes).messages.create({ ...REQUEST, stream: true })],
  ['beta.messages.create', (bytes) => clientOf(bytes).beta.messages.create({ ...REQUEST, stream: true })],
  ['messages.stream', (bytes) => clientOf(bytes).messages.stream(REQUEST)],
  ['beta.messages.stream', (bytes) => clientOf(bytes).beta.messages.stream(REQUEST)],
  ['messages.stream, read when it is over,', (bytes) => afterTheEnd(clientOf(bytes).messages.stream(REQUEST))],
  [
    'beta.messages.stream, read when it is over,',
    (bytes) => afterTheEnd(clientOf(bytes).beta.messages.stream(REQUEST)),
  ],
]

describeShared('corpus', 'the events of the Anthropic SDK', () => {
  const streams = corpusStreams(({ dialect, framing }) => dialect === 'anthropic-messages' && framing === 'sse')
  const expected = new Map<string, AssistantMessage>()
  beforeAll(async () => {
    for (const stream of streams) expected.set(stream.file, await fold(stream.read()))
  })

  it.each(WAYS)('I7: of %s give the same message as the bytes, for all 243 streams', async (_way, open) => {
    expect(streams).toHaveLength(243)
    for (const { file, read } of streams) {
      expect(bare(await fold(open(read()))), file).toEqual(asGiven(file, expected.get(file)))
    }
  })

  it('I7: give the same message to a reader that is 5 ms behind all the time', async () => {
    const slow = streams.filter(({ size, features }) => size < 3500 && features.length > 0).slice(0, 12)
    expect(slow).toHaveLength(12)
    await Promise.all(
      slow.map(async (stream) => {
        const message = await fold(behind(clientOf(stream.read()).messages.stream(REQUEST)))
        expect(bare(message), stream.file).toEqual(asGiven(stream.file, expected.get(stream.file)))
      }),
    )
  })

  it('I7: are changed by the SDK after it gave them, so that the tests above test something', async () => {
    const changed = new Set<string>()
    for (const stream of streams) {
      for await (const event of afterTheEnd(clientOf(stream.read()).messages.stream(REQUEST))) {
        if (event.type === 'message_start' && event.message.content.length > 0) changed.add(stream.file)
      }
    }
    // The one stream that is left has no content block at all.
    expect(changed.size).toBe(242)
  })

  describe('that stop with an error', () => {
    const sample = streams.filter((_, ordinal) => ordinal % 12 === 0)

    it.each(WAYS.slice(0, 4))(
      'I5: of %s: an error event in the middle fails the message and keeps what came',
      async (_name, open) => {
        for (const stream of sample) {
          const head = headOf(stream)
          const error =
            'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
          const message = await fold(open(encode(head + error)))
          expect(message.outcome, stream.file).toMatchObject({
            kind: 'failed',
            error: { class: 'overloaded', retryable: true },
          })
          expect(kept(message), stream.file).toEqual(kept(await fold(encode(head))))
        }
      },
    )

    it.each(WAYS.slice(0, 4))(
      'I5: of %s: a lost connection truncates the message and keeps what came',
      async (_name, open) => {
        for (const stream of sample) {
          const head = headOf(stream)
          const message = await fold(open(lost(head)))
          expect(message.outcome, stream.file).toMatchObject({ kind: 'truncated', error: { class: 'network' } })
          expect(kept(message), stream.file).toEqual(kept(await fold(encode(head))))
        }
      },
    )

    it('I5: tell of the error also to a consumer that is slower than the stream', async () => {
      const slowly = async (body: Parameters<typeof clientOf>[0]) => {
        const turn = assemble(clientOf(body).messages.stream(REQUEST))
        for await (const _event of turn) await new Promise((resolve) => setTimeout(resolve, 2))
        return turn.message()
      }
      for (const stream of sample.slice(0, 5)) {
        const head = headOf(stream)
        const error =
          'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
        const message = await slowly(encode(head + error))
        expect(message.outcome, stream.file).toMatchObject({ kind: 'failed', error: { class: 'overloaded' } })
        expect(kept(message), stream.file).toEqual(kept(await fold(encode(head))))
      }
    })

    it('I5: never make a message complete that has no stop reason', async () => {
      for (const stream of sample) {
        for (const [, open] of WAYS) {
          const message = await fold(open(encode(headOf(stream))))
          expect(message.outcome.kind, stream.file).toBe('truncated')
        }
      }
    })
  })
})

/** Lets the SDK run to its end, and gives its events only then: by now it has changed the objects that it handed out. */
async function* afterTheEnd<T>(stream: AsyncIterable<T> & { done(): Promise<void> }): AsyncGenerator<T> {
  const events = stream[Symbol.asyncIterator]()
  await stream.done().catch(() => undefined)
  for (let next = await events.next(); next.done !== true; next = await events.next()) yield next.value
}

async function* behind<T>(events: AsyncIterable<T>): AsyncGenerator<T> {
  for await (const event of events) {
    await wait(5)
    yield event
  }
}

/** The message without what the way that it came changes: times, and the response's own facts. */
function bare({ timing: _timing, response: _response, ...message }: AssistantMessage): object {
  return message
}

/** The message that the SDK's events hold: without a `message_stop` the stop reason alone makes it complete, which is noted. */
function asGiven(file: string, message: AssistantMessage | undefined): object {
  if (message === undefined) throw new Error(`no message was folded from the bytes of ${file}`)
  return bare(WITHOUT_STOP.has(file) ? { ...message, anomalies: [{ kind: 'missing_terminal' }] } : message)
}

/** A stream up to the middle of its events, before any stop reason. */
function headOf(stream: CorpusStream): string {
  const text = new TextDecoder().decode(stream.read())
  const events = text.slice(0, text.indexOf('event: message_delta')).split('\n\n')
  return `${events.slice(0, Math.ceil(events.length / 2)).join('\n\n')}\n\n`
}

/** What a cut message holds; how it ended and what that makes of its calls is left out. */
function kept({ id, model, content, usage, stop }: AssistantMessage): unknown {
  return { id, model, content, usage, stop }
}

function lost(head: string): ReadableStream<Uint8Array> {
  let isGiven = false
  return new ReadableStream({
    pull(controller) {
      if (isGiven) controller.error(new TypeError('terminated'))
      else controller.enqueue(encode(head))
      isGiven = true
    },
  })
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
