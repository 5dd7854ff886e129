/**
 * Messages of the Anthropic Messages API as a request has them (platform.claude.com/docs/en/api/messages). Its own answers go back as they
 * came, without what the API has in answers only: fields that are null, and the `file_id` of citations.
 *
 * Thinking goes back byte for byte, if all of the message is signed; else none of it does. The API refuses thinking that nobody signed:
 * it was cut, or an imitator of the API made it.
 */
import { decodeBase64 } from '../../base64.ts'
import { copyFields, isObject, nonEmpty, type JsonObject, type JsonValue } from '../../json.ts'
import type { AssistantMessage, ContentBlock, ThinkingBlock } from '../../message.ts'
import type { Encoder, EncodingContext } from '../encoder.ts'
import type { MediaPart, Part, ToolOutput, UserMessage } from '../items.ts'
import { foreignBlocks, inputOf, ownFieldsOf } from './pieces.ts'

/**
 * What a failed call that printed nothing says: "tool_result: content cannot be empty if `is_error` is true"
 * (github.com/bytedance/trae-agent/issues/230; blank is empty: github.com/can1357/oh-my-pi/pull/2250).
 */
const NO_OUTPUT = '(no output)'

export const anthropicEncoder: Encoder = { assistant, user, result, system: () => undefined }

function assistant(message: AssistantMessage, context: EncodingContext): readonly JsonObject[] {
  const own = nativeBlocks(message, context)
  const content =
    own === undefined
      ? foreignBlocks(
          message,
          {
            text: (text) => ({ type: 'text', text }),
            call: (call, index) => ({
              type: 'tool_use',
              id: context.idOf(call),
              name: call.name,
              input: inputOf(call, index, context),
            }),
            media: () => undefined,
          },
          context,
        )
      : ownBlocks(message, own, context)
  if (content.length === 0) return []
  const [only] = content
  const isString = message.wire.content === 'string' && content.length === 1 && typeof only?.text === 'string'
  return [{ role: 'assistant', content: isString ? (only.text ?? '') : content }]
}

/** The blocks of an answer of this API as they came. Claude Code hands its answers on. */
function nativeBlocks(message: AssistantMessage, context: EncodingContext): readonly JsonValue[] | undefined {
  if (message.dialect !== 'anthropic-messages' && message.dialect !== 'claude-code') return undefined
  const native = context.native({ ...message, dialect: 'anthropic-messages' })
  const content = native?.content
  return Array.isArray(content) && content.length === message.content.length ? content : undefined
}

function ownBlocks(message: AssistantMessage, natives: readonly JsonValue[], context: EncodingContext): JsonObject[] {
  const isSigned = message.content.every((block) => block.type !== 'thinking' || isKept(block))
  const left = new Set<string>()
  const blocks: JsonObject[] = []
  const thinking: number[] = []
  for (const [index, block] of message.content.entries()) {
    const native = natives[index]
    if (block.type === 'thinking') {
      if (!isSigned) context.leaveOut({ what: 'thinking', why: 'not all of the message is signed', block: index })
      else {
        thinking.push(index)
        blocks.push(isObject(native) ? native : {})
      }
      continue
    }
    const written = isObject(native) ? ownBlock(block, native, index, left, context) : undefined
    if (written !== undefined) blocks.push(written)
  }
  // Thinking that led to nothing but what is left out.
  const isBare = blocks.length === thinking.length && message.content.some(({ type }) => type !== 'thinking')
  if (!isBare) return blocks
  for (const block of thinking) context.leaveOut({ what: 'thinking', why: 'nothing that follows it is sent', block })
  return []
}

function isKept({ redacted, encrypted, signature }: ThinkingBlock): boolean {
  return nonEmpty(redacted === true ? encrypted : signature) !== undefined
}

function ownBlock(
  block: Exclude<ContentBlock, ThinkingBlock>,
  native: JsonObject,
  index: number,
  left: Set<string>,
  context: EncodingContext,
): JsonObject | undefined {
  const own = withoutNull(native)
  switch (block.type) {
    case 'text':
    case 'refusal':
      return Array.isArray(own.citations) ? { ...own, citations: own.citations.map(citationOf) } : own
    case 'tool_call': {
      if (block.origin === 'client') {
        return { ...own, id: context.idOf(block), input: inputOf(block, index, context) }
      }
      // An agent ran it: the answer does not hold its result, so nobody can be told of it.
      const isAgents = own.type === 'tool_use'
      if (!isAgents && block.state === 'complete' && block.idSource === 'wire') return own
      const why = isAgents ? 'the agent ran it itself' : 'a tool of the provider whose call was cut'
      left.add(block.id)
      context.leaveOut({ what: 'block', why, block: index, call: block.key })
      return undefined
    }
    case 'tool_result':
      if (block.callId !== undefined && !left.has(block.callId) && own.type !== 'tool_result') return own
      context.leaveOut({ what: 'block', why: 'the result of a call that is not sent', block: index })
      return undefined
    case 'media':
    case 'other':
      if (typeof own.type === 'string') return own
      context.leaveOut({ what: 'block', why: 'a block without a type', block: index })
      return undefined
    default: {
      const never: never = block
      return never
    }
  }
}

function withoutNull(block: JsonObject): JsonObject {
  return copyFields(block, new Set(Object.keys(block).filter((key) => block[key] === null)))
}

function citationOf(citation: JsonValue): JsonValue {
  return isObject(citation) ? copyFields(citation, new Set(['file_id'])) : citation
}

function user({ content }: UserMessage, context: EncodingContext): readonly JsonObject[] {
  if (typeof content === 'string') return [{ role: 'user', content }]
  const blocks = content.flatMap((part) => partOf(part, context))
  return blocks.length === 0 ? [] : [{ role: 'user', content: blocks }]
}

function partOf(part: Part, context: EncodingContext): JsonObject[] {
  switch (part.type) {
    case 'text':
      return [{ type: 'text', text: part.text, ...ownFieldsOf(part.own, 'anthropic') }]
    case 'media': {
      const written = mediaOf(part)
      if (written !== undefined) return [{ ...written, ...ownFieldsOf(part.own, 'anthropic') }]
      context.leaveOut({ what: 'media', why: `the API takes no ${part.mediaType} like this` })
      return []
    }
    case 'native':
      if (part.format === 'anthropic') return [copyFields(part.value)]
      context.leaveOut({ what: 'native', why: `it is in the form of ${part.format}` })
      return []
    default: {
      const never: never = part
      return never
    }
  }
}

const IMAGES: ReadonlySet<string> = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp'])

function mediaOf({ mediaType, data, url, name }: MediaPart): JsonObject | undefined {
  const title = name === undefined ? {} : { title: name }
  if (data !== undefined) {
    if (IMAGES.has(mediaType)) return { type: 'image', source: { type: 'base64', media_type: mediaType, data } }
    if (mediaType === 'application/pdf') {
      return { type: 'document', source: { type: 'base64', media_type: mediaType, data }, ...title }
    }
    const text = mediaType.startsWith('text/') ? textOf(data) : undefined
    if (text === undefined) return undefined
    return { type: 'document', source: { type: 'text', media_type: 'text/plain', data: text }, ...title }
  }
  if (url === undefined) return undefined
  if (mediaType.startsWith('image/')) return { type: 'image', source: { type: 'url', url } }
  return mediaType === 'application/pdf' ? { type: 'document', source: { type: 'url', url }, ...title } : undefined
}

/** The text that base64 stands for; undefined if it is none. */
function textOf(data: string): string | undefined {
  const bytes = decodeBase64(data)
  try {
    return bytes === undefined ? undefined : new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function result(
  { content, isError, own }: ToolOutput,
  call: { readonly id: string },
  context: EncodingContext,
): JsonObject {
  const written = contentOf(content, isError === true, context)
  return {
    type: 'tool_result',
    tool_use_id: call.id,
    ...(written === undefined ? {} : { content: written }),
    ...(isError === undefined ? {} : { is_error: isError }),
    ...ownFieldsOf(own, 'anthropic'),
  }
}

function contentOf(content: ToolOutput['content'], isError: boolean, context: EncodingContext): JsonValue | undefined {
  if (typeof content === 'string') return isError && isBlank(content) ? NO_OUTPUT : content
  const blocks = content.flatMap((part) => {
    if (part.type === 'text' && part.text === '') return []
    if (part.type !== 'media' || !isError) return partOf(part, context)
    context.leaveOut({ what: 'media', why: 'the result of a failed call is text' })
    return []
  })
  if (isError && blocks.every(({ type, text }) => type === 'text' && isBlank(text))) return NO_OUTPUT
  return blocks.length === 0 ? undefined : blocks
}

function isBlank(text: JsonValue | undefined): boolean {
  return typeof text === 'string' && text.trim() === ''
}
