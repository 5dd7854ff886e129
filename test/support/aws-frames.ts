/** Writes AWS event streams, by the encoder of the official SDK. */
import { EventStreamCodec } from '@smithy/core/event-streams'

const codec = new EventStreamCodec(
  (bytes) => (typeof bytes === 'string' ? bytes : new TextDecoder().decode(bytes)),
  (text) => new TextEncoder().encode(text),
)

/** A frame with headers of text. */
export function frame(headers: Readonly<Record<string, string>>, body: string): Uint8Array {
  const typed = Object.entries(headers).map(([name, value]) => [name, { type: 'string', value }] as const)
  return codec.encode({ headers: Object.fromEntries(typed), body: new TextEncoder().encode(body) })
}

const JSON_TYPE = { ':content-type': 'application/json' }

export function eventFrame(type: string, payload: unknown): Uint8Array {
  return frame({ ':event-type': type, ...JSON_TYPE, ':message-type': 'event' }, JSON.stringify(payload))
}

export function exceptionFrame(type: string, payload: unknown): Uint8Array {
  return frame({ ':exception-type': type, ...JSON_TYPE, ':message-type': 'exception' }, JSON.stringify(payload))
}

/** What InvokeModelWithResponseStream makes of an event of the model. */
export function chunkFrame(event: unknown): Uint8Array {
  const bytes = new TextEncoder().encode(JSON.stringify(event))
  return eventFrame('chunk', { bytes: Buffer.from(bytes).toString('base64'), p: 'abcdef' })
}

/** Events of one key each, `{ messageStart: … }`, as frames. */
export function framesOf(events: readonly object[]): Uint8Array[] {
  return events.flatMap((event) => Object.entries(event).map(([type, payload]) => eventFrame(type, payload)))
}

export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces))
}

/** The bytes with one of them changed. */
export function damaged(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice()
  copy[at] = (copy[at] ?? 0) ^ 0x01
  return copy
}
