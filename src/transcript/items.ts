/** What a conversation consists of, whichever provider it is held with. */
import type { JsonObject, JsonValue } from '../json.ts'
import type { AssistantMessage } from '../message.ts'
import type { Format } from './target.ts'

/** A piece of what a user says, or of what a tool gives back. */
export type Part = TextPart | MediaPart | NativePart

/**
 * What a provider's own form of a part or a result says beside what has a name here, such as a cache mark. It goes back to that provider
 * and nowhere else, and nobody is told: it is no part of what was said.
 */
export interface OwnFields {
  readonly format: Format
  readonly fields: JsonObject
}

export interface TextPart {
  readonly type: 'text'
  readonly text: string
  readonly own?: OwnFields
}

/** An image, a sound, a document: its data in base64, or where it is. */
export interface MediaPart {
  readonly type: 'media'
  /** The MIME type, such as `image/png`. */
  readonly mediaType: string
  readonly data?: string
  readonly url?: string
  /** The file's name, for documents. */
  readonly name?: string
  readonly own?: OwnFields
}

/** A piece in a provider's own form. It goes to that provider as it is, and is left out elsewhere with a repair that says so. */
export interface NativePart {
  readonly type: 'native'
  readonly format: Format
  readonly value: JsonObject
}

/**
 * The whole of an element in a provider's own form, where `content` does not hold all of it (a role `developer`, a cache mark). That provider
 * gets it instead of `content`; who changes `content` leaves it off.
 */
export interface NativeForm {
  readonly format: Format
  readonly value: JsonObject
}

export interface UserMessage {
  readonly role: 'user'
  /** Names the message; the same id is the same message, however often it is added. */
  readonly id?: string
  readonly content: string | readonly Part[]
  readonly native?: NativeForm
}

/** Instructions that stand above the conversation. Where a provider takes them apart from the messages, `project` gives them as `system`. */
export interface SystemMessage {
  readonly role: 'system'
  readonly id?: string
  readonly content: string
  readonly native?: NativeForm
}

/** Something to remember that is never sent. */
export interface Note {
  readonly role: 'note'
  readonly id?: string
  readonly note: JsonValue
}

/** What a tool gave back. */
export interface ToolOutput {
  readonly content: string | readonly Part[]
  readonly isError?: boolean
  readonly own?: OwnFields
  readonly native?: NativeForm
}

/** The answer to one call. `call` is the call's key in the transcript: the message's key and the call's ordinal. */
export interface ToolResult extends ToolOutput {
  readonly role: 'tool'
  readonly call: string
}

/** What is known of a call that has no result of its own. */
export type Unanswered = 'interrupted' | 'cancelled' | 'not_started' | 'running'

/** The message of the model, by its key in the transcript. */
export interface Answer {
  readonly role: 'assistant'
  readonly message: AssistantMessage
}

/** One element of a conversation, in the order in which it is told to a provider. */
export type Item = UserMessage | SystemMessage | Answer | ToolResult | Note
