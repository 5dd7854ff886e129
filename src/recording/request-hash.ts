/**
 * A hash by which a request is known again on another day, in another folder, by another run of the same program: over what was asked,
 * without what never stays the same. `docs/recordings.md` documents it under "Matching".
 *
 * The rule: two requests that ask something else hash differently. What is left out is named here, and nothing else is.
 */
import { isObject, nonEmpty, type JsonObject, type JsonValue } from '../json.ts'
import { sha256 } from '../system.ts'
import { apiCallOf } from './api-call.ts'

/** A request as it came: the path may have a query, which does not count; the body is the parsed one, undefined where there is none. */
export interface AskedRequest {
  readonly method: string
  readonly path: string
  readonly body: JsonValue | undefined
}

/** A change of the rules below gives other hashes, so it needs another number. */
const RULES_VERSION = 1

/**
 * The first 16 hex digits of the SHA-256 of what a request asks: dialect, operation, model and the body in its stable form. Whether it is
 * asked as a stream does not count. Take the hash before secrets are taken out, since whoever asks again has them.
 */
export async function requestHash(request: AskedRequest): Promise<string> {
  const { method, path, body } = request
  const call = apiCallOf(method, path, body)
  const asked = call === undefined ? `${method} ${path.split('?', 1)[0] ?? ''}` : `${call.dialect} ${call.operation}`
  const whole = [RULES_VERSION, asked, call?.model ?? null, body === undefined ? null : stableBody(body)]
  return (await sha256(JSON.stringify(whole))).slice(0, 16)
}

function words(...lines: readonly string[]): ReadonlySet<string> {
  return new Set(lines.flatMap((line) => line.split(' ')))
}

/** At the top of a body: how the answer is to be sent, who asks, and where it is to be stored and cached. */
const ABOUT_THE_CALL: ReadonlySet<string> = words(
  'model stream stream_options metadata client_metadata labels user user_id safety_identifier',
  'prompt_cache_key prompt_cache_retention prompt_cache_options cachedContent store service_tier',
  'include max_tokens max_completion_tokens max_output_tokens num_predict betas context_management',
  'keep_alive previous_response_id conversation conversation_id session_id request_id user_prompt_id',
  'project seed',
)

/** Anywhere: ids, which a program makes up anew, and what only their owner can read. Not inside the arguments of a tool. */
const ABOUT_ONE_RUN: ReadonlySet<string> = words(
  'id tool_use_id tool_call_id toolUseId call_id item_id session_id sessionId container cache_control',
  'cachePoint signature thoughtSignature thought_signature encrypted_content created_at timestamp',
  'maxOutputTokens maxTokens status',
)

/** Hold the arguments of a tool, in which every key is the tool's own. */
const ARGUMENTS: ReadonlySet<string> = words('input arguments args')

/** A body without what never stays the same, with its keys in order. */
export function stableBody(body: JsonValue): JsonValue {
  if (!isObject(body)) return stable(body)
  const kept = Object.entries(body).filter(([key]) => !ABOUT_THE_CALL.has(key))
  return stable(Object.fromEntries(kept))
}

function stable(value: JsonValue, isArgument = false): JsonValue {
  if (typeof value === 'string') return stableText(value)
  if (Array.isArray(value)) return joined(value.map((item) => stable(item, isArgument)))
  if (!isObject(value)) return value
  if (isText(value)) return stableText(value.text)
  const pairs = Object.entries(value)
    .filter(([key]) => isArgument || !ABOUT_ONE_RUN.has(key))
    .map(([key, item]): [string, JsonValue] => {
      if (!isArgument && (key === 'tools' || key === 'functions')) return [key, toolNames(item)]
      return [key, stable(item, isArgument || (ARGUMENTS.has(key) && isObject(item)))]
    })
  return Object.fromEntries(pairs.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Programs write one text as a text, as a list of one part, or cut in parts for the sake of the cache. */
function joined(items: readonly JsonValue[]): JsonValue {
  if (items.length === 0 || !items.every((item) => typeof item === 'string')) return [...items]
  return items.filter((item) => item !== '').join(' ')
}

const TEXT_TYPES: ReadonlySet<JsonValue | undefined> = new Set([undefined, 'text', 'input_text', 'output_text'])

function isText(value: JsonObject): value is JsonObject & { text: string } {
  const others = Object.keys(value).filter((key) => !['type', 'text', 'annotations', 'logprobs'].includes(key))
  return typeof value.text === 'string' && TEXT_TYPES.has(value.type) && others.every((key) => ABOUT_ONE_RUN.has(key))
}

/** Of the tools the names, in order: their descriptions hold folders, dates and lists of models, and servers of tools come in any order. */
function toolNames(tools: JsonValue): JsonValue {
  const names: string[] = []
  const collect = (value: JsonValue | undefined): void => {
    if (Array.isArray(value)) value.forEach(collect)
    else if (isObject(value)) {
      const inner = value.function ?? value.functionDeclarations ?? value.function_declarations ?? value.toolSpec
      if (inner !== undefined) collect(inner)
      else names.push(nonEmpty(value.name) ?? nonEmpty(value.type) ?? Object.keys(value).toSorted().join(' '))
    }
  }
  collect(tools)
  return names.toSorted()
}

const MONTH = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}'
const WEEKDAY = '(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},? )?'
const CLOCK = '\\d{1,2}:\\d{2}(?::\\d{2}(?:[.,]\\d{1,9})?)?(?: ?[AaPp]\\.?[Mm]\\b\\.?)?'
const ZONE =
  '(?: ?(?:Z|UTC|GMT)?[+-]\\d{2}:?\\d{2}\\b| ?(?:Z|UTC|GMT|CES?T|[ECMP][SD]T)\\b)?(?: \\([A-Z][A-Za-z ]{2,40}\\))?'

/** In this order. Each is linear: nothing in it can match the same characters in two ways. */
const VOLATILE: readonly (readonly [RegExp, (match: string) => string])[] = [
  // Claude Code counts its own calls in the first line of its instructions.
  [/^x-anthropic-billing-header:.*$/gm, () => ''],
  // A folder is somewhere else each time; a file keeps its name.
  [/(?<![\w<./\\-])(?:~|\.\.|file:\/\/)?(?:\/[\w.@+~%-]+)+\/?/g, fileNameOf],
  [/\b[A-Za-z]:\\[\w.@+~%\\-]*/g, fileNameOf],
  [/\b(?:127\.0\.0\.1|localhost|\[::1\]):\d{1,5}\b/g, () => '<host>'],
  [/\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/gi, () => '<id>'],
  [
    /\b(?:msg|toolu|srvtoolu|call|resp|fc|rs|ws|mcp|chatcmpl|gen|req|run|thread|item|ses|sess|session|prt|part|file|user|org|proj|tool)[_-](?=[A-Za-z_-]*\d)[\w-]{6,}/g,
    () => '<id>',
  ],
  [new RegExp(`\\b\\d{4}[-/.]\\d{2}[-/.]\\d{2}(?:(?:T|,? )${CLOCK}${ZONE})?`, 'g'), () => '<time>'],
  [
    new RegExp(
      `\\b${WEEKDAY}${MONTH}\\.? {1,2}\\d{1,2}(?:st|nd|rd|th)?(?:,? \\d{4}(?:,?(?: at)? ${CLOCK}${ZONE})?|,?(?: at)? ${CLOCK}${ZONE}(?: \\d{4})?)(?!\\w)`,
      'g',
    ),
    () => '<time>',
  ],
  [
    new RegExp(`\\b${WEEKDAY}\\d{1,2}(?:st|nd|rd|th|\\.)? ${MONTH}\\.?,? \\d{4}(?:,?(?: at)? ${CLOCK}${ZONE})?`, 'g'),
    () => '<time>',
  ],
  [new RegExp(`\\b\\d{1,2}[/.]\\d{1,2}[/.]\\d{4}(?:,? ${CLOCK}${ZONE})?`, 'g'), () => '<time>'],
  [new RegExp(`\\b\\d{1,2}:\\d{2}:\\d{2}(?:[.,]\\d{1,9})?(?: ?[AaPp]\\.?[Mm]\\b\\.?)?${ZONE}`, 'g'), () => '<time>'],
  [/\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{7,}\b/g, () => '<id>'],
  // What a tool tells about its own run.
  [/\b(?:chunk id|pgid|pid)[:=] ?[0-9a-f]+\b/gi, () => '<id>'],
  [/\b\d+(?:\.\d+ ?(?:ms|s|secs?|seconds?)| ?ms)\b/g, () => '<duration>'],
  [/\d{9,}/g, () => '<number>'],
  [/\s+/g, () => ' '],
]

/** A text without dates and times of day, folders, ids, ports, long numbers, and with single blanks. */
export function stableText(text: string): string {
  return VOLATILE.reduce((soFar, [pattern, by]) => soFar.replace(pattern, by), text).trim()
}

function fileNameOf(path: string): string {
  const name = /[^/\\]*[/\\]?$/.exec(path)?.[0] ?? ''
  // A full stop at the end belongs to the sentence.
  return /^[^.]+.*\.[A-Za-z]\w{0,9}\.?$/.test(name) ? `<path>/${name}` : '<path>'
}
