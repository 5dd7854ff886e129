/** The parts of the documentation that are made from the code, or from what it does. `npm run docs` writes them anew; here they are compared. */
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ANOMALY_KINDS } from '../src/anomaly.ts'
import { BLOCK_TABLE, MESSAGE_TABLE } from '../src/assembler/state.ts'
import { renderComparison, type Closer } from '../src/cli/render-comparison.ts'
import { compare } from '../src/compare/compare.ts'
import { ASPECT_MEANINGS } from '../src/compare/comparison.ts'
import { isObject, parseJson, wordOf } from '../src/json.ts'
import type { Dialect } from '../src/message.ts'
import { parseRecording } from '../src/recording/format.ts'
import { FAULT_PLANS } from '../src/recording/faults/plans.ts'
import { DEFINITIONS } from '../src/dialects/definitions.ts'
import { CLOSING_TEXTS } from '../src/transcript/closing.ts'
import { REPAIR_KINDS } from '../src/transcript/repairs.ts'
import { RULES } from '../src/transcript/rules.ts'
import { TARGETS } from '../src/transcript/target.ts'
import { toFoldTo } from '../src/vitest/matchers.ts'
import { CAPABILITIES, hasRecordings, shownOf } from './support/capabilities.ts'
import { ERROR_CLASSES, errorOf, retryableOf } from './support/error-classes.ts'
import { QUIRKS, type Quirk } from './support/quirks.ts'
import { RECORDED_TERMINALS, TERMINALS } from './support/terminals.ts'
import { TESTED_QUIRKS } from './support/tested-quirks.ts'

type Table = Readonly<Record<string, Readonly<Record<string, { readonly rule: string; readonly to: string }>>>>

/** A state diagram with one arrow for each pair of phases, naming the inputs that lead from one to the other. */
function diagram(table: Table): string {
  const arrows = Object.entries(table).flatMap(([phase, row]) => {
    const inputs = new Map<string, string[]>()
    for (const [input, { to }] of Object.entries(row)) inputs.set(to, [...(inputs.get(to) ?? []), input])
    return [...inputs].map(([to, names]) => `  ${phase} --> ${to}: ${names.join(', ')}`)
  })
  return ['```mermaid', 'stateDiagram-v2', ...arrows, '```'].join('\n')
}

function grid(table: Table): string {
  const inputs = Object.keys(Object.values(table)[0] ?? {})
  const rows = Object.entries(table).map(
    ([phase, row]) => `| **${phase}** | ${inputs.map((input) => row[input]?.rule ?? '').join(' | ')} |`,
  )
  return [`| | ${inputs.join(' | ')} |`, `|---|${inputs.map(() => '---').join('|')}|`, ...rows].join('\n')
}

const anomalies = Object.entries(ANOMALY_KINDS).map(([kind, meaning]) => `| \`${kind}\` | ${meaning} |`)

const errors = await Promise.all(
  Object.entries(ERROR_CLASSES).map(async ([name, row]) => {
    const seen = await Promise.all(row.examples.map(errorOf))
    return { name, row, seen: seen.filter((error) => error !== undefined) }
  }),
)

test.each(errors)('docs/errors.md: each example of the class $name ends with it', ({ name, row, seen }) => {
  expect(seen.map((error) => error.class)).toEqual(row.examples.map(() => name))
})

const DIALECTS = ['anthropic-messages', 'openai-chat', 'openai-responses'] as const

const plans = FAULT_PLANS.map(
  ({ name, about, effects }) =>
    `| \`${name}\` | ${about} | ${DIALECTS.map((dialect) => effects[dialect] ?? '').join(' | ')} |`,
)

const definitions = [...DEFINITIONS.values()]

test.each(definitions)('docs/dialects.md: $name has recordings', ({ name }) => {
  expect(hasRecordings(name)).toBe(true)
})

const word = (terminal: string | undefined): string => (terminal === undefined ? '–' : `\`${terminal}\``)

const capabilities = await Promise.all(
  definitions.map(async ({ name, carriesMany = false }) => {
    const shown = await shownOf(name)
    const cells = CAPABILITIES.map((capability) => {
      const recording = shown.get(capability.name)
      return recording === undefined ? '–' : `\`${recording}\``
    })
    return `| **${name}** | ${cells.join(' | ')} | ${endOf(name)} | ${carriesMany ? 'yes' : 'with `many`'} |`
  }),
)

/** By what most of its vendors end a message. */
function endOf(dialect: Dialect): string {
  const row = [...TERMINALS, ...RECORDED_TERMINALS].find((terminal) => terminal.dialect === dialect)
  return row === undefined ? '–' : row.hard === undefined ? `${word(row.soft)} (soft)` : word(row.hard)
}

const terminals = [...TERMINALS, ...RECORDED_TERMINALS].map(
  ({ vendor, dialect, hard, soft, source }) =>
    `| ${vendor} | ${dialect} | ${word(hard)} | ${word(soft)} | [${hostOf(source)}](${source}) |`,
)

function hostOf(source: string): string {
  const { hostname, pathname } = new URL(source)
  return hostname === 'github.com' ? pathname.split('/').slice(1, 3).join('/') : hostname
}

const GROUPS: Readonly<Record<string, string>> = {
  '1': 'The transport',
  '2': 'Anthropic Messages',
  '3': 'OpenAI chat',
  '4': 'OpenAI Responses',
  '5': 'Vendors of the chat format',
  '6': 'Gemini, Bedrock, Cohere, ACP',
  '9': 'Counting tokens',
  '10': 'Arguments of calls',
  '11': 'Thinking and signatures',
}

const tested = QUIRKS.filter(({ number }) => TESTED_QUIRKS.has(number))

/** Where a quirk was seen, or that of which it is another view. */
function placesOf({ seen, like = [] }: Quirk): string {
  const links = seen.map(
    (url) => `[${new URL(url).pathname.replace(/^\/(.*)\/(?:issues|pull)\/(\d+)$/u, '$1#$2')}](${url})`,
  )
  return [...links, ...like].join(', ')
}

const quirks = Object.entries(GROUPS).flatMap(([group, title]) => {
  const rows = tested.filter(({ number }) => number.startsWith(`${group}.`))
  const lines = rows.map((quirk) => `| ${quirk.number} | ${quirk.wire} | ${quirk.does} | ${placesOf(quirk)} |`)
  return [`### ${title}`, '', '| | the wire | onefold | seen in |', '|---|---|---|---|', ...lines, '']
})

/** Rules in the order of the targets, each once, with the targets that it is for. */
const rules = [...new Set(TARGETS.flatMap((target) => RULES[target]))].map((rule) => {
  const targets = TARGETS.filter((target) => RULES[target].includes(rule)).join(', ')
  const source = `[${hostOf(rule.source)}](${rule.source})`
  const id = rule.profile === 'strict' ? `${rule.id} *strict*` : rule.id
  return `| ${id} | ${targets} | ${rule.title} | ${rule.says.replaceAll('|', '\\|')} | ${source} |`
})

test('docs/history.md: no two rules have one id', () => {
  const ids = [...new Set(TARGETS.flatMap((target) => RULES[target]))].map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
})

interface ClientResult {
  readonly name: string
  readonly package: string
  readonly version: string
  readonly api: string
  readonly outcome: string
  readonly requests?: Readonly<Record<string, number>>
  readonly recordings?: number
  readonly replayed?: number
  readonly knownByHash?: number
  readonly toolRuns?: readonly number[]
}

interface ClientResults {
  readonly date: string
  readonly platform: string
  readonly node: string
  readonly nodeOfClients: string
  readonly network: string
  readonly clients: readonly ClientResult[]
}

const clientResults: ClientResults = JSON.parse(readFileSync(new URL('clients/results.json', import.meta.url), 'utf8'))

const clients = clientResults.clients.map((row) => {
  const { requests = {}, toolRuns = [] } = row
  const all = Object.values(requests).reduce((sum, count) => sum + count, 0)
  const cells = [
    `${row.name} (\`${row.package}\`)`,
    row.version,
    row.api,
    all === 0
      ? '–'
      : Object.entries(requests)
          .map(([kind, count]) => `${count} ${kind}`)
          .join(', '),
    row.recordings === undefined ? '–' : `${row.replayed} of ${row.recordings}`,
    row.knownByHash === undefined ? '–' : `${row.knownByHash} of ${all}`,
    toolRuns.length === 0 ? '–' : toolRuns.join(' and '),
    row.outcome === 'same answer' ? '**same answer**' : row.outcome,
  ]
  return `| ${cells.join(' | ')} |`
})

test('docs/clients.md: is about the versions that test/clients names', () => {
  const source = readFileSync(new URL('clients/clients.mjs', import.meta.url), 'utf8')
  const named = [...source.matchAll(/package: '(?<name>.+)',\s+version: '(?<version>.+)'/gu)]
  expect(clientResults.clients.map((row) => `${row.package} ${row.version}`)).toEqual(
    named.map(({ groups }) => `${groups?.name} ${groups?.version}`),
  )
})

const generated: readonly { readonly file: string; readonly section: string; readonly text: string }[] = [
  { file: 'docs/architecture.md', section: 'message diagram', text: diagram(MESSAGE_TABLE) },
  { file: 'docs/architecture.md', section: 'message table', text: grid(MESSAGE_TABLE) },
  { file: 'docs/architecture.md', section: 'block diagram', text: diagram(BLOCK_TABLE) },
  { file: 'docs/architecture.md', section: 'block table', text: grid(BLOCK_TABLE) },
  {
    file: 'docs/anomalies.md',
    section: 'kinds',
    text: ['| kind | what was seen, and what was done |', '|---|---|', ...anomalies].join('\n'),
  },
  {
    file: 'docs/dialects.md',
    section: 'capabilities',
    text: [
      `| | ${CAPABILITIES.map(({ name }) => name).join(' | ')} | terminal | many |`,
      `|---|${CAPABILITIES.map(() => '---|').join('')}---|---|`,
      ...capabilities,
    ].join('\n'),
  },
  {
    file: 'docs/dialects.md',
    section: 'terminals',
    text: ['| vendor | dialect | hard | soft | source |', '|---|---|---|---|---|', ...terminals].join('\n'),
  },
  { file: 'docs/dialects.md', section: 'quirks', text: quirks.join('\n').trimEnd() },
  {
    file: 'docs/history.md',
    section: 'rules',
    text: ['| | for | rule | what the provider answers | source |', '|---|---|---|---|---|', ...rules].join('\n'),
  },
  {
    file: 'docs/history.md',
    section: 'repairs',
    text: [
      '| kind | what was done |',
      '|---|---|',
      ...Object.entries(REPAIR_KINDS).map(([kind, meaning]) => `| \`${kind}\` | ${meaning} |`),
    ].join('\n'),
  },
  {
    file: 'docs/history.md',
    section: 'closing',
    text: [
      '| | the error result |',
      '|---|---|',
      ...Object.entries(CLOSING_TEXTS).map(([why, told]) => `| \`${why}\` | ${told} |`),
    ].join('\n'),
  },
  {
    file: 'docs/clients.md',
    section: 'clients',
    text: [
      `Run on ${clientResults.date} on ${clientResults.platform} with Node ${clientResults.node}, those clients that need Node with v${clientResults.nodeOfClients}; network: ${clientResults.network}.`,
      '',
      '| client | version | API | requests | recordings replayed | known by hash | command ran (first, second run) | second run |',
      '|---|---|---|---|---|---|---|---|',
      ...clients,
    ].join('\n'),
  },
  {
    file: 'docs/faults.md',
    section: 'plans',
    text: ['| plan | what it does | Anthropic | chat | Responses |', '|---|---|---|---|---|', ...plans].join('\n'),
  },
  {
    file: 'docs/errors.md',
    section: 'classes',
    text: [
      '| `error.class` | what happened | `retryable` |',
      '|---|---|---|',
      ...errors.map(({ name, row, seen }) => `| \`${name}\` | ${row.meaning} | ${retryableOf(row, seen)} |`),
    ].join('\n'),
  },
]

const schema = parseJson(readFileSync('recordings/recording.schema.json', 'utf8'))

/** A row for each key of the header that the schema describes, those within others too. */
function headerRows(object: unknown, path = ''): readonly string[] {
  if (!isObject(object) || !isObject(object['properties'])) return []
  const required = Array.isArray(object['required']) ? object['required'] : []
  return Object.entries(object['properties']).flatMap(([key, value]) => {
    if (!isObject(value)) return []
    const kinds = [
      value['type'],
      value['const'],
      Array.isArray(value['enum']) ? value['enum'].map(wordOf).join(', ') : undefined,
    ]
    const kind = kinds.find((one) => one !== undefined) ?? 'any'
    const name = `\`${path}${key}\`${required.includes(key) ? ', required' : ''}`
    return [`| ${name} | ${wordOf(kind)} | ${wordOf(value['description'])} |`, ...headerRows(value, `${path}${key}.`)]
  })
}

const documented = readFileSync('test/vitest/documented.test.ts', 'utf8')
const IMPORTS = documented.slice(documented.indexOf('import '), documented.indexOf('// docs:'))

/** A piece of the tests of the documentation, with the imports that it needs. */
function piece(name: string): string {
  const body = new RegExp(`// docs: ${name}\\n([\\s\\S]*?)\\n*// docs:`).exec(documented)?.[1] ?? ''
  const imports = IMPORTS.trim()
    .split('\n')
    .flatMap((line) => neededOf(line, body) ?? [])
  return ['```ts', ...imports, '', body.trim(), '```'].join('\n')
}

/** The import of what a piece uses; undefined if it uses nothing of it. */
function neededOf(line: string, body: string): string | undefined {
  const [, names = '', from = ''] = /^import (.*) from (.*)$/.exec(line) ?? []
  const isUsed = (name: string): boolean => new RegExp(`\\b${name.split(' as ').at(-1) ?? ''}\\b`).test(body)
  const used = names
    .replaceAll(/[{}]/g, '')
    .split(',')
    .map((name) => name.trim())
    .filter(isUsed)
  const isMatchers = from === "'onefold/vitest'" && used.length === 0
  if (isMatchers) return `import 'onefold/vitest'`
  if (used.length === 0) return undefined
  return `import ${names.startsWith('{') ? `{ ${used.join(', ')} }` : used.join(', ')} from ${from}`
}

async function failureText(): Promise<string> {
  const recording = parseRecording(readFileSync('recordings/anthropic-messages/one-tool.recording', 'utf8'))
  const message = parseJson(
    readFileSync('recordings/anthropic-messages/one-tool.json', 'utf8').replace('src/math.ts', 'src/maths.ts'),
  )
  const { message: said } = await toFoldTo(recording, message)
  return ['```', said(), '```'].join('\n')
}

/** What `onefold compare` prints of the two turns in `examples/compare`, in a pipe; of what is `only` looked at closer, these parts. */
function comparisonText(
  closer: Closer = { isText: false, isCalls: false, isTiming: false },
  only: readonly string[] = [],
): string {
  const labels = ['atlas-large', 'atlas-mini']
  const paths = labels.map((name) => `examples/compare/${name}.recording`)
  const turns = paths.map((path) => parseRecording(readFileSync(path, 'utf8')))
  const prices = JSON.parse(readFileSync('examples/compare/prices.json', 'utf8'))
  const report = renderComparison(compare(turns, { labels, prices }), {
    closer,
    ignored: [],
    paint: (_style, text) => text,
    width: 120,
    paths,
  })
  const parts = report.split('\n\n').filter((part) => only.length === 0 || only.some((start) => part.startsWith(start)))
  return ['```', parts.join('\n\n'), '```'].join('\n')
}

const comparisons: typeof generated = [
  {
    file: 'docs/compare.md',
    section: 'aspects',
    text: [
      '| aspect | what differs |',
      '|---|---|',
      ...Object.entries(ASPECT_MEANINGS).map(([aspect, meaning]) => `| \`${aspect}\` | ${meaning} |`),
    ].join('\n'),
  },
  { file: 'docs/compare.md', section: 'report', text: comparisonText() },
  {
    file: 'docs/compare.md',
    section: 'texts',
    text: comparisonText({ isText: true, isCalls: false, isTiming: false }, ['#2', '9 ']),
  },
  {
    file: 'docs/compare.md',
    section: 'calls',
    text: comparisonText({ isText: false, isCalls: true, isTiming: false }, ['#5', '#6', '9 ']),
  },
]

const recordings: typeof generated = [
  {
    file: 'docs/recordings.md',
    section: 'header',
    text: [
      '| key | form | |',
      '|---|---|---|',
      ...headerRows(isObject(schema) && isObject(schema['$defs']) ? schema['$defs']['header'] : undefined),
    ].join('\n'),
  },
  ...['matchers', 'fixture', 'each recording', 'each fault', 'own reader'].map((section) => ({
    file: 'docs/testing.md',
    section,
    text: piece(section),
  })),
  { file: 'docs/testing.md', section: 'failure', text: await failureText() },
]

test.each([...generated, ...comparisons, ...recordings])(
  '$file: the section "$section" is what the code says',
  ({ file, section, text }) => {
    const path = new URL(`../${file}`, import.meta.url)
    const [begin, end] = [`<!-- from the code: ${section} -->`, `<!-- end: ${section} -->`]
    const page = readFileSync(path, 'utf8')
    const [from, to] = [page.indexOf(begin), page.indexOf(end)]
    expect(from, `${file} has no line ${begin}`).toBeGreaterThanOrEqual(0)
    expect(to, `${file} has no line ${end}`).toBeGreaterThan(from)
    const whole = `${begin}\n\n${text}\n\n`
    if (process.env.ONEFOLD_UPDATE_DOCS === '1') writeFileSync(path, page.slice(0, from) + whole + page.slice(to))
    else expect(page.slice(from, to), `run npm run docs`).toBe(whole)
  },
)
