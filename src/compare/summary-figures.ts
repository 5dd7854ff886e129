/** What is told of each side over many cases, for a terminal and a page alike: the names, the order, the texts. */
import { AGREEMENTS, TIME_LABELS, TOKEN_LABELS } from './figures.ts'
import type { Distribution, SideSummary, TimeDistributions } from './summary.ts'
import { costText, duration, grouped, rateText } from './units.ts'
import { TOKENS } from './usage.ts'

/** One line of the summary; undefined where a side has nothing to tell. */
export type SummaryFigure =
  /** In how many cases it agrees with the reference. */
  | { readonly kind: 'agreement'; readonly label: string; readonly of: (side: SideSummary) => number }
  | { readonly kind: 'text'; readonly label: string; readonly of: (side: SideSummary) => string | undefined }
  | {
      readonly kind: 'distribution'
      readonly label: string
      readonly of: (side: SideSummary) => Distribution | undefined
      readonly text: (value: number) => string
    }

/** What is told of a distribution, by its short name. */
export const QUANTILES: readonly (readonly [name: string, of: (distribution: Distribution) => number])[] = [
  ['p50', ({ p50 }) => p50],
  ['p95', ({ p95 }) => p95],
  ['max', ({ largest }) => largest],
]

/** In the order of the table. */
export const SUMMARY_FIGURES: readonly SummaryFigure[] = [
  { kind: 'agreement', label: 'same', of: ({ same }) => same },
  ...AGREEMENTS.map((name): SummaryFigure => ({
    kind: 'agreement',
    label: `same ${name}`,
    of: ({ agrees }) => agrees[name],
  })),
  { kind: 'text', label: 'outcomes', of: ({ outcomes }) => tallied(outcomes, (kind) => kind.replaceAll('_', ' ')) },
  { kind: 'text', label: 'anomalies', of: ({ anomalies }) => tallied(anomalies, (kind) => kind) },
  ...TOKENS.map((name): SummaryFigure => ({
    kind: 'text',
    label: TOKEN_LABELS[name],
    of: ({ usage }) => textOf(usage[name], grouped),
  })),
  { kind: 'text', label: 'cost', of: ({ cost }) => textOf(cost, costText) },
  time('firstByteMs', duration),
  time('firstTokenMs', duration),
  time('lastTokenMs', duration),
  time('tokensPerSecond', rateText),
  time('longestGapMs', duration),
]

function time(name: keyof TimeDistributions, text: (value: number) => string): SummaryFigure {
  return { kind: 'distribution', label: TIME_LABELS[name], of: ({ times }) => times[name], text }
}

function textOf(value: number | undefined, text: (value: number) => string): string | undefined {
  return value === undefined ? undefined : text(value)
}

function tallied(counts: Readonly<Record<string, number>>, text: (kind: string) => string): string | undefined {
  const told = Object.entries(counts).map(([kind, count]) => `${text(kind)} ×${grouped(count)}`)
  return told.length === 0 ? undefined : told.join(', ')
}
