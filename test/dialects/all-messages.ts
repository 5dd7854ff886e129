/** All messages of a stream of several answers. */
import { assemble } from '../../src/index.ts'
import type { AssistantMessage, Dialect } from '../../src/message.ts'

export async function allOf(
  dialect: Dialect,
  events: readonly unknown[],
): Promise<{ readonly messages: readonly AssistantMessage[] }> {
  return { messages: await assemble(events, { dialect }).messages() }
}
