/**
 * The OpenAI Chat Completions wire format (platform.openai.com/docs/api-reference/chat-streaming), as OpenAI and the many servers that
 * follow it speak it. A chunk is a bag of facts, each of which may be missing: an id, a model, choices, usage, an error.
 *
 * Ignored on purpose: a `role` (a choice that comes with another one keeps it in its wire fields), and a `message` beside a `delta`, which
 * repeats what the deltas say.
 */
import { excerpt } from '../anomaly.ts'
import {
  copyFields,
  copyJson,
  isObject,
  mergeFields,
  nonEmpty,
  wordOf,
  type JsonObject,
  type JsonValue,
} from '../json.ts'
import type { StopReason } from '../message.ts'
import type { Operation, Translation, UsageCounts } from '../operation.ts'
import type { Beginning, DialectDefinition, DialectHints, ProviderEvent, Translate } from './dialect.ts'
import { readError, reportsError } from './error.ts'
import { malformed } from './malformed.ts'
import { chunkOf } from './mistral-sdk.ts'
import { indexOf } from './openai-chat-calls.ts'
import { ChatChoice, type Sink } from './openai-chat-choice.ts'
import { toChatCompletion } from './openai-chat-native.ts'
import { chatCounts } from './openai-usage.ts'

const STOP_REASONS: ReadonlyMap<string, StopReason> = new Map([
  ['stop', 'end_turn'],
  ['end_turn', 'end_turn'],
  ['eos', 'end_turn'],
  ['eos_token', 'end_turn'],
  ['stop_sequence', 'stop_sequence'],
  ['length', 'max_tokens'],
  ['max_tokens', 'max_tokens'],
  ['max_output_tokens', 'max_tokens'],
  ['model_length', 'context_window'],
  ['model_context_window_exceeded', 'context_window'],
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

/** The upstream's own word for why it stopped, where a gateway makes `stop` of a failure. */
const NATIVE_FAULTS: ReadonlySet<string> = new Set(['error', 'network_error'])

/** An index of a choice beyond these is no number that anybody asked for. */
const MAX_CHOICES = 256

export const openaiChat: DialectDefinition = {
  name: 'openai-chat',
  opensBlocks: false,
  recognisesReplay: 'after_stop',
  endsBy: 'mark',
  answersCalls: false,
  joinsMessages: true,
  createTranslate(hints = {}): Translate {
    const translator = new ChatTranslator(hints)
    return Object.assign((event: ProviderEvent) => translator.translate(event), { end: () => translator.end() })
  },
  looksLike,
  begins,
  toNative: toChatCompletion,
}

function looksLike({ payload }: ProviderEvent): 'yes' | 'no' | 'maybe' {
  if (payload === '[DONE]') return 'maybe'
  if (!isObject(payload)) return 'no'
  const { choices, object, data } = payload
  if (Array.isArray(choices) || (isObject(data) && Array.isArray(data.choices))) return 'yes'
  if (isObject(choices) && (isObject(choices.delta) || isObject(choices.message))) return 'yes'
  return typeof object === 'string' && object.startsWith('chat.completion') ? 'yes' : 'no'
}

/** No event begins an answer; one without an id says so by the role. */
function begins({ payload }: ProviderEvent, known: string | undefined): Beginning {
  if (!isObject(payload)) return payload === '[DONE]' ? 'nothing' : 'unknown'
  const chunk = chunkOf(payload) ?? payload
  const choices = choicesOf(chunk).filter(isObject)
  if (choices.length === 0) return 'unknown'
  const id = nonEmpty(chunk.id)
  if (id !== undefined) return id === known ? 'nothing' : 'other'
  return choices.some(({ delta }) => isObject(delta) && typeof delta.role === 'string') ? 'other' : 'nothing'
}

class ChatTranslator {
  readonly #hints: DialectHints
  readonly #sink: Sink = { operations: [] }
  #answer = new Answer()
  readonly #choices = new Map<number, ChatChoice>()

  constructor(hints: DialectHints) {
    this.#hints = hints
  }

  translate({ payload, name }: ProviderEvent): Translation {
    const operations: Operation[] = []
    this.#sink.operations = operations
    if (payload === '[DONE]') this.#done()
    else if (isObject(payload))
      this.#chunk('choices' in payload ? payload : (chunkOf(payload) ?? payload), reportsError({ payload, name }), name)
    else this.#add(malformed(payload))
    return { operations }
  }

  end(): Translation {
    this.#sink.operations = []
    this.#settle()
    // Whole messages without a word of what they are: only the end shows that these were all.
    if (this.#answer.isWhole && this.#hasStopped()) this.#add({ op: 'terminal', choice: 'all', strength: 'hard' })
    return { operations: this.#sink.operations }
  }

  #done(): void {
    // Before anything has come it ends nothing.
    if (this.#choices.size === 0) this.#add({ op: 'anomaly', choice: 0, kind: 'unknown_event', detail: '[DONE]' })
    else {
      this.#settle()
      this.#add({ op: 'terminal', choice: 'all', strength: 'hard' })
      this.#answer.isDone = true
    }
  }

  #add(operation: Operation): void {
    this.#sink.operations.push(operation)
  }

  #chunk(chunk: JsonObject, isFailed: boolean, name: string | undefined): void {
    if (!isFailed && !Array.isArray(chunk.choices) && isForeign(chunk)) {
      const detail = wordOf(chunk.type ?? name)
      this.#add({ op: 'anomaly', choice: 0, kind: 'unknown_event', detail, value: copyFields(chunk) })
      return
    }
    if (chunk.id !== this.#answer.id && this.#beginsNext(chunk)) this.#startOver()
    const isWhole = this.#choices.size === 0 && isWholeAnswer(chunk)
    if (isWhole) this.#answer.fields.object = 'chat.completion'
    this.#envelope(chunk)
    const choices = choicesOf(chunk)
    // An answer has a first choice, also if its first chunk speaks of none.
    if (choices.length === 0 && this.#choices.size === 0 && !isFailed) this.#choice(0)
    if (choices.length === 0 && this.#hasStopped('some')) this.#pad()
    for (const choice of choices) {
      if (isObject(choice)) this.#readChoice(choice)
      else if (choice !== null) this.#add(malformed(choice))
    }
    this.#usage(chunk.usage)
    if (isObject(chunk.x_groq)) this.#usage(chunk.x_groq.usage)
    if (isFailed) {
      this.#settle()
      this.#add({ op: 'fail', choice: 'all', error: readError(chunk) })
    }
    if (!isWhole) return
    this.#settle()
    if (chunk.object === 'chat.completion') this.#add({ op: 'terminal', choice: 'all', strength: 'hard' })
    else this.#answer.isWhole = true
  }

  /**
   * Whether another answer begins behind this one: under another id, once `[DONE]` came, or, if every choice has stopped and no id has
   * changed before, by saying who speaks.
   */
  #beginsNext(chunk: JsonObject): boolean {
    const { id: known, isDone, hasOtherIds } = this.#answer
    if (known === undefined || (!isDone && hasOtherIds)) return false
    const id = nonEmpty(chunk.id)
    if (id === undefined || this.#choices.size === 0) return false
    const choices = choicesOf(chunk).filter(isObject)
    if (isDone) return choices.length > 0
    return choices.some(speaksFirst) && this.#hasStopped()
  }

  #startOver(): void {
    this.#settle()
    if (!this.#answer.isDone) this.#add({ op: 'terminal', choice: 'all', strength: 'hard' })
    this.#answer = new Answer()
    this.#choices.clear()
  }

  #hasStopped(which: 'every' | 'some' = 'every'): boolean {
    const choices = [...this.#choices.values()]
    return which === 'every' ? choices.every(hasStopped) : choices.some(hasStopped)
  }

  /** Nothing follows, as far as is known: what was held back is told. */
  #settle(): void {
    for (const choice of this.#choices.values()) choice.settle()
    const { counted } = this.#answer
    if (counted !== undefined) this.#add({ op: 'usage', choice: 'all', ...counted })
    this.#answer.counted = undefined
  }

  /** What a chunk says about the whole answer. Most chunks repeat it. */
  #envelope(chunk: JsonObject): void {
    const { fields } = this.#answer
    let changed: JsonObject | undefined
    for (const key in chunk) {
      const value = chunk[key]
      switch (key) {
        case 'choices':
        case 'error':
          break
        case 'object':
          // The older completions have another whole form.
          if (value === 'text_completion') fields.object = value
          break
        case 'id':
          if (typeof value === 'string' && value !== '') this.#identify(value)
          break
        case 'model':
          if (typeof value === 'string' && value !== '') this.#nameModel(value)
          break
        case 'obfuscation':
          // Padding against traffic analysis, new with every chunk: the last one is enough, so it is told when the answer stops.
          this.#answer.padding = value
          break
        default: {
          if (key === 'usage' && value !== null) break
          // Some chunks of Azure leave out when the answer was created by a zero.
          const isEmpty = value === null || (key === 'created' && value === 0)
          if (fields[key] === value || (isEmpty && Object.hasOwn(fields, key))) break
          const copy = copyFields({ [key]: value })
          mergeFields((changed ??= {}), copy)
          mergeFields(fields, copy)
        }
      }
    }
    if (changed !== undefined && this.#choices.size > 0) this.#add({ op: 'meta', choice: 'all', wire: changed })
  }

  /** In an object of its own, so that the last padding counts also if it is empty. */
  #pad(): void {
    const { padding } = this.#answer
    if (padding === undefined) return
    this.#add({ op: 'meta', choice: 'all', wire: { padding: copyFields({ obfuscation: padding }) } })
  }

  #identify(id: string): void {
    const answer = this.#answer
    if (id === answer.id) return
    answer.hasOtherIds ||= answer.id !== undefined
    answer.id = id
    if (this.#choices.size > 0) this.#add({ op: 'meta', choice: 'all', id })
  }

  #nameModel(model: string): void {
    if (model === this.#answer.model) return
    this.#answer.model = model
    if (this.#choices.size > 0) this.#add({ op: 'meta', choice: 'all', model })
  }

  /** The choice of a number; its first chunk is what begins its message. */
  #choice(number: number): ChatChoice {
    const known = this.#choices.get(number)
    if (known !== undefined) return known
    const choice = new ChatChoice(number, this.#sink, this.#hints)
    this.#choices.set(number, choice)
    const { id, model, fields } = this.#answer
    this.#add({
      op: 'begin',
      choice: number,
      ...(id === undefined ? {} : { id }),
      ...(model === undefined ? {} : { model }),
      wire: fields,
    })
    if (number > 0) this.#add({ op: 'meta', choice: number, path: ['choice'], wire: { index: number } })
    return choice
  }

  #readChoice(source: JsonObject): void {
    const delta = isObject(source.delta) ? source.delta : undefined
    const number = this.#numberOf(source, delta)
    const choice = this.#choice(number)
    if (delta === undefined && source.delta !== undefined && source.delta !== null) this.#add(malformed(source, number))
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
          if (delta === undefined && isObject(value)) choice.message(value)
          break
        case 'text':
          // The older completions API. Some servers send it beside a delta that says the same.
          if (delta === undefined) choice.content(value)
          break
        case 'logprobs':
          if (isObject(value)) {
            this.#add({ op: 'meta', choice: number, append: { choice: { logprobs: copyFields(value) } } })
          } else if (delta === undefined) more = Object.assign(more ?? {}, { logprobs: null })
          break
        default:
          if (choice.isNews(`choice.${key}`, value)) mergeFields((more ??= {}), copyFields({ [key]: value }))
      }
    }
    if (more !== undefined) this.#add({ op: 'meta', choice: number, path: ['choice'], wire: more })
    if (delta !== undefined) choice.delta(delta)
    this.#usage(source.usage)
    this.#finish(number, choice, source)
  }

  /**
   * The number of a choice. Two servers count something else there: one its chunks, and is known by the `message` that it sends beside
   * every `delta`; one the pieces of the answer, and is known by chunks both without an index and with 0. A role is no sign: of several
   * choices only the first may have one, and these servers repeat it in every chunk.
   */
  #numberOf(source: JsonObject, delta: JsonObject | undefined): number {
    const answer = this.#answer
    const index = indexOf(source)
    if (index === 0) answer.hasChoice0 = true
    else if (index === undefined) answer.hasBareChoice = true
    if (index === undefined || index <= 0) return 0
    if (this.#choices.has(index)) return index
    const counts = (delta !== undefined && isObject(source.message)) || (answer.hasBareChoice && answer.hasChoice0)
    if (!counts && this.#choices.size < MAX_CHOICES) return index
    this.#add({ op: 'anomaly', choice: 0, kind: 'choice_ignored' })
    return this.#choices.keys().next().value ?? 0
  }

  #finish(number: number, choice: ChatChoice, source: JsonObject): void {
    const raw = nonEmpty(source.finish_reason)
    const native = nonEmpty(source.native_finish_reason)?.toLowerCase()
    const isNativeFault = native !== undefined && NATIVE_FAULTS.has(native)
    if (raw !== undefined) this.#stop(number, choice, raw, isNativeFault)
    if (source.error) {
      const error = readError({ error: copyJson(source.error) ?? null })
      this.#add({ op: 'fail', choice: number, error, strength: 'soft' })
    } else if (raw !== undefined && (isNativeFault || STOP_REASONS.get(raw.toLowerCase()) === 'error')) {
      const what = isNativeFault ? `native_finish_reason ${excerpt(native)}` : `finish_reason ${excerpt(raw)}`
      const type = isNativeFault ? native : raw
      const error = { ...readError({ type }), message: `the provider broke off with ${what}`, body: copyFields(source) }
      this.#add({ op: 'fail', choice: number, error, strength: 'soft' })
    }
  }

  #stop(number: number, choice: ChatChoice, raw: string, isNativeFault: boolean): void {
    const isFirst = !choice.hasStopped
    choice.stopped()
    // A finish that is repeated, and what is sent again before it, is not the last chunk.
    if (isFirst) this.#pad()
    const reason = isNativeFault ? 'error' : (STOP_REASONS.get(raw.toLowerCase()) ?? 'unknown')
    this.#add({ op: 'stop', choice: number, reason, raw })
    this.#add({ op: 'terminal', choice: number, strength: 'soft' })
  }

  /** Of several choices each is told the counts, so they are told at the end only: servers send them with every chunk. */
  #usage(usage: JsonValue | undefined): void {
    if (!isObject(usage)) return
    const counts = chatCounts(usage)
    if (this.#choices.size < 2) {
      this.#add({ op: 'usage', choice: 'all', counts, raw: copyFields(usage) })
      return
    }
    const held = (this.#answer.counted ??= { counts: {}, raw: {} })
    const known = new Set(Object.keys(held.counts))
    const later = Object.entries(counts).filter(([name, value]) => value !== 0 || !known.has(name))
    held.counts = { ...held.counts, ...Object.fromEntries(later) }
    mergeFields(held.raw, copyFields(usage))
  }
}

/** What the chunks so far say of the whole answer. */
class Answer {
  id: string | undefined
  model: string | undefined
  readonly fields: JsonObject = {}
  padding: JsonValue | undefined
  /** Counts that the choices have not been told yet. */
  counted: { counts: UsageCounts; readonly raw: JsonObject } | undefined
  hasOtherIds = false
  isDone = false
  /** It came in whole messages that do not say so. */
  isWhole = false
  hasBareChoice = false
  hasChoice0 = false
}

/** Says who speaks, and not that it stops. */
function speaksFirst({ delta, finish_reason: reason }: JsonObject): boolean {
  return isObject(delta) && nonEmpty(delta.role) !== undefined && nonEmpty(reason) === undefined
}

function hasStopped(choice: ChatChoice): boolean {
  return choice.hasStopped
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
