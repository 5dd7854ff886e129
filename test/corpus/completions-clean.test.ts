/** The older completions of OpenAI, `choices[].text`, which the dialect `openai-chat` reads too. */
import { beforeAll, expect, it } from 'vitest'
import { toNative, type StopReason } from '../../src/index.ts'
import type { JsonObject } from '../../src/json.ts'
import { corpusStreams, describeShared } from '../support/corpus.ts'
import { payloadsOf } from './chat-wire.ts'
import { listOf, nothing, objectOf, textOf, type Simple } from './plain-wire.ts'
import { expectClean, foldStream, simply, type Folded } from './simple.ts'

const REASONS: Readonly<Record<string, StopReason>> = { stop: 'end_turn', length: 'max_tokens' }

/** Texts joined; the last reason and the last counts win. All streams have one choice. */
function answerOf(payloads: readonly JsonObject[]): Simple {
  const answer = nothing()
  for (const payload of payloads) {
    for (const choice of listOf(payload['choices']).map(objectOf)) {
      answer.text += textOf(choice['text'])
      answer.finish = textOf(choice['finish_reason']) || answer.finish
    }
    const usage = objectOf(payload['usage'])
    if (Object.keys(usage).length > 0) {
      answer.usage = { inputTokens: usage['prompt_tokens'], outputTokens: usage['completion_tokens'] }
    }
  }
  return answer
}

describeShared('corpus', 'the older completions in the corpus, folded live', () => {
  const streams = corpusStreams(({ dialect }) => dialect === 'other/openai-completions')
  let folded: readonly Folded[] = []
  beforeAll(async () => {
    folded = await Promise.all(streams.map((stream) => foldStream(stream)))
  })

  it('are eleven of SSE and one of payloads', () => {
    expect(streams.filter(({ framing }) => framing === 'sse')).toHaveLength(11)
    expect(streams).toHaveLength(12)
  })

  it('I2, I5: are complete, live as in the end', () => {
    for (const one of folded) expect(expectClean(one, 'openai-chat')).toBe(0)
  })

  it('I4: have just the anomalies that were read from their wire', () => {
    const kinds = folded.map(({ messages }) =>
      messages.flatMap(({ anomalies }) => anomalies.map(({ kind }) => kind)).join(', '),
    )
    // Two say twice that their length cut them; payloads lack [DONE].
    expect(kinds.filter((all) => all !== '').toSorted((a, b) => a.localeCompare(b))).toEqual([
      'missing_terminal',
      'repeated_stop',
      'repeated_stop',
    ])
  })

  it('I4: text, finish reason and usage agree with a simple extraction from the wire', () => {
    for (const { stream, messages } of folded) {
      expect(messages.map(simply), stream.file).toEqual([answerOf(payloadsOf(stream))])
      expect([messages[0]?.stop.raw], stream.file).toEqual(stream.finish)
      expect(messages[0]?.stop.reason, stream.file).toBe(REASONS[stream.finish[0] ?? ''])
    }
    expect(folded.filter(({ messages }) => messages[0]?.rawUsage !== undefined)).toHaveLength(3)
  })

  it('I7: the own form is a completion, whose choice has its text', () => {
    for (const { stream, messages } of folded) {
      const payloads = payloadsOf(stream)
      const { text, finish } = answerOf(payloads)
      const { choices: _choices, usage: _usage, ...envelope } = payloads[0] ?? {}
      expect(toNative(messages), stream.file).toMatchObject({
        ...envelope,
        choices: [{ text, index: 0, logprobs: null, finish_reason: finish }],
      })
    }
  })
})
