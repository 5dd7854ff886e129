/**
 * I10 without a measurement: a shape is so large that work which grows with the square of it would take minutes, while linear work takes
 * about a second. What takes longer than `PATIENCE_MS` is given up, since nothing else can interrupt synchronous work.
 */
import { expect } from 'vitest'
import { Assembler } from '../../src/assembler/assembler.ts'
import { Fold } from '../../src/fold.ts'
import type { AssistantMessage } from '../../src/message.ts'
import type { Operation } from '../../src/operation.ts'
import type { FoldOptions } from '../../src/options.ts'
import { Decoder } from '../../src/sse/decode.ts'
import type { TurnEvent } from '../../src/turn-event.ts'
import type { Options } from './operations.ts'

const PATIENCE_MS = 20_000

/** The same items; fails when what is done with them takes too long. */
export function* patiently<T>(items: Iterable<T>): Generator<T> {
  const start = performance.now()
  let count = 0
  for (const item of items) {
    if (++count % 256 === 0 && performance.now() - start > PATIENCE_MS)
      expect.fail(`more than ${PATIENCE_MS} ms for the first ${count}`)
    yield item
  }
}

/** Folds provider events; the number of blocks is not what is limited here. */
export function foldAll(events: Iterable<unknown>, options: FoldOptions): AssistantMessage {
  const fold = new Fold({ ...options, limits: { blocks: 1_000_000, ...options.limits } })
  for (const event of patiently(events)) fold.receive(event)
  fold.end({ kind: 'complete' })
  return fold.messages[0] ?? expect.fail('there is no message')
}

export function assembled(
  options: Options,
  operations: readonly Operation[],
): { message: AssistantMessage; handedOut: number } {
  const assembler = new Assembler(options)
  let handedOut = 0
  const count = (events: readonly TurnEvent[]): void => {
    for (const { type } of events) handedOut += type === 'tool_call' ? 1 : 0
  }
  for (const operation of patiently(operations)) count(assembler.receive({ operations: [operation] }))
  count(assembler.end({ kind: 'complete' }))
  return { message: assembler.messages[0] ?? expect.fail('there is no message'), handedOut }
}

/** The kinds of what a decoder makes of the chunks. */
export function decode(chunks: Iterable<string>, limit: number): string[] {
  const decoder = new Decoder(limit)
  const kinds: string[] = []
  for (const chunk of patiently(chunks)) for (const { kind } of decoder.push(chunk)) kinds.push(kind)
  for (const { kind } of decoder.end()) kinds.push(kind)
  return kinds
}

export function cut(text: string, size: number): string[] {
  return Array.from({ length: Math.ceil(text.length / size) }, (_, at) => text.slice(at * size, (at + 1) * size))
}

/** `count` times what `make` gives, one after the other. */
export function times<T>(count: number, make: (at: number) => T): T[] {
  return Array.from({ length: count }, (_, at) => make(at))
}

export function sse(...events: readonly unknown[]): string {
  return events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')
}

/** All text of a message, whatever kind of block it stands in. */
export function textOf(message: AssistantMessage): string {
  return message.content.map((block) => ('text' in block ? block.text : '')).join('')
}
