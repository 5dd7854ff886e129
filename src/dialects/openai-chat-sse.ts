/** The choices of an answer of the dialect `openai-chat` as the event stream that the API would have sent. */
import { copyFields, isObject, type JsonObject, type JsonValue } from '../json.ts'
import type { AssistantMessage, MediaBlock, OutcomeError, TextBlock, ThinkingBlock, ToolCallBlock } from '../message.ts'
import { hasBegun } from './begun.ts'
import { reportsError } from './error.ts'
import { contentOf, isCitation } from './openai-chat-content.ts'
import { callToNative, detailsOf, isFunctionCall, signatureOf, toChatCompletion } from './openai-chat-native.ts'
import { openaiErrorOf } from './openai-error.ts'
import { piecesOf, sseData } from './sse-text.ts'

/** The fields that every chunk repeats; what else there is to say of the answer comes once, with the first. */
const REPEATED: ReadonlySet<string> = new Set([
  'id',
  'object',
  'created',
  'model',
  'service_tier',
  'system_fingerprint',
])

/** The chunks of all choices, each with its blank line, and `[DONE]` if the answer came to its end. */
export function chatEvents(messages: readonly AssistantMessage[]): readonly string[] {
  const answer = toChatCompletion(messages)
  const { choices: _choices, usage, ...about } = isObject(answer) ? answer : {}
  const isCompletion = about.object === 'text_completion'
  const fields = { ...about, object: isCompletion ? 'text_completion' : 'chat.completion.chunk' }
  const repeated = Object.fromEntries(Object.entries(fields).filter(([name]) => REPEATED.has(name)))
  const failed = messages.map(({ outcome }) => outcome).find((outcome) => outcome.kind === 'failed')
  const choices = messages.filter(hasBegun).flatMap(isCompletion ? completionOf : choiceOf)
  const counted = isObject(usage) ? [{ choices: [], usage }] : []
  const isDone = messages.every((message) => message.outcome.kind === 'complete' || breaksOffByWord(message))
  return [
    ...[...choices.map((choice) => ({ choices: [choice] })), ...counted].map((chunk, at) =>
      sseData({ ...(at === 0 ? fields : repeated), ...chunk }),
    ),
    ...(failed === undefined || isDone ? [] : [sseData(errorChunk(failed.error))]),
    ...(isDone ? ['data: [DONE]\n\n'] : []),
  ]
}

/** The finish reason itself says that the answer failed; no other event does. */
function breaksOffByWord({ outcome, stop }: AssistantMessage): boolean {
  if (outcome.kind !== 'failed' || stop.raw === null) return false
  return isObject(outcome.error.body) && outcome.error.body.finish_reason === stop.raw
}

function errorChunk(error: OutcomeError): JsonObject {
  const { body } = error
  return isObject(body) && reportsError({ payload: body }) ? copyFields(body) : { error: openaiErrorOf(error) }
}

/** All log probabilities come at once, and never with the first chunk: the official SDK would take those twice. */
function choiceOf(message: AssistantMessage): readonly JsonObject[] {
  const { index, logprobs, ...extras } = extrasOf(message)
  const deltas = deltasOf(message)
  return [
    ...[openingOf(message), ...deltas].map((delta, at) => ({
      index,
      delta,
      logprobs: at === 1 ? logprobs : null,
      finish_reason: null,
    })),
    ...finishOf(message, { index, delta: {}, logprobs: deltas.length === 0 ? logprobs : null, ...extras }),
  ]
}

/** The older completions: text, and who speaks is not said. */
function completionOf(message: AssistantMessage): readonly JsonObject[] {
  const { index, logprobs, ...extras } = extrasOf(message)
  const text = message.content.map((block) => (block.type === 'text' ? block.text : '')).join('')
  return [
    ...piecesOf(text).map((piece, at) => ({
      index,
      text: piece,
      logprobs: at === 0 ? logprobs : null,
      finish_reason: null,
    })),
    ...finishOf(message, { index, text: '', logprobs: text === '' ? logprobs : null, ...extras }),
  ]
}

function extrasOf({ wire }: AssistantMessage): JsonObject & { index: JsonValue; logprobs: JsonValue } {
  return { index: 0, logprobs: null, ...(isObject(wire.choice) ? copyFields(wire.choice) : {}) }
}

function finishOf({ stop, outcome }: AssistantMessage, choice: JsonObject): readonly JsonObject[] {
  return stop.raw === null && outcome.kind !== 'complete' ? [] : [{ ...choice, finish_reason: stop.raw }]
}

function openingOf({ wire, content }: AssistantMessage): JsonObject {
  const fields = isObject(wire.message) ? copyFields(wire.message) : {}
  const opening = content.some(({ type }) => type === 'text') ? '' : (fields.content ?? null)
  return { role: 'assistant', ...fields, content: opening }
}

function deltasOf(message: AssistantMessage): readonly JsonObject[] {
  const calls = message.content.filter(isCall).filter((call) => !isFunctionCall(call))
  const folded = isObject(message.wire.folded) ? message.wire.folded : {}
  const whole = layoutOf(message, folded)
  let told = whole
  return message.content.flatMap((block): readonly JsonObject[] => {
    switch (block.type) {
      case 'text':
      case 'thinking': {
        // Text and reasoning in one list, or with tags: where each piece stood is said once, for both.
        const pieces = told ?? []
        told = whole === undefined ? undefined : []
        if (block.type === 'thinking') return [...pieces, ...thinkingOf(block, folded)]
        return [...pieces, ...textOf(block, whole !== undefined)]
      }
      case 'refusal':
        return piecesOf(block.text).map((refusal) => ({ refusal }))
      case 'tool_call':
        return isFunctionCall(block) ? functionCallOf(block) : callOf(block, calls.indexOf(block))
      case 'media':
        return audioOf(block)
      case 'tool_result':
      case 'other':
        return []
      default: {
        const never: never = block
        return never
      }
    }
  })
}

function isCall(block: { readonly type: string }): block is ToolCallBlock {
  return block.type === 'tool_call'
}

/** The deltas of content that is more than the text. */
function layoutOf({ content }: AssistantMessage, { layout }: JsonObject): readonly JsonObject[] | undefined {
  if (!Array.isArray(layout)) return undefined
  const joined = (type: 'text' | 'thinking'): string =>
    content.map((block) => (block.type === type ? block.text : '')).join('')
  const said = { text: joined('text'), thinking: joined('thinking'), signature: signatureOf(content) }
  const { content: whole } = contentOf(layout, said)
  if (Array.isArray(whole)) return whole.map((part) => ({ content: [part] }))
  return typeof whole === 'string' ? piecesOf(whole).map((piece) => ({ content: piece })) : undefined
}

function textOf({ text, citations = [] }: TextBlock, isTold: boolean): readonly JsonObject[] {
  const own = isTold ? citations.filter((item) => !isCitation(item)) : citations
  return [
    ...(isTold ? [] : piecesOf(text).map((piece) => ({ content: piece }))),
    ...(own.length > 0 ? [copyFields({ annotations: own })] : []),
  ]
}

/** Under the name that it came under. The details stand beside its first piece, where they say no more than it does. */
function thinkingOf({ text, wire: { field } }: ThinkingBlock, folded: JsonObject): readonly JsonObject[] {
  const details = detailsOf(folded)
  const isText = field !== 'content' && field !== 'reasoning_details'
  const name = typeof field === 'string' ? field : 'reasoning_content'
  const [first, ...others] = isText ? piecesOf(text).map((piece) => ({ [name]: piece })) : []
  const opening = { ...details, ...first }
  return [...(Object.keys(opening).length > 0 ? [opening] : []), ...others]
}

function callOf(call: ToolCallBlock, index: number): readonly JsonObject[] {
  const field = call.wire.type === 'custom' ? 'custom' : 'function'
  const name = field === 'custom' ? 'input' : 'arguments'
  return [
    { tool_calls: [{ index, ...callToNative({ ...call, arguments: '' }) }] },
    ...piecesOf(call.arguments).map((piece) => ({ tool_calls: [{ index, [field]: { [name]: piece } }] })),
  ]
}

function functionCallOf(call: ToolCallBlock): readonly JsonObject[] {
  return [
    { function_call: { name: call.name, arguments: '' } },
    ...piecesOf(call.arguments).map((piece) => ({ function_call: { arguments: piece } })),
  ]
}

/** The data in one piece: each is base64 by itself. */
function audioOf({ wire, data, text = '' }: MediaBlock): readonly JsonObject[] {
  return [
    { audio: copyFields(wire) },
    ...piecesOf(text).map((transcript) => ({ audio: { transcript } })),
    ...(data === undefined ? [] : [{ audio: { data } }]),
  ]
}
