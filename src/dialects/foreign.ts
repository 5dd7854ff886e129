/**
 * What is the same wherever a message is written in the form of another provider. What no form but its own can say is left out: citations,
 * log probabilities, media, blocks that only their provider knows, and signatures and encrypted reasoning, which nobody may make up.
 */
import { equalJson, isObject, parseJson, type JsonValue } from '../json.ts'
import type { AssistantMessage, Outcome, StopReason, ToolCallBlock } from '../message.ts'

/** The message's id; one that onefold minted in characters that every provider takes. */
export function foreignIdOf(
  { id, idSource }: { readonly id: string; readonly idSource: 'wire' | 'minted' },
  prefix: string,
): string {
  return idSource === 'wire' ? id : `${prefix}${id.replace(/[^a-zA-Z0-9_-]/g, '_')}`
}

/** The arguments of a call as JSON; of one that is not whole the text as far as it came. Some providers' calls hold plain text instead. */
export function argumentsOf(call: ToolCallBlock): string {
  const { arguments: text } = call
  if (call.state !== 'complete') return text
  const said = parseJson(text)
  return said !== undefined && equalJson(said, call.input) ? text : JSON.stringify(call.input)
}

/** The outcome without the words of another provider; what nobody knows the provider of may be in the form that is written. */
export function foreignOutcomeOf({ outcome, dialect }: AssistantMessage): Outcome {
  if (outcome.kind !== 'failed' || dialect === 'unknown') return outcome
  const { body: _body, ...error } = outcome.error
  return { kind: 'failed', error }
}

/** What a tool that the provider ran said, as text. */
export function resultText(content: JsonValue | undefined): string {
  if (content === undefined || content === null) return ''
  if (typeof content === 'string') return content
  const texts = Array.isArray(content) ? content.map((part) => (isObject(part) ? part.text : part)) : []
  const areTexts = texts.length > 0 && texts.every((text) => typeof text === 'string')
  return areTexts ? texts.join('\n') : JSON.stringify(content)
}

/**
 * Why the message stopped. Where nobody said it of a complete one, what its content shows; and calls are no reason where none is left for
 * the client. That it failed is said by the error.
 */
export function stopReasonOf({ stop, outcome, content }: AssistantMessage): StopReason {
  const { reason } = stop
  if (outcome.kind === 'failed' && reason === 'error') return 'unknown'
  if (reason !== 'tool_calls' && (reason !== 'unknown' || outcome.kind !== 'complete')) return reason
  return content.some((block) => block.type === 'tool_call' && block.origin === 'client') ? 'tool_calls' : 'end_turn'
}
