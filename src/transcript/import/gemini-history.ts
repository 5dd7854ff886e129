/**
 * The `contents` of a request to the Gemini API as items, in either of the writings that the API takes (`functionCall`, `function_call`).
 * What the items have no name for stays with them in the provider's own form, so that the encoder of this format writes the same parts
 * again, in the writing of the API's documentation.
 */
import { isObject, nonEmpty, parseJson, type JsonObject, type JsonValue } from '../../json.ts'
import type { ContentBlock } from '../../message.ts'
import type { Item, MediaPart, OwnFields, Part, ToolResult } from '../items.ts'
import { callBlock, WaitingCalls } from './calls.ts'
import { objectsIn } from './given.ts'
import { importedMessage } from './message.ts'

/** The names that the API writes in two ways. */
const CAMEL: ReadonlyMap<string, string> = new Map([
  ['function_call', 'functionCall'],
  ['function_response', 'functionResponse'],
  ['inline_data', 'inlineData'],
  ['file_data', 'fileData'],
  ['executable_code', 'executableCode'],
  ['code_execution_result', 'codeExecutionResult'],
  ['tool_call', 'toolCall'],
  ['tool_response', 'toolResponse'],
  ['thought_signature', 'thoughtSignature'],
  ['video_metadata', 'videoMetadata'],
  ['mime_type', 'mimeType'],
  ['file_uri', 'fileUri'],
  ['display_name', 'displayName'],
])

/** The name under which Gemini offers its own interpreter. */
const CODE_EXECUTION = 'code_execution'

/** The calls by what their responses name them by. */
interface Calls {
  readonly byId: WaitingCalls
  /** Of the calls since the user last spoke: a response follows its call. */
  byName: WaitingCalls
  isAnswered: boolean
}

/** The keys of the messages are `m<index>`. A response whose call is not there is of the call `unknown:<id or name>`. */
export function fromGemini(contents: readonly JsonObject[]): readonly Item[] {
  const calls: Calls = { byId: new WaitingCalls(), byName: new WaitingCalls(), isAnswered: false }
  return contents.flatMap((content, index): readonly Item[] => {
    if (!isObject(content)) return []
    const parts = objectsIn(content.parts).map(inCamelCase)
    if (content.role === 'model') return [answerOf(parts, index, calls)]
    calls.isAnswered = true
    if (content.role !== 'system') return saidOf(parts, calls)
    const texts = parts.flatMap(({ text }) => (typeof text === 'string' ? [text] : []))
    return [{ role: 'system', content: texts.join('\n') }]
  })
}

/** A part in the documentation's writing: its own names, and those of what it holds. */
function inCamelCase(part: JsonObject): JsonObject {
  return renamed(part, (name, value) => {
    const isHolder = name === 'inlineData' || name === 'fileData'
    return isHolder && isObject(value) ? renamed(value, (_name, inner) => inner) : value
  })
}

function renamed(object: JsonObject, change: (name: string, value: JsonValue) => JsonValue): JsonObject {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => {
      const name = CAMEL.get(key) ?? key
      return [name, change(name, value)]
    }),
  )
}

function answerOf(parts: readonly JsonObject[], index: number, calls: Calls): Item {
  const key = `m${index}`
  const ids = new Set<string>()
  const content = parts.map((part, ordinal) => blockOf(part, `${key}#${ordinal}`, ids))
  const own = content.flatMap((block) => (block.type === 'tool_call' && block.origin === 'client' ? [block] : []))
  if (own.length > 0 && calls.isAnswered) {
    calls.byName = new WaitingCalls()
    calls.isAnswered = false
  }
  for (const call of own) {
    const id = call.idSource === 'wire' ? call.id : sharedIdOf(call.wire)
    if (id !== undefined) calls.byId.add(id, call.key, index)
    calls.byName.add(call.name, call.key, 0)
  }
  return { role: 'assistant', message: importedMessage({ key, dialect: 'gemini', content, wire: { candidate: {} } }) }
}

function sharedIdOf({ functionCall }: JsonObject): string | undefined {
  return isObject(functionCall) ? nonEmpty(functionCall.id) : undefined
}

function blockOf(part: JsonObject, key: string, ids: Set<string>): ContentBlock {
  const { functionCall, executableCode, codeExecutionResult, toolCall, toolResponse, inlineData, ...rest } = part
  if (isObject(functionCall)) {
    const { id, name, args, ...own } = functionCall
    const given = nonEmpty(id)
    const isSecond = given !== undefined && ids.has(given)
    if (given !== undefined) ids.add(given)
    const fields = isSecond ? { ...own, id: given } : own
    const { functionCall: _call, ...beside } = part
    const wire = Object.keys(fields).length === 0 ? beside : { ...beside, functionCall: fields }
    const called = { id: isSecond ? undefined : given, name: nonEmpty(name) ?? '', input: args }
    return callBlock({ key, ...called, origin: 'client', wire })
  }
  if (isObject(executableCode)) {
    const { id, ...input } = executableCode
    const wire = { ...rest, executableCode: {} }
    return callBlock({ key, id: nonEmpty(id), name: CODE_EXECUTION, input, origin: 'provider', wire })
  }
  if (isObject(toolCall)) {
    const { id, toolType, args, ...own } = toolCall
    const wire = { ...rest, toolCall: own }
    return callBlock({ key, id: nonEmpty(id), name: nonEmpty(toolType) ?? '', input: args, origin: 'provider', wire })
  }
  if (isObject(codeExecutionResult)) {
    const { id, ...content } = codeExecutionResult
    return { type: 'tool_result', ...callIdOf(id), content, wire: { ...rest, codeExecutionResult: {} } }
  }
  if (isObject(toolResponse)) {
    const { id, response, ...own } = toolResponse
    const content = response === undefined ? {} : { content: response }
    return { type: 'tool_result', ...callIdOf(id), ...content, wire: { ...rest, toolResponse: own } }
  }
  if (isObject(inlineData)) {
    const { data, ...own } = inlineData
    if (typeof data === 'string') return { type: 'media', data, wire: { ...rest, inlineData: own } }
  }
  if (isObject(part.fileData)) return { type: 'media', wire: part }
  return typeof part.text === 'string' ? textOf(part, part.text) : { type: 'other', wire: part }
}

function callIdOf(id: JsonValue | undefined): { readonly callId?: string } {
  const callId = nonEmpty(id)
  return callId === undefined ? {} : { callId }
}

function textOf(part: JsonObject, text: string): ContentBlock {
  const { text: _text, ...wire } = part
  if (part.thought !== true) return { type: 'text', text, wire }
  const { thought: _thought, thoughtSignature, ...beside } = wire
  const signature = nonEmpty(thoughtSignature)
  if (signature === undefined) return { type: 'thinking', text, wire: { ...wire } }
  return { type: 'thinking', text, signature, wire: beside }
}

/** What the user said, and the responses between it, in the order in which they stand. */
function saidOf(given: readonly JsonObject[], calls: Calls): readonly Item[] {
  const items: Item[] = []
  let parts: Part[] | undefined
  for (const part of given) {
    if (isObject(part.functionResponse)) {
      items.push(responseOf(part, part.functionResponse, calls))
      parts = undefined
      continue
    }
    if (parts === undefined) {
      parts = []
      items.push({ role: 'user', content: parts })
    }
    parts.push(partOf(part))
  }
  return items.length === 0 ? [{ role: 'user', content: [] }] : items
}

function partOf(part: JsonObject): Part {
  const { text, inlineData, fileData, ...fields } = part
  const held = [text, inlineData, fileData].filter((value) => value !== undefined)
  const media = held.length === 1 ? mediaOf(inlineData, fileData) : undefined
  if (media !== undefined) return { ...media, ...ownOf(fields) }
  if (held.length === 1 && typeof text === 'string') return { type: 'text', text, ...ownOf(fields) }
  return { type: 'native', format: 'gemini', value: part }
}

function mediaOf(inlineData: JsonValue | undefined, fileData: JsonValue | undefined): MediaPart | undefined {
  const held = isObject(inlineData) ? inlineData : isObject(fileData) ? fileData : {}
  const { mimeType, data, fileUri, ...more } = held
  if (typeof mimeType !== 'string' || Object.keys(more).length > 0) return undefined
  if (typeof data === 'string' && fileUri === undefined) return { type: 'media', mediaType: mimeType, data }
  if (typeof fileUri !== 'string' || data !== undefined) return undefined
  return { type: 'media', mediaType: mimeType, url: fileUri }
}

function ownOf(fields: JsonObject): { readonly own?: OwnFields } {
  return Object.keys(fields).length === 0 ? {} : { own: { format: 'gemini', fields } }
}

function responseOf(part: JsonObject, answer: JsonObject, calls: Calls): ToolResult {
  const { functionResponse: _answer, ...beside } = part
  const { id, name, response, parts, ...more } = answer
  const media = objectsIn(parts).map((one) => partOf(inCamelCase(one)))
  const said = outcomeOf(response)
  const own = Object.keys(more).length === 0 ? beside : { ...beside, functionResponse: more }
  return {
    role: 'tool',
    call: callOf(nonEmpty(id), nonEmpty(name), calls),
    content: media.length === 0 ? said.text : [{ type: 'text', text: said.text }, ...media],
    ...(said.isError ? { isError: true } : {}),
    ...ownOf(own),
  }
}

function callOf(id: string | undefined, name: string | undefined, calls: Calls): string {
  const byId = id === undefined ? undefined : (calls.byId.take(id) ?? calls.byId.latest(id))
  if (byId !== undefined) {
    calls.byName.settle(byId)
    return byId
  }
  const byName = name === undefined ? undefined : calls.byName.take(name)
  if (byName !== undefined) calls.byId.settle(byName)
  return byName ?? `unknown:${id ?? name ?? ''}`
}

/** What the response says as text; a text that stands alone under the API's own name for it is itself. */
function outcomeOf(response: JsonValue | undefined): { readonly text: string; readonly isError?: true } {
  if (response === undefined) return { text: '' }
  if (isObject(response) && Object.keys(response).length === 1) {
    const { output, error } = response
    if (typeof output === 'string' && !isObject(parseJson(output))) return { text: output }
    if (typeof error === 'string' && !isObject(parseJson(error))) return { text: error, isError: true }
    if (isObject(error)) return { text: JSON.stringify(error), isError: true }
  }
  return { text: JSON.stringify(response) }
}
