/** A message of the dialect `openai-responses` in the provider's own whole form: the Response that a request without streaming gives. */
import { copyFields, copyJson, isObject, type JsonObject, type JsonValue } from '../json.ts'
import type { AssistantMessage, ContentBlock, ThinkingBlock } from '../message.ts'
import { heldFields, textFieldOf } from './openai-responses-forms.ts'

export function toResponse(message: AssistantMessage): JsonObject {
  const { items: _items, id, event: _event, ...wire } = copyFields(message.wire)
  return {
    object: 'response',
    ...wire,
    ...(message.idSource === 'wire' ? { id: id ?? message.id } : {}),
    ...(message.model === undefined ? {} : { model: message.model }),
    output: itemsOf(message).map(({ item }) => item),
    ...(message.rawUsage === undefined ? {} : { usage: copyFields(message.rawUsage) }),
  }
}

/** The output items in their places, each in its own form, with the blocks that it holds. */
export function itemsOf({ wire, content }: AssistantMessage): { item: JsonObject; blocks: readonly ContentBlock[] }[] {
  const byItem = new Map<string, ContentBlock[]>()
  for (const block of content) {
    const key = typeof block.wire.item === 'string' ? block.wire.item : ''
    const known = byItem.get(key)
    if (known === undefined) byItem.set(key, [block])
    else known.push(block)
  }
  return Object.entries(isObject(wire.items) ? copyFields(wire.items) : {})
    .toSorted(([a], [b]) => byPlace(a, b))
    .map(([key, item]) => {
      const blocks = byItem.get(key) ?? []
      return { item: itemToNative(isObject(item) ? item : {}, blocks), blocks }
    })
}

/** Keys are output indexes; of several items under one index the later have a second number. */
function byPlace(a: string, b: string): number {
  const [index = 0, copy = 0] = a.split('.').map(Number)
  const [otherIndex = 0, otherCopy = 0] = b.split('.').map(Number)
  return index - otherIndex || copy - otherCopy
}

function itemToNative(item: JsonObject, blocks: readonly ContentBlock[]): JsonObject {
  const type = typeof item.type === 'string' ? item.type : ''
  if (type === 'message') {
    const parts = blocks.toSorted((a, b) => partNumber(a) - partNumber(b))
    return { ...item, content: parts.map(partToNative) }
  }
  const [block] = blocks
  if (block === undefined) return item
  if (block.type === 'thinking') return { ...item, ...reasoningOf(block, item) }
  if (block.type === 'media') return { ...item, ...fieldsIn(block.wire, heldFields(type)) }
  const field = textFieldOf(type)
  if (block.type !== 'tool_call' || field === undefined) return item
  return { ...item, [field]: block.arguments === '' ? (item[field] ?? '') : block.arguments }
}

function partNumber({ wire }: ContentBlock): number {
  return typeof wire.part === 'number' ? wire.part : 0
}

function partToNative(block: ContentBlock): JsonObject {
  const { item: _item, part: _part, annotations, ...wire } = copyFields(block.wire)
  if (block.type === 'text') {
    const citations = block.citations?.map((citation) => copyJson(citation) ?? null) ?? annotations
    return {
      type: 'output_text',
      ...wire,
      ...(citations === undefined ? {} : { annotations: citations }),
      text: block.text,
    }
  }
  if (block.type === 'refusal') return { type: 'refusal', ...wire, refusal: block.text }
  return wire
}

function reasoningOf(block: ThinkingBlock, item: JsonObject): JsonObject {
  const parts = (kind: 'summary' | 'full', type: string): JsonValue[] =>
    (block.parts ?? []).flatMap((part) => (part.kind === kind ? [{ type, text: part.text }] : []))
  const summary = parts('summary', 'summary_text')
  const content = parts('full', 'reasoning_text')
  return {
    ...(summary.length > 0 || item.summary !== undefined ? { summary } : {}),
    ...(content.length > 0 ? { content } : {}),
    ...(block.encrypted === undefined ? {} : { encrypted_content: block.encrypted }),
  }
}

function fieldsIn(wire: JsonObject, names: ReadonlySet<string>): JsonObject {
  return copyFields(Object.fromEntries(Object.entries(wire).filter(([name]) => names.has(name))))
}
