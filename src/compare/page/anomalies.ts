/** The anomalies of every side, each with the sentence that says what it is. */
import { ANOMALY_KINDS, type Anomaly } from '../../anomaly.ts'
import type { AnomaliesDifference, Comparison } from '../comparison.ts'
import { counted, grouped } from '../units.ts'
import { drawable, jsonTree } from './json-tree.ts'
import { foreign, markup, NONE, type Level, type Markup } from './markup.ts'
import { cutLabel, type Room } from './room.ts'
import { beside, columnsClass } from './side-by-side.ts'
import { plainText } from './words.ts'

/** More than these of one side are counted. */
const MOST = 200

/** A list for each side. */
export function anomalies(comparison: Comparison, page: Room, prefix: string, level: Level): Markup {
  const { sides, reference, differences } = comparison
  if (sides.every((side) => side.anomalies.length === 0)) {
    return markup`<p class="none">None: every stream kept to its protocol.</p>`
  }
  const differing = differences.filter((difference) => difference.kind === 'anomalies')
  const columns = sides.map((side, at) => {
    const marked = markedOf(differing, at, reference, sides.length)
    const items = side.anomalies
      .slice(0, MOST)
      .map((anomaly) => anomalyMarkup(anomaly, marked.has(anomaly), page.cell()))
    const more = side.anomalies.length - MOST
    const list = items.length === 0 ? markup`<p class="quiet">None.</p>` : markup`<ul>${items}</ul>`
    const rest =
      more > 0 ? markup`<p class="cut">… ${counted(more, 'more anomaly', 'more anomalies')}; --json has all</p>` : NONE
    return markup`<div class="cell" id="${prefix}a${at}"><h${level} class="sub">${foreign(cutLabel(side.label))}</h${level}>${list}${rest}</div>`
  })
  return markup`<div class="scroll"${beside(sides.length, 'Anomalies')}><div class="anomalies ${columnsClass(sides.length)}">${columns}</div></div>`
}

/** Those that one side has more than the other. */
function markedOf(
  differing: readonly AnomaliesDifference[],
  side: number,
  reference: number,
  sides: number,
): ReadonlySet<Anomaly> {
  if (side !== reference) return new Set(differing.filter((one) => one.side === side).flatMap(({ added }) => added))
  return sides === 2 ? new Set(differing.flatMap(({ removed }) => removed)) : new Set()
}

function anomalyMarkup({ kind, block, detail, content, value, count }: Anomaly, isMarked: boolean, room: Room): Markup {
  const times = count === undefined ? NONE : markup` <span class="size">${grouped(count)} times</span>`
  const place = block === undefined ? NONE : markup` <span class="size">block ${block}</span>`
  const told = detail === undefined ? NONE : markup`<div class="raw" dir="auto">${plainText(detail, room)}</div>`
  const kept = content === undefined ? value : drawable(content)
  const rest =
    kept === undefined
      ? NONE
      : markup`<details class="fold"><summary>what was kept of it</summary>${jsonTree(kept, [], { view: 'side', room })}</details>`
  return markup`<li${isMarked && markup` class="chg d"`}>${isMarked && markup`<b class="sign" title="differs">≠</b>`}<code>${kind}</code>${times}${place}<p>${ANOMALY_KINDS[kind]}</p>${told}${rest}</li>`
}
