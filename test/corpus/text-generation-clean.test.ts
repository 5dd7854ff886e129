import { beforeAll, describe, expect, it } from 'vitest'
import { assemble, toNative } from '../../src/index.ts'
import type { JsonObject } from '../../src/json.ts'
import { corpusStreams, describeShared, readCapture, type CorpusStream } from '../support/corpus.ts'
import { payloadsOf } from './chat-wire.ts'
import { objectOf } from './plain-wire.ts'
import { expectClean, foldStream, simply, type Folded } from './simple.ts'
import { textAnswersOf } from './text-generation-wire.ts'

/** Claude's text completions, among what Anthropic's models answer through InvokeModel. */
const COMPLETIONS: ReadonlySet<string> = new Set([
  'other/bedrock-invoke-anthropic/DataDog-dd-trace-py__contrib-botocore-bedrock-anthropic-invoke-stream.ndjson',
  'other/bedrock-invoke-anthropic/traceloop-openllmetry-js__instrumentation-bedrock-Test-Anthropic-with-AWS-Bedrock-Instrumentatio-49875168-ng-result-3091204960-recording.ndjson',
])

const COUNTS: Readonly<Record<string, number>> = {
  'other/bedrock-invoke-amazon': 4,
  'other/bedrock-invoke-anthropic': 2,
  'other/bedrock-invoke-cohere': 3,
  'other/bedrock-invoke-meta': 2,
  'other/tgi': 1,
}

/** The finish reasons, which the index does not have, as they were read from the wire. */
const REASONS: readonly string[] = [
  'LENGTH → max_tokens',
  'LENGTH → max_tokens',
  'LENGTH → max_tokens',
  'FINISH → end_turn',
  'stop_sequence → stop_sequence',
  'stop_sequence → stop_sequence',
  'MAX_TOKENS → max_tokens, MAX_TOKENS → max_tokens',
  'MAX_TOKENS → max_tokens',
  'COMPLETE → end_turn',
  'length → max_tokens',
  'stop → end_turn',
  'length → max_tokens',
]

/** What the events are, without the frames of AWS around them. */
function eventsOf(stream: CorpusStream): JsonObject[] {
  const payloads = payloadsOf(stream)
  return stream.framing === 'aws-eventstream' ? payloads.map(({ inner }) => objectOf(inner)) : payloads
}

describeShared('corpus', 'the streams of plain text in the corpus, folded live', () => {
  const streams = corpusStreams(
    ({ dialect, file }) => dialect in COUNTS && (dialect !== 'other/bedrock-invoke-anthropic' || COMPLETIONS.has(file)),
  )
  let folded: readonly Folded[] = []
  beforeAll(async () => {
    const sourceOf = (stream: CorpusStream) => (stream.framing === 'sse' ? stream.read() : eventsOf(stream))
    folded = await Promise.all(streams.map((stream) => foldStream(stream, sourceOf(stream))))
  })

  it('are four of Titan, three of Command, two of Claude, two of Llama and one of TGI; one of them has two answers', () => {
    const counts: Record<string, number> = {}
    for (const { dialect } of streams) counts[dialect] = (counts[dialect] ?? 0) + 1
    expect(counts).toEqual(COUNTS)
    expect(folded.map(({ messages }) => messages.length).filter((length) => length > 1)).toEqual([2])
  })

  it('I2, I5: are complete, live as in the end', () => {
    for (const one of folded) expect(expectClean(one, 'text-generation')).toBe(0)
  })

  it('I4: have no anomaly', () => {
    expect(folded.flatMap(({ messages }) => messages.flatMap(({ anomalies }) => anomalies))).toEqual([])
  })

  it('I4: text, finish reason and usage agree with a simple extraction from the wire', () => {
    for (const { stream, messages } of folded) {
      expect(messages.map(simply), stream.file).toEqual(textAnswersOf(eventsOf(stream)))
    }
  })

  it('I5: stop for what the wire says', () => {
    const reasons = folded.map(({ messages }) =>
      messages.map(({ stop }) => `${String(stop.raw)} → ${stop.reason}`).join(', '),
    )
    expect(reasons).toEqual(REASONS)
  })

  it('I7: the own form is read again as the same', async () => {
    for (const { stream, messages } of folded) {
      const native = toNative(messages)
      const again = await assemble(JSON.stringify(native)).messages()
      const texts = (all: typeof messages) => all.map((message) => [simply(message).text, message.stop])
      expect(texts(again), stream.file).toEqual(texts(messages))
    }
  })

  it('I7: the own form of a stream that is one event, or ends in the whole, is that', () => {
    for (const { stream, messages } of folded.filter(({ stream: { dialect } }) => dialect.endsWith('invoke-amazon'))) {
      const [event] = eventsOf(stream)
      const {
        index: _index,
        outputText,
        completionReason,
        totalOutputTextTokenCount: tokenCount,
        ...more
      } = event ?? {}
      expect(toNative(messages), stream.file).toEqual({
        ...more,
        results: [{ tokenCount, outputText, completionReason }],
      })
    }
    const whole = folded.find(({ stream: { file } }) => file.includes('Test-Cohere-with-AWS'))
    expect(whole === undefined ? undefined : toNative(whole.messages)).toEqual(
      whole === undefined ? 'there' : eventsOf(whole.stream)[0],
    )
  })
})

describeShared('captures', "llama.cpp's own endpoint", () => {
  const read = () => readCapture('llamacpp/native-text.sse')

  describe('native-text', () => {
    it('I4: text, stop type and usage agree with a simple extraction from the wire', async () => {
      const messages = await assemble(read()).messages()
      expect(messages.map(simply)).toEqual(textAnswersOf(payloadsOf({ read, framing: 'sse' })))
      expect(messages[0]).toMatchObject({ outcome: { kind: 'complete' }, anomalies: [], model: 'tiny-qwen2.gguf' })
    })

    it('I7: the own form is the last event with the text and tokens of all', async () => {
      const payloads = payloadsOf({ read, framing: 'sse' })
      const native = toNative(await assemble(read()).messages())
      const [answer] = textAnswersOf(payloads)
      const tokens = payloads.flatMap((payload) => payload['tokens'] ?? [])
      expect(native).toEqual({ ...payloads.at(-1), content: answer?.text, tokens })
    })
  })
})
