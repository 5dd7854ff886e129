/**
 * Session files of the pi coding agent: `agent/sessions/<folder>/*.jsonl`, a tree by `parentId`; the session stands on the branch of its
 * last record. Messages are neutral, and name the API that they came from.
 */
import { isObject, nonEmpty, parseJson, wordOf, type JsonObject, type JsonValue } from '../../json.ts'
import type { ContentBlock, Dialect, Outcome } from '../../message.ts'
import type { Target } from '../target.ts'
import { callBlock, DIALECT_OF, partsOf } from './blocks.ts'
import { distinctRecords, lastBranch } from './branch.ts'
import { ImportDraft } from './draft.ts'
import type { Imported } from './imported.ts'
import { importedMessage } from './message.ts'
import type { SessionFile } from './records.ts'
import { readItems } from './responses-items.ts'

const NEWEST_VERSION = 3

export function looksLikePi({ records }: SessionFile): boolean {
  return records.some(
    ({ value }) =>
      (value.type === 'session' && typeof value.id === 'string') ||
      (value.type === 'message' && 'parentId' in value && isObject(value.message)),
  )
}

export function fromPi(file: SessionFile): Imported {
  const draft = new ImportDraft('pi', file)
  let target: Target = 'openai-chat'
  const branch = lastBranch(distinctRecords(draft, file.records, 'id'), 'id', 'parentId')
  const places = new Map<string, number>()
  for (const { line, value } of branch) {
    if (typeof value.id === 'string') places.set(value.id, draft.length)
    switch (value.type) {
      case 'session':
        if (typeof value.version === 'number' && value.version > NEWEST_VERSION) {
          draft.report('unknown_version', line, `version ${value.version} is newer than ${NEWEST_VERSION}`)
        }
        break
      case 'model_change':
        target = targetOf('', nonEmpty(value.provider) ?? '') ?? target
        break
      case 'compaction':
      case 'branch_summary':
        summarise(draft, line, value, places)
        break
      case 'custom_message':
        addUser(draft, line, value, value)
        break
      case 'message':
        if (isObject(value.message)) target = addMessage(draft, line, value, value.message) ?? target
        break
      default:
    }
  }
  return draft.finish(target)
}

/** What a summary stands for is not sent any more, but for what came after the entry that was kept first. */
function summarise(draft: ImportDraft, line: number, value: JsonObject, places: ReadonlyMap<string, number>): void {
  if (typeof value.summary !== 'string') return
  const summary = { role: 'user', ...idOf(value), content: value.summary } as const
  if (value.type === 'branch_summary') {
    draft.add(line, summary)
    return
  }
  const first = typeof value.firstKeptEntryId === 'string' ? places.get(value.firstKeptEntryId) : undefined
  const kept = draft.cut(first ?? draft.length)
  draft.cut(0)
  draft.add(line, summary)
  draft.put(kept)
}

/** Gives the API that an answer came from. */
function addMessage(draft: ImportDraft, line: number, value: JsonObject, message: JsonObject): Target | undefined {
  switch (message.role) {
    case 'assistant':
      return addAnswer(draft, line, value, message)
    case 'toolResult': {
      const content = partsOf(message.content, 'chat')
      const output = { content, ...(message.isError === true ? { isError: true } : {}) }
      draft.addResult(line, { id: callIdOf(message.toolCallId), output })
      return undefined
    }
    case 'bashExecution':
      if (message.excludeFromContext !== true) {
        const said = `Ran \`${wordOf(message.command)}\`\n${typeof message.output === 'string' ? message.output : ''}`
        draft.add(line, { role: 'user', ...idOf(value), content: said })
      }
      return undefined
    case 'branchSummary':
    case 'compactionSummary':
      if (typeof message.summary === 'string') {
        draft.add(line, { role: 'user', ...idOf(value), content: message.summary })
      }
      return undefined
    case 'user':
    case 'custom':
      addUser(draft, line, value, message)
      return undefined
    default:
      return undefined
  }
}

function addUser(draft: ImportDraft, line: number, value: JsonObject, { content }: JsonObject): void {
  if (content !== undefined) draft.add(line, { role: 'user', ...idOf(value), content: partsOf(content, 'chat') })
}

function idOf({ id }: JsonObject): { readonly id?: string } {
  return typeof id === 'string' && id !== '' ? { id } : {}
}

function addAnswer(draft: ImportDraft, line: number, value: JsonObject, message: JsonObject): Target {
  const target = targetOf(nonEmpty(message.api) ?? '', nonEmpty(message.provider) ?? '') ?? 'openai-chat'
  const key = draft.keyOf(nonEmpty(value.id) ?? `line-${line}`)
  const parts = (Array.isArray(message.content) ? message.content : []).filter(isObject)
  const read = target === 'openai-responses' ? readItems(itemsOf(parts), key) : neutral(parts, DIALECT_OF[target], key)
  if (read.content.length === 0) return target
  draft.addMessage(line, () =>
    importedMessage({
      key,
      ...(typeof message.responseId === 'string' ? { id: message.responseId } : {}),
      dialect: DIALECT_OF[target],
      ...(typeof message.model === 'string' ? { model: message.model } : {}),
      ...(typeof message.stopReason === 'string' ? { stop: message.stopReason } : {}),
      outcome: outcomeOf(message),
      ...read,
    }),
  )
  return target
}

function outcomeOf({ stopReason, errorMessage }: JsonObject): Outcome {
  if (stopReason === 'aborted') return { kind: 'aborted', by: 'caller' }
  if (stopReason !== 'error') return { kind: 'complete' }
  const message = nonEmpty(errorMessage) ?? 'the answer ended with an error'
  return { kind: 'failed', error: { class: 'unknown', retryable: false, message } }
}

function neutral(
  parts: readonly JsonObject[],
  dialect: Dialect,
  key: string,
): { readonly content: readonly ContentBlock[] } {
  const content: ContentBlock[] = []
  let calls = 0
  for (const part of parts) {
    if (part.type === 'toolCall') {
      const id = callIdOf(part.toolCallId ?? part.id)
      const signature = nonEmpty(part.thoughtSignature)
      const wire = dialect === 'gemini' && signature !== undefined ? { thoughtSignature: signature } : {}
      const name = nonEmpty(part.name) ?? ''
      content.push(callBlock({ key: `${key}#${calls}`, id, name, input: part.arguments ?? {}, wire }))
      calls += 1
    } else if (part.type === 'thinking') content.push(thinkingBlock(part, dialect))
    else if (typeof part.text === 'string') content.push({ type: 'text', text: part.text, wire: {} })
    else content.push({ type: 'other', wire: part })
  }
  return { content }
}

/** The signature is the provider's own, or, of a chat API, the name of the field that the reasoning came in. */
function thinkingBlock(part: JsonObject, dialect: Dialect): ContentBlock {
  const text = typeof part.thinking === 'string' ? part.thinking : ''
  const signature = nonEmpty(part.thinkingSignature)
  if (part.redacted === true && signature !== undefined) {
    return { type: 'thinking', text: '', encrypted: signature, redacted: true, wire: {} }
  }
  if (signature === undefined) return { type: 'thinking', text, wire: {} }
  if (dialect === 'openai-chat') return { type: 'thinking', text, wire: { field: signature } }
  return { type: 'thinking', text, signature, wire: {} }
}

/** Of the Responses API pi keeps reasoning items whole in the signature, and joins the two ids of a call with a bar. */
function itemsOf(parts: readonly JsonObject[]): readonly JsonObject[] {
  return parts.flatMap((part): readonly JsonObject[] => {
    if (part.type === 'thinking') {
      const item = typeof part.thinkingSignature === 'string' ? parseJson(part.thinkingSignature) : undefined
      if (isObject(item)) return [item]
      const summary = [{ type: 'summary_text', text: wordOf(part.thinking) }]
      return [{ type: 'reasoning', summary }]
    }
    if (part.type === 'toolCall') {
      const [, item] = wordOf(part.id).split('|')
      const input: JsonValue = part.arguments ?? {}
      const text = typeof input === 'string' ? input : JSON.stringify(input)
      const named = item === undefined || item === '' ? {} : { id: item }
      return [
        {
          type: 'function_call',
          ...named,
          call_id: callIdOf(part.id),
          name: nonEmpty(part.name) ?? '',
          arguments: text,
        },
      ]
    }
    if (typeof part.text !== 'string') return []
    const signed = nonEmpty(part.textSignature)
    const read = signed === undefined ? undefined : parseJson(signed)
    const id = isObject(read) ? nonEmpty(read.id) : signed
    const content = [{ type: 'output_text', text: part.text, annotations: [] }]
    return [{ type: 'message', role: 'assistant', status: 'completed', ...(id === undefined ? {} : { id }), content }]
  })
}

function callIdOf(id: unknown): string {
  const text = typeof id === 'string' ? id : ''
  const bar = text.indexOf('|')
  return bar === -1 ? text : text.slice(0, bar)
}

const APIS: readonly (readonly [RegExp, Target])[] = [
  [/responses/, 'openai-responses'],
  [/anthropic|bedrock-converse/, 'anthropic'],
  [/google|gemini|vertex/, 'gemini'],
]

function targetOf(api: string, provider: string): Target | undefined {
  for (const [pattern, target] of APIS) if (pattern.test(api)) return target
  if (/deepseek/.test(provider)) return 'deepseek'
  if (/kimi|moonshot/.test(provider)) return 'kimi'
  if (api !== '') return 'openai-chat'
  if (/anthropic/.test(provider)) return 'anthropic'
  if (/google|gemini|vertex/.test(provider)) return 'gemini'
  return provider === 'openai' ? 'openai-responses' : undefined
}
