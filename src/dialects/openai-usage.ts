/** Token counts as OpenAI's two wire formats give them, and as the servers that follow them do. */
import { isObject, type JsonObject, type JsonValue } from '../json.ts'
import type { UsageCounts } from '../operation.ts'

/** `prompt_tokens` counts cached ones too, `completion_tokens` those of reasoning. */
export function chatCounts(usage: JsonObject): UsageCounts {
  const input = detailsOf(usage.prompt_tokens_details)
  const output = detailsOf(usage.completion_tokens_details)
  return {
    ...count('inputTokens', usage.prompt_tokens, usage.input_tokens),
    ...count('outputTokens', usage.completion_tokens, usage.output_tokens),
    ...count('cacheReadTokens', input.cached_tokens, usage.cached_tokens, usage.prompt_cache_hit_tokens),
    ...count('cacheWriteTokens', input.cache_write_tokens),
    ...count('reasoningTokens', output.reasoning_tokens, usage.reasoning_tokens),
  }
}

export function responsesCounts(usage: JsonObject): UsageCounts {
  const input = detailsOf(usage.input_tokens_details)
  const output = detailsOf(usage.output_tokens_details)
  return {
    ...count('inputTokens', usage.input_tokens),
    ...count('outputTokens', usage.output_tokens),
    ...count('cacheReadTokens', input.cached_tokens),
    ...count('cacheWriteTokens', input.cache_write_tokens),
    ...count('reasoningTokens', output.reasoning_tokens),
  }
}

function detailsOf(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : {}
}

/** The first of the values that is a number. */
function count(name: keyof UsageCounts, ...values: readonly (JsonValue | undefined)[]): UsageCounts {
  const value = values.find((one) => typeof one === 'number')
  return typeof value === 'number' ? { [name]: value } : {}
}
