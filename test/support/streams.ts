/** Small streams of each dialect in pieces that a test can cut, and an opener that plays one after the other. */
import type { JsonObject } from '../../src/json.ts'
import type { FaultDialect } from '../../src/recording/faults/fault-dialect.ts'
import type { Attempt, Source } from '../../src/source.ts'

/** One event as text of an event stream. */
export function sse(event: JsonObject | '[DONE]', id?: string): string {
  const data = event === '[DONE]' ? event : JSON.stringify(event)
  return `${id === undefined ? '' : `id: ${id}\n`}data: ${data}\n\n`
}

/** How a stream ends: `stall` leaves the connection open. */
export type StreamEnd = 'eof' | 'reset' | 'stall'

export interface PlayedStream {
  readonly body: ReadableStream<Uint8Array>
  readonly seen: { cancelled: boolean }
}

export function streamOf(pieces: readonly string[], end: StreamEnd = 'eof'): PlayedStream {
  const seen = { cancelled: false }
  const rest = pieces.map((piece) => new TextEncoder().encode(piece))
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const next = rest.shift()
      if (next !== undefined) controller.enqueue(next)
      else if (end === 'eof') controller.close()
      else if (end === 'reset') controller.error(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }))
      else return new Promise<void>(() => undefined)
      return undefined
    },
    cancel() {
      seen.cancelled = true
    },
  })
  return { body, seen }
}

/** A source that plays one answer after the other, and what it was asked for. */
export function opener(...answers: readonly ((attempt: Attempt) => Source | Promise<Source>)[]) {
  const attempts: Attempt[] = []
  const open = (attempt: Attempt): Source | Promise<Source> => {
    attempts.push(attempt)
    const answer = answers[attempt.number - 1]
    if (answer === undefined) throw new Error(`nobody expected attempt ${attempt.number}`)
    return answer(attempt)
  }
  return { open, attempts }
}

/** A short text in one dialect, event by event. `id` is the message's. */
export interface ShortStream {
  readonly dialect: FaultDialect
  events(id: string, words: readonly string[]): readonly (JsonObject | '[DONE]')[]
  /** An event that says that the provider is overloaded. */
  readonly overloaded: JsonObject
}

const anthropic: ShortStream = {
  dialect: 'anthropic-messages',
  events: (id, words) => [
    {
      type: 'message_start',
      message: { id, type: 'message', role: 'assistant', model: 'm', content: [], usage: { input_tokens: 5 } },
    },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    ...words.map((text) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 3 } },
    { type: 'message_stop' },
  ],
  overloaded: { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
}

const chat: ShortStream = {
  dialect: 'openai-chat',
  events(id, words) {
    const chunk = (delta: JsonObject, finish: string | null = null): JsonObject => ({
      id,
      object: 'chat.completion.chunk',
      model: 'm',
      choices: [{ index: 0, delta, finish_reason: finish }],
    })
    return [
      chunk({ role: 'assistant', content: '' }),
      ...words.map((content) => chunk({ content })),
      chunk({}, 'stop'),
      { id, object: 'chat.completion.chunk', choices: [], usage: { prompt_tokens: 5, completion_tokens: 3 } },
      '[DONE]',
    ]
  },
  overloaded: { error: { type: 'server_overloaded', message: 'Overloaded' } },
}

const responses: ShortStream = {
  dialect: 'openai-responses',
  events(id, words) {
    const text = words.join('')
    const item = { id: 'item_1', type: 'message', role: 'assistant' }
    const place = { item_id: 'item_1', output_index: 0, content_index: 0 }
    const part = { type: 'output_text', text, annotations: [] }
    const events: JsonObject[] = [
      { type: 'response.created', response: { id, object: 'response', model: 'm', status: 'in_progress', output: [] } },
      {
        type: 'response.output_item.added',
        output_index: 0,
        item: { ...item, status: 'in_progress', content: [] },
      },
      { type: 'response.content_part.added', ...place, part: { ...part, text: '' } },
      ...words.map((delta) => ({ type: 'response.output_text.delta', ...place, delta })),
      { type: 'response.output_text.done', ...place, text },
      { type: 'response.content_part.done', ...place, part },
      {
        type: 'response.output_item.done',
        output_index: 0,
        item: { ...item, status: 'completed', content: [part] },
      },
      {
        type: 'response.completed',
        response: {
          id,
          object: 'response',
          model: 'm',
          status: 'completed',
          output: [{ ...item, status: 'completed', content: [part] }],
          usage: { input_tokens: 5, output_tokens: 3, total_tokens: 8 },
        },
      },
    ]
    return events.map((event, sequence_number) => ({ ...event, sequence_number }))
  },
  overloaded: { type: 'error', code: 'server_is_overloaded', message: 'Overloaded' },
}

export const SHORT_STREAMS: readonly ShortStream[] = [anthropic, chat, responses]
