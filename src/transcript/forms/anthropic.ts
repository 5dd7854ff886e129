/** Histories in the form of Anthropic's Messages API. */
import { isObject, nonEmpty, type JsonObject, type JsonValue, wordOf } from '../../json.ts'
import type { Element, Other, Result, Said, Step } from '../element.ts'
import { reportMerged, type Form, type RepairContext } from '../form.ts'
import { mendAnswer, type Placed, type SealedAnswers } from './anthropic-answer.ts'
import { thinkingFirst, withoutBareLoop } from './anthropic-loop.ts'
import { blocksOf, isBlank, isCall, isResult, isServerBlock, isThinking } from './anthropic-blocks.ts'

export const anthropicForm: Form = {
  read,
  write,
  closing: ({ id }, text) => ({ type: 'tool_result', tool_use_id: id, content: text, is_error: true }),
  textOf,
  join: (first, others) => ({ ...first, content: [first, ...others].flatMap(contentOf) }),
  withCallIds,
  withResultId: (result, id) => ({ ...result, tool_use_id: id }),
  ids: { foreign: /[^a-zA-Z0-9_-]/g, maxLength: 256, isUnique: true },
}

function read(messages: readonly JsonObject[], context: RepairContext): readonly Element[] {
  const elements: Element[] = []
  const sealed: SealedAnswers = new Map()
  let turn: Placed[] = []
  const endTurn = (isLast: boolean): void => {
    if (turn.length > 0) elements.push(...mendAnswer(turn, isLast, sealed, context))
    turn = []
  }
  for (const [at, given] of messages.entries()) {
    const message = mendMessage(given, at, context)
    if (message === undefined) continue
    if (message.role !== 'assistant') {
      const said = readUser(message, at, context)
      // What is left out does not keep two answers apart.
      if (said.length > 0) endTurn(false)
      elements.push(...said)
      continue
    }
    const blocks = blocksOf(message)
    // The provider joins neighbours of one role; what cannot follow a call was another answer.
    const hasCall = turn.some(({ blocks: earlier }) => earlier.some(isCall))
    if (hasCall && !blocks.every(isCall)) endTurn(false)
    turn.push({ at, message, blocks })
  }
  endTurn(true)
  return elements
}

/** Roles and fields that the API does not know make it refuse everything. */
function mendMessage(message: JsonObject, at: number, context: RepairContext): JsonObject | undefined {
  const { report } = context
  const { role, content } = message
  const isKnown = role === 'user' || role === 'assistant' || role === 'system'
  if (role === 'system' && isStrict(context) && isContent(content)) {
    report({ kind: 'role_changed', message: at, text: 'instructions within the messages are not taken everywhere' })
    return { role: 'user', content: content ?? '' }
  }
  if (!isKnown || !isContent(content)) {
    report({
      kind: 'message_dropped',
      message: at,
      text: isKnown ? 'the message has no content' : `the message has the role ${wordOf(role)}`,
    })
    return undefined
  }
  const fields = Object.keys(message).filter((name) => name !== 'role' && name !== 'content')
  if (fields.length === 0) return message
  report({ kind: 'field_dropped', message: at, text: `a message has only role and content, not ${fields.join(', ')}` })
  return { role, content: content ?? '' }
}

const isContent = (content: JsonValue | undefined): boolean => typeof content === 'string' || Array.isArray(content)

function readUser(message: JsonObject, at: number, context: RepairContext): readonly (Result | Other)[] {
  const blocks = blocksOf(message)
  const kept: { readonly block: JsonObject; readonly given: JsonObject }[] = []
  for (const [index, given] of blocks.entries()) {
    const block = isResult(given) ? mendResult(given, at, index, context) : given
    const isText = block.type === 'text'
    const isRefused =
      isText && (nonEmpty(block.text) === undefined || (isBlank(block) && (isAlone(blocks) || isStrict(context))))
    if (isRefused || typeof block.type !== 'string' || isOfAssistant(block)) {
      context.report({
        kind: 'block_dropped',
        message: at,
        block: index,
        text: isText ? 'a blank text is refused' : 'a block needs a type, and one that a user may send',
      })
    } else kept.push({ block, given })
  }
  if (kept.length === 0) {
    context.report({ kind: 'message_dropped', message: at, text: 'nothing in the message can be sent' })
    return []
  }
  const results = kept.flatMap(({ block }): Result[] =>
    isResult(block) ? [{ kind: 'result', at, id: idOf(block), value: block }] : [],
  )
  const rest = kept.filter(({ block }) => !isResult(block))
  const firstOther = kept.findIndex(({ block }) => !isResult(block))
  const late = firstOther === -1 ? undefined : results[firstOther]
  if (late !== undefined) {
    context.report({ kind: 'result_moved', message: at, call: late.id, text: 'results come first in their message' })
  }
  if (rest.length === 0) return results
  const isWhole = results.length === 0 && kept.length === blocks.length
  const value = isWhole ? message : { role: message.role ?? 'user', content: rest.map(({ block }) => block) }
  return [...results, { kind: 'other', at, value }]
}

/** What only the model says. */
const isOfAssistant = (block: JsonObject): boolean => isCall(block) || isThinking(block) || isServerBlock(block)
const idOf = ({ tool_use_id: id }: JsonObject): string => (typeof id === 'string' ? id : '')
const isAlone = (blocks: readonly JsonObject[]): boolean =>
  blocks.every((block) => block.type === 'text' && isBlank(block))
const isStrict = ({ facts }: RepairContext): boolean => facts.profile === 'strict'

const NO_OUTPUT = '(no output)'
const contentAt = ({ content }: JsonObject, place: number): JsonValue | undefined =>
  Array.isArray(content) ? content[place] : undefined
/** A result that says error says something. */
const isSpeechless = ({ content, is_error: isError }: JsonObject): boolean =>
  isError === true && (typeof content !== 'string' || content.trim() === '')

/** A result that says error may hold nothing but text; no result may hold a blank one. */
function mendResult(block: JsonObject, at: number, index: number, { report }: RepairContext): JsonObject {
  if (!Array.isArray(block.content)) return isSpeechless(block) ? { ...block, content: NO_OUTPUT } : block
  const content = block.content.filter((part) => {
    if (!isObject(part)) return false
    if (part.type === 'text') return nonEmpty(part.text) !== undefined
    return block.is_error !== true
  })
  if (block.is_error === true && content.length === 0) content.push({ type: 'text', text: NO_OUTPUT })
  if (content.length === block.content.length && content.every((part, place) => part === contentAt(block, place)))
    return block
  report({
    kind: 'block_dropped',
    message: at,
    block: index,
    call: idOf(block),
    text: 'a result holds no empty texts, and an error result holds only texts',
  })
  return { ...block, content }
}

function contentOf(result: JsonObject): JsonValue[] {
  const { content } = result
  if (Array.isArray(content)) return content
  return typeof content === 'string' && content !== '' ? [{ type: 'text', text: content }] : []
}

function textOf(result: JsonObject): string | undefined {
  const parts = contentOf(result)
  const [only] = parts
  return parts.length === 1 && isObject(only) && typeof only.text === 'string' ? only.text : undefined
}

function write(given: readonly Step[], context: RepairContext): readonly JsonObject[] {
  const messages: Written[] = []
  for (const step of withoutBareLoop(trimEnd(thinkingFirst(given, context), context), context)) {
    if (step.kind === 'other') {
      const last = messages.at(-1)
      // What stood beside the results in one message stays there.
      if (last?.isResults === true && last.from.has(step.at)) {
        last.message = { ...last.message, content: [...blocksOf(last.message), ...blocksOf(step.value)] }
        last.isResults = false
      } else messages.push({ message: step.value, at: step.at, from: new Set(), isResults: false })
      continue
    }
    for (const message of step.said.values)
      messages.push({ message, at: step.said.at, from: new Set(), isResults: false })
    if (step.results.length === 0) continue
    const from = new Set(step.results.map(({ at }) => at))
    reportMerged(step, context)
    const content = step.results.map(({ value }) => value)
    messages.push({ message: { role: 'user', content }, at: step.said.at, from, isResults: true })
  }
  const written = isStrict(context) ? alternating(messages, context) : messages
  return written.map(({ message }) => message)
}

interface Written {
  message: JsonObject
  readonly at: number
  readonly from: ReadonlySet<number>
  isResults: boolean
}

/** One message for neighbours of one role, and a user first. */
function alternating(messages: readonly Written[], { report }: RepairContext): readonly Written[] {
  const merged: { message: JsonObject; blocks: JsonObject[]; at: number; isOne: boolean }[] = []
  for (const { message, at } of messages) {
    const last = merged.at(-1)
    if (last === undefined || last.message.role !== message.role) {
      merged.push({ message, blocks: [...blocksOf(message)], at, isOne: true })
      continue
    }
    report({
      kind: 'messages_merged',
      message: at,
      text: `two messages of the role ${wordOf(message.role)} stood together`,
    })
    last.blocks.push(...blocksOf(message))
    last.isOne = false
  }
  const first = merged[0]
  const whole = merged.map(({ message, blocks, at, isOne }): Written => {
    return { message: isOne ? message : { ...message, content: blocks }, at, from: new Set(), isResults: false }
  })
  if (first === undefined || first.message.role === 'user') return whole
  report({ kind: 'user_inserted', message: 0, text: 'the first message must be a user’s' })
  const content = '(What came before is not part of this conversation.)'
  return [{ message: { role: 'user', content }, at: 0, from: new Set(), isResults: false }, ...whole]
}

/** An answer that the model shall go on with ends neither in blanks nor in reasoning. */
function trimEnd(steps: readonly Step[], context: RepairContext): readonly Step[] {
  const kept = [...steps]
  for (let last = kept.at(-1); last?.kind === 'exchange' && last.results.length === 0; last = kept.at(-1)) {
    const { said } = last
    const end = said.values.at(-1)
    const trimmed = end === undefined ? undefined : trimmedAnswer(end, said.at, context)
    if (trimmed !== undefined && trimmed === end) break
    const values = [...said.values.slice(0, -1), ...(trimmed === undefined ? [] : [trimmed])]
    kept.pop()
    if (values.length > 0) kept.push({ ...last, said: { ...said, values } })
    if (trimmed !== undefined) break
  }
  return kept
}

/** The same answer if it ends as it may; undefined if nothing is left of it. */
function trimmedAnswer(message: JsonObject, at: number, { report }: RepairContext): JsonObject | undefined {
  let blocks = [...blocksOf(message)]
  let isTrimmed = false
  for (let end = blocks.at(-1); end !== undefined; end = blocks.at(-1)) {
    if (isThinking(end)) {
      blocks = blocks.filter((block) => !isThinking(block))
      report({ kind: 'thinking_dropped', message: at, text: 'an answer may not end with reasoning' })
    } else if (end.type === 'text' && typeof end.text === 'string' && /\s$|^$/.test(end.text)) {
      blocks.pop()
      if (!isBlank(end)) blocks.push({ ...end, text: end.text.trimEnd() })
      report({ kind: 'text_trimmed', message: at, text: 'the last text of the last answer may not end in blanks' })
    } else break
    isTrimmed = true
  }
  if (!isTrimmed) return message
  const [only] = blocks
  if (typeof message.content === 'string' && only !== undefined) return { ...message, content: only.text ?? '' }
  if (blocks.length > 0) return { ...message, content: blocks }
  report({ kind: 'message_dropped', message: at, text: 'nothing in the answer can be sent' })
  return undefined
}

function withCallIds({ values }: Said, ids: readonly string[]): readonly JsonObject[] {
  let next = 0
  return values.map((message) => {
    if (!Array.isArray(message.content)) return message
    const content = message.content.map((block) => {
      if (!isObject(block) || !isCall(block)) return block
      const id = ids[next++]
      return id === undefined || id === block.id ? block : { ...block, id }
    })
    return content.some((block, index) => !Array.isArray(message.content) || block !== message.content[index])
      ? { ...message, content }
      : message
  })
}
