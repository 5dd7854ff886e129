/** The lines of a file as it is read: no more of it is held than one line. */
import { createReadStream } from 'node:fs'

/** A line that is longer is damage: nobody writes one, and it would have to be held whole. */
export const LONGEST_LINE: number = 64 * 1024 * 1024

export type FileLine =
  /** `text` is undefined where the line is not UTF-8. */
  | { readonly kind: 'line'; readonly number: number; readonly text: string | undefined }
  /** Nothing is read behind it. */
  | { readonly kind: 'too_long'; readonly number: number }

/** The lines of a file that are not blank, without their ends, the first without a byte order mark. Throws what reading throws. */
export async function* fileLines(file: string): AsyncGenerator<FileLine, void, undefined> {
  const bytes = createReadStream(file)
  let held: Buffer[] = []
  let [size, number] = [0, 1]
  const taken = (): FileLine | undefined => {
    const text = textOf(Buffer.concat(held), number === 1)
    held = []
    size = 0
    return text?.trim() === '' ? undefined : { kind: 'line', number, text }
  }
  for await (const chunk of bytes) {
    if (!Buffer.isBuffer(chunk)) continue
    let start = 0
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      held.push(chunk.subarray(start, end))
      const line = taken()
      if (line !== undefined) yield line
      number += 1
      start = end + 1
    }
    const rest = chunk.subarray(start)
    size += rest.length
    if (size > LONGEST_LINE) {
      yield { kind: 'too_long', number }
      return
    }
    held.push(rest)
  }
  const last = taken()
  if (last !== undefined) yield last
}

const LINE_FEED = 0x0a
const BOM = '\uFEFF'

function textOf(bytes: Uint8Array, isFirst: boolean): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return isFirst && text.startsWith(BOM) ? text.slice(1) : text
  } catch {
    return undefined
  }
}
