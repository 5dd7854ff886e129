/**
 * The recordings of a test under its name: `greets.recording`, or, where a test asks several times, `greets.1.recording`,
 * `greets.2.recording` and so on, in the order of the requests. No name leads outside its folder.
 */
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { MisuseError } from '../errors.ts'
import { markOf } from '../json.ts'
import { formatRecording, RECORDING_EXTENSION, type Recording } from '../recording/format.ts'

/** The files under a name, in order; none if there is none. Throws `MisuseError` for a name that is none, and for two sets of files. */
export async function findNamed(folder: string, name: string): Promise<readonly string[]> {
  checkName(name)
  const directory = dirname(join(folder, name))
  const stem = basename(name)
  const entries = await readdir(directory).catch(() => [])
  const single = entries.filter((entry) => entry === `${stem}${RECORDING_EXTENSION}`)
  const numbered = entries
    .map((entry) => ({ entry, number: numberIn(entry, stem) }))
    .filter(({ number }) => number !== undefined)
    .toSorted((a, b) => (a.number ?? 0) - (b.number ?? 0))
    .map(({ entry }) => entry)
  if (single.length > 0 && numbered.length > 0) {
    throw new MisuseError(
      'bad_argument',
      `${join(folder, name)}: there are both ${single.join('')} and ${numbered.join(', ')}; delete the ones that are out of date`,
    )
  }
  return [...single, ...numbered].map((entry) => join(directory, entry))
}

/** Writes recordings under a name, all of them or none. Gives the files. Throws `MisuseError('file_not_found')` if that is not possible. */
export async function writeNamed(
  folder: string,
  name: string,
  recordings: readonly Recording[],
): Promise<readonly string[]> {
  checkName(name)
  const stem = join(folder, name)
  const files = recordings.map((_, index) =>
    recordings.length === 1 ? `${stem}${RECORDING_EXTENSION}` : `${stem}.${index + 1}${RECORDING_EXTENSION}`,
  )
  const written: string[] = []
  try {
    await mkdir(dirname(stem), { recursive: true })
    for (const [index, recording] of recordings.entries()) {
      const part = `${files[index] ?? stem}.part`
      await writeFile(part, formatRecording(recording), { mode: 0o600 })
      written.push(part)
    }
    for (const [index, file] of files.entries()) await rename(written[index] ?? file, file)
    return files
  } catch (error) {
    await Promise.all(written.map((part) => rm(part, { force: true })))
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new MisuseError('file_not_found', `${stem}${RECORDING_EXTENSION}: it cannot be written (${code})`, {
      cause: error,
    })
  }
}

/** A name for files, made of words: letters and digits of any language, and hyphens; the same for the same words. */
export function fileNameOf(words: readonly string[]): string {
  const text = words.join(' ')
  const name = text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
    .replaceAll(/^-|-$/g, '')
  // File systems take 255 bytes, and a letter may have four.
  const isWhole = name !== '' && new TextEncoder().encode(name).length <= LONGEST_NAME
  return isWhole
    ? name
    : `${Array.from(name)
        .slice(0, LONGEST_NAME / 4)
        .join('')}-${(markOf(text) >>> 0).toString(16)}`
}

const LONGEST_NAME = 120

function numberIn(entry: string, stem: string): number | undefined {
  if (!entry.startsWith(`${stem}.`) || !entry.endsWith(RECORDING_EXTENSION)) return undefined
  const number = entry.slice(stem.length + 1, -RECORDING_EXTENSION.length)
  return /^[1-9]\d{0,8}$/.test(number) ? Number(number) : undefined
}

function checkName(name: string): void {
  // oxlint-disable-next-line no-control-regex -- no name of a file has them
  const isName = name !== '' && !/[\u0000-\u001f\\:]/.test(name)
  const steps = name.split('/')
  if (isName && steps.every((step) => step !== '' && step !== '.' && step !== '..')) return
  throw new MisuseError(
    'bad_argument',
    `${JSON.stringify(name)} names no recording: it must be a name such as "greets" or "chat/greets", and stay in its folder`,
  )
}
