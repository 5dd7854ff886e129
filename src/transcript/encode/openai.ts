/** What the two request forms of OpenAI, chat and Responses, have in common. */
import { copyFields, isObject, nonEmpty, parseJson, type JsonObject } from '../../json.ts'
import type { AssistantMessage, ContentBlock, ToolCallBlock } from '../../message.ts'
import type { EncodingContext } from '../encoder.ts'
import type { MediaPart, NativeForm, Part } from '../items.ts'
import type { Format } from '../target.ts'

/** The arguments as a JSON text. Of a call that was cut there are none: it is answered with an error, and half a JSON text is refused. */
export function argumentsOf(call: ToolCallBlock, { leaveOut }: EncodingContext): string {
  if (call.state !== 'complete') {
    leaveOut({ what: 'arguments', why: `the call is ${call.state}`, call: call.key })
    return '{}'
  }
  // Nothing and `null` stand for no arguments; the text of a custom call is no JSON.
  return isObject(parseJson(call.arguments)) ? call.arguments : JSON.stringify(call.input)
}

/** The input of a custom call, which is any text. */
export function customInputOf(call: ToolCallBlock, { leaveOut }: EncodingContext): string {
  if (call.state === 'complete') return call.arguments
  leaveOut({ what: 'arguments', why: `the call is ${call.state}`, call: call.key })
  return ''
}

/** Whether the input of a call is text and not JSON: in chat the call says so, in Responses its item. */
export function isCustom({ wire }: ToolCallBlock, message: AssistantMessage | undefined): boolean {
  return wire.type === 'custom' || itemTypeOf(wire, message) === 'custom_tool_call'
}

/** The type of the Responses item in which a block came; undefined for other dialects. */
export function itemTypeOf({ item: key }: JsonObject, message: AssistantMessage | undefined): string | undefined {
  const items = message?.wire.items
  if (typeof key !== 'string' || !isObject(items) || !Object.hasOwn(items, key)) return undefined
  const item = items[key]
  return isObject(item) ? nonEmpty(item.type) : undefined
}

/** Says of a block of another dialect that has no place in a request of OpenAI's why it is left out. */
export function leaveOutForeign(block: ContentBlock, ordinal: number, { leaveOut }: EncodingContext): void {
  switch (block.type) {
    case 'text':
    case 'refusal':
      return
    case 'tool_call':
      if (block.origin === 'client') return
      leaveOut({ what: 'block', why: 'another provider ran this call itself', block: ordinal, call: block.key })
      return
    case 'tool_result':
      leaveOut({ what: 'block', why: 'it answers a call that another provider ran itself', block: ordinal })
      return
    case 'thinking':
      leaveOut({ what: 'thinking', why: 'this API takes back only reasoning of its own', block: ordinal })
      return
    case 'media':
      leaveOut({ what: 'media', why: 'an answer in a request has no place for it', block: ordinal })
      return
    case 'other':
      leaveOut({ what: 'block', why: 'its type is not known', block: ordinal })
      return
    default:
      block satisfies never
  }
}

/** What can be read of a block as text: of a sound what is said in it. */
export function readableText(block: ContentBlock): string {
  if (block.type === 'text') return block.text
  return block.type === 'media' ? (block.text ?? '') : ''
}

/**
 * All text of a message. Blocks that follow each other are one text (citations cut it into pieces); between others, such as calls that a
 * provider ran, they are paragraphs.
 */
export function joinedText(content: readonly ContentBlock[]): string | undefined {
  let joined: string | undefined
  let goesOn = false
  for (const block of content) {
    const text = readableText(block)
    if (text !== '') joined = joined === undefined ? text : `${joined}${goesOn ? '' : '\n\n'}${text}`
    goesOn = block.type === 'text'
  }
  return joined
}

/** The element as its own provider had it. */
export function ownForm(native: NativeForm | undefined, format: Format): JsonObject | undefined {
  return native?.format === format ? copyFields(native.value) : undefined
}

/** Media as a URL: where it is, or with the data in it. */
export function urlOf({ url, data, mediaType }: MediaPart): string | undefined {
  return url ?? dataUrlOf({ data, mediaType })
}

export function dataUrlOf({
  data,
  mediaType,
}: {
  readonly data?: string | undefined
  readonly mediaType: string
}): string | undefined {
  return data === undefined ? undefined : `data:${mediaType};base64,${data}`
}

const AUDIO_FORMATS: ReadonlyMap<string, string> = new Map([
  ['audio/wav', 'wav'],
  ['audio/x-wav', 'wav'],
  ['audio/wave', 'wav'],
  ['audio/mpeg', 'mp3'],
  ['audio/mp3', 'mp3'],
])

/** The sound formats that OpenAI takes, and only as data. */
export function audioPart({ data, mediaType }: MediaPart): JsonObject | undefined {
  const format = AUDIO_FORMATS.get(mediaType)
  if (format === undefined || data === undefined) return undefined
  return { type: 'input_audio', input_audio: { data, format } }
}

/** What stands for a part of a tool's result that cannot be sent: the model should know that there was something. */
export function noteOf(part: Exclude<Part, { readonly type: 'text' }>): string {
  return part.type === 'media' ? `[${part.mediaType} left out]` : '[a part left out]'
}
