/**
 * Session files of Qwen Code: `projects/<folder>/chats/*.jsonl`, a tree by `parentUuid`, of which the session stands on the branch of its
 * last record. Messages are kept in Gemini's form and as a rule spoken to a chat API.
 */
import { isObject, nonEmpty, wordOf, type JsonObject, type JsonValue } from '../../json.ts'
import type { ContentBlock } from '../../message.ts'
import type { Target } from '../target.ts'
import { DIALECT_OF, geminiBlock, partsOf, responseOutput } from './blocks.ts'
import { distinctRecords, lastBranch } from './branch.ts'
import { ImportDraft } from './draft.ts'
import type { Imported } from './imported.ts'
import { importedMessage } from './message.ts'
import type { SessionFile } from './records.ts'

export function looksLikeQwenCode({ records }: SessionFile): boolean {
  return records.some(
    ({ value }) => 'parentUuid' in value && isObject(value.message) && Array.isArray(value.message.parts),
  )
}

export function fromQwenCode(file: SessionFile): Imported {
  const draft = new ImportDraft('qwen-code', file)
  // A subagent has a conversation of its own.
  const own = file.records.filter(({ value }) => value.isSidechain !== true && value.agentId === undefined)
  const target = targetOf(own.map(({ value }) => value))
  for (const { line, value } of lastBranch(distinctRecords(draft, own, 'uuid'), 'uuid', 'parentUuid')) {
    const message = isObject(value.message) ? value.message : {}
    if (value.type === 'system' && value.subtype === 'chat_compression') compress(draft, line, value, target)
    else if (value.type === 'assistant') addAnswer(draft, line, value, message.parts, target)
    else if (value.type === 'user' || value.type === 'tool_result') addUser(draft, line, value, message.parts)
  }
  return draft.finish(target)
}

/** How Qwen Code was signed in tells whom it speaks to; it says so with each answer. */
function targetOf(values: readonly JsonObject[]): Target {
  let target: Target = 'openai-chat'
  for (const { systemPayload: payload } of values) {
    const event = isObject(payload) && isObject(payload.uiEvent) ? payload.uiEvent : {}
    if (event.auth_type === 'anthropic') target = 'anthropic'
    else if (event.auth_type === 'gemini' || event.auth_type === 'vertex-ai') target = 'gemini'
    else if (typeof event.auth_type === 'string') target = 'openai-chat'
  }
  return target
}

/** After a compression the conversation goes on from the messages that it lists. */
function compress(draft: ImportDraft, line: number, { systemPayload: payload }: JsonObject, target: Target): void {
  const history = isObject(payload) ? payload.compressedHistory : undefined
  if (!Array.isArray(history)) return
  draft.cut(0)
  for (const content of history) {
    if (!isObject(content)) continue
    if (content.role === 'model') addAnswer(draft, line, {}, content.parts, target)
    else addUser(draft, line, {}, content.parts)
  }
}

function addAnswer(draft: ImportDraft, line: number, value: JsonObject, parts: unknown, target: Target): void {
  const key = draft.keyOf(nonEmpty(value.uuid) ?? `line-${line}`)
  const dialect = DIALECT_OF[target]
  const content: ContentBlock[] = []
  let calls = 0
  for (const part of Array.isArray(parts) ? parts : []) {
    const block = isObject(part) ? geminiBlock(part, dialect, key, calls) : undefined
    if (block?.type === 'tool_call') calls += 1
    if (block !== undefined) content.push(block)
  }
  if (content.length === 0) return
  const model = typeof value.model === 'string' ? { model: value.model } : {}
  draft.addMessage(line, () => importedMessage({ key, dialect, ...model, content }))
}

function addUser(draft: ImportDraft, line: number, value: JsonObject, parts: unknown): void {
  const status = isObject(value.toolCallResult) ? value.toolCallResult.status : undefined
  const said: JsonValue[] = []
  for (const part of Array.isArray(parts) ? parts : []) {
    if (!isObject(part) || !isObject(part.functionResponse)) {
      said.push(part)
      continue
    }
    const { id, name } = part.functionResponse
    const output = responseOutput(part.functionResponse, status === 'error' || status === 'cancelled')
    const named = nonEmpty(id) === undefined ? {} : { id: nonEmpty(id) ?? '' }
    draft.addResult(line, { ...named, name: wordOf(name), output })
  }
  const id = nonEmpty(value.uuid)
  if (said.length > 0) {
    draft.add(line, { role: 'user', ...(id === undefined ? {} : { id }), content: partsOf(said, 'gemini') })
  }
}
