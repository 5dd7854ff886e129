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
  response,
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

describe('a response that begins again, whose items have no ids', () => {
  const first = { output_index: 0 }
  const item = messageItem(undefined, { id: '' })
  const head = (text: string): JsonObject[] => [CREATED, added(item, first), textDelta(text, first)]
  const last = (number: number): JsonObject => ({ ...completed(), sequence_number: number })

  it('I3: is sent again if its numbers are', () => {
    const { message, events } = run(responsesWire, [...numbered(head('a')), ...numbered(head('a')), last(3)])
    expect(textsOf(message)).toEqual(['a'])
    expectNothingTakenBack(events)
  })

  it('I4: goes on if its numbers do: an item in the place of another is one of its own', () => {
    const again = { ...CREATED, sequence_number: 0 }
    const rest = numbered(head('b').slice(1), 3)
    const { message, events } = run(responsesWire, [...numbered(head('a')), again, ...rest, last(5)])
    expect(textsOf(message)).toEqual(['a', 'b'])
    expectNothingTakenBack(events)
  })

  it('I4: what has no number does not tell whether they go on', () => {
    const again = { ...CREATED, sequence_number: 0 }
    const rest = numbered(head('b').slice(1), 3)
    for (const foreign of [{ type: 'ping' }, { type: 'response.novel', output_index: 0 }]) {
      const { message, events } = run(responsesWire, [...numbered(head('a')), again, foreign, ...rest, last(5)])
      expect(textsOf(message)).toEqual(['a', 'b'])
      expectNothingTakenBack(events)
    }
  })

  it('I2: is another one if its id is: none of the items before are its own', () => {
    const other = { type: 'response.created', response: { ...response('in_progress'), id: 'resp_2' } }
    const at = { output_index: 1 }
    const whole = completed([messageItem('b', { id: '' })], { id: 'resp_2' })
    const { message } = run(responsesWire, [CREATED, added(item, at), textDelta('a', at), other, whole])
    expect(textsOf(message)).toEqual(['b'])
    expect(Object.keys(message.wire['items'] ?? {})).toEqual(['0'])
  })
})

describe('events that come before `response.created`', () => {
  const item = messageItem('Good morning')
  const [first, second] = [added(messageItem('')), textDelta('Good morning')]

  it.each([
    ['with numbers', numbered],
    ['without numbers', (events: readonly JsonObject[]) => [...events]],
  ])('I1: are of the same message: %s', (_, write) => {
    const sent = write([CREATED, first, second, done(item), completed([item])])
    const [created, ...rest] = sent
    if (created === undefined) expect.fail('it begins')
    for (const at of [1, 2, 3]) {
      const folded = run(responsesWire, [...rest.slice(0, at), created, ...rest.slice(at)])
      expect(textsOf(folded.message)).toEqual(['Good morning'])
      expect(folded.message).toMatchObject({ id: 'resp_1', outcome: { kind: 'complete' } })
    }
  })
})

describe('an annotation that comes twice', () => {
  const annotated = (url: string, annotation_index?: number): JsonObject => ({
    type: 'response.output_text.annotation.added',
    output_index: 0,
    item_id: 'msg_1',
    content_index: 0,
    ...(annotation_index === undefined ? {} : { annotation_index }),
    annotation: { type: 'url_citation', url },
  })
  const urlsOf = (events: readonly JsonObject[]): unknown[] => {
    const { message } = run(responsesWire, [CREATED, added(messageItem('')), textDelta('a'), ...events, completed()])
    return message.content.flatMap((block) => ('citations' in block ? (block.citations ?? []) : []))
  }
  const urls = (...all: readonly string[]): object[] => all.map((url) => ({ type: 'url_citation', url }))

  it('I3: is one, by its number', () => {
    expect(urlsOf([annotated('a', 0), annotated('a', 0), annotated('b', 1), annotated('a', 0)])).toEqual(urls('a', 'b'))
  })

  it('I3: is two without a number, or with the number of another', () => {
    expect(urlsOf([annotated('a'), annotated('a')])).toEqual(urls('a', 'a'))
    expect(urlsOf([annotated('a', 0), annotated('b', 0)])).toEqual(urls('a', 'b'))
  })
})

describe('a response that is generated anew with an empty part', () => {
  const at = (output_index: number, id: string): { output_index: number; item_id: string } => ({
    output_index,
    item_id: id,
  })
  const said = (text: string, index: number, id: string): JsonObject[] => [
    added(messageItem('', { id }), at(index, id)),
    ...(text === '' ? [] : [textDelta(text, at(index, id))]),
  ]

  it('I3: has none of the text that stood in its place', () => {
    const [sunny, rainy, empty] = [
      messageItem('It is sunny', { id: 'm1' }),
      messageItem('It is rainy', { id: 'm1' }),
      messageItem('', { id: 'm2' }),
    ]
    const { message, events } = run(responsesWire, [
      CREATED,
      ...said('It is sunny', 0, 'm1'),
      done(sunny, at(0, 'm1')),
      ...said('a', 1, 'm2'),
      CREATED,
      ...said('', 0, 'm1'),
      ...said('', 1, 'm2'),
      done(empty, at(1, 'm2')),
      textDelta('It is rainy', at(0, 'm1')),
      done(rainy, at(0, 'm1')),
      completed([rainy, empty]),
    ])
    expect(textsOf(message)).toEqual(['It is rainy', ''])
    expect(events.filter(({ type }) => type === 'reset')).toHaveLength(1)
  })
})

it('I4: an image whose first event was lost is one image, and no call', () => {
  const at = { output_index: 0, item_id: 'ig_1' }
  const image = { id: 'ig_1', type: 'image_generation_call', status: 'completed', result: 'V0hPTEU=' }
  const { message } = run(responsesWire, [
    CREATED,
    { type: 'response.image_generation_call.in_progress', ...at },
    { type: 'response.image_generation_call.generating', ...at },
    done(image),
    completed([image]),
  ])
  expect(message.content).toMatchObject([{ type: 'media', wire: { result: 'V0hPTEU=' } }])
  expect(message.content).toHaveLength(1)
})
