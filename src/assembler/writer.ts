/**
 * Writes what a block holds: its text, the parts that its text is made of, its items. Tells the output what a reader sees of it and
 * counts what is held. Whether something may be written is decided in `state.ts`.
 */
import { copyJson, equalJson, sizeOfJson, type JsonValue } from '../json.ts'
import type { Dialect } from '../message.ts'
import type { PartName } from '../operation.ts'
import { BETWEEN_PARTS, joinParts, mergePayload, type Block, type Part, type Written } from './block.ts'
import { growDraft, type Draft } from './draft.ts'
import type { Output } from './output.ts'

/** What a part takes besides its text. */
const PART_SIZE = 64

export class Writer<D extends Dialect> {
  readonly #draft: Draft
  readonly #output: Output<D>
  readonly #messageLength: number

  constructor(draft: Draft, output: Output<D>, messageLength: number) {
    this.#draft = draft
    this.#output = output
    this.#messageLength = messageLength
  }

  grow(length: number): void {
    growDraft(this.#draft, length, this.#messageLength)
  }

  append(block: Block, text: string, name?: PartName): void {
    if (name === undefined) this.#extend(block, text)
    else this.#extendPart(block, text, name)
  }

  /** The whole text becomes another one. */
  replace(block: Block, text: string): void {
    block.streamed ??= block.text
    block.text = text
    block.reader = undefined
    this.grow(text.length)
    this.#output.replaced(this.#draft, block)
  }

  /** The text of one part becomes another one. What follows it in the whole text moves, so a reader is told at the end of the block. */
  replacePart(block: Block, part: Part, text: string): void {
    part.streamed ??= part.text
    part.text = text
    block.isBehind = true
    this.grow(text.length)
  }

  /** Makes the whole text what its parts say, and shows it, if it is not. */
  settle(block: Block): void {
    if (!block.isBehind) return
    block.isBehind = false
    this.replace(block, joinParts(block.parts))
  }

  /** The part of that name; it is made, and counted, if there is none. */
  part(block: Block, name: PartName): Part {
    const known = block.parts.length
    const part = partOf(block, name)
    if (block.parts.length > known) this.grow(PART_SIZE)
    return part
  }

  /** `at` is the item's place in the list, where the wire names it. */
  addItem(block: Block, item: JsonValue, at?: number): void {
    const copy = copyJson(item) ?? null
    const known = at === undefined ? undefined : block.items[at]
    if (known !== undefined && equalJson(known, copy)) {
      this.#output.note(this.#draft, { kind: 'repeated_item' }, block)
      return
    }
    block.items.push(copy)
    this.#draft.pieces += 1
    this.grow(sizeOfJson(copy))
  }

  #extend(block: Block, text: string): void {
    if (text === '') return
    const replacesSeed = block.text === '' && block.seedArguments !== undefined
    if (replacesSeed) block.reader = undefined
    block.lastAppendAt = block.text.length
    block.text += text
    this.#draft.pieces += 1
    block.reader?.feed(text)
    this.grow(text.length)
    if (replacesSeed && block.position.phase === 'closed') this.#output.replaced(this.#draft, block)
    else this.#output.added(this.#draft, block, text)
  }

  #extendPart(block: Block, text: string, name: PartName): void {
    const part = this.part(block, name)
    if (text === '') return
    const opens = part.text === '' && block.text !== ''
    part.text += text
    if (part !== block.parts.at(-1)) block.isBehind = true
    if (!block.isBehind) this.#extend(block, opens ? BETWEEN_PARTS + text : text)
    else {
      this.#draft.pieces += 1
      this.grow(text.length)
    }
  }
}

/** The part of that name; it is made if there is none. Nearly always it is the last. */
export function partOf(block: Block, name: PartName): Part {
  const last = block.parts.at(-1)
  if (last !== undefined && last.name.kind === name.kind && last.name.index === name.index) return last
  const known = knownPart(block, name)
  if (known !== undefined) return known
  const part: Part = { name, text: '', streamed: undefined, rank: 0 }
  block.parts.push(part)
  block.partsByName ??= new Map()
  block.partsByName.set(nameOf(name), part)
  return part
}

/** The part of that name, if there is one. */
export function knownPart(block: Block, name: PartName): Part | undefined {
  return block.partsByName?.get(nameOf(name))
}

function nameOf({ kind, index }: PartName): string {
  return `${kind} ${index}`
}

/** What a replay of it repeats. */
export function streamedOf({ text, streamed = text }: Written): string {
  return streamed
}

/** Cuts a block, of a message that was generated anew, to what was sent again of it. */
export function cutToReplay(block: Block): void {
  const { position } = block
  if (block.isBehind) block.text = joinParts(block.parts)
  block.isBehind = false
  block.snapshotRank = 0
  block.heldBack = ''
  block.reader = undefined
  if (position.phase === 'replaying') {
    cutText(block, position.sentAt)
    block.lossesBefore = position.lossesBefore
    block.fields = {}
    block.wire = {}
    block.hasTakenId = false
    block.seedArguments = position.seedArguments
    for (const payload of position.told) mergePayload(block, payload)
    block.items.length = Math.min(block.items.length, position.itemsAt)
    block.position = { phase: 'open' }
  }
  for (const written of [block, ...block.parts]) written.streamed = undefined
  for (const part of block.parts) part.rank = 0
}

function cutText(block: Block, sentAt: ReadonlyMap<Written, number>): void {
  const parts = block.parts.filter((part) => sentAt.has(part))
  for (const part of parts) part.text = streamedOf(part).slice(0, sentAt.get(part))
  block.text = block.parts.length > 0 ? joinParts(parts) : streamedOf(block).slice(0, sentAt.get(block) ?? 0)
  block.parts = parts
  block.partsByName = new Map(parts.map((part) => [nameOf(part.name), part]))
}
