/** What a caller may choose about a fold, and the check that it chose what there is. */
import { MisuseError } from './errors.ts'
import { isObject, wordOf, type JsonObject } from './json.ts'
import type { Limits } from './limits.ts'
import type { Dialect } from './message.ts'

/** The name of a turn that was given none. */
export const DEFAULT_TURN = 'turn'

export interface FoldOptions<D extends Dialect = Dialect> {
  /** The wire format; found out by itself if absent. */
  readonly dialect?: D
  /** Names the turn; ids that onefold mints begin with it. Default `turn`. Give each turn of a conversation its own. */
  readonly turn?: string
  /** The source carries many messages, as agent streams do. */
  readonly many?: boolean
  /** `stop` (default): a tool call is handed out when the stop reason is known. `early`: when its block is closed. */
  readonly toolCalls?: 'stop' | 'early'
  /** `strict`: a message that is sent again under its own id is not recognised as a repeat. Default `replay`. */
  readonly identity?: 'replay' | 'strict'
  /** A clean end of input counts as complete. Only for a vendor that sends no terminal event. */
  readonly acceptEof?: boolean
  /**
   * What each event of the wire carries: the piece that is new (default), or with `cumulative` the whole text so far, as a mode of DashScope
   * and some gateways do. It cannot be told from the wire: `1500`, `150` may be either.
   */
  readonly deltas?: 'incremental' | 'cumulative'
  /** Text between `<think>` and `</think>` becomes thinking. Default false: it stays text, since a model may as well write about the tag. */
  readonly thinkTags?: boolean
  readonly limits?: Partial<Limits>
  /** Each turn event brings along the provider's own event that caused it. */
  readonly raw?: boolean
}

const CHOICES: Readonly<Record<string, readonly unknown[]>> = {
  toolCalls: ['stop', 'early'],
  identity: ['replay', 'strict'],
  many: [true, false],
  acceptEof: [true, false],
  raw: [true, false],
  deltas: ['incremental', 'cumulative'],
  thinkTags: [true, false],
}

const OPTION_NAMES: ReadonlySet<string> = new Set([
  ...Object.keys(CHOICES),
  'dialect',
  'turn',
  'limits',
  'signal',
  'attempts',
  'idle',
  'tool',
  'total',
  'clock',
  'random',
])

/** Throws `MisuseError('bad_option')` for options that are no object, and for one that is not among the names. */
export function checkNames(options: unknown, names: Iterable<string>): void {
  if (!isObject(options)) {
    throw new MisuseError('bad_option', `the options are ${wordOf(options)}; they must be an object`)
  }
  const known = new Set(names)
  const foreign = Object.keys(options).find((name) => !known.has(name))
  if (foreign !== undefined) {
    throw new MisuseError('bad_option', `there is no option ${foreign}; there are ${[...known].join(', ')}`)
  }
}

/** Throws `MisuseError('bad_option')` for an option that there is not, or a value that it cannot have. */
export function checkOptions(options: FoldOptions): void {
  checkNames(options, OPTION_NAMES)
  for (const [name, allowed] of Object.entries(CHOICES)) {
    const value: unknown = Object.entries(options).find(([key]) => key === name)?.[1]
    if (value !== undefined && !allowed.includes(value)) {
      throw new MisuseError(
        'bad_option',
        `the option ${name} is ${wordOf(value)}; it must be one of ${allowed.join(', ')}`,
      )
    }
  }
  if (options.turn !== undefined && (typeof options.turn !== 'string' || options.turn === '')) {
    throw new MisuseError('bad_option', 'the option turn must be a text that is not empty')
  }
}

/** Throws `MisuseError('bad_argument')` for what is no ending. */
export function checkEnding(ending: unknown): void {
  const kinds = ['complete', 'truncated', 'aborted', 'timed_out', 'failed']
  const { kind, error }: JsonObject = isObject(ending) ? ending : {}
  if (typeof kind === 'string' && kinds.includes(kind) && (kind !== 'failed' || isObject(error))) return
  throw new MisuseError('bad_argument', `end() takes { kind }, one of ${kinds.join(', ')}; failed needs its error`)
}

/**
 * Throws `MisuseError('bad_argument')` for what are no finished messages: as a rule somebody did not await them. `taker` is who was given
 * them.
 */
export function checkMessages(messages: readonly unknown[], taker = 'toNative'): void {
  const areMessages = messages.every(isMessageLike)
  if (messages.length > 0 && areMessages) return
  const found =
    messages.length === 0 ? 'an empty list' : messages[0] instanceof Promise ? 'a promise' : wordOf(messages[0])
  throw new MisuseError(
    'bad_argument',
    `${taker} takes finished messages and got ${found}; await turn.message() or turn.messages() first`,
  )
}

function isMessageLike(message: unknown): boolean {
  if (!isObject(message)) return false
  const { dialect, content, outcome } = message
  const isWhole = typeof dialect === 'string' && isObject(outcome) && typeof outcome.kind === 'string'
  return isWhole && Array.isArray(content) && content.every(isObject)
}
