/** A history of Anthropic as its API reads it: neighbours of one role are one turn. Nothing here trusts the shape of what it is given. */
import { isObject, type JsonObject, nonEmpty } from '../../json.ts'
import { onceForEach, type Derivation } from '../derived.ts'
import type { Breach } from '../rule.ts'

/** Where something stands in the array that was given. */
export interface Place {
  readonly message: number
  /** Absent where the content is a text. */
  readonly block?: number
}

/** A block of a turn, and where it stands. */
export interface Placed {
  readonly at: Place
  readonly value: JsonObject
}

/** Messages of one role with nothing between them: what the first-party API makes one message of. */
export interface Turn {
  readonly role: 'user' | 'assistant' | 'system'
  readonly blocks: readonly Placed[]
}

/** A client tool call that has an id. */
export interface Use {
  readonly id: string
  readonly block: Placed
}

/** The turns of a history. A message of no known role is none, and parts nobody: rule A17 tells of it. */
export const turnsOf: Derivation<readonly Turn[]> = onceForEach((messages) => {
  const turns: { role: Turn['role']; blocks: Placed[] }[] = []
  let last: { role: Turn['role']; blocks: Placed[] } | undefined
  for (const [index, message] of messages.entries()) {
    const role = roleOf(message)
    if (role === undefined) continue
    if (last?.role !== role) {
      last = { role, blocks: [] }
      turns.push(last)
    }
    for (const block of blocksOf(message, index)) last.blocks.push(block)
  }
  return turns
})

/** The role, if it is one that the API knows. */
export function roleOf(message: unknown): Turn['role'] | undefined {
  const role = isObject(message) ? message['role'] : undefined
  return role === 'user' || role === 'assistant' || role === 'system' ? role : undefined
}

/** The blocks of one message; a text is one text block, an empty text none. */
export function blocksOf(message: unknown, index: number): readonly Placed[] {
  const content = isObject(message) ? message['content'] : undefined
  if (typeof content === 'string') {
    return content === '' ? [] : [{ at: { message: index }, value: { type: 'text', text: content } }]
  }
  if (!Array.isArray(content)) return []
  return content.flatMap((value, block) => (isObject(value) ? [{ at: { message: index, block }, value }] : []))
}

/** The blocks of all messages, whatever their roles. */
export const allBlocks: Derivation<readonly Placed[]> = onceForEach((messages) =>
  messages.flatMap((message, index) => blocksOf(message, index)),
)

/** True for a block of one of the types. */
export function isOf({ value }: Placed, ...types: readonly string[]): boolean {
  const { type } = value
  return typeof type === 'string' && types.includes(type)
}

export function isThinking(block: Placed): boolean {
  return isOf(block, 'thinking', 'redacted_thinking')
}

/** A call that the provider runs itself, or a result of one: web search, code execution, MCP. */
export function isServerSide(block: Placed): boolean {
  return isServerUse(block) || isServerResult(block)
}

export function isServerUse(block: Placed): boolean {
  return isOf(block, 'server_tool_use', 'mcp_tool_use')
}

export function isServerResult({ value }: Placed): boolean {
  const { type } = value
  return typeof type === 'string' && type.endsWith('_tool_result')
}

/** The client tool calls of a turn, in order; none of a turn that is not the model's. */
export function usesOf(turn: Turn | undefined): readonly Use[] {
  if (turn?.role !== 'assistant') return []
  return turn.blocks.flatMap((block) => {
    const id = isOf(block, 'tool_use') ? nonEmpty(block.value['id']) : undefined
    return id === undefined ? [] : [{ id, block }]
  })
}

/** The results of a turn, in order; none of a turn that is not the user's. `id` is that of the call. */
export function resultsOf(turn: Turn | undefined): readonly Use[] {
  if (turn?.role !== 'user') return []
  return turn.blocks.flatMap((block) => {
    const id = isOf(block, 'tool_result') ? nonEmpty(block.value['tool_use_id']) : undefined
    return id === undefined ? [] : [{ id, block }]
  })
}

/** The path of a place, as the API writes it. */
export function pathOf({ message, block }: Place): string {
  return block === undefined ? `messages.${message}` : `messages.${message}.content.${block}`
}

export function breach(at: Place, text: string, more: Pick<Breach, 'call' | 'provider'> = {}): Breach {
  return { ...at, text, ...more }
}
