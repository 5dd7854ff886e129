/** ACP version 1, update by update: what each means in the message, and when a message is over. */
import { describe, expect, it, test } from 'vitest'
import { Fold } from '../../src/fold.ts'
import { toNative } from '../../src/to-native.ts'
import type { JsonObject, JsonValue } from '../../src/json.ts'
import type { StopReason } from '../../src/message.ts'
import {
  answer,
  call,
  content,
  done,
  inShort,
  kinds,
  only,
  plan,
  progress,
  prompt,
  refused,
  request,
  result,
  run,
  text,
  thought,
  told,
  update,
  user,
} from './acp-wire.ts'

const OK = '[{"type":"content","content":{"type":"text","text":"ok"}}]'

describe('quirk 6.20: which message a chunk belongs to', () => {
  const rows: Record<string, { readonly sent: readonly JsonObject[]; readonly messages: readonly string[][] }> = {
    'chunks without an id go on': { sent: [text('a'), text('b')], messages: [['ab']] },
    'text after thoughts is the same message': { sent: [thought('hm'), text('a')], messages: [['(hm)', 'a']] },
    'text after a call is the next one': {
      sent: [text('a'), call('c'), done('c'), text('b')],
      messages: [['a', 'c Read file  complete', `c => ${OK}`], ['b']],
    },
    'a thought after a call is the next one, with the text after it': {
      sent: [text('a'), call('c'), done('c'), thought('hm'), text('b')],
      messages: [
        ['a', 'c Read file  complete', `c => ${OK}`],
        ['(hm)', 'b'],
      ],
    },
    'calls one after the other stay together': {
      sent: [text('a'), call('c'), call('d'), done('c'), done('d')],
      messages: [['a', 'c Read file  complete', 'd Read file  complete', `c => ${OK}`, `d => ${OK}`]],
    },
    'text after a plan is the next one': { sent: [text('a'), plan('x'), text('b')], messages: [['a'], ['b']] },
    'a plan that comes first stands with the text after it': { sent: [plan('x'), text('a')], messages: [['a']] },
    'a call after a plan stays with the words before': {
      sent: [text('a'), plan('x'), call('c'), done('c')],
      messages: [['a', 'c Read file  complete', `c => ${OK}`]],
    },
    'anything after what the user said is the next one': {
      sent: [text('a'), user('and?'), call('c'), done('c')],
      messages: [['a'], ['c Read file  complete', `c => ${OK}`]],
    },
    'the same id is one message, whatever came between': {
      sent: [text('a', 'm'), call('c'), done('c'), text('b', 'm'), plan('x'), text('c', 'm')],
      messages: [['a', 'c Read file  complete', `c => ${OK}`, 'bc']],
    },
    'another id is another message': { sent: [text('a', 'm'), text('b', 'n')], messages: [['a'], ['b']] },
    'an id that is null is none': {
      sent: [
        text('a'),
        update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'b' }, messageId: null }),
      ],
      messages: [['ab']],
    },
    'thoughts without an id are of the message that they come before': {
      sent: [thought('hm'), text('a', 'm'), text('b', 'm')],
      messages: [['(hm)', 'ab']],
    },
    'text with an id is not that before it without one': {
      sent: [text('a'), text('b', 'm')],
      messages: [['a'], ['b']],
    },
    'nor is it if thoughts came before that': {
      sent: [thought('hm'), text('a'), text('b', 'm')],
      messages: [['(hm)', 'a'], ['b']],
    },
    'text without an id goes on with the one that has one': {
      sent: [text('a', 'm'), text('b')],
      messages: [['ab']],
    },
    'thoughts between text keep their place': {
      sent: [text('a', 'm'), thought('hm', 'm'), text('b', 'm')],
      messages: [['a', '(hm)', 'b']],
    },
    'an empty chunk is nothing': { sent: [text(''), text('a'), text('', 'n')], messages: [['a']] },
  }
  it.each(Object.entries(rows))('quirk 6.20: %s', (_, { sent, messages }) => {
    for (const framed of [
      [prompt(1), ...sent, answer(1)],
      [...sent, answer(1)],
    ]) {
      const folded = run(framed)
      expect(told(folded.messages)).toEqual(messages)
      for (const message of folded.messages) {
        expect(message).toMatchObject({ outcome: { kind: 'complete' }, wire: { sessionId: 's' }, anomalies: [] })
      }
      const stops = folded.messages.map(({ stop }) => stop.raw)
      expect(stops).toEqual([...messages.slice(1).map(() => null), 'end_turn'])
    }
  })
})

test('quirk 6.20: the id of a message is that of its chunks, or minted, and an id that comes late is taken', () => {
  const { messages } = run([
    prompt(1),
    thought('hm'),
    text('a', 'm'),
    text('b', 'n'),
    call('c'),
    done('c'),
    text('d'),
    answer(1),
  ])
  expect(messages.map(({ id, idSource, key }) => [id, idSource, key])).toEqual([
    ['m', 'wire', 'turn/0'],
    ['n', 'wire', 'turn/1'],
    ['turn/2', 'minted', 'turn/2'],
  ])
})

test('quirk 6.22: equal chunks in a row are so many chunks, whatever their time', () => {
  expect(told(run([prompt(1), text('ha'), text('ha'), answer(1)]).messages)).toEqual([['haha']])
  expect(told(run([text('1', 'm'), text('1', 'm'), text('1', 'm')]).messages)).toEqual([['111']])
})

test('I2: a message is told as soon as the next one begins and its calls are over', () => {
  const fold = new Fold()
  const before = [text('a'), call('c'), done('c')].flatMap((one) => fold.receive(one))
  expect(before.filter(({ type }) => type === 'message')).toEqual([])
  expect(fold.receive(text('b'))[0]).toMatchObject({
    type: 'message',
    message: 'turn/0',
    final: { outcome: { kind: 'complete' } },
  })
})

describe('a tool call', () => {
  const rows: Record<string, { readonly sent: readonly JsonObject[]; readonly blocks: readonly string[] }> = {
    'has the arguments that it began with': {
      sent: [call('c', { rawInput: { path: '/a' } }), done('c')],
      blocks: ['c Read file {"path":"/a"} complete', `c => ${OK}`],
    },
    'B20: has the last of the arguments that are sent whole each time': {
      sent: [
        call('c', { rawInput: {} }),
        progress('c', { rawInput: { path: '/' } }),
        progress('c', { status: 'in_progress', rawInput: { path: '/a', limit: 3 } }),
        done('c'),
      ],
      blocks: ['c Read file {"path":"/a","limit":3} complete', `c => ${OK}`],
    },
    'B20: has the arguments that Kimi writes as its content, the last of them': {
      sent: [
        call('c', { status: 'in_progress', content: [content('')] }),
        progress('c', { status: 'in_progress', content: [content('{"pa')] }),
        progress('c', { status: 'in_progress', content: [content('{"path": "/a')] }),
        progress('c', { status: 'in_progress', content: [content('{"path": "/a"}')] }),
        done('c'),
      ],
      blocks: ['c Read file {"path": "/a"} complete', `c => ${OK}`],
    },
    'B20: whose arguments are no JSON in the end is invalid, with its text': {
      sent: [call('c', { content: [content('{"path": oops')] }), done('c')],
      blocks: ['c Read file {"path": oops invalid', `c => ${OK}`],
    },
    'B20: that was only ever told to be over is a call, with its result': {
      sent: [progress('c', { status: 'completed', title: 'Run ls', rawInput: { cmd: 'ls' }, rawOutput: { code: 0 } })],
      blocks: ['c Run ls {"cmd":"ls"} complete', 'c => {"code":0}'],
    },
    'without any name has the kind that the protocol gives to such a one': {
      sent: [progress('c', { status: 'completed' })],
      blocks: ['c other  complete', 'c => undefined'],
    },
    'B20: is shown when it is known how it is called': {
      sent: [progress('c', { status: 'pending' }), progress('c', { title: 'Run' }), done('c')],
      blocks: ['c Run  complete', `c => ${OK}`],
    },
    'B20: in progress is no result': {
      sent: [call('c'), progress('c', { status: 'in_progress' })],
      blocks: ['c Read file  complete'],
    },
    'may show what came out of it before it is over': {
      sent: [
        call('c', { rawInput: { a: 1 } }),
        progress('c', { status: 'in_progress', content: [content('half')] }),
        progress('c', { status: 'completed', content: [content('half and half')] }),
      ],
      blocks: ['c Read file {"a":1} complete', `c => ${JSON.stringify([content('half and half')])}`],
    },
    'that failed has a result that is an error': {
      sent: [call('c'), progress('c', { status: 'failed', rawOutput: 'no such file' })],
      blocks: ['c Read file  complete', 'c => "no such file" error'],
    },
    'is over once, however often it is told': {
      sent: [
        call('c'),
        done('c'),
        done('c'),
        progress('c', { status: 'completed' }),
        progress('c', { status: 'in_progress' }),
      ],
      blocks: ['c Read file  complete', `c => ${OK}`],
    },
    'begins once, however often it is told': {
      sent: [call('c', { rawInput: { a: 1 } }), call('c', { rawInput: { a: 1 } }), done('c')],
      blocks: ['c Read file {"a":1} complete', `c => ${OK}`],
    },
    'whose input is plain text has it as that': {
      sent: [call('c', { rawInput: 'ls -la' }), done('c')],
      blocks: ['c Read file ls -la complete', `c => ${OK}`],
    },
    'whose input is JSON as a text has that': {
      sent: [call('c', { rawInput: '{"a":' }), progress('c', { rawInput: '{"a":1}' }), done('c')],
      blocks: ['c Read file {"a":1} complete', `c => ${OK}`],
    },
    'has the arguments that an agent names as such, not its output': {
      sent: [
        call('c', { rawInput: { a: 1 } }),
        progress('c', { status: 'in_progress', content: [content('{"b":2}')] }),
        done('c', '{"b":2}'),
      ],
      blocks: ['c Read file {"a":1} complete', `c => ${JSON.stringify([content('{"b":2}')])}`],
    },
    'with both has its content as the result, and its raw output beside it': {
      sent: [call('c'), progress('c', { status: 'completed', content: [content('ok')], rawOutput: { exit: 0 } })],
      blocks: ['c Read file  complete', `c => ${OK}`],
    },
  }
  it.each(Object.entries(rows))('%s', (_, { sent, blocks }) => {
    const message = only([prompt(1), ...sent, answer(1)])
    expect(message.content.map(inShort)).toEqual(blocks)
    expect(message.outcome).toEqual({ kind: 'complete' })
    expect(kinds(message).filter((kind) => kind !== 'invalid_input')).toEqual([])
    for (const block of message.content) if (block.type === 'tool_call') expect(block.origin).toBe('provider')
  })

  it('keeps what has no neutral name', () => {
    const location = { path: '/a', line: 3 }
    const message = only([
      prompt(1),
      call('c', { locations: [location], _meta: { x: 1 }, name: 'read_file' }),
      progress('c', { status: 'in_progress', title: 'Reads a' }),
      progress('c', { status: 'failed', rawOutput: { exit: 1 }, content: [content('ok')] }),
      answer(1),
    ])
    expect(message.content).toMatchObject([
      {
        name: 'read_file',
        wire: {
          title: 'Reads a',
          name: 'read_file',
          kind: 'read',
          status: 'in_progress',
          locations: [location],
          _meta: { x: 1 },
        },
      },
      { isError: true, wire: { status: 'failed', rawOutput: { exit: 1 } } },
    ])
  })

  it('is in the message in which it began, whatever comes later, and that message waits for it', () => {
    const { messages, events } = run([prompt(1), text('a'), call('c'), text('b'), done('c', 'late'), answer(1)])
    expect(told(messages)).toEqual([['a', 'c Read file  complete', `c => ${JSON.stringify([content('late')])}`], ['b']])
    expect(messages.map(({ key }) => key)).toEqual(['turn/0', 'turn/1'])
    expect(events.findIndex(({ type }) => type === 'message')).toBeGreaterThan(
      events.findIndex((event) => event.type === 'text' && event.message === 'turn/1'),
    )
  })

  it('of which the end never came is partial in a message that was cut', () => {
    const message = only([prompt(1), call('c', { rawInput: { a: 1 } })])
    expect(message.outcome).toMatchObject({ kind: 'truncated' })
    expect(message.content.map(inShort)).toEqual(['c Read file {"a":1} partial'])
  })

  it('is not handed out, also when it is over after the answer', () => {
    const { events, messages } = run([prompt(1), text('a'), call('c', { rawInput: {} }), answer(1), done('c')])
    expect(told(messages)).toEqual([['a', 'c Read file  complete', `c => ${OK}`]])
    expect(events.some(({ type }) => type === 'tool_call')).toBe(false)
    expect(messages[0]?.stop).toEqual({ reason: 'end_turn', raw: 'end_turn', sequence: null })
  })
})

describe('the answer to the prompt', () => {
  const reasons: Record<string, StopReason> = {
    end_turn: 'end_turn',
    max_tokens: 'max_tokens',
    max_turn_requests: 'pause',
    refusal: 'refusal',
    _of_a_vendor: 'unknown',
  }
  it.each(Object.entries(reasons))('says why the turn ended: %s is %s', (raw, reason) => {
    const forms = [
      [prompt(1), text('a'), answer(1, raw)],
      [text('a'), answer(1, raw)],
      [
        { sessionId: 's', update: { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'a' } } },
        { stopReason: raw },
      ],
      [{ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'a' } }, { stopReason: raw }],
    ]
    for (const sent of forms) {
      expect(only(sent)).toMatchObject({
        content: [{ type: 'text', text: 'a' }],
        stop: { reason, raw },
        outcome: { kind: 'complete' },
        anomalies: [],
      })
    }
  })

  it('that says cancelled is a failure, as a cancelled response is anywhere', () => {
    const message = only([prompt(1), text('a'), answer(1, 'cancelled')])
    expect(message.outcome).toEqual({
      kind: 'failed',
      error: { class: 'unknown', retryable: false, message: 'the turn was cancelled' },
    })
    expect(message.stop.raw).toBe('cancelled')
  })

  const failures: Record<string, { readonly last: JsonObject; readonly error: JsonValue }> = {
    'an error': {
      last: refused(1, { code: -32603, message: 'Internal error', data: { details: '429 too many' } }),
      error: { class: 'unknown', retryable: false, message: 'Internal error' },
    },
    'an error that the provider classed': {
      last: refused(1, { code: -32603, message: 'Internal error', data: { type: 'overloaded_error' } }),
      error: { class: 'overloaded', retryable: true, message: 'Internal error' },
    },
    'that nobody is logged in': {
      last: refused(1, { code: -32000, message: 'Authentication required' }),
      error: { class: 'auth', retryable: false, message: 'Authentication required' },
    },
    'an error in the meta of the answer': {
      last: answer(1, 'end_turn', { _meta: { error: { type: 'rate_limit_error', message: 'slow down' } } }),
      error: { class: 'rate_limit', retryable: true, message: 'slow down' },
    },
  }
  it.each(Object.entries(failures))('that is %s is a failure, and what is late still counts', (_, { last, error }) => {
    for (const framed of [[prompt(1)], []]) {
      const { messages } = run([...framed, text('a'), call('c'), last, done('c')])
      expect(messages).toHaveLength(1)
      expect(messages[0]).toMatchObject({
        outcome: { kind: 'failed', error },
        content: [{ text: 'a' }, {}, { isError: false }],
      })
    }
  })

  it('that is an error of a turn without anything is a message that failed', () => {
    for (const sent of [
      [prompt(7), refused(7, { code: -32603, message: 'no' })],
      [result(0, { agentCapabilities: {}, protocolVersion: 1 }), refused(7, { code: -32603, message: 'no' })],
    ]) {
      expect(only(sent)).toMatchObject({ content: [], outcome: { kind: 'failed', error: { message: 'no' } } })
    }
  })

  it('is another one than an error that answers something else', () => {
    const { messages } = run([text('a'), refused(4, { code: -32601, message: 'no such mode' }), text('b'), answer(5)])
    expect(messages).toMatchObject([{ content: [{ text: 'ab' }], outcome: { kind: 'complete' } }])
    const seen = run([
      prompt(5),
      request(4, 'session/set_mode'),
      text('a'),
      refused(4, { code: 1, message: 'no' }),
      answer(5),
    ])
    expect(seen.messages).toMatchObject([{ content: [{ text: 'a' }], outcome: { kind: 'complete' } }])
  })

  it('is another one than the answer to a request of the agent under the same id', () => {
    const permission = request(1, 'session/request_permission', {
      sessionId: 's',
      toolCall: { toolCallId: 'c' },
      options: [],
    })
    const { messages } = run([
      prompt(1),
      text('a'),
      permission,
      result(1, { outcome: { outcome: 'selected', optionId: 'x' } }),
      text('b'),
      answer(1),
    ])
    expect(messages).toMatchObject([{ content: [{ text: 'ab' }], outcome: { kind: 'complete' }, anomalies: [] }])
  })

  it('is no error of the client in answer to a request of the agent', () => {
    const permission = request(1, 'session/request_permission', { sessionId: 's', options: [] })
    const sent = [prompt(1), text('a'), permission, refused(1, { code: -32603, message: 'no' }), text('b'), answer(1)]
    expect(only(sent)).toMatchObject({ content: [{ text: 'ab' }], outcome: { kind: 'complete' } })
  })

  it('I3: a prompt that is sent again begins no other turn', () => {
    const sent = [prompt(1), text('a'), answer(1), prompt(1), text('b'), prompt(2), text('c'), answer(2)]
    expect(told(run(sent).messages)).toEqual([['ab'], ['c']])
  })

  it('I5: that never comes leaves the last message truncated, and only that', () => {
    const { messages } = run([prompt(1), text('a', 'm'), text('b', 'n')])
    expect(messages.map(({ outcome }) => outcome.kind)).toEqual(['complete', 'truncated'])
  })

  it.each([
    ['is empty', [prompt(1), answer(1)], true],
    ['is empty, of which no prompt is seen', [result(0, { agentCapabilities: {} }), answer(1)], true],
    ['is an error report', [prompt(1), text('API call failed after 3 retries: HTTP 429'), answer(1)], true],
    ['is an error report in pieces', [prompt(1), text('API Er'), text('ror: 529 overloaded'), answer(1)], true],
    ['is text about an error', [prompt(1), text('The log says: API call failed after 3 retries.'), answer(1)], false],
    ['is a report after a call', [prompt(1), call('c'), done('c'), text('API Error: 500'), answer(1)], false],
    ['is empty and cancelled', [prompt(1), answer(1, 'cancelled')], false],
    ['is empty and refused', [prompt(1), answer(1, 'refusal')], false],
  ])('that says end_turn of a turn that %s is doubtful: %j', (_, sent, isDoubtful) => {
    const { messages } = run(sent)
    expect(messages.some((message) => kinds(message).includes('doubtful_end'))).toBe(isDoubtful)
    if (isDoubtful) expect(messages[0]?.outcome).toEqual({ kind: 'complete' })
  })

  it('I3: that comes again changes nothing', () => {
    const clean = run([prompt(1), text('a'), answer(1)])
    const again = run([prompt(1), text('a'), answer(1), answer(1), prompt(1)])
    expect(told(again.messages)).toEqual(told(clean.messages))
    expect(kinds(again.messages[0])).toEqual(['repeated_stop'])
    expect(run([prompt(1), text('a'), answer(1), prompt(2), text('b'), answer(2), answer(1)]).messages).toHaveLength(2)
  })
})

describe('B20: what comes after the answer', () => {
  it.each([
    ['where the prompt is seen', [prompt(1)]],
    ['where it is not', []],
  ])('is of the turn that was answered, %s', (_, framed) => {
    const { messages } = run([...framed, text('Hel'), answer(1), text('lo')])
    expect(messages).toMatchObject([
      { content: [{ text: 'Hello' }], stop: { raw: 'end_turn' }, outcome: { kind: 'complete' } },
    ])
  })

  it('B20: is a message of its own where it follows a call, with the same end', () => {
    const { messages } = run([prompt(1), text('a'), call('c'), done('c'), answer(1), text('late')])
    expect(told(messages)).toEqual([['a', 'c Read file  complete', `c => ${OK}`], ['late']])
    expect(messages.map(({ outcome, stop }) => [outcome.kind, stop.raw])).toEqual([
      ['complete', 'end_turn'],
      ['complete', 'end_turn'],
    ])
  })

  it('waits for the next prompt', () => {
    const { messages } = run([prompt(1), text('a'), answer(1), text('b'), prompt(2), text('c'), answer(2)])
    expect(told(messages)).toEqual([['ab'], ['c']])
  })

  it.each([
    ['one chunk and its answer', [text('b'), answer(2)], [['a'], ['b']]],
    ['many chunks', ['b', 'c', 'd', 'e', 'f'].map((piece) => text(piece)), [['a'], ['bcdef']]],
    ['a thought', [thought('hm'), text('b')], [['a'], ['(hm)', 'b']]],
    ['text and a call', [text('b'), call('c')], [['a'], ['b', 'c Read file  partial']]],
    ['what the user said', [user('and?'), text('b')], [['a'], ['b']]],
    ['a message of another id', [text('b', 'm')], [['a'], ['b']]],
  ])('is the next turn, where no prompt is seen, if it is %s', (_, sent, messages) => {
    expect(told(run([text('a'), answer(1), ...sent]).messages)).toEqual(messages)
  })

  it('holds back no more than four chunks, and not for long', () => {
    const fold = new Fold()
    fold.receive(text('a'))
    fold.receive(answer(1))
    const shown = ['b', 'c', 'd', 'e', 'f'].map(
      (piece) => fold.receive(text(piece)).filter(({ type }) => type === 'text').length,
    )
    expect(shown).toEqual([0, 0, 0, 0, 5])
  })

  it('an answer is complete also if the reader leaves then', () => {
    const { messages } = run([prompt(1), text('a'), answer(1)], {}, { kind: 'aborted', by: 'reader' })
    expect(messages).toMatchObject([{ outcome: { kind: 'complete' } }])
    expect(run([prompt(1), text('a')], {}, { kind: 'aborted', by: 'reader' }).messages).toMatchObject([
      { outcome: { kind: 'aborted' } },
    ])
  })
})

describe('usage', () => {
  const counts = { totalTokens: 130, inputTokens: 20, outputTokens: 10, cachedReadTokens: 60, cachedWriteTokens: 40 }
  const neutral = { inputTokens: 120, outputTokens: 10, cacheReadTokens: 60, cacheWriteTokens: 40 }
  it.each([
    ['the cache beside the input', counts, neutral],
    ['the cache within the input', { ...counts, totalTokens: 130, inputTokens: 120 }, neutral],
    [
      'thoughts beside the output',
      { totalTokens: 35, inputTokens: 20, outputTokens: 10, thoughtTokens: 5 },
      { inputTokens: 20, outputTokens: 15, reasoningTokens: 5 },
    ],
    [
      'thoughts within the output',
      { totalTokens: 30, inputTokens: 20, outputTokens: 10, thoughtTokens: 5 },
      { inputTokens: 20, outputTokens: 10, reasoningTokens: 5 },
    ],
    [
      'no sum',
      { inputTokens: 2, outputTokens: 1, cachedReadTokens: 3 },
      { inputTokens: 5, outputTokens: 1, cacheReadTokens: 3 },
    ],
  ])('is read by its sum: %s', (_, usage, expected) => {
    const message = only([prompt(1), text('a'), answer(1, 'end_turn', { usage })])
    expect(message.usage).toEqual(expected)
    expect(message.rawUsage).toEqual(usage)
  })

  it('B20: is the greatest of each count, in whatever order they come', () => {
    const counted = (fields: JsonObject): JsonObject =>
      update({ sessionUpdate: 'usage_update', used: 9, size: 100, ...fields })
    const small = { inputTokens: 5, outputTokens: 9 }
    const large = { inputTokens: 20, outputTokens: 3, totalTokens: 29 }
    const orders = [
      [counted(small), answer(1, 'end_turn', { usage: large })],
      [counted({ usage: large }), answer(1, 'end_turn', { usage: small })],
      [answer(1, 'end_turn', { usage: small }), counted(large)],
      [answer(1), counted(large), counted(small)],
      [counted(small), counted(large), answer(1)],
    ]
    for (const sent of orders) {
      const message = only([prompt(1), text('a'), ...sent])
      expect(message.usage).toEqual({ inputTokens: 20, outputTokens: 9 })
    }
    expect(only([prompt(1), counted(large), text('a'), answer(1, 'end_turn', { usage: small })]).usage).toEqual({
      inputTokens: 20,
      outputTokens: 9,
    })
  })

  it('is of the turn, and so of one of its messages: the last when it ended', () => {
    const counted = (inputTokens: number): JsonObject =>
      update({ sessionUpdate: 'usage_update', used: 9, size: 100, inputTokens })
    const of = (...sent: JsonObject[]): unknown[] => run([prompt(1), ...sent]).messages.map((message) => message.usage)
    const before = [text('a', 'm'), counted(5), text('b', 'n'), counted(4)]
    expect(of(...before, answer(1))).toEqual([{}, { inputTokens: 5 }])
    expect(of(...before, answer(1), text('c', 'o'), counted(7))).toEqual([{}, { inputTokens: 7 }, {}])
    expect(of(...before)).toEqual([{}, { inputTokens: 5 }])
    expect(of(...before, refused(1, { code: -32603, message: 'no' }))).toEqual([{}, { inputTokens: 5 }])
    expect(of(...before, answer(1), prompt(2), text('c'), answer(2))).toEqual([{}, { inputTokens: 5 }, {}])
  })

  it('is no count where only the context is told, which is kept', () => {
    const cost = { amount: 0.1, currency: 'USD' }
    const message = only([
      prompt(1),
      text('a'),
      update({ sessionUpdate: 'usage_update', used: 9, size: 100, cost }),
      answer(1),
    ])
    expect(message.usage).toEqual({})
    expect(message.wire).toEqual({ sessionId: 's', context: { used: 9, size: 100, cost } })
  })
})

test('content that is no text stands in its place', () => {
  const piece = (item: JsonValue): JsonObject => update({ sessionUpdate: 'agent_message_chunk', content: item })
  const message = only([
    prompt(1),
    text('a'),
    piece({ type: 'image', data: 'AAAA', mimeType: 'image/png' }),
    piece({ type: 'resource_link', uri: 'file:///a', name: 'a' }),
    piece({ type: 'hologram', x: 1 }),
    piece({ type: 'text', text: 'b', annotations: { audience: ['user'] } }),
    answer(1),
  ])
  expect(message.content).toEqual([
    { type: 'text', text: 'a', wire: {} },
    { type: 'media', data: 'AAAA', wire: { type: 'image', mimeType: 'image/png' } },
    { type: 'other', wire: { type: 'resource_link', uri: 'file:///a', name: 'a' } },
    { type: 'other', wire: { type: 'hologram', x: 1 } },
    { type: 'text', text: 'b', wire: { annotations: { audience: ['user'] } } },
  ])
  expect(message.anomalies).toEqual([{ kind: 'unknown_block', detail: 'hologram', block: 3 }])
})

test('I4: what is about the session and not a message is ignored; what nobody knows is told', () => {
  const session = (kind: string): JsonObject => update({ sessionUpdate: kind, x: 1 })
  const sent = [
    request(0, 'initialize', { protocolVersion: 1 }),
    result(0, { protocolVersion: 1, agentCapabilities: {} }),
    request(1, 'session/new', { cwd: '/' }),
    result(1, { sessionId: 's' }),
    prompt(2),
    text('a'),
    ...[
      'available_commands_update',
      'current_mode_update',
      'config_option_update',
      'session_info_update',
      'notice',
    ].map(session),
    ...['compaction_update', 'compaction_summary_chunk', 'plan_removed', 'subagent_update'].map(session),
    request(0, 'session/request_permission', { sessionId: 's', toolCall: { toolCallId: 'c' }, options: [] }),
    result(0, { outcome: { outcome: 'cancelled' } }),
    request(1, 'fs/read_text_file', { sessionId: 's', path: '/a' }),
    result(1, { content: 'x' }),
    request(2, 'terminal/create', { sessionId: 's', command: 'ls' }),
    result(2, { terminalId: 't' }),
    { jsonrpc: '2.0', method: 'session/cancel', params: { sessionId: 's' } },
    { jsonrpc: '2.0', method: '$/cancel_request', params: { requestId: 1 } },
    session('hologram_update'),
    { jsonrpc: '2.0', method: '_vendor/thing', params: { y: 1 } },
    answer(2),
  ]
  const message = only(sent)
  expect(message.content.map(inShort)).toEqual(['a'])
  expect(message.anomalies).toEqual([
    { kind: 'unknown_event', detail: 'hologramupdate', value: { sessionUpdate: 'hologram_update', x: 1 } },
    { kind: 'unknown_event', detail: '_vendor/thing', value: { y: 1 } },
  ])
})

test('plans are kept, the last of them', () => {
  const message = only([prompt(1), text('a'), plan('x'), plan('x', 'y'), answer(1)])
  expect(message.wire.plan).toMatchObject({ entries: [{ content: 'x' }, { content: 'y' }] })
})

test('kinds are read in the spellings that agents use', () => {
  const spelled = (fields: JsonObject): JsonObject => ({
    jsonrpc: '2.0',
    method: 'session/update',
    params: { sessionId: 's', update: fields },
  })
  const piece = { content: { type: 'text', text: 'a' } }
  const sent = [
    spelled({ sessionUpdate: 'AgentMessageChunk', ...piece }),
    spelled({ type: 'agent_message_chunk', ...piece }),
    spelled({ agentMessageChunk: piece }),
    spelled({ type: 'turn_end', stopReason: 'end_turn' }),
  ]
  expect(only(sent)).toMatchObject({
    content: [{ text: 'aaa' }],
    stop: { raw: 'end_turn' },
    outcome: { kind: 'complete' },
  })
})

describe('toNative', () => {
  it('gives the notifications that would send the message again', () => {
    const { messages } = run([
      prompt(1),
      thought('hm', 'm'),
      text('a', 'm'),
      call('c', { rawInput: { a: 1 }, locations: [{ path: '/a' }] }),
      progress('c', { status: 'failed', rawOutput: { exit: 1 }, content: [content('ok')] }),
      text('b', 'n'),
      plan('x'),
      answer(1),
    ])
    expect(toNative(messages)).toEqual([
      thought('hm', 'm'),
      text('a', 'm'),
      call('c', { rawInput: { a: 1 }, locations: [{ path: '/a' }] }),
      progress('c', { status: 'failed', rawOutput: { exit: 1 }, content: [content('ok')] }),
      text('b', 'n'),
      plan('x'),
    ])
    const [first] = messages
    expect(toNative(JSON.parse(JSON.stringify(first)))).toEqual(toNative(first ?? expect.fail()))
  })

  it('I7: folded again it has the same content, also what is no text and what is no JSON', () => {
    const piece = (item: JsonValue): JsonObject =>
      update({ sessionUpdate: 'agent_message_chunk', content: item, messageId: 'm' })
    const { messages } = run([
      prompt(1),
      text('a', 'm'),
      piece({ type: 'image', data: 'AAAA', mimeType: 'image/png' }),
      piece({ type: 'resource', resource: { uri: 'x', text: 'y' } }),
      call('c', { rawInput: 'ls' }),
      progress('c', { status: 'completed', rawOutput: ['x'] }),
      text('z', 'm'),
      answer(1),
    ])
    const native = toNative(messages)
    const again = new Fold({ dialect: 'acp' })
    for (const one of Array.isArray(native) ? native : []) again.receive(one)
    again.end({ kind: 'complete' })
    expect(again.messages.map((message) => message.content)).toEqual(messages.map((message) => message.content))
  })
})

describe('I4: what is no update is survived, and what came before it is kept', () => {
  const values: JsonValue[] = [
    null,
    1,
    'x',
    [],
    [1],
    {},
    { __proto__: 1, type: 1 },
    true,
    { type: 'text' },
    { type: 'text', text: 1 },
  ]
  const fields = [
    'content',
    'messageId',
    'toolCallId',
    'rawInput',
    'status',
    'title',
    'rawOutput',
    'entries',
    'usage',
    'state',
    '_meta',
  ]
  const updates = [
    'agent_message_chunk',
    'agent_thought_chunk',
    'tool_call',
    'tool_call_update',
    'plan',
    'usage_update',
    'state_update',
  ]
  it.each([...updates, 'agent_message', 'tool_call_content_chunk', 'user_message_chunk', 'turn_end'])('%s', (kind) => {
    for (const field of fields) {
      for (const value of values) {
        const wrong = update({
          sessionUpdate: kind,
          content: { type: 'text', text: 'b' },
          toolCallId: 'd',
          [field]: value,
        })
        const { messages } = run([prompt(1), text('a', 'm'), wrong, answer(1)], { dialect: 'acp' })
        expect(told(messages).flat()[0]).toMatch(/^a/)
        for (const message of messages) toNative(message)
      }
    }
  })

  it('the envelope', () => {
    for (const value of values) {
      for (const wrong of [
        { jsonrpc: '2.0', method: 'session/update', params: value },
        { jsonrpc: '2.0', method: 'session/update', params: { sessionId: value, update: value } },
        { jsonrpc: '2.0', method: value, params: value },
        { jsonrpc: '2.0', id: value, result: value },
        { jsonrpc: '2.0', id: 1, error: value },
        { jsonrpc: '2.0', id: value, method: 'session/prompt', params: value },
        { jsonrpc: '2.0', id: value, method: 'session/load', params: { sessionId: value } },
        { stopReason: value },
        { error: value },
        { kind: 'stop', response: value },
      ]) {
        const { messages } = run([prompt(1), text('a'), wrong, answer(1)], { dialect: 'acp' })
        expect(told(messages).flat()[0]).toBe('a')
      }
    }
  })
})
