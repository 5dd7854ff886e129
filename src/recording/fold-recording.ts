/** A recording folded: with the status and the end that the recorded connection had. */
import type { AssistantMessage } from '../message.ts'
import type { AssembleOptions } from '../shell-options.ts'
import { assemble, type Turn } from '../turn.ts'
import type { Recording } from './format.ts'
import { responseOf } from './response-copy.ts'
import { responseHeaders, responseStatus } from './response-headers.ts'
import { replay, type ReplayOptions } from './replay.ts'

/** The recording as the response that it was recorded from: status, content type, kept headers, chunks, and the way it ended. */
export function replayResponse(recording: Recording, options: ReplayOptions = {}): Response {
  const chunks = replay(recording, options)[Symbol.asyncIterator]()
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await chunks.next()
      if (next.done) controller.close()
      else controller.enqueue(next.value)
    },
    async cancel() {
      await chunks.return?.()
    },
  })
  const { status, hasBody } = responseStatus(recording.header)
  return responseOf(hasBody ? body : null, { status }, responseHeaders(recording.header))
}

/** A turn that reads a recording. The dialect is found out anew: the header's is what the recorder took it for. */
export function assembleRecording(recording: Recording, options: AssembleOptions & ReplayOptions = {}): Turn {
  const { timing, sleep, ...assembleOptions } = options
  const played = { ...(timing === undefined ? {} : { timing }), ...(sleep === undefined ? {} : { sleep }) }
  const isFailure = (recording.header.response?.status ?? 200) >= 400
  return assemble(isFailure ? replayResponse(recording, played) : replay(recording, played), assembleOptions)
}

/** The message that a recording gives, without `timing`: what stands beside it as the message that it must give. */
export async function foldRecording(
  recording: Recording,
  options: AssembleOptions = {},
): Promise<Omit<AssistantMessage, 'timing'>> {
  const { timing: _timing, ...message } = await assembleRecording(recording, options).message()
  return message
}
