/**
 * What the two streams of the AI SDK have in common: parts of text, reasoning, calls and results under ids of their own, the metadata of
 * the provider behind it, and the words for why the model stopped.
 */
import { excerpt } from '../anomaly.ts'
import { copyFields, copyJson, isObject, nonEmpty, parseJson, type JsonObject, type JsonValue } from '../json.ts'
import type { BlockKind, OutcomeError, StopReason, ToolCallBlock } from '../message.ts'
import type { BlockFields, Operation } from '../operation.ts'
import { readError } from './error.ts'
import { malformed } from './malformed.ts'

const STOP_REASONS: ReadonlyMap<unknown, StopReason> = new Map([
  ['stop', 'end_turn'],
  ['length', 'max_tokens'],
  ['content-filter', 'content_filter'],
  ['tool-calls', 'tool_calls'],
  ['error', 'error'],
  ['other', 'unknown'],
])

/** Words of providers that say more than the SDK's own, which has none for them. */
const RAW_REASONS: ReadonlyMap<unknown, StopReason> = new Map([
  ['pause_turn', 'pause'],
  ['compaction', 'pause'],
  ['refusal', 'refusal'],
  ['stop_sequence', 'stop_sequence'],
  ['model_context_window_exceeded', 'context_window'],
])

/** How many names of blocks are remembered, and how many characters of them: more than a message may have. */
const KNOWN_NAMES = 10_000
const KNOWN_LENGTH = 1024 * 1024

/** How deep input is looked into; whatever is nested deeper than `limits.toolDepth` allows is no input anyway. */
const JSON_DEPTH = 256

const NOT_WIRE: ReadonlySet<string> = new Set(['type', 'text', 'delta', 'textDelta'])
const NOT_DELTA: ReadonlySet<string> = new Set([...NOT_WIRE, 'id'])
/** Fields of calls and results that have a neutral name, or repeat what another part says. */
const NOT_CALL: ReadonlySet<string> = new Set(
  'type id toolCallId toolName input args output result error errorText preliminary inputTextDelta argsTextDelta'.split(
    ' ',
  ),
)

/** Collects the operations of an event, and remembers under which keys the blocks of the message were opened. */
export class Parts {
  #operations: Operation[] = []
  readonly #keys = new Map<string, string>()
  /** Names that are free again: the same one may begin another block. */
  readonly #ended = new Set<string>()
  /** Blocks that began and did not end, by their keys: what they are, a call for somebody to run or anything else. */
  readonly #open = new Map<string, 'call' | 'text'>()
  /** The names of calls as they were shown when these began, by the keys of their blocks. */
  readonly #called = new Map<string, string>()
  /** Calls whose input is said to be plain text, by the same. */
  readonly #plain = new Set<string>()
  #reused = 0
  #length = 0
  #unnamed = 0
  /** Where in the message new blocks are: ids are unique within a step only. */
  #step = 0

  /** Another message begins, or the same once more. */
  begin(): void {
    this.#forget()
    this.#reused = 0
    this.#unnamed = 0
    this.#step = 0
  }

  get step(): number {
    return this.#step
  }

  nextStep(): void {
    this.#step += 1
  }

  add(...operations: readonly Operation[]): void {
    this.#operations.push(...operations)
  }

  take(): readonly Operation[] {
    const operations = this.#operations
    this.#operations = []
    return operations
  }

  /** The key of a block that an event opens, and whether that is the first one to do so. */
  #opened(name: string): { readonly key: string; readonly isFirst: boolean } {
    const known = this.#keys.get(name)
    const isOfStep = known?.startsWith(`${this.#step}/`) ?? false
    const isReused = isOfStep && this.#ended.delete(name)
    if (known !== undefined && isOfStep && !isReused) return { key: known, isFirst: false }
    if (isReused) this.#reused += 1
    const key = `${this.#step}/${name}${isReused ? `/${this.#reused}` : ''}`
    if (this.#keys.size >= KNOWN_NAMES || this.#length > KNOWN_LENGTH) this.#forget()
    this.#keys.set(name, key)
    this.#length += name.length
    return { key, isFirst: true }
  }

  #forget(): void {
    this.#keys.clear()
    this.#ended.clear()
    this.#open.clear()
    this.#called.clear()
    this.#plain.clear()
    this.#length = 0
  }

  #keyOf(name: string): string {
    return this.#keys.get(name) ?? `${this.#step}/${name}`
  }

  has(name: string): boolean {
    return this.#keys.has(name)
  }

  start(kind: 'text' | 'thinking', part: JsonObject, wire: JsonObject = {}): void {
    const { key } = this.#opened(nameOf(kind, part.id))
    this.#open.set(key, 'text')
    this.add({
      op: 'open',
      choice: 0,
      key,
      kind,
      fields: { ...fieldsOf(part, kind), ...redactionOf(part, kind) },
      wire: { ...copyFields(part, NOT_WIRE), ...wire },
    })
  }

  delta(kind: 'text' | 'thinking', part: JsonObject, text: string): void {
    const key = this.#keyOf(nameOf(kind, part.id))
    this.add({ op: 'append', choice: 0, key, kind, text })
    // Nearly every delta has a type, an id and a text.
    if ('providerMetadata' in part || Object.keys(part).length > 3) this.#metadata(key, kind, part)
  }

  /** The block is opened by its first delta, as in versions that have no other event for it. */
  unopened(kind: 'text' | 'thinking', part: JsonObject): void {
    if (this.has(nameOf(kind, part.id))) return
    this.start(kind, part)
    // Those have no other event for its end either.
    this.#open.delete(this.#keyOf(nameOf(kind, part.id)))
  }

  end(kind: 'text' | 'thinking', part: JsonObject, wire: JsonObject = {}): void {
    const name = nameOf(kind, part.id)
    const key = this.#keyOf(name)
    if (this.has(name)) this.#ended.add(name)
    this.#open.delete(key)
    this.#metadata(key, kind, part, wire)
    this.add({ op: 'close', choice: 0, key })
  }

  #metadata(key: string, kind: BlockKind, part: JsonObject, more: JsonObject = {}): void {
    const wire = { ...copyFields(part, NOT_DELTA), ...more }
    if (Object.keys(wire).length === 0) return
    this.add({ op: 'patch', choice: 0, key, kind, fields: fieldsOf(part, kind), wire })
  }

  callStart(id: string, part: JsonObject, wire: JsonObject = {}): void {
    const { key } = this.#opened(`call:${id}`)
    const name = nonEmpty(part.toolName)
    if (name !== undefined) this.#called.set(key, name)
    if (part.inputEncoding === 'text') this.#plain.add(key)
    // A call of the provider's own is nobody's to run, whatever comes of it.
    if (part.providerExecuted !== true) this.#open.set(key, 'call')
    const text = part.inputEncoding === 'text' ? { freeText: 'input' } : {}
    const fields = { ...callFields(id, part), ...text }
    this.add({ op: 'open', choice: 0, key, kind: 'tool_call', fields, wire: { ...callWire(part), ...wire } })
  }

  callDelta(id: string, text: string): void {
    this.add({ op: 'append', choice: 0, key: this.#keyOf(`call:${id}`), kind: 'tool_call', text })
  }

  /** The SDK has the whole call; `isRefused`: it takes it for wrong, and answers it by itself. */
  call(id: string, part: JsonObject, input: unknown, isRefused: boolean, wire: JsonObject = {}): void {
    const name = `call:${id}`
    if (!this.has(name)) this.callStart(id, part, wire)
    const key = this.#keyOf(name)
    const isPlain = this.#plain.has(key) || part.inputEncoding === 'text'
    // Any other text is a value that the SDK has parsed, like any other value that is no object.
    const isText = typeof input === 'string' && (isRefused || isPlain || isArguments(input))
    const text = isText ? input : JSON.stringify(copyJson(input))
    const { name: called, ...fields } = callFields(id, part)
    const shown = this.#called.get(key)
    const isRenamed = shown !== undefined && called !== undefined && called !== shown
    // Shown under another name, or with input that JSON cannot say: nobody may run what is left of it.
    if (isRenamed || !isJson(input)) this.add(malformed(part, 0))
    this.add({
      op: 'snapshot',
      choice: 0,
      key,
      kind: 'tool_call',
      rank: 1,
      ...(text === undefined ? {} : { text }),
      isRewritten: true,
      fields: {
        ...fields,
        ...(called === undefined || isRenamed ? {} : { name: called }),
        ...(isRefused ? { origin: 'provider' } : {}),
        ...(isText && isPlain ? { freeText: 'input' } : {}),
      },
      wire: {
        ...callWire(part),
        ...wire,
        ...(isText ? { isText: true } : {}),
        ...(isRenamed ? { toolName: called } : {}),
      },
      closes: true,
    })
    this.#open.delete(key)
  }

  /** Something about a call that is in the message. */
  patchCall(id: string, wire: JsonObject, isAnswered: boolean): void {
    if (!this.has(`call:${id}`)) return
    const fields: BlockFields = isAnswered ? { origin: 'provider' } : {}
    this.add({ op: 'patch', choice: 0, key: this.#keyOf(`call:${id}`), kind: 'tool_call', fields, wire })
  }

  /**
   * Whether what ends here was cut: a call was begun that came to nothing, or, where the model gave no reason why it stopped, anything
   * else was.
   */
  isCut(ending: JsonObject): boolean {
    if (CUTTING.has(ending.finishReason)) return false
    const open = [...this.#open.values()]
    return open.includes('call') || (open.length > 0 && lacksReason(ending))
  }

  /** A call has its answer here, so it is nobody's to run any more. */
  result(id: string, part: JsonObject, content: JsonValue | undefined, isError: boolean, wire: JsonObject = {}): void {
    this.patchCall(id, {}, true)
    this.#open.delete(this.#keyOf(`call:${id}`))
    const isPreliminary = part.preliminary === true
    const fields: BlockFields = { callId: id, isError, ...(content === undefined ? {} : { content }) }
    const name = nonEmpty(part.toolName)
    this.block(`result:${id}`, 'tool_result', {
      fields,
      wire: {
        ...(name === undefined ? {} : { toolName: name }),
        ...callWire(part),
        ...(isPreliminary || this.has(`preliminary:${id}`) ? { preliminary: isPreliminary } : {}),
        ...wire,
      },
      isOpen: isPreliminary,
    })
    if (isPreliminary) this.#opened(`preliminary:${id}`)
  }

  /** A block that comes whole. Without a name it cannot come again. */
  block(
    named: string | undefined,
    kind: BlockKind,
    what: {
      readonly fields?: BlockFields
      readonly wire: JsonObject
      readonly items?: readonly JsonValue[]
      readonly text?: string
      readonly isOpen?: boolean
    },
  ): void {
    this.#unnamed += 1
    const name = named ?? `unnamed:${this.#unnamed}`
    const { isOpen = false, ...rest } = what
    const { key, isFirst } = this.#opened(name)
    if (isFirst) this.add({ op: 'open', choice: 0, key, kind })
    this.add({ op: 'snapshot', choice: 0, key, kind, rank: 1, ...rest, ...(isOpen ? {} : { closes: true }) })
  }

  /** What the block with that name says of itself is another thing now. */
  replace(name: string, wire: JsonObject): void {
    this.add({ op: 'patch', choice: 0, key: this.#keyOf(name), kind: 'other', wire })
  }

  file(mediaType: string, base64: string | undefined, wire: JsonObject): void {
    this.block(undefined, 'media', { wire: { mediaType, ...wire }, items: base64 === undefined ? [] : [base64] })
  }
}

function nameOf(kind: 'text' | 'thinking', id: unknown): string {
  return `${kind}:${idOf(id)}`
}

export function idOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

/** The text of arguments, not a text that they are: an object, or nothing at all. */
function isArguments(text: string): boolean {
  return text.trim() === '' || (text.trimStart().startsWith('{') && isObject(parseJson(text)))
}

/** Whether JSON says the value as it is; what has a form of its own for it, like a date, does. */
function isJson(value: unknown, depth = 0): boolean {
  if (typeof value === 'bigint' || typeof value === 'function' || typeof value === 'symbol') return false
  if (typeof value !== 'object' || value === null || depth > JSON_DEPTH) return true
  if (value instanceof Map || value instanceof Set) return false
  if ('toJSON' in value) return true
  return Object.values(value).every((one) => isJson(one, depth + 1))
}

function callFields(id: string, part: JsonObject): BlockFields {
  const name = nonEmpty(part.toolName)
  return {
    id,
    ...(name === undefined ? {} : { name }),
    ...(part.providerExecuted === true ? { origin: 'provider' } : {}),
  }
}

function callWire(part: JsonObject): JsonObject {
  return copyFields(part, NOT_CALL)
}

/** Opaque reasoning, by the names that the providers behind the SDK give it in their metadata. */
function fieldsOf(part: JsonObject, kind: BlockKind): BlockFields {
  if (kind !== 'thinking' || !isObject(part.providerMetadata)) return {}
  const own = Object.values(part.providerMetadata).filter(isObject)
  const find = (...names: readonly string[]): string | undefined =>
    own.flatMap((fields) => names.map((name) => nonEmpty(fields[name]))).find((value) => value !== undefined)
  const signature = find('signature', 'thoughtSignature')
  const encrypted = find('redactedData', 'reasoningEncryptedContent')
  return { ...(signature === undefined ? {} : { signature }), ...(encrypted === undefined ? {} : { encrypted }) }
}

function redactionOf(part: JsonObject, kind: BlockKind): BlockFields {
  if (kind !== 'thinking' || !isObject(part.providerMetadata)) return {}
  const isRedacted = Object.values(part.providerMetadata).some((own) => isObject(own) && nonEmpty(own.redactedData))
  return isRedacted ? { redacted: true } : {}
}

/** The stop reason of an event that ends a step or a message, and whether it alone says that the answer failed. */
export function stopOf({ finishReason, rawFinishReason }: JsonObject): readonly Operation[] {
  const raw = nonEmpty(finishReason)
  if (raw === undefined) return []
  const reason = RAW_REASONS.get(rawFinishReason) ?? STOP_REASONS.get(raw) ?? 'unknown'
  return [{ op: 'stop', choice: 0, reason, raw }]
}

/** Reasons that tell by themselves that the answer is not whole. */
const CUTTING: ReadonlySet<unknown> = new Set(['length', 'content-filter', 'error'])

/** Whether the reason is the SDK's own word for that the model gave none. */
export function lacksReason({ finishReason, rawFinishReason }: JsonObject): boolean {
  const isOwn = finishReason === 'other' || finishReason === 'unknown' || nonEmpty(finishReason) === undefined
  return isOwn && nonEmpty(rawFinishReason) === undefined
}

const OF_MODEL = 'the stream of the model ended before its answer did'

/** The SDK ends its streams in order also where that of the model was cut. */
export function cutOf({ strength, message = OF_MODEL }: { strength?: 'soft'; message?: string } = {}): Operation {
  const error: OutcomeError = { class: 'network', retryable: true, message }
  return { op: 'fail', choice: 'all', isCut: true, ...(strength === undefined ? {} : { strength }), error }
}

export function finishError(): OutcomeError {
  return { class: 'unknown', retryable: false, message: 'the model finished with an error' }
}

export function abortOf(part: JsonObject): Operation {
  const message = nonEmpty(part.reason) ?? 'the stream was aborted where it was made'
  return { op: 'fail', choice: 'all', isAbort: true, error: { class: 'unknown', retryable: false, message } }
}

/** What the SDK has for an error: whatever was thrown, often its own `APICallError`, or a text. Of the request nothing is kept. */
export function errorOf(thrown: unknown): OutcomeError {
  // Servers tell an error as a text, which may be JSON.
  const told = typeof thrown === 'string' && thrown.startsWith('{') ? (parseJson(thrown) ?? thrown) : thrown
  const last = isObject(told) && isObject(told.lastError) ? told.lastError : told
  if (!isObject(last)) return readError(typeof last === 'string' ? { message: last } : {})
  const status = typeof last.statusCode === 'number' ? last.statusCode : undefined
  const body = nonEmpty(last.responseBody)
  const sent = last.data ?? (body === undefined ? undefined : (parseJson(body) ?? body))
  const error = readError(sent ?? ('requestBodyValues' in last ? {} : last), status)
  const message = nonEmpty(last.message)
  return {
    ...error,
    ...(message === undefined ? {} : { message: excerpt(message) }),
    ...(typeof last.isRetryable === 'boolean' ? { retryable: last.isRetryable } : {}),
  }
}

/** The part of a data URL that is the data; undefined for any other URL. */
export function dataOf(url: string, mediaType: string): string | undefined {
  const head = `data:${mediaType};base64,`
  return url.startsWith(head) ? url.slice(head.length) : undefined
}

/** A call's input as the SDK has it: a value, or the text that was no JSON. */
export function inputOf(call: ToolCallBlock): JsonValue | undefined {
  if (call.wire.isText === true || call.wire.inputEncoding === 'text') return call.arguments
  return parseJson(call.arguments)
}
