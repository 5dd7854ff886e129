/**
 * Reads streams of the Interactions API the simplest way that works on clean ones, to have something to compare with: a step per index,
 * deltas joined. Imports nothing of what is tested but the type of a JSON value.
 */
import type { JsonObject } from '../../src/json.ts'
import type { CorpusStream } from '../support/corpus.ts'
import { listOf, objectOf, textOf } from './gemini-wire.ts'

export function payloadsOf({ read }: Pick<CorpusStream, 'read'>): JsonObject[] {
  const lines = new TextDecoder().decode(read()).split('\n')
  const data = lines.map((line) => line.replace(/^data: /, '').trim()).filter((line) => line.startsWith('{'))
  return data.map((line) => objectOf(JSON.parse(line)))
}

/** The whole interaction that the events come to. */
export function interactionOf(payloads: readonly JsonObject[]): JsonObject {
  const steps: JsonObject[] = []
  const interaction: JsonObject = {}
  for (const payload of payloads) {
    const at = Number(payload['index'])
    const step = steps[at]
    if (payload['event_type'] === 'step.start') steps[at] = { ...objectOf(payload['step']) }
    else if (payload['event_type'] === 'step.delta' && step !== undefined) grow(step, objectOf(payload['delta']))
    Object.assign(interaction, objectOf(payload['interaction']))
  }
  return { ...interaction, steps }
}

function grow(step: JsonObject, delta: JsonObject): void {
  const { type, ...fields } = delta
  const content = listOf(step['content'])
  const last = objectOf(content.at(-1))
  if (type === 'text' && last['type'] === 'text') last['text'] = textOf(last['text']) + textOf(delta['text'])
  else if (type === 'text') step['content'] = [...content, { ...delta }]
  else if (type === 'text_annotation_delta') {
    last['annotations'] = [...listOf(last['annotations']), ...listOf(delta['annotations'])]
  } else if (type === 'arguments_delta') {
    step['arguments'] = textOf(step['arguments']) + textOf(delta['arguments'])
  } else Object.assign(step, fields)
}

/** The arguments of calls that came in pieces as the objects that they are. */
export function parsed(interaction: JsonObject): JsonObject {
  const steps = listOf(interaction['steps']).map(objectOf)
  return {
    ...interaction,
    steps: steps.map((step) =>
      typeof step['arguments'] === 'string' ? { ...step, arguments: JSON.parse(step['arguments']) } : step,
    ),
  }
}
