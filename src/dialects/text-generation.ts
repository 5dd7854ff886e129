/**
 * The older formats that stream plain text, each known by its shape and nothing else: Amazon Titan, Meta Llama, Mistral, Cohere Command and
 * Claude's text completions as Bedrock's InvokeModel has them (docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html), the last
 * also as Anthropic's own older API does (platform.claude.com/docs/en/api/complete), the native stream of Hugging Face's
 * text-generation-inference (huggingface.co/docs/text-generation-inference), and llama.cpp's own `/completion`
 * (github.com/ggml-org/llama.cpp, tools/server/README.md).
 *
 * Every event is a piece of the text; the one that says why the text ends is the last. Ignored on purpose: the number of a chunk (Titan, TGI),
 * and the whole text behind its tokens (TGI), which may begin with the prompt.
 */
import { copyFields, isObject, mergeFields, nonEmpty, wordOf, type JsonObject, type JsonValue } from '../json.ts'
import type { AssistantMessage, StopReason } from '../message.ts'
import type { Operation, UsageCounts } from '../operation.ts'
import type { Beginning, DialectDefinition, ProviderEvent } from './dialect.ts'
import { readError, reportsError } from './error.ts'
import { malformed } from './malformed.ts'

type Operations = Operation[]
type Form = 'titan' | 'llama' | 'command' | 'claude' | 'generations' | 'mistral' | 'tgi' | 'llamacpp'

const STOP_REASONS: ReadonlyMap<string, StopReason> = new Map([
  // Titan
  ['FINISH', 'end_turn'],
  ['FINISHED', 'end_turn'],
  ['LENGTH', 'max_tokens'],
  ['STOP_CRITERIA_MET', 'stop_sequence'],
  ['CONTENT_FILTERED', 'content_filter'],
  ['RAG_QUERY_WHEN_RAG_DISABLED', 'error'],
  // Command
  ['COMPLETE', 'end_turn'],
  ['MAX_TOKENS', 'max_tokens'],
  ['STOP_SEQUENCE', 'stop_sequence'],
  ['ERROR', 'error'],
  ['ERROR_LIMIT', 'context_window'],
  ['ERROR_TOXIC', 'content_filter'],
  ['USER_CANCEL', 'error'],
  // Llama, TGI, llama.cpp
  ['stop', 'end_turn'],
  ['length', 'max_tokens'],
  ['eos_token', 'end_turn'],
  ['stop_sequence', 'stop_sequence'],
  ['eos', 'end_turn'],
  ['limit', 'max_tokens'],
  ['word', 'stop_sequence'],
  // Claude
  ['max_tokens', 'max_tokens'],
])

/** An index of a choice beyond these is no number that anybody asked for. */
const MAX_CHOICES = 256
const METRICS = 'amazon-bedrock-invocationMetrics'

export const textGeneration: DialectDefinition<'text-generation'> = {
  name: 'text-generation',
  opensBlocks: false,
  recognisesReplay: 'after_stop',
  endsBy: 'event',
  joinsMessages: true,
  answersCalls: false,
  createTranslate() {
    const translator = new TextTranslator()
    return (event) => ({ operations: translator.translate(event) })
  },
  looksLike: ({ payload }) => (isObject(payload) && formOf(payload) !== undefined ? 'yes' : 'no'),
  begins,
  toNative,
}

/** No event begins an answer, and none has an id: another stream is another answer. */
function begins({ payload }: ProviderEvent): Beginning {
  return isObject(payload) && formOf(payload) !== undefined ? 'other' : 'unknown'
}

/** Which format an event is of, if it is decisive: two fields at least that no other has. */
function formOf(event: JsonObject): Form | undefined {
  if (typeof event.completion === 'string' && 'stop_reason' in event) {
    return event.type === 'completion' || ('stop' in event && !('type' in event)) ? 'claude' : undefined
  }
  if ('choices' in event || 'type' in event || 'event_type' in event || 'object' in event) return undefined
  if (typeof event.outputText === 'string') {
    return 'completionReason' in event || 'totalOutputTextTokenCount' in event ? 'titan' : undefined
  }
  if (Array.isArray(event.results)) return 'inputTextTokenCount' in event ? 'titan' : undefined
  if (typeof event.generation === 'string') {
    return 'stop_reason' in event && 'generation_token_count' in event ? 'llama' : undefined
  }
  if (typeof event.is_finished === 'boolean') {
    return typeof event.text === 'string' || typeof event.finish_reason === 'string' ? 'command' : undefined
  }
  if (Array.isArray(event.generations)) {
    const [first] = event.generations
    return isObject(first) && typeof first.text === 'string' && 'finish_reason' in first ? 'generations' : undefined
  }
  if (Array.isArray(event.outputs)) {
    const [first] = event.outputs
    return isObject(first) && typeof first.text === 'string' && 'stop_reason' in first ? 'mistral' : undefined
  }
  if (isObject(event.token)) {
    return typeof event.token.text === 'string' && 'generated_text' in event ? 'tgi' : undefined
  }
  if (typeof event.generated_text === 'string') return 'details' in event || isAlone(event) ? 'tgi' : undefined
  if (typeof event.content !== 'string' || typeof event.stop !== 'boolean') return undefined
  return 'tokens_predicted' in event || 'id_slot' in event || 'slot_id' in event || 'tokens' in event
    ? 'llamacpp'
    : undefined
}

function isAlone(event: JsonObject): boolean {
  return Object.keys(event).length === 1
}

/** What an event of a stream is that is known to be one of these: it may leave out what tells it from those of others. */
function looseFormOf(event: JsonObject, known: Form | undefined): Form | undefined {
  const form = formOf(event)
  if (form !== undefined || 'choices' in event || 'event_type' in event || 'object' in event) return form
  const isCompletion = 'type' in event ? event.type === 'completion' : true
  if (typeof event.completion === 'string' && isCompletion) return 'claude'
  if ('type' in event) return undefined
  if (typeof event.outputText === 'string') return 'titan'
  if (typeof event.generation === 'string') return 'llama'
  if (typeof event.is_finished === 'boolean') return 'command'
  if (Array.isArray(event.outputs)) return 'mistral'
  if (isObject(event.token) && typeof event.token.text === 'string') return 'tgi'
  if (typeof event.generated_text === 'string') return 'tgi'
  const isPiece = typeof event.content === 'string' && (known === 'llamacpp' || typeof event.stop === 'boolean')
  return isPiece || (known === 'llamacpp' && event.stop === true) ? 'llamacpp' : undefined
}

class TextTranslator {
  readonly #begun = new Set<number>()
  /** What the stream is, by its first event that shows it. */
  #form: Form | undefined
  #hasTokens = false
  #operations: Operations = []

  translate({ payload, name }: ProviderEvent): Operations {
    this.#operations = []
    if (!isObject(payload)) this.#add(malformed(payload))
    else if (reportsError({ payload, name })) this.#add({ op: 'fail', choice: 'all', error: readError(payload) })
    else this.#event(payload)
    return this.#operations
  }

  #add(operation: Operation): void {
    this.#operations.push(operation)
  }

  #event(event: JsonObject): void {
    const form = looseFormOf(event, this.#form)
    switch (form) {
      case 'titan':
        this.#titan(event)
        break
      case 'llama':
        this.#piece(form, 0, event, event.generation, LLAMA)
        if (nonEmpty(event.stop_reason) !== undefined) this.#end(0, event.stop_reason)
        break
      case 'claude':
        this.#piece(form, 0, event, event.completion, CLAUDE)
        if (nonEmpty(event.stop_reason) !== undefined) this.#end(0, event.stop_reason, 'hard', nonEmpty(event.stop))
        break
      case 'command':
        this.#command(event)
        break
      case 'generations':
        this.#generations(event)
        break
      case 'mistral':
        this.#mistral(event)
        break
      case 'tgi':
        this.#tgi(event)
        break
      case 'llamacpp':
        this.#llamacpp(event)
        break
      case undefined: {
        const value = copyFields(event)
        this.#add({ op: 'anomaly', choice: 0, kind: 'unknown_event', detail: wordOf(event.type ?? 'no type'), value })
        break
      }
      default: {
        const never: never = form
        return never
      }
    }
  }

  #titan(event: JsonObject): void {
    if (!Array.isArray(event.results)) {
      this.#piece('titan', 0, event, event.outputText, TITAN)
      if (nonEmpty(event.completionReason) !== undefined) this.#end(0, event.completionReason)
      return
    }
    this.#piece('titan', 0, event, undefined, TITAN)
    for (const [index, result] of event.results.entries()) {
      if (!isObject(result)) this.#add(malformed(result))
      else {
        this.#piece('titan', index, {}, result.outputText, TITAN)
        this.#usage(index, { tokenCount: result.tokenCount ?? null })
        this.#end(index, result.completionReason)
      }
    }
  }

  #command(event: JsonObject): void {
    const choice = choiceOf(event.index)
    this.#piece('command', choice, event, event.text, COMMAND)
    if (event.is_finished !== true) return
    // One that names no generation is about all of them.
    const isOfOne = typeof event.index === 'number' && !(METRICS in event)
    this.#end(isOfOne ? choice : 'all', event.finish_reason, isOfOne ? 'soft' : 'hard')
  }

  #generations(event: JsonObject): void {
    const list = Array.isArray(event.generations) ? event.generations : []
    this.#piece('generations', 0, event, undefined, GENERATIONS)
    for (const [index, generation] of list.entries()) {
      if (!isObject(generation)) {
        this.#add(malformed(generation))
        continue
      }
      this.#piece('generations', choiceOf(index), {}, generation.text, GENERATIONS)
      const wire = copyFields(generation, GENERATION)
      this.#add({ op: 'meta', choice: choiceOf(index), path: ['generation'], wire })
      this.#end(choiceOf(index), generation.finish_reason, 'soft')
    }
    this.#add({ op: 'terminal', choice: 'all', strength: 'hard' })
  }

  #mistral(event: JsonObject): void {
    const outputs = Array.isArray(event.outputs) ? event.outputs : []
    this.#piece('mistral', 0, event, undefined, MISTRAL)
    for (const [index, output] of outputs.entries()) {
      if (!isObject(output)) {
        this.#add(malformed(output))
        continue
      }
      const choice = choiceOf(index)
      this.#piece('mistral', choice, {}, output.text, MISTRAL)
      const wire = copyFields(output, OUTPUT)
      if (Object.keys(wire).length > 0) this.#add({ op: 'meta', choice, path: ['output'], wire })
      // Behind the first of several there are others.
      if (nonEmpty(output.stop_reason) !== undefined) {
        this.#end(choice, output.stop_reason, outputs.length > 1 ? 'soft' : 'hard')
      }
    }
  }

  #tgi(event: JsonObject): void {
    const { token, details, generated_text: whole } = event
    // A special token is no part of the text.
    const text = isObject(token) && token.special !== true ? token.text : undefined
    this.#piece('tgi', 0, event, text, TGI)
    this.#hasTokens ||= isObject(token)
    if (isObject(token)) this.#add({ op: 'meta', choice: 0, append: { details: { tokens: [copyFields(token)] } } })
    if (typeof whole !== 'string') return
    if (!this.#hasTokens) this.#piece('tgi', 0, {}, whole, TGI)
    const own = isObject(details) ? details : {}
    const { finish_reason: reason, tokens, ...more } = copyFields(own)
    if (Object.keys(more).length > 0) this.#add({ op: 'meta', choice: 0, path: ['details'], wire: more })
    if (Array.isArray(tokens)) this.#add({ op: 'meta', choice: 0, append: { details: { tokens } } })
    this.#usage(0, own)
    this.#end('all', reason)
  }

  #llamacpp(event: JsonObject): void {
    const choice = choiceOf(event.index)
    this.#piece('llamacpp', choice, event, event.content, LLAMACPP)
    const more = { tokens: event.tokens, completion_probabilities: event.completion_probabilities }
    for (const [key, list] of Object.entries(more)) {
      if (Array.isArray(list) && list.length > 0) this.#add({ op: 'meta', choice, append: copyFields({ [key]: list }) })
    }
    if (event.stop !== true) return
    this.#end(choice, event.stop_type ?? olderStop(event), 'hard', nonEmpty(event.stopping_word))
  }

  /** What all have in common: the text that is new, the counts, and what has no neutral name. */
  #piece(form: Form, choice: number, event: JsonObject, text: JsonValue | undefined, known: ReadonlySet<string>): void {
    this.#form ??= form
    const wire: JsonObject = {}
    for (const key in event)
      if (!known.has(key) && !USAGE.has(key)) mergeFields(wire, copyFields({ [key]: event[key] }))
    const model = form === 'llamacpp' || form === 'claude' ? nonEmpty(event.model) : undefined
    if (!this.#begun.has(choice)) {
      this.#begun.add(choice)
      this.#add({ op: 'begin', choice, ...(model === undefined ? {} : { model }), wire: { form: this.#form, ...wire } })
    } else if (model !== undefined || Object.keys(wire).length > 0) {
      this.#add({ op: 'meta', choice, ...(model === undefined ? {} : { model }), wire })
    }
    if (typeof text === 'string') {
      if (text !== '') this.#add({ op: 'append', choice, key: 'text', kind: 'text', text })
    } else if (text !== undefined && text !== null) this.#add(malformed(event, choice))
    this.#usage(METRICS in event ? 'all' : choice, event)
  }

  #usage(choice: number | 'all', source: JsonObject): void {
    let raw: JsonObject | undefined
    for (const key in source) {
      const value = source[key]
      if (USAGE.has(key) && value !== null && value !== undefined)
        Object.assign((raw ??= {}), copyFields({ [key]: value }))
    }
    if (raw !== undefined) this.#add({ op: 'usage', choice, counts: countsOf(raw), raw })
  }

  #end(
    choice: number | 'all',
    raw: JsonValue | undefined,
    strength: 'hard' | 'soft' = 'hard',
    sequence: string | null = null,
  ): void {
    const reason = typeof raw === 'string' && raw !== '' ? (STOP_REASONS.get(raw) ?? 'unknown') : undefined
    if (typeof raw === 'string' && reason !== undefined) this.#add({ op: 'stop', choice, reason, raw, sequence })
    if (reason !== 'error') this.#add({ op: 'terminal', choice, strength })
    else {
      const error = readError({ error: { message: `the provider broke off with ${wordOf(raw)}` } })
      this.#add({ op: 'fail', choice, error, ...(strength === 'soft' ? { strength } : {}) })
    }
  }
}

/** The fields that something else stands for. */
const TITAN: ReadonlySet<string> = new Set(['outputText', 'index', 'completionReason', 'results'])
const LLAMA: ReadonlySet<string> = new Set(['generation', 'stop_reason'])
const CLAUDE: ReadonlySet<string> = new Set(['type', 'completion', 'stop_reason', 'stop', 'model'])
const COMMAND: ReadonlySet<string> = new Set(['text', 'index', 'is_finished', 'finish_reason'])
const GENERATIONS: ReadonlySet<string> = new Set(['generations', 'text'])
const GENERATION: ReadonlySet<string> = new Set(['text', 'finish_reason'])
const MISTRAL: ReadonlySet<string> = new Set(['outputs'])
const OUTPUT: ReadonlySet<string> = new Set(['text', 'stop_reason'])
const TGI: ReadonlySet<string> = new Set(['index', 'token', 'generated_text', 'details'])
const LLAMACPP: ReadonlySet<string> = new Set([
  'index',
  'content',
  'stop',
  'stop_type',
  'stopping_word',
  'model',
  'tokens',
  'completion_probabilities',
])

const USAGE: ReadonlySet<string> = new Set([
  'inputTextTokenCount',
  'totalOutputTextTokenCount',
  'tokenCount',
  METRICS,
  'prompt_token_count',
  'generation_token_count',
  'generated_tokens',
  'input_length',
  'tokens_evaluated',
  'tokens_predicted',
])

function countsOf(raw: JsonObject): UsageCounts {
  const given = raw[METRICS]
  const metrics = isObject(given) ? given : {}
  const cached = firstNumber(metrics.cacheReadInputTokenCount)
  return {
    ...count('inputTokens', metrics.inputTokenCount, raw.inputTextTokenCount, raw.prompt_token_count),
    ...count('inputTokens', raw.input_length, raw.tokens_evaluated),
    ...count('outputTokens', metrics.outputTokenCount, raw.totalOutputTextTokenCount, raw.generation_token_count),
    ...count('outputTokens', raw.tokenCount, raw.generated_tokens, raw.tokens_predicted),
    ...(cached === undefined ? {} : { cacheReadTokens: cached }),
  }
}

function count(name: keyof UsageCounts, ...values: readonly (JsonValue | undefined)[]): UsageCounts {
  const value = firstNumber(...values)
  return value === undefined ? {} : { [name]: value }
}

function firstNumber(...values: readonly (JsonValue | undefined)[]): number | undefined {
  return values.find((value): value is number => typeof value === 'number')
}

/** Before `stop_type`, llama.cpp said it in three fields. */
function olderStop(event: JsonObject): string | undefined {
  if (event.stopped_word === true) return 'word'
  if (event.stopped_limit === true) return 'limit'
  return event.stopped_eos === true ? 'eos' : undefined
}

function choiceOf(index: JsonValue | undefined): number {
  return typeof index === 'number' && Number.isInteger(index) && index > 0 && index < MAX_CHOICES ? index : 0
}

/** As each would have answered without streaming. */
function toNative(messages: readonly AssistantMessage[]): JsonValue {
  const [first] = messages
  if (first === undefined) return null
  const { form, generation: _generation, ...wire } = copyFields(first.wire)
  const usage = copyFields(first.rawUsage ?? {})
  const metrics = usage[METRICS] === undefined ? {} : { [METRICS]: usage[METRICS] }
  const text = textOf(first)
  switch (form) {
    case 'titan':
      return {
        ...wire,
        ...(usage.inputTextTokenCount === undefined ? {} : { inputTextTokenCount: usage.inputTextTokenCount }),
        results: messages.map((message) => {
          const { tokenCount = null, totalOutputTextTokenCount = tokenCount } = copyFields(message.rawUsage ?? {})
          return {
            tokenCount: totalOutputTextTokenCount,
            outputText: textOf(message),
            completionReason: message.stop.raw,
          }
        }),
        ...metrics,
      }
    case 'llama':
      return { ...wire, generation: text, ...usage, stop_reason: first.stop.raw }
    case 'claude':
      return {
        ...wire,
        completion: text,
        stop_reason: first.stop.raw,
        stop: first.stop.sequence,
        ...(first.model === undefined ? {} : { model: first.model }),
        ...metrics,
      }
    case 'command':
    case 'generations':
      return {
        ...wire,
        generations: messages.map((message) => ({
          ...(isObject(message.wire.generation) ? copyFields(message.wire.generation) : {}),
          text: textOf(message),
          finish_reason: message.stop.raw,
        })),
        ...metrics,
      }
    case 'mistral': {
      const { output: _output, ...own } = wire
      return {
        ...own,
        outputs: messages.map((message) => ({
          text: textOf(message),
          stop_reason: message.stop.raw,
          ...(isObject(message.wire.output) ? copyFields(message.wire.output) : {}),
        })),
        ...metrics,
      }
    }
    case 'tgi': {
      const { details, ...more } = wire
      const own = isObject(details) ? details : {}
      return { ...more, generated_text: text, details: { ...own, finish_reason: first.stop.raw } }
    }
    default: {
      const answers = messages.map((message, index) => {
        const { form: _form, ...own } = copyFields(message.wire)
        return {
          index,
          ...own,
          ...(message.model === undefined ? {} : { model: message.model }),
          content: textOf(message),
          stop: message.outcome.kind === 'complete',
          ...(message.stop.raw === null ? {} : { stop_type: message.stop.raw }),
          stopping_word: message.stop.sequence ?? '',
          ...copyFields(message.rawUsage ?? {}),
        }
      })
      return answers.length === 1 ? (answers[0] ?? null) : answers
    }
  }
}

function textOf({ content }: AssistantMessage): string {
  return content.map((block) => (block.type === 'text' ? block.text : '')).join('')
}
