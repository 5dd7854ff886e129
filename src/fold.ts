/**
 * Composes decoder, dialect and assembler into one synchronous fold: chunks or provider events in, turn events and messages out.
 * Finds out the dialect by the first decisive event where the caller did not name it.
 */
import type { Anomaly } from './anomaly.ts'
import type { HeldCall } from './assembler/output.ts'
import { Assembler, type AssemblerOptions } from './assembler/assembler.ts'
import type { EndingFacts } from './assembler/draft.ts'
import { decideStream, type Ending } from './assembler/state.ts'
import type { PartialInput } from './assembler/tool-input.ts'
import { anthropicMessages } from './dialects/anthropic-messages.ts'
import type { Beginning, DialectDefinition, ProviderEvent, Translate } from './dialects/dialect.ts'
import { readError, reportsError, unlisted } from './dialects/error.ts'
import { definitionOf, DEFINITIONS } from './dialects/definitions.ts'
import { damaged, mistaken, notAStream, otherDialect, unknownDialect, unreadable } from './dialects/unreadable.ts'
import { MisuseError } from './errors.ts'
import { EventIds } from './event-ids.ts'
import { copyJson, isReadable, parseJson, TooDeepError, type JsonValue } from './json.ts'
import { limitsOf, type Limits } from './limits.ts'
import type { AssistantMessage, Dialect, MessageSnapshot, Outcome } from './message.ts'
import type { CallSign, Operation, Translation } from './operation.ts'
import { DEFAULT_TURN, checkOptions, type FoldOptions } from './options.ts'
import { chunkText } from './sse/aws-event-stream.ts'
import { Decoder, type Decoded } from './sse/decode.ts'
import type { Cursor, TurnEvent } from './turn-event.ts'

const NO_EVENTS: readonly never[] = []

/** How much is held back until an event shows the dialect. */
const HELD_EVENTS = 8
const HELD_LENGTH = 64 * 1024

type AssembledDialect = Pick<DialectDefinition, 'opensBlocks' | 'recognisesReplay' | 'carriesMany' | 'runsCalls'>

interface ShellOptions {
  readonly isLive?: boolean
  /** Other streams of the turn may follow, which may send again what one before them sent. */
  readonly remembersIds?: boolean
  /** Somebody wants to know whether the stream gets on. */
  readonly isWatched?: boolean
  readonly facts?: () => EndingFacts
}

export class Fold<D extends Dialect = Dialect> {
  readonly #options: FoldOptions<D>
  readonly #limits: Limits
  #decoder: Decoder
  #reading: Reading<D>
  #isLive: boolean
  /** Somebody else decodes the events. */
  #isDecoded = false
  #joint: Joint | undefined
  /** Undefined where no other stream may follow. */
  #eventIds: EventIds | undefined
  /** The last id that an event bore in its data. */
  #eventId: string | undefined
  #attempt = 1
  /** The dialect of an event that came before any of the one that the caller named. */
  #mistakenFor: string | undefined
  /** How many events brought more than a sign of life. */
  #steps = 0
  #callSigns: CallSign[] = []
  readonly #isWatched: boolean
  readonly #facts: () => EndingFacts

  /** `facts` gives what a shell knows about a message that ends. */
  constructor(
    options: FoldOptions<D> = {},
    { isLive = true, remembersIds = false, isWatched = false, facts = () => ({}) }: ShellOptions = {},
  ) {
    checkOptions(options)
    this.#options = options
    this.#isLive = isLive
    this.#facts = facts
    this.#limits = limitsOf(options.limits)
    this.#decoder = new Decoder(this.#limits.eventLength)
    this.#isWatched = isWatched
    if (remembersIds) this.#eventIds = new EventIds()
    this.#reading = this.#unread()
  }

  #unread(): Reading<D> {
    const { dialect } = this.#options
    return dialect === undefined ? { kind: 'detecting', held: [], length: 0 } : this.#reader(definitionOf(dialect))
  }

  /** Takes the next chunk of the body. */
  push(chunk: Uint8Array | string): readonly TurnEvent<D>[] {
    for (const decoded of this.#decoder.push(chunk)) this.#one(decoded)
    // A long event that arrives piece by piece is on its way.
    if (this.#isWatched && this.#decoder.isInLongEvent) this.#steps += 1
    return this.#take()
  }

  /** Takes a provider event that is decoded already, as the official SDKs give it. It is copied; later changes to it do not matter. */
  receive(payload: unknown): readonly TurnEvent<D>[] {
    this.#isDecoded = true
    this.#one({ kind: 'payload', payload })
    return this.#take()
  }

  /** Ends the message. What the decoder still has is read first. */
  end(ending: Ending): readonly TurnEvent<D>[] {
    this.#readRest()
    this.#flush()
    this.#failMistaken()
    return this.#assembler.end(ending, this.#passesMark)
  }

  /** Whether the protocol has a last mark, and it would have come through. */
  get #passesMark(): boolean {
    if (this.#reading.kind !== 'reading' || this.#reading.endsBy === 'event') return true
    return this.#reading.endsBy === 'mark' && !this.#isDecoded
  }

  /** What the translator held back until more came. */
  #flush(): void {
    if (this.#reading.kind !== 'reading') return
    const { translate, assembler } = this.#reading
    if (assembler.isTerminal) return
    const rest = translate.end?.()
    if (rest !== undefined) assembler.apply(rest)
  }

  /** Nothing was a message of the dialect that the caller named, and something was one of another. */
  #failMistaken(): void {
    const { dialect } = this.#options
    if (this.#mistakenFor === undefined || dialect === undefined || !this.#assembler.isHollow) return
    const error = mistaken(dialect, this.#mistakenFor)
    this.#assembler.apply({ operations: [{ op: 'fail', choice: 'all', error }] })
  }

  #readRest(): void {
    for (const decoded of this.#decoder.end()) this.#one(decoded)
    if (this.#reading.kind === 'detecting') this.#giveUp(this.#reading)
    this.#goOn()
  }

  /**
   * What the stream has come to if it ends so, while another one may follow: what the decoder still has is read, and the turn goes on.
   */
  outlook(ending: Ending): Outlook<D> {
    this.#readRest()
    this.#flush()
    const { id, lastNumber, failed, handedOut } = this.#assembler.progress
    const lastEventId = this.#eventIds?.last ?? this.#eventId
    const at = {
      ...(lastNumber === undefined ? {} : { sequenceNumber: lastNumber }),
      ...(lastEventId === undefined ? {} : { lastEventId }),
    }
    const isKnown = !failed && Object.keys(at).length > 0
    return {
      events: this.#take(),
      outcome: this.#assembler.outlook(ending),
      handedOut,
      ...(isKnown ? { cursor: { ...(id === undefined ? {} : { id }), ...at } } : {}),
    }
  }

  /** Another stream of the turn comes. `asked`: who opened it was told where it may go on. */
  nextStream(attempt: number, asked: boolean): void {
    this.#decoder = new Decoder(this.#limits.eventLength)
    this.#attempt = attempt
    this.#eventIds?.nextStream()
    const reading = this.#reading
    if (reading.kind === 'detecting' || reading.definition === undefined) {
      this.#reading = this.#unread()
      return
    }
    this.#joint = { held: [], asked, failed: reading.assembler.progress.failed }
    reading.assembler.reopen(attempt)
  }

  /** How many events so far brought more than a sign that the connection lives. */
  get steps(): number {
    return this.#steps
  }

  /** What was said since it was taken last of calls that an agent runs by itself. */
  takeCallSigns(): readonly CallSign[] {
    if (this.#callSigns.length === 0) return NO_EVENTS
    const signs = this.#callSigns
    this.#callSigns = []
    return signs
  }

  /** Whether the result of a call that the provider runs is a block of its own. */
  get answersCalls(): boolean {
    return this.#reading.kind === 'reading' && this.#reading.definition?.answersCalls === true
  }

  /** From now on turn events are given. What was missed is in `snapshot()`. */
  goLive(): void {
    this.#isLive = true
    if (this.#reading.kind === 'reading') this.#reading.assembler.goLive()
  }

  get isTerminal(): boolean {
    return this.#reading.kind === 'reading' && this.#reading.assembler.isTerminal
  }

  /** The calls whose name came with the last piece, and that were not shown at once. */
  get heldCalls(): readonly HeldCall[] {
    return this.#reading.kind === 'reading' ? this.#reading.assembler.heldCalls() : NO_EVENTS
  }

  get hasContent(): boolean {
    return this.#reading.kind === 'reading' && this.#reading.assembler.hasContent
  }

  get messages(): readonly AssistantMessage<D>[] {
    return this.#reading.kind === 'reading' ? this.#reading.assembler.messages : []
  }

  get anomalies(): readonly Anomaly[] {
    return this.#reading.kind === 'reading' ? this.#reading.assembler.anomalies : []
  }

  snapshot(): MessageSnapshot<D> {
    return this.#reading.kind === 'reading'
      ? this.#reading.assembler.snapshot()
      : this.#assemblerFor('unknown', anthropicMessages).snapshot()
  }

  snapshots(): readonly MessageSnapshot<D>[] {
    return this.#reading.kind === 'reading' ? this.#reading.assembler.snapshots() : []
  }

  partialInput(block: number, message?: string): PartialInput {
    const partial = this.#reading.kind === 'reading' ? this.#reading.assembler.partialInput(block, message) : undefined
    if (partial === undefined)
      throw new MisuseError('unknown_block', `there is no block ${block} in the message so far`)
    return partial
  }

  get #assembler(): Assembler<D> {
    if (this.#reading.kind === 'reading') return this.#reading.assembler
    throw new Error('onefold: the dialect is settled before the end')
  }

  #reader(definition: DialectDefinition): Extract<Reading<D>, { kind: 'reading' }> {
    return {
      kind: 'reading',
      definition,
      translate: definition.createTranslate(this.#options),
      endsBy: definition.endsBy,
      // Without the option `dialect` the type parameter is every dialect, and with it this is the option itself.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      assembler: this.#assemblerFor(definition.name as D, definition),
    }
  }

  #assemblerFor(
    dialect: D | 'unknown',
    { opensBlocks, recognisesReplay, carriesMany = false, runsCalls }: AssembledDialect,
  ): Assembler<D> {
    const {
      turn = DEFAULT_TURN,
      many = carriesMany,
      toolCalls = 'stop',
      identity = 'replay',
      acceptEof = false,
    } = this.#options
    const options: AssemblerOptions<D> = {
      dialect,
      turn,
      many,
      toolCalls: runsCalls ? 'stop' : toolCalls,
      identity,
      acceptEof,
      opensBlocks,
      recognisesReplay,
      limits: this.#limits,
      isLive: this.#isLive,
      facts: this.#facts,
    }
    const assembler = new Assembler(options)
    if (this.#attempt > 1) assembler.reopen(this.#attempt)
    return assembler
  }

  #take(): readonly TurnEvent<D>[] {
    return this.#reading.kind === 'reading' ? this.#reading.assembler.take() : NO_EVENTS
  }

  #one(decoded: Decoded): void {
    switch (decoded.kind) {
      case 'event': {
        const payload = parse(decoded.data)
        if ((payload === undefined || typeof payload === 'string') && decoded.event === 'error') {
          this.#operation({ op: 'fail', choice: 'all', error: readError(payload ?? decoded.data) })
        } else if (payload === undefined) {
          if (!decoded.data.startsWith(':')) this.#malformed(decoded.data)
          else this.#operation({ op: 'anomaly', choice: 0, kind: 'comment_as_data', detail: decoded.data })
        } else if (decoded.id) this.#identified({ payload, name: decoded.event }, decoded.data, decoded.id)
        else this.#provider({ payload, name: decoded.event }, decoded.data)
        return
      }
      case 'payload': {
        const { payload } = decoded
        let inner: string | undefined
        try {
          inner = chunkText(payload)
        } catch (error) {
          this.#unreadable(error, payload)
          return
        }
        if (inner === undefined) this.#provider({ payload })
        else this.#one({ kind: 'event', data: inner, event: undefined, id: undefined })
        return
      }
      case 'error':
        this.#operation({ op: 'fail', choice: 'all', error: readError(parse(decoded.data) ?? decoded.data) })
        return
      case 'failure':
        this.#operation({ op: 'fail', choice: 'all', error: readError(decoded.body) })
        return
      case 'malformed':
        this.#malformed(decoded.text)
        return
      case 'unreadable':
        this.#operation({ op: 'fail', choice: 'all', error: damaged(decoded.message) })
        return
      case 'cut':
        this.#operation({ op: 'anomaly', choice: 0, kind: 'cut_event', detail: decoded.text })
        return
      case 'body':
        this.#operation({ op: 'fail', choice: 'all', error: notAStream(decoded.text) })
        return
      case 'too_long': {
        const message = `one event is longer than ${this.#limits.eventLength} characters; raise limits.eventLength to accept it`
        this.#operation({ op: 'fail', choice: 'all', error: { class: 'limit', retryable: false, message } })
        return
      }
      default: {
        const never: never = decoded
        return never
      }
    }
  }

  #operation(operation: Operation): void {
    const translation = { operations: [operation] }
    const reading = this.#reading
    if (reading.kind === 'reading') {
      reading.assembler.apply(translation)
      return
    }
    reading.held.push({ translation })
    if (operation.op === 'fail') this.#giveUp(reading)
    else this.#hold(reading, operation.op === 'anomaly' ? (operation.detail ?? '').length : 0)
  }

  #hold(reading: Detecting, length: number): void {
    // The last event counts only once another one has to be waited for: one large event alone is no reason to give up.
    const before = reading.length
    reading.length += length
    if (reading.held.length <= HELD_EVENTS && before <= HELD_LENGTH) return
    this.#giveUp(reading)
    this.#operation({ op: 'fail', choice: 'all', error: unreadable(HELD_EVENTS) })
  }

  /** `text` is what the event was parsed from. */
  #provider(sent: ProviderEvent, text?: string): void {
    try {
      this.#readEvent(sent)
    } catch (error) {
      this.#unreadable(error, sent.payload, text)
    }
  }

  /**
   * What is nested deeper than any real payload, and an object that throws when it is looked at, are malformed, wherever that is found:
   * it costs that event, not the turn.
   */
  #unreadable(error: unknown, payload: unknown, text = ''): void {
    if (error instanceof TooDeepError) this.#malformed(`${error.message}: ${text}`)
    else if (isReadable(payload)) throw error
    else this.#malformed('the event throws when it is read')
  }

  #readEvent(sent: ProviderEvent): void {
    const reading = this.#reading
    const event = Array.isArray(sent.payload) ? unlisted(sent) : sent
    if (reading.kind === 'reading') {
      if (this.#joint !== undefined && this.#isHeld(reading, this.#joint, event)) return
      this.#translated(reading, event)
      return
    }
    for (const definition of DEFINITIONS.values()) {
      const likeness = definition.looksLike(event)
      if (likeness === 'empty') return
      if (likeness !== 'yes') continue
      reading.held.push({ event })
      this.#settle(reading, definition)
      return
    }
    reading.held.push({ event })
    this.#hold(reading, lengthOf(event.payload))
  }

  /** An event with an id of the event stream: one that comes again behind a joint is the overlap with the stream before. */
  #identified(event: ProviderEvent, text: string, id: string): void {
    const ids = this.#eventIds
    if (ids === undefined) this.#provider(event, text)
    else if (ids.isRepeat(id, text)) {
      this.#operation({ op: 'anomaly', choice: 0, kind: 'duplicate_event', detail: `id ${id}` })
    } else {
      this.#provider(event, text)
      ids.taken()
    }
  }

  #beginning(event: ProviderEvent): Beginning {
    if (this.#reading.kind === 'detecting') return 'unknown'
    const { definition, assembler } = this.#reading
    return definition?.begins(event, assembler.progress.id) ?? 'nothing'
  }

  /**
   * Finds out by the first telling event of another stream whether it goes on or begins anew. Until then events are held: they may belong
   * to either.
   */
  #isHeld(reading: Extract<Reading<D>, { kind: 'reading' }>, joint: Joint, event: ProviderEvent): boolean {
    if (reportsError(event)) return false
    const begins = this.#beginning(event)
    if (begins === 'unknown' && joint.held.length < HELD_EVENTS) {
      joint.held.push(event)
      return true
    }
    const { definition, assembler } = reading
    const decision = decideStream({
      begins: begins === 'unknown' ? 'nothing' : begins,
      comparesReplay: definition?.recognisesReplay === 'at_begin',
      announced: assembler.progress.announced,
      failed: joint.failed,
      asked: joint.asked,
    })
    if (decision === 'anew') {
      assembler.restart()
      this.#eventIds?.restart()
      this.#eventId = undefined
      if (definition !== undefined) reading.translate = definition.createTranslate(this.#options)
    }
    this.#goOn()
    return false
  }

  /** It is known what the stream is: what was held is read. */
  #goOn(): void {
    const joint = this.#joint
    if (joint === undefined) return
    this.#joint = undefined
    for (const held of joint.held) this.#provider(held)
  }

  #translated(
    { definition, translate, assembler }: Extract<Reading<D>, { kind: 'reading' }>,
    event: ProviderEvent,
  ): void {
    // Once all is over nothing is remembered of what still comes: there is no limit to it.
    const isAfter = assembler.hasLateEvents && assembler.isTerminal
    const translation = ((isAfter && definition?.createTranslate()) || translate)(event)
    this.#eventId = translation.eventId ?? this.#eventId
    if (this.#isWatched && translation.operations.some(isProgress)) this.#steps += 1
    if (this.#isWatched) for (const sign of translation.calls ?? []) this.#callSigns.push(sign)
    assembler.apply(translation, this.#options.raw ? rawOf(event) : undefined)
    if (this.#options.dialect !== undefined && assembler.isHollow) this.#mistakenFor ??= otherDialect(event, definition)
  }

  /** Of several choices it may have been about any. */
  #malformed(detail: string): void {
    this.#operation({ op: 'anomaly', choice: 'all', kind: 'malformed_event', detail })
  }

  #settle(detecting: Detecting, definition: DialectDefinition): void {
    this.#reading = this.#reader(definition)
    for (const held of detecting.held) {
      if ('event' in held) this.#provider(held.event)
      else this.#assembler.apply(held.translation)
    }
  }

  /** No event told the dialect: the message fails, with the provider's error if it reported one. */
  #giveUp(detecting: Detecting): void {
    const assembler = this.#assemblerFor('unknown', anthropicMessages)
    this.#reading = { kind: 'reading', definition: undefined, assembler, endsBy: 'event', translate: () => IGNORED }
    const events = detecting.held.flatMap((held) => ('event' in held ? [held.event] : []))
    const error = events.find(reportsError)?.payload
    const [first] = events
    const failure = error !== undefined ? readError(error) : first && unknownDialect(rawOf(first))
    for (const held of detecting.held) if ('translation' in held) assembler.apply(held.translation)
    if (failure !== undefined) assembler.apply({ operations: [{ op: 'fail', choice: 'all', error: failure }] })
  }
}

/** Of a stream whose dialect is not known nothing can be read; what comes is counted. */
const IGNORED: Translation = { operations: [{ op: 'anomaly', choice: 0, kind: 'unknown_event' }] }

interface Detecting {
  readonly kind: 'detecting'
  readonly held: Held[]
  length: number
}

/** The beginning of another stream of the turn, until it is known whether it goes on or begins anew. */
interface Joint {
  readonly held: ProviderEvent[]
  readonly asked: boolean
  /** An error event ended the stream before. */
  readonly failed: boolean
}

/** What a stream has come to, while another one may follow it. */
export interface Outlook<D extends Dialect> {
  /** What was read of it last. */
  readonly events: readonly TurnEvent<D>[]
  readonly outcome: Outcome
  /** A tool call was handed out. */
  readonly handedOut: boolean
  /** Where the next stream may go on. */
  readonly cursor?: Cursor
}

type Reading<D extends Dialect> =
  | Detecting
  | {
      readonly kind: 'reading'
      /** Undefined if no event told the dialect. */
      readonly definition: DialectDefinition | undefined
      translate: Translate
      readonly endsBy: DialectDefinition['endsBy']
      readonly assembler: Assembler<D>
    }

type Held = { readonly event: ProviderEvent } | { readonly translation: Translation }

/** An empty delta says no more than that somebody is there. */
function isProgress(operation: Operation): boolean {
  return !(operation.op === 'append' && operation.text === '')
}

function parse(data: string): JsonValue | undefined {
  return data.length < 16 && data.trim() === '[DONE]' ? '[DONE]' : parseJson(data)
}

function rawOf({ payload }: ProviderEvent): JsonValue | undefined {
  try {
    return copyJson(payload)
  } catch {
    return undefined
  }
}

function lengthOf(payload: unknown): number {
  return typeof payload === 'string' ? payload.length : (JSON.stringify(rawOf({ payload })) ?? '').length
}
