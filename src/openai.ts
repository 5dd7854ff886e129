/** `onefold/openai`: the names of onefold that know the types of `openai`. Nothing of the SDK is loaded. */
import type { ChatCompletion } from 'openai/resources/chat/completions'
import type { Response } from 'openai/resources/responses/responses'
import { toChatCompletion } from './dialects/openai-chat-native.ts'
import { toResponse } from './dialects/openai-responses-native.ts'
import { MisuseError } from './errors.ts'
import type { AssistantMessage } from './message.ts'
import { checkMessages } from './options.ts'

/** What `client.responses.create` answers without streaming. */
export function toNative(message: AssistantMessage<'openai-responses'>): Response
/** What `client.chat.completions.create` answers without streaming; give all choices of the answer (`turn.messages()`) together. */
export function toNative(
  messages: AssistantMessage<'openai-chat'> | readonly AssistantMessage<'openai-chat'>[],
): ChatCompletion
/**
 * Messages as the SDK's own type, by their dialect. Throws `MisuseError('bad_argument')` for one of another dialect: its message says
 * which.
 */
export function toNative(messages: AssistantMessage | readonly AssistantMessage[]): ChatCompletion | Response
export function toNative(messages: AssistantMessage | readonly AssistantMessage[]): ChatCompletion | Response {
  const all: readonly AssistantMessage[] = Array.isArray(messages) ? messages : [messages]
  checkMessages(all)
  const [first] = all
  const dialects = new Set(all.map(({ dialect }) => dialect))
  if (first !== undefined && dialects.size === 1) {
    if (first.dialect === 'openai-chat') return toChatCompletion(all) as unknown as ChatCompletion
    if (first.dialect === 'openai-responses') return toResponse(first) as unknown as Response
  }
  const found = [...dialects].join(', ')
  throw new MisuseError(
    'bad_argument',
    `the messages are of the dialect ${found}, not openai-chat or openai-responses${found === 'unknown' ? '; the outcome says why' : ''}`,
  )
}
