import { beforeAll, expect, it } from 'vitest'
import { bedrockConverse } from '../../src/dialects/bedrock-converse.ts'
import { parseJson } from '../../src/json.ts'
import { assemble, fold, toNative, type AssistantMessage, type TurnEvent } from '../../src/index.ts'
import { corpusStreams, describeShared, type CorpusStream } from '../support/corpus.ts'
import { expectLiveEqualsFinal } from '../support/naive-reader.ts'
import { eventsOf, objectOf, wireAnswerOf, type WireAnswer, type WireBlock } from './bedrock-converse-wire.ts'

interface Folded {
  readonly stream: CorpusStream
  readonly wire: WireAnswer
  readonly message: AssistantMessage
  readonly events: readonly TurnEvent[]
}

const REASONS: Readonly<Record<string, string>> = {
  end_turn: 'end_turn',
  tool_use: 'tool_calls',
  max_tokens: 'max_tokens',
}

/** Fixtures of the AI SDK without a beginning, and with no usage, or with their usage before the stop. */
const WITHOUT_ENDS: readonly string[] = [
  'json-only-text-first.1',
  'json-other-tool.1',
  'json-tool-text-then-weather-then-json.1',
  'json-tool.1',
  'json-tool.2',
  'json-tool.3',
  'json-with-tool.1',
  'json-with-tools.1',
  'tool-call.1',
  'tool-no-args',
].map((name) => `bedrock-converse/vercel-ai__amazon-bedrock-amazon-bedrock-${name}.ndjson`)

async function foldStream(stream: CorpusStream): Promise<Folded> {
  const turn = assemble([stream.readRaw()])
  const events: TurnEvent[] = []
  for await (const event of turn) events.push(event)
  const messages = await turn.messages()
  expect(messages, stream.file).toHaveLength(1)
  expect(turn.anomalies, stream.file).toEqual([])
  return { stream, wire: wireAnswerOf(eventsOf(stream)), message: await turn.message(), events }
}

function simply({ content }: AssistantMessage): WireBlock[] {
  return content.map((block) => {
    switch (block.type) {
      case 'text':
        return { kind: block.type, text: block.text }
      case 'thinking':
        return { kind: block.type, text: block.text, ...(block.signature && { signature: block.signature }) }
      case 'tool_call':
        return { kind: block.type, text: block.arguments, id: block.id, name: block.name }
      default:
        return expect.fail(`the corpus has no ${block.type}`)
    }
  })
}

const untimed = ({ timing: _timing, ...message }: AssistantMessage): unknown => message

describeShared('corpus', 'the Converse streams of the corpus, and those of Nova on InvokeModel', () => {
  const streams = corpusStreams(
    ({ dialect }) => dialect === 'bedrock-converse' || dialect === 'other/bedrock-invoke-nova',
  )
  let folded: readonly Folded[] = []
  beforeAll(async () => {
    folded = await Promise.all(streams.map(foldStream))
  })

  it('are 20 of frames, 8 of SDK objects, 12 of JSON lines, and 6 of frames that wrap them', () => {
    const count = (dialect: string, framing: string) =>
      streams.filter((stream) => stream.dialect === dialect && stream.framing === framing).length
    expect([
      count('bedrock-converse', 'aws-eventstream'),
      count('bedrock-converse', 'json-array-of-chunks'),
      count('bedrock-converse', 'ndjson'),
      count('other/bedrock-invoke-nova', 'aws-eventstream'),
      streams.length,
    ]).toEqual([20, 8, 12, 6, 46])
    for (const { message, stream } of folded) expect(message.dialect, stream.file).toBe('bedrock-converse')
  })

  it('I4: have no anomaly but those of ten fixtures without their beginning and their end', () => {
    const found = folded
      .map(({ stream, message }) => [stream.file, message.anomalies.map(({ kind }) => kind)] as const)
      .filter(([, kinds]) => kinds.length > 0)
    expect(found).toEqual(WITHOUT_ENDS.map((file) => [file, ['missing_begin', 'missing_terminal']]))
  })

  it('I5: are complete, with the stop reasons that the index names', () => {
    for (const { stream, message } of folded) {
      expect(message.outcome, stream.file).toEqual({ kind: 'complete' })
      expect([message.stop.raw], stream.file).toEqual(stream.finish)
      expect(message.stop.reason, stream.file).toBe(REASONS[message.stop.raw ?? ''])
      const calls = message.content.filter(({ type }) => type === 'tool_call').length
      expect(calls > 0, stream.file).toBe(stream.features.includes('tool_use'))
      expect(calls > 1, stream.file).toBe(stream.features.includes('parallel_tools'))
      const hasThinking = message.content.some(({ type }) => type === 'thinking')
      expect(hasThinking, stream.file).toBe(stream.features.includes('thinking'))
      expect(message.rawUsage !== undefined, stream.file).toBe(stream.features.includes('usage_chunk'))
    }
  })

  it('I4: say what a simple extraction from the wire says: text, reasoning, signatures and calls', () => {
    for (const { stream, message, wire } of folded) {
      expect(simply(message), stream.file).toEqual(wire.blocks)
      expect(message.stop.raw, stream.file).toBe(wire.stop)
      expect(objectOf(message.wire['metrics'])['latencyMs'], stream.file).toBe(wire.latency)
    }
  })

  it('I4: count what the wire counts, the cache as input', () => {
    let cached = 0
    for (const { stream, message, wire } of folded) {
      expect(message.rawUsage, stream.file).toEqual(wire.usage)
      const { inputTokens, outputTokens, ...usage } = wire.usage ?? {}
      const read = Number(usage['cacheReadInputTokens'] ?? usage['cacheReadInputTokenCount'] ?? 0)
      const written = Number(usage['cacheWriteInputTokens'] ?? usage['cacheWriteInputTokenCount'] ?? 0)
      cached += read + written > 0 ? 1 : 0
      expect(message.usage.outputTokens, stream.file).toBe(outputTokens)
      expect(message.usage.inputTokens, stream.file).toBe(
        inputTokens === undefined ? undefined : Number(inputTokens) + read + written,
      )
      if (usage['totalTokens'] === undefined) continue
      expect(Number(message.usage.inputTokens) + Number(message.usage.outputTokens)).toBe(usage['totalTokens'])
    }
    expect(cached).toBe(2)
  })

  it('I6: hand out each call once, none of an answer that was cut, and with the input of the wire', () => {
    let handedOut = 0
    for (const { stream, events, wire } of folded) {
      const calls = events.flatMap((event) => (event.type === 'tool_call' ? [event.call] : []))
      const due = wire.blocks.flatMap(({ kind, id, name, text }) =>
        kind === 'tool_call' ? [{ id, name, input: JSON.parse(text || '{}') }] : [],
      )
      expect(
        calls.map(({ id, name, input }) => ({ id, name, input })),
        stream.file,
      ).toEqual(due)
      handedOut += calls.length
    }
    expect(handedOut).toBe(32)
  })

  it('I2: the live events, applied naively, are the final blocks; nothing is taken back', () => {
    const moving = new Set(['reset', 'replace', 'retry', 'snapshot'])
    for (const { events, message } of folded) {
      expectLiveEqualsFinal(events, message)
      expect(events.filter(({ type }) => moving.has(type))).toEqual([])
      expect(events.filter(({ type }) => type === 'message')).toHaveLength(1)
    }
  })

  it('I1: give the same message as objects, as JSON lines and as one list', async () => {
    for (const { stream, message } of folded) {
      const events = eventsOf(stream)
      const sources = [events, events.map((event) => JSON.stringify(event)).join('\n'), JSON.stringify(events)]
      for (const source of sources) expect(untimed(await fold(source)), stream.file).toEqual(untimed(message))
    }
  })

  it('I7: give a whole answer of Converse that says the same again', async () => {
    for (const { stream, message } of folded) {
      const copy: AssistantMessage = JSON.parse(JSON.stringify(message))
      expect(toNative(copy), stream.file).toEqual(toNative(message))
      const again = await fold(Object(toNative(message)))
      expect(toNative(again), stream.file).toEqual(toNative(message))
      expect(again.outcome).toEqual({ kind: 'complete' })
      // The whole form always says whose it is.
      const wire = { role: 'assistant', ...message.wire }
      expect([again.stop, again.usage, again.wire], stream.file).toEqual([message.stop, message.usage, wire])
    }
  })
})

describeShared('corpus', 'the streams of the corpus that are not of Bedrock', () => {
  it('have no event that Converse claims', () => {
    const others = corpusStreams(({ dialect }) => !dialect.includes('bedrock'))
    const claimed: string[] = []
    let events = 0
    for (const stream of others) {
      let name: string | undefined
      for (const line of new TextDecoder().decode(stream.read()).split('\n')) {
        if (line.startsWith('event:')) name = line.slice(6).trim()
        if (!/^(data:)?\s*[[{]/.test(line)) continue
        const parsed: unknown = parseJson(line.replace(/^data:/, ''))
        for (const payload of [parsed].flat()) {
          events += 1
          if (bedrockConverse.looksLike({ payload, name }) === 'yes') claimed.push(stream.file)
        }
        name = undefined
      }
    }
    expect(others).toHaveLength(1642)
    expect(claimed).toEqual([])
    expect(events).toBeGreaterThan(70_000)
  })
})
