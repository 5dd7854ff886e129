/** What stands in columns, one for each side: any number of them, in a box that scrolls where they do not fit. */
import { markup, NONE, type Markup } from './markup.ts'

/** More columns than these scroll sideways. */
const MOST_FITTING = 3

/** The class of the grid: a few columns share the width, of many each keeps its own. */
export function columnsClass(sides: number): string {
  return sides > MOST_FITTING ? 'many' : 'few'
}

/** What a box that scrolls needs for the keyboard, if it does. */
export function beside(sides: number, name: string): Markup {
  return sides > MOST_FITTING ? markup` tabindex="0" role="region" aria-label="${name}, side by side"` : NONE
}
