/**
 * What the caller sees live. Every event is plain JSON and names its message; one that concerns a block names the block's ordinal in
 * `message.content`. A reader that applies `block_start`, the deltas, `replace` and `reset` in order has exactly the final blocks.
 */
import type { Anomaly } from './anomaly.ts'
import type { JsonValue } from './json.ts'
import type {
  AssistantMessage,
  BlockKind,
  CompleteToolCall,
  Dialect,
  MessageSnapshot,
  OutcomeError,
  Usage,
} from './message.ts'

interface About {
  /** The message key, `<turn>/<ordinal>`. */
  readonly message: string
  readonly attempt: number
  /** The provider's own event that caused this one; only with the option `raw`. */
  readonly raw?: JsonValue
}

interface AboutBlock extends About {
  /** The block's ordinal in `message.content`. */
  readonly block: number
}

export interface StartEvent extends About {
  readonly type: 'start'
  readonly id: string
  readonly model?: string
}
export interface BlockStartEvent extends AboutBlock {
  readonly type: 'block_start'
  readonly kind: BlockKind
  /** For a tool call: the name of the tool and the call's id, which the `tool_call` event has for certain: some servers send it late. */
  readonly name?: string
  readonly id?: string
  /** Of a tool call that the provider runs by itself. */
  readonly origin?: 'provider'
  /** For a tool result: the id of the call that it answers. */
  readonly callId?: string
}
/** A piece of a text or refusal block. */
export interface TextEvent extends AboutBlock {
  readonly type: 'text'
  readonly text: string
}
export interface ThinkingEvent extends AboutBlock {
  readonly type: 'thinking'
  readonly text: string
}
/** A piece of the JSON text of a tool call's arguments. */
export interface ToolInputEvent extends AboutBlock {
  readonly type: 'tool_input'
  readonly delta: string
}
/** The whole text of the block so far is replaced by `text`. */
export interface ReplaceEvent extends AboutBlock {
  readonly type: 'replace'
  readonly text: string
}
export interface BlockStopEvent extends AboutBlock {
  readonly type: 'block_stop'
  /** The signature of a thinking block, if it has come by now. */
  readonly signature?: string
}
/** A whole, valid call that is yours to run. Each call comes once. */
export interface ToolCallEvent extends AboutBlock {
  readonly type: 'tool_call'
  readonly call: CompleteToolCall
}
export interface UsageEvent extends About {
  readonly type: 'usage'
  readonly usage: Usage
}
/** How far a stream came, for who opens the next one. */
export interface Cursor {
  /** The provider's id of the message. */
  readonly id?: string
  /** The number of the last event, where the provider numbers them: what `starting_after` of OpenAI Responses takes. */
  readonly sequenceNumber?: number
  /** The last `id:` of the event stream, which the header `Last-Event-ID` takes, or what `last_event_id` of Gemini Interactions takes. */
  readonly lastEventId?: string
}

/** Another attempt is about to be made, after `delayMs` milliseconds. */
export interface RetryEvent extends About {
  readonly type: 'retry'
  readonly delayMs: number
  /** Why the attempt before it came to nothing. */
  readonly error: OutcomeError
  /** Where the next stream may go on; absent if it has to start anew. */
  readonly cursor?: Cursor
}
/** Everything of this message so far is void; what follows replaces it. */
export interface ResetEvent extends About {
  readonly type: 'reset'
}
export interface AnomalyEvent extends About {
  readonly type: 'anomaly'
  readonly anomaly: Anomaly
  readonly block?: number
}
/** What a late reader missed. */
export interface SnapshotEvent<D extends Dialect = Dialect> extends About {
  readonly type: 'snapshot'
  readonly snapshot: MessageSnapshot<D>
}
/** The last event of a message. */
export interface MessageEvent<D extends Dialect = Dialect> extends About {
  readonly type: 'message'
  readonly final: AssistantMessage<D>
}

export type TurnEvent<D extends Dialect = Dialect> =
  | StartEvent
  | BlockStartEvent
  | TextEvent
  | ThinkingEvent
  | ToolInputEvent
  | ReplaceEvent
  | BlockStopEvent
  | ToolCallEvent
  | UsageEvent
  | RetryEvent
  | ResetEvent
  | AnomalyEvent
  | SnapshotEvent<D>
  | MessageEvent<D>
