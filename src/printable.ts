/** Foreign text made fit for a terminal or a message. What a model wrote is hostile: no control character of it gets through. */

/** C0 and C1 controls but the line feed, and what changes the direction of text. */
// oxlint-disable-next-line no-control-regex -- finding them is the purpose
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c]/g

/** The text with its control characters shown as escapes, so that it cannot move the cursor, set colours or titles, or hide text. */
export function printable(text: string): string {
  return text.replace(CONTROLS, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`)
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
