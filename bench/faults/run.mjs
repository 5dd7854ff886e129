/**
 * Every plan of `onefold/faults` against onefold, its peers and a plain loop, on Node 24, since the newest of them need
 * it: `npm run bench:faults`. Prints the scores and writes everything to bench/faults/results.json; `report.mjs` makes
 * the tables of docs/faults.md of it.
 *
 *   --contender KEY   only this one; writes nothing. May be repeated, as the next two may
 *   --plan NAME       only this plan; writes nothing
 *   --stream NAME     only this recording, as `dialect/name`; writes nothing
 *   --show            prints every trial that does not hold, with what came of it
 *   --dist PATH       another build of onefold; writes nothing
 */
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { describeRun } from '../machine.mjs'
import { plain } from '../table.mjs'
import { wireOf } from './body.mjs'
import { contendersOf } from './contenders/all.mjs'
import { isSilent, judge } from './judge.mjs'
import { DIALECTS, LEFT_OUT, MOST_PLACES, readStreams } from './streams.mjs'
import { joinedByPlan, percent, scoreOf } from './score.mjs'

/** Who has not settled by then hangs. A trial takes some milliseconds. */
const HANGS_AFTER_MS = 2000
/** What cannot be run as it stands on npm today. */
const UNAVAILABLE =
  'pi-ai 0.87.1 is used. The newest, 1.5.2, cannot be installed: it depends on packages (`@earendil-works/pi-schema`, and all since 0.99.1 on newer versions of `@earendil-works/pi-telemetry`) that are not on npm.'

const { values } = parseArgs({
  options: {
    contender: { type: 'string', multiple: true },
    plan: { type: 'string', multiple: true },
    stream: { type: 'string', multiple: true },
    show: { type: 'boolean', default: false },
    dist: { type: 'string' },
  },
})
const isWhole = [values.contender, values.plan, values.stream, values.dist].every((value) => value === undefined)
const root = new URL('../../', import.meta.url)
const dist = values.dist === undefined ? new URL('dist', root).pathname : resolve(values.dist)
// oxlint-disable-next-line import/no-dynamic-require -- which build it is says the command line
const [build, faults] = await Promise.all([import(`${dist}/index.js`), import(`${dist}/faults.js`)])

// Some of them print what they think of a model or a stream; nothing of that is a result.
const print = console.log
for (const level of ['log', 'info', 'warn', 'error', 'debug']) console[level] = () => {}
globalThis.AI_SDK_LOG_WARNINGS = false

/** Promises that a library left to reject with nobody there: Node ends a program for one of these. */
let strays = 0
process.on('unhandledRejection', () => (strays += 1))

const isWanted = (wanted, name) => wanted === undefined || wanted.includes(name)
const contenders = contendersOf(build).filter(({ key }) => isWanted(values.contender, key))
const streams = (await readStreams(root, build, faults)).filter(({ dialect, name }) =>
  isWanted(values.stream, `${dialect}/${name}`),
)
const about = await describeRun(
  [...new Set(contenders.flatMap(({ packages }) => packages))],
  new URL('./', import.meta.url),
)

const rows = []
const cleanRuns = []
for (const contender of contenders) {
  for (const stream of streams.filter(({ dialect }) => contender.dialects.includes(dialect))) {
    const clean = await settle(contender, stream, stream.recording)
    const fault = cleanFault(clean, stream)
    if (fault !== undefined)
      cleanRuns.push({ contender: contender.key, dialect: stream.dialect, stream: stream.name, fault })
    if (clean === undefined || clean.error !== undefined) continue
    for (const { plan, expectation, places } of stream.faults) {
      if (isWanted(values.plan, plan.name))
        rows.push(await tryPlan(contender, stream, clean, { plan, expectation, places }))
    }
  }
  report(contender)
}

if (isWhole) {
  const result = {
    ...about,
    remark: UNAVAILABLE,
    hangsAfterMs: HANGS_AFTER_MS,
    mostPlaces: MOST_PLACES,
    leftOut: LEFT_OUT,
    contenders: contenders.map(({ key, name, how }) => ({ key, name, how })),
    streams: streams.map(({ dialect, name, faults: fitting }) => ({
      dialect,
      name,
      trials: fitting.reduce((sum, { places }) => sum + places.length, 0),
    })),
    plans: plansIn(streams),
    cleanRuns,
    rows: joinedByPlan(rows),
  }
  await writeFile(new URL('results.json', import.meta.url), `${JSON.stringify(result, null, 2)}\n`)
  print('written: bench/faults/results.json; `node bench/faults/report.mjs` makes docs/faults.md of it')
}
// Some peers keep timers.
process.exit(0)

/** What the contender makes of a recording; undefined if it does not settle. */
async function settle(contender, { dialect, tools }, recording) {
  const wire = wireOf(recording, dialect, tools)
  let timer
  const late = new Promise((give) => {
    timer = setTimeout(give, HANGS_AFTER_MS)
  })
  const result = await Promise.race([contender.run(wire), late])
  clearTimeout(timer)
  wire.settled()
  return result
}

async function tryPlan(contender, stream, clean, { plan, expectation, places }) {
  const row = {
    contender: contender.key,
    dialect: stream.dialect,
    stream: stream.name,
    plan: plan.name,
    tried: places.length,
    held: 0,
    failures: {},
    silent: 0,
    echoes: 0,
    strays: 0,
  }
  for (const place of places) {
    const recording = faults.breakRecording(stream.recording, plan, { place })
    const before = strays
    // A hang is believed when it comes again: the machine may have been busy.
    const broken = (await settle(contender, stream, recording)) ?? (await settle(contender, stream, recording))
    const isAborted = recording.ending === 'abort'
    const failure = judge(clean, broken, expectation, isAborted)
    if (failure === undefined) row.held += 1
    else {
      row.failures[failure] = (row.failures[failure] ?? 0) + 1
      row.first ??= `${stream.name}@${place}`
    }
    if (expectation.effect === 'lossy' && !isAborted && isSilent(clean, broken)) row.silent += 1
    if (expectation.effect === 'same' && (broken?.echoes ?? 0) > clean.echoes) row.echoes += 1
    // A rejection is seen only when the microtasks are done.
    await new Promise((give) => setImmediate(give))
    if (strays > before) row.strays += 1
    if (failure !== undefined && values.show) {
      print(
        `${contender.key} ${stream.dialect}/${stream.name} ${plan.name}@${place}: ${failure} ${JSON.stringify(broken)}`,
      )
    }
  }
  return row
}

/** How the clean run of a contender differs from what was sent, in a word; it is judged by its own all the same. */
function cleanFault(clean, { message, tools }) {
  if (clean === undefined) return 'never settles'
  if (clean.error !== undefined) return `error: ${clean.error}`
  const sent = { text: textOf(message, 'text'), thinking: textOf(message, 'thinking') }
  if (clean.text !== sent.text) return `text ${clean.text.length > sent.text.length ? 'more than once' : 'missing'}`
  const calls = message.content.filter(({ type }) => type === 'tool_call')
  const names = clean.calls.map((call) => call.slice(0, call.indexOf(' ')))
  if (names.length !== calls.length || names.some((name) => !tools.some((tool) => tool.name === name))) {
    return `${names.length} calls in place of ${calls.length}: ${names.join(', ')}`
  }
  return clean.thinking === sent.thinking ? undefined : 'thinking not shown'
}

function textOf({ content }, type) {
  return content.flatMap((block) => (block.type === type ? [block.text] : [])).join('')
}

function plansIn(all) {
  const plans = new Map()
  for (const { dialect, faults: fitting } of all) {
    for (const { plan, expectation } of fitting) {
      const known = plans.get(plan.name) ?? { name: plan.name, about: plan.about, effects: {} }
      known.effects[dialect] = expectation.effect
      plans.set(plan.name, known)
    }
  }
  return [...plans.values()]
}

function report({ key, name }) {
  const cells = DIALECTS.map((dialect) => {
    const own = joinedByPlan(rows.filter((row) => row.contender === key && row.dialect === dialect))
    return own.length === 0 ? '' : percent(scoreOf(own))
  })
  print(plain(['', ...DIALECTS], [[name, ...cells]]))
}
