/** What an importer gives: the conversation of a file, and what was wrong with the file itself. */
import type { Item } from '../items.ts'
import type { Target } from '../target.ts'

export const AGENTS = ['claude-code', 'kimi-code', 'codex', 'gemini-cli', 'pi', 'qwen-code'] as const
export type Agent = (typeof AGENTS)[number]

/** One element of the conversation, and the line of the file (from 1) on which it stands. */
export interface ImportedItem {
  readonly line: number
  readonly item: Item
  /** The record holds a piece of a message; others with the same message id hold the rest. */
  readonly isFragment?: true
}

export type ProblemKind =
  | 'torn_tail'
  | 'damaged_line'
  | 'glued_records'
  | 'duplicate_record'
  | 'orphan_record'
  | 'unknown_version'

/** Something wrong with the file, not with the conversation. Nothing that was readable is lost by it. */
export interface Problem {
  readonly kind: ProblemKind
  readonly line: number
  readonly text: string
}

export interface Imported {
  readonly agent: Agent
  /** The API that the agent holds this conversation with. */
  readonly target: Target
  readonly items: readonly ImportedItem[]
  readonly problems: readonly Problem[]
}
