/** How a response ends: by its status, or by an event that reports an error. */
import { copyFields, isObject, type JsonObject } from '../json.ts'
import type { StopReason } from '../message.ts'
import type { Operation } from '../operation.ts'
import { readError } from './error.ts'

/** Why a response stopped, by its reason or else its status. */
const STOP_REASONS: ReadonlyMap<string, StopReason> = new Map([
  ['completed', 'end_turn'],
  ['max_output_tokens', 'max_tokens'],
  ['max_tokens', 'max_tokens'],
  ['content_filter', 'content_filter'],
  // The provider's own tools were used often enough; what the client is to do is whole.
  ['max_tool_calls', 'unknown'],
  // Nobody says why, but not all of it is there.
  ['incomplete', 'error'],
])

/** What the last event says of the end of the response, whose status it gives. */
export function endingOf(status: string, event: JsonObject, response: JsonObject): readonly Operation[] {
  switch (status) {
    case 'queued':
    case 'in_progress':
      // A background response that was asked for before it was done.
      return []
    case 'failed':
    case 'cancelled': {
      const error = response.error ?? event.error
      const body = isObject(error)
        ? { error }
        : { message: `the response was ${status === 'failed' ? 'not completed: it failed' : status}` }
      return [{ op: 'fail', choice: 'all', error: readError(copyFields(body)) }]
    }
    default: {
      const details = isObject(response.incomplete_details) ? response.incomplete_details : {}
      const raw = typeof details.reason === 'string' && details.reason !== '' ? details.reason : status
      const reason = STOP_REASONS.get(raw) ?? STOP_REASONS.get(status) ?? 'unknown'
      return [
        { op: 'stop', choice: 0, reason, raw },
        { op: 'terminal', choice: 'all', strength: 'hard' },
      ]
    }
  }
}

/** An error event that says nothing is as a rule followed by `response.failed`, which does. */
export function errorOf(event: JsonObject): Operation {
  const inner = isObject(event.error) ? event.error : event
  const isVague = !inner.message && !inner.code && typeof event.error !== 'string'
  return { op: 'fail', choice: 'all', error: readError(event), ...(isVague ? { strength: 'soft' } : {}) }
}
