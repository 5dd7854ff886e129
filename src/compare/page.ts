/** A comparison as one HTML page that needs nothing but itself. */
import { MisuseError } from '../errors.ts'
import { checkNames } from '../options.ts'
import { documentOf } from './page/document.ts'
import { checkEntries } from './page/given.ts'
import { markup, joined, NONE, type Markup } from './page/markup.ts'
import { overview, type PageCases, type PageEntry } from './page/overview.ts'
import { brief, Room } from './page/room.ts'
import { section } from './page/section.ts'
import { counted } from './units.ts'

export type { FaultyCase, MissingCase, PageCases, PageEntry } from './page/overview.ts'

export interface PageOptions {
  /** Default: the name of the one entry, or how many there are; of `cases` the labels of the sides. */
  readonly title?: string
  /** What was asked, shown above the answers. */
  readonly prompt?: string
  /** The entries are cases: there is an overview, even of one of them or of none, which names those that were not compared. */
  readonly cases?: PageCases
}

/** More cases than this are listed and not drawn. */
const MOST_DRAWN = 100

const PARTS = [
  ['differences', 'Differences'],
  ['answers', 'Answers'],
  ['timeline', 'Timeline'],
  ['numbers', 'Numbers'],
  ['anomalies', 'Anomalies'],
] as const

/**
 * The text of an HTML file: the answers in columns with the differences marked, the arrival of every stream on one clock, the numbers, the
 * anomalies. Of several entries an overview, with a summary if all are of the same sides, and a section for each that has a difference. It
 * loads nothing, works without its script, and nothing in the answers can run or style anything: a policy in the page forbids it, and every
 * text is escaped. Very long texts are cut where the page says so.
 *
 * Throws `MisuseError`: `bad_argument` without an entry and without `cases`, and for what `compare` did not give, `bad_option` for an option that there is not.
 */
export async function comparePage(entries: readonly PageEntry[], options: PageOptions = {}): Promise<string> {
  checkNames(options, ['title', 'prompt', 'cases'])
  checkEntries(entries)
  const [first] = entries
  const { title, prompt, cases } = options
  if (first === undefined && cases === undefined)
    throw new MisuseError('bad_argument', 'comparePage takes a list of one or more entries, and got 0')
  const room = Room.ofPage()
  if (first !== undefined && entries.length === 1 && cases === undefined) {
    const body = section(first.comparison, room, '', 2)
    return documentOf({ title: title ?? first.name, prompt, links: PARTS, body })
  }
  const drawn = entries.filter(({ comparison }) => comparison.differences.length > 0).slice(0, MOST_DRAWN)
  const links = new Map(drawn.map((entry, at) => [entry, `c${at + 1}`]))
  const sections = drawn.map((entry, at) => caseSection(entry, room, `c${at + 1}`))
  const body = markup`<section id="cases" aria-label="Cases">${overview(entries, links, cases)}</section>${joined(sections, markup``)}${sameCases(entries)}`
  const name = cases === undefined ? counted(entries.length, 'case') : cases.labels.join(' · ')
  return documentOf({ title: title ?? name, prompt, links: [['cases', 'Cases']], body })
}

function caseSection({ name, comparison }: PageEntry, room: Room, place: string): Markup {
  return markup`<article class="case" id="${place}" aria-labelledby="${place}-h"><h2 id="${place}-h">${brief(name)} <a class="back" href="#cases">all cases</a></h2>${section(comparison, room, `${place}-`, 3)}</article>`
}

function sameCases(entries: readonly PageEntry[]): Markup {
  const same = entries.filter(({ comparison }) => comparison.differences.length === 0)
  if (same.length === 0) return NONE
  const names = same.map(({ name }) => markup`<li>${brief(name)}</li>`)
  return markup`<section id="same" class="case"><h2>${counted(same.length, 'case')} without a difference</h2><ul class="same">${names}</ul></section>`
}
