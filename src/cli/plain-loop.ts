/**
 * The loops that many programs have for a provider's stream, one for each dialect, written with the care that they usually get: the text of
 * every text delta, a call when the provider says that it is over, a message at the last event. They stand here to be compared with; do not
 * use them.
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

export function plainLoop(body: string, dialect: string | undefined): PlainResult {
  const state: PlainState = { text: '', calls: [], messages: 0 }
  const loop = (dialect === undefined ? undefined : LOOPS.get(dialect)) ?? anthropicMessages
  try {
    loop(payloadsIn(body), state)
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

type Loop = (payloads: Iterable<JsonObject | '[DONE]'>, state: PlainState) => void

const LOOPS: ReadonlyMap<string, Loop> = new Map([
  ['openai-chat', openaiChat],
  ['openai-responses', openaiResponses],
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
