/**
 * Which message each lane of an agent's stream is at, and which of its blocks a record stands for. A record says whose message it is, and
 * not which block; the stream events number blocks, and know no records. Both tell the blocks of a message in order: the first record of
 * a type is the first block of that type, and a call is known by its id.
 */
import { copyJson, nonEmpty, type JsonObject } from '../json.ts'
import type { StopReason } from '../message.ts'
import type { Operation, SnapshotOperation, UsageOperation } from '../operation.ts'
import { anthropicMessages } from './anthropic-messages.ts'
import { NamedEvents } from './named-events.ts'
import type { Translate } from './dialect.ts'
import { Seen } from './seen.ts'

/** The lane of the agent itself. */
export const MAIN = 0

/** What is remembered, of any of these: more than the machine has room for, and no name that only a hostile server gives. */
const MOST_LANES = 1024
const MOST_BLOCKS = 100_000
const MOST_RECORDS = 10_000
const LONGEST_NAME = 256

/** The block that one of a record stands for. */
interface Place {
  readonly key: string
  /** It has stream events. */
  readonly isStreamed: boolean
}

/** The message that a lane is at. */
export class Current {
  id: string | undefined
  from: 'stream' | 'records'
  stop: StopReason | undefined
  /** The lane's agent has given its result to the one that runs it. */
  answer: 'result' | 'error' | undefined
  hasCalls = false
  /** The agent goes on behind it by itself: the provider's own tools pause an answer, or somebody spoke in its lane. */
  mayGoOn = false
  hasFailed = false
  isDoubtful = false
  #output = 0
  readonly #keys = new Set<string>()
  /** The blocks by what a record knows of them, those that have no record yet. */
  readonly #waiting = new Map<string, { readonly keys: string[]; at: number }>()
  readonly #ofRecord = new Map<string, readonly Place[]>()
  readonly #events = new NamedEvents()
  #next = 0

  constructor(from: Current['from']) {
    this.from = from
  }

  /** Whether what follows it shows that it came to its end. Without a stream nothing but that can. */
  get isWhole(): boolean {
    if (this.stop !== undefined) return true
    return this.from === 'records' && !this.isDoubtful && this.answer !== 'error'
  }

  /** Another message follows. Behind one without a call the agent has nothing to go on with, unless this one was cut. */
  followed(): void {
    if (this.from === 'records' && !this.hasCalls && !this.mayGoOn) this.isDoubtful = true
  }

  /** Whether an event of the stream came already, under its uuid. */
  hasHad({ uuid, event }: JsonObject): boolean {
    const name = nonEmpty(uuid)
    return name !== undefined && this.#events.isRepeat(name, JSON.stringify(copyJson(event) ?? null))
  }

  /** The stream opened a block. */
  opened(key: string, type: unknown, id: string | null | undefined): void {
    if (this.#keys.has(key) || this.#keys.size >= MOST_BLOCKS || key.length > LONGEST_NAME) return
    this.#keys.add(key)
    const name = nameOf(type, id)
    const waiting = this.#waiting.get(name)
    if (waiting === undefined) this.#waiting.set(name, { keys: [key], at: 0 })
    else waiting.keys.push(key)
    this.hasCalls ||= type === 'tool_use'
  }

  /** What a record, translated as if it were a whole message, says of this one. */
  recorded(operations: readonly Operation[], uuid: string | undefined, isFirst: boolean): Operation[] {
    const keys = this.#placesOf(operations, uuid)
    const isFromStream = this.from === 'stream'
    return operations.flatMap((operation): Operation[] => {
      switch (operation.op) {
        case 'begin': {
          if (isFirst) return [operation]
          const { choice, wire = {} } = operation
          return [{ op: 'meta', choice, wire: isFromStream ? withoutNull(wire) : wire }]
        }
        case 'snapshot':
          return [this.#block(operation, keys[Number(operation.key)])]
        case 'usage':
          return [isFromStream ? { ...withoutOutput(operation), isInitial: true } : this.#growing(operation)]
        case 'stop':
          this.stop ??= operation.reason
          return [operation]
        case 'anomaly':
          return [
            operation.key === undefined ? operation : { ...operation, key: keys[Number(operation.key)]?.key ?? '' },
          ]
        case 'terminal':
          return operation.strength === 'hard' ? [] : [operation]
        // The snapshot closes its block, if nothing else does.
        case 'close':
          return []
        case 'open':
        case 'append':
        case 'list':
        case 'patch':
        case 'meta':
        case 'fail':
          return [operation]
        default: {
          const never: never = operation
          return never
        }
      }
    })
  }

  /** Of a block that streamed a record has nothing new: it only fills in what is missing, and leaves arguments as they were written. */
  #block(
    operation: SnapshotOperation,
    { key, isStreamed }: Place = { key: operation.key, isStreamed: false },
  ): Operation {
    if (!isStreamed) return { ...operation, key, closes: true }
    const { wire: _wire, items: _items, fields, ...rest } = operation
    // A reader was told the call's name; a signature may be the record's alone.
    return { ...rest, key, rank: 0, ...(rest.kind === 'tool_call' ? {} : { fields }) }
  }

  /** Which blocks those of a record are. The same record again stands for the same blocks. */
  #placesOf(operations: readonly Operation[], uuid: string | undefined): readonly Place[] {
    const known = uuid === undefined ? undefined : this.#ofRecord.get(uuid)
    if (known !== undefined) return known
    const places: Place[] = []
    for (const operation of operations) {
      if (operation.op !== 'snapshot') continue
      const type = operation.wire?.type
      this.hasCalls ||= type === 'tool_use'
      this.mayGoOn ||= type === 'server_tool_use'
      places[Number(operation.key)] = this.#take(nameOf(type, operation.fields?.id))
    }
    const isKept = uuid !== undefined && uuid.length <= LONGEST_NAME && this.#ofRecord.size < MOST_RECORDS
    if (isKept) this.#ofRecord.set(uuid, places)
    return places
  }

  #take(name: string): Place {
    const waiting = this.#waiting.get(name)
    const key = waiting?.keys[waiting.at]
    if (waiting !== undefined && key !== undefined) {
      waiting.at += 1
      return { key, isStreamed: true }
    }
    // Without a stream the blocks count as those of a stream would; beside one that number is another block's.
    const own = this.from === 'stream' ? `record ${this.#next}` : String(this.#next)
    this.#next += 1
    if (this.#keys.size < MOST_BLOCKS) this.#keys.add(own)
    return { key: own, isStreamed: false }
  }

  /** Every record tells the usage as it was when its block ended, or when the message began: it never shrinks. */
  #growing(operation: UsageOperation): UsageOperation {
    const output = operation.counts.outputTokens
    if (output === undefined) return operation
    if (output >= this.#output) {
      this.#output = output
      return operation
    }
    return withoutOutput(operation)
  }
}

/** Beside a stream it is the placeholder of its beginning. */
function withoutOutput(operation: UsageOperation): UsageOperation {
  const { outputTokens: _count, reasoningTokens: _part, ...counts } = operation.counts
  const { output_tokens: _raw, output_tokens_details: _details, ...raw } = operation.raw
  return { ...operation, counts, raw }
}

function nameOf(type: unknown, id: unknown): string {
  const named = nonEmpty(id)
  return named === undefined || named.length > LONGEST_NAME ? String(type) : `${String(type)} ${named}`
}

export function withoutNull(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))
}

export interface Lane {
  /** Which of the messages that stream side by side is the lane's. */
  choice: number
  readonly translate: Translate
  current: Current | undefined
  hasBegun: boolean
  /** A message that has ended is sent again. */
  isSkipped: boolean
}

export class Lanes {
  readonly #lanes = new Map<string, Lane>()
  readonly #pastIds = new Seen()

  /** The lane of a `parent_tool_use_id`; without one that of the agent itself. */
  of(parent: unknown): Lane {
    const name = nameIn(parent) ?? ''
    const known = this.#lanes.get(name)
    if (known !== undefined) return known
    const lane = createLane(name === '' ? MAIN : MOST_LANES)
    if (this.#lanes.size >= MOST_LANES) this.#forget()
    if (name === '' || this.#lanes.size < MOST_LANES) this.#lanes.set(name, lane)
    return lane
  }

  known(parent: unknown): Lane | undefined {
    const name = nameIn(parent)
    return name === undefined ? undefined : this.#lanes.get(name)
  }

  /** Whether a message of that id has begun before, in whichever lane. */
  isPast(id: string | undefined): boolean {
    return id !== undefined && this.#pastIds.has(id)
  }

  /** A message begins in the lane. */
  enter(lane: Lane, id: string | undefined, from: Current['from']): void {
    if (lane.choice !== MAIN) {
      const taken = new Set<number>()
      for (const { current, choice } of this.#lanes.values()) if (current !== undefined) taken.add(choice)
      lane.choice = 1
      while (taken.has(lane.choice)) lane.choice += 1
    }
    lane.current = new Current(from)
    lane.hasBegun = true
    this.name(lane.current, id)
  }

  /** The id of a message is known. */
  name(current: Current, id: string | undefined): void {
    current.id = id
    if (id !== undefined) this.#pastIds.add(id)
  }

  /** The lanes whose agent has given its result, with a message that did not say that it was over. */
  answered(): readonly Lane[] {
    return [...this.#lanes.values()].filter(({ current }) => current?.answer !== undefined)
  }

  /** The agent's turn is over: lanes without a message are forgotten. `id` is that of the record that says so. */
  turnOver(id: string | undefined): void {
    if (id !== undefined) this.#pastIds.add(id)
    this.#forget()
  }

  clear(): void {
    this.#lanes.clear()
  }

  #forget(): void {
    for (const [name, { current }] of this.#lanes) if (name !== '' && current === undefined) this.#lanes.delete(name)
  }
}

/** Names that nobody would give share a lane. */
function nameIn(parent: unknown): string | undefined {
  const name = nonEmpty(parent)
  return name === undefined || name.length <= LONGEST_NAME ? name : 'a long name'
}

function createLane(choice: number): Lane {
  return {
    choice,
    translate: anthropicMessages.createTranslate(),
    current: undefined,
    hasBegun: false,
    isSkipped: false,
  }
}

/** Whether a begin event or a record of that id is about the message that the lane is at. Without an id it is, unless that has a stop reason. */
export function isCurrent({ current }: Lane, id: string | undefined): boolean {
  if (current === undefined) return false
  if (current.id !== undefined && id !== undefined) return current.id === id
  return current.stop === undefined
}
