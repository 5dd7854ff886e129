/**
 * Input of OpenAI's Responses.
 *
 * What came as output items goes back as those items. A reasoning item has its `encrypted_content` or is known to the server by its id
 * (requests with `store: true`); both are kept as they came, and never made up. Beside `encrypted_content` its plain text is left off: "array too
 * long. Expected an array with maximum length 0" (https://github.com/musistudio/claude-code-router/issues/1783). Items of servers that have
 * nothing but that text keep it. Reasoning of other dialects has no place here.
 */
import { copyFields, isObject, type JsonObject, type JsonValue } from '../../json.ts'
import type { AssistantMessage, ContentBlock, ToolCallBlock } from '../../message.ts'
import type { AnsweredCall, Encoder, EncodingContext } from '../encoder.ts'
import type { MediaPart, Part, SystemMessage, ToolOutput, UserMessage } from '../items.ts'
import {
  argumentsOf,
  audioPart,
  customInputOf,
  dataUrlOf,
  isCustom,
  itemTypeOf,
  leaveOutForeign,
  noteOf,
  ownForm,
  readableText,
  urlOf,
} from './openai.ts'

export const responsesEncoder: Encoder = { assistant, user, result, system }

function assistant(message: AssistantMessage, context: EncodingContext): readonly JsonObject[] {
  const output = hasItems(message) ? context.native(message)?.output : undefined
  return Array.isArray(output) ? own(output, message, context) : foreign(message, context)
}

/** A message that was put together by hand, or of pieces, has blocks without an item. */
function hasItems({ dialect, content, wire }: AssistantMessage): boolean {
  if (dialect !== 'openai-responses') return false
  const { items } = wire
  return (
    isObject(items) &&
    content.every((block) => typeof block.wire.item === 'string' && Object.hasOwn(items, block.wire.item))
  )
}

/** The native output has one item for each key of `wire.items`, in their order. */
function own(output: readonly JsonValue[], message: AssistantMessage, context: EncodingContext): JsonObject[] {
  const keys = isObject(message.wire.items) ? Object.keys(message.wire.items).toSorted(byPlace) : []
  const blocks = new Map<string, readonly [number, ContentBlock]>()
  for (const [ordinal, block] of message.content.entries()) {
    if (typeof block.wire.item === 'string') blocks.set(block.wire.item, [ordinal, block])
    else leaveOutForeign(block, ordinal, context)
  }
  return output.flatMap((item, at) => {
    if (!isObject(item)) return []
    const [ordinal, block] = blocks.get(keys[at] ?? '') ?? []
    return ownItem(copyFields(item), block, ordinal, context)
  })
}

/** Keys are output indexes; of several items under one index the later have a second number. */
function byPlace(a: string, b: string): number {
  const [index = 0, copy = 0] = a.split('.').map(Number)
  const [otherIndex = 0, otherCopy = 0] = b.split('.').map(Number)
  return index - otherIndex || copy - otherCopy
}

function ownItem(
  item: JsonObject,
  block: ContentBlock | undefined,
  ordinal: number | undefined,
  context: EncodingContext,
): JsonObject[] {
  switch (item.type) {
    case 'message':
      return ownMessage(item)
    case 'reasoning':
      return [ownReasoning(item)]
    case 'image_generation_call':
      if (typeof item.result === 'string') return [item]
      context.leaveOut({
        what: 'media',
        why: 'the image was not finished',
        ...(ordinal === undefined ? {} : { block: ordinal }),
      })
      return []
    default:
      return [block?.type === 'tool_call' ? ownCall(item, block, context) : item]
  }
}

/** A message in which nothing was said is none. */
function ownMessage(item: JsonObject): JsonObject[] {
  const { content } = item
  if (!Array.isArray(content)) return [item]
  if (content.length === 0) return []
  return [{ ...present(item), content: content.map((part) => (isObject(part) ? copyFields(part, PARSED) : part)) }]
}

/** What the SDK adds when it parses an answer. */
const PARSED: ReadonlySet<string> = new Set(['parsed', 'parsed_arguments'])

function ownReasoning(item: JsonObject): JsonObject {
  const { content, summary, ...rest } = present(item)
  const hasText = Array.isArray(content) && content.length > 0
  const isSealed = rest.encrypted_content !== undefined
  return {
    ...rest,
    summary: summary ?? [],
    ...(content === undefined || (hasText && isSealed) ? {} : { content }),
  }
}

function ownCall(item: JsonObject, block: ToolCallBlock, context: EncodingContext): JsonObject {
  if (block.origin === 'provider') return item
  const { id: _id, status: _status, ...changed } = present(item)
  // The server knows the item as it was cut: one with other arguments is not that item.
  const call = { ...(block.state === 'complete' ? present(item) : changed), call_id: context.idOf(block) }
  if (item.type === 'function_call') return { ...call, name: block.name, arguments: argumentsOf(block, context) }
  if (item.type === 'custom_tool_call') return { ...call, name: block.name, input: customInputOf(block, context) }
  return call
}

function present(item: JsonObject): JsonObject {
  const nulls = Object.entries(item).flatMap(([name, value]) => (value === null ? [name] : []))
  return copyFields(item, new Set([...PARSED, ...nulls]))
}

/** A message that came in another dialect: text that follows text is one message, calls are items in their place. */
function foreign(message: AssistantMessage, context: EncodingContext): JsonObject[] {
  const items: JsonObject[] = []
  let open: { type: 'message'; role: 'assistant'; content: string } | undefined
  for (const [ordinal, block] of message.content.entries()) {
    leaveOutForeign(block, ordinal, context)
    const text = readableText(block)
    if (text !== '') {
      if (open === undefined) {
        open = { type: 'message', role: 'assistant', content: text }
        items.push(open)
      } else open.content += text
    } else if (block.type === 'refusal' && block.text !== '') items.push(refusalOf(block.text))
    else if (block.type === 'tool_call' && block.origin === 'client') items.push(callOf(block, message, context))
    if (block.type !== 'text') open = undefined
  }
  return items
}

function refusalOf(refusal: string): JsonObject {
  return { type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'refusal', refusal }] }
}

function callOf(block: ToolCallBlock, message: AssistantMessage, context: EncodingContext): JsonObject {
  const call = { call_id: context.idOf(block), name: block.name }
  return isCustom(block, message)
    ? { type: 'custom_tool_call', ...call, input: customInputOf(block, context) }
    : { type: 'function_call', ...call, arguments: argumentsOf(block, context) }
}

/** A native part that is no part of a message is an item of its own. */
function user({ content, native }: UserMessage, context: EncodingContext): readonly JsonObject[] {
  const whole = ownForm(native, 'responses')
  if (whole !== undefined) return [whole]
  if (typeof content === 'string') return [{ role: 'user', content }]
  const items: JsonObject[] = []
  let parts: JsonObject[] = []
  const flush = (): void => {
    if (parts.length > 0) items.push({ role: 'user', content: parts })
    parts = []
  }
  for (const [ordinal, part] of content.entries()) {
    const encoded = partOf(part)
    if (encoded === undefined) leaveOutPart(part, ordinal, context)
    else if (part.type === 'native' && !isInput(encoded)) {
      flush()
      items.push(encoded)
    } else parts.push(encoded)
  }
  flush()
  return items
}

function isInput({ type }: JsonObject): boolean {
  return typeof type === 'string' && type.startsWith('input_')
}

function partOf(part: Part): JsonObject | undefined {
  switch (part.type) {
    case 'text':
      return { type: 'input_text', text: part.text }
    case 'native':
      return part.format === 'responses' ? copyFields(part.value) : undefined
    case 'media':
      return mediaOf(part)
    default:
      part satisfies never
      return undefined
  }
}

function mediaOf(part: MediaPart): JsonObject | undefined {
  const { mediaType, name, url } = part
  if (mediaType.startsWith('image/')) {
    const image = urlOf(part)
    return image === undefined ? undefined : { type: 'input_image', detail: 'auto', image_url: image }
  }
  if (mediaType.startsWith('audio/')) return audioPart(part)
  const data = dataUrlOf(part)
  const named = name === undefined ? {} : { filename: name }
  if (data !== undefined) return { type: 'input_file', ...named, file_data: data }
  return url === undefined ? undefined : { type: 'input_file', file_url: url }
}

function leaveOutPart(part: Part, ordinal: number, { leaveOut }: EncodingContext): void {
  if (part.type === 'native') {
    leaveOut({ what: 'native', why: `it is in the form of ${part.format}`, block: ordinal })
  } else leaveOut({ what: 'media', why: 'this API does not take it', block: ordinal })
}

function result(output: ToolOutput, call: AnsweredCall, context: EncodingContext): JsonObject {
  const { id, block, message } = call
  const whole = ownForm(output.native, 'responses')
  if (whole !== undefined && typeof whole.type === 'string') return { ...whole, call_id: id }
  const type = block === undefined ? undefined : itemTypeOf(block.wire, message)
  const isError = output.isError === true
  switch (type) {
    case 'computer_call':
      return { type: 'computer_call_output', call_id: id, output: screenOf(output, context) }
    case 'shell_call': {
      const text = textOf(output, context)
      const outcome = { type: 'exit', exit_code: isError ? 1 : 0 }
      const streams = isError ? { stdout: '', stderr: text } : { stdout: text, stderr: '' }
      return { type: 'shell_call_output', call_id: id, output: [{ ...streams, outcome }] }
    }
    case 'local_shell_call':
      return { type: 'local_shell_call_output', call_id: id, output: textOf(output, context) }
    case 'apply_patch_call': {
      const status = isError ? 'failed' : 'completed'
      return { type: 'apply_patch_call_output', call_id: id, status, output: textOf(output, context) }
    }
    case 'tool_search_call':
      return { type: 'tool_search_output', call_id: id, execution: 'client', status: 'completed', tools: [] }
    default: {
      const isText = block !== undefined && isCustom(block, message)
      const form = isText ? 'custom_tool_call_output' : 'function_call_output'
      return { type: form, call_id: id, output: outputOf(output, context) }
    }
  }
}

function screenOf({ content }: ToolOutput, { leaveOut }: EncodingContext): JsonObject {
  const image = typeof content === 'string' ? undefined : content.find(isImage)
  if (image === undefined || content.length > 1) {
    leaveOut({ what: 'block', why: 'the result of a computer is its screen and nothing else' })
  }
  const url = image === undefined ? undefined : urlOf(image)
  return { type: 'computer_screenshot', ...(url === undefined ? {} : { image_url: url }) }
}

function isImage(part: Part): part is MediaPart {
  return part.type === 'media' && part.mediaType.startsWith('image/')
}

/** That a result is an error has no field: its text says so. */
function outputOf({ content }: ToolOutput, context: EncodingContext): JsonValue {
  if (typeof content === 'string') return content
  return content.map((part, ordinal): JsonObject => {
    const encoded = partOf(part)
    if (encoded !== undefined && encoded.type !== 'input_audio') return encoded
    if (part.type === 'text') return { type: 'input_text', text: part.text }
    leaveOutPart(part, ordinal, context)
    return { type: 'input_text', text: noteOf(part) }
  })
}

function textOf({ content }: ToolOutput, context: EncodingContext): string {
  if (typeof content === 'string') return content
  const texts = content.map((part, ordinal) => {
    if (part.type === 'text') return part.text
    leaveOutPart(part, ordinal, context)
    return noteOf(part)
  })
  return texts.join('\n')
}

function system({ content, native }: SystemMessage): JsonObject {
  return ownForm(native, 'responses') ?? { role: 'system', content }
}
