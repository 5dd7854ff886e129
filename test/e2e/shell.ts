/** A message without what only a shell knows of it: times, and what the HTTP response was. */
import type { AssistantMessage } from '../../src/message.ts'

export function withoutShell({ timing: _timing, response: _response, ...message }: AssistantMessage): unknown {
  return message
}
