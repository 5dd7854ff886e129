/**
 * Cohere's older streams (docs.cohere.com/v1/reference/chat-stream and …/generate): lines of JSON that say what they are in `event_type`.
 * The last one holds the whole answer. Ignored on purpose: `debug`, which repeats the prompt.
 */
import { copyFields, isObject, nonEmpty, wordOf, type JsonObject, type JsonValue } from '../json.ts'
import type { Operation } from '../operation.ts'
import { argumentsOf, callKey, countsOf, endOf, fieldsOf, listOf, PLAN, PLAN_WIRE, stopOf } from './cohere-forms.ts'
import { malformed } from './malformed.ts'

type Operations = Operation[]

/** More generations than anybody asks for. */
const MAX_INDEX = 256

const NOT_START: ReadonlySet<string> = new Set(['event_type', 'is_finished', 'generation_id'])
const NOT_SEARCH: ReadonlySet<string> = new Set(['event_type', 'is_finished'])
const NOT_WIRE: ReadonlySet<string> = new Set([
  'generation_id',
  'text',
  'tool_calls',
  'citations',
  'finish_reason',
  'meta',
  'token_count',
  'generations',
])
const NOT_GENERATION: ReadonlySet<string> = new Set(['text', 'finish_reason'])

export class CohereV1 {
  readonly #begun = new Set<number>()
  /** The blocks that were opened since the answer began; no event does that. */
  readonly #opened = new Set<string>()
  /** The calls whose name is known. */
  readonly #named = new Set<string>()

  translate(payload: JsonObject, type: unknown): Operations {
    switch (type) {
      case 'text-generation':
        return this.#append(indexOf(payload.index), 'text', payload.text, payload)
      case 'stream-start':
        this.#begun.clear()
        this.#opened.clear()
        this.#named.clear()
        return this.#begin(0, fieldsOf(payload))
      case 'search-queries-generation':
      case 'search-results':
        return [...this.#begin(0), { op: 'meta', choice: 0, wire: fieldsOf(payload, NOT_SEARCH) }]
      case 'citation-generation':
        return [...this.#open('text'), ...listOf(payload.citations).map(citation)]
      case 'tool-calls-chunk':
        return this.#callChunk(payload, payload.tool_call_delta ?? payload.toolCallDelta)
      case 'tool-calls-generation':
        return [...this.#plan(payload.text), ...this.#calls(payload.tool_calls ?? payload.toolCalls)]
      case 'stream-end':
        return this.#end(payload, fieldsOf(payload.response))
      case 'stream-error': {
        const event = fieldsOf(payload)
        return [...this.#begin(0), ...stopOf(event.finish_reason), endOf('ERROR', event.err ?? null, event)]
      }
      case 'debug':
        return []
      case undefined:
        return this.#end(payload, fieldsOf(payload))
      default: {
        const value = copyFields(payload)
        return [{ op: 'anomaly', choice: 0, kind: 'unknown_event', detail: wordOf(type), value }]
      }
    }
  }

  /** A stream of generations has no event that begins it. */
  #begin(choice: number, event: JsonObject = {}): Operations {
    if (this.#begun.has(choice)) return []
    this.#begun.add(choice)
    const id = nonEmpty(event.generation_id)
    const wire = { form: 'v1', ...copyFields(event, NOT_START) }
    return [{ op: 'begin', choice, ...(id === undefined ? {} : { id }), wire }]
  }

  #open(key: 'text' | 'plan', choice = 0): Operations {
    const name = `${key} ${choice}`
    const operations = this.#begin(choice)
    if (this.#opened.has(name)) return operations
    this.#opened.add(name)
    operations.push(
      key === 'plan' ? { op: 'open', ...PLAN, wire: PLAN_WIRE } : { op: 'open', choice, key, kind: 'text' },
    )
    return operations
  }

  #append(choice: number, key: 'text' | 'plan', text: JsonValue | undefined, event: JsonObject): Operations {
    if (typeof text !== 'string') return [malformed(event, choice)]
    const kind = key === 'plan' ? 'thinking' : 'text'
    return [...this.#open(key, choice), { op: 'append', choice, key, kind, text }]
  }

  /** What it says before it calls tools is the plan. */
  #callChunk(payload: JsonObject, delta: JsonValue | undefined): Operations {
    const own = isObject(delta) ? delta : {}
    const text = payload.text ?? own.text
    const operations = typeof text === 'string' ? this.#append(0, 'plan', text, payload) : this.#begin(0)
    const { index, parameters } = own
    const block = { choice: 0, key: callKey(index), kind: 'tool_call' } as const
    const name = nonEmpty(own.name)
    if (name === undefined && typeof parameters !== 'string') return operations
    if (!this.#opened.has(block.key)) operations.push({ op: 'open', ...block, fields: { name: name ?? null } })
    // A reader was told the first name of a call: another one is no patch of it.
    else if (name !== undefined && !this.#named.has(block.key))
      operations.push({ op: 'patch', ...block, fields: { name } })
    this.#opened.add(block.key)
    if (name !== undefined) this.#named.add(block.key)
    if (typeof parameters === 'string') operations.push({ op: 'append', ...block, text: parameters })
    return operations
  }

  #plan(text: JsonValue | undefined): Operations {
    if (nonEmpty(text) === undefined) return this.#begin(0)
    const whole = { op: 'snapshot', ...PLAN, rank: 0, text: nonEmpty(text) ?? '', closes: true } as const
    return [...this.#open('plan'), whole]
  }

  /** The calls, whole: what was streamed of them stands, since its JSON is only written otherwise. */
  #calls(calls: JsonValue | undefined): Operations {
    return listOf(calls).map((call, index): Operation => {
      if (!isObject(call)) return malformed(call)
      const block = { choice: 0, key: callKey(index), kind: 'tool_call' } as const
      this.#opened.add(block.key)
      const fields = { name: nonEmpty(call.name) ?? null }
      return { op: 'snapshot', ...block, rank: 0, fields, text: argumentsOf(call.parameters), closes: true }
    })
  }

  #end(event: JsonObject, response: JsonObject): Operations {
    const generations = listOf(response.generations)
    const operations = generations.length > 0 ? this.#generations(generations) : this.#chat(response)
    const meta = isObject(response.meta) ? response.meta : {}
    const tokens = isObject(response.token_count) ? { token_count: response.token_count } : {}
    const raw = { ...meta, ...tokens }
    if (Object.keys(raw).length > 0) {
      const prompt = isObject(response.token_count) ? response.token_count.prompt_tokens : undefined
      const input = typeof prompt === 'number' && !isObject(meta.tokens) ? { inputTokens: prompt } : {}
      operations.push({ op: 'usage', choice: 'all', counts: { ...countsOf(raw), ...input }, raw })
    }
    const reason = event.finish_reason ?? event.finishReason ?? response.finish_reason
    if (generations.length === 0) operations.push(...stopOf(reason, 'all'))
    operations.push(
      { op: 'meta', choice: 'all', wire: copyFields(response, NOT_WIRE) },
      endOf(reason, null, fieldsOf(event)),
    )
    return operations
  }

  #chat(response: JsonObject): Operations {
    const operations = this.#begin(0, { generation_id: response.generation_id ?? null })
    const hasCalls = listOf(response.tool_calls).length > 0
    const isPlan = !this.#opened.has('text 0') && (hasCalls || this.#opened.has('plan 0'))
    if (isPlan) operations.push(...this.#plan(response.text))
    else if (nonEmpty(response.text) !== undefined || this.#opened.has('text 0')) {
      const items = listOf(response.citations)
      const whole = {
        choice: 0,
        key: 'text',
        kind: 'text',
        rank: 0,
        text: nonEmpty(response.text) ?? '',
        closes: true,
      } as const
      operations.push(...this.#open('text'), { op: 'snapshot', ...whole, items })
    }
    return [...operations, ...this.#calls(response.tool_calls)]
  }

  #generations(generations: readonly JsonValue[]): Operations {
    return generations.flatMap((generation, place): Operations => {
      if (!isObject(generation)) return [malformed(generation)]
      const choice = indexOf(generation.index ?? place)
      const text = nonEmpty(generation.text) ?? ''
      return [
        ...this.#open('text', choice),
        { op: 'snapshot', choice, key: 'text', kind: 'text', rank: 0, text, closes: true },
        { op: 'meta', choice, path: ['generation'], wire: copyFields(generation, NOT_GENERATION) },
        ...stopOf(generation.finish_reason, choice),
      ]
    })
  }
}

function citation(item: JsonValue): Operation {
  return { op: 'list', choice: 0, key: 'text', kind: 'text', item: isObject(item) ? fieldsOf(item) : item }
}

function indexOf(value: JsonValue | undefined): number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < MAX_INDEX ? value : 0
}
