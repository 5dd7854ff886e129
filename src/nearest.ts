/** The name that somebody may have meant. */

export interface Nearest {
  readonly name: string
  /** How many characters are to be changed, added or taken away. */
  readonly distance: number
}

/** The one of the names that is most alike, the first of several; undefined if there are none. */
export function nearest(name: string, names: readonly string[]): Nearest | undefined {
  return names
    .map((one) => ({ name: one, distance: distance(name, one) }))
    .toSorted((a, b) => a.distance - b.distance)
    .at(0)
}

function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (const [index, letter] of Array.from(from.slice(0, 64)).entries()) {
    const next = [index + 1]
    for (let at = 1; at <= to.length; at += 1) {
      const replaced = (row[at - 1] ?? 0) + (to[at - 1] === letter ? 0 : 1)
      next.push(Math.min(replaced, (row[at] ?? 0) + 1, (next[at - 1] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
