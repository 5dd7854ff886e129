/** A message in Cohere's own whole form: the answer of v2, of v1, or of v1's generations. */
import { copyFields, copyJson, isObject, type JsonObject, type JsonValue } from '../json.ts'
import type { AssistantMessage, ContentBlock } from '../message.ts'

export function cohereToNative(messages: readonly AssistantMessage[]): JsonValue {
  const [message] = messages
  if (message === undefined) return null
  if (isObject(message.wire.generation)) return toGenerations(message, messages)
  return message.wire.form === 'v1' ? toV1(message) : toV2(message)
}

function toV2(message: AssistantMessage): JsonObject {
  const { message: own, citations: more, logprobs: _logprobs, ...wire } = copyFields(message.wire)
  const { content } = message
  const citations = [...citationsOf(content), ...Object.values(isObject(more) ? more : {})]
  const logprobs = logprobsOf(message)
  const calls = content.flatMap((block) => (block.type === 'tool_call' ? [callOf(block)] : []))
  const items = content.flatMap(itemOf)
  return {
    ...(message.idSource === 'wire' ? { id: message.id } : {}),
    ...wire,
    finish_reason: message.stop.raw,
    message: {
      role: 'assistant',
      ...(isObject(own) ? own : {}),
      ...(items.length > 0 ? { content: items } : {}),
      ...plan(content),
      ...(calls.length > 0 ? { tool_calls: calls } : {}),
      ...(citations.length > 0 ? { citations } : {}),
    },
    ...(message.rawUsage === undefined ? {} : { usage: copyFields(message.rawUsage) }),
    ...(logprobs.length > 0 ? { logprobs } : {}),
  }
}

const GROWN: ReadonlySet<string> = new Set(['logprobs'])

/** The whole answer has them in one list, the stream beside what they are of. */
function logprobsOf({ content, wire }: AssistantMessage): JsonValue[] {
  return [...content, { wire }].flatMap((holder) => {
    const list = holder.wire.logprobs
    return Array.isArray(list) ? list.map((item) => copyJson(item) ?? null) : []
  })
}

function itemOf(block: ContentBlock): JsonObject[] {
  const wire = copyFields(block.wire, GROWN)
  if (block.type === 'text') return [{ type: 'text', text: block.text, ...wire }]
  if (block.type === 'other') return [{ ...wire, ...(block.text === undefined ? {} : { text: block.text }) }]
  return block.type === 'thinking' && !isPlan(block) ? [{ type: 'thinking', thinking: block.text, ...wire }] : []
}

function isPlan({ type, wire }: ContentBlock): boolean {
  return type === 'thinking' && wire.type === 'tool_plan'
}

function plan(content: readonly ContentBlock[]): JsonObject {
  const texts = content.flatMap((block) => (block.type === 'thinking' && isPlan(block) ? [block.text] : []))
  return texts.length === 0 ? {} : { tool_plan: texts.join('') }
}

function callOf(block: ContentBlock & { type: 'tool_call' }): JsonObject {
  const { function: own, ...wire } = copyFields(block.wire)
  return {
    ...(block.idSource === 'wire' ? { id: block.id } : {}),
    type: 'function',
    ...wire,
    function: { ...(isObject(own) ? own : {}), name: block.name, arguments: block.arguments },
  }
}

function citationsOf(content: readonly ContentBlock[]): JsonValue[] {
  return content.flatMap((block) =>
    block.type === 'text' ? (block.citations ?? []).map((item) => copyJson(item) ?? null) : [],
  )
}

function meta(message: AssistantMessage): JsonObject {
  if (message.rawUsage === undefined) return {}
  const { token_count: counts, ...own } = copyFields(message.rawUsage)
  return {
    ...(counts === undefined ? {} : { token_count: counts }),
    ...(Object.keys(own).length > 0 ? { meta: own } : {}),
  }
}

function toV1(message: AssistantMessage): JsonObject {
  const { form: _form, ...wire } = copyFields(message.wire)
  const { content } = message
  const texts = content.flatMap((block) => (block.type === 'text' || isPlan(block) ? [textOf(block)] : []))
  const citations = citationsOf(content)
  // Arguments that were cut are never repaired into parameters.
  const calls = content.flatMap((block) =>
    block.type === 'tool_call' ? [{ name: block.name, parameters: inputOf(block) }] : [],
  )
  return {
    ...wire,
    ...(message.idSource === 'wire' ? { generation_id: message.id } : {}),
    text: texts.join(''),
    ...(citations.length > 0 ? { citations } : {}),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
    finish_reason: message.stop.raw,
    ...meta(message),
  }
}

function textOf(block: ContentBlock): string {
  return 'text' in block ? (block.text ?? '') : ''
}

function toGenerations(first: AssistantMessage, messages: readonly AssistantMessage[]): JsonObject {
  const { form: _form, generation: _generation, ...wire } = copyFields(first.wire)
  const generations = messages.map(({ content, stop, wire: own }) => ({
    ...(isObject(own.generation) ? copyFields(own.generation) : {}),
    text: content.map(textOf).join(''),
    finish_reason: stop.raw,
  }))
  return { ...wire, generations, ...meta(first) }
}

function inputOf(call: ContentBlock & { type: 'tool_call' }): JsonObject {
  return call.state === 'complete' ? copyFields(call.input) : {}
}
