/**
 * Which output item of a Responses stream an event is about. The protocol says: the one with its `output_index`, and with its id. Servers
 * leave out one or both, give another id with every event, number every item 0, or end with fewer items than they streamed. What decides
 * here is only what was on the wire.
 */
import { isObject, nonEmpty, type JsonObject, type JsonValue } from '../json.ts'

/** An item as far as the wire has told. */
export interface Item {
  /** Its name in `message.wire.items`: as a rule the output index. */
  readonly key: string
  readonly type: string
  readonly index: number | undefined
  /** In which run of the message an event opened it last, and in which one said that it is done; 0: none has. */
  run: number
  doneIn: number
  /** Another item has its place. */
  isGone: boolean
  /** How many ids lead to it. */
  ids: number
  /** The content parts that were opened, by their index, and in which run. */
  parts: { readonly run: number; readonly opened: Set<number> }
  /** Those that there were when the item was opened last. */
  partsBefore: ReadonlySet<number>
}

/** What a delta named, and the block whose text it went on with. Nearly every delta names the same as the one before it. */
export interface Place {
  readonly type: string
  readonly mark: string
  readonly id: JsonValue | undefined
  readonly output: JsonValue | undefined
  readonly content: JsonValue | undefined
  readonly key: string
  readonly kind: 'text' | 'refusal' | 'tool_call'
}

const NO_PARTS: ReadonlySet<number> = new Set()

/** An item has an id and that of its call; a server that gives it another with every event would have them all kept. */
const IDS_OF_ITEM = 8
/** The longest seen are encrypted, of some hundred characters. */
const ID_LENGTH = 1024

/** Items in order, of which the first that waits for something is asked for again and again: each is looked at once in a run. */
class Line {
  readonly #items: Item[] = []
  #run = 0
  #at = 0

  add(item: Item): void {
    this.#items.push(item)
  }

  get last(): Item | undefined {
    const last = this.#items.at(-1)
    return last?.isGone ? undefined : last
  }

  first(run: number, waits: (item: Item) => boolean): Item | undefined {
    if (run !== this.#run) this.#at = 0
    this.#run = run
    for (; this.#at < this.#items.length; this.#at++) {
      const item = this.#items[this.#at]
      if (item !== undefined && !item.isGone && waits(item)) return item
    }
    return undefined
  }
}

export class ResponseItems {
  #items: Item[] = []
  #byId = new Map<string, Item>()
  /** Ids that several items have: what is about one of them is known by its place. */
  #shared = new Set<string>()
  /** By output index and type, by type, by output index. */
  #byPlace = new Map<string, Line>()
  #byType = new Map<string, Line>()
  #byIndex = new Map<number, Line>()
  /** How many items have been given one key. */
  #copies = new Map<string, number>()
  #run = 1

  /** The message begins again: its items may be sent again. */
  restart(): void {
    this.#run += 1
  }

  /** Another message begins. */
  forget(): void {
    this.#items = []
    this.#byId = new Map()
    this.#shared = new Set()
    this.#byPlace = new Map()
    this.#byType = new Map()
    this.#byIndex = new Map()
    this.#copies = new Map()
  }

  get isEmpty(): boolean {
    return this.#items.length === 0
  }

  /** The content parts of an item that were opened in this run. */
  partsOf(item: Item): Set<number> {
    if (item.parts.run !== this.#run) item.parts = { run: this.#run, opened: new Set() }
    return item.parts.opened
  }

  /** Whether the item was opened again since the message began again, and had this part before. */
  hadPart(item: Item, index: number): boolean {
    return item.run === this.#run && item.partsBefore.has(index)
  }

  /** The item of `output_item.added`. */
  added(source: JsonObject, event: JsonObject): Item {
    const index = numberOf(event.output_index)
    const type = nonEmpty(source.type) ?? ''
    const waits = (item: Item): boolean => item.run < this.#run
    const known =
      this.#named(source, type, index) ??
      (index === undefined ? undefined : this.#byPlace.get(placeOf(index, type))?.first(this.#run, waits))
    const item = known ?? this.#replaced(type, index) ?? this.#add(type, index)
    item.partsBefore = item.parts.run < this.#run ? item.parts.opened : NO_PARTS
    item.run = this.#run
    this.#learn(item, source)
    return item
  }

  /** The item of `output_item.done`. */
  done(source: JsonObject, event: JsonObject): Item {
    const index = numberOf(event.output_index)
    const type = nonEmpty(source.type) ?? ''
    const waits = (item: Item): boolean => item.doneIn < this.#run
    const known =
      this.#named(source, type, index) ??
      (index === undefined
        ? this.#byType.get(type)?.first(this.#run, waits)
        : this.#byPlace.get(placeOf(index, type))?.last)
    const item = known ?? this.#add(type, index)
    item.doneIn = this.#run
    this.#learn(item, source)
    return item
  }

  /** The item that a delta is about; `type` is what such a delta belongs to. */
  of(event: JsonObject, type: string): { readonly item: Item; readonly isNew: boolean } {
    const index = numberOf(event.output_index)
    const id = nonEmpty(event.item_id)
    const byId = id === undefined ? undefined : this.#byId.get(id)
    const isNamed = byId !== undefined && (index === undefined || !this.#shared.has(id ?? ''))
    if (isNamed && byId.type === type && !byId.isGone) return { item: byId, isNew: false }
    const nameless = id === undefined ? this.#byType.get(type)?.last : undefined
    const known = index === undefined ? nameless : this.#byPlace.get(placeOf(index, type))?.last
    if (known !== undefined) return { item: known, isNew: false }
    const item = this.#add(type, index)
    if (id !== undefined) this.#name(id, item)
    return { item, isNew: true }
  }

  /** The items of a whole answer: by id, then by what is left, in order; the rest was never streamed. */
  whole(output: readonly JsonValue[]): { readonly item: Item; readonly source: JsonObject; readonly isNew: boolean }[] {
    const sources = output.filter(isObject)
    const taken = new Set<Item>()
    const found = sources.map((source) => {
      const item = this.#named(source, nonEmpty(source.type) ?? '', undefined)
      if (item === undefined || taken.has(item)) return undefined
      taken.add(item)
      return item
    })
    const left = new Map<string, Line>()
    for (const item of this.#items) {
      if (item.isGone || taken.has(item)) continue
      const line = left.get(item.type) ?? new Line()
      left.set(item.type, line)
      line.add(item)
    }
    return sources.map((source, index) => {
      const type = nonEmpty(source.type) ?? ''
      const known = found[index] ?? left.get(type)?.first(this.#run, (item) => !taken.has(item))
      const item = known ?? this.#add(type, index)
      taken.add(item)
      return { item, source, isNew: known === undefined }
    })
  }

  /** By its own id, or by the id of its call. One id for several items, with an index each, names none of them. */
  #named(source: JsonObject, type: string, index: number | undefined): Item | undefined {
    for (const id of [nonEmpty(source.id), nonEmpty(source.call_id)]) {
      const item = id === undefined ? undefined : this.#byId.get(id)
      if (item === undefined || item.isGone || item.type !== type || this.#shared.has(id ?? '')) continue
      if (index === undefined || item.index === undefined || item.index === index) return item
    }
    return undefined
  }

  /** Of a message that is sent again, an item of another type takes the place of the one that was there. */
  #replaced(type: string, index: number | undefined): Item | undefined {
    if (index === undefined) return undefined
    const old = this.#byIndex.get(index)?.first(this.#run, (item) => item.run > 0 && item.run < this.#run)
    if (old === undefined) return undefined
    old.isGone = true
    return this.#add(type, index, old.key)
  }

  #add(type: string, index: number | undefined, key = this.#freeKey(index)): Item {
    const parts = { run: this.#run, opened: new Set<number>() }
    const item: Item = { key, type, index, run: 0, doneIn: 0, isGone: false, ids: 0, parts, partsBefore: NO_PARTS }
    this.#items.push(item)
    lineOf(this.#byType, type).add(item)
    if (index !== undefined) {
      lineOf(this.#byPlace, placeOf(index, type)).add(item)
      lineOf(this.#byIndex, index).add(item)
    }
    return item
  }

  #freeKey(index: number | undefined): string {
    const wanted = String(index ?? this.#items.length)
    const copies = this.#copies.get(wanted) ?? 0
    this.#copies.set(wanted, copies + 1)
    return copies === 0 ? wanted : `${wanted}.${copies}`
  }

  #learn(item: Item, source: JsonObject): void {
    for (const id of [nonEmpty(source.id), nonEmpty(source.call_id)]) {
      if (id === undefined) continue
      const other = this.#byId.get(id)
      if (other !== undefined && other !== item && !other.isGone && other.type === item.type) this.#shared.add(id)
      if (other !== item) this.#name(id, item)
    }
  }

  #name(id: string, item: Item): void {
    if (item.ids >= IDS_OF_ITEM || id.length > ID_LENGTH) return
    item.ids += 1
    this.#byId.set(id, item)
  }
}

/** What tells an event from another one under the same number. */
export function markOf(type: string, { output_index: output }: JsonObject): string {
  return typeof output === 'number' ? `${type}, output ${output}` : type
}

export function isPlaceOf({ type, id, output, content }: Place, named: string, event: JsonObject): boolean {
  return type === named && id === event.item_id && output === event.output_index && content === event.content_index
}

/** The block of an item that has just one. As the first part of a message has: what is sent again in its place must meet it. */
export function keyOf(item: Item): string {
  return place(item, 0).key
}

/** The block of a part of a message. */
export function place(item: Item, index: number): { readonly key: string } {
  return { key: `${item.key}/${index}` }
}

function placeOf(index: number, type: string): string {
  return `${index} ${type}`
}

function lineOf<Key>(lines: Map<Key, Line>, key: Key): Line {
  const known = lines.get(key)
  if (known !== undefined) return known
  const line = new Line()
  lines.set(key, line)
  return line
}

export function numberOf(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined
}
