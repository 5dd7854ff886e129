/** Beginnings and ends of texts, in UTF-16 units. No character is halved. */

/** The first `length` units; a character at the cut is left out. */
export function headOf(text: string, length: number): string {
  if (text.length <= length) return text
  return text.slice(0, isFirstHalf(text, length - 1) ? length - 1 : length)
}

/** The last `length` units, by the same rule. */
export function tailOf(text: string, length: number): string {
  if (text.length <= length) return text
  const start = text.length - length
  return text.slice(isFirstHalf(text, start - 1) ? start + 1 : start)
}

/** Of a character that has two units. */
function isFirstHalf(text: string, at: number): boolean {
  return (text.codePointAt(at) ?? 0) > 0xffff
}

/** How many units two texts begin with in common. */
export function commonStart(one: string, other: string): number {
  const shorter = Math.min(one.length, other.length)
  let at = 0
  while (at < shorter && one.charCodeAt(at) === other.charCodeAt(at)) at += 1
  return at
}
