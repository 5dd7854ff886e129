/**
 * The endpoints that a question is sent to, as a file names them. The rule: no key stands in the file, only the name of the variable that has
 * it, and no message repeats what may be one.
 */
import { readFile } from 'node:fs/promises'
import { MisuseError } from '../../errors.ts'
import { brokenLine, equalJson, isObject, parseJson, wordOf, type JsonObject, type JsonValue } from '../../json.ts'
import { preview, printable } from '../../printable.ts'
import { createRedactor } from '../../recording/redact.ts'
import { withoutSecretFields, writtenJson } from '../../recording/secret-fields.ts'
import { isSecretHeader, searchable } from '../../recording/secrets.ts'
import { doubledField, holdsKeyLike, isDeeperThan, keyLikePlace } from './key-like.ts'
import { unreadable } from '../recording-files.ts'
import { upstreamOf } from '../upstream.ts'

/** The dialects that a plain HTTP request can ask. */
export const LIVE_APIS = [
  'anthropic-messages',
  'openai-chat',
  'openai-responses',
  'gemini',
  'gemini-interactions',
  'bedrock-converse',
  'cohere',
  'ollama',
  'mistral-conversations',
  'text-generation',
] as const
export type LiveApi = (typeof LIVE_APIS)[number]

/** One place that answers a question. */
export interface Endpoint {
  /** What its answer and its recording are called. */
  readonly name: string
  readonly api: LiveApi
  /** As an SDK takes it, with a version or without. */
  readonly baseUrl: string
  readonly model: string
  /** The name of the environment variable that holds the key. Without it no key is sent. */
  readonly key?: string
  /** Sent besides, or in place of, those that the API needs. */
  readonly headers?: Readonly<Record<string, string>>
  /** Merged into the body of the request; null takes a field out. */
  readonly body?: JsonObject
  /** How long the answer may be, in tokens. */
  readonly maxTokens?: number
}

const FIELDS = ['name', 'api', 'baseUrl', 'model', 'key', 'headers', 'body', 'maxTokens']

/**
 * Reads a file of endpoints: a list, or `{ "endpoints": [...] }`. Throws `MisuseError`: `file_not_found`, and `bad_argument` or `bad_option`
 * for what is none, which names the file and the place.
 */
export async function readEndpoints(file: string): Promise<readonly Endpoint[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw unreadable(file, error)
  })
  const value = jsonIn(text.replace(/^\uFEFF/, ''), file)
  const doubled = doubledField(text)
  if (doubled !== undefined) {
    const line = text.slice(0, doubled.at).split('\n').length
    const field = FIELDS.includes(doubled.name) ? `the field ${doubled.name}` : 'a field'
    throw bad(file, `at line ${line}, ${field} stands twice in one object; write it once`)
  }
  const list = isObject(value) && Object.keys(value).every((key) => key === 'endpoints') ? value.endpoints : value
  if (!Array.isArray(list))
    throw bad(file, 'it is no list of endpoints; write [{ "name": …, "api": …, "baseUrl": …, "model": … }, …]')
  const endpoints = list.map((item, index) => endpointOf(item, `${file}: endpoints[${index}]`))
  if (endpoints.length < 2) throw bad(file, 'a comparison needs at least two endpoints')
  for (const [index, { name }] of endpoints.entries()) {
    const before = endpoints.findIndex((other) => other.name === name)
    if (before < index)
      throw bad(`${file}: endpoints[${index}].name`, `endpoints[${before}] has that name too; give each its own`)
  }
  return endpoints
}

/**
 * The key of each endpoint from the environment; undefined for one that needs none. Throws `MisuseError('bad_argument')` for a variable that
 * is not set, or holds what no header can.
 */
export function keysOf(
  endpoints: readonly Endpoint[],
  env: Readonly<Record<string, string | undefined>>,
): readonly (string | undefined)[] {
  return endpoints.map(({ name, key }) => {
    if (key === undefined) return undefined
    const given: unknown = env[key]
    // Every object has a __proto__.
    const value = typeof given === 'string' ? given.trim() : ''
    const place = `the endpoint ${name}`
    if (value === '' && !/^[A-Z_][A-Z0-9_]*$/.test(key))
      throw bad(
        place,
        `its "key" names no environment variable that is set, and is not repeated here, since it may be a key. ${KEY_ADVICE}`,
      )
    if (value === '')
      throw bad(
        place,
        `the environment variable ${key} is not set; set it, or leave out "key" if the server needs none`,
      )
    if (!/^[\u0021-\u007e]+$/.test(value))
      throw bad(place, `the environment variable ${key} holds characters that no key has; set it anew`)
    return value
  })
}

/** Lower-case words with `_`, `.` or a capital between them, as names of the wire are, and numbers. */
const PLAIN_WORD = /^(?:[a-z]{1,20}(?:[._][a-z]{1,20}|[A-Z][a-z]{1,19})*|[\d.]+)$/

/**
 * The keys that are looked for in what comes back. A short one, or one that is a word of the protocol, such as `assistant`, is none to keep, and
 * without it no stream could be read.
 */
export function secretsAmong(keys: readonly (string | undefined)[]): string[] {
  return searchable(keys.filter((key) => key !== undefined)).filter((key) => !PLAIN_WORD.test(key))
}

/** The message of the parser may hold a piece of the file, so only the line is told. */
function jsonIn(text: string, file: string): JsonValue {
  const value = parseJson(text)
  if (value !== undefined) return value
  const line = brokenLine(text)
  throw bad(file, `it is no JSON${line === undefined ? '' : ` at line ${line}`}; write a list of endpoints`)
}

function endpointOf(item: JsonValue, place: string): Endpoint {
  if (!isObject(item)) throw bad(place, `it is ${shown(wordOf(item))}; an endpoint is { name, api, baseUrl, model, … }`)
  const foreign = Object.keys(item).find((field) => !FIELDS.includes(field))
  if (foreign !== undefined)
    throw bad(`${place}.${shown(foreign)}`, `there is no such field; there are ${FIELDS.join(', ')}`)
  const { key, headers, body, maxTokens } = item
  return {
    name: nameOf(item.name, `${place}.name`),
    api: apiOf(item.api, `${place}.api`),
    baseUrl: baseUrlOf(item.baseUrl, `${place}.baseUrl`),
    model: textOf(item.model, `${place}.model`, 'the name of a model, as the server knows it'),
    ...(key === undefined ? {} : { key: keyNameOf(key, `${place}.key`) }),
    ...(headers === undefined ? {} : { headers: headersOf(headers, `${place}.headers`) }),
    ...(body === undefined ? {} : { body: bodyOf(body, `${place}.body`) }),
    ...(maxTokens === undefined ? {} : { maxTokens: maxTokensOf(maxTokens, `${place}.maxTokens`) }),
  }
}

const LONGEST_NAME = 60

function nameOf(value: JsonValue | undefined, place: string): string {
  const name = textOf(value, place, 'a name of its own, for its column and its recording')
  if (name.length > LONGEST_NAME || name.includes('\n') || printable(name) !== name)
    throw bad(
      place,
      `it is longer than ${LONGEST_NAME} characters, or has some that cannot be shown; write a plain name`,
    )
  return name
}

function textOf(value: JsonValue | undefined, place: string, what: string): string {
  if (value === undefined) throw bad(place, `it is missing; it is ${what}`)
  if (typeof value !== 'string' || value.trim() === '')
    throw bad(place, `it is no text, or an empty one; it is ${what}`)
  if (redacted(value) !== value) throw bad(place, `it looks like a key; it is ${what}. ${KEY_ADVICE}`)
  return value
}

function apiOf(value: JsonValue | undefined, place: string): LiveApi {
  const what = `one of ${LIVE_APIS.join(', ')}`
  const given = textOf(value, place, what)
  const api = LIVE_APIS.find((own) => own === given)
  if (api === undefined) throw bad(place, `${shown(given)} is not known here; it is ${what}`)
  return api
}

function baseUrlOf(value: JsonValue | undefined, place: string): string {
  const url = textOf(value, place, 'the base URL of the API, such as https://api.anthropic.com')
  upstreamOf(url, place)
  const { hostname, pathname } = new URL(url)
  const isNamed = /[;,&/]([^;,&/=]*)=/g
  const hasSecret = Array.from(pathname.matchAll(isNamed), ([, name = '']) => name).some(isSecretHeader)
  // Their paths begin with the number of the account, which is none.
  const hasNumbers = hostname.endsWith('.cloudflare.com')
  if (hasSecret || (!hasNumbers && pathname.split('/').some(holdsKeyLike)))
    throw bad(place, `there is what looks like a key in its path. ${KEY_ADVICE}`)
  return url
}

const KEY_ADVICE =
  'Keys stay out of this file: set an environment variable, and name it in "key", such as "key": "OPENAI_API_KEY"'

/** A key may be a name by its characters; names are short, or have parts that are words. */
function keyNameOf(value: JsonValue, place: string): string {
  const name = typeof value === 'string' ? value : ''
  const isName = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name)
  const isLikeKey = redacted(name) !== name || name.split('_').some(isRandom)
  if (isName && !isLikeKey) return name
  throw bad(
    place,
    `it is no name of an environment variable, and it is not repeated here, since it may be a key. ${KEY_ADVICE}`,
  )
}

/** A long word, or one of letters and digits in turn. */
function isRandom(word: string): boolean {
  return word.length >= 20 || (word.length >= 12 && (word.match(/\d+/g)?.length ?? 0) >= 3)
}

/** What the request itself has to say. */
const OWN_HEADERS =
  /^(host|content-(type|length|encoding)|connection|transfer-encoding|te|trailer|upgrade|expect|keep-alive)$/i

function headersOf(value: JsonValue, place: string): Readonly<Record<string, string>> {
  if (!isObject(value)) throw bad(place, 'it is no object; write { "anthropic-beta": "…" }')
  return Object.fromEntries(
    Object.entries(value).map(([name, given]) => {
      const at = `${place}[${JSON.stringify(shown(name))}]`
      if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) throw bad(at, 'it is no name of a header; take it out')
      if (isSecretHeader(name)) throw bad(at, `a header of that name carries a secret. ${KEY_ADVICE}`)
      if (OWN_HEADERS.test(name)) throw bad(at, 'the request sets that header by itself; take it out')
      if (typeof given !== 'string' || !/^[\u0020-\u007e]*$/.test(given))
        throw bad(at, 'it is no text of plain characters on one line; write one')
      if (redacted(given) !== given || holdsKeyLike(given)) throw bad(at, `its value looks like a key. ${KEY_ADVICE}`)
      return [name.toLowerCase(), given]
    }),
  )
}

/** In levels; no API takes as many. */
const DEEPEST_BODY = 100

function bodyOf(value: JsonValue, place: string): JsonObject {
  if (!isObject(value))
    throw bad(place, 'it is no object; write the fields of the request, such as { "temperature": 0 }')
  const text = isDeeperThan(DEEPEST_BODY, value) ? undefined : writtenJson(withoutSecretFields(value).body)
  const clean = text === undefined ? undefined : parseJson(redacted(text))
  if (clean === undefined) throw bad(place, 'it is nested too deep; write a plain body')
  const likeKey = keyLikePlace(value)
  if (equalJson(value, clean)) {
    if (likeKey === undefined) return value
    throw bad(place + shown(likeKey), `there is what looks like a secret. ${KEY_ADVICE}`)
  }
  throw bad(place + placeOfDifference(value, clean), `there is what looks like a secret. ${KEY_ADVICE}`)
}

/** Where two values that are not equal differ first, as a path: `.tools[0].token`. */
function placeOfDifference(a: JsonValue, b: JsonValue): string {
  if (Array.isArray(a) && Array.isArray(b)) {
    const index = a.findIndex((item, at) => !equalJson(item, b[at] ?? null))
    const item = a[index]
    return item === undefined ? '' : `[${index}]${placeOfDifference(item, b[index] ?? null)}`
  }
  if (!isObject(a) || !isObject(b)) return ''
  const [name, item] = Object.entries(a).find(([key, own]) => !equalJson(own, b[key] ?? null)) ?? []
  // The name of a field may be the secret.
  return name === undefined || item === undefined ? '' : `.${shown(name)}${placeOfDifference(item, b[name] ?? null)}`
}

function maxTokensOf(value: JsonValue, place: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value
  throw bad(place, `it is ${shown(wordOf(value))}; it is a whole number of tokens, 1 or more`)
}

function redacted(text: string): string {
  return REDACTOR.text(text)
}
const REDACTOR = createRedactor([])

/** A piece of the file in a message. */
function shown(text: string): string {
  return preview(redacted(text), 40)
}

function bad(place: string, why: string): MisuseError {
  return new MisuseError('bad_argument', `${place}: ${why}`)
}
