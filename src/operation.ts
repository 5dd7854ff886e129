/**
 * The instructions that a dialect gives to the assembler: the whole interface between the two. A dialect turns each provider event into
 * a handful of these and never asks what the assembler has; the assembler applies them and never learns whose wire they came from.
 * A start event is always `open`, a done event always `snapshot`, a delta always carries its block's kind.
 */
import type { AnomalyKind } from './anomaly.ts'
import type { JsonObject, JsonValue } from './json.ts'
import type { BlockKind, OutcomeError, StopReason, ThinkingPart } from './message.ts'

/** What every operation names: which of several parallel answers it is about, or that it is about each of them. */
interface ForChoice {
  readonly choice: number | 'all'
}

interface ForBlock {
  readonly choice: number
  /** The dialect's own name for the block, stable while the message streams; never a position in an array. */
  readonly key: string
  readonly kind: BlockKind
}

/** The fields of a block that have a neutral name. One that is empty (absent, null, "") never erases an earlier value. */
export interface BlockFields {
  readonly id?: string | null
  readonly name?: string | null
  readonly origin?: 'client' | 'provider'
  readonly signature?: string | null
  readonly encrypted?: string | null
  readonly redacted?: true
  readonly callId?: string | null
  readonly isError?: boolean | null
  readonly content?: JsonValue
  /** The call's arguments are no JSON but plain text, which stands under this name in its input. */
  readonly freeText?: string
}

/** Which of the parts of a thinking block: providers give several summaries, or the full reasoning in pieces. */
export interface PartName {
  readonly kind: ThinkingPart['kind']
  readonly index: number
}

/** What a block holds when it is opened, patched or sent whole. */
interface BlockPayload {
  readonly fields?: BlockFields
  /** The provider's fields without a neutral name. */
  readonly wire?: JsonObject
  /** Texts and lists (also within objects) of these fields that grow. */
  readonly append?: JsonObject
}

/** A message begins. Only for the protocol's own begin event, never once per chunk. */
export interface BeginOperation extends ForChoice {
  readonly op: 'begin'
  readonly id?: string
  readonly model?: string
  readonly wire?: JsonObject
  /** Of a source of many: the protocol tells by more than the id that none of the messages before it is meant. */
  readonly isNext?: true
}
/** Message-level fields that came later. */
export interface MetaOperation extends ForChoice {
  readonly op: 'meta'
  readonly id?: string
  readonly model?: string
  readonly wire?: JsonObject
  /** Where in the message's wire fields `wire` belongs, if it is not about the message itself. */
  readonly path?: readonly [string, ...string[]]
  /** As of a snapshot: what came with a higher rank under the same path is not overwritten. */
  readonly rank?: SnapshotRank
  /** Fields there that an earlier event gave, and this one, which is whole, does not. */
  readonly drop?: readonly string[]
  /** Lists (also within objects) of the message's wire fields that grow by these items. */
  readonly append?: JsonObject
  /** It says once more who speaks, as the first event of a message does. */
  readonly opensAgain?: true
}
export interface OpenOperation extends ForBlock, BlockPayload {
  readonly op: 'open'
  /** Text that the opening event already holds: of a text, of thinking, of a refusal, of a call's arguments. */
  readonly seed?: string
  /** Items of the block's list that it already holds. */
  readonly items?: readonly JsonValue[]
}
export interface AppendOperation extends ForBlock {
  readonly op: 'append'
  readonly text: string
  readonly part?: PartName
}
/** One item of the block's list (citations). */
export interface ListOperation extends ForBlock {
  readonly op: 'list'
  readonly item: JsonValue
  /** The item's place in the list, where the wire names it: the same item there again is no other one. */
  readonly at?: number
}
export interface PatchOperation extends ForBlock, BlockPayload {
  readonly op: 'patch'
}
/** 0 only fills in what is missing; of the others a higher one wins over a lower one that comes later. */
export type SnapshotRank = 0 | 1 | 2 | 3
/** The block as a whole, or some of its parts. */
export interface SnapshotOperation extends ForBlock, BlockPayload {
  readonly op: 'snapshot'
  readonly rank: SnapshotRank
  readonly text?: string
  /** The text is JSON that somebody has written anew: where it means what was streamed, that stays as it came. */
  readonly isRewritten?: true
  readonly parts?: readonly { readonly part: PartName; readonly text: string }[]
  readonly items?: readonly JsonValue[]
  /** Nothing of the block follows: it is closed if it is open. */
  readonly closes?: true
  /** The protocol sends the whole anew each time: that it differs is nothing odd. */
  readonly isRenewed?: true
}
export interface CloseOperation {
  readonly op: 'close'
  readonly choice: number
  readonly key: string
}
export interface StopOperation extends ForChoice {
  readonly op: 'stop'
  readonly reason: StopReason
  readonly raw: string
  readonly sequence?: string | null
}
/** Token counts as the wire has them. `uncachedInputTokens` is for wires whose input count leaves the cache out. */
export interface UsageCounts {
  readonly inputTokens?: number
  readonly uncachedInputTokens?: number
  readonly outputTokens?: number
  readonly cacheReadTokens?: number
  readonly cacheWriteTokens?: number
  readonly reasoningTokens?: number
}
export interface UsageOperation extends ForChoice {
  readonly op: 'usage'
  readonly counts: UsageCounts
  readonly raw: JsonObject
  /** What was known when the message began: later counts stand, also if the begin event comes again. */
  readonly isInitial?: true
}
/** The protocol's last event. A soft one makes the outcome complete when the input ends there, but does not end by itself. */
export interface TerminalOperation extends ForChoice {
  readonly op: 'terminal'
  readonly strength: 'hard' | 'soft'
  /** Another message of the same turn follows: the protocol gives no stop reason for this one. */
  readonly isInner?: true
}
export interface FailOperation extends ForChoice {
  readonly op: 'fail'
  /** The message has failed, but the input goes on: with an event that says more about the error, or with other choices. */
  readonly strength?: 'soft'
  /** It is no error: whoever runs the stream gave it up. */
  readonly isAbort?: true
  /** It is no error: the protocol went on to its last mark, but shows that the answer broke off before it. */
  readonly isCut?: true
  readonly error: OutcomeError
}
export interface AnomalyOperation extends ForChoice {
  readonly op: 'anomaly'
  readonly kind: AnomalyKind
  readonly detail?: string
  readonly value?: JsonValue
  /** The block that it concerns, by its key. */
  readonly key?: string
}

export type BlockOperation =
  | OpenOperation
  | AppendOperation
  | ListOperation
  | PatchOperation
  | SnapshotOperation
  | CloseOperation

export type Operation =
  | BeginOperation
  | MetaOperation
  | BlockOperation
  | StopOperation
  | UsageOperation
  | TerminalOperation
  | FailOperation
  | AnomalyOperation

/** What an agent's stream says of a call that the agent runs by itself, outside of the message that made it. */
export interface CallSign {
  /** The provider's id of the call. */
  readonly id: string
  readonly is: 'running' | 'answered'
}

/** What one provider event means, with its place in the stream where the protocol numbers its events. */
export interface Translation {
  readonly operations: readonly Operation[]
  /** The event's number and type, and of what it is about, for protocols that number their events. */
  readonly number?: { readonly value: number; readonly type: string }
  /** The event's id, for protocols in which another stream can go on after it. */
  readonly eventId?: string
  /** By its number it comes too late: events that follow it were applied before. */
  readonly isOvertaken?: true
  /** Which calls get on, or have their result. */
  readonly calls?: readonly CallSign[]
}
