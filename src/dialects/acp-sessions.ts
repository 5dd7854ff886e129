/**
 * What is remembered of an ACP connection: its sessions, the turn of each, and the messages that are still open, each under a choice of
 * its own. Nothing here knows what an update looks like; that is in `acp.ts`.
 */
import type { JsonObject } from '../json.ts'
import type { OutcomeError, StopReason } from '../message.ts'
import type { Operation } from '../operation.ts'
import { Seen } from './seen.ts'

/** Messages that are open at once: more only if the calls of that many have no end. */
const MAX_OPEN = 32
/** Blocks of one message that are told apart; with more of them the next one begins. */
const MAX_PIECES = 5_000
const MAX_SESSIONS = 256
/** Longer texts are no reports of an error. */
const REPORT_LENGTH = 512

/** One piece of text or of thinking in a row. */
export interface Run {
  readonly kind: 'text' | 'thinking'
  readonly key: string
  length: number
}

export interface Call {
  readonly id: string
  isNamed: boolean
  /** Where its arguments come from: a `content` that is the beginning of JSON gives way to a `rawInput`. */
  input: 'none' | 'content' | 'rawInput'
  isOver: boolean
}

/** What one prompt brings about: the messages until its answer. */
export interface Turn {
  last: OpenMessage | undefined
  /** The agent said that it works. */
  isRunning: boolean
  answer: { readonly reason?: StopReason; readonly raw?: string } | undefined
  /** An error that may be the answer, if no other one comes. */
  error: OutcomeError | undefined
  /** The counts of its tokens, each the greatest that came. They are of the whole turn, so one message has them: the last when it ends. */
  readonly counts: JsonObject
  counted: OpenMessage | undefined
  /** Its text, as long as it is short, and nothing else came. */
  text: string
  hasMore: boolean
}

export interface OpenMessage {
  readonly choice: number
  readonly turn: Turn
  id: string | undefined
  readonly runs: Run[]
  /** That which goes on with what comes. */
  run: Run | undefined
  readonly calls: Map<string, Call>
  pending: number
  pieces: number
  /** Text without an id belongs to the next message. */
  isBounded: boolean
  /** It was told why its turn ended. */
  hasStop: boolean
}

export interface Session {
  readonly number: number
  readonly id: string | undefined
  turn: Turn | undefined
  current: OpenMessage | undefined
  readonly open: Set<OpenMessage>
  readonly byId: Map<string, OpenMessage>
  readonly byCall: Map<string, OpenMessage>
  /** From the request to load it on, until the next prompt: what comes is its history. */
  isReplaying: boolean
  /** States are told: the turn ends by them, and messages may interleave. */
  hasStates: boolean
  /** Text that came after the answer, while it is not known whether it is late or the next turn. */
  held: JsonObject[]
  heldLength: number
}

export function createTurn(): Turn {
  return {
    last: undefined,
    isRunning: false,
    answer: undefined,
    error: undefined,
    counts: {},
    counted: undefined,
    text: '',
    hasMore: false,
  }
}

export class Sessions {
  readonly #sessions = new Map<string, Session>()
  readonly #seen = new Seen()
  readonly #free: number[] = []
  #choices = 0
  #count = 0
  /** How much is held back in all of them. */
  heldLength = 0
  /** That of the update that came last. */
  last: Session | undefined

  /** The session of that id; bare updates are all of one without. */
  of(id: string | undefined): Session {
    const name = id ?? ''
    const known = this.#sessions.get(name)
    if (known !== undefined) return (this.last = known)
    if (this.#sessions.size >= MAX_SESSIONS) this.#forgetOne()
    this.#count += 1
    const session: Session = {
      number: this.#count,
      id,
      turn: undefined,
      current: undefined,
      open: new Set(),
      byId: new Map(),
      byCall: new Map(),
      isReplaying: false,
      hasStates: false,
      held: [],
      heldLength: 0,
    }
    this.#sessions.set(name, session)
    return (this.last = session)
  }

  #forgetOne(): void {
    for (const [name, session] of this.#sessions) {
      if (session.open.size > 0 || session.held.length > 0) continue
      this.#sessions.delete(name)
      return
    }
  }

  [Symbol.iterator](): IterableIterator<Session> {
    return this.#sessions.values()
  }

  /** No message ever began. */
  get isUnused(): boolean {
    return this.#choices === 0
  }

  /** A turn that waits for its answer: of the session that spoke last, or else of any. */
  get unanswered(): { readonly session: Session; readonly turn: Turn } | undefined {
    const all = this.last === undefined ? [] : [this.last, ...this.#sessions.values()]
    for (const session of all) {
      const { turn } = session
      if (turn !== undefined && turn.answer === undefined) return { session, turn }
    }
    return undefined
  }

  isOver(session: Session, what: 'message' | 'call', id: string): boolean {
    return this.#seen.has(`${session.number} ${what} ${id}`)
  }

  setOver(session: Session, what: 'message' | 'call', id: string): void {
    this.#seen.add(`${session.number} ${what} ${id}`)
  }

  /** Begins a message, and ends those that are over by that. */
  begin(
    session: Session,
    turn: Turn,
    id?: string,
  ): { readonly message: OpenMessage; readonly operations: Operation[] } {
    const operations: Operation[] = []
    // The one before is not the last any more.
    turn.last = undefined
    for (const message of session.open) {
      // Where messages may interleave, one with an id is over with its turn; all wait for what is late once that was answered.
      const mayGoOn = (session.hasStates && message.id !== undefined) || turn.answer !== undefined
      const isOver = message.turn === turn ? message.pending === 0 && !mayGoOn : message.turn.answer !== undefined
      if (isOver) operations.push(...this.finish(session, message))
    }
    if (this.#choices - this.#free.length >= MAX_OPEN) operations.push(...this.#finishOldest())
    const choice = this.#free.pop() ?? this.#choices
    if (choice === this.#choices) this.#choices += 1
    const message: OpenMessage = {
      choice,
      turn,
      id,
      runs: [],
      run: undefined,
      calls: new Map(),
      pending: 0,
      pieces: 0,
      isBounded: false,
      hasStop: false,
    }
    session.open.add(message)
    session.current = message
    turn.last = message
    if (id !== undefined) session.byId.set(id, message)
    operations.push({
      op: 'begin',
      choice,
      isNext: true,
      ...(id === undefined ? {} : { id }),
      ...(session.id === undefined ? {} : { wire: { sessionId: session.id } }),
    })
    return { message, operations }
  }

  #finishOldest(): Operation[] {
    for (const session of this.#sessions.values()) {
      for (const message of session.open) return this.finish(session, message)
    }
    return []
  }

  /** The message is over: it ends with the answer to its prompt, or because another one of the same turn follows. */
  finish(session: Session, message: OpenMessage): Operation[] {
    const { choice, turn, id } = message
    session.open.delete(message)
    if (session.current === message) session.current = undefined
    if (id !== undefined) {
      session.byId.delete(id)
      this.setOver(session, 'message', id)
    }
    for (const call of message.calls.keys()) {
      session.byCall.delete(call)
      this.setOver(session, 'call', call)
    }
    this.#free.push(choice)
    const isLast = turn.last === message
    if (isLast && turn.answer === undefined) {
      const error = { class: 'network' as const, retryable: false, message: 'the prompt was never answered' }
      return [...nameCalls(message), { op: 'fail', choice, error }]
    }
    return [
      ...nameCalls(message),
      ...(isLast ? stopOf(message) : []),
      { op: 'terminal', choice, strength: 'hard', ...(isLast ? {} : { isInner: true as const }) },
    ]
  }

  /** Another turn begins: those that were answered are over. */
  beginTurn(session: Session, turn: Turn): Operation[] {
    const operations = this.finishAnswered(session)
    session.turn = turn
    session.current = undefined
    return operations
  }

  /** The messages of turns that were answered are over. */
  finishAnswered(session: Session): Operation[] {
    return [...session.open].flatMap((message) =>
      message.turn.answer === undefined ? [] : this.finish(session, message),
    )
  }

  /** Whether one more block, or call, may be told apart in a message. */
  takesMore(message: OpenMessage): boolean {
    return message.pieces < MAX_PIECES
  }
}

/** Why the turn of a message ended, if that was told, and not to this message. */
export function stopOf(message: OpenMessage): Operation[] {
  const { reason, raw } = message.turn.answer ?? {}
  if (message.hasStop || reason === undefined || raw === undefined) return []
  message.hasStop = true
  return [{ op: 'stop', choice: message.choice, reason, raw }]
}

/** Something that is about what is over. */
export function lateEvent(session: Session, detail: string): Operation {
  return { op: 'anomaly', choice: session.current?.choice ?? 0, kind: 'late_event', detail }
}

/** Remembers the text of a turn as long as it may be nothing but the report of an error. */
export function noteText(turn: Turn, text: string): void {
  if (turn.hasMore) return
  turn.hasMore = turn.text.length + text.length > REPORT_LENGTH
  turn.text = turn.hasMore ? '' : turn.text + text
}

/** A call whose name nobody told has the kind that the protocol gives to such a one. */
export function nameCalls({ choice, calls }: OpenMessage): Operation[] {
  const operations: Operation[] = []
  for (const call of calls.values()) {
    if (call.isNamed) continue
    call.isNamed = true
    operations.push({ op: 'patch', choice, key: `call:${call.id}`, kind: 'tool_call', fields: { name: 'other' } })
  }
  return operations
}

const COUNT_NAMES = [
  'inputTokens',
  'outputTokens',
  'thoughtTokens',
  'cachedReadTokens',
  'cachedWriteTokens',
  'totalTokens',
]

/** Takes over counts of tokens: they only grow, so that the greatest is the last, in whatever order they come. */
export function countTokens(turn: Turn, counts: JsonObject): void {
  for (const name of COUNT_NAMES) {
    const value = counts[name]
    if (typeof value !== 'number') continue
    const known = turn.counts[name]
    turn.counts[name] = typeof known === 'number' ? Math.max(known, value) : value
  }
}

/**
 * `totalTokens` is the sum of all kinds of tokens. Whether the cache is one of its own kinds, or part of the input, and thoughts part of the
 * output, is told by whether the sum is right; without it each is a kind of its own, as the schema says.
 */
export function usageOf({ choice }: OpenMessage, { counts }: Turn): Operation[] {
  if (Object.keys(counts).length === 0) return []
  const of = (name: string): number | undefined => {
    const value = counts[name]
    return typeof value === 'number' ? value : undefined
  }
  const [input, output, thought] = [of('inputTokens'), of('outputTokens'), of('thoughtTokens')]
  const [read, write] = [of('cachedReadTokens'), of('cachedWriteTokens')]
  const [total, sum, cache] = [of('totalTokens'), (input ?? 0) + (output ?? 0), (read ?? 0) + (write ?? 0)]
  const cacheIsInput = total === sum || total === sum + (thought ?? 0)
  const thoughtIsOutput = total === sum || total === sum + cache
  const usage: Operation = {
    op: 'usage',
    choice,
    raw: counts,
    counts: {
      ...(input === undefined ? {} : { inputTokens: cacheIsInput ? input : input + cache }),
      ...(output === undefined ? {} : { outputTokens: thoughtIsOutput ? output : output + (thought ?? 0) }),
      ...(thought === undefined ? {} : { reasoningTokens: thought }),
      ...(read === undefined ? {} : { cacheReadTokens: read }),
      ...(write === undefined ? {} : { cacheWriteTokens: write }),
    },
  }
  return [usage]
}
