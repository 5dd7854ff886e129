/** A message as the `session/update` notifications by which an agent would send it again, as it does when a session is loaded. */
import { copyFields, copyJson, equalJson, isObject, type JsonObject, type JsonValue } from '../json.ts'
import type { AssistantMessage, ContentBlock, ToolCallBlock, ToolResultBlock } from '../message.ts'

export function toNative(messages: readonly AssistantMessage[]): JsonValue {
  return messages.flatMap((message) => {
    const { sessionId } = message.wire
    const id = message.idSource === 'wire' ? { messageId: message.id } : {}
    return updatesOf(message, id).map((update) => ({
      jsonrpc: '2.0',
      method: 'session/update',
      params: { ...(sessionId === undefined ? {} : { sessionId }), update },
    }))
  })
}

function updatesOf({ content, wire }: AssistantMessage, id: JsonObject): JsonObject[] {
  const updates = content.map((block) => updateOf(block, id))
  const plan = isObject(wire.plan)
    ? [{ sessionUpdate: 'type' in wire.plan ? 'plan_update' : 'plan', ...copyFields(wire.plan) }]
    : []
  return [...updates, ...plan]
}

function updateOf(block: ContentBlock, id: JsonObject): JsonObject {
  switch (block.type) {
    case 'text':
    case 'refusal':
      return chunk('agent_message_chunk', { type: 'text', text: block.text }, block.wire, id)
    case 'thinking':
      return chunk('agent_thought_chunk', { type: 'text', text: block.text }, block.wire, id)
    case 'tool_call':
      return callOf(block)
    case 'tool_result':
      return resultOf(block)
    case 'media':
      return chunk('agent_message_chunk', block.data === undefined ? {} : { data: block.data }, block.wire, id)
    case 'other':
      return chunk('agent_message_chunk', {}, block.wire, id)
    default: {
      const never: never = block
      return never
    }
  }
}

function chunk(sessionUpdate: string, content: JsonObject, wire: JsonObject, id: JsonObject): JsonObject {
  const { chunk: own, ...rest } = copyFields(wire)
  return { sessionUpdate, ...id, ...(isObject(own) ? own : {}), content: { ...content, ...rest } }
}

/** Arguments that are no JSON are given back as the text that came. */
function callOf(block: ToolCallBlock): JsonObject {
  const rawInput = block.state === 'complete' && !isFreeText(block) ? copyFields(block.input) : block.arguments
  return {
    sessionUpdate: 'tool_call',
    ...(block.idSource === 'wire' ? { toolCallId: block.id } : {}),
    title: block.name,
    ...copyFields(block.wire),
    ...(block.arguments === '' ? {} : { rawInput }),
  }
}

function isFreeText(block: ToolCallBlock): boolean {
  return !/^\s*\{/.test(block.arguments)
}

function resultOf({ callId, content, wire }: ToolResultBlock): JsonObject {
  const isRaw = content === undefined || (wire.rawOutput !== undefined && equalJson(content, wire.rawOutput))
  return {
    sessionUpdate: 'tool_call_update',
    ...(callId === undefined ? {} : { toolCallId: callId }),
    ...copyFields(wire),
    ...(isRaw ? {} : { content: copyJson(content) ?? null }),
  }
}
