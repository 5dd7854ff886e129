/**
 * What is special about tool calls: the same call sent twice is one, a call whose id is taken gets another, and a call is handed out to
 * the caller once, when `state.ts` says that it may.
 */
import type { Limits } from '../limits.ts'
import type { Dialect, Outcome } from '../message.ts'
import {
  argumentsOf,
  isEmptyArguments,
  isNameless,
  isPresent,
  isSameBlock,
  isSameInput,
  judge,
  type Block,
} from './block.ts'
import { contentBlockOf, type Draft } from './draft.ts'
import { about, type Output } from './output.ts'
import { mayHandOut, resentArguments } from './state.ts'
import { parseToolInput } from './tool-input.ts'

export interface CallOptions {
  readonly toolCalls: 'stop' | 'early'
  readonly limits: Limits
}

export class Calls<D extends Dialect> {
  readonly #draft: Draft
  readonly #output: Output<D>
  readonly #options: CallOptions

  constructor(draft: Draft, output: Output<D>, options: CallOptions) {
    this.#draft = draft
    this.#output = output
    this.#options = options
  }

  /** An earlier call of this message under the same id and name. One under the same id alone makes this one need another id. */
  rivalOf(block: Block): Block | undefined {
    const { id } = block.fields
    if (block.kind !== 'tool_call' || !isPresent(id)) return undefined
    const earlier = this.#draft.callsById.get(id)
    if (earlier === undefined) {
      this.#draft.callsById.set(id, block)
      return undefined
    }
    if (isSameBlock(earlier, block.kind, block.fields)) return earlier
    this.#separate(block, id)
    return undefined
  }

  /** The block goes over into a new attempt: the first call that has its id keeps it. */
  keepId(block: Block): void {
    const { id } = block.fields
    if (block.kind !== 'tool_call' || !isPresent(id)) return
    block.hasTakenId = this.#draft.callsById.has(id)
    if (block.hasTakenId) block.wire.id = id
    else this.#draft.callsById.set(id, block)
  }

  /** Whether a held call, which is whole now, is another one than its rival. If not, it is noted and forgotten. */
  isOwn(block: Block): boolean {
    if (block.position.phase !== 'held') return true
    const rival = this.rivalOf(block)
    if (rival === undefined) return true
    const id = block.fields.id ?? ''
    if (!isSameInput(argumentsOf(rival), argumentsOf(block), this.#options.limits.toolDepth)) {
      this.#separate(block, id)
      return true
    }
    this.#output.note(this.#draft, { kind: 'duplicate_call', detail: id, value: argumentsOf(block) }, rival)
    this.#draft.byKey.delete(block.key)
    return false
  }

  /** The arguments without what was sent before them, if they were sent once more as a whole at the end. */
  dropResent(block: Block): string | undefined {
    if (block.kind !== 'tool_call') return undefined
    const whole = resentArguments(block.text, block.lastAppendAt, this.#draft.stop?.reason)
    const { toolDepth } = this.#options.limits
    if (whole === undefined || judge(block, toolDepth).state !== 'invalid') return undefined
    if (parseToolInput(whole, toolDepth).state !== 'object') return undefined
    this.#output.note(this.#draft, { kind: 'resent_arguments', value: block.text.slice(0, block.lastAppendAt) }, block)
    return whole
  }

  /** Hands a closed call out if it may be; `outcome` is known once the input is over. */
  handOut(block: Block, outcome: Outcome['kind'] | undefined): void {
    if (block.kind !== 'tool_call' || block.position.phase !== 'closed') return
    const isAllowed = mayHandOut({
      origin: block.fields.origin ?? 'client',
      // Of plain text nothing but its end shows that it is whole: it is never handed out early.
      isEmpty: block.fields.freeText !== undefined || isEmptyArguments(block.text),
      stop: this.#draft.stop?.reason,
      policy: this.#options.toolCalls,
      outcome,
    })
    if (!isAllowed) return
    const call = contentBlockOf(this.#draft, block, this.#options.limits.toolDepth, outcome)
    if (call.type !== 'tool_call' || call.state !== 'complete') return
    block.position = { phase: 'handed_out', by: block.position.by }
    this.#draft.handedOut += 1
    this.#output.emit({ type: 'tool_call', ...about(this.#draft), block: block.ordinal, call })
  }

  /** Says why a call is of no use, where its own arguments are the reason. */
  explain(block: Block, outcome: Outcome['kind']): void {
    const { toolDepth } = this.#options.limits
    if (block.kind !== 'tool_call' || block.position.phase === 'handed_out') return
    const call = contentBlockOf(this.#draft, block, toolDepth, outcome)
    if (call.type !== 'tool_call' || call.state !== 'invalid') return
    const input = judge(block, toolDepth)
    if (input.state === 'object' && !isNameless(block)) return
    const detail = input.state === 'invalid' ? input.reason : input.state === 'object' ? 'no_name' : input.state
    this.#output.note(this.#draft, { kind: 'invalid_input', detail }, block)
  }

  #separate(block: Block, id: string): void {
    block.hasTakenId = true
    block.wire.id = id
    this.#output.note(this.#draft, { kind: 'call_id_reused', detail: id })
  }
}
