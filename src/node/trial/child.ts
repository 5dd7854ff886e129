/** A command as a process of its own, in a folder of its own, with a provider on loopback and without a key of the user. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import type { CommandEnd } from '../../recording/trial/score.ts'
import { clientEnv } from '../client-env.ts'

/** What is kept of each output. */
const LARGEST_OUTPUT = 1024 * 1024

/** How long a command may take to end once it was interrupted. */
const GRACE_MS = 5000

/** Variables that hold a secret, or a way past the provider. */
const REMOVED = /(_API_KEY|_AUTH_TOKEN|_OAUTH_TOKEN|_ACCESS_TOKEN|_SECRET|_SECRET_KEY|_PROXY|^CLAUDECODE)$/i
const KEYS = ['ANTHROPIC', 'OPENAI', 'KIMI', 'MOONSHOT', 'GEMINI', 'DEEPSEEK', 'OPENROUTER', 'DASHSCOPE']

/** Telemetry and updates off, in the words of the clients that are known. */
const QUIET: Readonly<Record<string, string>> = {
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  DISABLE_TELEMETRY: '1',
  DISABLE_AUTOUPDATER: '1',
  DISABLE_ERROR_REPORTING: '1',
  DO_NOT_TRACK: '1',
  OPENCODE_DISABLE_AUTOUPDATE: '1',
  KIMI_CLI_NO_AUTO_UPDATE: '1',
  NO_UPDATE_NOTIFIER: '1',
  NO_COLOR: '1',
}

export interface CommandPlace {
  /** Of the provider. */
  readonly url: string
  /** Undefined: the user's own. */
  readonly home: string | undefined
  readonly cwd: string
  /** Where tools count their runs. */
  readonly file: string
}

/** The environment of the command. */
export function commandEnv(
  own: Readonly<Record<string, string | undefined>>,
  { url, home, file }: CommandPlace,
): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(own)) if (value !== undefined && !REMOVED.test(name)) kept[name] = value
  for (const name of KEYS) kept[`${name}_API_KEY`] = 'no-key-is-needed-here'
  if (home !== undefined) {
    kept.HOME = home
    kept.USERPROFILE = home
    for (const kind of ['CONFIG', 'DATA', 'CACHE', 'STATE']) kept[`XDG_${kind}_HOME`] = join(home, kind.toLowerCase())
  }
  const bin = join(process.cwd(), 'node_modules', '.bin')
  const path = kept.PATH === undefined ? bin : `${bin}${delimiter}${kept.PATH}`
  return {
    ...kept,
    PATH: path,
    NO_PROXY: '127.0.0.1,localhost',
    ...QUIET,
    ...clientEnv(url),
    ONEFOLD_TRIAL_COUNT: file,
    NOTES: file,
  }
}

/** The command line with its prompt, and with the files that it names by a path from here named so that it runs anywhere. */
export function commandLine(command: string, prompt: string): string {
  const quoted = `'${prompt.replaceAll("'", `'\\''`)}'`
  const here = command.replaceAll(/(?<=^|[\s='"])[\w.@-][\w./@-]*/g, (word) =>
    /\/|\.\w+$/.test(word) && existsSync(word) ? resolve(word) : word,
  )
  return here.includes('{prompt}') ? here.replaceAll('{prompt}', () => quoted) : `${here} ${quoted}`
}

export interface RunningCommand {
  readonly over: Promise<{ readonly end: CommandEnd; readonly out: string; readonly err: string }>
  /** As the user does with Ctrl-C. */
  interrupt(): void
}

/** Starts a command line in a shell. It and all that it started are ended after `timeoutMs`, or once `signal` fires. */
export function startCommand(
  line: string,
  options: {
    readonly env: Record<string, string>
    readonly cwd: string
    readonly timeoutMs: number
    readonly signal?: AbortSignal
  },
): RunningCommand {
  const { env, cwd, timeoutMs, signal } = options
  const child = spawn(line, { cwd, env, shell: true, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const send = (name: NodeJS.Signals): void => {
    if (child.pid === undefined) return
    try {
      process.kill(-child.pid, name)
    } catch {
      // It has ended already, or the system knows no groups.
      child.kill(name)
    }
  }
  const kill = (): void => send('SIGKILL')
  let lateMs: number | undefined
  const endLate = (ms: number): void => {
    lateMs ??= ms
    kill()
  }
  const over = new Promise<Awaited<RunningCommand['over']>>((done) => {
    let [out, err] = ['', '']
    let failure: string | undefined
    const timer = setTimeout(() => endLate(timeoutMs), timeoutMs)
    if (signal?.aborted === true) kill()
    signal?.addEventListener('abort', kill, { once: true })
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text.slice(0, LARGEST_OUTPUT - out.length)))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text.slice(0, LARGEST_OUTPUT - err.length)))
    child.on('error', (error) => (failure = error.message))
    // What it left behind holds its output open.
    child.on('exit', kill)
    child.on('close', (code, name) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', kill)
      const end: CommandEnd =
        lateMs !== undefined
          ? { kind: 'timeout', seconds: lateMs / 1000 }
          : code === null
            ? { kind: 'signal', name: name ?? 'a signal' }
            : { kind: 'exit', code }
      done({ end, out, err: failure === undefined ? err : `${err}${failure}\n` })
    })
  })
  const interrupt = (): void => {
    send('SIGINT')
    const timer = setTimeout(() => endLate(GRACE_MS), GRACE_MS)
    void over.then(() => clearTimeout(timer))
  }
  return { over, interrupt }
}
