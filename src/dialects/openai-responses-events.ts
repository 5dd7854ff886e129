/** The names of the events of a Responses stream that are read by a rule, not by their own name. */

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
