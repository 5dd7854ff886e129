/** What stands in another order. */
import type { CallOrderDifference, Row } from './comparison.ts'

/** The places of a row in both orders, from 1. */
export interface Moved {
  /** What is counted: calls, or everything if other blocks are among them. */
  readonly what: 'call' | 'place'
  readonly reference: number
  readonly side: number
}

/** Which rows a difference tells to have moved, and from where to where. */
export function movedIn({ reference, order }: CallOrderDifference, rows: readonly Row[]): ReadonlyMap<number, Moved> {
  return movedRows(reference, order, reference.every((row) => rows[row]?.kind === 'tool_call') ? 'call' : 'place')
}

/** The fewest rows that, moved, make one order the other. */
export function movedRows(
  reference: readonly number[],
  order: readonly number[],
  what: Moved['what'] = 'call',
): ReadonlyMap<number, Moved> {
  const places = new Map(reference.map((row, place) => [row, place]))
  const placed = order.map((row, place) => ({ row, before: places.get(row) ?? 0, place }))
  const kept = new Set(longestAscent(placed, ({ before }) => before))
  const moved = placed.filter((one) => !kept.has(one))
  return new Map(moved.map(({ row, before, place }) => [row, { what, reference: before + 1, side: place + 1 }]))
}

/** As many as can be whose numbers ascend. */
export function longestAscent<T>(all: readonly T[], numberOf: (one: T) => number): readonly T[] {
  /** What can end an ascent, and what stands before it. */
  const ends: { readonly one: T; readonly number: number; readonly before: number }[] = []
  /** Of each length the one that ends lowest. */
  const lowest: number[] = []
  for (const one of all) {
    const number = numberOf(one)
    let [from, to] = [0, lowest.length]
    while (from < to) {
      const middle = (from + to) >> 1
      if ((ends[lowest[middle] ?? 0]?.number ?? 0) < number) from = middle + 1
      else to = middle
    }
    ends.push({ one, number, before: lowest[from - 1] ?? -1 })
    lowest[from] = ends.length - 1
  }
  const ascent: T[] = []
  for (let end = ends[lowest.at(-1) ?? -1]; end !== undefined; end = ends[end.before]) ascent.push(end.one)
  return ascent.toReversed()
}
