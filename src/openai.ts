/** `onefold/openai`: the names of onefold that know the types of `openai`. Nothing of the SDK is loaded. */
import type { ChatCompletion, ChatCompletionMessageParam } from 'openai/resources/chat/completions'
import type { Response, ResponseInputItem } from 'openai/resources/responses/responses'
import { toChatCompletion } from './dialects/openai-chat-native.ts'
import { toResponse } from './dialects/openai-responses-native.ts'
import { MisuseError } from './errors.ts'
import type { JsonValue } from './json.ts'
import type { AssistantMessage } from './message.ts'
import { checkMessages } from './options.ts'
import { encodeMessage, projectWith } from './transcript/project.ts'
import type { Repair } from './transcript/repairs.ts'
import type { RequestFacts } from './transcript/target.ts'
import type { Transcript } from './transcript/transcript.ts'

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

/** Vendors that speak chat completions, each with rules of its own. */
export type ChatTarget = 'openai-chat' | 'deepseek' | 'kimi'

export interface ChatProjection {
  readonly messages: ChatCompletionMessageParam[]
  readonly repairs: readonly Repair[]
}

export interface ResponsesProjection {
  readonly input: ResponseInputItem[]
  readonly repairs: readonly Repair[]
}

/** What `client.chat.completions.create` takes of a conversation, instructions included. Always valid. Throws as `project` of `onefold` does. */
export function projectChat(
  transcript: Transcript,
  facts: RequestFacts & { readonly target?: ChatTarget } = {},
): ChatProjection {
  const { target = 'openai-chat', ...rest } = facts
  return projectWith(ownForm, transcript, target, rest) as unknown as ChatProjection
}

/** What `client.responses.create` takes of a conversation, instructions included. Always valid. Throws as `project` of `onefold` does. */
export function projectResponses(transcript: Transcript, facts: RequestFacts = {}): ResponsesProjection {
  const { messages, repairs } = projectWith(ownForm, transcript, 'openai-responses', facts)
  return { input: messages as unknown as ResponseInputItem[], repairs }
}

/** One message for `messages`, of whichever provider: `messages.push(...toChatMessages(message))`. None if nothing of it can be sent. */
export function toChatMessages(
  message: AssistantMessage,
  target: ChatTarget = 'openai-chat',
): ChatCompletionMessageParam[] {
  checkMessages([message])
  return encodeMessage(ownForm, message, target) as unknown as ChatCompletionMessageParam[]
}

/** One message for `input`, of whichever provider: `input.push(...toInput(message))`. None if nothing of it can be sent. */
export function toInput(message: AssistantMessage): ResponseInputItem[] {
  checkMessages([message])
  return encodeMessage(ownForm, message, 'openai-responses') as unknown as ResponseInputItem[]
}

/** Only OpenAI's own forms are asked for here, so no other dialect is part of a bundle. */
function ownForm(message: AssistantMessage): JsonValue {
  if (message.dialect === 'openai-chat') return toChatCompletion([message])
  return message.dialect === 'openai-responses' ? toResponse(message) : null
}
