/** What the sides of a comparison are called where nobody says it: by the shortest names that tell them apart. */
import { basename, resolve, sep } from 'node:path'

/** A number behind a point is part of a model's name, and no extension. */
const EXTENSION = /(?<=[^.])\.[a-z][a-z0-9]*$/i

/**
 * The name of each file or folder, without the extension of a file. Where names repeat they get as many of the folders they are in as it
 * takes, then the extension; the same file twice is numbered.
 */
export function shortLabels(paths: readonly string[], kind: 'files' | 'folders'): readonly string[] {
  const whole = paths.map((path) => (path === '-' ? path : resolve(path)))
  const names = whole.map((path) => (path === '-' ? 'standard input' : shortest(path, whole, kind)))
  return names.map((name, place) => {
    if (names.indexOf(name) === names.lastIndexOf(name)) return name
    return `${name} (${names.slice(0, place + 1).filter((other) => other === name).length})`
  })
}

function shortest(path: string, paths: readonly string[], kind: 'files' | 'folders'): string {
  const others = paths.filter((other) => other !== path && other !== '-')
  const depths = Array.from({ length: path.split(sep).length - 1 }, (_, above) => above + 1)
  const forms = kind === 'folders' ? [wholeEnd] : [stemEnd, wholeEnd]
  for (const form of forms) {
    const depth = depths.find((steps) => others.every((other) => form(other, steps) !== form(path, steps)))
    if (depth !== undefined) return form(path, depth) || path
  }
  return basename(path) || path
}

/** The last steps of a path, always with `/` between them. */
function wholeEnd(path: string, steps: number): string {
  return path.split(sep).filter(Boolean).slice(-steps).join('/')
}

function stemEnd(path: string, steps: number): string {
  return wholeEnd(path, steps).replace(EXTENSION, '')
}
