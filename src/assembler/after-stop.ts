/**
 * What comes of a message after its stop reason, in a protocol that has no event by which a message begins again: it is held back until
 * it is known whether a proxy repeats itself or the model goes on. `decideAfterStop` in `state.ts` judges; here are the facts for it.
 */
import { equalJson, sizeOfJson, type JsonValue } from '../json.ts'
import type { BlockOperation, MetaOperation, Operation } from '../operation.ts'
import { isSameBlock, type Block } from './block.ts'
import { decideAfterStop } from './state.ts'

export type LateOperation = BlockOperation | MetaOperation

export class AfterStop {
  #held: LateOperation[] = []
  #opensAgain = false
  readonly #tails = new Tails()

  /** Keeps an operation back if it is content; gives its size then, else undefined. */
  hold(operation: Operation): number | undefined {
    switch (operation.op) {
      case 'open':
      case 'append':
      case 'list':
      case 'patch':
      case 'snapshot':
      case 'close':
        break
      case 'meta':
        if (operation.opensAgain && this.#held.length === 0) this.#opensAgain = true
        if (operation.append === undefined) return undefined
        break
      case 'begin':
      case 'stop':
      case 'usage':
      case 'terminal':
      case 'fail':
      case 'anomaly':
        return undefined
      default: {
        const never: never = operation
        return never
      }
    }
    this.#held.push(operation)
    return sizeOf(operation)
  }

  /** Gives back what was held, and what it was. */
  release(blocks: ReadonlyMap<string, Block>, before: 'stop' | 'end'): Released | undefined {
    const held = this.#held
    const opensAgain = this.#opensAgain
    this.#held = []
    this.#opensAgain = false
    if (held.length === 0) return undefined
    const { tail, head } = compare(held, blocks, this.#tails, opensAgain && before === 'end')
    const kind = decideAfterStop({ tail, head, opensAgain, before })
    if (kind === 'continuation') this.#follow(held, blocks)
    return { kind, operations: held }
  }

  /** What is held is about to be added. */
  #follow(held: readonly LateOperation[], blocks: ReadonlyMap<string, Block>): void {
    const texts = new Map<Block, string>()
    for (const operation of held) {
      const block = operation.op === 'append' ? blocks.get(operation.key) : undefined
      if (block !== undefined && operation.op === 'append') texts.set(block, (texts.get(block) ?? '') + operation.text)
    }
    for (const [block, text] of texts) this.#tails.grow(block, text)
  }
}

export interface Released {
  readonly kind: 'repeat' | 'continuation'
  readonly operations: readonly LateOperation[]
}

/** What is held of one block. */
interface Held {
  text: string
  readonly items: JsonValue[]
}

/** Whether, block by block, what is held is the end, or the beginning, of what the message has. */
function compare(
  operations: readonly LateOperation[],
  blocks: ReadonlyMap<string, Block>,
  tails: Tails,
  wantsHead: boolean,
): { readonly tail: boolean; readonly head: boolean } {
  const byBlock = new Map<Block, Held>()
  for (const operation of operations) {
    if (operation.op === 'meta') continue
    const block = blocks.get(operation.key)
    if (block === undefined || !isRepeatOf(block, operation)) return { tail: false, head: false }
    const held = byBlock.get(block) ?? { text: '', items: [] }
    byBlock.set(block, held)
    held.text += textOf(operation)
    if (operation.op === 'list') held.items.push(operation.item)
  }
  const all = [...byBlock]
  if (!all.some(([, { text, items }]) => text !== '' || items.length > 0)) return { tail: false, head: false }
  return {
    tail: all.every(([block, { text, items }]) => hasItemsAt(block, items, -1) && tails.endsWith(block, text)),
    head:
      wantsHead && all.every(([block, { text, items }]) => hasItemsAt(block, items, 0) && block.text.startsWith(text)),
  }
}

function isRepeatOf(block: Block, operation: BlockOperation): boolean {
  switch (operation.op) {
    case 'open':
    case 'patch':
      return isSameBlock(block, operation.kind, operation.fields)
    case 'list':
    case 'append':
      return block.kind === operation.kind
    case 'snapshot':
      return block.kind === operation.kind && (operation.text ?? block.text) === block.text
    case 'close':
      return true
    default: {
      const never: never = operation
      return never
    }
  }
}

/** Whether a block's list begins (0) or ends (-1) with these items. */
function hasItemsAt(block: Block, items: readonly JsonValue[], end: 0 | -1): boolean {
  const start = end === 0 ? 0 : block.items.length - items.length
  return start >= 0 && items.every((item, i) => equalJson(item, block.items[start + i] ?? null))
}

function textOf(operation: BlockOperation): string {
  if (operation.op === 'append') return operation.text
  return operation.op === 'open' ? (operation.seed ?? '') : ''
}

/**
 * The last characters of the blocks' texts. A text that grows is many pieces, and to look at its end makes V8 join them all: a server that
 * sends a stop reason with every chunk would make that quadratic.
 */
class Tails {
  readonly #known = new Map<Block, { readonly length: number; readonly text: string }>()

  endsWith(block: Block, text: string): boolean {
    const known = this.#known.get(block)
    const tail = known?.length === block.text.length ? known.text : block.text.slice(-TAIL_LENGTH)
    this.#known.set(block, { length: block.text.length, text: tail })
    if (text.length <= tail.length) return tail.endsWith(text)
    return text.endsWith(tail) && block.text.endsWith(text)
  }

  /** The text is about to be added to the block. */
  grow(block: Block, text: string): void {
    const known = this.#known.get(block)
    if (known?.length !== block.text.length) return
    this.#known.set(block, { length: known.length + text.length, text: (known.text + text).slice(-TAIL_LENGTH) })
  }
}

const TAIL_LENGTH = 4096

function sizeOf(operation: LateOperation): number {
  if (operation.op === 'append') return operation.text.length
  if (operation.op === 'meta') return sizeOfJson(operation.append ?? null)
  return 64 + (operation.op === 'snapshot' ? (operation.text ?? '').length : 0)
}
