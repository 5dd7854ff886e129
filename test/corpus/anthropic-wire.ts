/**
 * Reads Anthropic streams the simplest way that works on clean ones, to have something to compare with: one line of data per event,
 * blocks by their index, last value wins. Imports nothing of what is tested but the type of a JSON value.
 */
import type { JsonObject, JsonValue } from '../../src/json.ts'
import type { CorpusStream } from '../support/corpus.ts'

export function payloadsOf(stream: Pick<CorpusStream, 'read' | 'framing'>): JsonObject[] {
  const lines = new TextDecoder().decode(stream.read()).split('\n')
  const data =
    stream.framing === 'sse' ? lines.filter((line) => line.startsWith('data:')).map((line) => line.slice(5)) : lines
  return data
    .filter((text) => text.trim() !== '' && text.trim() !== '[DONE]')
    .map((text): JsonObject => JSON.parse(text))
}

export interface WireBlock {
  readonly type: string
  readonly opening: JsonObject
  /** Of text or thinking; of a call, its arguments. */
  text: string
  signature: string
  readonly citations: JsonValue[]
  /** The arguments, if they are whole. */
  input?: JsonObject
}

export interface WireMessage {
  readonly start: JsonObject
  /** Of the start, or of the last `fallback` block. */
  model: JsonValue | undefined
  readonly blocks: WireBlock[]
  stop: JsonValue
  /** Of all events of the message; null and absent say nothing. Output tokens of a start count only if all stands in it. */
  readonly usage: Map<string, number>
}

/** The messages of a stream; every `message_start` begins one. */
export function wireMessagesOf(payloads: readonly JsonObject[]): WireMessage[] {
  const messages: WireMessage[] = []
  let byIndex = new Map<JsonValue | undefined, WireBlock>()
  for (const { type, message, index, content_block: opening, delta, usage } of payloads) {
    const current = messages.at(-1)
    const fields = objectOf(delta)
    if (type === 'message_start') {
      const start = objectOf(message)
      messages.push({ start, model: start['model'], blocks: [], stop: start['stop_reason'] ?? null, usage: new Map() })
      byIndex = new Map()
      const content = Array.isArray(start['content']) ? start['content'] : []
      const used = objectOf(start['usage'])
      count(messages.at(-1), content.length > 0 ? used : { ...used, output_tokens: null })
      for (const block of content) messages.at(-1)?.blocks.push(blockOf(objectOf(block)))
    } else if (type === 'content_block_start') {
      const block = blockOf(objectOf(opening))
      current?.blocks.push(block)
      byIndex.set(index, block)
      if (current !== undefined) current.model = objectOf(objectOf(opening)['to'])['model'] ?? current.model
    } else if (type === 'content_block_delta') {
      const block = byIndex.get(index)
      if (block === undefined) continue
      block.text += textOf(fields['text']) + textOf(fields['thinking']) + textOf(fields['partial_json'])
      block.signature += textOf(fields['signature'])
      if (fields['citation'] !== undefined) block.citations.push(fields['citation'])
      if (block.type.endsWith('tool_use')) Object.assign(block, { input: wholeOf(block.text) })
    } else if (type === 'message_delta' && current !== undefined) {
      current.stop = fields['stop_reason'] ?? current.stop
      count(current, objectOf(usage))
    }
  }
  return messages
}

function blockOf(opening: JsonObject): WireBlock {
  const citations = Array.isArray(opening['citations']) ? opening['citations'] : []
  const text = textOf(opening['text']) + textOf(opening['thinking'])
  const input = opening['input'] === undefined ? {} : { input: objectOf(opening['input']) }
  return {
    type: textOf(opening['type']),
    opening,
    text,
    signature: textOf(opening['signature']),
    citations: [...citations],
    ...input,
  }
}

function count(message: WireMessage | undefined, usage: JsonObject): void {
  for (const [name, value] of Object.entries(usage)) if (typeof value === 'number') message?.usage.set(name, value)
}

function wholeOf(text: string): JsonObject | undefined {
  try {
    return text === '' ? {} : objectOf(JSON.parse(text))
  } catch {
    return undefined
  }
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : ''
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
}
