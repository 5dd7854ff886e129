/** Folds events of the AI SDK's streams as bytes and as they are, and expects the same of both. */
import { expect } from 'vitest'
import type { Anomaly } from '../../src/anomaly.ts'
import { Fold } from '../../src/fold.ts'
import type { AssistantMessage, CompleteToolCall, Dialect } from '../../src/message.ts'
import type { FoldOptions } from '../../src/options.ts'
import type { TurnEvent } from '../../src/turn-event.ts'
import { callsIn, EOF } from './folded.ts'
import { expectLiveEqualsFinal } from './naive-reader.ts'

export interface Read {
  readonly message: AssistantMessage
  readonly messages: readonly AssistantMessage[]
  readonly events: readonly TurnEvent[]
  readonly anomalies: readonly Anomaly[]
  readonly calls: readonly CompleteToolCall[]
}

export type Sent = object | '[DONE]'

export function sse(events: readonly Sent[]): string {
  return events.map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join('')
}

function finished(fold: Fold, feed: readonly TurnEvent[]): Read {
  const events = [...feed, ...fold.end(EOF)]
  const { messages, anomalies } = fold
  for (const message of messages) expectLiveEqualsFinal(events, message)
  // Each message is given once, and under a key of its own.
  expect(events.filter(({ type }) => type === 'message')).toHaveLength(messages.length)
  expect(new Set(messages.map(({ key }) => key)).size).toBe(messages.length)
  const calls = callsIn(events)
  expect(new Set(calls.map(({ key }) => key)).size).toBe(calls.length)
  return { message: messages[0] ?? expect.fail('there is no message'), messages, events, anomalies, calls }
}

export function asBytes(dialect: Dialect, body: string, size = 7, options: FoldOptions = {}): Read {
  const bytes = new TextEncoder().encode(body)
  const fold = new Fold({ ...options, dialect })
  const feed: TurnEvent[] = []
  for (let at = 0; at < bytes.length; at += size) feed.push(...fold.push(bytes.subarray(at, at + size)))
  return finished(fold, feed)
}

/** The events as an iterator gives them; `[DONE]` is not among these. */
export function asEvents(dialect: Dialect, events: readonly Sent[], options: FoldOptions = {}): Read {
  const fold = new Fold({ ...options, dialect })
  const feed = events.flatMap((event) => (typeof event === 'string' ? [] : fold.receive(event)))
  return finished(fold, feed)
}

export function read(dialect: Dialect, events: readonly Sent[], options: FoldOptions = {}): Read {
  const direct = asEvents(dialect, events, options)
  const bytes = asBytes(dialect, sse(events), 7, options)
  expect(bytes.messages.map(meaning)).toEqual(direct.messages.map(meaning))
  expect(bytes.calls).toEqual(direct.calls)
  return bytes
}

/** The message without what was odd, which a repeat may add to. */
export function meaning({ anomalies: _anomalies, ...message }: AssistantMessage): object {
  return message
}

export function kinds({ message }: Pick<Read, 'message'>): string[] {
  return message.anomalies.map(({ kind }) => kind)
}

export function texts({ content }: AssistantMessage): string[] {
  return content.flatMap((block) => (block.type === 'text' ? [block.text] : []))
}
