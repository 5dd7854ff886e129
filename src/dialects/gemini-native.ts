/** Messages of the dialect `gemini` in the provider's own whole form: the GenerateContentResponse of a request without streaming. */
import { copyFields, copyJson, isObject, parseJson, type JsonObject, type JsonValue } from '../json.ts'
import type { AssistantMessage, ContentBlock, ToolCallBlock, ToolResultBlock } from '../message.ts'

/** One answer with all its candidates. */
export function toGenerateContentResponse(messages: readonly AssistantMessage[]): JsonValue {
  const [first] = messages
  if (first === undefined) return null
  const { candidate: _candidate, content: _content, id, ...wire } = copyFields(first.wire)
  // A prompt that was blocked has none.
  const candidates = messages.filter((message) => isObject(message.wire.candidate)).map(candidateOf)
  return {
    ...wire,
    ...(candidates.length > 0 ? { candidates } : {}),
    ...(first.rawUsage === undefined ? {} : { usageMetadata: copyFields(first.rawUsage) }),
    ...(first.model === undefined ? {} : { modelVersion: first.model }),
    ...(first.idSource === 'wire' ? { responseId: id ?? first.id } : {}),
  }
}

function candidateOf({ content, stop, wire }: AssistantMessage): JsonObject {
  const own = isObject(wire.candidate) ? copyFields(wire.candidate) : {}
  const citations = content.flatMap((block) => (block.type === 'text' ? (block.citations ?? []) : []))
  const parts = content.map(partOf)
  if (isObject(own.citationMetadata)) fillList(own.citationMetadata, citations)
  const hasContent = isObject(wire.content) || parts.length > 0
  return {
    ...(hasContent
      ? {
          content: {
            ...(isObject(wire.content) ? copyFields(wire.content) : {}),
            ...(parts.length > 0 ? { parts } : {}),
          },
        }
      : {}),
    ...(stop.raw === null ? {} : { finishReason: stop.raw }),
    ...own,
  }
}

/** The citations of the texts go into the list that they came in. */
function fillList(metadata: JsonObject, citations: readonly JsonValue[]): void {
  const name = Object.keys(metadata).find((key) => Array.isArray(metadata[key]))
  const known = name === undefined ? undefined : metadata[name]
  if (name === undefined || !Array.isArray(known)) return
  metadata[name] = [...known, ...citations.map((item) => copyJson(item) ?? null)]
}

function partOf(block: ContentBlock): JsonObject {
  const wire = copyFields(block.wire)
  switch (block.type) {
    case 'text':
    case 'refusal':
      return { text: block.text, ...wire }
    case 'thinking': {
      const signature = block.signature === undefined ? {} : { thoughtSignature: block.signature }
      return { text: block.text, thought: true, ...signature, ...wire }
    }
    case 'tool_call':
      return callOf(block, wire)
    case 'tool_result':
      return resultOf(block, wire)
    case 'media': {
      if (!isObject(wire.inlineData)) return wire
      const data = block.data === undefined ? {} : { data: block.data }
      return { ...wire, inlineData: { ...wire.inlineData, ...data } }
    }
    case 'other':
      return wire
    default: {
      const never: never = block
      return never
    }
  }
}

function callOf(call: ToolCallBlock, { functionCall, executableCode, toolCall, ...wire }: JsonObject): JsonObject {
  const id = call.idSource === 'wire' ? { id: call.id } : {}
  const input = parseJson(call.arguments)
  if (isObject(executableCode)) return { ...wire, executableCode: { ...id, ...(isObject(input) ? input : {}) } }
  const args = input === undefined ? {} : { args: input }
  if (isObject(toolCall)) return { ...wire, toolCall: { ...toolCall, ...id, toolType: call.name, ...args } }
  const name = call.name === '' ? {} : { name: call.name }
  return { ...wire, functionCall: { ...(isObject(functionCall) ? functionCall : {}), ...id, ...name, ...args } }
}

function resultOf(
  result: ToolResultBlock,
  { codeExecutionResult: code, toolResponse, ...wire }: JsonObject,
): JsonObject {
  const id = result.callId === undefined ? {} : { id: result.callId }
  const content = copyJson(result.content)
  if (isObject(code)) return { ...wire, codeExecutionResult: { ...id, ...(isObject(content) ? content : {}) } }
  const response = content === undefined ? {} : { response: content }
  return { ...wire, toolResponse: { ...(isObject(toolResponse) ? toolResponse : {}), ...id, ...response } }
}
