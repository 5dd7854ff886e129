/**
 * Budgets of time, each off unless asked for. The rules:
 *
 * - `idle`: how long nothing may get on. Pings and comments show that the connection lives, not that anything gets on; how long ago even
 *   those came is told beside it. It rests while nobody reads (our own back-pressure is no silence), between two attempts, and while a
 *   tool runs.
 * - `tool`: how long one running call may be silent, each by its own start; its own progress begins it anew. What others do is nothing to it.
 * - `total`: how long the whole turn may take, whatever happens in it.
 *
 * Deadlines are exact: one timer stands on the nearest. The first that is passed counts, and only once.
 */
import type { Outcome } from './message.ts'
import type { CallSign } from './operation.ts'
import type { Clock } from './system.ts'
import type { TurnEvent } from './turn-event.ts'

/** In milliseconds. */
export interface Budgets {
  readonly idle?: number
  readonly tool?: number
  readonly total?: number
}

export type TimedOut = Extract<Outcome, { kind: 'timed_out' }>

/** Timers take no longer delay than this; a later deadline is reached in several. */
const LONGEST_DELAY = 2 ** 31 - 1

/** A timer that comes later than this found the process busy: what arrived meanwhile has still to be read. */
const LATE_MS = 50

interface Deadline {
  readonly at: number
  readonly cause: { readonly budget: 'idle' | 'total' } | { readonly budget: 'tool'; readonly call: string }
}

export class Watchdog {
  readonly #clock: Clock
  readonly #budgets: Budgets
  /** Whether the result of a call that the provider runs is a block of its own, or part of the call's. */
  readonly #answersCalls: () => boolean
  readonly #fire: (ending: TimedOut) => void
  /** The calls that run, and when each gave its last sign; by key. */
  readonly #calls = new Map<string, number>()
  readonly #settled = new Set<string>()
  /** The calls that the provider runs, and their keys by the id that their result names. */
  readonly #ofProvider = new Set<string>()
  readonly #keysById = new Map<string, string>()
  #startedAt = 0
  #progressAt = 0
  #byteAt = 0
  #isResting = false
  #timer: { readonly at: number; readonly id: unknown } | undefined
  #isOver = false

  constructor(clock: Clock, budgets: Budgets, answersCalls: () => boolean, fire: (ending: TimedOut) => void) {
    this.#clock = clock
    this.#budgets = budgets
    this.#answersCalls = answersCalls
    this.#fire = fire
  }

  start(): void {
    this.#startedAt = this.#clock.now()
    this.#progressAt = this.#startedAt
    this.#byteAt = this.#startedAt
    this.#arm()
  }

  /** Something arrived. `isProgress`: more than a sign of life. */
  arrived(isProgress: boolean): void {
    this.#byteAt = this.#clock.now()
    if (isProgress) this.#progressAt = this.#byteAt
  }

  /** Nothing is waited for: silence from now on is our own. */
  rest(): void {
    this.#isResting = true
  }

  /** The stream is waited for again, from now on. */
  resume(): void {
    this.#isResting = false
    this.#progressAt = this.#clock.now()
    this.#arm()
  }

  /** Learns from what the caller is told which calls run. */
  observe(events: readonly TurnEvent[]): void {
    for (const event of events) {
      switch (event.type) {
        case 'tool_call':
          this.callBegan(event.call.key)
          break
        case 'tool_input':
          this.callProgressed(keyOf(event))
          break
        case 'block_start':
          if (event.kind === 'tool_call' && event.origin === 'provider') {
            this.#ofProvider.add(keyOf(event))
            this.#keysById.set(event.id ?? '', keyOf(event))
            if (!this.#answersCalls()) this.callBegan(keyOf(event))
          }
          if (event.kind === 'tool_result') this.#answered(event.callId ?? '')
          break
        case 'block_stop':
          if (!this.#ofProvider.has(keyOf(event))) break
          if (this.#answersCalls()) this.callBegan(keyOf(event))
          else this.callSettled(keyOf(event))
          break
        case 'reset':
          this.#settled.clear()
          this.#forgetCalls()
          break
        case 'retry':
          // What the provider ran in a stream that is given up says nothing any more.
          this.#forgetCalls()
          break
        case 'start':
        case 'text':
        case 'thinking':
        case 'replace':
        case 'usage':
        case 'anomaly':
        case 'snapshot':
        case 'message':
          break
        default: {
          const never: never = event
          return never
        }
      }
    }
  }

  #forgetCalls(): void {
    this.#ofProvider.clear()
    this.#keysById.clear()
    this.#calls.clear()
    this.#arm()
  }

  /** What an agent's stream says of calls, after the events that came with it. */
  heard(signs: readonly CallSign[]): void {
    for (const { id, is } of signs) {
      if (is === 'answered') this.#answered(id)
      else this.callProgressed(this.#keysById.get(id) ?? '')
    }
  }

  #answered(id: string): void {
    const key = this.#keysById.get(id)
    if (key !== undefined) this.callSettled(key)
  }

  /** A call runs. One that runs already, or did, goes by its first start. */
  callBegan(key: string): void {
    if (this.#isOver || this.#calls.has(key) || this.#settled.has(key)) return
    this.#calls.set(key, this.#clock.now())
    this.#arm()
  }

  callProgressed(key: string): void {
    if (this.#calls.has(key)) this.#calls.set(key, this.#clock.now())
  }

  /** A call has its result. Of one that did not run it changes no more than that it will not. */
  callSettled(key: string): void {
    this.#settled.add(key)
    if (!this.#calls.delete(key)) return
    this.#progressAt = this.#clock.now()
    this.#arm()
  }

  stop(): void {
    this.#isOver = true
    this.#clearTimer()
  }

  #clearTimer(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer.id)
    this.#timer = undefined
  }

  #nearest(): Deadline | undefined {
    const { idle, tool, total } = this.#budgets
    const deadlines: Deadline[] = []
    if (total !== undefined) deadlines.push({ at: this.#startedAt + total, cause: { budget: 'total' } })
    if (tool !== undefined) {
      for (const [call, since] of this.#calls) deadlines.push({ at: since + tool, cause: { budget: 'tool', call } })
    }
    if (idle !== undefined && !this.#isResting && this.#calls.size === 0) {
      deadlines.push({ at: this.#progressAt + idle, cause: { budget: 'idle' } })
    }
    let nearest: Deadline | undefined
    for (const deadline of deadlines) if (nearest === undefined || deadline.at < nearest.at) nearest = deadline
    return nearest
  }

  #arm(): void {
    const nearest = this.#nearest()
    if (this.#isOver || nearest === undefined) return
    // A timer that stands earlier looks again when its time has come.
    if (this.#timer !== undefined && this.#timer.at <= nearest.at) return
    this.#setTimer(nearest.at)
  }

  #setTimer(at: number): void {
    this.#clearTimer()
    const delay = Math.min(Math.max(at - this.#clock.now(), 0), LONGEST_DELAY)
    this.#timer = { at, id: this.#clock.setTimeout(this.#look, delay) }
  }

  readonly #look = (): void => {
    const timer = this.#timer
    this.#timer = undefined
    const nearest = this.#nearest()
    if (this.#isOver || nearest === undefined) return
    const now = this.#clock.now()
    if (now < nearest.at) this.#setTimer(nearest.at)
    else if (
      nearest.cause.budget === 'idle' &&
      timer !== undefined &&
      timer.at === nearest.at &&
      now > timer.at + LATE_MS
    ) {
      // The next look comes after what has arrived was read.
      this.#timer = { at: now, id: this.#clock.setTimeout(this.#look, 0) }
    } else this.#end(nearest, now)
  }

  #end({ cause }: Deadline, now: number): void {
    const since = cause.budget === 'tool' ? (this.#calls.get(cause.call) ?? now) : this.#progressAt
    this.#fire({
      kind: 'timed_out',
      ...cause,
      silenceMs: Math.round(now - since),
      quietMs: Math.round(now - this.#byteAt),
    })
    // Another stream may follow.
    this.#arm()
  }
}

function keyOf({ message, block }: { readonly message: string; readonly block: number }): string {
  return `${message}#${block}`
}
