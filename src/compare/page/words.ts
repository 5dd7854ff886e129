/** Text as it came, with the words that differ marked. */
import type { WordChange } from '../comparison.ts'
import { headOf, tailOf } from '../ends.ts'
import { grouped } from '../units.ts'
import { foreignText, markup, NONE, type Markup } from './markup.ts'
import type { CellMarks } from './marks.ts'
import { leftOut, type Room } from './room.ts'

/** Of a text that is too long, so much of an equal stretch is shown around what differs. */
const AROUND = 1500
/** Of what a side lacks, so much is shown between the words that it has. */
const LACKING = 120

/** A text without marks. */
export function plainText(text: string, room: Room): Markup {
  const length = room.take(text.length)
  const shown = headOf(text, length)
  const made = foreignText(shown)
  // What has to be escaped takes more.
  room.charge(made.toString().length - shown.length)
  return markup`${made}${text.length > length ? leftOut(text.length - shown.length) : NONE}`
}

/** Texts with less than this part of their words in common are two texts, not one that was changed. */
const UNLIKE = 0.4

/** How much of two texts is in both, by characters: from 0 to 1. */
function likeness(changes: readonly WordChange[]): number {
  const sum = (kind: WordChange['kind']): number =>
    changes.reduce((all, change) => (change.kind === kind ? all + change.text.length : all), 0)
  const same = 2 * sum('same')
  const all = same + sum('removed') + sum('added')
  return all === 0 ? 1 : same / all
}

/** How much of it, in words; what differs is never all. */
export function commonText(changes: readonly WordChange[]): string {
  return `${Math.floor(likeness(changes) * 100)} % in common`
}

/** Whether marks would hide the text rather than show what changed in it. */
export function areUnlike(changes: readonly WordChange[]): boolean {
  return likeness(changes) < UNLIKE
}

/** The pieces of two texts, as one of both has them. */
export function markedText(changes: readonly WordChange[], view: CellMarks['view'], room: Room): Markup {
  const pieces = changes.filter(({ kind }) => kind === 'same' || isSeen(kind, view))
  const length = pieces.reduce((sum, { text }) => sum + text.length, 0)
  const isLong = length > room.left
  let rest = length
  const made: Markup[] = []
  for (const { kind, text } of pieces) {
    if (room.isFull) break
    rest -= text.length
    if (kind === 'same' && isLong && text.length > 3 * AROUND) made.push(shortened(text, room))
    else if (kind === 'same') made.push(plainText(text, room))
    else made.push(marked(kind, text, view, room))
  }
  return markup`${made}${room.isFull && rest > 0 ? leftOut(rest) : NONE}`
}

function isSeen(kind: 'removed' | 'added', view: CellMarks['view']): boolean {
  return view === 'both' || (kind === 'removed') === (view === 'reference')
}

function shortened(text: string, room: Room): Markup {
  const [head, tail] = [headOf(text, AROUND), tailOf(text, AROUND)]
  const between = grouped(text.length - head.length - tail.length)
  const note = markup`<span class="cut">… ${between} characters that are the same on both sides …</span>`
  return markup`${plainText(head, room)}${note}${plainText(tail, room)}`
}

function marked(kind: 'removed' | 'added', whole: string, view: CellMarks['view'], room: Room): Markup {
  // The space behind a word is no part of what differs to the eye.
  const [, text = whole, space = ''] = /^([^]*\S)(\s+)$/.exec(whole) ?? []
  return markup`${markedWords(kind, text, view, room)}${plainText(space, room)}`
}

function markedWords(kind: 'removed' | 'added', text: string, view: CellMarks['view'], room: Room): Markup {
  if (kind === 'added') return markup`<ins>${visible(text, room)}</ins>`
  if (view === 'reference') return markup`<del>${visible(text, room)}</del>`
  if (text.length <= LACKING) return markup`<del class="gone">${visible(text, room)}</del>`
  const head = headOf(text, LACKING)
  const more = grouped(text.length - head.length)
  return markup`<del class="gone">${plainText(head, room)}<span class="cut">… ${more} more characters</span></del>`
}

/** White space alone cannot be seen. */
function visible(text: string, room: Room): Markup {
  if (!/^\s+$/.test(text)) return plainText(text, room)
  return plainText(text.replaceAll(' ', '·').replaceAll('\t', '⇥\t').replaceAll('\n', '↵\n'), room)
}
