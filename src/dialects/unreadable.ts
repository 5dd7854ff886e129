/** The errors of streams that no dialect can read: each says what was seen, and what to do. */
import type { JsonValue } from '../json.ts'
import type { OutcomeError } from '../message.ts'
import { DEFINITIONS, DIALECT_NAMES } from './definitions.ts'
import type { DialectDefinition, ProviderEvent } from './dialect.ts'

/** A dialect that the caller did not name, of which the event decisively is. */
export function otherDialect(event: ProviderEvent, named: DialectDefinition | undefined): string | undefined {
  for (const other of DEFINITIONS.values()) if (other !== named && other.looksLike(event) === 'yes') return other.name
  return undefined
}

export function mistaken(named: string, other: string): OutcomeError {
  const message = `the events are of the dialect ${other}, and the option dialect says ${named}; leave it out, or name the right one`
  return { class: 'unknown_dialect', retryable: false, message }
}

export function unreadable(count: number): OutcomeError {
  return { class: 'malformed', retryable: false, message: `none of the first ${count} events could be read` }
}

export function damaged(message: string): OutcomeError {
  return { class: 'malformed', retryable: true, message }
}

export function notAStream(text: string): OutcomeError {
  const body = text.slice(0, 4096)
  // Such is `textStream` of the AI SDK, of which nothing tells the end from a cut.
  const message = 'the body is neither an event stream nor JSON; of a stream that gives only its text, give the events'
  return { class: 'malformed', retryable: false, message: `${message} (of the AI SDK, fullStream)`, body }
}

/** `body` is the first event, if it can be kept. */
export function unknownDialect(body: JsonValue | undefined): OutcomeError {
  const known = DIALECT_NAMES.join(', ')
  return {
    class: 'unknown_dialect',
    retryable: false,
    message: `no event shows which wire format this is; name it with the option dialect (${known})`,
    ...(body === undefined ? {} : { body }),
  }
}
