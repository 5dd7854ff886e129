/** `onefold/anthropic`: the names of onefold that know the types of `@anthropic-ai/sdk`. Nothing of the SDK is loaded. */
import type { Message } from '@anthropic-ai/sdk/resources/messages'
import { anthropicMessages } from './dialects/anthropic-messages.ts'
import { MisuseError } from './errors.ts'
import type { AssistantMessage } from './message.ts'
import { checkMessages } from './options.ts'

/**
 * The message as the SDK's `Message`: what `client.messages.create` answers without streaming. Throws
 * `MisuseError('bad_argument')` for a message of another dialect.
 */
export function toNative(message: AssistantMessage): Message {
  checkMessages([message])
  if (message.dialect !== 'anthropic-messages') {
    throw new MisuseError(
      'bad_argument',
      `the message is of the dialect ${message.dialect}, not anthropic-messages${message.dialect === 'unknown' ? '; its outcome says why' : ''}`,
    )
  }
  return anthropicMessages.toNative([message]) as unknown as Message
}
