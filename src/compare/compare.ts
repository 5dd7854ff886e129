/** Several turns side by side. */
import { MisuseError } from '../errors.ts'
import { isObject, wordOf } from '../json.ts'
import type { AssistantMessage, Usage } from '../message.ts'
import { checkNames } from '../options.ts'
import type { Recording } from '../recording/format.ts'
import {
  ASPECTS,
  type Agreement,
  type Aspect,
  type CompareOptions,
  type Comparison,
  type Difference,
  type PriceTable,
} from './comparison.ts'
import { costOfTurn } from './cost.ts'
import { differencesOf, type Facts, type Tolerance } from './differences.ts'
import { observedFrom } from './given.ts'
import type { ObservedTurn } from './observed.ts'
import { rowsOf } from './rows.ts'
import { timesOf } from './times.ts'
import { TOKENS, usageSum } from './usage.ts'

/** A turn that can be compared: a recording, a message or all messages of a turn, or what `observe` gives of a live one. */
export type ComparedTurn = Recording | AssistantMessage | readonly AssistantMessage[] | ObservedTurn

/**
 * Compares two or more turns with one of them, the reference: what they say, what they call, why and how they ended, what it took.
 * Pure: the same turns give the same comparison, and two turns in the other order the same differences with the sides changed.
 *
 * Throws `MisuseError`: `bad_argument` for fewer than two turns, or what is none; `bad_option` for an option that there is not, or a value that
 * it cannot have.
 */
export function compare(turns: readonly ComparedTurn[], options: CompareOptions = {}): Comparison {
  if (!Array.isArray(turns) || turns.length < 2) {
    const got = Array.isArray(turns) ? `${turns.length}` : wordOf(turns)
    throw new MisuseError('bad_argument', `compare takes a list of two or more turns, and got ${got}`)
  }
  const { reference, labels, ignored, prices, tolerance } = choicesOf(options, turns.length)
  const observed = Array.from<unknown, ObservedTurn>(turns, observedFrom)
  const sides = observed.map((turn, place) => factsOf(turn, labels[place] ?? '', prices))
  const rows = rowsOf(observed, reference)
  const compared = { sides, rows, reference, tolerance }
  const bySide = sides.map((_, side) => (side === reference ? [] : differencesOf(side, compared)))
  return {
    reference,
    sides: sides.map((facts, side) => ({ ...facts, agrees: agreementOf(bySide[side] ?? []) })),
    rows,
    differences: bySide.flat().filter(({ aspect }) => !ignored.has(aspect)),
  }
}

interface Choices {
  readonly reference: number
  readonly labels: readonly string[]
  readonly ignored: ReadonlySet<Aspect>
  readonly prices: PriceTable
  readonly tolerance: Tolerance
}

const OPTIONS = ['reference', 'labels', 'ignore', 'prices', 'tolerance']

function choicesOf(options: CompareOptions, turns: number): Choices {
  checkNames(options, OPTIONS)
  const { reference = 0, labels, ignore = [], prices = {}, tolerance = {} } = options
  if (!(Number.isInteger(reference) && reference >= 0 && reference < turns)) {
    throw badOption('reference', `is ${wordOf(reference)}; it must be the place of a turn, 0 to ${turns - 1}`)
  }
  if (labels !== undefined && !(Array.isArray(labels) && labels.length === turns && labels.every(isText))) {
    throw badOption('labels', `must be a list of ${turns} texts, one for each turn`)
  }
  if (!Array.isArray(ignore)) throw badOption('ignore', `is ${wordOf(ignore)}; it is a list of ${ASPECTS.join(', ')}`)
  const unknown = ignore.findIndex((aspect) => !ASPECTS.includes(aspect))
  if (unknown >= 0) throw badOption('ignore', `names ${wordOf(ignore[unknown])}; it is a list of ${ASPECTS.join(', ')}`)
  checkPrices(prices)
  if (!isObject(tolerance)) throw badOption('tolerance', `is ${wordOf(tolerance)}; it must be { ms?, part? }`)
  checkNames(tolerance, ['ms', 'part'])
  const { ms = 500, part = 0.2 } = tolerance
  if (!(isNumber(ms) && isNumber(part))) throw badOption('tolerance', 'has ms and part, numbers of at least 0')
  return {
    reference,
    labels: labels ?? Array.from({ length: turns }, (_, place) => letterOf(place)),
    ignored: new Set(ignore),
    prices,
    tolerance: { ms, part },
  }
}

/** Throws `MisuseError('bad_option')` for what is no price table. */
export function checkPrices(prices: unknown): asserts prices is PriceTable {
  if (!isObject(prices))
    throw badOption('prices', `is ${wordOf(prices)}; it must be an object of { input, output } by model`)
  for (const [model, price] of Object.entries(prices)) {
    const given: unknown = price
    const isPrice =
      isObject(given) &&
      isNumber(given.input) &&
      isNumber(given.output) &&
      [given.cacheRead, given.cacheWrite].every((one) => one === undefined || isNumber(one))
    if (!isPrice) {
      throw badOption(
        'prices',
        `has no price under ${model}; it must be { input, output, cacheRead?, cacheWrite? }, each for a million tokens`,
      )
    }
  }
}

function badOption(name: string, what: string): MisuseError {
  return new MisuseError('bad_option', `the option ${name} ${what}`)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

/** What a side without a label is called: A to Z, then A1, B1, … */
export function letterOf(place: number): string {
  const letter = String.fromCharCode(65 + (place % 26))
  return place < 26 ? letter : `${letter}${Math.floor(place / 26)}`
}

function factsOf(turn: ObservedTurn, label: string, prices: PriceTable): Facts {
  const { messages, anomalies, askedModel, arrivals = [] } = turn
  const [first] = messages
  const usage = usageOf(messages)
  const model = messages.find((message) => message.model !== undefined)?.model
  const asked = askedModel === undefined ? {} : { askedModel }
  const models = { ...(model === undefined ? {} : { model }), ...asked }
  const cost = costOfTurn(areChoices(messages) ? messages.slice(0, 1) : messages, asked, prices)
  return {
    label,
    dialect: first?.dialect ?? 'unknown',
    ...models,
    messages: messages.map(({ id, idSource, stop, outcome }) => ({ id, idSource, stop, outcome })),
    anomalies: [...messages.flatMap((message) => message.anomalies), ...anomalies],
    usage,
    ...(cost === undefined ? {} : { cost }),
    times: timesOf(turn, usage),
    arrivals,
  }
}

/** The choices of an answer share one usage: each has the same. The messages of an agent's turn have their own. */
function usageOf(messages: readonly AssistantMessage[]): Usage {
  const [first] = messages
  if (first !== undefined && areChoices(messages)) return first.usage
  return usageSum(messages.map(({ usage }) => usage))
}

/** Choices have the id of their answer, if the wire had one, and count the same tokens: some agents give all their messages one id. */
function areChoices([first, ...others]: readonly AssistantMessage[]): boolean {
  return others.every((message) => {
    const hasId = message.idSource === 'wire' || first?.idSource === 'wire'
    const isBeside = hasId ? message.id === first?.id : message.dialect === first?.dialect
    return isBeside && TOKENS.every((name) => message.usage[name] === first?.usage[name])
  })
}

function agreementOf(differences: readonly Difference[]): Agreement {
  const isFree = (aspect: Aspect): boolean => differences.every((difference) => difference.aspect !== aspect)
  return {
    text: isFree('text'),
    calls: isFree('calls'),
    stop: isFree('stop'),
  }
}
