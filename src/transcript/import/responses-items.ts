/** Output items of the Responses API as blocks, and what a message of them keeps to be written back. */
import { copyFields, isObject, nonEmpty, type JsonObject, type JsonValue } from '../../json.ts'
import type { ContentBlock, ThinkingPart } from '../../message.ts'
import { callBlock } from './blocks.ts'

/** The field that holds the arguments of a call that the client runs. */
const CALL_FIELDS: ReadonlyMap<string, string> = new Map([
  ['function_call', 'arguments'],
  ['custom_tool_call', 'input'],
  ['local_shell_call', 'action'],
  ['shell_call', 'action'],
  ['apply_patch_call', 'operation'],
  ['computer_call', 'action'],
])

/** The names of tools that the type of the call tells. */
const TOOL_NAMES: ReadonlyMap<string, string> = new Map([
  ['local_shell_call', 'local_shell'],
  ['shell_call', 'shell'],
  ['apply_patch_call', 'apply_patch'],
  ['computer_call', 'computer'],
])

/** What stands in an item for the agent itself. */
const NOT_SENT: ReadonlySet<string> = new Set(['internal_chat_message_metadata_passthrough', 'metadata'])

export interface ReadItems {
  readonly content: readonly ContentBlock[]
  readonly wire: JsonObject
}

/** The items of one answer of the model. */
export function readItems(items: readonly JsonObject[], key: string): ReadItems {
  const content: ContentBlock[] = []
  const kept: JsonObject = {}
  let calls = 0
  for (const [index, item] of items.entries()) {
    const place = String(index)
    const wire = copyFields(item, NOT_SENT)
    if (item.type === 'message') {
      delete wire.content
      content.push(...messageBlocks(item, place))
    } else if (item.type === 'reasoning') {
      if (thinkingParts(item, 'summary', 'summary').length > 0) delete wire.summary
      delete wire.content
      delete wire.encrypted_content
      content.push(thinkingBlock(item, place))
    } else {
      const block = itemBlock(item, place, `${key}#${calls}`)
      if (block.type === 'tool_call') calls += 1
      content.push(block)
    }
    kept[place] = wire
  }
  return { content, wire: { items: kept } }
}

function messageBlocks(item: JsonObject, place: string): readonly ContentBlock[] {
  const { content } = item
  const parts: JsonValue = typeof content === 'string' ? [{ type: 'output_text', text: content }] : (content ?? [])
  return (Array.isArray(parts) ? parts : []).flatMap((part, number): readonly ContentBlock[] => {
    if (!isObject(part)) return []
    const wire = { ...copyFields(part, new Set(['text', 'refusal'])), item: place, part: number }
    if (typeof part.text === 'string') return [{ type: 'text', text: part.text, wire }]
    if (typeof part.refusal === 'string') return [{ type: 'refusal', text: part.refusal, wire }]
    return [{ type: 'other', wire }]
  })
}

function thinkingBlock(item: JsonObject, place: string): ContentBlock {
  const parts = [...thinkingParts(item, 'summary', 'summary'), ...thinkingParts(item, 'content', 'full')]
  const encrypted = nonEmpty(item.encrypted_content)
  return {
    type: 'thinking',
    text: parts.map(({ text }) => text).join('\n\n'),
    ...(parts.length === 0 ? {} : { parts }),
    ...(encrypted === undefined ? {} : { encrypted }),
    wire: { item: place },
  }
}

function thinkingParts(item: JsonObject, field: string, kind: ThinkingPart['kind']): readonly ThinkingPart[] {
  const parts = item[field]
  return (Array.isArray(parts) ? parts : []).flatMap((part) =>
    isObject(part) && typeof part.text === 'string' ? [{ kind, text: part.text }] : [],
  )
}

function itemBlock(item: JsonObject, place: string, key: string): ContentBlock {
  const type = typeof item.type === 'string' ? item.type : ''
  const field = CALL_FIELDS.get(type)
  if (field === undefined) return { type: 'other', wire: { item: place } }
  const input = item[field]
  const call = callBlock({
    key,
    id: nonEmpty(item.call_id) ?? nonEmpty(item.id),
    name: nonEmpty(item.name) ?? TOOL_NAMES.get(type) ?? '',
    input,
    wire: { item: place },
  })
  if (type !== 'custom_tool_call') return call
  return { ...call, wire: { item: place, type }, state: 'complete', input: { input: call.arguments } }
}
