import { beforeAll, expect, it } from 'vitest'
import { assemble, toNative } from '../../src/index.ts'
import type { AnomalyKind } from '../../src/anomaly.ts'
import type { JsonObject } from '../../src/json.ts'
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
import { payloadsOf, wireAnswerOf } from './chat-wire.ts'

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
  const all = corpusStreams(({ dialect }) => dialect.startsWith('openai-compatible/'))
  const streams = all.filter(({ framing }) => framing === 'sse')
  const payloadStreams = all.filter(({ framing }) => framing !== 'sse')
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

  it('are 20 more that are kept as payloads, of 9 vendors, each of them complete without [DONE]', async () => {
    expect(payloadStreams).toHaveLength(20)
    expect(new Set(payloadStreams.map(({ dialect }) => dialect)).size).toBe(9)
    expect(payloadStreams.filter(({ framing }) => framing === 'json-array-of-chunks')).toHaveLength(2)
    for (const stream of payloadStreams) {
      const one = await foldStream(stream)
      const isTwo = stream.dialect === CEREBRAS
      // Behind the first answer stands another one under its own id: of it there is no more than a note.
      const wire = isTwo ? wireAnswerOf(firstOf(payloadsOf(stream))) : one.wire
      expect(one.late.map(({ kind }) => kind).filter((kind) => kind !== 'late_event')).toEqual(
        isTwo ? ['second_message'] : [],
      )
      expect(one.messages, stream.file).toHaveLength(wire.choices.size)
      for (const message of one.messages) {
        const choice = choiceOf({ ...one, wire }, message)
        expect(message.outcome, stream.file).toEqual({ kind: 'complete' })
        expect(simply(message), stream.file).toEqual(choice === undefined ? undefined : simplyOfWire(choice))
        expect(message.usage, stream.file).toEqual(simplyUsageOf(wire))
        expectLiveEqualsFinal(one.events, message)
        const calls = one.events.flatMap((event) => (event.type === 'tool_call' ? [event.call] : []))
        expect(
          calls.map(({ id, name, input }) => ({ id, name, input })),
          stream.file,
        ).toEqual(choice === undefined ? undefined : wholeCallsOf(choice))
      }
      const raws = new Set(one.messages.flatMap(({ stop }) => (stop.raw === null ? [] : [stop.raw])))
      expect([...raws].toSorted(), stream.file).toEqual(isTwo ? ['tool_calls'] : stream.finish.toSorted())
      // Of two answers the first has an end that was seen: the second.
      const kinds = isTwo ? {} : { missing_terminal: 1 }
      expect(countKinds(one.messages), stream.file).toEqual(kinds)
    }
  })

  it('I2: a source of two answers back to back gives both if it may carry many', async () => {
    const stream = payloadStreams.find(({ dialect }) => dialect === CEREBRAS)
    const payloads = stream === undefined ? [] : payloadsOf(stream)
    const ids = [...new Set(payloads.map(({ id }) => id))]
    expect(ids).toHaveLength(2)
    const messages = await assemble(stream?.read() ?? new Uint8Array(), { many: true }).messages()
    expect(messages.map(({ id }) => id)).toEqual(ids)
    for (const message of messages) {
      const own = wireAnswerOf(payloads.filter(({ id }) => id === message.id))
      const [choice] = [...own.choices.values()]
      expect(message.outcome).toEqual({ kind: 'complete' })
      expect(simply(message)).toEqual(choice === undefined ? undefined : simplyOfWire(choice))
      expect(message.usage).toEqual(simplyUsageOf(own))
    }
  })

  it('quirk 5.14: reasoning_details are joined by index and type, and go back once', () => {
    let streamsWithDetails = 0
    for (const { stream, messages } of folded) {
      const expected = joinedDetails(payloadsOf(stream))
      const { choices } = Object(toNative(messages))
      expect(choices[0].message?.reasoning_details ?? [], stream.file).toEqual(expected)
      if (expected.length === 0) continue
      streamsWithDetails += 1
      const [thinking] = messages.flatMap(({ content }) => content.filter((block) => block.type === 'thinking'))
      const last = (name: string) => expected.findLast((detail) => detail[name] !== undefined)?.[name]
      expect(thinking?.signature, stream.file).toBe(last('signature'))
      expect(thinking?.encrypted, stream.file).toBe(last('data'))
    }
    // That many name the field and have anything in it.
    expect(streamsWithDetails).toBe(63)
  })
})

const CEREBRAS = 'openai-compatible/cerebras'

/** The payloads of the first of several answers. */
function firstOf(payloads: readonly JsonObject[]): JsonObject[] {
  return payloads.filter(({ id }) => id === payloads[0]?.['id'])
}

/** Each entry once, in order of appearance: what is text is joined, of the rest the last counts. */
function joinedDetails(payloads: readonly JsonObject[]): JsonObject[] {
  const entries = new Map<string, JsonObject>()
  const loose: JsonObject[] = []
  const details = payloads
    .flatMap(({ choices }) => (Array.isArray(choices) ? choices : []))
    .flatMap((choice): JsonObject[] => Object(Object(choice).delta).reasoning_details ?? [])
  for (const detail of details) {
    if (detail['index'] === undefined) loose.push(detail)
    else {
      const key = JSON.stringify([detail['index'], detail['type']])
      const known = entries.get(key) ?? {}
      for (const [name, value] of Object.entries(detail)) {
        const before = known[name]
        const isText = ['text', 'summary', 'data'].includes(name) && typeof value === 'string'
        known[name] = isText && typeof before === 'string' ? before + value : value
      }
      entries.set(key, known)
    }
  }
  return [...entries.values(), ...loose]
}
