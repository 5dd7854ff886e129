/** Writes docs/performance.md from the results that the last full runs left in bench/results/. */
import { readFile, writeFile } from 'node:fs/promises'
import { budgetsOf, growthOf } from './budgets.mjs'
import { HEAP_MB, isBeyond, perUnit } from './hostile.mjs'
import { STATES } from './memory.mjs'
import { clientsTable, hostileTable, historyTable, manyTable, markdown, ms, ratio, verdictOf } from './table.mjs'
import { DIALECTS } from './workloads.mjs'

/** More than that, and something else was running. */
const QUIET_LOAD = 0.5

const result = await read('onefold')
const peers = await read('peers')
const many = await read('many')
const historyPart = await read('histories')
const clients = await read('clients')
if (result === undefined) throw new Error('there is no bench/results/onefold.json; `npm run bench` writes it')

const parts = [
  '# Performance',
  'Written by `node bench/report.mjs` from `bench/results/`, which `npm run bench` and `npm run bench:peers` fill. Not edited by hand; no number in it can fail a test.',
  aboutOf(result),
  '## The budgets',
  budgetTable(budgetsOf(result, peers, historyPart)),
  '## How it is measured',
  methodOf(),
  '## Whole messages',
  'The first column is the floor L2 in milliseconds, all others are multiples of it.',
  ...DIALECTS.flatMap((dialect) => [`### ${dialect}`, matrix(result, dialect, ({ what }) => what !== 'live')]),
  '## Live tool input',
  'A preview of the arguments after each delta, one event a chunk, against the same floor.',
  ...DIALECTS.flatMap((dialect) => [`### ${dialect}`, matrix(result, dialect, ({ what }) => what === 'live')]),
  '## Growth',
  'The exponent of time over size, fitted to the medians from 16 KB on: 1 is linear, 2 quadratic.',
  growthTable(result),
  '## Memory',
  memoryTable(result),
  ...(many === undefined ? [] : [...manyParts(many), ...hostileParts(many)]),
  ...(historyPart === undefined ? [] : historyParts(historyPart)),
  ...(clients === undefined ? [] : clientParts(clients)),
  ...(peers === undefined ? [] : peerParts(peers)),
]
await writeFile(new URL('../docs/performance.md', import.meta.url), `${parts.join('\n\n')}\n`)

async function read(name) {
  try {
    return JSON.parse(await readFile(new URL(`results/${name}.json`, import.meta.url), 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

function aboutOf({ date, node, versions, machine, garbageCollection }) {
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  const { platform, cpu, cores, memoryGiB, load } = machine
  return `${date} · ${[`Node ${node.slice(1)}`, ...(packages.length > 0 ? [packages.join(', ')] : [])].join(' · ')} · ${cores} cores (${cpu}), ${memoryGiB} GiB, ${platform}, load ${load} before the start · ${garbageCollection} garbage collection`
}

function methodOf() {
  return `One process; on each workload every contender is tried once and its result compared with what was streamed (text and tool input, character
by character), warmed up, and then all run in rounds, in an order drawn anew for each round. The figures are medians. Garbage is collected when
the runtime wants to. The bytes come from a seed and are the same everywhere: text in deltas of one token, tool input in deltas of 8 to 32
characters, events as each provider sends them, in chunks of 1,400 bytes or one event each.

- **L0** decodes each chunk once, **L1** also splits into events, **L2** also runs \`JSON.parse\` on each payload, **L3** also appends each delta to a
  string. Each keeps only what its step needs. L2, the base of all ratios, uses \`TextDecoder\` as onefold does; Node's own \`StringDecoder\` would
  take about a tenth off it.
- **core** is L2 with each payload given to \`createAssembler\`; L2's own time is in it.
- **message** is \`assemble(stream).message()\`, **events** is \`for await (const event of assemble(stream))\`, over a \`ReadableStream\` that gives a
  chunk when it is asked. Reading that stream and doing nothing is the column **stream**.
- **SDK events** and **SDK message** are the official SDK's \`create({ stream: true })\` and its stream helper up to the final message, behind a
  \`fetch\` that answers with the same chunks.
- Memory is measured in processes of their own: per open stream from 2,000 that wait at once, after a collection; the peak as the system sees it
  (resident set above idle, natural collection), and what of it is alive.
- **Live**: onefold's \`turn.partialInput(block)\`, the \`inputJson\` snapshots of Anthropic's helper, the \`parsed_arguments\` that openai's chat helper
  gives for a strict tool. openai's Responses helper has only the raw text. How fast a partial parser is depends on what it parses: one long
  string (a file that is written), or many small records.

What is noisy: times move by 5 to 10 % between runs and ratios by half of that, but now and then one ratio by a third, without a change of
the code (the core's on Anthropic's 100k text was 1.26 in one run of the day and 1.71 in the next); runs below 5 ms more, and a machine that
does something else (its load is above) much more. Read a budget that is missed or met by less than that as not decided. The peak depends on when the young generation is collected. A contender that would by its own growth take longer
than several seconds is not waited for (–), and a slow one is timed once.`
}

function budgetTable(budgets) {
  const rows = budgets.map((row) => [
    row.budget,
    row.dialect,
    row.limit,
    row.measured === undefined ? '' : `${ratio(row.measured)} ${row.unit}`,
    verdictOf(row),
  ])
  return markdown(['budget', 'dialect', 'limit', 'measured', ''], rows)
}

/** Workloads down, contenders across. */
function matrix({ workloads }, dialect, isMeant) {
  const columns = [
    ['L0', 'L0'],
    ['L1', 'L1'],
    ['L3', 'L3'],
    ['stream', 'stream'],
    ['core', 'core'],
    ['message', 'message'],
    ['events', 'events'],
    ['live', 'onefold'],
    ['sdk create', 'SDK events'],
    ['sdk stream', 'SDK message'],
    ['sdk live', 'SDK'],
  ]
  const meant = workloads.filter((workload) => workload.dialect === dialect && isMeant(workload))
  const used = columns.filter(([key]) => meant.some(({ rows }) => rows.some((row) => row.key === key)))
  const rows = meant.map((workload) => {
    const cells = used.map(([key]) => cellOf(workload.rows.find((row) => row.key === key)))
    return [
      `${workload.label}, ${chunking(workload)}`,
      ms(workload.rows.find(({ key }) => key === 'L2')?.medianMs),
      ...cells,
    ]
  })
  return markdown(['', 'L2 ms', ...used.map(([, name]) => name)], rows)
}

function chunking({ framing }) {
  return framing === 'event' ? 'an event a chunk' : '1.4 KB'
}

function cellOf(row) {
  if (row === undefined) return ''
  if (row.ratio === undefined) return row.state === 'skipped' ? '–' : row.state
  return row.state === 'ok' ? ratio(row.ratio) : `${ratio(row.ratio)} (${row.state})`
}

function growthTable(measured) {
  const rows = growthOf(measured)
    .filter(({ key }) => key !== 'L0' && key !== 'L1' && key !== 'L3' && key !== 'stream')
    .map(({ dialect, what, shape, name, exponent, points }) => [
      name,
      dialect,
      `${what === 'live' ? 'live' : 'whole'}, ${shape === 'records' ? 'many records' : 'one long string'}`,
      `${points.length}`,
      exponent.toFixed(2),
    ])
  return markdown(['contender', 'dialect', 'tool input', 'sizes', 'exponent'], rows)
}

function memoryTable({ memory }) {
  const names = { stream: 'bare ReadableStream', L3: 'L3, no stream', events: 'onefold, read by events' }
  const rows = DIALECTS.flatMap((dialect) =>
    Object.keys(names).map((contender) => {
      const of = (what, state) =>
        memory.find(
          (row) => row.dialect === dialect && row.contender === contender && row.what === what && row.state === state,
        )
      const open = STATES.map((state) => of('open', state)?.bytesPerStream)
      const peak = of('peak')
      return [
        names[contender],
        dialect,
        ...open.map((bytes) => (bytes === undefined ? '' : (bytes / 1024).toFixed(1))),
        peak === undefined ? '' : (peak.peakBytes / 1e6).toFixed(1),
        peak === undefined ? '' : (peak.aliveBytes / 1e6).toFixed(1),
      ]
    }),
  )
  const head = [
    '',
    'dialect',
    ...STATES.map((state) => `KB per open stream, ${state}`),
    'peak of 100k tokens, MB',
    'alive, MB',
  ]
  return markdown(head, rows)
}

function manyParts(measured) {
  const [first] = measured.many
  if (first === undefined) return []
  const events = measured.many.filter(({ turns }) => turns > 0).map((one) => one.events / one.turns)
  const runs = Math.max(...measured.many.map((one) => one.runs ?? 0))
  return [
    '## Ten thousand turns at once',
    aboutOf(measured),
    `${first.turns.toLocaleString('en')} turns in one process: all are open before the first stream gives anything, and then each stream gives one event a round, so that
all of them are under way until the end. Each says a short text and calls one tool, ${Math.min(...events)} to ${Math.max(...events)} events in all, with its own number in the
text and in the call: a message with the number of another turn, or a call that came twice, would fail the run. The seconds are those from the
first call to the last message, and then those that the processor worked. The heap and the resident set are at their peak, above idle; garbage
is collected when the runtime wants to, and much of them is garbage. The SDKs answer from one client, behind a \`fetch\`. ${runs > 1 ? `Each figure is the median of\n${runs} runs, each in a process of its own (the streams alone: one run).` : 'Each figure is\nfrom one run, in a process of its own.'}`,
    markdown(...manyTable(measured.many)),
  ]
}

function historyParts(measured) {
  const { histories, machine } = measured
  const rounds = histories.flatMap(({ points }) => points.map((point) => point.rounds))
  const isBusy = machine.load > QUIET_LOAD
  return [
    '## Histories',
    aboutOf(measured),
    `A conversation of an agent: a question of thirty words, rounds of thinking, text and one or two calls with their results, and an answer. The
size counts what was added, messages and results. In the broken history every tenth result is missing, and fifty ids come again and again.
All run in rounds, in an order drawn anew for each; the figures are medians of ${Math.min(...rounds)} to ${Math.max(...rounds)} runs, and the exponent is fitted to all sizes: 1 is
linear, 2 quadratic.${isBusy ? ' The machine was busy with something else meanwhile, so the times are too long by an unknown part.' : ''}`,
    markdown(...historyTable(histories)),
  ]
}

function clientParts(measured) {
  const { date, node, machine, chunks, rows } = measured
  return [
    '## A hundred clients',
    `${date}, Node ${node.slice(1)}, load ${machine.load} before the start. Each client asks a question of its own and compares each byte of its answer, ${chunks} chunks with 10 ms between them. \`wrong\`: answers, and then recorded files, that are not byte for byte what was sent for that question. The time to the client is that of a chunk, from the server's write until the client has it. \`node bench/clients.mjs\` measures it anew.`,
    markdown(...clientsTable(rows)),
  ]
}

function hostileParts({ hostile }) {
  const limitOf = (name) => Math.max(...hostile.filter(({ ended }) => ended === name).map(({ limit }) => limit))
  const worst = Math.max(...hostile.filter(({ ended }) => ended === 'messageLength').map(perUnit))
  const gigabytes = (worst * 64 * 2 ** 20) / 1e9
  const beyond = hostile.filter(isBeyond)
  return [
    '## Streams that never end',
    `What a server can make onefold hold that goes on for ever, each with as much as possible of one thing, in a process whose heap is limited
to ${HEAP_MB} MB. The limits are scaled down: \`messageLength\` and \`eventLength\` at most ${limitOf('messageLength') / 1024} Ki characters, \`blocks\` ${limitOf('blocks')}, \`choices\` ${limitOf('choices')}. Either
a limit ends the turn, or nothing of the stream is kept; what is held is what is alive after a collection, the message with it, more or less
half a megabyte that the process itself needs. For each character that a limit counts that is a few bytes in long pieces, and much
more in tiny ones, each of which is an object: at most ${ratio(worst)} bytes here, which with the default of 64 Mi characters would be ${gigabytes.toFixed(1)} GB. Whoever reads
from servers that are not trusted sets \`limits.messageLength\` to what the heap has room for.`,
    ...(beyond.length === 0 ? [] : [`${beyond.length} of ${hostile.length} hold more than they may.`]),
    markdown(...hostileTable(hostile)),
  ]
}

/** Contenders down, workloads across. */
function peerParts(measured) {
  return [
    '## Peers',
    aboutOf(measured),
    'The same workloads and the same checks. Milliseconds; “wrong” is a result that is not what was streamed.',
    ...DIALECTS.flatMap((dialect) => {
      const workloads = measured.workloads.filter((workload) => workload.dialect === dialect)
      const tables = [false, true].map((isLive) => {
        const meant = workloads.filter(({ what }) => (what === 'live') === isLive)
        const names = [...new Set(meant.flatMap(({ rows }) => rows.map(({ name }) => name)))]
        const rows = names.map((name) => [
          name,
          ...meant.map((one) => peerCell(one.rows.find((row) => row.name === name))),
        ])
        return markdown(['', ...meant.map(({ label }) => label)], rows)
      })
      return [`### ${dialect}, peers`, ...tables]
    }),
    measured.remarks.map((remark) => `- ${remark}`).join('\n'),
    notesOf(measured),
  ]
}

function peerCell(row) {
  if (row === undefined) return ''
  if (row.medianMs === undefined) return row.state === 'skipped' ? '–' : row.state
  return row.state === 'ok' ? ms(row.medianMs) : `${ms(row.medianMs)} (${row.state})`
}

/** What the cells have no room for: each remark once. */
function notesOf({ workloads }) {
  const notes = workloads.flatMap(({ dialect, label, rows }) =>
    rows
      .filter(({ note, state }) => note !== undefined && state !== 'not yet')
      .map(({ name, state, note }) => `- ${name}, ${dialect}, ${label}: ${state === 'ok' ? '' : `${state}, `}${note}.`),
  )
  return [...new Set(notes)].join('\n')
}
