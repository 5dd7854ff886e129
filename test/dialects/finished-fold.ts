/** Ends a fold, and expects of it what holds for any input whatsoever. */
import { expect } from 'vitest'
import type { Ending } from '../../src/assembler/state.ts'
import type { Fold } from '../../src/fold.ts'
import type { AssistantMessage, CompleteToolCall } from '../../src/message.ts'
import { toNative } from '../../src/to-native.ts'
import type { TurnEvent } from '../../src/turn-event.ts'

export interface Broken {
  readonly message: AssistantMessage
  readonly messages: readonly AssistantMessage[]
  readonly calls: readonly CompleteToolCall[]
  readonly events: readonly TurnEvent[]
}

/** Exactly one message for each answer, no call twice, and all of it survives JSON. */
export function finishedFold(fold: Fold, seen: readonly TurnEvent[], ending: Ending = { kind: 'complete' }): Broken {
  const events = [...seen, ...fold.end(ending)]
  const { messages } = fold
  const message = messages[0] ?? expect.fail('there is no message')
  const finals = events.filter(({ type }) => type === 'message')
  if (finals.length !== messages.length) expect(finals).toHaveLength(messages.length)
  const calls = events.flatMap((event) => (event.type === 'tool_call' ? [event.call] : []))
  if (new Set(calls.map(({ key }) => key)).size !== calls.length) expect.fail('a call was handed out twice')
  const copies: AssistantMessage[] = JSON.parse(JSON.stringify(messages))
  expect(toNative(copies)).toEqual(toNative(messages))
  if ('polluted' in {}) expect.fail('a prototype was changed')
  return { message, messages, calls, events }
}
