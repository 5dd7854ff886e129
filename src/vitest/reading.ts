/** Whatever a test holds in its hands, brought to messages, with what is needed to say where in the stream a place of them came from. */
import { MisuseError } from '../errors.ts'
import { isObject, wordOf } from '../json.ts'
import type { AssistantMessage } from '../message.ts'
import { assembleRecording } from '../recording/fold-recording.ts'
import type { RecordedChunk, RecordedEnding, Recording } from '../recording/format.ts'
import type { StoredRecording } from '../recording/stored.ts'
import type { Chunk, Source } from '../source.ts'
import { assemble, Turn } from '../turn.ts'
import type { TurnEvent } from '../turn-event.ts'

/** What a matcher takes: a turn, its message or messages, a recording, or anything that `fold` reads; or a promise of one. */
export type Foldable =
  | Turn
  | AssistantMessage
  | readonly AssistantMessage[]
  | Recording
  | StoredRecording
  | Source
  | Promise<Turn | AssistantMessage | readonly AssistantMessage[] | Recording | StoredRecording | Source>

/** What is known of how the messages came: nothing, the events of a turn, or the body. */
export type Trail =
  | { readonly kind: 'none' }
  | { readonly kind: 'events'; readonly events: readonly TurnEvent[] }
  | { readonly kind: 'body'; readonly chunks: readonly Chunk[] }

export interface Reading {
  readonly messages: readonly AssistantMessage[]
  readonly trail: Trail
}

/**
 * Reads it to its end. At once (no promise) for what is a message already. Throws, or rejects with, `MisuseError` for what cannot be read;
 * what a provider did wrong is in the messages.
 */
export function readFoldable(given: unknown, turn: string | undefined): Reading | Promise<Reading> {
  if (isMessage(given)) return { messages: [given], trail: { kind: 'none' } }
  if (isMessages(given)) return { messages: given, trail: { kind: 'none' } }
  return readLater(given, turn === undefined || turn === '' ? {} : { turn })
}

async function readLater(later: unknown, options: { readonly turn?: string }): Promise<Reading> {
  const given: unknown = await later
  if (isMessage(given)) return { messages: [given], trail: { kind: 'none' } }
  if (isMessages(given)) return { messages: given, trail: { kind: 'none' } }
  if (given instanceof Turn) return readTurn(given)
  if (isStored(given)) return readRecorded(await inMemory(given), options)
  if (isRecording(given)) return readRecorded(given, options)
  if (!isSource(given)) {
    throw new MisuseError(
      'bad_argument',
      `expect(…) was given ${wordOf(given)}; give it a turn, its message, a recording, or what fold reads, such as a Response`,
    )
  }
  const chunks: Chunk[] = []
  const messages = await assemble(overheard(given, chunks), options).messages()
  return { messages, trail: chunks.length === 0 ? { kind: 'none' } : { kind: 'body', chunks } }
}

async function readRecorded(recording: Recording, options: { readonly turn?: string }): Promise<Reading> {
  const messages = await assembleRecording(recording, options).messages()
  const isFailure = (recording.header.response?.status ?? 200) >= 400
  return {
    messages,
    trail: isFailure ? { kind: 'none' } : { kind: 'body', chunks: recording.chunks.map(({ bytes }) => bytes) },
  }
}

async function readTurn(turn: Turn): Promise<Reading> {
  const all = turn.messages()
  const events: TurnEvent[] = []
  for await (const event of turn) events.push(event)
  // A reader that came late has a summary in place of what it missed.
  const isWhole = events.every(({ type }) => type !== 'snapshot')
  return { messages: await all, trail: isWhole ? { kind: 'events', events } : { kind: 'none' } }
}

/** The same source; what comes from it is kept aside. */
function overheard(source: Source, chunks: Chunk[]): Source {
  if (source instanceof Response) {
    if (!source.ok || source.body === null || source.bodyUsed) return source
    const { status, headers } = source
    return new Response(source.body.pipeThrough(ear<Uint8Array>(chunks)), { status, headers })
  }
  if (typeof source === 'string' || source instanceof Uint8Array) chunks.push(source)
  else if (source instanceof ReadableStream && !source.locked) return overhearStream(source, chunks)
  return source
}

function overhearStream(source: ReadableStream<Uint8Array | string>, chunks: Chunk[]): Source {
  return source.pipeThrough(ear<Uint8Array | string>(chunks))
}

function ear<T extends Chunk>(chunks: Chunk[]): TransformStream<T, T> {
  return new TransformStream({
    transform(chunk, controller) {
      chunks.push(chunk)
      controller.enqueue(chunk)
    },
  })
}

async function inMemory(stored: StoredRecording): Promise<Recording> {
  const chunks: RecordedChunk[] = []
  let ending: RecordedEnding = 'reset'
  for await (const part of stored.parts()) {
    if (part.kind === 'chunk') chunks.push(part.chunk)
    else ending = part.ending
  }
  return { header: stored.header, chunks, ending, problems: [] }
}

function isMessage(value: unknown): value is AssistantMessage {
  if (!isObject(value) || !Array.isArray(value.content) || !Array.isArray(value.anomalies)) return false
  return isObject(value.outcome) && isObject(value.stop)
}

function isMessages(value: unknown): value is readonly AssistantMessage[] {
  return Array.isArray(value) && value.length > 0 && value.every(isMessage)
}

export function isRecording(value: unknown): value is Recording {
  return isObject(value) && isObject(value.header) && Array.isArray(value.chunks) && typeof value.ending === 'string'
}

function isStored(value: unknown): value is StoredRecording {
  return typeof value === 'object' && value !== null && 'parts' in value && typeof value.parts === 'function'
}

function isSource(value: unknown): value is Source {
  return typeof value === 'string' || (typeof value === 'object' && value !== null)
}
