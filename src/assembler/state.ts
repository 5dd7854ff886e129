/**
 * THE machine. Every decision that depends on what came before is made here, as a table or as a pure function over a few facts;
 * `assembler.ts` carries the decisions out and makes none. The documentation's diagrams and the tests read the same tables.
 *
 * Theory of operation
 *
 * A message goes through `idle → streaming → stopping → terminated → final`. It leaves `idle` with its first event, is `stopping` once a
 * stop reason is known (usage, and with some vendors content, still come), `terminated` once the protocol's last event was seen, and
 * `final` only through `end`, which is an input like any other. Nothing leaves `final`, and `terminated` lets nothing in but `end`:
 * whoever goes on feeding a finished stream gets the same message as who stopped.
 *
 * A block goes through `absent → open → closed → handed_out` (the last for tool calls that the caller was told to run). Two detours:
 *
 * - `replaying`: the message began again under its own id and this block was opened again. What comes is compared with what the block
 *   has; equal text is skipped, text beyond the end is new, text that contradicts means that the provider generated anew (`reset`).
 *   A block that is not opened again just goes on: proxies repeat `message_start` in mid-stream.
 * - `held`: a tool call with the id and name of an earlier call of this message, or without a name so far. The first is the same call
 *   sent twice unless its arguments turn out to differ; nothing is shown of either until that is known.
 *
 * Identity decides, never the text: two equal deltas in a row are two deltas.
 */
import type { Operation } from '../operation.ts'
import { STOP_REASONS, type Outcome, type OutcomeError, type StopReason } from '../message.ts'

export type MessagePhase = 'idle' | 'streaming' | 'stopping' | 'terminated' | 'final'
export type MessageInput =
  | 'begin'
  | 'meta'
  | 'block'
  | 'stop'
  | 'usage'
  | 'soft_terminal'
  | 'hard_terminal'
  | 'soft_fail'
  | 'fail'
  | 'anomaly'
  | 'attempt'
  | 'end'

export type MessageRule =
  | 'start' // the message begins
  | 'start_unannounced' // it begins without a begin event; the input is then applied to it
  | 'begin_again' // decided by `decideBegin`
  | 'begin_after_end' // decided by `decideBegin`
  | 'apply'
  | 'apply_late' // content after the stop reason: applied, and noted
  | 'terminate'
  | 'reopen' // another stream of the same turn comes: an error that ended the one before is no more
  | 'finish'
  | 'ignore' // counted in the turn's anomalies

interface Step<Phase, Rule> {
  readonly rule: Rule
  readonly to: Phase
}
type Row<Input extends string, Phase, Rule> = Readonly<Record<Input, Step<Phase, Rule>>>

const step = <Phase, Rule>(rule: Rule, to: Phase): Step<Phase, Rule> => ({ rule, to })

const begun = (phase: 'streaming' | 'stopping'): Row<MessageInput, MessagePhase, MessageRule> => ({
  begin: step('begin_again', phase),
  meta: step('apply', phase),
  block: step(phase === 'stopping' ? 'apply_late' : 'apply', phase),
  stop: step('apply', 'stopping'),
  usage: step('apply', phase),
  soft_terminal: step('apply', phase),
  hard_terminal: step('terminate', 'terminated'),
  soft_fail: step('apply', phase),
  fail: step('terminate', 'terminated'),
  anomaly: step('apply', phase),
  attempt: step('reopen', phase),
  end: step('finish', 'final'),
})

const ended = (phase: 'terminated' | 'final'): Row<MessageInput, MessagePhase, MessageRule> => ({
  begin: step('begin_after_end', phase),
  meta: step('ignore', phase),
  block: step('ignore', phase),
  stop: step('ignore', phase),
  usage: step('ignore', phase),
  soft_terminal: step('ignore', phase),
  hard_terminal: step('ignore', phase),
  soft_fail: step('ignore', phase),
  fail: step('ignore', phase),
  anomaly: step('ignore', phase),
  attempt: phase === 'final' ? step('ignore', 'final') : step('reopen', 'streaming'),
  end: phase === 'final' ? step('ignore', 'final') : step('finish', 'final'),
})

export const MESSAGE_TABLE: Readonly<Record<MessagePhase, Row<MessageInput, MessagePhase, MessageRule>>> = {
  idle: {
    begin: step('start', 'streaming'),
    meta: step('start_unannounced', 'streaming'),
    block: step('start_unannounced', 'streaming'),
    stop: step('start_unannounced', 'stopping'),
    usage: step('start_unannounced', 'streaming'),
    soft_terminal: step('start_unannounced', 'streaming'),
    hard_terminal: step('terminate', 'terminated'),
    soft_fail: step('start_unannounced', 'streaming'),
    fail: step('terminate', 'terminated'),
    anomaly: step('apply', 'idle'),
    attempt: step('reopen', 'idle'),
    end: step('finish', 'final'),
  },
  streaming: begun('streaming'),
  stopping: begun('stopping'),
  terminated: ended('terminated'),
  final: ended('final'),
}

export type BlockPhase = 'absent' | 'held' | 'open' | 'closed' | 'handed_out' | 'replaying'
export type BlockInput = 'open' | 'append' | 'list' | 'patch' | 'snapshot' | 'close'

export type BlockRule =
  | 'create' // open it; a tool call whose id is taken is held
  | 'create_unopened' // the same, noted, and the input is then applied to it
  | 'open_again' // decided by `decideReopen`
  | 'append'
  | 'append_late'
  | 'refuse' // the call was handed out: kept in an anomaly only
  | 'hold' // kept until the call is known to be another one
  | 'compare' // decided by `compareText`, or by count for list items
  | 'merge'
  | 'reconcile' // decided by `decideSnapshot`
  | 'close'
  | 'judge' // a held call is complete: the same, or another one
  | 'compare_close' // closed before the cursor's end: generated anew
  | 'repeat_close'
  | 'stray_close'

type BlockRow = Row<BlockInput, BlockPhase | 'decided', BlockRule>

export const BLOCK_TABLE: Readonly<Record<BlockPhase, BlockRow>> = {
  absent: {
    open: step('create', 'open'),
    append: step('create_unopened', 'open'),
    list: step('create_unopened', 'open'),
    patch: step('create_unopened', 'open'),
    snapshot: step('create', 'open'),
    close: step('stray_close', 'absent'),
  },
  held: {
    open: step('open_again', 'held'),
    append: step('hold', 'decided'),
    list: step('append', 'held'),
    patch: step('merge', 'decided'),
    snapshot: step('hold', 'decided'),
    close: step('judge', 'decided'),
  },
  open: {
    open: step('open_again', 'decided'),
    append: step('append', 'open'),
    list: step('append', 'open'),
    patch: step('merge', 'open'),
    snapshot: step('reconcile', 'open'),
    close: step('close', 'closed'),
  },
  closed: {
    open: step('open_again', 'decided'),
    append: step('append_late', 'closed'),
    list: step('append_late', 'closed'),
    patch: step('merge', 'closed'),
    snapshot: step('reconcile', 'closed'),
    close: step('repeat_close', 'closed'),
  },
  handed_out: {
    open: step('open_again', 'decided'),
    append: step('refuse', 'handed_out'),
    list: step('refuse', 'handed_out'),
    patch: step('refuse', 'handed_out'),
    snapshot: step('reconcile', 'handed_out'),
    close: step('repeat_close', 'handed_out'),
  },
  replaying: {
    open: step('open_again', 'decided'),
    append: step('compare', 'decided'),
    list: step('compare', 'decided'),
    patch: step('merge', 'replaying'),
    snapshot: step('reconcile', 'decided'),
    close: step('compare_close', 'decided'),
  },
}

/**
 * Whether text just goes on, which is what nearly every event of a stream means: no rule of either table but `apply` and `append` is
 * concerned, so that the assembler may go straight there.
 */
export function goesOn(message: MessagePhase, block: BlockPhase): boolean {
  return message === 'streaming' && block === 'open'
}

/** The input that an operation is to a message. */
export function messageInput(operation: Operation): Exclude<MessageInput, 'attempt' | 'end'> {
  switch (operation.op) {
    case 'open':
    case 'append':
    case 'list':
    case 'patch':
    case 'snapshot':
    case 'close':
      return 'block'
    case 'terminal':
      return operation.strength === 'hard' ? 'hard_terminal' : 'soft_terminal'
    case 'fail':
      return operation.strength === 'soft' ? 'soft_fail' : 'fail'
    case 'begin':
    case 'meta':
    case 'stop':
    case 'usage':
    case 'anomaly':
      return operation.op
    default: {
      const never: never = operation
      return never
    }
  }
}

/**
 * What a begin event means to a message that has begun already.
 * - `adopt`: the message had no id so far; this is its own begin event, late.
 * - `repeat`: the same message; from now on a block that is opened again is a replay.
 * - `restart`: another message replaces this one. `refuse`: it must not, since a call was handed out.
 * - `next`: the following message of a source that carries many, which ends the one under way. `second`: there is only one; it is ignored.
 * - `late`: a message that has come and gone begins once more; nothing of it counts again.
 */
export type BeginDecision = 'adopt' | 'repeat' | 'restart' | 'refuse' | 'next' | 'second' | 'late'

export function decideBegin(facts: {
  readonly ended: boolean
  readonly announced: boolean
  readonly id: string | undefined
  readonly newId: string | undefined
  readonly many: boolean
  /** The dialect knows that it is none of those before. */
  readonly isNext: boolean
  /** A message with that id has come and gone. */
  readonly isPast: boolean
  readonly handedOut: boolean
}): BeginDecision {
  const same = facts.newId === undefined || facts.id === undefined || facts.newId === facts.id
  if (facts.ended) {
    if (facts.many && facts.isNext) return 'next'
    // In a source of many, a beginning that says no id may not be taken for what came before: its id may come at its end.
    const isAgain = same && facts.id !== undefined && !(facts.many && facts.newId === undefined)
    if (facts.isPast || isAgain) return 'late'
    return facts.many ? 'next' : 'second'
  }
  if (!facts.announced && same) return 'adopt'
  if (same) return 'repeat'
  if (facts.many) return facts.isPast && !facts.isNext ? 'late' : 'next'
  return facts.handedOut ? 'refuse' : 'restart'
}

/**
 * What the first telling event of another stream of the same turn means to what the streams before it gave.
 * - `again`: it begins the same message once more, and what is sent again is compared. `anew`: another message in its place.
 * - `onward`: the rest of the message.
 */
export type StreamDecision = 'again' | 'anew' | 'onward'

export function decideStream(facts: {
  /** What the event begins: the message with the known id, or another; or nothing. */
  readonly begins: 'same' | 'other' | 'nothing'
  /** What is sent again is known by the event that begins it. */
  readonly comparesReplay: boolean
  /** The protocol's own event began the message. */
  readonly announced: boolean
  /** An error event ended the stream before. */
  readonly failed: boolean
  /** Who opened the stream was told where it might go on. */
  readonly asked: boolean
}): StreamDecision {
  if (facts.failed || facts.begins === 'other') return 'anew'
  if (facts.begins === 'same') return 'again'
  return facts.asked || (facts.comparesReplay && facts.announced) ? 'onward' : 'anew'
}

/**
 * What opening a key means that is in use.
 * - `replay`: the block is being sent again; compare. `regenerated`: it is being sent again with other content.
 * - `repeat`: the same opening twice. `reuse`: the key now names another block.
 */
export type ReopenDecision = 'replay' | 'regenerated' | 'repeat' | 'reuse'

export function decideReopen(facts: {
  readonly phase: Exclude<BlockPhase, 'absent'>
  /** The message began again since this block was last opened, and replays are looked for. */
  readonly begunSince: boolean
  readonly isEmpty: boolean
  /** Same kind and, for a call, no other id or name. */
  readonly isSame: boolean
  /** By its number it comes before what was applied already: then it opens nothing new. */
  readonly isOvertaken: boolean
}): ReopenDecision {
  switch (facts.phase) {
    case 'held':
      if (!facts.isSame) return facts.begunSince ? 'regenerated' : 'reuse'
      return facts.begunSince ? 'replay' : 'repeat'
    case 'open':
      if (facts.begunSince && !(facts.isEmpty && facts.isSame)) return facts.isSame ? 'replay' : 'regenerated'
      return facts.isSame ? 'repeat' : 'reuse'
    case 'closed':
    case 'handed_out':
      if (!facts.begunSince) return facts.isOvertaken && facts.isSame ? 'repeat' : 'reuse'
      return facts.isSame ? 'replay' : 'regenerated'
    case 'replaying':
      if (!facts.isSame) return 'regenerated'
      return facts.begunSince ? 'replay' : 'repeat'
    default: {
      const never: never = facts.phase
      return never
    }
  }
}

export type Comparison =
  | { readonly kind: 'same'; readonly at: number }
  | { readonly kind: 'beyond'; readonly rest: string }
  | { readonly kind: 'contradiction' }

/** Compares text that is sent again with what the block has from `at` on. Deltas may be cut differently the second time. */
export function compareText(have: string, at: number, text: string): Comparison {
  const end = at + text.length
  if (end <= have.length) {
    return have.slice(at, end) === text ? { kind: 'same', at: end } : { kind: 'contradiction' }
  }
  const overlap = have.length - at
  return have.slice(at) === text.slice(0, overlap)
    ? { kind: 'beyond', rest: text.slice(overlap) }
    : { kind: 'contradiction' }
}

/** What the final form of a block's text does to what was streamed. An empty value never erases. */
export type SnapshotDecision = 'keep' | 'extend' | 'replace' | 'refuse'

export function decideSnapshot(facts: {
  readonly have: string
  readonly text: string | undefined
  readonly rank: number
  readonly knownRank: number
  readonly handedOut: boolean
}): SnapshotDecision {
  if (facts.text === undefined || facts.text === '') return 'keep'
  if (facts.rank < facts.knownRank) return 'keep'
  if (facts.handedOut) return 'refuse'
  if (facts.text.startsWith(facts.have)) return 'extend'
  // What only fills in must not take away.
  if (facts.rank > 0) return 'replace'
  return facts.have.startsWith(facts.text) ? 'keep' : 'refuse'
}

/** Whether the final form of a text that is being sent again shows that it is another text: neither what it is, nor what it was when it streamed. */
export function contradicts(
  text: string | undefined,
  known: { readonly text: string; readonly streamed?: string | undefined },
): boolean {
  if (text === undefined || text === '' || text === known.streamed) return false
  return !text.startsWith(known.text)
}

/**
 * What it means that content came after the stop reason, in a protocol that has no event by which a message begins again: whether it was
 * a repeat of what the message has, or goes on. `tail` and `head` are true if, of every block, it is the end or the beginning of the text,
 * and no block, id or name is new.
 */
export function decideAfterStop(facts: {
  readonly tail: boolean
  readonly head: boolean
  /** It began by saying again who speaks. */
  readonly opensAgain: boolean
  /** Another stop reason follows it, or nothing does. */
  readonly before: 'stop' | 'end'
}): 'repeat' | 'continuation' {
  if (facts.tail) return 'repeat'
  return facts.head && facts.opensAgain && facts.before === 'end' ? 'repeat' : 'continuation'
}

/**
 * The arguments without what was sent before them, if their last delta is the whole of them once more: some servers flush what they
 * have parsed at the end. Only for arguments that are no JSON as they are. Undefined if that is not it.
 */
export function resentArguments(text: string, lastAppendAt: number, stop: StopReason | undefined): string | undefined {
  if (stop !== undefined && CUTTING.has(stop)) return undefined
  const whole = text.slice(lastAppendAt)
  return lastAppendAt > 0 && whole.startsWith(text.slice(0, lastAppendAt)) ? whole : undefined
}

/** A stop reason that makes what the model was writing unfinished: no call is handed out after it. */
const CUTTING: ReadonlySet<StopReason> = new Set(['max_tokens', 'context_window', 'content_filter', 'refusal', 'error'])
const NEUTRAL: ReadonlySet<StopReason> = new Set(['end_turn', 'stop_sequence', 'unknown'])

/** The first real reason wins; a worse one that comes later is taken, a better one is not. */
export function decideStop(known: StopReason | undefined, next: StopReason): 'first' | 'repeat' | 'worse' | 'better' {
  if (known === undefined) return 'first'
  if (known === next) return 'repeat'
  return STOP_REASONS.indexOf(next) < STOP_REASONS.indexOf(known) ? 'worse' : 'better'
}

/** The reason as the message states it: a neutral one means tool calls if there is one for the client to run. */
export function readStop(
  known: StopReason | undefined,
  hasClientCall: boolean,
  outcome: Outcome['kind'] | undefined,
): StopReason {
  // Of a message that was cut before its reason, calls say nothing about why.
  if (known === undefined && outcome !== 'complete') return 'unknown'
  const reason = known ?? 'unknown'
  return hasClientCall && NEUTRAL.has(reason) ? 'tool_calls' : reason
}

/** Whether a closed, complete call may be given to the caller to run. */
export function mayHandOut(facts: {
  readonly origin: 'client' | 'provider'
  readonly isEmpty: boolean
  readonly stop: StopReason | undefined
  readonly policy: 'stop' | 'early'
  readonly outcome: Outcome['kind'] | undefined
}): boolean {
  if (facts.origin === 'provider') return false
  if (facts.stop !== undefined) return !CUTTING.has(facts.stop)
  if (facts.outcome !== undefined) return facts.outcome === 'complete'
  return facts.policy === 'early' && !facts.isEmpty
}

/** What a tool call has come to, once its text is all there is. */
export function callState(facts: {
  readonly input: 'object' | 'incomplete' | 'invalid'
  readonly hasName: boolean
  readonly isEmpty: boolean
  readonly isHandedOut: boolean
  readonly isTainted: boolean
  readonly closedByWire: boolean
  /** The message was sent again since, without the call. */
  readonly isForsaken: boolean
  /** Nothing was opened after it: what cut the message cut this. */
  readonly isLast: boolean
  readonly stop: StopReason | undefined
  readonly outcome: Outcome['kind'] | undefined
}): 'complete' | 'partial' | 'invalid' {
  // It was told to be whole; nothing that comes later unsays that.
  if (facts.isHandedOut) return 'complete'
  if (facts.isTainted) return 'invalid'
  const cutByStop = facts.stop !== undefined && CUTTING.has(facts.stop)
  const cutByEnd = !facts.closedByWire && (facts.outcome !== 'complete' || facts.isForsaken)
  switch (facts.input) {
    case 'object':
      // Nothing at all arrived of the arguments: the model may have been about to write them.
      if (facts.isEmpty && cutByStop && facts.isLast) return 'partial'
      if (cutByEnd) return 'partial'
      return facts.hasName ? 'complete' : 'invalid'
    case 'incomplete':
      return cutByStop || cutByEnd ? 'partial' : 'invalid'
    case 'invalid':
      return 'invalid'
    default: {
      const never: never = facts.input
      return never
    }
  }
}

/** How the caller, or the shell on its behalf, says that the input is over. `complete` claims no more than a clean end of input. */
export type Ending =
  | { readonly kind: 'complete' }
  | { readonly kind: 'truncated'; readonly message?: string }
  | Extract<Outcome, { kind: 'aborted' | 'timed_out' | 'failed' }>

/** How the stream ended, by what was seen of it. A terminal wins over everything but an error; only a hard one wins over an abort. */
export function decideOutcome(
  ending: Ending,
  seen: {
    readonly terminal: 'none' | 'soft' | 'hard'
    readonly error: OutcomeError | undefined
    /** The error is that whoever runs the stream gave it up. */
    readonly isAborted?: boolean
    /** The error is that the answer broke off, though its protocol came to an end. */
    readonly isCut?: boolean
    readonly isEmpty: boolean
    /** The text of the only, malformed, events that came. */
    readonly malformed: string | undefined
    readonly acceptEof: boolean
  },
): Outcome {
  if (seen.error !== undefined && seen.isAborted) return { kind: 'aborted', by: 'caller', reason: seen.error.message }
  if (seen.error !== undefined && seen.isCut) return { kind: 'truncated', by: 'eof', error: seen.error }
  if (seen.error !== undefined) return { kind: 'failed', error: seen.error }
  if (seen.terminal === 'hard' && !seen.isEmpty) return { kind: 'complete' }
  switch (ending.kind) {
    case 'aborted':
    case 'timed_out':
    case 'failed':
      return ending
    case 'complete':
    case 'truncated':
      if (seen.isEmpty) return { kind: 'failed', error: emptyStream(ending, seen.malformed) }
      if (seen.terminal === 'soft' || (seen.acceptEof && ending.kind === 'complete')) return { kind: 'complete' }
      return ending.kind === 'truncated'
        ? {
            kind: 'truncated',
            by: 'reset',
            error: cut(ending.message ?? 'the connection was lost before the message ended'),
          }
        : { kind: 'truncated', by: 'eof', error: cut('the stream ended before the last event of its protocol') }
    default: {
      const never: never = ending
      return never
    }
  }
}

function cut(message: string): OutcomeError {
  return { class: 'network', retryable: true, message }
}

function emptyStream(ending: { kind: 'complete' | 'truncated'; message?: string }, malformed?: string): OutcomeError {
  if (malformed !== undefined) {
    return { class: 'malformed', retryable: false, message: 'no event of the stream could be read', body: malformed }
  }
  if (ending.kind === 'truncated') return cut(ending.message ?? 'the connection was lost before the first event')
  return { class: 'malformed', retryable: true, message: 'the stream ended without a single event of a message' }
}

/** How many events are held that arrived ahead of their number. */
export const HELD_EVENTS = 16

/**
 * Where a numbered event belongs. Within a run (every begin event starts one) each number is used once and they grow by one.
 * - `apply`: it is the next. `drop`: it was applied before. `hold`: others must come first.
 * - `far`: so many others would have to come first that they are not waited for; the next event shows whether the count goes on from there.
 * - `unreliable`: another event had this number, so the numbers mean nothing.
 */
export function decideNumber(facts: {
  readonly last: number | undefined
  /** The highest number that came, held ones included; 0 before the first. */
  readonly highest: number
  readonly value: number
  /** The type of the event that first came under this number, applied or held. */
  readonly typeSeen: string | undefined
  readonly type: string
  /** It ends the message, or reports an error: it is taken whatever its number. */
  readonly isLast: boolean
}): 'apply' | 'drop' | 'hold' | 'far' | 'unreliable' {
  if (facts.typeSeen === facts.type) return 'drop'
  if (facts.isLast || facts.last === undefined) return 'apply'
  if (facts.typeSeen !== undefined) return 'unreliable'
  // A number that was passed over: the event is late, not a repeat.
  if (facts.value <= facts.last + 1) return 'apply'
  return facts.value <= facts.highest + 1 + HELD_EVENTS ? 'hold' : 'far'
}
