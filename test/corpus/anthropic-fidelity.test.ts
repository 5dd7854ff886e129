import { beforeAll, describe, expect, it } from 'vitest'
import { fold, toNative } from '../../src/index.ts'
import { corpusStreams, describeShared, type CorpusStream } from '../support/corpus.ts'
import { PAYLOAD_EXCEPTIONS, SSE_EXCEPTIONS } from './anthropic-exceptions.ts'
import { accumulate, responseOf, type Oracle } from './anthropic-sdk.ts'
import { payloadsOf, wireMessagesOf } from './anthropic-wire.ts'
import { viaJson } from './differences.ts'
import { compareStream, filesOf, found, isEqual, listed, type Compared, type Comparison } from './fidelity.ts'

const ORACLES: readonly Oracle[] = ['plain', 'beta']

const COMPARISON: Comparison<Oracle> = {
  oracles: ORACLES,
  bodiesOf: (stream) => (stream.framing === 'sse' ? [stream.read()] : bodiesOf(stream)),
  nativeOf: async (body) => viaJson(toNative(JSON.parse(JSON.stringify(await fold(responseOf(body)))))),
  accumulate,
  mend,
  wireOf: (stream) => {
    const payloads = payloadsOf(stream)
    return [...payloads, ...wireMessagesOf(payloads).flatMap(({ blocks }) => blocks.map(({ input }) => input ?? null))]
  },
}

describeShared('corpus', 'the Anthropic message in its own form', () => {
  describe('of the 243 streams as they were sent', () => {
    const streams = corpusStreams(({ dialect, framing }) => dialect === 'anthropic-messages' && framing === 'sse')
    let compared: readonly Compared<Oracle>[] = []
    beforeAll(async () => {
      compared = (await Promise.all(streams.map((stream) => compareStream(stream, COMPARISON)))).flat()
    })

    it('I7: equals what the SDK accumulates, plain and beta, but for the listed exceptions', () => {
      expect(streams).toHaveLength(243)
      expect(found(compared)).toEqual(listed(SSE_EXCEPTIONS, ORACLES))
    })

    it('I7: equals the plain or the beta SDK for all streams on which they do not throw, but one with cut input', () => {
      const equal = (oracle: Oracle) =>
        compared.filter((one) => one.oracle === oracle && isEqual(one)).map(({ file }) => file)
      expect([equal('plain').length, equal('beta').length]).toEqual([230, 234])
      const either = new Set([...equal('plain'), ...equal('beta')])
      const neither = streams.map(({ file }) => file).filter((file) => !either.has(file))
      expect(neither).toEqual(filesOf(SSE_EXCEPTIONS, ['sdk_throws', 'sdk_repairs_cut_input']))
      expect(neither).toHaveLength(9)
    })

    it('I7: has what the SDK lacks from the wire', () => {
      expect(compared.flatMap(({ unfounded }) => unfounded)).toEqual([])
    })
  })

  describe('of the 77 streams that are kept as payloads', () => {
    const streams = corpusStreams(({ dialect, framing }) => dialect === 'anthropic-messages' && framing !== 'sse')
    let compared: readonly Compared<Oracle>[] = []
    beforeAll(async () => {
      compared = (await Promise.all(streams.map((stream) => compareStream(stream, COMPARISON)))).flat()
    })

    it('I7: equals what the SDK accumulates, plain and beta, but for the listed exceptions', () => {
      expect(streams).toHaveLength(77)
      expect(found(compared)).toEqual(listed(PAYLOAD_EXCEPTIONS, ORACLES))
    })

    it('I7: has what the SDK lacks from the wire', () => {
      expect(compared.flatMap(({ unfounded }) => unfounded)).toEqual([])
    })
  })

  it('I7: lacks of what the SDK has only input that no event of the wire completes', () => {
    const lacking = [...SSE_EXCEPTIONS, ...PAYLOAD_EXCEPTIONS].filter(({ paths }) =>
      paths.some((path) => path.startsWith('-')),
    )
    const cut = lacking.map(({ file }) => file)
    expect(cut).toHaveLength(2)
    for (const stream of corpusStreams(({ file }) => cut.includes(file))) {
      const calls = wireMessagesOf(payloadsOf(stream)).flatMap(({ blocks }) =>
        blocks.filter(({ type }) => type === 'tool_use'),
      )
      expect(calls).toHaveLength(1)
      for (const call of calls) expect(() => JSON.parse(call.text)).toThrow(SyntaxError)
    }
  })
})

/** Takes away what makes the SDK throw: an event that is no JSON, a last event without its blank line. */
function mend(bytes: Uint8Array): Uint8Array {
  return new TextEncoder().encode(`${new TextDecoder().decode(bytes).replace('event: data\ndata: [DONE]\n', '')}\n\n`)
}

/** The messages of a stream of payloads, each as the body of a response; every one begins with its `message_start`. */
function bodiesOf(stream: CorpusStream): Uint8Array[] {
  const bodies: string[] = []
  const isConcatenated = stream.features.includes('concatenated_responses') && !stream.file.includes('spliced')
  for (const payload of payloadsOf(stream)) {
    const { type } = payload
    const event = `event: ${typeof type === 'string' ? type : ''}\ndata: ${JSON.stringify(payload)}\n\n`
    if (bodies.length === 0 || (isConcatenated && type === 'message_start')) bodies.push(event)
    else bodies.push((bodies.pop() ?? '') + event)
  }
  return bodies.map((body) => new TextEncoder().encode(body))
}
