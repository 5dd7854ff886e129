/** The figures of all sides as a table, and why those failed that did. */
import type { Comparison } from '../compare/comparison.ts'
import { FIGURES, type Figure } from '../compare/figures.ts'
import { outcomeTold } from '../compare/told.ts'
import { columnsOf, hanging, pad } from './columns.ts'
import { nameOf, toldText, type View } from './comparison-view.ts'
import { sideTable, type Mark, type TableRow } from './side-table.ts'
import { preview } from './terminal.ts'

/** All that is known of each side; `times`: only when it came, and how much. */
export function renderFigures(view: View, only: 'all' | 'times' = 'all'): readonly string[] {
  const figures = FIGURES.filter(
    ({ group, isMinor }) => isMinor !== true && (only === 'all' || group === 'times' || group === 'stream'),
  )
  const { comparison, names } = view
  const rows = figures.map((figure) => rowOf(figure, comparison))
  return sideTable(
    names.map((_, side) => nameOf(view, side)),
    rows,
    view,
  )
}

/** More messages of a side are counted. */
const MOST_ENDS = 8

/** How each side ended that is not complete, in the words of its error. None: all are. */
export function renderEnds(view: View): readonly string[] {
  const { comparison, names, paint, width } = view
  const nameWidth = Math.max(...names.map(columnsOf))
  const lines = comparison.sides.flatMap(({ messages }, side) => {
    const failed = messages.flatMap(({ outcome }, place) => {
      if (outcome.kind === 'complete') return []
      const { note, ...told } = outcomeTold(outcome)
      const which = messages.length === 1 ? '' : `message ${place + 1}: `
      const why = note === undefined ? '' : `: ${preview(note.foreign, note.most)}`
      return [`${which}${paint('red', toldText(told))}${why}`]
    })
    const left = failed.length - MOST_ENDS
    const said = [...failed.slice(0, MOST_ENDS), ...(left > 0 ? [paint('dim', `… and ${left} more`)] : [])]
    return said.map((sentence, line) => {
      const name = pad(line === 0 ? nameOf(view, side) : '', nameWidth)
      return `  ${paint('bold', name)}  ${hanging(sentence, width, nameWidth + 4)}`
    })
  })
  return lines.length === 0 ? [] : [paint('bold', 'not complete'), ...lines]
}

function rowOf({ label, of, isIn, isTime }: Figure, { sides, reference, differences }: Comparison): TableRow {
  const values = sides.map((side) => each(of(side).map(toldText)))
  const cells = values.map((text, side) => {
    const counts = differences.some((difference) => difference.side === side && isIn(difference))
    const own = values[reference]
    // Times are never the same twice: only that one is there and the other is not says something.
    const isOther = isTime === true ? (text === undefined) !== (own === undefined) : text !== own
    const mark: Mark = counts ? 'differs' : isOther ? 'other' : 'same'
    return { text, mark }
  })
  return { name: label, cells }
}

/** Each of a list once, with how often it is there; undefined for none. */
function each(texts: readonly string[]): string | undefined {
  if (texts.length === 0) return undefined
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  return [...counts].map(([text, count]) => (count === 1 ? text : `${text} ×${count}`)).join(', ')
}
