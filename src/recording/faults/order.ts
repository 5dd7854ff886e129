/** Faults in the order and the completeness of the events that make a block: its start, its pieces, its end, its index. */
import { isObject, nonEmpty } from '../../json.ts'
import type { AppendOperation, CloseOperation } from '../../operation.ts'
import { callsOf, choicesOf } from './chat-shape.ts'
import { hasMalformed, shiftIndexes } from './foreign.ts'
import { does, haveSameBlocks, isDelta, isTerminal, type Meaning } from './meaning.ts'
import { renumbered } from './numbers.ts'
import { isInOrder } from './numbering.ts'
import { numbersWhere, WHOLE, type FaultPlan } from './plan.ts'
import type { FaultStream } from './stream.ts'

const isClose = (meaning: Meaning | undefined): boolean =>
  meaning !== undefined && does(meaning, 'close') && !isDelta(meaning)

const missingClose: FaultPlan = {
  name: 'missing-close',
  about: 'the event that ends a block is missing',
  at: 'event',
  effects: { 'anthropic-messages': 'same' },
  places: (stream) => (hasMalformed(stream) ? [] : numbersWhere(stream, (index) => isClose(stream.meanings[index]))),
  apply: (stream, place) => stream.with({ events: stream.events.toSpliced(place - 1, 1) }),
}

/** Whether the event only gives again, whole, what other events of the stream give. */
function isWholeAgain(meaning: Meaning): boolean {
  return does(meaning, 'snapshot') && !isTerminal(meaning) && !isDelta(meaning)
}

/** Whether the last event holds every block, and others tell their order. */
function endsWhole({ untilEnd }: FaultStream): boolean {
  const { meanings, landmarks } = untilEnd
  const keys = new Set(meanings.flatMap(({ operations }) => operations.flatMap(keyOfContent)))
  if (
    !haveSameBlocks(
      meanings,
      meanings.filter((meaning) => !isWholeAgain(meaning)),
    )
  )
    return false
  const last = meanings[landmarks.over]?.operations ?? []
  const whole = new Set(last.flatMap((operation) => (operation.op === 'snapshot' ? [operation.key] : [])))
  return keys.size > 0 && [...keys].every((key) => whole.has(key))
}

function keyOfContent(operation: Meaning['operations'][number]): string[] {
  return operation.op === 'open' || operation.op === 'append' || operation.op === 'snapshot' ? [operation.key] : []
}

const missingCloses: FaultPlan = {
  name: 'missing-closes',
  about: 'no event ends a block',
  at: 'stream',
  effects: { 'anthropic-messages': 'same', 'openai-responses': 'same' },
  places: (stream) => {
    if (hasMalformed(stream)) return []
    if (stream.dialect === 'openai-responses') {
      return isInOrder(stream) && endsWhole(stream) && stream.meanings.some(isWholeAgain) ? WHOLE : []
    }
    return stream.meanings.some(isClose) ? WHOLE : []
  },
  apply: (stream) => {
    const isGone = stream.dialect === 'openai-responses' ? isWholeAgain : isClose
    const events = stream.events.filter((_, index) => {
      const meaning = stream.meanings[index]
      return meaning === undefined || !isGone(meaning)
    })
    return renumbered(stream.with({ events }))
  },
}

/** Whether the message has begun again by then: its blocks are compared with what they were. */
function comesAgain({ meanings }: FaultStream, index: number): boolean {
  return meanings.slice(0, index).filter((meaning) => does(meaning, 'begin')).length > 1
}

const lateDelta: FaultPlan = {
  name: 'late-delta',
  about: 'the last piece of a block comes behind the event that ends the block',
  at: 'event',
  effects: { 'anthropic-messages': 'same' },
  places: (stream) =>
    numbersWhere(stream, (index) => {
      const close = stream.meanings[index]?.operations.find(
        (operation): operation is CloseOperation => operation.op === 'close',
      )
      const piece = stream.meanings[index - 1]?.operations.find(
        (operation): operation is AppendOperation => operation.op === 'append',
      )
      return (
        close !== undefined &&
        piece !== undefined &&
        close.key === piece.key &&
        piece.text !== '' &&
        !comesAgain(stream, index)
      )
    }),
  apply: (stream, place) => {
    const [piece, close] = [stream.events[place - 2], stream.events[place - 1]]
    if (piece === undefined || close === undefined) return stream
    const swapped = [
      { ...close, ms: piece.ms },
      { ...piece, ms: close.ms },
    ]
    return stream.with({ events: stream.events.toSpliced(place - 2, 2, ...swapped) })
  },
}

function indexing(name: string, about: string, shift: (index: number) => number): FaultPlan {
  return {
    name,
    about,
    at: 'stream',
    effects: { 'anthropic-messages': 'same', 'openai-responses': 'same' },
    alters: ['wire'],
    places: ({ events }) =>
      events.some(({ payload }) => isObject(payload) && (payload.index === 0 || payload.output_index === 0))
        ? WHOLE
        : [],
    apply: (stream) => shiftIndexes(stream, shift),
  }
}

/** What an event is about, if it may be moved against events about something else. */
function strandOf({ events, meanings, dialect }: FaultStream, index: number): string | undefined {
  const payload = events[index]?.payload
  const meaning = meanings[index]
  if (!isObject(payload) || meaning === undefined) return undefined
  if (dialect === 'openai-chat') {
    const keys = new Set(meaning.operations.flatMap((operation) => ('key' in operation ? [operation.key ?? ''] : [])))
    const [key] = keys
    const isOfCall = meaning.operations.some((operation) => 'kind' in operation && operation.kind === 'tool_call')
    return keys.size === 1 && isOfCall && !does(meaning, 'stop') ? key : undefined
  }
  const name = dialect === 'anthropic-messages' ? payload.index : payload.output_index
  return typeof name === 'number' ? String(name) : undefined
}

/** The strands of a stretch of events, in the order in which they begin; undefined if not all of it is of strands. */
function stretchOf(stream: FaultStream): { readonly from: number; readonly strands: readonly number[][] } | undefined {
  const all = stream.events.map((_, index) => strandOf(stream, index))
  const from = all.findIndex((strand) => strand !== undefined)
  const to = all.findLastIndex((strand) => strand !== undefined)
  const strands = new Map<string, number[]>()
  for (let index = from; index <= to && from !== -1; index += 1) {
    const strand = all[index] ?? nameless(stream.meanings[index])
    if (strand === undefined) return undefined
    strands.set(strand, [...(strands.get(strand) ?? []), index])
  }
  return { from, strands: [...strands.values()] }
}

/** Events that are about nothing, such as pings, go as one strand of their own. */
function nameless(meaning: Meaning | undefined): string | undefined {
  return meaning?.operations.length === 0 ? 'nothing' : undefined
}

const interleaved: FaultPlan = {
  name: 'interleaved',
  about: 'the events of several blocks come in turn, one of each',
  at: 'stream',
  effects: { 'anthropic-messages': 'same', 'openai-chat': 'same', 'openai-responses': 'same' },
  places: (stream) => {
    const strands = stretchOf(stream)?.strands ?? []
    if (hasMalformed(stream) || !stream.canGoOnBehind(stream.events.length)) return []
    const isOfOneBlockEach = strands.every((strand) => {
      const operations = strand.flatMap((index) => stream.meanings[index]?.operations ?? [])
      return new Set(operations.flatMap(keyOfContent)).size <= 1
    })
    return strands.length > 1 && isOfOneBlockEach && isIdentified(stream) && isInOrder(stream) ? WHOLE : []
  },
  apply: (stream) => {
    const stretch = stretchOf(stream)
    if (stretch === undefined) return stream
    const { from, strands } = stretch
    const rounds = strands.map((strand) => roundsOf(stream, strand))
    const longest = Math.max(...rounds.map(({ length }) => length))
    const order = Array.from({ length: longest }, (_, round) => rounds.flatMap((strand) => strand[round] ?? [])).flat()
    const events = order.flatMap((index, at) => {
      const [event, time] = [stream.events[index], stream.events[from + at]?.ms]
      return event === undefined ? [] : [{ ...event, ms: time ?? event.ms }]
    })
    return renumbered(stream.with({ events: stream.events.toSpliced(from, events.length, ...events) }))
  },
}

/** One event a round; the first has all up to the one that makes the block, so that the order of the blocks stays. */
function roundsOf({ meanings }: FaultStream, strand: readonly number[]): number[][] {
  const first = strand.findIndex((index) =>
    meanings[index]?.operations.some((operation) => keyOfContent(operation).length > 0),
  )
  const length = first === -1 ? strand.length : first + 1
  return [strand.slice(0, length), ...strand.slice(length).map((index) => [index])]
}

/** Whether each piece says itself which block it is about: of calls, by an index that no other call has. */
function isIdentified({ dialect, events }: FaultStream): boolean {
  if (dialect !== 'openai-chat') return true
  const idAt = new Map<unknown, string>()
  return events.every((event) =>
    choicesOf(event).every((choice) =>
      callsOf(choice).every(({ index, id }) => {
        const place = JSON.stringify([choice.index ?? 0, index ?? null])
        const named = nonEmpty(id)
        const isOther = named !== undefined && idAt.has(place) && idAt.get(place) !== named
        if (named !== undefined) idAt.set(place, named)
        return typeof index === 'number' && !isOther
      }),
    ),
  )
}

export const ORDER: readonly FaultPlan[] = [
  missingClose,
  missingCloses,
  lateDelta,
  interleaved,
  indexing('index-from-1', 'the index of the blocks begins at 1', (index) => index + 1),
  indexing('index-gaps', 'the index of the blocks has gaps', (index) => index * 3),
]
