/** Which dialect a stream is found to be of, by its first decisive event, where the caller does not name one. */
import { describe, expect, it } from 'vitest'
import { fold } from '../../src/index.ts'
import type { JsonObject, JsonValue } from '../../src/json.ts'
import type { Dialect } from '../../src/message.ts'
import { chunk, envelope } from './openai-chat-chunks.ts'
import { completed, CREATED, messageItem, response, textDelta } from './openai-responses-events.ts'

function sse(...events: readonly JsonValue[]): string {
  return events.map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join('')
}

function named(name: string, data: JsonObject): string {
  return `event: ${name}\n${sse(data)}`
}

async function* source(body: string) {
  yield body
}

const MESSAGE = { id: 'msg_1', type: 'message', role: 'assistant', model: 'model-1', content: [], stop_reason: null }
const START = { type: 'message_start', message: MESSAGE }
const PING = { type: 'ping' }
const CHUNK = chunk({ content: 'Hi' })
const OVERLOADED = { type: 'overloaded_error', message: 'Overloaded' }
const PRELUDE = { id: '', object: '', created: 0, model: '', choices: [], prompt_filter_results: [{ prompt_index: 0 }] }
const BLOCK_DELTA = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi' } }
const COMPLETION = { index: 0, text: 'Hi', finish_reason: 'stop' }
const CHOICE = { index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }
const WHOLE_MESSAGE = { ...MESSAGE, content: [{ type: 'text', text: 'Hi' }], stop_reason: 'end_turn' }
const WHOLE_CHAT = envelope({ object: 'chat.completion', choices: [CHOICE] })
const GEMINI = { candidates: [{ content: { role: 'model', parts: [{ text: 'Hi' }] }, finishReason: 'STOP' }] }
const INTERACTION = { id: 'v1_1', object: 'interaction', status: 'completed', steps: [] }
const WHOLE_RESPONSE = response('completed', { output: [messageItem('Hi')] })

describe('the dialect', () => {
  const rows: readonly { readonly name: string; readonly body: string; readonly dialect: Dialect }[] = [
    { name: 'is Anthropic by message_start', body: sse(START), dialect: 'anthropic-messages' },
    {
      name: 'is Anthropic by a delta, if the beginning is lost',
      body: sse(BLOCK_DELTA),
      dialect: 'anthropic-messages',
    },
    {
      name: 'is Anthropic by the name of an event whose data has no type',
      body: named('message_start', { message: MESSAGE }),
      dialect: 'anthropic-messages',
    },
    { name: 'is Anthropic by what comes after a ping', body: sse(PING, START), dialect: 'anthropic-messages' },
    {
      name: 'is Anthropic by what comes after more pings than are held back',
      body: sse(...Array.from({ length: 20 }, () => PING), START),
      dialect: 'anthropic-messages',
    },
    { name: 'is chat by a chunk', body: sse(CHUNK), dialect: 'openai-chat' },
    { name: 'quirk 3.01: is chat by a prelude without choices', body: sse(PRELUDE, CHUNK), dialect: 'openai-chat' },
    { name: 'quirk 3.01: is chat by a prelude and nothing else', body: sse(PRELUDE), dialect: 'openai-chat' },
    {
      name: 'quirk 3.01: is chat by the object of a chunk that has no choices at all',
      body: sse({ id: 'chatcmpl_1', object: 'chat.completion.chunk' }),
      dialect: 'openai-chat',
    },
    {
      name: 'is chat by choices alone',
      body: sse({ choices: [{ delta: { content: 'Hi' } }] }),
      dialect: 'openai-chat',
    },
    {
      name: 'is chat for the older completions',
      body: sse(envelope({ object: 'text_completion', choices: [COMPLETION] })),
      dialect: 'openai-chat',
    },
    { name: 'is chat by what comes after a ping', body: sse(PING, CHUNK), dialect: 'openai-chat' },
    { name: 'is Responses by response.created', body: sse(CREATED), dialect: 'openai-responses' },
    { name: 'quirk 4.09: is Responses by a delta', body: sse(textDelta('Hi')), dialect: 'openai-responses' },
    { name: 'quirk 4.02: is Responses by its last event', body: sse(completed()), dialect: 'openai-responses' },
    {
      name: 'is Responses by the name of an event whose data has no type',
      body: named('response.created', { response: response('in_progress') }),
      dialect: 'openai-responses',
    },
    {
      name: 'quirk 4.13: is Responses by what comes after a keepalive',
      body: sse({ type: 'keepalive' }, CREATED),
      dialect: 'openai-responses',
    },
    {
      name: 'quirk 4.13: is Responses by what comes after more keepalives than are held back',
      body: sse(...Array.from({ length: 20 }, () => ({ type: 'keepalive' })), CREATED),
      dialect: 'openai-responses',
    },
    { name: 'is Responses by what comes after a ping', body: sse(PING, CREATED), dialect: 'openai-responses' },
    { name: 'is Anthropic for a whole message', body: JSON.stringify(WHOLE_MESSAGE), dialect: 'anthropic-messages' },
    { name: 'is chat for a whole completion', body: JSON.stringify(WHOLE_CHAT), dialect: 'openai-chat' },
    {
      name: 'is chat for a whole completion that does not say what it is',
      body: JSON.stringify({ choices: [CHOICE] }),
      dialect: 'openai-chat',
    },
    { name: 'is Responses for a whole response', body: JSON.stringify(WHOLE_RESPONSE), dialect: 'openai-responses' },
    { name: 'is chat for a whole completion in an event', body: sse(WHOLE_CHAT), dialect: 'openai-chat' },
    { name: 'is Gemini by candidates', body: sse(GEMINI), dialect: 'gemini' },
    { name: 'is Gemini for a whole answer', body: JSON.stringify(GEMINI, undefined, 2), dialect: 'gemini' },
    { name: 'is Gemini for a list of chunks', body: JSON.stringify([GEMINI, GEMINI], undefined, 2), dialect: 'gemini' },
    { name: 'is Gemini for what Code Assist wraps', body: sse({ response: GEMINI, traceId: 't' }), dialect: 'gemini' },
    {
      name: 'is Gemini by a blocked prompt alone',
      body: sse({ promptFeedback: { blockReason: 'SAFETY' } }),
      dialect: 'gemini',
    },
    {
      name: 'is Interactions by its first event',
      body: sse({ event_type: 'interaction.created', interaction: INTERACTION }),
      dialect: 'gemini-interactions',
    },
    {
      name: 'is Interactions by a step, named by the event alone',
      body: named('step.start', { index: 0, step: { type: 'thought' } }),
      dialect: 'gemini-interactions',
    },
    { name: 'is Interactions for a whole answer', body: JSON.stringify(INTERACTION), dialect: 'gemini-interactions' },
    { name: 'is Responses for a whole response in an event', body: sse(WHOLE_RESPONSE), dialect: 'openai-responses' },
  ]
  it.each(rows)('$name', async ({ body, dialect }) => {
    expect((await fold(source(body))).dialect).toBe(dialect)
  })

  const wholes = [
    { name: 'I5: of a whole message is found with its end', whole: WHOLE_MESSAGE },
    { name: 'I5: of a whole completion is found with its end', whole: WHOLE_CHAT },
    { name: 'I5: of a whole response is found with its end', whole: WHOLE_RESPONSE },
  ]
  it.each(wholes)('$name', async ({ whole }) => {
    const message = await fold(source(JSON.stringify(whole)))
    expect(message).toMatchObject({ outcome: { kind: 'complete' }, content: [{ type: 'text', text: 'Hi' }] })
    expect(message.stop.reason).toBe('end_turn')
  })
})

describe('an error before anything else', () => {
  const error = { class: 'overloaded', retryable: true, message: 'Overloaded' }
  const rows: readonly { readonly name: string; readonly body: string; readonly dialect: Dialect | 'unknown' }[] = [
    {
      name: 'I5: is the outcome of Anthropic if that follows',
      body: sse({ type: 'error', error: OVERLOADED }, START),
      dialect: 'anthropic-messages',
    },
    {
      name: 'I5: is the outcome of chat if that follows',
      body: sse({ error: OVERLOADED }, CHUNK),
      dialect: 'openai-chat',
    },
    {
      name: 'quirk 3.02: is the outcome of chat if it is in a chunk',
      body: sse({ choices: [], error: OVERLOADED }),
      dialect: 'openai-chat',
    },
    {
      name: 'quirk 4.12: is the outcome of Responses if its failure follows',
      body: sse(
        { type: 'error', code: 'overloaded', message: 'Overloaded' },
        {
          type: 'response.failed',
          response: response('failed', { error: { code: 'overloaded', message: 'Overloaded' } }),
        },
      ),
      dialect: 'openai-responses',
    },
    {
      name: 'quirk 4.12: is the outcome of Responses if it is a failed response',
      body: sse({
        type: 'response.failed',
        response: response('failed', { error: { code: 'overloaded', message: 'Overloaded' } }),
      }),
      dialect: 'openai-responses',
    },
    {
      name: 'I5: is the outcome of nothing if only the mark follows',
      body: sse({ error: OVERLOADED }, '[DONE]'),
      dialect: 'unknown',
    },
    { name: 'I5: is the outcome of nothing if it is all', body: sse({ error: OVERLOADED }), dialect: 'unknown' },
    {
      name: 'I5: is the outcome of nothing in a whole body',
      body: JSON.stringify({ error: OVERLOADED }),
      dialect: 'unknown',
    },
  ]
  it.each(rows)('$name', async ({ body, dialect }) => {
    const message = await fold(source(body))
    expect(message.dialect).toBe(dialect)
    expect(message.outcome).toMatchObject({ kind: 'failed', error })
  })

  it('quirk 4.12: is the outcome of nothing if it stands in the event itself', async () => {
    const message = await fold(source(sse({ type: 'error', code: 'overloaded', message: 'Overloaded' })))
    expect(message.outcome).toMatchObject({ kind: 'failed', error })
  })
})

describe('a stream of no dialect', () => {
  const palm = { predictions: [{ content: 'Hi' }], metadata: { tokenMetadata: {} } }
  const rows: readonly { readonly name: string; readonly body: string }[] = [
    { name: 'I5: is unknown for PaLM', body: sse(palm, palm) },
    { name: 'I5: is unknown for PaLM in one body', body: JSON.stringify(palm) },
    {
      name: 'I5: is unknown for more of PaLM than is held back',
      body: sse(...Array.from({ length: 20 }, () => palm)),
    },
    { name: 'I5: is unknown if there is only the mark', body: sse('[DONE]') },
    { name: 'I5: is unknown for an empty object', body: sse({}) },
    { name: 'I5: is unknown for a model list', body: JSON.stringify({ object: 'list', data: [] }) },
  ]
  it.each(rows)('$name', async ({ body }) => {
    const message = await fold(source(body))
    expect(message.dialect).toBe('unknown')
    expect(message.outcome).toMatchObject({ kind: 'failed', error: { class: 'unknown_dialect', retryable: false } })
    expect(message.content).toEqual([])
  })

  it('I5: is unknown and failed if there are only pings', async () => {
    const message = await fold(source(sse(PING, PING, { type: 'keepalive' })))
    expect(message.dialect).toBe('unknown')
    expect(message.outcome.kind).not.toBe('complete')
  })
})
