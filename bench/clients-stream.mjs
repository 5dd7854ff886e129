/** What each of the hundred clients asks, and the stream that answers it: each chunk says when it was sent. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

export const CHUNKS = 60

export const questionOf = (client, round) => `question ${client} of round ${round}: ${'word '.repeat(client % 17)}`

/** A chunk of the answer; `at` is when it is sent, in milliseconds since the epoch. */
export function chunkOf(question, number, at) {
  const event = (type, fields) => `event: ${type}\ndata: ${JSON.stringify({ type, ...fields, at })}\n\n`
  const usage = { input_tokens: 1, output_tokens: 1 }
  const about = { id: `msg_${question.length}`, type: 'message', role: 'assistant', model: 'm', content: [] }
  switch (CHUNKS - number) {
    case CHUNKS:
      return event('message_start', { message: { ...about, stop_reason: null, usage } })
    case CHUNKS - 1:
      return event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } })
    case 3:
      return event('content_block_stop', { index: 0 })
    case 2:
      return event('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 9 } })
    case 1:
      return event('message_stop', {})
    default:
      return event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: `${question} ${number} ` } })
  }
}

/** The whole answer, as if all of it had been sent at 0. */
export const bodyOf = (question) => Array.from({ length: CHUNKS }, (_, number) => chunkOf(question, number, 0)).join('')

/** What came, as if it had been sent at 0. */
export const timeless = (bytes) => bytes.toString('latin1').replaceAll(/"at":[\d.]+/g, '"at":0')

/** When a chunk was sent, as it says itself. */
export function stampOf(chunk) {
  const stamp = /"at":([\d.]+)/.exec(chunk.toString('latin1'))?.[1]
  return stamp === undefined ? undefined : Number(stamp)
}

/** `onefold/node` of the build in the folder `dist`. */
export function loadNode(dist) {
  // oxlint-disable-next-line import/no-dynamic-require -- which build is measured is an option
  return import(pathToFileURL(join(dist, 'node/index.js')).href)
}
