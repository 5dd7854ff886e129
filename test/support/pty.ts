/** What a program writes to a terminal: a pseudo terminal of util-linux's `script`, which every Debian has. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeNeeding } from './needs.ts'

export interface TerminalOptions {
  /** Default 80. */
  readonly columns?: number
  /** Besides those of the test; what is undefined is taken away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
}

export interface Shown {
  readonly code: number | null
  /** What standard output and standard error wrote, in the order in which it came; nothing of it is changed. */
  readonly bytes: Buffer
}

/** `describe` for tests that need a terminal. */
export function describeTerminal(name: string, declare: () => void): void {
  missing ??= whatIsMissing()
  describeNeeding(missing === '' ? undefined : missing, name, declare)
}

/** Runs a program with a terminal as its standard input, output and error. */
export async function inTerminal(command: readonly string[], options: TerminalOptions = {}): Promise<Shown> {
  const { columns = 80, env = {}, cwd } = options
  // A terminal would write each \n as \r\n and show what is typed.
  const setting = `stty -opost -echo cols ${columns} rows 24`
  const folder = mkdtempSync(join(tmpdir(), 'onefold-terminal-'))
  try {
    // It is asked to write its log where nobody looks: what it prints is the same.
    const line = `${setting}; exec ${command.map(quoted).join(' ')}`
    const terminal = spawn('script', ['-qefc', line, join(folder, 'log')], {
      cwd,
      env: { ...process.env, TERM: 'xterm-256color', SHELL: '/bin/sh', ...env },
    })
    const chunks: Buffer[] = []
    terminal.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    // Its input stays open until it is over, since the end of it would reach the program as a key.
    const code = await new Promise<number | null>((resolve, reject) => {
      terminal.on('error', reject).on('close', resolve)
    })
    return { code, bytes: Buffer.concat(chunks) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

let missing: string | undefined

function whatIsMissing(): string {
  if (process.platform !== 'linux') return 'the `script` of util-linux runs on Linux'
  const folder = mkdtempSync(join(tmpdir(), 'onefold-terminal-'))
  const { status, error, stderr } = spawnSync('script', ['-qec', 'true', join(folder, 'log')], { encoding: 'utf8' })
  rmSync(folder, { recursive: true, force: true })
  return status === 0 ? '' : `there is no terminal: ${error?.message ?? stderr.trim()}`
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`
}
