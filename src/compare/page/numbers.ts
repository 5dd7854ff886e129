/** The numbers of all sides as a table, with what differs from the reference marked. */
import type { Comparison, Side } from '../comparison.ts'
import { FIGURES, TIME_LABELS, type Figure, type FigureGroup } from '../figures.ts'
import { NOT_TOLD } from '../told.ts'
import { counted, duration, rateText, signed } from '../units.ts'
import { markup, joined, NONE, type Markup } from './markup.ts'
import type { Marks } from './marks.ts'
import { brief } from './room.ts'
import { toldMarkup } from './told.ts'

/** The anomalies have a place of their own. */
const GROUPS: readonly (readonly [group: FigureGroup, title: string])[] = [
  ['answer', 'Answer'],
  ['tokens', 'Tokens'],
  ['times', 'Times'],
  ['stream', 'Stream'],
]

/** The table, in a box of its own. A figure that no side has is left out. */
export function numbers(comparison: Comparison, marks: Marks, prefix: string): Markup {
  const { sides, reference } = comparison
  const heads = sides.map(
    ({ label }, side) =>
      markup`<th scope="col">${brief(label)}${side === reference && markup` <span class="tag">reference</span>`}</th>`,
  )
  const groups = GROUPS.map(([group, title]) => {
    const rows = FIGURES.filter((figure) => figure.group === group).flatMap((figure) => {
      const cells = sides.map((side) => cellOf(figure, side))
      return cells.some((cell) => cell !== undefined) ? [figureRow(figure, cells, comparison, marks, prefix)] : []
    })
    if (rows.length === 0) return NONE
    return markup`<tbody><tr class="group"><th scope="rowgroup" colspan="${sides.length + 1}">${title}</th></tr>${rows}</tbody>`
  })
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="Numbers"><table class="numbers"><thead><tr><td></td>${heads}</tr></thead>${groups}</table></div>`
}

/** One line for each message. */
function cellOf({ name, of, size }: Figure, side: Side): Markup | undefined {
  const all = of(side)
  if (all.length === 0) return undefined
  const value = joined(all.map(toldMarkup), markup`<br />`)
  if (size !== undefined) return markup`<span class="num">${value}</span>`
  return name === 'ids' ? markup`<span class="id">${value}</span>` : value
}

function figureRow(
  figure: Figure,
  cells: readonly (Markup | undefined)[],
  { sides, reference }: Comparison,
  marks: Marks,
  prefix: string,
): Markup {
  const { name, label, size, text } = figure
  const one = sides[reference]
  const before = one === undefined ? undefined : size?.(one)
  const made = sides.map((side, at) => {
    const value = cells[at] ?? markup`<span class="untold">${NOT_TOLD}</span>`
    if (at === reference) return markup`<td>${value}</td>`
    const isMarked = marks.hasNumber(at, figure)
    const now = size?.(side)
    const apart = before === undefined || now === undefined ? 0 : now - before
    const more = apart === 0 || text === undefined ? NONE : markup` <span class="apart">${signed(apart, text)}</span>`
    return markup`<td${isMarked && markup` class="chg d"`}>${isMarked && markup`<b class="sign" title="differs">≠</b>`}${value}${more}</td>`
  })
  return markup`<tr id="${prefix}n-${name}"><th scope="row">${label}</th>${made}</tr>`
}

/** What a card says of a stream in one line. */
export function gist({ times, usage }: Side): string {
  return [
    times.firstTokenMs === undefined ? undefined : `${TIME_LABELS.firstTokenMs} ${duration(times.firstTokenMs)}`,
    times.endMs === undefined ? undefined : `${TIME_LABELS.endMs} ${duration(times.endMs)}`,
    usage.outputTokens === undefined ? undefined : `${counted(usage.outputTokens, 'token')} out`,
    times.tokensPerSecond === undefined ? undefined : rateText(times.tokensPerSecond, ' tokens'),
  ]
    .filter((part) => part !== undefined)
    .join(' · ')
}
