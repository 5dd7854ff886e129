/** Items as a transcript, and what a request says, read again by a reader of its own: nothing of what is tested. */
import { isObject, parseJson, type JsonObject, type JsonValue } from '../../src/json.ts'
import type { Item } from '../../src/transcript/items.ts'
import type { Format } from '../../src/transcript/target.ts'
import { Transcript } from '../../src/transcript/transcript.ts'

/** Items of an importer as their owner would put them together; a result whose call nobody knows is given by its key alone. */
export function transcriptOf(items: readonly { readonly item: Item; readonly isFragment?: boolean }[]): Transcript {
  const transcript = new Transcript()
  for (const { item, isFragment } of items) {
    if (item.role === 'assistant') transcript.add(item.message, { isFragment: isFragment === true })
    else if (item.role !== 'tool') transcript.add(item)
    else if (!item.call.startsWith('unknown:')) transcript.settle(item.call, item)
  }
  return transcript
}

/** One thing that a request says, in neutral terms. */
export type Word =
  | { readonly kind: 'user' | 'assistant'; readonly text: string }
  | { readonly kind: 'call'; readonly id: string; readonly name: string; readonly input: JsonValue }
  | { readonly kind: 'result'; readonly id: string; readonly text: string; readonly name?: string }

const list = (value: unknown): readonly JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : [])
const word = (value: unknown): string => (typeof value === 'string' ? value : '')
/** Arguments that are no JSON stay the text that they are; none, and `null`, are an empty object. */
function inputOf(value: JsonValue | undefined): JsonValue {
  if (typeof value !== 'string') return value ?? {}
  return value.trim() === '' || value.trim() === 'null' ? {} : (parseJson(value) ?? value)
}

/** All strings in a value, each on a line, in order. */
export function leaves(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (typeof value === 'number' || typeof value === 'boolean') return [String(value)]
  if (Array.isArray(value)) return value.flatMap(leaves)
  return isObject(value) ? Object.values(value).flatMap(leaves) : []
}

/** Everything that the messages say, in order; empty texts are nothing. */
export function wordsOf(messages: readonly JsonObject[], format: Format): readonly Word[] {
  const read = { anthropic: ofAnthropic, chat: ofChat, responses: ofResponses, gemini: ofGemini }[format]
  return messages.flatMap(read).filter((said) => said.kind === 'call' || said.kind === 'result' || said.text !== '')
}

const speaker = (role: unknown): 'user' | 'assistant' =>
  role === 'assistant' || role === 'model' ? 'assistant' : 'user'

function textsOf(content: unknown, kind: 'user' | 'assistant'): readonly Word[] {
  if (typeof content === 'string') return [{ kind, text: content }]
  return list(content).flatMap((part) => [word(part.text), word(part.refusal)].map((text): Word => ({ kind, text })))
}

function ofAnthropic({ role, content }: JsonObject): readonly Word[] {
  if (typeof content === 'string') return textsOf(content, speaker(role))
  return list(content).flatMap((block): readonly Word[] => {
    if (block.type === 'text') return [{ kind: speaker(role), text: word(block.text) }]
    if (block.type === 'tool_use') {
      return [{ kind: 'call', id: word(block.id), name: word(block.name), input: inputOf(block.input) }]
    }
    if (block.type !== 'tool_result') return []
    return [{ kind: 'result', id: word(block.tool_use_id), text: resultText(block.content) }]
  })
}

function resultText(content: unknown): string {
  if (typeof content === 'string') return content
  return list(content)
    .map(({ text }) => word(text))
    .join('\n')
}

function ofChat(message: JsonObject): readonly Word[] {
  const { role, content } = message
  if (role === 'system' || role === 'developer') return []
  if (role === 'tool') return [{ kind: 'result', id: word(message.tool_call_id), text: resultText(content) }]
  const calls = list(message.tool_calls).map((call): Word => {
    const {
      name,
      arguments: text,
      input,
    } = isObject(call.function) ? call.function : isObject(call.custom) ? call.custom : {}
    return { kind: 'call', id: word(call.id), name: word(name), input: inputOf(text ?? input) }
  })
  return [...textsOf(content, speaker(role)), ...textsOf(message.refusal, speaker(role)), ...calls]
}

function ofResponses(item: JsonObject): readonly Word[] {
  if (item.role === 'system' || item.role === 'developer') return []
  if (item.role !== undefined) return textsOf(item.content, speaker(item.role))
  const id = word(item.call_id)
  switch (item.type) {
    case 'function_call':
      return [{ kind: 'call', id, name: word(item.name), input: inputOf(item.arguments) }]
    case 'custom_tool_call':
      return [{ kind: 'call', id, name: word(item.name), input: item.input ?? '' }]
    case 'function_call_output':
    case 'custom_tool_call_output':
      return [{ kind: 'result', id, text: resultText(item.output) }]
    default:
      return []
  }
}

function ofGemini({ role, parts }: JsonObject): readonly Word[] {
  return list(parts).flatMap((part): readonly Word[] => {
    // The API takes both writings.
    const call = part.functionCall ?? part.function_call
    const answer = part.functionResponse ?? part.function_response
    if (isObject(call)) {
      return [{ kind: 'call', id: word(call.id), name: word(call.name), input: inputOf(call.args) }]
    }
    if (isObject(answer))
      return [
        { kind: 'result', id: word(answer.id), text: leaves(answer.response).join('\n'), name: word(answer.name) },
      ]
    return part.thought === true ? [] : [{ kind: speaker(role), text: word(part.text) }]
  })
}
