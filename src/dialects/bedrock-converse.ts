/**
 * Amazon Bedrock's ConverseStream (docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html), as frames of an AWS
 * event stream, whose type is the event's name, and as the objects of one key that the official SDK gives and Nova sends on InvokeModel.
 * Also the whole answer of Converse.
 *
 * A message has no id. Text and reasoning have no event that opens them: the first delta of an index does, and again after a `messageStart`
 * that is repeated. So a server that repeats `messageStart` in the middle of a text and goes on cannot be told from one that generates anew.
 *
 * Ignored on purpose: `p`, which only pads events to hide their length, and the `$metadata` that the SDK adds to a whole answer.
 */
import { copyFields, copyJson, isObject, nonEmpty, type JsonObject, type JsonValue } from '../json.ts'
import type { BlockKind, StopReason } from '../message.ts'
import type { BlockFields, Operation, UsageCounts, UsageOperation } from '../operation.ts'
import { toConverse } from './bedrock-converse-native.ts'
import type { Beginning, DialectDefinition, ProviderEvent } from './dialect.ts'
import { readError, reportsError } from './error.ts'
import { malformed } from './malformed.ts'

type Operations = readonly Operation[]

const EVENTS: ReadonlySet<string> = new Set([
  'messageStart',
  'contentBlockStart',
  'contentBlockDelta',
  'contentBlockStop',
  'messageStop',
  'metadata',
])

const STOP_REASONS: ReadonlyMap<string, StopReason> = new Map([
  ['end_turn', 'end_turn'],
  ['tool_use', 'tool_calls'],
  ['max_tokens', 'max_tokens'],
  ['stop_sequence', 'stop_sequence'],
  ['guardrail_intervened', 'content_filter'],
  ['content_filtered', 'content_filter'],
  ['malformed_model_output', 'error'],
  ['malformed_tool_use', 'error'],
  ['model_context_window_exceeded', 'context_window'],
])

/** Content of a whole answer that is known and has no neutral form. */
const OPAQUE_CONTENT: ReadonlySet<string> = new Set([
  'audio',
  'cachePoint',
  'document',
  'guardContent',
  'searchResult',
  'toolAddition',
  'toolRemoval',
  'video',
])

const PADDING: ReadonlySet<string> = new Set(['p'])
const NOT_META: ReadonlySet<string> = new Set(['p', 'stopReason', 'usage', 'output', '$metadata'])

export const bedrockConverse: DialectDefinition<'bedrock-converse'> = {
  name: 'bedrock-converse',
  opensBlocks: true,
  recognisesReplay: 'at_begin',
  endsBy: 'event',
  answersCalls: true,
  createTranslate: () => {
    const translator = new ConverseTranslator()
    return (event) => ({ operations: translator.translate(event) })
  },
  looksLike,
  begins,
  toNative: (messages) => (messages[0] === undefined ? null : toConverse(messages[0])),
}

function looksLike(event: ProviderEvent): 'yes' | 'no' | 'maybe' {
  const { payload } = event
  if (isWhole(payload)) return 'yes'
  if (reportsError(event)) return 'maybe'
  const read = readEvent(event)
  if (read === undefined) return 'no'
  switch (read.name) {
    // Others have a word for their metadata too.
    case 'metadata':
      return 'maybe'
    case 'contentBlockStart':
    case 'contentBlockDelta':
    case 'contentBlockStop':
      return 'contentBlockIndex' in read.body ? 'yes' : 'maybe'
    case 'messageStop':
      return 'stopReason' in read.body ? 'yes' : 'maybe'
    default:
      return 'role' in read.body ? 'yes' : 'maybe'
  }
}

function begins(event: ProviderEvent): Beginning {
  if (isWhole(event.payload)) return 'other'
  const name = readEvent(event)?.name
  return name === undefined ? 'unknown' : name === 'messageStart' ? 'other' : 'nothing'
}

interface ReadEvent {
  readonly name: string
  readonly body: JsonObject
  /** What stands beside an event of one key: the metrics of InvokeModel. */
  readonly beside?: JsonObject
}

function readEvent({ payload, name }: ProviderEvent): ReadEvent | undefined {
  if (!isObject(payload)) return undefined
  const key = name !== undefined && EVENTS.has(name) ? name : Object.keys(payload).find((one) => EVENTS.has(one))
  if (key === undefined) return undefined
  const body = Object.hasOwn(payload, key) ? payload[key] : undefined
  if (isObject(body)) return { name: key, body, beside: payload }
  return key === name ? { name, body: payload } : undefined
}

function isWhole(payload: unknown): payload is JsonObject {
  if (!isObject(payload) || !isObject(payload.output)) return false
  const { message } = payload.output
  return isObject(message) && Array.isArray(message.content)
}

class ConverseTranslator {
  /** The indexes that a start or a delta has named since the message began. */
  readonly #begun = new Set<string>()
  /** A start that did not say of what. */
  #started: string | undefined
  #hasStopped = false
  #hasUsage = false

  translate(event: ProviderEvent): Operations {
    const { payload, name: told } = event
    if (isWhole(payload)) return translateWhole(payload)
    // An object has one event; of one that has several each counts, in their order.
    const names = isObject(payload) && told === undefined ? Object.keys(payload).filter((key) => EVENTS.has(key)) : []
    if (isObject(payload) && names.length > 1) {
      const beside = copyFields(payload, EVENTS)
      return names.flatMap((key, at) =>
        this.translate({ payload: { ...(at === 0 ? beside : {}), [key]: payload[key] } }),
      )
    }
    const read = readEvent(event)
    if (read === undefined) return [unreadOf(event)]
    const operations = this.#translate(read)
    const { name, beside } = read
    if (beside === undefined) return operations
    const wire = copyFields(beside, new Set([name, 'p']))
    if (Object.keys(wire).length === 0) return operations
    const meta: Operation = { op: 'meta', choice: 0, wire }
    // Nothing may come before the begin, and a terminal lets nothing in after it.
    return name === 'messageStart' ? [...operations, meta] : [meta, ...operations]
  }

  #translate({ name, body }: ReadEvent): Operations {
    switch (name) {
      case 'contentBlockDelta':
        return this.#delta(body)
      case 'contentBlockStart':
        return this.#start(body)
      case 'contentBlockStop':
        return this.#stop(keyOf(body))
      case 'messageStart':
        this.#begun.clear()
        this.#started = undefined
        this.#hasStopped = false
        this.#hasUsage = false
        return [{ op: 'begin', choice: 0, wire: copyFields(body, PADDING) }]
      case 'messageStop':
        this.#hasStopped = true
        return [...metaOf(body), ...stopOf(body), { op: 'terminal', choice: 0, strength: 'soft' }]
      default:
        return this.#metadata(body)
    }
  }

  /** The last event is the one with the usage; of what a server sends beside it nothing is the end. */
  #metadata(body: JsonObject): Operations {
    const operations = [...metaOf(body), ...usageOf(body)]
    this.#hasUsage ||= operations.some(({ op }) => op === 'usage')
    return this.#hasStopped && this.#hasUsage
      ? [...operations, { op: 'terminal', choice: 'all', strength: 'hard' }]
      : operations
  }

  #start(event: JsonObject): Operations {
    const { start } = event
    const key = keyOf(event)
    if (start !== undefined && start !== null && !isObject(start)) return [malformed(event)]
    const member = memberOf(start ?? {})
    this.#started = member === undefined ? key : undefined
    // The delta that follows says what it is.
    if (member === undefined) this.#begun.delete(key)
    else this.#begun.add(key)
    return member === undefined ? [] : openOf(key, member)
  }

  #stop(key: string): Operations {
    const isEmpty = this.#started === key
    this.#started = undefined
    const close: Operation = { op: 'close', choice: 0, key }
    return isEmpty ? [{ op: 'open', choice: 0, key, kind: 'text' }, close] : [close]
  }

  #delta(event: JsonObject): Operations {
    const key = keyOf(event)
    if (!isObject(event.delta)) return [malformed(event)]
    const member = memberOf(event.delta)
    if (member === undefined) return []
    const [type, value] = member
    switch (type) {
      case 'text':
        if (typeof value !== 'string') return [malformed(event)]
        return [...this.#open(key, 'text'), { op: 'append', choice: 0, key, kind: 'text', text: value }]
      case 'citation':
        if (!isObject(value)) return [malformed(event)]
        return [...this.#open(key, 'text'), { op: 'list', choice: 0, key, kind: 'text', item: copyFields(value) }]
      case 'reasoningContent':
        return isObject(value) ? this.#reasoning(key, value) : [malformed(event)]
      case 'toolUse':
        if (!isObject(value)) return [malformed(event)]
        return [{ op: 'append', choice: 0, key, kind: 'tool_call', text: inputOf(value).text ?? '' }]
      case 'toolResult':
        if (!Array.isArray(value)) return [malformed(event)]
        return copyAll(value).map((item) => ({ op: 'list', choice: 0, key, kind: 'tool_result', item }))
      case 'image':
        return isObject(value) ? imageDelta(key, value) : [malformed(event)]
      default: {
        const open = this.#open(key, 'other', { [type]: {} })
        return [
          ...open,
          { op: 'anomaly', choice: 0, kind: 'unknown_delta', detail: type, value: copyJson(value) ?? null, key },
        ]
      }
    }
  }

  #reasoning(key: string, delta: JsonObject): Operations {
    const fields = reasoningFields(delta)
    const { text } = delta
    const operations: Operation[] = [...this.#open(key, 'thinking', undefined, fields)]
    if (typeof text === 'string') operations.push({ op: 'append', choice: 0, key, kind: 'thinking', text })
    if (Object.keys(fields).length > 0) operations.push({ op: 'patch', choice: 0, key, kind: 'thinking', fields })
    return operations
  }

  /** Text and reasoning are opened by their first delta. */
  #open(key: string, kind: BlockKind, wire: JsonObject = {}, fields: BlockFields = {}): Operations {
    this.#started = undefined
    if (this.#begun.has(key)) return []
    this.#begun.add(key)
    return [{ op: 'open', choice: 0, key, kind, fields, wire }]
  }
}

/** The one member of a union that is there; of one that the SDK does not know it gives the name and the value. */
function memberOf(union: unknown): readonly [string, unknown] | undefined {
  if (!isObject(union)) return undefined
  const member = Object.entries(union).find(([, value]) => value !== undefined && value !== null)
  if (member?.[0] !== '$unknown' || !Array.isArray(member[1])) return member
  const [name, value]: readonly unknown[] = member[1]
  return typeof name === 'string' ? [name, value] : member
}

function openOf(key: string, [type, value]: readonly [string, unknown]): Operations {
  const source = isObject(value) ? value : {}
  switch (type) {
    case 'toolUse':
      return [{ op: 'open', choice: 0, key, kind: 'tool_call', fields: callFields(source), wire: callWire(source) }]
    case 'toolResult':
      return [
        { op: 'open', choice: 0, key, kind: 'tool_result', fields: resultFields(source), wire: resultWire(source) },
      ]
    case 'image':
      return [{ op: 'open', choice: 0, key, kind: 'media', wire: copyFields(source) }]
    case 'text':
      return [{ op: 'open', choice: 0, key, kind: 'text', ...(typeof value === 'string' ? { seed: value } : {}) }]
    case 'reasoningContent':
      return [{ op: 'open', choice: 0, key, kind: 'thinking', fields: reasoningFields(source) }]
    default: {
      const wire = copyFields({ [type]: value })
      return [{ op: 'open', choice: 0, key, kind: 'other', wire }, unknownBlock(type, key)]
    }
  }
}

function unknownBlock(detail: string, key: string): Operation {
  return { op: 'anomaly', choice: 0, kind: 'unknown_block', detail, key }
}

function callFields(source: JsonObject): BlockFields {
  const origin = source.type === 'server_tool_use' ? 'provider' : 'client'
  return { id: nonEmpty(source.toolUseId) ?? null, name: nonEmpty(source.name) ?? null, origin }
}

/** An input that cannot be one stays as it came. */
function callWire(source: JsonObject): JsonObject {
  const { input = '', ...wire } = copyFields(source, new Set(['toolUseId', 'name']))
  return isObject(input) || typeof input === 'string' ? wire : { ...wire, input }
}

function resultFields(source: JsonObject): BlockFields {
  const isError = source.status === 'error' ? true : source.status === 'success' ? false : null
  return { callId: nonEmpty(source.toolUseId) ?? null, isError }
}

function resultWire(source: JsonObject): JsonObject {
  return copyFields(source, new Set(['toolUseId', 'content']))
}

/** What was withheld has two names, `redactedContent` in the documentation. */
function reasoningFields(source: JsonObject): BlockFields {
  const signature = nonEmpty(source.signature)
  const withheld = nonEmpty(copyJson(source.redactedContent ?? source.data))
  return {
    ...(signature === undefined ? {} : { signature }),
    ...(withheld === undefined ? {} : { redacted: true, encrypted: withheld }),
  }
}

function imageDelta(key: string, delta: JsonObject): Operations {
  const { data, wire } = imageOf(delta)
  const operations: Operation[] = []
  if (Object.keys(wire).length > 0) operations.push({ op: 'patch', choice: 0, key, kind: 'media', wire })
  if (data !== undefined) operations.push({ op: 'list', choice: 0, key, kind: 'media', item: data })
  return operations
}

/** An image's data, and everything else about it. */
function imageOf(image: JsonObject): { data: string | undefined; wire: JsonObject } {
  const { source, ...wire } = copyFields(image)
  const data = isObject(source) ? source.bytes : undefined
  if (typeof data === 'string') return { data, wire }
  return { data: undefined, wire: { ...wire, ...(source === undefined ? {} : { source }) } }
}

function metaOf(source: JsonObject): Operations {
  const wire = copyFields(source, NOT_META)
  return Object.keys(wire).length === 0 ? [] : [{ op: 'meta', choice: 0, wire }]
}

function stopOf(source: JsonObject): Operations {
  const raw = nonEmpty(source.stopReason)
  const reason = (raw === undefined ? undefined : STOP_REASONS.get(raw)) ?? 'unknown'
  if (raw === undefined) return []
  return [{ op: 'stop', choice: 0, reason, raw, sequence: sequenceOf(source.additionalModelResponseFields) }]
}

/** The sequence that was hit is told if it was asked for: by its place in the model's own answer, or in its last event. */
function sequenceOf(fields: unknown): string | null {
  if (!isObject(fields)) return null
  const delta = isObject(fields.delta) ? fields.delta : {}
  return nonEmpty(fields.stop_sequence ?? delta.stop_sequence) ?? null
}

function usageOf(source: JsonObject): readonly UsageOperation[] {
  const raw = isObject(source.usage) ? copyFields(source.usage) : {}
  if (Object.keys(raw).length === 0) return []
  const counts: { -readonly [K in keyof UsageCounts]: UsageCounts[K] } = {}
  const read = raw.cacheReadInputTokens ?? raw.cacheReadInputTokenCount
  const written = raw.cacheWriteInputTokens ?? raw.cacheWriteInputTokenCount
  if (typeof raw.inputTokens === 'number') counts.uncachedInputTokens = raw.inputTokens
  if (typeof raw.outputTokens === 'number') counts.outputTokens = raw.outputTokens
  if (typeof read === 'number') counts.cacheReadTokens = read
  if (typeof written === 'number') counts.cacheWriteTokens = written
  return [{ op: 'usage', choice: 0, counts, raw }]
}

function unreadOf({ payload, name }: ProviderEvent): Operation {
  if (reportsError({ payload, name })) return { op: 'fail', choice: 'all', error: readError(payload) }
  if (!isObject(payload)) return malformed(payload)
  const detail = name ?? memberOf(payload)?.[0] ?? 'no name'
  return { op: 'anomaly', choice: 0, kind: 'unknown_event', detail, value: copyJson(payload) ?? null }
}

function translateWhole(answer: JsonObject): Operations {
  const output = isObject(answer.output) ? answer.output : {}
  const message = isObject(output.message) ? output.message : {}
  const content = Array.isArray(message.content) ? message.content : []
  const blocks = content.flatMap((block, index): Operations => {
    const key = String(index)
    const member = memberOf(block)
    return member === undefined ? [malformed(block)] : [...wholeBlock(key, member), { op: 'close', choice: 0, key }]
  })
  return [
    { op: 'begin', choice: 0, wire: copyFields(message, new Set(['content'])) },
    ...blocks,
    ...metaOf(answer),
    ...usageOf(answer),
    ...stopOf(answer),
    { op: 'terminal', choice: 'all', strength: 'hard' },
  ]
}

function wholeBlock(key: string, [type, value]: readonly [string, unknown]): Operations {
  const whole = { op: 'snapshot', choice: 0, key, rank: 3 } as const
  const source = isObject(value) ? value : {}
  switch (type) {
    case 'text':
      return [{ ...whole, kind: 'text', text: typeof value === 'string' ? value : '' }]
    case 'citationsContent': {
      const texts = Array.isArray(source.content) ? source.content : []
      const text = texts.map((one) => (isObject(one) ? (nonEmpty(one.text) ?? '') : '')).join('')
      const items = Array.isArray(source.citations) ? copyAll(source.citations) : []
      // Of one text nothing has to be kept beside it.
      const wire = copyFields(source, new Set(texts.length === 1 ? ['content', 'citations'] : ['citations']))
      return [{ ...whole, kind: 'text', text, items, wire: { citationsContent: wire } }]
    }
    case 'reasoningContent': {
      const said = isObject(source.reasoningText) ? source.reasoningText : {}
      const fields = { ...reasoningFields(said), ...reasoningFields(source) }
      return [{ ...whole, kind: 'thinking', text: nonEmpty(said.text) ?? '', fields }]
    }
    case 'toolUse':
      return [{ ...whole, kind: 'tool_call', fields: callFields(source), wire: callWire(source), ...inputOf(source) }]
    case 'toolResult': {
      const content = copyJson(source.content)
      const fields = { ...resultFields(source), ...(content === undefined ? {} : { content }) }
      return [{ ...whole, kind: 'tool_result', fields, wire: resultWire(source) }]
    }
    case 'image': {
      const { data, wire } = imageOf(source)
      return [{ ...whole, kind: 'media', wire, items: data === undefined ? [] : [data] }]
    }
    default: {
      const block: Operation = { ...whole, kind: 'other', wire: copyFields({ [type]: value }) }
      return OPAQUE_CONTENT.has(type) ? [block] : [block, unknownBlock(type, key)]
    }
  }
}

function inputOf({ input }: JsonObject): { text?: string } {
  if (input === undefined || input === null || (isObject(input) && Object.keys(input).length === 0)) return {}
  return { text: typeof input === 'string' ? input : JSON.stringify(copyJson(input)) }
}

/** The block's index. One that is missing is its own key, so that its deltas still find each other. */
function keyOf({ contentBlockIndex: index }: JsonObject): string {
  return typeof index === 'number' || typeof index === 'string' ? String(index) : 'none'
}

function copyAll(items: readonly JsonValue[]): JsonValue[] {
  return items.map((item) => copyJson(item) ?? null)
}
