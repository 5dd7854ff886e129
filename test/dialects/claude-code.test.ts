/** Claude Code's stream-json: one message per id, whichever way it comes; lanes that never mix; no false success; no call handed out. */
import { describe, expect, it } from 'vitest'
import type { JsonObject, JsonValue } from '../../src/json.ts'
import type { AssistantMessage } from '../../src/message.ts'
import { toNative } from '../../src/to-native.ts'
import { assemble, fold } from '../../src/turn.ts'
import { describeShared, sessionLines } from '../support/corpus.ts'
import {
  assistant,
  block,
  call,
  clean,
  contentOf,
  foldRecords,
  INIT,
  message,
  result,
  SESSION,
  start,
  stops,
  streamed,
  text,
  thinking,
  toolResult,
  usage,
  user,
  uuid,
} from './claude-code-records.ts'

const A = [thinking('I look'), text('Hello'), call('toolu_1')]
const B = [text('It is done.')]
const SAID_A = ['(I look)c2ln', 'Hello', 'Bash toolu_1 {"n":1} complete provider']

const STREAMED = [
  INIT,
  ...message('msg_1', A, 'tool_use', 40),
  toolResult('toolu_1'),
  ...message('msg_2', B, 'end_turn', 9),
  result(),
]
const RECORDED = [
  INIT,
  ...A.map((one) => assistant('msg_1', [one])),
  toolResult('toolu_1'),
  ...B.map((one) => assistant('msg_2', [one])),
  result(),
]

function kindsOf({ anomalies }: AssistantMessage): readonly string[] {
  return anomalies.map(({ kind }) => kind)
}

function outcomesOf(messages: readonly AssistantMessage[]): readonly string[] {
  return messages.map(({ id, outcome }) => `${id} ${outcome.kind}`)
}

function errorOf(one: AssistantMessage | undefined): unknown {
  return one?.outcome.kind === 'failed' ? one.outcome.error : undefined
}

describe('a message of Claude Code', () => {
  it('quirk 2.21: that comes in several records of one id is one message', () => {
    const { messages } = foldRecords(RECORDED)
    expect(messages.map(({ id }) => id)).toEqual(['msg_1', 'msg_2'])
    expect(messages.map(contentOf)).toEqual([SAID_A, ['It is done.']])
    expect(outcomesOf(messages)).toEqual(['msg_1 complete', 'msg_2 complete'])
    expect(messages.map(({ stop }) => stop.raw)).toEqual([null, 'end_turn'])
  })

  it('I3: has each event of its stream once, by its uuid, also where the end of the stream comes again', () => {
    const [first, ...events] = message('msg_1', B, 'end_turn', 9)
    const stream = [first ?? {}, ...events]
    const once = foldRecords([INIT, ...stream, result()]).messages
    for (const [at, event] of events.entries()) {
      if (event['type'] !== 'stream_event') continue
      const twice = [...stream.slice(0, at + 2), event, ...stream.slice(at + 2)]
      const { messages } = foldRecords([INIT, ...twice, result()])
      expect(messages.map(contentOf)).toEqual(once.map(contentOf))
      expect(messages.map(kindsOf)).toEqual([['duplicate_event']])
    }
    const tail = foldRecords([INIT, ...stream.slice(0, 4), ...stream.slice(2), result()]).messages
    expect(tail.map(contentOf)).toEqual([B.map(({ text: said }) => said)])
    const whole = foldRecords([INIT, ...stream.slice(0, 5), ...stream, result()]).messages
    expect([whole.map(contentOf), outcomesOf(whole)]).toEqual([once.map(contentOf), outcomesOf(once)])
  })

  it('I4: loses nothing where one uuid names several events', () => {
    const events = [start('msg_1'), ...block(0, text('Hello')), ...block(1, text('lolo')), ...stops('end_turn', 9)]
    const { messages } = foldRecords([INIT, ...events.map((event) => streamed(event, { uuid: 'u' })), result()])
    expect([messages.map(contentOf), messages.map(kindsOf)]).toEqual([[['Hello', 'lolo']], [[]]])
  })

  it('quirk 2.21: that comes as stream events and in records is one message, with nothing twice', () => {
    const { messages, events } = foldRecords(STREAMED)
    expect(messages.map(contentOf)).toEqual([SAID_A, ['It is done.']])
    expect(messages.map(({ stop }) => stop)).toMatchObject([
      { reason: 'tool_calls', raw: 'tool_use' },
      { reason: 'end_turn', raw: 'end_turn' },
    ])
    expect(messages.map(kindsOf)).toEqual([[], []])
    expect(outcomesOf(messages)).toEqual(['msg_1 complete', 'msg_2 complete'])
    const texts = events.flatMap((event) => (event.type === 'text' ? [event.text] : []))
    expect(texts).toEqual(['He', 'llo', 'It', ' is done.'])
  })

  it('quirk 9.10: is counted once: each message has its own usage, and the result has that of the turn', () => {
    const { messages } = foldRecords(STREAMED)
    expect(messages.map((one) => one.usage)).toEqual([
      { inputTokens: 42, outputTokens: 40, cacheReadTokens: 30, cacheWriteTokens: 2 },
      { inputTokens: 42, outputTokens: 9, cacheReadTokens: 30, cacheWriteTokens: 2 },
    ])
    expect(messages[1]?.wire['claude_code']).toMatchObject({ result: { usage: usage(50), total_cost_usd: 0.01 } })
  })

  it.each([
    { name: 'the last record has it', outputs: [1, 1, 40] },
    { name: 'an earlier record comes again', outputs: [1, 40, 1] },
    { name: 'it grows', outputs: [5, 12, 40] },
  ])('quirk 9.02: does not keep the placeholder of the output tokens: $name', ({ outputs }) => {
    const records = outputs.map((output, at) =>
      assistant('msg_1', [A[at] ?? {}], { message: { usage: usage(output) } }),
    )
    const { messages } = foldRecords([...records, result()])
    expect(messages[0]?.usage).toEqual({ inputTokens: 42, outputTokens: 40, cacheReadTokens: 30, cacheWriteTokens: 2 })
    expect(messages[0]?.rawUsage).toEqual(usage(40))
  })

  it('quirk 9.02: keeps the count of the stream when a record with the placeholder comes after it', () => {
    const events = [start('msg_1'), ...block(0, text('Hello')), ...stops('end_turn', 9)].map((one) => streamed(one))
    const { messages } = foldRecords([...events, assistant('msg_1', [text('Hello')]), result()])
    expect(messages.map(contentOf)).toEqual([['Hello']])
    expect(messages[0]?.usage.outputTokens).toBe(9)
    expect(messages.map(kindsOf)).toEqual([[]])
  })

  const events = block(0, text('Hello'))
  const RECORD = assistant('msg_1', [text('Hello')])
  const around = (...records: readonly (readonly JsonObject[])[]): JsonObject[] => {
    const [beforeStop = [], afterStop = [], afterMessage = [], afterResult = []] = records
    return [
      streamed(start('msg_1')),
      ...events.slice(0, -1).map((one) => streamed(one)),
      ...beforeStop,
      streamed(events.at(-1) ?? {}),
      ...afterStop,
      ...stops('end_turn', 9).map((one) => streamed(one)),
      ...afterMessage,
      result(),
      ...afterResult,
    ]
  }
  it.each([
    { name: 'before its block is closed', records: around([RECORD]) },
    { name: 'after its block is closed', records: around([], [RECORD]) },
    { name: 'after its message is over', records: around([], [], [RECORD]) },
    { name: 'after the turn is over', records: around([], [], [], [RECORD]) },
    { name: 'everywhere', records: around([RECORD, RECORD], [RECORD], [RECORD], [RECORD, RECORD]) },
  ])('I3: is the same if the record of a block comes $name', ({ records }) => {
    const { messages } = foldRecords(records)
    expect(messages.map(contentOf)).toEqual([['Hello']])
    expect(messages.map(kindsOf)).toEqual([[]])
    expect(messages.map(clean)).toEqual(foldRecords(around()).messages.map(clean))
  })

  it('I3: keeps two records of the same text, which are two blocks, and one record that comes twice, which is one', () => {
    const twice = [assistant('msg_1', [text('Ha')]), assistant('msg_1', [text('Ha')])]
    const { messages } = foldRecords([...twice, ...twice, result()])
    expect(messages.map(contentOf)).toEqual([['Ha', 'Ha']])
  })

  it('I7: keeps the arguments as they were written, though the record has them in another form', () => {
    const written = [
      { type: 'content_block_start', index: 0, content_block: { ...call('toolu_1'), input: {} } },
      { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '{ "n" : 1.0 }' } },
    ]
    const { messages } = foldRecords([
      streamed(start('msg_1')),
      ...written.map((one) => streamed(one)),
      assistant('msg_1', [call('toolu_1')]),
      streamed({ type: 'content_block_stop', index: 0 }),
      ...stops('tool_use', 9).map((one) => streamed(one)),
    ])
    expect(messages.map(contentOf)).toEqual([['Bash toolu_1 { "n" : 1.0 } complete provider']])
    expect(messages.map(kindsOf)).toEqual([[]])
  })

  it('I4: gets from a record what the stream left out, and a block that it never had', () => {
    const { messages } = foldRecords([
      streamed(start('msg_1')),
      ...block(0, text('Hello'))
        .slice(0, 2)
        .map((one) => streamed(one)),
      assistant('msg_1', [text('Hello')]),
      assistant('msg_1', [call('toolu_1')]),
      ...stops('tool_use', 9).map((one) => streamed(one)),
    ])
    expect(messages.map(contentOf)).toEqual([['Hello', 'Bash toolu_1 {"n":1} complete provider']])
  })

  it('I3: is sent again from its beginning, whole or in part: nothing is there twice', () => {
    const [, ...turn] = STREAMED
    for (let length = 1; length < turn.length; length += 1) {
      const { messages } = foldRecords([INIT, ...turn.slice(0, length), ...turn])
      expect(messages.map(clean), `after ${length}`).toEqual(foldRecords(STREAMED).messages.map(clean))
    }
  })

  it.each([
    { name: 'with stream events', records: STREAMED },
    { name: 'without', records: RECORDED },
  ])('I3: is the same if any one record of the turn comes twice in a row, $name', ({ records }) => {
    const expected = foldRecords(records).messages.map(clean)
    for (const [at, record] of records.entries()) {
      // Nothing tells a delta that is sent again from a word that is said again.
      if (JSON.stringify(record).includes('content_block_delta')) continue
      const { messages } = foldRecords([...records.slice(0, at), record, ...records.slice(at)])
      expect(messages.map(clean), JSON.stringify(record)).toEqual(expected)
    }
  })

  it('I7: is the API’s own message in native form, without what the agent adds', () => {
    const { messages } = foldRecords(STREAMED)
    const [first] = messages
    expect(first === undefined ? undefined : toNative(first)).toEqual({
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'claude-sonnet-4-5',
      content: A,
      stop_reason: 'tool_use',
      stop_sequence: null,
      usage: usage(40),
    })
    expect(toNative(messages)).toMatchObject([{ id: 'msg_1' }, { id: 'msg_2', content: B }])
    expect(toNative(foldRecords(RECORDED).messages)).toMatchObject([{ content: A }, { content: B }])
  })

  it('I4: tells whose it is and in which records it came', () => {
    const [first] = foldRecords(RECORDED).messages
    expect(first?.wire['claude_code']).toMatchObject({ ...SESSION })
    expect(first?.wire['claude_code']).not.toHaveProperty('parent_tool_use_id')
    const records: JsonValue = JSON.parse(JSON.stringify(first?.wire['claude_code']))['records']
    expect(Object.keys(Object(records))).toEqual(RECORDED.slice(1, 4).map((record) => record['uuid']))
  })
})

describe('the agents that Claude Code runs', () => {
  const ofTask = (id: string): JsonObject => ({ parent_tool_use_id: id })
  const inLane = (records: readonly JsonObject[], id: string): JsonObject[] =>
    records.map((record) => ({ ...record, ...ofTask(id) }))

  it('I2: have messages of their own, though their stream events come in turn', () => {
    const main = message('msg_main', [call('toolu_a'), call('toolu_b')], 'tool_use', 5)
    const a = inLane(message('msg_a', [text('I am a'), call('toolu_x')], 'tool_use', 6), 'toolu_a')
    const b = inLane(message('msg_b', [text('I am b')], 'end_turn', 7), 'toolu_b')
    const mixed = Array.from({ length: 30 }, (_, at) => [main[at], a[at], b[at]]).flat()
    const { messages } = foldRecords([INIT, ...mixed.filter((record) => record !== undefined)])
    const rows = messages.map((one) => [one.id, contentOf(one), one.wire['claude_code']])
    expect(rows).toMatchObject([
      ['msg_main', ['Bash toolu_a {"n":1} complete provider', 'Bash toolu_b {"n":1} complete provider'], {}],
      ['msg_a', ['I am a', 'Bash toolu_x {"n":1} complete provider'], ofTask('toolu_a')],
      ['msg_b', ['I am b'], ofTask('toolu_b')],
    ])
    expect(messages.map(({ usage: used }) => used.outputTokens)).toEqual([5, 6, 7])
    expect(messages.map(kindsOf)).toEqual([[], [], []])
  })

  const TASK = [
    assistant('msg_1', [call('toolu_a')]),
    assistant('msg_a', [text('One')], ofTask('toolu_a')),
    assistant('msg_b', [text('Two')], ofTask('toolu_a')),
  ]
  const rows: readonly { readonly name: string; readonly after: readonly JsonObject[]; readonly last: string }[] = [
    { name: 'I5: not yet, if nothing follows', after: [], last: 'truncated' },
    { name: 'its result came', after: [toolResult('toolu_a')], last: 'complete' },
    { name: 'its result came, and the turn is over', after: [toolResult('toolu_a'), result()], last: 'complete' },
    {
      name: 'I5: not, if its result is an error',
      after: [user([{ type: 'tool_result', tool_use_id: 'toolu_a', is_error: true }]), result()],
      last: 'failed',
    },
    {
      name: 'its task is told to be completed',
      after: [
        { type: 'system', subtype: 'task_notification', tool_use_id: 'toolu_a', status: 'completed', ...SESSION },
      ],
      last: 'complete',
    },
    {
      name: 'I5: not, if its task failed',
      after: [{ type: 'system', subtype: 'task_notification', tool_use_id: 'toolu_a', status: 'failed', ...SESSION }],
      last: 'failed',
    },
    {
      name: 'I5: not yet, if it goes on after its result',
      after: [toolResult('toolu_a'), assistant('msg_b', [text('More')], ofTask('toolu_a'))],
      last: 'truncated',
    },
  ]
  it.each(rows)('the last message is complete when $name', ({ after, last }) => {
    const { messages } = foldRecords([INIT, ...TASK, ...after])
    expect(messages.slice(1).map(({ id, outcome }) => [id, outcome.kind])).toEqual([
      ['msg_a', 'complete'],
      ['msg_b', last],
    ])
  })

  it('I10: may be more than stream side by side, one after the other', () => {
    const tasks = Array.from({ length: 400 }, (_, at) => [
      assistant(`msg_${at}`, [call(`toolu_${at}`)]),
      assistant(`sub_${at}`, [text('Hi')], ofTask(`toolu_${at}`)),
      { type: 'system', subtype: 'task_notification', tool_use_id: `toolu_${at}`, status: 'completed', ...SESSION },
      toolResult(`toolu_${at}`),
    ]).flat()
    const { messages } = foldRecords([INIT, ...tasks, result()])
    expect(messages).toHaveLength(800)
    expect(messages.every(({ outcome }) => outcome.kind === 'complete')).toBe(true)
  })
})

describe('the end of a message of Claude Code', () => {
  it('I5: a stream with stream events that is cut anywhere is complete only behind a stop reason', () => {
    for (let length = 1; length < STREAMED.length; length += 1) {
      const sent = STREAMED.slice(0, length)
      const { messages } = foldRecords(sent)
      const has = (id: string, event: string): boolean => {
        const from = sent.findIndex((record) => JSON.stringify(record).includes(`"id":"${id}"`))
        return from >= 0 && sent.slice(from).some((record) => JSON.stringify(record).includes(event))
      }
      for (const { id, outcome } of messages) {
        const isOver = has(id, '"message_delta"')
        if (sent.length > 1) expect(outcome.kind === 'complete', `${id} after ${length}`).toBe(isOver)
      }
      expect(messages.length).toBe(Math.max(1, [has('msg_1', ''), has('msg_2', '')].filter(Boolean).length))
    }
  })

  it('I5: a stream without them that is cut is complete only for the message before another one, and before the result', () => {
    for (let length = 2; length <= RECORDED.length; length += 1) {
      const { messages } = foldRecords(RECORDED.slice(0, length))
      const whole = length === RECORDED.length ? 2 : length > 5 ? 1 : 0
      expect(messages.filter(({ outcome }) => outcome.kind === 'complete').length, `after ${length}`).toBe(whole)
      expect(messages).toHaveLength(length > 5 ? 2 : 1)
    }
  })

  it('I5: a message without stream events or a call is not whole if the next one comes with nothing in between', () => {
    const search: JsonObject = { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} }
    const rows: readonly (readonly [readonly JsonObject[], string])[] = [
      [[assistant('msg_1', B)], 'failed'],
      [[assistant('msg_1', B), user('More.')], 'complete'],
      [[assistant('msg_1', B, { message: { stop_reason: 'end_turn' } })], 'complete'],
      [A.map((one) => assistant('msg_1', [one])), 'complete'],
      [[assistant('msg_1', [search])], 'complete'],
    ]
    for (const [records, first] of rows) {
      const { messages } = foldRecords([INIT, ...records, assistant('msg_2', B), result()])
      expect(outcomesOf(messages)).toEqual([`msg_1 ${first}`, 'msg_2 complete'])
    }
  })

  it('I5: is not the result of one of its tools: tools run while it is still streaming', () => {
    const first = [assistant('msg_1', [call('toolu_1')]), toolResult('toolu_1')]
    expect(outcomesOf(foldRecords([INIT, ...first]).messages)).toEqual(['msg_1 truncated'])
    const more = [...first, assistant('msg_1', [call('toolu_2')]), toolResult('toolu_2')]
    const { messages } = foldRecords([INIT, ...more, assistant('msg_2', B), result()])
    expect(outcomesOf(messages)).toEqual(['msg_1 complete', 'msg_2 complete'])
    expect(messages[0]?.content).toHaveLength(2)
  })

  const half = [
    streamed(start('msg_1')),
    ...block(0, text('Half an'))
      .slice(0, 2)
      .map((one) => streamed(one)),
  ]
  const ABANDONED = streamed({ type: 'message_stop' }, { abandoned_blocks: { api_message_id: 'msg_1' } })
  const rows: readonly {
    readonly name: string
    readonly records: readonly JsonObject[]
    readonly outcomes: readonly string[]
  }[] = [
    {
      name: 'no success if the agent abandons its blocks, though it writes a message_stop',
      records: [...half, ABANDONED, ...message('msg_2', B, 'end_turn', 9), result()],
      outcomes: ['msg_1 failed', 'msg_2 complete'],
    },
    {
      name: 'no success if another message begins before the stop reason',
      records: [...half, ...message('msg_2', B, 'end_turn', 9), result()],
      outcomes: ['msg_1 failed', 'msg_2 complete'],
    },
    {
      name: 'no success if the agent was interrupted',
      records: [assistant('msg_1', [text('Half')], { aborted: true }), result({ subtype: 'error_during_execution' })],
      outcomes: ['msg_1 failed'],
    },
    {
      name: 'no success if the turn fails within it',
      records: [...half, result({ subtype: 'error_during_execution', is_error: true, errors: ['it broke'] })],
      outcomes: ['msg_1 failed'],
    },
    {
      name: 'no success if the agent asks the model to go on',
      records: [
        assistant('msg_1', [text('Half')]),
        user([text('Go on')], { isSynthetic: true }),
        assistant('msg_2', B),
        result(),
      ],
      outcomes: ['msg_1 failed', 'msg_2 complete'],
    },
    {
      name: 'known if the agent asks the model to go on behind a stop reason',
      records: [
        ...message('msg_1', B, 'max_tokens', 9),
        user([text('Go on')], { isSynthetic: true }),
        ...message('msg_2', B, 'end_turn', 9),
        result(),
      ],
      outcomes: ['msg_1 complete', 'msg_2 complete'],
    },
    {
      name: 'known if a tool brings the agent to add a text',
      records: [
        assistant('msg_1', [call('toolu_1')]),
        toolResult('toolu_1'),
        user([text('How the skill works')], { isSynthetic: true }),
        assistant('msg_2', B),
        result(),
      ],
      outcomes: ['msg_1 complete', 'msg_2 complete'],
    },
    {
      name: 'known with the stop reason of an older version’s last record',
      records: [assistant('msg_1', [text('Hi')], { message: { stop_reason: 'end_turn' } })],
      outcomes: ['msg_1 complete'],
    },
  ]
  it.each(rows)('I5: is $name', ({ records, outcomes }) => {
    expect(outcomesOf(foldRecords([INIT, ...records]).messages)).toEqual(outcomes)
  })

  it('I5: is told apart by the limit that ended the turn: the messages are whole, the turn has failed', () => {
    for (const records of [STREAMED.slice(1, -1), RECORDED.slice(1, -1)]) {
      const limit = result({ subtype: 'error_max_turns', is_error: true, errors: ['Reached 2 turns'], result: '' })
      const { messages } = foldRecords([...records, limit, limit])
      expect(messages.map(({ outcome }) => outcome.kind)).toEqual(['complete', 'complete', 'failed'])
      expect(messages[2]).toMatchObject({ content: [], outcome: { error: { message: 'Reached 2 turns' } } })
      expect(messages[2]?.wire['claude_code']).toMatchObject({ result: { subtype: 'error_max_turns' } })
    }
  })
})

describe('an error of Claude Code', () => {
  const failed = (more: JsonObject): JsonObject[] => [
    assistant('a-uuid', [text('API Error: no')], {
      message: { model: '<synthetic>', stop_reason: 'stop_sequence' },
      ...more,
    }),
    result({ is_error: true, result: 'API Error: no' }),
  ]
  const rows: readonly { readonly says: JsonObject; readonly error: JsonObject }[] = [
    { says: { error: 'authentication_failed' }, error: { class: 'auth', retryable: false } },
    { says: { error: 'oauth_org_not_allowed' }, error: { class: 'auth', retryable: false } },
    { says: { error: 'account_on_hold' }, error: { class: 'auth', retryable: false } },
    { says: { error: 'verification_required' }, error: { class: 'auth', retryable: false } },
    { says: { error: 'billing_error' }, error: { class: 'auth', retryable: false } },
    { says: { error: 'cloud_credential_error' }, error: { class: 'auth', retryable: false } },
    { says: { error: 'rate_limit' }, error: { class: 'rate_limit', retryable: true } },
    { says: { error: 'overloaded' }, error: { class: 'overloaded', retryable: true } },
    { says: { error: 'invalid_request' }, error: { class: 'invalid_request', retryable: false } },
    { says: { error: 'model_not_found' }, error: { class: 'invalid_request', retryable: false } },
    { says: { error: 'server_error' }, error: { class: 'unknown', retryable: true } },
    { says: { error: 'max_output_tokens' }, error: { class: 'unknown', retryable: false } },
    { says: { error: 'unknown' }, error: { class: 'unknown', retryable: false } },
    { says: { error: 'of a later version' }, error: { class: 'unknown', retryable: false } },
    { says: { isApiErrorMessage: true }, error: { class: 'unknown', retryable: false } },
    {
      says: { error: 'server_error', api_error_status: 529, api_error_type: 'overloaded_error', request_id: 'req_1' },
      error: { class: 'overloaded', retryable: true, status: 529, requestId: 'req_1' },
    },
  ]
  it.each(rows)('I5: is a failed message and no answer: $says', ({ says, error }) => {
    const { messages } = foldRecords([INIT, ...failed(says)])
    expect(messages).toHaveLength(1)
    expect(messages[0]).toMatchObject({ id: 'a-uuid', outcome: { kind: 'failed', error } })
    expect(errorOf(messages[0])).toMatchObject({ message: 'API Error: no' })
    expect(contentOf(messages[0] ?? expect.fail('no message'))).toEqual(['API Error: no'])
  })

  it('I5: is the message of a turn that failed before it began', () => {
    const { messages } = foldRecords([
      result({ subtype: 'error_during_execution', is_error: true, errors: ['no key'] }),
    ])
    expect(messages).toMatchObject([{ content: [], outcome: { kind: 'failed', error: { message: 'no key' } } }])
  })

  it('I5: in a stream event ends its message; what comes after is another one', () => {
    const { messages } = foldRecords([
      streamed(start('msg_1')),
      streamed({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }),
      ...message('msg_2', B, 'end_turn', 9),
      result(),
    ])
    expect(outcomesOf(messages)).toEqual(['msg_1 failed', 'msg_2 complete'])
    expect(errorOf(messages[0])).toMatchObject({ class: 'overloaded', message: 'Overloaded' })
  })

  it('I4: what a message on the agent’s own behalf says, and is no error, is a message', () => {
    const { messages } = foldRecords([
      assistant('a-uuid', [text('No response requested.')], { message: { model: '<synthetic>' } }),
      result(),
    ])
    expect(messages).toMatchObject([{ model: '<synthetic>', outcome: { kind: 'complete' } }])
  })
})

describe('what is no message of Claude Code', () => {
  const aside: readonly JsonObject[] = [
    ...[
      'status',
      'compact_boundary',
      'api_retry',
      'hook_started',
      'thinking_tokens',
      'task_started',
      'of a later version',
    ].map((subtype) => ({ type: 'system', subtype, error: 'overloaded', ...SESSION })),
    ...['rate_limit_event', 'tool_use_summary', 'auth_status', 'prompt_suggestion', 'command_lifecycle'].map(
      (type) => ({
        type,
        error: 'no',
        ...SESSION,
      }),
    ),
    { type: 'tool_progress', tool_use_id: 'toolu_1', elapsed_time_seconds: 3, ...SESSION },
    { type: 'keep_alive' },
    { type: 'control_request', request_id: '1', request: { subtype: 'can_use_tool', tool_name: 'Bash', input: {} } },
    { type: 'control_response', response: { subtype: 'success', request_id: '1' } },
    user('What I typed'),
    user([text('Before'), call('toolu_9')], { isReplay: true }),
    assistant('msg_of_history', [text('Before')], { isReplay: true }),
    streamed({ type: 'ping' }),
  ]

  it('I4: changes nothing, wherever it comes', () => {
    const expected = foldRecords(STREAMED).messages.map(clean)
    for (const record of aside) {
      for (let at = 1; at <= STREAMED.length; at += 1) {
        const { messages, late } = foldRecords([...STREAMED.slice(0, at), record, ...STREAMED.slice(at)])
        expect(messages.map(clean), JSON.stringify(record)).toEqual(expected)
        expect(messages.map(kindsOf)).toEqual([[], []])
        expect(late).toBe(0)
      }
    }
  })

  it('I4: is an anomaly if nobody knows it', () => {
    const strange = { type: 'telepathy', ...SESSION, thought: 'Hm' }
    const { messages } = foldRecords([...STREAMED.slice(0, 4), strange, ...STREAMED.slice(4)])
    expect(messages[0]?.anomalies).toEqual([{ kind: 'unknown_event', detail: 'telepathy', value: strange }])
  })

  it('I3: is a message that has ended and is sent again behind others', () => {
    const again = [...message('msg_1', A, 'tool_use', 40), ...A.map((one) => assistant('msg_1', [one]))]
    const open = message('msg_3', [text('Third')], 'end_turn', 3)
    const { messages } = foldRecords([
      ...STREAMED,
      ...open.slice(0, 3),
      ...again,
      ...open.slice(0, 1),
      ...open.slice(3),
      result(),
    ])
    expect(messages.map(({ id }) => id)).toEqual(['msg_1', 'msg_2', 'msg_3'])
    expect(messages.map(contentOf)).toEqual([SAID_A, ['It is done.'], ['Third']])
  })
})

describe('the whole answer of Claude Code', () => {
  it('I2: is a message if it is one JSON object', async () => {
    const whole = result({ result: 'Hello', usage: usage(7) })
    const message_ = await fold(bytes(JSON.stringify(whole, null, 2)))
    expect(message_).toMatchObject({
      dialect: 'claude-code',
      content: [{ type: 'text', text: 'Hello' }],
      outcome: { kind: 'complete' },
      stop: { reason: 'end_turn', raw: 'end_turn' },
      usage: { inputTokens: 42, outputTokens: 7 },
    })
  })

  it('I2: is its messages if it is a list of all records', async () => {
    const messages = await assemble(bytes(JSON.stringify(RECORDED))).messages()
    expect(messages.map(contentOf)).toEqual([SAID_A, ['It is done.']])
  })

  it('I2: the objects that the Agent SDK gives are the same messages, found out or named', async () => {
    async function* sdk() {
      for (const record of STREAMED) yield structuredClone(record)
    }
    const expected = foldRecords(STREAMED).messages.map(clean)
    for (const options of [{}, { dialect: 'claude-code' as const }]) {
      const messages = await assemble(sdk(), options).messages()
      expect(messages.map(({ timing: _timing, ...one }) => clean(one))).toEqual(expected)
    }
  })
})

async function* bytes(body: string): AsyncGenerator<string> {
  yield body
}

describe('the dialect of a stream', () => {
  const rows: readonly { readonly name: string; readonly first: JsonValue; readonly is: string }[] = [
    { name: 'the first record', first: INIT, is: 'claude-code' },
    { name: 'a stream event', first: streamed(start('msg_1')), is: 'claude-code' },
    { name: 'a record of a message', first: assistant('msg_1', B), is: 'claude-code' },
    { name: 'a user’s record', first: user('Hi'), is: 'claude-code' },
    { name: 'a result', first: result(), is: 'claude-code' },
    { name: 'a rate limit', first: { type: 'rate_limit_event', rate_limit_info: {}, ...SESSION }, is: 'claude-code' },
    { name: 'the event of the API itself', first: start('msg_1'), is: 'anthropic-messages' },
    {
      name: 'a line of a session file, which is no stream',
      first: { ...assistant('msg_1', B), session_id: null, sessionId: 's', parentUuid: null, isSidechain: false },
      is: 'unknown',
    },
    { name: 'a system message of another program', first: { type: 'system', text: 'Hi', ...SESSION }, is: 'unknown' },
    { name: 'a result of another program', first: { type: 'result', status: 'success', ...SESSION }, is: 'unknown' },
  ]
  it.each(rows)('is told by $name', ({ first, is }) => {
    expect(foldRecords([first]).messages[0]?.dialect).toBe(is)
  })

  it('is told by what comes after lines that say nothing of it', () => {
    const { messages } = foldRecords([{ type: 'keep_alive' }, { type: 'control_response', response: {} }, ...STREAMED])
    expect(messages.map(clean)).toEqual(foldRecords(STREAMED).messages.map(clean))
  })
})

describeShared('sessions', 'the session files of Claude Code', () => {
  it('are no stream, and are not taken for one: no line of them is', () => {
    const lines = sessionLines('claude')
    expect(lines.length).toBeGreaterThan(20)
    const kinds = lines.map((line) => foldRecords([JSON.parse(line)]).messages[0]?.outcome)
    for (const kind of kinds) expect(kind).toMatchObject({ kind: 'failed', error: { class: 'unknown_dialect' } })
  })
})

describe('another stream of Claude Code’s turn', () => {
  it('I3: takes the place of one that was cut', async () => {
    const cut = STREAMED.slice(0, 6)
    const sources = [cut, [{ ...INIT, uuid: uuid() }, ...message('msg_9', B, 'end_turn', 3), result()]]
    const open = (attempt: { readonly number: number }) => bytes(linesOf(sources[attempt.number - 1] ?? []))
    const turn = assemble(open, { attempts: 2, random: () => 0 })
    const messages = await turn.messages()
    expect(messages.map(({ id }) => id)).toEqual(['msg_9'])
    expect(messages.map(contentOf)).toEqual([['It is done.']])
  })
})

function linesOf(records: readonly JsonValue[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('')
}
