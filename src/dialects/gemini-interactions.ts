/**
 * The Gemini Interactions API (ai.google.dev/gemini-api/docs/interactions): an answer is a list of steps, each with an index, that are
 * started, grow by deltas and are stopped. What the model says is one step of several contents; each of them is a block.
 *
 * An event that comes again under its `event_id` is dropped, and the last of these ids tells where another stream may go on.
 *
 * Ignored on purpose: the `[DONE]` behind the last event, and the state of an interaction that is under way.
 */
import { copyFields, copyJson, isObject, jsonText, nonEmpty, wordOf, type JsonObject, type JsonValue } from '../json.ts'
import type { BlockKind, StopReason } from '../message.ts'
import type { BlockFields, Operation, Translation, UsageCounts } from '../operation.ts'
import type { Beginning, DialectDefinition, ProviderEvent } from './dialect.ts'
import { readError, reportsError } from './error.ts'
import { toInteraction } from './gemini-interactions-native.ts'
import { malformed } from './malformed.ts'
import { NamedEvents } from './named-events.ts'

const STOP_REASONS: ReadonlyMap<string, StopReason> = new Map<string, StopReason>([
  ['completed', 'end_turn'],
  ['requires_action', 'tool_calls'],
  ['requires_continuation', 'pause'],
  ['incomplete', 'max_tokens'],
  ['budget_exceeded', 'max_tokens'],
  ['failed', 'error'],
  ['cancelled', 'error'],
])
const UNDER_WAY: ReadonlySet<string> = new Set(['in_progress', 'queued'])

const MEDIA: ReadonlySet<string> = new Set(['image', 'audio', 'video', 'document'])
const NOT_META: ReadonlySet<string> = new Set(['id', 'model', 'steps', 'usage'])

export const geminiInteractions: DialectDefinition<'gemini-interactions'> = {
  name: 'gemini-interactions',
  opensBlocks: false,
  recognisesReplay: 'at_begin',
  endsBy: 'event',
  answersCalls: true,
  createTranslate() {
    const translator = new InteractionTranslator()
    return (event) => translator.translate(event)
  },
  looksLike,
  begins,
  toNative: (messages) => (messages[0] === undefined ? null : toInteraction(messages[0])),
}

function typeOf({ payload, name }: ProviderEvent): string {
  if (!isObject(payload)) return ''
  return nonEmpty(payload.event_type) ?? (payload.object === 'interaction' ? 'interaction' : (name ?? ''))
}

function looksLike(event: ProviderEvent): 'yes' | 'no' {
  return isObject(event.payload) && /^(interaction$|(interaction|step)\.)/.test(typeOf(event)) ? 'yes' : 'no'
}

function begins(event: ProviderEvent, known: string | undefined): Beginning {
  const { payload } = event
  const type = typeOf(event)
  const interaction = isObject(payload) ? (type === 'interaction' ? payload : payload.interaction) : undefined
  if (type !== 'interaction' && type !== 'interaction.created') return type === '' ? 'unknown' : 'nothing'
  return known !== undefined && isObject(interaction) && interaction.id === known ? 'same' : 'other'
}

/** Where in the step under way the model speaks: in which of its contents, of what type. */
interface Place {
  readonly index: number
  readonly fields: JsonObject
  content: number
  type: string | undefined
}

class InteractionTranslator {
  readonly #events = new NamedEvents()
  #place: Place | undefined
  #operations: Operation[] = []

  translate(event: ProviderEvent): Translation {
    this.#operations = []
    const { payload } = event
    if (isObject(payload)) {
      const type = typeOf(event)
      if (!this.#isRepeat(type, payload)) this.#event(type, payload, event.name)
    } else if (payload !== '[DONE]') this.#add(malformed(payload, 0))
    const id = isObject(payload) ? nonEmpty(payload.event_id) : undefined
    return { operations: this.#operations, ...(id === undefined ? {} : { eventId: id }) }
  }

  #add(operation: Operation): void {
    this.#operations.push(operation)
  }

  /** What begins the interaction again says by that which of what follows is a repeat. */
  #isRepeat(type: string, event: JsonObject): boolean {
    if (type === 'interaction.created') this.#events.restart()
    const id = nonEmpty(event.event_id)
    if (id === undefined || !this.#events.isRepeat(id, jsonText(event) ?? '')) return false
    this.#add({ op: 'anomaly', choice: 0, kind: 'duplicate_event', detail: `id ${id}` })
    return true
  }

  #event(type: string, event: JsonObject, name: string | undefined): void {
    const { interaction, step, delta, usage, metadata } = event
    const index = typeof event.index === 'number' ? event.index : 0
    switch (type) {
      case 'interaction.created':
        if (isObject(interaction)) this.#begin(interaction)
        else this.#add(malformed(event, 0))
        break
      case 'interaction.status_update':
        break
      case 'step.start':
        if (isObject(step)) this.#start(index, step)
        else this.#add(malformed(event, 0))
        break
      case 'step.delta':
        if (isObject(delta)) this.#delta(index, delta)
        else this.#add(malformed(event, 0))
        break
      case 'step.stop':
        this.#stop(index)
        break
      case 'interaction.completed':
        if (isObject(interaction)) this.#completed(interaction)
        else this.#add(malformed(event, 0))
        break
      case 'interaction':
        this.#begin(event)
        this.#completed(event)
        break
      default: {
        if (reportsError({ payload: event, name }) || type === 'error') {
          this.#add({ op: 'fail', choice: 'all', error: readError(event) })
          break
        }
        this.#add({ op: 'anomaly', choice: 0, kind: 'unknown_event', detail: wordOf(type), value: copyFields(event) })
      }
    }
    if (type !== 'interaction') this.#usage(usage)
    if (isObject(metadata)) this.#usage(metadata.total_usage)
  }

  #begin(interaction: JsonObject): void {
    this.#place = undefined
    const id = nonEmpty(interaction.id)
    const model = nonEmpty(interaction.model)
    this.#add({
      op: 'begin',
      choice: 0,
      ...(id === undefined ? {} : { id }),
      ...(model === undefined ? {} : { model }),
      wire: copyFields(interaction, NOT_META),
    })
  }

  #start(index: number, step: JsonObject): void {
    if (step.type === 'model_output') {
      const { content, ...fields } = copyFields(step)
      this.#place = { index, fields, content: 0, type: undefined }
      for (const item of Array.isArray(content) ? content : []) this.#content(index, item)
      return
    }
    const { text, ...block } = readStep(index, step)
    this.#place = undefined
    this.#add({ op: 'open', choice: 0, key: String(index), ...block, ...(text === '' ? {} : { seed: text }) })
    this.#noteUnknown(index, step)
  }

  #noteUnknown(index: number, step: JsonObject): void {
    const type = wordOf(step.type)
    if (type === 'thought' || type === 'user_input' || type.endsWith('_call') || type.endsWith('_result')) return
    this.#add({ op: 'anomaly', choice: 0, kind: 'unknown_block', detail: type, key: String(index) })
  }

  #delta(index: number, delta: JsonObject): void {
    const type = wordOf(delta.type)
    const block = { choice: 0, key: String(index) } as const
    const { type: _type, arguments: args, result, is_error: isError, signature, ...rest } = copyFields(delta)
    if (type === 'text' || MEDIA.has(type)) this.#content(index, delta)
    else if (type === 'text_annotation_delta') this.#annotations(index, delta.annotations)
    else if (type === 'thought_signature') {
      this.#add({ op: 'patch', ...block, kind: 'thinking', fields: { signature: nonEmpty(signature) ?? null } })
    } else if (type === 'thought_summary') this.#summary(index, delta)
    else if (type === 'arguments_delta') {
      if (typeof args === 'string') this.#add({ op: 'append', ...block, kind: 'tool_call', text: args })
      else this.#add(malformed(delta, 0))
    } else if (type.endsWith('_call')) {
      const wire = signature === undefined ? rest : { ...rest, signature }
      this.#add({ op: 'snapshot', ...block, kind: 'tool_call', rank: 1, text: argumentsOf(args), wire })
    } else if (type.endsWith('_result')) {
      const wire = signature === undefined ? rest : { ...rest, signature }
      this.#add({
        op: 'patch',
        ...block,
        kind: 'tool_result',
        fields: resultFields({ result, is_error: isError }),
        wire,
      })
    } else {
      const value = copyFields(delta)
      this.#add({ op: 'anomaly', choice: 0, kind: 'unknown_delta', detail: type, value, key: block.key })
    }
  }

  #summary(index: number, delta: JsonObject): void {
    const { content } = delta
    const block = { choice: 0, key: String(index), kind: 'thinking' } as const
    const text = isObject(content) ? content.text : content
    if (typeof text === 'string') this.#add({ op: 'append', ...block, text })
    else if (isObject(content)) this.#add({ op: 'patch', ...block, append: { summary: [copyFields(content)] } })
    else this.#add(malformed(delta, 0))
  }

  /** What the model says: text that goes on, or another content. Sound comes in pieces too. */
  #content(index: number, content: JsonValue): void {
    if (!isObject(content)) {
      this.#add(malformed(content, 0))
      return
    }
    const type = wordOf(content.type)
    if (this.#place?.index !== index) {
      this.#place = { index, fields: { type: 'model_output' }, content: 0, type: undefined }
    }
    const place = this.#place
    const { text, items, kind, wire } = readContent(place, content)
    if (place.type !== type || (type !== 'text' && type !== 'audio')) {
      this.#closeContent(place)
      place.type = type
      this.#add({ op: 'open', choice: 0, key: keyOf(place), kind, wire })
    }
    const block = { choice: 0, key: keyOf(place), kind } as const
    if (text !== undefined) this.#add({ op: 'append', ...block, text })
    for (const item of items) this.#add({ op: 'list', ...block, item })
    if (kind === 'other') this.#add({ op: 'anomaly', choice: 0, kind: 'unknown_delta', detail: type, key: block.key })
  }

  #annotations(index: number, annotations: JsonValue | undefined): void {
    const place = this.#place
    const key = place?.index === index && place.type === 'text' ? keyOf(place) : `${index}/0`
    for (const item of Array.isArray(annotations) ? annotations : []) {
      this.#add({ op: 'list', choice: 0, key, kind: 'text', item: copyJson(item) ?? null })
    }
  }

  #closeContent(place: Place): void {
    if (place.type === undefined) return
    this.#add({ op: 'close', choice: 0, key: keyOf(place) })
    place.content += 1
    place.type = undefined
  }

  #stop(index: number): void {
    if (this.#place?.index === index) this.#closeContent(this.#place)
    else this.#add({ op: 'close', choice: 0, key: String(index) })
  }

  /** The whole interaction; of one that was streamed the steps are mostly left out. */
  #completed(interaction: JsonObject): void {
    const model = nonEmpty(interaction.model)
    const { steps } = interaction
    this.#add({
      op: 'meta',
      choice: 0,
      ...(model === undefined ? {} : { model }),
      wire: copyFields(interaction, NOT_META),
    })
    for (const [index, step] of (Array.isArray(steps) ? steps : []).entries()) this.#wholeStep(index, step)
    this.#usage(interaction.usage)
    const raw = nonEmpty(interaction.status)
    if (raw !== undefined && !UNDER_WAY.has(raw)) {
      const reason = STOP_REASONS.get(raw) ?? 'unknown'
      this.#add({ op: 'stop', choice: 0, reason, raw })
      if (reason === 'error') this.#failed(raw, interaction)
    }
    this.#add({ op: 'terminal', choice: 'all', strength: 'hard' })
  }

  #failed(raw: string, interaction: JsonObject): void {
    const steps = Array.isArray(interaction.steps) ? interaction.steps : []
    const ofStep = steps.findLast((step) => isObject(step) && isObject(step.error))
    const error = interaction.error ??
      (isObject(ofStep) ? ofStep.error : undefined) ?? { message: `the interaction is ${raw}` }
    this.#add({ op: 'fail', choice: 0, error: readError({ error: copyJson(error) ?? null }), strength: 'soft' })
  }

  #wholeStep(index: number, step: JsonValue): void {
    if (!isObject(step)) {
      this.#add(malformed(step, 0))
      return
    }
    if (step.type === 'model_output') {
      const { content, ...fields } = copyFields(step)
      for (const [at, item] of (Array.isArray(content) ? content : []).entries()) {
        this.#wholeContent({ index, fields, content: at, type: undefined }, item)
      }
      return
    }
    this.#add({ op: 'snapshot', choice: 0, key: String(index), rank: 2, ...readStep(index, step), closes: true })
    this.#noteUnknown(index, step)
  }

  #wholeContent(place: Place, content: JsonValue): void {
    if (!isObject(content)) {
      this.#add(malformed(content, 0))
      return
    }
    this.#add({ op: 'snapshot', choice: 0, key: keyOf(place), rank: 2, ...readContent(place, content), closes: true })
  }

  #usage(usage: JsonValue | undefined): void {
    if (!isObject(usage)) return
    const counts: { -readonly [K in keyof UsageCounts]: UsageCounts[K] } = {}
    const input = sum(usage.total_input_tokens, usage.total_tool_use_tokens)
    const output = sum(usage.total_output_tokens, usage.total_thought_tokens)
    if (input !== undefined) counts.inputTokens = input
    if (output !== undefined) counts.outputTokens = output
    if (typeof usage.total_cached_tokens === 'number') counts.cacheReadTokens = usage.total_cached_tokens
    if (typeof usage.total_thought_tokens === 'number') counts.reasoningTokens = usage.total_thought_tokens
    this.#add({ op: 'usage', choice: 0, counts, raw: copyFields(usage) })
  }
}

function keyOf({ index, content }: Place): string {
  return `${index}/${content}`
}

function textIn(content: JsonValue): string | undefined {
  return isObject(content) && typeof content.text === 'string' ? content.text : undefined
}

/** One content of what the model says. */
function readContent({ index, fields }: Place, content: JsonObject) {
  const { text, data, annotations, ...own } = copyFields(content)
  const type = wordOf(content.type)
  const kind: BlockKind = type === 'text' ? 'text' : MEDIA.has(type) ? 'media' : 'other'
  const items = kind === 'text' ? annotations : data === undefined ? [] : [data]
  return {
    kind,
    ...(typeof text === 'string' ? { text } : {}),
    items: Array.isArray(items) ? items : [],
    wire: { ...fields, ...(kind === 'text' ? {} : { content: own }), step: index },
  }
}

/** A step that is one block. */
function readStep(
  index: number,
  step: JsonObject,
): { kind: BlockKind; text: string; fields: BlockFields; wire: JsonObject } {
  const type = wordOf(step.type)
  const wire: JsonObject = { ...copyFields(step), step: index }
  if (type === 'thought') {
    const { signature, summary, ...rest } = wire
    const texts = Array.isArray(summary) ? summary.map(textIn) : []
    const text = texts.join('')
    const others = (Array.isArray(summary) ? summary : []).filter((_item, at) => texts[at] === undefined)
    const own = others.length > 0 ? { ...rest, summary: others } : rest
    return { kind: 'thinking', text, fields: { signature: nonEmpty(signature) ?? null }, wire: own }
  }
  if (type.endsWith('_call')) {
    const { id, name, arguments: args, ...rest } = wire
    const isClient = type === 'function_call'
    const origin = isClient ? 'client' : 'provider'
    const own = nonEmpty(name) ?? (isClient ? null : type.slice(0, -'_call'.length))
    return {
      kind: 'tool_call',
      text: argumentsOf(args),
      fields: { id: nonEmpty(id) ?? null, name: own, origin },
      wire: rest,
    }
  }
  if (type.endsWith('_result')) {
    const { call_id: callId, result, is_error: isError, ...rest } = wire
    const fields = { ...resultFields({ result, is_error: isError }), callId: nonEmpty(callId) ?? null }
    return { kind: 'tool_result', text: '', fields, wire: rest }
  }
  return { kind: 'other', text: '', fields: {}, wire }
}

function resultFields({
  result,
  is_error: isError,
}: {
  result?: JsonValue | undefined
  is_error?: JsonValue | undefined
}): BlockFields {
  const content = copyJson(result)
  return {
    ...(content === undefined ? {} : { content }),
    ...(typeof isError === 'boolean' ? { isError } : {}),
  }
}

/** No arguments say nothing, or that they are still to come. */
function argumentsOf(args: JsonValue | undefined): string {
  if (args === undefined || args === null || (isObject(args) && Object.keys(args).length === 0)) return ''
  return jsonText(args) ?? ''
}

function sum(a: JsonValue | undefined, b: JsonValue | undefined): number | undefined {
  const counts = [a, b].filter((count) => typeof count === 'number')
  return counts.length === 0 ? undefined : counts.reduce((total, count) => total + count, 0)
}
