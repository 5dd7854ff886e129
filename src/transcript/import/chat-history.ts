/**
 * The `messages` of a chat request as a conversation. A message whose neutral form does not hold all of it (a name, a cache mark, the role
 * `developer`) has its own form beside it; one of a role that is not known is a user message of that form alone.
 */
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
import type { AssistantMessage, ContentBlock } from '../../message.ts'
import { chatEncoder } from '../encode/chat.ts'
import type { Answer, Item, Part, SystemMessage, ToolResult, UserMessage } from '../items.ts'
import { importedMessage } from './message.ts'
import { callBlock, CallIds, mediaAt, nativePart, onlyText, partsOf, PLAIN, soundOf } from './openai.ts'

/** Reads a chat history, of OpenAI or of who speaks like it. What is no message is skipped. Throws `TooDeepError` for one that is nested too deep. */
export function fromChat(messages: readonly JsonObject[]): readonly Item[] {
  const calls = new CallIds()
  const names = new CallIds()
  return messages.flatMap((message, index): Item[] => {
    if (!isObject(message)) return []
    switch (message.role) {
      case 'assistant':
        return [answerOf(message, `m${index}`, calls, names)]
      case 'tool':
        return [resultOf(message, calls.answer(nonEmpty(message.tool_call_id) ?? ''))]
      case 'function':
        return [resultOf(message, names.answer(nonEmpty(message.name) ?? ''))]
      case 'system':
      case 'developer':
        return [systemOf(message) ?? unknownOf(message)]
      case 'user':
        return [userOf(message)]
      default:
        return [unknownOf(message)]
    }
  })
}

function unknownOf(message: JsonObject): UserMessage {
  return { role: 'user', content: [nativePart(message, 'chat')] }
}

/** The message in its own form, unless what its neutral form gives is the same. */
function native(message: JsonObject, encoded: JsonObject | undefined): Pick<UserMessage, 'native'> {
  if (encoded !== undefined && equalJson(encoded, message)) return {}
  return { native: { format: 'chat', value: copyFields(message) } }
}

function systemOf(message: JsonObject): SystemMessage | undefined {
  const { content = null } = message
  const text = typeof content === 'string' ? content : Array.isArray(content) ? onlyText(content) : undefined
  if (text === undefined) return undefined
  const item = { role: 'system', content: text } as const
  return { ...item, ...native(message, chatEncoder.system(item)) }
}

function userOf(message: JsonObject): UserMessage {
  const item = { role: 'user', content: contentOf(message.content) } as const
  const [encoded, ...more] = chatEncoder.user(item, PLAIN)
  return { ...item, ...native(message, more.length > 0 ? undefined : encoded) }
}

function resultOf(message: JsonObject, call: string): ToolResult {
  const item = { role: 'tool', call, content: contentOf(message.content) } as const
  if (message.role !== 'tool') return item
  const id = typeof message.tool_call_id === 'string' ? message.tool_call_id : ''
  return { ...item, ...native(message, chatEncoder.result(item, { id, name: '' }, PLAIN)) }
}

function contentOf(content: JsonValue | undefined): string | Part[] {
  if (Array.isArray(content)) return partsOf(content, 'chat', partOf)
  return content === null ? '' : (jsonText(content) ?? '')
}

function partOf(part: JsonObject): Part | undefined {
  const { type, text, image_url: image, file } = part
  switch (type) {
    case 'text':
      return typeof text === 'string' ? { type: 'text', text } : undefined
    case 'image_url':
      if (typeof image === 'string') return mediaAt(image, 'image')
      return isObject(image) && typeof image.url === 'string' ? mediaAt(image.url, 'image') : undefined
    case 'input_audio':
      return soundOf(part)
    case 'file':
      if (!isObject(file) || typeof file.file_data !== 'string') return undefined
      return mediaAt(file.file_data, 'application', nonEmpty(file.filename))
    default:
      return undefined
  }
}

// Answers of the model.

const REASONING_FIELDS = ['reasoning_content', 'reasoning', 'reasoning_text'] as const

function answerOf(message: JsonObject, key: string, calls: CallIds, names: CallIds): Answer {
  const rest = copyFields(message, BLOCKS)
  const details = Array.isArray(message.reasoning_details) ? message.reasoning_details : []
  const content: ContentBlock[] = []
  const thinking = thinkingOf(message, rest, details)
  if (thinking !== undefined) content.push(thinking)
  content.push(...textsOf(message, rest))
  if (nonEmpty(message.refusal) !== undefined)
    content.push({ type: 'refusal', text: nonEmpty(message.refusal) ?? '', wire: {} })
  else keep('refusal', message, rest)
  if (isObject(message.audio)) content.push({ type: 'media', wire: copyFields(message.audio) })
  content.push(...callsOf(message, key, calls, names))
  const wire: AssistantMessage['wire'] = {
    object: 'chat.completion',
    ...(Object.keys(rest).length > 0 ? { message: rest } : {}),
    ...(details.length > 0 ? { folded: { loose_details: copyJson(details) ?? [] } } : {}),
  }
  return { role: 'assistant', message: importedMessage({ key, dialect: 'openai-chat', content, wire }) }
}

/** The fields that blocks stand for. */
const BLOCKS: ReadonlySet<string> = new Set([
  'role',
  'content',
  'refusal',
  'annotations',
  'tool_calls',
  'function_call',
  'audio',
  'reasoning_details',
])

/** What no block can stand for, since there is nothing in it. */
function keep(name: string, message: JsonObject, rest: JsonObject): void {
  const value = message[name]
  if (value !== undefined) rest[name] = copyJson(value) ?? null
}

/** As a stream's: text of the first field that has some; what stands in the details says the same. */
function thinkingOf(message: JsonObject, rest: JsonObject, details: readonly JsonValue[]): ContentBlock | undefined {
  const entries = details.filter(isObject)
  const signature = entries.map((entry) => nonEmpty(entry.signature)).findLast(Boolean)
  const encrypted = entries.map((entry) => nonEmpty(entry.data)).findLast(Boolean)
  const sealed = {
    ...(signature === undefined ? {} : { signature }),
    ...(encrypted === undefined ? {} : { encrypted }),
  }
  const field = REASONING_FIELDS.find((name) => nonEmpty(message[name]) !== undefined)
  if (field !== undefined) {
    delete rest[field]
    return { type: 'thinking', text: nonEmpty(message[field]) ?? '', ...sealed, wire: { field } }
  }
  if (entries.length === 0) return undefined
  const text = entries.map((entry) => (nonEmpty(entry.text) ?? '') + (nonEmpty(entry.summary) ?? '')).join('')
  return { type: 'thinking', text, ...sealed, wire: { field: 'reasoning_details' } }
}

/** A list of parts is one text block; the list itself stays in the wire fields, from which the same API gets it back. */
function textsOf(message: JsonObject, rest: JsonObject): ContentBlock[] {
  const { content, annotations } = message
  const citations = Array.isArray(annotations) && annotations.length > 0 ? { citations: annotations.map(copied) } : {}
  if (typeof content === 'string' && content !== '') return [{ type: 'text', text: content, ...citations, wire: {} }]
  keep('content', message, rest)
  if (!Array.isArray(content)) return []
  return content.flatMap((part): ContentBlock[] => {
    if (!isObject(part)) return []
    if (typeof part.text === 'string' && part.text !== '') return [{ type: 'text', text: part.text, wire: {} }]
    return []
  })
}

function copied(value: JsonValue): JsonValue {
  return copyJson(value) ?? null
}

const NOT_CALL: ReadonlySet<string> = new Set(['id', 'index', 'function', 'custom'])
const NOT_BODY: ReadonlySet<string> = new Set(['name', 'arguments', 'input'])

function callsOf(message: JsonObject, key: string, calls: CallIds, names: CallIds): ContentBlock[] {
  const blocks: ContentBlock[] = []
  const seen = new Set<string>()
  for (const call of Array.isArray(message.tool_calls) ? message.tool_calls : []) {
    if (!isObject(call)) continue
    const form = isObject(call.custom) ? 'custom' : 'function'
    const inner = call[form]
    const body = isObject(inner) ? inner : {}
    const more = copyFields(body, NOT_BODY)
    const wanted = nonEmpty(call.id)
    const id = wanted !== undefined && seen.has(wanted) ? undefined : wanted
    const block = callBlock({
      message: key,
      ordinal: blocks.length,
      id,
      name: nonEmpty(body.name) ?? '',
      arguments: textOf(form === 'custom' ? body.input : body.arguments),
      origin: 'client',
      ...(form === 'custom' ? { freeText: 'input' } : {}),
      wire: { ...copyFields(call, NOT_CALL), ...(Object.keys(more).length > 0 ? { [form]: more } : {}) },
    })
    if (wanted !== undefined) seen.add(wanted)
    calls.ask(wanted ?? '', key, block.key)
    blocks.push(block)
  }
  const older = message.function_call
  if (isObject(older)) {
    const name = nonEmpty(older.name) ?? ''
    const rest = { id: undefined, name, arguments: textOf(older.arguments), origin: 'client' } as const
    const block = callBlock({ message: key, ordinal: blocks.length, ...rest, wire: { type: 'function_call' } })
    names.ask(name, key, block.key)
    blocks.push(block)
  }
  return blocks
}

function textOf(value: JsonValue | undefined): string {
  return jsonText(value ?? '') ?? ''
}
