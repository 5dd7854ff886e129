/**
 * The vocabulary of the result: one assistant message, whatever provider it came from.
 *
 * Everything here is plain JSON. An absent property means that the wire did not say; it is never `undefined`, `""` or 0 in its stead.
 * `wire` objects hold the provider's own fields that have no neutral name, so that `toNative` can give them back.
 */
import type { Anomaly } from './anomaly.ts'
import type { JsonObject, JsonValue } from './json.ts'

/** The wire formats that onefold reads. A vendor speaks one of them, perhaps with quirks. */
export type Dialect =
  | 'anthropic-messages'
  | 'openai-chat'
  | 'openai-responses'
  | 'gemini'
  | 'gemini-interactions'
  | 'bedrock-converse'
  | 'cohere'
  | 'ollama'
  | 'mistral-conversations'
  | 'text-generation'
  | 'openai-assistants'
  | 'acp'
  | 'claude-code'
  | 'ai-sdk'
  | 'ai-sdk-ui'

export interface AssistantMessage<D extends Dialect = Dialect> {
  /** `<turn>/<ordinal>`, the same from the first event on. */
  readonly key: string
  /** The provider's id, or the key where the wire had none (`idSource` says which). */
  readonly id: string
  readonly idSource: 'wire' | 'minted'
  readonly turn: string
  /** 1 for the first stream of the turn; one more for each that replaced it. */
  readonly attempt: number
  /** `unknown` where no event of the stream told it. */
  readonly dialect: D | 'unknown'
  readonly model?: string
  readonly content: readonly ContentBlock[]
  readonly stop: Stop
  readonly outcome: Outcome
  readonly usage: Usage
  /** The provider's usage object, merged over all places it came in. */
  readonly rawUsage?: JsonObject
  readonly anomalies: readonly Anomaly[]
  readonly response?: ResponseFacts
  /** When things happened, in milliseconds on the turn's clock. No part of equality. */
  readonly timing?: Timing
  readonly wire: JsonObject
}

export type ContentBlock =
  | TextBlock
  | ThinkingBlock
  | ToolCallBlock
  | ToolResultBlock
  | RefusalBlock
  | MediaBlock
  | OtherBlock

export type BlockKind = ContentBlock['type']

export interface TextBlock {
  readonly type: 'text'
  readonly text: string
  /** The provider's citation or annotation objects, in order of arrival. */
  readonly citations?: readonly JsonValue[]
  readonly wire: JsonObject
}

export interface ThinkingBlock {
  readonly type: 'thinking'
  /** All of it; of several parts, with a blank line between them. */
  readonly text: string
  /** The pieces, where the provider gives several. */
  readonly parts?: readonly ThinkingPart[]
  /** Opaque and only valid byte for byte. */
  readonly signature?: string
  /** Opaque encrypted reasoning. */
  readonly encrypted?: string
  /** The provider withheld the text; `encrypted` stands for it. */
  readonly redacted?: true
  readonly wire: JsonObject
}

/** A piece of reasoning: as the model wrote it, or a summary of that. */
export interface ThinkingPart {
  readonly kind: 'summary' | 'full'
  readonly text: string
}

/** A request of the model to run a tool. `input` exists only when `state` is `complete`. */
export type ToolCallBlock = CompleteToolCall | UnusableToolCall

interface ToolCallFields {
  readonly type: 'tool_call'
  /** `<message key>#<ordinal>`: what a tool result is paired with, since provider ids repeat across turns. */
  readonly key: string
  /** The provider's id, or the key (`minted`) where the wire had none, or one that another call of this message has. */
  readonly id: string
  readonly idSource: 'wire' | 'minted'
  readonly name: string
  /** The text of the arguments exactly as it arrived. */
  readonly arguments: string
  /** Who runs it: `client` is you, `provider` has already run it on its side. */
  readonly origin: 'client' | 'provider'
  readonly wire: JsonObject
}

export interface CompleteToolCall extends ToolCallFields {
  readonly state: 'complete'
  readonly input: JsonObject
}

/** `partial`: the stream or the stop reason cut it. `invalid`: its arguments are not one JSON object, or part of them was lost. */
export interface UnusableToolCall extends ToolCallFields {
  readonly state: 'partial' | 'invalid'
}

/** The result of a tool that the provider ran. */
export interface ToolResultBlock {
  readonly type: 'tool_result'
  /** The provider's id of the call that this answers. */
  readonly callId?: string
  readonly content?: JsonValue
  readonly isError?: boolean
  readonly wire: JsonObject
}

export interface RefusalBlock {
  readonly type: 'refusal'
  readonly text: string
  readonly wire: JsonObject
}

/** Audio or an image that the model made. */
export interface MediaBlock {
  readonly type: 'media'
  /** What is said in it, where the provider writes that down. */
  readonly text?: string
  /** The data in base64, as far as it was streamed. */
  readonly data?: string
  readonly wire: JsonObject
}

/** A block of a type that this version does not know, carried through as it came and in its place. */
export interface OtherBlock {
  readonly type: 'other'
  /** What deltas of known types added to it. */
  readonly text?: string
  readonly citations?: readonly JsonValue[]
  readonly wire: JsonObject
}

export interface Stop {
  readonly reason: StopReason
  /** The provider's own word; null where it gave none. */
  readonly raw: string | null
  /** The stop sequence that was hit. */
  readonly sequence: string | null
}

/** Why the model stopped, worst first. `unknown` also stands for a reason that the wire never gave. */
export const STOP_REASONS = [
  'error',
  'content_filter',
  'refusal',
  'max_tokens',
  'context_window',
  'pause',
  'tool_calls',
  'stop_sequence',
  'end_turn',
  'unknown',
] as const
export type StopReason = (typeof STOP_REASONS)[number]

/** How the stream ended. Only `complete` means that the protocol's own terminal was seen. */
export type Outcome =
  | { readonly kind: 'complete' }
  | { readonly kind: 'truncated'; readonly by: 'eof' | 'reset'; readonly error: OutcomeError }
  | { readonly kind: 'aborted'; readonly by: AbortedBy; readonly reason?: string }
  | {
      readonly kind: 'timed_out'
      readonly budget: 'idle' | 'tool' | 'total'
      /** Since anything got on; for the budget `tool`, since the call's own last sign. */
      readonly silenceMs: number
      /** Since the last byte of any kind, pings included: much less than `silenceMs` if the connection was alive. */
      readonly quietMs?: number
      /** The key of the call that took too long. */
      readonly call?: string
    }
  | { readonly kind: 'failed'; readonly error: OutcomeError }

export type AbortedBy = 'signal' | 'caller' | 'reader'

export type ErrorClass =
  | 'rate_limit'
  | 'overloaded'
  | 'context_overflow'
  | 'auth'
  | 'invalid_request'
  | 'content_policy'
  | 'network'
  | 'malformed'
  | 'limit'
  | 'regenerated_after_tool_call'
  | 'unknown_dialect'
  | 'unknown'

export interface OutcomeError {
  readonly class: ErrorClass
  /** Whether the same request may succeed if it is sent again. */
  readonly retryable: boolean
  readonly message: string
  readonly retryAfterMs?: number
  readonly status?: number
  readonly requestId?: string
  /** What the provider sent, parsed if it was JSON, else its first 4 KB as text. */
  readonly body?: JsonValue
}

/** Tokens. `inputTokens` counts all input, cache reads and writes included; `outputTokens` includes reasoning. */
export interface Usage {
  readonly inputTokens?: number
  readonly outputTokens?: number
  readonly cacheReadTokens?: number
  readonly cacheWriteTokens?: number
  readonly reasoningTokens?: number
}

/** What the HTTP response said about itself; of the headers only harmless ones are kept. */
export interface ResponseFacts {
  readonly status: number
  readonly requestId?: string
  readonly headers: Readonly<Record<string, string>>
}

/** Milliseconds on the turn's clock, counted from the moment that reading began. */
export interface Timing {
  readonly firstByteMs?: number
  readonly firstContentMs?: number
  readonly endMs: number
}

/** A message that is still arriving: what is known so far, without an outcome. */
export type MessageSnapshot<D extends Dialect = Dialect> = Omit<AssistantMessage<D>, 'outcome' | 'response' | 'timing'>
