/** What a reader has who just applies the live events in order, as any user interface would. */
import { expect } from 'vitest'
import type { AssistantMessage, BlockKind, ContentBlock } from '../../src/message.ts'
import type { TurnEvent } from '../../src/turn-event.ts'

export interface NaiveBlock {
  readonly kind: BlockKind
  /** For a tool call: the text of its arguments. */
  text: string
  signature?: string | undefined
  readonly name?: string | undefined
  readonly id?: string | undefined
}

/** Folds the live events of one message: whoever draws the blocks as they come ends with these. */
export function foldNaively(events: readonly TurnEvent[]): NaiveBlock[] {
  let blocks: NaiveBlock[] = []
  const at = (ordinal: number): NaiveBlock =>
    blocks[ordinal] ?? expect.fail(`an event names block ${ordinal}, which was never started`)
  for (const event of events) {
    if (event.type === 'reset') blocks = []
    else if (event.type === 'snapshot') blocks = event.snapshot.content.map(naively)
    else if (event.type === 'block_start') {
      expect(event.block, 'the ordinal of a new block').toBe(blocks.length)
      blocks.push({ kind: event.kind, text: '', name: event.name, id: event.id })
    } else if (event.type === 'text' || event.type === 'thinking') at(event.block).text += event.text
    else if (event.type === 'tool_input') at(event.block).text += event.delta
    else if (event.type === 'replace') at(event.block).text = event.text
    else if (event.type === 'tool_call') blocks[event.block] = { ...at(event.block), id: event.call.id }
    else if (event.type === 'block_stop' && event.signature !== undefined) at(event.block).signature = event.signature
  }
  return blocks
}

/** The promise of the live events: folded naively they are the final message, and each block was closed once. */
export function expectLiveEqualsFinal(events: readonly TurnEvent[], message: AssistantMessage): void {
  const own = events.filter((event) => event.message === message.key)
  expect(foldNaively(own)).toEqual(message.content.map(naively))
  const lastReset = own.findLastIndex(({ type }) => type === 'reset' || type === 'snapshot')
  const stops = own.slice(lastReset + 1).flatMap((event) => (event.type === 'block_stop' ? [event.block] : []))
  expect(new Set(stops).size, 'blocks closed twice').toBe(stops.length)
  const isWhole = !own.some(({ type }) => type === 'snapshot')
  if (isWhole) expect(stops.toSorted((a, b) => a - b)).toEqual([...message.content.keys()])
}

function naively(block: ContentBlock): NaiveBlock {
  if (block.type === 'tool_call') return { kind: block.type, text: block.arguments, name: block.name, id: block.id }
  const signature = block.type === 'thinking' ? block.signature : undefined
  return { kind: block.type, text: 'text' in block ? block.text : '', signature }
}
