import { setTimeout as wait } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { assemble, fold, type AssistantMessage, type Source } from '../../src/index.ts'
import { isObject, type JsonObject, type JsonValue } from '../../src/json.ts'
import { corpusStreams, describeShared, type CorpusStream } from '../support/corpus.ts'
import { clientOf, type Body } from './openai-sdk.ts'
import { REQUEST } from './responses-sdk.ts'
import { payloadsOf, textOf } from './responses-wire.ts'

type Way = (body: Body) => Source | Promise<Source>

const WAYS: readonly [string, Way][] = [
  ['responses.create', (body) => clientOf(body).responses.create({ ...REQUEST, stream: true })],
  ['responses.stream', (body) => clientOf(body).responses.stream(REQUEST)],
  ['responses.stream, read when it is over,', (body) => afterTheEnd(clientOf(body).responses.stream(REQUEST))],
]

const ERROR = 'event: error\ndata: {"type":"error","code":"server_overloaded","message":"Overloaded","param":null}\n\n'

describeShared('corpus', 'the events of the OpenAI SDK for Responses', () => {
  const streams = corpusStreams(({ dialect, framing }) => dialect === 'openai-responses' && framing === 'sse')
  const expected = new Map<string, AssistantMessage>()
  beforeAll(async () => {
    for (const stream of streams) expected.set(stream.file, await fold(stream.read()))
  })

  it.each(WAYS)('I7: of %s give the same message as the bytes, for all 211 streams', async (_way, open) => {
    expect(streams).toHaveLength(211)
    for (const { file, read } of streams) {
      expect(bare(await fold(open(read()))), file).toEqual(bare(expected.get(file)))
    }
  })

  it('I7: give the same message to a reader that is 5 ms behind all the time', async () => {
    const slow = streams.filter(({ size, features }) => size < 5500 && features.length > 1).slice(0, 12)
    expect(slow).toHaveLength(12)
    await Promise.all(
      slow.map(async (stream) => {
        const message = await fold(behind(clientOf(stream.read()).responses.stream(REQUEST)))
        expect(bare(message), stream.file).toEqual(bare(expected.get(stream.file)))
      }),
    )
  })

  it('I7: give the same message if the SDK goes on writing into them, as its older versions do', async () => {
    let changed = 0
    for (const stream of streams) {
      const given = payloadsOf(stream)
      const before = JSON.stringify(given)
      writeInto(given)
      if (JSON.stringify(given) !== before) changed += 1
      expect(bare(await fold(given)), stream.file).toEqual(bare(expected.get(stream.file)))
    }
    expect(changed).toBe(211)
  })

  describe('that stop with an error', () => {
    const sample = streams.filter((_, ordinal) => ordinal % 12 === 0)

    it.each(WAYS)(
      'I5: of %s: an error event in the middle fails the message and keeps what came',
      async (_way, open) => {
        for (const stream of sample) {
          const head = headOf(stream)
          const message = await fold(open(encode(head + ERROR)))
          expect(message.outcome, stream.file).toMatchObject({
            kind: 'failed',
            error: { class: 'overloaded', retryable: true },
          })
          expect(kept(message), stream.file).toEqual(kept(await fold(encode(head))))
        }
      },
    )

    it.each(WAYS)('I5: of %s: a lost connection truncates the message and keeps what came', async (_way, open) => {
      for (const stream of sample) {
        const head = headOf(stream)
        const message = await fold(open(lost(head)))
        expect(message.outcome, stream.file).toMatchObject({ kind: 'truncated', error: { class: 'network' } })
        expect(kept(message), stream.file).toEqual(kept(await fold(encode(head))))
      }
    })

    it('I5: tell of the error also to a consumer that is slower than the stream', async () => {
      for (const stream of sample.slice(0, 5)) {
        const head = headOf(stream)
        const turn = assemble(clientOf(encode(head + ERROR)).responses.stream(REQUEST))
        for await (const _event of turn) await wait(2)
        const message = await turn.message()
        expect(message.outcome, stream.file).toMatchObject({ kind: 'failed', error: { class: 'overloaded' } })
        expect(kept(message), stream.file).toEqual(kept(await fold(encode(head))))
      }
    })

    it.each(WAYS)('I5: of %s never make a message complete that has no last event', async (_way, open) => {
      for (const stream of sample) {
        const message = await fold(open(encode(headOf(stream))))
        expect(message.outcome.kind, stream.file).toBe('truncated')
      }
    })
  })

  it('I5: are lost from where the SDK throws on an event that it does not know, and the message says so', async () => {
    const unknown = corpusStreams(({ file }) => /openai-(shell-\w+|apply-patch-tool)\.1\.ndjson$/.test(file))
    expect(unknown).toHaveLength(4)
    for (const stream of unknown) {
      const lines = new TextDecoder().decode(stream.read()).split('\n').filter(Boolean)
      const body = encode(lines.map((line) => `data: ${line}\n\n`).join(''))
      const given = await fold(clientOf(body).responses.stream(REQUEST))
      expect(given.outcome.kind, stream.file).not.toBe('complete')
      const whole = await fold(clientOf(body).responses.create({ ...REQUEST, stream: true }))
      expect(bare(whole), stream.file).toEqual(bare(await fold(body)))
      expect(whole.outcome.kind, stream.file).toBe('complete')
    }
  })
})

/** Lets the SDK run to its end, and gives its events only then. */
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

/** What version 5 of the SDK does: the objects in its events are its snapshot, and it goes on writing into them. */
function writeInto(events: readonly JsonObject[]): void {
  let output: JsonValue[] = []
  for (const { type, response, item, part, delta, output_index: index, content_index: place } of events) {
    const target = output[Number(index)]
    const content = isObject(target) && Array.isArray(target['content']) ? target['content'] : []
    if (type === 'response.created' && isObject(response)) {
      output = []
      response['output'] = output
    } else if (type === 'response.output_item.added') output.push(item ?? null)
    else if (type === 'response.content_part.added') content.push(part ?? null)
    else if (type === 'response.output_text.delta') grow(content[Number(place)], 'text', delta)
    else if (type === 'response.function_call_arguments.delta') grow(target, 'arguments', delta)
  }
}

function grow(target: JsonValue | undefined, field: string, delta: JsonValue | undefined): void {
  if (isObject(target)) target[field] = textOf(target[field]) + textOf(delta)
}

/** The message without what the way that it came changes: times, and the response's own facts. */
function bare(message: AssistantMessage | undefined): object {
  if (message === undefined) throw new Error('no message was folded from the bytes')
  const { timing: _timing, response: _response, ...own } = message
  return own
}

/** A stream up to the middle of its events. */
function headOf(stream: CorpusStream): string {
  const events = new TextDecoder().decode(stream.read()).split('\n\n').filter(Boolean)
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
