import { setTimeout as wait } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { assemble, fold, type AssistantMessage, type Source } from '../../src/index.ts'
import { corpusStreams, describeShared, type CorpusStream } from '../support/corpus.ts'
import { REQUEST } from './chat-sdk.ts'
import { clientOf, OPENAI_VERSIONS, type Body, type OpenAIVersion } from './openai-sdk.ts'

interface Way {
  readonly name: string
  readonly open: (body: Body) => Source | Promise<Source>
  readonly isLate?: true
  /** Version 6 keeps the log probabilities of all chunks in the object of the first one, which it has handed out by then. */
  readonly doublesLogprobs?: boolean
}

const waysOf = (version: OpenAIVersion): readonly Way[] => [
  {
    name: `${version} create`,
    open: (body) => clientOf(body, version).chat.completions.create({ ...REQUEST, stream: true }),
  },
  { name: `${version} stream`, open: (body) => clientOf(body, version).chat.completions.stream(REQUEST) },
  {
    name: `${version} stream, read when it is over,`,
    open: (body) => afterTheEnd(clientOf(body, version).chat.completions.stream(REQUEST)),
    isLate: true,
    doublesLogprobs: version === 'openai 6',
  },
]
const WAYS = OPENAI_VERSIONS.flatMap(waysOf)
const LIVE_WAYS = WAYS.filter(({ isLate }) => isLate === undefined)

/** The one stream on which the SDK throws. */
const MALFORMED =
  'openai-chat/microsoft-semantic-kernel__dotnet-Connectors-Connectors.OpenAI.UnitTests-TestData-chat-completion-invalid-streaming-test-response.sse'

describeShared('corpus', 'the events of the OpenAI SDK for chat', () => {
  const streams = corpusStreams(({ dialect, framing }) => dialect === 'openai-chat' && framing === 'sse')
  const expected = new Map<string, readonly AssistantMessage[]>()
  beforeAll(async () => {
    for (const stream of streams) expected.set(stream.file, await assemble(stream.read()).messages())
  })

  it.each(WAYS)(
    'I7: of $name give the same messages as the bytes, for all 243 streams but one',
    async ({ open, doublesLogprobs = false }) => {
      expect(streams).toHaveLength(243)
      const doubled: string[] = []
      for (const { file, read } of streams.filter((stream) => stream.file !== MALFORMED)) {
        const theirs = (await assemble(open(read())).messages()).map(bare)
        const ours = fromBytes(file, expected.get(file))
        if (!doublesLogprobs) expect(theirs, file).toEqual(ours)
        else expect(theirs.map(withoutLogprobs), file).toEqual(ours.map(withoutLogprobs))
        if (JSON.stringify(theirs) !== JSON.stringify(ours)) doubled.push(file)
      }
      const withLogprobs = streams.filter(({ features }) => features.includes('logprobs')).map(({ file }) => file)
      expect(doubled).toEqual(doublesLogprobs ? withLogprobs : [])
      expect(withLogprobs).toHaveLength(13)
    },
  )

  it.each(WAYS)('I5: of $name stop with an error at an event that is no JSON; what came is kept', async ({ open }) => {
    const stream = streams.find(({ file }) => file === MALFORMED)
    const message = await fold(open(stream?.read() ?? encode('')))
    expect(['failed', 'truncated']).toContain(message.outcome.kind)
    expect(message.content).toEqual(expected.get(MALFORMED)?.[0]?.content)
  })

  it.each(LIVE_WAYS)(
    'I7: of $name give the same message to a reader that is 5 ms behind all the time',
    async ({ open }) => {
      const slow = streams
        .filter(({ size, features }) => size < 6000 && features.includes('tool_use') && !features.includes('logprobs'))
        .slice(0, 12)
      expect(slow).toHaveLength(12)
      await Promise.all(
        slow.map(async ({ file, read }) => {
          const messages = await assemble(behind(open(read()))).messages()
          expect(messages.map(bare), file).toEqual(fromBytes(file, expected.get(file)))
        }),
      )
    },
  )

  describe('that stop with an error', () => {
    const sample = streams.filter(({ file }, ordinal) => ordinal % 12 === 0 && file !== MALFORMED)

    it.each(LIVE_WAYS)(
      'I5: of $name: an error in the middle fails the message and keeps what came',
      async ({ open }) => {
        for (const stream of sample) {
          const head = headOf(stream)
          const error = 'data: {"error":{"message":"Rate limit reached","type":"rate_limit_error","code":429}}\n\n'
          const message = await fold(open(encode(head + error)))
          expect(message.outcome, stream.file).toMatchObject({
            kind: 'failed',
            error: { class: 'rate_limit', retryable: true },
          })
          expect(kept(message), stream.file).toEqual(kept(await fold(encode(head))))
        }
      },
    )

    it.each(LIVE_WAYS)(
      'I5: of $name: a lost connection truncates the message and keeps what came',
      async ({ open }) => {
        for (const stream of sample) {
          const head = headOf(stream)
          const message = await fold(open(lost(head)))
          expect(message.outcome, stream.file).toMatchObject({ kind: 'truncated', error: { class: 'network' } })
          expect(kept(message), stream.file).toEqual(kept(await fold(encode(head))))
        }
      },
    )

    it('I5: never make a message complete that has no finish reason', async () => {
      for (const stream of sample) {
        for (const { name, open } of WAYS) {
          const message = await fold(open(encode(headOf(stream))))
          expect(message.outcome.kind, `${name}: ${stream.file}`).toBe('truncated')
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

/** The message without what the way that it came changes: times, and the response's own facts. */
function bare({ timing: _timing, response: _response, ...message }: AssistantMessage): object {
  return message
}

function fromBytes(file: string, messages: readonly AssistantMessage[] | undefined): object[] {
  if (messages === undefined) throw new Error(`no message was folded from the bytes of ${file}`)
  return messages.map(bare)
}

function withoutLogprobs(message: object): unknown {
  return JSON.parse(JSON.stringify(message), (name: string, value: unknown) => (name === 'logprobs' ? null : value))
}

async function* behind(source: Source | Promise<Source>): AsyncGenerator {
  const events = await source
  if (typeof events !== 'object' || !(Symbol.asyncIterator in events)) throw new Error('the SDK gives no iterable')
  for await (const event of events) {
    await wait(5)
    yield event
  }
}

/** A stream up to the middle of its events, before any finish reason. */
function headOf(stream: CorpusStream): string {
  const events = new TextDecoder().decode(stream.read()).split('\n\n')
  const finish = events.findIndex((event) => /"finish_reason": ?"/.test(event))
  return events
    .slice(0, Math.max(1, Math.ceil(finish / 2)))
    .map((event) => `${event}\n\n`)
    .join('')
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
