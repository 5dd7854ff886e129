/**
 * What the events of a body mean, as the translator of their dialect says it. So a plan can ask for "the event that
 * closes a block" and knows no dialect.
 */
import { definitionOf, DEFINITIONS } from '../../dialects/definitions.ts'
import { isFaultDialect, type FaultDialect } from './fault-dialect.ts'
import type { Operation } from '../../operation.ts'
import type { SseEvent } from './sse-event.ts'

/** What one event does to a message, and its number where the protocol numbers events. */
export interface Meaning {
  readonly operations: readonly Operation[]
  readonly number: number | undefined
}

const NOTHING: Meaning = { operations: [], number: undefined }

/** The dialect that the first decisive event shows; undefined if none does. */
export function dialectIn(events: readonly SseEvent[]): FaultDialect | undefined {
  for (const { payload, name } of events) {
    if (payload === undefined) continue
    for (const [dialect, definition] of DEFINITIONS) {
      if (definition.looksLike({ payload, name }) === 'yes' && isFaultDialect(dialect)) return dialect
    }
  }
  return undefined
}

/** What each of the events means after those before it. */
export function meaningsOf(dialect: FaultDialect, events: readonly SseEvent[]): Meaning[] {
  const translate = definitionOf(dialect).createTranslate()
  return events.map(({ payload, name }) => {
    if (payload === undefined) return NOTHING
    const { operations, number } = translate({ payload, name })
    return { operations, number: number?.value }
  })
}

/** Whether the event does that, whatever else it does. */
export function does(meaning: Meaning, op: Operation['op']): boolean {
  return meaning.operations.some((operation) => operation.op === op)
}

/** Whether it would count twice if it came twice and nothing told that it is the same event. */
export function isDelta({ operations }: Meaning): boolean {
  return operations.some((operation) => {
    switch (operation.op) {
      case 'append':
        return operation.text !== ''
      case 'list':
        return true
      case 'open':
      case 'patch':
      case 'snapshot':
      case 'meta':
        return operation.append !== undefined
      default:
        return false
    }
  })
}

/** Whether it is the last event of its protocol. */
export function isTerminal({ operations }: Meaning): boolean {
  return operations.some((operation) => operation.op === 'terminal' && operation.strength === 'hard')
}

/** Whether nothing counts any more after it: the protocol's last event, or the report of an error. */
export function isLast(meaning: Meaning): boolean {
  return (
    isTerminal(meaning) ||
    meaning.operations.some((operation) => operation.op === 'fail' && operation.strength === undefined)
  )
}

/** Whether it does nothing to the message, or only ends it. */
export function isIdle({ operations }: Meaning): boolean {
  return operations.every(({ op }) => op === 'terminal')
}

/** Where in a body an answer is over. Each is an index into the events, and their number if it never comes. */
export interface Landmarks {
  /** The first event with content, or of a block. */
  readonly content: number
  /** From here on the answer counts as complete wherever the body ends: every choice has its stop reason. */
  readonly stopped: number
  /** The protocol's last event, or the report of an error. */
  readonly over: number
}

export function landmarksOf(meanings: readonly Meaning[]): Landmarks {
  const choices = new Set(
    meanings.flatMap(({ operations }) => operations.map(({ choice }) => choice)).filter((choice) => choice !== 'all'),
  )
  const stopped = new Set<number>()
  const length = meanings.length
  const landmarks = { content: length, stopped: length, over: length }
  for (const [index, meaning] of meanings.entries()) {
    for (const operation of meaning.operations) {
      if (operation.op === 'terminal' && operation.strength === 'soft') {
        for (const choice of operation.choice === 'all' ? choices : [operation.choice]) stopped.add(choice)
      }
      const isOfBlock = operation.op === 'open' || operation.op === 'append' || operation.op === 'snapshot'
      if (isOfBlock && landmarks.content === length) landmarks.content = index
    }
    const isOver = isLast(meaning)
    if ((isOver || (choices.size > 0 && stopped.size === choices.size)) && landmarks.stopped === length) {
      landmarks.stopped = index
    }
    if (isOver) return { ...landmarks, over: index }
  }
  return landmarks
}

/** The keys of the blocks, in the order in which they come into being. */
export function blocksIn(meanings: readonly Meaning[]): readonly string[] {
  return [
    ...new Set(
      meanings.flatMap(({ operations }) =>
        operations.flatMap((operation) =>
          operation.op === 'open' || operation.op === 'append' || operation.op === 'snapshot'
            ? [`${operation.choice} ${operation.key}`]
            : [],
        ),
      ),
    ),
  ]
}

/** Whether the events say the same blocks in the same order as others. */
export function haveSameBlocks(some: readonly Meaning[], others: readonly Meaning[]): boolean {
  const [left, right] = [blocksIn(some), blocksIn(others)]
  return left.length === right.length && left.every((key, index) => key === right[index])
}
