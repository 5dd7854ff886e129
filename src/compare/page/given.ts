/** What a caller gives to be shown, checked as far as the page relies on it. */
import { MisuseError } from '../../errors.ts'
import { isObject } from '../../json.ts'
import type { Outcome } from '../../message.ts'
import { KIND_NAMES } from '../told.ts'
import type { PageEntry } from './overview.ts'

/** Throws `MisuseError('bad_argument')`, which names the entry and what is wrong with it. */
export function checkEntries(entries: unknown): asserts entries is readonly PageEntry[] {
  if (!Array.isArray(entries)) throw wrong('this is no list')
  entries.forEach((entry: unknown, at) => {
    const fault = !isObject(entry) || !isText(entry.name) ? 'name' : faultOf(entry.comparison)
    if (fault !== undefined) throw wrong(`entry ${at + 1} has other ${fault}`)
  })
}

function wrong(what: string): MisuseError {
  return new MisuseError(
    'bad_argument',
    `comparePage takes a list of { name, comparison }, each as compare gave it; ${what}`,
  )
}

function faultOf(comparison: unknown): string | undefined {
  if (!isObject(comparison)) return 'sides'
  const { sides, rows, differences, reference } = comparison
  if (!Array.isArray(sides) || sides.length < 2 || !sides.every(isSide)) return 'sides'
  if (sides[Number(reference)] === undefined) return 'reference'
  if (!Array.isArray(rows) || !rows.every((row) => isRow(row, sides.length))) return 'rows'
  if (!Array.isArray(differences) || !differences.every(isDifference)) return 'differences'
  return undefined
}

function isSide(side: unknown): boolean {
  return (
    isObject(side) &&
    [side.label, side.dialect].every(isText) &&
    [side.model ?? '', side.askedModel ?? ''].every(isText) &&
    [side.times, side.usage, side.agrees].every(isObject) &&
    Array.isArray(side.arrivals) &&
    Array.isArray(side.anomalies) &&
    side.anomalies.every((anomaly) => isObject(anomaly) && isText(anomaly.kind) && isText(anomaly.detail ?? '')) &&
    Array.isArray(side.messages) &&
    side.messages.every(isMessage)
  )
}

/** What else is known of each. */
const OUTCOMES: Readonly<Record<Outcome['kind'], readonly string[]>> = {
  complete: [],
  truncated: ['by', 'error'],
  aborted: ['by'],
  timed_out: ['budget'],
  failed: ['error'],
}

function isMessage(message: unknown): boolean {
  if (!isObject(message) || !isObject(message.stop) || !isObject(message.outcome)) return false
  const { id, outcome, stop } = message
  const isKnown = isOwn(OUTCOMES, outcome.kind) && OUTCOMES[outcome.kind].every((name) => isReason(outcome[name]))
  return isKnown && [id, stop.reason].every(isText) && [stop.raw ?? '', outcome.reason ?? ''].every(isText)
}

function isReason(value: unknown): boolean {
  return isObject(value) ? isText(value.class) && isText(value.message) : isText(value)
}

function isRow(row: unknown, sides: number): boolean {
  if (!isObject(row) || !isOwn(KIND_NAMES, row.kind) || !Array.isArray(row.cells)) return false
  return row.cells.length === sides && row.cells.every((cell) => cell === null || isCell(cell))
}

function isCell(cell: unknown): boolean {
  if (!isObject(cell) || !isOwn(KIND_NAMES, cell.kind)) return false
  const { kind, call, block, text } = cell
  if (kind === 'tool_call') return isObject(call) && isText(call.name) && isText(call.arguments)
  return kind === 'text' || kind === 'refusal' || kind === 'thinking' ? isText(text) : isObject(block)
}

/** The list that a difference has, where it is not `changes`. */
const LISTS: Readonly<Record<string, string>> = { words: 'words', order: 'order', anomalies: 'added' }

function isDifference(difference: unknown): boolean {
  if (!isObject(difference) || !isText(difference.kind)) return false
  const { kind } = difference
  return kind === 'absent' || kind === 'messages' || Array.isArray(difference[LISTS[kind] ?? 'changes'])
}

function isOwn<K extends string>(table: Readonly<Record<K, unknown>>, name: unknown): name is K {
  return isText(name) && Object.hasOwn(table, name)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}
