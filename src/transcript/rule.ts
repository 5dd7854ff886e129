/** Rules of a provider, as data and functions: what a history must keep to, in whose words, from what source. */
import type { JsonObject } from '../json.ts'
import type { Profile, RequestFacts } from './target.ts'

/** One breach of one rule. */
export interface Finding {
  /** The rule's id, such as `A1`. */
  readonly rule: string
  /** The index of the message, content or input item in the array that was given. */
  readonly message: number
  /** The index of the block, part or call within that message. */
  readonly block?: number
  /** The provider's id of the tool call that this is about. */
  readonly call?: string
  /** What is wrong here. */
  readonly text: string
  /** What the provider would answer, in its own words; names and numbers that are not known here stand as `…`. */
  readonly provider: string
}

/** A finding before it has the rule's id and words; `provider` only where the words name an id or an index. */
export type Breach = Omit<Finding, 'rule' | 'provider'> & { readonly provider?: string }

export interface Rule {
  readonly id: string
  /** The rule as one sentence. */
  readonly title: string
  /** The provider's error text. */
  readonly says: string
  /** Where the rule or its text comes from: a URL. */
  readonly source: string
  /** `strict`: checked in that profile only. */
  readonly profile: Profile
  /** Gives every breach, in order of the messages. Never throws, whatever the messages are; linear in their number and size. */
  readonly check: (messages: readonly JsonObject[], facts: RequestFacts) => readonly Breach[]
}
