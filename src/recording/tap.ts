/** A stream that is recorded while somebody reads it. */
import { MisuseError } from '../errors.ts'
import { wordOf } from '../json.ts'
import { systemDate } from '../system.ts'
import type { RecordedEnding, RecordingHeader } from './format.ts'
import { checkHeader } from './lines.ts'
import { checkedRedactor } from './record-options.ts'
import { BodyRecorder, type RecordOptions } from './recorder.ts'
import { sinkOf, type RecordingTarget } from './sink.ts'

export interface TapOptions extends RecordOptions {
  /** What is known of the stream, for the header. What is written here is written as it is: it is the caller's. */
  readonly header?: Partial<Omit<RecordingHeader, 'onefold'>>
  /** Aborts where the reader of the stream gives up; what the stream throws then is recorded as `abort`. */
  readonly signal?: AbortSignal
}

/**
 * The same chunks (bytes or text), untouched and as they are asked for, and each is recorded on its way. The recording ends with `eof`; with
 * `reset` if the stream throws, which is thrown on; with `abort` if the reader leaves, or the stream throws an `AbortError`. Only what somebody
 * reads is recorded. A target that throws is told to `onError`, once, and disturbs nobody.
 *
 * Throws `MisuseError`: `bad_source` for what is no stream, `bad_argument` for what is no target, `bad_option` for an option that there is not,
 * a header that no reader would accept, and a pattern to redact that is none.
 */
export function tap<T extends Uint8Array | string>(
  stream: ReadableStream<T>,
  target: RecordingTarget,
  options?: TapOptions,
): ReadableStream<T>
export function tap<T extends Uint8Array | string>(
  stream: AsyncIterable<T>,
  target: RecordingTarget,
  options?: TapOptions,
): AsyncIterable<T>
export function tap<T extends Uint8Array | string>(
  stream: ReadableStream<T> | AsyncIterable<T>,
  target: RecordingTarget,
  options: TapOptions = {},
): ReadableStream<T> | AsyncIterable<T> {
  if (typeof stream !== 'object' || stream === null || !('getReader' in stream || Symbol.asyncIterator in stream)) {
    throw new MisuseError('bad_source', `tap takes a ReadableStream or an async iterable and got ${wordOf(stream)}`)
  }
  const redactor = checkedRedactor(options, ['header', 'signal'])
  const sink = sinkOf(target)
  const headerAt = (recordedAt: string): RecordingHeader => ({
    provenance: { kind: 'captured' },
    recordedAt,
    recordedBy: options.recordedBy ?? 'onefold',
    ...options.header,
    onefold: 1,
  })
  const { date = systemDate } = options
  checkHeader(headerAt(date()), (reason) => {
    throw new MisuseError('bad_option', `header: ${reason}; docs/recordings.md says what it may hold`)
  })
  const open = (): BodyRecorder => new BodyRecorder({ header: headerAt(date()), redactor }, sink, options)
  return 'getReader' in stream ? tapStream(stream, open(), options.signal) : tapIterable(stream, open, options.signal)
}

/** A stream whose chunks are handed to `recorder` on their way. It reads no more than is asked for. */
export function tapStream<T extends Uint8Array | string>(
  stream: ReadableStream<T>,
  recorder: BodyRecorder,
  signal?: AbortSignal,
): ReadableStream<T> {
  const reader = stream.getReader()
  return new ReadableStream<T>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          if (done) {
            recorder.end('eof')
            controller.close()
            return
          }
          recorder.chunk(bytesOf(value))
          controller.enqueue(value)
        } catch (error) {
          recorder.end(endingOf(error, signal))
          controller.error(error)
        }
      },
      cancel(reason) {
        recorder.end('abort')
        return reader.cancel(reason)
      },
    },
    // No chunk is read ahead of whoever reads.
    { highWaterMark: 0 },
  )
}

function tapIterable<T extends Uint8Array | string>(
  stream: AsyncIterable<T>,
  open: () => BodyRecorder,
  signal: AbortSignal | undefined,
): AsyncIterable<T> {
  return {
    async *[Symbol.asyncIterator]() {
      const recorder = open()
      let ending: RecordedEnding = 'abort'
      try {
        for await (const chunk of stream) {
          recorder.chunk(bytesOf(chunk))
          yield chunk
        }
        ending = 'eof'
      } catch (error) {
        ending = endingOf(error, signal)
        throw error
      } finally {
        recorder.end(ending)
      }
    },
  }
}

function bytesOf(chunk: Uint8Array | string): Uint8Array {
  return typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk
}

/** What a stream throws because its reader gave up is no fault of the connection. */
export function endingOf(error: unknown, signal?: AbortSignal): RecordedEnding {
  const name = error instanceof Error ? error.name : ''
  return signal?.aborted === true || name === 'AbortError' || name === 'TimeoutError' ? 'abort' : 'reset'
}
