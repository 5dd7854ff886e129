/** The one file of the core that may name a clock, a timer or randomness. Whatever is here can be handed in instead. */

import { encodeBase64 } from './base64.ts'

/** Time as a turn sees it. A test hands in one that it moves by itself. */
export interface Clock {
  /** Milliseconds that only grow; the zero point does not matter. */
  now(): number
  /** Calls `callback` once, `ms` milliseconds from now; gives what `clearTimeout` takes. */
  setTimeout(callback: () => void, ms: number): unknown
  clearTimeout(timer: unknown): void
}

export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (timer: ReturnType<typeof setTimeout>) => {
    clearTimeout(timer)
  },
}

/** A number from 0 up to, and not, 1. */
export type Random = () => number

export const systemRandom: Random = () => Math.random()

/** The SHA-256 of a text in UTF-8, in hex digits. */
export async function sha256(text: string): Promise<string> {
  return Array.from(await digestOf(text), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** The same in base64, as a Content-Security-Policy has it. */
export async function sha256Base64(text: string): Promise<string> {
  return encodeBase64(await digestOf(text))
}

async function digestOf(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
}

/** Now, as an ISO 8601 date and time in UTC. */
export const systemDate = (): string => new Date().toISOString()
