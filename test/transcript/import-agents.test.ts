/** What only some sessions of an agent have: compactions, rewinds, forks, retries; and what damaged files are made of. */
import { describe, expect, it } from 'vitest'
import { closeSession } from '../../src/transcript/import/closing.ts'
import type { Imported } from '../../src/transcript/import/imported.ts'
import { readRecords } from '../../src/transcript/import/records.ts'
import { importSession } from '../../src/transcript/import/session.ts'

function file(...records: readonly object[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('')
}

function imported(...records: readonly object[]): Imported {
  return importSession(file(...records)) ?? expect.fail('no agent is known that writes such a file')
}

/** Each item in a few words: `user hi`, `model "text" Bash:id`, `result #0 text`. */
function told({ items }: Imported): readonly string[] {
  return items.map(({ item }) => {
    switch (item.role) {
      case 'user':
      case 'system':
        return `${item.role} ${textOf(item.content)}`
      case 'tool':
        return `${item.isError === true ? 'error' : 'result'} ${item.call} ${textOf(item.content)}`
      case 'assistant':
        return `model ${item.message.content
          .map((block) =>
            block.type === 'tool_call'
              ? `${block.name}:${block.id}`
              : 'text' in block
                ? (block.text ?? '')
                : block.type,
          )
          .join(' ')}`
      case 'note':
        return 'note'
      default: {
        const never: never = item
        return never
      }
    }
  })
}

function textOf(content: string | readonly { readonly type: string }[]): string {
  if (typeof content === 'string') return content
  return content.map((part) => ('text' in part ? String(part.text) : part.type)).join('|')
}

function kinds({ problems }: Imported): readonly string[] {
  return problems.map(({ line, kind }) => `${line} ${kind}`)
}

const metadata = { type: 'metadata', protocol_version: '1.4', created_at: 1 }
const prompt = (text: string, id?: string): object => ({
  type: 'context.append_message',
  message: { role: 'user', content: [{ type: 'text', text }], toolCalls: [], origin: { kind: 'user' }, id },
  time: text.length,
})
const loop = (event: object): object => ({ type: 'context.append_loop_event', event })
const begin = (uuid: string): object => loop({ type: 'step.begin', uuid, turnId: '4', step: 32 })
const part = (stepUuid: string, value: object, uuid?: string): object =>
  loop({ type: 'content.part', uuid, turnId: '4', step: 32, stepUuid, part: value })
const call = (stepUuid: string, toolCallId: string, uuid = `call of ${toolCallId}`): object =>
  loop({ type: 'tool.call', uuid, turnId: '4', step: 32, stepUuid, toolCallId, name: 'Bash', args: { block: true } })
const result = (toolCallId: string, output: unknown, isError?: boolean): object =>
  loop({ type: 'tool.result', parentUuid: `call of ${toolCallId}`, toolCallId, result: { output, isError } })

describe('Kimi Code', () => {
  const seed = [
    metadata,
    prompt('等待结果'),
    begin('8f932678-57bd-4cbc-845d-75a9944f1bb9'),
    part('8f932678-57bd-4cbc-845d-75a9944f1bb9', { type: 'think', think: 'wait for it' }),
    part('8f932678-57bd-4cbc-845d-75a9944f1bb9', { type: 'text', text: 'Waiting.' }),
    call('8f932678-57bd-4cbc-845d-75a9944f1bb9', 'tool_iq3KtmRW2h0g5fZpAxmE76r2'),
    {
      type: 'context.append_message',
      message: { role: 'user', content: 'the task was lost', origin: { kind: 'background_task' } },
    },
    { type: 'turn.prompt', input: [{ type: 'text', text: '继续' }], origin: { kind: 'user' } },
    prompt('继续', 'msg_a'),
    prompt('继续', 'msg_b'),
  ]

  it('B23: the call stays open and both user messages are there', () => {
    const session = imported(...seed)
    expect(told(session)).toEqual([
      'user 等待结果',
      'model wait for it Waiting. Bash:tool_iq3KtmRW2h0g5fZpAxmE76r2',
      'user the task was lost',
      'user 继续',
      'user 继续',
    ])
    expect([session.agent, session.target, kinds(session)]).toEqual(['kimi-code', 'kimi', []])
  })

  it('B23, closed: the result stands right after the call, before what the user said later', () => {
    const closed = closeSession(file(...seed), () => 'interrupted') ?? expect.fail('not closed')
    expect(
      told(
        imported(
          ...closed
            .split('\n')
            .filter(Boolean)
            .map((line): object => JSON.parse(line)),
        ),
      ).slice(1, 4),
    ).toEqual([
      'model wait for it Waiting. Bash:tool_iq3KtmRW2h0g5fZpAxmE76r2',
      'error 8f932678-57bd-4cbc-845d-75a9944f1bb9#0 interrupted',
      'user the task was lost',
    ])
  })

  it('B10: a step without anything gives no message, and events of an unknown step are left out with a report', () => {
    const session = imported(
      metadata,
      begin('a'),
      begin('b'),
      part('b', { type: 'text', text: 'hi' }),
      part('ghost', { type: 'text', text: 'boo' }),
      call('ghost', 'g'),
    )
    expect(told(session)).toEqual(['model hi'])
    expect(kinds(session)).toEqual(['5 orphan_record', '6 orphan_record'])
  })

  it('R23: where a line is damaged, a step without its begin is kept, since the begin may be what was lost', () => {
    const text = file(
      metadata,
      prompt('go'),
      part('a', { type: 'text', text: 'hi' }),
      call('a', 'x'),
      result('x', 'ok'),
    )
    const session = importSession(
      text.replace('\n{"type":"context.append_loop', '\n\0\0\0\n{"type":"context.append_loop'),
    )
    expect(session && told(session)).toEqual(['user go', 'model hi Bash:x', 'result a#0 ok'])
  })

  it('R2, finding 3: an id that recurs in another step is another call', () => {
    const session = imported(
      metadata,
      begin('a'),
      call('a', 'Bash_0', 'u1'),
      loop({ type: 'tool.result', parentUuid: 'u1', toolCallId: 'Bash_0', result: { output: 'one' } }),
      begin('b'),
      call('b', 'Bash_0', 'u2'),
      loop({ type: 'tool.result', parentUuid: 'u2', toolCallId: 'Bash_0', result: { output: 'two' } }),
    )
    expect(told(session)).toEqual(['model Bash:Bash_0', 'result a#0 one', 'model Bash:Bash_0', 'result b#0 two'])
  })

  it('context.clear, context.undo and context.apply_compaction take back what they say', () => {
    const turn = (text: string, step: string): readonly object[] => [
      prompt(text),
      begin(step),
      part(step, { type: 'text', text: `answer ${step}` }),
    ]
    const clear = { type: 'context.clear' }
    expect(told(imported(metadata, ...turn('one', 'a'), clear, ...turn('three', 'b')))).toEqual([
      'user three',
      'model answer b',
    ])
    const undo = { type: 'context.undo', count: 2 }
    expect(
      told(imported(metadata, ...turn('a', 'a'), ...turn('bb', 'b'), ...turn('ccc', 'c'), undo, ...turn('dddd', 'd'))),
    ).toEqual(['user a', 'model answer a', 'user dddd', 'model answer d'])
    const compaction = { type: 'context.apply_compaction', summary: 'long', contextSummary: 'short', compactedCount: 2 }
    expect(told(imported(metadata, ...turn('a', 'a'), ...turn('bb', 'b'), compaction))).toEqual([
      'user short',
      'user bb',
      'model answer b',
    ])
    expect(
      told(imported(metadata, ...turn('a', 'a'), ...turn('bb', 'b'), { ...compaction, keptUserMessageCount: 1 })),
    ).toEqual(['user bb', 'user short'])
  })

  it('a protocol that is not known is reported and read all the same', () => {
    const session = imported({ ...metadata, protocol_version: '2.0' }, prompt('hi'))
    expect([told(session), kinds(session)]).toEqual([['user hi'], ['1 unknown_version']])
  })
})

describe('Claude Code', () => {
  const user = (uuid: string, content: unknown, more: object = {}): object => ({
    type: 'user',
    uuid,
    sessionId: 's',
    message: { role: 'user', content },
    ...more,
  })
  const model = (uuid: string, block: object, more: object = {}, id = 'msg_1'): object => ({
    type: 'assistant',
    uuid,
    sessionId: 's',
    message: { id, role: 'assistant', content: [block] },
    ...more,
  })
  const think = { type: 'thinking', thinking: 'so', signature: 'sig' }
  const use = (id: string): object => ({ type: 'tool_use', id, name: 'Bash', input: {} })
  const answer = (id: string, content: unknown = 'ok'): object => ({ type: 'tool_result', tool_use_id: id, content })

  it('B22: a group that is written twice with other uuids is there once', () => {
    const group = (n: number): readonly object[] => [model(`a${n}`, think), model(`b${n}`, use('X'))]
    const session = imported(user('u', 'go'), ...group(1), user('r1', [answer('X')]), ...group(2))
    expect(told(session)).toEqual(['user go', 'model so', 'model Bash:X', 'result msg_1#0 ok'])
    expect(kinds(session)).toEqual(['5 duplicate_record', '6 duplicate_record'])
  })

  it('R28: results of parallel calls are found whatever record they hang on, also between the pieces of the answer', () => {
    const session = imported(
      model('a', use('A')),
      user('ra', [answer('A')], { parentUuid: 'nowhere' }),
      model('b', use('B')),
      user('rb', [answer('B', [{ type: 'text', text: 'two' }])]),
      user('ghost', [answer('C'), { type: 'text', text: 'and' }]),
    )
    expect(told(session)).toEqual([
      'model Bash:A',
      'result msg_1#0 ok',
      'model Bash:B',
      'result msg_1#1 two',
      'result unknown:C ok',
      'user and',
    ])
    expect(kinds(session)).toEqual(['5 orphan_record'])
  })

  it('a result that was written before its call is its result', () => {
    const session = imported(user('r', [answer('A')]), model('a', use('A')))
    expect(told(session)).toEqual(['result msg_1#0 ok', 'model Bash:A'])
    expect(kinds(session)).toEqual([])
  })

  it('subagents and errors that were shown as answers are no part of it; messages that the user did not type are', () => {
    const session = imported(
      user('m', 'caveat', { isMeta: true }),
      user('s', 'task', { isSidechain: true }),
      model('t', { type: 'text', text: 'sub' }, { isSidechain: true }, 'msg_sub'),
      model('e', { type: 'text', text: 'API Error' }, { isApiErrorMessage: true }, 'msg_err'),
      { type: 'attachment', uuid: 'x', sessionId: 's' },
    )
    expect(told(session)).toEqual(['user caveat'])
    const own = imported(user('s', 'task', { isSidechain: true }), model('t', think, { isSidechain: true }))
    expect(told(own)).toEqual(['user task', 'model so'])
  })

  it('a compaction leaves the summary and the segment that it keeps', () => {
    const boundary = (compactMetadata: object): object => ({
      type: 'system',
      subtype: 'compact_boundary',
      uuid: 'c',
      sessionId: 's',
      compactMetadata,
    })
    const before = [user('1', 'one'), user('2', 'two'), user('3', 'three')]
    const summary = user('sum', 'summary', { isCompactSummary: true })
    expect(told(imported(...before, boundary({}), summary, user('4', 'four')))).toEqual(['user summary', 'user four'])
    expect(told(imported(...before, summary))).toEqual(['user summary'])
    const preservedSegment = { headUuid: '2', tailUuid: '3', anchorUuid: 'sum' }
    expect(told(imported(...before, boundary({ preservedSegment }), summary, user('4', 'four')))).toEqual([
      'user summary',
      'user two',
      'user three',
      'user four',
    ])
  })

  it('a gateway that gives every message one id does not make them one message', () => {
    const session = imported(
      model('a', { type: 'text', text: 'one' }, { requestId: 'r1' }),
      user('u', 'more'),
      model('b', { type: 'text', text: 'two' }, { requestId: 'r2' }),
    )
    const keys = session.items.flatMap(({ item }) => (item.role === 'assistant' ? [item.message.key] : []))
    expect(keys).toEqual(['msg_1', 'msg_1~2'])
  })
})

describe('Codex', () => {
  const item = (payload: object): object => ({ type: 'response_item', payload })
  const says = (role: string, text: string): object =>
    item({ type: 'message', role, content: [{ type: 'input_text', text }] })

  it('reasoning, custom calls and shell calls are items of the answer, and outputs find them', () => {
    const session = imported(
      says('user', 'go'),
      item({ type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'hm' }], encrypted_content: 'e' }),
      item({ type: 'custom_tool_call', call_id: 'c1', name: 'apply_patch', input: '*** Begin' }),
      item({ type: 'local_shell_call', call_id: 'c2', action: { type: 'exec', command: ['ls'] } }),
      item({ type: 'custom_tool_call_output', call_id: 'c1', output: 'done' }),
      item({ type: 'function_call_output', call_id: 'c2', output: { content: 'no', success: false } }),
    )
    expect(told(session)).toEqual([
      'user go',
      'model hm apply_patch:c1 local_shell:c2',
      'result rs_1#0 done',
      'error rs_1#1 no',
    ])
  })

  it('a compaction replaces the history, a rollback takes turns of the user back', () => {
    const turn = (text: string): readonly object[] => [says('user', text), says('assistant', `re ${text}`)]
    const history = [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'kept' }] }]
    expect(
      told(imported(...turn('a'), { type: 'compacted', payload: { message: 's', replacement_history: history } })),
    ).toEqual(['user kept'])
    expect(told(imported(...turn('a'), { type: 'compacted', payload: { message: 's' } }))).toEqual(['user a', 'user s'])
    const rollback = { type: 'event_msg', payload: { type: 'thread_rolled_back', num_turns: 2 } }
    const context = says('user', '<environment_context>here</environment_context>')
    expect(told(imported(...turn('a'), ...turn('b'), context, ...turn('c'), rollback, ...turn('d')))).toEqual([
      'user a',
      'model re a',
      'user d',
      'model re d',
    ])
  })
})

describe('Gemini CLI', () => {
  const head = { sessionId: 's', projectHash: 'h' }
  const user = (id: string, text: string): object => ({ id, type: 'user', content: [{ text }] })

  it('a message that is written again replaces itself; $set replaces all; $rewindTo takes a message and all after it', () => {
    const model = { id: 'm', type: 'gemini', content: 'half' }
    expect(told(imported(head, user('u', 'go'), model, user('v', 'on'), { ...model, content: 'whole' }))).toEqual([
      'user go',
      'model whole',
      'user on',
    ])
    expect(told(imported(head, user('u', 'go'), { $set: { messages: [user('w', 'new')] } }))).toEqual(['user new'])
    expect(told(imported(head, user('u', 'go'), model, user('v', 'on'), { $rewindTo: 'm' }))).toEqual(['user go'])
    expect(told(imported(head, user('u', 'go'), { $rewindTo: 'nobody' }))).toEqual([])
  })

  it('a call that was written without a result is open, and closed by writing its message again', () => {
    const toolCalls = [
      { id: 'c0', name: 'ls', args: {}, status: 'executing' },
      { id: 'c1', name: 'ls', args: {}, result: [{ functionResponse: { id: 'c1', response: { output: 'x' } } }] },
      { id: 'c2', name: 'ls', args: {}, status: 'scheduled' },
    ]
    const text = file(head, user('u', 'go'), { id: 'm', type: 'gemini', content: '', toolCalls })
    const open = importSession(text)
    expect(open && told(open)).toEqual(['user go', 'model ls:c0 ls:c1 ls:c2', 'result m#1 x'])
    const closed = importSession(closeSession(text, ({ id }) => `${id} cut`) ?? '')
    expect(closed && told(closed)).toEqual([
      'user go',
      'model ls:c0 ls:c1 ls:c2',
      'error m#0 c0 cut',
      'result m#1 x',
      'error m#2 c2 cut',
    ])
  })
})

describe('pi', () => {
  const head = { type: 'session', version: 3, id: 's' }
  const entry = (id: string, parentId: string | null, message: object): object => ({
    type: 'message',
    id,
    parentId,
    message,
  })
  const user = (text: string): object => ({ role: 'user', content: text })

  it('the session stands on the branch of its last entry', () => {
    const session = imported(
      head,
      entry('a', null, user('one')),
      entry('b', 'a', user('left')),
      entry('c', 'a', user('right')),
    )
    expect(told(session)).toEqual(['user one', 'user right'])
  })

  it('R23: an entry that is lost does not cut off what stands before it', () => {
    const text = file(
      head,
      entry('a', null, user('one')),
      entry('b', 'a', user('lost')),
      entry('c', 'b', user('three')),
    )
    const session = importSession(text.replace(/\n.*lost.*\n/, '\n\0\0\0\0\n'))
    expect(session && told(session)).toEqual(['user one', 'user three'])
  })

  it('a compaction keeps what follows the first kept entry', () => {
    const compaction = { type: 'compaction', id: 'k', parentId: 'b', summary: 'sum', firstKeptEntryId: 'b' }
    const session = imported(head, entry('a', null, user('one')), entry('b', 'a', user('two')), compaction)
    expect(told(session)).toEqual(['user sum', 'user two'])
  })

  it('a result in the middle is put between its call and what came after', () => {
    const toolCall = { type: 'toolCall', id: 'x|fc_1', name: 'bash', arguments: {} }
    const text = file(
      head,
      entry('a', null, user('one')),
      entry('b', 'a', { role: 'assistant', api: 'openai-responses', content: [toolCall] }),
      entry('c', 'b', user('two')),
    )
    const closed = importSession(closeSession(text, () => 'cut') ?? '')
    expect(closed && told(closed)).toEqual(['user one', 'model bash:x', 'error b#0 cut', 'user two'])
    expect(closed?.target).toBe('openai-responses')
  })

  it.each([
    ['anthropic-messages', 'anthropic', 'anthropic'],
    ['google-generative-ai', 'google', 'gemini'],
    ['openai-completions', 'openai', 'openai-chat'],
    ['openai-completions', 'deepseek', 'deepseek'],
    ['openai-codex-responses', 'openai-codex', 'openai-responses'],
  ])('an answer of %s by %s is for %s', (api, provider, target) => {
    const message = { role: 'assistant', api, provider, content: [{ type: 'text', text: 'hi' }] }
    expect(imported(head, entry('a', null, message)).target).toBe(target)
  })
})

describe('Qwen Code', () => {
  const record = (uuid: string, parentUuid: string | null, type: string, parts: readonly object[]): object => ({
    uuid,
    parentUuid,
    type,
    message: { parts },
  })

  it('a rewind roots what follows elsewhere, a compression lists the history anew', () => {
    const branches = [
      record('a', null, 'user', [{ text: 'one' }]),
      record('b', 'a', 'assistant', [{ text: 'hm', thought: true }, { text: 'first' }]),
      record('c', 'a', 'user', [{ text: 'other' }]),
    ]
    expect(told(imported(...branches))).toEqual(['user one', 'user other'])
    const compressedHistory = [
      { role: 'user', parts: [{ text: 'sum' }] },
      { role: 'model', parts: [{ functionCall: { name: 'ls', args: {} } }] },
      { role: 'user', parts: [{ functionResponse: { name: 'ls', response: { error: 'no' } } }] },
    ]
    const compression = { uuid: 'd', parentUuid: 'c', type: 'system', subtype: 'chat_compression' }
    const session = imported(...branches, { ...compression, systemPayload: { compressedHistory } })
    expect(told(session)).toEqual(['user sum', 'model ls:line-4#0', 'error line-4#0 no'])
  })
})

describe('files', () => {
  it('a file of another kind is no session', () => {
    expect(importSession('')).toBeUndefined()
    expect(importSession('{"role":"user","content":"hi"}\n')).toBeUndefined()
    expect(importSession(new Uint8Array([0, 255, 123]))).toBeUndefined()
    expect(closeSession('hello', () => '')).toBeUndefined()
  })

  it('R22: records that are glued together are all read, and what is torn behind them is reported', () => {
    const { records, problems } = readRecords('{"a":"}{"}{"b":[{}]} {"c":"\\"}{"}\n{"d":1}{"e')
    expect(records.map(({ line, text }) => `${line} ${text}`)).toEqual([
      '1 {"a":"}{"}',
      '1 {"b":[{}]}',
      '1 {"c":"\\"}{"}',
      '2 {"d":1}',
    ])
    expect(problems.map(({ line, kind }) => `${line} ${kind}`)).toEqual(['1 glued_records', '2 torn_tail'])
  })

  it('finding 4: of a torn record and the next one behind it, the next one is read', () => {
    const whole = '{"id":"2","text":"a {\\"id\\" b"}'
    const { records, problems } = readRecords(`{"id":"1","text":"x"}\n{"id":"3","te${whole}\n`)
    expect(records.map(({ text }) => text)).toEqual(['{"id":"1","text":"x"}', whole])
    expect(problems.map(({ line, kind }) => `${line} ${kind}`)).toEqual(['2 damaged_line'])
  })

  it('keys such as __proto__ stay plain own keys, and what is nested too deep is damage', () => {
    const deep = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
    const { records, problems } = readRecords(`{"__proto__":{"x":1}}\n${deep}\n`)
    expect(Object.keys(records[0]?.value ?? {})).toEqual(['__proto__'])
    expect([records.length, problems.map(({ kind }) => kind)]).toEqual([1, ['damaged_line']])
  })

  it('nothing throws on odd shapes in the fields that are read', () => {
    const odd: readonly unknown[] = [
      null,
      0,
      '',
      'x',
      true,
      [],
      [null],
      {},
      { content: [[], null, 7] },
      { type: 7 },
      [[1]],
    ]
    const names = ['message', 'payload', 'event', 'content', 'uuid', 'id', 'type', '$set', 'toolCalls', 'systemPayload']
    const openers = [
      { type: 'metadata', protocol_version: '1.4' },
      { type: 'session_meta', payload: {} },
      { sessionId: 's', projectHash: 'h' },
      { type: 'session', id: 's' },
      { parentUuid: null, message: { parts: [] } },
      { type: 'queue-operation', sessionId: 's' },
    ]
    const types = [
      'user',
      'assistant',
      'tool_result',
      'gemini',
      'message',
      'compaction',
      'compacted',
      'response_item',
      'system',
      'context.append_message',
      'context.append_loop_event',
      'context.undo',
      'context.apply_compaction',
      'llm.request',
    ]
    for (const opener of openers) {
      const records = types.flatMap((type) =>
        names.flatMap((name) =>
          odd.flatMap((value) => [
            { type, [name]: value },
            { type, message: { role: 'assistant', [name]: value } },
          ]),
        ),
      )
      const parts = types.flatMap((type) =>
        ['text', 'tool_use', 'tool_result', 'toolCall', 'thinking', 'think', 'functionCall', 'function_call'].flatMap(
          (kind) =>
            odd.map((value) => ({
              type,
              id: null,
              message: {
                role: value,
                content: [{ type: kind, text: value, [kind]: value, input: value, id: value }],
                parts: value,
              },
              payload: { type: kind, content: value, summary: value, arguments: value, call_id: value },
              event: { type: 'content.part', stepUuid: 'a', part: { type: kind, [kind]: value } },
            })),
        ),
      )
      const text = file(opener, ...records, ...parts)
      expect(importSession(text)?.items).toBeInstanceOf(Array)
      expect(closeSession(text, () => 'cut')).toBeTypeOf('string')
    }
  })

  it('a file of one long line and a file of many records take time in proportion to their size', () => {
    const long = `{"type":"metadata","protocol_version":"1.4","x":"${'a{\\"'.repeat(2_000_000)}`
    const { problems } = readRecords(`${long}\n${long}`)
    expect(problems.map(({ kind }) => kind)).toEqual(['damaged_line', 'torn_tail'])
    const steps = Array.from({ length: 20_000 }, (_, n) => [begin(`s${n}`), call(`s${n}`, 'same', `u${n}`)]).flat()
    const closed = closeSession(file(metadata, ...steps), () => 'cut') ?? ''
    expect(importSession(closed)?.items).toHaveLength(40_000)
  }, 20_000)
})
