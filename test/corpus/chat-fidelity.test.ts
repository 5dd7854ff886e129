import { beforeAll, describe, expect, it } from 'vitest'
import { assemble, toNative, type AssistantMessage } from '../../src/index.ts'
import { isObject, type JsonObject, type JsonValue } from '../../src/json.ts'
import { corpusStreams, describeShared } from '../support/corpus.ts'
import { droppingPadding, PAYLOAD_EXCEPTIONS, SSE_EXCEPTIONS } from './chat-exceptions.ts'
import { accumulate } from './chat-sdk.ts'
import { payloadsOf, wireAnswerOf } from './chat-wire.ts'
import { viaJson } from './differences.ts'
import { compareStream, filesOf, found, isEqual, listed, type Compared, type Comparison } from './fidelity.ts'
import { OPENAI_VERSIONS, type OpenAIVersion } from './openai-sdk.ts'

const COMPARISON: Comparison<OpenAIVersion> = {
  oracles: OPENAI_VERSIONS,
  bodiesOf: (stream) => (stream.framing === 'sse' ? [stream.read()] : [encode(payloadsOf(stream))]),
  nativeOf: async (body) => {
    const messages: AssistantMessage[] = JSON.parse(JSON.stringify(await assemble(body).messages()))
    return viaJson(toNative(messages))
  },
  accumulate,
  mend: (body) => encode(mend(payloadsOf({ framing: 'sse', read: () => body }))),
  wireOf: (stream) => {
    const payloads = payloadsOf(stream)
    return [...payloads, ...[...wireAnswerOf(payloads).choices.values()].map(viaJson)]
  },
}

describeShared('corpus', 'the chat messages in their own form', () => {
  describe('of the 243 streams as they were sent', () => {
    const streams = corpusStreams(({ dialect, framing }) => dialect === 'openai-chat' && framing === 'sse')
    let compared: readonly Compared<OpenAIVersion>[] = []
    beforeAll(async () => {
      compared = (await Promise.all(streams.map((stream) => compareStream(stream, COMPARISON)))).flat()
    })

    it('I7: equal what the SDK accumulates, but for the listed exceptions', () => {
      expect(streams).toHaveLength(243)
      const padded = droppingPadding(streams, SSE_EXCEPTIONS)
      expect(padded).toHaveLength(172)
      expect(found(compared)).toEqual(listed([...SSE_EXCEPTIONS, ...padded], OPENAI_VERSIONS))
    })

    it('I7: equal version 6 for all streams on which it does not throw', () => {
      const equal = compared.filter((one) => one.oracle === 'openai 6' && isEqual(one)).map(({ file }) => file)
      expect(equal).toHaveLength(240)
      const others = streams.map(({ file }) => file).filter((file) => !equal.includes(file))
      expect(others).toEqual(filesOf(SSE_EXCEPTIONS, ['sdk_throws']))
    })

    it('I7: have what the SDK lacks from the wire', () => {
      expect(compared.flatMap(({ unfounded }) => unfounded)).toEqual([])
    })
  })

  describe('of the 25 streams that are kept as payloads', () => {
    const streams = corpusStreams(({ dialect, framing }) => dialect === 'openai-chat' && framing !== 'sse')
    let compared: readonly Compared<OpenAIVersion>[] = []
    beforeAll(async () => {
      compared = (await Promise.all(streams.map((stream) => compareStream(stream, COMPARISON)))).flat()
    })

    it('I7: equal what the SDK accumulates, but for the listed exceptions', () => {
      expect(streams).toHaveLength(25)
      const padded = droppingPadding(streams, PAYLOAD_EXCEPTIONS)
      expect(padded).toHaveLength(23)
      expect(found(compared)).toEqual(listed([...PAYLOAD_EXCEPTIONS, ...padded], OPENAI_VERSIONS))
    })

    it('I7: have what the SDK lacks from the wire', () => {
      expect(compared.flatMap(({ unfounded }) => unfounded)).toEqual([])
    })
  })
})

function encode(payloads: readonly JsonObject[]): Uint8Array {
  const events = payloads.map((payload) => `data: ${JSON.stringify(payload)}\n\n`)
  return new TextEncoder().encode([...events, 'data: [DONE]\n\n'].join(''))
}

/** Takes away what makes the SDK throw: events that are no JSON, a choice without a role or without a finish reason. */
function mend(payloads: readonly JsonObject[]): JsonObject[] {
  const hasFinish = [...wireAnswerOf(payloads).choices.values()].every(({ finish }) => finish !== null)
  return payloads.map((payload) => {
    const choices = listOf(payload['choices']).map((choice) => {
      if (!isObject(choice)) return choice
      const delta = isObject(choice['delta']) ? choice['delta'] : {}
      return { ...choice, delta: { role: 'assistant', ...delta }, ...(hasFinish ? {} : { finish_reason: 'stop' }) }
    })
    return { ...payload, choices }
  })
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : []
}
