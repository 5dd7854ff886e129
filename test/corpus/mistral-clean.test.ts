/** Chat streams of api.mistral.ai, read by the dialect `openai-chat`. */
import { beforeAll, expect, it } from 'vitest'
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
import { mistralAnswerOf, partTypesOf } from './mistral-wire.ts'

/** In how many streams a kind of anomaly stands. */
const ODD: Partial<Record<AnomalyKind, number>> = {
  // Those that are kept as payloads only have no `[DONE]`.
  missing_terminal: 4,
}

const REASONS: Readonly<Record<string, string>> = {
  stop: 'end_turn',
  tool_calls: 'tool_calls',
  length: 'max_tokens',
}

describeShared('corpus', 'the chat streams of Mistral', () => {
  const streams = corpusStreams(({ dialect }) => dialect === 'mistral')
  let folded: readonly Folded[] = []
  beforeAll(async () => {
    const all = await Promise.all(streams.map(foldStream))
    folded = all.map((one) => ({ ...one, wire: mistralAnswerOf(payloadsOf(one.stream)) }))
  })

  it('are 60 of SSE and 4 of JSON lines, five of them with two choices', () => {
    const count = (framing: string) => streams.filter((stream) => stream.framing === framing).length
    expect([count('sse'), count('ndjson'), streams.length]).toEqual([60, 4, 64])
    expect(folded.filter(({ messages }) => messages.length === 2)).toHaveLength(5)
    expect(folded.filter(({ messages }) => messages.length > 2)).toEqual([])
  })

  it('I5: every stream is complete, with the finish reasons that the index names', () => {
    for (const { stream, messages } of folded) {
      for (const { dialect, outcome } of messages) {
        expect([dialect, outcome.kind], stream.file).toEqual(['openai-chat', 'complete'])
      }
      const raws = new Set(messages.flatMap(({ stop }) => (stop.raw === null ? [] : [stop.raw])))
      expect([...raws].toSorted(), stream.file).toEqual(stream.finish.toSorted())
      for (const { stop } of messages) expect(stop.reason, stream.file).toBe(REASONS[stop.raw ?? ''])
    }
  })

  it('I4: text, reasoning and calls agree with a simple extraction from the wire', () => {
    for (const one of folded) {
      expect(one.messages, one.stream.file).toHaveLength(one.wire.choices.size)
      for (const message of one.messages) {
        const choice = choiceOf(one, message)
        expect(simply(message), one.stream.file).toEqual(choice === undefined ? undefined : simplyOfWire(choice))
      }
    }
    expect(folded.filter(({ messages }) => messages.some(hasThinking))).toHaveLength(2)
  })

  it('quirk 5.13: what came as a list of parts goes back as one', () => {
    const types: Record<string, number> = {}
    for (const { stream, messages } of folded) {
      const own = partTypesOf(payloadsOf(stream))
      for (const [type, count] of Object.entries(own)) types[type] = (types[type] ?? 0) + count
      const { choices } = Object(toNative(messages))
      const contents: unknown[] = choices.map((choice: { message: { content: unknown } }) => choice.message.content)
      const hasLists = contents.some(Array.isArray)
      expect(hasLists, stream.file).toBe('thinking' in own)
      if (!hasLists) continue
      const [choice] = [...mistralAnswerOf(payloadsOf(stream)).choices.values()]
      expect(contents, stream.file).toEqual([
        [
          { type: 'thinking', thinking: [{ type: 'text', text: choice?.reasoning }] },
          { type: 'text', text: choice?.text },
        ],
      ])
    }
    expect(Object.keys(types).toSorted()).toEqual(['text', 'thinking'])
  })

  it('I4: usage agrees with a simple extraction from the wire, and is there in each', () => {
    for (const { stream, messages, wire } of folded) {
      for (const { usage } of messages) expect(usage, stream.file).toEqual(simplyUsageOf(wire))
      expect(wire.usage, stream.file).toBeDefined()
    }
  })

  it('I6: exactly the whole calls of the wire are handed out, each once, and none of a message that was cut', () => {
    let handedOut = 0
    for (const one of folded) {
      for (const message of one.messages) {
        const calls = one.events.flatMap((event) =>
          event.type === 'tool_call' && event.message === message.key ? [event.call] : [],
        )
        const choice = choiceOf(one, message)
        expect(
          calls.map(({ id, name, input }) => ({ id, name, input })),
          one.stream.file,
        ).toEqual(choice === undefined ? undefined : wholeCallsOf(choice))
        handedOut += calls.length
      }
    }
    // The wire has 34 calls, of which four are cut by their length.
    expect(handedOut).toBe(30)
  })

  it('I2: the live events, applied naively, are the final blocks, and every block is closed once', () => {
    for (const { messages, events } of folded) for (const message of messages) expectLiveEqualsFinal(events, message)
  })

  it('I4: they have just the anomalies that were read from their wire', () => {
    const found: Record<string, number> = {}
    for (const { messages } of folded) {
      for (const kind of Object.keys(countKinds(messages))) found[kind] = (found[kind] ?? 0) + 1
    }
    expect(found).toEqual(ODD)
    expect(folded.flatMap(({ late }) => late)).toEqual([])
  })

  it('I3: no stream is reset and no text replaced', () => {
    const moving = new Set(['reset', 'replace', 'retry', 'snapshot'])
    expect(folded.filter(({ events }) => events.some(({ type }) => moving.has(type)))).toEqual([])
  })

  it('I7: the message survives JSON, with its own form', async () => {
    for (const { stream, messages } of folded) {
      const copies: AssistantMessage[] = JSON.parse(JSON.stringify(messages))
      expect(copies, stream.file).toEqual(messages)
      expect(toNative(copies), stream.file).toEqual(toNative(messages))
      const again = await assemble(JSON.stringify(toNative(messages))).messages()
      expect(toNative(again), stream.file).toEqual(toNative(messages))
    }
  })
})

function hasThinking({ content }: AssistantMessage): boolean {
  return content.some(({ type }) => type === 'thinking')
}
