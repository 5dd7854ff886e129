/**
 * The Agent Client Protocol, versions 1 and 2 (agentclientprotocol.com/protocol/v1/prompt-turn, …/v2/prompt-lifecycle, …/v1/tool-calls,
 * …/v1/session-setup#loading-sessions, rfds/message-id): the JSON-RPC messages of a connection, of one direction or of both, the params of
 * `session/update` as an SDK's client gets them, bare updates, and the answer to a prompt.
 *
 * Which message a piece belongs to:
 *
 * - Chunks with a `messageId` are one message per id. Without one, text and thoughts after a tool call or after a plan are the next
 *   message, and anything after what the user said is. That is how a model writes: a few words, its calls, and once it has their results
 *   the next few words; a reader sees a bubble for each. Calls and plans stay with the words before them.
 * - A call is in the message in which it began, whatever comes later about it. The agent runs it, so it is never handed out.
 * - A message is over when the next one of its turn begins and its own calls are over. The last one waits: what comes after the answer to
 *   the prompt still counts, until the next prompt, the next turn, or the end of the input. In version 2, where chunks of messages may
 *   interleave, all of a turn wait for `state_update` with `idle`, which says that nothing follows.
 * - Of a source that shows no requests, text without an id after the answer may be late, or the next turn. Of up to four such chunks it is
 *   held back which they are: more of them, a thought, a call or another answer is the next turn.
 * - What comes between a request to load or resume a session and its next prompt is history; so is what comes of a message or a call that
 *   is over (the anomaly `late_event`). Neither is a message.
 *
 * What failed: an error as the answer (JSON-RPC), `idle` with an error, an error in the `_meta` of the answer, a turn that was cancelled.
 * An answer that says `end_turn` of an empty turn, or of one that consists of an error report, is only the anomaly `doubtful_end`: some
 * agents hide a failure of their provider so, and words about a failure may as well be the answer. A refusal is an answer, as everywhere.
 *
 * Ignored on purpose: what the user said, permission requests and all other requests and answers of the connection, commands, modes,
 * options, facts about the session, notices, compactions, terminals, subagents and messages between sessions, states other than `idle`,
 * `null` for a field (it would take something away), empty chunks.
 */
import { copyFields, copyJson, isObject, nonEmpty, wordOf, type JsonObject } from '../json.ts'
import type { OutcomeError, StopReason } from '../message.ts'
import type { Operation } from '../operation.ts'
import { answerTurn, countedOn, failTurn } from './acp-answers.ts'
import { toNative } from './acp-native.ts'
import { createTurn, nameCalls, Sessions, type Session, type Turn } from './acp-sessions.ts'
import { idOf, isReplayed, kindOf, releaseHeld, translateUpdate, updateOf } from './acp-updates.ts'
import type { Beginning, DialectDefinition, ProviderEvent, Translate } from './dialect.ts'
import { readError } from './error.ts'
import { malformed } from './malformed.ts'

export const acp: DialectDefinition<'acp'> = {
  name: 'acp',
  opensBlocks: true,
  recognisesReplay: 'at_begin',
  endsBy: 'event',
  carriesMany: true,
  joinsMessages: true,
  answersCalls: true,
  createTranslate,
  looksLike,
  begins,
  toNative,
}

const REQUESTS_OF_CLIENT = /^(initialize|authenticate|logout|(auth|session|providers|tool_call|terminal)\/\w+)$/
const REQUESTS_OF_AGENT = /^(session\/request_permission|fs\/\w+|terminal\/\w+|elicitation\/\w+)$/
const STOP_REASONS: ReadonlyMap<string, StopReason> = new Map([
  ['end_turn', 'end_turn'],
  ['max_tokens', 'max_tokens'],
  // It could go on if it were asked to.
  ['max_turn_requests', 'pause'],
  ['refusal', 'refusal'],
  ['error', 'error'],
])
const OF_ANSWER: ReadonlySet<string> = new Set([
  'stopReason',
  'usage',
  '_meta',
  'userMessageId',
  'messageId',
  'sessionId',
])

/** Requests whose answer is still to come, and answers that came, of which as many are remembered. */
const MAX_REQUESTS = 256
const MAX_ID_LENGTH = 512

function looksLike({ payload, name }: ProviderEvent): 'yes' | 'no' | 'maybe' | 'empty' {
  if (!isObject(payload)) return 'no'
  if (isRpc(payload)) {
    const { method, result, params } = payload
    if (typeof method === 'string') {
      if (method.startsWith('session/') || method.startsWith('fs/')) return 'yes'
      const version = isObject(params) ? params.protocolVersion : undefined
      return method === 'initialize' && typeof version === 'number' ? 'yes' : 'maybe'
    }
    if (!isObject(result)) return 'maybe'
    const isKnown = isObject(result.agentCapabilities) || STOP_WORDS.has(wordOf(result.stopReason))
    return isKnown || typeof result.sessionId === 'string' ? 'yes' : 'maybe'
  }
  if (updateOf(payload) !== undefined) return 'yes'
  if (isSdkMessage(payload)) return 'yes'
  const isAnswer = STOP_WORDS.has(wordOf(payload.stopReason)) && Object.keys(payload).every((key) => OF_ANSWER.has(key))
  return isAnswer && name === undefined ? 'yes' : 'no'
}

const STOP_WORDS: ReadonlySet<string> = new Set([...STOP_REASONS.keys(), 'cancelled'])

function isRpc(payload: JsonObject): boolean {
  return payload.jsonrpc === '2.0' && (typeof payload.method === 'string' || 'id' in payload)
}

/** What the SDK's `ActiveSession` gives. */
function isSdkMessage({ kind, notification, response }: JsonObject): boolean {
  return (kind === 'session_update' && isObject(notification)) || (kind === 'stop' && isObject(response))
}

function begins({ payload }: ProviderEvent, known: string | undefined): Beginning {
  const params = isObject(payload) && isRpc(payload) ? payload.params : payload
  const found = isObject(params) ? updateOf(params) : undefined
  const kind = found === undefined ? '' : kindOf(found.update)
  if (found === undefined || !/^agent|^toolcall/.test(kind)) return 'unknown'
  const id = idOf(found.update.messageId)
  return id !== undefined && id === known ? 'same' : 'other'
}

interface Request {
  readonly kind: 'prompt' | 'load'
  readonly session: Session
  readonly turn: Turn | undefined
  /** Another prompt's turn went on with it. */
  readonly hasJoined: boolean
}

function createTranslate(): Translate {
  const sessions = new Sessions()
  /** By the id of the request. */
  const requests = new Map<string, Request>()
  const answered = new Map<string, { readonly session: Session; readonly turn: Turn }>()
  const ofAgent = new Set<string>()
  let seesRequests = false
  let stray: OutcomeError | undefined

  function request(method: string, id: string | undefined, params: JsonObject): Operation[] {
    if (REQUESTS_OF_AGENT.test(method)) {
      if (id !== undefined) keep(ofAgent, id)
      return []
    }
    if (!REQUESTS_OF_CLIENT.test(method)) return method.startsWith('$/') ? [] : [unknown(method, params)]
    seesRequests = true
    // A request that is sent again is the same.
    if (id === undefined || requests.has(id) || answered.has(id)) return []
    if (method === 'session/prompt') return prompt(id, sessions.of(idOf(params.sessionId)))
    if (method === 'session/load' || method === 'session/resume') {
      const session = sessions.of(idOf(params.sessionId))
      session.isReplaying = true
      keep(requests, id, { kind: 'load', session, turn: undefined, hasJoined: false })
    }
    return []
  }

  function prompt(id: string, session: Session): Operation[] {
    const operations = releaseHeld(sessions, session, 'late')
    const { turn } = session
    session.isReplaying = false
    const hasJoined = session.hasStates && turn !== undefined && turn.answer === undefined
    if (!hasJoined) operations.push(...sessions.beginTurn(session, createTurn()))
    keep(requests, id, { kind: 'prompt', session, turn: session.turn, hasJoined })
    return operations
  }

  function response(id: string, payload: JsonObject): Operation[] {
    const { result, error } = payload
    const raw = isObject(result) ? nonEmpty(result.stopReason) : undefined
    const known = requests.get(id)
    if (raw === undefined && ofAgent.delete(id)) return []
    requests.delete(id)
    if (isObject(result) && raw !== undefined) {
      if (known?.kind === 'load') return []
      return answer(result, known === undefined ? turnOfAnswer(id) : known, id)
    }
    if (error === undefined || error === null) {
      if (known?.turn !== undefined) keep(answered, id, { session: known.session, turn: known.turn })
      return []
    }
    const failure = errorOf(error)
    if (known?.kind === 'load') known.session.isReplaying = false
    if (known?.kind === 'prompt') {
      const { session, hasJoined } = known
      const turn = hasJoined || known.turn === undefined ? createTurn() : known.turn
      keep(answered, id, { session, turn })
      const operations = failTurn(sessions, session, turn, failure)
      // It has nothing to do with the work that goes on.
      if (hasJoined && turn.last !== undefined) operations.push(...sessions.finish(session, turn.last))
      return operations
    }
    // Which request it answers is not shown: it counts if no other answer comes.
    if (seesRequests || answered.has(id)) return []
    const waiting = sessions.unanswered?.turn
    if (waiting === undefined) stray = failure
    else waiting.error = failure
    return []
  }

  /** The turn that an answer ends whose request is not shown. */
  function turnOfAnswer(id: string | undefined): { readonly session: Session; readonly turn: Turn | undefined } {
    const again = id === undefined ? undefined : answered.get(id)
    return again ?? sessions.unanswered ?? { session: sessions.last ?? sessions.of(undefined), turn: undefined }
  }

  function answer(
    body: JsonObject,
    { session, turn: known }: { readonly session: Session; readonly turn: Turn | undefined },
    id: string | undefined,
  ): Operation[] {
    const operations: Operation[] = []
    let turn = known
    if (turn === undefined && session.held.length > 0) {
      operations.push(...releaseHeld(sessions, session, 'next'))
      turn = session.turn
    }
    // Without an id that tells them apart a second answer to nothing is the first one again.
    if (turn === undefined && id === undefined) turn = session.turn
    turn ??= session.turn = createTurn()
    if (id !== undefined) keep(answered, id, { session, turn })
    return [...operations, ...end(session, turn, body)]
  }

  function end(session: Session, turn: Turn, body: JsonObject): Operation[] {
    const raw = nonEmpty(body.stopReason)
    const told = isObject(body._meta) ? body._meta.error : undefined
    const reported = raw === 'error' ? (body.error ?? {}) : told
    const failure = reported === undefined || reported === null || reported === '' ? undefined : errorOf(reported)
    const isCancelled = raw === 'cancelled'
    const error =
      failure ??
      (isCancelled ? { class: 'unknown' as const, retryable: false, message: 'the turn was cancelled' } : undefined)
    const reason = raw === undefined ? undefined : (STOP_REASONS.get(raw) ?? 'unknown')
    return answerTurn(sessions, session, turn, { reason, raw, error, body })
  }

  function update(session: Session, kind: string, fields: JsonObject): Operation[] {
    if (kind === 'stateupdate') return state(session, fields)
    if (kind === 'turnend') return answer(fields, turnOfAnswer(undefined), undefined)
    if (isReplayed(sessions, session, kind, fields)) return []
    return translateUpdate({ sessions, session, seesRequests }, kind, fields)
  }

  function state(session: Session, fields: JsonObject): Operation[] {
    session.hasStates = true
    const { turn } = session
    const isWaiting = turn !== undefined && turn.answer === undefined
    if (fields.state === 'running' || fields.state === 'requires_action') {
      session.isReplaying = false
      if (isWaiting) {
        turn.isRunning = true
        return []
      }
      return sessions.beginTurn(session, { ...createTurn(), isRunning: true })
    }
    // A state that is told again, or of a session that did nothing, ends nothing.
    const hasWorked = isWaiting && (turn.isRunning || turn.last !== undefined)
    if (fields.state !== 'idle' || !hasWorked || session.isReplaying) return []
    return [...end(session, turn, fields), ...sessions.finishAnswered(session)]
  }

  function translate(payload: JsonObject): Operation[] {
    const isOfRpc = isRpc(payload) || typeof payload.method === 'string'
    if (isOfRpc && typeof payload.method !== 'string') return response(requestId(payload.id) ?? 'null', payload)
    const params = isOfRpc ? payload.params : payload
    if (isOfRpc && payload.method !== 'session/update') {
      return request(wordOf(payload.method), requestId(payload.id), isObject(params) ? params : {})
    }
    if (!isObject(params)) return [malformed(payload, 0)]
    if (params.kind === 'session_update' && isObject(params.notification)) return translate(params.notification)
    if (params.kind === 'stop' && isObject(params.response)) return translate(params.response)
    const found = updateOf(params)
    if (found !== undefined) return update(sessions.of(found.sessionId), kindOf(found.update), found.update)
    if (nonEmpty(params.stopReason) !== undefined) {
      const id = idOf(params.sessionId)
      const of = id === undefined ? undefined : sessions.of(id)
      const turn = of?.turn?.answer === undefined ? of?.turn : undefined
      return answer(params, of === undefined ? turnOfAnswer(undefined) : { session: of, turn }, undefined)
    }
    if (payload.error) return [{ op: 'fail', choice: 'all', error: errorOf(payload.error) }]
    return [unknown(isOfRpc ? 'session/update' : 'no update', payload)]
  }

  function unknown(detail: string, value: JsonObject): Operation {
    const choice = sessions.last?.current?.choice ?? 0
    return { op: 'anomaly', choice, kind: 'unknown_event', detail, value: copyJson(value) ?? null }
  }

  return Object.assign(
    ({ payload }: ProviderEvent) => ({ operations: isObject(payload) ? translate(payload) : [malformed(payload, 0)] }),
    {
      end() {
        const operations: Operation[] = []
        for (const session of sessions) {
          operations.push(...releaseHeld(sessions, session, 'late'))
          const { turn } = session
          if (turn?.error !== undefined && turn.answer === undefined) {
            operations.push(...failTurn(sessions, session, turn, turn.error))
          }
          operations.push(...sessions.finishAnswered(session))
          for (const message of session.open) {
            const isLast = message.turn.last === message
            operations.push(...nameCalls(message), ...(isLast ? countedOn(message, message.turn) : []))
          }
        }
        if (stray !== undefined && sessions.isUnused) operations.push({ op: 'fail', choice: 0, error: stray })
        return { operations }
      },
    },
  )
}

function keep<T>(into: Map<string, T>, id: string, value: T): void
function keep(into: Set<string>, id: string): void
function keep<T>(into: Map<string, T> | Set<string>, id: string, value?: T): void {
  if (into instanceof Set) into.add(id)
  else if (value !== undefined) into.set(id, value)
  for (const oldest of into.keys()) {
    if (into.size <= MAX_REQUESTS) return
    into.delete(oldest)
  }
}

/** The id of a request: 1 and "1" are two. */
function requestId(id: unknown): string | undefined {
  if (typeof id === 'number') return String(id)
  return typeof id === 'string' && id.length <= MAX_ID_LENGTH ? JSON.stringify(id) : undefined
}

const CLASS_OF_CODE: ReadonlyMap<unknown, OutcomeError['class']> = new Map<unknown, OutcomeError['class']>([
  [-32000, 'auth'],
  [-32600, 'invalid_request'],
  [-32601, 'invalid_request'],
  [-32602, 'invalid_request'],
  [-32002, 'invalid_request'],
])

/** A JSON-RPC error. What the provider behind the agent said stands in its `data`, if anywhere. */
function errorOf(error: unknown): OutcomeError {
  const fields = isObject(error) ? error : {}
  const read = readError({ error: isObject(error) ? copyFields(error) : (copyJson(error) ?? null) })
  const known = CLASS_OF_CODE.get(fields.code)
  if (known !== undefined) return { ...read, class: known }
  const inner = isObject(fields.data) ? readError(copyFields(fields.data)) : undefined
  if (read.class !== 'unknown' || inner === undefined) return read
  return { ...read, class: inner.class, retryable: read.retryable || inner.retryable }
}
