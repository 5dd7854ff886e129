/**
 * Which tool call a delta of a chat stream is about. The protocol says: the one with its `index`. Servers leave the index out, number
 * every call 0, leave ids out, change them, repeat the name with every delta or split it. What decides here is only what was on the wire.
 */
import { copyFields, isObject, jsonText, nonEmpty, type JsonObject } from '../json.ts'
import type { BlockFields, Operation } from '../operation.ts'
import { Cumulative } from './cumulative.ts'
import type { DialectHints } from './dialect.ts'
import { malformed } from './malformed.ts'

/** A call as far as the wire has told. */
interface Slot {
  readonly key: string
  readonly index: number | undefined
  id: string | undefined
  name: string | undefined
  /** Its arguments, as long as its deltas repeat the name: then they tell whether a name opens another call. */
  written: Written | undefined
  /** If each delta may carry all arguments so far: until one shows that they do not. */
  cumulative: Cumulative | undefined
  /** Which chunk spoke of it last. */
  chunk: number
}

interface CallDelta {
  readonly index: number | undefined
  readonly id: string | undefined
  readonly name: string | undefined
  readonly text: string
  /** The place in the chunk's list, and how long that is. */
  readonly position: number
  readonly count: number
}

const NOT_CALL: ReadonlySet<string> = new Set(['index', 'id', 'function', 'custom'])
const NOT_FLAT_CALL: ReadonlySet<string> = new Set([...NOT_CALL, 'name', 'arguments'])
const NOT_FUNCTION: ReadonlySet<string> = new Set(['name', 'arguments', 'input'])
/** What repeats with every delta and says nothing new. */
const KNOWN_KEYS: ReadonlySet<string> = new Set([...NOT_FLAT_CALL, 'type'])

export class ChatCalls {
  readonly #choice: number
  readonly #isCumulative: boolean
  readonly #slots: Slot[] = []
  /** The calls that were spoken of last: at all, under an index, under an id, under both. */
  #last: Slot | undefined
  readonly #byIndex = new Map<number, Slot>()
  readonly #byId = new Map<string, Slot>()
  readonly #byBoth = new Map<string, Slot>()
  #chunk = 0

  constructor(choice: number, { deltas }: DialectHints = {}) {
    this.#choice = choice
    this.#isCumulative = deltas === 'cumulative'
  }

  /** The `tool_calls` of a delta. */
  translate(calls: readonly unknown[], operations: Operation[]): void {
    this.#chunk += 1
    let position = -1
    for (const call of calls) {
      position += 1
      if (isObject(call)) this.#translateCall(call, readDelta(call, position, calls.length), operations)
      else if (call !== null) operations.push(malformed(call, this.#choice))
    }
  }

  /** The `tool_calls` of a whole message: they fill in what was not streamed. */
  translateWhole(calls: readonly unknown[], operations: Operation[]): void {
    for (const [position, call] of calls.entries()) {
      if (!isObject(call)) continue
      const delta = readDelta(call, position, calls.length)
      const known = (delta.id === undefined ? undefined : this.#byId.get(delta.id)) ?? this.#slots[position]
      const isKnown = known !== undefined && (known.id ?? delta.id) === (delta.id ?? known.id)
      const { key } = isKnown ? known : this.#add(delta)
      const operation = { op: 'snapshot', choice: this.#choice, key, kind: 'tool_call', rank: 0 } as const
      operations.push({ ...operation, text: delta.text, fields: fieldsOf(call, delta), wire: wireOf(call) })
    }
  }

  #translateCall(call: JsonObject, delta: CallDelta, operations: Operation[]): void {
    const choice = this.#choice
    const { slot, isNew, reuses } = this.#find(delta)
    const forBlock = { choice, key: slot.key, kind: 'tool_call' } as const
    if (isNew) {
      if (reuses) operations.push(note(choice, 'block_key_reused', `tool_calls index ${delta.index ?? 'none'}`))
      operations.push({ op: 'open', ...forBlock, fields: fieldsOf(call, delta), wire: wireOf(call) })
    } else {
      if (delta.name === undefined) slot.written = undefined
      const fields = this.#adopt(slot, delta)
      if (fields !== undefined || hasMore(call)) {
        operations.push({ op: 'patch', ...forBlock, ...(fields === undefined ? {} : { fields }), wire: wireOf(call) })
      }
    }
    this.#speakOf(slot)
    const text = slot.cumulative === undefined ? delta.text : grown(slot, slot.cumulative, delta.text)
    if (text !== '') {
      slot.written?.add(text)
      operations.push({ op: 'append', ...forBlock, text })
    }
    if (delta.id !== undefined && delta.id !== slot.id) {
      operations.push(note(choice, 'call_id_changed', delta.id, slot.key))
    }
  }

  /** Takes over an id or a name that the slot lacks; undefined if there is nothing new. */
  #adopt(slot: Slot, { id, name }: CallDelta): BlockFields | undefined {
    const isLate = slot.id === undefined && id !== undefined
    if (isLate) {
      slot.id = id
      this.#register(slot)
    }
    const joined = joinName(slot, name)
    if (!isLate && joined === slot.name) return undefined
    slot.name = joined
    return { ...(isLate ? { id } : {}), ...(joined === undefined ? {} : { name: joined }) }
  }

  #add({ index, id, name }: CallDelta): Slot {
    const slot = {
      key: `call:${this.#slots.length}`,
      index,
      id,
      name,
      written: new Written(),
      cumulative: this.#isCumulative ? new Cumulative() : undefined,
      chunk: this.#chunk,
    }
    this.#slots.push(slot)
    this.#speakOf(slot)
    return slot
  }

  /** Nearly every delta is about the same call as the one before it. */
  #speakOf(slot: Slot): void {
    slot.chunk = this.#chunk
    if (slot === this.#last) return
    this.#last = slot
    this.#register(slot)
  }

  #register(slot: Slot): void {
    const { index, id } = slot
    if (index !== undefined) this.#byIndex.set(index, slot)
    if (id !== undefined) this.#byId.set(id, slot)
    if (index !== undefined && id !== undefined) this.#byBoth.set(`${index} ${id}`, slot)
  }

  #find(delta: CallDelta): { readonly slot: Slot; readonly isNew: boolean; readonly reuses?: boolean } {
    const candidate = this.#candidate(delta)
    if (candidate === undefined) return { slot: this.#add(delta), isNew: true }
    if (!this.#isAnother(candidate, delta)) return { slot: candidate, isNew: false }
    return { slot: this.#add(delta), isNew: true, reuses: delta.index !== undefined }
  }

  /** The index is primary, then the id; without both it is the last call, or the one in the same place of the list. */
  #candidate({ index, id, name, position, count }: CallDelta): Slot | undefined {
    if (index !== undefined) {
      const last = this.#byIndex.get(index)
      if (last === undefined || id === undefined || last.id === undefined || last.id === id) return last
      return this.#byBoth.get(`${index} ${id}`) ?? last
    }
    if (id !== undefined) {
      const known = this.#byId.get(id)
      if (known !== undefined) return known
      const last = this.#last
      // An id that comes after its call was opened.
      return last !== undefined && last.id === undefined && name === undefined ? last : undefined
    }
    return count > 1 && name === undefined ? this.#slots[position] : this.#last
  }

  /** Whether a delta opens another call although it names, or seems to mean, one that is there. */
  #isAnother(slot: Slot, { index, id, name, text }: CallDelta): boolean {
    if (name === undefined) return false
    const isOtherId = id !== undefined && slot.id !== undefined && id !== slot.id
    if (isOtherId) return !(name === slot.name && isUnfinished(slot) && text !== '' && !opensObject(text))
    if (slot.name === undefined || (id !== undefined && id === slot.id)) return false
    if (index === undefined && slot.chunk === this.#chunk) return true
    // Its deltas come without the name: one that has it opens a call.
    const isOtherName = !slot.name.endsWith(name)
    if (slot.written === undefined) return text === '' ? isOtherName : opensObject(text)
    if (slot.written.text === '') return false
    if (isOtherName && opensObject(text)) return true
    if (text === slot.written.text) return false
    return (opensObject(text) || (text === '' && isOtherName)) && slot.written.isWhole
  }
}

/** Servers that repeat the text may still send the arguments piece by piece. */
function grown(slot: Slot, cumulative: Cumulative, text: string): string {
  const { added, fits } = cumulative.take(text)
  if (!fits) slot.cumulative = undefined
  return added
}

function hasMore(call: JsonObject): boolean {
  for (const key in call) if (!KNOWN_KEYS.has(key)) return true
  for (const key in bodyOf(call)) if (!NOT_FUNCTION.has(key)) return true
  return false
}

/** A name that comes again is the same; one that comes before any arguments may be the rest of it, or all of it so far. */
function joinName(slot: Slot, name: string | undefined): string | undefined {
  if (name === undefined || slot.name === undefined) return slot.name ?? name
  if (slot.written?.text !== '' || slot.name.endsWith(name)) return slot.name
  return name.startsWith(slot.name) ? name : slot.name + name
}

function isUnfinished({ written }: Slot): boolean {
  return written !== undefined && written.text !== '' && !written.isWhole
}

function opensObject(text: string): boolean {
  return text.trimStart().startsWith('{')
}

/** Arguments that grow, and whether as many brackets were closed as opened. Each character is looked at once. */
class Written {
  text = ''
  #depth = 0
  #isInString = false
  #isEscaped = false

  add(text: string): void {
    this.text += text
    for (const char of text) {
      if (this.#isEscaped) this.#isEscaped = false
      else if (char === '\\') this.#isEscaped = this.#isInString
      else if (char === '"') this.#isInString = !this.#isInString
      else if (this.#isInString) continue
      else if (char === '{' || char === '[') this.#depth += 1
      else if (char === '}' || char === ']') this.#depth -= 1
    }
  }

  get isWhole(): boolean {
    return this.text !== '' && this.#depth === 0 && !this.#isInString
  }
}

function readDelta(call: JsonObject, position: number, count: number): CallDelta {
  const body = bodyOf(call)
  const index = indexOf(call)
  const text = textOf(body.arguments ?? body.input)
  // Mistral's default for an id that there is not.
  const id = call.id === 'null' ? undefined : nonEmpty(call.id)
  return { index, id, name: nonEmpty(body.name), text, position, count }
}

/** Some servers write the number as a text. */
export function indexOf({ index }: JsonObject): number | undefined {
  if (typeof index === 'string' && /^\d{1,9}$/.test(index)) return Number(index)
  return typeof index === 'number' && Number.isInteger(index) ? index : undefined
}

function bodyOf(call: JsonObject): JsonObject {
  if (isObject(call.function)) return call.function
  if (isObject(call.custom)) return call.custom
  // Or leave the object around name and arguments out.
  const { name = null, arguments: text = null } = call
  return { name, arguments: text }
}

/** Arguments are JSON as text; some servers send the object itself. */
export function textOf(value: unknown): string {
  return jsonText(value ?? '') ?? ''
}

function fieldsOf(call: JsonObject, { id, name }: CallDelta): BlockFields {
  return {
    ...(id === undefined ? {} : { id }),
    ...(name === undefined ? {} : { name }),
    origin: 'client',
    ...(isObject(call.custom) ? { freeText: 'input' } : {}),
  }
}

/** What a call has besides its id, name and arguments: Gemini's endpoint keeps its signatures there. */
function wireOf(call: JsonObject): JsonObject {
  const isFlat = !isObject(call.function) && !isObject(call.custom)
  const wire = copyFields(call, isFlat ? NOT_FLAT_CALL : NOT_CALL)
  const more = copyFields(bodyOf(call), NOT_FUNCTION)
  if (Object.keys(more).length > 0) wire[isObject(call.custom) ? 'custom' : 'function'] = more
  return wire
}

function note(choice: number, kind: 'block_key_reused' | 'call_id_changed', detail: string, key?: string): Operation {
  return { op: 'anomaly', choice, kind, detail, ...(key === undefined ? {} : { key }) }
}
