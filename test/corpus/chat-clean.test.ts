import { beforeAll, describe, expect, it } from 'vitest'
import { assemble, toNative, type AssistantMessage } from '../../src/index.ts'
import type { AnomalyKind } from '../../src/anomaly.ts'
import { corpusStreams, describeShared } from '../support/corpus.ts'
import { expectLiveEqualsFinal } from '../support/naive-reader.ts'
import {
  choiceOf,
  countKinds,
  foldStream,
  simply,
  simplyOfWire,
  simplyUsageOf,
  wholeCallsOf,
  type Folded,
} from './chat-folded.ts'
import { payloadsOf } from './chat-wire.ts'

/** Streams that are odd on the wire, all written by hand: every other one is clean, and may have no anomaly at all. */
const ODD: readonly { file: string; kinds: Partial<Record<AnomalyKind, number>> }[] = [
  // Four chunks, each with the text, one whole call and the finish reason. The last call's arguments are no JSON.
  {
    name: 'chat-completion-8bf5dc26-e-function-calls',
    kinds: { content_after_stop: 9, repeated_stop: 3, invalid_input: 1 },
  },
  // One chunk of text, then `data: {"id":}]}`.
  { name: 'chat-completion-invalid-streaming', kinds: { malformed_event: 1, missing_stop: 1 } },
  // Two such chunks.
  { name: 'filters-chatcli-eb6f765d-e-function-calls', kinds: { content_after_stop: 3, repeated_stop: 1 } },
].map(({ name, kinds }) => ({
  file: `openai-chat/microsoft-semantic-kernel__dotnet-Connectors-Connectors.OpenAI.UnitTests-TestData-${name}-test-response.sse`,
  kinds,
}))

const REASONS: Readonly<Record<string, string>> = {
  stop: 'end_turn',
  tool_calls: 'tool_calls',
  length: 'max_tokens',
}

describeShared('corpus', 'the chat streams of the corpus, folded live', () => {
  const streams = corpusStreams(({ dialect }) => dialect === 'openai-chat')
  let folded: readonly Folded[] = []
  beforeAll(async () => {
    folded = await Promise.all(streams.map(foldStream))
  })

  it('are 243 of SSE, 2 of JSON lines and 23 of SDK objects, ten of them with several choices', () => {
    const count = (framing: string) => streams.filter((stream) => stream.framing === framing).length
    expect([count('sse'), count('ndjson'), count('json-array-of-chunks'), streams.length]).toEqual([243, 2, 23, 268])
    const choices = folded.map(({ messages }) => messages.length).filter((length) => length > 1)
    expect(choices.toSorted((a, b) => a - b)).toEqual([2, 2, 2, 2, 2, 2, 2, 2, 2, 3])
  })

  it('I4: no stream has an anomaly but the three odd ones, which have just those listed, and payloads lack [DONE]', () => {
    const kindsOf = ({ stream, messages }: Folded) => {
      const { missing_terminal: missing = 0, ...kinds } = countKinds(messages)
      expect(missing, stream.file).toBe(stream.framing === 'sse' ? 0 : 1)
      return { file: stream.file, kinds }
    }
    const found = folded.map(kindsOf).filter(({ kinds }) => Object.keys(kinds).length > 0)
    expect(found).toEqual(ODD)
    expect(folded.flatMap(({ late }) => late)).toEqual([])
  })

  it('I3: no stream is reset and no text replaced', () => {
    const moving = new Set(['reset', 'replace', 'retry', 'snapshot'])
    expect(folded.filter(({ events }) => events.some(({ type }) => moving.has(type)))).toEqual([])
    expect(folded.filter(({ messages }) => messages.some(({ attempt }) => attempt !== 1))).toEqual([])
  })

  it('I2: every choice comes out once, under its own key and the id of the wire', () => {
    for (const { stream, messages, wire, events } of folded) {
      const keys = [...wire.choices.keys()].toSorted((a, b) => a - b).map((index) => `turn/${index}`)
      expect(
        messages.map(({ key }) => key),
        stream.file,
      ).toEqual(keys)
      expect(new Set(messages.map(({ id }) => id)), stream.file).toEqual(new Set(wire.ids))
      const finals = events.flatMap((event) => (event.type === 'message' ? [event.final] : []))
      expect(new Set(finals), stream.file).toEqual(new Set(messages))
      for (const { key } of messages) {
        const own = events.filter(({ message }) => message === key)
        expect(own.at(-1)?.type, stream.file).toBe('message')
        expect(own.filter(({ type }) => type === 'start' || type === 'message')).toHaveLength(2)
      }
    }
  })

  it('I2: the live events, applied naively, are the final blocks, and every block is closed once', () => {
    for (const { messages, events } of folded) for (const message of messages) expectLiveEqualsFinal(events, message)
  })

  it('I6: exactly the whole calls of the wire are handed out, each once, and none of a message that was cut', () => {
    let handedOut = 0
    for (const one of folded) {
      for (const message of one.messages) {
        const calls = one.events.flatMap((event) =>
          event.type === 'tool_call' && event.message === message.key ? [event] : [],
        )
        const choice = choiceOf(one, message)
        expect(
          calls.map(({ call }) => ({ id: call.id, name: call.name, input: call.input })),
          one.stream.file,
        ).toEqual(choice === undefined ? undefined : wholeCallsOf(choice))
        for (const { call, block } of calls) expect(call).toEqual(message.content[block])
        handedOut += calls.length
      }
    }
    // The wire has 119 calls: four are cut by their length, and the arguments of one are no JSON.
    expect(handedOut).toBe(114)
  })

  it('I5: every stream is complete, with the finish reasons that the index names', () => {
    for (const { stream, messages } of folded) {
      expect(
        messages.map(({ outcome }) => outcome),
        stream.file,
      ).toEqual(messages.map(() => ({ kind: 'complete' })))
      const raws = new Set(messages.flatMap(({ stop }) => (stop.raw === null ? [] : [stop.raw])))
      expect([...raws].toSorted(), stream.file).toEqual(stream.finish.toSorted())
      for (const { stop, content } of messages) {
        const hasCall = content.some((block) => block.type === 'tool_call' && block.state === 'complete')
        const reason = REASONS[stop.raw ?? ''] ?? 'unknown'
        expect(stop.reason, stream.file).toBe(reason === 'end_turn' && hasCall ? 'tool_calls' : reason)
      }
    }
  })

  it('I7: the message survives JSON, with its own form, and cannot be changed', () => {
    for (const { stream, messages } of folded) {
      const copies: AssistantMessage[] = JSON.parse(JSON.stringify(messages))
      expect(copies, stream.file).toEqual(messages)
      expect(toNative(copies), stream.file).toEqual(toNative(messages))
      expect(thawedIn(messages), stream.file).toEqual([''])
    }
  })

  describe('against a simple extraction from the wire', () => {
    it('I4: texts, refusals, calls and finish reasons agree', () => {
      for (const one of folded) {
        for (const message of one.messages) {
          const choice = choiceOf(one, message)
          expect(simply(message), one.stream.file).toEqual(choice === undefined ? undefined : simplyOfWire(choice))
          expect(logprobsOf(message), one.stream.file).toEqual(choice?.logprobs)
        }
      }
    })

    it('I4: usage agrees, and is told of each choice', () => {
      for (const { stream, messages, wire } of folded) {
        for (const { usage, rawUsage } of messages) {
          expect(usage, stream.file).toEqual(simplyUsageOf(wire))
          expect(rawUsage, stream.file).toEqual(wire.usage)
        }
      }
      expect(folded.filter(({ wire }) => wire.usage !== undefined)).toHaveLength(208)
    })
  })

  it('I1: payloads give the same messages as lines, as one JSON array and as objects', async () => {
    for (const { stream, messages } of folded.filter(({ stream: { framing } }) => framing !== 'sse')) {
      const payloads = payloadsOf(stream)
      for (const source of [JSON.stringify(payloads), JSON.stringify(payloads, undefined, 2)]) {
        const again = await assemble(source).messages()
        expect(again.map(untimed), stream.file).toEqual(messages.map(untimed))
      }
      // Whoever gives objects has decoded the stream, and kept its `[DONE]`.
      const fromObjects = await assemble(payloads).messages()
      expect(fromObjects.map(untimed), stream.file).toEqual(
        messages.map((message) => untimed({ ...message, anomalies: [] })),
      )
    }
  })
})

/** The log probabilities of the text, as the SDK would give them. */
function logprobsOf(message: AssistantMessage): unknown {
  const { choices } = Object(toNative(message))
  return choices[0].logprobs?.content ?? []
}

function thawedIn(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return []
  const inner = Object.entries(value).flatMap(([key, item]) => thawedIn(item, `${path}.${key}`))
  return Object.isFrozen(value) ? inner : [path, ...inner]
}

function untimed({ timing: _timing, ...message }: AssistantMessage): unknown {
  return message
}
