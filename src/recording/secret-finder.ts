/**
 * Where secrets stand in one line of a body. A line is searched as `searchText` gives it, one character for each byte.
 *
 * The rule: the work is linear in the line, whatever stands there. The shapes below cannot match the same characters in two ways, and the
 * caller's patterns see a window at a time.
 */
import { MisuseError } from '../errors.ts'
import { formsOf } from './secrets.ts'
import { unescapings } from './unescape.ts'

/** From `start` up to, and not including, `end`. */
export interface Range {
  readonly start: number
  readonly end: number
}

export interface SecretFinder {
  /** In order, none overlapping. */
  rangesIn(line: string): Range[]
  /** Where the end of a text begins that may be the beginning of a secret, of which the rest is still to come; undefined if there is none. */
  openingOf(text: string): number | undefined
  /** How the long secret goes on in which the text ends; undefined if it does not end in one. */
  longSecretOf(text: string): RegExp | undefined
  /** A secret is not longer than this, or it is told by every piece of this length. */
  readonly reach: number
}

/** What a match of a caller's pattern may have at most; a longer one may be found in part. */
export const LONGEST_MATCH = 4096

const WINDOW = 4 * LONGEST_MATCH

const NAME = '[A-Za-z0-9_-]'

/** The keys of the known services by how they begin, what follows, and how much of it at least. */
const KEYS: readonly (readonly [prefix: string, rest: string, least: number])[] = [
  ['sk-', NAME, 16],
  ['AIza', NAME, 20],
  ['ya29.', '[A-Za-z0-9_.-]', 16],
  ['AQ.Ab', NAME, 16],
  ['ghp_', '[A-Za-z0-9]', 16],
  ['gho_', '[A-Za-z0-9]', 16],
  ['ghu_', '[A-Za-z0-9]', 16],
  ['ghs_', '[A-Za-z0-9]', 16],
  ['ghr_', '[A-Za-z0-9]', 16],
  ['github_pat_', '[A-Za-z0-9_]', 16],
  ['glpat-', NAME, 16],
  ['xoxa-', NAME, 10],
  ['xoxb-', NAME, 10],
  ['xoxe-', NAME, 10],
  ['xoxp-', NAME, 10],
  ['xoxo-', NAME, 10],
  ['xoxr-', NAME, 10],
  ['xoxs-', NAME, 10],
  ['xapp-', NAME, 10],
  ['AKIA', '[A-Z0-9]', 16],
  ['ASIA', '[A-Z0-9]', 16],
  ['ABSK', '[A-Za-z0-9+/=]', 32],
  ['hf_', '[A-Za-z0-9]', 20],
  ['gsk_', '[A-Za-z0-9]', 20],
  ['xai-', '[A-Za-z0-9]', 20],
  ['pplx-', '[A-Za-z0-9]', 20],
  ['nvapi-', NAME, 20],
  ['npm_', '[A-Za-z0-9]', 30],
  ['sk_live_', '[A-Za-z0-9]', 16],
  ['rk_live_', '[A-Za-z0-9]', 16],
  ['sk_test_', '[A-Za-z0-9]', 16],
  ['rk_test_', '[A-Za-z0-9]', 16],
  ['whsec_', '[A-Za-z0-9+/=]', 16],
  ['GOCSPX-', NAME, 16],
  ['SG.', '[A-Za-z0-9_.-]', 32],
  ['dapi', '[a-f0-9]', 32],
  ['tvly-', NAME, 16],
  ['r8_', '[A-Za-z0-9]', 20],
  ['hooks.slack.com/services/', '[A-Za-z0-9/]', 16],
]

const KEY_TITLE = '[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?'
/** With its line ends as they are, or escaped for JSON, once or more often; a dash stands in the header lines of a key with a password. */
const KEY_LINES = String.raw`(?:[A-Za-z0-9+/=: \t,\r\n]|-(?!-)|\\+(?:[nrt/]|$))*`
/** What PGP writes above a key, in words of any kind. */
const KEY_COMMENTS = String.raw`(?:(?:[\r\n]|\\+[nr]){1,4}(?:Version|Comment|Hash|Charset|MessageID): [^\r\n"\\]{0,100}){0,4}`
const BEARER = '[A-Za-z0-9._~+/=-]'

/** A JWT: the beginning of JSON in base64. */
const TOKEN = 'eyJ'

interface Shape {
  readonly prefix: string
  /** What stands behind the prefix, all of it. */
  readonly rest: RegExp
  /** What may stand behind it so far, up to the end of the text. */
  readonly begun: RegExp
  /** How much of the prefix is no secret. */
  readonly skipped: number
}

const SHAPES: readonly Shape[] = [
  ...KEYS.map(([prefix, rest, least]) => shapeOf(prefix, `${rest}{${least},}`, `${rest}*`)),
  shapeOf(TOKEN, `${NAME}{8,}\\.${NAME}{16,}(?:\\.${NAME}*)?`, `${NAME}*(?:\\.${NAME}*){0,2}`),
  ...['Bearer ', 'bearer ', 'BEARER ', 'Bearer%20', 'Bearer+'].map((prefix) =>
    shapeOf(prefix, `${BEARER}{16,}`, `${BEARER}*`, prefix.length),
  ),
  shapeOf(
    '-----BEGIN ',
    `${KEY_TITLE}-----${KEY_COMMENTS}${KEY_LINES}(?:-----END ${KEY_TITLE}-----)?`,
    `(?:[A-Z0-9 ]{0,80}-{0,5}|${KEY_TITLE}-----${KEY_COMMENTS}${KEY_LINES}(?:-{1,5}(?:END[A-Z0-9 ]{0,80}-{0,5})?)?)`,
  ),
]

function shapeOf(prefix: string, rest: string, begun: string, skipped = 0): Shape {
  return { prefix, rest: new RegExp(rest, 'y'), begun: new RegExp(`${begun}$`, 'y'), skipped }
}

const SHAPE_OF: ReadonlyMap<string, Shape> = new Map(SHAPES.map((shape) => [shape.prefix, shape]))
const PREFIXES = SHAPES.map(({ prefix }) => prefix)
const LONGEST_PREFIX = Math.max(...PREFIXES.map((prefix) => prefix.length))
const PREFIX = new RegExp(PREFIXES.map((prefix) => prefix.replaceAll(/[.+]/g, String.raw`\$&`)).join('|'), 'g')
/** `s` and `sk` of `sk-`. */
const BEGUN_PREFIXES: ReadonlySet<string> = new Set(
  PREFIXES.flatMap((prefix) => Array.from({ length: prefix.length - 1 }, (_, index) => prefix.slice(0, index + 1))),
)

const ESCAPE = /(?:\\[nrtbf]|\\u[0-9A-Fa-f]{4}|%[0-9A-Fa-f]{2})$/

/** Whether a word begins there: at what is no letter or digit, or behind an escape of JSON or of a URL, which may end in one. */
function isStart(text: string, at: number): boolean {
  return at === 0 || !isLetterOrDigit(text.charCodeAt(at - 1)) || ESCAPE.test(text.slice(Math.max(0, at - 6), at))
}

function isLetterOrDigit(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122)
}

const NAME_RUN = new RegExp(`${NAME}*`, 'y')

/** Where the run of characters of a name ends that begins at `from`. */
function endOfRun(text: string, from: number): number {
  NAME_RUN.lastIndex = from
  NAME_RUN.test(text)
  return NAME_RUN.lastIndex
}

/** The keys of known shapes in a text. */
function shapesIn(text: string): Range[] {
  const found: Range[] = []
  // Where one JWT did not end, none that begins before it does: a text of nothing but beginnings costs no more than its length.
  let noToken = 0
  PREFIX.lastIndex = 0
  for (let match = PREFIX.exec(text); match !== null; match = PREFIX.exec(text)) {
    const shape = SHAPE_OF.get(match[0])
    if (shape === undefined || !isStart(text, match.index)) continue
    const { rest, prefix, skipped } = shape
    if (prefix === TOKEN && match.index < noToken) continue
    rest.lastIndex = match.index + prefix.length
    if (!rest.test(text)) {
      if (prefix === TOKEN) noToken = endOfRun(text, match.index)
      continue
    }
    found.push({ start: match.index + skipped, end: rest.lastIndex })
    PREFIX.lastIndex = rest.lastIndex
  }
  return found
}

/** Where a key of a known shape begins that goes on to the end of the text, or may; -1 if there is none. */
function shapeOpening(text: string): number {
  let noToken = 0
  PREFIX.lastIndex = 0
  for (let match = PREFIX.exec(text); match !== null; match = PREFIX.exec(text)) {
    const begun = SHAPE_OF.get(match[0])?.begun
    if (begun === undefined || !isStart(text, match.index)) continue
    if (match[0] === TOKEN && match.index < noToken) continue
    begun.lastIndex = match.index + match[0].length
    if (begun.test(text)) return match.index
    if (match[0] === TOKEN) noToken = endOfRun(text, match.index)
  }
  for (let length = Math.min(LONGEST_PREFIX - 1, text.length); length > 0; length -= 1) {
    const at = text.length - length
    if (BEGUN_PREFIXES.has(text.slice(at)) && isStart(text, at)) return at
  }
  return -1
}

const KEY_GOES_ON = new RegExp(KEY_LINES, 'y')
const TOKEN_GOES_ON = /[\w.+/=~-]*/y

/** Of the end of a text so much is looked at for a secret that is still coming. */
const LONGEST_BEGINNING = 4096

/**
 * A finder of these secrets, of the well-known shapes of keys and of what the caller's patterns match: a text, which is taken as a secret of
 * whatever length, or a regular expression, which is matched within a line, 4,096 characters at most. Throws `MisuseError('bad_option')` for
 * a pattern that is neither, or empty.
 */
export function createFinder(secrets: readonly string[], patterns: readonly (string | RegExp)[]): SecretFinder {
  const texts = patterns.filter((pattern) => typeof pattern === 'string')
  const expressions: RegExp[] = []
  for (const pattern of patterns) {
    if (pattern === '' || !(typeof pattern === 'string' || pattern instanceof RegExp)) {
      throw new MisuseError(
        'bad_option',
        'redact: a pattern is neither a text nor a regular expression, or it is empty',
      )
    }
    if (typeof pattern !== 'string') expressions.push(everywhere(pattern))
  }
  const forms = [...new Set([...secrets, ...texts].flatMap(formsOf))].filter((form) => form !== '')
  const longest = Math.max(0, ...forms.map((form) => form.length))
  const knownIn = (text: string): Range[] => {
    const found: Range[] = []
    for (const form of forms) {
      for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + form.length))
        found.push({ start: at, end: at + form.length })
    }
    found.push(...shapesIn(text))
    return found
  }
  const openingIn = (text: string): number | undefined => {
    const places = forms.map((form) => beginningAt(form, text)).filter((at) => at >= 0)
    const shape = shapeOpening(text)
    if (shape >= 0) places.push(shape)
    return places.length === 0 ? undefined : Math.min(...places)
  }
  const reach = Math.max(longest * LONGEST_ESCAPE, LONGEST_MATCH)
  return {
    reach,
    rangesIn(line) {
      const found = knownIn(line)
      // However it is escaped: nobody writes a plain letter as \u0073, but a server that hides a key may.
      for (const { text, starts, ends } of unescapings(line)) {
        for (const { start, end } of knownIn(text)) found.push({ start: starts[start] ?? 0, end: ends[end - 1] ?? 0 })
      }
      for (const expression of expressions) found.push(...matchesOf(expression, line))
      return joined(found)
    },
    longSecretOf(text) {
      const last = text.length > LONGEST_BEGINNING / 2 ? shapesIn(text).at(-1) : undefined
      if (last === undefined || last.end < text.length || last.end - last.start < LONGEST_BEGINNING / 2)
        return undefined
      return text.startsWith('-----', last.start) ? KEY_GOES_ON : TOKEN_GOES_ON
    },
    openingOf(text) {
      const from = Math.max(0, text.length - Math.max(LONGEST_BEGINNING, reach))
      const end = from === 0 ? text : text.slice(from)
      const places = [openingIn(end)]
      for (const { text: plain, starts, cut } of unescapings(end, true)) {
        const at = openingIn(plain)
        places.push(cut, at === undefined ? undefined : starts[at])
      }
      const known = places.filter((place) => place !== undefined)
      return known.length === 0 ? undefined : from + Math.min(...known)
    },
  }
}

/** One byte as JSON within JSON within JSON may write it: `\\\\u0073`. */
const LONGEST_ESCAPE = 9

/** Where the longest end of `text` begins that is a beginning of `form` and not all of it; -1 if there is none. */
function beginningAt(form: string, text: string): number {
  const last = text.charCodeAt(text.length - 1)
  for (let length = Math.min(form.length - 1, text.length); length > 0; length -= 1) {
    if (form.charCodeAt(length - 1) === last && text.endsWith(form.slice(0, length))) return text.length - length
  }
  return -1
}

function everywhere(pattern: RegExp): RegExp {
  return new RegExp(pattern.source, `${pattern.flags.replaceAll(/[gy]/g, '')}g`)
}

/** Windows overlap by the longest match, so that none is missed at a seam, and bound what a slow pattern costs. */
function matchesOf(expression: RegExp, line: string): Range[] {
  const found: Range[] = []
  for (let from = 0; ; from += WINDOW - LONGEST_MATCH) {
    const window = line.slice(from, from + WINDOW)
    const ranges = isAscii(window) ? rangesOf(expression, window) : rangesInText(expression, window)
    for (const { start, end } of ranges) found.push({ start: from + start, end: from + end })
    if (from + WINDOW >= line.length) return found
  }
}

function rangesOf(expression: RegExp, text: string): Range[] {
  return Array.from(text.matchAll(expression), (match) => ({ start: match.index, end: match.index + match[0].length }))
}

// oxlint-disable-next-line no-control-regex -- all of ASCII is meant
const ASCII = /^[\u0000-\u007f]*$/

function isAscii(text: string): boolean {
  return ASCII.test(text)
}

/** Each byte by the character that `searchText` gives for it. */
const BYTE_OF: ReadonlyMap<string, number> = new Map(
  Array.from(new TextDecoder('latin1').decode(Uint8Array.from({ length: 256 }, (_, byte) => byte)), (char, byte) => [
    char,
    byte,
  ]),
)

/** A pattern means characters, and what is searched are bytes: it sees both, since the bytes need not be UTF-8. */
function rangesInText(expression: RegExp, window: string): Range[] {
  const bytes = Uint8Array.from(window, (char) => BYTE_OF.get(char) ?? 0)
  const found = rangesOf(expression, window)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(trimmed(bytes))
  } catch {
    return found
  }
  let [position, bytePosition] = [0, leadOf(bytes)]
  for (const match of text.matchAll(expression)) {
    bytePosition += sizeOf(text.slice(position, match.index))
    const end = bytePosition + sizeOf(match[0])
    found.push({ start: bytePosition, end })
    position = match.index + match[0].length
    bytePosition = end
  }
  return found
}

/** The bytes without the pieces of a character at both ends, where a window cuts. */
function trimmed(bytes: Uint8Array): Uint8Array {
  const start = leadOf(bytes)
  let end = bytes.length
  let back = 0
  while (back < 3 && end - back > start && isContinuation(bytes[end - 1 - back])) back += 1
  const lead = bytes[end - 1 - back] ?? 0
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1
  if (length > 1 && back + 1 < length) end -= back + 1
  return bytes.subarray(start, end)
}

function leadOf(bytes: Uint8Array): number {
  let start = 0
  while (start < 3 && isContinuation(bytes[start])) start += 1
  return start
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80
}

function sizeOf(text: string): number {
  return new TextEncoder().encode(text).length
}

function joined(ranges: readonly Range[]): Range[] {
  const result: { start: number; end: number }[] = []
  for (const { start, end } of ranges.toSorted((a, b) => a.start - b.start)) {
    const last = result.at(-1)
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end)
    else if (end > start) result.push({ start, end })
  }
  return result
}
