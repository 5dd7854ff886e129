/** Messages of the dialect `openai-chat` in the provider's own whole form: the ChatCompletion that a request without streaming gives. */
import { copyFields, copyJson, isObject, type JsonObject, type JsonValue } from '../json.ts'
import type { AssistantMessage, ContentBlock, MediaBlock, ToolCallBlock } from '../message.ts'

/** One answer with all its choices. */
export function toChatCompletion(messages: readonly AssistantMessage[]): JsonValue {
  const [first] = messages
  if (first === undefined) return null
  const { choice: _c, message: _m, padding, id, system_fingerprint: fingerprint, ...wire } = copyFields(first.wire)
  const cameWhole = wire.object === 'chat.completion'
  return {
    ...wire,
    ...(isObject(padding) ? copyFields(padding) : {}),
    ...(first.idSource === 'wire' ? { id: id ?? first.id } : {}),
    object: wire.object === 'text_completion' ? wire.object : 'chat.completion',
    ...(first.model === undefined ? {} : { model: first.model }),
    ...(fingerprint || (cameWhole && fingerprint !== undefined) ? { system_fingerprint: fingerprint } : {}),
    choices: messages.map((message) => choiceOf(message, cameWhole)),
    ...(first.rawUsage === undefined ? {} : { usage: copyFields(first.rawUsage) }),
  }
}

/** The SDK gives every streamed choice these fields; one that came whole has what the wire gave it. */
function choiceOf(message: AssistantMessage, cameWhole: boolean): JsonObject {
  const wire = isObject(message.wire.choice) ? copyFields(message.wire.choice) : {}
  if (message.wire.object === 'text_completion') {
    const text = joined(message.content, 'text') ?? ''
    return { index: 0, logprobs: null, ...wire, text, finish_reason: message.stop.raw }
  }
  return {
    index: 0,
    ...(cameWhole ? {} : { logprobs: null }),
    ...wire,
    message: messageOf(message, cameWhole),
    finish_reason: message.stop.raw,
  }
}

function messageOf({ content, wire }: AssistantMessage, cameWhole: boolean): JsonObject {
  const calls = content.filter((block): block is ToolCallBlock => block.type === 'tool_call')
  const functionCall = calls.find(isFunctionCall)
  const toolCalls = calls.filter((call) => !isFunctionCall(call))
  const audio = content.find((block): block is MediaBlock => block.type === 'media')
  const text = joined(content, 'text')
  const refusal = joined(content, 'refusal')
  const annotations = content.flatMap((block) => (block.type === 'text' ? (block.citations ?? []) : []))
  return {
    role: 'assistant',
    ...(cameWhole ? {} : { content: null, refusal: null }),
    ...(isObject(wire.message) ? copyFields(wire.message) : {}),
    ...reasoningOf(content),
    ...(text === undefined ? {} : { content: text }),
    ...(refusal === undefined ? {} : { refusal }),
    ...(annotations.length > 0 ? { annotations: annotations.map((item) => copyJson(item) ?? null) } : {}),
    ...(toolCalls.length > 0 ? { tool_calls: toolCalls.map(callToNative) } : {}),
    ...(functionCall === undefined
      ? {}
      : { function_call: { name: functionCall.name, arguments: functionCall.arguments } }),
    ...(audio === undefined ? {} : { audio: audioOf(audio) }),
  }
}

function audioOf({ wire, data, text }: MediaBlock): JsonObject {
  return {
    ...copyFields(wire),
    ...(data === undefined ? {} : { data }),
    ...(text === undefined ? {} : { transcript: text }),
  }
}

/** Reasoning goes back under the name that it came under: some providers refuse a history that does not repeat it so. */
function reasoningOf(content: readonly ContentBlock[]): JsonObject {
  const text = joined(content, 'thinking')
  if (text === undefined) return {}
  const field = content.map((block) => (block.type === 'thinking' ? block.wire.field : undefined)).find(Boolean)
  return { [typeof field === 'string' ? field : 'reasoning_content']: text }
}

function joined(content: readonly ContentBlock[], type: 'text' | 'refusal' | 'thinking'): string | undefined {
  const texts = content.flatMap((block) => (block.type === type ? [block.text] : []))
  return texts.length === 0 ? undefined : texts.join('')
}

function isFunctionCall({ wire }: ToolCallBlock): boolean {
  return wire.type === 'function_call'
}

function callToNative(call: ToolCallBlock): JsonObject {
  const { function: inFunction, custom, ...wire } = copyFields(call.wire)
  const shared = { type: 'function', ...(call.idSource === 'wire' ? { id: call.id } : {}), ...wire }
  if (wire.type === 'custom') {
    return { ...shared, custom: { ...(isObject(custom) ? custom : {}), name: call.name, input: call.arguments } }
  }
  return {
    ...shared,
    function: { ...(isObject(inFunction) ? inFunction : {}), name: call.name, arguments: call.arguments },
  }
}
