/** Messages of the dialect `openai-chat` in the provider's own whole form: the ChatCompletion that a request without streaming gives. */
import { copyFields, copyJson, isObject, type JsonObject, type JsonValue } from '../json.ts'
import type { AssistantMessage, ContentBlock, MediaBlock, ToolCallBlock } from '../message.ts'
import { contentOf, isCitation } from './openai-chat-content.ts'

/** One answer with all its choices. */
export function toChatCompletion(messages: readonly AssistantMessage[]): JsonValue {
  const [first] = messages
  if (first === undefined) return null
  const {
    choice: _c,
    message: _m,
    folded: _f,
    padding,
    id,
    system_fingerprint: fingerprint,
    ...wire
  } = copyFields(first.wire)
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
  const thinking = joined(content, 'thinking')
  const folded = isObject(wire.folded) ? wire.folded : {}
  const { content: whole, inContent } = contentOf(folded.layout, { text, thinking, signature: signatureOf(content) })
  const refusal = joined(content, 'refusal')
  const annotations = content.flatMap((block) => (block.type === 'text' ? (block.citations ?? []) : []))
  const ownAnnotations = inContent === undefined ? annotations : annotations.filter((item) => !isCitation(item))
  return {
    role: 'assistant',
    ...(cameWhole ? {} : { content: null, refusal: null }),
    ...(isObject(wire.message) ? copyFields(wire.message) : {}),
    ...reasoningOf(content, (thinking ?? '').slice(inContent)),
    ...detailsOf(folded),
    ...(whole === undefined ? {} : { content: whole }),
    ...(refusal === undefined ? {} : { refusal }),
    ...(ownAnnotations.length > 0 ? { annotations: ownAnnotations.map((item) => copyJson(item) ?? null) } : {}),
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
function reasoningOf(content: readonly ContentBlock[], text: string): JsonObject {
  const field = content.map((block) => (block.type === 'thinking' ? block.wire.field : undefined)).find(Boolean)
  if (text === '' || field === 'reasoning_details') return {}
  return { [typeof field === 'string' && field !== 'content' ? field : 'reasoning_content']: text }
}

/** Joined to one entry each, in the order in which they began; then those that stand by themselves. */
export function detailsOf({ reasoning_details: joint, loose_details: loose }: JsonObject): JsonObject {
  const details = [...(isObject(joint) ? Object.values(joint) : []), ...(Array.isArray(loose) ? loose : [])]
  return details.length === 0 ? {} : { reasoning_details: details.map((detail) => copyJson(detail) ?? null) }
}

export function signatureOf(content: readonly ContentBlock[]): string | undefined {
  return content.find((block) => block.type === 'thinking')?.signature
}

function joined(content: readonly ContentBlock[], type: 'text' | 'refusal' | 'thinking'): string | undefined {
  const texts = content.flatMap((block) => (block.type === type ? [block.text] : []))
  return texts.length === 0 ? undefined : texts.join('')
}

export function isFunctionCall({ wire }: ToolCallBlock): boolean {
  return wire.type === 'function_call'
}

export function callToNative(call: ToolCallBlock): JsonObject {
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
