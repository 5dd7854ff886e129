/** How a turn of an ACP session ends. */
import { copyFields, isObject, type JsonObject } from '../json.ts'
import type { OutcomeError, StopReason } from '../message.ts'
import type { Operation } from '../operation.ts'
import {
  countTokens,
  lateEvent,
  nameCalls,
  stopOf,
  usageOf,
  type OpenMessage,
  type Session,
  type Sessions,
  type Turn,
} from './acp-sessions.ts'

const REPORT = /^\W*(API call failed\b|API error\b|\[?error\]?:)/i

const NOT_META: ReadonlySet<string> = new Set([
  'stopReason',
  'usage',
  'error',
  'sessionUpdate',
  'type',
  'state',
  'sessionId',
])

interface Answer {
  readonly reason: StopReason | undefined
  readonly raw: string | undefined
  readonly error: OutcomeError | undefined
  readonly body: JsonObject
}

/** The turn was answered. Its messages stay open for what is late; the last of them is told why. */
export function answerTurn(
  sessions: Sessions,
  session: Session,
  turn: Turn,
  { reason, raw, error, body }: Answer,
): Operation[] {
  const isFirst = turn.answer === undefined
  const isEmpty = turn.last === undefined
  const operations = isEmpty ? sessions.begin(session, turn).operations : []
  const { last } = turn
  if (last === undefined || !session.open.has(last)) return [...operations, lateEvent(session, 'answer')]
  const { choice } = last
  if (isObject(body.usage)) countTokens(turn, body.usage)
  operations.push(...countedOn(last, turn))
  const wire = copyFields(body, NOT_META)
  if (Object.keys(wire).length > 0) operations.push({ op: 'meta', choice, wire })
  const isDoubtful = isEmpty || (!turn.hasMore && REPORT.test(turn.text))
  if (isFirst && reason === 'end_turn' && isDoubtful) {
    operations.push({ op: 'anomaly', choice, kind: 'doubtful_end', detail: turn.text })
  }
  if (isFirst) {
    turn.answer = { ...(reason === undefined ? {} : { reason }), ...(raw === undefined ? {} : { raw }) }
    operations.push(...stopOf(last))
  } else if (reason !== undefined && raw !== undefined) operations.push({ op: 'stop', choice, reason, raw })
  if (error !== undefined) operations.push({ op: 'fail', choice, strength: 'soft', error })
  operations.push({ op: 'terminal', choice, strength: 'soft' })
  return operations
}

/** The prompt was answered with an error. */
export function failTurn(sessions: Sessions, session: Session, turn: Turn, error: OutcomeError): Operation[] {
  const operations = turn.last === undefined ? sessions.begin(session, turn).operations : []
  turn.answer = {}
  const { last } = turn
  if (last === undefined) return operations
  return [
    ...operations,
    ...countedOn(last, turn),
    ...nameCalls(last),
    { op: 'fail', choice: last.choice, strength: 'soft', error },
  ]
}

/** The counts of a turn are told to the message that is its last when it ends, and to no other that comes later. */
export function countedOn(message: OpenMessage, turn: Turn): Operation[] {
  turn.counted ??= message
  return turn.counted === message ? usageOf(message, turn) : []
}
