/** Text in columns of a terminal: how wide it is, cut, filled up and wrapped. Wide characters take two columns, marks none. */
import stringWidth from 'string-width'
import wrapAnsi from 'wrap-ansi'

const ASCII = /^[\x20-\x7e]*$/
/** Measuring grows with the square of the length of a text that has no spaces: longer ones are taken in pieces. */
const PIECE = 500

/** The columns that a line takes; escape sequences take none. */
export function columnsOf(line: string): number {
  if (ASCII.test(line)) return line.length
  if (line.length <= PIECE) return stringWidth(line)
  return piecesOf(line).reduce((sum, piece) => sum + stringWidth(piece), 0)
}

/** The beginning of an unpainted line, in at most so many columns; what is cut ends with an ellipsis. */
export function cut(line: string, columns: number): string {
  // No character has so many code units that it could not be seen within these.
  const start = line.slice(0, columns * 16)
  if (start.length === line.length && columnsOf(line) <= columns) return line
  let [kept, width] = ['', 0]
  for (const { segment } of new Intl.Segmenter().segment(start)) {
    const own = columnsOf(segment)
    if (width + own > columns - 1) break
    kept += segment
    width += own
  }
  return `${kept}…`
}

/** The line with spaces behind it, up to so many columns. */
export function pad(line: string, columns: number): string {
  return line + ' '.repeat(Math.max(0, columns - columnsOf(line)))
}

/** The lines of a text, painted or not, none of them wider than that. */
export function wrapped(text: string, columns: number): readonly string[] {
  const width = Math.max(1, columns)
  return text.split('\n').flatMap((line) => {
    if (line.length <= width && ASCII.test(line)) return [line]
    const pieces = ASCII.test(line) ? [line] : piecesOf(line)
    return pieces.flatMap((piece) => wrapAnsi(piece, width, { hard: true, trim: true }).split('\n'))
  })
}

/** Wrapped, with so many spaces before each line but the first. */
export function hanging(text: string, columns: number, indent: number): string {
  return wrapped(text, columns - indent).join(`\n${' '.repeat(indent)}`)
}

/** A long line in pieces that end at a space, if there is one, and never within a character or an escape sequence. */
function piecesOf(line: string): readonly string[] {
  if (line.length <= PIECE * 2) return [line]
  // oxlint-disable-next-line no-control-regex -- the colours that were set here
  return line.match(/(?:\u001b\[[\d;]*m|.){1,500}(?![\p{M}\ufe0f\u200d])\s?|.+/gsu) ?? []
}
