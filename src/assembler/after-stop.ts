/**
 * What comes of a message after its stop reason, in a protocol that has no event by which a message begins again: it is held back until
 * it is known whether a proxy repeats itself or the model goes on. `decideAfterStop` in `state.ts` judges; here are the facts for it.
 */
import { equalJson, sizeOfJson } from '../json.ts'
import type { BlockOperation, MetaOperation, Operation } from '../operation.ts'
import { isSameBlock, type Block } from './block.ts'
import { decideAfterStop } from './state.ts'

export type LateOperation = BlockOperation | MetaOperation

export class AfterStop {
  #held: LateOperation[] = []
  #opensAgain = false

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
    const { tail, head } = compare(held, blocks)
    return { kind: decideAfterStop({ tail, head, opensAgain, before }), operations: held }
  }
}

export interface Released {
  readonly kind: 'repeat' | 'continuation'
  readonly operations: readonly LateOperation[]
}

/** Whether, block by block, the held text is the end, or the beginning, of what the message has. */
function compare(
  operations: readonly LateOperation[],
  blocks: ReadonlyMap<string, Block>,
): { readonly tail: boolean; readonly head: boolean } {
  const texts = new Map<Block, string>()
  for (const operation of operations) {
    if (operation.op === 'meta') continue
    const block = blocks.get(operation.key)
    if (block === undefined || !isRepeatOf(block, operation)) return { tail: false, head: false }
    texts.set(block, (texts.get(block) ?? '') + textOf(operation))
  }
  const all = [...texts]
  const hasContent = operations.some(({ op }) => op === 'list') || all.some(([, text]) => text !== '')
  return {
    tail: hasContent && all.every(([block, text]) => block.text.endsWith(text)),
    head: hasContent && all.every(([block, text]) => block.text.startsWith(text)),
  }
}

function isRepeatOf(block: Block, operation: BlockOperation): boolean {
  switch (operation.op) {
    case 'open':
    case 'patch':
      return isSameBlock(block, operation.kind, operation.fields)
    case 'list':
      return block.items.some((item) => equalJson(item, operation.item))
    case 'append':
    case 'snapshot':
      return block.kind === operation.kind
    case 'close':
      return true
    default: {
      const never: never = operation
      return never
    }
  }
}

function textOf(operation: BlockOperation): string {
  if (operation.op === 'append' || operation.op === 'snapshot') return operation.text ?? ''
  return operation.op === 'open' ? (operation.seed ?? '') : ''
}

function sizeOf(operation: LateOperation): number {
  if (operation.op === 'append') return operation.text.length
  if (operation.op === 'meta') return sizeOfJson(operation.append ?? null)
  return 64 + (operation.op === 'snapshot' ? (operation.text ?? '').length : 0)
}
