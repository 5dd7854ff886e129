import { beforeAll, expect, it } from 'vitest'
import { fold, toNative, type StopReason } from '../../src/index.ts'
import type { JsonObject } from '../../src/json.ts'
import { corpusStreams, describeShared } from '../support/corpus.ts'
import { payloadsOf } from './chat-wire.ts'
import { cohereAnswerOf } from './cohere-wire.ts'
import { objectOf, textOf } from './plain-wire.ts'
import { expectClean, foldStream, simply, untimed, type Folded } from './simple.ts'

const REASONS: Readonly<Record<string, StopReason>> = {
  COMPLETE: 'end_turn',
  MAX_TOKENS: 'max_tokens',
  TOOL_CALL: 'tool_calls',
}

describeShared('corpus', 'the streams of Cohere in the corpus, folded live', () => {
  const streams = corpusStreams(({ dialect }) => dialect === 'cohere')
  let folded: readonly Folded[] = []
  beforeAll(async () => {
    folded = await Promise.all(streams.map((stream) => foldStream(stream)))
  })

  it('are 14: eight of SSE and four of payloads in version 2, two of version 1', () => {
    const isV1 = ({ features }: Folded['stream']): boolean => features.includes('cohere_v1')
    expect(streams.filter((stream) => stream.framing === 'sse')).toHaveLength(8)
    expect(streams.filter((stream) => stream.framing === 'ndjson' && !isV1(stream))).toHaveLength(4)
    expect(streams.filter(isV1)).toHaveLength(2)
    expect(streams).toHaveLength(14)
  })

  it('I2, I5, I6: are complete, live as in the end, and hand out each of their six calls once', () => {
    expect(folded.reduce((sum, one) => sum + expectClean(one, 'cohere'), 0)).toBe(6)
  })

  it('I4: have no anomaly', () => {
    expect(folded.flatMap(({ messages }) => messages.flatMap(({ anomalies }) => anomalies))).toEqual([])
  })

  it('I4: text, thinking, calls, citations, finish reason and usage agree with a simple extraction from the wire', () => {
    for (const { stream, messages } of folded) {
      expect(messages.map(simply), stream.file).toEqual([cohereAnswerOf(payloadsOf(stream))])
    }
  })

  it('I5: finish reasons are those of the index, and the features are there', () => {
    for (const { stream, messages } of folded) {
      const [message] = messages
      expect([message?.stop.raw], stream.file).toEqual(stream.finish)
      expect(message?.stop.reason, stream.file).toBe(REASONS[stream.finish[0] ?? ''])
      const kinds = message?.content.map(({ type }) => type) ?? []
      const plans = message?.content.filter(({ wire }) => wire['type'] === 'tool_plan') ?? []
      expect(kinds.includes('tool_call'), stream.file).toBe(stream.features.includes('tool_use'))
      expect(plans.length, stream.file).toBe(stream.features.includes('tool_plan') ? 1 : 0)
      expect(kinds.filter((kind) => kind === 'thinking').length - plans.length, stream.file).toBe(
        stream.features.includes('thinking') ? 1 : 0,
      )
    }
  })

  it('I7: of version 2 the own form is what the API answers without streaming, and is read again as the same', async () => {
    for (const { stream, messages } of folded.filter(({ stream: { features } }) => !features.includes('cohere_v1'))) {
      const native = toNative(messages)
      const payloads = payloadsOf(stream)
      const last = objectOf(payloads.findLast(({ type }) => type === 'message-end')?.['delta'])
      expect(native, stream.file).toMatchObject({ id: textOf(payloads[0]?.['id']), ...last })
      const again = await fold(JSON.stringify(native))
      expect(simply(again), stream.file).toEqual(messages.map(simply)[0])
      expect(toNative(again), stream.file).toEqual(native)
    }
  })

  it('I7: of version 1 the own form is the answer that the last event holds', () => {
    for (const { stream, messages } of folded.filter(({ stream: { features } }) => features.includes('cohere_v1'))) {
      const end: JsonObject = payloadsOf(stream).at(-1) ?? {}
      const finish = 'generations' in objectOf(end['response']) ? {} : { finish_reason: end['finish_reason'] }
      expect(toNative(messages), stream.file).toEqual({ ...objectOf(end['response']), ...finish })
    }
  })

  it('I1: payloads give the same messages as objects', async () => {
    for (const { stream, messages } of folded.filter(({ stream: { framing } }) => framing === 'ndjson')) {
      const again = await foldStream(stream, payloadsOf(stream))
      expect(again.messages.map(untimed), stream.file).toEqual(messages.map(untimed))
    }
  })
})
