/** How much of a stream is held in memory. What a provider sends beyond it ends the turn as `failed` with the error class `limit`. */
import { MisuseError } from './errors.ts'

/** Sizes are counted in UTF-16 code units, as `string.length` counts. */
export interface Limits {
  /** Of one SSE event, its data or any other line. Default 16 Mi. */
  readonly eventLength: number
  /**
   * Of one message with everything that was replaced in it. A short text takes more memory than its characters: one that comes character
   * by character 40 to 80 bytes each. Default 64 Mi.
   */
  readonly messageLength: number
  /** Content blocks of one message. Default 10,000. */
  readonly blocks: number
  /** Parallel answers to one request. Default 128. */
  readonly choices: number
  /** Messages of a source that carries many. Default 10,000. */
  readonly messages: number
  /** Levels of nesting in the arguments of a tool call, 512 at most. Default 200. */
  readonly toolDepth: number
  /** Anomalies kept of one message; the rest is counted. Default 100. */
  readonly anomalies: number
}

export const DEFAULT_LIMITS: Limits = {
  eventLength: 16 * 1024 * 1024,
  messageLength: 64 * 1024 * 1024,
  blocks: 10_000,
  choices: 128,
  messages: 10_000,
  toolDepth: 200,
  anomalies: 100,
}

/** The defaults with the caller's own. Throws `MisuseError('bad_option')` for an unknown name or a value that is no positive integer. */
export function limitsOf(own: Partial<Limits> = {}): Limits {
  if (typeof own !== 'object' || own === null) {
    throw new MisuseError('bad_option', `the option limits is ${String(own)}; it must be an object`)
  }
  const given = Object.entries(own).filter(([, value]) => value !== undefined)
  for (const [name, value] of given) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) {
      const known = Object.keys(DEFAULT_LIMITS).join(', ')
      throw new MisuseError('bad_option', `limits.${name} is not a limit; there are ${known}`)
    }
    const most = name === 'toolDepth' ? 512 : Number.MAX_SAFE_INTEGER
    if (!Number.isInteger(value) || value < 1 || value > most) {
      throw new MisuseError('bad_option', `limits.${name} is ${String(value)}; it must be an integer from 1 to ${most}`)
    }
  }
  return { ...DEFAULT_LIMITS, ...Object.fromEntries(given) }
}
