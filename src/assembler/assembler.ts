/**
 * Carries out what the message table of `state.ts` says: operations in, turn events and finished messages out. It knows no provider, no
 * clock and no I/O, and decides nothing by itself.
 */
import type { Anomaly, AnomalyKind } from '../anomaly.ts'
import { excerpt, keepOnce } from '../anomaly.ts'
import { copyFields, mergeFields, sizeOfJson, type JsonValue } from '../json.ts'
import type { AssistantMessage, Dialect, MessageSnapshot, Outcome } from '../message.ts'
import type {
  AnomalyOperation,
  AppendOperation,
  BeginOperation,
  MetaOperation,
  Operation,
  StopOperation,
  Translation,
} from '../operation.ts'
import type { TurnEvent } from '../turn-event.ts'
import {
  clearDraft,
  contentOf,
  failDraft,
  growDraft,
  limitError,
  loseEvent,
  loseNumbers,
  mergeUsage,
  mergeWire,
  messageOf,
  regeneratedError,
  usageOf,
  type Draft,
  type EndingFacts,
  type Progress,
} from './draft.ts'
import { about, Output, type HeldCall } from './output.ts'
import { Sequence } from './sequence.ts'
import { decideBegin, decideOutcome, decideStop, MESSAGE_TABLE, messageInput, type Ending } from './state.ts'
import { endsMessage, Finished, hasEnded, lacksStop, Strands, type Strand, type StrandOptions } from './strands.ts'
import type { PartialInput } from './tool-input.ts'

export interface AssemblerOptions<D extends Dialect> extends StrandOptions<D> {
  /** `strict`: a message that is sent again under its id is not compared with what is there. */
  readonly identity: 'replay' | 'strict'
  /** A clean end of input counts as complete: for vendors that send no terminal. */
  readonly acceptEof: boolean
  readonly isLive: boolean
  /** What the shell knows about a message that ends now. */
  readonly facts?: () => EndingFacts
}

export class Assembler<D extends Dialect = Dialect> {
  readonly #options: AssemblerOptions<D>
  readonly #output: Output<D>
  readonly #sequence: Sequence
  readonly #strands: Strands<D>
  readonly #finished = new Finished<D>()
  readonly #anomalies: Anomaly[] = []
  /** Of the messages that have come and gone. */
  readonly #pastIds = new Set<string>()
  #lateEvents = 0
  /** A source of many messages has brought more of them than are kept. */
  #isFull = false
  /** Something of the event under way came too late. */
  #isLate = false
  #isOvertaken = false
  #passesMark = true
  /** What the last operation was applied to. */
  #last: Strand<D> | undefined

  constructor(options: AssemblerOptions<D>) {
    this.#options = options
    this.#sequence = new Sequence(options.limits.messageLength)
    this.#output = new Output(options.isLive, options.limits.anomalies)
    this.#strands = new Strands(options, this.#output)
  }

  /** Applies what one provider event means and gives the turn events. */
  receive(event: Translation, raw?: JsonValue): readonly TurnEvent<D>[] {
    this.apply(event, raw)
    return this.take()
  }

  /** Applies what one provider event means. `raw` is passed on with the turn events, which `take` gives. */
  apply(event: Translation, raw?: JsonValue): void {
    this.#output.raw = raw
    if (event.number === undefined || this.#sequence.isNext(event)) this.#applyAll(event)
    else for (const due of this.#sequence.offer(event, this.#noteNumber)) this.#applyAll(due)
  }

  /** The turn events since they were taken last. */
  take(): readonly TurnEvent<D>[] {
    return this.#output.take()
  }

  /** The calls whose name came with what the events that were taken last are of, and that were not shown at once. */
  readonly heldCalls = (): readonly HeldCall[] => this.#output.heldCalls

  /**
   * The only door to the message. Gives the last turn events; nothing when repeated. `passesMark`: the protocol's last mark would have
   * come through, so that it is odd if it has not.
   */
  end(ending: Ending, passesMark = true): readonly TurnEvent<D>[] {
    this.#passesMark = passesMark
    this.#output.raw = undefined
    for (const due of this.#sequence.release(this.#noteNumber)) this.#applyAll(due)
    if (this.#strands.size === 0) this.#strands.of(0)
    for (const strand of this.#strands.inOrder) {
      if (MESSAGE_TABLE[strand.draft.phase].end.rule === 'finish') this.#finish(strand, ending)
    }
    return this.#output.take()
  }

  /** Another stream of the same turn comes, the `attempt`th: an error that ended the one before is no more. */
  reopen(attempt: number): void {
    this.#strands.attempt = attempt
    this.#strands.isOver = false
    for (const { draft } of this.#strands) {
      const { rule, to } = MESSAGE_TABLE[draft.phase].attempt
      if (rule !== 'reopen') continue
      draft.phase = to
      // What failed has not ended otherwise, whatever came before the error.
      if (draft.error !== undefined) draft.terminal = 'none'
      draft.error = undefined
    }
  }

  /** The stream begins another message in the place of what there is: everything of it is void. */
  restart(): void {
    this.#sequence.restart()
    for (const { draft } of this.#strands) {
      if (draft.phase === 'final') continue
      this.#supersede(draft)
      draft.phase = 'idle'
      draft.beginning = 'none'
      this.#strands.renew(draft)
    }
  }

  /** How the turn's message would end now. */
  outlook(ending: Ending): Outcome {
    return this.#outcomeOf(this.#strands.first?.draft, ending)
  }

  get progress(): Progress {
    const draft = this.#strands.first?.draft
    return {
      id: draft?.lastId,
      lastNumber: this.#sequence.last,
      announced: draft?.beginning === 'announced',
      failed: draft?.error !== undefined,
      handedOut: [...this.#strands].some((strand) => strand.draft.handedOut > 0),
    }
  }

  /**
   * True once the protocol's last event was seen: nothing more is to come. A source of many messages has none; it ends with the message
   * that is one too many.
   */
  get isTerminal(): boolean {
    if (this.#options.many) return this.#isFull
    if (this.#strands.size === 0) return false
    for (const { draft } of this.#strands) if (!hasEnded(draft)) return false
    return true
  }

  /** The finished messages: the choices of one answer, or all messages of a source that carries many. */
  get messages(): readonly AssistantMessage<D>[] {
    return this.#finished.messages
  }

  /** What was odd after the message had ended. */
  get anomalies(): readonly Anomaly[] {
    return this.#lateEvents === 0
      ? this.#anomalies
      : [...this.#anomalies, { kind: 'late_event', count: this.#lateEvents }]
  }

  get hasLateEvents(): boolean {
    return this.#lateEvents > 0
  }

  /** Nothing of an answer has come: no block, no stop reason. */
  get isHollow(): boolean {
    return this.messages.length === 0 && this.#strands.isHollow
  }

  get hasContent(): boolean {
    return (this.#strands.first?.draft.blocks.length ?? 0) > 0
  }

  /** From now on turn events are given. */
  goLive(): void {
    this.#output.isLive = true
  }

  /** The first message so far. */
  snapshot(): MessageSnapshot<D> {
    return this.#strands.snapshot()
  }

  /** All messages that have begun and not ended. */
  snapshots(): readonly MessageSnapshot<D>[] {
    return this.#strands.snapshots()
  }

  /** Parses what has arrived of a call's arguments, or of a text that is JSON; undefined if there is no such block. Without a key it is the first message's. */
  partialInput(ordinal: number, message?: string): PartialInput | undefined {
    return this.#strands.partialInput(ordinal, message)
  }

  #applyAll(event: Translation): void {
    this.#isLate = false
    this.#isOvertaken = event.isOvertaken ?? false
    for (const operation of event.operations) {
      if (operation.op === 'append' && this.#goesOn(operation)) continue
      if (operation.choice !== 'all') this.#apply(this.#strands.of(operation.choice), operation)
      else if (this.#strands.size === 0) this.#apply(this.#strands.of(0), operation)
      else for (const strand of this.#strands) this.#apply(strand, operation)
      if (operation.choice === 'all' && !this.#options.many) this.#strands.isOver ||= endsMessage(operation)
    }
    if (this.#isLate) this.#lateEvents += 1
  }

  #goesOn(operation: AppendOperation): boolean {
    return this.#last !== undefined && this.#last.draft.choice === operation.choice && this.#last.blocks.goOn(operation)
  }

  #apply(strand: Strand<D> | undefined, operation: Operation): void {
    if (strand === undefined) {
      this.#isLate = true
      return
    }
    this.#last = strand
    this.#step(strand, operation)
    if (this.#options.many && strand.draft.phase === 'terminated') this.#finish(strand, { kind: 'complete' })
  }

  #step(strand: Strand<D>, operation: Operation): void {
    const { draft } = strand
    if (draft.phase === 'stopping' && this.#holdBack(strand, operation)) return
    const { rule, to } = MESSAGE_TABLE[draft.phase][messageInput(operation)]
    switch (rule) {
      case 'start':
      case 'start_unannounced':
        draft.phase = to
        this.#start(strand, operation)
        return
      case 'begin_again':
      case 'begin_after_end':
        if (operation.op === 'begin') this.#beginAgain(strand, operation)
        return
      case 'apply_late':
        this.#applyLate(strand, operation)
        return
      case 'apply':
        draft.phase = to
        this.#applyTo(strand, operation)
        // The reason counts for what came before it.
        if (operation.op === 'stop') this.#release(strand, 'stop')
        return
      case 'terminate':
        draft.phase = to
        this.#applyTo(strand, operation)
        return
      case 'ignore':
        this.#isLate = true
        return
      case 'reopen':
      case 'finish':
        return
      default: {
        const never: never = rule
        return never
      }
    }
  }

  #applyLate(strand: Strand<D>, operation: Operation): void {
    const before = strand.draft.pieces
    this.#applyTo(strand, operation)
    if (strand.draft.pieces > before) this.#output.note(strand.draft, { kind: 'content_after_stop' })
  }

  /** Keeps back what may be a repeat; what ends the doubt lets it go. */
  #holdBack(strand: Strand<D>, operation: Operation): boolean {
    const size = strand.afterStop?.hold(operation)
    if (size !== undefined) this.#grow(strand.draft, size)
    else if (operation.op === 'fail' || operation.op === 'terminal') this.#release(strand, 'end')
    return size !== undefined
  }

  #release(strand: Strand<D>, before: 'stop' | 'end'): void {
    const released = strand.afterStop?.release(strand.draft, before)
    if (released === undefined) return
    // What is applied is counted there.
    this.#grow(strand.draft, -released.size)
    const isRepeat = released.kind === 'repeat'
    if (isRepeat) this.#output.note(strand.draft, { kind: 'repeated_content' })
    for (const operation of released.operations) {
      // What a repeat says about its blocks, and not of their text, may be new.
      if (!isRepeat) this.#applyLate(strand, operation)
      else if (operation.op === 'patch' && strand.draft.byKey.has(operation.key)) {
        this.#applyTo(strand, { ...operation, append: {} })
      }
    }
  }

  #start(strand: Strand<D>, operation: Operation): void {
    const { draft } = strand
    const isAnnounced = operation.op === 'begin'
    draft.beginning = isAnnounced ? 'announced' : 'implied'
    if (operation.op === 'begin' || operation.op === 'meta') this.#mergeMeta(draft, operation)
    this.#emitStart(draft)
    if (!isAnnounced) this.#output.note(draft, { kind: 'missing_begin', detail: operation.op })
    if (!isAnnounced && operation.op !== 'meta') this.#applyTo(strand, operation)
  }

  #beginAgain(strand: Strand<D>, operation: BeginOperation): void {
    const { draft } = strand
    const decision = decideBegin({
      ended: hasEnded(draft),
      announced: draft.beginning === 'announced',
      id: draft.id,
      newId: operation.id,
      many: this.#options.many,
      isNext: operation.isNext === true,
      isPast: operation.id !== undefined && this.#pastIds.has(operation.id),
      handedOut: draft.handedOut > 0,
    })
    switch (decision) {
      case 'adopt':
        draft.beginning = 'announced'
        this.#mergeMeta(draft, operation)
        return
      case 'repeat':
        if (this.#options.identity !== 'strict') draft.run += 1
        this.#mergeMeta(draft, operation)
        this.#output.note(draft, { kind: 'repeated_begin' })
        return
      case 'restart':
        this.#supersede(draft)
        draft.phase = 'streaming'
        this.#mergeMeta(draft, operation)
        this.#emitStart(draft)
        return
      case 'refuse':
        draft.error = regeneratedError(
          `another message, ${excerpt(operation.id ?? 'without an id')}, began in place of this one`,
        )
        draft.phase = 'terminated'
        return
      case 'next':
        if (!hasEnded(draft)) this.#finish(strand, { kind: 'complete' })
        if (this.#isFull) this.#isLate = true
        else this.#next(this.#strands.begin(draft.choice), operation)
        return
      case 'second':
        if (!keepOnce(this.#anomalies, 'second_message', excerpt(operation.id ?? ''), this.#options.limits.anomalies))
          this.#lateEvents += 1
        return
      case 'late':
        // What follows is of the message that is over, and must not get into the one under way.
        if (!hasEnded(draft)) this.#finish(strand, { kind: 'complete' })
        this.#isLate = true
        return
      default: {
        const never: never = decision
        return never
      }
    }
  }

  /** The next message of many; one that is more than there may be fails with what it began with. */
  #next(strand: Strand<D>, operation: BeginOperation): void {
    const { messages } = this.#options.limits
    this.#isFull = this.#finished.messages.length >= messages
    this.#apply(strand, operation)
    if (!this.#isFull) return
    failDraft(strand.draft, limitError(`one too many: the source gives more than ${messages}`, 'messages'))
    this.#finish(strand, { kind: 'complete' })
  }

  /** Another message takes the place of this one, of which an anomaly keeps the content. */
  #supersede(draft: Draft): void {
    if (draft.beginning !== 'none') {
      const content = contentOf(draft, this.#options.limits.toolDepth)
      this.#output.note(draft, { kind: 'restarted', detail: draft.id ?? '', content })
    }
    clearDraft(draft, this.#strands.attempt)
    if (draft.beginning !== 'none') this.#output.emit({ type: 'reset', ...about(draft) })
  }

  #applyTo({ draft, blocks }: Strand<D>, operation: Operation): void {
    switch (operation.op) {
      case 'open':
      case 'append':
      case 'list':
      case 'patch':
      case 'snapshot':
      case 'close':
        blocks.apply(operation, this.#isOvertaken)
        return
      case 'meta':
        if (operation.id !== undefined && draft.lastId !== undefined && operation.id !== draft.lastId) {
          this.#output.note(draft, { kind: 'id_changed', detail: operation.id })
        }
        this.#mergeMeta(draft, operation)
        return
      case 'stop':
        if (this.#stop(draft, operation)) blocks.handOutClosed()
        return
      case 'usage':
        mergeUsage(draft, operation)
        this.#grow(draft, 0)
        if (this.#output.isLive) this.#output.emit({ type: 'usage', ...about(draft), usage: usageOf(draft) })
        return
      case 'terminal':
        if (draft.terminal !== 'hard') draft.terminal = operation.strength
        draft.isInner = operation.isInner === true
        return
      case 'fail':
        draft.error = operation.error
        if (operation.isAbort) draft.abort = operation.error
        if (operation.isCut) draft.cut = operation.error
        return
      case 'anomaly':
        if (operation.kind === 'malformed_event') loseEvent(draft)
        this.#noteOperation(draft, operation)
        return
      case 'begin':
        return
      default: {
        const never: never = operation
        return never
      }
    }
  }

  #mergeMeta(draft: Draft, operation: BeginOperation | MetaOperation): void {
    const { op, id, model, wire } = operation
    draft.id ??= id
    draft.lastId = id ?? draft.lastId
    if (op === 'meta' || draft.model === undefined) draft.model = model ?? draft.model
    this.#grow(draft, op === 'begin' ? mergeFields(draft.wire, copyFields(wire ?? {})) : mergeWire(draft, operation))
  }

  /** Whether the reason was not known before. */
  #stop(draft: Draft, { reason, raw, sequence = null }: StopOperation): boolean {
    const decision = decideStop(draft.stop?.reason, reason)
    switch (decision) {
      case 'first':
        draft.stop = { reason, raw, sequence }
        return true
      case 'worse':
        this.#output.note(draft, { kind: 'stop_changed', detail: `${draft.stop?.raw ?? ''} → ${raw}` })
        draft.stop = { reason, raw, sequence }
        return false
      case 'repeat':
        this.#output.note(draft, { kind: 'repeated_stop', detail: raw })
        if (draft.stop !== undefined) draft.stop.sequence ??= sequence
        return false
      case 'better':
        this.#output.note(draft, { kind: 'stop_changed', detail: `${draft.stop?.raw ?? ''}, then ${raw}` })
        return false
      default: {
        const never: never = decision
        return never
      }
    }
  }

  #finish(strand: Strand<D>, ending: Ending): void {
    const { draft, blocks } = strand
    if (draft.phase === 'stopping') this.#release(strand, 'end')
    const outcome = this.#outcomeOf(draft, ending)
    blocks.finish(outcome.kind)
    if (outcome.kind === 'complete' && draft.terminal !== 'hard' && this.#passesMark) {
      this.#output.note(draft, { kind: 'missing_terminal' })
    }
    if (outcome.kind === 'complete' && lacksStop(draft)) this.#output.note(draft, { kind: 'missing_stop' })
    draft.phase = 'final'
    const final = messageOf(draft, this.#strands.facts, outcome, this.#options.facts?.() ?? {})
    this.#finished.add(draft.ordinal, final)
    if (draft.id !== undefined) this.#pastIds.add(draft.id)
    this.#output.emit({ type: 'message', ...about(draft), final })
  }

  #outcomeOf(draft: Draft | undefined, ending: Ending): Outcome {
    return decideOutcome(ending, {
      terminal: draft?.terminal ?? 'none',
      error: draft?.error,
      isAborted: draft?.error === draft?.abort,
      isCut: draft?.error === draft?.cut,
      isEmpty: (draft?.beginning ?? 'none') === 'none',
      malformed: draft?.malformed,
      acceptEof: this.#options.acceptEof,
    })
  }

  #grow(draft: Draft, length: number): void {
    growDraft(draft, length, this.#options.limits.messageLength)
  }

  #emitStart(draft: Draft): void {
    const model = draft.model === undefined ? {} : { model: draft.model }
    this.#output.emit({ type: 'start', ...about(draft), id: draft.id ?? draft.key, ...model })
  }

  #noteOperation(draft: Draft, { kind, detail, value, key }: AnomalyOperation): void {
    const block = key === undefined ? undefined : draft.byKey.get(key)
    if (kind === 'malformed_event' && draft.beginning === 'none') draft.malformed ??= detail ?? ''
    // There is one rest of a stream at most: that it was cut, perhaps by the caller, must not exceed a limit.
    const length = kind === 'cut_event' ? 0 : (detail?.length ?? 0)
    this.#grow(draft, length + (value === undefined ? 0 : sizeOfJson(value)))
    this.#output.note(
      draft,
      { kind, ...(detail === undefined ? {} : { detail }), ...(value === undefined ? {} : { value }) },
      block,
    )
  }

  readonly #noteNumber = (kind: AnomalyKind, detail: string, value?: string): void => {
    const [strand] = this.#strands
    if (strand === undefined || hasEnded(strand.draft)) {
      this.#lateEvents += 1
      return
    }
    // What is missing may be of any block that is open.
    if (kind === 'sequence_gap') for (const { draft } of this.#strands) loseNumbers(draft)
    const { draft } = strand
    const kept = draft.anomalies.length
    this.#output.note(draft, { kind, detail, ...(value === undefined ? {} : { value }) })
    if (draft.anomalies.length > kept) this.#grow(draft, value?.length ?? 0)
  }
}
