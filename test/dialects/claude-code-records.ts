/** The records that rows about Claude Code's stream are made of, after the types of its Agent SDK. */
import { expect } from 'vitest'
import { Fold } from '../../src/fold.ts'
import { isObject, wordOf, type JsonObject, type JsonValue } from '../../src/json.ts'
import type { AssistantMessage } from '../../src/message.ts'
import type { FoldOptions } from '../../src/options.ts'
import type { TurnEvent } from '../../src/turn-event.ts'
import { expectLiveEqualsFinal, foldNaively, type NaiveBlock } from '../support/naive-reader.ts'

export const SESSION = { session_id: '5b1f0c9e-2f0e-4a8e-8a53-0d6e3b1c7a10' }

let made = 0

/** Each record has a name of its own. */
export function uuid(): string {
  made += 1
  return `00000000-0000-4000-8000-${String(made).padStart(12, '0')}`
}

export function usage(output: number): JsonObject {
  return { input_tokens: 10, cache_creation_input_tokens: 2, cache_read_input_tokens: 30, output_tokens: output }
}

export function text(said: string): JsonObject {
  return { type: 'text', text: said }
}

export function thinking(thought: string): JsonObject {
  return { type: 'thinking', thinking: thought, signature: 'c2ln' }
}

export function call(id: string, input: JsonObject = { n: 1 }): JsonObject {
  return { type: 'tool_use', id, name: 'Bash', input }
}

export function assistant(id: string, blocks: readonly JsonObject[], more: JsonObject = {}): JsonObject {
  const { message: inner, ...rest } = more
  const own = isObject(inner) ? inner : {}
  return {
    type: 'assistant',
    message: {
      id,
      type: 'message',
      role: 'assistant',
      model: 'claude-sonnet-4-5',
      content: [...blocks],
      stop_reason: null,
      stop_sequence: null,
      usage: usage(1),
      ...own,
    },
    parent_tool_use_id: null,
    ...SESSION,
    uuid: uuid(),
    ...rest,
  }
}

export function streamed(event: JsonObject, more: JsonObject = {}): JsonObject {
  return { type: 'stream_event', event, parent_tool_use_id: null, ...SESSION, uuid: uuid(), ...more }
}

export function start(id: string): JsonObject {
  const empty = { id, type: 'message', role: 'assistant', model: 'claude-sonnet-4-5', content: [] }
  return { type: 'message_start', message: { ...empty, stop_reason: null, stop_sequence: null, usage: usage(1) } }
}

export function delta(index: number, part: JsonObject): JsonObject {
  return { type: 'content_block_delta', index, delta: part }
}

/** The events of one block of a stream: a text, a thought, or a call. */
export function block(index: number, whole: JsonObject): JsonObject[] {
  const open = (empty: JsonObject): JsonObject => ({ type: 'content_block_start', index, content_block: empty })
  const stop = { type: 'content_block_stop', index }
  if (whole['type'] === 'text') {
    const said = wordOf(whole['text'])
    const halves = [said.slice(0, 2), said.slice(2)].map((half) => delta(index, { type: 'text_delta', text: half }))
    return [open({ type: 'text', text: '' }), ...halves, stop]
  }
  if (whole['type'] === 'thinking') {
    return [
      open({ type: 'thinking', thinking: '', signature: '' }),
      delta(index, { type: 'thinking_delta', thinking: whole['thinking'] ?? '' }),
      delta(index, { type: 'signature_delta', signature: whole['signature'] ?? '' }),
      stop,
    ]
  }
  const json = JSON.stringify(whole['input'])
  return [
    open({ ...whole, input: {} }),
    delta(index, { type: 'input_json_delta', partial_json: json.slice(0, 3) }),
    delta(index, { type: 'input_json_delta', partial_json: json.slice(3) }),
    stop,
  ]
}

export function stops(reason: string, output: number): JsonObject[] {
  return [
    { type: 'message_delta', delta: { stop_reason: reason, stop_sequence: null }, usage: { output_tokens: output } },
    { type: 'message_stop' },
  ]
}

/** A message as stream events with a record before the end of each block, as version 2.1.330 sends it. */
export function message(id: string, blocks: readonly JsonObject[], reason: string, output: number): JsonObject[] {
  return [
    streamed(start(id)),
    ...blocks.flatMap((whole, index) => {
      const events = block(index, whole).map((event) => streamed(event))
      return [...events.slice(0, -1), assistant(id, [whole]), ...events.slice(-1)]
    }),
    ...stops(reason, output).map((event) => streamed(event)),
  ]
}

export function user(content: JsonValue, more: JsonObject = {}): JsonObject {
  return {
    type: 'user',
    message: { role: 'user', content },
    parent_tool_use_id: null,
    ...SESSION,
    uuid: uuid(),
    ...more,
  }
}

export function toolResult(id: string, more: JsonObject = {}): JsonObject {
  return user([{ type: 'tool_result', tool_use_id: id, content: 'done', is_error: false }], more)
}

export function result(more: JsonObject = {}): JsonObject {
  return {
    type: 'result',
    subtype: 'success',
    is_error: false,
    num_turns: 1,
    result: 'Done.',
    stop_reason: 'end_turn',
    total_cost_usd: 0.01,
    usage: usage(50),
    permission_denials: [],
    ...SESSION,
    uuid: uuid(),
    ...more,
  }
}

export const INIT: JsonObject = {
  type: 'system',
  subtype: 'init',
  cwd: '/srv/app',
  ...SESSION,
  tools: [],
  uuid: uuid(),
}

export interface Folded {
  readonly messages: readonly AssistantMessage[]
  readonly events: readonly TurnEvent[]
  readonly late: number
}

/**
 * Folds records as lines of bytes, with the dialect found out, and as objects, with the dialect given: both give the same. What holds
 * for any stream is looked at here: the live events are the messages, and no call is handed out. `isOdd`: values are of the wrong type.
 */
export function foldRecords(records: readonly JsonValue[], options: FoldOptions = {}, isOdd = false): Folded {
  const asBytes = new Fold(options)
  const lines = records.map((record) => `${JSON.stringify(record)}\n`).join('')
  const events = [...asBytes.push(lines), ...asBytes.end({ kind: 'complete' })]
  const asObjects = new Fold({ ...options, dialect: 'claude-code' })
  for (const record of records) asObjects.receive(record)
  asObjects.end({ kind: 'complete' })
  const { messages } = asBytes
  if (messages[0]?.dialect === 'claude-code' && JSON.stringify(messages) !== JSON.stringify(asObjects.messages)) {
    throw new Error('the bytes and the objects give different messages')
  }
  const finals = events.filter(({ type }) => type === 'message')
  if (finals.length !== messages.length) throw new Error(`${finals.length} message events, ${messages.length} messages`)
  if (events.some(({ type }) => type === 'tool_call')) throw new Error('a call was handed out')
  for (const one of messages) {
    if (!isOdd) expectLiveEqualsFinal(events, one)
    // Names and signatures that come where they do not belong have tests of their own.
    else expect(toldOf(foldNaively(events.filter((event) => event.message === one.key)))).toEqual(heldOf(one))
  }
  return { messages, events, late: asBytes.anomalies.reduce((sum, { count = 1 }) => sum + count, 0) }
}

function toldOf(blocks: readonly NaiveBlock[]): readonly string[] {
  return blocks.map(({ kind, text: said }) => `${kind} ${said}`)
}

function heldOf({ content }: AssistantMessage): readonly string[] {
  return content.map((one) => {
    const said = one.type === 'tool_call' ? one.arguments : 'text' in one ? one.text : ''
    return `${one.type} ${said ?? ''}`
  })
}

/** What a message holds, in short. */
export function contentOf({ content }: AssistantMessage): readonly string[] {
  return content.map((one) => {
    switch (one.type) {
      case 'text':
        return one.text
      case 'thinking':
        return `(${one.text})${one.signature ?? ''}`
      case 'tool_call':
        return `${one.name} ${one.id} ${one.arguments} ${one.state} ${one.origin}`
      case 'tool_result':
      case 'refusal':
      case 'media':
      case 'other':
        return one.type
      default: {
        const never: never = one
        return never
      }
    }
  })
}

/** A message without what is odd about it, and without what only the agent says: which records it came in, and the turn's result. */
export function clean(one: AssistantMessage): unknown {
  const { anomalies: _anomalies, wire, ...rest } = one
  const { claude_code: _own, ...own } = wire
  return { ...rest, wire: own }
}
