/**
 * Reads Responses streams the simplest way that works on clean ones, to have something to compare with: items by their index (or their id,
 * where a server sends no indexes), deltas joined, what is done replaces what came in pieces. Imports nothing of what is tested but the
 * type of a JSON value.
 */
import type { JsonObject, JsonValue } from '../../src/json.ts'
import type { CorpusStream } from '../support/corpus.ts'

/** The events of a stream; lines that are no JSON are left out. */
export function payloadsOf(stream: Pick<CorpusStream, 'read' | 'framing'>): JsonObject[] {
  const lines = new TextDecoder().decode(stream.read()).split('\n')
  const data =
    stream.framing === 'sse' ? lines.filter((line) => line.startsWith('data:')).map((line) => line.slice(5)) : lines
  return data.flatMap((text) => jsonOf(text))
}

export interface WirePart {
  readonly type: string
  text: string
  annotations: JsonValue[]
}

export interface WireItem {
  readonly type: string
  /** As its opening event has it; as its last event and the whole answer have it, if they come. */
  item: JsonObject
  /** Of a message: its content. Of reasoning: its summaries, then its content. */
  readonly parts: Map<string, WirePart>
  /** Of a call: its arguments, or its free text. */
  text: string
}

export interface WireResponse {
  /** All that the events name, in order, without repeats. */
  readonly ids: string[]
  readonly items: readonly WireItem[]
  /** The event that ended it. */
  readonly terminal: string | undefined
  /** The answer as the last event that holds it has it. */
  readonly response: JsonObject
  readonly error: JsonValue | undefined
}

const TERMINALS: ReadonlySet<string> = new Set(['response.completed', 'response.incomplete', 'response.failed'])

/** The responses of a stream; every `response.created` begins one. */
export function wireResponsesOf(payloads: readonly JsonObject[]): WireResponse[] {
  const runs: JsonObject[][] = []
  for (const payload of payloads) {
    if (runs.length === 0 || payload['type'] === 'response.created') runs.push([])
    runs.at(-1)?.push(payload)
  }
  return runs.map(responseOf)
}

function responseOf(events: readonly JsonObject[]): WireResponse {
  const items = new Map<string, WireItem>()
  const ids: string[] = []
  let terminal: string | undefined
  let response: JsonObject = {}
  let error: JsonValue | undefined
  for (const event of events) {
    const type = textOf(event['type'])
    const key = textOf(event['output_index'] ?? event['item_id'] ?? objectOf(event['item'])['id'])
    const item = items.get(key)
    if (type === 'response.output_item.added') items.set(key, itemOf(objectOf(event['item'])))
    else if (type === 'response.output_item.done') items.set(key, itemOf(objectOf(event['item'])))
    else if (type === 'error') error = event['error'] ?? event
    else if (event['response'] !== undefined) {
      response = objectOf(event['response'])
      const id = textOf(response['id'])
      if (!ids.includes(id)) ids.push(id)
      if (TERMINALS.has(type)) terminal = type
    } else if (item !== undefined) apply(item, type.split('.'), event)
  }
  const streamed = [...items].toSorted(([a], [b]) => Number(a) - Number(b) || 0).map(([, item]) => item)
  const whole = listOf(response['output']).map((item) => itemOf(objectOf(item)))
  return { ids, items: whole.length > 0 ? whole : streamed, terminal, response, error }
}

/** One event about an item, such as `response.output_text.delta`. */
function apply(item: WireItem, [, subject = '', verb = '', last = verb]: readonly string[], event: JsonObject): void {
  const whole = textOf(event['text'] ?? event['refusal'] ?? event['arguments'] ?? event['input'] ?? event['code'])
  const kind = subject.startsWith('reasoning_summary') ? 'summary' : 'content'
  const name = `${kind} ${textOf(event['summary_index'] ?? event['content_index'] ?? 0)}`
  if (event['part'] !== undefined) {
    item.parts.set(name, partOf(objectOf(event['part'])))
  } else if (verb === 'annotation') {
    item.parts.get(name)?.annotations.push(event['annotation'] ?? null)
  } else if (CALLS.has(subject)) {
    item.text = last === 'delta' ? item.text + textOf(event['delta']) : whole
  } else if (PARTS.has(subject)) {
    const part = item.parts.get(name) ?? partOf({ type: subject })
    part.text = last === 'delta' ? part.text + textOf(event['delta']) : whole
    item.parts.set(name, part)
  }
}

const CALLS: ReadonlySet<string> = new Set([
  'function_call_arguments',
  'custom_tool_call_input',
  'mcp_call_arguments',
  'code_interpreter_call_code',
])
const PARTS: ReadonlySet<string> = new Set(['output_text', 'refusal', 'reasoning_text', 'reasoning_summary_text'])

function itemOf(item: JsonObject): WireItem {
  const parts = new Map<string, WirePart>()
  listOf(item['summary']).forEach((part, at) => parts.set(`summary ${at}`, partOf(objectOf(part))))
  listOf(item['content']).forEach((part, at) => parts.set(`content ${at}`, partOf(objectOf(part))))
  const text = textOf(item['arguments'] ?? item['input'] ?? item['code'])
  return { type: textOf(item['type']), item, parts, text }
}

function partOf(part: JsonObject): WirePart {
  const text = textOf(part['text'] ?? part['refusal'])
  return { type: textOf(part['type']), text, annotations: [...listOf(part['annotations'])] }
}

/** The object that a line holds, if it is one. */
export function jsonOf(text: string): JsonObject[] {
  try {
    return text.trim() === '' || text.trim() === '[DONE]' ? [] : [objectOf(JSON.parse(text))]
  } catch {
    return []
  }
}

/** A text or a number as a text. */
export function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : []
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
}
