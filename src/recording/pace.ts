/** When a recorded chunk is due. The rule: recorded time runs forwards only. */

/**
 * Waits until so many recorded milliseconds have gone by since the beginning; `wait` is given each gap. A time that runs backwards waits for
 * nothing, and what comes after it for no longer than recorded.
 */
export function untilOf(wait: (ms: number) => Promise<void>): (ms: number) => Promise<void> {
  let now = 0
  return async (ms) => {
    const gap = ms - now
    if (gap <= 0) return
    now = ms
    await wait(gap)
  }
}
