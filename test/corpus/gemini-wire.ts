/**
 * Reads Gemini streams the simplest way that works on clean ones, to have something to compare with: one payload per event, line or element,
 * parts in their order, texts joined, the last value of each field. Imports nothing of what is tested but the type of a JSON value.
 */
import type { JsonObject, JsonValue } from '../../src/json.ts'
import type { CorpusStream } from '../support/corpus.ts'

/** The payloads, in order; an error behind the events is one. */
export function payloadsOf({ read, file, framing }: Pick<CorpusStream, 'read' | 'file' | 'framing'>): JsonObject[] {
  const text = new TextDecoder().decode(read())
  if (file.endsWith('.json')) return listOf(JSON.parse(text)).map(objectOf)
  if (framing !== 'sse')
    return text
      .trim()
      .split('\n')
      .map((line) => objectOf(JSON.parse(line)))
  return text
    .split(/\r?\n\r?\n/)
    .map((event) =>
      event
        .split('\n')
        .map((line) => line.replace(/^data: ?/, ''))
        .join('\n')
        .trim(),
    )
    .filter((data) => data !== '')
    .map((data) => objectOf(JSON.parse(data)))
}

export interface WireAnswer {
  /** With texts of one kind joined where no signature parts them, and a call that came in pieces as one. */
  readonly parts: readonly JsonObject[]
  readonly citations: readonly JsonValue[]
  /** All of them, in order. */
  readonly finishes: readonly string[]
  readonly hasCandidate: boolean
  readonly usage: JsonObject
  readonly id: JsonValue | undefined
  readonly model: JsonValue | undefined
}

export function wireAnswerOf(payloads: readonly JsonObject[]): WireAnswer {
  const candidates = payloads.flatMap((payload) => listOf(payload['candidates']).map(objectOf))
  const citations = candidates.flatMap((candidate) =>
    Object.values(objectOf(candidate['citationMetadata'])).flatMap((list) => listOf(list)),
  )
  return {
    parts: joined(candidates.flatMap((candidate) => listOf(objectOf(candidate['content'])['parts']).map(objectOf))),
    citations,
    finishes: candidates.flatMap(({ finishReason }) => (typeof finishReason === 'string' ? [finishReason] : [])),
    hasCandidate: candidates.length > 0,
    usage: Object.assign({}, ...payloads.map((payload) => objectOf(payload['usageMetadata']))),
    id: payloads.find((payload) => payload['responseId'] !== undefined)?.['responseId'],
    model: payloads.find((payload) => payload['modelVersion'] !== undefined)?.['modelVersion'],
  }
}

function joined(parts: readonly JsonObject[]): JsonObject[] {
  const result: JsonObject[] = []
  let streaming: JsonObject | undefined
  for (const part of parts) {
    const last = result.at(-1)
    if (part['functionCall'] !== undefined) {
      const { partialArgs, willContinue, ...call } = objectOf(part['functionCall'])
      const isPiece = streaming !== undefined && call['name'] === undefined
      if (!isPiece) {
        result.push({ ...part, functionCall: call })
        streaming = call
      }
      for (const piece of listOf(partialArgs).map(objectOf)) write(streaming ?? call, piece)
      if (willContinue !== true) streaming = undefined
    } else if (part['text'] === '' && part['thoughtSignature'] === undefined) continue
    else if (last !== undefined && isPlain(part) && isPlain(last) && part['thought'] === last['thought']) {
      last['text'] = textOf(last['text']) + textOf(part['text'])
    } else result.push({ ...part })
  }
  return result
}

function isPlain(part: JsonObject): boolean {
  return typeof part['text'] === 'string' && part['thoughtSignature'] === undefined
}

/** Puts the value of a piece of arguments, such as `$.list[0].name`, where it belongs. */
function write(call: JsonObject, piece: JsonObject): void {
  const names = textOf(piece['jsonPath']).match(/[^.[\]$]+/g) ?? []
  call['args'] ??= {}
  let target: JsonValue[] | JsonObject = objectOf(call['args'])
  for (const [at, name] of names.entries()) {
    const slot: { get(): JsonValue | undefined; set(value: JsonValue): void } = slotOf(target, name)
    if (at === names.length - 1) {
      const value = piece['stringValue'] ?? piece['numberValue'] ?? piece['boolValue'] ?? null
      const known = slot.get()
      slot.set(typeof known === 'string' && typeof value === 'string' ? known + value : value)
      return
    }
    const inner = slot.get()
    const next: JsonValue[] | JsonObject =
      typeof inner === 'object' && inner !== null ? inner : /^\d+$/.test(names[at + 1] ?? '') ? [] : {}
    slot.set(next)
    target = next
  }
}

function slotOf(target: JsonValue[] | JsonObject, name: string) {
  if (!Array.isArray(target)) {
    return { get: () => target[name], set: (value: JsonValue) => void Object.assign(target, { [name]: value }) }
  }
  return { get: () => target[Number(name)], set: (value: JsonValue) => void Object.assign(target, { [name]: value }) }
}

/** The tokens, as the sums that Google's documentation names. */
export function usageOf(usage: JsonObject): Record<string, number> {
  const count = (name: string): number | undefined => (typeof usage[name] === 'number' ? usage[name] : undefined)
  const sum = (a: number | undefined, b: number | undefined): number | undefined =>
    a === undefined && b === undefined ? undefined : (a ?? 0) + (b ?? 0)
  const counts = {
    inputTokens: sum(count('promptTokenCount'), count('toolUsePromptTokenCount')),
    outputTokens: sum(count('candidatesTokenCount'), count('thoughtsTokenCount')),
    cacheReadTokens: count('cachedContentTokenCount'),
    reasoningTokens: count('thoughtsTokenCount'),
  }
  return Object.fromEntries(
    Object.entries(counts).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

export function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : ''
}

export function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : []
}

export function objectOf(value: JsonValue | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
}
