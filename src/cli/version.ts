/** The version of this package. */
import { readFile } from 'node:fs/promises'
import { isObject } from '../json.ts'

/** As package.json has it, or `unknown`. */
export async function version(): Promise<string> {
  const about: unknown = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
  return isObject(about) && typeof about.version === 'string' ? about.version : 'unknown'
}
