/**
 * Reads Mistral's chat streams the simplest way that works on clean ones: what stands in a list of parts is made the text and the reasoning
 * of an ordinary chunk, and the rest is read as such. Imports nothing of what is tested but the type of a JSON value.
 */
import type { JsonObject, JsonValue } from '../../src/json.ts'
import { wireAnswerOf, type WireAnswer } from './chat-wire.ts'

export function mistralAnswerOf(payloads: readonly JsonObject[]): WireAnswer {
  return wireAnswerOf(payloads.map(plain))
}

function plain(payload: JsonObject): JsonObject {
  const choices = listOf(payload['choices']).map((choice) => {
    const delta = objectOf(objectOf(choice)['delta'])
    const parts = delta['content']
    if (!Array.isArray(parts)) return choice
    const texts = parts.map((part) => textOf(objectOf(part)['text']))
    const thoughts = parts.flatMap((part) => listOf(objectOf(part)['thinking'])).map((piece) => objectOf(piece)['text'])
    const reasoning = thoughts.map(textOf).join('')
    return { ...objectOf(choice), delta: { ...delta, content: texts.join(''), reasoning_content: reasoning } }
  })
  return { ...payload, choices }
}

/** How many parts of lists there are of each type. */
export function partTypesOf(payloads: readonly JsonObject[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const choice of payloads.flatMap((payload) => listOf(payload['choices']))) {
    for (const part of listOf(objectOf(objectOf(choice)['delta'])['content'])) {
      const type = textOf(objectOf(part)['type'])
      counts[type] = (counts[type] ?? 0) + 1
    }
  }
  return counts
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : ''
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : []
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
}
