/** Histories in the form of OpenAI's chat completions, which DeepSeek, Kimi and many others speak. */
import { isObject, nonEmpty, type JsonObject, wordOf } from '../../json.ts'
import type { Element, Exchange, Other, Said, Step } from '../element.ts'
import type { Form, RepairContext } from '../form.ts'
import { isFilled } from '../rules/chat-messages.ts'
import type { Report } from '../repairs.ts'
import { LEGACY, callsOf, mendChatAnswer } from './chat-answer.ts'
import { withReasoning } from './chat-reasoning.ts'

export const chatForm: Form = {
  read,
  write,
  closing: ({ id, name, kind }, text) =>
    kind === LEGACY ? { role: 'function', name, content: text } : { role: 'tool', tool_call_id: id, content: text },
  textOf,
  join: (first, others) => ({ ...first, content: joined([first, ...others].map(({ content }) => content)) }),
  withCallIds,
  withResultId: (result, id) => (result.role === 'function' ? result : { ...result, tool_call_id: id }),
  // An id of another provider, or one that was minted here, is longer than what OpenAI takes.
  ids: { foreign: /[^\x21-\x7e]/g, maxLength: 40, isUnique: false },
}

const ROLES: ReadonlySet<unknown> = new Set(['system', 'developer', 'user', 'assistant', 'tool', 'function'])

function read(messages: readonly JsonObject[], context: RepairContext): readonly Element[] {
  const elements: Element[] = []
  for (const [at, given] of messages.entries()) {
    const message = withParts(given, at, context)
    if (!ROLES.has(message.role)) {
      context.report({ kind: 'message_dropped', message: at, text: `the message has the role ${wordOf(message.role)}` })
    } else if (message.role === 'assistant') elements.push(...mendChatAnswer(message, at, context))
    else if (message.role === 'tool' || message.role === 'function') elements.push(readResult(message, at))
    else if (isSayingNothing(message, context)) {
      context.report({ kind: 'message_dropped', message: at, text: 'nothing in the message can be sent' })
    } else elements.push({ kind: 'other', at, value: message })
  }
  return elements
}

/** Parts that are none are left out. */
function withParts(message: JsonObject, at: number, { report }: RepairContext): JsonObject {
  if (!Array.isArray(message.content)) return message
  const content = message.content.filter(
    (part) =>
      isObject(part) && typeof part.type === 'string' && (part.type !== 'text' || typeof part.text === 'string'),
  )
  if (content.length === message.content.length) return message
  report({ kind: 'block_dropped', message: at, text: 'a part is an object with a type' })
  return { ...message, content }
}

function readResult(message: JsonObject, at: number): Element {
  const value = isContent(message.content) ? message : { ...message, content: '' }
  const named = message.role === 'function' ? message.name : message.tool_call_id
  const id = typeof named === 'string' ? named : ''
  return { kind: 'result', at, id, value }
}

const isContent = (content: unknown): boolean => typeof content === 'string' || Array.isArray(content)

function isSayingNothing({ role, content }: JsonObject, { target, facts }: RepairContext): boolean {
  if (!isContent(content)) return true
  if (Array.isArray(content)) return content.length === 0
  if (target === 'kimi' && role !== 'user' && !isFilled(content)) return true
  if (content === '') return facts.profile === 'strict'
  return facts.profile === 'strict' && wordOf(content).trim() === ''
}

function textOf({ content }: JsonObject): string | undefined {
  if (typeof content === 'string') return content
  const [only] = Array.isArray(content) ? content : []
  return Array.isArray(content) && content.length === 1 && isObject(only) ? nonEmpty(only.text) : undefined
}

/** Two contents as one: texts by a blank line, unless one of them is a list. */
function joined(contents: readonly (JsonObject[string] | undefined)[]): JsonObject[string] {
  if (contents.every((content) => typeof content === 'string')) return contents.filter(Boolean).join('\n\n')
  return contents.flatMap(partsOf)
}

function partsOf(content: JsonObject[string] | undefined): JsonObject[string][] {
  if (Array.isArray(content)) return content
  return typeof content === 'string' && content !== '' ? [{ type: 'text', text: content }] : []
}

function write(steps: readonly Step[], context: RepairContext): readonly JsonObject[] {
  const reasoned = withReasoning(steps, context)
  const strict = context.facts.profile === 'strict' ? alternating(reasoned, context) : reasoned
  return strict.flatMap((step) =>
    step.kind === 'other' ? [step.value] : [...step.said.values, ...step.results.map(({ value }) => value)],
  )
}

/** One message for neighbours that are both of the user, or both answers without calls; and a user first, after the instructions. */
function alternating(steps: readonly Step[], { report }: RepairContext): readonly Step[] {
  const merged: Step[] = []
  for (const given of steps) {
    const last = merged.at(-1)
    const step = isLateInstruction(given, last) ? asUser(given, report) : given
    const value = last === undefined ? undefined : mergedValue(last, step)
    if (last === undefined || value === undefined) {
      merged.push(step)
      continue
    }
    const at = step.kind === 'other' ? step.at : step.said.at
    report({ kind: 'messages_merged', message: at, text: 'two messages of one role stood together' })
    merged[merged.length - 1] =
      last.kind === 'other'
        ? { ...last, value }
        : {
            kind: 'exchange',
            said: { ...last.said, values: [value], calls: step.kind === 'exchange' ? step.said.calls : [] },
            results: step.kind === 'exchange' ? step.results : [],
          }
  }
  const first = merged.findIndex((step) => step.kind === 'exchange' || step.value.role === 'user')
  if (first === -1 || merged[first]?.kind === 'other') return merged
  report({ kind: 'user_inserted', message: 0, text: 'the first message after the instructions must be a user’s' })
  const content = '(What came before is not part of this conversation.)'
  return [...merged.slice(0, first), { kind: 'other', at: 0, value: { role: 'user', content } }, ...merged.slice(first)]
}

/** Instructions stand at the beginning. */
const isLateInstruction = (step: Step, before: Step | undefined): step is Other =>
  step.kind === 'other' &&
  step.value.role !== 'user' &&
  before !== undefined &&
  (before.kind === 'exchange' || before.value.role === 'user')

function asUser(step: Other, report: Report): Other {
  report({ kind: 'role_changed', message: step.at, text: 'instructions within the messages are not taken everywhere' })
  return { ...step, value: { ...step.value, role: 'user' } }
}

function mergedValue(first: Step, second: Step): JsonObject | undefined {
  if (first.kind === 'other' && second.kind === 'other') {
    if (first.value.role !== 'user' || second.value.role !== 'user') return undefined
    return { ...first.value, content: joined([first.value.content, second.value.content]) }
  }
  if (first.kind === 'other' || second.kind === 'other' || !isPlain(first)) return undefined
  const [a] = first.said.values
  const [b] = second.said.values
  if (a === undefined || b === undefined) return undefined
  const content =
    b.content === null || b.content === undefined ? (a.content ?? null) : joined([a.content ?? '', b.content])
  const reasoning = [a, b].flatMap(({ reasoning_content: text }) => nonEmpty(text) ?? [])
  return { ...a, ...b, content, ...(reasoning.length > 0 ? { reasoning_content: reasoning.join('\n\n') } : {}) }
}

const isPlain = ({ said }: Exchange): boolean => said.calls.length === 0

function withCallIds({ values }: Said, ids: readonly string[]): readonly JsonObject[] {
  return values.map((message) => {
    if (!Array.isArray(message.tool_calls) || callsOf(message).every(({ id }, index) => id === ids[index]))
      return message
    const calls = message.tool_calls.map((call, index) =>
      isObject(call) ? { ...call, id: ids[index] ?? call.id ?? '' } : call,
    )
    return { ...message, tool_calls: calls }
  })
}
