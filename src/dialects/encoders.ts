/** The dialects in which any message can be written, whatever provider it came from. */
import { MisuseError } from '../errors.ts'
import { wordOf } from '../json.ts'
import type { AssistantMessage } from '../message.ts'
import { asAnthropic } from './anthropic-messages-answer.ts'
import { anthropicEvents } from './anthropic-messages-sse.ts'
import { asChat } from './openai-chat-answer.ts'
import { chatEvents } from './openai-chat-sse.ts'
import { asResponse } from './openai-responses-answer.ts'
import { responsesEvents } from './openai-responses-sse.ts'

/** A dialect that onefold writes: as an event stream, and for messages of other dialects. */
export type WritableDialect = 'anthropic-messages' | 'openai-chat' | 'openai-responses'

/** How messages are written in a dialect. */
export interface AnswerEncoder {
  /** The messages of one answer of any dialect in terms of this one. */
  translate(messages: readonly AssistantMessage[]): readonly AssistantMessage[]
  /** The events of messages of this dialect, each as text with its blank line. */
  events(messages: readonly AssistantMessage[]): readonly string[]
}

const anthropic: AnswerEncoder = {
  translate: (messages) => messages.map(asAnthropic),
  events: (messages) => messages.flatMap(anthropicEvents),
}

const chat: AnswerEncoder = { translate: asChat, events: chatEvents }
const responses: AnswerEncoder = {
  translate: (messages) => messages.map(asResponse),
  events: (messages) => messages.flatMap(responsesEvents),
}

const ENCODERS: ReadonlyMap<string, AnswerEncoder> = new Map([
  ['anthropic-messages', anthropic],
  ['openai-chat', chat],
  ['openai-responses', responses],
])

/** Throws `MisuseError('unknown_dialect')` for a dialect that is only read. */
export function encoderOf(dialect: string, taker: string): AnswerEncoder {
  const encoder = ENCODERS.get(dialect)
  if (encoder !== undefined) return encoder
  throw new MisuseError(
    'unknown_dialect',
    `${taker} does not write ${wordOf(dialect)}; name one of ${[...ENCODERS.keys()].join(', ')} as the dialect`,
  )
}
