/**
 * How much memory a turn takes, each figure in a process of its own (memory-child.mjs): while it is open and waits, and at most while a
 * long text goes through it.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { median } from './measure.mjs'
import { build, DIALECTS, workloadsOf } from './workloads.mjs'

const run = promisify(execFile)
export const STATES = ['before the first byte', 'in the middle of a text']
/** The system's own figure moves by some megabytes. */
const PEAK_RUNS = 3
const OPEN = ['stream', 'events']
const PEAK = ['stream', 'L3', 'events']
const CHILD = new URL('memory-child.mjs', import.meta.url).pathname

/** @returns one row a contender and state, in bytes */
export async function measureMemory({ quick, dist, dialects = DIALECTS }) {
  const folder = await mkdtemp(join(tmpdir(), 'onefold-bench-'))
  try {
    const rows = []
    for (const dialect of dialects) {
      const size = quick ? '20k' : '100k'
      const [workload] = workloadsOf(quick ? 'quick' : 'full', `^${dialect}/text of ${size} tokens/1.4 KB`)
      const { chunks } = build(workload)
      const body = join(folder, dialect)
      await writeFile(body, Buffer.concat(chunks))
      const ask = async (what) => {
        const parameters = JSON.stringify({ ...what, dialect, body, dist, quick })
        const { stdout } = await run(process.execPath, ['--expose-gc', CHILD, parameters])
        return JSON.parse(stdout)
      }
      for (const state of STATES) {
        for (const contender of OPEN) {
          const what = { what: 'open', state, contender }
          rows.push({ dialect, ...what, ...(await ask(what)) })
        }
      }
      for (const contender of PEAK) {
        const what = { what: 'peak', contender }
        const figures = []
        for (let i = 0; i < (quick ? 1 : PEAK_RUNS); i += 1) figures.push(await ask(what))
        const peakBytes = median(figures.map((figure) => figure.peakBytes))
        const aliveBytes = median(figures.map((figure) => figure.aliveBytes))
        rows.push({ dialect, tokens: workload.size, ...what, peakBytes, aliveBytes })
      }
    }
    return rows
  } finally {
    await rm(folder, { recursive: true })
  }
}
