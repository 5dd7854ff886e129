/** A command run with another environment, and waiting for whoever stops a server. */
import { spawn, type ChildProcess } from 'node:child_process'
import { constants } from 'node:os'
import process from 'node:process'
import { MisuseError } from '../errors.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Runs a command with these variables besides its own, on this terminal, and gives its exit code; 128 and the number of the signal that ended
 * it, as a shell does. Signals are passed on, but for the Ctrl-C of a terminal, which sends it to both: the command decides. What goes to
 * this machine goes through no proxy that the environment names. Throws `MisuseError('file_not_found')` for a command that there is not.
 */
export async function runCommand(command: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  const [program = '', ...args] = command
  const child = started(program, args, { ...process.env, ...env, ...withoutProxy() })
  const passOn = (signal: NodeJS.Signals): void => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
  }
  for (const signal of SIGNALS) process.on(signal, passOn)
  try {
    return await new Promise((resolve, reject) => {
      child.on('error', (error) => reject(unstartable(program, error)))
      child.on('close', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])))
    })
  } finally {
    for (const signal of SIGNALS) process.off(signal, passOn)
  }
}

/** Of some commands Node says at once that they cannot be started: an empty one, one that is too long. */
function started(program: string, args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  try {
    return spawn(program, args, { env, stdio: 'inherit' })
  } catch (error) {
    throw unstartable(program, error)
  }
}

function unstartable(program: string, error: unknown): MisuseError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  const why = program === '' ? 'its name is empty' : code === 'ENOENT' ? 'there is no such program' : code
  return new MisuseError(
    'file_not_found',
    `${program === '' ? '--' : program}: the command cannot be started: ${why}`,
    { cause: error },
  )
}

function withoutProxy(): Readonly<Record<string, string>> {
  const { NO_PROXY, no_proxy } = process.env
  const direct = [NO_PROXY ?? no_proxy, '127.0.0.1', 'localhost'].filter((host) => (host ?? '') !== '').join(',')
  return { NO_PROXY: direct, no_proxy: direct }
}

/** Until Ctrl-C, or somebody ends this process kindly. */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      for (const signal of SIGNALS) process.off(signal, stop)
      resolve()
    }
    for (const signal of SIGNALS) process.on(signal, stop)
  })
}

/** A line on the standard error output, where it is not in the way of what a command prints. */
export function noteLine(text: string): void {
  process.stderr.write(`${text}\n`)
}
