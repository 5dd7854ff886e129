/** How a conversation is written for a provider. One encoder for each format. */
import type { JsonObject } from '../json.ts'
import type { AssistantMessage, ToolCallBlock } from '../message.ts'
import type { SystemMessage, ToolOutput, UserMessage } from './items.ts'
import type { Target } from './target.ts'

/** What an encoder could not carry over. */
export interface LeftOut {
  readonly what: 'thinking' | 'media' | 'native' | 'block' | 'arguments'
  /** Why, in a few words. */
  readonly why: string
  /** The ordinal of the block in the message. */
  readonly block?: number
  /** The key of the tool call. */
  readonly call?: string
}

export interface EncodingContext {
  readonly target: Target
  /** The id under which the call stands in the request. */
  readonly idOf: (call: ToolCallBlock) => string
  readonly leaveOut: (what: LeftOut) => void
  /** The message in its own provider's form, where that is the target's: what `toNative` gives. */
  readonly native: (message: AssistantMessage) => JsonObject | undefined
}

/** The call that a result answers. */
export interface AnsweredCall {
  /** The id under which it stands in the request. */
  readonly id: string
  readonly name: string
  /** The call itself and its message, where they are known: of OpenAI's custom and built-in tools the form of the result depends on them. */
  readonly block?: ToolCallBlock
  readonly message?: AssistantMessage
}

/**
 * Writes one element at a time, with no eye on its neighbours: what stands together is the business of the repairs. Whatever it leaves
 * out it says.
 */
export interface Encoder {
  /** The messages or items of one answer of the model, in order; none if nothing of it can be sent. */
  assistant(message: AssistantMessage, context: EncodingContext): readonly JsonObject[]
  /** The messages or items of what the user said. */
  user(message: UserMessage, context: EncodingContext): readonly JsonObject[]
  /** The result of one call: a block (Anthropic), a message (chat), an item (Responses), a part (Gemini). */
  result(output: ToolOutput, call: AnsweredCall, context: EncodingContext): JsonObject
  /** The instructions as a message or item; undefined where they stand outside of the messages. */
  system(message: SystemMessage): JsonObject | undefined
}
