/** How two versions of one message stand to each other: keys, positions and spelling aside, by what they say. */
import { equalJson, parseJson } from '../json.ts'
import type { AssistantMessage, ContentBlock, ToolCallBlock } from '../message.ts'

/** `longer`: the second has all of the first and more. `apart`: they have nothing in common. */
export type Relation = 'equal' | 'shorter' | 'longer' | 'apart' | 'different'

/** What the second message is to the first. */
export function relationOf(first: AssistantMessage, second: AssistantMessage): Relation {
  const firstInSecond = isWithin(first.content, second.content)
  const secondInFirst = isWithin(second.content, first.content)
  if (firstInSecond && secondInFirst) return isBetterEnded(first, second) ? 'longer' : 'equal'
  if (secondInFirst) return 'shorter'
  if (firstInSecond) return 'longer'
  if (first.outcome.kind !== 'complete' && isBeginningOf(first.content, second.content)) return 'longer'
  if (second.outcome.kind !== 'complete' && isBeginningOf(second.content, first.content)) return 'shorter'
  const known = new KnownBlocks(first.content)
  const isApart = second.content.every(
    (block) => !known.mayHave(block) || !first.content.some((other) => isAbout(block, other)),
  )
  return isApart ? 'apart' : 'different'
}

/** A piece that has nothing in common with any of `known`, of which there are more: told without a look at each of them. */
export function isFurtherPiece(known: KnownBlocks, piece: AssistantMessage): boolean {
  const [block] = piece.content
  if (block === undefined || piece.content.length >= known.size || piece.content.some((one) => known.mayHave(one))) {
    return false
  }
  // What was cut may be the beginning of the first block.
  return piece.outcome.kind === 'complete' || block.type !== known.firstType
}

/** What the blocks of a message say, to be asked about others. */
export class KnownBlocks {
  readonly #marks = new Set<string>()
  #size = 0
  readonly firstType: ContentBlock['type'] | undefined

  constructor(content: readonly ContentBlock[]) {
    this.firstType = content[0]?.type
    this.add(content)
  }

  get size(): number {
    return this.#size
  }

  add(content: readonly ContentBlock[]): void {
    this.#size += content.length
    for (const block of content) for (const mark of marksOf(block)) this.#marks.add(mark)
  }

  /** False: no block is the same as this one, or about the same. */
  mayHave(block: ContentBlock): boolean {
    if (block.type !== 'tool_call') return marksOf(block).some((mark) => this.#marks.has(mark))
    if (block.idSource === 'minted') return this.#marks.has(`named ${block.name}`)
    return this.#marks.has(`call ${block.id}`) || this.#marks.has(`minted ${block.name}`)
  }
}

function marksOf(block: ContentBlock): readonly string[] {
  switch (block.type) {
    case 'text':
    case 'refusal':
    case 'thinking':
    case 'media':
    case 'other':
      return [`${block.type} ${block.text ?? ''}`]
    case 'tool_call':
      return [
        `call ${block.id}`,
        `named ${block.name}`,
        ...(block.idSource === 'minted' ? [`minted ${block.name}`] : []),
      ]
    case 'tool_result':
      return [`result ${block.callId}`]
    default: {
      const never: never = block
      return never
    }
  }
}

/** The same words, but only the later was seen to end. */
const isBetterEnded = (first: AssistantMessage, second: AssistantMessage): boolean =>
  first.outcome.kind !== 'complete' && second.outcome.kind === 'complete'

/** Every block of `part` is in `whole`, in the same order. */
function isWithin(part: readonly ContentBlock[], whole: readonly ContentBlock[]): boolean {
  let next = 0
  for (const block of part) {
    while (next < whole.length && !isSameBlock(block, whole[next])) next += 1
    if (next === whole.length) return false
    next += 1
  }
  return true
}

/** `cut` is what had arrived of `whole` when its stream broke. */
function isBeginningOf(cut: readonly ContentBlock[], whole: readonly ContentBlock[]): boolean {
  return (
    cut.length <= whole.length &&
    cut.every((block, index) => {
      const other = whole[index]
      if (isSameBlock(block, other)) return true
      if (index < cut.length - 1 || other === undefined || block.type !== other.type) return false
      return textOf(other).startsWith(textOf(block))
    })
  )
}

function textOf(block: ContentBlock): string {
  if (block.type === 'tool_call') return block.arguments
  return 'text' in block && block.text !== undefined ? block.text : ''
}

function isSameBlock(a: ContentBlock, b: ContentBlock | undefined): boolean {
  if (b === undefined) return false
  switch (a.type) {
    case 'text':
    case 'refusal':
      return a.type === b.type && a.text === b.text
    case 'thinking':
      return b.type === 'thinking' && a.text === b.text && a.signature === b.signature && a.encrypted === b.encrypted
    case 'tool_call':
      return b.type === 'tool_call' && a.name === b.name && isSameId(a, b) && isSameInput(a, b)
    case 'tool_result':
      return b.type === 'tool_result' && a.callId === b.callId && equalJson(a.content ?? null, b.content ?? null)
    case 'media':
      return b.type === 'media' && a.data === b.data && a.text === b.text && equalJson(a.wire, b.wire)
    case 'other':
      return b.type === 'other' && a.text === b.text && equalJson(a.wire, b.wire)
    default: {
      const never: never = a
      return never
    }
  }
}

/** An id that was minted says nothing. */
const isSameId = (a: ToolCallBlock, b: ToolCallBlock): boolean =>
  a.id === b.id || a.idSource === 'minted' || b.idSource === 'minted'

function isSameInput(a: ToolCallBlock, b: ToolCallBlock): boolean {
  if (a.arguments === b.arguments) return true
  const [input, other] = [inputOf(a), inputOf(b)]
  return input !== undefined && other !== undefined && equalJson(input, other)
}

const inputOf = (call: ToolCallBlock) => (call.state === 'complete' ? call.input : parseJson(call.arguments))

/** Both claim to be the same thing: the same call, or a text of which one is the beginning of the other. */
function isAbout(a: ContentBlock, b: ContentBlock): boolean {
  if (a.type === 'tool_call' || b.type === 'tool_call') {
    return a.type === 'tool_call' && b.type === 'tool_call' && a.idSource === 'wire' && a.id === b.id
  }
  return isSameBlock(a, b)
}

/** What nobody but the provider can have made: a message that has it is told from every other. */
export function hasSeal({ content }: AssistantMessage): boolean {
  return content.some(
    (block) =>
      (block.type === 'tool_call' && block.idSource === 'wire') ||
      (block.type === 'thinking' && (block.signature !== undefined || block.encrypted !== undefined)),
  )
}
