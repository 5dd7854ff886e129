/** A message as the event stream that a provider would have sent. */
import { encoderOf, type WritableDialect } from './dialects/encoders.ts'
import type { AssistantMessage } from './message.ts'
import { checkCount } from './to-answer.ts'
import { answerOf } from './one-answer.ts'

/**
 * The events of the stream that gives this message, one text each with the blank line behind it; joined they are the body. Give all choices
 * of an answer together. Without a dialect that of the message.
 *
 * A fold of the stream gives the message again: of one that was cut there is no last event, of one that failed the provider's error comes
 * last. Of a message of another dialect what the form cannot say is left out (docs/writing.md). Throws
 * `MisuseError('unknown_dialect')` for a dialect that is only read, and `MisuseError('bad_argument')` for what is not one answer.
 */
export function toSse(
  message: AssistantMessage | readonly AssistantMessage[],
  dialect?: WritableDialect,
): readonly string[] {
  const messages = answerOf(message, 'toSse')
  const own = messages[0].dialect
  const target = dialect ?? own
  const encoder = encoderOf(target, 'toSse')
  checkCount(messages, target, 'toSse')
  return encoder.events(target === own ? messages : encoder.translate(messages))
}
