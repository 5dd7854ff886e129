/**
 * Reads chat streams the simplest way that works on clean ones, to have something to compare with: one line of data per chunk, deltas
 * joined, calls by their index, or by their id where there is no index, last value wins. Imports nothing of what is tested but the type
 * of a JSON value.
 */
import type { JsonObject, JsonValue } from '../../src/json.ts'
import type { CorpusStream } from '../support/corpus.ts'

/** The payloads that are JSON, in order; `[DONE]` is left out. */
export function payloadsOf(stream: Pick<CorpusStream, 'read' | 'framing'>): JsonObject[] {
  return linesOf(stream).flatMap((line): JsonObject[] => {
    try {
      return [objectOf(JSON.parse(line))]
    } catch {
      return []
    }
  })
}

/** The data of each event, or each line of a stream that is kept as payloads. */
export function linesOf({ read, framing }: Pick<CorpusStream, 'read' | 'framing'>): string[] {
  const lines = new TextDecoder().decode(read()).split('\n')
  const data = framing === 'sse' ? lines.filter((line) => line.startsWith('data:')).map((line) => line.slice(5)) : lines
  return data.map((line) => line.trim()).filter((line) => line !== '')
}

export interface WireCall {
  id: string
  name: string
  arguments: string
}

export interface WireChoice {
  text: string
  refusal: string
  reasoning: string
  readonly calls: WireCall[]
  readonly logprobs: JsonValue[]
  finish: string | null
}

export interface WireAnswer {
  /** By the index of the choice. */
  readonly choices: Map<number, WireChoice>
  readonly ids: readonly string[]
  usage: JsonObject | undefined
}

/** What stands in the payloads of one answer, all choices. */
export function wireAnswerOf(payloads: readonly JsonObject[]): WireAnswer {
  const answer: WireAnswer = {
    choices: new Map(),
    ids: [...new Set(payloads.map(({ id }) => textOf(id)).filter((id) => id !== ''))],
    usage: undefined,
  }
  const byKey = new Map<string, WireCall>()
  for (const payload of payloads) {
    for (const usage of [payload['usage'], objectOf(payload['x_groq'])['usage']]) {
      if (Object.keys(objectOf(usage)).length > 0) answer.usage = objectOf(usage)
    }
    for (const given of listOf(payload['choices']).map(objectOf)) {
      const index = typeof given['index'] === 'number' ? given['index'] : 0
      const choice = answer.choices.get(index) ?? emptyChoice()
      answer.choices.set(index, choice)
      const delta = objectOf(given['delta'])
      choice.text += textOf(delta['content'])
      choice.refusal += textOf(delta['refusal'])
      choice.reasoning += reasoningOf(delta)
      choice.logprobs.push(...listOf(objectOf(given['logprobs'])['content']))
      choice.finish = textOf(given['finish_reason']) || choice.finish
      for (const piece of listOf(delta['tool_calls']).map(objectOf)) {
        const own = objectOf(piece['function'])
        const id = textOf(piece['id'])
        const key = `${index}/${typeof piece['index'] === 'number' ? piece['index'] : `id ${id}`}`
        const call = byKey.get(key) ?? { id, name: textOf(own['name']), arguments: '' }
        call.arguments += textOf(own['arguments'])
        if (!byKey.has(key)) choice.calls.push(call)
        byKey.set(key, call)
      }
    }
  }
  return answer
}

/** What several servers say under two names at once counts once. */
function reasoningOf(delta: JsonObject): string {
  const text = textOf(delta['reasoning_content']) || textOf(delta['reasoning'])
  const details = listOf(delta['reasoning_details']).map(objectOf)
  return text || details.map((detail) => textOf(detail['text']) + textOf(detail['summary'])).join('')
}

function emptyChoice(): WireChoice {
  return { text: '', refusal: '', reasoning: '', calls: [], logprobs: [], finish: null }
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
