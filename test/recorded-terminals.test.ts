/** The terminals of the formats that the corpus does not have, in the recordings that show them. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parseRecording } from '../src/recording/format.ts'
import { assemble } from '../src/turn.ts'
import { RECORDED_TERMINALS, type RecordedTerminal } from './support/terminals.ts'

function bodyOf({ recording }: RecordedTerminal): string {
  const text = readFileSync(new URL(`../recordings/${recording}.recording`, import.meta.url), 'utf8')
  const bytes = parseRecording(text).chunks.flatMap((chunk) => [...chunk.bytes])
  return new TextDecoder().decode(Uint8Array.from(bytes))
}

async function lastOutcome(body: string): Promise<string | undefined> {
  return (await assemble(body).messages()).at(-1)?.outcome.kind
}

it.each(RECORDED_TERMINALS.map((row) => [row.vendor, row] as const))(
  'I5: %s: is complete from the terminal on, and not before',
  async (_, row) => {
    const body = bodyOf(row)
    const mark = body.lastIndexOf(row.mark)
    expect(mark).toBeGreaterThan(0)
    const start = body.lastIndexOf('\n', mark) + 1
    const end = body.indexOf('\n', mark) + 1
    expect(await lastOutcome(body.slice(0, end))).toBe('complete')
    expect(await lastOutcome(body.slice(0, start))).toBe('truncated')
    expect((await assemble(body).message()).dialect).toBe(row.dialect)
  },
)
