/** The failures of the seed documents, end to end: what was in memory or on disk, and the request that must come of it. */
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import { project } from '../../src/project.ts'
import { CLOSING_TEXTS } from '../../src/transcript/closing.ts'
import { importSession } from '../../src/transcript/import/session.ts'
import { repair } from '../../src/transcript/repair.ts'
import { validate } from '../../src/transcript/rules.ts'
import { Transcript } from '../../src/transcript/transcript.ts'
import { answer, call, text, thinking } from './messages.ts'

/** Two turns, the answer of the second offered twice: the seed's printout, written out as messages. */
const X = 'toolu_018UuqziqdtMpuhisagLv39q'
const SEALED: JsonObject = { type: 'thinking', thinking: 'The user wants the date.', signature: 'c2VhbGVk' }
const USE: JsonObject = { type: 'tool_use', id: X, name: 'Bash', input: { command: 'date' } }
const RESULT: JsonObject = { role: 'user', content: [{ type: 'tool_result', tool_use_id: X, content: 'Fri' }] }
const FIRST_TURN: readonly JsonObject[] = [
  { role: 'user', content: 'list the files' },
  { role: 'assistant', content: [{ type: 'text', text: 'Listing.' }] },
  { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_01', name: 'Bash', input: { command: 'ls' } }] },
  { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_01', content: 'README.md' }] },
  { role: 'assistant', content: [{ type: 'text', text: 'One file.' }] },
  { role: 'user', content: 'what day is it?' },
]
const GROUP: readonly JsonObject[] = [
  { role: 'assistant', content: [SEALED] },
  { role: 'assistant', content: [USE] },
  RESULT,
]

describe('B22: the duplicated group of seed 001', () => {
  const printed = [...FIRST_TURN, ...GROUP, ...GROUP]
  const clean = [...FIRST_TURN, ...GROUP]

  it('is refused as it stands, once for the id and once for the result', () => {
    expect(validate(clean, 'anthropic')).toEqual([])
    expect(validate(printed, 'anthropic').map(({ rule, call: id }) => `${rule} ${id}`)).toContain(`A4 ${X}`)
  })

  it('is in the request once after a repair, with its reasoning', () => {
    const { messages, repairs } = repair(printed, 'anthropic')
    expect(messages).toEqual(clean)
    expect(repairs.map(({ kind }) => kind)).toEqual(['duplicate_message_dropped', 'duplicate_result_dropped'])
  })

  it('is in the request once when the fragments were merged by id first, as the agent did', () => {
    const merged = [
      ...FIRST_TURN,
      { role: 'assistant', content: [SEALED, USE, SEALED, USE] },
      RESULT,
      { role: 'user', content: '(no content)' },
    ]
    const { messages } = repair(merged, 'anthropic')
    expect(messages).toEqual([
      ...FIRST_TURN,
      { role: 'assistant', content: [SEALED, USE] },
      RESULT,
      { role: 'user', content: '(no content)' },
    ])
  })

  it('is repaired from what was sent: reasoning on both sides of the call', () => {
    const other: JsonObject = { type: 'thinking', thinking: 'And again.', signature: 'b3RoZXI=' }
    const sent = [...FIRST_TURN, { role: 'assistant', content: [SEALED, USE, other] }, RESULT]
    expect(validate(sent, 'anthropic').map(({ rule }) => rule)).toContain('A5')
    const { messages } = repair(sent, 'anthropic')
    expect(messages).toEqual([...FIRST_TURN, { role: 'assistant', content: [SEALED, USE] }, RESULT])
  })

  it('is in a transcript once: offered whole, as fragments, and under another uuid', () => {
    const transcript = new Transcript()
    transcript.add('what day is it?')
    const offer = (turn: string) =>
      answer([thinking('The user wants the date.', 'c2VhbGVk'), call(X, { command: 'date' })], { id: 'msg_1', turn })
    expect(transcript.add(offer('uuid-1')).kind).toBe('added')
    transcript.settle(X, 'Fri')
    expect(transcript.add(offer('uuid-1')).kind).toBe('unchanged')
    expect(transcript.add(offer('uuid-2')).kind).toBe('unchanged')
    for (const block of offer('uuid-3').content) {
      expect(transcript.add({ ...offer('uuid-3'), content: [block] }, { isFragment: true }).kind).toBe('unchanged')
    }
    expect(transcript.settle(X, 'Fri').kind).toBe('unchanged')
    expect(project(transcript, 'anthropic')).toEqual({
      messages: [
        { role: 'user', content: 'what day is it?' },
        { role: 'assistant', content: [SEALED, USE] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: X, content: 'Fri' }] },
      ],
      repairs: [],
    })
  })
})

describe('B23: the wire entries 472 to 478 of seed 000', () => {
  const ID = 'tool_iq3KtmRW2h0g5fZpAxmE76r2'
  const step = { turnId: '4', step: 32, stepUuid: '8f932678-57bd-4cbc-845d-75a9944f1bb9' }
  const event = (own: JsonObject): JsonObject => ({ type: 'context.append_loop_event', event: own, time: 1 })
  let time = 2
  const user = (words: string, kind: string): JsonObject => ({
    type: 'context.append_message',
    message: { role: 'user', content: [{ type: 'text', text: words }], toolCalls: [], origin: { kind } },
    time: (time += 1000),
  })
  const records: readonly JsonObject[] = [
    { type: 'metadata', protocol_version: '1.4', created_at: 1 },
    user('查一下后台任务', 'user'),
    event({ type: 'step.begin', uuid: step.stepUuid, turnId: '4', step: 32 }),
    event({ type: 'content.part', uuid: 'p1', ...step, part: { type: 'think', think: '看看任务' } }),
    event({ type: 'content.part', uuid: 'p2', ...step, part: { type: 'text', text: '我来看看。' } }),
    event({ type: 'tool.call', uuid: 'c1', ...step, toolCallId: ID, name: 'TaskOutput', args: { task: 'a1' } }),
    user('<notification>background agent lost</notification>', 'notification'),
    user('继续', 'user'),
    user('继续', 'user'),
  ]
  const session = importSession(records.map((record) => JSON.stringify(record)).join('\n') + '\n')
  const transcript = new Transcript()
  for (const { item, isFragment } of session?.items ?? []) {
    if (item.role === 'assistant') transcript.add(item.message, { isFragment: isFragment === true })
    else if (item.role === 'tool') transcript.settle(item.call, item)
    else transcript.add(item)
  }

  it('leave the call TaskOutput open', () => {
    expect(session?.target).toBe('kimi')
    expect(session?.problems).toEqual([])
    expect(transcript.open().map(({ call: { id, name } }) => [name, id])).toEqual([['TaskOutput', ID]])
  })

  it.each(['kimi', 'openai-chat', 'deepseek'] as const)(
    'give %s the call closed with an error, then the notification and both messages of the user',
    (target) => {
      const { messages, repairs } = project(transcript, target)
      expect(validate(messages, target)).toEqual([])
      expect(repairs).toMatchObject([{ kind: 'call_closed', call: ID }])
      expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'user', 'user', 'user'])
      expect(messages[1]).toMatchObject({
        content: '我来看看。',
        tool_calls: [{ id: ID, type: 'function', function: { name: 'TaskOutput', arguments: '{"task":"a1"}' } }],
      })
      expect(messages[2]).toEqual({ role: 'tool', tool_call_id: ID, content: CLOSING_TEXTS.interrupted })
      expect(JSON.stringify(messages.slice(3))).toMatch(/background agent lost.*继续.*继续/)
    },
  )

  it('give a valid request for a summary too, and one that is the same however often it is made', () => {
    const first = project(transcript, 'kimi')
    transcript.add('Summarise the conversation.')
    const second = project(transcript, 'kimi')
    expect(validate(second.messages, 'kimi')).toEqual([])
    expect(second.messages.slice(0, -1)).toEqual(first.messages)
    expect(project(transcript, 'kimi')).toEqual(second)
  })
})

describe('B24: the rejection that was captured', () => {
  const rejected: readonly JsonObject[] = [
    {
      role: 'assistant',
      content: [
        { type: 'tool_use', id: 'call_1', name: 'look', input: { q: 'x' } },
        { type: 'text', text: 'Looking.' },
      ],
    },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_1', content: 'found' }] },
    { role: 'user', content: 'go on' },
  ]

  it('is flagged by A5, in the words with which it was refused', () => {
    expect(validate(rejected, 'anthropic')).toMatchObject([
      {
        rule: 'A5',
        message: 0,
        block: 1,
        provider: expect.stringContaining('tool_use` ids were found without `tool_result` blocks'),
      },
    ])
  })

  it('is repaired to text, call, result, text', () => {
    const { messages, repairs } = repair(rejected, 'anthropic')
    expect(messages).toEqual([
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'Looking.' },
          { type: 'tool_use', id: 'call_1', name: 'look', input: { q: 'x' } },
        ],
      },
      ...rejected.slice(1),
    ])
    expect(repairs.map(({ kind, message, block }) => [kind, message, block])).toEqual([['block_moved', 0, 1]])
  })

  it('comes of a transcript in the same order', () => {
    const transcript = new Transcript()
    transcript.add(answer([call('call_1', { q: 'x' }, 'look'), text('Looking.')], { id: 'msg_1' }))
    transcript.settle('call_1', 'found')
    transcript.add('go on')
    expect(project(transcript, 'anthropic').messages).toEqual(repair(rejected, 'anthropic').messages)
  })
})
