/** A session file with every call answered: what its agent needs to go on with it. */
import { isObject, markOf, nonEmpty, wordOf, type JsonObject, type JsonValue } from '../../json.ts'
import type { AssistantMessage, ToolCallBlock } from '../../message.ts'
import type { Agent, Imported } from './imported.ts'
import type { SessionRecord } from './records.ts'
import { readRecords } from './records.ts'
import { areOfSameAgent, importRecords } from './session.ts'

/**
 * The file again, a record on each line: without what is torn, damaged or there twice, and with an error result for each call that has
 * none, in the agent's own form, right after the answer that made the call. What the result has besides its text is copied from the
 * record of the call, so that the same file always gives the same. Undefined: no agent known here writes such files.
 */
export function closeSession(
  file: string | Uint8Array,
  sayOf: (call: ToolCallBlock, message: AssistantMessage) => string,
): string | undefined {
  const records = readRecords(file).records.map((record, index) => ({ ...record, line: index + 1 }))
  const imported = importRecords({ records, problems: [] })
  if (imported === undefined) return undefined
  const told = new Set(imported.items.map(({ line }) => line))
  const doubled = new Set(imported.problems.flatMap(({ kind, line }) => (kind === 'duplicate_record' ? [line] : [])))
  const sheet = new Sheet(records, imported)
  for (const open of openCalls(imported)) sheet.close(open, sayOf(open.call, open.message))
  const isLeftOut = (line: number): boolean => doubled.has(line) && !told.has(line)
  const kept = records.filter(({ line }) => !isLeftOut(line))
  // Of a damaged file, what is there twice may be all that shows whose it is.
  const isShown = areOfSameAgent({ records: kept, problems: [] }, { records, problems: [] })
  return sheet.lines((line) => isShown && isLeftOut(line)).join('')
}

interface OpenCall {
  /** The line on which the call stands, or its message. */
  readonly line: number
  readonly message: AssistantMessage
  readonly call: ToolCallBlock
}

function openCalls({ items }: Imported): readonly OpenCall[] {
  const answered = new Set(items.flatMap(({ item }) => (item.role === 'tool' ? [item.call] : [])))
  return items.flatMap(({ line, item }) => {
    if (item.role !== 'assistant') return []
    const { message } = item
    return message.content.flatMap((call) =>
      call.type === 'tool_call' && call.origin === 'client' && !answered.has(call.key) ? [{ line, message, call }] : [],
    )
  })
}

/** The lines of a file while results are put in. */
class Sheet {
  readonly #agent: Agent
  readonly #records: readonly SessionRecord[]
  readonly #added = new Map<number, JsonObject[]>()
  /** Where a message of the model ends, with the results that it has: by the message's key. */
  readonly #ends = new Map<string, number>()
  /** Of a tree: which record now stands between a record and its children. */
  readonly #between = new Map<string, string>()
  readonly #ids: Set<string>
  readonly #written = new Map<JsonObject, ReadonlyMap<string, string>>()
  #ordinals = 0
  /** The lines of the calls of each id, and how many of them are behind us. */
  readonly #calls = new Map<string, { readonly lines: number[]; next: number }>()
  /** Of Codex: the line that ends the answer which that line is of. */
  readonly #answerEnds = new Map<number, number>()

  constructor(records: readonly SessionRecord[], imported: Imported) {
    this.#agent = imported.agent
    this.#records = records
    this.#ids = new Set(records.flatMap(({ value }) => nonEmpty(value.uuid) ?? nonEmpty(value.id) ?? []))
    for (const { line, value } of records) {
      const id = wireIdOf(value)
      const known = id === undefined ? undefined : this.#calls.get(id)
      if (known !== undefined) known.lines.push(line)
      else if (id !== undefined) this.#calls.set(id, { lines: [line], next: 0 })
    }
    this.#findEnds(imported)
  }

  close({ line, message, call }: OpenCall, text: string): void {
    const record = this.#recordOf(line, call)
    const end = this.#answerEnds.get(record.line) ?? Math.max(this.#ends.get(message.key) ?? line, record.line)
    const added = this.#added.get(end) ?? []
    this.#added.set(end, added)
    if (this.#agent === 'gemini-cli') answerWithin(added, record.value, message, call, text)
    else added.push(this.#resultOf(this.#agent, record.value, call, text, end))
  }

  lines(isLeftOut: (line: number) => boolean): readonly string[] {
    return this.#records.flatMap((record) => {
      const kept = isLeftOut(record.line) ? [] : [`${this.#reparented(record)}\n`]
      return [...kept, ...(this.#added.get(record.line) ?? []).map((value) => `${JSON.stringify(value)}\n`)]
    })
  }

  #findEnds({ agent, items }: Imported): void {
    const owner = new Map<string, string>()
    for (const { line, item } of items) {
      if (item.role === 'assistant') {
        for (const block of item.message.content) if (block.type === 'tool_call') owner.set(block.key, item.message.key)
        this.#endAt(item.message.key, line)
      } else if (item.role === 'tool' && (agent === 'pi' || agent === 'qwen-code')) {
        const key = owner.get(item.call)
        if (key !== undefined) this.#endAt(key, line)
      }
    }
    if (agent === 'kimi-code') this.#findStepEnds()
    if (agent === 'codex') this.#findAnswerEnds()
  }

  #endAt(key: string, line: number): void {
    this.#ends.set(key, Math.max(this.#ends.get(key) ?? 0, line))
  }

  #findStepEnds(): void {
    for (const { line, value } of this.#records) {
      const event = isObject(value.event) ? value.event : {}
      if (event.type === 'tool.call' || event.type === 'content.part') this.#endAt(wordOf(event.stepUuid), line)
    }
  }

  /** For each line the last one of the answer that it belongs to. */
  #findAnswerEnds(): void {
    let end = 0
    for (const record of this.#records.toReversed()) {
      const { line, value } = record
      const payload = isObject(value.payload) ? value.payload : {}
      const isItem = value.type === 'response_item' && isAnswerItem(payload)
      if (value.type === 'token_usage_record') end = line
      else if (isItem && end === 0) end = line
      else if (!isItem && value.type !== 'event_msg') end = 0
      if (end !== 0) this.#answerEnds.set(line, end)
    }
  }

  /** The record of the call itself: the first of its id that is not before its message. Calls are asked for in order of the file. */
  #recordOf(line: number, call: ToolCallBlock): SessionRecord {
    const known = this.#calls.get(call.id)
    while (known !== undefined && (known.lines[known.next] ?? line) < line) known.next += 1
    const own = known?.lines[known.next] ?? line
    return this.#records[own - 1] ?? { line, value: {}, text: '' }
  }

  #resultOf(
    agent: Exclude<Agent, 'gemini-cli'>,
    value: JsonObject,
    call: ToolCallBlock,
    text: string,
    end: number,
  ): JsonObject {
    switch (agent) {
      case 'claude-code':
        return this.#claudeResult(value, call, text)
      case 'kimi-code':
        return kimiResult(value, call, text)
      case 'codex':
        return codexResult(value, call, text, end === this.#records.length ? this.#nextOrdinal() : undefined)
      case 'pi':
        return this.#piResult(value, call, text, end)
      case 'qwen-code':
        return this.#qwenResult(value, call, text, end)
      default: {
        const never: never = agent
        return never
      }
    }
  }

  /** Codex numbers its records. One that is put in between has no number. */
  #nextOrdinal(): number | undefined {
    const last = this.#records.at(-1)?.value.ordinal
    if (typeof last !== 'number') return undefined
    this.#ordinals += 1
    return last + this.#ordinals
  }

  #claudeResult(value: JsonObject, call: ToolCallBlock, text: string): JsonObject {
    const block = { type: 'tool_result', content: text, is_error: true, tool_use_id: call.id }
    return {
      ...pick(value, ['uuid'], 'parentUuid'),
      ...pick(value, ['isSidechain']),
      type: 'user',
      message: { role: 'user', content: [block] },
      uuid: this.#freeUuid(call.key),
      toolUseResult: `Error: ${text}`,
      ...pick(value, ['uuid'], 'sourceToolAssistantUUID'),
      ...pick(value, ['timestamp', 'userType', 'entrypoint', 'cwd', 'sessionId', 'version', 'gitBranch']),
    }
  }

  #piResult(value: JsonObject, call: ToolCallBlock, text: string, end: number): JsonObject {
    const message = isObject(value.message) ? value.message : {}
    const written = this.#writtenIds(message).get(call.id)
    const id = this.#freeId(call.key)
    return {
      type: 'message',
      id,
      parentId: this.#putBetween('id', id, end),
      ...pick(value, ['timestamp']),
      message: {
        role: 'toolResult',
        toolCallId: written ?? call.id,
        toolName: call.name,
        content: [{ type: 'text', text }],
        isError: true,
        ...pick(message, ['timestamp']),
      },
    }
  }

  /** The ids of the calls as pi writes them, with the item's id behind a bar. */
  #writtenIds(message: JsonObject): ReadonlyMap<string, string> {
    const known = this.#written.get(message)
    if (known !== undefined) return known
    const parts = Array.isArray(message.content) ? message.content : []
    const ids = parts.flatMap((part) => (isObject(part) ? (nonEmpty(part.id) ?? []) : []))
    const written = new Map(ids.map((id) => [id.split('|')[0] ?? '', id]))
    this.#written.set(message, written)
    return written
  }

  #qwenResult(value: JsonObject, call: ToolCallBlock, text: string, end: number): JsonObject {
    const uuid = this.#freeUuid(call.key)
    const named = call.idSource === 'wire' ? { id: call.id } : {}
    const functionResponse = { ...named, name: call.name, response: { error: text } }
    return {
      uuid,
      parentUuid: this.#putBetween('uuid', uuid, end),
      ...pick(value, ['sessionId', 'timestamp']),
      type: 'tool_result',
      provenance: 'tool_result',
      ...pick(value, ['cwd', 'version', 'gitBranch']),
      message: { role: 'user', parts: [{ functionResponse }] },
      toolCallResult: { callId: call.id, status: 'error', resultDisplay: text },
    }
  }

  /** The new record comes between the record on that line and its children; gives its parent. */
  #putBetween(field: string, id: string, end: number): JsonValue {
    const parent = nonEmpty(this.#records[end - 1]?.value[field])
    if (parent === undefined) return null
    const last = this.#between.get(parent)
    this.#between.set(parent, id)
    return last ?? parent
  }

  #reparented({ value, text }: SessionRecord): string {
    const field = 'parentUuid' in value ? 'parentUuid' : 'parentId'
    const parent = this.#between.get(wordOf(value[field]))
    return parent === undefined ? text : JSON.stringify({ ...value, [field]: parent })
  }

  #freeUuid(seed: string): string {
    return this.#free((copy) => {
      const hex = [0, 1, 2, 3].map((part) => hexOf(`${seed} ${copy} ${part}`)).join('')
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`
    })
  }

  #freeId(seed: string): string {
    return this.#free((copy) => hexOf(`${seed} ${copy}`))
  }

  #free(make: (copy: number) => string): string {
    let id = make(0)
    for (let copy = 1; this.#ids.has(id); copy += 1) id = make(copy)
    this.#ids.add(id)
    return id
  }
}

/** The id under which a record of its own makes a call, which agents have that write an answer in pieces. */
export function wireIdOf(value: JsonObject): string | undefined {
  const event = isObject(value.event) ? value.event : {}
  if (event.type === 'tool.call') return nonEmpty(event.toolCallId)
  const item = isObject(value.payload) ? value.payload : {}
  return value.type === 'response_item' && isAnswerItem(item)
    ? (nonEmpty(item.call_id) ?? nonEmpty(item.id))
    : undefined
}

function isAnswerItem(item: JsonObject): boolean {
  if (typeof item.type !== 'string' || item.type.endsWith('_output')) return false
  return item.type !== 'message' || item.role === 'assistant'
}

function kimiResult(value: JsonObject, call: ToolCallBlock, text: string): JsonObject {
  const event = isObject(value.event) ? value.event : {}
  return {
    type: 'context.append_loop_event',
    ...pick(value, ['agentId']),
    event: {
      type: 'tool.result',
      ...(event.type === 'tool.call' ? pick(event, ['uuid'], 'parentUuid') : {}),
      toolCallId: call.id,
      result: { output: text, isError: true },
    },
    ...pick(value, ['time']),
  }
}

function codexResult(value: JsonObject, call: ToolCallBlock, text: string, ordinal: number | undefined): JsonObject {
  const item = value.type === 'response_item' && isObject(value.payload) ? value.payload : {}
  const isPlain = typeof item.type !== 'string' || item.type === 'local_shell_call'
  return {
    ...pick(value, ['timestamp']),
    ...(ordinal === undefined ? {} : { ordinal }),
    type: 'response_item',
    payload: {
      type: isPlain ? 'function_call_output' : `${wordOf(item.type)}_output`,
      call_id: call.id,
      output: text,
      ...pick(item, ['internal_chat_message_metadata_passthrough']),
    },
  }
}

/** The message again with the result at its call: what is written later counts. */
function answerWithin(
  added: JsonObject[],
  value: JsonObject,
  message: AssistantMessage,
  call: ToolCallBlock,
  text: string,
): void {
  const listed = isObject(value.$set) && Array.isArray(value.$set.messages) ? value.$set.messages : [value]
  const place = added.findIndex(({ id }) => id === message.key)
  const whole = added[place] ?? listed.filter(isObject).find(({ id }) => id === message.key)
  // A message without an id cannot be written again.
  if (whole === undefined || !Array.isArray(whole.toolCalls)) return
  const named = call.idSource === 'wire' ? { id: call.id } : {}
  const functionResponse = { ...named, name: call.name, response: { error: text } }
  const toolCalls = whole.toolCalls.map((known, ordinal) =>
    isObject(known) && call.key === `${message.key}#${ordinal}`
      ? { ...known, status: 'error', result: [{ functionResponse }] }
      : known,
  )
  added.splice(place === -1 ? added.length : place, 1, { ...whole, toolCalls })
}

function hexOf(seed: string): string {
  return markOf(seed).toString(16).replace('-', '').padStart(8, '0').slice(0, 8)
}

/** The fields that are there, or the first one under another name. */
function pick(value: JsonObject, names: readonly string[], as?: string): JsonObject {
  const picked: JsonObject = {}
  for (const name of names) {
    const known = value[name]
    if (known !== undefined) picked[as ?? name] = known
  }
  return picked
}
