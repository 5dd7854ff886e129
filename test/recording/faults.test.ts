/** The plans themselves: pure, the same for the same seed, doing what they say, and refusing what does not fit. */
import { describe, expect, it } from 'vitest'
import { readFileSync } from 'node:fs'
import { MisuseError } from '../../src/errors.ts'
import { breakRecording, FAULT_PLANS, faultPlan, placesOf, plansFor } from '../../src/faults.ts'
import type { FaultPlan } from '../../src/recording/faults/plan.ts'
import { placesIn } from '../../src/recording/faults/plan.ts'
import { streamOf } from '../../src/recording/faults/stream.ts'
import { formatRecording, parseRecording, recordingOfBody, type Recording } from '../../src/recording/format.ts'
import { findRecordings } from '../../src/node/recording-files.ts'

function recorded(name: string): Recording {
  return parseRecording(readFileSync(`recordings/${name}.recording`, 'utf8'))
}

function textOf({ chunks }: Recording): string {
  return new TextDecoder().decode(Uint8Array.from(chunks.flatMap(({ bytes }) => [...bytes])))
}

/** The data of each event, or its first line. */
function eventsOf(recording: Recording): readonly string[] {
  return (streamOf(recording)?.events ?? []).map(({ data, bytes }) => data ?? new TextDecoder().decode(bytes))
}

function broken(
  recording: Recording,
  ...faults: readonly (readonly [name: string, place?: number | undefined, seed?: number])[]
): Recording {
  return faults.reduce(
    (one, [name, place, seed = 0]) =>
      breakRecording(one, faultPlan(name), { seed, ...(place === undefined ? {} : { place }) }),
    recording,
  )
}

function codeOf(run: () => unknown): string {
  try {
    run()
    return 'nothing was thrown'
  } catch (error) {
    return error instanceof MisuseError ? `${error.code}: ${error.message}` : String(error)
  }
}

const anthropic = recorded('anthropic-messages/one-tool')
const chat = recorded('openai-chat/one-tool')
const responses = recorded('openai-responses/refusal')

const STREAMS = (await findRecordings('recordings')).flatMap((file) => {
  const stream = streamOf(parseRecording(readFileSync(file, 'utf8'), { name: file }))
  if (stream === undefined) return []
  const fitting = FAULT_PLANS.flatMap((plan) => {
    const places = placesIn(stream, plan)
    const [first] = places
    return first === undefined ? [] : [{ plan, places, first }]
  })
  return [{ file, stream, fitting }]
})

/** Not one of those that make a stream two hundred times as long. */
function isQuick({ plan }: { readonly plan: FaultPlan }): boolean {
  return !plan.name.endsWith('-flood')
}

describe('a plan', () => {
  it('has a name of its own in kebab-case, and says in one sentence what it does', () => {
    const names = FAULT_PLANS.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    for (const { name, about } of FAULT_PLANS) {
      expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
      expect(about, name).toMatch(/^\S.{10,}[^.]$/)
    }
  })

  it('fits at least one recording in each dialect for which it declares an effect', () => {
    const missing = FAULT_PLANS.flatMap((plan) =>
      Object.keys(plan.effects)
        .filter(
          (dialect) =>
            !STREAMS.some(
              ({ stream, fitting }) => stream.dialect === dialect && fitting.some((one) => one.plan === plan),
            ),
        )
        .map((dialect) => `${plan.name} in ${dialect}`),
    )
    expect(missing).toEqual([])
  })

  it('gives its places in ascending order, once each, and never one outside the stream', () => {
    for (const { file, stream, fitting } of STREAMS) {
      const end = { event: stream.events.length, byte: stream.bytes().length, stream: 0 }
      for (const { plan, places } of fitting) {
        const isSorted = places.every((place, index) => place > (places[index - 1] ?? -1) && place <= end[plan.at])
        expect(isSorted, `${plan.name} on ${file}`).toBe(true)
      }
    }
  })

  it('changes the stream, unless there is nothing to change', () => {
    const idle = new Set<string>()
    for (const { stream, fitting } of STREAMS) {
      const before = formatted(stream)
      for (const { plan, first } of fitting.filter(isQuick)) {
        if (formatted(plan.apply(stream, first, 0)) === before) idle.add(plan.name)
      }
    }
    // Streams without names of events have none to lose, and one event is one chunk.
    expect([...idle].toSorted()).toEqual(['data-only', 'one-chunk'])
  })

  it('calls itself undecidable only where a protocol has nothing by which to tell', () => {
    const undecidable = FAULT_PLANS.flatMap(({ name, effects }) =>
      Object.entries(effects).flatMap(([dialect, effect]) =>
        effect === 'undecidable' ? [`${name} in ${dialect}`] : [],
      ),
    )
    expect(undecidable).toEqual([
      'repeat-unplaced in openai-responses',
      'repeat-delta in anthropic-messages',
      'repeat-delta in openai-chat',
      'repeat-delta in openai-responses',
      'replay-prefix-unmarked in openai-chat',
      'begin-and-open-again in anthropic-messages',
    ])
  })

  function formatted(stream: NonNullable<ReturnType<typeof streamOf>>): string {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
    const chunks = stream.chunks().map(({ ms, bytes }) => [ms, decoder.decode(bytes)])
    return JSON.stringify([chunks, stream.ending, stream.endMs])
  }
})

describe('a stream that nothing breaks', () => {
  it('has the bytes and the end of its recording, one chunk for each event, each at the time of its last byte', () => {
    for (const name of [
      'anthropic-messages/one-tool',
      'openai-chat/parallel-tools',
      'anthropic-messages/cut-connection',
    ]) {
      const recording = recorded(name)
      const stream = streamOf(recording)
      expect(textOf({ ...recording, chunks: stream?.chunks() ?? [] })).toBe(textOf(recording))
      expect(stream?.ending).toBe(recording.ending)
      expect(stream?.chunks()).toHaveLength(stream?.events.length ?? -1)
    }
    expect(streamOf(anthropic)?.events.map(({ ms }) => ms)).toEqual(anthropic.chunks.map(({ ms }) => ms))
  })

  it.each([
    ['LF', 'data: {"choices":[]}\n\ndata: [DONE]\n\n'],
    ['CRLF', 'data: {"choices":[]}\r\n\r\ndata: [DONE]\r\n\r\n'],
    ['CR', 'data: {"choices":[]}\r\rdata: [DONE]\r\r'],
    ['a byte order mark', '\uFEFFdata: {"choices":[]}\n\ndata: [DONE]\n\n'],
    ['blank lines around', '\n\ndata: {"choices":[]}\n\n\n\ndata: [DONE]\n\n'],
    ['no blank line at the end', 'data: {"choices":[]}\n\ndata: [DONE]'],
    ['data over two lines', 'data: {"choices":\ndata: []}\n\ndata: [DONE]\n\n'],
  ])('is split at its blank lines: %s', (_, body) => {
    const bytes = new TextEncoder().encode(body)
    const stream = streamOf(recordingOfBody(bytes))
    expect(stream?.events.map(({ payload }) => payload).filter((payload) => payload !== undefined)).toEqual([
      { choices: [] },
      '[DONE]',
    ])
    expect(stream?.bytes()).toEqual(bytes)
  })

  it.each(['{"type":"message","content":[]}', '{"choices":[]}\n{"choices":[]}\n', '<html></html>', ''])(
    'is none if the body is %j',
    (body) => {
      expect(streamOf(recordingOfBody(new TextEncoder().encode(body)))).toBeUndefined()
    },
  )
})

describe('a broken recording', () => {
  it('leaves the recording that it comes from as it was', () => {
    const before = formatRecording(responses)
    for (const plan of plansFor(responses)) breakRecording(responses, plan, { seed: 3 })
    expect(formatRecording(responses)).toBe(before)
  })

  it('is the same for the same place and seed', () => {
    for (const plan of plansFor(anthropic)) {
      const [first, second] = [5, 5].map((seed) => formatRecording(breakRecording(anthropic, plan, { seed })))
      expect(first, plan.name).toBe(second)
    }
  })

  it('is sound, and says what was done to it', () => {
    const twice = broken(anthropic, ['repeat-stop', 35], ['cut-reset', 20, 7])
    expect(twice.header.provenance).toMatchObject({ kind: 'derived', from: anthropic.header.provenance.from })
    expect(twice.header.provenance.note).toMatch(
      /^broken by cut-reset at 20, seed 7; before that derived: broken by repeat-stop at 35, seed 0; before that captured: /,
    )
    expect(parseRecording(formatRecording(twice)).problems).toEqual([])
    expect(twice.problems).toEqual([])
  })

  it('has times that never run backwards', () => {
    for (const { stream, fitting } of STREAMS) {
      if (!isAscending(stream.chunks())) continue
      for (const { plan, first } of fitting.filter(isQuick)) {
        expect(isAscending(plan.apply(stream, first, 1).chunks()), plan.name).toBe(true)
      }
    }
  })

  function isAscending(chunks: readonly { readonly ms: number }[]): boolean {
    return chunks.every(({ ms }, index) => ms >= (chunks[index - 1]?.ms ?? 0))
  }

  it('is broken at the first place if none is named', () => {
    expect(textOf(broken(anthropic, ['missing-close']))).toBe(textOf(broken(anthropic, ['missing-close', 8])))
  })

  it('is what the next plan sees', () => {
    expect(placesOf(broken(anthropic, ['cut-eof', 3]), faultPlan('cut-eof'))).toEqual([0, 1, 2])
    expect(placesOf(broken(anthropic, ['missing-terminal-eof']), faultPlan('repeat-terminal'))).toEqual([])
    expect(placesOf(broken(responses, ['no-numbers']), faultPlan('repeat-numbered'))).toEqual([])
    expect(placesOf(broken(chat, ['no-call-index']), faultPlan('call-index-gaps'))).toEqual([])
    const last = textOf(broken(anthropic, ['no-last-blank-line'])).slice(-20)
    expect(last.endsWith('\n\n')).toBe(false)
    expect(placesOf(broken(anthropic, ['no-last-blank-line']), faultPlan('replay-after-end'))).toEqual([])
  })
})

describe('misuse', () => {
  it('an unknown name is refused with the names that there are', () => {
    expect(codeOf(() => faultPlan('nonsense'))).toMatch(
      /^bad_argument: "nonsense" is no fault; the nearest of \d+ is [a-z-]+, and .*--fault list/,
    )
  })

  it.each<[(...args: never[]) => unknown, readonly unknown[], string]>([
    [breakRecording, [{}, faultPlan('cr')], 'takes a recording, as readRecording'],
    [breakRecording, [undefined, faultPlan('cr')], 'takes a recording, as readRecording'],
    [breakRecording, [chat, 'cr'], 'got the text "cr"; faultPlan("cr") gives a plan'],
    [breakRecording, [chat], 'takes a plan of FAULT_PLANS, and got undefined'],
    [breakRecording, [chat, faultPlan('cr'), { palce: 3 }], 'and got "palce"'],
    [breakRecording, [chat, faultPlan('cr'), null], 'takes the options place and seed, and got null'],
    [plansFor, ['a path'], 'takes a recording, as readRecording'],
    [placesOf, [chat, 3], 'takes a plan of FAULT_PLANS, and got 3'],
  ])('%o refuses what it cannot break, and says what it takes: %#', (refuse, args, reason) => {
    expect(codeOf(() => Reflect.apply(refuse, undefined, args))).toMatch(/^bad_argument: /)
    expect(codeOf(() => Reflect.apply(refuse, undefined, args))).toContain(reason)
  })

  it('a plan that does not fit is refused with those that do', () => {
    expect(codeOf(() => breakRecording(chat, faultPlan('missing-close')))).toMatch(
      /^bad_argument: missing-close does not fit this stream; these do: crlf, .*no-call-index/,
    )
  })

  it('a place that does not fit is refused with those that do', () => {
    expect(codeOf(() => breakRecording(anthropic, faultPlan('missing-close'), { place: 9 }))).toBe(
      'bad_argument: missing-close cannot strike at 9; it can at 8, 34 (events)',
    )
    expect(codeOf(() => breakRecording(anthropic, faultPlan('cut-eof'), { place: -1 }))).toMatch(
      /it can at 0–34 \(events\)$/,
    )
  })

  it('a seed that is no whole number is refused', () => {
    expect(codeOf(() => breakRecording(anthropic, faultPlan('cr'), { seed: 0.5 }))).toMatch(
      /^bad_argument: the seed 0\.5/,
    )
  })

  it('what is no event stream is refused', () => {
    const whole = recorded('openai-chat/whole-json-answer')
    expect(codeOf(() => breakRecording(whole, faultPlan('cr')))).toMatch(/^bad_argument: .*no event stream/)
    expect(codeOf(() => breakRecording(recorded('anthropic-messages/overloaded-529'), faultPlan('cr')))).toMatch(
      /^bad_argument/,
    )
    expect(plansFor(whole)).toEqual([])
  })
})

describe('what the plans do', () => {
  const events = eventsOf(anthropic)

  it('cuts keep what comes before them, and say how the body ended', () => {
    for (const ending of ['eof', 'reset'] as const) {
      const cut = broken(anthropic, [`cut-${ending}`, 20])
      expect(eventsOf(cut)).toEqual(events.slice(0, 20))
      expect(cut.ending).toBe(ending)
      expect(cut.endMs).toBe(cut.chunks.at(-1)?.ms)
    }
    expect(broken(anthropic, ['abort', 4])).toMatchObject({ ending: 'abort', chunks: { length: 4 } })
    expect(broken(anthropic, ['cut-eof', 0]).chunks).toEqual([])
    expect(textOf(broken(anthropic, ['cut-byte-eof', 1000]))).toBe(textOf(anthropic).slice(0, 1000))
  })

  it('only the blank line is missing, or by an odd seed the end of the line too', () => {
    const before = (seed: number): string => textOf(broken(anthropic, ['cut-before-blank-line', 3, seed]))
    expect(before(0).endsWith('}\n')).toBe(true)
    expect(before(1).endsWith('}')).toBe(true)
    expect(eventsOf(broken(anthropic, ['cut-before-blank-line', 3]))).toEqual(events.slice(0, 3))
    expect(textOf(broken(anthropic, ['crlf'], ['no-last-blank-line'])).endsWith('}\r\n')).toBe(true)
  })

  it.each([
    [0, 2],
    [1, 3],
    [2, 4],
    [3, 5],
    [4, 2],
    [-1, 3],
  ])('by the seed %i an event comes %i times', (seed, times) => {
    const stops = eventsOf(broken(anthropic, ['repeat-terminal', undefined, seed]))
    expect(stops.filter((data) => data === '{"type":"message_stop"}')).toHaveLength(times)
  })

  it('pings stand between repeated terminals', () => {
    const after = eventsOf(broken(anthropic, ['repeat-terminal-with-pings'])).slice(events.length - 1)
    expect(after.map((data) => JSON.parse(data).type)).toEqual([
      'message_stop',
      ...Array.from({ length: 4 }, () => ['ping', 'message_stop']).flat(),
    ])
  })

  it('replays send the whole, a prefix and the whole, or a tail once more', () => {
    expect(eventsOf(broken(anthropic, ['replay-after-end']))).toEqual([...events, ...events])
    expect(eventsOf(broken(anthropic, ['replay-prefix', 5]))).toEqual([...events.slice(0, 5), ...events])
    expect(eventsOf(broken(anthropic, ['replay-tail-after-end', 30]))).toEqual([...events, ...events.slice(29)])
    expect(eventsOf(broken(anthropic, ['begin-again', 9]))).toEqual(events.toSpliced(9, 0, events[0] ?? ''))
    const numbered = eventsOf(responses)
    expect(eventsOf(broken(responses, ['resume-with-overlap', 6]))).toEqual(
      numbered.toSpliced(6, 0, ...numbered.slice(3, 6)),
    )
    const ids = eventsOf(broken(anthropic, ['replay-after-end-new-id'])).filter((data) =>
      data.includes('message_start'),
    )
    expect(ids.map((data) => JSON.parse(data).message.id)).toEqual(['msg_vVowmumeXH7108Jt', 'another-id'])
  })

  it('a stall is a minute', () => {
    const stalled = broken(anthropic, ['stall', 10])
    expect(stalled.chunks[9]?.ms).toBe(anthropic.chunks[9]?.ms)
    expect(stalled.chunks[10]?.ms).toBe((anthropic.chunks[10]?.ms ?? 0) + 60_000)
    expect(stalled.endMs).toBe((anthropic.endMs ?? 0) + 60_000)
  })

  it('chunks are cut as the plan says, at the times of their last bytes', () => {
    expect(broken(anthropic, ['one-chunk']).chunks).toHaveLength(1)
    expect(broken(anthropic, ['one-byte-chunks']).chunks).toHaveLength(textOf(anthropic).length)
    const [first, second] = broken(anthropic, ['split-in-two', 100]).chunks
    expect([first?.bytes.length, first?.ms, second?.ms]).toEqual([100, 169.3, anthropic.chunks.at(-1)?.ms])
    const cut = broken(anthropic, ['crlf-cut'])
    expect(cut.chunks.slice(0, -1).every(({ bytes }) => bytes.at(-1) === 13)).toBe(true)
    expect(cut.chunks.slice(1).every(({ bytes }) => bytes[0] === 10)).toBe(true)
  })

  it('lines are written otherwise, and say the same', () => {
    for (const [name, line] of [
      ['crlf', /\r\n\r\n/],
      ['cr', /\r\r/],
      ['bom', /^\uFEFF/],
      ['no-space', /\ndata:\{/],
      ['comments-and-fields', /^: keep-alive\n\nid: 0\nretry: 3000\nevent: /],
      ['data-only', /^data: \{"type":"message_start"/],
    ] as const) {
      const one = broken(anthropic, [name])
      expect(
        new TextDecoder('utf-8', { ignoreBOM: true }).decode(
          Uint8Array.from(one.chunks.flatMap(({ bytes }) => [...bytes])),
        ),
      ).toMatch(line)
      expect(eventsOf(one).filter((data) => !data.startsWith(':'))).toEqual(events)
    }
    expect(textOf(broken(anthropic, ['data-only']))).not.toContain('event:')
    expect(textOf(broken(anthropic, ['names-only']))).not.toContain('"type":"content_block_delta"')
    expect(textOf(broken(anthropic, ['comment-flood'])).match(/^: keep-alive$/gm)).toHaveLength(200 * events.length)
  })

  it('numbers are left out, all the same, falling, sparse, swapped, or one is far too large', () => {
    const numbersOf = (recording: Recording): readonly unknown[] =>
      eventsOf(recording).map((data) => JSON.parse(data).sequence_number)
    const count = eventsOf(responses).length
    const numbers = Array.from({ length: count }, (_, index) => index)
    expect(numbersOf(responses)).toEqual(numbers)
    expect(numbersOf(broken(responses, ['no-numbers']))).toEqual(numbers.map(() => undefined))
    expect(new Set(numbersOf(broken(responses, ['constant-numbers']))).size).toBe(1)
    expect(numbersOf(broken(responses, ['falling-numbers']))).toEqual(numbers.map((number) => 100_000 - number))
    expect(numbersOf(broken(responses, ['sparse-numbers']))).toEqual(numbers.map((number) => number * 10))
    expect(numbersOf(broken(responses, ['swap-numbered', 5]))).toEqual([0, 1, 2, 3, 5, 4, ...numbers.slice(6)])
    expect(numbersOf(broken(responses, ['stray-number', 5]))[4]).toBeGreaterThan(count + 100)
    expect(numbersOf(broken(responses, ['drop-numbered', 5]))).toEqual(numbers.toSpliced(4, 1))
  })

  it('calls of a chat stream lose their index, repeat their ids, come whole, or with an object for arguments', () => {
    const piecesOf = (name: string): readonly Record<string, unknown>[] =>
      eventsOf(broken(chat, [name])).flatMap((data) =>
        data === '[DONE]' ? [] : (JSON.parse(data).choices[0]?.delta?.tool_calls ?? []),
      )
    expect(piecesOf('no-call-index').every((piece) => !('index' in piece))).toBe(true)
    expect(piecesOf('call-id-repeated').every(({ id }) => typeof id === 'string' && id !== '')).toBe(true)
    expect(new Set(piecesOf('call-id-changes').map(({ id }) => id)).size).toBe(piecesOf('call-id-changes').length)
    expect(
      piecesOf('later-call-ids-null')
        .slice(1)
        .every(({ id, type }) => id === null && type === null),
    ).toBe(true)
    expect(piecesOf('whole-call-in-one-chunk')).toHaveLength(1)
    expect(piecesOf('arguments-as-object')).toMatchObject([{ function: { arguments: { city: expect.any(String) } } }])
    expect(piecesOf('call-index-from-1').every(({ index }) => index === 1)).toBe(true)
  })

  it('every plan that inserts something leaves all else as it was', () => {
    const inserting: readonly FaultPlan[] = plansFor(anthropic).filter(({ name }) =>
      /^(error-event|unknown-event|unknown-delta|malformed)/.test(name),
    )
    expect(inserting.length).toBeGreaterThan(3)
    for (const plan of inserting) {
      for (const place of placesOf(anthropic, plan)) {
        expect(eventsOf(breakRecording(anthropic, plan, { place })).toSpliced(place, 1), plan.name).toEqual(events)
      }
    }
  })
})
