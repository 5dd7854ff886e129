/** The events of OpenAI's assistants, as rows: what they say and what the message of the run says. */
import { describe, expect, it } from 'vitest'
import { assemble, fold, toNative, type TurnEvent } from '../../src/index.ts'
import type { JsonObject, JsonValue } from '../../src/json.ts'
import type { AssistantMessage, StopReason } from '../../src/message.ts'
import { expectLiveEqualsFinal } from '../support/naive-reader.ts'
import { callRows, kindsOf, textOf } from './run.ts'

interface Told {
  readonly event: string
  readonly data: JsonValue
}

const run = (status: string, more: JsonObject = {}, event = status): Told => ({
  event: `thread.run.${event}`,
  data: { id: 'run_1', object: 'thread.run', status, model: 'gpt-4o', usage: null, ...more },
})
const CREATED = run('queued', {}, 'created')
const message = (id: string, value: string, annotations: readonly JsonObject[] = []): Told => ({
  event: 'thread.message.delta',
  data: {
    id,
    object: 'thread.message.delta',
    delta: { content: [{ index: 0, type: 'text', text: { value, annotations: [...annotations] } }] },
  },
})
const step = (id: string, call: JsonObject): Told => ({
  event: 'thread.run.step.delta',
  data: { id, object: 'thread.run.step.delta', delta: { step_details: { type: 'tool_calls', tool_calls: [call] } } },
})
const func = (more: JsonObject, own: JsonObject): JsonObject => ({ ...more, type: 'function', function: own })
const DONE = { event: 'done', data: '[DONE]' }

async function of(...events: readonly Told[]): Promise<AssistantMessage> {
  return fold(events)
}

describe('the end of a run', () => {
  const rows: readonly (readonly [string, JsonObject, StopReason, string, AssistantMessage['outcome']['kind']])[] = [
    ['completed', {}, 'end_turn', 'completed', 'complete'],
    [
      'incomplete',
      { incomplete_details: { reason: 'max_completion_tokens' } },
      'max_tokens',
      'max_completion_tokens',
      'complete',
    ],
    [
      'incomplete',
      { incomplete_details: { reason: 'max_prompt_tokens' } },
      'context_window',
      'max_prompt_tokens',
      'complete',
    ],
    [
      'incomplete',
      { incomplete_details: { reason: 'content_filter' } },
      'content_filter',
      'content_filter',
      'complete',
    ],
    ['incomplete', {}, 'unknown', 'incomplete', 'complete'],
    ['failed', { last_error: { code: 'server_error', message: 'Sorry' } }, 'error', 'failed', 'failed'],
    ['cancelled', {}, 'error', 'cancelled', 'failed'],
    ['expired', {}, 'error', 'expired', 'failed'],
  ]
  it.each(rows)('I5: %s with %j is %s (%s), and the answer %s', async (status, more, reason, raw, kind) => {
    const answer = await of(CREATED, message('msg_1', 'Hi'), run(status, more), DONE)
    expect(answer.stop).toEqual({ reason, raw, sequence: null })
    expect([answer.outcome.kind, textOf(answer), kindsOf(answer)]).toEqual([kind, 'Hi', []])
    expect([answer.dialect, answer.id, answer.model]).toEqual(['openai-assistants', 'run_1', 'gpt-4o'])
  })

  it('I5: an error keeps what the run says of it', async () => {
    const failed = await of(CREATED, run('failed', { last_error: { code: 'server_error', message: 'Sorry' } }))
    expect(failed.outcome).toMatchObject({ error: { message: 'Sorry', retryable: true } })
    const event = await of(CREATED, message('m', 'Hi'), {
      event: 'error',
      data: { message: 'Gone', code: 'server_error' },
    })
    expect(event.outcome).toMatchObject({ kind: 'failed', error: { message: 'Gone' } })
  })

  it('I5: done alone completes nothing', async () => {
    const answer = await of(CREATED, message('msg_1', 'Hi'), DONE)
    expect([answer.outcome.kind, kindsOf(answer)]).toEqual(['truncated', ['unknown_event']])
  })

  it('I5: cancelling is not cancelled', async () => {
    const answer = await of(CREATED, message('msg_1', 'Hi'), run('cancelling'))
    expect(answer.outcome.kind).toBe('truncated')
  })

  it('I4: usage is the run’s, and the last one', async () => {
    const usage = {
      prompt_tokens: 9,
      completion_tokens: 2,
      total_tokens: 11,
      prompt_tokens_details: { cached_tokens: 4 },
    }
    const answer = await of(CREATED, run('completed', { usage }))
    expect(answer.usage).toEqual({ inputTokens: 9, outputTokens: 2, cacheReadTokens: 4 })
  })
})

describe('what a run does', () => {
  const required = (...tool_calls: readonly JsonObject[]): Told =>
    run('requires_action', { required_action: { submit_tool_outputs: { tool_calls: [...tool_calls] } } })

  it('I6: calls of the client come in pieces and then whole, and are handed out once, by the end of the stream', async () => {
    const answer = await of(
      CREATED,
      step('s_1', { index: 0, ...func({ id: 'call_1' }, { name: 'a', arguments: '', output: null }) }),
      step('s_1', { index: 0, ...func({}, { arguments: '{"x"' }) }),
      step('s_1', { index: 0, ...func({}, { arguments: ':1}' }) }),
      required(func({ id: 'call_1' }, { name: 'a', arguments: '{"x":1}' })),
    )
    expect(callRows(answer)).toEqual([{ id: 'call_1', name: 'a', input: { x: 1 } }])
    expect(answer.stop).toMatchObject({ reason: 'tool_calls', raw: 'requires_action' })
    expect(kindsOf(answer)).toEqual([])
  })

  it('I6: a call whose id, or whose name, comes with its second delta is one call, under its name', async () => {
    const whole = required(func({ id: 'call_1' }, { name: 'a', arguments: '{"x":1}' }))
    const rows: readonly (readonly Told[])[] = [
      [
        step('s_1', { index: 0, ...func({}, { name: 'a', arguments: '{"x"' }) }),
        step('s_1', { index: 0, ...func({ id: 'call_1' }, { arguments: ':1}' }) }),
      ],
      [
        step('s_1', { index: 0, id: 'call_1', type: 'function' }),
        step('s_1', { index: 0, function: { name: 'a', arguments: '{"x":1}' } }),
      ],
    ]
    for (const deltas of rows) {
      const live: TurnEvent[] = []
      const turn = assemble([CREATED, ...deltas, whole])
      for await (const event of turn) live.push(event)
      const answer = await turn.message()
      expect(callRows(answer)).toEqual([{ id: 'call_1', name: 'a', input: { x: 1 } }])
      expect(kindsOf(answer)).toEqual([])
      expectLiveEqualsFinal(live, answer)
      expect(callRows(await of(CREATED, ...deltas, CREATED, ...deltas, whole))).toEqual(callRows(answer))
    }
  })

  it('I6: calls that come only whole are whole', async () => {
    const answer = await of(CREATED, required(func({ id: 'call_1' }, { name: 'a', arguments: '{}' })))
    expect(callRows(answer)).toEqual([{ id: 'call_1', name: 'a', input: {} }])
  })

  it('I6: code is the provider’s to run, and what came of it stands with it', async () => {
    const code = (id: JsonObject, own: JsonObject): Told =>
      step('s_1', { index: 0, ...id, type: 'code_interpreter', code_interpreter: own })
    const outputs = [{ type: 'logs', logs: '42' }]
    const answer = await of(
      CREATED,
      code({ id: 'c_1' }, { input: '6' }),
      code({}, { input: '*7' }),
      code({}, { outputs }),
      run('completed'),
    )
    expect(answer.content).toMatchObject([{ origin: 'provider', input: { input: '6*7' }, wire: { outputs } }])
  })

  it('I4: a search in files is a call without arguments', async () => {
    const answer = await of(
      CREATED,
      step('s_1', { index: 0, id: 'f_1', type: 'file_search', file_search: {} }),
      run('completed'),
    )
    expect(answer.content).toMatchObject([{ name: 'file_search', origin: 'provider', input: {} }])
  })

  it('I2: two messages of the thread are two blocks of the one message of the run', async () => {
    const answer = await of(
      CREATED,
      message('m_1', 'One '),
      message('m_1', 'and'),
      message('m_2', 'Two'),
      run('completed'),
      DONE,
    )
    expect(answer.content).toMatchObject([
      { text: 'One and', wire: { message: 'm_1' } },
      { text: 'Two', wire: { message: 'm_2' } },
    ])
  })

  it('I3: a run that is sent again from its beginning is one', async () => {
    const answer = await of(
      CREATED,
      message('m_1', 'One '),
      CREATED,
      message('m_1', 'One '),
      message('m_1', 'two'),
      run('completed'),
    )
    expect([textOf(answer), kindsOf(answer)]).toEqual(['One two', ['repeated_begin']])
  })

  it('I4: annotations are citations; a refusal and an image are what they are', async () => {
    const note = { type: 'file_citation', text: '[1]' }
    const other = (part: JsonObject): Told => ({
      event: 'thread.message.delta',
      data: { id: 'm_2', object: 'thread.message.delta', delta: { content: [part] } },
    })
    const answer = await of(
      CREATED,
      message('m_1', 'Hi [1]', [note]),
      other({ index: 0, type: 'refusal', refusal: 'No' }),
      other({ index: 1, type: 'image_file', image_file: { file_id: 'f' } }),
      run('completed'),
    )
    expect(answer.content).toMatchObject([
      { type: 'text', citations: [note] },
      { type: 'refusal', text: 'No' },
      { type: 'media', wire: { image_file: { file_id: 'f' } } },
    ])
  })

  it('I4: the whole message at its end is what counts, and its own form has it', async () => {
    const content = [{ type: 'text', text: { value: 'Hello', annotations: [] } }]
    const whole = { id: 'm_1', object: 'thread.message', status: 'completed', role: 'assistant', content }
    const answer = await of(
      CREATED,
      message('m_1', 'Hel'),
      { event: 'thread.message.completed', data: whole },
      run('completed'),
    )
    expect(textOf(answer)).toBe('Hello')
    expect(toNative(answer)).toMatchObject({ messages: [whole], run: { id: 'run_1', status: 'completed' }, steps: [] })
  })

  it('I4: an event that nobody knows is noted', async () => {
    const answer = await of(
      CREATED,
      { event: 'thread.mood', data: { mood: 'good' } },
      { event: 'mood', data: {} },
      run('completed'),
    )
    expect([answer.outcome.kind, kindsOf(answer)]).toEqual(['complete', ['unknown_event', 'unknown_event']])
  })
})
