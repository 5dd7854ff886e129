/** A console that keeps what a command prints, for commands that are run in the process of the test. */
import type { Console } from '../../src/cli/command.ts'

export interface Kept {
  out: string
  err: string
}

export function keptConsole(): { readonly console: Console; readonly kept: Kept } {
  const kept: Kept = { out: '', err: '' }
  return {
    kept,
    console: {
      print: (text) => (kept.out += `${text}\n`),
      complain: (text) => (kept.err += `${text}\n`),
      input: (async function* () {})(),
      paint: (_, text) => text,
      width: 120,
    },
  }
}
