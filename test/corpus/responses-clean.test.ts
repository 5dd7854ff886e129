import { beforeAll, describe, expect, it } from 'vitest'
import { assemble, fold, toNative, type AssistantMessage } from '../../src/index.ts'
import type { AnomalyKind } from '../../src/anomaly.ts'
import { corpusStreams, describeShared } from '../support/corpus.ts'
import { expectLiveEqualsFinal } from '../support/naive-reader.ts'
import { countKinds } from './chat-folded.ts'
import {
  foldStream,
  isConcatenated,
  simply,
  simplyOfWire,
  simplyUsageOf,
  wholeCallsOf,
  type Folded,
} from './responses-folded.ts'
import { payloadsOf } from './responses-wire.ts'

const RECORDED = 'openai-responses/vercel-ai__openai-responses-'
const COPILOT = 'openai-responses/0xPlaygrounds-rig__copilot-reasoning-roundtrip-streaming__'
const OPENROUTER =
  'openai-responses/0xPlaygrounds-rig__openrouter-openai-responses-compat-openai-responses-stream-against-openrouter-completes.sse'
const FAILED = `${RECORDED}openai-error.1.ndjson`
/** JSON lines of which the first and the last are no JSON, so that nothing shows what they are. */
const BROKEN = `${RECORDED}parallel-tool-call-wrapper.1.ndjson`
/** Its recorder left events out, so that a text goes on otherwise than it began. */
const SHORTENED = `${RECORDED}openai-shell-container.1.ndjson`

/** Streams that are odd on the wire: every other one is clean, and may have no anomaly at all. */
const ODD: readonly { file: string; kinds: Partial<Record<AnomalyKind, number>> }[] = [
  // Copilot names another id in `response.created`, in `response.in_progress` and at the end.
  { file: `${COPILOT}1.sse`, kinds: { id_changed: 2 } },
  { file: `${COPILOT}2.sse`, kinds: { id_changed: 2 } },
  { file: `${RECORDED}github-copilot-id-rotation.1.ndjson`, kinds: { id_changed: 2 } },
  // Its recorder left out events at three places.
  { file: `${RECORDED}openai-phase.1.ndjson`, kinds: { sequence_gap: 3 } },
  { file: SHORTENED, kinds: { snapshot_differs: 1 } },
]

/** The three streams that hold several responses back to back. */
const RESPONSES: Readonly<Record<string, number>> = {
  'openai-responses/vercel-ai__azure-azure-reasoning-encrypted-content.1.ndjson': 4,
  [`${RECORDED}openai-reasoning-encrypted-content.1.ndjson`]: 4,
  [`${RECORDED}openai-shell-tool.1.ndjson`]: 2,
}

describeShared('corpus', 'the Responses streams of the corpus, folded live', () => {
  const streams = corpusStreams(({ dialect }) => dialect === 'openai-responses')
  let folded: readonly Folded[] = []
  beforeAll(async () => {
    const readable = streams.filter(({ file }) => file !== BROKEN)
    folded = await Promise.all(readable.map(foldStream))
  })

  it('are 211 of SSE, 47 of JSON lines and 37 of SDK objects, three of them with several responses', () => {
    const count = (framing: string) => streams.filter((stream) => stream.framing === framing).length
    expect([count('sse'), count('ndjson'), count('json-array-of-chunks'), streams.length]).toEqual([211, 47, 37, 295])
    expect(streams.filter(isConcatenated).map(({ file }) => file)).toEqual(Object.keys(RESPONSES))
  })

  it('I4: no stream has an anomaly but the five odd ones, which have just those listed', () => {
    const all = folded.filter(({ messages }) => messages.some(({ anomalies }) => anomalies.length > 0))
    const found = all.map(({ stream, messages }) => ({ file: stream.file, kinds: countKinds(messages) }))
    expect(found).toEqual(ODD.toSorted((a, b) => (a.file < b.file ? -1 : 1)))
  })

  it('I4: nothing comes after a message but the [DONE] of OpenRouter, and what follows an error event', () => {
    const later = folded.filter(({ late }) => late.length > 0)
    expect(later.map(({ stream, late }) => [stream.file, late.map(({ kind }) => kind)])).toEqual([
      [OPENROUTER, ['late_event']],
      [FAILED, ['late_event']],
    ])
  })

  it('I3: no stream is reset, and no text replaced but in the one whose recorder left events out', () => {
    const moving = new Set(['reset', 'replace', 'retry', 'snapshot'])
    const moved = folded.map(({ stream, events }) => ({
      file: stream.file,
      types: events.flatMap(({ type }) => (moving.has(type) ? [type] : [])),
    }))
    expect(moved.filter(({ types }) => types.length > 0)).toEqual([{ file: SHORTENED, types: ['replace'] }])
    expect(folded.filter(({ messages }) => messages.some(({ attempt }) => attempt !== 1))).toEqual([])
  })

  it('I2: every response comes out once, in order and under the first id of the wire', () => {
    for (const { stream, messages, wire, events } of folded) {
      expect(messages, stream.file).toHaveLength(RESPONSES[stream.file] ?? 1)
      expect(
        messages.map(({ id }) => id),
        stream.file,
      ).toEqual(wire.map(({ ids }) => ids[0]))
      expect(
        messages.map(({ wire: own, id }) => own['id'] ?? id),
        stream.file,
      ).toEqual(wire.map(({ ids }) => ids.at(-1)))
      expect(messages.map(({ key }) => key)).toEqual(messages.map((_, ordinal) => `turn/${ordinal}`))
      const finals = events.flatMap((event) => (event.type === 'message' ? [event.final] : []))
      expect(finals.length, stream.file).toBe(messages.length)
      finals.forEach((final, ordinal) => expect(final).toBe(messages[ordinal]))
      for (const { key } of messages) {
        const own = events.filter(({ message }) => message === key)
        expect(own.at(-1)?.type, stream.file).toBe('message')
        expect(own.filter(({ type }) => type === 'start')).toHaveLength(1)
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
        const own = wire[ordinal]
        expect(
          calls.map(({ call }) => ({ id: call.id, name: call.name, input: call.input })),
          stream.file,
        ).toEqual(own === undefined ? undefined : wholeCallsOf(own))
        for (const { call, block } of calls) expect(call).toEqual(message.content[block])
        handedOut += calls.length
      }
    }
    // Function calls 110, custom ones three, patches two, shells two, a search for tools; two function calls are of answers that were cut.
    expect(handedOut).toBe(118)
  })

  it('I5: every stream is complete with the stop reason of the wire, but the one that fails', () => {
    const counts = new Map<string, number>()
    for (const { stream, messages, wire } of folded.filter(({ stream: { file } }) => file !== FAILED)) {
      for (const [ordinal, { outcome, stop, content }] of messages.entries()) {
        expect(outcome, stream.file).toEqual({ kind: 'complete' })
        const isCut = wire[ordinal]?.terminal === 'response.incomplete'
        const hasCall = content.some((block) => block.type === 'tool_call' && block.origin === 'client')
        const reason = hasCall ? 'tool_calls' : 'end_turn'
        expect(stop.reason, stream.file).toBe(isCut ? 'max_tokens' : reason)
        expect(stop.raw, stream.file).toBe(isCut ? 'max_output_tokens' : 'completed')
        expect([wire[ordinal]?.terminal], stream.file).toEqual(stream.finish)
        counts.set(stop.reason, (counts.get(stop.reason) ?? 0) + 1)
      }
    }
    expect(Object.fromEntries(counts)).toEqual({ end_turn: 189, tool_calls: 99, max_tokens: 12 })
  })

  it('I5: the stream with an error event fails with its class, and keeps what came before', () => {
    const [message] = folded.find(({ stream: { file } }) => file === FAILED)?.messages ?? []
    expect(message?.outcome).toMatchObject({ kind: 'failed', error: { class: 'auth', retryable: false } })
    expect(message).toMatchObject({ idSource: 'wire', model: 'gpt-5-nano-2025-08-07', content: [] })
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
    it('I4: blocks, texts, refusals, thinking, citations, calls and results agree', () => {
      for (const { stream, messages, wire } of folded) {
        for (const [ordinal, message] of messages.entries()) {
          expect(message.content.map(simply), stream.file).toEqual(wire[ordinal]?.items.flatMap(simplyOfWire))
          expect(message.model, stream.file).toBe(wire[ordinal]?.response['model'])
        }
      }
    })

    it('I4: usage agrees', () => {
      for (const { stream, messages, wire } of folded) {
        for (const [ordinal, { usage, rawUsage }] of messages.entries()) {
          const own = wire[ordinal]
          expect(usage, stream.file).toEqual(own === undefined ? undefined : simplyUsageOf(own))
          expect(rawUsage ?? null, stream.file).toEqual(own?.response['usage'])
        }
      }
    })
  })

  it('I1: payloads give the same messages as lines, as one JSON array and as objects', async () => {
    for (const { stream, messages } of folded.filter(({ stream: { framing } }) => framing !== 'sse')) {
      const payloads = payloadsOf(stream)
      const options = { many: isConcatenated(stream) }
      for (const source of [JSON.stringify(payloads), JSON.stringify(payloads, undefined, 2), payloads]) {
        const again = await assemble(source, options).messages()
        expect(again.map(untimed), stream.file).toEqual(messages.map(untimed))
      }
    }
  })

  describe('whose first and last event are no JSON', () => {
    const stream = streams.find(({ file }) => file === BROKEN)
    const lines = new TextDecoder().decode(stream?.read()).split('\n').filter(Boolean)

    it('I4, I5: are cut as lines, and keep what stands between', async () => {
      const message = await fold(lines.join('\n'))
      expect(message.outcome).toMatchObject({ kind: 'truncated', by: 'eof' })
      expect(message.dialect).toBe('openai-responses')
      expect(message.content.map(({ type }) => type)).toEqual(['tool_call'])
    })

    it('I4, I6: keep the call as server-sent events, note both events, and hand nothing out', async () => {
      const turn = assemble(lines.map((line) => `data: ${line}\n\n`).join(''))
      const types: string[] = []
      for await (const { type } of turn) types.push(type)
      const message = await turn.message()
      expect(countKinds([message])).toEqual({ malformed_event: 2, missing_begin: 1 })
      expect(message.outcome.kind).toBe('truncated')
      expect(message.content).toMatchObject([{ type: 'tool_call', id: 'call_parallel', name: 'parallel' }])
      expect(types).not.toContain('tool_call')
    })
  })
})

function thawedIn(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return []
  const inner = Object.entries(value).flatMap(([key, item]) => thawedIn(item, `${path}.${key}`))
  return Object.isFrozen(value) ? inner : [path, ...inner]
}

function untimed({ timing: _timing, ...message }: AssistantMessage): unknown {
  return message
}
