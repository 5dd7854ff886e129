/** `onefold verify`: whether every recording of a folder still gives the message that stands beside it. */
import { parseArgs } from 'node:util'
import { jsonChanges, pathText } from '../compare/json-changes.ts'
import { counted } from '../compare/units.ts'
import { MisuseError } from '../errors.ts'
import type { JsonValue } from '../json.ts'
import {
  expectationOf,
  findRecordings,
  messageOfFile,
  readExpectation,
  writeExpectation,
} from '../node/recording-files.ts'
import type { Command, Console, ExitCode } from './command.ts'
import { preview, type Paint } from './terminal.ts'

const usage = `onefold verify DIR…

Folds every recording (and .sse or .ndjson body) of the folders and compares it with the message in the .json file beside it.

  --update    writes the messages anew; read the difference before you commit it
  --json      one line of JSON for each recording

Exit code: 0 if all agree, 1 if one differs, has no message beside it, or cannot be read, 2 for a folder that is not there.`

type Verdict =
  | { readonly kind: 'same' }
  | { readonly kind: 'written' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly reason: string }
  | { readonly kind: 'differs'; readonly path: string; readonly expected: JsonValue; readonly actual: JsonValue }

async function run(args: readonly string[], console: Console): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { update: { type: 'boolean' }, json: { type: 'boolean' } },
  })
  if (positionals.length === 0) throw new MisuseError('bad_argument', 'name a folder of recordings')
  const files = (await Promise.all(positionals.map(findRecordings))).flat()
  if (files.length === 0)
    throw new MisuseError('file_not_found', `${positionals.join(', ')}: there is no recording in it`)
  let findings = 0
  for (const file of files) {
    const verdict = await verify(file, values.update ?? false)
    if (verdict.kind !== 'same' && verdict.kind !== 'written') findings += 1
    console.print(values.json ? JSON.stringify({ file, ...verdict }) : render(file, verdict, console.paint))
  }
  if (!values.json) console.print(`\n${counted(files.length, 'recording')}, ${counted(findings, 'finding')}`)
  return findings === 0 ? 0 : 1
}

async function verify(file: string, isUpdate: boolean): Promise<Verdict> {
  try {
    const actual = await messageOfFile(file)
    const expected = await readExpectation(file).catch((error: unknown) => {
      if (isUpdate) return undefined
      throw error
    })
    const [difference] = expected === undefined ? [] : jsonChanges(expected, actual)
    if (expected !== undefined && difference === undefined) return { kind: 'same' }
    if (isUpdate) {
      await writeExpectation(file, actual)
      return { kind: 'written' }
    }
    if (difference === undefined) return { kind: 'missing' }
    return {
      kind: 'differs',
      path: pathText(difference.path),
      expected: difference.reference ?? null,
      actual: difference.side ?? null,
    }
  } catch (error) {
    if (error instanceof MisuseError) return { kind: 'unreadable', reason: error.message }
    throw error
  }
}

function render(file: string, verdict: Verdict, paint: Paint): string {
  switch (verdict.kind) {
    case 'same':
      return `${paint('green', 'same')}     ${file}`
    case 'written':
      return `${paint('yellow', 'written')}  ${expectationOf(file)}`
    case 'missing':
      return `${paint('red', 'missing')}  ${expectationOf(file)}: no message to compare with; --update writes it`
    case 'unreadable':
      return `${paint('red', 'damaged')}  ${verdict.reason}`
    case 'differs': {
      const expected = preview(JSON.stringify(verdict.expected), 100)
      const actual = preview(JSON.stringify(verdict.actual), 100)
      return `${paint('red', 'differs')}  ${file}\n         at ${preview(verdict.path, 200) || 'the top'}\n         expected ${expected}\n         got      ${actual}`
    }
    default: {
      const never: never = verdict
      return never
    }
  }
}

export const verifyCommand: Command = { usage, run }
