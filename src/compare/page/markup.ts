/**
 * HTML by construction. What a template is given as text is escaped, always: only `Markup` goes in as it stands, and nothing else in this
 * folder makes one. So foreign text cannot become an element, an attribute or a style, and forgetting to escape does not compile.
 */
import { HEAPED } from '../../heaps.ts'

/** HTML that was made by `markup` from templates of this project. */
export class Markup {
  readonly #source: string

  private constructor(source: string) {
    this.#source = source
  }

  toString(): string {
    return this.#source
  }

  /** What was written here, by hand: a template's own words, the stylesheet, the script. Never what came from elsewhere. */
  static ofSource(source: string): Markup {
    return new Markup(source)
  }
}

type Slot = Markup | string | number | false | undefined | readonly (Markup | undefined)[]

/** Which heading: one below the one around it. */
export type Level = 2 | 3 | 4

/** Nothing. */
export const NONE: Markup = Markup.ofSource('')

/** A template of HTML. Attributes stand in double quotes. Texts and numbers are escaped; of a list each is put in, of undefined and false nothing. */
export function markup(template: TemplateStringsArray, ...slots: readonly Slot[]): Markup {
  let made = template[0] ?? ''
  slots.forEach((slot, index) => {
    made += slotText(slot) + (template[index + 1] ?? '')
  })
  return Markup.ofSource(made)
}

function slotText(slot: Slot): string {
  if (slot === undefined || slot === false) return ''
  if (slot instanceof Markup) return slot.toString()
  if (typeof slot === 'string' || typeof slot === 'number') return escaped(String(slot), (escape) => escape)
  return slot.map((one) => (one === undefined ? '' : one.toString())).join('')
}

/** Foreign text inside of an element that isolates it: control characters stand out as escapes. */
export function foreignText(text: string): Markup {
  return Markup.ofSource(escaped(text, (escape) => `<span class="esc">${escape}</span>`))
}

/** Foreign text among other words: isolated, so that its direction moves nothing beside it. */
export function foreign(text: string): Markup {
  return markup`<bdi>${foreignText(text)}</bdi>`
}

/** The list with something between its members. */
export function joined(list: readonly Markup[], between: Markup): Markup {
  return Markup.ofSource(list.map(String).join(between.toString()))
}

/**
 * What means something in HTML, and what is not seen as what it is: controls but the tab and the line feed, halves of characters, what is no
 * character, changes of direction, signs without width, the invisible letters of tags, signs that are heaped up.
 */
const SPECIAL = new RegExp(
  String.raw`[&<>"']|(?:(?![\n\t])[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|${HEAPED})+`,
  'gu',
)

const ENTITIES = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
])

function escaped(text: string, shown: (escape: string) => string): string {
  return text.replace(SPECIAL, (found) => ENTITIES.get(found) ?? shown(Array.from(found, escapeOf).join('')))
}

function escapeOf(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16)
  return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`
}
