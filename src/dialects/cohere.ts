/**
 * Cohere's chat streams: v2 (docs.cohere.com/v2/docs/streaming), and in `cohere-v1.ts` the older v1, also as the official SDK gives their
 * events, with names in camel case.
 *
 * The plan that the model makes before it calls tools is thinking. Ignored on purpose: `citation-end`, which says nothing, `debug`, which
 * repeats the prompt, the empty message within `message-start`, and `[DONE]` behind `message-end`.
 */
import { copyFields, copyJson, isObject, nonEmpty, wordOf, type JsonObject, type JsonValue } from '../json.ts'
import type { Operation } from '../operation.ts'
import {
  argumentsOf,
  callKey,
  endOf,
  fieldsOf,
  keyOf,
  listOf,
  PLAN,
  PLAN_WIRE,
  snaked,
  stopOf,
  usageOf,
} from './cohere-forms.ts'
import { cohereToNative } from './cohere-native.ts'
import { CohereV1 } from './cohere-v1.ts'
import type { Beginning, DialectDefinition, ProviderEvent, Translate } from './dialect.ts'
import { readError, reportsError } from './error.ts'
import { malformed } from './malformed.ts'

type Operations = readonly Operation[]

const TYPES: ReadonlySet<unknown> = new Set([
  'message-start',
  'content-start',
  'content-delta',
  'content-end',
  'tool-plan-delta',
  'tool-call-start',
  'tool-call-delta',
  'tool-call-end',
  'citation-start',
  'citation-end',
  'message-end',
])

const V1_TYPES: ReadonlySet<unknown> = new Set([
  'stream-start',
  'text-generation',
  'search-queries-generation',
  'search-results',
  'citation-generation',
  'tool-calls-chunk',
  'tool-calls-generation',
  'stream-end',
  'stream-error',
])

export const cohere: DialectDefinition<'cohere'> = {
  name: 'cohere',
  opensBlocks: true,
  recognisesReplay: 'at_begin',
  endsBy: 'event',
  joinsMessages: true,
  answersCalls: false,
  createTranslate,
  looksLike,
  begins,
  toNative: cohereToNative,
}

/** The type of an event of v1. */
function v1TypeOf(event: JsonObject): unknown {
  return event.event_type ?? event.eventType
}

function looksLike({ payload, name }: ProviderEvent): 'yes' | 'no' {
  if (!isObject(payload)) return 'no'
  if (V1_TYPES.has(v1TypeOf(payload))) return 'yes'
  if (payload.type === undefined && isWhole(payload)) return 'yes'
  return TYPES.has(payload.type ?? name) ? 'yes' : 'no'
}

/** The answer to a request without streaming: of v2, or of v1. */
function isWhole(payload: JsonObject): boolean {
  const hasFinish = typeof (payload.finish_reason ?? payload.finishReason) === 'string'
  const { message } = payload
  if (isObject(message)) {
    return hasFinish && message.role === 'assistant' && !('done' in payload) && typeof payload.id === 'string'
  }
  return (
    hasFinish &&
    typeof payload.text === 'string' &&
    nonEmpty(payload.generation_id ?? payload.generationId) !== undefined
  )
}

function begins({ payload, name }: ProviderEvent, known: string | undefined): Beginning {
  if (!isObject(payload)) return payload === '[DONE]' ? 'nothing' : 'unknown'
  const type = v1TypeOf(payload) ?? payload.type ?? name
  if (type === 'debug') return 'unknown'
  const isV1 = type === 'stream-start' || (type === undefined && typeof payload.text === 'string')
  if (!isV1 && type !== 'message-start' && !(type === undefined && isWhole(payload))) return 'nothing'
  const id = isV1 ? (payload.generation_id ?? payload.generationId) : payload.id
  return known !== undefined && id === known ? 'same' : 'other'
}

function createTranslate(): Translate {
  const v2 = new CohereV2()
  const v1 = new CohereV1()
  return (event) => {
    const { payload } = event
    const isV1 = isObject(payload) && (v1TypeOf(payload) !== undefined || isWholeV1(payload))
    return { operations: isV1 ? v1.translate(payload, v1TypeOf(payload)) : v2.translate(event) }
  }
}

function isWholeV1(payload: JsonObject): boolean {
  return payload.type === undefined && typeof payload.text === 'string' && isWhole(payload)
}

const NOT_META: ReadonlySet<string> = new Set(['type', 'id', 'delta', 'message', 'usage', 'finish_reason', 'logprobs'])
const NOT_MESSAGE: ReadonlySet<string> = new Set(['role', 'content', 'tool_calls', 'tool_plan', 'citations'])
const NOT_END: ReadonlySet<string> = new Set(['finish_reason', 'usage', 'error'])
const NOT_TEXT: ReadonlySet<string> = new Set(['type', 'text', 'thinking'])
const NOT_CALL: ReadonlySet<string> = new Set(['id', 'type', 'function'])
const NOT_FUNCTION: ReadonlySet<string> = new Set(['name', 'arguments'])
class CohereV2 {
  #hasEnded = false
  /** The plan has no event that opens or ends it. */
  #plan: 'none' | 'open' | 'over' = 'none'
  readonly #texts = new Set<string>()
  #lastText: string | undefined

  translate({ payload, name }: ProviderEvent): Operations {
    if (payload === '[DONE]' && this.#hasEnded) return []
    if (payload === '[DONE]') return [{ op: 'anomaly', choice: 0, kind: 'unknown_event', detail: '[DONE]' }]
    if (!isObject(payload)) return [malformed(payload)]
    const type = typeof payload.type === 'string' ? payload.type : name
    const message = isObject(payload.delta) && isObject(payload.delta.message) ? payload.delta.message : {}
    switch (type) {
      case 'content-delta':
        return this.#contentDelta(payload, message.content)
      case 'content-start':
        return this.#contentStart(payload, message.content)
      case 'content-end':
        return [{ op: 'close', choice: 0, key: contentKey(payload.index) }]
      case 'tool-plan-delta':
        return this.#planDelta(payload, message.tool_plan ?? message.toolPlan)
      case 'tool-call-start':
        return [...this.#endPlan(), ...callsOf(payload, message, callStart)]
      case 'tool-call-delta':
        return callsOf(payload, message, callDelta)
      case 'tool-call-end':
        return [{ op: 'close', choice: 0, key: callKey(payload.index) }]
      case 'citation-start':
        return this.#citations(message.citations, payload)
      case 'citation-end':
      case 'debug':
        return []
      case 'message-start':
        this.#plan = 'none'
        return [begin(payload, fieldsOf(message, NOT_MESSAGE))]
      case 'message-end':
        return this.#end(payload, fieldsOf(payload.delta))
      default:
        return this.#other(payload, type, name)
    }
  }

  #other(payload: JsonObject, type: string | undefined, name: string | undefined): Operations {
    if (type === undefined && isWhole(payload)) return this.#whole(payload)
    // Cohere's own errors are a `message` and nothing that says so.
    const isBare = type === undefined && nonEmpty(payload.message) !== undefined
    if (isBare || reportsError({ payload, name })) return [{ op: 'fail', choice: 'all', error: readError(payload) }]
    const value = copyFields(payload)
    return [
      { op: 'anomaly', choice: 0, kind: 'unknown_event', detail: wordOf(payload.type ?? name ?? 'no type'), value },
    ]
  }

  #contentStart(event: JsonObject, content: JsonValue | undefined): Operations {
    if (!isObject(content)) return [malformed(event)]
    return [
      { op: 'open', choice: 0, ...this.#block(contentKey(event.index), content) },
      ...unknownBlock(event, content),
    ]
  }

  #block(key: string, content: JsonObject) {
    const kind = kindOf(content)
    if (kind === 'other') return { key, kind, wire: copyFields(content) } as const
    if (kind === 'text') {
      this.#texts.add(key)
      this.#lastText = key
    }
    const seed = nonEmpty(content[kind])
    return { key, kind, wire: fieldsOf(content, NOT_TEXT), ...(seed === undefined ? {} : { seed }) } as const
  }

  #contentDelta(event: JsonObject, content: JsonValue | undefined): Operations {
    const key = contentKey(event.index)
    const operations: Operation[] = []
    if (!isObject(content)) return [malformed(event)]
    const { text, thinking } = content
    if (typeof thinking === 'string')
      operations.push({ op: 'append', choice: 0, key, kind: 'thinking', text: thinking })
    if (typeof text === 'string') operations.push({ op: 'append', choice: 0, key, kind: 'text', text })
    if (operations.length === 0) {
      const value = copyFields(content)
      operations.push({
        op: 'anomaly',
        choice: 0,
        kind: 'unknown_delta',
        detail: wordOf(content.type ?? 'no type'),
        value,
        key,
      })
    }
    if (event.logprobs === undefined || event.logprobs === null) return operations
    const logprobs = [snaked(copyJson(event.logprobs) ?? null)]
    const kind = typeof thinking === 'string' ? 'thinking' : 'text'
    return [...operations, { op: 'patch', choice: 0, key, kind, append: { logprobs } }]
  }

  #planDelta(event: JsonObject, text: JsonValue | undefined): Operations {
    if (typeof text !== 'string') return [malformed(event)]
    const delta: Operation = { op: 'append', ...PLAN, text }
    if (this.#plan !== 'none') return [delta]
    this.#plan = 'open'
    return [{ op: 'open', ...PLAN, wire: PLAN_WIRE }, delta]
  }

  /** A plan is over with the first call. */
  #endPlan(): Operations {
    if (this.#plan !== 'open') return []
    this.#plan = 'over'
    return [{ op: 'close', choice: 0, key: PLAN.key }]
  }

  /** A citation belongs to a text; one of the plan, or of thinking, stands with the message, under its number. */
  #citations(citations: JsonValue | undefined, event: JsonObject): Operations {
    const list = Array.isArray(citations) ? citations : [citations]
    return list.map((citation, place): Operation => {
      if (!isObject(citation)) return malformed(event)
      const item = fieldsOf(citation)
      const index = typeof event.index === 'number' ? event.index : undefined
      const key = typeof item.content_index === 'number' ? contentKey(item.content_index) : this.#lastText
      const isOfText = (item.type ?? 'TEXT_CONTENT') === 'TEXT_CONTENT'
      if (!isOfText || key === undefined || !this.#texts.has(key)) {
        return { op: 'meta', choice: 0, path: ['citations', String(index ?? place)], wire: item }
      }
      return { op: 'list', choice: 0, key, kind: 'text', item, ...(index === undefined ? {} : { at: index }) }
    })
  }

  #end(event: JsonObject, delta: JsonObject): Operations {
    this.#hasEnded = true
    const wire = { ...fieldsOf(event, NOT_META), ...copyFields(delta, NOT_END) }
    return [
      ...this.#endPlan(),
      ...(Object.keys(wire).length > 0 ? [{ op: 'meta', choice: 0, wire } as const] : []),
      ...usageOf(delta.usage),
      ...stopOf(delta.finish_reason),
      endOf(delta.finish_reason, delta.error, fieldsOf(event)),
    ]
  }

  #whole(payload: JsonObject): Operations {
    const { finish_reason, usage, message, logprobs, ...rest } = fieldsOf(payload)
    const own = isObject(message) ? message : {}
    const operations: Operation[] = [begin(rest, copyFields(own, NOT_MESSAGE))]
    for (const [index, content] of listOf(own.content).entries()) {
      if (!isObject(content)) {
        operations.push(malformed(content))
        continue
      }
      const { seed, ...block } = { seed: undefined, ...this.#block(contentKey(index), content) }
      const text = seed === undefined ? {} : { text: seed }
      operations.push({ op: 'snapshot', choice: 0, rank: 3, ...block, ...text })
      operations.push(...unknownBlock({ index }, content))
    }
    if (nonEmpty(own.tool_plan) !== undefined) {
      operations.push({
        op: 'snapshot',
        rank: 3,
        ...PLAN,
        wire: PLAN_WIRE,
        text: nonEmpty(own.tool_plan) ?? '',
        closes: true,
      })
    }
    for (const [index, call] of listOf(own.tool_calls).entries()) {
      operations.push(...callStart({ index }, call), { op: 'close', choice: 0, key: callKey(index) })
    }
    if (Array.isArray(own.citations)) for (const one of this.#citations(own.citations, {})) operations.push(one)
    for (const index of listOf(own.content).keys()) operations.push({ op: 'close', choice: 0, key: contentKey(index) })
    if (Array.isArray(logprobs)) operations.push({ op: 'meta', choice: 0, append: { logprobs } })
    return [...operations, ...this.#end({}, { finish_reason: finish_reason ?? null, usage: usage ?? null })]
  }
}

function begin(event: JsonObject, message: JsonObject): Operation {
  const id = nonEmpty(event.id)
  const wire = fieldsOf(event, NOT_META)
  if (Object.keys(message).length > 0) wire.message = message
  return { op: 'begin', choice: 0, ...(id === undefined ? {} : { id }), wire }
}

function kindOf({ type, text, thinking }: JsonObject): 'text' | 'thinking' | 'other' {
  if (type === 'text' || type === 'thinking') return type
  if (type !== undefined && type !== null) return 'other'
  if (typeof thinking === 'string') return 'thinking'
  return typeof text === 'string' ? 'text' : 'other'
}

function unknownBlock(event: JsonObject, content: JsonObject): Operations {
  if (kindOf(content) !== 'other') return []
  const key = contentKey(event.index)
  return [{ op: 'anomaly', choice: 0, kind: 'unknown_block', detail: wordOf(content.type), key }]
}

function callStart(event: JsonObject, source: JsonValue | undefined): Operations {
  if (!isObject(source)) return [malformed(event)]
  const own = isObject(source.function) ? source.function : {}
  const wire = fieldsOf(source, NOT_CALL)
  const more = copyFields(own, NOT_FUNCTION)
  if (Object.keys(more).length > 0) wire.function = more
  const text = argumentsOf(own.arguments)
  const fields = { id: nonEmpty(source.id) ?? null, name: nonEmpty(own.name) ?? null }
  const block = { choice: 0, key: callKey(event.index), kind: 'tool_call' } as const
  const opening: Operation = { op: 'open', ...block, fields, wire }
  // What comes after it goes on with it.
  return text === '' ? [opening] : [opening, { op: 'append', ...block, text }]
}

function callDelta(event: JsonObject, source: JsonValue | undefined): Operations {
  const own = isObject(source) && isObject(source.function) ? source.function : {}
  if (typeof own.arguments !== 'string') return [malformed(event)]
  return [{ op: 'append', choice: 0, key: callKey(event.index), kind: 'tool_call', text: own.arguments }]
}

/** An event speaks of one; some servers put it into a list. Of another one in it the place there is a part of its key. */
function callsOf(
  event: JsonObject,
  message: JsonObject,
  read: (event: JsonObject, call: JsonValue | undefined) => Operations,
): Operations {
  const calls = message.tool_calls ?? message.toolCalls
  if (!Array.isArray(calls) || calls.length === 0) return read(event, calls)
  return calls.flatMap((call, place) =>
    read(place === 0 ? event : { ...event, index: `${keyOf(event.index)}/${place}` }, call),
  )
}

function contentKey(index: JsonValue | undefined): string {
  return `content ${keyOf(index)}`
}
