/** A message as the whole answer that a provider would have given without streaming. */
import { definitionOf } from './dialects/definitions.ts'
import { encoderOf, type WritableDialect } from './dialects/encoders.ts'
import { MisuseError } from './errors.ts'
import type { JsonValue } from './json.ts'
import type { AssistantMessage } from './message.ts'
import { answerOf } from './one-answer.ts'
import { toNative } from './to-native.ts'

/**
 * The body of a whole answer as JSON. Give all choices of an answer together. Without a dialect, or with the message's own, it is what
 * `toNative` gives; of a message of another dialect what the form cannot say is left out (docs/writing.md). Throws
 * `MisuseError('unknown_dialect')` for a dialect that is only read, and `MisuseError('bad_argument')` for what is not one answer.
 */
export function toAnswer(
  message: AssistantMessage | readonly AssistantMessage[],
  dialect?: WritableDialect,
): JsonValue {
  const messages = answerOf(message, 'toAnswer')
  if (dialect === undefined || dialect === messages[0].dialect) return toNative(messages)
  const encoder = encoderOf(dialect, 'toAnswer')
  checkCount(messages, dialect, 'toAnswer')
  return definitionOf(dialect).toNative(encoder.translate(messages))
}

/** Throws `MisuseError('bad_argument')` for several messages where the dialect's answer holds one. */
export function checkCount(messages: readonly AssistantMessage[], dialect: string, taker: string): void {
  if (messages.length === 1 || definitionOf(dialect).joinsMessages === true) return
  throw new MisuseError(
    'bad_argument',
    `${taker} takes one message at a time for ${dialect} and got ${messages.length}; give it each by itself`,
  )
}
