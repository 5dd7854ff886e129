/** Which cell of one message stands for which cell of another. */
import type { ToolCallBlock } from '../message.ts'
import { contentOf } from './cells.ts'
import type { Cell } from './comparison.ts'
import { textOfJson } from './json-changes.ts'

/** Two places: in the reference and in the side. */
export type Pair = readonly [reference: number, side: number]

/** More pairs than this are not weighed: then each cell stands for the next one of its kind. */
const MOST_WEIGHED = 4_000_000

/** A cell, and what only one that says the same has too. */
interface Marked {
  readonly cell: Cell
  readonly mark: string
  readonly at: number
}

/**
 * The pairs, in the order of the reference. Calls are matched by name: those with the same input first, the others in their order, wherever
 * they stand. All else keeps its order: as much of the same kind as can be, where equal cells count for more and a call on the way for a
 * little. The same pairs whichever message is the reference. `isOneDialect`: both are of one.
 */
export function align(
  reference: readonly Cell[],
  side: readonly Cell[],
  { isOneDialect }: { readonly isOneDialect: boolean },
): readonly Pair[] {
  const [ones, others] = [marked(reference, isOneDialect), marked(side, isOneDialect)]
  // Of two equally good alignments one is taken by the order of the arguments.
  const pairs = comesBefore(others, ones) ? paired(others, ones).map(([a, b]): Pair => [b, a]) : paired(ones, others)
  return pairs.toSorted(([a], [b]) => a - b)
}

function marked(cells: readonly Cell[], isOneDialect: boolean): readonly Marked[] {
  return cells.map((cell, at) => ({ cell, mark: markOf(cell, isOneDialect), at }))
}

function markOf(cell: Cell, isOneDialect: boolean): string {
  switch (cell.kind) {
    case 'text':
    case 'refusal':
    case 'thinking':
      return `${cell.kind} ${cell.text}`
    case 'tool_call':
      return `${cell.kind} ${markOfCall(cell.call)}`
    case 'tool_result':
    case 'media':
    case 'other':
      return `${cell.kind} ${textOfJson(contentOf(cell, isOneDialect))}`
    default: {
      const never: never = cell
      return never
    }
  }
}

function markOfCall(call: ToolCallBlock): string {
  const said = call.state === 'complete' ? textOfJson(call.input) : call.arguments
  return `${JSON.stringify(call.name)} ${call.state} ${said}`
}

function comesBefore(ones: readonly Marked[], others: readonly Marked[]): boolean {
  for (const [at, { mark }] of ones.entries()) {
    const other = others[at]?.mark
    if (other === undefined) return false
    if (mark !== other) return mark < other
  }
  return ones.length < others.length
}

function paired(ones: readonly Marked[], others: readonly Marked[]): readonly Pair[] {
  const calls = pairedCalls(ones, others)
  const partner = new Map(calls)
  const isCertain = (one: Marked, other: Marked): boolean =>
    one.cell.kind === 'tool_call' ? partner.get(one.at) === other.at : one.mark === other.mark
  const shorter = Math.min(ones.length, others.length)
  const isSame = (a: number, b: number): boolean => {
    const [one, other] = [ones.at(a), others.at(b)]
    return one !== undefined && other !== undefined && isCertain(one, other)
  }
  let start = 0
  while (start < shorter && isSame(start, start)) start += 1
  let end = 0
  while (end < shorter - start && isSame(-1 - end, -1 - end)) end += 1
  const middle = [ones.slice(start, ones.length - end), others.slice(start, others.length - end)] as const
  const inOrder = [
    ...Array.from({ length: start }, (_, at): Pair => [at, at]),
    ...(middle[0].length * middle[1].length > MOST_WEIGHED ? nextOfKind(...middle) : heaviest(...middle, isCertain)),
    ...Array.from({ length: end }, (_, at): Pair => [ones.length - end + at, others.length - end + at]),
  ]
  return [...inOrder.filter(([a]) => ones[a]?.cell.kind !== 'tool_call'), ...calls]
}

/** Of each name: those with equal input, in their order, then what is left, in its order. */
function pairedCalls(ones: readonly Marked[], others: readonly Marked[]): readonly Pair[] {
  const taken = new Set<number>()
  const takenOf = (queues: ReadonlyMap<string, number[]>, key: string): number | undefined => {
    const queue = queues.get(key) ?? []
    while (queue.length > 0) {
      const at = queue.pop()
      if (at === undefined || taken.has(at)) continue
      taken.add(at)
      return at
    }
    return undefined
  }
  const pair = (calls: readonly Marked[], queues: ReadonlyMap<string, number[]>, keyOf: typeof nameOf): Pair[] =>
    calls.flatMap((call): readonly Pair[] => {
      const other = takenOf(queues, keyOf(call))
      return other === undefined ? [] : [[call.at, other]]
    })
  const calls = ones.filter(isCall)
  const equal = pair(
    calls,
    queuesOf(others, ({ mark }) => mark),
    ({ mark }) => mark,
  )
  const known = new Set(equal.map(([a]) => a))
  const rest = calls.filter(({ at }) => !known.has(at))
  return [...equal, ...pair(rest, queuesOf(others, nameOf), nameOf)]
}

function isCall({ cell }: Marked): boolean {
  return cell.kind === 'tool_call'
}

function nameOf({ cell }: Marked): string {
  return cell.kind === 'tool_call' ? cell.call.name : ''
}

/** The places of the calls by what they are asked for, the first one last. */
function queuesOf(cells: readonly Marked[], keyOf: typeof nameOf): ReadonlyMap<string, number[]> {
  const queues = new Map<string, number[]>()
  for (const cell of cells.toReversed()) {
    if (!isCall(cell)) continue
    const queue = queues.get(keyOf(cell)) ?? []
    queues.set(keyOf(cell), queue)
    queue.push(cell.at)
  }
  return queues
}

/** The pairs in ascending order with the greatest sum of weights. */
function heaviest(
  ones: readonly Marked[],
  others: readonly Marked[],
  isCertain: (one: Marked, other: Marked) => boolean,
): readonly Pair[] {
  // Calls find each other anyway: all of them together weigh less than one pair of anything else.
  const unit = 1 + Math.min(ones.filter(isCall).length, others.filter(isCall).length)
  const weight = (one: Marked, other: Marked): number => {
    if (one.cell.kind !== other.cell.kind) return 0
    if (isCertain(one, other)) return one.cell.kind === 'tool_call' ? 1 : 5 * unit
    return one.cell.kind === 'tool_call' ? 0 : (2 + likeness(one.mark, other.mark)) * unit
  }
  const width = others.length + 1
  const best = new Float64Array((ones.length + 1) * width)
  const at = (a: number, b: number): number => best[a * width + b] ?? 0
  for (let a = ones.length - 1; a >= 0; a -= 1) {
    for (let b = others.length - 1; b >= 0; b -= 1) {
      const [one, other] = [ones[a], others[b]]
      const own = one === undefined || other === undefined ? 0 : weight(one, other)
      const both = own === 0 ? 0 : own + at(a + 1, b + 1)
      best[a * width + b] = Math.max(both, at(a + 1, b), at(a, b + 1))
    }
  }
  const pairs: Pair[] = []
  let [a, b] = [0, 0]
  while (a < ones.length && b < others.length) {
    const [one, other] = [ones[a], others[b]]
    if (one === undefined || other === undefined) break
    if (at(a + 1, b) >= at(a, b)) a += 1
    else if (at(a, b + 1) >= at(a, b)) b += 1
    else {
      pairs.push([one.at, other.at])
      a += 1
      b += 1
    }
  }
  return pairs
}

/** What two texts begin and end with alike, as a part of the longer one, below 1. No more than that of each end is looked at. */
const LOOKED_AT = 60

function likeness(one: string, other: string): number {
  const shorter = Math.min(one.length, other.length, LOOKED_AT)
  let start = 0
  while (start < shorter && one.charCodeAt(start) === other.charCodeAt(start)) start += 1
  let end = 0
  while (end < shorter - start && one.charCodeAt(one.length - 1 - end) === other.charCodeAt(other.length - 1 - end)) {
    end += 1
  }
  return (start + end) / (Math.min(Math.max(one.length, other.length), LOOKED_AT) + 1)
}

function nextOfKind(ones: readonly Marked[], others: readonly Marked[]): readonly Pair[] {
  const pairs: Pair[] = []
  const places = new Map<Cell['kind'], Marked[]>()
  for (const other of others.toReversed()) {
    const there = places.get(other.cell.kind) ?? []
    places.set(other.cell.kind, there)
    there.push(other)
  }
  let from = -1
  for (const { cell, at } of ones) {
    const there = places.get(cell.kind) ?? []
    while ((there.at(-1)?.at ?? Infinity) <= from) there.pop()
    const other = there.pop()
    if (other === undefined) continue
    pairs.push([at, other.at])
    from = other.at
  }
  return pairs
}
