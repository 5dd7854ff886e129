/** I10 in shapes that only the dialects of OpenAI have: how is said in `patience.ts`. */
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import { foldAll, textOf, times } from '../support/patience.ts'

const CHAT = { dialect: 'openai-chat' } as const
const RESPONSES = { dialect: 'openai-responses' } as const

const chunk = (delta: JsonObject, finish: string | null = null, index = 0): JsonObject => ({
  id: 'chat_1',
  choices: [{ index, delta, finish_reason: finish }],
})
const ROLE = chunk({ role: 'assistant' })
const called = (own: JsonObject, name: string | undefined, text: string): JsonObject =>
  chunk({ tool_calls: [{ ...own, function: { ...(name === undefined ? {} : { name }), arguments: text } }] })
const STOP = chunk({}, 'tool_calls')

describe('I10: time grows with the bytes of a chat', () => {
  it.each<[string, (at: number) => JsonObject[]]>([
    ['without an index (3.10)', (at) => [called({ id: `c${at}` }, 'f', '{}')]],
    ['all at index 0 with ids of their own (3.11)', (at) => [called({ index: 0, id: `c${at}` }, 'f', '{}')]],
    ['all at index 0 without an id (3.16)', (at) => [called({ index: 0 }, 'f', `{"a":${at}}`)]],
    [
      'in whole messages',
      (at) => [
        {
          choices: [
            { index: 0, message: { tool_calls: [{ id: `c${at}`, function: { name: 'f', arguments: '{}' } }] } },
          ],
        },
      ],
    ],
  ])('in 30,000 calls %s', (_, make) => {
    const { content } = foldAll([ROLE, ...times(30_000, make).flat(), STOP], CHAT)
    expect(content).toHaveLength(30_000)
  })

  it.each<[string, JsonObject]>([
    ['with its id', { index: 0, id: 'c' }],
    ['without an id', { index: 0 }],
    ['without an index', {}],
  ])('in a call of 1 MB that repeats its name with every delta (3.17), %s', (_, own) => {
    const pieces = times(100_000, (at) => (at % 2 === 0 ? '{"b":1}' : ','))
    const text = `{"a":[${pieces.join('')}0]}`
    const all = ['{"a":[', ...pieces, '0]}'].map((piece) => called(own, 'f', piece))
    expect(foldAll([ROLE, ...all, STOP], CHAT).content).toMatchObject([{ arguments: text, state: 'complete' }])
  })

  it('in a name that comes in 5,000 pieces (3.18)', () => {
    const all = times(5000, (at) => called({ index: 0, id: 'c' }, `part ${at} `, ''))
    expect(foldAll([ROLE, ...all, called({ index: 0 }, undefined, '{}'), STOP], CHAT).content).toHaveLength(1)
  })

  it('in 100,000 deltas each of which has a finish reason (3.09)', () => {
    const all = times(100_000, (at) => chunk({ content: `word ${at} ` }, 'stop'))
    expect(textOf(foldAll([ROLE, ...all], CHAT))).toMatch(/word 99999 $/)
  })

  it('in a text of 500 KB whose every tail comes again after the finish', () => {
    const words = times(100_000, () => chunk({ content: 'word ' }))
    const again = times(50_000, () => [chunk({ content: 'word ' }), chunk({}, 'stop')])
    const { content } = foldAll([ROLE, ...words, chunk({}, 'stop'), ...again.flat()], CHAT)
    expect(content).toMatchObject([{ text: 'word '.repeat(100_000) }])
  })

  it('in 30,000 annotations that come again after the finish', () => {
    const all = [chunk({ content: 'a' }), ...times(30_000, (at) => chunk({ annotations: [{ at }] })), chunk({}, 'stop')]
    const { content } = foldAll([ROLE, ...all, ...all], CHAT)
    expect(content[0]).toMatchObject({ citations: expect.objectContaining({ length: 30_000 }) })
  })

  it('in 30,000 chunks with logprobs, unknown lists and unknown fields', () => {
    const all = times(30_000, (at) => ({
      [`field ${at}`]: at,
      choices: [{ index: 0, delta: { content: 'x', steps: [at] }, logprobs: { content: [{ at }] }, [`own ${at}`]: 1 }],
    }))
    expect(textOf(foldAll([ROLE, ...all], CHAT))).toHaveLength(30_000)
  })

  it('in 100,000 chunks each of which names another choice', () => {
    const message = foldAll(
      [ROLE, ...times(100_000, (at) => chunk({ role: 'assistant', content: 'x' }, null, at))],
      CHAT,
    )
    expect(message.outcome).toMatchObject({ kind: 'failed', error: { class: 'limit' } })
    // One that numbers its chunks sends the message so far beside the delta (3.26).
    const counted = foldAll(
      times(100_000, (index) => ({ choices: [{ index, delta: { content: 'x' }, message: { content: '' } }] })),
      CHAT,
    )
    expect(textOf(counted)).toHaveLength(100_000)
  })
})

const CREATED = { type: 'response.created', response: { id: 'resp_1', object: 'response', output: [] } }
const added = (item: JsonObject, output_index?: number): JsonObject => ({
  type: 'response.output_item.added',
  ...(output_index === undefined ? {} : { output_index }),
  item,
})
const done = (item: JsonObject, output_index?: number): JsonObject => ({
  ...added(item, output_index),
  type: 'response.output_item.done',
})
const completed = (output: JsonObject[]): JsonObject => ({
  type: 'response.completed',
  response: { id: 'resp_1', output },
})
const call = (own: JsonObject = {}): JsonObject => ({ type: 'function_call', name: 'f', arguments: '{}', ...own })

describe('I10: time grows with the bytes of a response', () => {
  it.each<[string, (at: number) => JsonObject]>([
    ['with an index and an id', (at) => added({ type: 'message', id: `m${at}` }, at)],
    ['without an index', (at) => added({ type: 'message', id: `m${at}` })],
    ['without an id', (at) => added({ type: 'message' }, at)],
    ['all at index 0 (4.06)', (at) => added({ type: 'message', id: `m${at}` }, 0)],
  ])('in 30,000 items that are no blocks, %s', (_, make) => {
    const { wire } = foldAll([CREATED, ...times(30_000, make), completed([])], RESPONSES)
    expect(Object.keys(wire['items'] ?? {})).toHaveLength(30_000)
  })

  it.each<[string, (at: number) => JsonObject]>([
    ['of their status', (at) => ({ type: 'response.web_search_call.searching', item_id: `ws${at}` })],
    ['of text', (at) => ({ type: 'response.output_text.delta', item_id: `m${at}`, delta: 'x' })],
    ['of arguments', (at) => ({ type: 'response.function_call_arguments.delta', output_index: at, delta: '{}' })],
  ])('in 30,000 events about items that were never added, %s (4.09)', (_, make) => {
    const { wire } = foldAll([CREATED, ...times(30_000, make)], RESPONSES)
    expect(Object.keys(wire['items'] ?? {})).toHaveLength(30_000)
  })

  it('in 30,000 calls without ids and indexes, that are added, done, and whole in the end', () => {
    const all = times(30_000, (at) => call({ arguments: `{"a":${at}}` }))
    const events = [CREATED, ...all.map((one) => added(one)), ...all.map((one) => done(one)), completed(all)]
    expect(foldAll(events, RESPONSES).content).toHaveLength(30_000)
  })

  it('in 30,000 items of which only the last event tells', () => {
    const all = times(30_000, (at) => call({ id: `m${at}`, call_id: `c${at}` }))
    expect(foldAll([CREATED, completed(all)], RESPONSES).content).toHaveLength(30_000)
  })

  const reasoning = added({ type: 'reasoning', id: 'rs', summary: [] }, 0)
  const thought = (summary_index: number): JsonObject => ({
    type: 'response.reasoning_summary_text.delta',
    item_id: 'rs',
    output_index: 0,
    summary_index,
    delta: 'x',
  })

  it('in 30,000 summaries, that come in deltas and whole', () => {
    const summary = times(30_000, () => ({ type: 'summary_text', text: 'x' }))
    const whole = done({ type: 'reasoning', id: 'rs', summary }, 0)
    const { content } = foldAll([CREATED, reasoning, ...times(30_000, thought), whole], RESPONSES)
    expect(content[0]).toMatchObject({ parts: expect.objectContaining({ length: 30_000 }) })
  })

  it('in 100,000 deltas that go to and fro between two summaries', () => {
    const { content } = foldAll([CREATED, reasoning, ...times(100_000, (at) => thought(at % 2))], RESPONSES)
    expect(content).toMatchObject([{ text: `${'x'.repeat(50_000)}\n\n${'x'.repeat(50_000)}` }])
  })

  it('in 30,000 parts of a message', () => {
    const content = times(30_000, () => ({ type: 'output_text', text: 'x', annotations: [] }))
    const whole = done({ type: 'message', id: 'm', content }, 0)
    expect(foldAll([CREATED, whole, completed([])], RESPONSES).content).toHaveLength(30_000)
  })

  it('in 100,000 numbered events that come in pairs the wrong way round, or with a gap after each', () => {
    const delta = (sequence_number: number): JsonObject => ({
      type: 'response.output_text.delta',
      output_index: 0,
      content_index: 0,
      delta: 'x',
      sequence_number,
    })
    for (const number of [
      (at: number) => 1 + (at ^ 1),
      (at: number) => 1 + at * 1000,
      (at: number) => 1e15 - at * 1e6,
    ]) {
      const all = times(100_000, (at) => delta(number(at)))
      expect(textOf(foldAll([{ ...CREATED, sequence_number: 0 }, ...all], RESPONSES))).toHaveLength(100_000)
    }
  })
})
