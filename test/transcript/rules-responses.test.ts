import { describe, expect, it } from 'vitest'
import type { JsonObject, JsonValue } from '../../src/json.ts'
import { RESPONSES_RULES } from '../../src/transcript/rules/responses.ts'
import { findingsOf, namesOf, ODD_MESSAGES } from './findings.ts'

const user: JsonObject = { role: 'user', content: 'hello' }
const answer: JsonObject = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'hello' }] }
const reasoning = (id: string): JsonObject => ({ type: 'reasoning', id, summary: [] })
const encrypted: JsonObject = { type: 'reasoning', encrypted_content: 'gAAA', summary: [] }
const call = (id: string, more: JsonObject = {}): JsonObject => ({
  type: 'function_call',
  call_id: id,
  name: 'look',
  arguments: '{}',
  ...more,
})
const output = (id: string): JsonObject => ({ type: 'function_call_output', call_id: id, output: 'seen' })

const flagged = (...items: readonly JsonObject[]): readonly string[] => namesOf(RESPONSES_RULES, items)
const words = (...items: readonly JsonObject[]): readonly string[] =>
  findingsOf(RESPONSES_RULES, items).map(({ provider }) => provider)

describe('the rules of Responses', () => {
  it('P1: reasoning at the end, before a user, a system message or an output is flagged', () => {
    expect(words(user, reasoning('rs_1'))).toEqual([
      "Item 'rs_1' of type 'reasoning' was provided without its required following item.",
    ])
    for (const next of [
      user,
      { type: 'message', role: 'system', content: 'be brief' },
      { role: 'developer', content: '' },
    ]) {
      expect(flagged(user, reasoning('rs_1'), next)).toEqual(['P1@1'])
    }
    expect(flagged(user, call('a'), reasoning('rs_1'), output('a'))).toEqual(['P1@2'])
  })

  it('quirk 12.04: reasoning whose sibling was dropped is flagged, each item of a run of them', () => {
    expect(flagged(user, reasoning('rs_1'), reasoning('rs_2'), user)).toEqual(['P1@1', 'P1@2'])
  })

  it('P1: reasoning before a call, an answer, more reasoning and an item of an unknown type passes', () => {
    expect(flagged(user, reasoning('rs_1'), reasoning('rs_2'), call('a'), output('a'))).toEqual([])
    expect(flagged(user, reasoning('rs_1'), answer)).toEqual([])
    expect(flagged(user, reasoning('rs_1'), { type: 'program', call_id: 'p', code: '1' })).toEqual([])
    expect(flagged(user, reasoning('rs_1'), { type: 'web_search_call', id: 'ws_1' })).toEqual([])
  })

  it('P1: encrypted reasoning without an id passes anywhere', () => {
    expect(flagged(user, encrypted, encrypted, user)).toEqual([])
    expect(flagged(user, encrypted)).toEqual([])
  })

  it('P2: a call with an id is flagged where something stands between it and its reasoning', () => {
    const late = call('a', { id: 'fc_1' })
    expect(flagged(user, reasoning('rs_1'), user, late, output('a'))).toEqual(['P1@1', 'P2@3 a'])
    expect(words(user, reasoning('rs_1'), user, late, output('a'))[1]).toBe(
      "Item 'fc_1' of type 'function_call' was provided without its required 'reasoning' item: 'rs_1'.",
    )
  })

  it('P2: a call without an id, a call behind its reasoning and a second call behind the first one’s output pass', () => {
    expect(flagged(user, encrypted, user, call('a', { id: 'fc_1' }), output('a'))).toEqual([])
    expect(flagged(user, reasoning('rs_1'), user, call('a'), output('a'))).toEqual(['P1@1'])
    const two = [call('a', { id: 'fc_1' }), output('a'), call('b', { id: 'fc_2' }), output('b')]
    expect(flagged(user, reasoning('rs_1'), ...two)).toEqual([])
    expect(flagged(user, call('a', { id: 'fc_1' }), output('a'))).toEqual([])
  })

  it('P3: a call without an output is flagged, also at the end', () => {
    expect(words(user, call('a'))).toEqual(['No tool output found for function call a.'])
    expect(flagged(user, call('a'), call('b'), output('b'), user)).toEqual(['P3@1 a'])
  })

  it('P3: an output before its call, or without one, is flagged', () => {
    expect(words(user, output('a'))).toEqual(['No tool call found for function call output with call_id a.'])
    expect(flagged(user, output('a'), call('a'))).toEqual(['P3@1 a', 'P3@2 a'])
    const custom: JsonObject = { type: 'custom_tool_call', call_id: 'a', name: 'write', input: 'text' }
    expect(flagged(user, custom, output('a'))).toEqual(['P3@1 a', 'P3@2 a'])
  })

  it('P3: a second output is flagged, and so is a second call with the same call_id', () => {
    expect(words(user, call('terminal:0'), output('terminal:0'), output('terminal:0'))).toEqual([
      "Duplicate function_call_output for call_id 'terminal:0'. Each function_call must have exactly one matching function_call_output",
    ])
    expect(flagged(user, call('a'), call('a'), output('a'))).toEqual(['P3@2 a'])
  })

  it('P3: the output may stand behind other items, and each kind of call has its own', () => {
    expect(flagged(user, call('a'), user, answer, output('a'))).toEqual([])
    for (const kind of ['computer_call', 'shell_call', 'apply_patch_call']) {
      const asked: JsonObject = { type: kind, call_id: 'a' }
      expect(flagged(user, asked, { type: `${kind}_output`, call_id: 'a' })).toEqual([])
      expect(flagged(user, asked)).toEqual(['P3@1 a'])
    }
    const custom: JsonObject = { type: 'custom_tool_call', call_id: 'a', name: 'write', input: 'text' }
    expect(flagged(user, custom, { type: 'custom_tool_call_output', call_id: 'a', output: 'done' })).toEqual([])
  })

  it('P3: the output of a local shell names its call by id or call_id', () => {
    const shell: JsonObject = { type: 'local_shell_call', id: 'lsh_1', call_id: 'a' }
    for (const id of ['lsh_1', 'a']) {
      expect(flagged(user, shell, { type: 'local_shell_call_output', id, output: 'done' })).toEqual([])
    }
    expect(flagged(user, shell, { type: 'local_shell_call_output', id: 'b', output: 'done' })).toEqual([
      'P3@1 a',
      'P3@2 b',
    ])
  })

  it('P3: a search for tools is answered by the client, unless the server does it', () => {
    const search: JsonObject = { type: 'tool_search_call', call_id: 'a', execution: 'client', arguments: {} }
    expect(flagged(user, search, { type: 'tool_search_output', call_id: 'a', execution: 'client', tools: [] })).toEqual(
      [],
    )
    expect(flagged(user, search)).toEqual(['P3@1 a'])
    expect(flagged(user, { ...search, execution: 'server' })).toEqual([])
    expect(flagged(user, { ...search, execution: 'server', call_id: null })).toEqual([])
    expect(flagged(user, { type: 'tool_search_output', call_id: null, execution: 'server', tools: [] })).toEqual([])
  })

  it('P4: an id that an earlier item has is flagged, and a reference counts as the item', () => {
    expect(words(user, { ...answer, id: 'msg_1' }, user, { ...answer, id: 'msg_1' })).toEqual([
      'Duplicate item found with id msg_1. Remove duplicate items from your input and try again.',
    ])
    expect(flagged(user, { ...answer, id: 'msg_1' }, { type: 'item_reference', id: 'msg_1' })).toEqual(['P4@2'])
    expect(flagged(user, { ...answer, id: 'msg_1' }, { ...answer, id: 'msg_2' }, answer, answer)).toEqual([])
  })

  it('P5: 65 characters are too long for a call_id, 64 are not', () => {
    const long = 'x'.repeat(65)
    expect(words(user, call(long), output(long))).toEqual(
      [1, 2].map(
        (at) =>
          `Invalid 'input[${at}].call_id': string too long. Expected a string with maximum length 64, but got a string with length 65 instead.`,
      ),
    )
    const fitting = 'x'.repeat(64)
    expect(flagged(user, call(fitting), output(fitting))).toEqual([])
  })

  it('P6: what is no item, has neither type nor role, or a role that nobody has, is flagged', () => {
    const odd = JSON.parse(
      '[null, 7, { "content": "a" }, { "role": "tool", "content": "a" }, { "type": 5 }]',
    ) as JsonObject[]
    expect(flagged(...odd)).toEqual(['P6@0', 'P6@1', 'P6@2', 'P6@3', 'P6@4'])
    expect(words({ type: 'message', content: 'a' })).toEqual(["Missing required parameter: 'input[0].role'."])
    expect(flagged({ type: 'a_new_one', role: 'robot' }, { type: 'compaction', encrypted_content: 'a' })).toEqual([])
  })

  it('P6: content that is neither text nor parts, and parts without a type, are flagged', () => {
    expect(flagged({ role: 'user' }, { role: 'user', content: null }, { role: 'user', content: {} })).toEqual([
      'P6@0',
      'P6@1',
      'P6@2',
    ])
    expect(flagged({ role: 'user', content: [{ type: 'input_text', text: 'a' }, {}, null] })).toEqual([
      'P6@0.1',
      'P6@0.2',
    ])
    expect(flagged({ role: 'user', content: '' }, { role: 'user', content: [] })).toEqual([])
  })

  it('P6: a call needs its call_id and name, an output its call_id and output', () => {
    expect(words({ type: 'function_call', arguments: '{}' }, { type: 'function_call_output' })).toEqual([
      "Missing required parameter: 'input[0].call_id'.",
      "Missing required parameter: 'input[0].name'.",
      "Missing required parameter: 'input[1].call_id'.",
      "Missing required parameter: 'input[1].output'.",
    ])
    const parts: JsonValue = [{ type: 'input_text', text: 'seen' }]
    expect(flagged(call('a'), { ...output('a'), output: parts })).toEqual([])
  })

  it('quirk 12.05: an empty id is flagged, a missing one is not', () => {
    expect(words(user, reasoning(''), answer)).toEqual([
      "Invalid 'input[1].id': ''. Expected an ID that contains letters, numbers, underscores, or dashes, but this value contained additional characters.",
    ])
    expect(flagged(user, encrypted, answer)).toEqual([])
  })

  it('quirk 12.05: P7: reasoning without a summary is flagged, an empty list is one', () => {
    expect(words(user, { type: 'reasoning', id: 'rs_1' }, answer)).toEqual([
      "Missing required parameter: 'input[1].summary'.",
    ])
    expect(flagged(user, { type: 'reasoning', id: 'rs_1', summary: null }, answer)).toEqual(['P7@1'])
    expect(flagged(user, reasoning('rs_1'), answer)).toEqual([])
  })

  it('P8: arguments that are no text are flagged, and any text passes', () => {
    expect(words(user, call('a', { arguments: {} }), output('a'))).toEqual([
      "Invalid type for 'input[1].arguments': expected a string, but got an object instead.",
    ])
    expect(flagged(user, call('a', { arguments: '{"a":' }), output('a'))).toEqual([])
    const custom: JsonObject = { type: 'custom_tool_call', call_id: 'a', name: 'write', input: {} }
    expect(flagged(user, custom, { type: 'custom_tool_call_output', call_id: 'a', output: '' })).toEqual(['P8@1 a'])
  })

  it('P9: input of the assistant, output of a user and the text of chat are flagged, other parts pass', () => {
    const of = (role: string, type: string): JsonObject => ({ role, content: [{ type, text: 'a' }] })
    expect(words(of('assistant', 'input_text'))).toEqual([
      "Invalid value: 'input_text'. Supported values are: 'output_text' and 'refusal'.",
    ])
    expect(flagged(of('user', 'output_text'), of('user', 'text'), of('assistant', 'text'))).toEqual([
      'P9@0.0',
      'P9@1.0',
      'P9@2.0',
    ])
    expect(flagged(of('user', 'input_text'), of('assistant', 'refusal'), of('user', 'a_new_one'))).toEqual([])
  })

  it('P6: odd values give findings, and never an error', () => {
    const reversed = ODD_MESSAGES.toReversed()
    for (const items of [ODD_MESSAGES, reversed, ODD_MESSAGES.flatMap((item) => [reasoning('rs_1'), item])]) {
      expect(flagged(...items).some((name) => name.startsWith('P6'))).toBe(true)
    }
  })

  it('P3: a long input is judged in time', () => {
    const ids = Array.from({ length: 50_000 }, (_, at) => `call_${at}`)
    expect(flagged(...ids.map((id) => call(id)), ...ids.map((id) => output(id)))).toEqual([])
    expect(flagged(...ids.map((id) => call(id))).length).toBe(ids.length)
    expect(flagged(...ids.map((id) => reasoning(id))).length).toBe(ids.length)
  })
})
