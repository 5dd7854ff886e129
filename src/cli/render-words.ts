/** A text with what was taken from it and what was put in: marked with signs, and with colours where there are any. */
import type { WordChange } from '../compare/comparison.ts'
import { headOf, tailOf } from '../compare/ends.ts'
import { printable, type Paint } from './terminal.ts'

/** How much of what is the same is shown on each side of a change, and how much of a change. */
const CONTEXT = 36
const LONGEST_CHANGE = 320
const MOST_CHANGES = 12

/** A piece of a text that is not cut; the report says how much is left out. */
const LONGEST_WHOLE = 60_000

/** On one line: the changed places with a little around them. */
export function changedPlaces(words: readonly WordChange[], paint: Paint): string {
  const changes = words.filter(isChange).length
  const [first, last] = [words.findIndex(isChange), words.findLastIndex(isChange)]
  let seen = 0
  const pieces = words.flatMap((word, index) => {
    if (seen >= MOST_CHANGES) return []
    if (isChange(word)) {
      seen += 1
      return [marked({ kind: word.kind, text: shortened(word.text, LONGEST_CHANGE) }, paint)]
    }
    return [oneLine(literal(around(word.text, index > first, index < last), index < last))]
  })
  const rest = changes > seen ? ` … and ${changes - seen} more changes; --text shows all` : ''
  return pieces.join('').trim() + rest
}

function isChange({ kind }: WordChange): boolean {
  return kind !== 'same'
}

/** The whole text, with its lines. */
export function wholeText(words: readonly WordChange[], paint: Paint): string {
  return words
    .map(({ kind, text }, index) => {
      const whole = shortened(text, LONGEST_WHOLE)
      if (kind !== 'same') return marked({ kind, text: whole }, paint, false)
      return printable(literal(whole, index < words.length - 1).replaceAll('\t', '  '))
    })
    .join('')
}

function marked({ kind, text }: WordChange, paint: Paint, isOneLine = true): string {
  const shown = isOneLine
    ? text.replaceAll('\n', '↵')
    : text.replaceAll(/^\n+$/g, (lines) => `${'↵'.repeat(lines.length)}${lines}`)
  const [first, last] = kind === 'removed' ? [/^(?=\])/, /(?=\[$)/] : [/^(?=\})/, /(?=\{$)/]
  const safe = printable(literal(shown, true).replace(first, '\\').replace(last, '\\'))
  // Not everybody sees the colours, and without signs the words run together.
  return kind === 'removed' ? paint('red', `[-${safe}-]`) : paint('green', `{+${safe}+}`)
}

/** Where the signs of a change stand in a text itself; the signs of variants between them are not seen. */
const SIGNS = /(?<!\\)(\\*)(?=\[[\ufe00-\ufe0f]*-|-[\ufe00-\ufe0f]*\]|\{[\ufe00-\ufe0f]*\+|\+[\ufe00-\ufe0f]*\})/g

/** A text that makes no sign of a change: with a backslash before what looks like one, and before each backslash that stands there. */
function literal(text: string, isBeforeSign: boolean): string {
  const told = text.replaceAll(SIGNS, '$1$1\\')
  return isBeforeSign ? told.replace(/(?<!\\)\\+$/, '$&$&') : told
}

function oneLine(text: string): string {
  return printable(text.replaceAll(/\s*\n\s*/g, ' ↵ ').replaceAll('\t', ' '))
}

function around(text: string, hasBefore: boolean, hasAfter: boolean): string {
  const most = (hasBefore ? CONTEXT : 0) + (hasAfter ? CONTEXT : 0)
  if (text.length <= most + 10) return text
  const start = hasBefore ? headOf(text, CONTEXT) : ''
  const end = hasAfter ? tailOf(text, CONTEXT) : ''
  return `${start}…${end}`
}

function shortened(text: string, most: number): string {
  if (text.length <= most) return text
  const kept = Math.floor(most / 2)
  return `${headOf(text, kept)}… ${text.length - 2 * kept} more characters …${tailOf(text, kept)}`
}
