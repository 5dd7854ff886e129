import { describe, expect, it } from 'vitest'
import { assemble, type AssistantMessage, type ErrorClass, type StopReason, type TurnEvent } from '../../src/index.ts'
import type { AnomalyKind } from '../../src/anomaly.ts'
import type { JsonObject } from '../../src/json.ts'
import { captureNames, describeShared, readCapture } from '../support/corpus.ts'
import { expectLiveEqualsFinal } from '../support/naive-reader.ts'

interface Expected {
  readonly outcome: 'complete' | 'truncated' | 'failed'
  readonly error?: ErrorClass
  readonly text?: string
  readonly thinking?: string
  readonly calls?: readonly { readonly name: string; readonly input: JsonObject }[]
  readonly reason?: StopReason
  readonly anomalies?: readonly AnomalyKind[]
}

/** What the scripted server was told to answer; a gateway in front of it may have left something out. */
const TEXT: Expected = { outcome: 'complete', text: 'Hello from aimock: déjà vu 東京 🙂 done.', reason: 'end_turn' }
const THINK: Expected = {
  outcome: 'complete',
  text: '42.',
  thinking: 'Let me think about it.',
  reason: 'end_turn',
}
const TOOL: Expected = {
  outcome: 'complete',
  calls: [{ name: 'get_weather', input: { city: '東京', days: 2, cmd: 'echo "hi"\n' } }],
  reason: 'tool_calls',
}
const TWO: Expected = {
  outcome: 'complete',
  text: 'Let me check.',
  calls: [
    { name: 'get_weather', input: { city: 'Paris' } },
    { name: 'noop', input: {} },
  ],
  reason: 'tool_calls',
}
const TRUNC: Expected = { outcome: 'truncated', reason: 'unknown' }
const ERROR: Expected = { outcome: 'failed', error: 'overloaded', reason: 'unknown' }

const CAPTURES: Readonly<Record<string, Expected>> = {
  'aimock/chat-error.sse': ERROR,
  'aimock/chat-text.sse': TEXT,
  'aimock/chat-think.sse': THINK,
  'aimock/chat-tool.sse': TOOL,
  'aimock/chat-trunc.sse': { ...TRUNC, text: 'This an' },
  'aimock/chat-two.sse': TWO,
  'aimock/responses-error.sse': ERROR,
  'aimock/responses-text.sse': TEXT,
  'aimock/responses-think.sse': THINK,
  'aimock/responses-tool.sse': TOOL,
  'aimock/responses-trunc.sse': TRUNC,
  'aimock/responses-two.sse': TWO,
  'portkey/anthropic2chat-error.sse': ERROR,
  'portkey/anthropic2chat-text.sse': TEXT,
  // The gateway makes empty deltas of the thinking.
  'portkey/anthropic2chat-think.sse': { ...THINK, thinking: '' },
  'portkey/anthropic2chat-tool.sse': TOOL,
  'portkey/anthropic2chat-trunc.sse': TRUNC,
  'portkey/anthropic2chat-two.sse': TWO,
  // The gateway puts the error into the text of another.
  // The gateway quotes what its upstream said.
  'portkey/cohere2chat-error.sse': ERROR,
  'portkey/cohere2chat-text.sse': TEXT,
  // The gateway numbers its choices as Cohere numbers the pieces of one answer. What Cohere calls thinking, it calls content.
  'portkey/cohere2chat-think.sse': {
    outcome: 'complete',
    text: 'Let me think about it.42.',
    reason: 'end_turn',
    anomalies: ['choice_ignored'],
  },
  'portkey/cohere2chat-tool.sse': TOOL,
  'portkey/cohere2chat-trunc.sse': TRUNC,
  'portkey/cohere2chat-two.sse': { ...TWO, anomalies: ['choice_ignored'] },
  'portkey/google2chat-error.sse': ERROR,
  // One chunk, which says `stop`, and no `[DONE]`.
  'portkey/google2chat-tool.sse': { ...TOOL, anomalies: ['missing_terminal'] },
  'portkey/openai-chat-error.sse': ERROR,
  'portkey/openai-chat-text.sse': TEXT,
  'portkey/openai-chat-think.sse': THINK,
  'portkey/openai-chat-tool.sse': TOOL,
  'portkey/openai-chat-trunc.sse': { ...TRUNC, text: 'This an' },
  'portkey/openai-chat-two.sse': TWO,
  'portkey/openai-responses-error.sse': ERROR,
  'portkey/openai-responses-text.sse': TEXT,
  'portkey/openai-responses-think.sse': THINK,
  'portkey/openai-responses-tool.sse': TOOL,
  'portkey/openai-responses-trunc.sse': TRUNC,
  'portkey/openai-responses-two.sse': TWO,
}

describeShared(
  'captures',
  'captures of a scripted server in the dialects of OpenAI, straight and through a gateway',
  () => {
    it('I5: are all in the table', () => {
      const names = captureNames().filter((name) => /^(aimock|portkey)\/.*(chat|responses)-.*\.sse$/.test(name))
      expect(names).toEqual(Object.keys(CAPTURES).toSorted())
      expect(names).toHaveLength(38)
    })

    describe.each(Object.entries(CAPTURES))('%s', (name, expected) => {
      it('I5: ends as its bytes say', async () => {
        const { messages } = await foldCapture(name)
        for (const { outcome } of messages) {
          expect(outcome.kind).toBe(expected.outcome)
          if (expected.error !== undefined) expect(outcome).toMatchObject({ error: { class: expected.error } })
        }
        expect(messages[0]?.stop.reason).toBe(expected.reason)
        const kinds = messages.flatMap(({ anomalies }) => anomalies.map(({ kind }) => kind))
        expect(kinds).toEqual(expected.anomalies ?? [])
      })

      it('I4: holds the text and the thinking that the server was told to say', async () => {
        const { messages } = await foldCapture(name)
        expect(textOf(messages, 'text')).toBe(expected.text ?? '')
        expect(textOf(messages, 'thinking')).toBe(expected.thinking ?? '')
      })

      it('I6: hands out exactly the calls that the server was told to make', async () => {
        const { messages, events } = await foldCapture(name)
        const calls = events.flatMap((event) => (event.type === 'tool_call' ? [event.call] : []))
        expect(calls.map(({ name: tool, input }) => ({ name: tool, input }))).toEqual(expected.calls ?? [])
        expect(calls).toEqual(messages.flatMap(({ content }) => content.filter(({ type }) => type === 'tool_call')))
      })

      it('I2: gives live events that are the final blocks', async () => {
        const { messages, events } = await foldCapture(name)
        for (const message of messages) expectLiveEqualsFinal(events, message)
      })
    })
  },
)

async function foldCapture(
  name: string,
): Promise<{ messages: readonly AssistantMessage[]; events: readonly TurnEvent[] }> {
  const turn = assemble(readCapture(name))
  const events: TurnEvent[] = []
  for await (const event of turn) events.push(event)
  return { messages: await turn.messages(), events }
}

function textOf(messages: readonly AssistantMessage[], kind: 'text' | 'thinking'): string {
  return messages.flatMap(({ content }) => content.map((block) => (block.type === kind ? block.text : ''))).join('')
}
