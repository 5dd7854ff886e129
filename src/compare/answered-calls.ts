/** Which call a result answers. */
import { contentOf } from './cells.ts'
import type { Cell, JsonChange, Row } from './comparison.ts'
import { textOfJson } from './json-changes.ts'

interface Result {
  readonly callId: string
  /** The row of the call; undefined if it is not known. */
  readonly call: number | undefined
  readonly said: string
}

/**
 * Results that say the same on both sides and answer other calls, by their rows. Not where both calls have the same answers on both sides:
 * in which order these come says nothing.
 */
export function otherCalls(
  rows: readonly Row[],
  [reference, side]: readonly [number, number],
  isOneDialect: boolean,
): ReadonlyMap<number, JsonChange> {
  const [ones, others] = [resultsOf(rows, reference, isOneDialect), resultsOf(rows, side, isOneDialect)]
  const [byCall, byOtherCall] = [saidByCall(ones), saidByCall(others)]
  const changes = [...ones].flatMap(([row, one]): readonly (readonly [number, JsonChange])[] => {
    const other = others.get(row)
    if (one.call === undefined || other?.call === undefined || one.call === other.call) return []
    const isSame = byOtherCall.get(one.call) === one.said && byCall.get(other.call) === other.said
    return isSame ? [] : [[row, { path: ['callId'], reference: one.callId, side: other.callId }]]
  })
  return new Map(changes)
}

function resultsOf(rows: readonly Row[], side: number, isOneDialect: boolean): ReadonlyMap<number, Result> {
  const calls = new Map<string, number>()
  const results = new Map<number, Result>()
  for (const [row, { cells }] of rows.entries()) {
    const cell: Cell | null = cells[side] ?? null
    if (cell?.kind === 'tool_call') calls.set(cell.call.id, row)
  }
  for (const [row, { cells }] of rows.entries()) {
    const cell: Cell | null = cells[side] ?? null
    if (cell?.kind !== 'tool_result' || cell.block.type !== 'tool_result') continue
    const { callId } = cell.block
    if (callId === undefined) continue
    results.set(row, { callId, call: calls.get(callId), said: textOfJson(contentOf(cell, isOneDialect)) })
  }
  return results
}

function saidByCall(results: ReadonlyMap<number, Result>): ReadonlyMap<number, string> {
  return new Map([...results.values()].flatMap(({ call, said }) => (call === undefined ? [] : [[call, said] as const])))
}
