/**
 * A bundled answer as the answer to the client that asks: its calls are of the tools that this client offers, and its ids are new.
 * The rule: events, their order and their number stay; only names, arguments and ids are others.
 */
import { isObject, type JsonObject, type JsonValue } from '../../json.ts'
import { foldAtOnce } from '../faults/folding.ts'
import { withPayload } from '../faults/sse-event.ts'
import { streamOf } from '../faults/stream.ts'
import type { Recording } from '../format.ts'

/** A call as the model is to make it. */
export interface TrialCall {
  readonly name: string
  readonly input: JsonObject
}

/** A call that is recorded, and the text of what takes its place. */
interface Replaced {
  readonly name: string
  readonly text: string
  readonly newName: string
  readonly newText: string
}

/** A provider never gives an id twice, whereas a recording has always the same. */
const IDS = /^(?:msg|toolu|call|resp|fc|chatcmpl)[-_]\w+$/

/** The answer with those calls in place of its own, in order, and with `mark` behind each of its ids. Its calls must come one after the other. */
export function rewritten(recording: Recording, calls: readonly TrialCall[], mark: string): Recording {
  const stream = streamOf(recording)
  if (stream === undefined) return recording
  const rewrite = rewriter(replacedIn(recording, calls), mark)
  const events = stream.events.map((event) =>
    isObject(event.payload) ? withPayload(event, rewrite(event.payload, '')) : event,
  )
  return { ...recording, chunks: stream.with({ events }).chunks() }
}

/** The text blocks of an answer, whole and as they are sent. */
export function textsOf(recording: Recording): {
  readonly whole: readonly string[]
  readonly pieces: readonly string[]
} {
  const { messages, events } = foldAtOnce(recording)
  const whole = messages.flatMap(({ content }) =>
    content.flatMap((block) => (block.type === 'text' ? [block.text] : [])),
  )
  return { whole, pieces: events.flatMap((event) => (event.type === 'text' ? [event.text.trim()] : [])) }
}

function replacedIn(recording: Recording, calls: readonly TrialCall[]): readonly Replaced[] {
  const recorded = foldAtOnce(recording).messages.flatMap(({ content }) =>
    content.filter((block) => block.type === 'tool_call'),
  )
  return recorded.flatMap(({ name, arguments: text }, index) => {
    const call = calls[index]
    return call === undefined ? [] : [{ name, text, newName: call.name, newText: JSON.stringify(call.input) }]
  })
}

function rewriter(calls: readonly Replaced[], mark: string): (value: JsonValue, key: string) => JsonValue {
  let current = 0
  let at = 0
  const textFor = (text: string, key: string): string => {
    if (IDS.test(text)) return text + mark
    if (key === 'name') return calls.find(({ name }) => name === text)?.newName ?? text
    const whole = calls.find((call) => call.text === text)
    if (whole !== undefined) return whole.newText
    const call = calls[current]
    if (call === undefined || text === '' || !call.text.startsWith(text, at)) return text
    const [from, to] = [at, at + text.length].map((place) =>
      Math.floor((place * call.newText.length) / call.text.length),
    )
    at += text.length
    if (at === call.text.length) [current, at] = [current + 1, 0]
    return call.newText.slice(from, to)
  }
  const rewrite = (value: JsonValue, key: string): JsonValue => {
    if (typeof value === 'string') return textFor(value, key)
    // The tools that were recorded are not those that were asked with.
    if (Array.isArray(value)) return key === 'tools' ? [] : value.map((item) => rewrite(item, key))
    if (!isObject(value)) return value
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, rewrite(inner, name)]))
  }
  return rewrite
}
