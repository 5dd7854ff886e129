/** `onefold import`: what others have saved, as recordings. */
import { access, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { counted } from '../compare/units.ts'
import { MisuseError } from '../errors.ts'
import { importFile } from '../node/import-file.ts'
import { formatRecording, RECORDING_EXTENSION, type Recording } from '../recording/format.ts'
import type { Command, Console, ExitCode } from './command.ts'
import { patternOf } from './redact-option.ts'
import { printable } from './terminal.ts'

const usage = `onefold import FILE… --out DIR

Writes recordings of what others have saved: HAR files of browsers and proxies (each answer of a known API in them), .sse and .ndjson
bodies, whole JSON answers. Secrets are taken out first; docs/recordings.md says which.

  --out DIR         where the recordings are written
  --redact PATTERN  what else is secret: a text, or /a regular expression/; give it several times for several
  --force           writes over files that are there
  --json            one line of JSON for each recording, and for what was left out

Exit code: 0 if all was imported, 1 if something of a file was left out or doubtful, or nothing was found, 2 for a file that cannot be
read or written.`

async function run(args: readonly string[], console: Console): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      out: { type: 'string' },
      redact: { type: 'string', multiple: true },
      force: { type: 'boolean' },
      json: { type: 'boolean' },
    },
  })
  if (positionals.length === 0) throw new MisuseError('bad_argument', 'name a file to import')
  const { out } = values
  if (out === undefined || out === '') throw new MisuseError('bad_argument', 'say where to with --out DIR')
  const redact = (values.redact ?? []).map(patternOf)
  const to: Target = { folder: out, isForced: values.force ?? false, isJson: values.json ?? false }
  let worst: ExitCode = 0
  let written = 0
  for (const file of positionals) {
    try {
      const { recordings, leftOut } = await importFile(file, { redact })
      for (const { name, recording } of recordings) await write(name, recording, to, console)
      for (const problem of leftOut) tell(problem, to, console)
      written += recordings.length
      if (recordings.length === 0) tell(`${file}: there is no answer of a known API in it`, to, console)
      if ((recordings.length === 0 || leftOut.length > 0) && worst === 0) worst = 1
    } catch (error) {
      if (!(error instanceof MisuseError)) throw error
      console.complain(error.message)
      worst = 2
    }
  }
  if (!to.isJson) console.print(`${counted(written, 'recording')} in ${printable(out)}`)
  return worst
}

interface Target {
  readonly folder: string
  readonly isForced: boolean
  readonly isJson: boolean
}

async function write(name: string, recording: Recording, to: Target, console: Console): Promise<void> {
  const file = join(to.folder, `${name}${RECORDING_EXTENSION}`)
  const isThere = await access(file).then(
    () => true,
    () => false,
  )
  if (isThere && !to.isForced) {
    throw new MisuseError('bad_argument', `${file}: there is such a file already; --force writes over it`)
  }
  try {
    await mkdir(to.folder, { recursive: true })
    await writeFile(file, formatRecording(recording), { mode: 0o600, flag: to.isForced ? 'w' : 'wx' })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new MisuseError('file_not_found', `${file}: it cannot be written (${code})`, { cause: error })
  }
  const { dialect, response } = recording.header
  const facts = {
    file,
    dialect,
    status: response?.status,
    from: recording.header.provenance.from,
    end: recording.ending,
  }
  const about = [dialect, response?.status, recording.ending === 'eof' ? undefined : recording.ending]
  const said = about.filter((one) => one !== undefined).join(', ')
  console.print(to.isJson ? JSON.stringify(facts) : `${printable(file)}${said === '' ? '' : `: ${printable(said)}`}`)
}

function tell(problem: string, { isJson }: Target, console: Console): void {
  if (isJson) console.print(JSON.stringify({ leftOut: problem }))
  else console.complain(problem)
}

export const importCommand: Command = { usage, run }
