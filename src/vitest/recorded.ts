/** A fixture for `test.extend`: the `fetch` of one test, played from what was recorded, or recorded. */
import { dirname, join, relative } from 'node:path'
import { fileNameOf } from '../node/named-recordings.ts'
import { pathOf } from '../node/recording-files.ts'
import { openRecorded, type Recorded, type RecordedOptions } from '../node/recorded.ts'

export interface FixtureOptions extends Omit<RecordedOptions, 'folder' | 'command'> {
  /** Where the recordings are: a path seen from the folder in which vitest runs, or a file URL. `recordings` beside the test file without it. */
  readonly folder?: string | URL
}

/** What vitest gives a fixture, as far as it is needed. */
interface FixtureContext {
  readonly task: RunningTest
}

interface RunningTest {
  readonly name: string
  readonly file: { readonly filepath: string }
  readonly suite?: RunningSuite | undefined
  readonly result?: { readonly state: string } | undefined
}

interface RunningSuite {
  readonly name: string
  readonly suite?: RunningSuite | undefined
}

/**
 * A fixture that plays the recordings of a name, or, without a name, of the test that uses it:
 *
 *     const it = test.extend({ recorded: recorded() })
 *     it('greets', async ({ recorded }) => new Anthropic({ fetch: recorded.fetch, …
 *
 * What is missing is recorded with `ONEFOLD_RECORD=1`, never under CI, and kept only if the test passes. Throws as `openRecorded` does.
 */
export function recorded(
  name?: string,
  options: FixtureOptions = {},
): (context: FixtureContext, use: (recorded: Recorded) => Promise<void>) => Promise<void> {
  // vitest reads the names of the fixtures that are needed from the pattern.
  return async ({ task }, use) => {
    const { folder, ...rest } = options
    const { filepath } = task.file
    const path = pathOf(folder ?? join(dirname(filepath), 'recordings'))
    const words = wordsOf(task)
    const command = `npx vitest run ${quoted(relative('', filepath))} -t ${quoted(patternOf(words))}`
    const one = await openRecorded(name ?? fileNameOf(words), { ...rest, folder: path, command })
    await use(one)
    await one.close({ keep: task.result?.state !== 'fail' })
  }
}

function wordsOf({ name, suite }: RunningTest): readonly string[] {
  const words = [name]
  for (let around = suite; around !== undefined; around = around.suite)
    if (around.name !== '') words.unshift(around.name)
  return words
}

/** What `-t` takes is a regular expression. */
function patternOf(words: readonly string[]): string {
  return words.join(' ').replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

/** For a shell. */
function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
