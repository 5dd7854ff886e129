/** The content of all sides, row by row: what stands beside what. */
import type { Cell, Comparison, Row } from '../compare/comparison.ts'
import { commonStart } from '../compare/ends.ts'
import { movedRows } from '../compare/order.ts'
import { KIND_NAMES } from '../compare/told.ts'
import { columnsOf, cut, pad } from './columns.ts'
import { nameOf, type View } from './comparison-view.ts'
import { excerptFrom, saysTheSame, textOf } from './excerpt.ts'
import { roomFor, signOf, type Mark } from './side-table.ts'

/** More rows are counted, those that differ shown first. */
const MOST_ROWS = 40
const KIND_WIDTH = 'tool result'.length

/** One line for each row, or in narrow places one for each side of it. */
export function renderContent(view: View): readonly string[] {
  const { comparison, names, paint, width } = view
  const marks = comparison.rows.map((row, index) => marksOf(view, row, index))
  const moved = movedIn(comparison)
  const isPlain = (index: number): boolean => !moved.has(index) && (marks[index] ?? []).every((mark) => mark === 'same')
  const shown = shownRows(comparison.rows, isPlain)
  if (shown.length === 0) return []
  const numberWidth = `#${comparison.rows.length}`.length
  const room = roomFor(names.length, numberWidth + KIND_WIDTH + 4, width)
  const lines = shown.flatMap((index) => {
    const row = comparison.rows[index]
    if (row === undefined) return []
    return rowLines({ view, row, index, marks: marks[index] ?? [], isMoved: moved.has(index), numberWidth, room })
  })
  const left = marks.length - shown.length
  const differing = comparison.rows.filter((_, index) => !shown.includes(index) && !isPlain(index)).length
  const rest =
    left === 0
      ? []
      : [paint('dim', `… ${left} more, ${differing === 0 ? 'all the same' : `${differing} of them differ`}`)]
  const start = numberWidth + KIND_WIDTH + 4
  const head = room === undefined ? [] : names.map((_, side) => pad(cut(nameOf(view, side), room), room))
  const isBeside = room !== undefined && marks.some((row) => row.some((mark) => mark !== 'same'))
  const title = isBeside ? `${pad('content', start)}${head.join('  ')}`.trimEnd() : 'content'
  return [paint('bold', title), ...lines, ...rest]
}

/** A mark for each side of a row. */
function marksOf({ comparison }: Pick<View, 'comparison'>, { cells }: Row, index: number): readonly Mark[] {
  const { reference, differences } = comparison
  return cells.map((cell, side) => {
    if (side === reference) return 'same'
    const counts = differences.some(
      (difference) => difference.side === side && 'row' in difference && difference.row === index,
    )
    return counts ? 'differs' : saysTheSame(cell, cells[reference] ?? null) ? 'same' : 'other'
  })
}

function shownRows(rows: readonly Row[], isPlain: (index: number) => boolean): readonly number[] {
  const all = rows.map((_, index) => index)
  if (all.length <= MOST_ROWS) return all
  return all.filter((index) => !isPlain(index)).slice(0, MOST_ROWS)
}

/** The rows whose calls come in another order on some side. */
function movedIn({ differences }: Comparison): ReadonlySet<number> {
  return new Set(
    differences.flatMap((difference) =>
      difference.kind === 'order' ? [...movedRows(difference.reference, difference.order).keys()] : [],
    ),
  )
}

interface Shown {
  readonly view: View
  readonly row: Row
  readonly index: number
  readonly marks: readonly Mark[]
  readonly isMoved: boolean
  readonly numberWidth: number
  /** Columns for each side; undefined if they stand below each other. */
  readonly room: number | undefined
}

function rowLines({ view, row, index, marks, isMoved, numberWidth, room }: Shown): readonly string[] {
  const { paint, width } = view
  const start = `${paint('dim', `#${index + 1}`.padEnd(numberWidth))} ${pad(KIND_NAMES[row.kind], KIND_WIDTH)} `
  const indent = numberWidth + KIND_WIDTH + 4
  const same = isMoved ? paint('yellow', '↕') : paint('green', '=')
  const isSame = marks.every((mark) => mark === 'same')
  const [first] = row.cells
  if (isSame && first !== undefined && first !== null) {
    return [`${start}${same} ${excerptFrom(textOf(first), 0, Math.min(width - indent, 100))}`]
  }
  const worst = marks.includes('differs') ? 'differs' : marks.includes('other') ? 'other' : 'same'
  const head = `${start}${worst === 'same' ? same : signOf(worst, paint)}`
  const from = changeOf(row.cells)
  const onlyOne = row.cells.filter((cell) => cell !== null).length === 1
  if (onlyOne) {
    const side = row.cells.findIndex((cell) => cell !== null)
    const cell = row.cells[side]
    const says = cell === undefined || cell === null ? '' : textOf(cell)
    const most = Math.min(width - indent, 100)
    const who = cut(`only in ${nameOf(view, side)}:`, most)
    const left = most - columnsOf(who) - 1
    return [`${head} ${paint('yellow', who)}${left < 4 ? '' : ` ${excerptFrom(says, 0, left)}`}`]
  }
  if (room === undefined) return [head, ...stackedCells(view, row.cells, marks, from)]
  const says = row.cells.map((cell, side) => {
    const text = cell === null ? '—' : excerptFrom(textOf(cell), from - Math.floor(room / 3), room)
    return marks[side] === 'differs' ? paint('red', pad(text, room)) : pad(text, room)
  })
  return [`${head} ${says.join('  ')}`.trimEnd()]
}

function stackedCells(
  view: View,
  cells: readonly (Cell | null)[],
  marks: readonly Mark[],
  from: number,
): readonly string[] {
  const { names, paint, width } = view
  const nameWidth = Math.min(12, Math.max(...names.map(columnsOf)))
  const room = width - nameWidth - 7
  return cells.map((cell, side) => {
    const text = cell === null ? '—' : excerptFrom(textOf(cell), from - Math.floor(room / 3), room)
    const mark = marks[side] ?? 'same'
    return `    ${pad(cut(nameOf(view, side), nameWidth), nameWidth)} ${signOf(mark, paint)} ${mark === 'differs' ? paint('red', text) : text}`
  })
}

/** Where the texts of a row begin to differ: nothing before it need be shown. */
function changeOf(cells: readonly (Cell | null)[]): number {
  const [first, ...others] = cells.filter((cell) => cell !== null).map(textOf)
  if (first === undefined) return 0
  return Math.min(...others.map((other) => (other === first ? Infinity : commonStart(first, other))), first.length)
}
