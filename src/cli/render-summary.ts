/** The summary of many cases, a column for each side. */
import { AGREEMENTS, TIME_LABELS, TOKEN_LABELS } from '../compare/figures.ts'
import type { Distribution, SideSummary, Summary, TimeDistributions } from '../compare/summary.ts'
import { costText, duration, grouped, rateText } from '../compare/units.ts'
import { TOKENS } from '../compare/usage.ts'
import { sideTable, type Mark, type Page, type TableRow } from './side-table.ts'

/** The lines of the summary; `names` are those of the sides. */
export function renderSummary(
  { reference, cases, sides }: Summary,
  names: readonly string[],
  page: Page,
): readonly string[] {
  const row = (
    name: string,
    of: (side: SideSummary, place: number) => string | undefined,
    marks?: (side: SideSummary) => Mark,
  ): TableRow => ({
    name,
    cells: sides.map((side, place) => ({ text: of(side, place), mark: marks?.(side) ?? 'same' })),
  })
  const agreement = (name: string, of: (side: SideSummary) => number): TableRow =>
    row(
      name,
      (side, place) => (place === reference ? 'reference' : `${of(side)} of ${cases}`),
      (side) => (of(side) < cases ? 'differs' : 'same'),
    )
  const rows = [
    agreement('same', ({ same }) => same),
    ...AGREEMENTS.map((name) => agreement(`same ${name}`, ({ agrees }) => agrees[name])),
    row('not complete', ({ outcomes }) =>
      tallied(
        Object.entries(outcomes).flatMap(([kind, number]) =>
          kind === 'complete' ? [] : [[kind.replaceAll('_', ' '), number] as const],
        ),
      ),
    ),
    row('anomalies', ({ anomalies }) => tallied(Object.entries(anomalies))),
    ...TOKENS.map((name) => row(TOKEN_LABELS[name], ({ usage }) => textOf(usage[name], grouped))),
    row('cost', ({ cost }) => textOf(cost, costText)),
  ]
  const timeRows = TIMES.flatMap(([key, text]) =>
    QUANTILES.map(([quantile, of]) =>
      row(`${TIME_LABELS[key]} ${quantile}`, ({ times }) => {
        const distribution = times[key]
        if (distribution === undefined) return undefined
        const all = distribution.of === cases ? '' : ` (of ${grouped(distribution.of)})`
        return `${text(of(distribution))}${all}`
      }),
    ),
  )
  return sideTable(names, [...rows, ...timeRows], page)
}

const TIMES: readonly (readonly [keyof TimeDistributions, (value: number) => string])[] = [
  ['firstByteMs', duration],
  ['firstTokenMs', duration],
  ['lastTokenMs', duration],
  ['tokensPerSecond', (rate) => rateText(rate)],
  ['longestGapMs', duration],
]

const QUANTILES: readonly (readonly [string, (distribution: Distribution) => number])[] = [
  ['p50', ({ p50 }) => p50],
  ['p95', ({ p95 }) => p95],
  ['max', ({ largest }) => largest],
]

function textOf(value: number | undefined, text: (value: number) => string): string | undefined {
  return value === undefined ? undefined : text(value)
}

function tallied(counts: readonly (readonly [string, number | undefined])[]): string | undefined {
  const told = counts.filter(([, count]) => count !== undefined && count > 0)
  return told.length === 0 ? undefined : told.map(([name, count]) => `${name} ×${count ?? 0}`).join(', ')
}
