/** When what came: a bar for each block, all sides on one clock, and the longest silences. */
import { blockKey, clockEnd, silencesIn, toolNames, whyNone } from '../compare/arrivals.ts'
import type { Arrival, Side } from '../compare/comparison.ts'
import { KIND_NAMES } from '../compare/told.ts'
import { duration } from '../compare/units.ts'
import { cut, pad, wrapped } from './columns.ts'
import { nameOf, type View } from './comparison-view.ts'
import { preview } from './terminal.ts'

const NAME_WIDTH = 14
const MOST_BARS = 16
const MOST_GAPS = 3

/** One bar for each block of each side; the clock is that of the longest. */
export function renderTimeline(view: View): readonly string[] {
  const { comparison, paint, width } = view
  const { sides } = comparison
  const endMs = clockEnd(sides)
  if (endMs === undefined) return [paint('dim', 'timeline: no side has times')]
  const columns = Math.min(width, 160) - NAME_WIDTH - 3
  const end = duration(endMs)
  const axis = `0${end.padStart(columns - 1, '─')}`
  return [
    `${paint('bold', pad('timeline', NAME_WIDTH + 2))}${paint('dim', axis.replace('0─', '0 ').replace(`─${end}`, ` ${end}`))}`,
    ...sides.flatMap((side, place) => sideLines(view, side, place, { endMs, columns })),
  ]
}

interface Axis {
  readonly endMs: number
  readonly columns: number
}

function sideLines(view: View, side: Side, place: number, axis: Axis): readonly string[] {
  const { comparison, paint, width } = view
  const { arrivals } = side
  const name = paint('bold', cut(nameOf(view, place), width))
  if (arrivals.length === 0) return [`${name}  ${paint('dim', whyNone(side))}`]
  const blocks = new Map<string, Arrival[]>()
  for (const arrival of arrivals) {
    const key = blockKey(arrival)
    const known = blocks.get(key)
    if (known === undefined) blocks.set(key, [arrival])
    else known.push(arrival)
  }
  const tools = toolNames(comparison, place)
  const bars = [...blocks.values()].map((own) => `  ${pad(blockName(own[0], tools), NAME_WIDTH)}${barOf(own, axis)}`)
  const left = bars.length - MOST_BARS
  const gaps = silencesIn(arrivals)
    .toSorted((a, b) => b.ms - a.ms)
    .slice(0, MOST_GAPS)
  const silence = gaps.map(({ ms, atMs }) => `${duration(ms)} from ${duration(atMs)}`).join(', ')
  return [
    name,
    ...bars.slice(0, MOST_BARS).map((bar) => bar.trimEnd()),
    ...(left > 0 ? [paint('dim', `  … and ${left} more blocks`)] : []),
    ...(silence === '' ? [] : wrapped(`longest gaps: ${silence}`, width - 2).map((line) => `  ${paint('dim', line)}`)),
  ]
}

/** Of a call its name, of all else its kind. */
function blockName(arrival: Arrival | undefined, tools: ReadonlyMap<string, string>): string {
  if (arrival === undefined) return ''
  const tool = tools.get(blockKey(arrival))
  return cut(tool === undefined ? KIND_NAMES[arrival.kind] : preview(tool, 40), NAME_WIDTH - 1)
}

const SHADES = ['░', '▒', '▓', '█'] as const

/** Darker where more came; a line between the first and the last where nothing did. */
function barOf(arrivals: readonly Arrival[], { endMs, columns }: Axis): string {
  const amounts = Array.from({ length: columns }, () => 0)
  for (const { ms, characters } of arrivals) {
    const at = Math.min(columns - 1, Math.floor((ms / endMs) * columns))
    amounts[at] = (amounts[at] ?? 0) + Math.max(1, characters)
  }
  const most = Math.max(...amounts)
  const first = amounts.findIndex((amount) => amount > 0)
  const last = amounts.findLastIndex((amount) => amount > 0)
  return amounts
    .map((amount, at) => {
      if (amount > 0) return SHADES[Math.min(SHADES.length - 1, Math.floor((amount / most) * SHADES.length))] ?? '█'
      return at > first && at < last ? '·' : ' '
    })
    .join('')
}
