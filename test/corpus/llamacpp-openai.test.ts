import { describe, expect, it } from 'vitest'
import { assemble, fold, toNative, type AssistantMessage, type ErrorClass, type TurnEvent } from '../../src/index.ts'
import type { AnomalyKind } from '../../src/anomaly.ts'
import { isObject, type JsonObject, type JsonValue } from '../../src/json.ts'
import { captureNames, describeShared, readCapture } from '../support/corpus.ts'
import { expectLiveEqualsFinal } from '../support/naive-reader.ts'
import { simply as choiceOf, simplyOfWire as choiceOfWire } from './chat-folded.ts'
import { accumulate } from './chat-sdk.ts'
import { payloadsOf as chunksOf, wireAnswerOf } from './chat-wire.ts'
import { differences, viaJson } from './differences.ts'
import { simply, simplyOfWire } from './responses-folded.ts'
import { payloadsOf, wireResponsesOf } from './responses-wire.ts'

interface Expected {
  readonly error?: ErrorClass
  /** The stop reason on the wire. */
  readonly raw?: string
  /** How many calls are handed out. */
  readonly calls?: number
  /** The states of those that are not. */
  readonly kept?: readonly string[]
  readonly anomalies?: readonly AnomalyKind[]
}

/** What the bytes of each capture say, read by eye. */
const CHAT: Readonly<Record<string, Expected>> = {
  'chat-ctxoverflow': { error: 'context_overflow' },
  'chat-error': { error: 'invalid_request' },
  'chat-length': { raw: 'length' },
  // The second choice comes first; each has six tokens.
  'chat-n2-logprobs': { raw: 'length' },
  'chat-random': { raw: 'length' },
  'chat-text': { raw: 'stop' },
  'chat-think': { raw: 'stop' },
  'chat-tool-parallel': { raw: 'tool_calls', calls: 2 },
  // Six whole calls, and the seventh cut inside a string.
  'chat-tool-parallel-length': { raw: 'length', kept: [...Array<string>(6).fill('complete'), 'partial'] },
  'chat-tool-required': { raw: 'tool_calls', calls: 2 },
  // The arguments are `{`.
  'chat-tool-truncated': { raw: 'length', kept: ['partial'] },
  'chat-tool-twocalls-length': { raw: 'length', kept: ['complete', 'complete'] },
}

/** It says `completed` also for what was cut by its length. */
const RESPONSES: Readonly<Record<string, Expected>> = {
  'responses-length': { raw: 'completed' },
  'responses-text': { raw: 'completed' },
  'responses-think': { raw: 'completed' },
  'responses-tool': { raw: 'completed', calls: 2 },
  // The arguments are `{`, the item and the response are completed.
  'responses-tool-truncated': { raw: 'completed', kept: ['invalid'], anomalies: ['invalid_input'] },
}

describeShared('captures', 'captures of llama.cpp in the dialects of OpenAI', () => {
  const all = Object.entries({ ...CHAT, ...RESPONSES })

  it('I5: are all in the tables', () => {
    const names = captureNames().filter((name) => /^llamacpp\/(chat|responses)-.*\.sse$/.test(name))
    const streamed = names.filter((name) => !name.includes('nonstream')).map((name) => name.slice(9, -4))
    expect(streamed.toSorted()).toEqual([...Object.keys(CHAT), ...Object.keys(RESPONSES)])
    expect(names).toHaveLength(17 + 4)
  })

  it.each(all)(
    'I5, I6: %s ends as its bytes say, and hands out the calls that it completes',
    async (name, expected) => {
      const { messages, events } = await foldCapture(name)
      for (const message of messages) {
        const { outcome, stop, content, anomalies } = message
        if (expected.error === undefined) expect(outcome).toEqual({ kind: 'complete' })
        else expect(outcome).toMatchObject({ kind: 'failed', error: { class: expected.error } })
        expect(stop.raw).toBe(expected.raw ?? null)
        expect(anomalies.map(({ kind }) => kind)).toEqual(expected.anomalies ?? [])
        const calls = events.flatMap((event) => (event.type === 'tool_call' ? [event.block] : []))
        expect(calls).toHaveLength(expected.calls ?? 0)
        const kept = content.flatMap((block, at) =>
          block.type === 'tool_call' && !calls.includes(at) ? [block.state] : [],
        )
        expect(kept).toEqual(expected.kept ?? [])
        expectLiveEqualsFinal(events, message)
      }
    },
  )

  describe('chat', () => {
    const streams = Object.entries(CHAT).flatMap(([name, { error }]) => (error === undefined ? [name] : []))

    it.each(streams)('I4: %s has the text, the thinking and the calls of the wire', async (name) => {
      const { messages } = await foldCapture(name)
      const { choices } = wireAnswerOf(chunksOf(sourceOf(name)))
      expect(messages).toHaveLength(choices.size)
      messages.forEach((message, index) => {
        const choice = choices.get(index)
        expect(choiceOf(message)).toEqual(choice === undefined ? undefined : choiceOfWire(choice))
      })
    })

    it.each(streams)('I7: %s equals what the SDK accumulates', async (name) => {
      const { messages } = await foldCapture(name)
      const theirs = await accumulate(readCapture(`llamacpp/${name}.sse`), 'openai 6')
      const paths = 'throws' in theirs ? [theirs.throws] : differences(viaJson(toNative(messages)), theirs.message)
      // Of a delta's field that it does not know, the SDK keeps the last.
      expect(paths).toEqual(name === 'chat-think' ? ['~choices.0.message.reasoning_content'] : [])
    })

    it('I6: chat-tool-truncated keeps the cut call with its raw text', async () => {
      const { messages } = await foldCapture('chat-tool-truncated')
      expect(messages[0]?.content).toMatchObject([{ type: 'tool_call', arguments: '{', name: 'get_weather' }])
    })
  })

  describe('responses', () => {
    const streams = Object.keys(RESPONSES)

    it.each(streams)('quirk 4.09: %s has the blocks of the wire, without a number or an index in it', async (name) => {
      const payloads = payloadsOf(sourceOf(name))
      expect(JSON.stringify(payloads)).not.toMatch(/"(sequence_number|output_index|content_index)":/)
      const [wire] = wireResponsesOf(payloads)
      const { messages } = await foldCapture(name)
      expect(messages.map(({ content }) => content.map(simply))).toEqual([wire?.items.flatMap(simplyOfWire)])
    })

    it.each(streams)('I7: %s equals the whole response in its last event', async (name) => {
      const { messages } = await foldCapture(name)
      const [wire] = wireResponsesOf(payloadsOf(sourceOf(name)))
      expect(differences(viaJson(toNative(messages)), wire?.response ?? null)).toEqual([])
    })

    it.each(streams)('I4: %s keeps the timings that stand beside its response', async (name) => {
      const { messages } = await foldCapture(name)
      const { timings } = payloadsOf(sourceOf(name)).at(-1) ?? {}
      expect(isObject(timings)).toBe(true)
      expect(messages[0]?.wire['event']).toEqual({ timings })
    })

    it.each(streams)('I7: %s without its last event is the response as far as the items tell', async (name) => {
      const payloads = payloadsOf(sourceOf(name)).slice(0, -1)
      const message = await fold(payloads)
      expect(message.outcome.kind).toBe('truncated')
      const [wire] = wireResponsesOf(payloads)
      const native = viaJson(toNative(message))
      const output = wire?.items.map(({ item }) => item) ?? []
      expect(isObject(native) ? differences(native['output'] ?? null, output) : undefined).toEqual([])
    })
  })

  describe('whole answers', () => {
    const TWINS: readonly [string, string][] = [
      ['chat-tool-required', 'chat-tool-nonstream'],
      ['chat-random', 'chat-nonstream'],
      ['responses-tool', 'responses-tool-nonstream'],
      ['responses-length', 'responses-nonstream'],
    ]

    it.each(TWINS)('I7: the one beside %s is given back as it came', async (_stream, nonstream) => {
      const whole = jsonOf(nonstream)
      for (const source of [readCapture(`llamacpp/${nonstream}.sse`), whole]) {
        const message = await fold(source)
        expect(message.outcome).toEqual({ kind: 'complete' })
        expect(differences(viaJson(toNative(message)), whole)).toEqual([])
      }
    })

    it.each(TWINS.filter(([stream]) => stream.includes('tool')))(
      'I6: %s hands out the calls of the whole answer, but for what the model chose',
      async (stream, nonstream) => {
        const streamed = await foldCapture(stream)
        const whole = await foldCapture(nonstream)
        expect(callsOf(streamed.events)).toEqual(callsOf(whole.events))
        expect(callsOf(whole.events)).toHaveLength(2)
      },
    )
  })
})

async function foldCapture(
  name: string,
): Promise<{ messages: readonly AssistantMessage[]; events: readonly TurnEvent[] }> {
  const turn = assemble(readCapture(`llamacpp/${name}.sse`))
  const events: TurnEvent[] = []
  for await (const event of turn) events.push(event)
  return { messages: await turn.messages(), events }
}

function sourceOf(name: string): { framing: string; read: () => Uint8Array } {
  return { framing: 'sse', read: () => readCapture(`llamacpp/${name}.sse`) }
}

function jsonOf(name: string): JsonObject {
  const value: JsonValue = JSON.parse(new TextDecoder().decode(readCapture(`llamacpp/${name}.sse`)))
  if (!isObject(value)) throw new Error(`${name} is no JSON object`)
  return value
}

function callsOf(events: readonly TurnEvent[]): unknown[] {
  return events.flatMap((event) => {
    if (event.type !== 'tool_call') return []
    const { name, input } = event.call
    return [{ name, input: { ...input, days: typeof input['days'] } }]
  })
}
