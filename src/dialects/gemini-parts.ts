/**
 * The content of one candidate of a Gemini answer. Its parts have neither names nor indexes: texts of one kind that follow each other are
 * one block, and whatever bears a signature, or fields of its own, is a block by itself, since it must go back exactly as it came.
 */
import { copyFields, copyJson, isObject, jsonText, nonEmpty, type JsonObject, type JsonValue } from '../json.ts'
import type { BlockKind } from '../message.ts'
import type { BlockFields, Operation } from '../operation.ts'
import { PartialArguments } from './gemini-arguments.ts'
import { malformed } from './malformed.ts'

/** What a part may hold, one of them each. */
const HOLDS = [
  'functionCall',
  'inlineData',
  'fileData',
  'executableCode',
  'codeExecutionResult',
  'toolCall',
  'toolResponse',
  'text',
] as const
/** Parts that are known and have no neutral form. */
const OPAQUE = ['thoughtSignature', 'functionResponse', 'audioTranscription', 'videoMetadata'] as const

/** The name under which Gemini offers its own interpreter. */
const CODE_EXECUTION = 'code_execution'

type Held = (typeof HOLDS)[number]

interface Whole {
  readonly kind: BlockKind
  readonly text?: string
  readonly fields?: BlockFields
  readonly items?: readonly JsonValue[]
  readonly wire?: JsonObject
}

/** What names a piece of a call, and what of its arguments came whole. */
interface Piece {
  readonly id: string | undefined
  readonly name: string | undefined
  readonly wire: JsonObject
  readonly isOfCall: boolean
  readonly values: JsonObject | undefined
}

interface StreamedCall {
  readonly key: string
  readonly id: string | undefined
  readonly name: string | undefined
  readonly pieces: PartialArguments
}

export class GeminiParts {
  readonly #choice: number
  #count = 0
  /** The text that goes on. */
  #open: { readonly key: string; readonly kind: 'text' | 'thinking' } | undefined
  /** The call whose arguments stream. */
  #call: StreamedCall | undefined
  /** The text that was written last: what citations are about. */
  #lastText: string | undefined

  constructor(choice: number) {
    this.#choice = choice
  }

  /** Gives whether the part said anything more than a signature. */
  translate(part: JsonObject, operations: Operation[]): boolean {
    const held = HOLDS.find((name) => part[name] !== undefined && part[name] !== null)
    if (held === undefined) this.#opaque(part, operations)
    else if (held === 'functionCall') this.#functionCall(part, operations)
    else if (held === 'text') return this.#text(part, operations)
    else this.#held(part, held, operations)
    return held !== undefined
  }

  /** The answer is over: a call that was to go on never will. */
  end(operations: Operation[]): void {
    if (this.#call === undefined) return
    // Of a call without any text nothing else would tell it from one without input.
    const detail = 'a call that was to be continued is not'
    operations.push({ op: 'anomaly', choice: this.#choice, kind: 'malformed_event', detail, key: this.#call.key })
    this.#call = undefined
  }

  cite(citations: readonly JsonValue[], operations: Operation[]): boolean {
    const key = this.#lastText
    if (key === undefined) return false
    for (const citation of citations) {
      operations.push({ op: 'list', choice: this.#choice, key, kind: 'text', item: copyJson(citation) ?? null })
    }
    return true
  }

  #text(part: JsonObject, operations: Operation[]): boolean {
    const { text, thought } = part
    if (typeof text !== 'string') {
      operations.push(malformed(part, this.#choice))
      return false
    }
    const kind = thought === true ? 'thinking' : 'text'
    const { thoughtSignature, ...wire } = copyFields(part, TEXT_FIELDS)
    const signature = nonEmpty(thoughtSignature)
    if (signature !== undefined || Object.keys(wire).length > 0) {
      const own = kind === 'thinking' || signature === undefined ? wire : { ...wire, thoughtSignature: signature }
      const fields = kind === 'thinking' ? { fields: { signature: signature ?? null } } : {}
      this.#whole({ kind, text, wire: own, ...fields }, operations)
    } else if (text !== '') {
      if (this.#open?.kind !== kind) {
        const key = this.#next(operations)
        this.#open = { key, kind }
        if (kind === 'text') this.#lastText = key
      }
      operations.push({ op: 'append', choice: this.#choice, key: this.#open.key, kind, text })
    }
    return text !== ''
  }

  #opaque(part: JsonObject, operations: Operation[]): void {
    const { thought: _thought, ...rest } = part
    const fields = Object.keys(rest)
    if (fields.length === 0) return
    const key = this.#whole({ kind: 'other', wire: copyFields(part) }, operations)
    if (OPAQUE.some((name) => Object.hasOwn(part, name))) return
    operations.push({ op: 'anomaly', choice: this.#choice, kind: 'unknown_block', detail: fields.join(' '), key })
  }

  #held(part: JsonObject, held: Exclude<Held, 'functionCall' | 'text'>, operations: Operation[]): void {
    const value = part[held]
    if (isObject(value)) this.#whole(readHeld(held, value, copyFields(part, new Set([held]))), operations)
    else operations.push(malformed(part, this.#choice))
  }

  #functionCall(part: JsonObject, operations: Operation[]): void {
    const call = part.functionCall
    if (!isObject(call)) {
      operations.push(malformed(part, this.#choice))
      return
    }
    const { args, partialArgs, willContinue } = call
    const id = nonEmpty(call.id)
    const name = nonEmpty(call.name)
    const isOfCall = this.#isOfCall(id, name)
    const values = isObject(args) && Object.keys(args).length > 0 ? args : undefined
    const isBare = args === undefined || args === null || (isObject(args) && values === undefined)
    const streams = partialArgs !== undefined || willContinue !== undefined || (isOfCall && isBare)
    const isBegun = values !== undefined && !isOfCall && (partialArgs !== undefined || willContinue === true)
    const wire = copyFields(part, new Set(['functionCall']))
    const own = copyFields(call, CALL_FIELDS)
    if (Object.keys(own).length > 0) wire.functionCall = own
    if (args === undefined && !streams && name === undefined && id === undefined) {
      const value = copyFields(part)
      operations.push({ op: 'anomaly', choice: this.#choice, kind: 'unknown_delta', detail: 'functionCall', value })
    } else if (!streams || (!isBare && !isBegun)) {
      const fields = { id: id ?? null, name: name ?? null, origin: 'client' } as const
      this.#whole({ kind: 'tool_call', text: argumentsOf(args), fields, wire }, operations)
    } else this.#pieces({ id, name, wire, isOfCall, values }, call, operations)
  }

  /** Whether it is about the call under way: that one was to go on, so only another id or name tells another call. */
  #isOfCall(id: string | undefined, name: string | undefined): boolean {
    if (this.#call === undefined) return false
    if (name === undefined) return true
    return name === this.#call.name && (id === undefined || id === this.#call.id)
  }

  #pieces(
    { id, name, wire, isOfCall, values }: Piece,
    { partialArgs, willContinue }: JsonObject,
    operations: Operation[],
  ): void {
    let call = isOfCall ? this.#call : undefined
    if (call === undefined) {
      call = { key: this.#next(operations), id, name, pieces: new PartialArguments() }
      const fields = { id: id ?? null, name: name ?? null, origin: 'client' } as const
      operations.push({ op: 'open', choice: this.#choice, key: call.key, kind: 'tool_call', fields, wire })
      this.#call = call
      const text = values === undefined ? '' : call.pieces.begin(values)
      if (text !== '') operations.push({ op: 'append', choice: this.#choice, key: call.key, kind: 'tool_call', text })
    } else if (Object.keys(wire).length > 0) {
      operations.push({ op: 'patch', choice: this.#choice, key: call.key, kind: 'tool_call', wire })
    }
    const { key, pieces } = call
    for (const piece of Array.isArray(partialArgs) ? partialArgs : [partialArgs ?? {}]) {
      const isNothing = isObject(piece) && Object.keys(piece).length === 0
      const text = isNothing ? '' : pieces.write(piece)
      if (text === undefined) operations.push(malformed(piece, this.#choice))
      else if (text !== '') operations.push({ op: 'append', choice: this.#choice, key, kind: 'tool_call', text })
    }
    if (willContinue === true) return
    const text = pieces.end()
    if (text !== '') operations.push({ op: 'append', choice: this.#choice, key, kind: 'tool_call', text })
    operations.push({ op: 'close', choice: this.#choice, key })
    this.#call = undefined
  }

  #whole(whole: Whole, operations: Operation[]): string {
    const key = this.#next(operations)
    if (whole.kind === 'text') this.#lastText = key
    operations.push({ op: 'snapshot', choice: this.#choice, key, rank: 1, ...whole, closes: true })
    return key
  }

  /** The key of another block: what was open before it is over. */
  #next(operations: Operation[]): string {
    if (this.#open !== undefined) operations.push({ op: 'close', choice: this.#choice, key: this.#open.key })
    this.#open = undefined
    this.end(operations)
    this.#count += 1
    return String(this.#count)
  }
}

const TEXT_FIELDS: ReadonlySet<string> = new Set(['text', 'thought'])
const CALL_FIELDS: ReadonlySet<string> = new Set(['id', 'name', 'args', 'partialArgs', 'willContinue'])

/** `rest` is what stands beside it in its part. */
function readHeld(held: Exclude<Held, 'functionCall' | 'text'>, value: JsonObject, rest: JsonObject): Whole {
  const id = nonEmpty(value.id) ?? null
  switch (held) {
    case 'inlineData': {
      const { data, ...own } = value
      const items = nonEmpty(data) === undefined ? {} : { items: [nonEmpty(data) ?? ''] }
      return { kind: 'media', ...items, wire: { ...rest, inlineData: copyFields(own) } }
    }
    case 'fileData':
      return { kind: 'media', wire: { ...rest, fileData: copyFields(value) } }
    case 'executableCode': {
      const text = JSON.stringify(copyFields(value, ID))
      const fields = { id, name: CODE_EXECUTION, origin: 'provider' } as const
      return { kind: 'tool_call', text, fields, wire: { ...rest, executableCode: {} } }
    }
    case 'codeExecutionResult': {
      const { outcome } = value
      const isError = typeof outcome === 'string' ? outcome !== 'OUTCOME_OK' : null
      const fields = { callId: id, content: copyFields(value, ID), isError }
      return { kind: 'tool_result', fields, wire: { ...rest, codeExecutionResult: {} } }
    }
    case 'toolCall': {
      const fields = { id, name: nonEmpty(value.toolType) ?? null, origin: 'provider' } as const
      const own = copyFields(value, new Set(['id', 'toolType', 'args']))
      return { kind: 'tool_call', text: argumentsOf(value.args), fields, wire: { ...rest, toolCall: own } }
    }
    case 'toolResponse': {
      const content = copyJson(value.response)
      const fields = { callId: id, ...(content === undefined ? {} : { content }) }
      return { kind: 'tool_result', fields, wire: { ...rest, toolResponse: copyFields(value, RESPONSE_FIELDS) } }
    }
    default: {
      const never: never = held
      return never
    }
  }
}

const ID: ReadonlySet<string> = new Set(['id'])
const RESPONSE_FIELDS: ReadonlySet<string> = new Set(['id', 'response'])

function argumentsOf(args: JsonValue | undefined): string {
  return args === undefined || args === null ? '' : (jsonText(args) ?? '')
}
