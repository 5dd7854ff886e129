/** A history as what was said, what was answered and everything else: the same for every format, so that pairing is written once. */
import type { JsonObject } from '../json.ts'

/** One request of the model to run a tool. Its identity is the object: ids repeat. */
export interface Call {
  readonly id: string
  readonly name: string
  /** What kind of call it is, where the format has several: its result is written accordingly. */
  readonly kind?: string
}

/** One answer of the model: the messages or items that it stands in, and its calls in order. */
export interface Said {
  readonly kind: 'said'
  /** The index of its first message or item in the array that was given. */
  readonly at: number
  readonly values: readonly JsonObject[]
  readonly calls: readonly Call[]
}

/** The result of one call: a block, a message, an item or a part. */
export interface Result {
  readonly kind: 'result'
  readonly at: number
  /** The id that it names. */
  readonly id: string
  readonly value: JsonObject
  /** The result as it was given, where another was joined to it. */
  readonly given?: Result
}

/** What a user or the instructions say, whole: a message, or what is left of one beside its results. */
export interface Other {
  readonly kind: 'other'
  readonly at: number
  readonly value: JsonObject
}

export type Element = Said | Result | Other

/** What a user says, or one answer of the model with the results of all its calls. */
export type Step = Other | Exchange

export interface Exchange {
  readonly kind: 'exchange'
  readonly said: Said
  readonly results: readonly Answered[]
}

export interface Answered extends Result {
  readonly call: Call
}
