/** The rows of `../shared/faults.md`, read from the file itself. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describeNeeding } from '../support/needs.ts'

const FILE = new URL('../../../shared/faults.md', import.meta.url)

export interface Row {
  readonly section: string
  readonly name: string
  readonly expected: string
}

/** The rows of a section, in order. */
export function rowsOf(section: string): readonly Row[] {
  return allRows().filter((row) => row.section === section)
}

export function allRows(): readonly Row[] {
  let section = ''
  return readFileSync(FILE, 'utf8')
    .split('\n')
    .flatMap((line) => {
      if (line.startsWith('## ')) section = line.slice(3)
      const [, name, expected] = /^\| (.+) \| (.+) \|$/.exec(line) ?? []
      const isRow = name !== undefined && expected !== undefined && name !== 'fault'
      return isRow ? [{ section, name, expected }] : []
    })
}

/** `describe` for tests that read the rows: a visible skip where the file is absent, and a failure with `CI=true`. */
export function describeRows(name: string, declare: () => void): void {
  const path = fileURLToPath(FILE)
  describeNeeding(existsSync(path) ? undefined : `there is no ${path}`, name, declare)
}
