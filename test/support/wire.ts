/** What a dialect must bring so that the tests can stream a script in it, and how its events become bytes. */
import { boolean, constantFrom, record, type Arbitrary } from 'fast-check'
import type { JsonObject } from '../../src/json.ts'
import type { StopReason, Usage } from '../../src/message.ts'
import type { FaultDialect } from '../../src/recording/faults/fault-dialect.ts'
import type { Manner, Script, ThinkingSpec } from './script.ts'

export type ProviderEvent = JsonObject | '[DONE]'

/** An event, and what it does. */
export interface Sent {
  readonly event: ProviderEvent
  /** `end`: the stop reason and the last event in one. */
  readonly does: 'begin' | 'opening' | 'delta' | 'closing' | 'counts' | 'stop' | 'terminal' | 'end' | 'filler'
  /** The place in the script of the block that it is about. */
  readonly block?: number
}

export interface Wire {
  readonly dialect: FaultDialect
  /** It has an event by which a message begins, and begins again. */
  readonly hasBegin: boolean
  /** Its last event is a mark in the bytes, which nobody misses in events that are decoded already. */
  readonly hasMark: boolean
  readonly script: Arbitrary<Script>
  readonly stops: ReadonlyMap<string, StopReason>
  /** The word for that the model wants tools to be run, or that says nothing against it. */
  readonly callsStop: string
  write(script: Script, manner: Manner): Sent[]
  /** The script in the order in which the answer without streaming has its blocks. */
  inWholeOrder(script: Script): Script
  /** The message as the API would have answered it without streaming. */
  native(script: Script): JsonObject
  usage(script: Script): Usage
  /** Thinking in neutral terms. */
  thinking(spec: ThinkingSpec): JsonObject
  /** An event that says that the server is overloaded. */
  readonly error: JsonObject
}

export function payloads(sent: readonly Sent[]): ProviderEvent[] {
  return sent.map(({ event }) => event)
}

export function saysStop({ does }: Sent): boolean {
  return does === 'stop' || does === 'end'
}

export function isLast({ does }: Sent): boolean {
  return does === 'terminal' || does === 'end'
}

/** Puts events that say nothing in their places. `silent` says nothing also before the beginning and after the end. */
export function withFillers(
  sent: readonly Sent[],
  fillers: readonly JsonObject[],
  { fillers: places }: Manner,
  silent?: JsonObject,
): Sent[] {
  const all = [...sent]
  for (const place of places) {
    const at = place % (all.length + 1)
    const before = all.slice(0, at)
    const isOutside = before.every(({ does }) => does !== 'begin') || before.some(isLast)
    const event = isOutside ? silent : fillers[place % fillers.length]
    if (event !== undefined) all.splice(at, 0, { event, does: 'filler' })
  }
  return all
}

/** How events are written as bytes. */
export interface Writing {
  readonly lineEnd: '\n' | '\r\n' | '\r'
  readonly isNamed: boolean
  readonly hasSpace: boolean
  readonly hasComments: boolean
}
export const writing: Arbitrary<Writing> = record({
  lineEnd: constantFrom('\n' as const, '\r\n' as const, '\r' as const),
  isNamed: boolean(),
  hasSpace: boolean(),
  hasComments: boolean(),
})

export function encode(
  events: readonly ProviderEvent[],
  { lineEnd, isNamed, hasSpace, hasComments }: Writing,
): Uint8Array {
  const space = hasSpace ? ' ' : ''
  const body = events.map((event) => {
    const lines = [`data:${space}${typeof event === 'string' ? event : JSON.stringify(event)}`, '', '']
    const type = typeof event === 'string' ? undefined : event['type']
    if (isNamed && typeof type === 'string') lines.unshift(`event:${space}${type}`)
    if (hasComments) lines.unshift(': keepalive', '')
    return lines.join(lineEnd)
  })
  return new TextEncoder().encode(body.join(''))
}

/** Bytes in pieces of the given lengths, used in turn. */
export function cutBytes(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1)
    chunks.push(bytes.subarray(at, at + size))
    at += size
  }
  return chunks
}
