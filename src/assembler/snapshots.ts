/**
 * What the final form of a block does to what was streamed of it: `decideSnapshot` in `state.ts` says what, here it is done, for the text
 * as a whole or part by part.
 */
import type { Dialect } from '../message.ts'
import type { SnapshotOperation, SnapshotRank } from '../operation.ts'
import { isHandedOut, isSameInput, type Block } from './block.ts'
import type { Draft } from './draft.ts'
import type { Output } from './output.ts'
import { contradicts, decideSnapshot } from './state.ts'
import { partOf, type Writer } from './writer.ts'

type NamedText = NonNullable<SnapshotOperation['parts']>[number]

export class Snapshots<D extends Dialect> {
  readonly #draft: Draft
  readonly #output: Output<D>
  readonly #writer: Writer<D>
  readonly #toolDepth: number

  constructor(draft: Draft, output: Output<D>, writer: Writer<D>, toolDepth: number) {
    this.#draft = draft
    this.#output = output
    this.#writer = writer
    this.#toolDepth = toolDepth
  }

  /** Whether it shows that a block that is being sent again is another one. */
  contradict(block: Block, operation: SnapshotOperation): boolean {
    const { text, parts } = operation
    if (parts === undefined) return contradicts(text, block) && !this.#meansTheSame(block, operation)
    return parts.some((one) => contradicts(one.text, partOf(block, one.part)))
  }

  apply(block: Block, operation: SnapshotOperation): void {
    if (operation.parts === undefined) this.#wholeText(block, operation)
    else for (const one of operation.parts) this.#wholePart(block, operation.rank, one)
  }

  #meansTheSame({ text: have }: Block, { text = '', isRewritten }: SnapshotOperation): boolean {
    return isRewritten === true && isSameInput(have, text, this.#toolDepth)
  }

  #wholeText(block: Block, operation: SnapshotOperation): void {
    const { rank, text = '', isRenewed } = operation
    if (block.text !== '' && this.#meansTheSame(block, operation)) return
    const decision = decideSnapshot({
      have: block.text,
      text,
      rank,
      knownRank: block.snapshotRank,
      handedOut: isHandedOut(block.position),
    })
    switch (decision) {
      case 'extend':
        this.#writer.append(block, text.slice(block.text.length))
        return
      case 'replace':
        if (!isRenewed) this.#output.note(this.#draft, { kind: 'snapshot_differs', value: block.text }, block)
        this.#writer.replace(block, text)
        return
      case 'refuse':
        if (!isSameInput(block.text, text, this.#toolDepth)) {
          this.#output.note(this.#draft, { kind: 'snapshot_refused', value: text }, block)
        }
        return
      case 'keep':
        return
      default: {
        const never: never = decision
        return never
      }
    }
  }

  #wholePart(block: Block, rank: SnapshotRank, { part: name, text }: NamedText): void {
    const part = this.#writer.part(block, name)
    const decision = decideSnapshot({ have: part.text, text, rank, knownRank: part.rank, handedOut: false })
    if (rank > part.rank) part.rank = rank
    if (decision === 'extend') this.#writer.append(block, text.slice(part.text.length), name)
    if (decision === 'replace') {
      this.#output.note(this.#draft, { kind: 'snapshot_differs', value: part.text }, block)
      this.#writer.replacePart(block, part, text)
    }
  }
}
