/** How time grows with size: what it lets expect, and its exponent. */

/** Sizes and times of the contenders of a series, and what they let expect of the next size. */
export class Growth {
  #points = new Map()

  note(key, workload, ms) {
    const id = this.#idOf(key, workload)
    this.#points.set(id, [...(this.#points.get(id) ?? []), { size: workload.size, ms }])
  }

  expect(key, workload) {
    const points = this.#points.get(this.#idOf(key, workload)) ?? []
    const [before, last] = [points.at(-2), points.at(-1)]
    if (last === undefined) return 0
    const ratio = workload.size / last.size
    // A growth measured at small sizes is noise; whoever is still fast there is let try.
    if (before === undefined || before.ms < 5) return last.ms < 50 ? 0 : last.ms * ratio
    const power = Math.log(last.ms / before.ms) / Math.log(last.size / before.size)
    return last.ms * ratio ** Math.max(1, power)
  }

  #idOf(key, { dialect, what, shape, framing }) {
    return [key, dialect, what, shape, framing].join(' ')
  }
}

/** The exponent of the power law through the points: the slope of the line of least squares through their logarithms. */
export function exponentOf(points) {
  const xs = points.map(({ size }) => Math.log(size))
  const ys = points.map(({ ms }) => Math.log(ms))
  const [x, y] = [mean(xs), mean(ys)]
  const covariance = xs.reduce((sum, each, i) => sum + (each - x) * (ys[i] - y), 0)
  return covariance / xs.reduce((sum, each) => sum + (each - x) ** 2, 0)
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
