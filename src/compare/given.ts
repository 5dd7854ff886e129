/** What a caller gives to be compared, checked. */
import { MisuseError } from '../errors.ts'
import { isObject, wordOf, type JsonValue } from '../json.ts'
import type { Recording } from '../recording/format.ts'
import { boundJson, faultOfJson } from './given-json.ts'
import { faultAmong, faultOfAnomalies, faultOfMessage, isNumberOrAbsent } from './given-message.ts'
import { observeRecording, type ObservedTurn } from './observed.ts'
import { KIND_NAMES } from './told.ts'

/**
 * What `compare` was given, as one that was observed. What is nested deeper than all that follows can go stands there as its JSON text.
 * Throws `MisuseError('bad_argument')`; `place` is where it stood.
 */
export function observedFrom(given: unknown, place: number): ObservedTurn {
  if (isRecording(given)) {
    const observed = observeRecording(given)
    const bound: unknown = isObject(observed) ? boundJson(observed) : observed
    return isTurn(bound) ? bound : observed
  }
  const turn = turnOf(given)
  if (turn === undefined || !isObject(turn)) throw badTurn(given, place)
  const fault = faultOfJson(turn)
  if (fault !== undefined) throw badTurn(given, place, fault)
  const bound = boundJson(turn)
  if (isTurn(bound)) return bound
  throw badTurn(given, place, faultOfTurn(bound))
}

/** Undefined for what is none of all that is taken. */
function turnOf(given: unknown): object | undefined {
  if (Array.isArray(given)) return given.length === 0 ? undefined : { messages: given, anomalies: [] }
  if (isShape(given, ['content', 'outcome'])) return { messages: [given], anomalies: [] }
  return isShape(given, ['messages', 'anomalies']) && Array.isArray(given.messages) ? given : undefined
}

function badTurn(given: unknown, place: number, fault?: string): MisuseError {
  const told = fault === undefined ? '' : `: ${withoutTurn(fault, given)}`
  return new MisuseError(
    'bad_argument',
    `compare takes recordings, messages and observed turns, and got ${nameOf(given)} as turn ${place + 1}${told}; ${adviceFor(given)}`,
  )
}

/** Where the fault is in what was given, which may be the messages only. */
function withoutTurn(fault: string, given: unknown): string {
  if (Array.isArray(given)) return fault.replace(/^messages/, '')
  return isShape(given, ['messages']) ? fault : fault.replace(/^messages\[0\][. ]?/, '')
}

function nameOf(given: unknown): string {
  if (given instanceof Promise) return 'a promise'
  return Array.isArray(given) && given.length === 0 ? 'an empty list' : wordOf(given)
}

function adviceFor(given: unknown): string {
  if (given instanceof Promise) return 'await it first'
  const isLive = typeof given === 'object' && given !== null && Symbol.asyncIterator in given
  return isLive ? 'give it await observe(turn)' : 'give it what readRecording, turn.messages() or observe(turn) gave'
}

function isRecording(given: unknown): given is Recording {
  return (
    isShape(given, ['header', 'chunks', 'ending']) &&
    isObject(given.header) &&
    ['eof', 'reset', 'abort'].some((ending) => ending === given.ending) &&
    Array.isArray(given.chunks) &&
    given.chunks.every(isChunk)
  )
}

function isChunk(given: unknown): boolean {
  return isShape(given, ['ms', 'bytes']) && typeof given.ms === 'number' && given.bytes instanceof Uint8Array
}

function isTurn(given: unknown): given is ObservedTurn {
  return isObject(given) && faultOfTurn(given) === undefined
}

const NUMBERS = ['firstByteMs', 'endMs', 'deltas', 'bytes']

function faultOfTurn(given: JsonValue): string | undefined {
  if (!isObject(given) || !Array.isArray(given.messages)) return 'messages must be a list'
  const { messages, anomalies, arrivals } = given
  const fault = faultAmong(messages, 'messages', faultOfMessage) ?? faultOfAnomalies(anomalies)
  if (fault !== undefined) return fault
  const name = NUMBERS.find((number) => !isNumberOrAbsent(given[number]))
  if (name !== undefined) return `${name} must be a number`
  if (arrivals === undefined) return undefined
  return Array.isArray(arrivals) ? faultAmong(arrivals, 'arrivals', faultOfArrival) : 'arrivals must be a list'
}

const ARRIVAL_NUMBERS = ['ms', 'message', 'block', 'characters', 'deltas']

function faultOfArrival(given: JsonValue | undefined): string | undefined {
  if (!isObject(given)) return 'is no arrival'
  const name = ARRIVAL_NUMBERS.find((number) => typeof given[number] !== 'number')
  if (name !== undefined) return `${name} must be a number`
  const { kind } = given
  return typeof kind === 'string' && Object.hasOwn(KIND_NAMES, kind) ? undefined : 'kind must be that of a block'
}

function isShape<K extends string>(given: unknown, keys: readonly K[]): given is Record<K, unknown> {
  return typeof given === 'object' && given !== null && keys.every((key) => key in given)
}
