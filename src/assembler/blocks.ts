/**
 * The blocks of one message: carries out what the block table and the `decide…` functions of `state.ts` say about deltas, replays and
 * snapshots. Why they are as they are stands in `state.ts`; what is special about tool calls is in `calls.ts`.
 */
import { copyJson, equalJson, sizeOfJson } from '../json.ts'
import type { BlockKind, Dialect, Outcome } from '../message.ts'
import type { AppendOperation, BlockOperation, ListOperation, OpenOperation, SnapshotOperation } from '../operation.ts'
import {
  argumentsOf,
  createBlock,
  isEmptyBlock,
  isHandedOut,
  isNameless,
  isSameBlock,
  mergePayload,
  type Block,
  type Written,
} from './block.ts'
import { Calls, type CallOptions } from './calls.ts'
import { contentOf, dropPathsBefore, failDraft, regeneratedError, limitError, type Draft } from './draft.ts'
import { about, type Output } from './output.ts'
import { BLOCK_TABLE, compareText, decideReopen, goesOn, type BlockRule } from './state.ts'
import { Snapshots } from './snapshots.ts'
import { cutToReplay, knownPart, partOf, streamedOf, Writer } from './writer.ts'

/** What names a block; longer names, which only a hostile server gives, count as what they take. */
const USUAL_KEY_LENGTH = 64

export interface BlockOptions extends CallOptions {
  /** Whether the dialect opens its blocks with an event of their own. */
  readonly opensBlocks: boolean
  /** By what a message is known to be sent again: the event that begins it, or, where there is none, that it comes after the stop. */
  readonly recognisesReplay: 'at_begin' | 'after_stop'
}

export class Blocks<D extends Dialect> {
  readonly #draft: Draft
  readonly #output: Output<D>
  readonly #options: BlockOptions
  readonly #calls: Calls<D>
  readonly #writer: Writer<D>
  readonly #snapshots: Snapshots<D>
  #last: Block | undefined
  /** The call that was opened last, if nothing is shown of it yet. */
  #untold: Block | undefined

  constructor(draft: Draft, output: Output<D>, options: BlockOptions) {
    this.#draft = draft
    this.#output = output
    this.#options = options
    this.#calls = new Calls(draft, output, options)
    this.#writer = new Writer(draft, output, options.limits.messageLength)
    this.#snapshots = new Snapshots(draft, output, this.#writer, options.limits.toolDepth)
  }

  /** Whether the operation just went on with the block that was written last; if not, nothing has happened. */
  goOn(operation: AppendOperation): boolean {
    const block = this.#last
    if (block === undefined || block.key !== operation.key || block.kind !== operation.kind) return false
    if (!goesOn(this.#draft.phase, block.position.phase) || this.#draft.byKey.get(block.key) !== block) return false
    this.#writer.append(block, operation.text, operation.part)
    return true
  }

  /** `isOvertaken`: events that follow it were applied before. */
  apply(operation: BlockOperation, isOvertaken = false): void {
    const block = this.#named(operation)
    // A limit was reached: what exceeds it must not land anywhere else.
    if (this.#draft.phase === 'terminated') return
    const { rule } = BLOCK_TABLE[block?.position.phase ?? 'absent'][operation.op]
    if (block === undefined) this.#first(operation, rule)
    else this.#next(block, operation, rule, isOvertaken)
  }

  /** An operation that names a block which there is not. */
  #first(operation: BlockOperation, rule: BlockRule): void {
    if (operation.op === 'close') {
      if (rule === 'stray_close') this.#output.note(this.#draft, { kind: 'stray_close', detail: operation.key })
      return
    }
    if (rule === 'create_unopened' && this.#options.opensBlocks) {
      this.#output.note(this.#draft, { kind: 'unopened_block', detail: operation.key })
    }
    if (rule === 'create' || rule === 'create_unopened') this.#create(operation)
  }

  #next(block: Block, operation: BlockOperation, rule: BlockRule, isOvertaken: boolean): void {
    switch (rule) {
      case 'append_late':
        this.#output.note(this.#draft, { kind: 'late_append' }, block)
        this.#add(block, operation)
        return
      case 'append':
        this.#add(block, operation)
        return
      case 'merge':
        if (operation.op !== 'patch') return
        if (isReplayOfHandedOut(block)) this.#refuse(block, operation)
        else this.#merge(block, operation)
        return
      case 'open_again':
        if (operation.op === 'open') this.#openAgain(block, operation, isOvertaken)
        return
      case 'reconcile':
        if (operation.op === 'snapshot') this.#reconcile(block, operation)
        return
      case 'compare':
        if (operation.op === 'append') this.#compareText(block, operation)
        if (operation.op === 'list') this.#compareItem(block, operation)
        return
      case 'compare_close':
        this.#compareClose(block)
        return
      case 'hold':
        if (operation.op === 'append' || operation.op === 'snapshot') this.#hold(block, operation)
        return
      case 'judge':
        if (this.#judge(block)) this.#close(block, 'wire')
        return
      case 'close':
        this.#close(block, 'wire')
        return
      case 'refuse':
        this.#refuse(block, operation)
        return
      case 'repeat_close':
        this.#output.note(this.#draft, { kind: 'repeated_close' }, block)
        return
      case 'create':
      case 'create_unopened':
      case 'stray_close':
        return
      default: {
        const never: never = rule
        return never
      }
    }
  }

  /** The stop reason is known: calls that waited for it are handed out. */
  handOutClosed(): void {
    for (const block of this.#draft.blocks) this.#calls.handOut(block, undefined)
  }

  #refuse(block: Block, operation: BlockOperation): void {
    const value = operation.op === 'append' ? operation.text : (copyJson(operation) ?? null)
    this.#writer.grow(sizeOfJson(value))
    this.#output.note(this.#draft, { kind: 'append_after_hand_out', value }, block)
  }

  /** The input is over: every block is closed once, and calls that are whole now are handed out. */
  finish(outcome: Outcome['kind']): void {
    for (const block of this.#draft.byKey.values()) if (block.position.phase === 'held') this.#judge(block)
    for (const block of this.#draft.blocks) {
      if (block.position.phase === 'replaying') block.position = block.position.of
      this.#writer.settle(block)
      if (block.position.phase === 'open') this.#close(block, 'end', outcome)
      else this.#calls.handOut(block, outcome)
      this.#calls.explain(block, outcome)
    }
  }

  /** The block that an operation names. A delta of another kind than its block gets a block of its own beside it. */
  #named(operation: BlockOperation): Block | undefined {
    const { op, key } = operation
    const block = this.#draft.byKey.get(key)
    if (block === undefined || op === 'open' || op === 'close' || block.kind === operation.kind) return block
    // Of a block that nobody knows, nobody knows what its deltas are.
    if (block.kind === 'other') return block
    const own = `${key}/${operation.kind}`
    const beside = this.#draft.byKey.get(own)
    if (beside !== undefined) return beside
    this.#output.note(this.#draft, { kind: 'kind_mismatch', detail: operation.kind }, block)
    return this.#hasRoom() ? this.#show(this.#make(own, operation.kind)) : block
  }

  #hasRoom(): boolean {
    const { blocks } = this.#options.limits
    if (Math.max(this.#draft.blocks.length, this.#draft.byKey.size) < blocks) return true
    failDraft(this.#draft, limitError(`made of more than ${blocks} blocks`, 'blocks'))
    return false
  }

  #make(key: string, kind: BlockKind): Block {
    const block = createBlock(key, kind, this.#draft)
    this.#draft.byKey.set(key, block)
    this.#draft.pieces += 1
    this.#writer.grow(Math.max(0, key.length - USUAL_KEY_LENGTH))
    return block
  }

  #create(operation: Exclude<BlockOperation, { op: 'close' }>): void {
    if (!this.#hasRoom()) return
    const block = this.#make(operation.key, operation.kind)
    if (operation.op === 'open' || operation.op === 'snapshot') this.#merge(block, operation)
    this.#showUntold()
    if (this.#isUntold(block)) this.#holdUntold(block)
    else this.#place(block)
    if (operation.op === 'open') this.#seed(block, operation)
    else this.apply(operation)
  }

  /**
   * Whether it is too early to show a call: a reader can do nothing with one that has no name, and where no event opens a call, its name
   * and id may come in several events before its arguments do.
   */
  #isUntold(block: Block): boolean {
    if (isNameless(block)) return true
    return block.kind === 'tool_call' && !this.#options.opensBlocks && argumentsOf(block) === ''
  }

  #holdUntold(block: Block): void {
    block.position = { phase: 'held' }
    this.#untold = block
    if (!isNameless(block)) this.#output.held(this.#draft, block)
  }

  /** Another block begins: what is known of the call before it is all that there is to show. */
  #showUntold(): void {
    const block = this.#untold
    if (block?.position.phase !== 'held' || isNameless(block) || this.#draft.byKey.get(block.key) !== block) return
    this.#place(block)
  }

  #showOnceTold(block: Block): void {
    if (block.position.phase !== 'held') return
    if (!this.#isUntold(block)) this.#place(block)
    else if (!isNameless(block)) this.#output.held(this.#draft, block)
  }

  /** Shows the block, unless it may be an earlier call once more. */
  #place(block: Block): void {
    if (this.#calls.rivalOf(block) === undefined) this.#reveal(block)
    else block.position = { phase: 'held' }
  }

  /** Shows a block that nothing was shown of so far, with what has come of it. */
  #reveal(block: Block): void {
    block.position = { phase: 'open' }
    this.#show(block)
    this.#output.added(this.#draft, block, block.text)
  }

  /** Gives the block its place in the message. */
  #show(block: Block): Block {
    block.ordinal = this.#draft.blocks.length
    this.#draft.blocks.push(block)
    this.#output.started(this.#draft, block)
    return block
  }

  /** What the opening event already holds is the first that came of the block. */
  #seed(block: Block, operation: OpenOperation): void {
    const { choice, items = [] } = operation
    for (const item of items) this.apply({ op: 'list', choice, key: block.key, kind: block.kind, item })
    if (operation.seed === undefined || operation.seed === '') return
    if (block.kind === 'tool_call') this.#seedArguments(block, operation.seed)
    else this.apply({ op: 'append', choice: operation.choice, key: block.key, kind: block.kind, text: operation.seed })
  }

  #seedArguments(block: Block, seed: string): void {
    const { position } = block
    if (position.phase === 'replaying') {
      position.seedArguments = seed
      if (block.text !== '' || seed === block.seedArguments || !this.#regenerate()) return
    }
    block.seedArguments = seed
    if (block.text === '') block.reader = undefined
    this.#writer.grow(seed.length)
  }

  #add(block: Block, operation: BlockOperation): void {
    if (operation.op === 'append') {
      this.#last = block
      this.#writer.append(block, operation.text, operation.part)
    }
    if (operation.op === 'list') this.#writer.addItem(block, operation.item, operation.at)
  }

  #merge(block: Block, operation: Extract<BlockOperation, { op: 'patch' | 'snapshot' | 'open' }>): void {
    // What was handed out stands as it was.
    if (isHandedOut(block.position)) return
    const isReplaying = block.position.phase === 'replaying'
    // What grows has grown already by what is sent again.
    const { append: _append, ...rest } = operation
    this.#writer.grow(mergePayload(block, isReplaying ? rest : operation))
    if (block.position.phase === 'replaying') block.position.told.push(operation)
    this.#showOnceTold(block)
  }

  #openAgain(block: Block, operation: OpenOperation, isOvertaken: boolean): void {
    const { position } = block
    const decision = decideReopen({
      phase: position.phase,
      begunSince: block.run < this.#draft.run,
      isEmpty: isEmptyBlock(block),
      isSame: isSameBlock(block, operation.kind, operation.fields),
      isOvertaken,
    })
    switch (decision) {
      case 'replay':
        if (!this.#isStillToCome(block)) this.#draft.replayedFrom = this.#draft.run
        block.run = this.#draft.run
        if (position.phase === 'held') block.text = ''
        else {
          const of = position.phase === 'replaying' ? position.of : position
          block.position = {
            phase: 'replaying',
            of,
            sentAt: new Map(),
            itemsAt: 0,
            lossesBefore: this.#draft.losses,
            told: [],
          }
        }
        this.#merge(block, operation)
        this.#seed(block, operation)
        return
      case 'regenerated':
        if (!this.#isStillToCome(block)) this.#draft.replayedFrom = this.#draft.run
        if (this.#regenerate(block)) this.#create(operation)
        return
      case 'repeat':
        block.run = this.#draft.run
        this.#output.note(this.#draft, { kind: 'repeated_open' }, block)
        this.#merge(block, operation)
        if (isEmptySoFar(block)) this.#seed(block, operation)
        return
      case 'reuse':
        this.#output.note(this.#draft, { kind: 'block_key_reused', detail: operation.key }, block)
        if (position.phase === 'held' && this.#judge(block)) this.#close(block, 'end')
        if (position.phase === 'open') this.#close(block, 'end')
        this.#create(operation)
        return
      default: {
        const never: never = decision
        return never
      }
    }
  }

  #compareText(block: Block, operation: AppendOperation): void {
    const { position } = block
    if (position.phase !== 'replaying') return
    const { part: name, text } = operation
    const written = name === undefined ? block : knownPart(block, name)
    const at = written === undefined ? 0 : (position.sentAt.get(written) ?? 0)
    if (text === '') {
      // An empty part is one too.
      if (written !== undefined && written !== block) position.sentAt.set(written, at)
      return
    }
    const comparison = compareText(written === undefined ? '' : streamedOf(written), at, text)
    const mayGoOn = position.of.phase === 'open' && written?.streamed === undefined
    if (written !== undefined && comparison.kind === 'same') position.sentAt.set(written, comparison.at)
    else if (comparison.kind === 'beyond' && mayGoOn && isSentAgain(block, position.sentAt, written)) {
      block.position = position.of
      this.#writer.append(block, comparison.rest, name)
    } else if (this.#regenerate()) this.apply(operation)
  }

  #compareItem(block: Block, operation: ListOperation): void {
    const { position } = block
    if (position.phase !== 'replaying') return
    position.itemsAt += 1
    if (position.itemsAt <= block.items.length) return
    if (position.of.phase === 'open') this.#writer.addItem(block, operation.item, operation.at)
    else if (this.#regenerate()) this.apply(operation)
  }

  #compareClose(block: Block): void {
    const { position } = block
    if (position.phase !== 'replaying') return
    const isAtEnd = isSentAgain(block, position.sentAt) && position.itemsAt >= block.items.length
    if (!isAtEnd) {
      if (!this.#regenerate()) return
      // What was not sent again is not there any more.
      if (this.#draft.byKey.get(block.key) === block) this.#close(block, 'wire')
      else this.#output.note(this.#draft, { kind: 'stray_close', detail: block.key })
      return
    }
    block.position = position.of
    if (position.of.phase === 'open') this.#close(block, 'wire')
  }

  /** The replay that is under way has still to send this block; opening it belongs to that replay, not to another one. */
  #isStillToCome(block: Block): boolean {
    const { replayedFrom } = this.#draft
    return replayedFrom !== undefined && block.run < replayedFrom
  }

  /**
   * The provider generated anew under the same id: the message is what was sent since it began again. `without` is a block that is about
   * to be opened with other content. False if a call was handed out, which cannot be taken back.
   */
  #regenerate(without?: Block): boolean {
    const draft = this.#draft
    if (draft.handedOut > 0) {
      failDraft(draft, regeneratedError('the provider generated the message anew'))
      return false
    }
    const { toolDepth } = this.#options.limits
    this.#output.note(draft, { kind: 'regenerated', content: contentOf(draft, toolDepth) })
    const from = draft.replayedFrom ?? draft.run
    dropPathsBefore(draft, from)
    const kept = draft.blocks.filter((block) => block.run >= from && block !== without)
    draft.attempt += 1
    draft.blocks = []
    draft.stop = undefined
    draft.terminal = 'none'
    draft.phase = 'streaming'
    draft.byKey.clear()
    draft.callsById.clear()
    this.#output.emit({ type: 'reset', ...about(draft) })
    for (const block of kept) this.#keep(block)
    return true
  }

  /** Takes a block over into the new attempt, as far as it was sent again. */
  #keep(block: Block): void {
    cutToReplay(block)
    this.#writer.grow(block.text.length)
    this.#draft.byKey.set(block.key, block)
    this.#calls.keepId(block)
    this.#show(block)
    const isClosed = block.position.phase === 'closed'
    this.#output.added(this.#draft, block, isClosed ? argumentsOf(block) : block.text)
    if (isClosed) this.#output.stopped(this.#draft, block)
  }

  #reconcile(block: Block, operation: SnapshotOperation): void {
    const { position } = block
    if (position.phase === 'replaying' && this.#snapshots.contradict(block, operation)) {
      if (this.#regenerate()) this.apply(operation)
      return
    }
    this.#snapshots.apply(block, operation)
    if (position.phase === 'replaying') {
      const whole = operation.parts?.map(({ part }) => partOf(block, part)) ?? [block, ...block.parts]
      for (const written of whole) position.sentAt.set(written, streamedOf(written).length)
    }
    if (operation.rank >= block.snapshotRank) {
      block.snapshotRank = operation.rank
      // What was missing by its numbers is made good by the whole; data that is no JSON may have been anything.
      if (operation.rank > 0 && operation.text !== undefined)
        block.lossesBefore = { ...block.lossesBefore, numbers: Infinity }
      this.#merge(block, operation)
      const items = operation.items?.map((item) => copyJson(item) ?? null) ?? []
      if (items.length > 0 && !equalJson(items, block.items)) {
        block.items = items
        this.#writer.grow(sizeOfJson(items))
      }
    }
    if (operation.closes) this.#closeOnce(block)
  }

  /** The block is whole, as an event says that may say so again. */
  #closeOnce(block: Block): void {
    const { position } = block
    if (position.phase === 'open') this.#close(block, 'wire')
    if (position.phase === 'held' && this.#judge(block)) this.#close(block, 'wire')
    if (position.phase !== 'replaying') return
    const isAtEnd = isSentAgain(block, position.sentAt)
    block.position = position.of
    if (position.of.phase === 'open') this.#close(block, 'wire')
    // Less was sent again than there is: if it turns out that the message was generated anew, the rest is no part of it.
    if (!isAtEnd) block.position = { ...position, of: block.position }
  }

  #hold(block: Block, operation: AppendOperation | SnapshotOperation): void {
    if (operation.op === 'append') block.text += operation.text
    if (operation.op === 'snapshot' && operation.text !== undefined) block.text = operation.text
    if (operation.op === 'append' && operation.text !== '') this.#draft.pieces += 1
    if (operation.op === 'append' || operation.op === 'snapshot') this.#writer.grow(operation.text?.length ?? 0)
    this.#showOnceTold(block)
    if (operation.op === 'snapshot') this.#merge(block, operation)
    if (operation.op === 'snapshot' && operation.closes) this.#closeOnce(block)
  }

  /** Whether a held call is a call of its own after all; then it gets its place. */
  #judge(block: Block): boolean {
    if (!this.#calls.isOwn(block)) return false
    this.#reveal(block)
    return true
  }

  #close(block: Block, by: 'wire' | 'end', outcome?: Outcome['kind']): void {
    const whole = outcome === 'complete' ? this.#calls.dropResent(block) : undefined
    if (whole !== undefined) this.#writer.replace(block, whole)
    if (block.text === '' && block.seedArguments !== undefined)
      this.#output.added(this.#draft, block, block.seedArguments)
    this.#writer.settle(block)
    block.position = { phase: 'closed', by }
    block.lossesAfter = this.#draft.losses
    this.#output.stopped(this.#draft, block)
    this.#calls.handOut(block, outcome)
  }
}

/** Whether nothing of the block has come; of one that is sent again, since it is. */
function isEmptySoFar(block: Block): boolean {
  const { position } = block
  return position.phase === 'replaying' ? position.sentAt.size + position.itemsAt === 0 : isEmptyBlock(block)
}

function isReplayOfHandedOut({ position }: Block): boolean {
  return position.phase === 'replaying' && position.of.phase === 'handed_out'
}

/** Whether all of the text was sent again, apart from a piece of it that goes on. */
function isSentAgain(block: Block, sentAt: ReadonlyMap<Written, number>, except?: Written): boolean {
  const all = block.parts.length > 0 ? block.parts : [block]
  return all.every((one) => one === except || (sentAt.get(one) ?? 0) >= streamedOf(one).length)
}
