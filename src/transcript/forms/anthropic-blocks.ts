/** The blocks of a message of Anthropic's. */
import { isObject, type JsonObject } from '../../json.ts'

/** A content that is a text is one text block; what is no object is passed over. */
export function blocksOf({ content }: JsonObject): readonly JsonObject[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  return Array.isArray(content) ? content.map((block) => (isObject(block) ? block : {})) : []
}

export const isCall = (block: JsonObject): boolean => block.type === 'tool_use'
export const isResult = (block: JsonObject): boolean => block.type === 'tool_result'
/** What a tool of the provider's was asked, or answered. */
export const isServerBlock = ({ type }: JsonObject): boolean =>
  type === 'server_tool_use' || type === 'mcp_tool_use' || isServerResult({ type: type ?? null })
export const isServerResult = ({ type }: JsonObject): boolean =>
  typeof type === 'string' && type !== 'tool_result' && type.endsWith('_tool_result')
export const isThinking = (block: JsonObject): boolean =>
  block.type === 'thinking' || block.type === 'redacted_thinking'
export const isBlank = (block: JsonObject): boolean => typeof block.text !== 'string' || block.text.trim() === ''

/** What proves that two pieces of reasoning are one and the same. */
export function signatureOf(block: JsonObject): string | undefined {
  const seal = block.type === 'redacted_thinking' ? block.data : block.signature
  return isThinking(block) && typeof seal === 'string' && seal !== '' ? seal : undefined
}
