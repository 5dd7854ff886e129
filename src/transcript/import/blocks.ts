/** The blocks and parts that agents keep in their files, in the forms of the APIs that they speak. */
import { copyFields, isObject, nonEmpty, parseJson, type JsonObject, type JsonValue } from '../../json.ts'
import type { ContentBlock, Dialect, ToolCallBlock } from '../../message.ts'
import type { Part, ToolOutput } from '../items.ts'
import type { Format, Target } from '../target.ts'

/** In what form the model answers an agent that speaks to this API. */
export const DIALECT_OF: Readonly<Record<Target, Dialect>> = {
  anthropic: 'anthropic-messages',
  'openai-chat': 'openai-chat',
  'openai-responses': 'openai-responses',
  gemini: 'gemini',
  deepseek: 'openai-chat',
  kimi: 'openai-chat',
}

/** A call as a file keeps it: its arguments as a text, or already as what they say. */
export interface KeptCall {
  readonly key: string
  readonly id: string | undefined
  readonly name: string
  readonly input: JsonValue | undefined
  readonly wire?: ToolCallBlock['wire']
}

/** The block of a call that the client runs. */
export function callBlock({ key, id, name, input, wire = {} }: KeptCall): ToolCallBlock {
  const text = typeof input === 'string' ? input : input === undefined ? '' : JSON.stringify(input)
  const value = typeof input === 'string' ? (input.trim() === '' ? {} : parseJson(input)) : (input ?? {})
  const isNamed = id !== undefined && id !== ''
  const fields = {
    type: 'tool_call',
    key,
    id: isNamed ? id : key,
    idSource: isNamed ? 'wire' : 'minted',
    name,
    arguments: text,
    origin: 'client',
    wire,
  } as const
  return isObject(value) ? { ...fields, state: 'complete', input: value } : { ...fields, state: 'invalid' }
}

const ANTHROPIC_CALLS: ReadonlySet<string> = new Set(['server_tool_use', 'mcp_tool_use'])

/** A block of Anthropic's own form; a call gets the ordinal under the key. */
export function anthropicBlock(block: JsonObject, key: string, ordinal: number): ContentBlock {
  const type = typeof block.type === 'string' ? block.type : ''
  if (type === 'text' && typeof block.text === 'string') {
    const citations = Array.isArray(block.citations) ? { citations: block.citations } : {}
    return { type: 'text', text: block.text, ...citations, wire: copyFields(block, new Set(['text', 'citations'])) }
  }
  if (type === 'thinking' && typeof block.thinking === 'string') {
    const signature = typeof block.signature === 'string' ? { signature: block.signature } : {}
    return {
      type: 'thinking',
      text: block.thinking,
      ...signature,
      wire: copyFields(block, new Set(['thinking', 'signature'])),
    }
  }
  if (type === 'redacted_thinking' && typeof block.data === 'string') {
    const wire = copyFields(block, new Set(['data']))
    return { type: 'thinking', text: '', encrypted: block.data, redacted: true, wire }
  }
  const isServer = ANTHROPIC_CALLS.has(type)
  if (type === 'tool_use' || isServer) {
    const wire = copyFields(block, new Set(['id', 'name', 'input']))
    const name = typeof block.name === 'string' ? block.name : ''
    const call = callBlock({ key: `${key}#${ordinal}`, id: nonEmpty(block.id), name, input: block.input, wire })
    return isServer ? { ...call, origin: 'provider' } : call
  }
  if (type.endsWith('_tool_result')) {
    return {
      type: 'tool_result',
      ...(typeof block.tool_use_id === 'string' ? { callId: block.tool_use_id } : {}),
      ...(block.content === undefined ? {} : { content: block.content }),
      wire: copyFields(block, new Set(['tool_use_id', 'content'])),
    }
  }
  return { type: 'other', wire: copyFields(block) }
}

/** What a user says or a tool gives back, in whichever of the known forms: a text, or a list of parts. */
export function partsOf(content: unknown, format: Format): string | readonly Part[] {
  if (typeof content === 'string') return content
  if (isObject(content)) return [partOf(content, format)]
  if (!Array.isArray(content)) return ''
  return content.flatMap((part: unknown): readonly Part[] => {
    if (typeof part === 'string') return [{ type: 'text', text: part }]
    return isObject(part) ? [partOf(part, format)] : []
  })
}

function partOf(part: JsonObject, format: Format): Part {
  const { text, source } = part
  if (typeof text === 'string' && (part.type === undefined || TEXT_TYPES.has(part.type))) return { type: 'text', text }
  if (isObject(source)) {
    if (source.type === 'base64' && typeof source.data === 'string') return media(source.media_type, source.data, part)
    if (source.type === 'url' && typeof source.url === 'string') return fromUrl(source.url, kindOf(part.type), part)
  }
  if (part.type === 'image' && typeof part.data === 'string') return media(part.mimeType, part.data, part)
  const inline = part.inlineData
  if (isObject(inline) && typeof inline.data === 'string') return media(inline.mimeType, inline.data, part)
  const file = part.fileData
  if (isObject(file) && typeof file.fileUri === 'string') {
    return { type: 'media', mediaType: nonEmpty(file.mimeType) ?? 'application/octet-stream', url: file.fileUri }
  }
  for (const [name, value] of Object.entries(part)) {
    const kind = URL_FIELDS.get(name)
    const url = isObject(value) ? value.url : value
    if (kind !== undefined && typeof url === 'string') return fromUrl(url, kind, part)
  }
  return { type: 'native', format, value: copyFields(part) }
}

const TEXT_TYPES: ReadonlySet<JsonValue> = new Set(['text', 'input_text', 'output_text'])
const URL_FIELDS: ReadonlyMap<string, string> = new Map([
  ['image_url', 'image/*'],
  ['imageUrl', 'image/*'],
  ['audio_url', 'audio/*'],
  ['audioUrl', 'audio/*'],
  ['video_url', 'video/*'],
  ['videoUrl', 'video/*'],
])

function kindOf(type: JsonValue | undefined): string {
  return type === 'document' ? 'application/pdf' : 'image/*'
}

function fromUrl(url: string, kind: string, part: JsonObject): Part {
  // A long one must not be matched as a whole.
  const comma = url.startsWith('data:') ? url.indexOf(',') : -1
  const head = comma === -1 ? '' : url.slice('data:'.length, comma)
  if (head.endsWith(';base64')) return media(head.slice(0, head.indexOf(';')), url.slice(comma + 1), part)
  return { type: 'media', mediaType: kind, url }
}

function media(mediaType: unknown, data: string, part: JsonObject): Part {
  const name = nonEmpty(part.title) ?? nonEmpty(part.filename)
  const named = name === undefined ? {} : { name }
  return { type: 'media', mediaType: nonEmpty(mediaType) ?? 'application/octet-stream', data, ...named }
}

/** What a `functionResponse` says: Gemini's agents put a text under `output` or `error`. */
export function responseOutput(value: JsonObject, isError: boolean): ToolOutput {
  const response = isObject(value.response) ? value.response : {}
  const failed = isError || response.error !== undefined
  const said = response.output ?? response.error
  const isPlain = Object.keys(response).length === 1 && typeof said === 'string'
  const text = isPlain ? said : Object.keys(response).length === 0 ? '' : JSON.stringify(response)
  const more = Array.isArray(value.parts) ? partsOf(value.parts, 'gemini') : []
  const content = more.length === 0 || typeof more === 'string' ? text : [{ type: 'text', text } as const, ...more]
  return { content, ...(failed ? { isError: true } : {}) }
}

/** A part of Gemini's form as a block; undefined: it says nothing. */
export function geminiBlock(
  part: JsonObject,
  dialect: Dialect,
  key: string,
  ordinal: number,
): ContentBlock | undefined {
  const isGemini = dialect === 'gemini'
  const signature = isGemini ? nonEmpty(part.thoughtSignature) : undefined
  const signed = signature === undefined ? {} : { thoughtSignature: signature }
  if (isObject(part.functionCall)) {
    const { id, name, args } = part.functionCall
    return callBlock({
      key: `${key}#${ordinal}`,
      id: nonEmpty(id),
      name: typeof name === 'string' ? name : '',
      input: args ?? {},
      wire: signed,
    })
  }
  if (typeof part.text === 'string') {
    if (part.thought !== true) return { type: 'text', text: part.text, wire: signed }
    return { type: 'thinking', text: part.text, ...(signature === undefined ? {} : { signature }), wire: {} }
  }
  if (part.thought === true || Object.keys(part).length === 0) return undefined
  return { type: 'other', wire: copyFields(part) }
}
