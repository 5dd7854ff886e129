/**
 * When the content of every side came, in one chart on one clock. Across it goes by percent, so that it fits any width with its text as it is.
 * Nothing but SVG stands in it: an element of HTML would end it.
 */
import { clockEnd, whyNone } from '../arrivals.ts'
import type { Comparison, Side, StreamTimes } from '../comparison.ts'
import { headOf } from '../ends.ts'
import { TIME_LABELS } from '../figures.ts'
import { duration, tickText, ticks, trimmed } from '../units.ts'
import { BINS, lanesOf, silencesOf, type Lane, type Wait } from './lanes.ts'
import { markup, NONE, type Markup } from './markup.ts'
import { cutLabel, LONGEST_LABEL } from './room.ts'

const TOP = 6
const LABEL = 23
const SILENCES = 20
const LANE_LABEL = 14
const BARS = 20
const LANE_GAP = 5
const SIDE_GAP = 16
const AXIS = 26
const MOST_TICKS = 6
/** A shorter clock shows nothing more. */
const SHORTEST_MS = 0.001

/** A part of the chart and how high it is. */
interface Part {
  readonly markup: Markup
  readonly height: number
}

/** The chart with what belongs to it, or why there is none. */
export function timeline(comparison: Comparison, prefix: string): Markup {
  const sides = comparison.sides.map(timed)
  const endMs = clockOf(sides)
  if (endMs === undefined) {
    return markup`<p class="none">No side was recorded with times: there is nothing to draw.</p>`
  }
  const lanes = sides.map((_, side) => lanesOf({ ...comparison, sides }, side, endMs))
  const most = Math.max(1, ...lanes.flat().flatMap(({ bins }) => bins.map(({ characters }) => characters)))
  let y = TOP
  const parts = sides.map((side, at) => {
    const part = sidePart(side, lanes[at] ?? [], y, endMs, most)
    y += part.height
    return part.markup
  })
  const title = `${prefix}timeline-title`
  const about = `${prefix}timeline-desc`
  const chart = markup`<svg class="chart" role="img" aria-labelledby="${title} ${about}" width="100%" height="${y + AXIS}" data-end="${endMs}" data-bins="${BINS}"><title id="${title}">When content arrived, by side and block, over ${duration(endMs)}</title><desc id="${about}">${joinedDescriptions(sides)}</desc>${axis(endMs, y)}${parts}<line class="cross" x1="0" x2="0" y1="0" y2="${y}" visibility="hidden" /></svg>`
  return markup`<figure class="timeline">${chart}<div class="scrub" hidden><input type="range" min="0" max="${BINS - 1}" value="0" aria-label="Moment of the timeline" /><output></output></div><figcaption>${legend()}</figcaption></figure>`
}

/** A side without times and counts that no clock has: what was observed by others may say anything. */
function timed(side: Side): Side {
  const { gaps, ...times } = side.times
  const known: Partial<StreamTimes> = Object.fromEntries(Object.entries(times).filter(([, ms]) => Number.isFinite(ms)))
  const isClear = gaps !== undefined && Number.isFinite(gaps.longestMs)
  const arrivals = side.arrivals.filter(
    ({ ms, characters, deltas }) =>
      Number.isFinite(ms) && Number.isSafeInteger(characters) && Number.isSafeInteger(deltas),
  )
  return { ...side, times: { ...known, ...(isClear ? { gaps } : {}) }, arrivals }
}

/** The end of the clock of all sides; where all came at once, a clock that has one. */
function clockOf(sides: readonly Side[]): number | undefined {
  if (sides.every(({ arrivals }) => arrivals.length === 0)) return undefined
  return Math.max(SHORTEST_MS, clockEnd(sides) ?? 1)
}

function sidePart(side: Side, lanes: readonly Lane[], top: number, endMs: number, most: number): Part {
  const label = markup`<text class="label" x="0" y="${top + 13}">${cutLabel(side.label)}</text>`
  if (side.arrivals.length === 0) {
    const note = markup`<text class="quiet" x="0" y="${top + LABEL + 12}">${whyNone(side)}</text>`
    return { markup: markup`<g>${label}${note}</g>`, height: LABEL + SILENCES + SIDE_GAP }
  }
  let y = top + LABEL + SILENCES
  const drawn = lanes.map((lane) => {
    const drawnLane = laneMarkup(lane, y, most)
    y += LANE_LABEL + BARS + LANE_GAP
    return drawnLane
  })
  const { firstByteMs, endMs: sideEnd } = side.times
  const first = firstByteMs === undefined ? NONE : moment('first', firstByteMs, top + LABEL, y, endMs)
  const last = sideEnd === undefined ? NONE : moment('end', sideEnd, top + LABEL, y, endMs)
  const silences = silencesOf(side, endMs).map((silence) => silenceMarkup(silence, top + LABEL, endMs))
  return { markup: markup`<g>${label}${first}${last}${silences}${drawn}</g>`, height: y - top + SIDE_GAP }
}

function moment(kind: 'first' | 'end', ms: number, from: number, to: number, endMs: number): Markup {
  const x = percent(ms, endMs)
  return markup`<line class="${kind}" x1="${x}" x2="${x}" y1="${from}" y2="${to}" />`
}

function silenceMarkup({ ms, atMs, isFirst }: Wait, top: number, endMs: number): Markup {
  const [from, to] = [percent(atMs, endMs), percent(atMs + ms, endMs)]
  const y = top + 14
  const middle = ((atMs + ms / 2) / endMs) * 100
  const text = duration(ms)
  return markup`<g class="silence${isFirst ? ' wait' : ''}"><line x1="${from}" x2="${to}" y1="${y}" y2="${y}" /><line x1="${from}" x2="${from}" y1="${y - 3}" y2="${y + 3}" /><line x1="${to}" x2="${to}" y1="${y - 3}" y2="${y + 3}" /><text x="${trimmed(middle, 2)}%" y="${top + 9}" text-anchor="middle">${text}</text></g>`
}

/** The bars stand in a drawing of their own that is stretched to the width: one path, however many there are. */
function laneMarkup({ name, kind, bins }: Lane, top: number, most: number): Markup {
  const path = bins
    .map(({ at, characters }) => {
      const height = characters === 0 ? 4 : 5 + Math.round((BARS - 5) * Math.sqrt(characters / most))
      return `M${at} ${BARS}v-${height}h.9v${height}z`
    })
    .join('')
  const values = bins.map(({ at, characters, deltas }) => `${at} ${characters} ${deltas}`).join(',')
  const [first, last] = [bins[0]?.at ?? 0, bins.at(-1)?.at ?? 0]
  const base = top + LANE_LABEL + BARS
  const anchor = first > BINS * 0.6 ? 'end' : 'start'
  const x = anchor === 'end' ? last + 1 : first
  const label = markup`<text class="lane" x="${trimmed((x / BINS) * 100, 2)}%" y="${top + 10}" text-anchor="${anchor}">${cutLabel(name)}</text>`
  const span = markup`<line class="span" x1="${trimmed((first / BINS) * 100, 2)}%" x2="${trimmed(((last + 0.9) / BINS) * 100, 2)}%" y1="${base + 0.5}" y2="${base + 0.5}" />`
  return markup`<g class="t-${kind}">${label}${span}<svg y="${top + LANE_LABEL}" width="100%" height="${BARS}" viewBox="0 0 ${BINS} ${BARS}" preserveAspectRatio="none"><path d="${path}" data-name="${headOf(name, LONGEST_LABEL)}" data-v="${values}" /></svg></g>`
}

function axis(endMs: number, bottom: number): Markup {
  const marks = ticks(endMs, MOST_TICKS).map((ms) => {
    const x = percent(ms, endMs)
    const part = ms / endMs
    const anchor = part === 0 ? 'start' : part > 0.95 ? 'end' : 'middle'
    return markup`<line x1="${x}" x2="${x}" y1="0" y2="${bottom}" /><text x="${x}" y="${bottom + 16}" text-anchor="${anchor}">${tickText(ms, endMs)}</text>`
  })
  return markup`<g class="axis">${marks}<line class="base" x1="0" x2="100%" y1="${bottom}" y2="${bottom}" /></g>`
}

function percent(ms: number, endMs: number): string {
  return `${trimmed((Math.max(0, ms) / endMs) * 100, 2)}%`
}

function joinedDescriptions(sides: readonly Side[]): Markup {
  return markup`${sides.map((side) => {
    const { label, times, arrivals } = side
    if (arrivals.length === 0) return markup`${cutLabel(label)}: ${whyNone(side)}. `
    const { firstByteMs, firstTokenMs, endMs, gaps } = times
    const told = [
      firstByteMs === undefined ? undefined : `${TIME_LABELS.firstByteMs} after ${duration(firstByteMs)}`,
      firstTokenMs === undefined ? undefined : `${TIME_LABELS.firstTokenMs} after ${duration(firstTokenMs)}`,
      gaps === undefined ? undefined : `${TIME_LABELS.longestGapMs} ${duration(gaps.longestMs)}`,
      endMs === undefined ? undefined : `over after ${duration(endMs)}`,
    ].filter((part) => part !== undefined)
    return markup`${cutLabel(label)}: ${told.join(', ')}. `
  })}`
}

function legend(): Markup {
  const items = [
    markup`<span><i class="mark bar"></i>a bar is what came in that moment, the higher the more characters</span>`,
    markup`<span><i class="mark first"></i>first byte</span>`,
    markup`<span><i class="mark end"></i>end of the stream</span>`,
    markup`<span><i class="mark gap"></i>long silence</span>`,
  ]
  return markup`${items}`
}
