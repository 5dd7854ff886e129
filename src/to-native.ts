/** A message back in the form of its provider. */
import { definitionOf } from './dialects/definitions.ts'
import { MisuseError } from './errors.ts'
import type { JsonValue } from './json.ts'
import type { AssistantMessage } from './message.ts'
import { checkMessages } from './options.ts'

/**
 * The message in its provider's own whole form: what the API would have answered without streaming. Give all choices of an answer
 * together. Throws `MisuseError('unknown_dialect')` for a message whose stream did not show its dialect.
 */
export function toNative(message: AssistantMessage | readonly AssistantMessage[]): JsonValue {
  const messages: readonly AssistantMessage[] = Array.isArray(message) ? message : [message]
  const [first] = messages
  checkMessages(messages)
  if (first?.dialect === 'unknown') {
    throw new MisuseError('unknown_dialect', 'no event showed the dialect of this message; its outcome says why')
  }
  if (messages.some(({ dialect }) => dialect !== first?.dialect)) {
    throw new MisuseError('bad_argument', 'toNative takes messages of one dialect')
  }
  const isOneAnswer = new Set(messages.map(({ turn }) => turn)).size === 1
  if (!isOneAnswer || new Set(messages.map(({ key }) => key)).size < messages.length) {
    throw new MisuseError(
      'bad_argument',
      'toNative takes the choices of one answer, each once; give it others by themselves',
    )
  }
  const definition = definitionOf(first?.dialect ?? '')
  if (messages.length > 1 && definition.joinsMessages !== true) {
    throw new MisuseError(
      'bad_argument',
      `toNative takes one message of ${definition.name} at a time and got ${messages.length}; give it each by itself`,
    )
  }
  return definition.toNative(messages)
}
