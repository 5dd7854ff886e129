/**
 * The OpenAI Responses wire format (platform.openai.com/docs/api-reference/responses-streaming), as OpenAI, its proxies and local servers
 * speak it. Every done event holds again what its deltas said, and the last event holds everything: each is a snapshot of higher rank.
 *
 * Ignored on purpose: `keepalive`; the text in events that open something (the deltas bring it, and older SDKs go on writing into those
 * objects), the output in `response.created` and `response.in_progress`; previews of what `output_item.done` brings whole: partial images,
 * the commands and output of shell calls, the diff of patch calls; the done events of audio; how the listing of MCP tools gets on, for
 * which its item has no field.
 */
import { copyFields, copyJson, isObject, wordOf, type JsonObject, type JsonValue } from '../json.ts'
import type { Operation, PartName, SnapshotRank, Translation } from '../operation.ts'
import type { DialectDefinition, ProviderEvent } from './dialect.ts'
import { reportsError } from './error.ts'
import { malformed } from './malformed.ts'
import {
  begins,
  isReport,
  looksLike,
  NOT_EVENT,
  PREVIEW_EVENT,
  STATUS_EVENT,
  TEXT_EVENTS,
} from './openai-responses-events.ts'
import {
  fieldsOfItem,
  fieldsOfResponse,
  identityOf,
  isHollow,
  readItem,
  readPart,
  reasoningPart,
  isMisshapen,
  textFieldOf,
  textIn,
} from './openai-responses-forms.ts'
import {
  isPlaceOf,
  keyOf,
  markOf,
  numberOf,
  place,
  ResponseItems,
  type Item,
  type Place,
} from './openai-responses-items.ts'
import { ResponseRuns } from './openai-responses-runs.ts'
import { toResponse } from './openai-responses-native.ts'
import { endingOf, errorOf } from './openai-responses-ending.ts'
import { responsesCounts } from './openai-usage.ts'

export const openaiResponses: DialectDefinition = {
  name: 'openai-responses',
  opensBlocks: true,
  recognisesReplay: 'at_begin',
  endsBy: 'event',
  answersCalls: false,
  createTranslate() {
    const translator = new ResponsesTranslator()
    return (event) => translator.translate(event)
  },
  looksLike,
  begins,
  toNative: (messages) => (messages[0] === undefined ? null : toResponse(messages[0])),
}

class ResponsesTranslator {
  readonly #items = new ResponseItems()
  /** The types and names of the request's tools, as the response repeats them. */
  #tools: readonly { readonly type: unknown; readonly name: unknown }[] = []
  #hasAudio = false
  readonly #runs = new ResponseRuns()
  /** Where the event before this one went on, if it was a delta. */
  #place: Place | undefined
  #operations: Operation[] = []

  translate({ payload, name }: ProviderEvent): Translation {
    this.#operations = []
    if (!isObject(payload)) {
      this.#odd(payload)
      return { operations: this.#operations }
    }
    const named = typeof payload.type === 'string' ? payload.type : (name ?? '')
    const value = numberOf(payload.sequence_number)
    if (this.#runs.next(value, named === 'response.created')) this.#restart()
    const last = this.#place
    const goesOn = last !== undefined && isPlaceOf(last, named, payload)
    if (goesOn) this.#goOn(last, payload)
    else {
      this.#place = undefined
      if (isReport(named, payload) && reportsError({ payload, name })) this.#add(errorOf(payload))
      else this.#event(named, payload)
    }
    if (value === undefined) return { operations: this.#operations }
    // It is kept for each number: of one string in many events there is one.
    const type = this.#place?.mark ?? markOf(named, payload)
    return { operations: this.#operations, number: { value, type } }
  }

  /** A delta of the text of a part or a call. */
  #goOn({ key, kind }: Place, event: JsonObject): void {
    const { delta, logprobs } = event
    if (typeof delta === 'string') this.#add({ op: 'append', choice: 0, key, kind, text: delta })
    else this.#malformed(event)
    if (kind !== 'tool_call' && Array.isArray(logprobs) && logprobs.length > 0) {
      this.#add({ op: 'patch', choice: 0, key, kind, append: copyFields({ logprobs }) })
    }
  }

  #add(operation: Operation): void {
    this.#operations.push(operation)
  }

  #odd(payload: unknown): void {
    // Some converters close their stream as the chat API does.
    if (payload === '[DONE]') this.#add({ op: 'anomaly', choice: 0, kind: 'unknown_event', detail: '[DONE]' })
    else this.#malformed(payload)
  }

  #malformed(payload: unknown): void {
    this.#add(malformed(payload))
  }

  #event(type: string, event: JsonObject): void {
    switch (type) {
      case 'response.output_text.delta':
        this.#partDelta(type, event, 'text')
        return
      case 'response.refusal.delta':
        this.#partDelta(type, event, 'refusal')
        return
      case 'response.output_text.done':
        this.#partDone(event, { ...event, type: 'output_text' }, false)
        return
      case 'response.refusal.done':
        this.#partDone(event, { ...event, type: 'refusal' }, false)
        return
      case 'response.output_text.annotation.added':
        this.#annotation(event)
        return
      case 'response.content_part.added':
        if (isObject(event.part)) this.#partAdded(event, event.part)
        else this.#malformed(event)
        return
      case 'response.content_part.done':
        if (isObject(event.part)) this.#partDone(event, event.part, true)
        else this.#malformed(event)
        return
      case 'response.reasoning_summary_text.delta':
      case 'response.reasoning_summary.delta':
        this.#reasoning(event, 'summary', event.delta)
        return
      case 'response.reasoning_summary_part.added':
        this.#reasoning(event, 'summary', '')
        return
      case 'response.reasoning_text.delta':
        this.#reasoning(event, 'full', event.delta)
        return
      case 'response.reasoning_summary_text.done':
      case 'response.reasoning_summary.done':
        this.#reasoningDone(event, 'summary', event.text)
        return
      case 'response.reasoning_summary_part.done':
        this.#reasoningDone(event, 'summary', isObject(event.part) ? event.part.text : undefined)
        return
      case 'response.reasoning_text.done':
        this.#reasoningDone(event, 'full', event.text)
        return
      case 'response.output_item.added':
        if (isObject(event.item)) this.#itemAdded(event, event.item)
        else this.#malformed(event)
        return
      case 'response.output_item.done':
        if (isObject(event.item)) this.#item(this.#items.done(event.item, event), event.item, 2)
        else this.#malformed(event)
        return
      case 'response.created':
      case 'response.in_progress':
      case 'response.queued':
        if (isObject(event.response))
          this.#under(event.response, type === 'response.created', numberOf(event.sequence_number))
        else this.#malformed(event)
        return
      case 'response.completed':
      case 'response.incomplete':
      case 'response.failed':
      case 'response.cancelled':
      case 'response.done':
        this.#over(event, type.slice('response.'.length))
        return
      case 'response.audio.delta':
        this.#audio('data', event.delta)
        return
      case 'response.audio.transcript.delta':
        this.#audio('transcript', event.delta)
        return
      case 'keepalive':
      case 'response.keep_alive':
      case 'ping':
        return
      default:
        this.#other(type, event)
    }
  }

  #other(type: string, event: JsonObject): void {
    if (event.object === 'response') {
      this.#wholeResponse(event)
      return
    }
    const dot = type.lastIndexOf('.')
    const text = TEXT_EVENTS.get(type.slice(0, dot))
    if (text !== undefined && type.endsWith('.delta')) {
      const { item, isNew } = this.#items.of(event, text.type)
      if (isNew) this.#implied(item, text.type)
      this.#goOn(this.#placeAt(type, event, keyOf(item), 'tool_call'), event)
    } else if (text !== undefined && type.endsWith('.done')) this.#textDone(event, text.type, text.field)
    else if (PREVIEW_EVENT.test(type)) return
    else if (STATUS_EVENT.test(type)) this.#status(event, type)
    else {
      const value = copyFields(event)
      this.#add({ op: 'anomaly', choice: 0, kind: 'unknown_event', detail: type || 'no type', value })
    }
  }

  // Items.

  #itemAdded(event: JsonObject, source: JsonObject): void {
    const item = this.#items.added(source, event)
    this.#fieldsOf(item, source, 0)
    const form = readItem(source, this.#isForeign)
    if (form === undefined) return
    const { kind, fields, wire } = form
    this.#add({ op: 'open', choice: 0, key: keyOf(item), kind, fields, wire: { item: item.key, ...wire } })
    if (form.isUnknown) this.#unknown(item, source)
  }

  /** An item as a whole. */
  #item(item: Item, source: JsonObject, rank: SnapshotRank): void {
    this.#fieldsOf(item, source, rank)
    if (isMisshapen(source)) this.#malformed(source)
    const isOver = source.status !== 'in_progress' && source.status !== 'incomplete'
    if (item.type === 'message') {
      const content = Array.isArray(source.content) ? source.content : []
      for (const [index, part] of content.entries()) {
        if (isObject(part)) this.#part(item, index, part, rank, isOver)
        else this.#malformed(part)
      }
      return
    }
    const form = readItem(source, this.#isForeign)
    if (form === undefined) return
    const { kind, fields, text, parts, wire, isUnknown } = form
    this.#add({
      op: 'snapshot',
      choice: 0,
      key: keyOf(item),
      kind,
      rank,
      fields,
      ...(text === undefined ? {} : { text }),
      ...(parts === undefined ? {} : { parts }),
      wire: { item: item.key, ...wire },
      ...(isOver ? { closes: true } : {}),
    })
    if (isUnknown && item.run === 0) this.#unknown(item, source)
  }

  #fieldsOf(item: Item, source: JsonObject, rank: SnapshotRank): void {
    // An item that is done without a status is not in progress any more.
    const drop = rank > 0 && source.status === undefined ? { drop: ['status'] } : {}
    this.#add({ op: 'meta', choice: 0, path: ['items', item.key], rank, wire: fieldsOfItem(source), ...drop })
  }

  #unknown(item: Item, source: JsonObject): void {
    this.#add({ op: 'anomaly', choice: 0, kind: 'unknown_block', detail: wordOf(source.type), key: keyOf(item) })
  }

  /** An item of which only deltas came. */
  #implied(item: Item, type: string): void {
    this.#add({ op: 'meta', choice: 0, path: ['items', item.key], wire: { type } })
    if (type === 'message') return
    // What its type tells; its name and ids come with the item.
    const kind = readItem({ type }, this.#isForeign)?.kind ?? 'other'
    const freeText = textFieldOf(type)
    const fields = kind === 'tool_call' && freeText !== undefined && freeText !== 'arguments' ? { freeText } : {}
    this.#add({ op: 'patch', choice: 0, key: keyOf(item), kind, fields, wire: { item: item.key } })
  }

  #status(event: JsonObject, type: string): void {
    const [, about = '', status = ''] = STATUS_EVENT.exec(type) ?? []
    const { item, isNew } = this.#items.of(event, about)
    if (isNew) this.#implied(item, about)
    this.#add({ op: 'meta', choice: 0, path: ['items', item.key], wire: { status } })
  }

  /**
   * Whether a custom call is of a tool that the provider runs: the response repeats the request's tools, and the client has none of that
   * name there (xAI reports its own searches so).
   */
  readonly #isForeign = (item: JsonObject): boolean => {
    if (item.type !== 'custom_tool_call' || this.#tools.length === 0) return false
    return !this.#tools.some(({ type, name }) => type === 'namespace' || name === item.name)
  }

  // Parts of a message.

  #partOf(event: JsonObject, opens: boolean): { readonly item: Item; readonly index: number; readonly isNew: boolean } {
    const { item, isNew } = this.#items.of(event, 'message')
    if (isNew) this.#implied(item, 'message')
    const parts = this.#items.partsOf(item)
    const last = parts.size - 1
    const index = numberOf(event.content_index) ?? Math.max(opens ? last + 1 : last, 0)
    const isNewPart = !parts.has(index)
    parts.add(index)
    return { item, index, isNew: isNewPart }
  }

  #partAdded(event: JsonObject, part: JsonObject): void {
    if (part.type === 'reasoning_text') {
      this.#reasoning(event, 'full', '')
      return
    }
    const { item, index } = this.#partOf(event, true)
    const { kind, wire } = readPart(part)
    this.#add({ op: 'open', choice: 0, ...place(item, index), kind, wire: { item: item.key, part: index, ...wire } })
    if (kind === 'other') this.#unknownPart(item, index, part)
  }

  #partDelta(type: string, event: JsonObject, kind: 'text' | 'refusal'): void {
    const { item, index, isNew } = this.#partOf(event, false)
    const { key } = place(item, index)
    // Of an item that is sent again a part begins again, also if no event says so.
    if (isNew && this.#items.hadPart(item, index)) this.#add({ op: 'open', choice: 0, key, kind, fields: {} })
    else if (isNew) this.#add({ op: 'patch', choice: 0, key, kind, wire: { item: item.key, part: index } })
    this.#goOn(this.#placeAt(type, event, key, kind), event)
  }

  #placeAt(type: string, event: JsonObject, key: string, kind: Place['kind']): Place {
    const { item_id: id, output_index: output, content_index: content } = event
    return (this.#place = { type, mark: markOf(type, event), id, output, content, key, kind })
  }

  /** A part as a whole; `closes`: by the event that ends the part, not just its text. */
  #partDone(event: JsonObject, part: JsonObject, closes: boolean): void {
    if (part.type === 'reasoning_text') {
      this.#reasoningDone(event, 'full', part.text)
      return
    }
    const { item, index } = this.#partOf(event, false)
    if (closes) this.#part(item, index, part, 1, true)
    else {
      const { text, refusal, logprobs, type } = part
      const whole = copyFields({
        type,
        text,
        refusal,
        ...(Array.isArray(logprobs) && logprobs.length > 0 ? { logprobs } : {}),
      })
      this.#part(item, index, whole, 1, false)
    }
  }

  #part(item: Item, index: number, part: JsonObject, rank: SnapshotRank, closes: boolean): void {
    const { kind, text, items, wire } = readPart(part)
    const isUnknown = kind === 'other' && !this.#items.partsOf(item).has(index)
    this.#items.partsOf(item).add(index)
    this.#add({
      op: 'snapshot',
      choice: 0,
      ...place(item, index),
      kind,
      rank,
      ...(text === undefined ? {} : { text }),
      ...(items === undefined ? {} : { items }),
      wire: { item: item.key, part: index, ...wire },
      ...(closes ? { closes: true } : {}),
    })
    if (isUnknown) this.#unknownPart(item, index, part)
  }

  #unknownPart(item: Item, index: number, part: JsonObject): void {
    const { key } = place(item, index)
    this.#add({ op: 'anomaly', choice: 0, kind: 'unknown_block', detail: wordOf(part.type), key })
  }

  #annotation(event: JsonObject): void {
    const { item, index, isNew } = this.#partOf(event, false)
    const at = place(item, index)
    if (isNew) this.#add({ op: 'patch', choice: 0, ...at, kind: 'text', wire: { item: item.key, part: index } })
    const order = numberOf(event.annotation_index)
    const annotation = copyJson(event.annotation) ?? null
    this.#add({
      op: 'list',
      choice: 0,
      ...at,
      kind: 'text',
      item: annotation,
      ...(order === undefined ? {} : { at: order }),
    })
  }

  // Reasoning, and the one text of a call.

  #reasoning(event: JsonObject, kind: PartName['kind'], text: JsonValue | undefined): void {
    const { item, isNew } = this.#items.of(event, 'reasoning')
    if (isNew) this.#implied(item, 'reasoning')
    if (typeof text !== 'string') this.#malformed(event)
    else
      this.#add({ op: 'append', choice: 0, key: keyOf(item), kind: 'thinking', text, part: reasoningPart(event, kind) })
  }

  #reasoningDone(event: JsonObject, kind: PartName['kind'], text: JsonValue | undefined): void {
    const { item, isNew } = this.#items.of(event, 'reasoning')
    if (isNew) this.#implied(item, 'reasoning')
    const parts = typeof text === 'string' ? [{ part: reasoningPart(event, kind), text }] : []
    this.#add({ op: 'snapshot', choice: 0, key: keyOf(item), kind: 'thinking', rank: 1, parts })
  }

  #textDone(event: JsonObject, type: string, field: string): void {
    const { item, isNew } = this.#items.of(event, type)
    if (isNew) this.#implied(item, type)
    const { [field]: value, name } = event
    this.#add({
      op: 'snapshot',
      choice: 0,
      key: keyOf(item),
      kind: 'tool_call',
      rank: 1,
      ...textIn(value),
      ...(typeof name === 'string' && name !== '' ? { fields: { name } } : {}),
    })
  }

  #audio(field: 'data' | 'transcript', value: JsonValue | undefined): void {
    if (typeof value !== 'string') return
    const block = { choice: 0, key: 'audio', kind: 'media' } as const
    // Nothing on the wire opens it.
    if (!this.#hasAudio) this.#add({ op: 'open', ...block })
    this.#hasAudio = true
    this.#add(field === 'data' ? { op: 'list', ...block, item: value } : { op: 'append', ...block, text: value })
  }

  // The response.

  #identity(response: JsonObject): { id?: string; model?: string } {
    const { tools } = response
    if (Array.isArray(tools)) this.#tools = tools.filter(isObject).map((tool) => ({ type: tool.type, name: tool.name }))
    return identityOf(response)
  }

  #begin(id: JsonValue | undefined, number: number | undefined): void {
    const run = this.#runs.begin(id, number)
    if (run === 'again') this.#restart()
    if (run !== 'other') return
    this.#items.forget()
    this.#hasAudio = false
  }

  /** The response is sent again. */
  #restart(): void {
    this.#items.restart()
    this.#hasAudio = false
  }

  /** A response that is under way. */
  #under(response: JsonObject, isFirst: boolean, number: number | undefined): void {
    if (isFirst) this.#begin(response.id, number)
    const wire = fieldsOfResponse(response)
    this.#add({ op: isFirst ? 'begin' : 'meta', choice: 0, ...this.#identity(response), wire })
    this.#usage(response.usage)
  }

  #wholeResponse(response: JsonObject): void {
    this.#add({ op: 'begin', choice: 0, ...this.#identity(response), wire: {} })
    this.#over({ response }, wordOf(response.status ?? 'completed'))
  }

  /** The last event. What the response says of itself counts more than the event's name. */
  #over(event: JsonObject, type: string): void {
    const response = isObject(event.response) ? event.response : {}
    this.#add({ op: 'meta', choice: 0, ...this.#identity(response), wire: fieldsOfResponse(response) })
    const beside = copyFields(event, NOT_EVENT)
    // Some servers put facts of their own beside the response.
    if (Object.keys(beside).length > 0) this.#add({ op: 'meta', choice: 0, path: ['event'], wire: beside })
    const wasEmpty = this.#items.isEmpty
    for (const { item, source, isNew } of this.#items.whole(Array.isArray(response.output) ? response.output : [])) {
      if (wasEmpty || !isNew || !isHollow(source)) this.#item(item, source, 3)
      else this.#add({ op: 'anomaly', choice: 0, kind: 'snapshot_refused', value: copyFields(source) })
    }
    this.#usage(response.usage)
    const status = type === 'failed' || typeof response.status !== 'string' ? type : response.status
    for (const operation of endingOf(status, event, response)) this.#add(operation)
  }

  #usage(usage: JsonValue | undefined): void {
    if (!isObject(usage)) return
    this.#add({ op: 'usage', choice: 0, counts: responsesCounts(usage), raw: copyFields(usage) })
  }
}
