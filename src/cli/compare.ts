/** `onefold compare`: turns side by side, from files, from folders of them, or asked of several endpoints at once. */
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { compare } from '../compare/compare.ts'
import { ASPECTS, type Aspect, type CompareOptions, type Comparison, type PriceTable } from '../compare/comparison.ts'
import { priceOfSide } from '../compare/cost.ts'
import type { ObservedTurn } from '../compare/observed.ts'
import { MisuseError } from '../errors.ts'
import type { Dialect } from '../message.ts'
import { readEndpoints } from '../node/live/endpoints.ts'
import { unreadable } from '../node/recording-files.ts'
import type { Command, Console, ExitCode } from './command.ts'
import { compareFolders } from './compare-folders.ts'
import { askLive, turnOf } from './compare-live.ts'
import {
  aspectsOf,
  dialectOf,
  labelsOf,
  millisecondsOf,
  positiveOf,
  readPrices,
  referenceOf,
} from './compare-options.ts'
import { readSide, type ReadSide } from './compared-file.ts'
import { readInput } from './input.ts'
import { jsonText } from './json-text.ts'
import { renderComparison, type Closer } from './render-comparison.ts'
import { tryPage, writePage } from './page-file.ts'
import { preview, printable } from './terminal.ts'

const usage = `onefold compare A B …

Compares two or more turns with the first one: what they say, what they call, why and how they ended, what it took. A, B, … are files
(recordings, .sse and .ndjson bodies, whole JSON answers, HAR files with one answer, messages as onefold fold --json prints them; - is
the standard input), or folders of recordings, whose cases are matched by name. Or it asks several endpoints the same, and compares
what they answer: onefold compare --live endpoints.json "What is the weather in Paris?"

  --text            every text whole, with its changes; these three can be combined
  --calls           every call whole, with the places that differ marked
  --timing          the times, and a timeline on one clock
  --ignore LIST     what makes no difference: ${ASPECTS.join(', ')}
  --reference SIDE  with which the others are compared: its number (1), its file or its label; of --live by itself the first that answers
                    to the end
  --label NAME      what a side is called; once for each (the shortest file names that tell them apart)
  --prices FILE     JSON with { "model": { "input": 3, "output": 15 } }, for a million tokens; also cacheRead and cacheWrite
  --tolerance MS    times that lie no farther apart are the same (500, and a fifth of the longer one)
  --dialect NAME    the wire format, where a stream does not show it; of one that does nothing changes
  --html FILE       writes a page for a browser besides
  --json            the comparison as one JSON document; of folders a line for each case ({ case, comparison }, { case, missing } with
                    the numbers of the sides, from 0, or { case, unreadable }), then one with { summary, missing, unreadable, damaged }

Live: every stream is recorded. docs/compare.md shows the file of the endpoints; keys come from the environment.

  --live FILE       the endpoints; what follows the options is the question (- reads it from the standard input)
  --system TEXT     what stands before the question
  --max-tokens N    of each answer, for the endpoints that do not say it themselves
  --out DIR         where the recordings go (a new folder, named by the date and time)
  --timeout SECONDS how long each answer may take (300)

In the report ≠ marks what counts as a difference, ~ another value that does not, ↕ a call that only stands elsewhere. Times that do not
count have no mark: they are never the same twice.

Exit code: 0 if they are the same, 1 if they differ, or one is missing or damaged, or an endpoint did not answer to the end, 2 for a file
that cannot be read.`

async function run(args: readonly string[], console: Console): Promise<ExitCode> {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
  const show = shownOf(values)
  const { html, pricesFile } = show
  const prices = pricesFile === undefined ? undefined : await readPrices(pricesFile)
  const tolerance = values.tolerance === undefined ? undefined : { ms: millisecondsOf(values.tolerance), part: 0 }
  const shared: Shared = {
    ignore: show.ignored,
    ...(prices === undefined ? {} : { prices }),
    ...(tolerance === undefined ? {} : { tolerance }),
  }
  const dialect = dialectOf(values.dialect)
  const { live } = values
  for (const name of ['system', 'max-tokens', 'out', 'timeout'] as const) {
    if (live === undefined && values[name] !== undefined)
      throw new MisuseError('bad_argument', `--${name} goes with --live`)
  }
  checkPage(html, [...(live === undefined ? positionals : [live]), ...(pricesFile === undefined ? [] : [pricesFile])])
  if (live === undefined) {
    return compareRead(
      positionals,
      { shared, show, dialect, label: values.label, reference: values.reference },
      console,
    )
  }
  if (dialect !== undefined || values.label !== undefined) {
    throw new MisuseError('bad_argument', 'the file of the endpoints says what --label and --dialect would')
  }
  const asked = {
    prompt: await promptOf(positionals, console),
    system: values.system,
    maxTokens: positiveOf('max-tokens', values['max-tokens']),
    out: values.out,
    seconds: positiveOf('timeout', values.timeout),
  }
  return compareLive(live, asked, { ...shared, reference: values.reference }, show, console)
}

const OPTIONS = {
  text: { type: 'boolean' },
  calls: { type: 'boolean' },
  timing: { type: 'boolean' },
  ignore: { type: 'string', multiple: true },
  reference: { type: 'string' },
  label: { type: 'string', multiple: true },
  prices: { type: 'string' },
  tolerance: { type: 'string' },
  dialect: { type: 'string' },
  html: { type: 'string' },
  json: { type: 'boolean' },
  live: { type: 'string' },
  system: { type: 'string' },
  'max-tokens': { type: 'string' },
  out: { type: 'string' },
  timeout: { type: 'string' },
} as const

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values']

/** What all comparisons of a run have in common. */
type Shared = Pick<CompareOptions, 'ignore' | 'prices' | 'tolerance'>

function shownOf({ text = false, calls = false, timing = false, json = false, ignore, html, prices }: Values): Shown {
  if (json && (text || calls || timing)) {
    throw new MisuseError('bad_argument', '--json has everything: --text, --calls and --timing go without it')
  }
  const closer: Closer = { isText: text, isCalls: calls, isTiming: timing }
  return { closer, ignored: aspectsOf(ignore ?? []), isJson: json, html, pricesFile: prices }
}

/** A page replaces no file that is read. */
function checkPage(html: string | undefined, read: readonly string[]): void {
  if (html === undefined) return
  if (html === '') throw new MisuseError('bad_argument', 'name the file of the page: --html FILE')
  if (read.some((file) => resolve(file) === resolve(html)))
    throw new MisuseError('bad_argument', `--html ${html}: that is one of the files that are read; name another`)
}

interface Reading {
  readonly shared: Shared
  readonly show: Shown
  readonly dialect: Dialect | undefined
  readonly label: readonly string[] | undefined
  readonly reference: string | undefined
}

async function compareRead(
  paths: readonly string[],
  { shared, show, dialect, label, reference }: Reading,
  console: Console,
): Promise<ExitCode> {
  const { closer, ignored, isJson, html } = show
  const kind = await kindOf(paths)
  const labels = labelsOf(label, paths, kind)
  const options = { ...shared, labels, reference: referenceOf(reference, paths, labels) }
  if (html !== undefined) await tryPage(html)
  if (kind === 'folders') {
    const isKept = html !== undefined
    const compared = await compareFolders(paths, { labels, options, ignored, closer, dialect, isJson, isKept }, console)
    if (html !== undefined) await writePage(html, compared.entries, { cases: compared.cases }, isJson, console)
    return compared.code
  }
  const { turns, problems, isAskedAlike } = await sidesOfFiles(paths, dialect, console)
  const note = isAskedAlike ? undefined : 'asked different questions'
  const told = await report(turns, options, { ...show, note, paths }, console)
  return problems === 0 ? told : 1
}

interface Asked {
  readonly prompt: string
  readonly system: string | undefined
  readonly maxTokens: number | undefined
  readonly out: string | undefined
  readonly seconds: number | undefined
}

async function promptOf([prompt = '', stray]: readonly string[], { input }: Console): Promise<string> {
  if (stray !== undefined)
    throw new MisuseError('bad_argument', `${stray}: --live takes one question; write it in quotes`)
  // What writes a line ends it; that is no part of a question.
  return prompt === '-' ? new TextDecoder().decode(await readInput(input)).trimEnd() : prompt
}

async function compareLive(
  file: string,
  { seconds, ...asked }: Asked,
  { reference, ...options }: Shared & { readonly reference: string | undefined },
  show: Shown,
  console: Console,
): Promise<ExitCode> {
  // Nothing is sent if the report could not be made.
  const endpoints = await readEndpoints(file)
  const labels = endpoints.map(({ name }) => name)
  const named = reference === undefined ? undefined : referenceOf(reference, labels, labels)
  if (show.html !== undefined) await tryPage(show.html, asked.out)
  const timeoutMs = seconds === undefined ? undefined : seconds * 1000
  const { sides, folder, isRecorded } = await askLive({ endpoints, ...asked, timeoutMs, env: process.env }, console)
  const turns = sides.map(turnOf)
  // An endpoint that failed would make every good answer a difference.
  const first = Math.max(0, turns.findIndex(isWhole))
  const compared = { ...options, labels, reference: named ?? first }
  const told = await report(turns, compared, show, console, asked.prompt)
  const where = `recorded in ${printable(folder)}`
  if (show.isJson) console.complain(where)
  else console.print(where)
  return turns.every(isWhole) && isRecorded ? told : 1
}

function isWhole({ messages }: ObservedTurn): boolean {
  return messages.every(({ outcome }) => outcome.kind === 'complete')
}

interface Shown {
  readonly closer: Closer
  readonly ignored: readonly Aspect[]
  readonly isJson: boolean
  readonly html: string | undefined
  readonly pricesFile: string | undefined
  readonly note?: string | undefined
  /** Where the sides are from, if that is a place. */
  readonly paths?: readonly string[]
}

/** Compares the turns and shows what came of it. */
async function report(
  turns: readonly ObservedTurn[],
  options: CompareOptions & { readonly labels: readonly string[] },
  { closer, ignored, isJson, html, pricesFile, note, paths }: Shown,
  console: Console,
  prompt?: string,
): Promise<ExitCode> {
  const comparison = compare(turns, options)
  const { paint, width } = console
  const view = {
    closer,
    ignored,
    paint,
    width,
    ...(note === undefined ? {} : { note }),
    ...(paths === undefined ? {} : { paths }),
  }
  console.print(isJson ? jsonText(comparison) : renderComparison(comparison, view))
  if (pricesFile !== undefined) tellUnpriced(comparison, options.prices ?? {}, pricesFile, console)
  const name = options.labels.join(' · ')
  if (html !== undefined)
    await writePage(html, [{ name, comparison }], prompt === undefined ? {} : { prompt }, isJson, console)
  return comparison.differences.length === 0 ? 0 : 1
}

/** A side that tells neither its model nor its tokens has no cost whatever the table says. */
function tellUnpriced(
  { sides }: Comparison,
  prices: PriceTable,
  file: string,
  { complain }: Pick<Console, 'complain'>,
): void {
  for (const side of sides) {
    const { label, model, askedModel } = side
    if (priceOfSide(side, prices) !== undefined) continue
    const name = model ?? askedModel
    const asked =
      askedModel === undefined || askedModel === name ? '' : `, which was asked for as ${preview(askedModel, 200)}`
    if (name !== undefined) complain(`${file}: no price for ${preview(name, 200)}${asked} (${label})`)
    else if (side.usage.outputTokens !== undefined) complain(`${file}: no price for ${label}, which tells no model`)
  }
}

interface Sides {
  readonly turns: readonly ObservedTurn[]
  /** How much was damaged; it has been told. */
  readonly problems: number
  /** No two sides are known to have been asked something else. */
  readonly isAskedAlike: boolean
}

async function sidesOfFiles(files: readonly string[], dialect: Dialect | undefined, console: Console): Promise<Sides> {
  const sides: ReadSide[] = []
  for (const file of files) sides.push(await readSide(file, dialect, console.input))
  const problems = sides.flatMap((side) => side.problems)
  for (const problem of problems) console.complain(problem)
  if (dialect !== undefined && !sides.some(({ isNamed }) => isNamed))
    console.complain(`--dialect ${dialect}: no side needed it; each shows its own wire format`)
  const questions = new Set(sides.flatMap(({ question }) => question ?? []))
  return { turns: sides.map(({ turn }) => turn), problems: problems.length, isAskedAlike: questions.size < 2 }
}

async function kindOf(paths: readonly string[]): Promise<'files' | 'folders'> {
  if (paths.length < 2) {
    throw new MisuseError(
      'bad_argument',
      `name two or more files, or two or more folders${paths.length === 1 ? `; there is only ${paths[0] ?? ''}` : ''}`,
    )
  }
  if (paths.filter((path) => path === '-').length > 1) throw new MisuseError('bad_argument', '- can be one side only')
  const areFolders = await Promise.all(paths.map(isFolder))
  const folder = paths[areFolders.indexOf(true)]
  const file = paths[areFolders.indexOf(false)]
  if (folder === undefined) return 'files'
  if (file === undefined) return 'folders'
  throw new MisuseError('bad_argument', `${folder} is a folder and ${file} is a file: name files only, or folders only`)
}

async function isFolder(path: string): Promise<boolean> {
  if (path === '-') return false
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    throw unreadable(path, error)
  }
}

export const compareCommand: Command = { usage, run }
