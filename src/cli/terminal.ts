/** Text for a terminal. What a model wrote is hostile: no control character of it gets through. */
import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

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

export type Paint = (style: Style, text: string) => string

/** Colours on a terminal, and none where they are not wanted (no-color.org) or not seen. */
export function painter(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): Paint {
  const isPlain = stream.isTTY !== true || (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb'
  return isPlain ? (_style, text) => text : (style, text) => styleText(style, text)
}
