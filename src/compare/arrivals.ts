/** The moments at which content came, on a clock that all sides share. */
import type { Arrival, Comparison, Side } from './comparison.ts'

/** A time without content. */
export interface Silence {
  readonly ms: number
  readonly atMs: number
}

/** Whether it says anything: an empty block does not, a call says its name. */
export function isContent({ kind, characters }: Arrival): boolean {
  return characters > 0 || kind === 'tool_call'
}

/** Between the moments at which content came, in order. Not between deltas: what comes in one chunk comes at once. */
export function silencesIn(arrivals: readonly Arrival[]): readonly Silence[] {
  const silences: Silence[] = []
  let now: number | undefined
  for (const arrival of arrivals) {
    if (!isContent(arrival)) continue
    now ??= arrival.ms
    if (arrival.ms <= now) continue
    silences.push({ ms: arrival.ms - now, atMs: now })
    now = arrival.ms
  }
  return silences
}

/** Where the clock of all sides ends, in milliseconds; undefined if no side has times. */
export function clockEnd(sides: readonly Side[]): number | undefined {
  const ends = sides.flatMap(({ times, arrivals }) =>
    arrivals.length === 0 ? [] : [times.endMs ?? 0, times.lastTokenMs ?? 0, arrivals.at(-1)?.ms ?? 0],
  )
  const end = Math.max(...ends)
  return end > 0 ? end : undefined
}

/** Why a side has no arrivals. */
export function whyNone({ times }: Side): string {
  return times.deltas === 0 ? 'no content came' : 'no times recorded'
}

/** What a block is known by in its turn. */
export function blockKey({ message, block }: Pick<Arrival, 'message' | 'block'>): string {
  return `${message} ${block}`
}

/** The names of the tools that a side calls, as they came, by the keys of their blocks. */
export function toolNames({ rows }: Comparison, side: number): ReadonlyMap<string, string> {
  return new Map(
    rows.flatMap(({ message, cells }) => {
      const cell = cells[side]
      if (cell?.kind !== 'tool_call') return []
      return cell.blocks.map((block): [string, string] => [blockKey({ message, block }), cell.call.name])
    }),
  )
}
