#!/usr/bin/env node
/** The binary. The only file that touches the process; commands get what they need and give an exit code. */
import { readFile } from 'node:fs/promises'
import { MisuseError } from '../errors.ts'
import { isObject } from '../json.ts'
import type { Command, Console, ExitCode } from './command.ts'
import { doctorCommand } from './doctor.ts'
import { foldCommand } from './fold.ts'
import { startCommand } from './start.ts'
import { painter, printable } from './terminal.ts'
import { verifyCommand } from './verify.ts'

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['fold', foldCommand],
  ['verify', verifyCommand],
  ['doctor', doctorCommand],
  ['start', startCommand],
])

const USAGE = `onefold folds an LLM provider's stream, whole or broken, into exactly one message.

  onefold fold FILE…|-     what a stream comes to
  onefold verify DIR…      whether recordings still give the messages beside them
  onefold doctor FILE…|-   what is wrong with a session file or a request, by which rule, and what repairs it
  onefold start [DIR]      the bundled recordings, and what a plain loop makes of them

onefold COMMAND --help tells more. Exit codes: 0 as promised, 1 a finding, 2 misuse.`

function consoleOf(): Console {
  return {
    print: (text) => void process.stdout.write(`${text}\n`),
    complain: (text) => void process.stderr.write(`onefold: ${printable(text)}\n`),
    input: process.stdin,
    paint: painter(process.stdout, process.env),
    width: process.stdout.columns ?? 120,
  }
}

async function main(args: readonly string[]): Promise<ExitCode> {
  const console = consoleOf()
  const [name, ...rest] = args
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    console.print(USAGE)
    return name === undefined ? 2 : 0
  }
  if (name === '--version') {
    console.print(await version())
    return 0
  }
  const command = COMMANDS.get(name)
  if (command === undefined) {
    console.complain(`"${name}" is no command; there are ${[...COMMANDS.keys()].join(', ')}`)
    return 2
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    console.print(command.usage)
    return 0
  }
  try {
    return await command.run(rest, console)
  } catch (error) {
    if (!(error instanceof MisuseError || isArgumentError(error))) throw error
    console.complain(`${error.message}\n         onefold ${name} --help tells how it is used`)
    return 2
  }
}

async function version(): Promise<string> {
  const about: unknown = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
  return isObject(about) && typeof about.version === 'string' ? about.version : 'unknown'
}

/** What `parseArgs` throws for an option that there is not. */
function isArgumentError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
}

// A reader that has seen enough (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  process.stderr.write(`onefold: the output cannot be written (${error.code ?? error.message})\n`)
  process.exit(2)
})

process.exitCode = await main(process.argv.slice(2))
