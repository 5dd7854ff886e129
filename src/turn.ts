/// <reference lib="esnext.disposable" preserve="true" />
/**
 * The async shell around the fold: reads a source, serves any number of readers, stops at once when told to. It reads only while
 * somebody wants events, and nothing that a provider or a network does makes it reject.
 */
import type { Anomaly } from './anomaly.ts'
import type { Ending } from './assembler/state.ts'
import type { PartialInput } from './assembler/tool-input.ts'
import { MisuseError } from './errors.ts'
import { Fold } from './fold.ts'
import { wordOf } from './json.ts'
import type { AssistantMessage, Dialect, MessageSnapshot, ResponseFacts, Timing } from './message.ts'
import {
  bytesOf,
  endingOf,
  errorOfResponse,
  readerOf,
  type Attempt,
  type Chunk,
  type Source,
  type SourceReader,
} from './source.ts'
import type { FoldOptions } from './options.ts'
import { Reader } from './reader.ts'
import { systemClock, type Clock } from './system.ts'
import type { TurnEvent } from './turn-event.ts'

export interface AssembleOptions<D extends Dialect = Dialect> extends FoldOptions<D> {
  /** Aborts the turn; what has arrived is kept. */
  readonly signal?: AbortSignal
  /** A clock in milliseconds, for `timing`. */
  readonly clock?: Clock
}

/** What a turn is read from: a source, a promise of one, or a function that opens one. */
export type TurnSource = Source | Promise<Source> | ((attempt: Attempt) => Source | Promise<Source>)

type EventOfType<D extends Dialect, T extends TurnEvent['type']> = Extract<TurnEvent<D>, { type: T }>

const EVENT_TYPES: ReadonlySet<TurnEvent['type']> = new Set([
  'start',
  'block_start',
  'text',
  'thinking',
  'tool_input',
  'replace',
  'block_stop',
  'tool_call',
  'usage',
  'retry',
  'reset',
  'anomaly',
  'snapshot',
  'message',
] as const)

/** The body of a response that is an error; more of it than this says nothing. */
const ERROR_BODY_LENGTH = 64 * 1024

/**
 * One turn: live events while it streams, and exactly one message (or, for several choices or a source of many, one each). Iterate over
 * it, listen with `on`, or just await `message()`; reading starts with the first of these.
 */
export class Turn<D extends Dialect = Dialect> implements AsyncIterable<TurnEvent<D>>, AsyncDisposable {
  readonly #source: TurnSource
  readonly #fold: Fold<D>
  readonly #clock: Clock
  readonly #signal: AbortSignal | undefined
  readonly #controller = new AbortController()
  readonly #readers = new Set<Reader<D>>()
  readonly #listeners = new Map<string, Set<(event: TurnEvent<D>) => void>>()
  #progress: Progress = { kind: 'waiting' }
  #reader: SourceReader | undefined
  #startedAt = 0
  #firstByteMs: number | undefined
  #firstContentMs: number | undefined
  #isAwaited = false
  #wake: (() => void) | undefined
  /** Listeners are being called; an ending that one of them asks for waits until all were. */
  #delivery: { ending?: Ending } | undefined
  readonly #over: Promise<readonly AssistantMessage<D>[]>
  #settle: { resolve(messages: readonly AssistantMessage<D>[]): void; reject(error: MisuseError): void } | undefined

  constructor(source: TurnSource, options: AssembleOptions<D> = {}) {
    this.#fold = new Fold(options, { isLive: false, facts: () => this.#facts() })
    checkShellOptions(options)
    this.#source = source
    this.#clock = options.clock ?? systemClock
    this.#signal = options.signal
    this.#over = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    // Whoever waits for the message gets the error; whoever does not must not be told by the process.
    this.#over.catch(() => undefined)
    if (source instanceof Promise) source.catch(() => undefined)
  }

  /** The turn's message, once it is final: that of choice 0, or the first. Rejects only for a misuse (`MisuseError`). */
  async message(): Promise<AssistantMessage<D>> {
    const [message] = await this.messages()
    if (message === undefined) throw new MisuseError('not_final', 'the turn has no message')
    return message
  }

  /** All messages of the turn: its choices in order, or the messages of a source that carries many. */
  messages(): Promise<readonly AssistantMessage<D>[]> {
    this.#isAwaited = true
    this.#start()
    this.#wake?.()
    return this.#over
  }

  /** Each call is a reader of its own and sees every event from then on; one that comes late gets a `snapshot` first. */
  [Symbol.asyncIterator](): AsyncIterator<TurnEvent<D>, undefined> {
    const reader = new Reader<D>(
      () => this.#wake?.(),
      () => this.#leave(reader),
    )
    reader.give(this.#catchUp())
    this.#readers.add(reader)
    this.#fold.goLive()
    this.#start()
    if (this.#progress.kind === 'over') reader.close(this.#progress.misuse)
    return reader
  }

  /** Calls `listener` for every event of that type from now on. Gives a function that takes the listener away. */
  on<T extends TurnEvent['type']>(type: T, listener: (event: EventOfType<D, T>) => void): () => void {
    if (!EVENT_TYPES.has(type)) {
      throw new MisuseError(
        'bad_argument',
        `there is no event ${wordOf(type)}; there are ${[...EVENT_TYPES].join(', ')}`,
      )
    }
    if (typeof listener !== 'function') throw new MisuseError('bad_argument', `on('${type}') needs a function to call`)
    const listeners = this.#listeners.get(type) ?? new Set()
    const call = (event: TurnEvent<D>): void => {
      if (isOfType<D, T>(event, type)) listener(event)
    }
    const missed = this.#catchUp()
    this.#listeners.set(type, listeners.add(call))
    for (const event of missed) tell(call, event)
    this.#fold.goLive()
    this.#start()
    this.#wake?.()
    return () => {
      listeners.delete(call)
      this.#leave()
    }
  }

  /** The message so far. */
  snapshot(): MessageSnapshot<D> {
    return this.#fold.snapshot()
  }

  /**
   * What has arrived of the arguments of a tool call, or of a text block that is JSON, as a value; `block` is the block's ordinal,
   * `message` the key of its message, which only an answer with several choices needs; live events have both. Only what is new since the last call is parsed. Throws `MisuseError('unknown_block')`.
   */
  partialInput(block: number, message?: string): PartialInput {
    return this.#fold.partialInput(block, message)
  }

  /** Ends the turn at once. The message keeps what has arrived. */
  abort(reason?: string): void {
    this.#end({ kind: 'aborted', by: 'caller', ...(reason === undefined ? {} : { reason }) })
  }

  /** What was odd in the stream after its message had ended. */
  get anomalies(): readonly Anomaly[] {
    return this.#fold.anomalies
  }

  /** What the HTTP response said about itself, once it is there and if the source is one. */
  get response(): ResponseFacts | undefined {
    return this.#reader?.response
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.abort('disposed')
    await this.#over.catch(() => undefined)
  }

  #start(): void {
    if (this.#progress.kind !== 'waiting') return
    const signal = this.#signal
    if (signal?.aborted) {
      this.#abortBySignal()
      return
    }
    this.#progress = { kind: 'reading' }
    this.#startedAt = this.#clock()
    signal?.addEventListener('abort', this.#abortBySignal)
    void this.#run()
  }

  get #isReading(): boolean {
    return this.#progress.kind === 'reading'
  }

  readonly #abortBySignal = (): void => {
    this.#end({ kind: 'aborted', by: 'signal', ...reasonOf(this.#signal) })
  }

  async #run(): Promise<void> {
    try {
      const opened = this.#source
      const attempt = { number: 1, signal: this.#controller.signal }
      const source = await (typeof opened === 'function' ? opened(attempt) : opened)
      const reader = readerOf(source)
      if (!this.#isReading) {
        reader.cancel()
        return
      }
      this.#reader = reader
      if (reader.status === undefined) await this.#read(reader)
      else await this.#readFailure(reader, reader.status)
    } catch (error) {
      if (error instanceof MisuseError) this.#break(error)
      else this.#end(endingOf(error))
    }
  }

  async #read(reader: SourceReader): Promise<void> {
    while (this.#isReading) {
      if (!this.#isWanted) await new Promise<void>((resolve) => (this.#wake = resolve))
      if (!this.#isReading) return
      const next = await reader.read()
      if (!this.#isReading) return
      if (next.done) {
        this.#end({ kind: 'complete' })
        return
      }
      this.#firstByteMs ??= this.#now()
      this.#deliver(this.#foldChunk(next.chunk))
      if (this.#firstContentMs === undefined && this.#fold.hasContent) this.#firstContentMs = this.#now()
      if (this.#fold.isTerminal) this.#end({ kind: 'complete' })
    }
  }

  #foldChunk(chunk: Chunk): readonly TurnEvent<D>[] {
    if (typeof chunk === 'string') return this.#fold.push(chunk)
    const bytes = bytesOf(chunk)
    return bytes === undefined ? this.#fold.receive(chunk) : this.#fold.push(bytes)
  }

  /** A response with an error status: its body is the error, whatever it looks like. */
  async #readFailure(reader: SourceReader, status: number): Promise<void> {
    const utf8 = new TextDecoder()
    let body = ''
    try {
      while (body.length < ERROR_BODY_LENGTH) {
        const next = await reader.read()
        if (next.done) break
        body += typeof next.chunk === 'string' ? next.chunk : utf8.decode(bytesOf(next.chunk), { stream: true })
      }
    } catch {
      // What the body says is a detail; the status is known.
    }
    this.#end({ kind: 'failed', error: errorOfResponse(status, body.slice(0, ERROR_BODY_LENGTH), reader.response) })
  }

  get #isWanted(): boolean {
    if (this.#isAwaited) return true
    for (const reader of this.#readers) if (reader.isWaiting) return true
    for (const listeners of this.#listeners.values()) if (listeners.size > 0) return true
    return false
  }

  #deliver(events: readonly TurnEvent<D>[]): void {
    if (events.length === 0) return
    for (const reader of this.#readers) reader.give(events)
    if (this.#listeners.size === 0) return
    const delivery: { ending?: Ending } = {}
    this.#delivery = delivery
    for (const event of events) for (const listener of this.#listeners.get(event.type) ?? []) tell(listener, event)
    this.#delivery = undefined
    if (delivery.ending !== undefined) this.#end(delivery.ending)
  }

  #end(ending: Ending): void {
    if (this.#progress.kind === 'over') return
    if (this.#delivery !== undefined) {
      // A listener ends the turn: first everybody hears what had arrived before it did.
      this.#delivery.ending ??= ending
      return
    }
    const wasRead = this.#progress.kind !== 'waiting'
    const last = this.#fold.end(ending)
    this.#progress = { kind: 'over' }
    if (!wasRead) void this.#discard()
    this.#deliver(last)
    this.#close()
    this.#settle?.resolve(this.#fold.messages)
  }

  /** A source that was handed in and never read would stay open. */
  async #discard(): Promise<void> {
    try {
      if (typeof this.#source !== 'function') readerOf(await this.#source).cancel()
    } catch {
      // It could not be read anyway.
    }
  }

  #break(misuse: MisuseError): void {
    if (this.#progress.kind === 'over') return
    this.#progress = { kind: 'over', misuse }
    this.#close(misuse)
    this.#settle?.reject(misuse)
  }

  #close(misuse?: MisuseError): void {
    for (const reader of this.#readers) reader.close(misuse)
    this.#signal?.removeEventListener('abort', this.#abortBySignal)
    this.#controller.abort()
    this.#reader?.cancel(this.#fold.messages.every(({ outcome }) => outcome.kind === 'complete'))
    this.#wake?.()
  }

  /** What is known about a message that ends now, besides the stream itself. */
  #facts(): { readonly timing: Timing; readonly response?: ResponseFacts } {
    const response = this.#reader?.response
    const timing = {
      ...(this.#firstByteMs === undefined ? {} : { firstByteMs: this.#firstByteMs }),
      ...(this.#firstContentMs === undefined ? {} : { firstContentMs: this.#firstContentMs }),
      endMs: this.#progress.kind === 'waiting' ? 0 : this.#now(),
    }
    return { timing, ...(response === undefined ? {} : { response }) }
  }

  #now(): number {
    return this.#clock() - this.#startedAt
  }

  /** What a reader that comes late has missed. */
  #catchUp(): readonly TurnEvent<D>[] {
    if (this.#progress.kind === 'over') {
      return this.#fold.messages.flatMap((final) => {
        const { outcome: _outcome, response: _response, timing: _timing, ...snapshot } = final
        const about = { message: final.key, attempt: final.attempt }
        return [
          { type: 'snapshot' as const, ...about, snapshot },
          { type: 'message' as const, ...about, final },
        ]
      })
    }
    if (this.#firstByteMs === undefined) return []
    const open = this.#fold.snapshots()
    const snapshots = open.length > 0 ? open : [this.#fold.snapshot()]
    return snapshots.map((snapshot) => ({
      type: 'snapshot',
      message: snapshot.key,
      attempt: snapshot.attempt,
      snapshot,
    }))
  }

  #leave(reader?: Reader<D>): void {
    if (reader !== undefined) this.#readers.delete(reader)
    const hasListeners = [...this.#listeners.values()].some((listeners) => listeners.size > 0)
    if (this.#readers.size === 0 && !hasListeners && !this.#isAwaited) this.#end({ kind: 'aborted', by: 'reader' })
  }
}

type Progress =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'reading' }
  | { readonly kind: 'over'; readonly misuse?: MisuseError }

/** A listener's own error is its owner's: it must neither end the turn nor vanish. */
function tell<Event>(listener: (event: Event) => void, event: Event): void {
  try {
    listener(event)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}

function reasonOf(signal: AbortSignal | undefined): { reason?: string } {
  try {
    const reason: unknown = signal?.reason
    if (reason === undefined) return {}
    return { reason: reason instanceof Error ? reason.message : wordOf(reason) }
  } catch {
    // A reason that throws when it is looked at says nothing.
    return {}
  }
}

function checkShellOptions({ signal, clock }: AssembleOptions): void {
  if (
    signal !== undefined &&
    !(typeof signal === 'object' && signal !== null && 'aborted' in signal && 'addEventListener' in signal)
  ) {
    throw new MisuseError('bad_option', 'the option signal must be an AbortSignal')
  }
  if (clock !== undefined && typeof clock !== 'function') {
    throw new MisuseError('bad_option', 'the option clock must be a function that gives milliseconds')
  }
}

function isOfType<D extends Dialect, T extends TurnEvent['type']>(
  event: TurnEvent<D>,
  type: T,
): event is EventOfType<D, T> {
  return event.type === type
}

/**
 * Assembles one turn from a source: live events for those who iterate, exactly one message at the end, whatever the stream does.
 * Throws `MisuseError` for a wrong option; what the provider or the network does wrong is in `message.outcome`.
 */
export function assemble<D extends Dialect = Dialect>(
  source: TurnSource,
  options?: AssembleOptions<D>,
): Turn<NoInfer<D>> {
  return new Turn(source, options)
}

/** Reads a source to its end and gives the message. Look at `message.outcome` before you trust it. */
export function fold<D extends Dialect = Dialect>(
  source: TurnSource,
  options?: AssembleOptions<D>,
): Promise<AssistantMessage<NoInfer<D>>> {
  return assemble(source, options).message()
}
