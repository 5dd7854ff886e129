/**
 * Recordings while streams go by.
 *
 * The rules: what goes by is neither changed nor delayed, and nothing that goes wrong with a recording is noticed by whoever reads; what is
 * written has no secrets in it.
 */
import { systemClock, type Clock } from '../system.ts'
import type { Opening, OpeningOptions } from './exchange.ts'
import type { RecordedEnding } from './format.ts'
import type { RedactedStream } from './redact.ts'
import { sinkOf, type RecordingSink, type RecordingTarget, type RecordingWriter } from './sink.ts'

export interface RecordOptions extends OpeningOptions {
  /** Told once for each recording that could not be written, or not to its end. What is recorded goes on. */
  readonly onError?: (error: unknown) => void
  /** What the times are of. Default: the clock of the system. */
  readonly clock?: Pick<Clock, 'now'>
  /** Gives the date and time for the header. Default: now. */
  readonly date?: () => string
}

type Part =
  | { readonly kind: 'chunk'; readonly ms: number; readonly bytes: Uint8Array }
  | { readonly kind: 'end'; readonly ms: number; readonly ending: RecordedEnding }

type State =
  | { readonly kind: 'waiting'; readonly parts: Part[] }
  | { readonly kind: 'open'; readonly writer: RecordingWriter; readonly stream: RedactedStream }
  | { readonly kind: 'over' }

/** Takes the body of one response as it goes by, and writes it down. Nothing here throws. */
export class BodyRecorder {
  readonly #sink: RecordingSink
  readonly #options: RecordOptions
  readonly #clock: Pick<Clock, 'now'>
  readonly #startedAt: number
  #state: State = { kind: 'waiting', parts: [] }
  /** Settles when everything was handed to the sink, or could not be. */
  readonly done: Promise<void>
  #settle: () => void = () => undefined

  /** `opening` may still be in the making while the body comes; `startedAt` is when the request was sent, on the clock of the options. */
  constructor(
    opening: Opening | Promise<Opening>,
    target: RecordingTarget,
    options: RecordOptions,
    startedAt?: number,
  ) {
    this.#sink = sinkOf(target)
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#startedAt = startedAt ?? this.#clock.now()
    this.done = new Promise((resolve) => (this.#settle = resolve))
    if (opening instanceof Promise) {
      opening.then(
        (known) => this.#open(known),
        (error: unknown) => this.#fail(error),
      )
    } else this.#open(opening)
  }

  chunk(bytes: Uint8Array): void {
    if (this.#state.kind === 'over') return
    this.#take({
      kind: 'chunk',
      ms: this.#now(),
      bytes: this.#state.kind === 'waiting' ? new Uint8Array(bytes) : bytes,
    })
  }

  /** Counts once. */
  end(ending: RecordedEnding): void {
    this.#take({ kind: 'end', ms: this.#now(), ending })
  }

  #now(): number {
    return Math.max(0, Math.round((this.#clock.now() - this.#startedAt) * 1000) / 1000)
  }

  #take(part: Part): void {
    const state = this.#state
    switch (state.kind) {
      case 'waiting':
        if (state.parts.at(-1)?.kind !== 'end') state.parts.push(part)
        return
      case 'open':
        this.#write(state, part)
        return
      case 'over':
        return
      default: {
        const never: never = state
        return never
      }
    }
  }

  #open({ header, redactor }: Opening): void {
    if (this.#state.kind !== 'waiting') return
    const { parts } = this.#state
    try {
      const writer = this.#sink.open(header)
      this.#state = { kind: 'open', writer, stream: redactor.stream((chunk) => writer.chunk(chunk)) }
    } catch (error) {
      this.#fail(error)
      return
    }
    for (const part of parts) this.#take(part)
  }

  #write({ writer, stream }: State & { kind: 'open' }, part: Part): void {
    try {
      if (part.kind === 'chunk') {
        stream.push(part.ms, part.bytes)
        return
      }
      this.#state = { kind: 'over' }
      stream.flush()
      writer.end(part.ending, part.ms)
      this.#settle()
    } catch (error) {
      this.#fail(error)
    }
  }

  #fail(error: unknown): void {
    this.#state = { kind: 'over' }
    this.#settle()
    tell(this.#options, error)
  }
}

/** Tells `onError`. */
export function tell({ onError }: RecordOptions, error: unknown): void {
  try {
    onError?.(error)
  } catch {
    // Whoever is told may fail as well; the stream goes on.
  }
}
