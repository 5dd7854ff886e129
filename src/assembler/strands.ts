/** The messages that a turn puts together side by side: one for each choice of an answer, or the one under way of a source of many. */
import type { AssistantMessage, Dialect, MessageSnapshot } from '../message.ts'
import type { Operation } from '../operation.ts'
import { AfterStop } from './after-stop.ts'
import { argumentsOf, isClosed } from './block.ts'
import { Blocks, type BlockOptions } from './blocks.ts'
import { createDraft, failDraft, limitError, snapshotOf, type Draft, type MessageFacts } from './draft.ts'
import type { Output } from './output.ts'
import { messageInput } from './state.ts'
import { ToolInputReader, type PartialInput } from './tool-input.ts'

export interface StrandOptions<D extends Dialect> extends BlockOptions {
  readonly dialect: D | 'unknown'
  readonly turn: string
  /** The source carries many messages. */
  readonly many: boolean
}

/** One message on its way, and what puts its blocks together. */
export interface Strand<D extends Dialect> {
  readonly draft: Draft
  readonly blocks: Blocks<D>
  /** What came after the stop reason, where that may be a repeat. */
  readonly afterStop: AfterStop | undefined
}

/** The messages that are over, in the order in which they began: of several that are open at once a later one may end first. */
export class Finished<D extends Dialect> {
  readonly #ordinals: number[] = []
  readonly messages: AssistantMessage<D>[] = []

  add(ordinal: number, message: AssistantMessage<D>): void {
    const at = this.#ordinals.findLastIndex((known) => known < ordinal) + 1
    this.#ordinals.splice(at, 0, ordinal)
    this.messages.splice(at, 0, message)
  }
}

export class Strands<D extends Dialect> implements Iterable<Strand<D>> {
  readonly #options: StrandOptions<D>
  readonly #output: Output<D>
  readonly #strands = new Map<number, Strand<D>>()
  #begun = 0
  /** The number of the stream that is read. */
  attempt = 1
  /** All choices have ended, those that never came too. */
  isOver = false

  constructor(options: StrandOptions<D>, output: Output<D>) {
    this.#options = options
    this.#output = output
  }

  [Symbol.iterator](): IterableIterator<Strand<D>> {
    return this.#strands.values()
  }

  get isHollow(): boolean {
    return [...this].every(({ draft }) => draft.blocks.length === 0 && draft.stop === undefined)
  }

  get size(): number {
    return this.#strands.size
  }

  /** That of choice 0. */
  get first(): Strand<D> | undefined {
    return this.#strands.get(0)
  }

  /** In the order of the choices. */
  get inOrder(): readonly Strand<D>[] {
    return [...this.#strands.values()].toSorted((a, b) => a.draft.choice - b.draft.choice)
  }

  /** That of a choice; it begins with the first that is asked of it. Undefined if there can be none. */
  of(choice: number): Strand<D> | undefined {
    const known = this.#strands.get(choice)
    // A choice that first comes after the end of all is as late as anything else.
    if (known === undefined && this.isOver) return undefined
    if (known !== undefined || this.#strands.size < this.#options.limits.choices) return known ?? this.begin(choice)
    const error = limitError(`one of more than ${this.#options.limits.choices} choices`, 'choices')
    for (const { draft } of this.#strands.values()) if (!hasEnded(draft)) failDraft(draft, error)
    return undefined
  }

  /** A choice's ordinal is its number; of a source of many, messages are counted. */
  begin(choice: number): Strand<D> {
    const ordinal = this.#options.many ? this.#begun : choice
    this.#begun += 1
    const draft = createDraft(`${this.#options.turn}/${ordinal}`, choice, ordinal)
    draft.attempt = this.attempt
    return this.#put(draft)
  }

  /** The draft has been emptied: nothing remembers what it held. */
  renew(draft: Draft): void {
    this.#put(draft)
  }

  #put(draft: Draft): Strand<D> {
    const afterStop = this.#options.recognisesReplay === 'after_stop' ? new AfterStop() : undefined
    const strand = { draft, blocks: new Blocks(draft, this.#output, this.#options), afterStop }
    this.#strands.set(draft.choice, strand)
    return strand
  }

  /** What is the same for all messages of the turn. */
  get facts(): MessageFacts<D> {
    const { dialect, turn, limits } = this.#options
    return { dialect, turn, maxDepth: limits.toolDepth }
  }

  /** The first message so far. */
  snapshot(): MessageSnapshot<D> {
    return snapshotOf(this.first?.draft ?? this.#nothing(), this.facts)
  }

  #nothing(): Draft {
    const draft = createDraft(`${this.#options.turn}/0`, 0)
    draft.attempt = this.attempt
    return draft
  }

  /** All messages that have begun and not ended. */
  snapshots(): readonly MessageSnapshot<D>[] {
    return this.inOrder.filter(({ draft }) => draft.phase !== 'final').map(({ draft }) => snapshotOf(draft, this.facts))
  }

  /** Parses what has arrived of a call's arguments, or of a text that is JSON; undefined if there is no such block. Without a key it is the first message's. */
  partialInput(ordinal: number, message?: string): PartialInput | undefined {
    const strands = [...this.#strands.values()]
    const strand = message === undefined ? this.first : strands.find(({ draft }) => draft.key === message)
    const block = strand?.draft.blocks[ordinal]
    if (block === undefined) return undefined
    const { freeText } = block.fields
    if (freeText !== undefined) return { value: { [freeText]: block.text }, isComplete: isClosed(block.position) }
    if (block.reader === undefined) {
      block.reader = new ToolInputReader(this.#options.limits.toolDepth)
      block.reader.feed(argumentsOf(block))
    }
    return block.reader.read()
  }
}

export function hasEnded(draft: Draft): boolean {
  return draft.phase === 'terminated' || draft.phase === 'final'
}

/** Whether a stop reason is due that never came. */
export function lacksStop({ stop, isInner }: Draft): boolean {
  return stop === undefined && !isInner
}

/** Whether it is the last that a message can be told. */
export function endsMessage(operation: Operation): boolean {
  const input = messageInput(operation)
  return input === 'hard_terminal' || input === 'fail'
}
