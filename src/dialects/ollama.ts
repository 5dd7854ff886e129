/**
 * Ollama's own API (docs.ollama.com/api/chat, …/api/generate): one JSON object a line, each with what is new, the last one with `done: true`.
 * That one may hold content too, and is read like any other before it ends the answer.
 *
 * A tool call comes whole, in any line, and none has an end of its own. Ignored on purpose: a `role` that is the assistant's.
 */
import { copyFields, copyJson, isObject, nonEmpty, wordOf, type JsonObject, type JsonValue } from '../json.ts'
import type { AssistantMessage, StopReason } from '../message.ts'
import type { Operation, UsageCounts } from '../operation.ts'
import type { Beginning, DialectDefinition, ProviderEvent } from './dialect.ts'
import { readError, reportsError } from './error.ts'
import { malformed } from './malformed.ts'

type Operations = Operation[]

const STOP_REASONS: ReadonlyMap<string, StopReason> = new Map([
  ['stop', 'end_turn'],
  ['length', 'max_tokens'],
  // Nothing was asked but to load the model, or to let it go.
  ['load', 'end_turn'],
  ['unload', 'end_turn'],
])

const COUNTS: ReadonlySet<string> = new Set(['prompt_eval_count', 'eval_count'])

export const ollama: DialectDefinition<'ollama'> = {
  name: 'ollama',
  opensBlocks: false,
  recognisesReplay: 'after_stop',
  endsBy: 'event',
  answersCalls: false,
  createTranslate() {
    const translator = new OllamaTranslator()
    return (event) => ({ operations: translator.translate(event) })
  },
  looksLike,
  begins,
  toNative: ([message]) => (message === undefined ? null : toNative(message)),
}

function looksLike({ payload }: ProviderEvent): 'yes' | 'no' {
  if (!isObject(payload) || typeof payload.done !== 'boolean' || typeof payload.model !== 'string') return 'no'
  const { message, response } = payload
  const isChat = isObject(message) && typeof message.role === 'string'
  return isChat || typeof response === 'string' || 'created_at' in payload ? 'yes' : 'no'
}

/** No event begins an answer, and none has an id: another stream is another answer. */
function begins({ payload }: ProviderEvent): Beginning {
  return isObject(payload) && 'done' in payload ? 'other' : 'unknown'
}

class OllamaTranslator {
  #hasBegun = false
  #calls = 0
  #images = 0
  #hasThinking = false
  #operations: Operations = []

  translate({ payload, name }: ProviderEvent): Operations {
    this.#operations = []
    if (!isObject(payload)) this.#add(malformed(payload))
    else if (payload.error || (!('done' in payload) && reportsError({ payload, name }))) {
      this.#add({ op: 'fail', choice: 'all', error: readError(payload) })
    } else if (!('done' in payload || 'message' in payload || 'response' in payload)) {
      const value = copyFields(payload)
      this.#add({ op: 'anomaly', choice: 0, kind: 'unknown_event', detail: wordOf(payload.type ?? 'no type'), value })
    } else this.#line(payload)
    return this.#operations
  }

  #add(operation: Operation): void {
    this.#operations.push(operation)
  }

  #line(line: JsonObject): void {
    this.#begin(line)
    if (isObject(line.message)) this.#message(line.message)
    else if (line.message !== undefined && line.message !== null) this.#add(malformed(line, 0))
    this.#content(line, line.response)
    if (line.image !== undefined) this.#image(line.image)
    if (Array.isArray(line.logprobs)) {
      this.#add({ op: 'meta', choice: 0, append: copyFields({ logprobs: line.logprobs }) })
    }
    const more = otherFields(line, NOT_WIRE)
    if (more !== undefined) this.#add({ op: 'meta', choice: 0, wire: more })
    if (line.done === true) this.#done(line)
    else if (line.done !== false && line.done !== undefined) this.#add(malformed({ done: line.done }, 0))
  }

  #begin(line: JsonObject): void {
    if (this.#hasBegun) return
    this.#hasBegun = true
    const model = nonEmpty(line.model)
    const wire = copyFields({ created_at: line.created_at, ...('message' in line ? {} : { form: 'generate' }) })
    this.#add({ op: 'begin', choice: 0, ...(model === undefined ? {} : { model }), wire })
  }

  #message(message: JsonObject): void {
    this.#content(message, message.content)
    if (Array.isArray(message.images)) for (const image of message.images) this.#image(image)
    else this.#odd('images', message.images)
    const more = otherFields(message, message.role === 'assistant' ? NOT_MESSAGE_OR_ROLE : NOT_MESSAGE)
    if (more !== undefined) this.#add({ op: 'meta', choice: 0, path: ['message'], wire: more })
  }

  /** In the order in which a model writes, which is not that of the fields. */
  #content(source: JsonObject, text: JsonValue | undefined): void {
    this.#text('thinking', source.thinking)
    // Of an imitator of this API.
    if (source.reasoning_content !== undefined) this.#reasoning(source.reasoning_content)
    this.#text('text', text)
    if (source.tool_calls !== undefined) this.#toolCalls(source.tool_calls)
  }

  #text(kind: 'text' | 'thinking', text: JsonValue | undefined): void {
    if (typeof text !== 'string') this.#odd(kind, text)
    else if (text !== '') this.#add({ op: 'append', choice: 0, key: kind, kind, text })
  }

  #reasoning(text: JsonValue | undefined): void {
    if (!this.#hasThinking && nonEmpty(text) !== undefined) {
      this.#hasThinking = true
      const wire = { field: 'reasoning_content' }
      this.#add({ op: 'patch', choice: 0, key: 'thinking', kind: 'thinking', wire })
    }
    this.#text('thinking', text)
  }

  /** Each entry is another call: an index may be that of the line, or always 0. */
  #toolCalls(calls: JsonValue | undefined): void {
    if (!Array.isArray(calls)) {
      this.#odd('tool_calls', calls)
      return
    }
    for (const call of calls) {
      const own = isObject(call) ? call.function : undefined
      if (!isObject(call) || !isObject(own)) {
        this.#add(malformed(call, 0))
        continue
      }
      const block = { choice: 0, key: `call ${this.#calls}`, kind: 'tool_call' } as const
      this.#calls += 1
      const fields = { id: nonEmpty(call.id) ?? null, name: nonEmpty(own.name) ?? null }
      const wire = copyFields(call, NOT_CALL)
      const more = copyFields(own, NOT_FUNCTION)
      if (Object.keys(more).length > 0) wire.function = more
      this.#add({ op: 'snapshot', ...block, rank: 3, fields, wire, text: argumentsOf(own.arguments), closes: true })
    }
  }

  #image(image: JsonValue | undefined): void {
    if (typeof image !== 'string') {
      this.#odd('image', image)
      return
    }
    const key = `image ${this.#images}`
    this.#images += 1
    this.#add({ op: 'snapshot', choice: 0, key, kind: 'media', rank: 3, items: [image], closes: true })
  }

  #done(line: JsonObject): void {
    const model = nonEmpty(line.model)
    // Each line has a time of its own; the whole answer has that of the last.
    const wire = copyFields({ done: true, created_at: line.created_at })
    this.#add({ op: 'meta', choice: 0, ...(model === undefined ? {} : { model }), wire })
    const raw: JsonObject = {}
    for (const key of COUNTS) if (Object.hasOwn(line, key)) Object.assign(raw, copyFields({ [key]: line[key] }))
    if (Object.keys(raw).length > 0) this.#add({ op: 'usage', choice: 0, counts: countsOf(raw), raw })
    const reason = line.done_reason
    if (typeof reason === 'string' && reason !== '') {
      this.#add({ op: 'stop', choice: 0, reason: STOP_REASONS.get(reason) ?? 'unknown', raw: reason })
    }
    this.#add({ op: 'terminal', choice: 'all', strength: 'hard' })
  }

  /** A field that says something and is not what it should be. */
  #odd(field: string, value: JsonValue | undefined): void {
    if (value !== undefined && value !== null && value !== '') this.#add(malformed({ [field]: value }, 0))
  }
}

const NOT_WIRE: ReadonlySet<string> = new Set([
  'model',
  'created_at',
  'message',
  'response',
  'thinking',
  'reasoning_content',
  'tool_calls',
  'image',
  'logprobs',
  'done',
  'done_reason',
  ...COUNTS,
])
const NOT_MESSAGE: ReadonlySet<string> = new Set(['content', 'thinking', 'reasoning_content', 'tool_calls', 'images'])
const NOT_MESSAGE_OR_ROLE: ReadonlySet<string> = new Set([...NOT_MESSAGE, 'role'])
const NOT_CALL: ReadonlySet<string> = new Set(['id', 'function'])
const NOT_FUNCTION: ReadonlySet<string> = new Set(['name', 'arguments'])

/** What else there is, if there is anything: most lines have nothing. */
function otherFields(source: JsonObject, except: ReadonlySet<string>): JsonObject | undefined {
  for (const key in source) if (!except.has(key)) return copyFields(source, except)
  return undefined
}

/** The arguments are an object; some servers send its JSON. */
function argumentsOf(value: JsonValue | undefined): string {
  if (typeof value === 'string') return value
  return value === undefined || value === null ? '' : JSON.stringify(copyJson(value) ?? null)
}

function countsOf({ prompt_eval_count: input, eval_count: output }: JsonObject): UsageCounts {
  return {
    ...(typeof input === 'number' ? { inputTokens: input } : {}),
    ...(typeof output === 'number' ? { outputTokens: output } : {}),
  }
}

/** As the answer to a request without streaming. What has not ended has no `done: true`. */
function toNative(message: AssistantMessage): JsonObject {
  const { form, message: more, created_at, done, ...wire } = copyFields(message.wire)
  const { content } = message
  const textOf = (type: 'text' | 'thinking'): string =>
    content.map((block) => (block.type === type ? block.text : '')).join('')
  const thinking = content.find((block) => block.type === 'thinking')
  const field = typeof thinking?.wire.field === 'string' ? thinking.wire.field : 'thinking'
  const calls = content.flatMap((block): JsonObject[] => {
    if (block.type !== 'tool_call') return []
    const { function: own, ...rest } = copyFields(block.wire)
    const id = block.idSource === 'wire' ? { id: block.id } : {}
    const input = block.state === 'complete' ? copyFields(block.input) : {}
    return [{ ...id, ...rest, function: { ...(isObject(own) ? own : {}), name: block.name, arguments: input } }]
  })
  const images = content.flatMap((block) => (block.type === 'media' && block.data !== undefined ? [block.data] : []))
  const own = {
    ...(thinking === undefined ? {} : { [field]: textOf('thinking') }),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  }
  const answer: JsonObject =
    form === 'generate'
      ? { response: textOf('text'), ...own, ...(images[0] === undefined ? {} : { image: images[0] }) }
      : {
          message: {
            role: 'assistant',
            ...(isObject(more) ? more : {}),
            content: textOf('text'),
            ...own,
            ...(images.length > 0 ? { images } : {}),
          },
        }
  return {
    ...(message.model === undefined ? {} : { model: message.model }),
    ...(created_at === undefined ? {} : { created_at }),
    ...answer,
    done: done === true,
    ...(message.stop.raw === null ? {} : { done_reason: message.stop.raw }),
    ...wire,
    ...copyFields(message.rawUsage ?? {}),
  }
}
