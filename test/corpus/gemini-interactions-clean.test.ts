import { expect, it } from 'vitest'
import { assemble, toNative, type TurnEvent } from '../../src/index.ts'
import type { JsonObject } from '../../src/json.ts'
import type { AssistantMessage } from '../../src/message.ts'
import { corpusStreams, describeShared, readCapture } from '../support/corpus.ts'
import { expectLiveEqualsFinal } from '../support/naive-reader.ts'
import { interactionOf, parsed, payloadsOf } from './gemini-interactions-wire.ts'
import { listOf, objectOf } from './gemini-wire.ts'

async function read(source: Parameters<typeof assemble>[0]) {
  const turn = assemble(source)
  const events: TurnEvent[] = []
  for await (const event of turn) events.push(event)
  const { timing: _timing, ...message } = await turn.message()
  expectLiveEqualsFinal(events, message)
  const calls = events.flatMap((event) => (event.type === 'tool_call' ? [event.call] : []))
  return { message, calls, late: turn.anomalies }
}

/** The message in the provider's own form is the interaction of the wire. */
function expectInteraction(message: AssistantMessage, wire: JsonObject, name: string): void {
  const native = objectOf(JSON.parse(JSON.stringify(toNative(message))))
  expect(native, name).toEqual(wire)
}

describeShared('corpus', 'the streams of the Interactions API in the corpus', () => {
  const streams = corpusStreams(({ file }) => file.startsWith('other/gemini-interactions/'))

  it('are 3 of events and 4 of JSON lines', () => {
    expect(streams.map(({ framing }) => framing).toSorted()).toEqual([
      ...Array(4).fill('ndjson'),
      ...Array(3).fill('sse'),
    ])
  })

  it.each(streams.map((stream) => [stream.file, stream] as const))(
    'I7: %s gives the interaction of the wire, its calls once, and no anomaly',
    async (file, stream) => {
      const { message, calls, late } = await read(stream.read())
      const payloads = payloadsOf(stream)
      const wire = parsed(interactionOf(payloads))
      expectInteraction(message, wire, file)
      expect([message.dialect, message.outcome.kind, message.anomalies, late]).toEqual([
        'gemini-interactions',
        'complete',
        [],
        [],
      ])
      expect(message.stop).toEqual(
        wire['status'] === 'requires_action'
          ? { reason: 'tool_calls', raw: 'requires_action', sequence: null }
          : { reason: 'end_turn', raw: 'completed', sequence: null },
      )
      const usage = objectOf(wire['usage'])
      expect(Number(message.usage.inputTokens) + Number(message.usage.outputTokens)).toBe(usage['total_tokens'])
      const due = listOf(wire['steps'])
        .map(objectOf)
        .filter(({ type }) => type === 'function_call')
      expect(calls.map(({ id, name, input }) => ({ id, name, input }))).toEqual(
        due.map(({ id, name, arguments: input }) => ({ id, name, input })),
      )
      for (const source of [payloads, JSON.stringify(payloads, undefined, 1), JSON.stringify(wire)]) {
        expect((await read(source)).message).toMatchObject({
          outcome: { kind: 'complete' },
          stop: message.stop,
          usage: message.usage,
        })
      }
      expect((await read(payloads)).message).toEqual(message)
      expectInteraction((await read(JSON.stringify(wire))).message, wire, file)
    },
  )
})

const TEXT = 'Hello from aimock: déjà vu 東京 🙂 done.'
const WEATHER = { name: 'get_weather', input: { city: '東京', days: 2, cmd: 'echo "hi"\n' } }

describeShared('captures', 'what a scripted server says in the formats of Gemini', () => {
  it.each([
    ['gemini-text', { outcome: 'complete', text: TEXT, thinking: '', calls: [] }],
    ['gemini-interactions-text', { outcome: 'complete', text: TEXT, thinking: '', calls: [] }],
    ['gemini-think', { outcome: 'complete', text: '42.', thinking: 'Let me think about it.', calls: [] }],
    ['gemini-tool', { outcome: 'complete', text: '', thinking: '', calls: [WEATHER] }],
    [
      'gemini-two',
      {
        outcome: 'complete',
        text: 'Let me check.',
        thinking: '',
        calls: [
          { name: 'get_weather', input: { city: 'Paris' } },
          { name: 'noop', input: {} },
        ],
      },
    ],
    ['gemini-error', { outcome: 'failed', text: '', thinking: '', calls: [] }],
  ])('%s is what the script says', async (name, expected) => {
    const { message, calls } = await read(readCapture(`aimock/${name}.sse`))
    const joined = (type: 'text' | 'thinking') =>
      message.content.flatMap((block) => (block.type === type ? [block.text] : [])).join('')
    expect({
      outcome: message.outcome.kind,
      text: joined('text'),
      thinking: joined('thinking'),
      calls: calls.map((call) => ({ name: call.name, input: call.input })),
    }).toEqual(expected)
    expect(message.anomalies).toEqual([])
  })
})
