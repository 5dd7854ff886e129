/** A message back in the form of its provider. */
import { definitionOf } from './dialects/definitions.ts'
import { MisuseError } from './errors.ts'
import type { JsonValue } from './json.ts'
import type { AssistantMessage } from './message.ts'
import { answerOf } from './one-answer.ts'

/**
 * The message in its provider's own whole form: what the API would have answered without streaming. Give all choices of an answer
 * together. Throws `MisuseError('unknown_dialect')` for a message whose stream did not show its dialect.
 */
export function toNative(message: AssistantMessage | readonly AssistantMessage[]): JsonValue {
  const messages = answerOf(message, 'toNative')
  const [{ dialect }] = messages
  if (dialect === 'unknown') {
    throw new MisuseError('unknown_dialect', 'no event showed the dialect of this message; its outcome says why')
  }
  const definition = definitionOf(dialect)
  if (messages.length > 1 && definition.joinsMessages !== true) {
    throw new MisuseError(
      'bad_argument',
      `toNative takes one message of ${definition.name} at a time and got ${messages.length}; give it each by itself`,
    )
  }
  return definition.toNative(messages)
}
