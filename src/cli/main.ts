#!/usr/bin/env node
/** The binary. The only file that touches the process; commands get what they need and give an exit code. */
import { MisuseError } from '../errors.ts'
import type { Command, Console } from './command.ts'
import { painter, printable } from './terminal.ts'
import { version } from './version.ts'

/** Each is loaded only when it is asked for: a program that is started often should not load what it does not use. */
const COMMANDS: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ['fold', async () => (await import('./fold.ts')).foldCommand],
  ['record', async () => (await import('./record.ts')).recordCommand],
  ['replay', async () => (await import('./replay.ts')).replayCommand],
  ['import', async () => (await import('./import.ts')).importCommand],
  ['verify', async () => (await import('./verify.ts')).verifyCommand],
  ['compare', async () => (await import('./compare.ts')).compareCommand],
  ['trial', async () => (await import('./trial.ts')).trialCommand],
  ['doctor', async () => (await import('./doctor.ts')).doctorCommand],
  ['start', async () => (await import('./start.ts')).startCommand],
])

const USAGE = `onefold folds an LLM provider's stream, whole or broken, into exactly one message.

  onefold fold FILE…|-     what a stream comes to
  onefold record …         records what a program and a provider say to each other
  onefold replay FILE…     serves recordings on this machine to any client
  onefold import FILE…     makes recordings of HAR files and plain bodies
  onefold verify DIR…      whether recordings still give the messages beside them
  onefold compare A B …    turns side by side: what differs in them, and in how they came
  onefold trial --cmd …    what another program makes of broken streams
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

async function main(args: readonly string[]): Promise<number> {
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
  const load = COMMANDS.get(name)
  if (load === undefined) {
    console.complain(`"${name}" is no command; there are ${[...COMMANDS.keys()].join(', ')}`)
    return 2
  }
  const command = await load()
  // What stands behind -- is for the command that is run.
  const own = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest
  if (own.includes('--help') || own.includes('-h')) {
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
