/**
 * Every recording of the project against the message that stands beside it, and against the promises. A new pair of files
 * `recordings/<dialect>/<case>.recording` and `<case>.json` adds its tests with no new code.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { definitionOf } from '../src/dialects/definitions.ts'
import { Fold } from '../src/fold.ts'
import { toNative } from '../src/to-native.ts'
import { isObject, type JsonValue } from '../src/json.ts'
import type { AssistantMessage } from '../src/message.ts'
import { everyTwoWaySplit, oneByteAtATime, recut, withBom, withLineEnds } from '../src/recording/chunking.ts'
import { assembleRecording, foldRecording } from '../src/recording/fold-recording.ts'
import { formatRecording, parseRecording, RECORDING_EXTENSION, type Recording } from '../src/recording/format.ts'
import { replay } from '../src/recording/replay.ts'
import { fold } from '../src/turn.ts'
import type { TurnEvent } from '../src/turn-event.ts'
import { accumulate, type Oracle } from './corpus/anthropic-sdk.ts'
import { accumulate as accumulateChat } from './corpus/chat-sdk.ts'
import { differences, viaJson } from './corpus/differences.ts'
import { accumulate as accumulateResponses } from './corpus/responses-sdk.ts'
import { SDK_EXCEPTIONS } from './recordings-exceptions.ts'
import { expectLiveEqualsFinal } from './support/naive-reader.ts'

type Message = Omit<AssistantMessage, 'timing'>

const ROOT = 'recordings'

interface Case {
  readonly title: string
  readonly dialect: string
  readonly name: string
  readonly path: string
  readonly text: string
  readonly recording: Recording
  readonly bytes: Uint8Array
}

const CASES: readonly Case[] = readdirSync(ROOT, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap(({ name: dialect }) => namesIn(dialect, RECORDING_EXTENSION).map((name) => caseOf(dialect, name)))

function namesIn(dialect: string, extension: string): readonly string[] {
  const files = readdirSync(`${ROOT}/${dialect}`).filter((file) => file.endsWith(extension))
  return files.map((file) => file.slice(0, -extension.length)).toSorted()
}

function caseOf(dialect: string, name: string): Case {
  const path = `${ROOT}/${dialect}/${name}${RECORDING_EXTENSION}`
  const text = readFileSync(path, 'utf8')
  const recording = parseRecording(text, { name: path })
  return { title: `${dialect}/${name}`, dialect, name, path, text, recording, bytes: bytesOf(recording) }
}

function titled(cases: readonly Case[]): readonly (readonly [string, Case])[] {
  return cases.map((one) => [one.title, one])
}

function bytesOf({ chunks }: Recording): Uint8Array {
  return Uint8Array.from(chunks.flatMap(({ bytes }) => [...bytes]))
}

function expected({ dialect, name }: Case): Message {
  return allExpected({ dialect, name })[0] ?? expect.fail(`${name}.json holds no message`)
}

/** Of an answer with several choices all of them stand in the file. */
function allExpected({ dialect, name }: Pick<Case, 'dialect' | 'name'>): readonly Message[] {
  const messages: Message | Message[] = JSON.parse(readFileSync(`${ROOT}/${dialect}/${name}.json`, 'utf8'))
  return [messages].flat()
}

function isStream({ bytes }: Case): boolean {
  return /^(event|data):/.test(new TextDecoder().decode(bytes))
}

/** Of binary frames there are no lines. */
function isBinary({ bytes }: Case): boolean {
  return bytes[0] === 0
}

/** How many answers were asked for, or how many messages a source of many gives. */
function choicesOf(one: Case): number {
  return Number(one.recording.header.request?.['n'] ?? allExpected(one).length)
}

/** About a hundred cuts in two, evenly, so that each kind of place is hit; of a small body all of them. */
function* cutsInTwo(bytes: Uint8Array): Generator<readonly Uint8Array[]> {
  const step = Math.ceil(bytes.length / 200) * 2 - 1
  for (const pieces of everyTwoWaySplit(bytes)) if (pieces[0].length % step === 0) yield pieces
}

/** The message of the same recording with other bytes, or the same bytes cut otherwise. */
async function foldPieces({ recording, name }: Case, pieces: readonly Uint8Array[]): Promise<Message> {
  if ((recording.header.response?.status ?? 200) >= 400) {
    return foldRecording({ ...recording, chunks: pieces.map((bytes) => ({ ms: 0, bytes })) }, { turn: name })
  }
  const reading = new Fold({ turn: name }, { isLive: false })
  for (const piece of pieces) reading.push(piece)
  reading.end(
    recording.ending === 'eof'
      ? { kind: 'complete' }
      : recording.ending === 'reset'
        ? { kind: 'truncated', message: 'the recorded connection was reset' }
        : { kind: 'aborted', by: 'caller', reason: 'the recorded client aborted the request' },
  )
  return reading.messages[0] ?? expect.fail('the fold gave no message')
}

async function liveEventsOf(recording: Recording, name: string): Promise<readonly TurnEvent[]> {
  const events: TurnEvent[] = []
  for await (const event of assembleRecording(recording, { turn: name })) events.push(event)
  return events
}

function withoutTiming(events: readonly TurnEvent[]): readonly unknown[] {
  return events.map((event) => {
    if (event.type !== 'message') return event
    const { timing: _timing, ...final } = event.final
    return { ...event, final }
  })
}

function withoutAnomalies({ anomalies: _anomalies, ...message }: Message): unknown {
  return message
}

it.each(['anthropic-messages', 'openai-chat', 'openai-responses'])('has recordings of %s to test', (dialect) => {
  expect(CASES.filter((one) => one.dialect === dialect).length).toBeGreaterThan(20)
})

it('has a recording for every message, and a message for every recording', () => {
  for (const dialect of new Set(CASES.map((one) => one.dialect))) {
    expect(namesIn(dialect, '.json')).toEqual(namesIn(dialect, RECORDING_EXTENSION))
  }
})

describe.each(titled(CASES))('recordings/%s', (_title, one) => {
  const { name, dialect, path, text, recording, bytes } = one
  const { header } = recording

  it('is sound and stands as the writer writes it', () => {
    expect(recording.problems).toEqual([])
    expect(formatRecording(recording)).toBe(text)
    expect(header.dialect).toBe(dialect)
  })

  it('says where it comes from, and names no place and no secret', () => {
    const { kind, from = '', note = '' } = header.provenance
    if (kind === 'captured') expect(from).toMatch(/\d|[0-9a-f]{7}/)
    if (kind === 'handwritten') expect(note).toMatch(/^.{20,}$/)
    if (kind === 'derived') {
      expect(note).toMatch(/^.{20,}$/)
      expect(existsSync(path.replace(/[^/]+$/, from)), `${from} beside it`).toBe(true)
    }
    expect(text).not.toMatch(/\/(home|root|work|tmp|Users)\//)
    expect(text).not.toMatch(/sk-[a-z0-9]|authorization|api[-_]key|cookie/i)
  })

  it('gives the message beside it', async () => {
    const message = expected(one)
    const all = allExpected(one)
    const messages = await assembleRecording(recording, { turn: name }).messages()
    expect(messages.map(({ timing: _timing, ...untimed }) => untimed)).toEqual(all)
    expect(readFileSync(path.replace(RECORDING_EXTENSION, '.json'), 'utf8')).toBe(
      `${JSON.stringify(all.length === 1 ? message : all, null, 2)}\n`,
    )
    if (header.response?.status === undefined || header.response.status < 400) {
      const { timing, ...folded } = await fold(replay(recording), { turn: name })
      expect(folded).toEqual(message)
      expect(timing?.endMs).toBeGreaterThanOrEqual(0)
    }
  })

  it('I1: gives the same message however its bytes are cut in two', async () => {
    const message = expected(one)
    for (const pieces of cutsInTwo(bytes))
      expect(await foldPieces(one, pieces), `cut at ${pieces[0]?.length}`).toEqual(message)
  })

  it('I1: gives the same message one byte at a time, cut anew at random, with CRLF, with CR, with a byte order mark', async () => {
    const message = expected(one)
    expect(await foldPieces(one, oneByteAtATime(bytes))).toEqual(message)
    for (let seed = 1; seed <= 30; seed += 1) {
      expect(await foldRecording(recut(recording, seed), { turn: name }), `seed ${seed}`).toEqual(message)
    }
    if (isBinary(one)) return
    for (const other of [
      withLineEnds(bytes, 'crlf'),
      withLineEnds(bytes, 'cr'),
      withBom(bytes),
      withBom(withLineEnds(bytes, 'crlf')),
    ]) {
      expect(await foldPieces(one, [other])).toEqual(message)
      expect(await foldPieces(one, oneByteAtATime(other))).toEqual(message)
    }
  })

  it('I1: gives the same live events however its bytes are cut', async () => {
    const events = withoutTiming(await liveEventsOf(recording, name))
    const pieces = { ...recording, chunks: oneByteAtATime(bytes).map((piece) => ({ ms: 0, bytes: piece })) }
    expect(withoutTiming(await liveEventsOf(pieces, name))).toEqual(events)
  })

  it('I2: gives one message event a choice, closes each block once, and the live events are the message', async () => {
    const turn = assembleRecording(recording, { turn: name })
    const events: TurnEvent[] = []
    for await (const event of turn) events.push(event)
    const messages = await turn.messages()
    const finals = events.flatMap((event) => (event.type === 'message' ? [event.final] : []))
    expect(finals).toHaveLength(allExpected(one).length)
    expect(events.at(-1)?.type).toBe('message')
    // Messages that stream side by side end in another order than they began in.
    expect(new Set(finals)).toEqual(new Set(messages))
    expect(await turn.message()).toBe(messages[0])
    for (const message of messages) expectLiveEqualsFinal(events, message)
  })

  it('I6: hands out exactly the whole calls that are the client’s, once each, and none after a stop that cut', async () => {
    const events = await liveEventsOf(recording, name)
    const { content, stop, outcome } = expected(one)
    const cuts = ['max_tokens', 'context_window', 'content_filter', 'refusal', 'error'].includes(stop.reason)
    const mayRun = outcome.kind === 'complete' && !cuts
    const due = content.filter(
      (block) => block.type === 'tool_call' && block.origin === 'client' && block.state === 'complete',
    )
    expect(events.flatMap((event) => (event.type === 'tool_call' ? [event.call] : []))).toEqual(mayRun ? due : [])
  })

  it('gives a message that is frozen all the way down and survives JSON', async () => {
    const message = await foldRecording(recording, { turn: name })
    expect(JSON.parse(JSON.stringify(message))).toEqual(message)
    const thawed: unknown[] = []
    const look = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return
      if (!Object.isFrozen(value)) thawed.push(value)
      for (const item of Object.values(value)) look(item)
    }
    Object.values(message).forEach(look)
    expect(thawed).toEqual([])
    if (message.dialect !== 'unknown') {
      const revived: AssistantMessage = JSON.parse(JSON.stringify(message))
      expect(toNative(revived)).toEqual(toNative(message))
    }
  })
})

/** The header's own key `equals` names the recording whose message this one must give, anomalies apart. */
const EQUAL = CASES.filter(({ recording }) => recording.header['equals'] !== undefined)

describe.each(titled(EQUAL))('recordings/%s', (_title, { dialect, recording, name }) => {
  it(`I3: gives the message of the recording ${String(recording.header['equals'])}`, async () => {
    const base = caseOf(dialect, String(recording.header['equals']))
    const clean = await foldRecording(base.recording, { turn: name })
    expect(withoutAnomalies(await foldRecording(recording, { turn: name }))).toEqual(withoutAnomalies(clean))
  })
})

const CLEAN = CASES.filter((one) => {
  const { outcome, anomalies } = expected(one)
  return outcome.kind === 'complete' && anomalies.length === 0
})

/** By dialect: an event behind which the stream may end, and the message of a choice is complete. */
const TERMINALS: Readonly<Record<string, RegExp>> = {
  'anthropic-messages': /"stop_reason":"/,
  'openai-chat': /"finish_reason":"[^"]/,
  'openai-responses': /"type":"response\.(completed|incomplete)"/,
  cohere: /"type":"message-end"/,
  'text-generation': /"stop":true|"generated_text":"/,
  'openai-assistants': /^event: thread\.run\.(completed|requires_action|incomplete)$/m,
  'mistral-conversations': /"type":"conversation\.response\.done"/,
  'ai-sdk-ui': /"type":"finish"/,
  gemini: /"(finish|block)Reason":"/,
  'gemini-interactions': /"event_type":"interaction\.completed"/,
}

function eventsIn({ bytes }: Case): readonly string[] {
  return new TextDecoder().decode(bytes).match(/[^]*?(?:\r?\n){2}/g) ?? []
}

/** Where the event stands that is the terminal of the last choice to end. */
function terminalIn(one: Case): number {
  const pattern = TERMINALS[one.dialect] ?? expect.fail(`${one.dialect} has no terminal`)
  const places = eventsIn(one).flatMap((event, at) => (pattern.test(event) ? [at] : []))
  return places[choicesOf(one) - 1] ?? expect.fail(`${one.title} has no terminal`)
}

const encode = (texts: readonly string[]): Uint8Array => new TextEncoder().encode(texts.join(''))
const STREAMS = CLEAN.filter(isStream)

it.each(titled(STREAMS))(
  'recordings/%s I5: is complete only with its terminal: no shorter prefix claims to be',
  async (_, one) => {
    expect(expected(one).outcome).toEqual({ kind: 'complete' })
    const terminal = terminalIn(one)
    for (let length = 0; length <= terminal; length += 1) {
      const cut = await foldPieces(one, [encode(eventsIn(one).slice(0, length))])
      expect(cut.outcome.kind, `after ${length} events`).toBe(length === 0 ? 'failed' : 'truncated')
    }
  },
)

/** A message that begins again is known by its begin event; without one only behind its stop, or not at all (Gemini). */
const isKnownAtBegin = ({ dialect }: Case): boolean =>
  definitionOf(dialect).recognisesReplay === 'at_begin' && dialect !== 'gemini'

it.each(titled(STREAMS.filter(isKnownAtBegin)))(
  'recordings/%s I3: gives the same message when any prefix is sent again from the beginning',
  async (_, one) => {
    const events = eventsIn(one)
    const message = withoutAnomalies(expected(one))
    for (let length = 1; length < events.length; length += 1) {
      const again = encode([...events.slice(0, length), ...events])
      expect(withoutAnomalies(await foldPieces(one, [again])), `after ${length} events`).toEqual(message)
    }
  },
)

/** Arguments that name no call: a tail that begins with them may as well be more of the last call. */
const NAMELESS = /"tool_calls":\[\{"function":\{"arguments"/

// A chat stream has no event that begins a message: only after the finish is it known to come again.
it.each(titled(STREAMS.filter(({ dialect }) => definitionOf(dialect).recognisesReplay === 'after_stop')))(
  'recordings/%s I3: gives the same message when all of it, or any tail, is sent again after the finish',
  async (_, one) => {
    const events = eventsIn(one)
    const message = withoutAnomalies(expected(one))
    const finish = terminalIn(one)
    for (let start = 0; start <= finish; start += 1) {
      if (NAMELESS.test(events[start] ?? '')) continue
      const again = encode([...events.slice(0, finish + 1), ...events.slice(start)])
      expect(withoutAnomalies(await foldPieces(one, [again])), `from event ${start}`).toEqual(message)
    }
  },
)

/** Blocks that only the SDK's beta client knows. */
const BETA = new Set<unknown>(['mcp_tool_use', 'mcp_tool_result', 'compaction', 'fallback'])
const BETA_ONLY: readonly Oracle[] = ['beta']
const BOTH: readonly Oracle[] = ['plain', 'beta']

/** The types of the blocks of a native message. */
function typesIn(native: JsonValue): readonly unknown[] {
  const content = isObject(native) ? native['content'] : []
  return Array.isArray(content) ? content.map((block) => (isObject(block) ? block['type'] : undefined)) : []
}

describe.each(titled(CLEAN.filter((one) => one.dialect === 'anthropic-messages')))('recordings/%s', (_title, one) => {
  it('I7: toNative gives what the official SDK builds', async () => {
    const native = toNative(await foldRecording(one.recording, { turn: one.name }))
    if (!isStream(one)) {
      expect(native).toEqual(JSON.parse(new TextDecoder().decode(one.bytes)))
      return
    }
    const isBeta = typesIn(native).some((type) => BETA.has(type))
    for (const oracle of isBeta ? BETA_ONLY : BOTH) {
      expect({ oracle, message: viaJson(native) }).toEqual({ oracle, ...(await accumulate(one.bytes, oracle)) })
    }
  })
})

const SDKS = { 'openai-chat': accumulateChat, 'openai-responses': accumulateResponses }

describe.each(Object.entries(SDKS))('recordings/%s', (dialect, accumulateOpenAI) => {
  const clean = CLEAN.filter((one) => one.dialect === dialect)

  it.each(titled(clean))(
    'I7: %s: toNative gives what the official SDK builds, or is a listed exception',
    async (_, one) => {
      const messages = await assembleRecording(one.recording, { turn: one.name }).messages()
      const native = viaJson(toNative(messages))
      if (!isStream(one)) {
        expect(native).toEqual(JSON.parse(new TextDecoder().decode(one.bytes)))
        return
      }
      const theirs = await accumulateOpenAI(one.bytes, 'openai 6')
      const found =
        'throws' in theirs ? [`throws: ${theirs.throws.split('\n', 1)[0]}`] : differences(native, theirs.message)
      expect(found).toEqual(SDK_EXCEPTIONS[one.title]?.differences ?? [])
    },
  )

  it('I7: the exceptions are of recordings that are there and clean', () => {
    const listed = Object.keys(SDK_EXCEPTIONS).filter((title) => title.startsWith(`${dialect}/`))
    expect(listed.filter((title) => !clean.some((one) => one.title === title))).toEqual([])
  })
})

/** The response in the last event that has one. */
function lastResponse(one: Case): JsonValue | undefined {
  const payloads: readonly JsonValue[] = eventsIn(one).map((event) =>
    JSON.parse(/^data: (\{.*)$/m.exec(event)?.[1] ?? 'null'),
  )
  const responses = payloads.flatMap((payload) => (isObject(payload) ? [payload['response']] : []))
  return responses.findLast((response) => response !== undefined)
}

/** Where the last event holds another output than the items that were done before it. */
const OTHER_OUTPUT_AT_THE_END: ReadonlySet<string> = new Set(['empty-output-at-the-end'])

describe.each(
  titled(
    CLEAN.filter(
      (one) => one.dialect === 'openai-responses' && isStream(one) && !OTHER_OUTPUT_AT_THE_END.has(one.name),
    ),
  ),
)('recordings/%s', (_title, one) => {
  it('I7: toNative gives the response that the last event holds', async () => {
    const native = toNative(await foldRecording(one.recording, { turn: one.name }))
    expect(viaJson(native)).toEqual(lastResponse(one))
  })
})
