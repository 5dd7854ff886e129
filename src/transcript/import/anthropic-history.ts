/**
 * The `messages` of a request to the Anthropic Messages API as items. What the items have no name for stays with them in the provider's own
 * form, so that the encoder of this format writes the same blocks again. Not kept: fields of a message besides its role and content, which
 * the API refuses, and what is neither a text nor a block.
 */
import { isObject, nonEmpty, type JsonObject, type JsonValue } from '../../json.ts'
import type { ContentBlock } from '../../message.ts'
import type { Item, MediaPart, OwnFields, Part, ToolResult } from '../items.ts'
import { callBlock, WaitingCalls } from './calls.ts'
import { objectsIn } from './given.ts'
import { importedMessage } from './message.ts'

const CALL_TYPES: ReadonlyMap<string, 'client' | 'provider'> = new Map([
  ['tool_use', 'client'],
  ['server_tool_use', 'provider'],
  ['mcp_tool_use', 'provider'],
])

/** The keys of the messages are `m<index>`. A result whose call is not there is of the call `unknown:<id>`. */
export function fromAnthropic(messages: readonly JsonObject[]): readonly Item[] {
  const calls = new WaitingCalls()
  return messages.flatMap((message, index): readonly Item[] => {
    if (!isObject(message)) return []
    const { role, content } = message
    if (role === 'assistant') return [answerOf(content, index, calls)]
    if (role === 'system') return [{ role: 'system', content: textsOf(content).join('\n') }]
    return saidOf(content, calls)
  })
}

function answerOf(content: JsonValue | undefined, index: number, calls: WaitingCalls): Item {
  const key = `m${index}`
  const given = blocksOf(content)
  const ids = new Set<string>()
  const blocks = given.map((block, ordinal) => blockOf(block, `${key}#${ordinal}`, ids))
  for (const block of blocks) {
    if (block.type === 'tool_call' && block.origin === 'client') {
      calls.add(nonEmpty(block.wire.id) ?? block.id, block.key, index)
    }
  }
  const wire = typeof content === 'string' ? { content: 'string' } : {}
  return { role: 'assistant', message: importedMessage({ key, dialect: 'anthropic-messages', content: blocks, wire }) }
}

function blocksOf(content: JsonValue | undefined): readonly JsonObject[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  return objectsIn(content)
}

function textsOf(content: JsonValue | undefined): readonly string[] {
  return blocksOf(content).flatMap(({ text }) => (typeof text === 'string' ? [text] : []))
}

function blockOf(block: JsonObject, key: string, ids: Set<string>): ContentBlock {
  const type = typeof block.type === 'string' ? block.type : ''
  if (type === 'text' && typeof block.text === 'string') {
    const { text: _text, citations, ...wire } = block
    if (Array.isArray(citations)) return { type, text: block.text, citations, wire }
    return { type, text: block.text, wire: citations === undefined ? wire : { ...wire, citations } }
  }
  if (type === 'thinking' && typeof block.thinking === 'string') {
    const { thinking: _thinking, signature, ...wire } = block
    const signed = typeof signature === 'string' ? { signature } : {}
    return { type: 'thinking', text: block.thinking, ...signed, wire }
  }
  if (type === 'redacted_thinking' && typeof block.data === 'string') {
    const { data: _data, ...wire } = block
    return { type: 'thinking', text: '', encrypted: block.data, redacted: true, wire }
  }
  const origin = CALL_TYPES.get(type)
  if (origin !== undefined) {
    const { id, name, input, ...wire } = block
    const given = nonEmpty(id)
    const isSecond = given !== undefined && ids.has(given)
    if (given !== undefined) ids.add(given)
    // An id that another call of the message has names neither: this one gets its own, and keeps the other for its result.
    const own = isSecond ? { id: undefined, wire: { ...wire, id: given } } : { id: given, wire }
    return callBlock({ key, ...own, name: nonEmpty(name) ?? '', input, origin })
  }
  if (type.endsWith('_tool_result')) {
    const { tool_use_id: callId, content, ...wire } = block
    const call = typeof callId === 'string' ? { callId } : {}
    const isError = typeof block.is_error === 'boolean' ? { isError: block.is_error } : {}
    return { type: 'tool_result', ...call, ...(content === undefined ? {} : { content }), ...isError, wire }
  }
  return { type: 'other', wire: block }
}

/** What the user said, and the results between it, in the order in which they stand. */
function saidOf(content: JsonValue | undefined, calls: WaitingCalls): readonly Item[] {
  if (typeof content === 'string') return [{ role: 'user', content }]
  const items: Item[] = []
  let parts: Part[] | undefined
  for (const block of blocksOf(content)) {
    if (block.type === 'tool_result') {
      items.push(resultOf(block, calls))
      parts = undefined
      continue
    }
    if (parts === undefined) {
      parts = []
      items.push({ role: 'user', content: parts })
    }
    parts.push(partOf(block))
  }
  return items.length === 0 ? [{ role: 'user', content: [] }] : items
}

function resultOf(block: JsonObject, calls: WaitingCalls): ToolResult {
  const { type: _type, tool_use_id: id, content, is_error: error, ...fields } = block
  const name = typeof id === 'string' ? id : ''
  return {
    role: 'tool',
    call: calls.take(name) ?? calls.latest(name) ?? `unknown:${name}`,
    content: typeof content === 'string' ? content : blocksOf(content).map(partOf),
    ...(typeof error === 'boolean' ? { isError: error } : {}),
    ...ownOf(fields),
  }
}

function ownOf(fields: JsonObject): { readonly own?: OwnFields } {
  return Object.keys(fields).length === 0 ? {} : { own: { format: 'anthropic', fields } }
}

function partOf(block: JsonObject): Part {
  const { type, text, source, ...fields } = block
  if (type === 'text' && typeof text === 'string' && source === undefined) return { type, text, ...ownOf(fields) }
  const isMedia = (type === 'image' || type === 'document') && isObject(source) && text === undefined
  const media = isMedia ? mediaOf(type, source, fields) : undefined
  return media ?? { type: 'native', format: 'anthropic', value: block }
}

/** What every provider can be told of; a file that lies with this one, or a document in pieces, is not such. */
function mediaOf(type: 'image' | 'document', source: JsonObject, fields: JsonObject): MediaPart | undefined {
  const { title, ...rest } = fields
  const isNamed = type === 'document' && typeof title === 'string'
  const beside = { ...(isNamed ? { name: title } : {}), ...ownOf(isNamed ? rest : fields) }
  const { type: kind, media_type: mediaType, data, url, ...more } = source
  if (Object.keys(more).length > 0) return undefined
  if (kind === 'base64' && typeof mediaType === 'string' && typeof data === 'string' && url === undefined) {
    const isKnown = type === 'image' ? IMAGES.has(mediaType) : mediaType === 'application/pdf'
    return isKnown ? { type: 'media', mediaType, data, ...beside } : undefined
  }
  if (kind !== 'url' || typeof url !== 'string' || mediaType !== undefined || data !== undefined) return undefined
  return { type: 'media', mediaType: type === 'image' ? 'image/*' : 'application/pdf', url, ...beside }
}

const IMAGES: ReadonlySet<string> = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp'])
