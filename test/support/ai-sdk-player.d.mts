import type { JsonValue } from '../../src/json.ts'

/** A part that a model streams, by the rules of the SDK's provider interface. */
export interface ModelPart {
  readonly type: string
  readonly [name: string]: unknown
}

/** What the model does: for each step its parts, or that the request fails. */
export interface Playable {
  readonly steps: readonly (readonly ModelPart[] | Error)[]
}

export interface Played {
  readonly fullStream: AsyncIterable<object>
  readonly textStream: AsyncIterable<string>
  readonly response: PromiseLike<{ readonly messages: readonly object[] }>
  readonly steps: PromiseLike<
    readonly {
      readonly text: string
      readonly reasoningText?: string
      readonly toolCalls: readonly { readonly toolCallId: string; readonly toolName: string; readonly input: unknown }[]
      readonly usage: { readonly inputTokens?: number; readonly outputTokens?: number }
    }[]
  >
  toUIMessageStream(options?: object): AsyncIterable<object>
  toUIMessageStreamResponse(options?: object): Response
}

export function play(what: Playable, options?: { readonly abortSignal?: AbortSignal }): Played

export function accumulated(
  chunks: Iterable<object>,
): Promise<{ readonly message: JsonValue; readonly errors: readonly unknown[] }>
