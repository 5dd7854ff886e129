/** `toFoldTo`, `toBeComplete`, `toEqualTurn`: what they compare, and what they say when a test fails. */
import { MisuseError } from '../errors.ts'
import { copyJson, isObject, wordOf, type JsonObject, type JsonValue } from '../json.ts'
import type { AssistantMessage, Outcome } from '../message.ts'
import { DEFAULT_TURN } from '../options.ts'
import { preview, printable } from '../printable.ts'
import { arrivalOf, commonLength, lastArrivalOf, placeOf } from './arrival.ts'
import { differingFields, firstDifference, isAsymmetric, type Difference } from './difference.ts'
import { checkIgnored, underTurn, without, type Ignored } from './left-out.ts'
import { readFoldable, type Foldable, type Reading, type Trail } from './reading.ts'

/** What a matcher tells vitest. */
export interface Judgement {
  readonly pass: boolean
  readonly message: () => string
}

type Judged = Judgement | Promise<Judgement>

export interface EqualTurnOptions {
  /** What may differ; nothing without it. */
  readonly ignoring?: readonly Ignored[]
}

/** Whether it folds to exactly that message; a list for an answer of several choices. Asymmetric matchers may stand anywhere in it. */
export function toFoldTo(received: unknown, expected: unknown): Judged {
  if (!isObject(expected) && !Array.isArray(expected)) {
    throw new MisuseError('bad_argument', `toFoldTo(…) takes a message, or a list of them, and got ${wordOf(expected)}`)
  }
  const turn = turnIn(expected)
  return after(readFoldable(received, turn), (reading) => {
    const wanted = expectedOf(expected)
    const found = reading.messages.map((message) => {
      const json = jsonOf(message)
      return turn === undefined ? json : underTurn(json, turn)
    })
    return compared('toFoldTo(message)', wanted, withKnownResponse(found, wanted), reading.trail)
  })
}

/** Whether every message of it is complete. */
export function toBeComplete(received: unknown): Judged {
  return after(readFoldable(received, undefined), ({ messages, trail }) => {
    const index = messages.findIndex(({ outcome }) => outcome.kind !== 'complete')
    const message = messages[index]
    if (message === undefined) {
      return {
        pass: true,
        message: () => `expect(…).not.toBeComplete(): it is complete\n\n${factsOf(messages.map(jsonOf)).join('\n')}`,
      }
    }
    return {
      pass: false,
      message: () => {
        const last = lastArrivalOf(trail, message.turn)
        return [
          `expect(…).toBeComplete(): ${messages.length > 1 ? `message ${index} ` : 'it '}is ${outcomeOf(message.outcome)}`,
          '',
          ...(last === undefined ? [] : [line('the last', last)]),
          ...tailOf(message),
          ...factsOf([jsonOf(message)]),
          ...message.anomalies
            .slice(0, 5)
            .map(({ kind, detail }) =>
              line('anomaly', detail === undefined ? kind : `${kind}: ${preview(detail, TEXT_WIDTH)}`),
            ),
        ].join('\n')
      },
    }
  })
}

/** Whether both give equal messages. */
export function toEqualTurn(received: unknown, other: unknown, options: EqualTurnOptions = {}): Judged {
  if (typeof options !== 'object' || options === null) {
    throw new MisuseError('bad_option', `toEqualTurn(…, options) takes { ignoring } and got ${wordOf(options)}`)
  }
  const { ignoring = [] } = options
  checkIgnored(ignoring)
  const readings = [readFoldable(received, undefined), readFoldable(other, undefined)] as const
  const judge = ([one, two]: readonly [Reading, Reading]): Judgement => {
    const turn = one.messages[0]?.turn ?? DEFAULT_TURN
    const comparable = ({ messages }: Reading): readonly JsonObject[] =>
      messages.map((message) => withStatusOnly(underTurn(jsonOf(message), turn)))
    const [found, wanted] = [comparable(one), comparable(two)]
    // A recording knows of its response no more than a stream does.
    const isKnown = [...found, ...wanted].every((message) => 'response' in message)
    const [left, right] = [found, wanted].map((messages) =>
      messages.map((message) => without(isKnown ? message : withoutResponse(message), ignoring)),
    )
    return compared('toEqualTurn(other)', right, left ?? [], one.trail)
  }
  const [one, two] = readings
  if (one instanceof Promise || two instanceof Promise) return Promise.all([one, two]).then(judge)
  return judge([one, two])
}

function compared(name: string, wanted: unknown, found: readonly JsonValue[], trail: Trail): Judgement {
  const list = Array.isArray(wanted) ? wanted : undefined
  const expected = list ?? [wanted]
  if (expected.length !== found.length) {
    return {
      pass: false,
      message: () =>
        [
          `expect(…).${name}: it gives ${countOf(found.length)}, not ${countOf(expected.length)}`,
          '',
          ...factsOf(found),
          ...(list === undefined ? ['  An answer with several choices is compared with a list of messages.'] : []),
        ].join('\n'),
    }
  }
  for (const [index, message] of found.entries()) {
    const difference = firstDifference(expected[index], message)
    if (difference === undefined) continue
    return {
      pass: false,
      message: () => described(name, { difference, index, of: found.length, wanted: expected[index], message, trail }),
    }
  }
  return {
    pass: true,
    message: () => `expect(…).not.${name}: it does\n\n${factsOf(found).join('\n')}`,
  }
}

interface Found {
  readonly difference: Difference
  readonly index: number
  readonly of: number
  readonly wanted: unknown
  readonly message: JsonValue
  readonly trail: Trail
}

function described(name: string, { difference, index, of, wanted, message, trail }: Found): string {
  const where = `${of > 1 ? `message ${index}, ` : ''}${whereOf(difference, message, wanted)}`
  const by = broughtBy(difference, index, message, trail)
  const others = differingFields(wanted, message).filter((field) => field !== difference.path[0])
  const [kinds, kindsWanted] = [kindsOf(message), kindsOf(wanted)]
  return [
    `expect(…).${name}: ${where} differs`,
    '',
    ...excerpts(difference),
    '',
    ...(by === undefined ? [] : [line('came with', by)]),
    ...(kinds === kindsWanted || kindsWanted === undefined
      ? [line('blocks', kinds ?? 'none')]
      : [line('blocks', `${kinds ?? 'none'} (expected: ${kindsWanted})`)]),
    ...(isObject(message) && isObject(message.outcome) && message.outcome.kind !== 'complete'
      ? [line('outcome', outcomeText(message.outcome))]
      : []),
    ...(others.length === 0 ? [] : [line('also', `${others.map((field) => printable(field)).join(', ')} differ`)]),
  ].join('\n')
}

/** `block 1 (tool_call get_weather) at input.city`, `outcome.kind`. */
function whereOf({ path }: Difference, message: JsonValue, wanted: unknown): string {
  const [field, block, ...deeper] = path
  if (field !== 'content' || typeof block !== 'number') return path.length === 0 ? 'the message' : pathOf(path)
  const found = blockIn(message, block) ?? blockIn(wanted, block)
  const type = isObject(found) && typeof found.type === 'string' ? found.type : 'block'
  const name = isObject(found) && type === 'tool_call' && typeof found.name === 'string' ? ` ${found.name}` : ''
  const at = deeper.length === 0 ? '' : ` at ${pathOf(deeper)}`
  return `block ${block} (${preview(type + name, 60)})${at}`
}

function blockIn(message: unknown, block: number): unknown {
  const content: unknown = isObject(message) ? message.content : undefined
  return Array.isArray(content) ? content[block] : undefined
}

function broughtBy(difference: Difference, index: number, message: JsonValue, trail: Trail): string | undefined {
  const { path } = difference
  const turn = isObject(message) && typeof message.turn === 'string' ? message.turn : DEFAULT_TURN
  if (path[0] !== 'content') return undefined
  if (path.length < 2 || (path.length === 2 && difference.actual === undefined)) {
    const last = lastArrivalOf(trail, turn)
    return last === undefined ? undefined : `nothing: the last that came is ${last}`
  }
  return arrivalOf(trail, turn, { message: index, ...placeOf(difference) })
}

const TEXT_WIDTH = 100
/** How much is shown before and behind the first character that differs. */
const [BEFORE, BEHIND] = [32, 64]

function excerpts({ expected, actual }: Difference): readonly string[] {
  if (typeof expected !== 'string' || typeof actual !== 'string' || expected.length + actual.length < 2 * BEHIND) {
    return [line('expected', shown(expected)), line('received', shown(actual))]
  }
  const at = commonLength(expected, actual)
  return [
    line('expected', excerptOf(expected, at)),
    line('received', excerptOf(actual, at)),
    line('equal up to', `character ${at} of ${expected.length} expected, ${actual.length} received`),
  ]
}

function excerptOf(text: string, at: number): string {
  const from = Math.max(0, at - BEFORE)
  const piece = JSON.stringify(text.slice(from, at + BEHIND))
  return printable(`${from > 0 ? '…' : ''}${piece}${at + BEHIND < text.length ? '…' : ''}`)
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (isAsymmetric(value)) {
    const said: unknown =
      'toAsymmetricMatcher' in value && typeof value.toAsymmetricMatcher === 'function'
        ? value.toAsymmetricMatcher()
        : value.toString()
    return preview(String(said), TEXT_WIDTH)
  }
  return preview(JSON.stringify(value) ?? wordOf(value), TEXT_WIDTH)
}

function line(name: string, text: string): string {
  return `  ${name.padEnd(12)}${text}`
}

function factsOf(messages: readonly JsonValue[]): readonly string[] {
  return messages.map((message) => line('blocks', kindsOf(message) ?? 'none'))
}

function kindsOf(message: unknown): string | undefined {
  const content: unknown = isObject(message) ? message.content : undefined
  if (!Array.isArray(content)) return undefined
  const kinds = content.map((block: unknown) =>
    isObject(block) && typeof block.type === 'string' ? block.type : String(block),
  )
  return kinds.length === 0 ? 'none' : preview(kinds.join(', '), TEXT_WIDTH)
}

function outcomeOf(outcome: Outcome): string {
  return outcomeText(copied(outcome))
}

function outcomeText(outcome: JsonObject): string {
  const { kind, by, budget, reason, error } = outcome
  const cause = [by, budget].find((one) => typeof one === 'string')
  const why = isObject(error) ? `${wordOf(error.class)}: ${wordOf(error.message)}` : reason
  return preview(
    `${wordOf(kind)}${cause === undefined ? '' : ` by ${wordOf(cause)}`}${why === undefined ? '' : ` (${wordOf(why)})`}`,
    2 * TEXT_WIDTH,
  )
}

/** What the last block ends with: where the stream broke off. */
function tailOf({ content }: AssistantMessage): readonly string[] {
  const last = content.at(-1)
  const text = last === undefined ? '' : last.type === 'tool_call' ? last.arguments : 'text' in last ? last.text : ''
  if (last === undefined || text === undefined || text === '') return []
  return [line('ends with', printable(JSON.stringify(text.slice(-BEHIND))))]
}

function countOf(messages: number): string {
  return messages === 1 ? 'one message' : `${messages} messages`
}

function pathOf(path: readonly (string | number)[]): string {
  const joined = path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`))
    .join('')
  return preview(joined, TEXT_WIDTH)
}

function turnIn(expected: unknown): string | undefined {
  const first: unknown = Array.isArray(expected) ? expected[0] : expected
  return isObject(first) && typeof first.turn === 'string' ? first.turn : undefined
}

/** The expected message without its times; what it says with matchers stays. */
function expectedOf(expected: unknown): unknown {
  if (isAsymmetric(expected)) return expected
  if (Array.isArray(expected)) return expected.map(expectedOf)
  if (!isObject(expected) || !('timing' in expected)) return expected
  const { timing: _timing, ...message } = expected
  return message
}

function jsonOf(message: AssistantMessage): JsonObject {
  const { timing: _timing, ...rest } = message
  return copied(rest)
}

function copied(value: object): JsonObject {
  const copy = copyJson(value)
  return isObject(copy) ? copy : {}
}

/** What the response said about itself is compared where the expected message says it: a recording without one is no other answer. */
function withKnownResponse(found: readonly JsonObject[], wanted: unknown): readonly JsonObject[] {
  return found.map((message, index) => {
    const expected: unknown = Array.isArray(wanted) ? wanted[index] : wanted
    return isObject(expected) && !isAsymmetric(expected) && !('response' in expected)
      ? withoutResponse(message)
      : message
  })
}

function withoutResponse({ response: _response, ...message }: JsonObject): JsonObject {
  return message
}

/** Of the response, the status: its headers and its id say when and to whom, not what. */
function withStatusOnly(message: JsonObject): JsonObject {
  const { response } = message
  return isObject(response) ? { ...message, response: { status: response.status ?? null } } : message
}

/** A result at once where everything is there already, so that a message in memory needs no `await`. */
function after<T>(value: T | Promise<T>, judge: (value: T) => Judgement): Judged {
  return value instanceof Promise ? value.then((later) => judge(later)) : judge(value)
}

/** What `onefold/vitest` adds to the assertions of vitest. A message in memory is judged at once; for all else a promise is to be awaited. */
export interface TurnMatchers<T> {
  /**
   * It folds to exactly that message, times apart; `expect.objectContaining` and other asymmetric matchers may stand anywhere in it. For
   * an answer of several choices, or a stream of many messages, a list of them.
   */
  toFoldTo(message: unknown): T extends AssistantMessage ? void : Promise<void>
  /** Every message of it is complete. */
  toBeComplete(): T extends AssistantMessage ? void : Promise<void>
  /** Both give equal messages, times and the name of the turn apart; `ignoring` names what else may differ. */
  toEqualTurn<U extends Foldable>(
    other: U,
    options?: EqualTurnOptions,
  ): T extends AssistantMessage ? (U extends AssistantMessage ? void : Promise<void>) : Promise<void>
}
