/**
 * Times contenders on one workload in one process: each is tried and its result checked first, then all run in rounds, in an order drawn
 * anew for each round, so that nobody always pays for the garbage of the same neighbour. Garbage is collected when the runtime wants to.
 */
import { Growth } from './growth.mjs'
import { chance } from './wire/chance.mjs'
import { build } from './workloads.mjs'

const MAX_ROUNDS = 31
const WARM_RUNS = 20
const WARM_MS = 60
/** Whoever takes longer than this share of the cap is timed once, but for the floor and onefold. */
const ONCE_FROM = 1 / 5
const ALWAYS_IN_ROUNDS = new Set(['L2', 'core', 'message', 'events', 'live'])
/** A stream helper may take the last pieces together; then it shows a few previews less than there are deltas. */
const PREVIEWS_SHOWN = 0.9

/** A run that takes longer is not waited for, as far as that can be foreseen. */
const CAP_MS = 7500
const BUDGET_MS = 2000
const QUICK = { budgetMs: 700, minRounds: 2, capMs: 1500 }
/** From here on a run is long enough to be steady, and too long for many. */
const LARGE = 2 ** 22
/** A round that takes longer is one of two. */
const LONG_MS = 4000

/** Measures workload after workload; `onMeasured` gets each as soon as it is done. */
export async function measureWorkloads(workloads, contendersOf, { quick = false, capMs = CAP_MS }, onMeasured) {
  const growth = new Growth()
  const measured = []
  for (const workload of workloads) {
    const { answer: _answer, budgetMs = BUDGET_MS, ...about } = workload
    const built = { ...about, ...build(workload) }
    const isLarge = workload.size >= LARGE
    const contenders = contendersOf(workload).filter(({ key }) => !isLarge || !SMALL_ONLY.has(key))
    const limits = quick ? QUICK : { budgetMs, minRounds: 3, capMs }
    const rows = await measure(contenders, built, limits, growth)
    const floor = rows.find(({ key }) => key === 'L2')?.medianMs
    const withRatios = rows.map((row) => (row.medianMs === undefined ? row : { ...row, ratio: row.medianMs / floor }))
    const { bytes, events, chunks } = built
    const one = { ...about, bytes, events, chunks: chunks.length, rows: withRatios }
    measured.push(one)
    onMeasured(one)
  }
  return measured
}

/** What says nothing new of the largest sizes. */
const SMALL_ONLY = new Set(['L0', 'L1', 'L3', 'stream', 'core', 'sdk create'])

/**
 * @param contenders each with `name`, `key`, `run(workload)` and `read(result)`, which gives what of `expected` the contender knows
 * @param limits `budgetMs` for all rounds together, `minRounds`, `capMs` for one run of one contender
 * @param growth remembers what contenders took at smaller sizes of the same series, so that a quadratic one is not waited for
 */
async function measure(contenders, workload, { budgetMs, minRounds, capMs }, growth) {
  const rows = []
  for (const contender of contenders) rows.push(await tryOut(contender, workload, capMs, growth))
  const inRounds = rows.filter(
    ({ contender, state, times }) =>
      (state === 'ok' || state === 'wrong') && (times[0] <= capMs * ONCE_FROM || ALWAYS_IN_ROUNDS.has(contender.key)),
  )
  for (const row of inRounds) await warmUp(row, workload)
  const perRound = inRounds.reduce((sum, { times }) => sum + times[0], 0)
  const least = perRound > LONG_MS ? 2 : minRounds
  const rounds = Math.max(least, Math.min(MAX_ROUNDS, Math.floor(budgetMs / Math.max(perRound, 0.01))))
  const below = chance(rounds)
  for (let round = 0; round < rounds; round += 1) {
    for (const row of shuffled(inRounds, below)) row.times.push(await timeOf(row.contender, workload))
  }
  // The last run of the warm-up counts only where it is all there is.
  return rows.map(({ contender, state, note, times }) => {
    const counted = times.length > 1 ? times.slice(1) : times
    const { name, key, peer } = contender
    if (counted.length === 0) return { name, key, ...(peer === undefined ? {} : { peer }), state, note }
    growth.note(key, workload, median(counted))
    return {
      name,
      key,
      ...(peer === undefined ? {} : { peer }),
      state,
      ...(note ? { note } : {}),
      rounds: counted.length,
      medianMs: median(counted),
      minMs: Math.min(...counted),
    }
  })
}

/** Short runs say nothing before their code is compiled. */
async function warmUp(row, workload) {
  let spent = row.times[0]
  for (let runs = 1; runs < WARM_RUNS && spent < WARM_MS; runs += 1) {
    row.times = [await timeOf(row.contender, workload)]
    spent += row.times[0]
  }
}

async function timeOf(contender, workload) {
  const start = performance.now()
  await contender.run(workload)
  return performance.now() - start
}

async function tryOut(contender, workload, capMs, growth) {
  const expectedMs = growth.expect(contender.key, workload)
  if (expectedMs > capMs && !ALWAYS_IN_ROUNDS.has(contender.key)) {
    return { contender, state: 'skipped', note: `by its growth it would take ${secondsOf(expectedMs)}`, times: [] }
  }
  try {
    const start = performance.now()
    const result = await contender.run(workload)
    const ms = performance.now() - start
    const shown = contender.read(result)
    const fault = faultOf(shown, workload)
    const note = fault ?? remarkOf(shown, workload)
    return { contender, state: fault === undefined ? 'ok' : 'wrong', note, times: [ms] }
  } catch (error) {
    const isNotYet = error?.code === 'unknown_dialect' || /unknown_dialect/u.test(String(error?.message))
    if (isNotYet) return { contender, state: 'not yet', note: 'this build does not know the dialect', times: [] }
    return { contender, state: 'failed', note: String(error?.message ?? error).slice(0, 160), times: [] }
  }
}

/** What is wrong with a result; undefined if nothing is. */
function faultOf(result, { expected, events }) {
  if (result.events !== undefined && result.events !== events) return `${result.events} events of ${events}`
  if (result.text !== undefined && result.text !== expected.text) {
    return `text of ${result.text.length} characters, not ${expected.text.length}${result.text.length === expected.text.length ? ' of these' : ''}`
  }
  if (result.inputs !== undefined) {
    if (result.inputs.length !== expected.inputs.length)
      return `${result.inputs.length} calls of ${expected.inputs.length}`
    if (result.inputs.some((input, i) => input !== expected.inputs[i])) return 'another tool input'
  }
  if (result.last !== undefined && result.last !== expected.inputs.at(-1)) return 'the last preview is not the input'
  return undefined
}

/** Some give a preview at each delta, some now and then. */
function remarkOf({ reads }, { deltas }) {
  return reads === undefined || reads >= deltas * PREVIEWS_SHOWN ? undefined : `${reads} previews of ${deltas}`
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

function shuffled(items, below) {
  const rest = [...items]
  return items.map(() => rest.splice(below(rest.length), 1)[0])
}

function secondsOf(ms) {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`
}
