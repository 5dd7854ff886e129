/**
 * Requests of OpenAI's chat completions, and of DeepSeek and Kimi, which speak chat with `reasoning_content`.
 *
 * Reasoning: OpenAI itself neither sends nor documents any in chat, and other servers refuse a name that is not theirs
 * (https://github.com/Kilo-Org/kilocode/issues/10375). So for `openai-chat` a message gets back what it came with, under the same name: then
 * it is from such a server. Reasoning of other dialects is left out there. DeepSeek and Kimi want it back as `reasoning_content`
 * (https://github.com/earendil-works/pi/issues/3636, https://github.com/openai/openai-agents-python/issues/2669) and get it as plain text whichever
 * dialect it came in: both also speak Anthropic's, and what was thought there must not be lost. Signatures stay behind. If one block of a
 * message cannot be read, all its thinking is left out.
 */
import { copyFields, copyJson, isObject, type JsonObject, type JsonValue } from '../../json.ts'
import type { AssistantMessage, ContentBlock, ToolCallBlock } from '../../message.ts'
import type { AnsweredCall, Encoder, EncodingContext } from '../encoder.ts'
import type { MediaPart, Part, SystemMessage, ToolOutput, UserMessage } from '../items.ts'
import {
  argumentsOf,
  audioPart,
  customInputOf,
  dataUrlOf,
  isCustom,
  joinedText,
  leaveOutForeign,
  noteOf,
  ownForm,
  urlOf,
} from './openai.ts'

export const chatEncoder: Encoder = { assistant, user, result, system }

/** What servers with reasoning send with a message and want back; `extra_content` is where Gemini's endpoint has its signatures. */
const GIVEN_BACK = [
  'name',
  'reasoning_content',
  'reasoning',
  'reasoning_text',
  'reasoning_details',
  'reasoning_signature',
  'reasoning_opaque',
  'extra_content',
  'provider_specific_fields',
  'thinking_blocks',
  'prefix',
  'partial',
  'cache_control',
] as const

function assistant(message: AssistantMessage, context: EncodingContext): readonly JsonObject[] {
  const native = nativeOf(message, context)
  const encoded = native === undefined ? foreign(message, context) : own(native, message, context)
  if (saysSomething(encoded)) return [encoded]
  if (Object.keys(encoded).length > 1) {
    context.leaveOut({ what: 'thinking', why: 'the message has nothing else, and needs a content or calls' })
  }
  return []
}

function saysSomething({ content, tool_calls: calls, refusal, audio }: JsonObject): boolean {
  if (calls !== undefined || refusal !== undefined || audio !== undefined) return true
  return typeof content === 'string' || (Array.isArray(content) && content.length > 0)
}

function nativeOf(message: AssistantMessage, { native }: EncodingContext): JsonObject | undefined {
  const choices = message.dialect === 'openai-chat' ? native(message)?.choices : undefined
  const choice = Array.isArray(choices) ? choices[0] : undefined
  return isObject(choice) && isObject(choice.message) ? choice.message : undefined
}

/** A message that came in chat. Null and empty fields of an answer are no fields of a request: other servers refuse some of them. */
function own(native: JsonObject, message: AssistantMessage, context: EncodingContext): JsonObject {
  const isOpenAi = context.target === 'openai-chat'
  const calls = callsOf(message, context, native)
  const refusal = typeof native.refusal === 'string' && native.refusal !== '' ? native.refusal : undefined
  const said = isOpenAi ? ownContent(native, message) : plainContent(native, message)
  const content = said ?? (isOpenAi ? undefined : refusal)
  const isEmptyByIntent = native.content === null && (calls.length > 0 || refusal !== undefined)
  return {
    role: 'assistant',
    ...(content === undefined ? (isEmptyByIntent ? { content: null } : {}) : { content }),
    ...(isOpenAi && refusal !== undefined ? { refusal } : {}),
    ...(isOpenAi ? givenBack(native) : reasoningContent(message, context, native)),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
    ...audioIn(message, context),
  }
}

/** A list of parts from somebody's array goes back as one. */
function ownContent({ content }: JsonObject, { wire }: AssistantMessage): JsonValue | undefined {
  const parts = isObject(wire.message) ? wire.message.content : undefined
  if (Array.isArray(parts) && parts.length > 0) return copyJson(parts)
  return content === null || content === undefined ? undefined : copyJson(content)
}

/** Text without tags and parts of thinking, which goes in a field of its own. */
function plainContent(native: JsonObject, { content, wire }: AssistantMessage): string | undefined {
  const hasLayout = isObject(wire.folded) && wire.folded.layout !== undefined
  return typeof native.content === 'string' && !hasLayout ? native.content : joinedText(content)
}

function givenBack(native: JsonObject): JsonObject {
  const fields: JsonObject = {}
  for (const name of GIVEN_BACK) {
    const value = Object.hasOwn(native, name) ? native[name] : undefined
    if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) continue
    fields[name] = copyJson(value) ?? null
  }
  return fields
}

function audioIn({ content }: AssistantMessage, { target, leaveOut }: EncodingContext): JsonObject {
  let audio: JsonObject = {}
  for (const [ordinal, block] of content.entries()) {
    if (block.type !== 'media') continue
    const { id } = block.wire
    if (target === 'openai-chat' && typeof id === 'string') audio = { audio: { id } }
    else leaveOut({ what: 'media', why: 'a sound without an id has no place in a request', block: ordinal })
  }
  return audio
}

/** A message that came in another dialect. */
function foreign(message: AssistantMessage, context: EncodingContext): JsonObject {
  const isOpenAi = context.target === 'openai-chat'
  for (const [ordinal, block] of message.content.entries()) {
    if (block.type !== 'thinking' || isOpenAi) leaveOutForeign(block, ordinal, context)
  }
  const refusals = message.content.flatMap((block) =>
    block.type === 'refusal' && block.text !== '' ? [block.text] : [],
  )
  const refusal = refusals.length > 0 ? refusals.join('') : undefined
  const content = joinedText(message.content) ?? (isOpenAi ? undefined : refusal)
  const calls = callsOf(message, context)
  return {
    role: 'assistant',
    ...(content === undefined ? {} : { content }),
    ...(isOpenAi && refusal !== undefined ? { ...(content === undefined ? { content: null } : {}), refusal } : {}),
    ...(isOpenAi ? {} : reasoningContent(message, context)),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  }
}

/** Nothing that is not there is made up: where an empty one is asked for, a repair adds it. */
function reasoningContent(message: AssistantMessage, { leaveOut }: EncodingContext, native?: JsonObject): JsonObject {
  const thoughts = [...message.content.entries()].flatMap(([ordinal, block]) => {
    return block.type === 'thinking' && !isVacuous(block) ? [{ ordinal, block }] : []
  })
  if (thoughts.length === 0) return native?.reasoning_content === '' ? { reasoning_content: '' } : {}
  const unreadable = thoughts.some(({ block }) => block.text === '')
  for (const { ordinal, block } of thoughts) {
    const isSealed = block.signature !== undefined || block.encrypted !== undefined
    if (unreadable) {
      leaveOut({ what: 'thinking', why: 'part of it cannot be read by this provider', block: ordinal })
    } else if (isSealed) {
      leaveOut({
        what: 'thinking',
        why: 'its text goes on, what another provider sealed it with does not',
        block: ordinal,
      })
    }
  }
  return unreadable ? {} : { reasoning_content: thoughts.map(({ block }) => block.text).join('\n\n') }
}

function isVacuous({ text, signature, encrypted, redacted }: Extract<ContentBlock, { type: 'thinking' }>): boolean {
  return text === '' && signature === undefined && encrypted === undefined && redacted === undefined
}

/** The calls that the client runs, each with what else its own server sent with it. */
function callsOf(message: AssistantMessage, context: EncodingContext, native?: JsonObject): JsonObject[] {
  const natives = Array.isArray(native?.tool_calls) ? native.tool_calls : []
  let at = 0
  const calls: JsonObject[] = []
  for (const block of message.content) {
    if (block.type !== 'tool_call') continue
    // The older `function_call` is asked for once more as the call that has an id, which its result needs.
    const isOlder = block.wire.type === 'function_call'
    const itsNative = isOlder ? undefined : natives[at]
    if (!isOlder) at += 1
    if (block.origin === 'client') {
      calls.push(
        callOf(block, message, isObject(itsNative) && context.target === 'openai-chat' ? itsNative : {}, context),
      )
    }
  }
  return calls
}

const NOT_MORE: ReadonlySet<string> = new Set(['id', 'type', 'index', 'function', 'custom'])
const NOT_MORE_OF_BODY: ReadonlySet<string> = new Set(['name', 'arguments', 'input', 'parsed_arguments'])

function callOf(
  block: ToolCallBlock,
  message: AssistantMessage,
  native: JsonObject,
  context: EncodingContext,
): JsonObject {
  const id = context.idOf(block)
  const more = present(native, NOT_MORE)
  if (isCustom(block, message) && context.target === 'openai-chat') {
    const body = isObject(native.custom) ? present(native.custom, NOT_MORE_OF_BODY) : {}
    return { id, type: 'custom', custom: { ...body, name: block.name, input: customInputOf(block, context) }, ...more }
  }
  const body = isObject(native.function) ? present(native.function, NOT_MORE_OF_BODY) : {}
  return {
    id,
    type: 'function',
    function: { ...body, name: block.name, arguments: argumentsOf(block, context) },
    ...more,
  }
}

function present(object: JsonObject, except: ReadonlySet<string>): JsonObject {
  const nulls = Object.entries(object).flatMap(([name, value]) => (value === null ? [name] : []))
  return copyFields(object, nulls.length === 0 ? except : new Set([...except, ...nulls]))
}

/** A native part with a role is a message of its own. */
function user(message: UserMessage, context: EncodingContext): readonly JsonObject[] {
  const { content, native } = message
  const hasMedia = typeof content !== 'string' && content.some(({ type }) => type !== 'text')
  const whole = context.target === 'openai-chat' || !hasMedia ? ownForm(native, 'chat') : undefined
  if (whole !== undefined) return [whole]
  if (typeof content === 'string') return [{ role: 'user', content }]
  const messages: JsonObject[] = []
  let parts: JsonObject[] = []
  const flush = (): void => {
    if (parts.length > 0) messages.push({ role: 'user', content: parts })
    parts = []
  }
  for (const [ordinal, part] of content.entries()) {
    const encoded = userPart(part, context)
    if (encoded === undefined) leaveOutPart(part, ordinal, context)
    else if (part.type === 'native' && typeof encoded.role === 'string') {
      flush()
      messages.push(encoded)
    } else parts.push(encoded)
  }
  flush()
  return messages
}

function userPart(part: Part, { target }: EncodingContext): JsonObject | undefined {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text }
    case 'native':
      return part.format === 'chat' ? copyFields(part.value) : undefined
    case 'media':
      // DeepSeek: "unknown variant `image_url`, expected `text`" (https://github.com/rikkahub/rikkahub/issues/1433).
      if (target === 'deepseek') return undefined
      return target === 'kimi' ? kimiMedia(part) : openAiMedia(part)
    default:
      part satisfies never
      return undefined
  }
}

function openAiMedia(part: MediaPart): JsonObject | undefined {
  const { mediaType, name } = part
  if (mediaType.startsWith('image/')) return imageOf(part)
  if (mediaType.startsWith('audio/')) return audioPart(part)
  const data = dataUrlOf(part)
  if (data === undefined) return undefined
  return { type: 'file', file: { ...(name === undefined ? {} : { filename: name }), file_data: data } }
}

/** Images and videos, no documents: those Kimi wants uploaded first. */
function kimiMedia(part: MediaPart): JsonObject | undefined {
  if (part.mediaType.startsWith('image/')) return imageOf(part)
  const url = urlOf(part)
  if (!part.mediaType.startsWith('video/') || url === undefined) return undefined
  return { type: 'video_url', video_url: { url } }
}

function imageOf(part: MediaPart): JsonObject | undefined {
  const url = urlOf(part)
  return url === undefined ? undefined : { type: 'image_url', image_url: { url } }
}

function leaveOutPart(part: Part, ordinal: number, { leaveOut, target }: EncodingContext): void {
  if (part.type === 'native') {
    leaveOut({ what: 'native', why: `it is in the form of ${part.format}`, block: ordinal })
  } else leaveOut({ what: 'media', why: `${target} does not take this here`, block: ordinal })
}

/** Results are text. That one is an error has no field: its text says so. */
function result(output: ToolOutput, { id }: AnsweredCall, context: EncodingContext): JsonObject {
  const whole = context.target === 'openai-chat' ? ownForm(output.native, 'chat') : undefined
  if (whole?.role === 'tool') return { ...whole, tool_call_id: id }
  const { content } = output
  if (typeof content === 'string') return { role: 'tool', tool_call_id: id, content }
  const parts = content.map((part, ordinal): JsonObject => {
    if (part.type === 'text') return { type: 'text', text: part.text }
    if (part.type === 'native' && part.format === 'chat' && context.target === 'openai-chat')
      return copyFields(part.value)
    leaveOutPart(part, ordinal, context)
    return { type: 'text', text: noteOf(part) }
  })
  // A list is what OpenAI documents; others are known to take a text.
  if (context.target === 'openai-chat' && parts.length > 0) return { role: 'tool', tool_call_id: id, content: parts }
  const text = parts.flatMap((part) => (typeof part.text === 'string' ? [part.text] : [])).join('\n')
  return { role: 'tool', tool_call_id: id, content: text }
}

/** The role `developer` is OpenAI's own: others refuse it (https://github.com/earendil-works/pi/issues/1048), and `system` says the same. */
function system({ content, native }: SystemMessage): JsonObject {
  const whole = ownForm(native, 'chat')
  return whole === undefined ? { role: 'system', content } : { ...whole, role: 'system' }
}
