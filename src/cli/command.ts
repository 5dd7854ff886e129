/** What a command of the binary is given and gives back. `main.ts` alone touches the process. */
import type { Paint } from './terminal.ts'

/** 0: as promised. 1: a finding (a turn that is not complete, a difference). 2: misuse. */
export type ExitCode = 0 | 1 | 2

export interface Console {
  /** Writes lines to the standard output. */
  readonly print: (text: string) => void
  /** Writes a message to the standard error output. */
  readonly complain: (text: string) => void
  readonly input: AsyncIterable<Uint8Array>
  readonly paint: Paint
  /** Columns of the terminal, or of a wide page where there is none. */
  readonly width: number
}

export interface Command {
  readonly usage: string
  /** Gives the exit code: one of those above, or that of a command which was run. */
  run(args: readonly string[], console: Console): Promise<number>
}
