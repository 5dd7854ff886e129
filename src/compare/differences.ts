/** What is different on one side from the reference. */
import type { Anomaly } from '../anomaly.ts'
import { isObject, type JsonObject } from '../json.ts'
import type { Outcome, Stop, ToolCallBlock, Usage } from '../message.ts'
import {
  TIME_NAMES,
  type AbsentDifference,
  type CallCell,
  type Cell,
  type Difference,
  type IdChange,
  type JsonChange,
  type Row,
  type Side,
  type SideMessage,
  type StreamTimes,
  type TextCell,
  type TimeChange,
} from './comparison.ts'
import { contentOf } from './cells.ts'
import { saysOther } from './exact-input.ts'
import { jsonChanges } from './json-changes.ts'
import { orderDifferences, tellsOrder } from './order-differences.ts'
import { otherCalls } from './answered-calls.ts'
import { TIMES } from './times.ts'
import { TOKENS } from './usage.ts'
import { wordChanges } from './words.ts'

/** A side without what is found out by comparing it. */
export type Facts = Omit<Side, 'agrees'>

export interface Tolerance {
  readonly ms: number
  /** Of the longer time. */
  readonly part: number
}

interface Compared {
  readonly sides: readonly Facts[]
  readonly rows: readonly Row[]
  readonly reference: number
  readonly tolerance: Tolerance
}

/** All differences of one side, content first, in the order of the rows. */
export function differencesOf(side: number, { sides, rows, reference, tolerance }: Compared): readonly Difference[] {
  const [one, other] = [sides[reference], sides[side]]
  if (one === undefined || other === undefined || one === other) return []
  const pairs = rows.map(({ cells }, row) => ({ row, one: cells[reference] ?? null, other: cells[side] ?? null }))
  const isOneDialect = one.dialect === other.dialect
  const answers = otherCalls(rows, [reference, side], isOneDialect)
  return [
    ...pairs.flatMap((pair) => cellDifferences(side, pair, { isOneDialect, answers })),
    ...orderDifferences(side, rows, { reference, hasOrder: isOneDialect || [one, other].every(tellsOrder) }),
    ...countDifference(side, one, other),
    ...endDifferences(side, one.messages, other.messages),
    ...anomalyDifference(side, one.anomalies, other.anomalies),
    ...changed(usageChanges(one.usage, other.usage), (changes) => ({
      aspect: 'usage',
      kind: 'usage',
      side,
      changes,
    })),
    ...changed(timeChanges(one.times, other.times, tolerance), (changes) => ({
      aspect: 'times',
      kind: 'times',
      side,
      changes,
    })),
    ...changed([...messageIds(one.messages, other.messages), ...callIds(rows, reference, side)], (changes) => ({
      aspect: 'ids',
      kind: 'ids',
      side,
      changes,
    })),
  ]
}

function changed<C>(changes: readonly C[], difference: (changes: readonly C[]) => Difference): readonly Difference[] {
  return changes.length === 0 ? [] : [difference(changes)]
}

interface CellPair {
  readonly row: number
  readonly one: Cell | null
  readonly other: Cell | null
}

interface Context {
  readonly isOneDialect: boolean
  /** By their rows: results that are the answers to other calls. */
  readonly answers: ReadonlyMap<number, JsonChange>
}

function cellDifferences(
  side: number,
  { row, one, other }: CellPair,
  { isOneDialect, answers }: Context,
): readonly Difference[] {
  if (one === null || other === null) {
    const cell = one ?? other
    if (cell === null) return []
    return [{ aspect: aspectOf(cell), kind: 'absent', side, row, only: one === null ? 'side' : 'reference' }]
  }
  if (isText(one)) return isText(other) ? textDifferences(side, row, one, other) : []
  if (one.kind === 'tool_call') return other.kind === 'tool_call' ? callDifferences(side, row, one, other) : []
  if (isText(other) || other.kind === 'tool_call') return []
  const own = jsonChanges(contentOf(one, isOneDialect), contentOf(other, isOneDialect))
  const answered = answers.get(row)
  return changed(answered === undefined ? own : [...own, answered], (changes) => ({
    aspect: 'blocks',
    kind: 'block',
    side,
    row,
    changes,
  }))
}

function isText(cell: Cell): cell is TextCell {
  return 'text' in cell
}

function aspectOf({ kind }: Cell): AbsentDifference['aspect'] {
  switch (kind) {
    case 'text':
    case 'refusal':
      return 'text'
    case 'thinking':
      return 'thinking'
    case 'tool_call':
      return 'calls'
    case 'tool_result':
    case 'media':
    case 'other':
      return 'blocks'
    default: {
      const never: never = kind
      return never
    }
  }
}

function textDifferences(side: number, row: number, one: TextCell, other: TextCell): readonly Difference[] {
  const aspect = one.kind === 'thinking' ? 'thinking' : 'text'
  const words: readonly Difference[] =
    one.text === other.text ? [] : [{ aspect, kind: 'words', side, row, words: wordChanges(one.text, other.text) }]
  const beside = jsonChanges(besideText(one), besideText(other))
  return [...words, ...changed(beside, (changes) => ({ aspect: 'blocks', kind: 'block', side, row, changes }))]
}

function besideText({ citations, redacted }: TextCell): JsonObject {
  return { ...(citations === undefined ? {} : { citations: [...citations] }), ...(redacted ? { redacted } : {}) }
}

function callDifferences(side: number, row: number, one: CallCell, other: CallCell): readonly Difference[] {
  const state = jsonChanges(stateOf(one.call, other.call), stateOf(other.call, one.call))
  const areWhole = one.call.state === 'complete' && other.call.state === 'complete'
  const input = areWhole ? jsonChanges(one.call.input, other.call.input) : []
  const [reference, there] = [one.call.arguments, other.call.arguments]
  const isLost = areWhole && input.length === 0 && saysOther(reference, there)
  const lost: readonly JsonChange[] = isLost ? [{ path: ['arguments'], reference, side: there }] : []
  return [
    ...changed([...state, ...lost], (changes) => ({ aspect: 'calls', kind: 'call', side, row, changes })),
    ...changed(input, (changes) => ({ aspect: 'calls', kind: 'input', side, row, changes })),
  ]
}

/** The arguments as text count only where one of both has no input. */
function stateOf(call: ToolCallBlock, other: ToolCallBlock): JsonObject {
  const { origin, state } = call
  const areWhole = state === 'complete' && other.state === 'complete'
  return { origin, state, ...(areWhole ? {} : { arguments: call.arguments }) }
}

function jsonOf(value: object): JsonObject {
  return isObject(value) ? value : {}
}

function countDifference(side: number, one: Facts, other: Facts): readonly Difference[] {
  const [reference, count] = [one.messages.length, other.messages.length]
  return reference === count ? [] : [{ aspect: 'blocks', kind: 'messages', side, reference, count }]
}

function endDifferences(
  side: number,
  one: readonly SideMessage[],
  other: readonly SideMessage[],
): readonly Difference[] {
  return one.flatMap(({ stop, outcome }, message) => {
    const there = other[message]
    if (there === undefined) return []
    const stops = jsonChanges(stopOf(stop), stopOf(there.stop))
    const outcomes = jsonChanges(outcomeOf(outcome), outcomeOf(there.outcome))
    return [
      ...changed(stops, (changes): Difference => ({ aspect: 'stop', kind: 'stop', side, message, changes })),
      ...changed(outcomes, (changes): Difference => ({ aspect: 'outcome', kind: 'outcome', side, message, changes })),
    ]
  })
}

/** The provider's own word differs with the provider. */
export function stopOf({ reason, sequence }: Stop): JsonObject {
  return { reason, ...(sequence === null ? {} : { sequence }) }
}

/** How it ended, without the words of an error, its id and its times, which are never the same twice. */
function outcomeOf(outcome: Outcome): JsonObject {
  switch (outcome.kind) {
    case 'complete':
      return { kind: outcome.kind }
    case 'truncated':
      return { kind: outcome.kind, by: outcome.by, class: outcome.error.class }
    case 'failed': {
      const { class: errorClass, status } = outcome.error
      return { kind: outcome.kind, class: errorClass, ...(status === undefined ? {} : { status }) }
    }
    case 'aborted':
      return { kind: outcome.kind, by: outcome.by }
    case 'timed_out':
      return { kind: outcome.kind, budget: outcome.budget }
    default: {
      const never: never = outcome
      return never
    }
  }
}

/** Of each kind as many as one has more; the detail may hold an id or a place in the bytes. */
function anomalyDifference(side: number, one: readonly Anomaly[], other: readonly Anomaly[]): readonly Difference[] {
  const removed = without(one, other)
  const added = without(other, one)
  if (removed.length === 0 && added.length === 0) return []
  return [{ aspect: 'anomalies', kind: 'anomalies', side, removed, added }]
}

/** One that counts several is told whole if only some of them are more. */
function without(anomalies: readonly Anomaly[], others: readonly Anomaly[]): readonly Anomaly[] {
  const counts = new Map<string, number>()
  for (const { kind, count = 1 } of others) counts.set(kind, (counts.get(kind) ?? 0) + count)
  return anomalies.filter(({ kind, count = 1 }) => {
    const left = counts.get(kind) ?? 0
    counts.set(kind, Math.max(0, left - count))
    return left < count
  })
}

function usageChanges(one: Usage, other: Usage): readonly JsonChange[] {
  return jsonChanges(jsonOf(one), jsonOf(other)).toSorted((a, b) => placeOf(a) - placeOf(b))
}

function placeOf({ path }: JsonChange): number {
  return TOKENS.findIndex((name) => name === path[0])
}

function timeChanges(one: StreamTimes, other: StreamTimes, { ms, part }: Tolerance): readonly TimeChange[] {
  return TIME_NAMES.flatMap((time) => {
    const [referenceMs, sideMs] = [TIMES[time](one), TIMES[time](other)]
    if (referenceMs === undefined || sideMs === undefined) return []
    const apart = Math.abs(referenceMs - sideMs)
    const isFar = apart > ms && apart > part * Math.max(referenceMs, sideMs)
    return isFar ? [{ time, referenceMs, sideMs }] : []
  })
}

function messageIds(one: readonly SideMessage[], other: readonly SideMessage[]): readonly IdChange[] {
  return one.flatMap((message, ordinal): readonly IdChange[] => {
    const there = other[ordinal]
    return there === undefined ? [] : idChange({ of: 'message', message: ordinal }, wireId(message), wireId(there))
  })
}

function callIds(rows: readonly Row[], reference: number, side: number): readonly IdChange[] {
  return rows.flatMap(({ cells, message }, row): readonly IdChange[] => {
    const [one, other] = [cells[reference], cells[side]]
    if (one?.kind !== 'tool_call' || other?.kind !== 'tool_call') return []
    return idChange({ of: 'call', message, row }, wireId(one.call), wireId(other.call))
  })
}

function wireId({ id, idSource }: { readonly id: string; readonly idSource: 'wire' | 'minted' }): string | undefined {
  return idSource === 'wire' ? id : undefined
}

function idChange(
  about: Omit<IdChange, 'reference' | 'side'>,
  reference: string | undefined,
  side: string | undefined,
): readonly IdChange[] {
  if (reference === side) return []
  return [{ ...about, ...(reference === undefined ? {} : { reference }), ...(side === undefined ? {} : { side }) }]
}
