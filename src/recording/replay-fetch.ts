/** Recordings behind the signature of `fetch`, for an SDK in a test: no socket, no server, no provider. */
import { MisuseError } from '../errors.ts'
import { wordOf } from '../json.ts'
import type { Fetch } from './fetch.ts'
import type { Recording } from './format.ts'
import { checkMatch, type MatchOptions } from './matching.ts'
import { openSession, type ReplaySession } from './replay-session.ts'
import { paced, play, type BrokenEnd, type ReplayOptions } from './replay.ts'
import { responseHeaders, responseStatus, sendable } from './response-headers.ts'
import { storedFrom, type StoredRecording } from './stored.ts'

export interface ReplayFetchOptions extends MatchOptions, ReplayOptions {
  /**
   * What becomes of a request that no recording answers. `answer` (the default): the status 404 with an error in the form of the API, whose
   * message says what was asked and what there is. `throw`: a `MisuseError('no_recording')` with the same message; SDKs take what a fetch
   * throws for a lost connection, try again and hide the message behind one of their own.
   */
  readonly missing?: 'answer' | 'throw'
}

/**
 * A `fetch` that answers from recordings, chosen as the replay server chooses them (docs/recordings.md, "Matching"): with the recorded
 * status, content type, kept headers and boundaries. `signal` is honoured. A recorded reset breaks the body with the error that undici
 * gives; so does a recorded abort, since nobody gave up this time.
 *
 * Throws `MisuseError('bad_argument')` for what is no recording, and `MisuseError('bad_option')` for a timing that needs a `sleep`, and
 * for another option that has no such value.
 */
export function replayFetch(
  recordings: Recording | StoredRecording | readonly (Recording | StoredRecording)[],
  options: ReplayFetchOptions = {},
): Fetch {
  const given: readonly (Recording | StoredRecording)[] = isList(recordings) ? recordings : [recordings]
  const stored = given.map((recording, index) => storedFrom(recording, index + 1, 'replayFetch'))
  const wait = paced(options)
  checkMatch(options)
  const { missing = 'answer' } = options
  if (missing !== 'answer' && missing !== 'throw') {
    throw new MisuseError('bad_option', `missing: ${wordOf(missing)} is neither answer nor throw`)
  }
  let session: Promise<ReplaySession> | undefined
  return async (input, init) => {
    const request = await requestOf(input, init)
    session ??= openSession(stored, options)
    const reply = await (await session).reply(request.method, request.path, request.body)
    request.signal?.throwIfAborted()
    if (reply.kind === 'missing' && missing === 'throw') throw new MisuseError('no_recording', reply.why)
    const { header, name } = reply.recording
    const { status, hasBody } = responseStatus(header)
    const headers = new Headers(responseHeaders(header))
    if (reply.kind !== 'made') headers.set('x-onefold-recording', sendable(name))
    if (reply.kind === 'missing') headers.set('x-should-retry', 'false')
    const body = hasBody ? bodyOf(reply.recording, wait, request.signal) : null
    return new Response(body, { status, headers })
  }
}

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value)
}

interface SentRequest {
  readonly method: string
  readonly path: string
  readonly body: string
  readonly signal: AbortSignal | undefined
}

async function requestOf(input: string | URL | Request, init: RequestInit | undefined): Promise<SentRequest> {
  const request = new Request(input, init)
  // The signal of a Request is one of its own, which follows the caller's with its reason.
  const { signal, method, url } = request
  signal.throwIfAborted()
  const { pathname, search } = new URL(url)
  const text = await request.text()
  return { method, path: pathname + search, body: text, signal }
}

function bodyOf(
  recording: StoredRecording,
  wait: (ms: number, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal | undefined,
): ReadableStream<Uint8Array> {
  const left = new AbortController()
  const played = play(recording, wait, left.signal, terminated)
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        signal?.addEventListener(
          'abort',
          () => {
            left.abort()
            played.return(undefined).catch(() => undefined)
            // The caller's own reason, as fetch gives it.
            controller.error(signal.reason)
          },
          { once: true, signal: left.signal },
        )
      },
      async pull(controller) {
        const next = await played.next()
        if (left.signal.aborted) return
        if (next.done !== true) return controller.enqueue(next.value)
        left.abort()
        controller.close()
      },
      async cancel() {
        left.abort()
        await played.return(undefined)
      },
    },
    { highWaterMark: 0 },
  )
}

/** What undici gives where a connection breaks in mid-body; the official SDKs know it by this. */
function terminated({ damage }: BrokenEnd): TypeError {
  const reason = damage === undefined ? 'the recorded connection was reset' : `line ${damage.line}: ${damage.reason}`
  const cause = Object.assign(new Error(reason), { code: 'ECONNRESET' })
  return new TypeError('terminated', { cause })
}
