/** The judge: what it lets pass, and above all what it does not. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import {
  breakRecording,
  expectationOf,
  faultPlan,
  foldAtOnce,
  judge,
  type Expectation,
  type Folding,
} from '../../src/faults.ts'
import type { AssistantMessage, CompleteToolCall, ContentBlock } from '../../src/message.ts'
import { parseRecording } from '../../src/recording/format.ts'
import type { TurnEvent } from '../../src/turn-event.ts'

const recording = parseRecording(readFileSync('recordings/anthropic-messages/parallel-tools.recording', 'utf8'))
const clean = foldAtOnce(recording)
const message = clean.messages[0] ?? expect.fail('there is no message')
const cut = foldAtOnce(breakRecording(recording, faultPlan('cut-eof'), { place: 20 }))

const SAME: Expectation = { effect: 'same' }
const LOSSY: Expectation = { effect: 'lossy' }
const UNDECIDABLE: Expectation = { effect: 'undecidable' }

function withMessage(folding: Folding, change: (one: AssistantMessage) => AssistantMessage): Folding {
  return { ...folding, messages: folding.messages.map(change) }
}

function withContent(folding: Folding, change: (content: readonly ContentBlock[]) => readonly ContentBlock[]): Folding {
  return withMessage(folding, (one) => ({ ...one, content: change(one.content) }))
}

function withEvents(folding: Folding, change: (events: readonly TurnEvent[]) => readonly TurnEvent[]): Folding {
  return { ...folding, events: change(folding.events) }
}

/** Told by its messages alone, as a reader that shows nothing live. */
function unseen({ messages }: Folding): Pick<Folding, 'messages'> {
  return { messages }
}

function call(id: string, input: Record<string, string>): CompleteToolCall {
  const text = JSON.stringify(input)
  return {
    type: 'tool_call',
    key: `turn/0#${id}`,
    id,
    idSource: 'wire',
    name: 'get_weather',
    arguments: text,
    input,
    state: 'complete',
    origin: 'client',
    wire: {},
  }
}

const calls = clean.events.filter((event) => event.type === 'tool_call')
const [firstCall] = calls
const about = { message: message.key, attempt: 1 }

it('holds a folding against itself', () => {
  expect(calls).toHaveLength(2)
  expect(cut.messages[0]?.outcome.kind).toBe('truncated')
  for (const expectation of [SAME, UNDECIDABLE]) expect(judge(clean, clean, expectation)).toEqual({ kind: 'held' })
  expect(judge(clean, cut, LOSSY)).toEqual({ kind: 'held' })
  expect(judge(clean, cut, UNDECIDABLE)).toEqual({ kind: 'held' })
  expect(judge(unseen(clean), unseen(cut), LOSSY)).toEqual({ kind: 'held' })
})

it.each<readonly [string, Folding, RegExp]>([
  ['there is no message', { ...clean, messages: [] }, /^there is no message$/],
  [
    'the message comes twice',
    withEvents(clean, (events) => [...events, ...events.slice(-1)]),
    /^turn\/0 has 2 message events$/,
  ],
  [
    'something comes after the message',
    withEvents(clean, (events) => [...events, { type: 'text', ...about, block: 0, text: '' }]),
    /^text comes after the message event/,
  ],
  [
    'a block is closed twice',
    withEvents(clean, (events) => events.toSpliced(-1, 0, { type: 'block_stop', ...about, block: 0 })),
    /^live, block 0 was closed 2 times/,
  ],
  [
    'a block is not closed',
    withEvents(clean, (events) => events.filter(({ type }) => type !== 'block_stop')),
    /closed 0 times/,
  ],
  [
    'other text was shown than there is',
    withEvents(clean, (events) => events.filter((event, index) => event.type !== 'text' || index % 2 === 0)),
    /^live, block 0 was shown with other text/,
  ],
  [
    'a block that was never started goes on',
    withEvents(clean, (events) => events.toSpliced(-1, 0, { type: 'text', ...about, block: 9, text: '' })),
    /names block 9, which was never started/,
  ],
  [
    'a call is handed out twice',
    withEvents(clean, (events) => (firstCall === undefined ? events : events.toSpliced(-1, 0, firstCall))),
    /^a call of turn\/0 was handed out twice$/,
  ],
  [
    'a call is handed out with other input than it has',
    withEvents(clean, (events) =>
      events.map((event) => (event === firstCall ? { ...firstCall, call: { ...firstCall.call, input: {} } } : event)),
    ),
    /is not in the message as it was handed out$/,
  ],
  [
    'an event is about a message that there is not',
    withEvents(clean, (events) => [{ type: 'reset', message: 'turn/7', attempt: 1 }, ...events]),
    /^a reset event names turn\/7/,
  ],
])('whatever is expected, it fails if %s', (_, broken, reason) => {
  for (const expectation of [SAME, LOSSY, UNDECIDABLE]) {
    const verdict = judge(clean, broken, expectation)
    expect(verdict.kind === 'failed' ? verdict.reason : verdict.kind).toMatch(reason)
  }
})

it.each<readonly [string, Folding, RegExp]>([
  ['it is cut', cut, /differs$/],
  ['there are two messages', { ...clean, messages: [message, message] }, /^there are 2 messages in place of 1$/],
  [
    'a block is missing',
    withContent(clean, (content) => content.slice(1)),
    /^the length of content of turn\/0 differs$/,
  ],
  [
    'a text differs',
    withContent(clean, (content) => content.map((block) => (block.type === 'text' ? { ...block, text: '' } : block))),
    /^content\[0\]\.text of turn\/0 differs$/,
  ],
  [
    'the stop reason differs',
    withMessage(clean, (one) => ({ ...one, stop: { ...one.stop, raw: 'other' } })),
    /^stop\.raw of turn\/0 differs$/,
  ],
  ['the usage differs', withMessage(clean, (one) => ({ ...one, usage: { outputTokens: 1 } })), /^usage/],
  ['a field of the wire is gone', withMessage(clean, (one) => ({ ...one, wire: {} })), /^wire/],
  ['a field is new', withMessage(clean, (one) => ({ ...one, response: { status: 200, headers: {} } })), /^response/],
])('"same" fails if %s', (_, broken, reason) => {
  const verdict = judge(unseen(clean), unseen(broken), SAME)
  expect(verdict.kind === 'failed' ? verdict.reason : verdict.kind).toMatch(reason)
})

it('"same" lets other anomalies and times pass, and nothing else', () => {
  const other = withMessage(clean, (one) => ({ ...one, anomalies: [{ kind: 'repeated_stop' }], timing: { endMs: 7 } }))
  expect(judge(clean, other, SAME)).toEqual({ kind: 'held' })
  const renamed = withMessage(clean, (one) => ({ ...one, id: 'other', wire: {} }))
  expect(judge(clean, renamed, SAME).kind).toBe('failed')
  expect(judge(clean, renamed, { ...SAME, alters: ['id', 'wire'] })).toEqual({ kind: 'held' })
})

it('"same" fails if what was shown is taken back, unless the plan says that it may', () => {
  const text = message.content[0]
  const replaced = withEvents(clean, (events) => {
    const stop = events.findIndex(({ type }) => type === 'block_stop')
    const again: TurnEvent = { type: 'replace', ...about, block: 0, text: text?.type === 'text' ? text.text : '' }
    return events.toSpliced(stop, 0, again)
  })
  expect(judge(clean, replaced, SAME)).toEqual({
    kind: 'failed',
    reason: 'what was shown is taken back by a replace event',
  })
  expect(judge(clean, replaced, { ...SAME, mayReplace: true })).toEqual({ kind: 'held' })
})

it('"same" fails if a call is not handed out', () => {
  const silent = withEvents(clean, (events) => events.filter((event) => event !== firstCall))
  expect(judge(clean, silent, SAME)).toMatchObject({ reason: '1 calls were handed out in place of 2' })
})

it('"same" with an unknown block more fails without it, with two, or with anything else changed', () => {
  const plan = faultPlan('unknown-block-first')
  const expectation = expectationOf(plan, 'anthropic-messages') ?? expect.fail('the plan has no effect')
  const more = foldAtOnce(breakRecording(recording, plan))
  expect(judge(clean, more, expectation)).toEqual({ kind: 'held' })
  expect(judge(clean, more, SAME).kind).toBe('failed')
  expect(judge(clean, clean, expectation).kind).toBe('failed')
  const twice = withContent(more, ([unknown, ...rest]) => [
    ...(unknown === undefined ? [] : [unknown, unknown]),
    ...rest,
  ])
  expect(judge(unseen(clean), unseen(twice), expectation).kind).toBe('failed')
  const changed = withContent(more, (content) =>
    content.map((block) => (block.type === 'text' ? { ...block, text: '' } : block)),
  )
  expect(judge(unseen(clean), unseen(changed), expectation).kind).toBe('failed')
})

const complete = { kind: 'complete' } as const

it.each<readonly [string, Folding, RegExp]>([
  [
    'it says complete and no anomaly tells what is missing',
    withMessage(cut, (one) => ({ ...one, outcome: complete, anomalies: [{ kind: 'repeated_stop' }] })),
    /^the message is complete, and no anomaly says what is missing$/,
  ],
  [
    'its text is no beginning of what was sent',
    withContent(cut, (content) => content.map((block) => (block.type === 'text' ? { ...block, text: 'else' } : block))),
    /^block 0 of turn\/0 is not what was sent$/,
  ],
  [
    'it has more blocks than were sent',
    withContent(cut, (content) => [...content, ...content]),
    /more blocks than were sent$/,
  ],
  [
    'the arguments of a call are no beginning of what was sent',
    withContent(cut, (content) =>
      content.map((block) => (block.type === 'tool_call' ? { ...block, arguments: '[' } : block)),
    ),
    /^block 1 of turn\/0 is not what was sent$/,
  ],
  [
    'a call is said to be complete with other arguments than were sent',
    withContent(cut, (content) => content.with(2, { ...call('toolu_01WeatherInBergen', { city: 'Berge' }) })),
    /^block 2 of turn\/0 is not what was sent$/,
  ],
  [
    'a call has an id that nobody sent',
    withContent(cut, (content) =>
      content.map((block) => (block.type === 'tool_call' ? { ...block, id: 'other' } : block)),
    ),
    /^block 1 of turn\/0 is not what was sent$/,
  ],
  ['there is a message that nobody sent', withMessage(cut, (one) => ({ ...one, key: 'turn/1' })), /that nobody sent$/],
])('"lossy" fails if %s', (_, broken, reason) => {
  const verdict = judge(unseen(clean), unseen(broken), LOSSY)
  expect(verdict.kind === 'failed' ? verdict.reason : verdict.kind).toMatch(reason)
})

it('"lossy" fails if a call is handed out with other arguments than were sent', () => {
  const other = call('toolu_01WeatherInOslo', { city: 'Rome' })
  const told = {
    messages: cut.messages.map((one) => ({ ...one, content: [] })),
    events: [
      { type: 'block_start', ...about, block: 0, kind: 'tool_call', name: other.name, id: other.id },
    ] satisfies TurnEvent[],
  }
  expect(judge(clean, told, LOSSY).kind).toBe('failed')
  const handedOut: Folding = {
    messages: cut.messages.map((one) => ({ ...one, content: [other] })),
    events: [],
    anomalies: [],
  }
  expect(judge(unseen(clean), unseen(handedOut), LOSSY).kind).toBe('failed')
})

it('"lossy" accepts holes in a text only where an anomaly says that numbered events are missing', () => {
  const holes = withContent(cut, (content) =>
    content.map((block) =>
      block.type === 'text' ? { ...block, text: block.text.slice(0, 3) + block.text.slice(9) } : block,
    ),
  )
  expect(judge(unseen(clean), unseen(holes), LOSSY).kind).toBe('failed')
  const told = withMessage(holes, (one) => ({ ...one, anomalies: [{ kind: 'sequence_gap' }] }))
  expect(judge(unseen(clean), unseen(told), LOSSY)).toEqual({ kind: 'held' })
})
