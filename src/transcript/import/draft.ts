/** A conversation while it is read from a session file: what is taken back, which result answers which call. */
import type { AssistantMessage, ToolCallBlock } from '../../message.ts'
import type { Item, ToolOutput } from '../items.ts'
import type { Target } from '../target.ts'
import type { Agent, Imported, ImportedItem, Problem } from './imported.ts'
import type { SessionFile } from './records.ts'

/** The result of a call that the file names by the provider's id, by its name where it has no id, or by its key where that is known. */
export interface DraftResult {
  readonly call?: string
  readonly id?: string
  readonly name?: string
  readonly output: ToolOutput
}

type Draft =
  | { readonly kind: 'item'; readonly item: Item; readonly isFragment?: true }
  /** The message is complete only when the whole file is read; undefined: there is none after all. */
  | { readonly kind: 'message'; readonly make: () => AssistantMessage | undefined }
  | { readonly kind: 'result'; readonly result: DraftResult }

/** An element of the draft; only the draft itself looks into it. */
export interface Drafted {
  readonly line: number
  readonly draft: Draft
}

/** What an importer adds to, in the order of the file. */
export class ImportDraft {
  readonly #agent: Agent
  readonly #problems: Problem[]
  readonly #keys = new Map<string, number>()
  readonly #drafts: Drafted[] = []

  constructor(agent: Agent, file: SessionFile) {
    this.#agent = agent
    this.#problems = [...file.problems]
  }

  get length(): number {
    return this.#drafts.length
  }

  add(line: number, item: Item): void {
    this.#drafts.push({ line, draft: { kind: 'item', item } })
  }

  addFragment(line: number, message: AssistantMessage): void {
    this.#drafts.push({ line, draft: { kind: 'item', item: { role: 'assistant', message }, isFragment: true } })
  }

  addMessage(line: number, make: () => AssistantMessage | undefined): void {
    this.#drafts.push({ line, draft: { kind: 'message', make } })
  }

  addResult(line: number, result: DraftResult): void {
    this.#drafts.push({ line, draft: { kind: 'result', result } })
  }

  report(kind: Problem['kind'], line: number, text: string): void {
    this.#problems.push({ kind, line, text })
  }

  /** A key that no other message of the file has. */
  keyOf(wanted: string): string {
    const copies = this.#keys.get(wanted) ?? 0
    this.#keys.set(wanted, copies + 1)
    return copies === 0 ? wanted : this.keyOf(`${wanted}~${copies + 1}`)
  }

  /** Takes back everything from that place on; gives what was taken. */
  cut(from: number): readonly Drafted[] {
    return this.#drafts.splice(from)
  }

  /** Puts in what `cut` has taken. */
  put(drafts: readonly Drafted[]): void {
    for (const draft of drafts) this.#drafts.push(draft)
  }

  /** The place of each item that a user has said. */
  userPlaces(): readonly number[] {
    return this.#drafts.flatMap(({ draft }, place) =>
      draft.kind === 'item' && draft.item.role === 'user' ? [place] : [],
    )
  }

  finish(target: Target): Imported {
    const items: (ImportedItem | { readonly line: number; readonly result: DraftResult })[] = []
    for (const { line, draft } of this.#drafts) {
      if (draft.kind === 'result') items.push({ line, result: draft.result })
      else if (draft.kind === 'item') {
        items.push({ line, item: draft.item, ...(draft.isFragment === true ? { isFragment: true } : {}) })
      } else {
        const message = draft.make()
        if (message !== undefined) items.push({ line, item: { role: 'assistant', message } })
      }
    }
    return {
      agent: this.#agent,
      target,
      items: this.#pair(items),
      problems: this.#problems.toSorted((a, b) => a.line - b.line),
    }
  }

  #pair(
    items: readonly (ImportedItem | { readonly line: number; readonly result: DraftResult })[],
  ): readonly ImportedItem[] {
    const calls = new OpenCalls()
    const early: number[] = []
    const paired = items.map((entry, place): ImportedItem => {
      if ('item' in entry) {
        if (entry.item.role === 'assistant') calls.open(entry.item.message)
        return entry
      }
      const { line, result } = entry
      const call = calls.answer(result)
      if (call === undefined) early.push(place)
      return {
        line,
        item: { role: 'tool', call: call ?? `unknown:${result.id ?? result.name ?? ''}`, ...result.output },
      }
    })
    // A result may have been written before its call.
    for (const place of early) {
      const entry = items[place]
      const known = paired[place]
      if (entry === undefined || known === undefined || !('result' in entry) || known.item.role !== 'tool') continue
      const call = calls.answer(entry.result)
      if (call !== undefined) paired[place] = { line: entry.line, item: { ...known.item, call } }
      else {
        const id = entry.result.id ?? entry.result.name ?? 'without an id'
        this.report('orphan_record', entry.line, `a result for a call that is not in the file: ${id}`)
      }
    }
    return paired
  }
}

/** The calls that have no result yet, by what a result may name. */
class OpenCalls {
  readonly #byId = new Map<string, ToolCallBlock[]>()
  readonly #byName = new Map<string, { readonly calls: ToolCallBlock[]; next: number }>()
  readonly #latest = new Map<string, string>()
  readonly #answered = new Set<string>()

  open(message: AssistantMessage): void {
    for (const block of message.content) {
      if (block.type !== 'tool_call' || block.origin !== 'client') continue
      const sameId = this.#byId.get(block.id)
      if (sameId === undefined) this.#byId.set(block.id, [block])
      else sameId.push(block)
      const sameName = this.#byName.get(block.name)
      if (sameName === undefined) this.#byName.set(block.name, { calls: [block], next: 0 })
      else sameName.calls.push(block)
      this.#latest.set(block.id, block.key)
    }
  }

  /** The latest call of that id that has no result; where all have one, the latest. */
  answer({ call, id, name }: DraftResult): string | undefined {
    const key = call ?? (id === undefined ? this.#first(name) : (this.#last(id) ?? this.#latest.get(id)))
    if (key !== undefined) this.#answered.add(key)
    return key
  }

  #last(id: string): string | undefined {
    const open = this.#byId.get(id) ?? []
    for (let call = open.pop(); call !== undefined; call = open.pop())
      if (!this.#answered.has(call.key)) return call.key
    return undefined
  }

  #first(name: string | undefined): string | undefined {
    const named = this.#byName.get(name ?? '')
    if (named === undefined) return undefined
    for (; named.next < named.calls.length; named.next += 1) {
      const key = named.calls[named.next]?.key
      if (key !== undefined && !this.#answered.has(key)) return key
    }
    return undefined
  }
}
