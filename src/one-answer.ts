/** What the writers of a whole answer take: a message, or the choices of one answer. */
import { MisuseError } from './errors.ts'
import type { AssistantMessage } from './message.ts'
import { checkMessages } from './options.ts'

/**
 * The messages of one answer as a list. `taker` is who was given them. Throws `MisuseError('bad_argument')` for what are no finished
 * messages, and for messages of several dialects or answers.
 */
export function answerOf(
  given: AssistantMessage | readonly AssistantMessage[],
  taker: string,
): readonly [AssistantMessage, ...AssistantMessage[]] {
  const messages: readonly AssistantMessage[] = Array.isArray(given) ? given : [given]
  checkMessages(messages, taker)
  const [first, ...others] = messages
  if (first === undefined || others.some(({ dialect }) => dialect !== first.dialect)) {
    throw new MisuseError('bad_argument', `${taker} takes messages of one dialect`)
  }
  const isOneAnswer = others.every(({ turn }) => turn === first.turn)
  if (!isOneAnswer || new Set(messages.map(({ key }) => key)).size < messages.length) {
    throw new MisuseError(
      'bad_argument',
      `${taker} takes the choices of one answer, each once; give it others by themselves`,
    )
  }
  return [first, ...others]
}
