/** The content of all sides in one order. */
import { align, type Pair } from './align.ts'
import { cellsOf } from './cells.ts'
import type { AssistantMessage } from '../message.ts'
import type { Cell, Row } from './comparison.ts'
import type { ObservedTurn } from './observed.ts'
import { longestAscent } from './order.ts'

/** The rows of all messages of the turns, message by message. */
export function rowsOf(turns: readonly ObservedTurn[], reference: number): readonly Row[] {
  const most = Math.max(...turns.map(({ messages }) => messages.length))
  return Array.from({ length: most }, (_, message) => {
    const contents = turns.map(({ messages }) => {
      const one = messages[message]
      return one === undefined ? { cells: [] } : { cells: cellsOf(one), dialect: one.dialect }
    })
    return rowsOfMessage(contents, reference).map((cells) => ({ kind: kindOf(cells), message, cells }))
  }).flat()
}

function kindOf(cells: readonly (Cell | null)[]): Row['kind'] {
  return cells.find((cell) => cell !== null)?.kind ?? 'other'
}

interface Content {
  readonly cells: readonly Cell[]
  readonly dialect?: AssistantMessage['dialect']
}

/** Each side is aligned with the reference; what it has alone comes before what it has next, behind what only the reference has. */
function rowsOfMessage(contents: readonly Content[], reference: number): readonly (readonly (Cell | null)[])[] {
  const { cells: own = [], dialect: ownDialect } = contents[reference] ?? {}
  const empty = contents.map((): Cell | null => null)
  const rows: (Cell | null)[][] = own.map((cell) => empty.with(reference, cell))
  /** Rows that the reference has not, by the number of its rows before them. */
  const between = new Map<number, (Cell | null)[][]>()
  contents.forEach(({ cells, dialect }, side) => {
    if (side === reference) return
    const partner = new Map(align(own, cells, { isOneDialect: dialect === ownDialect }).map(([a, b]): Pair => [b, a]))
    const next = nextRows(cells, partner, own.length)
    /** Those of this side at the same place stay in their order, and beside those of other sides. */
    let [place, nth] = [-1, 0]
    cells.forEach((cell, at) => {
      const row = partner.get(at)
      if (row !== undefined) {
        rows[row]?.splice(side, 1, cell)
        return
      }
      const there = between.get(next[at] ?? own.length) ?? []
      between.set(next[at] ?? own.length, there)
      if (next[at] !== place) [place, nth] = [next[at] ?? own.length, 0]
      while (nth < there.length && !fits(there[nth] ?? [], cell, side)) nth += 1
      if (nth === there.length) there.push(empty.with(side, cell))
      else there[nth]?.splice(side, 1, cell)
      nth += 1
    })
  })
  return Array.from({ length: own.length + 1 }, (_, place) => {
    const row = rows[place]
    return [...(between.get(place) ?? []), ...(row === undefined ? [] : [row])]
  }).flat()
}

/** Of each cell the row of the next one in order that the reference has too; as many as there are rows if there is none. */
function nextRows(cells: readonly Cell[], partner: ReadonlyMap<number, number>, end: number): readonly number[] {
  const inOrder = rowsInOrder(cells, partner)
  let next = end
  return cells
    .map((_, at) => at)
    .toReversed()
    .map((at) => {
      const row = next
      next = inOrder.get(at) ?? next
      return row
    })
    .toReversed()
}

/**
 * The rows of the cells that the reference has too, without calls that were moved: those say nothing about where their neighbours belong.
 * All that is no call is in order, and as many calls as fit between.
 */
function rowsInOrder(cells: readonly Cell[], partner: ReadonlyMap<number, number>): ReadonlyMap<number, number> {
  const known = cells.flatMap(({ kind }, at) => {
    const row = partner.get(at)
    return row === undefined ? [] : [{ at, row, isCall: kind === 'tool_call' }]
  })
  const firstBehind = new Map<number, number>()
  let behind = Infinity
  for (const { at, row, isCall } of known.toReversed()) {
    firstBehind.set(at, behind)
    if (!isCall) behind = row
  }
  let before = -1
  const fitting = known.filter(({ at, row, isCall }) => {
    if (!isCall) before = row
    return !isCall || (row > before && row < (firstBehind.get(at) ?? Infinity))
  })
  return new Map(longestAscent(fitting, ({ row }) => row).map(({ at, row }) => [at, row]))
}

/** What two sides have and the reference has not stands side by side, if it is of one kind. */
function fits(cells: readonly (Cell | null)[], cell: Cell, side: number): boolean {
  const other = cells.find((one) => one !== null)
  if (other === undefined || other === null || cells[side] !== null || other.kind !== cell.kind) return false
  return other.kind !== 'tool_call' || cell.kind !== 'tool_call' || other.call.name === cell.call.name
}
