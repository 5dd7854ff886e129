/** What a wire format must bring: how to recognise it, how to translate its events, how to write a message back in its own form. */
import type { JsonValue } from '../json.ts'
import type { AssistantMessage, Dialect } from '../message.ts'
import type { Translation } from '../operation.ts'

/** One event of a provider, as it came: its payload, and its name where the transport names events. */
export interface ProviderEvent {
  readonly payload: unknown
  readonly name?: string | undefined
}

/** Turns one event after the other into operations. It may remember the wire (an index, an id), never what became of it. */
export interface Translate {
  (event: ProviderEvent): Translation
  /** The input is over: what was held back until more of it came. */
  end?(): Translation
}

/** What the caller says of a wire that is ambiguous by itself. */
export interface DialectHints {
  /** `cumulative`: each event carries the whole text so far. Default `incremental`. */
  readonly deltas?: 'incremental' | 'cumulative'
  /** Text between `<think>` and `</think>` is thinking. Default false: it is text, as it came. */
  readonly thinkTags?: boolean
}

/** What an event begins. */
export type Beginning = 'same' | 'other' | 'nothing' | 'unknown'

export interface DialectDefinition<D extends Dialect = Dialect> {
  readonly name: D
  /** Whether blocks are opened by an event of their own, so that a delta without one is odd. */
  readonly opensBlocks: boolean
  /** By what a message that is sent again is recognised: its begin event, or that it comes after the stop reason. */
  readonly recognisesReplay: 'at_begin' | 'after_stop'
  /**
   * What ends the protocol: an event of its own, or a mark of the transport that who decodes the events does not pass on, or nothing but
   * the end of the input.
   */
  readonly endsBy: 'event' | 'mark' | 'input'
  /** Whether `toNative` puts several messages into one form: the choices of an answer, or the messages of an agent's turn. */
  readonly joinsMessages?: boolean
  /** Whether a source of it carries many messages, unless the caller says otherwise. */
  readonly carriesMany?: boolean
  /** Whoever gives the stream may run its calls and says so by their results: only the stop shows which are left for the caller. */
  readonly runsCalls?: true
  createTranslate(hints?: DialectHints): Translate
  /** Whether an event shows that the stream is of this dialect. `empty`: it means nothing in it, however often it comes. */
  looksLike(event: ProviderEvent): 'yes' | 'no' | 'maybe' | 'empty'
  /**
   * Whether an event begins a message: that with the id `known`, or another one. It tells a stream that starts anew from one that goes on
   * where another ended. `unknown`: the event may come in either.
   */
  begins(event: ProviderEvent, known: string | undefined): Beginning
  /** Whether the result of a call that the provider runs is a block of its own. */
  readonly answersCalls: boolean
  /** The message in the provider's own whole form; several choices where the provider puts them into one. */
  toNative(messages: readonly AssistantMessage[]): JsonValue
}
