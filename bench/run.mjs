/**
 * `npm run bench`: onefold against the floors and the official SDKs, its memory, ten thousand turns at once, streams that never end, and
 * histories.
 * Prints tables and writes the same as JSON to bench/results/. Never fails because of a number.
 *
 *   --quick          less than a minute, in smaller sizes
 *   --only PATTERN   only the workloads whose `dialect/label/framing` it matches; writes nothing
 *   --dist PATH      another build of onefold; writes nothing
 */
import { mkdir, writeFile } from 'node:fs/promises'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { budgetsOf, growthOf } from './budgets.mjs'
import { floorContenders } from './contenders/floors.mjs'
import { loadOnefold, onefoldContenders } from './contenders/onefold.mjs'
import { sdkContenders } from './contenders/sdks.mjs'
import { measureHistoryPart, printHistories, writeHistories } from './histories.mjs'
import { describeRun } from './machine.mjs'
import { measureManyParts, printManyParts, writeManyParts } from './many-run.mjs'
import { measureWorkloads } from './measure.mjs'
import { measureMemory } from './memory.mjs'
import { readOptions } from './options.mjs'
import { plain, printRun, printWorkload, ratio, verdictOf } from './table.mjs'
import { workloadsOf } from './workloads.mjs'

const root = new URL('../', import.meta.url)
const { quick, only, dist, isWhole } = readOptions(root)
const onefold = onefoldContenders(await loadOnefold(dist))
const sdks = sdkContenders({ Anthropic, OpenAI })

const about = await describeRun(['openai', '@anthropic-ai/sdk', 'eventsource-parser'], root)
printRun(about)
const contendersOf = ({ dialect, what }) => {
  const kind = what === 'live' ? 'live' : 'final'
  return [
    ...floorContenders.filter(({ isLive }) => kind === 'final' || isLive),
    ...onefold[kind],
    ...sdks[dialect][kind],
  ]
}
const workloads = await measureWorkloads(
  workloadsOf(quick ? 'quick' : 'full', only),
  contendersOf,
  { quick },
  printWorkload,
)
const dialects = dialectsIn(workloads).slice(0, quick ? 1 : undefined)
const isAll = only === undefined
const memory = isAll ? await measureMemory({ quick, dist, dialects }) : []
const manyParts = isAll ? await measureManyParts({ quick, dist, dialects }) : undefined
const historyPart = isAll ? await measureHistoryPart({ quick, dist }) : undefined
const result = { ...about, quick, workloads, memory }

const growth = growthOf(result).map(({ dialect, what, shape, name, exponent, points }) => [
  `${dialect}, ${what === 'live' ? 'live' : 'final'}, ${shape}: ${name}`,
  ratio(exponent),
  `${points.length} sizes`,
])
if (growth.length > 0) console.log(`Growth with the size of the tool input\n${plain(['', 'exponent', ''], growth)}\n`)
if (memory.length > 0)
  console.log(`Memory\n${plain(['', 'KB per stream', 'peak MB', 'alive MB', ''], memory.map(memoryCells))}\n`)
if (manyParts !== undefined) printManyParts(manyParts)
if (historyPart !== undefined) printHistories(historyPart)
const budgets = budgetsOf(result, undefined, historyPart).filter(({ measured }) => measured !== undefined)
const budgetCells = ({ dialect, budget, limit, measured, unit, ...verdict }) => [
  dialect === '' ? budget : `${dialect}: ${budget}`,
  limit,
  `${ratio(measured)} ${unit}`,
  verdictOf({ limit, ...verdict }),
]
if (budgets.length > 0) console.log(plain(['Budget', 'limit', 'measured', ''], budgets.map(budgetCells)))

if (isWhole) {
  const file = new URL(`bench/results/${quick ? 'quick' : 'onefold'}.json`, root)
  await mkdir(new URL('.', file), { recursive: true })
  await writeFile(file, `${JSON.stringify({ ...result, budgets: budgetsOf(result) }, null, 2)}\n`)
  if (!quick) await writeManyParts(manyParts)
  if (!quick) await writeHistories(historyPart)
  console.log(
    `\nwritten: bench/results/${quick ? 'quick' : 'onefold'}.json${quick ? '' : '; `node bench/report.mjs` makes docs/performance.md of it'}`,
  )
}

/** The dialects that this build of onefold reads. */
function dialectsIn(measured) {
  return [...new Set(measured.filter(isRead).map(({ dialect }) => dialect))]
}

function memoryCells({ dialect, what, state, contender, bytesPerStream, peakBytes, aliveBytes }) {
  const name = `${dialect}, ${what === 'open' ? `open, ${state}` : 'peak'}: ${contender}`
  return [
    name,
    bytesPerStream === undefined ? '' : (bytesPerStream / 1024).toFixed(1),
    mb(peakBytes),
    mb(aliveBytes),
    '',
  ]
}

function isRead({ rows }) {
  return rows.some(({ key, state }) => key === 'message' && state === 'ok')
}

function mb(bytes) {
  return bytes === undefined ? '' : (bytes / 1e6).toFixed(1)
}
