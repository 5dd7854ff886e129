/**
 * Whether what was read from a broken stream is what a careful user may expect, next to what was read from the clean
 * one.
 *
 * The rule: the judge knows no plan and no reader. It is given two results and an expectation, so that other readers
 * can be judged by the same measure as this one.
 */
import type { AnomalyKind } from '../../anomaly.ts'
import { isObject, parseJson } from '../../json.ts'
import type { AssistantMessage, CompleteToolCall, ContentBlock, ToolCallBlock } from '../../message.ts'
import type { TurnEvent } from '../../turn-event.ts'
import type { Alteration, Expectation } from './plan.ts'
import { liveFault } from './shown.ts'

/** A message as far as it is judged. */
export type JudgedMessage = Partial<AssistantMessage> &
  Pick<AssistantMessage, 'key' | 'content' | 'stop' | 'usage' | 'outcome' | 'anomalies'>

/** What a reader made of a stream. One that tells nothing live has no events, and is judged by its messages alone. */
export interface Judged {
  readonly messages: readonly JudgedMessage[]
  readonly events?: readonly TurnEvent[]
}

/** `reason` is one sentence. */
export type Verdict = { readonly kind: 'held' } | { readonly kind: 'failed'; readonly reason: string }

/**
 * Judges what came of a broken stream by what came of the clean one.
 *
 * Always: one `message` event for each message and nothing after it, each call handed out at most once and as it stands
 * in the message, the live events give the blocks. `same`: the message is equal but for its anomalies and times, and
 * nothing that was shown is taken back. `lossy`: it is not complete or an anomaly says what is missing, its content is a
 * beginning of the clean one block by block, and no other call is handed out than was.
 */
export function judge(clean: Judged, broken: Judged, expectation: Expectation): Verdict {
  const reason = promiseBroken(broken) ?? effectMissed(clean, broken, expectation)
  return reason === undefined ? { kind: 'held' } : { kind: 'failed', reason }
}

function effectMissed(clean: Judged, broken: Judged, expectation: Expectation): string | undefined {
  switch (expectation.effect) {
    case 'same':
      return notSame(clean, broken, expectation)
    case 'lossy':
      return notHonest(clean, broken, expectation)
    case 'undecidable':
      return undefined
    default: {
      const never: never = expectation.effect
      return never
    }
  }
}

/** What is promised of every stream, whatever happens to it. */
function promiseBroken({ messages, events }: Judged): string | undefined {
  if (messages.length === 0) return 'there is no message'
  if (events === undefined) return undefined
  for (const message of messages) {
    const { key, content } = message
    const own = events.filter((event) => event.message === key)
    const finals = own.filter(({ type }) => type === 'message').length
    if (finals !== 1) return `${key} has ${finals} message events`
    if (own.at(-1)?.type !== 'message') return `${own.at(-1)?.type} comes after the message event of ${key}`
    const fault = liveFault(own, content)
    if (fault !== undefined) return `live, ${fault} (${key})`
    const calls = handedOutIn(own)
    if (new Set(calls.map((call) => call.key)).size < calls.length) return `a call of ${key} was handed out twice`
    const changed = calls.find((call) => !content.some((block) => firstDifference(block, call) === undefined))
    if (changed !== undefined) return `the call ${changed.key} is not in the message as it was handed out`
  }
  const stray = events.find((event) => !messages.some(({ key }) => key === event.message))
  return stray === undefined ? undefined : `a ${stray.type} event names ${stray.message}, of which there is no message`
}

function notSame(clean: Judged, broken: Judged, expectation: Expectation): string | undefined {
  if (clean.messages.length !== broken.messages.length) {
    return `there are ${broken.messages.length} messages in place of ${clean.messages.length}`
  }
  const { alters = [], addsBlock = false, mayReplace = false } = expectation
  for (const [index, message] of clean.messages.entries()) {
    const found = broken.messages[index]
    if (found === undefined) return `${message.key} is missing`
    const place = addsBlock
      ? differenceButForABlock(message, found, alters)
      : firstDifference(comparable(message, alters, false), comparable(found, alters, false))
    if (place !== undefined) return `${place} of ${message.key} differs`
  }
  for (const type of mayReplace ? (['reset'] as const) : (['reset', 'replace'] as const)) {
    if (countOf(broken, type) > countOf(clean, type)) return `what was shown is taken back by a ${type} event`
  }
  const [handedOut, expected] = [callsOf(broken), callsOf(clean)]
  return handedOut.length === expected.length
    ? undefined
    : `${handedOut.length} calls were handed out in place of ${expected.length}`
}

/** The same, with one block of an unknown type more. */
function differenceButForABlock(
  message: JudgedMessage,
  found: JudgedMessage,
  alters: readonly Alteration[],
): string | undefined {
  let place: string | undefined = 'the number of unknown blocks'
  for (const [index, { type }] of found.content.entries()) {
    if (type !== 'other') continue
    const others = { ...found, content: found.content.toSpliced(index, 1) }
    place = firstDifference(comparable(message, alters, true), comparable(others, alters, true))
    if (place === undefined) return undefined
  }
  return place
}

function notHonest(clean: Judged, broken: Judged, { alters = [], addsBlock }: Expectation): string | undefined {
  const isTold = broken.messages.some(
    ({ outcome, anomalies }) => outcome.kind !== 'complete' || anomalies.some(({ kind }) => TELLING.has(kind)),
  )
  if (!isTold) return 'the message is complete, and no anomaly says what is missing'
  for (const found of broken.messages) {
    const message = clean.messages.find(({ key }) => key === found.key)
    if (message === undefined) return `there is a message ${found.key} that nobody sent`
    const matches = found.anomalies.some(({ kind }) => kind === 'sequence_gap') ? isWithHoles : isBeginning
    const [sent, got] = [message, found].map(({ content }) => (addsBlock ? content.filter(isKnown) : content))
    if (sent === undefined || got === undefined) continue
    if (got.length > sent.length) return `${found.key} has more blocks than were sent`
    for (const [index, block] of got.entries()) {
      const whole = sent[index]
      if (whole === undefined || !isBeginningOf(block, whole, matches, alters))
        return `block ${index} of ${found.key} is not what was sent`
    }
  }
  const sent = clean.messages.flatMap(({ content }) => content.filter((block) => block.type === 'tool_call'))
  const other = callsOf(broken).find((call) => !sent.some((block) => isSameCall(call, block, alters)))
  return other === undefined ? undefined : `the call ${other.key} was handed out with other arguments than were sent`
}

function isKnown({ type }: ContentBlock): boolean {
  return type !== 'other'
}

/** The kinds of anomaly that say that something did not come, or was not understood. */
const TELLING: ReadonlySet<AnomalyKind> = new Set([
  'missing_stop',
  'missing_terminal',
  'sequence_gap',
  'malformed_event',
  'cut_event',
  'unknown_event',
  'unknown_delta',
  'snapshot_refused',
  'append_after_hand_out',
])

type Matches = (text: string, whole: string) => boolean

const isBeginning: Matches = (text, whole) => whole.startsWith(text)

/** Whether the text is what is left of the whole where numbered events are missing: everything that came, in order. */
const isWithHoles: Matches = (text, whole) => {
  let at = 0
  for (const char of text) {
    at = whole.indexOf(char, at) + 1
    if (at === 0) return false
  }
  return true
}

function isBeginningOf(
  block: ContentBlock,
  whole: ContentBlock,
  matches: Matches,
  alters: readonly Alteration[],
): boolean {
  if (block.type === 'tool_call') {
    if (whole.type !== 'tool_call') return false
    if (whole.id !== block.id && block.idSource === 'wire' && !alters.includes('call ids')) return false
    if (block.state === 'complete') return isSameCall(block, whole, alters)
    return (
      whole.name.startsWith(block.name) && (alters.includes('arguments') || matches(block.arguments, whole.arguments))
    )
  }
  if (whole.type !== block.type || !matches(textOf(block), textOf(whole))) return false
  if (block.type !== 'thinking' || whole.type !== 'thinking') return true
  return block.signature === undefined || block.signature === whole.signature
}

function isSameCall(call: ToolCallBlock, sent: ToolCallBlock, alters: readonly Alteration[]): boolean {
  if (call.name !== sent.name) return false
  if (!alters.includes('arguments')) return call.arguments === sent.arguments
  const [input, expected] = [call, sent].map((block) => parseJson(block.arguments))
  return firstDifference(input, expected) === undefined
}

function textOf(block: ContentBlock): string {
  return 'text' in block ? (block.text ?? '') : ''
}

function callsOf({ messages, events }: Judged): readonly CompleteToolCall[] {
  if (events !== undefined) return handedOutIn(events)
  const calls = messages.flatMap(({ content }) => content.filter((block) => block.type === 'tool_call'))
  return calls.filter((call) => call.state === 'complete')
}

function handedOutIn(events: readonly TurnEvent[]): CompleteToolCall[] {
  return events.flatMap((event) => (event.type === 'tool_call' ? [event.call] : []))
}

function countOf({ events = [] }: Judged, wanted: TurnEvent['type']): number {
  return events.filter(({ type }) => type === wanted).length
}

/** The message without what may differ. */
function comparable(message: JudgedMessage, alters: readonly Alteration[], isRenumbered: boolean): object {
  const { anomalies: _anomalies, timing: _timing, content, stop, ...rest } = message
  const left = new Set(alters.flatMap((alteration) => FIELDS[alteration]))
  const leftOfBlock = new Set(alters.flatMap((alteration) => BLOCK_FIELDS[alteration]))
  if (isRenumbered) for (const field of ['key', 'wire']) leftOfBlock.add(field)
  const { raw, ...reason } = stop
  return {
    ...without(rest, left),
    stop: alters.includes('raw stop') ? reason : { ...reason, raw },
    content: content.map((block) => without(block, leftOfBlock)),
  }
}

const FIELDS: Readonly<Record<Alteration, readonly string[]>> = {
  wire: ['wire'],
  id: ['id', 'idSource'],
  'call ids': [],
  arguments: [],
  'raw stop': [],
}

const BLOCK_FIELDS: Readonly<Record<Alteration, readonly string[]>> = {
  wire: ['wire'],
  id: [],
  'call ids': ['id', 'idSource', 'callId'],
  arguments: ['arguments'],
  'raw stop': [],
}

function without(value: object, fields: ReadonlySet<string>): object {
  return fields.size === 0 ? value : Object.fromEntries(Object.entries(value).filter(([key]) => !fields.has(key)))
}

/** The path to the first value in which two plain values differ; undefined if they are equal. */
function firstDifference(left: unknown, right: unknown, path = ''): string | undefined {
  if (left === right) return undefined
  if (Array.isArray(left) && Array.isArray(right)) {
    if (left.length !== right.length) return `the length of ${path}`
    for (const [index, item] of left.entries()) {
      const place = firstDifference(item, right[index], `${path}[${index}]`)
      if (place !== undefined) return place
    }
    return undefined
  }
  if (!isObject(left) || !isObject(right)) return path
  for (const key of Object.keys(left)) {
    const place = firstDifference(left[key], Object.hasOwn(right, key) ? right[key] : undefined, inside(path, key))
    if (place !== undefined) return place
  }
  const more = Object.keys(right).find((key) => !Object.hasOwn(left, key) && right[key] !== undefined)
  return more === undefined ? undefined : inside(path, more)
}

function inside(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}
