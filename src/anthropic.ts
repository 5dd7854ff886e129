/** `onefold/anthropic`: the names of onefold that know the types of `@anthropic-ai/sdk`. Nothing of the SDK is loaded. */
import type { Message, MessageParam } from '@anthropic-ai/sdk/resources/messages'
import { anthropicMessages } from './dialects/anthropic-messages.ts'
import { MisuseError } from './errors.ts'
import type { JsonValue } from './json.ts'
import type { AssistantMessage } from './message.ts'
import { checkMessages } from './options.ts'
import { encodeMessage, projectWith } from './transcript/project.ts'
import type { Repair } from './transcript/repairs.ts'
import type { RequestFacts } from './transcript/target.ts'
import type { Transcript } from './transcript/transcript.ts'

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

/**
 * What `client.messages.create` takes of a conversation: `create({ model, max_tokens, ...project(transcript) })` after the `repairs` are
 * taken out, or its `messages` and `system` by name. Always valid. Throws as `project` of `onefold` does.
 */
export function project(transcript: Transcript, facts: RequestFacts = {}): AnthropicProjection {
  return projectWith(ownForm, transcript, 'anthropic', facts) as unknown as AnthropicProjection
}

export interface AnthropicProjection {
  readonly messages: MessageParam[]
  /** The instructions; absent if there are none. */
  readonly system?: string
  readonly repairs: readonly Repair[]
}

/** One message for `messages`, of whichever provider: `messages.push(...toMessages(message))`. None if nothing of it can be sent. */
export function toMessages(message: AssistantMessage): MessageParam[] {
  checkMessages([message])
  return encodeMessage(ownForm, message, 'anthropic') as unknown as MessageParam[]
}

/** Only Anthropic's own form is asked for here, so no other dialect is part of a bundle. */
const ownForm = (message: AssistantMessage): JsonValue =>
  message.dialect === 'anthropic-messages' ? anthropicMessages.toNative([message]) : null
