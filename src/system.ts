/** The one file of the core that may name a clock, a timer or randomness. Whatever is here can be handed in instead. */

/** Time as a turn sees it. A test hands in one that it moves by itself. */
export interface Clock {
  /** Milliseconds that only grow; the zero point does not matter. */
  now(): number
  /** Calls `callback` once, `ms` milliseconds from now; gives what `clearTimeout` takes. */
  setTimeout(callback: () => void, ms: number): unknown
  clearTimeout(timer: unknown): void
}

export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (timer: ReturnType<typeof setTimeout>) => {
    clearTimeout(timer)
  },
}

/** A number from 0 up to, and not, 1. */
export type Random = () => number

export const systemRandom: Random = () => Math.random()
