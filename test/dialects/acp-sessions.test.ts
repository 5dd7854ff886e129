/** ACP: history that is sent again, several sessions in one connection, version 2, and the forms in which the SDK gives all that. */
import { describe, expect, it, test } from 'vitest'
import { DEFINITIONS } from '../../src/dialects/definitions.ts'
import { Fold } from '../../src/fold.ts'
import type { JsonObject } from '../../src/json.ts'
import { fold } from '../../src/turn.ts'
import { EOF } from '../support/folded.ts'
import {
  answer,
  call,
  content,
  done,
  kinds,
  load,
  only,
  progress,
  prompt,
  refused,
  request,
  result,
  run,
  state,
  text,
  thought,
  told,
  update,
  user,
} from './acp-wire.ts'

const OK = JSON.stringify([content('ok')])
const HISTORY = [user('hi', 'u1'), text('old', 'm1'), call('c1'), done('c1'), text('older', 'm2')]
const UNNAMED = [user('hi'), text('old'), call('c1'), done('c1'), text('older')]

describe('quirk 6.21: history that is sent when a session is loaded is no message', () => {
  const live = [prompt(2), text('new', 'm3'), answer(2)]
  it.each([
    ['with ids', [load(1), ...HISTORY, result(1), ...live]],
    ['without ids', [load(1), ...UNNAMED, result(1), ...live]],
    ['that goes on after the answer', [load(1), ...UNNAMED, result(1, null), text('oldest'), thought('hm'), ...live]],
    ['twice', [load(1), ...HISTORY, result(1), load(5), ...HISTORY, result(5), ...live]],
    ['of a resumed session', [request(1, 'session/resume', { sessionId: 's' }), ...HISTORY, result(1), ...live]],
    [
      'in part after the prompt',
      [load(1), ...HISTORY, result(1), prompt(2), text('old', 'm1'), done('c1'), text('new', 'm3'), answer(2)],
    ],
  ])('quirk 6.21: %s', (_, sent) => {
    const { messages } = run(sent)
    expect(told(messages)).toEqual([['new']])
    expect(messages[0]).toMatchObject({ key: 'turn/0', id: 'm3', outcome: { kind: 'complete' } })
  })

  it('quirk 6.21: what is over does not begin again, also where no request is seen', () => {
    const turn = [text('a', 'm1'), call('c1'), done('c1'), text('b', 'm2'), answer(1)]
    const { messages } = run([...turn, text('c', 'm3'), ...turn.slice(0, 4), answer(2)])
    expect(told(messages)).toEqual([['a', 'c1 Read file  complete', `c1 => ${OK}`], ['b'], ['c']])
    expect(messages[2]?.anomalies).toEqual([
      { kind: 'late_event', detail: 'agentmessagechunk m1' },
      { kind: 'late_event', detail: 'toolcall c1' },
      { kind: 'late_event', detail: 'toolcallupdate c1' },
      { kind: 'late_event', detail: 'agentmessagechunk m2' },
    ])
  })

  it('quirk 6.21: also while nothing goes on', () => {
    const turn = [prompt(1), text('a', 'm1'), text('b', 'm2'), answer(1)]
    const { messages } = run([
      ...turn,
      text('a', 'm1'),
      prompt(2),
      text('c', 'm3'),
      answer(2),
      text('a', 'm1'),
      text('b', 'm2'),
    ])
    expect(told(messages)).toEqual([['a'], ['b'], ['c']])
  })

  it('a session that could not be loaded has no history', () => {
    const { messages } = run([
      load(1),
      refused(1, { code: -32002, message: 'not found' }),
      text('a'),
      prompt(2),
      text('b'),
      answer(2),
    ])
    expect(told(messages)).toEqual([['a'], ['b']])
  })

  it('the same id in another session is another message', () => {
    const { messages } = run([
      prompt(1, 'x'),
      text('a', 'm', 'x'),
      answer(1),
      prompt(2, 'y'),
      text('b', 'm', 'y'),
      call('c', {}, 'y'),
      answer(2),
    ])
    expect(messages.map(({ id, wire }) => [id, wire.sessionId])).toEqual([
      ['m', 'x'],
      ['m', 'y'],
    ])
  })
})

test('several sessions of one connection do not mix', () => {
  const { messages } = run([
    prompt(1, 'x'),
    prompt(2, 'y'),
    text('a', undefined, 'x'),
    text('b', undefined, 'y'),
    call('c', {}, 'x'),
    text('B', undefined, 'y'),
    done('c', 'ok', 'x'),
    answer(2, 'max_tokens'),
    text('A', undefined, 'x'),
    load(3, 'y'),
    text('B', undefined, 'y'),
    answer(1),
  ])
  expect(messages.map(({ wire, stop, outcome }) => [wire.sessionId, stop.raw, outcome.kind])).toEqual([
    ['x', null, 'complete'],
    ['y', 'max_tokens', 'complete'],
    ['x', 'end_turn', 'complete'],
  ])
  expect(told(messages)).toEqual([['a', 'c Read file  complete', `c => ${OK}`], ['bB'], ['A']])
})

test('a prompt that nobody answered leaves its message truncated, and the next one begins its own', () => {
  const { messages } = run([prompt(1), text('a'), prompt(2), text('b'), answer(2)])
  expect(told(messages)).toEqual([['a'], ['b']])
  expect(messages.map(({ outcome }) => outcome.kind)).toEqual(['truncated', 'complete'])
  const late = run([prompt(1), text('a'), prompt(2), text('b'), answer(2), answer(1, 'max_tokens')])
  expect(late.messages.map(({ stop }) => stop.raw)).toEqual(['max_tokens', 'end_turn'])
})

describe('version 2', () => {
  it('I2: tells every message of a turn when the state is idle, though the connection stays open', () => {
    const assembler = new Fold({ dialect: 'acp' })
    const sent = [state('running'), thought('hm', 't'), text('a', 'm1'), text('b', 'm2')]
    const before = sent.flatMap((event) => assembler.receive(event))
    expect(before.filter(({ type }) => type === 'message')).toEqual([])
    const atIdle = assembler.receive(state('idle', { stopReason: 'end_turn' }))
    const finals = atIdle.flatMap((event) => (event.type === 'message' ? [event.final] : []))
    expect(finals.map(({ id, outcome }) => [id, outcome.kind])).toEqual([
      ['t', 'complete'],
      ['m1', 'complete'],
      ['m2', 'complete'],
    ])
    expect(assembler.end(EOF).filter(({ type }) => type === 'message')).toEqual([])
  })

  const accepted = result(1, { messageId: 'u1' })
  const opening = [prompt(1), accepted, user('hi', 'u1'), state('running')]

  it('the answer to the prompt does not end the turn, idle does', () => {
    const cut = run([...opening, text('a', 'm1')])
    expect(cut.messages).toMatchObject([{ content: [{ text: 'a' }], outcome: { kind: 'truncated' } }])
    const message = only([...opening, text('a', 'm1'), state('idle', { stopReason: 'end_turn' })])
    expect(message).toMatchObject({ id: 'm1', stop: { raw: 'end_turn' }, outcome: { kind: 'complete' }, anomalies: [] })
  })

  it('a state that is told again is no other end', () => {
    const idle = state('idle', { stopReason: 'end_turn', usage: { totalTokens: 3, inputTokens: 2, outputTokens: 1 } })
    const { messages } = run([state('idle'), ...opening, state('running'), text('a', 'm1'), idle, idle, idle])
    expect(messages).toMatchObject([
      { usage: { inputTokens: 2, outputTokens: 1 }, outcome: { kind: 'complete' }, anomalies: [] },
    ])
  })

  it('chunks of messages interleave, each in its own', () => {
    const { messages } = run([
      ...opening,
      thought('h', 't1'),
      text('a', 'm1'),
      text('x', 'm2'),
      thought('m', 't1'),
      text('b', 'm1'),
      text('y', 'm2'),
      state('idle', { stopReason: 'end_turn' }),
    ])
    expect(told(messages)).toEqual([['(hm)'], ['ab'], ['xy']])
    expect(messages.map(({ outcome }) => outcome.kind)).toEqual(['complete', 'complete', 'complete'])
  })

  it('a whole message stands in place of its chunks, and chunks that follow go on from it', () => {
    const whole = (piece: string, kind = 'agent_message'): JsonObject =>
      update({ sessionUpdate: kind, messageId: 'm1', content: [{ type: 'text', text: piece }] })
    const idle = state('idle', { stopReason: 'end_turn' })
    const rows: [JsonObject[], string[]][] = [
      [[text('He', 'm1'), text('llo', 'm1'), whole('Hello')], ['Hello']],
      [[text('He', 'm1'), whole('Hello'), whole('Hello'), text('!', 'm1')], ['Hello!']],
      [[text('He', 'm1'), whole('Bye')], ['Bye']],
      [[whole('Hello')], ['Hello']],
      [[whole('Hello'), text('!', 'm1')], ['Hello!']],
      [
        [thought('h', 'm1'), whole('hm', 'agent_thought'), text('a', 'm1'), whole('ab')],
        ['(hm)', 'ab'],
      ],
      [
        [text('a', 'm1'), call('c'), done('c'), text('b', 'm1'), whole('abc')],
        ['a', 'c Read file  complete', `c => ${OK}`, 'bc'],
      ],
    ]
    for (const [sent, blocks] of rows) {
      const message = only([...opening, ...sent, idle])
      expect(told([message])).toEqual([blocks])
      expect(kinds(message)).toEqual([])
    }
  })

  it('an update begins a call, and chunks of its content are added', () => {
    const piece = (one: string): JsonObject =>
      update({ sessionUpdate: 'tool_call_content_chunk', toolCallId: 'c', content: content(one) })
    const message = only([
      ...opening,
      text('a', 'm1'),
      progress('c', { title: 'Run', kind: 'execute', status: 'in_progress', rawInput: { cmd: 'ls' } }),
      piece('x'),
      piece('y'),
      progress('c', { status: 'completed' }),
      state('idle', { stopReason: 'end_turn' }),
    ])
    expect(told([message])).toEqual([
      ['a', 'c Run {"cmd":"ls"} complete', `c => ${JSON.stringify([content('x'), content('y')])}`],
    ])
    const replaced = only([...opening, progress('c', { title: 'Run' }), piece('x'), done('c'), state('idle')])
    expect(told([replaced])).toEqual([['c Run  complete', `c => ${OK}`]])
  })

  it('a call that was cancelled has a result that is an error', () => {
    const message = only([
      ...opening,
      progress('c', { title: 'Run' }),
      progress('c', { status: 'cancelled' }),
      state('idle'),
    ])
    expect(message.content).toMatchObject([{ state: 'complete' }, { isError: true, wire: { status: 'cancelled' } }])
  })

  it('idle with an error is a failure', () => {
    const error = { code: -32603, message: 'Internal error', data: { type: 'rate_limit_error' } }
    const message = only([...opening, text('a', 'm1'), state('idle', { stopReason: 'error', error })])
    expect(message.outcome).toMatchObject({ kind: 'failed', error: { class: 'rate_limit', retryable: true } })
    expect(message.stop.raw).toBe('error')
  })

  it('a prompt that is taken while the agent works goes on with its turn; one that is refused fails by itself', () => {
    const joined = run([
      ...opening,
      text('a', 'm1'),
      prompt(2),
      result(2, { messageId: 'u2' }),
      text('b', 'm1'),
      state('idle'),
    ])
    expect(joined.messages).toMatchObject([{ content: [{ text: 'ab' }], outcome: { kind: 'complete' } }])
    const failed = run([
      ...opening,
      text('a', 'm1'),
      prompt(2),
      refused(2, { code: -32602, message: 'no' }),
      text('b', 'm1'),
      state('idle', { stopReason: 'end_turn' }),
    ])
    expect(told(failed.messages)).toEqual([['ab'], []])
    expect(failed.messages.map(({ outcome }) => outcome.kind)).toEqual(['complete', 'failed'])
  })

  it('an agent that begins by itself has a turn of its own', () => {
    const idle = state('idle', { stopReason: 'end_turn' })
    const { messages } = run([...opening, text('a', 'm1'), idle, state('running'), text('b', 'm2'), idle])
    expect(told(messages)).toEqual([['a'], ['b']])
    expect(messages.map(({ stop }) => stop.raw)).toEqual(['end_turn', 'end_turn'])
  })

  it('quirk 6.21: history that is asked for is no message, and what goes on after it is', () => {
    const { messages } = run([
      request(1, 'session/resume', { sessionId: 's', replayFrom: { type: 'start' } }),
      ...HISTORY,
      state('running'),
      result(1),
      text('new', 'm3'),
      state('idle', { stopReason: 'end_turn' }),
    ])
    expect(told(messages)).toEqual([['new']])
  })
})

/**
 * What the driver of seed 003 reads from `kimi acp` (`initialize`, `session/resume` or `session/new`, `session/set_model`,
 * `session/prompt`), whose tools have titles such as "Read file: …" and whose arguments come as the growing content of updates.
 */
test('seed 003: what a driver of kimi sees of a resumed session', () => {
  const kimi = (toolCallId: string, status: string, piece: string): JsonObject =>
    progress(toolCallId, { status, content: [content(piece)] })
  const { messages } = run([
    request(0, 'initialize', {
      protocolVersion: 1,
      clientCapabilities: {},
      clientInfo: { name: 'driver', version: '1' },
    }),
    result(0, { protocolVersion: 1, agentCapabilities: { loadSession: true } }),
    request(1, 'session/resume', { sessionId: 's', cwd: '/', mcpServers: [] }),
    ...UNNAMED,
    result(1, { sessionId: 's' }),
    request(2, 'session/set_model', { sessionId: 's', modelId: 'k2' }),
    result(2),
    prompt(3),
    thought('I must '),
    thought('look.'),
    text('Let me '),
    text('look.'),
    call('0/c2', { title: 'Read file: /a', status: 'in_progress', content: [content('')] }),
    kimi('0/c2', 'in_progress', '{"path"'),
    kimi('0/c2', 'in_progress', '{"path": "/a"}'),
    kimi('0/c2', 'completed', 'hello'),
    text('It says '),
    answer(3),
    text('hello.'),
  ])
  expect(told(messages)).toEqual([
    [
      '(I must look.)',
      'Let me look.',
      '0/c2 Read file: /a {"path": "/a"} complete',
      `0/c2 => ${JSON.stringify([content('hello')])}`,
    ],
    ['It says hello.'],
  ])
  expect(messages.map(({ stop, outcome }) => [stop.raw, outcome.kind])).toEqual([
    [null, 'complete'],
    ['end_turn', 'complete'],
  ])
})

test('seed 003: a provider that failed behind end_turn is told as doubt, an error as a failure', () => {
  const quiet = only([prompt(3), answer(3)])
  expect([quiet.outcome.kind, kinds(quiet)]).toEqual(['complete', ['doubtful_end']])
  const loud = only([prompt(3), text('API call failed after 3 retries: HTTP 401'), answer(3)])
  expect([loud.outcome.kind, kinds(loud)]).toEqual(['complete', ['doubtful_end']])
  const open = only([prompt(3), text('a'), refused(3, { code: -32603, message: 'Internal error' })])
  expect(open.outcome.kind).toBe('failed')
})

describe('detection', () => {
  it('knows the protocol by its methods, its updates and its answers', () => {
    const looks = (payload: unknown, name?: string): string[] =>
      [...DEFINITIONS.values()].filter((one) => one.looksLike({ payload, name }) === 'yes').map((one) => one.name)
    for (const payload of [
      text('a'),
      prompt(1),
      load(1),
      answer(1),
      request(0, 'initialize', { protocolVersion: 1 }),
      result(0, { agentCapabilities: {} }),
      result(1, { sessionId: 's' }),
      { sessionId: 's', update: { sessionUpdate: 'plan', entries: [] } },
      { sessionUpdate: 'plan', entries: [] },
      { stopReason: 'end_turn', usage: null },
    ]) {
      expect([payload, looks(payload)]).toEqual([payload, ['acp']])
    }
    for (const payload of [
      // The Model Context Protocol is JSON-RPC too.
      request(0, 'initialize', { protocolVersion: '2025-06-18' }),
      request(0, 'tools/list'),
      result(0, { tools: [] }),
      refused(1, { code: 1, message: 'no' }),
      { error: { message: 'no' } },
      { stopReason: 'tool_use' },
      { stopReason: 'end_turn', output: {} },
      { update: { type: 'x' } },
      { type: 'stop' },
    ]) {
      expect(looks(payload)).not.toContain('acp')
    }
    expect(looks({ stopReason: 'end_turn' }, 'messageStop')).not.toContain('acp')
  })

  it('waits for what is decisive', () => {
    expect(only([refused(9, { code: 1, message: 'no' }), result(8, null), text('a'), answer(1)])).toMatchObject({
      dialect: 'acp',
      content: [{ text: 'a' }],
    })
  })
})

describe('the forms in which the SDK gives updates', () => {
  const piece = { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'a' } }
  it.each([
    ['the params of the client’s callback', [{ sessionId: 's', update: piece }, { stopReason: 'end_turn' }]],
    [
      'the messages of an active session',
      [
        { kind: 'session_update', notification: { sessionId: 's', update: piece }, update: piece },
        { kind: 'stop', response: { stopReason: 'end_turn' }, stopReason: 'end_turn' },
      ],
    ],
    ['bare updates', [piece, { stopReason: 'end_turn' }]],
  ])('%s', async (_, sent) => {
    const message = await fold(sent)
    expect(message).toMatchObject({
      dialect: 'acp',
      content: [{ text: 'a' }],
      stop: { raw: 'end_turn' },
      outcome: { kind: 'complete' },
    })
    expect(await fold(sent, { dialect: 'acp' })).toMatchObject({
      content: [{ text: 'a' }],
      outcome: { kind: 'complete' },
    })
  })

  it('a list of notifications, as toNative gives it, is one too', async () => {
    expect(await fold(JSON.stringify([text('a'), text('b')]))).toMatchObject({
      content: [{ text: 'ab' }],
      outcome: { kind: 'truncated' },
    })
  })
})

describe('I10: what is remembered is bounded', () => {
  it('more messages than may be open at once end the oldest', () => {
    const folding = new Fold({ dialect: 'acp' })
    for (let i = 0; i < 200; i += 1) {
      folding.receive(text(String(i)))
      folding.receive(call(`c${i}`))
    }
    folding.receive(answer(1))
    folding.end({ kind: 'complete' })
    expect(folding.messages).toHaveLength(200)
    expect(folding.messages.map(({ key }) => key)).toEqual(folding.messages.map((_, i) => `turn/${i}`))
    expect(new Set(folding.messages.map(({ outcome }) => outcome.kind))).toEqual(new Set(['complete']))
  })

  it('prompts that nobody answers, in sessions without end', () => {
    const folding = new Fold({ dialect: 'acp' })
    for (let i = 0; i < 3_000; i += 1) {
      folding.receive(prompt(i, `s${i}`))
      folding.receive(text('a', undefined, `s${i}`))
    }
    folding.end({ kind: 'complete' })
    expect(folding.messages).toHaveLength(3_000)
    expect(new Set(folding.messages.map(({ outcome }) => outcome.kind))).toEqual(new Set(['failed', 'truncated']))
  })

  it('a message that is one too many ends the source', () => {
    const { messages } = run([text('a', 'a'), text('b', 'b'), text('c', 'c'), text('d', 'd'), answer(1)], {
      limits: { messages: 2 },
    })
    expect(messages.map(({ outcome }) => outcome.kind)).toEqual(['complete', 'complete', 'failed'])
    expect(messages[2]?.outcome).toMatchObject({ error: { class: 'limit' } })
  })
})
