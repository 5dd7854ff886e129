/** Messages of the AI SDK's UI message stream as the `UIMessage`s that its own `readUIMessageStream` puts together. */
import { copyFields, copyJson, isObject, wordOf, type JsonObject, type JsonValue } from '../json.ts'
import type { AssistantMessage, ContentBlock, MediaBlock, ToolCallBlock, ToolResultBlock } from '../message.ts'
import { inputOf } from './ai-sdk-parts.ts'

/** One, or a list of several. */
export function uiMessagesToNative(messages: readonly AssistantMessage[]): JsonValue {
  const natives = messages.map(messageToNative)
  return natives.length > 1 ? natives : (natives[0] ?? null)
}

function messageToNative({ content, wire, id, idSource }: AssistantMessage): JsonObject {
  const results = new Map<string, ToolResultBlock>()
  for (const block of content) if (block.type === 'tool_result') results.set(block.callId ?? '', block)
  const parts: JsonObject[] = []
  let steps = 0
  const stepTo = (step: unknown): void => {
    for (; typeof step === 'number' && steps < step; steps += 1) parts.push({ type: 'step-start' })
  }
  for (const block of content) {
    const part = partOf(block, results)
    if (part === undefined) continue
    stepTo(block.wire.step)
    parts.push(part)
  }
  stepTo(wire.steps)
  const { metadata } = wire
  return {
    id: idSource === 'wire' ? id : '',
    role: 'assistant',
    ...(metadata === undefined ? {} : { metadata: copyJson(metadata) ?? null }),
    parts,
  }
}

function partOf(block: ContentBlock, results: ReadonlyMap<string, ToolResultBlock>): JsonObject | undefined {
  const { step: _step, isDone, id, ...rest } = copyFields(block.wire)
  const state = isDone === true ? 'done' : 'streaming'
  switch (block.type) {
    case 'text':
      return { ...rest, type: 'text', text: block.text, state }
    case 'thinking':
      return { ...rest, ...(typeof id === 'string' ? { id } : {}), type: 'reasoning', text: block.text, state }
    case 'tool_call':
      return toolPart(block, results.get(callIdOf(block)))
    case 'media':
      return filePart(block)
    case 'other':
      if (block.wire.type === 'tool-approval-response') return undefined
      return isObject(rest.part) ? rest.part : { ...rest, ...(id === undefined ? {} : { id }) }
    case 'tool_result':
    case 'refusal':
      return undefined
    default: {
      const never: never = block
      return never
    }
  }
}

function filePart(block: MediaBlock): JsonObject {
  const { step: _step, mediaType = '', ...rest } = copyFields(block.wire)
  const isData = block.data !== undefined && typeof mediaType === 'string'
  return { ...rest, mediaType, ...(isData ? { url: `data:${mediaType};base64,${block.data}` } : {}) }
}

function callIdOf({ id, wire, idSource }: ToolCallBlock): string {
  if (typeof wire.id === 'string') return wire.id
  return idSource === 'wire' ? id : ''
}

/** Input that was cut is not completed: the SDK shows what its partial parser makes of it. */
function toolPart(call: ToolCallBlock, result: ToolResultBlock | undefined): JsonObject {
  const wire = copyFields(call.wire)
  const {
    dynamic,
    title,
    toolMetadata,
    providerExecuted,
    providerMetadata,
    approval,
    errorText,
    resultProviderMetadata,
  } = wire
  const isDynamic = dynamic === true
  const isStreaming = wire.state === undefined
  const isRefused = wire.state === 'output-error'
  const input = inputOf(call)
  const { toolName = call.name } = wire
  return copyFields({
    type: isDynamic ? 'dynamic-tool' : `tool-${wordOf(toolName)}`,
    toolName: isDynamic ? toolName : undefined,
    toolCallId: callIdOf(call),
    state: stateOf(wire, result),
    title,
    toolMetadata: result?.wire.toolMetadata ?? toolMetadata,
    providerExecuted: result?.wire.providerExecuted ?? providerExecuted,
    approval,
    input: isRefused && !isDynamic ? undefined : input,
    rawInput: isStreaming && call.arguments !== '' ? call.arguments : isRefused && !isDynamic ? input : undefined,
    inputEncoding: isStreaming ? wire.inputEncoding : undefined,
    callProviderMetadata: providerMetadata,
    resultProviderMetadata,
    errorText,
    ...(result === undefined ? {} : answerOf(result)),
  })
}

function answerOf({ content, isError, wire }: ToolResultBlock): Record<string, JsonValue | undefined> {
  if (wire.isDenied === true) return {}
  return {
    errorText: undefined,
    [isError ? 'errorText' : 'output']: content,
    preliminary: wire.preliminary === true ? true : undefined,
    ...(wire.providerMetadata === undefined ? {} : { resultProviderMetadata: wire.providerMetadata }),
  }
}

function stateOf({ state = 'input-streaming', approval }: JsonObject, result: ToolResultBlock | undefined): JsonValue {
  if (result?.wire.isDenied === true) return 'output-denied'
  if (result !== undefined) return result.isError ? 'output-error' : 'output-available'
  return approval === undefined ? state : 'approval-requested'
}
