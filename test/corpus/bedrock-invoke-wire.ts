/** Reads the events of Anthropic on InvokeModel the simplest way that works on clean streams. Imports nothing of what is tested but types. */
import type { JsonObject, JsonValue } from '../../src/json.ts'
import { objectOf, textOf } from './bedrock-converse-wire.ts'

export interface WireMessage {
  /** Of each block its text, its thinking, or the arguments of the call. */
  readonly texts: readonly string[]
  readonly callIds: readonly string[]
  readonly outputTokens: JsonValue | undefined
  readonly metrics: JsonValue | undefined
}

export function wireMessageOf(events: readonly JsonObject[]): WireMessage {
  const texts: string[] = []
  const callIds: string[] = []
  let outputTokens: JsonValue | undefined
  let metrics: JsonValue | undefined
  for (const event of events) {
    const index = Number(event['index'])
    const block = objectOf(event['content_block'])
    if (event['type'] === 'content_block_start') {
      texts[index] = ''
      if (typeof block['id'] === 'string') callIds.push(block['id'])
    }
    const { text, thinking, partial_json: json } = objectOf(event['delta'])
    if (event['type'] === 'content_block_delta') texts[index] += textOf(text) + textOf(thinking) + textOf(json)
    outputTokens = objectOf(event['usage'])['output_tokens'] ?? outputTokens
    metrics = event['amazon-bedrock-invocationMetrics'] ?? metrics
  }
  return { texts, callIds, outputTokens, metrics }
}
