/**
 * The UI message stream of the AI SDK (ai-sdk.dev/docs/ai-sdk-ui/stream-protocol, the type `UIMessageChunk`), as server-sent events or as
 * the chunks of `toUIMessageStream()`, of the versions 5 to 7; also a whole `UIMessage`. One message spans all steps from `start` to
 * `finish`. `finish` is not yet the end, since a server may write more parts after it; `[DONE]` is. Without `finish` before it, or with a call
 * that began and came to nothing, the message was cut.
 *
 * A call that has its output in the stream, was refused, or waits for an approval is `provider`: it is nobody's to run any more. What is
 * left is for the client, as the SDK's own `onToolCall` has it.
 *
 * Ignored on purpose: data parts that are transient, which are no part of the message; `finish-step`.
 */
import { copyFields, copyJson, isObject, nonEmpty, wordOf, type JsonObject } from '../json.ts'
import type { Translation } from '../operation.ts'
import { abortOf, cutOf, dataOf, errorOf, finishError, idOf, Parts, stopOf } from './ai-sdk-parts.ts'
import { uiMessagesToNative } from './ai-sdk-ui-native.ts'
import type { Beginning, DialectDefinition, ProviderEvent } from './dialect.ts'
import { malformed } from './malformed.ts'

/** As of any stream that ends before its time. */
const UNFINISHED = 'the stream ended before the last event of its protocol'

/** Metadata is merged field by field down to here. */
const METADATA_DEPTH = 8

export const aiSdkUi: DialectDefinition<'ai-sdk-ui'> = {
  name: 'ai-sdk-ui',
  opensBlocks: true,
  recognisesReplay: 'at_begin',
  endsBy: 'mark',
  carriesMany: true,
  runsCalls: true,
  createTranslate() {
    const translator = new UiTranslator()
    return (event) => translator.translate(event)
  },
  looksLike,
  begins,
  joinsMessages: true,
  answersCalls: true,
  toNative: uiMessagesToNative,
}

/** Many words are also those of `fullStream`: there the fields have other names. */
function looksLike({ payload }: ProviderEvent): 'yes' | 'no' | 'maybe' {
  if (payload === '[DONE]') return 'maybe'
  if (!isObject(payload)) return 'no'
  if (isMessage(payload)) return 'yes'
  const { type } = payload
  const has = (...names: readonly string[]): boolean => names.every((name) => name in payload)
  switch (type) {
    case 'start':
      return has('messageId') || has('messageMetadata') ? 'yes' : 'maybe'
    case 'start-step':
    case 'finish-step':
    case 'reset-step':
      return Object.keys(payload).length === 1 ? 'yes' : 'no'
    case 'text-start':
    case 'reasoning-start':
    case 'text-end':
    case 'reasoning-end':
    case 'finish':
    case 'abort':
      return 'maybe'
    case 'text-delta':
    case 'reasoning-delta':
      return has('id', 'delta') && typeof payload.delta === 'string' ? 'yes' : 'no'
    case 'error':
      return typeof payload.errorText === 'string' ? 'yes' : 'maybe'
    case 'tool-input-start':
    case 'tool-input-available':
    case 'tool-input-error':
      return has('toolCallId', 'toolName') ? 'yes' : 'no'
    case 'tool-input-delta':
      return has('toolCallId', 'inputTextDelta') ? 'yes' : 'no'
    case 'tool-output-available':
      return has('toolCallId', 'output') ? 'yes' : 'no'
    case 'tool-output-error':
      return has('toolCallId', 'errorText') ? 'yes' : 'no'
    case 'tool-output-denied':
      return has('toolCallId') && !has('toolName') ? 'yes' : 'no'
    case 'tool-approval-request':
      return has('approvalId', 'toolCallId') ? 'yes' : 'no'
    case 'source-url':
    case 'source-document':
      return has('sourceId') ? 'yes' : 'no'
    case 'file':
    case 'reasoning-file':
      return has('url', 'mediaType') ? 'yes' : 'no'
    case 'message-metadata':
      return has('messageMetadata') ? 'yes' : 'no'
    default:
      return typeof type === 'string' && type.startsWith('data-') && has('data') ? 'yes' : 'no'
  }
}

function isMessage({ role, parts, id, type }: JsonObject): boolean {
  if (type !== undefined || role !== 'assistant' || typeof id !== 'string' || !Array.isArray(parts)) return false
  return parts.every((part) => isObject(part) && typeof part.type === 'string')
}

function begins({ payload }: ProviderEvent, known: string | undefined): Beginning {
  if (!isObject(payload) || !(payload.type === 'start' || isMessage(payload))) return 'nothing'
  return known !== undefined && (payload.messageId ?? payload.id) === known ? 'same' : 'other'
}

class UiTranslator {
  readonly #parts = new Parts()
  /** What of the message was seen: nothing yet, something, its `finish`, or its end. */
  #seen: 'nothing' | 'some' | 'finish' | 'end' = 'nothing'
  #hasFailed = false
  /** Nothing has come since the step began: the same event again begins no other. */
  #isFresh = false

  translate({ payload, name }: ProviderEvent): Translation {
    // What was thrown while an event was read must not stand before the next.
    this.#parts.take()
    if (payload === '[DONE]') this.#done()
    else if (!isObject(payload)) this.#parts.add(malformed(payload))
    else if (isMessage(payload)) this.#whole(payload)
    else this.#chunk(payload, wordOf(payload.type ?? name))
    return { operations: this.#parts.take() }
  }

  #done(): void {
    if (this.#seen !== 'some' && this.#seen !== 'finish') return
    // The SDK writes it wherever its source ends, also if that was cut; `finish` comes only of one that was not.
    if (this.#seen === 'some' && !this.#hasFailed) this.#parts.add(cutOf({ message: UNFINISHED }))
    this.#end()
  }

  #end(): void {
    this.#parts.add({ op: 'terminal', choice: 'all', strength: 'hard' })
    this.#seen = 'end'
  }

  #chunk(chunk: JsonObject, type: string): void {
    if (type === 'start') {
      this.#start(chunk)
      return
    }
    if (type === 'start-step') this.#step()
    else this.#isFresh = false
    if (this.#seen === 'nothing') this.#seen = 'some'
    this.#content(chunk, type)
  }

  #start({ messageId, messageMetadata }: JsonObject): void {
    const id = nonEmpty(messageId)
    // Where streams are merged each brings its own beginning; one without an id says nothing.
    if (id !== undefined || this.#seen !== 'some') {
      if (this.#seen === 'finish') this.#end()
      this.#parts.begin()
      this.#parts.add({ op: 'begin', choice: 0, ...(id === undefined ? {} : { id }) })
      this.#seen = 'some'
      this.#hasFailed = false
      this.#isFresh = false
    }
    this.#metadata(messageMetadata)
  }

  #step(): void {
    if (!this.#isFresh) this.#parts.nextStep()
    this.#isFresh = true
    this.#parts.add({ op: 'meta', choice: 0, wire: { steps: this.#parts.step } })
  }

  #content(chunk: JsonObject, type: string): void {
    const parts = this.#parts
    const id = idOf(chunk.toolCallId)
    const wire = { step: parts.step }
    switch (type) {
      case 'text-delta':
      case 'reasoning-delta':
        if (typeof chunk.delta !== 'string') parts.add(malformed(chunk))
        else parts.delta(type === 'text-delta' ? 'text' : 'thinking', chunk, chunk.delta)
        return
      case 'text-start':
      case 'reasoning-start':
        parts.start(type === 'text-start' ? 'text' : 'thinking', chunk, wire)
        return
      case 'text-end':
      case 'reasoning-end':
        parts.end(type === 'text-end' ? 'text' : 'thinking', chunk, { isDone: true })
        return
      case 'tool-input-start':
        parts.callStart(id, chunk, wire)
        return
      case 'tool-input-delta':
        if (typeof chunk.inputTextDelta === 'string') parts.callDelta(id, chunk.inputTextDelta)
        else parts.add(malformed(chunk))
        return
      case 'tool-input-available':
        this.#call(id, chunk, false, { state: 'input-available' })
        return
      case 'tool-input-error':
        this.#refused(id, chunk)
        return
      case 'tool-approval-request':
      case 'tool-approval-response':
        this.#approval(chunk, type)
        return
      case 'tool-output-available':
        parts.result(id, chunk, copyJson(chunk.output), false, wire)
        return
      case 'tool-output-error':
        parts.result(id, chunk, copyJson(chunk.errorText), true, wire)
        return
      case 'tool-output-denied':
        parts.result(id, chunk, undefined, true, { ...wire, isDenied: true })
        return
      case 'source-url':
      case 'source-document': {
        const name = [chunk.sourceId, chunk.url, chunk.title].map(wordOf).join(' ')
        parts.block(`source:${name}`, 'other', { wire: { ...copyFields(chunk), ...wire } })
        return
      }
      case 'file':
      case 'reasoning-file':
        this.#file(chunk)
        return
      case 'custom':
      case 'steering-message':
        parts.block(undefined, 'other', { wire: { ...copyFields(chunk), ...wire } })
        return
      case 'message-metadata':
        this.#metadata(chunk.messageMetadata)
        return
      case 'finish':
        this.#finish(chunk)
        return
      case 'abort':
        parts.add(abortOf(chunk))
        this.#seen = 'end'
        return
      case 'error':
        this.#hasFailed = true
        parts.add({
          op: 'fail',
          choice: 'all',
          strength: 'soft',
          error: { ...errorOf(chunk.errorText), body: copyFields(chunk) },
        })
        return
      case 'start-step':
      case 'finish-step':
        return
      default:
        this.#other(chunk, type)
    }
  }

  #other(chunk: JsonObject, type: string): void {
    if (!type.startsWith('data-')) {
      const value = copyJson(chunk) ?? null
      this.#parts.add({ op: 'anomaly', choice: 0, kind: 'unknown_event', detail: type, value })
      return
    }
    if (chunk.transient === true) return
    const id = idOf(chunk.id)
    // The part stands in a field of its own, so that whatever comes under the same id replaces the whole of it.
    const wire = { part: copyFields(chunk), step: this.#parts.step }
    const name = id === '' ? undefined : `${type}:${id}`
    if (name !== undefined && this.#parts.has(name)) this.#parts.replace(name, { part: wire.part })
    else this.#parts.block(name, 'other', { wire })
  }

  #call(id: string, chunk: JsonObject, isRefused: boolean, wire: JsonObject): void {
    const { step } = this.#parts
    const place = this.#parts.has(`call:${id}`) ? {} : { step }
    this.#parts.call(id, chunk, chunk.input, isRefused, { ...place, ...wire })
  }

  #refused(id: string, chunk: JsonObject): void {
    const { providerMetadata: resultProviderMetadata, ...call } = chunk
    this.#call(
      id,
      call,
      true,
      copyFields({ state: 'output-error', errorText: chunk.errorText, resultProviderMetadata }),
    )
  }

  #approval(chunk: JsonObject, type: string): void {
    const { approvalId, toolCallId, approvalDescriptor, reason, ...rest } = chunk
    const isRequest = type === 'tool-approval-request'
    if (!isRequest) {
      this.#parts.block(`${type}:${idOf(approvalId)}`, 'other', {
        wire: { ...copyFields(chunk), step: this.#parts.step },
      })
      return
    }
    const fields = copyFields(rest, new Set(['type']))
    const approval: JsonObject = { id: approvalId ?? '', ...fields }
    if (approvalDescriptor !== undefined) approval.descriptor = copyJson(approvalDescriptor) ?? null
    if (reason !== undefined) approval.requestReason = copyJson(reason) ?? null
    this.#parts.patchCall(idOf(toolCallId), { approval }, true)
  }

  #file(chunk: JsonObject): void {
    const mediaType = wordOf(chunk.mediaType)
    const base64 = typeof chunk.url === 'string' ? dataOf(chunk.url, mediaType) : undefined
    const rest = copyFields(chunk, new Set(base64 === undefined ? [] : ['url']))
    this.#parts.file(mediaType, base64, { ...rest, step: this.#parts.step })
  }

  #finish(chunk: JsonObject): void {
    this.#metadata(chunk.messageMetadata)
    if (!this.#hasFailed && this.#parts.isCut(chunk)) {
      const { finishReason } = chunk
      this.#parts.add({ op: 'meta', choice: 0, wire: copyFields({ finishReason }) }, cutOf({ strength: 'soft' }))
    } else this.#parts.add(...stopOf(chunk))
    if (chunk.finishReason === 'error' && !this.#hasFailed) {
      this.#parts.add({ op: 'fail', choice: 'all', strength: 'soft', error: finishError() })
    }
    this.#parts.add({ op: 'terminal', choice: 'all', strength: 'soft' })
    if (this.#seen === 'some') this.#seen = 'finish'
  }

  #metadata(metadata: unknown, path: readonly [string, ...string[]] = ['metadata']): void {
    if (metadata === undefined || metadata === null) return
    if (!isObject(metadata)) {
      this.#parts.add({ op: 'meta', choice: 0, wire: { metadata: copyJson(metadata) ?? null } })
      return
    }
    const own: JsonObject = {}
    const nested: [string, JsonObject][] = []
    for (const [name, value] of Object.entries(copyFields(metadata))) {
      if (name === '__proto__') continue
      if (isObject(value) && path.length < METADATA_DEPTH) nested.push([name, value])
      else own[name] = value
    }
    this.#parts.add({ op: 'meta', choice: 0, path, wire: own })
    for (const [name, value] of nested) this.#metadata(value, [...path, name])
  }

  /** A message as it is stored. Whether it is whole is told by the states of its parts. */
  #whole(message: JsonObject): void {
    this.#start({ messageId: message.id ?? '', messageMetadata: message.metadata ?? null })
    let isWhole = true
    for (const [index, part] of (Array.isArray(message.parts) ? message.parts : []).entries()) {
      if (!isObject(part)) continue
      if (part.state === 'streaming' || part.state === 'input-streaming') isWhole = false
      this.#wholePart(part, wordOf(part.type), index)
    }
    if (isWhole) this.#end()
  }

  #wholePart(part: JsonObject, type: string, index: number): void {
    this.#isFresh = false
    if (type === 'step-start') this.#chunk(part, 'start-step')
    else if (type === 'text' || type === 'reasoning') {
      const kind = type === 'text' ? 'text' : 'thinking'
      const { state, ...rest } = part
      const named = { ...rest, id: part.id ?? index }
      this.#parts.start(kind, named, { step: this.#parts.step })
      if (typeof part.text === 'string') this.#parts.delta(kind, { id: named.id }, part.text)
      if (state !== 'streaming') this.#parts.end(kind, { id: named.id }, { isDone: true })
    } else if (type === 'dynamic-tool' || type.startsWith('tool-')) this.#wholeCall(part, type)
    else this.#chunk(part, type)
  }

  #wholeCall(part: JsonObject, type: string): void {
    const id = idOf(part.toolCallId)
    const isDynamic = type === 'dynamic-tool'
    const { state, input, rawInput, output, errorText, approval, preliminary, ...rest } = part
    const { callProviderMetadata, resultProviderMetadata, ...named } = rest
    const call: JsonObject = {
      ...named,
      toolName: isDynamic ? (part.toolName ?? '') : type.slice('tool-'.length),
      ...(isDynamic ? { dynamic: true } : {}),
      ...(callProviderMetadata === undefined ? {} : { providerMetadata: callProviderMetadata }),
    }
    const answer: JsonObject = resultProviderMetadata === undefined ? {} : { providerMetadata: resultProviderMetadata }
    if (state === 'input-streaming') {
      this.#parts.callStart(id, call, { step: this.#parts.step })
      this.#parts.callDelta(id, typeof rawInput === 'string' ? rawInput : '')
      return
    }
    if (state === 'output-error' && input === undefined) {
      this.#refused(id, { ...call, ...answer, input: rawInput ?? null, errorText: errorText ?? null })
      return
    }
    this.#call(id, { ...call, input: input ?? null }, false, { state: 'input-available' })
    if (isObject(approval)) this.#parts.patchCall(id, { approval: copyFields(approval) }, true)
    if (state === 'output-available') {
      this.#parts.result(id, { ...answer, preliminary: preliminary ?? false }, copyJson(output) ?? null, false)
    } else if (state === 'output-error') this.#parts.result(id, answer, copyJson(errorText) ?? null, true)
    else if (state === 'output-denied') this.#parts.result(id, {}, undefined, true, { isDenied: true })
  }
}
