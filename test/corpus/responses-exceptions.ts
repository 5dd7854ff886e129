/**
 * Where `toNative` differs from what `openai` builds from the same stream, and why the wire is on our side.
 *
 * - `sdk_loses_wire_data`: the last event holds the whole response, which replaces all that the SDK has; where its `output` is empty, the
 *   items that were streamed are gone.
 * - `sdk_throws`: the SDK gives no response at all: it knows an event's type only if it was there when the SDK was written, throws on an
 *   event that reports an error, and does not begin without `response.created`. `paths` are what differs once such events are left out.
 *   We end at an error event too; the `response.failed` behind it says the same once more, and is not read.
 *
 * Paths as `differences` writes them: `+` only ours, `-` only the SDK's, `~` both, not equal.
 */
import type { FidelityException } from './fidelity.ts'
import type { OpenAIVersion } from './openai-sdk.ts'

export type ResponsesException = FidelityException<'sdk_loses_wire_data' | 'sdk_throws', OpenAIVersion>

const emptied = (name: string, items: number): ResponsesException => ({
  file: `openai-responses/0xPlaygrounds-rig__chatgpt-codex-${name}.sse`,
  class: 'sdk_loses_wire_data',
  oracle: 'both',
  paths: Array.from({ length: items }, (_, at) => `+output.${at}`),
})

const throwing = (
  file: string,
  throws: string,
  oracle: ResponsesException['oracle'] = 'both',
  paths: readonly string[] = [],
): ResponsesException => ({
  file: `openai-responses/${file}`,
  class: 'sdk_throws',
  oracle,
  throws,
  paths,
})
const recorded = (name: string): string => `vercel-ai__openai-responses-${name}.1.ndjson`

const NEW_EVENT = 'Unhandled response stream event:'
const NEW_ID = 'Lifecycle response identity changed.'

/** Of the streams that the corpus has as they were sent. */
export const SSE_EXCEPTIONS: readonly ResponsesException[] = [
  // The backend of Codex sends `"output": []` at the end of every stream.
  emptied('behaviors-default-instructions-merge-with-explicit-preamble', 1),
  emptied('behaviors-explicit-preamble-and-mid-conversation-system-messages-are-instructions', 1),
  emptied('behaviors-strict-tools-opt-in-roundtrip', 1),
  emptied('sessions-long-history-replay-nonstreaming__1', 1),
  emptied('sessions-long-history-replay-nonstreaming__2', 1),
  emptied('sessions-parallel-tool-calls-single-turn-nonstreaming__1', 2),
  emptied('sessions-parallel-tool-calls-single-turn-nonstreaming__2', 1),
  emptied('sessions-reasoning-session-two-tool-calls-streaming__1', 3),
  emptied('sessions-reasoning-session-two-tool-calls-streaming__2', 1),
  emptied('sessions-sequential-tool-calls-nonstreaming__1', 1),
  emptied('sessions-sequential-tool-calls-nonstreaming__2', 1),
  emptied('sessions-sequential-tool-calls-nonstreaming__3', 1),
  // Copilot names another id in every event, that of the response included. Version 6 takes the last.
  throwing('0xPlaygrounds-rig__copilot-reasoning-roundtrip-streaming__1.sse', NEW_ID, 'openai 7'),
  throwing('0xPlaygrounds-rig__copilot-reasoning-roundtrip-streaming__2.sse', NEW_ID, 'openai 7'),
]

/** Of the streams that the corpus has as payloads only; the tests put the SSE framing back. */
export const PAYLOAD_EXCEPTIONS: readonly ResponsesException[] = [
  throwing(
    recorded('openai-apply-patch-tool'),
    `${NEW_EVENT} response.apply_patch_call_operation_diff.delta`,
    'openai 6',
  ),
  throwing(recorded('openai-apply-patch-tool'), `${NEW_EVENT} unknown`, 'openai 7'),
  throwing(recorded('github-copilot-id-rotation'), NEW_ID, 'openai 7'),
  // An error event, and then `response.failed`.
  throwing(
    recorded('openai-error'),
    'You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.',
    'both',
    ['~error', '~status'],
  ),
  // The item with the index 1 was taken out of the recording. Nothing can be mended here; the whole response at its end is compared.
  throwing(recorded('openai-phase'), 'missing output at index 2', 'openai 6'),
  throwing(recorded('openai-shell-container'), `${NEW_EVENT} response.shell_call_command.added`, 'openai 6'),
  throwing(recorded('openai-shell-skills'), `${NEW_EVENT} response.shell_call_command.added`, 'openai 6'),
  throwing(recorded('openai-shell-tool'), `${NEW_EVENT} response.shell_call_command.added`, 'openai 6'),
  // Its first and its last line are no JSON. What must come out instead is said in responses-clean.test.ts.
  throwing(recorded('parallel-tool-call-wrapper'), "Expected ',' or '}' after property value", 'openai 6'),
  throwing(
    recorded('parallel-tool-call-wrapper'),
    'Error reading response: malformed server-sent event JSON.',
    'openai 7',
  ),
]

const NO_INDEX = `openai-responses/${recorded('openai-phase')} missing output at index 2`
const NO_BEGIN = `openai-responses/${recorded('parallel-tool-call-wrapper')} When snapshot hasn't been set yet, expected 'response.created' event, got response.output_item.added`
/** The SDK does not read the `logprobs` that come with each delta; the last events bring them all. */
const LOGPROBS = '+output.#.content.#.logprobs.#'
const CHATLAS = `openai-responses/posit-dev-chatlas__test-provider-openai-test-openai-logprobs.sse ${LOGPROBS}`
const LM_STUDIO = `openai-responses/vercel-ai__open-responses-responses-lmstudio-tool-call.2.ndjson ${LOGPROBS}`

/** Of all streams, cut at some place, compared with what the SDK has by then. */
export const CUT_EXCEPTIONS: Readonly<Record<string, readonly string[]>> = {
  'before its last event': [NO_INDEX, NO_BEGIN],
  'after three quarters of its events': [CHATLAS, LM_STUDIO, NO_INDEX, NO_BEGIN],
  'after a third of its events': [CHATLAS, NO_BEGIN],
  anywhere: [NO_BEGIN, CHATLAS, LM_STUDIO],
}
