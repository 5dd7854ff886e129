/** The conversation of a session file: as a transcript, and as its agent would send it if nobody repaired it. */
import { isObject, type JsonObject, type JsonValue } from '../../json.ts'
import type { AssistantMessage, ToolCallBlock } from '../../message.ts'
import { ENCODERS } from '../encoders.ts'
import type { Encoder, EncodingContext } from '../encoder.ts'
import { FORMS } from '../forms.ts'
import { wireIdOf } from '../import/closing.ts'
import type { Imported, ImportedItem } from '../import/imported.ts'
import type { SessionRecord } from '../import/records.ts'
import type { Item, ToolOutput } from '../items.ts'
import type { ToNative } from '../project.ts'
import type { Finding } from '../rule.ts'
import { FORMAT_OF, type Format, type Target } from '../target.ts'
import { Transcript, clientCallsOf } from '../transcript.ts'
import type { FileProblem, OpenCallAt } from './diagnosis.ts'
import type { Located } from './findings.ts'

type Said = Exclude<Item, { readonly role: 'assistant' | 'tool' | 'note' }>

interface OfferedAnswer {
  readonly kind: 'answer'
  readonly line: number
  /** The key in the transcript; undefined: it is not there, since another stands in its place. */
  readonly key: string | undefined
  readonly message: AssistantMessage
}

interface OfferedResult {
  readonly kind: 'result'
  readonly line: number
  readonly call: string
  readonly output: ToolOutput
}

/** What was offered, in the order of the file. */
type Offered = { readonly kind: 'said'; readonly line: number; readonly said: Said } | OfferedAnswer | OfferedResult

interface KnownCall {
  readonly line: number
  readonly call: ToolCallBlock
  readonly message: AssistantMessage
}

/** A message as it would be sent, and the lines that it was made of. */
interface Sent {
  readonly value: JsonObject
  readonly line: number
  readonly calls: Map<string, Located>
  /** Of results and words of the user that go in one message: its blocks, and the line of each. */
  readonly blocks?: { readonly values: JsonValue[]; readonly lines: number[]; isResults: boolean }
}

export class SessionHistory {
  readonly transcript: Transcript = new Transcript()
  readonly problems: readonly FileProblem[]
  readonly #problems: FileProblem[]
  readonly #offered: Offered[] = []
  /** By the key that the file gives it: of an answer that is there twice, a call has two. */
  readonly #calls = new Map<string, KnownCall>()
  readonly #callsOfAnswer = new Map<string, Map<string, KnownCall>>()
  readonly #answered = new Set<KnownCall>()
  /** Results that stand before their call. */
  readonly #early = new Map<string, OfferedResult[]>()
  readonly #format: Format
  readonly #encoder: Encoder
  readonly #context: EncodingContext
  readonly #sent: Sent[] = []

  /** Of agents that write each call as a record: the lines of the calls of each id, and how many of them are behind us. */
  readonly #callLines = new Map<string, { readonly lines: number[]; next: number }>()

  constructor(imported: Imported, records: readonly SessionRecord[], target: Target, toNative: ToNative) {
    for (const { line, value } of records) {
      const id = wireIdOf(value)
      const known = id === undefined ? undefined : this.#callLines.get(id)
      if (known !== undefined) known.lines.push(line)
      else if (id !== undefined) this.#callLines.set(id, { lines: [line], next: 0 })
    }
    this.#format = FORMAT_OF[target]
    this.#encoder = ENCODERS[this.#format]
    const { foreign } = FORMS[this.#format].ids
    this.#context = {
      target,
      // An id that was minted here is not what the agent sends, so it is nobody's fault.
      idOf: ({ id, idSource }) => (idSource === 'wire' ? id : id.replaceAll(foreign, '_')),
      leaveOut: () => undefined,
      native: (message) => {
        const native = message.dialect === 'unknown' ? undefined : toNative(message)
        return isObject(native) ? native : undefined
      },
    }
    this.#problems = [...imported.problems]
    for (const item of imported.items) this.#offer(item)
    this.problems = this.#problems.toSorted((a, b) => a.line - b.line)
    this.#send()
  }

  /** As the agent would send it: each message once, results where they came, nothing closed. */
  messages(): readonly JsonObject[] {
    return this.#sent.map(({ value, blocks }) =>
      blocks === undefined ? value : { ...value, [this.#blocksField]: blocks.values },
    )
  }

  get calls(): number {
    return new Set(this.#calls.values()).size
  }

  /** The calls that have no result, with the line on which each stands. */
  open(): readonly OpenCallAt[] {
    return [...new Set(this.#calls.values())].flatMap((known) => {
      const { line, call } = known
      return this.#answered.has(known) ? [] : [{ call: call.id, tool: call.name, place: { line } }]
    })
  }

  locate({ message, block, call }: Finding): Located {
    const sent = this.#sent[message]
    if (sent === undefined) return { place: {}, tool: undefined }
    const known = call === undefined ? undefined : sent.calls.get(call)
    const line = block === undefined ? undefined : sent.blocks?.lines[block]
    return known ?? { place: { line: line ?? sent.line }, tool: undefined }
  }

  #offer({ line, item, isFragment }: ImportedItem): void {
    switch (item.role) {
      case 'note':
        return
      case 'user':
      case 'system': {
        const added = this.transcript.add(item)
        if (added.kind === 'conflict') this.#problems.push({ kind: 'conflict', line, text: added.text })
        if (added.kind === 'added' || added.kind === 'conflict') this.#offered.push({ kind: 'said', line, said: item })
        else this.#repeated(line, `the ${item.role} message ${item.id ?? ''} is there already`)
        return
      }
      case 'assistant':
        this.#offerAnswer(line, item.message, isFragment === true)
        return
      case 'tool': {
        const { role: _role, call, ...output } = item
        this.#offerResult({ kind: 'result', line, call, output })
        return
      }
      default: {
        const never: never = item
        return never
      }
    }
  }

  #offerAnswer(line: number, message: AssistantMessage, isFragment: boolean): void {
    const added = this.transcript.add(message, { isFragment })
    const { key } = added
    if (added.kind === 'added' || added.kind === 'replaced') this.#offered.push({ kind: 'answer', line, key, message })
    else if (added.kind === 'conflict') {
      this.#problems.push({ kind: 'conflict', line, text: added.text })
      // The agent has both and sends both.
      this.#offered.push({ kind: 'answer', line, key: undefined, message })
      return
    } else if (added.kind !== 'extended') this.#repeated(line, `the answer ${key} is there already`)
    const known = this.#callsOfAnswer.get(key) ?? new Map<string, KnownCall>()
    this.#callsOfAnswer.set(key, known)
    for (const call of clientCallsOf(message.content)) {
      const same = known.get(call.id) ?? { line: this.#lineOf(call, line), call, message }
      known.set(call.id, same)
      this.#calls.set(call.key, same)
      for (const early of this.#early.get(call.key) ?? []) this.#settle(same, early)
      this.#early.delete(call.key)
    }
  }

  /** A call may stand on a line of its own behind the beginning of its answer. */
  #lineOf({ id }: ToolCallBlock, line: number): number {
    const known = this.#callLines.get(id)
    if (known === undefined) return line
    while ((known.lines[known.next] ?? line) < line) known.next += 1
    return known.lines[known.next] ?? line
  }

  #offerResult(result: OfferedResult): void {
    const known = this.#calls.get(result.call)
    if (known !== undefined) {
      if (this.#settle(known, result)) this.#offered.push(result)
      return
    }
    this.#offered.push(result)
    const early = this.#early.get(result.call)
    if (early === undefined) this.#early.set(result.call, [result])
    else early.push(result)
  }

  /** False for a result that the call has already. */
  #settle(known: KnownCall, { line, output }: OfferedResult): boolean {
    this.#answered.add(known)
    const added = this.transcript.settle(known.call, output)
    if (added.kind === 'conflict') this.#problems.push({ kind: 'conflict', line, text: added.text })
    if (added.kind === 'unchanged') this.#repeated(line, `the call ${known.call.id} has this result already`)
    return added.kind !== 'unchanged'
  }

  #repeated(line: number, text: string): void {
    this.#problems.push({ kind: 'duplicate_record', line, text })
  }

  #send(): void {
    const latest = new Map<string | undefined, AssistantMessage>()
    for (const told of this.transcript.told()) if (told.role === 'assistant') latest.set(told.key, told.message)
    for (const offered of this.#offered) {
      if (offered.kind === 'said') this.#sendSaid(offered.said, offered.line)
      else if (offered.kind === 'result') this.#sendResult(offered)
      else this.#sendAnswer(latest.get(offered.key) ?? offered.message, offered)
    }
  }

  #sendSaid(said: Said, line: number): void {
    if (said.role === 'user') {
      for (const value of this.#encoder.user(said, this.#context)) this.#push(value, line, new Map())
      return
    }
    const value = this.#encoder.system(said)
    if (value !== undefined) this.#push(value, line, new Map())
  }

  #sendAnswer(message: AssistantMessage, { line, key }: OfferedAnswer): void {
    const calls = new Map<string, Located>()
    const known = key === undefined ? undefined : this.#callsOfAnswer.get(key)
    for (const call of clientCallsOf(message.content)) {
      calls.set(this.#context.idOf(call), { place: { line: known?.get(call.id)?.line ?? line }, tool: call.name })
    }
    for (const value of this.#encoder.assistant(message, this.#context)) {
      const own = typeof value.call_id === 'string' ? calls.get(value.call_id) : undefined
      this.#sent.push({ value, line: own?.place.line ?? line, calls })
    }
  }

  #sendResult({ line, call: key, output }: OfferedResult): void {
    const known = this.#calls.get(key)
    const id = known === undefined ? key.replace(/^unknown:/, '') : this.#context.idOf(known.call)
    const name = known?.call.name ?? id
    const answered = known === undefined ? { id, name } : { id, name, block: known.call, message: known.message }
    const result = this.#encoder.result(output, answered, this.#context)
    const calls = new Map([[id, { place: { line }, tool: known?.call.name }]])
    this.#push(this.#isJoining ? { role: 'user', [this.#blocksField]: [result] } : result, line, calls)
  }

  /** The format has messages of many blocks: results of one answer, and what the user says behind them, go in one. */
  get #isJoining(): boolean {
    return this.#format === 'anthropic' || this.#format === 'gemini'
  }

  get #blocksField(): 'parts' | 'content' {
    return this.#format === 'gemini' ? 'parts' : 'content'
  }

  #push(value: JsonObject, line: number, calls: Map<string, Located>): void {
    if (!this.#isJoining || value.role !== 'user') {
      this.#sent.push({ value, line, calls })
      return
    }
    const values = blocksOf(value[this.#blocksField])
    const isResults = values.every(isResult)
    const last = this.#sent.at(-1)
    if (last?.blocks !== undefined && (last.blocks.isResults || !values.some(isResult))) {
      for (const block of values) last.blocks.values.push(block)
      for (const _block of values) last.blocks.lines.push(line)
      for (const [id, located] of calls) last.calls.set(id, located)
      last.blocks.isResults &&= isResults
      return
    }
    const blocks = { values: [...values], lines: values.map(() => line), isResults }
    this.#sent.push({ value, line, calls, blocks })
  }
}

function blocksOf(content: JsonValue | undefined): readonly JsonValue[] {
  if (Array.isArray(content)) return content
  return typeof content === 'string' ? [{ type: 'text', text: content }] : []
}

function isResult(block: JsonValue): boolean {
  return isObject(block) && (block.type === 'tool_result' || isObject(block.functionResponse))
}
