/** Chunks of Gemini, and what they come to: as bytes of an event stream, as a JSON array, and as the objects that the SDK gives. */
import { expect } from 'vitest'
import { Fold } from '../../src/fold.ts'
import type { JsonObject, JsonValue } from '../../src/json.ts'
import type { AssistantMessage, ContentBlock } from '../../src/message.ts'
import type { TurnEvent } from '../../src/turn-event.ts'
import { expectLiveEqualsFinal } from '../support/naive-reader.ts'

export const ENVELOPE = { responseId: 'resp_1', modelVersion: 'gemini-3-pro' }
export const STOP = { finishReason: 'STOP' }

/** A chunk of one candidate. */
export function chunk(
  parts: readonly JsonValue[],
  candidate: JsonObject = {},
  more: JsonObject = ENVELOPE,
): JsonObject {
  return { candidates: [{ content: { role: 'model', parts: [...parts] }, index: 0, ...candidate }], ...more }
}

export function call(name: string, args: JsonValue, more: JsonObject = {}): JsonObject {
  return { functionCall: { name, args, ...more } }
}

export interface Folded {
  readonly message: AssistantMessage
  readonly messages: readonly AssistantMessage[]
  readonly events: readonly TurnEvent[]
}

/** Folds events without naming the dialect; the three ways must agree, and so must the live events. */
export function fold(sent: readonly JsonValue[], dialect?: 'gemini' | 'gemini-interactions'): Folded {
  const sse = sent.map((event) => `data: ${JSON.stringify(event)}\r\n\r\n`).join('')
  const folded = foldWith((one) => one.push(sse), dialect)
  expect(foldWith((one) => one.push(JSON.stringify(sent, undefined, 1)), dialect).messages).toEqual(folded.messages)
  const given = foldWith((one) => sent.flatMap((event) => one.receive(event)), dialect)
  expect(given.messages).toEqual(folded.messages)
  return given
}

function foldWith(feed: (one: Fold) => readonly TurnEvent[], dialect?: 'gemini' | 'gemini-interactions'): Folded {
  const one: Fold = new Fold(dialect === undefined ? {} : { dialect })
  const events = [...feed(one)]
  events.push(...one.end({ kind: 'complete' }))
  const { messages } = one
  for (const message of messages) expectLiveEqualsFinal(events, message)
  const finals = events.filter(({ type }) => type === 'message')
  expect(finals).toHaveLength(messages.length)
  return { message: messages[0] ?? expect.fail('there is no message'), messages, events }
}

/** The blocks without what every row would repeat. */
export function told({ content }: AssistantMessage): unknown[] {
  return content.map((block) => toldBlock(block))
}

function toldBlock(block: ContentBlock): unknown {
  switch (block.type) {
    case 'text':
      return { text: block.text, ...(Object.keys(block.wire).length > 0 ? { wire: block.wire } : {}) }
    case 'thinking':
      return { thinking: block.text, ...(block.signature === undefined ? {} : { signature: block.signature }) }
    case 'tool_call':
      return {
        call: block.name,
        ...(block.idSource === 'wire' ? { id: block.id } : {}),
        input: block.state === 'complete' ? block.input : block.state,
      }
    case 'tool_result':
    case 'refusal':
    case 'media':
    case 'other':
      return block
    default: {
      const never: never = block
      return never
    }
  }
}

export function handedOut({ events }: Folded): unknown[] {
  return events.flatMap((event) =>
    event.type === 'tool_call' ? [[event.call.id, event.call.name, event.call.input]] : [],
  )
}

export function kindsOf({ anomalies }: AssistantMessage): string[] {
  return anomalies.map(({ kind }) => kind)
}
