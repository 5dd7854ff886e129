/**
 * The lines that Claude Code writes with `--output-format stream-json`, with `--include-partial-messages` or without, and the objects
 * that its Agent SDK gives (code.claude.com/docs/en/headless, code.claude.com/docs/en/agent-sdk/streaming-output and …/typescript).
 *
 * A line is a record. `stream_event` holds an event of the Messages API, `assistant` a finished block of a message (several records have
 * its id), `user` the results of tools, `result` the end of the agent's turn. A lane is what has one `parent_tool_use_id`: the agent, or
 * one of the agents that it runs. Lanes interleave, the messages of one lane follow each other. So a message is
 * - begun by its first stream event or record, whichever comes first; if by the event, its records only fill in what is missing;
 * - over when its stream says so; without one when the next message of the lane begins, or the turn's result comes. A tool's result is
 *   no end: tools run while the message is still streaming, and more of its records follow.
 * Of the agent itself a message with a final stop reason, or with an error, stays open for the turn's `result`, which stands in its wire
 * fields. A turn that fails and has no message to bear that is a message of its own, without content; so is a result that comes alone
 * (`--output-format json`), with its text.
 *
 * Records have no stop reason, only the result has. When the agent asks the model to go on and no tool was called, the answer before may
 * have been cut: without stream events it is not taken for whole, which also holds where only a stop hook made the agent go on. Nor is one
 * of the agent itself that has no call, and behind which the next message comes with nothing in between.
 *
 * The agent runs its tools by itself, so the calls are the provider's: none is handed out to be run twice.
 *
 * Ignored on purpose: `user` records but for which calls they answer (they are no answer of the model, and may come after the message of
 * their call has ended), what is marked as a replay of history, records of a message that has ended, `system` records, and all that is
 * in `ASIDE`.
 */
import { copyFields, copyJson, isObject, nonEmpty, wordOf, type JsonObject, type JsonValue } from '../json.ts'
import type { AssistantMessage, ErrorClass, OutcomeError } from '../message.ts'
import type { CallSign, Operation, Translation } from '../operation.ts'
import { anthropicMessages } from './anthropic-messages.ts'
import { isCurrent, Lanes, MAIN, withoutNull, type Current, type Lane } from './claude-code-lanes.ts'
import type { Beginning, DialectDefinition, ProviderEvent, Translate } from './dialect.ts'
import { readError, reportsError } from './error.ts'
import { malformed } from './malformed.ts'

type Operations = readonly Operation[]

/** Where a message's wire fields hold what is the agent's, and no part of the API's message. */
const OWN = 'claude_code'

/** Records beside the conversation: they say nothing of a message. */
const ASIDE: ReadonlySet<string> = new Set([
  'active_goal',
  'auth_status',
  'command_lifecycle',
  'control_cancel_request',
  'control_request',
  'control_response',
  'conversation_reset',
  'keep_alive',
  'prompt_suggestion',
  'rate_limit_event',
  'tool_progress',
  'tool_use_summary',
])

const NOT_EVENT_FACTS: ReadonlySet<string> = new Set(['type', 'event', 'uuid', 'api_message_id'])
const NOT_RECORD_FACTS: ReadonlySet<string> = new Set(['type', 'message', 'uuid', 'timestamp'])
const NOT_RESULT_FACTS: ReadonlySet<string> = new Set(['type', 'uuid', 'session_id'])

/** Behind these the agent goes on by itself: the turn's result does not follow. */
const GOES_ON: ReadonlySet<string> = new Set(['tool_calls', 'pause'])

/** The turn was ended by a limit between two messages, not within one. */
const BETWEEN_MESSAGES: ReadonlySet<unknown> = new Set([
  'error_max_turns',
  'error_max_budget_usd',
  'error_max_structured_output_retries',
])

/** What a record's `error` says, where the status of the API and its own word are not there. */
const CLASS_OF_ERROR: ReadonlyMap<string, ErrorClass> = new Map<string, ErrorClass>([
  ['authentication_failed', 'auth'],
  ['oauth_org_not_allowed', 'auth'],
  ['account_on_hold', 'auth'],
  ['verification_required', 'auth'],
  ['billing_error', 'auth'],
  ['cloud_credential_error', 'auth'],
  ['rate_limit', 'rate_limit'],
  ['overloaded', 'overloaded'],
  ['invalid_request', 'invalid_request'],
  ['model_not_found', 'invalid_request'],
])

export const claudeCode: DialectDefinition<'claude-code'> = {
  name: 'claude-code',
  opensBlocks: true,
  recognisesReplay: 'at_begin',
  endsBy: 'event',
  carriesMany: true,
  joinsMessages: true,
  answersCalls: true,
  createTranslate,
  looksLike,
  begins,
  toNative: (messages) => {
    const [first, ...others] = messages.map(messageToNative)
    return others.length === 0 ? (first ?? null) : [first ?? null, ...others]
  },
}

/** The files in which it keeps its sessions have `sessionId` in its stead: they are no stream. */
function looksLike({ payload }: ProviderEvent): 'yes' | 'no' | 'empty' {
  if (!isObject(payload)) return 'no'
  const { type } = payload
  if (type === 'keep_alive') return 'empty'
  if (typeof payload.session_id !== 'string') return 'no'
  switch (type) {
    case 'stream_event':
      return isObject(payload.event) ? 'yes' : 'no'
    case 'assistant':
    case 'user':
      return isObject(payload.message) ? 'yes' : 'no'
    case 'system':
    case 'result':
      return typeof payload.subtype === 'string' ? 'yes' : 'no'
    default:
      return typeof type === 'string' && ASIDE.has(type) ? 'yes' : 'no'
  }
}

function begins({ payload }: ProviderEvent, known: string | undefined): Beginning {
  if (!isObject(payload)) return 'unknown'
  if (payload.type === 'result') return 'nothing'
  const event = payload.type === 'stream_event' && isObject(payload.event) ? payload.event : {}
  const isBegin = event.type === 'message_start'
  if (!isBegin && payload.type !== 'assistant') return payload.type === 'stream_event' ? 'nothing' : 'unknown'
  const id = idOf(isBegin ? event.message : payload.message)
  return id !== undefined && id === known ? 'same' : 'other'
}

function idOf(message: unknown): string | undefined {
  return isObject(message) ? nonEmpty(message.id) : undefined
}

function createTranslate(): Translate {
  const lanes = new Lanes()
  const whole = anthropicMessages.createTranslate()
  /** The agent's last message of this turn has failed. */
  let hasFailed = false
  /** The agent has begun a message in this turn. */
  let hasMessage = false

  function translate({ payload }: ProviderEvent): Translation {
    if (!isObject(payload)) return { operations: [malformed(payload)] }
    switch (payload.type) {
      case 'stream_event':
        return { operations: translateStreamEvent(payload), calls: parentOf(payload) }
      case 'assistant':
        return { operations: payload.isReplay === true ? [] : translateRecord(payload), calls: parentOf(payload) }
      case 'user':
        return payload.isReplay === true ? { operations: [] } : translateUser(payload)
      case 'result':
        return { operations: translateResult(payload) }
      case 'system':
        return { operations: payload.subtype === 'task_notification' ? endTask(payload) : [], calls: parentOf(payload) }
      case 'tool_progress':
        return { operations: [], calls: [...parentOf(payload), ...signOf(payload.tool_use_id, 'running')] }
      default:
        return { operations: translateOther(payload) }
    }
  }

  function translateOther(payload: JsonObject): Operations {
    const type = wordOf(payload.type)
    if (ASIDE.has(type)) return []
    if (type === 'error' || (payload.type === undefined && reportsError({ payload }))) {
      lanes.clear()
      hasFailed = true
      return [{ op: 'fail', choice: 'all', error: readError(payload) }]
    }
    return [{ op: 'anomaly', choice: MAIN, kind: 'unknown_event', detail: type, value: copyJson(payload) ?? null }]
  }

  function translateStreamEvent(payload: JsonObject): Operations {
    const { event } = payload
    if (!isObject(event)) return [malformed(payload)]
    const lane = lanes.of(payload.parent_tool_use_id)
    if (event.type === 'message_start') return startStream(lane, payload, event)
    if (lane.isSkipped) {
      lane.isSkipped = event.type !== 'message_stop'
      return []
    }
    if (lane.current === undefined) {
      const hasContent = event.type === 'content_block_start' || event.type === 'content_block_delta'
      if (lane.hasBegun || !hasContent) return strayEvent(lane, event)
      enter(lane, undefined, 'stream')
    }
    const { current } = lane
    if (current?.hasHad(payload) === true) {
      return [{ op: 'anomaly', choice: lane.choice, kind: 'duplicate_event', detail: `uuid ${wordOf(payload.uuid)}` }]
    }
    const operations = ofLane(lane, lane.translate({ payload: event }).operations)
    if (current === undefined || event.type === 'content_block_delta') return operations
    current.answer = undefined
    for (const operation of operations) {
      if (operation.op === 'open') current.opened(operation.key, operation.wire?.type, operation.fields?.id)
      if (operation.op === 'stop') current.stop ??= operation.reason
    }
    const failed = operations.find((operation) => operation.op === 'fail')
    if (failed !== undefined) return fail(lane, failed.error)
    if (event.type !== 'message_stop') return operations
    const before = operations.filter(({ op }) => op !== 'terminal')
    if (isObject(payload.abandoned_blocks)) {
      const facts = ownFacts(copyFields({ abandoned_blocks: payload.abandoned_blocks }))
      return [...before, ...facts(lane.choice), ...fail(lane, CUT_OFF)]
    }
    const goesOn = current.stop === undefined || GOES_ON.has(current.stop)
    if (lane.choice === MAIN && (current.hasFailed || !goesOn)) return before
    lane.current = undefined
    return operations
  }

  function startStream(lane: Lane, payload: JsonObject, event: JsonObject): Operations {
    const id = idOf(event.message)
    lane.isSkipped = !isCurrent(lane, id) && lanes.isPast(id)
    if (lane.isSkipped) return [{ op: 'anomaly', choice: MAIN, kind: 'duplicate_event', detail: id ?? '' }]
    const begin = lane.translate({ payload: event }).operations
    const facts = factsOf(payload, NOT_EVENT_FACTS)
    const before = isCurrent(lane, id) ? [] : [...finishFor(lane), ...enter(lane, id, 'stream')]
    if (lane.current !== undefined) {
      lane.current.from = 'stream'
      // That it begins again is for the machine to see; the uuid counts among those that are known.
      lane.current.hasHad(payload)
    }
    return [...before, ...ofLane(lane, begin), ...facts(lane.choice)]
  }

  function translateRecord(payload: JsonObject): Operations {
    const { message } = payload
    if (!isObject(message)) return [malformed(payload)]
    const id = idOf(message)
    const lane = lanes.of(payload.parent_tool_use_id)
    if (!isCurrent(lane, id) && lanes.isPast(id)) return []
    const { content } = message
    const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : content
    const said = whole({ payload: { ...message, type: 'message', content: blocks } }).operations
    const facts = factsOf(payload, NOT_RECORD_FACTS)
    const isNew = !isCurrent(lane, id)
    const before = isNew ? [...finishFor(lane), ...enter(lane, id, 'records')] : []
    const { current } = lane
    if (current === undefined) return before
    const isNamed = !isNew && current.id === undefined && id !== undefined
    if (isNamed) lanes.name(current, id)
    current.answer = undefined
    const operations = [
      ...before,
      ...current.recorded(ofLane(lane, said), nonEmpty(payload.uuid), isNew || isNamed),
      ...facts(lane.choice),
    ]
    if (saysError(payload)) return [...operations, ...fail(lane, errorOf(payload, blocks))]
    return payload.aborted === true ? [...operations, ...fail(lane, INTERRUPTED)] : operations
  }

  function translateUser(payload: JsonObject): Translation {
    const content = isObject(payload.message) ? payload.message.content : undefined
    const calls: CallSign[] = [...parentOf(payload)]
    for (const block of Array.isArray(content) ? content : []) {
      if (!isObject(block) || block.type !== 'tool_result') continue
      calls.push(...signOf(block.tool_use_id, 'answered'))
      const task = lanes.known(block.tool_use_id)
      if (task?.current !== undefined) task.current.answer = block.is_error === true ? 'error' : 'result'
    }
    const { current } = lanes.of(payload.parent_tool_use_id)
    if (current !== undefined) current.mayGoOn = true
    // The agent asks the model to go on: nothing shows that the answer before it was whole.
    if (payload.isSynthetic === true && current?.hasCalls === false) current.isDoubtful = true
    return { operations: [], calls }
  }

  /** An agent that another one ran is through. */
  function endTask({ tool_use_id, status }: JsonObject): Operations {
    const lane = lanes.known(tool_use_id)
    if (lane?.current === undefined) return []
    lane.current.answer = status === 'completed' ? 'result' : 'error'
    return finish(lane)
  }

  function translateResult(payload: JsonObject): Operations {
    const main = lanes.of(undefined)
    const id = nonEmpty(payload.uuid)
    if (lanes.isPast(id)) return []
    const isBad =
      payload.is_error === true || (typeof payload.subtype === 'string' && payload.subtype.startsWith('error'))
    const result = copyFields(payload, NOT_RESULT_FACTS)
    const alone = isBad || hasMessage ? [] : whole({ payload: wholeOf(payload, id) }).operations
    const facts: Operation = { op: 'meta', choice: MAIN, path: [OWN, 'result'], wire: result }
    const operations: Operation[] = lanes.answered().flatMap((lane) => finish(lane))
    const { current } = main
    if (isBad && !hasFailed) {
      // Of a message that is not whole the failure is its own; else it is the turn's, which no message has.
      const isWithin = current !== undefined && current.stop === undefined && !BETWEEN_MESSAGES.has(payload.subtype)
      if (!isWithin)
        operations.push(...finish(main), { op: 'begin', choice: MAIN, ...(id === undefined ? {} : { id }) })
      operations.push(facts, { op: 'fail', choice: MAIN, error: errorOfResult(payload) })
    } else if (current !== undefined) {
      const stop = current.stop === undefined && !current.hasFailed ? stopOf(payload.stop_reason) : []
      if (stop.length > 0) current.stop = 'unknown'
      operations.push(facts, ...stop, ...finish(main))
    } else if (alone.length > 0 && (id !== undefined || !main.hasBegun)) {
      operations.push(...alone.filter(({ op }) => op !== 'terminal'), facts, END)
    }
    main.current = undefined
    main.hasBegun = true
    lanes.turnOver(id)
    hasFailed = false
    hasMessage = false
    return operations
  }

  function stopOf(reason: unknown): Operations {
    if (nonEmpty(reason) === undefined) return []
    return whole({ payload: { type: 'message_delta', delta: { stop_reason: reason } } }).operations
  }

  /** A message begins in the lane. */
  function enter(lane: Lane, id: string | undefined, from: Current['from']): Operations {
    lanes.enter(lane, id, from)
    if (lane.choice === MAIN) {
      hasMessage = true
      hasFailed = false
    }
    return []
  }

  /** The message of the lane is over, since another one begins. What was said to an agent that another one runs need not be told. */
  function finishFor(lane: Lane): Operations {
    if (lane.choice === MAIN) lane.current?.followed()
    return finish(lane)
  }

  /** The message of the lane is over, by what came of it so far. */
  function finish(lane: Lane): Operations {
    const { current, choice } = lane
    if (current === undefined) return []
    lane.current = undefined
    if (current.hasFailed || current.isWhole) return [{ op: 'terminal', choice, strength: 'hard' }]
    if (choice === MAIN) hasFailed = true
    return [{ op: 'fail', choice, error: current.isDoubtful ? DOUBTFUL : CUT_OFF }]
  }

  /** The message has failed; that of the agent itself waits for the result. What failed first is why. */
  function fail(lane: Lane, error: OutcomeError): Operations {
    const { current, choice } = lane
    if (current === undefined || current.hasFailed) return []
    current.hasFailed = true
    if (choice !== MAIN) {
      lane.current = undefined
      return [{ op: 'fail', choice, error }]
    }
    hasFailed = true
    return [{ op: 'fail', choice, strength: 'soft', error }]
  }

  function end(): Translation {
    const ended = lanes.answered().filter(({ current }) => current?.isWhole)
    return { operations: ended.map(({ choice }): Operation => ({ op: 'terminal', choice, strength: 'soft' })) }
  }

  return Object.assign(translate, { end })
}

const CUT_OFF: OutcomeError = {
  class: 'network',
  retryable: true,
  message: 'the agent gave this answer up before its end',
}
const INTERRUPTED: OutcomeError = {
  class: 'unknown',
  retryable: true,
  message: 'the agent was interrupted before the answer was whole',
}
const DOUBTFUL: OutcomeError = {
  class: 'unknown',
  retryable: false,
  message: 'the agent asked the model to go on, and no stop reason shows that this answer was whole',
}

const END: Operation = { op: 'terminal', choice: MAIN, strength: 'hard' }

/** What is left over of a message that has ended, or has never begun. */
function strayEvent({ choice }: Lane, event: JsonObject): Operations {
  if (event.type === 'ping') return []
  if (choice === MAIN && reportsError({ payload: event })) {
    return [{ op: 'fail', choice, error: readError(event) }]
  }
  return [{ op: 'anomaly', choice: MAIN, kind: 'late_event', detail: wordOf(event.type) }]
}

/** What the API's own translator says, of the message of a lane; its calls are run by the agent. */
function ofLane({ choice }: Lane, operations: Operations): Operations {
  return operations.map((operation): Operation => {
    const isCall = (operation.op === 'open' || operation.op === 'snapshot') && operation.kind === 'tool_call'
    if (isCall) return { ...operation, choice, fields: { ...operation.fields, origin: 'provider' } }
    return operation.choice === choice ? operation : { ...operation, choice }
  })
}

/** The fields around a message, without what is null: they say nothing. */
function factsOf(payload: JsonObject, except: ReadonlySet<string>): (choice: number) => Operations {
  const facts = ownFacts(copyFields(payload, except))
  const uuid = nonEmpty(payload.uuid)
  if (payload.type !== 'assistant' || uuid === undefined) return facts
  // A record that comes again is the same one: by its name, not by its place.
  const records = { [uuid]: nonEmpty(payload.timestamp) ?? null }
  return (choice) => [...facts(choice), { op: 'meta', choice, path: [OWN, 'records'], wire: records }]
}

function ownFacts(told: JsonObject): (choice: number) => Operations {
  const wire = withoutNull(told)
  return (choice) => (Object.keys(wire).length === 0 ? [] : [{ op: 'meta', choice, path: [OWN], wire }])
}

function saysError({ error, is_api_error_message, isApiErrorMessage }: JsonObject): boolean {
  return nonEmpty(error) !== undefined || is_api_error_message === true || isApiErrorMessage === true
}

function errorOf(payload: JsonObject, blocks: unknown): OutcomeError {
  const texts = Array.isArray(blocks) ? blocks.flatMap((block) => (isObject(block) ? [block.text] : [])) : []
  return classified(payload, texts.find((text) => typeof text === 'string') ?? nonEmpty(payload.error))
}

function errorOfResult(payload: JsonObject): OutcomeError {
  const said = Array.isArray(payload.errors) ? payload.errors.filter((error) => typeof error === 'string') : []
  return classified(payload, nonEmpty(said.join('\n')) ?? nonEmpty(payload.result) ?? nonEmpty(payload.subtype))
}

function classified({ error, api_error_type, api_error_status, request_id }: JsonObject, text = ''): OutcomeError {
  const word = nonEmpty(error)
  const type = nonEmpty(api_error_type) ?? word ?? null
  const body = withoutNull({ request_id: nonEmpty(request_id) ?? null, error: withoutNull({ type, message: text }) })
  const read = readError(body, typeof api_error_status === 'number' ? api_error_status : undefined)
  const known = read.class === 'unknown' ? CLASS_OF_ERROR.get(word ?? '') : undefined
  const mayPass = known === 'rate_limit' || known === 'overloaded' || word === 'server_error'
  return { ...read, ...(known === undefined ? {} : { class: known }), retryable: read.retryable || mayPass }
}

/** All that `--output-format json` gives is the turn's result. */
function wholeOf({ result, stop_reason, usage }: JsonObject, id = ''): JsonObject {
  const text = nonEmpty(result)
  const content = text === undefined ? [] : [{ type: 'text', text }]
  const message = { id, type: 'message', role: 'assistant', content }
  return copyFields({ ...message, stop_reason, usage })
}

function parentOf({ parent_tool_use_id }: JsonObject): readonly CallSign[] {
  return signOf(parent_tool_use_id, 'running')
}

const NO_SIGNS: readonly CallSign[] = []

function signOf(id: unknown, is: CallSign['is']): readonly CallSign[] {
  const named = nonEmpty(id)
  return named === undefined ? NO_SIGNS : [{ id: named, is }]
}

/** The API's own message, without what the agent says of it. */
function messageToNative(message: AssistantMessage): JsonValue {
  return anthropicMessages.toNative([{ ...message, wire: copyFields(message.wire, new Set([OWN])) }])
}
