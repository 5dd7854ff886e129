/** Whether a turn is tried again after a stream that did not bring it to its end, and when. */
import type { Outcome, OutcomeError } from './message.ts'
import type { Random } from './system.ts'

/** The wait before the second attempt; each later one waits twice as long, up to the longest. A random part of up to half of it is left out. */
const FIRST_DELAY_MS = 500
const LONGEST_DELAY_MS = 8000

/** A provider that asks for a longer wait than this is not waited for: that is for the caller to decide, who reads it in the outcome. */
const LONGEST_RETRY_AFTER_MS = 60_000

export interface Retry {
  readonly delayMs: number
  readonly error: OutcomeError
}

/**
 * Undefined if the turn ends with this outcome. An attempt is made again after a stream that was cut, that stood still, or that failed with
 * an error which may pass; never once a call was handed out, since it may be running.
 */
export function decideRetry(facts: {
  readonly outcome: Outcome
  /** How many attempts were made, and how many may be. */
  readonly attempt: number
  readonly attempts: number
  readonly handedOut: boolean
  readonly random: Random
  /** Of the budget for the whole turn; undefined without one. */
  readonly leftMs: number | undefined
}): Retry | undefined {
  const { outcome, attempt, attempts, handedOut, random, leftMs = Infinity } = facts
  if (attempt >= attempts || handedOut) return undefined
  const error = passingError(outcome)
  if (error === undefined) return undefined
  const { retryAfterMs } = error
  const delayMs = retryAfterMs ?? backOff(attempt, random)
  // Of what would still be waited for at the end of all budgets, the error is the better answer.
  if (delayMs >= leftMs || (retryAfterMs ?? 0) > LONGEST_RETRY_AFTER_MS) return undefined
  return { delayMs, error }
}

function passingError(outcome: Outcome): OutcomeError | undefined {
  switch (outcome.kind) {
    case 'complete':
    case 'aborted':
      return undefined
    case 'timed_out':
      if (outcome.budget !== 'idle') return undefined
      return { class: 'network', retryable: true, message: `nothing got on for ${Math.round(outcome.silenceMs)} ms` }
    case 'truncated':
    case 'failed':
      return outcome.error.retryable ? outcome.error : undefined
    default: {
      const never: never = outcome
      return never
    }
  }
}

function backOff(attempt: number, random: Random): number {
  const delay = Math.min(FIRST_DELAY_MS * 2 ** (attempt - 1), LONGEST_DELAY_MS)
  return Math.round(delay * (1 - random() / 2))
}
