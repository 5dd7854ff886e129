/** A stream of the corpus, folded live, and what a simple reader would take from its message. */
import { expect } from 'vitest'
import { assemble, toNative, type AssistantMessage, type TurnEvent } from '../../src/index.ts'
import type { Anomaly } from '../../src/anomaly.ts'
import type { Source } from '../../src/source.ts'
import type { CorpusStream } from '../support/corpus.ts'
import { expectLiveEqualsFinal } from '../support/naive-reader.ts'
import type { Simple } from './plain-wire.ts'

export interface Folded {
  readonly stream: CorpusStream
  readonly events: readonly TurnEvent[]
  readonly messages: readonly AssistantMessage[]
  /** What came after the message. */
  readonly late: readonly Anomaly[]
}

/** Without the option `dialect`: it is found out. */
export async function foldStream(stream: CorpusStream, source: Source = stream.read()): Promise<Folded> {
  const turn = assemble(source)
  const events: TurnEvent[] = []
  for await (const event of turn) events.push(event)
  return { stream, events, messages: await turn.messages(), late: turn.anomalies }
}

export function simply({ content, stop, usage }: AssistantMessage): Simple {
  const joined = (type: 'text' | 'thinking'): string =>
    content.map((block) => (block.type === type ? block.text : '')).join('')
  return {
    text: joined('text'),
    thinking: joined('thinking'),
    calls: content.flatMap((block) => {
      if (block.type !== 'tool_call') return []
      const input = block.state === 'complete' ? block.input : `${block.state}: ${block.arguments}`
      return [{ id: block.idSource === 'wire' ? block.id : '', name: block.name, input }]
    }),
    citations: content.reduce((sum, block) => sum + (block.type === 'text' ? (block.citations ?? []).length : 0), 0),
    finish: stop.raw,
    usage: { ...usage },
  }
}

/** What holds for a clean stream, whatever it says; gives how many calls were handed out. */
export function expectClean({ stream, events, messages, late }: Folded, dialect: string): number {
  expect(late, stream.file).toEqual([])
  expect(messages.length, stream.file).toBeGreaterThan(0)
  expect(events.filter(({ type }) => type === 'message')).toHaveLength(messages.length)
  expect(events.filter(({ type }) => ['reset', 'replace', 'retry', 'snapshot'].includes(type))).toEqual([])
  let handedOut = 0
  for (const message of messages) {
    expect(message.dialect, stream.file).toBe(dialect)
    expect(message.outcome, stream.file).toEqual({ kind: 'complete' })
    expect(message.attempt, stream.file).toBe(1)
    expectLiveEqualsFinal(events, message)
    const own = events.filter((event) => event.message === message.key)
    const calls = own.flatMap((event) => (event.type === 'tool_call' ? [event.call] : []))
    const isCut = ['max_tokens', 'context_window', 'content_filter', 'refusal', 'error'].includes(message.stop.reason)
    const whole = message.content.filter(
      (block) => block.type === 'tool_call' && block.state === 'complete' && block.origin === 'client',
    )
    expect(calls, stream.file).toEqual(isCut ? [] : whole)
    handedOut += calls.length
  }
  const copies: AssistantMessage[] = JSON.parse(JSON.stringify(messages))
  expect(copies, stream.file).toEqual(messages)
  expect(toNative(copies), stream.file).toEqual(toNative(messages))
  return handedOut
}

export function untimed({ timing: _timing, ...message }: AssistantMessage): unknown {
  return message
}
