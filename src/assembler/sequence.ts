/**
 * Puts numbered events in order and drops repeats. Where an event belongs is decided in `state.ts`; here is only the shelf on which
 * events wait for their turn. Events without a number pass.
 */
import type { AnomalyKind } from '../anomaly.ts'
import { copyJson, sizeOfJson } from '../json.ts'
import type { Translation } from '../operation.ts'
import { SeenNumbers } from './seen-numbers.ts'
import { decideNumber, HELD_EVENTS } from './state.ts'

type Note = (kind: AnomalyKind, detail: string, value?: string) => void
type Numbered = Translation & { readonly number: NonNullable<Translation['number']> }

/** An event that waits, and how many characters it holds. */
interface Waiting {
  readonly event: Numbered
  readonly size: number
}

interface Run {
  readonly last: number
  readonly seen: SeenNumbers
  readonly held: Map<number, Waiting>
}

export class Sequence {
  /** How much may wait, in characters. */
  readonly #limit: number
  #last: number | undefined
  #seen = new SeenNumbers()
  #held = new Map<number, Waiting>()
  /** An event whose number is far ahead, until the next shows whether the count goes on from there. */
  #far: Numbered | undefined
  /** The run in which a begin event came once more, until it is known whether another run has begun. */
  #before: Run | undefined
  #isTrusted = true
  #hasStrays = false

  constructor(limit: number) {
    this.#limit = limit
  }

  /** The number up to which the events are there, as far as the numbers can be trusted. */
  get last(): number | undefined {
    return this.#isTrusted ? (this.#before?.last ?? this.#last) : undefined
  }

  /** Whether the event is simply the next one; then it is taken, and to be applied. */
  isNext({ number, operations }: Translation): boolean {
    if (number === undefined || !this.#isTrusted || this.#last === undefined || this.#held.size > 0) return false
    if (this.#before !== undefined || this.#far !== undefined || number.value !== this.#last + 1) return false
    if (operations.some(({ op }) => op === 'begin')) return false
    this.#pass(number.value, number.type)
    return true
  }

  /** Takes an event; gives those that are to be applied now, in order. */
  offer(event: Translation, note: Note): readonly Translation[] {
    const { number } = event
    if (number === undefined || !this.#isTrusted) return [event]
    const numbered = { ...event, number }
    const far = this.#far
    if (far === undefined) return this.#place(numbered, note)
    if (number.value === far.number.value && number.type === far.number.type) return this.#drop(numbered, note)
    this.#far = undefined
    if (number.value !== far.number.value + 1) return [...this.#stray(far, note), ...this.#place(numbered, note)]
    // The count goes on from there: what came before is all that there was.
    const before = this.release(note)
    this.#missing(far.number.value, note)
    this.#pass(far.number.value, far.number.type)
    return [...before, far, ...this.#place(numbered, note)]
  }

  /** Nothing before or after it has such a number: it is taken as it came, and the count goes on without it. */
  #stray(event: Numbered, note: Note): Translation[] {
    this.#hasStrays = true
    note('sequence_stray', `number ${event.number.value}: ${event.number.type}`)
    return [event]
  }

  #drop(event: Numbered, note: Note): readonly never[] {
    note('duplicate_event', `number ${event.number.value}: ${event.number.type}`, textOf(event))
    return []
  }

  #place(event: Numbered, note: Note): readonly Translation[] {
    const { number, operations } = event
    const { value, type } = number
    if (operations.some((operation) => operation.op === 'begin')) {
      this.#setAside(value, note)
      this.#last = value
      this.#seen = new SeenNumbers()
      this.#seen.add(value, type)
      return [event]
    }
    this.#decideRun(value, note)
    const isLast = operations.some(
      (operation) => operation.op === 'fail' || (operation.op === 'terminal' && operation.strength === 'hard'),
    )
    const decision = decideNumber({
      last: this.#last,
      highest: Math.max(this.#last ?? 0, ...this.#held.keys()),
      value,
      type,
      typeSeen: this.#seen.typeOf(number) ?? this.#held.get(value)?.event.number.type,
      isLast,
    })
    switch (decision) {
      case 'drop':
        return this.#drop(event, note)
      case 'unreliable': {
        note('sequence_unreliable', `number ${value}: ${type}`)
        this.#isTrusted = false
        return [...this.#empty(), event]
      }
      case 'apply': {
        const before = isLast ? this.release(note) : []
        // Where some were taken as they came, it is not known what is missing.
        if (isLast && !this.#hasStrays && this.#last !== undefined && value > this.#last + 1) this.#missing(value, note)
        const isOvertaken = this.#last !== undefined && value < this.#last
        this.#pass(value, type)
        return [...before, isOvertaken ? { ...event, isOvertaken: true } : event, ...this.#following()]
      }
      case 'far':
        this.#far = event
        return []
      case 'hold':
        this.#held.set(value, { event, size: sizeOf(event) })
        return this.#isCrowded ? this.#lowestRun(note) : []
      default: {
        const never: never = decision
        return never
      }
    }
  }

  /** Whether more waits than may: events, or characters. */
  get #isCrowded(): boolean {
    let size = 0
    for (const waiting of this.#held.values()) size += waiting.size
    return this.#held.size > HELD_EVENTS || size > this.#limit
  }

  /** Gives everything that still waits: the end of the input has come, or the last event. */
  release(note: Note): readonly Translation[] {
    if (this.#before !== undefined) this.#goOn(this.#before)
    const released: Translation[] = []
    while (this.#held.size > 0) released.push(...this.#lowestRun(note))
    const far = this.#far
    this.#far = undefined
    if (far !== undefined) released.push(...this.#stray(far, note))
    return released
  }

  /** A new attempt: its numbers are trusted again. */
  restart(): void {
    this.#before = undefined
    this.#last = undefined
    this.#seen = new SeenNumbers()
    this.#held.clear()
    this.#far = undefined
    this.#isTrusted = true
    this.#hasStrays = false
  }

  /** A begin event may be repeated in mid-stream, also several times; only the numbers that follow tell it from another run. */
  #setAside(value: number, note: Note): void {
    const last = this.#last
    if (last === undefined) return
    if (this.#before === undefined) {
      this.#before = { last, seen: this.#seen, held: this.#held }
      this.#held = new Map()
    }
    if (value > last) this.#dropBefore(note)
  }

  #decideRun(value: number, note: Note): void {
    const before = this.#before
    if (before === undefined) return
    if (value <= before.last) this.#dropBefore(note)
    else this.#goOn(before)
  }

  #goOn(before: Run): void {
    this.#before = undefined
    this.#last = before.last
    this.#seen = before.seen
    this.#held = before.held
  }

  /** What waited for events before it is sent again after them. */
  #dropBefore(note: Note): void {
    for (const waiting of this.#before?.held.keys() ?? []) {
      note('sequence_gap', `number ${waiting} came before its turn, and then the message began again`)
    }
    this.#before = undefined
  }

  #pass(value: number, type: string): void {
    this.#seen.add(value, type)
    if (this.#last === undefined || value > this.#last) this.#last = value
  }

  /** The held events that directly follow the last one. */
  #following(): Translation[] {
    const run: Translation[] = []
    while (this.#last !== undefined) {
      const next = this.#held.get(this.#last + 1)?.event
      if (next === undefined) break
      this.#held.delete(next.number.value)
      this.#pass(next.number.value, next.number.type)
      run.push(next)
    }
    return run
  }

  /** Notes the numbers that are missing before one that waited for them. */
  #missing(value: number, note: Note): void {
    if (this.#last === undefined) return
    note('sequence_gap', `numbers ${this.#last + 1} to ${value - 1} are missing`)
  }

  #lowestRun(note: Note): Translation[] {
    const lowest = Math.min(...this.#held.keys())
    this.#missing(lowest, note)
    this.#last = lowest - 1
    return this.#following()
  }

  #empty(): Translation[] {
    const all = [...this.#held.entries()].toSorted(([a], [b]) => a - b).map(([, { event }]) => event)
    this.#held.clear()
    return all
  }
}

function sizeOf({ operations }: Translation): number {
  return sizeOfJson(copyJson(operations) ?? null)
}

/** The text of a delta: if its number lied, it is not lost. */
function textOf({ operations }: Translation): string | undefined {
  const delta = operations.find((operation) => operation.op === 'append')
  return delta?.text === '' ? undefined : delta?.text
}
