/** One message of operations by hand, each in an event of its own. */
import { expect } from 'vitest'
import type { Operation } from '../../src/operation.ts'
import type { TurnEvent } from '../../src/turn-event.ts'
import { drive, optionsOf, singly, type Outcome } from './operations.ts'

export type RunOptions = Parameters<typeof optionsOf>[0]
export type Run = Outcome & { readonly message: Outcome['messages'][number] }

export function run(operations: readonly Operation[], options: RunOptions = {}): Run {
  const outcome = drive(optionsOf(options), singly(operations))
  return { ...outcome, message: outcome.messages[0] ?? expect.fail('there is no message') }
}

export function types(events: readonly TurnEvent[]): string[] {
  return events.map(({ type }) => type)
}

/** The texts of the events that show a block: deltas as they are, a replacement behind an arrow. */
export function shown(events: readonly TurnEvent[]): string[] {
  return events.flatMap((event) => {
    if (event.type === 'text' || event.type === 'thinking') return [event.text]
    if (event.type === 'tool_input') return [event.delta]
    return event.type === 'replace' ? [`→ ${event.text}`] : []
  })
}

export function kindsOf({ message }: Run): string[] {
  return message.anomalies.map(({ kind }) => kind)
}
