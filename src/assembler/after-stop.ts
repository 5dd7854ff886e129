/**
 * What comes of a message after its stop reason, in a protocol that has no event by which a message begins again: it is held back until
 * it is known whether a proxy repeats itself or the model goes on. `decideAfterStop` in `state.ts` judges; here are the facts for it.
 */
import { copyJson, equalJson, growFields, isObject, sizeOfJson, type JsonObject, type JsonValue } from '../json.ts'
import type { BlockOperation, MetaOperation, Operation } from '../operation.ts'
import { argumentsOf, isPresent, isSameBlock, type Block } from './block.ts'
import { decideAfterStop } from './state.ts'

export type LateOperation = BlockOperation | MetaOperation

export class AfterStop {
  #held: LateOperation[] = []
  #size = 0
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
    const size = sizeOf(operation)
    this.#held.push(operation)
    this.#size += size
    return size
  }

  /** Gives back what was held, and what it was. */
  release(
    { byKey: blocks, wire }: { readonly byKey: ReadonlyMap<string, Block>; readonly wire: JsonObject },
    before: 'stop' | 'end',
  ): Released {
    const held = this.#held
    const size = this.#size
    const opensAgain = this.#opensAgain
    this.#held = []
    this.#size = 0
    this.#opensAgain = false
    const { tail, head } = compare(held, { blocks, wire, tails: this.#tails }, opensAgain && before === 'end')
    const kind = decideAfterStop({ tail, head, opensAgain, before })
    if (kind === 'continuation') this.#follow(held, blocks)
    return { kind, operations: held, size }
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
  /** What was counted of them while they were held. */
  readonly size: number
}

/** What is held of one block. */
interface Held {
  text: string
  readonly items: JsonValue[]
}

/** What the message has, to compare with. */
interface Known {
  readonly blocks: ReadonlyMap<string, Block>
  readonly wire: JsonObject
  readonly tails: Tails
}

/** Whether, block by block, what is held is the end, or the beginning, of what the message has. */
function compare(
  operations: readonly LateOperation[],
  { blocks, wire, tails }: Known,
  wantsHead: boolean,
): { readonly tail: boolean; readonly head: boolean } {
  const byBlock = new Map<Block, Held>()
  const unnamed = new Map<string, UnnamedCall>()
  const lists: JsonObject = {}
  for (const operation of operations) {
    if (operation.op === 'meta') {
      growFields(lists, operation.append ?? {})
      continue
    }
    const block = blocks.get(operation.key)
    if (block === undefined && addUnnamed(unnamed, operation)) continue
    if (block === undefined || !isRepeatOf(block, operation)) return { tail: false, head: false }
    const held = byBlock.get(block) ?? { text: '', items: [] }
    byBlock.set(block, held)
    held.text += textOf(operation)
    if (operation.op === 'list') held.items.push(operation.item)
  }
  const all = [...byBlock]
  const hasContent = all.some(([, { text, items }]) => text !== '' || items.length > 0)
  if (!hasContent && unnamed.size === 0) return { tail: endsWithFields(wire, lists), head: false }
  const areLast = areLastCalls([...unnamed.values()], [...blocks.values()])
  return {
    tail:
      areLast && all.every(([block, { text, items }]) => hasItemsAt(block, items, -1) && tails.endsWith(block, text)),
    head:
      wantsHead &&
      unnamed.size === 0 &&
      all.every(([block, { text, items }]) => hasItemsAt(block, items, 0) && block.text.startsWith(text)),
  }
}

/** A call to which the wire gives no id: only its name and arguments can tell whether it is there already. */
interface UnnamedCall {
  name: string
  text: string
}

/** Whether the operation is about such a call, which is not among the blocks. */
function addUnnamed(calls: Map<string, UnnamedCall>, operation: BlockOperation): boolean {
  if (operation.op === 'close') return calls.has(operation.key)
  if (operation.kind !== 'tool_call') return false
  const call = calls.get(operation.key) ?? { name: '', text: '' }
  calls.set(operation.key, call)
  if (operation.op === 'append') call.text += operation.text
  if (operation.op === 'append' || operation.op === 'list') return true
  const { id, name } = operation.fields ?? {}
  call.name = name ?? call.name
  call.text = operation.op === 'snapshot' ? (operation.text ?? call.text) : call.text + textOf(operation)
  return id === undefined || id === null || id === ''
}

/** Whether the calls are the last of those without an id, in their order. */
function areLastCalls(calls: readonly UnnamedCall[], blocks: readonly Block[]): boolean {
  const known = blocks.filter(({ kind, fields }) => kind === 'tool_call' && !isPresent(fields.id)).slice(-calls.length)
  return calls.every(({ name, text }, i) => known[i]?.fields.name === name && argumentsOf(known[i]) === text)
}

/** Whether the lists and texts of the message's own fields end with these, and there are any. */
function endsWithFields(fields: JsonObject, ends: JsonObject): boolean {
  const names = Object.keys(ends)
  return (
    names.length > 0 &&
    names.every((name) => endsWith(Object.hasOwn(fields, name) ? fields[name] : undefined, ends[name]))
  )
}

function endsWith(value: JsonValue | undefined, end: JsonValue | undefined): boolean {
  if (typeof value === 'string' && typeof end === 'string') return value.endsWith(end)
  if (Array.isArray(value) && Array.isArray(end)) return equalJson(value.slice(-end.length), end)
  return isObject(value) && isObject(end) && endsWithFields(value, end)
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
  return operation.op === 'append' ? operation.text.length : sizeOfJson(copyJson(operation) ?? null)
}
