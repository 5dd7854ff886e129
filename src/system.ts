/** The one file of the core that may name a clock. Whatever is here can be handed in instead. */

/** Milliseconds that only grow; the zero point does not matter. */
export type Clock = () => number

export const systemClock: Clock = () => performance.now()
