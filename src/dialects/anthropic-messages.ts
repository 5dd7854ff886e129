/**
 * The Anthropic Messages wire format (platform.claude.com/docs/en/api/messages-streaming), also as its proxies and imitators speak it.
 *
 * Ignored on purpose: `ping`, and of `message_start` the content, the stop reason and the output tokens. The SDK's `messages.stream()`
 * goes on changing the objects that it hands out, so with a slow consumer that event already holds the end of the message.
 */
import { copyFields, copyJson, isObject, wordOf, type JsonObject, type JsonValue } from '../json.ts'
import type { AssistantMessage, BlockKind, ContentBlock, StopReason, ToolCallBlock } from '../message.ts'
import type { BlockFields, Operation, UsageCounts, UsageOperation } from '../operation.ts'
import type { Beginning, DialectDefinition, ProviderEvent, Translate } from './dialect.ts'
import { readError, reportsError } from './error.ts'
import { malformed } from './malformed.ts'

type Operations = readonly Operation[]

const CALL_TYPES: ReadonlyMap<string, 'client' | 'provider'> = new Map([
  ['tool_use', 'client'],
  ['server_tool_use', 'provider'],
  ['mcp_tool_use', 'provider'],
])

/** Blocks that are known and have no neutral form. */
const OPAQUE_TYPES: ReadonlySet<string> = new Set(['compaction', 'container_upload', 'fallback', 'mcp_tool_listing'])
const RESULT_TYPES: ReadonlySet<string> = new Set([
  'web_search_tool_result',
  'web_fetch_tool_result',
  'code_execution_tool_result',
  'bash_code_execution_tool_result',
  'text_editor_code_execution_tool_result',
  'tool_search_tool_result',
  'advisor_tool_result',
  'mcp_tool_result',
])

const STOP_REASONS: ReadonlyMap<string, StopReason> = new Map([
  ['end_turn', 'end_turn'],
  ['stop_sequence', 'stop_sequence'],
  ['tool_use', 'tool_calls'],
  ['max_tokens', 'max_tokens'],
  ['model_context_window_exceeded', 'context_window'],
  ['refusal', 'refusal'],
  ['pause_turn', 'pause'],
  ['compaction', 'pause'],
])

const NOT_META: ReadonlySet<string> = new Set(['id', 'model', 'content', 'stop_reason', 'stop_sequence', 'usage'])
const NOT_START_USAGE: ReadonlySet<string> = new Set(['output_tokens', 'output_tokens_details'])
const NOT_DELTA: ReadonlySet<string> = new Set(['stop_reason', 'stop_sequence'])
const NOT_EVENT: ReadonlySet<string> = new Set(['type', 'delta', 'usage', 'index', 'message'])

export const anthropicMessages: DialectDefinition = {
  name: 'anthropic-messages',
  opensBlocks: true,
  recognisesReplay: 'at_begin',
  endsBy: 'event',
  answersCalls: true,
  createTranslate,
  looksLike,
  begins,
  toNative: (messages) => (messages[0] === undefined ? null : messageToNative(messages[0])),
}

function looksLike({ payload, name }: ProviderEvent): 'yes' | 'no' | 'maybe' | 'empty' {
  if (!isObject(payload)) return 'no'
  const type = payload.type ?? name
  switch (type) {
    case 'message_start':
    case 'content_block_start':
    case 'content_block_delta':
    case 'content_block_stop':
    case 'message_delta':
    case 'message_stop':
      return 'yes'
    case 'message':
      return Array.isArray(payload.content) && payload.role === 'assistant' ? 'yes' : 'no'
    case 'ping':
      return 'empty'
    case 'error':
      return 'maybe'
    default:
      return 'no'
  }
}

function begins({ payload, name }: ProviderEvent, known: string | undefined): Beginning {
  if (!isObject(payload)) return 'unknown'
  const type = payload.type ?? name
  if (type === 'ping') return 'unknown'
  const message = type === 'message_start' ? payload.message : type === 'message' ? payload : undefined
  if (message === undefined) return 'nothing'
  return known !== undefined && isObject(message) && message.id === known ? 'same' : 'other'
}

/**
 * A response may stand whole in its `message_start`, with `message_stop` next (programmatic tool calling does that). Such a start is told
 * from one that the SDK has changed by what does not follow: what the SDK puts there has events of its own.
 */
function createTranslate(): Translate {
  let prefilled: JsonObject | undefined
  const seeds = new Map<string, string>()
  return (event) => {
    // Nearly every event is a delta.
    if (isObject(event.payload) && event.payload.type === 'content_block_delta') {
      prefilled = undefined
      const operations = translateDelta(event.payload)
      return { operations: seeds.size === 0 ? operations : withoutSeed(seeds, operations) }
    }
    const operations = translate(event)
    for (const operation of operations) rememberSeed(seeds, operation)
    const payload = isObject(event.payload) ? event.payload : {}
    const type = payload.type ?? event.name
    if (type === 'message_start' && isObject(payload.message)) {
      const { content } = payload.message
      prefilled = Array.isArray(content) && content.length > 0 ? copyFields(payload.message) : undefined
    } else if (type === 'message_stop' && prefilled !== undefined) {
      const whole = wholeContent(prefilled)
      prefilled = undefined
      return { operations: [...whole, ...operations] }
    } else if (type !== 'ping' && type !== 'message_delta') prefilled = undefined
    return { operations }
  }
}

/** Of each open block the text that its start had, until its first delta. Anthropic itself never sends any. */
function rememberSeed(seeds: Map<string, string>, operation: Operation): void {
  if (operation.op === 'begin') seeds.clear()
  else if (operation.op === 'close') seeds.delete(operation.key)
  else if (operation.op === 'open') {
    if (operation.seed === undefined || operation.kind === 'tool_call') seeds.delete(operation.key)
    else seeds.set(operation.key, operation.seed)
  }
}

/** MiniMax sends the text of a block's start once more as the block's first delta. */
function withoutSeed(seeds: Map<string, string>, operations: Operations): Operations {
  return operations.map((operation) => {
    if (operation.op !== 'append') return operation
    const { key, text } = operation
    const isSeed = text === seeds.get(key)
    seeds.delete(key)
    return isSeed ? { op: 'anomaly', choice: 0, kind: 'repeated_content', key } : operation
  })
}

function translate({ payload, name }: ProviderEvent): Operations {
  // Some converters close their stream as the chat API does.
  if (payload === '[DONE]') return [{ op: 'anomaly', choice: 0, kind: 'unknown_event', detail: '[DONE]' }]
  if (!isObject(payload)) return [malformed(payload)]
  const type = typeof payload.type === 'string' ? payload.type : name
  switch (type) {
    case 'content_block_delta':
      return translateDelta(payload)
    case 'content_block_start':
      return translateBlockStart(payload)
    case 'content_block_stop':
      return [{ op: 'close', choice: 0, key: keyOf(payload) }]
    case 'message_start':
      return isObject(payload.message) ? translateMessageStart(payload.message) : [malformed(payload)]
    case 'message_delta':
      return translateMessageDelta(payload)
    case 'message_stop':
      return [...metaOf(payload, NOT_EVENT), { op: 'terminal', choice: 'all', strength: 'hard' }]
    case 'message':
      return translateWholeMessage(payload)
    case 'ping':
      return []
    default:
      if (reportsError({ payload, name })) return [{ op: 'fail', choice: 'all', error: readError(payload) }]
      return [
        {
          op: 'anomaly',
          choice: 0,
          kind: 'unknown_event',
          detail: type ?? 'no type',
          value: copyJson(payload) ?? null,
        },
      ]
  }
}

function translateMessageStart(message: JsonObject): Operations {
  const wire = copyFields(message, NOT_META)
  const operations: Operation[] = [{ op: 'begin', choice: 0, ...identity(message), wire }]
  if (isObject(message.usage))
    operations.push({ ...usage(copyFields(message.usage, NOT_START_USAGE)), isInitial: true })
  return operations
}

function identity(message: JsonObject): { id?: string; model?: string } {
  return {
    ...(typeof message.id === 'string' && message.id !== '' ? { id: message.id } : {}),
    ...(typeof message.model === 'string' && message.model !== '' ? { model: message.model } : {}),
  }
}

function translateBlockStart(event: JsonObject): Operations {
  const block = event.content_block
  if (!isObject(block)) return [malformed(event)]
  const key = keyOf(event)
  const { kind, text, fields, items, ...rest } = readBlock(block)
  const seed = text === undefined || text === '' ? {} : { seed: text }
  return [
    { op: 'open', choice: 0, key, kind, fields, items, ...seed, ...rest },
    ...unknownBlock(block, key),
    ...servedBy(block),
  ]
}

/** A fallback block names the model that goes on from here; the whole message would name it as its own. */
function servedBy(block: JsonObject): Operations {
  const model = block.type === 'fallback' && isObject(block.to) ? block.to.model : undefined
  return typeof model === 'string' && model !== '' ? [{ op: 'meta', choice: 0, model }] : []
}

function unknownBlock(block: JsonObject, key: string): Operations {
  const type = wordOf(block.type)
  const isKnown =
    type === 'text' ||
    type === 'thinking' ||
    type === 'redacted_thinking' ||
    CALL_TYPES.has(type) ||
    RESULT_TYPES.has(type) ||
    OPAQUE_TYPES.has(type)
  return isKnown ? [] : [{ op: 'anomaly', choice: 0, kind: 'unknown_block', detail: type, key }]
}

interface ReadBlock {
  readonly kind: BlockKind
  readonly text?: string
  readonly fields: BlockFields
  readonly items: readonly JsonValue[]
  readonly wire: JsonObject
}

/** A block of the wire, whole or just opened, in neutral terms. `wire` keeps what `blockToNative` needs to write it back. */
function readBlock(block: JsonObject): ReadBlock {
  const type = typeof block.type === 'string' ? block.type : ''
  if (type === 'text') {
    const items = Array.isArray(block.citations) ? copyAll(block.citations) : []
    return { kind: 'text', ...textOf(block.text), fields: {}, items, wire: copyFields(block, new Set(['text'])) }
  }
  if (type === 'thinking') {
    const fields = { signature: asText(block.signature) }
    return {
      kind: 'thinking',
      ...textOf(block.thinking),
      fields,
      items: [],
      wire: copyFields(block, new Set(['thinking'])),
    }
  }
  if (type === 'redacted_thinking') {
    const fields = { redacted: true as const, encrypted: asText(block.data) }
    return { kind: 'thinking', fields, items: [], wire: copyFields(block, new Set(['data'])) }
  }
  const origin = CALL_TYPES.get(type)
  if (origin !== undefined) {
    const fields = { id: asText(block.id), name: asText(block.name), origin }
    return {
      kind: 'tool_call',
      ...inputOf(block.input),
      fields,
      items: [],
      wire: copyFields(block, new Set(['id', 'name'])),
    }
  }
  if (RESULT_TYPES.has(type) || type.endsWith('_tool_result')) {
    const content = copyJson(block.content)
    const isError = typeof block.is_error === 'boolean' ? block.is_error : isErrorContent(content)
    const fields = { callId: asText(block.tool_use_id), isError, ...(content === undefined ? {} : { content }) }
    return { kind: 'tool_result', fields, items: [], wire: copyFields(block, new Set(['tool_use_id', 'content'])) }
  }
  return { kind: 'other', fields: {}, items: [], wire: copyFields(block) }
}

function isErrorContent(content: JsonValue | undefined): boolean | null {
  return isObject(content) && typeof content.type === 'string' && content.type.endsWith('_error') ? true : null
}

/** Whole input of a call: an object, or, from some converters, its JSON as a string. Deltas that follow replace it. */
function inputOf(input: unknown): { text?: string } {
  if (typeof input === 'string') return { text: input }
  // The copy refuses what is nested too deep for JSON.stringify.
  return isObject(input) && Object.keys(input).length > 0 ? { text: JSON.stringify(copyFields(input)) } : {}
}

function textOf(value: unknown): { text?: string } {
  return typeof value === 'string' ? { text: value } : {}
}

function asText(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function translateDelta(event: JsonObject): Operations {
  const { delta } = event
  if (!isObject(delta)) return [malformed(event)]
  const key = keyOf(event)
  switch (delta.type) {
    case 'text_delta':
      return append(event, key, 'text', delta.text)
    case 'input_json_delta':
      return append(event, key, 'tool_call', delta.partial_json)
    case 'thinking_delta': {
      const operations = append(event, key, 'thinking', delta.thinking)
      return typeof delta.signature === 'string' ? [...operations, signature(key, delta.signature)] : operations
    }
    case 'signature_delta':
      return [signature(key, asText(delta.signature))]
    case 'citations_delta':
      return [{ op: 'list', choice: 0, key, kind: 'text', item: copyJson(delta.citation) ?? null }]
    case 'compaction_delta':
      return [{ op: 'patch', choice: 0, key, kind: 'other', wire: copyFields(delta, new Set(['type'])) }]
    default: {
      const value = copyJson(delta) ?? null
      return [{ op: 'anomaly', choice: 0, kind: 'unknown_delta', detail: wordOf(delta.type), value, key }]
    }
  }
}

function append(event: JsonObject, key: string, kind: BlockKind, text: unknown): Operations {
  return typeof text === 'string' ? [{ op: 'append', choice: 0, key, kind, text }] : [malformed(event)]
}

function signature(key: string, value: string | null): Operation {
  return { op: 'patch', choice: 0, key, kind: 'thinking', fields: { signature: value } }
}

function translateMessageDelta(event: JsonObject): Operations {
  const delta = isObject(event.delta) ? event.delta : {}
  const operations: Operation[] = [...metaOf(delta, NOT_DELTA), ...metaOf(event, NOT_EVENT)]
  if (isObject(event.usage)) operations.push(usage(copyFields(event.usage)))
  return [...operations, ...stopOf(delta)]
}

function metaOf(source: JsonObject, except: ReadonlySet<string>): Operations {
  const wire = copyFields(source, except)
  return Object.keys(wire).length === 0 ? [] : [{ op: 'meta', choice: 0, wire }]
}

function stopOf(source: JsonObject): Operations {
  const raw = source.stop_reason
  if (typeof raw !== 'string' || raw === '') return []
  const reason = STOP_REASONS.get(raw) ?? 'unknown'
  return [
    { op: 'stop', choice: 0, reason, raw, sequence: asText(source.stop_sequence) },
    { op: 'terminal', choice: 0, strength: 'soft' },
  ]
}

/** A whole message: the answer to a request without streaming, or what some servers send once more at the end of a stream. */
function translateWholeMessage(message: JsonObject): Operations {
  return [
    { op: 'begin', choice: 0, ...identity(message), wire: copyFields(message, NOT_META) },
    ...wholeContent(message),
    { op: 'terminal', choice: 'all', strength: 'hard' },
  ]
}

function wholeContent(message: JsonObject): Operations {
  const content = Array.isArray(message.content) ? message.content : []
  const operations: Operation[] = []
  for (const [index, block] of content.entries()) {
    if (!isObject(block)) {
      operations.push(malformed(block))
      continue
    }
    const key = String(index)
    operations.push({ op: 'snapshot', choice: 0, key, rank: 3, ...readBlock(block) }, ...unknownBlock(block, key), {
      op: 'close',
      choice: 0,
      key,
    })
  }
  if (isObject(message.usage)) operations.push(usage(copyFields(message.usage)))
  return [...operations, ...stopOf(message)]
}

function usage(raw: JsonObject): UsageOperation {
  const details = isObject(raw.output_tokens_details) ? raw.output_tokens_details : {}
  const counts: { -readonly [K in keyof UsageCounts]: UsageCounts[K] } = {}
  if (typeof raw.input_tokens === 'number') counts.uncachedInputTokens = raw.input_tokens
  if (typeof raw.output_tokens === 'number') counts.outputTokens = raw.output_tokens
  if (typeof raw.cache_read_input_tokens === 'number') counts.cacheReadTokens = raw.cache_read_input_tokens
  if (typeof raw.cache_creation_input_tokens === 'number') counts.cacheWriteTokens = raw.cache_creation_input_tokens
  if (typeof details.thinking_tokens === 'number') counts.reasoningTokens = details.thinking_tokens
  return { op: 'usage', choice: 0, counts, raw }
}

/** The block's index. One that is missing is its own key, so that its deltas still find each other. */
function keyOf(event: JsonObject): string {
  return typeof event.index === 'number' || typeof event.index === 'string' ? String(event.index) : 'none'
}

export function messageToNative(message: AssistantMessage): JsonObject {
  const { id, ...wire } = message.wire
  return {
    type: 'message',
    role: 'assistant',
    ...wire,
    ...(message.idSource === 'wire' ? { id: id ?? message.id } : {}),
    ...(message.model === undefined ? {} : { model: message.model }),
    content: message.content.map(blockToNative),
    stop_reason: message.stop.raw,
    stop_sequence: message.stop.sequence,
    usage: copyFields(message.rawUsage ?? {}),
  }
}

export function blockToNative(block: ContentBlock): JsonObject {
  const wire = copyFields(block.wire)
  switch (block.type) {
    case 'text':
      return {
        type: 'text',
        ...wire,
        ...(block.citations === undefined ? {} : { citations: copyAll(block.citations) }),
        text: block.text,
      }
    case 'thinking':
      if (block.redacted) return { type: 'redacted_thinking', ...wire, data: block.encrypted ?? '' }
      return {
        type: 'thinking',
        ...wire,
        thinking: block.text,
        ...(block.signature === undefined ? {} : { signature: block.signature }),
      }
    case 'tool_call':
      return callToNative(block, wire)
    case 'tool_result':
      return {
        ...wire,
        ...(block.callId === undefined ? {} : { tool_use_id: block.callId }),
        ...(block.content === undefined ? {} : { content: copyJson(block.content) ?? null }),
      }
    case 'refusal':
      return { type: 'text', ...wire, text: block.text }
    case 'other':
      return {
        ...wire,
        ...(block.text === undefined ? {} : { text: block.text }),
        ...(block.citations === undefined ? {} : { citations: copyAll(block.citations) }),
      }
    case 'media':
      return wire
    default: {
      const never: never = block
      return never
    }
  }
}

/** Cut or invalid arguments are never repaired into an input: it stays what the opening event said, as a rule `{}`. */
function callToNative(block: ToolCallBlock, wire: JsonObject): JsonObject {
  return {
    type: block.origin === 'client' ? 'tool_use' : 'server_tool_use',
    ...(block.idSource === 'wire' ? { id: block.id } : {}),
    name: block.name,
    ...wire,
    input: block.state === 'complete' ? copyFields(block.input) : (wire.input ?? {}),
  }
}

function copyAll(items: readonly JsonValue[]): JsonValue[] {
  return items.map((item) => copyJson(item) ?? null)
}
