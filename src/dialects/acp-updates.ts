/** What the updates of an ACP session mean: which message each is about, and what it does there. */
import { copyFields, copyJson, isObject, jsonText, nonEmpty, wordOf, type JsonObject, type JsonValue } from '../json.ts'
import type { BlockFields, Operation } from '../operation.ts'
import {
  countTokens,
  createTurn,
  lateEvent,
  noteText,
  usageOf,
  type Call,
  type OpenMessage,
  type Run,
  type Session,
  type Sessions,
} from './acp-sessions.ts'
import { malformed } from './malformed.ts'

/** Longer ids name nothing. */
const MAX_ID_LENGTH = 512
/** How much text is held back that may be late or the next turn. */
const HELD_UPDATES = 4
const HELD_LENGTH = 64 * 1024
/** In all sessions together, each update with what it takes besides its text. */
const HELD_IN_ALL = 1024 * 1024
const HELD_SIZE = 1024

const IGNORED: ReadonlySet<string> = new Set([
  'availablecommandsupdate',
  'currentmodeupdate',
  'configoptionupdate',
  'sessioninfoupdate',
  'planremoved',
  'notice',
  'compactionupdate',
  'compactionsummarychunk',
  'terminalupdate',
  'terminaloutputchunk',
  'subagentupdate',
  'sessionmessage',
  'sessionmessagechunk',
])

const OVER: ReadonlySet<unknown> = new Set(['completed', 'failed', 'cancelled'])
const NOT_OF_CALL: ReadonlySet<string> = new Set([
  'sessionUpdate',
  'type',
  'toolCallId',
  'status',
  'content',
  'rawInput',
  'rawOutput',
])
const NOT_OF_CHUNK: ReadonlySet<string> = new Set(['sessionUpdate', 'type', 'messageId', 'content'])
const TEXT_ITSELF: ReadonlySet<string> = new Set(['type', 'text'])
const DATA_ITSELF: ReadonlySet<string> = new Set(['data'])
const NOT_OF_PLAN: ReadonlySet<string> = new Set(['sessionUpdate', 'type'])

export interface Place {
  readonly sessions: Sessions
  readonly session: Session
  /** The client's requests are shown too: a turn begins with one. */
  readonly seesRequests: boolean
}

/** An id that can be one. */
export function idOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= MAX_ID_LENGTH ? value : undefined
}

/**
 * The update in the params of a notification, or in a bare one. Some agents name its kind `type`, or put the fields under it. Undefined if
 * there is none.
 */
export function updateOf(
  params: JsonObject,
): { readonly sessionId: string | undefined; readonly update: JsonObject } | undefined {
  if (typeof params.sessionUpdate === 'string') return { sessionId: undefined, update: params }
  const { sessionId, update } = params
  if (!isObject(update)) return undefined
  const tagged = Object.entries(update)
  const [first] = tagged
  const isKnown =
    typeof update.sessionUpdate === 'string' || (typeof sessionId === 'string' && typeof update.type === 'string')
  if (isKnown) return { sessionId: idOf(sessionId), update }
  if (typeof sessionId !== 'string' || tagged.length !== 1 || first === undefined || !isObject(first[1]))
    return undefined
  return { sessionId: idOf(sessionId), update: { ...copyFields(first[1]), sessionUpdate: first[0] } }
}

/** Its kind, in whatever case it is written. */
export function kindOf({ sessionUpdate, type }: JsonObject): string {
  return wordOf(typeof sessionUpdate === 'string' ? sessionUpdate : type)
    .replaceAll('_', '')
    .toLowerCase()
}

/** Whether it is history: sent because the session is loaded, or about what is over. What it names is over from then on. */
export function isReplayed(sessions: Sessions, session: Session, kind: string, update: JsonObject): boolean {
  if (!session.isReplaying) return false
  const message = idOf(update.messageId)
  const call = idOf(update.toolCallId)
  if (message !== undefined && kind.startsWith('agent')) sessions.setOver(session, 'message', message)
  if (call !== undefined) sessions.setOver(session, 'call', call)
  return true
}

export function translateUpdate(place: Place, kind: string, update: JsonObject): Operation[] {
  const { sessions, session } = place
  switch (kind) {
    case 'agentmessagechunk':
    case 'agentthoughtchunk':
      return isHeld(place, kind, update)
        ? []
        : [...nextTurn(place, kind, update), ...translatePiece(sessions, session, update)]
    case 'agentmessage':
    case 'agentthought':
      session.hasStates = true
      return [...nextTurn(place, kind, update), ...wholeMessage(sessions, session, update)]
    case 'usermessagechunk':
    case 'usermessage':
      return userMessage(place)
    case 'toolcall':
    case 'toolcallupdate':
    case 'toolcallcontentchunk':
      return [...nextTurn(place, kind, update), ...toolCall(sessions, session, kind, update)]
    case 'plan':
    case 'planupdate':
      return plan(sessions, session, update)
    case 'usageupdate':
      return usage(session, update)
    default: {
      if (IGNORED.has(kind)) return []
      const value = copyJson(update) ?? null
      return [{ op: 'anomaly', choice: session.current?.choice ?? 0, kind: 'unknown_event', detail: kind, value }]
    }
  }
}

/** What the user says ends what the agent said. After an answer it is the next prompt, if no other is shown. */
function userMessage({ sessions, session, seesRequests }: Place): Operation[] {
  const operations = releaseHeld(sessions, session, 'late')
  session.current = undefined
  const isNext = !seesRequests && session.turn?.answer !== undefined
  return isNext ? [...operations, ...sessions.beginTurn(session, createTurn())] : operations
}

/** Whether it may be late text, or the first of the next turn. */
function isHeld({ sessions, session, seesRequests }: Place, kind: string, update: JsonObject): boolean {
  if (seesRequests || session.turn?.answer === undefined) return false
  if (kind !== 'agentmessagechunk' || idOf(update.messageId) !== undefined) return false
  const length = JSON.stringify(copyJson(update) ?? null).length
  if (session.held.length >= HELD_UPDATES || session.heldLength + length > HELD_LENGTH) return false
  if (sessions.heldLength + length + HELD_SIZE > HELD_IN_ALL) return false
  session.held.push(copyFields(update))
  session.heldLength += length
  sessions.heldLength += length + HELD_SIZE
  return true
}

/** Where no prompt is shown, what an answered turn cannot have brought begins the next one. */
function nextTurn({ sessions, session, seesRequests }: Place, kind: string, update: JsonObject): Operation[] {
  if (seesRequests || session.turn?.answer === undefined || session.hasStates) return []
  const message = idOf(update.messageId)
  const call = idOf(update.toolCallId)
  const isKnown =
    (message !== undefined && (session.byId.has(message) || sessions.isOver(session, 'message', message))) ||
    (call !== undefined && (session.byCall.has(call) || sessions.isOver(session, 'call', call)))
  // A call that is over when it is first heard of was run for the answer.
  const isLate = isKnown || (kind !== 'toolcall' && OVER.has(update.status))
  if (isLate) return []
  return session.held.length > 0 ? releaseHeld(sessions, session, 'next') : sessions.beginTurn(session, createTurn())
}

/** What was held back is known to be late, or the beginning of the next turn. */
export function releaseHeld(sessions: Sessions, session: Session, as: 'late' | 'next'): Operation[] {
  const { held } = session
  if (held.length === 0) return []
  sessions.heldLength -= session.heldLength + held.length * HELD_SIZE
  session.held = []
  session.heldLength = 0
  const operations = as === 'next' ? sessions.beginTurn(session, createTurn()) : []
  for (const update of held) operations.push(...translatePiece(sessions, session, update))
  return operations
}

/** The message that a piece belongs to; it begins if there is none. Undefined if that is over. */
function messageFor(
  sessions: Sessions,
  session: Session,
  id: string | undefined,
  isText: boolean,
): { readonly message: OpenMessage; readonly operations: Operation[] } | undefined {
  const known = id === undefined ? undefined : session.byId.get(id)
  if (known !== undefined) return { message: known, operations: [] }
  if (id !== undefined && sessions.isOver(session, 'message', id)) return undefined
  const { current } = session
  const turn = (session.turn ??= createTurn())
  if (current !== undefined && sessions.takesMore(current) && !(isText && current.isBounded)) {
    if (id === undefined) return { message: current, operations: [] }
    // Thoughts without an id are of the message that they come before.
    if (current.id === undefined && current.runs.every(({ kind }) => kind === 'thinking')) {
      current.id = id
      session.byId.set(id, current)
      return { message: current, operations: [{ op: 'meta', choice: current.choice, id }] }
    }
  }
  return sessions.begin(session, turn, id)
}

/** One chunk of a message. */
export function translatePiece(sessions: Sessions, session: Session, update: JsonObject): Operation[] {
  const { content } = update
  if (!isObject(content) && typeof content !== 'string') return [malformed(update, session.current?.choice ?? 0)]
  const text = textOf(content)
  if (text === '') return []
  const id = idOf(update.messageId)
  const place = messageFor(sessions, session, id, true)
  if (place === undefined) return [lateEvent(session, `${kindOf(update)} ${id ?? ''}`)]
  const { message, operations } = place
  if (id !== undefined) session.current = message
  if (text === undefined) return [...operations, ...media(message, isObject(content) ? content : {})]
  const isThought = kindOf(update).startsWith('agentthought')
  if (!isThought) noteText(message.turn, text)
  const run = runOf(message, isThought ? 'thinking' : 'text', operations)
  run.length += text.length
  const { choice } = message
  operations.push({ op: 'append', choice, key: run.key, kind: run.kind, text })
  const wire = copyFields(update, NOT_OF_CHUNK)
  const own = isObject(content) ? copyFields(content, TEXT_ITSELF) : {}
  if (Object.keys(wire).length > 0) own.chunk = wire
  if (Object.keys(own).length > 0) operations.push({ op: 'patch', choice, key: run.key, kind: run.kind, wire: own })
  return operations
}

function textOf(content: unknown): string | undefined {
  if (typeof content === 'string') return content
  return isObject(content) && content.type === 'text' && typeof content.text === 'string' ? content.text : undefined
}

/** The run that goes on, or one that begins. */
function runOf(message: OpenMessage, kind: Run['kind'], operations: Operation[]): Run {
  const { choice, run } = message
  if (run?.kind === kind) return run
  endRun(message, operations)
  const next = { kind, key: `${kind}:${message.pieces}`, length: 0 }
  message.pieces += 1
  message.run = next
  message.runs.push(next)
  operations.push({ op: 'open', choice, key: next.key, kind })
  return next
}

function endRun(message: OpenMessage, operations: Operation[]): void {
  const { choice, run } = message
  if (run !== undefined) operations.push({ op: 'close', choice, key: run.key })
  message.run = undefined
}

/** An image, audio, a resource: whole in one chunk. */
function media(message: OpenMessage, content: JsonObject): Operation[] {
  const operations: Operation[] = []
  endRun(message, operations)
  message.turn.hasMore = true
  const { choice } = message
  const key = `content:${message.pieces}`
  message.pieces += 1
  const { type, data } = content
  const isMedia = (type === 'image' || type === 'audio') && typeof data === 'string'
  if (isMedia) {
    const wire = copyFields(content, DATA_ITSELF)
    operations.push({ op: 'open', choice, key, kind: 'media', wire, items: [data] })
  } else {
    operations.push({ op: 'open', choice, key, kind: 'other', wire: copyFields(content) })
    const isKnown = isMedia || type === 'resource' || type === 'resource_link'
    if (!isKnown) operations.push({ op: 'anomaly', choice, kind: 'unknown_block', detail: String(jsonText(type)), key })
  }
  return [...operations, { op: 'close', choice, key }]
}

/** A message as a whole, in place of its chunks: its text is spread over the pieces that are there. */
function wholeMessage(sessions: Sessions, session: Session, update: JsonObject): Operation[] {
  const id = idOf(update.messageId)
  const items = Array.isArray(update.content) ? update.content : []
  const place = messageFor(sessions, session, id, true)
  if (place === undefined) return [lateEvent(session, `${kindOf(update)} ${id ?? ''}`)]
  const { message, operations } = place
  session.current = message
  const { choice } = message
  const kind = kindOf(update) === 'agentthought' ? 'thinking' : 'text'
  const wire = copyFields(update, NOT_OF_CHUNK)
  if (Object.keys(wire).length > 0) operations.push({ op: 'meta', choice, wire })
  let text = items.map((item) => textOf(item) ?? '').join('')
  const isNew = message.pieces === 0
  if (text !== '' && !message.runs.some((run) => run.kind === kind)) runOf(message, kind, operations)
  if (kind === 'text' && text !== '') {
    message.turn.text = ''
    noteText(message.turn, text)
  }
  const runs = message.runs.filter((run) => run.kind === kind)
  for (const run of runs) {
    const own = run === runs.at(-1) ? text : text.slice(0, run.length)
    text = text.slice(own.length)
    // Else each whole message would cost as much as there are pieces.
    if (own === '' && run.length === 0) continue
    run.length = own.length
    operations.push({ op: 'snapshot', choice, key: run.key, kind, rank: 2, text: own, isRenewed: true })
  }
  // What is no text is sent in chunks, or in a message that is new; which of the two an item was cannot be told later.
  if (isNew)
    for (const item of items) if (textOf(item) === undefined && isObject(item)) operations.push(...media(message, item))
  return operations
}

function toolCall(sessions: Sessions, session: Session, kind: string, update: JsonObject): Operation[] {
  const id = idOf(update.toolCallId)
  if (id === undefined) return [malformed(update, session.current?.choice ?? 0)]
  const known = session.byCall.get(id)
  if (known === undefined && sessions.isOver(session, 'call', id)) return [lateEvent(session, `${kind} ${id}`)]
  const place =
    known === undefined ? messageFor(sessions, session, undefined, false) : { message: known, operations: [] }
  if (place === undefined) return []
  const { message, operations } = place
  const { choice } = message
  const key = `call:${id}`
  const call: Call = message.calls.get(id) ?? { id, isNamed: false, input: 'none', isOver: false }
  const isFirst = known === undefined
  const name = nonEmpty(update.name) ?? nonEmpty(update.title) ?? nonEmpty(update.kind)
  const isOver = OVER.has(update.status)
  const fields: BlockFields = {
    id,
    origin: 'provider',
    // It keeps the name under which it was shown.
    ...(call.isNamed ? {} : { name: name ?? (isOver ? 'other' : null) }),
  }
  call.isNamed ||= name !== undefined || isOver
  const status = !isOver && nonEmpty(update.status) !== undefined ? { status: copyJson(update.status) ?? null } : {}
  const wire = kind === 'toolcallcontentchunk' ? {} : { ...copyFields(update, NOT_OF_CALL), ...status }
  if (isFirst) {
    endRun(message, operations)
    message.calls.set(id, call)
    session.byCall.set(id, message)
    message.pieces += 1
    message.pending += 1
    message.turn.hasMore = true
    message.isBounded = true
    operations.push({ op: 'open', choice, key, kind: 'tool_call', fields, wire })
  } else operations.push({ op: 'patch', choice, key, kind: 'tool_call', fields, wire })
  operations.push(...inputOf(call, message, update, isOver), ...resultOf(call, message, kind, update, isOver))
  if (isOver && !call.isOver) {
    call.isOver = true
    message.pending -= 1
    if (message.pending === 0 && mayFinish(session, message)) operations.push(...sessions.finish(session, message))
  }
  return operations
}

/** It waited for its calls alone. */
function mayFinish(session: Session, message: OpenMessage): boolean {
  const isWaiting = message.turn.last === message || (session.hasStates && message.id !== undefined)
  return !isWaiting && message.turn.answer === undefined
}

/**
 * The arguments are sent whole each time. An agent that has none yet may write what it has of them as its content (Kimi does): a text that
 * begins as JSON does.
 */
function inputOf(call: Call, { choice }: OpenMessage, update: JsonObject, isOver: boolean): Operation[] {
  const key = `call:${call.id}`
  const closing = isOver ? { closes: true as const } : {}
  const { rawInput } = update
  let text: string | undefined
  let fields: BlockFields = {}
  if (rawInput !== undefined && rawInput !== null) {
    const isNothing = isObject(rawInput) && Object.keys(rawInput).length === 0
    text = isNothing ? '' : (jsonText(rawInput) ?? '')
    if (text !== '') call.input = 'rawInput'
    if (typeof rawInput === 'string' && !/^\s*(\{|$)/.test(rawInput)) fields = { freeText: 'rawInput' }
  } else if (!isOver && call.input !== 'rawInput') {
    text = draftOf(update.content)
    if (text !== undefined) call.input = 'content'
  }
  if (text === undefined && !isOver) return []
  const rank = call.input === 'rawInput' ? 2 : 1
  return [
    {
      op: 'snapshot',
      choice,
      key,
      kind: 'tool_call',
      rank,
      fields,
      isRenewed: true,
      ...(text ? { text } : {}),
      ...closing,
    },
  ]
}

/** The beginning of a JSON object, if that is all there is. */
function draftOf(content: unknown): string | undefined {
  const [item, ...others]: unknown[] = Array.isArray(content) ? content : []
  if (others.length > 0 || !isObject(item)) return undefined
  const text = textOf(item.type === 'content' ? item.content : item)
  return text !== undefined && /^\s*\{/.test(text) ? text : undefined
}

/** What came out of the call: it stands as far as it has come, and is whole when the call is over. */
function resultOf(call: Call, { choice }: OpenMessage, kind: string, update: JsonObject, isOver: boolean): Operation[] {
  const key = `result:${call.id}`
  const block = { choice, key, kind: 'tool_result' as const }
  if (kind === 'toolcallcontentchunk') {
    const item: JsonValue = copyJson(update.content) ?? null
    return [
      { op: 'snapshot', ...block, rank: 1, fields: { callId: call.id } },
      { op: 'list', ...block, item },
    ]
  }
  const isDraft = !isOver && call.input === 'content' && draftOf(update.content) !== undefined
  const items = Array.isArray(update.content) && !isDraft ? update.content : []
  const rawOutput = update.rawOutput ?? update.output ?? undefined
  if (!isOver && items.length === 0 && rawOutput === undefined) return []
  const fields: BlockFields = {
    callId: call.id,
    ...(isOver ? { isError: update.status !== 'completed' } : {}),
    ...(rawOutput === undefined ? {} : { content: rawOutput }),
  }
  const wire: JsonObject = {
    ...(isOver ? { status: copyJson(update.status) ?? null } : {}),
    ...(rawOutput === undefined ? {} : { rawOutput: copyJson(rawOutput) ?? null }),
  }
  const closing = isOver ? { closes: true as const } : {}
  return [{ op: 'snapshot', ...block, rank: 1, fields, wire, items: [...items], ...closing }]
}

/** A plan stands with the words before it; text that follows is the next message. */
function plan(sessions: Sessions, session: Session, update: JsonObject): Operation[] {
  const place = messageFor(sessions, session, undefined, false)
  if (place === undefined) return []
  const { message, operations } = place
  message.isBounded ||= message.pieces > 0
  message.turn.hasMore = true
  return [...operations, { op: 'meta', choice: message.choice, wire: { plan: copyFields(update, NOT_OF_PLAN) } }]
}

/** How full the context is, and what the session costs; some agents count the tokens of the turn here. */
function usage(session: Session, update: JsonObject): Operation[] {
  const turn = (session.turn ??= createTurn())
  countTokens(turn, isObject(update.usage) ? update.usage : update)
  const { current } = session
  const { counted } = turn
  const operations = counted !== undefined && session.open.has(counted) ? usageOf(counted, turn) : []
  if (current === undefined) return operations
  return [...operations, { op: 'meta', choice: current.choice, wire: { context: copyFields(update, NOT_OF_PLAN) } }]
}
