/** All cases of a page in one table: how often each side agrees with the reference, how it ended, what it took, how its times lie. */
import type { Comparison } from '../comparison.ts'
import { AGREEMENTS, TIME_LABELS, TOKEN_LABELS } from '../figures.ts'
import { summarize, type Distribution, type SideSummary, type TimeDistributions } from '../summary.ts'
import { costText, counted, duration, grouped, rateText } from '../units.ts'
import { TOKENS } from '../usage.ts'
import { markup, NONE, type Markup } from './markup.ts'
import { brief } from './room.ts'

const TIMES: readonly (readonly [keyof TimeDistributions, (value: number) => string])[] = [
  ['firstByteMs', duration],
  ['firstTokenMs', duration],
  ['lastTokenMs', duration],
  ['tokensPerSecond', (rate) => rateText(rate)],
  ['longestGapMs', duration],
]

/** Nothing where the comparisons are of other sides. */
export function summaryTable(comparisons: readonly Comparison[]): Markup {
  const [first, ...others] = comparisons.map(sidesOf)
  if (first === undefined || others.some((other) => other !== first)) return NONE
  const { reference, cases, sides } = summarize(comparisons)
  const heads = sides.map(
    ({ label }, side) =>
      markup`<th scope="col">${brief(label)}${side === reference && markup` <span class="tag">reference</span>`}</th>`,
  )
  const agreement = (name: string, of: (side: SideSummary) => number): Markup => {
    const cells = sides.map((side, place) => {
      if (place === reference) return markup`<td class="quiet">reference</td>`
      const isMarked = of(side) < cases
      return markup`<td${isMarked && markup` class="chg"`}>${isMarked && markup`<b class="sign">≠</b>`}${of(side)} of ${cases}</td>`
    })
    return markup`<tr><th scope="row">${name}</th>${cells}</tr>`
  }
  const row = (name: string, of: (side: SideSummary) => Markup | undefined): Markup => {
    const made = sides.map(of)
    if (made.every((cell) => cell === undefined)) return NONE
    return markup`<tr><th scope="row">${name}</th>${made.map((cell) => markup`<td>${cell ?? markup`<span class="untold">—</span>`}</td>`)}</tr>`
  }
  const rows = [
    agreement('same', ({ same }) => same),
    ...AGREEMENTS.map((name) => agreement(`same ${name}`, ({ agrees }) => agrees[name])),
    row('outcomes', ({ outcomes }) => tallied(outcomes, (kind) => kind.replaceAll('_', ' '))),
    row('anomalies', ({ anomalies }) => tallied(anomalies, (kind) => kind)),
    ...TOKENS.map((name) => row(TOKEN_LABELS[name], ({ usage }) => numberOf(usage[name], grouped))),
    row('cost', ({ cost }) => numberOf(cost, costText)),
    ...TIMES.map(([name, text]) => row(TIME_LABELS[name], ({ times }) => distribution(times[name], text))),
  ]
  return markup`<section><h2 class="part">Summary</h2><div class="scroll" tabindex="0" role="region" aria-label="Summary"><table class="numbers"><thead><tr><td></td>${heads}</tr></thead><tbody>${rows}</tbody></table></div></section>`
}

/** The same for comparisons of the same sides. */
function sidesOf({ reference, sides }: Comparison): string {
  return JSON.stringify([reference, ...sides.map(({ label }) => label)])
}

function tallied(counts: Readonly<Record<string, number>>, text: (kind: string) => string): Markup | undefined {
  const told = Object.entries(counts).map(([kind, count]) => `${text(kind)} ×${grouped(count)}`)
  return told.length === 0 ? undefined : markup`${told.join(', ')}`
}

function numberOf(value: number | undefined, text: (value: number) => string): Markup | undefined {
  return value === undefined ? undefined : markup`<span class="num">${text(value)}</span>`
}

function distribution(of: Distribution | undefined, text: (value: number) => string): Markup | undefined {
  if (of === undefined) return undefined
  const parts = [['p50', of.p50] as const, ['p95', of.p95] as const, ['max', of.largest] as const].map(
    ([name, value]) => markup`<span class="num part"><span class="quiet">${name}</span> ${text(value)}</span> `,
  )
  return markup`${parts}<span class="num quiet">over ${counted(of.of, 'case')}</span>`
}
