/**
 * The Gemini wire format (ai.google.dev/api/generate-content, and cloud.google.com/vertex-ai/generative-ai/docs/reference/rest of Vertex):
 * `streamGenerateContent` as events or as a JSON array, the answer of `generateContent`, which looks like one chunk, and either of them
 * within the `response` of Code Assist.
 *
 * Nothing ends the protocol: an answer is over if the input ends and its last content was not followed by more than a finish reason. One
 * that comes in between, behind code that the provider runs, is taken, and is no end. A chunk with content and a finish reason that comes
 * again as the last, the same throughout, is a repeat; if other content follows it, or it counts other tokens, it is content.
 *
 * Ignored on purpose: what the SDK adds to a chunk (the HTTP response, the history of the calls that it made itself), an empty text, and a
 * finish reason that is said again.
 */
import {
  copyFields,
  copyJson,
  equalJson,
  isObject,
  mergeFields,
  nonEmpty,
  TooDeepError,
  wordOf,
  type JsonObject,
  type JsonValue,
} from '../json.ts'
import type { OutcomeError, StopReason } from '../message.ts'
import type { Operation, Translation, UsageCounts } from '../operation.ts'
import type { Beginning, DialectDefinition, ProviderEvent } from './dialect.ts'
import { readError } from './error.ts'
import { toGenerateContentResponse } from './gemini-native.ts'
import { GeminiParts } from './gemini-parts.ts'
import { malformed } from './malformed.ts'

/** ai.google.dev/api/generate-content#FinishReason, and the same enumeration of Vertex. */
const STOP_REASONS: ReadonlyMap<string, StopReason> = new Map<string, StopReason>([
  ['STOP', 'end_turn'],
  ['MAX_TOKENS', 'max_tokens'],
  ['CONTINUATION', 'pause'],
  ['OTHER', 'unknown'],
  ...allAs('content_filter', [
    'SAFETY',
    'RECITATION',
    'LANGUAGE',
    'BLOCKLIST',
    'PROHIBITED_CONTENT',
    'SPII',
    'MODEL_ARMOR',
    'IMAGE_SAFETY',
    'IMAGE_PROHIBITED_CONTENT',
    'IMAGE_RECITATION',
  ]),
  ...allAs('error', [
    'MALFORMED_FUNCTION_CALL',
    'UNEXPECTED_TOOL_CALL',
    'MALFORMED_RESPONSE',
    'NO_IMAGE',
    'IMAGE_OTHER',
  ]),
  ...allAs('error', ['TOO_MANY_TOOL_CALLS', 'MISSING_THOUGHT_SIGNATURE']),
])

/** The same request would fail the same way. */
const FINAL: ReadonlySet<string> = new Set(['TOO_MANY_TOOL_CALLS', 'MISSING_THOUGHT_SIGNATURE'])

function allAs(reason: StopReason, raws: readonly string[]): (readonly [string, StopReason])[] {
  return raws.map((raw) => [raw, reason] as const)
}

/** They cut what was under way: a call that was to go on is no fault. */
const CUTTING: ReadonlySet<StopReason> = new Set(['max_tokens', 'content_filter', 'error'])

/** More candidates than anybody asks for. */
const MAX_CANDIDATES = 256

const NOT_WIRE: ReadonlySet<string> = new Set([
  'candidates',
  'usageMetadata',
  'responseId',
  'modelVersion',
  'error',
  'sdkHttpResponse',
  'automaticFunctionCallingHistory',
])
const NOT_CANDIDATE: ReadonlySet<string> = new Set(['content', 'finishReason', 'citationMetadata', 'logprobsResult'])
const NOT_CONTENT: ReadonlySet<string> = new Set(['parts'])

export const gemini: DialectDefinition<'gemini'> = {
  name: 'gemini',
  opensBlocks: false,
  // A chunk that comes again behind its finish reason is known by the chunk as a whole: see `#isAgain`.
  recognisesReplay: 'at_begin',
  endsBy: 'input',
  joinsMessages: true,
  answersCalls: true,
  createTranslate() {
    const translator = new GeminiTranslator()
    return Object.assign((event: ProviderEvent) => translator.translate(event), { end: () => translator.end() })
  },
  looksLike: ({ payload }) => (chunkOf(payload) === undefined ? 'no' : 'yes'),
  begins,
  toNative: toGenerateContentResponse,
}

/** The chunk in a payload. */
function chunkOf(payload: unknown): JsonObject | undefined {
  const inner = unwrapped(payload)
  return isObject(inner) && isChunk(inner) ? inner : undefined
}

function isChunk({ candidates, promptFeedback, usageMetadata }: JsonObject): boolean {
  return Array.isArray(candidates) || isObject(promptFeedback) || isObject(usageMetadata)
}

/** Code Assist puts each chunk, and each error, into a `response`; so do events of other protocols, which say their type. */
function unwrapped(payload: unknown): unknown {
  if (!isObject(payload) || isChunk(payload) || payload.type !== undefined) return payload
  return isObject(payload.response) ? payload.response : payload
}

/** An answer cannot be gone on with: whatever comes from another stream is another one. */
function begins({ payload }: ProviderEvent): Beginning {
  return chunkOf(payload) === undefined ? 'unknown' : 'other'
}

interface Candidate {
  readonly parts: GeminiParts
  readonly last: Map<string, JsonValue>
  finish: string | undefined
  /** Nothing but its finish reason came last. */
  isOver: boolean
  /** The last chunk that brought content and a finish reason, as it was. */
  finishing: Finishing | undefined
  /** How often that chunk came again since. */
  repeats: number
  /** Other content came behind a finish reason: the server says one with each chunk. */
  goesOn: boolean
}

/** What tells a chunk with a finish reason from any other: the whole of it, and how many tokens there were until then. */
interface Finishing {
  readonly source: JsonObject
  readonly usage: JsonValue
  readonly id: string | undefined
}

class GeminiTranslator {
  readonly #candidates = new Map<number, Candidate>()
  readonly #fields: JsonObject = {}
  readonly #counts: { -readonly [K in keyof GeminiCounts]: GeminiCounts[K] } = {}
  #id: string | undefined
  #model: string | undefined
  #operations: Operation[] = []

  translate(event: ProviderEvent): Translation {
    this.#operations = []
    try {
      this.#event(event)
    } catch (error) {
      if (!(error instanceof TooDeepError)) throw error
      // What the chunk said before is kept: it may have begun the message.
      this.#add({ op: 'anomaly', choice: 'all', kind: 'malformed_event', detail: error.message })
    }
    return { operations: this.#operations }
  }

  #event({ payload, name }: ProviderEvent): void {
    const chunk = unwrapped(payload)
    if (!isObject(chunk) || !isObject(payload)) this.#add(malformed(payload))
    else if (isChunk(chunk) || chunk.responseId !== undefined || chunk.error) this.#chunk(chunk)
    else {
      const value = copyFields(payload)
      this.#add({ op: 'anomaly', choice: 0, kind: 'unknown_event', detail: wordOf(payload.type ?? name), value })
    }
  }

  /** The input is over: what came last of a candidate was its end. */
  end(): Translation {
    this.#operations = []
    for (const [choice, candidate] of this.#candidates) {
      if (candidate.repeats > 0) this.#add({ op: 'anomaly', choice, kind: 'repeated_content' })
      candidate.repeats = 0
      if (!candidate.isOver) continue
      if (!CUTTING.has(STOP_REASONS.get(candidate.finish ?? '') ?? 'unknown')) candidate.parts.end(this.#operations)
      this.#add({ op: 'terminal', choice, strength: 'soft' })
    }
    return { operations: this.#operations }
  }

  #add(operation: Operation): void {
    this.#operations.push(operation)
  }

  #chunk(chunk: JsonObject): void {
    this.#envelope(chunk)
    const { candidates, promptFeedback, usageMetadata } = chunk
    for (const source of Array.isArray(candidates) ? candidates : []) {
      if (isObject(source)) this.#candidate(source, usageMetadata)
      else this.#add(malformed(source))
    }
    if (this.#candidates.size === 0 && !chunk.error) this.#of(0)
    if (isObject(promptFeedback)) this.#feedback(promptFeedback)
    if (isObject(usageMetadata)) this.#usage(usageMetadata)
    if (chunk.error) this.#add({ op: 'fail', choice: 'all', error: readError(chunk) })
  }

  /** What a chunk says about the whole answer. Most chunks repeat it. */
  #envelope(chunk: JsonObject): void {
    const id = nonEmpty(chunk.responseId)
    const model = nonEmpty(chunk.modelVersion)
    const isNewId = id !== undefined && id !== this.#id
    const isNewModel = model !== undefined && model !== this.#model
    const wire: JsonObject = {}
    for (const [key, value] of Object.entries(copyFields(chunk, NOT_WIRE))) {
      if (!isEmpty(value) && this.#fields[key] !== value) mergeFields(wire, { [key]: value })
    }
    mergeFields(this.#fields, copyFields(wire))
    if (isNewId) this.#id = id
    if (isNewModel) this.#model = model
    if (this.#candidates.size === 0 || (!isNewId && !isNewModel && Object.keys(wire).length === 0)) return
    this.#add({ op: 'meta', choice: 'all', ...(isNewId ? { id } : {}), ...(isNewModel ? { model } : {}), wire })
  }

  /** The candidate of a number; its first chunk is what begins its message. */
  #of(number: number): Candidate {
    const known = this.#candidates.get(number)
    if (known !== undefined) return known
    const candidate: Candidate = {
      parts: new GeminiParts(number),
      last: new Map(),
      finish: undefined,
      isOver: false,
      finishing: undefined,
      repeats: 0,
      goesOn: false,
    }
    this.#candidates.set(number, candidate)
    this.#add({
      op: 'begin',
      choice: number,
      ...(this.#id === undefined ? {} : { id: this.#id }),
      ...(this.#model === undefined ? {} : { model: this.#model }),
      wire: copyFields(this.#fields),
    })
    return candidate
  }

  #candidate(source: JsonObject, usage: JsonValue | undefined): void {
    const number = this.#numberOf(source)
    const candidate = this.#of(number)
    const { finishing } = candidate
    if (finishing !== undefined && this.#isAgain(candidate, finishing, source, usage)) {
      candidate.repeats += 1
      return
    }
    if (bringsContent(source)) {
      if (finishing !== undefined) {
        candidate.goesOn = true
        // What looked like a repeat was content too.
        for (; candidate.repeats > 0; candidate.repeats -= 1) this.#read(number, candidate, finishing.source)
      }
      candidate.finishing = finishOf(source) === undefined ? undefined : copyOf(source, usage, this.#id)
    }
    this.#read(number, candidate, source)
  }

  /**
   * Whether it is the chunk that came last with a finish reason once more. If it says nothing of tokens, and the server has gone on behind
   * a finish reason before, it is more of the same.
   */
  #isAgain({ goesOn }: Candidate, { source, usage, id }: Finishing, again: JsonObject, count?: JsonValue): boolean {
    if (goesOn && !isObject(count)) return false
    return id === this.#id && equalJson(usage, count ?? null) && equalJson(source, again)
  }

  #read(number: number, candidate: Candidate, source: JsonObject): void {
    const { content, citationMetadata, logprobsResult } = source
    this.#news(number, candidate, 'candidate', copyFields(source, NOT_CANDIDATE))
    if (isObject(content)) this.#content(number, candidate, content)
    else if (content !== undefined && content !== null) this.#add(malformed(source, number))
    if (isObject(citationMetadata)) this.#citations(number, candidate, citationMetadata)
    if (isObject(logprobsResult)) {
      this.#add({ op: 'meta', choice: number, append: { candidate: { logprobsResult: copyFields(logprobsResult) } } })
    }
    const raw = finishOf(source)
    if (raw !== undefined) this.#finish(number, candidate, raw, source)
  }

  #numberOf({ index }: JsonObject): number {
    if (typeof index !== 'number' || !Number.isInteger(index) || index < 0) return 0
    if (this.#candidates.has(index) || this.#candidates.size < MAX_CANDIDATES) return index
    this.#add({ op: 'anomaly', choice: 0, kind: 'choice_ignored' })
    return 0
  }

  /** Fields that were not told before; the first time also if there are none, which shows that there is such an object. */
  #news(choice: number, { last }: Candidate, path: 'candidate' | 'content', fields: JsonObject): void {
    const isFirst = !last.has(path)
    last.set(path, true)
    const wire: JsonObject = {}
    for (const [key, value] of Object.entries(fields)) {
      if (isEmpty(value) || last.get(`${path}.${key}`) === value) continue
      if (isObject(value)) this.#add({ op: 'meta', choice, path: [path, key], wire: value })
      else mergeFields(wire, { [key]: value })
      if (typeof value !== 'object') last.set(`${path}.${key}`, value)
    }
    if (isFirst || Object.keys(wire).length > 0) this.#add({ op: 'meta', choice, path: [path], wire })
  }

  #content(number: number, candidate: Candidate, content: JsonObject): void {
    this.#news(number, candidate, 'content', copyFields(content, NOT_CONTENT))
    const { parts = [] } = content
    for (const part of Array.isArray(parts) ? parts : [parts]) {
      if (!isObject(part)) this.#add(malformed(part, number))
      else if (candidate.parts.translate(part, this.#operations)) candidate.isOver = false
    }
  }

  /** They stand in a list, the name of which differs between the two services. */
  #citations(number: number, candidate: Candidate, metadata: JsonObject): void {
    for (const [name, value] of Object.entries(copyFields(metadata))) {
      if (!Array.isArray(value)) this.#news(number, candidate, 'candidate', { citationMetadata: { [name]: value } })
      else if (candidate.parts.cite(value, this.#operations)) {
        this.#add({ op: 'meta', choice: number, path: ['candidate', 'citationMetadata'], wire: { [name]: [] } })
      } else this.#add({ op: 'meta', choice: number, append: { candidate: { citationMetadata: { [name]: value } } } })
    }
  }

  #finish(choice: number, candidate: Candidate, raw: string, source: JsonObject): void {
    candidate.isOver = true
    if (candidate.finish === raw) return
    const isFirst = candidate.finish === undefined
    candidate.finish = raw
    const reason = STOP_REASONS.get(raw) ?? 'unknown'
    this.#add({ op: 'stop', choice, reason, raw })
    if (!isFirst) this.#add({ op: 'meta', choice, path: ['candidate'], wire: { finishReason: raw } })
    if (reason === 'error') this.#add({ op: 'fail', choice, error: failure(raw, source), strength: 'soft' })
  }

  /** A prompt that was blocked is answered by nothing else. */
  #feedback({ blockReason }: JsonObject): void {
    const raw = nonEmpty(blockReason)
    if (raw === undefined || raw === 'BLOCKED_REASON_UNSPECIFIED') return
    for (const [choice, candidate] of this.#candidates) {
      candidate.isOver = true
      this.#add({ op: 'stop', choice, reason: 'content_filter', raw })
    }
  }

  /** The counts are of the whole answer so far; a chunk may tell some of them only. */
  #usage(usage: JsonObject): void {
    for (const name of COUNTS) {
      const value = usage[name]
      if (typeof value === 'number' && value > 0) this.#counts[name] = value
      else if (value === 0) this.#counts[name] ??= 0
    }
    const { promptTokenCount, toolUsePromptTokenCount, candidatesTokenCount, thoughtsTokenCount } = this.#counts
    const inputTokens = sum(promptTokenCount, toolUsePromptTokenCount)
    const outputTokens = sum(candidatesTokenCount, thoughtsTokenCount)
    const counts: UsageCounts = {
      ...(inputTokens === undefined ? {} : { inputTokens }),
      ...(outputTokens === undefined ? {} : { outputTokens }),
      ...(this.#counts.cachedContentTokenCount === undefined
        ? {}
        : { cacheReadTokens: this.#counts.cachedContentTokenCount }),
      ...(thoughtsTokenCount === undefined ? {} : { reasoningTokens: thoughtsTokenCount }),
    }
    this.#add({ op: 'usage', choice: 'all', counts, raw: copyFields(usage) })
  }
}

function finishOf({ finishReason }: JsonObject): string | undefined {
  const raw = nonEmpty(finishReason)
  // Older servers say with each chunk that they do not know yet.
  return raw === 'FINISH_REASON_UNSPECIFIED' ? undefined : raw
}

/** Whether to read it once more would give anything twice. */
function bringsContent({ content, citationMetadata, logprobsResult }: JsonObject): boolean {
  const parts = isObject(content) ? (content.parts ?? []) : []
  return (
    isObject(citationMetadata) ||
    isObject(logprobsResult) ||
    (Array.isArray(parts) ? parts : [parts]).some((part) => !isObject(part) || hasMoreThanText(part))
  )
}

function hasMoreThanText({ text, thought: _thought, ...more }: JsonObject): boolean {
  return (text !== undefined && text !== '') || Object.keys(more).length > 0
}

/** A copy: what a caller gives may change later. */
function copyOf(source: JsonObject, usage: JsonValue | undefined, id: string | undefined): Finishing {
  return { source: copyFields(source), usage: copyJson(usage) ?? null, id }
}

const COUNTS = [
  'promptTokenCount',
  'toolUsePromptTokenCount',
  'candidatesTokenCount',
  'thoughtsTokenCount',
  'cachedContentTokenCount',
] as const
type GeminiCounts = Partial<Record<(typeof COUNTS)[number], number>>

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined && b === undefined ? undefined : (a ?? 0) + (b ?? 0)
}

function failure(raw: string, { finishMessage }: JsonObject): OutcomeError {
  const message = nonEmpty(finishMessage) ?? `the provider broke off with finishReason ${raw}`
  const { status: _status, ...error } = readError({ message })
  return { ...error, retryable: !FINAL.has(raw), body: { finishReason: raw, finishMessage: finishMessage ?? null } }
}

function isEmpty(value: JsonValue): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0
  return value === null || value === ''
}
