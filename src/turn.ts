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
import type { AssistantMessage, CompleteToolCall, Dialect, MessageSnapshot, ResponseFacts, Timing } from './message.ts'
import { onAbort } from './abort.ts'
import { decideRetry, type Retry } from './attempts.ts'
import {
  bytesOf,
  endingOf,
  errorOfResponse,
  ERROR_BODY_LENGTH,
  readerOf,
  type Attempt,
  type Chunk,
  type Source,
  type SourceReader,
} from './source.ts'
import { Listeners, type EventOfType } from './listeners.ts'
import { Reader } from './reader.ts'
import { checkOptions } from './options.ts'
import { shellChoices, type AssembleOptions, type ShellChoices } from './shell-options.ts'
import type { Cursor, TurnEvent } from './turn-event.ts'
import { Watchdog, type TimedOut } from './watchdog.ts'

/** What a turn is read from: a source, a promise of one, or a function that opens one. */
export type TurnSource = Source | Promise<Source> | ((attempt: Attempt) => Source | Promise<Source>)

/**
 * One turn: live events while it streams, and exactly one message (or, for several choices or a source of many, one each). Iterate over
 * it, listen with `on`, or just await `message()`; reading starts with the first of these.
 */
export class Turn<D extends Dialect = Dialect> implements AsyncIterable<TurnEvent<D>>, AsyncDisposable {
  readonly #source: TurnSource
  readonly #fold: Fold<D>
  readonly #choices: ShellChoices
  readonly #watchdog: Watchdog | undefined
  readonly #readers = new Set<Reader<D>>()
  readonly #listeners = new Listeners<D>()
  #progress: Progress = { kind: 'waiting' }
  #connection: Connection | undefined
  /** What waits for the time of the next attempt. */
  #retryTimer: unknown
  #response: ResponseFacts | undefined
  #startedAt = 0
  #firstByteMs: number | undefined
  #firstContentMs: number | undefined
  #isAwaited = false
  #wake: (() => void) | undefined
  #forgetSignal: (() => void) | undefined
  /** Listeners are being called; an ending that one of them asks for waits until all were. */
  #delivery: { ending?: Ending } | undefined
  readonly #over: Promise<readonly AssistantMessage<D>[]>
  #settle: { resolve(messages: readonly AssistantMessage<D>[]): void; reject(error: MisuseError): void } | undefined

  constructor(source: TurnSource, options: AssembleOptions<D> = {}) {
    checkOptions(options)
    const choices = shellChoices(options, typeof source === 'function')
    const isWatched = Object.keys(choices.budgets).length > 0
    this.#fold = new Fold(options, {
      // Which calls run is told by the events.
      isLive: isWatched,
      facts: () => this.#facts(),
      remembersIds: choices.attempts > 1,
      isWatched,
    })
    this.#source = source
    this.#choices = choices
    if (isWatched) {
      const { clock, budgets } = choices
      this.#watchdog = new Watchdog(
        clock,
        budgets,
        () => this.#fold.answersCalls,
        (ending) => this.#timeOut(ending),
      )
    }
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
    const remove = this.#listeners.add(type, listener, () => this.#catchUp())
    this.#fold.goLive()
    this.#start()
    this.#wake?.()
    return () => {
      remove()
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

  /**
   * Says that a tool call, or the call of that key, has its result: it runs no more, so that `tool` lets go of it and `idle` counts again.
   * Of a call that does not run it changes nothing. Throws `MisuseError('bad_argument')` for what is neither a call nor a key.
   */
  settle(call: CompleteToolCall | string): void {
    const key = keyOf(call, 'settle')
    this.#watchdog?.callSettled(key)
  }

  /** Says that a running tool call gets on: its budget `tool` begins anew. Throws as `settle` does. */
  progress(call: CompleteToolCall | string): void {
    const key = keyOf(call, 'progress')
    this.#watchdog?.callProgressed(key)
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
    return this.#response
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.abort('disposed')
    await this.#over.catch(() => undefined)
  }

  #start(): void {
    if (this.#progress.kind !== 'waiting') return
    const { signal, clock } = this.#choices
    if (signal?.aborted) {
      this.#abortBySignal()
      return
    }
    this.#progress = { kind: 'reading' }
    this.#startedAt = clock.now()
    if (signal !== undefined) this.#forgetSignal = onAbort(signal, this.#abortBySignal)
    this.#watchdog?.start()
    void this.#open({ number: 1, controller: new AbortController() })
  }

  get #isReading(): boolean {
    return this.#progress.kind === 'reading'
  }

  readonly #abortBySignal = (): void => {
    this.#end({ kind: 'aborted', by: 'signal', ...reasonOf(this.#choices.signal) })
  }

  async #open(connection: Connection, cursor?: Cursor): Promise<void> {
    this.#connection = connection
    let during: 'opening' | 'reading' = 'opening'
    try {
      const opened = this.#source
      const { number, controller } = connection
      const attempt = { number, signal: controller.signal, ...(cursor === undefined ? {} : { cursor }) }
      const source = await (typeof opened === 'function' ? opened(attempt) : opened)
      const reader = readerOf(source)
      if (!this.#isOpen(connection)) {
        reader.cancel()
        return
      }
      connection.reader = reader
      during = 'reading'
      this.#response = reader.response
      if (reader.status === undefined) await this.#read(connection, reader)
      else await this.#readFailure(connection, reader, reader.status)
    } catch (error) {
      if (error instanceof MisuseError) this.#break(error)
      else this.#streamOver(connection, endingOf(error, during))
    }
  }

  /** Whether it is the stream that the turn reads. */
  #isOpen(connection: Connection): boolean {
    return this.#isReading && this.#connection === connection
  }

  async #read(connection: Connection, reader: SourceReader): Promise<void> {
    while (this.#isOpen(connection)) {
      if (!this.#isWanted) {
        this.#watchdog?.rest()
        await new Promise<void>((resolve) => (this.#wake = resolve))
        this.#watchdog?.resume()
      }
      if (!this.#isOpen(connection)) return
      const next = await reader.read()
      if (!this.#isOpen(connection)) return
      if (next.done) {
        this.#streamOver(connection, { kind: 'complete' })
        return
      }
      this.#firstByteMs ??= this.#now()
      this.#deliver(this.#foldChunk(next.chunk))
      this.#watchdog?.heard(this.#fold.takeCallSigns())
      if (this.#firstContentMs === undefined && this.#fold.hasContent) this.#firstContentMs = this.#now()
      if (this.#fold.isTerminal) this.#streamOver(connection, { kind: 'complete' })
    }
  }

  /** A stream is over. The turn is too, unless it is tried again. */
  #streamOver(connection: Connection, ending: Ending): void {
    if (!this.#isOpen(connection)) return
    const retry = this.#retryAfter(connection, ending)
    if (retry === undefined) this.#end(ending)
    else if (this.#isOpen(connection)) this.#retry(connection, retry)
  }

  #retryAfter({ number }: Connection, ending: Ending): (Retry & { readonly cursor?: Cursor }) | undefined {
    const { attempts, random, budgets } = this.#choices
    if (number >= attempts) return undefined
    const { events, outcome, handedOut, cursor } = this.#fold.outlook(ending)
    this.#deliver(events)
    const leftMs = budgets.total === undefined ? undefined : budgets.total - this.#now()
    const retry = decideRetry({ outcome, attempt: number, attempts, handedOut, random, leftMs })
    return retry === undefined || cursor === undefined ? retry : { ...retry, cursor }
  }

  #retry(connection: Connection, { delayMs, error, cursor }: Retry & { readonly cursor?: Cursor }): void {
    this.#watchdog?.rest()
    this.#connection = undefined
    connection.controller.abort()
    connection.reader?.cancel()
    const { key, attempt } = this.#fold.snapshot()
    const at = cursor === undefined ? {} : { cursor }
    this.#deliver([{ type: 'retry', message: key, attempt, delayMs, error, ...at }])
    // Who was told may have ended the turn.
    if (!this.#isReading) return
    const number = connection.number + 1
    this.#retryTimer = this.#choices.clock.setTimeout(() => {
      this.#retryTimer = undefined
      this.#fold.nextStream(number, cursor !== undefined)
      this.#watchdog?.resume()
      void this.#open({ number, controller: new AbortController() }, cursor)
    }, delayMs)
  }

  #timeOut(ending: TimedOut): void {
    if (ending.budget === 'idle' && this.#connection !== undefined) this.#streamOver(this.#connection, ending)
    else this.#end(ending)
  }

  #foldChunk(chunk: Chunk): readonly TurnEvent<D>[] {
    const { steps } = this.#fold
    const events = this.#folded(chunk)
    this.#watchdog?.arrived(this.#fold.steps > steps)
    return events
  }

  #folded(chunk: Chunk): readonly TurnEvent<D>[] {
    if (typeof chunk === 'string') return this.#fold.push(chunk)
    const bytes = bytesOf(chunk)
    return bytes === undefined ? this.#fold.receive(chunk) : this.#fold.push(bytes)
  }

  /** A response with an error status: its body is the error, whatever it looks like. */
  async #readFailure(connection: Connection, reader: SourceReader, status: number): Promise<void> {
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
    this.#streamOver(connection, {
      kind: 'failed',
      error: errorOfResponse(status, body.slice(0, ERROR_BODY_LENGTH), reader.response),
    })
  }

  get #isWanted(): boolean {
    if (this.#isAwaited) return true
    for (const reader of this.#readers) if (reader.isWaiting) return true
    return !this.#listeners.isEmpty
  }

  #deliver(events: readonly TurnEvent<D>[]): void {
    if (events.length === 0) return
    this.#watchdog?.observe(events)
    for (const reader of this.#readers) reader.give(events)
    if (this.#listeners.isEmpty) return
    const delivery: { ending?: Ending } = {}
    this.#delivery = delivery
    this.#listeners.tell(events)
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
    const { clock } = this.#choices
    this.#forgetSignal?.()
    this.#watchdog?.stop()
    if (this.#retryTimer !== undefined) clock.clearTimeout(this.#retryTimer)
    this.#connection?.controller.abort()
    this.#connection?.reader?.cancel(this.#fold.messages.every(({ outcome }) => outcome.kind === 'complete'))
    this.#wake?.()
  }

  /** What is known about a message that ends now, besides the stream itself. */
  #facts(): { readonly timing: Timing; readonly response?: ResponseFacts } {
    const response = this.#response
    const timing = {
      ...(this.#firstByteMs === undefined ? {} : { firstByteMs: this.#firstByteMs }),
      ...(this.#firstContentMs === undefined ? {} : { firstContentMs: this.#firstContentMs }),
      endMs: this.#progress.kind === 'waiting' ? 0 : this.#now(),
    }
    return { timing, ...(response === undefined ? {} : { response }) }
  }

  #now(): number {
    return this.#choices.clock.now() - this.#startedAt
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
    if (this.#readers.size === 0 && this.#listeners.isEmpty && !this.#isAwaited)
      this.#end({ kind: 'aborted', by: 'reader' })
  }
}

/** One stream of the turn. */
interface Connection {
  /** 1 for the first. */
  readonly number: number
  readonly controller: AbortController
  reader?: SourceReader
}

type Progress =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'reading' }
  | { readonly kind: 'over'; readonly misuse?: MisuseError }

function keyOf(call: CompleteToolCall | string, method: string): string {
  const key: unknown = typeof call === 'object' && call !== null ? call.key : call
  if (typeof key === 'string') return key
  throw new MisuseError('bad_argument', `${method}() takes a tool call, or its key, and got ${wordOf(call)}`)
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
