/** Which item of a Responses stream an event is about, and which of its many forms counts: group 4 of the quirks, one row each. */
import { describe, expect, it } from 'vitest'
import type { AnomalyKind } from '../../src/anomaly.ts'
import { toNative } from '../../src/index.ts'
import type { JsonObject } from '../../src/json.ts'
import type { AssistantMessage, StopReason } from '../../src/message.ts'
import { countOf, expectNothingTakenBack, viaEvents } from '../support/folded.ts'
import { withoutAnomalies } from '../support/operations.ts'
import { responsesWire } from '../support/wires.ts'
import {
  added,
  argumentsDelta,
  begun,
  called,
  callItem,
  completed,
  CREATED,
  customItem,
  done,
  incomplete,
  messageItem,
  numbered,
  reasoningItem,
  response,
  said,
  summaryDelta,
  textDelta,
} from './openai-responses-events.ts'
import { callRows, handedOut, kindsOf, run, textOf, type CallRow } from './run.ts'

/** The blocks of a message in short: a text or thinking by what it says, a call by its name and input, anything else by its type. */
function shapeOf({ content }: AssistantMessage): unknown[] {
  return content.map((block) => {
    if (block.type === 'text') return block.text
    if (block.type === 'thinking') return { thinking: block.text }
    if (block.type !== 'tool_call') return block.type
    return { call: block.name, input: block.state === 'complete' ? block.input : block.state }
  })
}

interface Row {
  readonly name: string
  readonly events: readonly JsonObject[]
  readonly content: readonly unknown[]
  readonly stop?: StopReason
  readonly odd?: readonly AnomalyKind[]
}

/** The answer is complete, and each of its complete calls is handed out. */
function asserts({ events, content, stop, odd = [] }: Row): void {
  const folded = run(responsesWire, events)
  const { message } = folded
  expect(shapeOf(message)).toEqual(content)
  expect(message.outcome).toEqual({ kind: 'complete' })
  expect(handedOut(folded)).toEqual(callRows(message).filter(({ input }) => typeof input === 'object'))
  expect(message.stop.reason).toBe(stop ?? (callRows(message).length > 0 ? 'tool_calls' : 'end_turn'))
  expect(kindsOf(message)).toEqual(odd)
}

const Q1 = '{"q":1}'
const CALL = { call: 'f', input: { q: 1 } }
const ALL = [messageItem('Hello'), callItem(Q1)]

describe('the output of the last event', () => {
  const rows: readonly Row[] = [
    {
      name: 'quirk 4.01: erases nothing if it is empty',
      events: [CREATED, ...said('Hello'), ...called(Q1, 1), completed([])],
      content: ['Hello', CALL],
    },
    {
      name: 'quirk 4.01: erases nothing if it has only some of the items',
      events: [CREATED, ...said('Hello'), ...called(Q1, 1), completed([callItem(Q1)])],
      content: ['Hello', CALL],
    },
    {
      name: 'quirk 4.01: adds an item that was never streamed',
      events: [CREATED, ...said('Hello'), completed(ALL)],
      content: ['Hello', CALL],
    },
    {
      name: 'quirk 4.02: ends a call of which only the beginning was streamed',
      events: [CREATED, added(callItem('')), argumentsDelta('{"q'), completed([callItem(Q1)])],
      content: [CALL],
    },
    {
      name: 'quirk 4.02: ends a text of which only the beginning was streamed',
      events: [CREATED, ...begun(), textDelta('Hel'), completed([messageItem('Hello')])],
      content: ['Hello'],
    },
    {
      name: 'quirk 4.02: counts less than a done event if it is shorter',
      events: [CREATED, ...called(Q1), completed([callItem('')])],
      content: [CALL],
    },
    {
      name: 'quirk 4.03: never puts an empty message in place of a call',
      events: [CREATED, ...called(Q1), completed([messageItem('', { id: 'msg_x' })])],
      content: [CALL],
      odd: ['snapshot_refused'],
    },
    {
      name: 'quirk 4.03: never puts an empty text in place of a text',
      events: [CREATED, ...said('Hello'), completed([messageItem('')])],
      content: ['Hello'],
    },
    {
      name: 'quirk 4.11: may have nothing but reasoning',
      events: [CREATED, added(reasoningItem([])), done(reasoningItem(['Hm.'])), completed([reasoningItem(['Hm.'])])],
      content: [{ thinking: 'Hm.' }],
    },
  ]
  it.each(rows)('$name', asserts)
})

describe('the item that an event is about', () => {
  const noId = { output_index: 0 }
  const nothing = {}
  const rows: readonly Row[] = [
    {
      name: 'quirk 4.05: is known by its index if its id is another in every event',
      events: [
        CREATED,
        added(reasoningItem([], { id: 'rs_A' })),
        summaryDelta('Hm.', 0, { output_index: 0, item_id: 'rs_B' }),
        done(reasoningItem(['Hm.'], { id: 'rs_C' })),
        ...begun({ output_index: 1, item_id: 'msg_A' }),
        textDelta('Hel', { output_index: 1, item_id: 'msg_B' }),
        textDelta('lo', { output_index: 1, item_id: 'msg_C' }),
        done(messageItem('Hello', { id: 'msg_D' }), { output_index: 1 }),
        added(callItem('', { id: 'fc_A' }), { output_index: 2 }),
        argumentsDelta(Q1, { output_index: 2, item_id: 'fc_B' }),
        done(callItem(Q1, { id: 'fc_C' }), { output_index: 2 }),
        completed([
          reasoningItem(['Hm.'], { id: 'rs_E' }),
          messageItem('Hello', { id: 'msg_E' }),
          callItem(Q1, { id: 'fc_E' }),
        ]),
      ],
      content: [{ thinking: 'Hm.' }, 'Hello', CALL],
    },
    {
      name: 'quirk 4.06: is known by its type if a message and a call have the same index',
      events: [
        CREATED,
        ...begun(),
        added(callItem('')),
        textDelta('Hello'),
        argumentsDelta(Q1),
        done(callItem(Q1)),
        done(messageItem('Hello')),
        completed(ALL),
      ],
      content: ['Hello', CALL],
    },
    {
      name: 'quirk 4.06: is known by its id if two calls have the same index',
      events: [
        CREATED,
        ...called(Q1),
        ...called('{"q":2}', 0, { id: 'fc_2', call_id: 'call_2', name: 'g' }),
        completed([callItem(Q1), callItem('{"q":2}', { id: 'fc_2', call_id: 'call_2', name: 'g' })]),
      ],
      content: [CALL, { call: 'g', input: { q: 2 } }],
    },
    {
      name: 'quirk 4.06: is known by its id if two calls of the same index take turns',
      events: [
        CREATED,
        added(callItem('')),
        added(callItem('', { id: 'fc_2', call_id: 'call_2', name: 'g' })),
        argumentsDelta('{"q":'),
        argumentsDelta('{"q":', { output_index: 0, item_id: 'fc_2' }),
        argumentsDelta('1}'),
        argumentsDelta('2}', { output_index: 0, item_id: 'fc_2' }),
        completed([]),
      ],
      content: [CALL, { call: 'g', input: { q: 2 } }],
    },
    {
      name: 'quirk 4.07: is another one if a result has the id of its call',
      events: [
        CREATED,
        ...called(Q1),
        done({ type: 'function_call_output', id: 'fco_1', call_id: 'call_1', output: 'ok' }, { output_index: 1 }),
        completed([]),
      ],
      content: [CALL, 'tool_result'],
    },
    {
      name: 'quirk 4.07: is the same one if it is added twice',
      events: [CREATED, added(callItem('')), ...called(Q1), completed([callItem(Q1)])],
      content: [CALL],
      odd: ['repeated_open'],
    },
    {
      name: 'quirk 4.09: is implied by a delta that comes first, with nothing but its text',
      events: [
        { type: 'response.output_text.delta', delta: 'Hel' },
        { type: 'response.output_text.delta', delta: 'lo' },
        completed([]),
      ],
      content: ['Hello'],
      odd: ['missing_begin', 'unopened_block'],
    },
    {
      name: 'quirk 4.09: is implied by a delta that comes first, and the same as in the last event',
      events: [CREATED, textDelta('Hello'), completed([messageItem('Hello')])],
      content: ['Hello'],
      odd: ['unopened_block'],
    },
    {
      name: 'quirk 4.09: is implied by the arguments of a call that is named only at its end',
      events: [CREATED, argumentsDelta(Q1), done(callItem(Q1)), completed([callItem(Q1)])],
      content: [CALL],
      odd: ['unopened_block'],
    },
    {
      name: 'quirk 4.09: is the last of its type without ids and indexes',
      events: [
        CREATED,
        added(reasoningItem([], { id: '' }), nothing),
        summaryDelta('Hm.', 0, nothing),
        done(reasoningItem(['Hm.'], { id: '' }), nothing),
        ...begun(nothing),
        textDelta('Hel', nothing),
        textDelta('lo', nothing),
        done(messageItem('Hello', { id: '' }), nothing),
        added(callItem('', { id: '' }), nothing),
        argumentsDelta(Q1, nothing),
        done(callItem(Q1, { id: '' }), nothing),
        added(callItem('', { id: '', call_id: 'call_2', name: 'g' }), nothing),
        argumentsDelta('{"q":2}', nothing),
        done(callItem('{"q":2}', { id: '', call_id: 'call_2', name: 'g' }), nothing),
        completed([]),
      ],
      content: [{ thinking: 'Hm.' }, 'Hello', CALL, { call: 'g', input: { q: 2 } }],
    },
    {
      name: 'quirk 4.09: is implied by a delta if only its part was never opened',
      events: [CREATED, added(messageItem(undefined)), textDelta('Hello'), done(messageItem('Hello')), completed([])],
      content: ['Hello'],
      odd: ['unopened_block'],
    },
    {
      name: 'quirk 4.09: is known by its index alone',
      events: [
        CREATED,
        ...begun(noId),
        textDelta('Hello', noId),
        done(messageItem('Hello', { id: null }), noId),
        completed([messageItem('Hello', { id: null })]),
      ],
      content: ['Hello'],
    },
  ]
  it.each(rows)('$name', asserts)

  it('quirk 4.05: has at last the id of its done event', () => {
    const { message } = run(responsesWire, [
      CREATED,
      added(reasoningItem([], { id: 'rs_A', encrypted_content: 'X0' })),
      done(reasoningItem(['Hm.'], { id: 'rs_C', encrypted_content: 'X1' })),
      completed([]),
    ])
    expect(toNative(message)).toMatchObject({
      output: [{ id: 'rs_C', encrypted_content: 'X1', summary: [{ text: 'Hm.' }] }],
    })
  })
})

describe('the form of an item that counts', () => {
  const opened = [CREATED, added(callItem(''))]
  const argumentsDone = { type: 'response.function_call_arguments.done', output_index: 0, item_id: 'fc_1' }
  const rows: readonly Row[] = [
    {
      name: 'quirk 4.08: is that of the done event if the arguments had no delta',
      events: [...opened, { ...argumentsDone, arguments: Q1 }, completed([])],
      content: [CALL],
    },
    {
      name: 'quirk 4.08: is that of the done event if the arguments had too few deltas',
      events: [...opened, argumentsDelta('{"q'), { ...argumentsDone, arguments: Q1 }, completed([])],
      content: [CALL],
    },
    {
      name: 'quirk 4.08: is that of the done item if a summary had no delta',
      events: [CREATED, added(reasoningItem([])), done(reasoningItem(['Hm.', 'So.'])), completed([])],
      content: [{ thinking: 'Hm.\n\nSo.' }],
    },
    {
      name: 'quirk 4.08: is that of the done event if a text had no delta',
      events: [
        CREATED,
        added(messageItem(undefined)),
        { type: 'response.output_text.done', output_index: 0, item_id: 'msg_1', content_index: 0, text: 'Hello' },
        completed([]),
      ],
      content: ['Hello'],
    },
    {
      name: 'quirk 4.04: is that of the done item if the added one was only provisional',
      events: [
        CREATED,
        added(reasoningItem([], { encrypted_content: 'X0' })),
        done(reasoningItem(['Hm.'], { encrypted_content: 'X1', status: 'completed' })),
        completed([]),
      ],
      content: [{ thinking: 'Hm.' }],
    },
    {
      name: 'quirk 4.20: is opaque, in its place, for a compaction',
      events: [
        CREATED,
        done({ id: 'cmp_1', type: 'compaction', encrypted_content: 'X' }),
        ...said('Hello', 1),
        completed([]),
      ],
      content: ['other', 'Hello'],
    },
  ]
  it.each(rows)('$name', asserts)

  it('quirk 4.04: has the encrypted reasoning of the done item', () => {
    const first = added(reasoningItem([], { encrypted_content: 'X0' }))
    const last = done(reasoningItem(['Hm.'], { encrypted_content: 'X1' }))
    const { message } = run(responsesWire, [CREATED, first, last, completed([])])
    expect(message.content).toMatchObject([{ encrypted: 'X1' }])
  })

  it('quirk 4.08: is shown live as the piece that was missing', () => {
    const events = [...opened, argumentsDelta('{"q'), { ...argumentsDone, arguments: Q1 }, completed([])]
    const folded = run(responsesWire, events)
    expectNothingTakenBack(folded.events)
    const deltas = folded.events.flatMap((event) => (event.type === 'tool_input' ? [event.delta] : []))
    expect(deltas).toEqual(['{"q', '":1}'])
  })

  it('quirk 4.19: has the phase that is known only at its end', () => {
    const last = done(messageItem('Hello', { phase: 'final_answer' }))
    const { message } = run(responsesWire, [
      CREATED,
      added(messageItem(undefined)),
      textDelta('Hello'),
      last,
      completed([]),
    ])
    expect(toNative(message)).toMatchObject({ output: [{ type: 'message', phase: 'final_answer' }] })
  })

  it('quirk 4.20: is given back as it came for a compaction', () => {
    const compaction = { id: 'cmp_1', type: 'compaction', encrypted_content: 'X' }
    const { message } = run(responsesWire, [CREATED, done(compaction), ...said('Hello', 1), completed([])])
    expect(toNative(message)).toMatchObject({ output: [compaction, { type: 'message' }] })
  })
})

describe('an answer that was cut', () => {
  const usage = { input_tokens: 5, output_tokens: 2, total_tokens: 7 }
  const first = [CREATED, ...called(Q1), added(callItem('', { id: 'fc_2', call_id: 'call_2' }), { output_index: 1 })]
  const cut = [...first, argumentsDelta('{"q":"Par', { output_index: 1, item_id: 'fc_2' })]
  const halves = [callItem(Q1), callItem('{"q":"Par', { id: 'fc_2', call_id: 'call_2', status: 'incomplete' })]
  const rows: readonly { readonly name: string; readonly last: JsonObject; readonly stop: StopReason }[] = [
    {
      name: 'quirk 4.10: by its length is complete with that reason, and has its tokens',
      last: incomplete('max_output_tokens', halves, { usage }),
      stop: 'max_tokens',
    },
    {
      name: 'quirk 4.10: by a filter is complete with that reason',
      last: incomplete('content_filter', [], { usage }),
      stop: 'content_filter',
    },
    {
      name: 'quirk 4.10: is cut although its last event says completed',
      last: { ...incomplete('max_output_tokens', halves, { usage }), type: 'response.completed' },
      stop: 'max_tokens',
    },
  ]
  it.each(rows)('$name', ({ last, stop }) => {
    const folded = run(responsesWire, [...cut, last])
    expect(folded.message).toMatchObject({ outcome: { kind: 'complete' }, usage: { inputTokens: 5, outputTokens: 2 } })
    expect(folded.message.stop.reason).toBe(stop)
    expect(shapeOf(folded.message)).toEqual([CALL, { call: 'f', input: 'partial' }])
    expect(handedOut(folded)).toEqual([])
  })

  it('quirk 4.02: is not made whole from the output of response.incomplete', () => {
    const events = [CREATED, added(callItem('')), argumentsDelta('{"q":'), incomplete('max_output_tokens', [])]
    expect(shapeOf(run(responsesWire, events).message)).toEqual([{ call: 'f', input: 'partial' }])
  })

  it('quirk 4.11: may have nothing but reasoning', () => {
    const { message } = run(responsesWire, [
      CREATED,
      added(reasoningItem([])),
      summaryDelta('Hm'),
      incomplete('max_output_tokens'),
    ])
    expect(message).toMatchObject({ outcome: { kind: 'complete' }, stop: { reason: 'max_tokens' } })
    expect(shapeOf(message)).toEqual([{ thinking: 'Hm' }])
  })

  it('quirk 4.18: by the caller keeps the call that was added, which is not run', () => {
    const folded = viaEvents(responsesWire, [CREATED, ...called(Q1)], { kind: 'aborted', by: 'caller' })
    expect(folded.message).toMatchObject({ id: 'resp_1', outcome: { kind: 'aborted' } })
    expect(callRows(folded.message)).toMatchObject([{ id: 'call_1' }])
    expect(handedOut(folded)).toEqual([])
  })
})

describe('an error', () => {
  const VAGUE = { type: 'error' }
  const details = { code: 'rate_limit_exceeded', message: 'Slow down.' }
  const failed = (error: JsonObject | null): JsonObject => ({
    type: 'response.failed',
    response: response('failed', { error }),
  })
  const known = { class: 'rate_limit', retryable: true, message: 'Slow down.' }
  const rows: readonly { readonly name: string; readonly events: readonly JsonObject[]; readonly error: object }[] = [
    { name: 'quirk 4.12: may be that of a failed response', events: [failed(details)], error: known },
    { name: 'quirk 4.12: may be an event', events: [{ type: 'error', ...details, param: null }], error: known },
    { name: 'quirk 4.12: may be within an event', events: [{ type: 'error', error: details }], error: known },
    { name: 'quirk 4.12: may come without a type', events: [{ error: details }], error: known },
    {
      name: 'quirk 4.12: may be an event of the response',
      events: [{ type: 'response.error', error: details }],
      error: known,
    },
    {
      name: 'quirk 4.12: may be a failed response without details',
      events: [failed(null)],
      error: { class: 'unknown' },
    },
    { name: 'quirk 4.12: may be an event without details', events: [VAGUE], error: { class: 'unknown' } },
    {
      name: 'quirk 4.12: may be empty within an event',
      events: [{ type: 'error', error: {} }],
      error: { class: 'unknown' },
    },
    {
      name: 'quirk 4.12: without details takes those of the failed response that follows',
      events: [VAGUE, failed(details)],
      error: known,
    },
    {
      name: 'quirk 4.12: with details ends the turn, whatever follows',
      events: [{ type: 'error', ...details }, failed({ code: 'server_error', message: 'Other.' })],
      error: known,
    },
    {
      name: 'quirk 4.12: without details is not undone by a completed response',
      events: [VAGUE, completed([messageItem('Hello')])],
      error: { class: 'unknown' },
    },
    {
      name: 'quirk 4.14: counts also if its number is 0 after others',
      events: [{ ...failed(details), sequence_number: 0 }],
      error: known,
    },
    {
      name: 'quirk 4.14: counts also if its number is a sentinel',
      events: [{ ...failed(details), sequence_number: -1 }],
      error: known,
    },
  ]
  it.each(rows)('$name', ({ events, error }) => {
    const before = numbered([CREATED, added(messageItem(undefined)), textDelta('Hel')], 55)
    const folded = run(responsesWire, [...before, ...events])
    expect(folded.message.outcome).toMatchObject({ kind: 'failed', error })
    expect(textOf(folded.message)).toMatch(/^Hel/)
    expect(countOf(folded.events, 'message')).toBe(1)
  })

  it('quirk 4.12: keeps a finished call from being run', () => {
    const folded = run(responsesWire, [CREATED, ...called(Q1), failed(null)])
    expect(handedOut(folded)).toEqual([])
    expect(shapeOf(folded.message)).toEqual([CALL])
  })
})

describe('events that say nothing', () => {
  const rows = [
    { name: 'quirk 4.13: are keepalives', event: { type: 'keepalive' }, odd: [] },
    { name: 'quirk 4.13: are keepalives with a number', event: { type: 'keepalive', sequence_number: 3 }, odd: [] },
    { name: 'quirk 4.13: are keepalives of the response', event: { type: 'response.keep_alive' }, odd: [] },
    {
      name: 'quirk 4.13: are those that nobody knows',
      event: { type: 'response.novel', x: 1 },
      odd: ['unknown_event'],
    },
  ]
  it.each(rows)('$name', ({ event, odd }) => {
    const [begin, ...rest] = said('Hello')
    const { message } = run(responsesWire, [
      CREATED,
      ...(begin === undefined ? [] : [begin]),
      event,
      ...rest,
      completed([]),
    ])
    expect(shapeOf(message)).toEqual(['Hello'])
    expect(message.outcome).toEqual({ kind: 'complete' })
    expect(kindsOf(message)).toEqual(odd)
  })
})

describe('the numbers of events', () => {
  const plain = [CREATED, ...said('Hello'), ...called(Q1, 1), completed(ALL)]
  const clean = run(responsesWire, numbered(plain))
  const at = (index: number): JsonObject => numbered(plain)[index] ?? expect.fail('there is no such event')
  const head = numbered(plain).slice(0, 4)
  const tail = numbered(plain).slice(4)
  const rows: readonly { readonly name: string; readonly events: readonly JsonObject[] }[] = [
    { name: 'quirk 4.14: may be missing', events: plain },
    { name: 'quirk 4.14: may begin anywhere', events: numbered(plain, 57) },
    { name: 'quirk 4.14: may be no integers', events: numbered(plain, 0.5) },
    { name: 'quirk 4.14: may all be the same', events: plain.map((event) => ({ ...event, sequence_number: 0 })) },
    { name: 'quirk 4.14: may begin anew', events: [...head, ...numbered(plain.slice(4), 0)] },
    {
      name: 'quirk 4.14: may be missing from the last event',
      events: [...numbered(plain.slice(0, -1)), completed(ALL)],
    },
    { name: 'I3: tell an event that comes twice', events: [...head, at(3), ...tail] },
    {
      name: 'I3: tell events that come again after a break',
      events: [...head, ...numbered(plain).slice(2, 4), ...tail],
    },
    {
      name: 'I3: put events in order',
      events: [...numbered(plain).slice(0, 7), at(8), at(7), ...numbered(plain).slice(9)],
    },
  ]
  it.each(rows)('$name', ({ events }) => {
    const folded = run(responsesWire, events)
    expect(withoutAnomalies(folded.message)).toEqual(withoutAnomalies(clean.message))
    expect(handedOut(folded)).toEqual(handedOut(clean))
  })

  it('quirk 4.15: let a stream be resumed in the same fold with an overlap', () => {
    const all = numbered(plain)
    const folded = run(responsesWire, [...all.slice(0, 4), ...all.slice(1)])
    expect(withoutAnomalies(folded.message)).toEqual(withoutAnomalies(clean.message))
    expect(new Set(kindsOf(folded.message))).toEqual(new Set(['duplicate_event']))
  })
})

describe('a response that is under way', () => {
  const suffix: readonly Row[] = [
    {
      name: 'quirk 4.15: is resumed without its beginning',
      events: numbered([textDelta('lo'), done(messageItem('Hello')), completed([messageItem('Hello')])], 43),
      content: ['Hello'],
      odd: ['missing_begin', 'unopened_block', 'snapshot_differs'],
    },
    {
      name: 'quirk 4.15: is resumed without its beginning where an item ends',
      events: numbered([done(callItem(Q1)), completed([callItem(Q1)])], 43),
      content: [CALL],
      odd: ['missing_begin'],
    },
    {
      name: 'quirk 4.17: goes on after it was said again that it is in progress',
      events: [
        CREATED,
        ...begun(),
        textDelta('Hel'),
        { type: 'response.in_progress', response: response('in_progress', { output: [messageItem('Hel')] }) },
        textDelta('lo'),
        done(messageItem('Hello')),
        completed([]),
      ],
      content: ['Hello'],
    },
    {
      name: 'design 4: is queued at first',
      events: [
        { type: 'response.created', response: response('queued') },
        { type: 'response.queued', response: response('queued') },
        { type: 'response.in_progress', response: response('in_progress') },
        ...said('Hello'),
        completed([messageItem('Hello')]),
      ],
      content: ['Hello'],
    },
  ]
  it.each(suffix)('$name', asserts)

  it('quirk 4.15: is known by the id of its last event', () => {
    const { message } = run(responsesWire, [textDelta('lo'), completed([messageItem('Hello')])])
    expect(message).toMatchObject({ id: 'resp_1', idSource: 'wire' })
  })

  it('I5: is not complete if it stays queued', () => {
    const { message } = run(responsesWire, [
      { type: 'response.created', response: response('queued') },
      { type: 'response.queued', response: response('queued') },
    ])
    expect(message).toMatchObject({ id: 'resp_1', outcome: { kind: 'truncated', by: 'eof' } })
  })

  it('quirk 4.17: is the same message after it was said again that it is in progress', () => {
    const again = { type: 'response.in_progress', response: response('in_progress') }
    const folded = run(responsesWire, [CREATED, ...said('Hello'), again, ...called(Q1, 1), completed(ALL)])
    expect(folded.message.attempt).toBe(1)
    expect(countOf(folded.events, 'start')).toBe(1)
    expectNothingTakenBack(folded.events)
  })

  const cancelled = [
    {
      name: 'I5: is failed if it is cancelled, and its calls are not run',
      last: { type: 'response.cancelled', response: response('cancelled') },
    },
    {
      name: 'I5: is failed if its last event says completed and its status cancelled',
      last: { type: 'response.completed', response: response('cancelled') },
    },
  ]
  it.each(cancelled)('$name', ({ last }) => {
    const folded = run(responsesWire, [CREATED, ...said('Hello'), ...called(Q1, 1), last])
    expect(folded.message.outcome.kind).toBe('failed')
    expect(shapeOf(folded.message)).toEqual(['Hello', CALL])
    expect(handedOut(folded)).toEqual([])
  })
})

describe('the parts of reasoning', () => {
  const opened = [CREATED, added(reasoningItem([]))]

  it('design 5: are one block, with a blank line between them', () => {
    const item = reasoningItem(['First.', 'Second.'])
    const folded = run(responsesWire, [
      ...opened,
      summaryDelta('First.'),
      summaryDelta('Sec', 1),
      summaryDelta('ond.', 1),
      done(item),
      completed([item]),
    ])
    expect(folded.message.content).toMatchObject([
      {
        type: 'thinking',
        text: 'First.\n\nSecond.',
        parts: [
          { kind: 'summary', text: 'First.' },
          { kind: 'summary', text: 'Second.' },
        ],
      },
    ])
    expectNothingTakenBack(folded.events)
    expect(kindsOf(folded.message)).toEqual([])
  })

  it('design 5: are shown anew once if an earlier one goes on', () => {
    const item = reasoningItem(['First, and more.', 'Second.'])
    const folded = run(responsesWire, [
      ...opened,
      summaryDelta('First,'),
      summaryDelta('Second.', 1),
      summaryDelta(' and', 0),
      summaryDelta(' more.', 0),
      done(item),
      completed([item]),
    ])
    expect(shapeOf(folded.message)).toEqual([{ thinking: 'First, and more.\n\nSecond.' }])
    expect(countOf(folded.events, 'replace')).toBe(1)
    expect(toNative(folded.message)).toMatchObject({ output: [item] })
  })

  it('design 5: may be the full reasoning beside a summary of it', () => {
    const item = reasoningItem(['Short.'], { content: [{ type: 'reasoning_text', text: 'Long.' }] })
    const { message } = run(responsesWire, [...opened, done(item), completed([])])
    expect(message.content).toMatchObject([
      {
        parts: [
          { kind: 'summary', text: 'Short.' },
          { kind: 'full', text: 'Long.' },
        ],
      },
    ])
    expect(toNative(message)).toMatchObject({ output: [item] })
  })
})

describe('a custom call', () => {
  const at = { output_index: 0, item_id: 'ctc_1' }
  const typed = [
    CREATED,
    added(customItem('')),
    { type: 'response.custom_tool_call_input.delta', ...at, delta: 'ls ' },
    { type: 'response.custom_tool_call_input.delta', ...at, delta: '-l' },
  ]
  const inputDone = { type: 'response.custom_tool_call_input.done', ...at, input: 'ls -l' }
  const whole = [...typed, inputDone, done(customItem('ls -l'))]
  const CUSTOM: CallRow = { id: 'call_1', name: 'shell', input: { input: 'ls -l' } }

  it('I6: has its text under one name, and is handed out', () => {
    const folded = run(responsesWire, [...whole, completed([customItem('ls -l')])])
    expect(handedOut(folded)).toEqual([CUSTOM])
    expect(folded.message.content).toMatchObject([{ arguments: 'ls -l', origin: 'client' }])
    expect(folded.message.stop.reason).toBe('tool_calls')
    expect(kindsOf(folded.message)).toEqual([])
  })

  it('I6: is a text also if that looks like JSON', () => {
    const events = [CREATED, added(customItem('')), done(customItem('{"a":1}')), completed([])]
    expect(handedOut(run(responsesWire, events))).toEqual([{ ...CUSTOM, input: { input: '{"a":1}' } }])
  })

  it('I6: is never handed out early, as one with JSON arguments may be', () => {
    const early = { toolCalls: 'early' } as const
    expect(handedOut(run(responsesWire, [CREATED, ...called(Q1)], early))).toHaveLength(1)
    expect(handedOut(run(responsesWire, whole, early))).toEqual([])
  })

  const cut: readonly { readonly name: string; readonly events: readonly JsonObject[] }[] = [
    { name: 'I6: is partial if the stream is cut in it', events: typed },
    { name: 'I6: is partial if the answer is cut in it', events: [...typed, incomplete('max_output_tokens')] },
    {
      name: 'I6: is partial if the answer is cut, although its text has an end',
      events: [...typed, inputDone, incomplete('max_output_tokens', [customItem('ls -l', { status: 'incomplete' })])],
    },
  ]
  it.each(cut)('$name', ({ events }) => {
    const folded = run(responsesWire, events)
    expect(callRows(folded.message)).toEqual([{ ...CUSTOM, input: 'partial' }])
    expect(folded.message.content).toMatchObject([{ arguments: 'ls -l' }])
    expect(handedOut(folded)).toEqual([])
  })

  const tools = (...names: readonly string[]): JsonObject => ({
    type: 'response.created',
    response: response('in_progress', { tools: names.map((name) => ({ type: 'custom', name })) }),
  })

  it('I6: is not handed out if none of the tools of the request has its name', () => {
    const folded = run(responsesWire, [tools('other'), ...whole.slice(1), completed([customItem('ls -l')])])
    expect(handedOut(folded)).toEqual([])
    expect(folded.message.content).toMatchObject([{ type: 'tool_call', name: 'shell', origin: 'provider' }])
    expect(folded.message.stop.reason).toBe('end_turn')
  })

  it('I6: is handed out if one of the tools of the request has its name', () => {
    const folded = run(responsesWire, [tools('other', 'shell'), ...whole.slice(1), completed([customItem('ls -l')])])
    expect(handedOut(folded)).toEqual([CUSTOM])
  })
})
