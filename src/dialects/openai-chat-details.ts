/**
 * OpenRouter's `reasoning_details` (openrouter.ai/docs/use-cases/reasoning-tokens), which others send too: pieces of several reasonings, told
 * apart by index and type. They must go back as a whole, so they are joined here; an entry without an index is one by itself.
 */
import { copyFields, isObject, mergeFields, nonEmpty, wordOf, type JsonObject, type JsonValue } from '../json.ts'
import type { Operation } from '../operation.ts'
import { Cumulative } from './cumulative.ts'
import type { DialectHints } from './dialect.ts'

/** What grows from event to event. */
const GROWING = ['text', 'summary', 'data'] as const
const GROWS: ReadonlySet<string> = new Set(GROWING)

interface Entry {
  readonly ordinal: string
  readonly fields: JsonObject
  /** Of each field that grows, if each event carries all of it. */
  readonly cumulative: Map<string, Cumulative> | undefined
  data: string
  isTold: boolean
}

export class ReasoningDetails {
  readonly #choice: number
  readonly #isCumulative: boolean
  readonly #entries = new Map<string, Entry>()
  /** Encrypted reasoning of which more came than the block was told. */
  #untold: Entry | undefined

  constructor(choice: number, { deltas }: DialectHints) {
    this.#choice = choice
    this.#isCumulative = deltas === 'cumulative'
  }

  /** Gives what can be read of the list. */
  translate(list: readonly JsonValue[], operations: Operation[]): string {
    let read = ''
    for (const [at, detail] of list.entries()) if (isObject(detail)) read += this.#detail(detail, at, operations)
    return read
  }

  /** Nothing follows, as far as is known: the block gets what has come in several pieces. */
  settle(operations: Operation[]): void {
    if (this.#untold !== undefined) this.#show({ encrypted: this.#untold.data }, operations)
    this.#untold = undefined
  }

  #detail(detail: JsonObject, at: number, operations: Operation[]): string {
    const entry = this.#entry(detail, at)
    if (entry === undefined) return this.#loose(detail, operations)
    const changed: JsonObject = {}
    for (const [name, value] of Object.entries(copyFields(detail))) {
      if (GROWS.has(name) && typeof value === 'string') continue
      if (Object.hasOwn(entry.fields, name) && entry.fields[name] === value) continue
      mergeFields(entry.fields, { [name]: value })
      mergeFields(changed, { [name]: value })
    }
    const place = { op: 'meta', choice: this.#choice } as const
    const isNews = Object.keys(changed).length > 0 || !entry.isTold
    if (isNews) operations.push({ ...place, path: ['folded', 'reasoning_details', entry.ordinal], wire: changed })
    entry.isTold = true
    const added: JsonObject = {}
    for (const name of GROWING) {
      const text = this.#added(entry, name, detail[name])
      if (text !== undefined) added[name] = text
    }
    if (Object.keys(added).length > 0) {
      operations.push({ ...place, append: { folded: { reasoning_details: { [entry.ordinal]: added } } } })
    }
    this.#opaque(entry, nonEmpty(detail.signature), nonEmpty(added.data), operations)
    return (nonEmpty(added.text) ?? '') + (nonEmpty(added.summary) ?? '')
  }

  /** An entry by itself is one item of a list, so that it is known again if it is sent again. */
  #loose(detail: JsonObject, operations: Operation[]): string {
    operations.push({ op: 'meta', choice: this.#choice, append: { folded: { loose_details: [copyFields(detail)] } } })
    const { text, summary } = detail
    const signature = nonEmpty(detail.signature)
    const encrypted = nonEmpty(detail.data)
    if (signature !== undefined) this.#show({ signature }, operations)
    if (encrypted !== undefined) this.#show({ encrypted }, operations)
    return (nonEmpty(text) ?? '') + (nonEmpty(summary) ?? '')
  }

  /** Where each event carries all so far, an entry without an index is told by its place. */
  #entry({ index, type }: JsonObject, at: number): Entry | undefined {
    const isIndexed = typeof index === 'number' || typeof index === 'string'
    if (!isIndexed && !this.#isCumulative) return undefined
    const key = `${isIndexed ? index : `at ${at}`} ${wordOf(type)}`
    const known = this.#entries.get(key)
    if (known !== undefined) return known
    const cumulative = this.#isCumulative ? new Map<string, Cumulative>() : undefined
    const entry = { ordinal: String(this.#entries.size), fields: {}, cumulative, data: '', isTold: false }
    this.#entries.set(key, entry)
    return entry
  }

  #added({ cumulative }: Entry, name: string, value: JsonValue | undefined): string | undefined {
    if (typeof value !== 'string' || cumulative === undefined) return typeof value === 'string' ? value : undefined
    const known = cumulative.get(name) ?? new Cumulative()
    cumulative.set(name, known)
    return known.take(value).added
  }

  /** The whole of it is told once where it comes whole, and else when it ends: a limit counts what is told. */
  #opaque(entry: Entry, signature: string | undefined, data: string | undefined, operations: Operation[]): void {
    if (signature !== undefined) this.#show({ signature }, operations)
    if (data === undefined) return
    if (entry.data === '') this.#show({ encrypted: data }, operations)
    else this.#untold = entry
    entry.data += data
  }

  #show(fields: { readonly signature: string } | { readonly encrypted: string }, operations: Operation[]): void {
    operations.push({ op: 'patch', choice: this.#choice, key: 'thinking', kind: 'thinking', fields })
  }
}
