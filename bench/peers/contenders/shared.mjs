/** What all drivers share: a `fetch` that answers with the chunks of a workload, and the tool that is called. */
import { streamOf } from '../../floors.mjs'

export const PROMPT = 'hi'
export const TOOL = 'write_file'
export const ANY_OBJECT = { type: 'object', properties: {}, additionalProperties: true }

export function answerWith({ chunks }) {
  return async () => new Response(streamOf(chunks), { headers: { 'content-type': 'text/event-stream' } })
}
