/**
 * One message while it is being put together, and how it becomes the message that the caller gets. Contents only; when to do what is
 * decided in `state.ts`.
 */
import type { Anomaly } from '../anomaly.ts'
import { copyFields, deepFreeze, growFields, isObject, mergeFields, type JsonObject } from '../json.ts'
import type {
  AssistantMessage,
  ContentBlock,
  Dialect,
  MessageSnapshot,
  Outcome,
  OutcomeError,
  ResponseFacts,
  Stop,
  StopReason,
  Timing,
  Usage,
} from '../message.ts'
import type { MetaOperation, SnapshotRank, UsageCounts, UsageOperation } from '../operation.ts'
import { toContent, type Block, type Losses } from './block.ts'
import type { Limits } from '../limits.ts'
import { readStop, type MessagePhase } from './state.ts'

export interface Draft {
  readonly key: string
  readonly choice: number
  /** Its place among the messages of the turn, in the order in which they began. */
  readonly ordinal: number
  phase: MessagePhase
  attempt: number
  /** How the message began: not at all yet, with content, or with the protocol's own event. */
  beginning: 'none' | 'implied' | 'announced'
  /** The first id that the wire gave, and the last. */
  id: string | undefined
  lastId: string | undefined
  model: string | undefined
  wire: JsonObject
  /** Under which paths fields came: of what rank they are, and in which run they were told last. */
  paths: Map<string, { readonly path: readonly string[]; rank: SnapshotRank; run: number }>
  /** How often the message began again: blocks opened before that may be sent again. */
  run: number
  /** The run in which the message began to be sent again, as far as it is known to be: what was opened since is the new version. */
  replayedFrom: number | undefined
  blocks: Block[]
  byKey: Map<string, Block>
  callsById: Map<string, Block>
  stop: { reason: StopReason; raw: string; sequence: string | null } | undefined
  counts: { -readonly [K in keyof UsageCounts]: UsageCounts[K] }
  rawUsage: JsonObject | undefined
  terminal: 'none' | 'soft' | 'hard'
  /** Another message of the same turn follows: no stop reason is due. */
  isInner: boolean
  error: OutcomeError | undefined
  /** The error, if it is that whoever runs the stream gave it up. */
  abort: OutcomeError | undefined
  /** The error, if it is that the answer broke off, as its own wire shows. */
  cut: OutcomeError | undefined
  malformed: string | undefined
  anomalies: Anomaly[]
  omittedAnomalies: number
  /** Characters held, discarded attempts included: what the limit counts. */
  size: number
  handedOut: number
  losses: Losses
  /** Pieces of content taken so far: whether an operation added any. */
  pieces: number
}

export function createDraft(key: string, choice: number, ordinal: number = choice): Draft {
  return {
    key,
    choice,
    ordinal,
    phase: 'idle',
    attempt: 1,
    beginning: 'none',
    id: undefined,
    lastId: undefined,
    model: undefined,
    wire: {},
    paths: new Map(),
    run: 0,
    replayedFrom: undefined,
    blocks: [],
    byKey: new Map(),
    callsById: new Map(),
    stop: undefined,
    counts: {},
    rawUsage: undefined,
    terminal: 'none',
    isInner: false,
    error: undefined,
    abort: undefined,
    cut: undefined,
    malformed: undefined,
    anomalies: [],
    omittedAnomalies: 0,
    size: 0,
    handedOut: 0,
    losses: { events: 0, numbers: 0 },
    pieces: 0,
  }
}

/**
 * Forgets what another message replaces, of the `attempt`th stream. What was counted stays counted: limits are about the whole turn.
 */
export function clearDraft(draft: Draft, attempt: number): void {
  draft.attempt = draft.beginning === 'none' ? Math.max(draft.attempt, attempt) : Math.max(draft.attempt + 1, attempt)
  draft.id = undefined
  draft.lastId = undefined
  draft.model = undefined
  draft.wire = {}
  draft.paths.clear()
  draft.blocks = []
  draft.byKey.clear()
  draft.callsById.clear()
  draft.stop = undefined
  draft.counts = {}
  draft.rawUsage = undefined
  draft.terminal = 'none'
}

/** What a path takes besides its fields. */
const PATH_SIZE = 256

/**
 * Takes over message-level fields: into the message's own, or into an object of theirs. Gives by how much the message has grown.
 */
export function mergeWire(draft: Draft, { wire, path, rank = 0, drop = [], append }: MetaOperation): number {
  let grown = append === undefined ? 0 : growFields(draft.wire, append)
  if (wire === undefined) return grown
  if (path === undefined) return grown + mergeFields(draft.wire, copyFields(wire))
  let target = draft.wire
  for (const name of path) target = objectIn(target, name)
  const place = path.join('/')
  const known = draft.paths.get(place)
  const told = known ?? { path, rank: 0, run: draft.run }
  draft.paths.set(place, told)
  told.run = draft.run
  if (known === undefined) grown += PATH_SIZE
  // What is of another type is another thing.
  if (typeof target.type === 'string' && typeof wire.type === 'string' && target.type !== wire.type) {
    for (const name of Object.keys(target)) delete target[name]
    told.rank = 0
  }
  const isLower = rank < told.rank
  if (!isLower) {
    told.rank = rank
    for (const dropped of drop) delete target[dropped]
  }
  return grown + mergeFields(target, copyFields(wire, isLower ? new Set(Object.keys(target)) : undefined))
}

/** Forgets what came under a path before the message was sent anew, and not again since. */
export function dropPathsBefore(draft: Draft, run: number): void {
  for (const [key, told] of draft.paths) {
    if (told.run >= run) continue
    draft.paths.delete(key)
    let target = draft.wire
    for (const name of told.path.slice(0, -1)) target = objectIn(target, name)
    delete target[told.path.at(-1) ?? '']
  }
}

function objectIn(fields: JsonObject, name: string): JsonObject {
  const known = Object.hasOwn(fields, name) ? fields[name] : undefined
  if (isObject(known)) return known
  const created: JsonObject = {}
  mergeFields(fields, { [name]: created })
  return created
}

/** Counts what is held from now on; beyond the limit the message fails with what it has. */
export function growDraft(draft: Draft, length: number, limit: number): void {
  draft.size += length
  if (draft.size > limit) failDraft(draft, limitError(`longer than ${limit} characters`, 'messageLength'))
}

export function loseEvent(draft: Draft): void {
  draft.losses = { ...draft.losses, events: draft.losses.events + 1 }
}

export function loseNumbers(draft: Draft): void {
  draft.losses = { ...draft.losses, numbers: draft.losses.numbers + 1 }
}

export function failDraft(draft: Draft, error: OutcomeError): void {
  draft.error ??= error
  draft.phase = 'terminated'
}

/** What tells one stream of the turn from another: the message's id, and how far it came. */
export interface Progress {
  readonly id: string | undefined
  readonly lastNumber: number | undefined
  readonly announced: boolean
  readonly failed: boolean
  readonly handedOut: boolean
}

/** A call that was handed out cannot be taken back. */
export function regeneratedError(what: string): OutcomeError {
  const message = `${what} after one of its tool calls was handed out`
  return { class: 'regenerated_after_tool_call', retryable: false, message }
}

export function limitError(what: string, limit: keyof Limits): OutcomeError {
  return { class: 'limit', retryable: false, message: `the message is ${what}; raise limits.${limit} to accept it` }
}

/** The last value of each field counts; an absent or null one changes nothing, a zero never replaces a positive number. */
export function mergeUsage(draft: Draft, { counts, raw, isInitial }: UsageOperation): void {
  for (const name of COUNT_NAMES) {
    const value = counts[name]
    const known = draft.counts[name]
    if (typeof value !== 'number' || (value === 0 && (known ?? 0) > 0) || (isInitial && known !== undefined)) continue
    draft.counts[name] = value
  }
  const later = copyFields(raw, isInitial ? new Set(Object.keys(draft.rawUsage ?? {})) : undefined)
  draft.size += mergeFields((draft.rawUsage ??= {}), later)
}

const COUNT_NAMES = [
  'inputTokens',
  'uncachedInputTokens',
  'outputTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'reasoningTokens',
] as const

export function usageOf({ counts }: Draft): Usage {
  const { uncachedInputTokens, ...neutral } = counts
  if (uncachedInputTokens === undefined || neutral.inputTokens !== undefined) return neutral
  return {
    ...neutral,
    inputTokens: uncachedInputTokens + (counts.cacheReadTokens ?? 0) + (counts.cacheWriteTokens ?? 0),
  }
}

/** The blocks as they stand. `outcome` is absent while the message streams. */
export function contentOf(draft: Draft, maxDepth: number, outcome?: Outcome['kind']): ContentBlock[] {
  return draft.blocks.map((block) => contentBlockOf(draft, block, maxDepth, outcome))
}

/** `as`: the block in the form that is to be told. */
export function contentBlockOf(
  draft: Draft,
  block: Block,
  maxDepth: number,
  outcome?: Outcome['kind'],
  as: Block = block,
): ContentBlock {
  return toContent(as, {
    messageKey: draft.key,
    isLast: block === draft.blocks.at(-1),
    stop: draft.stop?.reason,
    outcome,
    maxDepth,
    losses: draft.losses,
    replayedFrom: draft.replayedFrom,
  })
}

export interface MessageFacts<D extends Dialect> {
  readonly dialect: D | 'unknown'
  readonly turn: string
  readonly maxDepth: number
}

export interface EndingFacts {
  readonly response?: ResponseFacts
  readonly timing?: Timing
}

/** Half of a character was not shown yet: it comes with the next delta. */
function asShown(block: Block): Block {
  const { heldBack, text } = block
  return heldBack === '' ? block : { ...block, text: text.slice(0, -heldBack.length) }
}

export function snapshotOf<D extends Dialect>(
  draft: Draft,
  facts: MessageFacts<D>,
  outcome?: Outcome['kind'],
): MessageSnapshot<D> {
  const content =
    outcome === undefined
      ? draft.blocks.map((block) => contentBlockOf(draft, block, facts.maxDepth, outcome, asShown(block)))
      : contentOf(draft, facts.maxDepth, outcome)
  return {
    key: draft.key,
    ...(draft.id === undefined
      ? { id: draft.key, idSource: 'minted' as const }
      : { id: draft.id, idSource: 'wire' as const }),
    turn: facts.turn,
    attempt: draft.attempt,
    dialect: facts.dialect,
    ...(draft.model === undefined ? {} : { model: draft.model }),
    content,
    stop: stopOf(draft, content, outcome),
    usage: usageOf(draft),
    ...(draft.rawUsage === undefined ? {} : { rawUsage: copyFields(draft.rawUsage) }),
    anomalies: anomaliesOf(draft),
    wire: {
      ...copyFields(draft.wire),
      ...(draft.lastId !== undefined && draft.lastId !== draft.id ? { id: draft.lastId } : {}),
    },
  }
}

export function messageOf<D extends Dialect>(
  draft: Draft,
  facts: MessageFacts<D>,
  outcome: Outcome,
  { response, timing }: EndingFacts,
): AssistantMessage<D> {
  return deepFreeze({
    ...snapshotOf(draft, facts, outcome.kind),
    outcome,
    ...(response === undefined ? {} : { response }),
    ...(timing === undefined ? {} : { timing }),
  })
}

function stopOf(draft: Draft, content: readonly ContentBlock[], outcome: Outcome['kind'] | undefined): Stop {
  const hasClientCall = content.some(
    (block) => block.type === 'tool_call' && block.origin === 'client' && block.state === 'complete',
  )
  return {
    reason: readStop(draft.stop?.reason, hasClientCall, outcome),
    raw: draft.stop?.raw ?? null,
    sequence: draft.stop?.sequence ?? null,
  }
}

function anomaliesOf(draft: Draft): Anomaly[] {
  const kept = [...draft.anomalies]
  if (draft.omittedAnomalies > 0) kept.push({ kind: 'more', count: draft.omittedAnomalies })
  return kept
}
