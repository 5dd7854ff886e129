/** What encoders have in common: the message of another provider in neutral terms, and fields that belong to one format. */
import { copyFields, isObject, nonEmpty, type JsonObject } from '../../json.ts'
import type { AssistantMessage, ContentBlock, MediaBlock, ToolCallBlock } from '../../message.ts'
import type { EncodingContext } from '../encoder.ts'
import type { MediaPart, OwnFields } from '../items.ts'
import type { Format } from '../target.ts'

/** How a format writes what every provider has. */
export interface Forms {
  readonly text: (text: string) => JsonObject
  readonly call: (call: ToolCallBlock, index: number) => JsonObject
  /** Undefined where the format takes no such thing from the model. */
  readonly media: (part: MediaPart) => JsonObject | undefined
}

/**
 * The message of another provider. Its thinking is signed or encrypted for that provider, and what that provider ran itself no other one
 * knows: both stay behind.
 */
export function foreignBlocks(message: AssistantMessage, forms: Forms, context: EncodingContext): JsonObject[] {
  return message.content.flatMap((block, index) => foreignBlock(block, index, forms, context))
}

function foreignBlock(block: ContentBlock, index: number, forms: Forms, context: EncodingContext): JsonObject[] {
  switch (block.type) {
    case 'text':
    case 'refusal':
      return [forms.text(block.text)]
    case 'thinking':
      context.leaveOut({ what: 'thinking', why: 'it is of another provider', block: index })
      return []
    case 'tool_call':
      if (block.origin === 'client') return [forms.call(block, index)]
      context.leaveOut({ what: 'block', why: 'a tool that another provider ran', block: index, call: block.key })
      return []
    case 'tool_result':
      context.leaveOut({ what: 'block', why: 'the result of a tool that another provider ran', block: index })
      return []
    case 'media': {
      const part = mediaPartOf(block)
      const written = part === undefined ? undefined : forms.media(part)
      if (written !== undefined) return [written]
      context.leaveOut({ what: 'media', why: 'the format has no place for it in an answer', block: index })
      return block.text === undefined ? [] : [forms.text(block.text)]
    }
    case 'other':
      context.leaveOut({ what: 'block', why: 'a block that only its provider knows', block: index })
      return []
    default: {
      const never: never = block
      return never
    }
  }
}

/** What the model made, if its provider says of what type it is. */
function mediaPartOf({ data, wire }: MediaBlock): MediaPart | undefined {
  const inline = isObject(wire.inlineData) ? wire.inlineData : wire
  const mediaType = nonEmpty(inline.mimeType) ?? nonEmpty(inline.mediaType)
  return mediaType === undefined || data === undefined ? undefined : { type: 'media', mediaType, data }
}

/** The input of a call; of one whose arguments were cut or are no object nothing is made up. */
export function inputOf(call: ToolCallBlock, index: number, context: EncodingContext): JsonObject {
  if (call.state === 'complete') return copyFields(call.input)
  const why = call.state === 'partial' ? 'they were cut' : 'they are no JSON object'
  context.leaveOut({ what: 'arguments', why, block: index, call: call.key })
  return {}
}

/** The fields that belong to this format. */
export function ownFieldsOf(own: OwnFields | undefined, format: Format): JsonObject {
  return own === undefined || own.format !== format ? {} : copyFields(own.fields)
}
