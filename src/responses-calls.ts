/** What of OpenAI's Responses both a stream and a history must know. */

/** The types of items that ask the client to run something. */
export const RUN_BY_CLIENT: ReadonlySet<string> = new Set([
  'function_call',
  'custom_tool_call',
  'computer_call',
  'local_shell_call',
  'shell_call',
  'apply_patch_call',
])
