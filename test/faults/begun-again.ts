/** Messages that begin again as other ones: generated anew, under another id, with another kind of block or another call. */
import { isObject, type JsonObject, type JsonValue } from '../../src/json.ts'
import type { FoldOptions } from '../../src/options.ts'
import type { Folding } from '../../src/recording/faults/folding.ts'
import { range } from '../../src/recording/faults/plan.ts'
import { faultPlan } from '../../src/recording/faults/plans.ts'
import type { FaultStream } from '../../src/recording/faults/stream.ts'
import { foldStream } from '../../src/recording/faults/try.ts'
import {
  begunAgain,
  callsIn as streamedCalls,
  payloadAt,
  rewritten,
  textIn,
  typeAt,
  withOtherId,
  withOtherText,
} from './answers.ts'
import type { Case } from './cases.ts'
import { areSame, callsIn, countOf, expects, firstOf, judged, type Wrong } from './expectations.ts'
import { keepsWhatCame, type Trial } from './trials.ts'

/** The other message alone, shown after one reset; what it replaces stands in an anomaly. */
function replaces(
  reference: Folding,
  broken: Folding,
  anomaly: 'regenerated' | 'restarted',
  hadContent: boolean,
): Wrong {
  const kept = broken.messages.flatMap(({ anomalies }) => anomalies).filter(({ kind }) => kind === anomaly)
  const messages = broken.messages.map((message) => ({ ...message, attempt: 1 }))
  return firstOf(
    judged({ messages: reference.messages }, { messages }, { effect: 'same' }),
    judged(reference, broken, { effect: 'undecidable' }),
    expects(countOf(broken.events, 'reset') === 1, `there are ${countOf(broken.events, 'reset')} reset events`),
    expects(kept.length === 1, `there are ${kept.length} anomalies ${anomaly}`),
    expects(!hadContent || (kept[0]?.content ?? []).length > 0, 'the old content is not in the anomaly'),
    expects(
      callsIn(broken.events).length === callsIn(reference.events).length,
      'the calls are not those of the other message',
    ),
  )
}

function beginsOver(
  one: Case,
  other: FaultStream,
  from: number,
  write: (stream: FaultStream) => FaultStream = (stream) => stream,
): ReturnType<Trial> {
  const reference = foldStream(write(other))
  return {
    unit: 'event',
    places: range(from, Math.min(one.stream.landmarks.stopped, one.stream.events.length)),
    at: (place) => replaces(reference, foldStream(write(begunAgain(one.stream, place, other))), 'regenerated', true),
  }
}

/** The event behind which the first piece of the text was shown. */
function shownFrom(stream: FaultStream, pieces: readonly number[]): number {
  const first = pieces.find((index) => {
    const { delta } = payloadAt(stream, index)
    return isObject(delta) ? delta.text !== '' : delta !== ''
  })
  return (first ?? stream.events.length) + 1
}

const canBegin = ({ stream }: Case): boolean => stream.dialect !== 'openai-chat'

/** The same id, begun again, with another text. */
export const otherText: Trial = (one) => {
  const text = canBegin(one) ? textIn(one.stream) : undefined
  if (text === undefined) return undefined
  return beginsOver(one, withOtherText(one.stream, text), shownFrom(one.stream, text.pieces))
}

export const otherTextUnnumbered: Trial = (one) => {
  const text = one.stream.dialect === 'openai-responses' ? textIn(one.stream) : undefined
  if (text === undefined) return undefined
  const plan = faultPlan('no-numbers')
  return beginsOver(one, withOtherText(one.stream, text), shownFrom(one.stream, text.pieces), (stream) =>
    plan.apply(stream, 0, 0),
  )
}

/** The block holds its first words already when it is opened. */
export const otherTextSeeded: Trial = (one) => {
  const text = one.stream.dialect === 'anthropic-messages' ? textIn(one.stream) : undefined
  const [first] = text?.pieces ?? []
  if (text === undefined || first === undefined || typeAt(one.stream, first - 1) !== 'content_block_start')
    return undefined
  const seeded = (stream: FaultStream): FaultStream => {
    const { delta } = payloadAt(stream, first)
    const words = isObject(delta) ? (delta.text ?? '') : ''
    return rewritten(stream, (payload, index) => {
      if (index === first) return undefined
      return index === first - 1 ? { ...payload, content_block: { type: 'text', text: words } } : payload
    })
  }
  const stream = seeded(one.stream)
  return beginsOver({ ...one, stream }, seeded(withOtherText(one.stream, text)), first)
}

/** Its first text comes as another kind of block when it is sent again. */
export const otherKind: Trial = (one) => {
  const text = canBegin(one) ? textIn(one.stream) : undefined
  if (text === undefined) return undefined
  const { index } = payloadAt(one.stream, text.pieces[0] ?? 0)
  const other =
    one.stream.dialect === 'anthropic-messages' ? asThinking(one.stream, index) : asRefusal(one.stream, text.text)
  return beginsOver(one, other, shownFrom(one.stream, text.pieces))
}

function asThinking(stream: FaultStream, index: JsonValue | undefined): FaultStream {
  return rewritten(stream, (payload) => {
    if (payload.index !== index) return payload
    const { delta } = payload
    if (payload.type === 'content_block_start') return { ...payload, content_block: { type: 'thinking', thinking: '' } }
    if (!isObject(delta)) return payload
    if (delta.type === 'citations_delta') return undefined
    return { ...payload, delta: { type: 'thinking_delta', thinking: delta.text ?? '' } }
  })
}

function asRefusal(stream: FaultStream, text: string): FaultStream {
  const changed = (value: JsonValue): JsonValue => {
    if (Array.isArray(value)) return value.map(changed)
    if (!isObject(value)) return value
    if (value.type === 'output_text') {
      return { type: 'refusal', refusal: value.text === text || value.text === '' ? value.text : '' }
    }
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, changed(inner)]))
  }
  return rewritten(stream, (payload, index) => {
    const type = typeAt(stream, index)
    if (type === 'response.output_text.annotation.added') return undefined
    const { text: whole, logprobs: _logprobs, ...rest } = payload
    if (type === 'response.output_text.delta') return { ...rest, type: 'response.refusal.delta' }
    if (type === 'response.output_text.done') return { ...rest, type: 'response.refusal.done', refusal: whole ?? '' }
    const made = changed(payload)
    return isObject(made) ? made : payload
  })
}

/** A call that has begun has another id when it is sent again. */
export const otherCallId: Trial = (one) => {
  const call = canBegin(one) ? streamedCalls(one.stream).find(({ text }) => text !== '') : undefined
  if (call === undefined) return undefined
  const renamed = (value: JsonValue): JsonValue => {
    if (value === call.id) return `${call.id}-b`
    if (Array.isArray(value)) return value.map(renamed)
    if (!isObject(value)) return value
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, renamed(inner)]))
  }
  const other = rewritten(one.stream, (payload) => objectOf(renamed(payload)))
  const first = call.pieces.find((index) => !isEmptyPiece(payloadAt(one.stream, index)))
  return first === undefined ? undefined : beginsOver(one, other, first + 1)
}

function isEmptyPiece({ delta }: JsonObject): boolean {
  return isObject(delta) ? delta.partial_json === '' : delta === ''
}

function objectOf(value: JsonValue): JsonObject {
  return isObject(value) ? value : {}
}

/** Another id on the event that begins a message, before the end of the first one. */
export const otherId: Trial = (one) => {
  const other = withOtherId(one.stream)
  if (!canBegin(one) || areSame(other.bytes(), one.stream.bytes())) return undefined
  const reference = foldStream(other)
  const { landmarks, events } = one.stream
  return {
    unit: 'event',
    places: range(1, Math.min(landmarks.stopped, events.length)),
    at(place) {
      const hadContent = place > landmarks.content
      return replaces(reference, foldStream(begunAgain(one.stream, place, other)), 'restarted', hadContent)
    },
  }
}

/** The same when a call was handed out: nothing is taken back. */
export function otherIdAfterACall(toolCalls: NonNullable<FoldOptions['toolCalls']>): Trial {
  return (one) => {
    if (!canBegin(one)) return undefined
    const other = withOtherId(one.stream)
    const handedOut = (place: number): readonly string[] => {
      const prefix = one.stream.with({ events: one.stream.events.slice(0, place) })
      return callsIn(foldStream(prefix, { toolCalls }).events).map(({ key }) => key)
    }
    return {
      unit: 'event',
      places: range(1, one.stream.landmarks.over).filter((place) => handedOut(place).length > 0),
      at(place) {
        const broken = foldStream(begunAgain(one.stream, place, other), { toolCalls })
        const [message] = broken.messages
        const { outcome } = message ?? {}
        return firstOf(
          judged(one.clean, broken, { effect: 'lossy' }),
          expects(
            outcome?.kind === 'failed' && outcome.error.class === 'regenerated_after_tool_call',
            `the outcome is ${JSON.stringify(outcome)}`,
          ),
          expects(countOf(broken.events, 'reset') === 0, 'there is a reset'),
          expects(
            areSame(
              callsIn(broken.events).map(({ key }) => key),
              handedOut(place),
            ),
            'other calls were handed out',
          ),
          keepsWhatCame(one, broken, place),
        )
      },
    }
  }
}

/** Another message behind the end of the first: a source of many gives both. */
export const manyMessages: Trial = (one) => {
  const other = withOtherId(one.stream)
  if (one.clean.messages.length > 1 || areSame(other.bytes(), one.stream.bytes())) return undefined
  return {
    unit: 'stream',
    places: [0],
    at() {
      const both = one.stream.with({ events: [...one.stream.events, ...other.events] })
      const { messages } = foldStream(both, { many: true })
      const [first, second] = messages
      const [clean] = one.clean.messages
      return firstOf(
        expects(messages.length === 2, `there are ${messages.length} messages`),
        expects(
          first !== undefined && areSame(first.content, clean?.content),
          'the first message is not the clean one',
        ),
        expects(second?.id === 'another-id', `the second message has the id ${second?.id}`),
        expects(second?.outcome.kind === 'complete', `the second message is ${second?.outcome.kind}`),
        expects(second?.content.length === clean?.content.length, 'the second message has other blocks'),
      )
    },
  }
}
