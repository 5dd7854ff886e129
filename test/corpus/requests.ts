/** What a request says about the calls of the answers before it, for each wire format. Simple, and of its own: nothing of what is tested. */
import { isObject, type JsonObject, type JsonValue } from '../../src/json.ts'

export interface RequestCall {
  /** Undefined where the format has none. */
  readonly id: string | undefined
  readonly name: string
  /** Parsed, if it came as text that is JSON. */
  readonly input: JsonValue
}

/** An answer that the request repeats to the model: its calls, and what of them is answered right after it. */
export interface RequestTurn {
  readonly calls: readonly RequestCall[]
  /** By id, or by name where there is no id. */
  readonly answers: readonly string[]
}

const objects = (value: unknown): readonly JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : [])
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
/** A call without input is repeated as it came: with the text `null`, or with nothing. */
const parsed = (value: JsonValue | undefined): JsonValue => {
  const input: JsonValue | undefined = typeof value === 'string' && value !== '' ? JSON.parse(value) : value
  return typeof input === 'object' && input !== null ? input : {}
}

/** What each element of a history says: calls of the model, or answers to them. */
type Said = { readonly calls: readonly RequestCall[] } | { readonly answers: readonly string[] } | undefined

/** The answers before the request, oldest first. Calls that follow each other are of one answer, as are their results. */
export function turnsOf(request: JsonObject): readonly RequestTurn[] {
  const turns: { calls: RequestCall[]; answers: string[] }[] = []
  let open = false
  for (const said of saidIn(request)) {
    if (said === undefined) open = false
    else if ('calls' in said) {
      if (!open) turns.push({ calls: [], answers: [] })
      open = true
      turns.at(-1)?.calls.push(...said.calls)
    } else {
      open = false
      turns.at(-1)?.answers.push(...said.answers)
    }
  }
  return turns
}

function saidIn(request: JsonObject): readonly Said[] {
  if (Array.isArray(request['contents'])) return objects(request['contents']).map(geminiSays)
  if (Array.isArray(request['input'])) return objects(request['input']).flatMap(responsesSays)
  return objects(request['messages']).map(messageSays)
}

/** A message of Anthropic, Bedrock, chat, Mistral, Cohere or Ollama: each names its calls in its own way. */
function messageSays(message: JsonObject): Said {
  if (message['role'] === 'tool') {
    return { answers: [text(message['tool_call_id']) ?? text(message['tool_name']) ?? ''] }
  }
  const parts = objects(message['content'])
  if (message['role'] === 'assistant') {
    const ofChat = objects(message['tool_calls']).map(({ id, function: f }) => ({
      id: text(id),
      name: isObject(f) ? (text(f['name']) ?? '') : '',
      input: parsed(isObject(f) ? f['arguments'] : undefined),
    }))
    const ofParts = parts.flatMap((part) => {
      if (part['type'] === 'tool_use') return [callOf(part['id'], part['name'], part['input'])]
      const { toolUse } = part
      return isObject(toolUse) ? [callOf(toolUse['toolUseId'], toolUse['name'], toolUse['input'])] : []
    })
    return { calls: [...ofChat, ...ofParts] }
  }
  const answers = parts.flatMap((part) => {
    const { toolResult } = part
    const id = part['type'] === 'tool_result' ? part['tool_use_id'] : isObject(toolResult) && toolResult['toolUseId']
    return text(id) === undefined ? [] : [text(id) ?? '']
  })
  return answers.length > 0 ? { answers } : undefined
}

/** The API takes its fields in both writings. */
function geminiSays(content: JsonObject): Said {
  const parts = objects(content['parts'])
  if (content['role'] === 'model') {
    const calls = parts.flatMap((part) => {
      const call = part['functionCall'] ?? part['function_call']
      return isObject(call) ? [callOf(call['id'], call['name'], call['args'])] : []
    })
    return { calls }
  }
  const answers = parts.flatMap((part) => {
    const answer = part['functionResponse'] ?? part['function_response']
    return isObject(answer) ? [text(answer['id']) ?? text(answer['name']) ?? ''] : []
  })
  return answers.length > 0 ? { answers } : undefined
}

/** Reasoning items stand between the calls of one answer. */
function responsesSays(item: JsonObject): readonly Said[] {
  const { type, role } = item
  if (type === 'reasoning') return []
  if (type === 'function_call') return [{ calls: [callOf(item['call_id'], item['name'], item['arguments'])] }]
  if (type === 'function_call_output') return [{ answers: [text(item['call_id']) ?? ''] }]
  return role === 'assistant' ? [{ calls: [] }] : [undefined]
}

function callOf(id: unknown, name: unknown, input: JsonValue | undefined): RequestCall {
  return { id: text(id), name: text(name) ?? '', input: parsed(input) }
}
