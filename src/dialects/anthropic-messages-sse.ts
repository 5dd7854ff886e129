/** A message of the dialect `anthropic-messages` as the event stream that the API would have sent. */
import { copyFields, isObject, type JsonObject } from '../json.ts'
import type { AssistantMessage, ContentBlock, ErrorClass, OutcomeError } from '../message.ts'
import { blockToNative, messageToNative } from './anthropic-messages.ts'
import { hasBegun } from './begun.ts'
import { reportsError } from './error.ts'
import { piecesOf, sseEvent } from './sse-text.ts'

/** What the last events of a real stream do not count again. */
const START_USAGE: ReadonlySet<string> = new Set(['service_tier', 'inference_geo', 'cache_creation'])
const END_USAGE: ReadonlySet<string> = new Set(['output_tokens', 'output_tokens_details'])

/** The events, each with its blank line. Of a message that is not complete none says that it ended. */
export function anthropicEvents(message: AssistantMessage): readonly string[] {
  const { outcome } = message
  return [
    ...(hasBegun(message) ? [startOf(message), ...blocksOf(message), ...deltaOf(message)] : []),
    ...(outcome.kind === 'complete' ? [event({ type: 'message_stop' })] : []),
    ...(outcome.kind === 'failed' ? [event(errorEvent(outcome.error))] : []),
  ]
}

function event(payload: JsonObject & { type: string }): string {
  return sseEvent(payload.type, payload)
}

function startOf(message: AssistantMessage): string {
  const usage = { ...copyFields(message.rawUsage ?? {}, END_USAGE), output_tokens: 0 }
  return event({
    type: 'message_start',
    message: { ...messageToNative(message), content: [], stop_reason: null, stop_sequence: null, usage },
  })
}

function blocksOf(message: AssistantMessage): readonly string[] {
  const last = message.content.length - 1
  return message.content.flatMap((block, index) => [
    event({ type: 'content_block_start', index, content_block: openedBlock(block) }),
    ...deltasOf(block).map((delta) => event({ type: 'content_block_delta', index, delta })),
    ...(isClosed(message, block, index === last) ? [event({ type: 'content_block_stop', index })] : []),
  ])
}

/** Where the stream broke off, what was being said stays open. */
function isClosed({ outcome, stop }: AssistantMessage, block: ContentBlock, isLast: boolean): boolean {
  if (outcome.kind === 'complete' || stop.raw !== null) return true
  return block.type === 'tool_call' ? block.state !== 'partial' : !isLast
}

/** A block as it stands before its deltas. */
function openedBlock(block: ContentBlock): JsonObject {
  const whole = blockToNative(block)
  switch (block.type) {
    case 'text':
      return { ...whole, text: '', ...(block.citations === undefined ? {} : { citations: [] }) }
    case 'refusal':
      return { ...whole, text: '' }
    case 'thinking':
      if (block.redacted) return whole
      return { ...whole, thinking: '', ...(whole.signature === undefined ? {} : { signature: '' }) }
    case 'tool_call':
      return { ...whole, input: {} }
    case 'other':
      return { ...whole, ...(block.text === undefined ? {} : { text: '' }) }
    case 'tool_result':
    case 'media':
      return whole
    default: {
      const never: never = block
      return never
    }
  }
}

function deltasOf(block: ContentBlock): readonly JsonObject[] {
  switch (block.type) {
    case 'text':
    case 'refusal':
    case 'other': {
      const citations = block.type === 'refusal' ? [] : (block.citations ?? [])
      return [
        ...piecesOf(block.text ?? '').map((text) => ({ type: 'text_delta', text })),
        ...citations.map((citation) => ({ type: 'citations_delta', ...copyFields({ citation }) })),
      ]
    }
    case 'thinking': {
      if (block.redacted) return []
      const { signature } = block
      return [
        ...piecesOf(block.text).map((thinking) => ({ type: 'thinking_delta', thinking })),
        ...(signature === undefined ? [] : [{ type: 'signature_delta', signature }]),
      ]
    }
    case 'tool_call':
      return piecesOf(block.arguments).map((piece) => ({ type: 'input_json_delta', partial_json: piece }))
    case 'tool_result':
    case 'media':
      return []
    default: {
      const never: never = block
      return never
    }
  }
}

/** The stop reason and the last counts. The SDKs take some fields of the message from here only. */
function deltaOf({ stop, outcome, rawUsage = {}, wire }: AssistantMessage): readonly string[] {
  if (outcome.kind !== 'complete' && stop.raw === null && rawUsage.output_tokens === undefined) return []
  const { stop_details: details, container, context_management: management } = copyFields(wire)
  return [
    event({
      type: 'message_delta',
      delta: {
        stop_reason: stop.raw,
        stop_sequence: stop.sequence,
        ...(details === undefined ? {} : { stop_details: details }),
        ...(container === undefined ? {} : { container }),
      },
      usage: copyFields(rawUsage, START_USAGE),
      ...(management === undefined ? {} : { context_management: management }),
    }),
  ]
}

const ERROR_TYPES: Readonly<Record<ErrorClass, string>> = {
  rate_limit: 'rate_limit_error',
  overloaded: 'overloaded_error',
  context_overflow: 'request_too_large',
  auth: 'authentication_error',
  invalid_request: 'invalid_request_error',
  content_policy: 'invalid_request_error',
  network: 'api_error',
  malformed: 'api_error',
  limit: 'api_error',
  regenerated_after_tool_call: 'api_error',
  unknown_dialect: 'api_error',
  unknown: 'api_error',
}

/** The provider's own words, where they are an error in this form; else the same in its form. */
export function errorEvent(error: OutcomeError): JsonObject & { type: string } {
  const { body, message, requestId } = error
  if (isObject(body) && body.type === 'error' && reportsError({ payload: body }))
    return { ...copyFields(body), type: 'error' }
  return {
    type: 'error',
    error: { type: ERROR_TYPES[error.class], message },
    ...(requestId === undefined ? {} : { request_id: requestId }),
  }
}
