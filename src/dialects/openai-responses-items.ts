/**
 * Which output item of a Responses stream an event is about. The protocol says: the one with its `output_index`, and with its id. Servers
 * leave out one or both, give another id with every event, number every item 0, or end with fewer items than they streamed. What decides
 * here is only what was on the wire.
 */
import { isObject, type JsonObject, type JsonValue } from '../json.ts'

/** An item as far as the wire has told. */
export interface Item {
  /** Its name in `message.wire.items`: as a rule the output index. */
  readonly key: string
  readonly type: string
  readonly index: number | undefined
  /** In which run of the message an event opened it; 0: none has. */
  run: number
  isDone: boolean
  /** The content parts that were opened, by their index. */
  readonly parts: Set<number>
}

export class ResponseItems {
  #items: Item[] = []
  readonly #keys = new Set<string>()
  readonly #byId = new Map<string, Item>()
  #run = 1

  /** The message begins again: its items may be sent again. */
  restart(): void {
    this.#run += 1
    for (const item of this.#items) item.isDone = false
  }

  /** Another message begins. */
  forget(): void {
    this.#items = []
    this.#keys.clear()
    this.#byId.clear()
  }

  get isEmpty(): boolean {
    return this.#items.length === 0
  }

  /** The item of `output_item.added`. */
  added(source: JsonObject, event: JsonObject): Item {
    const index = numberOf(event.output_index)
    const type = wordOf(source.type) ?? ''
    const known =
      this.#named(source, type, index) ??
      this.#items.findLast(
        (item) => item.run < this.#run && item.type === type && item.index === index && index !== undefined,
      )
    const item = known ?? this.#replaced(type, index) ?? this.#add(type, index)
    item.run = this.#run
    this.#learn(item, source)
    return item
  }

  /** The item of `output_item.done`. */
  done(source: JsonObject, event: JsonObject): Item {
    const index = numberOf(event.output_index)
    const type = wordOf(source.type) ?? ''
    const isOfType = (item: Item): boolean => item.type === type
    const known =
      this.#named(source, type, index) ??
      (index === undefined
        ? this.#items.find((item) => isOfType(item) && !item.isDone)
        : this.#items.findLast((item) => isOfType(item) && item.index === index))
    const item = known ?? this.#add(type, index)
    item.isDone = true
    this.#learn(item, source)
    return item
  }

  /** The item that a delta is about; `type` is what such a delta belongs to. */
  of(event: JsonObject, type: string): { readonly item: Item; readonly isNew: boolean } {
    const index = numberOf(event.output_index)
    const id = wordOf(event.item_id)
    const byId = id === undefined ? undefined : this.#byId.get(id)
    if (byId !== undefined && byId.type === type) return { item: byId, isNew: false }
    const known =
      index === undefined
        ? this.#items.findLast((item) => item.type === type && id === undefined)
        : this.#items.findLast((item) => item.index === index && item.type === type)
    if (known !== undefined) return { item: known, isNew: false }
    const item = this.#add(type, index)
    if (id !== undefined) this.#byId.set(id, item)
    return { item, isNew: true }
  }

  /** The items of a whole answer: by id, then by what is left, in order; the rest was never streamed. */
  whole(output: readonly JsonValue[]): { readonly item: Item; readonly source: JsonObject; readonly isNew: boolean }[] {
    const sources = output.filter(isObject)
    const taken = new Set<Item>()
    const found = sources.map((source) => {
      const item = this.#named(source, wordOf(source.type) ?? '', undefined)
      if (item === undefined || taken.has(item)) return undefined
      taken.add(item)
      return item
    })
    return sources.map((source, index) => {
      const type = wordOf(source.type) ?? ''
      const known = found[index] ?? this.#items.find((item) => item.type === type && !taken.has(item))
      const item = known ?? this.#add(type, index)
      taken.add(item)
      return { item, source, isNew: known === undefined }
    })
  }

  /** By its own id, or by the id of its call. One id for several items, with an index each, names none of them. */
  #named(source: JsonObject, type: string, index: number | undefined): Item | undefined {
    for (const id of [wordOf(source.id), wordOf(source.call_id)]) {
      const item = id === undefined ? undefined : this.#byId.get(id)
      if (item === undefined || item.type !== type) continue
      if (index === undefined || item.index === undefined || item.index === index) return item
    }
    return undefined
  }

  /** Of a message that is sent again, an item of another type takes the place of the one that was there. */
  #replaced(type: string, index: number | undefined): Item | undefined {
    const old = this.#items.find(
      (item) => item.run > 0 && item.run < this.#run && item.index === index && index !== undefined,
    )
    if (old === undefined) return undefined
    this.#items = this.#items.filter((item) => item !== old)
    for (const [id, item] of this.#byId) if (item === old) this.#byId.delete(id)
    return this.#add(type, index, old.key)
  }

  #add(type: string, index: number | undefined, key = this.#freeKey(index)): Item {
    const item: Item = { key, type, index, run: 0, isDone: false, parts: new Set() }
    this.#items.push(item)
    this.#keys.add(key)
    return item
  }

  #freeKey(index: number | undefined): string {
    const wanted = String(index ?? this.#items.length)
    if (!this.#keys.has(wanted)) return wanted
    let copy = 1
    while (this.#keys.has(`${wanted}.${copy}`)) copy += 1
    return `${wanted}.${copy}`
  }

  #learn(item: Item, source: JsonObject): void {
    for (const id of [wordOf(source.id), wordOf(source.call_id)]) if (id !== undefined) this.#byId.set(id, item)
  }
}

export function numberOf(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined
}

function wordOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
