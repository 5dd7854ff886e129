/** What the sections of a report share: the comparison, the page, and by what the sides are called. */
import { callOf } from '../compare/cells.ts'
import { letterOf } from '../compare/compare.ts'
import type { Aspect, Comparison, Row } from '../compare/comparison.ts'
import type { Told } from '../compare/told.ts'
import { columnsOf } from './columns.ts'
import type { Page } from './side-table.ts'
import { preview, printable } from './terminal.ts'

export interface View extends Page {
  readonly comparison: Comparison
  /** One for each side, fit to be printed. */
  readonly names: readonly string[]
  readonly ignored: readonly Aspect[]
}

/** Longer labels stand in the legend only. */
const LONGEST_NAME = 16

export interface Naming {
  readonly names: readonly string[]
  /** The names are letters, and the legend says what they stand for. */
  readonly isLettered: boolean
}

/** The labels themselves if they are short and differ, else letters. */
export function namesOf(labels: readonly string[]): Naming {
  const shown = labels.map((label) => printable(label).replaceAll('\n', '\\n'))
  const areShort = shown.every(
    (label) => label.trim() !== '' && label.length <= LONGEST_NAME && columnsOf(label) <= LONGEST_NAME,
  )
  if (areShort && new Set(shown).size === shown.length) return { names: shown, isLettered: false }
  return { names: labels.map((_, place) => letterOf(place)), isLettered: true }
}

/** The name of a side. */
export function nameOf({ names }: Pick<View, 'names'>, side: number): string {
  return names[side] ?? String(side + 1)
}

/** A fact on one line, fit to be printed. Its note is left out: columns are narrow. */
export function toldText({ parts }: Told): string {
  return parts.map((part) => (typeof part === 'string' ? part : preview(part.foreign, part.most))).join('')
}

/** The name of the tool that a row calls, fit to be printed; the empty text for none. */
export function callName(row: Row | undefined): string {
  return preview(callOf(row)?.name ?? '', 40)
}
