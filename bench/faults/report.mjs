/**
 * Writes the sections of docs/faults.md that come from bench/faults/results.json, each between its own two marks; the
 * rest of the page is written by hand. With `--check` it writes nothing and fails if a section is not what it would be.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { markdown } from '../table.mjs'
import { FAILURES } from './judge.mjs'
import { percent, scoreOf } from './score.mjs'
import { DIALECTS } from './streams.mjs'

const result = JSON.parse(await readFile(new URL('results.json', import.meta.url), 'utf8'))
const page = new URL('../../docs/faults.md', import.meta.url)

const EXPECTED = { same: 'same', lossy: 'lossy', either: 'same or error' }

const sections = {
  about: aboutOf(result),
  scores: scoreTable(result),
  failures: failureTable(result),
  'clean runs': cleanRunsOf(result),
  drivers: driversOf(result),
  'left out': leftOutOf(result),
  ...Object.fromEntries(DIALECTS.map((dialect) => [dialect, planTable(result, dialect)])),
}

const before = await readFile(page, 'utf8')
let after = before
for (const [name, text] of Object.entries(sections)) after = withSection(after, name, text)
if (!process.argv.includes('--check')) await writeFile(page, after)
else if (before !== after)
  throw new Error('docs/faults.md is not what bench/faults/results.json says: node bench/faults/report.mjs')

function withSection(text, name, content) {
  const [begin, end] = [`<!-- from bench/faults: ${name} -->`, `<!-- end: ${name} -->`]
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from === -1 || to < from) throw new Error(`docs/faults.md has no section ${begin} … ${end}`)
  return `${text.slice(0, from)}${begin}\n\n${content}\n\n${text.slice(to)}`
}

function aboutOf({ date, node, versions, machine, streams, contenders, rows, remark }) {
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  const trials = rows.reduce((sum, { tried }) => sum + tried, 0)
  const recordings = DIALECTS.map((dialect) => {
    const own = streams.filter((stream) => stream.dialect === dialect)
    return `- ${dialect}: ${own.map(({ name, trials: count }) => `${name} (${count})`).join(', ')}`
  })
  return [
    `${date} · Node ${node.slice(1)} · ${packages.join(', ')} · ${machine.platform}`,
    `${contenders.length} contenders, ${trials} broken streams. They are made of these recordings, in brackets how many of each:`,
    recordings.join('\n'),
    remark,
  ].join('\n\n')
}

function of(rows, contender, dialect) {
  return rows.filter((row) => row.contender === contender && (dialect === undefined || row.dialect === dialect))
}

function scoreTable({ contenders, rows, cleanRuns }) {
  const lines = contenders.map(({ key, name }) => [
    name,
    ...DIALECTS.map((dialect) => {
      const own = of(rows, key, dialect)
      const isOff = cleanRuns.some((run) => run.contender === key && run.dialect === dialect && !isOnlyThinking(run))
      return own.length === 0 ? '' : `${percent(scoreOf(own))}${isOff ? ' \\*' : ''}`
    }),
  ])
  const plans = DIALECTS.map((dialect) => of(rows, contenders[0].key, dialect).length)
  return [
    markdown(['', ...DIALECTS], [...lines, ['plans', ...plans]]),
    ...(cleanRuns.some((run) => !isOnlyThinking(run))
      ? [
          '\\* What it makes of the unbroken streams is already not what was sent, see below; the score says how much of *that* it keeps.',
        ]
      : []),
  ].join('\n\n')
}

/** Of chat, thinking is a field that not everybody reads. */
function isOnlyThinking({ fault }) {
  return fault === 'thinking not shown'
}

function failureTable({ contenders, rows }) {
  const line = (label, countOf) => [
    label,
    ...contenders.map(({ key }) => of(rows, key).reduce((sum, row) => sum + (countOf(row) ?? 0), 0)),
  ]
  const head = ['', ...contenders.map(({ name }) => name)]
  return [
    markdown(head, [
      line('broken streams', ({ tried }) => tried),
      line('of them held', ({ held }) => held),
      ...Object.entries(FAILURES).map(([kind, label]) => line(label, ({ failures }) => failures?.[kind])),
    ]),
    'And, which costs no point:',
    markdown(head, [
      line('tells a cut by nothing but a missing stop reason', ({ silent }) => silent),
      line('says once more by an event that something is finished', ({ echoes }) => echoes),
      line('leaves a rejected promise that nobody can catch', ({ strays }) => strays),
    ]),
  ].join('\n\n')
}

function cleanRunsOf({ contenders, cleanRuns }) {
  const named = cleanRuns.map(({ contender, dialect, stream, fault }) => ({
    who: `${contenders.find(({ key }) => key === contender)?.name}, ${dialect}`,
    what: `${stream}: ${fault}`,
  }))
  return [...new Set(named.map(({ who }) => who))]
    .map(
      (who) =>
        `- ${who}: ${named
          .filter((run) => run.who === who)
          .map(({ what }) => what)
          .join('; ')}`,
    )
    .join('\n')
}

function driversOf({ contenders }) {
  return contenders.map(({ name, how }) => `- **${name}**: ${how}.`).join('\n')
}

function leftOutOf({ leftOut }) {
  return Object.entries(leftOut)
    .map(([name, reason]) => `- \`${name}\`: ${reason}.`)
    .join('\n')
}

/** Plans down, contenders across. */
function planTable({ contenders, plans, rows }, dialect) {
  const speaking = contenders.filter(({ key }) => of(rows, key, dialect).length > 0)
  const lines = plans
    .filter(({ effects }) => effects[dialect] !== undefined)
    .map(({ name, about, effects }) => [
      `\`${name}\``,
      about,
      EXPECTED[effects[dialect]],
      ...speaking.map(({ key }) => cellOf(of(rows, key, dialect).find((row) => row.plan === name))),
    ])
  const [head, rule, ...rest] = markdown(
    ['plan', 'what it does', '', ...speaking.map(({ name }) => name)],
    lines,
  ).split('\n')
  return [head, rule.replace('| --- | --: | --: |', '| --- | --- | --- |'), ...rest].join('\n')
}

/** A mark where all of it holds, else how many of how many places. */
function cellOf(row) {
  if (row === undefined) return ''
  return row.held === row.tried ? '✓' : `${row.held}/${row.tried}`
}
