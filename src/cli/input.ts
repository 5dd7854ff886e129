/** The standard input of a command. */
import type { Console } from './command.ts'

/** All of it, once it has ended. */
export async function readInput(input: Console['input']): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of input) chunks.push(chunk)
  return Buffer.concat(chunks)
}
