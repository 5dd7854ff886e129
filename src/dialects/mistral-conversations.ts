/**
 * Mistral's Conversations API (docs.mistral.ai/api, `beta.conversations`; types in github.com/mistralai/client-ts): a list of entries, each an
 * answer, a call of a function, a run of a tool of Mistral's or a hand-off between agents.
 *
 * The wire has no stop reason: `conversation.response.done` stands for it, and reads as `tool_calls` if there is a function to call. Nor has
 * a message an id, so that it is the first entry's: the conversation's is the same for all its turns. An answer and a function call are not
 * opened by an event; their first delta since the beginning does it, so that a replay is known.
 *
 * Ignored on purpose: `created_at` of all but the first event of an entry, and the `role`, which is always `assistant`.
 */
import { copyFields, copyJson, isObject, nonEmpty, wordOf, type JsonObject, type JsonValue } from '../json.ts'
import type { AssistantMessage, BlockKind, ContentBlock } from '../message.ts'
import type { BlockFields, Operation } from '../operation.ts'
import type { Beginning, DialectDefinition, ProviderEvent, Translate } from './dialect.ts'
import { readError, reportsError } from './error.ts'
import { malformed } from './malformed.ts'
import { wireNames } from './mistral-sdk.ts'
import { textOf } from './openai-chat-calls.ts'
import { chatCounts } from './openai-usage.ts'

const DONE = 'conversation.response.done'
const TYPES: ReadonlySet<string> = new Set([
  'conversation.response.started',
  DONE,
  'conversation.response.error',
  'message.output.delta',
  'tool.execution.started',
  'tool.execution.delta',
  'tool.execution.done',
  'agent.handoff.started',
  'agent.handoff.done',
  'function.call.delta',
])

/** The types of entries, which their events begin with. */
const ENTRIES: ReadonlySet<string> = new Set(['message.output', 'tool.execution', 'agent.handoff', 'function.call'])
const CITATIONS: ReadonlySet<string> = new Set(['tool_reference', 'reference'])

const NOT_BEGIN: ReadonlySet<string> = new Set(['type', 'outputs', 'usage', 'object'])
const NOT_ENTRY: ReadonlySet<string> = new Set([
  'type',
  'object',
  'output_index',
  'content_index',
  'role',
  'content',
  'arguments',
  'name',
  'tool_call_id',
  'confirmation_status',
  'info',
])

const NOT_HANDOFF: ReadonlySet<string> = new Set([...NOT_ENTRY, 'id', 'created_at', 'completed_at'])

export const mistralConversations: DialectDefinition<'mistral-conversations'> = {
  name: 'mistral-conversations',
  opensBlocks: false,
  recognisesReplay: 'at_begin',
  endsBy: 'event',
  answersCalls: false,
  createTranslate(): Translate {
    const translator = new ConversationTranslator()
    return (event) => translator.translate(event)
  },
  looksLike(event) {
    const payload = payloadOf(event)
    if (payload === undefined) return 'no'
    return isWhole(payload) || TYPES.has(wordOf(payload.type)) ? 'yes' : 'no'
  },
  begins,
  toNative: (messages) => (messages[0] === undefined ? null : messageToNative(messages[0])),
}

function begins(event: ProviderEvent): Beginning {
  const payload = payloadOf(event)
  if (payload === undefined) return 'unknown'
  return isWhole(payload) || payload.type === 'conversation.response.started' ? 'other' : 'nothing'
}

/** The payload as the wire has it; the SDK puts it under `data`, beside the name of the event. */
function payloadOf({ payload, name }: ProviderEvent): JsonObject | undefined {
  if (!isObject(payload)) return undefined
  if (isObject(payload.data) && TYPES.has(wordOf(payload.data.type ?? payload.event))) {
    const wire = wireNames(payload.data)
    return isObject(wire) ? { type: payload.event ?? null, ...wire } : undefined
  }
  if (payload.conversationId !== undefined && Array.isArray(payload.outputs)) {
    const wire = wireNames(payload)
    return isObject(wire) ? wire : undefined
  }
  return payload.type === undefined && name !== undefined && TYPES.has(name) ? { ...payload, type: name } : payload
}

function isWhole({ object, outputs }: JsonObject): boolean {
  return object === 'conversation.response' && Array.isArray(outputs)
}

/** An entry as far as the wire has told. */
interface Entry {
  readonly ordinal: number
  /** Its block that takes citations. */
  text: string | undefined
}

interface BlockName {
  readonly key: string
  readonly kind: BlockKind
}
interface Payload {
  readonly fields?: BlockFields
  readonly wire: JsonObject
}

class ConversationTranslator {
  readonly #entries = new Map<string, Entry>()
  /** The blocks that were opened: since the answer began, and at all. */
  #opened = new Set<string>()
  readonly #everOpened = new Set<string>()
  /** When the latest event was made, and when that was at the last beginning: what is later goes on and is no replay. */
  #latest = ''
  #begunAt = ''
  #operations: Operation[] = []

  translate(event: ProviderEvent): { readonly operations: readonly Operation[] } {
    this.#operations = []
    const payload = payloadOf(event)
    if (payload === undefined) this.#add(malformed(event.payload))
    else if (isWhole(payload)) this.#whole(payload)
    else if (payload.type === 'conversation.response.error' || reportsError({ ...event, payload })) {
      this.#add({ op: 'fail', choice: 'all', error: readError(copyFields(payload)) })
    } else this.#event(payload)
    return { operations: this.#operations }
  }

  #add(operation: Operation): void {
    this.#operations.push(operation)
  }

  #event(event: JsonObject): void {
    const type = wordOf(event.type)
    const createdAt = timeOf(event.created_at)
    if (type === 'conversation.response.started') this.#begin(event)
    else if (type === DONE) this.#done(event)
    else if (!TYPES.has(type)) {
      this.#add({ op: 'anomaly', choice: 0, kind: 'unknown_event', detail: type, value: copyFields(event) })
    } else {
      const at = type.lastIndexOf('.')
      this.#entry(event, type.slice(0, at), type.slice(at + 1))
    }
    if (createdAt > this.#latest) this.#latest = createdAt
  }

  #begin(event: JsonObject): void {
    this.#add({ op: 'begin', choice: 0, wire: copyFields(event, NOT_BEGIN) })
    this.#opened = new Set()
    this.#begunAt = this.#latest
  }

  #done(event: JsonObject): void {
    const more = copyFields(event, new Set([...NOT_BEGIN, 'created_at']))
    if (Object.keys(more).length > 0) this.#add({ op: 'meta', choice: 0, wire: more })
    if (isObject(event.usage)) {
      this.#add({ op: 'usage', choice: 0, counts: chatCounts(event.usage), raw: copyFields(event.usage) })
    }
    this.#add({ op: 'stop', choice: 0, reason: 'end_turn', raw: DONE })
    this.#add({ op: 'terminal', choice: 0, strength: 'hard' })
  }

  #whole(response: JsonObject): void {
    this.#begin(response)
    const outputs = Array.isArray(response.outputs) ? response.outputs : []
    for (const [at, output] of outputs.entries()) {
      const type = isObject(output) ? wordOf(output.type) : ''
      if (!isObject(output)) this.#add(malformed(output))
      else if (ENTRIES.has(type)) this.#entry({ ...output, output_index: at }, type, 'whole')
      else this.#opaque(`entry ${at}`, { ...copyFields(output), output: this.#known(`${at}`, output, type).ordinal })
    }
    this.#done({ usage: response.usage ?? null })
  }

  /** An event of an entry: `what` happened, or the entry as a whole. */
  #entry(event: JsonObject, type: string, what: string): void {
    const key = `${wordOf(event.output_index ?? 0)}/${wordOf(event.id ?? '')}`
    const entry = this.#known(key, event, type)
    const wire = { output: entry.ordinal }
    switch (type) {
      case 'message.output':
        this.#answer(entry, key, event)
        break
      case 'function.call': {
        const { confirmation_status: status } = event
        const fields = { ...callFields(event.tool_call_id, event.name), origin: 'client' } as const
        const more = status === undefined || status === null ? wire : { ...wire, confirmation_status: status }
        this.#write({ key, kind: 'tool_call' }, textOf(event.arguments), { fields, wire: more }, event)
        break
      }
      case 'tool.execution':
        this.#execution(key, what, event, wire)
        break
      case 'agent.handoff':
        this.#handoff(key, what, event, wire)
        break
      default:
        this.#add({ op: 'anomaly', choice: 0, kind: 'unknown_event', detail: type, value: copyFields(event) })
    }
  }

  #known(key: string, event: JsonObject, type: string): Entry {
    const known = this.#entries.get(key)
    if (known !== undefined) return known
    const entry = { ordinal: this.#entries.size, text: undefined }
    const id = nonEmpty(event.id)
    if (entry.ordinal === 0 && id !== undefined) this.#add({ op: 'meta', choice: 0, id })
    const model = nonEmpty(event.model)
    if (model !== undefined) this.#add({ op: 'meta', choice: 0, model })
    this.#entries.set(key, entry)
    const wire = { object: 'entry', type, ...copyFields(event, NOT_ENTRY) }
    this.#add({ op: 'meta', choice: 0, path: ['outputs', String(entry.ordinal)], wire })
    return entry
  }

  #answer(entry: Entry, key: string, event: JsonObject): void {
    const { content } = event
    const parts = Array.isArray(content) ? content : [content ?? '']
    for (const [at, part] of parts.entries()) {
      const index = Array.isArray(content) ? at : wordOf(event.content_index ?? 0)
      this.#part(entry, `${key}/${index}`, part, event)
    }
  }

  #part(entry: Entry, key: string, part: JsonValue, event: JsonObject): void {
    const wire = { output: entry.ordinal }
    if (typeof part === 'string') {
      entry.text = key
      this.#write({ key, kind: 'text' }, part, { wire }, event)
    } else if (!isObject(part)) this.#add(malformed(part, 0))
    else if (typeof part.text === 'string') {
      entry.text = key
      this.#write({ key, kind: 'text' }, part.text, { wire: { ...wire, listed: true } }, event)
    } else if (part.type === 'thinking') this.#thinking(`${key}/thinking`, part, wire, event)
    else if (CITATIONS.has(wordOf(part.type))) {
      entry.text ??= key
      if (!this.#opened.has(entry.text)) this.#write({ key: entry.text, kind: 'text' }, '', { wire }, event)
      this.#add({ op: 'list', choice: 0, key: entry.text, kind: 'text', item: copyFields(part) })
    } else this.#opaque(key, { ...copyFields(part), ...wire })
  }

  #thinking(key: string, part: JsonObject, wire: JsonObject, event: JsonObject): void {
    const pieces = Array.isArray(part.thinking) ? part.thinking : [part.thinking ?? '']
    for (const piece of pieces) {
      const text = isObject(piece) ? piece.text : piece
      if (typeof text === 'string') this.#write({ key, kind: 'thinking' }, text, { wire }, event)
      else {
        this.#write({ key, kind: 'thinking' }, '', { wire }, event)
        this.#add({ op: 'patch', choice: 0, key, kind: 'thinking', append: { pieces: [copyJson(piece) ?? null] } })
      }
    }
    const signature = nonEmpty(part.signature)
    if (signature !== undefined) this.#add({ op: 'patch', choice: 0, key, kind: 'thinking', fields: { signature } })
  }

  #execution(key: string, what: string, event: JsonObject, wire: JsonObject): void {
    const block = { choice: 0, key, kind: 'tool_call' } as const
    const payload = { fields: { ...callFields(event.id, event.name), origin: 'provider' }, wire } as const
    if (what === 'started' || what === 'whole') this.#open(block, textOf(event.arguments), payload)
    if (what === 'delta') this.#write(block, textOf(event.arguments), payload, event)
    if (isObject(event.info)) this.#add({ op: 'patch', ...block, wire: { info: copyFields(event.info) } })
    if (what === 'done' || what === 'whole') this.#add({ op: 'close', choice: 0, key })
  }

  #handoff(key: string, what: string, event: JsonObject, wire: JsonObject): void {
    const block = { choice: 0, key, kind: 'other' } as const
    const fields = { type: 'agent.handoff', ...copyFields(event, NOT_HANDOFF), ...wire }
    this.#add({ op: what === 'done' ? 'patch' : 'open', ...block, wire: fields })
    if (what !== 'started') this.#add({ op: 'close', choice: 0, key })
  }

  #opaque(key: string, wire: JsonObject): void {
    this.#add({ op: 'open', choice: 0, key, kind: 'other', wire })
    this.#add({ op: 'close', choice: 0, key })
  }

  /** Text of a block: the first since the answer began opens it, unless it is younger than that. */
  #write(block: BlockName, text: string, payload: Payload, event: JsonObject): void {
    const goesOn = this.#everOpened.has(block.key) && timeOf(event.created_at) > this.#begunAt
    if (!this.#opened.has(block.key) && !goesOn) this.#open(block, text, payload)
    else if (text !== '') this.#add({ op: 'append', choice: 0, ...block, text })
  }

  #open(block: BlockName, text: string, payload: Payload): void {
    this.#opened.add(block.key)
    this.#everOpened.add(block.key)
    // What a call is opened with is no more than a form to be filled in.
    const isCall = block.kind === 'tool_call'
    this.#add({ op: 'open', choice: 0, ...block, ...payload, ...(isCall ? {} : { seed: text }) })
    if (isCall && text !== '') this.#add({ op: 'append', choice: 0, ...block, text })
  }
}

/** A time as a text that sorts: one without digits behind its seconds is the earliest of its second. */
function timeOf(value: JsonValue | undefined): string {
  const text = nonEmpty(value)
  if (text === undefined) return ''
  return text.replace(/(?:\.(\d+))?(?:Z|[+-]\d\d:?\d\d)?$/, (_, digits?: string) => `.${(digits ?? '').padEnd(9, '0')}`)
}

function callFields(id: JsonValue | undefined, name: JsonValue | undefined): BlockFields {
  const known = { id: nonEmpty(id), name: nonEmpty(name) }
  return {
    ...(known.id === undefined ? {} : { id: known.id }),
    ...(known.name === undefined ? {} : { name: known.name }),
  }
}

/** The ConversationResponse of a request without streaming. */
function messageToNative({ wire, content, rawUsage }: AssistantMessage): JsonValue {
  const { outputs, ...rest } = copyFields(wire)
  const entries = isObject(outputs) ? Object.entries(outputs) : []
  const byOutput = new Map<JsonValue | undefined, ContentBlock[]>()
  for (const block of content) {
    const blocks = byOutput.get(block.wire.output)
    if (blocks === undefined) byOutput.set(block.wire.output, [block])
    else blocks.push(block)
  }
  return {
    ...rest,
    object: 'conversation.response',
    outputs: entries.map(([ordinal, entry]) =>
      entryToNative(isObject(entry) ? entry : {}, byOutput.get(Number(ordinal)) ?? []),
    ),
    ...(rawUsage === undefined ? {} : { usage: copyFields(rawUsage) }),
  }
}

function entryToNative(entry: JsonObject, blocks: readonly ContentBlock[]): JsonObject {
  const [first] = blocks
  if (entry.type === 'message.output') return { ...entry, role: 'assistant', content: contentToNative(blocks) }
  if (first?.type !== 'tool_call') {
    const { output: _o, ...wire } = first === undefined ? {} : copyFields(first.wire)
    return { ...entry, ...wire }
  }
  const { output: _o, ...wire } = copyFields(first.wire)
  const id = entry.type === 'function.call' && first.idSource === 'wire' ? { tool_call_id: first.id } : {}
  return { ...entry, ...id, name: first.name, arguments: first.arguments, ...wire }
}

/** One text is a text; anything else is a list of parts. */
function contentToNative(blocks: readonly ContentBlock[]): JsonValue {
  const [first] = blocks
  if (first === undefined) return ''
  const isText = first.type === 'text' && first.citations === undefined && first.wire.listed !== true
  if (blocks.length === 1 && isText) return first.text
  return blocks.flatMap(partsOf)
}

function partsOf(block: ContentBlock): JsonValue[] {
  const { output: _o, pieces, ...wire } = copyFields(block.wire)
  if (block.type === 'text') {
    const text = block.text === '' ? [] : [{ type: 'text', text: block.text }]
    return [...text, ...(block.citations ?? []).map((item) => copyJson(item) ?? null)]
  }
  if (block.type !== 'thinking') return [wire]
  const more = Array.isArray(pieces) ? pieces : []
  const signature = block.signature === undefined ? {} : { signature: block.signature }
  return [{ type: 'thinking', thinking: [{ type: 'text', text: block.text }, ...more], ...signature }]
}
