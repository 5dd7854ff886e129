/**
 * Messages of the AI SDK's `fullStream` as the model messages that `response.messages` holds: of each step the assistant's message, and
 * one with the results of the tools that the SDK ran. What a tool's own `toModelOutput` would make of a result is not on the wire.
 */
import { copyFields, copyJson, isObject, type JsonObject, type JsonValue } from '../json.ts'
import type { AssistantMessage, ContentBlock, ToolResultBlock } from '../message.ts'
import { inputOf } from './ai-sdk-parts.ts'

export function stepsToNative(messages: readonly AssistantMessage[]): JsonValue {
  return messages.flatMap(stepToNative)
}

function stepToNative({ content }: AssistantMessage): JsonObject[] {
  const calls = new Map<string, number>()
  for (const block of content) if (block.type === 'tool_call') calls.set(block.id, calls.size)
  const results = content.filter((block) => block.type === 'tool_result').filter(isToolMessage)
  const placeOf = ({ callId = '' }: ToolResultBlock): number => calls.get(callId) ?? calls.size
  // Results of calls that an earlier turn made stand before what the model says to them.
  const earlier = results.filter(({ callId = '' }) => !calls.has(callId))
  const own = results.filter((result) => !earlier.includes(result)).toSorted((a, b) => placeOf(a) - placeOf(b))
  const said = content.flatMap(blockToNative)
  return [
    ...message('tool', earlier.map(resultToNative)),
    ...message('assistant', said),
    ...message('tool', own.map(resultToNative)),
  ]
}

function message(role: string, content: JsonObject[]): JsonObject[] {
  return content.length === 0 ? [] : [{ role, content }]
}

function isToolMessage({ wire }: ToolResultBlock): boolean {
  return wire.providerExecuted !== true && wire.preliminary !== true
}

function blockToNative(block: ContentBlock): JsonObject[] {
  const options = optionsOf(block)
  switch (block.type) {
    case 'text':
      return block.text === '' ? [] : [{ type: 'text', text: block.text, ...options }]
    case 'thinking':
      return [{ type: 'reasoning', text: block.text, ...options }]
    case 'media': {
      const { type = 'file', mediaType = '' } = block.wire
      return [{ type, data: block.data ?? '', mediaType, ...options }]
    }
    case 'tool_call': {
      // The SDK had not read it to its end.
      if (block.wire.isCall !== true) return []
      const input = inputOf(block) ?? {}
      const { providerExecuted } = block.wire
      return [
        {
          type: 'tool-call',
          toolCallId: idOf(block),
          toolName: block.wire.toolName ?? block.name,
          input: block.wire.invalid === true && !(typeof input === 'object') ? {} : input,
          ...(providerExecuted === undefined ? {} : { providerExecuted }),
          ...options,
        },
      ]
    }
    case 'tool_result':
      return isToolMessage(block) || block.wire.preliminary === true ? [] : [resultToNative(block)]
    case 'other':
      return otherToNative(block.wire)
    case 'refusal':
      return []
    default: {
      const never: never = block
      return never
    }
  }
}

/** A source is no part of what the model gets back. */
function otherToNative(wire: JsonObject): JsonObject[] {
  if (wire.type === 'tool-approval-request' || wire.type === 'custom') {
    const { providerMetadata, ...rest } = copyFields(wire)
    return [{ ...rest, ...(providerMetadata === undefined ? {} : { providerOptions: providerMetadata }) }]
  }
  return []
}

function idOf(block: Extract<ContentBlock, { type: 'tool_call' }>): JsonValue {
  return block.wire.id ?? (block.idSource === 'wire' ? block.id : '')
}

function optionsOf({ wire }: ContentBlock): JsonObject {
  return isObject(wire.providerMetadata) ? { providerOptions: copyFields(wire.providerMetadata) } : {}
}

function resultToNative(block: ToolResultBlock): JsonObject {
  const { toolName = '' } = block.wire
  const options = optionsOf(block)
  return { type: 'tool-result', toolCallId: block.callId ?? '', toolName, output: outputOf(block), ...options }
}

function outputOf({ content, isError, wire }: ToolResultBlock): JsonObject {
  const value = copyJson(content) ?? null
  if (wire.isDenied === true) return { type: 'execution-denied' }
  if (isError && wire.providerExecuted === true) return { type: 'error-json', value }
  if (isError) return { type: 'error-text', value: textOf(value) }
  return typeof value === 'string' ? { type: 'text', value } : { type: 'json', value }
}

/** As the SDK tells an error: a text as it is, anything else as JSON. */
function textOf(value: JsonValue): string {
  if (value === null) return 'unknown error'
  return typeof value === 'string' ? value : JSON.stringify(value)
}
