/** A table with a column for each side, or, where these would be too narrow, with a line for each side and a column for each figure. */
import { columnsOf, cut, pad, wrapped } from './columns.ts'
import type { Paint } from './terminal.ts'

/** `differs`: it counts as a difference. `other`: another value than the reference's, which makes no difference. */
export type Mark = 'same' | 'differs' | 'other'

export interface TableCell {
  /** Fit to be printed. Undefined: nothing is known. */
  readonly text: string | undefined
  readonly mark: Mark
}

export interface TableRow {
  readonly name: string
  /** One for each side. */
  readonly cells: readonly TableCell[]
}

export interface Page {
  readonly paint: Paint
  /** Columns. */
  readonly width: number
}

/** A narrower column says too little: with its gap and its mark it takes 18. */
const NARROWEST = 14
const WIDEST = 36
/** The space before a column, and its mark. */
const BESIDE = 4
const MOST_LINES = 4
/** The space before the column of a figure, its mark included. */
const BETWEEN = 3

/** The lines of a table; a row that no side has is left out. */
export function sideTable(names: readonly string[], rows: readonly TableRow[], page: Page): readonly string[] {
  const filled = rows.filter(({ cells }) => cells.some(({ text }) => text !== undefined))
  if (filled.length === 0) return []
  const nameWidth = Math.max(...filled.map(({ name }) => columnsOf(name)))
  const room = Math.floor((page.width - nameWidth) / names.length) - BESIDE
  if (room < NARROWEST) return turned(names, filled, page)
  const widths = names.map((name, side) =>
    Math.min(room, WIDEST, Math.max(NARROWEST, columnsOf(name), ...filled.map(({ cells }) => widthOf(cells[side])))),
  )
  const head = names.map((name, side) => pad(cut(name, widths[side] ?? NARROWEST), widths[side] ?? NARROWEST))
  const title = `${' '.repeat(nameWidth + BESIDE)}${head.join(' '.repeat(BESIDE))}`.trimEnd()
  return [page.paint('bold', title), ...filled.flatMap((row) => rowLines(row, nameWidth, widths, page))]
}

/** As many columns as this many sides can have beside a name; undefined if that is too few. */
export function roomFor(sides: number, nameWidth: number, width: number): number | undefined {
  const room = Math.floor((width - nameWidth) / sides) - BESIDE
  return room < NARROWEST ? undefined : room
}

/** The sign of a mark, painted. */
export function signOf(mark: Mark, paint: Paint): string {
  switch (mark) {
    case 'same':
      return ' '
    case 'differs':
      return paint('red', '≠')
    case 'other':
      return paint('dim', '~')
    default: {
      const never: never = mark
      return never
    }
  }
}

function widthOf(cell: TableCell | undefined): number {
  return cell?.text === undefined ? 0 : columnsOf(cell.text)
}

function rowLines({ name, cells }: TableRow, nameWidth: number, widths: readonly number[], { paint }: Page): string[] {
  const texts = cells.map(({ text }, side) => linesOf(text, widths[side] ?? NARROWEST))
  const height = Math.max(...texts.map((lines) => lines.length))
  return Array.from({ length: height }, (_, line) => {
    const columns = cells.map(({ mark }, side) => {
      const text = pad(texts[side]?.[line] ?? '', widths[side] ?? NARROWEST)
      return `  ${line === 0 ? signOf(mark, paint) : ' '} ${painted(text, mark, paint)}`
    })
    return `${paint('dim', pad(line === 0 ? name : '', nameWidth))}${columns.join('')}`.trimEnd()
  })
}

function linesOf(text: string | undefined, width: number): readonly string[] {
  const lines = wrapped(text ?? '—', width)
  if (lines.length <= MOST_LINES) return lines
  const last = lines[MOST_LINES - 1] ?? ''
  return [...lines.slice(0, MOST_LINES - 1), cut(`${cut(last, width - 1)}…`, width)]
}

function painted(text: string, mark: Mark, paint: Paint): string {
  return mark === 'differs' ? paint('red', text) : text
}

/** A line for each side: as many figures beside each other as fit, the others in tables below. */
function turned(names: readonly string[], rows: readonly TableRow[], page: Page): readonly string[] {
  const nameWidth = Math.max(...names.map(columnsOf))
  const most = Math.max(NARROWEST, Math.min(WIDEST, page.width - nameWidth - BETWEEN))
  const tables: TurnedColumn[][] = []
  let left = 0
  for (const { name, cells } of rows) {
    const head = wrapped(name, Math.max(...name.split(' ').map(columnsOf), ...cells.map(widthOf)))
    const width = Math.min(most, Math.max(...head.map(columnsOf), ...cells.map(widthOf)))
    const table = tables.at(-1)
    if (table === undefined || left < width + BETWEEN) {
      tables.push([{ head, cells, width }])
      left = page.width - nameWidth
    } else table.push({ head, cells, width })
    left -= width + BETWEEN
  }
  return tables.flatMap((columns, at) => [...(at === 0 ? [] : ['']), ...turnedLines(names, nameWidth, columns, page)])
}

interface TurnedColumn {
  /** Its lines. */
  readonly head: readonly string[]
  readonly cells: readonly TableCell[]
  readonly width: number
}

function turnedLines(
  names: readonly string[],
  nameWidth: number,
  columns: readonly TurnedColumn[],
  { paint }: Page,
): readonly string[] {
  const blank = ' '.repeat(nameWidth)
  const highest = Math.max(...columns.map(({ head }) => head.length))
  const heads = Array.from({ length: highest }, (_, line) => {
    const texts = columns.map(({ head, width }) => pad(head[line - highest + head.length] ?? '', width))
    const between = ' '.repeat(BETWEEN)
    return paint('bold', `${blank}${between}${texts.join(between)}`.trimEnd())
  })
  const sides = names.flatMap((name, side) => {
    const texts = columns.map(({ cells, width }) => linesOf(cells[side]?.text, width))
    return Array.from({ length: Math.max(...texts.map((lines) => lines.length)) }, (_, line) => {
      const shown = columns.map(({ cells, width }, column) => {
        const mark = cells[side]?.mark ?? 'same'
        const text = painted(pad(texts[column]?.[line] ?? '', width), mark, paint)
        return ` ${line === 0 ? signOf(mark, paint) : ' '} ${text}`
      })
      return `${line === 0 ? paint('bold', pad(name, nameWidth)) : blank}${shown.join('')}`.trimEnd()
    })
  })
  return [...heads, ...sides]
}
