/**
 * Reads Bedrock streams the simplest way that works on clean ones, to have something to compare with: of frames what somebody else has
 * decoded, one event of one key a line, deltas joined by their index, last value wins. Imports nothing of what is tested but the type of
 * a JSON value.
 */
import type { JsonObject, JsonValue } from '../../src/json.ts'
import type { CorpusStream } from '../support/corpus.ts'

/** The events, `{ messageStart: … }`; of InvokeModel those of the model. */
export function eventsOf({ read }: Pick<CorpusStream, 'read'>): JsonObject[] {
  const lines = new TextDecoder().decode(read()).split('\n')
  return lines
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const event = objectOf(JSON.parse(line))
      const { headers, payload, inner } = event
      if (inner !== undefined) return objectOf(inner)
      return headers === undefined ? event : { [textOf(objectOf(headers)[':event-type'])]: payload ?? null }
    })
}

export interface WireBlock {
  readonly kind: 'text' | 'thinking' | 'tool_call'
  text: string
  readonly id?: string
  readonly name?: string
  signature?: string
}

export interface WireAnswer {
  /** In the order of their indexes. */
  readonly blocks: readonly WireBlock[]
  readonly stop: string
  readonly usage: JsonObject | undefined
  readonly latency: JsonValue | undefined
}

export function wireAnswerOf(events: readonly JsonObject[]): WireAnswer {
  const blocks = new Map<number, WireBlock>()
  const blockOf = (event: JsonObject, kind: WireBlock['kind']): WireBlock => {
    const index = Number(event['contentBlockIndex'])
    const block = blocks.get(index) ?? { kind, text: '' }
    blocks.set(index, block)
    return block
  }
  let stop = ''
  let usage: JsonObject | undefined
  let latency: JsonValue | undefined
  for (const event of events) {
    const started = objectOf(event['contentBlockStart'])
    const call = objectOf(objectOf(started['start'])['toolUse'])
    if (call['toolUseId'] !== undefined) {
      const named = { id: textOf(call['toolUseId']), name: textOf(call['name']) }
      blocks.set(Number(started['contentBlockIndex']), { kind: 'tool_call', text: '', ...named })
    }
    const delta = objectOf(event['contentBlockDelta'])
    const { text, reasoningContent, toolUse } = objectOf(delta['delta'])
    if (text !== undefined) blockOf(delta, 'text').text += textOf(text)
    if (reasoningContent !== undefined) {
      const block = blockOf(delta, 'thinking')
      block.text += textOf(objectOf(reasoningContent)['text'])
      const signature = textOf(objectOf(reasoningContent)['signature'])
      if (signature !== '') block.signature = signature
    }
    if (toolUse !== undefined) blockOf(delta, 'tool_call').text += textOf(objectOf(toolUse)['input'])
    stop = textOf(objectOf(event['messageStop'])['stopReason']) || stop
    usage = event['metadata'] === undefined ? usage : objectOf(objectOf(event['metadata'])['usage'])
    latency = objectOf(objectOf(event['metadata'])['metrics'])['latencyMs'] ?? latency
  }
  const inOrder = [...blocks].toSorted(([a], [b]) => a - b).map(([, block]) => block)
  return { blocks: inOrder, stop, usage, latency }
}

export function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : ''
}

export function objectOf(value: JsonValue | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
}
