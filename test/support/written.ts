/** What a message says that is written in the form of some provider and folded again, and what it should say. */
import { toAnswer, toSse, type AssistantMessage, type StopReason, type WritableDialect } from '../../src/index.ts'
import type { ErrorClass } from '../../src/message.ts'
import { assemble } from '../../src/turn.ts'
import { viaJson } from '../corpus/differences.ts'
import type { JsonValue } from '../../src/json.ts'

export const WRITABLE: readonly WritableDialect[] = ['anthropic-messages', 'openai-chat', 'openai-responses']

export type Answer = readonly [AssistantMessage, ...AssistantMessage[]]

/** The answers among messages: the choices of one stand together, all others by themselves. */
export function answersOf(messages: readonly AssistantMessage[], to: WritableDialect): readonly Answer[] {
  const [first, ...others] = messages
  if (first === undefined) return []
  const areChoices = first.dialect === 'openai-chat' || first.dialect === 'gemini'
  return areChoices && to === 'openai-chat' ? [[first, ...others]] : messages.map((message) => [message])
}

export function bytesOf(answer: Answer, to: WritableDialect): Uint8Array {
  return new TextEncoder().encode(toSse(answer, to).join(''))
}

export async function foldedStream(answer: Answer, to: WritableDialect): Promise<readonly AssistantMessage[]> {
  return assemble([bytesOf(answer, to)], { turn: answer[0].turn, dialect: to }).messages()
}

export async function foldedAnswer(answer: Answer, to: WritableDialect): Promise<readonly AssistantMessage[]> {
  const body = new TextEncoder().encode(JSON.stringify(toAnswer(answer, to)))
  return assemble([body], { turn: answer[0].turn, dialect: to }).messages()
}

/**
 * All but what no stream of the same dialect need say the same: anomalies (what was odd is written as it should be), times, the HTTP
 * response, and the wire fields, which the native form is compared for.
 */
export function ownView(message: AssistantMessage): JsonValue {
  const { anomalies: _anomalies, timing: _timing, wire: _wire, response: _response, rawUsage: _raw, ...rest } = message
  return viaJson({ ...rest, content: rest.content.map(({ wire: _fields, ...block }) => block) })
}

/** What every provider can say. */
export function commonView(message: AssistantMessage, to: WritableDialect): JsonValue {
  const { content, model, stop, usage, outcome } = message
  const isCutChat = to === 'openai-chat' && outcome.kind === 'truncated'
  return viaJson({
    model,
    text: content.flatMap((block) => (block.type === 'text' || block.type === 'refusal' ? [block.text] : [])).join(''),
    thinking: content.flatMap((block) => (block.type === 'thinking' && block.text ? [block.text] : [])).join('\n\n'),
    calls: content.flatMap((block) => {
      if (block.type !== 'tool_call' || (to === 'openai-chat' && block.origin === 'provider')) return []
      // Nothing in a chat stream shows that a call is whole but its end.
      const input = block.state === 'complete' && !isCutChat ? block.input : block.arguments
      return [{ name: block.name, state: isCutChat ? '' : block.state, input }]
    }),
    stop: stop.reason,
    usage,
    outcome: outcome.kind,
    class: outcome.kind === 'failed' ? outcome.error.class : '',
  })
}

/** The same of the message as it was, after what this form cannot say. */
export function expectedView(message: AssistantMessage, to: WritableDialect): JsonValue {
  const { outcome } = message
  const isGivenUp = outcome.kind === 'aborted' || outcome.kind === 'timed_out'
  const stop = { ...message.stop, reason: stopIn(message, to) }
  if (outcome.kind === 'failed') {
    const error = { ...outcome.error, class: CLASSES[to][outcome.error.class] ?? outcome.error.class }
    return commonView({ ...message, stop, outcome: { kind: 'failed', error } }, to)
  }
  const error = { class: 'network', retryable: true, message: '' } as const
  return commonView({ ...message, stop, outcome: isGivenUp ? { kind: 'truncated', by: 'eof', error } : outcome }, to)
}

/** Reasons that a form has no word for, and the one that it has instead. */
const STOPS: Readonly<Record<WritableDialect, Readonly<Partial<Record<StopReason, StopReason>>>>> = {
  'anthropic-messages': { content_filter: 'refusal', error: 'max_tokens' },
  'openai-chat': {
    stop_sequence: 'end_turn',
    context_window: 'max_tokens',
    pause: 'max_tokens',
    refusal: 'content_filter',
    error: 'max_tokens',
  },
  'openai-responses': {
    stop_sequence: 'end_turn',
    context_window: 'max_tokens',
    pause: 'max_tokens',
    refusal: 'content_filter',
  },
}

function stopIn({ stop, outcome, content, dialect }: AssistantMessage, to: WritableDialect): StopReason {
  // The last event of a response says why it stopped; there is none.
  if (to === 'openai-responses' && outcome.kind !== 'complete') return 'unknown'
  if (outcome.kind === 'failed' && stop.reason === 'error') return 'unknown'
  const isSaid = stop.reason !== 'tool_calls' && (stop.reason !== 'unknown' || outcome.kind !== 'complete')
  if (isSaid) return STOPS[to][stop.reason] ?? stop.reason
  // To the API itself the tools of Claude Code are the client's.
  const isHandedOn = dialect === 'claude-code' && to === 'anthropic-messages'
  const calls = content.filter((block) => block.type === 'tool_call')
  return calls.some(({ origin }) => origin === 'client' || isHandedOn) ? 'tool_calls' : 'end_turn'
}

type Classes = Readonly<Partial<Record<ErrorClass, ErrorClass>>>
const LOCAL = { network: 'unknown', malformed: 'unknown', limit: 'unknown', unknown_dialect: 'unknown' } as const
const CLASSES: Readonly<Record<WritableDialect, Classes>> = {
  'anthropic-messages': { ...LOCAL, content_policy: 'invalid_request' },
  'openai-chat': LOCAL,
  'openai-responses': LOCAL,
}

/** Of a call that nobody can run the fold says so, in every form. */
export function hasUnusableCall({ content }: AssistantMessage): boolean {
  return content.some((block) => block.type === 'tool_call' && block.state !== 'complete')
}
