/** What the engine of repairs must know of a wire format. */
import type { JsonObject } from '../json.ts'
import type { Call, Element, Exchange, Said, Step } from './element.ts'
import type { Report } from './repairs.ts'
import type { RequestFacts, Target } from './target.ts'

export interface RepairContext {
  readonly target: Target
  readonly facts: RequestFacts
  readonly report: Report
}

export interface Form {
  /** Divides a history into its elements, and mends what can be mended within each: blank texts, doubled blocks, damaged shapes. */
  read(messages: readonly JsonObject[], context: RepairContext): readonly Element[]
  /** Puts steps together again; what nobody touched is the object that was given. */
  write(steps: readonly Step[], context: RepairContext): readonly JsonObject[]
  /** The result that closes a call which has none. */
  closing(call: Call, text: string): JsonObject
  /** The text of a result, if it is nothing but text. */
  textOf(result: JsonObject): string | undefined
  /** All results of one call as one. */
  join(first: JsonObject, others: readonly JsonObject[]): JsonObject
  /** The answer with other ids for its calls, by their place in `calls`. */
  withCallIds(said: Said, ids: readonly string[]): readonly JsonObject[]
  withResultId(result: JsonObject, id: string): JsonObject
  /** A result may stand anywhere behind its call; elsewhere it stands right behind. */
  readonly isLoose?: true
  /** What the provider takes for an id. */
  readonly ids: IdPolicy
}

/** Results that stood in several messages stand in one. Those that close a call have the place of the call. */
export function reportMerged({ said, results }: Exchange, { report }: RepairContext): void {
  const given = results.filter(({ at }) => at > said.at)
  const further = given.find(({ at }) => at !== given[0]?.at)
  if (further === undefined) return
  const text = 'the results of one answer stand in one message'
  report({ kind: 'messages_merged', message: further.at, call: further.id, text })
}

export interface IdPolicy {
  /** Each character that matches is replaced by `_`. */
  readonly foreign: RegExp
  readonly maxLength: number
  /** Two calls of one history may not have the same id. */
  readonly isUnique: boolean
}
