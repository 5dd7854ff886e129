/**
 * What comes after the finish reason of a chat stream: a repeat of what was there, which is dropped, or content that goes on, which is not.
 * Identity and place decide; group 3 of the quirks, one row each.
 */
import { describe, expect, it } from 'vitest'
import type { AnomalyKind } from '../../src/anomaly.ts'
import type { JsonObject } from '../../src/json.ts'
import type { StopReason, Usage } from '../../src/message.ts'
import { expectNothingTakenBack } from '../support/folded.ts'
import { withoutAnomalies } from '../support/operations.ts'
import type { ProviderEvent } from '../support/wire.ts'
import { chatWire } from '../support/wires.ts'
import { call, calls, chunk, DONE, envelope, finish, text } from './openai-chat-chunks.ts'
import { handedOut, kindsOf, run, textOf, type CallRow } from './run.ts'

const ROLE = chunk({ role: 'assistant', content: '' })
const HEAD = [ROLE, text('Hello'), text(' world')]
const ANSWER = [...HEAD, finish('stop')]
const CLEAN = run(chatWire, [...ANSWER, DONE])

describe('a repeat after the finish', () => {
  const rows: readonly { readonly name: string; readonly after: readonly ProviderEvent[] }[] = [
    { name: 'I3: of the tail is dropped at the next finish', after: [text(' world'), finish('stop'), DONE] },
    { name: 'I3: of the tail is dropped at the last event', after: [text(' world'), DONE] },
    {
      name: 'I3: of the tail is dropped if it is cut into other deltas',
      after: [text('o w'), text('orld'), finish('stop'), DONE],
    },
    { name: 'I3: of the whole is dropped', after: [...ANSWER, DONE] },
    { name: 'I3: of the whole is dropped if it comes three times', after: [...ANSWER, ...ANSWER, ...ANSWER, DONE] },
    { name: 'I3: of the whole is dropped if it ends before its finish', after: [...HEAD, DONE] },
    { name: 'I3: of the head is dropped if it says again who speaks', after: [ROLE, text('Hel'), DONE] },
    { name: 'I3: of nothing but who speaks is dropped', after: [ROLE, DONE] },
    { name: 'I3: after the mark is dropped', after: [DONE, ...ANSWER, DONE] },
  ]
  it.each(rows)('$name', ({ after }) => {
    const again = run(chatWire, [...ANSWER, ...after])
    expect(withoutAnomalies(again.message)).toEqual(withoutAnomalies(CLEAN.message))
    expectNothingTakenBack(again.events)
  })

  it('I3: is dropped where the stream is cut in it', () => {
    const { message } = run(chatWire, [...ANSWER, ROLE, text('Hello')])
    expect(textOf(message)).toBe('Hello world')
    expect(message.outcome).toEqual({ kind: 'complete' })
    expect(kindsOf(message)).toContain('repeated_content')
  })

  it('I4: is told', () => {
    const { message } = run(chatWire, [...ANSWER, text(' world'), finish('stop'), DONE])
    expect(new Set(kindsOf(message))).toEqual(new Set(['repeated_content', 'repeated_stop']))
  })

  it('quirk 3.03: counts the tokens that it brings', () => {
    const again = { ...text(' world'), usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 } }
    const { message } = run(chatWire, [...ANSWER, again, finish('stop'), DONE])
    expect(textOf(message)).toBe('Hello world')
    expect(message.usage).toMatchObject({ inputTokens: 5, outputTokens: 2 })
  })

  it('I3: is none before the finish: two equal deltas are two', () => {
    const { message } = run(chatWire, [text('ha'), text('ha'), text('ha'), finish('stop'), DONE])
    expect(textOf(message)).toBe('hahaha')
    expect(kindsOf(message)).toEqual([])
  })
})

describe('content after the finish', () => {
  const rows: readonly { readonly name: string; readonly after: readonly ProviderEvent[]; readonly text: string }[] = [
    {
      name: 'quirk 3.09: that goes on is added at the next finish',
      after: [text(', again'), finish('stop'), DONE],
      text: 'Hello world, again',
    },
    {
      name: 'quirk 3.09: that goes on is added at the last event',
      after: [text(', a'), text('gain'), DONE],
      text: 'Hello world, again',
    },
    { name: 'quirk 3.09: that goes on is added at the end of the input', after: [text('!')], text: 'Hello world!' },
    {
      name: 'quirk 3.09: that is like the beginning is added if nothing says again who speaks',
      after: [text('Hello'), DONE],
      text: 'Hello worldHello',
    },
    {
      name: 'quirk 3.09: that begins like the beginning and goes on otherwise is added',
      after: [ROLE, text('Hello you'), finish('stop'), DONE],
      text: 'Hello worldHello you',
    },
  ]
  it.each(rows)('$name', ({ after, text: whole }) => {
    const { message, events } = run(chatWire, [...ANSWER, ...after])
    expect(textOf(message)).toBe(whole)
    expect(kindsOf(message)).toContain('content_after_stop')
    expect(message.outcome).toEqual({ kind: 'complete' })
    expectNothingTakenBack(events)
  })

  it('quirk 3.09: that follows a call is the real answer', () => {
    const folded = run(chatWire, [
      calls(call(0, 'a', 'f', '{}')),
      finish('tool_calls'),
      text('Done.'),
      finish('stop'),
      DONE,
    ])
    expect(textOf(folded.message)).toBe('Done.')
    expect(handedOut(folded)).toEqual([{ id: 'a', name: 'f', input: {} }])
  })
})

describe('a call after the finish', () => {
  const first = [calls(call(0, 'a', 'f', '{"q":')), calls(call(0, undefined, undefined, '1}')), finish('tool_calls')]
  const A = { id: 'a', name: 'f', input: { q: 1 } }
  const rows: readonly {
    readonly name: string
    readonly after: readonly ProviderEvent[]
    readonly calls: readonly CallRow[]
  }[] = [
    {
      name: 'I2: is handed out beside the first one',
      after: [calls(call(1, 'b', 'g', '{"q":2}')), finish('tool_calls'), DONE],
      calls: [A, { id: 'b', name: 'g', input: { q: 2 } }],
    },
    {
      name: 'I2: is handed out beside the first one if there is no second finish',
      after: [calls(call(1, 'b', 'g', '{"q":2}')), DONE],
      calls: [A, { id: 'b', name: 'g', input: { q: 2 } }],
    },
    {
      name: 'I2: is another one if only its id differs',
      after: [calls(call(1, 'b', 'f', '{"q":1}')), finish('tool_calls'), DONE],
      calls: [A, { ...A, id: 'b' }],
    },
    {
      name: 'I2: is the first one if it is sent again as a whole',
      after: [calls(call(0, 'a', 'f', '{"q":1}')), finish('tool_calls'), DONE],
      calls: [A],
    },
    {
      name: 'I2: is the first one if its deltas are sent again',
      after: [...first, DONE],
      calls: [A],
    },
    {
      name: 'I2: is the first one if only its last delta is sent again',
      after: [calls(call(0, undefined, undefined, '1}')), finish('tool_calls'), DONE],
      calls: [A],
    },
    {
      name: 'I2: is the first one if it is sent again under another index',
      after: [calls(call(1, 'a', 'f', '{"q":1}')), finish('tool_calls'), DONE],
      calls: [A],
    },
  ]
  it.each(rows)('$name', ({ after, calls: expected }) => {
    expect(handedOut(run(chatWire, [...first, ...after]))).toEqual(expected)
  })
})

describe('the finish reason', () => {
  const CALL = calls(call(0, 'a', 'f', '{}'))
  interface Row {
    readonly name: string
    readonly reasons: readonly string[]
    readonly reason: StopReason
    readonly raw: string
    readonly isRun: boolean
    readonly odd: readonly AnomalyKind[]
  }
  const rows: readonly Row[] = [
    {
      name: 'quirk 3.04: counts once if it comes again',
      reasons: ['tool_calls', 'tool_calls', 'tool_calls'],
      reason: 'tool_calls',
      raw: 'tool_calls',
      isRun: true,
      odd: ['repeated_stop'],
    },
    {
      name: 'quirk 3.05: stays that tools are to be run if a neutral one follows',
      reasons: ['tool_calls', 'stop'],
      reason: 'tool_calls',
      raw: 'tool_calls',
      isRun: true,
      odd: ['stop_changed'],
    },
    {
      name: 'quirk 3.05: becomes that tools are to be run after a neutral one',
      reasons: ['stop', 'tool_calls'],
      reason: 'tool_calls',
      raw: 'tool_calls',
      isRun: true,
      odd: ['stop_changed'],
    },
    {
      name: 'quirk 3.05: becomes worse if a worse one follows',
      reasons: ['tool_calls', 'length'],
      reason: 'max_tokens',
      raw: 'length',
      isRun: false,
      odd: ['stop_changed'],
    },
    {
      name: 'quirk 3.05: stays the worse one if a better one follows',
      reasons: ['length', 'tool_calls', 'stop'],
      reason: 'max_tokens',
      raw: 'length',
      isRun: false,
      odd: ['stop_changed'],
    },
    {
      name: 'quirk 3.05: becomes that of a filter after that of the length',
      reasons: ['length', 'content_filter'],
      reason: 'content_filter',
      raw: 'content_filter',
      isRun: false,
      odd: ['stop_changed'],
    },
    {
      name: 'quirk 3.06: may be neutral although a call was streamed',
      reasons: ['stop'],
      reason: 'tool_calls',
      raw: 'stop',
      isRun: true,
      odd: [],
    },
    {
      name: 'quirk 3.08: is none if it is empty, before and after the real one',
      reasons: ['', '', 'tool_calls', ''],
      reason: 'tool_calls',
      raw: 'tool_calls',
      isRun: true,
      odd: [],
    },
  ]
  it.each(rows)('$name', ({ reasons, reason, raw, isRun, odd }) => {
    const folded = run(chatWire, [CALL, ...reasons.map((each) => finish(each)), DONE])
    expect(folded.message).toMatchObject({ outcome: { kind: 'complete' }, stop: { reason, raw } })
    expect(handedOut(folded)).toHaveLength(isRun ? 1 : 0)
    expect([...new Set(kindsOf(folded.message))]).toEqual(odd)
  })

  it('quirk 3.08: is none if it is empty, with every chunk', () => {
    const piece = (content: string) => chunk({ content }, { finish_reason: '' })
    const { message } = run(chatWire, [piece('Hel'), piece('lo'), piece('lo'), finish('stop'), DONE])
    expect(textOf(message)).toBe('Hellolo')
    expect(kindsOf(message)).toEqual([])
  })

  it('quirk 3.08: is not known if it is only ever empty', () => {
    const { message } = run(chatWire, [chunk({ content: 'Hel' }, { finish_reason: '' })])
    expect(message).toMatchObject({ outcome: { kind: 'truncated', by: 'eof' }, stop: { reason: 'unknown', raw: null } })
  })
})

describe('usage after the finish', () => {
  const usage = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 }
  const counted: Usage = { inputTokens: 5, outputTokens: 2 }
  const rows: readonly { readonly name: string; readonly after: readonly ProviderEvent[] }[] = [
    { name: 'quirk 3.03: comes in a chunk with no choices', after: [envelope({ choices: [], usage })] },
    { name: 'quirk 3.01: comes in a chunk without the key for choices', after: [envelope({ usage })] },
    { name: 'quirk 3.01: comes in a chunk with an empty choice', after: [envelope({ choices: [{}], usage })] },
    { name: 'quirk 3.04: comes with the finish that is repeated', after: [finish('stop', { usage })] },
    { name: 'quirk 3.03: comes in the choice', after: [chunk({}, { usage })] },
    { name: 'quirk 3.03: comes under the name of a vendor', after: [envelope({ choices: [], x_groq: { usage } })] },
    {
      name: 'quirk 3.03: comes twice, and null does not erase it',
      after: [
        envelope({ choices: [], usage }),
        envelope({ choices: [], usage }),
        envelope({ choices: [], usage: null }),
      ],
    },
  ]
  it.each(rows)('$name', ({ after }) => {
    const { message } = run(chatWire, [...ANSWER, ...after, DONE])
    expect(message).toMatchObject({ outcome: { kind: 'complete' }, usage: counted, rawUsage: usage })
    expect(textOf(message)).toBe('Hello world')
  })
})

describe('the end of a chat stream', () => {
  const CALL = calls(call(0, 'a', 'f', '{"q":1}'))
  interface Row {
    readonly name: string
    readonly events: readonly ProviderEvent[]
    readonly outcome: object
    readonly stop: StopReason
    readonly isRun: boolean
    readonly odd: readonly AnomalyKind[]
  }
  const complete = { kind: 'complete' }
  const rows: readonly Row[] = [
    {
      name: 'quirk 3.31: is complete with a finish and the mark',
      events: [CALL, finish('tool_calls'), DONE],
      outcome: complete,
      stop: 'tool_calls',
      isRun: true,
      odd: [],
    },
    {
      name: 'quirk 3.31: is complete with a finish and no mark, which is noted',
      events: [CALL, finish('tool_calls')],
      outcome: complete,
      stop: 'tool_calls',
      isRun: true,
      odd: ['missing_terminal'],
    },
    {
      name: 'quirk 3.31: is the first mark, of two',
      events: [CALL, finish('tool_calls'), DONE, DONE],
      outcome: complete,
      stop: 'tool_calls',
      isRun: true,
      odd: ['late_event'],
    },
    {
      name: 'quirk 3.31: is complete with the mark and no finish: the protocol has said that it is over',
      events: [text('Wait.'), CALL, DONE],
      outcome: complete,
      stop: 'tool_calls',
      isRun: true,
      odd: ['missing_stop'],
    },
    {
      name: 'quirk 3.31: is a cut with neither of them',
      events: [text('Wait.'), CALL],
      outcome: { kind: 'truncated', by: 'eof' },
      stop: 'unknown',
      isRun: false,
      odd: [],
    },
    {
      name: 'quirk 3.31: is a cut if only tokens are counted',
      events: [text('Wait.'), CALL, envelope({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 1 } })],
      outcome: { kind: 'truncated', by: 'eof' },
      stop: 'unknown',
      isRun: false,
      odd: [],
    },
    {
      name: 'quirk 3.02: is a failure if a chunk without choices has an error',
      events: [text('Wait.'), CALL, envelope({ choices: [], error: { code: 502, message: 'bad gateway' } }), DONE],
      outcome: { kind: 'failed', error: { message: 'bad gateway', status: 502, retryable: true } },
      stop: 'unknown',
      isRun: false,
      odd: ['late_event'],
    },
  ]
  it.each(rows)('$name', ({ events, outcome, stop, isRun, odd }) => {
    const folded = run(chatWire, events)
    expect(folded.message.outcome).toMatchObject(outcome)
    expect(folded.message.stop.reason).toBe(stop)
    expect(handedOut(folded)).toHaveLength(isRun ? 1 : 0)
    expect([...new Set([...kindsOf(folded.message), ...folded.anomalies.map(({ kind }) => kind)])]).toEqual(odd)
  })

  it('quirk 3.31: with the mark and no finish keeps what came', () => {
    expect(textOf(run(chatWire, [text('Hel'), text('lo'), DONE]).message)).toBe('Hello')
  })
})

describe('a call without an id that comes again after the finish', () => {
  const whole = (id: string | null, name: string, written: string): JsonObject =>
    chunk({ tool_calls: [{ id, type: 'function', function: { name, arguments: written } }] }, { finish_reason: 'stop' })
  const callsOf = (events: readonly ProviderEvent[]): string[] =>
    handedOut(run(chatWire, events)).map(({ name, input }) => `${name} ${JSON.stringify(input)}`)

  it.each([
    ['an empty id', ''],
    ['no id', null],
  ])('I2: in the chunk with the finish, under %s, is one call', (_, id) => {
    const one = whole(id, 'f', '{"a":1}')
    expect(callsOf([one, one, DONE])).toEqual(['f {"a":1}'])
    expect(callsOf([one, one, one, DONE])).toEqual(['f {"a":1}'])
  })

  it('I4: is another call if its name or arguments differ', () => {
    expect(callsOf([whole('', 'f', '{"a":1}'), whole('', 'f', '{"a":2}'), DONE])).toEqual(['f {"a":1}', 'f {"a":2}'])
    expect(callsOf([whole('', 'f', '{"a":1}'), whole('', 'g', '{"a":1}'), DONE])).toEqual(['f {"a":1}', 'g {"a":1}'])
  })

  it('I2: in several pieces under known indexes is one call', () => {
    const pieces = [0, 1].flatMap((index) => [
      calls(call(index, undefined, 'f', '')),
      calls(call(index, undefined, undefined, `{"n":${index}`)),
      calls(call(index, undefined, undefined, '}')),
    ])
    const sent = [ROLE, ...pieces, finish('tool_calls')]
    expect(callsOf([...sent, ...sent, DONE])).toEqual(['f {"n":0}', 'f {"n":1}'])
    expect(callsOf([...sent, ...pieces.slice(3), finish('tool_calls'), DONE])).toEqual(['f {"n":0}', 'f {"n":1}'])
  })
})

it('I3: a tail of nothing but a growing list is dropped; one that goes on is not', () => {
  const detail = (said: string): JsonObject => chunk({ reasoning_details: [{ type: 'reasoning.text', text: said }] })
  const sent = [ROLE, detail('a'), detail('b'), text('Hello'), finish('stop')]
  const clean = run(chatWire, [...sent, DONE])
  const again = run(chatWire, [...sent, detail('b'), finish('stop'), DONE])
  expect(again.message.wire).toEqual(clean.message.wire)
  const onward = run(chatWire, [...sent, detail('c'), finish('stop'), DONE])
  expect(JSON.stringify(onward.message.wire)).toContain('"c"')
})
