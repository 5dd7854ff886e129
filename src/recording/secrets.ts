/**
 * What is secret in a request, by where it stands, and in which forms it may come back.
 *
 * The rule: a value is harmless by its name or it is a secret. A secret of fewer than eight characters is never written where it stood, and
 * is not looked for elsewhere: it would blank out ordinary text.
 */
import { encodeBase64 } from '../base64.ts'

/** Names with their values, as they came; names in any case, and several times if they came so. */
export type Pairs = Iterable<readonly [name: string, value: string]>

/** A value that is looked for in bodies has at least so many characters. */
const SHORTEST_SECRET = 8

const SECRET_NAME = /key|token|secret|auth|cookie|session|signature|credential|passw|jwt|bearer/i

/** Headers that say what is asked and nothing about who asks: they are written. */
const KEPT =
  /^(accept|content-type|user-agent|anthropic-(version|beta)|openai-beta|x-app|x-stainless-[a-z-]*|x-goog-api-client|originator)$/

/** Headers that are neither written nor looked for: their values are ordinary words, or say where the client is. */
const PLAIN =
  /^(accept-(encoding|language|charset)|cache-control|connection|content-(length|encoding|language|disposition)|date|dnt|expect|host|if-.*|keep-alive|origin|pragma|priority|proxy-connection|range|referer|sec-(fetch|ch)-.*|sec-websocket-(version|extensions|protocol)|te|trailer|transfer-encoding|upgrade|upgrade-insecure-requests|via|forwarded|x-forwarded-.*|x-title|http-referer|anthropic-dangerous-direct-browser-access|baggage|traceparent|tracestate|version)$/

/** What programs send where a key belongs and there is none. */
const NO_SECRETS: ReadonlySet<string> = new Set([
  'undefined',
  'anything',
  'not-needed',
  'no-key-required',
  'placeholder',
  'lm-studio',
  '[object Object]',
])

/** True for a header of a request that may be written; `name` is in lower case. */
export function isKeptHeader(name: string): boolean {
  return KEPT.test(name) && !SECRET_NAME.test(name)
}

/** True for a header whose value is a secret by its name, in any case. */
export function isSecretHeader(name: string): boolean {
  return SECRET_NAME.test(name)
}

/** The secrets in the headers of a request: every value whose name is not known to be harmless, and what is inside it. */
export function secretsOfHeaders(headers: Pairs): string[] {
  const secrets: string[] = []
  for (const [given, value] of headers) {
    const name = given.toLowerCase()
    if ((KEPT.test(name) || PLAIN.test(name)) && !SECRET_NAME.test(name)) continue
    secrets.push(value.trim())
    if (name === 'cookie') secrets.push(...value.split(';').map(valueOfPair))
    if (/auth/.test(name)) secrets.push(...secretsOfAuthorization(value))
  }
  return searchable(secrets.flatMap((secret) => [secret, ...readAsUtf8(secret)]))
}

/** Bytes beyond ASCII in a header come as a character each; in a body they stand as UTF-8. */
function readAsUtf8(value: string): string[] {
  if (!/[\u0080-\u00ff]/.test(value) || /[\u0100-\uffff]/.test(value)) return []
  try {
    const bytes = Uint8Array.from(value, (char) => char.charCodeAt(0))
    return [new TextDecoder('utf-8', { fatal: true }).decode(bytes)]
  } catch {
    return []
  }
}

/** The secrets in the headers of a response: the cookies that it sets. */
export function secretsOfResponse(headers: Pairs): string[] {
  const secrets: string[] = []
  for (const [name, value] of headers) {
    if (name.toLowerCase() === 'set-cookie') secrets.push(valueOfPair(value.split(';', 1)[0] ?? ''))
    else if (SECRET_NAME.test(name) && !/^(anthropic|x)-ratelimit/i.test(name)) secrets.push(value.trim())
  }
  return searchable(secrets)
}

function valueOfPair(pair: string): string {
  return pair
    .slice(pair.indexOf('=') + 1)
    .trim()
    .replaceAll(/^"|"$/g, '')
}

/** What is secret in the value of such a header. The part behind the scheme; of `Basic` the pair, the name and the password as well; of AWS the signature. */
export function secretsOfAuthorization(value: string): string[] {
  const [, scheme = '', credentials = ''] = /^\s*(\S+)\s+(.*)$/s.exec(value) ?? []
  const secrets = [credentials.trim()]
  const fields = /(?:Signature|Credential|response|token)="?([^",\s]+)/gi
  for (const [, field = ''] of credentials.matchAll(fields)) secrets.push(field)
  if (/^basic$/i.test(scheme)) {
    const pair = decodedBase64(credentials.trim())
    const at = pair.indexOf(':')
    secrets.push(pair, pair.slice(at + 1), ...(at < 0 ? [] : [pair.slice(0, at)]))
  }
  return secrets
}

function decodedBase64(text: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(text), (char) => char.charCodeAt(0)))
  } catch {
    return ''
  }
}

const SECRET_PARAMETER =
  /^(x-amz-.*|.*(key|token|secret|passw|credential|session|signature|cookie).*|.*auth.*|sig|pass|pwd|pw|hmac|code|jwt|assertion)$/i

/** The secrets in the query of a path, as they stand there and decoded. */
export function secretsOfQuery(path: string): string[] {
  return searchable(parametersOf(path).flatMap(({ value, decoded }) => [value, ...decoded]))
}

/** The path with `*` of equal length in place of each secret value of its query. */
export function withoutQuerySecrets(path: string): string {
  let [text, at] = ['', 0]
  for (const { start, value } of parametersOf(path)) {
    text += path.slice(at, start) + starsFor(value)
    at = start + value.length
  }
  return text + path.slice(at)
}

function parametersOf(path: string): SecretParameter[] {
  const query = path.indexOf('?')
  return query < 0 ? [] : secretParameters(path, query + 1)
}

interface SecretParameter {
  readonly start: number
  readonly value: string
  readonly decoded: readonly string[]
}

/** The secret values of a query or a form that begins at `from`: those whose name says so, and a long one that has no name. */
export function secretParameters(text: string, from: number): SecretParameter[] {
  const found: SecretParameter[] = []
  const pair = /[^&;#]+/g
  pair.lastIndex = from
  for (let match = pair.exec(text); match !== null; match = pair.exec(text)) {
    const equals = match[0].indexOf('=')
    const value = match[0].slice(equals + 1)
    const isSecret = equals < 0 ? isLikeKey(value) : SECRET_PARAMETER.test(decodedPart(match[0].slice(0, equals)))
    if (value === '' || !isSecret) continue
    const decoded = [decodedPart(value), decodedPart(value.replaceAll('+', ' '))]
    found.push({ start: match.index + equals + 1, value, decoded })
  }
  return found
}

function isLikeKey(text: string): boolean {
  return text.length >= 16 || (text.length >= SHORTEST_SECRET && /\d/.test(text))
}

function decodedPart(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** `*` in place of a text, of equal length in bytes. */
export function starsFor(text: string): string {
  return '*'.repeat(new TextEncoder().encode(text).length)
}

/** Of these texts the ones that can be looked for elsewhere, each once: not too short, and no words that programs send for want of a key. */
export function searchable(secrets: readonly string[]): string[] {
  const long = secrets.filter((secret) => secret.trim().length >= SHORTEST_SECRET && !NO_SECRETS.has(secret))
  return [...new Set(long)]
}

/** Bytes as a text of one character each. What a byte of 128 or more becomes is the same each time, and nothing else matters here. */
const BYTES = new TextDecoder('latin1')

/** The text in which bytes are searched: one character for each byte. */
export function searchText(bytes: Uint8Array): string {
  return BYTES.decode(bytes)
}

/**
 * The forms in which a secret may stand in a body, as `searchText` would give them: as it is, escaped for JSON (once and within a text that is
 * JSON itself), for a URL, and in base64, wherever it begins within the text that was encoded.
 */
export function formsOf(secret: string): string[] {
  const forms = new Set<string>()
  const add = (text: string): void => void forms.add(searchText(new TextEncoder().encode(text)))
  // What is searched is a line; a secret of several lines is each of them.
  for (const line of secret.split(/[\r\n]+/)) {
    if (line === secret || line.trim().length >= SHORTEST_SECRET) addForms(line, add)
  }
  if (/[\r\n]/.test(secret)) {
    addForms(secret, add)
    forms.delete(searchText(new TextEncoder().encode(secret)))
  }
  return [...forms]
}

function addForms(secret: string, add: (form: string) => void): void {
  add(secret)
  for (const escaped of escapesOf(secret)) {
    add(escaped)
    const twice = escapesOf(escaped)[0] ?? escaped
    add(twice)
    add(escapesOf(twice)[0] ?? twice)
  }
  const percent = percentEncoded(secret)
  for (const form of [percent, percent.replaceAll('%20', '+'), strictlyPercentEncoded(percent)]) {
    add(form)
    add(form.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()))
  }
  for (const form of base64Cores(secret)) {
    add(form)
    add(form.replaceAll('/', '\\/'))
    add(form.replaceAll('+', '-').replaceAll('/', '_'))
    add(encodeURIComponent(form))
  }
}

/** As the usual writers of JSON escape a text: JavaScript, PHP, Python, Go and .NET. */
function escapesOf(text: string): string[] {
  const escaped = JSON.stringify(text).slice(1, -1)
  const ascii = escaped.replaceAll(/[\u0080-\uffff]/g, codeOf)
  return [escaped, escaped.replaceAll('/', '\\/'), ascii, escaped.replaceAll(/[<>&'+]/g, codeOf)]
}

function codeOf(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function percentEncoded(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}

function strictlyPercentEncoded(encoded: string): string {
  return encoded.replaceAll(/[!'()*~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** The characters of base64 that depend on the secret alone, for each of the three places at which it may begin. */
function base64Cores(secret: string): string[] {
  const bytes = new TextEncoder().encode(secret)
  const cores: string[] = []
  for (const before of [0, 1, 2]) {
    const padded = new Uint8Array(before + bytes.length)
    padded.set(bytes, before)
    const first = Math.ceil((before * 8) / 6)
    const end = Math.floor((padded.length * 8) / 6)
    const core = encodeBase64(padded).slice(first, end)
    if (core.length >= SHORTEST_SECRET) cores.push(core)
  }
  return cores
}
