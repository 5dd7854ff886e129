/** The numbers of the events of a stream. */
import { does, isTerminal } from './meaning.ts'
import type { FaultStream } from './stream.ts'

/**
 * Whether the numbers of a stream tell the truth: from each beginning on they grow by one, and one that was there before
 * comes with the same event again.
 */
export function hasTrueNumbers(stream: FaultStream): boolean {
  const known = KNOWN.get(stream)
  if (known !== undefined) return known
  const isTrue = tellTruth(stream)
  KNOWN.set(stream, isTrue)
  return isTrue
}

/** A stream never changes, and is asked for each of its events. */
const KNOWN = new WeakMap<FaultStream, boolean>()

function tellTruth(stream: FaultStream): boolean {
  let last: number | undefined
  let seen = new Map<number, string | undefined>()
  for (const [index, meaning] of stream.meanings.entries()) {
    const { number } = meaning
    if (number === undefined) continue
    const data = stream.events[index]?.data
    if (does(meaning, 'begin') || last === undefined) {
      seen = new Map([[number, data]])
      last = number
    } else if (number === last + 1) {
      seen.set(number, data)
      last = number
    } else if (seen.get(number) !== data && !isTerminal(meaning)) return false
  }
  return last !== undefined
}

/** Whether the events need no numbers: none comes twice or out of its order. */
export function isInOrder(stream: FaultStream): boolean {
  const { meanings, landmarks } = stream
  if (meanings.every(({ number }) => number === undefined)) return true
  if (!hasTrueNumbers(stream)) return false
  let last = -1
  return meanings.slice(0, landmarks.over).every((meaning) => {
    const { number } = meaning
    if (number === undefined) return true
    const isNext = number > last || does(meaning, 'begin')
    last = number
    return isNext
  })
}
