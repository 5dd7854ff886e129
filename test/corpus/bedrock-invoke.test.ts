/** The streams of InvokeModelWithResponseStream: what stands in their frames is the model's own. */
import { expect, it } from 'vitest'
import { assemble, fold, type AssistantMessage, type TurnEvent } from '../../src/index.ts'
import { Decoder } from '../../src/sse/decode.ts'
import { captureNames, corpusStreams, describeShared, readCapture } from '../support/corpus.ts'
import { expectLiveEqualsFinal } from '../support/naive-reader.ts'
import { wireMessageOf } from './bedrock-invoke-wire.ts'
import { eventsOf } from './bedrock-converse-wire.ts'

const untimed = ({ timing: _timing, ...message }: AssistantMessage): unknown => message

describeShared('corpus', 'the InvokeModel streams of the corpus', () => {
  const streams = corpusStreams(({ dialect }) => dialect.startsWith('other/bedrock-invoke-'))

  it('are 36 of Anthropic, 6 of Nova, 4 of Titan, 3 of Cohere and 2 of Llama, all with their exact bytes', () => {
    const counts = new Map<string, number>()
    for (const { dialect, framing } of streams) {
      counts.set(dialect, (counts.get(dialect) ?? 0) + 1)
      expect(framing).toBe('aws-eventstream')
    }
    expect(Object.fromEntries(counts)).toEqual({
      'other/bedrock-invoke-anthropic': 36,
      'other/bedrock-invoke-nova': 6,
      'other/bedrock-invoke-amazon': 4,
      'other/bedrock-invoke-cohere': 3,
      'other/bedrock-invoke-meta': 2,
    })
  })

  it('I4: of every model are unwrapped to exactly the events that are in them', () => {
    for (const stream of streams) {
      const decoder = new Decoder(16 * 1024 * 1024)
      const decoded = [...decoder.push(stream.readRaw()), ...decoder.end()]
      const events = decoded.map((one) =>
        one.kind === 'event' && one.event === undefined
          ? JSON.parse(one.data)
          : expect.fail(`${stream.file}: ${one.kind}`),
      )
      expect(events, stream.file).toEqual(eventsOf(stream))
    }
  })

  it('of Anthropic give the message that the same events give as server-sent events, and what is on the wire', async () => {
    const spoken = streams.filter(
      (stream) =>
        stream.dialect === 'other/bedrock-invoke-anthropic' &&
        eventsOf(stream).some(({ type }) => type === 'message_start'),
    )
    // The other two are completions of Claude 2, without messages.
    expect(spoken).toHaveLength(34)
    for (const stream of spoken) {
      const events = eventsOf(stream)
      const turn = assemble([stream.readRaw()])
      const live: TurnEvent[] = []
      for await (const event of turn) live.push(event)
      const message = await turn.message()
      expectLiveEqualsFinal(live, message)
      const sse = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')
      expect(untimed(message), stream.file).toEqual(untimed(await fold(sse)))
      expect(message, stream.file).toMatchObject({
        dialect: 'anthropic-messages',
        outcome: { kind: 'complete' },
        anomalies: [],
      })
      expect([message.stop.raw], stream.file).toEqual(stream.finish)
      const wire = wireMessageOf(events)
      expect(
        message.content.map((block) =>
          'text' in block ? block.text : block.type === 'tool_call' ? block.arguments : '',
        ),
        stream.file,
      ).toEqual(wire.texts)
      expect(message.usage.outputTokens, stream.file).toBe(wire.outputTokens)
      expect(message.wire['amazon-bedrock-invocationMetrics'], stream.file).toEqual(wire.metrics)
      const calls = live.flatMap((event) => (event.type === 'tool_call' ? [event.call.id] : []))
      expect(calls, stream.file).toEqual(wire.callIds)
    }
  })
})

/** What the scripted server was told to answer. */
const ANSWERS: Readonly<Record<string, object>> = {
  text: { content: [{ type: 'text', text: 'Hello from aimock: déjà vu 東京 🙂 done.' }], stop: { reason: 'end_turn' } },
  think: {
    content: [
      { type: 'thinking', text: 'Let me think about it.' },
      { type: 'text', text: '42.' },
    ],
  },
  tool: {
    content: [{ name: 'get_weather', input: { city: '東京', days: 2, cmd: 'echo "hi"\n' } }],
    stop: { reason: 'tool_calls' },
  },
  two: {
    content: [
      { text: 'Let me check.' },
      { name: 'get_weather', input: { city: 'Paris' } },
      { name: 'noop', input: {} },
    ],
  },
}

describeShared('captures', 'the Bedrock streams that a mock server wrote', () => {
  const names = captureNames().filter((name) => name.startsWith('aimock/bedrock-') && name.endsWith('.sse'))

  it('are ten', () => {
    expect(names).toHaveLength(10)
  })

  it('say what the server was told to answer, as Converse and as Anthropic on InvokeModel', async () => {
    for (const name of names) {
      const [, api = '', answer = ''] = /bedrock-(\w+)-(\w+)\.sse/.exec(name) ?? []
      const message = await fold([readCapture(name)])
      if (answer === 'error') {
        // With another status than 200, which is not kept, and without frames.
        expect(message.outcome, name).toMatchObject({ kind: 'failed', error: { class: 'overloaded', retryable: true } })
        continue
      }
      expect(message, name).toMatchObject({ outcome: { kind: 'complete' }, anomalies: [], ...ANSWERS[answer] })
      expect(message.dialect, name).toBe(api === 'converse' ? 'bedrock-converse' : 'anthropic-messages')
    }
  })
})
