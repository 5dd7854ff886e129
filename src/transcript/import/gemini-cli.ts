/**
 * Session files of Gemini CLI: `chats/session-*.jsonl`, a log of patches: a message is written again whole whenever it changes, `$set`
 * may replace all messages, `$rewindTo` takes a message back and all that followed.
 *
 * A call is written only together with its result. A session that was killed while a tool ran therefore shows no open call: the answer
 * of the model ends without it.
 */
import { isObject, nonEmpty, wordOf, type JsonObject, type JsonValue } from '../../json.ts'
import type { ContentBlock } from '../../message.ts'
import { callBlock, geminiBlock, partsOf, responseOutput } from './blocks.ts'
import { ImportDraft } from './draft.ts'
import type { Imported } from './imported.ts'
import { importedMessage } from './message.ts'
import type { SessionFile } from './records.ts'

export function looksLikeGeminiCli({ records }: SessionFile): boolean {
  return records.some(
    ({ value }) =>
      (typeof value.sessionId === 'string' && typeof value.projectHash === 'string') ||
      (isObject(value.$set) && Array.isArray(value.$set.messages)) ||
      (value.type === 'gemini' && typeof value.id === 'string'),
  )
}

export function fromGeminiCli(file: SessionFile): Imported {
  const draft = new ImportDraft('gemini-cli', file)
  const answered = new Set<string>()
  for (const { line, value } of lastVersions(file)) {
    if (value.type === 'gemini') addAnswer(draft, line, value, answered)
    else if (value.type === 'user') addUser(draft, line, value, answered)
  }
  return draft.finish('gemini')
}

interface Version {
  readonly line: number
  readonly value: JsonObject
}

/** Each message as it was written last, in the place in which it stood first. */
function lastVersions({ records }: SessionFile): readonly Version[] {
  const messages: Version[] = []
  const places = new Map<string, number>()
  const add = (value: unknown, line: number): void => {
    if (!isObject(value) || typeof value.type !== 'string') return
    const id = nonEmpty(value.id)
    const place = id === undefined ? undefined : places.get(id)
    if (place !== undefined) messages[place] = { line, value }
    else {
      if (id !== undefined) places.set(id, messages.length)
      messages.push({ line, value })
    }
  }
  /** The message itself is taken back too; all of them, where it is not known. */
  const rewind = (to: string): void => {
    for (const { value } of messages.splice(places.get(to) ?? 0)) places.delete(nonEmpty(value.id) ?? '')
  }
  for (const { line, value } of records) {
    const patch = isObject(value.$set) ? value.$set : value
    if (typeof value.$rewindTo === 'string') rewind(value.$rewindTo)
    else if (Array.isArray(patch.messages)) {
      messages.length = 0
      places.clear()
      for (const message of patch.messages) add(message, line)
    } else if (patch === value) add(value, line)
  }
  return messages
}

function addAnswer(draft: ImportDraft, line: number, value: JsonObject, answered: Set<string>): void {
  const id = nonEmpty(value.id)
  const key = draft.keyOf(id ?? `line-${line}`)
  const calls = (Array.isArray(value.toolCalls) ? value.toolCalls : []).filter(isObject)
  const content: ContentBlock[] = [
    ...thoughtsOf(value.thoughts),
    ...textsOf(value.content, key),
    ...calls.map((call, ordinal) =>
      callBlock({
        key: `${key}#${ordinal}`,
        id: nonEmpty(call.id),
        name: typeof call.name === 'string' ? call.name : '',
        input: call.args ?? {},
      }),
    ),
  ]
  if (content.length === 0) return
  draft.addMessage(line, () =>
    importedMessage({
      key,
      dialect: 'gemini',
      ...(typeof value.model === 'string' ? { model: value.model } : {}),
      content,
    }),
  )
  for (const [ordinal, call] of calls.entries()) {
    const output = resultOf(call)
    if (output === undefined) continue
    answered.add(wordOf(call.id))
    draft.addResult(line, { call: `${key}#${ordinal}`, output })
  }
}

function thoughtsOf(thoughts: unknown): readonly ContentBlock[] {
  return (Array.isArray(thoughts) ? thoughts : []).flatMap((thought: unknown) => {
    if (!isObject(thought)) return []
    const text = [nonEmpty(thought.subject), nonEmpty(thought.description)].filter((word) => word !== undefined)
    return text.length === 0 ? [] : [{ type: 'thinking' as const, text: text.join('\n'), wire: {} }]
  })
}

function textsOf(content: unknown, key: string): readonly ContentBlock[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content, wire: {} }]
  const parts: readonly unknown[] = Array.isArray(content) ? content : [content]
  return parts.flatMap((part): ContentBlock | readonly ContentBlock[] => {
    if (typeof part === 'string') return { type: 'text', text: part, wire: {} }
    // Calls stand in `toolCalls`.
    if (!isObject(part) || isObject(part.functionCall)) return []
    return geminiBlock(part, 'gemini', key, 0) ?? []
  })
}

function resultOf(call: JsonObject): ReturnType<typeof responseOutput> | undefined {
  const parts = Array.isArray(call.result) ? call.result : [call.result]
  const response = parts.find((part) => isObject(part) && isObject(part.functionResponse))
  const isError = call.status === 'error' || call.status === 'cancelled'
  if (!isObject(response) || !isObject(response.functionResponse)) {
    return typeof call.result === 'string' ? { content: call.result, ...(isError ? { isError } : {}) } : undefined
  }
  return responseOutput(response.functionResponse, isError)
}

/** A record of the user with results repeats what the calls themselves have. */
function addUser(draft: ImportDraft, line: number, value: JsonObject, answered: ReadonlySet<string>): void {
  const id = nonEmpty(value.id)
  const parts = Array.isArray(value.content) ? value.content : [value.content]
  const said: JsonValue[] = []
  for (const part of parts) {
    if (!isObject(part) || !isObject(part.functionResponse)) {
      if (part !== undefined) said.push(part)
      continue
    }
    const response = part.functionResponse
    if (answered.has(wordOf(response.id))) continue
    const named = nonEmpty(response.id) === undefined ? {} : { id: nonEmpty(response.id) ?? '' }
    draft.addResult(line, { ...named, name: wordOf(response.name), output: responseOutput(response, false) })
  }
  if (said.length === 0) return
  const content = typeof value.content === 'string' ? value.content : partsOf(said, 'gemini')
  draft.add(line, { role: 'user', ...(id === undefined ? {} : { id }), content })
}
