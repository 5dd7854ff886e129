/** One answer of the model in the form of chat completions. */
import { equalJson, isObject, nonEmpty, parseJson, type JsonObject, type JsonValue } from '../../json.ts'
import type { Call, Said } from '../element.ts'
import type { RepairContext } from '../form.ts'
import { isFilled } from '../rules/chat-messages.ts'

/** The kind of a call that stands in `function_call`, of before there were ids. */
export const LEGACY = 'legacy'

/** The calls of a message, in order. */
export function callsOf(message: JsonObject): readonly Call[] {
  const calls = Array.isArray(message.tool_calls) ? message.tool_calls : []
  if (calls.length > 0) return calls.map((call) => ({ id: idOf(call), name: nameOf(call) }))
  const { function_call: legacy } = message
  const name = isObject(legacy) ? nonEmpty(legacy.name) : undefined
  return name === undefined ? [] : [{ id: name, name, kind: LEGACY }]
}

const idOf = (call: JsonValue): string => (isObject(call) && typeof call.id === 'string' ? call.id : '')

function nameOf(call: JsonValue): string {
  const own = isObject(call) ? (call.function ?? call.custom) : undefined
  return isObject(own) && typeof own.name === 'string' ? own.name : ''
}

/** The answer as one element, or nothing if there is nothing in it to send. */
export function mendChatAnswer(message: JsonObject, at: number, context: RepairContext): readonly Said[] {
  const mended = spoken(withCalls(message, at, context), at, context)
  const calls = callsOf(mended)
  if (calls.length === 0 && isSayingNothing(mended, context)) {
    context.report({ kind: 'message_dropped', message: at, text: 'nothing in the answer can be sent' })
    return []
  }
  const { content } = mended
  if (content === '' && context.target === 'kimi' && context.facts.profile === 'strict') {
    const { content: _empty, ...rest } = mended
    context.report({
      kind: 'field_dropped',
      message: at,
      text: 'an answer with calls and nothing to say leaves its content out',
    })
    return [{ kind: 'said', at, values: [rest], calls }]
  }
  const isContent = content === undefined || content === null || typeof content === 'string' || Array.isArray(content)
  return [{ kind: 'said', at, values: [isContent ? mended : { ...mended, content: null }], calls }]
}

/** Kimi reads nothing but the content. */
function spoken(message: JsonObject, at: number, { target, report }: RepairContext): JsonObject {
  const { refusal, ...rest } = message
  const text = nonEmpty(refusal)
  if (target !== 'kimi' || text === undefined || nonEmpty(message.content) !== undefined) return message
  report({ kind: 'block_moved', message: at, text: 'the words of a refusal are the content' })
  return { ...rest, content: text }
}

/** An empty text is an answer to OpenAI, and none to Kimi. */
function isSayingNothing({ content, refusal, audio }: JsonObject, { target, facts }: RepairContext): boolean {
  if (target !== 'kimi' && (nonEmpty(refusal) !== undefined || isObject(audio))) return false
  if (target === 'kimi' && !isFilled(content)) return true
  if (Array.isArray(content)) return content.length === 0
  if (typeof content !== 'string') return true
  return facts.profile === 'strict' && content.trim() === ''
}

function withCalls(message: JsonObject, at: number, context: RepairContext): JsonObject {
  const { tool_calls: given } = message
  if (given === undefined || given === null) return message
  if (!Array.isArray(given) || given.length === 0) {
    const { tool_calls: _dropped, ...rest } = message
    context.report({ kind: 'field_dropped', message: at, text: 'tool_calls is a list of calls, or is not there' })
    return rest
  }
  const seen = new Map<string, JsonObject>()
  const kept = given.flatMap((call, block): JsonObject[] => {
    const mended = mendCall(call, at, block, context)
    if (mended === undefined) return []
    const known = seen.get(idOf(mended))
    if (known !== undefined && equalJson(known, mended)) {
      const text = 'the answer has this call already'
      context.report({ kind: 'duplicate_block_dropped', message: at, block, call: idOf(mended), text })
      return []
    }
    seen.set(idOf(mended), mended)
    return [mended]
  })
  if (kept.length === given.length && kept.every((call, index) => call === given[index])) return message
  const { tool_calls: _replaced, ...rest } = message
  return kept.length === 0 ? rest : { ...message, tool_calls: kept }
}

function mendCall(
  call: JsonValue,
  at: number,
  block: number,
  { report, facts }: RepairContext,
): JsonObject | undefined {
  if (!isObject(call) || nameOf(call) === '') {
    report({ kind: 'block_dropped', message: at, block, text: 'a call needs the name of a function' })
    return undefined
  }
  const mended = typeof call.id === 'string' ? call : { ...call, id: '' }
  const typed =
    typeof mended.type === 'string' ? mended : { ...mended, type: isObject(mended.custom) ? 'custom' : 'function' }
  if (typed !== mended) report({ kind: 'field_added', message: at, block, text: 'a call needs a type' })
  const { function: own, custom } = typed
  if (isObject(custom) && typeof custom.input !== 'string') {
    report({ kind: 'arguments_emptied', message: at, block, text: 'the input of a custom tool is a text' })
    return { ...typed, custom: { ...custom, input: JSON.stringify(custom.input ?? '') } }
  }
  if (!isObject(own) || isArguments(own.arguments, facts.profile === 'strict')) return typed
  const { arguments: given } = own
  report({
    kind: 'arguments_emptied',
    message: at,
    block,
    call: idOf(mended),
    text: 'the arguments of a call are the JSON text of an object',
  })
  return { ...typed, function: { ...own, arguments: isObject(given) ? JSON.stringify(given) : '{}' } }
}

/** A text; in the strict profile the JSON text of an object. What a text says is not for the lax profile to judge. */
const isArguments = (text: JsonValue | undefined, isStrict: boolean): boolean =>
  typeof text === 'string' && (!isStrict || isObject(parseJson(text)))
