/** Ten thousand turns at once in one process: how long they take, and at most how much memory. Each figure is from a process of its own. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { median } from './measure.mjs'
import { DIALECTS } from './workloads.mjs'

const run = promisify(execFile)
const CHILD = new URL('many-child.mjs', import.meta.url).pathname
const TURNS = 10_000
const RUNS = 3
/** Another round of all contenders is run only if it can be over by then. */
const BUDGET_MS = 100_000
/** Whoever takes longer is given up. */
const TIMEOUT_MS = 120_000

/** The contenders by their key; what only reads says how much of each figure is the streams' own. */
export const MANY = {
  stream: 'the streams alone, only read',
  message: 'onefold: fold(stream)',
  events: 'onefold: for await (event of assemble(stream))',
  sdk: "the official SDK's stream helper, its final message",
}

/** @returns one row a dialect and contender: `turns`, `events`, medians `ms`, `cpuMs`, `residentBytes`, `heapBytes`, or what went wrong as `note` */
export async function measureMany({ quick, dist, dialects = DIALECTS }) {
  const asked = dialects.flatMap((dialect) =>
    Object.keys(MANY).map((contender) => ({ dialect, contender, figures: [], note: undefined })),
  )
  const start = performance.now()
  // Whatever else the machine does, it should not meet always the same one.
  for (let round = 0; round < (quick ? 1 : RUNS); round += 1) {
    const elapsedMs = performance.now() - start
    if (round > 0 && elapsedMs + elapsedMs / round > BUDGET_MS) break
    for (const one of asked) {
      const isNoise = one.contender === 'stream' && round > 0
      if (isNoise || one.note !== undefined) continue
      const parameters = { dialect: one.dialect, contender: one.contender, count: quick ? TURNS / 10 : TURNS, dist }
      try {
        const options = { timeout: TIMEOUT_MS }
        const { stdout } = await run(process.execPath, ['--expose-gc', CHILD, JSON.stringify(parameters)], options)
        one.figures.push(JSON.parse(stdout))
      } catch (error) {
        one.note = String(error.stderr || error.message).slice(0, 400)
      }
    }
  }
  return asked.map(({ dialect, contender, figures, note }) => ({ dialect, contender, ...mediansOf(figures), note }))
}

function mediansOf(figures) {
  const [first] = figures
  if (first === undefined) return {}
  const { turns, events } = first
  const names = ['ms', 'cpuMs', 'residentBytes', 'heapBytes']
  const medians = names.map((name) => [name, Math.round(median(figures.map((figure) => figure[name])))])
  return { turns, events, runs: figures.length, ...Object.fromEntries(medians) }
}
