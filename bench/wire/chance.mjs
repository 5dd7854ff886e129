/** Chance from a seed: every run of the bench, on any machine, streams the same bytes. */
export function chance(seed) {
  let state = seed
  return function below(limit) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}
