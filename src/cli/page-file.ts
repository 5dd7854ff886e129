/** The file of a page: whether it can be written, before the work begins, and its writing. */
import { access, constants, open, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { PageEntry, PageOptions } from '../compare/page.ts'
import { MisuseError } from '../errors.ts'
import type { Console } from './command.ts'
import { printable } from './terminal.ts'

/**
 * Throws `MisuseError`: `file_not_found` if no page can be written there, `bad_argument` if it would replace what is no page, such as a recording.
 * What is there stays as it is, and what is not is not made. `folder` may still have to be made by the one who asks.
 */
export async function tryPage(file: string, folder?: string): Promise<void> {
  if (file.endsWith('/')) throw unwritable(file, 'EISDIR')
  const found = await stat(file).catch(() => undefined)
  if (found?.isDirectory() === true) throw unwritable(file, 'EISDIR')
  if (found?.isFile() === true && found.size > 0 && !(await isPage(file)))
    throw new MisuseError('bad_argument', `--html ${file}: there is a file of that name that is no page; name another`)
  try {
    if (found !== undefined) {
      // Nothing is opened: whoever reads a pipe would take that for its end.
      await access(file, constants.W_OK)
      return
    }
    await (await open(file, 'wx')).close()
    await rm(file)
  } catch (error) {
    const code = codeOf(error)
    const isToBeMade = code === 'ENOENT' && folder !== undefined && dirname(resolve(file)) === resolve(folder)
    // A link to what is not there yet exists.
    if (!isToBeMade && code !== 'EEXIST') throw unwritable(file, code, error)
  }
}

/** Whether a page would replace a page; who may not read it is told by the writing. */
async function isPage(file: string): Promise<boolean> {
  const opened = await open(file, 'r').catch(() => undefined)
  if (opened === undefined) return true
  try {
    const { buffer, bytesRead } = await opened.read({ buffer: Buffer.alloc(200), position: 0 })
    return /^\uFEFF?\s*<!doctype html/i.test(buffer.toString('utf8', 0, bytesRead))
  } finally {
    await opened.close()
  }
}

/** Makes the page and tells where it is. Throws `MisuseError('file_not_found')` if it cannot be written. */
export async function writePage(
  file: string,
  entries: readonly PageEntry[],
  options: PageOptions,
  isJson: boolean,
  console: Console,
): Promise<void> {
  // Only who wants a page pays for what makes it.
  const { comparePage } = await import('../compare/page.ts')
  const page = await comparePage(entries, options)
  try {
    await writeFile(file, page)
  } catch (error) {
    throw unwritable(file, codeOf(error), error)
  }
  if (isJson) console.complain(`the page is ${file}`)
  else console.print(`\npage: ${printable(file)}`)
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}

function unwritable(file: string, code: string, cause?: unknown): MisuseError {
  return new MisuseError('file_not_found', `${file}: the page cannot be written (${code})`, { cause })
}
