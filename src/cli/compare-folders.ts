/** Folders side by side: the cases that all have, one after the other, then a summary for each side. */
import { extname } from 'node:path'
import { compare } from '../compare/compare.ts'
import type { Aspect, Comparison, CompareOptions } from '../compare/comparison.ts'
import type { FaultyCase, MissingCase, PageEntry, PageOptions } from '../compare/page.ts'
import { summarize, type Summarized, type Summary } from '../compare/summary.ts'
import { counted } from '../compare/units.ts'
import { MisuseError } from '../errors.ts'
import type { Dialect } from '../message.ts'
import { caseIn, findRecordings } from '../node/recording-files.ts'
import { RECORDING_EXTENSION } from '../recording/format.ts'
import type { Console, ExitCode } from './command.ts'
import { columnsOf, hanging, pad, wrapped } from './columns.ts'
import { readSide } from './compared-file.ts'
import { nameOf, namesOf } from './comparison-view.ts'
import { jsonText } from './json-text.ts'
import { NARROWEST, renderCloser, renderLegend, type Closer } from './render-comparison.ts'
import { renderSummary } from './render-summary.ts'
import { preview, type Paint } from './terminal.ts'

export interface FolderOptions {
  readonly labels: readonly string[]
  readonly options: CompareOptions
  readonly ignored: readonly Aspect[]
  readonly closer: Closer
  readonly dialect: Dialect | undefined
  readonly isJson: boolean
  /** Whether the comparisons are needed when all is printed. */
  readonly isKept: boolean
}

export interface ComparedFolders {
  readonly code: ExitCode
  /** Whole, if they were to be kept. */
  readonly entries: readonly PageEntry[]
  /** What the page says of those that were not. */
  readonly cases: NonNullable<PageOptions['cases']>
}

/** So many names stand for those that are missing. */
const MOST_NAMES = 20

/** Compares folders case by case. Throws `MisuseError` for a folder without recordings. */
export async function compareFolders(
  folders: readonly string[],
  { labels, options, ignored, closer, dialect, isJson, isKept }: FolderOptions,
  console: Console,
): Promise<ComparedFolders> {
  const { print, complain, paint, width } = console
  const cases = await Promise.all(folders.map((folder) => casesOf(folder, complain)))
  const names = [...new Set(cases.flatMap((files) => [...files.keys()]))].toSorted()
  const { names: sides } = namesOf(labels)
  const columns = Math.max(NARROWEST, width)
  const page = { paint, width: columns }
  if (!isJson) print(`${renderLegend(labels, options.reference ?? 0, page, folders).join('\n')}\n`)
  if (!names.some((name) => cases.every((files) => files.has(name)))) {
    const own = cases.map((files) => [...files.keys()])
    if (isJson) print(jsonText({ shared: 0, cases: own }))
    else {
      for (const [side, list] of own.entries()) {
        print(hanging(`only in ${nameOf({ names: sides }, side)}: ${listed(list)}`, columns, 2))
      }
      print(`\n${paint('red', 'no case in common')}`)
    }
    const missing = names.map((name) => ({ name, sides: lackingIn(cases, name) }))
    return { code: 1, entries: [], cases: { labels, missing } }
  }
  const widest = Math.min(40, Math.floor(columns / 2), Math.max(...names.map((name) => columnsOf(preview(name, 200)))))
  const told = (verdict: string, name: string, what = ''): void => {
    if (isJson) return
    const shown = preview(name, 200)
    print(`${verdict}  ${hanging(what === '' ? shown : `${pad(shown, widest)}  ${what}`, columns, 10)}`)
  }
  const slim: Summarized[] = []
  const entries: PageEntry[] = []
  const missing: MissingCase[] = []
  const [unreadable, damaged]: [FaultyCase[], FaultyCase[]] = [[], []]
  for (const name of names) {
    const lacking = lackingIn(cases, name)
    if (lacking.length > 0) {
      missing.push({ name, sides: lacking })
      told(paint('red', 'missing '), name, `not in ${lacking.map((side) => nameOf({ names: sides }, side)).join(', ')}`)
      if (isJson) print(jsonText({ case: name, missing: lacking }))
      continue
    }
    const files = cases.flatMap((of) => of.get(name) ?? [])
    // A page is shown to others: it says which side it is, and not where that is on this machine.
    const unplaced = (reason: string): string =>
      files.reduce((text, file, side) => text.replaceAll(file, `${labels[side] ?? ''}/${name}`), reason)
    const read = await readCase(files, dialect)
    if (read.kind === 'unreadable') {
      unreadable.push({ name, reason: unplaced(read.reason) })
      complain(read.reason)
      told(paint('red', 'damaged '), name, 'cannot be read')
      if (isJson) print(jsonText({ case: name, unreadable: read.reason }))
      continue
    }
    for (const problem of read.problems) complain(problem)
    if (read.problems.length > 0) damaged.push({ name, reason: unplaced(read.problems.join('; ')) })
    const comparison = compare(read.turns, { ...options, labels })
    const differs = differsIn(comparison, sides)
    told(differs === '' ? paint('green', 'same    ') : paint('red', 'differs '), name, differs)
    if (isJson)
      print(jsonText({ case: name, comparison, ...(read.problems.length === 0 ? {} : { problems: read.problems }) }))
    else if (differs !== '' && (closer.isText || closer.isCalls || closer.isTiming))
      print(`\n${renderCloser(comparison, { closer, ignored, paint, width })}\n`)
    // Of hundreds of cases only figures are kept.
    slim.push(slimOf(comparison))
    if (isKept) entries.push({ name, comparison })
  }
  const summary = slim.length === 0 ? undefined : summarize(slim)
  const faults = { missing: missing.length, unreadable: unreadable.length, damaged: damaged.length }
  if (isJson) print(jsonText({ summary: summary ?? null, ...faults }))
  else {
    if (summary !== undefined) print(`\n${renderSummary(summary, sides, page).join('\n')}`)
    const verdict = verdictOf(summary, faults, paint)
    const what = ignored.length === 0 ? verdict : `${verdict} (ignored: ${ignored.join(', ')})`
    print(`\n${wrapped(what, columns).join('\n')}`)
  }
  const isSame = summary?.same === names.length && damaged.length === 0
  return { code: isSame ? 0 : 1, entries, cases: { labels, missing, unreadable, damaged } }
}

/** The sides that do not have a case. */
function lackingIn(cases: readonly ReadonlyMap<string, string>[], name: string): readonly number[] {
  return cases.flatMap((files, side) => (files.has(name) ? [] : [side]))
}

/** The files of a folder by the name of their case. A recording goes before a plain body of the same name. */
async function casesOf(folder: string, complain: Console['complain']): Promise<ReadonlyMap<string, string>> {
  const files = await findRecordings(folder)
  if (files.length === 0) {
    throw new MisuseError('file_not_found', `${folder}: there is no recording in it (*.recording, *.sse or *.ndjson)`)
  }
  const cases = new Map<string, string>()
  for (const file of files) {
    const name = caseIn(folder, file)
    const other = cases.get(name)
    const taken = other !== undefined && extname(other) === RECORDING_EXTENSION ? other : file
    cases.set(name, taken)
    if (other !== undefined) complain(`${taken === file ? other : file}: left out, since ${taken} is the same case`)
  }
  return cases
}

type ReadCase =
  | { readonly kind: 'read'; readonly turns: Parameters<typeof compare>[0]; readonly problems: readonly string[] }
  | { readonly kind: 'unreadable'; readonly reason: string }

async function readCase(files: readonly string[], dialect: Dialect | undefined): Promise<ReadCase> {
  try {
    const sides = await Promise.all(files.map((file) => readSide(file, dialect)))
    return { kind: 'read', turns: sides.map(({ turn }) => turn), problems: sides.flatMap(({ problems }) => problems) }
  } catch (error) {
    if (!(error instanceof MisuseError)) throw error
    return { kind: 'unreadable', reason: error.message }
  }
}

function slimOf({ reference, sides, differences }: Comparison): Summarized {
  return {
    reference,
    sides: sides.map(({ arrivals: _arrivals, ...side }) => side),
    differences: differences.map(({ aspect, side }) => ({ aspect, side })),
  }
}

/** In what a case differs; with several sides, each. The empty text if in nothing. */
function differsIn({ sides, differences }: Comparison, names: readonly string[]): string {
  const bySide = sides.flatMap((_, side) => {
    const aspects = new Set(differences.filter((difference) => difference.side === side).map(({ aspect }) => aspect))
    return aspects.size === 0 ? [] : [{ side, aspects: [...aspects].join(', ') }]
  })
  if (sides.length === 2) return bySide.map(({ aspects }) => aspects).join('')
  return bySide.map(({ side, aspects }) => `${nameOf({ names }, side)}: ${aspects}`).join('; ')
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).map((name) => preview(name, 100))
  const left = names.length - shown.length
  return `${shown.join(', ')}${left > 0 ? ` and ${left} more` : ''}`
}

interface Unmatched {
  readonly missing: number
  readonly unreadable: number
  readonly damaged: number
}

function verdictOf(summary: Summary | undefined, { missing, unreadable, damaged }: Unmatched, paint: Paint): string {
  const { cases, same } = summary ?? { cases: 0, same: 0 }
  const differing = cases - same
  const parts = [
    differing === 0 ? undefined : `${differing} of ${counted(cases, 'case')} ${differing === 1 ? 'differs' : 'differ'}`,
    missing === 0 ? undefined : `${missing} missing on a side`,
    unreadable === 0 ? undefined : `${unreadable} cannot be read`,
    damaged === 0 ? undefined : `${damaged} damaged`,
  ].filter((part) => part !== undefined)
  return parts.length === 0
    ? paint('green', `no difference in ${counted(cases, 'case')}`)
    : paint('red', parts.join(', '))
}
