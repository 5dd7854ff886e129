/** The dialects that there are. */
import { MisuseError } from '../errors.ts'
import type { Dialect } from '../message.ts'
import { anthropicMessages } from './anthropic-messages.ts'
import type { DialectDefinition } from './dialect.ts'
import { openaiChat } from './openai-chat.ts'
import { openaiResponses } from './openai-responses.ts'

export const DEFINITIONS: ReadonlyMap<string, DialectDefinition> = new Map(
  [anthropicMessages, openaiChat, openaiResponses].map((definition) => [definition.name, definition]),
)

export const DIALECT_NAMES: readonly string[] = [...DEFINITIONS.keys()]

/** Whether a word names a dialect that onefold reads. */
export function isDialect(name: string): name is Dialect {
  return DEFINITIONS.has(name)
}

/** The definition of a dialect. Throws `MisuseError('unknown_dialect')`. */
export function definitionOf(name: string): DialectDefinition {
  const definition = DEFINITIONS.get(name)
  if (definition !== undefined) return definition
  throw new MisuseError('unknown_dialect', `"${name}" is no dialect of onefold; there are ${DIALECT_NAMES.join(', ')}`)
}
