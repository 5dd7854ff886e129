/** What is said of files that hold a conversation: real sessions, cases of the requirements, requests that were accepted, hostile input. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { diagnose } from '../../src/diagnose.ts'
import { MisuseError } from '../../src/errors.ts'
import { isObject, type JsonObject } from '../../src/json.ts'
import type { Diagnosis } from '../../src/transcript/diagnose/diagnosis.ts'
import { closeSession } from '../../src/transcript/import/closing.ts'
import { importSession } from '../../src/transcript/import/session.ts'
import { validate } from '../../src/transcript/rules.ts'
import { CHAT_REQUEST_EXCEPTIONS } from '../corpus/accepted-requests.ts'
import { corpusStreams, describeShared } from '../support/corpus.ts'

const SESSIONS = new URL('../../../shared/sessions/', import.meta.url)

const readSession = (file: string): string => readFileSync(new URL(file, SESSIONS), 'utf8')
const found = ({ findings }: Diagnosis): readonly string[] =>
  findings.map(({ rule, place, tool, call }) => [rule, place.path ?? place.line, tool, call].filter(Boolean).join(' '))
const opened = ({ open }: Diagnosis): readonly string[] =>
  open.map(({ tool, call, place }) => `${tool} ${call} ${place.path ?? place.line}`)
const kinds = ({ problems }: Diagnosis): readonly string[] => problems.map(({ line, kind }) => `${line} ${kind}`)

function repaired({ remedy }: Diagnosis): readonly JsonObject[] {
  return remedy.kind === 'repaired' ? remedy.messages : expect.fail(remedy.text)
}

/** Valid for its target, and written back it is diagnosed clean. */
function expectRepaired(file: string): void {
  const { diagnosis, repairedFile } = diagnose(file)
  expect(validate(repaired(diagnosis), diagnosis.target, diagnosis.facts)).toEqual([])
  const again = diagnose(repairedFile() ?? expect.fail('nothing to write'), { target: diagnosis.target }).diagnosis
  expect({ findings: again.findings, problems: again.problems, open: again.open }).toEqual({
    findings: [],
    problems: [],
    open: [],
  })
}

const lines = (records: readonly object[]): string => records.map((record) => `${JSON.stringify(record)}\n`).join('')

/** The open calls of each file with their lines, and by which rule; Gemini CLI writes no call before its result. */
const FILES: Readonly<Record<string, readonly string[]>> = {
  'claude/finished-tool-turn.jsonl': [],
  'claude/killed-in-tool.jsonl': ['A1 22 Bash toolu_000001fpx48s'],
  'claude/killed-in-one-of-two-tools.jsonl': ['A1 22 Bash toolu_000002ufiaf5', 'A1 23 Bash toolu_b000002ufiaf5'],
  'claude/killed-mid-tool-json.jsonl': [],
  'codex/finished-tool-turn.jsonl': [],
  'codex/killed-in-tool.jsonl': ['P3 12 exec_command call_0000011sczil'],
  // The output of the other one was shown before the kill.
  'codex/killed-in-one-of-two-tools.jsonl': ['P3 12 exec_command call_000002begjwu'],
  'codex/killed-mid-tool-json.jsonl': [],
  'gemini/finished-tool-turn.jsonl': [],
  'gemini/killed-in-tool.jsonl': [],
  'gemini/killed-in-one-of-two-tools.jsonl': [],
  'gemini/killed-mid-tool-json.jsonl': [],
  'kimi/finished-tool-turn.jsonl': [],
  'kimi/killed-in-tool.jsonl': ['O1 18 Bash call_000001r4a91x'],
  'kimi/killed-in-one-of-two-tools.jsonl': ['O1 18 Bash call_000002a4clc5', 'O1 19 Bash call_b000002a4clc5'],
  'kimi/killed-mid-tool-json.jsonl': [],
  'kimi/replayed-tool-block.jsonl': ['A1 18 Bash toolu_000002uproi4'],
  'pi/finished-tool-turn.jsonl': [],
  'pi/killed-in-tool.jsonl': ['O1 5 bash call_000001qyeuwi'],
  'pi/killed-in-one-of-two-tools.jsonl': ['O1 5 bash call_000002ynthzb', 'O1 5 bash call_b000002ynthzb'],
  'qwen/finished-tool-turn.jsonl': [],
  'qwen/killed-in-tool.jsonl': ['O1 4 run_shell_command call_000001rf9vyt'],
  'qwen/killed-in-one-of-two-tools.jsonl': [
    'O1 4 run_shell_command call_000002t7e5u3',
    'O1 4 run_shell_command call_b000002t7e5u3',
  ],
  'qwen/killed-mid-tool-json.jsonl': [],
}

describeShared('sessions', 'a diagnosis of a real session', () => {
  it.each(Object.entries(FILES))('%s: names the open calls, and the repair is valid', (file, findings) => {
    const text = readSession(file)
    const { diagnosis } = diagnose(text)
    expect(found(diagnosis)).toEqual(findings)
    expect(opened(diagnosis).map((open) => open.split(' ')[1])).toEqual(findings.map((one) => one.split(' ')[3]))
    expect(kinds(diagnosis)).toEqual(file === 'kimi/replayed-tool-block.jsonl' ? ['19 duplicate_record'] : [])
    expect(diagnosis.findings.map(({ repairs }) => repairs.map(({ kind }) => kind))).toEqual(
      findings.map(() => ['call_closed']),
    )
    expectRepaired(text)
  })

  it.each(Object.keys(FILES))('B18: %s, cut at many offsets: nothing is fatal, what stands before is there', (file) => {
    const text = readSession(file)
    const ends = [...text.matchAll(/\n/g)].map(({ index }) => index)
    const cuts = ends.slice(5).flatMap((end) => [end - 7, end, end + 1, end + 9].filter((at) => at < text.length))
    for (const cut of [...cuts.slice(-24), text.length - 2]) {
      const whole = text.slice(0, text.lastIndexOf('\n', cut - 1) + 1)
      const before = diagnose(whole).diagnosis
      const { diagnosis } = diagnose(text.slice(0, cut))
      if (ends.includes(cut) || ends.includes(cut - 1)) continue
      expect(found(diagnosis), `cut at ${cut}`).toEqual(found(before))
      expect(diagnosis.messages, `cut at ${cut}`).toBe(before.messages)
      expect(kinds(diagnosis).at(-1), `cut at ${cut}`).toMatch(/ torn_tail$/)
    }
  })

  it('R22: damaged, glued and doubled lines are reported and end nothing', () => {
    const own = readSession('claude/killed-in-tool.jsonl').split('\n').filter(Boolean)
    const file = [own[0], 'no JSON', ...own.slice(1, 20), `${own[20]}${own[21]}`, own[21], own[21]].join('\n')
    const { diagnosis } = diagnose(file)
    expect(kinds(diagnosis)).toEqual([
      '2 damaged_line',
      '22 glued_records',
      '23 duplicate_record',
      '24 duplicate_record',
    ])
    expect(found(diagnosis)).toEqual(['A1 22 Bash toolu_000001fpx48s'])
    expectRepaired(file)
  })
})

const part = (type: string, more: object) => ({
  type: 'context.append_loop_event',
  event: { type, ...more },
})
const kimiUser = (text: string, origin = 'user') => ({
  type: 'context.append_message',
  message: { role: 'user', content: [{ type: 'text', text }], toolCalls: [], origin: { kind: origin } },
})

describe('a diagnosis of a session', () => {
  const step = '8f932678-57bd-4cbc-845d-75a9944f1bb9'
  const call = 'tool_iq3KtmRW2h0g5fZpAxmE76r2'
  const WIRE = lines([
    { type: 'metadata', protocol_version: '1.4' },
    kimiUser('watch it'),
    part('step.begin', { uuid: step, turnId: '4', step: 32 }),
    part('content.part', { uuid: 'p1', stepUuid: step, part: { type: 'think', think: 'I wait for it' } }),
    part('content.part', { uuid: 'p2', stepUuid: step, part: { type: 'text', text: 'Waiting.' } }),
    part('tool.call', {
      uuid: 'c1',
      stepUuid: step,
      toolCallId: call,
      name: 'TaskOutput',
      args: { task_id: '79', block: true },
    }),
    kimiUser('the agent was lost', 'background_task'),
    { ...kimiUser('继续'), time: 1 },
    { ...kimiUser('继续'), time: 2 },
  ])

  it('B23: names the call of TaskOutput that no result ever came for, and both 继续 are in the repair', () => {
    const { diagnosis } = diagnose(WIRE)
    expect(diagnosis.form).toEqual({ kind: 'session', agent: 'kimi-code' })
    expect(found(diagnosis)).toEqual([`O1 6 TaskOutput ${call}`])
    expect(diagnosis.findings[0]?.provider).toContain(`did not have response messages: ${call}`)
    const messages = repaired(diagnosis)
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'user', 'user', 'user'])
    expect(JSON.stringify(messages).split('继续')).toHaveLength(3)
    expectRepaired(WIRE)
  })

  const X = 'toolu_018UuqziqdtMpuhisagLv39q'
  const thinking = { type: 'thinking', thinking: 'pwd, then', signature: 'c2lnbmVk' }
  const use = { type: 'tool_use', id: X, name: 'Bash', input: { command: 'pwd' } }
  const result = { type: 'tool_result', tool_use_id: X, content: '/work' }
  const claude = (uuid: string, type: string, content: unknown, id?: string) => ({
    sessionId: 's',
    uuid,
    type,
    message: { role: type, content, ...(id === undefined ? {} : { id }) },
  })

  it('B22: a group that is offered twice is there once, and its second copy is reported by its line', () => {
    const file = lines([
      claude('u1', 'user', 'Now run `pwd`.'),
      claude('u2', 'assistant', [thinking], 'msg_1'),
      claude('u3', 'assistant', [use], 'msg_1'),
      claude('u4', 'user', [result]),
      claude('u5', 'assistant', [thinking], 'msg_1'),
      claude('u6', 'assistant', [use], 'msg_1'),
      claude('u7', 'user', [result]),
    ])
    const { diagnosis } = diagnose(file)
    expect(kinds(diagnosis)).toEqual(['5 duplicate_record', '6 duplicate_record', '7 duplicate_record'])
    expect(found(diagnosis)).toEqual([])
    expect(repaired(diagnosis)).toEqual([
      { role: 'user', content: 'Now run `pwd`.' },
      { role: 'assistant', content: [thinking, use] },
      { role: 'user', content: [result] },
    ])
  })

  it('B22: the same group twice in an array breaks A4, and the repair has it once', () => {
    const twice = [
      { role: 'user', content: 'Now run `pwd`.' },
      { role: 'assistant', content: [thinking, use] },
      { role: 'user', content: [result] },
      { role: 'assistant', content: [thinking] },
      { role: 'assistant', content: [use] },
      { role: 'user', content: [result] },
    ]
    const { diagnosis } = diagnose(JSON.stringify(twice))
    expect(diagnosis.target).toBe('anthropic')
    expect(found(diagnosis)).toContain(`A4 messages[4].content[0] Bash ${X}`)
    expect(repaired(diagnosis)).toEqual(twice.slice(0, 3))
    expectRepaired(JSON.stringify(twice))
  })

  it('A3: a result without its call is named by its line', () => {
    const { diagnosis } = diagnose(lines([claude('u1', 'user', 'hello'), claude('u2', 'user', [result])]))
    expect(found(diagnosis)).toEqual([`A3 2 ${X}`])
    expect(kinds(diagnosis)).toEqual(['2 orphan_record'])
  })

  it('a second, different result of one call is a conflict, and what the agent would send breaks A4', () => {
    const other = { ...result, content: 'another' }
    const records = [
      claude('u1', 'assistant', [use], 'm'),
      claude('u2', 'user', [result]),
      claude('u3', 'user', [other]),
    ]
    const { diagnosis } = diagnose(lines([claude('u0', 'user', 'run'), ...records]))
    expect(kinds(diagnosis)).toEqual(['4 conflict'])
    expect(found(diagnosis)).toEqual([`A4 4 Bash ${X}`])
  })

  it('a Qwen file that only a doubled record shows to be one is still one when it is closed', () => {
    const head = { uuid: 'a', parentUuid: null, sessionId: 's' }
    const said = { ...head, type: 'user', message: { role: 'user', parts: [{ text: 'hi' }] } }
    const file = lines([{ ...head, type: 'system' }, said])
    expect(importSession(file)?.agent).toBe('qwen-code')
    expect(importSession(closeSession(file, () => '') ?? '')?.agent).toBe('qwen-code')
  })
})

describe('a diagnosis of a request', () => {
  const request = {
    model: 'claude-sonnet-4-5',
    max_tokens: 64,
    messages: [
      { role: 'user', content: 'weather?' },
      {
        role: 'assistant',
        content: [
          { type: 'tool_use', id: 'call_1', name: 'get_weather', input: { city: 'Paris' } },
          { type: 'text', text: 'I look.' },
        ],
      },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_1', content: 'sunny' }] },
      { role: 'user', content: 'thanks' },
    ],
    tools: [{ name: 'get_weather', input_schema: { type: 'object' } }],
  }

  it('B24: a text behind a call breaks A5, and the repair puts it in front', () => {
    const { diagnosis } = diagnose(JSON.stringify(request))
    expect(diagnosis).toMatchObject({ form: { kind: 'request' }, target: 'anthropic', facts: { tools: true } })
    expect(found(diagnosis)).toEqual(['A5 messages[1].content[1]'])
    expect(repaired(diagnosis)[1]?.['content']).toMatchObject([{ type: 'text' }, { type: 'tool_use' }])
    expectRepaired(JSON.stringify(request))
  })

  it('B24: written back, all but the messages is as it was, byte by byte', () => {
    const big = `{\n    "seed": 12345678901234567890,\n    "messages": ${JSON.stringify(request.messages, null, 4)},\n  "__proto__": {"a": 1e400},\n    "tools": [{"name":"get_weather","input_schema":{}}]\n}\n`
    const text = diagnose(big, { target: 'anthropic' }).repairedFile() ?? ''
    const [before, after] = text.split(/"messages": \[[^]*\n\],\n/)
    expect(before).toBe('{\n    "seed": 12345678901234567890,\n    ')
    expect(after).toBe(big.slice(big.indexOf('  "__proto__"')))
    expect(text).toContain('\n    {\n        "role": "user",\n        "content": "weather?"\n    }')
    expectRepaired(big)
  })

  it('an envelope whose body is a text: judged by its URL, written back as an envelope', () => {
    const body = JSON.stringify({
      messages: [
        { role: 'user', content: 'a' },
        { role: 'tool', tool_call_id: 'q', content: 'x' },
      ],
    })
    const envelope = JSON.stringify({ method: 'POST', url: 'https://api.moonshot.ai/v1/chat/completions', body })
    const { diagnosis, repairedFile } = diagnose(envelope)
    expect(diagnosis.target).toBe('kimi')
    expect(found(diagnosis)).toEqual(['K3 body.messages[1] q'])
    const written: unknown = JSON.parse(repairedFile() ?? '')
    expect(written).toEqual({
      method: 'POST',
      url: 'https://api.moonshot.ai/v1/chat/completions',
      body: JSON.stringify({ messages: [{ role: 'user', content: 'a' }] }),
    })
  })

  it.each([
    [
      'input',
      [{ type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' }],
      'openai-responses',
      'P3 input[0] f c',
    ],
    [
      'contents',
      [
        { role: 'user', parts: [{ text: 'x' }] },
        { role: 'model', parts: [{ functionCall: { name: 'f', args: {} } }] },
      ],
      'gemini',
      'G1',
    ],
    [
      'messages',
      [{ role: 'assistant', tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }] }],
      'openai-chat',
      'O1',
    ],
  ] as const)('a list and a request with %s are of the same target', (field, messages, target, finding) => {
    for (const value of [messages, { [field]: messages }]) {
      const { diagnosis } = diagnose(JSON.stringify(value))
      expect(diagnosis.target).toBe(target)
      expect(found(diagnosis)[0]).toContain(finding)
      expect(diagnosis.open).toHaveLength(1)
      expectRepaired(JSON.stringify(value))
    }
  })

  it('P3: an output whose call is in an earlier response is no finding if the request goes on from one', () => {
    const input = [{ type: 'function_call_output', call_id: 'c', output: 'x' }]
    expect(found(diagnose(JSON.stringify({ input })).diagnosis)).toHaveLength(1)
    expect(found(diagnose(JSON.stringify({ input, previous_response_id: 'r' })).diagnosis)).toEqual([])
  })

  it('says what is assumed where nothing tells Anthropic from chat', () => {
    const { diagnosis } = diagnose('[{"role":"user","content":"hi"}]')
    expect(diagnosis.target).toBe('openai-chat')
    expect(diagnosis.assumed).toContain('--target')
    expect(diagnose('[{"role":"user","content":"hi"}]', { target: 'gemini' }).diagnosis.target).toBe('gemini')
  })

  it('A13: what only gateways refuse is found in the profile strict', () => {
    const file = JSON.stringify({ ...request, messages: [request.messages[0], request.messages[0]] })
    expect(found(diagnose(file).diagnosis)).toEqual([])
    expect(found(diagnose(file, { profile: 'strict' }).diagnosis)).toEqual(['A13 messages[1]'])
  })

  it('lines of messages, one of them damaged', () => {
    const tool = { role: 'tool', tool_call_id: 'q', content: 'x' }
    const { diagnosis } = diagnose(`${lines([{ role: 'user', content: 'hi' }])}{"role\n${lines([tool])}`)
    expect(diagnosis.form).toEqual({ kind: 'lines' })
    expect(kinds(diagnosis)).toEqual(['2 damaged_line'])
    expect(found(diagnosis)).toEqual(['O2 3 q'])
  })
})

describe('a diagnosis of what is hostile', () => {
  it.each([
    ['nothing', ''],
    ['blanks', '  '],
    ['a word', 'abc'],
    ['null', 'null'],
    ['an empty object', '{}'],
    ['a list of numbers', '[1]'],
    ['a list of null', '[null]'],
    ['a request without messages', '{"messages":null}'],
    ['a request that is cut off', '{"messages":[{"ro'],
    ['a million brackets', '['.repeat(1e6)],
  ])('%s is no history', (_name, text) => {
    expect(() => diagnose(text)).toThrow(expect.objectContaining({ name: 'MisuseError', code: 'unknown_history' }))
  })

  it('messages of the wrong kind are findings', () => {
    const { diagnosis } = diagnose(
      '{"messages":[null,1,"a",{"role":"user","content":1},{"role":"assistant","content":[null]}]}',
    )
    expect(diagnosis.findings.length).toBeGreaterThan(3)
    expect(repaired(diagnosis)).toEqual([])
  })

  it('an array that is nested too deep is refused with its index', () => {
    const deep = `[{"role":"user","content":${'['.repeat(700)}${']'.repeat(700)}}]`
    expect(() => diagnose(deep)).toThrow(MisuseError)
    expect(() => diagnose(deep)).toThrow(/messages\[0\] is nested deeper/)
  })

  it('keys such as __proto__ stay where they are', () => {
    const file =
      '{"__proto__":{"messages":[]},"messages":[{"role":"user","content":"x"},{"role":"tool","tool_call_id":"__proto__","content":""}]}'
    const { diagnosis, repairedFile } = diagnose(file)
    expect(found(diagnosis)).toEqual(['O2 messages[1] __proto__'])
    expect(repairedFile()).toBe('{"__proto__":{"messages":[]},"messages":[{"role":"user","content":"x"}]}')
  })

  it('a damaged line of 50 MB in a session: what stands around it is there', { timeout: 60_000 }, () => {
    const said = (uuid: string) =>
      JSON.stringify({ sessionId: 's', uuid, type: 'user', message: { role: 'user', content: uuid } })
    const { diagnosis } = diagnose(`${said('before')}\n${'{"a'.repeat(17_000_000)}\n${said('after')}\n`)
    expect(kinds(diagnosis)).toEqual(['2 damaged_line'])
    expect(repaired(diagnosis).map(({ content }) => content)).toEqual(['before', 'after'])
  })

  it('takes no longer for each message of many', { timeout: 60_000 }, () => {
    const many = (count: number): string =>
      JSON.stringify({
        max_tokens: 1,
        messages: Array.from({ length: count }, (_, at) => ({
          role: at % 2 === 0 ? 'user' : 'assistant',
          content: at % 2 === 0 ? 'go on' : [{ type: 'tool_use', id: `t${at}`, name: 'n', input: {} }],
        })),
      })
    const timeOf = (text: string): number => {
      const start = process.cpuUsage().user
      expect(diagnose(text).diagnosis.target).toBe('anthropic')
      return process.cpuUsage().user - start
    }
    timeOf(many(2000))
    expect(timeOf(many(16_000))).toBeLessThan(24 * timeOf(many(2000)))
  })
})

const DIALECTS: Readonly<Record<string, string>> = {
  'anthropic-messages': 'anthropic',
  'openai-chat': 'openai-chat',
  'openai-responses': 'openai-responses',
  gemini: 'gemini',
  mistral: 'openai-chat',
  'openai-compatible/deepseek': 'deepseek',
  'other/bedrock-invoke-anthropic': 'anthropic',
}

describeShared('corpus', 'a diagnosis of requests that were accepted', () => {
  const streams = corpusStreams(
    ({ dialect, request, finish }) =>
      request !== undefined && finish.length > 0 && (dialect in DIALECTS || dialect.startsWith('openai-compatible/')),
  ).filter(({ request }) => ['messages', 'contents', 'input'].some((field) => isObject(request) && field in request))

  it('finds the target of each, and nothing wrong but what the tests of the rules have an exception for', () => {
    const wrong: Record<string, readonly string[]> = {}
    for (const { file, dialect, request } of streams) {
      const { diagnosis } = diagnose(JSON.stringify(request))
      if (dialect in DIALECTS) expect(diagnosis.target, file).toBe(DIALECTS[dialect])
      else expect(['openai-chat', 'kimi', 'deepseek'], file).toContain(diagnosis.target)
      expect(diagnosis.assumed, file).toBeUndefined()
      if (diagnosis.findings.length > 0) wrong[file] = diagnosis.findings.map(({ rule }) => rule)
    }
    const byHand =
      'anthropic-messages/DataDog-dd-trace-py__contrib-anthropic-anthropic-completion-tools-call-with-tool-result-stream'
    expect(wrong).toEqual({
      [`${byHand}.sse`]: ['A1', 'A3'],
      [`${byHand}-helper.sse`]: ['A1', 'A3'],
      ...Object.fromEntries(Object.keys(CHAT_REQUEST_EXCEPTIONS).map((file) => [file, ['O5']])),
    })
    expect(streams.length).toBeGreaterThan(1300)
  })
})
