/**
 * The parts of the `fullStream` of the AI SDK's `streamText` (ai-sdk.dev/docs/reference/ai-sdk-core/stream-text, the type `TextStreamPart`),
 * as the iterator gives them or as JSON, of the versions 5 to 7; also those of version 4 under their older names, and the result of
 * `generateText`. Each step is one message, which `finish-step` ends; the id of its answer comes there.
 *
 * A call that the SDK answers in the stream, by running it, by refusing it or by asking for an approval, is `provider`: it is nobody's to
 * run any more. What is left is for the caller.
 *
 * A stream of the model that was cut has a `finish-step` too: the SDK makes one up, with the reason `other` (in version 5 `unknown`). So a
 * step is only complete if each call that began became a `tool-call`, and if that reason is the only one, each block ended and tokens
 * were counted.
 *
 * Ignored on purpose: `start`, `raw` and `ping`; of `start-step` the request; of `finish-step` the headers and messages of the response;
 * `finish`, which sums up what the steps have said; `tool-input-end`, since the call follows; the input that a result repeats.
 */
import { copyFields, copyJson, isObject, nonEmpty, wordOf, type JsonObject, type JsonValue } from '../json.ts'
import type { Operation, Translation, UsageCounts } from '../operation.ts'
import { stepsToNative } from './ai-sdk-native.ts'
import { abortOf, cutOf, errorOf, finishError, idOf, lacksReason, Parts, stopOf } from './ai-sdk-parts.ts'
import type { Beginning, DialectDefinition, ProviderEvent } from './dialect.ts'
import { malformed } from './malformed.ts'

const NOT_SOURCE: ReadonlySet<string> = new Set(['type'])
const NOT_FINISH: ReadonlySet<string> = new Set(
  'type finishReason usage totalUsage response request content'.split(' '),
)
const NOT_CUSTOM: ReadonlySet<string> = new Set(['file'])

export const aiSdk: DialectDefinition<'ai-sdk'> = {
  name: 'ai-sdk',
  opensBlocks: true,
  recognisesReplay: 'at_begin',
  endsBy: 'event',
  carriesMany: true,
  runsCalls: true,
  createTranslate() {
    const translator = new StepTranslator()
    return (event) => translator.translate(event)
  },
  looksLike,
  begins,
  joinsMessages: true,
  answersCalls: true,
  toNative: stepsToNative,
}

/** Many words are also those of the UI stream: there the fields have other names. */
function looksLike({ payload }: ProviderEvent): 'yes' | 'no' | 'maybe' {
  if (!isObject(payload)) return 'no'
  if (isResult(payload)) return 'yes'
  const has = (...names: readonly string[]): boolean => names.every((name) => name in payload)
  switch (payload.type) {
    case 'start':
    case 'text-start':
    case 'reasoning-start':
    case 'text-end':
    case 'reasoning-end':
    case 'abort':
      return 'maybe'
    case 'error':
      return 'errorText' in payload ? 'no' : 'maybe'
    case 'start-step':
      return has('request', 'warnings') ? 'yes' : 'no'
    case 'step-start':
      return has('messageId') ? 'yes' : 'no'
    case 'text-delta':
      return has('id', 'text') || has('textDelta') ? 'yes' : 'no'
    case 'reasoning-delta':
      return has('id', 'text') ? 'yes' : 'no'
    case 'reasoning':
      return has('textDelta') ? 'yes' : 'no'
    case 'tool-input-start':
      return has('id', 'toolName') ? 'yes' : 'no'
    case 'tool-input-delta':
      return has('id', 'delta') ? 'yes' : 'no'
    case 'tool-call':
    case 'tool-call-streaming-start':
    case 'tool-call-delta':
    case 'tool-result':
    case 'tool-error':
    case 'tool-output-denied':
      return has('toolCallId', 'toolName') ? 'yes' : 'no'
    case 'tool-approval-request':
      return has('approvalId') && isObject(payload.toolCall) ? 'yes' : 'no'
    case 'source':
      return has('sourceType', 'id') || isObject(payload.source) ? 'yes' : 'no'
    case 'file':
    case 'reasoning-file':
      return isObject(payload.file) ? 'yes' : 'no'
    case 'finish-step':
    case 'step-finish':
      return has('usage', 'response') ? 'yes' : 'no'
    case 'finish':
      return has('totalUsage') ? 'yes' : 'no'
    case 'raw':
      return has('rawValue') ? 'yes' : 'no'
    default:
      return 'no'
  }
}

/** The result of `generateText`: its steps, each with content. */
function isResult({ type, steps }: JsonObject): boolean {
  if (type !== undefined || !Array.isArray(steps) || steps.length === 0) return false
  return steps.every((step) => isObject(step) && Array.isArray(step.content) && typeof step.finishReason === 'string')
}

/** Nothing of it names what came before. */
function begins({ payload }: ProviderEvent): Beginning {
  return isObject(payload) && (payload.type === 'start' || payload.type === 'start-step') ? 'other' : 'nothing'
}

class StepTranslator {
  readonly #parts = new Parts()
  #isOpen = false
  /** Another step is to come: the first, or one that goes on with the results of tools. */
  #awaitsStep = true
  /** Since the last step began an error was told. */
  #hasFailed = false

  translate({ payload, name }: ProviderEvent): Translation {
    if (!isObject(payload)) return { operations: [malformed(payload)] }
    // What was thrown while an event was read must not stand before the next.
    this.#parts.take()
    if (isResult(payload)) this.#whole(payload)
    else this.#part(payload, wordOf(payload.type ?? name))
    return { operations: this.#parts.take() }
  }

  #part(part: JsonObject, type: string): void {
    const parts = this.#parts
    const id = idOf(part.toolCallId ?? part.id)
    switch (type) {
      case 'text-delta':
      case 'reasoning-delta':
      case 'reasoning':
        this.#delta(type === 'text-delta' ? 'text' : 'thinking', part)
        return
      case 'text-start':
        parts.start('text', part)
        return
      case 'reasoning-start':
        parts.start('thinking', part)
        return
      case 'text-end':
        parts.end('text', part)
        return
      case 'reasoning-end':
        parts.end('thinking', part)
        return
      case 'reasoning-signature':
      case 'redacted-reasoning':
        this.#opaque(part)
        return
      case 'tool-input-start':
      case 'tool-call-streaming-start':
        parts.callStart(id, part)
        return
      case 'tool-input-delta':
      case 'tool-call-delta':
        this.#inputDelta(id, part)
        return
      case 'tool-call':
        parts.call(id, part, 'input' in part ? part.input : part.args, part.invalid === true, { isCall: true })
        return
      case 'tool-result':
        parts.result(id, part, copyJson('output' in part ? part.output : part.result), false)
        return
      case 'tool-error':
        parts.result(id, part, thrownAsJson(part.error), true)
        return
      case 'tool-output-denied':
        parts.result(id, part, undefined, true, { isDenied: true })
        return
      case 'tool-approval-request':
      case 'tool-approval-response':
        this.#approval(part, type)
        return
      case 'source':
        this.#source(part)
        return
      case 'file':
      case 'reasoning-file':
        this.#file(part, type)
        return
      case 'custom':
      case 'steering-message':
        parts.block(undefined, 'other', { wire: copyFields(part, NOT_CUSTOM) })
        return
      case 'start-step':
      case 'step-start':
        this.#begin(part)
        return
      case 'finish-step':
      case 'step-finish':
        this.#finish(part)
        return
      case 'finish':
        // Of a stream without steps.
        if (this.#isOpen) this.#finish({ usage: part.totalUsage ?? null, ...part })
        return
      case 'abort':
        // After the last step nothing was to come any more.
        if (this.#awaitsStep) this.#outside()
        parts.add(abortOf(part))
        this.#isOpen = false
        return
      case 'error':
        this.#error(part)
        return
      case 'start':
      case 'tool-input-end':
      case 'raw':
      case 'ping':
        return
      default:
        parts.add({
          op: 'anomaly',
          choice: 0,
          kind: 'unknown_event',
          detail: type,
          value: copyJson(part) ?? null,
        })
    }
  }

  #begin({ warnings }: JsonObject): void {
    this.#parts.begin()
    this.#isOpen = true
    this.#hasFailed = false
    const wire = Array.isArray(warnings) && warnings.length > 0 ? { warnings: copyJson(warnings) ?? null } : {}
    this.#parts.add({ op: 'begin', choice: 0, wire })
  }

  /** A step that failed, or was given up, before it began is one too: what came before has ended otherwise. */
  #outside(): void {
    if (this.#isOpen || this.#hasFailed) return
    this.#begin({})
    this.#hasFailed = true
  }

  #error({ error }: JsonObject): void {
    const strength = this.#isOpen ? { strength: 'soft' as const } : {}
    this.#outside()
    this.#parts.add({ op: 'fail', choice: 'all', ...strength, error: errorOf(error) })
    this.#hasFailed = true
    if (strength.strength === undefined) this.#isOpen = false
  }

  #finish(part: JsonObject, isWhole = false): void {
    const isCut = !isWhole && !this.#hasFailed && this.#isCut(part)
    const response = isObject(part.response) ? part.response : {}
    const id = nonEmpty(response.id)
    const model = nonEmpty(response.modelId)
    const kept = copyFields({
      timestamp: response.timestamp,
      ...copyFields(part, NOT_FINISH),
      // Of an answer that was cut it is no reason for calls to be run; but it was said.
      ...(isCut ? { finishReason: part.finishReason } : {}),
    })
    this.#parts.add({
      op: 'meta',
      choice: 0,
      ...(id === undefined ? {} : { id }),
      ...(model === undefined ? {} : { model }),
      wire: kept,
    })
    if (isObject(part.usage)) this.#parts.add(usageOf(part.usage))
    this.#parts.add(...(isCut ? [cutOf()] : stopOf(part)))
    if (part.finishReason === 'error' && !this.#hasFailed) {
      this.#parts.add({ op: 'fail', choice: 'all', strength: 'soft', error: finishError() })
    }
    if (!isCut) this.#parts.add({ op: 'terminal', choice: 'all', strength: 'hard' })
    this.#isOpen = false
    this.#hasFailed = false
    this.#awaitsStep = part.finishReason === 'tool-calls'
  }

  /** Neither a reason nor a count: of the model's own end nothing came, only what the SDK makes up for it. */
  #isCut(part: JsonObject): boolean {
    if (this.#parts.isCut(part)) return true
    if (nonEmpty(part.finishReason) === undefined || !lacksReason(part)) return false
    const { usage } = part
    return !isObject(usage) || Object.keys(countsOf(usage)).length === 0
  }

  #delta(kind: 'text' | 'thinking', part: JsonObject): void {
    const text = part.text ?? part.textDelta ?? part.delta
    if (part.id === undefined) this.#parts.unopened(kind, part)
    if (typeof text === 'string') this.#parts.delta(kind, part, text)
    else this.#parts.add(malformed(part))
  }

  /** As version 4 has them. */
  #opaque(part: JsonObject): void {
    if (part.data !== undefined) {
      const fields = { redacted: true as const, encrypted: nonEmpty(part.data) ?? null }
      this.#parts.block(undefined, 'thinking', { fields, wire: {} })
      return
    }
    this.#parts.unopened('thinking', {})
    this.#parts.delta('thinking', { providerMetadata: { reasoning: { signature: part.signature ?? null } } }, '')
  }

  #inputDelta(id: string, part: JsonObject): void {
    const text = part.delta ?? part.argsTextDelta
    if (typeof text === 'string') this.#parts.callDelta(id, text)
    else this.#parts.add(malformed(part))
  }

  #approval(part: JsonObject, type: string): void {
    const { toolCall, ...rest } = part
    const id = isObject(toolCall) ? idOf(toolCall.toolCallId) : ''
    this.#parts.patchCall(id, {}, true)
    const wire = { ...copyFields(rest), type, toolCallId: id }
    this.#parts.block(`${type}:${idOf(part.approvalId)}`, 'other', { wire })
  }

  #source(part: JsonObject): void {
    const source = isObject(part.source) ? part.source : part
    const name = [source.id, source.url, source.title].map(wordOf).join(' ')
    this.#parts.block(`source:${name}`, 'other', { wire: { type: 'source', ...copyFields(source, NOT_SOURCE) } })
  }

  #file(part: JsonObject, type: string): void {
    const file = isObject(part.file) ? part.file : part
    const base64 = nonEmpty(file.base64) ?? nonEmpty(file.base64Data)
    this.#parts.file(wordOf(file.mediaType ?? file.mimeType ?? ''), base64, {
      type,
      ...(isObject(part.providerMetadata) ? { providerMetadata: copyFields(part.providerMetadata) } : {}),
    })
  }

  /** The steps of a whole result. */
  #whole({ steps }: JsonObject): void {
    for (const step of Array.isArray(steps) ? steps : []) {
      if (!isObject(step)) continue
      this.#begin(step)
      for (const [index, part] of (Array.isArray(step.content) ? step.content : []).entries()) {
        if (!isObject(part)) this.#parts.add(malformed(part))
        else if (part.type === 'text' || part.type === 'reasoning') this.#wholeText(part, index)
        else this.#part(part, wordOf(part.type))
      }
      const { finishReason = null, rawFinishReason = null, usage = null, response = null } = step
      this.#finish({ finishReason, usage, response, ...(rawFinishReason === null ? {} : { rawFinishReason }) }, true)
    }
  }

  #wholeText(part: JsonObject, index: number): void {
    const kind = part.type === 'text' ? 'text' : 'thinking'
    const named = { ...part, id: index }
    this.#parts.start(kind, named)
    this.#delta(kind, named)
    this.#parts.end(kind, named)
  }
}

/** An error has no fields of its own that JSON would show. */
function thrownAsJson(error: unknown): JsonValue {
  if (error instanceof Error) return error.message
  return copyJson(error) ?? null
}

function usageOf(usage: JsonObject): Operation {
  return { op: 'usage', choice: 0, counts: countsOf(usage), raw: copyFields(usage) }
}

function countsOf(usage: JsonObject): UsageCounts {
  const input = isObject(usage.inputTokenDetails) ? usage.inputTokenDetails : {}
  const output = isObject(usage.outputTokenDetails) ? usage.outputTokenDetails : {}
  const named: Readonly<Record<keyof UsageCounts, unknown>> = {
    inputTokens: usage.inputTokens ?? usage.promptTokens,
    uncachedInputTokens: undefined,
    outputTokens: usage.outputTokens ?? usage.completionTokens,
    cacheReadTokens: input.cacheReadTokens ?? usage.cachedInputTokens,
    cacheWriteTokens: input.cacheWriteTokens,
    reasoningTokens: output.reasoningTokens ?? usage.reasoningTokens,
  }
  return Object.fromEntries(
    Object.entries(named).flatMap(([name, value]) =>
      typeof value === 'number' && Number.isFinite(value) ? [[name, value]] : [],
    ),
  )
}
