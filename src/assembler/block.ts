/**
 * One content block while it is being put together: what it holds, where it stands, and how it becomes a part of the message.
 * Contents only; when to do what is decided in `state.ts`.
 */
import type { JsonObject, JsonValue } from '../json.ts'
import { copyFields, copyJson, equalJson, growFields, mergeFields, sizeOfJson } from '../json.ts'
import type { BlockKind, ContentBlock, Outcome, StopReason } from '../message.ts'
import type { BlockFields, PartName, SnapshotRank } from '../operation.ts'
import { callState } from './state.ts'
import { parseToolInput, type ToolInput, type ToolInputReader } from './tool-input.ts'

/** Where a block stands; each member carries just what that phase needs. */
export type Position =
  | { readonly phase: 'open' }
  | { readonly phase: 'closed'; readonly by: 'wire' | 'end' }
  | { readonly phase: 'handed_out'; readonly by: 'wire' | 'end' }
  | { readonly phase: 'held' }
  | {
      readonly phase: 'replaying'
      readonly of: Exclude<Position, { phase: 'replaying' | 'held' }>
      /** How much of the text was sent again, or of each part: each is compared by itself, since several may come in turn. */
      readonly sentAt: Map<Written, number>
      itemsAt: number
      /** What the message had lost when the block was opened again, and what was told of the block since. */
      readonly lossesBefore: Losses
      readonly told: Payload[]
      seedArguments?: string
    }

/** What an operation tells about a block besides its text and items. */
export interface Payload {
  readonly fields?: BlockFields
  readonly wire?: JsonObject
  readonly append?: JsonObject
}

/** A text, or a part of one. */
export interface Written {
  text: string
  /** What was streamed before a snapshot replaced it: the text that a replay repeats. */
  streamed: string | undefined
}

/** How often something was lost of a message: a block that was open at the time may lack a piece. */
export interface Losses {
  /** Events that could not be read. */
  readonly events: number
  /** Gaps in the numbers of the events. */
  readonly numbers: number
}

/** One of the parts of a thinking block. */
export interface Part extends Written {
  readonly name: PartName
  rank: SnapshotRank
}

export interface Block extends Written {
  readonly key: string
  readonly kind: BlockKind
  /** The ordinal in `message.content`; -1 while the block is held. */
  ordinal: number
  position: Position
  /** Which run of the message opened it last; a begin event starts the next run. */
  run: number
  /** The text that streams: of a text, of thinking, of a refusal, of a call's arguments. */
  text: string
  /** The pieces of the text, where the provider names them. */
  parts: Part[]
  partsByName: Map<string, Part> | undefined
  /** The parts have changed in a way that `text`, and what was shown, do not have yet. */
  isBehind: boolean
  /** Where the last delta of the text begins. */
  lastAppendAt: number
  /** Arguments that came with the opening event; deltas replace them. */
  seedArguments: string | undefined
  items: JsonValue[]
  fields: { -readonly [K in keyof BlockFields]: BlockFields[K] }
  wire: JsonObject
  snapshotRank: SnapshotRank
  /** How many events the message had lost when the block was opened, and how many when it was closed. */
  lossesBefore: Losses
  lossesAfter: Losses | undefined
  /** Another call of this message has its id. */
  hasTakenId: boolean
  reader: ToolInputReader | undefined
  /** What its arguments were found to be, and for which text. */
  judged: { readonly text: string; readonly input: ToolInput } | undefined
  /** Half of a character that waits for its other half, so that live text is always well-formed. */
  heldBack: string
}

export function createBlock(
  key: string,
  kind: BlockKind,
  { run, losses }: { readonly run: number; readonly losses: Losses },
): Block {
  return {
    key,
    kind,
    ordinal: -1,
    position: { phase: 'open' },
    run,
    text: '',
    parts: [],
    partsByName: undefined,
    isBehind: false,
    lastAppendAt: 0,
    streamed: undefined,
    seedArguments: undefined,
    items: [],
    fields: {},
    wire: {},
    snapshotRank: 0,
    lossesBefore: losses,
    lossesAfter: undefined,
    hasTakenId: false,
    reader: undefined,
    judged: undefined,
    heldBack: '',
  }
}

/** What stands between two parts of a text. */
export const BETWEEN_PARTS = '\n\n'

export function joinParts(parts: readonly Part[]): string {
  return parts
    .map(({ text }) => text)
    .filter((text) => text !== '')
    .join(BETWEEN_PARTS)
}

export function isEmptyBlock(block: Block): boolean {
  return block.text === '' && block.items.length === 0
}

/** Takes over what an operation says about the block; empty values never erase. Gives by how much the block has grown. */
export function mergePayload(block: Block, { fields, wire, append }: Payload): number {
  if (fields !== undefined) {
    if (isPresent(fields.id)) block.fields.id = fields.id
    if (isPresent(fields.name)) block.fields.name = fields.name
    if (isPresent(fields.signature)) block.fields.signature = fields.signature
    if (isPresent(fields.encrypted)) block.fields.encrypted = fields.encrypted
    if (isPresent(fields.callId)) block.fields.callId = fields.callId
    if (fields.origin !== undefined) block.fields.origin = fields.origin
    if (fields.redacted !== undefined) block.fields.redacted = fields.redacted
    if (isPresent(fields.freeText)) block.fields.freeText = fields.freeText
    if (fields.isError !== undefined && fields.isError !== null) block.fields.isError = fields.isError
    const content = copyJson(fields.content)
    if (content !== undefined) block.fields.content = content
  }
  const growth =
    (wire === undefined ? 0 : mergeFields(block.wire, copyFields(wire))) +
    (append === undefined ? 0 : growFields(block.wire, append))
  return Object.values(fields ?? {}).reduce<number>(
    (sum, value) => sum + (value === undefined ? 0 : sizeOfJson(value)),
    growth,
  )
}

export function isPresent(value: string | null | undefined): value is string {
  return value !== undefined && value !== null && value !== ''
}

export function isHandedOut(position: Position): boolean {
  return position.phase === 'handed_out' || (position.phase === 'replaying' && position.of.phase === 'handed_out')
}

/** A call of which not even the name is known: of no use to a reader yet. */
export function isNameless({ kind, fields }: Block): boolean {
  return kind === 'tool_call' && !isPresent(fields.name)
}

/** Same kind, withheld or not alike, and, where both name one, the same call. */
export function isSameBlock(block: Block, kind: BlockKind, fields: BlockFields | undefined): boolean {
  if (block.kind !== kind) return false
  if (kind === 'thinking') return (block.fields.redacted ?? false) === (fields?.redacted ?? false)
  if (kind !== 'tool_call') return true
  return agree(block.fields.id, fields?.id) && agree(block.fields.name, fields?.name)
}

function agree(a: string | null | undefined, b: string | null | undefined): boolean {
  return !isPresent(a) || !isPresent(b) || a === b
}

/** The text of the arguments: what was streamed, or else what the opening event held. */
export function argumentsOf(block: Block): string {
  return block.text === '' && block.seedArguments !== undefined ? block.seedArguments : block.text
}

/** What decides about a call besides its own text. */
export interface CallContext {
  readonly messageKey: string
  readonly isLast: boolean
  readonly stop: StopReason | undefined
  readonly outcome: Outcome['kind'] | undefined
  readonly maxDepth: number
  readonly losses: Losses
  /** The run in which the message began to be sent again, if it did. */
  readonly replayedFrom: number | undefined
}

/** The block as it stands in the message. Shares nothing with the block that is still being put together. */
export function toContent(block: Block, context: CallContext): ContentBlock {
  const wire = copyFields(block.wire)
  const { fields } = block
  const citations = block.items.length > 0 ? { citations: copyItems(block.items) } : {}
  switch (block.kind) {
    case 'text':
      return { type: 'text', text: block.text, ...citations, wire }
    case 'thinking':
      return {
        type: 'thinking',
        text: block.isBehind ? joinParts(block.parts) : block.text,
        ...(block.parts.length > 0 ? { parts: block.parts.map(({ name, text }) => ({ kind: name.kind, text })) } : {}),
        ...(isPresent(fields.signature) ? { signature: fields.signature } : {}),
        ...(isPresent(fields.encrypted) ? { encrypted: fields.encrypted } : {}),
        ...(fields.redacted ? { redacted: true } : {}),
        wire,
      }
    case 'tool_call':
      return toToolCall(block, context, wire)
    case 'tool_result':
      return {
        type: 'tool_result',
        ...(isPresent(fields.callId) ? { callId: fields.callId } : {}),
        // Some wires stream it piece by piece.
        ...(block.items.length > 0
          ? { content: copyItems(block.items) }
          : fields.content !== undefined
            ? { content: copyJson(fields.content) ?? null }
            : {}),
        ...(typeof fields.isError === 'boolean' ? { isError: fields.isError } : {}),
        wire,
      }
    case 'refusal':
      return { type: 'refusal', text: block.text, wire }
    case 'media':
      return {
        type: 'media',
        ...(block.text === '' ? {} : { text: block.text }),
        ...(block.items.length === 0 ? {} : { data: block.items.filter((item) => typeof item === 'string').join('') }),
        wire,
      }
    case 'other':
      return { type: 'other', ...(block.text === '' ? {} : { text: block.text }), ...citations, wire }
    default: {
      const never: never = block.kind
      return never
    }
  }
}

function copyItems(items: readonly JsonValue[]): JsonValue[] {
  return items.map((item) => copyJson(item) ?? null)
}

/** The call's id: the provider's, or one of ours where there is none or another call of the message has it. */
export function callIdOf(block: Block, messageKey: string): string {
  const { id } = block.fields
  return isPresent(id) && !block.hasTakenId ? id : `${messageKey}#${block.ordinal}`
}

function toToolCall(block: Block, context: CallContext, wire: JsonObject): ContentBlock {
  const text = argumentsOf(block)
  const { freeText } = block.fields
  const parsed = judge(block, context.maxDepth)
  const key = `${context.messageKey}#${block.ordinal}`
  const { id, name } = block.fields
  const shared = {
    type: 'tool_call' as const,
    key,
    id: callIdOf(block, context.messageKey),
    idSource: isPresent(id) && !block.hasTakenId ? ('wire' as const) : ('minted' as const),
    name: name ?? '',
    arguments: text,
    origin: block.fields.origin ?? 'client',
    wire,
  }
  const state = callState({
    input: parsed.state,
    hasName: !isNameless(block),
    // Of plain text nothing but its end shows that it is whole.
    isEmpty: freeText !== undefined || isEmptyArguments(text),
    isHandedOut: isHandedOut(block.position),
    // An event was lost while it was open: its text cannot be trusted.
    isTainted: hasLost(block.lossesBefore, block.lossesAfter ?? context.losses),
    closedByWire: isClosedByWire(block.position),
    isForsaken: block.run < (context.replayedFrom ?? 0),
    isLast: context.isLast,
    stop: context.stop,
    outcome: context.outcome,
  })
  if (state !== 'complete') return { ...shared, state }
  if (parsed.state !== 'object') return { ...shared, state: 'invalid' }
  return { ...shared, state, input: copyFields(parsed.input) }
}

function hasLost(before: Losses, after: Losses): boolean {
  return after.events > before.events || after.numbers > before.numbers
}

/** What the arguments are. Judged once for the same text: long ones are asked for when handed out and again at the end. */
export function judge(block: Block, maxDepth: number): ToolInput {
  const text = argumentsOf(block)
  if (block.judged?.text === text) return block.judged.input
  const { freeText } = block.fields
  const input: ToolInput =
    freeText === undefined
      ? parseToolInput(text, maxDepth)
      : { state: 'object', input: copyFields({ [freeText]: text }) }
  block.judged = { text, input }
  return input
}

/** Whether the arguments say nothing, which stands for `{}`. */
export function isEmptyArguments(text: string): boolean {
  const trimmed = text.trim()
  return trimmed === '' || trimmed === 'null'
}

export function isClosedByWire(position: Position): boolean {
  switch (position.phase) {
    case 'closed':
    case 'handed_out':
      return position.by === 'wire'
    case 'replaying':
      return isClosedByWire(position.of)
    case 'open':
    case 'held':
      return false
    default: {
      const never: never = position
      return never
    }
  }
}

export function isClosed(position: Position): boolean {
  if (position.phase === 'replaying') return isClosed(position.of)
  return position.phase === 'closed' || position.phase === 'handed_out'
}

/** Whether two texts of arguments mean the same call: equal, or equal as JSON. */
export function isSameInput(a: string, b: string, maxDepth: number): boolean {
  if (a === b) return true
  const left = parseToolInput(a, maxDepth)
  const right = parseToolInput(b, maxDepth)
  return left.state === 'object' && right.state === 'object' && equalJson(left.input, right.input)
}
