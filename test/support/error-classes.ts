/** The classes of `outcome.error`: what each means, and streams that end with it. */
import { fold, type AssembleOptions } from '../../src/index.ts'
import type { ErrorClass, OutcomeError } from '../../src/message.ts'

interface Example {
  readonly body: string
  /** Of the HTTP response, where it was an error itself. */
  readonly status?: number
  readonly options?: AssembleOptions
}
interface ErrorRow {
  readonly meaning: string
  readonly examples: readonly [Example, ...Example[]]
  /** Said in place of yes or no, where some of the examples may be tried again and some may not. */
  readonly mixed?: string
}

const sse = (...events: readonly object[]): string =>
  events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')
const START = { type: 'message_start', message: { id: 'msg_1', content: [], usage: {} } }
const reported = (type: string): Example => ({ body: sse(START, { type: 'error', error: { type, message: 'no' } }) })
const refused = (status: number): Example => ({ status, body: '{"error":{"message":"no"}}' })
const calling = (name: string): object[] => [
  START,
  { type: 'content_block_start', index: 0, content_block: { type: 'tool_use', id: 'toolu_1', name, input: {} } },
  { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '{}' } },
  { type: 'content_block_stop', index: 0 },
]

export const ERROR_CLASSES: Readonly<Record<ErrorClass, ErrorRow>> = {
  rate_limit: {
    meaning: 'too many requests or tokens (429)',
    examples: [refused(429), reported('rate_limit_error')],
  },
  overloaded: {
    meaning: 'the provider has no capacity now, or something took too long (408, 409, 425, 503, 529)',
    examples: [
      refused(408),
      refused(409),
      refused(503),
      refused(529),
      reported('overloaded_error'),
      reported('timeout_error'),
    ],
  },
  context_overflow: {
    meaning: "the request is longer than the model's context, or too large (413)",
    examples: [refused(413), reported('context_length_exceeded'), reported('request_too_large')],
  },
  auth: {
    meaning: 'the key is missing, wrong, without permission or without credit, or the quota is used up (401, 402, 403)',
    examples: [
      refused(401),
      refused(402),
      refused(403),
      reported('authentication_error'),
      reported('billing_error'),
      reported('insufficient_quota'),
    ],
  },
  invalid_request: {
    meaning: 'the provider refuses the request as it is (any other 4xx)',
    examples: [refused(400), refused(404), refused(422), reported('invalid_request_error')],
  },
  content_policy: { meaning: 'the provider refuses the content', examples: [reported('content_policy_violation')] },
  network: {
    meaning: 'the connection or the stream ended early',
    examples: [{ body: sse(START) }, reported('network_error')],
  },
  malformed: {
    meaning: 'what came is no event stream and no JSON answer, or nothing came',
    examples: [{ body: '<html></html>' }, { body: '' }],
    mixed: 'only if nothing came',
  },
  limit: {
    meaning: 'the stream exceeds one of the `limits`',
    examples: [{ body: sse(START, ...calling('f')), options: { limits: { eventLength: 64 } } }],
  },
  regenerated_after_tool_call: {
    meaning: 'the message began anew with other content, after a call of it was handed out',
    examples: [{ body: sse(...calling('f'), ...calling('g')), options: { toolCalls: 'early' } }],
  },
  unknown_dialect: {
    meaning: 'no dialect was named, and none was recognised',
    examples: [{ body: sse({ hello: 'world' }) }],
  },
  unknown: {
    meaning: 'anything else',
    examples: [refused(500), reported('api_error'), reported('novel')],
    mixed: 'see below',
  },
}

export async function errorOf({ body, status = 200, options }: Example): Promise<OutcomeError | undefined> {
  const { outcome } = await fold(new Response(body, { status }), options)
  return 'error' in outcome ? outcome.error : undefined
}

/** Whether the errors of a row may be tried again. */
export function retryableOf({ mixed }: ErrorRow, errors: readonly OutcomeError[]): string {
  const all = new Set(errors.map(({ retryable }) => retryable))
  if (all.size > 1) return mixed ?? 'some'
  return all.has(true) ? 'yes' : 'no'
}
