/** Functions that are called for each event of a type. */
import { MisuseError } from './errors.ts'
import { wordOf } from './json.ts'
import type { Dialect } from './message.ts'
import type { TurnEvent } from './turn-event.ts'

export type EventOfType<D extends Dialect, T extends TurnEvent['type']> = Extract<TurnEvent<D>, { type: T }>

const EVENT_TYPES: ReadonlySet<TurnEvent['type']> = new Set([
  'start',
  'block_start',
  'text',
  'thinking',
  'tool_input',
  'replace',
  'block_stop',
  'tool_call',
  'usage',
  'retry',
  'reset',
  'anomaly',
  'snapshot',
  'message',
] as const)

export class Listeners<D extends Dialect> {
  readonly #byType = new Map<string, Set<(event: TurnEvent<D>) => void>>()

  #isTelling = false
  /** Those that were added while events were told. */
  readonly #late = new Set<(event: TurnEvent<D>) => void>()

  /**
   * Adds a listener, which is first told what it has missed; gives what takes it away. Throws `MisuseError('bad_argument')` for a type that
   * there is not, or what is no function.
   */
  add<T extends TurnEvent['type']>(
    type: T,
    listener: (event: EventOfType<D, T>) => void,
    missed: () => readonly TurnEvent<D>[],
  ): () => void {
    if (!EVENT_TYPES.has(type)) {
      throw new MisuseError(
        'bad_argument',
        `there is no event ${wordOf(type)}; there are ${[...EVENT_TYPES].join(', ')}`,
      )
    }
    if (typeof listener !== 'function') throw new MisuseError('bad_argument', `on('${type}') needs a function to call`)
    const listeners = this.#byType.get(type) ?? new Set()
    const call = (event: TurnEvent<D>): void => {
      if (isOfType<D, T>(event, type)) listener(event)
    }
    const events = missed()
    this.#byType.set(type, listeners.add(call))
    if (this.#isTelling) this.#late.add(call)
    for (const event of events) tell(call, event)
    return () => void listeners.delete(call)
  }

  /** Events that came together. Who listens from the middle of them on was told what it missed, the rest of them too. */
  tell(events: readonly TurnEvent<D>[]): void {
    this.#isTelling = true
    for (const event of events) {
      for (const listener of this.#byType.get(event.type) ?? []) if (!this.#late.has(listener)) tell(listener, event)
    }
    this.#isTelling = false
    this.#late.clear()
  }

  /** Whether there is one at all. */
  get isEmpty(): boolean {
    for (const listeners of this.#byType.values()) if (listeners.size > 0) return false
    return true
  }
}

/** A listener's own error is its owner's: it must neither end the turn nor vanish. */
function tell<Event>(listener: (event: Event) => void, event: Event): void {
  try {
    listener(event)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}

function isOfType<D extends Dialect, T extends TurnEvent['type']>(
  event: TurnEvent<D>,
  type: T,
): event is EventOfType<D, T> {
  return event.type === type
}
