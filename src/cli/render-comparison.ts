/** The report of one comparison: who is compared, the figures, the content side by side, the differences in words, the verdict. */
import type { Aspect, Comparison } from '../compare/comparison.ts'
import { columnsOf, hanging, pad, wrapped } from './columns.ts'
import { namesOf, type View } from './comparison-view.ts'
import { renderCalls } from './render-calls.ts'
import { renderContent } from './render-content.ts'
import { renderDifferences, renderVerdict, type Part } from './render-differences.ts'
import { renderEnds, renderFigures } from './render-figures.ts'
import { renderTexts } from './render-texts.ts'
import { renderTimeline } from './render-timeline.ts'
import type { Page } from './side-table.ts'
import { preview } from './terminal.ts'

/** What is looked at closer; nothing of it: the report of everything. */
export interface Closer {
  readonly isText: boolean
  readonly isCalls: boolean
  readonly isTiming: boolean
}

export interface ReportOptions extends Page {
  readonly closer: Closer
  readonly ignored: readonly Aspect[]
  /** What is to be known of all sides before the verdict, fit to be printed. */
  readonly note?: string
  /** Where each side is from; the legend says it where its label does not. */
  readonly paths?: readonly string[]
}

/** Narrower terminals get lines that are too wide: a table of less says nothing. */
export const NARROWEST = 40

/** The lines of a report, without a line end. */
export function renderComparison(comparison: Comparison, options: ReportOptions): string {
  const labels = comparison.sides.map(({ label }) => label)
  const view = viewOf(comparison, options)
  const sections = [
    renderLegend(labels, comparison.reference, view, options.paths),
    ...bodyOf(view, options.closer),
    ...(options.note === undefined ? [] : [wrapped(options.note, view.width)]),
    wrapped(renderVerdict(view, partsOf(options.closer)), view.width),
  ]
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')
}

/** The sections of what is looked at closer, without the legend and the verdict: for one case of many. */
export function renderCloser(comparison: Comparison, options: ReportOptions): string {
  return bodyOf(viewOf(comparison, options), options.closer)
    .map((lines) => lines.join('\n'))
    .join('\n\n')
}

function viewOf(comparison: Comparison, { paint, width, ignored }: ReportOptions): View {
  const { names } = namesOf(comparison.sides.map(({ label }) => label))
  return { comparison, names, ignored, paint, width: Math.max(NARROWEST, width) }
}

function partsOf({ isText, isCalls, isTiming }: Closer): readonly Part[] {
  return [
    ...(isText ? ['text' as const] : []),
    ...(isCalls ? ['calls' as const] : []),
    ...(isTiming ? ['timing' as const] : []),
  ]
}

function bodyOf(view: View, { isText, isCalls, isTiming }: Closer): readonly (readonly string[])[] {
  if (!isText && !isCalls && !isTiming)
    return [renderFigures(view), renderEnds(view), renderContent(view), renderDifferences(view)]
  const times = view.comparison.differences.filter(({ aspect }) => aspect === 'times')
  const sections = [
    ...(isText ? [renderTexts(view)] : []),
    ...(isCalls ? [renderCalls(view)] : []),
    ...(isTiming ? [renderFigures(view, 'times'), renderTimeline(view), renderDifferences(view, times)] : []),
  ]
  return sections.filter((lines) => lines.length > 0)
}

/** What letters stand for, if there are letters, where the sides are from, and who the others are compared with. */
export function renderLegend(
  labels: readonly string[],
  reference: number,
  { paint, width }: Page,
  paths: readonly string[] = labels,
): readonly string[] {
  const { names, isLettered } = namesOf(labels)
  const columns = Math.max(NARROWEST, width)
  const nameWidth = Math.max(...names.map((name) => columnsOf(name)))
  const meanings = labels.flatMap((label, side) => {
    const path = paths[side] ?? label
    const isElsewhere = path !== label && path !== '-'
    if (!isLettered && !isElsewhere) return []
    const told = [...(isLettered ? [preview(label, 500)] : []), ...(isElsewhere ? [preview(path, 500)] : [])].join('  ')
    return [`${paint('bold', pad(names[side] ?? '', nameWidth))}  ${hanging(told, columns, nameWidth + 2)}`]
  })
  const compared = paint('dim', `compared with ${names[reference] ?? ''}`)
  return [...meanings, ...(labels.length > 2 || reference !== 0 || !isLettered ? [compared] : [])]
}
