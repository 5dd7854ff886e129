import { beforeAll, expect, it } from 'vitest'
import { toNative } from '../../src/index.ts'
import type { JsonObject } from '../../src/json.ts'
import { corpusStreams, describeShared } from '../support/corpus.ts'
import { payloadsOf } from './chat-wire.ts'
import { listOf, nothing, objectOf, textOf, type Simple } from './plain-wire.ts'
import { expectClean, foldStream, simply, untimed, type Folded } from './simple.ts'

/** Texts and code joined, the counts and the status of the last run. */
function answerOf(payloads: readonly JsonObject[]): Simple {
  const answer = nothing()
  let code = ''
  let id = ''
  for (const payload of payloads) {
    const delta = objectOf(payload['delta'])
    for (const part of listOf(delta['content']).map(objectOf)) answer.text += textOf(objectOf(part['text'])['value'])
    for (const call of listOf(objectOf(delta['step_details'])['tool_calls']).map(objectOf)) {
      id ||= textOf(call['id'])
      code += textOf(objectOf(call['code_interpreter'])['input'])
    }
    if (payload['object'] !== 'thread.run') continue
    answer.finish = textOf(payload['status'])
    const usage = objectOf(payload['usage'])
    answer.usage = { inputTokens: usage['prompt_tokens'], outputTokens: usage['completion_tokens'] }
  }
  answer.calls.push({ id, name: 'code_interpreter', input: { input: code } })
  return answer
}

describeShared('corpus', 'the stream of an assistant in the corpus, folded live', () => {
  const streams = corpusStreams(({ dialect }) => dialect === 'other/openai-assistants')
  let folded: readonly Folded[] = []
  beforeAll(async () => {
    folded = await Promise.all(streams.map((stream) => foldStream(stream)))
  })

  it('is one, of 96 events, whose code the provider has run', () => {
    expect(streams.map((stream) => payloadsOf(stream).length)).toEqual([95])
    for (const one of folded) expect(expectClean(one, 'openai-assistants')).toBe(0)
    expect(folded.flatMap(({ messages }) => messages.flatMap(({ anomalies }) => anomalies))).toEqual([])
  })

  it('I4: text, the call, the status and usage agree with a simple extraction from the wire', () => {
    for (const { stream, messages } of folded) {
      expect(messages.map(simply)).toEqual([answerOf(payloadsOf(stream))])
      expect(messages[0]?.stop).toMatchObject({ raw: 'completed', reason: 'end_turn' })
    }
  })

  it('I7: the own form is the run, the message and the steps as their last events have them', () => {
    for (const { stream, messages } of folded) {
      const payloads = payloadsOf(stream)
      const last = (object: string) => payloads.findLast((payload) => payload['object'] === object)
      const steps = payloads.filter(({ object, status }) => object === 'thread.run.step' && status === 'completed')
      expect(steps).toHaveLength(2)
      expect(toNative(messages)).toEqual({ run: last('thread.run'), messages: [last('thread.message')], steps })
    }
  })

  it('I1: gives the same message as the events of an SDK, which have the name beside the data, and as nameless ones', async () => {
    for (const { stream, messages } of folded) {
      const text = new TextDecoder().decode(stream.read())
      const named = [...text.matchAll(/^event: (.+)\ndata: (\{.+)$/gm)].map(([, event, data = '']) => ({
        event,
        data: JSON.parse(data),
      }))
      expect(named).toHaveLength(95)
      for (const source of [[...named, { event: 'done', data: '[DONE]' }], payloadsOf(stream)]) {
        const again = await foldStream(stream, source)
        expect(again.messages.map(untimed)).toEqual(messages.map(untimed))
      }
    }
  })
})
