/** The numbers that the design asks for, and what was measured. A budget that is missed is a line in a table, never a failure. */
import { exponentOf } from './growth.mjs'
import { DIALECTS } from './workloads.mjs'

const KB = 1024
const TEXT = { what: 'text', size: 100_000, framing: '1.4 KB' }
const TOOL = { what: 'tool', size: 256 * KB, framing: '1.4 KB', shape: 'file' }
const SHAPES = { file: 'one long string', records: 'many records' }
const SDK_FACTORS = { 'anthropic-messages': 2.5, 'openai-chat': 4, 'openai-responses': 5 }
const PEER_FACTORS = { ai: 10, langchain: 10, 'llm-stream-assemble': 3.5 }
const LIVE_FACTOR = 200

/**
 * @param result of `npm run bench`
 * @param peers result of bench/peers, where there is one
 * @param histories result of bench/histories.mjs, where there is one
 * @returns rows of `budget`, `dialect`, `limit`, `measured` (undefined: not measured), `unit`, `isMet`
 */
export function budgetsOf(result, peers, histories) {
  return [
    ...ratios(result),
    ...factors(result),
    ...growths(result),
    ...live(result, peers),
    ...memory(result),
    ...peerFactors(peers),
    ...historyGrowth(histories),
  ]
}

function ratios(result) {
  const paths = [
    ['core', 'synchronous core', 1.25],
    ['events', 'ReadableStream, read by events', 1.5],
  ]
  return paths.flatMap(([key, name, limit]) =>
    DIALECTS.flatMap((dialect) =>
      [TEXT, TOOL].map((workload) => {
        const rows = rowsOf(result, dialect, workload)
        return atMost(`${name}, ${labelOf(workload)}`, dialect, limit, over(rows, key, 'L2'), '× L2')
      }),
    ),
  )
}

function factors(result) {
  return DIALECTS.flatMap((dialect) =>
    [TEXT, TOOL].map((workload) => {
      const rows = rowsOf(result, dialect, workload)
      const name = `faster than the SDK's stream helper, ${labelOf(workload)}`
      return atLeast(name, dialect, SDK_FACTORS[dialect], over(rows, 'sdk stream', 'message'), '×')
    }),
  )
}

function growths(result) {
  return growthOf(result)
    .filter(({ key }) => key === 'live')
    .map(({ dialect, shape, exponent, points }) => {
      const sizes = points.length < 5 ? `, ${points.length} sizes only` : ''
      return atMost(`growth of live tool input, ${SHAPES[shape]}${sizes}`, dialect, 1.1, exponent, 'exponent')
    })
}

function live(result, peers) {
  const seen = [result, ...(peers === undefined ? [] : [peers])]
  return DIALECTS.flatMap((dialect) =>
    seen.flatMap((one) =>
      ['file', 'records'].flatMap((shape) => {
        const rows = rowsOf(one, dialect, { what: 'live', size: 64 * KB, framing: 'event', shape })
        return rows
          .filter(({ key }) => key.endsWith(' live'))
          .map(({ key, name }) => {
            const budget = `live tool input of 64 KB, ${SHAPES[shape]}, faster than ${name}`
            return atLeast(budget, dialect, LIVE_FACTOR, over(rows, key, 'live'), '×')
          })
      }),
    ),
  )
}

function memory({ memory: rows = [] }) {
  const bytes = (dialect, contender, what, state, field) =>
    rows.find(
      (row) =>
        row.dialect === dialect &&
        row.contender === contender &&
        row.what === what &&
        row.state === state &&
        (row.tokens ?? TEXT.size) === TEXT.size,
    )?.[field]
  return DIALECTS.flatMap((dialect) => [
    ...['before the first byte', 'in the middle of a text'].map((state) => {
      const bare = bytes(dialect, 'stream', 'open', state, 'bytesPerStream')
      const ours = bytes(dialect, 'events', 'open', state, 'bytesPerStream')
      return atMost(`memory per open stream above the bare one, ${state}`, dialect, 8, difference(ours, bare, KB), 'KB')
    }),
    atMost(
      'peak of a 100k-token text above idle',
      dialect,
      20,
      difference(bytes(dialect, 'events', 'peak', undefined, 'peakBytes'), 0, 1e6),
      'MB',
    ),
  ])
}

function peerFactors(peers) {
  if (peers === undefined) return []
  return DIALECTS.flatMap((dialect) =>
    [TEXT, TOOL].flatMap((workload) => {
      const rows = rowsOf(peers, dialect, workload)
      return rows
        .filter(({ peer }) => PEER_FACTORS[peer] !== undefined)
        .map(({ key, name, peer }) =>
          atLeast(
            `faster than ${name}, ${labelOf(workload)}`,
            dialect,
            PEER_FACTORS[peer],
            over(rows, key, 'message'),
            '×',
          ),
        )
    }),
  )
}

/** The worst of all that is done with histories of each target. */
function historyGrowth({ histories } = { histories: [] }) {
  const targets = [...new Set(histories.map(({ target }) => target))]
  return targets.map((target) => {
    const exponents = histories.filter((row) => row.target === target).map(({ exponent }) => exponent)
    return atMost(
      'growth with the messages of a history',
      target ?? 'transcript',
      1.1,
      Math.max(...exponents),
      '(exponent)',
    )
  })
}

/** How the time of each contender grows with the size, for those that were timed at three sizes or more. */
export function growthOf(result) {
  const series = new Map()
  for (const { dialect, what, shape, framing, size, rows } of result.workloads) {
    if (what !== 'live' && what !== 'tool') continue
    for (const { key, name, medianMs } of rows) {
      if (medianMs === undefined) continue
      const id = [dialect, what, shape, framing, key].join('|')
      const one = series.get(id) ?? { dialect, what, shape, key, name, points: [] }
      series.set(id, one)
      one.points.push({ size, ms: medianMs })
    }
  }
  return [...series.values()]
    .filter(({ points }) => points.length >= 3)
    .map((one) => ({ ...one, exponent: exponentOf(one.points) }))
}

function rowsOf({ workloads }, dialect, wanted) {
  const wishes = Object.entries({ ...wanted, dialect })
  return workloads.find((workload) => wishes.every(([name, value]) => workload[name] === value))?.rows ?? []
}

function over(rows, key, base) {
  const [ms, baseMs] = [key, base].map((each) => rows.find((row) => row.key === each)?.medianMs)
  return ms === undefined || baseMs === undefined ? undefined : ms / baseMs
}

function difference(a, b, unit) {
  return a === undefined || b === undefined ? undefined : (a - b) / unit
}

function labelOf({ what }) {
  return what === 'text' ? '100k-token text' : '256 KB tool input'
}

function atMost(budget, dialect, limit, measured, unit) {
  return { budget, dialect, limit: `≤ ${limit}`, measured, unit, ...verdict(measured, (value) => value / limit) }
}

function atLeast(budget, dialect, limit, measured, unit) {
  return { budget, dialect, limit: `≥ ${limit}`, measured, unit, ...verdict(measured, (value) => limit / value) }
}

function verdict(measured, excessOf) {
  if (measured === undefined) return {}
  const excess = excessOf(measured)
  return { isMet: excess <= 1, excess }
}
