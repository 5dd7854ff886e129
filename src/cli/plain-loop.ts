/**
 * The loops that many programs have for a provider's stream, written with the care that they usually get: the text of every text delta, a
 * call when the provider says that it is over, a message at the last event. They stand here to be compared with; do not use them. Dialects
 * that are mostly read by a library, not by a loop of one's own, have none.
 */
import { isObject, type JsonObject, type JsonValue } from '../json.ts'

export interface PlainResult {
  readonly text: string
  /** The tools that it would have run, in order. */
  readonly calls: readonly string[]
  readonly messages: number
  readonly error: string | undefined
}

interface PlainState {
  text: string
  readonly calls: string[]
  messages: number
}

/** Undefined if there is no such loop for the dialect. */
export function plainLoop(body: string, dialect: string): PlainResult | undefined {
  const loop = LOOPS.get(dialect)
  if (loop === undefined) return undefined
  const state: PlainState = { text: '', calls: [], messages: 0 }
  try {
    loop(loop === ollama ? linesIn(body) : payloadsIn(body), state)
  } catch (error) {
    return { ...state, error: error instanceof Error ? error.message : String(error) }
  }
  return { ...state, error: undefined }
}

function* payloadsIn(body: string): Generator<JsonObject | '[DONE]'> {
  for (const line of body.split('\n')) {
    if (!line.startsWith('data: ')) continue
    const data = line.slice('data: '.length)
    const payload: unknown = data === '[DONE]' ? data : JSON.parse(data)
    if (payload === '[DONE]' || isObject(payload)) yield payload
  }
}

function* linesIn(body: string): Generator<JsonObject> {
  for (const line of body.split('\n')) {
    const payload: unknown = line.trim() === '' ? undefined : JSON.parse(line)
    if (isObject(payload)) yield payload
  }
}

type Loop = (payloads: Iterable<JsonObject | '[DONE]'>, state: PlainState) => void

const LOOPS: ReadonlyMap<string, Loop> = new Map([
  ['anthropic-messages', anthropicMessages],
  ['openai-chat', openaiChat],
  ['openai-responses', openaiResponses],
  ['gemini', gemini],
  ['ollama', ollama],
])

function anthropicMessages(payloads: Iterable<JsonObject | '[DONE]'>, state: PlainState): void {
  let tool: { name: string; json: string } | undefined
  for (const event of payloads) {
    if (event === '[DONE]') continue
    const block = objectOf(event.content_block)
    const delta = objectOf(event.delta)
    if (event.type === 'content_block_start' && block.type === 'tool_use') tool = { name: textOf(block.name), json: '' }
    if (delta.type === 'text_delta') state.text += textOf(delta.text)
    if (delta.type === 'input_json_delta' && tool !== undefined) tool.json += textOf(delta.partial_json)
    if (event.type === 'content_block_stop' && tool !== undefined) {
      JSON.parse(tool.json || '{}')
      state.calls.push(tool.name)
    }
    if (event.type === 'message_stop') state.messages += 1
  }
}

function openaiChat(payloads: Iterable<JsonObject | '[DONE]'>, state: PlainState): void {
  const tools: { name: string; json: string }[] = []
  for (const chunk of payloads) {
    if (chunk === '[DONE]') {
      state.messages += 1
      continue
    }
    const choice = objectOf(listOf(chunk.choices)[0])
    const delta = objectOf(choice.delta)
    state.text += textOf(delta.content)
    for (const call of listOf(delta.tool_calls).map(objectOf)) {
      const { name, arguments: json } = objectOf(call.function)
      const tool = (tools[Number(call.index)] ??= { name: textOf(name), json: '' })
      tool.json += textOf(json)
    }
    if (choice.finish_reason !== 'tool_calls') continue
    for (const { name, json } of tools) {
      JSON.parse(json || '{}')
      state.calls.push(name)
    }
  }
}

function openaiResponses(payloads: Iterable<JsonObject | '[DONE]'>, state: PlainState): void {
  for (const event of payloads) {
    if (event === '[DONE]') continue
    const item = objectOf(event.item)
    if (event.type === 'response.output_text.delta') state.text += textOf(event.delta)
    if (event.type === 'response.output_item.done' && item.type === 'function_call') {
      JSON.parse(textOf(item.arguments) || '{}')
      state.calls.push(textOf(item.name))
    }
    if (event.type === 'response.completed') state.messages += 1
  }
}

function gemini(payloads: Iterable<JsonObject | '[DONE]'>, state: PlainState): void {
  for (const chunk of payloads) {
    if (chunk === '[DONE]') continue
    const candidate = objectOf(listOf(chunk.candidates)[0])
    for (const part of listOf(objectOf(candidate.content).parts).map(objectOf)) {
      if (part.thought !== true) state.text += textOf(part.text)
      if (isObject(part.functionCall)) state.calls.push(textOf(part.functionCall.name))
    }
    // Gemini says it in the last chunk, or in several: such a loop keeps the last, and is done when the stream is.
    if (candidate.finishReason !== undefined) state.messages = 1
  }
}

function ollama(lines: Iterable<JsonObject | '[DONE]'>, state: PlainState): void {
  for (const line of lines) {
    if (line === '[DONE]') continue
    const message = objectOf(line.message)
    state.text += textOf(message.content ?? line.response)
    for (const call of listOf(message.tool_calls).map(objectOf)) state.calls.push(textOf(objectOf(call.function).name))
    if (line.done === true) state.messages += 1
  }
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : {}
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : []
}

/** What `+=` makes of a value: nothing of null, and no JSON of an object. */
function textOf(value: JsonValue | undefined): string {
  if (typeof value === 'string') return value
  return value === undefined || value === null ? '' : '[object Object]'
}
