/**
 * Everything that a stream can be read from, brought to one form: something that gives chunks or provider events until it is over, and
 * that can be cancelled. No timers, no retries; what went wrong is told, not judged.
 */
import { excerpt } from './anomaly.ts'
import type { Ending } from './assembler/state.ts'
import { readError, reportsError } from './dialects/error.ts'
import { MisuseError } from './errors.ts'
import { isHarmlessHeader } from './headers.ts'
import { isObject, parseJson } from './json.ts'
import type { OutcomeError, ResponseFacts } from './message.ts'
import type { Cursor } from './turn-event.ts'

/** A piece of a body, or an event that somebody has decoded already. */
export type Chunk = Uint8Array | string | object

/**
 * What a turn can be read from: a `Response`, a `ReadableStream`, any iterable of bytes, text or provider events (an official SDK's
 * stream), the text of a body, or one whole JSON answer as an object.
 *
 * An object that cannot be iterated, but has a stream under `fullStream` or `stream`, is read from that: the result of the AI SDK's
 * `streamText`, the output of `ConverseStreamCommand`. Nothing else can be meant by it, since no event and no JSON answer holds something
 * that is async iterable; and of its other members none is part of the answer.
 */
export type Source =
  | Response
  | ReadableStream<Uint8Array | string>
  | AsyncIterable<Chunk>
  | Iterable<Chunk>
  | string
  | object

/** What the opener of a source is told. */
export interface Attempt {
  /** 1 for the first. */
  readonly number: number
  /** Fires when the turn ends, or gives this stream up: hand it to `fetch`. */
  readonly signal: AbortSignal
  /** How far the stream before it came. Who can, opens one that goes on from there; one that starts anew is recognised. */
  readonly cursor?: Cursor
}

export interface SourceReader {
  read(): Promise<{ readonly done: false; readonly chunk: Chunk } | { readonly done: true }>
  /** Ends the source as soon as it can; errors are of no interest any more. `isOver`: everything that matters has been read. */
  cancel(isOver?: boolean): void
  readonly response?: ResponseFacts
  /** The response is an error by its status; its body tells more. */
  readonly status?: number
}

/** A chunk as bytes, of whatever realm its buffer is; undefined if it is none. */
export function bytesOf(chunk: unknown): Uint8Array | undefined {
  if (chunk instanceof Uint8Array) return chunk
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  return isBuffer(chunk) ? new Uint8Array(chunk) : undefined
}

function isBuffer(chunk: unknown): chunk is ArrayBuffer {
  return Object.prototype.toString.call(chunk) === '[object ArrayBuffer]'
}

/** Throws `MisuseError('bad_source')` for what cannot be read. */
export function readerOf(source: Source): SourceReader {
  if (isResponse(source)) {
    const response = factsOf(source)
    if (source.bodyUsed) throw badSource('a response whose body was read already')
    const reader = source.body === null ? readOne('') : readerOf(source.body)
    return source.ok ? { ...reader, response } : { ...reader, response, status: source.status }
  }
  if (isReadableStream(source)) return readStream(source)
  if (typeof source === 'string' || bytesOf(source) !== undefined) return readOne(source)
  if (typeof source !== 'object' || source === null) throw badSource(source === null ? 'null' : typeof source)
  if (isBlob(source)) return readStream(source.stream())
  if (isAsyncIterable(source)) return readIterator(source[Symbol.asyncIterator](), endOf(source), isEventStream(source))
  if (isIterable(source)) return readIterator(source[Symbol.iterator]())
  const stream = streamIn(source)
  return stream === undefined ? readOne(source) : readerOf(stream)
}

/** The stream that an SDK's result holds. Each name is looked up once: a getter may make a new stream whenever it is asked. */
function streamIn(source: object): AsyncIterable<Chunk> | ReadableStream<Uint8Array | string> | undefined {
  for (const name of ['fullStream', 'stream']) {
    const member: unknown = name in source ? Reflect.get(source, name) : undefined
    if (typeof member !== 'object' || member === null) continue
    if (isAsyncIterable(member) || isReadableStream(member)) return member
  }
  return undefined
}

function badSource(what: string): MisuseError {
  return new MisuseError(
    'bad_source',
    `the source is ${what}; give a Response, a ReadableStream, an iterable of chunks or events, a text, or a whole answer`,
  )
}

function isResponse(source: Source): source is Response {
  return (
    typeof source === 'object' &&
    source !== null &&
    'status' in source &&
    'headers' in source &&
    'body' in source &&
    'bodyUsed' in source
  )
}

function isReadableStream(source: Source): source is ReadableStream<Uint8Array | string> {
  return (
    typeof source === 'object' && source !== null && 'getReader' in source && typeof source.getReader === 'function'
  )
}

function isBlob(source: object): source is Blob {
  return 'stream' in source && typeof source.stream === 'function' && 'size' in source && 'type' in source
}

function isAsyncIterable(source: object): source is AsyncIterable<Chunk> {
  return Symbol.asyncIterator in source && typeof source[Symbol.asyncIterator] === 'function'
}

function isIterable(source: object): source is Iterable<Chunk> {
  return Symbol.iterator in source && typeof source[Symbol.iterator] === 'function'
}

function readOne(chunk: Chunk): SourceReader {
  let isRead = false
  return {
    read() {
      const result = isRead ? ({ done: true } as const) : ({ done: false, chunk } as const)
      isRead = true
      return Promise.resolve(result)
    },
    cancel: () => undefined,
  }
}

function readStream(stream: ReadableStream<Uint8Array | string>): SourceReader {
  if (stream.locked) throw badSource('a stream that somebody else reads')
  const reader = stream.getReader()
  return {
    async read() {
      const { done, value } = await reader.read()
      return done ? { done: true } : { done: false, chunk: chunkOf(value) }
    },
    cancel: () => void reader.cancel().catch(() => undefined),
  }
}

/**
 * The event streams of the official SDKs tell a slow consumer of their events that they are over, but not that they failed; what they
 * give as `done` does.
 */
function endOf(source: object): () => Promise<unknown> {
  return isEventStream(source) ? () => source.done() : () => Promise.resolve()
}

function isEventStream(source: object): source is { done(): Promise<unknown> } {
  return 'emitted' in source && 'done' in source && typeof source.done === 'function'
}

function readIterator(
  iterator: AsyncIterator<Chunk> | Iterator<Chunk>,
  end: () => Promise<unknown> = () => Promise.resolve(),
  isShared = false,
): SourceReader {
  return {
    async read() {
      const { done, value } = await iterator.next()
      if (done) {
        await end()
        return { done: true }
      }
      return { done: false, chunk: chunkOf(value) }
    },
    cancel(isOver = false) {
      // Its owner may still wait for the same stream; leaving the iterator would abort it for both.
      if (!(isOver && isShared)) void stop(iterator).catch(() => undefined)
    },
  }
}

function chunkOf(value: unknown): Chunk {
  if (typeof value === 'string' || (typeof value === 'object' && value !== null)) return value
  throw badSource(`one that gives ${value === null || value === undefined ? String(value) : `a ${typeof value}`}`)
}

async function stop(iterator: AsyncIterator<Chunk> | Iterator<Chunk>): Promise<void> {
  await iterator.return?.()
}

/**
 * What a thrown value says about the end of the stream. The official SDKs throw what the provider reported. While a stream is `reading`,
 * what is thrown is a stream that broke; while it is `opening`, it may as well be an error of the program, which is told by its signs.
 */
export function endingOf(thrown: unknown, during: 'opening' | 'reading'): Ending {
  try {
    return readThrown(thrown, during)
  } catch {
    // It throws when it is looked at; that the source failed is all that is left to tell.
    return { kind: 'truncated', message: 'the source threw something that cannot be read' }
  }
}

function readThrown(thrown: unknown, during: 'opening' | 'reading'): Ending {
  if (typeof thrown !== 'object' || thrown === null) {
    return during === 'reading' ? { kind: 'truncated', message: String(thrown) } : mistake(String(thrown))
  }
  const name = 'name' in thrown ? String(thrown.name) : ''
  if (name === 'AbortError' || name === 'TimeoutError' || classOf(thrown) === 'APIUserAbortError') {
    return { kind: 'aborted', by: 'caller', reason: messageOf(thrown) }
  }
  const status = statusOf(thrown)
  const body = bodyOf(thrown, status)
  const isRefused = status !== undefined && (status < 200 || status > 299)
  if (isRefused || (body !== undefined && (status === undefined || reportsError({ payload: body })))) {
    const error = readError(body ?? { message: messageOf(thrown) }, isRefused ? status : undefined)
    return { kind: 'failed', error: withAdvice(error, headersOf(thrown)) }
  }
  if (status !== undefined || (during === 'reading' && isOfContent(thrown, name))) {
    const message = excerpt(`what came cannot be read by the SDK that gives the stream: ${messageOf(thrown)}`)
    return { kind: 'failed', error: { class: 'malformed', retryable: false, message } }
  }
  if ('$fault' in thrown) return { kind: 'failed', error: errorOfAws(thrown, name) }
  const isLanguageError = ['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError'].includes(name)
  const mayBeMistake = isLanguageError || during === 'opening'
  const isMistake = codeOf(thrown) === 'ERR_INVALID_URL' || (mayBeMistake && !isOfNetwork(thrown))
  return isMistake ? mistake(`${name}: ${messageOf(thrown)}`) : { kind: 'truncated', message: messageOf(thrown) }
}

/** The status under the names that the official SDKs have for it: of most, of Mistral's and Cohere's, of Ollama's. */
function statusOf(thrown: object): number | undefined {
  const named = [
    'status' in thrown ? thrown.status : undefined,
    'statusCode' in thrown ? thrown.statusCode : undefined,
    'status_code' in thrown ? thrown.status_code : undefined,
  ]
  return named.find((one): one is number => typeof one === 'number' && Number.isInteger(one))
}

/** What the provider sent: the SDKs give it as `error`, and Mistral's and Cohere's, of an answer with a status, as `body`. */
function bodyOf(thrown: object, status: number | undefined): unknown {
  if ('error' in thrown && typeof thrown.error === 'object' && thrown.error !== null) return thrown.error
  if (status === undefined || !('body' in thrown)) return undefined
  const { body } = thrown
  return typeof body === 'string' && body !== '' ? (parseJson(body) ?? body) : isObject(body) ? body : undefined
}

/**
 * An SDK threw since it could not read a payload: its JSON, or by the schema that it has for it. To send the request again brings the same,
 * so it is no fault of the network, whose errors have a code. Their names: of zod and valibot, of the generators of Mistral's and Cohere's
 * SDKs, of the AI SDK. An event of which only the beginning came never gets so far; all of these SDKs drop it, or say that it is incomplete.
 */
function isOfContent(thrown: object, name: string): boolean {
  if (codeOf(thrown) !== undefined) return false
  if (name === 'SyntaxError') return /\bJSON\b/.test(messageOf(thrown))
  return [name, classOf(thrown)].some((one) => /(Zod|ZodReal|Vali|Validation|JSONParse|Parse|Json)Error$/.test(one))
}

/** What AWS reports, also in the middle of a stream, its SDK throws; the name of it says what. */
function errorOfAws(thrown: object, type: string): OutcomeError {
  const metadata: unknown = '$metadata' in thrown ? thrown.$metadata : undefined
  const { httpStatusCode: status, requestId } = isObject(metadata) ? metadata : {}
  const body = { type, message: messageOf(thrown), request_id: requestId }
  const error = readError(body, typeof status === 'number' && status >= 400 ? status : undefined)
  return withAdvice(error, headersOf(thrown))
}

/** An error of the program that gives the stream. */
function mistake(message: string): Ending {
  return { kind: 'failed', error: { class: 'unknown', retryable: false, message } }
}

/** `fetch` throws a TypeError for what the network did, and the official SDKs an error of their own for what `fetch` threw. */
function isOfNetwork(thrown: object): boolean {
  return (
    codeOf(thrown) !== undefined ||
    /fetch|network|terminated|load failed|connect|socket|timed? ?out/i.test(`${classOf(thrown)} ${messageOf(thrown)}`)
  )
}

/** Node's name for what went wrong, of the error or of what caused it. */
function codeOf(thrown: object): string | undefined {
  const cause: unknown = 'cause' in thrown ? thrown.cause : undefined
  for (const one of [thrown, cause]) {
    if (typeof one === 'object' && one !== null && 'code' in one && typeof one.code === 'string') return one.code
  }
  return undefined
}

function classOf(thrown: object): string {
  return typeof thrown.constructor === 'function' ? thrown.constructor.name : ''
}

function messageOf(thrown: object): string {
  const message =
    'message' in thrown && typeof thrown.message === 'string' ? thrown.message : Object.prototype.toString.call(thrown)
  const cause = 'cause' in thrown && thrown.cause instanceof Error ? thrown.cause.message : ''
  return cause === '' || cause === message ? message : `${message}: ${cause}`
}

/** Characters of the body of a response that is an error; more of it says nothing. */
export const ERROR_BODY_LENGTH: number = 64 * 1024

/** The error that a response reports by its status, with what its body says. */
export function errorOfResponse(status: number, body: string, response: ResponseFacts | undefined): OutcomeError {
  const error = withAdvice(readError(parseJson(body) ?? body, status), (name) => response?.headers[name])
  return error.requestId === undefined && response?.requestId !== undefined
    ? { ...error, requestId: response.requestId }
    : error
}

type ReadHeader = (name: string) => string | undefined

/** What the headers of a response say about trying again. */
function withAdvice(error: OutcomeError, header: ReadHeader): OutcomeError {
  const retryAfterMs = retryAfterOf(header)
  // What the official SDKs go by, if a server sends it.
  const shouldRetry = header('x-should-retry')
  return {
    ...error,
    ...(shouldRetry === 'true' || shouldRetry === 'false' ? { retryable: shouldRetry === 'true' } : {}),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
}

function retryAfterOf(header: ReadHeader): number | undefined {
  const ms = Number(header('retry-after-ms'))
  if (Number.isFinite(ms) && ms > 0) return ms
  const after = header('retry-after')
  const seconds = Number(after)
  if (Number.isFinite(seconds)) return seconds > 0 ? seconds * 1000 : undefined
  // A date is read by the server's own clock.
  const wait = dateOf(after) - dateOf(header('date'))
  return wait > 0 ? wait : undefined
}

/** The headers that an official SDK's error brings along, by itself or in the response that it has. */
function headersOf(thrown: object): ReadHeader {
  const responses = [
    thrown,
    'rawResponse' in thrown ? thrown.rawResponse : undefined,
    '$response' in thrown ? thrown.$response : undefined,
  ]
  const all = responses.map((one): unknown =>
    typeof one === 'object' && one !== null && 'headers' in one ? one.headers : undefined,
  )
  return (name) => all.map((headers) => headerIn(headers, name)).find((value) => value !== undefined)
}

function headerIn(headers: unknown, name: string): string | undefined {
  if (headers instanceof Headers) return headers.get(name) ?? undefined
  const value = isObject(headers) ? headers[name] : undefined
  return typeof value === 'string' ? value : undefined
}

function dateOf(text = ''): number {
  // oxlint-disable-next-line no-restricted-globals -- it reads a text, not a clock
  return Date.parse(text)
}

/** What a response says about itself; of its headers the harmless ones. */
export function factsOf(response: Response): ResponseFacts {
  const headers: Record<string, string> = {}
  for (const [name, value] of response.headers) if (isHarmlessHeader(name)) headers[name] = value
  const requestId =
    response.headers.get('request-id') ??
    response.headers.get('x-request-id') ??
    response.headers.get('x-amzn-requestid')
  return { status: response.status, ...(requestId === null ? {} : { requestId }), headers }
}
