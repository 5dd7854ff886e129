import { expect, it } from 'vitest'
import { createAssembler, type Dialect, type TurnEvent } from '../../src/index.ts'
import type { Ending } from '../../src/assembler/state.ts'
import { isObject } from '../../src/json.ts'
import { corpusStreams, describeShared, type CorpusStream } from '../support/corpus.ts'

/** Streams up to this length are broken at every event, longer ones at so many that are spread evenly. */
const EVERY_EVENT = 60
const SAMPLE = 20

interface Sent {
  readonly file: string
  readonly dialect: Dialect
  /** The payloads in order; `[DONE]` is one. */
  readonly events: readonly unknown[]
  /** How many events came when the wire said why the model stopped, or ended. */
  readonly stopped: number
}

interface HandedOut {
  readonly key: string
  /** The name and the input. */
  readonly call: string
}

describeShared('corpus', 'a tool call in the streams of the three dialects', () => {
  const sent = corpusStreams(({ framing }) => framing === 'sse').flatMap(read)
  const clean = new Map(sent.map(({ file, dialect, events }) => [file, handOut(dialect, events)]))

  it('I2: is handed out once in each of the 1071 as they were sent', () => {
    const count = (dialect: Dialect) => sent.filter((one) => one.dialect === dialect).length
    expect([count('openai-chat'), count('openai-responses'), count('anthropic-messages')]).toEqual([617, 211, 243])
    for (const [file, calls] of clean) expect(new Set(calls.map(({ key }) => key)).size, file).toBe(calls.length)
    expect([...clean.values()].flat()).toHaveLength(484)
  })

  it('I2: is handed out twice with one input only where the wire has it twice', () => {
    const twice = [...clean].filter(([, calls]) => new Set(calls.map(({ call }) => call)).size < calls.length)
    // The model asks for two names, with a tool that takes no input.
    expect(twice.map(([file]) => file)).toEqual([
      'anthropic-messages/simonw-llm-anthropic__test-anthropic-test-tools__1.sse',
    ])
  })

  it('I6: is never handed out from one of the 16287 heads that end before a stop reason and a terminal', () => {
    let tried = 0
    for (const { file, dialect, events, stopped } of sent) {
      for (const at of placesIn(stopped)) {
        tried += 1
        const kind = tried % 2 === 0 ? 'complete' : 'truncated'
        const calls = handOut(dialect, events.slice(0, at), { kind })
        if (calls.length > 0) expect(calls, `${file}, cut after ${at} events`).toEqual([])
      }
    }
    expect(tried).toBe(16_287)
  })

  it('I2: is never handed out once more by one of the 18373 events that come twice', () => {
    let tried = 0
    for (const { file, dialect, events } of sent) {
      const expected = clean.get(file) ?? []
      for (const at of placesIn(events.length)) {
        tried += 1
        const calls = handOut(dialect, [...events.slice(0, at + 1), ...events.slice(at)])
        if (!isWithin(calls, expected)) expect(calls, `${file}, event ${at} twice`).toEqual(expected)
      }
    }
    expect(tried).toBe(18_373)
  })
})

function read(stream: CorpusStream): Sent[] {
  const dialect = dialectOf(stream.dialect)
  if (dialect === undefined) return []
  const events = new TextDecoder()
    .decode(stream.read())
    .split(/\r?\n/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => parse(line.slice(5).trim()))
  const stop = events.findIndex(isStop)
  return [{ file: stream.file, dialect, events, stopped: stop === -1 ? events.length : stop }]
}

function dialectOf(name: string): Dialect | undefined {
  if (name === 'openai-responses' || name === 'anthropic-messages') return name
  return name === 'openai-chat' || name.startsWith('openai-compatible/') ? 'openai-chat' : undefined
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return data
  }
}

/** Whether an event says why the model stopped, or is the last of its protocol. */
function isStop(event: unknown): boolean {
  if (!isObject(event)) return event === '[DONE]'
  const { type, delta, message, choices } = event
  if (Array.isArray(choices)) return choices.some((choice) => isObject(choice) && Boolean(choice['finish_reason']))
  if (typeof type === 'string' && /^(message_stop|response\.(completed|incomplete|failed|cancelled))$/.test(type))
    return true
  return [delta, message].some((inner) => isObject(inner) && Boolean(inner['stop_reason']))
}

function placesIn(length: number): number[] {
  const count = length <= EVERY_EVENT ? length : SAMPLE
  return Array.from({ length: count }, (_, nth) => Math.floor((nth * length) / count))
}

function handOut(dialect: Dialect, events: readonly unknown[], ending: Ending = { kind: 'complete' }): HandedOut[] {
  const assembler = createAssembler({ dialect })
  const given: TurnEvent[] = []
  for (const event of events) given.push(...assembler.receive(event))
  given.push(...assembler.end(ending))
  return given.flatMap((event) =>
    event.type === 'tool_call'
      ? [{ key: event.call.key, call: `${event.call.name} ${JSON.stringify(event.call.input)}` }]
      : [],
  )
}

/** Whether there are no more calls than expected, none twice by its key, and none more often than expected by its name and input. */
function isWithin(calls: readonly HandedOut[], expected: readonly HandedOut[]): boolean {
  if (calls.length > expected.length || new Set(calls.map(({ key }) => key)).size < calls.length) return false
  const times = (all: readonly HandedOut[], one: string) => all.filter(({ call }) => call === one).length
  return calls.every(({ call }) => times(calls, call) <= Math.max(1, times(expected, call)))
}
