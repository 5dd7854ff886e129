/** Every stream of the corpus, folded with nothing said about what it is. */
import { beforeAll, expect, it } from 'vitest'
import type { Anomaly } from '../../src/anomaly.ts'
import { assemble } from '../../src/index.ts'
import type { AssistantMessage, Dialect, StopReason } from '../../src/message.ts'
import { corpusStreams, describeShared, type CorpusStream } from '../support/corpus.ts'
import { DIALECTS, dialectOf, familyOf, sourceOf } from './streams.ts'

interface Folded {
  readonly stream: CorpusStream
  readonly messages: readonly AssistantMessage[]
  readonly late: readonly Anomaly[]
}

async function foldedOf(stream: CorpusStream): Promise<Folded> {
  // Those that hold several responses give all of them.
  const turn = assemble(sourceOf(stream), { many: stream.features.includes('concatenated_responses') })
  return { stream, messages: await turn.messages(), late: turn.anomalies }
}

/** What the words for why an answer ended mean. Of several, each message has one. */
const WORDS: Readonly<Record<string, readonly StopReason[]>> = {
  end_turn: ['end_turn', 'tool_calls'],
  stop: ['end_turn', 'tool_calls'],
  eos: ['end_turn', 'tool_calls'],
  STOP: ['end_turn', 'tool_calls'],
  COMPLETE: ['end_turn', 'tool_calls'],
  stop_sequence: ['stop_sequence'],
  tool_use: ['tool_calls'],
  tool_calls: ['tool_calls'],
  TOOL_CALL: ['tool_calls'],
  length: ['max_tokens'],
  max_tokens: ['max_tokens'],
  MAX_TOKENS: ['max_tokens'],
  refusal: ['refusal'],
  SAFETY: ['content_filter'],
  RECITATION: ['content_filter'],
  'block:SAFETY': ['content_filter'],
  // Google's own test data: a word that no version of the API has.
  FAKE_ENUM: ['unknown'],
  NO_IMAGE: ['content_filter', 'error', 'unknown'],
  'response.completed': ['end_turn', 'tool_calls'],
  'response.incomplete': ['max_tokens', 'content_filter'],
  'response.failed': ['error', 'unknown'],
}

/** Streams of which one of the answers has no word for why it ended, or another than those of the index. */
const ODD: Readonly<Record<string, readonly string[]>> = {
  // Cut, or broken on purpose: test data of Google's SDKs.
  'gemini/FirebaseExtended-vertexai-sdk-test-data__vertexai-streaming-failure-empty-content.sse': ['truncated unknown'],
  'gemini/FirebaseExtended-vertexai-sdk-test-data__vertexai-streaming-failure-error-mid-stream.sse': [
    'failed end_turn',
  ],
  'gemini/FirebaseExtended-vertexai-sdk-test-data__vertexai-streaming-failure-malformed-content.sse': [
    'truncated unknown',
  ],
  'gemini/FirebaseExtended-vertexai-sdk-test-data__vertexai-streaming-success-quotes-escaped.sse': [
    'truncated unknown',
  ],
  'gemini/langchain-ai-langchainjs__libs-providers-langchain-google-common-data-chat-stream-thinking-mock.ndjson': [
    'truncated unknown',
  ],
  // An image was asked for, and none was made: NO_IMAGE.
  'gemini/braintrustdata-lingua__imageConfigParam-google-followup-response-streaming.ndjson': ['failed error'],
  // The only chunk that could say it is no JSON. `[DONE]` came.
  'openai-chat/microsoft-semantic-kernel__dotnet-Connectors-Connectors.OpenAI.UnitTests-TestData-chat-completion-invalid-streaming-test-response.sse':
    ['complete unknown'],
  // Of two choices only the first is told why it ends.
  'openai-compatible/litellm-proxy/DataDog-dd-trace-py__contrib-litellm-completion-stream-multiple-choices-proxy.sse': [
    'complete end_turn',
    'complete unknown',
  ],
  // The upstream gave no finish reason, the calls are whole, `[DONE]` came.
  'openai-compatible/openrouter/simonw-llm__test-tools-streaming-test-tools-streaming-variant-a__1.sse': [
    'complete tool_calls',
  ],
  'openai-compatible/openrouter/simonw-llm__test-tools-streaming-test-tools-streaming-variant-b__1.sse': [
    'complete tool_calls',
  ],
  'openai-responses/vercel-ai__openai-responses-openai-error.1.ndjson': ['failed unknown'],
  // Its first and its last line are no JSON.
  'openai-responses/vercel-ai__openai-responses-parallel-tool-call-wrapper.1.ndjson': ['truncated unknown'],
}
/** Of each dialect the events that onefold does not know, by the anomaly and what it says, and how often they come. */
const UNKNOWN: Partial<Record<Dialect, Readonly<Record<string, number>>>> = {}

/** Two say `[DONE]` after an event that is the last already, one sends `response.failed` after the error. */
const LATE: readonly string[] = [
  'anthropic-messages/0xPlaygrounds-rig__anthropic-streaming-gateway-message-delta-metadata.sse',
  'openai-responses/0xPlaygrounds-rig__openrouter-openai-responses-compat-openai-responses-stream-against-openrouter-completes.sse',
  'openai-responses/vercel-ai__openai-responses-openai-error.1.ndjson',
]
/** Two answers back to back, of which the index does not say so. */
const TWO_ANSWERS = 'openai-compatible/cerebras/vercel-ai__cerebras-cererebras-structured-output-tools.1.ndjson'
/** Two generations were asked for. */
const GENERATIONS =
  'other/bedrock-invoke-cohere/DataDog-dd-trace-py__contrib-botocore-bedrock-cohere-invoke-stream-multi-output.ndjson'
const SEVERAL: ReadonlySet<string> = new Set(['n_choices', 'concatenated_responses'])

describeShared('corpus', 'the whole corpus', () => {
  const streams = corpusStreams(() => true)
  let folded: readonly Folded[] = []
  beforeAll(async () => {
    folded = await Promise.all(streams.map(foldedOf))
  })

  it('is 1,733 streams, of each dialect the number that is known', () => {
    const counts: Record<string, number> = {}
    for (const stream of streams) counts[familyOf(stream)] = (counts[familyOf(stream)] ?? 0) + 1
    expect(counts).toEqual(Object.fromEntries(Object.entries(DIALECTS).map(([name, row]) => [name, row.streams])))
    expect(streams).toHaveLength(1733)
  })

  it('I4: is found to be what it is, stream by stream, with nothing said about it', () => {
    const found = folded.map(({ stream, messages }) => [stream.file, [...new Set(messages.map((one) => one.dialect))]])
    expect(found).toEqual(streams.map((stream) => [stream.file, [dialectOf(stream)]]))
  })

  it('I2: gives one message, or one for each choice, and all of several responses', () => {
    const severals = folded.filter(({ messages }) => messages.length !== 1)
    const expected = streams.filter(({ features }) => features.some((feature) => SEVERAL.has(feature)))
    expected.push(...streams.filter(({ file }) => file === GENERATIONS))
    const files = severals.map(({ stream }) => stream.file)
    expect(files.filter((file) => !expected.some((stream) => stream.file === file))).toEqual([])
    for (const { stream, messages } of folded) {
      expect(new Set(messages.map(({ key }) => key)).size, stream.file).toBe(messages.length)
    }
  })

  it('I5: ends as the index says: complete with its word for why, except for the odd ones', () => {
    const odd: Record<string, string[]> = {}
    for (const { stream, messages } of folded) {
      // The index names the last of several responses.
      const last = stream.features.includes('concatenated_responses') ? messages.slice(-1) : messages
      const reasons = new Set(stream.finish.flatMap((word) => WORDS[word] ?? expect.fail(`nobody knows ${word}`)))
      const agrees = ({ outcome, stop }: AssistantMessage): boolean =>
        outcome.kind === 'complete' &&
        (reasons.has(stop.reason) || (stream.finish.length === 0 && !stream.features.includes('truncated')))
      if (last.every(agrees)) continue
      odd[stream.file] = last.map(({ outcome, stop }) => `${outcome.kind} ${stop.reason}`)
    }
    const streamsNames = new Set(streams.map(({ file }) => file))
    expect(odd).toEqual(Object.fromEntries(Object.entries(ODD).filter(([file]) => streamsNames.has(file))))
  })

  it('I4: has just those unknown events, blocks and deltas that are listed', () => {
    const found: Record<string, Record<string, number>> = {}
    for (const { stream, messages, late } of folded) {
      for (const { kind, detail = '', count = 1 } of [...messages.flatMap((message) => message.anomalies), ...late]) {
        if (!kind.startsWith('unknown_')) continue
        const kinds = (found[dialectOf(stream)] ??= {})
        kinds[`${kind} ${detail}`] = (kinds[`${kind} ${detail}`] ?? 0) + count
      }
    }
    expect(found).toEqual(UNKNOWN)
  })

  it('I2: has nothing left after the last message, but for three that go on after it', () => {
    const late = folded.flatMap(({ stream, late: left }) =>
      left.length === 0 || stream.file === TWO_ANSWERS ? [] : [[stream.file, left]],
    )
    const expected = LATE.filter((file) => streams.some((stream) => stream.file === file))
    expect(late).toEqual(expected.map((file) => [file, [{ kind: 'late_event', count: 1 }]]))
  })
})
