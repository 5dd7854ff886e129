import { beforeAll, describe, expect, it } from 'vitest'
import { assemble, toNative, type AssistantMessage, type ContentBlock, type TurnEvent } from '../../src/index.ts'
import type { Anomaly, AnomalyKind } from '../../src/anomaly.ts'
import { corpusStreams, describeShared, type CorpusStream } from '../support/corpus.ts'
import { expectLiveEqualsFinal } from '../support/naive-reader.ts'
import { payloadsOf, wireMessagesOf, type WireBlock, type WireMessage } from './anthropic-wire.ts'

/** Streams that are odd on the wire: every other one is clean, and may have no anomaly at all. */
const ODD: readonly { file: string; kinds: Partial<Record<AnomalyKind, number>> }[] = [
  // `message_start` twice in a row under one id, before any block: merged, nothing moves.
  { file: 'anthropic-messages/vercel-ai__anthropic-duplicate-message-start.ndjson', kinds: { repeated_begin: 1 } },
  // `msg_first` is cut inside the arguments of its call, then `msg_second` begins and is whole: it replaces the first.
  { file: 'anthropic-messages/vercel-ai__anthropic-spliced-message-start.ndjson', kinds: { restarted: 1 } },
]

/** The streams that hold several responses back to back, by their number; of one the first is cut by the second, and read as its retry. */
const RESPONSES: Readonly<Record<string, number>> = {
  'anthropic-messages/vercel-ai__anthropic-anthropic-programmatic-tool-calling.1.ndjson': 15,
  'anthropic-messages/vercel-ai__anthropic-anthropic-tool-search-bm25.1.ndjson': 2,
  'anthropic-messages/vercel-ai__anthropic-anthropic-tool-search-deferred-bm25.ndjson': 3,
  'anthropic-messages/vercel-ai__anthropic-anthropic-tool-search-deferred-regex.ndjson': 3,
  'anthropic-messages/vercel-ai__anthropic-anthropic-tool-search-regex.1.ndjson': 2,
  'anthropic-messages/vercel-ai__anthropic-spliced-message-start.ndjson': 1,
}

const REASONS: Readonly<Record<string, string>> = {
  end_turn: 'end_turn',
  stop_sequence: 'stop_sequence',
  tool_use: 'tool_calls',
  max_tokens: 'max_tokens',
  refusal: 'refusal',
}

const KINDS: Readonly<Record<string, string>> = {
  text: 'text',
  thinking: 'thinking',
  redacted_thinking: 'thinking',
  tool_use: 'tool_call',
  server_tool_use: 'tool_call',
  mcp_tool_use: 'tool_call',
  compaction: 'other',
  fallback: 'other',
}

interface Folded {
  readonly stream: CorpusStream
  readonly events: readonly TurnEvent[]
  readonly messages: readonly AssistantMessage[]
  readonly wire: readonly WireMessage[]
  /** What came after the message. */
  readonly late: readonly Anomaly[]
}

describeShared('corpus', 'the Anthropic streams of the corpus, folded live', () => {
  const streams = corpusStreams(({ dialect }) => dialect === 'anthropic-messages')
  let folded: readonly Folded[] = []
  beforeAll(async () => {
    folded = await Promise.all(streams.map(foldStream))
  })

  it('are 243 of SSE, 29 of JSON lines and 48 of SDK objects, six of them with several responses', () => {
    const count = (framing: string) => streams.filter((stream) => stream.framing === framing).length
    expect([count('sse'), count('ndjson'), count('json-array-of-chunks'), streams.length]).toEqual([243, 29, 48, 320])
    expect(streams.filter(isConcatenated).map(({ file }) => file)).toEqual(Object.keys(RESPONSES))
  })

  it('I4: no stream has an anomaly but the two odd ones, which have just those listed', () => {
    const all = folded.filter(({ messages }) => messages.some(({ anomalies }) => anomalies.length > 0))
    const found = all.map(({ stream, messages }) => ({ file: stream.file, kinds: countKinds(messages) }))
    expect(found).toEqual(ODD.toSorted((a, b) => (a.file < b.file ? -1 : 1)))
  })

  it('I4: nothing comes after a message but the [DONE] with which OpenRouter closes', () => {
    const later = folded.filter(({ late }) => late.length > 0).map(({ stream, late }) => ({ file: stream.file, late }))
    const file = 'anthropic-messages/0xPlaygrounds-rig__anthropic-streaming-gateway-message-delta-metadata.sse'
    expect(later).toEqual([{ file, late: [{ kind: 'late_event', count: 1 }] }])
  })

  it('I3: no stream is reset and no text replaced but in the one stream that begins another message in the middle', () => {
    const all = folded
    const moved = all.filter(({ events }) =>
      events.some(({ type }) => ['reset', 'replace', 'retry', 'snapshot'].includes(type)),
    )
    expect(moved.map(({ stream }) => stream.file)).toEqual([
      'anthropic-messages/vercel-ai__anthropic-spliced-message-start.ndjson',
    ])
    const isAnother = ({ messages, stream }: Folded) =>
      messages.some(({ attempt }) => attempt !== (stream.file.includes('spliced') ? 2 : 1))
    expect(all.filter(isAnother)).toEqual([])
  })

  it('I2: every response comes out once, in order and under its own id', () => {
    for (const { stream, messages, wire, events } of folded) {
      expect(messages, stream.file).toHaveLength(RESPONSES[stream.file] ?? 1)
      expect(
        messages.map(({ id }) => id),
        stream.file,
      ).toEqual(wire.slice(-messages.length).map(({ start }) => start['id']))
      expect(messages.map(({ key }) => key)).toEqual(messages.map((_, ordinal) => `turn/${ordinal}`))
      expect(
        messages.every(({ idSource }) => idSource === 'wire'),
        stream.file,
      ).toBe(true)
      const finals = events.flatMap((event) => (event.type === 'message' ? [event.final] : []))
      expect(finals.length, stream.file).toBe(messages.length)
      finals.forEach((final, ordinal) => expect(final).toBe(messages[ordinal]))
      for (const { key } of messages) {
        const own = events.filter(({ message }) => message === key)
        expect(own.at(-1)?.type, stream.file).toBe('message')
        expect(own.filter(({ type }) => type === 'start')).toHaveLength(stream.file.includes('spliced') ? 2 : 1)
      }
    }
  })

  it('I2: the live events, applied naively, are the final blocks, and every block is closed once', () => {
    for (const { messages, events } of folded) for (const message of messages) expectLiveEqualsFinal(events, message)
  })

  it('I6: exactly the whole calls of the wire are handed out, each once, and none of a message that was cut', () => {
    let handedOut = 0
    for (const { stream, messages, wire, events } of folded) {
      for (const [ordinal, message] of messages.entries()) {
        const calls = events.flatMap((event) =>
          event.type === 'tool_call' && event.message === message.key ? [event] : [],
        )
        const expected = callsOf(wire.at(ordinal - messages.length))
        expect(
          calls.map(({ call }) => ({ id: call.id, name: call.name, input: call.input })),
          stream.file,
        ).toEqual(expected)
        for (const { call, block } of calls) expect(call).toEqual(message.content[block])
        handedOut += calls.length
      }
    }
    // 128 blocks `tool_use` are opened on the wire and 13 stand in a `message_start`; two are cut by max_tokens inside their arguments, one by the second message.
    expect(handedOut).toBe(138)
  })

  it('I5: every stream is complete, with the stop reason that the index names', () => {
    for (const { stream, messages } of folded) {
      expect(
        messages.map(({ outcome }) => outcome),
        stream.file,
      ).toEqual(messages.map(() => ({ kind: 'complete' })))
      const last = messages.at(-1)
      expect([last?.stop.raw], stream.file).toEqual(stream.finish)
      for (const { stop } of messages) expect(stop.reason, stream.file).toBe(REASONS[stop.raw ?? ''])
    }
  })

  it('I7: the message survives JSON, with its own form, and cannot be changed', () => {
    for (const { stream, messages } of folded) {
      for (const message of messages) {
        const copy: AssistantMessage = JSON.parse(JSON.stringify(message))
        expect(copy, stream.file).toEqual(message)
        expect(toNative(copy), stream.file).toEqual(toNative(message))
        expect(thawedIn(message), stream.file).toEqual([])
      }
    }
  })

  describe('against a simple extraction from the wire', () => {
    it('I4: blocks, texts, thinking, signatures, citations and calls agree', () => {
      for (const { stream, messages, wire } of folded) {
        for (const [ordinal, message] of messages.entries()) {
          const own = wire.at(ordinal - messages.length)
          expect(message.content.map(simply), stream.file).toEqual(own?.blocks.map((block) => simplyOfWire(block, own)))
          expect(message.model, stream.file).toBe(own?.model)
        }
      }
    })

    it('I4: usage agrees, with cache reads and writes counted as input', () => {
      for (const { stream, messages, wire } of folded) {
        for (const [ordinal, { usage }] of messages.entries()) {
          const counts = wire.at(ordinal - messages.length)?.usage ?? new Map<string, number>()
          const read = counts.get('cache_read_input_tokens')
          const write = counts.get('cache_creation_input_tokens')
          const input = counts.get('input_tokens')
          expect({ ...usage, reasoningTokens: undefined }, stream.file).toEqual({
            inputTokens: input === undefined ? undefined : input + (read ?? 0) + (write ?? 0),
            outputTokens: counts.get('output_tokens'),
            cacheReadTokens: read,
            cacheWriteTokens: write,
          })
        }
      }
    })
  })

  it('I1: payloads give the same messages as lines, as one JSON array and as objects', async () => {
    for (const { stream, messages } of folded.filter(({ stream: { framing } }) => framing !== 'sse')) {
      const payloads = payloadsOf(stream)
      const options = { many: carriesMany(stream) }
      for (const source of [JSON.stringify(payloads), JSON.stringify(payloads, undefined, 2), payloads]) {
        const again = await assemble(source, options).messages()
        expect(again.map(untimed), stream.file).toEqual(messages.map(untimed))
      }
    }
  })
})

async function foldStream(stream: CorpusStream): Promise<Folded> {
  const turn = assemble(stream.read(), { many: carriesMany(stream) })
  const events: TurnEvent[] = []
  for await (const event of turn) events.push(event)
  return {
    stream,
    events,
    messages: await turn.messages(),
    wire: wireMessagesOf(payloadsOf(stream)),
    late: turn.anomalies,
  }
}

function isConcatenated({ features }: CorpusStream): boolean {
  return features.includes('concatenated_responses')
}

function carriesMany({ file }: CorpusStream): boolean {
  return (RESPONSES[file] ?? 1) > 1
}

function countKinds(messages: readonly AssistantMessage[]): Partial<Record<AnomalyKind, number>> {
  const counts: Partial<Record<AnomalyKind, number>> = {}
  for (const { kind } of messages.flatMap(({ anomalies }) => anomalies)) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

/** The calls that the wire has whole, of a message that was not cut. */
function callsOf(message: WireMessage | undefined): unknown[] {
  if (message === undefined || message.stop === 'max_tokens' || message.stop === 'refusal') return []
  return message.blocks.flatMap(({ type, opening, input }) =>
    type === 'tool_use' && input !== undefined ? [{ id: opening['id'], name: opening['name'], input }] : [],
  )
}

function simply(block: ContentBlock): unknown {
  switch (block.type) {
    case 'text':
      return { kind: 'text', text: block.text, citations: block.citations ?? [] }
    case 'thinking':
      return { kind: 'thinking', text: block.text, signature: block.signature ?? '', data: block.encrypted }
    case 'tool_call': {
      const { id, name, origin, state } = block
      return {
        kind: 'tool_call',
        id,
        name,
        origin,
        state,
        arguments: block.arguments,
        input: 'input' in block ? block.input : undefined,
      }
    }
    case 'tool_result':
      return { kind: 'tool_result', callId: block.callId, content: block.content }
    default:
      return { kind: block.type }
  }
}

function simplyOfWire({ type, opening, text, signature, citations, input }: WireBlock, { stop }: WireMessage): unknown {
  const kind = type.endsWith('_tool_result') ? 'tool_result' : KINDS[type]
  switch (kind) {
    case 'text':
      return { kind, text, citations }
    case 'thinking':
      return { kind, text, signature, data: opening['data'] }
    case 'tool_call': {
      const state = input === undefined && stop === 'max_tokens' ? 'partial' : 'complete'
      const origin = type === 'tool_use' ? 'client' : 'provider'
      // Input that is whole in the opening event has no text of its own.
      const isWhole = text === '' && input !== undefined && Object.keys(input).length > 0
      const args = isWhole ? JSON.stringify(input) : text
      return { kind, id: opening['id'], name: opening['name'], origin, state, arguments: args, input }
    }
    case 'tool_result':
      return { kind, callId: opening['tool_use_id'], content: opening['content'] }
    default:
      return { kind }
  }
}

function thawedIn(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return []
  const inner = Object.entries(value).flatMap(([key, item]) => thawedIn(item, `${path}.${key}`))
  return Object.isFrozen(value) ? inner : [path, ...inner]
}

function untimed({ timing: _timing, ...message }: AssistantMessage): unknown {
  return message
}
