/** What a caller may choose about a turn beside what concerns its fold: who may end it, and its times. */
import { MisuseError } from './errors.ts'
import { wordOf } from './json.ts'
import type { Dialect } from './message.ts'
import type { FoldOptions } from './options.ts'
import { systemClock, systemRandom, type Clock, type Random } from './system.ts'
import type { Budgets } from './watchdog.ts'

export interface AssembleOptions<D extends Dialect = Dialect> extends FoldOptions<D>, Budgets {
  /** Aborts the turn; what has arrived is kept. */
  readonly signal?: AbortSignal
  /**
   * How often the source, which must then be a function, is opened: once more after a stream that was cut, stood still (`idle`), or failed
   * with an error that may pass, and never after a tool call was handed out. Default 1.
   */
  readonly attempts?: number
  /** Milliseconds without progress; pings are none. It rests while a tool runs and while nobody reads. Default: no limit. */
  readonly idle?: number
  /** Milliseconds that one running tool call may be silent, from `tool_call` to `settle(call)`. Default: no limit. */
  readonly tool?: number
  /** Milliseconds for the whole turn, all attempts and waits included. Default: no limit. */
  readonly total?: number
  /** The time of the turn: for `timing`, the budgets and the waits between attempts. A function gives the time alone. */
  readonly clock?: Clock | (() => number)
  /** Scatters the waits between attempts. Default: `Math.random`. */
  readonly random?: Random
}

/** The options of the shell, checked and whole. */
export interface ShellChoices {
  readonly signal: AbortSignal | undefined
  readonly attempts: number
  readonly budgets: Budgets
  readonly clock: Clock
  readonly random: Random
}

const BUDGETS = ['idle', 'tool', 'total'] as const

/** Throws `MisuseError('bad_option')`. `isFunction`: the source is opened by a function, which can be called again. */
export function shellChoices(options: AssembleOptions, isFunction: boolean): ShellChoices {
  const { signal, attempts = 1, clock = systemClock, random = systemRandom, many } = options
  if (
    signal !== undefined &&
    !(
      typeof signal === 'object' &&
      signal !== null &&
      'aborted' in signal &&
      'addEventListener' in signal &&
      'removeEventListener' in signal
    )
  ) {
    throw badOption('signal', 'must be an AbortSignal')
  }
  if (!Number.isInteger(attempts) || attempts < 1) {
    throw badOption('attempts', `is ${wordOf(attempts)}; it must be an integer of at least 1`)
  }
  if (attempts > 1 && !isFunction) {
    throw badOption('attempts', 'needs a function as source, so that it can be opened again: () => fetch(url, init)')
  }
  if (attempts > 1 && many) {
    throw badOption(
      'attempts',
      'cannot be used with many: nothing tells which of the messages a new stream goes on with',
    )
  }
  for (const name of BUDGETS) {
    const ms = options[name]
    if (ms !== undefined && !(typeof ms === 'number' && ms > 0)) {
      throw badOption(name, `is ${wordOf(ms)}; it must be a number of milliseconds above 0`)
    }
  }
  if (typeof random !== 'function') throw badOption('random', 'must be a function that gives a number from 0 to 1')
  return { signal, attempts, budgets: budgetsOf(options), clock: clockOf(clock), random }
}

function budgetsOf(options: Budgets): Budgets {
  const given = BUDGETS.flatMap((name) => {
    const ms = options[name]
    return ms === undefined || ms === Infinity ? [] : [[name, ms] as const]
  })
  return Object.fromEntries(given)
}

function clockOf(clock: Clock | (() => number)): Clock {
  if (typeof clock === 'function') return { ...systemClock, now: clock }
  const isClock =
    typeof clock === 'object' &&
    clock !== null &&
    typeof clock.now === 'function' &&
    typeof clock.setTimeout === 'function' &&
    typeof clock.clearTimeout === 'function'
  if (isClock) return clock
  throw badOption('clock', 'must be { now, setTimeout, clearTimeout }, or a function that gives milliseconds')
}

function badOption(name: string, what: string): MisuseError {
  return new MisuseError('bad_option', `the option ${name} ${what}`)
}
