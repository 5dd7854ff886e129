/** The arrivals of a side as lanes of bins on a clock that all sides share: however many there were, as many as a chart can show. */
import type { BlockKind } from '../../message.ts'
import { blockKey, isContent, silencesIn, toolNames, type Silence } from '../arrivals.ts'
import type { Comparison, Side } from '../comparison.ts'
import { KIND_NAMES } from '../told.ts'

/** Bins of the whole clock. */
export const BINS = 320
/** With more blocks than this, there is one lane for each kind. */
const MOST_LANES = 6
/** A silence is labelled if it is longer than this, and than this part of the clock. */
const LONG_MS = 500
const LONG_PART = 0.1
/** So many labels fit. */
const MOST_SILENCES = 8

export interface Lane {
  readonly name: string
  readonly kind: BlockKind
  readonly bins: readonly Bin[]
}
/** What came in one bin. */
export interface Bin {
  readonly at: number
  readonly characters: number
  readonly deltas: number
}
/** A time without content. `isFirst`: before any came. */
export interface Wait extends Silence {
  readonly isFirst: boolean
}

/** The lanes of a side, in the order in which their blocks began. */
export function lanesOf(comparison: Comparison, side: number, endMs: number): readonly Lane[] {
  const arrivals = comparison.sides[side]?.arrivals ?? []
  const blocks = new Set(arrivals.map(blockKey))
  const areMerged = blocks.size > MOST_LANES
  const names = toolNames(comparison, side)
  const hasMessages = arrivals.some(({ message }) => message > 0)
  const lanes = new Map<string, { name: string; kind: BlockKind; bins: Map<number, Bin> }>()
  for (const arrival of arrivals) {
    const { kind, message, characters, deltas, ms } = arrival
    const key = areMerged ? kind : blockKey(arrival)
    let lane = lanes.get(key)
    if (lane === undefined) {
      const one = names.get(key) ?? KIND_NAMES[kind]
      const name = areMerged ? `all ${pluralOf(kind)}` : hasMessages ? `${one}, message ${message + 1}` : one
      lane = { name, kind, bins: new Map() }
      lanes.set(key, lane)
    }
    const at = Math.max(0, Math.min(BINS - 1, Math.floor((ms / endMs) * BINS)))
    const known = lane.bins.get(at) ?? { at, characters: 0, deltas: 0 }
    lane.bins.set(at, { at, characters: known.characters + characters, deltas: known.deltas + deltas })
  }
  return [...lanes.values()].map(({ bins, ...lane }) => ({
    ...lane,
    bins: [...bins.values()].toSorted((a, b) => a.at - b.at),
  }))
}

function pluralOf(kind: BlockKind): string {
  return kind === 'thinking' || kind === 'media' ? kind : `${KIND_NAMES[kind]}s`
}

/** The long silences of a side, the longest first, in their order. */
export function silencesOf({ arrivals }: Side, endMs: number): readonly Wait[] {
  const least = Math.max(LONG_MS, LONG_PART * endMs)
  const first = arrivals.find(isContent)
  const all: readonly Wait[] = [
    ...(first === undefined ? [] : [{ ms: first.ms, atMs: 0, isFirst: true }]),
    ...silencesIn(arrivals).map((silence) => ({ ...silence, isFirst: false })),
  ]
  const longest = all
    .filter(({ ms }) => ms > least)
    .toSorted((a, b) => b.ms - a.ms)
    .slice(0, MOST_SILENCES)
  return longest.toSorted((a, b) => a.atMs - b.atMs)
}
