/**
 * Where `toNative` differs from what `openai` 6.49.0 (and 7, where Node can load it) builds from the same stream, and why the wire is on our
 * side.
 *
 * - `sdk_throws`: the SDK gives no completion at all. `paths` are what differs once the stream is mended so that it does not throw: an
 *   event that is no JSON is taken out, each choice gets the role and the finish reason that it lacks.
 * - `sdk_7_drops_padding`: `obfuscation`, the padding against traffic analysis. Version 6 and we keep that of the last chunk. It stands in
 *   so many streams that those are taken from the corpus's own index: `droppingPadding`.
 * - `sdk_7_keeps_empty_text`: the only content on the wire is `""`. Version 6 and we say `null`, as for a message without a text.
 */
import type { CorpusStream } from '../support/corpus.ts'
import type { FidelityException } from './fidelity.ts'
import type { OpenAIVersion } from './openai-sdk.ts'

export type ExceptionClass = 'sdk_throws' | 'sdk_7_drops_padding' | 'sdk_7_keeps_empty_text'

type Exception = FidelityException<ExceptionClass, OpenAIVersion>

const throwing = (
  name: string,
  throws: string,
  { oracle = 'both', paths = [] }: Partial<Pick<Exception, 'oracle' | 'paths'>> = {},
): Exception => ({
  file: `openai-chat/microsoft-semantic-kernel__dotnet-Connectors-Connectors.OpenAI.UnitTests-TestData-chat-completion-${name}-test-response.sse`,
  class: 'sdk_throws',
  oracle,
  throws,
  paths,
})
const keepingEmptyText = (name: string): Exception => ({
  file: `openai-chat/${name}`,
  class: 'sdk_7_keeps_empty_text',
  oracle: 'openai 7',
  paths: ['~choices.0.message.content', '+obfuscation'],
})
const NO_FINISH = ['~choices.0.finish_reason']

/** Of the streams that the corpus has as they were sent. */
export const SSE_EXCEPTIONS: readonly Exception[] = [
  // `data: {"id":}]}` in place of the last chunk: nothing on the wire says why the model stopped.
  throwing('invalid-streaming', `Unexpected token '}', "{"id":}]}" is not valid JSON`, {
    oracle: 'openai 6',
    paths: NO_FINISH,
  }),
  throwing('invalid-streaming', 'Error reading response: malformed server-sent event JSON.', {
    oracle: 'openai 7',
    paths: NO_FINISH,
  }),
  // Written by hand, without the chunk that says whose message it is.
  throwing('streaming-refusal', 'missing role for choice 0'),
  throwing('streaming', 'missing role for choice 0'),
  // The whole budget went into reasoning that is not shown.
  keepingEmptyText('0xPlaygrounds-rig__openai-truncated-turn-matrix-chat-streaming-reasoning-budget-exhausted.sse'),
  keepingEmptyText('0xPlaygrounds-rig__openai-truncated-turn-matrix-chat-transports-agree-on-truncation__2.sse'),
  keepingEmptyText('Mirascope-mirascope__e2e-output-test-max-tokens-openai-gpt-5-mini-completions-async-stream.sse'),
  keepingEmptyText('Mirascope-mirascope__e2e-output-test-max-tokens-openai-gpt-5-mini-completions-stream.sse'),
  keepingEmptyText('envoyproxy-ai-gateway__internal-testopenai-chat-streaming-detailed-usage.sse'),
]

/** Of the streams that the corpus has as payloads only; the tests put the SSE framing back. */
export const PAYLOAD_EXCEPTIONS: readonly Exception[] = [
  keepingEmptyText('braintrustdata-lingua__multimodalRequest-chat-completions-followup-response-streaming.ndjson'),
  keepingEmptyText('braintrustdata-lingua__multimodalRequest-chat-completions-response-streaming.ndjson'),
]

/** The streams with padding, which version 7 leaves out of all of them. Those that are in the list have it there. */
export function droppingPadding(streams: readonly CorpusStream[], listed: readonly Exception[]): Exception[] {
  const padded = streams.filter(({ features }) => features.includes('obfuscation')).map(({ file }) => file)
  const known = new Set(listed.map(({ file }) => file))
  return padded
    .filter((file) => !known.has(file))
    .map((file) => ({ file, class: 'sdk_7_drops_padding', oracle: 'openai 7', paths: ['+obfuscation'] }))
}
