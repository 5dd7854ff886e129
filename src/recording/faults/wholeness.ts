/** Where a stream can be cut so that what has come is the beginning of the whole. */
import { isDelta, type Meaning } from './meaning.ts'

export interface Wholeness {
  /** Behind so many events one has come so late that others did not wait for it. */
  readonly tooLate: number
  /** Places between the end of a block and a piece of it that comes all the same. */
  readonly divided: ReadonlySet<number>
  /** Behind so many events content has come after the stop reason: it may be a repeat, of which a cut leaves a part. */
  readonly repeating: number
}

/** For so many events a numbered one is waited for. */
const HELD_EVENTS = 16

export function wholenessOf(meanings: readonly Meaning[], stopped: number): Wholeness {
  const endedAt = new Map<string, number>()
  const divided = new Set<number>()
  let tooLate = Infinity
  let repeating = Infinity
  let highest = -1
  for (const [index, meaning] of meanings.entries()) {
    const { operations, number } = meaning
    if (number !== undefined) {
      if (operations.some(({ op }) => op === 'begin')) highest = number
      if (number < highest - HELD_EVENTS) tooLate = Math.min(tooLate, index + 1)
      highest = Math.max(highest, number)
    }
    if (index > stopped && isDelta(meaning)) repeating = Math.min(repeating, index + 1)
    for (const operation of operations) {
      if (operation.op === 'close' && !endedAt.has(operation.key)) endedAt.set(operation.key, index)
      else if (operation.op === 'open') endedAt.delete(operation.key)
      else if (operation.op === 'append') {
        const end = endedAt.get(operation.key) ?? index
        for (let place = end + 1; place <= index; place += 1) divided.add(place)
      }
    }
  }
  return { tooLate, divided, repeating }
}
