/**
 * Reads Cohere's streams the simplest way that works on clean ones: deltas joined, calls by their index, the counts of the last event.
 * Imports nothing of what is tested but the type of a JSON value.
 */
import type { JsonObject } from '../../src/json.ts'
import { listOf, nothing, objectOf, textOf, type Simple } from './plain-wire.ts'

export function cohereAnswerOf(payloads: readonly JsonObject[]): Simple {
  return payloads.some((payload) => 'event_type' in payload) ? v1AnswerOf(payloads) : v2AnswerOf(payloads)
}

function v2AnswerOf(payloads: readonly JsonObject[]): Simple {
  const answer = nothing()
  const calls: { id: string; name: string; text: string }[] = []
  for (const payload of payloads) {
    const delta = objectOf(payload['delta'])
    const message = objectOf(delta['message'])
    const content = objectOf(message['content'])
    const call = objectOf(message['tool_calls'])
    const own = objectOf(call['function'])
    answer.text += textOf(content['text'])
    answer.thinking += textOf(content['thinking']) + textOf(message['tool_plan'])
    if (payload['type'] === 'citation-start') answer.citations += 1
    if (payload['type'] === 'tool-call-start')
      calls.push({ id: textOf(call['id']), name: textOf(own['name']), text: '' })
    const at = calls[Number(payload['index'])]
    if (at !== undefined) at.text += textOf(own['arguments'])
    if (payload['type'] !== 'message-end') continue
    answer.finish = textOf(delta['finish_reason'])
    const usage = objectOf(delta['usage'])
    const tokens = objectOf(usage['tokens'])
    answer.usage = {
      inputTokens: tokens['input_tokens'],
      outputTokens: tokens['output_tokens'],
      cacheReadTokens: usage['cached_tokens'],
      reasoningTokens: tokens['reasoning_tokens'],
    }
  }
  answer.calls.push(...calls.map(({ id, name, text }) => ({ id, name, input: JSON.parse(text || '{}') })))
  return answer
}

function v1AnswerOf(payloads: readonly JsonObject[]): Simple {
  const answer = nothing()
  for (const payload of payloads) {
    if (payload['event_type'] === 'text-generation') answer.text += textOf(payload['text'])
    if (payload['event_type'] === 'citation-generation') answer.citations += listOf(payload['citations']).length
    if (payload['event_type'] !== 'stream-end') continue
    answer.finish = textOf(payload['finish_reason'])
    const response = objectOf(payload['response'])
    const billed = objectOf(objectOf(response['meta'])['billed_units'])
    // What was billed leaves out the documents; the other count has all.
    const counted = objectOf(response['token_count'])
    answer.usage = {
      inputTokens: counted['prompt_tokens'] ?? billed['input_tokens'],
      outputTokens: billed['output_tokens'],
    }
  }
  return answer
}
