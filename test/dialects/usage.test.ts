/** How tokens are counted, whatever the wire: the last count of each kind, and nothing that nobody counted. */
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/json.ts'
import type { Dialect, Usage } from '../../src/message.ts'
import { assemble, fold } from '../../src/turn.ts'
import * as anthropic from './anthropic-events.ts'
import * as chat from './openai-chat-chunks.ts'
import * as responses from './openai-responses-events.ts'

type Event = JsonObject | '[DONE]'

interface Row {
  readonly name: string
  readonly dialect: Dialect
  readonly events: readonly Event[]
  readonly usage: Usage
}

const counted = (usage: JsonObject): JsonObject => ({ type: 'message_delta', delta: {}, usage })
const inChunk = (usage: JsonObject): JsonObject => ({ ...chat.text('a'), usage })
const started = (usage: JsonObject): JsonObject => ({
  type: 'response.in_progress',
  response: responses.response('in_progress', { usage }),
})

async function usageOf(dialect: Dialect, events: readonly Event[]): Promise<Usage> {
  const body = events.map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`)
  return (await fold(body.join(''), { dialect })).usage
}

/** Events, and then the caller has had enough. */
async function* abortedAfter(events: readonly JsonObject[], controller: AbortController) {
  yield* events
  controller.abort()
  yield anthropic.END
}

describe('counts', () => {
  const rows: readonly Row[] = [
    {
      name: 'quirk 9.01: that are cumulative in Anthropic are not added up',
      dialect: 'anthropic-messages',
      events: [
        anthropic.START,
        counted({ output_tokens: 3 }),
        counted({ output_tokens: 9 }),
        anthropic.stop('end_turn'),
      ],
      usage: { inputTokens: 25, outputTokens: 40 },
    },
    {
      name: 'quirk 9.01: on every chunk of a chat are not added up',
      dialect: 'openai-chat',
      events: [1, 4, 5].map((completion_tokens) => inChunk({ prompt_tokens: 7, completion_tokens })),
      usage: { inputTokens: 7, outputTokens: 5 },
    },
    {
      name: 'quirk 9.01: of several events of a response are not added up',
      dialect: 'openai-responses',
      events: [
        started({ input_tokens: 7, output_tokens: 2 }),
        responses.completed([], { usage: { input_tokens: 7, output_tokens: 6 } }),
      ],
      usage: { inputTokens: 7, outputTokens: 6 },
    },
    {
      name: 'quirk 9.02: of the output that the start only guesses are those of the end',
      dialect: 'anthropic-messages',
      events: [anthropic.start({ usage: { input_tokens: 10, output_tokens: 4 } }), anthropic.stop('end_turn')],
      usage: { inputTokens: 10, outputTokens: 40 },
    },
    {
      name: 'quirk 9.04: of a response that is under way are there if nothing else comes',
      dialect: 'openai-responses',
      events: [responses.CREATED, started({ input_tokens: 7, output_tokens: 2 })],
      usage: { inputTokens: 7, outputTokens: 2 },
    },
    {
      name: 'quirk 9.05: that nobody asked for are unknown, not zero',
      dialect: 'openai-chat',
      events: [chat.text('a'), chat.finish('stop'), chat.DONE],
      usage: {},
    },
    {
      name: 'quirk 9.06: of an incomplete response are there',
      dialect: 'openai-responses',
      events: [
        responses.CREATED,
        responses.incomplete('max_output_tokens', [], { usage: { input_tokens: 7, output_tokens: 16 } }),
      ],
      usage: { inputTokens: 7, outputTokens: 16 },
    },
    {
      name: 'quirk 9.07: of the input count the cache in where Anthropic leaves it out',
      dialect: 'anthropic-messages',
      events: [
        anthropic.start({
          usage: { input_tokens: 10, cache_read_input_tokens: 100, cache_creation_input_tokens: 1000 },
        }),
        anthropic.stop('end_turn'),
      ],
      usage: { inputTokens: 1110, outputTokens: 40, cacheReadTokens: 100, cacheWriteTokens: 1000 },
    },
    {
      name: 'quirk 9.07: of the input count the cache once where a chat includes it',
      dialect: 'openai-chat',
      events: [inChunk({ prompt_tokens: 110, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 100 } })],
      usage: { inputTokens: 110, outputTokens: 2, cacheReadTokens: 100 },
    },
    {
      name: 'quirk 9.08: of thinking are among the details of Anthropic',
      dialect: 'anthropic-messages',
      events: [
        anthropic.START,
        anthropic.stop('end_turn', { usage: { output_tokens: 80, output_tokens_details: { thinking_tokens: 67 } } }),
      ],
      usage: { inputTokens: 25, outputTokens: 80, reasoningTokens: 67 },
    },
    {
      name: 'quirk 9.08: of thinking are among the details of a chat, also where Groq has them',
      dialect: 'openai-chat',
      events: [
        {
          ...chat.finish('stop'),
          x_groq: {
            usage: { prompt_tokens: 7, completion_tokens: 80, completion_tokens_details: { reasoning_tokens: 67 } },
          },
        },
      ],
      usage: { inputTokens: 7, outputTokens: 80, reasoningTokens: 67 },
    },
    {
      name: 'quirk 9.08: of thinking are among the details of a response',
      dialect: 'openai-responses',
      events: [
        responses.completed([], {
          usage: { input_tokens: 7, output_tokens: 80, output_tokens_details: { reasoning_tokens: 67 } },
        }),
      ],
      usage: { inputTokens: 7, outputTokens: 80, reasoningTokens: 67 },
    },
    {
      name: 'quirk 9.09: of a stream that is cut before any came are unknown, not zero',
      dialect: 'openai-responses',
      events: [responses.CREATED, ...responses.begun(), responses.textDelta('Hi')],
      usage: {},
    },
    { name: 'quirk 9.09: of an empty stream are unknown, not zero', dialect: 'openai-chat', events: [], usage: {} },
    {
      name: 'quirk 9.10: of a message that is sent again under its id are counted once',
      dialect: 'anthropic-messages',
      events: [
        anthropic.START,
        ...anthropic.said(0, 'Hi'),
        anthropic.START,
        ...anthropic.said(0, 'Hi'),
        anthropic.stop('end_turn'),
        anthropic.END,
      ],
      usage: { inputTokens: 25, outputTokens: 40 },
    },
  ]
  it.each(rows)('$name', async ({ dialect, events, usage }) => {
    expect(await usageOf(dialect, events)).toEqual(usage)
  })

  it('quirk 9.03: that came before the turn was aborted are kept, and none is made up', async () => {
    const aborted = async (...events: readonly JsonObject[]): Promise<Usage> => {
      const controller = new AbortController()
      const turn = assemble(abortedAfter(events, controller), {
        dialect: 'anthropic-messages',
        signal: controller.signal,
      })
      const message = await turn.message()
      expect(message.outcome.kind).toBe('aborted')
      return message.usage
    }
    expect(await aborted(anthropic.START, counted({ output_tokens: 3 }))).toEqual({ inputTokens: 25, outputTokens: 3 })
    expect(await aborted(anthropic.START)).toEqual({ inputTokens: 25 })
    expect(await aborted(anthropic.start({ usage: {} }))).toEqual({})
  })
})
