/**
 * OpenAI's Assistants stream (platform.openai.com/docs/api-reference/assistants-streaming): what happens to a run, to its steps and to the
 * messages that it writes. The SDK gives each as `{ event, data }`.
 *
 * A run is one message here. It has the counts, the model, the error and the last event; the messages of its thread have none of these, its
 * calls belong to no message at all, and no event says that a message of the thread is the run's last. Each text names the message of the
 * thread that it is of. Ignored on purpose: `thread.created`, and `done`, behind the last event of the run.
 */
import { copyFields, copyJson, isObject, nonEmpty, wordOf, type JsonObject, type JsonValue } from '../json.ts'
import type { AssistantMessage, ContentBlock, StopReason } from '../message.ts'
import type { BlockFields, Operation } from '../operation.ts'
import type { Beginning, DialectDefinition, ProviderEvent } from './dialect.ts'
import { readError, reportsError } from './error.ts'
import { malformed } from './malformed.ts'
import { chatCounts } from './openai-usage.ts'

type Operations = Operation[]

const INCOMPLETE: ReadonlyMap<string, StopReason> = new Map([
  ['max_completion_tokens', 'max_tokens'],
  ['max_prompt_tokens', 'context_window'],
  ['content_filter', 'content_filter'],
])

/** How many places of calls are remembered, and how long they may be: more than the machine has room for, and no real name. */
const MOST_PLACES = 100_000
const LONGEST_PLACE = 256

export const openaiAssistants: DialectDefinition<'openai-assistants'> = {
  name: 'openai-assistants',
  opensBlocks: false,
  recognisesReplay: 'at_begin',
  endsBy: 'event',
  answersCalls: false,
  createTranslate() {
    const translator = new RunTranslator()
    return (event) => ({ operations: translator.translate(event) })
  },
  looksLike: (event) => (read(event) === undefined ? 'no' : 'yes'),
  begins,
  toNative: ([message]) => (message === undefined ? null : toNative(message)),
}

interface RunEvent {
  readonly type: string
  readonly data: JsonObject
}

/** An event of a thread: of the SDK, or of the wire, where its name says what it is, or else what its object has become. */
function read({ payload, name }: ProviderEvent): RunEvent | undefined {
  if (!isObject(payload)) return undefined
  if (typeof payload.event === 'string' && payload.event.startsWith('thread.') && isObject(payload.data)) {
    return { type: payload.event, data: payload.data }
  }
  const { object, status } = payload
  if (typeof object !== 'string' || !OBJECTS.has(object)) return undefined
  if (name?.startsWith('thread.')) return { type: name, data: payload }
  if (object.endsWith('.delta') || object === 'thread') return { type: object, data: payload }
  return { type: `${object}.${typeof status === 'string' ? status : 'created'}`, data: payload }
}

const OBJECTS: ReadonlySet<string> = new Set([
  'thread',
  'thread.run',
  'thread.run.step',
  'thread.run.step.delta',
  'thread.message',
  'thread.message.delta',
])

function begins(event: ProviderEvent, known: string | undefined): Beginning {
  const { type, data } = read(event) ?? { type: 'thread.created', data: {} }
  if (type === 'thread.created') return 'unknown'
  if (type !== 'thread.run.created') return 'nothing'
  return known !== undefined && data.id === known ? 'same' : 'other'
}

class RunTranslator {
  #hasBegun = false
  #hasEnded = false
  /** The blocks that were opened since the run began; no event does that. */
  readonly #opened = new Set<string>()

  translate(event: ProviderEvent): Operations {
    const { payload, name } = event
    const told = read(event)
    if (told !== undefined) return this.#told(told)
    const isDone = payload === '[DONE]' || (isObject(payload) && payload.event === 'done')
    if (isDone && this.#hasEnded) return []
    if (isDone) return [{ op: 'anomaly', choice: 0, kind: 'unknown_event', detail: 'done' }]
    if (!isObject(payload)) return [malformed(payload)]
    const isError = payload.event === 'error' || name === 'error'
    if (isError || reportsError({ payload, name })) {
      return [
        {
          op: 'fail',
          choice: 'all',
          error: readError(payload.event === 'error' ? { error: payload.data ?? null } : payload),
        },
      ]
    }
    return [unknown(wordOf(payload.event ?? name ?? payload.object ?? 'no type'), payload)]
  }

  #told({ type, data }: RunEvent): Operations {
    if (type === 'thread.message.delta') return this.#messageDelta(data)
    if (type === 'thread.run.step.delta') return this.#stepDelta(data)
    if (type.startsWith('thread.message.')) return this.#message(data, type === 'thread.message.completed')
    if (type.startsWith('thread.run.step.')) return this.#step(data)
    if (type.startsWith('thread.run.')) return this.#run(type, data)
    return type === 'thread.created' ? [] : [unknown(type, data)]
  }

  #run(type: string, run: JsonObject): Operations {
    const id = nonEmpty(run.id)
    const model = nonEmpty(run.model)
    const identity = { ...(id === undefined ? {} : { id }), ...(model === undefined ? {} : { model }) }
    const wire = copyFields(run, NOT_RUN)
    // Without its name the first event of a run says no more than that it is queued.
    const isBegin = type === 'thread.run.created' || !this.#hasBegun
    this.#hasBegun = true
    if (isBegin) this.#opened.clear()
    const operations: Operations = [
      isBegin
        ? { op: 'begin', choice: 0, ...identity, wire: { run: wire } }
        : { op: 'meta', choice: 0, ...identity, path: ['run'], ...whole(wire) },
    ]
    if (isObject(run.usage)) {
      operations.push({ op: 'usage', choice: 0, counts: chatCounts(run.usage), raw: copyFields(run.usage) })
    }
    return [...operations, ...this.#ending(type.slice('thread.run.'.length), run)]
  }

  #ending(status: string, run: JsonObject): Operations {
    switch (status) {
      case 'completed':
        this.#hasEnded = true
        return [stop('end_turn', status), LAST]
      case 'requires_action':
        this.#hasEnded = true
        return [...this.#required(run.required_action), stop('tool_calls', status), LAST]
      case 'incomplete': {
        this.#hasEnded = true
        const reason = isObject(run.incomplete_details) ? nonEmpty(run.incomplete_details.reason) : undefined
        return [stop(INCOMPLETE.get(reason ?? '') ?? 'unknown', reason ?? status), LAST]
      }
      case 'failed':
      case 'cancelled':
      case 'expired': {
        this.#hasEnded = true
        const said = isObject(run.last_error) ? run.last_error : { message: `the run was ${status}` }
        return [stop('error', status), { op: 'fail', choice: 'all', error: readError({ error: said }) }]
      }
      default:
        return []
    }
  }

  /** The calls that wait for the client, whole. */
  #required(action: JsonValue | undefined): Operations {
    const submit = isObject(action) ? action.submit_tool_outputs : undefined
    const calls = isObject(submit) ? submit.tool_calls : undefined
    return listOf(calls).flatMap((call) => this.#wholeCall(call))
  }

  #open(block: { choice: 0; key: string; kind: ContentBlock['type'] }, wire: JsonObject): Operations {
    if (this.#opened.has(block.key)) return []
    this.#opened.add(block.key)
    return [{ op: 'open', ...block, wire }]
  }

  #messageDelta(event: JsonObject): Operations {
    const content = isObject(event.delta) ? event.delta.content : undefined
    return listOf(content).flatMap((part, place) => {
      if (!isObject(part)) return [malformed(part)]
      const index = typeof part.index === 'number' ? part.index : place
      const block = partBlock(event.id, index, part)
      const operations = this.#open(block, partWire(event.id, part))
      const text = textOf(part)
      if (text !== '') operations.push({ op: 'append', ...block, text })
      for (const item of annotationsOf(part)) operations.push({ op: 'list', ...block, item })
      return operations
    })
  }

  #message(message: JsonObject, isWhole: boolean): Operations {
    const id = nonEmpty(message.id) ?? 'none'
    const operations: Operations = [
      { op: 'meta', choice: 0, path: ['messages', id], ...whole(copyFields(message, NOT_MESSAGE)) },
    ]
    for (const [index, part] of listOf(message.content).entries()) {
      if (!isObject(part)) {
        operations.push(malformed(part))
        continue
      }
      const block = partBlock(message.id, index, part)
      this.#opened.add(block.key)
      const content = { text: textOf(part), items: annotationsOf(part), wire: partWire(message.id, part) }
      operations.push({ op: 'snapshot', ...block, rank: 2, ...content, ...(isWhole ? { closes: true } : {}) })
      if (block.kind === 'other') {
        operations.push({ op: 'anomaly', choice: 0, kind: 'unknown_block', detail: wordOf(part.type), key: block.key })
      }
    }
    return operations
  }

  /** A call comes with its id and type first; then what is new, under its index alone. */
  #stepDelta(event: JsonObject): Operations {
    const details = isObject(event.delta) ? event.delta.step_details : undefined
    return listOf(isObject(details) ? details.tool_calls : undefined).flatMap((call, place): Operations => {
      if (!isObject(call)) return [malformed(call)]
      const key = `${nonEmpty(event.id) ?? 'none'}/${typeof call.index === 'number' ? call.index : place}`
      const id = nonEmpty(call.id)
      const block = { choice: 0, key: this.#keyOf(key, id), kind: 'tool_call' } as const
      const { text, fields, wire, append } = readCall(call)
      const more = { fields: { ...fields, id: id ?? null }, wire: { step: nonEmpty(event.id) ?? '', ...wire }, append }
      const isNew = !this.#opened.has(block.key)
      this.#opened.add(block.key)
      const operations: Operations = [{ op: isNew ? 'open' : 'patch', ...block, ...more }]
      if (text !== undefined && text !== '') operations.push({ op: 'append', ...block, text })
      return operations
    })
  }

  readonly #keys = new Map<string, string>()

  /** A call is known by its id, or, if that comes later than the call, by the place in the step for which it comes. */
  #keyOf(place: string, id: string | undefined): string {
    const key = this.#keys.get(place) ?? (id === undefined ? place : this.#keyOfId(id))
    this.#remember(place, key)
    if (id !== undefined) this.#remember(`call ${id}`, key)
    return key
  }

  /** More of them are not remembered: then each is a call of its own, which the limits count. */
  #remember(name: string, key: string): void {
    if (this.#keys.size < MOST_PLACES && name.length <= LONGEST_PLACE && !this.#keys.has(name))
      this.#keys.set(name, key)
  }

  #keyOfId(id: string): string {
    return this.#keys.get(`call ${id}`) ?? `call ${id}`
  }

  #step(step: JsonObject): Operations {
    const id = nonEmpty(step.id) ?? 'none'
    const details = isObject(step.step_details) ? step.step_details : {}
    const wire = { ...copyFields(step), step_details: copyFields(details, new Set(['tool_calls'])) }
    return [
      { op: 'meta', choice: 0, path: ['steps', id], ...whole(wire) },
      ...listOf(details.tool_calls).flatMap((call) => this.#wholeCall(call, id)),
    ]
  }

  #wholeCall(call: JsonValue, step?: string): Operations {
    if (!isObject(call)) return [malformed(call)]
    const id = nonEmpty(call.id) ?? null
    const { text, fields, wire, append } = readCall(call)
    const key = this.#keyOfId(id ?? 'none')
    this.#opened.add(key)
    const more = { ...wire, ...append, ...(step === undefined ? {} : { step }) }
    const own = { ...(text === undefined ? {} : { text }), fields: { ...fields, id }, wire: more }
    return [{ op: 'snapshot', choice: 0, key, kind: 'tool_call', rank: 2, ...own, closes: true }]
  }
}

function unknown(detail: string, event: JsonObject): Operation {
  return { op: 'anomaly', choice: 0, kind: 'unknown_event', detail, value: copyFields(event) }
}

const LAST: Operation = { op: 'terminal', choice: 'all', strength: 'hard' }

function stop(reason: StopReason, raw: string): Operation {
  return { op: 'stop', choice: 0, reason, raw }
}

/** The object as it has become: what is null in it is so now. */
function whole(wire: JsonObject): { readonly wire: JsonObject; readonly drop: readonly string[] } {
  return { wire, drop: Object.keys(wire).filter((key) => wire[key] === null) }
}

const NOT_MESSAGE: ReadonlySet<string> = new Set(['content'])
const NOT_RUN: ReadonlySet<string> = new Set(['id', 'model', 'usage'])
const NOT_CALL: ReadonlySet<string> = new Set(['index', 'id', 'function', 'code_interpreter'])
const NOT_TEXT: ReadonlySet<string> = new Set(['value', 'annotations'])

interface ReadCall {
  readonly text: string | undefined
  readonly fields: BlockFields
  readonly wire: JsonObject
  readonly append: JsonObject
}

/** A function, also one of which no more than that has come, is the client's to run; the other tools are run by the provider, which puts what came of it into the call. */
function readCall(call: JsonObject): ReadCall {
  const wire = copyFields(call, NOT_CALL)
  if (isObject(call.function)) {
    const { name, arguments: text, ...more } = copyFields(call.function)
    if (Object.keys(more).length > 0) wire.function = more
    const fields = { name: nonEmpty(name) ?? null, origin: 'client' } as const
    return { text: typeof text === 'string' ? text : undefined, fields, wire, append: {} }
  }
  const type = nonEmpty(call.type)
  // Its type is not its name, which comes with a later delta; nor has a delta without a type one.
  if (type === 'function') return { text: undefined, fields: { origin: 'client' }, wire, append: {} }
  const fields = { name: type ?? null, origin: 'provider' } as const
  if (!isObject(call.code_interpreter)) return { text: undefined, fields, wire, append: {} }
  const { input, outputs } = copyFields(call.code_interpreter)
  const append: JsonObject = Array.isArray(outputs) && outputs.length > 0 ? { outputs } : {}
  const code = { ...fields, freeText: 'input' }
  return { text: typeof input === 'string' ? input : undefined, fields: code, wire, append }
}

function partBlock(id: JsonValue | undefined, index: number, { type }: JsonObject) {
  const key = `${nonEmpty(id) ?? 'none'}/${index}`
  const isMedia = type === 'image_file' || type === 'image_url'
  const kind = type === 'text' ? 'text' : type === 'refusal' ? 'refusal' : isMedia ? 'media' : 'other'
  return { choice: 0, key, kind } as const
}

function partWire(id: JsonValue | undefined, part: JsonObject): JsonObject {
  const { index: _index, text, refusal: _refusal, ...wire } = copyFields(part)
  const own = isObject(text) ? copyFields(text, NOT_TEXT) : {}
  return { message: nonEmpty(id) ?? '', ...wire, ...(Object.keys(own).length > 0 ? { text: own } : {}) }
}

function textOf({ text, refusal }: JsonObject): string {
  const value = isObject(text) ? text.value : refusal
  return typeof value === 'string' ? value : ''
}

function annotationsOf({ text }: JsonObject): JsonValue[] {
  return listOf(isObject(text) ? text.annotations : undefined).map((item) => copyJson(item) ?? null)
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : []
}

/** The run, and what it wrote and did: the objects that the API has for them. */
function toNative(message: AssistantMessage): JsonObject {
  const { run, messages, steps } = copyFields(message.wire)
  const parts = (id: string): JsonObject[] => message.content.flatMap((block) => partToNative(block, id))
  const calls = (id: string): JsonObject[] => message.content.flatMap((block) => callToNative(block, id))
  return {
    run: {
      object: 'thread.run',
      ...(isObject(run) ? run : {}),
      ...(message.idSource === 'wire' ? { id: message.id } : {}),
      ...(message.model === undefined ? {} : { model: message.model }),
      usage: message.rawUsage === undefined ? null : copyFields(message.rawUsage),
    },
    messages: entriesOf(messages).map(([id, own]) => ({ ...own, content: parts(id) })),
    steps: entriesOf(steps).map(([id, own]) => {
      const { step_details: details, ...rest } = own
      const tools = calls(id)
      const more = tools.length > 0 ? { tool_calls: tools } : {}
      return { ...rest, step_details: { ...(isObject(details) ? details : {}), ...more } }
    }),
  }
}

function entriesOf(value: JsonValue | undefined): (readonly [string, JsonObject])[] {
  return Object.entries(isObject(value) ? value : {}).map(([id, own]) => [id, isObject(own) ? own : {}] as const)
}

function partToNative(block: ContentBlock, id: string): JsonObject[] {
  const { message, text, ...wire } = copyFields(block.wire)
  if (message !== id) return []
  if (block.type === 'refusal') return [{ ...wire, refusal: block.text }]
  if (block.type !== 'text') return [wire]
  const annotations = (block.citations ?? []).map((item) => copyJson(item) ?? null)
  return [{ ...wire, text: { ...(isObject(text) ? text : {}), value: block.text, annotations } }]
}

function callToNative(block: ContentBlock, id: string): JsonObject[] {
  if (block.type !== 'tool_call') return []
  const { step, function: own, outputs, ...wire } = copyFields(block.wire)
  if (step !== id) return []
  const identity = block.idSource === 'wire' ? { id: block.id } : {}
  if (block.origin === 'client') {
    const more = isObject(own) ? own : {}
    return [
      { ...identity, type: 'function', ...wire, function: { ...more, name: block.name, arguments: block.arguments } },
    ]
  }
  const code = { code_interpreter: { input: block.arguments, outputs: outputs ?? [] } }
  return [{ ...identity, ...wire, ...(block.name === 'code_interpreter' ? code : {}) }]
}
