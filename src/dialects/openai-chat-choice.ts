/**
 * What the chunks of a chat stream say in one choice: its text, reasoning, refusal, calls and audio, and where the whole message stands in
 * a chunk.
 *
 * Text and thinking are one block each. Where they take turns on the wire (Mistral's lists of parts, `<think>` tags), the message's wire
 * fields keep under `folded.layout` at which length of both what else stood, so that the native form can put them together again.
 */
import { copyFields, copyJson, isObject, mergeFields, nonEmpty, type JsonObject, type JsonValue } from '../json.ts'
import type { Operation } from '../operation.ts'
import { Cumulative } from './cumulative.ts'
import type { DialectHints } from './dialect.ts'
import { malformed } from './malformed.ts'
import { ChatCalls, textOf } from './openai-chat-calls.ts'
import { ReasoningDetails } from './openai-chat-details.ts'
import { ThinkTags, type TaggedPiece } from './think-tags.ts'

/** The names under which servers send reasoning as text; where one chunk has several they say the same, and the first counts. */
const REASONING_FIELDS = ['reasoning_content', 'reasoning', 'reasoning_text'] as const

type TextKind = 'text' | 'thinking'

/** Where the operations of the event under way go. */
export interface Sink {
  operations: Operation[]
}

export class ChatChoice {
  hasStopped = false
  readonly #number: number
  readonly #sink: Sink
  readonly #calls: ChatCalls
  readonly #last = new Map<string, JsonValue>()
  /** Of each text of which every event carries all; undefined where events carry what is new. */
  readonly #cumulative: Map<string, Cumulative> | undefined
  /** Neither of the two options is on. */
  readonly #isPlain: boolean
  readonly #details: ReasoningDetails
  /** Undefined where tags are text: unless asked for, and once reasoning came in a field of its own. */
  #tags: ThinkTags | undefined
  #field: string | undefined
  /** How much text and thinking there is, and which of them came last. */
  #textLength = 0
  #thinkingLength = 0
  #kind: TextKind | undefined
  #hasParts = false

  constructor(number: number, sink: Sink, hints: DialectHints) {
    this.#number = number
    this.#sink = sink
    this.#calls = new ChatCalls(number, hints)
    this.#cumulative = hints.deltas === 'cumulative' ? new Map() : undefined
    this.#details = new ReasoningDetails(number, hints)
    this.#tags = hints.thinkTags === true ? new ThinkTags() : undefined
    this.#isPlain = this.#cumulative === undefined && this.#tags === undefined
  }

  delta(delta: JsonObject): void {
    if (this.#tags !== undefined && bringsReasoning(delta)) this.#untag()
    let more: JsonObject | undefined
    for (const key in delta) {
      const value = delta[key]
      switch (key) {
        case 'content':
          this.content(value)
          break
        case 'role':
          this.#role(value)
          break
        case 'refusal':
          if (typeof value === 'string') this.#refusal(this.#added('refusal', value))
          else this.#odd(key, value)
          break
        case 'tool_calls':
          if (Array.isArray(value)) this.#calls.translate(value, this.#sink.operations)
          else if (isObject(value)) this.#calls.translate([value], this.#sink.operations)
          else this.#odd(key, value)
          break
        case 'function_call':
          if (isObject(value)) this.#functionCall(value)
          else this.#odd(key, value)
          break
        case 'audio':
          if (isObject(value)) this.#audio(value)
          else this.#odd(key, value)
          break
        case 'annotations':
          this.#annotations(value)
          break
        case 'reasoning_content':
        case 'reasoning':
        case 'reasoning_text':
          this.#reasoning(delta, key)
          break
        case 'reasoning_details':
          if (Array.isArray(value)) this.#readDetails(value, delta)
          else this.#odd(key, value)
          break
        default:
          if (Array.isArray(value) && value.length > 0) {
            this.#add({ op: 'meta', choice: this.#number, append: { message: copyFields({ [key]: value }) } })
          } else if (this.isNews(key, value)) mergeFields((more ??= {}), copyFields({ [key]: value }))
      }
    }
    if (more !== undefined) this.#add({ op: 'meta', choice: this.#number, path: ['message'], wire: more })
  }

  /** Nothing follows, as far as is known: what was held back is told. */
  settle(): void {
    if (this.#tags !== undefined) this.#tagged(this.#tags.rest())
    this.#details.settle(this.#sink.operations)
  }

  /** The stop reason came. */
  stopped(): void {
    this.settle()
    this.hasStopped = true
    this.#tags?.stopped()
  }

  /** Whether a value under a key is another one than the last; what is no plain value always is. */
  isNews(key: string, value: JsonValue | undefined): boolean {
    if (value === undefined) return false
    if (this.#last.has(key) && (value === null || this.#last.get(key) === value)) return false
    this.#last.set(key, value)
    return true
  }

  #add(operation: Operation): void {
    this.#sink.operations.push(operation)
  }

  #role(role: JsonValue | undefined): void {
    if (typeof role !== 'string' || role === '') return
    if (role !== 'assistant') this.#add({ op: 'meta', choice: this.#number, path: ['message'], wire: { role } })
    if (this.hasStopped) this.#add({ op: 'meta', choice: this.#number, opensAgain: true })
  }

  content(content: JsonValue | undefined): void {
    if (typeof content === 'string') {
      // What nearly every delta is.
      if (this.#isPlain) this.#write('text', content)
      else this.#text('text', content)
    } else if (Array.isArray(content)) this.#parts(content)
    else this.#odd('text', content)
  }

  #refusal(text: string): void {
    if (text !== '') this.#add({ op: 'append', choice: this.#number, key: 'refusal', kind: 'refusal', text })
  }

  /** Text of a channel, which may hold all so far, and tags. */
  #text(channel: string, text: string): void {
    const added = this.#added(channel, text)
    if (this.#tags === undefined) this.#write('text', added)
    else this.#tagged(this.#tags.split(added))
  }

  #added(channel: string, text: string): string {
    if (this.#cumulative === undefined || text === '') return text
    const known = this.#cumulative.get(channel) ?? new Cumulative()
    this.#cumulative.set(channel, known)
    const { added, fits } = known.take(text)
    if (!fits) this.#add({ op: 'anomaly', choice: this.#number, kind: 'not_cumulative', detail: added })
    return added
  }

  #write(kind: TextKind, text: string): void {
    if (text === '') return
    if (this.#hasParts && kind !== this.#kind) this.#mark({ part: kind })
    this.#kind = kind
    if (kind === 'text') this.#textLength += text.length
    else this.#thinkingLength += text.length
    this.#add({ op: 'append', choice: this.#number, key: kind, kind, text })
  }

  #tagged(pieces: readonly TaggedPiece[]): void {
    for (const piece of pieces) {
      if ('tag' in piece) {
        if (piece.tag === 'open') this.#name('content')
        this.#mark({ tag: piece.tag })
      } else this.#write(piece.kind, piece.text)
    }
  }

  /** Reasoning has a field of its own: tags in the text are text, as it came. */
  #untag(): void {
    this.settle()
    this.#tags = undefined
    if (this.#field === undefined) return
    this.#mark({ tag: 'off' })
    this.#field = undefined
  }

  #mark(entry: JsonObject): void {
    const at = [this.#textLength, this.#thinkingLength]
    this.#add({ op: 'meta', choice: this.#number, append: { folded: { layout: [{ at, ...entry }] } } })
  }

  /** Tells under which field reasoning comes. */
  #name(field: string): void {
    if (this.#field !== undefined && (this.#field !== 'reasoning_details' || field === this.#field)) return
    this.#field = field
    this.#add({ op: 'patch', choice: this.#number, key: 'thinking', kind: 'thinking', wire: { field } })
  }

  #parts(parts: readonly JsonValue[]): void {
    this.#hasParts = true
    for (const [at, part] of parts.entries()) {
      if (typeof part === 'string') this.#text(`content ${at}`, part)
      else if (!isObject(part)) this.#odd('text', part)
      else if (part.type === 'thinking') this.#thinkingPart(part, `content ${at}`)
      else if (typeof part.text === 'string') this.#text(`content ${at}`, part.text)
      else if (this.#isNewPart(`content ${at}`)) this.#otherPart(part)
    }
  }

  #thinkingPart(part: JsonObject, channel: string): void {
    const pieces = Array.isArray(part.thinking) ? part.thinking : [part.thinking ?? '']
    const signature = nonEmpty(part.signature)
    if (pieces.length === 0 && signature === undefined) return
    this.#name('content')
    for (const [at, piece] of pieces.entries()) {
      const text = isObject(piece) ? piece.text : piece
      if (typeof text === 'string') this.#write('thinking', this.#added(`${channel} ${at}`, text))
      else if (!isObject(piece)) this.#odd('thinking', piece)
      else if (this.#isNewPart(`${channel} ${at}`)) this.#otherPart(piece, { in: 'thinking' })
    }
    if (signature === undefined) return
    this.#add({ op: 'patch', choice: this.#number, key: 'thinking', kind: 'thinking', fields: { signature } })
  }

  /** Where events carry all so far, a part that is no text comes again with each. */
  #isNewPart(channel: string): boolean {
    if (this.#cumulative === undefined) return true
    if (this.#cumulative.has(channel)) return false
    this.#cumulative.set(channel, new Cumulative())
    return true
  }

  /** A reference is a citation; what else there is is kept in its place. */
  #otherPart(part: JsonObject, where: JsonObject = {}): void {
    this.#mark({ ...where, part: copyFields(part) })
    if (part.type !== 'reference' && part.type !== 'tool_reference') return
    this.#add({ op: 'list', choice: this.#number, key: 'text', kind: 'text', item: copyFields(part) })
  }

  #reasoning(delta: JsonObject, field: (typeof REASONING_FIELDS)[number]): void {
    const text = delta[field]
    if (text === '' || text === null || text === undefined) return
    if (REASONING_FIELDS.slice(0, REASONING_FIELDS.indexOf(field)).some((other) => Boolean(delta[other]))) return
    this.#name(field)
    if (typeof text === 'string') this.#write('thinking', this.#added(field, text))
    else this.#odd('thinking', text)
  }

  /** Beside reasoning as text they say the same. */
  #readDetails(details: readonly JsonValue[], beside: JsonObject): void {
    const text = this.#details.translate(details, this.#sink.operations)
    if (text === '' || REASONING_FIELDS.some((field) => Boolean(beside[field]))) return
    this.#name('reasoning_details')
    this.#write('thinking', text)
  }

  /** The older form of a tool call: one, without an id. */
  #functionCall(call: JsonObject): void {
    const forBlock = { choice: this.#number, key: 'function_call', kind: 'tool_call' } as const
    const name = typeof call.name === 'string' && call.name !== '' ? { name: call.name } : {}
    this.#add({ op: 'patch', ...forBlock, fields: { ...name, origin: 'client' }, wire: { type: 'function_call' } })
    const text = this.#added('function_call', textOf(call.arguments))
    if (text !== '') this.#add({ op: 'append', ...forBlock, text })
  }

  /** What is heard is the block's list, what is read its text. */
  #audio(audio: JsonObject): void {
    const block = { choice: this.#number, key: 'audio', kind: 'media' } as const
    const { data, transcript } = audio
    this.#add({ op: 'patch', ...block, wire: copyFields(audio, AUDIO_PIECES) })
    const text = typeof transcript === 'string' ? this.#added('transcript', transcript) : ''
    if (text !== '') this.#add({ op: 'append', ...block, text })
    if (typeof data === 'string' && data !== '') this.#add({ op: 'list', ...block, item: data })
  }

  #annotations(annotations: JsonValue | undefined): void {
    if (!Array.isArray(annotations)) {
      this.#odd('annotations', annotations)
      return
    }
    for (const item of annotations) {
      this.#add({ op: 'list', choice: this.#number, key: 'text', kind: 'text', item: copyJson(item) ?? null })
    }
  }

  /** A message that stands whole in a chunk: the answer to a request without streaming, or what some servers send at the end. */
  message(message: JsonObject): void {
    if (bringsReasoning(message)) this.#untag()
    const whole = { op: 'snapshot', choice: this.#number, rank: 0 } as const
    const { refusal } = message
    const reasoning = REASONING_FIELDS.find((field) => nonEmpty(message[field]) !== undefined)
    if (reasoning !== undefined) {
      const text = textOf(message[reasoning])
      this.#thinkingLength = Math.max(this.#thinkingLength, text.length)
      this.#add({ ...whole, key: 'thinking', kind: 'thinking', text, wire: { field: reasoning } })
    }
    const isFirst = this.#kind === undefined
    if (isFirst && Array.isArray(message.reasoning_details)) this.#readDetails(message.reasoning_details, message)
    this.#wholeContent(message, isFirst)
    if (typeof refusal === 'string' && refusal !== '') {
      this.#add({ ...whole, key: 'refusal', kind: 'refusal', text: refusal })
    }
    if (Array.isArray(message.tool_calls)) this.#calls.translateWhole(message.tool_calls, this.#sink.operations)
    const call = message.function_call
    if (isObject(call)) {
      const fields = { ...(typeof call.name === 'string' ? { name: call.name } : {}), origin: 'client' } as const
      const text = textOf(call.arguments)
      this.#add({ ...whole, key: 'function_call', kind: 'tool_call', text, fields, wire: { type: 'function_call' } })
    }
    if (isObject(message.audio)) this.#wholeAudio(message.audio)
    const rest = { ...copyFields(message, WHOLE_MESSAGE), ...emptyFields(message) }
    for (const field of REASONING_FIELDS) if (typeof rest[field] === 'string') delete rest[field]
    if (Array.isArray(rest.reasoning_details) && rest.reasoning_details.length > 0) delete rest.reasoning_details
    if (Object.keys(rest).length > 0) {
      this.#add({ op: 'meta', choice: this.#number, path: ['message'], wire: rest })
    }
  }

  /** Content that is a list, or has tags, is read like a stream, unless one said it already. */
  #wholeContent({ content, annotations }: JsonObject, isFirst: boolean): void {
    const whole = { op: 'snapshot', choice: this.#number, rank: 0 } as const
    const items = Array.isArray(annotations) ? { items: annotations } : {}
    if (Array.isArray(content)) {
      if (isFirst) this.#parts(content)
    } else if (typeof content === 'string' && content !== '') {
      if (this.#tags !== undefined && isFirst) {
        this.#text('text', content)
        this.settle()
        if (items.items !== undefined) this.#annotations(items.items)
      } else {
        const said = this.#tags === undefined ? { text: content, thinking: '' } : untagged(content)
        if (said.thinking !== '') this.#add({ ...whole, key: 'thinking', kind: 'thinking', text: said.thinking })
        this.#add({ ...whole, key: 'text', kind: 'text', text: said.text, ...items })
      }
    }
  }

  #wholeAudio(audio: JsonObject): void {
    const { data, transcript } = audio
    const text = typeof transcript === 'string' ? { text: transcript } : {}
    const items = typeof data === 'string' ? { items: [data] } : {}
    const block = { choice: this.#number, key: 'audio', kind: 'media' } as const
    this.#add({ op: 'snapshot', rank: 0, ...block, ...text, ...items, wire: copyFields(audio, AUDIO_PIECES) })
  }

  /** A field that says something and is not what it should be. */
  #odd(field: string, value: JsonValue | undefined): void {
    if (value !== undefined && value !== null && value !== '') this.#add(malformed({ [field]: value }, this.#number))
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

/** Whether reasoning stands in a field of its own. */
function bringsReasoning(message: JsonObject): boolean {
  if (REASONING_FIELDS.some((field) => Boolean(message[field]))) return true
  const { reasoning_details: details, content } = message
  if (Array.isArray(details) && details.length > 0) return true
  return Array.isArray(content) && content.some((part) => isObject(part) && part.type === 'thinking')
}

function untagged(content: string): { readonly text: string; readonly thinking: string } {
  const tags = new ThinkTags()
  const joined = { text: '', thinking: '' }
  for (const piece of [...tags.split(content), ...tags.rest()]) if ('kind' in piece) joined[piece.kind] += piece.text
  return joined
}

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
