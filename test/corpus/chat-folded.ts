/** A chat stream of the corpus, folded live, beside what a simple reader takes from the same wire. */
import { assemble, type AssistantMessage, type TurnEvent } from '../../src/index.ts'
import type { Anomaly, AnomalyKind } from '../../src/anomaly.ts'
import type { CorpusStream } from '../support/corpus.ts'
import { payloadsOf, wireAnswerOf, type WireAnswer, type WireChoice } from './chat-wire.ts'

export interface Folded {
  readonly stream: CorpusStream
  readonly events: readonly TurnEvent[]
  /** One for each choice. */
  readonly messages: readonly AssistantMessage[]
  readonly wire: WireAnswer
  /** What came after the message. */
  readonly late: readonly Anomaly[]
}

export async function foldStream(stream: CorpusStream): Promise<Folded> {
  const turn = assemble(stream.read())
  const events: TurnEvent[] = []
  for await (const event of turn) events.push(event)
  const messages = await turn.messages()
  return { stream, events, messages, wire: wireAnswerOf(payloadsOf(stream)), late: turn.anomalies }
}

/** The choice of the wire that a message is. */
export function choiceOf({ wire }: Folded, { key }: AssistantMessage): WireChoice | undefined {
  return wire.choices.get(Number(key.slice(key.lastIndexOf('/') + 1)))
}

/** What a simple reader would take from a stream, of the message. */
export function simply({ content, stop }: AssistantMessage) {
  const joined = (type: 'text' | 'thinking' | 'refusal') =>
    content.flatMap((block) => (block.type === type ? [block.text] : [])).join('')
  return {
    text: joined('text'),
    refusal: joined('refusal'),
    reasoning: joined('thinking'),
    calls: content.flatMap((block) =>
      block.type === 'tool_call'
        ? [{ id: block.idSource === 'wire' ? block.id : '', name: block.name, arguments: block.arguments }]
        : [],
    ),
    finish: stop.raw,
  }
}

export function simplyOfWire({ text, refusal, reasoning, calls, finish }: WireChoice): ReturnType<typeof simply> {
  return { text, refusal, reasoning, calls, finish }
}

/** The calls of a choice that may be handed out: whole, and of an answer that was not cut. Without a finish, `[DONE]` ended it. */
export function wholeCallsOf({ calls, finish }: WireChoice): { id: string; name: string; input: unknown }[] {
  if (finish === 'length' || finish === 'content_filter') return []
  return calls.flatMap(({ id, name, arguments: text }) => {
    const input = objectIn(text)
    return input === undefined ? [] : [{ id, name, input }]
  })
}

/** The token counts of the wire's last usage object. */
export function simplyUsageOf({ usage = {} }: WireAnswer): Record<string, unknown> {
  const inside = (name: string): Record<string, unknown> => ({ ...Object(usage[name]) })
  return {
    inputTokens: usage['prompt_tokens'],
    outputTokens: usage['completion_tokens'],
    cacheReadTokens:
      inside('prompt_tokens_details')['cached_tokens'] ?? usage['prompt_cache_hit_tokens'] ?? usage['cached_tokens'],
    cacheWriteTokens: inside('prompt_tokens_details')['cache_write_tokens'],
    reasoningTokens: inside('completion_tokens_details')['reasoning_tokens'] ?? usage['reasoning_tokens'],
  }
}

function objectIn(text: string): object | undefined {
  try {
    const value: unknown = text === '' ? {} : (JSON.parse(text) ?? {})
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** How often each kind of anomaly stands in the messages. */
export function countKinds(messages: readonly AssistantMessage[]): Partial<Record<AnomalyKind, number>> {
  const counts: Partial<Record<AnomalyKind, number>> = {}
  for (const { kind, count = 1 } of messages.flatMap(({ anomalies }) => anomalies)) {
    counts[kind] = (counts[kind] ?? 0) + count
  }
  return counts
}
