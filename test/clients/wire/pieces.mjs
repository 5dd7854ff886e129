/** What the four wire forms share. */
import { randomBytes } from 'node:crypto'

/** An id with the provider's prefix, new each time, as the providers' are. */
export function newId(prefix, length = 24) {
  return `${prefix}${randomBytes(length).toString('base64url').replaceAll(/[-_]/gu, '0').slice(0, length)}`
}

/** A text in several pieces, as a model gives it. */
export function deltasOf(text, length = 9) {
  return text.match(new RegExp(`.{1,${length}}`, 'gsu')) ?? []
}

/** Seconds since 1970. */
export const now = () => Math.floor(Date.now() / 1000)

/** Server-sent events: `event` lines only where the form has them. */
export function sse(events, { named }) {
  return events.map((event) => `${named ? `event: ${event.type}\n` : ''}data: ${JSON.stringify(event)}\n\n`).join('')
}
