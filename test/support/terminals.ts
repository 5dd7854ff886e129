/** By what each vendor ends a message. The documentation is made from this table; each row names a stream that ends so. */
import type { Dialect } from '../../src/message.ts'

export interface Terminal {
  readonly vendor: string
  readonly dialect: Dialect
  /** The last event: the turn ends with it. */
  readonly hard?: string
  /** With it a message is complete if the input ends, but more may come. */
  readonly soft?: string
  /** What the last event of the stream is. */
  readonly last: string
  /** The vendor's documentation, or where the stream is from. */
  readonly source: string
  /** Of the corpus. */
  readonly stream: string
}

export const TERMINALS: readonly Terminal[] = [
  {
    vendor: 'Anthropic',
    dialect: 'anthropic-messages',
    hard: 'message_stop',
    soft: 'stop_reason',
    last: 'message_stop',
    source: 'https://platform.claude.com/docs/en/build-with-claude/streaming',
    stream:
      'anthropic-messages/jackmpcollins-magentic__chat-model-test-anthropic-chat-model-test-anthropic-chat-model-acomplete-Say-hello-output-types0-str.sse',
  },
  {
    vendor: 'Anthropic on Vertex AI',
    dialect: 'anthropic-messages',
    hard: 'message_stop',
    soft: 'stop_reason',
    last: 'message_stop',
    source:
      'https://github.com/charmbracelet/fantasy/blob/f6d4d1e3022229bd6e77717416336bf50e1693ad/providertests/testdata/TestGoogleCommon/vertex-claude-3-7-sonnet/simple_streaming.yaml',
    stream: 'anthropic-messages/charmbracelet-fantasy__TestGoogleCommon-vertex-claude-3-7-sonnet-simple-streaming.sse',
  },
  {
    vendor: 'Anthropic on Bedrock, InvokeModel',
    dialect: 'anthropic-messages',
    hard: 'message_stop',
    soft: 'stop_reason',
    last: 'message_stop',
    source: 'https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html',
    stream:
      'other/bedrock-invoke-anthropic/posit-dev-chatlas__test-provider-bedrock-test-anthropic-tool-variations-async__1.ndjson',
  },
  {
    vendor: 'OpenAI',
    dialect: 'openai-chat',
    hard: '[DONE]',
    soft: 'finish_reason',
    last: '[DONE]',
    source: 'https://platform.openai.com/docs/api-reference/chat-streaming',
    stream:
      'openai-chat/openai-openai-python__.inline-snapshot-external-4cc50a6135d254573a502310e6af1246f55edb6ad95fa24059f160996b68866d.sse',
  },
  {
    vendor: 'OpenAI, older completions',
    dialect: 'openai-chat',
    hard: '[DONE]',
    soft: 'finish_reason',
    last: '[DONE]',
    source: 'https://platform.openai.com/docs/api-reference/completions',
    stream: 'other/openai-completions/DataDog-dd-trace-py__openai-openai-completions-post-1dd33b11.sse',
  },
  {
    vendor: 'Avian',
    dialect: 'openai-chat',
    hard: '[DONE]',
    soft: 'finish_reason',
    last: '[DONE]',
    source:
      'https://github.com/charmbracelet/fantasy/blob/f6d4d1e3022229bd6e77717416336bf50e1693ad/providertests/testdata/TestOpenAICompatibleThinking/avian-kimi/thinking-streaming.yaml',
    stream:
      'openai-compatible/avian/charmbracelet-fantasy__TestOpenAICompatibleThinking-avian-kimi-thinking-streaming__1.sse',
  },
  {
    vendor: 'Azure',
    dialect: 'openai-chat',
    hard: '[DONE]',
    soft: 'finish_reason',
    last: '[DONE]',
    source:
      'https://github.com/charmbracelet/fantasy/blob/f6d4d1e3022229bd6e77717416336bf50e1693ad/providertests/testdata/TestAzureCommon/azure-o4-mini/simple_streaming.yaml',
    stream: 'openai-compatible/azure/charmbracelet-fantasy__TestAzureCommon-azure-o4-mini-simple-streaming.sse',
  },
  {
    vendor: 'Cloudflare',
    dialect: 'openai-chat',
    hard: '[DONE]',
    soft: 'finish_reason',
    last: '[DONE]',
    source:
      'https://github.com/posit-dev/chatlas/blob/ea4531130e56d3c5bb003d87a1792dd942554b8d/tests/_vcr/test_provider_cloudflare/test_cloudflare_respects_turns_interface.yaml',
    stream:
      'openai-compatible/cloudflare/posit-dev-chatlas__test-provider-cloudflare-test-cloudflare-respects-turns-interface__1.sse',
  },
  {
    vendor: 'GitHub Copilot',
    dialect: 'openai-chat',
    hard: '[DONE]',
    soft: 'finish_reason',
    last: '[DONE]',
    source:
      'https://github.com/0xPlaygrounds/rig/blob/b75850e899498647563af2d644ee72d28ac7a69e/tests/cassettes/copilot/streaming_tools/raw_followup_uses_tool_result_without_new_tool_calls.yaml',
    stream:
      'openai-compatible/copilot/0xPlaygrounds-rig__copilot-streaming-tools-raw-followup-uses-tool-result-without-new-tool-calls__1.sse',
  },
  {
    vendor: 'Databricks',
    dialect: 'openai-chat',
    hard: '[DONE]',
    soft: 'finish_reason',
    last: '[DONE]',
    source:
      'https://github.com/posit-dev/chatlas/blob/ea4531130e56d3c5bb003d87a1792dd942554b8d/tests/_vcr/test_provider_databricks/test_databricks_tool_variations.yaml',
    stream:
      'openai-compatible/databricks/posit-dev-chatlas__test-provider-databricks-test-databricks-tool-variations__2.sse',
  },
  {
    vendor: 'DeepSeek',
    dialect: 'openai-chat',
    hard: '[DONE]',
    soft: 'finish_reason',
    last: '[DONE]',
    source:
      'https://github.com/DataDog/dd-trace-py/blob/3bb9ecda22830e3303b18b0ffa5abe7586aef6a7/tests/contrib/openai/cassettes/v1/deepseek_streamed_cumulative_tokens.yaml',
    stream: 'openai-compatible/deepseek/DataDog-dd-trace-py__contrib-openai-v1-deepseek-streamed-cumulative-tokens.sse',
  },
  {
    vendor: 'Doubleword',
    dialect: 'openai-chat',
    hard: '[DONE]',
    soft: 'finish_reason',
    last: '[DONE]',
    source:
      'https://github.com/0xPlaygrounds/rig/blob/b75850e899498647563af2d644ee72d28ac7a69e/tests/cassettes/doubleword/finish_reason_matrix/streaming_natural_stop.yaml',
    stream:
      'openai-compatible/doubleword/0xPlaygrounds-rig__doubleword-finish-reason-matrix-streaming-natural-stop.sse',
  },
  {
    vendor: 'Gemini’s OpenAI endpoint',
    dialect: 'openai-chat',
    hard: '[DONE]',
    soft: 'finish_reason',
    last: '[DONE]',
    source:
      'https://github.com/jackmpcollins/magentic/blob/58b72cf58134b9b888a9518932465d7187448e92/tests/chat_model/cassettes/test_openai_chat_model_gemini/test_openai_chat_model_gemini_acomplete[Say hello!-output_types0-str].yaml',
    stream:
      'openai-compatible/gemini-openai/jackmpcollins-magentic__chat-model-test-openai-chat-model-gemini-test-openai-chat-model-gemini-acomplete-Say-hello-output-types0-str.sse',
  },
  {
    vendor: 'Groq',
    dialect: 'openai-chat',
    hard: '[DONE]',
    soft: 'finish_reason',
    last: '[DONE]',
    source:
      'https://github.com/charmbracelet/fantasy/blob/f6d4d1e3022229bd6e77717416336bf50e1693ad/providertests/testdata/TestOpenAICompatibleCommon/groq-kimi-k2/simple_streaming.yaml',
    stream:
      'openai-compatible/groq/charmbracelet-fantasy__TestOpenAICompatibleCommon-groq-kimi-k2-simple-streaming.sse',
  },
  {
    vendor: 'Hugging Face, most backends',
    dialect: 'openai-chat',
    hard: '[DONE]',
    soft: 'finish_reason',
    last: '[DONE]',
    source:
      'https://github.com/charmbracelet/fantasy/blob/f6d4d1e3022229bd6e77717416336bf50e1693ad/providertests/testdata/TestOpenAICompatibleCommon/huggingface-kimi-k2/tool_streaming.yaml',
    stream:
      'openai-compatible/huggingface/charmbracelet-fantasy__TestOpenAICompatibleCommon-huggingface-kimi-k2-tool-streaming__1.sse',
  },
  {
    vendor: 'LiteLLM’s proxy',
    dialect: 'openai-chat',
    hard: '[DONE]',
    soft: 'finish_reason',
    last: '[DONE]',
    source:
      'https://github.com/DataDog/dd-trace-py/blob/3bb9ecda22830e3303b18b0ffa5abe7586aef6a7/tests/contrib/litellm/cassettes/completion_stream_proxy.yaml',
    stream: 'openai-compatible/litellm-proxy/DataDog-dd-trace-py__contrib-litellm-completion-stream-proxy.sse',
  },
  {
    vendor: 'llama.cpp',
    dialect: 'openai-chat',
    hard: '[DONE]',
    soft: 'finish_reason',
    last: '[DONE]',
    source:
      'https://github.com/charmbracelet/fantasy/blob/f6d4d1e3022229bd6e77717416336bf50e1693ad/providertests/testdata/TestOpenAICompatibleCommon/llama-cpp-gpt-oss/tool_streaming.yaml',
    stream:
      'openai-compatible/llamacpp/charmbracelet-fantasy__TestOpenAICompatibleCommon-llama-cpp-gpt-oss-tool-streaming__2.sse',
  },
  {
    vendor: 'mistral.rs',
    dialect: 'openai-chat',
    hard: '[DONE]',
    soft: 'finish_reason',
    last: '[DONE]',
    source:
      'https://github.com/0xPlaygrounds/rig/blob/b75850e899498647563af2d644ee72d28ac7a69e/tests/cassettes/mistralrs/streaming/chat_completions_stream_emits_reasoning_and_text_incrementally.yaml',
    stream:
      'openai-compatible/mistralrs/0xPlaygrounds-rig__mistralrs-streaming-chat-completions-stream-emits-reasoning-and-text-incrementally.sse',
  },
  {
    vendor: 'Ollama’s OpenAI endpoint',
    dialect: 'openai-chat',
    hard: '[DONE]',
    soft: 'finish_reason',
    last: '[DONE]',
    source:
      'https://github.com/jackmpcollins/magentic/blob/58b72cf58134b9b888a9518932465d7187448e92/tests/chat_model/cassettes/test_openai_chat_model_ollama/test_openai_chat_model_complete_ollama[Say hello!-output_types0-str].yaml',
    stream:
      'openai-compatible/ollama/jackmpcollins-magentic__chat-model-test-openai-chat-model-ollama-test-openai-chat-model-complete-ollama-Say-hello-output-types0-str.sse',
  },
  {
    vendor: 'OpenRouter',
    dialect: 'openai-chat',
    hard: '[DONE]',
    soft: 'finish_reason',
    last: '[DONE]',
    source:
      'https://github.com/jackmpcollins/magentic/blob/58b72cf58134b9b888a9518932465d7187448e92/tests/chat_model/cassettes/test_openrouter_chat_model/test_openrouter_chat_model_complete_image_bytes.yaml',
    stream:
      'openai-compatible/openrouter/jackmpcollins-magentic__chat-model-test-openrouter-chat-model-test-openrouter-chat-model-complete-image-bytes.sse',
  },
  {
    vendor: 'Together',
    dialect: 'openai-chat',
    hard: '[DONE]',
    soft: 'finish_reason',
    last: '[DONE]',
    source:
      'https://github.com/traceloop/openllmetry-js/blob/1faf69deed3401593a9e3551130f5fcc2925f60a/packages/instrumentation-together/recordings/Test-Together-instrumentation_114631371/should-set-function_call-attributes-in-span-for-stream-completion-when-multiple-tools-cal_2278551756/recording.har',
    stream:
      'openai-compatible/together/traceloop-openllmetry-js__instrumentation-together-Test-Together-instrumentation-114631371-shoul-84adc777-tools-cal-2278551756-recording.sse',
  },
  {
    vendor: 'Venice',
    dialect: 'openai-chat',
    hard: '[DONE]',
    soft: 'finish_reason',
    last: '[DONE]',
    source:
      'https://github.com/0xPlaygrounds/rig/blob/b75850e899498647563af2d644ee72d28ac7a69e/tests/cassettes/venice/raw_stream_capture_matrix/stream_raw_exposes_terminal_cost.yaml',
    stream:
      'openai-compatible/venice/0xPlaygrounds-rig__venice-raw-stream-capture-matrix-stream-raw-exposes-terminal-cost.sse',
  },
  {
    vendor: 'Vercel AI Gateway',
    dialect: 'openai-chat',
    hard: '[DONE]',
    soft: 'finish_reason',
    last: '[DONE]',
    source:
      'https://github.com/charmbracelet/fantasy/blob/f6d4d1e3022229bd6e77717416336bf50e1693ad/providertests/testdata/TestVercelCommon/gemini-2.5-flash/simple_streaming.yaml',
    stream:
      'openai-compatible/vercel-gateway/charmbracelet-fantasy__TestVercelCommon-gemini-2.5-flash-simple-streaming.sse',
  },
  {
    vendor: 'xAI',
    dialect: 'openai-chat',
    hard: '[DONE]',
    soft: 'finish_reason',
    last: '[DONE]',
    source:
      'https://github.com/charmbracelet/fantasy/blob/f6d4d1e3022229bd6e77717416336bf50e1693ad/providertests/testdata/TestOpenAICompatibleCommon/xai-grok-4-fast/tool_streaming.yaml',
    stream:
      'openai-compatible/xai/charmbracelet-fantasy__TestOpenAICompatibleCommon-xai-grok-4-fast-tool-streaming__1.sse',
  },
  {
    vendor: 'Z.ai',
    dialect: 'openai-chat',
    hard: '[DONE]',
    soft: 'finish_reason',
    last: '[DONE]',
    source:
      'https://github.com/charmbracelet/fantasy/blob/f6d4d1e3022229bd6e77717416336bf50e1693ad/providertests/testdata/TestOpenAICompatibleCommon/zai-glm-4-7-flash/multi_tool_streaming.yaml',
    stream:
      'openai-compatible/zai/charmbracelet-fantasy__TestOpenAICompatibleCommon-zai-glm-4-7-flash-multi-tool-streaming__2.sse',
  },
  {
    vendor: 'Mistral',
    dialect: 'openai-chat',
    hard: '[DONE]',
    soft: 'finish_reason',
    last: '[DONE]',
    source: 'https://docs.mistral.ai/api/',
    stream: 'mistral/posit-dev-chatlas__test-provider-mistral-test-data-extraction__4.sse',
  },
  {
    vendor: 'Hugging Face, some backends',
    dialect: 'openai-chat',
    soft: 'finish_reason',
    last: 'finish_reason',
    source:
      'https://github.com/posit-dev/chatlas/blob/ea4531130e56d3c5bb003d87a1792dd942554b8d/tests/_vcr/test_provider_huggingface/test_huggingface_respects_turns_interface.yaml',
    stream:
      'openai-compatible/huggingface/posit-dev-chatlas__test-provider-huggingface-test-huggingface-respects-turns-interface__1.sse',
  },
  {
    vendor: 'Perplexity',
    dialect: 'openai-chat',
    soft: 'finish_reason',
    last: 'finish_reason',
    source:
      'https://github.com/0xPlaygrounds/rig/blob/b75850e899498647563af2d644ee72d28ac7a69e/tests/cassettes/perplexity/prompt_caching/streaming_probe.yaml',
    stream: 'openai-compatible/perplexity/0xPlaygrounds-rig__perplexity-prompt-caching-streaming-probe__1.sse',
  },
  {
    vendor: 'OpenAI',
    dialect: 'openai-responses',
    hard: 'response.completed',
    last: 'response.completed',
    source: 'https://platform.openai.com/docs/api-reference/responses-streaming',
    stream: 'openai-responses/lmnr-ai-lmnr-python__test-litellm-test-litellm-responses-streaming-async.sse',
  },
  {
    vendor: 'Azure',
    dialect: 'openai-responses',
    hard: 'response.completed',
    last: 'response.completed',
    source:
      'https://github.com/charmbracelet/fantasy/blob/f6d4d1e3022229bd6e77717416336bf50e1693ad/providertests/testdata/TestAzureResponsesCommon/azure-o4-mini/simple_streaming.yaml',
    stream: 'openai-responses/charmbracelet-fantasy__TestAzureResponsesCommon-azure-o4-mini-simple-streaming.sse',
  },
  {
    vendor: 'ChatGPT (Codex)',
    dialect: 'openai-responses',
    hard: 'response.completed',
    last: 'response.completed',
    source:
      'https://github.com/0xPlaygrounds/rig/blob/b75850e899498647563af2d644ee72d28ac7a69e/tests/cassettes/chatgpt/codex_sessions/long_history_replay_nonstreaming.yaml',
    stream: 'openai-responses/0xPlaygrounds-rig__chatgpt-codex-sessions-long-history-replay-nonstreaming__1.sse',
  },
  {
    vendor: 'GitHub Copilot',
    dialect: 'openai-responses',
    hard: 'response.completed',
    last: 'response.completed',
    source:
      'https://github.com/0xPlaygrounds/rig/blob/b75850e899498647563af2d644ee72d28ac7a69e/tests/cassettes/copilot/reasoning_roundtrip/streaming.yaml',
    stream: 'openai-responses/0xPlaygrounds-rig__copilot-reasoning-roundtrip-streaming__1.sse',
  },
  {
    vendor: 'xAI',
    dialect: 'openai-responses',
    hard: 'response.completed',
    last: 'response.completed',
    source:
      'https://github.com/0xPlaygrounds/rig/blob/b75850e899498647563af2d644ee72d28ac7a69e/tests/cassettes/xai/response_identity/streaming_terminal_carries_identity.yaml',
    stream: 'openai-responses/0xPlaygrounds-rig__xai-response-identity-streaming-terminal-carries-identity.sse',
  },
  {
    vendor: 'LM Studio',
    dialect: 'openai-responses',
    hard: 'response.completed',
    last: 'response.completed',
    source:
      'https://github.com/vercel/ai/blob/ed857f50f112e23930b0c2dd8d532cc8bebbc911/packages/open-responses/src/responses/__fixtures__/lmstudio-tool-call.2.chunks.txt',
    stream: 'openai-responses/vercel-ai__open-responses-responses-lmstudio-tool-call.2.ndjson',
  },
  {
    vendor: 'OpenAI, an answer that is cut',
    dialect: 'openai-responses',
    hard: 'response.incomplete',
    last: 'response.incomplete',
    source: 'https://platform.openai.com/docs/api-reference/responses-streaming',
    stream:
      'openai-responses/Mirascope-mirascope__typescript-e2e-output-max-tokens-openai-responses-returns-max-tokens-finish-reason-for-stream.sse',
  },
  {
    vendor: 'OpenAI, an answer that failed',
    dialect: 'openai-responses',
    hard: 'response.failed',
    last: 'response.failed',
    source: 'https://platform.openai.com/docs/api-reference/responses-streaming',
    stream: 'openai-responses/vercel-ai__openai-responses-openai-error.1.ndjson',
  },
  {
    vendor: 'Google AI',
    dialect: 'gemini',
    soft: 'finishReason',
    last: 'finishReason',
    source: 'https://ai.google.dev/api/generate-content',
    stream:
      'gemini/Mirascope-mirascope__e2e-input-test-strict-mode-with-tools-streamed-google-gemini-3-pro-preview__2.sse',
  },
  {
    vendor: 'Vertex AI',
    dialect: 'gemini',
    soft: 'finishReason',
    last: 'finishReason',
    source:
      'https://github.com/open-telemetry/opentelemetry-python-contrib/blob/466ae4c00de77d1f54f77a9600f1d08eba2306b5/instrumentation-genai/opentelemetry-instrumentation-google-genai/tests/generate_content/cassettes/test_streaming[excludecontent-gemini-2.5-flash-vertexaiapi-sync-default].yaml',
    stream:
      'gemini/open-telemetry-opentelemetry-python-contrib__opentelemetry-instrumentation-google-genai-generate-content-test-strea-ec9724a2-flash-vertexaiapi-sync-default.sse',
  },
  {
    vendor: 'Google AI, a prompt that is blocked',
    dialect: 'gemini',
    soft: 'promptFeedback',
    last: 'promptFeedback',
    source: 'https://ai.google.dev/api/generate-content',
    stream: 'gemini/FirebaseExtended-vertexai-sdk-test-data__googleai-streaming-failure-prompt-blocked-safety.sse',
  },
  {
    vendor: 'Google AI, Interactions',
    dialect: 'gemini-interactions',
    hard: 'interaction.completed',
    last: 'interaction.completed',
    source: 'https://ai.google.dev/api/interactions-api',
    stream: 'other/gemini-interactions/vercel-ai__google-interactions-tool-call-step1.ndjson',
  },
  {
    vendor: 'Amazon Bedrock, Converse',
    dialect: 'bedrock-converse',
    hard: 'metadata',
    soft: 'messageStop',
    last: 'metadata',
    source: 'https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html',
    stream:
      'bedrock-converse/open-telemetry-opentelemetry-python-contrib__opentelemetry-instrumentation-botocore-test-converse-stream-handles-event-stream-error.ndjson',
  },
  {
    vendor: 'Amazon Nova, InvokeModel',
    dialect: 'bedrock-converse',
    hard: 'metadata',
    soft: 'messageStop',
    last: 'metadata',
    source: 'https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html',
    stream:
      'other/bedrock-invoke-nova/open-telemetry-opentelemetry-python-contrib__opentelemetry-instrumentation-botocore-test-invoke-model-with-response-dc04fa17-before-consumption-amazon.nova.ndjson',
  },
  {
    vendor: 'Cohere',
    dialect: 'cohere',
    hard: 'message-end',
    last: 'message-end',
    source: 'https://docs.cohere.com/v2/docs/streaming',
    stream: 'cohere/vercel-ai__cohere-cohere-text.ndjson',
  },
  {
    vendor: 'Cohere, v1',
    dialect: 'cohere',
    hard: 'stream-end',
    last: 'stream-end',
    source:
      'https://github.com/traceloop/openllmetry-js/blob/1faf69deed3401593a9e3551130f5fcc2925f60a/packages/instrumentation-cohere/recordings/Test-Generate-with-Cohere-Instrumentation_968486206/should-set-request-and-response-attributes-in-span-for-given-prompt-with-Streaming-respons_234491866/recording.har',
    stream:
      'cohere/traceloop-openllmetry-js__instrumentation-cohere-Test-Generate-with-Cohere-Instrumentation-96848-87fbdcdd-ng-respons-234491866-recording.ndjson',
  },
  {
    vendor: 'Ollama',
    dialect: 'ollama',
    hard: 'done: true',
    last: 'done: true',
    source: 'https://docs.ollama.com/api/streaming',
    stream:
      'other/ollama/jackmpcollins-magentic__chat-model-test-litellm-chat-model-test-litellm-chat-model-acomplete-ollama-Say-hello-output-types0-str__2.ndjson',
  },
  {
    vendor: 'OpenAI, Assistants',
    dialect: 'openai-assistants',
    hard: '[DONE]',
    soft: 'thread.run.completed',
    last: '[DONE]',
    source: 'https://developers.openai.com/api/reference/resources/beta/subresources/assistants/streaming-events',
    stream:
      'other/openai-assistants/lmnr-ai-lmnr-python__test-instrumentations-test-openai-traces-test-assistant-test-streaming-existing-assistant__4.sse',
  },
  {
    vendor: 'Amazon Titan on Bedrock',
    dialect: 'text-generation',
    hard: 'completionReason',
    last: 'completionReason',
    source: 'https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html',
    stream:
      'other/bedrock-invoke-amazon/open-telemetry-opentelemetry-python-contrib__opentelemetry-instrumentation-botocore-test-invoke-model-with-response-c5d38249-efore-consumption-amazon.titan.ndjson',
  },
  {
    vendor: 'Cohere Command on Bedrock',
    dialect: 'text-generation',
    hard: 'is_finished: true',
    last: 'is_finished: true',
    source: 'https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html',
    stream:
      'other/bedrock-invoke-cohere/DataDog-dd-trace-py__contrib-botocore-bedrock-cohere-invoke-stream-single-output.ndjson',
  },
  {
    vendor: 'Meta Llama on Bedrock',
    dialect: 'text-generation',
    hard: 'stop_reason',
    last: 'stop_reason',
    source: 'https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html',
    stream:
      'other/bedrock-invoke-meta/traceloop-openllmetry-js__instrumentation-bedrock-Test-Meta-with-AWS-Bedrock-Instrumentation-235-314e9851-ng-result-3091204960-recording.ndjson',
  },
  {
    vendor: 'Text Generation Inference',
    dialect: 'text-generation',
    hard: 'generated_text',
    last: 'generated_text',
    source: 'https://huggingface.co/docs/huggingface.js/inference/interfaces/TextGenerationStreamOutput',
    stream:
      'other/tgi/microsoft-semantic-kernel__dotnet-Connectors-Connectors.HuggingFace.UnitTests-TestData-textgeneration-test-stream-response.sse',
  },
]

/** The same for formats of which the corpus has no stream: each row names a recording of the repository. */
export interface RecordedTerminal extends Omit<Terminal, 'stream' | 'last'> {
  readonly recording: string
  /** What the first event has from which on the last message is complete; no event behind it has it too. */
  readonly mark: string
}

export const RECORDED_TERMINALS: readonly RecordedTerminal[] = [
  {
    vendor: 'Mistral, Conversations',
    dialect: 'mistral-conversations',
    hard: 'conversation.response.done',
    source: 'https://docs.mistral.ai/api/endpoint/beta/conversations',
    recording: 'mistral-conversations/text',
    mark: '"type":"conversation.response.done"',
  },
  {
    vendor: 'Agents of the Agent Client Protocol, v1',
    dialect: 'acp',
    soft: "the prompt's answer",
    source: 'https://agentclientprotocol.com/protocol/v1/prompt-turn',
    recording: 'acp/thinking-text-and-a-tool',
    mark: '"stopReason":',
  },
  {
    vendor: 'Agents of the Agent Client Protocol, v2',
    dialect: 'acp',
    soft: 'state_update: idle',
    source: 'https://agentclientprotocol.com/rfds/v2/prompt',
    recording: 'acp/version-2',
    mark: '"state":"idle","stopReason":"end_turn","usage"',
  },
  {
    vendor: 'Claude Code',
    dialect: 'claude-code',
    hard: 'result',
    soft: 'stop_reason',
    source: 'https://code.claude.com/docs/en/headless',
    recording: 'claude-code/tools-with-stream-events',
    mark: '"type":"message_delta"',
  },
  {
    vendor: 'AI SDK, fullStream',
    dialect: 'ai-sdk',
    hard: 'finish-step',
    source: 'https://ai-sdk.dev/docs/reference/ai-sdk-core/stream-text',
    recording: 'ai-sdk/text-and-reasoning',
    mark: '"type":"finish-step"',
  },
  {
    vendor: 'AI SDK, UI messages',
    dialect: 'ai-sdk-ui',
    hard: '[DONE]',
    soft: 'finish',
    source: 'https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol',
    recording: 'ai-sdk-ui/text-and-reasoning',
    mark: '"type":"finish"',
  },
]
