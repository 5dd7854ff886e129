/** I10 in shapes that only some of the dialects have: how is said in `patience.ts`. */
import { describe, expect, it } from 'vitest'
import { EventIds } from '../../src/event-ids.ts'
import { Fold } from '../../src/fold.ts'
import type { JsonObject, JsonValue } from '../../src/json.ts'
import type { Dialect } from '../../src/message.ts'
import { decode, foldAll, patiently, times } from '../support/patience.ts'

type Events = readonly JsonObject[]

const update = (sessionUpdate: string, own: JsonObject): JsonObject => ({
  jsonrpc: '2.0',
  method: 'session/update',
  params: { sessionId: 's', update: { sessionUpdate, ...own } },
})
const said = (sessionUpdate: string, text: string): JsonObject =>
  update(sessionUpdate, { messageId: 'm', content: { type: 'text', text } })
const whole = (text: string): JsonObject =>
  update('agent_message', { messageId: 'm', content: [{ type: 'text', text }] })
const LOAD: JsonObject = { jsonrpc: '2.0', method: 'session/load', id: 1, params: { sessionId: 's' } }

const part = (own: JsonObject): JsonObject => ({ candidates: [{ content: { parts: [own] } }] })
const piece = (own: JsonObject): JsonObject => part({ functionCall: { partialArgs: [own], willContinue: true } })
const STREAMED = part({ functionCall: { name: 'f', willContinue: true } })

const record = (type: string, own: JsonObject): JsonObject => ({ type, session_id: 's', ...own })
const answered = (uuid: string, content: JsonValue[]): JsonObject =>
  record('assistant', { uuid, message: { id: 'm', role: 'assistant', content } })

const CONVERSATION: JsonObject = { type: 'conversation.response.started', conversation_id: 'c' }
const RUN: JsonObject = { event: 'thread.run.created', data: { id: 'run_1', object: 'thread.run' } }
const step = (index: number): JsonObject => ({
  event: 'thread.run.step.delta',
  data: {
    id: 's',
    object: 'thread.run.step.delta',
    delta: {
      step_details: {
        type: 'tool_calls',
        tool_calls: [{ index, id: 'c', type: 'function', function: { arguments: '' } }],
      },
    },
  },
})
const detail = (own: JsonObject): JsonObject => ({
  id: 'chat_1',
  choices: [{ index: 0, delta: { reasoning_details: [{ type: 'reasoning.encrypted', ...own }] }, finish_reason: null }],
})

describe('I10: time grows with the bytes, not with their square', () => {
  it.each<[Dialect, string, Events]>([
    ['acp', 'calls that ended', times(10_000, (at) => update('tool_call', { toolCallId: `c${at}`, status: 'failed' }))],
    [
      'acp',
      'whole messages of 4,000 pieces',
      [
        ...times(4000, (at) => said(at % 2 === 0 ? 'agent_message_chunk' : 'agent_thought_chunk', 'x')),
        ...times(10_000, (at) => whole(`${at}`)),
      ],
    ],
    [
      'gemini',
      'places of streamed arguments',
      [STREAMED, ...times(50_000, (at) => piece({ jsonPath: `$.a${at}`, numberValue: 1 }))],
    ],
    ['gemini', 'fields of a candidate', times(30_000, (at) => ({ candidates: [{ [`k${at}`]: 1 }] }))],
    [
      'mistral-conversations',
      'begins with another entry each',
      times(20_000, (at) => [
        CONVERSATION,
        { type: 'message.output.delta', id: `m${at}`, output_index: 0, content: 'x' },
      ]).flat(),
    ],
    ['openai-assistants', 'places of one call', [RUN, ...times(50_000, step)]],
    ['claude-code', 'records of one message', times(20_000, (at) => answered(`u${at}`, [{ type: 'text', text: 'x' }]))],
    [
      'ai-sdk-ui',
      'fields of the metadata',
      [
        { type: 'start', messageId: 'm' },
        ...times(30_000, (at) => ({ type: 'message-metadata', messageMetadata: { [`k${at}`]: {} } })),
      ],
    ],
    ['openai-chat', 'reasoning details', times(30_000, (index) => detail({ index, data: 'x' }))],
    [
      'openai-chat',
      'pieces of two encrypted reasonings in turn',
      times(50_000, (at) => detail({ index: at % 2, data: 'x' })),
    ],
  ])('of %s, in many %s', (dialect, _, events) => {
    expect(foldAll(events, { dialect }).outcome.kind).not.toBe('failed')
  })

  it('of acp, in 400,000 calls of a session that is loaded', () => {
    const fold = new Fold({ dialect: 'acp' })
    const calls = times(400_000, (at) => update('tool_call', { toolCallId: `call ${at}` }))
    for (const event of patiently([LOAD, ...calls])) fold.receive(event)
    expect(fold.messages).toEqual([])
  })

  it('in the ids of an event stream, however many there are', () => {
    const ids = new EventIds()
    let repeats = 0
    for (const id of patiently(times(2_000_000, String))) {
      if (ids.isRepeat(id, '{}')) repeats += 1
      ids.taken()
    }
    expect(repeats).toBe(0)
  })

  it('in an array of 1 MB that comes in single characters', () => {
    const text = JSON.stringify(times(50_000, (at) => ({ at, text: '[]' })))
    expect(decode(text, 1000)).toHaveLength(50_000)
  })
})

describe('I10: one event may hold as much as an event may', () => {
  it('of cohere: 300,000 citations of a whole answer', () => {
    const message = { role: 'assistant', content: [{ type: 'text', text: 'x' }], citations: times(300_000, () => ({})) }
    const { content } = foldAll([{ id: 'm', finish_reason: 'COMPLETE', message }], { dialect: 'cohere' })
    expect(content[0]).toMatchObject({ citations: expect.objectContaining({ length: 300_000 }) })
  })

  it('of claude-code: 300,000 results in one record, of a turn whose calls are watched', () => {
    const fold = new Fold({ dialect: 'claude-code' }, { isWatched: true })
    const results = times(300_000, (at) => ({ type: 'tool_result', tool_use_id: `c${at}` }))
    fold.receive(answered('u', [{ type: 'text', text: 'x' }]))
    fold.receive(record('user', { message: { role: 'user', content: results } }))
    expect(fold.takeCallSigns()).toHaveLength(300_000)
  })
})
