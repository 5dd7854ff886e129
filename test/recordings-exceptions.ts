/**
 * Recordings without an anomaly of which `openai` 6 builds something else than `toNative` gives, or nothing, and why the wire is on our
 * side. Differences as `differences` writes them: `+` only ours, `-` only the SDK's, `~` both, not equal.
 */
export interface SdkException {
  readonly why: string
  readonly differences: readonly string[]
}

const PARTS = 'the SDK keeps calls by their index alone, so that without one there is none'
const NO_OUTPUT = "the SDK needs `response.created` to have an output, which llama.cpp's does not"
const throwing = (why: string, message: string): SdkException => ({ why, differences: [`throws: ${message}`] })

export const SDK_EXCEPTIONS: Readonly<Record<string, SdkException>> = {
  'openai-chat/arguments-as-an-object': {
    why: 'the SDK makes text of the object: "[object Object]"',
    differences: ['~choices.0.message.tool_calls.0.function.arguments'],
  },
  'openai-chat/calls-without-index': {
    why: PARTS,
    differences: [0, 1, 2].map((at) => `+choices.0.message.tool_calls.${at}`),
  },
  'openai-chat/deltas-without-index': {
    why: PARTS,
    differences: [0, 1].map((at) => `+choices.0.message.tool_calls.${at}`),
  },
  'openai-chat/late-and-missing-ids': {
    why: 'the SDK makes up an id for a call that has none',
    differences: ['-choices.0.message.tool_calls.1.id'],
  },
  'openai-chat/mistral-content-parts': {
    why: 'the SDK makes text of the lists: "[object Object]"',
    differences: ['~choices.0.message.content'],
  },
  'openai-chat/openrouter-reasoning-details': {
    why: 'of a field that it does not know the SDK keeps the last value, also if that says nothing',
    differences: [
      '~choices.0.native_finish_reason',
      '~choices.0.message.reasoning',
      '+choices.0.message.reasoning_details.0.text',
    ],
  },
  'openai-chat/split-name': {
    why: 'of a name in two deltas the SDK keeps the second',
    differences: ['~choices.0.message.tool_calls.0.function.name'],
  },
  'openai-chat/thinking-and-text': {
    why: 'of a field that it does not know the SDK keeps the last delta',
    differences: ['~choices.0.message.reasoning_content'],
  },
  'openai-chat/usage-on-every-chunk': {
    why: 'the usage of a choice, and of x_groq, is part of the usage of the answer',
    differences: ['+usage.cached_tokens', '+usage.completion_tokens_details'],
  },
  'openai-chat/custom-tool': throwing(
    'a call is a function for the SDK',
    'missing choices[0].tool_calls[0].function.name',
  ),
  'openai-chat/interleaved-deltas': throwing(
    'the first call has the index 1, and the SDK puts it at that place',
    "Cannot read properties of undefined (reading 'type')",
  ),
  'openai-chat/tool-calls-as-an-object': throwing('tool_calls is a list for the SDK', 'tool_calls is not iterable'),
  'openai-responses/empty-output-at-the-end': {
    why: 'the last response takes the place of all that the SDK has',
    differences: ['+output.0', '+output.1'],
  },
  'openai-responses/no-indexes': throwing(NO_OUTPUT, 'rsp.output is not iterable'),
  'openai-responses/surrogates-in-two-deltas': throwing(NO_OUTPUT, 'rsp.output is not iterable'),
  'openai-responses/text': throwing(NO_OUTPUT, 'rsp.output is not iterable'),
  'openai-responses/thinking-and-text': throwing(NO_OUTPUT, 'rsp.output is not iterable'),
  'openai-responses/out-of-order-numbers': throwing(
    'the SDK takes the events in the order in which they arrive',
    'missing content at index 0',
  ),
  'openai-responses/shell-and-apply-patch': throwing(
    'the SDK knows an event only if it was there when the SDK was written',
    'Unhandled response stream event: response.shell_call_command.added',
  ),
}
