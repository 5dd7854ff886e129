/**
 * The `input` of a Responses request as a conversation. Items that the model gave, between what the user and the tools said, are one
 * message. An item whose neutral form does not hold all of it has its own form beside it; one that is not known is a user message of
 * that form alone.
 */
import { RUN_BY_CLIENT } from '../../responses-calls.ts'
import {
  copyFields,
  copyJson,
  equalJson,
  isObject,
  jsonText,
  nonEmpty,
  type JsonObject,
  type JsonValue,
} from '../../json.ts'
import type { ContentBlock, ThinkingPart } from '../../message.ts'
import { responsesEncoder } from '../encode/responses.ts'
import type { Item, Part, SystemMessage, ToolResult, UserMessage } from '../items.ts'
import { importedMessage } from './message.ts'
import { callBlock, CallIds, mediaAt, nativePart, onlyText, partsOf, PLAIN, soundOf } from './openai.ts'

/** Reads the input of a Responses request. What is no item is skipped. Throws `TooDeepError` for one that is nested too deep. */
export function fromResponses(input: readonly JsonObject[]): readonly Item[] {
  const calls = new CallIds()
  const items: Item[] = []
  let run: Run | undefined
  for (const [index, item] of input.entries()) {
    if (!isObject(item)) continue
    const said = saidBy(item, calls)
    if (said === 'model') {
      run ??= new Run(`m${index}`, calls)
      run.add(item)
      continue
    }
    if (run !== undefined) items.push(run.answer())
    run = undefined
    items.push(said === 'tool' ? resultOf(item, calls) : said === 'system' ? systemOf(item) : userOf(item, said))
  }
  if (run !== undefined) items.push(run.answer())
  return items
}

type Said = 'model' | 'tool' | 'system' | 'user' | 'unknown'

/** Items of the model besides calls, whose types end with `_call`. */
const OF_MODEL: ReadonlySet<string> = new Set([
  'reasoning',
  'program',
  'compaction',
  'mcp_list_tools',
  'mcp_approval_request',
])

/** Outputs that only the client gives; of others the call tells who ran it. */
const OF_CLIENT: ReadonlySet<string> = new Set([
  'function_call_output',
  'custom_tool_call_output',
  'computer_call_output',
  'local_shell_call_output',
])

function saidBy(item: JsonObject, calls: CallIds): Said {
  const { role } = item
  const type = typeof item.type === 'string' ? item.type : ''
  if (type === 'message' || (type === '' && typeof role === 'string')) {
    if (role === 'assistant') return 'model'
    if (role === 'user') return 'user'
    return (role === 'system' || role === 'developer') && textOf(item.content) !== undefined ? 'system' : 'unknown'
  }
  if (OF_CLIENT.has(type)) return 'tool'
  if (type.endsWith('_output')) return calls.knows(idOf(item)) ? 'tool' : 'model'
  return OF_MODEL.has(type) || type.endsWith('_call') ? 'model' : 'unknown'
}

function idOf({ call_id: call, id }: JsonObject): string {
  return nonEmpty(call) ?? nonEmpty(id) ?? ''
}

function textOf(content: JsonValue | undefined): string | undefined {
  if (typeof content === 'string') return content
  return Array.isArray(content) ? onlyText(content) : undefined
}

/** The item in its own form, unless what its neutral form gives is the same. */
function native(item: JsonObject, encoded: JsonObject | undefined): Pick<UserMessage, 'native'> {
  if (encoded !== undefined && equalJson(encoded, item)) return {}
  return { native: { format: 'responses', value: copyFields(item) } }
}

function systemOf(item: JsonObject): SystemMessage {
  const message = { role: 'system', content: textOf(item.content) ?? '' } as const
  return { ...message, ...native(item, responsesEncoder.system(message)) }
}

function userOf(item: JsonObject, said: 'user' | 'unknown'): UserMessage {
  if (said === 'unknown') return { role: 'user', content: [nativePart(item, 'responses')] }
  const { content } = item
  const read = Array.isArray(content) ? partsOf(content, 'responses', partOf) : (jsonText(content ?? '') ?? '')
  const message = { role: 'user', content: read } as const
  const [encoded, ...more] = responsesEncoder.user(message, PLAIN)
  return { ...message, ...native(item, more.length > 0 ? undefined : encoded) }
}

function partOf(part: JsonObject): Part | undefined {
  const { type, text, image_url: image, file_data: data, file_url: url, filename } = part
  switch (type) {
    case 'input_text':
    case 'output_text':
      return typeof text === 'string' ? { type: 'text', text } : undefined
    case 'input_image':
    case 'computer_screenshot':
      return typeof image === 'string' ? mediaAt(image, 'image') : undefined
    case 'input_audio':
      return soundOf(part)
    case 'input_file': {
      const where = nonEmpty(data) ?? nonEmpty(url)
      return where === undefined ? undefined : mediaAt(where, 'application', nonEmpty(filename))
    }
    default:
      return undefined
  }
}

function resultOf(item: JsonObject, calls: CallIds): ToolResult {
  const id = idOf(item)
  const output = {
    content: outputOf(item),
    ...(item.status === 'failed' ? { isError: true } : {}),
  }
  const encoded = responsesEncoder.result(output, { id, name: '' }, PLAIN)
  return { role: 'tool', call: calls.answer(id), ...output, ...native(item, encoded) }
}

function outputOf({ output, tools }: JsonObject): string | Part[] {
  if (isObject(output)) {
    const part = partOf(output)
    if (part !== undefined) return [part]
  }
  if (Array.isArray(output) && output.every((part) => isObject(part) && partOf(part) !== undefined)) {
    return partsOf(output, 'responses', partOf)
  }
  return jsonText(output ?? tools ?? '') ?? ''
}

// Answers of the model.

/** The fields of items that hold text of any kind, and what that is called. */
const TEXT_CALLS: ReadonlyMap<string, { readonly field: string; readonly name?: string }> = new Map([
  ['function_call', { field: 'arguments' }],
  ['mcp_call', { field: 'arguments' }],
  ['custom_tool_call', { field: 'input' }],
  ['code_interpreter_call', { field: 'code', name: 'code_interpreter' }],
  ['program', { field: 'code', name: 'program' }],
])

const HELD_BY_REASONING: ReadonlySet<string> = new Set(['summary', 'content', 'encrypted_content'])
const CONTENT: ReadonlySet<string> = new Set(['content'])
const NOT_TEXT: ReadonlySet<string> = new Set(['text', 'annotations'])
const NOT_REFUSAL: ReadonlySet<string> = new Set(['type', 'refusal'])

/** Output items that follow each other, as blocks and wire fields such as those of a stream. */
class Run {
  readonly #key: string
  readonly #calls: CallIds
  readonly #content: ContentBlock[] = []
  readonly #items: Record<string, JsonObject> = {}
  readonly #ids = new Set<string>()
  #count = 0
  #callCount = 0

  constructor(key: string, calls: CallIds) {
    this.#key = key
    this.#calls = calls
  }

  answer(): Item {
    const wire = { items: this.#items }
    const message = importedMessage({ key: this.#key, dialect: 'openai-responses', content: this.#content, wire })
    return { role: 'assistant', message }
  }

  add(item: JsonObject): void {
    const place = String(this.#count)
    this.#count += 1
    const type = typeof item.type === 'string' ? item.type : ''
    if (type === 'message') this.#message(item, place)
    else if (type === '') this.#plainMessage(item, place)
    else if (type === 'reasoning') this.#reasoning(item, place)
    else if (type === 'image_generation_call') this.#image(item, place)
    else if (type === 'program' || type.endsWith('_call')) this.#call(item, type, place)
    else this.#whole(item, place, type)
  }

  /** An item without a type is kept as it is, its text beside it. */
  #plainMessage(item: JsonObject, place: string): void {
    this.#items[place] = copyFields(item)
    const text = textOf(item.content)
    if (text !== undefined && text !== '') this.#content.push({ type: 'text', text, wire: { item: place } })
  }

  #message(item: JsonObject, place: string): void {
    const { content } = item
    this.#items[place] = copyFields(item, CONTENT)
    if (typeof content === 'string') {
      this.#content.push({ type: 'text', text: content, wire: { item: place, part: 0 } })
      return
    }
    for (const [index, part] of (Array.isArray(content) ? content : []).entries()) {
      if (isObject(part)) this.#content.push(partBlock(part, { item: place, part: index }))
    }
  }

  #reasoning(item: JsonObject, place: string): void {
    const fields = copyFields(item, HELD_BY_REASONING)
    for (const name of HELD_BY_REASONING) {
      const value = item[name]
      if (Array.isArray(value)) fields[name] = []
      else if (value === null) fields[name] = value
    }
    this.#items[place] = fields
    const parts = [...piecesOf(item.summary, 'summary'), ...piecesOf(item.content, 'full')]
    const encrypted = nonEmpty(item.encrypted_content)
    this.#content.push({
      type: 'thinking',
      text: parts.map(({ text }) => text).join('\n\n'),
      ...(parts.length > 0 ? { parts } : {}),
      ...(encrypted === undefined ? {} : { encrypted }),
      wire: { item: place },
    })
  }

  #image(item: JsonObject, place: string): void {
    const { result, ...fields } = copyFields(item)
    this.#items[place] = result === null ? { ...fields, result } : fields
    this.#content.push({ type: 'media', wire: { item: place, ...(result ? { result } : {}) } })
  }

  #call(item: JsonObject, type: string, place: string): void {
    const known = TEXT_CALLS.get(type)
    this.#items[place] = copyFields(item, new Set(known === undefined ? [] : [known.field]))
    const wanted = nonEmpty(item.call_id) ?? nonEmpty(item.id)
    const origin = originOf(item, type)
    const block = callBlock({
      message: this.#key,
      ordinal: this.#callCount,
      id: wanted !== undefined && this.#ids.has(wanted) ? undefined : wanted,
      name: nonEmpty(item.name) ?? known?.name ?? type.replace(/_call$/, ''),
      arguments: known === undefined ? structuredInput(item) : (jsonText(item[known.field] ?? '') ?? ''),
      origin,
      ...(known === undefined || known.field === 'arguments' ? {} : { freeText: known.field }),
      wire: { item: place },
    })
    this.#callCount += 1
    if (wanted !== undefined) this.#ids.add(wanted)
    if (origin === 'client') this.#calls.ask(wanted ?? '', this.#key, block.key)
    this.#content.push(block)
  }

  /** The output of a tool that the provider ran, or an item without a neutral form. */
  #whole(item: JsonObject, place: string, type: string): void {
    this.#items[place] = copyFields(item)
    if (!type.endsWith('_output')) {
      this.#content.push({ type: 'other', wire: { item: place } })
      return
    }
    const callId = nonEmpty(item.call_id)
    const content = copyJson(item.output ?? item.result ?? item.tools)
    this.#content.push({
      type: 'tool_result',
      ...(callId === undefined ? {} : { callId }),
      ...(content === undefined ? {} : { content }),
      wire: { item: place },
    })
  }
}

function originOf(item: JsonObject, type: string): 'client' | 'provider' {
  if (type === 'tool_search_call') return item.execution === 'client' ? 'client' : 'provider'
  const environment = isObject(item.environment) ? item.environment.type : undefined
  if (typeof environment === 'string' && environment.startsWith('container')) return 'provider'
  return RUN_BY_CLIENT.has(type) ? 'client' : 'provider'
}

/** The input of a built-in tool stands in one of these. */
const INPUT_FIELDS = ['action', 'actions', 'operation', 'arguments', 'queries'] as const

function structuredInput(item: JsonObject): string {
  for (const name of INPUT_FIELDS) {
    const value = item[name]
    if (typeof value === 'string' && value !== '') return value
    if (isObject(value)) return JSON.stringify(copyFields(value))
    if (Array.isArray(value)) return JSON.stringify(copyFields({ [name]: value }))
  }
  return ''
}

function piecesOf(list: JsonValue | undefined, kind: ThinkingPart['kind']): ThinkingPart[] {
  return (Array.isArray(list) ? list : []).map((part) => ({
    kind,
    text: isObject(part) && typeof part.text === 'string' ? part.text : '',
  }))
}

function partBlock(part: JsonObject, place: JsonObject): ContentBlock {
  const { text, refusal, annotations } = part
  if (part.type === 'refusal' && typeof refusal === 'string') {
    return { type: 'refusal', text: refusal, wire: { ...copyFields(part, NOT_REFUSAL), ...place } }
  }
  if (typeof text !== 'string') return { type: 'other', wire: { ...copyFields(part), ...place } }
  const hasList = Array.isArray(annotations)
  const citations =
    hasList && annotations.length > 0 ? { citations: annotations.map((one) => copyJson(one) ?? null) } : {}
  const list = hasList ? { annotations: [] } : {}
  return { type: 'text', text, ...citations, wire: { ...copyFields(part, NOT_TEXT), ...list, ...place } }
}
