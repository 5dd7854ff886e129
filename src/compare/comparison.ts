/**
 * What a comparison of several turns is. Everything here is plain JSON: an absent property means that the wire did not say, and a cell that
 * is null that a turn has nothing there.
 */
import type { Anomaly } from '../anomaly.ts'
import type { JsonValue } from '../json.ts'
import type { BlockKind, ContentBlock, Dialect, Outcome, Stop, ToolCallBlock, Usage } from '../message.ts'

/** What can differ, and what `ignore` names. */
export const ASPECTS = [
  'text',
  'thinking',
  'calls',
  'blocks',
  'stop',
  'outcome',
  'anomalies',
  'usage',
  'times',
  'ids',
] as const
export type Aspect = (typeof ASPECTS)[number]

/** What each aspect is about, as the documentation shows it. */
export const ASPECT_MEANINGS: Readonly<Record<Aspect, string>> = {
  text: 'the text, refusals included: by words',
  thinking: 'the thinking: by words',
  calls: 'the tool calls: which there are, in which order, their input by path, whether they are whole',
  blocks:
    'all other content: results of tools that the provider ran, citations, media, unknown blocks; how many messages there are',
  stop: 'why the model stopped, in neutral terms, and the stop sequence',
  outcome: 'how the stream ended: its kind, and the class and status of an error',
  anomalies: 'which kinds of anomalies there were, and how often',
  usage: 'the token counts, and which were told',
  times: 'when things came, and the gaps between them, beyond the tolerance',
  ids: 'the ids of messages and calls that the wire gave',
}

export interface Comparison {
  /** The side that the others are compared with: its place in `sides`. */
  readonly reference: number
  readonly sides: readonly Side[]
  /** The content of all sides, aligned: in the order of the reference, with what only others have where they have it. */
  readonly rows: readonly Row[]
  /** What is different on each side from the reference, without what was to be ignored. Empty: they are the same. */
  readonly differences: readonly Difference[]
}

/** One turn of a comparison, by itself. */
export interface Side {
  readonly label: string
  readonly dialect: Dialect | 'unknown'
  /** As the wire names it. */
  readonly model?: string
  /** As the request named it. */
  readonly askedModel?: string
  /** The turn's messages without their content, which stands in the rows: nearly always one. */
  readonly messages: readonly SideMessage[]
  /** Those of all messages and of the turn, in order. */
  readonly anomalies: readonly Anomaly[]
  /**
   * Added up over the messages that tell it, for a turn of several. Choices of one answer count once: messages of one id, or of no ids of the
   * wire, with the same counts.
   */
  readonly usage: Usage
  /**
   * In the currency of the price table, each message by its own model. Absent if a message with content has no price for its model, or lacks
   * one of both token counts.
   */
  readonly cost?: number
  readonly times: StreamTimes
  /** Every moment at which content came, in order. Empty where nobody recorded it. */
  readonly arrivals: readonly Arrival[]
  /** Whether it says the same as the reference, whatever is ignored. The reference agrees with itself. */
  readonly agrees: Agreement
}

export interface SideMessage {
  readonly id: string
  readonly idSource: 'wire' | 'minted'
  readonly stop: Stop
  readonly outcome: Outcome
}

export interface Agreement {
  /** All text, refusals included. */
  readonly text: boolean
  /** All calls: their names, their order, their input. */
  readonly calls: boolean
  /** Why it stopped, in neutral terms. */
  readonly stop: boolean
}

/**
 * How a stream arrived. Milliseconds since the request was sent, or, of a turn that was observed live, since reading began. Recordings of
 * plain bodies have no times.
 */
export interface StreamTimes {
  readonly firstByteMs?: number
  /** The first piece of content of any kind. Of a message that nobody observed: when its first block began. */
  readonly firstTokenMs?: number
  readonly firstThinkingMs?: number
  readonly firstTextMs?: number
  /** When the name of the first call came. Of a live turn: when the call was shown, for OpenAI's chat with the first of its arguments. */
  readonly firstToolCallMs?: number
  readonly lastTokenMs?: number
  /** When the stream was over. */
  readonly endMs?: number
  /**
   * Output tokens by the provider's own count, over the seconds from the first token to the last. Reasoning tokens are left out if no
   * thinking was streamed.
   */
  readonly tokensPerSecond?: number
  /** Of the times between two moments at which content came. Absent with fewer than two. */
  readonly gaps?: Gaps
  /** How many pieces of content came. */
  readonly deltas?: number
  /** Of the body, as received. */
  readonly bytes?: number
}

/** Milliseconds; percentiles by nearest rank. */
export interface Gaps {
  readonly p50Ms: number
  readonly p95Ms: number
  readonly longestMs: number
  /** When the longest one began. */
  readonly longestAtMs: number
}

/** What came at one moment of one block. */
export interface Arrival {
  readonly ms: number
  /** The ordinal of the message in the turn, and of the block in its content. */
  readonly message: number
  readonly block: number
  readonly kind: BlockKind
  /** UTF-16 units of text; 0 for a block that began, or has no text. */
  readonly characters: number
  readonly deltas: number
}

/** The same piece of content on every side that has it. Neighbouring texts of a message are one. */
export interface Row {
  readonly kind: BlockKind
  /** The ordinal of the message in its turn. */
  readonly message: number
  /** One for each side. */
  readonly cells: readonly (Cell | null)[]
}

interface CellFields {
  /** The ordinals of the blocks in the content of the message. */
  readonly blocks: readonly number[]
}
export type Cell = TextCell | CallCell | BlockCell
/** A text, a refusal, or thinking. */
export interface TextCell extends CellFields {
  readonly kind: 'text' | 'refusal' | 'thinking'
  readonly text: string
  /** Of a text: the citations of its blocks. */
  readonly citations?: readonly JsonValue[]
  /** Of thinking: the provider withheld the text. */
  readonly redacted?: true
}
export interface CallCell extends CellFields {
  readonly kind: 'tool_call'
  readonly call: ToolCallBlock
}
export interface BlockCell extends CellFields {
  readonly kind: 'tool_result' | 'media' | 'other'
  readonly block: ContentBlock
}

/** A piece of two texts: in both, only in the reference, or only in the side. */
export interface WordChange {
  readonly kind: 'same' | 'removed' | 'added'
  readonly text: string
}

/** A place where two JSON values differ: keys and indices from the top. Absent: the value is not there on that side. */
export interface JsonChange {
  readonly path: readonly (string | number)[]
  readonly reference?: JsonValue
  readonly side?: JsonValue
}

interface About<A extends Aspect> {
  readonly aspect: A
  /** The side that differs from the reference: its place in `sides`. */
  readonly side: number
}
interface AboutRow<A extends Aspect> extends About<A> {
  /** The place in `rows`. */
  readonly row: number
}

export type Difference =
  | TextDifference
  | AbsentDifference
  | InputDifference
  | CallStateDifference
  | CallOrderDifference
  | BlockDifference
  | CountDifference
  | StopDifference
  | OutcomeDifference
  | AnomaliesDifference
  | UsageDifference
  | TimesDifference
  | IdsDifference

/** Two texts that stand at the same place. The pieces together are both texts. */
export interface TextDifference extends AboutRow<'text' | 'thinking'> {
  readonly kind: 'words'
  readonly words: readonly WordChange[]
}
/** What one of both does not have. `only`: who has it. */
export interface AbsentDifference extends AboutRow<'text' | 'thinking' | 'calls' | 'blocks'> {
  readonly kind: 'absent'
  readonly only: 'reference' | 'side'
}
/** Two whole calls of a tool with other input. */
export interface InputDifference extends AboutRow<'calls'> {
  readonly kind: 'input'
  readonly changes: readonly JsonChange[]
}
/**
 * One of two calls is not whole, or both are not and their texts differ; or another one runs it; or their input is the same and their texts
 * say what it cannot hold: numbers with more digits than a number has, or a key twice.
 */
export interface CallStateDifference extends AboutRow<'calls'> {
  readonly kind: 'call'
  readonly changes: readonly JsonChange[]
}
/**
 * The calls that both have come in another order: each list has the rows of these calls. Or a call changed places with other content, where
 * both wires can say so: then each has all rows that both have.
 */
export interface CallOrderDifference extends About<'calls'> {
  readonly kind: 'order'
  readonly message: number
  readonly reference: readonly number[]
  readonly order: readonly number[]
}
/**
 * Other content: results, media, unknown blocks, the citations of a text. Of two results that answer other calls also their `callId`, the
 * ids of these calls.
 */
export interface BlockDifference extends AboutRow<'blocks'> {
  readonly kind: 'block'
  readonly changes: readonly JsonChange[]
}
/** The turns have another number of messages. */
export interface CountDifference extends About<'blocks'> {
  readonly kind: 'messages'
  readonly reference: number
  readonly count: number
}
export interface StopDifference extends About<'stop'> {
  readonly kind: 'stop'
  readonly message: number
  readonly changes: readonly JsonChange[]
}
export interface OutcomeDifference extends About<'outcome'> {
  readonly kind: 'outcome'
  readonly message: number
  readonly changes: readonly JsonChange[]
}
/** Those that one has more of than the other, of each kind; one that counts several is told whole if only some are more. */
export interface AnomaliesDifference extends About<'anomalies'> {
  readonly kind: 'anomalies'
  readonly removed: readonly Anomaly[]
  readonly added: readonly Anomaly[]
}
export interface UsageDifference extends About<'usage'> {
  readonly kind: 'usage'
  readonly changes: readonly JsonChange[]
}
/** Times that lie farther apart than the tolerance. */
export interface TimesDifference extends About<'times'> {
  readonly kind: 'times'
  readonly changes: readonly TimeChange[]
}
export interface TimeChange {
  readonly time: TimeName
  readonly referenceMs: number
  readonly sideMs: number
}
/** The times that are compared, in their order. */
export const TIME_NAMES = [
  'firstByteMs',
  'firstTokenMs',
  'firstThinkingMs',
  'firstTextMs',
  'firstToolCallMs',
  'lastTokenMs',
  'endMs',
  'gapP50Ms',
  'gapP95Ms',
  'longestGapMs',
] as const
export type TimeName = (typeof TIME_NAMES)[number]
/** Of messages and of calls that both have. Ids that nobody gave are no ids. */
export interface IdsDifference extends About<'ids'> {
  readonly kind: 'ids'
  readonly changes: readonly IdChange[]
}
export interface IdChange {
  readonly of: 'message' | 'call'
  /** The row of the call. */
  readonly row?: number
  readonly message: number
  readonly reference?: string
  readonly side?: string
}

/** What a model costs: for a million tokens, in whatever currency the table is. Cache prices are the input's where they are missing. */
export interface Price {
  readonly input: number
  readonly output: number
  readonly cacheRead?: number
  readonly cacheWrite?: number
}
/** By the name of the model; a name also stands for those that go on after it with `-`, `@` or `:`, the longest one counts. */
export type PriceTable = Readonly<Record<string, Price>>

export interface CompareOptions {
  /** The place of the turn that the others are compared with. Default: 0. */
  readonly reference?: number
  /** A name for each turn. Default: A, B, C, … */
  readonly labels?: readonly string[]
  /** What makes no difference. */
  readonly ignore?: readonly Aspect[]
  readonly prices?: PriceTable
  /** Times differ by more than `ms` milliseconds and more than that part of the longer one. Default: 500 and 0.2. */
  readonly tolerance?: { readonly ms?: number; readonly part?: number }
}
