/**
 * Session files of Claude Code: `projects/<folder>/<session>.jsonl`, a record for each content block, those of one message with the same
 * `message.id`. The order of the conversation is the order of the file: the tree that `parentUuid` makes loses answers that were given at
 * the same time (github.com/anthropics/claude-code/issues/42290).
 */
import { equalJson, isObject, nonEmpty, wordOf, type JsonObject, type JsonValue } from '../../json.ts'
import { anthropicBlock, partsOf } from './blocks.ts'
import { ImportDraft, type Drafted } from './draft.ts'
import type { Imported } from './imported.ts'
import { importedMessage } from './message.ts'
import type { SessionFile, SessionRecord } from './records.ts'

export function looksLikeClaudeCode({ records }: SessionFile): boolean {
  return records.some(
    ({ value }) =>
      typeof value.sessionId === 'string' &&
      ((value.type === 'assistant' && isObject(value.message) && Array.isArray(value.message.content)) ||
        (value.type === 'user' && isObject(value.message) && 'content' in value.message) ||
        value.type === 'queue-operation'),
  )
}

export function fromClaudeCode(file: SessionFile): Imported {
  const draft = new ImportDraft('claude-code', file)
  const uuids = new Map<string, number>()
  const answers = new Answers(draft, file)
  // A subagent has a conversation of its own, as a rule in a file of its own.
  const isSubagents = file.records.every(({ value }) => !isMessage(value) || value.isSidechain === true)
  const kept = new Kept(draft)
  for (const record of file.records) {
    const { line, value } = record
    const uuid = nonEmpty(value.uuid)
    if (uuid !== undefined && uuids.has(uuid)) {
      draft.report('duplicate_record', line, `the record ${uuid} is there already`)
      continue
    }
    if (uuid !== undefined) uuids.set(uuid, line)
    if (value.isSidechain === true && !isSubagents) continue
    if (value.type === 'system' && value.subtype === 'compact_boundary') kept.compact(value, uuids)
    else if (value.isCompactSummary === true) kept.summarise()
    if (value.type === 'assistant') answers.add(record)
    else if (value.type === 'user') addUser(draft, record)
    kept.goOn(uuid)
  }
  return draft.finish('anthropic')
}

function isMessage({ type }: JsonObject): boolean {
  return type === 'user' || type === 'assistant'
}

/** What stands before a compaction is not sent any more, but for a segment that may be kept behind the record that it is anchored to. */
class Kept {
  readonly #draft: ImportDraft
  #held: readonly Drafted[] = []
  #anchor: string | undefined
  #isCompacted = false

  constructor(draft: ImportDraft) {
    this.#draft = draft
  }

  compact({ uuid, compactMetadata: facts }: JsonObject, lines: ReadonlyMap<string, number>): void {
    const segment = isObject(facts) && isObject(facts.preservedSegment) ? facts.preservedSegment : {}
    const head = lines.get(wordOf(segment.headUuid)) ?? Infinity
    const tail = lines.get(wordOf(segment.tailUuid)) ?? -Infinity
    this.#held = this.#draft.cut(0).filter(({ line }) => line >= head && line <= tail)
    this.#anchor = nonEmpty(segment.anchorUuid) ?? nonEmpty(uuid)
    this.#isCompacted = true
  }

  /** Older files have a summary only. */
  summarise(): void {
    if (!this.#isCompacted) this.#draft.cut(0)
    this.#isCompacted = false
  }

  /** The record of that uuid has been read. */
  goOn(uuid: string | undefined): void {
    if (this.#held.length === 0 || uuid === undefined || uuid !== this.#anchor) return
    this.#draft.put(this.#held)
    this.#held = []
  }
}

function addUser(draft: ImportDraft, { line, value }: SessionRecord): void {
  const content = isObject(value.message) ? value.message.content : undefined
  const uuid = nonEmpty(value.uuid)
  if (!Array.isArray(content)) {
    const id = uuid === undefined ? {} : { id: uuid }
    if (typeof content === 'string') draft.add(line, { role: 'user', ...id, content })
    return
  }
  let said: JsonValue[] = []
  let ordinal = 0
  const flush = (): void => {
    if (said.length === 0) return
    const id = uuid === undefined ? {} : { id: ordinal === 0 ? uuid : `${uuid}/${ordinal}` }
    ordinal += 1
    draft.add(line, { role: 'user', ...id, content: partsOf(said, 'anthropic') })
    said = []
  }
  for (const block of content) {
    if (!isObject(block) || block.type !== 'tool_result') {
      said.push(block)
      continue
    }
    flush()
    const output = {
      content: partsOf(block.content, 'anthropic'),
      ...(block.is_error === true ? { isError: true } : {}),
    }
    draft.addResult(line, { id: nonEmpty(block.tool_use_id) ?? '', output })
  }
  flush()
}

interface AnswerState {
  readonly key: string
  readonly isWhole: boolean
  readonly blocks: Map<string, JsonObject[]>
  readonly indexes: Set<number>
  calls: number
}

/** The messages of the model, of which each record holds a piece. */
class Answers {
  readonly #draft: ImportDraft
  readonly #states = new Map<string, AnswerState>()
  readonly #pieces = new Map<string, number>()

  constructor(draft: ImportDraft, { records }: SessionFile) {
    this.#draft = draft
    const uuids = new Set<unknown>()
    for (const record of records) {
      const { type, uuid } = record.value
      if (type !== 'assistant' || uuids.has(uuid)) continue
      if (uuid !== undefined) uuids.add(uuid)
      const name = nameOf(record)
      this.#pieces.set(name, (this.#pieces.get(name) ?? 0) + 1)
    }
  }

  add(record: SessionRecord): void {
    const { line, value } = record
    const { message } = value
    // An error that Claude Code shows as an answer was never sent to anybody.
    if (!isObject(message) || value.isApiErrorMessage === true) return
    const state = this.#stateOf(record, message)
    const content = typeof message.content === 'string' ? [{ type: 'text', text: message.content }] : message.content
    const index = typeof value.apiBlockIndex === 'number' ? value.apiBlockIndex : undefined
    const blocks = (Array.isArray(content) ? content : []).flatMap((block) => {
      if (!isObject(block)) return []
      if (this.#isRepeated(state, block, index)) {
        this.#draft.report('duplicate_record', line, `a block of the message ${state.key} is there already`)
        return []
      }
      const read = anthropicBlock(block, state.key, state.calls)
      if (read.type === 'tool_call') state.calls += 1
      return [read]
    })
    if (blocks.length === 0) return
    const imported = importedMessage({
      key: state.key,
      ...(typeof message.id === 'string' ? { id: message.id } : {}),
      dialect: 'anthropic-messages',
      ...(typeof message.model === 'string' ? { model: message.model } : {}),
      content: blocks,
      ...(typeof message.stop_reason === 'string' ? { stop: message.stop_reason } : {}),
    })
    if (state.isWhole) this.#draft.addMessage(line, () => imported)
    else this.#draft.addFragment(line, imported)
  }

  #stateOf(record: SessionRecord, message: JsonObject): AnswerState {
    const { line, value } = record
    const name = nameOf(record)
    const known = this.#states.get(name)
    if (known !== undefined) return known
    const key = this.#draft.keyOf(nonEmpty(message.id) ?? nonEmpty(value.uuid) ?? `line-${line}`)
    const isWhole = this.#pieces.get(name) === 1
    const state = { key, isWhole, blocks: new Map<string, JsonObject[]>(), indexes: new Set<number>(), calls: 0 }
    this.#states.set(name, state)
    return state
  }

  /** A block is the same if it has the same place in the answer; where no place is kept, if it says the same. */
  #isRepeated(state: AnswerState, block: JsonObject, index: number | undefined): boolean {
    const isNewPlace = index !== undefined && !state.indexes.has(index)
    if (index !== undefined) state.indexes.add(index)
    const mark = [block.type, block.id, block.text, block.thinking]
      .filter((word) => typeof word === 'string')
      .join('\n')
    const alike = state.blocks.get(mark) ?? []
    const isKnown = alike.some((other) => equalJson(other, block))
    // Blocks that look the same and are not are rare; no file may make this take long.
    if (!isKnown && alike.length < 8) state.blocks.set(mark, [...alike, block])
    return isKnown && !isNewPlace
  }
}

/** Some gateways give every message the same id; the request then tells them apart. */
function nameOf({ line, value }: SessionRecord): string {
  const message = isObject(value.message) ? value.message : {}
  const id = nonEmpty(message.id)
  return id === undefined ? `line ${line}` : `${id}\n${nonEmpty(value.requestId) ?? ''}`
}
