/** Facts of a side as markup. */
import { headOf } from '../ends.ts'
import type { Foreign, Told } from '../told.ts'
import { markup, NONE, type Markup } from './markup.ts'
import { brief, LONGEST_SHORT } from './room.ts'

export function toldMarkup({ parts, isGood, note }: Told): Markup {
  const words = parts.map((part) =>
    typeof part === 'string' ? markup`${headOf(part, LONGEST_SHORT)}` : foreignMarkup(part),
  )
  const sign = isGood ? '✓' : '✗'
  const fact = isGood === undefined ? words : [markup`<span class="${isGood ? 'good' : 'bad'}">${sign} ${words}</span>`]
  return markup`${fact}${note === undefined ? NONE : markup` <span class="raw-word">${foreignMarkup(note)}</span>`}`
}

function foreignMarkup({ foreign: text, most }: Foreign): Markup {
  return brief(text, most)
}
