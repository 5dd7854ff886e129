/** Foreign text made fit for a terminal or a message. What a model wrote is hostile: no control character of it gets through. */
import { HEAPED } from './heaps.ts'

/** Where a joiner or a variation selector belongs: behind what it shapes. */
const SHAPED = String.raw`\p{Extended_Pictographic}\p{Emoji_Modifier}\u20e3`
/** Scripts that are written with joiners. */
const JOINED = String.raw`\p{Script=Arabic}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}\p{M}`
/** The flags of England, Scotland and Wales are the only ones that are written with tags. */
const FLAGS = ['gbeng', 'gbsct', 'gbwls'].map(
  (region) =>
    `\u{1f3f4}${Array.from(region, (letter) => String.fromCodePoint(0xe0000 + letter.charCodeAt(0))).join('')}\u{e007f}`,
)

/**
 * What stays, though its parts may hide something elsewhere: such a flag, a line feed, one selector behind a sign that it changes, a joiner
 * between two signs or two letters of a script that has it. What does not: signs that are heaped up, control and format characters, lone
 * halves of pairs, line separators, and what no font shows.
 */
const HIDING = new RegExp(
  [
    `(?<flag>${FLAGS.join('|')})`,
    HEAPED,
    String.raw`(?<shown>\n|[${SHAPED}0-9#*]\ufe0f|(?<=\S)[\ufe0e\ufe0f](?![\ufe00-\ufe0f])|(?<=\p{Script=Han})[\u{e0100}-\u{e01ef}](?![\u{e0100}-\u{e01ef}])|(?<=[${SHAPED}\ufe0f])\u200d(?=\p{Extended_Pictographic})|(?<=[${JOINED}])[\u200c\u200d](?=[${JOINED}])|[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}])`,
    String.raw`[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{DI}\ufff9-\ufffb]`,
  ].join('|'),
  'gu',
)

/** The text with its control characters shown as escapes, so that it cannot move the cursor, set colours or titles, or hide text. */
export function printable(text: string): string {
  return text.replace(HIDING, (found: string, flag: string | undefined, shown: string | undefined) =>
    flag === undefined && shown === undefined ? escaped(found) : found,
  )
}

function escaped(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16)
  return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`
}

/** The same on one line of at most `length` characters. */
export function preview(text: string, length: number): string {
  const line = printable(
    text
      .slice(0, length * 4)
      .replaceAll(/\s+/g, ' ')
      .trim(),
  )
  const letters = Array.from(new Intl.Segmenter().segment(line), ({ segment }) => segment)
  return letters.length <= length ? line : `${letters.slice(0, length - 1).join('')}…`
}
