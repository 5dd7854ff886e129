/** What came of one turn, and when: of a recording, or of a live turn while somebody reads it. */
import type { Anomaly } from '../anomaly.ts'
import type { HeldCall } from '../assembler/output.ts'
import { Fold } from '../fold.ts'
import type { AssistantMessage, BlockKind, OutcomeError, ResponseFacts } from '../message.ts'
import type { FoldOptions } from '../options.ts'
import { isObject } from '../json.ts'
import { apiCallOf } from '../recording/api-call.ts'
import { endingOf } from '../recording/faults/folding.ts'
import type { Recording } from '../recording/format.ts'
import { responseOf } from '../recording/response-copy.ts'
import { responseHeaders, responseStatus } from '../recording/response-headers.ts'
import { ERROR_BODY_LENGTH, errorOfResponse, factsOf } from '../source.ts'
import { systemClock, type Clock } from '../system.ts'
import type { Turn } from '../turn.ts'
import type { TurnEvent } from '../turn-event.ts'
import type { Arrival } from './comparison.ts'

/** A turn that is over. Milliseconds since the request was sent, or, of a live turn, since reading began. */
export interface ObservedTurn {
  readonly messages: readonly AssistantMessage[]
  /** Of the turn, after its messages. */
  readonly anomalies: readonly Anomaly[]
  /** The model that the request named; the wire may name another, or none. */
  readonly askedModel?: string
  /** Every moment at which content came, in order. Absent where there are no times. */
  readonly arrivals?: readonly Arrival[]
  readonly firstByteMs?: number
  readonly endMs?: number
  readonly deltas?: number
  /** Of the body. */
  readonly bytes?: number
}

/**
 * Folds a recording at once, also what comes after the protocol's last event. Throws `MisuseError('bad_option')` for an option that there
 * is not. A body whose chunks all came at 0 ms has no times: nobody took them.
 */
export function observeRecording(recording: Recording, options: FoldOptions = {}): ObservedTurn {
  const { chunks, ending, endMs } = recording
  const failure = failureOf(recording)
  const fold = new Fold(options, { facts: () => (failure === undefined ? {} : { response: failure.response }) })
  const log = new ArrivalLog()
  const lastMs = chunks.reduce((last, { ms }) => Math.max(last, ms), 0)
  if (failure === undefined) {
    for (const { ms, bytes } of chunks) {
      log.note(ms, fold.push(bytes))
      log.hold(ms, fold.heldCalls)
    }
    log.note(endMs ?? lastMs, fold.end(endingOf(ending)))
  } else fold.end({ kind: 'failed', error: failure.error })
  const { messages, anomalies } = fold
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0)
  const arrivals = log.arrivals(messages)
  const first = chunks.find((chunk) => chunk.bytes.length > 0)
  const askedModel = askedModelOf(recording)
  const isTimed = Math.max(endMs ?? 0, lastMs) > 0
  return {
    messages,
    anomalies,
    ...(askedModel === undefined ? {} : { askedModel }),
    ...(isTimed ? { arrivals, endMs: endMs ?? lastMs } : {}),
    ...(isTimed && first !== undefined ? { firstByteMs: first.ms } : {}),
    deltas: deltasOf(arrivals),
    bytes,
  }
}

function askedModelOf({ header: { request } }: Recording): string | undefined {
  if (!isObject(request)) return undefined
  const { method, path, body } = request
  return typeof method === 'string' && typeof path === 'string' ? apiCallOf(method, path, body)?.model : undefined
}

/** A response with an error status: its body is the error, whatever it looks like. As a live turn has it. */
function failureOf({ header, chunks }: Recording): { response: ResponseFacts; error: OutcomeError } | undefined {
  if ((header.response?.status ?? 200) < 400) return undefined
  const { status } = responseStatus(header)
  const response = factsOf(responseOf(null, { status }, responseHeaders(header)))
  return { response, error: errorOfResponse(status, bodyOf(chunks), response) }
}

/**
 * Reads a live turn to its end and notes when everything came; whoever else reads it is not disturbed. `clock` is the one that the turn was
 * given, if any. Of a turn that has begun before there is no time but those that it took itself. Rejects as `turn.messages()` does, for a
 * misuse only.
 */
export async function observe(
  turn: Turn,
  { clock = systemClock }: { readonly clock?: Clock } = {},
): Promise<ObservedTurn> {
  const log = new ArrivalLog()
  const startedAt = clock.now()
  let [isLate, earlierMs] = [false, 0]
  for await (const event of turn) {
    const ms = clock.now() - startedAt
    log.note(ms, [event])
    if (event.type === 'snapshot') isLate = true
    // It began before it was observed: its own time goes on from there.
    if (event.type === 'message') earlierMs = Math.max(earlierMs, (event.final.timing?.endMs ?? 0) - ms)
  }
  const messages = await turn.messages()
  const arrivals = log.arrivals(messages).map((arrival) => ({ ...arrival, ms: arrival.ms + earlierMs }))
  return {
    messages,
    anomalies: turn.anomalies,
    ...(isLate ? {} : { arrivals, deltas: deltasOf(arrivals) }),
    ...shellTimes(messages),
  }
}

/** What a live turn measured by itself. */
export function shellTimes(messages: readonly AssistantMessage[]): { firstByteMs?: number; endMs?: number } {
  const timings = messages.flatMap(({ timing }) => timing ?? [])
  const [firstByteMs] = timings.flatMap((timing) => timing.firstByteMs ?? [])
  const endMs = timings.reduce<number | undefined>((last, timing) => Math.max(last ?? 0, timing.endMs), undefined)
  return { ...(firstByteMs === undefined ? {} : { firstByteMs }), ...(endMs === undefined ? {} : { endMs }) }
}

function deltasOf(arrivals: readonly Arrival[]): number {
  return arrivals.reduce((sum, { deltas }) => sum + deltas, 0)
}

/** What tells of an error, decoded as far as it counts. */
function bodyOf(chunks: Recording['chunks']): string {
  const utf8 = new TextDecoder()
  let body = ''
  for (const { bytes } of chunks) {
    if (body.length >= ERROR_BODY_LENGTH) break
    body += utf8.decode(bytes, { stream: true })
  }
  return body.slice(0, ERROR_BODY_LENGTH)
}

/** When content came. What a reset made void is forgotten: it is no part of the answer. */
class ArrivalLog {
  /** By the key of the message; each list in order. */
  readonly #noted = new Map<string, Noted[]>()
  readonly #kinds = new Map<string, BlockKind>()
  /** Calls that no event has told of yet. */
  readonly #held = new Map<HeldCall, { readonly at: number; readonly ms: number }>()
  #count = 0

  /** The names of these calls came. */
  hold(ms: number, calls: readonly HeldCall[]): void {
    for (const call of calls) {
      this.#count += 1
      this.#held.set(call, { at: this.#count, ms })
    }
  }

  note(ms: number, events: readonly TurnEvent[]): void {
    for (const event of events) {
      switch (event.type) {
        case 'block_start':
          this.#kinds.set(`${event.message} ${event.block}`, event.kind)
          if (!this.#showHeld(event)) this.#add(ms, event, 0, 0)
          break
        case 'text':
        case 'thinking':
        case 'replace':
          this.#add(ms, event, event.text.length, 1)
          break
        case 'tool_input':
          this.#add(ms, event, event.delta.length, 1)
          break
        case 'reset':
          this.#noted.delete(event.message)
          break
        case 'start':
        case 'block_stop':
        case 'tool_call':
        case 'usage':
        case 'retry':
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

  /** A call that was held came when its name did. False for any other block. */
  #showHeld({ message, block }: { message: string; block: number }): boolean {
    for (const [call, when] of this.#held) {
      if (call.message !== message || call.block.ordinal !== block) continue
      this.#held.delete(call)
      const noted = this.#noted.get(message) ?? []
      this.#noted.set(message, noted)
      noted.push({ ...when, block, kind: 'tool_call', characters: 0, deltas: 0 })
      return true
    }
    return false
  }

  #add(ms: number, { message, block }: { message: string; block: number }, characters: number, deltas: number): void {
    const noted = this.#noted.get(message) ?? []
    this.#noted.set(message, noted)
    const last = noted.at(-1)
    if (last !== undefined && last.ms === ms && last.block === block) {
      last.characters += characters
      last.deltas += deltas
      return
    }
    this.#count += 1
    const kind = this.#kinds.get(`${message} ${block}`) ?? 'other'
    noted.push({ at: this.#count, ms, block, kind, characters, deltas })
  }

  arrivals(messages: readonly AssistantMessage[]): readonly Arrival[] {
    return messages
      .flatMap(({ key }, message) => (this.#noted.get(key) ?? []).map((noted) => ({ ...noted, message })))
      .toSorted((a, b) => a.at - b.at)
      .map(({ at: _at, ms, message, ...arrival }) => ({ ms, message, ...arrival }))
  }
}

interface Noted {
  /** Its place among all that came. */
  readonly at: number
  readonly ms: number
  readonly block: number
  readonly kind: BlockKind
  characters: number
  deltas: number
}
