/** The calls of somebody's array as blocks, and which of them each result answers. */
import { isObject, parseJson, type JsonObject, type JsonValue } from '../../json.ts'
import type { ToolCallBlock } from '../../message.ts'

export interface GivenCall {
  readonly key: string
  readonly id: string | undefined
  readonly name: string
  /** As the format has it: an object, or nothing. */
  readonly input: JsonValue | undefined
  readonly origin: 'client' | 'provider'
  readonly wire: JsonObject
}

/** A call with an input that is given whole. */
export function callBlock({ key, id, name, input, origin, wire }: GivenCall): ToolCallBlock {
  const identity = id === undefined ? ({ id: key, idSource: 'minted' } as const) : ({ id, idSource: 'wire' } as const)
  const fields = { type: 'tool_call', key, ...identity, name, origin, wire } as const
  if (input === undefined || input === null) return { ...fields, arguments: '', state: 'complete', input: {} }
  if (typeof input === 'string') {
    const value = parseJson(input)
    return isObject(value)
      ? { ...fields, arguments: input, state: 'complete', input: value }
      : { ...fields, arguments: input, state: 'invalid' }
  }
  if (!isObject(input)) return { ...fields, arguments: JSON.stringify(input), state: 'invalid' }
  return { ...fields, arguments: JSON.stringify(input), state: 'complete', input }
}

interface OpenCalls {
  readonly message: number
  readonly keys: string[]
  at: number
}

/** Calls that wait for their result, under an id or a name that may come again. */
export class WaitingCalls {
  readonly #byName = new Map<string, OpenCalls[]>()
  readonly #last = new Map<string, string>()
  readonly #answered = new Set<string>()

  add(name: string, key: string, message: number): void {
    this.#last.set(name, key)
    const groups = this.#byName.get(name) ?? []
    this.#byName.set(name, groups)
    const last = groups.at(-1)
    if (last?.message === message) last.keys.push(key)
    else groups.push({ message, keys: [key], at: 0 })
  }

  /** Of the latest message that has an open call of that name, the first one. */
  take(name: string): string | undefined {
    const groups = this.#byName.get(name) ?? []
    for (let group = groups.at(-1); group !== undefined; group = groups.at(-1)) {
      while (group.at < group.keys.length) {
        const key = group.keys[group.at]
        group.at += 1
        if (key !== undefined && this.#mark(key)) return key
      }
      groups.pop()
    }
    return undefined
  }

  /** The call that had the name last, answered or not: a result of it that comes again. */
  latest(name: string): string | undefined {
    return this.#last.get(name)
  }

  /** Answered under another name. */
  settle(key: string): void {
    this.#answered.add(key)
  }

  #mark(key: string): boolean {
    if (this.#answered.has(key)) return false
    this.#answered.add(key)
    return true
  }
}
