/** How many of the plans hold: each plan counts the same, however many places it was tried at. */

const COUNTS = ['tried', 'held', 'silent', 'echoes', 'strays']

/**
 * One row for each contender, wire format and plan, in place of one for each recording.
 *
 * @returns rows of `contender`, `dialect`, `plan`, what is counted if it is not 0, `failures` by kind, and `first`, the
 *   first recording and place where it does not hold
 */
export function joinedByPlan(rows) {
  const joined = new Map()
  for (const { contender, dialect, plan, failures, first, ...counts } of rows) {
    const name = [contender, dialect, plan].join()
    const sum = joined.get(name) ?? { contender, dialect, plan, tried: 0, held: 0 }
    for (const key of COUNTS) if (counts[key] > 0) sum[key] = (sum[key] ?? 0) + counts[key]
    for (const [kind, count] of Object.entries(failures)) {
      sum.failures = { ...sum.failures, [kind]: (sum.failures?.[kind] ?? 0) + count }
    }
    if (first !== undefined) sum.first ??= first
    joined.set(name, sum)
  }
  return [...joined.values()]
}

/** From 0 to 1, for rows of one contender and one wire format, one for each plan. */
export function scoreOf(rows) {
  return rows.reduce((sum, { held, tried }) => sum + held / tried, 0) / rows.length
}

/** 100 % is all of it, and nothing less is written so. */
export function percent(share) {
  const value = Math.floor(share * 1000 + 1e-9) / 10
  return value === 100 ? '100 %' : `${value.toFixed(1)} %`
}
