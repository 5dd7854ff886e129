/**
 * The fields of a request's body that hold a secret by their name, whatever the body is: JSON, a value on each line, a form, parts, or JSON that
 * is cut.
 *
 * The rule: what stands in such a field is never written, however short it is; what only counts tokens or describes a field stays. The work is
 * linear in the body.
 */
import { isObject, parseJson, type JsonObject, type JsonValue } from '../json.ts'
import { searchable, secretParameters, secretsOfAuthorization, starsFor } from './secrets.ts'

/** A body without its secrets, and the secrets that are worth looking for elsewhere. */
export interface CleanBody<T> {
  readonly body: T
  readonly secrets: readonly string[]
}

/** Without the dashes, and in lower case. What stands before does not matter: `x-api-key`, `GITHUB_TOKEN`. */
const SECRET_FIELD =
  /(passw(or)?ds?|passphrase|pwd|secrets?|(api|access|secret|private|signing|encryption|auth|service|shared|master|subscription|account|admin|client|license|ssh|deploy|hmac|webhook|security)keys?|(access|refresh|auth|bearer|api|session|secret|security)tokens?|idtoken|authorization|credentials?|cookies?|jwt|bearer|clientassertion|connectionstring|^(basic|proxy|http)?auth)\d*$/

/** A token may be a word of a model's vocabulary, or a place in a list: these are not secret. */
const TOKEN = /token\d*$/
const ORDINARY_TOKEN =
  /(page|next|prev|previous|continuation|progress|cancel|cancellation|stop|start|end|eos|eot|bos|pad|unk|sep|cls|mask|sync|per|first|last|max|min|special|image|audio|video|text|word|input|output|prompt|completion|reasoning|thinking|cached|new|count|usage|each|to|inter)token\d*$/

const VARIABLE = /^[A-Z][A-Z0-9_]*_(KEY|PASS|PAT|PWD)$/
const ORDINARY_VARIABLE = /(PUBLIC|PRIMARY|FOREIGN|CACHE|SORT|PARTITION|IDEMPOTENCY)_KEY$/

/** What the name of a field says of its value: of a token, or a pass, numbers are not secret. */
type Kind = 'secret' | 'secret text' | 'ordinary'

function kindOf(name: string): Kind {
  if (name.length > LONGEST_NAME) return 'ordinary'
  const plain = name.replaceAll(/[^A-Za-z0-9]/g, '').toLowerCase()
  if (SECRET_FIELD.test(plain) || (VARIABLE.test(name) && !ORDINARY_VARIABLE.test(name))) return 'secret'
  if (plain === 'pass' || (TOKEN.test(plain) && !ORDINARY_TOKEN.test(plain))) return 'secret text'
  return 'ordinary'
}

const LONGEST_NAME = 200

/** The text of a JSON value; undefined for one that is nested deeper than JSON can be written. */
export function writtenJson(value: JsonValue): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}

/** What is deeper in a body is read as a text. */
const DEEPEST_FIELD = 256

/** A JSON body without what is secret in it by the name of its field. */
export function withoutSecretFields(body: JsonValue): CleanBody<JsonValue> {
  const cleaner = new Cleaner()
  return { body: cleaner.value(body, 0), secrets: cleaner.secrets() }
}

/** A body that is no JSON without what is secret in it by the name of its field. */
export function withoutSecretFieldsInText(text: string): CleanBody<string> {
  const cleaner = new Cleaner()
  return { body: cleaner.lines(text), secrets: cleaner.secrets() }
}

/** A JSON Schema describes a field under the field's name. */
const DEFINITIONS: ReadonlySet<string> = new Set(['properties', '$defs', 'definitions', 'patternProperties'])
const SCHEMA_WORDS = 'type $ref anyOf oneOf allOf enum const not properties items format description title'.split(' ')

function isSchema(value: JsonValue): boolean {
  return isObject(value) && (Object.keys(value).length === 0 || SCHEMA_WORDS.some((word) => Object.hasOwn(value, word)))
}

/** What signs a URL, or opens it, besides the names of fields. */
const SIGNED = /^(x-(amz|goog)-(signature|credential)|sig|signature|hmac|pw|key)$/i

class Cleaner {
  readonly #found: string[] = []

  /** A word may stand in such a field too, and is no reason to blank it out everywhere. */
  secrets(): string[] {
    return searchable(this.#found).filter((secret) => secret.length >= 16 || /\d/.test(secret))
  }

  value(value: JsonValue, depth: number, under = ''): JsonValue {
    if (typeof value === 'string') return this.#text(value, depth)
    if (depth > DEEPEST_FIELD) return this.#deep(value)
    if (Array.isArray(value)) return value.map((item) => this.value(item, depth + 1))
    return isObject(value) ? this.#object(value, depth, under) : value
  }

  #object(object: JsonObject, depth: number, under: string): JsonObject {
    const pairName = namedBy(object)
    const entries = Object.entries(object).map(([key, value]): [string, JsonValue] => {
      const kind = key === 'value' && pairName !== undefined ? kindOf(pairName) : kindOf(key)
      const isOrdinary =
        kind === 'ordinary' ||
        (DEFINITIONS.has(under) && isSchema(value)) ||
        (key === 'token' && Object.hasOwn(object, 'logprob'))
      return [key, isOrdinary ? this.value(value, depth + 1, key) : this.#blank(value, kind, depth + 1)]
    })
    return Object.fromEntries(entries)
  }

  #blank(value: JsonValue, kind: Kind, depth: number): JsonValue {
    if (typeof value === 'string') return this.#stars(value)
    if (typeof value === 'number') return kind === 'secret' ? this.#stars(String(value)) : value
    if (typeof value === 'boolean' || value === null) return value
    if (depth > DEEPEST_FIELD) return this.#stars(writtenJson(value) ?? '')
    if (Array.isArray(value)) return value.map((item) => this.#blank(item, kind, depth + 1))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#blank(item, kind, depth + 1)]))
  }

  #deep(value: JsonValue): JsonValue {
    const clean = this.#pairs(writtenJson(value) ?? '')
    return parseJson(clean) ?? clean
  }

  #stars(secret: string): string {
    this.#found.push(secret, ...secretsOfAuthorization(secret))
    return starsFor(secret)
  }

  /** A text may be JSON itself, such as the arguments of a tool, or of a cut one the beginning. */
  #text(given: string, depth: number): string {
    const text = this.#urls(given)
    if (!/^\s*[{[]/.test(text) || !text.includes('"')) return text
    const value = depth > DEEPEST_FIELD ? undefined : parseJson(text)
    if (value === undefined || writtenJson(value) === undefined) return this.#pairs(text)
    const count = this.#found.length
    const clean = this.value(value, depth + 1)
    return this.#found.length === count ? text : (writtenJson(clean) ?? this.#pairs(text))
  }

  lines(given: string): string {
    if (/^[\w.~%+[\]$-]{1,200}=/.test(given)) return this.#form(given)
    const text = this.#urls(given)
    const rest = this.#parts(text)
    const lines = rest.split('\n')
    // Of JSON that is printed over several lines, a line alone is none.
    if (parseJson(lines[0] ?? '') === undefined) return this.#pairs(rest)
    return lines.map((line) => (/^\s*[{[]/.test(line) ? this.#text(line, 0) : this.#pairs(line))).join('\n')
  }

  /** The password before the host of a URL, and what its query holds under a name that says so. */
  #urls(text: string): string {
    if (!text.includes('://')) return text
    return text.replaceAll(/:\/\/[^\s"'<>\\`]+/g, (url) => {
      const [, user = '', password = ''] = /^(:\/\/[^/?#:@]*:)([^/?#@]+)@/.exec(url) ?? []
      const rest = url.slice(user.length + password.length)
      const query = rest.replaceAll(
        /([?&;])([^=&;#?]{1,200})=([^&;#]+)/g,
        (pair, before: string, name: string, value: string) =>
          kindOf(name) === 'ordinary' && !SIGNED.test(name) ? pair : `${before}${name}=${this.#stars(value)}`,
      )
      return user + (password === '' ? '' : this.#stars(password)) + query
    })
  }

  #form(text: string): string {
    let [clean, at] = ['', 0]
    for (const { start, value, decoded } of secretParameters(text, 0)) {
      this.#found.push(value, ...decoded)
      clean += text.slice(at, start) + starsFor(value)
      at = start + value.length
    }
    return clean + text.slice(at)
  }

  /** What stands in the part of a form that is named so. */
  #parts(text: string): string {
    const part =
      /^content-disposition:[^\r\n]{0,200}?\bname="?([^";\r\n]{1,200})"?[^\r\n]{0,500}\r?\n(?:[^\r\n]{1,500}\r?\n){0,8}\r?\n/gim
    let [clean, at] = ['', 0]
    for (const match of text.matchAll(part)) {
      const start = match.index + match[0].length
      if (start < at || kindOf(match[1] ?? '') === 'ordinary') continue
      const next = text.indexOf('\n--', start)
      const value = text.slice(start, next < 0 ? text.length : next).replace(/\r$/, '')
      clean += text.slice(at, start) + this.#stars(value)
      at = start + value.length
    }
    return clean + text.slice(at)
  }

  /** `"name":"value"` in what is no JSON as a whole, within a text of JSON too. */
  #pairs(text: string): string {
    let [clean, at, end] = ['', 0, 0]
    for (const match of text.matchAll(/(\\{0,7})"([^"\\]{1,200})\1"\s{0,20}:\s{0,20}/g)) {
      const [all, level = '', name = ''] = match
      const kind = kindOf(name)
      const start = match.index + all.length
      if (kind === 'ordinary' || start < end) continue
      end = endOfValue(text, start, level)
      if (name === 'token' && IS_OF_LOGPROB.test(text.slice(end, end + 20))) continue
      for (const piece of piecesOf(text, start, end, level)) {
        if (kind === 'secret text' && !piece.isText) continue
        clean += text.slice(at, piece.start) + this.#stars(text.slice(piece.start, piece.end))
        at = piece.end
      }
    }
    return clean + text.slice(at)
  }
}

/** What a model might have said is no secret. */
const IS_OF_LOGPROB = /^\\*"\s*,\s*\\*"logprob/

interface Piece {
  readonly start: number
  readonly end: number
  /** Not a number. */
  readonly isText: boolean
}

/** The texts and numbers of a value that is no object. */
function piecesOf(text: string, from: number, end: number, level: string): Piece[] {
  const pieces: Piece[] = []
  for (let at = from; at < end;) {
    if (text.startsWith(`${level}"`, at)) {
      const start = at + level.length + 1
      const close = endOfText(text, start, level)
      pieces.push({ start, end: close, isText: true })
      at = close + level.length + 1
      continue
    }
    const number = /^-?\d[\d.eE+-]*/.exec(text.slice(at, at + LONGEST_NAME))?.[0].length ?? 0
    if (number > 0) pieces.push({ start: at, end: at + number, isText: false })
    at += Math.max(1, number)
  }
  return pieces
}

function endOfValue(text: string, start: number, level: string): number {
  if (text.startsWith(`${level}"`, start)) return endOfText(text, start + level.length + 1, level)
  const rest = /[{}\]]/g
  if (text[start] !== '[')
    return start + (/^-?[\d.eE+-]+/.exec(text.slice(start, start + LONGEST_NAME))?.[0].length ?? 0)
  rest.lastIndex = start
  return rest.exec(text)?.index ?? text.length
}

/** Where a text ends whose quotes stand behind `level` backslashes; the end of all if it is cut. */
function endOfText(text: string, from: number, level: string): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 1)) {
    let before = at
    while (before > from && text[before - 1] === '\\') before -= 1
    const count = at - before
    if (level === '' ? count % 2 === 0 : count <= level.length) return at - Math.min(count, level.length)
  }
  return text.length
}

/** `{"name":"GITHUB_TOKEN","value":"…"}`, as variables and headers are given. */
function namedBy({ name, key }: JsonObject): string | undefined {
  return typeof name === 'string' ? name : typeof key === 'string' ? key : undefined
}
