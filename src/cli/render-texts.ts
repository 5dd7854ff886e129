/** `--text`: every text whole, with the changes of each side in it. */
import type { Cell, Row, TextCell } from '../compare/comparison.ts'
import { KIND_NAMES } from '../compare/told.ts'
import { wordChanges } from '../compare/words.ts'
import { wrapped } from './columns.ts'
import { nameOf, type View } from './comparison-view.ts'
import { saysTheSame, textOf } from './excerpt.ts'
import { wholeText } from './render-words.ts'

/** All texts, refusals and thinking, in the order of the rows. */
export function renderTexts(view: View): readonly string[] {
  const lines = view.comparison.rows.flatMap((row, index) => {
    const hasText = row.cells.some((cell) => cell !== null && 'text' in cell)
    return hasText ? [...rowLines(view, row, index), ''] : []
  })
  return lines.length === 0 ? ['no text'] : lines.slice(0, -1)
}

function rowLines(view: View, { kind, cells }: Row, index: number): readonly string[] {
  const { comparison, paint, width } = view
  const { reference } = comparison
  const own = textIn(cells[reference])
  const title = paint('bold', `#${index + 1} ${KIND_NAMES[kind]}`)
  const whole = (text: string): readonly string[] => {
    return wrapped(wholeText([{ kind: 'same', text }], paint), width - 2).map((line) => `  ${line}`.trimEnd())
  }
  const others = cells.flatMap((_, side) => (side === reference ? [] : [side]))
  const same = others.filter((side) => saysTheSame(cells[side] ?? null, cells[reference] ?? null))
  if (same.length === others.length) return [`${title}  the same`, ...whole(own ?? '')]
  const isPair = others.length === 1
  return [
    title,
    ...(own === undefined || !isPair
      ? [`  ${heading(view, reference, own)}`, ...(own === undefined ? [] : whole(own))]
      : []),
    ...others.flatMap((side) => {
      const text = textIn(cells[side])
      if (same.includes(side)) return [`  ${paint('bold', nameOf(view, side))}: as ${nameOf(view, reference)}`]
      if (text === undefined)
        return [`  ${heading(view, side, text)}`, ...(own === undefined || !isPair ? [] : whole(own))]
      if (own === undefined) return [`  ${heading(view, side, text)}`, ...whole(text)]
      const changes = wholeText(wordChanges(own, text), paint)
      return [
        `  ${paint('bold', nameOf(view, side))}, changed from ${nameOf(view, reference)}:`,
        ...wrapped(changes, width - 2).map((line) => `  ${line}`.trimEnd()),
      ]
    }),
  ]
}

function heading(view: View, side: number, text: string | undefined): string {
  return `${view.paint('bold', nameOf(view, side))}:${text === undefined ? ' nothing here' : ''}`
}

function textIn(cell: Cell | null | undefined): string | undefined {
  return cell !== null && cell !== undefined && isText(cell) ? textOf(cell) : undefined
}

function isText(cell: Cell): cell is TextCell {
  return 'text' in cell
}
