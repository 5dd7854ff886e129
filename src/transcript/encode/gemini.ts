/**
 * Contents of the Gemini API as a request has them (ai.google.dev/api/generate-content). Its own answers go back part by part as they came,
 * their thought signatures with them.
 *
 * Ids: the API pairs by name and order, or by id where both the call and the response have one. A call has its id in the request if it had
 * one on the wire, and its response has the same one; an id that was minted here (`<message>#<n>`) is on neither side. The id alone decides,
 * so both sides agree. Vertex AI refuses any id with models before Gemini 3: give `idOf` as '' there
 * (github.com/anomalyco/opencode/pull/50504, github.com/looplj/axonhub/issues/874).
 *
 * Signatures: Gemini 3 refuses a turn whose first call has none. For calls that another model made, its documentation names a value that
 * stands for "there is none" (ai.google.dev/gemini-api/docs/thought-signatures, FAQ). It goes on the first call of such a message, and
 * never on an answer of Gemini: older models sign nothing and miss nothing.
 */
import { copyFields, isObject, nonEmpty, parseJson, type JsonObject, type JsonValue } from '../../json.ts'
import type { AssistantMessage, ContentBlock, ToolCallBlock } from '../../message.ts'
import type { Encoder, EncodingContext } from '../encoder.ts'
import type { MediaPart, Part, ToolOutput, UserMessage } from '../items.ts'
import { foreignBlocks, inputOf, ownFieldsOf } from './pieces.ts'

/** In place of a signature, on the calls of other models. */
const NO_SIGNATURE = 'skip_thought_signature_validator'

/** What a part may only have in an answer. */
const OUTPUT_ONLY: ReadonlySet<string> = new Set(['audioTranscription'])

export const geminiEncoder: Encoder = { assistant, user, result, system: () => undefined }

function assistant(message: AssistantMessage, context: EncodingContext): readonly JsonObject[] {
  const natives = nativeParts(message, context)
  const parts =
    natives === undefined
      ? foreignParts(message, context)
      : message.content.flatMap((block, index) => ownPart(block, natives[index], index, context))
  return parts.length === 0 ? [] : [{ role: 'model', parts }]
}

/** The parts of an answer of this API as they came. */
function nativeParts(message: AssistantMessage, context: EncodingContext): readonly JsonValue[] | undefined {
  if (message.dialect !== 'gemini') return undefined
  // Without a candidate there would be no parts; messages that were not folded here have none.
  const candidate = isObject(message.wire.candidate) ? message.wire.candidate : {}
  const native = context.native({ ...message, wire: { ...message.wire, candidate } })
  const [first] = Array.isArray(native?.candidates) ? native.candidates : []
  const content = isObject(first) ? first.content : undefined
  const parts = isObject(content) ? content.parts : undefined
  return Array.isArray(parts) && parts.length === message.content.length ? parts : undefined
}

function ownPart(
  block: ContentBlock,
  native: JsonValue | undefined,
  index: number,
  context: EncodingContext,
): JsonObject[] {
  if (!isObject(native)) return []
  const part = copyFields(native, OUTPUT_ONLY)
  switch (block.type) {
    case 'text':
    case 'refusal':
    case 'thinking':
      return [part]
    case 'tool_call': {
      if (block.origin === 'client') {
        const own = isObject(part.functionCall) ? part.functionCall : {}
        return [{ ...part, functionCall: { ...copyFields(own, ID), ...callOf(block, index, context) } }]
      }
      if (block.state === 'complete') return [part]
      context.leaveOut({
        what: 'block',
        why: 'a tool of the provider whose call was cut',
        block: index,
        call: block.key,
      })
      return []
    }
    case 'tool_result':
      return [part]
    case 'media':
      if (isObject(part.inlineData) ? nonEmpty(part.inlineData.data) !== undefined : isObject(part.fileData))
        return [part]
      context.leaveOut({ what: 'media', why: 'there is no data of it', block: index })
      return []
    case 'other':
      if (Object.keys(part).some((key) => key !== 'thoughtSignature' && key !== 'thought')) return [part]
      // A signature alone is no part: it goes with a text that is empty, as the API itself sends it.
      if (part.thoughtSignature !== undefined) return [{ text: '', ...part }]
      context.leaveOut({ what: 'block', why: 'it stands in answers only', block: index })
      return []
    default: {
      const never: never = block
      return never
    }
  }
}

const ID: ReadonlySet<string> = new Set(['id', 'args'])

function foreignParts(message: AssistantMessage, context: EncodingContext): JsonObject[] {
  const first = message.content.find((block) => block.type === 'tool_call' && block.origin === 'client')
  return foreignBlocks(
    message,
    {
      text: (text) => ({ text }),
      call: (call, index) => ({
        functionCall: callOf(call, index, context),
        ...(call === first ? { thoughtSignature: NO_SIGNATURE } : {}),
      }),
      media: mediaOf,
    },
    context,
  )
}

function callOf(call: ToolCallBlock, index: number, context: EncodingContext): JsonObject {
  const isBare = call.arguments === '' && call.state === 'complete'
  return {
    ...idFields(context.idOf(call)),
    name: call.name,
    ...(isBare ? {} : { args: inputOf(call, index, context) }),
  }
}

/** See above: an id that was minted here stays here. */
function idFields(id: string): JsonObject {
  return id === '' || id.includes('#') ? {} : { id }
}

function user({ content }: UserMessage, context: EncodingContext): readonly JsonObject[] {
  if (typeof content === 'string') return [{ role: 'user', parts: [{ text: content }] }]
  const parts = content.flatMap((part) => partOf(part, context))
  return parts.length === 0 ? [] : [{ role: 'user', parts }]
}

function partOf(part: Part, context: EncodingContext): JsonObject[] {
  switch (part.type) {
    case 'text':
      return [{ text: part.text, ...ownFieldsOf(part.own, 'gemini') }]
    case 'media': {
      const written = mediaOf(part)
      if (written !== undefined) return [{ ...written, ...ownFieldsOf(part.own, 'gemini') }]
      context.leaveOut({ what: 'media', why: 'there is neither data nor a place of it' })
      return []
    }
    case 'native':
      if (part.format === 'gemini') return [copyFields(part.value)]
      context.leaveOut({ what: 'native', why: `it is in the form of ${part.format}` })
      return []
    default: {
      const never: never = part
      return never
    }
  }
}

function mediaOf({ mediaType, data, url }: MediaPart): JsonObject | undefined {
  if (data !== undefined) return { inlineData: { mimeType: mediaType, data } }
  return url === undefined ? undefined : { fileData: { mimeType: mediaType, fileUri: url } }
}

function result(
  { content, isError, own }: ToolOutput,
  call: { readonly id: string; readonly name: string },
  context: EncodingContext,
): JsonObject {
  const { functionResponse, ...beside } = ownFieldsOf(own, 'gemini')
  const parts: readonly Part[] = typeof content === 'string' ? [{ type: 'text', text: content }] : content
  const texts = parts.flatMap((part) => (part.type === 'text' ? [part.text] : []))
  const others = parts.flatMap((part) => (part.type === 'text' ? [] : partOf(part, context)))
  return {
    functionResponse: {
      ...idFields(call.id),
      name: call.name,
      response: responseOf(texts.join('\n'), isError === true),
      ...(others.length === 0 ? {} : { parts: others }),
      ...(isObject(functionResponse) ? functionResponse : {}),
    },
    ...beside,
  }
}

/** The response is an object: one that the tool gave as JSON is it, anything else stands under the name that the API has for it. */
function responseOf(text: string, isError: boolean): JsonObject {
  const value = parseJson(text)
  const given = isObject(value) ? value : text
  if (isError) return { error: given }
  return isObject(given) ? given : { output: given }
}
