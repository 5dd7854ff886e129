/**
 * What the output items of a Responses stream are in neutral terms, and which of their fields hold the text that streams. All other
 * fields of an item stand in `message.wire.items`, so that it can be written back as it was.
 */
import { RUN_BY_CLIENT } from '../responses-calls.ts'
import { copyFields, copyJson, isObject, jsonText, nonEmpty, type JsonObject, type JsonValue } from '../json.ts'
import type { BlockKind } from '../message.ts'
import type { BlockFields, PartName } from '../operation.ts'
import { numberOf } from './openai-responses-items.ts'

/** The field of an item that its deltas write, by the item's type. */
const TEXT_FIELDS: ReadonlyMap<string, string> = new Map([
  ['function_call', 'arguments'],
  ['mcp_call', 'arguments'],
  ['custom_tool_call', 'input'],
  ['code_interpreter_call', 'code'],
  ['program', 'code'],
])

/** Calls of which the wire gives no name: the tool is told by the type. */
const UNNAMED_CALLS: ReadonlyMap<string, string> = new Map([
  ['code_interpreter_call', 'code_interpreter'],
  ['program', 'program'],
])

/** Calls whose input is a field with a JSON value, by type: the tool's name, and the fields in which the input may stand. */
const STRUCTURED_CALLS: ReadonlyMap<string, { readonly name: string; readonly inputs: readonly string[] }> = new Map([
  ['web_search_call', { name: 'web_search', inputs: ['action', 'arguments'] }],
  ['file_search_call', { name: 'file_search', inputs: ['queries'] }],
  ['computer_call', { name: 'computer', inputs: ['action', 'actions'] }],
  ['local_shell_call', { name: 'local_shell', inputs: ['action'] }],
  ['shell_call', { name: 'shell', inputs: ['action'] }],
  ['apply_patch_call', { name: 'apply_patch', inputs: ['operation'] }],
  ['tool_search_call', { name: 'tool_search', inputs: ['arguments'] }],
])

/** Items that are known and have no neutral form. */
const OPAQUE_TYPES: ReadonlySet<string> = new Set([
  'mcp_list_tools',
  'mcp_approval_request',
  'mcp_approval_response',
  'additional_tools',
  'compaction',
])

/** An item as a block. Of a message, whose parts are blocks of their own, there is none. */
export interface ItemForm {
  readonly kind: BlockKind
  readonly fields: BlockFields
  readonly text?: string
  readonly parts?: readonly { readonly part: PartName; readonly text: string }[]
  /** What stands in the block's own wire fields. */
  readonly wire?: JsonObject
  readonly isUnknown?: true
}

/** `isForeign`: the item is a call of a tool that is not the client's, as the tools of the response tell. */
export function readItem(item: JsonObject, isForeign: (item: JsonObject) => boolean): ItemForm | undefined {
  const type = typeof item.type === 'string' ? item.type : ''
  if (type === 'message') return undefined
  if (type === 'reasoning') {
    return { kind: 'thinking', fields: { encrypted: nonEmpty(item.encrypted_content) ?? null }, parts: readParts(item) }
  }
  if (type === 'image_generation_call') {
    return { kind: 'media', fields: {}, wire: isObject(item) && item.result ? copyFields({ result: item.result }) : {} }
  }
  const field = TEXT_FIELDS.get(type)
  if (field !== undefined) return readCall(item, type, field, isForeign)
  const structured = STRUCTURED_CALLS.get(type)
  if (structured !== undefined) {
    // The id under which the client has to answer changes with the whole item. A call without a name is held until then.
    const isNamed = item.execution !== 'client' || item.status !== 'in_progress'
    const name = isNamed ? (nonEmpty(item.name) ?? structured.name) : null
    return {
      kind: 'tool_call',
      fields: { ...(isNamed ? idsOf(item) : {}), name, origin: originOf(item, type) },
      ...inputOf(item, structured.inputs),
    }
  }
  if (type.endsWith('_output')) {
    const content = copyJson(item.output ?? item.result ?? item.tools)
    return {
      kind: 'tool_result',
      fields: {
        callId: nonEmpty(item.call_id) ?? nonEmpty(item.id) ?? null,
        ...(content === undefined ? {} : { content }),
        ...(item.status === 'failed' ? { isError: true } : {}),
      },
    }
  }
  return { kind: 'other', fields: {}, ...(OPAQUE_TYPES.has(type) ? {} : { isUnknown: true }) }
}

function readCall(item: JsonObject, type: string, field: string, isForeign: (item: JsonObject) => boolean): ItemForm {
  const isClients = RUN_BY_CLIENT.has(type) && !isForeign(item)
  return {
    kind: 'tool_call',
    fields: {
      ...idsOf(item),
      name: nonEmpty(item.name) ?? UNNAMED_CALLS.get(type) ?? null,
      origin: isClients ? 'client' : 'provider',
      ...(field === 'arguments' ? {} : { freeText: field }),
    },
    ...textIn(item[field]),
  }
}

/** Arguments are JSON as text; some servers send the value itself. */
export function textIn(value: JsonValue | undefined): { text?: string } {
  const text = value === null ? undefined : jsonText(value)
  return text === undefined ? {} : { text }
}

/** A call is answered under its call id; one that the provider runs may have only the id of its item. */
function idsOf(item: JsonObject): { id: string | null } {
  return { id: nonEmpty(item.call_id) ?? nonEmpty(item.id) ?? null }
}

/** Who runs a call of a tool that OpenAI defines: as a rule its name tells, for some the item does. */
function originOf(item: JsonObject, type: string): 'client' | 'provider' {
  if (type === 'tool_search_call') return item.execution === 'client' ? 'client' : 'provider'
  const environment = isObject(item.environment) ? item.environment.type : undefined
  if (typeof environment === 'string' && environment.startsWith('container')) return 'provider'
  return RUN_BY_CLIENT.has(type) ? 'client' : 'provider'
}

function inputOf(item: JsonObject, names: readonly string[]): { text?: string } {
  for (const name of names) {
    const value = item[name]
    if (typeof value === 'string' && value !== '') return { text: value }
    if (isObject(value)) return { text: JSON.stringify(copyFields(value)) }
    if (Array.isArray(value)) return { text: JSON.stringify(copyFields({ [name]: value })) }
  }
  return {}
}

function readParts(item: JsonObject): { part: PartName; text: string }[] {
  return [...textsOf(item.summary, 'summary'), ...textsOf(item.content, 'full')]
}

function textsOf(list: JsonValue | undefined, kind: PartName['kind']): { part: PartName; text: string }[] {
  return (Array.isArray(list) ? list : []).map((part, index) => ({
    part: { kind, index },
    text: isObject(part) && typeof part.text === 'string' ? part.text : '',
  }))
}

function isOdd(list: JsonValue | undefined): boolean {
  return list !== undefined && list !== null && list !== '' && !Array.isArray(list)
}

/** Whether what should be a list of texts is something else that says something. */
export function isMisshapen({ type, content, summary }: JsonObject): boolean {
  if (type === 'message') return isOdd(content)
  if (type !== 'reasoning') return false
  return [summary, content].some((list) => isOdd(list) || (Array.isArray(list) && !list.every(isObject)))
}

/**
 * The fields of an item that stand in `message.wire.items`: all but what its block holds. Of that stays what is empty, to be filled again,
 * but for the text of a call, which is a text anyway.
 */
export function fieldsOfItem(item: JsonObject): JsonObject {
  const type = typeof item.type === 'string' ? item.type : ''
  const held = heldFields(type)
  const fields = copyFields(item, held)
  for (const name of held) {
    const value = item[name]
    if (value === undefined) continue
    if (Array.isArray(value)) fields[name] = []
    else if (value === null || (value === '' && !TEXT_FIELDS.has(type))) fields[name] = value
  }
  return fields
}

/** The fields that an item's blocks hold. */
export function heldFields(type: string): ReadonlySet<string> {
  if (type === 'message') return HELD_BY_MESSAGE
  if (type === 'reasoning') return HELD_BY_REASONING
  if (type === 'image_generation_call') return HELD_BY_IMAGE
  const field = TEXT_FIELDS.get(type)
  return field === undefined ? NONE : new Set([field])
}
const HELD_BY_MESSAGE: ReadonlySet<string> = new Set(['content'])
const HELD_BY_REASONING: ReadonlySet<string> = new Set(['summary', 'content', 'encrypted_content'])
const HELD_BY_IMAGE: ReadonlySet<string> = new Set(['result'])
const NONE: ReadonlySet<string> = new Set()

/** The field of an item that its deltas write. */
export function textFieldOf(type: string): string | undefined {
  return TEXT_FIELDS.get(type)
}

/** A content part of a message as a block. */
export interface PartForm {
  readonly kind: 'text' | 'refusal' | 'other'
  readonly text?: string
  readonly items?: readonly JsonValue[]
  readonly wire: JsonObject
}

const NOT_TEXT_WIRE: ReadonlySet<string> = new Set(['type', 'text', 'annotations'])
const NOT_REFUSAL_WIRE: ReadonlySet<string> = new Set(['type', 'refusal'])

export function readPart(part: JsonObject): PartForm {
  if (part.type === 'output_text' || part.type === 'text') {
    const { annotations } = part
    return {
      kind: 'text',
      ...(typeof part.text === 'string' ? { text: part.text } : {}),
      ...(Array.isArray(annotations) ? { items: annotations } : {}),
      // Whether there was a list at all, to be written back so.
      wire: { ...copyFields(part, NOT_TEXT_WIRE), ...(Array.isArray(annotations) ? { annotations: [] } : {}) },
    }
  }
  if (part.type === 'refusal') {
    const text = typeof part.refusal === 'string' ? { text: part.refusal } : {}
    return { kind: 'refusal', ...text, wire: copyFields(part, NOT_REFUSAL_WIRE) }
  }
  return { kind: 'other', wire: copyFields(part) }
}

/** A message without any text, as some servers put it in place of what they streamed. */
export function isHollow(item: JsonObject): boolean {
  if (item.type !== 'message' || !Array.isArray(item.content)) return false
  return item.content.every((part) => isObject(part) && !part.text && !part.refusal)
}

const NOT_META: ReadonlySet<string> = new Set(['id', 'model', 'output', 'output_text', '_request_id'])
const NOT_META_WITH_USAGE: ReadonlySet<string> = new Set([...NOT_META, 'usage'])

/** The response's own fields. A usage that is not there yet is one of them. */
export function fieldsOfResponse(response: JsonObject): JsonObject {
  return copyFields(response, isObject(response.usage) ? NOT_META_WITH_USAGE : NOT_META)
}

/** The part of a reasoning item that an event names. */
export function reasoningPart(event: JsonObject, kind: PartName['kind']): PartName {
  return { kind, index: numberOf(kind === 'summary' ? event.summary_index : event.content_index) ?? 0 }
}

/** Whose response it is, as far as it says. */
export function identityOf({ id, model }: JsonObject): { id?: string; model?: string } {
  return {
    ...(typeof id === 'string' && id !== '' ? { id } : {}),
    ...(typeof model === 'string' && model !== '' ? { model } : {}),
  }
}
