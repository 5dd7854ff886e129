/**
 * Breaches of a protocol and oddities, as data. Each says what was seen, where, and what was done about it; none is ever thrown.
 * The union of kinds is closed; `docs/anomalies.md` is made from the descriptions below.
 */
import type { ContentBlock } from './message.ts'
import type { JsonValue } from './json.ts'

/** Every kind of anomaly, with the sentence that the documentation and the command line show. */
export const ANOMALY_KINDS = {
  missing_begin: 'content came before the event that begins a message',
  repeated_begin: 'the event that begins the message came again under the same id',
  id_changed: 'a later event names another message id',
  restarted: 'another message began before this one had ended; it replaces what came before, which is kept here',
  regenerated: 'the message was sent again with other content, which replaces the old, kept here',
  second_message: 'another message began after this one had ended; it was ignored',
  unopened_block: 'a delta came for a block that was never opened; it was opened',
  kind_mismatch: 'a delta of one kind came for a block of another; it got a block of its own',
  block_key_reused: 'the key of a block was used again for another block',
  repeated_open: 'a block was opened twice',
  repeated_close: 'a block was closed twice',
  stray_close: 'a block was closed that was never opened',
  late_append: 'a delta came after its block was closed; it was added',
  append_after_hand_out: 'a delta came for a tool call that was already handed out; it was left out, kept here',
  snapshot_differs: 'the final form of a block differs from what was streamed; it replaced that',
  snapshot_refused: 'the final form of a block contradicts what cannot be changed any more; it was left out, kept here',
  duplicate_call: 'the same tool call was sent again; it is one call',
  call_id_reused: 'another tool call came under an id that was taken; it got an id of its own',
  repeated_stop: 'the stop reason came again',
  stop_changed: 'the stop reason changed',
  content_after_stop: 'content came after the stop reason; it was added',
  repeated_content:
    'content that was there already came again, after the stop reason or as the first delta; it was left out',
  repeated_item: 'an item of a list came again under its place; it is one item',
  resent_arguments: 'the arguments of a tool call were sent once more as a whole; they are taken once',
  call_id_changed: 'a later delta of a tool call names another id; the first one stands',
  choice_ignored: 'the number of the choice does not count choices; it was ignored',
  not_cumulative: 'a text that should hold all that came does not; it was added',
  missing_stop: 'the message ended without a stop reason',
  missing_terminal: 'the stream ended without the last event of its protocol',
  doubtful_end:
    'the turn is said to have ended well, but gave nothing, or no more than the report of an error; judge by the content',
  late_event: 'an event came after the end of the message; it was ignored',
  sequence_gap: 'numbered events are missing',
  sequence_stray: 'the number of an event is far from those around it; it was taken as it came',
  sequence_unreliable: 'the numbers of the events lie; they are not used',
  duplicate_event: 'an event came twice under its number, or its id; it was dropped',
  malformed_event: 'the data of an event is not what its protocol allows',
  comment_as_data: 'a proxy sent a comment as the data of an event; it was ignored',
  cut_event: 'the stream ended inside an event',
  unknown_event: 'an event of an unknown type; it was ignored',
  unknown_delta: 'a delta of an unknown type; it was left out, kept here',
  unknown_block: 'a block of an unknown type; it was carried through',
  invalid_input: 'a tool call has no name, or its arguments are not one JSON object; it was not handed out',
  more: 'further anomalies were counted, not kept',
} as const

export type AnomalyKind = keyof typeof ANOMALY_KINDS

export interface Anomaly {
  readonly kind: AnomalyKind
  /** The ordinal of the block that it concerns. */
  readonly block?: number
  /** What exactly was seen: a type, an id, a text of at most 4 KB. */
  readonly detail?: string
  /** What was left out or replaced, if it was content. */
  readonly content?: readonly ContentBlock[]
  /** What was left out or replaced, if it was not. */
  readonly value?: JsonValue
  /** How often it came in a row, if more than once; for `more`: how many. */
  readonly count?: number
}

const EXCERPT_LENGTH = 4096

/** At most 4 KB of a text, for an anomaly or an error. A copy: a piece of a long text would keep the whole of it alive. */
export function excerpt(text: string): string {
  if (text.length <= EXCERPT_LENGTH) return text
  const copy: unknown = JSON.parse(JSON.stringify(text.slice(0, EXCERPT_LENGTH - 1)))
  return `${String(copy)}…`
}

/** Adds an anomaly to a list, if it does not say what the last one says and there is room. Whether it was added. */
export function keepOnce(anomalies: Anomaly[], kind: AnomalyKind, detail: string, limit: number): boolean {
  const last = anomalies.at(-1)
  if (anomalies.length >= limit || (last?.kind === kind && last.detail === detail)) return false
  anomalies.push({ kind, detail })
  return true
}
