/** A transcript as the next request of a provider. */
import { toNative } from './to-native.ts'
import type { JsonObject } from './json.ts'
import type { AssistantMessage } from './message.ts'
import { checkMessages } from './options.ts'
import { encodeMessage, projectWith, type Projection } from './transcript/project.ts'
import type { RequestFacts, Target } from './transcript/target.ts'
import type { Transcript } from './transcript/transcript.ts'

/**
 * The conversation as `target` takes it: valid by all its rules, whatever happened to it. Pure, and the same transcript always gives the
 * same messages. Throws `MisuseError` for a target or an option that does not exist.
 */
export function project(transcript: Transcript, target: Target, facts: RequestFacts = {}): Projection {
  return projectWith(toNative, transcript, target, facts)
}

/**
 * One finished message as the request of `target` takes it: its `messages`, or the items of its `input`; none if nothing of it can be sent.
 * It is not repaired: a conversation that goes on after a cut, or with calls, is safer in a `Transcript`.
 */
export function toRequest(message: AssistantMessage, target: Target): JsonObject[] {
  checkMessages([message])
  return [...encodeMessage(toNative, message, target)]
}
