/** What the rules of every chat provider read of a message. Nothing here trusts the shape of what it is given. */
import { isObject, nonEmpty, type JsonObject } from '../../json.ts'
import { onceForEach, type Derivation } from '../derived.ts'

export const INSTRUCTION_ROLES: ReadonlySet<unknown> = new Set(['system', 'developer'])

/** One entry of `tool_calls`. */
export interface ChatCall {
  /** Its index in `tool_calls`. */
  readonly block: number
  readonly entry: JsonObject
  /** Undefined where there is none that could be answered. */
  readonly id: string | undefined
}

export function roleOf(message: unknown): unknown {
  return isObject(message) ? message.role : undefined
}

/** The calls of an assistant message; entries that are no objects are left to the rule on the shape. */
export function callsOf(message: unknown): readonly ChatCall[] {
  if (!isObject(message) || message.role !== 'assistant' || !Array.isArray(message.tool_calls)) return []
  return message.tool_calls.flatMap((entry, block) =>
    isObject(entry) ? [{ block, entry, id: nonEmpty(entry.id) }] : [],
  )
}

/** True for what says something: a text that is not empty, or a list of parts that are not all empty texts. */
export function isFilled(content: unknown): boolean {
  if (Array.isArray(content)) {
    return content.some((part) => !isObject(part) || part.type !== 'text' || part.text !== '')
  }
  return content !== undefined && content !== null && content !== ''
}

/** True if some message of the model has reasoning, be it an empty text: the history was held with thinking on. */
export function hasReasoning(messages: readonly unknown[]): boolean {
  return messages.some((message) => roleOf(message) === 'assistant' && carriesReasoning(message))
}

export function carriesReasoning(message: unknown): boolean {
  return isObject(message) && typeof message.reasoning_content === 'string'
}

/** An assistant message whose calls did not all get their answers in the tool messages right after it. */
export interface OpenExchange {
  readonly message: number
  readonly calls: readonly { readonly block: number; readonly id: string }[]
}

/** A tool message that answers no call which is still open where it stands. */
export interface StrayResult {
  readonly message: number
  readonly id: string | undefined
}

export interface Pairing {
  readonly open: readonly OpenExchange[]
  readonly stray: readonly StrayResult[]
}

/**
 * Pairs calls with tool messages as chat does: the answers follow their call at once, in any order, one for each call; every other role
 * ends the exchange, and so does the end of the history.
 */
export const pairingOf: Derivation<Pairing> = onceForEach((messages) => {
  const open: OpenExchange[] = []
  const stray: StrayResult[] = []
  let asking = 0
  let waiting = new Map<string, { readonly blocks: number[]; answers: number }>()
  const close = (): void => {
    const calls = [...waiting].flatMap(([id, { blocks, answers }]) =>
      blocks.slice(answers).map((block) => ({ block, id })),
    )
    if (calls.length > 0) open.push({ message: asking, calls: calls.toSorted((a, b) => a.block - b.block) })
    waiting = new Map()
  }
  for (const [at, message] of messages.entries()) {
    if (isObject(message) && message.role === 'tool') {
      const id = nonEmpty(message.tool_call_id)
      const asked = id === undefined ? undefined : waiting.get(id)
      if (asked !== undefined && asked.answers < asked.blocks.length) asked.answers += 1
      else stray.push({ message: at, id })
      continue
    }
    close()
    asking = at
    for (const { block, id } of callsOf(message)) {
      if (id === undefined) continue
      const asked = waiting.get(id)
      if (asked === undefined) waiting.set(id, { blocks: [block], answers: 0 })
      else asked.blocks.push(block)
    }
  }
  close()
  return { open, stray }
})
