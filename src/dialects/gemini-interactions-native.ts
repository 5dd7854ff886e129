/** A message of the dialect `gemini-interactions` in the provider's own whole form: the Interaction. */
import { copyFields, copyJson, parseJson, type JsonObject, type JsonValue } from '../json.ts'
import type { AssistantMessage, ContentBlock } from '../message.ts'

export function toInteraction({ content, id, idSource, model, rawUsage, wire }: AssistantMessage): JsonValue {
  const steps: JsonObject[] = []
  let last: JsonValue | undefined
  for (const block of content) {
    const { step, ...own } = copyFields(block.wire)
    const isContent = own.type === 'model_output'
    const before = steps.at(-1)
    // What the model says in one step is several blocks.
    if (isContent && before !== undefined && step === last && Array.isArray(before.content)) {
      before.content.push(contentOf(block))
    } else steps.push(isContent ? outputOf(block, own) : stepOf(block, own))
    last = step
  }
  return {
    ...copyFields(wire),
    ...(idSource === 'wire' ? { id } : {}),
    ...(model === undefined ? {} : { model }),
    steps,
    ...(rawUsage === undefined ? {} : { usage: copyFields(rawUsage) }),
  }
}

function outputOf(block: ContentBlock, { content: _content, ...own }: JsonObject): JsonObject {
  return { ...own, content: [contentOf(block)] }
}

function contentOf(block: ContentBlock): JsonObject {
  if (block.type === 'text') {
    const { citations } = block
    const annotations = citations === undefined ? {} : { annotations: citations.map((item) => copyJson(item) ?? null) }
    return { type: 'text', text: block.text, ...annotations }
  }
  const own = block.wire.content
  const fields = typeof own === 'object' && own !== null ? copyFields(own) : {}
  if (block.type === 'media') return { ...fields, ...(block.data === undefined ? {} : { data: block.data }) }
  return { ...fields, ...('text' in block && block.text !== undefined ? { text: block.text } : {}) }
}

function stepOf(block: ContentBlock, wire: JsonObject): JsonObject {
  switch (block.type) {
    case 'thinking': {
      const others = Array.isArray(wire.summary) ? wire.summary : []
      const summary = [...(block.text === '' ? [] : [{ type: 'text', text: block.text }]), ...others]
      return {
        ...wire,
        ...(block.signature === undefined ? {} : { signature: block.signature }),
        ...(summary.length === 0 ? {} : { summary }),
      }
    }
    case 'tool_call': {
      const isNamed = block.name !== '' && wire.type !== `${block.name}_call`
      return {
        ...wire,
        ...(block.idSource === 'wire' ? { id: block.id } : {}),
        ...(isNamed ? { name: block.name } : {}),
        arguments: parseJson(block.arguments) ?? {},
      }
    }
    case 'tool_result':
      return {
        ...wire,
        ...(block.callId === undefined ? {} : { call_id: block.callId }),
        ...(block.content === undefined ? {} : { result: copyJson(block.content) ?? null }),
        ...(block.isError === undefined ? {} : { is_error: block.isError }),
      }
    case 'text':
    case 'refusal':
    case 'media':
    case 'other':
      return wire
    default: {
      const never: never = block
      return never
    }
  }
}
