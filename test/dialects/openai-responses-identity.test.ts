/** Ids and numbers of a Responses stream that say less than they seem to: one id for several items, numbers that begin again. */
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import type { AssistantMessage } from '../../src/message.ts'
import { expectNothingTakenBack } from '../support/folded.ts'
import { responsesWire } from '../support/wires.ts'
import {
  added,
  argumentsDelta,
  begun,
  called,
  callItem,
  completed,
  CREATED,
  done,
  messageItem,
  numbered,
  textDelta,
} from './openai-responses-events.ts'
import { callRows, handedOut, kindsOf, run } from './run.ts'

function textsOf({ content }: AssistantMessage): string[] {
  return content.flatMap((block) => (block.type === 'text' ? [block.text] : []))
}

describe('calls that share one item id', () => {
  const x = { id: 'f', call_id: 'c1', name: 'x' }
  const y = { id: 'f', call_id: 'c2', name: 'y' }
  const [first, second] = [
    { output_index: 0, item_id: 'f' },
    { output_index: 1, item_id: 'f' },
  ]
  const output = [callItem('{"a":1}', x), callItem('{"b":1}', y)]
  const streamed = [...called('{"a":1}', 0, x), ...called('{"b":1}', 1, y)]
  const rows: readonly { readonly name: string; readonly events: readonly JsonObject[] }[] = [
    {
      name: 'I6: are told apart by their index where their deltas take turns',
      events: [
        added(callItem('', x), first),
        added(callItem('', y), second),
        argumentsDelta('{"a":', first),
        argumentsDelta('{"b":', second),
        argumentsDelta('1}', first),
        argumentsDelta('1}', second),
        completed(),
      ],
    },
    { name: 'I6: are told apart by their index where one follows the other', events: [...streamed, completed()] },
    { name: 'I3: keep their order where the last event has them again', events: [...streamed, completed(output)] },
    { name: 'I3: keep their order where only the last event has them', events: [completed(output)] },
  ]
  it.each(rows)('$name', ({ events }) => {
    const folded = run(responsesWire, [CREATED, ...events])
    const expected = [
      { id: 'c1', name: 'x', input: { a: 1 } },
      { id: 'c2', name: 'y', input: { b: 1 } },
    ]
    expect(callRows(folded.message)).toEqual(expected)
    expect(handedOut(folded)).toEqual(expected)
    expect(folded.message.outcome).toEqual({ kind: 'complete' })
    expectNothingTakenBack(folded.events)
  })
})

describe('messages that share one item id', () => {
  const message = (text: string, output_index: number): JsonObject[] => {
    const at = { output_index, item_id: 'm' }
    return [
      added(messageItem(undefined, { id: 'm' }), at),
      textDelta(text, at),
      done(messageItem(text, { id: 'm' }), at),
    ]
  }
  const output = [messageItem('one', { id: 'm' }), messageItem('two', { id: 'm' })]
  const rows: readonly { readonly name: string; readonly last: JsonObject }[] = [
    { name: 'I4: are told apart by their index', last: completed() },
    { name: 'I4: are told apart by their order in the last event', last: completed(output) },
  ]
  it.each(rows)('$name', ({ last }) => {
    const folded = run(responsesWire, [CREATED, ...message('one', 0), ...message('two', 1), last])
    expect(textsOf(folded.message)).toEqual(['one', 'two'])
    expect(kindsOf(folded.message)).not.toContain('snapshot_differs')
    expectNothingTakenBack(folded.events)
  })
})

describe('the numbers of events', () => {
  const first = { output_index: 0, item_id: 'm0' }
  const second = { output_index: 1, item_id: 'm1' }

  it('I4: are not used where they begin again with each item', () => {
    const { message } = run(responsesWire, [
      ...numbered([CREATED, textDelta('a', first), textDelta('b', first)]),
      ...numbered([textDelta('x', second), textDelta('y', second), completed()], 1),
    ])
    expect(textsOf(message)).toEqual(['ab', 'xy'])
    expect(kindsOf(message)).toContain('sequence_unreliable')
    expect(message.outcome).toEqual({ kind: 'complete' })
  })

  it('I4: keep the text of a delta that they make a duplicate', () => {
    const sent = numbered([CREATED, ...begun(), textDelta('Hel'), textDelta('lo'), completed()])
    const { message } = run(responsesWire, [...sent.slice(0, 4), ...sent.slice(3)])
    expect(textsOf(message)).toEqual(['Hello'])
    const told = message.anomalies.filter(({ kind }) => kind === 'duplicate_event')
    expect(told).toHaveLength(1)
    expect(JSON.stringify(told.map(({ value }) => value))).toContain('Hel')
  })
})

describe('a response that begins again', () => {
  const at = { output_index: 0, item_id: 'm' }
  const head = [CREATED, added(messageItem(undefined, { id: 'm' }), at), textDelta('hel', at)]
  const rows: readonly { readonly name: string; readonly events: readonly JsonObject[] }[] = [
    {
      name: 'I3: repeats what it said where no event opens a part',
      events: [...head, ...head, textDelta('lo', at), completed()],
    },
    {
      name: 'I3: repeats what it said where no event opens a part and it begins three times',
      events: [...head, ...head, ...head, textDelta('lo', at), completed()],
    },
  ]
  it.each(rows)('$name', ({ events }) => {
    const folded = run(responsesWire, events)
    expect(textsOf(folded.message)).toEqual(['hello'])
    expect(folded.message.content).toHaveLength(1)
    expect(folded.message.outcome).toEqual({ kind: 'complete' })
    expectNothingTakenBack(folded.events)
  })

  it('I3: goes on where nothing but its first event is repeated: two equal deltas are two', () => {
    const folded = run(responsesWire, [...head, CREATED, textDelta('hel', at), textDelta('lo', at), completed()])
    expect(textsOf(folded.message)).toEqual(['helhello'])
    expectNothingTakenBack(folded.events)
  })
})
