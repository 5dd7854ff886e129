/** The calls of the Responses API that the client answers, and the items that answer them. */
import type { JsonObject } from '../../json.ts'
import type { Call } from '../element.ts'

const OUTPUT_OF: ReadonlyMap<unknown, string> = new Map([
  ['function_call', 'function_call_output'],
  ['custom_tool_call', 'custom_tool_call_output'],
  ['local_shell_call', 'local_shell_call_output'],
  ['shell_call', 'shell_call_output'],
  ['apply_patch_call', 'apply_patch_call_output'],
  ['computer_call', 'computer_call_output'],
  ['tool_search_call', 'tool_search_output'],
])

/** The id that an output names; undefined for what is no call, or one that the provider runs. */
export function idOfCall(item: JsonObject): string | undefined {
  const isAnswered = item.type === 'tool_search_call' ? item.execution === 'client' : OUTPUT_OF.has(item.type)
  if (!isAnswered) return undefined
  return typeof item.call_id === 'string' ? item.call_id : ''
}

/** The field in which an output names its call: `id` in the oldest of them. */
export const outputField = (item: JsonObject): 'call_id' | 'id' =>
  item.type === 'local_shell_call_output' && item.call_id === undefined ? 'id' : 'call_id'

/** An output of the kind that its call has; one of another kind is told as text. */
export function outputFor(call: Call, item: JsonObject): JsonObject {
  const type = OUTPUT_OF.get(call.kind)
  if (type === undefined || item.type === type) return item
  const { output } = item
  return closingItem(call, typeof output === 'string' ? output : JSON.stringify(output ?? ''))
}

/** A picture of nothing, for a call whose only possible answer is a picture. */
const BLANK_IMAGE =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII='

/** The item that closes a call which has no result. */
export function closingItem({ id, kind }: Call, text: string): JsonObject {
  switch (kind) {
    case 'custom_tool_call':
      return { type: 'custom_tool_call_output', call_id: id, output: text }
    case 'local_shell_call':
      return { type: 'local_shell_call_output', id, output: JSON.stringify({ output: text }) }
    case 'shell_call':
      return {
        type: 'shell_call_output',
        call_id: id,
        output: [{ stdout: '', stderr: text, outcome: { type: 'exit', exit_code: 1 } }],
      }
    case 'apply_patch_call':
      return { type: 'apply_patch_call_output', call_id: id, status: 'failed', output: text }
    case 'computer_call':
      return {
        type: 'computer_call_output',
        call_id: id,
        output: { type: 'computer_screenshot', image_url: BLANK_IMAGE },
      }
    case 'tool_search_call':
      return { type: 'tool_search_output', call_id: id, execution: 'client', status: 'completed', tools: [] }
    default:
      return { type: 'function_call_output', call_id: id, output: text }
  }
}
