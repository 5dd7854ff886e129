/** The summary of many cases, a column for each side. */
import type { SideSummary, Summary } from '../compare/summary.ts'
import { QUANTILES, SUMMARY_FIGURES, type SummaryFigure } from '../compare/summary-figures.ts'
import { grouped } from '../compare/units.ts'
import { sideTable, type Mark, type Page, type TableRow } from './side-table.ts'

/** The lines of the summary; `names` are those of the sides. */
export function renderSummary(summary: Summary, names: readonly string[], page: Page): readonly string[] {
  return sideTable(
    names,
    SUMMARY_FIGURES.flatMap((figure) => rowsOf(figure, summary)),
    page,
  )
}

function rowsOf(figure: SummaryFigure, { reference, cases, sides }: Summary): readonly TableRow[] {
  const row = (name: string, cell: (side: SideSummary, place: number) => TableRow['cells'][number]): TableRow => ({
    name,
    cells: sides.map(cell),
  })
  switch (figure.kind) {
    case 'agreement':
      return [
        row(figure.label, (side, place) => {
          const count = figure.of(side)
          const mark: Mark = count < cases ? 'differs' : 'same'
          return { text: place === reference ? 'reference' : `${count} of ${cases}`, mark }
        }),
      ]
    case 'text':
      return [row(figure.label, (side) => ({ text: figure.of(side), mark: 'same' }))]
    case 'distribution':
      return QUANTILES.map(([name, of]) =>
        row(`${figure.label} ${name}`, (side) => {
          const distribution = figure.of(side)
          if (distribution === undefined) return { text: undefined, mark: 'same' }
          const all = distribution.of === cases ? '' : ` (of ${grouped(distribution.of)})`
          return { text: `${figure.text(of(distribution))}${all}`, mark: 'same' }
        }),
      )
    default: {
      const never: never = figure
      return never
    }
  }
}
