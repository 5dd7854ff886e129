/**
 * A conversation as it happened: append-only, keyed, and valid for the next request of any provider, whatever was offered twice, cut, or
 * never answered.
 *
 * Only entries are stored. What is open, what was retracted and which version of a message counts are derived from them, so nothing can
 * get stuck, and the same entries always give the same conversation.
 */
import { MisuseError } from '../errors.ts'
import { copyJson, deepFreeze, equalJson, isObject, wordOf, type JsonValue } from '../json.ts'
import type { AssistantMessage, CompleteToolCall, ContentBlock, ToolCallBlock } from '../message.ts'
import { DEFAULT_TURN, checkMessages } from '../options.ts'
import { checkedEntry, checkedOutput, checkedSaid, frozenCopy } from './checked.ts'
import type { Added, Entry } from './entry.ts'
import type { Item, Note, SystemMessage, ToolOutput, Unanswered, UserMessage } from './items.ts'
import { KnownBlocks, hasSeal, isFurtherPiece, relationOf } from './same-message.ts'

/** A call that the model waits for. */
export interface OpenCall {
  /** The key of the message in the transcript. */
  readonly message: string
  readonly call: CompleteToolCall
}

/** An answer with everything that is known of its calls, or another element, in the order in which a provider is told. */
export type Told = Exclude<Item, { readonly role: 'assistant' | 'tool' }> | ToldAnswer

export interface ToldAnswer {
  readonly role: 'assistant'
  readonly key: string
  readonly message: AssistantMessage
  /** By the id of the call in this message. */
  readonly results: ReadonlyMap<string, ToolOutput>
  readonly unanswered: ReadonlyMap<string, Unanswered>
}

interface AnswerState extends ToldAnswer {
  /** Without the pieces: whoever needs its content asks for the `wholeOf` it. */
  message: AssistantMessage
  /** What came after `message` was made, a piece at a time: a copy of the whole for each of many pieces would take too long. */
  pieces: AssistantMessage[]
  blocks: KnownBlocks | undefined
  isRetracted: boolean
  /** How much had been said when this one was, itself included. */
  readonly place: number
  readonly results: Map<string, ToolOutput>
  readonly unanswered: Map<string, Unanswered>
}

/** A call by its place: an id is unique in its message only. */
interface CallPlace {
  readonly answer: AnswerState
  readonly id: string
  /** The call's key in the transcript. */
  readonly key: string
}

type Outcome = Extract<Entry, { readonly type: 'result' | 'unanswered' }>

export class Transcript {
  readonly #entries: Entry[] = []
  /** How many messages and results there are, each version and each result counted. */
  #length = 0
  readonly #order: (UserMessage | SystemMessage | Note | AnswerState)[] = []
  readonly #said = new Map<string, UserMessage | SystemMessage | Note>()
  readonly #answers = new Map<string, AnswerState>()
  /** The latest message of each provider's id, and of each key that a message brought along. */
  readonly #byId = new Map<string, AnswerState>()
  readonly #byMessageKey = new Map<string, AnswerState>()
  readonly #calls = new Map<string, CallPlace>()
  readonly #callsById = new Map<string, CallPlace>()
  /** What was said of calls whose message has not come yet. */
  readonly #early = new Map<string, Outcome[]>()

  /** A transcript of the entries of another. Throws `MisuseError('bad_argument')` if they are not entries. */
  static from(entries: readonly Entry[]): Transcript {
    const transcript = new Transcript()
    if (!Array.isArray(entries)) throw new MisuseError('bad_argument', `entries are an array, not ${wordOf(entries)}`)
    for (const [index, given] of entries.entries()) {
      const entry = checkedEntry(given, index)
      // A file that was written twice says everything twice.
      if (!transcript.#said.has(entry.key)) transcript.#append(entry)
    }
    return transcript
  }

  /**
   * Adds a message: of the model as `fold` gives it, of the user (a text is one), instructions, or a note that is never sent. The same
   * message, however often it is offered, in pieces or whole, is there once. `isFragment` says that a message of the model is a piece of
   * one whose other pieces have the same id. Throws `MisuseError('bad_argument')` for anything else.
   */
  add(
    item: string | AssistantMessage | UserMessage | SystemMessage | Note,
    options: { readonly isFragment?: boolean } = {},
  ): Added {
    const foreign = Object.keys(options).find((name) => name !== 'isFragment')
    if (foreign !== undefined) throw new MisuseError('bad_option', `add has no option ${foreign}; there is isFragment`)
    if (typeof item === 'string') return this.#addSaid({ role: 'user', content: item })
    const given: unknown = item
    if (!isObject(given)) throw new MisuseError('bad_argument', `a transcript takes messages, not ${wordOf(given)}`)
    if ('outcome' in item) return this.#addAnswer(item, options.isFragment === true)
    return this.#addSaid(item)
  }

  /**
   * Gives the result of a call. The call is the block that was handed out, or its key, or the provider's id of a call that is in the
   * transcript. A second, different result of one call is a conflict. Throws `MisuseError('unknown_call')` for a text that names none.
   */
  settle(call: ToolCallBlock | string, output: ToolOutput | string): Added {
    return this.#answer(call, { output: checkedOutput(output) })
  }

  /** Says what is known of a call that will have no result. A result that comes nevertheless takes its place. Throws as `settle` does. */
  giveUp(call: ToolCallBlock | string, why: Unanswered): Added {
    const known: readonly unknown[] = ['interrupted', 'cancelled', 'not_started', 'running'] satisfies Unanswered[]
    if (!known.includes(why))
      throw new MisuseError('bad_argument', `a call is given up as ${known.join(', ')}, not ${wordOf(why)}`)
    return this.#answer(call, { why })
  }

  /** Takes a message of the model back, with the results of its calls: an attempt that another replaces. */
  retract(message: AssistantMessage | string): Added {
    const answer = this.#find(message)
    if (answer === undefined) {
      const name = typeof message === 'string' ? message : message.key
      throw new MisuseError('bad_argument', `the transcript has no message of the model with the key ${name}`)
    }
    if (answer.isRetracted) return { kind: 'unchanged', key: answer.key }
    this.#append({ type: 'retraction', key: answer.key })
    return { kind: 'retracted', key: answer.key }
  }

  /**
   * The calls without a result, in order, also of answers that were cut: run only what a `tool_call` event handed out. The next request closes each of them with an error result.
   */
  open(): OpenCall[] {
    return [...this.#answers.values()].flatMap((answer) =>
      answer.isRetracted ? [] : openCallsOf(answer).map((call) => ({ message: answer.key, call })),
    )
  }

  /**
   * Everything that happened, or what did from the entry with the ordinal `from` on: to be kept and given to `Transcript.from`. Frozen: it
   * is what the transcript itself reads.
   */
  entries(from = 0): readonly Entry[] {
    return this.#entries.slice(from)
  }

  /** What `JSON.stringify` writes: the entries. */
  toJSON(): readonly Entry[] {
    return this.entries()
  }

  /** The conversation in the order in which it happened: each message once, results where they came. */
  items(): Item[] {
    const seen = new Set<string>()
    return this.#entries.flatMap((entry): Item[] => {
      switch (entry.type) {
        case 'user':
        case 'system':
        case 'note':
          return [entry.message]
        case 'answer': {
          const answer = this.#answers.get(entry.key)
          if (answer === undefined || answer.isRetracted || seen.has(entry.key)) return []
          seen.add(entry.key)
          return [{ role: 'assistant', message: wholeOf(answer) }]
        }
        case 'result': {
          const known = this.#calls.get(entry.call)
          return known?.answer.isRetracted === true ? [] : [{ role: 'tool', call: entry.call, ...entry.output }]
        }
        case 'unanswered':
        case 'retraction':
          return []
        default: {
          const never: never = entry
          return never
        }
      }
    })
  }

  /** The conversation as a provider is told it: each answer with all that is known of its calls, and what came meanwhile behind it. */
  told(): Told[] {
    return this.#order.flatMap((element): Told[] => {
      if (element.role !== 'assistant') return [element]
      const { role, key, isRetracted, results, unanswered } = element
      if (isRetracted) return []
      return [{ role, key, message: wholeOf(element), results: new Map(results), unanswered: new Map(unanswered) }]
    })
  }

  #addSaid(given: UserMessage | SystemMessage | Note): Added {
    const message = checkedSaid(given)
    const key = `${message.role}:${message.id ?? this.#entries.length}`
    const known = message.id === undefined ? undefined : this.#said.get(key)
    if (known === undefined) {
      this.#append(saidEntry(key, message))
      return { kind: 'added', key }
    }
    if (equalJson(jsonOf(known), jsonOf(message))) return { kind: 'unchanged', key }
    const text = `another ${message.role} message has the id ${message.id}, with other content; give this one an id of its own`
    return { kind: 'conflict', key, text }
  }

  #addAnswer(given: AssistantMessage, isFragment: boolean): Added {
    checkMessages([given])
    const message = frozenCopy(given)
    const known = this.#knownAs(message)
    if (known !== undefined) {
      const added = this.#addVersion(known, message, isFragment)
      if (added !== undefined) return added
    }
    const earlier = isNamed(message) ? this.#byMessageKey.get(message.key) : undefined
    const isReplaced = earlier !== undefined && !earlier.isRetracted && earlier.message.attempt < message.attempt
    const retracted = isReplaced && earlier.results.size === 0 ? earlier.key : undefined
    if (retracted !== undefined) this.#append({ type: 'retraction', key: retracted })
    const key = this.#freeKey(message.key)
    this.#append({ type: 'answer', key, message })
    return retracted === undefined ? { kind: 'added', key } : { kind: 'replaced', key, retracted }
  }

  /** The provider's id names a message; where it gave none, the turn and the ordinal do, if the caller named the turn. */
  #knownAs(message: AssistantMessage): AnswerState | undefined {
    if (message.idSource === 'wire') return this.#byId.get(message.id)
    const known = this.#byMessageKey.get(message.key)
    return known === undefined || isNamed(message) || this.#isLast(known) ? known : undefined
  }

  /** A further version of a message that is there. Undefined if it is another message after all. */
  #addVersion(known: AnswerState, message: AssistantMessage, isFragment: boolean): Added | undefined {
    const { key } = known
    const isPiece = isFragment && isFurtherPiece(blocksOf(known), message)
    const relation = isPiece ? 'apart' : relationOf(wholeOf(known), message)
    const isSameTurn = isNamed(message) && message.turn === known.message.turn
    // Some vendors give every message the same id: what says something else, elsewhere, is something else.
    const isElsewhere = !isSameTurn && !this.#isLast(known)
    if (known.isRetracted) return relation === 'different' && isElsewhere ? undefined : { kind: 'retracted', key }
    if (relation === 'equal' || relation === 'shorter') {
      const isOther = isElsewhere && isNamed(message) && isNamed(known.message) && !hasSeal(message)
      return isOther ? undefined : { kind: 'unchanged', key }
    }
    if (relation === 'longer') {
      this.#append({ type: 'answer', key, message })
      return { kind: 'extended', key }
    }
    if (relation === 'apart' && isFragment) {
      this.#append({ type: 'answer', key, message, isFragment: true })
      return { kind: 'extended', key }
    }
    if (isElsewhere) return undefined
    const text = `the message ${key} is there with other content; if this is another message, fold it with a turn of its own`
    return { kind: 'conflict', key, text }
  }

  readonly #isLast = (answer: AnswerState): boolean => answer.place === this.#length

  #freeKey(wanted: string): string {
    let key = wanted
    for (let ordinal = this.#keysUsed.get(wanted) ?? 1; this.#answers.has(key); ordinal += 1) {
      key = `${wanted}~${ordinal + 1}`
      this.#keysUsed.set(wanted, ordinal + 1)
    }
    return key
  }

  readonly #keysUsed = new Map<string, number>()

  #answer(call: ToolCallBlock | string, said: { readonly output: ToolOutput } | { readonly why: Unanswered }): Added {
    const place = this.#placeOf(call)
    if (place === undefined && typeof call === 'string') {
      throw new MisuseError(
        'unknown_call',
        `the transcript has no call ${call}; add its message first, or give the call itself`,
      )
    }
    const key = place?.key ?? (typeof call === 'string' ? call : call.key)
    const known = place === undefined ? this.#earlyOutput(key) : place.answer.results.get(place.id)
    if ('why' in said) {
      if (known !== undefined) return { kind: 'unchanged', key }
      this.#append({ type: 'unanswered', key, call: key, why: said.why })
      return { kind: 'added', key }
    }
    if (known === undefined) {
      this.#append({ type: 'result', key, call: key, output: said.output })
      return { kind: 'added', key }
    }
    if (equalJson(jsonOf(known), jsonOf(said.output))) return { kind: 'unchanged', key }
    const text = `the call ${key} has another result already, which stays; what a tool says later is a user message`
    return { kind: 'conflict', key, text }
  }

  #earlyOutput(key: string): ToolOutput | undefined {
    return this.#early.get(key)?.find((entry) => entry.type === 'result')?.output
  }

  /** A block is looked up with its id: of turns without a name, the calls have the same keys. */
  #placeOf(call: ToolCallBlock | string): CallPlace | undefined {
    if (typeof call === 'string') return this.#calls.get(call) ?? this.#callsById.get(call)
    const given: unknown = call
    if (!isObject(given) || typeof given.key !== 'string' || typeof given.id !== 'string') {
      throw new MisuseError('bad_argument', `a call is a tool_call block, its key or its id, not ${wordOf(given)}`)
    }
    const place = this.#calls.get(call.key)
    return place?.id === call.id ? place : undefined
  }

  #find(message: AssistantMessage | string): AnswerState | undefined {
    if (typeof message === 'string') return this.#answers.get(message) ?? this.#byId.get(message)
    return this.#knownAs(message)
  }

  /** The only place where anything changes: what an entry means, whether it is new or read back. */
  #append(entry: Entry): void {
    this.#entries.push(deepFreeze(entry))
    switch (entry.type) {
      case 'user':
      case 'system':
      case 'note':
        this.#said.set(entry.key, entry.message)
        this.#order.push(entry.message)
        this.#length += 1
        return
      case 'answer':
        this.#applyAnswer(entry)
        return
      case 'retraction': {
        const answer = this.#answers.get(entry.key)
        if (answer !== undefined) answer.isRetracted = true
        return
      }
      case 'result':
      case 'unanswered':
        this.#applyOutcome(entry)
        return
      default: {
        const never: never = entry
        return never
      }
    }
  }

  #applyAnswer({ key, message: given, isFragment }: Extract<Entry, { readonly type: 'answer' }>): void {
    const known = this.#answers.get(key)
    const answer: AnswerState = known ?? {
      role: 'assistant',
      key,
      message: given,
      pieces: [],
      blocks: undefined,
      isRetracted: false,
      place: this.#length + 1,
      results: new Map(),
      unanswered: new Map(),
    }
    if (known !== undefined && isFragment === true) {
      answer.pieces.push(given)
      answer.blocks?.add(given.content)
    } else {
      answer.message = given
      answer.pieces = []
      answer.blocks = undefined
    }
    if (known === undefined) {
      this.#answers.set(key, answer)
      this.#order.push(answer)
      this.#length += 1
    }
    // A piece adds to the message that it is found by.
    const { message } = answer
    if (message.idSource === 'wire') this.#byId.set(message.id, answer)
    this.#byMessageKey.set(message.key, answer)
    for (const call of clientCallsOf(given.content)) {
      const own = call.key.startsWith(given.key) ? key + call.key.slice(given.key.length) : call.key
      const place: CallPlace = { answer, id: call.id, key: own }
      this.#calls.set(call.key, place)
      this.#calls.set(own, place)
      if (call.idSource === 'wire') this.#callsById.set(call.id, place)
      const early = this.#early.get(call.key) ?? []
      this.#early.delete(call.key)
      for (const entry of early) this.#applyOutcome(entry)
    }
  }

  #applyOutcome(entry: Outcome): void {
    const place = this.#calls.get(entry.call) ?? this.#callsById.get(entry.call)
    if (place === undefined) {
      const early = this.#early.get(entry.call)
      if (early === undefined) this.#early.set(entry.call, [entry])
      else early.push(entry)
    } else if (entry.type === 'unanswered') place.answer.unanswered.set(place.id, entry.why)
    else {
      place.answer.results.set(place.id, entry.output)
      this.#length += 1
    }
  }
}

/** A message with all its pieces. They do not say how it ended, except the last. */
function wholeOf(answer: AnswerState): AssistantMessage {
  const { message, pieces } = answer
  const last = pieces.at(-1)
  if (last === undefined) return message
  const content = Object.freeze([...message.content, ...pieces.flatMap((piece) => piece.content)])
  answer.message = Object.freeze({ ...message, content, stop: last.stop })
  answer.pieces = []
  return answer.message
}

/** Kept only for a message that comes in pieces. */
function blocksOf(answer: AnswerState): KnownBlocks {
  answer.blocks ??= new KnownBlocks(wholeOf(answer).content)
  return answer.blocks
}

/** Whoever folds without the option `turn` gives all messages the same keys: they tell nothing then. */
const isNamed = ({ turn }: AssistantMessage): boolean => turn !== DEFAULT_TURN

function openCallsOf(answer: AnswerState): readonly CompleteToolCall[] {
  const { results } = answer
  return clientCallsOf(wholeOf(answer).content).flatMap((call) =>
    call.state === 'complete' && !results.has(call.id) ? [call] : [],
  )
}

/** The calls that the client answers. */
export function clientCallsOf(content: readonly ContentBlock[]): readonly ToolCallBlock[] {
  return content.filter((block): block is ToolCallBlock => block.type === 'tool_call' && block.origin === 'client')
}

function saidEntry(key: string, message: UserMessage | SystemMessage | Note): Entry {
  switch (message.role) {
    case 'user':
      return { type: 'user', key, message }
    case 'system':
      return { type: 'system', key, message }
    case 'note':
      return { type: 'note', key, message }
    default: {
      const never: never = message
      return never
    }
  }
}

const jsonOf = (value: object): JsonValue => copyJson(value) ?? null
