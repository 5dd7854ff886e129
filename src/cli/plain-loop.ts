/**
 * The loop that many programs have for Anthropic streams, written with the care that it usually gets: the text of every text delta, a
 * call at every block stop, a message at every message_stop. It stands here to be compared with; do not use it.
 */
import { isObject, wordOf } from '../json.ts'

export interface PlainResult {
  readonly text: string
  /** The tools that it would have run, in order, with what it would have given them. */
  readonly calls: readonly string[]
  readonly messages: number
  readonly error: string | undefined
}

export function plainLoop(body: string): PlainResult {
  let text = ''
  const calls: string[] = []
  let messages = 0
  let tool: { name: string; json: string } | undefined
  try {
    for (const line of body.split('\n')) {
      if (!line.startsWith('data: ')) continue
      const event: unknown = JSON.parse(line.slice('data: '.length))
      if (!isObject(event)) continue
      const block = isObject(event.content_block) ? event.content_block : {}
      const delta = isObject(event.delta) ? event.delta : {}
      if (event.type === 'content_block_start' && block.type === 'tool_use')
        tool = { name: wordOf(block.name), json: '' }
      if (delta.type === 'text_delta') text += wordOf(delta.text)
      if (delta.type === 'input_json_delta' && tool !== undefined) tool.json += wordOf(delta.partial_json)
      if (event.type === 'content_block_stop' && tool !== undefined) {
        JSON.parse(tool.json || '{}')
        calls.push(tool.name)
      }
      if (event.type === 'message_stop') messages += 1
    }
  } catch (error) {
    return { text, calls, messages, error: error instanceof Error ? error.message : String(error) }
  }
  return { text, calls, messages, error: undefined }
}
