/** What proxies and imitators of Anthropic's wire do, row by row. */
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import { toNative } from '../../src/to-native.ts'
import { countOf } from '../support/folded.ts'
import { anthropicWire } from '../support/wires.ts'
import {
  called,
  close,
  delta,
  END,
  inputDelta,
  open,
  said,
  signatureDelta,
  start,
  START,
  stop,
  textDelta,
  thinkingDelta,
  thought,
} from './anthropic-events.ts'
import { callRows, handedOut, kindsOf, run, textOf } from './run.ts'

const fold = (...events: readonly JsonObject[]) => run(anthropicWire, events)
const nativeOf = (...events: readonly JsonObject[]) => toNative(fold(...events).message)
const CALL = { id: 'toolu_0', name: 'f', input: { a: 1 } }
const CALLED = [START, ...called(0, ['{"a"', ':1}'])]
const DONE = [stop('end_turn'), END]

describe('a repeat', () => {
  it('quirk 2.01: of content_block_stop closes the block once, and its call runs once', () => {
    const folded = fold(...CALLED, close(0), stop('tool_use'), close(0), END)
    expect(handedOut(folded)).toEqual([CALL])
    expect(countOf(folded.events, 'block_stop')).toBe(1)
    expect(new Set(kindsOf(folded.message))).toEqual(new Set(['repeated_close']))
  })

  it('quirk 2.02: of message_stop gives no second message', () => {
    const folded = fold(...CALLED, stop('tool_use'), END, END, END)
    expect([folded.messages.length, countOf(folded.events, 'message')]).toEqual([1, 1])
    expect(handedOut(folded)).toEqual([CALL])
    expect(folded.anomalies).toEqual([{ kind: 'late_event', count: 2 }])
  })

  it('quirk 2.02: a message_stop and nothing else is no answer', () => {
    const { message } = fold(END)
    expect(message).toMatchObject({ outcome: { kind: 'failed' }, content: [] })
  })

  it('quirk 2.03: of message_start in mid-stream merges what it says, and moves nothing', () => {
    const again = start({ service_tier: 'standard' })
    const folded = fold(
      START,
      open(0, { type: 'text', text: '' }),
      textDelta(0, 'Hel'),
      again,
      textDelta(0, 'lo'),
      close(0),
      ...DONE,
    )
    expect(textOf(folded.message)).toBe('Hello')
    expect(folded.message.wire).toMatchObject({ service_tier: 'standard' })
    expect([countOf(folded.events, 'reset'), kindsOf(folded.message)]).toEqual([0, ['repeated_begin']])
  })

  it('quirk 2.03: of message_start and of all that followed is the same message', () => {
    const folded = fold(...CALLED, ...CALLED, stop('tool_use'), END)
    expect(callRows(folded.message)).toEqual([CALL])
    expect(handedOut(folded)).toEqual([CALL])
  })

  it('quirk 2.03: a message_start of another id voids what came before', () => {
    const folded = fold(START, ...said(0, 'old'), start({ id: 'msg_2' }), ...said(0, 'new'), ...DONE)
    expect([folded.message.id, textOf(folded.message)]).toEqual(['msg_2', 'new'])
    expect(countOf(folded.events, 'reset')).toBe(1)
  })

  it.each<[string, JsonObject, JsonObject[], string]>([
    [
      'once more as the first delta',
      open(0, { type: 'text', text: 'Hel' }),
      [textDelta(0, 'Hel'), textDelta(0, 'lo')],
      'Hello',
    ],
    ['and nothing else', open(0, { type: 'text', text: 'Hello' }), [], 'Hello'],
    ['and goes on', open(0, { type: 'text', text: 'Hel' }), [textDelta(0, 'lo')], 'Hello'],
    [
      'once more as the second delta',
      open(0, { type: 'text', text: 'ha' }),
      [textDelta(0, 'haha'), textDelta(0, 'ha')],
      'hahahaha',
    ],
    [
      'not at all, and two equal deltas',
      open(0, { type: 'text', text: '' }),
      [textDelta(0, 'ha'), textDelta(0, 'ha')],
      'haha',
    ],
  ])('quirk 2.10: of a text that its start holds: %s', (_, opened, deltas, text) => {
    const folded = fold(START, opened, ...deltas, close(0), ...DONE)
    expect(textOf(folded.message)).toBe(text)
    const again = fold(START, opened, ...deltas, START, opened, ...deltas, close(0), ...DONE)
    expect([textOf(again.message), countOf(again.events, 'reset')]).toEqual([text, 0])
  })

  it('quirk 2.10: of thinking that its start holds is taken once, and told', () => {
    const seeded = open(0, { type: 'thinking', thinking: 'hm', signature: '' })
    const { message } = fold(START, seeded, thinkingDelta(0, 'hm'), signatureDelta(0, 'sig'), close(0), ...DONE)
    expect(message.content).toMatchObject([{ type: 'thinking', text: 'hm', signature: 'sig' }])
    expect(message.anomalies).toEqual([{ kind: 'repeated_content', block: 0 }])
  })

  it('quirk 2.10: of a block start with its seed, as the block is opened again, is taken once', () => {
    const seeded = open(0, { type: 'text', text: 'Hel' })
    const folded = fold(START, open(0, { type: 'text', text: '' }), seeded, textDelta(0, 'lo'), close(0), ...DONE)
    expect(textOf(folded.message)).toBe('Hello')
  })

  it('quirk 2.10: of a signature in the start and in its own delta is one signature', () => {
    const seeded = open(0, { type: 'thinking', thinking: '', signature: 'sig' })
    const { message } = fold(START, seeded, thinkingDelta(0, 'hm'), signatureDelta(0, 'sig'), close(0), ...DONE)
    expect(message.content).toMatchObject([{ type: 'thinking', text: 'hm', signature: 'sig' }])
  })

  it('quirk 2.11: of the whole message at the end changes nothing', () => {
    const whole = {
      type: 'message',
      id: 'msg_1',
      role: 'assistant',
      content: [{ type: 'text', text: 'Hello' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 25, output_tokens: 2 },
    }
    for (const before of [[], [stop('end_turn')]]) {
      const folded = fold(START, ...said(0, 'Hel', 'lo'), ...before, whole)
      expect(textOf(folded.message)).toBe('Hello')
      expect([folded.messages.length, folded.message.outcome.kind]).toEqual([1, 'complete'])
      expect([countOf(folded.events, 'reset'), countOf(folded.events, 'replace')]).toEqual([0, 0])
    }
  })
})

describe('a message', () => {
  it('quirk 2.04: needs nothing but an id in its start', () => {
    const { message } = fold(
      { type: 'message_start', message: { id: 'm', role: 'assistant' } },
      ...said(0, 'Hi'),
      ...DONE,
    )
    expect(message).toMatchObject({ id: 'm', outcome: { kind: 'complete' }, usage: { outputTokens: 40 } })
    expect(textOf(message)).toBe('Hi')
  })

  it('quirk 2.05: needs no start, and takes the id of one that comes late', () => {
    const without = fold(...said(0, 'Hi'), ...DONE).message
    expect(without).toMatchObject({ idSource: 'minted', outcome: { kind: 'complete' } })
    expect(kindsOf(without)).toContain('missing_begin')
    const [opened, ...rest] = said(0, 'Hi')
    const late = fold(...(opened === undefined ? [] : [opened]), START, ...rest, ...DONE)
    expect([late.message.id, late.message.idSource, textOf(late.message)]).toEqual(['msg_1', 'wire', 'Hi'])
    expect(countOf(late.events, 'reset')).toBe(0)
  })

  it('quirk 2.05: of which only the finish comes is complete and empty', () => {
    const { message } = fold(...DONE)
    expect(message).toMatchObject({ content: [], stop: { reason: 'end_turn' }, outcome: { kind: 'complete' } })
  })

  it('quirk 2.13: that pauses is whole as it was sent, with its dangling call, which nobody is to run', () => {
    const folded = fold(
      START,
      ...called(0, ['{"query":"x"}'], { type: 'server_tool_use', name: 'web_search' }),
      stop('pause_turn'),
      END,
    )
    expect(folded.message).toMatchObject({
      outcome: { kind: 'complete' },
      stop: { reason: 'pause', raw: 'pause_turn' },
    })
    expect(folded.message.content).toMatchObject([{ origin: 'provider', state: 'complete', input: { query: 'x' } }])
    expect(handedOut(folded)).toEqual([])
    expect(toNative(folded.message)).toMatchObject({
      stop_reason: 'pause_turn',
      content: [{ type: 'server_tool_use', id: 'toolu_0', name: 'web_search', input: { query: 'x' } }],
    })
  })

  it('quirk 2.14: that is refused says so, keeps its text and its cost, and hands out no call', () => {
    const folded = fold(START, ...said(0, 'I will'), ...called(1, ['{"a":1}']), stop('refusal'), END)
    expect(folded.message.stop).toMatchObject({ reason: 'refusal', raw: 'refusal' })
    expect([textOf(folded.message), folded.message.usage.outputTokens]).toEqual(['I will', 40])
    expect(handedOut(folded)).toEqual([])
  })

  it.each([
    ['model_context_window_exceeded', 'context_window'],
    ['compaction', 'pause'],
    ['a_reason_of_next_year', 'unknown'],
  ])('quirk 2.15: that stops with %s keeps the word, and means %s', (raw, reason) => {
    const { message } = fold(START, ...said(0, 'Hi'), stop(raw), END)
    expect(message).toMatchObject({ stop: { raw, reason }, outcome: { kind: 'complete' } })
  })

  it('quirk 2.18: that ends a turn with a whole call wants it run; one that was cut or refused does not', () => {
    const reasonOf = (raw: string) => fold(...CALLED, stop(raw), END)
    expect(handedOut(reasonOf('end_turn'))).toEqual([CALL])
    expect(reasonOf('end_turn').message.stop).toMatchObject({ reason: 'tool_calls', raw: 'end_turn' })
    for (const raw of ['max_tokens', 'refusal']) expect(handedOut(reasonOf(raw))).toEqual([])
  })

  it.each<[string, JsonObject[]]>([
    ['at once', []],
    ['in mid-text', [START, open(0, { type: 'text', text: '' }), textDelta(0, 'Hel')]],
  ])('quirk 2.19: that an error event ends %s has failed, with what came, and may be tried again', (_, before) => {
    const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }
    const { message } = fold(...before, error)
    expect(message.outcome).toMatchObject({
      kind: 'failed',
      error: { class: 'overloaded', retryable: true, message: 'Overloaded' },
    })
    expect(message.stop.raw).toBeNull()
    expect(textOf(message)).toBe(before.length > 0 ? 'Hel' : '')
  })

  it('quirk 2.22: keeps what its delta says beside the stop reason: container, stop_details, token details', () => {
    const usage = { output_tokens: 9, output_tokens_details: { thinking_tokens: 67 } }
    const own = { stop_reason: 'tool_use', container: { id: 'c1' }, stop_details: { type: 'x' } }
    const events = [...CALLED, { type: 'message_delta', delta: own, usage }, END]
    const { message } = fold(...events)
    expect(message.wire).toMatchObject({ container: { id: 'c1' }, stop_details: { type: 'x' } })
    expect(message.usage.reasoningTokens).toBe(67)
    expect(nativeOf(...events)).toMatchObject({ container: { id: 'c1' }, stop_details: { type: 'x' }, usage })
  })

  it('quirk 2.26: that ends in its thinking is cut, and keeps it with its signature', () => {
    const { message } = fold(START, ...thought(0, 'hm', 'sig'), stop('max_tokens'), END)
    expect(message.content).toMatchObject([{ type: 'thinking', text: 'hm', signature: 'sig' }])
    expect(message.stop.reason).toBe('max_tokens')
  })
})

describe('the tokens of a message', () => {
  const counted = (...usages: readonly JsonObject[]): JsonObject[] => [
    START,
    ...said(0, 'Hi'),
    ...usages.map((usage) => ({ type: 'message_delta', delta: {}, usage })),
    ...DONE.slice(1),
  ]

  it('quirk 2.06: are the last count of each kind, not a sum', () => {
    const { message } = fold(...counted({ output_tokens: 15 }, { output_tokens: 40, input_tokens: 25 }))
    expect(message.usage).toEqual({ inputTokens: 25, outputTokens: 40 })
  })

  it('quirk 2.07: of the input grow where the provider runs tools', () => {
    const grown = { input_tokens: 10_682, output_tokens: 40, server_tool_use: { web_search_requests: 1 } }
    const { message } = fold(...counted(grown))
    expect(message.usage.inputTokens).toBe(10_682)
    expect(message.rawUsage).toMatchObject({ server_tool_use: { web_search_requests: 1 } })
  })

  it.each<[string, JsonObject]>([
    ['absent', { output_tokens: 76 }],
    ['null', { output_tokens: 76, input_tokens: null, cache_read_input_tokens: null }],
  ])('quirk 2.08: that are %s in the delta stay what the start said', (_, usage) => {
    expect(fold(...counted(usage)).message.usage).toEqual({ inputTokens: 25, outputTokens: 76 })
  })

  it('quirk 2.08: are counted where only the delta has them', () => {
    const events = [
      { type: 'message_start', message: { id: 'm' } },
      ...counted({ input_tokens: 3, output_tokens: 4 }).slice(1),
    ]
    expect(fold(...events).message.usage).toEqual({ inputTokens: 3, outputTokens: 4 })
  })
})

describe('a call', () => {
  const ended = (...events: readonly JsonObject[]) => fold(START, ...events, stop('tool_use'), END)

  it('quirk 2.09: has the input of its start if no delta follows', () => {
    const folded = ended(...called(0, [], { input: { a: 1 } }))
    expect(handedOut(folded)).toEqual([CALL])
    expect(toNative(folded.message)).toMatchObject({ content: [{ input: { a: 1 } }] })
  })

  it('quirk 2.09: has the input of its deltas if there are some', () => {
    expect(handedOut(ended(...called(0, ['{"a":1}'], { input: { b: 2 } })))).toEqual([CALL])
  })

  it.each(['tool_use', 'server_tool_use'])(
    'quirk 2.17: of type %s is sent back with the input that was streamed',
    (type) => {
      const { message } = ended(...called(0, ['{"a"', ':1}'], { type }))
      expect(toNative(message)).toMatchObject({ content: [{ type, id: 'toolu_0', name: 'f', input: { a: 1 } }] })
    },
  )

  it('quirk 2.20: whose JSON has lost its beginning is invalid, keeps its text, and is not run', () => {
    const folded = ended(...called(0, ['code', '":', ' "upt', 'ime', '"}']))
    expect(folded.message.content).toMatchObject([{ state: 'invalid', arguments: 'code": "uptime"}' }])
    expect(folded.message.content[0]).not.toHaveProperty('input')
    expect(handedOut(folded)).toEqual([])
  })

  it('quirk 2.27: whose block was never started makes one of its own, and a delta of another kind as well', () => {
    const folded = fold(START, textDelta(7, 'Hi'), thinkingDelta(7, 'hm'), ...DONE)
    expect(folded.message.content).toMatchObject([
      { type: 'text', text: 'Hi' },
      { type: 'thinking', text: 'hm' },
    ])
    expect(kindsOf(folded.message)).toContain('unopened_block')
  })
})

describe('a block of thinking', () => {
  const thinking = (...events: readonly JsonObject[]) =>
    fold(START, open(0, { type: 'thinking', thinking: '' }), ...events, close(0), ...said(1, 'Hi'), ...DONE).message
      .content[0]

  it('quirk 2.12: has a signature that comes on another delta, none if it is empty or missing', () => {
    const carried = delta(0, { type: 'thinking_delta', thinking: 'hm', signature: 'sig' })
    expect(thinking(carried)).toMatchObject({ text: 'hm', signature: 'sig' })
    expect(thinking(thinkingDelta(0, 'hm'), signatureDelta(0, ''))).not.toHaveProperty('signature')
    expect(thinking(thinkingDelta(0, 'hm'))).not.toHaveProperty('signature')
  })

  it('quirk 2.24: that has a signature and no text is there, also on the way back', () => {
    const events = [
      START,
      open(0, { type: 'thinking', thinking: '' }),
      signatureDelta(0, 'Eq=='),
      close(0),
      ...said(1, 'Hi'),
      ...DONE,
    ]
    expect(fold(...events).message.content).toMatchObject([{ type: 'thinking', text: '', signature: 'Eq==' }, {}])
    expect(nativeOf(...events)).toMatchObject({ content: [{ type: 'thinking', thinking: '', signature: 'Eq==' }, {}] })
  })

  it('quirk 2.25: has the last signature of several, never two joined', () => {
    expect(thinking(signatureDelta(0, 'one'), signatureDelta(0, 'two'), signatureDelta(0, ''))).toMatchObject({
      signature: 'two',
    })
  })
})

describe('a block', () => {
  it('quirk 2.16: of compaction keeps every field of its delta', () => {
    const own = { type: 'compaction_delta', content: 'short', encrypted_content: 'Zm9v' }
    const events = [
      START,
      open(0, { type: 'compaction', content: null }),
      delta(0, own),
      close(0),
      ...said(1, 'Hi'),
      ...DONE,
    ]
    expect(nativeOf(...events)).toMatchObject({
      content: [{ type: 'compaction', content: 'short', encrypted_content: 'Zm9v' }, {}],
    })
  })

  it('quirk 2.23: of text has the citations of its start and those of its deltas, in order', () => {
    const cited = (citation: string): JsonObject =>
      delta(0, { type: 'citations_delta', citation: { cited_text: citation } })
    const opened = open(0, { type: 'text', text: '', citations: [{ cited_text: 'a' }] })
    const events = [START, opened, cited('b'), textDelta(0, 'Hi'), cited('c'), close(0), ...DONE]
    const citations = ['a', 'b', 'c'].map((cited_text) => ({ cited_text }))
    expect(fold(...events).message.content).toMatchObject([{ text: 'Hi', citations }])
    expect(nativeOf(...events)).toMatchObject({ content: [{ type: 'text', text: 'Hi', citations }] })
  })

  it('quirk 2.20: whose input was cut is not sent back as if it were whole', () => {
    const cut = [
      START,
      open(0, { type: 'tool_use', id: 'toolu_0', name: 'f', input: {} }),
      inputDelta(0, '{"a":'),
      close(0),
    ]
    expect(callRows(fold(...cut, stop('max_tokens'), END).message)).toEqual([
      { id: 'toolu_0', name: 'f', input: 'partial' },
    ])
  })
})
