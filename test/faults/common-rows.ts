/** Rows that the sections of the table have in common, and what several of them need. */
import { parseJson } from '../../src/json.ts'
import type { RecordedChunk } from '../../src/recording/format.ts'
import { foldStream } from '../../src/recording/faults/try.ts'
import { assemble } from '../../src/turn.ts'
import { callsIn, cutByLength, withArguments, type StreamedCall } from './answers.ts'
import type { Case } from './cases.ts'
import { areSame, callsIn as handedOutIn, expects, firstOf, judged, meets, textOf, type Wrong } from './expectations.ts'
import { byPlan, keepsWhatCame, wholly, type Rows, type Trial } from './trials.ts'

/** Cuts keep all that came. */
export const cut = (plan: string): Trial => byPlan(plan, { also: keepsWhatCame })

/** At 60 % of the body, and at 60 % of each event. */
const atSixtyPercent: Trial = byPlan('cut-byte-eof', {
  choose({ stream }, places) {
    let start = stream.hasBom ? 3 : 0
    const wanted = new Set([Math.floor(stream.bytes().length * 0.6)])
    for (const { bytes } of stream.events) {
      wanted.add(start + Math.floor(bytes.length * 0.6))
      start += bytes.length
    }
    return places.filter((place) => wanted.has(place))
  },
})

/** A source that gives its chunks and then nothing more; `stalled` is when it has given the last one. */
export function stalling(chunks: readonly RecordedChunk[]): {
  readonly source: AsyncIterable<Uint8Array>
  readonly stalled: Promise<void>
  readonly isCancelled: () => boolean
} {
  let stall: () => void = () => undefined
  let isCancelled = false
  const stalled = new Promise<void>((resolve) => (stall = resolve))
  const rest = chunks.map(({ bytes }) => bytes)
  const iterator: AsyncIterator<Uint8Array> = {
    next() {
      const value = rest.shift()
      if (value !== undefined) return Promise.resolve({ done: false, value })
      stall()
      return new Promise(() => undefined)
    },
    return() {
      isCancelled = true
      return Promise.resolve({ done: true, value: undefined })
    },
  }
  return { source: { [Symbol.asyncIterator]: () => iterator }, stalled, isCancelled: () => isCancelled }
}

/** A user who gives up while nothing comes. */
const abortedWhileStalled: Trial = (one, expected) => ({
  unit: 'event',
  places: [...Array(Math.min(one.stream.landmarks.over, one.stream.events.length - 1)).keys()].map(
    (index) => index + 1,
  ),
  async at(place) {
    const { source, stalled } = stalling(one.stream.chunks().slice(0, place))
    const turn = assemble(source)
    const over = turn.messages()
    await stalled
    turn.abort('the user has seen enough')
    const messages = await over
    return firstOf(
      expects(
        messages.every(({ outcome }) => outcome.kind === 'aborted'),
        `the outcome is ${messages[0]?.outcome.kind}`,
      ),
      meets(expected, { messages: one.clean.messages }, { messages }, { effect: 'lossy' }),
      keepsWhatCame(one, { messages }, place),
    )
  },
})

/** Rows of the same name in every section. */
export const COMMON: Rows = {
  clean: wholly(
    () => true,
    ({ stream, clean }) => judged(clean, foldStream(stream), { effect: 'same' }),
  ),
  'CRLF line ends': byPlan('crlf'),
  'CR line ends': byPlan('cr'),
  'CRLF split between CR and LF': byPlan('crlf-cut'),
  'BOM at start': byPlan('bom'),
  'no space after data:': byPlan('no-space'),
  'comment keep-alives + id:/retry: fields': byPlan('comments-and-fields'),
  'data-only (no event: line)': byPlan('data-only'),
  '1-byte chunks': byPlan('one-byte-chunks'),
  'one single chunk': byPlan('one-chunk'),
  'split in two at byte i': byPlan('split-in-two'),
  'cut after event k (clean EOF)': cut('cut-eof'),
  'cut after event k (socket reset)': cut('cut-reset'),
  'cut mid-event (60% of the bytes)': atSixtyPercent,
  'cut before the blank line of event k': cut('cut-before-blank-line'),
  'user abort while stalled after event k': abortedWhileStalled,
  'last event without trailing blank line': byPlan('no-last-blank-line'),
  'error event mid-stream after event k': cut('error-event'),
}

/** The calls of a recording, each as a place: the first is 1. */
function atCalls(check: (one: Case, call: StreamedCall) => Wrong): Trial {
  return (one) => {
    const calls = callsIn(one.stream).filter(({ id }) => handedOutIn(one.clean.events).some((call) => call.id === id))
    return {
      unit: 'call',
      places: calls.map((_, index) => index + 1),
      at(place) {
        const call = calls[place - 1]
        return call === undefined ? `there is no call ${place}` : check(one, call)
      },
    }
  }
}

const POLLUTING =
  '{"__proto__":{"isPolluted":true},"constructor":{"prototype":{"isPolluted":true}},"kept":[1,{"__proto__":2}]}'

/** No prototype is polluted, other keys are intact, the key itself is an own key. */
export const proto: Trial = atCalls((one, call) => {
  const pieces = [POLLUTING.slice(0, 9), POLLUTING.slice(9)]
  const { events } = foldStream(withArguments(one.stream, call, pieces))
  const handedOut = handedOutIn(events).find(({ id }) => id === call.id)
  const plain: object = {}
  return firstOf(
    expects(handedOut !== undefined, 'the call was not handed out'),
    expects(!('isPolluted' in plain), 'the prototype of every object is polluted'),
    expects(handedOut !== undefined && Object.hasOwn(handedOut.input, '__proto__'), '__proto__ is no own key'),
    expects(areSame(handedOut?.input, parseJson(POLLUTING)), 'the input is not what was sent'),
    expects(handedOut?.arguments === POLLUTING, 'the arguments are not what was sent'),
  )
})

/** A call whose arguments are nothing has the input `{}`. */
export function empty(...pieces: readonly string[]): Trial {
  return atCalls((one, call) => {
    const { events, messages } = foldStream(withArguments(one.stream, call, pieces))
    const handedOut = handedOutIn(events).find(({ id }) => id === call.id)
    return firstOf(
      expects(handedOut !== undefined, 'the call was not handed out'),
      expects(areSame(handedOut?.input, {}), 'the input is not {}'),
      expects(handedOutIn(events).length === handedOutIn(one.clean.events).length, 'other calls are not as they were'),
      expects(messages[0]?.stop.reason === one.clean.messages[0]?.stop.reason, 'the stop reason is another one'),
    )
  })
}

/** One message, the stop reason and the text kept, the call kept with its raw text and not handed out: cut at each character. */
export const maxTokens: Trial = (one) => {
  const call = callsIn(one.stream).at(-1)
  if (call === undefined || one.clean.messages.length > 1 || call.text.length < 2) return undefined
  const clean = one.clean.messages[0]
  return {
    unit: 'character',
    places: [...Array(call.text.length - 1).keys()].map((index) => index + 1),
    at(place) {
      const raw = call.text.slice(0, place)
      const { messages, events } = foldStream(cutByLength(one.stream, call, raw))
      const [message] = messages
      const block = message?.content.find((other) => other.type === 'tool_call' && other.id === call.id)
      const others = message?.content.filter((other) => other !== block) ?? []
      const before = clean?.content.filter((other) => !(other.type === 'tool_call' && other.id === call.id)) ?? []
      return firstOf(
        expects(messages.length === 1 && message?.outcome.kind === 'complete', 'there is not one complete message'),
        expects(message?.stop.reason === 'max_tokens', `the stop reason is ${message?.stop.reason}`),
        expects(handedOutIn(events).length === 0, 'a call was handed out'),
        expects(block?.type === 'tool_call' && block.state === 'partial', 'the call is not partial'),
        expects(block !== undefined && textOf(block) === raw, 'the raw text of the call is not what was sent'),
        expects(areSame(others.map(textOf), before.slice(0, others.length).map(textOf)), 'other content has changed'),
        expects(others.length === before.length, 'other blocks are missing'),
      )
    },
  }
}

/** A repeated piece that cannot be told from the same words said twice is kept. */
export const keptTwice: Trial = byPlan('repeat-delta', {
  also({ stream, clean }, broken, place) {
    const appended =
      stream.meanings[place - 1]?.operations.flatMap((operation) => (operation.op === 'append' ? [operation] : [])) ??
      []
    if (appended.length === 0 || appended.some(({ kind }) => kind === 'tool_call')) return undefined
    const more = appended.reduce((sum, { text }) => sum + text.length, 0)
    const lengthOf = ({ messages }: typeof clean): number =>
      messages.flatMap(({ content }) => content.map(textOf)).reduce((sum, text) => sum + text.length, 0)
    return expects(lengthOf(broken) === lengthOf(clean) + more, 'the repeated piece was not kept')
  },
})
