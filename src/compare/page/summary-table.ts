/** All cases of a page in one table: how often each side agrees with the reference, how it ended, what it took, how its times lie. */
import type { Comparison } from '../comparison.ts'
import { summarize, type Distribution, type SideSummary, type Summary } from '../summary.ts'
import { QUANTILES, SUMMARY_FIGURES, type SummaryFigure } from '../summary-figures.ts'
import { counted } from '../units.ts'
import { markup, NONE, type Markup } from './markup.ts'
import { brief } from './room.ts'

/** Nothing where the comparisons are of other sides. */
export function summaryTable(comparisons: readonly Comparison[]): Markup {
  const [first, ...others] = comparisons.map(sidesOf)
  if (first === undefined || others.some((other) => other !== first)) return NONE
  const summary = summarize(comparisons)
  const { reference, sides } = summary
  const heads = sides.map(
    ({ label }, side) =>
      markup`<th scope="col">${brief(label)}${side === reference && markup` <span class="tag">reference</span>`}</th>`,
  )
  const rows = SUMMARY_FIGURES.map((figure) => rowOf(figure, summary))
  return markup`<section><h2 class="part">Summary</h2><div class="scroll" tabindex="0" role="region" aria-label="Summary"><table class="numbers"><thead><tr><td></td>${heads}</tr></thead><tbody>${rows}</tbody></table></div></section>`
}

function rowOf(figure: SummaryFigure, { reference, cases, sides }: Summary): Markup {
  if (figure.kind === 'agreement') {
    const cells = sides.map((side, place) => {
      if (place === reference) return markup`<td class="quiet">reference</td>`
      const count = figure.of(side)
      const isMarked = count < cases
      return markup`<td${isMarked && markup` class="chg"`}>${isMarked && markup`<b class="sign">≠</b>`}${count} of ${cases}</td>`
    })
    return markup`<tr><th scope="row">${figure.label}</th>${cells}</tr>`
  }
  const made = sides.map((side) => told(figure, side))
  if (made.every((cell) => cell === undefined)) return NONE
  return markup`<tr><th scope="row">${figure.label}</th>${made.map((cell) => markup`<td>${cell ?? markup`<span class="untold">—</span>`}</td>`)}</tr>`
}

function told(figure: Exclude<SummaryFigure, { kind: 'agreement' }>, side: SideSummary): Markup | undefined {
  if (figure.kind === 'distribution') return distribution(figure.of(side), figure.text)
  const text = figure.of(side)
  return text === undefined ? undefined : markup`<span class="num">${text}</span>`
}

/** The same for comparisons of the same sides. */
function sidesOf({ reference, sides }: Comparison): string {
  return JSON.stringify([reference, ...sides.map(({ label }) => label)])
}

function distribution(of: Distribution | undefined, text: (value: number) => string): Markup | undefined {
  if (of === undefined) return undefined
  const parts = QUANTILES.map(
    ([name, value]) => markup`<span class="num part"><span class="quiet">${name}</span> ${text(value(of))}</span> `,
  )
  return markup`${parts}<span class="num quiet">over ${counted(of.of, 'case')}</span>`
}
