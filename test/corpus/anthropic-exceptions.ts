/**
 * Where `toNative` differs from what `@anthropic-ai/sdk` 1.11.0 builds from the same stream, and why the wire is on our side.
 *
 * - `sdk_throws`: the SDK gives no message at all. `paths` are what differs once the stream is mended so that it does not throw: the
 *   last event gets the blank line that it lacks, an event `[DONE]` is taken out.
 * - `sdk_drops_wire_data`: the SDK takes over only the fields of deltas that it knows; the plain one knows fewer than the beta one.
 * - `sdk_repairs_cut_input`: the SDK closes the brackets of tool arguments that `max_tokens` cut. I6 forbids that.
 * - `sdk_keeps_first_model`: a `fallback` block names the model that goes on from there. The beta SDK and we take it over, the plain SDK
 *   does not.
 *
 * Paths as `differences` writes them: `+` only ours, `-` only the SDK's, `~` both, not equal.
 */
import type { Oracle } from './anthropic-sdk.ts'
import type { FidelityException as Listed } from './fidelity.ts'

type ExceptionClass = 'sdk_throws' | 'sdk_drops_wire_data' | 'sdk_repairs_cut_input' | 'sdk_keeps_first_model'

type FidelityException = Listed<ExceptionClass, Oracle>

const NO_MESSAGE = 'stream ended without producing a Message with role=assistant'
const NO_JSON = `Unexpected token 'D', "[DONE]" is not valid JSON`
const CUT_INPUT = ['-content.1.input.filename', '-content.1.input.lines_of_text']

const throwing = (
  name: string,
  paths: readonly string[] = [],
  oracle: Oracle | 'both' = 'both',
): FidelityException => ({
  file: `anthropic-messages/anthropics-anthropic-sdk-python__lib-streaming-${name}-response.sse`,
  class: 'sdk_throws',
  oracle,
  throws: NO_MESSAGE,
  paths,
})
const dropping = (name: string, paths: readonly string[], oracle: Oracle | 'both' = 'plain'): FidelityException => ({
  file: `anthropic-messages/${name}`,
  class: 'sdk_drops_wire_data',
  oracle,
  paths,
})

/** Of the streams that the corpus has as they were sent. */
export const SSE_EXCEPTIONS: readonly FidelityException[] = [
  {
    // OpenRouter closes with `event: data / data: [DONE]`, after `message_stop`. `usage.cache_creation` is null in `message_start` and
    // an object in `message_delta`, whose usage both SDKs read only in part.
    file: 'anthropic-messages/0xPlaygrounds-rig__anthropic-streaming-gateway-message-delta-metadata.sse',
    class: 'sdk_throws',
    oracle: 'both',
    throws: NO_JSON,
    paths: ['+context_management', '~usage.cache_creation', '+usage.cost', '+usage.cost_details', '+usage.is_byok'],
  },
  // These end right after the data of `message_stop`: one line end or none. The SDK drops that event, and then has no message.
  throwing('basic'),
  throwing('compaction', ['~content.0.content', '~content.0.encrypted_content'], 'plain'),
  throwing('compaction', [], 'beta'),
  throwing('fallback-credit', ['+usage.fallback_credit'], 'plain'),
  throwing('fallback-credit', [], 'beta'),
  throwing('fallback', ['~model'], 'plain'),
  throwing('fallback', [], 'beta'),
  throwing('incomplete-partial-json', CUT_INPUT),
  throwing('refusal'),
  throwing('tool-use'),
  dropping('DataDog-dd-trace-py__contrib-anthropic-anthropic-completion-beta-tools-stream.sse', [
    '+context_management',
  ]),
  dropping('anthropics-anthropic-sdk-python__fable-fallback-stream-a-refusal.sse', ['+usage.iterations']),
  dropping('anthropics-anthropic-sdk-python__fable-fallback-stream-a-toolrefusal.sse', ['+usage.iterations']),
  dropping('anthropics-anthropic-sdk-python__fable-fallback-stream-b-fallback.sse', ['+usage.iterations']),
  {
    file: 'anthropic-messages/anthropics-anthropic-sdk-typescript__lib-incomplete-partial-json-response.sse',
    class: 'sdk_repairs_cut_input',
    oracle: 'both',
    paths: CUT_INPUT,
  },
]

const BEDROCK_METRICS = ['+amazon-bedrock-invocationMetrics']
const lingua = (name: string): string => `braintrustdata-lingua__${name}-response-streaming.ndjson`

/** Of the streams that the corpus has as payloads only; the tests put the SSE framing back. */
export const PAYLOAD_EXCEPTIONS: readonly FidelityException[] = [
  dropping(lingua('bedrockAnthropicContextManagementParam-anthropic-followup'), ['+context_management']),
  dropping(lingua('bedrockAnthropicContextManagementParam-anthropic'), ['+context_management']),
  ...['parallelToolCallsRequest', 'reasoningRequest', 'reasoningRequestTruncated', 'toolCallRequest'].flatMap(
    (request) =>
      ['', '-followup'].map((turn) => dropping(lingua(`${request}-bedrock-anthropic${turn}`), BEDROCK_METRICS, 'both')),
  ),
  {
    // `message_start` has no usage; both SDKs write into it without looking.
    file: 'anthropic-messages/patterns-ai-core-langchainrb__llm-anthropic-chat-stream-with-empty-tool-input.ndjson',
    class: 'sdk_throws',
    oracle: 'both',
    throws: "Cannot set properties of undefined (setting 'output_tokens')",
    paths: [],
  },
  dropping('vercel-ai__anthropic-anthropic-advisor-20250301.1.ndjson', ['+usage.iterations']),
  dropping('vercel-ai__anthropic-anthropic-clear-thinking.1.ndjson', ['+context_management']),
  dropping('vercel-ai__anthropic-anthropic-clear-tool-uses.1.ndjson', ['+context_management']),
  dropping('vercel-ai__anthropic-anthropic-combined-context-editing.1.ndjson', ['+context_management']),
  dropping('vercel-ai__anthropic-anthropic-compaction.1.ndjson', [
    '+context_management',
    '~content.0.content',
    '+usage.iterations',
  ]),
  // The arguments of an `mcp_tool_use` block: the plain SDK reads deltas only for `tool_use` and `server_tool_use`.
  dropping('vercel-ai__anthropic-anthropic-mcp.1.ndjson', ['+content.0.input.message']),
  {
    file: 'anthropic-messages/vercel-ai__anthropic-anthropic-fallback.ndjson',
    class: 'sdk_keeps_first_model',
    oracle: 'plain',
    paths: ['~model', '+usage.iterations'],
  },
  // A second `message_start` before the first message had stopped. Nothing can be mended here; what must come out instead is said in
  // anthropic-clean.test.ts.
  ...['duplicate', 'spliced'].map((name): FidelityException => ({
    file: `anthropic-messages/vercel-ai__anthropic-${name}-message-start.ndjson`,
    class: 'sdk_throws',
    oracle: 'both',
    throws: 'Unexpected event order, got message_start before receiving "message_stop"',
    paths: [],
  })),
]
