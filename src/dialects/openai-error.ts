/** An error in OpenAI's form, where the provider's own words are not in it. */
import type { JsonObject } from '../json.ts'
import type { ErrorClass, OutcomeError } from '../message.ts'

/** The type never says less than the code: many clients read but one of them. */
const WORDS: Readonly<Record<ErrorClass, { readonly type: string; readonly code: string | null }>> = {
  rate_limit: { type: 'rate_limit_error', code: 'rate_limit_exceeded' },
  overloaded: { type: 'server_error', code: 'server_is_overloaded' },
  context_overflow: { type: 'context_length_exceeded', code: 'context_length_exceeded' },
  auth: { type: 'authentication_error', code: 'invalid_api_key' },
  invalid_request: { type: 'invalid_request_error', code: null },
  content_policy: { type: 'content_policy_violation', code: 'content_policy_violation' },
  network: { type: 'server_error', code: null },
  malformed: { type: 'server_error', code: null },
  limit: { type: 'server_error', code: null },
  regenerated_after_tool_call: { type: 'server_error', code: null },
  unknown_dialect: { type: 'server_error', code: null },
  unknown: { type: 'server_error', code: null },
}

export function openaiErrorOf({ class: errorClass, message }: OutcomeError): JsonObject {
  const { type, code } = WORDS[errorClass]
  return { message, type, param: null, code }
}

/** The word for an error where the form has but one. */
export function openaiCodeOf({ class: errorClass }: OutcomeError): string {
  const { type, code } = WORDS[errorClass]
  return code ?? type
}
