/** A message in the form of a whole answer of Converse (docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html). */
import { copyFields, copyJson, isObject, type JsonObject, type JsonValue } from '../json.ts'
import type { AssistantMessage, ContentBlock, MediaBlock, TextBlock, ThinkingBlock, ToolCallBlock } from '../message.ts'

export function toConverse(message: AssistantMessage): JsonObject {
  const { role = 'assistant', ...wire } = copyFields(message.wire)
  return {
    output: { message: { role, content: message.content.map(blockToNative) } },
    stopReason: message.stop.raw,
    ...(message.rawUsage === undefined ? {} : { usage: copyFields(message.rawUsage) }),
    ...wire,
  }
}

function blockToNative(block: ContentBlock): JsonObject {
  switch (block.type) {
    case 'text':
      return textToNative(block)
    case 'thinking':
      return { reasoningContent: thinkingToNative(block) }
    case 'tool_call':
      return { toolUse: callToNative(block) }
    case 'tool_result':
      return {
        toolResult: {
          ...(block.callId === undefined ? {} : { toolUseId: block.callId }),
          content: copyJson(block.content) ?? [],
          ...copyFields(block.wire),
        },
      }
    case 'media':
      return { image: imageToNative(block) }
    case 'refusal':
      return { text: block.text }
    case 'other':
      return copyFields(block.wire)
    default: {
      const never: never = block
      return never
    }
  }
}

function textToNative({ text, citations, wire }: TextBlock): JsonObject {
  const { citationsContent } = wire
  if (citations === undefined && citationsContent === undefined) return { text }
  return {
    citationsContent: {
      content: [{ text }],
      ...(isObject(citationsContent) ? copyFields(citationsContent) : {}),
      citations: copyAll(citations ?? []),
    },
  }
}

function thinkingToNative({ text, signature, encrypted }: ThinkingBlock): JsonObject {
  const isSaid = text !== '' || signature !== undefined || encrypted === undefined
  return {
    ...(isSaid ? { reasoningText: { text, ...(signature === undefined ? {} : { signature }) } } : {}),
    ...(encrypted === undefined ? {} : { redactedContent: encrypted }),
  }
}

/** Cut or invalid arguments are never repaired into an input. */
function callToNative(block: ToolCallBlock): JsonObject {
  return {
    ...(block.idSource === 'wire' ? { toolUseId: block.id } : {}),
    name: block.name,
    input: block.state === 'complete' ? copyFields(block.input) : {},
    ...copyFields(block.wire),
  }
}

function imageToNative({ data, wire }: MediaBlock): JsonObject {
  return { ...copyFields(wire), ...(data === undefined ? {} : { source: { bytes: data } }) }
}

function copyAll(items: readonly JsonValue[]): JsonValue[] {
  return items.map((item) => copyJson(item) ?? null)
}
