import { beforeAll, describe, expect, it } from 'vitest'
import { assemble, toNative, type AssistantMessage, type StopReason, type TurnEvent } from '../../src/index.ts'
import type { Anomaly } from '../../src/anomaly.ts'
import type { JsonObject, JsonValue } from '../../src/json.ts'
import { corpusStreams, describeShared, type CorpusStream } from '../support/corpus.ts'
import { expectLiveEqualsFinal } from '../support/naive-reader.ts'
import { payloadsOf, usageOf, wireAnswerOf, objectOf, textOf, type WireAnswer } from './gemini-wire.ts'

interface Folded {
  readonly stream: CorpusStream
  readonly events: readonly TurnEvent[]
  readonly messages: readonly AssistantMessage[]
  readonly message: AssistantMessage
  readonly payloads: readonly JsonObject[]
  readonly wire: WireAnswer
  readonly late: readonly Anomaly[]
}

async function foldStream(stream: CorpusStream): Promise<Folded> {
  const turn = assemble(stream.read())
  const events: TurnEvent[] = []
  for await (const event of turn) events.push(event)
  const messages = await turn.messages()
  const message = await turn.message()
  const payloads = payloadsOf(stream)
  return { stream, events, messages, message, payloads, wire: wireAnswerOf(payloads), late: turn.anomalies }
}

const REASONS: Readonly<Record<string, StopReason>> = {
  STOP: 'end_turn',
  MAX_TOKENS: 'max_tokens',
  SAFETY: 'content_filter',
  RECITATION: 'content_filter',
  NO_IMAGE: 'error',
}

/** The streams that are no complete answer, and why. */
const NOT_COMPLETE: Readonly<Record<string, readonly [outcome: string, why: string]>> = {
  'FirebaseExtended-vertexai-sdk-test-data__vertexai-streaming-failure-empty-content.sse': ['truncated', 'no finish'],
  'FirebaseExtended-vertexai-sdk-test-data__vertexai-streaming-failure-error-mid-stream.sse': ['failed', 'an error'],
  'FirebaseExtended-vertexai-sdk-test-data__vertexai-streaming-failure-malformed-content.sse': [
    'truncated',
    'no finish',
  ],
  'FirebaseExtended-vertexai-sdk-test-data__vertexai-streaming-success-quotes-escaped.sse': ['truncated', 'no finish'],
  'braintrustdata-lingua__imageConfigParam-google-followup-response-streaming.ndjson': ['failed', 'no image came'],
  'langchain-ai-langchainjs__libs-providers-langchain-google-common-data-chat-stream-thinking-mock.ndjson': [
    'truncated',
    'no finish',
  ],
}

/** The first reason stands unless a later one is worse, which a name that nobody knows is not: the wire fields keep that. */
const KEPT_REASONS: ReadonlySet<string> = new Set([
  'FirebaseExtended-vertexai-sdk-test-data__vertexai-streaming-failure-unknown-finish-enum.sse',
  'google-gemini-deprecated-generative-ai-js__test-utils-mock-responses-streaming-unknown-enum.sse',
])

const FIREBASE = 'FirebaseExtended-vertexai-sdk-test-data__vertexai-streaming'
const OLDER = 'google-gemini-deprecated-generative-ai-js__test-utils-mock-responses-streaming'

/**
 * Streams with content behind a finish reason, how many pieces of it there are (a text, a citation), and how the reason changes. All others
 * may have no anomaly at all. One is recorded: code that the provider runs; in the others, written by hand, each chunk has a reason.
 */
const ANOMALIES: Readonly<Record<string, readonly string[]>> = {
  '0xPlaygrounds-rig__gemini-stream-terminal-matrix-two-terminal-stream-with-visible-thoughts.sse': behind(4),
  [`${FIREBASE}-failure-error-mid-stream.sse`]: behind(1),
  [`${FIREBASE}-failure-recitation-no-content.sse`]: behind(2, 'STOP → RECITATION'),
  [`${FIREBASE}-failure-unknown-finish-enum.sse`]: behind(5, 'STOP, then FAKE_ENUM'),
  [`${FIREBASE}-success-citations.sse`]: behind(11),
  [`${FIREBASE}-success-unknown-safety-enum.sse`]: behind(5),
  [`${FIREBASE}-success-utf8.sse`]: behind(3),
  [`${OLDER}-failure-recitation-no-content.sse`]: behind(2, 'STOP → RECITATION'),
  [`${OLDER}-success-basic-reply-long.sse`]: behind(5),
  [`${OLDER}-success-citations.sse`]: behind(11),
  [`${OLDER}-success-search-grounding.sse`]: behind(5),
  [`${OLDER}-unknown-enum.sse`]: behind(5, 'STOP, then FAKE_ENUM'),
}

function behind(pieces: number, change?: string): readonly string[] {
  return [`content_after_stop  ×${pieces}`, ...(change === undefined ? [] : [`stop_changed ${change} ×1`])]
}

function nameOf({ file }: CorpusStream): string {
  return file.replace('gemini/', '')
}

describeShared('corpus', 'the Gemini streams of the corpus, folded live', () => {
  const streams = corpusStreams(({ dialect }) => dialect === 'gemini')
  let folded: readonly Folded[] = []
  beforeAll(async () => {
    folded = await Promise.all(streams.map(foldStream))
  })

  it('are 191 of events, 12 JSON arrays, 39 of SDK objects and 8 of JSON lines, each of one answer', () => {
    const count = (framing: string) => streams.filter((stream) => stream.framing === framing).length
    const counts = ['sse', 'json-array', 'json-array-of-chunks', 'ndjson'].map(count)
    expect([...counts, streams.length]).toEqual([191, 12, 39, 8, 250])
    for (const { messages, stream, late } of folded) {
      expect(messages, stream.file).toHaveLength(1)
      expect(messages[0]?.dialect, stream.file).toBe('gemini')
      expect(late, stream.file).toEqual([])
    }
  })

  it('I4: the anomalies are those of the table', () => {
    const found = folded.flatMap(({ stream, message: { anomalies } }): [string, string[]][] =>
      anomalies.length === 0
        ? []
        : [[nameOf(stream), anomalies.map(({ kind, detail = '', count = 1 }) => `${kind} ${detail} ×${count}`)]],
    )
    expect(Object.fromEntries(found)).toEqual(ANOMALIES)
  })

  it('I5: outcome and stop reason are what the wire and the index say', () => {
    for (const { stream, message, wire } of folded) {
      const name = nameOf(stream)
      expect(message.outcome.kind, name).toBe(NOT_COMPLETE[name]?.[0] ?? 'complete')
      const blocked = stream.finish.find((finish) => finish.startsWith('block:'))?.slice('block:'.length)
      const raw = blocked ?? (KEPT_REASONS.has(name) ? wire.finishes[0] : wire.finishes.at(-1)) ?? null
      expect(message.stop.raw, name).toBe(raw)
      expect([...new Set(blocked === undefined ? wire.finishes : [`block:${blocked}`])].toSorted(), name).toEqual(
        stream.finish,
      )
      const hasCall = message.content.some((block) => block.type === 'tool_call' && block.origin === 'client')
      const reason = raw === null ? 'unknown' : (REASONS[raw] ?? 'unknown')
      expect(message.stop.reason, name).toBe(reason === 'end_turn' && hasCall ? 'tool_calls' : reason)
    }
    const names = new Set(streams.map(nameOf))
    expect(
      [...Object.keys(NOT_COMPLETE), ...KEPT_REASONS, ...Object.keys(ANOMALIES)].filter((name) => !names.has(name)),
    ).toEqual([])
  })

  it('I7: the parts go back as they came: texts, thoughts, signatures, calls, tools of the provider, media', () => {
    const counts: Record<string, number> = {}
    for (const { stream, message, wire } of folded) {
      const [candidate] = candidatesOf(message)
      const content = objectOf(objectOf(candidate)['content'])
      expect(content['parts'] ?? [], stream.file).toEqual(wire.parts)
      for (const part of wire.parts) for (const name of Object.keys(part)) counts[name] = (counts[name] ?? 0) + 1
    }
    expect(counts).toEqual({
      text: 234,
      thought: 28,
      thoughtSignature: 115,
      functionCall: 91,
      executableCode: 11,
      codeExecutionResult: 11,
      inlineData: 4,
    })
  })

  it('I4: texts, thoughts, calls and citations agree', () => {
    for (const { stream, message, wire } of folded) {
      const texts = (kind: 'text' | 'thinking') =>
        message.content.flatMap((block) => (block.type === kind ? [block.text] : [])).join('')
      const wireTexts = (isThought: boolean) =>
        wire.parts.flatMap(({ text, thought }) => ((thought === true) === isThought ? [textOf(text)] : [])).join('')
      expect([texts('text'), texts('thinking')], stream.file).toEqual([wireTexts(false), wireTexts(true)])
      expect(
        message.content.flatMap((block) => (block.type === 'text' ? (block.citations ?? []) : [])),
        stream.file,
      ).toEqual(wire.citations)
    }
  })

  it('I4: usage, id and model agree', () => {
    for (const { stream, message, wire } of folded) {
      expect(message.usage, stream.file).toEqual(usageOf(wire.usage))
      expect(message.rawUsage ?? {}, stream.file).toEqual(wire.usage)
      expect(message.idSource === 'wire' ? message.id : undefined, stream.file).toBe(wire.id)
      expect(message.model, stream.file).toBe(wire.model)
    }
  })

  it('I6: exactly the calls of the wire are handed out, each once, none of them cut', () => {
    let handedOut = 0
    for (const { stream, events, wire } of folded) {
      const due = wire.parts.flatMap((part) =>
        part['functionCall'] === undefined ? [] : [objectOf(part['functionCall'])],
      )
      const calls = events.flatMap((event) => (event.type === 'tool_call' ? [event.call] : []))
      expect(
        calls.map(({ name, input }) => [name, input]),
        stream.file,
      ).toEqual(due.map(({ name, args = {} }) => [name, args]))
      expect(
        calls.map(({ id, idSource }) => (idSource === 'wire' ? id : undefined)),
        stream.file,
      ).toEqual(due.map(({ id }) => id))
      expect(new Set(calls.map(({ id }) => id)).size, stream.file).toBe(calls.length)
      handedOut += calls.length
    }
    expect(handedOut).toBe(91)
  })

  it('I2: the live events, applied naively, are the final blocks, and every block is closed once', () => {
    for (const { events, message } of folded) expectLiveEqualsFinal(events, message)
    expect(folded.filter(({ events }) => events.some(({ type }) => type === 'reset' || type === 'replace'))).toEqual([])
  })

  it('I7: the message survives JSON, with its own form', () => {
    for (const { stream, messages } of folded) {
      const copies: AssistantMessage[] = JSON.parse(JSON.stringify(messages))
      expect(copies, stream.file).toEqual(messages)
      expect(toNative(copies), stream.file).toEqual(toNative(messages))
    }
  })

  it('I1: payloads give the same message as lines, as an array, as objects and in small pieces', async () => {
    for (const { stream, message, payloads } of folded) {
      if (stream.size > 500_000) continue
      const body = JSON.stringify(payloads, undefined, 1)
      const pieces = Array.from({ length: Math.ceil(body.length / 61) }, (_, at) => body.slice(at * 61, at * 61 + 61))
      for (const source of [payloads, JSON.stringify(payloads), body, pieces]) {
        expect(untimed(await assemble(source).message()), stream.file).toEqual(untimed(message))
      }
      const bytes = stream.read()
      const halves = [bytes.subarray(0, bytes.length / 3), bytes.subarray(bytes.length / 3)]
      expect(untimed(await assemble(halves).message()), stream.file).toEqual(untimed(message))
    }
  })

  describe('cut behind any event', () => {
    it('I5: are not complete before a finish reason, and hand out nothing', async () => {
      let cuts = 0
      for (const { payloads } of folded) {
        const first = payloads.findIndex(
          (payload) => wireAnswerOf([payload]).finishes.length > 0 || 'promptFeedback' in payload,
        )
        for (let length = 1; length <= Math.min(first, 12); length += 1) {
          const turn = assemble(payloads.slice(0, length))
          const events: TurnEvent[] = []
          for await (const event of turn) events.push(event)
          expect((await turn.message()).outcome.kind).toBe('truncated')
          expect(events.filter(({ type }) => type === 'tool_call')).toEqual([])
          cuts += 1
        }
      }
      expect(cuts).toBeGreaterThan(300)
    })
  })
})

function candidatesOf(message: AssistantMessage): readonly JsonValue[] {
  const { candidates = [] } = Object(toNative(message))
  return candidates
}

function untimed({ timing: _timing, ...message }: AssistantMessage): unknown {
  return message
}
