/**
 * Histories: how long a transcript, a projection, a validation and a repair take, and how that grows with the messages. Can be run alone:
 * `node bench/histories.mjs`, with `--quick` and `--dist` as `npm run bench`; then nothing else of the results is measured anew.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { loadOnefold } from './contenders/onefold.mjs'
import { exponentOf } from './growth.mjs'
import { brokenOf, conversationOf, transcriptOf } from './history-workloads.mjs'
import { describeRun } from './machine.mjs'
import { median } from './measure.mjs'
import { readOptions } from './options.mjs'
import { historyTable, plain } from './table.mjs'
import { chance } from './wire/chance.mjs'

const root = new URL('../', import.meta.url)
const TARGETS = ['anthropic', 'openai-chat', 'openai-responses', 'gemini', 'deepseek', 'kimi']
const SIZES = [12_500, 25_000, 50_000, 100_000]
const QUICK_SIZES = [1250, 2500, 5000]
const ROUNDS = 3
/** No further round of a size is begun after that. */
const BUDGET_MS = 30_000

/** @returns one row for each of what is done: `does`, `target`, `points` of `size` and the median `ms`, `exponent` */
export async function measureHistories({ quick, dist }) {
  const onefold = await loadOnefold(dist)
  const rows = new Map()
  for (const size of quick ? QUICK_SIZES : SIZES) {
    const tasks = tasksOf(onefold, size)
    // The first runs of all are slow for want of compiled code, which would flatter the growth.
    for (const { run } of rows.size === 0 || quick ? tasks : []) run()
    const start = performance.now()
    const below = chance(size)
    for (let round = 0; round < ROUNDS && (round === 0 || performance.now() - start < BUDGET_MS); round += 1) {
      const rest = [...tasks]
      while (rest.length > 0) {
        const [task] = rest.splice(below(rest.length), 1)
        const before = performance.now()
        task.run()
        task.times.push(performance.now() - before)
      }
    }
    for (const { does, target, times } of tasks) {
      const id = `${does} ${target ?? ''}`
      const row = rows.get(id) ?? { does, target, points: [] }
      rows.set(id, row)
      row.points.push({ size, rounds: times.length, ms: median(times) })
    }
  }
  return [...rows.values()].map((row) => ({ ...row, exponent: exponentOf(row.points) }))
}

const task = (does, target, run) => ({ does, target, run, times: [] })

function tasksOf(onefold, size) {
  const { Transcript, project, repair, validate } = onefold
  const steps = conversationOf(size)
  const transcript = transcriptOf(onefold, steps)
  const whole = [
    task('add and settle', undefined, () => transcriptOf(onefold, steps)),
    task('open()', undefined, () => transcript.open()),
    task('entries() as JSON and back', undefined, () =>
      Transcript.from(JSON.parse(JSON.stringify(transcript.entries()))),
    ),
  ]
  const each = TARGETS.flatMap((target) => {
    const { messages } = project(transcript, target)
    const broken = brokenOf(onefold, size, target)
    if (validate(messages, target).length > 0) throw new Error(`the projection for ${target} is not valid`)
    if (validate(broken, target).length === 0) throw new Error(`the broken history of ${target} is valid`)
    return [
      task('project', target, () => project(transcript, target)),
      task('validate', target, () => validate(messages, target)),
      task('repair of a valid history', target, () => repair(messages, target)),
      task('repair of a broken history', target, () => repair(broken, target)),
    ]
  })
  return [...whole, ...each].toSorted((a, b) => (a.does < b.does ? -1 : a.does > b.does ? 1 : 0))
}

export async function measureHistoryPart(options) {
  const about = await describeRun([], root)
  return { ...about, histories: await measureHistories(options) }
}

export function printHistories({ histories }) {
  console.log(`Histories\n${plain(...historyTable(histories))}\n`)
}

export async function writeHistories(result) {
  const file = new URL('bench/results/histories.json', root)
  await mkdir(new URL('.', file), { recursive: true })
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`)
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { quick, dist, isWhole } = readOptions(root)
  const result = await measureHistoryPart({ quick, dist })
  printHistories(result)
  if (isWhole && !quick) await writeHistories(result)
}
