/** The quirks that some test names. */
import { readdirSync, readFileSync } from 'node:fs'

const TESTS = new URL('../', import.meta.url)

/** Their numbers, as they stand in the names of tests. */
export const TESTED_QUIRKS: ReadonlySet<string> = new Set(
  readdirSync(TESTS, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .flatMap((file) => [...readFileSync(new URL(file, TESTS), 'utf8').matchAll(/\bquirk (\d+\.\d+)/gu)])
    .flatMap(([, number]) => (number === undefined ? [] : [number])),
)
