/**
 * Reads Ollama's streams the simplest way that works on clean ones: texts joined, calls as they come, the counts of the last line.
 * Imports nothing of what is tested but the type of a JSON value.
 */
import type { JsonObject } from '../../src/json.ts'
import { listOf, nothing, objectOf, textOf, type Simple } from './plain-wire.ts'

export function ollamaAnswerOf(lines: readonly JsonObject[]): Simple {
  const answer = nothing()
  for (const line of lines) {
    const message = objectOf(line['message'])
    answer.text += textOf(message['content']) + textOf(line['response'])
    answer.thinking += textOf(message['thinking'])
    for (const call of listOf(message['tool_calls']).map(objectOf)) {
      const own = objectOf(call['function'])
      answer.calls.push({ id: textOf(call['id']), name: textOf(own['name']), input: objectOf(own['arguments']) })
    }
    if (line['done'] !== true) continue
    answer.finish = textOf(line['done_reason'])
    answer.usage = { inputTokens: line['prompt_eval_count'], outputTokens: line['eval_count'] }
  }
  return answer
}
