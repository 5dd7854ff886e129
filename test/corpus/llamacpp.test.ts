import { describe, expect, it } from 'vitest'
import { assemble, fold, toNative, type AssistantMessage, type ErrorClass, type TurnEvent } from '../../src/index.ts'
import { isObject, type JsonObject, type JsonValue } from '../../src/json.ts'
import { captureNames, describeShared, readCapture } from '../support/corpus.ts'
import { expectLiveEqualsFinal } from '../support/naive-reader.ts'
import { payloadsOf, wireMessagesOf } from './anthropic-wire.ts'

interface Expected {
  readonly outcome: 'complete' | 'truncated' | 'failed'
  /** The stop reason on the wire; null where the stream was cut before it. */
  readonly raw?: 'end_turn' | 'tool_use' | 'max_tokens' | null
  readonly error?: ErrorClass
  readonly calls?: number
}

const text: Expected = { outcome: 'complete', raw: 'end_turn' }
const length: Expected = { outcome: 'complete', raw: 'max_tokens' }
const tool: Expected = { outcome: 'complete', raw: 'tool_use', calls: 1 }
const two: Expected = { outcome: 'complete', raw: 'tool_use', calls: 2 }
const cut: Expected = { outcome: 'truncated', raw: null }
const failed = (error: ErrorClass): Expected => ({ outcome: 'failed', error })

/** What the bytes of each capture say, read by eye; `*-nonstream` and what is not of the messages API is left out. */
const CAPTURES: Readonly<Record<string, Expected>> = {
  'aimock/messages-error.sse': failed('overloaded'),
  'aimock/messages-text.sse': text,
  'aimock/messages-think.sse': text,
  'aimock/messages-tool.sse': tool,
  'aimock/messages-trunc.sse': cut,
  'aimock/messages-two.sse': two,
  // The router answers an upstream error with one JSON object of the type `api_error`; the upstream's own words are in its message.
  // The gateway quotes what its upstream said: Overloaded.
  'ccr/gemini2messages-error.sse': failed('overloaded'),
  'ccr/gemini2messages-text.sse': text,
  'ccr/gemini2messages-think.sse': text,
  // It says `end_turn` although there are calls.
  'ccr/gemini2messages-tool.sse': { outcome: 'complete', raw: 'end_turn', calls: 1 },
  'ccr/gemini2messages-trunc.sse': cut,
  'ccr/gemini2messages-two.sse': { outcome: 'complete', raw: 'end_turn', calls: 2 },
  'ccr/llama2messages-text.sse': text,
  'ccr/llama2messages-tool.sse': failed('unknown'),
  'ccr/openai2messages-error.sse': failed('overloaded'),
  'ccr/openai2messages-text.sse': text,
  'ccr/openai2messages-think.sse': text,
  'ccr/openai2messages-tool.sse': tool,
  'ccr/openai2messages-trunc.sse': cut,
  'ccr/openai2messages-two.sse': two,
  // `messages: "nope"` is taken for a text: no error.
  'llamacpp/messages-error.sse': length,
  'llamacpp/messages-length.sse': length,
  'llamacpp/messages-text.sse': length,
  'llamacpp/messages-think.sse': length,
  // Its second block opens while the first is open, and both are closed at the end.
  'llamacpp/messages-tool.sse': two,
  // The arguments are `{`, the block is closed, the stop reason is max_tokens.
  'llamacpp/messages-tool-truncated.sse': { ...length, calls: 0 },
  'portkey/anthropic-messages-error.sse': failed('overloaded'),
  'portkey/anthropic-messages-text.sse': text,
  'portkey/anthropic-messages-think.sse': text,
  'portkey/anthropic-messages-tool.sse': tool,
  'portkey/anthropic-messages-trunc.sse': cut,
  'portkey/anthropic-messages-two.sse': two,
}

describeShared('captures', 'captures of servers that speak the Anthropic messages API', () => {
  it('I5: are all in the table', () => {
    const names = captureNames().filter((name) => /messages.*\.sse$/.test(name) && !name.includes('nonstream'))
    expect(names).toEqual(Object.keys(CAPTURES).toSorted())
    expect(names).toHaveLength(32)
  })

  it.each(Object.entries(CAPTURES))('I5: %s ends as its bytes say', async (name, expected) => {
    const { message, events } = await foldCapture(name)
    expect(message.outcome.kind).toBe(expected.outcome)
    expect(message.anomalies).toEqual([])
    if (expected.outcome === 'failed') expect(message.outcome).toMatchObject({ error: { class: expected.error } })
    else expect(message.stop.raw).toBe(expected.raw)
    const calls = events.filter(({ type }) => type === 'tool_call')
    expect(calls).toHaveLength(expected.calls ?? 0)
    expectLiveEqualsFinal(events, message)
  })

  it.each(Object.entries(CAPTURES).filter(([, { outcome }]) => outcome !== 'failed'))(
    'I4: %s has the blocks of the wire',
    async (name) => {
      const { message } = await foldCapture(name)
      const [wire] = wireMessagesOf(payloadsOf({ framing: 'sse', read: () => readCapture(name) }))
      const simple = message.content.map((block) => {
        if (block.type === 'tool_call')
          return { type: 'tool_use', text: block.arguments, id: block.id, name: block.name }
        return { type: block.type, text: 'text' in block ? block.text : '' }
      })
      const idAndName = ({ id, name: tool_ }: JsonObject) => (id === undefined ? {} : { id, name: tool_ })
      expect(simple).toEqual(
        wire?.blocks.map(({ type, text: whole, opening }) => ({ type, text: whole, ...idAndName(opening) })),
      )
      expect(message.id).toBe(wire?.start['id'])
    },
  )

  it('I6: llamacpp/messages-tool-truncated.sse keeps the cut call as partial, with its raw text', async () => {
    const { message } = await foldCapture('llamacpp/messages-tool-truncated.sse')
    expect(message.content).toMatchObject([
      { type: 'tool_call', state: 'partial', arguments: '{', name: 'get_weather' },
    ])
    expect(message.content[0]).not.toHaveProperty('input')
  })

  describe('llama.cpp', () => {
    const TWINS: readonly [string, string][] = [
      ['messages-tool', 'messages-tool-nonstream'],
      ['messages-text', 'messages-nonstream'],
    ]

    it.each(TWINS)('I7: %s has the shape of the whole answer %s', async (stream, nonstream) => {
      const streamed = toNative((await foldCapture(`llamacpp/${stream}.sse`)).message)
      const whole = jsonOf(`llamacpp/${nonstream}.sse`)
      expect(shapeOf(streamed)).toEqual(shapeOf(whole))
    })

    it('I7: the calls that were streamed differ from those of the whole answer only in what the model chose', async () => {
      const inputs = (message: JsonValue) =>
        contentOf(message).map(({ name, input }) => ({
          name,
          input: isObject(input) ? { ...input, days: typeof input['days'] } : input,
        }))
      const streamed = toNative((await foldCapture('llamacpp/messages-tool.sse')).message)
      expect(inputs(streamed)).toEqual(inputs(jsonOf('llamacpp/messages-tool-nonstream.sse')))
      expect(inputs(streamed)).toHaveLength(2)
    })

    it.each(TWINS)('I7: the whole answer beside %s is given back as it came', async (_stream, nonstream) => {
      const whole = jsonOf(`llamacpp/${nonstream}.sse`)
      for (const source of [readCapture(`llamacpp/${nonstream}.sse`), whole]) {
        const message = await fold(source)
        expect(message.outcome).toEqual({ kind: 'complete' })
        expect(toNative(message)).toEqual(whole)
      }
    })
  })
})

async function foldCapture(name: string): Promise<{ message: AssistantMessage; events: readonly TurnEvent[] }> {
  const turn = assemble(readCapture(name))
  const events: TurnEvent[] = []
  for await (const event of turn) events.push(event)
  return { message: await turn.message(), events }
}

function jsonOf(name: string): JsonObject {
  const value: unknown = JSON.parse(new TextDecoder().decode(readCapture(name)))
  if (!isObject(value)) throw new Error(`${name} is no JSON object`)
  return value
}

function contentOf(message: JsonValue): JsonObject[] {
  return isObject(message) && Array.isArray(message['content']) ? message['content'].filter(isObject) : []
}

/** What two answers to one request have in common, whatever the model says: the blocks' types and keys, and everything that is fixed. */
function shapeOf(message: JsonValue): unknown {
  if (!isObject(message)) return message
  const { type, role, model, stop_reason: stopReason, stop_sequence: stopSequence, usage } = message
  return {
    keys: Object.keys(message).toSorted(),
    fixed: { type, role, model, stopReason, stopSequence },
    usage: Object.keys(isObject(usage) ? usage : {}).toSorted(),
    blocks: contentOf(message).map((block) => ({
      type: block['type'],
      name: block['name'],
      keys: Object.keys(block).toSorted(),
    })),
  }
}
