/** `onefold doctor`: what is wrong with a conversation in a file, and the same conversation as a provider takes it. */
import { stat, writeFile } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import { parseArgs } from 'node:util'
import { counted } from '../compare/units.ts'
import { diagnose, type Diagnosed, type DiagnoseOptions } from '../diagnose.ts'
import { MisuseError } from '../errors.ts'
import { readBytes } from '../node/recording-files.ts'
import type { Diagnosis } from '../transcript/diagnose/diagnosis.ts'
import { TARGETS, type Target } from '../transcript/target.ts'
import type { Command, Console, ExitCode } from './command.ts'
import { readInput } from './input.ts'
import { isHealthy, renderDiagnosis, renderWritten } from './render-diagnosis.ts'
import { printable } from './terminal.ts'

const usage = `onefold doctor FILE…|-

Reads a conversation and says what is wrong with it: by which rule, where, what the provider would answer, and what
repairs it. A file is a session of Claude Code, Codex, Gemini CLI, Kimi Code, pi or Qwen Code, a JSON array (or lines) of
messages, or the body of a request to Anthropic, a chat API, Responses or Gemini.

  --target NAME   judges by the rules of ${TARGETS.join(', ')};
                  without it, by those of whom the file is for
  --strict        also by what gateways and older models refuse
  --write         writes NAME.repaired.EXT beside the file, which stays as it is
  --json          each file as one line of JSON

Exit code: 0 if nothing is wrong, 1 if something is, 2 for a file that cannot be read or is none of these.`

interface DoctorOptions {
  readonly diagnosing: DiagnoseOptions
  readonly isWriting: boolean
  readonly isJson: boolean
}

async function run(args: readonly string[], console: Console): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      target: { type: 'string' },
      strict: { type: 'boolean' },
      write: { type: 'boolean' },
      json: { type: 'boolean' },
    },
  })
  if (positionals.length === 0)
    throw new MisuseError('bad_argument', 'name a session file or a request, or - for the standard input')
  if (values.write && positionals.includes('-')) {
    throw new MisuseError('bad_argument', '--write needs a file to write beside, not the standard input')
  }
  const target = values.target === undefined ? {} : { target: readTarget(values.target) }
  const options: DoctorOptions = {
    diagnosing: { ...target, ...(values.strict ? { profile: 'strict' } : {}) },
    isWriting: values.write ?? false,
    isJson: values.json ?? false,
  }
  const codes: ExitCode[] = []
  for (const file of positionals) {
    // A file that cannot be read does not stop the others.
    const code = await examine(file, options, console).catch((error: unknown) => {
      if (!(error instanceof MisuseError)) throw error
      console.complain(error.message)
      return 2 as const
    })
    codes.push(code)
  }
  if (!options.isJson && positionals.length > 1) console.print(`\n${summary(codes)}`)
  return codes.includes(2) ? 2 : codes.includes(1) ? 1 : 0
}

function summary(codes: readonly ExitCode[]): string {
  const of = (code: ExitCode): number => codes.filter((own) => own === code).length
  return `${counted(codes.length, 'file')}: ${of(0)} healthy, ${of(1)} not, ${of(2)} not read`
}

function readTarget(name: string): Target {
  const target = TARGETS.find((known) => known === name)
  if (target !== undefined) return target
  throw new MisuseError('bad_option', `--target ${name}: there are ${TARGETS.join(', ')}`)
}

async function examine(file: string, options: DoctorOptions, console: Console): Promise<ExitCode> {
  const name = file === '-' ? 'standard input' : file
  const bytes = file === '-' ? await readInput(console.input) : await readBytes(file)
  const found = diagnoseNamed(name, bytes, options.diagnosing)
  const { diagnosis } = found
  const isSound = isHealthy(diagnosis)
  const written = options.isWriting && !isSound ? await write(file, bytes, found, options) : undefined
  if (options.isJson) console.print(JSON.stringify(jsonOf(name, diagnosis, written)))
  else {
    console.print(`${console.paint('bold', printable(name))}\n${renderDiagnosis(diagnosis, console.paint)}`)
    if (written !== undefined) console.print(renderWritten(written, console.paint))
  }
  return isSound ? 0 : 1
}

function diagnoseNamed(name: string, bytes: Uint8Array, options: DiagnoseOptions): Diagnosed {
  try {
    return diagnose(bytes, options)
  } catch (error) {
    if (!(error instanceof MisuseError)) throw error
    throw new MisuseError(error.code, `${name}: ${error.message}`, { cause: error })
  }
}

/** What became of `--write`. */
export type Written =
  /** `left`: what is still wrong with what was written. */
  | {
      readonly kind: 'written'
      readonly path: string
      readonly isSession: boolean
      readonly left: Diagnosis | undefined
    }
  | { readonly kind: 'not_written'; readonly reason: string }

/** Writes the repaired file and never over another one.. */
async function write(
  file: string,
  bytes: Uint8Array,
  { diagnosis, repairedFile }: Diagnosed,
  { diagnosing }: DoctorOptions,
): Promise<Written> {
  const text = repairedFile()
  if (text === undefined) {
    const reason =
      diagnosis.remedy.kind === 'unrepairable' ? diagnosis.remedy.text : 'it cannot be written in its own form'
    return { kind: 'not_written', reason }
  }
  if (text === new TextDecoder().decode(bytes)) {
    return { kind: 'not_written', reason: 'what is wrong is not in the file itself: every call in it has a result' }
  }
  const path = repairedName(file)
  // A session is private: what is beside it is readable for nobody else.
  const { mode } = await stat(file)
  try {
    await writeFile(path, text, { flag: 'wx', mode: mode & 0o666 })
  } catch (error) {
    await acceptSame(path, text, error)
  }
  const { diagnosis: after } = diagnose(text, { ...diagnosing, target: diagnosis.target })
  const left = isHealthy(after) ? undefined : after
  return { kind: 'written', path, isSession: diagnosis.form.kind === 'session', left }
}

/** `a/session.jsonl` → `a/session.repaired.jsonl`. */
function repairedName(file: string): string {
  const extension = extname(basename(file))
  return `${file.slice(0, file.length - extension.length)}.repaired${extension}`
}

/** The same file, written before, is as good as one written now. */
async function acceptSame(path: string, text: string, error: unknown): Promise<void> {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  if (code !== 'EEXIST') {
    throw new MisuseError('file_not_found', `${path}: it cannot be written (${code})`, { cause: error })
  }
  const known = await readBytes(path).catch(() => undefined)
  if (known !== undefined && new TextDecoder().decode(known) === text) return
  throw new MisuseError('bad_argument', `${path}: it is there already and says something else; move it away first`)
}

function jsonOf(file: string, diagnosis: Diagnosis, written: Written | undefined): object {
  const { remedy, ...rest } = diagnosis
  const isRepairable = remedy.kind === 'repaired'
  return {
    file,
    isHealthy: isHealthy(diagnosis),
    ...rest,
    isRepairable,
    ...(written === undefined ? {} : { written: jsonOfWritten(written) }),
  }
}

function jsonOfWritten(written: Written): object {
  if (written.kind === 'not_written') return written
  const { kind, path, left } = written
  return { kind, path, left: left === undefined ? [] : [...left.problems, ...left.findings] }
}

export const doctorCommand: Command = { usage, run }
