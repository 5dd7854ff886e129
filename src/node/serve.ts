/** A recording as the answer to a request: its status, its chunks, the way it ended. */
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { untilOf } from '../recording/pace.ts'
import { responseHeaders, responseStatus } from '../recording/response-headers.ts'
import type { StoredRecording } from '../recording/stored.ts'

export interface ServeOptions {
  /** The recorded gaps are multiplied with it: 0 waits for nothing, 1 is as recorded. */
  readonly pace: number
  /** Sent besides the recorded ones. */
  readonly headers?: Readonly<Record<string, string>>
  /** Fires where the server shuts down. */
  readonly signal?: AbortSignal
}

/** How serving ended: as recorded, or the client left before. */
export type Served = 'eof' | 'reset' | 'abort' | 'client_left'

/**
 * Writes a recording as the response, each chunk in one write. A recorded `reset` breaks the connection behind the last byte; so does
 * `abort`, where the client that was recorded gave up and this one has not.
 */
export async function serve(
  recording: StoredRecording,
  response: ServerResponse,
  { pace, headers, signal }: ServeOptions,
): Promise<Served> {
  const left = new AbortController()
  const leave = (): void => left.abort()
  response.once('close', leave)
  signal?.addEventListener('abort', leave, { once: true })
  response.writeHead(responseStatus(recording.header).status, { ...responseHeaders(recording.header), ...headers })
  response.flushHeaders()
  const waitUntil = untilOf(async (gap) => {
    if (pace === 0) return
    await wait(Math.min(gap * pace, LONGEST_WAIT), undefined, { signal: left.signal }).catch(() => undefined)
  })
  try {
    for await (const part of recording.parts()) {
      if (part.kind === 'chunk') {
        await waitUntil(part.chunk.ms)
        if (left.signal.aborted) return 'client_left'
        if (!response.write(part.chunk.bytes))
          await once(response, 'drain', { signal: left.signal }).catch(() => undefined)
        continue
      }
      if (part.ms !== undefined) await waitUntil(part.ms)
      if (left.signal.aborted) return 'client_left'
      if (part.ending === 'eof') response.end()
      else await breakOff(response)
      return part.ending
    }
    return 'reset'
  } finally {
    response.off('close', leave)
    signal?.removeEventListener('abort', leave)
  }
}

/** Node takes a longer one for 1 ms. */
const LONGEST_WAIT = 2 ** 31 - 1

/** Closes the connection without the end of the body. A reset in the sense of TCP would take along bytes that are still on their way. */
async function breakOff(response: ServerResponse): Promise<void> {
  await new Promise((resolve) => response.write('', resolve))
  response.socket?.destroy()
}
