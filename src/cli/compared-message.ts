/** Messages as `onefold fold --json` prints them, or as they stand beside recordings, read back from a file. */
import { ANOMALY_KINDS } from '../anomaly.ts'
import { MisuseError } from '../errors.ts'
import { isObject, parseJson, type JsonObject, type JsonValue } from '../json.ts'
import { STOP_REASONS, type AssistantMessage } from '../message.ts'

/**
 * The messages of a text: one, a list, or one a line. Undefined for a text that holds none. They come without times: those of a message are
 * of its own folding. Throws `MisuseError('bad_recording')` for a message that is damaged.
 */
export function messagesIn(text: string, name: string): readonly AssistantMessage[] | undefined {
  if (!/^\uFEFF?\s*[[{]/.test(text)) return undefined
  const whole = text.replace(/^\uFEFF/, '')
  const value = parseJson(whole) ?? linesOf(whole)
  const values = Array.isArray(value) ? value : [value]
  if (values.length === 0 || !values.every(looksLikeMessage)) return undefined
  return values.map((one, index) => {
    const reason = faultOf(one)
    if (reason === undefined && isMessage(one)) {
      const { timing: _timing, ...message } = one
      return message
    }
    const place = values.length === 1 ? 'the message' : `message ${index + 1}`
    throw new MisuseError(
      'bad_recording',
      `${name}: ${place} is damaged: ${reason ?? 'it is no message'}. Write it anew with onefold fold --json`,
    )
  })
}

/** Only if its first line is a message: a body of events has many lines. */
function linesOf(text: string): JsonValue | undefined {
  const [first = '', ...others] = text.split('\n').filter((line) => line.trim() !== '')
  const one = parseJson(first)
  if (!looksLikeMessage(one)) return undefined
  const values = [one, ...others.map(parseJson)].filter((value) => value !== undefined)
  return values.length === others.length + 1 ? values : undefined
}

/** No answer of a provider has these. */
function looksLikeMessage(value: JsonValue | undefined): value is JsonObject {
  return isObject(value) && isObject(value.outcome) && 'content' in value && 'stop' in value && 'anomalies' in value
}

function isMessage(value: unknown): value is AssistantMessage {
  return isObject(value) && faultOf(value) === undefined
}

const BLOCK_TEXTS: ReadonlyMap<string, readonly string[]> = new Map([
  ['text', ['text']],
  ['thinking', ['text']],
  ['refusal', ['text']],
  ['tool_call', ['key', 'id', 'idSource', 'name', 'arguments', 'origin', 'state']],
  ['tool_result', []],
  ['media', []],
  ['other', []],
])

/** What is wrong with a message, for a person; undefined if it is one. */
function faultOf({
  id,
  dialect,
  content,
  stop,
  outcome,
  usage,
  anomalies,
  model,
  idSource,
}: JsonObject): string | undefined {
  const isNamed =
    typeof id === 'string' && typeof dialect === 'string' && (idSource === 'wire' || idSource === 'minted')
  if (!isNamed) return 'it has no id, no idSource or no dialect'
  if (model !== undefined && typeof model !== 'string') return 'model is no text'
  if (!Array.isArray(content)) return 'content is no list'
  const block = content.findIndex((one) => !isBlock(one))
  if (block >= 0) return `content[${block}] is no block`
  if (!isObject(stop) || !STOP_REASONS.some((reason) => reason === stop.reason))
    return 'stop.reason is none that there is'
  if (!isTextOrNull(stop.sequence) || !isTextOrNull(stop.raw))
    return 'stop.raw or stop.sequence is neither a text nor null'
  if (!isObject(outcome) || !isOutcome(outcome))
    return 'outcome.kind is none that there is, or lacks what belongs to it'
  if (!isObject(usage) || Object.values(usage).some((count) => typeof count !== 'number'))
    return 'usage has what is no number'
  if (!Array.isArray(anomalies)) return 'anomalies is no list'
  const anomaly = anomalies.findIndex((one) => !isAnomaly(one))
  return anomaly < 0 ? undefined : `anomalies[${anomaly}] is none that there is`
}

function isTextOrNull(value: JsonValue | undefined): boolean {
  return value === null || typeof value === 'string'
}

function isBlock(block: JsonValue): boolean {
  if (!isObject(block) || typeof block.type !== 'string' || !isObject(block.wire)) return false
  const texts = BLOCK_TEXTS.get(block.type)
  if (texts === undefined || texts.some((name) => typeof block[name] !== 'string')) return false
  if (block.citations !== undefined && !Array.isArray(block.citations)) return false
  return block.type !== 'tool_call' || (block.state === 'complete') === isObject(block.input)
}

function isOutcome({ kind, by, budget, silenceMs, error }: JsonObject): boolean {
  switch (kind) {
    case 'complete':
      return true
    case 'truncated':
      return typeof by === 'string' && isError(error)
    case 'failed':
      return isError(error)
    case 'aborted':
      return typeof by === 'string'
    case 'timed_out':
      return typeof budget === 'string' && typeof silenceMs === 'number'
    default:
      return false
  }
}

function isError(error: JsonValue | undefined): boolean {
  if (!isObject(error)) return false
  const { class: errorClass, message, status } = error
  return (
    typeof errorClass === 'string' &&
    typeof message === 'string' &&
    (status === undefined || typeof status === 'number')
  )
}

function isAnomaly(anomaly: JsonValue): boolean {
  if (!isObject(anomaly)) return false
  const { kind, detail, count } = anomaly
  return (
    typeof kind === 'string' &&
    Object.hasOwn(ANOMALY_KINDS, kind) &&
    (detail === undefined || typeof detail === 'string') &&
    (count === undefined || typeof count === 'number')
  )
}
