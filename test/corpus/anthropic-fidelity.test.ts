import { beforeAll, describe, expect, it } from 'vitest'
import { fold, toNative } from '../../src/index.ts'
import { isObject, type JsonValue } from '../../src/json.ts'
import { corpusStreams, describeShared, type CorpusStream } from '../support/corpus.ts'
import {
  PAYLOAD_EXCEPTIONS,
  SSE_EXCEPTIONS,
  type ExceptionClass,
  type FidelityException,
} from './anthropic-exceptions.ts'
import { accumulate, responseOf, type Oracle } from './anthropic-sdk.ts'
import { differences, viaJson } from './differences.ts'
import { payloadsOf, wireMessagesOf } from './anthropic-wire.ts'

const ORACLES: readonly Oracle[] = ['plain', 'beta']

describeShared('corpus', 'the Anthropic message in its own form', () => {
  describe('of the 243 streams as they were sent', () => {
    const streams = corpusStreams(({ dialect, framing }) => dialect === 'anthropic-messages' && framing === 'sse')
    let compared: readonly Compared[] = []
    beforeAll(async () => {
      compared = (await Promise.all(streams.map((stream) => compareAll(stream, [stream.read()])))).flat()
    })

    it('I7: equals what the SDK accumulates, plain and beta, but for the listed exceptions', () => {
      expect(streams).toHaveLength(243)
      expect(found(compared)).toEqual(listed(SSE_EXCEPTIONS))
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
    let compared: readonly Compared[] = []
    beforeAll(async () => {
      compared = (await Promise.all(streams.map((stream) => compareAll(stream, bodiesOf(stream))))).flat()
    })

    it('I7: equals what the SDK accumulates, plain and beta, but for the listed exceptions', () => {
      expect(streams).toHaveLength(77)
      expect(found(compared)).toEqual(listed(PAYLOAD_EXCEPTIONS))
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

interface Compared {
  readonly file: string
  readonly oracle: Oracle
  readonly throws?: string
  readonly paths: readonly string[]
  /** What only we have, or have otherwise, and no event of the wire holds. */
  readonly unfounded: readonly string[]
}

async function compareAll(stream: CorpusStream, bodies: readonly Uint8Array[]): Promise<Compared[]> {
  const payloads = payloadsOf(stream)
  const wire = [
    ...payloads,
    ...wireMessagesOf(payloads).flatMap(({ blocks }) => blocks.map(({ input }) => input ?? null)),
  ]
  const compared: Compared[] = []
  for (const bytes of bodies) {
    const folded = await fold(responseOf(bytes))
    const ours = viaJson(toNative(JSON.parse(JSON.stringify(folded))))
    for (const oracle of ORACLES) {
      const theirs = await accumulate(bytes, oracle)
      const mended = 'throws' in theirs ? await accumulate(mend(bytes), oracle) : theirs
      const paths = 'throws' in mended ? [] : differences(ours, mended.message)
      const unfounded = paths
        .filter((path) => !path.startsWith('-'))
        .filter((path) => !wire.some((payload) => holds(payload, at(ours, path.slice(1)))))
        .map((path) => `${stream.file} ${path}`)
      compared.push({ file: stream.file, oracle, ...('throws' in theirs ? theirs : {}), paths, unfounded })
    }
  }
  return compared
}

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

function isEqual({ throws, paths }: Compared): boolean {
  return throws === undefined && paths.length === 0
}

/** What differs, in the form of the list: equal differences of several messages of a stream are one line. */
function found(compared: readonly Compared[]): string[] {
  const lines = new Map<string, number>()
  for (const one of compared) {
    if (isEqual(one)) continue
    const line = lineOf(one, one.oracle)
    lines.set(line, (lines.get(line) ?? 0) + 1)
  }
  return [...lines].map(([line, count]) => `${line} ×${count}`).toSorted()
}

function listed(exceptions: readonly FidelityException[]): string[] {
  return exceptions
    .flatMap((one) => (one.oracle === 'both' ? ORACLES : [one.oracle]).map((oracle) => `${lineOf(one, oracle)} ×1`))
    .toSorted()
}

function lineOf(
  { file, throws, paths }: Pick<Compared, 'file' | 'paths'> & { throws?: string },
  oracle: Oracle,
): string {
  const thrown = throws === undefined ? '' : ` throws: ${throws};`
  return `${file} ${oracle}:${thrown} ${paths.toSorted().join(' ')}`
}

function filesOf(exceptions: readonly FidelityException[], classes: readonly ExceptionClass[]): string[] {
  return [...new Set(exceptions.filter((one) => classes.includes(one.class)).map(({ file }) => file))].toSorted()
}

function at(value: JsonValue, path: string): JsonValue | undefined {
  return path.split('.').reduce<JsonValue | undefined>((inner, key) => {
    if (Array.isArray(inner)) return inner[Number(key)]
    return isObject(inner) ? inner[key] : undefined
  }, value)
}

/** Whether a value stands somewhere in a payload. */
function holds(payload: JsonValue, value: JsonValue | undefined): boolean {
  if (value === undefined) return false
  if (differences(payload, value).length === 0) return true
  if (typeof payload !== 'object' || payload === null) return false
  return Object.values(payload).some((inner: JsonValue) => holds(inner, value))
}
