/** The JSON-RPC messages of an ACP connection, as the schema has them, and how they are folded in every form in which they can come. */
import { expect } from 'vitest'
import type { Anomaly } from '../../src/anomaly.ts'
import type { Ending } from '../../src/assembler/state.ts'
import { Fold } from '../../src/fold.ts'
import type { JsonObject, JsonValue } from '../../src/json.ts'
import type { AssistantMessage, ContentBlock } from '../../src/message.ts'
import type { FoldOptions } from '../../src/options.ts'
import type { TurnEvent } from '../../src/turn-event.ts'
import { EOF } from '../support/folded.ts'
import { expectLiveEqualsFinal } from '../support/naive-reader.ts'

export const update = (fields: JsonObject, sessionId = 's'): JsonObject => ({
  jsonrpc: '2.0',
  method: 'session/update',
  params: { sessionId, update: fields },
})
const chunk = (sessionUpdate: string, text: string, messageId?: string): JsonObject => ({
  sessionUpdate,
  content: { type: 'text', text },
  ...(messageId === undefined ? {} : { messageId }),
})
export const text = (piece: string, messageId?: string, session = 's'): JsonObject =>
  update(chunk('agent_message_chunk', piece, messageId), session)
export const thought = (piece: string, messageId?: string, session = 's'): JsonObject =>
  update(chunk('agent_thought_chunk', piece, messageId), session)
export const user = (piece: string, messageId?: string, session = 's'): JsonObject =>
  update(chunk('user_message_chunk', piece, messageId), session)
export const call = (toolCallId: string, fields: JsonObject = {}, session = 's'): JsonObject =>
  update(
    { sessionUpdate: 'tool_call', toolCallId, title: 'Read file', kind: 'read', status: 'pending', ...fields },
    session,
  )
export const progress = (toolCallId: string, fields: JsonObject, session = 's'): JsonObject =>
  update({ sessionUpdate: 'tool_call_update', toolCallId, ...fields }, session)
export const content = (piece: string): JsonObject => ({ type: 'content', content: { type: 'text', text: piece } })
export const done = (toolCallId: string, output = 'ok', session = 's'): JsonObject =>
  progress(toolCallId, { status: 'completed', content: [content(output)] }, session)
export const plan = (...entries: string[]): JsonObject =>
  update({
    sessionUpdate: 'plan',
    entries: entries.map((entry) => ({ content: entry, priority: 'medium', status: 'pending' })),
  })
export const state = (name: string, fields: JsonObject = {}): JsonObject =>
  update({ sessionUpdate: 'state_update', state: name, ...fields })

export const request = (id: number, method: string, params: JsonObject = {}): JsonObject => ({
  jsonrpc: '2.0',
  id,
  method,
  params,
})
export const prompt = (id: number, session = 's'): JsonObject =>
  request(id, 'session/prompt', { sessionId: session, prompt: [{ type: 'text', text: 'go' }] })
export const load = (id: number, session = 's'): JsonObject =>
  request(id, 'session/load', { sessionId: session, cwd: '/', mcpServers: [] })
export const result = (id: number, value: JsonValue = {}): JsonObject => ({ jsonrpc: '2.0', id, result: value })
export const answer = (id: number, stopReason = 'end_turn', fields: JsonObject = {}): JsonObject =>
  result(id, { stopReason, ...fields })
export const refused = (id: number, error: JsonObject): JsonObject => ({ jsonrpc: '2.0', id, error })

export interface Run {
  readonly messages: readonly AssistantMessage[]
  readonly events: readonly TurnEvent[]
  readonly anomalies: readonly Anomaly[]
}

function finished(fold: Fold, events: TurnEvent[], ending: Ending): Run {
  events.push(...fold.end(ending))
  expect(fold.end(ending)).toEqual([])
  const { messages, anomalies } = fold
  for (const message of messages) expectLiveEqualsFinal(events, message)
  const keys = events.flatMap((event) => (event.type === 'message' ? [event.message] : []))
  expect(keys.toSorted(), 'each message is told once').toEqual(messages.map(({ key }) => key).toSorted())
  expect(events.filter((event) => event.type === 'tool_call')).toEqual([])
  return { messages, events, anomalies }
}

/** Folds the messages as objects and as lines of bytes that are cut anywhere; both must give the same. */
export function run(sent: readonly JsonObject[], options: FoldOptions = {}, ending: Ending = EOF): Run {
  const direct = new Fold(options)
  const given = finished(
    direct,
    sent.flatMap((one) => direct.receive(structuredClone(one))),
    ending,
  )
  const bytes = new TextEncoder().encode(sent.map((one) => `${JSON.stringify(one)}\n`).join(''))
  const cut = new Fold(options)
  const events: TurnEvent[] = []
  for (let at = 0; at < bytes.length; at += 61) events.push(...cut.push(bytes.subarray(at, at + 61)))
  expect(finished(cut, events, ending)).toEqual(given)
  return given
}

/** The one message of a run. */
export function only(sent: readonly JsonObject[], options: FoldOptions = {}): AssistantMessage {
  const { messages } = run(sent, options)
  expect(messages).toHaveLength(1)
  return messages[0] ?? expect.fail('there is no message')
}

/** The SDK writes the keys of an object in the order of its schema, agents in theirs. */
function inOneOrder(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? 1 : -1)))
}

/** A block in a word: its text, a call with its arguments, the result of a call. */
export function inShort(block: ContentBlock): string {
  switch (block.type) {
    case 'text':
      return block.text
    case 'thinking':
      return `(${block.text})`
    case 'tool_call':
      return `${block.id} ${block.name} ${block.arguments} ${block.state}`
    case 'tool_result':
      return `${block.callId ?? ''} => ${JSON.stringify(block.content, inOneOrder)}${block.isError ? ' error' : ''}`
    case 'refusal':
    case 'media':
    case 'other':
      return block.type
    default: {
      const never: never = block
      return never
    }
  }
}

export function told(messages: readonly AssistantMessage[]): string[][] {
  return messages.map((message) => message.content.map(inShort))
}

export function kinds(message: AssistantMessage | undefined): string[] {
  return (message?.anomalies ?? []).map(({ kind }) => kind)
}
