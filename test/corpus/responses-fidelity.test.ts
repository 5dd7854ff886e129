import { beforeAll, describe, expect, it } from 'vitest'
import { fold, toNative } from '../../src/index.ts'
import { isObject, type JsonObject, type JsonValue } from '../../src/json.ts'
import { corpusStreams, describeShared, type CorpusStream } from '../support/corpus.ts'
import { differences, viaJson } from './differences.ts'
import { compareStream, filesOf, found, isEqual, listed, type Compared, type Comparison } from './fidelity.ts'
import { OPENAI_VERSIONS, type OpenAIVersion } from './openai-sdk.ts'
import { CUT_EXCEPTIONS, PAYLOAD_EXCEPTIONS, SSE_EXCEPTIONS } from './responses-exceptions.ts'
import { accumulate } from './responses-sdk.ts'
import { jsonOf, payloadsOf, textOf, wireResponsesOf } from './responses-wire.ts'

/** Of the 211 streams as they were sent. */
const EQUAL: Readonly<Record<OpenAIVersion, number>> = { 'openai 6': 199, 'openai 7': 197 }

const COMPARISON: Comparison<OpenAIVersion> = {
  oracles: OPENAI_VERSIONS,
  bodiesOf: (stream) => (stream.framing === 'sse' ? [stream.read()] : bodiesOf(stream)),
  nativeOf,
  accumulate,
  mend,
  wireOf: payloadsOf,
}

describeShared('corpus', 'the Responses message in its own form', () => {
  describe('of the 211 streams as they were sent', () => {
    const streams = corpusStreams(({ dialect, framing }) => dialect === 'openai-responses' && framing === 'sse')
    let compared: readonly Compared<OpenAIVersion>[] = []
    beforeAll(async () => {
      compared = (await Promise.all(streams.map((stream) => compareStream(stream, COMPARISON)))).flat()
    })

    it.each(OPENAI_VERSIONS)('I7: equals what %s accumulates, but for the listed exceptions', (version) => {
      expect(streams).toHaveLength(211)
      const own = compared.filter(({ oracle }) => oracle === version)
      expect(own).toHaveLength(211)
      expect(own.filter(isEqual)).toHaveLength(EQUAL[version])
      expect(found(own)).toEqual(listed(SSE_EXCEPTIONS, [version]))
    })

    it('I7: has what the SDK lacks from the wire', () => {
      expect(compared.flatMap(({ unfounded }) => unfounded)).toEqual([])
    })

    it('I7: equals the whole response in the last event of the wire, wherever that has any output', async () => {
      let equal = 0
      const empty: string[] = []
      for (const stream of streams) {
        const [wire] = wireResponsesOf(payloadsOf(stream))
        const whole = wire?.response ?? {}
        if (Array.isArray(whole['output']) && whole['output'].length === 0) {
          empty.push(stream.file)
          continue
        }
        expect(differences(await nativeOf(stream.read()), whole), stream.file).toEqual([])
        equal += 1
      }
      expect(equal).toBe(199)
      expect(empty).toEqual(filesOf(SSE_EXCEPTIONS, ['sdk_loses_wire_data']))
    })

    it('I7: has the streamed items where the last event has none, and all else as the last event has it', async () => {
      const emptied = filesOf(SSE_EXCEPTIONS, ['sdk_loses_wire_data'])
      expect(emptied).toHaveLength(12)
      for (const stream of streams.filter(({ file }) => emptied.includes(file))) {
        const [wire] = wireResponsesOf(payloadsOf(stream))
        const whole = { ...wire?.response, output: wire?.items.map(({ item }) => item) ?? [] }
        expect(differences(await nativeOf(stream.read()), whole), stream.file).toEqual([])
      }
    })
  })

  describe('of the 84 streams that are kept as payloads', () => {
    const streams = corpusStreams(({ dialect, framing }) => dialect === 'openai-responses' && framing !== 'sse')
    let compared: readonly Compared<OpenAIVersion>[] = []
    beforeAll(async () => {
      compared = (await Promise.all(streams.map((stream) => compareStream(stream, COMPARISON)))).flat()
    })

    it.each(OPENAI_VERSIONS)('I7: equals what %s accumulates, but for the listed exceptions', (version) => {
      expect(streams).toHaveLength(84)
      const own = compared.filter(({ oracle }) => oracle === version)
      // Three streams hold several responses: four, four and two.
      expect(own).toHaveLength(91)
      expect(found(own)).toEqual(listed(PAYLOAD_EXCEPTIONS, [version]))
    })

    it('I7: has what the SDK lacks from the wire', () => {
      expect(compared.flatMap(({ unfounded }) => unfounded)).toEqual([])
    })

    it('I7: equals the whole response in the last event of the wire, wherever that has any output', async () => {
      let equal = 0
      for (const stream of streams) {
        for (const [at, body] of bodiesOf(stream).entries()) {
          const whole = wireResponsesOf(payloadsOf(stream))[at]?.response ?? {}
          if (!Array.isArray(whole['output']) || whole['output'].length === 0) continue
          expect(differences(await nativeOf(body), whole), stream.file).toEqual([])
          equal += 1
        }
      }
      // Of the 91 one fails before any output, and of one the first and the last line are no JSON.
      expect(equal).toBe(89)
    })
  })

  describe('of a stream that is cut', () => {
    const streams = corpusStreams(({ dialect }) => dialect === 'openai-responses')

    it.each([
      ['before its last event', 1],
      ['after three quarters of its events', 3 / 4],
      ['after a third of its events', 1 / 3],
    ])('I7: %s equals what the SDK has by then, but for the listed exceptions', async (where, share) => {
      const differing: string[] = []
      let compared = 0
      for (const stream of streams) {
        for (const body of COMPARISON.bodiesOf(stream)) {
          const events = eventsOf(mend(body))
          const difference = await differenceAfter(events.slice(0, Math.max(2, Math.ceil(endOf(events) * share))))
          if (difference !== '') differing.push(`${stream.file} ${difference}`)
          compared += 1
        }
      }
      expect(compared).toBe(211 + 91)
      expect(differing).toEqual(CUT_EXCEPTIONS[where])
    })

    it('I7: anywhere equals what the SDK has by then, in one stream for each feature, but for the listed exceptions', async () => {
      const differing = new Set<string>()
      let compared = 0
      for (const stream of smallestOfEach(streams)) {
        const events = eventsOf(mend(COMPARISON.bodiesOf(stream)[0] ?? new Uint8Array()))
        for (let kept = 1; kept <= endOf(events); kept += 1) {
          const difference = await differenceAfter(events.slice(0, kept))
          if (difference !== '') differing.add(`${stream.file} ${difference}`)
          compared += 1
        }
      }
      expect(compared).toBe(515)
      expect([...differing]).toEqual(CUT_EXCEPTIONS['anywhere'])
    })
  })

  it('I7: lacks nothing that the SDK has', () => {
    const lacking = [...SSE_EXCEPTIONS, ...PAYLOAD_EXCEPTIONS].filter(({ paths }) =>
      paths.some((path) => path.startsWith('-')),
    )
    expect(lacking).toEqual([])
  })
})

async function nativeOf(body: Uint8Array): Promise<JsonValue> {
  return viaJson(toNative(JSON.parse(JSON.stringify(await fold(body)))))
}

/** The responses of a stream of payloads, each as a body; every one begins with its `response.created`. */
function bodiesOf(stream: CorpusStream): Uint8Array[] {
  const bodies: string[] = []
  for (const line of new TextDecoder().decode(stream.read()).split('\n').filter(Boolean)) {
    const isFirst = jsonOf(line).some(({ type }) => type === 'response.created')
    const before = bodies.length === 0 || isFirst ? '' : (bodies.pop() ?? '')
    bodies.push(`${before}data: ${line}\n\n`)
  }
  return bodies.map((body) => new TextEncoder().encode(body))
}

/** Takes away what makes the SDK throw: what is no JSON, what reports an error, events that are newer than the SDK. */
function mend(body: Uint8Array): Uint8Array {
  return encode(
    eventsOf(body).filter((event) =>
      payloadOf(event).some(
        ({ type, error }) => !isObject(error) && !/^response\.(shell|apply_patch)_call/.test(textOf(type)),
      ),
    ),
  )
}

/** How many events come before the last one. */
function endOf(events: readonly string[]): number {
  const end = events.findIndex((event) => payloadOf(event).some(({ type }) => TERMINALS.has(textOf(type))))
  return end === -1 ? events.length : end
}

/** How we differ from the SDK after these events, in a line. */
async function differenceAfter(events: readonly string[]): Promise<string> {
  const head = encode(events)
  const theirs = await accumulate(head, 'openai 6')
  return withoutNumbers('throws' in theirs ? [theirs.throws] : differences(await nativeOf(head), theirs.message))
}

/** For each feature the smallest stream that has it, unless all are large. */
function smallestOfEach(streams: readonly CorpusStream[]): readonly CorpusStream[] {
  const bySize = streams.filter(({ size }) => size < 30_000).toSorted((a, b) => a.size - b.size)
  const features = new Set(streams.flatMap((stream) => stream.features))
  return [
    ...new Set([...features].flatMap((feature) => bySize.find((stream) => stream.features.includes(feature)) ?? [])),
  ]
}

const TERMINALS: ReadonlySet<string> = new Set(['response.completed', 'response.incomplete', 'response.failed'])

/** The numbers of list items are of no interest, nor how many there are. */
function withoutNumbers(paths: readonly string[]): string {
  return [...new Set(paths.map((path) => path.replaceAll(/(?<=\.)\d+/g, '#')))].join(' ')
}

function eventsOf(body: Uint8Array): string[] {
  return new TextDecoder().decode(body).split('\n\n').filter(Boolean)
}

function payloadOf(event: string): JsonObject[] {
  return event.split('\n').flatMap((line) => (line.startsWith('data:') ? jsonOf(line.slice(5)) : []))
}

function encode(events: readonly string[]): Uint8Array {
  return new TextEncoder().encode(events.map((event) => `${event}\n\n`).join(''))
}
