/** I10: what is held does not exceed the limits, whatever is sent. */
import { array, assert, constantFrom, integer, property, record, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Fold } from '../../src/fold.ts'
import type { JsonObject } from '../../src/json.ts'
import type { AssistantMessage } from '../../src/message.ts'
import type { FaultDialect } from '../../src/recording/faults/fault-dialect.ts'
import { runs } from '../support/operations.ts'
import { times } from '../support/patience.ts'

/** Shapes of a stream that could go on without end, with a text of any length; `at` counts. */
type Shapes = Readonly<Record<string, (text: string, at: number) => readonly JsonObject[]>>

const START = { type: 'message_start', message: { id: 'msg_1', role: 'assistant', content: [] } }
const opened = (index: number, more: JsonObject = {}): JsonObject => ({
  type: 'content_block_start',
  index,
  content_block: { type: 'text', text: '', ...more },
})
const delta = (own: JsonObject, index = 0): JsonObject => ({ type: 'content_block_delta', index, delta: own })

const ANTHROPIC: Shapes = {
  text: (text) => [delta({ type: 'text_delta', text })],
  'thinking in the place of text': (text) => [delta({ type: 'thinking_delta', thinking: text })],
  'tool input': (text) => [delta({ type: 'input_json_delta', partial_json: text }, 5)],
  blocks: (text, at) => [opened(at + 9), delta({ type: 'text_delta', text }, at + 9)],
  citations: (text) => [delta({ type: 'citations_delta', citation: { cited_text: text } })],
  'message fields': (text, at) => [{ type: 'message_delta', delta: { [`field ${at}`]: text } }],
  'usage fields': (text, at) => [{ type: 'message_delta', delta: {}, usage: { [`field ${at}`]: text } }],
  'unknown events': (text, at) => [{ type: `hologram ${at}`, text }],
  'fields of message_start': (text, at) => [{ ...START, message: { ...START.message, [`field ${at}`]: text } }],
  'a text that is generated anew after most of it was the same': (text, at) => [
    START,
    opened(0),
    delta({ type: 'text_delta', text: `${text}${at}` }),
  ],
  'the start of a block, again and again': (text, at) => [opened(9, { [`field ${at}`]: text })],
  'other messages, one after the other': (text, at) => [
    { ...START, message: { ...START.message, id: `msg_${at}` } },
    opened(0),
    delta({ type: 'text_delta', text }),
  ],
}

const chunk = (own: JsonObject, more: JsonObject = {}): JsonObject => ({
  id: 'chat_1',
  choices: [{ index: 0, delta: own, finish_reason: null, ...more }],
})
const called = (own: JsonObject): JsonObject => chunk({ tool_calls: [own] })

const CHAT: Shapes = {
  text: (content) => [chunk({ content })],
  reasoning: (reasoning) => [chunk({ reasoning })],
  refusal: (refusal) => [chunk({ refusal })],
  'tool input': (text) => [called({ index: 0, id: 'c', function: { name: 'f', arguments: text } })],
  'tool input without a name': (text) => [called({ index: 0, function: { arguments: text } })],
  'tool calls': (text, at) => [called({ index: at, id: `c${at}`, function: { name: 'f', arguments: text } })],
  'names that grow': (text, at) => [called({ index: 0, id: 'c', function: { name: `${at}${text}`, arguments: '' } })],
  'fields of a call': (text, at) => [called({ index: 0, id: 'c', [`field ${at}`]: text, function: { name: 'f' } })],
  function_call: (text) => [chunk({ function_call: { name: 'f', arguments: text } })],
  audio: (data) => [chunk({ audio: { data } })],
  annotations: (text) => [chunk({ annotations: [{ text }] })],
  logprobs: (token) => [chunk({}, { logprobs: { content: [{ token }] } })],
  'lists of the delta': (text) => [chunk({ steps: [text] })],
  'fields of the delta': (text, at) => [chunk({ [`field ${at}`]: text })],
  'fields of the choice': (text, at) => [chunk({}, { [`field ${at}`]: text })],
  'fields of the chunk': (text, at) => [{ ...chunk({}), [`field ${at}`]: text }],
  'usage fields': (text, at) => [{ choices: [], usage: { [`field ${at}`]: text } }],
  'content parts': (text) => [chunk({ content: [{ type: 'image', text: 1, data: text }] })],
  // The same text again and again would be a repeat, of which nothing is kept.
  'text after the finish': (text, at) => [
    chunk({ role: 'assistant' }, { finish_reason: 'stop' }),
    chunk({ content: `${at} ${text}` }),
  ],
  'lists after the finish': (text, at) => [
    chunk({}, { finish_reason: 'stop' }),
    chunk({ annotations: [{ text: `${at} ${text}` }] }),
  ],
  'foreign events': (text, at) => [{ type: `hologram ${at}`, text }],
  'choices of their own': (content, at) => [{ choices: [{ index: at, delta: { role: 'assistant', content } }] }],
}

const CREATED = { type: 'response.created', response: { id: 'resp_1', object: 'response', output: [] } }
const added = (output_index: number, item: JsonObject): JsonObject => ({
  type: 'response.output_item.added',
  output_index,
  item,
})
const part = { item_id: 'm', output_index: 0, content_index: 0 }

const RESPONSES: Shapes = {
  text: (text) => [{ type: 'response.output_text.delta', ...part, delta: text }],
  refusal: (text) => [{ type: 'response.refusal.delta', ...part, delta: text }],
  parts: (text, at) => [{ type: 'response.output_text.delta', ...part, content_index: at, delta: text }],
  reasoning: (text) => [{ type: 'response.reasoning_text.delta', output_index: 1, content_index: 0, delta: text }],
  summaries: (text, at) => [
    { type: 'response.reasoning_summary_text.delta', output_index: 1, summary_index: at, delta: text },
  ],
  'tool input': (text) => [{ type: 'response.function_call_arguments.delta', output_index: 2, delta: text }],
  'tool calls': (text, at) => [added(at, { type: 'function_call', call_id: `c${at}`, name: 'f', arguments: text })],
  'messages without parts': (text, at) => [added(at, { type: 'message', id: `${text}${at}` })],
  'fields of an item': (text, at) => [added(0, { type: 'message', id: 'm', [`field ${at}`]: text })],
  annotations: (text) => [{ type: 'response.output_text.annotation.added', ...part, annotation: { text } }],
  logprobs: (token) => [{ type: 'response.output_text.delta', ...part, delta: 'x', logprobs: [{ token }] }],
  audio: (text) => [{ type: 'response.audio.delta', delta: text }],
  'texts that replace each other': (text, at) => [
    { type: 'response.output_text.done', ...part, text: `${at} ${text}` },
  ],
  'summaries that replace each other': (text, at) => [
    { type: 'response.reasoning_summary_text.done', output_index: 1, summary_index: 0, text: `${at} ${text}` },
  ],
  'fields of the response': (text, at) => [
    { type: 'response.in_progress', response: { id: 'resp_1', [`field ${at}`]: text } },
  ],
  'status of items': (text, at) => [{ type: 'response.web_search_call.searching', item_id: `${text}${at}` }],
  'unknown events': (text, at) => [{ type: `response.hologram ${at}`, text }],
  'unknown items': (text, at) => [added(at, { type: `hologram ${at}`, text })],
  'a text that is generated anew': (text, at) => [
    CREATED,
    added(0, { type: 'message', id: 'm' }),
    { type: 'response.content_part.added', ...part, part: { type: 'output_text', text: '' } },
    { type: 'response.output_text.delta', ...part, delta: `${text}${at}` },
  ],
  'items that are generated anew': (text, at) => [CREATED, added(0, { type: at % 2 === 0 ? 'message' : 'x', text })],
  'other responses, one after the other': (text, at) => [
    { ...CREATED, response: { ...CREATED.response, id: `resp_${at}` } },
    { type: 'response.output_text.delta', ...part, delta: text },
  ],
  'numbered events with gaps': (text, at) => [
    { type: 'response.output_text.delta', ...part, delta: text, sequence_number: at * 3 },
  ],
}

const DIALECTS: readonly (readonly [FaultDialect, readonly JsonObject[], Shapes])[] = [
  ['anthropic-messages', [START, opened(0)], ANTHROPIC],
  ['openai-chat', [chunk({ role: 'assistant' })], CHAT],
  ['openai-responses', [CREATED], RESPONSES],
]

function lengthOf(message: AssistantMessage): number {
  return message.content
    .map((block) => (block.type === 'tool_call' ? block.arguments : 'text' in block ? (block.text ?? '') : '').length)
    .reduce((sum, length) => sum + length, 0)
}

describe.each(DIALECTS)('I10: no stream of %s is kept beyond the limit of a message', (dialect, start, shapes) => {
  const LENGTH = 10_000
  const long = 'x'.repeat(1000)

  it.each(Object.entries(shapes))('with %s', (_, shape) => {
    const fold = new Fold({ dialect, limits: { messageLength: LENGTH, choices: 4 } })
    for (const event of start) fold.receive(event)
    for (let at = 0; at < 300; at++) for (const event of shape(long, at)) fold.receive(event)
    fold.end({ kind: 'complete' })
    const all = JSON.stringify(fold.messages)
    expect(all.length).toBeLessThan(5 * LENGTH)
    expect(fold.messages[0]?.outcome).toMatchObject({ kind: 'failed', error: { class: 'limit' } })
  })

  const events = array(
    record({
      shape: constantFrom(...Object.values(shapes)),
      text: string({ maxLength: 60 }),
      at: integer({ min: 0, max: 3 }),
    }),
    { maxLength: 80 },
  ).map((all) => all.flatMap(({ shape, text, at }) => shape(text, at)))

  it('in whatever mixture they come: by the limit and one event, and what exceeds it is told', () => {
    assert(
      property(events, integer({ min: 50, max: 2000 }), (all, messageLength) => {
        const fold = new Fold({ dialect, limits: { messageLength } })
        for (const event of [...start, ...all]) fold.receive(event)
        fold.end({ kind: 'complete' })
        for (const message of fold.messages) {
          expect(lengthOf(message)).toBeLessThanOrEqual(messageLength + 80)
          const { outcome } = message
          if (outcome.kind === 'failed' && outcome.error.class === 'limit') {
            expect(outcome.error.retryable).toBe(false)
          } else expect(lengthOf(message)).toBeLessThanOrEqual(messageLength)
        }
      }),
      runs(60),
    )
  })

  it('in blocks, choices and anomalies by their numbers', () => {
    assert(
      property(events, integer({ min: 1, max: 4 }), (all, most) => {
        const fold = new Fold({ dialect, limits: { blocks: most, anomalies: most, choices: most } })
        for (const event of [...start, ...all]) fold.receive(event)
        fold.end({ kind: 'complete' })
        expect(fold.messages.length).toBeLessThanOrEqual(most)
        for (const message of fold.messages) {
          expect(message.content.length).toBeLessThanOrEqual(most)
          expect(message.anomalies.length).toBeLessThanOrEqual(most + 1)
        }
      }),
      runs(60),
    )
  })

  it('with messages that come after the end', () => {
    const fold = new Fold({ dialect })
    for (const event of start) fold.receive(event)
    const end: Readonly<Record<FaultDialect, unknown>> = {
      'anthropic-messages': { type: 'message_stop' },
      'openai-chat': '[DONE]',
      'openai-responses': { type: 'response.completed', response: {} },
    }
    fold.receive(end[dialect])
    expect(fold.isTerminal).toBe(true)
    for (const event of times(2000, (at) => Object.values(shapes).flatMap((shape) => shape(long, at))).flat()) {
      fold.receive(event)
    }
    fold.end({ kind: 'complete' })
    expect(JSON.stringify(fold.messages).length).toBeLessThan(2000)
    expect(fold.anomalies.length).toBeLessThanOrEqual(102)
  })
})
