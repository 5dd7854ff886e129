/** Whether there is a message at all. */
import type { AssistantMessage } from '../message.ts'

/** False for a request that was refused, and for a stream that broke before anything came: there is nothing to write but its error. */
export function hasBegun(message: AssistantMessage): boolean {
  const { content, idSource, model, stop, rawUsage, outcome, wire } = message
  if (outcome.kind === 'complete' || content.length > 0 || idSource === 'wire' || model !== undefined) return true
  return stop.raw !== null || rawUsage !== undefined || Object.keys(wire).length > 0
}
