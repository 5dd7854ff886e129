/**
 * Reads the formats of plain text the simplest way that works on clean ones: texts joined, the last reason and the last counts win.
 * Imports nothing of what is tested but the type of a JSON value.
 */
import type { JsonObject } from '../../src/json.ts'
import { listOf, nothing, objectOf, textOf, type Simple } from './plain-wire.ts'

/** By the number of the answer: only Cohere's Command gives several. */
export function textAnswersOf(events: readonly JsonObject[]): Simple[] {
  const answers: Simple[] = []
  const answerOf = (index: number): Simple => (answers[index] ??= nothing())
  for (const event of events) {
    const generation = objectOf(listOf(event['generations'])[0])
    const index = 'is_finished' in event ? Number(event['index'] ?? 0) : 0
    answerOf(index).text +=
      textOf(event['outputText']) +
      textOf(event['completion']) +
      textOf(event['generation']) +
      textOf(event['text']) +
      textOf(generation['text']) +
      textOf(objectOf(event['token'])['text']) +
      textOf(event['content'])
    const details = objectOf(event['details'])
    const finish =
      textOf(event['completionReason']) ||
      textOf(event['stop_reason']) ||
      textOf(event['finish_reason']) ||
      textOf(generation['finish_reason']) ||
      textOf(details['finish_reason']) ||
      textOf(event['stop_type'])
    if (finish === '') continue
    const metrics = objectOf(event['amazon-bedrock-invocationMetrics'])
    const input = metrics['inputTokenCount'] ?? event['tokens_evaluated']
    const outputTokens = metrics['outputTokenCount'] ?? details['generated_tokens'] ?? event['tokens_predicted']
    for (const answer of answers) {
      answer.finish = finish
      answer.usage = { ...(input === undefined ? {} : { inputTokens: input }), outputTokens }
    }
  }
  return answers
}
