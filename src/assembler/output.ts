/** What leaves the assembler while it works: turn events and anomalies. Nothing is decided here. */
import type { Anomaly } from '../anomaly.ts'
import { excerpt } from '../anomaly.ts'
import type { JsonValue } from '../json.ts'
import type { Dialect } from '../message.ts'
import type { TurnEvent } from '../turn-event.ts'
import { callIdOf, isPresent, type Block } from './block.ts'
import type { Draft } from './draft.ts'

const NO_EVENTS: readonly never[] = []

/** What every event of a message has in common. */
export function about(draft: Draft): { readonly message: string; readonly attempt: number } {
  return { message: draft.key, attempt: draft.attempt }
}

/** A call of which the name is known before a reader is told of it. */
export interface HeldCall {
  readonly message: string
  /** Its ordinal is that of the block once it is shown. */
  readonly block: { readonly ordinal: number }
}

export class Output<D extends Dialect> {
  /** Without live events a stream is folded faster. */
  isLive: boolean
  readonly #anomalyLimit: number
  #events: TurnEvent<D>[] | undefined
  #held: HeldCall[] | undefined
  /** Of what the events that were taken last are of. */
  heldCalls: readonly HeldCall[] = NO_EVENTS
  /** The provider's event that is being applied, where the caller asked for it. */
  raw: JsonValue | undefined

  constructor(isLive: boolean, anomalyLimit: number) {
    this.isLive = isLive
    this.#anomalyLimit = anomalyLimit
  }

  emit(event: TurnEvent<D>): void {
    if (!this.isLive) return
    const told = this.raw === undefined ? event : { ...event, raw: this.raw }
    // Most often it is one: a literal of one takes a tenth of the memory of an empty array that grows.
    if (this.#events === undefined) this.#events = [told]
    else this.#events.push(told)
  }

  started(draft: Draft, block: Block): void {
    const { kind, ordinal, fields } = block
    const call = kind === 'tool_call' ? { name: fields.name ?? '', id: callIdOf(block, draft.key) } : {}
    const runner = kind === 'tool_call' && fields.origin === 'provider' ? { origin: fields.origin } : {}
    const result = kind === 'tool_result' && isPresent(fields.callId) ? { callId: fields.callId } : {}
    this.emit({ type: 'block_start', ...about(draft), block: ordinal, kind, ...call, ...runner, ...result })
  }

  /** A call has its name and is not shown yet. */
  held(draft: Draft, block: Block): void {
    if (!this.isLive || this.#held?.at(-1)?.block === block) return
    this.#held ??= []
    this.#held.push({ message: draft.key, block })
  }

  /** A piece of the block's text. The hot path: one object an event. */
  added(draft: Draft, block: Block, text: string): void {
    if (!this.isLive || text === '') return
    const whole = block.heldBack === '' ? text : block.heldBack + text
    // After its close nothing would release the half.
    const isHalf = block.position.phase === 'open' && isHighSurrogate(whole.charCodeAt(whole.length - 1))
    block.heldBack = isHalf ? whole.slice(-1) : ''
    if (!isHalf) this.#delta(draft, block, whole)
    else if (whole.length > 1) this.#delta(draft, block, whole.slice(0, -1))
  }

  #delta(draft: Draft, block: Block, text: string): void {
    const { key: message, attempt } = draft
    switch (block.kind) {
      case 'thinking':
        this.emit({ type: 'thinking', message, attempt, block: block.ordinal, text })
        return
      case 'tool_call':
        this.emit({ type: 'tool_input', message, attempt, block: block.ordinal, delta: text })
        return
      case 'text':
      case 'refusal':
      case 'tool_result':
      case 'media':
      case 'other':
        this.emit({ type: 'text', message, attempt, block: block.ordinal, text })
        return
      default: {
        const never: never = block.kind
        return never
      }
    }
  }

  replaced(draft: Draft, block: Block): void {
    block.heldBack = ''
    this.emit({ type: 'replace', ...about(draft), block: block.ordinal, text: block.text })
  }

  stopped(draft: Draft, block: Block): void {
    if (block.heldBack !== '') this.#delta(draft, block, block.heldBack)
    block.heldBack = ''
    const { signature } = block.fields
    // A block that nobody knows shows none in the message either.
    const signed = isPresent(signature) && block.kind !== 'other' ? { signature } : {}
    this.emit({ type: 'block_stop', ...about(draft), block: block.ordinal, ...signed })
  }

  take(): readonly TurnEvent<D>[] {
    this.heldCalls = this.#held ?? NO_EVENTS
    this.#held = undefined
    const events = this.#events
    if (events === undefined) return NO_EVENTS
    this.#events = undefined
    return events
  }

  /** Keeps an anomaly, up to the limit. The same one over and over is one with a count. */
  note(draft: Draft, anomaly: Anomaly, block?: Block): void {
    const detail = anomaly.detail === undefined ? {} : { detail: excerpt(anomaly.detail) }
    const where = block === undefined || block.ordinal < 0 ? {} : { block: block.ordinal }
    const noted = { ...anomaly, ...detail, ...where }
    const last = draft.anomalies.at(-1)
    if (last !== undefined && isRepeat(last, noted)) {
      draft.anomalies[draft.anomalies.length - 1] = { ...last, count: (last.count ?? 1) + 1 }
      return
    }
    if (draft.anomalies.length >= this.#anomalyLimit) {
      draft.omittedAnomalies += 1
      return
    }
    draft.anomalies.push(noted)
    this.emit({ type: 'anomaly', ...about(draft), anomaly: noted, ...where })
  }
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff
}

function isRepeat(last: Anomaly, next: Anomaly): boolean {
  return (
    last.kind === next.kind &&
    last.block === next.block &&
    last.detail === next.detail &&
    last.value === undefined &&
    next.value === undefined &&
    next.content === undefined
  )
}
