/** A conversation as the next request of a provider. */
import type { JsonObject, JsonValue } from '../json.ts'
import type { AssistantMessage, ToolCallBlock } from '../message.ts'
import { CLOSING_TEXTS } from './closing.ts'
import { ENCODERS } from './encoders.ts'
import type { Step } from './element.ts'
import type { Encoder, EncodingContext, LeftOut } from './encoder.ts'
import type { Form } from './form.ts'
import { FORMS } from './forms.ts'
import { checkTarget } from './history.ts'
import { IdSet } from './ids.ts'
import type { ToolOutput, Unanswered } from './items.ts'
import { repairHistory } from './repair.ts'
import type { Repair } from './repairs.ts'
import { FORMAT_OF, type RequestFacts, type Target } from './target.ts'
import { clientCallsOf, type Told, type ToldAnswer, type Transcript } from './transcript.ts'

export interface Projection {
  /** What the request takes as `messages` (Anthropic, chat), `input` (Responses) or `contents` (Gemini). */
  readonly messages: JsonObject[]
  /** The instructions, where the provider takes them apart from the messages. */
  readonly system?: string
  /** What was changed or left out; empty for a conversation that could be told as it was. */
  readonly repairs: readonly Repair[]
}

/** A message in its own provider's whole form, as `toNative` gives it. */
export type ToNative = (message: AssistantMessage) => JsonValue

export function projectWith(
  toNative: ToNative,
  transcript: Transcript,
  target: Target,
  facts: RequestFacts = {},
): Projection {
  checkTarget(target, facts)
  const writer = new Writer(target, facts, toNative)
  for (const told of transcript.told()) writer.write(told)
  return writer.finish()
}

/** One message of the model as the messages or items of a request, by itself: no result, no repair. */
export function encodeMessage(toNative: ToNative, message: AssistantMessage, target: Target): readonly JsonObject[] {
  const { ids } = FORMS[FORMAT_OF[target]]
  const known = new IdSet(ids)
  const allotted = new Map(clientCallsOf(message.content).map((call) => [call, known.allot(call.id)]))
  return ENCODERS[FORMAT_OF[target]].assistant(message, {
    target,
    idOf: (call) => allotted.get(call) ?? call.id,
    leaveOut: () => {},
    native: (own) => (own.dialect === 'unknown' ? undefined : asObject(toNative(own))),
  })
}

/** Whatever the user said before an exchange. */
const BEFORE = { kind: 'other', at: -1, value: { role: 'user' } } as const satisfies Step

class Writer {
  readonly #target: Target
  readonly #facts: RequestFacts
  readonly #toNative: ToNative
  readonly #encoder: Encoder
  readonly #form: Form
  readonly #messages: JsonObject[] = []
  readonly #system: string[] = []
  readonly #repairs: Repair[] = []
  readonly #isUnique: boolean
  #ids: IdSet

  constructor(target: Target, facts: RequestFacts, toNative: ToNative) {
    this.#target = target
    this.#facts = facts
    this.#toNative = toNative
    this.#encoder = ENCODERS[FORMAT_OF[target]]
    this.#form = FORMS[FORMAT_OF[target]]
    this.#ids = new IdSet(this.#form.ids)
    this.#isUnique = this.#form.ids.isUnique || facts.profile === 'strict'
  }

  write(told: Told): void {
    switch (told.role) {
      case 'note':
        return
      case 'system': {
        const message = this.#encoder.system(told)
        if (message === undefined) this.#system.push(told.content)
        else this.#messages.push(message)
        return
      }
      case 'user':
        this.#messages.push(...this.#encoder.user(told, this.#context(new Map())))
        return
      case 'assistant':
        this.#writeAnswer(told)
        return
      default: {
        const never: never = told
        return never
      }
    }
  }

  #writeAnswer({ message, results, unanswered }: ToldAnswer): void {
    // What a model refused to go on with makes it refuse again; the provider asks to take it out.
    if (message.stop.reason === 'refusal' && results.size === 0) {
      this.#report('left_out', { text: 'an answer that was refused is not sent again' })
      return
    }
    const at = this.#messages.length
    const calls = clientCallsOf(message.content)
    const context = this.#context(this.#idsFor(calls))
    const values = this.#encoder.assistant(message, context)
    if (values.length === 0) {
      if (message.content.length > 0) this.#report('message_dropped', { text: 'nothing in the answer can be sent' })
      return
    }
    const answered = calls.map((call) => {
      const id = context.idOf(call)
      const output = results.get(call.id) ?? this.#closing(call, message, unanswered.get(call.id), at)
      const value = this.#encoder.result(output, { id, name: call.name, block: call, message }, context)
      return { kind: 'result' as const, at, id, value, call: { id, name: call.name } }
    })
    const said = { kind: 'said' as const, at, values, calls: answered.map(({ call }) => call) }
    // By itself an exchange would have no beginning, and be given one.
    const written = this.#form.write([BEFORE, { kind: 'exchange', said, results: answered }], {
      target: this.#target,
      facts: {},
      report: () => {},
    })
    this.#messages.push(...written.slice(1))
  }

  #closing(call: ToolCallBlock, message: AssistantMessage, known: Unanswered | undefined, at: number): ToolOutput {
    const why = known ?? (wasRunnable(call, message) ? 'interrupted' : 'not_started')
    this.#repairs.push({
      kind: 'call_closed',
      message: at,
      call: call.id,
      text: `the call ${call.id} of ${call.name || 'a tool without a name'} has no result: ${CLOSING_TEXTS[why]}`,
    })
    return { content: CLOSING_TEXTS[why], isError: true }
  }

  /** The ids of the calls of one answer: as the provider gave them, if this one takes them. */
  #idsFor(calls: readonly ToolCallBlock[]): ReadonlyMap<ToolCallBlock, string> {
    if (!this.#isUnique) this.#ids = new IdSet(this.#form.ids)
    return new Map(
      calls.map((call) => {
        const id = this.#ids.allot(call.id)
        if (id !== call.id && call.idSource === 'wire') {
          this.#report('id_rewritten', { call: call.id, text: `${call.id} is sent as ${id}` })
        }
        return [call, id]
      }),
    )
  }

  #context(ids: ReadonlyMap<ToolCallBlock, string>): EncodingContext {
    return {
      target: this.#target,
      idOf: (call) => ids.get(call) ?? call.id,
      leaveOut: (what) => this.#leaveOut(what),
      native: (message) => (message.dialect === 'unknown' ? undefined : asObject(this.#toNative(message))),
    }
  }

  #leaveOut({ what, why, block, call }: LeftOut): void {
    const place = { ...(block === undefined ? {} : { block }), ...(call === undefined ? {} : { call }) }
    const kind = what === 'arguments' ? 'arguments_emptied' : what === 'thinking' ? 'thinking_dropped' : 'left_out'
    this.#report(kind, { ...place, text: why })
  }

  #report(kind: Repair['kind'], repair: Omit<Repair, 'kind' | 'message'>): void {
    this.#repairs.push({ kind, message: this.#messages.length, ...repair })
  }

  finish(): Projection {
    const { messages, repairs } = repairHistory(this.#messages, this.#target, this.#facts)
    return {
      messages,
      ...(this.#system.length === 0 ? {} : { system: this.#system.join('\n\n') }),
      repairs: [...this.#repairs, ...repairs],
    }
  }
}

/** Such calls were never handed out, so nobody can have run them. */
function wasRunnable(call: ToolCallBlock, { stop }: AssistantMessage): boolean {
  if (call.state !== 'complete') return false
  switch (stop.reason) {
    case 'error':
    case 'content_filter':
    case 'refusal':
    case 'max_tokens':
    case 'context_window':
      return false
    case 'pause':
    case 'tool_calls':
    case 'stop_sequence':
    case 'end_turn':
    case 'unknown':
      return true
    default: {
      const never: never = stop.reason
      return never
    }
  }
}

function asObject(value: JsonValue): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
}
