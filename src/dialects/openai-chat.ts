/**
 * The OpenAI Chat Completions wire format (platform.openai.com/docs/api-reference/chat-streaming), as OpenAI and the many servers that
 * follow it speak it. A chunk is a bag of facts, each of which may be missing: an id, a model, choices, usage, an error.
 *
 * Ignored on purpose: a `role` (a choice that comes with another one keeps it in its wire fields), and a `message` beside a `delta`, which
 * repeats what the deltas say.
 */
import { excerpt } from '../anomaly.ts'
import { copyFields, copyJson, isObject, mergeFields, wordOf, type JsonObject, type JsonValue } from '../json.ts'
import type { StopReason } from '../message.ts'
import type { Operation, Translation } from '../operation.ts'
import type { Beginning, DialectDefinition, ProviderEvent } from './dialect.ts'
import { readError, reportsError } from './error.ts'
import { ChatCalls, indexOf, textOf } from './openai-chat-calls.ts'
import { malformed } from './malformed.ts'
import { toChatCompletion } from './openai-chat-native.ts'
import { chatCounts } from './openai-usage.ts'

const STOP_REASONS: ReadonlyMap<string, StopReason> = new Map([
  ['stop', 'end_turn'],
  ['end_turn', 'end_turn'],
  ['eos', 'end_turn'],
  ['length', 'max_tokens'],
  ['max_tokens', 'max_tokens'],
  ['max_output_tokens', 'max_tokens'],
  ['model_length', 'context_window'],
  ['tool_calls', 'tool_calls'],
  ['tool_use', 'tool_calls'],
  ['function_call', 'tool_calls'],
  ['content_filter', 'content_filter'],
  ['safety', 'content_filter'],
  ['sensitive', 'content_filter'],
  ['refusal', 'refusal'],
  ...['error', 'network_error', 'insufficient_system_resource', 'timeout'].map(fault),
  ...['abort', 'aborted', 'cancelled', 'canceled', 'incomplete', 'malformed_function_call'].map(fault),
])

/** An answer that the server itself broke off: what the model was about to say is not there. */
function fault(reason: string): readonly [string, StopReason] {
  return [reason, 'error']
}

/** The names under which servers send reasoning as text; where one chunk has several they say the same, and the first counts. */
const REASONING_FIELDS = ['reasoning_content', 'reasoning', 'reasoning_text'] as const

/** An index of a choice beyond these is no number that anybody asked for. */
const MAX_CHOICES = 256

export const openaiChat: DialectDefinition = {
  name: 'openai-chat',
  opensBlocks: false,
  recognisesReplay: 'after_stop',
  endsBy: 'mark',
  answersCalls: false,
  hasChoices: true,
  createTranslate() {
    const translator = new ChatTranslator()
    return (event) => translator.translate(event)
  },
  looksLike,
  begins,
  toNative: toChatCompletion,
}

function looksLike({ payload }: ProviderEvent): 'yes' | 'no' | 'maybe' {
  if (payload === '[DONE]') return 'maybe'
  if (!isObject(payload)) return 'no'
  if (Array.isArray(payload.choices)) return 'yes'
  return typeof payload.object === 'string' && payload.object.startsWith('chat.completion') ? 'yes' : 'no'
}

/** No event begins an answer; one without an id says so by the role. */
function begins({ payload }: ProviderEvent, known: string | undefined): Beginning {
  if (!isObject(payload)) return payload === '[DONE]' ? 'nothing' : 'unknown'
  const choices = choicesOf(payload).filter(isObject)
  if (choices.length === 0) return 'unknown'
  const id = typeof payload.id === 'string' && payload.id !== '' ? payload.id : undefined
  if (id !== undefined) return id === known ? 'nothing' : 'other'
  return choices.some(({ delta }) => isObject(delta) && typeof delta.role === 'string') ? 'other' : 'nothing'
}

interface Choice {
  readonly calls: ChatCalls
  readonly last: Map<string, JsonValue>
  hasStopped: boolean
  reasoningField: string | undefined
}

class ChatTranslator {
  #id: string | undefined
  #model: string | undefined
  /** The fields of the chunks so far that are about the whole answer. */
  readonly #fields: JsonObject = {}
  readonly #choices = new Map<number, Choice>()
  #padding: JsonValue | undefined
  #operations: Operation[] = []

  translate({ payload, name }: ProviderEvent): Translation {
    this.#operations = []
    if (payload === '[DONE]') this.#done()
    else if (isObject(payload)) this.#chunk(payload, reportsError({ payload, name }), name)
    else this.#malformed(payload)
    return { operations: this.#operations }
  }

  #done(): void {
    // Before anything has come it ends nothing.
    if (this.#choices.size === 0) this.#add({ op: 'anomaly', choice: 0, kind: 'unknown_event', detail: '[DONE]' })
    else this.#add({ op: 'terminal', choice: 'all', strength: 'hard' })
  }

  #add(operation: Operation): void {
    this.#operations.push(operation)
  }

  #chunk(chunk: JsonObject, isFailed: boolean, name: string | undefined): void {
    if (!isFailed && !Array.isArray(chunk.choices) && isForeign(chunk)) {
      this.#add({
        op: 'anomaly',
        choice: 0,
        kind: 'unknown_event',
        detail: wordOf(chunk.type ?? name),
        value: copyFields(chunk),
      })
      return
    }
    const isWhole = this.#choices.size === 0 && isWholeAnswer(chunk)
    if (isWhole) this.#fields.object = 'chat.completion'
    this.#envelope(chunk)
    const choices = choicesOf(chunk)
    // An answer has a first choice, also if its first chunk speaks of none.
    if (choices.length === 0 && this.#choices.size === 0 && !isFailed) this.#choice(0)
    if (choices.length === 0 && [...this.#choices.values()].some(({ hasStopped }) => hasStopped)) this.#pad()
    for (const choice of choices) {
      if (isObject(choice)) this.#readChoice(choice)
      else if (choice !== null) this.#malformed(choice)
    }
    this.#usage(chunk.usage)
    if (isObject(chunk.x_groq)) this.#usage(chunk.x_groq.usage)
    if (isFailed) this.#add({ op: 'fail', choice: 'all', error: readError(chunk) })
    if (isWhole) this.#add({ op: 'terminal', choice: 'all', strength: 'hard' })
  }

  /** What a chunk says about the whole answer. Most chunks repeat it. */
  #envelope(chunk: JsonObject): void {
    let changed: JsonObject | undefined
    for (const key in chunk) {
      const value = chunk[key]
      switch (key) {
        case 'choices':
        case 'error':
          break
        case 'object':
          // The older completions have another whole form.
          if (value === 'text_completion') this.#fields.object = value
          break
        case 'id':
          if (typeof value === 'string' && value !== '') this.#identify(value)
          break
        case 'model':
          if (typeof value === 'string' && value !== '') this.#nameModel(value)
          break
        case 'obfuscation':
          // Padding against traffic analysis, new with every chunk: the last one is enough, so it is told when the answer stops.
          this.#padding = value
          break
        default: {
          if (key === 'usage' && value !== null) break
          // Some chunks of Azure leave out when the answer was created by a zero.
          const isEmpty = value === null || (key === 'created' && value === 0)
          if (this.#fields[key] === value || (isEmpty && Object.hasOwn(this.#fields, key))) break
          const copy = copyFields({ [key]: value })
          mergeFields((changed ??= {}), copy)
          mergeFields(this.#fields, copy)
        }
      }
    }
    if (changed !== undefined && this.#choices.size > 0) this.#add({ op: 'meta', choice: 'all', wire: changed })
  }

  /** In an object of its own, so that the last padding counts also if it is empty. */
  #pad(): void {
    if (this.#padding === undefined) return
    this.#add({ op: 'meta', choice: 'all', wire: { padding: copyFields({ obfuscation: this.#padding }) } })
  }

  #identify(id: string): void {
    if (id === this.#id) return
    this.#id = id
    if (this.#choices.size > 0) this.#add({ op: 'meta', choice: 'all', id })
  }

  #nameModel(model: string): void {
    if (model === this.#model) return
    this.#model = model
    if (this.#choices.size > 0) this.#add({ op: 'meta', choice: 'all', model })
  }

  /** The choice of a number; its first chunk is what begins its message. */
  #choice(number: number): Choice {
    const known = this.#choices.get(number)
    if (known !== undefined) return known
    const choice = { calls: new ChatCalls(number), last: new Map(), hasStopped: false, reasoningField: undefined }
    this.#choices.set(number, choice)
    this.#add({
      op: 'begin',
      choice: number,
      ...(this.#id === undefined ? {} : { id: this.#id }),
      ...(this.#model === undefined ? {} : { model: this.#model }),
      wire: this.#fields,
    })
    if (number > 0) this.#add({ op: 'meta', choice: number, path: ['choice'], wire: { index: number } })
    return choice
  }

  #readChoice(source: JsonObject): void {
    const delta = isObject(source.delta) ? source.delta : undefined
    const number = this.#numberOf(source, delta)
    const choice = this.#choice(number)
    if (delta === undefined && source.delta !== undefined && source.delta !== null) this.#malformed(source, number)
    let more: JsonObject | undefined
    for (const key in source) {
      const value = source[key]
      switch (key) {
        case 'index':
        case 'delta':
        case 'finish_reason':
        case 'error':
          break
        case 'message':
          if (delta === undefined && isObject(value)) this.#message(number, choice, value)
          break
        case 'text':
          // The older completions API. Some servers send it beside a delta that says the same.
          if (delta === undefined) this.#text(number, 'text', value)
          break
        case 'logprobs':
          if (isObject(value)) {
            this.#add({ op: 'meta', choice: number, append: { choice: { logprobs: copyFields(value) } } })
          } else if (delta === undefined) more = Object.assign(more ?? {}, { logprobs: null })
          break
        default:
          if (isNews(choice.last, `choice.${key}`, value)) mergeFields((more ??= {}), copyFields({ [key]: value }))
      }
    }
    if (more !== undefined) this.#add({ op: 'meta', choice: number, path: ['choice'], wire: more })
    if (delta !== undefined) this.#delta(number, choice, delta)
    this.#usage(source.usage)
    this.#finish(number, choice, source)
  }

  /**
   * The number of a choice. One server counts its chunks there; it is known by the `message` that it sends beside every `delta`. A role is
   * no sign: of several choices only the first may have one, and the counting server repeats it in every chunk.
   */
  #numberOf(source: JsonObject, delta: JsonObject | undefined): number {
    const { message } = source
    const index = indexOf(source) ?? 0
    if (index < 0) return 0
    if (index === 0 || this.#choices.has(index)) return index
    const counts = delta !== undefined && isObject(message)
    if (!counts && this.#choices.size < MAX_CHOICES) return index
    this.#add({ op: 'anomaly', choice: 0, kind: 'choice_ignored' })
    return this.#choices.keys().next().value ?? 0
  }

  #delta(number: number, choice: Choice, delta: JsonObject): void {
    let more: JsonObject | undefined
    for (const key in delta) {
      const value = delta[key]
      switch (key) {
        case 'content':
          this.#content(number, value)
          break
        case 'role':
          this.#role(number, choice, value)
          break
        case 'refusal':
          this.#text(number, 'refusal', value)
          break
        case 'tool_calls':
          if (Array.isArray(value)) choice.calls.translate(value, this.#operations)
          else if (isObject(value)) choice.calls.translate([value], this.#operations)
          else this.#odd(number, key, value)
          break
        case 'function_call':
          if (isObject(value)) this.#functionCall(number, value)
          else this.#odd(number, key, value)
          break
        case 'audio':
          if (isObject(value)) this.#audio(number, value)
          else this.#odd(number, key, value)
          break
        case 'annotations':
          this.#annotations(number, value)
          break
        case 'reasoning_content':
        case 'reasoning':
        case 'reasoning_text':
          this.#reasoning(number, choice, delta, key)
          break
        default:
          if (Array.isArray(value) && value.length > 0) {
            this.#add({ op: 'meta', choice: number, append: { message: copyFields({ [key]: value }) } })
          } else if (isNews(choice.last, key, value)) mergeFields((more ??= {}), copyFields({ [key]: value }))
      }
    }
    if (more !== undefined) this.#add({ op: 'meta', choice: number, path: ['message'], wire: more })
  }

  #role(number: number, choice: Choice, role: JsonValue | undefined): void {
    if (typeof role !== 'string' || role === '') return
    if (role !== 'assistant') this.#add({ op: 'meta', choice: number, path: ['message'], wire: { role } })
    if (choice.hasStopped) this.#add({ op: 'meta', choice: number, opensAgain: true })
  }

  #content(number: number, content: JsonValue | undefined): void {
    if (!Array.isArray(content)) {
      this.#text(number, 'text', content)
      return
    }
    for (const part of content) {
      if (!isObject(part)) this.#text(number, 'text', part)
      else if (part.type === 'thinking') this.#thinkingPart(number, part)
      else if (typeof part.text === 'string') this.#text(number, 'text', part.text)
      else this.#add({ op: 'meta', choice: number, append: { message: { content_parts: [copyFields(part)] } } })
    }
  }

  #thinkingPart(number: number, part: JsonObject): void {
    const pieces = Array.isArray(part.thinking) ? part.thinking : [part.thinking]
    for (const piece of pieces) this.#text(number, 'thinking', isObject(piece) ? piece.text : piece)
  }

  #text(number: number, kind: 'text' | 'thinking' | 'refusal', text: JsonValue | undefined): void {
    if (typeof text === 'string') {
      if (text !== '') this.#add({ op: 'append', choice: number, key: kind, kind, text })
    } else this.#odd(number, kind, text)
  }

  #reasoning(number: number, choice: Choice, delta: JsonObject, field: (typeof REASONING_FIELDS)[number]): void {
    const text = delta[field]
    if (text === '' || text === null || text === undefined) return
    if (REASONING_FIELDS.slice(0, REASONING_FIELDS.indexOf(field)).some((other) => Boolean(delta[other]))) return
    if (choice.reasoningField === undefined) {
      choice.reasoningField = field
      this.#add({ op: 'patch', choice: number, key: 'thinking', kind: 'thinking', wire: { field } })
    }
    this.#text(number, 'thinking', text)
  }

  /** The older form of a tool call: one, without an id. */
  #functionCall(number: number, call: JsonObject): void {
    const forBlock = { choice: number, key: 'function_call', kind: 'tool_call' } as const
    const name = typeof call.name === 'string' && call.name !== '' ? { name: call.name } : {}
    this.#add({ op: 'patch', ...forBlock, fields: { ...name, origin: 'client' }, wire: { type: 'function_call' } })
    const text = textOf(call.arguments)
    if (text !== '') this.#add({ op: 'append', ...forBlock, text })
  }

  /** What is heard is the block's list, what is read its text. */
  #audio(number: number, audio: JsonObject): void {
    const block = { choice: number, key: 'audio', kind: 'media' } as const
    const { data, transcript } = audio
    this.#add({ op: 'patch', ...block, wire: copyFields(audio, AUDIO_PIECES) })
    if (typeof transcript === 'string' && transcript !== '') this.#add({ op: 'append', ...block, text: transcript })
    if (typeof data === 'string' && data !== '') this.#add({ op: 'list', ...block, item: data })
  }

  #annotations(number: number, annotations: JsonValue | undefined): void {
    if (!Array.isArray(annotations)) {
      this.#odd(number, 'annotations', annotations)
      return
    }
    for (const item of annotations) {
      this.#add({ op: 'list', choice: number, key: 'text', kind: 'text', item: copyJson(item) ?? null })
    }
  }

  /** A message that stands whole in a chunk: the answer to a request without streaming, or what some servers send at the end. */
  #message(number: number, choice: Choice, message: JsonObject): void {
    const { content, refusal } = message
    const whole = { op: 'snapshot', choice: number, rank: 0 } as const
    const reasoning = REASONING_FIELDS.find((field) => typeof message[field] === 'string' && message[field] !== '')
    if (reasoning !== undefined) {
      const text = textOf(message[reasoning])
      this.#add({ ...whole, key: 'thinking', kind: 'thinking', text, wire: { field: reasoning } })
    }
    const annotations = Array.isArray(message.annotations) ? { items: message.annotations } : {}
    if (Array.isArray(content)) this.#content(number, content)
    else if (typeof content === 'string' && content !== '') {
      this.#add({ ...whole, key: 'text', kind: 'text', text: content, ...annotations })
    }
    if (typeof refusal === 'string' && refusal !== '') {
      this.#add({ ...whole, key: 'refusal', kind: 'refusal', text: refusal })
    }
    if (Array.isArray(message.tool_calls)) choice.calls.translateWhole(message.tool_calls, this.#operations)
    const call = message.function_call
    if (isObject(call)) {
      const fields = { ...(typeof call.name === 'string' ? { name: call.name } : {}), origin: 'client' } as const
      const text = textOf(call.arguments)
      this.#add({ ...whole, key: 'function_call', kind: 'tool_call', text, fields, wire: { type: 'function_call' } })
    }
    if (isObject(message.audio)) {
      const { data, transcript } = message.audio
      const text = typeof transcript === 'string' ? { text: transcript } : {}
      const items = typeof data === 'string' ? { items: [data] } : {}
      this.#add({
        ...whole,
        key: 'audio',
        kind: 'media',
        ...text,
        ...items,
        wire: copyFields(message.audio, AUDIO_PIECES),
      })
    }
    const rest = { ...copyFields(message, WHOLE_MESSAGE), ...emptyFields(message) }
    for (const field of REASONING_FIELDS) if (typeof rest[field] === 'string') delete rest[field]
    if (Object.keys(rest).length > 0) this.#add({ op: 'meta', choice: number, path: ['message'], wire: rest })
  }

  #finish(number: number, choice: Choice, source: JsonObject): void {
    const raw = source.finish_reason
    const hasReason = typeof raw === 'string' && raw !== ''
    if (hasReason) this.#stop(number, choice, raw)
    if (source.error) {
      const error = readError({ error: copyJson(source.error) ?? null })
      this.#add({ op: 'fail', choice: number, error, strength: 'soft' })
    } else if (hasReason && STOP_REASONS.get(raw.toLowerCase()) === 'error') {
      const message = `the provider broke off with finish_reason ${excerpt(raw)}`
      const error = { ...readError({ type: raw }), message, body: copyFields(source) }
      this.#add({ op: 'fail', choice: number, error, strength: 'soft' })
    }
  }

  #stop(number: number, choice: Choice, raw: string): void {
    // A finish that is repeated, and what is sent again before it, is not the last chunk.
    if (!choice.hasStopped) this.#pad()
    choice.hasStopped = true
    this.#add({ op: 'stop', choice: number, reason: STOP_REASONS.get(raw.toLowerCase()) ?? 'unknown', raw })
    this.#add({ op: 'terminal', choice: number, strength: 'soft' })
  }

  #usage(usage: JsonValue | undefined): void {
    if (isObject(usage)) this.#add({ op: 'usage', choice: 'all', counts: chatCounts(usage), raw: copyFields(usage) })
  }

  /** A field that says something and is not what it should be. */
  #odd(number: number, field: string, value: JsonValue | undefined): void {
    if (value !== undefined && value !== null && value !== '') this.#malformed({ [field]: value }, number)
  }

  #malformed(payload: unknown, number?: number): void {
    this.#add(malformed(payload, number))
  }
}

const AUDIO_PIECES: ReadonlySet<string> = new Set(['data', 'transcript'])

const WHOLE_MESSAGE: ReadonlySet<string> = new Set([
  'role',
  'content',
  'refusal',
  'annotations',
  'tool_calls',
  'function_call',
  'audio',
])

/** The fields that blocks stand for, where there is nothing in them that could be a block. */
function emptyFields(message: JsonObject): JsonObject {
  const empty: JsonObject = {}
  for (const name of WHOLE_MESSAGE) {
    const value = message[name]
    if (name !== 'role' && (value === null || value === '')) empty[name] = value
    if (Array.isArray(value) && value.length === 0) empty[name] = []
  }
  return empty
}

/** Whether a value under a key is another one than the last; what is no plain value always is. */
function isNews(last: Map<string, JsonValue>, key: string, value: JsonValue | undefined): boolean {
  if (value === undefined || (last.has(key) && (value === null || last.get(key) === value))) return false
  last.set(key, value)
  return true
}

/** A payload that has nothing of a chunk. */
function isForeign(chunk: JsonObject): boolean {
  if (isObject(chunk.choices)) return false
  return !('usage' in chunk || 'id' in chunk || 'model' in chunk || 'object' in chunk || 'x_groq' in chunk)
}

/** Some servers send one choice without the list around it. */
function choicesOf({ choices }: JsonObject): readonly JsonValue[] {
  if (Array.isArray(choices)) return choices
  return isObject(choices) ? [choices] : []
}

/** Chunks may have a `message` as well: the text so far. */
function isWholeAnswer({ object, choices }: JsonObject): boolean {
  if (object === 'chat.completion') return true
  return (
    object !== 'chat.completion.chunk' &&
    Array.isArray(choices) &&
    choices.length > 0 &&
    choices.every(
      (choice) => isObject(choice) && isObject(choice.message) && !('delta' in choice) && Boolean(choice.finish_reason),
    )
  )
}
