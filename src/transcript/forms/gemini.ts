/** Histories in the form of Gemini's `contents`. */
import { isObject, nonEmpty, type JsonObject, wordOf } from '../../json.ts'
import type { Answered, Call, Element, Other, Result, Said, Step } from '../element.ts'
import { reportMerged, type Form, type RepairContext } from '../form.ts'
import { callOf, partsOf, responseOf, withCallId, withResponse, withResponseOf } from './gemini-parts.ts'

export const geminiForm: Form = {
  read,
  write,
  closing: ({ id, name, kind }, text) => ({
    functionResponse: { ...(kind === 'named' ? {} : { id }), name, response: { error: text } },
  }),
  textOf: (part) => {
    const response = responseOf(part)?.response
    return isObject(response) ? (nonEmpty(response.error) ?? nonEmpty(response.output)) : undefined
  },
  join,
  withCallIds,
  withResultId: (part, id) => (nonEmpty(responseOf(part)?.id) === undefined ? part : withResponse(part, { id })),
  ids: { foreign: /[^\x21-\x7e]/g, maxLength: 256, isUnique: false },
}

/** Further results stand beside the first, under a name of their own. */
function join(first: JsonObject, others: readonly JsonObject[]): JsonObject {
  const a = responseOf(first)?.response
  const further = others.map((other) => responseOf(other)?.response ?? null)
  const known = isObject(a) && Array.isArray(a.further) ? a.further : []
  return withResponse(first, { response: { ...(isObject(a) ? a : {}), further: [...known, ...further] } })
}

function read(contents: readonly JsonObject[], context: RepairContext): readonly Element[] {
  const elements: Element[] = []
  let run: { readonly at: number; readonly content: JsonObject }[] = []
  let open = new OpenCalls([])
  const endRun = (): void => {
    const [first] = run
    if (first === undefined) return
    const values = run.map(({ content }) => content)
    const calls = values.flatMap((content) => partsOf(content).flatMap((part) => callOf(part) ?? []))
    open = new OpenCalls(calls)
    elements.push({ kind: 'said', at: first.at, values, calls })
    run = []
  }
  for (const [at, given] of contents.entries()) {
    const content = mendContent(given, at, context)
    if (content === undefined) continue
    if (content.role !== 'model') {
      endRun()
      elements.push(...readUser(content, at, open))
      continue
    }
    // Its responses stand right behind a content with calls.
    if (run.some(({ content: earlier }) => partsOf(earlier).some((part) => callOf(part) !== undefined))) endRun()
    run.push({ at, content })
  }
  endRun()
  return elements
}

const ROLES: ReadonlySet<unknown> = new Set(['user', 'model', 'function', undefined])

function mendContent(content: JsonObject, at: number, { report, facts }: RepairContext): JsonObject | undefined {
  const parts = partsOf(content)
  const isStrict = facts.profile === 'strict'
  // Of the model's own contents the API takes empty ones back.
  if (content.role === 'model' && !isStrict && hasKnownShape(content)) return content
  const isEmpty = parts.every((part) => isRefused(part, isStrict))
  const kept = isStrict || isEmpty ? parts.filter((part) => !isRefused(part, isStrict)) : parts
  if (!ROLES.has(content.role) || kept.length === 0) {
    const text =
      kept.length === 0 ? 'nothing in the content can be sent' : `the content has the role ${wordOf(content.role)}`
    report({ kind: 'message_dropped', message: at, text })
    return undefined
  }
  const own = Object.keys(content).filter((name) => name !== 'role' && name !== 'parts')
  const isListed = Array.isArray(content.parts) && content.parts.every(isObject)
  if (kept.length === parts.length && hasKnownShape(content)) return content
  if (own.length > 0)
    report({ kind: 'field_dropped', message: at, text: `a content has only role and parts, not ${own.join(', ')}` })
  if (!isListed) report({ kind: 'block_dropped', message: at, text: 'a part is an object' })
  const isKept = new Set(kept)
  for (const [block, part] of parts.entries()) {
    if (isKept.has(part)) continue
    report({ kind: 'block_dropped', message: at, block, text: 'a part needs something in it' })
  }
  return { ...(content.role === undefined ? {} : { role: content.role }), parts: [...kept] }
}

function hasKnownShape(content: JsonObject): boolean {
  const { parts = [] } = content
  return (
    Array.isArray(parts) &&
    parts.every(isObject) &&
    Object.keys(content).every((name) => name === 'role' || name === 'parts')
  )
}

/** An empty text with a signature is how Gemini ends an answer, and goes back with it. */
function isRefused(part: JsonObject, isStrict: boolean): boolean {
  const names = Object.keys(part).filter((name) => name !== 'thought')
  if (names.length === 0) return true
  if (names.length > 1 || typeof part.text !== 'string') return false
  return isStrict ? part.text.trim() === '' : part.text === ''
}

function readUser(content: JsonObject, at: number, open: OpenCalls): readonly (Result | Other)[] {
  const parts = partsOf(content)
  const results = parts.flatMap((part): Result[] => {
    const response = responseOf(part)
    return response === undefined ? [] : [{ kind: 'result', at, id: open.idFor(response), value: part }]
  })
  if (results.length === 0) return [{ kind: 'other', at, value: content }]
  const rest = parts.filter((part) => responseOf(part) === undefined)
  return rest.length === 0 ? results : [...results, { kind: 'other', at, value: { ...content, parts: rest } }]
}

/** The calls of the answer before: without an id the name and the order tell which of them is meant. */
class OpenCalls {
  readonly #byId = new Map<string, Call[]>()
  readonly #byName = new Map<string, Call[]>()
  readonly #answered = new Set<Call>()

  constructor(calls: readonly Call[]) {
    // From behind, so that the first that is open is the last of its list.
    for (const call of calls.toReversed()) {
      listIn(this.#byName, call.name).push(call)
      if (call.kind !== 'named') listIn(this.#byId, call.id).push(call)
    }
  }

  idFor(response: JsonObject): string {
    const id = nonEmpty(response.id)
    const name = nonEmpty(response.name) ?? ''
    const call = (id === undefined ? undefined : this.#take(this.#byId.get(id))) ?? this.#takeNamed(name, id)
    return call?.id ?? id ?? name
  }

  /** Of calls that have ids only those are meant by their name, whose response has none. */
  #takeNamed(name: string, id: string | undefined): Call | undefined {
    const calls = this.#byName.get(name)
    if (id !== undefined && calls?.at(-1)?.kind !== 'named') return undefined
    return this.#take(calls)
  }

  #take(calls: Call[] | undefined): Call | undefined {
    for (let call = calls?.pop(); call !== undefined; call = calls?.pop()) {
      if (this.#answered.has(call)) continue
      this.#answered.add(call)
      return call
    }
    return undefined
  }
}

function listIn(lists: Map<string, Call[]>, key: string): Call[] {
  const list = lists.get(key) ?? []
  lists.set(key, list)
  return list
}

function write(steps: readonly Step[], context: RepairContext): readonly JsonObject[] {
  const contents: { content: JsonObject; from: ReadonlySet<number> | undefined; at: number }[] = []
  for (const step of steps) {
    if (step.kind === 'other') {
      const last = contents.at(-1)
      if (last?.from?.has(step.at) === true) {
        last.content = { ...last.content, parts: [...partsOf(last.content), ...partsOf(step.value)] }
        last.from = undefined
      } else contents.push({ content: step.value, from: undefined, at: step.at })
      continue
    }
    const { said, results } = step
    for (const content of said.values) contents.push({ content, from: undefined, at: said.at })
    if (results.length === 0) continue
    const from = new Set(results.map(({ at }) => at))
    reportMerged(step, context)
    const parts = results.map((result) => named(result, context))
    contents.push({ content: { role: 'user', parts }, from, at: said.at })
  }
  const merged = withSignatures(alternating(contents, context), context)
  const [first] = merged
  if (first === undefined || first.role !== 'model' || !needsUserFirst(first, context)) return merged
  context.report({ kind: 'user_inserted', message: 0, text: 'a call must come after a user’s content' })
  const text = '(What came before is not part of this conversation.)'
  return [{ role: 'user', parts: [{ text }] }, ...merged]
}

/** What Google documents for calls that its model did not make: https://ai.google.dev/gemini-api/docs/thought-signatures */
const NO_SIGNATURE = 'skip_thought_signature_validator'

/** With thinking on, the first call of each answer since the user last spoke has a signature. */
function withSignatures(contents: readonly JsonObject[], { facts, report }: RepairContext): readonly JsonObject[] {
  if (facts.thinking !== true) return contents
  const start = contents.findLastIndex(
    (content) => content.role !== 'model' && !partsOf(content).some((part) => responseOf(part) !== undefined),
  )
  return contents.map((content, index) => {
    if (index <= start || content.role !== 'model') return content
    const parts = partsOf(content)
    const first = parts.findIndex((part) => callOf(part) !== undefined)
    const part = parts[first]
    if (part === undefined || nonEmpty(part.thoughtSignature ?? part.thought_signature) !== undefined) return content
    report({
      kind: 'field_added',
      message: index,
      block: first,
      text: 'a call needs a thought signature, and another model made this one',
    })
    return { ...content, parts: parts.with(first, { ...part, thoughtSignature: NO_SIGNATURE }) }
  })
}

const needsUserFirst = (content: JsonObject, { facts }: RepairContext): boolean =>
  facts.profile === 'strict' || partsOf(content).some((part) => callOf(part) !== undefined)

/** A response bears the name of its call, and its id if the call has one. */
function named({ call, value, id, at }: Answered, { report }: RepairContext): JsonObject {
  const { id: given, ...rest } = responseOf(value) ?? {}
  const hasForeignId = nonEmpty(given) !== undefined && (call.kind === 'named' || given !== id)
  if (rest.name === call.name && !hasForeignId) return value
  report({
    kind: 'field_added',
    message: at,
    call: call.id,
    text: `a response bears the name of its call, ${call.name}, and its id`,
  })
  return withResponseOf(value, { ...rest, ...(call.kind === 'named' ? {} : { id }), name: call.name })
}

/** Neighbours of one role are one content, where the profile or a call demands it. */
function alternating(
  contents: readonly { readonly content: JsonObject; readonly at: number }[],
  { facts, report }: RepairContext,
): readonly JsonObject[] {
  const merged: { content: JsonObject; parts: JsonObject[]; isOne: boolean }[] = []
  for (const { content, at } of contents) {
    const parts = [...partsOf(content)]
    const isCalling = content.role === 'model' && parts.some((part) => callOf(part) !== undefined)
    const isMerging = facts.profile === 'strict' || isCalling
    let added = { content, parts, isOne: true }
    for (let last = merged.at(-1); isMerging && last !== undefined; last = merged.at(-1)) {
      if (last.content.role !== content.role) break
      report({
        kind: 'messages_merged',
        message: at,
        text: `two contents of the role ${wordOf(content.role)} stood together`,
      })
      added = { content: last.content, parts: [...last.parts, ...added.parts], isOne: false }
      merged.pop()
    }
    merged.push(added)
  }
  return merged.map(({ content, parts, isOne }) => (isOne ? content : { ...content, parts }))
}

function withCallIds({ values }: Said, ids: readonly string[]): readonly JsonObject[] {
  let next = 0
  return values.map((content) => {
    let isChanged = false
    const parts = partsOf(content).map((part) => {
      const call = callOf(part)
      if (call === undefined) return part
      const id = ids[next++]
      if (id === undefined || id === call.id || call.kind === 'named') return part
      isChanged = true
      return withCallId(part, id)
    })
    return isChanged ? { ...content, parts } : content
  })
}
