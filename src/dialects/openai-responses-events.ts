/** The events of a Responses stream: which of them tell what stream it is, and the names of those that are read by a rule. */
import { isObject, type JsonObject } from '../json.ts'
import type { Beginning, ProviderEvent } from './dialect.ts'

/** Deltas of an item's one text, and the field in which the done event has the whole; by the type of the item that they are about. */
export const TEXT_EVENTS: ReadonlyMap<string, { readonly type: string; readonly field: string }> = new Map([
  ['response.function_call_arguments', { type: 'function_call', field: 'arguments' }],
  ['response.mcp_call_arguments', { type: 'mcp_call', field: 'arguments' }],
  ['response.custom_tool_call_input', { type: 'custom_tool_call', field: 'input' }],
  ['response.code_interpreter_call_code', { type: 'code_interpreter_call', field: 'code' }],
])

/** Events that tell how a call gets on. */
export const STATUS_EVENT: RegExp =
  /^response\.(\w+_call)\.(in_progress|searching|interpreting|generating|completed|failed)$/

/** Events whose content another event brings whole. */
export const PREVIEW_EVENT: RegExp =
  /^response\.(image_generation_call\.partial_image|mcp_list_tools\.(in_progress|completed|failed)|shell_call_\w+\.(added|delta|done)|apply_patch_call_\w+\.(delta|done)|audio\.(transcript\.)?done)$/

/** What of a last event is not a fact beside the response. */
export const NOT_EVENT: ReadonlySet<string> = new Set(['type', 'response', 'sequence_number'])

export function looksLike({ payload, name }: ProviderEvent): 'yes' | 'no' | 'maybe' | 'empty' {
  if (!isObject(payload)) return 'no'
  const type = payload.type ?? name
  if (type === 'keepalive') return 'empty'
  if (typeof type === 'string' && type.startsWith('response.') && type !== 'response.error') return 'yes'
  return payload.object === 'response' && Array.isArray(payload.output) ? 'yes' : 'no'
}

/** A stream that is asked for from a number on does not say again what response it is of. */
export function begins({ payload, name }: ProviderEvent, known: string | undefined): Beginning {
  if (!isObject(payload)) return 'unknown'
  const type = payload.type ?? name
  if (type === 'keepalive') return 'unknown'
  const response = type === 'response.created' ? payload.response : payload.object === 'response' ? payload : undefined
  if (response === undefined) return 'nothing'
  return known !== undefined && isObject(response) && response.id === known ? 'same' : 'other'
}

/** Whether an event that names an error does nothing else. A response that failed does, whole or in an event of its own. */
export function isReport(type: string, event: JsonObject): boolean {
  return event.object !== 'response' && (!type.startsWith('response.') || type === 'response.error')
}
