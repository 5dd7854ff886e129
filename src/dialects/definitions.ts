/** The dialects that there are. */
import { MisuseError } from '../errors.ts'
import type { Dialect } from '../message.ts'
import { anthropicMessages } from './anthropic-messages.ts'
import type { DialectDefinition } from './dialect.ts'
import { gemini } from './gemini.ts'
import { geminiInteractions } from './gemini-interactions.ts'
import { bedrockConverse } from './bedrock-converse.ts'
import { cohere } from './cohere.ts'
import { ollama } from './ollama.ts'
import { mistralConversations } from './mistral-conversations.ts'
import { textGeneration } from './text-generation.ts'
import { openaiAssistants } from './openai-assistants.ts'
import { acp } from './acp.ts'
import { claudeCode } from './claude-code.ts'
import { aiSdk } from './ai-sdk.ts'
import { aiSdkUi } from './ai-sdk-ui.ts'
import { openaiChat } from './openai-chat.ts'
import { openaiResponses } from './openai-responses.ts'

export const DEFINITIONS: ReadonlyMap<string, DialectDefinition> = new Map(
  [
    anthropicMessages,
    openaiChat,
    openaiResponses,
    gemini,
    geminiInteractions,
    bedrockConverse,
    cohere,
    ollama,
    mistralConversations,
    textGeneration,
    openaiAssistants,
    acp,
    claudeCode,
    aiSdk,
    aiSdkUi,
  ].map((definition) => [definition.name, definition]),
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
