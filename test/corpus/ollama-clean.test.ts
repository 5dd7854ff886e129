import { beforeAll, expect, it } from 'vitest'
import { fold, toNative } from '../../src/index.ts'
import { corpusStreams, describeShared } from '../support/corpus.ts'
import { payloadsOf } from './chat-wire.ts'
import { ollamaAnswerOf } from './ollama-wire.ts'
import { objectOf } from './plain-wire.ts'
import { expectClean, foldStream, simply, untimed, type Folded } from './simple.ts'

describeShared('corpus', 'the streams of Ollama in the corpus, folded live', () => {
  const streams = corpusStreams(({ dialect }) => dialect === 'other/ollama')
  let folded: readonly Folded[] = []
  beforeAll(async () => {
    folded = await Promise.all(streams.map((stream) => foldStream(stream)))
  })

  it('are 16 of JSON lines, one of them of the endpoint that completes a prompt', () => {
    expect(streams.map(({ framing }) => framing)).toEqual(Array.from({ length: 16 }, () => 'ndjson'))
    expect(folded.filter(({ messages }) => messages[0]?.wire['form'] === 'generate')).toHaveLength(1)
  })

  it('I2, I5, I6: are complete, live as in the end, and hand out each of their five calls once', () => {
    expect(folded.reduce((sum, one) => sum + expectClean(one, 'ollama'), 0)).toBe(5)
  })

  it('I4: have no anomaly', () => {
    expect(folded.flatMap(({ messages }) => messages.flatMap(({ anomalies }) => anomalies))).toEqual([])
  })

  it('I4: text, thinking, calls, finish reason and usage agree with a simple extraction from the wire', () => {
    for (const { stream, messages } of folded) {
      expect(messages.map(simply), stream.file).toEqual([ollamaAnswerOf(payloadsOf(stream))])
    }
  })

  it('quirk 5.24: I5: those with a call stop for it, although all say stop; two were cut by their length', () => {
    const reasons = folded.map(({ messages, stream }) => {
      const { reason, raw } = messages[0]?.stop ?? {}
      const kinds = messages[0]?.content.map(({ type }) => type) ?? []
      expect(kinds.includes('tool_call'), stream.file).toBe(stream.features.includes('tool_use'))
      expect(kinds.includes('thinking'), stream.file).toBe(stream.features.includes('thinking'))
      expect(reason === 'tool_calls', stream.file).toBe(stream.features.includes('tool_use'))
      return `${raw} → ${reason}`
    })
    expect(reasons.filter((one) => one === 'stop → tool_calls')).toHaveLength(5)
    expect(reasons.filter((one) => one === 'length → max_tokens')).toHaveLength(2)
    expect(reasons.filter((one) => one === 'stop → end_turn')).toHaveLength(9)
  })

  it('I7: the own form is the last line with all that came before it, and is read again as the same', async () => {
    for (const { stream, messages } of folded) {
      const native = objectOf(toNative(messages))
      const last = payloadsOf(stream).at(-1) ?? {}
      const { text, thinking, calls } = ollamaAnswerOf(payloadsOf(stream))
      const tool_calls = payloadsOf(stream).flatMap((line) => objectOf(line['message'])['tool_calls'] ?? [])
      const own = {
        ...(thinking === '' ? {} : { thinking }),
        ...(calls.length === 0 ? {} : { tool_calls }),
      }
      const whole = 'response' in last ? { response: text } : { message: { role: 'assistant', content: text, ...own } }
      expect(native, stream.file).toEqual({ ...last, ...whole })
      const again = await fold(JSON.stringify(native))
      expect(simply(again), stream.file).toEqual(messages.map(simply)[0])
      expect(toNative(again), stream.file).toEqual(native)
    }
  })

  it('I1: give the same messages as objects', async () => {
    for (const { stream, messages } of folded) {
      const again = await foldStream(stream, payloadsOf(stream))
      expect(again.messages.map(untimed), stream.file).toEqual(messages.map(untimed))
    }
  })
})
