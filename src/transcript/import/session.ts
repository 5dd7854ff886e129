/** Any known agent's session file as a conversation. */
import { fromClaudeCode, looksLikeClaudeCode } from './claude-code.ts'
import { fromCodex, looksLikeCodex } from './codex.ts'
import { fromGeminiCli, looksLikeGeminiCli } from './gemini-cli.ts'
import type { Imported } from './imported.ts'
import { fromKimiCode, looksLikeKimiCode } from './kimi-code.ts'
import { fromPi, looksLikePi } from './pi.ts'
import { fromQwenCode, looksLikeQwenCode } from './qwen-code.ts'
import { readRecords, type SessionFile } from './records.ts'

interface Importer {
  readonly looksLike: (file: SessionFile) => boolean
  readonly from: (file: SessionFile) => Imported
}

const IMPORTERS: readonly Importer[] = [
  { looksLike: looksLikeKimiCode, from: fromKimiCode },
  { looksLike: looksLikeCodex, from: fromCodex },
  { looksLike: looksLikeGeminiCli, from: fromGeminiCli },
  { looksLike: looksLikePi, from: fromPi },
  { looksLike: looksLikeQwenCode, from: fromQwenCode },
  { looksLike: looksLikeClaudeCode, from: fromClaudeCode },
]

/** Reads a session file by what its records look like; undefined: no agent known here writes such files. */
export function importSession(file: string | Uint8Array): Imported | undefined {
  return importRecords(readRecords(file))
}

/** The same for records that are read already. */
export function importRecords(file: SessionFile): Imported | undefined {
  return importerOf(file)?.from(file)
}

/** True if both files are of the same agent, as far as their records show. */
export function areOfSameAgent(one: SessionFile, other: SessionFile): boolean {
  return importerOf(one) === importerOf(other)
}

function importerOf(file: SessionFile): Importer | undefined {
  return IMPORTERS.find(({ looksLike }) => looksLike(file))
}
