/** Whom a history is for: an API and its rules. */
export const TARGETS = ['anthropic', 'openai-chat', 'openai-responses', 'gemini', 'deepseek', 'kimi'] as const
export type Target = (typeof TARGETS)[number]

/** The wire form that the requests of a target have; DeepSeek and Kimi speak chat, with rules of their own. */
export type Format = 'anthropic' | 'chat' | 'responses' | 'gemini'

export const FORMAT_OF: Readonly<Record<Target, Format>> = {
  anthropic: 'anthropic',
  'openai-chat': 'chat',
  'openai-responses': 'responses',
  gemini: 'gemini',
  deepseek: 'chat',
  kimi: 'chat',
}

/**
 * `lax` holds to what the provider's own API refuses. `strict` adds what gateways and older models refuse besides: it never takes a
 * rule away.
 */
export type Profile = 'lax' | 'strict'

/** What else is known of the request that the history is for. Each fact that is not given is not judged. */
export interface RequestFacts {
  /** Default `lax`. */
  readonly profile?: Profile
  /**
   * The request asks for reasoning: of Anthropic with a budget (`enabled`; leave it out for `adaptive`, where the model may answer without),
   * of Gemini a model that demands signatures (3 and later). Default: not judged, but that a chat history of Kimi or DeepSeek which has
   * reasoning asks for it.
   */
  readonly thinking?: boolean
  /** The request declares tools. */
  readonly tools?: boolean
  /** Responses: the request goes on from a stored answer (`previous_response_id`), so an output may answer a call that is not in `input`. */
  readonly continues?: boolean
}
