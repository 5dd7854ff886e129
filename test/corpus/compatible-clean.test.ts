import { beforeAll, expect, it } from 'vitest'
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

/** In how many streams of which vendor a kind of anomaly stands. */
const ODD: Partial<Record<AnomalyKind, Readonly<Record<string, number>>>> = {
  // Azure's three were written by hand: every chunk has the text, one whole call and the finish reason. Together opens its second call
  // after the finish reason of the first, with another one at the end.
  content_after_stop: { azure: 3, together: 1 },
  // Avian's first chunk, Perplexity's last one has an id of its own.
  id_changed: { avian: 6, perplexity: 2 },
  // Azure's say `invalid_arguments_format`. OpenRouter's are cut, under the finish reason `tool_calls`.
  invalid_input: { azure: 2, openrouter: 1 },
  // Two choices, of which only the first is told why it stops; the upstream of OpenRouter gave no finish reason. `[DONE]` came.
  missing_stop: { 'litellm-proxy': 1, openrouter: 2 },
  // No `[DONE]`.
  missing_terminal: { huggingface: 3, perplexity: 2 },
  // The finish reason comes once more in the chunk with the usage, or in each chunk (Azure, Together).
  repeated_stop: { avian: 6, azure: 3, doubleword: 12, openrouter: 97, together: 1 },
}

describeShared('corpus', 'the streams of servers that are compatible with OpenAI chat', () => {
  const streams = corpusStreams(({ dialect, framing }) => dialect.startsWith('openai-compatible/') && framing === 'sse')
  let folded: readonly Folded[] = []
  beforeAll(async () => {
    folded = await Promise.all(streams.map(foldStream))
  })

  it('are 374 of 22 vendors, all of which fold without a throw', () => {
    expect(folded).toHaveLength(374)
    expect(new Set(streams.map(({ dialect }) => dialect)).size).toBe(22)
    for (const { stream, messages } of folded) {
      for (const { dialect, outcome } of messages) {
        expect([dialect, outcome.kind], stream.file).toEqual(['openai-chat', 'complete'])
      }
    }
  })

  it('I4: text, refusal, reasoning, calls and finish reason agree with a simple extraction from the wire', () => {
    for (const one of folded) {
      expect(one.messages, one.stream.file).toHaveLength(one.wire.choices.size)
      for (const message of one.messages) {
        const choice = choiceOf(one, message)
        expect(simply(message), one.stream.file).toEqual(choice === undefined ? undefined : simplyOfWire(choice))
      }
      const raws = new Set(one.messages.flatMap(({ stop }) => (stop.raw === null ? [] : [stop.raw])))
      expect([...raws].toSorted(), one.stream.file).toEqual(one.stream.finish.toSorted())
    }
  })

  it('I4: usage agrees with a simple extraction from the wire', () => {
    for (const { stream, messages, wire } of folded) {
      for (const { usage } of messages) expect(usage, stream.file).toEqual(simplyUsageOf(wire))
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
          event.type === 'tool_call' && event.message === message.key ? [event.call] : [],
        )
        const choice = choiceOf(one, message)
        expect(
          calls.map(({ id, idSource, name, input }) => ({ id: idSource === 'wire' ? id : '', name, input })),
          one.stream.file,
        ).toEqual(choice === undefined ? undefined : wholeCallsOf(choice))
        handedOut += calls.length
      }
    }
    // The wire has 193 calls: seven are cut by their length, and the arguments of three are no JSON.
    expect(handedOut).toBe(183)
  })

  it('I4: they have just the anomalies that were read from their wire', () => {
    const found: Record<string, Record<string, number>> = {}
    for (const { stream, messages } of folded) {
      for (const kind of Object.keys(countKinds(messages))) {
        const vendor = stream.dialect.replace('openai-compatible/', '')
        const vendors = (found[kind] ??= {})
        vendors[vendor] = (vendors[vendor] ?? 0) + 1
      }
    }
    expect(found).toEqual(ODD)
  })

  it('I3: no stream is reset and no text replaced', () => {
    const moving = new Set(['reset', 'replace', 'retry', 'snapshot'])
    expect(folded.filter(({ events }) => events.some(({ type }) => moving.has(type)))).toEqual([])
  })
})
