/** A `fetch` that records what comes back. */
import { MisuseError } from '../errors.ts'
import { wordOf } from '../json.ts'
import { systemClock, systemDate } from '../system.ts'
import { LARGEST_BODY, openingOf, type AskedBody } from './exchange.ts'
import type { Fetch } from './fetch.ts'
import { BodyRecorder, tell, type RecordOptions } from './recorder.ts'
import { checkedRedactor } from './record-options.ts'
import { copyOf } from './response-copy.ts'
import { sinkOf, type RecordingTarget } from './sink.ts'
import { tapStream } from './tap.ts'

/**
 * A `fetch` that hands everything to the one it is given and records each response, whatever its status, streamed or whole, as it is read.
 * The request is not disturbed, nor is a chunk delayed; what is thrown is thrown on, and a request that gets no response is not recorded.
 * A target that throws is told to `onError` and disturbs nobody, and so is a response whose body is no web stream, which is not recorded.
 *
 * Throws `MisuseError`: `bad_argument` for what is no `fetch` or no target, `bad_option` for an option that there is not, and a pattern to redact
 * that is none.
 */
export function recordingFetch(fetch: Fetch, target: RecordingTarget, options: RecordOptions = {}): Fetch {
  if (typeof fetch !== 'function') {
    throw new MisuseError(
      'bad_argument',
      `recordingFetch takes a fetch and a target, and got ${wordOf(fetch)} as fetch`,
    )
  }
  // Not with the first response: whoever names a pattern is told at once.
  checkedRedactor(options, [])
  const sink = sinkOf(target)
  let requests = 0
  return async (input, init) => {
    requests += 1
    const order = requests
    const { clock = systemClock, date = systemDate } = options
    const [startedAt, recordedAt] = [clock.now(), date()]
    const request = input instanceof Request ? input : undefined
    const url = new URL(
      typeof input === 'string' ? input : input instanceof Request ? input.url : input.href,
      'http://localhost',
    )
    const method = (init?.method ?? request?.method ?? 'GET').toUpperCase()
    const headers = new Headers(init?.headers ?? request?.headers ?? {})
    const { body, sent } = bodyOf(request, init)
    const response = await fetch(input, sent)
    if (response.body !== null && typeof response.body?.getReader !== 'function') {
      tell(
        options,
        new TypeError(`${method} ${url.host}: not recorded, since the body of the response is no web stream`),
      )
      return response
    }
    const opening = body.then((asked) =>
      openingOf(
        { method, path: url.pathname + url.search, headers, body: asked, from: url.host, order, recordedAt },
        { status: response.status, headers: response.headers },
        options,
      ),
    )
    const recorder = new BodyRecorder(opening, sink, options, startedAt)
    if (response.body === null) {
      recorder.end('eof')
      return response
    }
    return copyOf(response, tapStream(response.body, recorder, init?.signal ?? request?.signal))
  }
}

interface Sent {
  readonly body: Promise<AskedBody>
  /** What is handed on: the same, but for a body that can be read once only. */
  readonly sent: RequestInit | undefined
}

/** What is sent, to be read beside the sending. */
function bodyOf(request: Request | undefined, init: RequestInit | undefined): Sent {
  const body = init?.body
  if (body === undefined || body === null) {
    const isEmpty = request === undefined || request.body === null || request.bodyUsed
    return { body: isEmpty ? known(new Uint8Array()) : readAll(request.clone().body), sent: init }
  }
  if (typeof body === 'string') return { body: known(new TextEncoder().encode(body)), sent: init }
  if (ArrayBuffer.isView(body)) {
    return { body: known(new Uint8Array(new Uint8Array(body.buffer, body.byteOffset, body.byteLength))), sent: init }
  }
  if (body instanceof ReadableStream) {
    const [own, others] = body.tee()
    return { body: readAll(own), sent: { ...init, body: others } }
  }
  if (Symbol.asyncIterator in body)
    return { body: Promise.resolve({ kind: 'left_out', size: 0, why: 'unreadable' }), sent: init }
  return { body: readAll(new Response(body).body), sent: init }
}

function known(bytes: Uint8Array): Promise<AskedBody> {
  return Promise.resolve({ kind: 'bytes', bytes })
}

async function readAll(stream: ReadableStream<Uint8Array> | null): Promise<AskedBody> {
  const pieces: Uint8Array[] = []
  let size = 0
  try {
    for await (const piece of stream ?? []) {
      size += piece.length
      if (size <= LARGEST_BODY) pieces.push(piece)
    }
  } catch {
    return { kind: 'left_out', size, why: 'incomplete' }
  }
  if (size > LARGEST_BODY) return { kind: 'left_out', size, why: 'too_large' }
  return { kind: 'bytes', bytes: joinedBytes(pieces, size) }
}

function joinedBytes(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
