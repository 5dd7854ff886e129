/** Several cases at a glance. */
import type { Agreement, Comparison } from '../comparison.ts'
import { AGREEMENTS } from '../figures.ts'
import { counted, grouped } from '../units.ts'
import { foreign, markup, joined, NONE, type Markup } from './markup.ts'
import { brief, cutLabel } from './room.ts'
import { summaryTable } from './summary-table.ts'

export interface PageEntry {
  /** The name of the case, or of the whole page if it is the only one. */
  readonly name: string
  readonly comparison: Comparison
}

/** The cases of several folders, or of whatever has cases, and which of them are not among the entries. */
export interface PageCases {
  /** What the sides are called. */
  readonly labels: readonly string[]
  readonly missing?: readonly MissingCase[]
  readonly unreadable?: readonly FaultyCase[]
  /** Those among the entries that were damaged, and are compared as far as they go. */
  readonly damaged?: readonly FaultyCase[]
}
export interface MissingCase {
  readonly name: string
  /** The places of the sides that do not have it. */
  readonly sides: readonly number[]
}
export interface FaultyCase {
  readonly name: string
  readonly reason: string
}

/** More cases that were not compared are counted. */
const MOST_NAMED = 1000

/** What became of the cases, a summary of each side, and a table of all that were compared. `links` has the place of each that is drawn. */
export function overview(
  entries: readonly PageEntry[],
  links: ReadonlyMap<PageEntry, string>,
  cases: PageCases | undefined,
): Markup {
  const { missing = [], unreadable = [], damaged = [], labels = [] } = cases ?? {}
  const differing = entries.filter(({ comparison }) => comparison.differences.length > 0).length
  const compared =
    entries.length === 0
      ? markup`No case could be compared.`
      : markup`${counted(entries.length, 'case')} compared: ${differing} with differences, ${entries.length - differing} without.`
  const left = missing.length + unreadable.length
  const lead = markup`<p class="lead">${compared}${left > 0 && markup` <b class="bad">Not compared: ${grouped(left)}.</b>`}</p>`
  const absent = missing.map(({ name, sides }) => {
    const owners = sides.map((side) => foreign(cutLabel(labels[side] ?? String(side + 1))))
    return markup`<li>${brief(name)} <span class="quiet">not in ${joined(owners, markup`, `)}</span></li>`
  })
  const faults = unreadable.map((fault) => faultItem(fault, 'cannot be read: '))
  const torn = damaged.map((fault) => faultItem(fault, ''))
  return markup`${lead}${caseList('Not compared', [...absent, ...faults])}${caseList('Damaged, compared as far as they go', torn)}${summaryTable(entries.map(({ comparison }) => comparison))}${caseTable(entries, links)}`
}

function faultItem({ name, reason }: FaultyCase, before: string): Markup {
  return markup`<li>${brief(name)} <span class="quiet">${before}${brief(reason)}</span></li>`
}

function caseList(title: string, items: readonly Markup[]): Markup {
  if (items.length === 0) return NONE
  const more = items.length - MOST_NAMED
  return markup`<section><h2 class="part">${title}</h2><ul class="same">${items.slice(0, MOST_NAMED)}</ul>${more > 0 && markup`<p class="cut">… ${counted(more, 'more case')}; --json has all</p>`}</section>`
}

function caseTable(entries: readonly PageEntry[], links: ReadonlyMap<PageEntry, string>): Markup {
  if (entries.length === 0) return NONE
  const rows = entries.map((entry) => caseRow(entry, links.get(entry)))
  const heads = AGREEMENTS.map((name) => markup`<th scope="col">${name}</th>`)
  return markup`<section><h2 class="part">Cases</h2><div class="scroll" tabindex="0" role="region" aria-label="Cases"><table class="cases"><thead><tr><th scope="col">Case</th><th scope="col">Differences</th>${heads}</tr></thead><tbody>${rows}</tbody></table></div></section>`
}

function caseRow({ name, comparison }: PageEntry, place: string | undefined): Markup {
  const { differences, sides, reference } = comparison
  const others = sides.filter((_, side) => side !== reference)
  const title = place === undefined ? brief(name) : markup`<a href="#${place}">${brief(name)}</a>`
  const cells = AGREEMENTS.map((aspect) =>
    agreementCell(
      others.map(({ agrees }) => agrees),
      aspect,
    ),
  )
  const count =
    differences.length === 0
      ? markup`<td class="quiet" data-of="differences">none</td>`
      : markup`<td class="num" data-of="differences">${grouped(differences.length)}</td>`
  return markup`<tr><th scope="row">${title}</th>${count}${cells}</tr>`
}

function agreementCell(agreements: readonly Agreement[], aspect: keyof Agreement): Markup {
  const same = agreements.filter((agrees) => agrees[aspect]).length
  if (same === agreements.length) return markup`<td class="good" data-of="${aspect}">= same</td>`
  return markup`<td class="bad" data-of="${aspect}">≠ ${agreements.length === 1 ? 'other' : `${same} of ${agreements.length} same`}</td>`
}
